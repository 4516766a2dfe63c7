"""A source on its way into the study: its cells as text, the rows that were left out, the hashes of its files."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from kbstudy.readers import RawTable
from kbstudy.study.plan import Source

__all__ = ["SourceTable", "find", "sha256_of"]


@dataclass
class SourceTable:
    """A file on its way into the study: text cells indexed by the row a spreadsheet would show.

    For a folder of recordings, a row is a file. ``beside`` holds the hashes of what was read besides ``declared.file``:
    a dictionary, each recording.
    """

    declared: Source
    raw: RawTable
    sha256: str
    cells: pd.DataFrame
    beside: dict[str, str] = field(default_factory=dict)
    out: list[str] = field(default_factory=list)

    @property
    def file(self) -> str:
        """The name that messages use: as ``study.toml`` declares it."""
        return self.declared.name

    @property
    def inputs(self) -> dict[str, str]:
        """The hash of every file that was read for this source."""
        return self.beside if self.declared.file is None else {self.declared.file: self.sha256} | self.beside

    def leave_out(self, rows: Sequence[int], why: str) -> None:
        """Take rows away and remember why."""
        if len(rows):
            self.cells = self.cells.drop(index=list(rows))
            self.out.append(f"{len(rows)} {'row' if len(rows) == 1 else 'rows'}: {why}")


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file's bytes, hexadecimal."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def find(tables: Sequence[SourceTable], column: str, file: str | None = None) -> list[SourceTable]:
    """The files that have a column."""
    return [table for table in tables if column in table.cells and (file is None or table.file == file)]
