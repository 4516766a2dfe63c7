"""The files of a study, as text, with the declared columns found in them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from kbstudy.errors import Problem, Problems, ReadError, did_you_mean
from kbstudy.readers import read_redcap, read_table
from kbstudy.study.plan import Plan, Source
from kbstudy.study.plan_file import Lines
from kbstudy.study.recording_files import list_recordings
from kbstudy.study.source_table import SourceTable, find, sha256_of

__all__ = ["missing_columns", "open_sources"]

#: REDCap rows of a repeating instrument are not visits; this column tells them apart.
_REPEAT = "redcap_repeat_instrument"


def open_sources(plan: Plan, folder: Path) -> list[SourceTable]:
    """Read every source; raise one :class:`ReadError` with the problems of all that cannot be read."""
    problems, tables = Problems(), []
    for source in plan.sources:
        try:
            tables.append(_open(source, folder) if source.files is None else list_recordings(source, plan, folder))
        except ReadError as error:
            problems.extend(error.problems)
    problems.raise_as(ReadError)
    return tables


def _open(source: Source, folder: Path) -> SourceTable:
    assert source.file is not None, "recordings are listed elsewhere"
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
        column = outcome.column or next(iter(outcome.items), None)
        homes = find(tables, column, outcome.file) if column else []
        if len(homes) == 1 and len(visit.levels) > 1 and visit.column and visit.column not in homes[0].cells:
            what = (
                f'{homes[0].file} has no visit column "{visit.column}", so it is not known at which visit '
                f'"{column}" was measured; say columns = {{ visit = "{column}" }} instead of column'
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
        for column in outcome.items:
            yield ("outcome", index, "items"), column, outcome.file
