"""``[harms]``, ``[adherence]``, ``[[reliability]]``: what is reported beside the analyses of effects."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from kbstudy.errors import Problem, did_you_mean
from kbstudy.study.declared import Declared, Filled, Name

if TYPE_CHECKING:
    from kbstudy.study.plan import Plan
    from kbstudy.study.plan_file import Lines, Location

__all__ = ["Adherence", "Harms", "ReliabilityPlan", "safety_problems"]


class Harms(Declared):
    """``[harms]``: adverse events from a source with ``reader = "events"``, a row an event."""

    kind: Filled | None = None
    serious: Filled | None = None
    exposure: Name
    exposure_unit: Filled
    per: Annotated[float, Field(gt=0)] = 1.0
    ratio: Literal["exact_conditional", "negative_binomial"] = "exact_conditional"
    level: float = Field(default=0.95, gt=0, lt=1)


class Adherence(Declared):
    """``[adherence]``: sessions attended of those planned, covariates of each person."""

    attended: Name
    planned: Name | Annotated[float, Field(gt=0)]
    threshold: Annotated[float, Field(gt=0, le=1)]
    level: float = Field(default=0.95, gt=0, lt=1)


class ReliabilityPlan(Declared):
    """``[[reliability]]``: an outcome measured again without an intervention in between."""

    name: Name
    outcome: Name
    visits: tuple[Filled, ...] = Field(min_length=2)
    arm: str | None = None
    level: float = Field(default=0.95, gt=0, lt=1)


def safety_problems(plan: Plan, lines: Lines) -> Iterator[Problem]:
    """Covariates, events, outcomes and visits that these sections name and nothing declares."""
    numbers = [item.name for item in plan.covariates if item.kind == "number"]
    events = [source for source in plan.sources if source.reader == "events"]
    if plan.harms is not None:
        if not events:
            yield lines.problem(("harms",), 'no source has reader = "events": where are the adverse events?')
        yield from _number("exposure", plan.harms.exposure, numbers, ("harms", "exposure"), lines)
    elif events:
        place: Location = ("source", plan.sources.index(events[0]))
        yield lines.problem(place, 'reader is "events", and there is no [harms] that uses it')
    if len(events) > 1:
        yield lines.problem(("source", plan.sources.index(events[1])), "there is already a source of events")
    if plan.adherence is not None:
        named = [("attended", plan.adherence.attended), ("planned", plan.adherence.planned)]
        for key, name in named:
            if isinstance(name, str):
                yield from _number(key, name, numbers, ("adherence", key), lines)
    for index, declared in enumerate(plan.reliabilities):
        yield from _reliability(plan, declared, ("reliability", index), lines)


def _number(key: str, name: str, known: list[str], place: Location, lines: Lines) -> Iterator[Problem]:
    if name not in known:
        what = f'{key} "{name}" is not a covariate of kind "number"{did_you_mean(name, known)}'
        yield lines.problem(place, what)


def _reliability(plan: Plan, declared: ReliabilityPlan, here: Location, lines: Lines) -> Iterator[Problem]:
    outcome = next((item for item in plan.outcomes if item.name == declared.outcome), None)
    if outcome is None:
        names = [item.name for item in plan.outcomes]
        what = f'outcome "{declared.outcome}" is not declared{did_you_mean(declared.outcome, names)}'
        yield lines.problem((*here, "outcome"), what)
        return
    for visit in declared.visits:
        if plan.design is not None and visit not in plan.visits_of(outcome):
            yield lines.problem((*here, "visits"), f'"{outcome.name}" is not measured at "{visit}"')
    if declared.arm is not None and declared.arm not in plan.arms:
        yield lines.problem((*here, "arm"), f'arm "{declared.arm}" is not declared')
