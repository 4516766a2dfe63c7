"""Uncertainty of variances: profiles against R and another optimiser, the bootstrap, likelihood ratios."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd
import pytest

from kbstudy.errors import FitError, PlanError
from kbstudy.models.mixed import bootstrap as bootstrap_module
from kbstudy.models.mixed import likelihood_ratio, lmm, mmrm, refit
from kbstudy.models.mixed.likelihood import evaluate
from kbstudy.models.mixed.nesting import Reference
from kbstudy.models.mixed.variances import RANGES, component_values, components
from tests import tolerances
from tests.conftest import shared
from tests.models.mixed import frame, gap, mixed, numbers

CHI2_95 = 3.841458820694124

# Penicillin is one block of 144 rows: seconds, and pastes and the clinics of mixed_arms go the same way.
PROFILED = [
    (folder, name)
    for folder in ("dyestuff", "dyestuff2", "mixed_arms", "mixed_pain", "mixed_singular", "mixed_trial", "pastes")
    for name in numbers(folder, "lmm")["models"]
    if (folder, name) not in {("mixed_pain", "ri_visit"), ("mixed_trial", "ri_week"), ("mixed_trial", "rs_visit")}
]
SLOPE_TESTS = [
    (folder, test["smaller"], test["larger"], kind)
    for folder in ("mixed_pain", "mixed_singular", "mixed_trial")
    for test in numbers(folder, "lmm")["slope_tests"]
    for kind in ("reml", "ml")
]


def ours(parameter):
    """R's names to ours: ``cor_(Intercept).week|id`` to ``correlation Intercept, week | id``."""
    if parameter == "sigma":
        return "sd residual"
    kind, rest = parameter.replace("(Intercept)", "Intercept").split("_", 1)
    names, group = rest.split("|")
    return f"{'sd' if kind == 'sd' else 'correlation'} {names.replace('.', ', ')} | {group}"


def formula_of(folder, name):
    return numbers(folder, "lmm")["models"][name]["formula"]


@cache
def visits(structure="unstructured", *, reml=True, by=None):
    week = structure.startswith("spatial")
    formula = "y ~ base + arm * C(week)" if week else "y ~ base + arm * visit"
    return mmrm(
        frame("mixed_trial"),
        formula,
        participant="id",
        visit="week" if week else "visit",
        covariance=structure,
        covariance_by=by,
        reml=reml,
    )


def trial(effects="1 + week | id", fixed="arm * week", *, reml=True):
    return mixed("mixed_trial", f"y ~ base + {fixed} + ({effects})", reml=reml)


# ---- profiles ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("folder", "name"), PROFILED)
def test_profile_limits_are_those_of_r(folder, name):
    source = numbers(folder, "lmm")["models"][name]["profile_ml"]["rows"]
    found = mixed(folder, formula_of(folder, name), reml=False).profile_intervals().frame.set_index("term")
    assert sorted(found.index) == sorted(ours(row["parameter"]) for row in source)
    for row in source:
        mine, scale = found.loc[ours(row["parameter"])], max(abs(row["estimate"]), abs(row["high"]))
        assert gap(mine[["low", "high"]], [row["low"], row["high"]], scale) < tolerances.POLISHED
        assert mine["estimate"] == pytest.approx(row["estimate"], rel=tolerances.POLISHED, abs=tolerances.ZERO_SD)


def test_profile_limits_are_near_those_of_confint_in_lme4():
    source = numbers("mixed_pain", "lmm")["models"]["rs"]["profile_ml"]["rows"]
    found = mixed("mixed_pain", formula_of("mixed_pain", "rs"), reml=False).profile_intervals().frame.set_index("term")
    for row in source:
        mine = found.loc[ours(row["parameter"]), ["low", "high"]]
        assert gap(mine, [row["lme4_low"], row["lme4_high"]], 1.0) < tolerances.LME4_SPLINE


def test_sleepstudy_as_in_the_documentation_of_lme4():
    data = pd.read_csv(shared("mixed/sleepstudy.csv"))
    found = lmm(data, "Reaction ~ Days + (Days | Subject)", reml=False).profile_intervals().frame
    wanted = [[14.38148, 37.71602], [3.80116, 8.75337], [-0.48150, 0.68499], [22.89827, 28.85800]]
    assert gap(found[["low", "high"]], wanted, 1.0) < tolerances.LME4_SPLINE


def rise_at(fit, component, value):
    """−2ℓ above its minimum with one component held, by another optimiser on the likelihood alone."""
    from scipy.optimize import minimize

    solved = fit.solved

    def slopes(theta):
        value = evaluate(solved.bundles, solved.covariance.slopes(theta[None]), reml=solved.reml)
        return float(value.deviance[0]), solved.covariance.chain(theta[None], value).gradient[0]

    def away(theta):
        there = replace(solved, optimum=replace(solved.optimum, theta=theta[None]))
        return float(component_values(fit.model, there, [component])[0, 0] - value)

    held = [{"type": "eq", "fun": away}]
    options = {"ftol": 1e-13, "maxiter": 500}
    found = minimize(slopes, solved.optimum.theta[0], jac=True, constraints=held, method="SLSQP", options=options)
    return found.fun - float(solved.optimum.value.deviance[0])


@pytest.mark.parametrize(
    "structure",
    [
        "compound_symmetry",
        "ar1_heterogeneous",
        "toeplitz",
        "toeplitz_heterogeneous",
        "ante_dependence",
        "spatial_exponential",
        "spatial_gaussian",
    ],
)
def test_profile_limits_of_visits_reach_the_quantile_by_another_optimiser(structure):
    check_by_another_optimiser(visits(structure))


def test_profile_limits_of_the_unstructured_covariance_reach_the_quantile_by_another_optimiser():
    check_by_another_optimiser(visits(reml=False))


def test_profile_limits_of_a_group_reach_the_quantile_by_another_optimiser():
    check_by_another_optimiser(visits("ar1", by="arm"))


def test_profile_limits_of_three_correlated_effects_reach_the_quantile_by_another_optimiser():
    rng = np.random.default_rng(12)
    data = pd.DataFrame({"id": np.repeat(range(40), 8), "t": np.tile(np.arange(8.0), 40)})
    root = np.array([[2.0, 0, 0], [0.3, 0.8, 0], [0.05, -0.1, 0.15]])
    b = (rng.normal(size=(40, 3)) @ root.T)[data["id"]]
    data["y"] = 5 + b[:, 0] + b[:, 1] * data["t"] + b[:, 2] * data["t"] ** 2 + rng.normal(size=320)
    check_by_another_optimiser(lmm(data, "y ~ t + (t + I(t**2) | id)"))


def check_by_another_optimiser(fit):
    found = fit.profile_intervals()
    for component, row in zip(components(fit.model, fit.words), found.frame.itertuples(), strict=True):
        assert row.term == component.term
        assert row.low < row.estimate < row.high
        for limit in (row.low, row.high):
            assert rise_at(fit, component, limit) == pytest.approx(CHI2_95, abs=tolerances.PROFILE)


def test_names_of_components():
    fit = visits(by="arm")
    assert [component.term for component in components(fit.model, fit.words)][:6] == [
        "sd w04 | control",
        "sd w08 | control",
        "sd w12 | control",
        "sd w24 | control",
        "correlation w04, w08 | control",
        "correlation w04, w12 | control",
    ]
    terms = [c.term for c in components(visits("toeplitz").model, visits("toeplitz").words)]
    assert terms == ["sd residual", *(f"correlation at lag {lag}" for lag in (1, 2, 3))]


def test_an_interval_holds_its_estimate_and_grows_with_its_level():
    fit = trial()
    inner, outer = (fit.profile_intervals(level=level).frame for level in (0.8, 0.99))
    assert (inner["low"] > outer["low"] - 1e-12).all()
    assert (inner["high"] < outer["high"] + 1e-12).all()
    assert ((inner["low"] <= inner["estimate"]) & (inner["estimate"] <= inner["high"])).all()


def test_a_profile_does_not_depend_on_units():
    data = frame("mixed_trial").assign(days=lambda d: 7.0 * d["week"], mm=lambda d: 10.0 * d["y"])
    scaled = lmm(data, "mm ~ base + arm * days + (days | id)").profile_intervals().frame[["low", "high"]].to_numpy()
    plain = trial().profile_intervals().frame[["low", "high"]].to_numpy()
    assert gap(scaled / np.array([[10.0], [10 / 7], [1.0], [10.0]]), plain) < tolerances.SCALED_LIKELIHOOD


def test_what_the_likelihood_cannot_rule_out_is_said():
    found = mixed("mixed_singular", formula_of("mixed_singular", "rs")).profile_intervals()
    assert found.row("correlation Intercept, time | id")[["low", "high"]].tolist() == [-1.0, 1.0]
    assert found.row("sd time | id")["low"] == 0.0
    assert "does not rule out the edge of what is possible for: sd Intercept | id, sd time | id" in found.notes[0]
    assert "restricted likelihood" in found.methods()
    assert "doi:10.2307/2347496" in found.methods()


@pytest.mark.parametrize("level", [0, 1, 95, "0.95", True])
def test_an_impossible_level_is_refused(level):
    for asked in (lambda: trial().profile_intervals(level=level), lambda: trial().bootstrap(100, rng=1, level=level)):
        with pytest.raises(PlanError, match="is not a confidence level"):
            asked()


def test_a_better_optimum_than_the_fit_is_an_error():
    fit = trial("1 | id")
    value = replace(fit.solved.optimum.value, deviance=fit.solved.optimum.value.deviance + 1.0)
    worse = replace(fit, solved=replace(fit.solved, optimum=replace(fit.solved.optimum, value=value)))
    with pytest.raises(FitError, match=r"found a likelihood that is better by 0\.\d+ than the fit's"):
        worse.profile_intervals()


# ---- the bootstrap -----------------------------------------------------------------------------------------------

BOOTSTRAPPED = {
    "effects": lambda: trial(),
    "uncorrelated": lambda: trial("1 + week || id"),
    "crossed": lambda: mixed("mixed_arms", formula_of("mixed_arms", "clinic")),
    "unstructured": lambda: visits(),
    "groups": lambda: visits("compound_symmetry_heterogeneous", by="arm"),
    "spatial": lambda: visits("spatial_exponential", reml=False),
}


@pytest.mark.parametrize("name", BOOTSTRAPPED)
def test_each_replicate_is_a_fit_of_its_own(name):
    fit = BOOTSTRAPPED[name]()
    found = fit.bootstrap(40, rng=5)
    drawn = bootstrap_module._draw(fit, 40, np.random.default_rng(5))
    alone = refit(fit, np.where(fit.observed, drawn, np.nan))
    assert found.failed == 0
    p = len(fit.design.names)
    assert gap(found.replicates.iloc[:, :p], alone.beta, 1.0) < tolerances.REFIT


@pytest.mark.parametrize("name", ["effects", "unstructured"])
def test_a_bootstrap_does_not_depend_on_how_many_are_fitted_at_a_time(name, monkeypatch):
    fit = BOOTSTRAPPED[name]()
    at_once = fit.bootstrap(40, rng=np.random.default_rng(5)).replicates
    pieces = [slice(0, 1), slice(1, 18), slice(18, 40)]
    monkeypatch.setattr(bootstrap_module, "chunks_of", lambda model, replicates: pieces)
    assert gap(fit.bootstrap(40, rng=5).replicates, at_once, 1.0) < tolerances.REFIT


@pytest.mark.parametrize("name", ["effects", "uncorrelated", "crossed", "unstructured", "groups"])
def test_outcomes_are_drawn_with_the_covariance_of_the_model(name):
    fit = BOOTSTRAPPED[name]()
    drawn = bootstrap_module._draw(fit, 4000, np.random.default_rng(6)) - fit.model.x @ fit.solved.beta[0]
    shown = np.flatnonzero(fit.observed)[:12]
    found, wanted = np.cov(drawn[:, shown].T), marginal(fit)[:12, :12]
    sd = np.sqrt(np.diag(wanted))
    assert np.abs((found - wanted) / np.outer(sd, sd)).max() < 0.08  # five standard errors of a correlation


def marginal(fit):
    """Covariance of the analysed outcomes, written out."""
    people, rows = fit.model.people[fit.observed], int(fit.observed.sum())
    if fit.words.visit:
        frames = fit.covariance if isinstance(fit.covariance, dict) else {"": fit.covariance}
        sigma = np.stack([frame.to_numpy() for frame in frames.values()])
        at, groups = fit.model.visits[fit.observed], fit.model.groups[fit.observed]
        return sigma[groups[:, None], at[:, None], at] * (people[:, None] == people)
    total = float(fit.residual_variance) * np.eye(rows)
    for effect, back, d in zip(fit.model.effects, fit.model.back, fit._effect_matrices(), strict=True):
        z, codes = (effect.z @ np.linalg.inv(back))[fit.observed], effect.codes[fit.observed]
        total += fit._spread**2 * (z @ d @ z.T) * (codes[:, None] == codes)
    return total


def test_bootstrap_spread_is_the_standard_error_of_the_model():
    fit = trial("1 | id", reml=False)
    found = fit.bootstrap(2000, rng=7).frame.set_index("term")
    p = fit.design.names
    exact = np.sqrt(np.diag(fit.solved.vcov[0]))
    assert gap(found.loc[list(p), "se"], exact) < 0.08  # five Monte Carlo standard errors of 1/sqrt(2 · 2000)


def test_percentile_and_basic_intervals():
    found = trial().bootstrap(100, rng=8, level=0.9)
    percentile, basic = found.estimates.frame, found.intervals("basic").frame
    low, high = found.replicates.quantile([0.05, 0.95]).to_numpy()
    assert np.allclose(percentile[["low", "high"]], np.column_stack([low, high]))
    estimate = percentile["estimate"].to_numpy()
    lowest, highest = found._ranges
    assert np.allclose(basic["low"], np.clip(2 * estimate - high, lowest, highest))
    assert np.allclose(basic["high"], np.clip(2 * estimate - low, lowest, highest))
    assert percentile["term"].tolist()[-4:] == [c.term for c in components(found.fit.model, found.fit.words)]
    assert "100 sets of outcomes" in found.estimates.methods()
    with pytest.raises(PlanError, match='kind="bca" is neither'):
        found.intervals("bca")


def test_failed_replicates_are_counted_said_and_left_out(monkeypatch):
    fit = trial("1 | id")
    whole = fit.bootstrap(60, rng=9)
    real = bootstrap_module.solve

    def lose_some(model, y, observed, **asked):
        solved = real(model, y, observed, **asked)
        lost = np.isin(y[:, 0], drawn[[3, 11], 0])
        return replace(solved, optimum=replace(solved.optimum, converged=solved.optimum.converged & ~lost))

    drawn = bootstrap_module._draw(fit, 60, np.random.default_rng(9))
    monkeypatch.setattr(bootstrap_module, "solve", lose_some)
    found = fit.bootstrap(60, rng=9)
    assert found.failed == 2
    assert found.replicates.index[found.replicates.isna().all(axis=1)].tolist() == [3, 11]
    assert "2 of 60 replicates did not converge and are left out." in found.estimates.notes
    kept = whole.replicates.drop(index=[3, 11])
    assert np.allclose(found.frame["low"], kept.quantile(0.025), rtol=1e-6)


def test_no_refit_that_converges_is_an_error(monkeypatch):
    real = bootstrap_module.solve

    def lose_all(*data, **asked):
        solved = real(*data, **asked)
        return replace(solved, optimum=replace(solved.optimum, converged=np.zeros(len(solved.beta), dtype="bool")))

    monkeypatch.setattr(bootstrap_module, "solve", lose_all)
    with pytest.raises(FitError, match="none of 40 refits converged"):
        trial("1 | id").bootstrap(40, rng=1)


def test_correlations_with_a_variance_of_zero_are_left_out_and_said():
    found = mixed("mixed_singular", formula_of("mixed_singular", "rs")).bootstrap(200, rng=3)
    name = "correlation Intercept, time | id"
    zero = (found.replicates[["sd Intercept | id", "sd time | id"]] == 0).any(axis=1)
    assert zero.any()
    assert found.replicates.loc[zero, name].isna().all()
    some = "1 replicate" if zero.sum() == 1 else f"{zero.sum()} replicates"
    assert f"In {some} a standard deviation was zero and {name} did not exist" in " ".join(found.estimates.notes)


@pytest.mark.parametrize("rng", [None, "1", 1.5, True, -1, np.random.RandomState(1)])
def test_a_bootstrap_needs_a_seed_or_a_generator(rng):
    with pytest.raises(PlanError, match=r"is neither a numpy.random.Generator nor a seed"):
        trial().bootstrap(100, rng=rng)


def test_too_few_replicates_are_refused():
    with pytest.raises(PlanError, match=r"39 replicates have no 95% interval\nWhat to do: Use at least 40"):
        trial().bootstrap(39, rng=1)
    with pytest.raises(PlanError, match=r"replicates=1000.0 is not a whole number"):
        trial().bootstrap(1000.0, rng=1)


def test_no_progress_bar_unless_it_takes_long(monkeypatch, capsys):
    with bootstrap_module.Bar("Bootstrap", 10) as bar:
        bar.advance(2)
        assert bar._shown is None
        monkeypatch.setattr(bar, "_appears", -1.0)
        bar.advance(2)
        assert bar._shown._bar.tasks[0].completed == 4
    assert capsys.readouterr() == ("", "")  # not a terminal


# ---- likelihood ratios -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("folder", "smaller", "larger", "kind"), SLOPE_TESTS)
def test_likelihood_ratios_are_those_of_r(folder, smaller, larger, kind):
    content = numbers(folder, "lmm")
    tests = {(test["smaller"], test["larger"]): test[kind] for test in content["slope_tests"]}
    source = tests[smaller, larger]
    fits = [mixed(folder, formula_of(folder, name), reml=kind == "reml") for name in (smaller, larger)]
    found = likelihood_ratio(*fits).frame.iloc[0]
    assert found["statistic"] == pytest.approx(source["chi2"], abs=tolerances.LOG_LIKELIHOOD)
    # Without correlations in the smaller model nothing is at the boundary, whatever else R computed beside it.
    wanted = source["p"] if smaller == "diag" else source["p_mixture"]
    assert found["p"] == pytest.approx(wanted, rel=tolerances.POLISHED_P)


def test_sleepstudy_likelihood_ratio():
    data = pd.read_csv(shared("mixed/sleepstudy.csv"))
    fits = [lmm(data, f"Reaction ~ Days + (Days {bar} Subject)", reml=False) for bar in ("||", "|")]
    found = likelihood_ratio(*fits).frame.iloc[0]
    assert found["statistic"] == pytest.approx(0.06391, abs=0.5e-5)
    assert found["p"] == pytest.approx(0.80042, abs=0.5e-5)


@pytest.mark.parametrize(
    ("smaller", "larger", "words"),
    [
        ("1 | id", "1 + week || id", "½χ²(0) + ½χ²(1)"),
        ("1 | id", "1 + week | id", "½χ²(1) + ½χ²(2)"),
        ("1 + week || id", "1 + week | id", "χ²(1)"),
        ("1 + week | id", "1 + week + base | id", "½χ²(2) + ½χ²(3)"),
        ("1 | id", "1 + week + base || id", "¼χ²(0) + ½χ²(1) + ¼χ²(2)"),
        ("1 | id", "1 + week + base | id", "χ²(5) (upper bound)"),
    ],
)
def test_the_reference_distribution_is_named(smaller, larger, words):
    data = frame("mixed_trial").query("base < 45 or base > 50")
    fits = [lmm(data, f"y ~ base + arm * week + ({effects})", reml=False) for effects in (smaller, larger)]
    found = likelihood_ratio(*fits)
    assert found.frame["method"].item() == f"likelihood ratio, ML, {words}"
    assert words in found.methods()
    assert ("Stram" in found.methods()) == (words != "χ²(1)")


def test_the_p_of_one_variance_is_half_of_that_of_chi_squared():
    for statistic in (0.1, 2.7, 9.0):
        assert Reference(0, 1).p(statistic) == pytest.approx(0.5 * Reference(1).p(statistic), rel=1e-14)
    assert Reference(0, 1).p(0.0) == 1.0
    assert Reference(0, 3).weights == [0.125, 0.375, 0.375, 0.125]
    assert Reference(0, 4).words.startswith("0.0625·χ²(0)")


def test_fixed_effects_are_compared_by_maximum_likelihood():
    smaller, larger = (trial("1 | id", fixed, reml=False) for fixed in ("arm + week", "arm * week"))
    found = likelihood_ratio(smaller, larger).frame.iloc[0]
    assert found["method"] == "likelihood ratio, ML, χ²(1)"
    both = likelihood_ratio(smaller, trial("week | id", "arm * week", reml=False))
    assert both.frame["method"].item() == "likelihood ratio, ML, ½χ²(2) + ½χ²(3)"


def test_structures_of_visits_are_compared_by_plain_chi_squared():
    found = likelihood_ratio(visits("ar1"), visits("toeplitz"))
    assert found.frame["method"].item() == "likelihood ratio, REML, χ²(2)"
    assert "(ar1) against y ~ base + arm * visit (toeplitz)" in found.title
    by_arm = likelihood_ratio(visits("ar1"), visits("ar1", by="arm"))
    assert by_arm.frame["method"].item() == "likelihood ratio, REML, χ²(2)"
    assert likelihood_ratio(visits("ar1", by="arm"), visits(by="arm")).frame["statistic"].item() > 0


def test_a_sentence_of_a_likelihood_ratio_names_its_statistic():
    found = likelihood_ratio(trial("1 | id"), trial())
    assert found.sentence() == "y: likelihood ratio, LR = 3.23, p = 0.14 (n = 78)."


def test_a_smaller_model_at_a_boundary_is_said():
    fits = [mixed("mixed_singular", formula_of("mixed_singular", name)) for name in ("ri", "rs")]
    assert "The smaller model is itself at a boundary (the variance of Intercept by id is zero)" in " ".join(
        likelihood_ratio(*fits).notes
    )


def without_some():
    data = frame("mixed_trial")
    return lmm(data.iloc[5:], "y ~ base + arm * week + (1 | id)")


def with_other_values():
    data = frame("mixed_trial")
    return lmm(data.assign(y=data["y"] + 1), "y ~ base + arm * week + (1 | id)")


REFUSED = {
    "rows": (without_some, trial, r"the fits use different rows \(21\d and 218"),
    "outcome": (
        lambda: mixed("mixed_trial", "np.log(y) ~ base + arm * week + (1 | id)"),
        trial,
        r'the outcomes differ: "np.log\(y\)" and "y"',
    ),
    "values": (with_other_values, trial, "the same rows with different values of the outcome"),
    "likelihoods": (lambda: trial("1 | id", reml=False), trial, "one fit is by REML and the other by maximum"),
    "restricted": (
        lambda: trial("1 | id", "arm + week"),
        lambda: trial("1 | id"),
        r"REML likelihoods of different fixed effects \(arm\[T.exercise\]:week\) are not comparable: each is the "
        r"likelihood of its own contrasts of the data\nWhat to do: Fit both again with reml=False.",
    ),
    "fixed": (
        lambda: trial("1 | id", "arm * visit", reml=False),
        lambda: trial("1 | id", "arm * week", reml=False),
        r"not nested, .*visit\[T.w08\].* cannot be made from the fixed effects of the larger one",
    ),
    "kinds": (lambda: trial("1 | id", "arm * visit"), visits, "one has random effects, the other a covariance among"),
    "effects": (trial, lambda: trial("1 | id"), "the random effects of the larger one do not hold week by id"),
    "correlations": (trial, lambda: trial("1 + week || id"), "the smaller one has correlations of random effects"),
    "structures": (
        lambda: visits("toeplitz"),
        lambda: visits("ante_dependence"),
        "toeplitz is not a special case of ante_dependence",
    ),
    "groups": (
        lambda: visits("ar1", by="arm"),
        visits,
        "the smaller one has a covariance for each of control and exercise",
    ),
    "nothing": (trial, trial, "the two models have the same parameters: there is nothing to test"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_compared_is_refused(name):
    smaller, larger, message = REFUSED[name]
    with pytest.raises(PlanError, match=message):
        likelihood_ratio(smaller(), larger())


def test_a_larger_model_that_is_worse_is_an_error():
    smaller, larger = trial("1 | id"), trial()
    value = replace(larger.solved.optimum.value, deviance=larger.solved.optimum.value.deviance + 10.0)
    worse = replace(larger, solved=replace(larger.solved, optimum=replace(larger.solved.optimum, value=value)))
    with pytest.raises(FitError, match="the larger model has the smaller likelihood"):
        likelihood_ratio(smaller, worse)


def test_every_component_has_a_range():
    for fit in (trial(), visits(), visits("spatial_gaussian")):
        for component in components(fit.model, fit.words):
            low, high = RANGES[component.kind]
            assert low <= component_values(fit.model, fit.solved, [component])[0, 0] <= high
