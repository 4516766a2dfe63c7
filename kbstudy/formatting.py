"""The one place where a number becomes text.

Tables, sentences, figures and reports all come here, so that they cannot disagree.
"""

from __future__ import annotations

import html
import math
import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "MISSING",
    "count",
    "html_list",
    "html_small",
    "html_table",
    "interval",
    "number",
    "p_text",
    "p_value",
    "percent",
    "plain",
    "statistic",
    "words",
]

#: What stands where there is no number.
MISSING: Final = "–"
_MINUS: Final = "\N{MINUS SIGN}"


def _is_missing(value: float | None) -> bool:
    return value is None or not math.isfinite(value)


def number(value: float | None, decimals: int) -> str:
    """A number with a true minus sign, never a negative zero.

    Examples
    --------
    >>> number(-1.25, 1), number(-0.01, 1), number(float("nan"), 1)
    ('−1.2', '0.0', '–')
    """
    if value is None or _is_missing(value):
        return MISSING
    text = f"{value:.{decimals}f}"
    if float(text) == 0:
        text = text.lstrip("-")
    return text.replace("-", _MINUS)


def interval(low: float | None, high: float | None, decimals: int) -> str:
    """``0.4 to 2.6``: the word, because a dash beside a minus sign misleads."""
    if (low is None or math.isnan(low)) and (high is None or math.isnan(high)):
        return MISSING
    return f"{_bound(low, decimals)} to {_bound(high, decimals)}"


def _bound(value: float | None, decimals: int) -> str:
    if value is not None and math.isinf(value):
        return "∞" if value > 0 else f"{_MINUS}∞"
    return number(value, decimals)


def p_value(p: float | None) -> str:
    """A p-value to two significant digits, never truncated to zero or rounded up to one.

    Examples
    --------
    >>> p_value(0.0123), p_value(0.00004), p_value(0.9999)
    ('0.012', '<0.001', '>0.99')
    """
    if p is None or _is_missing(p):
        return MISSING
    if p < 0.001:
        return "<0.001"
    if p > 0.99:
        return ">0.99"
    if p >= 0.0995:
        return f"{p:.2f}"
    return f"{p:.3f}" if p >= 0.00995 else f"{p:.4f}"


def p_text(p: float | None) -> str:
    """``p = 0.012`` or ``p < 0.001``, as it stands in a sentence."""
    text = p_value(p)
    if text == MISSING:
        return ""
    return f"p {text[0]} {text[1:]}" if text[0] in "<>" else f"p = {text}"


def statistic(value: float | None, df: float | None, name: str = "t") -> str:
    """``t(37) = 2.18``; degrees of freedom keep one decimal unless they are whole."""
    if value is None or _is_missing(value):
        return ""
    if df is None or _is_missing(df):
        return f"{name} = {number(value, 2)}"
    return f"{name}({degrees(df)}) = {number(value, 2)}"


def degrees(df: float | None) -> str:
    """Degrees of freedom: whole where they are whole, else one decimal."""
    if df is None or _is_missing(df):
        return MISSING
    return number(df, 0 if abs(df - round(df)) < 1e-9 else 1)


def percent(part: float, whole: float) -> str:
    """``33/50 (66%)``: a percentage never stands without its numerator and denominator."""
    decimals = 0 if whole < 200 else 1
    share = f"{math.floor(10**decimals * 100 * part / whole + 0.5) / 10**decimals:.{decimals}f}%" if whole else MISSING
    return f"{part:.0f}/{whole:.0f} ({share})"


def plain(value: float) -> str:
    """A declared number as it was declared: 21, 0.35, −5.5.

    Examples
    --------
    >>> plain(21.0), plain(0.35), plain(-5.5)
    ('21', '0.35', '−5.5')
    """
    return f"{value:.12g}".replace("-", _MINUS)


def confidence(level: float) -> str:
    """``95%``, ``97.5%``.

    Examples
    --------
    >>> confidence(0.95), confidence(0.975)
    ('95%', '97.5%')
    """
    return f"{100 * level:.10g}%"


def count(n: int, noun: str, plural: str = "") -> str:
    """``1 person``, ``3 people``.

    Examples
    --------
    >>> count(1, "person", "people"), count(3, "problem")
    ('1 person', '3 problems')
    """
    return f"{n} {noun}" if n == 1 else f"{n} {plural or noun + 's'}"


def words(items: Sequence[str], last: str = "and") -> str:
    """``a, b and c``."""
    items = list(items)
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} {last} {items[-1]}"


def html_table(frame: pd.DataFrame) -> str:
    """A frame for a notebook: text on the left, numbers on the right, everything escaped."""
    head = "".join(_html_cell("th", str(column).replace("_", " "), "left") for column in frame)
    rows = [
        "".join(_html_cell("td", str(value), "right" if _is_number(str(value)) else "left") for value in record)
        for record in frame.itertuples(index=False)
    ]
    body = "".join(f"<tr>{row}</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def html_small(texts: Iterable[str]) -> str:
    """Small print below a result in a notebook, one paragraph a text, everything escaped."""
    return "".join(f"<p><small>{html.escape(text)}</small></p>" for text in texts)


def html_list(texts: Iterable[str]) -> str:
    """A list for a notebook, everything escaped."""
    return f"<ul>{''.join(f'<li>{html.escape(text)}</li>' for text in texts)}</ul>"


def _html_cell(tag: str, text: str, align: str) -> str:
    return f'<{tag} style="text-align:{align}">{html.escape(text)}</{tag}>'


def _is_number(text: str) -> bool:
    return re.fullmatch(r"[+−<>-]?[\d.]+|–", text) is not None
