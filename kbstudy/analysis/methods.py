"""One planned analysis: the rows that its method asks for, by names that a reader knows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import pandas as pd

from kbstudy import models
from kbstudy.analysis.asking import in_words, reference_of
from kbstudy.analysis.mixed import mixed_model
from kbstudy.estimates import Estimates
from kbstudy.study import Analysis, Outcome, Study

__all__ = ["METHODS", "Earlier", "fit", "title_of"]

#: Analyses that ran before, by name; equivalence asks one of them.
Earlier = Mapping[str, Estimates]


def fit(study: Study, analysis: Analysis, outcome: Outcome, earlier: Earlier) -> Estimates:
    """What the method of an analysis finds; rows without a visit get the one of the estimand."""
    if analysis.method == "equivalence":
        return _equivalence(analysis, earlier)
    found = METHODS[analysis.method](study, analysis, outcome)
    if found.frame["visit"].isna().all():
        return found.with_(frame=found.frame.assign(visit=analysis.estimand.visit))
    return found


def title_of(analysis: Analysis) -> str:
    """What a method does, for a title; those that say more say it elsewhere."""
    return {
        "side_by_side": "three analyses of the same people",
        "permutation": "arms compared by re-randomisation",
        "individual_response": "do people differ in their response?",
        "ordinal": "arms compared by proportional odds",
        "hold_time": f"held up to {analysis.cap_s:g} s" if analysis.cap_s else "hold times",
        "equivalence": f"equivalence, from {analysis.of}",
        "dose_response": f"change and {analysis.dose} (exploratory)",
        "crossover": "treatments compared within people",
    }.get(analysis.method, "")


def _at_visit(
    study: Study, analysis: Analysis, outcome: Outcome
) -> tuple[pd.DataFrame, dict[str, str], dict[str, Any]]:
    """The rows of the visit, the names of its columns, and what every comparison of arms is told."""
    table, names = in_words(study, analysis, outcome, [analysis.estimand.visit])
    same = {"participant": study.participant, "level": analysis.level, "visit": analysis.estimand.visit}
    return table, names, same


def _of_arms(study: Study, analysis: Analysis) -> dict[str, Any]:
    return {"arm": "arm", "reference": reference_of(study, analysis)}


def _ancova(study: Study, analysis: Analysis, outcome: Outcome) -> Estimates:
    table, names, same = _at_visit(study, analysis, outcome)
    return models.ancova(
        table,
        names[outcome.name],
        baseline=names[f"{outcome.name}_baseline"],
        covariates=[names[name] for name in analysis.covariates],
        robust=analysis.robust,
        interval=analysis.interval,
        resamples=analysis.resamples,
        rng=analysis.seed,
        **_of_arms(study, analysis),
        **same,
    )


def _paired(study: Study, analysis: Analysis, outcome: Outcome) -> Estimates:
    assert study.plan.design is not None
    table = study.table(outcome.name, covariates=())
    if analysis.arm:
        table = table[table["arm"] == analysis.arm]
    name = outcome.title if outcome.title not in table else outcome.name
    return models.paired(
        table.rename(columns={outcome.name: name}),
        name,
        participant=study.participant,
        visit="visit",
        baseline=study.plan.design.visit.baseline,
        followup=analysis.estimand.visit,
        interval=analysis.interval,
        resamples=analysis.resamples,
        rng=analysis.seed,
        level=analysis.level,
    )


def _mean(study: Study, analysis: Analysis, outcome: Outcome) -> Estimates:
    table, names, same = _at_visit(study, analysis, outcome)
    if analysis.arm:
        table = table[table["arm"] == analysis.arm]
    return models.mean(table, names[outcome.name], **same)


def _responders(study: Study, analysis: Analysis, outcome: Outcome) -> Estimates:
    assert analysis.missing is not None, "the plan asks for it"
    table, names, same = _at_visit(study, analysis, outcome)
    return models.responders(
        table,
        names[outcome.name],
        missing=analysis.missing,
        at_most=analysis.at_most,
        at_least=analysis.at_least,
        improved_by=analysis.improved_by,
        improved_by_percent=analysis.improved_by_percent,
        baseline=names[f"{outcome.name}_baseline"] if analysis.uses_baseline else None,
        better=outcome.direction if analysis.uses_baseline else "",
        grid=analysis.grid,
        **_of_arms(study, analysis),
        **same,
    )


def _side_by_side(study: Study, analysis: Analysis, outcome: Outcome) -> Estimates:
    assert study.plan.design is not None
    table, names, same = _at_visit(study, analysis, outcome)
    return models.compare_analyses(
        table,
        names[outcome.name],
        baseline=names[f"{outcome.name}_baseline"],
        covariates=[names[name] for name in analysis.covariates],
        variances=analysis.variances,
        randomised=study.plan.design.allocation == "randomised",
        **_of_arms(study, analysis),
        **same,
    )


def _permutation(study: Study, analysis: Analysis, outcome: Outcome) -> Estimates:
    asked = analysis.model_copy(update={"covariates": (*analysis.covariates, *analysis.strata)})
    table, names, same = _at_visit(study, asked, outcome)
    return models.permutation_test(
        table,
        names[outcome.name],
        baseline=names[f"{outcome.name}_baseline"],
        covariates=[names[name] for name in analysis.covariates],
        strata=[names[name] for name in analysis.strata],
        permutations=analysis.permutations,
        rng=analysis.seed,
        **_of_arms(study, analysis),
        **same,
    )


def _individual_response(study: Study, analysis: Analysis, outcome: Outcome) -> Estimates:
    table, names, same = _at_visit(study, analysis, outcome)
    return models.individual_response(
        table,
        names[outcome.name],
        baseline=names[f"{outcome.name}_baseline"],
        mdc95=analysis.mdc95,
        mic=analysis.mic,
        better=outcome.direction,
        **_of_arms(study, analysis),
        **same,
    )


def _ordinal(study: Study, analysis: Analysis, outcome: Outcome) -> Estimates:
    table, names, same = _at_visit(study, analysis, outcome)
    return models.ordinal(
        table,
        names[outcome.name],
        baseline=names[f"{outcome.name}_baseline"],
        covariates=[names[name] for name in analysis.covariates],
        better=outcome.direction,
        **_of_arms(study, analysis),
        **same,
    )


def _hold_time(study: Study, analysis: Analysis, outcome: Outcome) -> Estimates:
    assert analysis.cap_s is not None, "the plan asks for it"
    table, names, same = _at_visit(study, analysis, outcome)
    same.pop("visit")
    return models.hold_time(
        table, names[outcome.name], cap_s=analysis.cap_s, tau_s=analysis.tau_s, **_of_arms(study, analysis), **same
    )


def _dose_response(study: Study, analysis: Analysis, outcome: Outcome) -> Estimates:
    assert analysis.dose is not None, "the plan asks for it"
    assert analysis.dose_unit is not None, "the plan asks for it"
    asked = analysis.model_copy(update={"covariates": (analysis.dose,)})
    table, names, same = _at_visit(study, asked, outcome)
    same.pop("visit")
    if analysis.arm:
        table = table[table["arm"] == analysis.arm]
    return models.dose_response(
        table,
        names[outcome.name],
        baseline=names[f"{outcome.name}_baseline"],
        dose=names[analysis.dose],
        dose_unit=analysis.dose_unit,
        **same,
    )


def _crossover(study: Study, analysis: Analysis, outcome: Outcome) -> Estimates:
    periods = study.plan.visits_of(outcome)
    table, names = in_words(study, analysis, outcome, periods)
    order = dict(zip(periods, range(2), strict=True))
    whose = zip(table["arm"], table["visit"].astype("str"), strict=True)
    given = [analysis.treatments[arm][order[visit]] for arm, visit in whose]
    table = table.assign(treatment=given, visit=table["visit"].cat.remove_unused_categories())
    reference = str(analysis.estimand.contrast).split(" - ")[-1]
    return models.crossover(
        table,
        names[outcome.name],
        participant=study.participant,
        sequence="arm",
        period="visit",
        treatment="treatment",
        reference=reference,
        method="mixed" if analysis.missing_periods == "mixed" else "within_person",
        level=analysis.level,
    )


def _equivalence(analysis: Analysis, earlier: Earlier) -> Estimates:
    assert analysis.of is not None, "the plan asks for it"
    found = earlier[analysis.of]
    if found.primary_visit:
        rows = found.frame[found.frame["visit"] == analysis.estimand.visit]
        found = found.with_(frame=rows.reset_index(drop=True))
    return models.equivalence(
        found, low=analysis.low, high=analysis.high, alpha=analysis.alpha, contrast=analysis.estimand.contrast
    )


METHODS: Final[Mapping[str, Callable[[Study, Analysis, Outcome], Estimates]]] = {
    "ancova": _ancova,
    "mmrm": mixed_model,
    "clda": mixed_model,
    "lmm": mixed_model,
    "mean": _mean,
    "paired": _paired,
    "responders": _responders,
    "side_by_side": _side_by_side,
    "permutation": _permutation,
    "individual_response": _individual_response,
    "ordinal": _ordinal,
    "hold_time": _hold_time,
    "dose_response": _dose_response,
    "crossover": _crossover,
}
