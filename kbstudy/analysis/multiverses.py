"""The declared multiverses of a study: a claim's analysis under every combination of the declared choices."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

import pandas as pd

from kbstudy import models
from kbstudy.analysis.published_rates import PublishedRates
from kbstudy.claims import Multiverse, Region
from kbstudy.claims.specifications import multiverse
from kbstudy.estimates import Estimates
from kbstudy.measures.energy import EnergyBudget, Protocol, SessionRules, budget_of
from kbstudy.study import Analysis, Claim, MultiversePlan, Study, is_about_sessions

__all__ = ["multiverse_of"]

#: How one analysis is run; given by the caller, so that this module does not import what imports it.
Run = Callable[[Study, Analysis], Estimates]

_HC3: Final = "ancova_hc3"
#: Options of "method" that are no method of an analysis themselves, and the term of those that are one row of several.
_METHOD: Final = {_HC3: "ancova", "change_score": "side_by_side", "follow_up": "side_by_side"}
_TERM: Final = {"change_score": "difference_in_change", "follow_up": "difference_at_followup"}


def multiverse_of(study: Study, declared: MultiversePlan, run: Run, region: Region, stamp: str) -> Multiverse:
    """Every specification of a declared multiverse.

    Parameters
    ----------
    study, declared
        The study, and one of its ``[[multiverse]]``.
    run
        Runs an analysis of the study.
    region
        The values for which the claim is true.
    stamp
        ``"SIMULATED"`` or nothing.
    """
    claim = study.plan.claim(declared.claim)
    if claim.analysis is None:
        return _of_published(study, claim, declared, region, stamp)
    analysis = study.plan.analysis(claim.analysis)
    outcome = study.plan.outcome(analysis.outcome)
    choices = {name: list(options) for name, options in declared.choices.items()}
    about_sessions = is_about_sessions(study.plan, claim)
    specification: Callable[..., Any] = (
        _Sessions(study, analysis) if about_sessions else _Analyses(study, analysis, run)
    )
    as_declared = _declared_sessions(study, analysis) if about_sessions else _declared_analysis(analysis, claim)
    return multiverse(
        specification,
        choices,
        region=region,
        judged_at=_AtThreshold(region),
        makes_sense=_makes_sense,
        declared={name: option for name, option in as_declared.items() if option in choices.get(name, ())},
        quantity=claim.quantity or outcome.title,
        unit=outcome.unit_text,
        decimals=outcome.digits,
        stamp=stamp,
        progress=False,
    )


def _of_published(study: Study, claim: Claim, declared: MultiversePlan, region: Region, stamp: str) -> Multiverse:
    assert claim.evidence is not None, "the plan asks for it"
    rates = PublishedRates.of(study, claim, declared)
    own = {name: option for name, option in rates.as_declared().items() if option in rates.choices.get(name, ())}
    return multiverse(
        rates,
        rates.choices,
        region=region,
        makes_sense=rates.makes_sense,
        declared=own,
        quantity=claim.quantity,
        unit=claim.evidence.unit,
        decimals=claim.evidence.decimals,
        stamp=stamp,
        progress=False,
    )


def _makes_sense(options: Mapping[str, Any]) -> bool:
    """Uptake per minute of work alone would leave out the rests that it pays for, so EPOC cannot come on top of it."""
    return not (options.get("minutes") == "work only" and options.get("recovery") == "EPOC added")


# ---- sessions ----------------------------------------------------------------------------------------------------


def _declared_sessions(study: Study, analysis: Analysis) -> dict[str, Any]:
    """The options that the sessions were measured by; of folders with different rules, those that they share."""
    rules = [row.session.rules for row in study.sessions_of(analysis)]
    names = ("equation", "rer_above_one", "gaps")
    found = {name: {getattr(one, name) for one in rules} for name in names}
    same = {name: options.pop() for name, options in found.items() if len(options) == 1}
    return {**same, "rest": "gross", "recovery": "left out", "minutes": "session"}


#: Somebody's session under other rules.
_Measured = tuple[str, EnergyBudget, SessionRules]


@dataclass(frozen=True)
class _Sessions:
    """The mean rate of the sessions of an analysis, every one measured again under other rules."""

    study: Study
    analysis: Analysis
    seen: dict[tuple[Any, ...], list[_Measured]] = field(default_factory=dict, compare=False)

    def __call__(
        self,
        equation: str | None = None,
        rer_above_one: str | None = None,
        gaps: str | None = None,
        rest: str = "gross",
        recovery: str = "left out",
        minutes: str = "session",
    ) -> Estimates:
        given = {"equation": equation, "rer_above_one": rer_above_one, "gaps": gaps}
        changes = {name: value for name, value in given.items() if value is not None}
        rows = [
            (person, _rate(budget, rules, rest, recovery, minutes)) for person, budget, rules in self._measured(changes)
        ]
        frame = pd.DataFrame(rows, columns=["participant", "rate"])
        return models.mean(frame, "rate", participant="participant", level=self.analysis.level)

    def _measured(self, changes: dict[str, Any]) -> list[_Measured]:
        """Each session by its own rules with these changes; the bout stays the one that was found."""
        key = tuple(changes.items())
        if key not in self.seen:
            rows = [(row, replace(row.session.rules, **changes)) for row in self.study.sessions_of(self.analysis)]
            self.seen[key] = [
                (row.participant, budget_of(row.session.recording, row.session.bout, rules), rules)
                for row, rules in rows
            ]
        return self.seen[key]


def _rate(budget: EnergyBudget, rules: SessionRules, rest: str, recovery: str, minutes: str) -> float:
    """kcal/min of one session; NaN where it cannot be had (no baseline, no protocol)."""
    kcal = budget.aerobic_kcal if rest == "gross" else budget.aerobic_net_kcal
    kcal += budget.epoc_kcal if recovery == "EPOC added" else 0.0
    share = 1.0
    if minutes == "work only":
        if rules.protocol is None:
            return math.nan
        protocol = Protocol.parse(rules.protocol)
        share = protocol.repeats * protocol.work_s / (protocol.end_s - protocol.start_s)
    return kcal / (budget.minutes * share)


# ---- analyses of a trial -----------------------------------------------------------------------------------------


def _declared_analysis(analysis: Analysis, claim: Claim) -> dict[str, Any]:
    method = _HC3 if analysis.robust else analysis.method
    assert claim.true_if is not None, "only a chain has none, and a chain has no analysis"
    ends = [end for end in (claim.true_if.at_least, claim.true_if.at_most) if end is not None]
    threshold = {"threshold": ends[0]} if len(ends) == 1 else {}
    return {"method": method, "covariates": list(analysis.covariates), **threshold}


@dataclass(frozen=True)
class _Analyses:
    """One analysis with another method or other covariates; the threshold is judged afterwards."""

    study: Study
    analysis: Analysis
    run: Run
    seen: dict[str, pd.Series] = field(default_factory=dict, compare=False)

    def __call__(
        self,
        method: str | None = None,
        covariates: list[str] | None = None,
        threshold: float | None = None,  # noqa: ARG002 - belongs to the verdict, not to the estimate
    ) -> pd.Series:
        changes: dict[str, Any] = {} if covariates is None else {"covariates": tuple(covariates)}
        if method is not None:
            changes |= {"method": _METHOD.get(method, method), "robust": "HC3" if method == _HC3 else None}
        analysis = self.analysis.model_copy(update=changes)
        key = f"{analysis.model_dump_json()} {_TERM.get(method or '')}"
        if key not in self.seen:
            found = self.run(self.study, analysis)
            asked = analysis.estimand
            self.seen[key] = found.row(_TERM.get(method or ""), contrast=asked.contrast, visit=asked.visit)
        return self.seen[key]


@dataclass(frozen=True)
class _AtThreshold:
    """The region of a combination: the claim's, with its own threshold where that is one of the choices."""

    region: Region

    def __call__(self, options: Mapping[str, Any]) -> Region:
        threshold = options.get("threshold")
        if threshold is None:
            return self.region
        at_most = not math.isfinite(self.region.at_least)
        return Region(at_most=float(threshold)) if at_most else Region(at_least=float(threshold))
