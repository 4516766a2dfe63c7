"""Reading a table whatever its format."""

from __future__ import annotations

import os
from collections.abc import Callable

from kbstudy.errors import Problem, ReadError
from kbstudy.readers.delimited import read_delimited
from kbstudy.readers.grid import Grid, table_of
from kbstudy.readers.labelled import read_labelled
from kbstudy.readers.parquet import read_parquet
from kbstudy.readers.raw import RawTable
from kbstudy.readers.source import WORDS, Source, open_source
from kbstudy.readers.spreadsheet import read_spreadsheet

__all__ = ["read_grid", "read_table"]

_TAKES = {
    "delimited": {"encoding", "delimiter"},
    "spreadsheet": {"sheet"},
    "sav": {"encoding"},
    "dta": {"encoding"},
    "parquet": set[str](),
}


def read_table(
    path: str | os.PathLike[str],
    *,
    sheet: str | None = None,
    encoding: str | None = None,
    delimiter: str | None = None,
) -> RawTable:
    r"""Read a table, every cell as text.

    Parameters
    ----------
    path
        A text file (``.csv``, ``.tsv``, ``.txt``), a spreadsheet (``.xlsx``, ``.xls``, ``.ods``), or an SPSS
        (``.sav``), Stata (``.dta``) or Parquet file.
    sheet
        Which sheet of a spreadsheet; needed only if several have content.
    encoding
        Encoding of a text, SPSS or Stata file; found out if not given.
    delimiter
        The character between the cells of a text file; found out if not given.

    Returns
    -------
    RawTable
        The cells, and notes on everything that was guessed or left out.

    Raises
    ------
    ReadError
        If the file cannot be read as a table: every problem, with its row and column.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "scores.csv")
    ...     _ = path.write_text("id;pain\nP1;4,5\n")
    ...     table = read_table(path)
    >>> table.cells.to_dict("list"), table.notes
    ({'id': ['P1'], 'pain': ['4,5']}, ('the cells are separated by a semicolon',))
    """
    source = _checked(open_source(path), sheet=sheet, encoding=encoding, delimiter=delimiter)
    if source.kind in {"sav", "dta"}:
        return read_labelled(source, encoding)
    return table_of(_grid(source, sheet, encoding, delimiter))


def read_grid(path: str | os.PathLike[str], encoding: str | None = None) -> Grid:
    """Read a text file or spreadsheet without checking its column names, which REDCap may repeat.

    Raises
    ------
    ReadError
        If the file is of another kind or cannot be read.
    """
    source = _checked(open_source(path), encoding=encoding)
    if source.kind not in {"delimited", "spreadsheet"}:
        raise source.error(f"this is {WORDS[source.kind]}, and a REDCap file is a CSV", "Export it from REDCap as CSV.")
    return _grid(source, None, encoding, None)


def _grid(source: Source, sheet: str | None, encoding: str | None, delimiter: str | None) -> Grid:
    readers: dict[str, Callable[[], Grid]] = {
        "delimited": lambda: read_delimited(source, encoding, delimiter),
        "spreadsheet": lambda: read_spreadsheet(source, sheet),
        "parquet": lambda: read_parquet(source),
    }
    return readers[source.kind]()


def _checked(source: Source, **options: str | None) -> Source:
    """The source, if its content is a table of the kind its name promises and the options make sense for it."""
    if source.kind not in _TAKES or source.promised not in {"", source.kind}:
        raise source.error(*_disguise(source))
    given = {name for name, value in options.items() if value is not None}
    surplus = sorted(given - _TAKES[source.kind])
    if surplus:
        raise ReadError(Problem(f"{WORDS[source.kind]} has no {name}", source.name) for name in surplus)
    return source


def _disguise(source: Source) -> tuple[str, str]:
    found = WORDS[source.kind] if b"\0" not in source.data or source.kind != "delimited" else "a binary file"
    if source.kind == "encrypted":
        return f"this is {found}", "Open it in a spreadsheet program and save a copy without the password."
    if source.promised in {"", source.kind}:
        return f"this is {found}, not a table", "Export the table as CSV or save it as .xlsx."
    named = f'the name ends in "{source.path.suffix}", but the content looks like {found}'
    return named, "Give the file the extension that fits, or save the table again in the format its name says."
