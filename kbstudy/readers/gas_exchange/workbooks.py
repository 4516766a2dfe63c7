"""Workbooks to sheets of typed cells."""

from __future__ import annotations

from kbstudy.readers.excel_errors import error_cells
from kbstudy.readers.gas_exchange.sheet import Cell, Sheet
from kbstudy.readers.guards import RECORDING
from kbstudy.readers.source import Source
from kbstudy.readers.workbook import Workbook

__all__ = ["read_workbook"]


def read_workbook(source: Source) -> tuple[Sheet, ...]:
    """Every sheet of a workbook.

    Raises
    ------
    ReadError
        If it is damaged, protected by a password, or has absurdly many cells.
    """
    book = Workbook(source, RECORDING)
    return tuple(Sheet(name, _rows(book, name)) for name in book.names)


def _rows(book: Workbook, name: str) -> list[list[Cell]]:
    # a truth value is no number, so the type is compared and not asked for its ancestors
    rows: list[list[Cell]] = [
        [float(cell) if type(cell) is int else cell for cell in row] for row in book.rows(book.sheet(name))
    ]
    for (row, column), text in (error_cells(book.source.data, name) or {}).items():
        if row <= len(rows) and column <= len(rows[row - 1]):
            rows[row - 1][column - 1] = text
    return rows
