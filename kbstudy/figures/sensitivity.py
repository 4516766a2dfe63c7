"""One question, several analyses: their intervals one under the other."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

from kbstudy import formatting as fmt
from kbstudy.figures.style import INK, MUTED

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from kbstudy.estimates import Estimates

__all__ = ["draw_sensitivity"]


def draw_sensitivity(frame: pd.DataFrame, primary: Estimates, ax: Axes) -> Axes:
    """A row an analysis, the primary one first and in bold, its numbers at the right, the line of no difference.

    Parameters
    ----------
    frame
        Columns ``title, n, estimate, low, high, is_primary``.
    primary
        For the unit, the digits and the level.
    ax
        Where to draw.
    """
    rows = frame.to_dict("records")
    for place, row in enumerate(rows):
        colour, width = (INK, 2.4) if row["is_primary"] else (MUTED, 1.6)
        ax.plot([row["low"], row["high"]], [place, place], color=colour, lw=width, solid_capstyle="butt")
        ax.plot([row["estimate"]], [place], "o", ms=6 if row["is_primary"] else 4.5, color=colour)
        digits = primary.decimals
        words = f"{fmt.number(row['estimate'], digits)} ({fmt.interval(row['low'], row['high'], digits)})"
        weight = "bold" if row["is_primary"] else "normal"
        style: dict[str, Any] = {"fontweight": weight, "fontsize": 7.5, "va": "center"}
        ax.annotate(
            words, (1.0, place), (4, 0), xycoords=("axes fraction", "data"), textcoords="offset points", **style
        )
    labels = ["\n".join(textwrap.wrap(f"{row['title']} (n = {fmt.number(row['n'], 0)})", 46)) for row in rows]
    ax.set_yticks(range(len(rows)), labels, parse_math=False, fontsize=7.5)
    ax.get_yticklabels()[0].set_fontweight("bold")
    ax.set_ylim(len(rows) - 0.4, -0.6)
    ax.axvline(0, color=MUTED, lw=0.8, ls=(0, (4, 3)))
    unit = f" ({primary.unit})" if primary.unit else ""
    ax.set_xlabel(f"Difference{unit}, {fmt.confidence(primary.level)} CI", parse_math=False)
    ax.tick_params(axis="y", length=0)
    ax.spines[["left"]].set_visible(False)
    return ax
