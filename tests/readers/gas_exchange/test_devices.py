"""Made-up exports of every device come out as the truth they were written from."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from kbstudy.errors import PlanError, ReadError
from kbstudy.readers.gas_exchange import DEVICES, read_gas_exchange
from kbstudy.recording import GAS_COLUMNS
from tests.readers.gas_exchange import writers
from tests.readers.gas_exchange.reading import assert_truth, read, said

KEYS = list(writers.WRITERS)


def test_every_device_has_a_writer() -> None:
    assert {device.key for device in DEVICES} == set(KEYS)


@pytest.mark.parametrize("key", KEYS)
def test_the_truth_comes_back(key: str, tmp_path: Path) -> None:
    recording = read(tmp_path, writers.WRITERS[key]())
    assert_truth(recording, writers.truth())
    assert set(recording.data) <= set(GAS_COLUMNS)
    assert recording.device == next(device.name for device in DEVICES if device.key == key)
    assert recording.averaging == (5.0 if key == "parvo" else "breath")
    assert len(recording.sha256) == 64


@pytest.mark.parametrize("key", [key for key in KEYS if key != "pnoe"])
def test_body_mass(key: str, tmp_path: Path) -> None:
    assert read(tmp_path, writers.WRITERS[key]()).body_mass_kg == pytest.approx(writers.MASS, abs=0.05)


def test_no_mass_in_the_file_means_no_mass(tmp_path: Path) -> None:
    recording = read(tmp_path, writers.pnoe())
    assert recording.body_mass_kg is None
    assert "no body mass" in str(recording)
    assert read(tmp_path, writers.pnoe(), body_mass_kg=75.5).body_mass_kg == 75.5


@pytest.mark.parametrize("key", KEYS)
def test_what_identifies_a_person_is_shown_nowhere(key: str, tmp_path: Path) -> None:
    recording = read(tmp_path, writers.WRITERS[key]())
    shown = [str(recording), repr(recording), recording._repr_html_(), recording.data.to_csv(), said(recording)]
    shown += [str(recording.identity), str(recording.environment), recording.body_mass_source]
    for secret in (writers.NAME, writers.BIRTH, writers.NUMBER):
        assert all(secret.casefold() not in text.casefold() for text in shown)


@pytest.mark.parametrize("key", ["cosmed_legacy", "cosmed_omnia", "cortex_studio", "vyntus", "parvo", "zan"])
def test_identity_is_kept_when_asked_for(key: str, tmp_path: Path) -> None:
    identity = read(tmp_path, writers.WRITERS[key](), identity=True).identity
    assert writers.NAME in identity.values()


def test_a_missing_name_is_not_the_next_label(tmp_path: Path) -> None:
    data = writers.WRITERS["cosmed_legacy"]()
    assert "Test number:" not in read(tmp_path, data, identity=True).identity.values()


@pytest.mark.parametrize("key", KEYS)
def test_simulated_files_stay_simulated(key: str, tmp_path: Path) -> None:
    assert not read(tmp_path, writers.WRITERS[key]()).simulated
    if key in {"vyntus", "zan", "calibre"}:
        data = writers.WRITERS[key]().replace(writers.NAME.encode(), b"SIMULATED data")
        assert read(tmp_path, data).simulated


def test_simulated_beside_the_table(tmp_path: Path) -> None:
    rows = writers.studio_rows()
    rows[0] = ["Simulated by a program: [SIMULATED]"]
    recording = read(tmp_path, writers.studio_xml(rows))
    assert recording.simulated
    assert str(recording).startswith("[SIMULATED]")


# ---- variants ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("first", ["ID", "ID-Code:", "Code ID", "Codice", "Nom de famille", "Sobrenome", ""])
def test_omnia_whatever_its_first_cell_says(first: str, tmp_path: Path) -> None:
    assert_truth(read(tmp_path, writers.cosmed_omnia(first=first)), writers.truth())


@pytest.mark.parametrize("names", [("Rf", "RQ", "HR"), ("Af", "R", "HF")])
def test_omnia_in_two_languages(names: tuple[str, str, str], tmp_path: Path) -> None:
    data = read(tmp_path, writers.cosmed_omnia(names=names)).data
    assert {"rf_per_min", "rer", "hr_bpm"} <= set(data)


@pytest.mark.parametrize(("unit", "km_h"), [("Kmh", 12.0), ("Kmh*10", 1.2), ("Mph", 19.312128)])
def test_omnia_units_of_speed(unit: str, km_h: float, tmp_path: Path) -> None:
    recording = read(tmp_path, writers.cosmed_omnia(speed=unit))
    assert recording.load_unit == "km/h"
    assert recording.data["load"].iloc[0] == pytest.approx(km_h)


def test_cosmed_with_its_metadata_cut_off(tmp_path: Path) -> None:
    recording = read(tmp_path, writers.cosmed_legacy(head=False))
    assert_truth(recording, writers.truth())
    assert recording.body_mass_source.startswith("VO2 ÷ VO2/kg")


@pytest.mark.parametrize("subject", ["Patient", "Patient data", "Proband", "Subject", "something new"])
@pytest.mark.parametrize("unit", ["h:mm:ss", "h:mm:ss,ms", "h:mm:ss.ms"])
def test_studio_does_not_hang_on_one_word(subject: str, unit: str, tmp_path: Path) -> None:
    rows = writers.studio_rows(subject=subject, units=unit)
    assert_truth(read(tmp_path, writers.studio_xml(rows)), writers.truth())


def test_studio_as_a_workbook(tmp_path: Path) -> None:
    assert_truth(read(tmp_path, writers.workbook(writers.studio_rows())), writers.truth())


@pytest.mark.parametrize("time", ["Tid", "Temps", "Zeit", "Time", "Tempo", "t-ph", "t"])
def test_vyntus_in_its_languages(time: str, tmp_path: Path) -> None:
    assert_truth(read(tmp_path, writers.vyntus(time=time)), writers.truth())


def test_parvo_as_a_workbook_with_minutes_and_seconds_as_text(tmp_path: Path) -> None:
    """A peer reads these times as missing."""
    recording = read(tmp_path, writers.workbook(writers.parvo_rows(minutes=False)))
    assert_truth(recording, writers.truth())


def test_parvo_ventilation_in_btps_is_left_as_it_is(tmp_path: Path) -> None:
    recording = read(tmp_path, writers.workbook(writers.parvo_rows(ve="BTPS")))
    assert "STPD" not in said(recording)
    assert_truth(recording, writers.truth())


def test_parvo_events_go_to_their_rows(tmp_path: Path) -> None:
    recording = read(tmp_path, writers.parvo())
    marked = recording.data[recording.data["marker"] != ""]
    assert marked["marker"].tolist() == ["Start Exercise; Set 1"]
    assert marked["time_s"].iloc[0] >= 30
    assert 'event "Late" at 5940 s is after the last row; left out' in said(recording)


@pytest.mark.parametrize(("separator", "swapped"), [("\t", False), ("\t", True), (",", False), (",", True)])
def test_breeze_with_its_two_vo2_in_either_order(separator: str, swapped: bool, tmp_path: Path) -> None:
    assert_truth(read(tmp_path, writers.mgc(separator=separator, swapped=swapped)), writers.truth())


@pytest.mark.parametrize("names", [("VO2...4", "VO2...5"), ("VO2", "VO2.1")])
def test_breeze_after_a_program_made_the_names_differ(names: tuple[str, str], tmp_path: Path) -> None:
    data = writers.mgc(separator=",").replace(b"VO2,VO2", ",".join(names).encode(), 1)
    assert_truth(read(tmp_path, data), writers.truth())


def test_vo2_master_has_no_carbon_dioxide(tmp_path: Path) -> None:
    recording = read(tmp_path, writers.vo2_master(comma=True))
    assert_truth(recording, writers.truth())
    assert not {"vco2_l_min", "rer", "load"} & set(recording.data)
    assert "neither VCO2 nor RER" in said(recording)


def test_pnoe_with_numbered_names(tmp_path: Path) -> None:
    assert_truth(read(tmp_path, writers.pnoe(numbered=True)), writers.truth())


def test_zan_leaves_out_what_is_not_a_breath(tmp_path: Path) -> None:
    recording = read(tmp_path, writers.zan())
    assert "2 lines of [Data] are not breaths" in said(recording)
    assert "a row after the latest time" in said(recording)
    assert np.isnan(recording.data["hr_bpm"].iloc[2])
    assert recording.data["load"].iloc[0] == pytest.approx(9.0)


def test_vmax_keeps_stpd_ventilation_out(tmp_path: Path) -> None:
    recording = read(tmp_path, writers.vmax())
    assert "ve_l_min" not in recording.data
    assert '"VE(STPD)" is STPD and the file has no factor to BTPS' in said(recording)
    assert recording.data["marker"].unique().tolist() == ["1", "2"]


# ---- device= -----------------------------------------------------------------------------------------------------


def test_a_device_can_be_named(tmp_path: Path) -> None:
    assert read(tmp_path, writers.vyntus(), device="vyntus").device.startswith("Vyntus")
    with pytest.raises(ReadError, match="does not look like Parvo TrueOne; looked for"):
        read(tmp_path, writers.vyntus(), device="parvo")
    with pytest.raises(PlanError, match='no device "vintus"; did you mean "vyntus"'):
        read(tmp_path, writers.vyntus(), device="vintus")


@pytest.mark.parametrize("mass", [0.0, -70.0, 5.0, 700.0, float("nan")])
def test_a_body_mass_that_nobody_has(mass: float, tmp_path: Path) -> None:
    with pytest.raises(PlanError, match="not a body mass"):
        read(tmp_path, writers.pnoe(), body_mass_kg=mass)


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(ReadError, match="was not found"):
        read_gas_exchange(tmp_path / "none.xlsx")
    with pytest.raises(ReadError, match="folder"):
        read_gas_exchange(tmp_path)
