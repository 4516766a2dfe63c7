"""What a quantity means: scales with their range and thresholds, equations with their source."""

from kbstudy.measures.energy import ENERGY_PER_LITRE_O2, energy_rate
from kbstudy.measures.scales import Scale, Threshold, scale, scale_ids

__all__ = ["ENERGY_PER_LITRE_O2", "Scale", "Threshold", "energy_rate", "scale", "scale_ids"]
