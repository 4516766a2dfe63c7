"""pingouin computes the same t, p and intervals by its own code; its analysis of covariance gives the same test.

Checked with pingouin 0.7. Nothing of kbstudy passes its column names through.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pingouin as pg
import pytest

import kbstudy as kb

SAME = 1e-10  # relative; both compute in double precision by short formulas
PRINTED = 0.0051  # pingouin rounds its intervals to two decimals
LEAST_SQUARES = 1e-8  # relative; two different ways to the same sum of squares


@pytest.fixture(scope="module")
def trial():
    rng = np.random.default_rng(20261123)
    before = rng.normal(30, 6, 40)
    after = 0.6 * before + rng.normal(10, 4, 40) - np.repeat([0.0, 3.0], 20)
    return pd.DataFrame({"id": np.arange(40), "arm": np.repeat(["A", "B"], 20), "before": before, "after": after})


def test_paired(trial):
    long = trial.melt(id_vars="id", value_vars=["before", "after"], var_name="visit", value_name="score")
    ask = {"participant": "id", "visit": "visit", "baseline": "before", "followup": "after"}
    ours = kb.paired(long, "score", **ask, p_values=True)
    theirs = pg.ttest(trial["after"], trial["before"], paired=True).iloc[0]
    row = ours.row("mean_change")
    assert row["statistic"] == pytest.approx(theirs["T"], rel=SAME)
    assert row["p"] == pytest.approx(theirs["p_val"], rel=SAME)
    assert [row["low"], row["high"]] == pytest.approx(list(theirs["CI95"]), abs=PRINTED)


@pytest.mark.filterwarnings("ignore:The inplace keyword:pandas.errors.Pandas4Warning")  # in pingouin 0.7
def test_ancova(trial):
    ours = kb.ancova(trial, "after", baseline="before", arm="arm", reference="A")
    theirs = pg.ancova(data=trial, dv="after", covar="before", between="arm").set_index("Source").loc["arm"]
    row = ours.row(contrast="B - A")
    assert row["statistic"] ** 2 == pytest.approx(theirs["F"], rel=LEAST_SQUARES)
    assert row["p"] == pytest.approx(theirs["p_unc"], rel=LEAST_SQUARES)
