"""The signed-rank helper at its edges, against scipy and by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from kbstudy.models.signed_rank import signed_rank
from tests import tolerances


@pytest.mark.parametrize("n", [2, 3, 5, 6, 17, 49])
def test_exact_p_is_scipys(n):
    change = np.random.default_rng(n).normal(0.4, 1, n)
    found = signed_rank(change, 0.95)
    assert found.exact
    assert found.p == pytest.approx(stats.wilcoxon(change, method="exact").pvalue, rel=tolerances.IDENTITY)


@pytest.mark.parametrize("n", [50, 80])
def test_approximate_p_is_scipys(n):
    change = np.random.default_rng(n).normal(0.2, 1, n)
    found = signed_rank(change, 0.95)
    assert not found.exact
    theirs = stats.wilcoxon(change, method="asymptotic", correction=True).pvalue
    assert found.p == pytest.approx(theirs, rel=tolerances.IDENTITY)


def test_five_changes_cannot_reach_95_percent():
    found = signed_rank(np.array([1.0, 2.5, 3.1, -0.4, 5.0]), 0.95)
    assert (found.low, found.high) == (-0.4, 5.0)
    assert found.attained == pytest.approx(1 - 2 / 2**5)


def test_the_interval_covers_at_least_its_level_when_it_can():
    for n in range(6, 49):
        assert signed_rank(np.arange(1.0, n + 1), 0.95).attained >= 0.95


def test_zeros_are_dropped_and_counted():
    found = signed_rank(np.array([0.0, 0.0, 1.0, 2.0, 3.0]), 0.95)
    assert (found.n, found.zeros, found.v, found.exact) == (3, 2, 6.0, False)
    assert found.pseudo_median == 2.0


def test_one_change_that_is_not_zero_has_no_interval():
    found = signed_rank(np.array([0.0, 0.0, 0.0, 4.0]), 0.95)
    assert found.pseudo_median == 4.0
    assert math.isnan(found.low)
    assert math.isnan(found.high)


def test_a_balanced_set_has_p_one():
    assert signed_rank(np.array([-1.0, 1.0, -2.0, 2.0]), 0.95).p == 1.0
