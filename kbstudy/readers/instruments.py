"""One table for each instrument of a REDCap export."""

from __future__ import annotations

import re

import pandas as pd

from kbstudy.errors import Problem, Problems, ReadError, did_you_mean
from kbstudy.readers.dictionary import Dictionary
from kbstudy.readers.raw import RawTable

__all__ = ["instrument_tables"]

_KEYS = ("redcap_event_name", "redcap_repeat_instance", "redcap_data_access_group")
_REPEAT = "redcap_repeat_instrument"
_UNTICKED = ["", "0", "Unchecked"]


def instrument_tables(table: RawTable, dictionary: Dictionary) -> dict[str, RawTable]:
    """Split an export that was read with its dictionary.

    Parameters
    ----------
    table
        The whole export.
    dictionary
        Its dictionary.

    Returns
    -------
    dict of str to RawTable
        Instruments that have columns in the export, in the order of the dictionary.

    Raises
    ------
    ReadError
        If a row repeats an instrument the dictionary does not have.
    """
    repeats = _repeats(table, dictionary)
    tables = ((form, _instrument(table, dictionary, form, repeats == form)) for form in dictionary.forms)
    return {form: found for form, found in tables if found is not None}


def _repeats(table: RawTable, dictionary: Dictionary) -> pd.Series[str]:
    """The instrument each row repeats; an export with labels shows its title, from which REDCap made its name."""
    if _REPEAT not in table.cells:
        return pd.Series("", index=table.cells.index)
    written = table.cells[_REPEAT]
    names = written.map(lambda text: re.sub(r"\W+", "_", text.lower()).strip("_"))
    problems = Problems(
        [
            Problem(
                _unknown(text, dictionary),
                table.file,
                row=row,
                column=_REPEAT,
                do="Export from REDCap with raw values.",
            )
            for row, text, name in zip(table.rows, written, names, strict=True)
            if name and name not in dictionary.forms
        ]
    )
    problems.raise_as(ReadError)
    return names


def _unknown(text: str, dictionary: Dictionary) -> str:
    return f'"{text}" is not an instrument of {dictionary.file}{did_you_mean(text, dictionary.forms)}'


def _instrument(table: RawTable, dictionary: Dictionary, form: str, repeated: pd.Series[bool]) -> RawTable | None:
    keys = [name for name in (dictionary.record_id, *_KEYS) if name in table.cells]
    own = [name for name in table.columns if table.forms.get(name) == form and name not in keys]
    if not own:
        return None
    ticks = [name for name in own if dictionary.columns[name].checkbox]
    values = [name for name in own if name not in ticks]
    filled = (table.cells[values] != "").any(axis=1) | ~table.cells[ticks].isin(_UNTICKED).all(axis=1)
    return table.select(keys + own, (repeated | filled).tolist())
