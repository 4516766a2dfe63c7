"""The adapter for statsmodels: against R, against our own fits of the same models, what is refused, what is said."""

from __future__ import annotations

import copy
import re
import subprocess
import sys
import warnings
from functools import cache

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf
from statsmodels.base._penalties import L2
from statsmodels.regression.mixed_linear_model import MixedLM, MixedLMParams, VCSpec
from statsmodels.tools.sm_exceptions import ConvergenceWarning

from kbstudy.errors import FitError, PlanError
from kbstudy.models.mixed import MixedFit, lmm
from kbstudy.models.mixed.statsmodels_adapter import ColumnsFit, from_statsmodels
from tests import tolerances
from tests.conftest import shared
from tests.models.mixed import frame, gap, mixed, numbers, r_names

#: Same engine, same optimum, other starting values.
NEAR = 3e-7
BASE_WEEK = "y ~ base + arm * week"

#: folder, formula, groups, re_formula, vc_formula, and the same in lme4's language.
CASES = {
    "intercept": ("mixed_trial", "y ~ base + arm * visit", "id", None, None, "(1 | id)"),
    "slope": ("mixed_trial", BASE_WEEK, "id", "~week", None, "(week | id)"),
    "slope_only": ("mixed_trial", BASE_WEEK, "id", "0 + week", None, "(0 + week | id)"),
    "component_slope": ("mixed_trial", BASE_WEEK, "id", "1", {"slope": "0 + week"}, "(week || id)"),
    "pain": ("mixed_pain", "nprs ~ arm * week", "id", None, None, "(1 | id)"),
    "pain_slope": ("mixed_pain", "nprs ~ arm * week", "id", "~week", None, "(week | id)"),
    "nested": ("pastes", "strength ~ 1", "batch", "1", {"cask": "0 + C(cask)"}, "(1 | batch/cask)"),
    "clinics": ("mixed_arms", BASE_WEEK, "clinic", "1", {"id": "0 + C(id)"}, "(1 | clinic/id)"),
    "clinic_slopes": (
        "mixed_arms",
        BASE_WEEK,
        "clinic",
        "1",
        {"id": "0 + C(id)", "slope": "0 + C(id):week"},
        "(1 | clinic) + (week || id)",
    ),
}
#: Where make_mixed.R fitted the same.
IN_R = {
    "intercept": "ri",
    "slope": "rs",
    "component_slope": "diag",
    "pain": "ri",
    "pain_slope": "rs",
    "nested": "nested",
}


def quietly(call):
    """Statsmodels warns of retries and of boundaries; what matters of it is tested here by its numbers."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return call()


def fitted(data, formula, groups, re_formula=None, vc_formula=None, missing="none", **how):
    model = smf.mixedlm(formula, data, groups=groups, re_formula=re_formula, vc_formula=vc_formula, missing=missing)
    return quietly(lambda: model.fit(**how))


@cache
def theirs(case, *, reml=True):
    folder, formula, groups, re_formula, vc_formula, _ = CASES[case]
    data = frame(folder).dropna().reset_index(drop=True)
    return fitted(data, formula, groups, re_formula, vc_formula, reml=reml)


@cache
def adapted(case, *, reml=True):
    return from_statsmodels(theirs(case, reml=reml))


def ours(case, *, reml=True):
    folder, formula, _, _, _, random = CASES[case]
    return mixed(folder, f"{formula} + {random}", reml=reml)


def table(fit):
    """By name; patsy writes ``[T.4.0]`` where we write ``[T.4]``."""
    found = fit.coefficients.frame
    return found.set_index(found["term"].str.replace(".0]", "]"))


def same(found, wanted, near=NEAR):
    """Coefficients by name: statsmodels and R order columns differently."""
    one = table(found)
    other = table(wanted).loc[one.index]
    assert gap(one["estimate"], other["estimate"], other["se"]) < near
    for column in ("se", "df"):
        assert gap(one[column], other[column]) < near, column


def refused(result, *parts):
    with pytest.raises(FitError) as caught:
        from_statsmodels(result)
    for part in parts:
        assert part in str(caught.value), str(caught.value)


@cache
def sleep(**how):
    return fitted(pd.read_csv(shared("mixed/sleepstudy.csv")), "Reaction ~ Days", "Subject", "~Days", **how)


def in_arrays(case="pain", **more):
    """The same model without a formula."""
    model = theirs(case).model
    x = pd.DataFrame(model.exog, columns=model.exog_names)
    return quietly(lambda: MixedLM(model.endog, x, groups=model.groups, **more).fit())


# ---- the same numbers --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["satterthwaite", "kenward_roger", "kenward_roger_linear"])
@pytest.mark.parametrize("case", CASES)
def test_the_same_as_our_own_fit(case, method):
    found, wanted = adapted(case).with_df_method(method), ours(case).with_df_method(method)
    same(found, wanted)
    assert type(found) is MixedFit
    assert found.log_likelihood == pytest.approx(wanted.log_likelihood, abs=tolerances.LOG_LIKELIHOOD)
    assert gap(found.residual_variance, wanted.residual_variance) < NEAR


@pytest.mark.parametrize("case", CASES)
def test_maximum_likelihood(case):
    found = adapted(case, reml=False)
    same(found, ours(case, reml=False))
    assert found.df_method == "satterthwaite"
    assert any("Kenward–Roger is defined for REML" in note for note in found.notes)


@pytest.mark.parametrize("case", IN_R)
def test_the_same_as_lme4_lmertest_and_pbkrtest(case):
    source = numbers(CASES[case][0], "lmm")["models"][IN_R[case]]
    rows = [r_names([name])[0] for name in adapted(case).design.names]
    at = [source["fixef_names"].index(name) for name in rows]
    for method, near in (("satterthwaite", tolerances.NUMERIC_HESSIAN), ("kenward_roger", tolerances.POLISHED)):
        found, wanted = table(adapted(case).with_df_method(method)), source["reml"][method]
        se = wanted.get("se", source["reml"]["se"])
        assert gap(found["estimate"], np.array(source["reml"]["beta"])[at], np.array(se)[at]) < tolerances.POLISHED
        assert gap(found["se"], np.array(se)[at]) < tolerances.POLISHED
        assert gap(found["df"], np.array(wanted["df"])[at]) < near


def test_standard_errors_of_statsmodels_are_others():
    found = np.sqrt(np.diag(adapted("slope").solved.vcov[0]))
    assert gap(theirs("slope").bse_fe, found) > 0.02


@pytest.mark.parametrize("method", ["satterthwaite", "kenward_roger"])
def test_sleepstudy(method):
    data = pd.read_csv(shared("mixed/sleepstudy.csv"))
    wanted = lmm(data, "Reaction ~ Days + (Days | Subject)", df_method=method)
    same(from_statsmodels(sleep(), df_method=method), wanted)


@pytest.mark.parametrize("optimiser", ["bfgs", "lbfgs", "cg"])
def test_independent_effects_by_free(optimiser):
    data = pd.read_csv(shared("mixed/sleepstudy.csv"))
    free = MixedLMParams.from_components(fe_params=np.ones(2), cov_re=np.eye(2))
    found = from_statsmodels(fitted(data, "Reaction ~ Days", "Subject", "~Days", free=free, method=optimiser))
    same(found, lmm(data, "Reaction ~ Days + (Days || Subject)"))
    assert found.random_effects_covariance["Subject"].loc["Intercept", "Days"] == 0


def test_a_block_of_correlated_effects_by_free():
    rng = np.random.default_rng(11)
    data = pd.DataFrame({"id": np.repeat(range(40), 6), "week": np.tile(range(6), 40), "load": rng.normal(size=240)})
    own = rng.multivariate_normal(np.zeros(3), [[4, 0, 1], [0, 2, 0], [1, 0, 1]], 40)[data["id"]]
    data["y"] = own[:, 0] + own[:, 1] * data["load"] + own[:, 2] * data["week"] + rng.normal(size=240)
    free = MixedLMParams.from_components(np.ones(3), np.array([[1, 0, 1], [0, 1, 0], [1, 0, 1]]))
    found = from_statsmodels(fitted(data, "y ~ load + week", "id", "~load + week", free=free))
    same(found, lmm(data, "y ~ load + week + (week | id) + (0 + load | id)"))
    assert found.words.terms == (("id", ("Intercept", "week")), ("id", ("load",)))


def test_joint_tests_and_contrasts():
    found, wanted = adapted("intercept"), ours("intercept")
    for term in ("arm", "visit", "arm:visit", "base"):
        one, other = found.test(term).frame.iloc[0], wanted.test(term).frame.iloc[0]
        assert gap(one[["statistic", "df"]], other[["statistic", "df"]]) < NEAR
    one, other = (fit.contrasts("arm", by="visit", pairs="all", adjust="holm").frame for fit in (found, wanted))
    columns = ["estimate", "se", "df", "p", "low", "high"]
    assert one["contrast"].tolist() == other["contrast"].tolist()
    assert gap(one[columns], other[columns], 1e-3) < NEAR
    assert gap(found.means("arm", by="visit").frame["se"], wanted.means("arm", by="visit").frame["se"]) < NEAR


def test_weights_are_in_the_order_of_statsmodels():
    names = list(adapted("intercept").design.names)
    assert names == theirs("intercept").model.exog_names
    assert names.index("base") == len(names) - 1  # patsy puts numbers behind factors, we do not
    weights = np.eye(len(names))[names.index("base")]
    assert (
        gap(adapted("intercept").combine({"base": weights}).frame["se"], table(ours("intercept")).loc[["base"], "se"])
        < NEAR
    )


def test_random_effects_and_predictions():
    found, wanted = adapted("nested"), ours("nested")
    for group in ("batch", "batch:cask"):
        assert (
            gap(found.random_effects[group], wanted.random_effects[group].loc[found.random_effects[group].index], 1.0)
            < NEAR
        )
    assert gap(found.predict("participant"), wanted.predict("participant")) < NEAR
    assert gap(found.predict("participant"), theirs("nested").fittedvalues) < 1e-4


def test_new_rows_are_predicted():
    rows = frame("mixed_pain").head(3)
    assert gap(adapted("pain").predict(data=rows), ours("pain").predict(data=rows)) < NEAR


def test_what_belongs_to_any_fit_is_there():
    fit = adapted("clinics")
    assert "99 values of 36 participants" in fit.sentence()
    assert fit.convergence.newton_decrement < tolerances.NEWTON_DECREMENT
    assert len(fit.check().influence) == 36
    assert "random effects of the intercept by clinic and the intercept by" in fit.methods()


def test_a_variance_of_zero_is_polished_where_statsmodels_arrived():
    result = fitted(frame("mixed_singular"), "y ~ arm * time", "id", reml=False)
    assert result.converged
    found = from_statsmodels(result)
    assert "the variance of Intercept by id is zero" in found.singular
    same(found, mixed("mixed_singular", "y ~ arm * time + (1 | id)", reml=False))


def test_the_likelihood_is_that_of_the_result_whatever_the_model_was_fitted_by_since():
    model = smf.mixedlm("nprs ~ arm * week", frame("mixed_pain"), groups="id")
    first, second = quietly(model.fit), quietly(lambda: model.fit(reml=False))
    same(from_statsmodels(first), ours("pain"))
    same(from_statsmodels(second), ours("pain", reml=False))


# ---- how a model is written --------------------------------------------------------------------------------------


@pytest.mark.parametrize("groups", ["id", "number", "array"])
def test_groups_by_name_number_or_array(groups):
    data = frame("mixed_pain")
    data = data.assign(number=data["id"].astype("str").str[1:].astype("float64"))
    given = data["id"].to_numpy() if groups == "array" else groups
    found = from_statsmodels(fitted(data, "nprs ~ arm * week", given))
    same(found, ours("pain"))
    assert found.words.participant == {"array": "id"}.get(groups, groups)
    assert found.people[1] == {"number": "1"}.get(groups, "P01")


def test_sparse_components():
    data = frame("pastes")
    result = quietly(
        lambda: smf.mixedlm(
            "strength ~ 1", data, groups="batch", re_formula="1", vc_formula={"cask": "0+C(cask)"}, use_sparse=True
        ).fit()
    )
    same(from_statsmodels(result), ours("nested"))


def test_crossed_components():
    rng = np.random.default_rng(5)
    cells = pd.MultiIndex.from_product([list("abcdef"), list("ABCDE")], names=["rater", "clip"]).to_frame(index=False)
    cells = pd.concat([cells, cells], ignore_index=True).assign(one=1)
    effects = [pd.Series(rng.normal(0, 2, 6), list("abcdef")), pd.Series(rng.normal(0, 1, 5), list("ABCDE"))]
    cells["score"] = cells["rater"].map(effects[0]) + cells["clip"].map(effects[1]) + rng.normal(size=60)
    components = {"rater": "0 + C(rater)", "clip": "0 + C(clip)"}
    found = from_statsmodels(fitted(cells, "score ~ 1", "one", None, components))
    same(found, lmm(cells, "score ~ 1 + (1 | rater) + (1 | clip)"))
    assert [group for group, _ in found.words.terms] == ["clip", "rater"]


def test_levels_coded_by_a_category_a_number_or_true_and_false():
    data = frame("mixed_pain")
    data = data.assign(arm=pd.Categorical(data["arm"], data["arm"].cat.categories[::-1]), late=data["week"] > 4)
    refused(fitted(data, "nprs ~ arm * late + C(week)", "id"), "7 fixed effects have only 6 independent columns")
    for formula in ("nprs ~ arm * C(week)", "nprs ~ arm * late"):
        found = from_statsmodels(fitted(data, formula, "id"))
        same(found, lmm(data, f"{formula} + (1 | id)"))
        assert type(found) is MixedFit
        assert found.design.factors["arm"] == tuple(data["arm"].cat.categories)
        assert len(found.test("arm").frame) == 1


def test_columns_that_patsy_calls_otherwise():
    found = from_statsmodels(fitted(frame("mixed_pain"), "nprs ~ arm + week - 1", "id"))
    wanted = lmm(frame("mixed_pain"), "nprs ~ arm + week - 1 + (1 | id)")
    assert type(found) is MixedFit
    assert found.design.names[0] == "arm[control]"
    assert gap(found.means("arm").frame["se"], wanted.means("arm").frame["se"]) < NEAR


def test_an_outcome_that_is_an_expression():
    found = from_statsmodels(fitted(frame("mixed_trial"), "np.log(y) ~ arm + base", "id"))
    same(found, lmm(frame("mixed_trial"), "np.log(y) ~ arm + base + (1 | id)"))


def test_missing_rows_that_statsmodels_drops():
    data = frame("mixed_trial").copy()
    data.loc[[3, 7, 50], "y"] = np.nan
    found = from_statsmodels(fitted(data, "y ~ base + arm * visit", "id", missing="drop"))
    same(found, lmm(data, "y ~ base + arm * visit + (1 | id)"))
    assert found.words.participant == "id"  # statsmodels leaves the column of the groups out of the data it keeps
    assert "to 215 rows; rows that it left out are not in the ledger" in found.notes[0]


# ---- how far statsmodels was -------------------------------------------------------------------------------------


def test_a_small_gap_is_closed_and_said():
    result = sleep(method="bfgs", gtol=1e-3)
    found = from_statsmodels(result)
    same(found, from_statsmodels(sleep()))
    said = re.search(r"log-likelihood was (\S+) below the highest \(Newton decrement (\S+)\)", found.notes[0])
    assert float(said.group(1)) == pytest.approx(found.log_likelihood - result.llf, rel=0.1)
    assert 1e-5 < float(said.group(1)) < 1e-3
    assert float(said.group(2)) == pytest.approx(2 * float(said.group(1)), rel=0.5)  # of the deviance, twice that


def test_converged_short_of_the_optimum_is_refused():
    result = sleep(method="bfgs", gtol=0.03)
    assert result.converged
    gap_found = from_statsmodels(sleep()).log_likelihood - result.llf
    refused(
        result,
        f"statsmodels says that it converged, but its log-likelihood is {gap_found:.3g} below the highest",
        'kbstudy.lmm(data, "Reaction ~ Days + (1 + Days | Subject)")',
    )


@pytest.mark.parametrize(
    ("case", "reml", "written"),
    [
        ("intercept", True, '"y ~ base + arm * visit + (1 | id)")'),
        ("slope", False, f'"{BASE_WEEK} + (1 + week | id)", reml=False)'),
        ("slope_only", True, f'"{BASE_WEEK} + (0 + week | id)")'),
        ("nested", True, '"strength ~ 1 + (1 | batch) + (1 | batch:cask)")'),
        ("clinic_slopes", True, f'"{BASE_WEEK} + (1 | clinic) + (1 | id) + (0 + week | id)")'),
    ],
)
def test_not_converged_is_refused_with_what_to_write(case, reml, written):
    result = copy.copy(theirs(case, reml=reml)._results)
    result.converged = False
    refused(result, "statsmodels did not converge (result.converged is False)", "mean nothing", written)
    # What is written is the same model.
    if reml:
        same(ours(case), lmm(frame(CASES[case][0]), written.split('"')[1]))


def test_an_optimiser_that_was_stopped_is_refused():
    model = smf.mixedlm("nprs ~ arm * week", frame("mixed_pain"), groups="id", re_formula="~week")
    with pytest.warns(ConvergenceWarning):
        result = model.fit(maxiter=1)
    refused(result, "did not converge", 'kbstudy.lmm(data, "nprs ~ arm * week + (1 + week | id)")')


def test_not_converged_without_a_formula():
    model = theirs("pain").model
    result = quietly(lambda: MixedLM(model.endog, model.exog, groups=model.groups).fit(maxiter=1))
    refused(result, "did not converge", 'kbstudy.lmm(data, "y ~ ... + (1 | group)")')


# ---- arrays ------------------------------------------------------------------------------------------------------


def test_arrays_give_coefficients_tests_and_combinations():
    found = from_statsmodels(in_arrays())
    assert isinstance(found, ColumnsFit)
    same(found, ours("pain"))
    rows = np.eye(4)[[1, 3]]
    at = [list(ours("pain").design.names).index(name) for name in found.design.names]
    wanted = ours("pain").test_rows(rows[:, np.argsort(at)]).frame.iloc[0]
    assert gap(found.test_rows(rows).frame.loc[0, ["statistic", "df"]], wanted[["statistic", "df"]]) < NEAR
    assert found.combine({"week 8": [1, 0, 8, 0]}).frame["estimate"].notna().all()
    assert found.with_df_method("satterthwaite").reason == found.reason
    assert "with arm[T.exercise], week and arm[T.exercise] × week as fixed effects" in found.methods()
    assert "Contrasts in words are not offered: the model was made of arrays" in str(found)


@pytest.mark.parametrize(
    ("asked", "what"),
    [
        (lambda fit: fit.means("arm"), "adjusted means"),
        (lambda fit: fit.contrasts("arm", by="week"), "differences between adjusted means"),
        (lambda fit: fit.change_from(0, visit="week"), "changes of adjusted means"),
        (lambda fit: fit.test("arm"), 'tests of terms ("arm")'),
        (lambda fit: fit.predict(data=frame("mixed_pain")), "predictions for other rows"),
    ],
)
def test_arrays_give_no_words(asked, what):
    with pytest.raises(PlanError) as caught:
        asked(from_statsmodels(in_arrays()))
    assert f"{what} need the formula of the design: the model was made of arrays" in str(caught.value)
    assert "one weight for each of Intercept, arm[T.exercise], week, arm[T.exercise]:week" in str(caught.value)


def test_arrays_with_slopes_and_components():
    model = theirs("slope").model
    found = from_statsmodels(in_arrays("slope", exog_re=pd.DataFrame(model.exog_re, columns=["const", "week"])))
    same(found, ours("slope"))
    assert found.words.terms == (("group", ("Intercept", "week")),)
    spec = theirs("nested").model.exog_vc
    unnamed = VCSpec(spec.names, [], spec.mats)
    ones = np.ones((60, 1))
    result = quietly(
        lambda: MixedLM(theirs("nested").model.endog, ones, theirs("nested").model.groups, ones, unnamed).fit()
    )
    found = from_statsmodels(result)
    assert gap(found.coefficients.frame["se"], table(ours("nested"))["se"]) < NEAR
    assert [group for group, _ in found.words.terms] == ["group", "cask"]


def test_a_formula_that_is_patsy_s_own():
    found = from_statsmodels(fitted(frame("mixed_pain"), "nprs ~ I(week / 4) + Q('arm')", "id"))
    assert isinstance(found, ColumnsFit)
    assert "the formula could not be rebuilt" in found.reason
    with pytest.raises(PlanError, match="the formula could not be rebuilt"):
        found.means("arm")


def test_data_changed_since_the_fit_are_noticed():
    data = frame("mixed_pain").copy()
    result = fitted(data, "nprs ~ arm * week", "id")
    data["week"] = data["week"] + 1.0
    found = from_statsmodels(result)
    assert "gives other columns here than in statsmodels" in found.reason
    same(found, ours("pain"))


# ---- refusals ----------------------------------------------------------------------------------------------------


def test_something_else_is_refused():
    with pytest.raises(PlanError, match="result is a OLSResults, not a mixed model of statsmodels"):
        from_statsmodels(smf.ols("nprs ~ arm", frame("mixed_pain")).fit())
    with pytest.raises(PlanError, match="result is a str"):
        from_statsmodels("pain")


def test_an_unknown_method_is_refused():
    with pytest.raises(PlanError, match='did you mean "satterthwaite"'):
        from_statsmodels(theirs("pain"), df_method="saterthwaite")


def test_a_component_that_shares_a_variance_among_effects_is_refused():
    result = fitted(frame("mixed_trial"), BASE_WEEK, "id", "1", {"slope": "week"})
    refused(result, 'rows of the variance component "slope" load on several effects that share one variance', '"0 + C(')


def test_parameters_held_by_free_are_refused():
    data = frame("mixed_trial")
    for free in (
        MixedLMParams.from_components(np.ones(5), np.array([[1, 1], [1, 0]])),
        MixedLMParams.from_components(np.array([1, 1, 1, 1, 0]), np.eye(2)),
    ):
        refused(fitted(data, BASE_WEEK, "id", "~week", free=free), "parameters were held at a value (free=)")


def test_an_optimiser_that_ignores_free_is_refused():
    free = MixedLMParams.from_components(np.ones(5), np.eye(2))
    result = fitted(frame("mixed_trial"), BASE_WEEK, "id", "~week", free=free, method="powell")
    refused(result, "the result has some that are not zero", "bfgs, lbfgs and cg respect free=")


def test_penalties_are_refused():
    result = fitted(frame("mixed_pain"), "nprs ~ arm * week", "id", fe_pen=L2())
    refused(result, "the model was fitted with a penalty", ".fit() without fe_pen and cov_pen")
    shrunk = copy.copy(theirs("pain")._results)
    del shrunk.freepat  # fit_regularized makes a result without it
    refused(shrunk, "the fixed effects were shrunk by a penalty (fit_regularized)")


def changed(case, **attributes):
    """A result whose model is another than the one that was fitted."""
    result = copy.copy(theirs(case)._results)
    result.model = copy.copy(result.model)
    for name, value in attributes.items():
        setattr(result.model, name, value)
    return result


def test_a_result_without_its_data_is_refused():
    refused(changed("pain", exog=None), "the result was saved without its data")


def test_missing_values_in_arrays_are_refused():
    x = theirs("pain").model.exog.copy()
    x[5, 2] = np.nan
    refused(changed("pain", exog=x), "exog holds missing or infinite values", 'missing="drop"')


def test_dependent_columns_are_refused():
    x = theirs("pain").model.exog
    for more in (x[:, 1], 1e6 * x[:, 2] - x[:, 1], 0 * x[:, 1]):
        refused(changed("pain", exog=np.column_stack([x, more])), "5 fixed effects have only 4 independent columns")


def test_a_negative_variance_is_refused():
    result = changed("pain")
    result.cov_re = np.array([[-0.5]])
    refused(result, "statsmodels estimated a negative variance of Intercept by id", "use_sqrt=True")


def test_a_likelihood_that_is_not_this_model_s_is_refused():
    result = changed("pain", loglike=lambda *_, **__: -400.0)
    refused(
        result, "at statsmodels' estimates its log-likelihood is -400.0000", "holds something that is not known here"
    )


def test_what_lmm_refuses_is_refused():
    data = frame("mixed_pain").drop_duplicates("id")
    refused(fitted(data, "nprs ~ arm", "id", method="lbfgs"), "every level of id has a single row")


def test_statsmodels_is_imported_only_when_it_is_asked_for():
    asked = "[name in sys.modules for name in ('statsmodels', 'scipy.stats')]"
    code = f"import sys, kbstudy.models.mixed.statsmodels_adapter; print(*{asked})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]
