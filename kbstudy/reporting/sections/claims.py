"""The claims and their verdicts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from kbstudy import formatting as fmt
from kbstudy.analysis import Results
from kbstudy.claims import Verdict
from kbstudy.evidence import Audit
from kbstudy.reporting import pictures
from kbstudy.reporting._planned import marked
from kbstudy.reporting.sections.audits import audited, cannot_be, impossible_claims
from kbstudy.reporting.sections.cells import header
from kbstudy.reporting.tree import Block, Card, Cell, Heading, Items, Row, Table, Text

__all__ = ["verdicts"]


def verdicts(results: Results) -> Iterator[Block]:
    """The board of verdicts, then for each claim a card, its links, pictures and the audit."""
    if not results.verdicts:
        return
    yield Heading("Claims and verdicts")
    yield _board(results)
    for verdict in results.verdicts:
        yield _card(_title(results, verdict), verdict, results.audits.get(verdict.claim_id))
        if verdict.links:
            yield _links(verdict)
        for judged in verdict.links or (verdict,):
            figure = pictures.claim(results, judged)
            if figure:
                yield figure
        yield from audited(results, verdict.claim_id)


def _board(results: Results) -> Table:
    """One row a claim, in words that need no training."""
    return Table(
        caption="The claims, the verdicts, and why.",
        header=(header("Claim", "Verdict", "In short", "Certainty"),),
        rows=tuple(_verdict_row(_title(results, verdict), verdict) for verdict in results.verdicts),
        align=("left", "left", "left", "left"),
        notes=(*_words_of(results.verdicts), *impossible_claims(results)),
        name="verdicts",
        board=True,
    )


def _words_of(verdicts: Sequence[Verdict]) -> Iterator[str]:
    """What the words mean, once; a verdict of a chain needs a sentence of its own."""
    yield (
        "Supported: the whole interval lies where the claim is true. Not supported: none of it does. Inconclusive: "
        "it lies across the border. No evidence: nothing was measured, which is not the same as no effect."
    )
    if any(verdict.links for verdict in verdicts):
        chains = fmt.words([verdict.claim_id for verdict in verdicts if verdict.links])
        yield f"{chains}: several things at once, judged one by one below; the weakest decides."


def _title(results: Results, verdict: Verdict) -> str:
    return marked(_named(verdict), results.prespecified("claim", verdict.claim_id))


def _named(verdict: Verdict) -> str:
    return f"{verdict.claim_id}: “{verdict.says}”"


def _verdict_row(title: str, verdict: Verdict) -> Row:
    certainty = fmt.MISSING if verdict.certainty == "none" else verdict.certainty
    word = Cell(verdict.word, bold=True, tone=verdict.word)
    return Row((Cell(title), word, Cell(verdict.in_short), Cell(certainty)))


def _card(title: str, verdict: Verdict, audit: Audit | None) -> Card:
    blocks: list[Block] = [Text(verdict.sentence, "lead")]
    blocks += [cannot_be(audit)] if audit is not None and audit.impossible else []
    blocks += [Text(text) for text in (verdict.importance, _plain(verdict.explanation)) if text]
    blocks += _related(verdict)
    blocks += [Text(verdict.settle.sentence)] if verdict.settle else []
    blocks += [Text(text, "small") for text in (_asked_of(verdict), verdict.certainty_sentence) if text]
    return Card(verdict.word, title, tuple(blocks))


def _plain(text: str) -> str:
    return " ".join(text.split())


def _related(verdict: Verdict) -> Iterator[Block]:
    """Other published numbers, so that nobody thinks they were overlooked; of a chain those of its links."""
    found = [Text(text) for text in verdict.related]
    found += [Text(f"{link.claim_id}: {text}") for link in verdict.links for text in link.related]
    if found:
        yield Text("Also published, and not what the verdict rests on:")
        yield Items(tuple(found))


def _asked_of(verdict: Verdict) -> str:
    parts = [f"Asked of: {verdict.population}"] if verdict.population else []
    parts += [f"compared with: {verdict.comparator}"] if verdict.comparator else []
    return f"{'; '.join(parts)}." if parts else ""


def _links(verdict: Verdict) -> Table:
    """Every link of a chain, and which one decides."""
    explained = [f"{link.claim_id}: {_plain(link.explanation)}" for link in verdict.links if link.explanation]
    return Table(
        caption=f"{verdict.claim_id}, link by link. The chain is as strong as its weakest link: {verdict.decided_by}.",
        header=(header("Link", "Verdict", "In short", "Certainty"),),
        rows=tuple(_verdict_row(_named(link), link) for link in verdict.links),
        align=("left", "left", "left", "left"),
        notes=(
            *(f"{link.claim_id}: {link.sentence}" for link in verdict.links if link.evidence.exists),
            *explained,
        ),
        name=f"links-{verdict.claim_id}",
        board=True,
    )
