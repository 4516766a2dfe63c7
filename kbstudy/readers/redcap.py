"""REDCap exports: one row for each record, event and repeat, described by the data dictionary."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace

from kbstudy.errors import Problem, Problems, ReadError, did_you_mean
from kbstudy.readers.dictionary import Column, Dictionary, read_dictionary
from kbstudy.readers.grid import Grid, listed, table_of
from kbstudy.readers.instruments import instrument_tables
from kbstudy.readers.raw import RawTable
from kbstudy.readers.table import read_grid

__all__ = ["read_redcap", "redcap_instruments"]

_BY_NEIGHBOUR = {"Complete?": "_complete", "Survey Timestamp": "_timestamp"}
"""Labels that every instrument repeats: the status follows its fields, the time stamp stands before them."""

_RAW_ADVICE = 'Export from REDCap again with variable names in the header ("CSV / Microsoft Excel (raw data)").'


def read_redcap(
    path: str | os.PathLike[str],
    dictionary: str | os.PathLike[str] | None = None,
    *,
    keep_identifiers: bool = False,
    encoding: str | None = None,
) -> RawTable:
    r"""Read a REDCap export, every cell as text, described by its data dictionary.

    Parameters
    ----------
    path
        The export: a CSV with raw values or labels, one row for each record, event and repeat instance.
    dictionary
        The project's data dictionary (CSV). Without it there are no labels or codes, and fields that identify
        participants cannot be recognised.
    keep_identifiers
        Keep the fields marked "Identifier?" and ``redcap_survey_identifier``. The record id is always kept.
    encoding
        Encoding of the export; found out if not given.

    Returns
    -------
    RawTable
        With ``labels``, ``codes``, ``ranges`` and ``forms`` from the dictionary. The notes name the columns left out as
        identifiers, those the dictionary does not know (kept), and fields missing from the export.

    Raises
    ------
    ReadError
        If a file cannot be read, the record id is not in the export, or labels in the header belong to several fields.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     export, fields = pathlib.Path(folder, "export.csv"), pathlib.Path(folder, "dictionary.csv")
    ...     _ = export.write_text("record_id,name,sex\n1,Ann,1\n")
    ...     _ = fields.write_text(
    ...         "field_name,form_name,field_type,field_label,select_choices_or_calculations,identifier\n"
    ...         "record_id,intake,text,Record ID,,\n"
    ...         "name,intake,text,Name,,y\n"
    ...         'sex,intake,radio,Sex,"1, Female | 2, Male",\n'
    ...     )
    ...     table = read_redcap(export, fields)
    >>> list(table.cells), table.codes, table.notes
    (['record_id', 'sex'], {'sex': {'1': 'Female', '2': 'Male'}}, ('identifiers were left out: "name"',))
    """
    known = None if dictionary is None else read_dictionary(dictionary)
    return _read(path, known, keep_identifiers, encoding)


def redcap_instruments(
    path: str | os.PathLike[str],
    dictionary: str | os.PathLike[str],
    *,
    keep_identifiers: bool = False,
    encoding: str | None = None,
) -> dict[str, RawTable]:
    """Read a REDCap export into one table for each instrument.

    Parameters
    ----------
    path, dictionary, keep_identifiers, encoding
        As for :func:`read_redcap`; here the dictionary is needed.

    Returns
    -------
    dict of str to RawTable
        Instruments in the order of the dictionary. A table keeps the record id, ``redcap_event_name``,
        ``redcap_repeat_instance`` and ``redcap_data_access_group`` where the export has them, and the rows that belong
        to the instrument: its repeats, rows where it has a form status (even "Incomplete"), and rows with any value in
        it. An unticked checkbox is not a value. Columns the dictionary does not know are in no table.

    Raises
    ------
    ReadError
        As for :func:`read_redcap`, and if a row repeats an instrument the dictionary does not have.
    """
    known = read_dictionary(dictionary)
    return instrument_tables(_read(path, known, keep_identifiers, encoding), known)


def _read(
    path: str | os.PathLike[str], dictionary: Dictionary | None, keep_identifiers: bool, encoding: str | None
) -> RawTable:
    grid = read_grid(path, encoding)
    if dictionary is None:
        table, drop = _undescribed(table_of(grid)), ["redcap_survey_identifier"]
    else:
        table = _described(table_of(_with_field_names(grid, dictionary)), dictionary)
        drop = [column.name for column in dictionary.columns.values() if column.identifier]
        drop = [name for name in drop if name != dictionary.record_id]
    return table if keep_identifiers else _without(table, drop)


def _undescribed(table: RawTable) -> RawTable:
    note = "no data dictionary was given, so there are no labels and identifiers cannot be recognised"
    return replace(table, notes=(*table.notes, note))


def _described(table: RawTable, dictionary: Dictionary) -> RawTable:
    columns = [dictionary.columns[name] for name in table.columns if name in dictionary.columns]
    return replace(
        table,
        labels={column.name: column.label for column in columns if column.label},
        codes={column.name: column.codes for column in columns if column.codes},
        ranges={column.name: column.limits for column in columns if any(column.limits)},
        forms={column.name: column.form for column in columns if column.form},
        notes=(*table.notes, *_difference_notes(table, dictionary)),
    )


def _difference_notes(table: RawTable, dictionary: Dictionary) -> Iterator[str]:
    unknown = [name for name in table.columns if name not in dictionary.columns]
    present = {dictionary.columns[name].field for name in table.columns if name not in unknown}
    missing = [field for field in dictionary.fields if field not in present]
    if unknown:
        yield f"columns that {dictionary.file} does not know (kept): {listed(unknown)}"
    if missing:
        yield f"fields of {dictionary.file} that are not in the export: {listed(missing)}"
    if dictionary.columns[dictionary.record_id].identifier:
        yield f'"{dictionary.record_id}" is marked as an identifier and was kept, because it links the rows'


def _without(table: RawTable, drop: list[str]) -> RawTable:
    gone = [name for name in table.columns if name in drop]
    if not gone:
        return table
    kept = table.select([name for name in table.columns if name not in gone])
    return replace(kept, notes=(*kept.notes, f"identifiers were left out: {listed(gone)}"))


def _with_field_names(grid: Grid, dictionary: Dictionary) -> Grid:
    """The grid under variable names, if it was exported with labels in the header."""
    record_id = dictionary.columns[dictionary.record_id]
    if record_id.name in grid.header:
        return grid
    if record_id.header not in grid.header:
        raise ReadError(_no_record_id(grid, dictionary))
    problems = Problems(
        [problem for label in dict.fromkeys(grid.header) for problem in _ambiguous(label, grid, dictionary)]
    )
    header = _names(grid.header, dictionary)
    problems.extend(_homeless(grid, header))
    problems.raise_as(ReadError)
    return grid.renamed(header, f"labels in the header were replaced by the field names of {dictionary.file}")


def _no_record_id(grid: Grid, dictionary: Dictionary) -> Problem:
    hint = did_you_mean(dictionary.record_id, grid.header)
    return Problem(
        f'the record id "{dictionary.record_id}" is not a column of the export{hint}',
        file=grid.file,
        row=grid.header_row,
        do=f"Check that {dictionary.file} belongs to this export; its first field is the record id.",
    )


def _ambiguous(label: str, grid: Grid, dictionary: Dictionary) -> Iterator[Problem]:
    names = dictionary.by_header.get(label, [])
    if len(names) > 1 and label not in _BY_NEIGHBOUR:
        what = f'the label "{label}" belongs to {len(names)} fields: {", ".join(names)}'
        yield Problem(what, grid.file, row=grid.header_row, do=_RAW_ADVICE)


def _names(header: list[str], dictionary: Dictionary) -> list[str]:
    columns = [_unique(label, dictionary) for label in header]
    forms = [column.form if column and column.field != dictionary.record_id else "" for column in columns]
    before, after = _last_form(forms), _last_form(forms[::-1])[::-1]
    neighbour = {"Complete?": before, "Survey Timestamp": after}
    return [
        column.name if column else _neighbour_name(label, neighbour.get(label, [])[place : place + 1])
        for place, (label, column) in enumerate(zip(header, columns, strict=True))
    ]


def _unique(label: str, dictionary: Dictionary) -> Column | None:
    names = dictionary.by_header.get(label, [])
    return dictionary.columns[names[0]] if len(names) == 1 and label not in _BY_NEIGHBOUR else None


def _last_form(forms: list[str]) -> list[str]:
    """For each place the last form seen so far."""
    seen, last = [], ""
    for form in forms:
        last = form or last
        seen.append(last)
    return seen


def _neighbour_name(label: str, form: list[str]) -> str:
    return f"{form[0]}{_BY_NEIGHBOUR[label]}" if form and form[0] else label


def _homeless(grid: Grid, header: list[str]) -> list[Problem]:
    return [
        Problem(
            f'the label "{label}" cannot be assigned to an instrument', grid.file, row=grid.header_row, do=_RAW_ADVICE
        )
        for label in _BY_NEIGHBOUR
        if label in header
    ]
