"""What ``kb.inspect`` says about exports of metabolic carts."""

from __future__ import annotations

from pathlib import Path

import pytest

import kbstudy as kb
from kbstudy.errors import ReadError
from kbstudy.readers.gas_exchange import DEVICES
from kbstudy.readers.gas_exchange.description import describe
from kbstudy.study.inspection import Inspection
from tests.conftest import shared
from tests.readers.gas_exchange import writers

KEYS = list(writers.WRITERS)
LOOKED_FOR = {device.key: device.looked_for for device in DEVICES}


def seen(folder: Path, data: bytes, name: str = "export.dat") -> Inspection:
    (folder / name).write_bytes(data)
    return kb.inspect(folder / name)


@pytest.mark.parametrize("key", KEYS)
def test_every_device_is_described_by_its_content(key: str, tmp_path: Path) -> None:
    found = seen(tmp_path, writers.WRITERS[key]())
    device = next(device for device in DEVICES if device.key == key)
    assert found.headline.startswith(f"export.dat: {device.name}, ")
    assert "24 rows, 1.9 min" in found.headline
    assert f'device = "{key}"; its signature: {device.looked_for}' in found.notes
    assert list(found.columns) == ["column", "in_the_file", "filled", "found"]
    assert {"time_s", "vo2_l_min"} <= set(found.columns["column"])
    unseen = "no real file of this device was seen yet" in str(found)
    assert unseen is not device.seen


@pytest.mark.parametrize("key", KEYS)
def test_nobody_is_named(key: str, tmp_path: Path) -> None:
    found = seen(tmp_path, writers.WRITERS[key]())
    for text in (str(found), found._repr_html_()):
        assert all(secret.casefold() not in text.casefold() for secret in (writers.NAME, writers.BIRTH, writers.NUMBER))


def test_mass_averaging_issues_columns_and_rule_of_a_real_file() -> None:
    found = kb.inspect(shared("carts/cosmed_legacy_steps.xlsx"))
    assert found.headline == (
        "cosmed_legacy_steps.xlsx: COSMED (legacy program), breath by breath, 754 rows, 36.0 min, 83 kg (VO2 ÷ VO2/kg)"
    )
    row = found.columns.set_index("column").loc["vo2_l_min"]
    assert tuple(row) == ("VO2 (ml/min)", "754 of 754", "0.38 to 3.493")
    assert "of 119 columns in the file 15 are of use here; the others are not read" in found.notes
    assert 'file: column "HR" is 0 in every row: not measured; column left out' in found.notes
    assert "no gaps: no interval is above 20 s and three times the median" in found.notes
    assert found.notes[-1].startswith("The energy column is Elia & Livesey 1992 (kcal/min = VO2 × (3.781 + 1.237 RER))")
    assert found.notes[-1].endswith("RER above 1 is not capped.")


def test_gaps_environment_and_issues_with_rows() -> None:
    notes = kb.inspect(shared("carts/parvo_binned.csv")).notes
    assert "2 gaps, 4.5 min in all; nothing is filled in" in notes
    assert 'row 30 (and 1 more row): column "HR": 0 cannot be; taken as missing' in notes
    assert "the device wrote no energy column" in notes
    assert any(note.startswith("environment: ") and "barometric_pressure_mmhg 755.4" in note for note in notes)


def test_a_file_that_contradicts_itself_is_described_and_not_read() -> None:
    found = kb.inspect(shared("carts/cortex_studio.xml"))
    assert found.headline == "cortex_studio.xml: Cortex MetaSoft Studio, recognised by its content but not read"
    assert found.notes[0].endswith("the header says 74.8 kg, and VO2 ÷ VO2/kg is 80 kg in the data")
    assert "what to do: Every value per kilogram depends on it." in found.notes[1]
    units = found.columns.set_index("column")["unit"]
    assert (units["vo2_l_min"], units["energy_kcal_min"], units["rer"]) == ("L/min", "kcal/h", "")


def test_an_energy_column_without_a_rule(tmp_path: Path) -> None:
    rows = writers.studio_rows()
    for row in rows[11:]:
        row[6], row[10] = 0.8, 0.8 * row[11]
    note = seen(tmp_path, writers.studio_xml(rows)).notes[-1]
    assert note.startswith("the rule of the device's energy column cannot be told: ")


def test_a_file_of_several_devices_names_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from kbstudy.readers.gas_exchange import description

    both = [device for device in DEVICES if device.key in {"vyntus", "pnoe"}]
    found = description.recognised

    def doubled(sheets):
        return [(device, layout) for device in both for _, layout in found(sheets)]

    monkeypatch.setattr(description, "recognised", doubled)
    assert (
        'it has the signature of "pnoe" too: say which it is with device = ...'
        in seen(tmp_path, writers.vyntus()).notes
    )


def test_an_unknown_file_gets_candidates_a_mapping_and_what_was_looked_for(tmp_path: Path) -> None:
    found = seen(tmp_path, writers.unknown(), "other.csv")
    assert found.headline == "other.csv: looks like gas exchange, of no device that is recognised"
    assert found.notes[0] == "row 3 may be a header: Elapsed time | Oxygen uptake | CO2 output | RER | Pulse"
    assert '"vo2_l_min": ("Oxygen uptake", "?")' in found.notes[1]
    assert '"rer": "RER", "hr_bpm": "Pulse"}' in found.notes[1]
    assert "RER = VCO2 / VO2 in 100% of the rows" in found.notes
    assert "or write it down for all files of this kind: kbstudy inspect FILE --write-profile" in found.notes
    text = str(found)
    assert all(signature in text for signature in LOOKED_FOR.values())
    assert writers.NAME not in text
    assert found.columns.set_index("column")["unit"].to_dict()["vo2_l_min"] == "?"


def test_the_proposed_mapping_reads_the_file_once_units_are_in(tmp_path: Path) -> None:
    note = next(note for note in seen(tmp_path, writers.unknown(), "other.csv").notes if "mapping = " in note)
    text = note.partition("mapping = ")[2].replace('"Elapsed time", "?"', '"Elapsed time", "s"').replace("?", "mL/min")
    mapping = eval(text)  # what a person would paste
    recording = kb.read_gas_exchange(tmp_path / "other.csv", mapping=mapping)
    assert recording.data["vo2_l_min"].tolist() == pytest.approx([b.vo2 for b in writers.truth()])


def test_a_table_with_names_of_gas_exchange_is_shown_as_both(tmp_path: Path) -> None:
    found = seen(tmp_path, writers.unknown(title=False), "other.csv")
    assert found.headline == "other.csv: 24 rows, 5 columns"
    assert list(found.columns) == ["column", "looks_like", "filled", "found", "odd"]
    assert "other.csv: looks like gas exchange, of no device that is recognised" in found.notes


@pytest.mark.parametrize(
    "text",
    [
        "id,group,visit,pain\nP1,A,Pre,4\nP2,B,Pre,5\n",
        "id,visit,vo2peak,hr\nP1,Pre,31.6,180\nP2,Pre,40,170\n",
        "id,visit,VO2\nP1,Pre,31.6\nP2,Pre,40\n",
    ],
)
def test_a_table_of_a_trial_goes_on_as_ever(text: str, tmp_path: Path) -> None:
    found = seen(tmp_path, text.encode(), "trial.csv")
    assert found.headline.startswith("trial.csv: 2 rows, ")
    assert found.notes == ()


def test_a_named_sheet_is_looked_at_as_a_table(tmp_path: Path) -> None:
    (tmp_path / "x.xlsx").write_bytes(writers.cosmed_legacy(head=False))
    assert kb.inspect(tmp_path / "x.xlsx").headline.startswith("x.xlsx: COSMED")
    assert "looks_like" in kb.inspect(tmp_path / "x.xlsx", sheet="Sheet1").columns


def test_what_is_no_gas_exchange_is_not_described(tmp_path: Path) -> None:
    for name, data in {"a.csv": b"a,b\n1,2\n", "b.pdf": b"%PDF-1.7", "c.csv": b""}.items():
        (tmp_path / name).write_bytes(data)
        assert describe(tmp_path / name) is None
    assert describe(tmp_path / "none.csv") is None


def test_a_damaged_export_says_why(tmp_path: Path) -> None:
    data = writers.studio_xml()
    with pytest.raises(ReadError, match="the XML is damaged or cut off at line"):
        seen(tmp_path, data[: len(data) // 2], "export.xml")
    book = writers.cosmed_legacy()
    with pytest.raises(ReadError, match="damaged spreadsheet or zip archive"):
        seen(tmp_path, book[: len(book) // 2], "export.xlsx")
    with pytest.raises(ReadError, match=r"web page \(HTML\)"):
        seen(tmp_path, b"<html>Log in</html>", "page.xlsx")
