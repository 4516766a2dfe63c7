"""``claim.audit``: the numbers that a publication states about energy, and what cannot be meant by them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field, StrictStr, StringConstraints

from kbstudy.errors import Problem
from kbstudy.evidence.audit import Basis, Stated, stated_problems
from kbstudy.study.declared import Declared

if TYPE_CHECKING:
    from kbstudy.study.plan import Claim, Plan
    from kbstudy.study.plan_file import Lines, Location

__all__ = ["EnergyAudit", "audit_problems"]

#: A number without quotation marks; whether it can be meant is asked where the audit is asked.
Number = Annotated[float, Field(strict=True)]
RowId = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]


class EnergyAudit(Declared):
    """``claim.audit``: the arguments of :func:`kbstudy.audit_energy_claim`, and the rows in which they were read."""

    rate_kcal_min: Number
    minutes: Number
    body_mass_kg: Number | None = None
    vo2_ml_kg_min: Number | None = None
    vo2_basis: Basis | None = None
    aerobic_kcal_min: Number | None = None
    anaerobic_kcal_min: Number | None = None
    lactate_peak_mmol_l: Number | None = None
    lactate_rest_mmol_l: Number | None = None
    vo2max_ml_kg_min: Number | None = None
    equal_to_pace_s_per_mile: Number | None = None
    activity: StrictStr | None = None
    stated_in: tuple[RowId, ...] = ()

    def arguments(self) -> dict[str, Any]:
        """What :func:`kbstudy.audit_energy_claim` is called with."""
        return self.model_dump(exclude={"stated_in"})


def audit_problems(plan: Plan, claim: Claim, here: Location, lines: Lines) -> Iterator[Problem]:
    """Numbers of a claim's audit that cannot be meant, and rows without a table to find them in."""
    if claim.audit is None:
        return
    place = (*here, "audit")
    for key, problem in stated_problems(Stated(**claim.audit.arguments())):
        yield lines.problem((*place, key), f"audit: {problem.what}", problem.do)
    if claim.audit.stated_in and not any(source.reader == "published" for source in plan.sources):
        what = 'audit: stated_in names rows, and no source has reader = "published"'
        yield lines.problem((*place, "stated_in"), what)
