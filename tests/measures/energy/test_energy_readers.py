"""The readers of carts and the loaders of these tests lead to the same numbers."""

from __future__ import annotations

import pytest

from kbstudy.measures.energy import energy_expenditure, find_bouts, identify_equation, vo2_peak
from kbstudy.recording import Recording
from tests.conftest import shared
from tests.measures.energy import carts

LOADERS = {"W1": carts.w1, "W3": carts.w3, "S4": carts.s4, "S5": carts.s5, "P1": carts.p1}
#: The header of the Studio file contradicts its data, so the mass must be said.
OPTIONS = {"S5": {"body_mass_kg": 80.0}}


def read(name: str) -> tuple[Recording, Recording]:
    reading = pytest.importorskip("kbstudy.readers.gas_exchange.reading", reason="the cart readers are not here yet")
    loaded = LOADERS[name]()
    return loaded, reading.read_gas_exchange(shared(f"carts/{loaded.file}"), **OPTIONS.get(name, {}))


@pytest.mark.parametrize("name", LOADERS)
def test_the_same_energy(name: str):
    totals = [energy_expenditure(each, equation="lusk_1928").aerobic_kcal for each in read(name)]
    assert totals[1] == pytest.approx(totals[0], rel=1e-9)


@pytest.mark.parametrize("name", ["W1", "W3", "S4", "S5"])
def test_the_same_rule(name: str):
    ours, theirs = (identify_equation(each) for each in read(name))
    assert theirs.equation == ours.equation
    assert theirs.cap_rer == (None if ours.cap_rer is None else pytest.approx(ours.cap_rer))


@pytest.mark.parametrize("name", ["W1", "W3", "P1"])
def test_the_same_peak_and_bouts(name: str):
    ours, theirs = read(name)
    assert vo2_peak(theirs).vo2_l_min == pytest.approx(vo2_peak(ours).vo2_l_min)
    pairs = zip(find_bouts(theirs), find_bouts(ours), strict=True)
    assert all((a.start_s, a.end_s, a.by) == (b.start_s, b.end_s, b.by) for a, b in pairs)
