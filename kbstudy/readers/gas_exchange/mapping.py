"""A table that the caller declares: ``mapping=`` and profiles."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeAlias

from kbstudy.errors import PlanError, Problem, ReadError, did_you_mean
from kbstudy.readers.gas_exchange.layout import Column, Device, Layout, split_unit
from kbstudy.readers.gas_exchange.layout import unit_row_below as has_unit_row
from kbstudy.readers.gas_exchange.sheet import Cell, Sheet, fold, shown
from kbstudy.readers.gas_exchange.units import conversion, is_clock
from kbstudy.readers.gas_exchange.vocabulary import PUBLIC
from kbstudy.readers.source import Source

__all__ = ["DECLARED", "FORMAT", "Declared", "MappingLike", "declared", "declared_layout"]

MappingLike: TypeAlias = Mapping[str, tuple[str, str] | str] | str | os.PathLike[str]
"""``{"vo2_l_min": ("VO2", "mL/min"), "rer": "RER"}``, or the path of a profile."""

#: First line of a profile.
FORMAT: Final = "kbstudy gas exchange 1"
_KEYS: Final = ("format", "device", "sheet", "columns")


@dataclass(frozen=True)
class Declared:
    """What a mapping or a profile says: columns by quantity as name and unit, or a device."""

    columns: Mapping[str, tuple[str, str]]
    device: str = ""
    sheet: str = ""


def _nobody(_: Sequence[Sheet]) -> Layout | None:
    return None


DECLARED: Final = Device("declared", "declared table", "the columns named in mapping=", _nobody)


def declared(mapping: MappingLike) -> Declared:
    """Check a mapping, or read the profile that it names.

    Raises
    ------
    PlanError
        If a quantity is not known, a unit does not fit, or the profile is not one.
    """
    if isinstance(mapping, Mapping):
        return Declared(_checked(mapping, ""))
    path = Path(mapping)
    content = _profile(path)
    unknown = [key for key in content if key not in _KEYS]
    if unknown or content.get("format") != FORMAT:
        what = f'"{unknown[0]}" is not part of a profile' if unknown else f'the profile lacks format = "{FORMAT}"'
        raise PlanError(Problem(what, file=path.name, do="Write one with write_profile, and edit that."))
    columns = {key: tuple(value) if isinstance(value, list) else value for key, value in _table(content, path).items()}
    return Declared(_checked(columns, path.name), str(content.get("device", "")), str(content.get("sheet", "")))


def _profile(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise PlanError(Problem(f"the profile cannot be opened: {error.strerror}", file=path.name)) from None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise PlanError(Problem(f"the profile is not TOML: {error}", file=path.name)) from None


def _table(content: Mapping[str, Any], path: Path) -> dict[str, Any]:
    columns = content.get("columns", {})
    if not isinstance(columns, dict):
        raise PlanError(
            Problem(
                '"columns" is not a table',
                file=path.name,
                do='Write it as [columns] with lines such as time_s = ["t", "s"].',
            )
        )
    return columns


def _checked(mapping: Mapping[str, Any], file: str) -> dict[str, tuple[str, str]]:
    problems = [problem for key, value in mapping.items() for problem in _problems(key, value, file)]
    if problems:
        raise PlanError(problems)
    return {
        PUBLIC[key]: (value, "") if isinstance(value, str) else (value[0], value[1]) for key, value in mapping.items()
    }


def _problems(key: str, value: object, file: str) -> list[Problem]:
    if key not in PUBLIC:
        public = {quantity: name for name, quantity in PUBLIC.items()}.get(key, key)
        what = f'mapping: "{key}" is not a quantity{did_you_mean(public, list(PUBLIC))}'
        return [Problem(what, file=file, do=f"Known are {', '.join(PUBLIC)}.")]
    pair = isinstance(value, tuple) and len(value) == 2 and all(isinstance(part, str) for part in value)
    if not pair and not isinstance(value, str):
        do = f'Write "{key}": ("name in the file", "unit").'
        return [Problem(f'mapping: "{key}" needs the name of a column and its unit', file=file, do=do)]
    unit = value[1] if isinstance(value, tuple) else ""
    return [] if _fits(PUBLIC[key], unit) else [_bad_unit(key, unit, file)]


def _fits(quantity: str, unit: str) -> bool:
    if not unit or quantity in {"phase", "marker"}:
        return True
    return conversion(quantity, unit) is not None or (quantity == "time" and is_clock(unit))


def _bad_unit(key: str, unit: str, file: str) -> Problem:
    examples = {"time": "s, min, ms, mm:ss", "vo2": "mL/min, L/min", "vco2": "mL/min, L/min"}
    do = (
        f"Possible are, for example: {examples.get(PUBLIC[key], 'L/min, mL/min, 1/min, W, km/h, mmHg, kPa, kcal/min')}."
    )
    return Problem(f'mapping: "{unit}" is not a unit of {key}', file=file, do=do)


# ---- finding the declared columns --------------------------------------------------------------------------------


def declared_layout(source: Source, sheets: Sequence[Sheet], wanted: Declared) -> Layout:
    """The layout with the declared columns.

    Raises
    ------
    ReadError
        If no row of the file has all the names.
    """
    chosen = [sheet for sheet in sheets if not wanted.sheet or sheet.name == wanted.sheet]
    for sheet in chosen:
        for number, row in enumerate(sheet.rows):
            places = [_place(row, name) for name, _ in wanted.columns.values()]
            if places and all(place is not None for place in places):
                return _layout(sheet, number, wanted, [place or 0 for place in places])
    raise _not_found(source, chosen, wanted)


def _place(row: Sequence[Cell], name: str) -> int | None:
    """Position of a name; ``VO2 (2)`` is the second of two columns called VO2."""
    folded = [fold(cell) for cell in row]
    if fold(name) in folded:
        return folded.index(fold(name))
    base, number = split_unit(name)
    places = [place for place, cell in enumerate(folded) if cell == fold(base)]
    return (
        places[int(number) - 1] if number.isdecimal() and number.isascii() and 0 < int(number) <= len(places) else None
    )


def _layout(sheet: Sheet, header: int, wanted: Declared, places: list[int]) -> Layout:
    columns = {
        quantity: Column(place, name, unit or split_unit(name)[1])
        for place, (quantity, (name, unit)) in zip(places, wanted.columns.items(), strict=True)
    }
    units = has_unit_row(sheet, header, columns)
    if units:
        columns = {
            key: column
            if column.unit
            else Column(column.position, column.name, sheet.text(header + 1, column.position))
            for key, column in columns.items()
        }
    first = header + (2 if units else 1)
    return Layout(sheet, header, first, len(sheet.rows), columns, head=min(places))


def _not_found(source: Source, sheets: Sequence[Sheet], wanted: Declared) -> ReadError:
    rows = [row for sheet in sheets for row in sheet.rows]
    best = max(
        rows, key=lambda row: sum(_place(row, name) is not None for name, _ in wanted.columns.values()), default=[]
    )
    missing = [name for name, _ in wanted.columns.values() if _place(best, name) is None]
    known = [
        shown(cell)
        for cell in best
        if isinstance(cell, str) and any(_place(best, name) is not None for name, _ in wanted.columns.values())
    ]
    names = ", ".join(f'"{name}"{did_you_mean(name, known)}' for name in missing) or "a sheet of that name"
    do = "The names must stand in one row of one sheet, as they are written in the file."
    return ReadError(Problem(f"no row has all the columns of the mapping; missing: {names}", file=source.name, do=do))
