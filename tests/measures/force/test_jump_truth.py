"""Jumps whose integrals are known exactly: values, convergence with the sampling rate, invariances."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import kbstudy as kb
from tests import tolerances
from tests.measures.force import known_jumps
from tests.measures.force.known_jumps import KINDS, G, as_recording

#: m/s². No acceleration of the made-up jumps is larger; between two samples velocity errs by at most this × 2 samples.
STEEPEST = 45.0


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("hz", [500, 1000, 2000, 10_000])
def test_values_come_as_close_as_samples_allow(kind: str, hz: int) -> None:
    truth = KINDS[kind]()
    found = kb.jump(truth.recording(hz), kind=kind)
    step = 1 / hz
    assert found.body_mass_kg == pytest.approx(truth.mass, rel=tolerances.IDENTITY)
    assert found.takeoff_s == pytest.approx(truth.takeoff, abs=step)
    assert found.landing_s == pytest.approx(truth.landing, abs=step)
    assert found.takeoff_velocity_m_s == pytest.approx(truth.takeoff_velocity, abs=2 * STEEPEST * step)
    assert found.height_flight_time_m == pytest.approx(truth.height_by_flight, abs=G * 0.6 / 4 * 2 * step)
    assert found.height_impulse_m == pytest.approx(truth.height, abs=2.6 / G * 2 * STEEPEST * step)
    _, force, velocity = truth.fine
    assert found.peak_force_n == pytest.approx(force.max(), rel=30 * step)
    assert found.peak_power_w == pytest.approx((force * velocity).max(), rel=60 * step)


@pytest.mark.parametrize("kind", KINDS)
def test_error_goes_to_zero_as_the_rate_rises(kind: str) -> None:
    truth = KINDS[kind]()
    errors = [
        abs(kb.jump(truth.recording(hz), kind=kind).height_impulse_m - truth.height) for hz in (250, 2500, 25_000)
    ]
    assert errors[0] < 0.03
    assert errors[2] < 3e-4
    assert errors[2] < errors[0]


def test_phases_and_impulses_of_a_countermovement() -> None:
    truth = known_jumps.countermovement()
    found = kb.jump(truth.recording(10_000))
    time, _, velocity = truth.fine
    lowest = int(velocity.argmin())
    turn = lowest + int((velocity[lowest:] >= 0).argmax())
    mass = truth.mass
    assert found.unweighting_impulse_n_s == pytest.approx(mass * velocity[lowest], rel=1e-3)
    assert found.braking_impulse_n_s == pytest.approx(-mass * velocity[lowest], rel=5e-3)
    assert found.propulsive_impulse_n_s == pytest.approx(mass * truth.takeoff_velocity, rel=5e-3)
    assert found.onset_s + found.unweighting_s == pytest.approx(time[lowest], abs=2e-3)
    assert found.onset_s + found.unweighting_s + found.braking_s == pytest.approx(time[turn], abs=2e-3)
    assert found.takeoff_s - found.propulsion_s == pytest.approx(time[turn], abs=2e-3)
    depth = np.concatenate([[0.0], np.cumsum((velocity[1:] + velocity[:-1]) / 2) * (time[1] - time[0])]).min()
    assert found.depth_m == pytest.approx(depth, rel=2e-3)


@pytest.mark.parametrize("kind", KINDS)
def test_closures(kind: str) -> None:
    """Propulsive impulse is m·v, work is kinetic plus potential energy, and standing still is standing still."""
    truth = KINDS[kind]()
    found = kb.jump(truth.recording(2000), kind=kind)
    one_sample = (found.peak_force_n - found.body_weight_n) / 2000
    assert abs(found.impulse_closure_n_s) <= one_sample
    if kind != "drop":
        assert found.velocity_closure_m_s == pytest.approx(0, abs=2 * STEEPEST / 2000)
    curves = found.curves[(found.curves.time_s >= found.onset_s) & (found.curves.time_s <= found.takeoff_s)]
    work = np.trapezoid(curves.power_w, curves.time_s)
    ends = curves.iloc[[0, -1]]
    kinetic = 0.5 * found.body_mass_kg * float(np.diff(ends.velocity_m_s**2)[0])
    potential = found.body_weight_n * float(np.diff(ends.displacement_m)[0])
    assert work == pytest.approx(kinetic + potential, rel=2e-3)


def test_drop_jump_knows_its_drop_and_its_contact() -> None:
    truth = known_jumps.drop(height_m=0.30)
    found = kb.jump(truth.recording(5000), kind="drop", drop_height_m=0.30)
    assert found.contact_velocity_m_s == pytest.approx(truth.contact_velocity, abs=0.02)
    assert found.effective_drop_height_m == pytest.approx(0.30, abs=0.006)
    assert found.contact_time_s == pytest.approx(truth.takeoff - truth.contact, abs=4e-4)
    assert found.rsi == pytest.approx(found.height_impulse_m / found.contact_time_s, rel=tolerances.IDENTITY)
    assert math.isnan(found.rsi_modified)
    assert found.notes == ()


def test_onset_is_30_ms_before_the_threshold_and_both_rsi_are_told() -> None:
    truth = known_jumps.countermovement()
    found = kb.jump(truth.recording(1000))
    assert found.threshold_s == pytest.approx(truth.movement, abs=2.1e-3)
    assert found.threshold_s - found.onset_s == pytest.approx(0.030)
    assert found.rsi_modified == pytest.approx(found.height_impulse_m / (found.takeoff_s - found.threshold_s))
    assert found.rsi_modified_from_onset == pytest.approx(found.height_impulse_m / (found.takeoff_s - found.onset_s))


# ---- invariances -------------------------------------------------------------------------------------------------


@settings(max_examples=25, deadline=None)
@given(mass=st.floats(35, 150), kind=st.sampled_from(sorted(KINDS)))
def test_mass_scales_forces_and_leaves_heights(mass: float, kind: str) -> None:
    """Only the fixed 20 N is another share of body weight, which moves take-off by less than two samples."""
    small, large = (kb.jump(KINDS[kind](each).recording(2000), kind=kind) for each in (60.0, mass))
    assert large.body_mass_kg / small.body_mass_kg == pytest.approx(mass / 60, rel=tolerances.IDENTITY)
    assert large.peak_force_n / small.peak_force_n == pytest.approx(mass / 60, rel=tolerances.IDENTITY)
    assert large.height_impulse_m == pytest.approx(small.height_impulse_m, abs=2.6 / G * STEEPEST * 2 / 2000)
    assert large.height_flight_time_m == pytest.approx(small.height_flight_time_m, abs=2e-3)


@settings(max_examples=25, deadline=None)
@given(samples=st.integers(1, 2000), clock=st.floats(-1e4, 1e4), noise=st.integers(0, 10_000))
def test_shifting_time_shifts_events_and_nothing_else(samples: int, clock: float, noise: int) -> None:
    trace = known_jumps.countermovement().recording(1000).data
    force = trace["force_n"].to_numpy() + np.random.default_rng(noise).normal(0, 1.0, len(trace))
    first = kb.jump(as_recording(trace["time_s"].to_numpy(), force, 1000))
    later = np.concatenate([force[:1000], force[:1000][np.arange(samples) % 1000], force[1000:]])
    second = kb.jump(as_recording(clock + np.arange(len(later)) / 1000, later, 1000))
    shift = clock + samples / 1000
    assert second.onset_s - first.onset_s == pytest.approx(shift, abs=1e-6)
    assert second.takeoff_s - first.takeoff_s == pytest.approx(shift, abs=1e-6)
    for name in ("height_impulse_m", "height_flight_time_m", "peak_power_w", "rsi_modified", "depth_m"):
        assert getattr(second, name) == pytest.approx(getattr(first, name), rel=1e-9), name


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_noise_of_a_plate_moves_height_by_millimetres(seed: int) -> None:
    truth = known_jumps.countermovement()
    trace = truth.recording(1000).data
    force = trace["force_n"] + np.random.default_rng(seed).normal(0, 1.5, len(trace))
    found = kb.jump(as_recording(trace["time_s"].to_numpy(), force.to_numpy(), 1000))
    assert found.height_impulse_m == pytest.approx(truth.height, abs=0.012)
    assert found.height_flight_time_m == pytest.approx(truth.height_by_flight, abs=0.006)


@settings(max_examples=20, deadline=None)
@given(ratio=st.sampled_from([0.75, 0.8, 1.25, 1.5]))
def test_a_wrong_rate_scales_both_heights_alike(ratio: float) -> None:
    """Why the rate is never assumed: the methods go on agreeing."""
    truth = known_jumps.countermovement(strength=1.75)
    right = truth.recording(1000)
    length = len(right.data)
    wrong = as_recording(np.arange(length) / (1000 * ratio), right.data["force_n"].to_numpy(), 1000 * ratio)
    # weighing is said in samples, so that only the rate differs
    one = kb.jump(right, weighing=(0.0, 1.0))
    two = kb.jump(wrong, weighing=(0.0, 1.0 / ratio))
    assert two.height_impulse_m == pytest.approx(one.height_impulse_m / ratio**2, rel=0.02)
    assert two.height_flight_time_m == pytest.approx(one.height_flight_time_m / ratio**2, rel=0.02)
    assert abs(two.height_difference_m) < 0.02 * max(1.0, 1 / ratio**2)


def test_gravity_is_named_and_changes_mass_by_the_same_share() -> None:
    trace = known_jumps.countermovement().recording(1000)
    one, two = kb.jump(trace), kb.jump(trace, gravity_m_s2=9.80665)
    assert two.body_mass_kg / one.body_mass_kg == pytest.approx(9.81 / 9.80665, rel=tolerances.IDENTITY)
    assert "g = 9.81 m/s²" in one.methods()
    assert "g = 9.80665 m/s²" in two.methods()


def test_two_plates_are_one_jump() -> None:
    one = known_jumps.countermovement().recording(1000)
    data = one.data.assign(force_1_n=0.45 * one.data["force_n"], force_2_n=0.55 * one.data["force_n"])
    assert kb.jump(one.with_(data=data)) == kb.jump(one)


def test_a_part_of_a_recording_keeps_its_clock() -> None:
    truth = known_jumps.countermovement()
    whole = truth.recording(1000)
    part = kb.jump(whole.between(0.25, None))
    assert part.takeoff_s == pytest.approx(kb.jump(whole).takeoff_s)
    assert isinstance(part.table(), pd.DataFrame)


# ---- weighing at the other end -----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["countermovement", "squat"])
@pytest.mark.parametrize("weighing", ["first_second", "last_second", "quietest_second"])
def test_weighing_at_either_end_gives_the_same_jump(kind: str, weighing: str) -> None:
    truth = KINDS[kind]()
    found = kb.jump(truth.recording(2000), kind=kind, weighing=weighing)
    assert found.height_impulse_m == pytest.approx(truth.height, abs=0.006)
    assert found.notes == ()
    late = kind == "squat" and weighing == "last_second"
    rule = found.table().set_index("quantity").loc["takeoff_velocity_m_s", "rule"]
    assert rule == ("backward_from_standing" if late else "forward_from_onset")


def test_a_squat_jump_that_is_left_early_can_be_weighed_before() -> None:
    truth = known_jumps.squat()
    cut = truth.recording(2000).between(None, truth.landing + 0.3)
    found = kb.jump(cut, kind="squat", weighing="first_second")
    assert found.height_impulse_m == pytest.approx(truth.height, abs=0.006)
    assert math.isnan(found.velocity_closure_m_s)
