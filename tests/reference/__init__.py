"""Numbers that other software computed. Each json lies beside its data; the make_*.R above wrote it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd

_HERE = Path(__file__).parent


def numbers(folder: str, name: str) -> dict[str, Any]:
    """What the source answered, with the versions of its software under ``software``."""
    content: dict[str, Any] = json.loads((_HERE / folder / f"{name}.json").read_text("utf-8"))
    return content


def data(folder: str, name: str = "data") -> pd.DataFrame:
    """The data that the source answered about."""
    return pd.read_csv(_HERE / folder / f"{name}.csv")


def long(wide: pd.DataFrame) -> pd.DataFrame:
    """``id, before, after`` as one row a participant and visit."""
    return wide.melt("id", ["before", "after"], var_name="visit", value_name="score")
