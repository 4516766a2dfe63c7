"""What was done when, as declared: work and rest in seconds, how often, from when on."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Final

from kbstudy.errors import PlanError, Problem

__all__ = ["Protocol"]

_NUMBER: Final = r"(\d+(?:\.\d+)?)"
_PATTERN: Final = re.compile(rf"\s*{_NUMBER}\s*:\s*{_NUMBER}\s*[×xX*]\s*(\d+)\s+(?:from|at|@)\s+{_NUMBER}\s*s?\s*")
_DO: Final = 'Write it as "15:15 × 40 from 300 s": seconds of work, seconds of rest, how often, when it starts.'


@dataclass(frozen=True, slots=True)
class Protocol:
    """Work and rest in turn.

    Parameters
    ----------
    work_s, rest_s
        Seconds of each; ``rest_s=0`` with one repeat is continuous work.
    repeats
        How often.
    start_s
        When the first work starts, in seconds of the recording's clock.

    Raises
    ------
    PlanError
        Numbers that are not a protocol.

    Examples
    --------
    >>> snatches = Protocol.parse("15:15 × 40 from 300 s")
    >>> snatches.start_s, snatches.end_s
    (300.0, 1485.0)
    >>> print(snatches)
    15:15 × 40 from 300 s
    """

    work_s: float
    rest_s: float
    repeats: int
    start_s: float

    def __post_init__(self) -> None:
        numbers = (self.work_s, self.rest_s, self.start_s)
        fine = all(math.isfinite(number) for number in numbers) and self.repeats >= 1
        if not fine or self.work_s <= 0 or self.rest_s < 0:
            raise PlanError(Problem(f'"{self}" is not a protocol', do=_DO))

    @classmethod
    def parse(cls, text: str) -> Protocol:
        """Read ``"15:15 × 40 from 300 s"``."""
        found = _PATTERN.fullmatch(text)
        if not found:
            raise PlanError(Problem(f'"{text}" is not a protocol', do=f"{_DO} The start is never guessed."))
        work, rest, repeats, start = found.groups()
        return cls(float(work), float(rest), int(repeats), float(start))

    @property
    def end_s(self) -> float:
        """The end of the last work: the rest after it is recovery."""
        return self.start_s + self.repeats * (self.work_s + self.rest_s) - self.rest_s

    def __str__(self) -> str:
        return f"{self.work_s:g}:{self.rest_s:g} × {self.repeats} from {self.start_s:g} s"
