"""The columns of a layout as numbers in canonical units; units come from evidence, not from size."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import product
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kbstudy.errors import DataError, Problem, ReadError
from kbstudy.readers.gas_exchange import identities
from kbstudy.readers.gas_exchange.layout import Column, Layout
from kbstudy.readers.gas_exchange.numbers import Numbers, decimals, read_numbers
from kbstudy.readers.gas_exchange.units import CANONICAL, DIMENSION, conversion, needs_unit, unit_text
from kbstudy.readers.source import Source
from kbstudy.recording import Issue

__all__ = ["Values", "read_values"]

Floats = NDArray[np.float64]

#: Body masses, in kg, between which VO2 over VO2/kg must lie.
MASSES: Final = (10.0, 400.0)
#: Without these two the file is of no use; every other column can be left out.
_NEEDED: Final = ("vo2", "vco2")
_UNIT_ADVICE: Final = (
    'Say the unit: mapping = {{"{0}": ("{1}", "mL/min"), ...}}, or write a profile with '
    "kbstudy inspect FILE --write-profile, and edit it."
)


@dataclass
class Values:
    """Columns by quantity in canonical units, what one shown digit is worth in them, and what was odd.

    ``unitless`` are loads without a unit: they are kept as they are, because they tell work from rest.
    """

    columns: dict[str, Floats] = field(default_factory=dict)
    steps: dict[str, float] = field(default_factory=dict)
    issues: list[Issue] = field(default_factory=list)
    unitless: set[str] = field(default_factory=set)

    def get(self, quantity: str) -> Floats | None:
        """The column, ``None`` if the file has none."""
        return self.columns.get(quantity)


def read_values(source: Source, layout: Layout) -> Values:
    """Read every numeric column.

    Raises
    ------
    ReadError
        If the unit of VO2 or VCO2 is not known and no identity settles it.
    DataError
        If the columns contradict each other: RER is not VCO2/VO2, or VO2 over VO2/kg is no body mass.
    """
    values = Values()
    raw = {key: read_numbers(layout.cells(key)) for key in layout.columns if key in DIMENSION and key != "time"}
    for key, numbers in raw.items():
        _tell_odd(values, layout, key, numbers)
    factors = _factors(source, layout, raw, values)
    chosen = _settled(source, layout, raw, factors, values)
    for key, factor in factors.items():
        values.columns[key] = chosen[key] * factor
        values.steps[key] = 10.0 ** -decimals(layout.cells(key), chosen[key]) * factor
    _check(source, layout, values)
    return values


def _tell_odd(values: Values, layout: Layout, key: str, numbers: Numbers) -> None:
    if numbers.odd:
        place, text = numbers.odd[0]
        what = f'column "{layout.columns[key].name}" has "{text[:30]}", which is not a number'
        values.issues.append(Issue(what, "taken as missing", layout.row(place), len(numbers.odd)))


# ---- units -------------------------------------------------------------------------------------------------------


def _factors(source: Source, layout: Layout, raw: dict[str, Numbers], values: Values) -> dict[str, float]:
    factors: dict[str, float] = {}
    for key in sorted(raw, key=_rank):
        column = layout.columns[key]
        factor = _stated(layout, key)
        factor = _implied(layout, key, raw, factors) if factor is None and not _unit(layout, key) else factor
        if factor is not None:
            factors[key] = factor
        elif key in {"power", "speed"} and not _unit(layout, key):
            factors[key] = 1.0
            values.unitless.add(key)
            values.issues.append(Issue(f'column "{column.name}" has no unit', "kept as it is", layout.header + 1))
        elif key in _NEEDED:
            raise _no_unit(source, layout, key, column)
        else:
            values.issues.append(_left_out(layout, key, column))
    return factors


def _rank(key: str) -> int:
    """VO2 first: other units can follow from it."""
    return {"vo2": 0, "vco2": 1}.get(key, 2)


def _unit(layout: Layout, key: str) -> str:
    column = layout.columns[key]
    return column.unit if unit_text(column.unit) else layout.documented.get(key, "")


def _stated(layout: Layout, key: str) -> float | None:
    """The factor of the unit in the file or the documentation; rates and percentages have one unit in use."""
    unit = _unit(layout, key)
    if not unit and not needs_unit(key):
        return 1.0
    return conversion(key, unit)


def _implied(layout: Layout, key: str, raw: dict[str, Numbers], known: dict[str, float]) -> float | None:
    """The factor that an identity implies: VO2 over VO2/kg must be a body mass, VCO2 over VO2 must be the RER."""
    if key == "vo2" and "vo2_kg" in raw:
        per_kg = raw["vo2_kg"].values * (_stated(layout, "vo2_kg") or 1.0)
        return _scale_by_mass(raw["vo2"].values, per_kg)
    if key == "vo2_kg" and "vo2" in known:
        return 1.0 if _scale_by_mass(raw["vo2"].values * known["vo2"], raw["vo2_kg"].values) == 1.0 else None
    if key == "vco2" and "vo2" in known and "rer" in raw:
        share = identities.rer_agrees(raw["vo2"].values, raw["vco2"].values, raw["rer"].values)
        return known["vo2"] if (share or 0.0) >= identities.ENOUGH else None
    return None


def _scale_by_mass(vo2: Floats, per_kg: Floats) -> float | None:
    """1e-3 if VO2 is in mL/min, 1 if it is in L/min, judged by the mass that VO2 over mL/min/kg gives."""
    usable = (vo2 > 0) & (per_kg > 0)
    if not usable.any():
        return None
    mass = float(np.median(vo2[usable] / per_kg[usable]))
    scales = [factor for factor in (1e-3, 1.0) if MASSES[0] <= mass * factor * 1000 <= MASSES[1]]
    return scales[0] if len(scales) == 1 else None


def _no_unit(source: Source, layout: Layout, key: str, column: Column) -> ReadError:
    wrong = (
        f'has the unit "{column.unit}", which is not one of {key.upper()}' if unit_text(column.unit) else "has no unit"
    )
    what = f'column "{column.name}" {wrong}, and neither VO2/kg nor RER tells it'
    do = "Millilitres taken for litres are wrong a thousandfold. " + _UNIT_ADVICE.format(f"{key}_l_min", column.name)
    return ReadError(Problem(what, file=source.name, row=layout.header + 1, column=column.name, do=do))


def _left_out(layout: Layout, key: str, column: Column) -> Issue:
    unit = f'the unit "{column.unit}"' if unit_text(column.unit) else "no unit"
    wanted = CANONICAL.get(DIMENSION[key], "")
    return Issue(f'column "{column.name}" has {unit} (wanted: {wanted})', "column left out", layout.header + 1)


# ---- decimal marks -----------------------------------------------------------------------------------------------


def _settled(
    source: Source, layout: Layout, raw: dict[str, Numbers], factors: dict[str, float], values: Values
) -> dict[str, Floats]:
    """Settle columns whose every text reads both ways (1.234): by an identity, else by the other columns' mark."""
    chosen = {key: numbers.values for key, numbers in raw.items()}
    unsure = [key for key in factors if raw[key].other is not None]
    tied = [key for key in unsure if key in {"vo2", "vco2", "vo2_kg"}]
    readings = list(product(*[_readings(raw[key]) for key in tied]))
    scores = [_score({**chosen, **dict(zip(tied, reading, strict=True))}, factors) for reading in readings]
    best = [reading for reading, score in zip(readings, scores, strict=True) if score >= max(scores) - 0.1]
    if len(best) == 1:
        chosen |= dict(zip(tied, best[0], strict=True))
    proven = {numbers.mark for numbers in raw.values() if numbers.other is None and _has_mark(numbers)}
    for key in unsure:
        if (key not in tied or len(best) > 1) and raw[key].mark not in proven:
            _unsettled(source, layout, key, raw[key], values)
    return chosen


def _readings(numbers: Numbers) -> tuple[Floats, Floats]:
    return numbers.values, numbers.values if numbers.other is None else numbers.other


def _has_mark(numbers: Numbers) -> bool:
    finite = numbers.values[np.isfinite(numbers.values)]
    return bool((finite != np.round(finite)).any())


def _score(columns: dict[str, Floats], factors: dict[str, float]) -> float:
    """How many of the two identities hold."""
    scaled = {key: columns[key] * factor for key, factor in factors.items()}
    vo2, vco2, rer, per_kg = (scaled.get(key) for key in ("vo2", "vco2", "rer", "vo2_kg"))
    score = 0.0
    if vo2 is not None and vco2 is not None and rer is not None:
        score += identities.rer_agrees(vo2, vco2, rer) or 0.0
    if vo2 is not None and per_kg is not None:
        score += _scale_by_mass(vo2, per_kg) == 1.0
    return score


def _unsettled(source: Source, layout: Layout, key: str, numbers: Numbers, values: Values) -> None:
    column = layout.columns[key]
    example = f'column "{column.name}": "{numbers.mark}" may be a decimal mark or separate thousands'
    if key in _NEEDED:
        do = "The two differ a thousandfold. Export with another number of decimals, or with VO2/kg and RER beside it."
        raise DataError(Problem(example, file=source.name, row=layout.row(0), column=column.name, do=do))
    values.issues.append(Issue(example, "taken as a decimal mark", layout.row(0)))


# ---- contradictions ----------------------------------------------------------------------------------------------


def _check(source: Source, layout: Layout, values: Values) -> None:
    vo2, vco2, rer = values.get("vo2"), values.get("vco2"), values.get("rer")
    if vo2 is not None and vco2 is not None and rer is not None:
        share = identities.rer_agrees(vo2, vco2, rer)
        if share is not None and share < 0.5:
            raise _contradiction(source, layout, vo2, vco2, rer)
        if share is not None and share < identities.ENOUGH:
            what = f"RER differs from VCO2/VO2 by more than 3% in {1 - share:.0%} of the rows"
            values.issues.append(Issue(what, "all three kept as they are"))
    per_kg = values.get("vo2_kg")
    if vo2 is not None and per_kg is not None:
        _check_mass(source, layout, vo2, per_kg)


def _contradiction(source: Source, layout: Layout, vo2: Floats, vco2: Floats, rer: Floats) -> DataError:
    usable = (vo2 > 0) & (rer > 0) & np.isfinite(vco2)
    ratio, shown = float(np.median(vco2[usable] / vo2[usable])), float(np.median(rer[usable]))
    name = layout.columns["rer"].name
    what = f'VCO2/VO2 is {ratio:.3g} (median), but the column "{name}" says {shown:.3g}'
    do = "Columns are swapped or a unit is wrong; every result would be. Check the names and units of VO2 and VCO2 in "
    return DataError(Problem(what, file=source.name, row=layout.header + 1, column=name, do=do + "the file."))


def _check_mass(source: Source, layout: Layout, vo2: Floats, per_kg: Floats) -> None:
    usable = (vo2 > 0) & (per_kg > 0)
    mass = float(np.median(1000 * vo2[usable] / per_kg[usable])) if usable.any() else np.nan
    if not np.isnan(mass) and not MASSES[0] <= mass <= MASSES[1]:
        names = layout.columns["vo2"].name, layout.columns["vo2_kg"].name
        what = f'"{names[0]}" divided by "{names[1]}" would be a body mass of {mass:.3g} kg'
        do = "The two columns are swapped, or the unit of one is wrong. Check the names and units in the file."
        raise DataError(Problem(what, file=source.name, row=layout.header + 1, column=names[0], do=do))
