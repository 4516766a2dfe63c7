"""Declared corrections: applied to the text in memory, never to a file."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from kbstudy.errors import Problems
from kbstudy.study.convert import SET_MISSING, as_level
from kbstudy.study.plan import Correction, Design, Plan
from kbstudy.study.plan_file import Lines
from kbstudy.study.source_table import SourceTable, find
from kbstudy.study.study import AppliedCorrection

__all__ = ["apply_corrections"]

_ADVICE = (
    "A correction must match the file exactly, so that it cannot outlive what it corrects. "
    "If the file was put right at its source, delete the correction."
)


def apply_corrections(
    plan: Plan, tables: Sequence[SourceTable], lines: Lines, problems: Problems
) -> tuple[AppliedCorrection, ...]:
    """Apply each correction that matches its file; report each that does not."""
    applied = []
    for index, correction in enumerate(plan.corrections):
        found = _apply(plan, correction, tables)
        if isinstance(found, str):
            problems.add(lines.problem(("correction", index), found, do=_ADVICE))
        else:
            applied.append(found)
    return tuple(applied)


def _apply(plan: Plan, correction: Correction, tables: Sequence[SourceTable]) -> AppliedCorrection | str:
    assert plan.design is not None
    if correction.drop_row is not None:
        return _drop(plan.design, correction, tables)
    assert correction.column is not None
    homes = find(tables, correction.column, correction.file)
    if len(homes) != 1:
        return f'column "{correction.column}" is in {len(homes)} files; it must be in exactly one (or say file = "...")'
    table = homes[0]
    rows = _rows_of(plan.design, correction, table)
    if not len(rows):
        return f"{table.file} has no row of {_whom(correction)}"
    matching = rows[table.cells.loc[rows, correction.column] == correction.found]
    if len(matching) != 1:
        cells = ", ".join(f'"{table.cells.at[row, correction.column]}" in row {row}' for row in rows)
        many = "more than one cell holds" if len(matching) else "no cell holds"
        return f'{many} "{correction.found}" for {_whom(correction)} in column "{correction.column}"; found {cells}'
    if correction.column == plan.design.participant and correction.missing:
        return f'column "{correction.column}" says whose row it is, and cannot be missing; use drop_row to leave it out'
    text = str(correction.use)
    if isinstance(correction.use, float):
        text = text.replace(".", table.declared.decimal)
    table.cells.at[matching[0], correction.column] = SET_MISSING if correction.missing else text
    return AppliedCorrection(correction, table.file, int(matching[0]))


def _drop(design: Design, correction: Correction, tables: Sequence[SourceTable]) -> AppliedCorrection | str:
    homes = [table for table in tables if correction.file in (None, table.file)]
    homes = [table for table in homes if correction.drop_row in table.cells.index]
    if len(homes) != 1:
        return f'row {correction.drop_row} is in {len(homes)} files; it must be in exactly one (or say file = "...")'
    table, row = homes[0], int(correction.drop_row or 0)
    if row not in _rows_of(design, correction, table):
        return f"row {row} of {table.file} is not a row of {_whom(correction)}"
    table.leave_out([row], f"row {row} left out by a declared correction ({correction.why})")
    return AppliedCorrection(correction, table.file, row)


def _rows_of(design: Design, correction: Correction, table: SourceTable) -> pd.Index:
    """Rows of the correction's participant, and of its visit where the file has visits."""
    chosen = table.cells[design.participant] == correction.participant
    if correction.visit is not None and design.visit.column in table.cells:
        labels = table.raw.codes.get(str(design.visit.column), {})
        names = table.cells[design.visit.column].map(
            lambda text: as_level(text, design.visit.levels, design.visit.codes, labels)
        )
        raw = table.cells[design.visit.column]
        chosen &= (names == correction.visit) | (raw == correction.visit)
    return table.cells.index[chosen]


def _whom(correction: Correction) -> str:
    visit = f' at visit "{correction.visit}"' if correction.visit else ""
    return f'participant "{correction.participant}"{visit}'
