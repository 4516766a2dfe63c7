"""``kbstudy inspect`` on exports of metabolic carts, and the profile that it writes."""

from __future__ import annotations

from pathlib import Path

import kbstudy as kb
from tests.readers.gas_exchange import writers
from tests.readers.gas_exchange.reading import assert_truth


def test_a_known_file(tmp_path, kbstudy_command):
    (tmp_path / "export.dat").write_bytes(writers.cosmed_legacy())
    outcome = kbstudy_command("inspect", tmp_path / "export.dat")
    assert (outcome.status, outcome.err) == (0, "")
    assert "export.dat: COSMED (legacy program), breath by breath, 24 rows" in outcome.out
    assert "80 kg (header of the file)" in outcome.out
    assert "VO2 (ml/min)" in outcome.out
    assert "The energy column is Elia & Livesey 1992" in outcome.out
    assert not list(Path.cwd().iterdir())


def test_an_unknown_file(tmp_path, kbstudy_command):
    (tmp_path / "other.csv").write_bytes(writers.unknown())
    outcome = kbstudy_command("inspect", tmp_path / "other.csv")
    assert outcome.status == 0
    assert "looks like gas exchange, of no device that is recognised" in outcome.out
    assert "- row 3 may be a header: Elapsed time | Oxygen uptake" in outcome.out
    assert "- looked for Calibre: a header row with" in outcome.out


def test_a_profile_is_written_completed_and_used(tmp_path, kbstudy_command):
    file = tmp_path / "other.csv"
    file.write_bytes(writers.unknown())
    outcome = kbstudy_command("inspect", file, "--write-profile")
    assert outcome.status == 0
    said = "no unit was found for time_s, vo2_l_min and vco2_l_min: write it in. Then: kb.read_gas_exchange("
    assert f"other.profile.toml is written. Compare its names and units with the file; {said}" in outcome.out
    assert 'mapping="other.profile.toml")' in outcome.out
    profile = Path("other.profile.toml")
    assert [entry.name for entry in Path.cwd().iterdir()] == [profile.name]
    text = profile.read_text("utf-8")
    text = text.replace('time", ""', 'time", "s"').replace('uptake", ""', 'uptake", "mL/min"')
    profile.write_text(text.replace('output", ""', 'output", "mL/min"'), "utf-8")
    assert_truth(kb.read_gas_exchange(file, mapping=profile), writers.truth())
    folder = kb.read_gas_exchange_folder([file], mapping=profile)
    assert_truth(folder["other.csv"], writers.truth())


def test_a_profile_with_a_name_of_its_own(tmp_path, kbstudy_command):
    (tmp_path / "export.dat").write_bytes(writers.vyntus())
    outcome = kbstudy_command("inspect", tmp_path / "export.dat", "--write-profile", "cart.toml")
    assert outcome.status == 0
    assert "cart.toml is written. The device is recognised, so kb.read_gas_exchange reads such files" in outcome.out
    assert 'device = "vyntus"' in Path("cart.toml").read_text("utf-8")


def test_a_profile_is_never_overwritten(tmp_path, kbstudy_command):
    (tmp_path / "other.csv").write_bytes(writers.unknown())
    Path("mine.toml").write_text("corrected", "utf-8")
    outcome = kbstudy_command("inspect", tmp_path / "other.csv", "--write-profile", "mine.toml")
    assert outcome.status == 1
    assert "mine.toml: the profile exists already" in outcome.err
    assert Path("mine.toml").read_text("utf-8") == "corrected"


def test_no_profile_of_a_table_of_a_trial(small, kbstudy_command):
    outcome = kbstudy_command("inspect", small.folder / "data.csv", "--write-profile")
    assert outcome.status == 1
    assert "data.csv: this is not an export that is recognised" in outcome.err
    assert "No row names VO2 and a time" in outcome.err
    assert not list(Path.cwd().iterdir())


def test_a_file_that_contradicts_itself(tmp_path, kbstudy_command):
    (tmp_path / "export.xml").write_bytes(writers.studio_xml(writers.studio_rows(mass="74,8kg")))
    outcome = kbstudy_command("inspect", tmp_path / "export.xml")
    assert outcome.status == 0
    assert "Cortex MetaSoft Studio, recognised by its content but not read" in outcome.out
    assert "body_mass_kg = 74.8 or body_mass_kg = 80" in outcome.out
