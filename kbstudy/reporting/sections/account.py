"""How it was done, what became of the data, where everything came from."""

from __future__ import annotations

from collections.abc import Iterator

from kbstudy.analysis import Results
from kbstudy.reporting.sections.cells import header
from kbstudy.reporting.sections.sessions import session_methods
from kbstudy.reporting.tree import Block, Cell, Heading, Items, Row, Run, Table, Text
from kbstudy.study.study import AppliedCorrection

__all__ = ["data_account", "methods", "provenance"]


def methods(results: Results) -> Iterator[Block]:
    """The sentences of the methods section, made by the analyses that ran, and their references."""
    yield Heading("Methods")
    beside = [found for found in (results.harms, results.adherence) if found is not None]
    everything = [*results.estimates.values(), *results.published.values(), *beside]
    for sentence in dict.fromkeys(estimates.method for estimates in everything):
        yield Text(sentence)
    yield from (Text(found.method) for found in results.reliabilities.values())
    yield from (Text(family.sentence()) for family in results.families)
    yield from (Text(sentence) for sentence in session_methods(results))
    if results.verdicts:
        yield Text(_VERDICT_RULE)
    for sentence in dict.fromkeys(audit.method for audit in results.audits.values()):
        yield Text(f"Audits of what publications state: {sentence[0].lower()}{sentence[1:]}")
    yield Text(results.provenance.software())
    cited = [found.citations for found in (*results.estimates.values(), *beside)]
    cited += [found.citations for found in results.reliabilities.values()]
    cited += [audit.citations for audit in results.audits.values()]
    references = dict.fromkeys(text for citations in cited for text in citations)
    if references:
        yield Heading("References", 2)
        yield Items(tuple(Text(text) for text in references), ordered=True)


_VERDICT_RULE = (
    "Each claim declares the values of a quantity for which it would be true. It is supported if the whole confidence "
    "interval lies among them, not supported if none of it does, and inconclusive otherwise; without an interval there "
    "is no evidence. Whether an effect reaches the smallest important difference is said separately and never changes "
    "the verdict. Certainty starts high and is lowered one step for each of: no control group, no randomisation, fewer "
    "than 30 people, an outcome estimated instead of measured, one trial only. This is a short list that a program can "
    "check; it does not judge imprecision, risk of bias or loss to follow-up. Nothing is adjusted for several claims."
)


def data_account(results: Results) -> Iterator[Block]:
    """What became of the rows of each file, and the declared corrections."""
    study = results.study
    yield Heading("What became of the data")
    rows = [
        Row(
            (
                Cell(s.file),
                Cell(str(s.rows_read)),
                Cell(str(s.rows_used)),
                Cell("; ".join([*s.rows_out, *s.notes]) or "–"),
            )
        )
        for s in study.sources
    ]
    yield Table(
        caption="Rows of each file; of a folder of recordings, a row is a file."
        if any(s.noun == "recordings" for s in study.sources)
        else "Rows of each file.",
        header=(header("File", "Rows read", "Rows used", "Left out, and what was noticed"),),
        rows=tuple(rows),
        align=("left", "right", "right", "left"),
        name="files",
    )
    if study.corrections:
        yield Table(
            caption="Declared corrections. The raw files were not edited.",
            header=(header("File, row", "Participant", "Column", "Change", "Why", "Who"),),
            rows=tuple(_correction_row(item) for item in study.corrections),
            align=("left",) * 6,
            name="corrections",
        )
    elif study.has_people:
        yield Text("No corrections were declared.")


def _correction_row(item: AppliedCorrection) -> Row:
    said = item.correction
    who = f"{said.participant}, {said.visit}" if said.visit else said.participant
    cells = (f"{item.file}, row {item.row}", who, said.column or "", item.change, said.why, said.who or "not stated")
    return Row(tuple(Cell(text) for text in cells))


def provenance(results: Results) -> Iterator[Block]:
    """Hashes of the inputs, versions, the command."""
    made = results.provenance
    yield Heading("Provenance")
    yield Table(
        caption="Inputs of this report.",
        header=(header("File", "SHA-256"),),
        rows=tuple(Row((Cell(name), Cell(digest))) for name, digest in made.inputs.items()),
        align=("left", "left"),
        name="inputs",
    )
    versions = ", ".join(f"{name} {version}" for name, version in made.packages.items())
    yield Text(
        (
            Run("Made by "),
            Run(made.command, code=True),
            Run(f" with kbstudy {made.kbstudy}, Python {made.python} on {made.platform}; {versions}. "),
            Run(f"Random seed: {made.seed}. The same inputs and software give the same bytes."),
        )
    )
