"""Any container to tables of typed cells: workbooks, SpreadsheetML, separated text."""

from __future__ import annotations

import codecs
import csv
import io
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from typing import Final

from kbstudy.readers.gas_exchange.guards import check_cells
from kbstudy.readers.gas_exchange.sheet import Cell, Sheet
from kbstudy.readers.gas_exchange.spreadsheetml import is_spreadsheetml, read_spreadsheetml
from kbstudy.readers.gas_exchange.workbooks import read_workbook
from kbstudy.readers.source import WORDS, Source

__all__ = ["load_sheets"]

_SEPARATORS: Final = "\t;,"
_SNIFFED: Final = 2000
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
        return (Sheet("", _text_rows(source)),)
    raise source.error(f"this is {WORDS[source.kind]}, not a table of gas exchange", f"{_WANTED} {_AGAIN}")


# ---- text --------------------------------------------------------------------------------------------------------


def _text_rows(source: Source) -> list[list[Cell]]:
    text = _decoded(source)
    place = text.find("\0")
    if place >= 0:
        raise source.error(f"character {place + 1} is a NUL: this is not text, or a damaged file", _AGAIN)
    separator = max(_SEPARATORS, key=lambda mark: _fit(text, mark))
    return _split(source, text, separator)


def _decoded(source: Source) -> str:
    for encoding in [*_marked(source.data), "utf-8", "cp1252", "latin-1"]:
        try:
            text = source.data.decode(encoding)
        except UnicodeError:
            continue
        # Old programs end a text file with Ctrl-Z; what stands after it was never part of the text.
        head, _, tail = text.partition("\x1a")
        return (head if not tail.strip("\x1a\r\n \0") else text).removeprefix("\ufeff")
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
