"""Finding a file, taking its bytes, and recognising what it really is."""

from __future__ import annotations

import io
import os
import zipfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from kbstudy.errors import Problem, ReadError, did_you_mean

__all__ = ["SUFFIXES", "WORDS", "Source", "open_source"]

WORDS = {
    "delimited": "a text file",
    "spreadsheet": "a spreadsheet",
    "encrypted": "a spreadsheet protected by a password",
    "sav": "an SPSS file",
    "dta": "a Stata file",
    "parquet": "a Parquet file",
    "html": "a web page (HTML)",
    "zip": "a zip archive",
    "broken": "a damaged spreadsheet or zip archive",
    "pdf": "a PDF document",
    "gzip": "a compressed (gzip) file",
    "rtf": "a rich text document (RTF)",
}
"""What a kind of file is called in messages."""

SUFFIXES = {
    **dict.fromkeys([".csv", ".tsv", ".txt"], "delimited"),
    **dict.fromkeys([".xlsx", ".xlsm", ".xlsb", ".xls", ".ods"], "spreadsheet"),
    **dict.fromkeys([".sav", ".zsav"], "sav"),
    ".dta": "dta",
    ".parquet": "parquet",
}
"""What a file's extension promises."""

_MAGIC = (
    (b"PAR1", "parquet"),
    (b"$FL2", "sav"),
    (b"$FL3", "sav"),
    (b"<stata_dta>", "dta"),
    (b"%PDF", "pdf"),
    (b"\x1f\x8b", "gzip"),
    (b"{\\rtf", "rtf"),
)
_SHEET_PARTS = ("xl/workbook.xml", "xl/workbook.bin", "content.xml")
_HTML_STARTS = (b"<!doctype html", b"<html", b"<head", b"<table", b"<meta", b"<style")


@dataclass(frozen=True)
class Source:
    """A file that exists and could be opened.

    Parameters
    ----------
    path
        Where it is.
    data
        Its bytes.
    """

    path: Path
    data: bytes

    @property
    def name(self) -> str:
        """The file name without its folder."""
        return self.path.name

    @cached_property
    def kind(self) -> str:
        """What the content is, whatever the file is called: a key of :data:`WORDS`."""
        return _kind(self.data)

    @property
    def promised(self) -> str:
        """What the extension says it is, ``""`` for an extension that says nothing."""
        return SUFFIXES.get(self.path.suffix.lower(), "")

    def error(self, what: str, do: str = "", row: int | None = None) -> ReadError:
        """A :class:`~kbstudy.errors.ReadError` about this file, for the caller to raise."""
        return ReadError(Problem(what, file=self.name, row=row, do=do))


def open_source(path: str | os.PathLike[str]) -> Source:
    """Take the bytes of a file.

    Parameters
    ----------
    path
        The file.

    Returns
    -------
    Source
        Its path and bytes.

    Raises
    ------
    ReadError
        If there is no such file, it is a folder or empty, or the operating system refuses to open it.

    Examples
    --------
    >>> open_source("no-such-folder/scores.csv")
    Traceback (most recent call last):
    kbstudy.errors.ReadError: file "scores.csv" was not found: there is no folder "no-such-folder"
    """
    path = Path(path)
    try:
        source = Source(path, path.read_bytes())
    except FileNotFoundError:
        raise ReadError(_not_found(path)) from None
    except (IsADirectoryError, PermissionError) as error:
        # Windows answers "permission denied" for a folder.
        raise ReadError(_refused(path, error)) from None
    except (OSError, ValueError) as error:
        raise ReadError(f'file "{path.name}" cannot be opened: {error}') from None
    if not source.data:
        raise source.error("the file is empty")
    return source


def _not_found(path: Path) -> str:
    folder = path.resolve().parent
    if not folder.is_dir():
        return f'file "{path.name}" was not found: there is no folder "{path.parent}"'
    return f'file "{path.name}" was not found in {folder.name}{did_you_mean(path.name, _names(folder))}'


def _names(folder: Path) -> list[str]:
    try:
        return sorted(entry.name for entry in folder.iterdir() if entry.is_file())
    except OSError:
        return []


def _refused(path: Path, error: OSError) -> Problem:
    if path.is_dir():
        return Problem(f'"{path.name or path}" is a folder, not a file')
    do = "Close it in other programs, and check that you are allowed to read it."
    return Problem(f'file "{path.name}" cannot be opened: {error.strerror}', do=do)


def _kind(data: bytes) -> str:
    for start, kind in _MAGIC:
        if data.startswith(start):
            return kind
    if data.startswith(b"PK\x03\x04"):
        return _kind_of_zip(data)
    if data.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        return "encrypted" if "EncryptedPackage".encode("utf-16-le") in data else "spreadsheet"
    if data[:1] in b"lmnopqrs" and data[1:2] in (b"\x01", b"\x02") and data[2:3] == b"\x01":
        return "dta"  # Stata before version 13: release, byte order, file type
    return "html" if _is_html(data) else "delimited"


def _kind_of_zip(data: bytes) -> str:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = archive.namelist()
    except Exception:  # a damaged archive ends in one of many kinds
        return "broken"
    return "spreadsheet" if any(name in _SHEET_PARTS for name in names) else "zip"


def _is_html(data: bytes) -> bool:
    start = data[:2000].removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    return start.startswith(_HTML_STARTS) or (start.startswith(b"<?xml") and b"<html" in start)
