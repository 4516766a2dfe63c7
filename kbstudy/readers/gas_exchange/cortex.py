"""Cortex exports: MetaSoft 3 and MetaSoft Studio, in the languages they are sold in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from kbstudy.readers.gas_exchange.layout import Device, Layout, layout_at, locate
from kbstudy.readers.gas_exchange.sheet import Sheet
from kbstudy.readers.gas_exchange.units import is_clock, unit_text

__all__ = ["METASOFT_3", "METASOFT_STUDIO"]

_COLUMNS: Final = {
    "time": ("t", "zeit", "time", "temps", "messzeit"),
    "vo2": ("vo2", "vo2 (stpd)"),
    "vco2": ("vco2", "vco2 (stpd)"),
    "vo2_kg": ("vo2/kg", "vo2/kg (stpd)"),
    "rer": ("rer", "r", "rq"),
    "ve": ("ve", "ve (btps)"),
    "ve_stpd": ("ve (stpd)",),
    "vt": ("vt", "vt (btps)"),
    "rf": ("af", "bf", "fr"),
    "hr": ("hf", "hr", "fc"),
    "power": ("p", "wr"),
    "speed": ("v",),
    "peto2": ("peto2",),
    "petco2": ("petco2",),
    "phase": ("phase",),
    "marker": ("marker", "marqueur"),
    "energy": ("eu", "ee"),
}
_REQUIRED: Final = ("time", "vo2", "vco2")
_REQUIRED_WITHOUT_CO2: Final = ("time", "vo2", "rer")


def _table(sheets: Sequence[Sheet]) -> Layout | None:
    for sheet in sheets:
        found = locate(sheet, _COLUMNS, _REQUIRED) or locate(sheet, _COLUMNS, _REQUIRED_WITHOUT_CO2)
        if found is not None and _apostrophe(found[1]["vo2"].name):
            return layout_at(sheet, *found)
    return None


def _apostrophe(name: str) -> bool:
    """These programs write V'O2; other programs, and the folding of names, do without the apostrophe."""
    return name.strip()[1:2] in {"'", "’", "´", "`", "‘"}


def _metasoft_3(sheets: Sequence[Sheet]) -> Layout | None:
    layout = _table(sheets)
    return layout if layout is not None and _is_three(layout) else None


def _is_three(layout: Layout) -> bool:
    tenths = unit_text(layout.columns["time"].unit) in {"hh:mm:ss.z", "hh:mm:ss,z"}
    return tenths or "(STPD)" in layout.columns["vo2"].name.upper()


def _metasoft_studio(sheets: Sequence[Sheet]) -> Layout | None:
    layout = _table(sheets)
    clock = layout is not None and is_clock(layout.columns["time"].unit)
    return layout if clock and layout is not None and not _is_three(layout) else None


METASOFT_3: Final = Device(
    "cortex_metasoft3",
    "Cortex MetaSoft 3",
    'a header row with "t" and "V\'O2 (STPD)", and "hh:mm:ss.z" under "t"',
    _metasoft_3,
)
METASOFT_STUDIO: Final = Device(
    "cortex_studio",
    "Cortex MetaSoft Studio",
    'a header row with "t", "V\'O2" and "V\'CO2", and "h:mm:ss" under "t"',
    _metasoft_studio,
)
