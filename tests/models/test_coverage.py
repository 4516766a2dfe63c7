"""A small version of ``benchmarks/coverage.py``: intervals hold the truth about as often as they say."""

from __future__ import annotations

import numpy as np
import pytest

from tests.models import coverage_designs as designs

REPLICATES = 200
#: Four Monte Carlo standard errors of 200 trials around the 93 to 97 % that the full study asks for.
NEAR = 4 * np.sqrt(0.95 * 0.05 / REPLICATES)


@pytest.mark.parametrize("n", [10, 20])
@pytest.mark.parametrize(
    "name", ["adjusted difference, equal variances", "change of one group", "responders, 30 % and 60 %"]
)
def test_intervals_hold_the_truth(name, n):
    for method, count in designs.held(name, n, REPLICATES, seed=1).items():
        assert 0.93 - NEAR <= count / REPLICATES <= 0.97 + NEAR, method


def test_a_wrong_truth_is_not_held(monkeypatch):
    """The study can fail: moved by a standard deviation, the interval misses most of the time."""
    honest = designs._holds
    monkeypatch.setattr(designs, "_holds", lambda found, truth, term=None: honest(found, truth + 1.5, term))
    counts = designs.held("adjusted difference, equal variances", 20, 40, seed=1)
    assert max(counts.values()) < 10


def test_robust_errors_are_what_unequal_variances_need():
    counts = designs.held("adjusted difference, variances 1 and 4, half as many treated", 20, 400, seed=1)
    assert counts["ANCOVA, HC2_BM"] > counts["ANCOVA"] + 5
    assert counts["ANCOVA, HC2_BM"] / 400 > 0.91
