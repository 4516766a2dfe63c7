"""Totals over time do not depend on how a recording is cut into rows."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from kbstudy.errors import DataError, PlanError
from kbstudy.measures.energy import gap_limit, integrate

INTERVALS = arrays.arrays(float, st.integers(3, 40), elements=st.floats(0.5, 9.0))


def series(intervals: np.ndarray, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    time = np.concatenate([[0.0], np.cumsum(intervals)])
    return time, np.random.default_rng(seed).uniform(1.0, 15.0, len(time))


@given(intervals=INTERVALS, factor=st.floats(0.1, 10.0))
def test_scaling(intervals: np.ndarray, factor: float):
    time, rate = series(intervals)
    assert integrate(time, factor * rate).total == pytest.approx(factor * integrate(time, rate).total)


@given(intervals=INTERVALS, share=st.floats(0.01, 0.99), gaps=st.sampled_from(["exclude", "bridge"]))
def test_parts_add_up_wherever_it_is_split(intervals: np.ndarray, share: float, gaps):
    intervals[len(intervals) // 2] = 45.0  # a gap, and the split may fall in it
    time, rate = series(intervals)
    at = share * time[-1]
    whole = integrate(time, rate, gaps=gaps)
    parts = [integrate(time, rate, gaps=gaps, end_s=at), integrate(time, rate, gaps=gaps, start_s=at)]
    assert sum(part.total for part in parts) == pytest.approx(whole.total)
    assert sum(part.minutes for part in parts) == pytest.approx(whole.minutes)
    assert sum(part.minutes_excluded for part in parts) == pytest.approx(whole.minutes_excluded)


@given(intervals=INTERVALS, row=st.integers(0, 3))
def test_a_repeated_row_changes_nothing(intervals: np.ndarray, row: int):
    time, rate = series(intervals)
    twice = integrate(np.insert(time, row, time[row]), np.insert(rate, row, rate[row]))
    once = integrate(time, rate)
    assert (twice.total, twice.minutes) == (pytest.approx(once.total), pytest.approx(once.minutes))


@given(intervals=INTERVALS, share=st.floats(0.1, 0.9))
def test_a_row_on_the_line_between_two_changes_nothing(intervals: np.ndarray, share: float):
    time, rate = series(intervals)
    between = time[:-1] + share * np.diff(time)
    finer = np.sort(np.concatenate([time, between]))
    assert integrate(finer, np.interp(finer, time, rate)).total == pytest.approx(integrate(time, rate).total)


@given(intervals=INTERVALS)
def test_the_mean_of_rows_is_what_duplicates_change(intervals: np.ndarray):
    time, rate = series(intervals)
    rate[0] = 100.0
    bias = integrate(np.insert(time, 0, [0.0] * 5), np.insert(rate, 0, [100.0] * 5)).row_mean_bias
    assert bias > integrate(time, rate).row_mean_bias


def test_gap_limit():
    assert gap_limit(np.array([0.0, 2.0, 4.0, 6.0])) == 20.0
    assert gap_limit(np.array([0.0, 15.0, 30.0, 250.0])) == 45.0
    assert gap_limit(np.array([0.0, 0.0, 0.0, 15.0, 30.0])) == 45.0
    assert gap_limit(np.array([5.0, 5.0])) == 20.0


def test_an_interval_at_the_limit_is_no_gap():
    assert integrate([0, 5, 10, 30], [1, 1, 1, 1]).minutes_excluded == 0
    assert integrate([0, 5, 10, 30.1], [1, 1, 1, 1]).minutes_excluded == pytest.approx(20.1 / 60)


def test_shuffled_rows_are_refused():
    with pytest.raises(DataError, match="time falls 1 time, first from 10 s to 5 s") as caught:
        integrate([0, 10, 5, 15], [1, 1, 1, 1])
    assert "if the clock restarts" in str(caught.value)


@pytest.mark.parametrize(
    ("time", "rate", "message"),
    [
        ([0.0], [1.0], "1 row with data"),
        ([0.0, np.nan, 2.0], [1.0, 1.0, 1.0], "1 row without a time"),
        ([0.0, 1.0], [1.0, np.nan], "1 row without a finite rate"),
    ],
)
def test_what_cannot_be_integrated(time, rate, message):
    with pytest.raises(DataError, match=message):
        integrate(time, rate)


@pytest.mark.parametrize(
    ("window", "message"),
    [
        ({"start_s": 20, "end_s": 10}, "starts at 20 s and ends at 10 s: nothing is in it"),
        ({"start_s": 10, "end_s": 10}, "nothing is in it"),
        ({"start_s": 100}, "lies outside the recording"),
        ({"end_s": -5}, "lies outside the recording"),
        ({"start_s": float("nan")}, "both ends must be numbers"),
    ],
)
def test_windows_that_are_none(window, message):
    with pytest.raises(PlanError, match=message):
        integrate([0, 10, 20, 30], [1, 1, 1, 1], **window)


def test_unknown_gap_policy_and_lengths():
    with pytest.raises(PlanError, match='gaps="exlude" is not a policy; did you mean "exclude"'):
        integrate([0, 1], [1, 1], gaps="exlude")  # type: ignore[arg-type]
    with pytest.raises(PlanError, match="columns of one length"):
        integrate([0, 1, 2], [1, 1])
