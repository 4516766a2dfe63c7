"""Worked examples of the number needed to treat, and of the ratio of two proportions.

Altman DG (1998). BMJ 317:1309-1312: of a difference of 10 % (-5 % to 25 %) the limits are NNTB 4 and NNTH 20.
Koopman PAR (1984). Biometrics 40:513-517: 36/40 against 16/80, 95 % interval 2.94 to 7.15.
Newcombe RG (1998). Stat Med 17:873-890, table II, examples (a), (b), (g) and (h), method 10.
"""

from __future__ import annotations

import pytest

from kbstudy.models.proportions import koopman, needed_to_treat, newcombe
from tests import tolerances


def test_altman():
    assert needed_to_treat(0.10, -0.05, 0.25) == "NNTB 10.0 (NNTH 20.0 to ∞ to NNTB 4.0)"


def test_koopman():
    assert koopman(36, 40, 16, 80) == pytest.approx((2.94, 7.15), abs=tolerances.TWO_DECIMALS)


@pytest.mark.parametrize(
    ("counts", "limits"),
    [
        ((56, 70, 48, 80), (0.0524, 0.3339)),
        ((9, 10, 3, 10), (0.1705, 0.8090)),
        ((10, 10, 0, 20), (0.6791, 1.0000)),
        ((10, 10, 0, 10), (0.6075, 1.0000)),
    ],
)
def test_newcombe(counts, limits):
    assert newcombe(*counts) == pytest.approx(limits, abs=tolerances.FOUR_DECIMALS)
