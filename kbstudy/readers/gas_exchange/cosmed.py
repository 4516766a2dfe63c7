"""COSMED exports: the legacy programs (K4b2, Quark b2) and OMNIA (K5, Quark CPET)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from kbstudy.readers.gas_exchange.layout import Device, Layout, layout_at, locate
from kbstudy.readers.gas_exchange.sheet import Sheet, shown
from kbstudy.readers.gas_exchange.units import unit_text

__all__ = ["LEGACY", "OMNIA"]

_COMMON: Final = {
    "time": ("t",),
    "vo2": ("vo2",),
    "vco2": ("vco2",),
    "vo2_kg": ("vo2/kg",),
    "ve": ("ve",),
    "vt": ("vt",),
    "hr": ("hr", "hf", "fc"),
    "phase": ("phase", "fase"),
    "marker": ("marker",),
    "speed": ("speed", "geschw.", "velocità", "vitesse"),
    "grade": ("grade", "steigung", "pendenza"),
}
_LEGACY: Final = {
    **_COMMON,
    "rer": ("r",),
    "rf": ("rf",),
    "power": ("load1",),
    "peto2": ("peto2",),
    "petco2": ("petco2",),
    # kcal/min has no rounding in these files
    "energy": ("eem", "eeh", "eekc"),
}
_OMNIA: Final = {
    **_COMMON,
    "rer": ("rq", "r"),
    "rf": ("rf", "af", "fr"),
    "power": ("power", "leistung", "potenza", "puissance"),
    "peto2": ("peto2", "peo2"),
    "petco2": ("petco2", "peco2"),
    # kcal/day in whole numbers is finer than kcal/min in hundredths
    "energy": ("eekc", "eeh", "eem"),
}
_REQUIRED: Final = ("time", "vo2", "ve")
#: The names stand in the first rows; with metadata they start in the tenth column, without in the first.
_WITHIN: Final = 4


def _table(sheets: Sequence[Sheet], synonyms: dict[str, tuple[str, ...]]) -> Layout | None:
    for sheet in sheets:
        found = locate(sheet, synonyms, _REQUIRED, _WITHIN)
        if found is not None and _plain(found[1]["vo2"].name):
            return layout_at(sheet, *found)
    return None


def _plain(name: str) -> bool:
    """These programs write VO2 without the apostrophe that others put for the dot."""
    return shown(name).casefold() == "vo2"


def _legacy(sheets: Sequence[Sheet]) -> Layout | None:
    layout = _table(sheets, _LEGACY)
    clock = layout is not None and unit_text(layout.columns["time"].unit) == "hh:mm:ss"
    return layout if clock else None


def _omnia(sheets: Sequence[Sheet]) -> Layout | None:
    layout = _table(sheets, _OMNIA)
    if layout is None or unit_text(layout.columns["time"].unit) != "s":
        return None
    return layout if "/" in layout.columns["vo2"].unit else None


LEGACY: Final = Device(
    "cosmed_legacy",
    "COSMED (legacy program)",
    'in rows 1 to 4 the names "t", "VO2" and "VE", with the unit "hh:mm:ss" under "t"',
    _legacy,
)
OMNIA: Final = Device(
    "cosmed_omnia",
    "COSMED OMNIA",
    'in rows 1 to 4 the names "t", "VO2" and "VE", with the unit "s" under "t"',
    _omnia,
)
