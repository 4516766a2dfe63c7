"""The numbers of a publication, and which of them cannot be meant."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from numbers import Real
from typing import Any, Final, Literal, get_args

from kbstudy import formatting as fmt
from kbstudy.errors import PlanError, Problem, did_you_mean
from kbstudy.measures.pace import tabulated

__all__ = ["MASSES", "Basis", "Stated", "as_floats", "stated_problems"]

#: How oxygen uptake was found.
Basis = Literal["measured", "estimated_from_hr"]

#: Outside of these no group of people has been, so a number past them is a number in another unit.
UPTAKES: Final = (2.0, 100.0)
MASSES: Final = (20.0, 300.0)
_FASTEST_MILE_S: Final = 200.0

_ZERO_ALLOWED: Final = ("anaerobic_kcal_min", "lactate_rest_mmol_l")
_USUAL: Final = {"vo2_ml_kg_min": UPTAKES, "vo2max_ml_kg_min": UPTAKES, "body_mass_kg": MASSES}
_FIX: Final = "Give the numbers as the publication states them, in the units of the names, and leave out what it omits."


@dataclass(frozen=True, slots=True)
class Stated:
    """The numbers of a publication, as it states them; ``None`` where it is silent. Units are in the names."""

    rate_kcal_min: float
    minutes: float
    body_mass_kg: float | None = None
    vo2_ml_kg_min: float | None = None
    vo2_basis: Basis | None = None
    aerobic_kcal_min: float | None = None
    anaerobic_kcal_min: float | None = None
    lactate_peak_mmol_l: float | None = None
    lactate_rest_mmol_l: float | None = None
    vo2max_ml_kg_min: float | None = None
    equal_to_pace_s_per_mile: float | None = None
    activity: str | None = None


def stated_problems(said: Stated) -> Iterator[tuple[str, Problem]]:
    """What cannot be meant, each with the name of the number it is about. Numbers that contradict each other can be."""
    numbers = {
        item.name: getattr(said, item.name) for item in fields(said) if item.name not in ("vo2_basis", "activity")
    }
    wrong = {name: text for name, value in numbers.items() if (text := _problem_of(name, value))}
    yield from ((name, Problem(text, do=_FIX)) for name, text in wrong.items())
    peak, rest = said.lactate_peak_mmol_l, said.lactate_rest_mmol_l
    if peak is not None and rest is not None and not wrong and peak < rest:
        what = f"a lactate peak of {fmt.plain(peak)} is below the {fmt.plain(rest)} mmol/L of rest"
        yield "lactate_peak_mmol_l", Problem(what, do=_FIX)
    yield from _word_problems(said)


def as_floats(said: Stated) -> Stated:
    """Integers and NumPy's numbers as floats, which JSON can hold."""
    stated = {item.name: getattr(said, item.name) for item in fields(said)}
    numbers: dict[str, Any] = {name: float(value) for name, value in stated.items() if isinstance(value, Real)}
    return replace(said, **numbers)


def _problem_of(name: str, value: object) -> str:
    """What is wrong with a number, empty if nothing is."""
    if value is None and name not in ("rate_kcal_min", "minutes"):
        return ""
    if isinstance(value, bool) or not isinstance(value, Real) or not math.isfinite(value):
        return f"{name}={value!r} is not a number"
    number = float(value)
    if number < 0 or (number == 0 and name not in _ZERO_ALLOWED):
        least = "0 or more" if name in _ZERO_ALLOWED else "above 0"
        return f"{name}={fmt.plain(number)} is impossible; it must be {least}"
    low, high = _USUAL.get(name, (0.0, math.inf))
    if not low <= number <= high:
        return f"{name}={fmt.plain(number)} is outside {low:g} to {high:g}, so it must be in another unit"
    if name == "equal_to_pace_s_per_mile" and number < _FASTEST_MILE_S:
        return f"{name}={fmt.plain(number)} is faster than anybody runs; six minutes a mile is 360"
    return ""


def _word_problems(said: Stated) -> Iterator[tuple[str, Problem]]:
    known = get_args(Basis)
    if said.vo2_basis is not None and said.vo2_basis not in known:
        what = (
            f'vo2_basis="{said.vo2_basis}" is not one of {", ".join(known)}{did_you_mean(str(said.vo2_basis), known)}'
        )
        yield "vo2_basis", Problem(what, do=_FIX)
    if said.vo2_basis is not None and said.vo2_ml_kg_min is None:
        what = "vo2_basis says how oxygen uptake was found, and vo2_ml_kg_min is not given"
        yield "vo2_basis", Problem(what, do=_FIX)
    if said.activity is not None:
        try:
            tabulated(str(said.activity))
        except PlanError as error:
            yield from (("activity", problem) for problem in error.problems)
