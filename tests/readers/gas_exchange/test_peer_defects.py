"""Defects that were found in other programs for the same files: one test each, with the number that is right.

The programs are spiro (R, commit 3709c29), whippr (R, commit 64c98b3), cardiometR (R), pyoxynet (Python) and epl (R);
each docstring names the place. What else they were found to do wrong concerns neither reading nor energy.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import kbstudy as kb
from kbstudy.errors import ReadError
from kbstudy.measures.energy import EQUATIONS, energy_expenditure, vo2_peak
from kbstudy.readers.gas_exchange.numbers import read_numbers
from tests.conftest import ROOT, shared
from tests.measures.energy.made_up import gas
from tests.readers.gas_exchange import writers
from tests.readers.gas_exchange.reading import assert_truth, read, said


def test_missing_vco2_is_vo2_times_rer_and_not_divided_by_it(tmp_path: Path) -> None:
    """spiro, R/spiro_get.R line 401: VO2 / RER, which turns a true RER of 1.2 into 0.83."""
    rows = writers.studio_rows()
    for row in rows[11:]:
        row[6], row[10] = 1.2, "-"
    recording = read(tmp_path, writers.studio_xml(rows))
    rer = recording.data["vco2_l_min"] / recording.data["vo2_l_min"]
    np.testing.assert_allclose(rer, 1.2)
    energy = energy_expenditure(recording, equation="weir_1949", rer_above_one="as_is")
    oxygen = np.trapezoid(recording.data["vo2_l_min"], recording.data["time_s"] / 60)
    assert energy.aerobic_kcal == pytest.approx(oxygen * (3.941 + 1.106 * 1.2))


def test_end_tidal_carbon_dioxide_in_kpa_stays_in_its_own_column(tmp_path: Path) -> None:
    """spiro, line 468: PetCO2 × 7.5 is written into PetO2, and PetCO2 stays in kPa."""
    names = ["t", "VO2", "VCO2", "RER", "PETO2", "PETCO2"]
    body = [[b.t, 1000 * b.vo2, 1000 * b.vco2, b.rer, 13.5, 5.3] for b in writers.truth()]
    mapping = {
        "time_s": ("t", "s"),
        "vo2_l_min": ("VO2", "mL/min"),
        "vco2_l_min": ("VCO2", "mL/min"),
        "rer": "RER",
        "peto2_mmhg": ("PETO2", "kPa"),
        "petco2_mmhg": ("PETCO2", "kPa"),
    }
    data = read(tmp_path, writers.text([names, *body]), mapping=mapping).data
    np.testing.assert_allclose(data["peto2_mmhg"], 101.26, atol=0.01)
    np.testing.assert_allclose(data["petco2_mmhg"], 39.75, atol=0.01)


def test_minus_signs_and_thousands_are_kept() -> None:
    """spiro, line 549, to_number: everything but digits and the point goes, so -30 is 30 and 1.234,5 is missing."""
    assert read_numbers(["-30", "\N{MINUS SIGN}1,5", "1.234,5"]).values.tolist() == [-30.0, -1.5, 1234.5]


def test_times_before_the_start_stay_before_it(tmp_path: Path) -> None:
    """The same place: a time of -0:30 would come after 0:10."""
    body = [[time, 300 + n, 250 + n] for n, time in enumerate(["-0:30", "-0:10", "0:10", "0:30"])]
    mapping = {"time_s": ("t", "mm:ss"), "vo2_l_min": ("VO2", "mL/min"), "vco2_l_min": ("VCO2", "mL/min")}
    data = read(tmp_path, writers.text([["t", "VO2", "VCO2"], *body]), mapping=mapping).data
    assert data["time_s"].tolist() == [-30, -10, 10, 30]
    assert data["vo2_l_min"].tolist() == [0.3, 0.301, 0.302, 0.303]


@pytest.mark.parametrize("name", [name for name, equation in EQUATIONS.items() if equation.fat])
def test_substrates_above_an_rer_of_one_do_not_apply(name: str) -> None:
    """spiro, calo: 8.17 g/min of carbohydrate, 32.7 kcal/min, where 5 L of oxygen yield 25.2 at the most."""
    fat, carbohydrate = EQUATIONS[name].substrates([5.0], [5.3])
    assert np.isnan(fat).all()
    assert np.isnan(carbohydrate).all()


@pytest.mark.parametrize("name", EQUATIONS)
def test_oxygen_never_yields_more_than_it_can(name: str) -> None:
    """The same place: the energy. Péronnet and Massicotte have 5.189 kcal/L at an RER of 1, the others 5.07 at most."""
    most = 5.19 if name == "peronnet_massicotte_1991" else 5.07
    assert EQUATIONS[name].rate(5.0, 5.3, rer_above_one="cap") <= 5 * most


def test_sparse_cells_of_spreadsheetml_stay_in_their_columns(tmp_path: Path) -> None:
    """spiro, import_xml: ss:Index is ignored, so what follows an empty cell moves to the left."""
    rows = writers.studio_rows()
    for row in rows[11:]:
        row[4] = row[5] = ""
    data = writers.studio_xml(rows)
    assert b'ss:Index="7"' in data
    recording = read(tmp_path, data)
    assert_truth(recording, writers.truth())
    np.testing.assert_allclose(recording.data["rer"], [b.rer for b in writers.truth()])


def test_the_method_of_averaging_that_was_asked_for_is_used() -> None:
    """whippr, R/max.R line 257: average_method is ignored, and it always bins."""
    time = np.arange(0.0, 181.0, 1.0)
    recording = gas(time, np.where((time >= 75) & (time <= 105), 3.0, 1.0))
    rolling, binned = (vo2_peak(recording, method=method, seconds=30) for method in ("rolling", "bin"))
    assert rolling.vo2_l_min == pytest.approx(3.0)
    assert binned.vo2_l_min == pytest.approx(2.0, abs=0.05)


def test_minutes_and_seconds_as_text_in_a_parvo_file(tmp_path: Path) -> None:
    """whippr, issue 12: the times of a Parvo workbook (' 0:31') become missing."""
    recording = read(tmp_path, writers.workbook(writers.parvo_rows(minutes=False)))
    assert recording.data["time_s"].tolist() == [b.t for b in writers.truth()]


def test_a_window_of_thirty_seconds_is_thirty_seconds_at_the_peak() -> None:
    """cardiometR, find_peaks: 30 s over the mean interval of the test, too short where breathing is fastest."""
    slow, fast = np.arange(0.0, 600.0, 5.0), np.arange(600.0, 661.0, 1.0)
    time = np.concatenate([slow, fast])
    vo2 = np.where(time < 630, 2.0, np.where(time < 640, 4.0, 2.0))
    found = vo2_peak(gas(time, vo2), seconds=30)
    assert found.end_s - found.start_s == pytest.approx(30)
    rows = round(30 / np.diff(time).mean())
    as_there = max(np.convolve(vo2, np.ones(rows) / rows, "valid"))
    assert as_there == pytest.approx(4.0)
    assert found.vo2_l_min == pytest.approx(2 + 2 * 10 / 30, abs=0.05)


def test_no_body_mass_is_ever_made_up(tmp_path: Path) -> None:
    """pyoxynet fills in 70 kg, 180 cm, 40 years and male; cardiometR has defaults of its own."""
    recording = read(tmp_path, writers.pnoe())
    assert recording.body_mass_kg is None
    assert np.isnan(vo2_peak(recording, seconds=15).ml_kg_min)
    rows = [["t", "VO2/kg"], *[[10 * n, 20.0 + n] for n in range(1, 6)]]
    mapping = {"time_s": ("t", "s"), "vo2_ml_kg_min": ("VO2/kg", "mL/kg/min")}
    with pytest.raises(ReadError, match="VO2 per kilogram only and no body mass"):
        read(tmp_path, writers.text(rows), mapping=mapping)


def test_no_age_height_or_sex_is_made_up(tmp_path: Path) -> None:
    """The same: a recording has no place for them."""
    recording = read(tmp_path, writers.pnoe(), identity=True)
    text = f"{recording} {recording.environment} {recording.identity}".casefold()
    assert not any(word in text for word in ("180", "male", "height", "age", "70 kg"))


def test_breaths_are_weighted_by_their_time() -> None:
    """Every peer with an energy column averages rows; here the bias of that is reported beside the integral."""
    budget = energy_expenditure(kb.read_gas_exchange(shared("carts/cosmed_legacy_steps.xlsx")), equation="weir_1949")
    assert budget.row_mean_bias == pytest.approx(0.069, abs=0.001)


def test_breaths_of_a_mixing_chamber_are_said_not_to_be_for_this() -> None:
    """epl: breath by breath from a Parvo mixing chamber is not valid without a correction that no export carries."""
    text = (ROOT / "docs" / "reference" / "gas-exchange-files.md").read_text("utf-8")
    assert "for breath-by-breath exports of a mixing chamber" in " ".join(text.split())


def test_a_column_that_is_read_says_so(tmp_path: Path) -> None:
    """pyoxynet finds columns by their position: moved columns are other quantities there."""
    rows = [list(reversed(row)) for row in writers.studio_rows()[9:]]
    recording = read(tmp_path, writers.workbook(rows))
    assert_truth(recording, writers.truth())
    assert "computed" not in said(recording)
