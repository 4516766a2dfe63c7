"""A forest plot: each study with its weight, the pooled effect as a diamond, and where a new study is expected."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from matplotlib.axes import Axes
from matplotlib.patches import Polygon

from kbstudy import formatting as fmt
from kbstudy.figures.style import INK, MUTED, REGION, house_style

if TYPE_CHECKING:
    from kbstudy.claims import Region
    from kbstudy.evidence import Pooled

__all__ = ["ForestRow", "draw_forest", "forest_height_mm", "plot_forest"]

_DIAMOND: Final = "#0072b2"
#: A prediction interval this many times wider than all else is cut at the edges, with arrows.
_ROOM: Final = 1.25
#: A region that takes less than this share of the width has no room for words.
_NARROW: Final = 0.3


@dataclass(frozen=True, slots=True)
class ForestRow:
    """One study. Without a weight it was not pooled and stands below the diamond."""

    label: str
    estimate: float
    low: float
    high: float
    weight: float = math.nan
    measured: bool = True


def plot_forest(pooled: Pooled, ax: Axes | None = None) -> Axes:
    """Draw the forest plot of a pool in the house style.

    Parameters
    ----------
    pooled
        From :func:`kbstudy.pool`.
    ax
        Where to draw; a new figure if not given.
    """
    import matplotlib.pyplot as plt

    with house_style():
        if ax is None:
            height = forest_height_mm(pooled.k, 0, not math.isnan(pooled.prediction_low))
            _, ax = plt.subplots(figsize=(160 / 25.4, height / 25.4), layout="constrained")
        table = pooled.table().head(pooled.k)
        rows = [ForestRow(r.study, r.estimate, r.low, r.high, r.weight) for r in table.itertuples(index=False)]
        outcome = f"{pooled.outcome[:1].upper()}{pooled.outcome[1:]}"
        label = f"{outcome} ({pooled.unit})" if pooled.unit else outcome
        return draw_forest(pooled, rows, label, ax)


def forest_height_mm(pooled: int, beside: int, has_prediction: bool) -> float:
    """Height of a forest plot with so many rows."""
    return 30.0 + 7.5 * (pooled + beside + 1 + has_prediction)


def draw_forest(
    pooled: Pooled, rows: Sequence[ForestRow], quantity: str, ax: Axes, region: Region | None = None
) -> Axes:
    """Draw studies, the pooled effect and the prediction interval.

    The area of a square is the weight of its study; hollow marks were estimated and not measured. Below the diamond
    stand studies that were not pooled.

    Parameters
    ----------
    pooled
        The pool.
    rows
        The studies, pooled ones with their weight, in the order wanted.
    quantity
        Label of the axis, with its unit.
    ax
        Where to draw.
    region
        The values that would make a claim true: shaded.
    """
    inside = [row for row in rows if not math.isnan(row.weight)]
    beside = [row for row in rows if math.isnan(row.weight)]
    low, high = _limits(pooled, rows, region)
    ax.set_xlim(low, high)
    lines = [(row.label, _study(ax, row, at, pooled)) for at, row in enumerate(inside)]
    lines.append((pooled.row_name, _diamond(ax, pooled, len(lines))))
    if not math.isnan(pooled.prediction_low):
        lines.append(("A new study (prediction)", _prediction(ax, pooled, len(lines), low, high)))
    for row in beside:
        lines.append((f"{row.label}, not pooled", _study(ax, row, len(lines), pooled)))
    ax.set_ylim(len(lines) - 0.4, -1.3)
    _shade(ax, region, low, high)
    ax.axhline(len(inside) - 0.5, color=MUTED, lw=0.5)
    _words(ax, lines, len(inside), f"{fmt.confidence(pooled.level)} interval, weight")
    ax.set_xlabel("\n".join(textwrap.wrap(quantity, 72)), parse_math=False)
    ax.spines[["left"]].set_visible(False)
    return ax


def _limits(pooled: Pooled, rows: Sequence[ForestRow], region: Region | None) -> tuple[float, float]:
    """Room for every interval and the border of the region; for the prediction interval as far as it is not absurd."""
    ends = [end for row in rows for end in (row.low, row.estimate, row.high) if not math.isnan(end)]
    ends += [pooled.low, pooled.high]
    if region is not None:
        ends += [end for end in (region.at_least, region.at_most) if not math.isinf(end)]
    low, high = min(ends), max(ends)
    room = _ROOM * ((high - low) or 1.0)
    new = [end for end in (pooled.prediction_low, pooled.prediction_high) if low - room <= end <= high + room]
    low, high = min([low, *new]), max([high, *new])
    edge = 0.06 * ((high - low) or 1.0)
    return low - edge, high + edge


def _shade(ax: Axes, region: Region | None, low: float, high: float) -> None:
    if region is None:
        return
    left, right = max(low, region.at_least), min(high, region.at_most)
    ax.axvspan(left, right, color=REGION, lw=0, zorder=0)
    for end in (region.at_least, region.at_most):
        if not math.isinf(end):
            ax.axvline(end, color=MUTED, lw=0.9, zorder=0.5)
    x, words, side = left, " claim true here", "left"
    if (right - left) < _NARROW * (high - low):
        x, words, side = left, "claim true here → ", "right"
        if math.isinf(region.at_least):
            x, words, side = right, " ← claim true here", "left"
    ax.text(x, -0.9, words, ha=side, va="center", color=MUTED, fontstyle="italic", fontsize=7)


def _study(ax: Axes, row: ForestRow, at: int, pooled: Pooled) -> str:
    if not math.isnan(row.low):
        ax.plot([row.low, row.high], [at, at], color=INK, lw=1.2, solid_capstyle="butt")
    is_pooled = not math.isnan(row.weight)
    size = max(2.0, 1.3 * math.sqrt(row.weight)) if is_pooled else 5.0
    face = INK if row.measured else "white"
    ax.plot([row.estimate], [at], "s" if is_pooled else "o", ms=size, mec=INK, mfc=face, mew=1.1)
    found = _found(row.estimate, row.low, row.high, pooled.decimals)
    return f"{found}, {fmt.number(row.weight, 0)}%" if is_pooled else found


def _diamond(ax: Axes, pooled: Pooled, at: int) -> str:
    corners = [(pooled.low, at), (pooled.estimate, at - 0.22), (pooled.high, at), (pooled.estimate, at + 0.22)]
    ax.add_patch(Polygon(corners, closed=True, facecolor=_DIAMOND, edgecolor=_DIAMOND, zorder=3))
    ax.plot([pooled.estimate] * 2, [-0.5, at], color=_DIAMOND, lw=0.7, ls=(0, (3, 3)), zorder=1)
    return _found(pooled.estimate, pooled.low, pooled.high, pooled.decimals)


def _prediction(ax: Axes, pooled: Pooled, at: int, low: float, high: float) -> str:
    inset = 0.02 * (high - low)
    left, right = max(low + inset, pooled.prediction_low), min(high - inset, pooled.prediction_high)
    ax.plot([left, right], [at, at], color=_DIAMOND, lw=1.2, solid_capstyle="butt")
    for end, edge, mark in ((pooled.prediction_low, left, "<"), (pooled.prediction_high, right, ">")):
        ax.plot([edge], [at], mark if end != edge else "|", color=_DIAMOND, ms=5, clip_on=False)
    return fmt.interval(pooled.prediction_low, pooled.prediction_high, pooled.decimals)


def _found(estimate: float, low: float, high: float, digits: int) -> str:
    span = "no interval" if math.isnan(low) else fmt.interval(low, high, digits)
    return f"{fmt.number(estimate, digits)} ({span})"


def _words(ax: Axes, lines: Sequence[tuple[str, str]], bold: int, head: str) -> None:
    """What each row is, on the left, and its numbers, on the right."""
    beside = ax.secondary_yaxis("right")
    ax.set_yticks(range(len(lines)), [label for label, _ in lines], parse_math=False)
    beside.set_yticks([-0.9, *range(len(lines))], [head, *(found for _, found in lines)], parse_math=False)
    for axis, at in ((ax, bold), (beside, bold + 1)):
        axis.tick_params(axis="y", length=0)
        axis.get_yticklabels()[at].set_fontweight("bold")
    beside.get_yticklabels()[0].set_color(MUTED)
    beside.spines[["right"]].set_visible(False)
