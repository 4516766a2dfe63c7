"""What every container of a force trace leads to: named channels of numbers, and what the file says of its rate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kbstudy.recording import Issue

__all__ = ["NEWTONS", "VOLTAGES", "Channel", "Floats", "Stated", "Trace", "force_unit"]

Floats = NDArray[np.float64]

#: Newtons in one of each unit that a force can be declared in.
NEWTONS: Final[Mapping[str, float]] = {"N": 1.0, "kN": 1000.0, "kgf": 9.80665, "lbf": 4.4482216152605}
#: Units that are no force: a calibration is needed that the file does not carry.
VOLTAGES: Final = ("mV", "V")
_SPELLINGS: Final = {
    "n": "N",
    "newton": "N",
    "newtons": "N",
    "kn": "kN",
    "kgf": "kgf",
    "kg": "kgf",
    "kp": "kgf",
    "lbf": "lbf",
    "lb": "lbf",
    "lbs": "lbf",
    "mv": "mV",
    "v": "V",
    "volt": "V",
    "volts": "V",
}


def force_unit(text: str) -> str:
    """The unit of force or voltage that a text means, ``""`` if it means none.

    Examples
    --------
    >>> force_unit("Newtons"), force_unit("kg"), force_unit("mV"), force_unit("Nm")
    ('N', 'kgf', 'mV', '')
    """
    return _SPELLINGS.get(text.strip().casefold(), "")


@dataclass(frozen=True)
class Channel:
    """One column of force as it stands in the file."""

    name: str
    numbers: Floats
    unit: str = ""


@dataclass(frozen=True)
class Stated:
    """A sampling rate that the file itself carries, where it stands, and how far it may be off (share of it)."""

    hz: float
    source: str
    within: float = 0.005


@dataclass(frozen=True)
class Trace:
    """A force trace before units, sign and rate are settled.

    Parameters
    ----------
    channels
        One or two plates, in the order of the file.
    stated
        Every place where the file states its sampling rate.
    start_s
        Time of the first sample on the file's own clock.
    layout
        What kind of file it is, in words.
    unclear
        What the file has that looks like a rate or a time and is not clear enough to use.
    """

    channels: tuple[Channel, ...]
    stated: tuple[Stated, ...] = ()
    start_s: float = 0.0
    layout: str = "force trace"
    unclear: str = ""
    issues: tuple[Issue, ...] = field(default_factory=tuple)
    simulated: bool = False
