"""Mistakes in ``study.toml``, told with their line and with what was probably meant."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from kbstudy.errors import PlanError, Problem, Problems, StudyError, did_you_mean
from kbstudy.study.checklist_items import checklist_items
from kbstudy.study.declared import quoted
from kbstudy.study.plan import OF_ONE_ARM, TESTED, Analysis, Outcome, Plan
from kbstudy.study.plan_analysis import analysis_problems, needs_baseline, possible_contrasts
from kbstudy.study.plan_claims import claim_problems
from kbstudy.study.plan_energy import recordings_problems
from kbstudy.study.plan_mixed import mixed_problems
from kbstudy.study.plan_multiverse import multiverse_problems
from kbstudy.study.plan_safety import safety_problems
from kbstudy.study.plan_size import size_problems

__all__ = ["Lines", "read_plan"]

Location = tuple[str | int, ...]

_HEADER = re.compile(r"^\s*\[(\[)?\s*([^\]]+?)\s*\]?\]\s*(#.*)?$")
_KEY = re.compile(r"""^\s*(?:"([^"]+)"|'([^']+)'|([A-Za-z0-9_.-]+))\s*=""")


def read_plan(path: Path) -> Plan:
    """Read and check a ``study.toml``.

    Parameters
    ----------
    path
        The file.

    Raises
    ------
    PlanError
        With every mistake, each with its line and, where there is one, the word that was probably meant.
    """
    text = _text_of(path)
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise PlanError(_syntax_problem(path.name, str(error))) from None
    lines = Lines(path.name, text, raw)
    try:
        plan = Plan.model_validate(raw)
    except ValidationError as error:
        raise PlanError([lines.problem(entry["loc"], _say(entry)) for entry in error.errors()]) from None
    problems = Problems()
    problems.extend(_own_forms(plan, path.parent, lines))
    problems.raise_as(PlanError)
    problems.extend(_contradictions(plan, lines))
    problems.raise_as(PlanError)
    return plan


def _own_forms(plan: Plan, folder: Path, lines: Lines) -> Iterator[Problem]:
    """Read the forms that lie beside ``study.toml``."""
    for index, outcome in enumerate(plan.outcomes):
        try:
            outcome.read_form(folder)
        except StudyError as error:
            for problem in error.problems:
                yield lines.problem(("outcome", index, "measure"), str(problem), problem.do)


def _text_of(path: Path) -> str:
    try:
        if path.parent.is_file():
            do = "Name the folder that holds study.toml. To look at a single file: kbstudy inspect FILE"
            raise PlanError(Problem(f"{path.parent} is a file, not a study folder", do=do))
        return path.read_text("utf-8-sig")
    except FileNotFoundError:
        do = "A study is a folder with a study.toml. `kbstudy new FOLDER` writes one to start from."
        raise PlanError(Problem(f"there is no {path.name} in {path.parent}", do=do)) from None
    except UnicodeDecodeError as error:
        raise PlanError(Problem(f"is not UTF-8 text (byte {error.start})", file=path.name)) from None
    except OSError as error:
        raise PlanError(Problem(f"cannot be read: {error.strerror}", file=path.name)) from None


def _syntax_problem(file: str, message: str) -> Problem:
    found = re.search(r"\(at line (\d+), column (\d+)\)", message)
    what = re.sub(r"\s*\(at .*\)$", "", message).replace("'\\n'", "the end of the line (is a quotation mark missing?)")
    if not found:
        return Problem(f"is not valid TOML: {what}", file=file)
    return Problem(f"is not valid TOML: {what} (column {found[2]})", file=file, line=int(found[1]))


_LISTS = (
    "source",
    "covariate",
    "outcome",
    "correction",
    "deviation",
    "analysis",
    "family",
    "claim",
    "multiverse",
    "reliability",
)
_ADVICE = "Every key of study.toml is explained in docs/reference/study-toml.md. Nothing was read or written."


class Lines:
    """Where each key of a TOML text stands, and what to call the section it is in."""

    def __init__(self, file: str, text: str, raw: dict[str, Any]) -> None:
        self.file = file
        self.raw = raw
        self._lines = dict(_walk(text))

    @classmethod
    def of(cls, path: Path) -> Lines:
        """The lines of a file that has been read already."""
        text = _text_of(path)
        return cls(path.name, text, tomllib.loads(text))

    def problem(self, location: Location, what: str, do: str = "") -> Problem:
        """A problem at a location such as ``("outcome", 0, "better")``."""
        section = self._section(location)
        said = f"{section}: {what}" if section else what
        return Problem(said, file=self.file, line=self.line(location), do=do or _ADVICE)

    def not_among(self, what: str, value: str, known: Sequence[str], location: Location) -> Iterator[Problem]:
        """A problem if a name is not declared."""
        if value not in known:
            hint = did_you_mean(value, known) or f"; there is {quoted(known)}" if known else "; none is declared"
            yield self.problem(location, f'{what} "{value}" is not declared{hint}')

    def line(self, location: Location) -> int:
        """The line of the key, or of the closest thing around it."""
        for end in range(len(location), 0, -1):
            if location[:end] in self._lines:
                return self._lines[location[:end]]
        return 1

    def _section(self, location: Location) -> str:
        if len(location) < 2:
            return str(location[0]) if location else ""
        if not isinstance(location[1], int):
            return str(location[0])
        entry = self.raw[location[0]][location[1]]  # type: ignore[index]
        name = (
            entry.get("name", entry.get("id", entry.get("file", entry.get("files"))))
            if isinstance(entry, dict)
            else None
        )
        return f'{location[0]} "{name}"' if name else f"{location[0]} number {location[1] + 1}"


def _walk(text: str) -> Iterator[tuple[Location, int]]:
    """Yield the location and line of every header and of every key that starts a line."""
    counts: Counter[str] = Counter()
    here: Location = ()
    for line_number, line in enumerate(text.splitlines(), start=1):
        header, key = _HEADER.match(line), _KEY.match(line)
        if header and not key:
            name = header[2].strip()
            if header[1]:
                counts[name] += 1
                for inner in [key for key in counts if key.startswith(f"{name}.")]:
                    del counts[inner]  # the lists inside start anew
            here = _numbered(name, counts)
            yield here, line_number
            if header[1] and counts[name] == 1:
                yield here[:-1], line_number
        elif key:
            name = key[1] or key[2] or key[3]
            yield (*here, *name.split(".")), line_number


def _numbered(name: str, counts: Counter[str]) -> Location:
    """``claim.audit`` as the audit of the claim that was opened last: ``("claim", 0, "audit")``."""
    parts = name.split(".")
    location: Location = ()
    for end, part in enumerate(parts, start=1):
        location = (*location, part.strip().strip("\"'"))
        opened = counts[".".join(parts[:end])]
        if opened:
            location = (*location, opened - 1)
    return location


def _say(entry: Any) -> str:
    """One pydantic error in our words."""
    location, kind = entry["loc"], entry["type"]
    key = next((str(part) for part in reversed(location) if isinstance(part, str)), "")
    if kind == "tuple_type" and location[-1] == key and key in (*_LISTS, "link"):
        header = ".".join(part for part in location if isinstance(part, str))
        return f"write [[{header}]] with two brackets: there can be several"
    if kind == "model_type" and isinstance(entry["input"], list):
        header = ".".join(part for part in location if isinstance(part, str))
        return f"write [{header}] with one bracket: there is only one"
    if kind == "extra_forbidden":
        return f'"{key}" is not a key here{did_you_mean(key, _keys_at(location[:-1])) or _allowed(location[:-1])}'
    if kind == "missing":
        return f'"{key}" is missing'
    if location[-1] == "[key]":
        allowed = re.findall(r"'([^']*)'", entry.get("ctx", {}).get("expected", ""))
        known = f"; there is {', '.join(allowed)}" if allowed else ""
        hint = did_you_mean(str(entry["input"]), allowed) or known
        return f'"{entry["input"]}" is not a key of {location[-3]}{hint}'
    if kind == "literal_error":
        allowed = re.findall(r"'([^']*)'", entry["ctx"]["expected"])
        known = ", ".join(f'"{value}"' for value in allowed)
        return f'{key} is "{entry["input"]}" and must be one of {known}{did_you_mean(str(entry["input"]), allowed)}'
    if kind == "value_error":
        return str(entry["ctx"]["error"])
    shown = entry["input"] if isinstance(entry["input"], int | float | bool) else f'"{entry["input"]}"'
    return f"{key} is {str(shown).lower() if isinstance(shown, bool) else shown}, and must be {_expected(entry)}"


_EXPECTED = {
    "string_type": 'text in quotation marks, such as "text"',
    "string_too_short": "text that is not empty",
    "tuple_type": 'a list in square brackets, such as ["a", "b"]',
    "model_type": "a table, such as { key = value }",
    "dict_type": "a table, such as { key = value }",
    "bool_type": "true or false, without quotation marks",
    "bool_parsing": "true or false, without quotation marks",
    "float_type": "a number",
    "float_parsing": "a number",
    "finite_number": "a number that is neither infinite nor nan",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "string_pattern_mismatch": "letters, digits and underscores, beginning with a letter (an id may hold hyphens too)",
}


def _expected(entry: Any) -> str:
    """What a value should have been, for a person who writes TOML and not Python."""
    limits = entry.get("ctx", {})
    if entry["type"] == "too_short":
        return f"a list of at least {limits['min_length']}"
    for limit, words in (("gt", "larger than"), ("ge", "at least"), ("lt", "smaller than"), ("le", "at most")):
        if limit in limits:
            return f"{words} {limits[limit]:g}"
    return _EXPECTED.get(entry["type"], _lower(entry["msg"]))


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]


def _allowed(location: Location) -> str:
    keys = _keys_at(location)
    return f"; allowed are {', '.join(sorted(keys))}" if keys else ""


def _keys_at(location: Location) -> list[str]:
    """The keys that may stand at a place of the plan."""
    model: type[BaseModel] | None = Plan
    for part in location:
        if isinstance(part, int) or model is None:
            continue
        fields = {info.alias or name: info for name, info in model.model_fields.items()}
        model = _model_in(fields[part].annotation) if part in fields else None
    return [info.alias or name for name, info in model.model_fields.items()] if model else []


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """The model inside ``X``, ``X | None`` or ``tuple[X, ...]``."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for part in get_args(annotation) if (found := _model_in(part))), None)


# ---- what only makes sense together ------------------------------------------------------------------------------


def _contradictions(plan: Plan, lines: Lines) -> Iterator[Problem]:
    yield from _repeated(plan, lines)
    yield from _design(plan, lines)
    for index, source in enumerate(plan.sources):
        yield from recordings_problems(plan, source, ("source", index), lines)
    if plan.design is None and plan.outcomes:
        return
    yield from _outcomes(plan, lines)
    yield from _analyses(plan, lines)
    yield from _families(plan, lines)
    yield from claim_problems(plan, lines)
    yield from multiverse_problems(plan, lines)
    yield from safety_problems(plan, lines)
    yield from size_problems(plan, lines)
    yield from _checklists(plan, lines)


def _repeated(plan: Plan, lines: Lines) -> Iterator[Problem]:
    groups: dict[str, Sequence[str]] = {
        "source": [source.name for source in plan.sources],
        "outcome": [outcome.name for outcome in plan.outcomes],
        "covariate": [covariate.name for covariate in plan.covariates],
        "analysis": [analysis.name for analysis in plan.analyses],
        "family": [family.name for family in plan.families],
        "reliability": [declared.name for declared in plan.reliabilities],
        "claim": [claim.id for claim in plan.claims],
    }
    for section, names in groups.items():
        for index, name in enumerate(names):
            if name in names[:index]:
                yield lines.problem((section, index), f'"{name}" is used twice; names must differ')
    taken = {"arm", "visit", "outcome", "value", "reason", "stamp", plan.design.participant if plan.design else ""}
    for section in ("outcome", "covariate"):
        for index, name in enumerate(groups[section]):
            if name in taken or (name.removesuffix("_baseline") in groups["outcome"] and name.endswith("_baseline")):
                yield lines.problem(
                    (section, index), f'"{name}" is a name that the tidy table uses itself; choose another'
                )
    for index, covariate in enumerate(plan.covariates):
        if covariate.name in groups["outcome"]:
            yield lines.problem(("covariate", index), f'"{covariate.name}" is also the name of an outcome')


def _design(plan: Plan, lines: Lines) -> Iterator[Problem]:
    if plan.design is None:
        if plan.outcomes or plan.analyses or plan.covariates or plan.corrections:
            what = "there are outcomes, covariates, analyses or corrections, but no [design]"
            yield lines.problem(("study",), what)
        return
    arm, visit = plan.design.arm, plan.design.visit
    if arm:
        yield from _not_among("reference", arm.reference, arm.levels, ("design", "arm"), lines)
        for level in arm.levels:
            if " - " in level:
                yield lines.problem(
                    ("design", "arm"), f'"{level}" has " - " in it, which contrasts use; write it otherwise'
                )
        for code, level in arm.codes.items():
            yield from _not_among(f'code "{code}"', level, arm.levels, ("design", "arm"), lines)
        if plan.design.allocation == "single group":
            yield lines.problem(("design", "allocation"), 'allocation is "single group" but arms are declared')
    elif plan.design.allocation in ("randomised", "assigned"):
        yield lines.problem(
            ("design", "allocation"), f'allocation is "{plan.design.allocation}" but no arm is declared'
        )
    yield from _not_among("baseline", visit.baseline, visit.levels, ("design", "visit"), lines)
    for code, level in visit.codes.items():
        yield from _not_among(f'code "{code}"', level, visit.levels, ("design", "visit"), lines)


def _outcomes(plan: Plan, lines: Lines) -> Iterator[Problem]:
    for index, outcome in enumerate(plan.outcomes):
        here = ("outcome", index)
        assert plan.design is not None, "a plan with outcomes and no design has been reported already"
        for key in ("columns", "visits"):
            for visit in getattr(outcome, key):
                yield from _not_among("visit", visit, plan.design.visit.levels, (*here, key), lines)
        for arm in outcome.arms:
            yield from _not_among("arm", arm, plan.arms, (*here, "arms"), lines)
        if outcome.column and plan.design.visit.column is None and len(plan.design.visit.levels) > 1:
            what = 'design.visit has no "column", so say "columns = {visit = column}" instead of "column"'
            yield lines.problem((*here, "column"), what)


def _analyses(plan: Plan, lines: Lines) -> Iterator[Problem]:
    names = [outcome.name for outcome in plan.outcomes]
    covariates = [covariate.name for covariate in plan.covariates]
    for index, analysis in enumerate(plan.analyses):
        here = ("analysis", index)
        yield from _not_among("outcome", analysis.outcome, names, (*here, "outcome"), lines)
        for name in analysis.covariates:
            yield from _not_among("covariate", name, covariates, (*here, "covariates"), lines)
        yield from analysis_problems(plan, analysis, here, lines)
        if plan.design:
            yield from _estimand(plan, analysis, here, lines)
            yield from mixed_problems(plan, analysis, here, lines)
        outcome = next((item for item in plan.outcomes if item.name == analysis.outcome), None)
        if outcome and plan.design:
            yield from _measured(plan, analysis, outcome, here, lines)
    primary = [index for index, analysis in enumerate(plan.analyses) if analysis.primary]
    for index in primary[1:]:
        yield lines.problem(("analysis", index, "primary"), "there is already a primary analysis; only one can be")


def _measured(plan: Plan, analysis: Analysis, outcome: Outcome, here: Location, lines: Lines) -> Iterator[Problem]:
    """An analysis asks for visits and arms at which its outcome is measured."""
    assert plan.design is not None
    visits, asked, baseline = plan.visits_of(outcome), analysis.estimand.visit, plan.design.visit.baseline
    if outcome.columns and asked not in outcome.columns:
        yield lines.problem((*here, "estimand"), f'"{outcome.name}" has no column for the visit "{asked}"')
    elif asked in plan.design.visit.levels and asked not in visits:
        yield lines.problem((*here, "estimand"), f'"{outcome.name}" is not measured at the visit "{asked}"')
    elif outcome.visits and needs_baseline(plan, analysis, outcome):
        what = f'"{outcome.name}" is not measured at "{baseline}", which "{analysis.method}" needs'
        yield lines.problem((*here, "method"), what)
    wanted = (analysis.arm,) if analysis.method in OF_ONE_ARM else plan.arms
    for arm in wanted:
        if arm is not None and outcome.arms and arm not in outcome.arms:
            yield lines.problem((*here, "outcome"), f'"{outcome.name}" is not measured in the arm "{arm}"')


def _estimand(plan: Plan, analysis: Analysis, here: Location, lines: Lines) -> Iterator[Problem]:
    assert plan.design is not None
    visits, arm = plan.design.visit.levels, plan.design.arm
    yield from _not_among("visit", analysis.estimand.visit, visits, (*here, "estimand"), lines)
    if analysis.uses_baseline and analysis.estimand.visit == plan.design.visit.baseline:
        yield lines.problem((*here, "estimand"), f'visit is the baseline; "{analysis.method}" needs a later one')
    if analysis.method in OF_ONE_ARM:
        if analysis.arm and not arm:
            yield lines.problem(here, f'arm is "{analysis.arm}", and design has no arm')
        elif arm and analysis.arm is None:
            yield lines.problem(here, f'"{analysis.method}" describes one arm: say arm = {quoted(arm.levels, "or")}')
        elif arm and analysis.arm:
            yield from _not_among("arm", analysis.arm, arm.levels, (*here, "arm"), lines)
    elif arm is None:
        yield lines.problem(here, f'"{analysis.method}" compares arms, and design has no arm')
    elif analysis.estimand.contrast is None:
        example = f"{next(level for level in arm.levels if level != arm.reference)} - {arm.reference}"
        yield lines.problem(here, f'estimand needs "contrast", for example "{example}"')
    else:
        possible = possible_contrasts(plan, analysis)
        yield from _not_among("contrast", analysis.estimand.contrast, possible, (*here, "estimand"), lines)


def _checklists(plan: Plan, lines: Lines) -> Iterator[Problem]:
    """Items that a checklist has."""
    for name, said in plan.checklists.items():
        known = checklist_items(name)
        for item in said:
            if item not in known:
                what = f'"{item}" is not an item of this checklist; there is {", ".join(known)}'
                yield lines.problem(("checklist", name, item), what)


def _families(plan: Plan, lines: Lines) -> Iterator[Problem]:
    """A family is made of tests of one difference each, and a test belongs to one family."""
    known = {analysis.name: analysis for analysis in plan.analyses}
    seen: dict[str, str] = {}
    for index, family in enumerate(plan.families):
        here: Location = ("family", index, "analyses")
        for name in family.analyses:
            yield from _not_among("analysis", name, list(known), here, lines)
            if name in seen:
                yield lines.problem(here, f'"{name}" is in the family "{seen[name]}" already')
            seen[name] = family.name
            if name in known and known[name].method not in TESTED:
                what = (
                    f'"{name}" is a "{known[name].method}", which tests no difference; a family takes {quoted(TESTED)}'
                )
                yield lines.problem(here, what)


def _not_among(what: str, value: str, known: Sequence[str], location: Location, lines: Lines) -> Iterator[Problem]:
    yield from lines.not_among(what, value, known, location)
