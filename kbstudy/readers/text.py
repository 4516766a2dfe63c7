"""One stored value as the shortest text that means the same."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import numpy as np

__all__ = ["cell_text", "float32_text"]

_EXACT = 2.0**53  # beyond it not every whole number has its own float, so digits would be invented


def cell_text(value: object) -> str:
    """Write a number, date, time, duration, truth value or text as text; ``None`` becomes ``""``.

    Parameters
    ----------
    value
        One cell of a spreadsheet, ``.sav``, ``.dta`` or ``.parquet`` file.

    Returns
    -------
    str
        Whole floats without ``.0``, other floats as ``repr``; ``TRUE``/``FALSE``; ISO dates (``2026-01-31``, with the
        time if it is not midnight: ``2026-01-31 08:30:00``) and times; durations as ``30:00:00`` (hours first).

    Examples
    --------
    >>> [cell_text(value) for value in (5.0, 0.1, True, None, " a ")]
    ['5', '0.1', 'TRUE', '', 'a']
    >>> cell_text(dt.datetime(2026, 1, 31)), cell_text(dt.timedelta(hours=30))
    ('2026-01-31', '30:00:00')
    """
    if value is None:
        return ""
    if isinstance(value, bool | np.bool_):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        return _float_text(value)
    if isinstance(value, dt.datetime):
        return _datetime_text(value)
    if isinstance(value, dt.timedelta):
        return _duration_text(value)
    return str(value).strip()


def float32_text(values: Sequence[float | None]) -> list[str]:
    """Write numbers stored in four bytes: 0.1 stays ``0.1`` and does not become 0.10000000149011612.

    Examples
    --------
    >>> float32_text([0.10000000149011612, 2.0, None])
    ['0.1', '2', '']
    """
    return ["" if value is None else str(np.float32(value)).removesuffix(".0") for value in values]


def _float_text(value: float) -> str:
    if not np.isfinite(value):
        return {"nan": "NaN", "inf": "Inf", "-inf": "-Inf"}[str(float(value))]
    whole = value.is_integer() and abs(value) <= _EXACT
    return str(int(value)) if whole else repr(float(value))


def _datetime_text(value: dt.datetime) -> str:
    midnight = value.time() == dt.time() and value.tzinfo is None and not getattr(value, "nanosecond", 0)
    return value.date().isoformat() if midnight else str(value)


def _duration_text(value: dt.timedelta) -> str:
    sign = "-" if value < dt.timedelta() else ""
    rest = abs(value)
    minutes, seconds = divmod(rest.days * 86_400 + rest.seconds, 60)
    hours, minutes = divmod(minutes, 60)
    fraction = f".{rest.microseconds:06d}".rstrip("0") if rest.microseconds else ""
    return f"{sign}{hours:02d}:{minutes:02d}:{seconds:02d}{fraction}"
