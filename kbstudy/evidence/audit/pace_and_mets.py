"""What the stated numbers mean as running, and beside tabulated METs."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

from kbstudy import formatting as fmt
from kbstudy.evidence.audit.assumptions import EQUAL_WITHIN
from kbstudy.evidence.audit.case import Case, kcal_min
from kbstudy.evidence.audit.nouns import A_MILE, Finding, FindingWord, joined
from kbstudy.evidence.audit.stated import Stated
from kbstudy.measures.pace import (
    ACSM_RUNNING_FROM_M_MIN,
    ML_KG_MIN_A_MET,
    Tabulated,
    acsm_running_speed,
    acsm_running_vo2,
    daniels_running_speed,
    daniels_running_vo2,
    met_energy_rate,
    mile_pace,
    mile_pace_text,
    mile_speed,
    tabulated,
)

__all__ = ["met_findings", "pace_findings", "pace_of_uptake", "tabulated_entries"]


def pace_findings(case: Case) -> Iterator[Finding]:
    """What the pace costs, who could run it for the stated rate, and whether the two are equal."""
    pace, rate = case.said.equal_to_pace_s_per_mile, case.said.rate_kcal_min
    if pace is None:
        return
    speed, name = mile_speed(pace), f"A mile in {mile_pace_text(pace)}"
    acsm, daniels = acsm_running_vo2(speed), daniels_running_vo2(speed)
    apart = f"the two equations differ by {fmt.number(100 * abs(acsm - daniels) / max(acsm, daniels), 0)} % here"
    yield Finding("pace_cost_acsm", f"{name} (ACSM)", "{}", acsm, "mL/kg/min", 1, _range_text(speed))
    yield Finding("pace_cost_daniels", f"{name} (Daniels)", "{}", daniels, "mL/kg/min", 1, apart)
    for equation, cost in (("ACSM", acsm), ("Daniels", daniels)):
        statement = f"{kcal_min(rate)} at the pace of {mile_pace_text(pace)} ({equation})"
        runner = rate / case.energy(cost, 1.0)
        yield Finding(f"runner_mass_{equation.lower()}", statement, "a runner of {}", runner, "kg")
    if case.mass is not None:
        costs = [case.energy(cost, case.mass) for cost in (acsm, daniels)]
        text = f"{fmt.number(costs[0], 1)} (ACSM) and {fmt.number(costs[1], 1)} (Daniels)"
        bound = joined(f"said to equal {kcal_min(rate)}; the pace costs {text}", _range_text(speed))
        value = case.energy(case.running(speed), case.mass)
        word = "" if _range_text(speed) else _equality(rate, costs)
        yield Finding("pace_rate", f"{name} at {case.mass_words}", "{}", value, "kcal/min", 1, bound, word)


def _range_text(speed: float) -> str:
    slow = f"slower than the {ACSM_RUNNING_FROM_M_MIN:g} m/min from which the equation is meant"
    return slow if speed < ACSM_RUNNING_FROM_M_MIN else ""


def _equality(value: float, costs: Iterable[float]) -> FindingWord:
    """Whether a value equals a cost by every equation, by some, or by none (and is on the same side of all)."""
    ratios = [value / cost - 1.0 for cost in costs]
    equal = [abs(ratio) <= EQUAL_WITHIN for ratio in ratios]
    if all(equal):
        return "possible"
    across = min(ratios) < 0 < max(ratios)
    return "inconclusive" if any(equal) or across else "not supported"


def pace_of_uptake(case: Case) -> Iterator[Finding]:
    """The pace whose cost is the stated uptake."""
    vo2, pace = case.vo2, case.said.equal_to_pace_s_per_mile
    if vo2 is None:
        return
    word: FindingWord = ""
    said = ""
    if pace is not None:
        speed = mile_speed(pace)
        costs = (acsm_running_vo2(speed), daniels_running_vo2(speed))
        word = "" if _range_text(speed) else _equality(vo2, costs)
        said = f"said to equal {mile_pace_text(pace)} a mile"
    statement = f"{fmt.plain(case.said.vo2_ml_kg_min or math.nan)} mL/kg/min as running"
    if vo2 > acsm_running_vo2(1e-9):
        speed = acsm_running_speed(vo2)
        bound = joined(said, _range_text(speed))
        yield Finding("pace_acsm", f"{statement} (ACSM)", "{}", mile_pace(speed), A_MILE, 0, bound, word)
    slow = "made for trained runners; far from ACSM's at slow paces"
    daniels = mile_pace(daniels_running_speed(vo2))
    yield Finding("pace_daniels", f"{statement} (Daniels)", "{}", daniels, A_MILE, 0, slow)


def tabulated_entries(said: Stated) -> tuple[Tabulated, ...]:
    """Tabulated values of the activity, and of a six-minute mile where that is the pace."""
    six = said.equal_to_pace_s_per_mile is not None and round(said.equal_to_pace_s_per_mile) == 360
    asked = tabulated(said.activity) if said.activity is not None else ()
    return tuple(dict.fromkeys([*asked, *(tabulated("12120") if six else ())]))


def met_findings(case: Case) -> Iterator[Finding]:
    """The rate in METs, and what tabulated activities cost."""
    entries = tabulated_entries(case.said)
    if entries and case.mass is not None:
        mets = 1000.0 * case.oxygen(case.said.rate_kcal_min) / case.mass / ML_KG_MIN_A_MET
        yield Finding("mets", f"{kcal_min(case.said.rate_kcal_min)} at {case.mass_words}", "{}", mets, "METs")
    for entry in entries:
        name = f"tabulated_{entry.code}_{entry.edition}"
        text = f"{entry.activity}: {fmt.plain(entry.mets)} METs (Compendium {entry.edition}, {entry.code})"
        statement, bound = f"{text[0].upper()}{text[1:]}", "tabulated, not measured"
        if case.mass is None:
            yield Finding(name, statement, "{}", entry.mets * ML_KG_MIN_A_MET, "mL/kg/min", 1, bound)
        else:
            energy = met_energy_rate(entry.mets, case.mass)
            yield Finding(name, f"{statement} at {case.mass_words}", "{}", energy, "kcal/min", 1, bound)
