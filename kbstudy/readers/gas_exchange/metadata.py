"""What stands around the table: body mass, environment, and what identifies a person."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from kbstudy.readers.gas_exchange.layout import Layout
from kbstudy.readers.gas_exchange.numbers import parse_number, read_numbers
from kbstudy.readers.gas_exchange.sheet import Cell, fold, shown
from kbstudy.readers.gas_exchange.units import conversion, mass_factor, unit_text

__all__ = ["Head", "is_simulated", "read_head"]

_MASS: Final = re.compile(r"(body )?(weight|mass)|(körper)?gewicht|poids|peso|masse|vekt|vikt|lichaamsgewicht|lg kg")
_ENVIRONMENT: Final = (
    (
        "barometric_pressure_mmhg",
        re.compile(r"baro\w*\.? ?(press|druck)\w*\.?|luftdruck|(pression|pressione) bar\w*|pb"),
    ),
    (
        "temperature_c",
        re.compile(r"temperature|umgebungstemperatur|(insp|ambient|env)\.? temp\w*\.?|temp\w*\.? umg\w*"),
    ),
    ("humidity_percent", re.compile(r"(insp\. |ambient )?humidity|umgebungsfeuchtigkeit|luftfeuchtigkeit")),
    ("stpd_factor", re.compile(r"stpd")),
    ("btps_factor", re.compile(r"btps exs?p\.?")),
    ("stpd_to_btps", re.compile(r"stpd to btps")),
)
_IDENTITY: Final = re.compile(
    r"(patient |proband|subject |person )?(id|id[- ]?code|id ?\d|id[- ]?nummer|id number|name|last ?name|first ?name|"
    r"middle name|surname|vorname|nachname|zweiter vorname|förnamn|efternamn|namn|fornavn|etternavn|efternavn|navn|"
    r"nom|prénom|nom de famille|cognome|sobrenome|file number|"
    r"date of birth|birth ?date|birthday|dob|geburtsdatum|geburtstag|date de naissance|data di nascita|codice|code id)"
    r"( \(tt\.mm\.jjjj\))?"
)
_UNIT_IN_LABEL: Final = re.compile(r"[(\[;,]\s*([^()\[\];,]+)[)\]]?\s*:?$")
#: A value stands at most this many columns after its label; merged labels take two.
_WIDEST: Final = 2
_VALUE: Final = re.compile(r"\s*([+-]?\d+(?:[.,]\d+)?)\s*([^\d\s].*)?")


@dataclass(frozen=True)
class Head:
    """Metadata of a file: mass in kg with the label and text it came from, environment, identity."""

    mass_kg: float | None
    mass_text: str
    odd_mass: str
    environment: dict[str, float]
    identity: dict[str, str]


def read_head(layout: Layout, identity: bool) -> Head:
    """Read the cells around the table.

    Parameters
    ----------
    layout
        Where the table stands.
    identity
        Whether names, dates of birth and ids are kept. They are not even looked at otherwise.
    """
    pairs = list(_pairs(layout.metadata_rows()))
    mass, text, odd = _mass(pairs)
    if mass is None and layout.mass_kg is not None:
        mass, text, odd = layout.mass_kg, f"{layout.mass_kg:g} kg", ""
    environment = {**_environment(pairs), **layout.factors}
    return Head(mass, text, odd, environment, _identity(pairs) if identity else {})


def is_simulated(layout: Layout) -> bool:
    """Whether a cell above or beside the table says that the file is made up."""
    rows = [*layout.metadata_rows(), layout.sheet.rows[layout.header]]
    return any("SIMULATED" in cell.upper() for row in rows for cell in row if isinstance(cell, str))


@dataclass(frozen=True)
class _Pair:
    """A label, the unit it names, and the cells after it in its row."""

    label: str
    unit: str
    after: list[Cell]


def _pairs(rows: Iterable[Sequence[Cell]]) -> Iterator[_Pair]:
    for row in rows:
        filled = [(place, cell) for place, cell in enumerate(row) if shown(cell) and shown(cell) != ":"]
        for number, (_, cell) in enumerate(filled):
            if isinstance(cell, str) and any(character.isalpha() for character in cell):
                yield _Pair(*_label(cell), _beside(filled[number:]))


def _beside(filled: Sequence[tuple[int, Cell]]) -> list[Cell]:
    """The cells after a label, up to the next wide gap: where a value is missing, the next label is no value."""
    cells = []
    for (before, _), (place, cell) in pairwise(filled):
        if place - before > _WIDEST:
            break
        cells.append(cell)
    return cells


def _label(cell: str) -> tuple[str, str]:
    match = _UNIT_IN_LABEL.search(cell)
    unit = match[1].strip() if match else ""
    text = cell[: match.start()] if match else cell
    return fold(text.strip().rstrip(":").strip()), unit


def _values(pair: _Pair) -> list[tuple[float, str]]:
    """Numbers right after a label with the unit each has: in the value, in the next cell, or in the label."""
    found: list[tuple[float, str]] = []
    for place, cell in enumerate(pair.after):
        value = _value(cell)
        if value is None:
            if found and isinstance(cell, str) and mass_factor(cell):
                continue
            break
        following = pair.after[place + 1] if place + 1 < len(pair.after) else ""
        beside = following if isinstance(following, str) and _value(following) is None else ""
        found.append((value[0], value[1] or pair.unit or shown(beside)))
    return found


def _value(cell: Cell) -> tuple[float, str] | None:
    if isinstance(cell, float):
        return cell, ""
    match = _VALUE.fullmatch(cell) if isinstance(cell, str) else None
    if match is None:
        return None
    number = parse_number(match[1], read_numbers([match[1]]).mark)
    return None if number is None else (number, (match[2] or "").strip())


def _mass(pairs: Sequence[_Pair]) -> tuple[float | None, str, str]:
    odd = ""
    for pair in pairs:
        values = _values(pair) if _MASS.fullmatch(pair.label) else []
        in_kg = [(number, unit) for number, unit in values if unit_text(unit) == "kg"]
        for number, unit in in_kg or values:
            factor = mass_factor(unit)
            if factor is not None and 10 <= number * factor <= 400:
                return number * factor, f"{number:g} {unit.strip()}", ""
            odd = odd or f"{number:g} {unit.strip()}".strip()
    return None, "", odd


def _environment(pairs: Sequence[_Pair]) -> dict[str, float]:
    found: dict[str, float] = {}
    for pair in pairs:
        for name, pattern in _ENVIRONMENT:
            values = _values(pair) if name not in found and pattern.fullmatch(pair.label) else []
            number = _in_unit(name, *values[0]) if values else None
            if number is not None:
                found[name] = number
    return found


def _in_unit(name: str, number: float, unit: str) -> float | None:
    if name.endswith("mmhg"):
        factor = conversion("peto2", unit)
        return None if factor is None else number * factor
    # A device writes 0 where a factor or a reading was not taken.
    return number if number else None


def _identity(pairs: Sequence[_Pair]) -> dict[str, str]:
    found: dict[str, str] = {}
    for pair in pairs:
        if _IDENTITY.fullmatch(pair.label) and pair.after:
            found.setdefault(pair.label, shown(pair.after[0]))
    return found
