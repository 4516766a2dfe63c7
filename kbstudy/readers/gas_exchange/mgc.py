"""MGC (MedGraphics) BreezeSuite: no unit row, and two columns called VO2."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import numpy as np

from kbstudy.readers.gas_exchange.identities import ENOUGH, rer_agrees
from kbstudy.readers.gas_exchange.layout import Column, Device, Layout, layout_at, locate
from kbstudy.readers.gas_exchange.numbers import read_numbers
from kbstudy.readers.gas_exchange.sheet import Sheet, fold

__all__ = ["BREEZE"]

_COLUMNS: Final = {
    "time": ("time",),
    "vco2": ("vco2",),
    "rer": ("rer",),
    "ve": ("ve btps",),
    "vt": ("vt btps",),
    "rf": ("rr",),
    "hr": ("hr", "heartrate"),
    "speed": ("speed",),
    "grade": ("grade",),
    "power": ("work", "watts"),
    "peto2": ("peto2",),
    "petco2": ("petco2",),
}
#: The second of two equal names, as programs that want them different write it.
_OXYGEN: Final = re.compile(r"vo2(?:\.\d+|\.\.\.\d+)?")
_DOCUMENTED: Final = {"ve": "L/min", "vt": "mL", "grade": "%", "time": "mm:ss"}


def _recognise(sheets: Sequence[Sheet]) -> Layout | None:
    for sheet in sheets:
        found = locate(sheet, _COLUMNS, ("time", "vco2", "rer", "ve", "vt"))
        if found is None:
            continue
        header, columns = found
        oxygen = [place for place, name in enumerate(sheet.rows[header]) if _OXYGEN.fullmatch(fold(name))]
        if len(oxygen) == 2:
            layout = layout_at(sheet, header, {**columns, "vo2": _column(sheet, header, oxygen[1])}, units=False)
            return _which_is_absolute(layout, oxygen)
    return None


def _column(sheet: Sheet, header: int, place: int) -> Column:
    return Column(place, sheet.text(header, place))


def _which_is_absolute(layout: Layout, places: list[int]) -> Layout | None:
    """The VO2 whose ratio to VCO2 is the RER is the one in mL/min; the other is per kilogram."""
    rer, vco2 = (read_numbers(layout.cells(key)).values for key in ("rer", "vco2"))
    shares = []
    for place in places:
        vo2 = read_numbers(layout.sheet.column(place, layout.first, layout.last)).values
        shares.append(rer_agrees(vo2, vco2, rer) or 0.0)
    best = int(np.argmax(shares))
    if shares[best] < ENOUGH:
        return None
    absolute, relative = places[best], places[1 - best]
    columns = {
        **layout.columns,
        "vo2": _column(layout.sheet, layout.header, absolute),
        "vo2_kg": Column(relative, layout.sheet.text(layout.header, relative), "mL/min/kg"),
    }
    return layout.with_(columns=columns, documented=_DOCUMENTED, sentinels={"grade": 300.1})


BREEZE: Final = Device(
    "mgc_breeze",
    "MGC BreezeSuite",
    'a header row with "Time", two columns "VO2", "VCO2", "RER", "Vt BTPS" and "VE BTPS"; one VO2 must fit the RER',
    _recognise,
)
