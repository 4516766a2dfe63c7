"""Estimation figures: every person, the means, and the difference with its interval."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

import pandas as pd
from matplotlib.axes import Axes

from kbstudy import formatting as fmt
from kbstudy.estimates import where_nothing_differs
from kbstudy.figures.style import ARM_COLOURS, INK, MUTED, STAMP_COLOUR, house_style

if TYPE_CHECKING:
    from kbstudy.estimates import Estimates

__all__ = ["draw_estimation", "plot_estimates", "plot_estimation"]


def plot_estimates(estimates: Estimates, ax: Axes | None = None) -> Axes:
    """The rows that answer the question, with their intervals and the line of no difference (or, under a mean, people).

    Parameters
    ----------
    estimates
        Any analysis' result.
    ax
        Where to draw; a new figure if not given.

    Returns
    -------
    matplotlib.axes.Axes
    """
    import matplotlib.pyplot as plt

    terms = estimates.drawn or (estimates.primary,)
    rows = estimates.frame[estimates.frame["term"].isin(terms)]
    with house_style():
        if ax is None:
            _, ax = plt.subplots(figsize=(5.5, 1.0 + 0.45 * len(rows)), layout="constrained")
        for position, (_, row) in enumerate(rows.iterrows()):
            _interval(ax, row, position, INK, horizontal=True)
        labels = ["\n".join(textwrap.wrap(estimates.label(row), 36)) for _, row in rows.iterrows()]
        ax.set_yticks(range(len(rows)), labels, parse_math=False)
        ax.set_ylim(len(rows) - 0.5, -0.5)
        if estimates.primary != "mean":
            ax.axvline(where_nothing_differs(estimates.primary), color=MUTED, lw=0.8, ls=(0, (4, 3)))
        elif estimates.points is not None:
            values = estimates.points["value"]
            ax.plot(values, [0.25] * len(values), "o", ms=4, color=MUTED, alpha=0.5, mec="none")
        ax.set_xlabel(_with_unit("Estimate", estimates.unit) + f", {fmt.confidence(estimates.level)} CI")
        stamp = f"{estimates.stamp}: " if estimates.stamp else ""
        ax.set_title("\n".join(textwrap.wrap(stamp + estimates.title, 44)), parse_math=False)
    return ax


def plot_estimation(estimates: Estimates, means: pd.DataFrame, visits: tuple[str, str]) -> Any:
    """A new figure with :func:`draw_estimation`, stamped where the data are made up.

    Parameters
    ----------
    estimates, means, visits
        As there; for a planned analysis ``results.estimates[name]``, ``results.means[name]`` and its two visits.
    """
    import matplotlib.pyplot as plt

    with house_style():
        figure = plt.figure(figsize=(6.3, 3.1), layout="constrained")
        draw_estimation(estimates, means, visits, figure)
        if estimates.stamp:
            figure.suptitle(estimates.stamp, x=0.99, ha="right", fontsize=7, fontweight="bold", color=STAMP_COLOUR)
    return figure


def draw_estimation(estimates: Estimates, means: pd.DataFrame, visits: tuple[str, str], figure: Any) -> None:
    """Each person's baseline and follow-up by arm with the means, and beside it the difference between arms.

    Parameters
    ----------
    estimates
        An analysis with ``points`` (columns ``participant, arm, baseline, followup``).
    means
        Description of the outcome by arm at the two visits: columns ``arm, visit, mean, low, high``.
    visits
        Baseline and follow-up.
    figure
        An empty figure; it gets one panel an arm and, where arms are compared, one for the differences.
    """
    assert estimates.points is not None, "an estimation figure shows every person"
    arms = list(dict.fromkeys(means["arm"]))
    width = 56 // (len(arms) + 1)  # letters that a panel's title has room for
    answers = estimates.rows()
    contrasts = answers[answers["contrast"].notna()]
    others = 1 if len(contrasts) else 0
    axes = figure.subplots(
        1, len(arms) + others, width_ratios=[1.0] * len(arms) + [0.6 + 0.35 * len(contrasts)] * others
    )
    axes = list(axes) if len(arms) + others > 1 else [axes]
    for index, arm in enumerate(arms):
        mine = means[means["arm"] == arm]
        _people(axes[index], estimates, mine, arm, visits, ARM_COLOURS[index % len(ARM_COLOURS)])
        title = [*textwrap.wrap(arm, width, max_lines=3, placeholder=" …"), f"n = {mine['n'].iloc[0]:.0f}"]
        axes[index].set_title("\n".join(title), parse_math=False)
    _share_limits(axes[: len(arms)])
    axes[0].set_ylabel(_with_unit(estimates.outcome, estimates.unit), parse_math=False)
    if others:
        _differences(axes[-1], estimates, contrasts, width)


def _people(
    ax: Axes, estimates: Estimates, means: pd.DataFrame, arm: str, visits: tuple[str, str], colour: str
) -> None:
    import seaborn as sns

    assert estimates.points is not None
    points = estimates.points[estimates.points["arm"].astype("str") == arm] if arm else estimates.points
    for before, after in zip(points["baseline"], points["followup"], strict=True):
        ax.plot([0, 1], [before, after], color=colour, alpha=0.35, lw=0.7, zorder=1)
    long = pd.DataFrame({"x": [0] * len(points) + [1] * len(points), "y": [*points["baseline"], *points["followup"]]})
    sns.stripplot(
        data=long, x="x", y="y", ax=ax, color=colour, alpha=0.55, size=2.6, jitter=False, zorder=2, native_scale=True
    )
    for position, visit in ((-0.22, visits[0]), (1.22, visits[1])):
        row = means[means["visit"] == visit].iloc[0]
        _interval(ax, row.rename({"mean": "estimate"}), position, colour, horizontal=False)
    ax.set_xticks([0, 1], ["\n".join(textwrap.wrap(visit, 10)) for visit in visits], parse_math=False)
    ax.set(xlim=(-0.55, 1.55), xlabel="", ylabel="")


def _share_limits(axes: list[Axes]) -> None:
    low = min(ax.get_ylim()[0] for ax in axes)
    high = max(ax.get_ylim()[1] for ax in axes)
    for index, ax in enumerate(axes):
        ax.set_ylim(low, high)
        if index:
            ax.tick_params(labelleft=False)


def _differences(ax: Axes, estimates: Estimates, contrasts: pd.DataFrame, width: int) -> None:
    for position, (_, row) in enumerate(contrasts.iterrows()):
        _interval(ax, row, position, INK, horizontal=False)
    ax.axhline(0, color=MUTED, lw=0.8, ls=(0, (4, 3)))
    pairs = [estimates.compares[name] for name in contrasts["contrast"]]
    labels = ["\n".join(textwrap.wrap(one, 12, max_lines=3, placeholder=" …")) for one, _ in pairs]
    ax.set_xticks(range(len(contrasts)), labels, parse_math=False)
    ax.set_xlim(-0.7, len(contrasts) - 0.3)
    ax.set_title(
        "\n".join(["Difference", *textwrap.wrap(f"from {pairs[0][1]}", width, max_lines=3, placeholder=" …")]),
        parse_math=False,
    )
    label = f"Adjusted difference, {fmt.confidence(estimates.level)} CI"
    ax.set_ylabel(_with_unit(label, estimates.unit), parse_math=False)
    ax.yaxis.set_label_position("right")
    ax.yaxis.tick_right()
    ax.spines[["right"]].set_visible(True)
    ax.spines[["left"]].set_visible(False)


def _interval(ax: Axes, row: pd.Series, position: float, colour: str, *, horizontal: bool) -> None:
    """A point with its interval."""
    ends, at = [row["low"], row["high"]], [position, position]
    line = (ends, at) if horizontal else (at, ends)
    point = ([row["estimate"]], [position]) if horizontal else ([position], [row["estimate"]])
    ax.plot(*line, color=colour, lw=1.8, solid_capstyle="butt", zorder=3)
    ax.plot(*point, "o", color=colour, ms=5, mec="white", mew=0.8, zorder=4)


def _with_unit(text: str, unit: str) -> str:
    return f"{text} ({unit})" if unit else text
