"""What running at a pace costs, and metabolic equivalents: two running equations and a few tabulated values."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from kbstudy import formatting as fmt
from kbstudy.errors import PlanError, Problem, did_you_mean

__all__ = [
    "ACSM_RUNNING_FROM_M_MIN",
    "COMPENDIUM",
    "METRES_A_MILE",
    "ML_KG_MIN_A_MET",
    "Tabulated",
    "acsm_running_speed",
    "acsm_running_vo2",
    "daniels_running_speed",
    "daniels_running_vo2",
    "met_energy_rate",
    "mile_pace",
    "mile_pace_text",
    "mile_speed",
    "running_energy_rates",
    "tabulated",
]

#: Metres in a mile.
METRES_A_MILE: Final = 1609.344
#: mL/kg/min of oxygen in one MET, by convention. Measured resting uptake differs from it.
ML_KG_MIN_A_MET: Final = 3.5
#: m/min. The ACSM running equation is meant for speeds above this.
ACSM_RUNNING_FROM_M_MIN: Final = 134.0

_ACSM: Final = (3.5, 0.2)
_DANIELS: Final = (-4.60, 0.182258, 0.000104)


# ---- pace and speed ----------------------------------------------------------------------------------------------


def mile_speed(pace_s_per_mile: float) -> float:
    """Speed in m/min of a pace in seconds a mile.

    Raises
    ------
    PlanError
        If the pace is not a number above 0.

    Examples
    --------
    >>> round(mile_speed(360), 3)  # a mile in six minutes
    268.224
    """
    return 60.0 * METRES_A_MILE / _positive(pace_s_per_mile, "a pace", "s/mile")


def mile_pace(speed_m_min: float) -> float:
    """Pace in seconds a mile of a speed in m/min; the inverse of :func:`mile_speed`.

    Raises
    ------
    PlanError
        If the speed is not a number above 0.

    Examples
    --------
    >>> round(mile_pace(268.224), 6)
    360.0
    """
    return 60.0 * METRES_A_MILE / _positive(speed_m_min, "a speed", "m/min")


def mile_pace_text(pace_s_per_mile: float) -> str:
    """``11:27``: minutes and seconds a mile, to the nearest second.

    Raises
    ------
    PlanError
        If the pace is not a number above 0.

    Examples
    --------
    >>> mile_pace_text(687.2), mile_pace_text(359.7)
    ('11:27', '6:00')
    """
    minutes, seconds = divmod(round(_positive(pace_s_per_mile, "a pace", "s/mile")), 60)
    return f"{minutes}:{seconds:02d}"


# ---- running equations -------------------------------------------------------------------------------------------


def acsm_running_vo2(speed_m_min: float) -> float:
    """Oxygen uptake of level running by the equation of the American College of Sports Medicine.

    Parameters
    ----------
    speed_m_min
        Speed, m/min.

    Returns
    -------
    float
        mL/kg/min, gross (rest included).

    Raises
    ------
    PlanError
        If the speed is not a number above 0.

    When not to use
    ---------------
    For walking, below about 134 m/min (:data:`ACSM_RUNNING_FROM_M_MIN`), uphill, or where running is not steady:
    sprints and intervals. For one person: people differ in economy.

    Notes
    -----
    ``VO2 = 3.5 + 0.2 v``. It lies 10 % above :func:`daniels_running_vo2` at a six-minute mile, and further above it at
    slower paces; "equal to a pace" needs the name of the equation.

    References
    ----------
    Bushman B. Metabolic calculations in action: part 2. ACSM's Health & Fitness Journal 2020;24(4):5-8.
    doi:10.1249/FIT.0000000000000577

    Validated against
    -----------------
    Arithmetic by hand, ``tests/evidence/test_audit.py``.

    Examples
    --------
    >>> round(acsm_running_vo2(mile_speed(360)), 2)
    57.14
    """
    rest, slope = _ACSM
    return rest + slope * _positive(speed_m_min, "a speed", "m/min")


def acsm_running_speed(vo2_ml_kg_min: float) -> float:
    """Speed in m/min whose ACSM cost is this oxygen uptake (mL/kg/min); the inverse of :func:`acsm_running_vo2`.

    Raises
    ------
    PlanError
        If the uptake is not above 3.5 mL/kg/min, the equation's value at rest.

    When not to use
    ---------------
    Where the answer is below about 134 m/min, for which the equation is not meant: an uptake below about 30 mL/kg/min.

    References
    ----------
    As for :func:`acsm_running_vo2`.

    Examples
    --------
    >>> mile_pace_text(mile_pace(acsm_running_speed(31.6)))
    '11:27'
    """
    rest, slope = _ACSM
    if not rest < vo2_ml_kg_min < math.inf:
        raise PlanError(f"{vo2_ml_kg_min:g} mL/kg/min is not above the {rest:g} of rest, so it belongs to no speed")
    return (vo2_ml_kg_min - rest) / slope


def daniels_running_vo2(speed_m_min: float) -> float:
    """Oxygen uptake of level running by the curve of Daniels and Gilbert, made for trained runners.

    Parameters
    ----------
    speed_m_min
        Speed, m/min.

    Returns
    -------
    float
        mL/kg/min, gross.

    Raises
    ------
    PlanError
        If the speed is not a number above 0.

    When not to use
    ---------------
    For people who do not run regularly, or at slow paces: the curve falls below rest near 43 m/min.

    Notes
    -----
    ``VO2 = -4.60 + 0.182258 v + 0.000104 v²``, v in m/min.

    References
    ----------
    Daniels J, Gilbert J. Oxygen Power: Performance Tables for Distance Runners. Tempe, 1979. (No DOI; read in several
    implementations that agree.)

    Validated against
    -----------------
    Arithmetic by hand, ``tests/evidence/test_audit.py``.

    Examples
    --------
    >>> round(daniels_running_vo2(mile_speed(360)), 2)
    51.77
    """
    constant, linear, square = _DANIELS
    speed = _positive(speed_m_min, "a speed", "m/min")
    return constant + linear * speed + square * speed**2


def daniels_running_speed(vo2_ml_kg_min: float) -> float:
    """Speed in m/min at which Daniels' curve has this oxygen uptake (mL/kg/min).

    Raises
    ------
    PlanError
        If the uptake is not a number above 0.

    When not to use
    ---------------
    As for :func:`daniels_running_vo2`.

    References
    ----------
    As for :func:`daniels_running_vo2`.

    Examples
    --------
    >>> mile_pace_text(mile_pace(daniels_running_speed(51.77)))
    '6:00'
    """
    constant, linear, square = _DANIELS
    missing = _positive(vo2_ml_kg_min, "an oxygen uptake", "mL/kg/min") - constant
    return (math.sqrt(linear**2 + 4 * square * missing) - linear) / (2 * square)


def running_energy_rates(pace_s_per_mile: float, body_mass_kg: float) -> tuple[float, float]:
    """Energy in kcal/min of level running at a pace, by the cheaper and by the dearer of the two running equations.

    Parameters
    ----------
    pace_s_per_mile
        Seconds a mile.
    body_mass_kg
        Body mass, kg.

    Returns
    -------
    tuple of float
        kcal/min, gross, at 5 kcal a litre of oxygen: the lower and the higher of Daniels' curve and ACSM's equation.

    Raises
    ------
    PlanError
        If one of them is not a number above 0.

    When not to use
    ---------------
    As what running costs one person: people differ in economy, and the spread between two equations is not a confidence
    interval. To say that somebody could run at that pace.

    Notes
    -----
    ``kcal/min = VO2 × kg / 200``, VO2 in mL/kg/min by :func:`daniels_running_vo2` and :func:`acsm_running_vo2`.

    References
    ----------
    As for the two equations.

    Validated against
    -----------------
    Arithmetic by hand, ``tests/figures/test_energy_figures.py``.

    Examples
    --------
    >>> low, high = running_energy_rates(360, 70.7)
    >>> round(low, 1), round(high, 1)
    (18.3, 20.2)
    """
    speed, mass = mile_speed(pace_s_per_mile), _positive(body_mass_kg, "a mass", "kg")
    rates = sorted(vo2(speed) * mass / 200.0 for vo2 in (daniels_running_vo2, acsm_running_vo2))
    return rates[0], rates[1]


# ---- metabolic equivalents ---------------------------------------------------------------------------------------


def met_energy_rate(mets: float, body_mass_kg: float) -> float:
    """Energy in kcal/min of an activity with so many METs.

    Parameters
    ----------
    mets
        Multiples of 3.5 mL/kg/min.
    body_mass_kg
        Body mass, kg.

    Returns
    -------
    float
        kcal/min, gross, at 5 kcal a litre of oxygen.

    Raises
    ------
    PlanError
        If one of them is not a number above 0.

    When not to use
    ---------------
    For one person's energy: a MET is a convention, and a tabulated value is a mean over people and ways of doing it.

    Notes
    -----
    ``kcal/min = METs × 3.5 × kg / 200``.

    References
    ----------
    Bushman B. Metabolic calculations in action: part 2. ACSM's Health & Fitness Journal 2020;24(4):5-8.
    doi:10.1249/FIT.0000000000000577

    Examples
    --------
    >>> round(met_energy_rate(9.8, 86), 2)
    14.75
    """
    return _positive(mets, "an intensity", "METs") * ML_KG_MIN_A_MET * _positive(body_mass_kg, "a mass", "kg") / 200.0


@dataclass(frozen=True, slots=True)
class Tabulated:
    """One value of the Compendium of Physical Activities: tabulated, not measured in the people at hand."""

    code: str
    activity: str
    mets: float
    edition: int

    @property
    def citation(self) -> str:
        """The edition's reference with its DOI."""
        return _EDITIONS[self.edition]


_EDITIONS: Final = {
    2011: (
        "Ainsworth BE, Haskell WL, Herrmann SD, et al. (2011). 2011 Compendium of Physical Activities: a second update "
        "of codes and MET values. Med Sci Sports Exerc 43:1575–1581. doi:10.1249/MSS.0b013e31821ece12"
    ),
    2024: (
        "Herrmann SD, Willis EA, Ainsworth BE, et al. (2024). 2024 Adult Compendium of Physical Activities: a third "
        "update of the energy costs of human activities. J Sport Health Sci 13:6–12. doi:10.1016/j.jshs.2023.10.010"
    ),
}

#: The values that kettlebell claims meet. Read in transcriptions of the tables, not on the Compendium's own site.
COMPENDIUM: Final = (
    Tabulated("02040", "circuit training, including kettlebells", 8.0, 2011),
    Tabulated("02040", "circuit training, including kettlebells", 7.5, 2024),
    Tabulated("02058", "kettlebell swings", 9.8, 2024),
    Tabulated("12120", "running, 10 mph (6 min a mile)", 14.5, 2011),
    Tabulated("12120", "running, 10 mph (6 min a mile)", 14.8, 2024),
)


def tabulated(activity: str) -> tuple[Tabulated, ...]:
    """The tabulated values of an activity, oldest edition first.

    Parameters
    ----------
    activity
        Its code (``"02058"``) or its words as :data:`COMPENDIUM` has them.

    Returns
    -------
    tuple of Tabulated
        One an edition.

    Raises
    ------
    PlanError
        If the table has no such activity; the message lists those it has.

    When not to use
    ---------------
    As a measurement. The 9.8 METs of kettlebell swings are 34.3 mL/kg/min, the mean of ten men (Farrar 2010), and so
    are hardly a second source beside that study.

    References
    ----------
    Ainsworth 2011, doi:10.1249/MSS.0b013e31821ece12; Herrmann 2024, doi:10.1016/j.jshs.2023.10.010

    Examples
    --------
    >>> [(entry.edition, entry.mets) for entry in tabulated("02040")]
    [(2011, 8.0), (2024, 7.5)]
    """
    wanted = activity.casefold().strip()
    found = tuple(entry for entry in COMPENDIUM if wanted in (entry.code, entry.activity))
    if not found:
        names = dict.fromkeys(name for entry in COMPENDIUM for name in (entry.code, entry.activity))
        codes = {entry.code: entry.activity for entry in COMPENDIUM}
        known = "; ".join(f'"{code}", {words}' for code, words in codes.items())
        what = f'"{activity}" is not a tabulated activity{did_you_mean(activity, list(names))}'
        raise PlanError(Problem(what, do=f"Name one of these by its code or its words: {known}."))
    return found


def _positive(value: float, what: str, unit: str) -> float:
    if not 0 < value < math.inf:
        raise PlanError(f"{fmt.plain(value)} {unit} is not {what}; it must be a number above 0")
    return value
