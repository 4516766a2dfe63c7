"""TCX, FIT and tables of heart rate: what is read, what is marked, what is refused."""

from __future__ import annotations

import contextlib
import importlib.util
import itertools
import math
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import kbstudy as kb
from kbstudy.errors import DataError, PlanError, ReadError
from kbstudy.measures.heart_rate import resample_heart_rate, summarise_heart_rate
from kbstudy.readers.heart_rate.artefacts import ARTEFACTS, artefacts
from tests.readers.heart_rate import fit_files
from tests.readers.heart_rate.fit_files import FitFile, session

needs_fitdecode = pytest.mark.skipif(
    importlib.util.find_spec("fitdecode") is None, reason="FIT files need the extra kbstudy[heart-rate]"
)
RISING = [120 + n // 3 for n in range(60)]


def point(second: float, bpm: int | None, position: bool = True) -> str:
    minutes, seconds = divmod(second, 60)
    where = "<Position><LatitudeDegrees>47.1</LatitudeDegrees></Position>" if position else ""
    heart = "" if bpm is None else f"<HeartRateBpm><Value>{bpm}</Value></HeartRateBpm>"
    time = f"2026-01-31T08:{30 + int(minutes):02d}:{seconds:06.3f}Z"
    return f"<Trackpoint><Time>{time}</Time>{where}{heart}</Trackpoint>"


def tcx(*tracks: list[tuple[float, int | None]], prefix: str = "", position: bool = True, activities: int = 1) -> str:
    inside = "".join(f"<Track>{''.join(point(*each, position) for each in track)}</Track>" for track in tracks)
    activity = (
        '<Activity Sport="Other"><Id>2026-01-31T08:30:00Z</Id><Lap><AverageHeartRateBpm><Value>199</Value>'
        f"</AverageHeartRateBpm>{inside}</Lap>"
        "<Creator><Name>Watch 3</Name><UnitId>12345678</UnitId></Creator></Activity>"
    )
    return (
        f'{prefix}<TrainingCenterDatabase xmlns="http://www.garmin.com/xmlschemas/TrainingCenterDatabase/v2">'
        f"<Activities>{activity * activities}</Activities><Author><Name>Jane Doe</Name></Author>"
        "</TrainingCenterDatabase>"
    )


def track(values: list[int | None], start: float = 0.0) -> list[tuple[float, int | None]]:
    return [(start + second, bpm) for second, bpm in enumerate(values)]


def read(folder: Path, content: str | bytes, **options: object) -> kb.Recording:
    file = folder / "activity"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return kb.read_heart_rate(file, **options)


def refused(folder: Path, content: str | bytes, **options: object) -> str:
    with pytest.raises(ReadError) as raised:
        read(folder, content, **options)
    return str(raised.value)


def told(recording: kb.Recording) -> str:
    return "\n".join(str(issue) for issue in recording.issues)


# ---- TCX ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("prefix", ["", '<?xml version="1.0" encoding="UTF-8"?>\n', "\ufeff", "\n\n  "])
def test_tcx(prefix: str, tmp_path: Path) -> None:
    found = read(tmp_path, tcx(track(RISING), prefix=prefix))
    assert found.kind == "heart_rate"
    assert list(found.data) == ["time_s", "hr_bpm", "hr_raw_bpm", "artefact"]
    assert found.data["hr_bpm"].tolist() == RISING
    assert found.data["time_s"].tolist() == list(range(60))
    assert found.averaging == 1.0
    assert found.started == "2026-01-31T08:30:00+00:00"
    assert found.device == "Watch 3"
    assert str(found.issues[0]) == "file: artefacts: 0/60 (0%) of the values; nothing left out"


def test_tcx_leaves_names_places_and_serial_numbers_out(tmp_path: Path) -> None:
    found = read(tmp_path, tcx(track(RISING)))
    whole = repr(vars(found))
    assert not any(word in whole for word in ("Jane", "47.1", "12345678"))
    assert "positions (GPS) are in the file; not read" in told(found)


def test_tcx_in_utf_16(tmp_path: Path) -> None:
    text = tcx(track(RISING), prefix='<?xml version="1.0" encoding="UTF-16"?>')
    assert len(read(tmp_path, text.encode("utf-16")).data) == 60


def test_tcx_points_without_heart_rate(tmp_path: Path) -> None:
    found = read(tmp_path, tcx(track([120, None, None, 121])))
    assert found.data["time_s"].tolist() == [0, 3]
    assert "file (and 1 more row): a track point has no heart rate; left out" in told(found)


def test_tcx_pause_between_tracks(tmp_path: Path) -> None:
    found = read(tmp_path, tcx(track(RISING), track([110, 111, 112], start=100)))
    assert found.gaps == ((59.0, 100.0),)
    assert "the device was paused from 59 s to 100 s (41 s); listed as a gap" in told(found)


def test_gap_without_a_pause(tmp_path: Path) -> None:
    found = read(tmp_path, tcx(track(RISING) + track([140, 141], start=200)))
    assert found.gaps == ((59.0, 200.0),)
    assert "no data from 59 s to 200 s (141 s); listed as a gap" in told(found)


def test_tcx_out_of_order_and_doubled(tmp_path: Path) -> None:
    found = read(tmp_path, tcx([(0, 120), (2, 122), (1, 121), (2, 150), (3, 123)], position=False))
    assert found.data["time_s"].tolist() == [0, 1, 2, 3]
    assert found.data["hr_bpm"].tolist() == [120, 121, 122, 123]
    assert "the time falls 1 time; sorted by time" in told(found)
    assert "the same time twice; the first one kept" in told(found)


BOMB = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'


@pytest.mark.parametrize("prefix", [BOMB, "<!DOCTYPE html>"])
def test_tcx_with_entities_is_refused(prefix: str, tmp_path: Path) -> None:
    said = refused(tmp_path, tcx(track(RISING), prefix=prefix))
    assert "the XML declares a document type or entities, which no TCX file needs" in said


def test_damaged_tcx(tmp_path: Path) -> None:
    said = refused(tmp_path, tcx(track(RISING))[:900])
    assert "the XML is damaged or cut off at line 1" in said


def test_tcx_with_two_activities(tmp_path: Path) -> None:
    assert "the file holds 2 activities" in refused(tmp_path, tcx(track(RISING), activities=2))


def test_tcx_without_heart_rate(tmp_path: Path) -> None:
    assert "no track point has a heart rate (3 points without)" in refused(tmp_path, tcx(track([None] * 3)))


def test_tcx_with_times_that_are_none(tmp_path: Path) -> None:
    text = tcx(track([120, 121, 122])).replace("T08:30:01.000Z</Time>", "yesterday</Time>")
    assert "a track point has a time or a heart rate that cannot be read; left out" in told(read(tmp_path, text))


def test_times_that_span_months(tmp_path: Path) -> None:
    text = tcx(track([120, 121, 122])).replace("2026-01-31T08:30:02", "2026-09-30T08:30:02")
    assert "the times span 242 days" in refused(tmp_path, text)


# ---- FIT ---------------------------------------------------------------------------------------------------------


def test_the_checksum_of_the_test_files() -> None:
    """The published check value of CRC-16/ARC."""
    assert fit_files.crc(b"123456789") == 0xBB3D


@needs_fitdecode
def test_fit(tmp_path: Path) -> None:
    found = read(tmp_path, session(RISING).file())
    assert found.data["hr_bpm"].tolist() == RISING
    assert found.data["time_s"].tolist() == list(range(60))
    assert found.started == "2026-01-31T08:30:00+00:00"
    assert found.device.startswith("garmin")
    assert "measured by a heart-rate strap (ANT+); noted" in told(found)


@needs_fitdecode
def test_fit_values_that_mean_not_measured(tmp_path: Path) -> None:
    found = read(tmp_path, session([120, 255, 0, 121, None, 122]).file())
    assert found.data["artefact"].tolist() == ["", "not measured", "not measured", "", ""]
    assert found.data["hr_bpm"].tolist()[3:] == [121, 122]
    assert "artefacts: 2/5 (40%) of the values (2 not measured); taken as missing, kept in hr_raw_bpm" in told(found)
    assert "a record has no heart rate; left out" in told(found)


@needs_fitdecode
def test_fit_pauses(tmp_path: Path) -> None:
    made = session([120, 121, 122]).timer(2, 4).timer(40, 0).record(40, 100).record(41, 101)
    found = read(tmp_path, made.file())
    assert found.gaps == ((2.0, 40.0),)
    assert "the device was paused from 2 s to 40 s" in told(found)


@needs_fitdecode
def test_fit_leaves_fields_of_apps_and_positions_out(tmp_path: Path) -> None:
    made = FitFile().device().app_field(b"heart_rate")
    for second in range(5):
        own = [(253, fit_files.UINT32, fit_files.START + second), (3, fit_files.UINT8, 130 + second)]
        made.message(fit_files.RECORD, own, added=[(0, 1, bytes([77]))])
    made.record(5, 135, position=True)
    found = read(tmp_path, made.file())
    assert found.data["hr_bpm"].tolist() == [130, 131, 132, 133, 134, 135]
    assert 'an app added a field "heart_rate" of its own; not read' in told(found)
    assert "positions (GPS) are in the file; not read" in told(found)


@needs_fitdecode
def test_fit_that_the_device_did_not_close(tmp_path: Path) -> None:
    found = read(tmp_path, session(RISING).file(closed=False))
    assert found.data["hr_bpm"].tolist() == RISING
    assert "the header has no length: the device did not close the file; read to its end" in told(found)


@needs_fitdecode
def test_fit_with_a_wrong_checksum(tmp_path: Path) -> None:
    content = bytearray(session(RISING).file())
    content[200] ^= 0xFF
    assert "the FIT file is damaged" in refused(tmp_path, bytes(content))
    assert "the FIT file is damaged" in refused(tmp_path, session(RISING).file()[:-40])


@needs_fitdecode
def test_fit_without_heart_rate(tmp_path: Path) -> None:
    assert "no record has a heart rate (4 records without)" in refused(tmp_path, session([None] * 4).file())


@needs_fitdecode
@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_mutated_fit(data: st.DataObject, tmp_path_factory: pytest.TempPathFactory) -> None:
    content = bytearray(session(RISING[:20]).file(closed=data.draw(st.booleans())))
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    file = tmp_path_factory.getbasetemp() / "mutated.fit"
    file.write_bytes(bytes(content[: data.draw(st.integers(1, len(content)))]))
    with contextlib.suppress(ReadError):
        assert len(kb.read_heart_rate(file).data) > 0


@needs_fitdecode
@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_mutated_fit_whose_checksum_fits(data: st.DataObject, tmp_path_factory: pytest.TempPathFactory) -> None:
    made = session(RISING[:20]).timer(8, 4).timer(12, 0)
    for _ in range(data.draw(st.integers(1, 6))):
        made.body[data.draw(st.integers(0, len(made.body) - 1))] = data.draw(st.integers(0, 255))
    file = tmp_path_factory.getbasetemp() / "mutated.fit"
    file.write_bytes(made.file())
    with contextlib.suppress(ReadError):
        assert kb.read_heart_rate(file).data["hr_bpm"].notna().any()


def test_fit_without_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fitdecode", None)
    said = refused(tmp_path, session(RISING).file())
    assert "reading FIT files needs the package fitdecode, which is not installed" in said
    assert 'pip install "kbstudy[heart-rate]"' in said


# ---- tables ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "Time (s),HR (bpm)\n0,121\n1,122\n2,123\n",
        "time_s;heart_rate\n0;121\n1;122\n2;123\n",
        "Zeit\tHF\n0:00:00\t121\n0:00:01\t122\n0:00:02\t123\n",
        "timestamp,bpm\n2026-01-31T08:30:00Z,121\n2026-01-31T08:30:01Z,122\n2026-01-31T08:30:02Z,123\n",
        "Name,Sport,Date\nJane Doe,Running,31-01-2026\nSample rate,Time,HR (bpm),Speed\n1,00:00:00,121,\n"
        ",00:00:01,122,\n,00:00:02,123,\n",
    ],
)
def test_tables(text: str, tmp_path: Path) -> None:
    found = read(tmp_path, text)
    assert found.data["time_s"].tolist() == [0, 1, 2]
    assert found.data["hr_bpm"].tolist() == [121, 122, 123]
    assert "Jane" not in repr(vars(found))


def test_dates_start_the_clock(tmp_path: Path) -> None:
    found = read(tmp_path, "timestamp,hr\n2026-01-31 08:30:00,121\n2026-01-31 08:30:05,122\n")
    assert found.started == "2026-01-31T08:30:00+00:00"


def test_columns_that_are_said(tmp_path: Path) -> None:
    text = "clock,heart\n0,121\n1,122\n"
    assert "no row with names for time and heart rate was found" in refused(tmp_path, text)
    found = read(tmp_path, text, columns={"time": ("clock", "min"), "hr": "heart"})
    assert found.data["time_s"].tolist() == [0, 60]
    assert 'names for "clock" and "puls"' in refused(tmp_path, text, columns={"time": "clock", "hr": "puls"})


def test_times_without_a_unit(tmp_path: Path) -> None:
    said = refused(tmp_path, "Time,HR\n0,121\n1,122\n")
    assert 'the times in column "Time" are plain numbers without a known unit' in said
    assert 'columns = {"time": ("Time", "s"), "hr": "HR"}' in said


@pytest.mark.parametrize("columns", [{"time": "a"}, {"Time": "a", "hr": "b"}])
def test_columns_that_cannot_be(columns: dict[str, str], tmp_path: Path) -> None:
    with pytest.raises(PlanError):
        read(tmp_path, "a,b\n", columns=columns)


def test_cells_that_are_no_numbers(tmp_path: Path) -> None:
    found = read(tmp_path, "Time (s),HR\n0,121\n1,lost\n2,\nx,124\n4,125\n")
    assert found.data["time_s"].tolist() == [0, 4]
    assert 'row 3: heart rate "lost" is no number; left out' in told(found)
    assert 'row 5: time "x" cannot be read; row left out' in told(found)
    assert "a row has no heart rate; left out" in told(found)


def test_not_a_recording(tmp_path: Path) -> None:
    assert "this is a PDF document" in refused(tmp_path, b"%PDF-1.4 ...")
    assert "the file is empty" in refused(tmp_path, b"")
    assert "none of the 3 heart rates can be (3 out of range)" in refused(
        tmp_path, "Time (s),HR\n0,1250\n1,1251\n2,1249\n"
    )


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_mutated_text(data: st.DataObject, tmp_path_factory: pytest.TempPathFactory) -> None:
    source = data.draw(st.sampled_from([tcx(track(RISING[:8])), "Time (s),HR (bpm)\n0,121\n1,122\n2,0\n3,250\n"]))
    content = bytearray(source.encode())
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, max(len(content) - 1, 0)))
        cut = data.draw(st.integers(0, 20))
        content[place : place + cut] = data.draw(st.binary(max_size=6) | st.sampled_from([b"<", b"&a;", b",", b"9999"]))
    file = tmp_path_factory.getbasetemp() / "mutated.tcx"
    file.write_bytes(bytes(content) or b"x")
    with contextlib.suppress(ReadError):
        assert kb.read_heart_rate(file).data["hr_bpm"].notna().any()


# ---- artefacts ---------------------------------------------------------------------------------------------------


def marks(values: list[float], step: float = 1.0) -> list[str]:
    return artefacts(step * np.arange(len(values)), np.array(values, dtype=float))


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([120, 0, 121], ["", "not measured", ""]),
        ([120, 255, 121], ["", "not measured", ""]),
        ([120, math.nan, 121], ["", "not measured", ""]),
        ([31, 30, 29.9, 31], ["", "", "out of range", ""]),
        ([229, 230, 231, 230], ["", "", "out of range", ""]),
        ([120, 145, 146], ["", "", ""]),
        ([120, 146, 121], ["", "jump", ""]),
        # a level that holds is believed once it could have been reached
        ([100, 170, 170, 170], ["", "jump", "jump", ""]),
    ],
)
def test_rules(values: list[float], expected: list[str]) -> None:
    assert marks(values) == expected
    assert {mark for mark in expected if mark} <= set(ARTEFACTS)


def test_flat_runs() -> None:
    assert set(marks([150.0] * 31)) == {""}  # 30 s are not more than 30 s
    found = marks([149.0, *[150.0] * 32, 151.0])
    assert found == ["", "", *["flat"] * 31, ""]
    # values that are written only when they change are no flat run
    assert set(artefacts(np.array([0.0, 40.0, 80.0]), np.array([150.0, 150.0, 150.0]))) == {""}


@settings(max_examples=100, deadline=None)
@given(values=st.lists(st.one_of(st.integers(0, 260), st.just(math.nan)), min_size=1, max_size=60))
def test_what_is_kept_can_be(values: list[float]) -> None:
    kept = [(n, value) for n, (value, mark) in enumerate(zip(values, marks(values), strict=True)) if not mark]
    assert all(30 <= value <= 230 for _, value in kept)
    for (earlier, one), (later, two) in itertools.pairwise(kept):
        assert abs(two - one) <= 25 * (later - earlier)


# ---- on a regular clock ------------------------------------------------------------------------------------------


def test_the_last_value_holds_for_a_while(tmp_path: Path) -> None:
    found = read(tmp_path, tcx([(0, 120), (4, 124), (30, 130)], position=False))
    regular = resample_heart_rate(found, every_s=2, hold_s=6)
    values = dict(zip(regular.data["time_s"], regular.data["hr_bpm"], strict=True))
    assert [values[t] for t in (0, 2, 4, 10, 30)] == [120, 120, 124, 124, 130]
    assert all(math.isnan(values[t]) for t in range(12, 30, 2))
    assert "resampled every 2 s by the last value, at most 6 s old; missing in 9/16 (56%) of the rows" in told(regular)
    assert regular.averaging == 2.0


def test_nothing_is_carried_into_a_pause(tmp_path: Path) -> None:
    found = read(tmp_path, tcx(track([120, 121, 122]), track([110, 111], start=12)))
    regular = resample_heart_rate(found, every_s=1, hold_s=60)
    assert regular.data["hr_bpm"].isna().tolist() == [False] * 3 + [True] * 9 + [False] * 2


def test_artefacts_are_not_carried(tmp_path: Path) -> None:
    found = read(tmp_path, "Time (s),HR\n0,120\n1,0\n2,250\n3,121\n")
    assert resample_heart_rate(found, every_s=1).data["hr_bpm"].tolist() == [120, 120, 120, 121]


@settings(max_examples=50, deadline=None)
@given(steps=st.lists(st.integers(1, 30), min_size=1, max_size=20), hold=st.integers(1, 40))
def test_resampled_values_were_recorded_and_are_not_older_than_hold(steps: list[int], hold: int) -> None:
    time = np.concatenate([[0], np.cumsum(steps)]).astype(float)
    bpm = 100.0 + np.arange(len(time))
    data = pd.DataFrame({"time_s": time, "hr_bpm": bpm})
    regular = resample_heart_rate(kb.Recording(data, "heart_rate", "a.csv", "made up"), hold_s=hold).data
    for t, value in zip(regular["time_s"], regular["hr_bpm"], strict=True):
        last = int(np.flatnonzero(time <= t)[-1])
        assert (value == bpm[last]) if t - time[last] <= hold else math.isnan(value)


def test_summary_counts_time_not_rows(tmp_path: Path) -> None:
    """Nine rows in the second minute must not outweigh one in the first."""
    data = pd.DataFrame({"time_s": [0.0, 60, 70, 80, 90, 100, 110, 120], "hr_bpm": [100.0] + [160.0] * 7})
    recording = kb.Recording(data, "heart_rate", "a.csv", "made up", averaging="irregular")
    found = summarise_heart_rate(recording, hold_s=60)
    assert found.mean_bpm == pytest.approx(130)
    assert found.max_bpm == 160
    assert found.minutes_covered == pytest.approx(2.0)
    assert math.isnan(found.artefact_share)
    marked = summarise_heart_rate(read(tmp_path, "Time (s),HR\n0,120\n1,0\n2,122\n3,121\n"))
    assert marked.artefact_share == 0.25
    assert "25% of values were artefacts" in marked.sentence()


def test_no_heart_rate_and_choices_that_cannot_be(tmp_path: Path) -> None:
    gas = kb.Recording(pd.DataFrame({"time_s": [0.0]}), "gas_exchange", "gas.csv", "made up")
    with pytest.raises(DataError, match="the recording has no heart rate"):
        summarise_heart_rate(gas)
    found = read(tmp_path, "Time (s),HR\n0,120\n1,121\n")
    with pytest.raises(PlanError, match="must be above 0"):
        resample_heart_rate(found, every_s=0)


def test_figure(tmp_path: Path) -> None:
    import matplotlib.pyplot as plt

    figure = read(tmp_path, tcx(track(RISING))).plot()
    assert figure.axes[0].get_ylabel() == "HR (beats/min)"
    plt.close(figure)
