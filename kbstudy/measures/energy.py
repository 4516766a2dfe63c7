"""Energy expenditure from oxygen uptake."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

__all__ = ["ENERGY_PER_LITRE_O2", "energy_rate"]

#: Kilocalories a litre of oxygen, by the name of the rule.
ENERGY_PER_LITRE_O2: Final = MappingProxyType({"constant_5_kcal_l": 5.0})


def energy_rate(vo2_l_min: float, *, equation: str = "constant_5_kcal_l") -> float:
    """Energy expenditure in kcal/min from oxygen uptake alone.

    Parameters
    ----------
    vo2_l_min
        Oxygen uptake, L/min STPD.
    equation
        ``"constant_5_kcal_l"``: 5 kcal a litre of oxygen, which corresponds to a respiratory exchange ratio of about
        0.96 (Lusk: 4.69 at 0.71, 5.05 at 1.00). The only rule possible where a paper reports no carbon dioxide.

    Returns
    -------
    float
        kcal/min, gross (rest included).

    When not to use
    ---------------
    If VCO2 was measured: an equation that uses it is better.

    References
    ----------
    Bushman B. Metabolic calculations in action. ACSM's Health & Fitness Journal 2020;24(4). (1 L O2 = about 5 kcal.)

    Examples
    --------
    >>> round(energy_rate(34.31 * 77.3 / 1000), 2)  # 34.31 mL/kg/min at 77.3 kg
    13.26
    """
    return vo2_l_min * ENERGY_PER_LITRE_O2[equation]
