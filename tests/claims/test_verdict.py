"""The verdict rule, its second sentence, and the reasons that lower certainty."""

from __future__ import annotations

import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from kbstudy.claims import Evidence, Region, judge, verdict_on
from kbstudy.errors import PlanError

NUMBER = st.floats(-1e6, 1e6)


@pytest.mark.parametrize(
    ("low", "high", "word"),
    [
        (22, 25, "supported"),
        (21, 25, "supported"),  # the ends belong to the region
        (11, 16, "not supported"),
        (20, 22, "inconclusive"),
        (16, 21, "inconclusive"),  # touches the border: one value agrees
        (math.nan, math.nan, "no evidence"),
        (11, math.inf, "inconclusive"),
        (21, math.inf, "supported"),
    ],
)
def test_the_rule(low, high, word):
    assert judge(low, high, Region(at_least=21)) == word


@given(NUMBER, NUMBER, NUMBER)
def test_mirrored_claims_get_the_same_verdict(a, b, bound):
    low, high = min(a, b), max(a, b)
    assert judge(low, high, Region(at_least=bound)) == judge(-high, -low, Region(at_most=-bound))


@given(NUMBER, NUMBER, NUMBER, st.floats(0, 1e3))
def test_a_narrower_interval_never_turns_a_verdict_round(a, b, bound, trim):
    low, high = min(a, b), max(a, b)
    trim = min(trim, (high - low) / 2)
    assume(low + trim <= high - trim)  # rounding
    wide, narrow = judge(low, high, Region(at_most=bound)), judge(low + trim, high - trim, Region(at_most=bound))
    assert wide in ("inconclusive", narrow)


def test_an_interval_with_its_ends_swapped_is_refused():
    with pytest.raises(PlanError, match="its ends are the wrong way round"):
        judge(2, 1, Region(at_most=0))


def evidence(**changes):
    base = {"estimate": -1.4, "low": -2.7, "high": -0.02, "unit": "points", "n": 40, "allocation": "randomised"}
    return Evidence("one trial", **{**base, **changes})


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"allocation": "single group"}, "there was no control group"),
        ({"allocation": "none"}, "there was no control group"),
        ({"allocation": "assigned"}, "people were assigned to the groups instead of randomised"),
        ({"allocation": "not stated"}, "it is not stated whether people were randomised"),
        ({"n": 29}, "there were fewer than 30 people (29)"),
        ({"basis": "estimated"}, "the outcome was estimated instead of measured"),
        ({"studies": 1}, "it rests on one trial only"),
    ],
)
def test_each_reason_lowers_certainty_by_one_step(changes, reason):
    strong = verdict_on("c", "x", evidence(studies=2), Region(at_most=0))
    weaker = verdict_on("c", "x", evidence(**{"studies": 2, **changes}), Region(at_most=0))
    assert (strong.certainty, strong.lowered_by) == ("high", ())
    assert (weaker.certainty, weaker.lowered_by) == ("moderate", (reason,))
    assert reason in weaker.certainty_sentence


def test_certainty_stops_at_very_low():
    worst = evidence(allocation="single group", n=5, basis="estimated", studies=1)
    verdict = verdict_on("c", "x", worst, Region(at_most=0))
    assert (verdict.certainty, len(verdict.lowered_by)) == ("very low", 4)


def test_a_level_needs_no_control_group():
    level = evidence(allocation="none", is_effect=False, studies=2)
    assert verdict_on("c", "x", level, Region(at_least=21)).lowered_by == ()


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [
        (-4.0, -2.1, "The whole interval reaches the smallest important difference (2 points)."),
        (-1.9, -0.5, "The whole interval falls short of the smallest important difference (2 points)."),
        (-2.7, -0.02, "Whether the effect reaches the smallest important difference (2 points) is open"),
    ],
)
def test_the_second_sentence(low, high, said):
    found = evidence(low=low, high=high, estimate=(low + high) / 2)
    verdict = verdict_on("c", "x", found, Region(at_most=0), smallest_important=2.0, better="lower")
    assert verdict.importance.startswith(said)
    assert verdict.word == "supported"


def test_an_effect_in_the_wrong_direction_does_not_reach_it():
    harm = evidence(low=2.1, high=4.0, estimate=3.0)
    verdict = verdict_on("c", "x", harm, Region(at_most=0), smallest_important=2.0, better="lower")
    assert verdict.word == "not supported"
    assert "beyond the smallest important difference (2 points) in the harmful direction" in verdict.importance


def test_no_evidence_is_not_no_effect():
    verdict = verdict_on("c", "builds flexibility", Evidence("nothing"), Region(at_least=0))
    assert (verdict.word, verdict.certainty, verdict.importance) == ("no evidence", "none", "")
    assert "not the same as finding no effect" in verdict.sentence


def test_simulated_data_are_never_evidence():
    verdict = verdict_on("c", "x", evidence(simulated=True), Region(at_most=0))
    assert verdict.sentence.startswith("In simulated data, which are never evidence: ")
    assert verdict.certainty == "none"
    assert "because the data are simulated" in verdict.certainty_sentence


# ---- what is printed never contradicts the verdict ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("low", "high", "shown"),
    [(-2.7, -0.02, "−2.70 to −0.02"), (0.02, 2.7, "0.02 to 2.70"), (-2.7, -0.004, "−2.700 to −0.004")],
)
def test_an_interval_gets_decimals_until_it_shows_its_side_of_the_border(low, high, shown):
    verdict = verdict_on("c", "x", evidence(low=low, high=high, estimate=(low + high) / 2), Region(at_most=0))
    assert shown in verdict.found


def test_bounds_are_printed_as_declared():
    assert Region(at_least=0.35).text("") == "at least 0.35"
    assert Region(at_most=-5.5).text("points") == "at most −5.5 points"


def test_an_estimate_without_an_interval_is_told_and_not_judged():
    verdict = verdict_on("c", "x", evidence(low=math.nan, high=math.nan), Region(at_most=0))
    assert verdict.word == "no evidence"
    assert "reports −1.4 points without an interval, and without an interval nothing can be judged" in verdict.sentence


@pytest.mark.parametrize(
    "changes", [{"level": 95}, {"n": -1}, {"estimate": 3.0}, {"low": 1.0, "high": -1.0}, {"studies": -1}]
)
def test_evidence_that_contradicts_itself_is_refused(changes):
    with pytest.raises(PlanError):
        evidence(**changes)


@pytest.mark.parametrize("bounds", [{}, {"at_least": math.inf}, {"at_most": -math.inf}, {"at_least": 2, "at_most": 1}])
def test_a_region_that_nothing_could_contradict_or_reach_is_refused(bounds):
    with pytest.raises(PlanError):
        Region(**bounds)


def test_a_smallest_important_difference_is_positive():
    with pytest.raises(PlanError, match="is larger than 0"):
        verdict_on("c", "x", evidence(), Region(at_most=0), smallest_important=-2, better="lower")
