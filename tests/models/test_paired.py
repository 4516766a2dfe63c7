"""Paired: who is in, what is refused, and what must hold exactly."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kbstudy.errors import DataError, FitError, PlanError, SmallSample
from kbstudy.models import paired
from tests import reference, tolerances

ASK = {"participant": "id", "visit": "visit", "baseline": "before", "followup": "after", "p_values": True}


def table(folder="noties"):
    return reference.long(reference.data(folder))


def wide(before, after):
    ids = [f"P{i}" for i in range(len(before))]
    return reference.long(pd.DataFrame({"id": ids, "before": before, "after": after}))


def numbers(found, columns=("estimate", "se", "df", "statistic", "p", "low", "high")):
    return found.frame[list(columns)].to_numpy(dtype="float64")


# ---- who is in ---------------------------------------------------------------------------------------------------


def test_nobody_is_lost_without_a_reason():
    data = table()
    data.loc[data["id"].eq("P01") & data["visit"].eq("after"), "score"] = np.nan
    data.loc[data["id"].eq("P02") & data["visit"].eq("before"), "score"] = np.nan
    data = data[~(data["id"].eq("P03") & data["visit"].eq("after"))]
    data = pd.concat([data, pd.DataFrame({"id": ["P99"], "visit": ["Week 4"], "score": [3.0]})])
    found = paired(data, "score", **ASK)
    ledger = found.ledger.frame.set_index("participant")
    told = ledger.loc[["P01", "P02", "P03", "P99"], ["status", "reason"]].to_numpy().tolist()
    assert told == [
        ["missing", "no value at after"],
        ["dropped", "no value at before"],
        ["missing", "no value at after"],
        ["missing", "no value at before and after"],
    ]
    assert len(ledger) == 15
    assert found.row()["n"] == len(found.ledger.ids("analysed")) == len(found.points) == 11
    assert list(found.points) == ["participant", "arm", "baseline", "followup"]


def test_visits_written_as_numbers_are_the_same_visits():
    data = table().replace({"visit": {"before": 1.0, "after": 2.0}})
    found = paired(data, "score", **{**ASK, "baseline": 1, "followup": "2"})
    assert numbers(found) == pytest.approx(numbers(paired(table(), "score", **ASK)), nan_ok=True)
    assert set(found.frame["visit"]) == {"2"}


def test_floating_point_noise_does_not_hide_ties():
    found = paired(wide([4.1, 0.0, 1.0, 2, 3, 4, 5, 6], [4.3, 0.2, 3.0, 2, 5, 1, 9, 5]), "score", **ASK)
    assert "approximation" in found.row("wilcoxon_pseudomedian")["method"]
    assert any("1 change of exactly 0" in note for note in found.notes)
    assert found.row("wilcoxon_pseudomedian")["n"] == 7


def test_small_samples_are_named():
    with pytest.warns(SmallSample, match="complete pairs: 5") as caught:
        found = paired(wide([1.0, 2, 3, 4, 5], [2.0, 2.5, 5, 7, 9]), "score", **ASK)
    assert caught[0].filename == __file__
    assert any("Fewer than 8" in note for note in found.notes)
    assert any("93.75%" in note for note in found.notes)


def test_two_pairs_leave_out_what_cannot_be_computed():
    with pytest.warns(SmallSample):
        found = paired(wide([1.0, 2.0], [2.0, 5.0]), "score", **ASK)
    assert np.isnan(found.row("hedges_gz")["estimate"])
    assert any("Undefined" in note and "hedges_gz" in note for note in found.notes)


def test_the_notes_say_which_effect_size_and_that_there_is_no_control_group():
    notes = " ".join(paired(table(), "score", **ASK).notes)
    assert "primary effect size is hedges_gz" in notes
    assert "regression to the mean" in notes
    assert "root mean square" in notes


def test_views_work():
    found = paired(table(), "score", **ASK)
    assert "Mean change" in str(found)
    assert "10.1177/0013164403256358" in found.methods()


def test_no_p_value_unless_it_is_asked_for():
    ask = {name: value for name, value in ASK.items() if name != "p_values"}
    quiet, tested = paired(table(), "score", **ask), paired(table(), "score", **ASK)
    assert quiet.frame[["statistic", "p"]].isna().all(axis=None)
    assert numbers(quiet, ("estimate", "se", "df", "low", "high")) == pytest.approx(
        numbers(tested, ("estimate", "se", "df", "low", "high")), nan_ok=True
    )
    assert quiet.frame["n"].equals(tested.frame["n"])
    assert not {"p", "Statistic"} & set(quiet.table().columns)
    assert {"p", "Statistic"} <= set(tested.table().columns)
    for text in (quiet.sentence(), quiet.sentence("wilcoxon_pseudomedian"), quiet.method):
        assert "p =" not in text
        assert "test" not in text
    assert "p < 0.001" in tested.sentence()
    assert "That is why no p-value is given" in quiet.notes[0]
    assert "10.1186/1745-6215-12-264" in quiet.methods()
    assert not any("no p-value" in note for note in tested.notes)


# ---- what is refused ---------------------------------------------------------------------------------------------


def test_everything_that_is_wrong_with_the_question_at_once():
    with pytest.raises(PlanError) as caught:
        paired(table(), "scor", participant="id", visit="visit", baseline="befor", followup="later", level=95)
    text = str(caught.value)
    assert len(caught.value.problems) == 4
    for part in ('did you mean "score"?', 'did you mean "before"?', 'followup="later"', "level=95"):
        assert part in text


def test_a_way_to_test_that_is_not_offered():
    with pytest.raises(PlanError, match="p_values='t' is not offered"):
        paired(table(), "score", **{**ASK, "p_values": "t"})
    with pytest.raises(PlanError, match="rng=1 is given and nothing is drawn"):
        paired(table(), "score", **ASK, rng=1)


def test_the_same_visit_twice():
    with pytest.raises(PlanError, match='both "after"'):
        paired(table(), "score", participant="id", visit="visit", baseline="after", followup="after")


def test_the_same_column_twice():
    with pytest.raises(PlanError, match='"id" is asked for as participant and visit'):
        paired(table(), "score", participant="id", visit="id", baseline="P01", followup="P02")


def test_text_in_the_outcome():
    data = table().astype({"score": "str"})
    data.loc[0, "score"] = "4,5"
    with pytest.raises(DataError, match='not numbers: "4,5"'):
        paired(data, "score", **ASK)


def test_everything_that_is_wrong_with_the_data_at_once():
    data = pd.concat([table(), table().iloc[[0, 3]]], ignore_index=True)
    data.loc[5, "score"] = np.inf
    data.loc[7, "id"] = None
    data.loc[8, "visit"] = " "
    with pytest.raises(DataError) as caught:
        paired(data, "score", **ASK)
    text = str(caught.value)
    for part in ("P01", "P04", "2 rows", "inf found", "P06", "no participant in data row 8", "without a visit", "P09"):
        assert part in text


def test_nobody_at_both_visits():
    data = table()
    data.loc[data["visit"] == "after", "id"] += "x"
    with pytest.raises(FitError, match="ids are written the same way"):
        paired(data, "score", **ASK)


def test_one_pair_is_not_enough():
    with pytest.raises(FitError, match="1 complete"):
        paired(wide([1.0, 2.0], [2.0, np.nan]), "score", **ASK)


def test_identical_changes():
    with pytest.raises(FitError, match=r"all 9 changes are 0\.1"):
        paired(wide(np.arange(9) / 10, np.arange(1, 10) / 10), "score", **ASK)


# ---- what must hold exactly --------------------------------------------------------------------------------------

scores = st.lists(
    st.tuples(st.integers(0, 100), st.integers(0, 100)),
    min_size=8,
    max_size=20,
    unique_by=lambda pair: pair[1] - pair[0],
)


@settings(max_examples=25, deadline=None)
@given(scores)
def test_swapping_the_visits_flips_the_sign(pairs):
    before, after = np.array(pairs, dtype="float64").T
    there = paired(wide(before, after), "score", **ASK)
    back = paired(wide(before, after), "score", **{**ASK, "baseline": "after", "followup": "before"})
    keep = ~there.frame["term"].eq("glass_delta_baseline")  # its divisor is another visit
    columns = ["estimate", "low", "high"]
    ahead, behind = there.frame.loc[keep, columns].to_numpy(), back.frame.loc[keep, columns].to_numpy()
    assert ahead[:, 0] == pytest.approx(-behind[:, 0], rel=tolerances.IDENTITY, abs=1e-9, nan_ok=True)
    assert ahead[:, 1] == pytest.approx(-behind[:, 2], rel=tolerances.IDENTITY, abs=1e-9, nan_ok=True)
    assert there.frame["p"].to_numpy() == pytest.approx(back.frame["p"].to_numpy(), nan_ok=True)


@settings(max_examples=25, deadline=None)
@given(scores, st.integers(-1000, 1000))
def test_adding_a_constant_changes_nothing(pairs, constant):
    before, after = np.array(pairs, dtype="float64").T
    plain = paired(wide(before, after), "score", **ASK)
    shifted = paired(wide(before + constant, after + constant), "score", **ASK)
    assert numbers(plain) == pytest.approx(numbers(shifted), rel=tolerances.IDENTITY, abs=1e-9, nan_ok=True)


@settings(max_examples=25, deadline=None)
@given(scores, st.sampled_from([0.01, 0.5, 2.54, 1000.0]))
def test_another_unit_scales_changes_and_leaves_effect_sizes(pairs, factor):
    before, after = np.array(pairs, dtype="float64").T
    plain, scaled = (paired(wide(before * k, after * k), "score", **ASK) for k in (1, factor))
    a, b = (numbers(found, ("estimate", "low", "high")) for found in (plain, scaled))
    assert b[:2] == pytest.approx(a[:2] * factor, rel=tolerances.IDENTITY, abs=1e-8)
    assert b[2:] == pytest.approx(a[2:], rel=tolerances.IDENTITY, abs=1e-9, nan_ok=True)
    assert scaled.frame["p"].to_numpy() == pytest.approx(plain.frame["p"].to_numpy(), nan_ok=True)


@settings(max_examples=10, deadline=None)
@given(st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(random):
    data = table()
    order = list(range(len(data)))
    random.shuffle(order)
    found = paired(data.iloc[order], "score", **ASK)
    assert numbers(found) == pytest.approx(numbers(paired(data, "score", **ASK)), rel=tolerances.IDENTITY, nan_ok=True)
