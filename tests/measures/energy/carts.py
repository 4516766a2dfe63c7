"""Cart exports of the shared data as recordings, read without kbstudy's readers: column by name, nothing else."""

from __future__ import annotations

import csv
import xml.etree.ElementTree as ET
from collections.abc import Callable
from datetime import time
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
from python_calamine import CalamineWorkbook

from kbstudy.recording import Recording
from tests.conftest import shared


def _seconds(text: str) -> float:
    total = 0.0
    for part in text.replace(",", ".").split(":"):
        total = total * 60 + float(part)
    return total


def _sheet(name: str) -> list[list[Any]]:
    return CalamineWorkbook.from_path(shared(f"carts/{name}")).get_sheet_by_index(0).to_python()


def _columns(head: list[Any], rows: list[list[Any]], needed: str) -> Callable[[str], pd.Series]:
    place = head.index(needed)
    table = pd.DataFrame([row for row in rows if len(row) == len(head) and row[place] not in ("", None)])
    return lambda name: table[head.index(name)]


def _recording(file: str, device: str, data: dict[str, Any], energy: Any = None, **more: Any) -> Recording:
    frame = pd.DataFrame({name: np.asarray(values) for name, values in data.items()})
    series = None if energy is None else pd.Series(np.asarray(energy, dtype=float))
    return Recording(frame, "gas_exchange", file, device, device_energy_kcal_min=series, **more)


@cache
def w1() -> Recording:
    """COSMED legacy, breath by breath: 3 × (6 min at 20 W, 6 min of a step)."""
    rows = _sheet("cosmed_legacy_steps.xlsx")
    column = _columns(rows[0], rows[3:], "VO2")
    data = {
        "time_s": column("t").map(_seconds),
        "vo2_l_min": column("VO2").astype(float) / 1000,
        "vco2_l_min": column("VCO2").astype(float) / 1000,
        "phase": column("Phase"),
    }
    return _recording("cosmed_legacy_steps.xlsx", "COSMED", data, column("EEm"))


@cache
def w3() -> Recording:
    """Cortex MetaSoft 3, breath by breath; zeros are missed breaths."""
    rows = _sheet("cortex_metasoft3_step.xlsx")
    start = next(number for number, row in enumerate(rows) if row[0] == "t")
    column = _columns(rows[start], rows[start + 2 :], "t")
    data = {
        "time_s": column("t").map(_seconds),
        "vo2_l_min": column("V'O2 (STPD)").astype(float),
        "vco2_l_min": column("V'CO2").astype(float),
    }
    return _recording("cortex_metasoft3_step.xlsx", "Cortex", data, column("EU").astype(float) / 1440)


@cache
def s4() -> Recording:
    """COSMED OMNIA, 10-s means, German."""
    rows = _sheet("cosmed_omnia_german.xlsx")
    column = _columns(rows[0], rows[3:], "VO2")

    def seconds(cell: time) -> float:
        return cell.hour * 3600.0 + cell.minute * 60 + cell.second

    data = {
        "time_s": column("t").map(seconds),
        "vo2_l_min": column("VO2").astype(float) / 1000,
        "vco2_l_min": column("VCO2").astype(float) / 1000,
        "phase": column("Phase"),
    }
    return _recording("cosmed_omnia_german.xlsx", "COSMED", data, column("EEkc").astype(float) / 1440)


@cache
def s5() -> Recording:
    """Cortex MetaSoft Studio, SpreadsheetML."""
    space = "{urn:schemas-microsoft-com:office:spreadsheet}"
    rows = [
        [getattr(cell.find(f"{space}Data"), "text", None) for cell in row.iter(f"{space}Cell")]
        for row in ET.parse(shared("carts/cortex_studio.xml")).iter(f"{space}Row")
    ]
    start = max(number for number, row in enumerate(rows) if row and row[0] == "t")
    column = _columns(rows[start], rows[start + 2 :], "V'O2")
    data = {
        "time_s": column("t").map(_seconds),
        "vo2_l_min": column("V'O2").astype(float),
        "vco2_l_min": column("V'CO2").astype(float),
    }
    return _recording("cortex_studio.xml", "Cortex", data, column("EU").astype(float) / 60)


@cache
def p1() -> Recording:
    """ParvoMedics, 15-s bins, five intervals of 5 min, two gaps, 71 kg."""
    with shared("carts/parvo_binned.csv").open(encoding="latin-1", newline="") as stream:
        rows = list(csv.reader(stream, skipinitialspace=True))
    start = rows.index(["----------"]) + 1
    end = next(number for number in range(start, len(rows)) if not rows[number])
    cells = np.array(rows[start:end], dtype=float)
    time_s = cells[:, 0] * 60
    marker = np.full(len(time_s), "", dtype=object)
    events = rows[rows.index(["Events"]) + 1 :]
    for minute, text in [row for row in events if len(row) == 2]:
        if "Exercise" in text:
            marker[np.argmin(np.abs(time_s - float(minute) * 60))] = text
    data = {"time_s": time_s, "vo2_l_min": cells[:, 3], "vco2_l_min": cells[:, 4], "marker": marker}
    return _recording("parvo_binned.csv", "Parvo", data, body_mass_kg=71.0, body_mass_source="header of the file")
