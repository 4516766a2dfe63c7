"""A session's numbers: means over time, not over rows."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from kbstudy.measures.energy import SESSION_COLUMNS, SessionRules, measure_session
from kbstudy.recording import Recording


def recording(mass=80.0):
    """Rest of 0.3 L/min, then 600 s at 2.0 L/min; breaths twice as fast in exercise."""
    time = np.concatenate([np.arange(0.0, 300.0, 6.0), np.arange(300.0, 900.1, 3.0)])
    vo2 = np.where(time < 300.0, 0.3, 2.0)
    hr = np.where(time < 300.0, 70.0, 150.0)
    frame = pd.DataFrame({"time_s": time, "vo2_l_min": vo2, "vco2_l_min": 0.9 * vo2, "hr_bpm": hr})
    return Recording(frame, "gas_exchange", "made_up.csv", "example", body_mass_kg=mass)


def test_numbers_are_means_over_the_bout():
    found = measure_session(recording(), SessionRules("weir_1949", protocol="600:0 × 1 from 300 s")).numbers
    assert list(found) == list(SESSION_COLUMNS)
    assert found["vo2_l_min"] == pytest.approx(2.0, rel=1e-12)
    assert found["vo2_ml_kg_min"] == pytest.approx(25.0, rel=1e-12)
    assert found["rer"] == pytest.approx(0.9, rel=1e-12)
    assert found["hr_bpm"] == pytest.approx(150.0, rel=1e-12)
    assert found["minutes"] == pytest.approx(10.0, rel=1e-12)
    assert found["aerobic_kcal"] == pytest.approx(10 * (3.941 * 2.0 + 1.106 * 1.8), rel=1e-12)


def test_the_whole_recording_is_weighed_by_time_and_not_by_rows():
    found = measure_session(recording(), SessionRules("weir_1949")).numbers
    rows = recording().data["vo2_l_min"].mean()
    middle = (297.0 * 0.3 + 603.0 * 2.0) / 900.0  # the step lies between rows at 294 and 300 s
    assert found["vo2_l_min"] == pytest.approx(middle, rel=1e-12)
    assert rows > middle * 1.1


def test_what_cannot_be_had_is_nan_and_never_zero():
    frame = recording().data.drop(columns="hr_bpm")
    bare = Recording(frame, "gas_exchange", "made_up.csv", "example")
    found = measure_session(bare, SessionRules("weir_1949")).numbers
    for name in ("hr_bpm", "vo2_ml_kg_min", "body_mass_kg", "aerobic_net_kcal", "epoc_kcal"):
        assert math.isnan(found[name]), name


def test_a_heart_rate_strap_that_came_off_is_no_measurement():
    made = recording()
    made.data.loc[made.data["time_s"] > 600, "hr_bpm"] = 0.0
    found = measure_session(made, SessionRules("weir_1949", protocol="600:0 × 1 from 300 s")).numbers
    assert found["hr_bpm"] == pytest.approx(150.0, rel=1e-12)
