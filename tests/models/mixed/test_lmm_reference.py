"""Linear mixed models against lme4, lmerTest and pbkrtest: every model of tests/reference/*/lmm*.json, REML and ML."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from kbstudy.models.mixed import lmm
from tests import tolerances
from tests.conftest import shared
from tests.models.mixed import gap, matrix_gap, mixed, numbers, r_names

FOLDERS = (
    "mixed_trial",
    "mixed_singular",
    "mixed_pain",
    "mixed_arms",
    "dyestuff",
    "dyestuff2",
    "penicillin",
    "pastes",
)
MODELS = [(folder, name) for folder in FOLDERS for name in numbers(folder, "lmm")["models"]]
INDEPENDENT = [
    (folder, name)
    for folder in ("mixed_trial", "mixed_singular", "mixed_pain")
    for name, content in numbers(folder, "lmm_independent").items()
    if isinstance(content, dict) and "formula" in content
]
#: What is zero in each fit that lme4 calls singular.
SINGULAR = {
    ("mixed_singular", "ri"): "the variance of Intercept by id is zero",
    ("mixed_singular", "rs"): "the correlation of Intercept and time by id is −1",
    ("mixed_singular", "diag"): "the variance of Intercept by id is zero and the variance of time by id is zero",
    ("dyestuff2", "ri"): "the variance of Intercept by batch is zero",
}


def source_of(folder, name):
    return numbers(folder, "lmm")["models"][name]


def ours(folder, name, method="satterthwaite", *, likelihood="reml"):
    fit = mixed(folder, source_of(folder, name)["formula"], reml=likelihood == "reml")
    return fit.with_df_method(method)


def groups_of(re_cov):
    """lme4's covariance matrices by grouping: ``id`` and ``id.1`` of uncorrelated effects are one block diagonal."""
    found = {}
    for group, content in re_cov.items():
        found.setdefault(group.split(".")[0], []).append(content)
    whole = {}
    for group, parts in found.items():
        names = [name.replace("(Intercept)", "Intercept") for part in parts for name in part["terms"]]
        matrix, at = np.zeros((len(names), len(names))), 0
        for part in parts:
            size = len(part["terms"])
            matrix[at : at + size, at : at + size] = part["cov"]
            at += size
        whole[group] = (names, matrix)
    return whole


def joint_is_near(fit, joint, rows, near, df_near):
    found = fit.test_rows(np.eye(len(fit.design.names))[rows]).frame.iloc[0]
    assert gap(found["statistic"], joint["F"]) < near
    assert gap(found["df"], joint["ddf"]) < df_near
    assert gap(found["p"], joint["p"]) < df_near
    assert found["method"].startswith(f"F({joint['ndf']}, ")


# ---- the polished fits -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("likelihood", ["reml", "ml"])
@pytest.mark.parametrize(("folder", "name"), MODELS)
class TestEitherLikelihood:
    """What lme4 and lmerTest say under REML and under ML."""

    def test_who_is_in_and_what_columns_are_called(self, folder, name, likelihood):
        source, fit = source_of(folder, name), ours(folder, name, likelihood=likelihood)
        assert len(fit.y) == source["n"]
        assert {group: len(table) for group, table in fit.random_effects.items()} == source["groups"]
        assert r_names(fit.design.names) == source["fixef_names"]
        assert r_names(fit.coefficients.frame["term"]) == source["fixef_names"]

    def test_log_likelihood_and_aic(self, folder, name, likelihood):
        source, fit = source_of(folder, name)[likelihood], ours(folder, name, likelihood=likelihood)
        assert abs(fit.log_likelihood - source["loglik"]) < tolerances.LOG_LIKELIHOOD
        # lme4 counts fixed effects under REML as well; SAS, R mmrm and kbstudy do not.
        counted = source["n_parameters"] - (len(source["beta"]) if likelihood == "reml" else 0)
        assert abs(fit.aic - (source["minus_2_loglik"] + 2 * counted)) < 2 * tolerances.LOG_LIKELIHOOD
        assert fit.convergence.converged
        assert fit.convergence.newton_decrement < tolerances.NEWTON_DECREMENT

    def test_fixed_effects(self, folder, name, likelihood):
        source, fit = source_of(folder, name)[likelihood], ours(folder, name, likelihood=likelihood)
        rows = fit.coefficients.frame
        assert gap(rows["estimate"], source["beta"], source["se"]) < tolerances.POLISHED
        assert gap(rows["se"], source["se"]) < tolerances.POLISHED
        assert matrix_gap(fit.vcov, source["vcov"]) < tolerances.POLISHED

    def test_variances(self, folder, name, likelihood):
        source, fit = source_of(folder, name)[likelihood], ours(folder, name, likelihood=likelihood)
        assert gap(fit.residual_variance, source["sigma2"]) < tolerances.POLISHED
        found, wanted = fit.random_effects_covariance, groups_of(source["re_cov"])
        assert found.keys() == wanted.keys()
        for group, (names, matrix) in wanted.items():
            assert list(found[group].index) == list(found[group].columns) == names
            # A variance of zero is compared with the residual's: zero is never approached to a relative error.
            sd = np.sqrt(np.diag(matrix))
            floor = np.maximum(np.outer(sd, sd), tolerances.ZERO_VARIANCE * source["sigma2"])
            assert gap(found[group], matrix, floor) < tolerances.POLISHED, group

    def test_singular_is_said(self, folder, name, likelihood):
        fit = ours(folder, name, likelihood=likelihood)
        assert fit.singular == (SINGULAR[folder, name] if source_of(folder, name)[likelihood]["singular"] else "")
        assert (f"Boundary fit: {fit.singular}." in fit.notes) is bool(fit.singular)

    def test_satterthwaite(self, folder, name, likelihood):
        source, fit = source_of(folder, name)[likelihood], ours(folder, name, likelihood=likelihood)
        rows, wanted = fit.coefficients.frame, source["satterthwaite"]
        assert gap(rows["df"], wanted["df"]) < tolerances.NUMERIC_HESSIAN
        assert gap(rows["statistic"], wanted["statistic"], 1.0) < tolerances.POLISHED
        assert gap(rows["p"], wanted["p"]) < tolerances.NUMERIC_HESSIAN_P
        for joint in source["joint"]:
            joint_is_near(fit, joint["sat"], joint["rows"], tolerances.POLISHED, tolerances.NUMERIC_HESSIAN)


@pytest.mark.parametrize(("folder", "name"), MODELS)
def test_kenward_roger(folder, name):
    source, fit = source_of(folder, name)["reml"], ours(folder, name, "kenward_roger")
    rows, wanted = fit.coefficients.frame, source["kenward_roger"]
    assert gap(rows["estimate"], source["beta"], source["se"]) < tolerances.POLISHED
    assert gap(rows["se"], wanted["se"]) < tolerances.POLISHED
    assert gap(rows["df"], wanted["df"]) < tolerances.POLISHED
    assert gap(rows["statistic"], wanted["statistic"], 1.0) < tolerances.POLISHED
    assert gap(rows["p"], wanted["p"]) < tolerances.POLISHED_P
    assert matrix_gap(fit.vcov, wanted["vcov"]) < tolerances.POLISHED
    for joint in source["joint"]:
        joint_is_near(fit, joint["kr"], joint["rows"], tolerances.POLISHED, tolerances.POLISHED)


@pytest.mark.parametrize(("folder", "name"), MODELS)
def test_f_tests_of_terms_are_the_source_s(folder, name):
    """An interaction is the same test whatever the coding: by name and by rows."""
    for joint in source_of(folder, name)["reml"]["joint"]:
        if " and " not in joint["term"]:
            found = ours(folder, name, "kenward_roger").test(joint["term"]).frame.iloc[0]
            assert gap(found["statistic"], joint["kr"]["F"]) < tolerances.POLISHED
            assert gap(found["df"], joint["kr"]["ddf"]) < tolerances.POLISHED


@pytest.mark.parametrize(("folder", "name"), MODELS)
def test_predicted_random_effects(folder, name):
    fit, source = ours(folder, name), source_of(folder, name)["blups_reml"]
    found = fit.random_effects
    assert found.keys() == source.keys()
    sigma = np.sqrt(source_of(folder, name)["reml"]["sigma2"])
    for group, wanted in source.items():
        table = found[group].loc[wanted["levels"]]
        assert len(table) == len(found[group])
        effects = [effect.replace("(Intercept)", "Intercept") for effect in wanted["value"]]
        assert list(table.columns) == _columns(fit, group)
        for effect, r_effect in zip(effects, wanted["value"], strict=True):
            sd = np.asarray(wanted["sd"][r_effect])
            floor = np.maximum(sd, tolerances.ZERO_VARIANCE * sigma)
            assert gap(table[effect], wanted["value"][r_effect], floor) < tolerances.POLISHED, effect
            assert gap(table[f"sd of {effect}"], sd, tolerances.ZERO_SD * sigma) < tolerances.POLISHED, effect


def _columns(fit, group):
    """Effects and their standard deviations, term by term."""
    terms = [names for label, names in fit.words.terms if label == group]
    return [column for names in terms for column in (*names, *(f"sd of {name}" for name in names))]


# ---- zero is an answer -------------------------------------------------------------------------------------------


def test_without_a_variance_the_fixed_effects_are_those_of_least_squares():
    fit = ours("mixed_singular", "ri", "residual")
    beta, squares, _, _ = np.linalg.lstsq(fit.x, fit.y, rcond=None)
    n, p = fit.x.shape
    assert fit.random_effects_covariance["id"].iloc[0, 0] < tolerances.ZERO_VARIANCE * fit.residual_variance
    assert gap(fit.residual_variance, squares[0] / (n - p)) < tolerances.POLISHED
    rows = fit.coefficients.frame
    se = np.sqrt(squares[0] / (n - p) * np.diag(np.linalg.inv(fit.x.T @ fit.x)))
    assert gap(rows["estimate"], beta, se) < tolerances.POLISHED
    assert gap(rows["se"], se) < tolerances.POLISHED
    assert (rows["df"] == n - p).all()


def test_without_a_variance_nobody_is_predicted_apart():
    table = ours("dyestuff2", "ri").random_effects["batch"]
    assert table.shape == (6, 2)
    assert np.abs(table.to_numpy()).max() < tolerances.ZERO_SD * np.sqrt(13.80630963)


# ---- fits that somebody else made --------------------------------------------------------------------------------


@pytest.mark.parametrize(("folder", "name"), INDEPENDENT)
def test_independent_fits(folder, name):
    source = numbers(folder, "lmm_independent")[name]
    agrees_with_independent(mixed(folder, source["formula"]), mixed(folder, source["formula"], reml=False), source)


def agrees_with_independent(reml, ml, source):
    """lme4 without the polish of make_mixed.R: its optimiser's own precision is the limit."""
    assert r_names(reml.design.names) == source["fixef_names"]
    assert len(reml.y) == source["n"]
    for fit, loglik in ((reml, source["reml_loglik"]), (ml, source["ml_loglik"])):
        assert fit.log_likelihood > loglik - tolerances.LOG_LIKELIHOOD, "a higher likelihood was found elsewhere"
        assert abs(fit.log_likelihood - loglik) < tolerances.LOG_LIKELIHOOD
    sat, kr = reml.with_df_method("satterthwaite"), reml.with_df_method("kenward_roger")
    rows = sat.coefficients.frame
    assert gap(rows["estimate"], source["beta"], source["se"]) < tolerances.LME4
    assert gap(rows["se"], source["se"]) < tolerances.LME4
    assert matrix_gap(sat.vcov, source["vcov"]) < tolerances.LME4
    assert gap(reml.residual_variance, source["sigma2"]) < tolerances.LME4
    assert gap(ml.residual_variance, source["ml_sigma2"]) < tolerances.LME4
    assert gap(ml.coefficients.frame["estimate"], source["ml_beta"], source["se"]) < tolerances.LME4
    assert bool(reml.singular) is source["singular"]
    _variances(reml, source)
    for fit, wanted in ((sat, source["satterthwaite"]), (kr, source["kenward_roger"])):
        rows = fit.coefficients.frame
        assert gap(rows["df"], wanted["df"]) < tolerances.LME4_DF
        assert gap(rows["p"], wanted["p"]) < tolerances.LME4_P
    assert gap(kr.coefficients.frame["se"], source["kenward_roger"]["se"]) < tolerances.LME4
    assert matrix_gap(kr.vcov, source["kenward_roger"]["vcov"]) < tolerances.LME4
    if "joint" in source:
        joint = source["joint"]
        joint_is_near(sat, joint["sat"], joint["rows"], tolerances.LME4, tolerances.LME4_DF)
        joint_is_near(kr, joint["kr"], joint["rows"], tolerances.LME4, tolerances.LME4_DF)


def _variances(fit, source):
    named = {group: {"terms": [f"{i}" for i in range(len(cov))], "cov": cov} for group, cov in source["re_cov"].items()}
    for group, (_, matrix) in groups_of(named).items():
        sd = np.sqrt(np.diag(matrix))
        floor = np.maximum(np.outer(sd, sd), tolerances.ZERO_VARIANCE * source["sigma2"])
        assert gap(fit.random_effects_covariance[group], matrix, floor) < tolerances.LME4


@pytest.mark.parametrize("name", ["sleep_ri", "sleep_rs", "sleep_diag", "ortho_ri"])
def test_classics(name):
    source = json.loads(shared("mixed/lmm_reference.json").read_text("utf-8"))[name]
    data, formula = pd.read_csv(shared(f"mixed/{source['data']}")), source["formula"]
    agrees_with_independent(lmm(data, formula), lmm(data, formula, reml=False), source)


def test_the_rest_of_the_shared_file_is_the_committed_one():
    content = json.loads(shared("mixed/lmm_reference.json").read_text("utf-8"))
    classics = {"versions", "sleep_ri", "sleep_rs", "sleep_diag", "ortho_ri"}
    assert {name for name in content if name not in classics} == {name for _, name in INDEPENDENT}
    for folder, name in INDEPENDENT:
        committed = numbers(folder, "lmm_independent")[name]
        assert content[name] | {"data": ""} == committed | {"data": ""}
