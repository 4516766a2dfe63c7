"""Layouts, rates, units and signs of force files; each refusal with its message."""

from __future__ import annotations

import contextlib
import importlib.util
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import kbstudy as kb
from kbstudy.errors import PlanError, ReadError
from tests.conftest import shared

#: A second of standing at about 660 N, rising, falling; 200 samples.
FORCE = 660.0 + np.concatenate([np.zeros(100), 200 * np.sin(np.arange(100) / 8)]).round(3)
LEFT, RIGHT = (0.45 * FORCE).round(3), (0.55 * FORCE).round(3)


def lines(*columns: np.ndarray, separator: str = "\t") -> str:
    return "".join(separator.join(f"{value:.6g}" for value in row) + "\n" for row in zip(*columns, strict=True))


def read(folder: Path, text: str | bytes, **options: object) -> kb.Recording:
    file = folder / "trace.txt"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return kb.read_force(file, **options)


def refused(folder: Path, text: str | bytes, **options: object) -> str:
    with pytest.raises(ReadError) as raised:
        read(folder, text, **options)
    return str(raised.value)


def told(recording: kb.Recording) -> str:
    return "\n".join(str(issue) for issue in recording.issues)


def times(hz: float = 1000, count: int = len(FORCE)) -> np.ndarray:
    return np.arange(count) / hz


# ---- sample files ------------------------------------------------------------------------------------------------


def test_one_plate() -> None:
    found = kb.read_force(shared("force/Single-CMJ-Fz.txt"), sampling_hz=1000)
    assert found.kind == "force"
    assert list(found.data) == ["time_s", "force_n"]
    assert len(found.data) == 5000
    assert found.sampling_hz == 1000
    assert found.data["force_n"].iloc[0] == 661.156
    assert found.data["time_s"].iloc[-1] == pytest.approx(4.999)
    assert len(found.sha256) == 64
    assert str(found).startswith("Single-CMJ-Fz.txt: force trace, 1000 Hz, 5000 rows, 5.00 s, no body mass")


def test_two_plates_are_added() -> None:
    one = kb.read_force(shared("force/Single-CMJ-Fz.txt"), sampling_hz=1000).data
    two = kb.read_force(shared("force/Dual-CMJ-Fz.txt"), sampling_hz=1000)
    assert list(two.data) == ["time_s", "force_n", "force_1_n", "force_2_n"]
    assert np.allclose(two.data["force_n"], one["force_n"], atol=1e-9)
    assert 'two plates, "FP1" and "FP2"; force_n is their sum' in told(two)


def test_the_rate_is_required() -> None:
    with pytest.raises(ReadError) as raised:
        kb.read_force(shared("force/Single-CMJ-Fz.txt"))
    assert "Single-CMJ-Fz.txt: the file does not carry its sampling rate" in str(raised.value)
    assert "Give it: sampling_hz = 1000." in str(raised.value)


# ---- layouts -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("separator", ["\t", ";", " ", "   "])
@pytest.mark.parametrize("comma", [False, True])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_separators_and_decimal_commas(separator: str, comma: bool, end: str, tmp_path: Path) -> None:
    text = f"FP1{separator}FP2\n" + lines(LEFT, RIGHT, separator=separator)
    text = text.replace(".", ",") if comma else text
    found = read(tmp_path, text.replace("\n", end), sampling_hz=1000)
    assert np.allclose(found.data["force_1_n"], LEFT, atol=1e-3)
    assert np.allclose(found.data["force_2_n"], RIGHT, atol=1e-3)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "latin-1"])
def test_encodings(encoding: str, tmp_path: Path) -> None:
    text = "Kraft é\nFz (N)\n" + lines(FORCE)
    assert len(read(tmp_path, text.encode(encoding), sampling_hz=1000).data) == len(FORCE)


def test_comma_separated_with_names(tmp_path: Path) -> None:
    text = "Time (s),Left Fz (N),Right Fz (N)\n" + lines(times(), LEFT, RIGHT, separator=",")
    found = read(tmp_path, text)
    assert found.sampling_hz == 1000
    assert np.allclose(found.data["force_n"], LEFT + RIGHT, atol=1e-3)


def test_quoted_decimal_commas_in_a_comma_file(tmp_path: Path) -> None:
    rows = "".join(f'"{a:.3f}","{b:.3f}"\n' for a, b in zip(LEFT, RIGHT, strict=True)).replace(".", ",")
    found = read(tmp_path, '"FP1","FP2"\n' + rows, sampling_hz=1000)
    assert np.allclose(found.data["force_2_n"], RIGHT)


def test_nineteen_header_rows_and_a_unit_row(tmp_path: Path) -> None:
    """As BioWare writes it."""
    head = "".join(f"Meta {n}\tvalue\n" for n in range(17))
    text = head + "abs time (s)\tFx\tFy\tFz\ns\tN\tN\tN\n" + lines(times(), 0 * FORCE, 0 * FORCE + 1, FORCE)
    found = read(tmp_path, text)
    assert found.sampling_hz == 1000
    assert np.allclose(found.data["force_n"], FORCE, atol=1e-2)


def test_a_total_beside_two_plates_is_checked_and_left_out(tmp_path: Path) -> None:
    head = "Fz Left (N)\tFz Right (N)\tFz Total (N)\n"
    found = read(tmp_path, head + lines(LEFT, RIGHT, LEFT + RIGHT), sampling_hz=1000)
    assert 'column "Fz Total" is the sum of the two plates; left out' in told(found)
    said = refused(tmp_path, head + lines(LEFT, RIGHT, LEFT + RIGHT + 5), sampling_hz=1000)
    assert 'column "Fz Total" differs by -5' in said


@pytest.mark.parametrize("leading", ["", "\n"])
def test_netforce_has_twelve_columns_without_names(leading: str, tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    small = [rng.normal(0, 3, len(FORCE)) for _ in range(12)]
    small[2], small[8] = LEFT, RIGHT
    found = read(tmp_path, leading + lines(*small, separator=","), sampling_hz=1200)
    assert found.device == "NetForce text"
    assert np.allclose(found.data["force_1_n"], LEFT, atol=1e-3)
    assert np.allclose(found.data["force_2_n"], RIGHT, atol=1e-3)
    assert "vertical force read from column 3 and column 9" in told(found)
    small[2], small[0] = small[0], small[2] + 400
    small[8], small[6] = small[6], small[8] + 400
    assert "so it is not Fz" in refused(tmp_path, lines(*small, separator=","), sampling_hz=1200)


def visual3d(columns: list[tuple[str, str, str, np.ndarray]], file: str = "D:\\Jane Doe\\CMJ.c3d") -> str:
    """Signal, type, component and values, as Visual3D writes them; shorter signals leave blanks below."""
    head = [
        [file] * len(columns),
        [signal for signal, _, _, _ in columns],
        [kind for _, kind, _, _ in columns],
        ["ORIGINAL"] * len(columns),
        [component for _, _, component, _ in columns],
    ]
    first = ["", "", "", "", "ITEM"]
    text = "".join("\t".join([name, *row]) + "\n" for name, row in zip(first, head, strict=True))
    count = max(len(values) for _, _, _, values in columns)
    for n in range(count):
        cells = [f"{values[n]:.6g}" if n < len(values) else "" for _, _, _, values in columns]
        text += "\t".join([str(n + 1), *cells]) + "\n"
    return text


def test_visual3d_and_its_folder_names(tmp_path: Path) -> None:
    columns = [
        ("ANALOGTIME", "FRAME_NUMBERS", "X", times(1200)),
        ("FP1", "FORCE", "X", 0 * FORCE),
        ("FP1", "FORCE", "Y", 0 * FORCE),
        ("FP1", "FORCE", "Z", LEFT),
        ("FP2", "FORCE", "Z", RIGHT),
        ("COP1", "COFP", "Z", 0 * FORCE),
    ]
    found = read(tmp_path, visual3d(columns))
    assert found.device == "Visual3D text"
    assert found.sampling_hz == 1200
    assert np.allclose(found.data["force_1_n"], LEFT, atol=1e-2)
    assert "Jane" not in str(found) + repr(vars(found))
    assert "the first header row holds the folder of the original file; not kept" in told(found)


def test_visual3d_with_a_shorter_signal(tmp_path: Path) -> None:
    columns = [("FP1", "FORCE", "Z", FORCE[:120]), ("OTHER", "ANALOG", "X", FORCE)]
    found = read(tmp_path, visual3d(columns), sampling_hz=1000)
    assert len(found.data) == 120


def test_visual3d_without_force_does_not_tell_the_folder(tmp_path: Path) -> None:
    said = refused(tmp_path, visual3d([("EMG9", "ANALOG", "X", FORCE)]), sampling_hz=1000)
    assert "one or two vertical forces were looked for and 0 found among: EMG9 X" in said
    assert "Jane" not in said


def test_columns_by_name_and_by_number(tmp_path: Path) -> None:
    text = "clock\tA\tB\n" + lines(times(), LEFT, RIGHT)
    assert "it is not clear which column is vertical force" in refused(tmp_path, text)
    by_name = read(tmp_path, text, columns={"force": "b"}, sampling_hz=1000)
    assert np.allclose(by_name.data["force_n"], RIGHT, atol=1e-2)
    by_number = read(tmp_path, text, columns={"time": 1, "force_1": 2, "force_2": 3})
    assert by_number.sampling_hz == 1000
    assert np.allclose(by_number.data["force_2_n"], RIGHT, atol=1e-2)


def test_two_unnamed_columns_are_not_guessed(tmp_path: Path) -> None:
    assert "the file has 2 columns without names" in refused(tmp_path, lines(LEFT, RIGHT), sampling_hz=1000)
    rising = read(tmp_path, lines(times(), FORCE))
    assert rising.sampling_hz == 1000


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"force": "Fzz"}, 'there is no column "Fzz"; did you mean "Fz"?'),
        ({"force": 7}, 'columns says that "force" is column 7, and the file has 2'),
    ],
)
def test_columns_that_do_not_exist(columns: dict[str, str | int], said: str, tmp_path: Path) -> None:
    assert said in refused(tmp_path, "Time (s)\tFz\n" + lines(times(), FORCE), columns=columns)


def test_a_name_that_stands_twice(tmp_path: Path) -> None:
    text = "Fz\tFz\n" + lines(LEFT, RIGHT)
    said = refused(tmp_path, text, columns={"force": "Fz"}, sampling_hz=1000)
    assert '2 columns are called "Fz"' in said
    assert 'columns = {"force": 1, ...}' in said


@pytest.mark.parametrize("text", ["1,5\n2,25\n1,75\n", "661,156\n661,144\n"])
def test_a_comma_that_can_be_two_things(text: str, tmp_path: Path) -> None:
    assert "is one number with a decimal comma or two numbers" in refused(tmp_path, text, sampling_hz=1000)


def test_a_comma_that_can_only_be_one_thing(tmp_path: Path) -> None:
    found = read(tmp_path, "661,156\n661,044\n", sampling_hz=1000)
    assert found.data["force_n"].tolist() == [661.156, 661.044]


# ---- rates -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("head", "hz"),
    [
        ("Sampling Rate (Hz): 1000", 1000),
        ("Sample rate,1200", 1200),
        ("Frequency=2000 Hz", 2000),
        ("Abtastrate: 500,0 Hz", 500),
        ("analog rate\t1 kHz", 1000),
        ("Fréquence (Hz): 1,000", 1000),
    ],
)
def test_rate_in_the_head(head: str, hz: float, tmp_path: Path) -> None:
    found = read(tmp_path, f"Subject: Jane Doe\n{head}\n\nFz\n" + lines(FORCE))
    assert found.sampling_hz == hz
    assert f"sampling rate {hz:g} Hz: row 2 of the file" in told(found)
    assert "Jane" not in repr(vars(found))


def test_a_rate_that_contradicts_the_head(tmp_path: Path) -> None:
    said = refused(tmp_path, "Sampling rate: 1000 Hz\nFz\n" + lines(FORCE), sampling_hz=500)
    assert "sampling_hz = 500 contradicts the file: row 1 of the file means 1000 Hz" in said


def test_a_rate_that_contradicts_the_times(tmp_path: Path) -> None:
    said = refused(tmp_path, "Time (s)\tFz\n" + lines(times(), FORCE), sampling_hz=500)
    assert 'sampling_hz = 500 contradicts the file: column "Time" means 1000 Hz' in said


def test_head_and_times_that_contradict_each_other(tmp_path: Path) -> None:
    said = refused(tmp_path, "Sampling rate: 500 Hz\nTime (s)\tFz\n" + lines(times(), FORCE))
    assert 'column "Time" means 1000 Hz and row 1 of the file means 500 Hz' in said


def test_several_rates_in_the_head_are_none(tmp_path: Path) -> None:
    head = "Camera rate: 100 Hz\nAnalog rate: 1000 Hz\nFz\n"
    said = refused(tmp_path, head + lines(FORCE))
    assert "the file states several rates (100 Hz in row 1, 1000 Hz in row 2)" in said
    assert read(tmp_path, head + lines(FORCE), sampling_hz=1000).sampling_hz == 1000


@pytest.mark.parametrize(
    ("name", "scale", "hz"), [("Time (s)", 1, 1000), ("Time (ms)", 1000, 1000), ("time_s", 1, 500), ("Time", 1, 2000)]
)
def test_rate_from_times(name: str, scale: float, hz: float, tmp_path: Path) -> None:
    found = read(tmp_path, f"{name}\tFz\n" + lines(scale * (times(hz) + 0.5), FORCE))
    assert found.sampling_hz == pytest.approx(hz)
    assert found.data["time_s"].iloc[0] == pytest.approx(0.5)


def test_times_rounded_to_milliseconds(tmp_path: Path) -> None:
    rows = "".join(f"{n / 1200:.3f}\t{FORCE[n % 200]:.3f}\n" for n in range(2400))
    found = read(tmp_path, "Time (s)\tFz\n" + rows)
    assert found.sampling_hz == 1200
    assert np.allclose(np.diff(found.data["time_s"]), 1 / 1200)


@pytest.mark.parametrize("name", ["Time", "Frame", "Sample"])
def test_a_column_that_counts_samples_is_no_clock(name: str, tmp_path: Path) -> None:
    text = f"{name}\tFz\n" + lines(np.arange(len(FORCE), dtype=float), FORCE)
    said = refused(tmp_path, text)
    assert "the file does not carry its sampling rate" in said
    assert f'column "{name}" rises by 1 a row and does not say in which unit' in said
    assert read(tmp_path, text, sampling_hz=1000).sampling_hz == 1000


def test_missing_samples(tmp_path: Path) -> None:
    keep = np.delete(np.arange(len(FORCE)), [50, 51])
    said = refused(tmp_path, "Time (s)\tFz\n" + lines(times()[keep], FORCE[keep]))
    assert 'row 52: column "Time" goes from 0.049 to 0.052' in said
    assert "Samples are missing or doubled" in said


def test_times_that_stand_still(tmp_path: Path) -> None:
    assert "Samples are missing or doubled" in refused(tmp_path, "Time (s)\tFz\n" + lines(0 * FORCE, FORCE))


@pytest.mark.parametrize("hz", [0, -1000, 1, float("nan"), float("inf"), "1000", True])
def test_a_rate_that_is_none(hz: object, tmp_path: Path) -> None:
    with pytest.raises(PlanError, match="is no sampling rate of a force plate"):
        read(tmp_path, lines(FORCE), sampling_hz=hz)


# ---- units and signs ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("units", "newtons"), [("N", 1.0), ("kN", 1000.0), ("kgf", 9.80665), ("lbf", 4.4482216152605)])
def test_declared_units(units: str, newtons: float, tmp_path: Path) -> None:
    rows = "".join(f"{value / newtons:.9f}\n" for value in FORCE)
    found = read(tmp_path, f"Fz ({units})\n" + rows, sampling_hz=1000, units=units)
    assert np.allclose(found.data["force_n"], FORCE, atol=1e-4)
    assert ("multiplied by" in told(found)) == (units != "N")


def test_a_unit_that_contradicts_the_file(tmp_path: Path) -> None:
    said = refused(tmp_path, "Fz (kgf)\n" + lines(FORCE / 9.80665), sampling_hz=1000)
    assert '"Fz" is in kgf by the file and in N by units = "N"' in said
    assert 'Say units = "kgf"' in said


@pytest.mark.parametrize("unit", ["mV", "V"])
def test_voltages(unit: str, tmp_path: Path) -> None:
    assert f'"Fz" is in {unit}, a voltage' in refused(tmp_path, f"Fz ({unit})\n" + lines(FORCE), sampling_hz=1000)


def test_kgf_without_a_unit_is_named_and_then_refused(tmp_path: Path) -> None:
    file = tmp_path / "kgf.txt"
    file.write_text(lines(np.tile(FORCE[:100], 20) / 9.80665))
    found = kb.read_force(file, sampling_hz=1000)
    assert "is 67.3 N, the weight of 6.9 kg; in kgf it would be a person" in told(found)
    with pytest.raises(kb.StudyError, match='read it with units = "kgf"'):
        kb.jump(found)


def test_millivolts_without_a_unit_are_named(tmp_path: Path) -> None:
    found = read(tmp_path, lines(np.tile(FORCE[:100], 10) * 8), sampling_hz=1000)
    assert "which is no person's weight; read as N, as declared; the file may be in mV" in told(found)


def test_negative_force_is_refused_unless_declared(tmp_path: Path) -> None:
    text = "Fz (N)\n" + lines(-FORCE)
    said = refused(tmp_path, text, sampling_hz=1000)
    assert '"Fz" is negative while the plate is loaded (median -660)' in said
    assert 'say so: sign = "negative"' in said
    assert np.allclose(read(tmp_path, text, sampling_hz=1000, sign="negative").data["force_n"], FORCE, atol=1e-2)
    assert '"Fz" is positive while' in refused(
        tmp_path, lines(FORCE).join(["Fz\n", ""]), sampling_hz=1000, sign="negative"
    )


def test_one_plate_with_another_sign(tmp_path: Path) -> None:
    assert '"FP2" is negative' in refused(tmp_path, "FP1\tFP2\n" + lines(LEFT, -RIGHT), sampling_hz=1000)


def test_zero_in_every_row(tmp_path: Path) -> None:
    assert "is zero in every row" in refused(tmp_path, lines(0 * FORCE), sampling_hz=1000)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"units": "Newton"}, "units = 'Newton' is not possible"),
        ({"sign": "up"}, "sign = 'up' is not possible"),
        ({"columns": {"fz": 1}}, 'columns has no key "fz"'),
        ({"columns": {"force_1": 1}}, 'columns needs either "force" or both'),
        ({"columns": {"time": 1}}, 'columns needs either "force" or both'),
    ],
)
def test_arguments_that_cannot_be(options: dict[str, object], said: str, tmp_path: Path) -> None:
    with pytest.raises(PlanError) as raised:
        read(tmp_path, lines(FORCE), sampling_hz=1000, **options)
    assert said in str(raised.value)


# ---- damage ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Fz\n", "no row of numbers was found"),
        ("", "the file is empty"),
        ("Fz\n661.2\n", "the trace has one sample"),
        ("661.2\n661.3\nNaN\n661.4\n661.5\n661.6\n661.7\n", "row 3: the numbers are interrupted"),
        ("661.2\n661.3\n661.1\n\n661.4\n", "row 4: the numbers are interrupted"),
        ("Fz\n661.2\n661.3\n661.1\nerror\n661.4\n", "row 5: the numbers are interrupted"),
        ("A\tB\n1\t2\n3\n4\t5\n6\t7\n", "this row has 1 cells and the first one has 2"),
        ("1.234,5;1\n1.234,6;2\n1.234,7;3\n", "numbers have commas and points"),
        ("Time (s)\tFz\n0\t661\n0.001\t\n0.002\t662\n", "row 3: column 2 has an empty cell"),
        ("661\n1-2\n663\n", 'row 2: column 1 has "1-2" where a number must be'),
        ("661\n1e99\n663\n", "which no plate measures"),
    ],
)
def test_damaged_text(text: str, said: str, tmp_path: Path) -> None:
    assert said in refused(tmp_path, text, sampling_hz=1000)


def test_text_below_the_numbers_is_named(tmp_path: Path) -> None:
    found = read(tmp_path, "Fz\n" + lines(FORCE) + "\nPeak: 860 N\nEnd\n", sampling_hz=1000)
    assert "row 203 (and 1 more row): text below the numbers; left out" in told(found)


def test_a_line_of_numbers_above_the_trace_is_named(tmp_path: Path) -> None:
    found = read(tmp_path, "200\nFz\n" + lines(FORCE), sampling_hz=1000)
    assert len(found.data) == 200
    assert "row 1: a line of numbers above the table; not part of the trace" in told(found)


def test_not_a_trace(tmp_path: Path) -> None:
    assert "this is a PDF document, not a force trace" in refused(tmp_path, b"%PDF-1.4 ...", sampling_hz=1000)
    assert "it looks like a binary file" in refused(tmp_path, b"1.0\n\0\0\n2.0\n", sampling_hz=1000)


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_mutated_files_end_in_a_recording_or_a_read_error(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    head = data.draw(st.sampled_from(["", "Fz\n", "Time (s)\tFz\n", "Sampling rate: 1000\nFP1\tFP2\n"]))
    columns = [LEFT, RIGHT] if "FP1" in head else [times(), FORCE] if "Time" in head else [FORCE]
    content = bytearray((head + lines(*columns)).encode())
    for _ in range(data.draw(st.integers(1, 5))):
        place = data.draw(st.integers(0, len(content) - 1))
        cut = data.draw(st.integers(0, 40))
        content[place : place + cut] = data.draw(
            st.binary(max_size=8) | st.sampled_from([b"\t", b",", b"\n\n", b"nan", b'"'])
        )
        if not content:
            break
    file = tmp_path_factory.getbasetemp() / "mutated.txt"
    file.write_bytes(bytes(content))
    with contextlib.suppress(ReadError):
        found = kb.read_force(file, sampling_hz=1000)
        assert np.isfinite(found.data["force_n"]).all()
        assert len(found.data) >= 2


@settings(max_examples=200, deadline=None)
@given(content=st.binary(min_size=1, max_size=600))
def test_any_bytes_end_in_a_recording_or_a_read_error(content: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    file = tmp_path_factory.getbasetemp() / "any.txt"
    file.write_bytes(content)
    with contextlib.suppress(ReadError):
        assert len(kb.read_force(file, sampling_hz=1000).data) >= 2


# ---- C3D ---------------------------------------------------------------------------------------------------------


def c3d(file: Path, channels: dict[str, np.ndarray], hz: float = 1000.0, unit: str = "N") -> Path:
    ezc3d = pytest.importorskip("ezc3d", reason="C3D files need the extra kbstudy[force]")
    made = ezc3d.c3d()
    made["parameters"]["POINT"]["RATE"]["value"] = [100.0]
    made["parameters"]["POINT"]["LABELS"]["value"] = ("marker",)
    made["parameters"]["ANALOG"]["RATE"]["value"] = [hz]
    made["parameters"]["ANALOG"]["LABELS"]["value"] = tuple(channels)
    made["parameters"]["ANALOG"]["UNITS"]["value"] = (unit,) * len(channels)
    values = np.array(list(channels.values()))
    made["data"]["points"] = np.zeros((4, 1, round(values.shape[1] * 100 / hz)))
    made["data"]["analogs"] = values[np.newaxis]
    made.write(str(file))
    return file


def test_c3d_with_two_plates(tmp_path: Path) -> None:
    file = c3d(tmp_path / "jump.c3d", {"Force.Fx1": 0 * LEFT, "Force.Fz1": LEFT, "Force.Fz2": RIGHT, "EMG": LEFT})
    found = kb.read_force(file)
    assert found.device == "C3D"
    assert found.sampling_hz == 1000
    assert np.allclose(found.data["force_1_n"], LEFT, atol=1e-3)
    assert np.allclose(found.data["force_n"], LEFT + RIGHT, atol=1e-3)
    assert "ANALOG:RATE of the C3D file" in told(found)
    with pytest.raises(ReadError, match="sampling_hz = 500 contradicts the file: ANALOG:RATE"):
        kb.read_force(file, sampling_hz=500)


def test_c3d_that_writes_load_as_negative(tmp_path: Path) -> None:
    file = c3d(tmp_path / "jump.c3d", {"Fz1": -FORCE})
    with pytest.raises(ReadError, match='sign = "negative"'):
        kb.read_force(file)
    assert np.allclose(kb.read_force(file, sign="negative").data["force_n"], FORCE, atol=1e-3)


def test_c3d_in_volts(tmp_path: Path) -> None:
    with pytest.raises(ReadError, match="is in V, a voltage"):
        kb.read_force(c3d(tmp_path / "jump.c3d", {"Fz1": FORCE}, unit="V"))


def test_c3d_without_force(tmp_path: Path) -> None:
    with pytest.raises(
        ReadError, match='one or two channels called Fz were looked for and 0 found; the file has "EMG"'
    ):
        kb.read_force(c3d(tmp_path / "walk.c3d", {"EMG": FORCE}))


def test_damaged_c3d(tmp_path: Path) -> None:
    file = c3d(tmp_path / "jump.c3d", {"Fz1": FORCE})
    content = file.read_bytes()
    file.write_bytes(content[:600])
    with pytest.raises(ReadError, match="the C3D file cannot be read and may be damaged"):
        kb.read_force(file)


def test_c3d_without_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "ezc3d", None)
    file = tmp_path / "jump.c3d"
    file.write_bytes(b"\x02\x50" + bytes(600))
    with pytest.raises(ReadError) as raised:
        kb.read_force(file)
    assert "needs the package ezc3d, which is not installed" in str(raised.value)
    assert 'pip install "kbstudy[force]"' in str(raised.value)


def test_the_package_is_loaded_only_for_c3d() -> None:
    spec = importlib.util.find_spec("kbstudy.readers.force.reading")
    assert spec is not None
    source = Path(str(spec.origin)).parent
    assert all("import ezc3d" not in file.read_text("utf-8") for file in source.glob("*.py"))
