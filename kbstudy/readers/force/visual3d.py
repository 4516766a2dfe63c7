"""Visual3D text: five header rows (file, signal, type, folder, component), then one row a frame."""

from __future__ import annotations

import re
from typing import Final

import numpy as np

from kbstudy.readers.force.channels import Roles
from kbstudy.readers.force.text import TextTable, split_row
from kbstudy.recording import Issue

__all__ = ["is_visual3d", "visual3d_roles", "without_blank_frames"]

_COMPONENT: Final = {"z", "3", "[2]"}
_TIMES: Final = ("ANALOGTIME", "TIME", "DERIVEDTIME")


def is_visual3d(table: TextTable) -> bool:
    """Whether the fifth row above the numbers begins with ``ITEM``."""
    head = [line for line in table.head if line.strip()]
    return len(head) >= 5 and head[-1].split("\t")[0].strip().casefold() == "item"


def visual3d_roles(table: TextTable) -> Roles:
    """Time and vertical force of a Visual3D export. All its signals are in newtons and seconds.

    Notes
    -----
    The first row holds the folder of the original file, which often has a person's name in it. It is never kept.
    """
    files, signals, kinds, _, components = [_cells(line, table) for line in table.head[-5:]]
    if len({file for file in files[1:] if file}) > 1:
        raise table.source.error("the columns come from several trials", "Export one trial a file.")
    time = next((signals.index(name) for name in _TIMES if name in signals), None)
    forces = tuple(
        place
        for place in range(1, table.width)
        if place != time and _is_vertical(signals[place], kinds[place], components[place])
    )
    if not 1 <= len(forces) <= 2:
        named = (f"{name} {axis}" for name, axis in zip(signals, components, strict=True) if name)
        listed = ", ".join(dict.fromkeys(named))
        what = f"one or two vertical forces were looked for and {len(forces)} found among: {listed[:300]}"
        raise table.source.error(what, 'Say which by number: columns = {"force": 4} or {"force_1": 4, "force_2": 7}.')
    units = tuple("s" if place == time else "N" for place in range(table.width))
    issue = Issue("the first header row holds the folder of the original file", "not kept")
    return Roles(time, forces, tuple(signals), units, "Visual3D text", (issue,))


def _cells(line: str, table: TextTable) -> list[str]:
    cells = split_row(line, "\t")
    return [*cells, *[""] * (table.width - len(cells))][: table.width]


def _is_vertical(signal: str, kind: str, component: str) -> bool:
    if re.search(r"(^|[^a-z])fz", signal.casefold()):
        return True
    force = "force" in kind.casefold() or re.search(r"(^|[^a-z])(fp ?\d|grf|force)", signal.casefold())
    return bool(force and component.casefold() in _COMPONENT and not re.search("cop|moment", signal.casefold()))


def without_blank_frames(table: TextTable, roles: Roles) -> TextTable:
    """Without the rows at the end that belong to longer signals only."""
    watched = roles.forces if roles.time is None else (roles.time, *roles.forces)
    filled = [any(row[place] for place in watched) for row in table.rows]
    last = int(np.flatnonzero(filled)[-1]) + 1 if any(filled) else len(filled)
    return TextTable(**{**vars(table), "rows": table.rows[:last]})
