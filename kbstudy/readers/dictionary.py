"""REDCap's data dictionary: which columns an export has, what they are called, and what their codes mean."""

from __future__ import annotations

import html
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from kbstudy.errors import Problem, Problems, ReadError, did_you_mean
from kbstudy.readers.grid import table_of
from kbstudy.readers.table import read_grid

__all__ = ["SPECIAL", "Column", "Dictionary", "read_dictionary"]

_API_NAMES = {
    "variable / field name": "field_name",
    "form name": "form_name",
    "field type": "field_type",
    "field label": "field_label",
    "choices, calculations, or slider labels": "select_choices_or_calculations",
    "choices or calculations": "select_choices_or_calculations",
    "text validation min": "text_validation_min",
    "text validation max": "text_validation_max",
    "identifier?": "identifier",
}
_NEEDED = ("field_name", "form_name", "field_type", "field_label", "select_choices_or_calculations")
_FIXED_CODES = {"yesno": {"1": "Yes", "0": "No"}, "truefalse": {"1": "True", "0": "False"}}
_CHECKBOX_CODES = {"0": "Unchecked", "1": "Checked"}
_COMPLETE_CODES = {"0": "Incomplete", "1": "Unverified", "2": "Complete"}
_NO_RECORD_ID = "the first field must be the record id, and this one is not a text field"
_DICTIONARY_ADVICE = 'Export it again: in REDCap, "Data Dictionary", then "Download the current Data Dictionary".'

SPECIAL = {
    "redcap_event_name": "Event Name",
    "redcap_repeat_instrument": "Repeat Instrument",
    "redcap_repeat_instance": "Repeat Instance",
    "redcap_data_access_group": "Data Access Group",
    "redcap_survey_identifier": "Survey Identifier",
}
"""The columns REDCap adds by itself, and what an export with labels in the header calls them."""


@dataclass(frozen=True)
class Column:
    """One column that an export may have.

    Parameters
    ----------
    name, form
        Its name with variable names in the header, and its instrument (``""`` for none).
    header
        What it is called with labels in the header.
    label, codes, limits
        Wording, meaning of the codes, lowest and highest value.
    field
        The field it comes from, ``""`` if REDCap adds it.
    identifier, checkbox
        Whether it is marked as an identifier, and whether it is one choice of a checkbox field.
    """

    name: str
    form: str
    header: str
    label: str = ""
    codes: Mapping[str, str] = field(default_factory=dict)
    limits: tuple[str, str] = ("", "")
    field: str = ""
    identifier: bool = False
    checkbox: bool = False


@dataclass(frozen=True)
class Dictionary:
    """A data dictionary.

    Parameters
    ----------
    file
        File name.
    record_id
        The first field, which names the participant.
    forms
        The instruments in order.
    columns
        Every column an export may have, by name.
    """

    file: str
    record_id: str
    forms: tuple[str, ...]
    columns: Mapping[str, Column]

    @property
    def fields(self) -> list[str]:
        """The fields that have columns, in order."""
        return list(dict.fromkeys(column.field for column in self.columns.values() if column.field))

    @cached_property
    def by_header(self) -> dict[str, list[str]]:
        """Column names for each label, as an export with labels in the header shows it."""
        found: dict[str, list[str]] = {}
        for column in self.columns.values():
            found.setdefault(column.header, []).append(column.name)
        return found


def read_dictionary(path: str | os.PathLike[str]) -> Dictionary:
    """Read a data dictionary as REDCap's website or its API exports it.

    Parameters
    ----------
    path
        The CSV file.

    Returns
    -------
    Dictionary
        Its columns.

    Raises
    ------
    ReadError
        If a column of the dictionary is missing, a field stands twice, or a choice has no code.
    """
    table = table_of(read_grid(path))
    cells = table.cells.rename(columns=lambda name: _API_NAMES.get(name.casefold(), name.casefold()))
    _check_header(table.file, list(cells.columns))
    entries = [{str(key): str(value) for key, value in entry.items()} for entry in cells.to_dict("records")]
    _check_entries(table.file, table.rows, entries)
    forms = tuple(dict.fromkeys(entry["form_name"] for entry in entries))
    columns = [*_special_columns(), *(column for entry in entries for column in _columns(entry))]
    columns += [column for form in forms for column in _form_columns(form)]
    found = Dictionary(table.file, entries[0]["field_name"], forms, {column.name: column for column in columns})
    if found.record_id not in found.columns:
        raise ReadError(Problem(_NO_RECORD_ID, table.file, row=table.rows[0], do=_DICTIONARY_ADVICE))
    return found


def _check_entries(file: str, rows: tuple[int, ...], entries: list[dict[str, str]]) -> None:
    problems = Problems()
    for row, entry in zip(rows, entries, strict=True):
        problems.extend(Problem(what, file, row=row, do=_DICTIONARY_ADVICE) for what in _bad_choices(entry))
    problems.extend(_repeated_fields(file, rows, entries))
    problems.raise_as(ReadError)


def _check_header(file: str, names: list[str]) -> None:
    missing = [name for name in _NEEDED if name not in names]
    Problems([Problem(_lacks(name, names), file, do=_DICTIONARY_ADVICE) for name in missing]).raise_as(ReadError)


def _lacks(name: str, names: list[str]) -> str:
    return f'not a REDCap data dictionary: there is no column "{name}"{did_you_mean(name, names)}'


def _repeated_fields(file: str, rows: tuple[int, ...], entries: list[dict[str, str]]) -> Iterator[Problem]:
    first: dict[str, int] = {}
    for row, entry in zip(rows, entries, strict=True):
        name = entry["field_name"]
        if first.setdefault(name, row) != row:
            what = f'the field "{name}" stands in row {first[name]} already'
            yield Problem(what, file, row=row, do=_DICTIONARY_ADVICE)


def _parts(entry: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """Code, comma and label of each choice, for the field types that have choices."""
    if entry["field_type"] not in {"radio", "dropdown", "checkbox"}:
        return []
    pieces = (piece.strip() for piece in entry["select_choices_or_calculations"].split("|"))
    return [piece.partition(",") for piece in pieces if piece]


def _bad_choices(entry: Mapping[str, str]) -> Iterator[str]:
    seen: set[str] = set()
    for code, comma, _ in _parts(entry):
        if not comma:
            yield f'field "{entry["field_name"]}": the choice "{code}" has no code before a comma'
        elif code.strip() in seen:
            yield f'field "{entry["field_name"]}": the code "{code.strip()}" stands for two choices'
        seen.add(code.strip())


def _choices(entry: Mapping[str, str]) -> dict[str, str]:
    fixed = _FIXED_CODES.get(entry["field_type"])
    return fixed or {code.strip(): _plain(label) for code, _, label in _parts(entry)}


def _plain(text: str) -> str:
    """A label without REDCap's formatting; ``<5 kg`` is not a tag and stays."""
    return " ".join(html.unescape(re.sub(r"</?[A-Za-z][^>]*>", " ", text)).split())


def _columns(entry: Mapping[str, str]) -> Iterator[Column]:
    name, form, label = entry["field_name"], entry["form_name"], _plain(entry["field_label"])
    limits = entry.get("text_validation_min", ""), entry.get("text_validation_max", "")
    identifier = entry.get("identifier", "").casefold() in {"y", "yes", "1"}
    choices = _choices(entry)
    if entry["field_type"] == "checkbox":
        for code, choice in choices.items():
            header, words = f"{label} (choice={choice})", f"{label}: {choice}"
            column = _checkbox_name(name, code)
            yield Column(column, form, header, words, _CHECKBOX_CODES, ("", ""), name, identifier, checkbox=True)
    elif entry["field_type"] != "descriptive":
        yield Column(name, form, label, label, choices, limits, name, identifier)


def _checkbox_name(field: str, code: str) -> str:
    return f"{field}___{re.sub('[^0-9a-z]', '_', code.lower())}"


def _special_columns() -> Iterator[Column]:
    for name, header in SPECIAL.items():
        yield Column(name, "", header, identifier=name == "redcap_survey_identifier")


def _form_columns(form: str) -> Iterator[Column]:
    yield Column(f"{form}_timestamp", form, "Survey Timestamp")
    yield Column(f"{form}_complete", form, "Complete?", codes=_COMPLETE_CODES)
