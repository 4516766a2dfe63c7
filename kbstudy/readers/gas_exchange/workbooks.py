"""Workbooks by python-calamine: zipped ones after a check, old ``.xls`` files in a process of their own."""

from __future__ import annotations

import io
import pickle
import subprocess
import sys
from typing import TYPE_CHECKING, Final

from kbstudy.readers.excel_errors import error_cells
from kbstudy.readers.gas_exchange.guards import check_cells, check_zip
from kbstudy.readers.gas_exchange.sheet import Cell, Sheet
from kbstudy.readers.source import Source

if TYPE_CHECKING:
    from python_calamine import CalamineSheet, CalamineWorkbook

__all__ = ["read_workbook"]

_AGAIN: Final = "Export it again from the device's program, or copy it again."
_LONGEST_S: Final = 120

#: Reads a workbook from standard input. The references of an .xls file cannot be checked beforehand, and one that lies
#: far out ends the process that reads it; so that is a process of its own, with a limit on memory where there is one.
_CHILD: Final = """
import io, pickle, sys
try:
    import resource
    resource.setrlimit(resource.RLIMIT_AS, (4_000_000_000, 4_000_000_000))
except Exception:
    pass
from python_calamine import CalamineWorkbook
book = CalamineWorkbook.from_filelike(io.BytesIO(sys.stdin.buffer.read()))
sheets = []
for name in book.sheet_names:
    sheet = book.get_sheet_by_name(name)
    if sheet.total_height * sheet.total_width > 4_000_000:
        sys.exit("a sheet has too many cells")
    sheets.append((name, sheet.to_python(skip_empty_area=False)))
sys.stdout.buffer.write(pickle.dumps(sheets))
"""


def read_workbook(source: Source) -> tuple[Sheet, ...]:
    """Every sheet of a workbook.

    Raises
    ------
    ReadError
        If it is damaged, protected by a password, or has absurdly many cells.
    """
    if not source.data.startswith(b"PK"):
        return _in_a_process(source)
    check_zip(source)
    book = _opened(source)
    return tuple(Sheet(name, _rows(source, _sheet(source, book, name))) for name in book.sheet_names)


def _opened(source: Source) -> CalamineWorkbook:
    from python_calamine import CalamineWorkbook, PasswordError

    try:
        return CalamineWorkbook.from_filelike(io.BytesIO(source.data))
    except PasswordError:
        raise source.error("the spreadsheet is protected by a password", "Save a copy without it.") from None
    except BaseException as error:
        raise _damaged(source, error) from None


def _sheet(source: Source, book: CalamineWorkbook, name: str) -> CalamineSheet:
    try:
        return book.get_sheet_by_name(name)
    except BaseException as error:
        raise _damaged(source, error) from None


def _damaged(source: Source, error: BaseException) -> BaseException:
    # A panic of the library is not an Exception; an interrupt by the user is not a damaged file.
    if isinstance(error, KeyboardInterrupt | SystemExit | MemoryError):
        return error
    return source.error(f"the spreadsheet cannot be read and may be damaged ({error})", _AGAIN)


def _rows(source: Source, sheet: CalamineSheet) -> list[list[Cell]]:
    check_cells(source, sheet.total_height, sheet.total_width)
    try:
        rows = [[_typed(cell) for cell in row] for row in sheet.to_python(skip_empty_area=False)]
    except BaseException as error:
        raise _damaged(source, error) from None
    for (row, column), text in (error_cells(source.data, sheet.name) or {}).items():
        if row <= len(rows) and column <= len(rows[row - 1]):
            rows[row - 1][column - 1] = text
    return rows


def _typed(cell: Cell | int) -> Cell:
    return float(cell) if isinstance(cell, int) and not isinstance(cell, bool) else cell


def _in_a_process(source: Source) -> tuple[Sheet, ...]:
    command = [sys.executable, "-c", _CHILD]
    try:
        done = subprocess.run(command, input=source.data, capture_output=True, timeout=_LONGEST_S, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise source.error(f"the .xls file could not be read ({type(error).__name__})", "Save it as .xlsx.") from None
    if done.returncode != 0:
        last = (done.stderr.decode(errors="replace").strip().splitlines() or ["no reason given"])[-1]
        raise source.error(
            f"the .xls file cannot be read and may be damaged ({last[:200]})", f"{_AGAIN} Or save it as .xlsx."
        )
    return tuple(
        Sheet(name, [[_typed(cell) for cell in row] for row in rows]) for name, rows in pickle.loads(done.stdout)
    )
