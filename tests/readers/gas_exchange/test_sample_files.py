"""Real exports, read from the shared data: the numbers that each must give."""

from __future__ import annotations

import numpy as np
import pytest

from kbstudy.errors import DataError
from kbstudy.readers.gas_exchange import DEVICES, read_gas_exchange
from kbstudy.readers.gas_exchange.registry import recognised
from kbstudy.readers.gas_exchange.sheets import load_sheets
from kbstudy.readers.source import open_source
from kbstudy.recording import Recording
from tests.conftest import shared
from tests.readers.gas_exchange.reading import said

FILES = {
    "cosmed_legacy_steps.xlsx": "cosmed_legacy",
    "cortex_metasoft3_step.xlsx": "cortex_metasoft3",
    "parvo_binned.csv": "parvo",
    "cosmed_omnia_german.xlsx": "cosmed_omnia",
    "cortex_studio.xml": "cortex_studio",
    "vyntus.txt": "vyntus",
    "mgc_breeze.csv": "mgc_breeze",
}


def weir_kcal(recording: Recording) -> float:
    """Trapezoid over the whole span, gaps bridged."""
    data = recording.data
    rate = 3.9 * data["vo2_l_min"] + 1.1 * data["vco2_l_min"]
    return float(np.trapezoid(rate, data["time_s"] / 60))


@pytest.mark.parametrize(("file", "device"), FILES.items())
def test_a_file_is_recognised_as_one_device(file: str, device: str) -> None:
    found = recognised(load_sheets(open_source(shared(f"carts/{file}"))))
    assert [known.key for known, _ in found] == [device]


@pytest.mark.parametrize(
    ("file", "rows", "start", "end", "kcal", "averaging"),
    [
        ("cosmed_legacy_steps.xlsx", 754, 2.0, 2160.0, 361.28, "breath"),
        ("cortex_metasoft3_step.xlsx", 790, 4.8, 1756.0, 266.76, "breath"),
        ("parvo_binned.csv", 179, 18.07, 2942.25, 492.75, 15.0),
    ],
)
def test_rows_span_and_energy(file: str, rows: int, start: float, end: float, kcal: float, averaging: object) -> None:
    recording = read_gas_exchange(shared(f"carts/{file}"))
    time = recording.data["time_s"]
    assert len(time) == rows
    assert (time.iloc[0], time.iloc[-1]) == pytest.approx((start, end), abs=0.01)
    assert weir_kcal(recording) == pytest.approx(kcal, abs=0.005)
    assert recording.averaging == averaging


def test_cosmed_legacy() -> None:
    recording = read_gas_exchange(shared("carts/cosmed_legacy_steps.xlsx"))
    first = recording.data.iloc[0]
    assert (first["vo2_l_min"], first["vco2_l_min"]) == pytest.approx((0.37996390, 0.30086702), abs=1e-8)
    assert recording.device_energy_kcal_min is not None
    assert recording.device_energy_kcal_min.iloc[0] == pytest.approx(1.80881601, abs=1e-8)
    elia_livesey = 3.781 * recording.data["vo2_l_min"] + 1.237 * recording.data["vco2_l_min"]
    np.testing.assert_allclose(recording.device_energy_kcal_min, elia_livesey, atol=1e-13)
    assert (recording.body_mass_kg, recording.body_mass_source) == (83.0, "VO2 ÷ VO2/kg")
    assert "hr_bpm" not in recording.data
    assert 'column "HR" is 0 in every row' in said(recording)


def test_metasoft_3() -> None:
    recording = read_gas_exchange(shared("carts/cortex_metasoft3_step.xlsx"))
    last, energy = recording.data.iloc[-1], recording.device_energy_kcal_min
    assert (last["vo2_l_min"], last["vco2_l_min"]) == (3.041, 3.188)
    assert energy is not None
    assert energy.iloc[-1] == pytest.approx(22104 / 1440)
    lusk = recording.data["vo2_l_min"] * (
        3.815 + 1.232 * np.minimum(recording.data["vco2_l_min"] / recording.data["vo2_l_min"], 1)
    )
    assert np.abs(energy - lusk).max() < 0.003
    assert recording.body_mass_kg == 72.0
    assert "row 96 (and 1 more row): VO2 is 0 or negative" in said(recording)


def test_parvo_gaps_events_and_conditions() -> None:
    recording = read_gas_exchange(shared("carts/parvo_binned.csv"))
    assert [round(end - start) for start, end in recording.gaps] == [224, 49]
    assert recording.body_mass_kg == 71.0
    data = recording.data
    marked = data[data["marker"] != ""]
    assert marked["marker"].iloc[0] == "Start Exercise; UP1 265W"
    assert marked["time_s"].iloc[0] == pytest.approx(240.96, abs=0.01)
    assert data["ve_l_min"].iloc[0] == pytest.approx(12.110677 * 1.218243)
    # BTPS by the file's factor is breathing rate times tidal volume BTPS
    np.testing.assert_allclose(data["ve_l_min"], data["rf_per_min"] * data["vt_l"], rtol=0.001)
    assert recording.environment["barometric_pressure_mmhg"] == pytest.approx(755.4)


def test_omnia_in_german() -> None:
    recording = read_gas_exchange(shared("carts/cosmed_omnia_german.xlsx"))
    data = recording.data.set_index("time_s")
    first = data.loc[30.0]
    assert (first["vo2_l_min"], first["vco2_l_min"]) == pytest.approx((0.50616, 0.44098), abs=5e-6)
    assert (first["rf_per_min"], first["ve_l_min"], first["load"]) == (34.9, 19.4, 12.0)
    assert first["vt_l"] == pytest.approx(0.56, abs=0.005)
    assert (first["peto2_mmhg"], first["petco2_mmhg"]) == (128.0, 20.0)
    later = data.loc[120.0]
    assert (later["vo2_l_min"], later["vco2_l_min"]) == pytest.approx((2.70773, 2.21242), abs=5e-6)
    assert (later["ve_l_min"], later["load"], later["phase"]) == (62.9, 13.0, "EXERCISE")
    assert (recording.body_mass_kg, recording.averaging, recording.load_unit) == (67.1, 10.0, "km/h")
    weir = 3.9 * recording.data["vo2_l_min"] + 1.1 * recording.data["vco2_l_min"]
    assert np.abs(recording.device_energy_kcal_min - weir).max() < 0.0004
    assert recording.environment["barometric_pressure_mmhg"] == 763.0


def test_studio_says_both_masses_until_one_is_chosen() -> None:
    file = shared("carts/cortex_studio.xml")
    with pytest.raises(DataError) as caught:
        read_gas_exchange(file)
    assert "74.8 kg" in str(caught.value)
    assert "80 kg" in str(caught.value)
    recording = read_gas_exchange(file, body_mass_kg=74.8)
    assert recording.body_mass_source == "given by the caller; file: header 74.8 kg, VO2 ÷ VO2/kg 80 kg"
    first, last = recording.data.iloc[0], recording.data.iloc[-1]
    assert (first["time_s"], first["hr_bpm"], first["load"]) == (9.0, 53.0, 0.0)
    assert (first["vo2_l_min"], first["vco2_l_min"]) == pytest.approx((0.11705, 0.12099), abs=5e-6)
    assert (first["rf_per_min"], first["vt_l"]) == pytest.approx((12.76, 0.513))
    assert first["ve_l_min"] == pytest.approx(6.55, abs=0.005)
    assert (last["time_s"], last["hr_bpm"], last["load"], last["phase"]) == (70.0, 51.0, 50.0, "Erwärmung")
    assert (last["vo2_l_min"], last["vco2_l_min"]) == pytest.approx((0.48622, 0.42848), abs=5e-6)
    energy = recording.device_energy_kcal_min
    assert (energy.iloc[0] * 60, energy.iloc[-1] * 60) == pytest.approx((35.0309, 142.0017), abs=5e-5)


def test_vyntus() -> None:
    recording = read_gas_exchange(shared("carts/vyntus.txt"))
    data = recording.data.set_index("time_s")
    pairs = {56: (321, 267), 60: (971, 857), 120: (1717, 1382), 180: (2415, 1833), 360: (2245, 1927)}
    for second, (vo2, vco2) in pairs.items():
        row = data.loc[float(second)]
        assert (row["vo2_l_min"], row["vco2_l_min"]) == pytest.approx((vo2 / 1000, vco2 / 1000))
    assert (data.loc[56.0, "hr_bpm"], data.loc[360.0, "hr_bpm"], data.loc[360.0, "ve_l_min"]) == (78.0, 112.0, 57.0)
    # the mean of the seven ratios is 68.06; all seven allow 67.98 to 68.10
    assert recording.body_mass_kg == pytest.approx(68.1, abs=0.07)
    assert "between 67.98 and 68.10" in recording.body_mass_source
    assert recording.averaging == 60.0


def test_breeze_decides_which_vo2_is_which() -> None:
    recording = read_gas_exchange(shared("carts/mgc_breeze.csv"))
    first, last = recording.data.iloc[0], recording.data.iloc[-1]
    names = ["time_s", "vo2_l_min", "vco2_l_min", "vt_l"]
    assert tuple(first[names]) == pytest.approx((21.0, 0.373, 0.336, 1.216))
    assert (last["time_s"], last["vo2_l_min"], last["vco2_l_min"]) == pytest.approx((895.0, 2.941, 3.7))
    assert len(recording.data) == 354
    assert recording.body_mass_kg == pytest.approx(63.37, abs=0.01)
    assert "300.1 stands for not measured" in said(recording)
    assert recording.data["grade_percent"].max() < 20


def test_every_device_says_whether_a_real_file_was_seen() -> None:
    assert {device.key for device in DEVICES if device.seen} == set(FILES.values())
