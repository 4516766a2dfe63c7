"""Everything that was computed from a study, ready to be rendered or read by a program."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final

import pandas as pd

from kbstudy.analysis.energy_rates import Rates
from kbstudy.analysis.families import AdjustedFamily
from kbstudy.analysis.flow import Flow
from kbstudy.analysis.missing import MissingData
from kbstudy.analysis.planned import Kind, plan_of, prespecified
from kbstudy.analysis.planned_sizes import Reconciled
from kbstudy.analysis.provenance import Provenance
from kbstudy.claims import Multiverse, Verdict
from kbstudy.estimates import Estimates
from kbstudy.evidence import Audit, Pooled
from kbstudy.ledger import Ledger
from kbstudy.models import Reliability
from kbstudy.models.mixed.checks import Checks
from kbstudy.study import Study

__all__ = ["RESULTS_SCHEMA", "STAMP", "Results"]

RESULTS_SCHEMA: Final = 1

#: What stands on every page, figure and file that comes from made-up data.
STAMP: Final = "SIMULATED"


@dataclass(frozen=True, repr=False)
class Results:
    """What :func:`kbstudy.analyse` returns.

    Parameters
    ----------
    study
        The study it was computed from.
    estimates
        One :class:`~kbstudy.Estimates` a planned analysis, by name.
    published
        For each claim judged on published numbers, their intervals, by claim id (of a link in a chain, ``C10-b``).
    pooled
        For each claim judged on several studies together, their pool, by the same ids.
    verdicts
        One a claim, in the order of ``study.toml``.
    audits
        For each claim that declares the numbers of a publication, what they imply, by claim id. An audit never changes
        a verdict.
    families
        The declared families of tests, adjusted for their number.
    sensitivity
        The primary analysis and those that answer the same question otherwise; ``None`` without such.
    missing
        For each outcome of several visits, who is missing when.
    meta_rows
        What a later meta-analysis needs, a row an outcome, visit and arm.
    planned_size
        What was assumed of the size of the trial beside what was found; ``None`` where it is not declared.
    harms, adherence
        Adverse events by arm, sessions attended; ``None`` where they are not declared.
    reliabilities
        Of outcomes that were measured again, by name.
    checks
        Of the mixed model behind the primary analysis, by its name.
    multiverses
        For each claim that declares one, every specification, by claim id.
    rates
        For each claim about the energy of recorded sessions, each person's rate beside what was claimed, by claim id.
    means
        For each analysis that shows people in a figure, the means of those analysed at its two visits.
    baseline, outcomes
        Plain description by arm; outcomes at each visit.
    flow
        Flow of participants for the primary (else first) analysis; None without participants.
    provenance
        Inputs, software, command.
    """

    study: Study
    provenance: Provenance
    estimates: Mapping[str, Estimates] = field(default_factory=dict)
    published: Mapping[str, Estimates] = field(default_factory=dict)
    pooled: Mapping[str, Pooled] = field(default_factory=dict)
    verdicts: tuple[Verdict, ...] = ()
    audits: Mapping[str, Audit] = field(default_factory=dict)
    families: tuple[AdjustedFamily, ...] = ()
    sensitivity: pd.DataFrame | None = None
    missing: tuple[MissingData, ...] = ()
    meta_rows: pd.DataFrame | None = None
    checks: Mapping[str, Checks] = field(default_factory=dict)
    planned_size: Reconciled | None = None
    harms: Estimates | None = None
    adherence: Estimates | None = None
    reliabilities: Mapping[str, Reliability] = field(default_factory=dict)
    multiverses: Mapping[str, Multiverse] = field(default_factory=dict)
    rates: Mapping[str, Rates] = field(default_factory=dict)
    means: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    baseline: pd.DataFrame | None = None
    outcomes: pd.DataFrame | None = None
    flow: Flow | None = None

    @property
    def stamp(self) -> str:
        """``"SIMULATED"`` or nothing."""
        return STAMP if self.study.simulated else ""

    def ledger(self) -> Ledger:
        """Who is in and who is out of the study, before any analysis."""
        return self.study.ledger()

    def prespecified(self, kind: Kind, name: str) -> bool | None:
        """Whether an analysis, family, claim or multiverse is as it was locked; ``None`` if nothing was locked."""
        return prespecified(self.study, kind, name)

    def to_dict(self) -> dict[str, Any]:
        """Every number: what ``results.json`` holds. People stand in it only as ids of those left out or corrected."""
        content: dict[str, Any] = {
            "schema": RESULTS_SCHEMA,
            "simulated": self.study.simulated,
            "stamp": self.stamp,
            "study": self.study.plan.study.model_dump(),
            "plan": plan_of(self.study),
            "verdicts": [verdict.to_dict() for verdict in self.verdicts],
            "audits": {name: audit.to_dict() for name, audit in self.audits.items()},
            "analyses": {name: _analysis(estimates) for name, estimates in self.estimates.items()},
            "families": [family.to_dict() for family in self.families],
            "sensitivity": _records(self.sensitivity),
            "missing": [one.to_dict() for one in self.missing],
            "planned_size": self.planned_size.to_dict() if self.planned_size else None,
            "harms": self.harms.to_dict() if self.harms else None,
            "adherence": self.adherence.to_dict() if self.adherence else None,
            "reliability": {name: _records(found.frame) for name, found in self.reliabilities.items()},
            "meta_analysis_rows": _records(self.meta_rows),
            "multiverses": {name: many.to_dict() for name, many in self.multiverses.items()},
            "published": {name: estimates.to_dict() for name, estimates in self.published.items()},
            "pooled": {name: pooled.to_dict() for name, pooled in self.pooled.items()},
            "means": {name: _records(frame) for name, frame in self.means.items()},
            "baseline": _records(self.baseline),
            "outcomes": _records(self.outcomes),
            "flow": asdict(self.flow) if self.flow else None,
            "ledger": _records(self.ledger().counts()) if self.study.has_people else [],
            "sessions": [row.to_dict() for row in self.study.sessions],
            "corrections": [
                {**item.correction.model_dump(exclude_none=True), "file": item.file, "row": item.row}
                for item in self.study.corrections
            ],
            "sources": [asdict(source) for source in self.study.sources],
            "provenance": {**asdict(self.provenance), "inputs": self.shared_inputs()},
        }
        return _plain(content)  # type: ignore[no-any-return]

    def shared_inputs(self) -> dict[str, str]:
        """Hashes of the inputs; of a folder of recordings one for all, because the names of the files hold ids."""
        folders = {source.file: source.sha256 for source in self.study.sources if source.noun == "recordings"}
        recorded = self.study.recording_names
        return {name: digest for name, digest in self.study.inputs.items() if name not in recorded} | folders

    def to_json(self) -> str:
        """The text of ``results.json``: full precision, NaN as null, keys in a fixed order."""
        return json.dumps(self.to_dict(), indent=1, ensure_ascii=False, allow_nan=False) + "\n"

    def __str__(self) -> str:
        parts = [str(self.study), *(str(estimates) for estimates in self.estimates.values())]
        return "\n\n".join([*parts, *(self._judged(verdict) for verdict in self.verdicts)])

    def _judged(self, verdict: Verdict) -> str:
        """A verdict, and under it what the audit of its claim says."""
        audit = self.audits.get(verdict.claim_id)
        if audit is None:
            return str(verdict)
        return f"{verdict}\nAudit of the stated numbers. {audit.sentence()} {audit.basis}"

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        shown: list[Any] = [self.study, *self.estimates.values()]
        for verdict in self.verdicts:
            shown += [verdict, *([self.audits[verdict.claim_id]] if verdict.claim_id in self.audits else [])]
        return "<hr>".join(item._repr_html_() for item in shown)


def _analysis(estimates: Estimates) -> dict[str, Any]:
    return {**estimates.to_dict(), "sentence": estimates.sentence(), "ledger": _counts(estimates.ledger)}


def _counts(ledger: Ledger | None) -> list[dict[str, Any]]:
    """People by arm; where an analysis used several visits, first people of any visit (an empty name), then each."""
    if ledger is None:
        return []
    people = ledger.by_person()
    return [*([] if people is ledger else _records(people.counts())), *_records(ledger.counts())]


def _records(frame: pd.DataFrame | None) -> list[dict[str, Any]]:
    return [] if frame is None else frame.astype("object").to_dict("records")


def _plain(value: Any) -> Any:
    """The same content in types that JSON has; NaN and infinity become null and text."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if value is None or value is pd.NA or isinstance(value, bool | str):
        return None if value is pd.NA else value
    number = value.item() if hasattr(value, "item") else value
    if isinstance(number, float) and not math.isfinite(number):
        return None if math.isnan(number) else ("infinity" if number > 0 else "-infinity")
    return number
