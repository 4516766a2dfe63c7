"""From text cells to people and values, with every problem found on the way."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import pandas as pd

from kbstudy.errors import Problem, Problems, StudyError
from kbstudy.measures import score
from kbstudy.study.convert import BadCell, as_level, as_number, missing_reason
from kbstudy.study.plan import Covariate, Design, Outcome, Plan
from kbstudy.study.source_table import SourceTable, find

__all__ = ["NO_RECORDING", "NO_ROW", "Keys", "arms_of", "covariate_of", "home_of", "identify", "values_of"]

NO_ROW = "no row for this visit"
NO_RECORDING = "no recording of this visit"


@dataclass(frozen=True)
class Keys:
    """Whose each row is and of which visit: for a file, participant and visit by row number.

    A file without a visit column has ``visit`` None: its rows are about people.
    """

    participant: pd.Series
    visit: pd.Series | None


def identify(design: Design, table: SourceTable, problems: Problems) -> Keys:
    """Find participant and visit of each row; report empty ids, unknown visits and duplicates."""
    ids = table.cells[design.participant]
    for row in ids.index[ids == ""]:
        do = (
            "Every row needs the participant it is about: correct it in the file, or leave the row out by a correction."
        )
        problems.add(Problem("the participant is empty", table.file, row=int(row), column=design.participant, do=do))
    visit = _visits(design, table, problems)
    keys = Keys(ids.loc[table.cells.index], visit)
    problems.extend(_duplicates(table, keys))
    return keys


def _visits(design: Design, table: SourceTable, problems: Problems) -> pd.Series | None:
    column = design.visit.column
    if column is None or column not in table.cells:
        return None
    ignored = table.cells.index[table.cells[column].isin(design.visit.ignore)]
    table.leave_out(list(ignored), f"of a visit that study.toml ignores ({', '.join(design.visit.ignore)})")
    levels, codes = design.visit.levels, design.visit.codes
    labels = table.raw.codes.get(column, {})
    names = {}
    for row, text in table.cells[column].items():
        found = as_level(text, levels, codes, labels) if text else BadCell("the visit is empty")
        if isinstance(found, BadCell):
            person = table.cells.at[row, design.participant]
            do = found.do + " A visit that is not part of the study can be named in ignore = [...] of design.visit."
            problems.add(Problem(found.what, table.file, row=int(row), column=column, participant=person, do=do))
        names[row] = None if isinstance(found, BadCell) else found
    return pd.Series(names, dtype="object").reindex(table.cells.index)


def _duplicates(table: SourceTable, keys: Keys) -> Iterator[Problem]:
    frame = pd.DataFrame({"participant": keys.participant})
    frame["visit"] = "" if keys.visit is None else keys.visit
    frame = frame[(frame["participant"] != "") & frame["visit"].notna()]
    for (person, visit), group in frame.groupby(["participant", "visit"], sort=False):
        if len(group) > 1:
            rows = ", ".join(str(row) for row in group.index)
            cells = table.cells.loc[group.index]
            differ = [column for column in cells if cells[column].nunique() > 1]
            how = f"they differ in {', '.join(differ[:6])}" if differ else "they are identical"
            at = f' at visit "{visit}"' if visit else ""
            what = f"rows {rows}: participant {person} appears more than once{at}; {how}"
            do = (
                "One person has one row a visit. Correct it in the file it came from, or declare which row to leave "
                "out: [[correction]] with participant, visit, drop_row and why."
            )
            yield Problem(what, table.file, do=do)


def arms_of(plan: Plan, tables: Sequence[SourceTable], keys: Sequence[Keys], problems: Problems) -> dict[str, str]:
    """The arm of each participant who has one; a single unnamed arm for everyone if none is declared."""
    assert plan.design is not None
    if plan.design.arm is None:
        return {person: "" for key in keys for person in key.participant if person}
    seen: dict[str, dict[str, str]] = {}
    for table, key in zip(tables, keys, strict=True):
        if plan.design.arm.column in table.cells:
            _collect_arms(plan.design, table, key, seen, problems)
    for person, arms in seen.items():
        if len(arms) > 1:
            told = " and ".join(f'"{arm}" ({place})' for arm, place in arms.items())
            do = "A person belongs to one arm, the one allocated. Correct the wrong cell."
            problems.add(Problem(f"two arms: {told}", participant=person, column=plan.design.arm.column, do=do))
    return {person: next(iter(arms)) for person, arms in seen.items()}


def _collect_arms(
    design: Design, table: SourceTable, key: Keys, seen: dict[str, dict[str, str]], problems: Problems
) -> None:
    assert design.arm is not None
    column = design.arm.column
    labels = table.raw.codes.get(column, {})
    for row, text in table.cells[column].items():
        person = key.participant.at[row]
        if missing_reason(text, table.declared.missing):
            continue
        arm = as_level(text, design.arm.levels, design.arm.codes, labels)
        if isinstance(arm, BadCell):
            problems.add(Problem(arm.what, table.file, row=int(row), column=column, participant=person, do=arm.do))
        else:
            seen.setdefault(person, {}).setdefault(arm, f"{table.file} row {row}")


def _home(
    tables: Sequence[SourceTable], keys: Sequence[Keys], column: str, file: str | None
) -> tuple[SourceTable, Keys]:
    """The one file that has a column, and whose its rows are; that there is one has been checked."""
    table = find(tables, column, file)[0]
    return table, next(key for known, key in zip(tables, keys, strict=True) if known is table)


def covariate_of(
    plan: Plan, covariate: Covariate, tables: Sequence[SourceTable], keys: Sequence[Keys], problems: Problems
) -> dict[str, float | str]:
    """A characteristic by participant: from a file without visits, or from the baseline visit."""
    assert plan.design is not None
    table, key = _home(tables, keys, covariate.column, covariate.file)
    rows = table.cells.index if key.visit is None else key.visit.index[key.visit == plan.design.visit.baseline]
    missing = {*table.declared.missing, *covariate.missing}
    values: dict[str, float | str] = {}
    for row in rows:
        text, person = table.cells.at[row, covariate.column], key.participant.at[row]
        if not missing_reason(text, missing):
            found = _covariate_value(covariate, text, table)
            if isinstance(found, BadCell):
                place = Problem(found.what, table.file, row=int(row), column=covariate.column, participant=person)
                problems.add(replace(place, do=found.do))
            else:
                values[person] = found
    return values


def _covariate_value(covariate: Covariate, text: str, table: SourceTable) -> float | str | BadCell:
    if covariate.kind == "number":
        return as_number(text, table.declared.decimal, covariate.range)
    labels = table.raw.codes.get(covariate.column, {})
    if not covariate.levels:
        return covariate.codes.get(text, labels.get(text, text))
    return as_level(text, covariate.levels, covariate.codes, labels)


def values_of(
    plan: Plan, outcome: Outcome, tables: Sequence[SourceTable], keys: Sequence[Keys], problems: Problems
) -> dict[tuple[str, str], tuple[float | None, str]]:
    """Value and reason by participant and visit, for every cell that the files have."""
    assert plan.design is not None
    if outcome.items:
        return scores_of(plan, outcome, tables, keys, problems)
    cells: dict[tuple[str, str], tuple[float | None, str]] = {}
    for visit, column in _places(outcome):
        table, key = _home(tables, keys, column, outcome.file)
        missing = {*table.declared.missing, *outcome.missing}
        for row, text in table.cells[column].items():
            person, when = key.participant.at[row], visit or (key.visit.at[row] if key.visit is not None else None)
            if person and (when or len(plan.design.visit.levels) == 1):
                when = str(when or plan.design.visit.levels[0])
                place = Problem("", table.file, row=int(row), column=column, participant=person, visit=when)
                found = _value(text, outcome, table, missing, place, problems)
                cells[person, when] = _one_of(cells.get((person, when)), found, place, problems)
    return cells


def scores_of(
    plan: Plan, outcome: Outcome, tables: Sequence[SourceTable], keys: Sequence[Keys], problems: Problems
) -> dict[tuple[str, str], tuple[float | None, str]]:
    """The score of a form by participant and visit, from its items; and why there is none, where there is none."""
    assert plan.design is not None
    assert outcome.scale is not None, "the plan asks for a form"
    table, key = _home(tables, keys, outcome.items[0], outcome.file)
    missing = {*table.declared.missing, *outcome.missing}
    places, answers = [], []
    for row in table.cells.index:
        person = key.participant.at[row]
        when = key.visit.at[row] if key.visit is not None else plan.design.visit.levels[0]
        if person and when:
            place = Problem("", table.file, row=int(row), participant=person, visit=str(when))
            found = [_answer(table, row, column, missing, place, problems) for column in outcome.items]
            places.append(place)
            answers.append(found)
    rows = [place.row for place in places]
    frame = pd.DataFrame(answers, columns=list(outcome.items), index=rows, dtype="float64")
    try:
        scored = score(frame, outcome.scale, items=outcome.items)
    except StudyError as error:
        problems.extend(_in_the_file(problem, places, outcome) for problem in error.problems)
        return {}
    values = zip(places, scored.frame["score"], scored.frame["reason"], strict=True)
    return {
        (place.participant, place.visit): (None, str(reason)) if pd.isna(value) else (float(value), "")
        for place, value, reason in values
    }


def _answer(
    table: SourceTable, row: int, column: str, missing: set[str], place: Problem, problems: Problems
) -> float | None:
    text = table.cells.at[row, column]
    if missing_reason(text, missing):
        return None
    found = as_number(text, table.declared.decimal)
    if isinstance(found, BadCell):
        problems.add(replace(place, what=found.what, column=column, do=found.do))
        return None
    return found


def _in_the_file(problem: Problem, places: Sequence[Problem], outcome: Outcome) -> Problem:
    """A problem of the scoring, with the participant of the row that it names."""
    found = re.match(r"row (\d+)( \([^)]*\))?: ", problem.what)
    place = next((place for place in places if found and place.row == int(found[1])), None)
    if found is None or place is None:
        return replace(problem, file=places[0].file if places else "", what=f"{outcome.name}: {problem.what}")
    what = f"{problem.what[found.end() :]}{found[2] or ''}"
    return replace(place, what=what, column=problem.column, do=problem.do)


def home_of(outcome: Outcome, tables: Sequence[SourceTable]) -> SourceTable:
    """The source of an outcome's values (of its first visit, where each visit has its own column)."""
    column = outcome.items[0] if outcome.items else _places(outcome)[0][1]
    return find(tables, column, outcome.file)[0]


def _one_of(
    before: tuple[float | None, str] | None, found: tuple[float | None, str], place: Problem, problems: Problems
) -> tuple[float | None, str]:
    """A value is never replaced by an empty cell of another row; two values that differ are a problem."""
    if before is None or before[0] is None:
        return found if found[0] is not None or before is None else before
    if found[0] is not None and found[0] != before[0]:
        what = f"{found[0]:g} here, and {before[0]:g} in another row of the same person"
        do = "One person has one value of an outcome at a visit. Correct the wrong cell, or say which file= has it."
        problems.add(replace(place, what=what, do=do))
    return before


def _places(outcome: Outcome) -> list[tuple[str | None, str]]:
    """Pairs of visit and column; visit None where each row says its own."""
    return [(None, outcome.column)] if outcome.column else list(outcome.columns.items())


def _value(
    text: str, outcome: Outcome, table: SourceTable, missing: set[str], place: Problem, problems: Problems
) -> tuple[float | None, str]:
    reason = missing_reason(text, missing)
    if reason:
        return None, reason
    found = as_number(text, table.declared.decimal, outcome.limits)
    if isinstance(found, BadCell):
        problems.add(replace(place, what=found.what, do=found.do))
        return None, "cell that is not a value"
    return found, ""
