"""Responders: against R and statsmodels, who is counted, what is refused, what must hold exactly."""

from __future__ import annotations

import json
import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar
from scipy.special import xlog1py, xlogy
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

from kbstudy.errors import DataError, FitError, PlanError, SmallSample
from kbstudy.models import responders
from kbstudy.models.proportions import koopman, needed_to_treat, newcombe, odds_ratio_score, wilson
from tests import reference, tolerances

SOURCE = reference.numbers("proportions", "score_intervals")
RATIOS = reference.numbers("proportions", "ratios")
ASK = {"arm": "arm", "reference": "Control", "participant": "id"}


def table():
    scores = [1, 1, 2, 5, 7, 8, np.nan, 0.5, 3, 9, 0, 1, 1, 2, np.nan, np.nan, 1, 0, 4, 1]
    arms = ["Control"] * 10 + ["Training"] * 10
    return pd.DataFrame({"id": [f"P{i:02d}" for i in range(20)], "arm": arms, "pain": scores})


# ---- against others ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", SOURCE["wilson"], ids=lambda c: f"{c['k']} of {c['n']} at {c['level']}")
def test_wilson_is_rs(case):
    assert wilson(case["k"], case["n"], case["level"]) == pytest.approx(case["limits"], rel=1e-10, abs=1e-14)


@pytest.mark.parametrize("case", SOURCE["newcombe"], ids=lambda c: f"{c['counts']} at {c['level']}")
def test_newcombe_is_rs(case):
    assert newcombe(*case["counts"], case["level"]) == pytest.approx(case["limits"], rel=1e-10, abs=1e-14)


@pytest.mark.parametrize("counts", [(56, 70, 48, 80), (3, 9, 1, 11), (10, 51, 33, 50)])
def test_both_are_statsmodels(counts):
    k1, n1, k0, n0 = counts
    assert wilson(k1, n1) == pytest.approx(proportion_confint(k1, n1, method="wilson"), rel=tolerances.IDENTITY)
    theirs = confint_proportions_2indep(k1, n1, k0, n0, method="newcomb", compare="diff")
    assert newcombe(*counts) == pytest.approx(theirs, rel=tolerances.IDENTITY)


@pytest.mark.parametrize("case", RATIOS["cases"], ids=lambda c: f"{c['counts']} at {c['level']}")
def test_score_intervals_of_ratios_are_rs(case):
    """Pearson's X² of a binomial glm whose offset is the logarithm of the ratio."""
    limits = koopman(*case["counts"], case["level"])
    assert limits == pytest.approx(case["risk_ratio"], rel=tolerances.GLM_SCORE)
    limits = odds_ratio_score(*case["counts"], case["level"])
    assert limits == pytest.approx(case["odds_ratio"], rel=tolerances.GLM_SCORE)


@pytest.mark.parametrize("counts", [(56, 70, 48, 80), (3, 9, 1, 11), (10, 51, 33, 50)])
def test_score_intervals_of_ratios_are_statsmodels(counts):
    for compare, ours in (("ratio", koopman), ("odds-ratio", odds_ratio_score)):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # statsmodels divides by zero where it begins to search
            theirs = confint_proportions_2indep(*counts, compare=compare, method="score", correction=False)
        assert ours(*counts) == pytest.approx(theirs, rel=tolerances.IDENTITY)


# ---- who is counted ----------------------------------------------------------------------------------------------


def test_missing_counted_as_not_reaching_it():
    found = responders(table(), "pain", **ASK, at_most=1, missing="non_responder", visit="Week 8")
    compared = ["risk_difference", "risk_ratio", "odds_ratio", "number_needed_to_treat"]
    assert found.frame["term"].tolist() == ["proportion", "proportion", *compared]
    assert found.frame["n"].tolist() == [10, 10, 20, 20, 20, 20]
    assert found.frame["estimate"].tolist() == pytest.approx([0.3, 0.6, 0.3, 2, (6 / 4) / (3 / 7), 1 / 0.3])
    assert found.frame[["p", "se", "statistic", "df"]].isna().all(axis=None)
    assert len(found.ledger.ids("analysed")) == 17
    assert sorted(found.ledger.ids("analysed") + found.ledger.ids("counted")) == sorted(table()["id"])
    counts = found.ledger.counts().set_index("arm")
    assert counts["analysed"].tolist() == [10, 10]
    assert counts["measured"].tolist() == [9, 8]
    reasons = found.ledger.frame.set_index("participant")["reason"]
    assert reasons[reasons != ""].unique().tolist() == ["no value: counted as not reaching the threshold"]
    assert "Control: 3/10 (30%); 1 person without a value, counted as not reaching the threshold." in found.notes
    assert "Training: 6/10 (60%); 2 people without a value, counted as not reaching the threshold." in found.notes


def test_missing_excluded():
    found = responders(table(), "pain", **ASK, at_most=1, missing="excluded", visit="Week 8")
    assert found.frame["n"].tolist() == [9, 8, 17, 17, 17, 17]
    assert found.frame["estimate"].tolist()[:3] == pytest.approx([3 / 9, 6 / 8, 6 / 8 - 3 / 9])
    assert found.ledger.ids("missing") == ["P06", "P14", "P15"]
    assert set(found.ledger.frame.query("status == 'missing'")["reason"]) == {"no value at Week 8"}
    assert "Training: 6/8 (75%); 2 people without a value, left out." in found.notes


def test_a_missing_value_never_reaches_at_least_either():
    found = responders(table(), "pain", **ASK, at_least=-5, missing="non_responder")
    assert found.frame["estimate"].tolist()[:2] == pytest.approx([0.9, 0.8])


def test_a_value_on_the_threshold_reaches_it_whatever_floating_point_says():
    data = table().assign(pain=[0.1 + 0.2] * 10 + [0.31] * 10)
    low = responders(data, "pain", **ASK, at_most=0.3, missing="excluded").frame["estimate"]
    high = responders(data, "pain", **ASK, at_least=0.31, missing="excluded").frame["estimate"]
    assert low.tolist()[:3] == [1, 0, -1]
    assert high.tolist()[:3] == [0, 1, 1]


def test_those_never_randomised_are_in_the_ledger_and_nowhere_else():
    data = table()
    data.loc[0, "arm"] = np.nan
    found = responders(data, "pain", **ASK, at_most=1, missing="non_responder")
    assert found.ledger.ids("not randomised") == ["P00"]
    assert found.frame["n"].tolist()[:3] == [9, 10, 19]


def test_small_arms_are_named():
    with pytest.warns(SmallSample, match=r"Training \(7\)") as caught:
        responders(table().drop(19), "pain", **ASK, at_most=1, missing="excluded")
    assert caught[0].filename == __file__


# ---- ratios and the number needed to treat ------------------------------------------------------------------------


def test_all_that_is_compared():
    found = responders(table(), "pain", **ASK, at_most=1, missing="non_responder", visit="Week 8")
    four = (6, 10, 3, 10)
    for term, limits in (
        ("risk_difference", newcombe(*four)),
        ("risk_ratio", koopman(*four)),
        ("odds_ratio", odds_ratio_score(*four)),
    ):
        row = found.row(term)
        assert (row["low"], row["high"]) == limits
        assert row["low"] < row["estimate"] < row["high"]
    assert found.sentence("risk_ratio") == (
        "The share of people with pain at most 1 at Week 8 (Training − Control): risk ratio 2.00 (95% CI 0.74 to 6.04; "
        "n = 20)."
    )


def test_the_number_needed_to_treat_through_infinity():
    found = responders(table(), "pain", **ASK, at_most=1, missing="non_responder", visit="Week 8")
    row, difference = found.row("number_needed_to_treat"), found.row()
    assert difference["low"] < 0 < difference["high"]
    assert np.isnan(row["low"])
    assert np.isnan(row["high"])
    words = f"NNTB 3.3 (NNTH {-1 / difference['low']:.1f} to ∞ to NNTB {1 / difference['high']:.1f})"
    assert row["method"] == words
    said = f"number needed to treat NNTB 3.3 (95% CI {words[10:-1]}; n = 20)."
    assert found.sentence("number_needed_to_treat").endswith(said)
    assert f"for one more person to reach the threshold: {words}." in found.notes[2]


def test_the_number_needed_to_treat_on_one_side():
    data = table().assign(pain=[9.0] * 9 + [0.0] + [0.0] * 9 + [9.0])
    found = responders(data, "pain", **ASK, at_most=1, missing="excluded")
    row, difference = found.row("number_needed_to_treat"), found.row()
    assert row["estimate"] == pytest.approx(1 / 0.8)
    assert (row["low"], row["high"]) == pytest.approx((1 / difference["high"], 1 / difference["low"]))
    assert row["method"].startswith("NNTB 1.2 (NNTB ")
    back = responders(data, "pain", **{**ASK, "reference": "Training"}, at_most=1, missing="excluded")
    assert back.row("number_needed_to_treat")["method"] == row["method"].replace("NNTB", "NNTH")


@pytest.mark.parametrize(
    ("control", "training", "ratio", "odds", "needed"),
    [
        (0, 5, (np.nan, False, True), (np.nan, False, True), "NNTB 2.0 ("),
        (0, 0, (np.nan, True, True), (np.nan, True, True), "∞ (NNTH 3.6 to ∞ to NNTB 3.6)"),
        (10, 10, (1, False, False), (np.nan, True, True), "∞ (NNTH 3.6 to ∞ to NNTB 3.6)"),
        (5, 0, (0, True, False), (0, True, False), "NNTH 2.0 ("),
        (10, 4, (0.4, False, False), (np.nan, True, False), "NNTH 1.7 ("),
    ],
)
def test_nobody_or_everybody(control, training, ratio, odds, needed):
    """Ratios that do not exist are left out; their intervals are open where the data say nothing."""
    reached = [0.0] * control + [9.0] * (10 - control) + [0.0] * training + [9.0] * (10 - training)
    found = responders(table().assign(pain=reached), "pain", **ASK, at_most=1, missing="excluded")
    for term, (estimate, from_zero, endless) in (("risk_ratio", ratio), ("odds_ratio", odds)):
        row = found.row(term)
        assert row["estimate"] == pytest.approx(estimate, nan_ok=True)
        assert (row["low"] == 0, row["high"] == np.inf) == (from_zero, endless)
        for limit in (row["low"], row["high"]):
            if 0 < limit < np.inf:
                distance = restricted_chi_square((training, 10, control, 10), limit, term == "odds_ratio")
                assert distance == pytest.approx(3.841458820694124, rel=1e-6)
    assert found.row("number_needed_to_treat")["method"].startswith(needed)
    assert str(found)


def restricted_chi_square(counts, ratio, is_odds):
    """Pearson's X² of the most likely proportions with a ratio, found by searching, without a formula."""
    k1, n1, k0, n0 = counts

    def pair(logit):
        odds = np.exp(logit)
        return odds * ratio / (1 + odds * ratio) if is_odds else ratio * odds / (1 + odds), odds / (1 + odds)

    def parts(logit):
        return zip((k1, k0), (n1, n0), pair(logit), strict=True)

    def surprise(logit):
        if not all(0 < q < 1 for q in pair(logit)):
            return 1e9
        return -sum(xlogy(k, q) + xlog1py(n - k, -q) for k, n, q in parts(logit))

    start = np.linspace(-20, 20, 8001)
    best = start[np.argmin([surprise(x) for x in start])]
    best = minimize_scalar(surprise, bounds=(best - 0.01, best + 0.01), method="bounded", options={"xatol": 1e-12}).x
    return sum((k - n * q) ** 2 / (n * q * (1 - q)) for k, n, q in parts(best))


def test_open_intervals_are_valid_json():
    data = table().assign(pain=[9.0] * 10 + [0.0] * 5 + [9.0] * 5)
    found = responders(data, "pain", **ASK, at_most=1, missing="excluded")
    rows = json.loads(json.dumps(found.to_dict(), allow_nan=False))["rows"]
    assert [row["high"] for row in rows if row["term"] == "risk_ratio"] == ["Infinity"]


# ---- a grid, and changes -----------------------------------------------------------------------------------------


def test_a_grid_is_exploratory_and_says_its_thresholds():
    found = responders(table(), "pain", **ASK, at_most=1, grid=[2, 5], missing="non_responder").stamped(True)
    for limit in (1, 2, 5):
        alone = responders(table(), "pain", **ASK, at_most=limit, missing="non_responder")
        ending = "" if limit == 1 else f" (at most {limit})"
        for term in ("proportion", "risk_difference"):
            ours, theirs = found.rows(f"{term}{ending}"), alone.rows(term)
            assert ours[["estimate", "low", "high", "n"]].to_numpy().tolist() == (
                theirs[["estimate", "low", "high", "n"]].to_numpy().tolist()
            )
            assert ours["prespecified"].tolist() == [limit == 1] * len(ours)
        assert f"The share of people with pain at most {limit} was" in found.sentence(f"risk_difference{ending}")
    assert any(
        note.startswith("Other thresholds (2 and 5) are exploratory: the declared one, at most 1")
        for note in found.notes
    )
    assert len(found.plot().get_yticks()) == 3


def improved(**changes):
    data = table().assign(before=[6.0] * 20)
    ask = {**ASK, "baseline": "before", "better": "lower", "missing": "excluded", **changes}
    return responders(data, "pain", **ask)


def test_improvement_by_points_and_by_percent():
    """From 6: by at least 3 points is at most 3, which is at least 50 %."""
    at_most = responders(table(), "pain", **ASK, at_most=3, missing="excluded").frame
    for changes in ({"improved_by": 3}, {"improved_by_percent": 50}):
        frame = improved(**changes).frame
        assert frame.drop(columns="term").equals(at_most.drop(columns="term"))
    assert improved(improved_by=3).outcome == "The share of people with pain improved by at least 3"
    assert improved(improved_by_percent=50).title.startswith("pain improved by at least 50 %")


def test_which_way_is_better():
    data = table().assign(before=[6.0] * 20)
    ask = {**ASK, "baseline": "before", "missing": "excluded"}
    worse = responders(data, "pain", **ask, better="higher", improved_by=1).frame["estimate"].tolist()[:2]
    values = table().groupby("arm")["pain"]
    assert worse == pytest.approx([float((arm.dropna() >= 7).mean()) for _, arm in values])


def test_floating_point_noise_does_not_hide_an_improvement():
    data = table().assign(before=4.3, pain=4.1)
    found = responders(data, "pain", **ASK, baseline="before", better="lower", improved_by=0.2, missing="excluded")
    assert found.frame["estimate"].tolist()[:2] == [1, 1]


def test_missing_baselines_and_baselines_of_zero():
    data = table().assign(before=[np.nan, 0.0] + [6.0] * 18)
    data = pd.concat([data, data.iloc[2:5].assign(id=["Q1", "Q2", "Q3"])], ignore_index=True)
    ask = {**ASK, "baseline": "before", "better": "lower", "improved_by_percent": 30}
    counted = responders(data, "pain", **ask, missing="non_responder")
    assert counted.frame["n"].tolist()[:2] == [13, 10]
    reasons = counted.ledger.frame.set_index("participant")["reason"]
    assert reasons["P00"] == "no baseline value: counted as not reaching the threshold"
    assert reasons["P01"] == "a baseline of 0 has no percentage: counted as not reaching the threshold"
    excluded = responders(data, "pain", **ask, missing="excluded", visit="Week 8")
    assert excluded.frame["n"].tolist()[:2] == [10, 8]
    assert excluded.ledger.ids("dropped") == ["P00", "P01"]
    assert excluded.ledger.ids("missing") == ["P06", "P14", "P15"]
    assert excluded.points["participant"].tolist() == excluded.ledger.ids("analysed")


def test_a_negative_baseline_has_no_percentage():
    data = table().assign(before=[-1.0] + [6.0] * 19)
    with pytest.raises(DataError, match="P00.*a baseline of -1"):
        responders(data, "pain", **ASK, baseline="before", better="lower", improved_by_percent=30, missing="excluded")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"improved_by": 2, "baseline": None}, "improved_by= needs baseline="),
        ({"improved_by": 2, "better": ""}, 'better="" is not a direction'),
        ({"improved_by": -2}, "improved_by=-2 is not an improvement"),
        ({"improved_by": 2, "grid": [0, 3]}, "improved_by=0 is not an improvement"),
        ({"improved_by": 2, "improved_by_percent": 30}, "improved_by=2, improved_by_percent=30 is not one threshold"),
        ({"at_most": 2}, 'baseline="before" is given and no change is asked for'),
        ({"at_most": 2, "baseline": None}, 'better="lower" is given and no change is asked for'),
        ({"improved_by": 2, "grid": [3, 3]}, "grid=3, 3 is not a list of thresholds"),
        ({"improved_by": 2, "grid": [np.inf]}, "grid=inf is not a list of thresholds"),
        ({}, "no threshold is not one threshold"),
    ],
)
def test_questions_about_change_that_are_refused(changes, message):
    with pytest.raises(PlanError) as caught:
        improved(**changes)
    assert message in str(caught.value)
    assert "What to do" in str(caught.value)


# ---- what is refused ---------------------------------------------------------------------------------------------


def test_there_is_no_default_for_missing_values():
    with pytest.raises(TypeError, match="missing"):
        responders(table(), "pain", **ASK, at_most=1)


@pytest.mark.parametrize("threshold", [{}, {"at_most": 1, "at_least": 2}, {"at_most": np.nan}])
def test_everything_that_is_wrong_with_the_question_at_once(threshold):
    with pytest.raises(PlanError) as caught:
        responders(table(), "pian", **{**ASK, "reference": "Contrl"}, missing="nonresponder", level=0, **threshold)
    text = str(caught.value)
    for part in ('"pain"', '"Control"', 'did you mean "non_responder"', "level=0", "not one threshold"):
        assert part in text


def test_everything_that_is_wrong_with_the_data_at_once():
    data = pd.concat([table(), table().iloc[[2]]], ignore_index=True)
    data.loc[5, "pain"] = np.inf
    with pytest.raises(DataError) as caught:
        responders(data, "pain", **ASK, at_most=1, missing="excluded")
    assert {problem.participant for problem in caught.value.problems} == {"P02", "P05"}


def test_an_arm_without_values():
    data = table()
    data.loc[data["arm"] == "Training", "pain"] = np.nan
    with pytest.raises(FitError, match=r'arm "Training": 0 of 10 left to analyse \(no value of "pain": 10\)'):
        responders(data, "pain", **ASK, at_most=1, missing="excluded")


# ---- what must hold exactly --------------------------------------------------------------------------------------

counts = st.integers(1, 60).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@given(counts)
def test_wilson_mirrors_and_holds_the_estimate(case):
    k, n = case
    low, high = wilson(k, n)
    assert 0 <= low <= k / n <= high <= 1
    assert wilson(n - k, n) == pytest.approx((1 - high, 1 - low), abs=1e-12)


@given(counts, counts)
def test_newcombe_mirrors_and_holds_the_estimate(one, other):
    low, high = newcombe(*one, *other)
    assert -1 - 1e-12 <= low <= one[0] / one[1] - other[0] / other[1] <= high <= 1 + 1e-12
    assert newcombe(*other, *one) == pytest.approx((-high, -low), abs=1e-12)


def test_another_reference_flips_the_sign():
    there = responders(table(), "pain", **ASK, at_most=1, missing="excluded").row()
    back = responders(table(), "pain", **{**ASK, "reference": "Training"}, at_most=1, missing="excluded").row()
    assert (there["estimate"], there["low"]) == pytest.approx((-back["estimate"], -back["high"]))


def test_shift_scale_and_order_change_nothing():
    plain = responders(table(), "pain", **ASK, at_most=2, missing="non_responder").frame
    data = table().iloc[::-1].assign(pain=lambda d: d["pain"] * 10 - 3)
    assert responders(data, "pain", **ASK, at_most=17, missing="non_responder").frame.equals(plain)
    mirrored = table().assign(pain=lambda d: -d["pain"])
    assert responders(mirrored, "pain", **ASK, at_least=-2, missing="non_responder").frame.equals(plain)


@given(counts, counts)
def test_ratios_turn_around_and_hold_the_estimate(one, other):
    for interval, odds in ((koopman, False), (odds_ratio_score, True)):
        low, high = interval(*one, *other)
        back = interval(*other, *one)
        assert 0 <= low <= high
        for limit, turned in ((low, back[1]), (high, back[0])):
            inverse = np.inf if limit == 0 else 1 / limit
            assert turned == pytest.approx(inverse, rel=1e-6)
        (k1, n1), (k0, n0) = one, other
        top = k1 * (n0 - k0) if odds else k1 * n0
        bottom = k0 * (n1 - k1) if odds else k0 * n1
        if bottom:
            assert low - 1e-9 <= top / bottom <= high + 1e-9


@given(counts, counts)
def test_the_score_interval_is_that_of_the_score_test(one, other):
    """The ratio 1 is inside exactly if Pearson's chi-square of the table is at most z²."""
    (k1, n1), (k0, n0) = one, other
    total = k1 + k0
    if total in (0, n1 + n0):
        return
    p = total / (n1 + n0)
    z = (k1 / n1 - k0 / n0) / np.sqrt(p * (1 - p) * (1 / n1 + 1 / n0))
    if abs(abs(z) - 1.959963984540054) < 1e-6:
        return
    for interval in (koopman, odds_ratio_score):
        low, high = interval(*one, *other)
        assert (low <= 1 <= high) == (abs(z) < 1.959963984540054)


def test_needed_to_treat_with_a_limit_at_zero():
    assert needed_to_treat(0.2, 0.0, 0.4) == "NNTB 5.0 (NNTB 2.5 to ∞)"
    assert needed_to_treat(-0.2, -0.4, 0.0) == "NNTH 5.0 (NNTH 2.5 to ∞)"
