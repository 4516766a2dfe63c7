"""Files that no signature fits: what is said, mappings, and profiles."""

from __future__ import annotations

from pathlib import Path

import pytest

from kbstudy.errors import OutputError, PlanError, ReadError
from kbstudy.readers.gas_exchange import DEVICES, profile_of, read_gas_exchange, write_profile
from tests.readers.gas_exchange import writers
from tests.readers.gas_exchange.reading import assert_truth, read, said

HEAD = [["Laboratory", "Somewhere"], ["Subject", writers.NAME], ["Body mass", "80 kg"], []]


def table(units: bool = True) -> bytes:
    names = ["Elapsed time", "Oxygen uptake", "Oxygen uptake", "CO2 output", "RER", "Pulse"]
    row = ["s", "mL/min", "mL/min/kg", "mL/min", "", "bpm"]
    body = [
        [f"{b.t:.0f}", f"{1000 * b.vo2:.0f}", f"{1000 * b.vo2 / 80:.2f}", f"{1000 * b.vco2:.0f}", f"{b.rer:.3f}", b.hr]
        for b in writers.truth()
    ]
    return writers.text([*HEAD, names, *([row] if units else []), *body])


MAPPING = {
    "time_s": ("Elapsed time", "s"),
    "vo2_l_min": ("Oxygen uptake", "mL/min"),
    "vo2_ml_kg_min": ("Oxygen uptake (2)", "mL/min/kg"),
    "vco2_l_min": ("CO2 output", "mL/min"),
    "rer": "RER",
    "hr_bpm": ("Pulse", "bpm"),
}


def test_the_error_shows_what_was_looked_for_and_a_mapping(tmp_path: Path) -> None:
    with pytest.raises(ReadError) as caught:
        read(tmp_path, table())
    message = str(caught.value)
    assert "this is not an export that is recognised" in message
    assert "row 5: may be a header: Elapsed time | Oxygen uptake" in message
    assert '"vo2_l_min": ("Oxygen uptake", "mL/min")' in message
    assert "RER = VCO2 / VO2 in 100% of the rows" in message
    assert all(device.looked_for in message for device in DEVICES)
    assert writers.NAME not in message


def test_the_cells_before_the_names_are_not_shown(tmp_path: Path) -> None:
    rows = [["Last name:", writers.NAME, "t", "VO2", "VCO2"], ["", "", "1", "2", "3"]]
    with pytest.raises(ReadError, match="may be a header: t | VO2 | VCO2") as caught:
        read(tmp_path, writers.text(rows))
    assert writers.NAME not in str(caught.value)


def test_a_file_without_any_known_name(tmp_path: Path) -> None:
    with pytest.raises(ReadError, match="No row names VO2 and a time"):
        read(tmp_path, b"a,b\n1,2\n")


@pytest.mark.parametrize("units", [True, False])
def test_a_declared_table(units: bool, tmp_path: Path) -> None:
    recording = read(tmp_path, table(units), mapping=MAPPING)
    assert_truth(recording, writers.truth())
    assert recording.device == "declared table"
    assert recording.body_mass_source == "header of the file"
    assert "hr_bpm" in recording.data
    assert "has no time" not in said(recording)


def test_vo2_per_kilogram_alone_needs_a_mass(tmp_path: Path) -> None:
    rows = [["t", "VO2/kg"], *[[10 * n, 20.0 + n] for n in range(1, 6)]]
    mapping = {"time_s": ("t", "s"), "vo2_ml_kg_min": ("VO2/kg", "mL/kg/min")}
    with pytest.raises(ReadError, match="VO2 per kilogram only and no body mass"):
        read(tmp_path, writers.text(rows), mapping=mapping)
    recording = read(tmp_path, writers.text(rows), mapping=mapping, body_mass_kg=70.0)
    assert recording.data["vo2_l_min"].iloc[0] == pytest.approx(1.47)
    assert "times 70 kg; VO2 computed" in said(recording)


@pytest.mark.parametrize(
    ("mapping", "message"),
    [
        ({"vo2": ("VO2", "L/min")}, '"vo2" is not a quantity; did you mean "vo2_l_min"'),
        ({"vo2_l_min": ("VO2", "stone")}, '"stone" is not a unit of vo2_l_min'),
        ({"vo2_l_min": 5}, "needs the name of a column and its unit"),
        ({"vo2_l_min": ("VO2",)}, "needs the name of a column and its unit"),
        ("no-such-profile.toml", "the profile cannot be opened"),
    ],
)
def test_a_mapping_that_cannot_be(mapping: object, message: str, tmp_path: Path) -> None:
    with pytest.raises(PlanError, match=message):
        read(tmp_path, table(), mapping=mapping)


def test_names_that_are_not_in_the_file(tmp_path: Path) -> None:
    mapping = {**MAPPING, "hr_bpm": ("Puls", "bpm")}
    with pytest.raises(ReadError, match='missing: "Puls"; did you mean "Pulse"'):
        read(tmp_path, table(), mapping=mapping)
    with pytest.raises(ReadError, match="no column for time was found"):
        read(tmp_path, table(), mapping={"vo2_l_min": ("Oxygen uptake", "mL/min")})


def test_device_and_mapping_together(tmp_path: Path) -> None:
    with pytest.raises(PlanError, match="both given"):
        read(tmp_path, table(), mapping=MAPPING, device="parvo")


# ---- profiles ----------------------------------------------------------------------------------------------------


def test_a_profile_reads_the_file_that_it_was_written_from(tmp_path: Path) -> None:
    (tmp_path / "export.csv").write_bytes(table())
    profile = write_profile(tmp_path / "export.csv", tmp_path / "cart.toml")
    assert "# RER = VCO2 / VO2 in 100% of the rows" in profile.read_text("utf-8")
    recording = read_gas_exchange(tmp_path / "export.csv", mapping=profile)
    assert_truth(recording, writers.truth())


def test_a_profile_names_the_second_column_of_a_name(tmp_path: Path) -> None:
    names = ["Time [s]", "VO2", "VO2 (mL/kg/min)", "VCO2", "RER"]
    body = [[f"{b.t:.0f}", 1000 * b.vo2, 1000 * b.vo2 / 80, 1000 * b.vco2, b.rer] for b in writers.truth()]
    (tmp_path / "export.csv").write_bytes(writers.text([names, *body]))
    text = profile_of(tmp_path / "export.csv")
    assert 'vo2_l_min = ["VO2", ""]' in text
    # without a unit in the file, VO2/kg and RER tell it
    (tmp_path / "cart.toml").write_text(text, "utf-8")
    assert_truth(read_gas_exchange(tmp_path / "export.csv", mapping=tmp_path / "cart.toml"), writers.truth())


@pytest.mark.parametrize("key", list(writers.WRITERS))
def test_the_profile_of_a_known_file_names_its_device(key: str, tmp_path: Path) -> None:
    file = tmp_path / "export.dat"
    file.write_bytes(writers.WRITERS[key]())
    profile = write_profile(file, tmp_path / "cart.toml")
    assert f'device = "{key}"' in profile.read_text("utf-8")
    assert writers.NAME not in profile.read_text("utf-8")
    assert_truth(read_gas_exchange(file, mapping=profile), writers.truth())


def test_a_profile_is_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "export.csv").write_bytes(table())
    write_profile(tmp_path / "export.csv", tmp_path / "cart.toml")
    with pytest.raises(OutputError, match="exists already"):
        write_profile(tmp_path / "export.csv", tmp_path / "cart.toml")
    with pytest.raises(OutputError, match="cannot be written"):
        write_profile(tmp_path / "export.csv", tmp_path / "no" / "cart.toml")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("not toml at all [", "the profile is not TOML"),
        ("a = 1", '"a" is not part of a profile'),
        ("[columns]\n", "lacks format"),
        ('format = "kbstudy gas exchange 1"\ncolumns = 5', '"columns" is not a table'),
        ('format = "kbstudy gas exchange 1"\n[columns]\nvo2_l_min = ["VO2", "ell"]', '"ell" is not a unit'),
        ('format = "kbstudy gas exchange 1"\ndevice = "unknown"', 'there is no device "unknown"'),
    ],
)
def test_a_broken_profile(content: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "cart.toml").write_text(content, "utf-8")
    with pytest.raises(PlanError, match=message):
        read(tmp_path, table(), mapping=tmp_path / "cart.toml")
