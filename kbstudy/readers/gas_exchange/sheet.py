"""A table of typed cells, whatever the file was."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TypeAlias

from kbstudy.readers.text import cell_text

__all__ = ["Cell", "Sheet", "fold", "shown"]

Cell: TypeAlias = str | float | bool | dt.time | dt.timedelta | dt.datetime | dt.date
"""One cell: ``""`` if empty."""

_APOSTROPHES = str.maketrans(dict.fromkeys("’‘`´ʼ′", "'"))


def shown(cell: Cell) -> str:
    """A cell as text, without blanks around it."""
    return cell.strip() if isinstance(cell, str) else cell_text(cell)


def fold(cell: Cell) -> str:
    r"""A name for comparison: lower case, one blank between words, no apostrophes or dots of volume flow.

    Examples
    --------
    >>> fold(" V'O2  (STPD) "), fold("V\u0307CO2"), fold("VO2/Kg")
    ('vo2 (stpd)', 'vco2', 'vo2/kg')
    """
    if not isinstance(cell, str):
        return ""
    text = cell.translate(_APOSTROPHES).replace("'", "").replace("\u0307", "").replace("₂", "2")
    return " ".join(text.casefold().split())


@dataclass(frozen=True)
class Sheet:
    """A named table; ``rows[0]`` is row 1 of the spreadsheet program."""

    name: str
    rows: list[list[Cell]]

    def cell(self, row: int, column: int) -> Cell:
        """The cell, ``""`` outside the table."""
        inside = 0 <= row < len(self.rows) and 0 <= column < len(self.rows[row])
        return self.rows[row][column] if inside else ""

    def text(self, row: int, column: int) -> str:
        """The cell as text."""
        return shown(self.cell(row, column))

    def column(self, position: int, first: int, last: int) -> list[Cell]:
        """The cells of one column from row ``first`` up to, not including, ``last``."""
        return [self.cell(row, position) for row in range(first, last)]
