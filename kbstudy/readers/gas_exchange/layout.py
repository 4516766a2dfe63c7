"""Where things stand in a sheet, and how a device's sheet is recognised by its words."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from kbstudy.readers.gas_exchange.sheet import Cell, Sheet, first_places, without_number
from kbstudy.readers.gas_exchange.units import is_unit

__all__ = [
    "Column",
    "Device",
    "Layout",
    "find_columns",
    "layout_at",
    "layout_with_named_units",
    "locate",
    "split_unit",
    "unit_row_below",
]

#: How many rows are searched for a header.
SEARCHED: Final = 400


@dataclass(frozen=True)
class Column:
    """One column of the data table: where it is, what the file calls it and its unit."""

    position: int
    name: str
    unit: str = ""


@dataclass(frozen=True)
class Layout:
    """Where the table stands. Rows are counted from 0, ``last`` is the row after the last.

    Parameters
    ----------
    columns
        Canonical quantity to column.
    head
        Columns before this one hold metadata beside the data, in every row.
    documented
        Units that the file does not say and the device's documentation does.
    sentinels
        Numbers that stand for "not measured".
    absent_if_zero
        Quantities that were not measured if they are 0 in every row.
    stops
        Whether the table ends at its first empty row.
    events
        Time in minutes and text of events that the file lists outside the table.
    numbers
        Row of each data row in the file, where the sheet was rebuilt.
    ends_at_latest
        Whether rows after the latest time are remains of earlier recordings.
    mass_kg
        Body mass, where the table itself says it.
    notes
        What the recogniser had to decide: sentences for the issues.
    """

    sheet: Sheet
    header: int
    first: int
    last: int
    columns: Mapping[str, Column]
    unit_row: int | None = None
    head: int = 0
    documented: Mapping[str, str] = field(default_factory=dict)
    sentinels: Mapping[str, float] = field(default_factory=dict)
    absent_if_zero: tuple[str, ...] = ()
    stops: bool = False
    events: tuple[tuple[float, str], ...] = ()
    factors: Mapping[str, float] = field(default_factory=dict)
    numbers: tuple[int, ...] = ()
    ends_at_latest: bool = False
    mass_kg: float | None = None
    notes: tuple[str, ...] = ()

    def row(self, place: int) -> int:
        """The number that a spreadsheet program shows for the data row at ``place``, counted from 0."""
        return self.numbers[place] if place < len(self.numbers) else self.first + place + 1

    def cells(self, quantity: str) -> list[Cell]:
        """The cells of one quantity."""
        return self.sheet.column(self.columns[quantity].position, self.first, self.last)

    def metadata_rows(self) -> Iterable[list[Cell]]:
        """The cells outside the table, row by row: those above the header, and those left of the table."""
        for number, row in enumerate(self.sheet.rows):
            cells = row if number < self.header else row[: self.head]
            if cells:
                yield cells

    def with_(self, **changes: object) -> Layout:
        """A copy with some fields replaced."""
        return replace(self, **changes)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Device:
    """A kind of export.

    Parameters
    ----------
    key, name
        What ``device=`` accepts, and what a recording says.
    looked_for
        The signature in words, for the message about an unknown file.
    recognise
        The layout, or ``None`` if the file is another device's.
    seen
        Whether the reader was tried on a real file, or only on files written after descriptions.
    """

    key: str
    name: str
    looked_for: str
    recognise: Callable[[Sequence[Sheet]], Layout | None]
    seen: bool = True


def find_columns(names: Sequence[Cell], synonyms: Mapping[str, Sequence[str]]) -> dict[str, Column]:
    """The columns whose names are known; of several names for one quantity the first in the table wins.

    Examples
    --------
    >>> find_columns(["t", "V'O2", "VO2"], {"vo2": ("vo2",), "hr": ("hf",)})
    {'vo2': Column(position=1, name="V'O2", unit='')}
    """
    return _columns(names, first_places(names), synonyms)


def _columns(
    names: Sequence[Cell], places: Mapping[str, int], synonyms: Mapping[str, Sequence[str]]
) -> dict[str, Column]:
    found = {}
    for quantity, words in synonyms.items():
        place = next((places[word] for word in words if word in places), None)
        if place is not None:
            found[quantity] = Column(place, str(names[place]).strip())
    return found


def locate(
    sheet: Sheet, synonyms: Mapping[str, Sequence[str]], required: Sequence[str], within: int = SEARCHED
) -> tuple[int, dict[str, Column]] | None:
    """The first row that names every required quantity, and its columns."""
    for number, row in enumerate(sheet.rows[:within]):
        places = sheet.places(number)
        if _all_there(places, synonyms, required):
            return number, _columns(row, places, synonyms)
    return None


def _all_there(places: Mapping[str, int], synonyms: Mapping[str, Sequence[str]], required: Sequence[str]) -> bool:
    return all(any(word in places for word in synonyms[quantity]) for quantity in required)


def layout_at(sheet: Sheet, header: int, columns: Mapping[str, Column], units: bool = True) -> Layout:
    """A layout with the unit row below the header and everything below it as data.

    Parameters
    ----------
    sheet, header, columns
        Where the names stand.
    units
        Whether the row below the header has units.
    """
    if units:
        columns = {key: replace(col, unit=sheet.text(header + 1, col.position)) for key, col in columns.items()}
    first = header + (2 if units else 1)
    start = min(column.position for column in columns.values())
    return Layout(sheet, header, first, len(sheet.rows), columns, header + 1 if units else None, head=start)


_BRACKET: Final = re.compile(r"(.*?)\s*[\[(]([^\[\]]+?)[\])]\s*", re.DOTALL)


def split_unit(name: str) -> tuple[str, str]:
    """Name and unit where a header has both.

    Examples
    --------
    >>> split_unit("VO2[mL/kg/min]"), split_unit("3. HR(bpm)"), split_unit("VE/VO2")
    (('VO2', 'mL/kg/min'), ('HR', 'bpm'), ('VE/VO2', ''))
    """
    text = str(without_number(name)).strip()
    match = _BRACKET.fullmatch(text)
    return (match[1], match[2]) if match and match[1] else (text, "")


def layout_with_named_units(
    sheet: Sheet, synonyms: Mapping[str, Sequence[str]], required: Sequence[str]
) -> Layout | None:
    """A layout for tables whose header cells read ``VO2[mL/min]``: the unit is part of the synonym."""
    for number, row in enumerate(sheet.rows[:SEARCHED]):
        places = sheet.places(number, numbered=True)
        if _all_there(places, synonyms, required):
            found = _columns([without_number(cell) for cell in row], places, synonyms)
            columns = {key: replace(column, unit=split_unit(column.name)[1]) for key, column in found.items()}
            return layout_at(sheet, number, columns, units=False).with_(head=0)
    return None


def unit_row_below(sheet: Sheet, header: int, columns: Mapping[str, Column]) -> bool:
    """Whether the cells below the names are units."""
    texts = [sheet.text(header + 1, column.position) for column in columns.values()]
    filled = [text for text in texts if text]
    return bool(filled) and sum(map(is_unit, filled)) >= len(filled) / 2
