"""``[planned_size]``: what was assumed when the size of the trial was planned."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from kbstudy.errors import Problem, did_you_mean
from kbstudy.study.declared import Declared, Filled, Name

if TYPE_CHECKING:
    from kbstudy.study.plan import Plan
    from kbstudy.study.plan_file import Lines

__all__ = ["PlannedSize", "size_problems"]


class PlannedSize(Declared):
    """``[planned_size]``: the analysis it was planned for, and every assumption with its source."""

    analysis: Name
    n_per_arm: Annotated[int, Field(ge=2)]
    difference: float
    sd: Annotated[float, Field(gt=0)]
    correlation: Annotated[float, Field(ge=0, lt=1)]
    dropout: Annotated[float, Field(ge=0, lt=1)]
    probability: Annotated[float, Field(gt=0, lt=1)] = 0.8
    assumed_from: Filled


def size_problems(plan: Plan, lines: Lines) -> Iterator[Problem]:
    """The planned analysis compares arms after a baseline."""
    if plan.planned_size is None:
        return
    known = {analysis.name: analysis for analysis in plan.analyses}
    name = plan.planned_size.analysis
    if name not in known:
        what = f'analysis "{name}" is not declared{did_you_mean(name, list(known))}'
        yield lines.problem(("planned_size", "analysis"), what)
    elif known[name].estimand.contrast is None or not known[name].uses_baseline:
        what = f'analysis "{name}" compares no arms after a baseline, so its size was not planned so'
        yield lines.problem(("planned_size", "analysis"), what)
