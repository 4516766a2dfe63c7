"""Folders of exports: the same result for any number of processes, all problems of all files."""

from __future__ import annotations

import os
import warnings
from pathlib import Path

import pandas as pd
import pytest

import kbstudy as kb
from kbstudy.errors import PlanError, ReadError
from kbstudy.readers.gas_exchange import folder as module
from kbstudy.recording import Recording
from tests.readers.gas_exchange import writers

KEYS = list(writers.WRITERS)


@pytest.fixture
def carts(tmp_path: Path) -> Path:
    """One file of every device, written in another order than that of their names."""
    folder = tmp_path / "carts"
    folder.mkdir()
    for number, key in reversed(list(enumerate(KEYS))):
        (folder / f"P{number:02d}.dat").write_bytes(writers.WRITERS[key]())
    return folder


def the_same(first: dict[str, Recording], second: dict[str, Recording]) -> None:
    assert list(first) == list(second)
    for name in first:
        one, two = first[name], second[name]
        pd.testing.assert_frame_equal(one.data, two.data, check_exact=True)
        assert str(one) == str(two)
        assert (one.sha256, one.gaps, one.environment) == (two.sha256, two.gaps, two.environment)


def test_a_folder_is_its_files_in_the_order_of_their_names(carts: Path) -> None:
    recordings = kb.read_gas_exchange_folder(carts)
    assert list(recordings) == [f"P{number:02d}.dat" for number in range(len(KEYS))]
    the_same(recordings, {name: kb.read_gas_exchange(carts / name) for name in recordings})


@pytest.mark.parametrize("workers", [2, 5, 99])
def test_any_number_of_processes_gives_the_same(workers: int, carts: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        the_same(kb.read_gas_exchange_folder(carts, workers=workers), kb.read_gas_exchange_folder(carts, workers=1))


@pytest.mark.parametrize("workers", [1, 2])
def test_all_problems_of_all_files_in_one_error(workers: int, carts: Path) -> None:
    (carts / "P03.dat").write_bytes(b"<html>Log in</html>")
    (carts / "P05.dat").write_bytes(b"")
    (carts / "P07.dat").write_bytes(writers.studio_xml(writers.studio_rows(mass="74,8kg")))
    with pytest.raises(ReadError) as caught:
        kb.read_gas_exchange_folder(carts, workers=workers)
    assert [problem.file for problem in caught.value.problems] == ["P03.dat", "P05.dat", "P07.dat"]
    lines = str(caught.value).splitlines()
    assert lines[0] == "P03.dat: this is a web page (HTML), not a table of gas exchange"
    assert lines[1] == "P05.dat: the file is empty"
    assert lines[2].startswith("P07.dat: two body masses: the header says 74.8 kg")
    assert 'What to do: for "P07.dat": Every value per kilogram depends on it.' in str(caught.value)


def test_an_advice_for_many_files_names_the_first(carts: Path) -> None:
    for number in range(5):
        (carts / f"P0{number}.dat").write_bytes(b"a,b\n1,2\n")
    (carts / "P05.dat").write_bytes(b"%PDF-1.7")
    with pytest.raises(ReadError, match='for "P00.dat", "P01.dat", "P02.dat" and 2 more files: No row names VO2'):
        kb.read_gas_exchange_folder(carts)


def test_one_advice_needs_no_names(carts: Path) -> None:
    (carts / "P05.dat").write_bytes(b"%PDF-1.7")
    with pytest.raises(ReadError, match="What to do: A gas-exchange export is a spreadsheet"):
        kb.read_gas_exchange_folder(carts)


# ---- body masses -------------------------------------------------------------------------------------------------


def test_masses_by_file(carts: Path) -> None:
    (carts / "P00.dat").write_bytes(writers.studio_xml(writers.studio_rows(mass="74,8kg")))
    pnoe = f"P{KEYS.index('pnoe'):02d}.dat"
    recordings = kb.read_gas_exchange_folder(carts, body_mass_kg={"P00.dat": 74.8, pnoe: 66.0})
    assert (recordings["P00.dat"].body_mass_kg, recordings[pnoe].body_mass_kg) == (74.8, 66.0)
    assert recordings["P00.dat"].body_mass_source.startswith("given by the caller")
    assert kb.read_gas_exchange_folder(carts, body_mass_kg={"P00.dat": 80.0})[pnoe].body_mass_kg is None


@pytest.mark.parametrize(
    ("masses", "message"),
    [
        ({"P00.dta": 74.8}, 'body_mass_kg: there is no file "P00.dta"; did you mean "P00.dat"'),
        ({"P00.dat": 7.48}, "P00.dat: body_mass_kg = 7.48 is not a body mass in kilograms"),
        (74.8, "One mass for everybody would be wrong for nearly everybody"),
    ],
)
def test_masses_that_cannot_be(masses: object, message: str, carts: Path) -> None:
    with pytest.raises(PlanError, match=message):
        kb.read_gas_exchange_folder(carts, body_mass_kg=masses)  # type: ignore[arg-type]


def test_all_wrong_masses_at_once(carts: Path) -> None:
    with pytest.raises(PlanError) as caught:
        kb.read_gas_exchange_folder(carts, body_mass_kg={"x": 70.0, "y": 70.0, "P00.dat": 700.0})
    assert len(caught.value.problems) == 3


# ---- which files -------------------------------------------------------------------------------------------------


def test_a_pattern_chooses(carts: Path) -> None:
    (carts / "readme.txt").write_text("Exports of spring")
    assert len(kb.read_gas_exchange_folder(carts, pattern="*.dat")) == len(KEYS)
    with pytest.raises(ReadError, match="readme.txt: this is not an export that is recognised"):
        kb.read_gas_exchange_folder(carts)


def test_what_programs_leave_behind_is_not_meant(carts: Path) -> None:
    for name in (".DS_Store", "~$P00.xlsx", "._P00.dat"):
        (carts / name).write_bytes(b"\x05\x06")
    assert len(kb.read_gas_exchange_folder(carts)) == len(KEYS)


def test_folders_inside_count_only_if_asked_for(carts: Path) -> None:
    for visit in ("week 0", "week 8"):
        (carts / visit).mkdir()
        (carts / visit / "P01.dat").write_bytes(writers.vyntus())
    assert "week 8/P01.dat" not in kb.read_gas_exchange_folder(carts)
    names = list(kb.read_gas_exchange_folder(carts, pattern="*/*.dat", body_mass_kg={"week 8/P01.dat": 70.0}))
    assert names == ["week 0/P01.dat", "week 8/P01.dat"]


def test_paths_are_named_as_in_the_folder_that_they_share(tmp_path: Path) -> None:
    files = []
    for person in ("P2", "P1"):
        (tmp_path / person).mkdir()
        files.append(tmp_path / person / "export.dat")
        files[-1].write_bytes(writers.vyntus())
    assert list(kb.read_gas_exchange_folder(files)) == ["P1/export.dat", "P2/export.dat"]
    assert list(kb.read_gas_exchange_folder([str(files[0])])) == ["export.dat"]
    with pytest.raises(PlanError, match='the file "P2/export.dat" was given twice'):
        kb.read_gas_exchange_folder([*files, files[0]])


def test_paths_on_two_drives_keep_their_whole_names(carts: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def none_in_common(_: object) -> str:
        raise ValueError("Paths don't have the same drive")

    monkeypatch.setattr(os.path, "commonpath", none_in_common)
    assert list(kb.read_gas_exchange_folder([carts / "P00.dat"])) == [(carts / "P00.dat").as_posix()]


@pytest.mark.parametrize(
    ("where", "pattern", "message"),
    [
        ("cart", "*", 'there is no folder "cart"; did you mean "carts"'),
        ("carts", "*.xlsx", r'folder "carts" has no file that fits "\*.xlsx"'),
        ("carts/P00.dat", "*", '"P00.dat" is a file, not a folder'),
    ],
)
def test_no_files(where: str, pattern: str, message: str, carts: Path) -> None:
    with pytest.raises(ReadError, match=message):
        kb.read_gas_exchange_folder(carts.parent / where, pattern=pattern)


def test_an_empty_list_and_a_missing_file(carts: Path) -> None:
    with pytest.raises(ReadError, match="no files were given"):
        kb.read_gas_exchange_folder([])
    with pytest.raises(ReadError, match='P99.dat: file "P99.dat" was not found'):
        kb.read_gas_exchange_folder([carts / "P00.dat", carts / "P99.dat"])


@pytest.mark.parametrize("pattern", ["", "/etc/*"])
def test_a_pattern_that_cannot_be(pattern: str, carts: Path) -> None:
    with pytest.raises(PlanError, match="cannot be used"):
        kb.read_gas_exchange_folder(carts, pattern=pattern)


# ---- the other arguments -----------------------------------------------------------------------------------------


def test_device_and_mapping_are_checked_once_before_any_file(carts: Path) -> None:
    with pytest.raises(PlanError, match='no device "vintus"') as caught:
        kb.read_gas_exchange_folder(carts, device="vintus")
    assert len(caught.value.problems) == 1
    with pytest.raises(PlanError, match="is not a unit of vo2_l_min"):
        kb.read_gas_exchange_folder(carts, mapping={"vo2_l_min": ("VO2", "stone")})
    with pytest.raises(ReadError, match="does not look like Parvo TrueOne") as caught_all:
        kb.read_gas_exchange_folder(carts, device="parvo")
    assert len(caught_all.value.problems) == len(KEYS) - 1


def test_identity_is_kept_only_when_asked_for(carts: Path) -> None:
    assert not any(recording.identity for recording in kb.read_gas_exchange_folder(carts).values())
    kept = kb.read_gas_exchange_folder(carts, identity=True)
    assert writers.NAME in kept[f"P{KEYS.index('vyntus'):02d}.dat"].identity.values()


@pytest.mark.parametrize("workers", [0, -1, 1.5, True])
def test_workers_that_cannot_be(workers: object, carts: Path) -> None:
    with pytest.raises(PlanError, match="is not a number of processes"):
        kb.read_gas_exchange_folder(carts, workers=workers)  # type: ignore[arg-type]


def test_few_small_files_need_no_processes(carts: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = sorted(carts.iterdir())
    assert module._how_many(None, files) == 1
    monkeypatch.setattr(module, "_SMALL", 1000)
    import joblib

    assert module._how_many(None, files) == min(joblib.cpu_count(), len(files))
    assert module._how_many(None, files[:1]) == 1


def test_a_process_that_is_ended(carts: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What memory running out looks like."""
    monkeypatch.setattr(module, "_read", _ends)
    with pytest.raises(ReadError, match="a process that was reading files ended") as caught:
        kb.read_gas_exchange_folder(carts, workers=2)
    assert "workers = 1" in str(caught.value)


def _ends(_: object) -> None:
    os._exit(9)
