"""When somebody exercised, without a column of load."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kbstudy.errors import DataError, PlanError
from kbstudy.measures.energy import Protocol, find_bouts
from kbstudy.recording import Recording
from tests.measures.energy import carts
from tests.measures.energy.made_up import gas, session

PARVO_MINUTES = [(4, 9), (15, 20), (24, 29), (33, 38), (42, 47)]


def spans(bouts) -> list[tuple[float, float]]:
    return [(bout.start_s, bout.end_s) for bout in bouts]


def kettlebell(rows: int = 0) -> Recording:
    """5 min of rest, 15 s of work and 15 s of rest in turn for 20 min, 5 min of rest; uptake lags by 30 s."""
    time = np.arange(0.0, 1800.0, 3.0)
    working = (time >= 300) & (time < 1485) & ((time - 300) % 30 < 15)
    target = np.where(working, 3.0, np.where((time >= 300) & (time < 1485), 1.8, 0.3))
    vo2 = np.empty_like(time)
    vo2[0] = 0.3
    for i in range(1, len(time)):
        vo2[i] = vo2[i - 1] + (target[i] - vo2[i - 1]) * 3.0 / 30.0
    noise = np.random.default_rng(3).normal(0, 0.12, len(time))
    recording = gas(time, np.maximum(vo2 + noise, 0.05))
    return recording.with_(data=recording.data.assign(phase=np.where(working, "Work", "Rest")))


# ---- real files --------------------------------------------------------------------------------------------------


def test_uptake_finds_the_intervals_of_a_parvo_session():
    found = spans(find_bouts(carts.p1(), by="vo2"))
    assert len(found) == 5
    for (start, end), (first, last) in zip(found, PARVO_MINUTES, strict=True):
        assert abs(start - first * 60) <= 45
        assert abs(end - last * 60) <= 45


def test_markers_and_uptake_agree():
    found = find_bouts(carts.p1())
    assert [bout.by for bout in found] == ["marker"] * 5
    assert all(bout.confirmed_by == ("vo2",) and not bout.notes for bout in found)
    for bout, (first, last) in zip(found, PARVO_MINUTES, strict=True):
        assert bout.start_s == pytest.approx(first * 60, abs=8)
        assert bout.end_s == pytest.approx(last * 60, abs=8)


def test_uptake_finds_the_steps_of_a_cosmed_test():
    found = spans(find_bouts(carts.w1()))
    assert found == [(pytest.approx(start, abs=40), pytest.approx(start + 360, abs=40)) for start in (360, 1080, 1800)]


def test_a_step_test_is_one_bout():
    (found,) = find_bouts(carts.w3())
    assert found.start_s < 180
    assert found.end_s == pytest.approx(1756)


def test_phases_of_cosmed():
    (found,) = find_bouts(carts.s4())
    assert (found.by, found.label, found.start_s) == ("phase", "EXERCISE", 70)


# ---- work and rest in turn ---------------------------------------------------------------------------------------


def test_intermittent_work_is_one_bout_however_it_is_found():
    recording = kettlebell()
    for options in ({"protocol": "15:15 × 40 from 300 s"}, {"by": "phase"}, {"by": "vo2"}):
        (found,) = find_bouts(recording, **options)
        assert found.start_s == pytest.approx(300, abs=45)
        assert found.end_s == pytest.approx(1485, abs=60)


def test_declared_and_found_are_compared():
    (found,) = find_bouts(kettlebell(), protocol="15:15 × 40 from 300 s")
    assert found.by == "protocol"
    assert found.confirmed_by == ("phase", "vo2")
    (wrong,) = find_bouts(kettlebell(), protocol="15:15 × 20 from 300 s")
    assert wrong.confirmed_by == ()
    assert "By vo2, it goes from" in str(wrong)
    assert "By phase, it goes from 300 to" in str(wrong)


def test_merging_is_said():
    (found,) = find_bouts(kettlebell(), by="phase")
    assert "40 stretches of work with rests of up to 60 s are one bout." in found.notes


def test_several_protocols_and_a_bout_that_nobody_else_sees():
    found = find_bouts(session(), protocol=[Protocol(300, 0, 1, 1400), "600:0 x 1 from 300 s"])
    assert spans(found) == [(300, 900), (1400, 1700)]
    assert found[0].confirmed_by == ("vo2",)
    assert "By vo2, there is no exercise in this stretch." in found[1].notes


@given(start=st.integers(120, 400), minutes=st.integers(3, 12), level=st.floats(1.0, 3.5), noise=st.floats(0.0, 0.2))
@settings(max_examples=30)
def test_a_block_of_work_is_found_to_half_a_minute(start, minutes, level, noise):
    time = np.arange(0.0, start + minutes * 60 + 240.0, 4.0)
    vo2 = np.where((time >= start) & (time < start + minutes * 60), level, 0.3)
    vo2 = np.maximum(vo2 + np.random.default_rng(1).normal(0, noise, len(time)), 0.02)
    (found,) = find_bouts(gas(time, vo2))
    assert found.start_s == pytest.approx(start, abs=30)
    assert found.end_s == pytest.approx(start + minutes * 60, abs=30)


# ---- markers and phases ------------------------------------------------------------------------------------------


def with_texts(column: str, texts: dict[int, str]) -> Recording:
    recording = session()
    values = [texts.get(int(time), "") for time in recording.data["time_s"]]
    return recording.with_(data=recording.data.assign(**{column: values}))


def test_a_start_without_a_stop_ends_with_the_recording():
    (found,) = find_bouts(with_texts("marker", {300: "Start Exercise"}), by="marker")
    assert spans([found]) == [(300, 1800)]
    assert any("No stop was marked" in note for note in found.notes)


def test_markers_that_are_only_numbers():
    found = find_bouts(with_texts("marker", {300: "7", 900: "20"}), by="marker")
    assert [(bout.label, *span) for bout, span in zip(found, spans(found), strict=True)] == [("7 – 20", 300, 900)]
    assert "The markers do not say what is work" in found[0].notes[0]


@pytest.mark.parametrize(
    ("rest", "work"), [("Ruhe", "Belastung"), ("REST", "EXERCISE"), ("Erwärmung", "Stufe 1"), ("NONE", "EXERCISE")]
)
def test_phases_in_several_languages(rest, work):
    recording = session()
    time = recording.data["time_s"]
    phase = np.where((time >= 300) & (time <= 900), work, rest)
    found = find_bouts(recording.with_(data=recording.data.assign(phase=phase)))
    assert (found[0].by, *spans(found)) == ("phase", (300, 900))
    assert found[0].confirmed_by == ("vo2",)


def test_a_phase_that_never_changes_says_nothing():
    recording = session()
    found = find_bouts(recording.with_(data=recording.data.assign(phase="0", marker=np.nan)))
    assert found[0].by == "vo2"


def test_heart_rate_alone():
    recording = session()
    time = recording.data["time_s"]
    data = recording.data.assign(hr_bpm=np.where((time >= 300) & (time <= 900), 160, 70))
    (found,) = find_bouts(recording.with_(data=data), by="hr")
    assert found.start_s == pytest.approx(300, abs=30)
    assert found.confirmed_by == ("vo2",)


def test_coarse_rows_and_gaps_are_said():
    time = np.arange(0.0, 2400.0, 60.0)
    (coarse,) = find_bouts(gas(time, np.where((time >= 600) & (time < 1500), 2.0, 0.3)))
    assert "The rows are 60 s apart" in coarse.notes[0]
    holed = session()
    time = holed.data["time_s"]
    (found,) = find_bouts(holed.with_(data=holed.data[(time < 240) | (time > 330)]), by="vo2")
    assert "Its start lies in a gap without data." in found.notes


# ---- protocols and refusals --------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["15:15 × 40 from 300 s", "15:15x40 @ 300", "15 : 15 * 40 at 300s"])
def test_ways_to_write_a_protocol(text):
    assert Protocol.parse(text) == Protocol(15, 15, 40, 300)


@pytest.mark.parametrize("text", ["15:15 × 40", "15/15 × 40 from 0 s", "0:15 × 40 from 0 s", "15:15 × 0 from 0 s", ""])
def test_what_is_no_protocol(text):
    with pytest.raises(PlanError, match="is not a protocol") as caught:
        Protocol.parse(text)
    assert "15:15 × 40 from 300 s" in str(caught.value)


def test_a_protocol_outside_the_recording():
    with pytest.raises(DataError, match="ends at 2985 s; the recording goes from 0 to 1800 s"):
        find_bouts(session(), protocol="15:15 × 90 from 300 s")


def test_no_exercise_is_not_guessed():
    calm = gas(np.arange(0.0, 900.0, 4.0), 0.3 + 0.03 * np.random.default_rng(0).normal(size=225))
    with pytest.raises(DataError, match="no exercise found by phase, marker, VO2 or heart rate") as caught:
        find_bouts(calm)
    assert "Declare what was done" in str(caught.value)
    with pytest.raises(DataError, match="no exercise found by hr"):
        find_bouts(session(), by="hr")


def test_unknown_sources():
    with pytest.raises(PlanError, match='by="markers" is not a source of bouts; did you mean "marker"'):
        find_bouts(session(), by="markers")  # type: ignore[arg-type]
    with pytest.raises(PlanError, match='by="protocol" needs a protocol'):
        find_bouts(session(), by="protocol")


def test_bouts_feed_the_budget():
    from kbstudy.measures.energy import energy_expenditure

    (bout,) = find_bouts(session(), protocol="600:0 × 1 from 300 s")
    found = energy_expenditure(session(), equation="weir_1949", start_s=bout.start_s, end_s=bout.end_s)
    assert found.minutes == pytest.approx(bout.minutes) == 10
    assert isinstance(found.table(), pd.DataFrame)
