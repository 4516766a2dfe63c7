"""The gas exchange of a recording as checked arrays; what was left out is counted, what cannot be is refused."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from kbstudy import formatting as fmt
from kbstudy.errors import DataError, PlanError, Problem, Problems
from kbstudy.measures.energy.equations import FloatArray
from kbstudy.measures.energy.integration import Timeline
from kbstudy.recording import Recording

__all__ = ["Gas", "read_gas"]

#: L/min. Twice the highest uptakes ever measured; a value above is in another unit (mL/min, mL/kg/min).
_LARGEST: Final = 15.0
_COLUMNS: Final = ("time_s", "vo2_l_min", "vco2_l_min")


@dataclass(frozen=True, slots=True, eq=False)
class Gas:
    """The usable rows of a recording.

    Parameters
    ----------
    timeline
        Their times, and the gaps.
    vo2, vco2
        L/min STPD; ``vco2`` is ``None`` where the file has none, and can be NaN in rows that were not asked to have it.
    rows
        Positions of these rows in the recording.
    notes
        What was left out.
    """

    timeline: Timeline
    vo2: FloatArray
    vco2: FloatArray | None
    rows: npt.NDArray[np.intp]
    notes: tuple[str, ...]

    @property
    def rer(self) -> FloatArray:
        """VCO2/VO2, NaN where it is not known."""
        return np.full(len(self.vo2), np.nan) if self.vco2 is None else self.vco2 / self.vo2


def read_gas(recording: Recording, *, needs_vco2: bool = False) -> Gas:
    """The rows of a recording that have VO2, and VCO2 if that is needed.

    Raises
    ------
    PlanError
        The recording is not of gas exchange.
    DataError
        A column is missing or is not of numbers; values that cannot be (negative, infinite, above 15 L/min); times that
        fall; fewer than two usable rows.
    """
    _check_columns(recording, needs_vco2)
    columns = {name: _numbers(recording, name) for name in _COLUMNS if name in recording.data}
    Problems([*_impossible(recording, columns)]).raise_as(DataError)
    vo2, vco2 = columns["vo2_l_min"], columns.get("vco2_l_min")
    usable = vo2 > 0
    if needs_vco2 and vco2 is not None:
        if not (vco2 > 0).any():
            raise DataError(_no_vco2(recording))
        usable &= vco2 > 0
    rows = np.flatnonzero(usable)
    return Gas(
        timeline=Timeline.of(columns["time_s"][rows], recording.gaps),
        vo2=vo2[rows],
        vco2=None if vco2 is None else np.where(vco2 > 0, vco2, np.nan)[rows],
        rows=rows,
        notes=_left_out(len(usable) - len(rows), len(usable), needs_vco2),
    )


def _left_out(left: int, rows: int, needs_vco2: bool) -> tuple[str, ...]:
    if not left:
        return ()
    what = "VO2 or VCO2" if needs_vco2 else "VO2"
    return (f"{left} of {rows} rows have no {what} (empty, or zero: a missed breath) and were left out.",)


def _check_columns(recording: Recording, needs_vco2: bool) -> None:
    if recording.kind != "gas_exchange":
        what = f"this is a {recording.kind.replace('_', ' ')} recording: it has no gas exchange"
        raise PlanError(Problem(what, file=recording.file, do="Read the file of the metabolic cart."))
    has = f"The recording has {', '.join(map(str, recording.data))}."
    missing = [name for name in _COLUMNS[:2] if name not in recording.data]
    problems = [Problem("there is no such column", file=recording.file, column=name, do=has) for name in missing]
    if needs_vco2 and "vco2_l_min" not in recording.data:
        problems.append(_no_vco2(recording))
    Problems(problems).raise_as(DataError)


def _no_vco2(recording: Recording) -> Problem:
    ratio = " If its rer column was measured, VCO2 = VO2 × RER." if "rer" in recording.data else ""
    do = f'Of the equations, only "constant_5_kcal_l" does without VCO2; it assumes an RER of about 0.96.{ratio}'
    return Problem("no VCO2, which this needs", file=recording.file, column="vco2_l_min", do=do)


def _numbers(recording: Recording, name: str) -> FloatArray:
    values = pd.to_numeric(recording.data[name], errors="coerce")
    wrong = recording.data[name][values.isna() & recording.data[name].notna()]
    if len(wrong):
        what = f'{fmt.count(len(wrong), "value")} not a number, the first of them "{wrong.iloc[0]}"'
        raise DataError(Problem(what, file=recording.file, column=name, do="The reader of the file must make it NaN."))
    return np.asarray(values.to_numpy(dtype=float))


def _impossible(recording: Recording, columns: dict[str, FloatArray]) -> Iterator[Problem]:
    time = columns["time_s"]
    for name in ("vo2_l_min", "vco2_l_min"):
        values = columns.get(name, np.empty(0))
        wrong = np.flatnonzero((values < 0) | (values > _LARGEST))  # infinity is above it too
        if len(wrong):
            what = f"{values[wrong[0]]:g} L/min at {time[wrong[0]]:g} s cannot be"
            more = f" ({fmt.count(len(wrong), 'such value')})" if len(wrong) > 1 else ""
            do = f"Gas exchange lies between 0 and {_LARGEST:g} L/min. Check the unit: mL/min, mL/kg/min?"
            yield Problem(what + more, file=recording.file, column=name, do=do)
