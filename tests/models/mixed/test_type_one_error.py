"""A test at 5 % must not call significant what is not there; the full study is benchmarks/type_one_error.py."""

from __future__ import annotations

import numpy as np
import pytest

from tests.models.mixed import null_designs

REPLICATES = 800
#: Three Monte Carlo standard errors of a share of 5 % among so many replicates.
CHANCE = 3 * np.sqrt(0.05 * 0.95 / REPLICATES)


@pytest.mark.parametrize("name", null_designs.DESIGNS)
def test_kenward_roger_keeps_its_level(name):
    found = null_designs.rates(name, REPLICATES, seed=11)
    assert found.converged.mean() > 0.95
    assert abs(found.rate("kenward_roger") - 0.05) < CHANCE
    assert found.rate("z") > found.rate("kenward_roger")
    assert found.rate("satterthwaite") >= found.rate("kenward_roger") - 1e-12
    assert found.median_df < 25
