"""Simulated trials with a known truth: how often intervals hold it. For ``benchmarks/coverage.py`` and a small test.

Each entry of :data:`ANALYSES` draws one trial and returns, for each method, whether its 95 % interval holds the truth.
Everything here is simulated and evidence of nothing but the intervals.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np
import pandas as pd

import kbstudy as kb
from kbstudy.errors import SmallSample

#: What the treatment does to the mean, in standard deviations of the outcome.
EFFECT = 0.5
#: Correlation of baseline and follow-up within arms.
CORRELATION = 0.6
#: The shares of people who respond, control and treated.
SHARES = (0.3, 0.6)

#: A trial with ``n`` people an arm: which methods hold the truth.
Analysis = Callable[[np.random.Generator, int], dict[str, bool]]


def _trial(rng: np.random.Generator, n: int, *, sd: float = 1.0, skewed: bool = False) -> pd.DataFrame:
    """Two arms with baseline and follow-up; ``sd`` is that of the treated arm's noise, ``skewed`` its shape."""
    arm = np.repeat(["C", "T"], n)
    before = rng.normal(0, 1, 2 * n)
    noise = rng.exponential(1, 2 * n) - 1 if skewed else rng.normal(0, 1, 2 * n)
    noise *= np.sqrt(1 - CORRELATION**2) * np.where(arm == "T", sd, 1)
    after = CORRELATION * before + EFFECT * (arm == "T") + noise
    return pd.DataFrame({"id": np.arange(2 * n), "arm": arm, "before": before, "after": after})


def _holds(estimates: kb.Estimates, truth: float, term: str | None = None) -> bool:
    row = estimates.row(term, contrast=None)
    return bool(row["low"] <= truth <= row["high"])


def _ancova(data: pd.DataFrame, **more: object) -> kb.Estimates:
    return kb.ancova(data, "after", baseline="before", arm="arm", reference="C", participant="id", **more)


def _of_change(data: pd.DataFrame, variances: str) -> kb.Estimates:
    return kb.compare_analyses(
        data, "after", baseline="before", arm="arm", reference="C", participant="id", variances=variances
    )


def adjusted_difference(rng: np.random.Generator, n: int) -> dict[str, bool]:
    """Equal variances: every way to analyse the trial."""
    data = _trial(rng, n)
    return {
        "ANCOVA": _holds(_ancova(data), EFFECT),
        "ANCOVA, HC3": _holds(_ancova(data, robust="HC3"), EFFECT),
        "ANCOVA, HC2_BM": _holds(_ancova(data, robust="HC2_BM"), EFFECT),
        "change score": _holds(_of_change(data, "equal"), EFFECT, "difference_in_change"),
        "change score, Welch": _holds(_of_change(data, "unequal"), EFFECT, "difference_in_change"),
    }


def unequal_variances(rng: np.random.Generator, n: int) -> dict[str, bool]:
    """The treated vary twice as much, and there are half as many of them."""
    data = _trial(rng, n, sd=2)
    data = data.drop(data.index[data["arm"] == "T"][n // 2 :])
    return {
        "ANCOVA": _holds(_ancova(data), EFFECT),
        "ANCOVA, HC3": _holds(_ancova(data, robust="HC3"), EFFECT),
        "ANCOVA, HC2_BM": _holds(_ancova(data, robust="HC2_BM"), EFFECT),
        "change score, Welch": _holds(_of_change(data, "unequal"), EFFECT, "difference_in_change"),
    }


def resampled(rng: np.random.Generator, n: int) -> dict[str, bool]:
    """Noise that is far from normal; the slow ones."""
    data, seed = _trial(rng, n, skewed=True), int(rng.integers(2**31))
    permuted = kb.permutation_test(
        data, "after", baseline="before", arm="arm", reference="C", permutations=999, rng=seed
    )
    return {
        "ANCOVA": _holds(_ancova(data), EFFECT),
        "ANCOVA, BCa": _holds(_ancova(data, interval="bca", resamples=999, rng=seed), EFFECT),
        "permutation": _holds(permuted, EFFECT),
    }


def paired_change(rng: np.random.Generator, n: int) -> dict[str, bool]:
    """The change of one group: its mean, its pseudo-median and d_z."""
    change = rng.normal(EFFECT, 1, n)
    data = pd.DataFrame({"id": [*range(n)] * 2, "visit": ["a"] * n + ["b"] * n, "y": [*np.zeros(n), *change]})
    found = kb.paired(data, "y", participant="id", visit="visit", baseline="a", followup="b")
    names = {"mean_change": "paired t", "wilcoxon_pseudomedian": "Hodges–Lehmann", "cohen_dz": "d_z, noncentral t"}
    return {name: _holds(found, EFFECT, term) for term, name in names.items()}


def shares(rng: np.random.Generator, n: int) -> dict[str, bool]:
    """Responders: the difference of shares, their ratio and the odds ratio."""
    control, treated = SHARES
    reached = np.concatenate([rng.random(n) < control, rng.random(n) < treated])
    data = pd.DataFrame({"arm": np.repeat(["C", "T"], n), "y": reached.astype("float64")})
    found = kb.responders(data, "y", arm="arm", reference="C", at_least=1, missing="excluded")
    odds = treated / (1 - treated) / (control / (1 - control))
    truths = {"risk_difference": treated - control, "risk_ratio": treated / control, "odds_ratio": odds}
    names = {"risk_difference": "Newcombe", "risk_ratio": "Koopman", "odds_ratio": "odds ratio, score"}
    return {names[term]: _holds(found, truth, term) for term, truth in truths.items()}


#: By name; another analysis (the SD of individual response, say) is one more function here.
ANALYSES: dict[str, Analysis] = {
    "adjusted difference, equal variances": adjusted_difference,
    "adjusted difference, variances 1 and 4, half as many treated": unequal_variances,
    "adjusted difference, skewed noise": resampled,
    "change of one group": paired_change,
    "responders, 30 % and 60 %": shares,
}


def held(name: str, n: int, replicates: int, seed: int) -> dict[str, int]:
    """How many of ``replicates`` trials with ``n`` people an arm each method holds the truth in."""
    rng = np.random.default_rng([seed, n, *name.encode()])
    counts: dict[str, int] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SmallSample)
        for _ in range(replicates):
            for method, holds in ANALYSES[name](rng, n).items():
                counts[method] = counts.get(method, 0) + holds
    return counts
