"""Energy from oxygen uptake and carbon dioxide output: published equations by id, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal, NamedTuple, overload

import numpy as np
import numpy.typing as npt

from kbstudy.errors import PlanError, Problem, did_you_mean

__all__ = [
    "ENERGY_PER_LITRE_O2",
    "EQUATIONS",
    "KJ_PER_KCAL",
    "Equation",
    "FloatArray",
    "RerAboveOne",
    "Substrates",
    "check_rer_above_one",
    "energy_rate",
    "equation_named",
]

FloatArray = npt.NDArray[np.float64]
RerAboveOne = Literal["cap", "as_is"]

#: The thermochemical calorie, which the kcal and kJ versions of these equations agree on.
KJ_PER_KCAL: Final = 4.184
_POLICIES: Final = ("cap", "as_is")


class Substrates(NamedTuple):
    """What was oxidised, g/min; NaN where gas exchange does not tell."""

    fat_g_min: FloatArray
    carbohydrate_g_min: FloatArray


@dataclass(frozen=True, slots=True)
class Equation:
    """One published rule: kcal/min = ``vo2`` × VO2 + ``vco2`` × VCO2, both in L/min STPD.

    Parameters
    ----------
    id, name
        How it is asked for, and what it is called in print.
    vo2, vco2
        Coefficients, kcal per litre.
    rer_fat, rer_carbohydrate
        Range of the respiratory exchange ratio (RER = VCO2/VO2) that it is valid for: its value of pure fat and of pure
        carbohydrate. "Capped" means that RER counts as ``rer_carbohydrate`` where it is above.
    tabulated
        Whether the rule is a table that ends at ``rer_fat``: a lower RER then counts as ``rer_fat``, whatever is done
        above one.
    fat, carbohydrate
        Coefficients of VO2 and VCO2 for what is oxidised, g/min, where the source gives them.
    citation, doi
        The source; ``doi`` is empty where it has none.
    note
        What it was made for, or how it differs from its namesakes.
    """

    id: str
    name: str
    vo2: float
    vco2: float
    citation: str
    doi: str = ""
    rer_fat: float = 0.7
    rer_carbohydrate: float = 1.0
    tabulated: bool = False
    fat: tuple[float, float] | None = None
    carbohydrate: tuple[float, float] | None = None
    note: str = ""

    @property
    def needs_vco2(self) -> bool:
        """Whether carbon dioxide enters it."""
        return self.vco2 != 0

    @property
    def formula(self) -> str:
        """In words, with the units.

        Examples
        --------
        >>> EQUATIONS["weir_1949"].formula
        'kcal/min = 3.941 VO2 + 1.106 VCO2, L/min STPD'
        """
        carbon = f" + {self.vco2:.5g} VCO2" if self.needs_vco2 else ""
        return f"kcal/min = {self.vo2:.5g} VO2{carbon}, L/min STPD"

    @property
    def source(self) -> str:
        """The citation with its DOI."""
        return f"{self.citation} doi:{self.doi}" if self.doi else self.citation

    def rate(self, vo2: npt.ArrayLike, vco2: npt.ArrayLike | None = None, *, rer_above_one: RerAboveOne) -> FloatArray:
        """Gross energy expenditure, kcal/min.

        Parameters
        ----------
        vo2, vco2
            L/min STPD, numbers or arrays; NaN where nothing was measured. ``vco2`` is not looked at by an equation
            that does not need it.
        rer_above_one
            ``"cap"``: an RER above that of pure carbohydrate counts as that, because the carbon dioxide beyond it comes
            from bicarbonate and is not oxidation. ``"as_is"``: the line goes on, as some devices do.

        Raises
        ------
        PlanError
            ``vco2`` is missing, or the policy is unknown.

        Examples
        --------
        >>> lusk = EQUATIONS["lusk_1928"]
        >>> lusk.rate([2.0, 2.0], [1.7, 2.2], rer_above_one="cap").round(3)
        array([ 9.724, 10.094])
        >>> lusk.rate([2.0, 2.0], [1.7, 2.2], rer_above_one="as_is").round(3)
        array([ 9.724, 10.34 ])
        """
        check_rer_above_one(rer_above_one)
        oxygen = np.asarray(vo2, dtype=float)
        if not self.needs_vco2:
            return self.vo2 * oxygen
        if vco2 is None:
            raise PlanError(_no_vco2(self))
        return self.vo2 * oxygen + self.vco2 * self.counted_vco2(oxygen, np.asarray(vco2, dtype=float), rer_above_one)

    def counted_vco2(self, vo2: FloatArray, vco2: FloatArray, rer_above_one: RerAboveOne) -> FloatArray:
        """The VCO2 that enters the equation, L/min: capped, and for a table not below its end."""
        counted = np.minimum(vco2, self.rer_carbohydrate * vo2) if rer_above_one == "cap" else vco2
        return np.maximum(counted, self.rer_fat * vo2) if self.tabulated else counted

    def substrates(self, vo2: npt.ArrayLike, vco2: npt.ArrayLike) -> Substrates:
        """Fat and carbohydrate oxidised, g/min; NaN ("not applicable") where the RER is above 1 or below that of fat.

        Parameters
        ----------
        vo2, vco2
            L/min STPD; means over minutes in steady state, because carbon dioxide stores buffer single breaths.

        Returns
        -------
        Substrates
            Between the equation's RER of pure carbohydrate and 1, fat is zero; never negative.

        Raises
        ------
        PlanError
            The equation has no coefficients for substrates.

        When not to use
        ---------------
        Above the intensity that the equation was made for, after meals that make fat from carbohydrate, or where RER
        is above 1: there carbon dioxide comes from bicarbonate, and the formulas give negative fat.

        Examples
        --------
        >>> found = EQUATIONS["jeukendrup_wallis_2005_high"].substrates([2.0, 2.0], [1.7, 2.1])
        >>> found.fat_g_min.round(3), found.carbohydrate_g_min.round(3)
        (array([0.498,   nan]), array([1.233,   nan]))
        """
        if self.fat is None or self.carbohydrate is None:
            raise PlanError(_no_substrates(self))
        oxygen, carbon = np.asarray(vo2, dtype=float), np.asarray(vco2, dtype=float)
        carbohydrate = self.carbohydrate[0] * oxygen + self.carbohydrate[1] * carbon
        known = (carbon <= oxygen) & (carbohydrate >= 0)
        fat = np.maximum(self.fat[0] * oxygen + self.fat[1] * carbon, 0.0)
        return Substrates(np.where(known, fat, np.nan), np.where(known, carbohydrate, np.nan))


def _no_vco2(equation: Equation) -> Problem:
    what = f"{equation.id} needs VCO2, and there is none"
    do = 'Use equation="constant_5_kcal_l", which needs VO2 alone; it assumes an RER of about 0.96.'
    return Problem(what, do=do)


def _no_substrates(equation: Equation) -> Problem:
    able = ", ".join(name for name, other in EQUATIONS.items() if other.fat)
    return Problem(f"{equation.id} has no coefficients for fat and carbohydrate", do=f"Use one of: {able}.")


_JEUKENDRUP_WALLIS: Final = (
    "Jeukendrup AE, Wallis GA. Measurement of substrate oxidation during exercise by means of gas exchange "
    "measurements. Int J Sports Med 2005;26(Suppl 1):S28–S37."
)
_WEIR: Final = (
    "Weir JB. New methods for calculating metabolic rate with special reference to protein metabolism. "
    "J Physiol 1949;109:1–9."
)

_ALL: Final = (
    Equation(
        id="weir_1949",
        name="Weir 1949",
        vo2=3.941,
        vco2=1.106,
        citation=_WEIR,
        doi="10.1113/jphysiol.1949.sp004363",
        note="without the term for urinary nitrogen (−2.17 kcal a gram)",
    ),
    Equation(
        id="weir_1949_rounded",
        name="Weir 1949, rounded",
        vo2=3.9,
        vco2=1.1,
        citation=_WEIR,
        doi="10.1113/jphysiol.1949.sp004363",
        note="the abbreviated form, in which protein is allowed for; about 0.9 % below weir_1949",
    ),
    Equation(
        id="lusk_1928",
        name="Lusk 1928",
        # The table is a line: 4.686 kcal/L at RER 0.707 and 0.361 more at 1.
        vo2=4.686 - 0.707 * 0.361 / 0.293,
        vco2=0.361 / 0.293,
        rer_fat=0.707,
        tabulated=True,
        citation="Lusk G. The elements of the science of nutrition. 4th ed. Philadelphia: Saunders; 1928.",
        note="the table of the non-protein RQ: 4.686 kcal/L at 0.707 to 5.047 at 1.00",
    ),
    Equation(
        id="brouwer_1957",
        name="Brouwer 1957",
        vo2=3.869,
        vco2=1.195,
        citation=(
            "Brouwer E. On simple formulae for calculating the heat expenditure and the quantities of carbohydrate and "
            "fat oxidized in metabolism of men and animals. Acta Physiol Pharmacol Neerl 1957;6:795–802."
        ),
        note="without the terms for methane and nitrogen; the version of 1965 is 3.866/1.200",
    ),
    Equation(
        id="elia_livesey_1992",
        name="Elia & Livesey 1992",
        vo2=3.781,
        vco2=1.237,
        citation=(
            "Elia M, Livesey G. Energy expenditure and fuel selection in biological systems. "
            "World Rev Nutr Diet 1992;70:68–131."
        ),
        doi="10.1159/000421672",
    ),
    Equation(
        id="peronnet_massicotte_1991",
        name="Péronnet & Massicotte 1991",
        vo2=16.89 / KJ_PER_KCAL,
        vco2=4.84 / KJ_PER_KCAL,
        rer_fat=0.7036,
        rer_carbohydrate=0.996,
        tabulated=True,
        fat=(1.695, -1.701),
        carbohydrate=(-3.226, 4.585),
        citation=(
            "Péronnet F, Massicotte D. Table of nonprotein respiratory quotient: an update. "
            "Can J Sport Sci 1991;16:23–29."
        ),
        note="kJ/min = 16.89 VO2 + 4.84 VCO2; 2 to 3 % above the other equations",
    ),
    Equation(
        id="jeukendrup_wallis_2005_high",
        name="Jeukendrup & Wallis 2005, 50–75% of VO2max",
        vo2=4.471,
        vco2=0.550,
        fat=(1.695, -1.701),
        carbohydrate=(-2.962, 4.210),
        citation=_JEUKENDRUP_WALLIS,
        doi="10.1055/s-2004-830512",
        note="carbohydrate mostly from glycogen",
    ),
    Equation(
        id="jeukendrup_wallis_2005_moderate",
        name="Jeukendrup & Wallis 2005, 40–50% of VO2max",
        vo2=4.435,
        vco2=0.575,
        fat=(1.695, -1.701),
        carbohydrate=(-3.061, 4.344),
        citation=_JEUKENDRUP_WALLIS,
        doi="10.1055/s-2004-830512",
        note="carbohydrate mostly from glucose",
    ),
    Equation(
        id="constant_5_kcal_l",
        name="5 kcal a litre of oxygen",
        vo2=5.0,
        vco2=0.0,
        citation="Bushman B. Metabolic calculations in action. ACSM's Health & Fitness Journal 2020;24(4).",
        note="assumes an RER of about 0.96; for papers and devices without carbon dioxide",
    ),
)

#: Every equation by its id.
EQUATIONS: Final[Mapping[str, Equation]] = MappingProxyType({equation.id: equation for equation in _ALL})

#: Kilocalories a litre of oxygen, by the name of the rule, where one number is all of the rule.
ENERGY_PER_LITRE_O2: Final[Mapping[str, float]] = MappingProxyType(
    {equation.id: equation.vo2 for equation in _ALL if not equation.needs_vco2}
)


def equation_named(name: str) -> Equation:
    """The equation with this id.

    Raises
    ------
    PlanError
        If there is none; the message names the closest one.

    Examples
    --------
    >>> equation_named("elia_livesey_1992").vo2
    3.781
    """
    if name not in EQUATIONS:
        what = f'"{name}" is not an energy equation{did_you_mean(str(name), list(EQUATIONS))}'
        raise PlanError(Problem(what, do=f"Known equations: {', '.join(EQUATIONS)}."))
    return EQUATIONS[name]


def check_rer_above_one(policy: str) -> None:
    """Raise PlanError unless this is a policy."""
    if policy not in _POLICIES:
        what = f'rer_above_one="{policy}" is not a policy{did_you_mean(str(policy), _POLICIES)}'
        do = 'Use "cap" (an RER above one counts as pure carbohydrate) or "as_is" (the line of the equation goes on).'
        raise PlanError(Problem(what, do=do))


@overload
def energy_rate(
    vo2_l_min: float, vco2_l_min: float | None = None, *, equation: str = ..., rer_above_one: RerAboveOne = ...
) -> float: ...
@overload
def energy_rate(
    vo2_l_min: npt.ArrayLike,
    vco2_l_min: npt.ArrayLike | None = None,
    *,
    equation: str = ...,
    rer_above_one: RerAboveOne = ...,
) -> float | FloatArray: ...
def energy_rate(
    vo2_l_min: npt.ArrayLike,
    vco2_l_min: npt.ArrayLike | None = None,
    *,
    equation: str = "constant_5_kcal_l",
    rer_above_one: RerAboveOne = "cap",
) -> float | FloatArray:
    """Energy expenditure in kcal/min from oxygen uptake, and carbon dioxide output where it was measured.

    Parameters
    ----------
    vo2_l_min
        Oxygen uptake, L/min STPD.
    vco2_l_min
        Carbon dioxide output, L/min STPD; needed by every equation but ``constant_5_kcal_l``.
    equation
        An id of :data:`EQUATIONS`. ``"constant_5_kcal_l"``: 5 kcal a litre of oxygen, which corresponds to a
        respiratory exchange ratio of about 0.96 (Lusk: 4.69 at 0.71, 5.05 at 1.00). The only rule possible where a
        paper reports no carbon dioxide.
    rer_above_one
        ``"cap"`` or ``"as_is"``; see :meth:`Equation.rate`.

    Returns
    -------
    float or numpy.ndarray
        kcal/min, gross (rest included).

    Raises
    ------
    PlanError
        An unknown equation or policy; an equation without the carbon dioxide it needs; carbon dioxide given to the
        equation that would ignore it.

    When not to use
    ---------------
    If VCO2 was measured: an equation that uses it is better than 5 kcal/L. For a whole recording: use
    :func:`~kbstudy.measures.energy.energy_expenditure`, because a mean of breaths weighted alike is not a mean over
    time.

    Notes
    -----
    Ten published equations differ by up to 5.2 % on the same runs (Kipp et al. 2018).

    References
    ----------
    Kipp, Byrnes & Kram 2018, doi:10.1139/apnm-2017-0781; those of the equations stand in :data:`EQUATIONS`.

    Validated against
    -----------------
    Lusk's table (4.686 kcal/L at RER 0.707, 5.047 at 1); the energy columns of COSMED and Cortex exports
    (``tests/measures/energy/``).

    Examples
    --------
    >>> round(energy_rate(34.31 * 77.3 / 1000), 2)  # 34.31 mL/kg/min at 77.3 kg
    13.26
    >>> round(energy_rate(2.0, 1.7, equation="weir_1949"), 3)
    9.762
    """
    rule = equation_named(equation)
    if vco2_l_min is not None and not rule.needs_vco2:
        do = "Name an equation that uses VCO2, for example weir_1949, or leave VCO2 out."
        raise PlanError(Problem(f"{equation} would ignore the VCO2 that was given", do=do))
    found = rule.rate(vo2_l_min, vco2_l_min, rer_above_one=rer_above_one)
    return float(found) if found.ndim == 0 else found
