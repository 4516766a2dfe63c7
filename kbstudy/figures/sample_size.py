"""Share of made-up trials that reach the goal, against the number of people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kbstudy import formatting as fmt
from kbstudy.figures.style import ARM_COLOURS, INK, MUTED, house_style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from kbstudy.simulate.sizing import SampleSize

__all__ = ["plot_sample_size"]


def plot_sample_size(found: SampleSize) -> Figure:
    """Every size that was tried, with the interval that the replicates leave, and the size that was found.

    Parameters
    ----------
    found
        From :func:`kbstudy.sample_size`.
    """
    import matplotlib.pyplot as plt

    curve = found.curve
    with house_style():
        figure, ax = plt.subplots(figsize=(4.6, 2.8), layout="constrained")
        ax.vlines(curve["n"], curve["low"], curve["high"], color=ARM_COLOURS[1], lw=1.2)
        ax.plot(curve["n"], curve["share"], "o", ms=4, color=ARM_COLOURS[1])
        ax.axhline(found.probability, color=MUTED, lw=0.8, ls=(0, (4, 3)))
        ax.axvspan(found.n_low, found.n_high, color=MUTED, alpha=0.2, lw=0)
        ax.axvline(found.n_per_arm, color=INK, lw=1.0)
        each = " per arm" if found.groups == 2 else ""
        ax.annotate(
            f"{found.n_per_arm}{each}", (found.n_per_arm, 0.0), (4, 4), textcoords="offset points", fontweight="bold"
        )
        ax.annotate(
            f"{fmt.number(100 * found.probability, 0)}%", (1.0, found.probability), (-2, 3),
            xycoords=("axes fraction", "data"), textcoords="offset points", ha="right", color=MUTED, fontsize=7,
        )  # fmt: skip
        ax.set_ylim(0, 1.02)
        ax.set_xlim(left=0)
        ax.set_xlabel(f"People{each} (SIMULATED trials)")
        ax.set_ylabel("Share of trials that reach the goal")
    return figure
