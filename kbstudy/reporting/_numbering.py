"""The numbers of tables and figures, the same for every writer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from kbstudy.reporting.tree import Block, Card, Figure, Table

__all__ = ["Caption", "captions"]


@dataclass(frozen=True, slots=True)
class Caption:
    """A caption with its number: kind ``"Table"`` or ``"Figure"``, counted apart."""

    kind: str
    number: int
    text: str
    name: str

    @property
    def label(self) -> str:
        """What text refers to, as in "Table 2"."""
        return f"{self.kind} {self.number}"


def captions(blocks: Iterable[Block]) -> Iterator[Caption]:
    """The captions of all tables and figures in the order of the document, those inside cards included.

    Examples
    --------
    >>> table = Table("Pain by arm", (), (), ())
    >>> [caption.label for caption in captions([table, Card("note", "A note", (table,))])]
    ['Table 1', 'Table 2']
    """
    count: Counter[str] = Counter()
    for block in _captioned(blocks):
        kind = type(block).__name__
        count[kind] += 1
        yield Caption(kind, count[kind], block.caption, block.name)


def _captioned(blocks: Iterable[Block]) -> Iterator[Table | Figure]:
    for block in blocks:
        if isinstance(block, Card):
            yield from _captioned(block.blocks)
        elif isinstance(block, Table | Figure):
            yield block
