"""Each assumption at its plausible ends, one at a time: how far findings and verdict move."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import replace

from kbstudy import formatting as fmt
from kbstudy.evidence.audit.assumptions import ASSUMED, Constants
from kbstudy.evidence.audit.case import Case
from kbstudy.evidence.audit.findings import all_findings
from kbstudy.evidence.audit.nouns import WORST_FIRST, Assumption, AuditWord, Finding
from kbstudy.evidence.audit.stated import Stated

__all__ = ["overall", "recomputed"]

#: An assumption's id and the value it is set to.
_End = tuple[str, float]


def recomputed(stated: Stated) -> tuple[tuple[Finding, ...], tuple[Assumption, ...]]:
    """The findings with their ranges, and the assumptions that move something, the weightiest first."""
    plain = tuple(all_findings(Case(stated, Constants())))
    moved = {end: tuple(all_findings(Case(stated, _at(end)))) for end in _ends()}
    findings = tuple(_between(finding, moved.values()) for finding in plain)
    return findings, _by_weight(findings, moved)


def overall(findings: Iterable[Finding]) -> AuditWord:
    """The worst word of the findings; where all are merely possible, there is no evidence."""
    words = {finding.word for finding in findings}
    return next((word for word in WORST_FIRST if word in words), "no evidence")


def _ends() -> Iterator[_End]:
    for assumption in ASSUMED:
        yield assumption.id, assumption.low
        yield assumption.id, assumption.high


def _at(end: _End) -> Constants:
    name, value = end
    return replace(Constants(), **{name: value})


def _between(finding: Finding, moved: Iterable[tuple[Finding, ...]]) -> Finding:
    values = [other.value for findings in moved for other in findings if other.id == finding.id]
    return replace(finding, low=min(finding.value, *values), high=max(finding.value, *values))


def _by_weight(findings: tuple[Finding, ...], moved: dict[_End, tuple[Finding, ...]]) -> tuple[Assumption, ...]:
    """The assumptions that move something, the weightiest first."""
    verdict = overall(findings)
    weighed = [_weigh(assumption, _decisive(findings, verdict), moved) for assumption in ASSUMED]
    changing = [assumption for assumption in weighed if assumption.change > 0]
    return tuple(sorted(changing, key=lambda one: (set(one.verdicts) == {verdict}, -one.change)))


def _decisive(findings: tuple[Finding, ...], verdict: AuditWord) -> tuple[Finding, ...]:
    """The findings that the verdict rests on; if it rests on none, those that are held against something, or all."""
    of_verdict = tuple(finding for finding in findings if finding.word == verdict)
    return of_verdict or tuple(finding for finding in findings if finding.word) or findings


def _weigh(assumption: Assumption, decisive: tuple[Finding, ...], moved: dict[_End, tuple[Finding, ...]]) -> Assumption:
    ends = [moved[assumption.id, end] for end in (assumption.low, assumption.high)]
    values = [{finding.id: finding.value for finding in end} for end in ends]
    changes = {finding.id: _change(finding, values) for finding in decisive}
    top = max(decisive, key=lambda finding: changes[finding.id])
    texts = dict.fromkeys(top.text(end.get(top.id, math.nan), False) for end in values)
    ends_of_it = [text for text in texts if text != top.text(top.value, False)]
    moves = f"{top.implies.format(top.text(top.value))} becomes {fmt.words(ends_of_it, 'or')}"
    verdicts = tuple(overall(end) for end in ends)
    return replace(assumption, finding=top.id, change=changes[top.id], moves=moves, verdicts=verdicts)


def _change(finding: Finding, values: Iterable[dict[str, float]]) -> float:
    """The largest move of a finding's value, as a share of it; rounding in the last bits is no move."""
    if not finding.value:
        return 0.0
    found = max(abs(end.get(finding.id, finding.value) / finding.value - 1.0) for end in values)
    return found if found > 1e-12 else 0.0
