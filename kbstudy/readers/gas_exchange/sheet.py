"""A table of typed cells, whatever the file was."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from kbstudy.readers.text import cell_text

__all__ = ["Cell", "Sheet", "first_places", "fold", "shown", "without_number"]

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


_NUMBERED: Final = re.compile(r"\s*\d{1,2}\.\s*(?=[A-Za-z])")


def without_number(cell: Cell) -> Cell:
    """A name without the number of its column.

    Examples
    --------
    >>> without_number("3. HR(bpm)"), without_number("1.5"), without_number(2.0)
    ('HR(bpm)', '1.5', 2.0)
    """
    return _NUMBERED.sub("", cell, count=1) if isinstance(cell, str) else cell


def first_places(cells: Sequence[Cell]) -> dict[str, int]:
    """Folded names and where each stands first.

    Examples
    --------
    >>> first_places(["t", 4.0, "VO2", "V'O2"])
    {'t': 0, 'vo2': 2}
    """
    places: dict[str, int] = {}
    for number, cell in enumerate(cells):
        if isinstance(cell, str) and (name := fold(cell)):
            places.setdefault(name, number)
    return places


@dataclass(frozen=True)
class Sheet:
    """A named table; ``rows[0]`` is row 1 of the spreadsheet program.

    Parameters
    ----------
    name, rows
        The table.
    cut
        Row and column of a cell that was emptied because the file ends in it without a line end.
    """

    name: str
    rows: list[list[Cell]]
    cut: tuple[int, int] | None = None
    _places: dict[tuple[int, bool], Mapping[str, int]] = field(default_factory=dict, repr=False, compare=False)

    def places(self, row: int, numbered: bool = False) -> Mapping[str, int]:
        """The names of a row, folded, and where each stands first. Kept, because every device asks for them.

        Parameters
        ----------
        row
            Counted from 0.
        numbered
            Whether names may be numbered: ``3. HR(bpm)`` is ``hr(bpm)``.
        """
        key = (row, numbered and any(map(_NUMBERED.match, self.places(row))))
        if key not in self._places:
            cells = self.rows[row]
            self._places[key] = first_places([without_number(cell) for cell in cells] if key[1] else cells)
        return self._places[key]

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
