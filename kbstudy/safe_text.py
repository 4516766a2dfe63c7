"""Text from anywhere made safe for a file: characters that formats allow, cells that no spreadsheet runs."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["csv_table", "frame_to_csv", "legal", "spreadsheet_cell"]

#: What XML 1.0 forbids (control characters, halves of surrogate pairs, non-characters), and the C1 controls.
_ILLEGAL: Final = re.compile("[^\t\n\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufdcf\ufdf0-\ufffd\U00010000-\U0010ffff]")
#: What begins a formula in a spreadsheet program; the wide forms do so in East Asian settings.
_FORMULA: Final = ("=", "+", "-", "@", "\N{FULLWIDTH EQUALS SIGN}", "\N{FULLWIDTH PLUS SIGN}",
                   "\N{FULLWIDTH HYPHEN-MINUS}", "\N{FULLWIDTH COMMERCIAL AT}")  # fmt: skip
_NEGATIVE: Final = re.compile(r"\N{MINUS SIGN}(?=\d+(\.\d+)?%?$)")


def legal(text: str) -> str:
    r"""Text without characters that a file format forbids; each becomes U+FFFD. Line ends become ``"\n"``.

    Examples
    --------
    >>> legal("a\x07b\r\nc") == "a\ufffdb\nc"
    True
    """
    unified = text.replace("\r\n", "\n").replace("\r", "\n").replace("\ufeff", "")
    return _ILLEGAL.sub("\ufffd", unified)


def spreadsheet_cell(text: str) -> str:
    r"""Text that a spreadsheet program shows and never runs.

    An apostrophe goes before what would begin a formula: ``= + - @``, a tab, a line end.

    Examples
    --------
    >>> spreadsheet_cell("=cmd|' /C calc'!A0"), spreadsheet_cell("-1"), spreadsheet_cell("P01")
    ("'=cmd|' /C calc'!A0", "'-1", 'P01')
    """
    text = legal(text)
    return f"'{text}" if text.startswith(("\t", "\n")) or text.lstrip().startswith(_FORMULA) else text


def csv_table(rows: Iterable[Sequence[str]]) -> bytes:
    """A table of the report as CSV in UTF-8 with its mark, by which Excel knows the encoding.

    A negative number has a true minus sign in the report; here it gets the hyphen that spreadsheets know. A text ``-1``
    from a file has the hyphen already, and gets an apostrophe.
    """
    out = io.StringIO()
    write = csv.writer(out, lineterminator="\n").writerow
    for row in rows:
        write([_NEGATIVE.sub("-", text) if _NEGATIVE.match(text) else spreadsheet_cell(text) for text in row])
    return out.getvalue().encode("utf-8-sig")


def frame_to_csv(frame: pd.DataFrame) -> bytes:
    """A frame as CSV in UTF-8: columns of numbers as they are, texts as :func:`spreadsheet_cell` writes them."""
    safe = frame.map(lambda value: spreadsheet_cell(value) if isinstance(value, str) else value)
    safe.columns = [spreadsheet_cell(str(name)) for name in frame.columns]
    return str(safe.to_csv(index=False, lineterminator="\n")).encode()
