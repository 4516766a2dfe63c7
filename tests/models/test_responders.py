"""Responders: against R and statsmodels, who is counted, what is refused, what must hold exactly."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

from kbstudy.errors import DataError, FitError, PlanError, SmallSample
from kbstudy.models import responders
from kbstudy.models.proportions import newcombe, wilson
from tests import reference, tolerances

SOURCE = reference.numbers("proportions", "score_intervals")
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


# ---- who is counted ----------------------------------------------------------------------------------------------


def test_missing_counted_as_not_reaching_it():
    found = responders(table(), "pain", **ASK, at_most=1, missing="non_responder", visit="Week 8")
    assert found.frame["term"].tolist() == ["proportion", "proportion", "risk_difference"]
    assert found.frame["n"].tolist() == [10, 10, 20]
    assert found.frame["estimate"].tolist() == pytest.approx([0.3, 0.6, 0.3])
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
    assert found.frame["n"].tolist() == [9, 8, 17]
    assert found.frame["estimate"].tolist() == pytest.approx([3 / 9, 6 / 8, 6 / 8 - 3 / 9])
    assert found.ledger.ids("missing") == ["P06", "P14", "P15"]
    assert set(found.ledger.frame.query("status == 'missing'")["reason"]) == {"no value at Week 8"}
    assert "Training: 6/8 (75%); 2 people without a value, left out." in found.notes


def test_a_missing_value_never_reaches_at_least_either():
    found = responders(table(), "pain", **ASK, at_least=-5, missing="non_responder")
    assert found.frame["estimate"].tolist()[:2] == pytest.approx([0.9, 0.8])


def test_a_value_on_the_threshold_reaches_it_whatever_floating_point_says():
    data = table().assign(pain=[0.1 + 0.2] * 10 + [0.31] * 10)
    assert responders(data, "pain", **ASK, at_most=0.3, missing="excluded").frame["estimate"].tolist() == [1, 0, -1]
    assert responders(data, "pain", **ASK, at_least=0.31, missing="excluded").frame["estimate"].tolist() == [0, 1, 1]


def test_those_never_randomised_are_in_the_ledger_and_nowhere_else():
    data = table()
    data.loc[0, "arm"] = np.nan
    found = responders(data, "pain", **ASK, at_most=1, missing="non_responder")
    assert found.ledger.ids("not randomised") == ["P00"]
    assert found.frame["n"].tolist() == [9, 10, 19]


def test_small_arms_are_named():
    with pytest.warns(SmallSample, match=r"Training \(7\)") as caught:
        responders(table().drop(19), "pain", **ASK, at_most=1, missing="excluded")
    assert caught[0].filename == __file__


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
