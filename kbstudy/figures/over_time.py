"""Adjusted means over time: one line an arm, with intervals and the number of people at each visit."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from kbstudy import formatting as fmt
from kbstudy.figures.style import ARM_COLOURS, INK

if TYPE_CHECKING:
    from kbstudy.estimates import Estimates

__all__ = ["draw_means_over_time"]

_APART: Final = 0.06  # how far arms stand beside each other, in visits
_LINE_POINTS: Final = 10.5  # height of a line of numbers under the axis


def draw_means_over_time(estimates: Estimates, figure: Any) -> Axes:
    """The adjusted means of each arm at each visit with their intervals.

    Arms are named beside their last point, in their own colour; under the axis stands how many people of each arm have
    an analysed value at the visit.

    Parameters
    ----------
    estimates
        An analysis with rows ``adjusted_mean`` for each arm and visit, in the order of the visits.
    figure
        An empty figure; it gets one panel.

    Returns
    -------
    matplotlib.axes.Axes
    """
    means = estimates.frame[estimates.frame["term"] == "adjusted_mean"]
    visits, arms = list(dict.fromkeys(means["visit"])), list(dict.fromkeys(means["arm"]))
    ax: Axes = figure.subplots()
    for index, arm in enumerate(arms):
        mine = means[means["arm"] == arm].set_index("visit").reindex(visits)
        shift = _APART * (index - (len(arms) - 1) / 2)
        _line(ax, mine, np.arange(len(visits)) + shift, ARM_COLOURS[index % len(ARM_COLOURS)])
    ax.set_xticks(range(len(visits)), ["\n".join(textwrap.wrap(visit, 16)) for visit in visits], parse_math=False)
    ax.set_xlim(-0.35, len(visits) - 0.65)
    _name_arms(ax, means[means["visit"] == visits[-1]], arms, len(visits) - 1)
    lines = max(len(textwrap.wrap(visit, 16)) for visit in visits)
    _people(ax, means, visits, arms, lines)
    unit = f" ({estimates.unit})" if estimates.unit else ""
    label = [*textwrap.wrap(f"{estimates.outcome}{unit}", 40), f"adjusted mean, {fmt.confidence(estimates.level)} CI"]
    ax.set_ylabel("\n".join(label), parse_math=False)
    return ax


def _line(ax: Axes, means: pd.DataFrame, x: Any, colour: str) -> None:
    """An arm: a line through its means, a bar for each interval."""
    ax.plot(x, means["estimate"], color=colour, lw=1.2, zorder=2)
    ax.vlines(x, means["low"], means["high"], color=colour, lw=1.8, zorder=3)
    ax.plot(x, means["estimate"], "o", color=colour, ms=5, mec="white", mew=0.8, zorder=4)


def _name_arms(ax: Axes, last: pd.DataFrame, arms: list[str], x: float) -> None:
    """Each arm's name at the height of its last mean, moved apart where two would overlap."""
    heights = last.set_index("arm")["estimate"].reindex(arms).dropna().sort_values()
    low, high = ax.get_ylim()
    placed = _apart(heights.tolist(), 0.075 * (high - low))
    for arm, y in zip(heights.index, placed, strict=True):
        colour = ARM_COLOURS[arms.index(arm) % len(ARM_COLOURS)]
        name = textwrap.shorten(arm, 28, placeholder=" …")
        at = (x + _APART * len(arms) / 2 + 0.02, y)
        ax.annotate(name, at, color=colour, va="center", fontweight="bold", annotation_clip=False, parse_math=False)


def _apart(heights: list[float], gap: float) -> list[float]:
    """Rising heights, moved as little as possible so that neighbours are at least ``gap`` apart.

    Examples
    --------
    >>> _apart([1.0, 1.0, 5.0], 2.0)
    [0.0, 2.0, 5.0]
    """
    placed = list(heights)
    for _ in range(20):
        for i in range(1, len(placed)):
            short = gap - (placed[i] - placed[i - 1])
            if short > 0:
                placed[i - 1] -= short / 2
                placed[i] += short / 2
    return placed


def _people(ax: Axes, means: pd.DataFrame, visits: list[str], arms: list[str], lines: int) -> None:
    """Under the axis: a line of numbers for each arm."""
    for index, arm in enumerate(arms):
        colour = ARM_COLOURS[index % len(ARM_COLOURS)]
        below = -(8 + _LINE_POINTS * (lines + index + 0.6))
        style: dict[str, Any] = {"textcoords": "offset points", "va": "top", "annotation_clip": False}
        name = textwrap.shorten(f"n, {arm}", 24, placeholder=" …")
        ax.annotate(
            name, (0, 0), (-6, below), xycoords="axes fraction", ha="right", color=colour, parse_math=False, **style
        )
        mine = means[means["arm"] == arm].set_index("visit")["n"]
        for position, visit in enumerate(visits):
            text = fmt.number(float(mine.get(visit, 0)), 0)
            at = (position, 0.0)
            ax.annotate(text, at, (0, below), xycoords=ax.get_xaxis_transform(), ha="center", color=INK, **style)
