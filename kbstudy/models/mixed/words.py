"""What a mixed model says of itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from kbstudy import formatting as fmt
from kbstudy.models.mixed.model import VisitsModel

if TYPE_CHECKING:
    from kbstudy.models.mixed.fit import MixedFit

__all__ = ["methods", "sentence", "variance_lines"]

_CONSTRAINED = (
    "Arms share one mean at {baseline} (constrained longitudinal data analysis): the model holds the arms equal before "
    "the intervention, which randomisation makes true, so that people without a baseline value stay in and baseline is "
    "adjusted for through its covariance with the later visits"
)
_WHY_DF = {
    "kenward_roger": (
        "Kenward and Roger's adjusted covariance and degrees of freedom (expected information, as pbkrtest)"
    ),
    "kenward_roger_linear": (
        "Kenward and Roger's adjusted covariance and degrees of freedom (observed information, first order, as SAS "
        "DDFM=KENWARDROGER(FIRSTORDER))"
    ),
    "satterthwaite": "Satterthwaite's degrees of freedom",
    "residual": "residual degrees of freedom (n − p), which ignore that variances are estimated",
}


def sentence(fit: MixedFit) -> str:
    """What was fitted to whom."""
    stamp = f"[{fit.stamp}] " if fit.stamp else ""
    rows, people = int(fit.observed.sum()), len(fit.people)
    name = "A mixed model for repeated measures" if isinstance(fit.model, VisitsModel) else "A linear mixed model"
    return (
        f"{stamp}{name} of {fit.words.outcome} was fitted to {fmt.count(rows, 'value')} of "
        f"{fmt.count(people, 'participant')} (log-likelihood {fmt.number(fit.log_likelihood, 2)}, "
        f"{'REML' if fit.reml else 'ML'}, {fmt.count(fit.convergence.iterations, 'iteration')})."
    )


def methods(fit: MixedFit) -> str:
    """The methods paragraph."""
    words = fit.words
    fixed = fmt.words([term.replace(":", " × ") for term in fit.terms]) or "an intercept only"
    if isinstance(fit.model, VisitsModel):
        by = f", estimated separately in {fmt.words(words.groups)}" if words.groups else ""
        model = (
            f"{words.outcome} was analysed by a mixed model for repeated measures with {fixed} as fixed effects and, "
            f"within participants, {words.covariance}{by}"
        )
    else:
        effects = [f"{fmt.words([_effect(n) for n in names])} by {group}" for group, names in words.terms]
        model = (
            f"{words.outcome} was analysed by a linear mixed model with {fixed} as fixed effects and random effects of "
            f"{fmt.words(effects)}"
        )
    likelihood = "restricted maximum likelihood" if fit.reml else "maximum likelihood"
    parts = [
        f"{model}. It was fitted by {likelihood}, which uses every observed value and is valid if being missing "
        f"depends only on what is in the model and on observed values (missing at random). Tests and intervals use "
        f"{_WHY_DF[fit.df_method]}."
    ]
    if fit.design.constraint:
        parts.append(_CONSTRAINED.format(baseline=fit.design.constraint.baseline) + ".")
    return " ".join(parts)


def _effect(name: str) -> str:
    return "the intercept" if name == "Intercept" else name


def variance_lines(fit: MixedFit) -> list[str]:
    """Standard deviations and correlations, one line a covariance matrix."""
    if not isinstance(fit.model, VisitsModel):
        lines = [_matrix_line(f"Random effects by {g}", d) for g, d in fit.random_effects_covariance.items()]
        residual = float(np.sqrt(np.asarray(fit.residual_variance, dtype="float64")))
        return [*lines, f"Residual: SD {fmt.number(residual, 3)}"]
    covariance = fit.covariance
    matrices = covariance if isinstance(covariance, dict) else {"": covariance}
    return [_matrix_line(f"Residual covariance {g}".strip(), m) for g, m in matrices.items()]


def _matrix_line(head: str, matrix: pd.DataFrame) -> str:
    sd = np.sqrt(np.diag(matrix))
    shown = ", ".join(f"{name} {fmt.number(value, 3)}" for name, value in zip(matrix.index, sd, strict=True))
    pairs = [
        f"{matrix.index[j]}–{matrix.index[i]} {fmt.number(matrix.iloc[i, j] / (sd[i] * sd[j]), 2)}"
        for i in range(len(sd))
        for j in range(i)
        if matrix.iloc[i, j] != 0
    ]
    return f"{head}: SD {shown}" + (f"; correlations {', '.join(pairs)}" if pairs else "")
