"""What the stated numbers of a claim imply, under the claim."""

from __future__ import annotations

from collections.abc import Iterator

from kbstudy import formatting as fmt
from kbstudy.analysis import Results
from kbstudy.evidence import AUDIT_COLUMNS, Audit, audit_rows, citation
from kbstudy.reporting.sections.cells import header
from kbstudy.reporting.tree import Block, Card, Cell, Row, Run, Table, Text

__all__ = ["audited", "cannot_be", "impossible_claims"]

_WORDS = (
    "Supported, not supported, inconclusive and not possible as stated are said of the statement in the row. Possible: "
    "nothing here speaks against it, which is no support. Where no verdict stands, nothing is held against the value."
)
#: Words that claim nothing and are not printed in bold.
_PLAIN = ("possible", fmt.MISSING)
_NEVER = (
    "An audit is arithmetic on what a publication states. It says whether the numbers can be true together; it is no "
    "evidence of its own and changes no verdict on a claim."
)
_RANGES = "In brackets: what the value becomes when each assumption, one at a time, goes to its plausible ends."


def impossible_claims(results: Results) -> Iterator[str]:
    """Under the board of verdicts: the claims of which a part cannot be."""
    found = [name for name, audit in results.audits.items() if audit.impossible]
    if found:
        yield f"In part not possible as stated, whatever was found: {fmt.words(found)}. The audit under each says why."


def cannot_be(audit: Audit) -> Text:
    """On the card of a claim: the part that is not possible as stated."""
    what = fmt.words([finding.statement for finding in audit.impossible])
    stays = "The audit below says why. The verdict is about what was found, and stays as it is."
    return Text((Run("Not possible as stated:", bold=True), Run(f" {what}. {stays}")))


def audited(results: Results, claim: str) -> Iterator[Block]:
    """The audit of a claim: its verdict, what it hangs on, measured or estimated, and every finding."""
    if claim not in results.audits:
        return
    audit = results.audits[claim]
    texts = (Text(audit.sentence()), Text(audit.basis), Text(_NEVER, "small"))
    yield Card(audit.verdict, f"{claim}, audit: what the stated numbers imply", texts)
    yield Table(
        caption=f"{claim}: the stated numbers, what they imply, and what that is held against.",
        header=(header(*(column.capitalize() for column in AUDIT_COLUMNS)),),
        rows=tuple(_row(cells) for cells in audit_rows(audit)),
        align=("left", "left", "left", "left"),
        notes=(_WORDS, _RANGES, *_sources(results, claim)),
        name=f"audit-{claim}",
    )


def _row(cells: tuple[str, ...]) -> Row:
    *texts, word = cells
    return Row((*map(Cell, texts), Cell(word, bold=word not in _PLAIN)))


def _sources(results: Results, claim: str) -> Iterator[str]:
    """Where the numbers were read, and where the plausible ends of the weakest assumption come from."""
    declared = results.study.plan.claim(claim).audit
    rows = declared.stated_in if declared is not None else ()
    frame = results.study.published
    if rows and frame is not None:
        cited = dict.fromkeys(citation(frame.loc[name]).rstrip(".") for name in rows)
        yield f"The numbers are stated in: {'; '.join(cited)}."
    else:
        yield "Where the numbers are stated is not declared."
    weakest = results.audits[claim].weakest_assumption
    if weakest is not None:
        yield f"Plausible ends of {weakest.words}: {weakest.source.rstrip('.')}."
    yield "Equations and constants: see Methods and References."
