"""Body mass: from the caller, the header, or VO2 over VO2/kg. Never a default, and never silently one of two."""

from __future__ import annotations

from typing import Final

from kbstudy.errors import DataError, PlanError, Problem
from kbstudy.readers.gas_exchange.columns import MASSES, Values
from kbstudy.readers.gas_exchange.identities import ENOUGH, Mass, constant_mass
from kbstudy.readers.gas_exchange.layout import Layout
from kbstudy.readers.gas_exchange.metadata import Head
from kbstudy.readers.source import Source
from kbstudy.recording import Issue

__all__ = ["body_mass", "check_given"]

#: Header and data may differ by this share: a header is often rounded to whole kilograms.
_TOLERANCE: Final = 0.01


def check_given(body_mass_kg: float | None) -> None:
    """Refuse a body mass that nobody has."""
    if body_mass_kg is not None and not MASSES[0] <= body_mass_kg <= MASSES[1]:
        what = f"body_mass_kg = {body_mass_kg:g} is not a body mass in kilograms ({MASSES[0]:g} to {MASSES[1]:g})"
        raise PlanError(Problem(what, do="Give kilograms, such as body_mass_kg = 74.8."))


def body_mass(
    source: Source, layout: Layout, head: Head, values: Values, given: float | None
) -> tuple[float | None, str, list[Issue]]:
    """Mass in kg, where it came from, and what was odd.

    Raises
    ------
    DataError
        If header and data disagree by more than 1 % and the caller has not said which holds.
    """
    implied = _implied(values)
    issues = _not_constant(layout, implied)
    issues += [
        Issue(f'body mass in the header: "{head.odd_mass}" is no mass in kg or lb that a person has', "not used")
    ] * bool(head.odd_mass)
    usable = implied if implied is not None and implied.share >= ENOUGH else None
    if given is not None:
        return given, _given_source(head, usable), issues
    if head.mass_kg is not None and usable is not None and _differ(head.mass_kg, usable):
        raise _conflict(source, head, usable)
    if head.mass_kg is not None:
        return head.mass_kg, "header of the file", issues
    if usable is None:
        return None, "", issues
    return usable.kg, f"VO2 ÷ VO2/kg{_spread(usable)}", issues


def _implied(values: Values) -> Mass | None:
    vo2, per_kg = values.get("vo2"), values.get("vo2_kg")
    if vo2 is None or per_kg is None:
        return None
    return constant_mass(1000 * vo2, per_kg, 1000 * values.steps["vo2"], values.steps["vo2_kg"])


def _spread(mass: Mass) -> str:
    return f", between {mass.low:.2f} and {mass.high:.2f}" if mass.high - mass.low > 0.02 else ""


def _differ(header: float, mass: Mass) -> bool:
    below, above = mass.low * (1 - _TOLERANCE), mass.high * (1 + _TOLERANCE)
    return not below <= header <= above


def _not_constant(layout: Layout, implied: Mass | None) -> list[Issue]:
    if implied is None or implied.share >= ENOUGH:
        return []
    what = f"VO2 ÷ VO2/kg is one body mass in only {implied.share:.0%} of the rows"
    return [Issue(what, "not used for body mass", layout.row(0))]


def _given_source(head: Head, implied: Mass | None) -> str:
    others = [f"header {head.mass_text}"] if head.mass_kg is not None else []
    others += [f"VO2 ÷ VO2/kg {implied.kg:g} kg"] if implied is not None else []
    return f"given by the caller; file: {', '.join(others)}" if others else "given by the caller"


def _conflict(source: Source, head: Head, mass: Mass) -> DataError:
    what = f"two body masses: the header says {head.mass_text}, and VO2 ÷ VO2/kg is {mass.kg:g} kg in the data"
    do = (
        "Every value per kilogram depends on it. Say which holds: "
        f"body_mass_kg = {head.mass_kg:g} or body_mass_kg = {mass.kg:g}."
    )
    return DataError(Problem(what, file=source.name, do=do))
