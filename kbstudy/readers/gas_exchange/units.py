"""Units as devices write them, and what turns them into the units of a recording."""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import Final

__all__ = ["CANONICAL", "DIMENSION", "conversion", "is_clock", "is_unit", "mass_factor", "needs_unit", "unit_text"]

_FLOW: Final = {
    **dict.fromkeys(["l/min", "lpm", "slpm", "l/m", "lmin-1", "l*min-1"], 1.0),
    **dict.fromkeys(["ml/min", "ml/m", "mlmin-1", "ml*min-1", "sccm"], 1e-3),
    "l/s": 60.0,
    "l/sec": 60.0,
    "ml/s": 0.06,
    "l/h": 1 / 60,
}
_PER_KG: Final = {
    **dict.fromkeys(
        [
            "ml/min/kg",
            "ml/kg/min",
            "ml/kg/m",
            "(ml/min)/kg",
            "ml/(kg*min)",
            "ml/(min*kg)",
            "ml/kg*min",
            "ml*kg-1*min-1",
        ],
        1.0,
    ),
    **dict.fromkeys(["l/min/kg", "l/kg/min", "(l/min)/kg"], 1e3),
}
_TABLES: Final = MappingProxyType(
    {
        "flow": _FLOW,
        "flow per kg": _PER_KG,
        "volume": {"l": 1.0, "ml": 1e-3},
        "rate": {
            **dict.fromkeys(
                ["1/min", "/min", "b/min", "bpm", "br/min", "breaths/min", "beats/min", "min-1", "/m"], 1.0
            ),
            **dict.fromkeys(["1/s", "hz"], 60.0),
        },
        "pressure": {
            **dict.fromkeys(["mmhg", "torr"], 1.0),
            "kpa": 7.500617,
            **dict.fromkeys(["hpa", "mbar"], 0.7500617),
        },
        "power": {**dict.fromkeys(["w", "watt", "watts"], 1.0), "kgm/min": 0.1634, "kpm/min": 0.1634},
        "speed": {
            **dict.fromkeys(["km/h", "kmh", "kph"], 1.0),
            "kmh*10": 0.1,
            "km/h*1000": 1e-3,
            **dict.fromkeys(["mph", "mi/h", "miles/h"], 1.609344),
            "m/s": 3.6,
            "m/min": 0.06,
        },
        "energy": {
            **dict.fromkeys(["kcal/min", "kcal/m"], 1.0),
            **dict.fromkeys(["kcal/h", "kcal/hr", "kcal/hour"], 1 / 60),
            **dict.fromkeys(["kcal/d", "kcal/day", "kcal/24h"], 1 / 1440),
            "kj/min": 1 / 4.184,
        },
        "ratio": {"": 1.0, "1": 1.0},
        "percent": {"%": 1.0, "percent": 1.0},
        "count": {"": 1.0, "#": 1.0},
        "time": {
            **dict.fromkeys(["s", "sec", "secs", "second", "seconds"], 1.0),
            **dict.fromkeys(["min", "minute", "minutes"], 60.0),
            **dict.fromkeys(["ms", "msec"], 1e-3),
            "h": 3600.0,
            "d": 86400.0,
            "day": 86400.0,
        },
        "mass": {"kg": 1.0, **dict.fromkeys(["lb", "lbs", "pounds"], 0.45359237), "g": 1e-3},
        "temperature": {**dict.fromkeys(["c", "°c", "degc", "degreesc"], 1.0)},
    }
)

#: What each quantity measures; its canonical unit is the one with factor 1.
DIMENSION: Final = MappingProxyType(
    {
        "time": "time",
        "vo2": "flow",
        "vco2": "flow",
        "vo2_kg": "flow per kg",
        "rer": "ratio",
        "ve": "flow",
        "ve_stpd": "flow",
        "rf": "rate",
        "vt": "volume",
        "hr": "rate",
        "power": "power",
        "speed": "speed",
        "grade": "percent",
        "peto2": "pressure",
        "petco2": "pressure",
        "energy": "energy",
        "breath": "count",
    }
)
#: Units of a recording, by dimension, for messages.
CANONICAL: Final = MappingProxyType(
    {
        "flow": "L/min",
        "flow per kg": "mL/min/kg",
        "volume": "L",
        "rate": "1/min",
        "pressure": "mmHg",
        "power": "W",
        "speed": "km/h",
        "energy": "kcal/min",
        "time": "s",
        "percent": "%",
        "mass": "kg",
    }
)

_CONDITIONS: Final = re.compile(r"\(?(?:btps|stpd|atps|stp|bt/st|bt|st)\)?")
_CLOCK: Final = re.compile(r"\[?h{0,2}\]?:?mm?:ss?(?:[.,:](?:ms|z+|s+|0+))?|hh?:mm(?::ss)?")
_DASHES: Final = frozenset({"-", "--", "---", "–", "n/a"})


def unit_text(text: str) -> str:
    """A unit for comparison: lower case, no blanks or brackets, no BTPS or STPD.

    Examples
    --------
    >>> unit_text("L(btps)"), unit_text("[mL/min]"), unit_text("(mL/min)/kg"), unit_text("---")
    ('l', 'ml/min', '(ml/min)/kg', '')
    """
    tidy = "".join(text.casefold().split()).replace("·", "*").replace("⋅", "*").replace("º", "°").replace("⁻¹", "-1")
    tidy = _CONDITIONS.sub("", tidy) if tidy not in _FLOW else tidy
    if len(tidy) > 1 and (tidy[0], tidy[-1]) in {("[", "]"), ("(", ")")}:
        tidy = tidy[1:-1]
    return "" if tidy in _DASHES else tidy


def conversion(quantity: str, unit: str) -> float | None:
    """What a number in this unit is multiplied by; ``None`` if the unit does not fit the quantity or is not given.

    Examples
    --------
    >>> conversion("vo2", "mL/min"), conversion("vt", "L(btps)"), conversion("vo2", "mmHg"), conversion("rer", "---")
    (0.001, 1.0, None, 1.0)
    """
    return _TABLES[DIMENSION[quantity]].get(unit_text(unit))


def needs_unit(quantity: str) -> bool:
    """Whether numbers of this quantity mean nothing without a unit. Rates and percentages have one unit in use.

    Examples
    --------
    >>> needs_unit("vo2"), needs_unit("hr"), needs_unit("rer"), needs_unit("phase")
    (True, False, False, False)
    """
    return DIMENSION.get(quantity, "ratio") not in {"rate", "percent", "ratio", "count"}


def mass_factor(unit: str) -> float | None:
    """Kilograms in a unit of mass."""
    return _TABLES["mass"].get(unit_text(unit))


def is_clock(unit: str) -> bool:
    """Whether a unit is a way to write times: ``hh:mm:ss``, ``mm:ss``, ``h:mm:ss,ms``."""
    return bool(_CLOCK.fullmatch(unit_text(unit)))


def is_unit(text: str) -> bool:
    """Whether a cell looks like a unit of anything that is read here."""
    tidy = unit_text(text)
    known = any(tidy in table for table in _TABLES.values())
    return bool(tidy) and (known or is_clock(tidy) or "/" in tidy)
