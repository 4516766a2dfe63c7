"""A claim as a picture: the values that would make it true, and the intervals that were found."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from matplotlib.axes import Axes

from kbstudy.figures.style import INK, MUTED, REGION

if TYPE_CHECKING:
    from kbstudy.claims import Region

__all__ = ["ClaimRow", "draw_claim"]


@dataclass(frozen=True, slots=True)
class ClaimRow:
    """One line of the picture: a label and an interval; no interval for a number without a spread."""

    label: str
    estimate: float
    low: float
    high: float
    measured: bool = True
    judged_on: bool = False


def draw_claim(rows: Sequence[ClaimRow], region: Region, quantity: str, ax: Axes) -> Axes:
    """Draw intervals against the region in which the claim is true.

    Filled points were measured, hollow ones estimated; the row that the verdict rests on is drawn in bold.

    Parameters
    ----------
    rows
        Top to bottom.
    region
        Shaded.
    quantity
        Label of the axis, with its unit.
    ax
        Where to draw.
    """
    for position, row in enumerate(rows):
        width = 2.4 if row.judged_on else 1.3
        if not math.isnan(row.low):
            ax.plot([row.low, row.high], [position, position], color=INK, lw=width, solid_capstyle="butt")
        ax.plot([row.estimate], [position], "o", ms=5.5, mec=INK, mfc=INK if row.measured else "white", mew=1.2)
    ax.set_yticks(range(len(rows)), [row.label for row in rows], parse_math=False)
    for tick, row in zip(ax.get_yticklabels(), rows, strict=True):
        tick.set_fontweight("bold" if row.judged_on else "normal")
    ax.set_ylim(len(rows) - 0.4, -1.0)
    low, high = _limits(rows, region)
    ax.set_xlim(low, high)
    ax.axvspan(max(low, region.at_least), min(high, region.at_most), color=REGION, lw=0, zorder=0)
    for end in (region.at_least, region.at_most):
        if not math.isinf(end):
            ax.axvline(end, color=MUTED, lw=0.9)
    _name_region(ax, region, low, high)
    ax.set_xlabel("\n".join(textwrap.wrap(quantity, 72)), parse_math=False)
    ax.tick_params(axis="y", length=0)
    ax.spines[["left"]].set_visible(False)
    return ax


def _limits(rows: Sequence[ClaimRow], region: Region) -> tuple[float, float]:
    """Room for every interval and for a piece of the region."""
    ends = [row.estimate for row in rows]
    ends += [end for row in rows for end in (row.low, row.high) if not math.isnan(end)]
    ends += [end for end in (region.at_least, region.at_most) if not math.isinf(end)]
    low, high = min(ends), max(ends)
    room = 0.14 * ((high - low) or 1.0)
    return low - room, high + room


def _name_region(ax: Axes, region: Region, low: float, high: float) -> None:
    """Inside the region if it has room, else beside its border with an arrow into it."""
    left, right = max(low, region.at_least), min(high, region.at_most)
    words, x, side = " claim true here ", left, "left"
    if (right - left) < 0.3 * (high - low):
        words, x, side = " claim true here → ", left, "right"
        if math.isinf(region.at_least):
            words, x, side = " ← claim true here ", right, "left"
    ax.text(x, -0.75, words, ha=side, va="center", color=MUTED, fontstyle="italic")
