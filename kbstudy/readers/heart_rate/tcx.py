"""TCX files: times and heart rates of track points; positions and names are never read."""

from __future__ import annotations

import datetime as dt
import itertools
from dataclasses import dataclass, field
from typing import Final
from xml.parsers import expat

import numpy as np

from kbstudy.readers.heart_rate.beats import Beats, moment
from kbstudy.readers.source import Source
from kbstudy.recording import Issue

__all__ = ["is_tcx", "read_tcx"]

_AGAIN: Final = "Export it again, or copy it again."
_MOST_POINTS: Final = 2_000_000
#: Seconds between the last point of one track and the first of the next that are a pause.
_PAUSE_S: Final = 5.0


def is_tcx(data: bytes) -> bool:
    """Whether the bytes start like a TCX file, in UTF-8 or UTF-16."""
    return b"TrainingCenterDatabase" in data[:4000].replace(b"\0", b"")


def read_tcx(source: Source) -> Beats:
    """Every track point that has a time and a heart rate.

    Raises
    ------
    ReadError
        If the XML is damaged, declares a document type or entities, holds several activities, or no heart rate.
    """
    book = _Book(source)
    parser = expat.ParserCreate(namespace_separator="|")
    parser.buffer_text = True
    parser.StartElementHandler = book.start
    parser.EndElementHandler = book.end
    parser.CharacterDataHandler = book.text
    parser.StartDoctypeDeclHandler = book.refuse
    parser.EntityDeclHandler = book.refuse
    try:
        parser.Parse(source.data.lstrip(b"\r\n\t "), True)
    except expat.ExpatError as error:
        what = f"the XML is damaged or cut off at line {error.lineno} ({expat.ErrorString(error.code)})"
        raise source.error(what, _AGAIN) from None
    except (ValueError, LookupError) as error:  # an encoding that expat or Python does not know
        raise source.error(f"the XML cannot be decoded ({error})", "Export it again.") from None
    return book.beats()


@dataclass
class _Book:
    source: Source
    path: list[str] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    activities: int = 0
    track: int = 0
    time: str = ""
    bpm: str = ""
    device: str = ""
    positions: int = 0
    without: int = 0
    odd: int = 0
    points: list[tuple[int, dt.datetime, float]] = field(default_factory=list)

    def refuse(self, *_: object) -> None:
        what = "the XML declares a document type or entities, which no TCX file needs"
        raise self.source.error(what, "It may be unsafe to open. Export the file again.")

    def start(self, tag: str, _: dict[str, str]) -> None:
        name = tag.rpartition("|")[2]
        self.path.append(name)
        self.words = []
        self.activities += name == "Activity"
        self.track += name == "Track"
        self.positions += name == "Position"
        if name == "Trackpoint":
            self.time = self.bpm = ""
            if len(self.points) + self.without > _MOST_POINTS:
                raise self.source.error(f"more than {_MOST_POINTS:,} track points", _AGAIN)

    def text(self, words: str) -> None:
        if len(self.words) < 100:
            self.words.append(words)

    def end(self, tag: str) -> None:
        name, text = tag.rpartition("|")[2], "".join(self.words).strip()
        self.path.pop()
        parent = self.path[-1] if self.path else ""
        if name == "Time" and parent == "Trackpoint":
            self.time = text
        elif name == "Value" and parent == "HeartRateBpm" and self.path[-2:-1] == ["Trackpoint"]:
            self.bpm = text
        elif name == "Name" and parent == "Creator":
            self.device = text[:80]
        elif name == "Trackpoint":
            self._point()
        self.words = []

    def _point(self) -> None:
        if not self.bpm:
            self.without += 1
            return
        time, bpm = moment(self.time), _number(self.bpm)
        if time is None or bpm is None:
            self.odd += 1
            return
        self.points.append((self.track, time, bpm))

    def beats(self) -> Beats:
        if self.activities > 1:
            what = f"the file holds {self.activities} activities"
            raise self.source.error(what, "Export one activity a file.")
        if not self.points:
            what = f"no track point has a heart rate ({self.without + self.odd} points without)"
            raise self.source.error(what, "Check that the strap or the watch recorded heart rate.")
        first = self.points[0][1]
        seconds = np.array([(time - first).total_seconds() for _, time, _ in self.points])
        tracks = [track for track, _, _ in self.points]
        pauses = [
            (float(seconds[place]), float(seconds[place + 1]))
            for place, (track, following) in enumerate(itertools.pairwise(tracks))
            if track != following and seconds[place + 1] - seconds[place] > _PAUSE_S
        ]
        bpm = np.array([value for _, _, value in self.points])
        return Beats(seconds, bpm, first.isoformat(), self.device, "", tuple(pauses), tuple(self._issues()))

    def _issues(self) -> list[Issue]:
        told = (
            (self.positions, "positions (GPS) are in the file", "not read"),
            (self.without, "a track point has no heart rate", "left out"),
            (self.odd, "a track point has a time or a heart rate that cannot be read", "left out"),
        )
        return [Issue(what, done, count=count) for count, what, done in told if count]


def _number(text: str) -> float | None:
    return float(text) if text.isascii() and text.replace(".", "", 1).isdigit() and len(text) < 10 else None
