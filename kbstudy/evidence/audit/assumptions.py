"""The constants that an audit had to choose, and the ends of what is plausible for each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from kbstudy.evidence.audit.nouns import Assumption
from kbstudy.evidence.audit.references import BUSHMAN, DANIELS, FARRAR, HILL, MARGARIA, SWAIN
from kbstudy.measures import ENERGY_PER_LITRE_O2
from kbstudy.measures.lactate import LACTATE_O2_ML_KG_MM, LACTATE_O2_RANGE

__all__ = [
    "ALACTIC_ML_KG",
    "ASSUMED",
    "EQUAL_WITHIN",
    "HEART_RATE_SHARE",
    "HIGHEST_KCAL_L",
    "LOWEST_KCAL_L",
    "Constants",
]

#: kcal a litre of oxygen when carbohydrate alone is burnt: no aerobic energy is above VO2max times this.
HIGHEST_KCAL_L: Final = 5.05
#: kcal a litre when fat alone is burnt.
LOWEST_KCAL_L: Final = 4.69
#: mL of oxygen per kg that the alactic stores are worth, once a bout.
ALACTIC_ML_KG: Final = 20.0
#: Share of an uptake estimated from heart rate that may be real: 65.3 % of VO2max measured in swings, where 86.8 % of
#: maximal heart rate goes with 76.6 % in graded exercise (interpolated in Swain 1994).
HEART_RATE_SHARE: Final = 0.85
#: "Equal to a pace" is taken to mean: within this share of what the pace costs. A choice of ours.
EQUAL_WITHIN: Final = 0.05


@dataclass(frozen=True, slots=True)
class Constants:
    """The assumptions' values. The names of the fields are the ids of :data:`ASSUMED`."""

    kcal_per_litre: float = ENERGY_PER_LITRE_O2["constant_5_kcal_l"]
    lactate_equivalent: float = LACTATE_O2_ML_KG_MM
    alactic_store: float = 0.0
    heart_rate_share: float = 1.0
    acsm_weight: float = 1.0


ASSUMED: Final = (
    Assumption(
        "kcal_per_litre",
        "the energy of a litre of oxygen",
        "kcal",
        Constants().kcal_per_litre,
        LOWEST_KCAL_L,
        HIGHEST_KCAL_L,
        "Lusk's table: fat alone to carbohydrate alone",
    ),
    Assumption(
        "lactate_equivalent",
        "the oxygen that a rise of blood lactate is worth",
        "mL/kg per mmol/L",
        Constants().lactate_equivalent,
        *LACTATE_O2_RANGE,
        HILL,
    ),
    Assumption(
        "alactic_store",
        "the part of anaerobic energy that comes from alactic stores instead of lactate",
        "mL of oxygen per kg, once a bout",
        Constants().alactic_store,
        0.0,
        ALACTIC_ML_KG,
        MARGARIA,
    ),
    Assumption(
        "heart_rate_share",
        "the share of the oxygen uptake estimated from heart rate that is real",
        "",
        Constants().heart_rate_share,
        HEART_RATE_SHARE,
        1.0,
        f"{FARRAR}; {SWAIN}",
    ),
    Assumption(
        "acsm_weight",
        "the running equation (1 is ACSM's, 0 is Daniels')",
        "",
        Constants().acsm_weight,
        0.0,
        1.0,
        f"{BUSHMAN}; {DANIELS}",
    ),
)
