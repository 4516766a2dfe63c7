"""The simulated sessions: read by the readers of real files, stamped, reproducible, and physiologically plausible."""

from __future__ import annotations

import warnings

import numpy as np
import openpyxl
import pandas as pd
import pytest

import kbstudy as kb
from kbstudy.measures.energy import SessionRules, find_bouts, measure_session
from kbstudy.simulate.exports import cosmed_omnia, mgc_breeze, parvo
from kbstudy.simulate.sessions import END_S, LAST_S, START_S, Swinger, session, write_sessions
from tests.conftest import ROOT

FILES = sorted((ROOT / "data/raw/demo-trial/gas").iterdir())
PROTOCOL = "15:15 × 40 from 180 s"
WITHOUT_MASS, WITH_GAP = "P021", "P003"


def masses() -> dict[str, float]:
    export = pd.read_csv(ROOT / "data/raw/demo-trial/redcap_export.csv").dropna(subset="mass_kg")
    return dict(zip(export["record_id"], export["mass_kg"], strict=True))


@pytest.fixture(params=FILES, ids=lambda file: file.name, scope="module")
def recording(request):
    return kb.read_gas_exchange(request.param, identity=True)


def test_three_makes_a_small_folder():
    devices = {kb.read_gas_exchange(file).device for file in FILES}
    assert devices == {"Parvo TrueOne", "MGC BreezeSuite", "COSMED OMNIA"}
    assert all(file.stat().st_size < 60_000 for file in FILES)
    assert sum(file.stat().st_size for file in FILES) < 700_000


def test_every_file_says_that_it_is_simulated_and_whose_it_is(recording):
    person = recording.file.split("_")[0]
    assert recording.simulated
    assert str(recording).startswith("[SIMULATED] ")
    assert set(recording.identity.values()) <= {person, "File number"}  # Parvo's name is empty


def test_the_body_mass_is_the_trials_and_one_file_has_none(recording):
    person = recording.file.split("_")[0]
    if person == WITHOUT_MASS:
        assert recording.body_mass_kg is None
    else:
        assert recording.body_mass_kg == pytest.approx(masses()[person], abs=0.051)


def test_one_file_has_a_gap_and_no_other(recording):
    assert len(recording.gaps) == (recording.file.startswith(WITH_GAP))


def test_the_exercise_is_where_the_protocol_says(recording):
    (bout,) = find_bouts(recording, protocol=PROTOCOL)
    assert (bout.start_s, bout.end_s) == (START_S, END_S)
    assert "vo2" in bout.confirmed_by
    assert recording.data["time_s"].iloc[-1] == pytest.approx(LAST_S, abs=8.0)


def test_the_numbers_are_those_of_such_exercise(recording):
    mass = masses()[recording.file.split("_")[0]]
    found = measure_session(
        recording.with_(body_mass_kg=mass), SessionRules("weir_1949", baseline=(30.0, 170.0), protocol=PROTOCOL)
    )
    assert 7.5 < found.budget.aerobic_kcal_min < 14.5
    assert 3.0 < 1000 * found.budget.baseline.vo2_l_min / mass < 6.0
    assert 20.0 < found.numbers["vo2_ml_kg_min"] < 36.0
    assert 0.1 < found.budget.share_time_rer_above_one < 0.5
    assert found.budget.epoc_truncated
    assert 0.02 < found.budget.epoc_kcal / found.budget.aerobic_kcal < 0.10
    assert 120 < found.numbers["hr_bpm"] < 185
    rer = recording.data.set_index("time_s")["rer"]
    assert rer.loc[:150].between(0.72, 0.95).all()
    assert 1.0 < rer.loc[270:400].mean() < 1.06
    assert 0.92 < rer.loc[900:1300].mean() < 1.0
    air = recording.data["rf_per_min"] * recording.data["vt_l"] / recording.data["ve_l_min"]
    assert air.median() == pytest.approx(1.0, abs=0.03)


@pytest.mark.parametrize("file", [file for file in FILES if file.suffix == ".xlsx"], ids=lambda file: file.name)
def test_the_workbooks_are_sound_for_others_too(file):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        sheet = openpyxl.load_workbook(file).active
    mine = kb.read_gas_exchange(file)
    assert sheet["J1"].value == "t"
    assert [row[0].value for row in sheet["N4:N6"]] == pytest.approx(mine.data["vo2_l_min"].head(3) * 1000)
    found = mine.identify_equation()
    assert "Weir 1949, rounded" in str(found)


# ---- the simulation ----------------------------------------------------------------------------------------------


def swinger(**changes) -> Swinger:
    return Swinger(**{"id": "X1", "female": False, "age": 40.0, "mass_kg": 80.0, **changes})


def test_uptake_rises_with_the_time_constant_it_was_given():
    """The mean of many sessions is close to 63 % of its way 12 + 35 s after the start."""
    rng = np.random.default_rng(1)
    shares = []
    for _ in range(60):
        made = session(swinger(), rng=rng)
        rest = made.vo2[made.time_s < START_S].mean()
        high = made.vo2[(made.time_s > 420) & (made.time_s < 600)].mean()
        at = made.vo2[np.abs(made.time_s - START_S - 47.0) < 3.0].mean()
        shares.append((at - rest) / (high - rest))
    assert np.mean(shares) == pytest.approx(1 - np.exp(-1), abs=0.04)


def test_uptake_goes_up_and_down_with_work_and_rest():
    made = session(swinger(), rng=np.random.default_rng(2))
    inside = (made.time_s > 600) & (made.time_s < END_S)
    phase = 2 * np.pi * (made.time_s[inside] - START_S) / 30.0
    flat = made.vo2[inside] / made.vo2[inside].mean() - 1
    swing = 2 * abs(np.mean(flat * np.exp(-1j * phase)))
    assert 0.03 < swing < 0.07


def test_the_same_seed_gives_the_same_session_and_another_another():
    one, same, other = (session(swinger(), rng=np.random.default_rng(seed)) for seed in (3, 3, 4))
    assert np.array_equal(one.vo2, same.vo2)
    assert len(one) != len(other) or not np.array_equal(one.vo2, other.vo2)


@pytest.mark.parametrize("write", [parvo, mgc_breeze, cosmed_omnia])
def test_a_written_file_gives_back_what_was_simulated(write, tmp_path):
    made = session(swinger(), rng=np.random.default_rng(5))
    file = tmp_path / "export.dat"
    file.write_bytes(write(made, "X1", 80.0))
    read = kb.read_gas_exchange(file)
    assert read.body_mass_kg == pytest.approx(80.0, abs=0.01)
    assert read.simulated
    truth = np.average(made.vo2, weights=made.lengths_s)
    lengths = np.diff(read.data["time_s"], prepend=0.0)
    assert np.average(read.data["vo2_l_min"], weights=lengths) == pytest.approx(truth, rel=0.003)
    assert np.average(read.data["ve_l_min"], weights=lengths) == pytest.approx(
        np.average(made.ve, weights=made.lengths_s), rel=0.005
    )


def test_few_people_are_all_recorded(tmp_path):
    write_sessions(tmp_path, [swinger(id="X1"), swinger(id="X2")], rng=np.random.default_rng(1))
    assert sorted(file.name for file in tmp_path.iterdir()) == ["X1_Week 8.csv", "X2_Week 8.csv"]


@pytest.mark.parametrize("write", [parvo, mgc_breeze])
def test_formats_with_a_column_a_kilogram_need_a_mass(write):
    with pytest.raises(ValueError, match="needs a mass"):
        write(session(swinger(), rng=np.random.default_rng(5)), "X1", None)
