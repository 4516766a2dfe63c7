"""The interval that a planned analysis gives on one made-up trial: fast where it can be had in closed form."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Final

import numpy as np
import numpy.typing as npt

from kbstudy import models
from kbstudy.simulate.trials import TwoArmTrial

__all__ = ["ANALYSES", "Interval"]

FloatArray = npt.NDArray[np.float64]

#: Estimate, lower and upper limit; NaN where the trial cannot be analysed.
Interval = tuple[float, float, float]


def _of_contrast(design: FloatArray, y: FloatArray, level: float) -> Interval:
    """Least squares; the interval of the last column's coefficient, by t."""
    from scipy.special import stdtrit

    n, k = design.shape
    if n <= k:
        return math.nan, math.nan, math.nan
    q, r = np.linalg.qr(design)
    beta = np.linalg.solve(r, q.T @ y)
    residual = y - design @ beta
    variance = float(residual @ residual) / (n - k) / r[-1, -1] ** 2
    half = float(stdtrit(n - k, (1 + level) / 2)) * math.sqrt(variance)
    return float(beta[-1]), float(beta[-1]) - half, float(beta[-1]) + half


def _last_visit(trial: TwoArmTrial, n: int, rng: np.random.Generator) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Baseline, last value and arm of those who have both."""
    baseline, after = trial.draws(n, rng)
    known = ~np.isnan(after[:, -1])
    arm = np.repeat([0.0, 1.0], n)
    return baseline[known], after[known, -1], arm[known]


def ancova(trial: TwoArmTrial, n: int, level: float, rng: np.random.Generator) -> Interval:
    """Difference at the last visit, adjusted for baseline: the interval of :func:`kbstudy.ancova`."""
    baseline, last, arm = _last_visit(trial, n, rng)
    return _of_contrast(np.column_stack([np.ones_like(arm), baseline, arm]), last, level)


def follow_up(trial: TwoArmTrial, n: int, level: float, rng: np.random.Generator) -> Interval:
    """Difference at the last visit, without the baseline: Student's t interval."""
    _, last, arm = _last_visit(trial, n, rng)
    return _of_contrast(np.column_stack([np.ones_like(arm), arm]), last, level)


def change_score(trial: TwoArmTrial, n: int, level: float, rng: np.random.Generator) -> Interval:
    """Difference of the changes from baseline to the last visit: Student's t interval."""
    baseline, last, arm = _last_visit(trial, n, rng)
    return _of_contrast(np.column_stack([np.ones_like(arm), arm]), last - baseline, level)


def paired(trial: TwoArmTrial, n: int, level: float, rng: np.random.Generator) -> Interval:
    """Mean change of the second arm alone, with ``n`` people: the interval of :func:`kbstudy.paired`."""
    baseline, last, arm = _last_visit(trial, n, rng)
    change = (last - baseline)[arm == 1.0]
    return _of_contrast(np.ones((len(change), 1)), change, level)


def mean(trial: TwoArmTrial, n: int, level: float, rng: np.random.Generator) -> Interval:
    """Mean of the second arm at the last visit, with ``n`` people: the interval of :func:`kbstudy.mean`."""
    _, last, arm = _last_visit(trial, n, rng)
    return _of_contrast(np.ones((int(arm.sum()), 1)), last[arm == 1.0], level)


def mmrm(trial: TwoArmTrial, n: int, level: float, rng: np.random.Generator) -> Interval:
    """Difference at the last visit from a mixed model of all visits: :func:`kbstudy.mmrm`, Kenward-Roger."""
    frame = trial.frame(n, rng)
    fit = models.mmrm(frame, "value ~ baseline * visit + arm * visit", participant="participant", visit="visit")
    last = f"Visit {trial.visits}"
    row = fit.contrasts("arm", by="visit", level=level).rows(visit=last).iloc[0]
    return float(row["estimate"]), float(row["low"]), float(row["high"])


ANALYSES: Final[Mapping[str, Callable[[TwoArmTrial, int, float, np.random.Generator], Interval]]] = {
    "ancova": ancova,
    "change_score": change_score,
    "follow_up": follow_up,
    "mean": mean,
    "mmrm": mmrm,
    "paired": paired,
}
"""By the names that ``method`` of an analysis has in ``study.toml``."""
