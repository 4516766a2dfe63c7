"""Any container to tables of typed cells: workbooks, SpreadsheetML, separated text."""

from __future__ import annotations

import codecs
import csv
import io
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from typing import Final

from kbstudy.readers.gas_exchange.numbers import decimal_places
from kbstudy.readers.gas_exchange.sheet import Cell, Sheet, shown
from kbstudy.readers.gas_exchange.spreadsheetml import is_spreadsheetml, read_spreadsheetml
from kbstudy.readers.gas_exchange.workbooks import read_workbook
from kbstudy.readers.guards import check_cells
from kbstudy.readers.source import WORDS, Source

__all__ = ["load_sheets"]

_SEPARATORS: Final = "\t;,"
_SNIFFED: Final = 2000
#: How many rows above the last one tell how its numbers are written.
_ABOVE: Final = 10
_BOMS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_WANTED: Final = "A gas-exchange export is a spreadsheet (.xlsx, .xls, .ods, .xml) or separated text (.csv, .txt)."
_AGAIN: Final = "Export it again from the device's program, or copy it again."


def load_sheets(source: Source) -> tuple[Sheet, ...]:
    """All tables of a file, by what the file is and not by what it is called.

    Raises
    ------
    ReadError
        If it is something else (a web page, a PDF), damaged, cut off, protected, or far too large.
    """
    if is_spreadsheetml(source.data):
        return read_spreadsheetml(source)
    if source.kind == "spreadsheet":
        return read_workbook(source)
    if source.kind == "delimited":
        return (_text_sheet(source),)
    raise source.error(f"this is {WORDS[source.kind]}, not a table of gas exchange", f"{_WANTED} {_AGAIN}")


# ---- text --------------------------------------------------------------------------------------------------------


def _text_sheet(source: Source) -> Sheet:
    text, ended = _decoded(source)
    place = text.find("\0")
    if place >= 0:
        raise source.error(f"character {place + 1} is a NUL: this is not text, or a damaged file", _AGAIN)
    separator = max(_SEPARATORS, key=lambda mark: _fit(text, mark))
    rows = _split(source, text, separator)
    return Sheet("", rows, None if ended else _without_last(rows))


def _without_last(rows: list[list[Cell]]) -> tuple[int, int] | None:
    """Empty the last cell: of a file that was cut off, ``1234`` may be left as ``12``.

    A number with as many decimals as all the numbers above it is whole.
    """
    if not rows or not rows[-1] or not shown(rows[-1][-1]):
        return None
    position = len(rows[-1]) - 1
    above = {decimal_places(shown(row[position])) for row in rows[-_ABOVE - 1 : -1] if len(row) > position}
    if above == {decimal_places(shown(rows[-1][-1]))} and above != {0}:
        return None
    rows[-1][-1] = ""
    return len(rows) - 1, position


def _decoded(source: Source) -> tuple[str, bool]:
    """The text, and whether it ends as a text does: with a line end, a Ctrl-Z or a closed quotation."""
    for encoding in [*_marked(source.data), "utf-8", "cp1252", "latin-1"]:
        try:
            text = source.data.decode(encoding)
        except UnicodeError:
            continue
        # Old programs end a text file with Ctrl-Z; what stands after it was never part of the text.
        head, mark, tail = text.partition("\x1a")
        marked = bool(mark) and not tail.strip("\x1a\r\n \0")
        text = (head if marked else text).removeprefix("\ufeff")
        return text, marked or text.endswith(("\r", "\n", '"'))
    raise source.error("the text cannot be decoded", _AGAIN)


def _marked(data: bytes) -> list[str]:
    """The encoding that a mark tells, or UTF-16 without a mark: every second byte of Western text is zero."""
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return [encoding]
    sample = data[:2000]
    zeros = (sample[0::2].count(0), sample[1::2].count(0))
    if len(sample) >= 8 and max(zeros) > 0.4 * len(sample) / 2 and min(zeros) < 0.1 * len(sample) / 2:
        return ["utf-16-le" if zeros[1] > zeros[0] else "utf-16-be"]
    return []


def _fit(text: str, separator: str) -> tuple[int, int]:
    """How many rows have the commonest width above one, and that width."""
    widths: Counter[int] = Counter()
    try:
        for row in islice(_reader(text, separator), _SNIFFED):
            widths[len(row)] += any(cell.strip() for cell in row)
    except csv.Error:
        pass  # the rows before the bad one still tell
    return max(((rows, width) for width, rows in widths.items() if width > 1), default=(0, 0))


def _reader(text: str, separator: str) -> Iterator[list[str]]:
    # strict: an unpaired quotation mark would otherwise swallow the rest of the file
    return csv.reader(
        io.StringIO(text, newline=""), delimiter=separator, strict=True, skipinitialspace=separator != "\t"
    )


def _split(source: Source, text: str, separator: str) -> list[list[Cell]]:
    rows: list[list[Cell]] = []
    cells = 0
    try:
        for row in _reader(text, separator):
            rows.append(list(row))
            cells += len(row)
            if cells > 10_000_000:
                check_cells(source, len(rows), len(row))
    except csv.Error as error:
        what = f"quotation marks do not pair, or a cell is far too long ({error})"
        raise source.error(what, _AGAIN, row=len(rows) + 1) from None
    return rows
