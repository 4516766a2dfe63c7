"""Text files of numbers: where the numbers begin, how they are separated, what stands above them."""

from __future__ import annotations

import csv
import re
from collections import Counter
from dataclasses import dataclass
from typing import Final

import numpy as np

from kbstudy.readers.delimited import text_of
from kbstudy.readers.force.trace import Floats
from kbstudy.readers.source import WORDS, Source
from kbstudy.recording import Issue

__all__ = ["TextTable", "read_text_table", "split_row"]

_NUMBERS: Final = re.compile(r'[\s\d+\-.,;eE"]*\d[\s\d+\-.,;eE"]*', re.ASCII)
_NUMBER: Final = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,2})?", re.ASCII)
_MISSING: Final = frozenset({"nan", "na", "n/a", "null", "inf", "-inf"})
_MOST_COLUMNS: Final = 500
_AGAIN: Final = "Export it again as plain text with one row a sample."


@dataclass(frozen=True)
class TextTable:
    r"""Rows of numbers as text, and the lines above them.

    Parameters
    ----------
    head
        The lines above the numbers, as they are.
    rows
        Cells of every row of numbers, all rows alike in width.
    first
        The row a text editor shows for ``rows[0]``.
    separator
        ``"\t"``, ``";"``, ``","`` or ``" "``.
    decimal
        ``"."`` or ``","``.
    """

    source: Source
    head: list[str]
    rows: list[list[str]]
    first: int
    separator: str
    decimal: str
    issues: tuple[Issue, ...] = ()

    @property
    def width(self) -> int:
        """Number of columns."""
        return len(self.rows[0])

    def numbers(self, column: int) -> Floats:
        """One column as numbers.

        Raises
        ------
        ReadError
            At the first cell that is empty or no number: a force trace with a hole in it cannot be integrated.
        """
        texts = [row[column] for row in self.rows]
        for place, text in enumerate(texts):
            if not _NUMBER.fullmatch(text.replace(self.decimal, ".")):
                what = f'column {column + 1} has "{text[:30]}" where a number must be'
                if not text:
                    what = f"column {column + 1} has an empty cell"
                do = "Every sample needs its force; a trace with a hole cannot be integrated over time."
                raise self.source.error(what, do, row=self.first + place)
        return np.array([float(text.replace(self.decimal, ".")) for text in texts])

    def decimals(self, column: int) -> int:
        """How many decimals a column shows at most, in its last tenth: of times that is where they are large."""
        texts = (row[column] for row in self.rows[-max(len(self.rows) // 10, 2) :])
        return max((len(tail) for text in texts if (tail := text.partition(self.decimal)[2]).isdigit()), default=0)


def read_text_table(source: Source) -> TextTable:
    """Find the numbers in a text file.

    Raises
    ------
    ReadError
        If the file is no text, has no numbers, a row is unlike the others, or a comma can be read in two ways.
    """
    if source.kind != "delimited":
        do = "Export the trace as text (.csv, .txt) or as .c3d."
        raise source.error(f"this is {WORDS[source.kind]}, not a force trace", do)
    text, notes = text_of(source)
    lines = re.split(r"\r\n|\r|\n", text)
    start, stop = _longest_run(source, lines)
    start, separator = _separator(lines, start, stop)
    issues = [Issue(note, "read all the same") for note in notes]
    issues += _tail(source, lines, stop)
    rows = _rows(source, lines, start, stop, separator)
    issues += _numbers_above(source, lines[:start], separator, len(rows[0]))
    decimal = _decimal(source, rows, start)
    if separator == "," and decimal == "." and len(rows[0]) == 2 and not any("." in line for line in lines[start:stop]):
        rows, decimal = _comma(source, lines[:start], rows, start)
    return TextTable(source, lines[:start], rows, start + 1, separator, decimal, tuple(issues))


def split_row(line: str, separator: str) -> list[str]:
    """The cells of a line, without blanks and quotation marks around them.

    Examples
    --------
    >>> split_row('"1,5","2,5"', ","), split_row("  1.5   2 ", " ")
    (['1,5', '2,5'], ['1.5', '2'])
    """
    if '"' in line and separator != " " and len(line) < csv.field_size_limit():
        cells = next(csv.reader([line], delimiter=separator, skipinitialspace=separator != "\t"))
    else:
        cells = line.split() if separator == " " else line.split(separator)
    return [cell.strip().strip('"').strip() for cell in cells]


def _longest_run(source: Source, lines: list[str]) -> tuple[int, int]:
    """First line and end of the longest stretch of lines that hold only numbers."""
    best, start = (0, 0), 0
    for number, line in enumerate([*lines, ""]):
        if not (line.strip() and _NUMBERS.fullmatch(line)):
            best, start = max(best, (start, number), key=lambda run: run[1] - run[0]), number + 1
    if best[1] == best[0]:
        raise source.error("no row of numbers was found", _AGAIN)
    return best


def _separator(lines: list[str], start: int, stop: int) -> tuple[int, str]:
    middle = lines[(start + stop) // 2]
    separator = next((mark for mark in "\t;," if mark in middle.strip(" ")), " ")
    widths = Counter(len(split_row(line, separator)) for line in lines[start:stop])
    common = widths.most_common(1)[0][0]
    # A line of numbers above the table, such as a rate on its own, belongs to the head.
    while stop - start > 2 and len(split_row(lines[start], separator)) != common:
        start += 1
    return start, separator


def _rows(source: Source, lines: list[str], start: int, stop: int, separator: str) -> list[list[str]]:
    rows = [split_row(line, separator) for line in lines[start:stop]]
    if all(len(row) > 1 and not row[-1] for row in rows):
        rows = [row[:-1] for row in rows]  # every row ends with a separator
    width = len(rows[0])
    if width > _MOST_COLUMNS:
        raise source.error(f"the rows have {width} cells; at most {_MOST_COLUMNS} are read", _AGAIN, row=start + 1)
    for place, row in enumerate(rows):
        if len(row) != width:
            what = f"this row has {len(row)} cells and the first one has {width}"
            raise source.error(what, _AGAIN, row=start + place + 1)
    return rows


def _tail(source: Source, lines: list[str], stop: int) -> list[Issue]:
    """What stands below the numbers: left out if it is text, refused if the numbers go on after it."""
    below = [number for number in range(stop, len(lines)) if lines[number].strip()]
    more = [number for number in below if _NUMBERS.fullmatch(lines[number])]
    if more:
        row = below[0] + 1 if below[0] < more[0] else stop + 1
        what = "the numbers are interrupted here and go on below"
        raise source.error(what, "Keep one trace a file, with a number in every row.", row=row)
    if below:
        return [Issue("text below the numbers", "left out", below[0] + 1, len(below))]
    return []


def _numbers_above(source: Source, head: list[str], separator: str, width: int) -> list[Issue]:
    """A hole in the trace must not turn the rows before it into a header; one or two lines of numbers are named."""
    numbers = [number for number, line in enumerate(head) if line.strip() and _NUMBERS.fullmatch(line)]
    alike = [number for number in numbers if len(split_row(head[number], separator)) == width]
    holes = [number for number, line in enumerate(head) if _has_hole(split_row(line, separator), width)]
    if len(alike) > 2 or holes:
        after = holes[0] if holes else next(n for n in range(alike[0], len(head) + 1) if n not in alike)
        what = "the numbers are interrupted here and go on below"
        raise source.error(what, "Keep one trace a file, with a number in every row.", row=after + 1)
    if numbers:
        return [Issue("a line of numbers above the table", "not part of the trace", numbers[0] + 1, len(numbers))]
    return []


def _has_hole(cells: list[str], width: int) -> bool:
    """A row of numbers in which one is missing."""
    missing = [cell.casefold() in _MISSING for cell in cells]
    rest = [cell for cell, is_missing in zip(cells, missing, strict=True) if not is_missing]
    return len(cells) == width and any(missing) and all(_NUMBERS.fullmatch(cell) for cell in rest)


def _decimal(source: Source, rows: list[list[str]], start: int) -> str:
    comma = next((place for place, row in enumerate(rows) if any("," in cell for cell in row)), None)
    if comma is None:
        return "."
    if any("." in cell for row in rows for cell in row):
        what = "numbers have commas and points, so that the decimal mark is not clear"
        raise source.error(what, "Export it without separators of thousands.", row=start + comma + 1)
    return ","


def _comma(source: Source, head: list[str], rows: list[list[str]], start: int) -> tuple[list[list[str]], str]:
    """``661,156``: one number with a decimal comma, or two whole numbers."""
    named = any(len(cells) == 2 and all(cells) for cells in (split_row(line, ",") for line in head[-2:]))
    if named:
        return rows, "."
    if any(len(row[1]) > 1 and row[1].startswith("0") for row in rows):
        return [[",".join(row)] for row in rows], ","
    what = f'"{",".join(rows[0])}" is one number with a decimal comma or two numbers; nothing tells which'
    do = "Save it with a decimal point, or with a header row of one name a column."
    raise source.error(what, do, row=start + 1)
