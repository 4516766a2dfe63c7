"""Scores: worked by hand, nothing filled in silently, every wrong answer told with its row."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import kbstudy as kb
from kbstudy.errors import DataError, PlanError
from kbstudy.measures import CodingInDoubt, MicBelowMeasurementError, scale, scale_ids
from tests import tolerances

QUESTIONNAIRES = [name for name in scale_ids() if len(scale(name).items) > 1]


def answers(name, *rows, index=None):
    form = scale(name)
    columns = [f"{form.column}_{number}" for number in range(1, len(form.items) + 1)]
    return pd.DataFrame(list(rows), columns=columns, index=index)


def quietly(*arguments, **options):
    """Scores where the form's own thresholds are not the question."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", MicBelowMeasurementError)
        return kb.score(*arguments, **options)


# ---- by hand -----------------------------------------------------------------------------------------------------


def test_odi_by_hand():
    """The example on the scoring sheet: 16 of 50 is 32 %, 16 of 45 with a section missing is 35.5 %."""
    complete = [2, 1, 3, 2, 1, 2, 2, 1, 1, 1]
    one_missing = [2, 1, 3, 2, 1, 2, 2, None, 2, 1]
    found = kb.score(answers("odi", complete, one_missing, index=["P01", "P02"]), "odi")
    assert list(found.score) == pytest.approx([32.0, 100 * 16 / 45])
    assert list(found.answered) == [10, 9]
    assert list(found.frame["rule"]) == ["all 10 items", "9 of 10 items, in proportion"]
    assert list(found.frame.index) == ["P01", "P02"]


def test_odi_with_six_items_missing_has_no_score():
    found = kb.score(answers("odi", [1, 2, 3, 4, *[None] * 6]), "odi")
    row = found.frame.iloc[0]
    assert np.isnan(row["score"])
    assert (row["answered"], row["missing"], row["rule"]) == (4, 6, "")
    assert row["reason"] == "6 of 10 items missing (items 5, 6, 7, 8, 9 and 10); at most 2 may be"
    assert found.sentence() == "Oswestry Disability Index: 0/1 (0%) of the rows have a score."


def test_rmdq_with_a_statement_unanswered_is_raised_in_proportion():
    found = kb.score(answers("rmdq_24", [1] * 12 + [0] * 11 + [None]), "rmdq_24")
    assert found.score.iloc[0] == pytest.approx(12 / 23 * 24)
    assert found.sentence().endswith("1/1 (100%) of the rows have a score, 1 of them with items missing.")


def test_tampa_scale_turns_four_items():
    ones = kb.score(answers("tsk_17", [1] * 17), "tsk_17").score.iloc[0]
    assert ones == 13 * 1 + 4 * 4
    fearful = [4] * 17
    for number in (4, 8, 12, 16):
        fearful[number - 1] = 1
    assert kb.score(answers("tsk_17", fearful), "tsk_17").score.iloc[0] == 68


def test_a_form_without_a_rule_for_missing_items_gives_no_score():
    found = kb.score(answers("tsk_11", [2] * 10 + [None], [None] * 11), "tsk_11")
    assert found.score.isna().all()
    assert list(found.frame["reason"]) == ["1 of 11 items missing (item 11); none may be", "no item answered"]
    assert "(this rule was not verified at its source)" in found.methods()


def test_promis_is_raw():
    found = kb.score(answers("promis_pi_4a", [1, 2, 3, 4]), "promis_pi_4a")
    assert found.score.iloc[0] == 10
    assert any("not a T-score" in note for note in found.notes)


def test_a_single_value():
    found = kb.score(pd.DataFrame({"pain": [4.5, None, 0]}), "nrs_0_10", items="pain")
    assert list(found.score.dropna()) == [4.5, 0]
    assert list(found.frame["reason"]) == ["", "no value", ""]


def test_a_form_of_ones_own_with_a_mean(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(
        'id = "mine"\nname = "Mine"\nunit = "points"\nminimum = 1\nmaximum = 5\ndecimals = 1\nbetter = "higher"\n'
        'scoring = "mean"\n[items]\ncolumn = "q"\ncount = 4\nrange = [1, 5]\nrule = "mean"\n[missing]\nallowed = 2\n',
        "utf-8",
    )
    found = kb.score(pd.DataFrame({"q1": [1, 4], "q2": [2, 4], "q3": [5, None], "q4": [4, 1]}), path)
    assert list(found.score) == pytest.approx([3.0, 3.0])


def test_what_is_printed():
    found = kb.score(answers("odi", [1] * 10, [None] * 10), "odi")
    assert "all 10 items" in str(found)
    assert "no score: no item answered" in str(found)
    assert "doi:10.1097/00007632-200011150-00017" in found.methods()
    assert "<table>" in found._repr_html_()


# ---- finding and reading the items -------------------------------------------------------------------------------


def test_items_are_found_by_their_number():
    frame = answers("odi", [1] * 10).rename(columns=lambda name: name.replace("odi_", "ODI 0").replace("010", "10"))
    assert kb.score(frame, "odi").score.iloc[0] == 20


def test_items_by_name_in_the_order_of_the_form():
    frame = answers("odi", [1] * 10).rename(columns=lambda name: f"q{name[4:]}")
    assert kb.score(frame, "odi", items=list(frame)).score.iloc[0] == 20


def test_text_from_a_file_is_read_as_numbers():
    frame = answers("odi", ["1"] * 9 + [" "], ["2 "] * 10).astype("str")
    found = kb.score(frame, "odi")
    assert list(found.score) == pytest.approx([20, 40])
    assert list(found.answered) == [9, 10]


def test_yes_and_no_as_booleans():
    frame = answers("rmdq_24", [True] * 10 + [False] * 14)
    assert kb.score(frame, "rmdq_24").score.iloc[0] == 10


def test_nullable_numbers():
    frame = answers("odi", [1] * 10).astype("Int64")
    frame.iloc[0, 3] = pd.NA
    assert kb.score(frame, "odi").score.iloc[0] == pytest.approx(20)


def test_columns_that_cannot_be_found():
    frame = answers("odi", [1] * 10).drop(columns=["odi_4", "odi_7"]).assign(ODI04=1, odi_04=2)
    with pytest.raises(PlanError) as caught:
        kb.score(frame, "odi")
    told = str(caught.value)
    assert "odi, item 4 (walking): several columns fit: ODI04, odi_04" in told
    assert "odi, item 7 (sleeping): no column fits" in told
    assert 'Looked for "odi_1" to "odi_10". Name the columns with items=[...].' in told


def test_items_that_cannot_be():
    frame = answers("odi", [1] * 10)
    with pytest.raises(PlanError) as caught:
        kb.score(frame, "odi", items=["odi_1", "odi_1", "odl_2"])
    told = str(caught.value)
    assert "odi has 10 items, and items= names 3" in told
    assert '"odi_1" is named 2 times' in told
    assert '"odl_2" is not a column; did you mean "odi_2"?' in told


def test_the_data_are_a_frame():
    with pytest.raises(PlanError, match="the data are a list"):
        kb.score([1, 2], "odi")


# ---- answers that cannot be --------------------------------------------------------------------------------------


def test_every_impossible_answer_is_told_at_once():
    frame = answers("odi", [1] * 10, [1] * 10, [1] * 10, index=["P01", "P02", "P03"]).astype("object")
    frame.loc["P01", "odi_3"] = 7
    frame.loc["P02", "odi_3"] = "x"
    frame.loc["P03", "odi_9"] = 2.5
    frame.loc["P03", "odi_10"] = -1
    with pytest.raises(DataError) as caught:
        kb.score(frame, "odi")
    assert str(caught.value).splitlines() == [
        'column "odi_3": row P02 (lifting): "x" is not a number',
        'column "odi_3": row P01 (lifting): 7 is outside 0 to 5',
        'column "odi_9": row P03 (social life): 2.5 is not a whole number',
        'column "odi_10": row P03 (travelling): −1 is outside 0 to 5',
        "What to do: Rows are named by the frame's index. Correct the answer at its source, or leave the cell empty.",
    ]


def test_rows_that_share_a_label_are_told_apart():
    frame = answers("odi", [1] * 10, [9] + [1] * 9, index=["P01", "P01"])
    with pytest.raises(DataError, match=r"row P01 \(data row 2\) \(pain intensity\): 9 is outside"):
        kb.score(frame, "odi")


@pytest.mark.parametrize("value", ["1,5", "nan", "1_0", "0x1", "yes", "inf"])
def test_what_only_looks_like_a_number_is_refused(value):
    with pytest.raises(DataError, match="is not a number"):
        kb.score(pd.DataFrame({"nrs": ["3", value]}), "nrs_0_10")


def test_infinity_is_outside():
    with pytest.raises(DataError, match="inf is outside 0 to 10"):
        kb.score(pd.DataFrame({"nrs": [3, np.inf]}), "nrs_0_10")


# ---- units -------------------------------------------------------------------------------------------------------


def test_a_scale_in_mm_among_values_in_cm_is_refused():
    with pytest.raises(DataError) as caught:
        kb.score(pd.DataFrame({"vas": [6.5, 7, 65, 72]}), "vas_0_10_cm")
    assert 'column "vas": row 2: 65 is outside 0 to 10' in str(caught.value)
    assert "2 of 4 values lie above 10 and would fit a scale of 0 to 100" in str(caught.value)


def test_a_scale_in_cm_among_values_in_mm_is_refused_by_its_decimals():
    with pytest.raises(DataError) as caught:
        kb.score(pd.DataFrame({"vas": [6.5, 7, 65, 72, None]}), "vas_0_100_mm")
    assert 'column "vas": row 0: 6.5 looks like another unit' in str(caught.value)
    assert "0 to 10 and 0 to 100 mm look mixed" in str(caught.value)


def test_a_fraction_among_values_in_cm_is_refused():
    with pytest.raises(DataError, match="row 1: 0.65 looks like another unit"):
        kb.score(pd.DataFrame({"vas": [6.5, 0.65, 7.2]}), "vas_0_10_cm")


def test_whole_numbers_with_a_gap_are_doubted():
    with pytest.warns(CodingInDoubt, match="nothing between 7 and 65: is 0 to 10 mixed in"):
        found = kb.score(pd.DataFrame({"vas": [6, 7, 65, 72]}), "vas_0_100_mm")
    assert list(found.score) == [6, 7, 65, 72]


def test_nothing_above_a_tenth_is_doubted():
    with pytest.warns(CodingInDoubt, match="none is above 10: is the unit 0 to 10"):
        kb.score(pd.DataFrame({"vas": [6, 7, 5, 4, 8]}), "vas_0_100_mm")


def test_ordinary_values_in_mm_are_not_doubted():
    kb.score(pd.DataFrame({"vas": [0, 3, 9, 14, 35, 61, 72.5, 8.5]}), "vas_0_100_mm")


def test_items_coded_from_one_are_doubted():
    rng = np.random.default_rng(1)
    frame = answers("qbpds", *rng.integers(1, 6, size=(5, 20)).tolist())
    with pytest.warns(CodingInDoubt, match="not one of 100 answers is 0, and items go from 0 to 5"):
        quietly(frame, "qbpds")


def test_a_mic_below_the_measurement_error_is_warned_of():
    frame = answers("qbpds", [0, 5] * 10)
    with pytest.warns(MicBelowMeasurementError, match="the MIC of 6 points"):
        found = kb.score(frame, "qbpds")
    assert found.score.iloc[0] == 50
    assert any("is below the SDC of 15.8 points" in note for note in found.notes)


def test_a_number_that_is_not_verified_is_a_note_and_no_warning():
    found = kb.score(answers("odi", [1] * 10), "odi")
    assert found.notes[0].startswith(
        "odi: the MIC of 8 points, after spinal surgery, German version, is below the MDC90"
    )
    assert found.notes[0].endswith("not verified at its source.")


# ---- what must hold ----------------------------------------------------------------------------------------------


@st.composite
def filled(draw):
    form = scale(draw(st.sampled_from(QUESTIONNAIRES)))
    rows = st.lists(st.tuples(*(st.integers(int(i.low), int(i.high)) for i in form.items)), min_size=1, max_size=6)
    return form, pd.DataFrame(draw(rows), columns=[f"{form.column}_{n}" for n in range(1, len(form.items) + 1)])


@settings(max_examples=60, deadline=None)
@given(filled(), st.randoms(use_true_random=False))
def test_a_score_is_in_range_and_does_not_depend_on_order(pair, random):
    form, frame = pair
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = kb.score(frame, form)
        columns, rows = list(frame), list(frame.index)
        random.shuffle(columns)
        random.shuffle(rows)
        shuffled = kb.score(frame.loc[rows, columns], form)
    assert found.score.between(form.minimum, form.maximum).all()
    pd.testing.assert_frame_equal(shuffled.frame.loc[frame.index], found.frame)


@settings(max_examples=60, deadline=None)
@given(filled())
def test_the_mirror_image_of_the_answers_mirrors_the_score(pair):
    form, frame = pair
    low, high = form.items[0].low, form.items[0].high
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        one, other = kb.score(frame, form).score, kb.score(low + high - frame, form).score
    assert (one + other).to_numpy() == pytest.approx(form.minimum + form.maximum, rel=tolerances.IDENTITY)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 5), st.sets(st.integers(0, 9), max_size=2))
def test_equal_answers_give_the_same_odi_however_many_are_missing(value, gone):
    frame = answers("odi", [None if i in gone else value for i in range(10)])
    assert kb.score(frame, "odi").score.iloc[0] == pytest.approx(20 * value)
