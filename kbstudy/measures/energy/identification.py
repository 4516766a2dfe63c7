"""Which rule a device used for its own energy column, recovered from the column."""

from __future__ import annotations

import html
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from kbstudy import formatting as fmt
from kbstudy.errors import DataError, FitError, Problem
from kbstudy.measures.energy.equations import EQUATIONS, FloatArray
from kbstudy.measures.energy.gas import read_gas
from kbstudy.recording import Recording

__all__ = ["NO_LINEAR_RULE", "UNNAMED", "Identified", "identify_equation"]

#: What :attr:`Identified.equation` says where a line fits that is nobody's that we know of.
UNNAMED: Final = "unnamed linear rule"
#: What it says where no line fits.
NO_LINEAR_RULE: Final = "no linear rule"

_FEWEST_ROWS: Final = 5
#: Units that devices round energy in, in parts of kcal/min: kcal a minute, an hour, a day.
_ENERGY_UNITS: Final = (1.0, 60.0, 1440.0)
_DECIMALS: Final = 5
_SHOWN: Final = 6


@dataclass(frozen=True, slots=True)
class _Rule:
    """One candidate: kcal/min = vo2 × VO2 + vco2 × VCO2, where VCO2 counts between ``floor`` and ``cap`` × VO2."""

    name: str
    vo2: float
    vco2: float
    floor: float = 0.0
    cap: float = math.inf

    def rate(self, data: _Data) -> FloatArray:
        counted = np.clip(data.vco2, self.floor * data.vo2, self.cap * data.vo2)
        return np.asarray(self.vo2 * data.vo2 + self.vco2 * counted)

    def error(self, data: _Data) -> float:
        return float(np.abs(self.rate(data) - data.energy).max())


@dataclass(frozen=True, slots=True, eq=False)
class _Data:
    vo2: FloatArray
    vco2: FloatArray
    energy: FloatArray

    @property
    def rer(self) -> FloatArray:
        return self.vco2 / self.vo2

    def allowance(self, vo2: float, vco2: float) -> float:
        """What rounding in the file can do to a row, kcal/min: half a step of each column."""
        steps = vo2 * _step(self.vo2) + vco2 * _step(self.vco2) + _energy_step(self.energy)
        return 0.5 * 1.05 * steps + 1e-9


@dataclass(frozen=True)
class Identified:
    """The rule behind a device's energy column.

    Parameters
    ----------
    equation
        An id of :data:`~kbstudy.measures.energy.EQUATIONS`; ``"unnamed linear rule"`` where only a free fit agrees;
        ``"no linear rule"`` where none does.
    vo2, vco2
        Coefficients, kcal per litre.
    cap_rer
        The RER above which the device holds on; ``None`` if it does not, or if no row is high enough to tell.
    cap_known
        Whether a row was high enough to tell.
    max_error
        Largest difference to the device in any row, kcal/min.
    allowance
        What rounding in the file can explain, kcal/min.
    rows
        Rows compared.
    also
        Other equations that agree as well as rounding lets one see.
    candidates
        Every rule that was tried, with its largest error.
    file, simulated
        Of the recording.
    notes
        What was left out.
    """

    equation: str
    vo2: float
    vco2: float
    cap_rer: float | None
    cap_known: bool
    max_error: float
    allowance: float
    rows: int
    also: tuple[str, ...]
    candidates: pd.DataFrame
    file: str = ""
    simulated: bool = False
    notes: tuple[str, ...] = ()

    @property
    def named(self) -> bool:
        """Whether it is an equation of the registry."""
        return self.equation in EQUATIONS

    @property
    def formula(self) -> str:
        """The rule with its coefficients."""
        ratio = "RER" if self.cap_rer is None else f"min(RER, {self.cap_rer:.4g})"
        return f"kcal/min = VO2 × ({self.vo2:.6g} + {self.vco2:.6g} {ratio})"

    def table(self) -> pd.DataFrame:
        """Every rule that was tried, best first: ``rule, cap_rer, vo2, vco2, max_error`` (kcal/min)."""
        return self.candidates.copy()

    def sentence(self) -> str:
        """In words."""
        stamp = "[SIMULATED] " if self.simulated else ""
        parts = [f"{stamp}{self._finding()}", self._capping(), *self.notes]
        if self.also:
            parts.append(f"Rounding hides the difference to {fmt.words(self.also)}.")
        return " ".join(filter(None, parts))

    def _finding(self) -> str:
        error = f"{self.max_error:.2g} kcal/min in {fmt.count(self.rows, 'row')}"
        if self.named:
            return f"The energy column is {EQUATIONS[self.equation].name} ({self.formula}), to within {error}."
        if self.equation == UNNAMED:
            return f"The energy column follows a line that we have no name for ({self.formula}), to within {error}."
        return (
            f"The energy column follows no line in VO2 and VCO2: the best one ({self.formula}) misses by up to "
            f"{error}, and rounding explains {self.allowance:.2g}."
        )

    def _capping(self) -> str:
        if self.equation == NO_LINEAR_RULE or self.vco2 == 0:
            return ""
        if not self.cap_known:
            return "No row has an RER high enough to tell whether it is capped."
        return "RER above 1 is not capped." if self.cap_rer is None else f"RER is capped at {self.cap_rer:.4g}."

    def __str__(self) -> str:
        return self.sentence()

    def _repr_html_(self) -> str:
        shown = self.table().head(_SHOWN)
        for column, decimals in (("cap_rer", 4), ("vo2", 5), ("vco2", 5)):
            shown[column] = [fmt.number(value, decimals) for value in shown[column]]
        shown["max_error"] = [f"{error:.2g}" for error in shown["max_error"]]
        return f"<p>{html.escape(self.sentence())}</p>{fmt.html_table(shown)}"


def identify_equation(recording: Recording) -> Identified:
    """Which rule a device used for its own energy column.

    Carts use different equations, also different software of one maker, and some cap RER while others do not. A study
    that mixes them mixes rules; so compute energy anew from VO2 and VCO2, and use this to explain differences.

    Parameters
    ----------
    recording
        Gas exchange with ``device_energy_kcal_min``.

    Returns
    -------
    Identified
        ``.equation``, the coefficients, the RER it is capped at, the largest error and a ``.sentence()``.

    Raises
    ------
    DataError
        No energy column; a recording that cannot be used.
    FitError
        Fewer than 5 rows with all three values, or an RER that is the same in all of them.

    When not to use
    ---------------
    On an energy column that was averaged apart from VO2 and VCO2: a capped rule of means is not the mean of the rule.

    Notes
    -----
    Tried are: each equation of the registry as it is and capped at 1 and at its RER of pure carbohydrate, tables also
    with their lower end; and two free fits by least squares, ``a VO2 + b VCO2`` and ``a VO2 + b min(VCO2, c VO2)``.
    For the latter the rows are sorted by RER and cut where a line below and a constant above fit best; c is where they
    meet. A rule agrees if its largest error is what rounding explains: half of the last digit of VO2, VCO2 and energy
    in the file. Of the equations that agree, that with the smallest error is taken; a free fit only if none agrees.

    Validated against
    -----------------
    Exports of COSMED (legacy and OMNIA) and Cortex (MetaSoft 3 and Studio) (``tests/measures/energy/``).

    Examples
    --------
    >>> vo2 = np.linspace(0.5, 3.0, 40)
    >>> vco2 = vo2 * np.linspace(0.75, 1.1, 40)
    >>> data = pd.DataFrame({"time_s": np.arange(40) * 10.0, "vo2_l_min": vo2, "vco2_l_min": vco2})
    >>> energy = pd.Series(3.941 * vo2 + 1.106 * np.minimum(vco2, vo2))
    >>> recording = Recording(data, "gas_exchange", "made_up.csv", "example", device_energy_kcal_min=energy)
    >>> found = identify_equation(recording)
    >>> found.equation, found.cap_rer
    ('weir_1949', 1.0)
    """
    data, notes = _read(recording)
    free = _free_fits(data)
    rules = sorted((*_registry(), *free), key=lambda rule: rule.error(data))
    agreeing = [rule for rule in rules if rule.name in EQUATIONS and _agrees(rule, data)]
    best = agreeing[0] if agreeing else _best_free(free, data)
    name = best.name if _agrees(best, data) else NO_LINEAR_RULE
    highest = float(data.rer.max())
    cap_known = highest > (1.0 if math.isinf(best.cap) else best.cap)
    return Identified(
        equation=name,
        vo2=best.vo2,
        vco2=best.vco2,
        cap_rer=best.cap if cap_known and math.isfinite(best.cap) else None,
        cap_known=cap_known,
        max_error=best.error(data),
        allowance=data.allowance(best.vo2, best.vco2),
        rows=len(data.energy),
        also=tuple(dict.fromkeys(rule.name for rule in agreeing if rule.name != best.name)),
        candidates=_table(rules, data),
        file=recording.file,
        simulated=recording.simulated,
        notes=notes,
    )


def _agrees(rule: _Rule, data: _Data) -> bool:
    return rule.error(data) <= data.allowance(rule.vo2, rule.vco2)


def _best_free(free: list[_Rule], data: _Data) -> _Rule:
    """The straight line if it agrees, because a cap is one more number to fit."""
    straight = free[0]
    return straight if _agrees(straight, data) else min(free, key=lambda rule: rule.error(data))


def _table(rules: list[_Rule], data: _Data) -> pd.DataFrame:
    rows = [
        {
            "rule": rule.name,
            "cap_rer": rule.cap if math.isfinite(rule.cap) else math.nan,
            "vo2": rule.vo2,
            "vco2": rule.vco2,
            "max_error": rule.error(data),
        }
        for rule in rules
    ]
    return pd.DataFrame(rows)


# ---- the data ----------------------------------------------------------------------------------------------------


def _read(recording: Recording) -> tuple[_Data, tuple[str, ...]]:
    energy = recording.device_energy_kcal_min
    if energy is None:
        do = "There is nothing to identify: choose an equation, and name it."
        raise DataError(Problem("the device wrote no energy column", file=recording.file, do=do))
    if len(energy) != len(recording.data):
        what = f"the energy column has {len(energy)} rows and the recording {len(recording.data)}"
        raise DataError(Problem(what, file=recording.file))
    gas = read_gas(recording, needs_vco2=True)
    values = np.asarray(pd.to_numeric(energy, errors="coerce").to_numpy(dtype=float))[gas.rows]
    there = np.isfinite(values) & (values > 0)
    assert gas.vco2 is not None
    data = _Data(gas.vo2[there], gas.vco2[there], values[there])
    _check(data, recording.file)
    lost = len(values) - int(there.sum())
    more = (f"{fmt.count(lost, 'row')} without a device energy left out.",) if lost else ()
    return data, (*gas.notes, *more)


def _check(data: _Data, file: str) -> None:
    if len(data.energy) < _FEWEST_ROWS:
        what = f"{fmt.count(len(data.energy), 'row')} with VO2, VCO2 and energy"
        raise FitError(Problem(what, file=file, do=f"At least {_FEWEST_ROWS} are needed to recover a rule."))
    if np.ptp(data.rer) < 0.01:
        what = f"RER is {data.rer[0]:.3f} in every row: VO2 and VCO2 cannot be told apart"
        raise FitError(Problem(what, file=file, do="Use a recording that goes from rest to work."))


def _step(values: FloatArray) -> float:
    """The last digit that the values were rounded to (1, 0.1 ... 1e-5); 0 if they have more digits than that."""
    for decimals in range(_DECIMALS + 1):
        scaled = values * 10.0**decimals
        if np.abs(scaled - np.round(scaled)).max() < 1e-6 * 10.0 ** min(decimals, 1):
            return 10.0**-decimals
    return 0.0


def _energy_step(values: FloatArray) -> float:
    """The same for energy, which may have been rounded per minute, hour or day; in kcal/min, the coarsest."""
    return max(_step(values * unit) / unit for unit in _ENERGY_UNITS)


# ---- the candidates ----------------------------------------------------------------------------------------------


def _registry() -> Iterator[_Rule]:
    """Each equation as it is, capped at 1, capped where carbohydrate is all; tables also from their lower end on."""
    for equation in EQUATIONS.values():
        caps = dict.fromkeys([math.inf, 1.0, equation.rer_carbohydrate]) if equation.needs_vco2 else [math.inf]
        floors = (0.0, equation.rer_fat) if equation.tabulated else (0.0,)
        for cap in caps:
            for floor in floors:
                yield _Rule(equation.id, equation.vo2, equation.vco2, floor, cap)


def _free_fits(data: _Data) -> list[_Rule]:
    """A straight line, and a line that ends in a constant (if one can be seen)."""
    a, b = _least_squares(data, math.inf)
    caps = [cap for cap in [_cap(data)] if cap is not None]
    return [_Rule(UNNAMED, a, b), *(_Rule(UNNAMED, *_least_squares(data, cap), cap=cap) for cap in caps)]


def _least_squares(data: _Data, cap: float) -> tuple[float, float]:
    counted = np.minimum(data.vco2, cap * data.vo2)
    found, *_ = np.linalg.lstsq(np.column_stack([data.vo2, counted]), data.energy, rcond=None)
    return float(found[0]), float(found[1])


def _cap(data: _Data) -> float | None:
    """Where a line in RER meets the constant that fits best above it; ``None`` if they do not meet at the cut."""
    order = np.argsort(data.rer, kind="stable")
    sorted_ = _Data(data.vo2[order], data.vco2[order], data.energy[order])
    cuts = range(3, len(order) - 1)  # two rows at least on the constant: one is met by any
    found = [(error, cap) for cut in cuts for error, cap in [_cut(sorted_, cut)] if math.isfinite(cap)]
    return min(found)[1] if found else None


def _cut(data: _Data, cut: int) -> tuple[float, float]:
    """Sum of squares and place of the bend, if the line holds for the first ``cut`` rows and the constant after."""
    below = np.column_stack([data.vo2[:cut], data.vco2[:cut]])
    (a, b), *_ = np.linalg.lstsq(below, data.energy[:cut], rcond=None)
    vo2, energy = data.vo2[cut:], data.energy[cut:]
    constant = float(vo2 @ energy / (vo2 @ vo2))
    cap = float((constant - a) / b) if b != 0 else math.nan
    # Rounding moves the bend a little past the rows beside the cut.
    if not data.rer[cut - 1] - 0.01 <= cap <= data.rer[cut] + 0.01:
        return math.inf, math.nan
    error = float(((below @ np.array([a, b]) - data.energy[:cut]) ** 2).sum() + ((constant * vo2 - energy) ** 2).sum())
    return error, cap
