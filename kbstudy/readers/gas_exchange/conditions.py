"""STPD, BTPS, ATPS: a volume under other conditions than its quantity has is another number."""

from __future__ import annotations

import re
from typing import Final

from kbstudy.errors import Problem, ReadError
from kbstudy.readers.gas_exchange.layout import Column, Layout
from kbstudy.readers.gas_exchange.sheet import fold
from kbstudy.readers.source import Source

__all__ = ["as_marked"]

_MARK: Final = re.compile(r"(st)pd|(bt)ps|(at)ps|\((st|bt)\)")
_NAMES: Final = {"st": "STPD", "bt": "BTPS", "at": "ATPS"}
_WANTED: Final = {"vo2": "STPD", "vco2": "STPD", "vo2_kg": "STPD", "ve": "BTPS", "vt": "BTPS"}


def as_marked(source: Source, layout: Layout) -> Layout:
    """The layout, with volumes that say in their name or unit that their conditions are others treated as those.

    Parameters
    ----------
    source, layout
        The file, and where its columns stand.

    Returns
    -------
    Layout
        Ventilation in STPD becomes ``ve_stpd``; a volume under conditions that cannot be converted is left out, with a
        note.

    Raises
    ------
    ReadError
        If VO2 or VCO2 say that they are not STPD: they would be too high by a fifth.
    """
    columns, notes = dict(layout.columns), list(layout.notes)
    for key, wanted in _WANTED.items():
        column = layout.columns.get(key)
        mark = "" if column is None else _other(column, wanted)
        if column is None or not mark:
            continue
        if key in {"vo2", "vco2"}:
            raise _wrong(source, layout, column, mark)
        del columns[key]
        if (key, mark) == ("ve", "STPD"):
            columns.setdefault("ve_stpd", column)
        else:
            notes.append(f'column "{column.name}" is {mark} (wanted: {wanted}); column left out')
    return layout.with_(columns=columns, notes=tuple(notes))


def _other(column: Column, wanted: str) -> str:
    """What the name or the unit says, ``""`` if that is what is wanted or nothing."""
    matches = [match for match in (_MARK.search(fold(column.name)), _MARK.search(fold(column.unit))) if match]
    said = [_NAMES[next(filter(None, match.groups()))] for match in matches]
    return next((mark for mark in said if mark != wanted), "")


def _wrong(source: Source, layout: Layout, column: Column, mark: str) -> ReadError:
    what = f'column "{column.name}" says that it is {mark}; uptake of oxygen and output of carbon dioxide are STPD'
    do = "In BTPS they would be too high by a fifth. Export them in STPD, or correct the name if only that is wrong."
    return ReadError(Problem(what, file=source.name, row=layout.header + 1, column=column.name, do=do))
