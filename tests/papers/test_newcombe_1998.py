"""Newcombe RG (1998). Stat Med 17:873-890, table II, example (a), method 10: 56/70 against 48/80."""

from __future__ import annotations

import pytest

from kbstudy.models.proportions import newcombe
from tests import tolerances


def test_example_a():
    assert newcombe(56, 70, 48, 80) == pytest.approx((0.0524, 0.3339), abs=tolerances.FOUR_DECIMALS)
