"""Spreadsheet files: ``.xlsx``, ``.xls``, ``.ods`` and their kin."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from kbstudy.errors import did_you_mean
from kbstudy.readers.excel_errors import error_cells
from kbstudy.readers.grid import Grid, grid_of, listed
from kbstudy.readers.guards import TABLE
from kbstudy.readers.source import Source
from kbstudy.readers.text import cell_text
from kbstudy.readers.workbook import Workbook

if TYPE_CHECKING:
    from python_calamine import CalamineSheet

__all__ = ["read_spreadsheet"]

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
        If the file is protected, damaged or far too large, the sheet does not exist or is empty, or several could be
        meant.

    Notes
    -----
    A spreadsheet stores values and shows them through a format: a cell that shows ``50%`` is read as ``0.5``, and one
    that shows ``007`` may be the number ``7``. Error values such as ``#DIV/0!`` are kept as text in ``.xlsx`` and
    ``.xlsm``. In ``.xls``, ``.xlsb`` and ``.ods`` they cannot be told from empty cells; a note says so.
    """
    workbook = Workbook(source, TABLE)
    worksheet = _chosen(workbook, sheet)
    cells = [[cell_text(cell) for cell in row] for row in workbook.rows(worksheet)]
    notes = [*_only_sheet_note(workbook, sheet, worksheet), *_merged_note(worksheet)]
    notes += _restore_errors(cells, error_cells(source.data, worksheet.name))
    return grid_of(source.name, cells, notes, worksheet.name)


def _chosen(workbook: Workbook, name: str | None) -> CalamineSheet:
    if name is not None:
        return _named(workbook, name)
    filled = [sheet for sheet in map(workbook.sheet, workbook.names) if sheet.start is not None]
    if not filled:
        raise workbook.source.error("the file is empty")
    if len(filled) > 1:
        names = [sheet.name for sheet in filled]
        what = f"{len(names)} sheets have content: {listed(names)}"
        raise workbook.source.error(what, _SHEET_ADVICE.format(names[0]))
    return filled[0]


def _named(workbook: Workbook, name: str) -> CalamineSheet:
    known = workbook.names
    if name not in known:
        what = f'there is no sheet "{name}"{did_you_mean(name, known)}'
        raise workbook.source.error(what, f"The sheets are {listed(known)}.")
    sheet = workbook.sheet(name)
    if sheet.start is None:
        raise workbook.source.error(f'sheet "{name}" is empty')
    return sheet


def _only_sheet_note(workbook: Workbook, asked: str | None, used: CalamineSheet) -> list[str]:
    several = asked is None and len(workbook.names) > 1
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
