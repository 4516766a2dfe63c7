"""``analyse(study)``: run the plan."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Final

import pandas as pd

from kbstudy import formatting as fmt
from kbstudy import models
from kbstudy.analysis.asking import adjusted_for, in_words, reference_of
from kbstudy.analysis.describe import describe_baseline, describe_outcomes, means_of_points
from kbstudy.analysis.flow import Flow, flow_of
from kbstudy.analysis.ledgers import ledger_of_one_visit
from kbstudy.analysis.mixed import METHOD_WORDS, mixed_model
from kbstudy.analysis.provenance import provenance_of
from kbstudy.analysis.results import STAMP, Results
from kbstudy.claims import Evidence, Region, Verdict, verdict_on
from kbstudy.errors import PlanError, Problem, StudyError
from kbstudy.estimates import Estimates
from kbstudy.evidence import audit_energy_claim, published_estimates
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
        Estimates, verdicts, audits, descriptions, ledgers and provenance; nothing rendered, nothing written.

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
    if not isinstance(study, Study):
        do = "Give what kb.load returns: kb.analyse(kb.load(folder))."
        raise PlanError(Problem(f"study is a {type(study).__name__}, not a Study", do=do))
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
        audits={claim.id: audit_energy_claim(**claim.audit.arguments()) for claim in study.plan.claims if claim.audit},
        means=_means(study, estimates),
        baseline=describe_baseline(study) if study.has_people else None,
        outcomes=describe_outcomes(study) if study.has_people else None,
        flow=_flow(study, estimates),
    )


# ---- analyses ----------------------------------------------------------------------------------------------------


def _run(study: Study, analysis: Analysis) -> Estimates:
    """One analysis, with the words of its study and a ledger that knows everyone in the files."""
    outcome = study.plan.outcome(analysis.outcome)
    estimates = _fitted(study, analysis, outcome)
    is_share = analysis.method == "responders"
    return estimates.with_(
        title=analysis.title or f"{outcome.title} at {analysis.estimand.visit}: {_what(study, analysis)}",
        outcome=_share_of(analysis, outcome) if is_share else outcome.title,
        unit="" if is_share else outcome.unit_text,
        decimals=2 if is_share else outcome.digits,
        better=outcome.direction,
        adjusted_for=fmt.words(adjusted_for(study, analysis)) if _is_adjusted(analysis) else "",
        stamp=STAMP if study.simulated else "",
        notes=(*estimates.notes, *_cautions(study, analysis, estimates)),
        ledger=estimates.ledger if analysis.is_mixed else ledger_of_one_visit(study, analysis, estimates),
    )


def _fitted(study: Study, analysis: Analysis, outcome: Outcome) -> Estimates:
    """What the method found; what went wrong says in which analysis."""
    try:
        return _METHODS[analysis.method](study, analysis, outcome)
    except StudyError as error:
        raise type(error)([replace(problem, analysis=analysis.name) for problem in error.problems]) from error


def _is_adjusted(analysis: Analysis) -> bool:
    return analysis.method == "ancova" or analysis.is_mixed


def _share_of(analysis: Analysis, outcome: Outcome) -> str:
    """What a responder analysis is about, so that its sentence says a share and not a score."""
    bound = analysis.at_most if analysis.at_least is None else analysis.at_least
    which = "at most" if analysis.at_least is None else "at least"
    return f"The share of people with {outcome.title} of {which} {bound:g} {outcome.unit_text}".strip()


def _what(study: Study, analysis: Analysis) -> str:
    if _is_adjusted(analysis):
        how = METHOD_WORDS.get(analysis.method, analysis.robust)
        return f"difference adjusted for {fmt.words(adjusted_for(study, analysis))}{f' ({how})' if how else ''}"
    if analysis.method == "paired":
        return f"change within {analysis.arm}" if analysis.arm else "change within the group"
    return "share of people who reached the threshold"


def _cautions(study: Study, analysis: Analysis, estimates: Estimates) -> Iterator[str]:
    """What a reader must know that the model itself cannot."""
    assert study.plan.design is not None
    if estimates.compares and (estimates.frame["term"] == estimates.primary).sum() > 1:
        at = f" at {analysis.estimand.visit}" if analysis.is_mixed else ""
        number = "" if analysis.adjust != "none" else " Nothing is adjusted for the number of comparisons."
        yield (
            f"Declared is {analysis.estimand.contrast}{at}; the other differences are shown for completeness.{number}"
        )
    if estimates.compares and study.plan.design.allocation != "randomised":
        yield (
            "People were not (or not known to be) randomised: arms may differ in what was not measured, and adjusting "
            "for baseline does not remove that."
        )


def _ancova(study: Study, analysis: Analysis, outcome: Outcome) -> Estimates:
    table, names = in_words(study, analysis, outcome, [analysis.estimand.visit])
    return models.ancova(
        table,
        names[outcome.name],
        baseline=names[f"{outcome.name}_baseline"],
        arm="arm",
        reference=reference_of(study, analysis),
        covariates=[names[name] for name in analysis.covariates],
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
    name = outcome.title if outcome.title not in table else outcome.name
    return models.paired(
        table.rename(columns={outcome.name: name}),
        name,
        participant=study.participant,
        visit="visit",
        baseline=study.plan.design.visit.baseline,
        followup=analysis.estimand.visit,
        level=analysis.level,
    )


def _responders(study: Study, analysis: Analysis, outcome: Outcome) -> Estimates:
    assert analysis.missing is not None, "the plan asks for it"
    table, names = in_words(study, analysis, outcome, [analysis.estimand.visit])
    return models.responders(
        table,
        names[outcome.name],
        arm="arm",
        reference=reference_of(study, analysis),
        at_most=analysis.at_most,
        at_least=analysis.at_least,
        missing=analysis.missing,
        participant=study.participant,
        level=analysis.level,
        visit=analysis.estimand.visit,
    )


_METHODS: Final[Mapping[str, Callable[[Study, Analysis, Outcome], Estimates]]] = {
    "ancova": _ancova,
    "mmrm": mixed_model,
    "clda": mixed_model,
    "lmm": mixed_model,
    "paired": _paired,
    "responders": _responders,
}


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
            found[analysis.name] = means_of_points(points, visits, study.plan.arms, analysis.level)
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
    inherited = _inherited(study, claim)
    return verdict_on(
        claim.id,
        claim.says,
        _evidence(study, claim, estimates, published),
        region,
        quantity=claim.quantity or _quantity(study, claim),
        smallest_important=claim.smallest_important or (inherited.smallest_important if inherited else None),
        smallest_important_source=claim.smallest_important_source
        or (inherited.smallest_important_source if inherited else ""),
        better=claim.better or (inherited.direction if inherited else ""),
        explanation=claim.explanation,
    )


def _inherited(study: Study, claim: Claim) -> Outcome | None:
    """The outcome whose smallest important difference the claim takes over; a share of people has none."""
    if claim.analysis is None or study.plan.analysis(claim.analysis).method == "responders":
        return None
    return study.plan.outcome(study.plan.analysis(claim.analysis).outcome)


def _quantity(study: Study, claim: Claim) -> str:
    """What the claim is about, where it does not say so itself."""
    if claim.analysis is None:
        return ""
    analysis = study.plan.analysis(claim.analysis)
    title = study.plan.outcome(analysis.outcome).title
    if analysis.method == "paired":
        return f"the change in {title}"
    share = "the share of people who reach the threshold of " if analysis.method == "responders" else ""
    return f"the difference in {share}{title} ({analysis.estimand.contrast})"


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
    row = estimates.row(
        contrast=None if is_paired else analysis.estimand.contrast,
        visit=analysis.estimand.visit,
    )
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
