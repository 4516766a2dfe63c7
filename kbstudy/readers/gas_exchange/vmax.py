"""Vyaire Vmax Encore: a spreadsheet without a unit row. Written after descriptions of the export."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from kbstudy.readers.gas_exchange.layout import Device, Layout, layout_at, locate
from kbstudy.readers.gas_exchange.sheet import Sheet, fold

__all__ = ["VMAX"]

_COLUMNS: Final = {
    "time": ("time sec", "sectime", "extime"),
    "vo2": ("vo2",),
    "vco2": ("vco2",),
    "vo2_kg": ("vo2/kg",),
    "rer": ("rq", "rer"),
    "ve_stpd": ("ve(stpd)", "ve (stpd)"),
    "rf": ("rr",),
    "hr": ("matched hr", "hr"),
    "petco2": ("petco2",),
    "peto2": ("peto2",),
    "speed": ("belt_speed",),
    # laboratories use the column of the work rate for codes of events
    "marker": ("work",),
}
_DOCUMENTED: Final = {"time": "s", "vo2": "L/min", "vco2": "L/min", "vo2_kg": "mL/min/kg", "ve_stpd": "L/min"}


def _recognise(sheets: Sequence[Sheet]) -> Layout | None:
    for sheet in sheets:
        found = locate(sheet, _COLUMNS, ("time", "vo2", "vco2", "ve_stpd"))
        if found is None:
            continue
        names = {fold(cell) for cell in sheet.rows[found[0]]}
        if names & {"extime", "matched hr", "sectime"}:
            return layout_at(sheet, *found, units=False).with_(documented=_DOCUMENTED)
    return None


VMAX: Final = Device(
    "vmax",
    "Vyaire Vmax",
    'a header row with "Time Sec" or "ExTime", "VO2", "VCO2" and "VE(STPD)"',
    _recognise,
    seen=False,
)
