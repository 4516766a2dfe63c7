"""Designs that try to break the engine: it reaches the best that others find, or says by name why it has no answer.

The large study is benchmarks/robustness.py; the designs, the judge and the rivals are in hostile.py.
"""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

from kbstudy.errors import FitError
from kbstudy.models.mixed import lmm, mmrm
from tests import tolerances
from tests.models.mixed import hostile

EFFECTS = [
    (kind, seed) for kind, count in (("intercept", 8), ("slope", 12), ("uncorrelated", 6)) for seed in range(count)
]
GROUPINGS = [(kind, seed) for kind in ("crossed", "nested") for seed in range(2)]
VISITS = [("unstructured", seed) for seed in range(6)] + [(kind, 1) for kind in hostile.MMRM_KINDS[1:]]
#: Two hills each: found only from more than one start.
HILLS = [("uncorrelated", 20), ("slope", 23), ("slope", 24), ("toeplitz", 3)]


@pytest.mark.parametrize(("kind", "seed"), [*EFFECTS, *GROUPINGS, *VISITS, *HILLS])
def test_nobody_finds_a_better_optimum(kind, seed):
    design = hostile.lmm_design(kind, seed) if kind in hostile.LMM_KINDS else hostile.mmrm_design(kind, seed)
    fit, said = None, ""
    try:
        fit = design.fit(reml=True)
    except FitError as error:
        said = str(error)
    if fit is None:
        assert re.search("goes to zero|cannot tell apart", said), said
        return
    mine = hostile.Judge(design, True).of_fit(fit)
    assert fit.convergence.converged
    assert abs(fit.log_likelihood - mine) < tolerances.LOG_LIKELIHOOD_GAP
    assert hostile.rivals(design, fit, thorough=False).log_likelihood - mine < tolerances.LOG_LIKELIHOOD_GAP


# ---- designs that cannot be answered, or only in part ------------------------------------------------------------


def trial(people=16, visits=("V1", "V2", "V3")):
    rng = np.random.default_rng(8)
    frame = pd.DataFrame({"id": np.repeat(np.arange(people), len(visits)), "visit": list(visits) * people})
    frame["arm"] = np.where(frame["id"] % 2, "Training", "Control")
    frame["age"] = np.repeat(rng.normal(50, 10, people), len(visits))
    frame["t"] = frame.groupby("id").cumcount().astype("float64")
    frame["y"] = np.repeat(rng.normal(size=people), len(visits)) + rng.normal(size=len(frame))
    return frame


def visits_model(data, formula="y ~ arm * visit", **asked):
    return mmrm(data, formula, participant="id", visit="visit", **asked)


def test_an_aliased_column_is_left_out_and_named():
    data = trial().assign(months=lambda d: d["age"] * 12.0)
    fit, plain = visits_model(data, "y ~ age + months + arm * visit"), visits_model(data, "y ~ age + arm * visit")
    assert fit.log_likelihood == pytest.approx(plain.log_likelihood, abs=tolerances.LOG_LIKELIHOOD)
    assert "months" not in fit.design.names
    assert any("say the same" in note and "months" in note for note in fit.notes)


def test_groups_of_one():
    data = trial().groupby("id").first().reset_index()
    with pytest.raises(FitError, match="every level of id has a single row") as error:
        lmm(data, "y ~ arm + (1 | id)")
    assert "kbstudy.ancova" in str(error.value)


def test_some_groups_of_one_are_kept():
    data = trial().drop(index=[1, 2])
    fit = lmm(data, "y ~ arm * t + (1 | id)")
    assert fit.ledger.ids("analysed") == [str(i) for i in range(16)]


def test_two_visits_never_seen_together():
    data = trial()
    data.loc[(data["id"] < 8) & (data["visit"] == "V2") | (data["id"] >= 8) & (data["visit"] == "V3"), "y"] = np.nan
    with pytest.raises(FitError, match="no participant has both V2 and V3") as error:
        visits_model(data)
    assert "ar1_heterogeneous" in str(error.value)
    assert visits_model(data, covariance="ar1").convergence.converged


def test_more_visits_than_people():
    with pytest.raises(FitError, match="4 participants cannot carry the 15 variances and covariances of 5 visits"):
        visits_model(trial(people=4, visits=("V1", "V2", "V3", "V4", "V5")), "y ~ visit")


def test_few_people_with_all_visits():
    """Some combination of visits can be fitted exactly: the likelihood has no maximum, and the visits are named."""
    with pytest.raises(FitError, match=r"V\d.* goes to zero \(too few participants for so many visits\)"):
        visits_model(trial(people=4), "y ~ arm * visit + age:visit")


def test_uncorrelated_effects_far_from_zero():
    data = trial().assign(year=lambda d: 2020 + d["t"])
    found = lmm(data, "y ~ arm * year + (1 + year || id)")
    assert any("year by id lies far from zero" in note and "use | instead of ||" in note for note in found.notes)
    assert not any("far from zero" in note for note in lmm(data, "y ~ arm * t + (1 + t || id)").notes)


def test_a_constant_outcome():
    with pytest.raises(FitError, match='column "y": all 48 values are 5'):
        visits_model(trial().assign(y=5.0))


def test_an_outcome_that_follows_from_a_covariate():
    with pytest.raises(FitError, match="the fixed effects reproduce every value exactly"):
        visits_model(trial().assign(y=lambda d: 2.0 * d["age"] + 1.0), "y ~ age + arm * visit")


def test_random_effects_that_reproduce_every_value():
    data = trial().assign(y=lambda d: np.repeat(np.random.default_rng(3).normal(size=16), 3))
    with pytest.raises(FitError, match="the residual variance goes to zero"):
        lmm(data, "y ~ arm + (1 | id)")


def test_an_arm_that_is_empty_at_a_visit():
    data = trial()
    data.loc[(data["arm"] == "Training") & (data["visit"] == "V3"), "y"] = np.nan
    fit = visits_model(data)
    assert any("arm[T.Training]:visit[T.V3]" in note and "nobody is in that cell" in note for note in fit.notes)
    found = fit.contrasts("arm", by="visit")
    assert found.frame["estimate"].isna().tolist() == [False, False, True]
    assert any("Not estimable" in note and "1 of 3 rows" in note for note in found.notes)


def test_a_single_level():
    with pytest.raises(FitError, match='column "arm": the same for every row that is analysed: "Control"'):
        visits_model(trial().assign(arm="Control"))
    with pytest.raises(FitError, match="there is only one level of id"):
        lmm(trial().assign(id="P1"), "y ~ t + (1 | id)")


def test_nothing_is_left_for_variances():
    with pytest.raises(FitError, match="6 values cannot carry 6 fixed effects"):
        visits_model(trial(people=2), covariance="ar1")
