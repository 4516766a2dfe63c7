"""Strength: one-repetition maximum from repetitions, grip and back extension by a stated protocol."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from kbstudy import formatting as fmt
from kbstudy.errors import DataError, PlanError, Problem, Problems, did_you_mean

__all__ = [
    "MOST_REPS",
    "NEWTONS_A_KILOGRAM",
    "ONE_REP_MAX_FORMULAS",
    "OneRepMax",
    "Strength",
    "back_extension",
    "grip",
    "one_rep_max",
]

FloatArray = npt.NDArray[np.float64]
Unit = Literal["kg", "N", "lb"]

#: The standard acceleration of gravity: 1 kg of force is so many newtons.
NEWTONS_A_KILOGRAM: Final = 9.80665
_KG_A_POUND: Final = 0.45359237
#: Newtons in one unit.
_NEWTONS: Final = {"N": 1.0, "kg": NEWTONS_A_KILOGRAM, "lb": _KG_A_POUND * NEWTONS_A_KILOGRAM}
#: With more repetitions the formulas diverge, and none of them was made for it.
MOST_REPS: Final = 12
#: kg of one hand. Nobody has more.
_STRONGEST_GRIP_KG: Final = 120.0


# ---- one-repetition maximum --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Formula:
    """One prediction formula: the factor on the load at ``r`` repetitions, in words, and where it comes from."""

    factor: Callable[[FloatArray], FloatArray]
    text: str
    source: str


#: The six formulas by name.
ONE_REP_MAX_FORMULAS: Final = {
    "epley": Formula(
        lambda r: 1 + r / 30, "w (1 + r / 30)", "Epley B (1985). Poundage chart. Boyd Epley Workout. Lincoln, NE."
    ),
    "brzycki": Formula(
        lambda r: 36 / (37 - r),
        "36 w / (37 - r)",
        "Brzycki M (1993). Strength testing: predicting a one-rep max from reps-to-fatigue. J Phys Educ Recreat Dance "
        "64(1):88–90. doi:10.1080/07303084.1993.10606684",
    ),
    "lombardi": Formula(
        lambda r: r**0.10, "w r^0.10", "Lombardi VP (1989). Beginning Weight Training. Dubuque: W.C. Brown."
    ),
    "mayhew": Formula(
        lambda r: 100 / (52.2 + 41.9 * np.exp(-0.055 * r)),
        "100 w / (52.2 + 41.9 exp(-0.055 r))",
        "Mayhew JL, Ball TE, Arnold MD, Bowen JC (1992). Relative muscular endurance performance as a predictor of "
        "bench press strength in college men and women. J Appl Sport Sci Res 6(4):200–206.",
    ),
    "oconner": Formula(
        lambda r: 1 + 0.025 * r,
        "w (1 + 0.025 r)",
        "O'Conner B, Simmons J, O'Shea P (1989). Weight Training Today. St Paul: West.",
    ),
    "wathan": Formula(
        lambda r: 100 / (48.8 + 53.8 * np.exp(-0.075 * r)),
        "100 w / (48.8 + 53.8 exp(-0.075 r))",
        "Wathan D (1994). Load assignment. In: Baechle TR (ed). Essentials of Strength Training and Conditioning. "
        "Champaign: Human Kinetics (coefficients from memory).",
    ),
}


@dataclass(frozen=True, repr=False)
class OneRepMax:
    """Estimated one-repetition maxima, with how far the formulas disagree.

    Parameters
    ----------
    frame
        One row a set: ``load_kg, reps, estimate_kg`` (by the chosen formula), ``low_kg, high_kg`` (the spread over all
        formulas), then one column a formula. On the index of the data if Series were given.
    formula
        The chosen formula's name.
    """

    frame: pd.DataFrame
    formula: str

    @property
    def estimate_kg(self) -> Any:
        """The estimate: a number for one set, else a Series."""
        return self._of("estimate_kg")

    @property
    def low_kg(self) -> Any:
        """The smallest over the six formulas."""
        return self._of("low_kg")

    @property
    def high_kg(self) -> Any:
        """The largest over the six formulas."""
        return self._of("high_kg")

    @property
    def spread_kg(self) -> Any:
        """Largest minus smallest: what the choice of a formula alone decides."""
        spread = self.frame["high_kg"] - self.frame["low_kg"]
        return float(spread.iloc[0]) if len(spread) == 1 else spread.rename("spread_kg")

    def _of(self, column: str) -> Any:
        values = self.frame[column]
        return float(values.iloc[0]) if len(values) == 1 else values

    def table(self) -> pd.DataFrame:
        """Each set with its estimate and the spread, rounded."""
        shown = {
            "Load (kg)": [fmt.plain(round(v, 2)) for v in self.frame["load_kg"]],
            "Repetitions": [fmt.number(v, 0) for v in self.frame["reps"]],
            f"1RM (kg), {self.formula}": [fmt.number(v, 1) for v in self.frame["estimate_kg"]],
            "All six formulas (kg)": [
                fmt.interval(low, high, 1)
                for low, high in zip(self.frame["low_kg"], self.frame["high_kg"], strict=True)
            ],
        }
        return pd.DataFrame(shown, index=self.frame.index)

    def sentence(self) -> str:
        """One sentence: the estimate of a single set, or the widest spread of several."""
        if self.frame.empty:
            return "No set was given."
        if len(self.frame) == 1:
            first = self.frame.iloc[0]
            span = fmt.interval(first["low_kg"], first["high_kg"], 1)
            set_ = f"{fmt.number(first['reps'], 0)} × {fmt.plain(first['load_kg'])} kg"
            estimate = fmt.number(first["estimate_kg"], 1)
            return f"Estimated 1RM {estimate} kg ({self.formula}, {set_}; {span} kg over the six formulas)."
        share = 100 * ((self.frame["high_kg"] - self.frame["low_kg"]) / self.frame["estimate_kg"]).max()
        return (
            f"1RM estimated from {len(self.frame)} sets ({self.formula}); the six formulas differ by up to "
            f"{fmt.number(share, 1)}% of the estimate."
        )

    def methods(self) -> str:
        """The formula with its reference."""
        used = ONE_REP_MAX_FORMULAS[self.formula]
        return (
            f"One-repetition maxima were estimated from load w and repetitions to failure r by {used.text}; a single "
            f"repetition is its own maximum. The spread is over {fmt.words(list(ONE_REP_MAX_FORMULAS))}. {used.source}"
        )

    def __str__(self) -> str:
        return "\n".join([self.table().to_string(), self.sentence(), self.methods()])

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        said = f"<p>{html.escape(self.sentence())}</p>{fmt.html_small([self.methods()])}"
        return fmt.html_table(self.table()) + said


def one_rep_max(load_kg: Any, reps: Any, *, formula: str) -> OneRepMax:
    """The load that could be lifted once, from a load lifted several times to failure.

    Parameters
    ----------
    load_kg
        Load, kg: a number, or one a set. Above 0.
    reps
        Repetitions to failure with it: whole numbers, 1 to 12; a number, or one a set.
    formula
        ``"epley"``, ``"brzycki"``, ``"lombardi"``, ``"mayhew"``, ``"oconner"`` or ``"wathan"``. There is no default,
        because the choice moves the estimate: by 6 % at five repetitions, by 11 % at twelve.

    Returns
    -------
    OneRepMax
        ``.estimate_kg``, and ``.low_kg`` to ``.high_kg`` over all six formulas. NaN where load or repetitions are
        missing.

    Raises
    ------
    PlanError
        If there is no such formula, or loads and repetitions do not belong together.
    DataError
        If a load is not above 0, or repetitions are not whole, below 1 or above 12; all of them at once.

    When not to use
    ---------------
    For sets that were not to failure. For ballistic lifts such as swings. As a measured 1RM: say that it was estimated.
    To compare people or visits whose repetitions differ, because then the formula is part of the difference.

    Notes
    -----
    The formulas are listed in :data:`ONE_REP_MAX_FORMULAS`. All give the load for one repetition here; only Brzycki's
    and Lombardi's do so by themselves.

    References
    ----------
    LeSuer et al. 1997, J Strength Cond Res 11(4):211-213, compares them.

    Validated against
    -----------------
    Arithmetic by hand, ``tests/measures/test_strength.py``.

    Examples
    --------
    >>> print(one_rep_max(100, 5, formula="epley").sentence())
    Estimated 1RM 116.7 kg (epley, 5 × 100 kg; 112.5 to 119.0 kg over the six formulas).
    """
    if formula not in ONE_REP_MAX_FORMULAS:
        known = list(ONE_REP_MAX_FORMULAS)
        what = f'formula="{formula}" is not a formula{did_you_mean(str(formula), known)}'
        raise PlanError(Problem(what, do=f"Known: {', '.join(known)}."))
    loads, counts, index = _sets(load_kg, reps)
    _check_sets(loads, counts, index)
    with np.errstate(invalid="ignore"):
        factors = {
            name: np.where(counts == 1, 1.0, entry.factor(counts)) for name, entry in ONE_REP_MAX_FORMULAS.items()
        }
    by_name = {name: loads * factor for name, factor in factors.items()}
    every = np.stack(list(by_name.values()))
    columns = {"load_kg": loads, "reps": counts, "estimate_kg": by_name[formula], "low_kg": every.min(axis=0)}
    return OneRepMax(pd.DataFrame({**columns, "high_kg": every.max(axis=0), **by_name}, index=index), formula)


def _sets(load_kg: Any, reps: Any) -> tuple[FloatArray, FloatArray, pd.Index]:
    """Loads and repetitions side by side; two Series are matched by their order, and must have one index."""
    index = next((given.index for given in (load_kg, reps) if isinstance(given, pd.Series)), None)
    if isinstance(load_kg, pd.Series) and isinstance(reps, pd.Series) and not load_kg.index.equals(reps.index):
        do = "Take both from the same frame."
        raise PlanError(Problem("loads and repetitions have different indices", do=do))
    loads, counts = _floats(load_kg, "load_kg"), _floats(reps, "reps")
    try:
        loads, counts = (np.array(side) for side in np.broadcast_arrays(loads, counts))
    except ValueError:
        do = "Give one number of repetitions a load."
        raise PlanError(Problem(f"{loads.size} loads and {counts.size} repetitions", do=do)) from None
    return loads, counts, index if index is not None and len(index) == loads.size else pd.RangeIndex(loads.size)


def _floats(given: Any, what: str) -> FloatArray:
    if isinstance(given, bool | str):
        raise DataError(Problem(f"{what} is {given!r}, not a number", do="Give numbers."))
    try:
        return np.atleast_1d(np.asarray(pd.array(np.ravel(given)).to_numpy(dtype="float64", na_value=np.nan)))
    except (TypeError, ValueError):
        raise DataError(Problem(f"{what} holds something that is not a number", do="Make it numeric first.")) from None


def _check_sets(loads: FloatArray, reps: FloatArray, index: pd.Index) -> None:
    problems = Problems()
    for i in np.flatnonzero(~np.isnan(loads) & ~((loads > 0) & np.isfinite(loads))):
        do = "Enter the load in kg, with the bar; for body-weight exercises the formulas do not hold."
        problems.add(Problem(f"{_set(index, i)}a load of {fmt.plain(loads[i])} kg", do=do))
    for i in np.flatnonzero(~np.isnan(reps)):
        found = f"{_set(index, i)}{fmt.plain(reps[i])} repetitions"
        if reps[i] != np.round(reps[i]):
            problems.add(Problem(found, do="Repetitions are counted: give whole numbers."))
        elif reps[i] < 1:
            do = (
                "Without one full repetition nothing was lifted, so there is nothing to estimate: leave the cell empty."
            )
            problems.add(Problem(found, do=do))
        elif reps[i] > MOST_REPS:
            do = (
                f"Above {MOST_REPS} the formulas disagree widely and none of them was made for it: test again, heavier."
            )
            problems.add(Problem(found, do=do))
    problems.raise_as(DataError)


def _set(index: pd.Index, i: Any) -> str:
    return f"row {index[i]}: " if len(index) > 1 else ""


# ---- several trials, one value -----------------------------------------------------------------------------------


@dataclass(frozen=True, repr=False)
class Strength:
    """One value a person, from several trials by a stated protocol.

    Parameters
    ----------
    frame
        The values (columns named with their unit), ``trials`` (how many there were) and ``reason`` (why there is no
        value), on the index of the data.
    what, protocol, unit
        What was measured, how several trials became one value, and the unit of the trials as given.
    said
        Further sentences for the methods section.
    """

    frame: pd.DataFrame
    what: str
    protocol: str
    unit: str
    said: tuple[str, ...] = ()

    @property
    def value(self) -> Any:
        """The first column of values: a number for one person, else a Series."""
        values = self.frame.iloc[:, 0]
        return float(values.iloc[0]) if len(values) == 1 else values

    def table(self) -> pd.DataFrame:
        """The frame, rounded."""
        return pd.DataFrame(
            {
                column: [fmt.number(v, 3 if column.endswith("_kg") and "nm" in column else 1) for v in values]
                if pd.api.types.is_float_dtype(values)
                else [str(v) for v in values]
                for column, values in self.frame.items()
            },
            index=self.frame.index,
        )

    def sentence(self) -> str:
        """How many people have a value."""
        n, there = len(self.frame), int(self.frame.iloc[:, 0].notna().sum())
        return f"{self.what} ({self.protocol.replace('_', ' ')}): {fmt.percent(there, n)} with a value."

    def methods(self) -> str:
        """The protocol and the units, for the methods section."""
        how, n = _protocol(self.protocol)
        kept = "the highest" if how == "best" else "the mean"
        first = f"{self.what}: {kept} of {fmt.count(n, 'trial')}, recorded in {self.unit}"
        return " ".join([f"{first}; without all of them there is no value.", *self.said])

    def __str__(self) -> str:
        return "\n".join([self.table().to_string(), self.sentence(), self.methods()])

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        return f"{fmt.html_table(self.table())}{fmt.html_small([self.methods()])}"


def _protocol(protocol: str) -> tuple[str, int]:
    found = re.fullmatch(r"(best|mean)_of_([1-9]\d?)", protocol) if isinstance(protocol, str) else None
    if found is None:
        what = f"protocol={protocol!r} is not a protocol"
        do = 'Say how the trials become one value, and how many there are: "mean_of_3", "best_of_3", "best_of_6" …'
        raise PlanError(Problem(what, do=do))
    return found[1], int(found[2])


def _newtons(unit: str) -> float:
    if unit not in _NEWTONS:
        raise PlanError(
            Problem(f'unit="{unit}" is not a unit of force here', do=f"Give {fmt.words(list(_NEWTONS), 'or')}.")
        )
    return _NEWTONS[unit]


def _trials(trials: Any, protocol: str, what: str) -> tuple[FloatArray, pd.Index, str, int]:
    """People by trials. A flat sequence is the trials of one person."""
    how, n = _protocol(protocol)
    if isinstance(trials, pd.DataFrame):
        table, index, names = trials, trials.index, [str(column) for column in trials]
    else:
        flat = trials.to_numpy() if isinstance(trials, pd.Series) else trials
        table = pd.DataFrame(np.atleast_2d(np.asarray(flat, dtype="object")))
        index, names = table.index, [f"trial {number}" for number in range(1, table.shape[1] + 1)]
    if table.shape[1] != n:
        do = f'"{protocol}" needs {fmt.count(n, "trial")} a person, one column each; leave a missing one empty.'
        raise PlanError(Problem(f"{fmt.count(table.shape[1], 'trial')} a person in {what}", do=do))
    try:
        values = np.stack([_floats(table.iloc[:, j], names[j]) for j in range(n)], axis=1)
    except DataError as error:
        raise DataError([Problem(p.what, do="Make the trials numeric first.") for p in error.problems]) from None
    problems = Problems()
    for i, j in zip(*np.nonzero((values < 0) | np.isinf(values)), strict=True):
        do = "A force is not negative: correct the value or the sign of the device."
        problems.add(Problem(f"{_set(index, i)}{fmt.plain(values[i, j])}", column=names[j], do=do))
    problems.raise_as(DataError)
    return values, index, how, n


def _one_value(values: FloatArray, how: str) -> FloatArray:
    """Best or mean of the trials; a missing trial leaves no value, because the best of two is not the best of three."""
    chosen: FloatArray = values.max(axis=1) if how == "best" else values.mean(axis=1)
    return chosen


def _reasons(values: FloatArray, n: int) -> list[str]:
    there = (~np.isnan(values)).sum(axis=1)
    return ["" if k == n else f"{k} of {n} trials" for k in there]


def grip(trials: Any, *, protocol: str, unit: Unit) -> Strength:
    """Handgrip strength of one hand from several trials, in kg.

    Parameters
    ----------
    trials
        A frame with one row a person and one column a trial, or the trials of one person; in ``unit``. Trials of two
        hands belong together only where the protocol says so (the best of six is three a side).
    protocol
        ``"mean_of_3"`` (American Society of Hand Therapists), ``"best_of_6"`` (Southampton), ``"best_of_3"`` …: the
        field has several, and they give different values.
    unit
        ``"kg"``, ``"N"`` or ``"lb"``.

    Returns
    -------
    Strength
        ``.frame`` with ``grip_kg``, ``trials`` and ``reason``; a person with a trial missing has no value.

    Raises
    ------
    PlanError
        An unknown protocol or unit, or another number of trials than the protocol names.
    DataError
        Values that are not numbers, negative, or above 120 kg (another unit).

    When not to use
    ---------------
    To pool studies with different protocols: the best of several lies above their mean.

    Notes
    -----
    1 kg = 9.80665 N; 1 lb = 0.45359237 kg.

    References
    ----------
    Roberts et al. 2011, Age Ageing 40:423-429, doi:10.1093/ageing/afr051, compares the protocols.

    Validated against
    -----------------
    Arithmetic by hand, ``tests/measures/test_strength.py``.

    Examples
    --------
    >>> grip([38, 41, 40], protocol="best_of_3", unit="kg").value
    41.0
    """
    newtons = _newtons(unit)
    values, index, how, n = _trials(trials, protocol, "grip")
    kg = values * (newtons / NEWTONS_A_KILOGRAM) if unit != "kg" else values
    problems = Problems()
    for i, j in zip(*np.nonzero(kg > _STRONGEST_GRIP_KG), strict=True):
        what = f"{_set(index, i)}trial {j + 1}: {fmt.plain(values[i, j])} {unit}"
        what += f" is {fmt.number(kg[i, j], 0)} kg" if unit != "kg" else ""
        problems.add(Problem(what, do="No hand is stronger than 120 kg: check the value and unit= (kg, N or lb)."))
    problems.raise_as(DataError)
    columns = {"grip_kg": _one_value(kg, how), "trials": (~np.isnan(kg)).sum(axis=1), "reason": _reasons(kg, n)}
    said = () if unit == "kg" else (f"Converted to kg ({_conversion(unit)}).",)
    return Strength(pd.DataFrame(columns, index=index), "Handgrip strength", protocol, unit, said)


def _conversion(unit: str) -> str:
    return "1 kg = 9.80665 N" if unit == "N" else "1 lb = 0.45359237 kg"


def back_extension(
    trials: Any,
    *,
    protocol: str,
    gravity: float | Sequence[float] | pd.Series | Literal["corrected", "not_corrected"],
    unit: Unit = "N",
    lever_m: Any = None,
    body_mass_kg: Any = None,
) -> Strength:
    """Isometric back extension from several trials: force, and torque where the lever arm is known.

    Parameters
    ----------
    trials
        A frame with one row a person and one column a trial, or the trials of one person; peak force in ``unit``.
    protocol
        ``"best_of_3"``, ``"mean_of_3"`` …
    gravity
        What was done about the weight of the trunk: ``"corrected"`` (by the device), ``"not_corrected"``, or the force
        at rest in the test position, N, a number or one a person. That force is added, so it is positive where
        gravity works against the effort (prone) and negative where it helps.
    unit
        Of the trials: ``"N"``, ``"kg"`` or ``"lb"``.
    lever_m
        Distance from the axis (L5/S1) to the pad, m; a number or one a person.
    body_mass_kg
        Body mass, kg; a number or one a person.

    Returns
    -------
    Strength
        ``.frame`` with ``force_n``; ``torque_nm`` with a lever; ``force_n_kg`` or ``torque_nm_kg`` with body mass; then
        ``trials`` and ``reason``.

    Raises
    ------
    PlanError
        An unknown protocol, unit or gravity correction, or lengths that do not fit.
    DataError
        Values that are not numbers or negative, a lever beyond 1 m, a body mass outside 20 to 300 kg.

    When not to use
    ---------------
    To compare forces between devices with different lever arms: compare torques. As a baseline of people who never did
    the test: values rise on retest without training.

    Notes
    -----
    ``torque = force × lever``; 1 kg = 9.80665 N; 1 lb = 0.45359237 kg.

    References
    ----------
    Kienbacher et al. 2016: values rise on retest in people under 60 (n = 210).

    Validated against
    -----------------
    Arithmetic by hand, ``tests/measures/test_strength.py``.

    Examples
    --------
    >>> held = back_extension([610, 640, 655], protocol="best_of_3", gravity=120, lever_m=0.3, body_mass_kg=75)
    >>> print(held.frame.round(2).iloc[0].to_dict())
    {'force_n': 775.0, 'torque_nm': 232.5, 'torque_nm_kg': 3.1, 'trials': 3, 'reason': ''}
    """
    newtons = _newtons(unit)
    values, index, how, n = _trials(trials, protocol, "back extension")
    at_rest, said = _gravity(gravity, len(values))
    force = _one_value(values * newtons, how) + at_rest
    columns: dict[str, Any] = {"force_n": force}
    mass = _a_person(body_mass_kg, len(values), "body_mass_kg", 20, 300) if body_mass_kg is not None else None
    if lever_m is not None:
        columns["torque_nm"] = force * _a_person(lever_m, len(values), "lever_m", 0.01, 1.0)
    if mass is not None:
        columns["torque_nm_kg" if lever_m is not None else "force_n_kg"] = columns.get("torque_nm", force) / mass
    columns |= {"trials": (~np.isnan(values)).sum(axis=1), "reason": _reasons(values, n)}
    notes = (
        [said] if unit == "N" else [said, f"Converted to N (1 kg = {NEWTONS_A_KILOGRAM} N; 1 lb = {_KG_A_POUND} kg)."]
    )
    return Strength(pd.DataFrame(columns, index=index), "Isometric back extension", protocol, unit, tuple(notes))


def _gravity(gravity: Any, n: int) -> tuple[FloatArray, str]:
    if isinstance(gravity, str):
        if gravity == "corrected":
            return np.zeros(n), "The device corrected for the weight of the trunk."
        if gravity == "not_corrected":
            return np.zeros(n), "The weight of the trunk was not corrected for."
        do = 'Give "corrected", "not_corrected", or the force at rest in the test position in N.'
        raise PlanError(Problem(f'gravity="{gravity}" is not known', do=do))
    at_rest = _a_person(gravity, n, "gravity", -1000, 1000)
    return at_rest, "The force at rest in the test position was added (weight of the trunk)."


def _a_person(given: Any, n: int, what: str, low: float, high: float) -> FloatArray:
    """One number for all, or one a person, within what can be."""
    values = _floats(given, what)
    if values.size not in (1, n):
        raise PlanError(
            Problem(
                f"{what} has {values.size} values for {fmt.count(n, 'person', 'people')}",
                do="Give one number, or one a person.",
            )
        )
    wrong = values[(values < low) | (values > high)]
    do = f"{what} has to lie between {fmt.plain(low)} and {fmt.plain(high)}: check the unit, which stands in its name."
    if wrong.size:
        raise DataError([Problem(f"{what} of {fmt.plain(value)}", do=do) for value in wrong])
    return np.broadcast_to(values, n).astype("float64")
