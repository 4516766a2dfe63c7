"""PNOE: semicolon-separated text whose header cells carry their units. Written after descriptions of the export."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from kbstudy.readers.gas_exchange.layout import Device, Layout, layout_with_named_units
from kbstudy.readers.gas_exchange.sheet import Sheet

__all__ = ["PNOE"]

_COLUMNS: Final = {
    "time": ("t(sec)",),
    "vo2": ("vo2(ml/min)",),
    "vco2": ("vco2(ml/min)",),
    "rer": ("rer",),
    "ve": ("ve(l/min)",),
    "vt": ("vt(l)",),
    "rf": ("bf(bpm)",),
    "hr": ("hr(bpm)",),
    "power": ("watts", "watts(w)"),
    "phase": ("phase",),
    "energy": ("ee(kcal/min)", "ee(kcal/day)"),
}


def _recognise(sheets: Sequence[Sheet]) -> Layout | None:
    for sheet in sheets:
        layout = layout_with_named_units(sheet, _COLUMNS, ("time", "vo2", "vco2"))
        if layout is not None:
            return layout.with_(documented={"power": "W"}, absent_if_zero=("power",))
    return None


PNOE: Final = Device(
    "pnoe",
    "PNOĒ",
    'a header row with "T(sec)", "VO2(ml/min)" and "VCO2(ml/min)", perhaps numbered',
    _recognise,
    seen=False,
)
