"""What is said about a file that no device's signature fits: likely headers, and a mapping to start from."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from kbstudy.errors import Problem, ReadError
from kbstudy.readers.gas_exchange import identities
from kbstudy.readers.gas_exchange.layout import Column, Device, Layout, unit_row_below
from kbstudy.readers.gas_exchange.numbers import read_numbers
from kbstudy.readers.gas_exchange.sheet import Sheet, fold, shown
from kbstudy.readers.gas_exchange.units import needs_unit, unit_text
from kbstudy.readers.gas_exchange.vocabulary import known_columns, public_name
from kbstudy.readers.source import Source

__all__ = [
    "candidates_in_words",
    "checks_of",
    "looked_for",
    "mapping_of",
    "numbered_name",
    "propose",
    "unknown_file",
]

_SHOWN: Final = 3
_SEARCHED: Final = 2000


def propose(sheets: Sequence[Sheet]) -> Layout | None:
    """The layout that the most known names suggest, ``None`` if no row has at least two."""
    rows = _candidates(sheets)
    if not rows:
        return None
    sheet, header, columns = rows[0]
    units = unit_row_below(sheet, header, columns)
    if units:
        columns = {key: _with_unit(sheet, header, column) for key, column in columns.items()}
    return Layout(sheet, header, header + (2 if units else 1), len(sheet.rows), columns)


def _with_unit(sheet: Sheet, header: int, column: Column) -> Column:
    below = sheet.text(header + 1, column.position)
    return column if column.unit else replace(column, unit=below if unit_text(below) else "")


def _candidates(sheets: Sequence[Sheet]) -> list[tuple[Sheet, int, dict[str, Column]]]:
    found = [
        (sheet, number, known_columns(row)) for sheet in sheets for number, row in enumerate(sheet.rows[:_SEARCHED])
    ]
    several = [entry for entry in found if len(entry[2]) >= 2 and {"vo2", "vo2_kg", "vco2"} & set(entry[2])]
    # of rows with equally many names the first comes first
    return sorted(several, key=lambda entry: -len(entry[2]))


def unknown_file(source: Source, sheets: Sequence[Sheet], devices: Sequence[Device]) -> ReadError:
    """The error for a file without a known signature.

    Notes
    -----
    Only names from the first known word to the last are shown: the cells before them may name a person.
    """
    what = "this is not an export that is recognised"
    problems = [Problem(what, file=source.name, do=_advice(sheets, devices))]
    for sheet, header, columns in _candidates(sheets)[:_SHOWN]:
        problems.append(Problem(f"may be a header: {_names(sheet, header, columns)}", file=source.name, row=header + 1))
    return ReadError(problems)


def candidates_in_words(sheets: Sequence[Sheet]) -> list[str]:
    """The rows that may be a header."""
    return [
        f"row {header + 1} may be a header: {_names(sheet, header, columns)}"
        for sheet, header, columns in _candidates(sheets)[:_SHOWN]
    ]


def looked_for(devices: Sequence[Device]) -> list[str]:
    """The signature of each device."""
    return [f"{device.name}: {device.looked_for}" for device in devices]


def mapping_of(layout: Layout) -> str:
    """The columns of a layout as ``mapping=`` takes them, with a question mark for each unknown unit."""
    return "{" + ", ".join(_entry(layout, key, column) for key, column in layout.columns.items()) + "}"


def _entry(layout: Layout, key: str, column: Column) -> str:
    name = json.dumps(numbered_name(layout, column), ensure_ascii=False)
    unit = column.unit or ("?" if needs_unit(key) else "")
    return f'"{public_name(key)}": ({name}, "{unit}")' if unit else f'"{public_name(key)}": {name}'


def numbered_name(layout: Layout, column: Column) -> str:
    """``VO2 (2)`` for the second column of that name."""
    row = layout.sheet.rows[layout.header]
    before = sum(fold(cell) == fold(column.name) for cell in row[: column.position])
    return f"{column.name} ({before + 1})" if before else column.name


def _names(sheet: Sheet, header: int, columns: dict[str, Column]) -> str:
    places = [column.position for column in columns.values()]
    cells = sheet.rows[header][min(places) : max(places) + 1]
    text = " | ".join(shown(cell) for cell in cells)
    return text if len(text) <= 300 else text[:297] + "..."


def _advice(sheets: Sequence[Sheet], devices: Sequence[Device]) -> str:
    looked = "".join(f"\n  - {line}" for line in looked_for(devices))
    return f"{_mapping_advice(propose(sheets))}\nLooked for:{looked}"


def _mapping_advice(layout: Layout | None) -> str:
    if layout is None:
        return (
            'No row names VO2 and a time. Say them: mapping = {"time_s": ("...", "s"), "vo2_l_min": ("...", "mL/min")}.'
        )
    checks = "".join(f"\n  {line}" for line in checks_of(layout))
    advice = "Check this mapping, put a unit for each question mark, and give it:\n"
    file = "\nOr write it to a file for all exports of this kind: kbstudy inspect FILE --write-profile"
    return f"{advice}mapping = {mapping_of(layout)}{checks}{file}"


def checks_of(layout: Layout) -> list[str]:
    """What the identities say about the proposed columns, with units as they are written."""
    columns = {
        key: read_numbers(layout.cells(key)).values
        for key in ("vo2", "vco2", "rer", "vo2_kg", "ve", "rf", "vt")
        if key in layout.columns
    }
    lines = []
    if {"vo2", "vco2", "rer"} <= set(columns):
        share = identities.rer_agrees(columns["vo2"], columns["vco2"], columns["rer"])
        lines.append(f"RER = VCO2 / VO2 in {share or 0:.0%} of the rows")
    if {"vo2", "vo2_kg"} <= set(columns):
        usable = (columns["vo2"] > 0) & (columns["vo2_kg"] > 0)
        ratio = float(np.median(columns["vo2"][usable] / columns["vo2_kg"][usable])) if usable.any() else np.nan
        lines.append(
            f"VO2 / (VO2/kg) is {ratio:.4g}: the body mass in kg if VO2 is in mL/min, a thousandth if in L/min"
        )
    if {"ve", "rf", "vt"} <= set(columns):
        ratio = identities.ventilation_ratio(columns["ve"], columns["rf"], columns["vt"]) or np.nan
        lines.append(f"VE / (breathing rate × VT) is {ratio:.4g}: 1 if VT is in L, 0.001 if in mL")
    return lines
