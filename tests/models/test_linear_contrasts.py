"""From data to adjusted p: R's warpbreaks and emmeans' pigs through the model behind ``kb.ancova``.

The answers are emmeans 1.8.4's (``tests/reference/multiplicity``); kb.ancova itself asks for a baseline, which these
designs do not have.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from kbstudy.models._linear import check_blocks, design_of, fitted, solved
from kbstudy.models.adjusted_means import arm_block, category_block
from kbstudy.models.multiplicity import adjust_family
from tests import reference, tolerances

ANSWERS = reference.numbers("multiplicity", "emmeans")
#: All pairs of three means, as emmeans lists them.
PAIRS = np.array([[1.0, -1, 0], [1, 0, -1], [0, 1, -1]])


def fit_of(outcome, blocks):
    check_blocks(outcome, blocks, "y")
    return fitted(outcome, design_of(blocks), pd.Series(range(len(outcome))), "y", None)


def held_against(found, source, method, means=None):
    for column in ("estimate", "se", "df"):
        assert getattr(found, column) == pytest.approx(source[column], rel=tolerances.SE), column
    adjusted = adjust_family(
        found.estimate, found.se, found.df, source["correlation"], method=method, means=means, level=0.95
    )
    name = "mvt" if method == "dunnett" else method
    # emmeans' ptukey and mvtnorm have absolute errors of their own.
    assert adjusted.p == pytest.approx(source[name]["p"], rel=1e-5, abs=1e-7)
    assert adjusted.low == pytest.approx(source[name]["low"], rel=1e-5, abs=1e-6)


def warpbreaks():
    """Six cells with a mean each: wool A then B, tension L, M, H."""
    data = reference.data("warpbreaks")
    cells = [f"{wool}{tension}" for wool in "AB" for tension in "LMH"]
    arms = arm_block(list(data["wool"] + data["tension"]), cells)
    return fit_of(data["breaks"].to_numpy(dtype="float64"), [("cell", arms)])


@pytest.mark.parametrize(
    ("wool", "p_tukey"), [("a", [6.57274e-4, 9.18548e-4, 0.993624]), ("b", [0.993624, 0.170352, 0.138857])]
)
def test_tensions_within_wools(wool, p_tukey):
    weights = np.zeros((3, 6))
    weights[:, slice(0, 3) if wool == "a" else slice(3, 6)] = PAIRS
    found, source = solved(warpbreaks(), weights, 0.95, None), ANSWERS[f"warpbreaks_wool_{wool}"]
    assert found.df.tolist() == [48] * 3
    for method in ("none", "bonferroni", "sidak", "tukey"):
        held_against(found, source, method, means=3)
    assert source["tukey"]["p"] == pytest.approx(p_tukey, abs=tolerances.SIX_DECIMALS)


def pigs():
    """Sources of protein, percentages weighed equally; the outcome is log(conc)."""
    data = reference.data("pigs")
    blocks = [
        ("source", arm_block(list(data["source"]), ["fish", "soy", "skim"])),
        ("percent", category_block("percent", [str(value) for value in data["percent"]])),
    ]
    return fit_of(np.log(data["conc"].to_numpy(dtype="float64")), blocks)


def test_sources_of_protein():
    fit = pigs()
    pairs = np.hstack([PAIRS, np.zeros((3, len(fit.params) - 3))])
    found = solved(fit, pairs, 0.95, None)
    assert found.estimate == pytest.approx([-0.272767844, -0.402277679, -0.129509835], rel=tolerances.SEVEN_DIGITS)
    assert (found.se[0], found.df[0]) == (pytest.approx(0.0529344991, rel=tolerances.SEVEN_DIGITS), 23)
    for method in ("none", "bonferroni", "tukey"):
        held_against(found, ANSWERS["pigs_pairs"], method, means=3)
    against = np.hstack([[[-1.0, 1, 0], [-1, 0, 1]], np.zeros((2, len(fit.params) - 3))])
    held_against(solved(fit, against, 0.95, None), ANSWERS["pigs_trt_vs_ctrl"], "dunnett")
