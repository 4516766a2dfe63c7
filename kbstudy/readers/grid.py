"""Rows of text become a table, or one error that lists everything wrong with them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import pandas as pd

from kbstudy.errors import Problem, Problems, ReadError
from kbstudy.readers.raw import RawTable

__all__ = ["Grid", "grid_of", "listed", "table_of"]

_WIDTH_ADVICE = (
    "Every row needs as many cells as the header. A cell that contains the separator (such as the comma in 4,5) must "
    'stand in quotation marks: "4,5".'
)
_NAME_ADVICE = "Give every column its own name in the header row."
_TITLE_ADVICE = "Delete everything above the row with the column names; that row must come first."


@dataclass(frozen=True)
class Grid:
    """A header and rows of stripped text, not yet checked.

    Parameters
    ----------
    file
        File name.
    header
        Column names.
    header_row
        The row of the header.
    rows
        Row number and cells of every row that is not blank.
    notes
        What was odd so far.
    sheet
        The sheet of a spreadsheet.
    """

    file: str
    header: list[str]
    header_row: int
    rows: list[tuple[int, list[str]]]
    notes: list[str]
    sheet: str = ""

    def renamed(self, header: Sequence[str], note: str) -> Grid:
        """The same rows under other column names."""
        return replace(self, header=list(header), notes=[*self.notes, note])


def listed(words: Iterable[str]) -> str:
    """Quoted names in a row.

    Examples
    --------
    >>> listed(["id", "pain"])
    '"id", "pain"'
    """
    return ", ".join(f'"{word}"' for word in words)


def grid_of(file: str, lines: Iterable[Sequence[str]], notes: Iterable[str] = (), sheet: str = "") -> Grid:
    """Number the rows from 1, strip the cells, skip blank rows, and take the first row with content as the header.

    Raises
    ------
    ReadError
        If there is no row with content.
    """
    lines = list(lines)
    stripped = ([cell.strip() for cell in line] for line in lines)
    filled = [(row, cells) for row, cells in enumerate(stripped, start=1) if any(cells)]
    if not filled:
        raise ReadError(Problem("the file is empty", file=file))
    (header_row, header), *rows = filled
    blank = len(lines) - header_row - len(rows)
    found = [*notes, *_trimmed_note(lines[header_row - 1], header)]
    if header_row > 1:
        found.append(f"the header is in row {header_row}; the rows above it are empty")
    if blank:
        found.append(f"{blank} blank {'row was' if blank == 1 else 'rows were'} skipped")
    return Grid(file, header, header_row, rows, found, sheet)


def table_of(grid: Grid) -> RawTable:
    """Check names and widths and build the table.

    Parameters
    ----------
    grid
        What was read.

    Returns
    -------
    RawTable
        With no labels or codes yet.

    Raises
    ------
    ReadError
        With every short or long row, every column without a name or with a name used twice; or if there are no rows.

    Examples
    --------
    >>> table_of(Grid("scores.csv", ["id", "pain"], 1, [(2, ["P1", "4"]), (3, ["P2"])], []))
    Traceback (most recent call last):
    kbstudy.errors.ReadError: scores.csv, row 3: 1 cell where the header has 2
    What to do: Every row needs as many cells as the header...
    """
    _check(grid)
    width = len(grid.header)
    named = [place for place, name in enumerate(grid.header) if name]
    cells = [[row[place] for place in named] for _, row in grid.rows]
    frame = pd.DataFrame(cells, columns=[grid.header[place] for place in named], dtype=object)
    surplus = sum(len(row) > width for _, row in grid.rows)
    notes = [*grid.notes, *_surplus_note(surplus), *_dropped_note(width - len(named))]
    return RawTable(grid.file, frame, tuple(row for row, _ in grid.rows), notes=tuple(notes), sheet=grid.sheet)


def _check(grid: Grid) -> None:
    problems = Problems()
    if _is_title(grid):
        what = "this row holds one name, and the rows below it have more cells; it looks like a title"
        problems.add(Problem(what, grid.file, row=grid.header_row, do=_TITLE_ADVICE))
    else:
        for check in _CHECKS:
            problems.extend(check(grid))
    problems.raise_as(ReadError)


def _is_title(grid: Grid) -> bool:
    one_name = sum(map(bool, grid.header)) == 1
    return one_name and any(sum(map(bool, row)) > 1 for _, row in grid.rows)


def _no_rows(grid: Grid) -> list[Problem]:
    return [] if grid.rows else [Problem("the file has a header and no rows", grid.file)]


def _wrong_widths(grid: Grid) -> list[Problem]:
    width = len(grid.header)
    return [
        Problem(_width(len(row), width), grid.file, row=number, do=_WIDTH_ADVICE)
        for number, row in grid.rows
        if len(row) < width or any(row[width:])
    ]


def _width(n: int, expected: int) -> str:
    return f"{n} cell{'' if n == 1 else 's'} where the header has {expected}"


def _nameless(grid: Grid) -> list[Problem]:
    places = (place for place, name in enumerate(grid.header) if not name)
    return [
        Problem(f"column {place + 1} has values but no name", grid.file, row=grid.header_row, do=_NAME_ADVICE)
        for place in places
        if any(len(row) > place and row[place] for _, row in grid.rows)
    ]


def _repeated(grid: Grid) -> list[Problem]:
    places: dict[str, list[int]] = {}
    for place, name in enumerate(grid.header, start=1):
        places.setdefault(name, []).append(place)
    return [
        Problem(_same_name(name, found), grid.file, row=grid.header_row, do=_NAME_ADVICE)
        for name, found in places.items()
        if name and len(found) > 1
    ]


def _same_name(name: str, places: list[int]) -> str:
    *first, last = map(str, places)
    return f'columns {", ".join(first)} and {last} are {"both" if len(places) == 2 else "all"} named "{name}"'


_CHECKS: tuple[Callable[[Grid], list[Problem]], ...] = (_nameless, _repeated, _wrong_widths, _no_rows)


def _trimmed_note(written: Sequence[str], header: Sequence[str]) -> list[str]:
    trimmed = [name for raw, name in zip(written, header, strict=True) if raw != name and name]
    return [f"spaces around column names were removed: {listed(trimmed)}"] if trimmed else []


def _surplus_note(n: int) -> list[str]:
    rows = f"{n} row has" if n == 1 else f"{n} rows have"
    return [f"{rows} empty cells beyond the last column; they were left out"] if n else []


def _dropped_note(n: int) -> list[str]:
    columns = (
        f"{n} column without a name and without values was" if n == 1 else f"{n} columns without names or values were"
    )
    return [f"{columns} left out"] if n else []
