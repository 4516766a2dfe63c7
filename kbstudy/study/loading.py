"""A folder with a ``study.toml`` to a checked, frozen :class:`~kbstudy.study.Study`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pandas as pd

from kbstudy.errors import DataError, PlanError, Problem, Problems
from kbstudy.evidence import published_frame
from kbstudy.study.convert import as_code
from kbstudy.study.correct import apply_corrections
from kbstudy.study.events import event_columns, events_of
from kbstudy.study.evidence_rows import evidence_problems
from kbstudy.study.locking import locked_plan
from kbstudy.study.plan import Outcome, Plan
from kbstudy.study.plan_file import Lines, read_plan
from kbstudy.study.recordings import measure_recordings
from kbstudy.study.source_table import SourceTable, sha256_of
from kbstudy.study.sources import missing_columns, open_sources
from kbstudy.study.study import SourceAccount, Study
from kbstudy.study.tidy import NO_RECORDING, NO_ROW, Keys, arms_of, covariate_of, home_of, identify, values_of

__all__ = ["load"]


def load(folder: str | Path, *, on_step: Callable[[str], None] | None = None) -> Study:
    """Read a study folder, check everything in it, and return the study.

    Parameters
    ----------
    folder
        A folder with a ``study.toml``, or the path of that file.
    on_step
        Called with a few words before each recording is read, for a progress display.

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
    locked = locked_plan(plan, path, lines)
    tables = open_sources(plan, path.parent)
    published = [table for table in tables if table.declared.reader == "published"]
    numbers = published_frame([table.raw for table in published]) if published else None
    Problems(list(evidence_problems(plan, numbers, lines))).raise_as(PlanError)
    inputs = {path.name: sha256_of(path)} | {name: digest for table in tables for name, digest in table.inputs.items()}
    study = Study(path.parent, plan, pd.DataFrame(), pd.DataFrame(), (), published=numbers, inputs=inputs)
    if locked is not None:
        name = path.with_suffix(".lock").name
        study = study.with_(locked=locked, inputs={**inputs, name: sha256_of(path.with_name(name))})
    study = study.with_(toml=path.name)
    if plan.design is None:
        return study.with_(sources=tuple(_account(table) for table in tables))
    own = [table for table in tables if table.declared.reader not in ("published", "events")]
    beside = [table for table in tables if table.declared.reader == "events"]
    return _with_people(study, own, beside, published, lines, on_step or (lambda _: None))


def _with_people(
    study: Study,
    tables: Sequence[SourceTable],
    events: Sequence[SourceTable],
    published: Sequence[SourceTable],
    lines: Lines,
    on_step: Callable[[str], None],
) -> Study:
    plan = study.plan
    assert plan.design is not None
    columns = Problems([*missing_columns(plan, tables, lines), *event_columns(plan, events, lines)])
    columns.raise_as(PlanError)
    problems = Problems()
    applied = apply_corrections(plan, [*tables, *events], lines, problems)
    keys = [identify(plan.design, table, problems) for table in tables]
    people = _people(plan, tables, keys, problems)
    recorded = [(table, key) for table, key in zip(tables, keys, strict=True) if table.declared.files is not None]
    sessions = measure_recordings(plan, study.folder, recorded, people, problems, on_step)
    values = _values(plan, people, tables, keys, problems)
    happened = events_of(plan, events, people, problems) if events else None
    problems.extend(_nobody(plan, people))
    Problems(sorted(problems, key=lambda problem: (problem.file, problem.row or 0))).raise_as(DataError)
    accounts = tuple(_account(table) for table in (*tables, *events, *published))
    study = study.with_(people=people, values=values, sources=accounts, corrections=applied, sessions=sessions)
    return study.with_(events=happened)


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
        absent = NO_RECORDING if home_of(outcome, tables).declared.files is not None else NO_ROW
        for person, arm in zip(people[participant], people["arm"], strict=True):
            for visit in plan.visits_of(outcome) if _is_planned(outcome, arm) else ():
                value, reason = found.get((person, visit), (None, absent))
                rows.append((person, arm, visit, outcome.name, value, reason))
    frame = pd.DataFrame(rows, columns=[participant, "arm", "visit", "outcome", "value", "reason"])
    frame["arm"] = pd.Categorical(frame["arm"], categories=list(plan.arms), ordered=True)
    frame["visit"] = pd.Categorical(frame["visit"], categories=list(visits), ordered=True)
    return frame.astype({"value": "float64"})


def _is_planned(outcome: Outcome, arm: object) -> bool:
    """Whether an outcome is measured in somebody's arm; of those without an arm, everything is kept."""
    return not outcome.arms or pd.isna(arm) or arm in outcome.arms


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
        noun="rows" if table.declared.files is None else "recordings",
    )
