"""How much hangs on choices: for each claim that declares them, every specification."""

from __future__ import annotations

from collections.abc import Iterator

from kbstudy import formatting as fmt
from kbstudy.analysis import Results
from kbstudy.claims import Multiverse
from kbstudy.claims.specifications import in_words
from kbstudy.reporting import pictures
from kbstudy.reporting.sections.cells import header, text_then_numbers
from kbstudy.reporting.tree import Block, Cell, Heading, Row, Table, Text

__all__ = ["multiverses"]

_WORDS = ("supported", "not supported", "inconclusive")


def multiverses(results: Results) -> Iterator[Block]:
    """The share of specifications with each verdict, the curve, and what each option does."""
    if not results.multiverses:
        return
    yield Heading("Would another choice have changed the verdict?")
    for claim, many in results.multiverses.items():
        says = results.study.plan.claim(claim).says
        yield Heading(f"{claim}: “{says}”", 2)
        yield Text(_held(results, claim, many))
        yield Text(many.sentence())
        yield pictures.specification_curve(results, claim)
        yield _options(claim, many)
        yield Text(many.methods(), "small")


def _held(results: Results, claim: str, many: Multiverse) -> str:
    """In how many specifications the verdict on the claim holds."""
    word = next(verdict.word for verdict in results.verdicts if verdict.claim_id == claim)
    share = many.share(word)
    same, n = round(share * len(many.frame)), len(many.frame)
    return f"The verdict “{word}” holds in {fmt.percent(same, n)} of the defensible specifications."


def _options(claim: str, many: Multiverse) -> Table:
    frame = many.influence()
    unit = f" ({many.unit})" if many.unit else ""
    words = [word for word in _WORDS if many.region is not None and frame[word].sum()]
    rows: list[Row] = []
    for name in dict.fromkeys(frame["choice"]):
        mine = frame[frame["choice"] == name]
        words_of = in_words(name)
        moves = fmt.number(mine["moves"].iloc[0], many.decimals)
        title = f"{words_of[:1].upper()}{words_of[1:]}: moves the estimate by {moves} {many.unit}".strip()
        rows.append(Row((Cell(title, span=3 + len(words)),), group=True))
        for record in mine.to_dict("records"):
            cells = [record["option"], str(record["specifications"])]
            cells += [fmt.number(record["mean_estimate"], many.decimals), *(str(record[word]) for word in words)]
            rows.append(Row(tuple(Cell(text) for text in cells), indent=True))
    return Table(
        caption=f"{claim}: what each option does, over all combinations of the others.",
        header=(header("Option", "Specifications", f"Mean estimate{unit}", *(word.capitalize() for word in words)),),
        rows=tuple(rows),
        align=text_then_numbers(2 + len(words)),
        name=f"multiverse-{claim}",
    )
