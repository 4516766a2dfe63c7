"""The question of an audit: what a stated energy cost implies, and whether that is possible."""

from __future__ import annotations

from kbstudy.errors import PlanError, Problems
from kbstudy.evidence.audit.assumptions import Constants
from kbstudy.evidence.audit.case import Case
from kbstudy.evidence.audit.findings import not_computable
from kbstudy.evidence.audit.recomputing import recomputed
from kbstudy.evidence.audit.result import Audit
from kbstudy.evidence.audit.stated import Basis, Stated, as_floats, stated_problems

__all__ = ["audit_energy_claim"]


def audit_energy_claim(
    *,
    rate_kcal_min: float,
    minutes: float,
    body_mass_kg: float | None = None,
    vo2_ml_kg_min: float | None = None,
    vo2_basis: Basis | None = None,
    aerobic_kcal_min: float | None = None,
    anaerobic_kcal_min: float | None = None,
    lactate_peak_mmol_l: float | None = None,
    lactate_rest_mmol_l: float | None = None,
    vo2max_ml_kg_min: float | None = None,
    equal_to_pace_s_per_mile: float | None = None,
    activity: str | None = None,
) -> Audit:
    """What a stated energy cost of exercise implies, and whether that is possible.

    Parameters
    ----------
    rate_kcal_min, minutes
        The stated energy rate (kcal/min, gross) and for how long.
    body_mass_kg
        Mean body mass, if it is stated. There is no default; where it is missing, the mass that rate and oxygen
        uptake imply is used and called implied, and without that what needs a mass is listed as not computable.
    vo2_ml_kg_min, vo2_basis
        Oxygen uptake during the exercise (mL/kg/min), and whether it was ``"measured"`` or ``"estimated_from_hr"``.
    aerobic_kcal_min, anaerobic_kcal_min
        The parts of the rate, if they are stated.
    lactate_peak_mmol_l, lactate_rest_mmol_l
        Blood lactate after and before. Without the value at rest, the peak is an upper bound of the rise.
    vo2max_ml_kg_min
        Maximal oxygen uptake of the same people, preferably in the same movement.
    equal_to_pace_s_per_mile
        The running pace that the exercise is said to equal, in seconds a mile (a six-minute mile is 360).
    activity
        A code or name of :data:`kbstudy.measures.pace.COMPENDIUM`, such as ``"kettlebell swings"``.

    Returns
    -------
    Audit
        Findings, each a stated number, what it implies, a bound and a word; an overall verdict; the assumption that
        carries most weight.

    Raises
    ------
    PlanError
        With every impossible input at once: not a number, not above 0, a unit that cannot be meant. Numbers that
        contradict *each other* are findings and not errors: finding them is what this is for.

    When not to use
    ---------------
    To estimate energy: this checks what is said. For sprints and single lifts, where most energy is not aerobic and
    the pace equations mean nothing. For one person: means of groups are assumed, and the mean of products is not the
    product of means (about 1 % here).

    Notes
    -----
    With k = 5 kcal/L: ``mass = 1000 rate / (k VO2)``; ``oxygen = rate / k`` L/min. An anaerobic rate r over t minutes
    needs ``r t / k`` litres of oxygen's worth and so a net lactate rise of ``1000 r t / (3.0 k mass)`` mmol/L. A stated
    rise gives ``3.0 rise mass k / 1000`` kcal, once a bout. The aerobic ceiling is ``VO2max 5.05 mass / 1000``.

    A finding is *not possible as stated* if stated parts do not sum to the whole beyond rounding, a part exceeds the
    whole, a lactate rise exceeds 30 mmol/L, aerobic energy exceeds the ceiling, or the implied mass is nobody's;
    *inconclusive* for a rise above 20, for an uptake that was estimated, and where two running equations disagree;
    *not supported* where stated numbers do not reach the stated rate or pace; *supported* only where measured uptake
    and mass give the rate. The verdict is the worst of these. Where no parts are stated, what exceeds the ceiling could
    be anaerobic and is judged as a rise of lactate. A pace slower than the equations are meant for is not judged. Each
    assumption is then set to its plausible ends, one at a time, and everything is recomputed.

    References
    ----------
    di Prampero & Ferretti 1999, doi:10.1016/S0034-5687(99)00083-3 (3.0 mL/kg per mmol/L); Hill & Mihalek 2024,
    doi:10.3389/fphys.2023.1283327 (3.4); Bushman 2020, doi:10.1249/FIT.0000000000000577; Farrar 2010,
    doi:10.1519/JSC.0b013e3181d15516; Swain 1994, doi:10.1249/00005768-199401000-00019; Margaria 1969, J Appl Physiol
    26:752 (alactic stores).

    Validated against
    -----------------
    Arithmetic by hand on the numbers of Schnettler 2009, the ACE article of 2010 and Farrar 2010,
    ``tests/evidence/test_audit.py``.

    Examples
    --------
    >>> audit = audit_energy_claim(
    ...     rate_kcal_min=20.2, minutes=20, aerobic_kcal_min=13.6, anaerobic_kcal_min=6.6,
    ...     vo2_ml_kg_min=31.6, vo2_basis="estimated_from_hr", equal_to_pace_s_per_mile=360,
    ... )
    >>> audit.verdict
    'not possible as stated'
    >>> audit.finding("lactate_rise").implied
    'a net rise of blood lactate by 102.2 mmol/L (86.9 to 113.6)'
    >>> audit.finding("runner_mass_acsm").implied
    'a runner of 70.7 kg (70.0 to 75.4)'
    >>> audit.weakest_assumption.id
    'heart_rate_share'
    """
    stated = Stated(
        rate_kcal_min,
        minutes,
        body_mass_kg,
        vo2_ml_kg_min,
        vo2_basis,
        aerobic_kcal_min,
        anaerobic_kcal_min,
        lactate_peak_mmol_l,
        lactate_rest_mmol_l,
        vo2max_ml_kg_min,
        equal_to_pace_s_per_mile,
        activity,
    )
    Problems([problem for _, problem in stated_problems(stated)]).raise_as(PlanError)
    stated = as_floats(stated)
    findings, assumptions = recomputed(stated)
    return Audit(stated, findings, tuple(not_computable(Case(stated, Constants()))), assumptions)
