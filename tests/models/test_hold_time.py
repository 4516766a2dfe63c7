"""Hold times that are stopped at a cap: R's survival and Welch's t, coverage, what must hold, what is refused."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

import kbstudy as kb
from kbstudy.errors import DataError, FitError, PlanError, SmallSample
from tests import reference, tolerances

ASK = {"arm": "arm", "reference": "Usual care", "participant": "id"}
RUNS = {
    "one_cap": {"outcome": "one_cap", "cap_s": 240},
    "one_cap_to_180": {"outcome": "one_cap", "cap_s": 240, "tau_s": 180, "level": 0.9},
    "own_cap_to_200": {"outcome": "own_cap", "cap_s": "cap", "tau_s": 200},
}


def holds():
    return reference.data("holds")


def found(name):
    asked = dict(RUNS[name])
    return kb.hold_time(holds(), asked.pop("outcome"), **ASK, **asked)


def small(usual, training, cap=240.0, **options):
    frame = pd.DataFrame({"arm": ["Usual care"] * len(usual) + ["Training"] * len(training), "s": [*usual, *training]})
    return kb.hold_time(frame, "s", arm="arm", reference="Usual care", cap_s=cap, **options)


def of_arm(result, term, arm):
    rows = result.frame[(result.frame["term"] == term) & (result.frame["arm"] == arm)]
    assert len(rows) == 1
    return rows.iloc[0]


# ---- against R ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("arm", ["Usual care", "Kettlebell"])
@pytest.mark.parametrize("name", list(RUNS))
def test_restricted_means_against_survival(name, arm):
    """survfit(rmean=): the mean and Greenwood's standard error, which kbstudy multiplies by sqrt(n / (n - 1))."""
    source = reference.numbers("holds", "holds")[name][arm]
    row = of_arm(found(name), "restricted_mean", arm)
    assert row["n"] == source["n"]
    assert row["estimate"] == pytest.approx(source["restricted_mean"], rel=tolerances.RESTRICTED_MEAN)
    bare = row["se"] * math.sqrt((row["n"] - 1) / row["n"])
    assert bare == pytest.approx(source["greenwood_se"], rel=tolerances.RESTRICTED_MEAN)


@pytest.mark.parametrize("arm", ["Usual care", "Kettlebell"])
@pytest.mark.parametrize("name", list(RUNS))
def test_medians_against_survival(name, arm):
    """survfit(conf.type = "log-log"); R's NA above is infinity here: the curve does not come down to it."""
    source = reference.numbers("holds", "holds")[name][arm]
    row = of_arm(found(name), "median_time", arm)
    assert (row["estimate"], row["low"]) == (source["median"], source["low"])
    assert row["high"] == (math.inf if source["high"] == "NA" else source["high"])


def test_with_one_cap_the_difference_is_welchs():
    source = reference.numbers("holds", "holds")["welch"]
    row = found("one_cap").row()
    for name in ("estimate", "se", "df", "statistic", "p", "low", "high"):
        assert row[name] == pytest.approx(source[name], rel=tolerances.SE), name


def test_a_curve_that_is_flat_at_one_half():
    """R: median of 30, 45, 60, 60, 120, 240+, 240+, 240+ is 90, the middle of the flat part; log-log limit 30."""
    result = small([30, 45, 60, 60, 120, 240, 240, 240], [30, 45, 60, 60, 120, 200, 220, 240])
    row = of_arm(result, "median_time", "Usual care")
    assert (row["estimate"], row["low"], row["high"]) == (90, 30, math.inf)


# ---- words -------------------------------------------------------------------------------------------------------


def test_it_never_claims_to_be_the_mean():
    result = found("one_cap")
    assert result.sentence().startswith("Restricted mean of one_cap (to 240 s) was 55.7 s higher with Kettlebell")
    assert "not the mean time that people could hold" in result.notes[0]
    assert result.notes[1] == "Held to the cap (right-censored): Usual care 1/15 (7%) and Kettlebell 6/15 (40%)."
    assert "right-censored at its cap (240 s)" in result.methods()
    assert "each person's cap (180 to 240 s" in found("own_cap_to_200").methods()
    assert "doi:10.1080/01621459.1958.10501452" in result.methods()
    assert len(result.ledger.ids("analysed")) == 30
    assert len(result.plot().get_yticks()) == 1


def test_a_median_that_is_not_reached():
    result = small([50, 60, 240, 240, 240, 240, 240, 240], [30, 40, 50, 60, 70, 80, 90, 240])
    row = of_arm(result, "median_time", "Usual care")
    assert math.isnan(row["estimate"])
    assert row["method"] == "not reached: over half held to their cap"
    assert of_arm(result, "median_time", "Training")["estimate"] == 65


def test_an_arm_in_which_everybody_holds():
    result = small([240.0] * 8, [100, 120, 140, 160, 180, 200, 220, 240])
    row = of_arm(result, "restricted_mean", "Usual care")
    assert row["estimate"] == 240
    assert math.isnan(row["low"])
    assert result.row()["df"] == pytest.approx(7)
    assert any('No spread within the restriction in arm "Usual care"' in note for note in result.notes)


def test_limits_stay_within_the_restriction():
    result = small([60, 238, 240, 240, 240, 240, 240, 240], [100, 120, 140, 160, 180, 200, 220, 240])
    assert of_arm(result, "restricted_mean", "Usual care")["high"] == 240


def test_the_missing_and_the_small():
    with pytest.warns(SmallSample, match=r"Fewer than 8 people in an arm: Training \(3\)"):
        result = small([50, 60, 70, 80, 90, 100, 110, 120, None], [80, 90, 100, None])
    counts = result.ledger.frame["status"].value_counts()
    assert counts.to_dict() == {"analysed": 11, "missing": 2}


# ---- what must hold ----------------------------------------------------------------------------------------------

SECONDS = st.lists(st.integers(1, 300), min_size=8, max_size=14)


@settings(max_examples=40, deadline=None)
@given(SECONDS, SECONDS, st.floats(0.01, 100))
def test_minutes_and_seconds(usual, training, factor):
    capped = [[min(t, 240.0) for t in arm] for arm in (usual, training)]
    if min(map(min, capped)) >= 240 or all(np.ptp(arm) == 0 for arm in capped):
        return
    one = small(*capped)
    # The cap goes through the same multiplication as the times, so that equal stays equal.
    other = small(*[[t * factor for t in arm] for arm in capped], cap=240.0 * factor)
    for name, power in (("estimate", 1), ("se", 1), ("low", 1), ("high", 1), ("df", 0), ("p", 0)):
        expected = one.frame[name].to_numpy() * factor**power
        assert other.frame[name].to_numpy() == pytest.approx(expected, rel=1e-8, abs=1e-9 * factor**power, nan_ok=True)


@settings(max_examples=40, deadline=None)
@given(SECONDS, SECONDS)
def test_exchanging_the_arms_turns_the_difference_round(usual, training):
    capped = [[min(t, 240.0) for t in arm] for arm in (usual, training)]
    if min(map(min, capped)) >= 240 or all(np.ptp(arm) == 0 for arm in capped):
        return
    one, other = small(*capped).row(), small(*capped[::-1]).row()
    assert other["estimate"] == pytest.approx(-one["estimate"], abs=1e-9)
    assert [other["low"], other["high"]] == pytest.approx([-one["high"], -one["low"]], abs=1e-7, nan_ok=True)


@settings(max_examples=40, deadline=None)
@given(SECONDS, SECONDS)
def test_one_cap_is_always_welch(usual, training):
    capped = [np.minimum(arm, 240.0) for arm in (usual, training)]
    if min(arm.min() for arm in capped) >= 240 or max(arm.max() for arm in capped) < 240:
        return
    if min(arm.max() for arm in capped) < 240 or any(np.ptp(arm) == 0 for arm in capped):
        return
    welch = stats.ttest_ind(capped[1], capped[0], equal_var=False)
    row = small(*capped).row()
    assert [row["statistic"], row["df"], row["p"]] == pytest.approx(
        [welch.statistic, welch.df, welch.pvalue], rel=1e-8, abs=1e-12
    )


def test_intervals_cover_in_small_arms_with_caps_that_differ():
    """Weibull times, a third stopped at 180 s and the others at 240 s, τ = 180 s, 10 in an arm, no difference.

    6000 such trials: 94.9 % (z with Greenwood's bare variance 91.9 %). 600 have a standard error of 0.9 %.
    """
    rng = np.random.default_rng(20261125)
    inside, runs = 0, 600
    caps = np.where(np.arange(20) % 3 == 0, 180.0, 240.0)
    frame = pd.DataFrame({"arm": ["Usual care"] * 10 + ["Training"] * 10, "cap": caps})
    for _ in range(runs):
        frame["s"] = np.minimum(150 * rng.weibull(2, 20), caps)
        row = kb.hold_time(frame, "s", arm="arm", reference="Usual care", cap_s="cap", tau_s=180).row()
        inside += row["low"] <= 0 <= row["high"]
    assert 0.925 <= inside / runs <= 0.975


# ---- what is refused ---------------------------------------------------------------------------------------------


def test_impossible_times_are_told_at_once():
    data = holds()
    data.loc[0, "one_cap"] = -5
    data.loc[1, "one_cap"] = 300
    with pytest.raises(DataError) as caught:
        kb.hold_time(data, "one_cap", **ASK, cap_s=240)
    told = str(caught.value)
    assert 'column "one_cap" (participant P01): −5 s' in told
    assert "(participant P02): 300 s is beyond the cap of 240 s" in told
    assert "state the cap that was really used" in told


def test_a_person_without_a_cap():
    data = holds()
    data.loc[2, "cap"] = np.nan
    with pytest.raises(DataError, match=r"\(participant P03\): a time of 127 s and no cap"):
        kb.hold_time(data, "own_cap", **ASK, cap_s="cap")


def test_nobody_lost_the_position():
    with pytest.raises(FitError, match="nobody lost the position within 240 s"):
        small([240.0] * 8, [240.0] * 8)


def test_all_times_equal():
    with pytest.raises(FitError, match="the times do not vary within any arm"):
        small([30.0] * 8, [40.0] * 8)


def test_caps_stored_as_text():
    with pytest.raises(DataError, match='column "cap": numbers stored as str') as caught:
        kb.hold_time(holds().astype({"cap": "str"}), "own_cap", **ASK, cap_s="cap")
    assert len(caught.value.problems) == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"cap_s": 0}, "cap_s=0 is not a time"),
        ({"cap_s": "caps"}, 'cap_s="caps" is not a column of the data; did you mean "cap"'),
        ({"cap_s": 240, "tau_s": -1}, "tau_s=-1 is not a time"),
        ({"cap_s": 240, "tau_s": 300}, 'tau_s=300 is beyond 240 s, the last time that is known in arm "'),
        ({"cap_s": 240, "level": 95}, "level=95 is not a confidence level"),
    ],
)
def test_impossible_questions(options, message):
    with pytest.raises(PlanError, match=message):
        kb.hold_time(holds(), "one_cap", **ASK, **options)


def test_the_cap_has_no_default():
    with pytest.raises(TypeError, match="cap_s"):
        kb.hold_time(holds(), "one_cap", **ASK)


def test_an_arm_of_one_person():
    with pytest.raises(FitError, match='arm "Training": 1 of 1 left to analyse'):
        small([50, 60, 70], [80])
