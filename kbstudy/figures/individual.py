"""Each person as a line: changes against thresholds, shares of sessions attended, change against dose."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from kbstudy import formatting as fmt
from kbstudy.figures.style import ARM_COLOURS, INK, MUTED, REGION, house_style

if TYPE_CHECKING:
    from kbstudy.estimates import Estimates

__all__ = ["plot_adherence", "plot_dose_response", "plot_individual_changes"]

_CAUTION: Final = "A change is response, error and daily variation together: not one person's response."
_NOT_RANDOMISED: Final = "Exploratory: the dose was not randomised. The line does not show the effect of a dose."
_THRESHOLDS: Final = {"mdc95": "MDC95", "mic": "MIC"}


def plot_individual_changes(estimates: Estimates, ax: Axes | None = None) -> Axes:
    """The waterfall: every person's change, sorted within the arms, against MDC95 and MIC.

    Parameters
    ----------
    estimates
        From :func:`kbstudy.individual_response`, with ``points``.
    ax
        Where to draw; a new figure if not given.

    Returns
    -------
    matplotlib.axes.Axes
        One lollipop a person, arms side by side, the reference first.
    """
    points = _points(estimates)
    arms = [name for name in dict.fromkeys(estimates.frame["arm"].dropna()) if name in set(points["arm"])]
    with house_style():
        ax = _axes(ax, (6.4, 3.9))
        middles, start = [], 0
        for index, arm in enumerate(arms):
            mine = points.loc[points["arm"] == arm, "change"].sort_values(ascending=estimates.better != "lower")
            x = np.arange(start, start + len(mine))
            colour = ARM_COLOURS[index % len(ARM_COLOURS)]
            ax.vlines(x, 0, mine, color=colour, lw=1.4, zorder=2)
            ax.plot(x, mine, "o", ms=4, color=colour, mec="white", mew=0.5, zorder=3)
            middles.append((float(x.mean()), _heading(arm, len(mine)), colour))
            start += len(mine) + 2
        ax.set_xlim(-1.2, start - 0.8)
        ax.axhline(0, color=INK, lw=0.8, zorder=1)
        _thresholds(ax, points)
        _headings(ax, middles)
        ax.set_xticks([])
        ax.spines[["bottom"]].set_visible(False)
        better = f"; {estimates.better} is better" if estimates.better else ""
        ax.set_ylabel(
            "\n".join(textwrap.wrap(_with_unit(estimates.outcome, estimates.unit) + better, 44)), parse_math=False
        )
        ax.set_xlabel("\n".join(["People, sorted by their change within each arm", *textwrap.wrap(_CAUTION, 84)]))
        lines = max(words.count("\n") + 1 for _, words, _ in middles)
        ax.set_title(_title(estimates), pad=4 + 10.5 * lines, parse_math=False)
    return ax


def _thresholds(ax: Axes, points: pd.DataFrame) -> None:
    """Both directions of each threshold; MDC95 as a band in which a change cannot be told from error."""
    if "mdc95" in points:
        size = float(points["mdc95"].iloc[0])
        ax.axhspan(-size, size, color=REGION, zorder=0)
    sides = [
        (sign * float(points[name].iloc[0]), words)
        for name, words in _THRESHOLDS.items()
        if name in points
        for sign in (-1, 1)
    ]
    low, high = ax.get_ylim()
    furthest = max((abs(value) for value, _ in sides), default=0.0)
    ax.set_ylim(min(low, -1.1 * furthest), max(high, 1.1 * furthest))
    low, high = ax.get_ylim()
    placed = _apart(sorted(sides), 0.05 * (high - low))
    for (value, words), y in zip(sorted(sides), placed, strict=True):
        ax.axhline(value, color=MUTED, lw=0.8, ls=(0, (4, 3)), zorder=1)
        text = f"{words} {fmt.plain(value)}"
        ax.annotate(text, (1.01, y), xycoords=ax.get_yaxis_transform(), va="center", color=MUTED, annotation_clip=False)


def _apart(sides: list[tuple[float, str]], gap: float) -> list[float]:
    """Heights for the names of thresholds, at least ``gap`` apart."""
    heights = [value for value, _ in sides]
    for _ in range(20):
        for i in range(1, len(heights)):
            short = gap - (heights[i] - heights[i - 1])
            if short > 0:
                heights[i - 1] -= short / 2
                heights[i] += short / 2
    return heights


def plot_adherence(estimates: Estimates, ax: Axes | None = None) -> Axes:
    """Each person's share of the planned sessions, by arm, with median and quartiles and the threshold.

    Parameters
    ----------
    estimates
        From :func:`kbstudy.adherence`, with ``points``.
    ax
        Where to draw; a new figure if not given.

    Returns
    -------
    matplotlib.axes.Axes
    """
    points, frame = _points(estimates), estimates.frame
    arms = list(dict.fromkeys(points["arm"]))
    order = [name for name in dict.fromkeys(frame["arm"].fillna("")) if name in arms]
    with house_style():
        ax = _axes(ax, (5.6, 1.3 + 0.75 * len(order)))
        for index, arm in enumerate(order):
            mine = points[points["arm"] == arm]
            heights = index - _stacked(mine["share"].to_numpy())
            ax.plot(100 * mine["share"], heights, "o", ms=4, color=ARM_COLOURS[1], alpha=0.7, mec="none", zorder=3)
            mine_rows = frame[frame["arm"].fillna("") == arm].set_index("term")["estimate"]
            quartiles = [100 * float(mine_rows[f"share_attended_{q}"]) for q in ("first_quartile", "third_quartile")]
            ax.plot(quartiles, [index + 0.18] * 2, color=INK, lw=2.2, solid_capstyle="butt", zorder=4)
            ax.plot([100 * float(mine_rows["share_attended_median"])], [index + 0.18], "|", ms=9, color=INK, mew=2)
        threshold = 100 * float(points["threshold"].iloc[0])
        ax.axvline(threshold, color=MUTED, lw=0.8, ls=(0, (4, 3)), zorder=1)
        ax.annotate(
            f"threshold {fmt.plain(threshold)}%",
            (threshold, 1.0),
            (0, 1),
            xycoords=ax.get_xaxis_transform(),
            textcoords="offset points",
            ha="center" if 15 < threshold < 85 else "right" if threshold > 50 else "left",
            va="bottom",
            color=MUTED,
        )
        names = [_below(frame, arm, int((points["arm"] == arm).sum())) for arm in order]
        ax.set_yticks(range(len(order)), names, parse_math=False)
        ax.set_ylim(len(order) - 0.5, -0.75)
        ax.set_xlim(-3, 103)
        ax.set_xlabel("Sessions attended, % of those planned\n(a dot a person; bar: quartiles, line: median)")
        ax.set_title(_title(estimates), pad=14, parse_math=False)
    return ax


def _stacked(shares: Any) -> Any:
    """Heights that keep equal shares apart."""
    seen: dict[float, int] = {}
    heights = []
    for share in np.round(shares, 2):
        heights.append(0.09 * seen.get(share, 0))
        seen[share] = seen.get(share, 0) + 1
    room = max(heights, default=0.0)
    return np.array(heights) * min(1.0, 0.5 / room if room else 1.0)


def _below(frame: pd.DataFrame, arm: str, n: int) -> str:
    row = frame[(frame["arm"].fillna("") == arm) & (frame["term"] == "share_below_threshold")].iloc[0]
    head = textwrap.wrap(arm, 22, max_lines=2, placeholder=" …") if arm else []
    return "\n".join([*head, f"n = {n}, {round(row['estimate'] * n):.0f} below"])


def plot_dose_response(estimates: Estimates, ax: Axes | None = None) -> Axes:
    """Each person's change against the dose, with the least-squares line; it says that the dose was not randomised.

    Parameters
    ----------
    estimates
        From :func:`kbstudy.dose_response`, with ``points``.
    ax
        Where to draw; a new figure if not given.

    Returns
    -------
    matplotlib.axes.Axes
    """
    points, row = _points(estimates), estimates.row("slope")
    with house_style():
        ax = _axes(ax, (5.6, 3.8))
        ax.axhline(0, color=MUTED, lw=0.8, ls=(0, (4, 3)), zorder=1)
        ax.plot(points["dose"], points["change"], "o", ms=4.5, color=ARM_COLOURS[1], alpha=0.65, mec="none", zorder=3)
        ends = np.array([points["dose"].min(), points["dose"].max()])
        line = points["change"].mean() + row["estimate"] * (ends - points["dose"].mean())
        ax.plot(ends, line, color=INK, lw=1.4, zorder=2)
        digits = estimates.decimals
        limits = fmt.interval(row["low"], row["high"], digits)
        slope = f"{fmt.number(row['estimate'], digits)} {estimates.unit_of(row)}"
        told = f"slope {slope} ({fmt.confidence(estimates.level)} CI {limits}), n = {len(points)}"
        ax.set_xlabel("\n".join([f"Dose (unit: {estimates.units['slope'].removeprefix('per ')})", _NOT_RANDOMISED]))
        ax.set_ylabel(_with_unit(estimates.outcome.partition("; ")[2].capitalize(), estimates.unit), parse_math=False)
        ax.set_title("\n".join([_title(estimates), told]), parse_math=False)
    return ax


# ---- shared ------------------------------------------------------------------------------------------------------


def _points(estimates: Estimates) -> pd.DataFrame:
    assert estimates.points is not None, "a figure of people needs their values"
    return estimates.points


def _axes(ax: Axes | None, size: tuple[float, float]) -> Axes:
    import matplotlib.pyplot as plt

    return plt.subplots(figsize=size, layout="constrained")[1] if ax is None else ax


def _heading(arm: str, n: int) -> str:
    return "\n".join([*textwrap.wrap(arm, 26, max_lines=2, placeholder=" …"), f"n = {n}"])


def _headings(ax: Axes, middles: list[tuple[float, str, str]]) -> None:
    """The arms by name above their people, in their own colour."""
    for x, words, colour in middles:
        ax.annotate(
            words,
            (x, 1.0),
            (0, 2),
            xycoords=ax.get_xaxis_transform(),
            textcoords="offset points",
            ha="center",
            va="bottom",
            color=colour,
            fontweight="bold",
            annotation_clip=False,
            parse_math=False,
        )


def _title(estimates: Estimates) -> str:
    stamp = f"{estimates.stamp}: " if estimates.stamp else ""
    return "\n".join(textwrap.wrap(stamp + estimates.title, 58))


def _with_unit(text: str, unit: str) -> str:
    return f"{text} ({unit})" if unit else text
