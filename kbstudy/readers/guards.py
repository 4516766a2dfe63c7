"""Limits on what a file may unpack to, checked before any library opens it.

A library that reads a sheet makes room for every cell up to the furthest one. One damaged reference to a cell far out
ends the whole process, which no ``except`` can catch, so the references are checked first. The references of files that
are not zipped XML (``.xls``, ``.xlsb``) cannot be checked, so such a file is opened in a process of its own first.
"""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from xml.parsers import expat

from kbstudy.errors import Problem, ReadError
from kbstudy.readers.source import Source

__all__ = ["MOST_BYTES", "RECORDING", "TABLE", "Limits", "check_cells", "check_size", "check_workbook"]


@dataclass(frozen=True)
class Limits:
    """What a spreadsheet may hold: cells of one sheet, bytes when it is unpacked; and what to do if it is damaged."""

    cells: int
    unpacked: int
    too_large: str
    damaged: str


#: A three-hour recording of single breaths with 130 columns has about half a million cells.
RECORDING: Final = Limits(
    4_000_000,
    300_000_000,
    "No recording of a session is that large, so the file is not what it seems. Export it again.",
    "Export it again from the device's program, or copy it again.",
)
#: Twenty columns in every row that a spreadsheet program has.
TABLE: Final = Limits(
    20_000_000,
    1_000_000_000,
    "The file is damaged, or not what it seems. If the table is that large, save it as CSV.",
    "Open it in a spreadsheet program, save it under a new name, and read that.",
)
#: Largest recording that is read, in bytes. A three-hour recording of single breaths has about 10 MB.
MOST_BYTES: Final = 200_000_000

_REFERENCE: Final = re.compile(r"([A-Z]{1,3})([1-9]\d{0,6})", re.ASCII)
_COUNT: Final = re.compile(r"[1-9]\d{0,6}", re.ASCII)
_LONGEST_S: Final = 120

#: Opens a workbook from standard input as the readers do, with a limit on memory where there is one.
_TRIAL: Final = """
import io, sys
try:
    import resource
    resource.setrlimit(resource.RLIMIT_AS, (4_000_000_000, 4_000_000_000))
except Exception:
    pass
from python_calamine import CalamineWorkbook, PasswordError
try:
    book = CalamineWorkbook.from_filelike(io.BytesIO(sys.stdin.buffer.read()))
except PasswordError:
    sys.exit(0)
for name in book.sheet_names:
    sheet = book.get_sheet_by_name(name)
    if sheet.total_height * sheet.total_width > int(sys.argv[1]):
        sys.exit("a sheet has too many cells")
    sheet.to_python(skip_empty_area=False)
"""


def check_size(path: str | os.PathLike[str]) -> None:
    """Refuse a file that is too large to be a recording, before its bytes are taken."""
    file = Path(path)
    try:
        size = file.stat().st_size if file.is_file() else 0
    except (OSError, ValueError):
        return  # opening it will say what is wrong
    if size > MOST_BYTES:
        what = f"the file has {size / 1e6:,.0f} MB; at most {MOST_BYTES / 1e6:.0f} MB are read"
        raise ReadError(Problem(what, file=file.name, do=RECORDING.too_large))


def check_cells(source: Source, rows: int, columns: int, limits: Limits = RECORDING) -> None:
    """Refuse a sheet with more cells than it can have."""
    if rows * columns > limits.cells:
        what = f"a sheet has {rows:,} rows and {columns:,} columns; at most {limits.cells:,} cells are read"
        raise source.error(what, limits.too_large)


def check_workbook(source: Source, limits: Limits) -> None:
    """Refuse a spreadsheet that would take far more memory than it should, before a library opens it.

    Parameters
    ----------
    source
        A spreadsheet of any kind: zipped (``.xlsx``, ``.ods``, ``.xlsb``) or old (``.xls``).
    limits
        What it may hold.

    Raises
    ------
    ReadError
        If it unpacks to too much, its cells lie too far out, or it is so damaged that opening it ends a process.
    """
    if not source.data.startswith(b"PK") or _check_zip(source, limits):
        _try_in_a_process(source, limits)


def _damaged(source: Source, limits: Limits, why: str) -> ReadError:
    return source.error(f"the spreadsheet cannot be read and may be damaged {why}", limits.damaged)


# ---- files that cannot be looked into ----------------------------------------------------------------------------


def _try_in_a_process(source: Source, limits: Limits) -> None:
    command = [sys.executable, "-c", _TRIAL, str(limits.cells)]
    try:
        done = subprocess.run(command, input=source.data, capture_output=True, timeout=_LONGEST_S, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise _damaged(source, limits, f"({type(error).__name__})") from None
    if done.returncode != 0:
        last = (done.stderr.decode(errors="replace").strip().splitlines() or ["no reason given"])[-1]
        raise _damaged(source, limits, f"({last[:200]})")


# ---- zipped files ------------------------------------------------------------------------------------------------


def _check_zip(source: Source, limits: Limits) -> bool:
    """Check the parts of an archive; True if some of them are binary, so that nothing is known about their cells."""
    try:
        with zipfile.ZipFile(io.BytesIO(source.data)) as archive:
            _check_sizes(source, archive.infolist(), limits)
            for part in archive.infolist():
                _check_part(source, part.filename, archive, limits)
            return any(_is_binary(part.filename) for part in archive.infolist())
    except ReadError:
        raise
    except Exception as error:  # a damaged archive ends in one of many kinds
        raise _damaged(source, limits, f"({error})") from None


def _is_binary(name: str) -> bool:
    return name.endswith(".bin") and name.startswith("xl/work")


def _check_sizes(source: Source, parts: list[zipfile.ZipInfo], limits: Limits) -> None:
    unpacked = sum(part.file_size for part in parts)
    if unpacked > limits.unpacked:
        what = f"the spreadsheet unpacks to {unpacked / 1e6:,.0f} MB; at most {limits.unpacked / 1e6:,.0f} MB are read"
        raise source.error(what, limits.too_large)


def _check_part(source: Source, name: str, archive: zipfile.ZipFile, limits: Limits) -> None:
    # The size in the directory can lie; reading stops at the limit whatever it says.
    with archive.open(name) as stream:
        content = stream.read(limits.unpacked + 1)
    if len(content) > limits.unpacked:
        raise source.error("the spreadsheet unpacks to more than it says", limits.too_large)
    # A part can have any name, so the content decides; without NULs UTF-16 looks like text.
    if any(word in content.replace(b"\0", b"") for word in (b"sheetData", b"table-row")):
        _check_sheet(source, content, limits)


def _check_sheet(source: Source, xml: bytes, limits: Limits) -> None:
    extent = _Extent(source, limits)
    parser = expat.ParserCreate()
    if not _plainly_small(xml, limits):
        parser.StartElementHandler = extent.start
        parser.EndElementHandler = extent.end
        parser.StartDoctypeDeclHandler = extent.refuse
    try:
        parser.Parse(xml, True)
    except expat.ExpatError as error:
        where = f"its XML at line {error.lineno}: {expat.ErrorString(error.code)}"
        raise _damaged(source, limits, f"({where})") from None


_ROW_OR_CELL: Final = re.compile(rb"<(?:[^\s<>/:]+:)?(?:c|row)[\s/>]")
_PLAIN_ROW: Final = re.compile(rb'<row r="[1-9]\d{0,6}"')
_PLAIN_CELL: Final = re.compile(rb'<c r="([A-Z]{1,3})([1-9]\d{0,6})"')


def _plainly_small(xml: bytes, limits: Limits) -> bool:
    """Whether a search in the bytes settles it, at a third of the time: every row and cell is written the usual way.

    Comments, quoted sections, document types, two-byte encodings, prefixes, cells without a place and the tables of
    ``.ods`` are not usual; the parser looks at them one by one. In either case it refuses what is no XML at all.
    """
    if any(sign in xml for sign in (b"<!", b"\0", b"table-row")):
        return False
    cells = _PLAIN_CELL.findall(xml)
    if len(cells) + len(_PLAIN_ROW.findall(xml)) != len(_ROW_OR_CELL.findall(xml)):
        return False
    columns, rows = {letters for letters, _ in cells}, {number for _, number in cells}
    widest = max((_column(letters.decode()) for letters in columns), default=0)
    return widest * max(map(int, rows), default=0) <= limits.cells


class _Extent:
    """Follows the rows and cells of a sheet as a library would place them, and refuses one that is too large.

    Cells that have only a format count for nothing, as in the library: a person formats whole columns.
    """

    def __init__(self, source: Source, limits: Limits) -> None:
        self.source, self.limits = source, limits
        self.rows = self.row = self.column = self.width = 0
        self.cell_row = self.waiting = 0
        self.inside = False

    def refuse(self, *_: object) -> None:
        raise self.source.error("the spreadsheet's XML declares a document type", "It may be unsafe. Export it again.")

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        match tag.rpartition(":")[2]:
            case "row":
                self.row = self._number(attributes["r"]) if "r" in attributes else self.row + 1
                self.column = 0
            case "c":
                self._cell(attributes.get("r"))
            case "v" | "is" if self.inside:
                self._reach(self.cell_row, self.column)
            case "table":
                self.row = self.column = self.waiting = 0
            case "table-row":
                # empty rows count once a row with a value follows them
                self.row, self.column = self.row + self.waiting, 0
                self.waiting = self._repeats(attributes, "table:number-rows-repeated")
            case "table-cell":
                self._open_cell(attributes)

    def end(self, tag: str) -> None:
        if tag.rpartition(":")[2] == "c":
            self.inside = False

    def _cell(self, reference: str | None) -> None:
        self.inside = True
        if reference is None:
            self.column, self.cell_row = self.column + 1, self.row
            return
        match = _REFERENCE.fullmatch(reference)
        if match is None:
            raise _damaged(self.source, self.limits, f'(a cell stands at "{reference[:20]}")')
        self.column, self.cell_row = _column(match[1]), int(match[2])

    def _open_cell(self, attributes: dict[str, str]) -> None:
        self.column += self._repeats(attributes, "table:number-columns-repeated")
        if any(name.endswith("value-type") for name in attributes):
            self._reach(self.row + self.waiting, self.column)

    def _repeats(self, attributes: dict[str, str], name: str) -> int:
        return self._number(attributes.get(name, "1"))

    def _number(self, text: str) -> int:
        if not _COUNT.fullmatch(text):
            raise _damaged(self.source, self.limits, f'(a row or repetition of "{text[:20]}")')
        return int(text)

    def _reach(self, row: int, column: int) -> None:
        self.rows, self.width = max(self.rows, row), max(self.width, column)
        check_cells(self.source, self.rows, max(self.width, 1), self.limits)


def _column(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number
