"""What must hold whatever the data: other units, names and orders change nothing, and special cases are what they are.

Where a mixed model is an analysis of variance, a paired t-test or least squares, those are computed here from sums of
squares, not by the engine.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats

from kbstudy.errors import FitError
from kbstudy.models.mixed import lmm, mmrm
from tests import tolerances
from tests.models.mixed import gap

SEEDS = st.integers(0, 2**32 - 1)
SCALES = st.floats(-3.0, 4.0).map(lambda power: 10.0**power)
SHIFTS = st.floats(-1000.0, 1000.0)
NUMBERS = ["estimate", "se", "df", "statistic", "p"]
FEW = settings(max_examples=12, deadline=None)


def trial(seed, people=14, visits=4, *, missing=0.0, intercept=1.0, slope=0.4):
    """Two arms, own intercepts and slopes; a share of the values missing."""
    rng = np.random.default_rng(seed)
    own = rng.normal(size=(2, people)) * [[intercept], [slope]]
    frame = pd.DataFrame({"id": np.repeat(np.arange(people), visits), "t": np.tile(np.arange(visits) * 1.0, people)})
    frame["arm"] = np.where(frame["id"] % 2, "B", "A")
    frame["age"] = rng.normal(50.0, 10.0, people)[frame["id"]]
    frame["visit"] = "V" + (frame["t"] + 1).astype("int").astype("str")
    frame["y"] = own[0][frame["id"]] + own[1][frame["id"]] * frame["t"] + rng.normal(size=len(frame))
    frame.loc[(rng.random(len(frame)) < missing) & (frame["t"] > 0), "y"] = np.nan
    return frame


def numbers(found, rows=None):
    frame = found.coefficients.frame.set_index("term")
    return (frame if rows is None else frame.loc[rows])[NUMBERS].to_numpy(dtype="float64")


MODELS = {
    "intercept": lambda data, **asked: lmm(data, "y ~ arm * t + age + (1 | id)", **asked),
    "slope": lambda data, **asked: lmm(data, "y ~ arm * t + age + (1 + t | id)", **asked),
    "unstructured": lambda data, **asked: mmrm(data, "y ~ arm * visit + age", participant="id", visit="visit", **asked),
    "ar1": lambda data, **asked: mmrm(
        data, "y ~ arm * visit + age", participant="id", visit="visit", covariance="ar1_heterogeneous", **asked
    ),
}
METHODS = ["default", "satterthwaite"]


def fitted(name, data, method="default"):
    return MODELS[name](data, **({} if method == "default" else {"df_method": method}))


def both(name, data, other, method="default"):
    """Two fits that must agree; where so few have all visits that one has no optimum, the other must not either."""
    try:
        one = fitted(name, data, method)
    except FitError:
        with pytest.raises(FitError):
            fitted(name, other, method)
        assume(False)
    return one, fitted(name, other, method)


# ---- names, orders, units ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", MODELS)
@given(seed=SEEDS)
@FEW
def test_order_of_rows_and_names_of_people_do_not_matter(name, seed):
    data = trial(seed, missing=0.15)
    rng = np.random.default_rng(seed)
    other = data.sample(frac=1.0, random_state=seed % 2**32)
    names = rng.permutation([f"{letter}-{n}" for letter in "xyz" for n in range(5)])
    other["id"] = names[other["id"]]
    one, two = both(name, data, other)
    assert gap(numbers(two), numbers(one)) < tolerances.INVARIANT
    assert abs(one.log_likelihood - two.log_likelihood) < tolerances.LOG_LIKELIHOOD


@pytest.mark.parametrize("name", MODELS)
@given(seed=SEEDS, scale=SCALES, shift=SHIFTS, method=st.sampled_from(METHODS))
@FEW
def test_units_of_the_outcome_do_not_matter(name, seed, scale, shift, method):
    data = trial(seed, missing=0.15)
    one, two = both(name, data, data.assign(y=scale * (data["y"] + shift)), method)
    back = numbers(two) / [scale, scale, 1.0, 1.0, 1.0]
    assert gap(back[1:], numbers(one)[1:]) < tolerances.INVARIANT
    assert gap(back[0, 1:3], numbers(one)[0, 1:3]) < tolerances.INVARIANT
    assert abs(back[0, 0] - shift - numbers(one)[0, 0]) < tolerances.INVARIANT * (1.0 + abs(shift))


@pytest.mark.parametrize("name", MODELS)
@given(seed=SEEDS, scale=SCALES, shift=SHIFTS, method=st.sampled_from(METHODS))
@FEW
def test_units_of_covariates_do_not_matter(name, seed, scale, shift, method):
    data = trial(seed, missing=0.15)
    other = data.assign(age=scale * (data["age"] + shift), t=scale * (data["t"] + shift / 100.0))
    one, two = (fit.coefficients.frame for fit in both(name, data, other, method))
    # With other zeros, the other rows are about other times and ages.
    rows = ["age", *(term for term in one["term"] if term in ("t", "arm[T.B]:t") or ("visit" in term))]
    free, scaled = one.set_index("term").loc[rows], two.set_index("term").loc[rows]
    units = np.array([scale if row in ("age", "t", "arm[T.B]:t") else 1.0 for row in rows])[:, None]
    assert gap(scaled[["estimate", "se"]] * units, free[["estimate", "se"]]) < tolerances.INVARIANT
    assert gap(scaled[["df", "p"]], free[["df", "p"]]) < tolerances.INVARIANT


@given(seed=SEEDS)
@FEW
def test_the_other_arm_as_reference_changes_signs_only(seed):
    data = trial(seed, missing=0.1)
    other = data.assign(arm=pd.Categorical(data["arm"], ["B", "A"]))
    one, two = (numbers(MODELS["slope"](d), [row]) for d, row in ((data, "arm[T.B]:t"), (other, "arm[T.A]:t")))
    assert gap(two * [-1.0, 1.0, 1.0, -1.0, 1.0], one) < tolerances.INVARIANT


# ---- what a model becomes ----------------------------------------------------------------------------------------


@given(seed=SEEDS)
@FEW
def test_without_variance_between_people_it_is_least_squares(seed):
    data = trial(seed, intercept=0.0, slope=0.0)
    data["y"] -= 0.95 * data.groupby("id")["y"].transform("mean")  # people differ less than chance makes them
    fit = lmm(data, "y ~ arm * t + (1 | id)", df_method="satterthwaite")
    assert "the variance of Intercept by id is zero" in fit.singular
    assert fit.random_effects_covariance["id"].to_numpy()[0, 0] < tolerances.IDENTITY * fit.residual_variance
    x, y = fit.x, fit.y
    beta, squares, _, _ = np.linalg.lstsq(x, y, rcond=None)
    df = len(y) - x.shape[1]
    se = np.sqrt(np.diag(np.linalg.inv(x.T @ x)) * squares[0] / df)
    found = fit.coefficients.frame
    assert gap(found["estimate"], beta, se) < tolerances.IDENTITY
    assert gap(found["se"], se) < tolerances.IDENTITY
    assert gap(found["df"], np.full(len(beta), float(df))) < tolerances.INVARIANT


def split_plot(data):
    """Sums of squares of people in arms by visits, balanced: F, numerator and denominator df of arm, visit, both."""
    wide = data.pivot(index="id", columns="visit", values="y").to_numpy()
    arm = data.drop_duplicates("id")["arm"].to_numpy() == "B"
    n, visits = wide.shape
    grand, person, visit = wide.mean(), wide.mean(axis=1), wide.mean(axis=0)
    arms = np.array([wide[arm == g].mean() for g in (False, True)])[arm.astype("int")]
    cells = np.array([wide[arm == g].mean(axis=0) for g in (False, True)])[arm.astype("int")]
    between = visits * np.sum((person - arms) ** 2) / (n - 2)
    within = np.sum((wide - cells - person[:, None] + arms[:, None]) ** 2) / ((n - 2) * (visits - 1))
    parts = {
        "arm": (visits * np.sum((arms - grand) ** 2), 1, between, n - 2),
        "visit": (n * np.sum((visit - grand) ** 2), visits - 1, within, (n - 2) * (visits - 1)),
        "arm:visit": (np.sum((cells - arms[:, None] - visit + grand) ** 2), visits - 1, within, (n - 2) * (visits - 1)),
    }
    return {name: (squares / q / error, q, df) for name, (squares, q, error, df) in parts.items()}


@pytest.mark.parametrize("method", ["kenward_roger", "satterthwaite"])
@given(seed=SEEDS)
@FEW
def test_balanced_it_is_the_split_plot_analysis_of_variance(method, seed):
    data = trial(seed, people=12, slope=0.0, intercept=1.5)
    fit = lmm(data, "y ~ arm * visit + (1 | id)", df_method=method)
    assume(not fit.singular)
    for name, (f, q, df) in split_plot(data).items():
        found = fit.test(name).frame.iloc[0]
        assert found["method"].startswith(f"F({q}, ")
        assert gap([found["statistic"], found["df"], found["p"]], [f, df, stats.f.sf(f, q, df)]) < tolerances.INVARIANT


@pytest.mark.parametrize("method", ["kenward_roger_linear", "kenward_roger", "satterthwaite"])
@given(seed=SEEDS)
@FEW
def test_one_group_at_two_visits_is_the_paired_t_test(method, seed):
    data = trial(seed, people=11, visits=2)
    wide = data.pivot(index="id", columns="visit", values="y")
    expected = stats.ttest_rel(wide["V2"], wide["V1"])
    fits = [mmrm(data, "y ~ visit", participant="id", visit="visit", df_method=method)]
    if np.cov(wide.T)[0, 1] > 0.05:  # people must differ by more than chance for a variance between them
        fits.append(lmm(data, "y ~ visit + (1 | id)", df_method=method))
    for fit in fits:
        found = fit.coefficients.frame.set_index("term").loc["visit[T.V2]"]
        exact = [(wide["V2"] - wide["V1"]).mean(), expected.statistic, 10.0, expected.pvalue]
        assert gap(found[["estimate", "statistic", "df", "p"]].astype("float64"), exact) < tolerances.INVARIANT


@given(seed=SEEDS)
@FEW
def test_two_arms_at_two_visits_are_t_tests_of_values_and_of_changes(seed):
    data = trial(seed, people=15, visits=2)
    wide = data.pivot(index="id", columns="visit", values="y")
    arm = data.drop_duplicates("id")["arm"].to_numpy()
    fit = mmrm(data, "y ~ arm * visit", participant="id", visit="visit")
    at_visits = fit.contrasts("arm", by="visit").frame
    changes = fit.change_from("V1").frame.query("term == 'difference_in_change'")
    columns = [wide["V1"], wide["V2"], wide["V2"] - wide["V1"]]
    expected = [stats.ttest_ind(values[arm == "B"], values[arm == "A"]) for values in columns]
    found = pd.concat([at_visits, changes])[["statistic", "df", "p"]].to_numpy(dtype="float64")
    assert gap(found, [[test.statistic, 13.0, test.pvalue] for test in expected]) < tolerances.INVARIANT


@given(seed=SEEDS)
@FEW
def test_complete_and_unstructured_each_visit_is_its_own_t_test(seed):
    data = trial(seed, people=16, visits=4)
    arm = data.drop_duplicates("id")["arm"].to_numpy()
    found = mmrm(data, "y ~ arm * visit", participant="id", visit="visit").contrasts("arm", by="visit").frame
    for row, (_, values) in zip(found.itertuples(), data.groupby("visit")["y"], strict=True):
        test = stats.ttest_ind(values.to_numpy()[arm == "B"], values.to_numpy()[arm == "A"])
        assert gap([row.statistic, row.df, row.p], [test.statistic, 14.0, test.pvalue]) < tolerances.INVARIANT


@given(seed=SEEDS)
@FEW
def test_compound_symmetry_is_a_random_intercept(seed):
    data = trial(seed, missing=0.2, slope=0.0)
    one = lmm(data, "y ~ arm * visit + (1 | id)", df_method="satterthwaite")
    assume(not one.singular)
    asked = {"participant": "id", "visit": "visit", "df_method": "satterthwaite"}
    two = mmrm(data, "y ~ arm * visit", covariance="compound_symmetry", **asked)
    assert gap(numbers(two), numbers(one)) < tolerances.INVARIANT
    assert abs(one.log_likelihood - two.log_likelihood) < tolerances.LOG_LIKELIHOOD


@given(seed=SEEDS)
@FEW
def test_at_two_visits_structures_are_one(seed):
    data = trial(seed, people=16, visits=2, missing=0.1)
    asked = {"participant": "id", "visit": "visit"}
    for names in (
        ("compound_symmetry", "ar1", "toeplitz", "ante_dependence"),
        ("unstructured", "compound_symmetry_heterogeneous", "ar1_heterogeneous", "ante_dependence_heterogeneous"),
    ):
        fits = [mmrm(data, "y ~ arm * visit", covariance=name, **asked) for name in names]
        for fit in fits[1:]:
            assert abs(fit.log_likelihood - fits[0].log_likelihood) < tolerances.LOG_LIKELIHOOD
            assert gap(numbers(fit), numbers(fits[0])) < tolerances.INVARIANT
