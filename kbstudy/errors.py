"""What can go wrong, said so that a person can act on it.

Every error carries *all* the problems found, each with its place. A caller catches :class:`StudyError`; the command
line prints it without a traceback.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

__all__ = [
    "DataError",
    "FitError",
    "OutputError",
    "PlanError",
    "Problem",
    "Problems",
    "ReadError",
    "SmallSample",
    "StudyError",
    "StudyWarning",
    "did_you_mean",
]


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong: what, where, and what to do about it.

    Parameters
    ----------
    what
        The finding, quoting the value as it stands in the file.
    file, line, row, column, participant, visit, analysis
        Where it is. ``line`` is a line of a text file such as ``study.toml``; ``row`` is the row a spreadsheet
        program would show (the header is row 1); ``analysis`` is the name of a planned analysis.
    do
        Why it matters and what to do. Printed once, however many problems share it.
    """

    what: str
    file: str = ""
    line: int | None = None
    row: int | None = None
    column: str = ""
    participant: str = ""
    visit: str = ""
    do: str = ""
    analysis: str = ""

    @property
    def where(self) -> str:
        """The place in words, empty if there is none."""
        if self.line is not None:
            return f"{self.file}:{self.line}"
        parts = [self.file] if self.file else []
        if self.analysis:
            parts.append(f'analysis "{self.analysis}"')
        if self.row is not None:
            parts.append(f"row {self.row}")
        if self.column:
            parts.append(f'column "{self.column}"')
        people = [f"participant {self.participant}"] if self.participant else []
        people += [f"visit {self.visit}"] if self.visit else []
        place = ", ".join(parts)
        return f"{place} ({', '.join(people)})".strip() if people else place

    def __str__(self) -> str:
        return f"{self.where}: {self.what}" if self.where else self.what


class StudyError(Exception):
    """The root of every error kbstudy raises on purpose.

    Parameters
    ----------
    problems
        A sentence, one :class:`Problem`, or all the problems that were found.
    """

    def __init__(self, problems: str | Problem | Iterable[Problem]) -> None:
        if isinstance(problems, str):
            problems = Problem(problems)
        self.problems: tuple[Problem, ...] = (problems,) if isinstance(problems, Problem) else tuple(problems)
        super().__init__(str(self))

    def __str__(self) -> str:
        advice = dict.fromkeys(problem.do for problem in self.problems if problem.do)
        lines = [str(problem) for problem in self.problems]
        lines += [f"What to do: {text}" for text in advice]
        return "\n".join(lines)

    def __reduce__(self) -> tuple[type[StudyError], tuple[tuple[Problem, ...]]]:
        return type(self), (self.problems,)


class ReadError(StudyError):
    """A file cannot be read as what it is said to be."""


class DataError(StudyError):
    """A file was read, and its content contradicts what the study declares."""


class PlanError(StudyError):
    """``study.toml`` (or an argument) asks for something that does not exist or cannot be."""


class FitError(StudyError):
    """The data cannot answer the question: too few people, no variation, nothing to compare."""


class OutputError(StudyError):
    """The result exists but cannot be written where it was asked for."""


class StudyWarning(UserWarning):
    """The root of the named warnings."""


class SmallSample(StudyWarning):
    """So few people that the interval rests mostly on assumptions."""


@dataclass
class Problems:
    """Collects problems, so that a user sees all of them at once."""

    found: list[Problem] = field(default_factory=list)

    def add(self, problem: Problem) -> None:
        """Keep one problem."""
        self.found.append(problem)

    def extend(self, problems: Iterable[Problem]) -> None:
        """Keep several."""
        self.found.extend(problems)

    def __iter__(self) -> Iterator[Problem]:
        return iter(self.found)

    def raise_as(self, kind: type[StudyError]) -> None:
        """Raise ``kind`` with everything collected; do nothing if there is nothing."""
        if self.found:
            raise kind(self.found)


def did_you_mean(word: str, known: Sequence[str]) -> str:
    """``'; did you mean "pain"?'`` for the closest known word, else an empty string.

    Examples
    --------
    >>> did_you_mean("Kettlebel", ["Usual care", "Kettlebell"])
    '; did you mean "Kettlebell"?'
    >>> did_you_mean("xyz", ["Usual care"])
    ''
    """
    folded = {name.casefold().strip(): name for name in reversed(known)}
    close = difflib.get_close_matches(word.casefold().strip(), list(folded), n=1, cutoff=0.6)
    return f'; did you mean "{folded[close[0]]}"?' if close else ""
