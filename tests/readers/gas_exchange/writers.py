"""Small made-up exports of every device, written after its signature, so that tests can damage them."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import openpyxl

NAME, BIRTH, NUMBER = "Quixotina", "31.12.1971", "ZZ-4711"
"""What identifies the made-up person; no output may show it."""
NAMESPACE = "urn:schemas-microsoft-com:office:spreadsheet"
MASS = 80.0


@dataclass(frozen=True)
class Breath:
    """One row of truth: L/min, s, W."""

    t: float
    vo2: float
    vco2: float
    rf: float
    vt: float
    hr: float
    load: float

    @property
    def rer(self) -> float:
        return self.vco2 / self.vo2

    @property
    def ve(self) -> float:
        return self.rf * self.vt


def truth(n: int = 24, step: float = 5.0, seed: int = 1) -> list[Breath]:
    """Breaths of a short ramp. Times are whole seconds, a breath lasts one row, values have three decimals."""
    rng = np.random.default_rng(seed)
    rows, t = [], 0.0
    for number in range(n):
        length = step + float(rng.integers(-1, 2))
        t += length
        vo2 = round(0.4 + 0.1 * number + 0.05 * rng.normal(), 3)
        rer = 0.75 + 0.015 * number
        rows.append(
            Breath(
                t,
                vo2,
                round(vo2 * rer, 3),
                round(60 / length, 2),
                round(1 + 0.05 * number, 3),
                70.0 + number,
                10.0 * number,
            )
        )
    return rows


def clock(seconds: float, hours: bool = True) -> str:
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{rest:02d}" if hours else f"{minutes:02d}:{rest:02d}"


def workbook(rows: Sequence[Sequence[Any]], title: str = "Data") -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = title
    for row in rows:
        sheet.append([None if cell == "" else cell for cell in row])
    for cell in (cell for row in sheet.iter_rows() for cell in row if cell.data_type == "f"):
        cell.data_type = "s"  # a line of = is no formula
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def text(rows: Sequence[Sequence[object]], separator: str = ",", end: str = "\n") -> bytes:
    stream = io.StringIO()
    csv.writer(stream, delimiter=separator, lineterminator=end).writerows(rows)
    return stream.getvalue().encode()


def _beside(head: Sequence[Sequence[object]], table: Sequence[Sequence[object]], width: int) -> list[list[object]]:
    rows = []
    for number in range(max(len(head), len(table))):
        left = list(head[number]) if number < len(head) else []
        right = list(table[number]) if number < len(table) else []
        rows.append([*left, *[""] * (width - len(left)), *right])
    return rows


# ---- devices -----------------------------------------------------------------------------------------------------

COSMED_HEAD = [
    ["ID code:", NUMBER, "", "Test number:", 3, "", "Barometric press. (mmHg):", 755.0],
    ["Last name:", NAME, "", "Test date:", "1/2/2020", "", "Temperature (degrees C):", 21.0],
    ["First name:", NAME],
    ["Sex:", "F"],
    ["Weight (Kg):", MASS],
]


def cosmed_legacy(rows: Sequence[Breath] | None = None, head: bool = True) -> bytes:
    names = [
        "t",
        "Rf",
        "VT",
        "VE",
        "VO2",
        "VCO2",
        "VO2/Kg",
        "R",
        "HR",
        "Load1",
        "Phase",
        "Marker",
        "PetO2",
        "PetCO2",
        "EEm",
    ]
    units = [
        "hh:mm:ss",
        "b/min",
        "l",
        "l/min",
        "ml/min",
        "ml/min",
        "ml/min/Kg",
        "---",
        "bpm",
        "Watt",
        "---",
        "---",
        "mmHg",
        "mmHg",
        "Kcal/min",
    ]
    body = [
        [
            clock(b.t),
            b.rf,
            b.vt,
            b.ve,
            1000 * b.vo2,
            1000 * b.vco2,
            1000 * b.vo2 / MASS,
            b.rer,
            b.hr,
            b.load,
            1,
            "",
            100.0,
            40.0,
            3.781 * b.vo2 + 1.237 * b.vco2,
        ]
        for b in rows or truth()
    ]
    table = [names, units, [], *body]
    return workbook(_beside(COSMED_HEAD, table, 9) if head else table, "Sheet1")


def cosmed_omnia(
    rows: Sequence[Breath] | None = None,
    first: str = "ID1",
    speed: str = "Kmh",
    names: Sequence[str] = ("Rf", "RQ", "HR"),
) -> bytes:
    head = [
        [first, NUMBER],
        ["Last name", NAME],
        ["First name", NAME],
        ["Gender", "Female"],
        ["Age", 40],
        ["Height (cm)", 170],
        ["Weight (kg)", MASS],
        ["D.O.B.", BIRTH],
    ]
    rf, rq, hr = names
    header = ["t", rf, "VT", "VE", "VO2", "VCO2", rq, "VO2/Kg", hr, "Speed", "Grade", "Phase", "Marker", "EEkc"]
    units = [
        "s",
        "1/min",
        "L(btps)",
        "L/min",
        "mL/min",
        "mL/min",
        "---",
        "mL/min/Kg",
        "bpm",
        speed,
        "%",
        "---",
        "---",
        "kcal/day",
    ]
    body = [
        [
            dt.time(0, int(b.t) // 60, int(b.t) % 60),
            b.rf,
            b.vt,
            b.ve,
            1000 * b.vo2,
            1000 * b.vco2,
            b.rer,
            1000 * b.vo2 / MASS,
            b.hr,
            12.0,
            1.0,
            "EXERCISE",
            "",
            round(1440 * (3.9 * b.vo2 + 1.1 * b.vco2)),
        ]
        for b in rows or truth()
    ]
    return workbook(_beside(head, [header, units, [], *body], 9), "Data")


def metasoft_3(rows: Sequence[Breath] | None = None) -> bytes:
    names = ["t", "VT", "AF", "V'E (BTPS)", "V'O2 (STPD)", "V'CO2", "R", "V'O2/kg", "HF", "EU"]
    units = ["hh:mm:ss.z", "l", "1/min", "l/min", "l/min", "l/min", "", "ml/min/kg", "1/min", "kcal/d"]
    body = [
        [
            clock(b.t) + ",0",
            b.vt,
            b.rf,
            b.ve,
            b.vo2,
            b.vco2,
            round(b.rer, 2),
            round(1000 * b.vo2 / MASS, 2),
            b.hr,
            7000.0,
        ]
        for b in rows or truth()
    ]
    return workbook([["Name", NAME], [], names, units, *body], "Sheet1")


def studio_rows(
    rows: Sequence[Breath] | None = None, subject: str = "Patient", mass: str = "80,0kg", units: str = "h:mm:ss"
) -> list[list[Any]]:
    head = [
        [subject],
        ["Administrative Data"],
        ["ID", NUMBER],
        ["Last Name", NAME],
        ["Date of Birth", BIRTH],
        ["Weight", mass],
        [],
        ["V'O2", "L/min", "2,5"],
        [],
    ]
    names = ["t", "Phase", "Marker", "V'O2/kg", "HR", "P", "RER", "V'E", "VT", "BF", "V'CO2", "V'O2", "EU"]
    unit_row = [units, "", "", "ml/min/kg", "/min", "W", "", "L/min", "L", "/min", "L/min", "L/min", "kcal/h"]
    body = [
        [
            f"0:{int(b.t) // 60:02d}:{int(b.t) % 60:02d}",
            "Rest" if b.t < 40 else "Work",
            "-",
            1000 * b.vo2 / MASS,
            b.hr,
            b.load,
            b.rer,
            b.ve,
            b.vt,
            b.rf,
            b.vco2,
            b.vo2,
            300.0,
        ]
        for b in rows or truth()
    ]
    return [*head, names, unit_row, *body]


def studio_xml(rows: Sequence[Sequence[Any]] | None = None) -> bytes:
    lines = [
        '<?xml version="1.0"?><?mso-application progid="Excel.Sheet"?>',
        f'<Workbook xmlns="{NAMESPACE}" xmlns:ss="{NAMESPACE}"><Worksheet ss:Name="MetasoftStudio"><Table>',
    ]
    for row in rows or studio_rows():
        cells = []
        skipped = False
        for place, cell in enumerate(row, 1):
            if cell == "":
                skipped = True
                continue
            kind = "String" if isinstance(cell, str) else "Number"
            index = f' ss:Index="{place}"' if skipped else ""
            shown = str(cell).replace("&", "&amp;").replace("<", "&lt;")
            cells.append(f'<Cell{index}><Data ss:Type="{kind}">{shown}</Data></Cell>')
            skipped = False
        lines.append(f"<Row>{''.join(cells)}</Row>")
    return "\n".join([*lines, "</Table></Worksheet></Workbook>"]).encode()


def vyntus(rows: Sequence[Breath] | None = None, time: str = "Tid", encoding: str = "latin-1") -> bytes:
    names = [time, "Last", "HF", " V'O2/kg ", " V'O2   ", " V'CO2  ", "RER", "V'E", "BF", "VTex"]
    units = ["min", "W", "1/min", "(mL/min)/kg", "mL/min", "mL/min", "", "L/min", "1/min", "L"]
    body = [
        [
            f" {clock(b.t, hours=False)}",
            b.load,
            b.hr,
            round(1000 * b.vo2 / MASS, 1),
            round(1000 * b.vo2),
            round(1000 * b.vco2),
            f"{b.rer:.2f}",
            f"{b.ve:.0f}",
            b.rf,
            b.vt,
        ]
        for b in rows or truth()
    ]
    table = [["ID-nummer:", NUMBER], ["Förnamn:", NAME], names, units, *body]
    return "\r\n".join("\t".join(map(str, row)) for row in table).encode(encoding)


def parvo_rows(rows: Sequence[Breath] | None = None, minutes: bool = True, ve: str = "STPD") -> list[list[Any]]:
    head = [
        ["Name", NAME, "File number", NUMBER],
        ["Height", 67.0, "in", 170.0, "cm", "Weight", 176.37, "lb", MASS, "kg"],
        ["STPD to BTPS", 1.2, "O2 Gain", 0.1],
        [],
        ["=========="],
        ["", "", ".", ".", ".", "", "", "", ".", ".", ""],
        ["TIME ", "HR ", "VO2/kg ", "VO2 ", "VCO2 ", "RER ", "RR ", "Vt ", "VE ", "VE/ ", "Breath# "],
        ["", "", "STPD", "STPD", "STPD", "", "", "BTPS", ve, "VO2", ""],
        ["min", "bpm", "ml/kg/m", "L/min", "L/min", "", "BPM", "L", "L/min", "BT/ST", ""],
        ["----------"],
    ]
    factor = 1.2 if ve == "STPD" else 1.0
    body = [
        [
            b.t / 60 if minutes else f" {int(b.t) // 60}:{int(b.t) % 60:02d}",
            b.hr,
            1000 * b.vo2 / MASS,
            b.vo2,
            b.vco2,
            b.rer,
            b.rf,
            b.vt,
            b.ve / factor,
            25.0,
            5.0 * n,
        ]
        for n, b in enumerate(rows or truth(), 1)
    ]
    tail = [[], ["Max VO2", 2.7, "L/min"], [], ["Events"], [0.5, "Start Exercise"], [0.5, "Set 1"], [99.0, "Late"], []]
    return [*head, *body, *tail]


def parvo(rows: Sequence[Breath] | None = None) -> bytes:
    lines = [
        ", ".join(f"{cell:.6f}" if isinstance(cell, float) else f'"{cell}"' for cell in row) for row in parvo_rows(rows)
    ]
    return "\r\n".join(lines).encode() + b"\r\n\x1a"


def mgc(rows: Sequence[Breath] | None = None, separator: str = "\t", swapped: bool = False) -> bytes:
    names = ["Time", "Speed", "Grade", "VO2", "VO2", "VCO2", "RER", "RR", "Vt BTPS", "VE BTPS", "BR", "HR"]
    body = []
    for b in rows or truth():
        oxygen = [f"{1000 * b.vo2 / MASS:.1f}", f"{1000 * b.vo2:.0f}"]
        oxygen = oxygen[::-1] if swapped else oxygen
        body.append(
            [
                f"{int(b.t) // 60}:{int(b.t) % 60:02d}",
                "3.0",
                "300.1",
                *oxygen,
                f"{1000 * b.vco2:.0f}",
                f"{b.rer:.2f}",
                b.rf,
                f"{1000 * b.vt:.0f}",
                f"{b.ve:.1f}",
                "80.0",
                " ",
            ]
        )
    return text([names, *body], separator, "\r\n")


def zan(rows: Sequence[Breath] | None = None) -> bytes:
    names = ["Zeit", "VO2", "VCO2", "Vin", "tin", "tex", "HR", "Geschw.", "VLüfter"]
    lines = [
        "[person]",
        f"name={NAME}",
        f"vorname={NAME}",
        f"geburtstag={BIRTH}",
        "gewicht=80",
        "",
        "[parameter]",
        "Anzahl=9",
    ]
    lines += [f"P={number},1,{name}" for number, name in enumerate(names)]
    lines += ["", "[Data]", "[Start]", "BeginRest=1"]
    table = rows or truth()
    for number, b in enumerate(table, 1):
        half = int(30_000 / b.rf)
        values = [
            int(1000 * b.t),
            round(1000 * b.vo2),
            round(1000 * b.vco2),
            round(1000 * b.vt),
            half,
            half,
            0 if number == 3 else b.hr,
            9000,
            17,
        ]
        lines.append(f"B{number}=1," + ",".join(map(str, values)))
    lines.append("B999=1,1000,300,250,900,1500,1500,80,9000,17")
    return "\r\n".join(lines).encode("latin-1")


def vmax(rows: Sequence[Breath] | None = None) -> bytes:
    names = [
        "Time",
        "SecTime",
        "Time Sec",
        "ExTime",
        "Ti/Ttot",
        "Work",
        "VO2",
        "VO2/kg",
        "VCO2",
        "VE(STPD)",
        "RR",
        "PetCO2",
        "RQ",
        "Matched HR",
        "Belt_speed",
    ]
    body = [
        [
            clock(b.t),
            b.t,
            b.t,
            b.t - 30,
            0.4,
            1 if b.t < 40 else 2,
            b.vo2,
            1000 * b.vo2 / MASS,
            b.vco2,
            b.ve / 1.2,
            b.rf,
            38.0,
            b.rer,
            b.hr,
            8.0,
        ]
        for b in rows or truth()
    ]
    return workbook([names, *body])


def vo2_master(rows: Sequence[Breath] | None = None, comma: bool = False) -> bytes:
    names = [
        "Time[s]",
        "Time[hh:mm:ss]",
        "HR[bpm]",
        "Power[watts]",
        "Rf[bpm]",
        "Tv[L]",
        "Ve[L/min]",
        "FeO2[%]",
        "VO2[mL/kg/min]",
        "VO2[mL/min]",
    ]
    body = [
        [
            f"{b.t:.0f}",
            clock(b.t),
            *[f"{x:.2f}" for x in (b.hr, 0.0, b.rf, b.vt, b.ve, 16.5, 1000 * b.vo2 / MASS, 1000 * b.vo2)],
        ]
        for b in rows or truth()
    ]
    body = [[cell.replace(".", ",") for cell in row] for row in body] if comma else body
    return text([names, *body])


def pnoe(rows: Sequence[Breath] | None = None, numbered: bool = False) -> bytes:
    names = [
        "T(sec)",
        "PHASE",
        "HR(bpm)",
        "VO2(ml/min)",
        "VCO2(ml/min)",
        "RER",
        "VE(l/min)",
        "VT(l)",
        "BF(bpm)",
        "EE(kcal/min)",
        "Watts",
    ]
    names = [f"{n}. {name}" for n, name in enumerate(names, 1)] if numbered else names
    body = [
        [
            f"{b.t:.0f}",
            "",
            b.hr,
            f"{1000 * b.vo2:.0f}",
            f"{1000 * b.vco2:.0f}",
            f"{b.rer:.2f}",
            f"{b.ve:.1f}",
            b.vt,
            b.rf,
            f"{5 * b.vo2:.2f}",
            0,
        ]
        for b in rows or truth()
    ]
    return text([names, *body], ";")


def korr(rows: Sequence[Breath] | None = None) -> bytes:
    names = ["TIME", "HR", "VO2", "VO2/kg", "VCO2", "RER", "VE", "RR", "VT"]
    units = ["min", "bpm", "ml/min", "ml/kg/min", "ml/min", "", "l/min", "1/min", "ml"]
    body = [
        [
            f"{int(b.t) // 60}:{int(b.t) % 60:02d}",
            b.hr,
            round(1000 * b.vo2),
            round(1000 * b.vo2 / MASS, 1),
            round(1000 * b.vco2),
            round(b.rer, 2),
            round(b.ve, 1),
            b.rf,
            round(1000 * b.vt),
        ]
        for b in rows or truth()
    ]
    return text([names, units, *body], "\t")


def calibre(rows: Sequence[Breath] | None = None) -> bytes:
    names = [
        "Timer (s)",
        "HR (bpm)",
        "Minute Volume (l/min)",
        "VO2 (slpm)",
        "VCO2 (slpm)",
        "RER",
        "Respiratory Rate (breaths/min)",
        "Tidal Volume (l)",
        "Body Weight (kg)",
    ]
    body = [[b.t, b.hr, round(b.ve, 2), b.vo2, b.vco2, round(b.rer, 3), b.rf, b.vt, MASS] for b in rows or truth()]
    return text([["Device S/N", NUMBER], ["Name", NAME], [], names, *body])


def unknown(title: bool = True) -> bytes:
    """A table of no device; only the RER ties its columns together."""
    names = ["Elapsed time", "Oxygen uptake", "CO2 output", "RER", "Pulse"]
    body = [[b.t, 1000 * b.vo2, 1000 * b.vco2, round(b.rer, 3), b.hr] for b in truth()]
    return text([*([["Subject", NAME], []] if title else []), names, *body])


WRITERS: dict[str, Callable[..., bytes]] = {
    "cosmed_legacy": cosmed_legacy,
    "cosmed_omnia": cosmed_omnia,
    "cortex_metasoft3": metasoft_3,
    "cortex_studio": lambda rows=None: studio_xml(studio_rows(rows)),
    "vyntus": vyntus,
    "parvo": parvo,
    "mgc_breeze": mgc,
    "zan": zan,
    "vmax": vmax,
    "vo2_master": vo2_master,
    "pnoe": pnoe,
    "korr_cardiocoach": korr,
    "calibre": calibre,
}
"""A file of each device, by its key."""
