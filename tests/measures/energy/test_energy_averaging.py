"""The highest uptake, by how breaths are averaged."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kbstudy.errors import DataError, PlanError
from kbstudy.measures.energy import averaging_sensitivity, integrate, vo2_peak
from tests.measures.energy import carts
from tests.measures.energy.made_up import gas


@pytest.mark.parametrize(("load", "peak"), [(carts.p1, 3.782), (carts.w1, 3.166), (carts.w3, 3.045)])
def test_rolling_peaks_of_real_files(load, peak):
    assert vo2_peak(load()).vo2_l_min == pytest.approx(peak, abs=0.0005)


def test_relative_to_body_mass_where_there_is_one():
    assert vo2_peak(carts.p1()).ml_kg_min == pytest.approx(3782.2 / 71, abs=0.01)
    assert np.isnan(vo2_peak(carts.w1()).ml_kg_min)


def test_a_peak_that_can_be_computed_by_hand():
    """A triangle from 1 to 3 and back in 60 s each: the best 30 s are the middle ones, with a mean of 2.75."""
    found = vo2_peak(gas([0, 60, 120], [1.0, 3.0, 1.0], gaps=()), seconds=30.0)
    assert found.vo2_l_min == pytest.approx(2.75)
    assert (found.start_s, found.end_s) == (pytest.approx(45.0), pytest.approx(75.0))


@st.composite
def breaths(draw):
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    time = np.cumsum(random.uniform(1.0, 5.0, draw(st.integers(30, 80))))
    return gas(time, random.uniform(0.5, 4.0, len(time)))


@given(recording=breaths(), seconds=st.sampled_from([15.0, 20.0, 30.0]))
@settings(max_examples=30)
def test_the_rolling_peak_is_the_highest_of_all_windows(recording, seconds):
    time, vo2 = recording.data["time_s"].to_numpy(), recording.data["vo2_l_min"].to_numpy()
    starts = np.linspace(time[0], time[-1] - seconds, 200)
    means = [integrate(time, vo2, start_s=start, end_s=start + seconds).mean for start in starts]
    found = vo2_peak(recording, seconds=seconds)
    assert found.vo2_l_min >= max(means) - 1e-9
    again = integrate(time, vo2, start_s=found.start_s, end_s=found.end_s).mean
    assert again == pytest.approx(found.vo2_l_min)


@given(recording=breaths(), seconds=st.sampled_from([15.0, 30.0]))
@settings(max_examples=30)
def test_bins_never_beat_rolling(recording, seconds):
    binned = vo2_peak(recording, method="bin", seconds=seconds)
    assert binned.vo2_l_min <= vo2_peak(recording, seconds=seconds).vo2_l_min + 1e-9
    time, vo2 = recording.data["time_s"], recording.data["vo2_l_min"]
    mean = integrate(time, vo2, start_s=binned.start_s, end_s=binned.end_s).mean
    assert mean == pytest.approx(binned.vo2_l_min)
    assert (binned.start_s - time.iloc[0]) / seconds == pytest.approx(round((binned.start_s - time.iloc[0]) / seconds))


@pytest.mark.parametrize("method", ["rolling", "bin"])
def test_no_window_crosses_a_gap(method):
    time = np.concatenate([np.arange(0.0, 61.0, 5.0), np.arange(300.0, 361.0, 5.0)])
    vo2 = np.where(time < 100, 1.0, 2.0)
    vo2[[12, 13]] = 5.0  # bridged, the gap would be 240 s of the highest uptake
    found = vo2_peak(gas(time, vo2), method=method, seconds=30)
    assert found.end_s <= 60 or found.start_s >= 300
    assert found.vo2_l_min < 2.5


def test_the_table_of_ways():
    found = averaging_sensitivity(carts.p1())
    assert list(found["method"]) == ["rolling"] * 3 + ["bin"] * 3
    assert list(found["seconds"]) == [15, 30, 60] * 2
    assert (found["middle_s"] == (found["start_s"] + found["end_s"]) / 2).all()
    rolling = found[found["method"] == "rolling"]["vo2_l_min"]
    assert rolling.is_monotonic_decreasing
    assert found["note"][0] == "The file's rows are 15.1 s apart, so 15 s average hardly anything."
    assert found["note"][2] == ""


def test_too_short_for_a_window():
    recording = gas(np.arange(0.0, 41.0, 5.0), 1.0)
    assert averaging_sensitivity(recording)["vo2_l_min"].isna().tolist() == [False, False, True] * 2
    with pytest.raises(DataError, match="no stretch without a gap is 60 s long"):
        vo2_peak(recording, seconds=60)


def test_words():
    found = vo2_peak(gas(np.arange(0.0, 61.0, 5.0), 2.0, body_mass_kg=80.0, simulated=True))
    assert found.sentence().startswith("[SIMULATED] Highest VO2 2.000 L/min (25.0 mL/kg/min), 30-s rolling mean")
    assert "Highest" in found._repr_html_()


def test_unknown_ways():
    with pytest.raises(PlanError, match='method="roling" is not a way of averaging; did you mean "rolling"'):
        vo2_peak(carts.w1(), method="roling")  # type: ignore[arg-type]
    with pytest.raises(PlanError, match="seconds=0 is not a length of time"):
        vo2_peak(carts.w1(), seconds=0)
