"""The ledger of an analysis: everyone in the files, with the study's reasons."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pandas as pd

from kbstudy.estimates import Estimates
from kbstudy.ledger import Ledger
from kbstudy.study import Analysis, Study

__all__ = ["ledger_of_one_visit", "ledger_of_visits"]


def ledger_of_one_visit(study: Study, analysis: Analysis, estimates: Estimates) -> Ledger:
    """The analysis' ledger with the study's reasons, and those without an arm added."""
    assert estimates.ledger is not None
    own = estimates.ledger.frame.assign(outcome=analysis.outcome, visit=analysis.estimand.visit)
    if analysis.arm:
        own["arm"] = analysis.arm
    order = {arm: position for position, arm in enumerate(study.plan.arms)}
    own = own.sort_values("arm", kind="stable", key=lambda arms: arms.map(order))
    whole = _whole(study, analysis)
    why = _why_missing(study, analysis, whole)
    is_out = own["reason"] != ""
    own.loc[is_out, "reason"] = [
        f"{reason} ({why[person]})" if person in why else reason
        for person, reason in zip(own.loc[is_out, "participant"], own.loc[is_out, "reason"], strict=True)
    ]
    never = whole[(whole["status"] == "not randomised") & (whole["visit"] == analysis.estimand.visit)]
    return Ledger.of(pd.concat([own, never]).to_dict("records"))


def ledger_of_visits(
    study: Study, analysis: Analysis, visits: Sequence[str], analysed: set[tuple[str, str]], *, needs_baseline: bool
) -> Ledger:
    """A row a person and visit of a mixed model.

    Parameters
    ----------
    study, analysis
        What was asked.
    visits
        The visits of the model.
    analysed
        Participant and visit of every value that the model used.
    needs_baseline
        Whether somebody without a baseline value cannot be used at any visit.
    """
    whole = _whole(study, analysis)
    lacks = _lacks(study, analysis, whole, needs_baseline=needs_baseline)
    mine = whole[whole["visit"].isin(list(visits))]
    order = {arm: position for position, arm in enumerate(study.plan.arms)}
    place = {visit: position for position, visit in enumerate(visits)}
    mine = mine.sort_values("visit", kind="stable", key=lambda names: names.map(place))
    mine = mine.sort_values("arm", kind="stable", key=lambda arms: arms.map(order))
    return Ledger.of(_fates(mine, analysed, lacks))


def _fates(
    whole: pd.DataFrame, analysed: set[tuple[str, str]], lacks: dict[str, list[str]]
) -> Iterator[dict[str, object]]:
    """The study's rows; a value is analysed if the model used it, else dropped for what the person lacks."""
    for row in whole.to_dict("records"):
        used = (row["participant"], row["visit"]) in analysed
        if row["status"] != "measured":
            assert not used, f"a value of {row['participant']} was analysed that the study does not have"
            yield row
        elif used:
            yield {**row, "status": "analysed", "reason": ""}
        else:
            reason = "; ".join(lacks.get(row["participant"], ())) or "not in the model"
            yield {**row, "status": "dropped", "reason": reason}


def _lacks(study: Study, analysis: Analysis, whole: pd.DataFrame, *, needs_baseline: bool) -> dict[str, list[str]]:
    """What keeps all visits of a person out of a mixed model."""
    assert study.plan.design is not None
    found: dict[str, list[str]] = {}
    baseline = study.plan.design.visit.baseline
    if needs_baseline:
        gone = whole[(whole["visit"] == baseline) & (whole["status"] == "missing")]
        for person, reason in zip(gone["participant"], gone["reason"], strict=True):
            found.setdefault(person, []).append(f"no value at {baseline} ({reason})")
    for covariate in study.plan.covariates:
        if covariate.name in analysis.covariates:
            blank = study.people.loc[study.people[covariate.name].isna(), study.participant]
            for person in blank:
                found.setdefault(person, []).append(f"no value of {covariate.title}")
    return found


def _whole(study: Study, analysis: Analysis) -> pd.DataFrame:
    """The study's ledger of the outcome."""
    frame = study.ledger().frame
    return frame[frame["outcome"] == analysis.outcome]


def _why_missing(study: Study, analysis: Analysis, whole: pd.DataFrame) -> dict[str, str]:
    """For each person who lacks a value that the analysis needs: at which visit, and why."""
    assert study.plan.design is not None
    needed = [analysis.estimand.visit]
    if analysis.method not in ("mean", "responders"):
        needed.insert(0, study.plan.design.visit.baseline)
    gone = whole[whole["visit"].isin(needed) & (whole["status"] == "missing")]
    told: dict[str, list[str]] = {}
    for person, visit, reason in zip(gone["participant"], gone["visit"], gone["reason"], strict=True):
        told.setdefault(person, []).append(reason if len(needed) == 1 else f"{visit}: {reason}")
    return {person: "; ".join(reasons) for person, reasons in told.items()}
