"""Stated numbers under one set of assumptions."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from kbstudy import formatting as fmt
from kbstudy.evidence.audit.assumptions import Constants
from kbstudy.evidence.audit.stated import Stated
from kbstudy.measures.pace import acsm_running_vo2, daniels_running_vo2

__all__ = ["Case", "kcal_min", "rounding"]


@dataclass(frozen=True, slots=True)
class Case:
    """Stated numbers under one set of assumptions, and the quantities that several findings need."""

    said: Stated
    use: Constants

    @property
    def vo2(self) -> float | None:
        """In mL/kg/min; less than stated where it was estimated from heart rate and heart rate ran ahead."""
        stated = self.said.vo2_ml_kg_min
        estimated = self.said.vo2_basis == "estimated_from_hr"
        return stated * self.use.heart_rate_share if stated is not None and estimated else stated

    @property
    def has_parts(self) -> bool:
        """Whether the publication splits the rate."""
        return self.said.aerobic_kcal_min is not None or self.said.anaerobic_kcal_min is not None

    @property
    def aerobic(self) -> float | None:
        """In kcal/min: the stated aerobic part, else what the anaerobic part leaves, else all; None if nothing is."""
        if self.said.aerobic_kcal_min is not None:
            return self.said.aerobic_kcal_min
        left = self.said.rate_kcal_min - (self.said.anaerobic_kcal_min or 0.0)
        return left if left > 0 else None

    @property
    def anaerobic(self) -> float | None:
        """In kcal/min: the stated anaerobic part, else what the aerobic leaves beyond rounding; None if nothing."""
        said = self.said
        if said.anaerobic_kcal_min is not None or said.aerobic_kcal_min is None:
            return said.anaerobic_kcal_min or None
        left = said.rate_kcal_min - said.aerobic_kcal_min
        return left if left > rounding(said.rate_kcal_min, said.aerobic_kcal_min) else None

    @property
    def implied_mass(self) -> float | None:
        """The mass (kg) that turns the oxygen uptake into the aerobic energy."""
        if self.vo2 is None or self.aerobic is None:
            return None
        return self.aerobic / self.energy(self.vo2, 1.0)

    @property
    def mass(self) -> float | None:
        """In kg: the stated mass, else the one that other stated numbers imply. Never a default."""
        return self.said.body_mass_kg if self.said.body_mass_kg is not None else self.implied_mass

    @property
    def mass_words(self) -> str:
        """``86 kg``, or ``the implied 86.1 kg``."""
        if self.said.body_mass_kg is not None:
            return f"{fmt.plain(self.said.body_mass_kg)} kg"
        return f"the implied {fmt.number(self.mass, 1)} kg"

    def energy(self, vo2_ml_kg_min: float, mass_kg: float) -> float:
        """Energy in kcal/min of an oxygen uptake."""
        return vo2_ml_kg_min * mass_kg / 1000.0 * self.use.kcal_per_litre

    def oxygen(self, kcal: float) -> float:
        """Litres of oxygen for so much energy."""
        return kcal / self.use.kcal_per_litre

    def lactate(self, kcal: float, mass_kg: float) -> float:
        """Net rise in mmol/L that so much energy needs, after the alactic stores."""
        left = 1000.0 * self.oxygen(kcal) - self.use.alactic_store * mass_kg
        return max(left, 0.0) / (self.use.lactate_equivalent * mass_kg)

    def running(self, speed_m_min: float) -> float:
        """Oxygen uptake in mL/kg/min of a running speed by the equation in use."""
        acsm, weight = acsm_running_vo2(speed_m_min), self.use.acsm_weight
        return weight * acsm + (1.0 - weight) * daniels_running_vo2(speed_m_min)


def rounding(*values: float) -> float:
    """Half a unit in the last printed digit of each, added up: how far rounded numbers may miss each other."""
    return sum(0.5 * 10.0 ** -_printed_decimals(value) for value in values) * (1.0 + 1e-9)


def _printed_decimals(value: float) -> int:
    exponent = Decimal(f"{value:.12g}").as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def kcal_min(value: float) -> str:
    """``13.6 kcal/min``."""
    return f"{fmt.plain(round(value, 4))} kcal/min"
