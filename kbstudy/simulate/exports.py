"""Made-up breaths in the formats that three makes of metabolic cart export, each stamped SIMULATED inside.

The same breaths give the same bytes everywhere: texts have a fixed number of decimals, and the parts of a workbook are
stored as they are, with one fixed date.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from typing import Final
from xml.sax.saxutils import escape

import numpy as np
from numpy.typing import NDArray

__all__ = ["Breaths", "cosmed_omnia", "mgc_breeze", "parvo"]

STAMP: Final = "SIMULATED by kbstudy.simulate: no person stands behind this file"

_BIN_S: Final = 10.0
_PHASES: Final = ("REST", "EXERCISE", "RECOVERY")
_STPD_TO_BTPS: Final = 1.21


@dataclass(frozen=True, slots=True)
class Breaths:
    """One value a breath: its end in s; L/min STPD; ventilation in L/min BTPS; phase 0 rest, 1 work, 2 recovery."""

    time_s: NDArray[np.float64]
    vo2: NDArray[np.float64]
    vco2: NDArray[np.float64]
    ve: NDArray[np.float64]
    rf: NDArray[np.float64]
    hr: NDArray[np.float64]
    phase: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.time_s)

    def __getitem__(self, which: NDArray[np.bool_]) -> Breaths:
        return Breaths(*(getattr(self, field.name)[which] for field in fields(self)))

    @property
    def lengths_s(self) -> NDArray[np.float64]:
        """Seconds that each breath took."""
        return 60.0 / self.rf


@dataclass(frozen=True, slots=True)
class _Row:
    """A breath, or the mean of those that ended in one bin: time in s, L/min, L, 1/min."""

    time_s: float
    vo2: float
    vco2: float
    ve: float
    rf: float
    hr: float
    phase: str
    breaths: int

    @property
    def rer(self) -> float:
        return self.vco2 / self.vo2

    @property
    def vt(self) -> float:
        return self.ve / self.rf


def _rows(breaths: Breaths) -> Iterable[_Row]:
    columns = (breaths.time_s, breaths.vo2, breaths.vco2, breaths.ve, breaths.rf, breaths.hr, breaths.phase)
    for number, (time, vo2, vco2, ve, rf, hr, phase) in enumerate(zip(*columns, strict=True), 1):
        yield _Row(float(time), float(vo2), float(vco2), float(ve), float(rf), float(hr), _PHASES[phase], number)


def _bins(breaths: Breaths) -> Iterable[_Row]:
    """Means of the breaths that ended in each bin, long breaths counting more, labelled by the end of the bin."""
    ends = np.ceil(breaths.time_s / _BIN_S) * _BIN_S
    lengths, count = breaths.lengths_s, 0
    for end in np.unique(ends):
        inside = ends == end
        count += int(inside.sum())
        columns = (breaths.vo2, breaths.vco2, breaths.ve, breaths.hr)
        vo2, vco2, ve, hr = (float(np.average(values[inside], weights=lengths[inside])) for values in columns)
        phase = _PHASES[int(breaths.phase[inside].max())]
        yield _Row(float(end), vo2, vco2, ve, 60.0 / float(lengths[inside].mean()), hr, phase, count)


# ---- text --------------------------------------------------------------------------------------------------------


def mgc_breeze(breaths: Breaths, person: str, mass_kg: float | None) -> bytes:
    """MGC BreezeSuite, breath by breath: the file names no mass, and has VO2 a kilogram beside VO2."""
    names = ["Time", "VO2", "VO2", "VCO2", "RER", "RR", "Vt BTPS", "VE BTPS", "HeartRate"]
    lines = [STAMP, f"ID,{person}", ",".join(names)]
    mass = _needed(mass_kg)
    for row in _rows(breaths):
        volumes = [f"{1000 * row.vo2 / mass:.1f}", f"{1000 * row.vo2:.0f}", f"{1000 * row.vco2:.0f}", f"{row.rer:.2f}"]
        air = [f"{row.rf:.0f}", f"{1000 * row.vt:.0f}", f"{row.ve:.1f}", f"{row.hr:.0f}"]
        lines.append(",".join([_clock(row.time_s), *volumes, *air]))
    return ("\r\n".join(lines) + "\r\n").encode()


def _needed(mass_kg: float | None) -> float:
    if mass_kg is None:
        raise ValueError("this format has a column of VO2 a kilogram and needs a mass")
    return mass_kg


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"


def parvo(breaths: Breaths, person: str, mass_kg: float | None) -> bytes:
    """Parvo TrueOne, bins of 10 s, ventilation in STPD, with its list of events."""
    mass = _needed(mass_kg)
    head: list[Sequence[str | float]] = [
        [STAMP],
        ["Name", "", "File number", person],
        ["Weight", mass * 2.204623, "lb", mass, "kg"],
        ["Test Environment", "Insp. temp.", 21.0, "deg C", "Baro. pressure", 752.0, "mmHg"],
        ["STPD to BTPS", _STPD_TO_BTPS],
        [""],
        ["=========="],
        ["TIME", "HR", "VO2/kg", "VO2", "VCO2", "RER", "RR", "Vt", "VE", "Breath#"],
        ["", "", "STPD", "STPD", "STPD", "", "", "BTPS", "STPD", ""],
        ["min", "bpm", "ml/kg/m", "L/min", "L/min", "", "BPM", "L", "L/min", ""],
        ["----------"],
    ]
    table: list[Sequence[str | float]] = []
    for row in _bins(breaths):
        gas = (1000 * row.vo2 / mass, row.vo2, row.vco2, row.rer)
        table.append([row.time_s / 60, row.hr, *gas, row.rf, row.vt, row.ve / _STPD_TO_BTPS, float(row.breaths)])
    start, end = breaths.time_s[breaths.phase == 1][[0, -1]] / 60
    events: list[Sequence[str | float]] = [[""], ["Events"], [start, "Start Exercise"], [end, "Stop Exercise"]]
    return "\r\n".join([*map(_quoted, [*head, *table, *events]), "\x1a"]).encode()


def _quoted(row: Sequence[str | float]) -> str:
    return ", ".join(f'"{cell}"' if isinstance(cell, str) else f"{cell:.6f}" for cell in row)


# ---- workbook ----------------------------------------------------------------------------------------------------

_MAIN: Final = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_PACKAGE: Final = "http://schemas.openxmlformats.org/package/2006"
_OFFICE: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_XML: Final = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_KIND: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_PARTS: Final = {
    "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    f'<Override PartName="/xl/workbook.xml" ContentType="{_KIND}.sheet.main+xml"/>'
    f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_KIND}.worksheet+xml"/>'
    f'<Override PartName="/xl/styles.xml" ContentType="{_KIND}.styles+xml"/></Types>',
    "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}">'
    '<sheets><sheet name="Data" sheetId="1" r:id="rId1"/></sheets></workbook>',
    "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{_OFFICE}/worksheet" Target="worksheets/sheet1.xml"/>'
    f'<Relationship Id="rId2" Type="{_OFFICE}/styles" Target="styles.xml"/></Relationships>',
    # the second style is number format 45: mm:ss
    "xl/styles.xml": f'<styleSheet xmlns="{_MAIN}"><fonts count="1"><font/></fonts>'
    '<fills count="1"><fill><patternFill/></fill></fills><borders count="1"><border/></borders>'
    '<cellStyleXfs count="1"><xf/></cellStyleXfs>'
    '<cellXfs count="2"><xf/><xf numFmtId="45" applyNumberFormat="1"/></cellXfs>'
    '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>',
}


_LETTERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@dataclass(frozen=True, slots=True)
class _Time:
    """A cell that holds a time."""

    seconds: float


_Cell = str | _Time | None
"""Words, numbers as text with their decimals, a time, or nothing."""


def cosmed_omnia(breaths: Breaths, person: str, mass_kg: float | None) -> bytes:
    """COSMED OMNIA, bins of 10 s, with the device's own kcal/day. Without a mass, VO2 a kilogram is missing too."""
    head = [["ID1", person], ["Test type", STAMP], *([["Weight (kg)", f"{mass_kg:.1f}"]] if mass_kg else [])]
    names = ["t", "Rf", "VT", "VE", "VO2", "VCO2", "RQ", "HR", "Phase", "EEkc"]
    units = ["s", "1/min", "L(btps)", "L/min", "mL/min", "mL/min", "---", "bpm", "---", "kcal/day"]
    if mass_kg:
        names, units = [*names, "VO2/Kg"], [*units, "mL/min/Kg"]
    table: list[list[_Cell]] = [[*names], [*units], []]
    for row in _bins(breaths):
        air = [f"{row.rf:.1f}", f"{row.vt:.3f}", f"{row.ve:.1f}"]
        volumes = [f"{1000 * row.vo2:.1f}", f"{1000 * row.vco2:.1f}", f"{row.rer:.2f}"]
        energy = f"{1440 * (3.9 * row.vo2 + 1.1 * row.vco2):.0f}"
        kilogram = [f"{1000 * row.vo2 / mass_kg:.2f}"] if mass_kg else []
        table.append([_Time(row.time_s), *air, *volumes, f"{row.hr:.0f}", row.phase, energy, *kilogram])
    return _workbook([_beside(head, table, number) for number in range(len(table))])


def _beside(head: Sequence[Sequence[str]], table: Sequence[Sequence[_Cell]], number: int) -> list[_Cell]:
    """The table starts in the tenth column; what is known of the test stands left of it."""
    left: list[_Cell] = [*head[number]] if number < len(head) else []
    return [*left, *[None] * (9 - len(left)), *table[number]]


def _workbook(rows: Sequence[Sequence[_Cell]]) -> bytes:
    lines = "".join(f'<row r="{number}">{_cells(row, number)}</row>' for number, row in enumerate(rows, 1))
    sheet = f'<worksheet xmlns="{_MAIN}"><sheetData>{lines}</sheetData></worksheet>'
    stream = io.BytesIO()
    # stored, because what compression gives depends on the library's version
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
        for name, content in {**_PARTS, "xl/worksheets/sheet1.xml": sheet}.items():
            part = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            part.create_system = 0  # the same on every system
            archive.writestr(part, _XML + content)
    return stream.getvalue()


def _cells(row: Sequence[_Cell], number: int) -> str:
    """The cells of a row. One that follows another needs no reference, which keeps the files small."""
    shown = ""
    for place, cell in enumerate(row):
        if cell is not None:
            follows = place > 0 and row[place - 1] is not None
            shown += _cell(cell, "" if follows else f' r="{_LETTERS[place]}{number}"')
    return shown


def _cell(cell: str | _Time, place: str) -> str:
    if isinstance(cell, _Time):
        return f'<c{place} s="1"><v>{cell.seconds / 86_400:.9f}</v></c>'
    if _is_number(cell):
        return f"<c{place}><v>{cell}</v></c>"
    return f'<c{place} t="inlineStr"><is><t>{escape(cell)}</t></is></c>'


def _is_number(text: str) -> bool:
    return text.replace(".", "", 1).isdecimal()
