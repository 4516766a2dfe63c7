"""``analyse(study)``: run the plan."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Final

import pandas as pd

from kbstudy import formatting as fmt
from kbstudy import models
from kbstudy.analysis.asking import adjusted_for
from kbstudy.analysis.describe import describe_baseline, describe_outcomes, means_of_points
from kbstudy.analysis.energy_rates import rates_of
from kbstudy.analysis.families import adjusted_families, named_families
from kbstudy.analysis.flow import Flow, flow_of
from kbstudy.analysis.judging import judge_claims, region_of
from kbstudy.analysis.ledgers import ledger_of_one_visit
from kbstudy.analysis.methods import fit, title_of
from kbstudy.analysis.missing import missing_data
from kbstudy.analysis.mixed import METHOD_WORDS
from kbstudy.analysis.multiverses import multiverse_of
from kbstudy.analysis.planned import Kind, stamped
from kbstudy.analysis.planned_sizes import reconcile
from kbstudy.analysis.pooling_rows import meta_analysis_rows
from kbstudy.analysis.provenance import provenance_of
from kbstudy.analysis.results import STAMP, Results
from kbstudy.analysis.safety import adherence_of, harms_of, reliabilities_of
from kbstudy.analysis.sensitivity import sensitivity_of
from kbstudy.claims import Multiverse
from kbstudy.errors import PlanError, Problem, StudyError
from kbstudy.estimates import Estimates
from kbstudy.evidence import audit_energy_claim
from kbstudy.models.mixed.checks import Checks
from kbstudy.study import MIXED, OF_ONE_ARM, Analysis, Outcome, Study

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
    estimates: dict[str, Estimates] = {}
    for analysis in study.plan.analyses:
        step(f"analysis {analysis.name}")
        estimates[analysis.name] = _run(study, analysis, estimates)
    estimates = named_families(study, estimates)
    estimates = {name: stamped(study, "analysis", name, found) for name, found in estimates.items()}
    step("claims")
    judged = judge_claims(study, estimates)
    return Results(
        study=study,
        provenance=provenance_of(study),
        estimates=estimates,
        published=judged.published,
        pooled=judged.pooled,
        verdicts=judged.verdicts,
        audits={claim.id: audit_energy_claim(**claim.audit.arguments()) for claim in study.plan.claims if claim.audit},
        multiverses=_multiverses(study, step),
        families=adjusted_families(study, estimates),
        sensitivity=sensitivity_of(study, estimates) if study.has_people else None,
        missing=missing_data(study) if study.has_people else (),
        meta_rows=meta_analysis_rows(study) if study.has_people else None,
        checks=_checks(study, estimates),
        harms=_stamped(study, "harms", harms_of(study, STAMP if study.simulated else "")),
        adherence=_stamped(study, "adherence", adherence_of(study, STAMP if study.simulated else "")),
        reliabilities=reliabilities_of(study),
        rates={claim.id: rates for claim in study.plan.claims if (rates := rates_of(study, claim))},
        means=_means(study, estimates),
        baseline=describe_baseline(study) if study.has_people else None,
        outcomes=describe_outcomes(study) if study.has_people else None,
        planned_size=reconcile(study),
        flow=_flow(study, estimates),
    )


def _stamped(study: Study, kind: Kind, found: Estimates | None) -> Estimates | None:
    return None if found is None else stamped(study, kind, kind, found)


# ---- analyses ----------------------------------------------------------------------------------------------------


def _run(study: Study, analysis: Analysis, earlier: Mapping[str, Estimates]) -> Estimates:
    """One analysis, with the words of its study and a ledger that knows everyone in the files."""
    outcome = study.plan.outcome(analysis.outcome)
    estimates = _fitted(study, analysis, outcome, earlier)
    if analysis.method == "equivalence":
        return estimates.with_(title=analysis.title or _title(study, analysis, outcome))
    is_share = analysis.method == "responders"
    is_pure = is_share or analysis.method == "ordinal"
    return estimates.with_(
        title=analysis.title or _title(study, analysis, outcome),
        outcome=_share_of(analysis, outcome) if is_share else _outcome_in(estimates, analysis, outcome),
        unit="" if is_pure else estimates.unit or outcome.unit_text,
        decimals=2 if is_pure else outcome.digits + (analysis.method == "dose_response"),
        better=outcome.direction,
        adjusted_for=fmt.words(adjusted_for(study, analysis)) if _is_adjusted(analysis) else "",
        stamp=STAMP if study.simulated else "",
        notes=(*estimates.notes, *_cautions(study, analysis, estimates)),
        ledger=estimates.ledger if analysis.is_mixed else ledger_of_one_visit(study, analysis, estimates),
    )


def _title(study: Study, analysis: Analysis, outcome: Outcome) -> str:
    return f"{outcome.title} at {analysis.estimand.visit}: {title_of(analysis) or _what(study, analysis)}"


def _outcome_in(estimates: Estimates, analysis: Analysis, outcome: Outcome) -> str:
    """What a method says that its numbers are about, where that is not the outcome itself (a change, for example)."""
    own = analysis.method in ("individual_response", "dose_response", "hold_time")
    return estimates.outcome if own else outcome.title


def _fitted(study: Study, analysis: Analysis, outcome: Outcome, earlier: Mapping[str, Estimates]) -> Estimates:
    """What the method found; what went wrong says in which analysis."""
    try:
        return fit(study, analysis, outcome, earlier)
    except StudyError as error:
        raise type(error)([replace(problem, analysis=analysis.name) for problem in error.problems]) from error


def _is_adjusted(analysis: Analysis) -> bool:
    return analysis.method == "ancova" or analysis.is_mixed


def _share_of(analysis: Analysis, outcome: Outcome) -> str:
    """What a responder analysis is about, so that its sentence says a share and not a score."""
    if analysis.improved_by is not None:
        size = f"{analysis.improved_by:g} {outcome.unit_text}"
        return f"The share of people whose {outcome.title} improved by at least {size}"
    if analysis.improved_by_percent is not None:
        return f"The share of people whose {outcome.title} improved by at least {analysis.improved_by_percent:g}%"
    bound = analysis.at_most if analysis.at_least is None else analysis.at_least
    which = "at most" if analysis.at_least is None else "at least"
    return f"The share of people with {outcome.title} of {which} {bound:g} {outcome.unit_text}".strip()


def _what(study: Study, analysis: Analysis) -> str:
    if _is_adjusted(analysis):
        how = METHOD_WORDS.get(analysis.method, analysis.robust)
        return f"difference adjusted for {fmt.words(adjusted_for(study, analysis))}{f' ({how})' if how else ''}"
    if analysis.method == "paired":
        return f"change within {analysis.arm}" if analysis.arm else "change within the group"
    if analysis.method == "mean":
        return f"mean in {analysis.arm}" if analysis.arm else "mean of the group"
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


def _flow(study: Study, estimates: Mapping[str, Estimates]) -> Flow | None:
    """The flow for the primary analysis, else the first that compares arms, else the first outcome."""
    if not study.has_people or not study.plan.outcomes:
        return None
    ranked = sorted(study.plan.analyses, key=lambda item: (not item.primary, item.method in OF_ONE_ARM))
    if not ranked:
        return flow_of(study, study.plan.outcomes[0].name)
    return flow_of(study, ranked[0].outcome, ranked[0].name, estimates[ranked[0].name].ledger)


def _checks(study: Study, estimates: Mapping[str, Estimates]) -> dict[str, Checks]:
    """Whether the model behind the primary analysis is believable; one refit a participant."""
    primary = next((item for item in study.plan.analyses if item.primary and item.is_mixed), None)
    fit = estimates[primary.name].fit if primary else None
    return {primary.name: fit.check()} if primary and isinstance(fit, models.MixedFit) else {}


#: Methods whose people are drawn from before to after; others have a figure of their own, or share these people.
_DRAWN: Final = ("ancova", "paired", *MIXED)


def _means(study: Study, estimates: Mapping[str, Estimates]) -> dict[str, pd.DataFrame]:
    """Means behind the figures: only where an analysis has everybody's baseline and follow-up."""
    found = {}
    for analysis in study.plan.analyses:
        points = estimates[analysis.name].points
        if analysis.method in _DRAWN and points is not None and {"baseline", "followup"} <= set(points):
            assert study.plan.design is not None
            visits = (study.plan.design.visit.baseline, analysis.estimand.visit)
            found[analysis.name] = means_of_points(points, visits, study.plan.arms, analysis.level)
    return found


def _run_alone(study: Study, analysis: Analysis) -> Estimates:
    return _run(study, analysis, {})


def _multiverses(study: Study, step: Callable[[str], None]) -> dict[str, Multiverse]:
    """Every declared multiverse, by the id of its claim."""
    found = {}
    for declared in study.plan.multiverses:
        step(f"every specification of claim {declared.claim}")
        claim = study.plan.claim(declared.claim)
        found[claim.id] = multiverse_of(study, declared, _run_alone, region_of(claim), STAMP if study.simulated else "")
    return found
