"""Adverse events: for each kind the people affected in each arm, and the difference with its interval."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

import pandas as pd
from matplotlib.axes import Axes

from kbstudy import formatting as fmt
from kbstudy.figures.style import ARM_COLOURS, INK, MUTED, house_style

if TYPE_CHECKING:
    from kbstudy.estimates import Estimates

__all__ = ["plot_harms"]


def plot_harms(estimates: Estimates, ax: Axes | None = None) -> Axes:
    """Risk differences of each kind of event with their intervals; beside each row the people affected in each arm.

    Parameters
    ----------
    estimates
        From :func:`kbstudy.harms`.
    ax
        Where to draw; a new figure if not given.

    Returns
    -------
    matplotlib.axes.Axes
        In percentage points; to the right of zero more people were affected with the treatment.
    """
    import matplotlib.pyplot as plt

    frame = estimates.frame
    rows = frame[frame["term"].str.startswith("risk_difference: ")]
    pairs = list(dict.fromkeys(rows["contrast"]))
    kinds = list(dict.fromkeys(rows["term"].str.partition(": ")[2]))
    with house_style():
        if ax is None:
            height = 1.5 + len(kinds) * (0.26 + 0.2 * len(pairs))
            _, ax = plt.subplots(figsize=(6.4, height), layout="constrained")
        for position, kind in enumerate(kinds):
            for index, pair in enumerate(pairs):
                row = rows[(rows["term"] == f"risk_difference: {kind}") & (rows["contrast"] == pair)].iloc[0]
                colour = INK if len(pairs) == 1 else ARM_COLOURS[(index + 1) % len(ARM_COLOURS)]
                _interval(ax, row, position + 0.22 * (index - (len(pairs) - 1) / 2), colour)
        ax.axvline(0, color=MUTED, lw=0.8, ls=(0, (4, 3)), zorder=1)
        names = ["\n".join(textwrap.wrap(kind, 26, max_lines=2, placeholder=" …")) for kind in kinds]
        ax.set_yticks(range(len(kinds)), names, parse_math=False)
        ax.set_ylim(len(kinds) - 0.5, -0.6)
        _counts(ax, frame, kinds)
        furthest = 1.06 * max(100 * rows[["low", "high"]].abs().to_numpy().max(), 1.0)
        ax.set_xlim(-furthest, furthest)  # zero in the middle, between the two directions named below
        ax.set_xlabel(
            "\n".join(["← fewer people affected      more people affected →", *_label(estimates, pairs)]),
            parse_math=False,
        )
        stamp = f"{estimates.stamp}: " if estimates.stamp else ""
        ax.set_title(stamp + estimates.title, pad=20, parse_math=False)
    return ax


def _interval(ax: Axes, row: pd.Series, y: float, colour: str) -> None:
    ax.plot([100 * row["low"], 100 * row["high"]], [y, y], color=colour, lw=1.8, solid_capstyle="butt", zorder=3)
    ax.plot([100 * row["estimate"]], [y], "o", color=colour, ms=5, mec="white", mew=0.8, zorder=4)


def _label(estimates: Estimates, pairs: list[str]) -> list[str]:
    head = f"Difference in people affected, percentage points, {fmt.confidence(estimates.level)} CI"
    return [head, *(line for pair in pairs for line in textwrap.wrap(pair.replace(" - ", " − "), 62))]


def _counts(ax: Axes, frame: pd.DataFrame, kinds: list[str]) -> None:
    """People affected in each arm, in columns at the right: the numbers that the differences are made of."""
    arms = list(dict.fromkeys(frame["arm"].dropna()))
    place: dict[str, Any] = {
        "annotation_clip": False,
        "parse_math": False,
        "ha": "center",
        "textcoords": "offset points",
    }
    for index, arm in enumerate(arms):
        x, colour = 34 + 58 * index, ARM_COLOURS[index % len(ARM_COLOURS)]
        name = "\n".join(textwrap.wrap(arm, 11, max_lines=3, placeholder=" …"))
        ax.annotate(
            name, (1, 1), (x, 2), xycoords="axes fraction", va="bottom", color=colour, fontweight="bold", **place
        )
        for position, kind in enumerate(kinds):
            row = frame[(frame["term"] == f"share_with_event: {kind}") & (frame["arm"] == arm)].iloc[0]
            text = f"{round(row['estimate'] * row['n']):.0f}/{row['n']}"
            ax.annotate(text, (1, position), (x, 0), xycoords=ax.get_yaxis_transform(), va="center", **place)
