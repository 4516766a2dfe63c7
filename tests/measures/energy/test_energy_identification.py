"""What a device did with its own energy column, recovered."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kbstudy.errors import DataError, FitError
from kbstudy.measures.energy import EQUATIONS, identify_equation
from kbstudy.recording import Recording
from tests.measures.energy import carts
from tests.measures.energy.made_up import gas, session

# ---- real devices ------------------------------------------------------------------------------------------------


def test_cosmed_legacy_is_elia_and_livesey_uncapped():
    found = identify_equation(carts.w1())
    assert (found.equation, found.cap_rer, found.cap_known) == ("elia_livesey_1992", None, True)
    assert found.max_error < 1e-14
    assert found.rows == 754
    assert found.also == ()
    assert "Elia & Livesey 1992" in found.sentence()
    assert "RER above 1 is not capped." in found.sentence()


def test_cosmed_omnia_is_weir_rounded():
    found = identify_equation(carts.s4())
    assert found.equation == "weir_1949_rounded"
    assert found.max_error < 0.00036
    assert not found.cap_known
    assert "No row has an RER high enough to tell" in found.sentence()


def test_metasoft_3_is_lusk_capped_at_one():
    """The facts have 0.0026; the file gives 0.00272, with Lusk's coefficients as with 3.815 and 1.232."""
    found = identify_equation(carts.w3())
    assert (found.equation, found.cap_rer) == ("lusk_1928", 1.0)
    assert found.max_error == pytest.approx(0.0027, abs=0.00005)
    assert found.max_error < found.allowance
    assert "RER is capped at 1." in found.sentence()


def test_metasoft_studio_is_a_line_of_its_own():
    found = identify_equation(carts.s5())
    assert (found.equation, found.named) == ("unnamed linear rule", False)
    assert (found.vo2, found.vco2, found.cap_rer) == pytest.approx((3.81444, 1.195, 0.982), abs=1e-9)
    assert found.max_error < 2e-14
    assert "min(RER, 0.982)" in found.sentence()
    assert found.vo2 + found.vco2 * 0.982 == pytest.approx(4.98793, abs=1e-9)


# ---- made-up devices ---------------------------------------------------------------------------------------------


def device(energy_of, rows: int = 60, low: float = 0.72, high: float = 1.15, digits: int | None = None) -> Recording:
    random = np.random.default_rng(7)
    vo2 = random.uniform(0.4, 3.5, rows)
    rer = np.concatenate([random.uniform(low, high, rows - 1), [high]])
    recording = gas(np.arange(rows) * 5.0, vo2, rer)
    energy = energy_of(vo2, vo2 * rer)
    return recording.with_(device_energy_kcal_min=pd.Series(energy if digits is None else energy.round(digits)))


@given(name=st.sampled_from(sorted(EQUATIONS)), policy=st.sampled_from(["cap", "as_is"]))
@settings(max_examples=30)
def test_every_equation_is_recognised(name, policy):
    equation = EQUATIONS[name]
    found = identify_equation(device(lambda vo2, vco2: equation.rate(vo2, vco2, rer_above_one=policy)))
    assert found.equation == name
    capped = policy == "cap" and equation.needs_vco2
    assert found.cap_rer == (equation.rer_carbohydrate if capped else None)
    assert found.max_error < 1e-9


@given(a=st.floats(3.0, 4.5), b=st.floats(0.8, 1.6), cap=st.floats(0.85, 1.05))
@settings(max_examples=30)
def test_any_line_with_any_cap_is_recovered(a, b, cap):
    found = identify_equation(device(lambda vo2, vco2: a * vo2 + b * np.minimum(vco2, cap * vo2)))
    if found.equation in EQUATIONS:
        return
    assert found.cap_rer is not None
    assert (found.vo2, found.vco2, found.cap_rer) == pytest.approx((a, b, cap), rel=1e-6)


def test_rounding_in_the_file_is_allowed_for_and_said():
    found = identify_equation(device(lambda o, c: 3.941 * o + 1.106 * c, digits=1))
    assert found.equation == "weir_1949"
    assert found.allowance == pytest.approx(0.0525, rel=0.01)


def test_equations_that_rounding_hides_are_named():
    found = identify_equation(device(lambda o, c: 3.941 * o + 1.106 * c, digits=0))
    assert {found.equation, *found.also} >= {"weir_1949", "brouwer_1957"}
    assert "Rounding hides the difference to" in found.sentence()


def test_whether_it_is_capped_needs_a_row_above_one():
    found = identify_equation(device(lambda o, c: 3.941 * o + 1.106 * np.minimum(o, c), high=0.97))
    assert (found.equation, found.cap_rer, found.cap_known) == ("weir_1949", None, False)


def test_what_is_no_line():
    found = identify_equation(device(lambda o, c: 5 * o + 0.3 * o**2 + 0 * c))
    assert found.equation == "no linear rule"
    assert "follows no line in VO2 and VCO2" in found.sentence()


def test_every_candidate_is_listed():
    found = identify_equation(device(lambda o, c: 3.781 * o + 1.237 * c))
    table = found.table()
    assert set(EQUATIONS) <= set(table["rule"])
    assert table["max_error"].is_monotonic_increasing
    assert "<table>" in found._repr_html_()
    assert math.isnan(table["cap_rer"][0])


def test_a_recording_can_be_asked():
    assert device(lambda o, c: 3.781 * o + 1.237 * c).identify_equation().equation == "elia_livesey_1992"


def test_rows_without_energy_are_counted():
    recording = device(lambda o, c: 3.781 * o + 1.237 * c)
    energy = recording.device_energy_kcal_min
    assert energy is not None
    energy = energy.copy()
    energy[[3, 4]] = np.nan
    found = identify_equation(recording.with_(device_energy_kcal_min=energy, simulated=True))
    assert found.rows == 58
    assert found.sentence().startswith("[SIMULATED] ")
    assert "2 rows without a device energy left out." in found.sentence()


def test_what_cannot_be_identified():
    with pytest.raises(DataError, match=r"made_up.csv: the device wrote no energy column"):
        identify_equation(session())
    with pytest.raises(FitError, match="4 rows with VO2, VCO2 and energy"):
        identify_equation(device(lambda o, c: 5 * o, rows=4))
    with pytest.raises(FitError, match="VO2 and VCO2 cannot be told apart"):
        identify_equation(session(device_energy_kcal_min=pd.Series(np.ones(361))))
    with pytest.raises(DataError, match="the energy column has 3 rows and the recording 361"):
        identify_equation(session(device_energy_kcal_min=pd.Series(np.ones(3))))
