"""SpreadsheetML 2003 (``.xml``), which no spreadsheet library of Python reads: a small reader that refuses entities."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Final
from xml.parsers import expat

from kbstudy.readers.gas_exchange.sheet import Cell, Sheet
from kbstudy.readers.guards import RECORDING, check_cells
from kbstudy.readers.source import Source

__all__ = ["is_spreadsheetml", "read_spreadsheetml"]

_NAMESPACE: Final = "urn:schemas-microsoft-com:office:spreadsheet"
_SEPARATOR: Final = "|"
_MOST_ROWS: Final = 1_048_576
_MOST_COLUMNS: Final = 16_384


def is_spreadsheetml(data: bytes) -> bool:
    """Whether the bytes start like a SpreadsheetML workbook, in UTF-8 or UTF-16."""
    return _NAMESPACE.encode() in data[:4000].replace(b"\0", b"")


def read_spreadsheetml(source: Source) -> tuple[Sheet, ...]:
    """Read every worksheet.

    Raises
    ------
    ReadError
        If the XML is damaged, declares a document type or entities, or places cells outside any real sheet.

    Notes
    -----
    ``ss:Index`` moves a cell or a row on, ``ss:MergeAcross`` and ``ss:MergeDown`` cover the cells beside and below.
    """
    book = _Book(source)
    parser = expat.ParserCreate(namespace_separator=_SEPARATOR)
    parser.buffer_text = True
    parser.StartElementHandler = book.start
    parser.EndElementHandler = book.end
    parser.CharacterDataHandler = book.text
    parser.StartDoctypeDeclHandler = book.refuse
    parser.EntityDeclHandler = book.refuse
    try:
        parser.Parse(source.data, True)
    except expat.ExpatError as error:
        what = f"the XML is damaged or cut off at line {error.lineno} ({expat.ErrorString(error.code)})"
        raise source.error(what, "Export it again, or copy it again.") from None
    except (ValueError, LookupError) as error:  # an encoding that expat or Python does not know
        raise source.error(f"the XML cannot be decoded ({error})", "Export it again.") from None
    return tuple(Sheet(table.name, table.dense(source)) for table in book.tables)


@dataclass
class _Table:
    name: str
    cells: dict[tuple[int, int], Cell] = field(default_factory=dict)
    covered: set[tuple[int, int]] = field(default_factory=set)
    row: int = -1
    column: int = -1

    def dense(self, source: Source) -> list[list[Cell]]:
        rows = max((row for row, _ in self.cells), default=-1) + 1
        width = max((column for _, column in self.cells), default=-1) + 1
        check_cells(source, rows, width)
        filled: list[list[Cell]] = [[""] * width for _ in range(rows)]
        for (row, column), value in self.cells.items():
            filled[row][column] = value
        return filled


@dataclass
class _Book:
    source: Source
    tables: list[_Table] = field(default_factory=list)
    kind: str = ""
    words: list[str] = field(default_factory=list)
    inside: bool = False

    def refuse(self, *_: object) -> None:
        what = "the XML declares a document type or entities, which no export of a device needs"
        raise self.source.error(what, "It may be unsafe to open. Export the file again.")

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        name = _local(tag)
        if name == "Worksheet":
            self.tables.append(_Table(attributes.get(_ss("Name"), "")))
        elif name == "Row" and self.tables:
            self._row(self.tables[-1], attributes)
        elif name == "Cell" and self.tables:
            self._cell(self.tables[-1], attributes)
        elif name == "Data":
            self.kind, self.words, self.inside = attributes.get(_ss("Type"), "String"), [], True

    def _row(self, table: _Table, attributes: dict[str, str]) -> None:
        table.row = self._index(attributes, table.row, _MOST_ROWS)
        table.column = -1

    def _cell(self, table: _Table, attributes: dict[str, str]) -> None:
        column = self._index(attributes, table.column, _MOST_COLUMNS)
        while (table.row, column) in table.covered and _ss("Index") not in attributes:
            column += 1
        across = self._number(attributes, "MergeAcross", _MOST_COLUMNS)
        down = self._number(attributes, "MergeDown", _MOST_ROWS)
        if len(table.covered) + down * (across + 1) > RECORDING.cells:
            raise self.source.error("merged cells of the sheet cover millions of cells", "Export it again.")
        table.covered.update((table.row + n, column + m) for n in range(1, down + 1) for m in range(across + 1))
        # The value goes to the first cell of the merged ones; the next cell stands after the last of them.
        self.place = (table.row, column)
        table.column = column + across

    def _index(self, attributes: dict[str, str], before: int, most: int) -> int:
        given = self._number(attributes, "Index", most)
        return given - 1 if given else before + 1

    def _number(self, attributes: dict[str, str], name: str, most: int) -> int:
        text = attributes.get(_ss(name), "0")
        if not (text.isascii() and text.isdigit() and len(text) < 9 and int(text) <= most):
            raise self.source.error(f'a cell or row has ss:{name}="{text[:20]}"', "Export the file again.")
        return int(text)

    def text(self, words: str) -> None:
        if self.inside:
            self.words.append(words)

    def end(self, tag: str) -> None:
        if _local(tag) == "Data" and self.inside:
            self.inside = False
            if self.tables and self.tables[-1].row >= 0 and self.tables[-1].column >= 0:
                self.tables[-1].cells[self.place] = _value("".join(self.words), self.kind)


def _local(tag: str) -> str:
    return tag.rpartition(_SEPARATOR)[2]


def _ss(name: str) -> str:
    return f"{_NAMESPACE}{_SEPARATOR}{name}"


def _value(text: str, kind: str) -> Cell:
    try:
        if kind == "Number":
            return float(text)
        if kind == "DateTime":
            return dt.datetime.fromisoformat(text.strip())
    except ValueError:
        return text
    return text == "1" if kind == "Boolean" else text
