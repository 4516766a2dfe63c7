"""Every name of a quantity that any device uses, and the public names of quantities."""

from __future__ import annotations

from collections.abc import Sequence
from types import MappingProxyType
from typing import Final

from kbstudy.readers.gas_exchange.layout import Column, split_unit
from kbstudy.readers.gas_exchange.sheet import Cell, fold
from kbstudy.readers.gas_exchange.units import conversion, unit_text

__all__ = ["PUBLIC", "known_columns", "public_name"]

#: Name in ``mapping=`` and in a profile, to the quantity.
PUBLIC: Final = MappingProxyType(
    {
        "time_s": "time",
        "vo2_l_min": "vo2",
        "vco2_l_min": "vco2",
        "vo2_ml_kg_min": "vo2_kg",
        "rer": "rer",
        "ve_l_min": "ve",
        "ve_stpd_l_min": "ve_stpd",
        "rf_per_min": "rf",
        "vt_l": "vt",
        "hr_bpm": "hr",
        "power_w": "power",
        "speed_km_h": "speed",
        "grade_percent": "grade",
        "peto2_mmhg": "peto2",
        "petco2_mmhg": "petco2",
        "energy_kcal_min": "energy",
        "breath": "breath",
        "phase": "phase",
        "marker": "marker",
    }
)
_NAMES: Final = {quantity: name for name, quantity in PUBLIC.items()}
_WORDS: Final = {
    "time": (
        "t",
        "time",
        "zeit",
        "tid",
        "temps",
        "tempo",
        "t-ph",
        "timer",
        "elapsed time",
        "seconds",
        "zeitpunkt",
        "messzeit",
    ),
    "vo2": ("vo2", "vo2 (stpd)", "vo2stpd", "oxygen uptake", "o2 uptake"),
    "vco2": ("vco2", "vco2 (stpd)", "vco2stpd", "co2 output"),
    "vo2_kg": ("vo2/kg", "vo2 kg", "vo2rel", "vo2 rel", "relative vo2"),
    "rer": ("rer", "rq", "r"),
    "ve": ("ve", "ve (btps)", "ve btps", "minute ventilation", "ventilation"),
    "ve_stpd": ("ve stpd", "ve (stpd)", "ve(stpd)"),
    "rf": ("rf", "af", "bf", "fr", "rr", "respiratory rate", "breathing frequency"),
    "vt": ("vt", "vt btps", "vt (btps)", "vtex", "tv", "tidal volume"),
    "hr": ("hr", "hf", "fc", "heartrate", "heart rate", "herzfrequenz", "pulse"),
    "power": ("power", "load", "last", "watt", "watts", "wr", "work rate", "workr", "leistung", "p"),
    "speed": ("speed", "v", "geschw.", "vitesse", "geschwindigkeit"),
    "grade": ("grade", "steigung", "incline"),
    "peto2": ("peto2", "peo2"),
    "petco2": ("petco2", "peco2"),
    "energy": ("ee", "eem", "eeh", "eekc", "eu", "energy", "calories"),
    "phase": ("phase", "stage"),
    "marker": ("marker", "marqueur", "event"),
}
_QUANTITY: Final = {word: quantity for quantity, words in _WORDS.items() for word in words}


def public_name(quantity: str) -> str:
    """The name of a quantity in ``mapping=``."""
    return _NAMES[quantity]


def known_columns(row: Sequence[Cell]) -> dict[str, Column]:
    """Columns of a row that some device's words name; a unit in the cell decides between VO2 and VO2 per kilogram.

    Examples
    --------
    >>> sorted(known_columns(["Time [s]", "VO2 (mL/kg/min)", "VO2 (mL/min)", "Name"]))
    ['time', 'vo2', 'vo2_kg']
    """
    found: dict[str, Column] = {}
    for place, cell in enumerate(row):
        name, unit = split_unit(cell) if isinstance(cell, str) else ("", "")
        quantity = _QUANTITY.get(fold(cell)) or _QUANTITY.get(fold(name))
        if quantity is not None:
            quantity = _by_unit(quantity, unit)
            found.setdefault(quantity, Column(place, str(cell).strip(), unit if unit_text(unit) else ""))
    return found


def _by_unit(quantity: str, unit: str) -> str:
    if quantity == "vo2" and conversion("vo2_kg", unit) is not None:
        return "vo2_kg"
    return "ve_stpd" if quantity == "ve" and "stpd" in unit.casefold() else quantity
