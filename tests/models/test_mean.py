"""The mean of one group."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import kbstudy as kb
from kbstudy.errors import DataError, FitError, PlanError, SmallSample

#: R's sleep data, group 1 (Cushny & Peebles 1905).
SLEEP = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0]


def frame(values):
    return pd.DataFrame({"id": [f"P{i}" for i in range(len(values))], "extra": values})


def test_r_t_test():
    """R 4.2.2: ``t.test(sleep$extra[1:10])``."""
    row = kb.mean(frame(SLEEP), "extra", participant="id").row()
    assert row["estimate"] == pytest.approx(0.75, rel=1e-14)
    assert (row["low"], row["high"]) == pytest.approx((-0.52978041352623217, 2.02978041352623206), rel=1e-12)
    assert row["df"] == 9
    assert np.isnan(row["p"])


@settings(deadline=None)
@given(st.lists(st.floats(-1e3, 1e3), min_size=8, max_size=30, unique=True), st.floats(-50, 50), st.floats(0.1, 10))
def test_shift_and_scale(values, shift, scale):
    one = kb.mean(frame(values), "extra", participant="id").row()
    other = kb.mean(frame([shift + scale * value for value in values]), "extra", participant="id").row()
    for column in ("estimate", "low", "high"):
        assert other[column] == pytest.approx(shift + scale * one[column], rel=1e-8, abs=1e-6)


def test_missing_values_are_in_the_ledger():
    estimates = kb.mean(frame([*SLEEP, np.nan]), "extra", participant="id", visit="Week 8")
    assert estimates.row()["n"] == 10
    assert estimates.ledger.ids("missing") == ["P10"]
    assert set(estimates.ledger.frame.query("status == 'missing'")["reason"]) == {"no value at Week 8"}


def test_a_small_group_is_said():
    with pytest.warns(SmallSample, match="Fewer than 8 people: 3"):
        kb.mean(frame([1.0, 2.0, 3.0]), "extra", participant="id")


def test_one_value_has_no_interval():
    with pytest.raises(FitError, match="1 value in 2 rows"):
        kb.mean(frame([1.0, np.nan]), "extra", participant="id")


def test_a_person_in_two_rows_is_refused():
    data = frame(SLEEP)
    data.loc[1, "id"] = "P0"
    with pytest.raises(DataError, match="P0"):
        kb.mean(data, "extra", participant="id")


def test_an_unknown_column_is_named():
    with pytest.raises(PlanError, match='outcome="exta" is not a column of the data; did you mean "extra"'):
        kb.mean(frame(SLEEP), "exta", participant="id")
