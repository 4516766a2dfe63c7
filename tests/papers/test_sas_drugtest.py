"""SAS/STAT User's Guide, PROC GLM, "Analysis of Covariance": leprosy bacilli before and after three drugs.

Snedecor GW, Cochran WG (1967). Statistical Methods, 6th ed., p. 422. Arms A and D are antibiotics, F is a control.
Printed: sums of squares, and LS-means with their standard errors (26 residual degrees of freedom).
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from kbstudy.models import ancova
from tests import tolerances

PEOPLE = {
    "A": "11 6  8 0  5 2  14 8  19 11  6 4  10 13  6 1  11 8  3 0",
    "D": "6 0  6 2  7 3  8 1  18 18  8 4  19 14  8 9  5 1  15 9",
    "F": "16 13  13 10  11 18  9 5  21 23  16 12  12 5  12 16  7 1  12 20",
}


@pytest.fixture(scope="module")
def drugs():
    pairs = {drug: np.array(text.split(), dtype="float64").reshape(-1, 2) for drug, text in PEOPLE.items()}
    return pd.concat(
        pd.DataFrame(values, columns=["pre", "post"]).assign(drug=drug) for drug, values in pairs.items()
    ).reset_index(drop=True)


@pytest.fixture(scope="module")
def found(drugs):
    return ancova(drugs, "post", baseline="pre", arm="drug", reference="F")


def test_sums_of_squares(drugs, found):
    """The data are the right data: error and Type III sums of squares as printed."""
    pre = drugs["pre"] - drugs["pre"].mean()
    slope = np.sum(pre * drugs["post"]) / np.sum(pre**2)
    without_drug = np.sum((drugs["post"] - drugs["post"].mean() - slope * pre) ** 2)
    within = drugs.groupby("drug")["post"].transform("mean")
    without_pre = np.sum((drugs["post"] - within) ** 2)
    assert found.fit.ssr == pytest.approx(417.2026, abs=tolerances.FOUR_DECIMALS)
    assert without_drug - found.fit.ssr == pytest.approx(68.55371, abs=tolerances.FOUR_DECIMALS)
    assert without_pre - found.fit.ssr == pytest.approx(577.8974, abs=tolerances.FOUR_DECIMALS)


@pytest.mark.parametrize(
    ("drug", "mean", "se"),
    [("A", 6.714963, 1.28849428), ("D", 6.823935, 1.27246900), ("F", 10.161102, 1.31592342)],
)
def test_ls_means(found, drug, mean, se):
    row = found.frame[found.frame["arm"] == drug].iloc[0]
    assert row["estimate"] == pytest.approx(mean, rel=tolerances.SEVEN_DIGITS)
    assert row["se"] == pytest.approx(se, rel=tolerances.SEVEN_DIGITS)
    assert row["df"] == 26


def test_differences_are_differences_of_ls_means(found):
    assert found.row(contrast="A - F")["estimate"] == pytest.approx(6.714963 - 10.161102, abs=2e-6)
    assert found.row(contrast="D - F")["estimate"] == pytest.approx(6.823935 - 10.161102, abs=2e-6)


def test_f_of_drug_and_r_squared(found):
    """SAS: F(drug) 2.13613, p 0.13838, R² 0.67626; of the same fitted model."""
    drug = found.fit.f_test(np.array([[-1.0, 1, 0, 0], [-1, 0, 1, 0]]))
    assert float(drug.fvalue) == pytest.approx(2.13613, abs=0.5e-5)
    assert float(drug.pvalue) == pytest.approx(0.13838, abs=0.5e-5)
    assert (drug.df_num, drug.df_denom) == (2, 26)
    assert found.fit.rsquared == pytest.approx(0.67626, abs=0.5e-5)
