"""Weighing: body weight and its SD from a second of quiet standing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

import numpy as np

from kbstudy.errors import PlanError, Problem, did_you_mean
from kbstudy.measures.force.traces import Force, spread_of_windows

__all__ = ["BAND_SD", "Weighing", "WeighingRule", "check_person", "weigh"]

WeighingRule: TypeAlias = Literal["first_second", "last_second", "quietest_second"] | tuple[float, float]
_RULES: Final = ("first_second", "last_second", "quietest_second")

#: SDs of weighing that a movement must leave.
BAND_SD: Final = 5.0
#: Masses of a person, in kg.
_LIGHTEST_KG: Final = 15.0
_HEAVIEST_KG: Final = 300.0
#: Shares of body weight: above the first an SD of weighing is named, above the second it is refused.
_RESTLESS: Final = 0.01
_MOVING: Final = 0.03
_LOADED_N: Final = 50.0
_SHORTEST_S: Final = 0.5
#: Share of body weight. A trace without any noise still rounds.
_ROUNDING: Final = 1e-6


@dataclass(frozen=True)
class Weighing:
    """Body weight in N with its SD, the samples it comes from, and the rule."""

    weight: float
    sd: float
    first: int
    last: int
    rule: str
    notes: tuple[str, ...] = ()

    @property
    def band(self) -> float:
        """How far force must leave body weight to be movement, in N."""
        return max(BAND_SD * self.sd, _ROUNDING * abs(self.weight))


def weigh(force: Force, rule: WeighingRule, gravity: float) -> Weighing:
    """Weigh a person.

    Raises
    ------
    PlanError
        If the window cannot be.
    DataError
        If nobody stands on the plate then, the weight is no person's, or the person moved.
    """
    first, last, name = _window(force, rule)
    values = force.total[first:last]
    weighing = Weighing(float(values.mean()), float(values.std(ddof=1)), first, last, f"weighing_{name}")
    place = f"from {force.time[first]:.3g} s to {force.time[last - 1]:.3g} s"
    check_person(force, weighing.weight, gravity, place)
    share = weighing.sd / weighing.weight
    if share > _MOVING:
        what = f"the person moved during weighing ({place}): SD {weighing.sd:.1f} N, {100 * share:.1f}% of the mean"
        raise force.error(what, f"At most {100 * _MOVING:g}% is accepted. Choose a quiet second: {_choices()}.")
    notes = []
    if share > _RESTLESS:
        notes.append(
            f"The person was not quite still during weighing ({place}): SD {weighing.sd:.1f} N, "
            f"{100 * share:.1f}% of body weight. Onset and height are less certain."
        )
    if last - first < force.samples(1.0):
        notes.append(f"Weighing lasted {(last - first) / force.hz:.2g} s; a second or more is usual.")
    return Weighing(weighing.weight, weighing.sd, first, last, weighing.rule, tuple(notes))


def _choices() -> str:
    return 'weighing = "quietest_second", or weighing = (start_s, end_s)'


def _window(force: Force, rule: WeighingRule) -> tuple[int, int, str]:
    count, second = len(force.total), force.samples(1.0)
    if isinstance(rule, tuple):
        return (*_given(force, rule), "window")
    if rule == "first_second":
        return 0, min(second, count), rule
    if rule == "last_second":
        return max(0, count - second), count, rule
    if rule == "quietest_second":
        return (*_quietest(force, second), rule)
    what = f"weighing = {rule!r} is not possible{did_you_mean(str(rule), _RULES)}"
    raise PlanError(Problem(what, do=f"Possible are {', '.join(_RULES)}, and (start_s, end_s)."))


def _given(force: Force, window: tuple[float, float]) -> tuple[int, int]:
    start, end = window
    if not (end - start >= _SHORTEST_S and start >= force.time[0] - 1e-9 and end <= force.time[-1] + 1.0 / force.hz):
        what = f"weighing from {start:g} s to {end:g} s is not possible"
        do = f"It needs {_SHORTEST_S:g} s at least, within {force.time[0]:g} s to {force.time[-1]:g} s."
        raise PlanError(Problem(what, file=force.file, do=do))
    first, last = np.searchsorted(force.time, [start - 0.5 / force.hz, end - 0.5 / force.hz])
    return int(first), int(last)


def _quietest(force: Force, second: int) -> tuple[int, int]:
    mean, spread = spread_of_windows(force.total, min(second, len(force.total)))
    loaded = mean > _LOADED_N
    if not loaded.any():
        raise force.error("nobody stands on the plate for a whole second", f"Body weight is needed: {_choices()}.")
    first = int(np.where(loaded, spread, np.inf).argmin())
    return first, min(first + second, len(force.total))


def check_person(force: Force, weight: float, gravity: float, place: str) -> None:
    """Refuse a weight that is no person's.

    Raises
    ------
    DataError
    """
    mass = weight / gravity
    if weight < 20.0:
        what = f"the plate reads {weight:.1f} N {place}: nobody stands on it"
        raise force.error(what, f"Say when the person stands still: {_choices()}.")
    if mass < _LIGHTEST_KG:
        what = f"body weight is {weight:.1f} N {place}, which is {mass:.1f} kg"
        do = 'No person who is tested weighs that. If the file is in kgf, read it with units = "kgf".'
        raise force.error(what, do)
    if mass > _HEAVIEST_KG:
        what = f"body weight is {weight:.0f} N {place}, which is {mass:.0f} kg"
        raise force.error(what, "No person weighs that. The file may be in mV, or the plate was not zeroed.")
