"""Readers: what a file looks like, never what it means.

Every reader returns a :class:`RawTable` of text. What counts as a number or as missing is declared by the study.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from kbstudy.readers.raw import RawTable
from kbstudy.readers.redcap import read_redcap, redcap_instruments
from kbstudy.readers.table import read_table

__all__ = ["READERS", "RawTable", "read_redcap", "read_table", "redcap_instruments"]

READERS: Final[dict[str, Callable[..., RawTable]]] = {"table": read_table, "redcap": read_redcap}
"""What ``reader = "..."`` in a study file may name."""
