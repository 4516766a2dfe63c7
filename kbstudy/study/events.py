"""Adverse events: a row an event, of people whom the study knows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import pandas as pd

from kbstudy.errors import Problem, Problems, did_you_mean
from kbstudy.study.plan import Plan
from kbstudy.study.plan_file import Lines
from kbstudy.study.source_table import SourceTable

__all__ = ["EVENT_COLUMNS", "event_columns", "events_of"]

#: Of the table of events, beside the participant column.
EVENT_COLUMNS: Final = ("kind", "serious")
_YES: Final = frozenset({"1", "yes", "y", "true"})
_NO: Final = frozenset({"", "0", "no", "n", "false"})


def event_columns(plan: Plan, tables: Sequence[SourceTable], lines: Lines) -> Iterator[Problem]:
    """The participant and what ``[harms]`` names must be columns of the events."""
    assert plan.design is not None
    for table in tables:
        wanted = [(("design", "participant"), plan.design.participant)]
        if plan.harms is not None:
            named = [("kind", plan.harms.kind), ("serious", plan.harms.serious)]
            wanted += [(("harms", key), column) for key, column in named if column is not None]
        for place, column in wanted:
            if column not in table.cells:
                hint = did_you_mean(column, list(table.cells))
                yield lines.problem(place, f'{table.file} has no column "{column}"{hint}')


def events_of(plan: Plan, tables: Sequence[SourceTable], people: pd.DataFrame, problems: Problems) -> pd.DataFrame:
    """Every event of everybody.

    Returns
    -------
    pandas.DataFrame
        The participant column and :data:`EVENT_COLUMNS` (``serious`` is a truth value); no rows without events.
    """
    assert plan.design is not None
    who = plan.design.participant
    rows = [row for table in tables for row in _rows(plan, table, set(people[who]), problems)]
    return pd.DataFrame(rows, columns=[who, *EVENT_COLUMNS]).astype({"serious": "bool"})


def _rows(plan: Plan, table: SourceTable, known: set[str], problems: Problems) -> Iterator[tuple[str, str, bool]]:
    assert plan.design is not None
    harms = plan.harms
    for row in table.cells.index:
        person = table.cells.at[row, plan.design.participant]
        place = Problem("", table.file, row=int(row), participant=person)
        if person not in known:
            what = f'participant "{person}" has an event and is in no other file{did_you_mean(person, sorted(known))}'
            do = "Write ids the same way in every file."
            problems.add(Problem(what, table.file, row=int(row), column=plan.design.participant, do=do))
        kind = table.cells.at[row, harms.kind] if harms and harms.kind else "any event"
        serious = _truth(table, row, harms.serious, place, problems) if harms and harms.serious else False
        yield person, kind or "not stated", serious


def _truth(table: SourceTable, row: int, column: str, place: Problem, problems: Problems) -> bool:
    text = table.cells.at[row, column]
    label = table.raw.codes.get(column, {}).get(text, text).strip().casefold()
    if label in _YES or label in _NO:
        return label in _YES
    do = "Write yes or no, 1 or 0; an empty cell is no."
    problems.add(Problem(f'"{text}" is neither yes nor no', place.file, row=place.row, column=column,
                         participant=place.participant, do=do))  # fmt: skip
    return False
