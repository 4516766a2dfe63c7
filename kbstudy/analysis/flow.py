"""The flow of participants, counted from the ledger, and refused if it does not add up."""

from __future__ import annotations

from dataclasses import dataclass

from kbstudy.errors import DataError
from kbstudy.ledger import Ledger
from kbstudy.study import Study

__all__ = ["Flow", "FlowArm", "flow_of"]


@dataclass(frozen=True, slots=True)
class FlowArm:
    """One column of the flow diagram.

    ``visits`` holds ``(visit, with a value, without)`` for the outcome of the flow, in the order of the protocol;
    ``counted`` is how many of those analysed have no value and are counted by a declared rule; ``at_visit``, for a
    model of several visits, is the estimand's visit and how many of those analysed have a value there.
    """

    name: str
    allocated: int
    visits: tuple[tuple[str, int, int], ...]
    analysed: int | None = None
    counted: int = 0
    not_analysed: tuple[tuple[str, int], ...] = ()
    at_visit: tuple[str, int] | None = None


@dataclass(frozen=True, slots=True)
class Flow:
    """Who was in the files, who was allocated to what, who had a value when, who was analysed."""

    in_files: int
    never_allocated: int
    allocation: str
    outcome: str
    analysis: str
    arms: tuple[FlowArm, ...]

    def text(self) -> str:
        """The diagram in words, for those who cannot see it."""
        parts = [f"{self.in_files} people in the files, {self.never_allocated} without an arm."]
        for arm in self.arms:
            seen = ", ".join(f"{visit} {n} with and {out} without a value" for visit, n, out in arm.visits)
            done = f", {arm.analysed} analysed" if arm.analysed is not None else ""
            done += f" ({arm.at_visit[1]} of them with a value at {arm.at_visit[0]})" if arm.at_visit else ""
            done += f" ({arm.counted} of them without a value, by a declared rule)" if arm.counted else ""
            parts.append(f"{arm.name or 'All'}: {arm.allocated} allocated; {seen}{done}.")
        return " ".join(parts)


def flow_of(study: Study, outcome: str, analysis: str = "", ledger: Ledger | None = None) -> Flow:
    """Count the flow for one outcome, and the people analysed if an analysis ledger is given.

    Raises
    ------
    DataError
        If the counts do not reconcile; that would be a defect of kbstudy, and no diagram is better than a wrong one.
    """
    everyone = study.ledger()
    never = everyone.ids("not randomised")
    people = everyone.ids()
    visit = _asked_visit(study, analysis, ledger)
    arms = tuple(_arm(everyone, arm, outcome, ledger, visit) for arm in study.plan.arms)
    assert study.plan.design is not None
    flow = Flow(
        in_files=len(people),
        never_allocated=len(never),
        allocation=study.plan.design.allocation,
        outcome=outcome,
        analysis=analysis,
        arms=arms,
    )
    if not _adds_up(flow):
        raise DataError("the flow of participants does not add up; please report this as a defect of kbstudy")
    return flow


def _adds_up(flow: Flow) -> bool:
    """Arms add up to everyone with an arm, visits to the arm, analysed and not analysed to the arm."""
    whole = flow.in_files - flow.never_allocated == sum(arm.allocated for arm in flow.arms)
    visits = all(n + out == arm.allocated for arm in flow.arms for _, n, out in arm.visits)
    ends = all(
        arm.analysed + sum(n for _, n in arm.not_analysed) == arm.allocated
        for arm in flow.arms
        if arm.analysed is not None
    )
    return whole and visits and ends


def _asked_visit(study: Study, analysis: str, ledger: Ledger | None) -> str:
    """The visit of the estimand where the analysis used several, else nothing."""
    if ledger is None or ledger.frame["visit"].nunique() < 2:
        return ""
    return study.plan.analysis(analysis).estimand.visit


def _arm(everyone: Ledger, arm: str, outcome: str, ledger: Ledger | None, visit: str) -> FlowArm:
    frame = everyone.frame
    mine = frame[(frame["outcome"] == outcome) & (frame["arm"] == arm) & (frame["status"] != "not randomised")]
    visits = tuple(
        (str(visit), int((group["status"] == "measured").sum()), int((group["status"] == "missing").sum()))
        for visit, group in mine.groupby("visit", sort=False)
    )
    allocated = mine["participant"].nunique()
    if ledger is None or not (ledger.frame["arm"] == arm).any():
        return FlowArm(arm, allocated, visits)
    people = ledger.by_person().frame
    out = people[(people["arm"] == arm) & people["status"].isin(["missing", "dropped"])]
    reasons = tuple((str(reason), int(n)) for reason, n in out["reason"].value_counts(sort=False).items())
    at_visit = (visit, len(ledger.ids("analysed", arm=arm, visit=visit))) if visit else None
    counted = len(ledger.ids("counted", arm=arm))
    return FlowArm(arm, allocated, visits, ledger.in_result(arm), counted, reasons, at_visit)
