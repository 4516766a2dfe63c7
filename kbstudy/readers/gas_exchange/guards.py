"""Limits on what a file may unpack to, checked before any library opens it.

A library that reads a sheet makes room for every cell up to the furthest one. One damaged reference to a cell far out
ends the whole process, which no ``except`` can catch, so the references are checked first.
"""

from __future__ import annotations

import io
import os
import re
import zipfile
from pathlib import Path
from typing import Final
from xml.parsers import expat

from kbstudy.errors import Problem, ReadError
from kbstudy.readers.source import Source

__all__ = ["MOST_BYTES", "MOST_CELLS", "MOST_UNPACKED", "check_cells", "check_size", "check_zip"]

#: Largest file that is read, in bytes. A three-hour recording of single breaths has about 10 MB.
MOST_BYTES: Final = 200_000_000
#: Largest unpacked content of a zipped spreadsheet, in bytes.
MOST_UNPACKED: Final = 300_000_000
#: Most cells of one sheet. A three-hour recording of single breaths with 130 columns has about half a million.
MOST_CELLS: Final = 4_000_000

_REFERENCE: Final = re.compile(r"([A-Z]{1,3})([1-9]\d{0,6})", re.ASCII)
_COUNT: Final = re.compile(r"[1-9]\d{0,6}", re.ASCII)
_ADVICE: Final = "No recording of a session is that large, so the file is not what it seems. Export it again."
_AGAIN: Final = "Export it again, or copy it again."


def check_size(path: str | os.PathLike[str]) -> None:
    """Refuse a file that is too large to be a recording, before its bytes are taken."""
    file = Path(path)
    try:
        size = file.stat().st_size if file.is_file() else 0
    except (OSError, ValueError):
        return  # opening it will say what is wrong
    if size > MOST_BYTES:
        what = f"the file has {size / 1e6:,.0f} MB; at most {MOST_BYTES / 1e6:.0f} MB are read"
        raise ReadError(Problem(what, file=file.name, do=_ADVICE))


def check_zip(source: Source) -> None:
    """Refuse a zipped spreadsheet that unpacks to far more than it should, or whose cells lie absurdly far out."""
    try:
        with zipfile.ZipFile(io.BytesIO(source.data)) as archive:
            _check_sizes(source, archive.infolist())
            for part in archive.infolist():
                _check_part(source, part.filename, archive)
    except ReadError:
        raise
    except Exception as error:  # a damaged archive ends in one of many kinds
        raise source.error(f"the spreadsheet is damaged ({error})", _AGAIN) from None


def _check_sizes(source: Source, parts: list[zipfile.ZipInfo]) -> None:
    unpacked = sum(part.file_size for part in parts)
    if unpacked > MOST_UNPACKED:
        what = f"the spreadsheet unpacks to {unpacked / 1e6:,.0f} MB; at most {MOST_UNPACKED / 1e6:.0f} MB are read"
        raise source.error(what, _ADVICE)


def _check_part(source: Source, name: str, archive: zipfile.ZipFile) -> None:
    # The size in the directory can lie; reading stops at the limit whatever it says.
    with archive.open(name) as stream:
        content = stream.read(MOST_UNPACKED + 1)
    if len(content) > MOST_UNPACKED:
        raise source.error("the spreadsheet unpacks to more than it says", _ADVICE)
    if name.endswith(".bin") and name.startswith("xl/work"):
        raise source.error("a binary workbook (.xlsb) is not read", "Save it as .xlsx.")
    # A part can have any name, so the content decides; without NULs UTF-16 looks like text.
    if any(word in content.replace(b"\0", b"") for word in (b"sheetData", b"table-row")):
        _check_sheet(source, content)


def _check_sheet(source: Source, xml: bytes) -> None:
    extent = _Extent(source)
    parser = expat.ParserCreate()
    parser.StartElementHandler = extent.start
    parser.StartDoctypeDeclHandler = extent.refuse
    try:
        parser.Parse(xml, True)
    except expat.ExpatError as error:
        what = f"the spreadsheet is damaged (its XML at line {error.lineno}: {expat.ErrorString(error.code)})"
        raise source.error(what, _AGAIN) from None


class _Extent:
    """Follows the rows and cells of a sheet as a library would place them, and refuses one that is too large."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.rows = self.row = self.column = self.width = 0
        self.waiting = 0

    def refuse(self, *_: object) -> None:
        raise self.source.error("the spreadsheet's XML declares a document type", "It may be unsafe. Export it again.")

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        match tag.rpartition(":")[2]:
            case "row":
                self.row = self._number(attributes["r"]) if "r" in attributes else self.row + 1
                self._reach(self.row, self.width)
                self.column = 0
            case "c":
                self._cell(attributes.get("r"))
            case "table":
                self.row = self.column = self.waiting = 0
            case "table-row":
                # empty rows count once a row with a value follows them
                self.row, self.column = self.row + self.waiting, 0
                self.waiting = self._repeats(attributes, "table:number-rows-repeated")
            case "table-cell":
                self._open_cell(attributes)

    def _cell(self, reference: str | None) -> None:
        if reference is None:
            self.column += 1
            return self._reach(self.row, self.column)
        match = _REFERENCE.fullmatch(reference)
        if match is None:
            raise self.source.error(f'the spreadsheet is damaged: a cell stands at "{reference[:20]}"', _AGAIN)
        self.column, row = _column(match[1]), int(match[2])
        return self._reach(row, self.column)

    def _open_cell(self, attributes: dict[str, str]) -> None:
        self.column += self._repeats(attributes, "table:number-columns-repeated")
        if any(name.endswith("value-type") for name in attributes):
            self._reach(self.row + self.waiting, self.column)

    def _repeats(self, attributes: dict[str, str], name: str) -> int:
        return self._number(attributes.get(name, "1"))

    def _number(self, text: str) -> int:
        if not _COUNT.fullmatch(text):
            raise self.source.error(f'the spreadsheet is damaged: a row or repetition of "{text[:20]}"', _AGAIN)
        return int(text)

    def _reach(self, row: int, column: int) -> None:
        self.rows, self.width = max(self.rows, row), max(self.width, column)
        check_cells(self.source, self.rows, max(self.width, 1))


def _column(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number


def check_cells(source: Source, rows: int, columns: int) -> None:
    """Refuse a sheet with more cells than a recording can have."""
    if rows * columns > MOST_CELLS:
        what = f"a sheet has {rows:,} rows and {columns:,} columns; at most {MOST_CELLS:,} cells are read"
        raise source.error(what, _ADVICE)
