"""A claim on published numbers under other choices: which row, whose mass, gross or net, with lactate or without."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from kbstudy.claims.specifications import NO_EFFECT
from kbstudy.errors import PlanError
from kbstudy.evidence import published_estimates
from kbstudy.measures.energy import energy_rate
from kbstudy.measures.lactate import LACTATE_O2_ML_KG_MM
from kbstudy.measures.pace import ML_KG_MIN_A_MET
from kbstudy.study import Claim, MultiversePlan, Study

__all__ = ["PublishedRates"]

_KCAL_PER_LITRE: Final = energy_rate(1.0)
#: What turns a row of one unit into another.
_TURNS: Final[Mapping[tuple[str, str], frozenset[str]]] = {
    ("kcal/min", "kcal/min"): frozenset(),
    ("L/min", "kcal/min"): frozenset({"kcal_per_litre"}),
    ("mL/kg/min", "kcal/min"): frozenset({"kcal_per_litre", "body_mass_kg"}),
    ("mL/kg/min", "mL/kg/min"): frozenset(),
    ("L/min", "mL/kg/min"): frozenset({"body_mass_kg"}),
    ("kcal/min", "mL/kg/min"): frozenset({"kcal_per_litre", "body_mass_kg"}),
}
_BOTH: Final = frozenset({"kcal_per_litre", "body_mass_kg"})


@dataclass(frozen=True)
class PublishedRates:
    """The rate that a claim is about, reckoned from one published row under one combination of choices.

    Notes
    -----
    With ``u`` the row's value and interval as oxygen uptake in mL/kg/min (or its kcal/min), ``m`` the mass, ``k`` the
    kcal per litre and ``t`` the minutes of the claim's audit: net takes away 3.5 mL/kg/min, and a rise of lactate by
    ``d`` mmol/L adds ``c d / t`` mL/kg/min, a total for the bout spread over its minutes. Both are constants, so an
    interval is scaled and moved as the row's own; the spread of mass and lactate does not enter.
    """

    study: Study
    claim: Claim
    choices: Mapping[str, tuple[Any, ...]]

    @classmethod
    def of(cls, study: Study, claim: Claim, declared: MultiversePlan) -> PublishedRates:
        """With the option "no effect" wherever a declared choice has none in some combination."""
        bare = cls(study, claim, declared.choices)
        return cls(study, claim, {name: tuple(bare._options(name)) for name in declared.choices})

    def _options(self, name: str) -> Iterator[Any]:
        yield from self.choices[name]
        if name in (*_BOTH, "lactate_ml_kg_mmol"):
            settings = [
                {"source": source, "rest": rest, "lactate_rise_mmol_l": rise}
                for source in self.choices.get("source", (self._judged_on,))
                for rest in self.choices.get("rest", ("gross",))
                for rise in self.choices.get("lactate_rise_mmol_l", (0.0,))
            ]
            if any(name not in self._matter(setting) for setting in settings):
                yield NO_EFFECT

    @property
    def _unit(self) -> str:
        assert self.claim.evidence is not None, "the plan asks for it"
        return self.claim.evidence.unit

    @property
    def _judged_on(self) -> str:
        assert self.claim.evidence is not None, "the plan asks for it"
        return self.claim.evidence.judged_on or ""

    def _row(self, source: str | None) -> Any:
        assert self.study.published is not None, "the plan asks for a published table"
        return self.study.published.loc[source or self._judged_on]

    def _matter(self, options: Mapping[str, Any]) -> frozenset[str]:
        """The choices of numbers that make a difference in a combination."""
        rise = options.get("lactate_rise_mmol_l") or 0.0
        needed = _TURNS[self._row(options.get("source"))["unit"], self._unit]
        if self._unit == "kcal/min" and (options.get("rest") == "net" or rise):
            needed |= _BOTH
        return needed | {"lactate_ml_kg_mmol"} if rise else needed

    def makes_sense(self, options: Mapping[str, Any]) -> bool:
        """Whether each number is given where it matters, and "no effect" where it does not."""
        matter = self._matter(options)
        numbers = [name for name in (*_BOTH, "lactate_ml_kg_mmol") if name in options]
        return all((options[name] == NO_EFFECT) != (name in matter) for name in numbers)

    def as_declared(self) -> dict[str, Any]:
        """The combination that the verdict itself rests on."""
        plain = {"source": self._judged_on, "rest": "gross", "lactate_rise_mmol_l": 0.0}
        matter = self._matter(plain) if self._judged_on else _BOTH
        mass = self._row(None)["body_mass_kg"] if self._judged_on else math.nan
        own = {"body_mass_kg": mass, "kcal_per_litre": _KCAL_PER_LITRE, "lactate_ml_kg_mmol": LACTATE_O2_ML_KG_MM}
        return {**plain, **{name: value if name in matter else NO_EFFECT for name, value in own.items()}}

    def __call__(
        self,
        source: str | None = None,
        body_mass_kg: float | str | None = None,
        kcal_per_litre: float | str | None = None,
        rest: str = "gross",
        lactate_rise_mmol_l: float = 0.0,
        lactate_ml_kg_mmol: float | str | None = None,
    ) -> dict[str, float]:
        """Estimate, low, high and n of one combination."""
        row = self._row(source)
        given = {"source": source, "rest": rest, "lactate_rise_mmol_l": lactate_rise_mmol_l}
        mass = body_mass_kg if isinstance(body_mass_kg, float | int) else float(row["body_mass_kg"])
        if "body_mass_kg" in self._matter(given) and math.isnan(mass):
            raise PlanError(f'published row "{row["id"]}" has no body_mass_kg, and no body mass is ever assumed')
        litre = kcal_per_litre if isinstance(kcal_per_litre, float | int) else _KCAL_PER_LITRE
        coefficient = lactate_ml_kg_mmol if isinstance(lactate_ml_kg_mmol, float | int) else LACTATE_O2_ML_KG_MM
        assert self.claim.audit is not None, "the plan asks for it"
        moved = lactate_rise_mmol_l * coefficient / self.claim.audit.minutes - (ML_KG_MIN_A_MET if rest == "net" else 0)
        a_kg = mass / 1000 * litre  # kcal/min for each mL/kg/min
        factors = {
            ("kcal/min", "kcal/min"): 1.0,
            ("L/min", "kcal/min"): litre,
            ("mL/kg/min", "kcal/min"): a_kg,
            ("mL/kg/min", "mL/kg/min"): 1.0,
            ("L/min", "mL/kg/min"): 1000 / mass,
            ("kcal/min", "mL/kg/min"): 1 / a_kg,
        }
        factor = factors[row["unit"], self._unit]
        shift = (moved * a_kg if self._unit == "kcal/min" else moved) if moved else 0.0
        found = published_estimates(self.study.published, [row["id"]], unit=row["unit"]).row()
        ends = {name: float(found[name]) * factor + shift for name in ("estimate", "low", "high")}
        return {**ends, "n": float(row["n"])}
