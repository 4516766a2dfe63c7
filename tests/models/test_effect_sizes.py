"""The numeric helpers of the effect sizes, over the range that trials can reach."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from kbstudy.models.effect_sizes import hedges_correction, noncentrality_interval, paired_effect_sizes
from tests import tolerances


@pytest.mark.parametrize(("df", "value"), [(2, 0.5641895835), (9, 0.9138748918), (1000, 0.9992497812)])
def test_hedges_correction(df, value):
    assert hedges_correction(df) == pytest.approx(value, rel=1e-9)


def test_no_correction_exists_for_two_pairs():
    assert math.isnan(hedges_correction(1))


@pytest.mark.parametrize("level", [0.5, 0.95, 0.9999])
@pytest.mark.parametrize("df", [1, 2, 9, 59])
@pytest.mark.parametrize("t", [-2000.0, -300.0, -4.06, 0.0, 1e-9, 2.0, 77.0])
def test_noncentrality_limits_put_t_at_the_quantiles(t, df, level):
    low, high = noncentrality_interval(t, df, level)
    assert stats.nct.cdf(t, df, low) == pytest.approx((1 + level) / 2, abs=1e-8)
    assert stats.nct.cdf(t, df, high) == pytest.approx((1 - level) / 2, abs=1e-8)
    assert low < high


def test_the_interval_mirrors():
    low, high = noncentrality_interval(3.0, 12, 0.95)
    assert noncentrality_interval(-3.0, 12, 0.95) == pytest.approx((-high, -low), rel=tolerances.IDENTITY)


def test_nothing_is_divided_by_a_baseline_without_spread():
    before, after = np.full(4, 5.0), np.array([4.0, 3.0, 5.0, 2.0])
    sizes = {size.name: size for size in paired_effect_sizes(before, after, after - before, 0.95)}
    assert math.isnan(sizes["glass_delta_baseline"].value)
    assert math.isnan(sizes["cohen_drm"].value)
    assert math.isfinite(sizes["cohen_dav"].value)
