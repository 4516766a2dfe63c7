"""What a planned mixed model needs from the rest of the plan: later visits, their times, equal arms at baseline."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from kbstudy.errors import Problem, did_you_mean
from kbstudy.study.declared import quoted
from kbstudy.study.plan import Analysis, Plan

if TYPE_CHECKING:
    from kbstudy.study.plan_file import Lines, Location

__all__ = ["mixed_problems"]


def mixed_problems(plan: Plan, analysis: Analysis, here: Location, lines: Lines) -> Iterator[Problem]:
    """Contradictions between an mmrm, clda or lmm and the design; none for other methods."""
    outcome = next((item for item in plan.outcomes if item.name == analysis.outcome), None)
    if not analysis.is_mixed or outcome is None:
        return
    visits = plan.visits_after_baseline(outcome)
    yield from _visits(plan, analysis, visits, here, lines)
    yield from _arms(plan, analysis, here, lines)
    yield from _times(plan, analysis, visits, here, lines)


def _visits(plan: Plan, analysis: Analysis, visits: Sequence[str], here: Location, lines: Lines) -> Iterator[Problem]:
    """An estimand after the baseline, and for all but cLDA a second visit after it."""
    assert plan.design is not None
    declared, baseline = plan.design.visit.levels, plan.design.visit.baseline
    asked = analysis.estimand.visit
    if asked in declared and baseline in declared and declared.index(asked) < declared.index(baseline):
        what = f'visit "{asked}" is before the baseline "{baseline}"; "{analysis.method}" needs a later one'
        yield lines.problem((*here, "estimand"), what)
    if analysis.method != "clda" and len(visits) == 1:
        what = f'"{analysis.method}" needs two visits or more after the baseline, and there is one: "{visits[0]}"'
        yield lines.problem((*here, "method"), f'{what}; use "ancova" or "clda"')


def _arms(plan: Plan, analysis: Analysis, here: Location, lines: Lines) -> Iterator[Problem]:
    assert plan.design is not None
    allocation = plan.design.allocation
    if analysis.method == "clda" and allocation != "randomised":
        what = '"clda" holds the arms equal at baseline, which only randomisation makes true'
        yield lines.problem((*here, "method"), f'{what}; allocation is "{allocation}": use "mmrm" or "ancova"')
    if analysis.adjust != "none" and len(plan.arms) == 2:
        what = f'adjust is "{analysis.adjust}", and with two arms there is only one contrast at a visit'
        yield lines.problem((*here, "adjust"), f"{what}; leave it out")


def _times(plan: Plan, analysis: Analysis, visits: Sequence[str], here: Location, lines: Lines) -> Iterator[Problem]:
    """Weeks for every visit of a straight line, and enough visits for a slope of each person."""
    assert plan.design is not None
    if analysis.random == "slope":
        yield from _slope(analysis, visits, here, lines)
    if not analysis.time or analysis.method != "lmm":
        return
    place, declared = (*here, "time"), plan.design.visit.levels
    for visit in analysis.time:
        if visit not in declared:
            hint = did_you_mean(visit, declared) or f"; there is {quoted(declared)}"
            yield lines.problem(place, f'time: visit "{visit}" is not declared{hint}')
    gone = [visit for visit in visits if visit not in analysis.time]
    if gone:
        yield lines.problem(place, f"time has no number of weeks for {quoted(gone)}")
    weeks = [(visit, analysis.time[visit]) for visit in declared if visit in analysis.time]
    for (earlier, before), (later, after) in itertools.pairwise(weeks):
        if not before < after:
            what = f'time says {after:g} weeks for "{later}" and {before:g} for "{earlier}"'
            yield lines.problem(place, f"{what}, which comes before it in the order of the visits")


def _slope(analysis: Analysis, visits: Sequence[str], here: Location, lines: Lines) -> Iterator[Problem]:
    place = (*here, "random")
    if not analysis.time:
        example = ", ".join(f'"{visit}" = {4 * number}' for number, visit in enumerate(visits, start=1))
        what = 'random is "slope", and a slope needs the week of each visit'
        yield lines.problem(place, f"{what}: say time = {{ {example} }} with your own numbers")
    if 1 < len(visits) < 3:
        what = 'random is "slope", and a slope of each person needs three visits or more after the baseline'
        yield lines.problem(place, f'{what}; there are {len(visits)}: use random = "intercept"')
