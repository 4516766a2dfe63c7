"""The 2×2 crossover: against R, who is in it, what is refused, what must hold exactly."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from kbstudy.errors import DataError, FitError, PlanError, SmallSample
from kbstudy.models import crossover, paired
from tests import reference, tolerances

SOURCE = reference.numbers("crossover_senn", "crossover")
PARTS = ("estimate", "se", "df", "statistic", "p", "low", "high")
NEAR = {
    "estimate": tolerances.ESTIMATE,
    "se": tolerances.SE,
    "df": tolerances.DF,
    "statistic": tolerances.STATISTIC,
    "p": tolerances.P,
    "low": tolerances.LIMIT,
    "high": tolerances.LIMIT,
}
ROLES = {"participant": "id", "sequence": "sequence", "period": "period", "treatment": "treatment"}
ASK = {**ROLES, "reference": "B"}

pytestmark = pytest.mark.filterwarnings("ignore::kbstudy.errors.SmallSample")


def senn(**changes):
    return crossover(
        reference.data("crossover_senn"), "pef", **{**ROLES, "treatment": "drug"}, reference="sal", **changes
    )


def incomplete():
    return reference.data("crossover")


def table(n=20, seed=1):
    """``n`` people with both periods."""
    rng = np.random.default_rng(seed)
    rows = []
    for i in range(n):
        order = "AB" if i % 2 else "BA"
        rows += [(f"P{i:02d}", order, when + 1, order[when], rng.normal(10, 2)) for when in (0, 1)]
    return pd.DataFrame(rows, columns=["id", "sequence", "period", "treatment", "value"])


def near(row, source, parts=PARTS):
    for part in parts:
        assert row[part] == pytest.approx(source[part], rel=NEAR[part]), part


# ---- against R ---------------------------------------------------------------------------------------------------


def test_treatment_and_period_are_rs_linear_model_with_an_effect_for_each_child():
    found = senn()
    near(found.row("treatment_difference"), SOURCE["senn"]["treatment"])
    near(found.row("period_difference"), SOURCE["senn"]["period"])
    near(senn(level=0.9).row(), SOURCE["senn"]["treatment_90"])


def test_treatment_and_carryover_are_rs_t_tests():
    near(senn().row("treatment_difference"), SOURCE["senn"]["half"])
    near(senn().row("carryover_difference"), SOURCE["senn"]["carryover"])


@pytest.mark.parametrize(("name", "level"), [("means", 0.95), ("means_90", 0.9)])
def test_the_four_means_are_rs_t_tests(name, level):
    rows = senn(level=level).frame.query("term == 'mean'").set_index(["arm", "visit"])
    for source in SOURCE["senn"][name]:
        row = rows.loc[(source["treatment"], source["period"])]
        near(row, source, ("estimate", "se", "df", "low", "high"))
        assert row["n"] == source["n"]


def test_people_with_one_period_are_left_out_or_kept():
    source = SOURCE["missing"]
    within = crossover(incomplete(), "value", **ASK)
    near(within.row(), source["complete"])
    assert within.row()["n"] == source["n_complete"]
    mixed = crossover(incomplete(), "value", **ASK, method="mixed")
    assert mixed.row()["n"] == source["people"]
    for term, name in (("treatment_difference", "treatment"), ("period_difference", "period")):
        row = mixed.row(term)
        assert row["estimate"] == pytest.approx(source[name]["estimate"], rel=tolerances.LME4)
        assert row["se"] == pytest.approx(source[name]["se"], rel=tolerances.LME4)
        assert row["df"] == pytest.approx(source[name]["df"], rel=tolerances.LME4_DF)
        assert row["statistic"] == pytest.approx(source[name]["statistic"], rel=tolerances.LME4)
        assert row["p"] == pytest.approx(source[name]["p"], rel=tolerances.LME4_P)
        half = stats.t.ppf(0.975, source[name]["df"]) * source[name]["se"]
        limits = [source[name]["estimate"] - half, source[name]["estimate"] + half]
        assert row[["low", "high"]].tolist() == pytest.approx(limits, rel=tolerances.LME4)
    assert mixed.row("carryover_difference")["n"] == source["n_complete"]


# ---- what it says ------------------------------------------------------------------------------------------------


def test_the_two_stage_procedure_is_warned_of():
    found = senn()
    text = " ".join(found.notes)
    for part in ("two-stage procedure", "Freeman 1989", "cannot tell carry-over from a difference between the two"):
        assert part in text
    assert "choose nothing" in found.method
    assert found.sentence("carryover_difference").startswith(
        "pef (for/sal − sal/for): carry-over difference (between people) "
    )


def test_the_four_means_are_named_by_treatment_and_period():
    rows = senn().frame.query("term == 'mean'")
    assert list(zip(rows["arm"], rows["visit"], rows["n"], strict=True)) == [
        ("for", "1", 7), ("sal", "2", 7), ("sal", "1", 6), ("for", "2", 6),
    ]  # fmt: skip
    assert rows["estimate"].iloc[0] == pytest.approx(2360 / 7)


def test_the_order_of_the_periods_is_said():
    """Text is sorted, a categorical keeps its own order; the treatment difference does not depend on it."""
    data = table().assign(period=lambda d: d["period"].map({1: "first", 2: "after"}))
    declared = data.assign(period=pd.Categorical(data["period"], ["first", "after"]))
    text, ordered = (crossover(d, "value", **ASK) for d in (data, declared))
    assert "(periods after and then first; " in text.method
    assert "(periods first and then after; " in ordered.method
    assert ordered.row("period_difference")["contrast"] == "after - first"
    assert ordered.row("period_difference")["estimate"] == pytest.approx(-text.row("period_difference")["estimate"])
    assert ordered.row()["estimate"] == pytest.approx(text.row()["estimate"])


def test_who_is_in_and_why_not():
    data = table()
    data.loc[0, "value"] = np.nan
    data = data.drop(index=3)
    found = crossover(data, "value", **ASK)
    ledger = found.ledger.frame.set_index(["participant", "visit"])
    assert ledger.loc[("P00", "1"), ["status", "reason"]].tolist() == ["missing", "no value in period 1"]
    assert ledger.loc[("P00", "2"), "reason"] == "no value in period 1, so there is no difference within the person"
    assert ledger.loc[("P01", "2"), "status"] == "missing"
    assert len(found.points) == found.row()["n"] == 18
    assert any("2 people with a value in one period only: left out" in note for note in found.notes)
    mixed = crossover(data, "value", **ASK, method="mixed")
    assert mixed.ledger.frame.set_index(["participant", "visit"]).loc[("P00", "2"), "status"] == "analysed"
    assert mixed.fit is not None
    assert any("rests on 18 people with both" in note for note in mixed.notes)


def test_points_are_each_persons_value_under_either_treatment():
    data = table(4)
    points = crossover(data, "value", **ASK).points.set_index("participant")
    for who, mine in data.groupby("id"):
        values = mine.set_index("treatment")["value"]
        assert points.loc[who, ["baseline", "followup"]].tolist() == [values["B"], values["A"]]


def test_small_sequences_are_named():
    with pytest.warns(SmallSample, match=r"for/sal \(7\), sal/for \(6\)"):
        senn()


# ---- what is refused ---------------------------------------------------------------------------------------------


def test_everything_that_is_wrong_with_the_question_at_once():
    with pytest.raises(PlanError) as caught:
        crossover(table(), "valu", **{**ASK, "reference": "C"}, method="mixd", level=0)
    text = str(caught.value)
    for part in ('"value"', 'reference="C"', 'did you mean "mixed"', "level=0"):
        assert part in text


@pytest.mark.parametrize(
    ("column", "message"),
    [
        ("sequence", '3 sequences: "BA", "AB", "C"'),
        ("period", '3 periods: "1", "2", "C"'),
        ("treatment", "3 treatments"),
    ],
)
def test_three_of_what_there_should_be_two_of(column, message):
    data = table().astype({column: "object"})
    data.loc[39, column] = "C"
    with pytest.raises(DataError, match=message):
        crossover(data, "value", **ASK)


def test_everything_that_is_wrong_with_the_rows_at_once():
    data = table()
    data.loc[1, "treatment"] = "B"
    data.loc[3, "sequence"] = "BA"
    data.loc[5, "period"] = 1
    data.loc[7, "sequence"] = None
    with pytest.raises(DataError) as caught:
        crossover(data, "value", **ASK)
    told = {problem.participant: problem.what for problem in caught.value.problems}
    assert told["P00"] == 'treatment "B" in both periods'
    assert told["P01"].startswith("in two sequences")
    assert told["P02"] == "2 rows"
    assert told["P03"] == "a row without a sequence"


@pytest.mark.parametrize("column", ["sequence", "period", "treatment"])
def test_a_row_that_belongs_nowhere(column):
    data = table().astype({column: "object"})
    data.loc[3, column] = None
    with pytest.raises(DataError, match=f'column "{column}" \\(participant P01\\): a row without a {column}'):
        crossover(data, "value", **ASK)


def test_one_sequence_values_that_are_no_numbers_and_a_row_of_nobody():
    with pytest.raises(DataError, match='column "sequence": 1 sequence: "AB"'):
        crossover(table().query("sequence == 'AB'"), "value", **ASK)
    data = table().astype({"value": "object"})
    data.loc[3, "value"], data.loc[4, "id"] = "high", None
    with pytest.raises(DataError) as caught:
        crossover(data, "value", **ASK)
    assert 'not numbers: "high"' in str(caught.value)
    assert "no participant in data row 5" in str(caught.value)
    with pytest.raises(DataError, match=r"participant P02\): inf found"):
        crossover(table().assign(value=lambda d: d["value"].where(d.index != 4, np.inf)), "value", **ASK)


def test_a_column_that_is_not_there():
    with pytest.raises(PlanError, match='treatment="treatmnt" is not a column of the data; did you mean "treatment"'):
        crossover(table(), "value", **{**ASK, "treatment": "treatmnt"})


def test_a_column_in_two_roles():
    with pytest.raises(PlanError, match='"treatment" is asked for as sequence and treatment'):
        crossover(table(), "value", **{**ASK, "sequence": "treatment"})


def test_a_person_whose_order_is_not_that_of_the_sequence():
    data = table()
    data.loc[[0, 1], "treatment"] = ["A", "B"]
    with pytest.raises(DataError, match='participant P00.*: sequence "BA" begins with "B", and here it does not'):
        crossover(data, "value", **ASK)


def test_both_sequences_in_the_same_order():
    data = table()
    data["treatment"] = np.where(data["period"] == 1, "A", "B")
    with pytest.raises(DataError, match='both sequences begin with "A"'):
        crossover(data, "value", **ASK)


def test_no_overlap_between_periods():
    data = table()
    data.loc[data.index % 4 == 0, "value"] = np.nan  # every BA person lacks period 1
    with pytest.raises(FitError, match='sequence "BA": 0 of 10 have values in both periods'):
        crossover(data, "value", **ASK)


def test_all_values_equal():
    with pytest.raises(FitError, match="within each sequence all people differ by the same between the periods"):
        crossover(table().assign(value=3.0), "value", **ASK)


# ---- what must hold exactly --------------------------------------------------------------------------------------

seeds = st.integers(0, 2**32 - 1)


@settings(max_examples=25, deadline=None)
@given(seeds)
def test_exchanging_the_treatments_flips_the_sign(seed):
    data = table(12, seed)
    there, back = (crossover(data, "value", **{**ROLES, "reference": name}) for name in "BA")
    one, other = there.row(), back.row()
    assert [one[part] for part in ("estimate", "low", "high", "p")] == pytest.approx(
        [-other["estimate"], -other["high"], -other["low"], other["p"]]
    )
    period = "period_difference"
    assert there.row(period)["estimate"] == pytest.approx(back.row(period)["estimate"])


@settings(max_examples=25, deadline=None)
@given(seeds, st.floats(0.1, 20), st.floats(-50, 50))
def test_unit_shift_and_order_of_rows(seed, factor, shift):
    data = table(12, seed)
    plain = crossover(data, "value", **ASK).row()
    moved = data.assign(value=factor * data["value"] + shift).sample(frac=1, random_state=seed % 1000)
    other = crossover(moved, "value", **ASK).row()
    assert [other[part] for part in ("estimate", "se", "low", "high")] == pytest.approx(
        [factor * plain[part] for part in ("estimate", "se", "low", "high")], rel=1e-7, abs=1e-7 * factor
    )
    assert other["p"] == pytest.approx(plain["p"], rel=1e-6)


@settings(max_examples=25, deadline=None)
@given(seeds, st.floats(-20, 20))
def test_a_shift_of_a_period_touches_only_the_period(seed, shift):
    data = table(13, seed)
    moved = data.assign(value=data["value"] + shift * (data["period"] == 2))
    plain, other = crossover(data, "value", **ASK), crossover(moved, "value", **ASK)
    assert other.row()["estimate"] == pytest.approx(plain.row()["estimate"], abs=1e-9)
    assert other.row("period_difference")["estimate"] == pytest.approx(
        plain.row("period_difference")["estimate"] + shift, abs=1e-9
    )


def test_in_equal_sequences_the_estimate_is_that_of_a_paired_comparison():
    data = table(20)
    pairs = paired(data, "value", participant="id", visit="treatment", baseline="B", followup="A")
    assert crossover(data, "value", **ASK).row()["estimate"] == pytest.approx(pairs.row()["estimate"])


@settings(max_examples=25, deadline=None)
@given(seeds, st.floats(-20, 20))
def test_what_stays_with_a_person_touches_neither_treatment_nor_period(seed, shift):
    data = table(13, seed)
    own = dict(zip(data["id"].unique(), np.random.default_rng(seed).normal(shift, 5, 13), strict=True))
    plain, moved = (
        crossover(d, "value", **ASK) for d in (data, data.assign(value=data["value"] + data["id"].map(own)))
    )
    for term in ("treatment_difference", "period_difference"):
        parts = ["estimate", "se", "low", "high"]
        assert moved.row(term)[parts].tolist() == pytest.approx(plain.row(term)[parts].tolist(), abs=1e-8)


def test_with_complete_people_the_mixed_model_agrees():
    data = table(20, seed=3)
    data["value"] += np.repeat(np.random.default_rng(5).normal(0, 4, 20), 2)
    within, mixed = crossover(data, "value", **ASK), crossover(data, "value", **ASK, method="mixed")
    for part in ("estimate", "se", "p"):
        assert mixed.row()[part] == pytest.approx(within.row()[part], rel=1e-5)
