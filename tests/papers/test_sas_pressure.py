"""SAS/STAT User's Guide, PROC TTEST, "Paired Comparisons": systolic blood pressure before and after a stimulus.

SAS prints before minus after: -1.8333 (-5.5365 to 1.8698), t = -1.09 on 11 df, p = 0.2992.
"""

from __future__ import annotations

import pandas as pd
import pytest

from kbstudy.models import paired
from tests import tolerances

BEFORE = [120, 124, 130, 118, 140, 128, 140, 135, 126, 130, 126, 127]
AFTER = [128, 131, 131, 127, 132, 125, 141, 137, 118, 132, 129, 135]


def test_paired_t():
    men = pd.DataFrame(
        {
            "man": [*range(12), *range(12)],
            "when": ["before"] * 12 + ["after"] * 12,
            "sbp": BEFORE + AFTER,
        }
    )
    ask = {"participant": "man", "visit": "when", "baseline": "after", "followup": "before"}
    row = paired(men, "sbp", **ask, p_values=True).row()
    found = row[["estimate", "low", "high", "p"]].tolist()
    assert found == pytest.approx([-1.8333, -5.5365, 1.8698, 0.2992], abs=tolerances.FOUR_DECIMALS)
    assert row["statistic"] == pytest.approx(-1.089648, rel=tolerances.SEVEN_DIGITS)
    assert row["df"] == 11
