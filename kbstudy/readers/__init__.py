"""Readers: what a file looks like, never what it means.

A reader of tables returns a :class:`RawTable` of text. What counts as a number or as missing is declared by the study.
The reader of gas exchange returns a :class:`~kbstudy.recording.Recording`; it is loaded when it is first used.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from kbstudy.readers.raw import RawTable
from kbstudy.readers.redcap import read_redcap, redcap_instruments
from kbstudy.readers.table import read_table

if TYPE_CHECKING:
    from kbstudy.readers.gas_exchange import DEVICES as DEVICES
    from kbstudy.readers.gas_exchange import profile_of as profile_of
    from kbstudy.readers.gas_exchange import read_gas_exchange as read_gas_exchange
    from kbstudy.readers.gas_exchange import read_gas_exchange_folder as read_gas_exchange_folder
    from kbstudy.readers.gas_exchange import write_profile as write_profile

__all__ = [
    "DEVICES",
    "READERS",
    "RawTable",
    "profile_of",
    "read_gas_exchange",
    "read_gas_exchange_folder",
    "read_redcap",
    "read_table",
    "redcap_instruments",
    "write_profile",
]

READERS: Final[dict[str, Callable[..., RawTable]]] = {"table": read_table, "redcap": read_redcap}
"""What ``reader = "..."`` in a study file may name, of the readers of tables."""

_GAS_EXCHANGE: Final = frozenset(
    {"DEVICES", "profile_of", "read_gas_exchange", "read_gas_exchange_folder", "write_profile"}
)


def __getattr__(name: str) -> Any:
    if name not in _GAS_EXCHANGE:
        raise AttributeError(f"module 'kbstudy.readers' has no attribute {name!r}")
    value = getattr(importlib.import_module("kbstudy.readers.gas_exchange"), name)
    globals()[name] = value
    return value
