"""Spreadsheet files: ``.xlsx``, ``.xls``, ``.ods`` and their kin."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from kbstudy.errors import ReadError, did_you_mean
from kbstudy.readers.excel_errors import error_cells
from kbstudy.readers.grid import Grid, grid_of, listed
from kbstudy.readers.source import Source
from kbstudy.readers.text import cell_text

if TYPE_CHECKING:
    from python_calamine import CalamineSheet, CalamineWorkbook

__all__ = ["read_spreadsheet"]

_PASSWORD_ADVICE = "Open it in a spreadsheet program and save a copy without the password."
_SHEET_ADVICE = 'Say which one to read: sheet = "{0}" in study.toml or Python, --sheet "{0}" on the command line.'


def read_spreadsheet(source: Source, sheet: str | None = None) -> Grid:
    """Read one sheet; numbers, dates and times become text.

    Parameters
    ----------
    source
        The file.
    sheet
        Name of the sheet. It can be left out if only one has content.

    Returns
    -------
    Grid
        Header and rows, numbered as the spreadsheet program numbers them.

    Raises
    ------
    ReadError
        If the file is protected or damaged, the sheet does not exist or is empty, or several could be meant.

    Notes
    -----
    A spreadsheet stores values and shows them through a format: a cell that shows ``50%`` is read as ``0.5``, and one
    that shows ``007`` may be the number ``7``. Error values such as ``#DIV/0!`` are kept as text in ``.xlsx`` and
    ``.xlsm``. In ``.xls``, ``.xlsb`` and ``.ods`` they cannot be told from empty cells; a note says so.
    """
    workbook = _open(source)
    worksheet = _chosen(source, workbook, sheet)
    cells = [[cell_text(cell) for cell in row] for row in worksheet.to_python(skip_empty_area=False)]
    notes = [*_only_sheet_note(workbook, sheet, worksheet), *_merged_note(worksheet)]
    notes += _restore_errors(cells, error_cells(source.data, worksheet.name))
    return grid_of(source.name, cells, notes, worksheet.name)


def _open(source: Source) -> CalamineWorkbook:
    from python_calamine import CalamineWorkbook, PasswordError

    try:
        return CalamineWorkbook.from_filelike(io.BytesIO(source.data))
    except PasswordError:
        raise source.error("the spreadsheet is protected by a password", _PASSWORD_ADVICE) from None
    except Exception as error:  # calamine raises several kinds, some of them undocumented
        raise _damaged(source, error) from None


def _damaged(source: Source, error: Exception) -> ReadError:
    return source.error(
        f"the spreadsheet cannot be read and may be damaged ({error})",
        "Open it in a spreadsheet program, save it under a new name, and read that.",
    )


def _chosen(source: Source, workbook: CalamineWorkbook, name: str | None) -> CalamineSheet:
    if name is not None:
        return _named(source, workbook, name)
    sheets = [_sheet(source, workbook, known) for known in workbook.sheet_names]
    filled = [sheet for sheet in sheets if sheet.start is not None]
    if not filled:
        raise source.error("the file is empty")
    if len(filled) > 1:
        names = [sheet.name for sheet in filled]
        raise source.error(f"{len(names)} sheets have content: {listed(names)}", _SHEET_ADVICE.format(names[0]))
    return filled[0]


def _named(source: Source, workbook: CalamineWorkbook, name: str) -> CalamineSheet:
    known = workbook.sheet_names
    if name not in known:
        raise source.error(f'there is no sheet "{name}"{did_you_mean(name, known)}', f"The sheets are {listed(known)}.")
    sheet = _sheet(source, workbook, name)
    if sheet.start is None:
        raise source.error(f'sheet "{name}" is empty')
    return sheet


def _sheet(source: Source, workbook: CalamineWorkbook, name: str) -> CalamineSheet:
    try:
        return workbook.get_sheet_by_name(name)
    except Exception as error:
        raise _damaged(source, error) from None


def _only_sheet_note(workbook: CalamineWorkbook, asked: str | None, used: CalamineSheet) -> list[str]:
    several = asked is None and len(workbook.sheet_names) > 1
    return [f'sheet "{used.name}" was read; the other sheets are empty'] if several else []


def _merged_note(sheet: CalamineSheet) -> list[str]:
    merged = len(sheet.merged_cell_ranges or [])
    areas = f"{merged} group of cells is" if merged == 1 else f"{merged} groups of cells are"
    return [f"{areas} merged; only the first cell of a group has the value"] if merged else []


def _restore_errors(cells: Sequence[list[str]], errors: Mapping[tuple[int, int], str] | None) -> list[str]:
    """Put ``#DIV/0!`` and its kin, which calamine shows as empty, back where they stand."""
    if errors is None:
        return ["error values such as #DIV/0! cannot be told from empty cells in this file"]
    for (row, column), text in errors.items():
        if row <= len(cells) and column <= len(cells[row - 1]):
            cells[row - 1][column - 1] = text
    return [f"error values stand in cells: {', '.join(sorted(set(errors.values())))}"] if errors else []
