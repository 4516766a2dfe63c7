"""The recordings of a study: each is read, its numbers derived, its place in the table filled."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from kbstudy.errors import DataError, Problem, Problems, StudyError
from kbstudy.measures.energy import Session, measure_session
from kbstudy.readers.gas_exchange import read_gas_exchange
from kbstudy.recording import Recording
from kbstudy.study.plan import Plan, Source
from kbstudy.study.recording_files import FILE
from kbstudy.study.source_table import SourceTable
from kbstudy.study.tidy import Keys

__all__ = ["SessionRow", "measure_recordings"]

#: A file's body mass and the covariate may differ by this share before it is said.
_MASS_TOLERANCE = 0.05


@dataclass(frozen=True)
class SessionRow:
    """One session: whose it is, and what was measured.

    Parameters
    ----------
    participant, visit, arm
        Whose; ``arm`` is empty for people without one, ``visit`` where files are not told apart by it.
    file, sha256
        Relative to the study's folder, and the hash of its bytes.
    source
        The source that it belongs to, as ``study.toml`` names it.
    session
        The recording, the bout and its energy.
    notes
        What this study adds to what the reader and the budget say: where a body mass came from, masses that differ.
    """

    participant: str
    visit: str
    arm: str
    file: str
    sha256: str
    source: str
    session: Session
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The numbers and what they rest on, ready for JSON; the hash says which file, and no id stands in it."""
        recording, budget, bout = self.session.recording, self.session.budget, self.session.bout
        return {
            "visit": self.visit,
            "arm": self.arm,
            "sha256": self.sha256,
            "device": recording.device,
            "averaging": recording.averaging,
            "body_mass_source": recording.body_mass_source,
            "bout": None if bout is None else {"start_s": bout.start_s, "end_s": bout.end_s, "by": bout.by},
            "basis": budget.basis,
            "equation": budget.equation,
            "rer_above_one": budget.rer_above_one,
            "gaps": budget.gaps,
            **self.session.numbers,
            "issues": [str(issue) for issue in recording.issues],
            "notes": [*self.notes, *budget.notes],
        }


def measure_recordings(
    plan: Plan,
    folder: Path,
    tables: Sequence[tuple[SourceTable, Keys]],
    people: pd.DataFrame,
    problems: Problems,
    on_step: Callable[[str], None],
) -> tuple[SessionRow, ...]:
    """Read every recording and fill in its numbers.

    Parameters
    ----------
    plan, folder
        The study.
    tables
        Tables of recordings with whose each row is; their cells are filled in.
    people
        For the arm and the body mass of each.
    problems
        Where everything that is wrong with a file goes.
    on_step
        Told each file before it is read.
    """
    rows = []
    for table, keys in tables:
        for row in table.cells.index:
            found = _measured(plan, folder, table, keys, int(row), people, problems, on_step)
            if found is not None:
                rows.append(found)
                for name, value in found.session.numbers.items():
                    table.cells.at[row, name] = "" if math.isnan(value) else repr(float(value))
    return tuple(rows)


def _measured(
    plan: Plan,
    folder: Path,
    table: SourceTable,
    keys: Keys,
    row: int,
    people: pd.DataFrame,
    problems: Problems,
    on_step: Callable[[str], None],
) -> SessionRow | None:
    assert plan.design is not None
    assert table.declared.energy is not None
    name = str(table.cells.at[row, FILE])
    visit = None if keys.visit is None else keys.visit.at[row]
    person = keys.participant.at[row]
    on_step(f"reading {name}")
    whose = people[people[plan.design.participant] == person].iloc[0]
    known = _known_mass(table.declared, whose)
    try:
        recording = _read(table.declared, folder, name, known)
        _check_stamp(recording, plan)
        session = measure_session(recording, table.declared.energy.rules())
    except StudyError as error:
        place = Problem("", file=name, row=row, participant=person, visit=visit or "")
        problems.extend(_placed(problem, place, table.file) for problem in error.problems)
        return None
    arm = "" if pd.isna(whose["arm"]) else str(whose["arm"])
    notes = tuple(_mass_notes(table.declared, recording, known))
    return SessionRow(str(person), str(visit or ""), arm, name, table.beside[name], table.file, session, notes)


def _read(source: Source, folder: Path, name: str, known: float | None) -> Recording:
    """The recording; with the covariate's mass where the file has none."""
    chosen = source.body_mass_kg.get(name, source.body_mass_kg.get(Path(name).name))
    profile = None if source.profile is None else folder / source.profile
    found = read_gas_exchange(folder / name, device=source.device, body_mass_kg=chosen, mapping=profile)
    if found.body_mass_kg is None and known is not None:
        return found.with_(body_mass_kg=known, body_mass_source=f'covariate "{source.body_mass}" of the study')
    return found


def _check_stamp(recording: Recording, plan: Plan) -> None:
    """Made-up recordings in a study that does not say so would become evidence."""
    if recording.simulated and not plan.study.simulated:
        do = "Say simulated = true in [study], or take the file away: simulated data are never evidence."
        raise DataError(Problem("the file says that it is simulated, and study.toml does not", do=do))


def _known_mass(source: Source, whose: pd.Series) -> float | None:
    if source.body_mass is None or pd.isna(whose[source.body_mass]):
        return None
    return float(whose[source.body_mass])


def _mass_notes(source: Source, recording: Recording, known: float | None) -> Iterator[str]:
    mass = recording.body_mass_kg
    if known is None or mass is None:
        return
    if recording.body_mass_source.startswith("covariate"):
        yield f"body mass {mass:g} kg from the {recording.body_mass_source}: the file has none"
    elif abs(mass - known) > _MASS_TOLERANCE * known:
        yield (
            f'body mass {mass:g} kg ({recording.body_mass_source}) is used; covariate "{source.body_mass}" says '
            f"{known:g} kg"
        )


def _placed(problem: Problem, place: Problem, pattern: str) -> Problem:
    """A problem of one file, with its place in the study and what to do in study.toml."""
    do = problem.do
    if "body_mass_kg = " in do:
        do = f'{do} In study.toml, in its [[source]]: body_mass_kg = {{ "{Path(place.file).name}" = ... }}.'
    out = f'To leave a recording out: [[correction]] with participant, visit, file = "{pattern}", drop_row and why.'
    where = f"row {problem.row}: " if problem.row is not None else ""
    what = f"{where}{problem.what} (number {place.row} of {pattern})"
    return replace(place, what=what, row=None, column=problem.column, do=f"{do} {out}".strip())
