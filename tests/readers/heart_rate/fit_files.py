"""FIT files byte by byte, after the public description of the protocol: header, definitions, messages, checksum."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

#: 2026-01-31 08:30:00 UTC in seconds since 1989-12-31 00:00:00 UTC, from which FIT counts.
START = 1_138_782_600
ENUM, UINT8, UINT16, UINT32, SINT32, STRING = 0x00, 0x02, 0x84, 0x86, 0x85, 0x07
_FORMATS = {ENUM: "B", UINT8: "B", UINT16: "H", UINT32: "I", SINT32: "i"}
FILE_ID, EVENT, RECORD, DEVICE_INFO, HR, FIELD_DESCRIPTION, DEVELOPER_DATA = 0, 21, 20, 23, 132, 206, 207
_TABLE = (
    *(0x0000, 0xCC01, 0xD801, 0x1400, 0xF001, 0x3C00, 0x2800, 0xE401),
    *(0xA001, 0x6C00, 0x7800, 0xB401, 0x5000, 0x9C01, 0x8801, 0x4400),
)


def crc(data: bytes) -> int:
    """The checksum of the protocol, four bits at a time."""
    found = 0
    for byte in data:
        for nibble in (byte & 0xF, byte >> 4):
            found = (found >> 4) & 0x0FFF ^ _TABLE[found & 0xF] ^ _TABLE[nibble]
    return found


@dataclass
class FitFile:
    """Messages on the way to a file. Every message brings its own definition."""

    body: bytearray = field(default_factory=bytearray)

    def message(
        self,
        number: int,
        fields: list[tuple[int, int, int | bytes]],
        added: list[tuple[int, int, bytes]] | None = None,
    ) -> FitFile:
        """Fields as (number, base type, value); ``added`` as (number, size, bytes) of the first app."""
        definition = struct.pack("<BBBHB", 0x60 if added else 0x40, 0, 0, number, len(fields))
        values = b""
        for place, kind, value in fields:
            packed = value if isinstance(value, bytes) else struct.pack(f"<{_FORMATS[kind]}", value)
            definition += struct.pack("<BBB", place, len(packed), kind)
            values += packed
        if added:
            definition += bytes([len(added)])
            for place, size, packed in added:
                definition += bytes([place, size, 0])
                values += packed
        self.body += definition + b"\x00" + values
        return self

    def device(self) -> FitFile:
        """Garmin, product 3121, and an ANT+ heart-rate strap."""
        self.message(FILE_ID, [(0, ENUM, 4), (1, UINT16, 1), (2, UINT16, 3121), (4, UINT32, START)])
        return self.message(DEVICE_INFO, [(253, UINT32, START), (0, UINT8, 1), (25, ENUM, 1), (1, UINT8, 120)])

    def record(self, second: int, bpm: int | None, position: bool = False) -> FitFile:
        fields: list[tuple[int, int, int | bytes]] = [(253, UINT32, START + second)]
        fields += [] if bpm is None else [(3, UINT8, bpm)]
        fields += [(0, SINT32, 570_000_000), (1, SINT32, 140_000_000)] if position else []
        return self.message(RECORD, fields)

    def timer(self, second: int, kind: int) -> FitFile:
        """Kind 0 starts the timer, 4 stops it."""
        return self.message(EVENT, [(253, UINT32, START + second), (0, ENUM, 0), (1, ENUM, kind)])

    def app_field(self, name: bytes) -> FitFile:
        """Declare an app and a one-byte field of it."""
        self.message(DEVELOPER_DATA, [(3, UINT8, 0)])
        text = name.ljust(16, b"\0")
        return self.message(FIELD_DESCRIPTION, [(0, UINT8, 0), (1, UINT8, 0), (2, UINT8, UINT8), (3, STRING, text)])

    def file(self, closed: bool = True) -> bytes:
        """Header, body, checksum; a device that stopped before it closed the file leaves the length 0."""
        body = bytes(self.body)
        head = struct.pack("<BBHI4s", 14, 0x10, 2132, len(body) if closed else 0, b".FIT")
        head += struct.pack("<H", crc(head))
        whole = head + body
        return whole + struct.pack("<H", crc(whole)) if closed else whole


def session(values: list[int | None], start: int = 0) -> FitFile:
    """One record a second."""
    made = FitFile().device().timer(start, 0)
    for second, bpm in enumerate(values):
        made.record(start + second, bpm)
    return made
