"""Checks that need no assumption about size: RER = VCO2/VO2, VO2 over VO2/kg is one body mass, VE = RR times VT."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["ENOUGH", "Mass", "constant_mass", "rer_agrees", "ventilation_ratio"]

Floats = NDArray[np.float64]

_ROUNDING: Final = 0.03  # RER is often shown with two decimals, and VO2 of a quiet breath with three digits
#: Share of rows that must agree for an identity to hold.
ENOUGH: Final = 0.9


@dataclass(frozen=True)
class Mass:
    """Body mass that VO2 and VO2/kg imply: best value, the interval that their rounding leaves, share of rows."""

    kg: float
    low: float
    high: float
    share: float


def rer_agrees(vo2: Floats, vco2: Floats, rer: Floats) -> float | None:
    """Share of rows in which VCO2/VO2 is the RER; ``None`` if no row has all three.

    Examples
    --------
    >>> rer_agrees(np.array([1.0, 2.0]), np.array([0.9, 1.6]), np.array([0.9, 0.8]))
    1.0
    """
    usable = np.isfinite(vo2) & np.isfinite(vco2) & np.isfinite(rer) & (vo2 > 0) & (rer > 0)
    if not usable.any():
        return None
    ratio = vco2[usable] / vo2[usable]
    return float(np.mean(np.abs(ratio / rer[usable] - 1) <= _ROUNDING))


def ventilation_ratio(ve: Floats, rf: Floats, vt: Floats) -> float | None:
    """Median of VE / (RR x VT), which is 1 where all three share their conditions."""
    usable = np.isfinite(ve) & np.isfinite(rf) & np.isfinite(vt) & (rf > 0) & (vt > 0) & (ve > 0)
    return float(np.median(ve[usable] / (rf[usable] * vt[usable]))) if usable.any() else None


def constant_mass(vo2_ml: Floats, per_kg: Floats, vo2_step: float, per_kg_step: float) -> Mass | None:
    """The mass that most rows agree on.

    Parameters
    ----------
    vo2_ml, per_kg
        mL/min and mL/min/kg.
    vo2_step, per_kg_step
        What one unit of the last shown digit is worth, in the same units. Each row leaves an interval of masses.

    Returns
    -------
    Mass or None
        ``None`` if no row has both.

    Examples
    --------
    >>> constant_mass(np.array([3041.0, 298.0]), np.array([42.0, 4.0]), 1.0, 1.0).share
    1.0
    """
    usable = np.isfinite(vo2_ml) & np.isfinite(per_kg) & (vo2_ml > 0) & (per_kg > per_kg_step)
    if not usable.any():
        return None
    vo2, kg = vo2_ml[usable], per_kg[usable]
    # half a digit; then more, because a device may have rounded on the way
    for slack in (0.501, 1.0, 5.0):
        lows = (vo2 - slack * vo2_step) / (kg + slack * per_kg_step)
        highs = (vo2 + slack * vo2_step) / np.maximum(kg - slack * per_kg_step, 1e-6)
        low, high, share = _most_common(lows, highs)
        if share >= ENOUGH:
            break
    return Mass(_simplest(low, high), low, high, share)


def _most_common(lows: Floats, highs: Floats) -> tuple[float, float, float]:
    """The stretch that lies inside the most intervals."""
    edges = np.concatenate([lows, highs])
    steps = np.concatenate([np.ones_like(lows), -np.ones_like(highs)])
    order = np.lexsort((-steps, edges))
    inside = np.cumsum(steps[order])
    best = int(np.argmax(inside))
    low, high = float(edges[order][best]), float(edges[order][min(best + 1, len(order) - 1)])
    return low, high, float(inside[best]) / len(lows)


def _simplest(low: float, high: float) -> float:
    """The middle, written with as few decimals as stay well inside the interval."""
    middle, half = (low + high) / 2, (high - low) / 2
    for digits in (1, 2, 3, 4):
        if abs(round(middle, digits) - middle) <= 0.5 * half:
            return round(middle, digits)
    return middle
