"""FIT files, through the library fitdecode."""

from __future__ import annotations

import datetime as dt
import importlib
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from kbstudy.readers.heart_rate.beats import Beats
from kbstudy.readers.source import Source
from kbstudy.recording import Issue

__all__ = ["is_fit", "read_fit"]

_INSTALL: Final = 'Install it: pip install "kbstudy[heart-rate]". Or export the activity as TCX or CSV.'
_AGAIN: Final = "Copy it from the device again, or export the activity as TCX."


def is_fit(data: bytes) -> bool:
    """Whether the bytes begin like a FIT file."""
    return len(data) >= 12 and data[8:12] == b".FIT"


def read_fit(source: Source) -> Beats:
    """Every ``record`` message that has a time and a heart rate.

    Raises
    ------
    ReadError
        If fitdecode is not installed, the file is damaged (its checksum does not fit), or it has no heart rate.

    Notes
    -----
    Only the device's own field ``heart_rate`` is read. Fields that apps add under the same name are left out: some hold
    something else. A file whose header has no length (the device stopped before it closed the file) is read to its end.
    """
    try:
        fitdecode = importlib.import_module("fitdecode")
    except ImportError:
        raise source.error("reading FIT files needs the package fitdecode, which is not installed", _INSTALL) from None
    data, closed = _closed(source.data)
    found = _Found()
    check = fitdecode.CrcCheck.RAISE if closed else fitdecode.CrcCheck.DISABLED
    try:
        with fitdecode.FitReader(data, check_crc=check, error_handling=fitdecode.ErrorHandling.IGNORE) as reader:
            for frame in reader:
                if frame.frame_type == fitdecode.FIT_FRAME_DATA:
                    found.take(frame)
    except Exception as error:  # a damaged file ends in one of many kinds
        what = f"the FIT file is damaged ({str(error)[:150] or type(error).__name__})"
        raise source.error(what, _AGAIN) from None
    if not closed:
        found.issues.append(Issue("the header has no length: the device did not close the file", "read to its end"))
    return found.beats(source)


def _closed(data: bytes) -> tuple[bytes, bool]:
    """The bytes with a length in the header, and whether they had one (then the checksum can be checked)."""
    size = data[0]
    (length,) = struct.unpack("<I", data[4:8])
    if length or size not in (12, 14) or len(data) <= size + 2:
        return data, True
    head = data[:4] + struct.pack("<I", len(data) - size) + data[8:12] + b"\0\0" * (size == 14)
    return head + data[size:] + b"\0\0", False


@dataclass
class _Found:
    """What the messages say, while they are read."""

    times: list[dt.datetime] = field(default_factory=list)
    values: list[float] = field(default_factory=list)
    stops: list[tuple[dt.datetime, bool]] = field(default_factory=list)
    device: str = ""
    sensor: str = ""
    positions: int = 0
    added: int = 0
    stored: int = 0
    without: int = 0
    issues: list[Issue] = field(default_factory=list)

    def take(self, frame: Any) -> None:
        match frame.name:
            case "record":
                self._record(frame)
            case "event" if _value(frame, "event") == "timer":
                self._timer(frame)
            case "file_id":
                parts = (_value(frame, "manufacturer"), _value(frame, "garmin_product") or _value(frame, "product"))
                self.device = self.device or " ".join(str(part) for part in parts if part is not None)
            case "device_info" if "heart_rate" in str(_value(frame, "antplus_device_type")):
                self.sensor = "a heart-rate strap (ANT+)"
            case "device_info" if "heart_rate" in str(_value(frame, "ble_device_type")):
                self.sensor = "a heart-rate strap (Bluetooth)"
            case "hr":
                self.stored += 1

    def _record(self, frame: Any) -> None:
        self.positions += any(one.name == "position_lat" for one in frame.fields)
        named = [one for one in frame.fields if one.name == "heart_rate"]
        own = [one for one in named if not one.field_def or not one.field_def.is_dev]
        self.added += len(named) - len(own)
        time = _value(frame, "timestamp")
        if not own or not isinstance(time, dt.datetime):
            self.without += 1
            return
        value = own[0].value
        self.times.append(time)
        # 255 stands for "not measured"; the library gives None for it
        self.values.append(float(value) if isinstance(value, int | float) else float("nan"))

    def _timer(self, frame: Any) -> None:
        time, kind = _value(frame, "timestamp"), str(_value(frame, "event_type"))
        if isinstance(time, dt.datetime) and kind.startswith(("start", "stop")):
            self.stops.append((time, kind.startswith("stop")))

    def beats(self, source: Source) -> Beats:
        if not self.times:
            what = f"no record has a heart rate ({self.without} records without)"
            raise source.error(what, "Check that the strap or the watch recorded heart rate.")
        first = self.times[0]
        try:
            seconds = np.array([(time - first).total_seconds() for time in self.times])
            pauses = tuple(self._pauses(first, self.times[-1]))
        except TypeError:  # clocks that count from the start beside clocks that count from 1989
            raise source.error("the times of the records cannot be compared", _AGAIN) from None
        told = (
            (self.positions, "positions (GPS) are in the file", "not read"),
            (self.without, "a record has no heart rate", "left out"),
            (self.added, 'an app added a field "heart_rate" of its own', "not read"),
            (self.stored, "heart rate stored by the strap (message hr)", "not read; it can differ from the records"),
        )
        self.issues += [Issue(what, done, count=count) for count, what, done in told if count]
        values = np.array(self.values)
        return Beats(seconds, values, first.isoformat(), self.device, self.sensor, pauses, tuple(self.issues))

    def _pauses(self, first: dt.datetime, last: dt.datetime) -> Iterator[tuple[float, float]]:
        """From each stop of the timer to the next start, within the records."""
        stopped: dt.datetime | None = None
        for time, is_stop in self.stops:
            if is_stop and stopped is None:
                stopped = time
            elif not is_stop and stopped is not None:
                if first <= stopped < time <= last:
                    yield (stopped - first).total_seconds(), (time - first).total_seconds()
                stopped = None


def _value(frame: Any, name: str) -> Any:
    return frame.get_value(name, fallback=None)
