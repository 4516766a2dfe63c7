"""``[[source]]`` with recordings: a folder of files, one a session, and how each becomes numbers."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Annotated, Final, Literal

from pydantic import Field, StringConstraints, field_validator

from kbstudy.errors import PlanError, Problem
from kbstudy.measures.energy import SESSION_COLUMNS, Protocol, SessionRules, equation_named
from kbstudy.study.declared import Declared

if TYPE_CHECKING:
    from kbstudy.study.plan import Design, Plan, Source
    from kbstudy.study.plan_file import Lines, Location

__all__ = ["Energy", "FilePattern", "recordings_problems"]

Text = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
_HOLDER = re.compile(r"\{([^{}]*)\}")
#: Keys of a source that only some readers understand.
_OF_TABLES: Final = ("dictionary", "sheet", "encoding", "delimiter", "decimal", "missing", "keep_identifiers", "file")
_OF_RECORDINGS: Final = ("files", "device", "profile", "body_mass", "body_mass_kg", "energy")


class Energy(Declared):
    """``source.energy``: the same rule for every session of the study."""

    equation: Text
    rer_above_one: Literal["cap", "as_is"] = "cap"
    gaps: Literal["exclude", "bridge"] = "exclude"
    baseline_s: tuple[float, float] | None = None
    baseline_vo2_l_min: Annotated[float, Field(gt=0)] | None = None
    protocol: Text | None = None
    bout_by: Literal["phase", "marker", "vo2", "hr"] | None = None

    @field_validator("equation")
    @classmethod
    def _is_an_equation(cls, name: str) -> str:
        return _in_one_line(lambda: equation_named(name).id)

    @field_validator("protocol")
    @classmethod
    def _is_a_protocol(cls, text: str | None) -> str | None:
        return text if text is None else _in_one_line(lambda: _checked_protocol(text))

    def rules(self) -> SessionRules:
        """The rules in the words of the measure."""
        baseline = self.baseline_s if self.baseline_s is not None else self.baseline_vo2_l_min
        return SessionRules(self.equation, self.rer_above_one, self.gaps, baseline, self.protocol, self.bout_by)


def _checked_protocol(text: str) -> str:
    Protocol.parse(text)
    return text


def _in_one_line(make: Callable[[], str]) -> str:
    """What ``make`` returns; a plan's error as the ValueError that the checks of TOML understand."""
    try:
        return make()
    except PlanError as error:
        problem = error.problems[0]
        raise ValueError(f"{problem.what}. {problem.do}") from None


class FilePattern:
    """``gas/{record_id}_{visit}.*``: where the files are, and whose and of which visit each is.

    Parameters
    ----------
    text
        As declared. In braces: the participant column (or ``participant``) and, if the files are told apart by visit,
        ``visit`` (or the visit column). ``*`` stands for anything within a folder's or file's name.
    design
        The study's design, which knows the names of the columns.
    """

    def __init__(self, text: str, design: Design) -> None:
        self.text = text
        self.participant = {"participant", design.participant}
        self.visit = {"visit", *([design.visit.column] if design.visit.column else [])}
        self._regex = re.compile("".join(self._parts()))

    @property
    def holders(self) -> list[str]:
        """What stands in braces, in order."""
        return _HOLDER.findall(self.text)

    @property
    def glob(self) -> str:
        """The pattern for a look at the disk."""
        return _HOLDER.sub("*", self.text)

    @property
    def has_visit(self) -> bool:
        """Whether the file's name says the visit."""
        return any(holder in self.visit for holder in self.holders)

    def keys(self, path: str) -> tuple[str, str] | None:
        """Participant and visit in a path; ``None`` if it does not fit."""
        found = self._regex.fullmatch(path)
        if found is None:
            return None
        groups = found.groupdict()
        return groups["participant"], groups.get("visit", "")

    def _parts(self) -> Iterator[str]:
        seen = set()
        for part in re.split(r"(\{[^{}]*\}|\*)", self.text):
            if part == "*":
                yield "[^/]*"
            elif part.startswith("{"):
                name = "participant" if part[1:-1] in self.participant else "visit"
                yield f"(?P={name})" if name in seen else f"(?P<{name}>[^/]+?)"
                seen.add(name)
            else:
                yield re.escape(part)


def recordings_problems(plan: Plan, source: Source, here: Location, lines: Lines) -> Iterator[Problem]:
    """Keys that a source's reader would ignore, and a pattern that cannot say whose a file is."""
    is_recordings = source.reader == "gas_exchange"
    for key in _OF_TABLES if is_recordings else _OF_RECORDINGS:
        if key in source.model_fields_set:
            other = "tables" if is_recordings else 'the reader "gas_exchange"'
            yield lines.problem((*here, key), f'"{key}" belongs to {other}, and this reader is "{source.reader}"')
    if not is_recordings:
        if source.file is None and "files" not in source.model_fields_set:
            yield lines.problem(here, '"file" is missing')
        return
    if source.files is None:
        what = '"files" is missing: where the recordings are, such as "gas/{participant}_{visit}.*"'
        yield lines.problem(here, what)
    elif plan.design is None:
        yield lines.problem(here, "recordings belong to people: there is no [design]")
    else:
        yield from _pattern_problems(source.files, plan.design, (*here, "files"), lines)
    if source.energy is None:
        what = '"energy" is missing: say at least energy = { equation = "weir_1949" }'
        yield lines.problem(here, what)
    elif source.energy.baseline_s is not None and source.energy.baseline_vo2_l_min is not None:
        what = 'energy: say "baseline_s" (a window of the recording) or "baseline_vo2_l_min", not both'
        yield lines.problem((*here, "energy"), what)
    elif source.energy.protocol is not None and source.energy.bout_by is not None:
        yield lines.problem((*here, "energy"), 'energy: say "protocol" or "bout_by", not both')
    if source.body_mass is not None:
        found = next((item for item in plan.covariates if item.name == source.body_mass), None)
        if found is None or found.kind != "number" or found.unit not in ("", "kg"):
            what = f'body_mass = "{source.body_mass}" must name a covariate of kind "number" in kg'
            yield lines.problem((*here, "body_mass"), what)


def _pattern_problems(text: str, design: Design, here: Location, lines: Lines) -> Iterator[Problem]:
    pattern = FilePattern(text, design)
    known = pattern.participant | pattern.visit
    for holder in pattern.holders:
        if holder not in known:
            names = " or ".join(f"{{{name}}}" for name in sorted(known))
            yield lines.problem(here, f'"{{{holder}}}" in files is not known; use {names}')
    if not any(holder in pattern.participant for holder in pattern.holders):
        yield lines.problem(here, f'files must say whose each is: "{{{design.participant}}}" is not in "{text}"')
    if pattern.has_visit and design.visit.column is None:
        yield lines.problem(here, "files say a visit, and design.visit has no column to hold it")
    clash = {design.participant, design.visit.column} & set(SESSION_COLUMNS)
    if clash:
        yield lines.problem(here, f'"{clash.pop()}" is also a column that is derived from a recording')
