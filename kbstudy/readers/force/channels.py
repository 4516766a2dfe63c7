"""Which columns of a text file are vertical force and time, by their names or, without names, by their number."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from kbstudy.errors import PlanError, Problem, did_you_mean
from kbstudy.readers.force.text import TextTable, split_row
from kbstudy.readers.force.trace import Channel, force_unit
from kbstudy.recording import Issue

__all__ = ["COLUMNS", "Roles", "declared", "roles_of"]

#: What ``columns=`` may name.
COLUMNS: Final = ("time", "force", "force_1", "force_2")

_BRACKET: Final = re.compile(r"(.*?)\s*[\[(]\s*([^\[\]()]*?)\s*[\])]\s*", re.DOTALL)
_TIME: Final = frozenset(
    {"time", "abs time", "absolute time", "analogtime", "t", "zeit", "temps", "tiempo", "tempo", "elapsed time"}
    | {"seconds", "sec", "time s", "time_s", "time_ms", "timestamp"}
)
_COUNTER: Final = frozenset({"frame", "frames", "sample", "samples", "index", "item", "#", "n", "no", "no.", "row"})
_OTHER_AXIS: Final = re.compile(r"(^|[^a-z])(fx|fy|mx|my|mz|ax|ay|copx|copy|cop|tz|moment|torque)", re.ASCII)
_VERTICAL: Final = re.compile(
    r"(^|[^a-z])(fz|vgrf|grf|fp ?\d|force|kraft|fuerza|forza|left|right|plate ?\d|platform ?\d)", re.ASCII
)
_SUM: Final = re.compile(r"total|sum|combined|both|gesamt", re.ASCII)
_UNIT_ROW: Final = re.compile(r"[\[(]?(s|sec|ms|min|n|kn|kgf|kg|lbf|lb|mv|v|nm|n\*m|n\.m|n-m|m|mm|cm|w|hz|#|-)?[\])]?")
_SAY: Final = 'Say which: columns = {"force": "Fz"}, or {"force_1": 2, "force_2": 3} by number; "time" is possible too.'
_AXES: Final = ("Fx", "Fy", "Fz", "Mx", "My", "Mz")


@dataclass(frozen=True)
class Roles:
    """Where time and force stand, and the unit that the file gives each column."""

    time: int | None
    forces: tuple[int, ...]
    names: tuple[str, ...]
    units: tuple[str, ...]
    layout: str = "force trace"
    issues: tuple[Issue, ...] = field(default_factory=tuple)

    def channels(self, table: TextTable) -> tuple[Channel, ...]:
        """The columns of force."""
        return tuple(
            Channel(self.names[place], table.numbers(place), force_unit(self.units[place])) for place in self.forces
        )


def declared(columns: Mapping[str, str | int] | None) -> dict[str, str | int]:
    """Check what a user says about columns.

    Raises
    ------
    PlanError
        If a key is not one of :data:`COLUMNS`, or force is said twice or not at all.
    """
    said = dict(columns or {})
    for key in said:
        if key not in COLUMNS:
            what = f'columns has no key "{key}"{did_you_mean(str(key), COLUMNS)}'
            raise PlanError(Problem(what, do=f"Known are {', '.join(COLUMNS)}."))
    one, two = "force" in said, {"force_1", "force_2"} & set(said)
    if said and (one == bool(two) or len(two) == 1):
        raise PlanError(Problem('columns needs either "force" or both "force_1" and "force_2"', do=_SAY))
    return said


def roles_of(table: TextTable, said: Mapping[str, str | int]) -> Roles:
    """Find time and vertical force.

    Raises
    ------
    ReadError
        If it is not clear which columns hold vertical force.
    """
    names, units = _names(table)
    if said:
        places = {key: _place(table, names, key, value) for key, value in said.items()}
        forces = tuple(places[key] for key in ("force", "force_1", "force_2") if key in places)
        return Roles(places.get("time"), forces, _shown(names, table.width), units)
    return _by_name(table, names, units) if any(names) else _by_number(table)


# ---- names -------------------------------------------------------------------------------------------------------


def _names(table: TextTable) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names and units from the last lines above the numbers; empty where there are none."""
    none = ("",) * table.width
    lines = [line.lstrip("#% ") for line in table.head if line.strip("#%, ;\t")]
    cells = [_fitting(line, table) for line in lines[-2:]]
    if not cells or cells[-1] is None:
        return none, none
    last = cells[-1]
    if all(_UNIT_ROW.fullmatch(cell.casefold()) for cell in last) and len(cells) == 2 and cells[0] is not None:
        return _without_units(cells[0])[0], tuple(cell.strip("[]()") for cell in last)
    return _without_units(last)


def _without_units(cells: list[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names, and the units that stand in brackets or behind an underscore."""
    split = [_BRACKET.fullmatch(cell) for cell in cells]
    names = tuple(match[1] if match else cell for match, cell in zip(split, cells, strict=True))
    return names, tuple(match[2] if match else _suffix(cell) for match, cell in zip(split, cells, strict=True))


def _suffix(name: str) -> str:
    """``force_n`` and ``time_s`` carry their unit behind an underscore."""
    unit = name.rpartition("_")[2].casefold()
    return unit if "_" in name and unit in {"n", "kn", "kgf", "lbf", "s", "ms"} else ""


def _fitting(line: str, table: TextTable) -> list[str] | None:
    """The cells of a header line, if they are as many as the columns."""
    cells = split_row(line, table.separator)
    cells = cells[:-1] if len(cells) == table.width + 1 and not cells[-1] else cells
    if table.separator == " " and len(cells) != table.width:
        cells = [cell.strip() for cell in re.split(r"\s{2,}|\t", line.strip())]
    return cells if len(cells) == table.width else None


def _fold(name: str) -> str:
    return " ".join(name.casefold().replace("_", " ").split())


def _shown(names: tuple[str, ...], width: int) -> tuple[str, ...]:
    return tuple(names[place] or f"column {place + 1}" for place in range(width))


def _place(table: TextTable, names: tuple[str, ...], key: str, value: str | int) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        if 1 <= value <= table.width:
            return value - 1
        what = f'columns says that "{key}" is column {value}, and the file has {table.width}'
        raise table.source.error(what, "Columns are counted from 1.")
    found = [place for place, name in enumerate(names) if _fold(name) == _fold(str(value))]
    if len(found) == 1:
        return found[0]
    known = [name for name in names if name]
    if found:
        what = f'{len(found)} columns are called "{value}"'
        raise table.source.error(what, f'Say its number, counted from 1: columns = {{"{key}": {found[0] + 1}, ...}}.')
    what = f'there is no column "{value}"{did_you_mean(str(value), known)}'
    raise table.source.error(what, f"The file has {', '.join(known) or 'no names; say the number, counted from 1'}.")


def _by_name(table: TextTable, names: tuple[str, ...], units: tuple[str, ...]) -> Roles:
    folded = [_fold(name) for name in names]
    time = next((place for place, name in enumerate(folded) if name in _TIME), None)
    if time is None:
        time = next((place for place, name in enumerate(folded) if name in _COUNTER), None)
    rest = [place for place in range(table.width) if place != time and folded[place] not in _COUNTER | _TIME]
    vertical = [place for place in rest if _VERTICAL.search(folded[place]) and not _OTHER_AXIS.search(folded[place])]
    exact = [place for place in vertical if re.search(r"(^|[^a-z])fz", folded[place])]
    vertical = exact if exact and len(exact) < len(vertical) else vertical
    sums = [place for place in vertical if _SUM.search(folded[place])]
    plates = [place for place in vertical if place not in sums]
    shown = _shown(names, table.width)
    if not plates and len(sums) == 1:
        plates, sums = sums, []
    if not vertical and len(rest) == 1 and table.width <= 2:
        plates = rest
    if len(plates) == 1 and not sums:
        return Roles(time, (plates[0],), shown, units)
    if len(plates) == 2 and len(sums) <= 1:
        issues = _sum_checked(table, plates, sums[0], shown) if sums else ()
        return Roles(time, tuple(plates), shown, units, issues=issues)
    listed = ", ".join(f'"{name[:30]}"' for name in shown[:20])
    what = f"it is not clear which column is vertical force; the file has {listed}"
    raise table.source.error(what, _SAY, row=table.first - 1)


def _sum_checked(table: TextTable, plates: list[int], total: int, names: tuple[str, ...]) -> tuple[Issue, ...]:
    """A column that says it is the sum of both plates must be it."""
    off = table.numbers(plates[0]) + table.numbers(plates[1]) - table.numbers(total)
    worst = int(np.abs(off).argmax())
    if abs(off[worst]) > 1.0:
        what = f'column "{names[total]}" differs by {off[worst]:.3g} from the sum of the two plates'
        raise table.source.error(what, _SAY, row=table.first + worst)
    return (Issue(f'column "{names[total]}" is the sum of the two plates', "left out"),)


# ---- no names ----------------------------------------------------------------------------------------------------


def _by_number(table: TextTable) -> Roles:
    width = table.width
    time = 0 if width in (2, 3, 7, 13) and _rises(table) else None
    left = width - (time is not None)
    names = _shown(("",) * width, width)
    units = ("",) * width
    if left == 1:
        return Roles(time, (width - 1,), names, units)
    if left in (6, 12):
        return _six_axes(table, time, left // 6, units)
    what = f"the file has {width} columns without names"
    raise table.source.error(what, _SAY, row=table.first)


def _rises(table: TextTable) -> bool:
    steps = np.diff(table.numbers(0))
    return bool(len(steps) and (steps >= 0).all() and steps.max() <= 2.5 * steps.mean() and steps.mean() > 0)


def _six_axes(table: TextTable, time: int | None, plates: int, units: tuple[str, ...]) -> Roles:
    """AMTI NetForce: Fx, Fy, Fz, Mx, My, Mz of each plate, without names."""
    first = 0 if time is None else 1
    names = ["time"][:first] + [f"{axis}{n + 1}" for n in range(plates) for axis in _AXES]
    forces = tuple(first + 6 * n + 2 for n in range(plates))
    vertical = sum(np.abs(table.numbers(place)).max() for place in forces)
    across = max(sum(np.abs(table.numbers(place - back)).max() for place in forces) for back in (1, 2))
    if vertical <= across:
        what = "of six columns a plate without names the third is not the largest force, so it is not Fz"
        raise table.source.error(what, _SAY, row=table.first)
    told = " and ".join(f"column {place + 1}" for place in forces)
    what = f"{6 * plates} columns without names, taken as {', '.join(_AXES)} of each plate (NetForce)"
    issue = Issue(what, f"vertical force read from {told}")
    return Roles(time, forces, tuple(names), units, "NetForce text", (issue,))
