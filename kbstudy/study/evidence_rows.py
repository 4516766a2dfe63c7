"""The rows that claims name against the table of published numbers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from kbstudy.errors import PlanError, Problem, did_you_mean
from kbstudy.evidence import direction_of, pool_problems
from kbstudy.evidence.published import factor_to
from kbstudy.study.plan_claims import Judged, judged_in
from kbstudy.study.plan_multiverse import SOURCE_UNITS

if TYPE_CHECKING:
    import pandas as pd

    from kbstudy.study.plan import Plan
    from kbstudy.study.plan_file import Lines, Location

__all__ = ["evidence_problems"]


def evidence_problems(plan: Plan, numbers: pd.DataFrame | None, lines: Lines) -> Iterator[Problem]:
    """Rows that are not there, that must not be pooled, or that cannot decide what they are asked to."""
    known = list(numbers.index) if numbers is not None else []
    for index, claim in enumerate(plan.claims):
        places: list[tuple[Location, Sequence[str]]] = []
        for _, judged, inside in judged_in(claim):
            here: Location = ("claim", index, *inside)
            if judged.evidence is not None:
                places.append(((*here, "evidence"), judged.evidence.rows))
            places.append(((*here, "related"), judged.related))
            if numbers is not None:
                yield from _of_one(numbers, judged, (*here, "evidence"), lines)
        if claim.links:
            places.append((("claim", index, "related"), claim.related))
        if claim.audit is not None:
            places.append((("claim", index, "audit", "stated_in"), claim.audit.stated_in))
        if claim.settle is not None and claim.settle.sample_size is not None:
            places.append((("claim", index, "settle", "sample_size", "rows"), claim.settle.sample_size.rows))
        for place, names in places:
            for name in [name for name in names if name not in known]:
                yield lines.problem(place, f'the published table has no row "{name}"{did_you_mean(name, known)}')
    yield from _of_multiverses(plan, numbers, lines)


def _of_multiverses(plan: Plan, numbers: pd.DataFrame | None, lines: Lines) -> Iterator[Problem]:
    """Sources of a multiverse that are not in the table, or that are no rate."""
    known = list(numbers.index) if numbers is not None else []
    for index, declared in enumerate(plan.multiverses):
        place: Location = ("multiverse", index, "choices", "source")
        for name in map(str, declared.choices.get("source", ())):
            if name not in known:
                what = f'choice "source": the published table has no row "{name}"{did_you_mean(name, known)}'
                yield lines.problem(place, what)
            elif numbers is not None and numbers.loc[name, "unit"] not in SOURCE_UNITS:
                unit = numbers.loc[name, "unit"]
                what = f'choice "source": "{name}" is in {unit} and must be in one of {", ".join(SOURCE_UNITS)}'
                yield lines.problem(place, what)


def _of_one(numbers: pd.DataFrame, judged: Judged, here: Location, lines: Lines) -> Iterator[Problem]:
    """What is wrong with the rows a claim or link is judged on, all of which are in the table."""
    evidence = judged.evidence
    if evidence is None or judged.true_if is None:
        return
    if evidence.pooled and all(name in numbers.index for name in evidence.pooled):
        for problem in pool_problems(numbers, evidence.pooled, evidence.unit):
            yield lines.problem((*here, "pooled"), f"pooled: {problem.what}", problem.do)
    for name in [name for name in evidence.rows if name in numbers.index and name not in evidence.pooled]:
        yield from _of_unit(numbers.loc[name], evidence.unit, here, lines)
    if evidence.judged_on in numbers.index and direction_of(numbers.loc[evidence.judged_on]):
        ends = [end for end in (judged.true_if.at_least, judged.true_if.at_most) if end is not None]
        if ends != [0.0]:
            what = f'"{evidence.judged_on}" is a direction without a size, which can only be judged against 0'
            do = "Write true_if = { at_least = 0 } or { at_most = 0 }, or judge on a row with a size."
            yield lines.problem((*here, "judged_on"), what, do)


def _of_unit(row: pd.Series, unit: str, here: Location, lines: Lines) -> Iterator[Problem]:
    try:
        factor_to(row, unit)
    except PlanError as error:
        for problem in error.problems:
            yield lines.problem((*here, "unit"), problem.what, "Rows in other units can stand under related = [...].")
