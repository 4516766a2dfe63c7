"""Isometric pulls whose values are known exactly; what is refused and what is named."""

from __future__ import annotations

import math

import matplotlib.pyplot as plt
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import kbstudy as kb
from kbstudy.errors import DataError, PlanError
from kbstudy.measures.force import RULES
from kbstudy.recording import Recording
from tests import tolerances
from tests.measures.force.known_jumps import as_recording

WEIGHT, TOP, TAU, START = 800.0, 1700.0, 0.12, 2.0
BANDS = (50, 100, 150, 200, 250)


def exponential(hz: float = 1000, weight: float = WEIGHT, noise: float = 0.0, seconds: float = 6.0) -> Recording:
    """Force rises as top·(1 − exp(−t/tau)) from 2 s on, which has closed forms for everything."""
    time = np.arange(round(seconds * hz)) / hz
    rise = np.where(time > START, TOP * -np.expm1(-np.maximum(time - START, 0) / TAU), 0.0)
    force = weight + rise + np.random.default_rng(3).normal(0, 1, len(time)) * noise
    return as_recording(time, force, hz)


def refused(recording: Recording, **options: object) -> str:
    with pytest.raises(DataError) as raised:
        kb.isometric_pull(recording, **options)
    return str(raised.value)


@pytest.mark.parametrize("hz", [500, 1000, 2000, 10_000])
def test_closed_forms(hz: int) -> None:
    found = kb.isometric_pull(exponential(hz))
    # onset is the first sample after the rise began
    late = found.onset_s - START
    assert 0 < late <= 1.001 / hz
    for ms in BANDS:
        expected = TOP * math.exp(-late / TAU) * -math.expm1(-ms / 1000 / TAU) / (ms / 1000)
        assert getattr(found, f"rfd_0_{ms}_n_s") == pytest.approx(expected, rel=1e-6)
        level = WEIGHT + TOP * -math.expm1(-(late + ms / 1000) / TAU)
        assert getattr(found, f"force_{ms}_ms_n") == pytest.approx(level, rel=1e-6)
    assert found.peak_force_n == pytest.approx(WEIGHT + TOP, rel=1e-6)
    assert found.peak_force_net_n == pytest.approx(TOP, rel=1e-6)
    assert found.body_weight_n == pytest.approx(WEIGHT)
    steepest = TOP * math.exp(-late / TAU) * -math.expm1(-0.02 / TAU) / 0.02
    assert found.peak_rfd_n_s == pytest.approx(steepest, rel=1e-6)
    area = TOP * (0.2 - TAU * math.exp(-late / TAU) * -math.expm1(-0.2 / TAU))
    assert found.impulse_0_200_n_s == pytest.approx(area, rel=3e-4 * 1000 / hz)
    assert found.notes == ()


def test_between_samples() -> None:
    """At 333 Hz 50 ms are 16.65 samples: force is interpolated."""
    time = np.arange(2000) / 333
    force = 800 + np.interp(time, [2, 3, 6], [0, 2000, 2000])
    found = kb.isometric_pull(as_recording(time, force, 333))
    for ms in BANDS:
        assert getattr(found, f"rfd_0_{ms}_n_s") == pytest.approx(2000, rel=tolerances.IDENTITY)
    assert "At 333 Hz onset is only known to 3.0 ms" in found.notes[0]


@settings(max_examples=30, deadline=None)
@given(weight=st.floats(300, 1500), factor=st.floats(0.3, 3))
def test_net_values_do_not_know_body_weight_and_scale_with_force(weight: float, factor: float) -> None:
    one, other = kb.isometric_pull(exponential()), kb.isometric_pull(exponential(weight=weight))
    assert other.peak_force_net_n == pytest.approx(one.peak_force_net_n, rel=1e-6)
    assert other.rfd_0_100_n_s == pytest.approx(one.rfd_0_100_n_s, rel=1e-6)
    trace = exponential(weight=700)
    scaled = kb.isometric_pull(
        as_recording(trace.data["time_s"].to_numpy(), factor * trace.data["force_n"].to_numpy(), 1000)
    )
    assert scaled.rfd_0_200_n_s == pytest.approx(factor * one.rfd_0_200_n_s, rel=1e-6)


@settings(max_examples=20, deadline=None)
@given(clock=st.floats(-1e4, 1e4))
def test_shifting_time_shifts_onset_and_nothing_else(clock: float) -> None:
    trace = exponential(noise=1.0).data
    one, two = (
        kb.isometric_pull(as_recording(shift + trace["time_s"].to_numpy(), trace["force_n"].to_numpy(), 1000))
        for shift in (0.0, clock)
    )
    assert two.onset_s - one.onset_s == pytest.approx(clock, abs=1e-6)
    assert two.rfd_0_50_n_s == one.rfd_0_50_n_s
    assert two.peak_force_n == one.peak_force_n


def test_noise_makes_onset_late_by_what_5_sd_are() -> None:
    found = kb.isometric_pull(exponential(noise=2.0))
    expected = -TAU * math.log1p(-5 * found.baseline_sd_n / TOP)
    assert found.onset_s - START == pytest.approx(expected, abs=1.5e-3)


def test_body_weight_that_was_given() -> None:
    found = kb.isometric_pull(exponential(), body_weight=780.0)
    assert found.peak_force_net_n == pytest.approx(WEIGHT + TOP - 780, rel=1e-6)
    assert found.table().set_index("quantity").loc["body_weight_n", "rule"] == "body_weight_given"
    assert found.peak_force_net_n_kg == pytest.approx(found.peak_force_net_n / (780 / 9.81))


def test_load_cell_without_a_person() -> None:
    found = kb.isometric_pull(exponential(weight=0.0, noise=0.5), body_weight=0)
    assert found.peak_force_n == found.peak_force_net_n
    assert math.isnan(found.peak_force_net_n_kg)
    assert found.rfd_0_100_n_s == pytest.approx(TOP * -math.expm1(-0.1 / TAU) / 0.1, rel=0.02)


def test_trace_that_ends_early() -> None:
    found = kb.isometric_pull(exponential(seconds=START + 0.12))
    assert found.rfd_0_100_n_s > 0
    assert math.isnan(found.rfd_0_150_n_s)
    assert "The trace ends less than 250 ms after onset" in "\n".join(found.notes)
    assert "rfd_0_150_n_s" not in set(found.table()["quantity"])


# ---- named -------------------------------------------------------------------------------------------------------


def test_pretension_against_a_known_weight() -> None:
    found = kb.isometric_pull(exponential(weight=900), body_weight=800)
    assert "Pre-tension: the baseline of 900 N is 100 N above body weight (800 N)." in found.notes[0]


def test_pretension_after_quiet_standing() -> None:
    """Stood still at 800 N for two seconds, then held 950 N more quietly, then pulled."""
    time = np.arange(7000) / 1000
    force = np.interp(time, [0, 2, 2.3, 4, 4.3, 7], [800, 800, 950, 950, 2400, 2400])
    force[:2000] += 2 * np.sin(np.arange(2000) / 30)
    found = kb.isometric_pull(as_recording(time, force, 1000))
    assert "Pre-tension: the baseline of 950 N is 150 N above body weight (800 N)." in found.notes[0]


def test_dip_before_the_pull() -> None:
    time = np.arange(6000) / 1000
    force = np.interp(time, [0, 2, 2.1, 2.2, 2.6, 6], [800, 800, 650, 800, 2400, 2400])
    found = kb.isometric_pull(as_recording(time, force, 1000))
    assert "Force dips by 150 N just before the pull" in "\n".join(found.notes)


def test_restless_baseline_is_named() -> None:
    trace = exponential().data
    force = trace["force_n"].to_numpy() + 30 * np.sin(np.arange(len(trace)) / 60)
    found = kb.isometric_pull(as_recording(trace["time_s"].to_numpy(), force, 1000))
    assert "The person was not quite still before the pull" in "\n".join(found.notes)


# ---- refused -----------------------------------------------------------------------------------------------------


def test_one_sample() -> None:
    assert "the trace has one sample" in refused(as_recording(np.array([0.0]), np.array([800.0]), 1000))


def test_no_pull() -> None:
    time = np.arange(4000) / 1000
    force = 800 + 5 * np.sin(time * 9)
    assert "there is no pull after the quiet second" in refused(as_recording(time, force, 1000))


def test_pull_at_the_start() -> None:
    time = np.arange(4000) / 1000
    force = np.interp(time, [0, 0.3, 4], [800, 2500, 900])
    assert "no quiet second before the pull" in refused(as_recording(time, force, 1000))


def test_kgf() -> None:
    trace = exponential().data
    recording = as_recording(trace["time_s"].to_numpy(), trace["force_n"].to_numpy() / 9.80665, 1000)
    assert 'If the file is in kgf, read it with units = "kgf"' in refused(recording)


def test_a_load_cell_needs_to_be_said() -> None:
    assert "Say body_weight = 0 if this is a load cell" in refused(exponential(weight=0.0, noise=0.5))


def test_moving_all_the_time() -> None:
    time = np.arange(6000) / 1000
    force = 800 + 400 * np.sin(time * 6) + np.interp(time, [0, 4, 5, 6], [0, 0, 1500, 1500])
    assert "The person must be still before the pull" in refused(as_recording(time, force, 1000))


def test_more_than_a_person_pulls() -> None:
    trace = exponential().data
    force = np.where(trace["time_s"] > START, trace["force_n"] * 8, trace["force_n"])
    assert "more than a person pulls" in refused(as_recording(trace["time_s"].to_numpy(), force, 1000))


@pytest.mark.parametrize("weight", [80, -5, "80 kg", True, math.nan])
def test_a_body_weight_that_is_none(weight: object) -> None:
    with pytest.raises(PlanError, match="is no body weight in newtons"):
        kb.isometric_pull(exponential(), body_weight=weight)


# ---- views -------------------------------------------------------------------------------------------------------


def test_every_value_names_a_rule() -> None:
    found = kb.isometric_pull(exponential())
    table = found.table()
    assert set(table["rule"]) <= set(RULES)
    for row in table.itertuples():
        assert getattr(found, row.quantity) == row.value
    assert "Dos'Santos et al. 2017" in found.methods()


def test_words_and_figure() -> None:
    found = kb.isometric_pull(exponential().with_(simulated=True))
    assert found.sentence().startswith("[SIMULATED] Isometric pull: peak force 2500 N gross and 1700 N net")
    assert "<table>" in found._repr_html_()
    figure = found.plot()
    assert f"onset\n{found.onset_s:.3f} s" in [text.get_text() for text in figure.axes[0].texts]
    plt.close(figure)
    alone, axis = plt.subplots()
    assert found.plot(ax=axis) is axis
    plt.close(alone)
