"""Text files whose cells are separated by a comma, a semicolon, a tab or a vertical bar."""

from __future__ import annotations

import codecs
import csv
import io
from collections import Counter
from collections.abc import Iterator
from itertools import islice

from kbstudy.errors import ReadError
from kbstudy.readers.grid import Grid, grid_of
from kbstudy.readers.source import Source

__all__ = ["read_delimited", "text_of"]

_DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "vertical bar"}
_BOMS = (  # the marks of UTF-32 begin like those of UTF-16, so they come first
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_NAMES = {"utf-8-sig": "UTF-8", "cp1252": "UTF-8 or Windows-1252"}
_SNIFFED = 50
_ENCODING_ADVICE = 'Say which encoding the file has, such as encoding = "mac_roman", or save it again as "CSV UTF-8".'


def read_delimited(source: Source, encoding: str | None = None, delimiter: str | None = None) -> Grid:
    r"""Decode the text, find the separator, and split the rows.

    Parameters
    ----------
    source
        The file.
    encoding
        Its encoding. If not given: what its byte-order mark says, else UTF-8, else Windows-1252 with a note.
    delimiter
        The character between cells. If not given: whichever of comma, semicolon, tab and vertical bar splits the
        first 50 rows most evenly, with a note unless it is the comma.

    Returns
    -------
    Grid
        Header and rows. A quoted cell with line breaks stays one cell, and its row counts once.

    Raises
    ------
    ReadError
        If the bytes are not text in that encoding, two separators fit equally well, or quotation marks do not pair.

    Examples
    --------
    >>> from pathlib import Path
    >>> read_delimited(Source(Path("scores.csv"), "id;pain\nP1;4,5".encode())).rows
    [(2, ['P1', '4,5'])]
    """
    if delimiter is not None and (len(delimiter) != 1 or delimiter in '"\r\n'):
        raise source.error(f"a delimiter is one character, and {delimiter!r} is not")
    text, notes = text_of(source, encoding)
    if delimiter is None:
        delimiter = _guess(source, text)
        notes += [] if delimiter == "," else [f"the cells are separated by a {_DELIMITERS[delimiter]}"]
    return grid_of(source.name, _split(source, text, delimiter), notes)


def text_of(source: Source, encoding: str | None = None) -> tuple[str, list[str]]:
    """The text of a file, and what was odd about its encoding; see :func:`read_delimited`."""
    if encoding is None:
        text, notes = _decoded(source)
    else:
        text, notes = _decode(source, encoding), []
    text = text.removeprefix("\ufeff")
    _refuse_nul(source, text)
    if text.endswith("\x1a"):
        notes.append("an end-of-file mark (Ctrl-Z) at the end was left out")
    return text.rstrip("\x1a"), notes


def _decoded(source: Source) -> tuple[str, list[str]]:
    for mark, encoding in _BOMS:
        if source.data.startswith(mark):
            return _decode(source, encoding), []
    try:
        return source.data.decode("utf-8"), []
    except UnicodeDecodeError:
        note = "the text is not UTF-8 and was read as Windows-1252 (Western European); check letters such as ä and é"
        return _decode(source, "cp1252"), [note]


def _decode(source: Source, encoding: str) -> str:
    try:
        return source.data.decode(encoding)
    except UnicodeDecodeError as error:
        raise _undecodable(source, encoding, error.start) from None
    except (LookupError, UnicodeError, ValueError):
        raise source.error(f'there is no encoding "{encoding}"', _ENCODING_ADVICE) from None


def _undecodable(source: Source, encoding: str, start: int) -> ReadError:
    before = source.data[:start].decode(encoding, errors="ignore")
    what = (
        f"byte 0x{source.data[start]:02X} at position {start} of the file is not {_NAMES.get(encoding, encoding)} text"
    )
    return source.error(what, _ENCODING_ADVICE, row=_row_after(before))


def _row_after(text: str) -> int:
    """The row in which the next character would stand."""
    try:
        return sum(1 for _ in csv.reader(io.StringIO(text + "x", newline=""), delimiter=_best(text)[0]))
    except csv.Error:
        return text.count("\n") + 1


def _refuse_nul(source: Source, text: str) -> None:
    place = text.find("\0")
    if place >= 0:
        what = (
            f"character {place + 1} of the file is a NUL; it looks like a binary file, or UTF-16 text without its mark"
        )
        raise source.error(what, 'Save it again as "CSV UTF-8", or give encoding = "utf-16-le".')


def _guess(source: Source, text: str) -> str:
    best = _best(text)
    if len(best) > 1:
        names = " or a ".join(_DELIMITERS[mark] for mark in best)
        example = "\\t" if best[0] == "\t" else best[0]
        raise source.error(
            f"the cells may be separated by a {names}; both fit", f'Say which, such as delimiter = "{example}".'
        )
    return best[0]


def _best(text: str) -> list[str]:
    """The separators that give the most rows of one common width and, among those, the widest."""
    fits = {mark: _fit(text, mark) for mark in _DELIMITERS}
    top = max(fits.values())
    return [mark for mark, fit in fits.items() if fit == top] if top[0] else [","]


def _fit(text: str, delimiter: str) -> tuple[int, int]:
    widths: Counter[int] = Counter()
    try:
        for cells in islice(_reader(text, delimiter), _SNIFFED):
            widths[len(cells)] += any(cell.strip() for cell in cells)
    except csv.Error:
        pass  # the rows before the bad one still tell the separator
    several = [(rows, width) for width, rows in widths.items() if width > 1 and rows]
    return max(several, default=(0, 0))


def _reader(text: str, delimiter: str) -> Iterator[list[str]]:
    # strict: an unpaired quotation mark would otherwise swallow the rest of the file without a word
    lines = io.StringIO(text, newline="")
    return csv.reader(lines, delimiter=delimiter, strict=True, skipinitialspace=delimiter != " ")


def _split(source: Source, text: str, delimiter: str) -> list[list[str]]:
    lines: list[list[str]] = []
    try:
        lines.extend(_reader(text, delimiter))
    except csv.Error as error:
        # the row of the error is one after the last complete row
        raise source.error(*_quote_trouble(error), row=len(lines) + 1) from None
    return lines


def _quote_trouble(error: csv.Error) -> tuple[str, str]:
    advice = 'A quotation mark inside a quoted cell is written twice: "" stands for one.'
    if "expected after" in str(error):
        return "there is text after a closing quotation mark", advice
    if "field larger" in str(error):
        return "a cell has more than 100,000 characters; a quotation mark may never be closed", advice
    return "a quotation mark opens here and is never closed", advice
