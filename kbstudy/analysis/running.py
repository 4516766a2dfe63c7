"""``analyse(study)``: run the plan."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import pandas as pd

from kbstudy import models
from kbstudy.analysis.describe import describe_baseline, describe_outcomes, means_of_points
from kbstudy.analysis.flow import Flow, flow_of
from kbstudy.analysis.provenance import provenance_of
from kbstudy.analysis.results import Results
from kbstudy.claims import Evidence, Region, Verdict, verdict_on
from kbstudy.estimates import Estimates
from kbstudy.evidence import published_estimates
from kbstudy.ledger import Ledger
from kbstudy.study import Analysis, Claim, Outcome, Study

__all__ = ["analyse"]


def analyse(study: Study, *, on_step: Callable[[str], None] | None = None) -> Results:
    """Run every analysis that a study declares and judge every claim.

    Parameters
    ----------
    study
        From :func:`kbstudy.load`.
    on_step
        Called with a few words before each step, for a progress display.

    Returns
    -------
    Results
        Estimates, verdicts, descriptions, ledgers and provenance; nothing rendered, nothing written.

    Raises
    ------
    FitError
        If the data cannot answer a planned question, with the analysis named.

    Examples
    --------
    >>> import kbstudy as kb
    >>> results = kb.analyse(kb.load("data/raw/article-claims"))
    >>> results.verdicts[0].word
    'not supported'
    """
    step = on_step or (lambda _: None)
    estimates = {}
    for analysis in study.plan.analyses:
        step(f"analysis {analysis.name}")
        estimates[analysis.name] = _run(study, analysis)
    step("claims")
    published = {claim.id: _published(study, claim) for claim in study.plan.claims if claim.evidence}
    return Results(
        study=study,
        provenance=provenance_of(study),
        estimates=estimates,
        published=published,
        verdicts=tuple(_verdict(study, claim, estimates, published) for claim in study.plan.claims),
        means=_means(study, estimates),
        baseline=describe_baseline(study) if study.has_people else None,
        outcomes=describe_outcomes(study) if study.has_people else None,
        flow=_flow(study, estimates),
    )


# ---- analyses ----------------------------------------------------------------------------------------------------


def _run(study: Study, analysis: Analysis) -> Estimates:
    """One analysis, with the words of its study and a ledger that knows everyone in the files."""
    outcome = study.plan.outcome(analysis.outcome)
    estimates = _METHODS[analysis.method](study, analysis, outcome)
    is_share = analysis.method == "responders"
    return estimates.with_(
        title=analysis.title or f"{outcome.title} at {analysis.estimand.visit}: {_METHOD_WORDS[analysis.method]}",
        outcome=_share_of(analysis, outcome) if is_share else outcome.title,
        unit="" if is_share else outcome.unit_text,
        decimals=2 if is_share else outcome.digits,
        better=outcome.direction,
        ledger=_full_ledger(study, analysis, estimates),
    )


def _share_of(analysis: Analysis, outcome: Outcome) -> str:
    """What a responder analysis is about, so that its sentence says a share and not a score."""
    bound = analysis.at_most if analysis.at_least is None else analysis.at_least
    which = "at most" if analysis.at_least is None else "at least"
    return f"The share of people with {outcome.title.lower()} of {which} {bound:g} {outcome.unit_text}".strip()


_METHOD_WORDS: Final = {
    "ancova": "difference adjusted for baseline",
    "paired": "change within the arm",
    "responders": "share of people who reached the threshold",
}


def _ancova(study: Study, analysis: Analysis, outcome: Outcome) -> Estimates:
    return models.ancova(
        _at(study, analysis),
        outcome.name,
        baseline=f"{outcome.name}_baseline",
        arm="arm",
        reference=_reference(study),
        covariates=analysis.covariates,
        participant=study.participant,
        robust=analysis.robust,
        level=analysis.level,
        visit=analysis.estimand.visit,
    )


def _paired(study: Study, analysis: Analysis, outcome: Outcome) -> Estimates:
    assert study.plan.design is not None
    table = study.table(outcome.name, covariates=())
    if analysis.arm:
        table = table[table["arm"] == analysis.arm]
    return models.paired(
        table,
        outcome.name,
        participant=study.participant,
        visit="visit",
        baseline=study.plan.design.visit.baseline,
        followup=analysis.estimand.visit,
        level=analysis.level,
    )


def _responders(study: Study, analysis: Analysis, outcome: Outcome) -> Estimates:
    assert analysis.missing is not None, "the plan asks for it"
    return models.responders(
        _at(study, analysis),
        outcome.name,
        arm="arm",
        reference=_reference(study),
        at_most=analysis.at_most,
        at_least=analysis.at_least,
        missing=analysis.missing,
        participant=study.participant,
        level=analysis.level,
        visit=analysis.estimand.visit,
    )


_METHODS: Final[Mapping[str, Callable[[Study, Analysis, Outcome], Estimates]]] = {
    "ancova": _ancova,
    "paired": _paired,
    "responders": _responders,
}


def _at(study: Study, analysis: Analysis) -> pd.DataFrame:
    table = study.table(analysis.outcome, covariates=analysis.covariates)
    return table[table["visit"] == analysis.estimand.visit].reset_index(drop=True)


def _reference(study: Study) -> str:
    assert study.plan.design is not None
    assert study.plan.design.arm is not None, "the plan asks for arms"
    return study.plan.design.arm.reference


def _full_ledger(study: Study, analysis: Analysis, estimates: Estimates) -> Ledger:
    """The analysis' ledger with the study's reasons, and those never randomised added."""
    assert estimates.ledger is not None
    own = estimates.ledger.frame.assign(outcome=analysis.outcome, visit=analysis.estimand.visit)
    if analysis.arm:
        own["arm"] = analysis.arm
    order = {arm: position for position, arm in enumerate(study.plan.arms)}
    own = own.sort_values("arm", kind="stable", key=lambda arms: arms.map(order))
    whole = study.ledger().frame
    here = whole[(whole["outcome"] == analysis.outcome) & (whole["visit"] == analysis.estimand.visit)]
    why = here.set_index("participant")["reason"]
    detail = own["participant"].map(why).fillna("")
    explained = own["reason"].where((detail == "") | (own["reason"] == ""), own["reason"] + ": " + detail)
    never = here[here["status"] == "not randomised"]
    return Ledger.of(pd.concat([own.assign(reason=explained), never]).to_dict("records"))


def _flow(study: Study, estimates: Mapping[str, Estimates]) -> Flow | None:
    """The flow for the primary analysis, else the first that compares arms, else the first outcome."""
    if not study.has_people or not study.plan.outcomes:
        return None
    ranked = sorted(study.plan.analyses, key=lambda item: (not item.primary, item.method == "paired"))
    if not ranked:
        return flow_of(study, study.plan.outcomes[0].name)
    return flow_of(study, ranked[0].outcome, ranked[0].name, estimates[ranked[0].name].ledger)


def _means(study: Study, estimates: Mapping[str, Estimates]) -> dict[str, pd.DataFrame]:
    """Means behind the figures: only where an analysis has everybody's baseline and follow-up."""
    found = {}
    for analysis in study.plan.analyses:
        points = estimates[analysis.name].points
        if points is not None and {"baseline", "followup"} <= set(points):
            assert study.plan.design is not None
            visits = (study.plan.design.visit.baseline, analysis.estimand.visit)
            found[analysis.name] = means_of_points(points, visits, study.plan.arms)
    return found


# ---- claims ------------------------------------------------------------------------------------------------------


def _published(study: Study, claim: Claim) -> Estimates:
    assert claim.evidence is not None
    assert study.published is not None, "the plan asks for a published table"
    ids = [claim.evidence.judged_on, *claim.evidence.beside]
    found = published_estimates(
        study.published, ids, unit=claim.evidence.unit, title=f"{claim.id}: published estimates"
    )
    return found.with_(decimals=claim.evidence.decimals, outcome=claim.quantity or found.outcome)


def _verdict(
    study: Study, claim: Claim, estimates: Mapping[str, Estimates], published: Mapping[str, Estimates]
) -> Verdict:
    region = Region(
        -float("inf") if claim.true_if.at_least is None else claim.true_if.at_least,
        float("inf") if claim.true_if.at_most is None else claim.true_if.at_most,
    )
    outcome = study.plan.outcome(study.plan.analysis(claim.analysis).outcome) if claim.analysis else None
    return verdict_on(
        claim.id,
        claim.says,
        _evidence(study, claim, estimates, published),
        region,
        quantity=claim.quantity or (f"the effect on {outcome.title.lower()}" if outcome else ""),
        smallest_important=claim.smallest_important or (outcome.smallest_important if outcome else None),
        smallest_important_source=claim.smallest_important_source
        or (outcome.smallest_important_source if outcome else ""),
        better=claim.better or (outcome.direction if outcome else ""),
        explanation=claim.explanation,
    )


def _evidence(
    study: Study, claim: Claim, estimates: Mapping[str, Estimates], published: Mapping[str, Estimates]
) -> Evidence:
    if claim.analysis:
        return _from_analysis(study, claim, estimates[claim.analysis])
    if claim.evidence:
        return _from_published(study, claim, published[claim.id])
    return Evidence("nothing", simulated=study.simulated)


def _from_analysis(study: Study, claim: Claim, estimates: Estimates) -> Evidence:
    assert claim.analysis is not None
    assert study.plan.design is not None
    analysis = study.plan.analysis(claim.analysis)
    is_paired = analysis.method == "paired"
    row = estimates.row(contrast=None if is_paired else analysis.estimand.contrast)
    return Evidence(
        source="this study",
        estimate=float(row["estimate"]),
        low=float(row["low"]),
        high=float(row["high"]),
        level=estimates.level,
        unit=estimates.unit,
        decimals=estimates.decimals,
        n=int(row["n"]),
        allocation="single group" if is_paired else study.plan.design.allocation,
        is_effect=claim.about == "effect",
        simulated=study.simulated,
    )


def _from_published(study: Study, claim: Claim, estimates: Estimates) -> Evidence:
    assert claim.evidence is not None
    assert study.published is not None
    source, row = study.published.loc[claim.evidence.judged_on], estimates.row()
    return Evidence(
        source=f"{source['study']} ({source['year']})" if source["year"] else str(source["study"]),
        estimate=float(row["estimate"]),
        low=float(row["low"]),
        high=float(row["high"]),
        unit=estimates.unit,
        decimals=estimates.decimals,
        n=0 if pd.isna(row["n"]) else int(row["n"]),
        basis="estimated" if source["basis"] == "estimated" else "measured",
        allocation=str(source["allocation"]),
        is_effect=claim.about == "effect",
        simulated=study.simulated,
    )
