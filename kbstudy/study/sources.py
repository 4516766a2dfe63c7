"""The files of a study, as text, with the declared columns found in them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from kbstudy.errors import Problem, Problems, ReadError, did_you_mean
from kbstudy.readers import RawTable, read_redcap, read_table
from kbstudy.study.plan import Plan, Source
from kbstudy.study.plan_file import Lines

__all__ = ["SourceTable", "find", "missing_columns", "open_sources", "sha256_of"]

#: REDCap rows of a repeating instrument are not visits; this column tells them apart.
_REPEAT = "redcap_repeat_instrument"


@dataclass
class SourceTable:
    """A file on its way into the study: text cells indexed by the row a spreadsheet would show."""

    declared: Source
    raw: RawTable
    sha256: str
    cells: pd.DataFrame
    dictionary: dict[str, str] = field(default_factory=dict)
    out: list[str] = field(default_factory=list)

    @property
    def file(self) -> str:
        """The name that messages use: as ``study.toml`` declares it."""
        return self.declared.file

    @property
    def inputs(self) -> dict[str, str]:
        """The hash of every file that was read for this source."""
        return {self.declared.file: self.sha256} | self.dictionary

    def leave_out(self, rows: Sequence[int], why: str) -> None:
        """Take rows away and remember why."""
        if len(rows):
            self.cells = self.cells.drop(index=list(rows))
            self.out.append(f"{len(rows)} {'row' if len(rows) == 1 else 'rows'}: {why}")


def open_sources(plan: Plan, folder: Path) -> list[SourceTable]:
    """Read every source; raise one :class:`ReadError` with the problems of all that cannot be read."""
    problems, tables = Problems(), []
    for source in plan.sources:
        try:
            tables.append(_open(source, folder))
        except ReadError as error:
            problems.extend(error.problems)
    problems.raise_as(ReadError)
    return tables


def _open(source: Source, folder: Path) -> SourceTable:
    path = folder / source.file
    if source.reader == "redcap":
        dictionary = folder / source.dictionary if source.dictionary else None
        raw = read_redcap(path, dictionary, keep_identifiers=source.keep_identifiers, encoding=source.encoding)
    else:
        raw = read_table(path, sheet=source.sheet, encoding=source.encoding, delimiter=source.delimiter)
    cells = raw.cells.set_axis(list(raw.rows), axis="index")
    beside = {source.dictionary: sha256_of(folder / source.dictionary)} if source.dictionary else {}
    table = SourceTable(source, raw, sha256_of(path), cells, beside)
    if _REPEAT in cells:
        repeats = cells.index[cells[_REPEAT] != ""]
        names = ", ".join(sorted(set(cells.loc[repeats, _REPEAT])))
        table.leave_out(repeats, f"of a repeating instrument ({names}), not a visit")
    return table


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file's bytes, hexadecimal."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def find(tables: Sequence[SourceTable], column: str, file: str | None = None) -> list[SourceTable]:
    """The files that have a column."""
    return [table for table in tables if column in table.cells and (file is None or table.declared.file == file)]


def missing_columns(plan: Plan, tables: Sequence[SourceTable], lines: Lines) -> Iterator[Problem]:
    """What ``study.toml`` names and no file has, or what stands in more than one file."""
    assert plan.design is not None
    known = list(dict.fromkeys(column for table in tables for column in table.cells))
    for table in tables:
        if plan.design.participant not in table.cells:
            hint = did_you_mean(plan.design.participant, list(table.cells))
            what = f'{table.file} has no participant column "{plan.design.participant}"{hint}'
            yield lines.problem(("design", "participant"), what)
    for location, column, file in _declared_columns(plan):
        homes = find(tables, column, file)
        if not homes:
            hint = did_you_mean(column, known) or f". Columns are: {', '.join(known[:30])}"
            place = f'file "{file}"' if file else ("the file" if len(tables) == 1 else "any file")
            yield lines.problem(location, f'column "{column}" is not in {place}{hint}')
        elif len(homes) > 1 and location[0] in ("outcome", "covariate"):
            files = ", ".join(home.file for home in homes)
            yield lines.problem(location, f'column "{column}" is in {files}; say which with file = "..."')
    yield from _without_visits(plan, tables, lines)


def _without_visits(plan: Plan, tables: Sequence[SourceTable], lines: Lines) -> Iterator[Problem]:
    """An outcome's one column must be in a file that says the visit of each row."""
    assert plan.design is not None
    visit = plan.design.visit
    for index, outcome in enumerate(plan.outcomes):
        homes = find(tables, outcome.column, outcome.file) if outcome.column else []
        if len(homes) == 1 and len(visit.levels) > 1 and visit.column and visit.column not in homes[0].cells:
            what = (
                f'{homes[0].file} has no visit column "{visit.column}", so it is not known at which visit '
                f'"{outcome.column}" was measured; say columns = {{ visit = "{outcome.column}" }} instead of column'
            )
            yield lines.problem(("outcome", index, "column"), what)


def _declared_columns(plan: Plan) -> Iterator[tuple[tuple[str | int, ...], str, str | None]]:
    assert plan.design is not None
    if plan.design.arm:
        yield ("design", "arm"), plan.design.arm.column, None
    if plan.design.visit.column:
        yield ("design", "visit"), plan.design.visit.column, None
    for index, covariate in enumerate(plan.covariates):
        yield ("covariate", index, "column"), covariate.column, covariate.file
    for index, outcome in enumerate(plan.outcomes):
        if outcome.column:
            yield ("outcome", index, "column"), outcome.column, outcome.file
        for column in outcome.columns.values():
            yield ("outcome", index, "columns"), column, outcome.file
