"""Text of a cell to the value that a study declares, or a sentence that says why not."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from kbstudy.errors import did_you_mean
from kbstudy.formatting import words

__all__ = ["MISSING_WORDS", "SET_MISSING", "BadCell", "as_code", "as_level", "as_number", "missing_reason"]

#: Text that means "no value" everywhere. Anything else that means it (-9, 999, "n/a") is declared, never guessed.
MISSING_WORDS: Final = frozenset({"", "NaN", "nan", "NA", "<undefined>"})

#: What a correction puts in a cell that it sets missing; no file can hold it.
SET_MISSING: Final = "\0"

_PLAIN = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")
_LEADING = re.compile(r"([+-]?\d+(?:\.\d+)?)\s*[^\d\s.,].*")


@dataclass(frozen=True, slots=True)
class BadCell:
    """Why a cell is not what it should be, ready to stand behind its place."""

    what: str
    do: str = ""


def missing_reason(text: str, declared: Collection[str]) -> str:
    """Why this text means "no value", or an empty string if it does not.

    Examples
    --------
    >>> missing_reason("", ()), missing_reason("-9", ["-9"]), missing_reason("0", ())
    ('empty cell', 'declared missing code "-9"', '')
    """
    if text == SET_MISSING:
        return "set missing by a declared correction"
    if text in declared or _is_declared_number(text, declared):
        return f'declared missing code "{text}"' if text else "empty cell"
    if text in MISSING_WORDS:
        return f'cell "{text}"' if text else "empty cell"
    return ""


def _is_declared_number(text: str, declared: Collection[str]) -> bool:
    """Whether a code is the same number written otherwise: 999,0 or 999.00 for 999."""
    normal = text.replace(",", ".", 1)
    codes = [code for code in declared if _PLAIN.fullmatch(code)]
    return bool(_PLAIN.fullmatch(normal)) and any(float(normal) == float(code) for code in codes)


def as_number(text: str, decimal: str = ".", limits: tuple[float, float] | None = None) -> float | BadCell:
    """The number a cell holds.

    Parameters
    ----------
    text
        The cell, not missing.
    decimal
        The decimal mark that the source declares.
    limits
        Smallest and largest possible value.

    Examples
    --------
    >>> as_number("4.5"), as_number("4,5", decimal=",")
    (4.5, 4.5)
    >>> as_number("4,5").what
    '"4,5" is not a number; did you mean 4.5?'
    >>> as_number("45", limits=(0, 10)).what
    '45 is outside 0 to 10; did you mean 4.5?'
    """
    normal = text.replace("\N{MINUS SIGN}", "-")
    if decimal == ",":
        if "." in normal:  # 1.234 is a thousand to some and a fraction to others
            return BadCell(f'"{text}" has a point, and this file is declared to use a decimal comma', _NUMBER_ADVICE)
        normal = normal.replace(",", ".")
    if not _PLAIN.fullmatch(normal):
        return BadCell(f'"{text}" is not a number{_number_meant(text)}', _NUMBER_ADVICE)
    value = float(normal)
    if not math.isfinite(value):
        return BadCell(f'"{text}" is too large to be a number', _RANGE_ADVICE)
    if limits is not None and not limits[0] <= value <= limits[1]:
        what = f"{text} is outside {limits[0]:g} to {limits[1]:g}{_scale_meant(value, limits)}"
        return BadCell(what, _RANGE_ADVICE)
    return value


_CORRECTION = (
    "correct the cell in the file it came from, or declare a [[correction]] in study.toml; "
    "the raw file is never edited."
)
_NUMBER_ADVICE: Final = (
    'If all numbers of the file use a decimal comma, say decimal = "," in its [[source]]; if the text means '
    f'"no value", add it to missing = [...] of the outcome or source; otherwise {_CORRECTION}'
)
_RANGE_ADVICE: Final = f'If the code means "no value", add it to missing = [...]; otherwise {_CORRECTION}'
_LEVEL_ADVICE: Final = (
    "If the file is right, put levels right in study.toml, or declare codes = { code = level }; otherwise "
    f"{_CORRECTION}"
)


def _number_meant(text: str) -> str:
    """``; did you mean 4.5?`` for a decimal comma, a unit behind the number, or a letter O."""
    tidy = text.strip().replace(" ", "")
    candidates = [tidy.replace(",", "."), tidy.replace("O", "0").replace("o", "0"), tidy.replace("..", ".")]
    unit = _LEADING.fullmatch(text.strip())
    candidates += [unit[1]] if unit else []
    meant = next((candidate for candidate in candidates if _PLAIN.fullmatch(candidate)), None)
    return f"; did you mean {meant}?" if meant else ""


def _scale_meant(value: float, limits: tuple[float, float]) -> str:
    """A slip of the decimal point or the sign, if exactly one brings the value back into range."""
    if re.fullmatch(r"-?(9+|8+|7+)", f"{value:g}".replace(".", "")) and abs(value) > 9:
        return "; if that is a code for a missing value, declare it"
    candidates = [value / 10, value / 100] if value > limits[1] else [-value]
    inside = [candidate for candidate in candidates if limits[0] <= candidate <= limits[1]]
    return f"; did you mean {inside[0]:g}?" if inside else ""


def as_level(
    text: str, levels: Sequence[str], codes: Mapping[str, str], labels: Mapping[str, str] | None = None
) -> str | BadCell:
    """The declared level a cell stands for.

    Parameters
    ----------
    text
        The cell, not missing.
    levels
        What is allowed.
    codes
        Declared in ``study.toml``: what the file says, and the level it means.
    labels
        The file's own value labels (REDCap choices, SPSS value labels).

    Examples
    --------
    >>> as_level("1", ["Usual care", "Kettlebell"], {"1": "Kettlebell"})
    'Kettlebell'
    >>> as_level("Kettlebel", ["Usual care", "Kettlebell"], {}).what
    '"Kettlebel" is not one of "Usual care" and "Kettlebell"; did you mean "Kettlebell"?'
    """
    for candidate in (text, as_code(text)):
        for table in (codes, labels or {}):
            if table.get(candidate) in levels:
                return table[candidate]
        if candidate in levels:
            return candidate
    allowed = words([f'"{level}"' for level in levels])
    meant = did_you_mean(text, [*levels, *codes])
    code = f' (the file labels it "{labels[text]}")' if labels and text in labels else ""
    return BadCell(f'"{text}"{code} is not one of {allowed}{meant}', _LEVEL_ADVICE)


def as_code(text: str) -> str:
    """``1`` for ``1.0``: spreadsheets turn codes into floats."""
    return re.sub(r"\.0+$", "", text) if re.fullmatch(r"-?\d+\.0+", text) else text
