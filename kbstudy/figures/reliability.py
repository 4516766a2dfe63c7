"""Bland and Altman's plot: differences against means, with the limits of agreement and their intervals."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kbstudy import formatting as fmt
from kbstudy.errors import PlanError, Problem
from kbstudy.figures.style import ARM_COLOURS, INK, MUTED, REGION, house_style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from kbstudy.models import Reliability

__all__ = ["plot_bland_altman"]


def plot_bland_altman(found: Reliability, contrast: str | None = None, ax: Axes | None = None) -> Axes:
    """Differences between two trials against their mean, one point a person.

    Parameters
    ----------
    found
        From :func:`kbstudy.reliability`.
    contrast
        Which two trials, such as ``"2 - 1"``; the first two if not said.
    ax
        Where to draw; a new figure if not given.

    Returns
    -------
    matplotlib.axes.Axes
        Lines: the mean difference and the 95 % limits of agreement; shaded: their confidence intervals.

    Raises
    ------
    PlanError
        If there is no such pair.
    """
    import matplotlib.pyplot as plt

    assert found.points is not None, "a result of kbstudy.reliability has its points"
    known = list(dict.fromkeys(found.points["contrast"]))
    chosen = contrast or (known[0] if known else "")
    if chosen not in known:
        do = f"There are: {', '.join(known)}." if known else "No two successive trials share two people."
        raise PlanError(Problem(f'contrast="{chosen}" is not a pair of successive trials', do=do))
    points = found.points[found.points["contrast"] == chosen]
    with house_style():
        if ax is None:
            _, ax = plt.subplots(figsize=(5.6, 3.6), layout="constrained")
        ax.axhline(0, color=MUTED, lw=0.8, ls=(0, (4, 3)))
        for term, colour in (("bias", INK), ("limit_low", ARM_COLOURS[1]), ("limit_high", ARM_COLOURS[1])):
            _line(ax, found, term, chosen, colour)
        ax.plot(points["mean"], points["difference"], "o", ms=4, color=INK, alpha=0.55, mec="none")
        earlier, later = points[["earlier", "later"]].iloc[0]
        ax.set_xlabel(f"{found.outcome}: mean of {earlier} and {later}", parse_math=False)
        ax.set_ylabel(f"{later} − {earlier}", parse_math=False)
        ax.set_title(f"{found.outcome}: agreement of two trials, n = {len(points)}", parse_math=False)
    return ax


def _line(ax: Axes, found: Reliability, term: str, contrast: str, colour: str) -> None:
    row = found.row(term, contrast)
    ax.axhspan(row["low"], row["high"], color=REGION if term != "bias" else "#e5e7eb", lw=0, zorder=0)
    ax.axhline(row["estimate"], color=colour, lw=1.2)
    digits = found.decimals
    words = {"bias": "mean", "limit_low": "lower limit", "limit_high": "upper limit"}[term]
    text = f"{words} {fmt.number(row['estimate'], digits)}"
    ax.annotate(text, (1.0, row["estimate"]), xycoords=("axes fraction", "data"), xytext=(4, 0),
                textcoords="offset points", va="center", fontsize=7, color=colour, annotation_clip=False)  # fmt: skip
