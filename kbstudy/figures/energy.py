"""What sessions cost, person by person, and what was said they cost. Numbers come in; none is computed here."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from kbstudy import formatting as fmt
from kbstudy.figures.style import ARM_COLOURS, INK, MUTED, house_style

if TYPE_CHECKING:
    from kbstudy.estimates import Estimates
    from kbstudy.measures.energy import EnergyBudget

__all__ = [
    "budgets_height_mm",
    "draw_energy_budgets",
    "draw_energy_claim",
    "energy_claim_height_mm",
    "plot_energy_budgets",
    "plot_energy_claim",
]

_REST: Final = "#b8bec8"
_NET: Final = ARM_COLOURS[1]
_PACE: Final = ARM_COLOURS[2]
_LACTATE: Final = ARM_COLOURS[3]
_WHITE: Final = {"fc": "white", "ec": "none", "pad": 1}
_SMALL: Final = 7
_MM: Final = 1 / 25.4
_WIDE_MM: Final = 160.0

# ---- what a session cost -----------------------------------------------------------------------------------------


def draw_energy_budgets(budgets: Mapping[str, EnergyBudget], figure: Figure) -> None:
    """One row a person: the aerobic energy of the session as a bar, and beside it EPOC and lactate, not added.

    The bar is the gross energy, of which the grey part is what rest would have cost in the same time; the black line on
    its end is what the choice of equation is worth. EPOC and lactate pay in part for the same thing, so they have a
    panel of their own, at the same scale and from a zero of their own, and no length is a sum. A triangle that points
    right is an EPOC that was cut off: at least so much.

    Parameters
    ----------
    budgets
        By what each row is called, top to bottom.
    figure
        An empty figure; :func:`budgets_height_mm` high.
    """
    everyone = list(budgets.values())
    most = max(budget.aerobic_high_kcal for budget in everyone)
    beside = [budget for budget in everyone if _has_recovery(budget) or budget.lactate]
    axes = _panels(figure, 1.5 * most, 0.34 * most + _most_beside(everyone) if beside else 0.0)
    for position, budget in enumerate(everyone):
        _bar(axes[0], budget, position)
        if beside:
            _beside(axes[1], budget, position)
    _name_parts(axes, everyone)
    axes[0].set_yticks(range(len(budgets)), list(budgets), parse_math=False)
    axes[0].set_ylim(len(budgets) - 0.4, -1.7)
    axes[0].set_xlabel(f"Aerobic energy of the session, gross (kcal; n = {len(budgets)})")
    for ax in axes:
        ax.tick_params(axis="y", length=0)
        ax.spines[["left"]].set_visible(ax is not axes[0])


def budgets_height_mm(people: int) -> float:
    """Height in print of :func:`draw_energy_budgets`."""
    return 27.0 + 7.8 * people


def plot_energy_budgets(budgets: Mapping[str, EnergyBudget]) -> Figure:
    """A new figure with :func:`draw_energy_budgets`; its title says where the data are made up.

    Parameters
    ----------
    budgets
        By what each row is called, such as the participant's id.
    """
    import matplotlib.pyplot as plt

    with house_style():
        figure = plt.figure(figsize=(_WIDE_MM * _MM, budgets_height_mm(len(budgets)) * _MM), layout="constrained")
        draw_energy_budgets(budgets, figure)
        stamp = "SIMULATED: " if any(budget.simulated for budget in budgets.values()) else ""
        figure.axes[0].set_title(f"{stamp}energy of each session")
    return figure


def _has_recovery(budget: EnergyBudget) -> bool:
    return not math.isnan(budget.epoc_kcal)


def _most_beside(budgets: Sequence[EnergyBudget]) -> float:
    ends = [budget.epoc_kcal for budget in budgets] + [budget.lactate_high_kcal for budget in budgets]
    return max((end for end in ends if not math.isnan(end)), default=0.0)


def _panels(figure: Figure, bars: float, beside: float) -> list[Axes]:
    """Panels whose widths are in the ratio of their scales, so that a kilocalorie is as long in both."""
    if not beside:
        ax: Axes = figure.subplots()
        ax.set_xlim(0, bars)
        return [ax]
    axes = list(figure.subplots(1, 2, sharey=True, width_ratios=[bars, beside]))
    axes[0].set_xlim(0, bars)
    axes[1].set_xlim(0, beside)
    axes[1].tick_params(axis="y", labelleft=False)
    axes[1].set_xlabel("Not added to it (kcal)")
    return axes


def _bar(ax: Axes, budget: EnergyBudget, position: int) -> None:
    known = not math.isnan(budget.aerobic_net_kcal)
    rest = budget.aerobic_kcal - budget.aerobic_net_kcal if known else 0.0
    ax.barh(position, rest, 0.55, color=_REST, lw=0)
    ax.barh(position, budget.aerobic_kcal - rest, 0.55, left=rest, color=_NET, lw=0, alpha=1.0 if known else 0.6)
    ax.plot([budget.aerobic_low_kcal, budget.aerobic_high_kcal], [position] * 2, color=INK, lw=1.2)
    minutes, rate = fmt.number(budget.minutes, 1), fmt.number(budget.aerobic_kcal_min, 1)
    words = f"{fmt.number(budget.aerobic_kcal, 0)} in {minutes} min: {rate} kcal/min"
    at = (max(budget.aerobic_high_kcal, budget.aerobic_kcal), position)
    ax.annotate(words, at, (3, 0), textcoords="offset points", va="center", fontsize=_SMALL)


def _beside(ax: Axes, budget: EnergyBudget, position: int) -> None:
    """EPOC above, lactate below, each from zero."""
    style: dict[str, Any] = {"textcoords": "offset points", "va": "center", "fontsize": _SMALL}
    if _has_recovery(budget):
        least = budget.epoc_truncated or budget.epoc_minutes_missing > 0
        y = position - 0.17 * bool(budget.lactate)
        ax.plot([budget.epoc_kcal], [y], ">" if least else "o", ms=4.5, color=INK)
        words = f"{'≥ ' if least else ''}{fmt.number(budget.epoc_kcal, 0)}"
        ax.annotate(words, (budget.epoc_kcal, y), (5, 0), **style)
    if budget.lactate:
        y = position + 0.17 * _has_recovery(budget)
        low, high = budget.lactate_low_kcal, budget.lactate_high_kcal
        ax.plot([low, high], [y, y], color=_LACTATE, lw=1.2)
        ax.plot([budget.lactate_kcal], [y], "D", ms=3.5, color=_LACTATE)
        words = f"{fmt.number(budget.lactate_kcal, 0)} ({fmt.interval(low, high, 0)})"
        ax.annotate(words, (high, y), (5, 0), color=_LACTATE, **style)


def _name_parts(axes: Sequence[Axes], budgets: Sequence[EnergyBudget]) -> None:
    """Names above the first row, in the colours of what they name; side by side, so that they never meet."""
    style: dict[str, Any] = {"va": "center", "fontsize": _SMALL, "fontweight": "bold"}
    at = axes[0].get_yaxis_transform()
    parts = [("rest", 0.0, MUTED), ("above rest", 0.08, _NET)]
    parts = parts if any(not math.isnan(budget.aerobic_net_kcal) for budget in budgets) else []
    for name, place, colour in [*parts, ("— range of equations", 0.27, INK)]:
        axes[0].text(place, -0.75, name, color=colour, transform=at, **style)
    if len(axes) > 1:
        names = [("EPOC", INK)] * any(map(_has_recovery, budgets))
        names += [("lactate (range)", _LACTATE)] * any(bool(budget.lactate) for budget in budgets)
        beside: dict[str, Any] = {**style, "textcoords": "offset points"}
        for place, (name, colour) in enumerate(names):
            axes[1].annotate(name, (0, -0.75 - 0.5 * (len(names) - 1 - place)), (4, 0), color=colour, **beside)


# ---- what was said that it costs ---------------------------------------------------------------------------------


def draw_energy_claim(
    people: pd.DataFrame, mean: Estimates, stated_kcal_min: float, ax: Axes, *, pace: str = "six-minute mile"
) -> Axes:
    """People's energy rates and their mean, against a stated rate and against what running costs each of them.

    Filled points were measured, hollow ones estimated. Running is a short line for each person's own body mass, from
    one running equation to the other; nobody without a body mass has one.

    Parameters
    ----------
    people
        From :func:`kbstudy.measures.energy.beside_running`: a row a person, top to bottom.
    mean
        The mean of the group with its interval, from :func:`kbstudy.mean`.
    stated_kcal_min
        The rate that was stated.
    ax
        Where to draw; :func:`energy_claim_height_mm` is a good height.
    pace
        What the running is called.
    """
    rows, row = list(people.itertuples()), mean.row()
    for position, person in enumerate(rows):
        _person(ax, person, position)
    foot = len(rows) + 0.3
    _mean(ax, row, foot)
    ax.vlines(stated_kcal_min, -1.6, foot + 0.7, color=INK, lw=1.0, ls=(0, (4, 3)), zorder=0)
    labels = [f"{person.participant}, {_mass(person.body_mass_kg)}" for person in rows]
    labels.append(f"Mean, {fmt.confidence(mean.level)} CI (n = {fmt.number(row['n'], 0)})")
    ax.set_yticks([*range(len(rows)), foot], labels, parse_math=False)
    ax.get_yticklabels()[-1].set_fontweight("bold")
    ends = [*people["kcal_min"], *people["pace_high_kcal_min"].dropna(), row["high"], stated_kcal_min]
    ax.set_xlim(0, 1.08 * max(ends))
    ax.set_ylim(foot + 0.7, -2.4)
    _name_marks(ax, people, stated_kcal_min, pace)
    known = people["pace_low_kcal_min"].notna().any()
    about = f"\n{pace.capitalize()}: from Daniels' curve to ACSM's equation, 5 kcal a litre of oxygen" if known else ""
    ax.set_xlabel(f"Energy rate over the session, gross (kcal/min){about}", parse_math=False)
    ax.tick_params(axis="y", length=0)
    ax.spines[["left"]].set_visible(False)
    return ax


def energy_claim_height_mm(people: int) -> float:
    """Height in print of :func:`draw_energy_claim`."""
    return 34.0 + 5.5 * people


def plot_energy_claim(
    people: pd.DataFrame, mean: Estimates, stated_kcal_min: float, *, pace: str = "six-minute mile"
) -> Figure:
    """A new figure with :func:`draw_energy_claim`; its title has the stamp of ``mean``.

    Parameters
    ----------
    people, mean, stated_kcal_min, pace
        As there.
    """
    import matplotlib.pyplot as plt

    with house_style():
        size = (_WIDE_MM * _MM, energy_claim_height_mm(len(people)) * _MM)
        figure, ax = plt.subplots(figsize=size, layout="constrained")
        draw_energy_claim(people, mean, stated_kcal_min, ax, pace=pace)
        ax.set_title(f"{mean.stamp}: energy rates and the claim" if mean.stamp else "Energy rates and the claim")
    return figure


def _mass(kg: float) -> str:
    return "no body mass" if math.isnan(kg) else f"{fmt.number(kg, 1)} kg"


def _person(ax: Axes, person: Any, position: int) -> None:
    low, high = person.pace_low_kcal_min, person.pace_high_kcal_min
    if not math.isnan(low):
        ax.plot([low, high], [position] * 2, "-|", color=_PACE, lw=1.6, ms=6, mew=1.4)
    ax.plot([person.kcal_min], [position], "o", ms=5, mec=_NET, mfc=_NET if person.measured else "white", mew=1.2)
    style: dict[str, Any] = {"textcoords": "offset points", "ha": "right", "va": "center", "fontsize": _SMALL}
    ax.annotate(fmt.number(person.kcal_min, 1), (person.kcal_min, position), (-6, 0), color=_NET, **style)


def _mean(ax: Axes, row: pd.Series, position: float) -> None:
    estimate, low, high = row[["estimate", "low", "high"]]
    ax.axhline(position - 0.65, color=MUTED, lw=0.5)
    ax.plot([low, high], [position] * 2, color=INK, lw=2.4, solid_capstyle="butt")
    ax.plot([estimate], [position], "o", ms=6, color=INK)
    words = f"{fmt.number(estimate, 1)} ({fmt.interval(low, high, 1)})"
    style: dict[str, Any] = {"textcoords": "offset points", "va": "center", "fontweight": "bold"}
    ax.annotate(words, (high, position), (6, 0), **style)


def _name_marks(ax: Axes, people: pd.DataFrame, stated: float, pace: str) -> None:
    """Names above the first row: they point away from each other, so that they do not meet."""
    style: dict[str, Any] = {"va": "center", "fontsize": _SMALL, "fontweight": "bold"}
    rate = fmt.plain(stated)
    ax.text(stated, -2.0, f"stated: {rate} kcal/min", ha="center", **style)
    first = people.iloc[0]
    word = "measured" if people["measured"].all() else "measured (hollow: estimated)"
    with_pace = people[people["pace_low_kcal_min"].notna()]
    if with_pace.empty:
        ax.text(first["kcal_min"], -1.0, word, ha="center", color=_NET, **style)
        return
    low, high = with_pace.iloc[0][["pace_low_kcal_min", "pace_high_kcal_min"]]
    own = f"a {pace} at their own mass"
    style |= {"textcoords": "offset points"}
    if first["kcal_min"] <= (low + high) / 2:
        ax.annotate(word, (min(first["kcal_min"], low), -1.0), (-2, 0), ha="right", color=_NET, **style)
        ax.annotate(own, (low, -1.0), (2, 0), color=_PACE, bbox=_WHITE, **style)
    else:
        ax.annotate(own, (high, -1.0), (-2, 0), ha="right", color=_PACE, bbox=_WHITE, **style)
        ax.annotate(word, (max(first["kcal_min"], high), -1.0), (2, 0), color=_NET, **style)
