"""Each kind of damage to each sample that it can befall: the right numbers, or a named error; never a wrong number."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kbstudy.errors import DataError, ReadError
from kbstudy.readers import guards, read_gas_exchange
from kbstudy.recording import Recording
from tests.readers.gas_exchange.reading import read, said
from tests.readers.gas_exchange.samples import (
    BOOKS,
    NAMES,
    TEXTS,
    Rows,
    Sample,
    clock_unit,
    halves,
    like,
    number,
    sample,
    seconds,
)

#: Samples that have what a kind of damage needs; the others do not have those columns, or no row of units.
BOTH_VO2 = [name for name in NAMES if name not in {"zan", "pnoe", "calibre"}]
PRESSURES = ["cosmed_legacy", "cosmed_legacy_steps.xlsx", "cortex_metasoft3_step.xlsx", "cosmed_omnia_german.xlsx"]
VENTILATION = [name for name in NAMES if name not in {"zan", "vmax"}]
UNIT_ROWS = ["cosmed_legacy", "cosmed_omnia", "cortex_metasoft3", "cortex_studio", "vyntus", "korr_cardiocoach"]
UNIT_ROWS += [name for name in NAMES if "." in name and name not in {"parvo_binned.csv", "mgc_breeze.csv"}]

VALUES = ["vo2_l_min", "vco2_l_min", "rer", "ve_l_min", "rf_per_min", "hr_bpm", "load", "vt_l", "peto2_mmhg"]


def clean(folder: Path, shape: Sample) -> Recording:
    return read(folder, shape.data(), "clean.dat", **shape.options)


def test_the_lists_of_samples_name_all_that_have_the_columns() -> None:
    for name in (name for name in NAMES if "." not in name):
        shape = sample(name)
        assert shape.has("vo2", "vo2_kg") is (name in BOTH_VO2)
        assert shape.has("peto2", "petco2") is (name in PRESSURES)
        assert (shape.has("rf", "vt") and name != "zan") is (name in VENTILATION)


def the_same(found: Recording, whole: Recording, rows: Any = slice(None), tolerance: float = 1e-6) -> None:
    """The same times and values; of columns that damage may cost, those that are there."""
    expected = whole.data[rows].reset_index(drop=True)
    assert len(found.data) == len(expected)
    np.testing.assert_allclose(found.data["time_s"], expected["time_s"], atol=1e-3)
    for name in VALUES:
        if name in found.data and name in expected:
            np.testing.assert_allclose(found.data[name], expected[name], rtol=tolerance, atol=tolerance, err_msg=name)
    assert {"vo2_l_min", "vco2_l_min"} & set(expected) <= set(found.data)


def outcome(folder: Path, data: bytes, shape: Sample) -> Recording | ReadError | DataError:
    """A recording, or the named error that there is instead."""
    try:
        return read(folder, data, **shape.options)
    except (ReadError, DataError) as error:
        return error


def test_samples_are_read_before_they_are_damaged(tmp_path: Path) -> None:
    names = [name for name in NAMES if "." not in name]
    assert len(names) == 13
    for name in names:
        assert len(clean(tmp_path, sample(name)).data) == 24


# ---- how the text is written -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize("mark", [b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff", b""])
def test_byte_order_marks_and_utf_16(mark: bytes, name: str, tmp_path: Path) -> None:
    shape = sample(name)
    codes = {b"\xef\xbb\xbf": "utf-8", b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be", b"": "utf-16-le"}
    data = mark + shape.data().decode().encode(codes[mark])
    the_same(read(tmp_path, data, **shape.options), clean(tmp_path, shape))


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "utf-8"])
def test_letters_with_dots(encoding: str, name: str, tmp_path: Path) -> None:
    """In the cells that nobody reads: the name of a column, or above the table."""
    shape = sample(name)
    row = shape.rows[0] if shape.layout.header else [*shape.rows[0], "Größe"]
    damaged = shape.changed(lambda rows: [[*row, "Größe"], *rows[1:]])
    the_same(read(tmp_path, damaged.data().decode().encode(encoding), **shape.options), clean(tmp_path, shape))


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize("tail", [b"\x1a", b"\x1a" * 9 + b"\0" * 90, b"\r\n\r\n\x1a\r\n"])
def test_ctrl_z(tail: bytes, name: str, tmp_path: Path) -> None:
    shape = sample(name)
    the_same(read(tmp_path, shape.data() + tail, **shape.options), clean(tmp_path, shape))
    # old programs put the mark right after the last character
    the_same(read(tmp_path, shape.data().rstrip(b"\r\n") + tail, **shape.options), clean(tmp_path, shape))


@pytest.mark.parametrize("name", ["cortex_studio", "cortex_studio.xml"])
def test_spreadsheetml_in_utf_16(name: str, tmp_path: Path) -> None:
    shape = sample(name)
    data = shape.data().decode().replace('<?xml version="1.0"?>', '<?xml version="1.0" encoding="UTF-16"?>')
    the_same(read(tmp_path, data.encode("utf-16"), **shape.options), clean(tmp_path, shape))


def with_commas(cell: Any) -> Any:
    """Numbers as a program of a country with decimal commas writes them."""
    if isinstance(cell, float):
        return f"{cell:.6f}".rstrip("0").rstrip(".").replace(".", ",")
    try:
        float(cell)
    except (TypeError, ValueError):
        return cell
    return cell.replace(".", ",")


@pytest.mark.parametrize("name", [name for name in NAMES if name != "zan"])
def test_decimal_commas(name: str, tmp_path: Path) -> None:
    """In a comma file such numbers stand in quotation marks; ZAN writes whole numbers only."""
    shape = sample(name)
    places = shape.table

    def change(rows: Rows) -> None:
        for place in places:
            rows[place] = [with_commas(cell) for cell in rows[place]]

    the_same(read(tmp_path, shape.changed(change).data(), **shape.options), clean(tmp_path, shape), tolerance=1e-5)


@pytest.mark.parametrize("name", [name for name in TEXTS if name != "zan"])
def test_decimal_commas_in_the_whole_file(name: str, tmp_path: Path) -> None:
    """Names and units too, and another separator."""
    shape = sample(name)
    rows = [[with_commas(cell) for cell in row] for row in shape.rows]
    damaged = Sample(name, ";", rows, shape.options)
    the_same(read(tmp_path, damaged.data(), **shape.options), clean(tmp_path, shape), tolerance=1e-5)


# ---- columns -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", BOTH_VO2)
def test_vo2_and_vo2_per_kilogram_swapped(name: str, tmp_path: Path) -> None:
    shape = sample(name)
    places, (first, second) = shape.table, (shape.at("vo2"), shape.at("vo2_kg"))

    def change(rows: Rows) -> None:
        for place in places:
            row = rows[place]
            row[first], row[second] = row[second], row[first]

    data = shape.changed(change).data()
    if name.startswith("mgc"):  # here both columns have one name, and RER tells which is which
        the_same(read(tmp_path, data), clean(tmp_path, shape), tolerance=1e-3)
        return
    with pytest.raises(DataError, match="swapped"):
        read(tmp_path, data, **shape.options)


@pytest.mark.parametrize("name", [name for name in BOTH_VO2 if not name.startswith("mgc")])
def test_names_of_vo2_and_vo2_per_kilogram_swapped(name: str, tmp_path: Path) -> None:
    """With the unit where it stands in the name, without it where the file has a row of units."""
    shape = sample(name)
    header, (first, second) = shape.layout.header, (shape.at("vo2"), shape.at("vo2_kg"))

    def change(rows: Rows) -> None:
        row = rows[header]
        row[first], row[second] = row[second], row[first]

    with pytest.raises((ReadError, DataError), match="swapped|not one of VO2|no unit|not an export"):
        read(tmp_path, shape.changed(change).data(), **shape.options)


@pytest.mark.parametrize("name", PRESSURES)
def test_kilopascals_under_the_unit_mmhg(name: str, tmp_path: Path) -> None:
    shape = sample(name)
    present = [key for key in ("peto2", "petco2") if shape.has(key)]
    assert present
    damaged = shape
    for key in present:
        damaged = damaged.cells(key, lambda cell: _scaled(cell, 1 / 7.500617))
    found = read(tmp_path, damaged.data(), **shape.options)
    assert not {"peto2_mmhg", "petco2_mmhg"} & set(found.data)
    assert said(found).count("it may be in kPa; column left out") == len(present)
    the_same(found, clean(tmp_path, shape))


def _scaled(cell: Any, factor: float) -> Any:
    value = number(cell) * factor
    if np.isnan(value):
        return cell
    return value if not isinstance(cell, str) else f"{value:.6f}"


@pytest.mark.parametrize("name", PRESSURES)
def test_kilopascals_with_their_unit(name: str, tmp_path: Path) -> None:
    shape = sample(name)
    unit_row = shape.layout.unit_row
    assert unit_row is not None
    damaged = shape.text(unit_row, shape.at("petco2"), "kPa").cells("petco2", lambda cell: _scaled(cell, 1 / 7.500617))
    found = read(tmp_path, damaged.data(), **shape.options)
    whole = clean(tmp_path, shape).data["petco2_mmhg"]
    np.testing.assert_allclose(found.data["petco2_mmhg"], whole, rtol=1e-5)


@pytest.mark.parametrize("name", VENTILATION)
def test_ventilation_in_stpd_that_does_not_say_so(name: str, tmp_path: Path) -> None:
    """VE is breathing rate × tidal volume where all share their conditions; 0.82 of it is told."""
    shape = sample(name)
    key = "ve" if shape.has("ve") else "ve_stpd"
    found = read(tmp_path, shape.cells(key, lambda cell: _scaled(cell, 0.82)).data(), **shape.options)
    assert "times breathing rate × tidal volume (median)" in said(found)
    assert "they may have different conditions (BTPS, STPD)" in said(found)


@pytest.mark.parametrize("name", UNIT_ROWS)
def test_ventilation_in_stpd_that_says_so(name: str, tmp_path: Path) -> None:
    shape = sample(name)
    assert shape.layout.unit_row is not None
    damaged = shape.text(shape.layout.unit_row, shape.at("ve"), "L/min STPD")
    found = read(tmp_path, damaged.cells("ve", lambda cell: _scaled(cell, 0.82)).data(), **shape.options)
    assert "ve_l_min" not in found.data
    assert "is STPD and the file has no factor to BTPS; column left out" in said(found)
    the_same(found, clean(tmp_path, shape))


# ---- rows --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_time_that_restarts(name: str, tmp_path: Path) -> None:
    shape = sample(name)
    whole = clean(tmp_path, shape)
    first, second = halves(shape.table)
    position, unit = shape.at("time"), clock_unit(shape)
    zero = seconds(shape.rows[first[-1]][position], unit)

    def change(rows: Rows) -> None:
        for place in second:
            cell = rows[place][position]
            rows[place][position] = like(cell, unit, seconds(cell, unit) - zero)

    found = outcome(tmp_path, shape.changed(change).data(), shape)
    if isinstance(found, Exception):  # two parts that overlap
        assert "the time falls from" in str(found)
        assert name == "vyntus.txt"
        return
    if name == "zan":  # remains of earlier recordings stand after the end in these files
        assert "a row after the latest time" in said(found)
        the_same(found, whole, slice(0, len(found.data)))
        return
    assert "the time falls from" in said(found)
    the_same(found, whole, tolerance=1e-4)


@pytest.mark.parametrize("name", NAMES)
def test_shuffled_rows(name: str, tmp_path: Path) -> None:
    shape = sample(name)
    places = shape.table
    order = np.random.default_rng(4).permutation(len(places))

    def change(rows: Rows) -> None:
        copies = [rows[place] for place in places]
        for place, source in zip(places, order, strict=True):
            rows[place] = copies[source]

    whole = clean(tmp_path, shape)
    found = read(tmp_path, shape.changed(change).data(), **shape.options)
    if name == "zan":
        assert "a row after the latest time" in said(found)
        assert set(found.data["vo2_l_min"]) <= set(whole.data["vo2_l_min"])
        return
    assert "the rows are out of order; sorted by time" in said(found)
    assert found.data["time_s"].is_monotonic_increasing
    columns = ["time_s", "vo2_l_min"]
    pairs = [frame.data[columns].sort_values(columns).reset_index(drop=True) for frame in (found, whole)]
    pd.testing.assert_frame_equal(*pairs)


@pytest.mark.parametrize("name", NAMES)
def test_rows_of_zeros(name: str, tmp_path: Path) -> None:
    """A missed breath: the time goes on, everything else is 0."""
    shape = sample(name)
    whole = clean(tmp_path, shape)
    kept = [key for key in ("time", "breath") if shape.has(key)]
    gone = [2, 3, len(whole.data) - 1]
    numeric = [key for key in shape.layout.columns if key not in {*kept, "phase", "marker"}]
    width = {place: len(shape.rows[place]) for place in shape.table}

    def change(rows: Rows) -> None:
        for n in gone:
            place = shape.table[n]
            for key in numeric:
                position = shape.at(key)
                if position < width[place]:
                    cell = rows[place][position]
                    rows[place][position] = 0.0 if not isinstance(cell, str) else "0"

    found = read(tmp_path, shape.changed(change).data(), **shape.options)
    assert "VO2 is 0 or negative (a missed breath); row left out" in said(found)
    times = np.array([round(seconds(shape.rows[shape.table[n]][shape.at("time")], clock_unit(shape)), 3) for n in gone])
    left = ~whole.data["time_s"].round(3).isin(times)
    assert left.sum() == len(whole.data) - len(gone)
    the_same(found, whole, left)


# ---- files that are not whole, or something else -----------------------------------------------------------------


@pytest.mark.parametrize("name", [name for name in NAMES if name not in TEXTS])
@pytest.mark.parametrize("share", [0.05, 0.3, 0.6, 0.9, 0.99])
def test_a_truncated_book(share: float, name: str, tmp_path: Path) -> None:
    shape = sample(name)
    data = shape.data()
    with pytest.raises(ReadError, match="damaged|cut off|empty"):
        read(tmp_path, data[: int(share * len(data))], **shape.options)


@pytest.mark.parametrize("name", TEXTS)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(share=st.floats(0.02, 1.0), last=st.integers(0, 120))
def test_a_truncated_text(name: str, share: float, last: int, tmp_path: Path) -> None:
    """Wherever it is cut, what is read is the beginning of the whole file: 1234 never becomes 12."""
    shape = sample(name)
    data, whole = shape.data(), clean(tmp_path, shape).data
    end = len(data) - last if share > 0.5 else int(share * 2 * len(data))
    recording = outcome(tmp_path, data[:end], shape)
    if isinstance(recording, Exception):
        return
    found = recording.data
    assert len(found) <= len(whole)
    start = whole[: len(found)]
    np.testing.assert_allclose(found["time_s"], start["time_s"], atol=1e-3)
    for column in VALUES:
        if column in found and column in whole:
            there = found[column].notna()
            np.testing.assert_allclose(found[column][there], start[column][there], rtol=1e-6, atol=1e-6)


def test_a_number_that_the_file_ends_in_is_told(tmp_path: Path) -> None:
    shape = sample("vo2_master")  # VO2 is its last column
    data = shape.data().rstrip(b"\r\n")
    assert len(read(tmp_path, data).data) == 24  # all numbers have two decimals, so the last one is whole
    found = read(tmp_path, data[:-3])
    assert len(found.data) == 23
    what = 'the file ends in column "VO2[mL/min]" without a line end, so that it may be cut off there; taken as missing'
    assert f"row 25: {what}" in said(found)
    assert "row 25: no VO2 (a missed breath); row left out" in said(found)
    assert "without a line end" not in said(read(tmp_path, shape.data()))


@pytest.mark.parametrize("ending", [".xlsx", ".xls", ".csv", ".txt", ".xml", ".ods", ".dat", ""])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf", b"\r\n  "])
def test_a_web_page_under_any_name(mark: bytes, ending: str, tmp_path: Path) -> None:
    page = mark + b"<!DOCTYPE html><html><head><title>Log in</title></head><body><table></table></body></html>"
    with pytest.raises(ReadError, match="this is a web page"):
        read(tmp_path, page, f"export{ending}")


@pytest.mark.parametrize("name", BOOKS)
def test_a_zip_bomb_in_a_sample(name: str, tmp_path: Path) -> None:
    data = io.BytesIO(sample(name).data())
    with zipfile.ZipFile(data, "a", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("xl/media/image1.emf", b"\0" * 310_000_000)
    assert len(data.getvalue()) < 2_000_000
    with pytest.raises(ReadError, match="unpacks to 310 MB; at most 300 MB are read"):
        read(tmp_path, data.getvalue())


# ---- zeros -------------------------------------------------------------------------------------------------------


def test_two_hundred_megabytes_of_zeros(tmp_path: Path) -> None:
    """Exactly the limit, so that every byte is looked at; and one more."""
    file = tmp_path / "export.xlsx"
    with file.open("wb") as stream:
        stream.truncate(guards.MOST_BYTES)
    with pytest.raises(ReadError, match="character 1 is a NUL: this is not text, or a damaged file"):
        read_gas_exchange(file)
    with file.open("wb") as stream:
        stream.truncate(guards.MOST_BYTES + 1)
    with pytest.raises(ReadError, match="the file has 200 MB; at most 200 MB are read"):
        read_gas_exchange(file)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("share", [0.0, 0.4, 1.0])
def test_megabytes_of_zeros_in_a_sample(share: float, name: str, tmp_path: Path) -> None:
    """What a disk that failed leaves: zeros before, within and after the content."""
    shape = sample(name)
    data = shape.data()
    place = int(share * len(data))
    zeros = b"\0" * 3_000_000
    found = outcome(tmp_path, data[:place] + zeros + data[place:], shape)
    if isinstance(found, Exception):
        assert str(found).startswith("export.dat")
    else:
        the_same(found, clean(tmp_path, shape))
