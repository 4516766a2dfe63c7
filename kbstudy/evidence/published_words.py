"""A published number in words: its reference, its value, how sure it is."""

from __future__ import annotations

import math
import re
from typing import Final

import pandas as pd

from kbstudy import formatting as fmt

__all__ = [
    "DIRECTIONS",
    "P_VALUE",
    "citation",
    "direction_of",
    "is_significant",
    "row_in_words",
    "spread_in_words",
    "study_and_year",
    "value_in_words",
]

#: What a row of the quantity "direction" says: higher than the comparator, lower, or neither was shown.
DIRECTIONS: Final = {1.0: "higher", -1.0: "lower", 0.0: "not shown"}
#: A p-value as a paper prints it.
P_VALUE: Final = re.compile(r"ns|<?0\.\d+")
#: What a number is, where its outcome alone would not say it.
_NOUNS: Final = {
    "mean change": "change within the group ",
    "mean difference": "difference ",
    "standardised mean difference": "difference in standard deviations ",
    "ratio": "ratio ",
    "claim": "stated as ",
}


def citation(row: pd.Series) -> str:
    """The reference of a row of :func:`~kbstudy.evidence.published_frame`, with its DOI if it has one."""
    return f"{row['citation']} doi:{row['doi']}" if row["doi"] else str(row["citation"])


def study_and_year(row: pd.Series) -> str:
    """What to call a row of :func:`~kbstudy.evidence.published_frame`; some conference abstracts have no year."""
    return f"{row['study']} {row['year']}".strip()


def direction_of(row: pd.Series) -> str:
    """``"higher"``, ``"lower"`` or ``"not shown"`` for a row without a size; empty for one with.

    A direction counts as shown where p is below 0.05: that is when a 95 % interval excludes no difference.
    """
    if row["quantity"] != "direction":
        return ""
    return DIRECTIONS[float(row["value"])] if is_significant(row["p"]) else "not shown"


def row_in_words(row: pd.Series) -> str:
    """A row of :func:`~kbstudy.evidence.published_frame` as a phrase: who, what was found, and how sure.

    Examples
    --------
    >>> from kbstudy.evidence import published_frame
    >>> from kbstudy.readers import read_table
    >>> frame = published_frame([read_table("data/raw/article-claims/published.csv")])
    >>> row_in_words(frame.loc["jay-2013-stopping-time"]).partition(": ")[2]
    'time to stop after a perturbation, difference −109 ms (95% CI −196 to −21) against control'
    """
    n = "" if math.isnan(row["n"]) else f"; n = {row['n']:.0f}"
    found = value_in_words(row)
    spread = spread_in_words(row)
    spread = "" if spread == "not given" else f" ({spread.replace(' (', ', ').rstrip(')')})"
    against = f" against {row['comparator']}" if row["comparator"] not in ("", "not stated") else ""
    what = row["outcome"].replace("_", " ")
    noun = _NOUNS.get(row["quantity"], "")
    return f"{study_and_year(row)} ({row['group']}{n}): {what}, {noun}{found}{spread}{against}"


def value_in_words(row: pd.Series) -> str:
    """``−1.4 points``, or the direction where no size was printed."""
    direction = direction_of(row)
    if direction:
        return {"not shown": "no difference shown"}.get(direction, direction)
    unit = "" if row["unit"] in ("ratio", "SMD") else row["unit"]
    return f"{fmt.plain(row['value'])} {unit}".strip()


def spread_in_words(row: pd.Series) -> str:
    """``SD 3.08 (assumed)``, ``95% CI −2.7 to −0.02``, ``p < 0.001``, or that it was not given."""
    kind, _, assumed = row["spread_kind"].partition(" ")
    p = row["p"]
    p = "not significant" if p == "ns" else f"p < {p[1:]}" if p.startswith("<") else f"p = {p}" if p else ""
    return {
        "SD": f"SD {fmt.plain(row['spread'])} {assumed}".strip(),
        "SE": f"SE {fmt.plain(row['spread'])} {assumed}".strip(),
        "CI95": f"95% CI {fmt.plain(row['low'])} to {fmt.plain(row['high'])}",
        "P": p,
        "none": p or "not given",
    }[kind]


def is_significant(p: str) -> bool:
    """Whether a printed p-value is below 0.05, which is when the 95 % interval excludes no difference."""
    if not P_VALUE.fullmatch(p) or p == "ns":
        return False
    return float(p.lstrip("<")) < 0.05 or p == "<0.05"
