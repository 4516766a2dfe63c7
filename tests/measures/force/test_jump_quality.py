"""What is refused and what is named, each message."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

import kbstudy as kb
from kbstudy.errors import DataError, PlanError
from kbstudy.measures.force import RULES
from kbstudy.recording import Recording
from tests.measures.force import known_jumps
from tests.measures.force.known_jumps import as_recording


def changed(change, truth=None, hz: float = 1000) -> Recording:
    trace = (truth or known_jumps.countermovement()).recording(hz).data
    return as_recording(trace["time_s"].to_numpy(), change(trace["force_n"].to_numpy().copy()), hz)


def refused(recording: Recording, **options: object) -> str:
    with pytest.raises(DataError) as raised:
        kb.jump(recording, **options)
    return str(raised.value)


def shaken(size: float):
    return lambda force: force + size * np.sin(np.arange(len(force)) / 40)


# ---- refused -----------------------------------------------------------------------------------------------------


def test_one_sample() -> None:
    assert "the trace has one sample" in refused(as_recording(np.array([0.0]), np.array([700.0]), 1000))


def test_no_samples() -> None:
    assert "the trace has no samples" in refused(as_recording(np.array([]), np.array([]), 1000))


def test_a_second_of_trace() -> None:
    said = refused(as_recording(np.arange(1000) / 1000, np.full(1000, 700.0), 1000))
    assert "the trace lasts 1 s; at least 1.5 s are needed" in said


def test_kgf_read_as_newtons() -> None:
    said = refused(changed(lambda force: force / 9.80665))
    assert "body weight is 70.0 N from 0 s to 0.999 s, which is 7.1 kg" in said
    assert 'units = "kgf"' in said


def test_millivolts_or_an_offset() -> None:
    assert "No person weighs that. The file may be in mV" in refused(changed(lambda force: 10 * force))


def test_negative_force() -> None:
    assert "nobody stands on it" in refused(changed(lambda force: -force))


def test_nobody_stands_at_the_start() -> None:
    said = refused(changed(lambda force: force, known_jumps.drop()))
    assert "the plate reads 0.0 N from 0 s to 0.999 s: nobody stands on it" in said
    assert 'weighing = "quietest_second"' in said


def test_moving_while_weighed() -> None:
    said = refused(changed(shaken(60)))
    assert "the person moved during weighing (from 0 s to 0.999 s): SD" in said
    assert "At most 3% is accepted" in said


def test_trace_that_ends_in_flight() -> None:
    truth = known_jumps.countermovement()
    assert "there is no landing in it" in refused(truth.recording().between(None, truth.takeoff + 0.2))


def test_no_quiet_standing_after_a_squat_jump() -> None:
    truth = known_jumps.squat()
    said = refused(truth.recording().between(None, truth.landing + 0.3), kind="squat")
    assert "the person moved during weighing" in said


def test_no_flight() -> None:
    assert "there is no flight in the trace" in refused(changed(lambda force: np.maximum(force, 400.0 + force / 2)))


def test_plate_that_was_not_zeroed() -> None:
    said = refused(changed(lambda force: force + 35.0))
    assert "its lowest tenth of a second is 35.0 N" in said
    assert "the plate was not zeroed. It is not mended here" in said


def test_plate_with_a_negative_zero() -> None:
    said = refused(changed(lambda force: force - 35.0))
    assert "the plate reads -35.0 N in flight, where it must read 0" in said


def test_a_dip_that_legs_do_not_allow() -> None:
    data = known_jumps.countermovement().recording(1000).data
    slow = as_recording(np.arange(len(data)) / 560, data["force_n"].to_numpy(), 560)
    said = refused(slow)
    assert "at 560 Hz the centre of mass goes down by 0.80 m before the jump, further than legs allow" in said


def test_a_push_that_does_not_leave_the_plate_upwards() -> None:
    time = np.arange(4000) / 1000
    force = np.interp(time, [0, 1.5, 1.51, 1.8, 1.81, 4], [700, 700, 0, 0, 700, 700])
    assert "so the person does not leave the plate upwards" in refused(as_recording(time, force, 1000))


def test_never_still_before_take_off() -> None:
    trace = known_jumps.countermovement().recording().data
    force = trace["force_n"].to_numpy().copy()
    force[:1500] += 12 * np.sign(np.sin(np.arange(1500) / 5))
    recording = as_recording(trace["time_s"].to_numpy(), force, 1000)
    # weighed in the still second after landing, the person was never within 5 SD of it before
    assert "force is never still for 0.1 s before take-off" in refused(recording, weighing=(3.4, 4.4), kind="squat")


def test_a_drop_jump_that_begins_on_the_plate() -> None:
    assert "does not begin with an unloaded plate" in refused(known_jumps.countermovement().recording(), kind="drop")


def test_a_drop_jump_weighed_on_the_box() -> None:
    recording = known_jumps.drop().recording().data
    force = recording["force_n"].to_numpy().copy()
    before = np.concatenate([np.zeros(300), np.full(1200, 700.0), force])
    trace = as_recording(np.arange(len(before)) / 1000, before, 1000)
    said = refused(trace, kind="drop", weighing=(0.3, 1.4))
    assert "a drop jump is weighed after landing, and the weighing is before it" in said


def test_no_force_recording() -> None:
    gas = Recording(pd.DataFrame({"time_s": [0.0]}), "gas_exchange", "gas.csv", "example")
    assert 'this is a recording of kind "gas_exchange", not a force trace' in refused(gas)


def test_no_rate_in_the_recording() -> None:
    assert "the recording has no sampling rate" in refused(known_jumps.squat().recording().with_(sampling_hz=None))


def test_times_that_do_not_fit_the_rate() -> None:
    recording = known_jumps.squat().recording(1000).with_(sampling_hz=500)
    assert "the times do not rise by 1/500 s a sample" in refused(recording)


def test_samples_without_a_value() -> None:
    def hole(force: np.ndarray) -> np.ndarray:
        force[1200] = np.nan
        return force

    assert "the trace has samples without a value" in refused(changed(hole))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"kind": "counter movement"}, 'there is no kind "counter movement"; did you mean "countermovement"?'),
        ({"drop_height_m": 0.3}, "only a drop jump has one"),
        ({"kind": "drop", "drop_height_m": 30}, "no height of a box in metres"),
        ({"gravity_m_s2": 1.62}, "nowhere on Earth"),
        ({"weighing": "second"}, "weighing = 'second' is not possible"),
        ({"weighing": (0.0, 0.1)}, "It needs 0.5 s at least"),
        ({"weighing": (0.0, 99.0)}, "weighing from 0 s to 99 s is not possible"),
    ],
)
def test_arguments_that_cannot_be(options: dict[str, object], said: str) -> None:
    with pytest.raises(PlanError) as raised:
        kb.jump(known_jumps.countermovement().recording(), **options)
    assert said in str(raised.value)


# ---- named -------------------------------------------------------------------------------------------------------


def notes(recording: Recording, **options: object) -> str:
    return "\n".join(kb.jump(recording, **options).notes)


def test_a_clean_jump_has_nothing_to_say() -> None:
    for kind, make in known_jumps.KINDS.items():
        assert notes(make().recording(), kind=kind) == ""


def test_restless_weighing_is_named() -> None:
    trace = known_jumps.countermovement().recording().data
    force = trace["force_n"].to_numpy().copy()
    force[:1400] += 12 * np.sin(np.arange(1400) / 40)
    assert "was not quite still during weighing" in notes(as_recording(trace["time_s"].to_numpy(), force, 1000))


def test_short_weighing_is_named() -> None:
    assert "Weighing lasted 0.6 s" in notes(known_jumps.countermovement().recording(), weighing=(0.2, 0.8))


def test_heights_that_differ_are_named() -> None:
    """Landing 60 ms later than the centre of mass was back, as with bent knees."""

    def late(force: np.ndarray) -> np.ndarray:
        after = int(np.flatnonzero(force < 1)[-1]) + 1
        return np.concatenate([force[:after], np.zeros(60), force[after:-60]])

    said = notes(changed(late))
    assert "The two heights differ by" in said
    assert "a landing with bent knees lengthens flight" in said


def test_drift_is_named() -> None:
    said = notes(changed(lambda force: np.where(force > 1, force + np.linspace(0, 25, len(force)), force)))
    assert "m/s where the person stands still" in said


def test_small_offset_is_named() -> None:
    assert "The plate reads 8.0 N in flight: body mass is off by 0.82 kg." in notes(changed(lambda force: force + 8.0))


def test_unequal_zeros_of_two_plates_are_named() -> None:
    one = known_jumps.countermovement().recording()
    half = one.data["force_n"] / 2
    said = notes(one.with_(data=one.data.assign(force_1_n=half + 31, force_2_n=half - 31)))
    assert "The plates read 31.0 and −31.0 N in flight" in said
    assert "their zeros are unequal. The sides cannot be compared." in said


def test_several_flights_are_named() -> None:
    trace = known_jumps.countermovement().recording().data["force_n"].to_numpy()
    twice = np.concatenate([trace, trace])
    said = notes(as_recording(np.arange(len(twice)) / 1000, twice, 1000))
    assert "The trace has 2 flights; the first one, at 2.19 s, was measured." in said


def test_an_early_departure_is_named_and_does_not_become_onset() -> None:
    def nudge(force: np.ndarray) -> np.ndarray:
        force[1100:1110] += 30
        return force

    found = kb.jump(changed(nudge))
    assert "left body weight ± 5 SD for a moment at 1.100 s" in "\n".join(found.notes)
    assert found.threshold_s == pytest.approx(1.5, abs=3e-3)


def test_a_push_before_the_dip_is_named() -> None:
    def lift(force: np.ndarray) -> np.ndarray:
        force[1450:1501] += 60 * np.sin(np.linspace(0, np.pi, 51))
        return force

    assert "Force rises before it falls" in notes(changed(lift))


def test_a_squat_jump_with_a_countermovement_is_named() -> None:
    said = notes(known_jumps.countermovement().recording(), kind="squat")
    assert "this squat jump has a countermovement" in said


def test_a_countermovement_jump_without_one_is_named() -> None:
    assert "this may be a squat jump" in notes(known_jumps.squat().recording(), kind="countermovement")


def test_a_mass_that_the_recording_contradicts_is_named() -> None:
    recording = known_jumps.countermovement(70).recording(body_mass_kg=80.0, body_mass_source="by the caller")
    assert "The plate weighs 70.0 kg; the recording says 80 kg (by the caller)." in notes(recording)


def test_a_box_that_is_not_the_drop_is_named() -> None:
    said = notes(known_jumps.drop(height_m=0.3).recording(), kind="drop", drop_height_m=0.5)
    assert "The drop that was measured is 0.30 m, the box is 0.5 m" in said


def test_a_coarse_rate_is_named() -> None:
    assert "At 250 Hz an event is only known to 4.0 ms." in notes(known_jumps.countermovement().recording(250))


def test_a_jump_at_the_edge_is_named() -> None:
    trace = known_jumps.countermovement().recording(1000).data["force_n"].to_numpy()
    said = notes(as_recording(np.arange(len(trace)) / 640, trace, 640))
    assert "is at the edge of what people do. Be sure of the sampling rate of 640 Hz" in said


# ---- views -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", known_jumps.KINDS)
def test_every_value_names_a_rule(kind: str) -> None:
    found = kb.jump(known_jumps.KINDS[kind]().recording(), kind=kind)
    table = found.table()
    assert list(table) == ["quantity", "value", "unit", "rule"]
    assert set(table["rule"]) <= set(RULES)
    for row in table.itertuples():
        assert getattr(found, row.quantity) == row.value
    for rule in set(table["rule"]):
        assert RULES[rule].says[:-1] in found.methods()


def test_words_and_notebook_view() -> None:
    found = kb.jump(known_jumps.countermovement().recording(simulated=True))
    assert found.sentence().startswith("[SIMULATED] Countermovement jump: 0.")
    assert "RSImod" in found.sentence()
    assert str(found).startswith(found.sentence())
    html = found._repr_html_()
    assert "<table>" in html
    assert "impulse_momentum" in html
    drop = kb.jump(known_jumps.drop().recording(), kind="drop")
    assert "contact 0." in drop.sentence()


@pytest.mark.parametrize("kind", known_jumps.KINDS)
def test_figure_has_the_events(kind: str) -> None:
    found = kb.jump(known_jumps.KINDS[kind]().recording(simulated=True), kind=kind)
    figure = found.plot()
    words = [text.get_text() for text in figure.axes[0].texts]
    assert f"take-off\n{found.takeoff_s:.3f} s" in words
    assert f"landing\n{found.landing_s:.3f} s" in words
    assert figure.axes[0].get_title(loc="left").startswith("SIMULATED: made_up.csv")
    plt.close(figure)
    alone, axis = plt.subplots()
    assert found.plot(ax=axis) is axis
    assert known_jumps.squat().recording().plot(ax=axis) is axis
    plt.close(alone)
