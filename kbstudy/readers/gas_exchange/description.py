"""What a file of gas exchange is, in words for a person: before it is read, and where it cannot be."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from kbstudy import formatting as fmt
from kbstudy.errors import DataError, FitError, ReadError, StudyError
from kbstudy.readers.gas_exchange.assemble import assemble, quantity_of
from kbstudy.readers.gas_exchange.layout import Column, Device, Layout
from kbstudy.readers.gas_exchange.proposal import candidates_in_words, checks_of, looked_for, mapping_of, propose
from kbstudy.readers.gas_exchange.registry import DEVICES, recognised
from kbstudy.readers.gas_exchange.sheet import Sheet, shown
from kbstudy.readers.gas_exchange.sheets import load_sheets
from kbstudy.readers.gas_exchange.spreadsheetml import is_spreadsheetml
from kbstudy.readers.gas_exchange.units import needs_unit
from kbstudy.readers.gas_exchange.vocabulary import public_name
from kbstudy.readers.guards import check_size
from kbstudy.readers.source import Source, open_source
from kbstudy.recording import Recording

__all__ = ["Description", "describe"]

_LEVELS = 6


@dataclass(frozen=True)
class Description:
    """What :func:`describe` found.

    Parameters
    ----------
    headline
        Name of the file and what it is, in one line.
    columns
        One row a column that is read, or would be.
    notes
        Sentences.
    recognised
        Whether it has the signature of a device; else some of its names only look like gas exchange.
    """

    headline: str
    columns: pd.DataFrame
    notes: tuple[str, ...]
    recognised: bool


def describe(path: str | os.PathLike[str]) -> Description | None:
    """Describe a file of gas exchange.

    Parameters
    ----------
    path
        Any file.

    Returns
    -------
    Description or None
        ``None`` if it does not look like gas exchange, or cannot be opened: other readers say why.

    Raises
    ------
    ReadError
        If it is damaged SpreadsheetML, which no other reader here knows.
    """
    try:
        check_size(path)
        source = open_source(path)
    except ReadError:
        return None
    try:
        sheets = load_sheets(source)
    except ReadError:
        if is_spreadsheetml(source.data):
            raise
        return None
    found = recognised(sheets)
    if found:
        return _known(source, found)
    proposed = propose(sheets)
    return None if proposed is None or not _usable(proposed) else _unknown(source, sheets, proposed)


def _usable(layout: Layout) -> bool:
    return "time" in layout.columns and bool({"vo2", "vo2_kg"} & set(layout.columns))


# ---- a known device ----------------------------------------------------------------------------------------------


def _known(source: Source, found: Sequence[tuple[Device, Layout]]) -> Description:
    device, layout = found[0]
    try:
        recording = assemble(source, device, layout)
    except (ReadError, DataError) as error:
        headline = f"{source.name}: {device.name}, recognised by its content but not read"
        return Description(headline, _planned(layout), tuple(_refused(error, found)), True)
    headline = str(recording).partition("\n")[0]
    return Description(headline, _read(recording, layout), tuple(_notes(recording, found)), True)


def _read(recording: Recording, layout: Layout) -> pd.DataFrame:
    rows = [
        {
            "column": name,
            "in_the_file": _origin(layout, name),
            "filled": f"{int((values.notna() & (values != '')).sum())} of {len(values)}",
            "found": _found(values),
        }
        for name, values in recording.data.items()
    ]
    return pd.DataFrame(rows)


def _origin(layout: Layout, name: str) -> str:
    column = next((layout.columns[key] for key in quantity_of(name) if key in layout.columns), None)
    return "" if column is None else _with_unit(layout, column)


def _with_unit(layout: Layout, column: Column) -> str:
    name = " ".join(column.name.split())
    key = next(key for key, other in layout.columns.items() if other is column)
    unit = column.unit or layout.documented.get(key, "")
    return name if not unit.strip(" -") or unit in name else f"{name} ({unit})"


def _found(values: pd.Series) -> str:
    if pd.api.types.is_numeric_dtype(values):
        return f"{values.min():.4g} to {values.max():.4g}"
    levels = [text for text in dict.fromkeys(values) if text]
    more = f" and {len(levels) - _LEVELS} more" if len(levels) > _LEVELS else ""
    return ", ".join(f'"{text}"' for text in levels[:_LEVELS]) + more


def _notes(recording: Recording, found: Sequence[tuple[Device, Layout]]) -> Iterator[str]:
    layout = found[0][1]
    yield from _about_device(found)
    named = sum(bool(shown(cell)) for cell in layout.sheet.rows[layout.header][layout.head :])
    yield f"of {fmt.count(named, 'column')} in the file {len(layout.columns)} are of use here; the others are not read"
    if recording.environment:
        yield "environment: " + ", ".join(f"{name} {value:g}" for name, value in recording.environment.items())
    yield from map(str, recording.issues)
    yield _gaps(recording)
    yield _energy(recording)


def _gaps(recording: Recording) -> str:
    if not recording.gaps:
        return "no gaps: no interval is above 20 s and three times the median"
    minutes = sum(end - start for start, end in recording.gaps) / 60
    return f"{fmt.count(len(recording.gaps), 'gap')}, {fmt.number(minutes, 1)} min in all; nothing is filled in"


def _energy(recording: Recording) -> str:
    if recording.device_energy_kcal_min is None:
        return "the device wrote no energy column"
    try:
        return recording.identify_equation().sentence()
    except (DataError, FitError) as error:
        return f"the rule of the device's energy column cannot be told: {error.problems[0].what}"


def _about_device(found: Sequence[tuple[Device, Layout]]) -> Iterator[str]:
    device = found[0][0]
    yield f'device = "{device.key}"; its signature: {device.looked_for}'
    if not device.seen:
        yield "no real file of this device was seen yet: compare some rows with the device's own report"
    if len(found) > 1:
        others = fmt.words([f'"{other.key}"' for other, _ in found[1:]])
        yield f"it has the signature of {others} too: say which it is with device = ..."


def _refused(error: StudyError, found: Sequence[tuple[Device, Layout]]) -> Iterator[str]:
    yield from map(str, error.problems)
    yield from dict.fromkeys(f"what to do: {problem.do}" for problem in error.problems if problem.do)
    yield from _about_device(found)


# ---- an unknown one ----------------------------------------------------------------------------------------------


def _planned(layout: Layout) -> pd.DataFrame:
    rows = [
        {
            "column": public_name(key),
            "in_the_file": " ".join(column.name.split()),
            "unit": column.unit or layout.documented.get(key, "") or ("?" if needs_unit(key) else ""),
        }
        for key, column in layout.columns.items()
    ]
    return pd.DataFrame(rows)


def _unknown(source: Source, sheets: Sequence[Sheet], layout: Layout) -> Description:
    name = Path(source.name).name
    headline = f"{name}: looks like gas exchange, of no device that is recognised"
    notes = [
        *candidates_in_words(sheets),
        f"check this mapping, put a unit for each question mark, and give it: mapping = {mapping_of(layout)}",
        *checks_of(layout),
        "or write it down for all files of this kind: kbstudy inspect FILE --write-profile",
        *(f"looked for {line}" for line in looked_for(DEVICES)),
    ]
    return Description(headline, _planned(layout), tuple(notes), False)
