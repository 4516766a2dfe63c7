"""Exports to damage, as rows of cells: one made up of every device, and the real ones of the shared data, cut short."""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from python_calamine import CalamineWorkbook

from kbstudy.readers.gas_exchange.layout import Layout
from kbstudy.readers.gas_exchange.registry import recognised
from kbstudy.readers.gas_exchange.sheets import load_sheets
from kbstudy.readers.source import Source
from tests.conftest import SHARED
from tests.readers.gas_exchange import writers

Rows = list[list[Any]]

_MADE: dict[str, str] = {
    "cosmed_legacy": "xlsx",
    "cosmed_omnia": "xlsx",
    "cortex_metasoft3": "xlsx",
    "cortex_studio": "xml",
    "vyntus": "\t",
    "parvo": ",",
    "mgc_breeze": "\t",
    "zan": "zan",
    "vmax": "xlsx",
    "vo2_master": ",",
    "pnoe": ";",
    "korr_cardiocoach": "\t",
    "calibre": ",",
}
_REAL: dict[str, tuple[str, dict[str, Any]]] = {
    "cosmed_legacy_steps.xlsx": ("xlsx", {}),
    "cortex_metasoft3_step.xlsx": ("xlsx", {}),
    "cosmed_omnia_german.xlsx": ("xlsx", {}),
    "cortex_studio.xml": ("xml", {"body_mass_kg": 80.0}),
    "vyntus.txt": ("\t", {}),
    "parvo_binned.csv": (",", {}),
    "mgc_breeze.csv": (",", {}),
}
NAMES = [*_MADE, *_REAL]
TEXTS = [name for name in NAMES if (_MADE.get(name) or _REAL[name][0]) not in {"xlsx", "xml"}]
BOOKS = [name for name in NAMES if (_MADE.get(name) or _REAL[name][0]) == "xlsx"]
#: Rows of data that are kept of a real file.
_KEPT = 60


@dataclass(frozen=True)
class Sample:
    """A file as rows, and where its columns stand."""

    name: str
    kind: str
    rows: Rows
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def is_text(self) -> bool:
        return self.kind not in {"xlsx", "xml"}

    def data(self) -> bytes:
        """The file, in UTF-8 if it is text."""
        if self.kind == "xlsx":
            return writers.workbook(self.rows)
        if self.kind == "xml":
            return writers.studio_xml(self.rows)
        if self.kind == "zan":
            return "".join(",".join(map(str, row)) + "\r\n" for row in self.rows).encode()
        return writers.text(self.rows, self.kind, "\r\n")

    @cached_property
    def layout(self) -> Layout:
        """Where the reader finds the table."""
        return recognised(load_sheets(Source(Path("x"), self.data())))[0][1]

    def at(self, quantity: str) -> int:
        """The column of a quantity in ``rows``; in ZAN files a number stands before the values."""
        return self.layout.columns[quantity].position + (self.kind == "zan")

    def has(self, *quantities: str) -> bool:
        return set(quantities) <= set(self.layout.columns)

    @cached_property
    def table(self) -> list[int]:
        """The rows with a time and VO2, by their places in ``rows``."""
        layout = self.layout
        numbers = [layout.row(place) - 1 for place in range(layout.last - layout.first)]
        time, vo2 = self.at("time"), self.at("vo2")
        return [n for n in numbers if n < len(self.rows) and self._filled(n, time) and self._filled(n, vo2)]

    def _filled(self, number: int, position: int) -> bool:
        row = self.rows[number]
        return position < len(row) and str(row[position]).strip() not in {"", "-"}

    def changed(self, change: Callable[[Rows], Any]) -> Sample:
        """A copy whose rows were changed in place, or replaced."""
        rows = [list(row) for row in self.rows]
        return replace(self, rows=change(rows) or rows)

    def cells(self, quantity: str, change: Callable[[Any], Any]) -> Sample:
        """A copy with the cells of one column changed."""
        places, position = self.table, self.at(quantity)

        def apply(rows: Rows) -> None:
            for number in places:
                rows[number][position] = change(rows[number][position])

        return self.changed(apply)

    def text(self, row: int, position: int, text: str) -> Sample:
        """A copy with one cell changed."""

        def apply(rows: Rows) -> None:
            rows[row] += [""] * (position + 1 - len(rows[row]))
            rows[row][position] = text

        return self.changed(apply)


@cache
def _sample(name: str) -> Sample:
    if name in _MADE:
        return Sample(name, _MADE[name], _rows(writers.WRITERS[name](), _MADE[name]))
    kind, options = _REAL[name]
    whole = Sample(name, kind, _rows((SHARED / "carts" / name).read_bytes(), kind), options)
    if len(whole.table) <= _KEPT:
        return whole
    first, last = whole.table[_KEPT], whole.table[-1]
    return replace(whole, rows=[*whole.rows[:first], *whole.rows[last + 1 :]])


def sample(name: str) -> Sample:
    """A sample by its name, or a skip that says why."""
    import pytest

    if name in _REAL and not (SHARED / "carts" / name).exists():
        pytest.skip(f"carts/{name} is not on this machine (set KBSTUDY_SHARED to the folder that has it)")
    return _sample(name)


def _rows(data: bytes, kind: str) -> Rows:
    if kind == "xlsx":
        sheet = CalamineWorkbook.from_filelike(io.BytesIO(data)).get_sheet_by_index(0)
        return [list(row) for row in sheet.to_python(skip_empty_area=False)]
    if kind == "xml":
        return _xml_rows(data)
    text = data.removesuffix(b"\x1a").decode("latin-1" if b"\xf6" in data or b"\xfc" in data else "utf-8")
    if kind == "zan":
        return [line.split(",") for line in text.splitlines()]
    return [
        list(row) for row in csv.reader(io.StringIO(text, newline=""), delimiter=kind, skipinitialspace=kind == ",")
    ]


def _xml_rows(data: bytes) -> Rows:
    space = f"{{{writers.NAMESPACE}}}"
    rows: Rows = []
    for row in ET.fromstring(data).iter(f"{space}Row"):
        cells: list[Any] = []
        for cell in row.iter(f"{space}Cell"):
            place = int(cell.get(f"{space}Index", len(cells) + 1)) - 1
            cells += [""] * (place - len(cells))
            value = cell.find(f"{space}Data")
            content = "" if value is None else value.text or ""
            number = value is not None and value.get(f"{space}Type") == "Number"
            cells += [float(content) if number else content, *[""] * int(cell.get(f"{space}MergeAcross", 0))]
        rows.append(cells)
    return rows


# ---- times -------------------------------------------------------------------------------------------------------

_CLOCK = re.compile(r"(\s*)(\d+(?::\d{1,2}){1,2})([.,]\d+)?(\s*)")


def seconds(cell: Any, unit: str) -> float:
    """A time cell of these files in seconds."""
    if isinstance(cell, dt.time):
        return cell.hour * 3600 + cell.minute * 60 + cell.second + cell.microsecond / 1e6
    match = _CLOCK.fullmatch(str(cell))
    if match is None:
        return float(cell) * {"min": 60.0, "ms": 1e-3}.get(unit, 1.0)
    total = 0
    for part in match[2].split(":"):
        total = total * 60 + int(part)
    return total + float((match[3] or "0").replace(",", "."))


def like(cell: Any, unit: str, value: float) -> Any:
    """Seconds written as that cell is."""
    whole, rest = int(value), value - int(value)
    if isinstance(cell, dt.time):
        return dt.time(whole // 3600, whole // 60 % 60, whole % 60, round(rest * 1e6))
    match = _CLOCK.fullmatch(str(cell))
    if match is None:
        number = value / {"min": 60.0, "ms": 1e-3}.get(unit, 1.0)
        return number if isinstance(cell, float) else f"{number:.6f}" if "." in cell else str(round(number))
    hours = match[2].count(":") == 2
    clock = f"{whole // 3600}:{whole // 60 % 60:02d}:{whole % 60:02d}" if hours else f"{whole // 60}:{whole % 60:02d}"
    clock = clock.rjust(len(match[2]), "0")
    fraction = f"{match[3][0]}{rest:.{len(match[3]) - 1}f}".replace("0.", "", 1) if match[3] else ""
    return f"{match[1]}{clock}{fraction}{match[4]}"


def clock_unit(shape: Sample) -> str:
    """The unit of plain numbers in the column of times."""
    column = shape.layout.columns["time"]
    return (column.unit or shape.layout.documented.get("time", "")).strip().casefold()


def number(cell: Any) -> float:
    """A cell as a number."""
    return float(cell) if not isinstance(cell, str) else float(cell.strip() or "nan")


def halves(places: Sequence[int]) -> tuple[list[int], list[int]]:
    """The first and the second half."""
    middle = len(places) // 2
    return list(places[:middle]), list(places[middle:])
