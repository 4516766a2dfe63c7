"""Make a report safe to write: legal characters, headings without gaps, words for every picture, tables that add up."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import fields, is_dataclass, replace
from typing import TypeVar, cast

from kbstudy.reporting.tree import Block, Card, Figure, Heading, Report, Table
from kbstudy.safe_text import legal

__all__ = ["ready", "rewrite", "soft"]

T = TypeVar("T")

#: A symbol, its sign and its value stay on one line: n = 20, p < 0.001, t(37) = 2.18.
_EQUATION = re.compile(r"\b(n|p|[tF]\([\d., ]+\)) ([=<>]) (?=[−\d.])")
_DEEPEST = 4


def ready(report: Report) -> Report:
    """The report as the writers need it.

    Raises
    ------
    ValueError
        If a table has no columns, or a row does not cover as many as the table has.
    """
    whole = rewrite(report, _set)
    return replace(
        whole,
        title=whole.title.strip() or "Untitled",
        blocks=_Outline().blocks(whole.blocks),
        stamp=_cut(whole.stamp, 80),
        footer=_cut(whole.footer, 300),
    )


def _set(text: str) -> str:
    """Text as it is printed.

    Examples
    --------
    >>> _set("Usual care (n = 20)") == "Usual care (n\N{NO-BREAK SPACE}=\N{NO-BREAK SPACE}20)"
    True
    """
    return _EQUATION.sub("\\1\N{NO-BREAK SPACE}\\2\N{NO-BREAK SPACE}", legal(text))


def _cut(text: str, length: int) -> str:
    """What stands on every page must leave room for the page."""
    return text if len(text) <= length else text[: length - 1] + "…"


def soft(text: str, limit: int = 24) -> str:
    r"""Text in which words longer than ``limit``, and only those, may break, at every half of ``limit``.

    They break after a mark within that, if there is one. The breaks are zero-width spaces.

    Examples
    --------
    >>> soft("a word verylongword", 6).split("\u200b")
    ['a word ver', 'ylo', 'ngw', 'ord']
    >>> soft("claim.pain.true_if", 16).split("\u200b")
    ['claim.', 'pain.', 'true_if']
    """
    step = max(2, limit // 2)
    return re.sub(rf"[^\s\u200b]{{{limit + 1},}}", lambda word: _pieces(word.group(), step), text)


def _pieces(word: str, length: int) -> str:
    return "\u200b".join(re.findall(rf".{{1,{length}}}$|.{{1,{length - 1}}}[./_=-]|.{{1,{length}}}", word))


def rewrite(value: T, change: Callable[[str], str]) -> T:
    """The same tree with ``change`` applied to every text in it."""
    new: object = value
    if isinstance(value, str):
        new = change(value)
    elif isinstance(value, tuple):
        new = tuple(rewrite(item, change) for item in value)
    elif is_dataclass(value) and not isinstance(value, type):
        new = replace(value, **{field.name: rewrite(getattr(value, field.name), change) for field in fields(value)})
    return cast("T", new)


class _Outline:
    """Walks the blocks in order, remembering how deep the last heading was."""

    def __init__(self) -> None:
        self.depth = 0

    def blocks(self, blocks: tuple[Block, ...]) -> tuple[Block, ...]:
        return tuple(map(self.block, blocks))

    def block(self, block: Block) -> Block:
        match block:
            case Heading():
                self.depth = max(1, min(block.level, self.depth + 1, _DEEPEST))
                return Heading(block.text.strip() or "Untitled", self.depth)
            case Figure():
                return replace(block, alt=block.alt.strip() or block.caption.strip() or "Figure")
            case Table():
                _check(block)
            case Card():
                return replace(block, blocks=self.blocks(block.blocks))
        return block


def _check(table: Table) -> None:
    if not table.align:
        raise ValueError(f'Table "{table.name or table.caption}" has no columns.')
    rows = [*table.header, *(row.cells for row in table.rows if not row.group)]
    for number, cells in enumerate(rows, start=1):
        covered, columns = sum(cell.span for cell in cells), len(table.align)
        if covered != columns:
            place = f'Table "{table.name or table.caption}", row {number} counted without group titles'
            raise ValueError(f"{place}: its cells cover {covered} columns, the table has {columns}.")
