"""What was assumed when a trial was planned, beside what was found. Never the power of a result."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from kbstudy.simulate import SampleSize, TwoArmTrial, sample_size
from kbstudy.study import Study

__all__ = ["Reconciled", "reconcile"]


@dataclass(frozen=True)
class Reconciled:
    """Assumptions and what the data show of them.

    Parameters
    ----------
    analysis, outcome, unit, decimals
        What was planned for.
    planned_n, allocated
        People per arm as planned, and as allocated (in the order of the arms).
    sd, observed_sd
        Of the outcome at the estimand's visit; the observed one is pooled over arms.
    correlation, observed_correlation
        Between baseline and that visit, within arms.
    dropout, observed_dropout
        Share of people without a value at that visit.
    recomputed
        The number that these assumptions ask for, by simulation (ANCOVA).
    """

    analysis: str
    outcome: str
    unit: str
    decimals: int
    planned_n: int
    allocated: tuple[int, ...]
    difference: float
    sd: float
    observed_sd: float
    correlation: float
    observed_correlation: float
    dropout: float
    observed_dropout: float
    assumed_from: str
    recomputed: SampleSize

    def to_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        content = {key: value for key, value in asdict(self).items() if key != "recomputed"}
        return {**content, "recomputed_n": self.recomputed.n_per_arm, "sentence": self.recomputed.sentence()}


def reconcile(study: Study) -> Reconciled | None:
    """Assumed and observed; ``None`` where nothing was declared."""
    asked = study.plan.planned_size
    if asked is None:
        return None
    analysis = study.plan.analysis(asked.analysis)
    outcome = study.plan.outcome(analysis.outcome)
    arms = [arm for arm in study.plan.arms if arm in str(analysis.estimand.contrast).split(" - ")]
    table = study.table(outcome.name, covariates=())
    table = table[(table["visit"] == analysis.estimand.visit) & table["arm"].isin(arms)]
    known = table.dropna(subset=[outcome.name])
    both = known.dropna(subset=[f"{outcome.name}_baseline"])
    centred = both.groupby("arm", observed=True)[[outcome.name, f"{outcome.name}_baseline"]].transform(
        lambda values: values - values.mean()
    )
    spread = [group.var(ddof=1) * (len(group) - 1) for _, group in known.groupby("arm", observed=True)[outcome.name]]
    trial = TwoArmTrial(asked.difference, asked.sd, correlation=asked.correlation, dropout=asked.dropout)
    return Reconciled(
        analysis=analysis.name,
        outcome=outcome.title,
        unit=outcome.unit_text,
        decimals=outcome.digits,
        planned_n=asked.n_per_arm,
        allocated=tuple(int((table["arm"] == arm).sum()) for arm in arms),
        difference=asked.difference,
        sd=asked.sd,
        observed_sd=float(np.sqrt(sum(spread) / (len(known) - len(arms)))),
        correlation=asked.correlation,
        observed_correlation=float(np.corrcoef(centred.to_numpy().T)[0, 1]),
        dropout=asked.dropout,
        observed_dropout=1 - len(known) / len(table),
        assumed_from=asked.assumed_from,
        recomputed=sample_size(
            trial, analysis="ancova", probability=asked.probability, replicates=1000, progress=False
        ),
    )
