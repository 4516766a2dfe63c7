"""How wide the columns of a printed table are, for the writers whose medium does not work it out."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from kbstudy.reporting.tree import Align, Cell, Table

__all__ = ["Columns", "columns", "is_crowded", "is_long", "is_short", "placed", "texture"]

_LETTERS_PER_MM = 0.62  # of the writing in tables, before a crowded table is scaled down
_SMALL, _SMALLEST = 0.85, 0.72
_PADDING = 2.5
_LONGEST_WORD = 24
_LONGEST_NUMBER = 14
_TEXT_MM, _EASY = 166.0, 1.25
_TERSE, _WORDY = 22, 60
_SHORT_ROWS, _SHORT_LETTERS, _LONG_LETTERS = 15, 2500, 600


@dataclass(frozen=True, slots=True)
class Columns:
    """Widths as shares of the table, how far its writing is scaled down, and how many letters fit each column.

    ``ease`` is how many times the width is what the longest words need.
    """

    shares: tuple[float, ...]
    scale: float
    letters: tuple[int, ...]
    ease: float


def columns(table: Table, width_mm: float) -> Columns:
    """Give each column what its longest word needs, then share what is left so that rows are low.

    Numbers (right-aligned and centred columns) are kept on one line while there is room.
    """
    room = width_mm * _LETTERS_PER_MM
    least = [_least(table, column) + _PADDING for column in range(len(table.align))]
    most = [max(_most(table, column) + _PADDING, low) for column, low in enumerate(least)]
    scale = min(1.0, max(_SMALLEST, _enough(table, room / sum(least))))
    loads = [_load(table, column) for column in range(len(table.align))]
    widths = _spread(least, most, loads, room / scale)
    shares = tuple(width / sum(widths) for width in widths)
    letters = tuple(max(3, int(share * room / scale - _PADDING)) for share in shares)
    return Columns(shares, scale, letters, room / sum(least))


def _enough(table: Table, ease: float) -> float:
    """The scale at which the longest words fit; a column of sentences is given more, or its rows get tall."""
    return min(ease, max(_SMALL, ease / _EASY)) if "wordy" in texture(table) else ease


def placed(cells: Iterable[Cell]) -> Iterator[tuple[int, Cell]]:
    """Each cell of a row with the number of the column it begins in."""
    at = 0
    for cell in cells:
        yield at, cell
        at += cell.span


def is_long(cells: Iterable[Cell]) -> bool:
    """Whether a row may fill so much of a page that it must be allowed to break, and must not be repeated."""
    return any(len(cell.text) > _LONG_LETTERS for cell in cells)


def is_short(table: Table) -> bool:
    """Whether a table should stay on one page."""
    cells = [cell for row in [*table.header, *(row.cells for row in table.rows)] for cell in row]
    letters = len(table.caption) + sum(map(len, table.notes)) + sum(len(cell.text) for cell in cells)
    return len(table.rows) <= _SHORT_ROWS and letters < _SHORT_LETTERS


def is_crowded(table: Table) -> bool:
    """Whether a table would be easier to read if it were wider than the text."""
    return columns(table, _TEXT_MM).ease < _EASY


def texture(table: Table) -> tuple[str, ...]:
    """For each column of text: ``"terse"`` if all of it is a word or two, ``"wordy"`` if some of it is sentences."""
    longest = [max(map(len, _body(table, column)), default=0) for column in range(len(table.align))]
    names = ["terse" if length <= _TERSE else "wordy" if length > _WORDY else "" for length in longest]
    return tuple(name if align == "left" else "" for name, align in zip(names, table.align, strict=True))


def _spread(least: list[float], most: list[float], loads: list[float], room: float) -> list[float]:
    """Half of what is left at most keeps a word or two on one line; the rest goes where the text is."""
    terse = [high if high <= _TERSE + _PADDING else low for low, high in zip(least, most, strict=True)]
    wish, spare = sum(terse) - sum(least), max(0.0, room - sum(least))
    part = min(1.0, spare / 2 / wish) if wish else 0.0
    low = [low + part * (high - low) for low, high in zip(least, terse, strict=True)]

    def widths(unit: float) -> list[float]:
        return [min(max(unit * load, low), high) for load, low, high in zip(loads, low, most, strict=True)]

    below, above = 0.0, room / min(loads)
    for _ in range(40):
        unit = (below + above) / 2
        below, above = (unit, above) if sum(widths(unit)) < room else (below, unit)
    return widths(below)


def _load(table: Table, column: int) -> float:
    """How much room a column's text is worth: widths in this ratio keep the sum of (length / width) squared least."""
    lengths = [min(len(text), _LONG_LETTERS) for text in _body(table, column)]
    return math.cbrt(max(1, sum(length**2 for length in lengths)))


def _least(table: Table, column: int) -> int:
    header = [len(word) for text in _texts(table.header, column) for word in text.split()]
    body = [_unbreakable(text, table.align[column]) for text in _body(table, column)]
    return max([1, *(min(length, _LONGEST_WORD) for length in [*header, *body])])


def _unbreakable(text: str, align: Align) -> int:
    whole = [text] if align == "left" else text.splitlines()
    parts = [part for line in whole for part in (line.split() if align == "left" or _is_words(line) else [line])]
    return max(map(len, parts), default=0)


def _is_words(line: str) -> bool:
    """Whether a line in a column of numbers says something that is not a number, as "no difference shown" does."""
    return len(line) > _LONGEST_NUMBER and any(len(word) > 3 and word.isalpha() for word in line.split())


def _most(table: Table, column: int) -> int:
    lines = [line for text in [*_texts(table.header, column), *_body(table, column)] for line in text.splitlines()]
    return min(max(map(len, lines), default=1), 4 * _LONGEST_WORD)


def _body(table: Table, column: int) -> Iterator[str]:
    return _texts(tuple(row.cells for row in table.rows if not row.group), column)


def _texts(rows: tuple[tuple[Cell, ...], ...], column: int) -> Iterator[str]:
    """What stands in one column alone; cells that span several columns wrap and do not count."""
    for cells in rows:
        for at, cell in placed(cells):
            if at == column and cell.span == 1:
                yield cell.text
