"""Times and numbers in every way that devices write them."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kbstudy.errors import DataError, ReadError
from kbstudy.readers.gas_exchange.clock import read_clock
from kbstudy.readers.gas_exchange.numbers import read_numbers
from kbstudy.readers.gas_exchange.timeline import averaging, find_gaps, one_clock
from tests.readers.gas_exchange.reading import read, said
from tests.readers.gas_exchange.writers import text

MAPPING = {"time_s": ("t", ""), "vo2_l_min": ("VO2", "L/min"), "vco2_l_min": ("VCO2", "L/min")}


@pytest.mark.parametrize(
    ("cells", "unit", "seconds"),
    [
        ([dt.time(0, 0, 21), dt.time(1, 2, 3)], "s", [21, 3723]),
        ([dt.timedelta(minutes=65, seconds=10)], "", [3910]),
        ([dt.datetime(1899, 12, 31, 0, 0, 9)], "", [9]),
        ([dt.datetime(2024, 5, 1, 10, 0, 0)], "", [36000]),
        ([0.5, 0.25], "hh:mm:ss", [43200, 21600]),
        ([1500.0, 3000.0], "ms", [1.5, 3]),
        ([0.301131], "min", [18.06786]),
        (["0,5", "1,25"], "min", [30, 75]),
        (["12", "15"], "s", [12, 15]),
        (["0:00:09"], "h:mm:ss", [9]),
        (["0:00:09,250", "0:00:10.5"], "h:mm:ss,ms", [9.25, 10.5]),
        (["00:00:04,8"], "hh:mm:ss.z", [4.8]),
        ([" 0:31", "00:56 "], "min", [31, 56]),
        (["59:59", "65:10", "100:00"], "mm:ss", [3599, 3910, 6000]),
        (["-0:30", "\N{MINUS SIGN}0:15"], "", [-30, -15]),
        (["--:--:--", "-", "", " ", "0:10"], "", [np.nan, np.nan, np.nan, np.nan, 10]),
    ],
)
def test_times(cells: list[Any], unit: str, seconds: list[float]) -> None:
    clock = read_clock(cells, unit)
    assert clock is not None
    np.testing.assert_allclose(clock.seconds, seconds)
    assert not clock.odd


def test_plain_numbers_without_a_unit_are_not_guessed() -> None:
    assert read_clock([10.0, 20.0], "") is None
    assert read_clock(["10", "20"], "furlong") is None


@pytest.mark.parametrize("cell", ["0:75", "1:2:3:4", "noon", "12:", True])
def test_times_that_are_none(cell: Any) -> None:
    clock = read_clock(["0:10", cell], "mm:ss")
    assert clock is not None
    assert np.isnan(clock.seconds[1])
    assert clock.odd


def test_minutes_and_seconds_stored_as_hours_and_minutes() -> None:
    clock = read_clock([dt.time(0, 21), dt.time(0, 24), dt.time(0, 26), dt.time(1, 2)], "")
    assert clock is not None
    assert clock.seconds.tolist() == [21, 24, 26, 62]
    assert "stored as hours and minutes" in clock.notes[0]


@pytest.mark.parametrize("minutes", [1, 2])
def test_bins_of_whole_minutes_stay_minutes(minutes: int) -> None:
    clock = read_clock([dt.time(0, minutes * n) for n in range(1, 8)], "")
    assert clock is not None
    assert clock.seconds.tolist() == [60 * minutes * n for n in range(1, 8)]


# ---- falls of the time -------------------------------------------------------------------------------------------


def test_a_clock_without_hours_wraps() -> None:
    line = one_clock(np.array([3580.0, 3585, 3590, 3595, 2, 7, 12, 18]))
    assert line.seconds.tolist() == [3580, 3585, 3590, 3595, 3602, 3607, 3612, 3618]
    assert "wrapped" in line.notes[0][1]


def test_a_clock_that_restarts_with_each_phase_goes_on() -> None:
    line = one_clock(np.array([5.0, 60, 120, 180, 4, 64, 124, 184, 3, 63, 123, 183]))
    assert line.seconds.tolist() == [5, 60, 120, 180, 184, 244, 304, 364, 367, 427, 487, 547]
    assert [place for place, _ in line.notes] == [4, 8]
    assert "restarts here" in line.notes[0][1]


@pytest.mark.parametrize("place", range(1, 12))
def test_one_late_row_is_put_back(place: int) -> None:
    seconds = np.array([5.0, 9, 14, 20, 24, 30, 33, 39, 44, 50, 54, 60])
    swapped = seconds.copy()
    swapped[[place - 1, place]] = swapped[[place, place - 1]]
    line = one_clock(swapped)
    assert line.refused is None
    assert line.seconds[line.order].tolist() == seconds.tolist()


@pytest.mark.parametrize(("row", "to"), [(2, 9), (9, 2), (1, 10)])
def test_one_row_far_from_its_place_is_put_back(row: int, to: int) -> None:
    seconds = np.array([5.0, 9, 14, 20, 24, 30, 33, 39, 44, 50, 54, 60])
    moved = np.insert(np.delete(seconds, row), to, seconds[row])
    line = one_clock(moved)
    assert line.refused is None
    assert line.seconds[line.order].tolist() == seconds.tolist()


@pytest.mark.parametrize(
    "seconds",
    [
        [60.0, 120, 180, 50, 110, 170, 230],  # sorted, the two parts would interlock
        [56.0, 60, 120, 60, 120, 180, 240],  # and here they would share times
    ],
)
def test_few_rows_of_two_parts_are_not_mixed(seconds: list[float]) -> None:
    refused = one_clock(np.array(seconds)).refused
    assert refused is not None
    assert "overlap earlier ones" in refused[1]


def test_a_file_with_a_restarting_clock_says_so(tmp_path: Path) -> None:
    times = [f"{second // 60}:{second % 60:02d}" for second in [*range(10, 100, 10), *range(10, 100, 10)]]
    table = [["t", "VO2", "VCO2"], *[[time, "1.5", "1.2"] for time in times]]
    recording = read(tmp_path, text(table), mapping=MAPPING)
    assert "row 11: the time falls from 90 s to 10 s: it restarts here; continued from the row before" in said(
        recording
    )
    assert recording.data["time_s"].is_monotonic_increasing


# ---- spacing -----------------------------------------------------------------------------------------------------


def test_gaps() -> None:
    assert find_gaps(np.array([0.0, 5, 10, 31, 36, 56])) == ((10.0, 31.0),)
    assert find_gaps(np.arange(0, 600, 60.0)) == ()
    assert find_gaps(np.array([3.0])) == ()


@pytest.mark.parametrize(
    ("steps", "rf", "answer"),
    [
        ([15.0] * 20, 20.0, 15.0),
        ([13.0, 15, 17, 15, 14, 16, 15, 15], 20.0, 15.0),
        ([1.0] * 30, 20.0, 1.0),
        ([3.0, 3, 3, 3, 3, 3], 20.0, "breath"),
        ([5.0, 40, 11, 60, 23, 90], 20.0, "irregular"),
        ([30.0] * 5, None, 30.0),
        ([2.0, 5, 3, 4, 2, 6], None, "breath"),
        ([20.0, 55, 31, 90], None, "irregular"),
        ([5.0], None, "irregular"),
    ],
)
def test_averaging(steps: list[float], rf: float | None, answer: object) -> None:
    seconds = np.concatenate([[0.0], np.cumsum(steps)])
    rates = None if rf is None else np.full(len(seconds), rf)
    assert averaging(seconds, rates) == answer


def test_the_number_of_the_breath_settles_it() -> None:
    seconds = np.arange(0.0, 100, 4)
    assert averaging(seconds, None, np.arange(25.0)) == "breath"
    assert averaging(seconds, None, 3 * np.arange(25.0)) == 4.0


# ---- numbers -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cells", "values"),
    [
        (["-1.5", "2"], [-1.5, 2]),
        (["\N{MINUS SIGN}0,5", "1,25"], [-0.5, 1.25]),
        (["1.234,5", "10,0"], [1234.5, 10]),
        (["1,234.5", "10.0"], [1234.5, 10]),
        (["1.234.567"], [1234567]),
        (["1 234,5"], [1234.5]),
        (["1e3", "2.5E-1"], [1000, 0.25]),
        (["0.123", "1.234"], [0.123, 1.234]),
        ([1.5, "2,5"], [1.5, 2.5]),
        (["--", "*", "n/a", "NaN", ""], [np.nan] * 5),
    ],
)
def test_numbers(cells: list[Any], values: list[float]) -> None:
    """A peer loses minus signs and reads 1.234,5 as missing."""
    numbers = read_numbers(cells)
    np.testing.assert_allclose(numbers.values, values)
    assert not numbers.odd


@pytest.mark.parametrize(
    "cell", ["abc", "1-2", "1,2,3.4.5", "12e", "inf", "²", "१", "1_000", True, dt.time(1, 2), 1e300, float("inf")]
)
def test_what_is_no_number_is_told(cell: Any) -> None:
    numbers = read_numbers([cell, 1.0])
    assert np.isnan(numbers.values[0])
    assert len(numbers.odd) == 1


FULL = {
    "time_s": ("t", "s"),
    "vo2_l_min": ("VO2", "mL/min"),
    "vco2_l_min": ("VCO2", "mL/min"),
    "rer": "RER",
    "vo2_ml_kg_min": ("VO2/kg", "mL/kg/min"),
}


@pytest.mark.parametrize("mark", [".", ","])
def test_a_point_that_may_separate_thousands_is_settled_by_body_mass(mark: str, tmp_path: Path) -> None:
    rows = [
        [
            str(10 * n),
            f"1{mark}{500 + n}",
            f"1{mark}{300 + n}",
            f"{(1300 + n) / (1500 + n):.4f}",
            f"{(1500 + n) / 80:.2f}",
        ]
        for n in range(9)
    ]
    recording = read(tmp_path, text([["t", "VO2", "VCO2", "RER", "VO2/kg"], *rows], ";"), mapping=FULL)
    assert recording.data["vo2_l_min"].iloc[0] == pytest.approx(1.5)


def test_a_point_that_nothing_settles_is_refused(tmp_path: Path) -> None:
    rows = [[str(10 * n), f"1.{500 + n}", f"1.{300 + n}"] for n in range(9)]
    mapping = {key: FULL[key] for key in ("time_s", "vo2_l_min", "vco2_l_min")}
    with pytest.raises(DataError, match='"." may be a decimal mark or separate thousands'):
        read(tmp_path, text([["t", "VO2", "VCO2"], *rows], ";"), mapping=mapping)


def test_units_are_never_taken_from_the_size_of_numbers(tmp_path: Path) -> None:
    rows = [["t", "VO2", "VCO2"], *[[str(10 * n), "1500", "1300"] for n in range(9)]]
    with pytest.raises(ReadError, match='column "VO2" has no unit, and neither VO2/kg nor RER tells it'):
        read(tmp_path, text(rows), mapping={"time_s": ("t", "s"), "vo2_l_min": "VO2", "vco2_l_min": "VCO2"})
