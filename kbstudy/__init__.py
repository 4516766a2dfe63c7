"""kbstudy: exercise and rehabilitation trials, from raw files to honest verdicts.

The public names below are loaded when they are first used, so that ``import kbstudy`` costs nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_HOME = {
    "Estimates": "kbstudy.estimates",
    "Ledger": "kbstudy.ledger",
    "ancova": "kbstudy.models",
    "paired": "kbstudy.models",
    "responders": "kbstudy.models",
    "read_redcap": "kbstudy.readers",
    "read_table": "kbstudy.readers",
}

__all__ = [*sorted(_HOME), "__version__"]

if TYPE_CHECKING:
    from kbstudy.estimates import Estimates as Estimates
    from kbstudy.ledger import Ledger as Ledger


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'kbstudy' has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
