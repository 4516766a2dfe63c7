"""What a quantity means: scales with their range and thresholds, scoring and strength, equations with their source."""

from kbstudy.measures.energy import ENERGY_PER_LITRE_O2, energy_rate
from kbstudy.measures.scales import (
    Item,
    MicBelowMeasurementError,
    MissingRule,
    Scale,
    Threshold,
    WrongKindOfThreshold,
    check_threshold,
    scale,
    scale_ids,
    thresholds_below_measurement_error,
)
from kbstudy.measures.scoring import CodingInDoubt, Scored, score

__all__ = [
    "ENERGY_PER_LITRE_O2",
    "CodingInDoubt",
    "Item",
    "MicBelowMeasurementError",
    "MissingRule",
    "Scale",
    "Scored",
    "Threshold",
    "WrongKindOfThreshold",
    "check_threshold",
    "energy_rate",
    "scale",
    "scale_ids",
    "score",
    "thresholds_below_measurement_error",
]
