"""Strength: formulas by hand, protocols that are stated, units that are checked."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import kbstudy as kb
from kbstudy.errors import DataError, PlanError
from kbstudy.measures.strength import ONE_REP_MAX_FORMULAS

FORMULAS = list(ONE_REP_MAX_FORMULAS)

# ---- one-repetition maximum --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("epley", 100 * (1 + 5 / 30)),
        ("brzycki", 3600 / 32),
        ("lombardi", 100 * 5**0.1),
        ("mayhew", 10000 / (52.2 + 41.9 * math.exp(-0.275))),
        ("oconner", 112.5),
        ("wathan", 10000 / (48.8 + 53.8 * math.exp(-0.375))),
    ],
)
def test_by_hand(formula, expected):
    assert kb.one_rep_max(100, 5, formula=formula).estimate_kg == pytest.approx(expected, rel=1e-14)


def test_the_spread_is_over_all_formulas():
    found = kb.one_rep_max(80, 8, formula="epley")
    every = found.frame[FORMULAS].iloc[0]
    assert (found.low_kg, found.high_kg) == (every.min(), every.max())
    assert found.spread_kg == pytest.approx(every.max() - every.min())
    assert found.low_kg < found.estimate_kg < found.high_kg


@pytest.mark.parametrize("formula", FORMULAS)
def test_one_repetition_is_the_load(formula):
    found = kb.one_rep_max(92.5, 1, formula=formula)
    assert found.estimate_kg == found.low_kg == found.high_kg == 92.5


def test_columns_of_a_frame():
    sets = pd.DataFrame({"load": [60.0, np.nan, 40], "reps": [5, 3, None]}, index=["P01", "P02", "P03"])
    found = kb.one_rep_max(sets["load"], sets["reps"], formula="brzycki")
    assert list(found.estimate_kg.index) == ["P01", "P02", "P03"]
    assert found.estimate_kg["P01"] == pytest.approx(67.5)
    assert found.estimate_kg[["P02", "P03"]].isna().all()
    assert "1RM estimated from 3 sets (brzycki)" in found.sentence()


def test_one_load_and_several_counts():
    assert list(kb.one_rep_max(60, [1, 6], formula="epley").estimate_kg) == pytest.approx([60, 72])


def test_what_is_printed():
    found = kb.one_rep_max(100, 5, formula="brzycki")
    assert found.sentence() == "Estimated 1RM 112.5 kg (brzycki, 5 × 100 kg; 112.5 to 119.0 kg over the six formulas)."
    assert "36 w / (37 - r)" in found.methods()
    assert "doi:10.1080/07303084.1993.10606684" in str(found)
    assert "112.5" in found._repr_html_()


def test_no_set_at_all():
    assert kb.one_rep_max([], [], formula="epley").sentence() == "No set was given."


def test_everything_impossible_is_told_at_once():
    with pytest.raises(DataError) as caught:
        kb.one_rep_max([0, 60, 60, 60, 60], [5, 0, 13, 2.5, -1], formula="epley")
    told = str(caught.value)
    for words in (
        "row 0: a load of 0 kg",
        "row 1: 0 repetitions",
        "row 2: 13 repetitions",
        "row 3: 2.5 repetitions",
        "row 4: −1 repetitions",
        "Without one full repetition nothing was lifted",
        "Above 12 the formulas disagree",
        "Repetitions are counted",
    ):
        assert words in told


def test_formulas_have_names():
    with pytest.raises(PlanError, match=r'formula="eply" is not a formula; did you mean "epley"\?'):
        kb.one_rep_max(100, 5, formula="eply")
    with pytest.raises(TypeError, match="formula"):
        kb.one_rep_max(100, 5)


def test_loads_and_repetitions_belong_together():
    with pytest.raises(PlanError, match="3 loads and 2 repetitions"):
        kb.one_rep_max([60, 70, 80], [5, 5], formula="epley")
    with pytest.raises(PlanError, match="have different indices"):
        kb.one_rep_max(pd.Series([60, 70]), pd.Series([5, 5], index=[4, 5]), formula="epley")
    with pytest.raises(DataError, match="load_kg is '60 kg', not a number"):
        kb.one_rep_max("60 kg", 5, formula="epley")


@given(st.floats(1, 500), st.integers(1, 12), st.floats(0.1, 10), st.sampled_from(FORMULAS))
def test_in_other_plates_it_is_the_same_lift(load, reps, factor, formula):
    one, other = (kb.one_rep_max(w, reps, formula=formula).estimate_kg for w in (load, load * factor))
    assert other == pytest.approx(one * factor, rel=1e-12)


@given(st.floats(1, 500), st.integers(1, 11), st.sampled_from(FORMULAS))
def test_more_repetitions_mean_more_strength(load, reps, formula):
    fewer, more = (kb.one_rep_max(load, r, formula=formula).estimate_kg for r in (reps, reps + 1))
    assert more > fewer >= load


# ---- grip --------------------------------------------------------------------------------------------------------


def test_best_and_mean_are_different_outcomes():
    trials = pd.DataFrame({"t1": [38.0, 30], "t2": [41.0, 31], "t3": [40.0, np.nan]}, index=["P01", "P02"])
    best, mean = (kb.grip(trials, protocol=p, unit="kg") for p in ("best_of_3", "mean_of_3"))
    assert best.value["P01"] == 41
    assert mean.value["P01"] == pytest.approx(119 / 3)
    assert best.value.isna()["P02"]
    assert mean.value.isna()["P02"]
    assert list(best.frame["reason"]) == ["", "2 of 3 trials"]
    assert best.methods() == (
        "Handgrip strength: the highest of 3 trials, recorded in kg; without all of them there is no value."
    )
    assert "1/2 (50%) with a value" in best.sentence()


def test_units_of_grip():
    assert kb.grip([392.266], protocol="best_of_1", unit="N").value == pytest.approx(40, rel=1e-12)
    assert kb.grip([100.0], protocol="best_of_1", unit="lb").value == pytest.approx(45.359237, rel=1e-12)


def test_newtons_taken_for_kilograms_are_refused():
    with pytest.raises(DataError, match=r"trial 2: 392 kg\nWhat to do: No hand is stronger than 120 kg"):
        kb.grip([38, 392, 40], protocol="mean_of_3", unit="kg")


@pytest.mark.parametrize(
    ("trials", "protocol", "unit", "message"),
    [
        ([38, 41], "best", "kg", 'Say how the trials become one value.*"mean_of_3"'),
        ([38, 41], "median_of_2", "kg", "protocol='median_of_2' is not a protocol"),
        ([38, 41], "best_of_3", "kg", '2 trials a person in grip\nWhat to do: "best_of_3" needs 3 trials a person'),
        ([38, 41], "best_of_2", "kgf", 'unit="kgf" is not a unit of force here'),
    ],
)
def test_protocol_and_unit_are_stated(trials, protocol, unit, message):
    with pytest.raises(PlanError, match=message):
        kb.grip(trials, protocol=protocol, unit=unit)


def test_protocol_and_unit_have_no_default():
    with pytest.raises(TypeError, match="protocol"):
        kb.grip([1, 2, 3], unit="kg")
    with pytest.raises(TypeError, match="unit"):
        kb.grip([1, 2, 3], protocol="best_of_3")


def test_impossible_trials():
    with pytest.raises(DataError, match='column "trial 1": −3'):
        kb.grip([-3, 40], protocol="best_of_2", unit="kg")
    with pytest.raises(DataError, match="t1 holds something that is not a number"):
        kb.grip(pd.DataFrame({"t1": ["x"], "t2": [3]}), protocol="best_of_2", unit="kg")


# ---- back extension ----------------------------------------------------------------------------------------------


def test_force_torque_and_torque_a_kilogram():
    trials = pd.DataFrame({"a": [600.0, 500], "b": [640.0, 480]})
    found = kb.back_extension(
        trials, protocol="best_of_2", gravity="corrected", lever_m=[0.30, 0.35], body_mass_kg=[80, 70]
    )
    assert list(found.frame["force_n"]) == [640, 500]
    assert list(found.frame["torque_nm"]) == pytest.approx([192, 175])
    assert list(found.frame["torque_nm_kg"]) == pytest.approx([2.4, 2.5])
    assert "The device corrected for the weight of the trunk." in found.methods()


def test_the_weight_of_the_trunk_is_added():
    found = kb.back_extension([50, 60], protocol="mean_of_2", gravity=120, unit="kg")
    assert found.value == pytest.approx(55 * 9.80665 + 120)
    assert list(found.frame) == ["force_n", "trials", "reason"]
    assert "force at rest in the test position was added" in found.methods()


def test_force_a_kilogram_without_a_lever():
    found = kb.back_extension([700], protocol="best_of_1", gravity="not_corrected", body_mass_kg=70)
    assert found.frame["force_n_kg"].iloc[0] == pytest.approx(10)
    assert "was not corrected for" in found.methods()


def test_gravity_lever_and_mass_are_checked():
    with pytest.raises(TypeError, match="gravity"):
        kb.back_extension([700], protocol="best_of_1")
    with pytest.raises(PlanError, match='gravity="yes" is not known'):
        kb.back_extension([700], protocol="best_of_1", gravity="yes")
    with pytest.raises(DataError, match="lever_m of 30\nWhat to do: lever_m has to lie between 0.01 and 1"):
        kb.back_extension([700], protocol="best_of_1", gravity="corrected", lever_m=30)
    with pytest.raises(DataError, match="body_mass_kg of 700"):
        kb.back_extension([700], protocol="best_of_1", gravity="corrected", body_mass_kg=700)
    with pytest.raises(PlanError, match="lever_m has 2 values for 1 person"):
        kb.back_extension([700], protocol="best_of_1", gravity="corrected", lever_m=[0.3, 0.3])


@given(st.lists(st.floats(1, 100), min_size=3, max_size=3))
def test_the_best_is_never_below_the_mean(trials):
    best, mean = (kb.grip(trials, protocol=p, unit="kg").value for p in ("best_of_3", "mean_of_3"))
    assert best >= mean - 1e-12
