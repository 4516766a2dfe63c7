"""NIST Statistical Reference Datasets, one-way analysis of variance: certified F, R² and residual SD.

https://www.itl.nist.gov/div898/strd/anova/anova.html; scipy ships the files. The model is the one behind ``kb.ancova``:
one column an arm, least squares. SmLs04 to 06 have six constant leading digits and SmLs07 to 09 twelve, which cost as
many digits of the answer; once the first value is subtracted, which is exact, it is as good as the stored values.
"""

from __future__ import annotations

import re
from importlib import resources

import numpy as np
import pandas as pd
import pytest

from kbstudy.models._linear import check_blocks, design_of, fitted
from kbstudy.models.adjusted_means import arm_block
from tests import tolerances

#: How near as the values stand, and with the first of them subtracted.
NEAR = {
    "AtmWtAg": (tolerances.STRD_AVERAGE, tolerances.STRD_AVERAGE_SHIFTED),
    "SiRstv": (tolerances.STRD_LOWER, tolerances.STRD_LOWER),
    **{f"SmLs0{i}": (tolerances.STRD_LOWER, tolerances.STRD_LOWER) for i in (1, 2, 3)},
    **{f"SmLs0{i}": (tolerances.STRD_AVERAGE, tolerances.STRD_AVERAGE_SHIFTED) for i in (4, 5, 6)},
    **{f"SmLs0{i}": (tolerances.STRD_HIGHER, tolerances.STRD_HIGHER_SHIFTED) for i in (7, 8, 9)},
}
CERTIFIED = {
    "SiRstv": 1.18046237440255,
    "AtmWtAg": 15.9467335677930,
    **dict.fromkeys(("SmLs01", "SmLs04", "SmLs07"), 21.0),
    **dict.fromkeys(("SmLs02", "SmLs05", "SmLs08"), 201.0),
    **dict.fromkeys(("SmLs03", "SmLs06", "SmLs09"), 2001.0),
}


def read(name):
    """The values with their treatments, and the certified statistics of the file itself."""
    folder = resources.files("scipy.stats.tests") / "data" / "nist_anova"
    if not folder.is_dir():
        pytest.skip("this scipy comes without NIST's files")
    text = (folder / f"{name}.dat").read_text("ascii")
    first, last = (int(x) for x in re.search(r"Data\s+\(lines (\d+) to (\d+)\)", text).groups())
    rows = np.array([line.split() for line in text.splitlines()[first - 1 : last] if line.strip()], dtype="float64")
    f = float(re.search(r"^Between \S+\s.*?(\S+)\s*$", text, re.MULTILINE).group(1))
    r_squared = float(re.search(r"R-Squared\s+(\S+)", text).group(1))
    sd = float(re.search(r"Standard Deviation\s+(\S+)", text.replace("\n", " ")).group(1))
    return rows, f, r_squared, sd


@pytest.mark.parametrize("shifted", [False, True])
@pytest.mark.parametrize("name", CERTIFIED)
def test_f(name, shifted):
    rows, f, r_squared, sd = read(name)
    assert f == CERTIFIED[name]
    values, near = rows[:, 1] - shifted * rows[0, 1], NEAR[name][shifted]
    groups = [f"{group:g}" for group in rows[:, 0]]
    levels = list(dict.fromkeys(groups))
    blocks = [("arm", arm_block(groups, levels))]
    check_blocks(values, blocks, "y")
    fit = fitted(values, design_of(blocks), pd.Series(groups), "y", None)
    differences = np.eye(len(levels))[1:] - np.eye(len(levels))[0]
    assert float(fit.f_test(differences).fvalue) == pytest.approx(f, rel=near)
    assert np.sqrt(fit.mse_resid) == pytest.approx(sd, rel=near)
    assert fit.rsquared == pytest.approx(r_squared, rel=near)
