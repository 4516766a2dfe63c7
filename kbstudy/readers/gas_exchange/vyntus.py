"""Vyntus, Oxycon and SentrySuite: tab-separated text in many languages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from kbstudy.readers.gas_exchange.layout import Device, Layout, layout_at, locate
from kbstudy.readers.gas_exchange.sheet import Sheet
from kbstudy.readers.gas_exchange.units import unit_text

__all__ = ["VYNTUS"]

_COLUMNS: Final = {
    "time": ("tid", "temps", "zeit", "time", "tempo", "t-ph", "t"),
    "vo2": ("vo2", "vo2 (st)", "vo2stpd"),
    "vco2": ("vco2", "vco2 (st)", "vco2stpd"),
    "vo2_kg": ("vo2/kg",),
    "rer": ("rer", "rq", "r"),
    "ve": ("ve", "ve (bt)", "vebtps"),
    "ve_stpd": ("ve (st)", "vestpd"),
    "vt": ("vtex", "vt"),
    "rf": ("bf", "fr", "rf"),
    "hr": ("hf", "hr", "fc"),
    "power": ("last", "load", "watt", "charge", "carico"),
    "speed": ("vitesse", "speed", "geschw."),
    "peto2": ("peto2",),
    "petco2": ("petco2",),
    "phase": ("phase", "fas", "fase"),
    "marker": ("marker", "markör"),
}
_WITHIN: Final = 10


def _recognise(sheets: Sequence[Sheet]) -> Layout | None:
    for sheet in sheets:
        found = locate(sheet, _COLUMNS, ("time", "vo2", "vco2"), _WITHIN)
        if found is None or "'" not in found[1]["vo2"].name:
            continue
        layout = layout_at(sheet, *found)
        if unit_text(layout.columns["time"].unit) in {"min", "s"}:
            return layout
    return None


VYNTUS: Final = Device(
    "vyntus",
    "Vyntus / Oxycon (SentrySuite)",
    'in rows 1 to 10 a time (Tid, Temps, Zeit, Time, Tempo, t-ph, t), "V\'O2" and "V\'CO2", with "min" under the time',
    _recognise,
)
