"""Many responses at once: each answer is that of a fit of its own, and one that fails takes nobody with it."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from kbstudy.errors import DataError, PlanError
from kbstudy.models.mixed import lmm, mmrm, refit
from kbstudy.models.mixed.structures import STRUCTURES
from tests import tolerances
from tests.models.mixed import frame, gap, matrix_gap

LMM = {
    "intercept": "y ~ base + arm * visit + (1 | id)",
    "slope": "y ~ base + arm * week + (week | id)",
    "uncorrelated": "y ~ base + arm * week + (week || id)",
    "crossed": "y ~ base + arm * visit + (1 | clinic) + (1 | id)",
}
REPLICATES = 6


def mixed_arms(outcome=None):
    data = frame("mixed_arms").copy()
    if outcome is not None:
        data["y"] = outcome
    return data


def fitted(kind, data, *, reml=True):
    if kind in LMM:
        return lmm(data, LMM[kind], reml=reml)
    # Spatial structures need visits that are numbers; in the fixed effects they stay a factor.
    visit, formula = (
        ("week", "y ~ base + arm * C(week)") if kind.startswith("spatial") else ("visit", "y ~ base + arm * visit")
    )
    return mmrm(data, formula, participant="id", visit=visit, covariance=kind, reml=reml)


@cache
def fit_of(kind):
    return fitted(kind, mixed_arms())


@cache
def responses_of(kind, seed=1):
    """Responses that the model could have made, each with a tenth of its values missing in places of its own."""
    fit, rng = fit_of(kind), np.random.default_rng(seed)
    rows, visits = (
        len(fit.data),
        fit.data["participant"].map({p: i for i, p in enumerate(fit.data["participant"].unique())}),
    )
    mean = fit.predict().to_numpy()
    people = rng.normal(0.0, 4.0, (REPLICATES, visits.max() + 1))[:, visits]
    slope = rng.normal(0.0, 0.4, (REPLICATES, visits.max() + 1))[:, visits] * (
        mixed_arms()["week"].to_numpy()[fit.data["row"]] - 8
    )
    y = mean + people + slope + rng.normal(0.0, 3.0, (REPLICATES, rows))
    y[rng.random(y.shape) < 0.1] = np.nan
    return y


def alone(kind, response, *, reml=True):
    """A fit of its own: a new frame with this response."""
    outcome = np.full(len(mixed_arms()), np.nan)
    outcome[fit_of(kind).data["row"]] = response
    return fitted(kind, mixed_arms(outcome), reml=reml)


def equals(found, at, single):
    assert single.design.names == found.names
    rows = single.with_df_method("satterthwaite").coefficients.frame
    se = rows["se"].to_numpy()
    assert found.converged[at]
    assert abs(found.log_likelihood[at] - single.log_likelihood) < tolerances.LOG_LIKELIHOOD
    assert gap(found.beta[at], rows["estimate"], se) < tolerances.BATCH
    assert matrix_gap(found.vcov[at], single.with_df_method("satterthwaite").vcov) < tolerances.BATCH
    for name in ("estimate", "se", "df"):
        scale = se if name == "estimate" else 0.0
        assert gap(found.coefficients[name][at], rows[name], scale) < tolerances.BATCH, name
    assert gap(found.coefficients["statistic"][at], rows["statistic"], 1.0) < tolerances.BATCH
    assert gap(found.coefficients["p"][at], rows["p"], 1e-6) < tolerances.BATCH_P


# ---- together as alone -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [*LMM, *STRUCTURES])
def test_together_as_alone(kind):
    responses = responses_of(kind)
    found = refit(fit_of(kind), responses)
    assert found.failed == 0
    assert found.beta.shape == (REPLICATES, len(found.names))
    for at in range(REPLICATES):
        equals(found, at, alone(kind, responses[at]))


@pytest.mark.parametrize("kind", ["slope", "unstructured"])
def test_maximum_likelihood(kind):
    responses = responses_of(kind)[:2]
    found = refit(fit_of(kind), responses, reml=False)
    for at in range(2):
        equals(found, at, alone(kind, responses[at], reml=False))


@pytest.mark.parametrize("kind", ["crossed", "slope", "unstructured"])
def test_the_model_s_own_outcome_gives_the_model(kind):
    fit = fit_of(kind)
    for own in (fit.y, fit.data["outcome"].to_numpy()):
        equals(refit(fit, own), 0, fit)


@pytest.mark.parametrize("kind", ["uncorrelated", "ar1_heterogeneous"])
def test_order_and_company_do_not_matter(kind):
    responses = responses_of(kind)
    turned = refit(fit_of(kind), responses[::-1])
    together, two = refit(fit_of(kind), responses), refit(fit_of(kind), responses[[2, 2]])
    assert gap(turned.beta[::-1], together.beta, 1.0) < tolerances.BATCH
    assert gap(turned.log_likelihood[::-1], together.log_likelihood) < tolerances.BATCH
    assert np.array_equal(two.beta[0], two.beta[1])
    assert gap(two.beta[0], together.beta[2], 1.0) < tolerances.BATCH


def test_chunks_do_not_matter(monkeypatch):
    fit, responses = fit_of("unstructured"), responses_of("unstructured")
    whole = refit(fit, responses)
    monkeypatch.setattr("kbstudy.models.mixed.refitting._WORKING", 1.0)
    assert gap(refit(fit, responses).beta, whole.beta, 1.0) < tolerances.BATCH


# ---- one that cannot be fitted ---------------------------------------------------------------------------------------


def broken(kind, how):
    """A response that no model can be fitted to."""
    y = responses_of(kind)[0].copy()
    if how == "nothing":
        y[:] = np.nan
    elif how == "constant":
        y[np.isfinite(y)] = 5.0
    elif how == "one value":
        y[1:] = np.nan
    elif how == "arm missing":
        y[(fit_of(kind).data["arm"] == "Walking").to_numpy()] = np.nan
    return y


FAILURES = [
    (kind, how)
    for kind in ("intercept", "slope", "crossed", "unstructured", "ar1")
    for how in ("nothing", "one value", "arm missing", "constant")
]


@pytest.mark.parametrize(("kind", "how"), FAILURES)
def test_a_failure_is_counted_and_contained(kind, how):
    responses = responses_of(kind)[:3].copy()
    good = refit(fit_of(kind), responses)
    found = refit(fit_of(kind), np.vstack([responses[0], broken(kind, how), responses[1:]]))
    assert found.converged.tolist() == [True, False, True, True]
    assert found.failed == 1
    for values in (found.beta, found.vcov, found.log_likelihood, found.theta, found.gradients, found.parameters):
        assert np.isnan(values[1]).all()
    for values in found.coefficients.values():
        assert np.isnan(values[1]).all()
        assert np.isfinite(np.delete(values, 1, axis=0)).all()
    kept = [0, 2, 3]
    assert gap(found.beta[kept], good.beta, 1.0) < tolerances.BATCH
    assert gap(found.log_likelihood[kept], good.log_likelihood) < tolerances.BATCH
    assert gap(found.coefficients["df"][kept], good.coefficients["df"]) < tolerances.BATCH
    assert "4 responses" in str(found)
    assert "1 failed" in str(found)
    assert np.isfinite(found.summary()[["mean", "sd", "mean_se"]].to_numpy()).all()


def test_all_fail():
    fit = fit_of("intercept")
    found = refit(fit, np.full((3, len(fit.y)), np.nan))
    assert found.failed == 3
    assert np.isnan(found.beta).all()


# ---- shapes ----------------------------------------------------------------------------------------------------------


def test_shapes():
    fit = fit_of("crossed")
    rows, analysed = len(fit.data), len(fit.y)
    assert (rows, analysed) == (103, 99)
    whole = responses_of("crossed")
    assert refit(fit, whole[0]).beta.shape == (1, 10)
    assert refit(fit, whole[:, fit.observed]).beta.shape == (REPLICATES, 10)
    for shape in ((2, rows + 1), (2, 1), (rows, 2), (2, 2, rows)):
        with pytest.raises(PlanError, match="responses have the shape") as error:
            refit(fit, np.zeros(shape))
        assert f"(replicates, {rows})" in str(error.value)
        assert f"(replicates, {analysed})" in str(error.value)


def test_infinite_values():
    responses = responses_of("intercept").copy()
    responses[2, 7] = np.inf
    with pytest.raises(DataError, match="replicate 2, row 7"):
        refit(fit_of("intercept"), responses)


def test_combinations():
    found = refit(fit_of("intercept"), responses_of("intercept"))
    weights = np.zeros((2, 10))
    weights[0, 2], weights[1, [2, 6]] = 1.0, 1.0
    combined = found.combine(weights)
    assert gap(combined["estimate"], found.beta @ weights.T, 1.0) < tolerances.IDENTITY
    single = alone("intercept", responses_of("intercept")[3]).with_df_method("satterthwaite")
    rows = single.combine({"first": weights[0], "second": weights[1]}).frame
    for name in ("estimate", "se", "df"):
        assert gap(combined[name][3], rows[name]) < tolerances.BATCH, name
    with pytest.raises(PlanError, match="3 entries and the model 10 fixed effects"):
        found.combine(np.ones((1, 3)))


def test_summary():
    found = refit(fit_of("ar1"), responses_of("ar1"))
    table = found.summary().set_index("term")
    assert list(table.index) == list(found.names)
    assert gap(table["mean"], found.beta.mean(axis=0), 1.0) < tolerances.IDENTITY
    assert gap(table["mean_se"], found.coefficients["se"].mean(axis=0)) < tolerances.IDENTITY
