"""Equations by id: their numbers, where they stop, what they refuse."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kbstudy.errors import PlanError
from kbstudy.measures import ENERGY_PER_LITRE_O2 as FROM_MEASURES
from kbstudy.measures import energy_rate as from_measures
from kbstudy.measures.energy import ENERGY_PER_LITRE_O2, EQUATIONS, energy_rate, equation_named

UPTAKES = st.floats(0.05, 8.0)
RATIOS = st.floats(0.6, 1.6)


def test_the_old_names_still_work():
    assert energy_rate(2.0) == 10.0
    assert ENERGY_PER_LITRE_O2 == {"constant_5_kcal_l": 5.0}
    assert (from_measures, FROM_MEASURES) == (energy_rate, ENERGY_PER_LITRE_O2)


#: kcal a litre at RER 0.71, 0.85 and 1.00, to three decimals, from the sources' own tables or coefficients.
TABLE = {
    "weir_1949": (4.726, 4.881, 5.047),
    "weir_1949_rounded": (4.681, 4.835, 5.000),
    "lusk_1928": (4.690, 4.862, 5.047),
    "elia_livesey_1992": (4.659, 4.832, 5.018),
    "brouwer_1957": (4.717, 4.885, 5.064),
    "peronnet_massicotte_1991": (4.858, 5.020, 5.194),
    "jeukendrup_wallis_2005_high": (4.862, 4.939, 5.021),
    "jeukendrup_wallis_2005_moderate": (4.843, 4.924, 5.010),
    "constant_5_kcal_l": (5.0, 5.0, 5.0),
}


@pytest.mark.parametrize("name", EQUATIONS)
def test_energy_of_a_litre(name: str):
    found = EQUATIONS[name].rate([1.0, 1.0, 1.0], [0.71, 0.85, 1.0], rer_above_one="as_is")
    assert found == pytest.approx(TABLE[name], abs=0.00051)


def test_lusk_is_his_table():
    ratios = [0.707, 0.75, 0.80, 0.85, 0.90, 0.95, 1.00]
    table = [4.686, 4.739, 4.801, 4.862, 4.924, 4.985, 5.047]
    assert energy_rate(np.ones(7), np.array(ratios), equation="lusk_1928") == pytest.approx(table, abs=0.00051)


@pytest.mark.parametrize("name", EQUATIONS)
def test_every_equation_says_where_it_comes_from(name: str):
    equation = EQUATIONS[name]
    assert equation.id == name
    assert len(equation.citation) > 30
    assert "L/min STPD" in equation.formula
    assert 0.69 < equation.rer_fat < 0.72
    assert 0.99 < equation.rer_carbohydrate <= 1.0


def test_capped_is_pure_carbohydrate():
    assert energy_rate(2.0, 2.6, equation="lusk_1928") == pytest.approx(2 * 5.047, abs=0.0005)
    assert energy_rate(2.0, 2.6, equation="weir_1949_rounded") == pytest.approx(10.0)
    assert energy_rate(2.0, 2.6, equation="weir_1949_rounded", rer_above_one="as_is") == pytest.approx(10.66)


def test_a_table_holds_below_its_lowest_ratio():
    assert energy_rate(1.0, 0.65, equation="lusk_1928") == pytest.approx(4.686)
    assert energy_rate(1.0, 0.65, equation="lusk_1928", rer_above_one="as_is") == pytest.approx(4.686)
    assert energy_rate(1.0, 0.65, equation="weir_1949") == pytest.approx(3.941 + 1.106 * 0.65)


@given(vo2=UPTAKES, ratio=RATIOS, name=st.sampled_from(sorted(EQUATIONS)))
def test_capped_is_never_more(vo2: float, ratio: float, name: str):
    equation = EQUATIONS[name]
    capped = equation.rate(vo2, vo2 * ratio, rer_above_one="cap")
    assert capped <= equation.rate(vo2, vo2 * ratio, rer_above_one="as_is") + 1e-12
    assert 4.4 * vo2 < capped < 5.21 * vo2


@given(vo2=UPTAKES, ratio=RATIOS, factor=st.floats(0.1, 3.0), name=st.sampled_from(sorted(EQUATIONS)))
def test_twice_the_gas_is_twice_the_energy(vo2: float, ratio: float, factor: float, name: str):
    equation = EQUATIONS[name]
    once = equation.rate(vo2, vo2 * ratio, rer_above_one="cap")
    assert equation.rate(factor * vo2, factor * vo2 * ratio, rer_above_one="cap") == pytest.approx(factor * once)


WITH_SUBSTRATES = [name for name, equation in EQUATIONS.items() if equation.fat]


@given(vo2=UPTAKES, ratio=RATIOS, name=st.sampled_from(WITH_SUBSTRATES))
def test_fat_and_carbohydrate_are_never_negative_and_never_above_one(vo2: float, ratio: float, name: str):
    found = EQUATIONS[name].substrates([vo2], [vo2 * ratio])
    if ratio > 1.0001:
        assert np.isnan(found.fat_g_min).all()
        assert np.isnan(found.carbohydrate_g_min).all()
    elif ratio > 0.706:
        assert found.fat_g_min >= 0
        assert found.carbohydrate_g_min >= 0


@pytest.mark.parametrize(
    ("name", "carbohydrate_kcal"), [("jeukendrup_wallis_2005_high", 4.07), ("jeukendrup_wallis_2005_moderate", 3.95)]
)
def test_substrates_add_up_to_the_energy(name: str, carbohydrate_kcal: float):
    vo2, vco2 = np.full(3, 2.0), np.array([1.5, 1.7, 1.9])
    fat, carbohydrate = EQUATIONS[name].substrates(vo2, vco2)
    energy = EQUATIONS[name].rate(vo2, vco2, rer_above_one="cap")
    assert 9.75 * fat + carbohydrate_kcal * carbohydrate == pytest.approx(energy, rel=0.005)


def test_an_unknown_equation_names_the_closest():
    with pytest.raises(PlanError, match=r'"weir_1994" is not an energy equation; did you mean "weir_1949"\?'):
        equation_named("weir_1994")


def test_carbon_dioxide_is_asked_for_and_not_ignored():
    with pytest.raises(PlanError, match="lusk_1928 needs VCO2, and there is none") as caught:
        energy_rate(2.0, equation="lusk_1928")
    assert "constant_5_kcal_l" in str(caught.value)
    with pytest.raises(PlanError, match="would ignore the VCO2 that was given"):
        energy_rate(2.0, 1.8)


def test_unknown_policies_and_substrates_are_refused():
    with pytest.raises(PlanError, match='rer_above_one="caped" is not a policy; did you mean "cap"'):
        energy_rate(2.0, 1.8, equation="weir_1949", rer_above_one="caped")  # type: ignore[call-overload]
    with pytest.raises(PlanError, match="weir_1949 has no coefficients for fat and carbohydrate") as caught:
        EQUATIONS["weir_1949"].substrates(2.0, 1.8)
    assert "peronnet_massicotte_1991" in str(caught.value)
