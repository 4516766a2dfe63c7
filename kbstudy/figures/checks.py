"""What a mixed model's checks look like."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kbstudy import formatting as fmt
from kbstudy.figures.style import ARM_COLOURS, INK, MUTED, house_style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from kbstudy.models.mixed.checks import Checks

__all__ = ["draw_checks", "plot_checks"]

_POINT: Any = {"color": ARM_COLOURS[1], "s": 9, "alpha": 0.6, "linewidths": 0}
_MOST_NAMED = 3


def plot_checks(checks: Checks) -> Figure:
    """Four panels: residuals against fitted values, normal quantiles, spread by visit, influence.

    Parameters
    ----------
    checks
        From :meth:`kbstudy.MixedFit.check`.

    Returns
    -------
    matplotlib.figure.Figure
    """
    import matplotlib.pyplot as plt

    with house_style():
        figure = plt.figure(figsize=(6.7, 5.0), layout="constrained")
        draw_checks(checks, figure)
    return figure


def draw_checks(checks: Checks, figure: Any) -> None:
    """The four panels of :func:`plot_checks` in an empty figure."""
    axes = figure.subplots(2, 2)
    _fitted(axes[0, 0], checks)
    _normal(axes[0, 1], checks)
    _spread(axes[1, 0], checks)
    _influence(axes[1, 1], checks)


def _fitted(ax: Axes, checks: Checks) -> None:
    ax.scatter(checks.residuals["fitted"], checks.residuals["scaled"], **_POINT)
    ax.axhline(0, color=MUTED, lw=0.8, ls=(0, (4, 3)))
    ax.set(title="Residuals", xlabel="Fitted value", ylabel="Scaled residual (model SDs)")


def _normal(ax: Axes, checks: Checks) -> None:
    ax.scatter(checks.quantiles["expected"], checks.quantiles["scaled"], **_POINT)
    ax.axline((0, 0), slope=1, color=MUTED, lw=0.8, ls=(0, (4, 3)))
    ax.set(title="Normal quantiles", xlabel="Expected if normal", ylabel="Scaled residual (model SDs)")


def _spread(ax: Axes, checks: Checks) -> None:
    table, at = checks.variance_by_visit, range(len(checks.variance_by_visit))
    ax.plot(at, table["sd_of_residuals"], "o", color=ARM_COLOURS[1], ms=5)
    ax.plot(at, table["sd_of_model"], "_", color=INK, ms=16, mew=1.6)
    first = {"observed": table["sd_of_residuals"].iloc[0], "model": table["sd_of_model"].iloc[0]}
    for name, offset in zip(sorted(first, key=lambda label: first[label]), (-9, 5), strict=True):
        ax.annotate(name, (0, first[name]), (11, offset), textcoords="offset points", fontsize=7)
    labels = [
        f"{visit}\nn = {n}" if visit else f"all\nn = {n}" for visit, n in zip(table["visit"], table["n"], strict=True)
    ]
    ax.set_xticks(list(at), labels, parse_math=False)
    ax.set_xlim(-0.6, len(table) - 0.4)
    ax.set_ylim(bottom=0)
    ax.set(title="Spread", ylabel="SD of residuals")


def _influence(ax: Axes, checks: Checks) -> None:
    cook = checks.influence["cook"]
    ax.vlines(range(len(cook)), 0, cook, color=ARM_COLOURS[1], lw=1.0)
    for position in cook.sort_values(ascending=False).index[:_MOST_NAMED]:
        name = str(checks.influence["participant"].loc[position])
        ax.annotate(name, (position, cook[position]), (2, 2), textcoords="offset points", fontsize=7, parse_math=False)
    ax.set_ylim(bottom=0)
    ax.set_xticks([])
    people = fmt.count(len(cook), "participant")
    ax.set(title="Influence", xlabel=f"{people}, each left out in turn", ylabel="Cook's distance")
