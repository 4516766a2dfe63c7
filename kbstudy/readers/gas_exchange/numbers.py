"""Numbers in cells: which character is the decimal mark is decided for each column, never for a file."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kbstudy.readers.gas_exchange.sheet import Cell, shown

__all__ = ["MISSING_WORDS", "Numbers", "decimal_places", "decimals", "parse_number", "read_numbers"]

#: What stands in a cell that was not measured.
MISSING_WORDS: Final = frozenset(
    {"", "-", "--", "---", "–", "—", "*", "**", "na", "n/a", "nan", "null", "--:--", "--:--:--"}
)
_MOST: Final = 1e9  # beyond it no quantity of a breath is a number, and squares would overflow
_PLAIN: Final = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d{1,2})?", re.IGNORECASE | re.ASCII)
_MARKED: Final = re.compile(r"[+-]?(\d*)([.,])(\d+)(?:e[+-]?\d{1,2})?", re.IGNORECASE | re.ASCII)
_GROUPED: Final = {
    ".": re.compile(r"[+-]?\d{1,3}(?:,\d{3})+(?:\.\d*)?", re.ASCII),
    ",": re.compile(r"[+-]?\d{1,3}(?:\.\d{3})+(?:,\d*)?", re.ASCII),
}
_TIDY: Final = str.maketrans({"\N{MINUS SIGN}": "-", "\u00a0": "", "\u202f": "", " ": ""})


@dataclass(frozen=True)
class Numbers:
    """A column as numbers.

    Parameters
    ----------
    values
        NaN where there is none.
    odd
        Position and text of cells that are neither a number nor a sign for "missing".
    mark
        The decimal mark of the cells that are text.
    other
        The column read with the other mark, if the text allows both (``1.234`` is one or a thousand).
    """

    values: NDArray[np.float64]
    odd: tuple[tuple[int, str], ...]
    mark: str
    other: NDArray[np.float64] | None = None


def read_numbers(cells: Sequence[Cell]) -> Numbers:
    """Read one column of cells.

    Examples
    --------
    >>> read_numbers(["1.234,5", "−0,5", "-", 2.0]).values.tolist()
    [1234.5, -0.5, nan, 2.0]
    """
    texts = [cell.translate(_TIDY) for cell in cells if isinstance(cell, str)]
    mark, ambiguous = _decimal_mark(texts)
    values, odd = _with_mark(cells, mark)
    other = _with_mark(cells, "," if mark == "." else ".")[0] if ambiguous else None
    return Numbers(values, odd, mark, other)


def _with_mark(cells: Sequence[Cell], mark: str) -> tuple[NDArray[np.float64], tuple[tuple[int, str], ...]]:
    values = np.full(len(cells), np.nan)
    odd = []
    for place, cell in enumerate(cells):
        number = _number(cell, mark)
        if number is not None:
            values[place] = number
        elif shown(cell).casefold() not in MISSING_WORDS:
            odd.append((place, shown(cell)))
    return values, tuple(odd)


def _number(cell: Cell, mark: str) -> float | None:
    if isinstance(cell, str):
        return parse_number(cell, mark)
    if isinstance(cell, float) and not isinstance(cell, bool) and abs(cell) <= _MOST:
        return float(cell)
    return None


def parse_number(text: str, mark: str = ".") -> float | None:
    """One number with a known decimal mark, ``None`` if the text is not one.

    Examples
    --------
    >>> parse_number("1,234.5"), parse_number("0,5", ","), parse_number("0,5")
    (1234.5, 0.5, None)
    """
    tidy = text.strip().translate(_TIDY)
    other = "," if mark == "." else "."
    if other in tidy and not _GROUPED[mark].fullmatch(tidy):
        return None
    tidy = tidy.replace(other, "").replace(",", ".")
    number = float(tidy) if _PLAIN.fullmatch(tidy) else None
    return number if number is not None and abs(number) <= _MOST else None


def _decimal_mark(texts: Sequence[str]) -> tuple[str, bool]:
    """The decimal mark of a column, and whether the text would allow the other one too."""
    marked = [text for text in texts if "." in text or "," in text]
    votes = Counter(mark for mark in map(_vote, marked) if mark)
    if votes:
        return votes.most_common(1)[0][0], False
    single = Counter(match[2] for match in map(_MARKED.fullmatch, marked) if match)
    return (single.most_common(1)[0][0], True) if single else (".", False)


def _vote(text: str) -> str:
    """The decimal mark that this text proves, ``""`` if it proves none."""
    if "." in text and "," in text:
        return max(".,", key=text.rfind)
    match = _MARKED.fullmatch(text)
    if match is None:  # the same mark twice separates thousands
        twice = [mark for mark in ".," if text.count(mark) > 1 and _PLAIN.fullmatch(text.replace(mark, ""))]
        return {".": ",", ",": "."}[twice[0]] if twice else ""
    whole, mark, rest = match[1], match[2], match[3]
    groups = len(rest) == 3 and 1 <= len(whole) <= 3 and not whole.startswith("0")
    return "" if groups else mark


def decimals(cells: Sequence[Cell], values: NDArray[np.float64]) -> int:
    """How many decimals a column was rounded to: the most that any of its cells shows, at most 9."""
    most = 0
    for cell, value in zip(cells, values, strict=True):
        if np.isfinite(value):
            most = max(most, decimal_places(cell if isinstance(cell, str) else repr(float(value)).removesuffix(".0")))
    return min(most, 9)


def decimal_places(text: str) -> int:
    """How many decimals a number shows, whatever its mark.

    Examples
    --------
    >>> decimal_places("12,50"), decimal_places("7")
    (2, 0)
    """
    match = re.search(r"[.,](\d+)\s*$", text)
    return len(match[1]) if match else 0
