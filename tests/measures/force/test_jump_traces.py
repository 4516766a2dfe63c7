"""Jumps of real people on force plates (gidiel-machado/Vertical-Jumps-Fz-Automated-Analysis @ c4c08f9, MIT).

The numbers of the countermovement jump were recomputed from the file with the rules of the facts (weighing in the first
second, 5 SD, 30 ms back, 20 N, trapezoid rule) and g = 9.81: with 9.80665 the mass would be 67.60 kg and the heights
0.3201 and 0.3204 m. Squat and drop jump have no published values; they must be possible, and their energy must close.
"""

from __future__ import annotations

import numpy as np
import pytest

import kbstudy as kb
from kbstudy.errors import DataError
from tests import tolerances
from tests.conftest import shared


def read(name: str, hz: float = 1000) -> kb.Recording:
    return kb.read_force(shared(f"force/{name}-Fz.txt"), sampling_hz=hz)


@pytest.mark.parametrize("name", ["Single-CMJ", "Dual-CMJ"])
def test_countermovement_jump(name: str) -> None:
    found = kb.jump(read(name))
    assert found.body_weight_n == pytest.approx(662.93, abs=tolerances.TWO_DECIMALS)
    assert found.body_mass_kg == pytest.approx(67.58, abs=tolerances.TWO_DECIMALS)
    assert found.threshold_s == pytest.approx(1.608, abs=tolerances.IDENTITY)
    assert found.onset_s == pytest.approx(1.578, abs=tolerances.IDENTITY)
    assert found.takeoff_s == pytest.approx(2.355, abs=tolerances.IDENTITY)
    assert found.flight_time_s == pytest.approx(0.511, abs=tolerances.IDENTITY)
    assert found.height_flight_time_m == pytest.approx(0.3202, abs=tolerances.FOUR_DECIMALS)
    assert found.height_impulse_m == pytest.approx(0.3205, abs=tolerances.FOUR_DECIMALS)
    assert found.takeoff_velocity_m_s == pytest.approx(2.508, abs=tolerances.THREE_DECIMALS)
    assert found.depth_m == pytest.approx(-0.349, abs=tolerances.THREE_DECIMALS)
    assert found.peak_force_n == pytest.approx(1768.5, abs=tolerances.ONE_DECIMAL)
    assert found.peak_power_w == pytest.approx(3391, abs=tolerances.WHOLE_UNITS)
    assert found.rsi_modified == pytest.approx(0.429, abs=tolerances.THREE_DECIMALS)
    # counted from onset, 30 ms earlier, the same jump has another index
    assert found.rsi_modified_from_onset == pytest.approx(0.412, abs=tolerances.THREE_DECIMALS)
    assert found.velocity_closure_m_s == pytest.approx(0, abs=0.02)
    assert found.notes == ()


def test_half_the_rate_is_refused_although_both_methods_agree() -> None:
    with pytest.raises(DataError) as raised:
        kb.jump(read("Single-CMJ", 500))
    assert str(raised.value) == (
        "Single-CMJ-Fz.txt: at 500 Hz this is a jump of 1.285 m by impulse and 1.281 m by flight time; nobody jumps "
        "above 1 m\nWhat to do: Find out the sampling rate. Both heights go with its inverse square, so that they "
        "agree says nothing about it."
    )


def test_squat_jump() -> None:
    found = kb.jump(read("Single-SJ"), kind="squat")
    assert found.body_mass_kg == pytest.approx(67.3, abs=0.1)  # the same person as in the countermovement jump
    assert 0.25 < found.height_impulse_m < 0.29
    assert abs(found.height_difference_m) < 0.01
    # integrated backwards over 2.2 s, the person is at rest where the push begins
    assert abs(found.velocity_closure_m_s) < 0.02
    assert found.depth_m > -0.005
    assert found.notes == ()


def test_drop_jump() -> None:
    found = kb.jump(read("Single-DJ"), kind="drop")
    assert found.body_mass_kg == pytest.approx(67.8, abs=0.1)
    assert 0.28 < found.height_impulse_m < 0.31
    assert abs(found.height_difference_m) < 0.01
    assert 0.15 < found.contact_time_s < 0.35
    assert 0.25 < found.effective_drop_height_m < 0.45
    assert found.peak_force_n / found.body_weight_n < 7
    assert found.notes == ()


@pytest.mark.parametrize(
    ("name", "kind"), [("Single-CMJ", "countermovement"), ("Single-SJ", "squat"), ("Single-DJ", "drop")]
)
def test_energy_closes(name: str, kind: str) -> None:
    """Work on the centre of mass from onset to take-off is what it gained in kinetic and potential energy."""
    found = kb.jump(read(name), kind=kind)
    curves = found.curves[(found.curves.time_s >= found.onset_s) & (found.curves.time_s <= found.takeoff_s)]
    work = np.trapezoid(curves.power_w, curves.time_s)
    ends = curves.iloc[[0, -1]]
    gained = 0.5 * found.body_mass_kg * np.diff(ends.velocity_m_s**2)[0]
    gained += found.body_weight_n * np.diff(ends.displacement_m)[0]
    assert work == pytest.approx(gained, rel=0.02, abs=3.0)
    one_sample = (found.peak_force_n - found.body_weight_n) / 1000
    assert abs(found.impulse_closure_n_s) <= one_sample
