"""What follows from the stated numbers: parts, oxygen, body mass, ceiling, lactate; and what cannot be computed."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

from kbstudy import formatting as fmt
from kbstudy.evidence.audit.assumptions import ALACTIC_ML_KG, HEART_RATE_SHARE, HIGHEST_KCAL_L, LOWEST_KCAL_L
from kbstudy.evidence.audit.case import Case, kcal_min, rounding
from kbstudy.evidence.audit.nouns import Finding, FindingWord
from kbstudy.evidence.audit.pace_and_mets import met_findings, pace_findings, pace_of_uptake
from kbstudy.evidence.audit.stated import MASSES
from kbstudy.measures.lactate import DOUBTFUL_RISE_MMOL_L, IMPOSSIBLE_RISE_MMOL_L, LACTATE_O2_RANGE

__all__ = ["all_findings", "not_computable"]


def all_findings(case: Case) -> Iterator[Finding]:
    """Every finding, in a fixed order."""
    yield from _parts(case)
    yield from _heart_rate(case)
    yield from _oxygen(case)
    yield from _mass(case)
    yield from _balance(case)
    yield from _maximum(case)
    yield from _lactate(case)
    yield from _stated_lactate(case)
    yield from pace_findings(case)
    yield from pace_of_uptake(case)
    yield from met_findings(case)


def _parts(case: Case) -> Iterator[Finding]:
    """Whether the stated parts make the stated whole."""
    said = case.said
    aerobic, anaerobic, rate = said.aerobic_kcal_min, said.anaerobic_kcal_min, said.rate_kcal_min
    if aerobic is not None and anaerobic is not None:
        slack, total = rounding(rate, aerobic, anaerobic), aerobic + anaerobic
        fits: FindingWord = "possible" if abs(rate - total) <= slack else "not possible as stated"
        statement = f"{kcal_min(aerobic)} aerobic plus {kcal_min(anaerobic)} anaerobic"
        bound = f"stated as {kcal_min(rate)}, and rounding explains a difference of {fmt.plain(round(slack, 4))}"
        yield Finding("parts", statement, "{} in all", total, "kcal/min", 1, bound, fits)
        return
    for name, part, other in (("aerobic", aerobic, "anaerobic"), ("anaerobic", anaerobic, "aerobic")):
        if part is not None:
            left, slack = rate - part, rounding(rate, part)
            word: FindingWord = "not possible as stated" if left < -slack else ""
            bound = "a part cannot be larger than the whole" if word else f"no {other} part is stated"
            statement = f"{kcal_min(part)} {name} of {kcal_min(rate)}"
            yield Finding("parts", statement, f"{{}} left for the {other} part", left, "kcal/min", 1, bound, word)


def _heart_rate(case: Case) -> Iterator[Finding]:
    stated = case.said.vo2_ml_kg_min
    if stated is None or case.said.vo2_basis != "estimated_from_hr":
        return
    yield Finding(
        "heart_rate",
        f"{fmt.plain(stated)} mL/kg/min estimated from heart rate",
        "perhaps as little as {}",
        stated * HEART_RATE_SHARE,
        "mL/kg/min",
        bound=(
            "kettlebell work raises heart rate above what oxygen uptake implies (86.8 % of the maximum at 65.3 % of "
            "VO2max, Farrar 2010), so a line from running or cycling is biased upward; for a line from the same "
            "movement the direction is not known"
        ),
        word="inconclusive",
    )


def _oxygen(case: Case) -> Iterator[Finding]:
    rate = case.said.rate_kcal_min
    statement = f"{kcal_min(rate)} taken as all aerobic"
    litres = case.oxygen(rate)
    yield Finding("oxygen", statement, "an oxygen uptake of {}", litres, "L/min", 2)
    if case.mass is not None:
        statement = f"{kcal_min(rate)} taken as all aerobic, at {case.mass_words}"
        uptake = 1000.0 * litres / case.mass
        bound = _maximum_text(case)
        yield Finding("oxygen_relative", statement, "an oxygen uptake of {}", uptake, "mL/kg/min", 1, bound)


def _maximum_text(case: Case) -> str:
    maximum = case.said.vo2max_ml_kg_min
    return "" if maximum is None else f"the stated VO2max is {fmt.plain(maximum)}"


def _aerobic_words(case: Case) -> str:
    """The aerobic part and how it is known."""
    assert case.aerobic is not None
    text = kcal_min(case.aerobic)
    return f"{text} aerobic" if case.has_parts else f"{text} taken as all aerobic"


def _mass(case: Case) -> Iterator[Finding]:
    if case.implied_mass is None:
        return
    statement = f"{_aerobic_words(case)} at {fmt.plain(case.said.vo2_ml_kg_min or math.nan)} mL/kg/min"
    stated = case.said.body_mass_kg
    word: FindingWord = ""
    bound = "no mass is stated" if stated is None else f"the stated mass is {fmt.plain(stated)} kg"
    if stated is None and not MASSES[0] <= case.implied_mass <= MASSES[1]:
        word, bound = (
            "not possible as stated",
            f"outside the {MASSES[0]:g} to {MASSES[1]:g} kg that groups of people have",
        )
    yield Finding("implied_mass", statement, "a body mass of {}", case.implied_mass, "kg", 1, bound, word)


def _balance(case: Case) -> Iterator[Finding]:
    """Whether stated oxygen uptake and stated mass give the aerobic energy."""
    vo2, mass, aerobic = case.vo2, case.said.body_mass_kg, case.aerobic
    if vo2 is None or mass is None or aerobic is None:
        return
    ends = [vo2 * mass / 1000.0 * factor for factor in (LOWEST_KCAL_L, HIGHEST_KCAL_L)]
    slack = rounding(aerobic if case.has_parts else case.said.rate_kcal_min)
    agrees = ends[0] - slack <= aerobic <= ends[1] + slack
    measured = case.said.vo2_basis == "measured"
    word: FindingWord = "not supported" if not agrees else "supported" if measured else "inconclusive"
    statement = f"{fmt.plain(case.said.vo2_ml_kg_min or math.nan)} mL/kg/min at {fmt.plain(mass)} kg"
    bound = f"stated: {_aerobic_words(case)}"
    yield Finding("balance", statement, "aerobic energy of {}", case.energy(vo2, mass), "kcal/min", 1, bound, word)


def _maximum(case: Case) -> Iterator[Finding]:
    """Whether the aerobic energy is below what VO2max allows."""
    maximum, mass, aerobic = case.said.vo2max_ml_kg_min, case.mass, case.aerobic
    if maximum is None or aerobic is None:
        return
    yield from _share(case, maximum)
    if mass is None:
        return
    ceiling = maximum * mass / 1000.0 * HIGHEST_KCAL_L
    over = aerobic - ceiling > rounding(aerobic)
    word: FindingWord = "possible" if not over else "not possible as stated" if case.has_parts else "inconclusive"
    statement = f"VO2max of {fmt.plain(maximum)} mL/kg/min at {case.mass_words}"
    bound = f"stated: {_aerobic_words(case)}"
    yield Finding("ceiling", statement, "aerobic energy of at most {}", ceiling, "kcal/min", 1, bound, word)
    if over and not case.has_parts:
        excess = aerobic - ceiling
        statement = f"The {fmt.number(excess, 1)} kcal/min above that ceiling for {_minutes(case)}"
        yield _rise("excess_lactate", statement, case.lactate(excess * case.said.minutes, mass))


def _share(case: Case, maximum: float) -> Iterator[Finding]:
    """Of VO2max: the stated uptake, else the uptake that the aerobic energy needs."""
    vo2 = case.vo2
    if vo2 is None and case.mass is not None and case.aerobic is not None:
        vo2 = 1000.0 * case.oxygen(case.aerobic) / case.mass
    if vo2 is None:
        return
    claimed = case.said.vo2_ml_kg_min is not None or case.has_parts
    share, over = 100.0 * vo2 / maximum, vo2 - maximum > rounding(maximum)
    word: FindingWord = "possible" if not over else "not possible as stated" if claimed else "inconclusive"
    statement = f"{fmt.plain(round(vo2, 1))} mL/kg/min of a VO2max of {fmt.plain(maximum)}"
    yield Finding(
        "share_of_vo2max", statement, "{} of VO2max", share, "%", 0, "no more than 100 % can be aerobic", word
    )


def _minutes(case: Case) -> str:
    return f"{fmt.plain(case.said.minutes)} min"


def _rise(name: str, statement: str, rise: float) -> Finding:
    """A net rise of lactate against what is plausible."""
    word: FindingWord = "possible"
    bound = f"up to {DOUBTFUL_RISE_MMOL_L:g} mmol/L is plausible"
    if rise > DOUBTFUL_RISE_MMOL_L:
        word, bound = "inconclusive", f"more than {DOUBTFUL_RISE_MMOL_L:g} mmol/L is doubtful"
    if rise > IMPOSSIBLE_RISE_MMOL_L:
        word = "not possible as stated"
        bound = f"more than {IMPOSSIBLE_RISE_MMOL_L:g} mmol/L is beyond what is possible"
    return Finding(name, statement, "a net rise of blood lactate by {}", rise, "mmol/L", 1, bound, word)


def _lactate(case: Case) -> Iterator[Finding]:
    """What an anaerobic part, as a rate over the minutes, asks of blood lactate."""
    if case.anaerobic is None:
        return
    kcal, mass = case.anaerobic * case.said.minutes, case.mass
    origin = "anaerobic" if case.said.anaerobic_kcal_min is not None else "that is not aerobic"
    statement = f"{kcal_min(case.anaerobic)} {origin} for {_minutes(case)}"
    whole = f"{fmt.number(kcal, 0)} kcal in all, the worth of {{}}"
    yield Finding("anaerobic_oxygen", statement, whole, case.oxygen(kcal), "L of oxygen")
    if mass is None:
        most = case.use.lactate_equivalent * IMPOSSIBLE_RISE_MMOL_L + case.use.alactic_store
        needed = 1000.0 * case.oxygen(kcal) / most
        implies = f"a body of at least {{}}, if lactate is to rise by no more than {IMPOSSIBLE_RISE_MMOL_L:g} mmol/L"
        yield Finding("lactate_mass", statement, implies, needed, "kg", 0)
        return
    rise = _rise("lactate_rise", f"{statement} at {case.mass_words}", case.lactate(kcal, mass))
    yield rise
    if rise.word != "possible":
        statement = f"{fmt.plain(round(case.anaerobic, 4))} kcal read as the total of the bout and not as a rate"
        total = case.lactate(case.anaerobic, mass)
        yield replace(_rise("lactate_if_total", statement, total), word="", bound="our reading, not the authors'")


def _stated_lactate(case: Case) -> Iterator[Finding]:
    """The energy of a stated rise of lactate: once a bout, and spread over the minutes."""
    peak, rest, mass = case.said.lactate_peak_mmol_l, case.said.lactate_rest_mmol_l, case.mass
    if peak is None or mass is None:
        return
    net = peak - (rest or 0.0)
    total = case.energy(net * case.use.lactate_equivalent, mass)
    statement = f"A lactate peak of {fmt.plain(peak)} mmol/L, {_rest_words(rest)}, at {case.mass_words}"
    yield Finding("lactate_energy", statement, "{} once a bout", total, "kcal")
    most = (net * LACTATE_O2_RANGE[1] + ALACTIC_ML_KG) * mass / 1000.0 * HIGHEST_KCAL_L / case.said.minutes
    anaerobic, bound = case.anaerobic, ""
    word: FindingWord = ""
    if anaerobic is not None:
        word = "possible" if anaerobic - rounding(anaerobic) <= most else "not supported"
        bound = f"stated: {kcal_min(anaerobic)} anaerobic; at most {fmt.number(most, 1)} with alactic stores"
    spread = f"{{}} over {_minutes(case)}"
    rate = total / case.said.minutes
    yield Finding("lactate_energy_rate", statement, spread, rate, "kcal/min", 2, bound, word)


def _rest_words(rest: float | None) -> str:
    return "rest not stated (so all of it counts as rise, at most)" if rest is None else f"{fmt.plain(rest)} at rest"


def not_computable(case: Case) -> Iterator[str]:
    """What cannot be computed, each with what was not stated."""
    said, mass = case.said, case.mass is not None
    peak = said.lactate_peak_mmol_l is not None
    anaerobic = case.anaerobic is not None
    checks = (
        ("oxygen uptake per kilogram", True, mass, "body mass"),
        ("implied body mass", True, case.vo2 is not None, "oxygen uptake"),
        ("net rise of lactate", anaerobic, mass, "body mass"),
        ("energy of the lactate rise", anaerobic or said.lactate_rest_mmol_l is not None, peak, "peak lactate"),
        ("energy of the lactate rise", peak, mass, "body mass"),
        ("ceiling of aerobic energy", said.vo2max_ml_kg_min is not None, mass, "body mass"),
        ("share of VO2max", said.vo2max_ml_kg_min is not None, mass or case.vo2 is not None, "oxygen uptake"),
        ("equality of the rate with the pace", said.equal_to_pace_s_per_mile is not None, mass, "body mass"),
        ("energy of the tabulated METs", said.activity is not None, mass, "body mass"),
        (
            "how far oxygen uptake can be trusted",
            case.vo2 is not None,
            said.vo2_basis is not None,
            "its being measured",
        ),
    )
    for what, asked, known, missing in checks:
        if asked and not known:
            yield f"{what}: not computable: {missing} not stated"
