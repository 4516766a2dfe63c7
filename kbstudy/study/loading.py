"""A folder with a ``study.toml`` to a checked, frozen :class:`~kbstudy.study.Study`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pandas as pd

from kbstudy.errors import DataError, PlanError, Problem, Problems, did_you_mean
from kbstudy.evidence import published_frame
from kbstudy.study.convert import as_code
from kbstudy.study.correct import apply_corrections
from kbstudy.study.plan import Plan
from kbstudy.study.plan_file import Lines, Location, read_plan
from kbstudy.study.sources import SourceTable, missing_columns, open_sources, sha256_of
from kbstudy.study.study import SourceAccount, Study
from kbstudy.study.tidy import NO_ROW, Keys, arms_of, covariate_of, identify, values_of

__all__ = ["load"]


def load(folder: str | Path) -> Study:
    """Read a study folder, check everything in it, and return the study.

    Parameters
    ----------
    folder
        A folder with a ``study.toml``, or the path of that file.

    Returns
    -------
    Study
        Frozen: tables, ledger, and what became of every row.

    Raises
    ------
    PlanError
        ``study.toml`` has mistakes; all of them, with their lines.
    ReadError
        A file is missing or is not what it is said to be; all of them.
    DataError
        Cells contradict what the study declares; all of them, with file, row, column and participant.

    Examples
    --------
    >>> study = load("data/raw/demo-trial")
    >>> len(study.ledger().ids()), len(study.ledger().ids("not randomised"))
    (43, 3)
    """
    path = Path(folder)
    path = path if path.suffix == ".toml" else path / "study.toml"
    plan = read_plan(path)
    lines = Lines.of(path)
    tables = open_sources(plan, path.parent)
    published = [table for table in tables if table.declared.reader == "published"]
    numbers = published_frame([table.raw for table in published]) if published else None
    _check_evidence(plan, numbers, lines)
    inputs = {path.name: sha256_of(path)} | {name: digest for table in tables for name, digest in table.inputs.items()}
    study = Study(path.parent, plan, pd.DataFrame(), pd.DataFrame(), (), published=numbers, inputs=inputs)
    if plan.design is None:
        return study.with_(sources=tuple(_account(table) for table in tables))
    return _with_people(study, [table for table in tables if table.declared.reader != "published"], published, lines)


def _check_evidence(plan: Plan, numbers: pd.DataFrame | None, lines: Lines) -> None:
    """Every row that a claim names must be in the published table."""
    problems = Problems()
    known = list(numbers.index) if numbers is not None else []
    for index, claim in enumerate(plan.claims):
        judged_on = (claim.evidence.judged_on, *claim.evidence.beside) if claim.evidence else ()
        places: list[tuple[Location, Sequence[str]]] = [(("evidence",), judged_on)]
        places += [(("audit", "stated_in"), claim.audit.stated_in)] if claim.audit else []
        for place, names in places:
            for name in [name for name in names if name not in known]:
                what = f'the published table has no row "{name}"{did_you_mean(name, known)}'
                problems.add(lines.problem(("claim", index, *place), what))
    problems.raise_as(PlanError)


def _with_people(study: Study, tables: Sequence[SourceTable], published: Sequence[SourceTable], lines: Lines) -> Study:
    plan = study.plan
    assert plan.design is not None
    columns = Problems(list(missing_columns(plan, tables, lines)))
    columns.raise_as(PlanError)
    problems = Problems()
    applied = apply_corrections(plan, tables, lines, problems)
    keys = [identify(plan.design, table, problems) for table in tables]
    people = _people(plan, tables, keys, problems)
    values = _values(plan, people, tables, keys, problems)
    problems.extend(_nobody(plan, people))
    Problems(sorted(problems, key=lambda problem: (problem.file, problem.row or 0))).raise_as(DataError)
    accounts = tuple(_account(table) for table in (*tables, *published))
    return study.with_(people=people, values=values, sources=accounts, corrections=applied)


def _people(plan: Plan, tables: Sequence[SourceTable], keys: Sequence[Keys], problems: Problems) -> pd.DataFrame:
    assert plan.design is not None
    ids = list(dict.fromkeys(person for key in keys for person in key.participant if person))
    problems.extend(_alike(ids))
    arms = arms_of(plan, tables, keys, problems)
    frame = pd.DataFrame({plan.design.participant: pd.Series(ids, dtype="str")})
    frame["arm"] = pd.Categorical([arms.get(person) for person in ids], categories=list(plan.arms), ordered=True)
    for covariate in plan.covariates:
        found = covariate_of(plan, covariate, tables, keys, problems)
        column = pd.Series([found.get(person) for person in ids])
        if covariate.kind == "number":
            frame[covariate.name] = column.astype("float64")
        else:
            levels = list(covariate.levels) or sorted({str(value) for value in found.values()})
            frame[covariate.name] = pd.Categorical(column, categories=levels)
    return frame


def _values(
    plan: Plan, people: pd.DataFrame, tables: Sequence[SourceTable], keys: Sequence[Keys], problems: Problems
) -> pd.DataFrame:
    assert plan.design is not None
    participant, visits = plan.design.participant, plan.design.visit.levels
    rows = []
    for outcome in plan.outcomes:
        found = values_of(plan, outcome, tables, keys, problems)
        for person, arm in zip(people[participant], people["arm"], strict=True):
            for visit in outcome.columns or visits:
                value, reason = found.get((person, visit), (None, NO_ROW))
                rows.append((person, arm, visit, outcome.name, value, reason))
    frame = pd.DataFrame(rows, columns=[participant, "arm", "visit", "outcome", "value", "reason"])
    frame["arm"] = pd.Categorical(frame["arm"], categories=list(plan.arms), ordered=True)
    frame["visit"] = pd.Categorical(frame["visit"], categories=list(visits), ordered=True)
    return frame.astype({"value": "float64"})


def _alike(ids: Sequence[str]) -> Iterator[Problem]:
    """Ids that differ only in capitals or in ``.0`` are one person written twice far more often than two people."""
    groups: dict[str, list[str]] = {}
    for person in ids:
        groups.setdefault(as_code(person).casefold(), []).append(person)
    do = "Write each id the same way in every row and file; a [[correction]] can put a single cell right."
    for alike in groups.values():
        if len(alike) > 1:
            yield Problem(f"these ids look like one person: {', '.join(alike)}", do=do)


def _nobody(plan: Plan, people: pd.DataFrame) -> list[Problem]:
    """An arm that nobody is in is a mistake in the codes far more often than a fact."""
    if len(people) and people["arm"].isna().all():
        return [Problem("nobody has an arm", do="Look at column and codes of design.arm in study.toml.")]
    empty = [arm for arm in plan.arms if not (people["arm"] == arm).any()]
    do = "Look at levels and codes of design.arm in study.toml."
    return [Problem(f'nobody is in the arm "{arm}"', do=do) for arm in empty]


def _account(table: SourceTable) -> SourceAccount:
    return SourceAccount(
        file=table.file,
        sha256=table.sha256,
        rows_read=len(table.raw.rows),
        rows_used=len(table.cells),
        rows_out=tuple(table.out),
        notes=table.raw.notes,
    )
