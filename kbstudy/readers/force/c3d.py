"""C3D files, through the library ezc3d."""

from __future__ import annotations

import importlib
import re
from typing import Any, Final

import numpy as np

from kbstudy.errors import ReadError
from kbstudy.readers.force.trace import Channel, Stated, Trace, force_unit
from kbstudy.readers.source import Source
from kbstudy.recording import Issue

__all__ = ["is_c3d", "read_c3d"]

_VERTICAL: Final = re.compile(r"(^|[^a-z])fz", re.IGNORECASE)
_INSTALL: Final = 'Install it: pip install "kbstudy[force]". Or export the trace as text.'


def is_c3d(data: bytes) -> bool:
    """Whether the bytes begin like a C3D file: the block of the parameters, then the key 0x50."""
    return len(data) >= 512 and 1 <= data[0] < 32 and data[1] == 0x50


def read_c3d(source: Source) -> Trace:
    """The analogue channels called Fz.

    Raises
    ------
    ReadError
        If ezc3d is not installed, the file is damaged, or it has not one or two channels of vertical force.
    """
    try:
        ezc3d = importlib.import_module("ezc3d")
    except ImportError:
        raise source.error("reading C3D files needs the package ezc3d, which is not installed", _INSTALL) from None
    try:
        content = ezc3d.c3d(str(source.path))
        labels, units, hz, values = _analogue(content)
    except Exception as error:  # the library ends a damaged file in one of many kinds
        do = "Export it again, or copy it again."
        raise source.error(f"the C3D file cannot be read and may be damaged ({error})", do) from None
    places = [place for place, label in enumerate(labels) if _VERTICAL.search(label)]
    if not 1 <= len(places) <= 2:
        raise _unclear(source, labels, len(places))
    channels = tuple(Channel(labels[place], values[place], _unit(units[place])) for place in places)
    issues = (Issue("the file may hold names and other parameters", "only force and rate were read"),)
    stated = (Stated(hz, "ANALOG:RATE of the C3D file"),) if hz > 0 else ()
    return Trace(channels, stated, layout="C3D", issues=issues)


def _analogue(content: Any) -> tuple[list[str], list[str], float, np.ndarray]:
    parameters = content["parameters"]["ANALOG"]
    values = np.asarray(content["data"]["analogs"], dtype="float64")[0]
    labels = [str(label).strip() for label in parameters["LABELS"]["value"]]
    units = [str(unit) for unit in parameters.get("UNITS", {}).get("value", [])]
    rate = np.atleast_1d(parameters["RATE"]["value"])
    count = values.shape[0]
    padded = [*units, *[""] * count][:count]
    return [*labels, *[""] * count][:count], padded, float(rate[0]) if len(rate) else 0.0, values


def _unit(text: str) -> str:
    return force_unit(text)


def _unclear(source: Source, labels: list[str], found: int) -> ReadError:
    listed = ", ".join(f'"{label[:20]}"' for label in labels[:24] if label) or "no analogue channels"
    what = f"one or two channels called Fz were looked for and {found} found; the file has {listed}"
    return source.error(what, "Export the vertical force of one or two plates as text, with its sampling rate.")
