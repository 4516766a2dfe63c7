"""Proportional odds: against R and statsmodels, what is refused, what must hold exactly."""

from __future__ import annotations

import itertools
import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import brunnermunzel, norm
from statsmodels.miscmodels.ordinal_model import OrderedModel

from kbstudy.errors import DataError, FitError, PlanError, SmallSample
from kbstudy.models import ordinal
from kbstudy.models.cumulative_logit import by_arm, maximise, proportional, runaway
from tests import reference, tolerances

SOURCE = reference.numbers("ordinal_pain", "ordinal")
ASK = {"arm": "arm", "reference": "Usual care", "better": "lower", "participant": "id"}
CASES = {"plain": {}, "covariates": {"baseline": "before", "covariates": ["site"]}}
TWO = {"arm": "arm", "reference": "Control", "better": "lower", "participant": "id"}


def found(case, **changes):
    asked = {**ASK, **CASES[case], "level": SOURCE[case]["level"], **changes}
    return ordinal(reference.data("ordinal_pain"), "score", **asked)


def table(scores=(5, 4, 3, 6, 3, 7, 2, 4, 5, 5, 1, 0, 2, 4, 1, 1, 3, 2, 0, 2)):
    arms = ["Control"] * 10 + ["Training"] * 10
    return pd.DataFrame({"id": [f"P{i:02d}" for i in range(20)], "arm": arms, "score": scores})


# ---- against R and statsmodels -----------------------------------------------------------------------------------


@pytest.mark.parametrize("case", CASES)
def test_odds_ratios_and_wald_are_clms(case):
    """Lower is better, so the log odds ratio of a better score is minus clm's coefficient."""
    rows, source = found(case, interval="wald").rows("odds_ratio_better"), SOURCE[case]
    assert -np.log(rows["estimate"].to_numpy()) == pytest.approx(source["log_or"], rel=tolerances.CLM)
    z = -np.array(source["log_or"]) / source["se"]
    assert rows["statistic"].to_numpy() == pytest.approx(z, rel=tolerances.CLM)
    width = np.log(rows["high"] / rows["low"]).to_numpy()
    assert width == pytest.approx(2 * norm.ppf((1 + source["level"]) / 2) * np.array(source["se"]), rel=tolerances.CLM)


@pytest.mark.parametrize("case", CASES)
def test_estimates_are_polrs(case):
    rows = found(case).rows("odds_ratio_better")
    assert -np.log(rows["estimate"].to_numpy()) == pytest.approx(SOURCE[case]["polr"], rel=tolerances.POLR)


@pytest.mark.parametrize("case", CASES)
def test_profile_limits_and_likelihood_ratios_are_clms(case):
    rows, source = found(case).rows("odds_ratio_better"), SOURCE[case]
    ours = -np.log(rows[["high", "low"]].to_numpy())
    assert ours == pytest.approx(np.array(source["profile"]), rel=tolerances.CLM)
    assert ours == pytest.approx(np.array(source["splines"]), abs=tolerances.PROFILE_SPLINE)
    assert rows["statistic"].to_numpy() ** 2 == pytest.approx(source["deviance"], rel=tolerances.CLM)


def test_predicted_shares_are_clms():
    rows = found("plain").frame
    for arm in SOURCE["plain"]["shares"]:
        mine = rows[rows["term"].str.startswith("share_predicted") & (rows["arm"] == arm["arm"])]
        for column, name in (("estimate", "fit"), ("se", "se"), ("low", "low"), ("high", "high")):
            assert mine[column].to_numpy() == pytest.approx(arm[name], rel=tolerances.CLM), (arm["arm"], column)


@pytest.mark.parametrize(("case", "name"), [("plain", "nominal"), ("covariates", "nominal_covariates")])
def test_the_check_of_proportional_odds_is_clms_with_nominal_effects(case, name):
    data = reference.data("ordinal_pain").assign(score=lambda d: d["score"].clip(1, 3))
    row = ordinal(data, "score", **ASK, **CASES[case]).row("likelihood_ratio_proportional_odds")
    for part in ("statistic", "df", "p"):
        assert row[part] == pytest.approx(SOURCE[name][part], rel=tolerances.CLM)


def test_win_probability_is_brunner_and_munzels_by_formula():
    rows = found("plain").rows("win_probability").reset_index(drop=True)
    for i, source in enumerate(SOURCE["wins"]):
        for part, value in source.items():
            assert rows.loc[i, part] == pytest.approx(value, rel=tolerances.LIMIT), part


def test_win_probability_is_scipys():
    data = table()
    row = ordinal(data, "score", **TWO).row("win_probability")
    one, other = (data.loc[data["arm"] == name, "score"] for name in ("Training", "Control"))
    wins = np.mean([(a < b) + 0.5 * (a == b) for a, b in itertools.product(one, other)])
    assert row["estimate"] == pytest.approx(wins)
    assert abs((row["estimate"] - 0.5) / row["se"]) == pytest.approx(abs(brunnermunzel(one, other).statistic))


@pytest.mark.parametrize("seed", range(3))
def test_the_likelihood_is_ordered_models(seed):
    """Ours has exact derivatives, statsmodels' numerical ones: the same maximum and standard errors."""
    rng = np.random.default_rng(seed)
    design = np.column_stack([rng.integers(0, 2, 80), rng.normal(size=80)]).astype("float64")
    codes = np.digitize(design @ [1.0, -0.7] + rng.logistic(size=80), [-1, 0, 1, 2])
    codes = np.unique(codes, return_inverse=True)[1]
    ours = maximise(proportional(codes, design))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of its first optimiser, whose answer only starts the second
        model = OrderedModel(codes, design, distr="logit")
        theirs = model.fit(method="newton", start_params=model.fit(method="bfgs", disp=False).params, disp=False)
    assert ours.log_likelihood == pytest.approx(theirs.llf, rel=1e-10)
    assert ours.theta[-2:] == pytest.approx(theirs.params[:2], rel=tolerances.ORDERED_MODEL)
    assert np.sqrt(np.diag(ours.covariance))[-2:] == pytest.approx(theirs.bse[:2], rel=tolerances.ORDERED_MODEL)


def test_derivatives_are_those_of_differences():
    rng = np.random.default_rng(8)
    codes, design = rng.integers(0, 4, 30), rng.normal(size=(30, 2))
    model = by_arm(codes, rng.integers(0, 2, 30), design)
    theta = model.start + rng.normal(0, 0.01, len(model.start))
    _, gradient, hessian = model.derivatives(theta)
    steps = 1e-5 * np.eye(len(theta))
    numeric = [(model.derivatives(theta + s)[0] - model.derivatives(theta - s)[0]) / 2e-5 for s in steps]
    assert gradient == pytest.approx(numeric, rel=1e-6, abs=1e-7)
    curves = [(model.derivatives(theta + s)[1] - model.derivatives(theta - s)[1]) / 2e-5 for s in steps]
    assert hessian == pytest.approx(np.array(curves), rel=1e-5, abs=1e-6)


# ---- what it says ------------------------------------------------------------------------------------------------


def test_who_is_in_and_what_is_said():
    result = found("covariates")
    counts = result.ledger.frame["status"].value_counts()
    assert counts["analysed"] == SOURCE["covariates"]["n"] == len(result.points)
    assert counts["missing"] == 3
    text = " ".join(result.notes)
    for part in ("Proportional odds", "no proof", "61 of 66 people in an arm", "further from 1"):
        assert part in text
    assert "thresholds of their own in each arm" in result.method
    assert result.adjusted_for == "before and site"
    assert "odds ratio of a better score" in result.sentence()
    assert "observed 6/21 (29%)" in found("plain").frame["method"].to_string()


def test_an_ordered_categorical_keeps_its_order_and_names():
    names = ["none", "mild", "severe"]
    codes = [2, 1, 1, 2, 2, 0, 1, 2, 1, 2, 0, 0, 1, 0, 1, 2, 0, 1, 0, 0]
    data = table(pd.Categorical([names[code] for code in codes], names, ordered=True))
    result, numeric = ordinal(data, "score", **TWO), ordinal(table(codes), "score", **TWO)
    assert result.row()["estimate"] == numeric.row()["estimate"]
    assert "share_predicted: mild" in result.frame["term"].tolist()


def test_two_categories_are_logistic_regression():
    codes = [1, 1, 0, 1, 1, 0, 1, 1, 0, 1, 0, 0, 1, 0, 1, 0, 0, 1, 0, 0]
    result = ordinal(table(codes), "score", **TWO, interval="wald")
    a, b, c, d = 7, 3, 7, 3  # better with training: 7 of 10; worse with control: 7 of 10
    assert result.row()["estimate"] == pytest.approx(a * c / (b * d))
    check = result.row("likelihood_ratio_proportional_odds")
    assert np.isnan(check["p"])
    assert any("there is one cut, and nothing to check" in note for note in result.notes)


def test_a_check_on_few_people_is_doubted_or_not_made():
    doubted = "a small p is common where odds are proportional"
    assert any(doubted in note for note in found("plain").notes)
    three = reference.data("ordinal_pain").assign(score=lambda d: d["score"].clip(1, 3))
    assert not any(doubted in note for note in ordinal(three, "score", **ASK).notes)
    spread = ordinal(table(np.arange(20) * 7 % 20), "score", **TWO)
    assert np.isnan(spread.row("likelihood_ratio_proportional_odds")["p"])
    assert any("fewer than 2 people for each category in an arm" in note for note in spread.notes)


def test_small_arms_are_named():
    with pytest.warns(SmallSample, match=r"Training \(7\)"):
        ordinal(table().iloc[:17], "score", **TWO)


# ---- what is refused ---------------------------------------------------------------------------------------------


def test_everything_that_is_wrong_with_the_question_at_once():
    with pytest.raises(PlanError) as caught:
        ordinal(table(), "scor", **{**TWO, "reference": "Contrl", "better": "less"}, interval="profil", baseline="x")
    text = str(caught.value)
    for part in ('"score"', '"Control"', 'better="less"', 'did you mean "profile"', 'baseline="x"'):
        assert part in text


def test_categories_without_an_order():
    with pytest.raises(DataError, match='categories without an order: "bad", "good"'):
        ordinal(table(["bad", "good"] * 10), "score", **TWO)


def test_one_category():
    with pytest.raises(FitError, match='all 20 people have the category "3"'):
        ordinal(table([3] * 20), "score", **TWO)


def test_a_declared_category_that_nobody_has():
    scores = pd.Categorical(["low", "high"] * 10, ["low", "middle", "high"], ordered=True)
    with pytest.raises(FitError, match='nobody has the declared category "middle"'):
        ordinal(table(scores), "score", **TWO)


def test_separated_arms():
    with pytest.raises(FitError, match='no score in arm "Training" overlaps with those in arm "Control"'):
        ordinal(table([5, 6, 7, 8, 9] * 2 + [0, 1, 2, 3, 4] * 2), "score", **TWO)


def test_quasi_separated_arms_share_one_score():
    with pytest.raises(FitError, match="separation"):
        ordinal(table([5, 6, 7, 8, 5] * 2 + [0, 1, 2, 3, 5] * 2), "score", **TWO)


def test_a_covariate_that_says_the_score():
    data = table().assign(other=lambda d: d["score"] * 2 + 1)
    with pytest.raises(FitError, match='separation: no finite odds ratio exists for .*"other"'):
        ordinal(data, "score", **TWO, covariates=["other"])


@pytest.mark.parametrize(
    ("values", "message"), [([1.0] * 20, "the same for everybody"), ([0.0] * 10 + [1.0] * 10, "aliased")]
)
def test_a_covariate_that_cannot_be_told_apart(values, message):
    with pytest.raises(FitError, match=message):
        ordinal(table().assign(other=values), "score", **TWO, covariates=["other"])


def test_an_arm_of_one_person():
    with pytest.raises(FitError, match='arm "Training": 1 of 1 left to analyse'):
        ordinal(table().iloc[:11], "score", **TWO)


def test_a_search_that_does_not_end_is_an_error(monkeypatch):
    monkeypatch.setattr("kbstudy.models.cumulative_logit._STEPS", 1)
    with pytest.raises(FitError, match="does not converge in 1 steps"):
        ordinal(table(), "score", **TWO)


def test_a_design_that_tells_nothing_apart_is_an_error():
    with pytest.raises(FitError, match="does not converge"):
        maximise(proportional(np.arange(12) % 3, np.zeros((12, 1))))


# ---- what must hold exactly --------------------------------------------------------------------------------------

scores = st.lists(st.integers(0, 5), min_size=20, max_size=20)


def or_none(data, **changes):
    """The result, or None where the scores are separated or all the same."""
    try:
        return ordinal(data, "score", **{**TWO, **changes})
    except FitError:
        return None


@settings(max_examples=25, deadline=None)
@given(scores)
def test_another_reference_or_direction_inverts_the_ratio(values):
    plain = or_none(table(values))
    for changes in ({"reference": "Training"}, {"better": "higher"}):
        other = or_none(table(values), **changes)
        assert (plain is None) == (other is None)
        if plain is not None:
            one, two = plain.row(), other.row()
            assert [np.log(one[part]) for part in ("estimate", "low", "high")] == pytest.approx(
                [-np.log(two[part]) for part in ("estimate", "high", "low")], abs=1e-7
            )
            wins = "win_probability"
            assert plain.row(wins)["estimate"] == pytest.approx(1 - other.row(wins)["estimate"])


@settings(max_examples=25, deadline=None)
@given(scores, st.integers(0, 1000))
def test_any_rising_transformation_and_order_of_rows(values, seed):
    plain = or_none(table(values))
    moved = table([np.exp(value) - 3 for value in values]).sample(frac=1, random_state=seed)
    other = or_none(moved)
    assert (plain is None) == (other is None)
    if plain is not None:
        parts = ["estimate", "low", "high", "statistic", "p"]
        # The statistic is the root of a likelihood ratio, in which rounding is as large as 1e-14.
        assert other.row()[parts].tolist() == pytest.approx(plain.row()[parts].tolist(), rel=1e-6, abs=1e-6)


@settings(max_examples=25, deadline=None)
@given(scores)
def test_shares_add_up_and_separation_is_what_lets_ratios_run_away(values):
    codes = np.unique(values, return_inverse=True)[1]
    if codes.max() == 0:
        return
    arms = np.repeat([0.0, 1.0], 10)[:, None]
    one, other = codes[:10], codes[10:]
    apart = one.max() <= other.min() or other.max() <= one.min()
    assert bool(np.any(np.abs(runaway(proportional(codes, arms))[-1:]) > 1e-6)) == apart
    result = or_none(table(values))
    assert (result is None) == apart
    if result is not None:
        rows = result.frame[result.frame["term"].str.startswith("share_predicted")]
        assert rows.groupby("arm")["estimate"].sum().tolist() == pytest.approx([1, 1])
