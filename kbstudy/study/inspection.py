"""What a file is, before anything has been declared about it."""

from __future__ import annotations

import html
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from kbstudy import formatting as fmt
from kbstudy.errors import ReadError
from kbstudy.readers import RawTable, read_table
from kbstudy.study.convert import MISSING_WORDS, BadCell, as_number

__all__ = ["Inspection", "inspect"]

_SHOWN = 6


@dataclass(frozen=True, repr=False)
class Inspection:
    """What :func:`inspect` found.

    Parameters
    ----------
    headline
        Name, size and kind in one line.
    columns
        One row a column: ``column, looks_like, filled, found, odd``; of a gas-exchange file ``column, in_the_file,
        filled, found``, or ``column, in_the_file, unit`` where it was not read.
    notes
        What was odd or had to be decided.
    """

    headline: str
    columns: pd.DataFrame
    notes: tuple[str, ...]

    def __str__(self) -> str:
        return "\n".join([self.headline, self.columns.to_string(index=False), *self.notes])

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        table = fmt.html_table(self.columns)
        return f"<p><strong>{html.escape(self.headline)}</strong></p>{table}{fmt.html_list(self.notes)}"


def inspect(file: str | Path, *, sheet: str | None = None) -> Inspection:
    """Look at a file: what it is, what each column seems to hold, what is odd.

    Parameters
    ----------
    file
        A CSV, spreadsheet, SPSS, Stata or Parquet file, a REDCap export, or what a metabolic cart exports.
    sheet
        The sheet of a spreadsheet that has several; it is then looked at as an ordinary table.

    Returns
    -------
    Inspection
        Of a table: guesses for a person to read. No analysis uses them: what a column is, ``study.toml`` declares.
        Of an export of a metabolic cart: the device, rows, minutes, averaging, body mass and where it came from, gaps,
        every issue with its row, and the rule behind the device's own energy column. Where no device is recognised but
        the names are those of gas exchange: the rows that may be a header, a mapping to start from, and what the
        identities (RER = VCO2 / VO2) say about it.

    Raises
    ------
    ReadError
        If it cannot be read as a table.
    """
    from kbstudy.readers.gas_exchange.description import describe

    gas = describe(file) if sheet is None else None
    if gas is not None and gas.recognised:
        return Inspection(gas.headline, gas.columns, gas.notes)
    try:
        table = read_table(file, sheet=sheet)
    except ReadError:
        if gas is None:
            raise
        return Inspection(gas.headline, gas.columns, gas.notes)
    columns = pd.DataFrame([_column(table, name) for name in table.cells])
    size = f"{fmt.count(len(table.rows), 'row')}, {fmt.count(table.cells.shape[1], 'column')}"
    notes = (*table.notes, *_hints(columns), *(() if gas is None else (gas.headline, *gas.notes)))
    return Inspection(f"{table.file}: {size}{_kind(table)}", columns, notes)


def _kind(table: RawTable) -> str:
    if any(str(column).startswith("redcap_") for column in table.cells):
        return '; looks like a REDCap export (reader = "redcap", with its data dictionary)'
    return ""


def _column(table: RawTable, name: str) -> dict[str, object]:
    values = [text for text in table.cells[name] if text not in MISSING_WORDS]
    numbers = [value for text in values if not isinstance(value := as_number(text), BadCell)]
    commas = [value for text in values if not isinstance(value := as_number(text, decimal=","), BadCell)]
    levels = list(dict.fromkeys(values))
    looks = "empty" if not values else ("category" if len(levels) <= max(_SHOWN, len(values) // 5) else "text")
    found, odd = _few(levels), ""
    if values and len(commas) > len(numbers) and len(commas) > 0.5 * len(values):
        looks, found, odd = "number", _span(commas), 'a decimal comma: needs decimal = ","'
    elif numbers and len(numbers) > 0.5 * len(values):
        looks, found = "number", _span(numbers)
        odd = _few([text for text in values if isinstance(as_number(text), BadCell)])
    filled = f"{len(values)} of {len(table.cells)}"
    return {"column": name, "looks_like": looks, "filled": filled, "found": found, "odd": odd}


def _span(numbers: list[float]) -> str:
    return f"{min(numbers):g} to {max(numbers):g}"


def _few(values: list[str]) -> str:
    """The first different values, quoted."""
    different = list(dict.fromkeys(values))
    more = f" and {len(different) - _SHOWN} more" if len(different) > _SHOWN else ""
    return ", ".join(f'"{value}"' for value in different[:_SHOWN]) + more


def _hints(columns: pd.DataFrame) -> Iterator[str]:
    empty = list(columns.loc[columns["looks_like"] == "empty", "column"])
    if empty:
        yield f"nothing at all in: {', '.join(empty)}"
    for row in columns[columns["odd"].str.startswith('"')].itertuples():
        yield f'column "{row.column}" is numbers except {row.odd}: a missing code, or a cell to correct'
