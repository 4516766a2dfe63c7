"""Reporting checklists as data: one TOML each under ``checklists/``, topics in our own words."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any

__all__ = ["checklist", "checklist_items"]


@cache
def checklist(name: str) -> dict[str, Any]:
    """``title``, ``source``, ``doi`` and the list ``item`` (``number, topic, wording_checked, answered_by``)."""
    return tomllib.loads((files("kbstudy.study") / "checklists" / f"{name}.toml").read_text("utf-8"))


def checklist_items(name: str) -> list[str]:
    """The numbers of its items.

    Examples
    --------
    >>> checklist_items("cert")[:8]
    ['1', '2', '3', '4', '5', '6', '7a', '7b']
    """
    return [str(item["number"]) for item in checklist(name)["item"]]
