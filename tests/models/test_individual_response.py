"""SD of individual response: against R, coverage, who is in it, what is refused, what must hold exactly."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from kbstudy.errors import DataError, FitError, PlanError, SmallSample
from kbstudy.models import individual_response
from kbstudy.models.variances import difference_hopkins, difference_mls, ratio_f, signed_root, variance_chi2
from tests import reference, tolerances

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "benchmarks"))

import coverage_individual_response as benchmark

SOURCE = reference.numbers("responses", "individual_response")
ASK = {"baseline": "before", "arm": "arm", "reference": "Usual care", "participant": "id"}
THRESHOLDS = {"mdc95": 2.5, "mic": 2.0, "better": "lower"}


def table():
    return reference.data("responses")


def small_table(**changes):
    data = pd.DataFrame(
        {
            "id": [f"P{i:02d}" for i in range(20)],
            "arm": ["Control"] * 10 + ["Training"] * 10,
            "before": [6, 5, 7, 4, 6, 8, 5, 6, 7, 6, 5, 6, 7, 5, 4, 8, 6, 6, 7, 5.0],
            "after": [6, 4, 7, 4, 5, 7, 5, 6, 6, 6, 1, 5, 3, 4, 4, 3, 6, 2, 6, 4.0],
        }
    )
    return data.assign(**changes)


SMALL = {**ASK, "reference": "Control"}


# ---- against R ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", ["at_95", "at_90"])
def test_every_number_within_arms_is_rs(case):
    source = SOURCE[case]
    found = individual_response(table(), "after", **ASK, **THRESHOLDS, level=source["level"])
    for arm in source["arms"]:
        rows = found.frame[found.frame["arm"] == arm["arm"]].set_index("term")
        named = {"mean_change": "mean", "sd_change": "sd", "share_improved_mdc95": "improved_mdc95"}
        named |= {"share_worsened_mdc95": "worsened_mdc95", "share_improved_mic": "improved_mic"}
        for term, name in named.items():
            three = rows.loc[term, ["estimate", "low", "high"]].tolist()
            assert three == pytest.approx(arm[name], rel=tolerances.LIMIT, abs=1e-14), (arm["arm"], term)
            assert rows.loc[term, "n"] == arm["n"]


@pytest.mark.parametrize("case", ["at_95", "at_90"])
@pytest.mark.parametrize("interval", ["mls", "hopkins"])
def test_every_number_between_arms_is_rs(case, interval):
    source = SOURCE[case]
    found = individual_response(table(), "after", **ASK, **THRESHOLDS, level=source["level"], interval=interval)
    for pair in source["against"]:
        spread = found.row("sd_individual_response", pair["contrast"])
        assert spread["estimate"] == pytest.approx(pair["sd_ir"], rel=tolerances.ESTIMATE)
        assert spread[["low", "high"]].tolist() == pytest.approx(pair[interval], rel=tolerances.LIMIT)
        ratio = found.row("variance_ratio", pair["contrast"])
        assert ratio[["estimate", "low", "high"]].tolist() == pytest.approx(pair["ratio"], rel=tolerances.LIMIT)
        share = found.row("share_responding_normal", pair["contrast"])
        assert share["estimate"] == pytest.approx(pair["responding"], rel=tolerances.ESTIMATE)
        assert share[["low", "high"]].isna().all()


# ---- coverage ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("n", benchmark.SIZES)
@pytest.mark.parametrize("spread", benchmark.SPREADS)
def test_the_default_interval_covers_as_it_says(n, spread):
    assert 0.93 <= benchmark.coverage(n, spread, replicates=2500)["mls"] <= 0.97


def test_hopkins_interval_covers_too_little_and_the_result_says_so():
    assert benchmark.coverage(10, benchmark.SPREADS[-1], replicates=2500)["hopkins"] < 0.9
    found = individual_response(small_table(), "after", **SMALL, interval="hopkins")
    assert any("covers as little as 86%" in note for note in found.notes)
    assert not any("covers as little" in note for note in individual_response(small_table(), "after", **SMALL).notes)


# ---- what it says ------------------------------------------------------------------------------------------------


def test_a_negative_variance_is_kept_and_said():
    data = small_table(arm=["Training"] * 10 + ["Control"] * 10)
    found = individual_response(data, "after", **SMALL, **THRESHOLDS)
    row = found.row()
    assert row["estimate"] < 0
    assert any("the variance of individual response is negative" in note for note in found.notes)
    assert np.isnan(found.row("share_responding_normal")["estimate"])
    assert "SD of individual response −1.84" in found.sentence()


def test_an_interval_with_zero_in_it_is_said():
    control, training = [0.0, 1.0, 2.0, 0.0, 1.0] * 2, [0.0, 1.0, 2.5, 0.0, 1.0] * 2
    data = small_table(after=small_table()["before"] - np.array(control + training))
    found = individual_response(data, "after", **SMALL)
    assert found.row()["low"] < 0 < found.row()["estimate"]
    assert any("no individual response at all is compatible" in note for note in found.notes)


def test_cautions_stand_under_every_result():
    found = individual_response(small_table(), "after", **SMALL, mdc95=2.0, mic=1.0, better="lower")
    text = " ".join(found.notes)
    for part in ("not that person's response", "not shares of responders", "names nobody", "lies below MDC95"):
        assert part in text
    assert "Hopkins" in found.methods()
    assert "sign(D)·√|D|" in found.method
    plain = individual_response(small_table(), "after", **SMALL)
    assert not plain.frame["term"].str.startswith("share").any()


def test_who_is_in_and_why_not():
    data = small_table()
    data.loc[0, "after"], data.loc[1, "before"], data.loc[2, "arm"] = np.nan, np.nan, None
    data.loc[3, ["before", "after"]] = np.nan
    with pytest.warns(SmallSample, match=r"Control \(6\)"):
        found = individual_response(data, "after", **SMALL, visit="Week 8")
    ledger = found.ledger.frame.set_index("participant")
    assert ledger.loc[["P00", "P01", "P02"], "status"].tolist() == ["missing", "dropped", "not randomised"]
    assert ledger.loc["P03", "reason"] == "no value at Week 8; no baseline value"
    assert found.frame.loc[found.frame["arm"] == "Control", "n"].unique().tolist() == [6]
    assert len(found.points) == 16


def test_a_change_on_the_threshold_reaches_it_whatever_floating_point_says():
    data = small_table(before=[0.3] * 20, after=[0.1, 0.2] * 10)
    found = individual_response(data, "after", **SMALL, mic=0.2, better="lower")
    assert found.frame.loc[found.frame["term"] == "share_improved_mic", "estimate"].tolist() == [0.5, 0.5]


# ---- what is refused ---------------------------------------------------------------------------------------------


def test_everything_that_is_wrong_with_the_question_at_once():
    with pytest.raises(PlanError) as caught:
        individual_response(
            small_table(), "aftr", **{**SMALL, "reference": "Contrl"}, mdc95=-1, mic=np.inf, interval="mlss", level=2
        )
    text = str(caught.value)
    for part in ('"after"', '"Control"', "mdc95=-1", "mic=inf", 'did you mean "mls"', "level=2", "better is not said"):
        assert part in text, part


def test_a_direction_that_is_none():
    with pytest.raises(PlanError, match='better="less" is not a direction'):
        individual_response(small_table(), "after", **SMALL, mic=1, better="less")


@pytest.mark.parametrize("size", [0, -2.5, np.nan, np.inf, True, "2", np.int64(0)])
@pytest.mark.parametrize("name", ["mdc95", "mic"])
def test_a_threshold_that_is_no_size(name, size):
    with pytest.raises(PlanError, match=f"{name}=.* is not a size"):
        individual_response(small_table(), "after", **SMALL, better="lower", **{name: size})


def test_a_size_of_numpy_is_a_size():
    one, other = (
        individual_response(small_table(), "after", **SMALL, mic=mic, better="lower") for mic in (2, np.int64(2))
    )
    pd.testing.assert_frame_equal(one.frame, other.frame)


def test_a_column_in_two_roles_and_arms_that_differ_only_in_blanks():
    data = small_table(arm=lambda d: d["arm"].where(d.index != 0, "Control "))
    with pytest.raises(PlanError) as caught:
        individual_response(data, "after", **{**SMALL, "baseline": "after"})
    assert '"after" is asked for as outcome and baseline' in str(caught.value)
    assert 'these arms differ only in blanks or capitals: "Control", "Control "' in str(caught.value)


def test_an_arm_by_itself():
    with pytest.raises(FitError, match='there is only one arm, "Control"'):
        individual_response(small_table(arm="Control"), "after", **SMALL)


def test_values_that_are_no_numbers():
    with pytest.raises(DataError, match='column "after": not numbers: "bad"'):
        individual_response(small_table(after=["bad"] + [1.0] * 19), "after", **SMALL)


def test_rows_of_several_visits():
    data = pd.concat([small_table(), small_table().iloc[[2]]], ignore_index=True)
    with pytest.raises(DataError, match='column "id": the same person stands in several rows'):
        individual_response(data, "after", **{name: value for name, value in SMALL.items() if name != "participant"})


def test_an_arm_of_one_person():
    data = small_table()
    data = data.drop(index=range(11, 20))
    with pytest.raises(FitError, match='arm "Training": 1 of 1 left to analyse'):
        individual_response(data, "after", **SMALL)


def test_no_overlap_between_visits():
    data = small_table()
    data.loc[data.index % 2 == 0, "before"] = np.nan
    data.loc[data.index % 2 == 1, "after"] = np.nan
    with pytest.raises(FitError, match=r'arm "Control": 0 of 10 left to analyse \(no baseline value: 5; no value'):
        individual_response(data, "after", **SMALL)


def test_an_arm_in_which_all_change_by_the_same():
    data = small_table()
    data.loc[data["arm"] == "Control", "after"] = data["before"] - 0.1
    with pytest.raises(FitError, match='arm "Control": all 10 people change by -0.1, so the changes have no spread'):
        individual_response(data, "after", **SMALL)


def test_a_person_twice_and_a_value_that_is_none():
    data = pd.concat([small_table(), small_table().iloc[[2]]], ignore_index=True)
    data.loc[5, "after"] = np.inf
    with pytest.raises(DataError) as caught:
        individual_response(data, "after", **SMALL)
    assert {problem.participant for problem in caught.value.problems} == {"P02", "P05"}


# ---- what must hold exactly --------------------------------------------------------------------------------------

variances = st.floats(1e-3, 1e3)
sizes = st.integers(1, 60)


@given(variances, sizes, variances, sizes)
def test_exchanging_the_arms_mirrors_the_intervals(s2, df, other, other_df):
    for interval in (difference_mls, difference_hopkins):
        low, high = interval(s2, df, other, other_df)
        assert interval(other, other_df, s2, df) == pytest.approx((-high, -low), rel=1e-8, abs=1e-8 * (s2 + other))
        assert low <= s2 - other <= high
    low, high = ratio_f(s2, df, other, other_df)
    assert ratio_f(other, other_df, s2, df) == pytest.approx((1 / high, 1 / low), rel=1e-8)


@given(variances, sizes, variances, sizes)
def test_zero_is_in_the_interval_exactly_if_the_f_test_keeps_equal_variances(s2, df, other, other_df):
    low, high = difference_mls(s2, df, other, other_df)
    p = stats.f.cdf(s2 / other, df, other_df)
    if abs(p - 0.025) > 1e-6 and abs(p - 0.975) > 1e-6:
        assert (low <= 0 <= high) == (0.025 <= p <= 0.975)


@given(variances, sizes, st.floats(1e-2, 1e2))
def test_limits_scale_with_the_unit(s2, df, factor):
    one, scaled = variance_chi2(s2, df), variance_chi2(factor * s2, df)
    assert scaled == pytest.approx([factor * limit for limit in one], rel=1e-9)
    plain, other = difference_mls(s2, df, 1.0, 9), difference_mls(factor * s2, df, factor, 9)
    assert other == pytest.approx([factor * limit for limit in plain], rel=1e-6, abs=1e-8 * factor)
    assert signed_root(-factor) == -signed_root(factor)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(0.1, 50), st.floats(-100, 100))
def test_unit_shift_and_order_of_rows(seed, factor, shift):
    rng = np.random.default_rng(seed)
    data = small_table(after=rng.normal(5, 2, 20), before=rng.normal(6, 1, 20))
    plain = individual_response(data, "after", **SMALL).row()
    moved = data.assign(after=factor * data["after"] + shift, before=factor * data["before"] + shift)
    other = individual_response(moved.sample(frac=1, random_state=seed % 1000), "after", **SMALL).row()
    parts = ["estimate", "low", "high"]
    scaled = [factor * plain[part] for part in parts]
    # The root of a difference of variances near zero magnifies rounding.
    assert [np.sign(v) * v**2 for v in other[parts]] == pytest.approx(
        [np.sign(v) * v**2 for v in scaled], rel=1e-6, abs=1e-8 * factor**2
    )


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_another_reference_flips_the_sign(seed):
    rng = np.random.default_rng(seed)
    data = small_table(after=rng.normal(5, 2, 20))
    there = individual_response(data, "after", **SMALL).row()
    back = individual_response(data, "after", **{**SMALL, "reference": "Training"}).row()
    assert [there["estimate"], there["low"], there["high"]] == pytest.approx(
        [-back["estimate"], -back["high"], -back["low"]], rel=1e-6, abs=1e-6
    )
