"""What an audit is made of: a finding, an assumption, and the words they are judged with."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Literal

from kbstudy import formatting as fmt
from kbstudy.measures.pace import mile_pace_text

__all__ = ["A_MILE", "WORST_FIRST", "Assumption", "AuditWord", "Finding", "FindingWord", "joined"]

#: The words of a verdict on a claim. This room may not import them from ``claims``; a test holds the two together.
AuditWord = Literal["supported", "not supported", "inconclusive", "no evidence", "not possible as stated"]
#: One finding can also be possible, which supports nothing, or be a number that nothing is held against.
FindingWord = Literal[
    "supported", "not supported", "inconclusive", "no evidence", "not possible as stated", "possible", ""
]

#: The unit of a pace in seconds, which is shown as minutes and seconds.
A_MILE: Final = "a mile"
#: A verdict is the first of these that a finding has.
WORST_FIRST: Final[tuple[AuditWord, ...]] = ("not possible as stated", "not supported", "inconclusive", "supported")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that follows from the stated numbers.

    Parameters
    ----------
    id
        A name that stays.
    statement
        The stated numbers it starts from, in words.
    implies
        What follows, with ``{}`` where the value stands.
    value, unit, decimals
        The value; a unit of ``"a mile"`` means seconds, shown as minutes and seconds.
    bound
        What the value is held against, in words.
    word
        ``"possible"`` if nothing here speaks against the statement (which supports nothing), a word of a verdict, or
        empty where nothing is held against the value.
    low, high
        The value as each assumption, one at a time, goes to its plausible ends.
    """

    id: str
    statement: str
    implies: str
    value: float
    unit: str = ""
    decimals: int = 1
    bound: str = ""
    word: FindingWord = ""
    low: float = math.nan
    high: float = math.nan

    @property
    def implied(self) -> str:
        """``a net lactate rise of 102 mmol/L (86 to 114)``."""
        text = self.implies.format(self.text(self.value))
        low, high = self.text(self.low, False), self.text(self.high, False)
        return text if low == high else f"{text} ({low} to {high})"

    def text(self, value: float, unit: bool = True) -> str:
        """A value of this kind as it is printed."""
        if self.unit == A_MILE:
            number = fmt.MISSING if math.isnan(value) else mile_pace_text(value)
        else:
            number = fmt.number(value, self.decimals)
        return f"{number} {self.unit}".strip() if unit else number

    @property
    def clause(self) -> str:
        """Statement, implied value and bound, to stand in a sentence."""
        return joined(f"{self.statement} means {self.implied}", self.bound)


@dataclass(frozen=True, slots=True)
class Assumption:
    """A constant that the audit had to choose, and how much hangs on it.

    Parameters
    ----------
    id, words, unit
        Its name, what it is in words, its unit.
    assumed, low, high
        What was used and the ends of what is plausible.
    source
        Where these come from.
    finding, change
        The finding it moves most, and by what share of its value.
    moves
        That move in words.
    verdicts
        The audit's verdict with the assumption at its low and at its high end.
    """

    id: str
    words: str
    unit: str
    assumed: float
    low: float
    high: float
    source: str
    finding: str = ""
    change: float = 0.0
    moves: str = ""
    verdicts: tuple[AuditWord, ...] = ()

    @property
    def sentence(self) -> str:
        """What it is, its ends, and what happens to the largest finding and to the verdict there."""
        unit = f" {self.unit}" if self.unit else ""
        ends = f"{fmt.plain(self.low)} to {fmt.plain(self.high)}{unit}"
        low, high = self.verdicts
        verdict = f'the verdict is "{low}" at the low end and "{high}" at the high end'
        if low == high:
            verdict = f'the verdict is "{low}" at both ends'
        taken = f"taken as {fmt.plain(self.assumed)}{unit} (plausible: {ends})"
        return f"{self.words}, {taken}: {self.moves}, and {verdict}"


def joined(*texts: str) -> str:
    """Those that are not empty, with semicolons between them."""
    return "; ".join(text for text in texts if text)
