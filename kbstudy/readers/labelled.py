"""SPSS (``.sav``) and Stata (``.dta``) files: codes as they are stored, with their labels beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from kbstudy.errors import ReadError
from kbstudy.readers.grid import Grid, table_of
from kbstudy.readers.raw import RawTable
from kbstudy.readers.source import WORDS, Source
from kbstudy.readers.text import cell_text, float32_text

__all__ = ["read_labelled"]


def read_labelled(source: Source, encoding: str | None = None) -> RawTable:
    """Read a ``.sav`` or ``.dta`` file.

    Parameters
    ----------
    source
        The file; its content decides between SPSS and Stata.
    encoding
        Encoding of its text, for old files that do not say.

    Returns
    -------
    RawTable
        Codes as text, with labels and codes filled. Values that the file declares missing keep their code (Stata's as
        ``.a`` to ``.z``), and a note names them; only system-missing is ``""``.

    Raises
    ------
    ReadError
        If ``pyreadstat`` is not installed or cannot read the file.
    """
    values, meta = _read(source, encoding)
    extended = set(meta.missing_user_values)
    columns = [_texts(values[name], meta.readstat_variable_types[name], name in extended) for name in meta.column_names]
    rows = [(number, list(cells)) for number, cells in enumerate(zip(*columns, strict=True), start=2)]
    filled = [(number, cells) for number, cells in rows if any(cells)]
    table = table_of(Grid(source.name, list(meta.column_names), 1, filled, _blank_note(len(rows) - len(filled))))
    labels = {name: label for name, label in meta.column_names_to_labels.items() if label}
    return replace(table, labels=labels, codes=_codes(meta, extended), notes=(*table.notes, *_missing_notes(meta)))


def _read(source: Source, encoding: str | None) -> tuple[Mapping[str, list[Any]], Any]:
    try:
        import pyreadstat
    except ImportError:
        what = f"{WORDS[source.kind]} needs the package pyreadstat"
        raise source.error(what, 'Install it with: pip install "kbstudy[data]"') from None
    read = pyreadstat.read_sav if source.kind == "sav" else pyreadstat.read_dta
    try:
        values, meta = read(str(source.path), user_missing=True, output_format="dict", encoding=encoding)
    except Exception as error:  # pyreadstat raises its own kinds and bare ones
        raise _unreadable(source, error) from None
    return values, meta


def _unreadable(source: Source, error: Exception) -> ReadError:
    return source.error(
        f"{WORDS[source.kind]} that cannot be read ({error})",
        "It may be damaged or incomplete: ask for it again, or for a CSV export.",
    )


def _texts(values: Sequence[Any], storage: str, extended: bool) -> list[str]:
    if storage == "float" and not extended:
        return float32_text(values)
    return [_text(value, extended) for value in values]


def _text(value: object, extended: bool) -> str:
    """The text of a value or code; Stata's extended missing values get their dot back."""
    return f".{value}" if extended and isinstance(value, str) else cell_text(value)


def _codes(meta: Any, extended: set[str]) -> dict[str, dict[str, str]]:
    return {
        name: {_text(code, name in extended): label for code, label in codes.items()}
        for name, codes in meta.variable_value_labels.items()
    }


def _missing_notes(meta: Any) -> list[str]:
    declared = {name: ", ".join(map(_range, ranges)) for name, ranges in meta.missing_ranges.items()}
    declared |= {name: ", ".join(f".{code}" for code in codes) for name, codes in meta.missing_user_values.items()}
    return [
        f'in column "{name}" the file declares as missing: {codes}; kept as text'
        for name, codes in declared.items()
        if codes
    ]


def _range(limits: Mapping[str, object]) -> str:
    low, high = cell_text(limits["lo"]), cell_text(limits["hi"])
    return low if low == high else f"{low} to {high}"


def _blank_note(n: int) -> list[str]:
    return [f"{n} blank {'row was' if n == 1 else 'rows were'} skipped"] if n else []
