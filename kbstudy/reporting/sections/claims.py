"""The claims and their verdicts."""

from __future__ import annotations

from collections.abc import Iterator

from kbstudy.analysis import Results
from kbstudy.claims import Verdict
from kbstudy.evidence import Audit
from kbstudy.reporting import pictures
from kbstudy.reporting.sections.audits import audited, cannot_be, impossible_claims
from kbstudy.reporting.sections.cells import header
from kbstudy.reporting.tree import Block, Card, Cell, Heading, Row, Table, Text

__all__ = ["verdicts"]


def verdicts(results: Results) -> Iterator[Block]:
    """The board of verdicts, then a card, a picture and the audit for each claim."""
    if not results.verdicts:
        return
    yield Heading("Claims and verdicts")
    yield Table(
        caption="The claims, the verdicts, and what they rest on.",
        header=(header("Claim", "Verdict", "Found", "Certainty"),),
        rows=tuple(_verdict_row(verdict) for verdict in results.verdicts),
        align=("left", "left", "left", "left"),
        notes=(
            "Supported: the whole interval lies where the claim is true. Not supported: none of it does. Inconclusive: "
            "it lies across the border. No evidence: nothing was measured, which is not the same as no effect.",
            *impossible_claims(results),
        ),
        name="verdicts",
    )
    for verdict in results.verdicts:
        yield _card(verdict, results.audits.get(verdict.claim_id))
        figure = pictures.claim(results, verdict)
        if figure:
            yield figure
        yield from audited(results, verdict.claim_id)


def _verdict_row(verdict: Verdict) -> Row:
    claim = f"{verdict.claim_id}: “{verdict.says}”"
    certainty = "–" if verdict.certainty == "none" else verdict.certainty
    return Row((Cell(claim), Cell(verdict.word, bold=True), Cell(verdict.found), Cell(certainty)))


def _card(verdict: Verdict, audit: Audit | None) -> Card:
    texts = [Text(verdict.sentence, "lead")]
    texts += [cannot_be(audit)] if audit is not None and audit.impossible else []
    texts += [Text(text) for text in (verdict.importance, " ".join(verdict.explanation.split())) if text]
    texts += [Text(verdict.certainty_sentence, "small")] if verdict.certainty_sentence else []
    return Card(verdict.word, f"{verdict.claim_id}: “{verdict.says}”", tuple(texts))
