"""ANCOVA against R: lm, emmeans and sandwich::vcovHC on simulated data with missing values."""

from __future__ import annotations

import pytest

from kbstudy.models import ancova
from tests import reference, tolerances

CASES = {
    "baseline_only": {},
    "covariates": {"covariates": ["age", "site"]},
    "covariates_hc3": {"covariates": ["age", "site"], "robust": "HC3"},
    "covariates_90": {"covariates": ["age", "site"], "level": 0.9},
}
NEAR = {
    "estimate": tolerances.ESTIMATE,
    "se": tolerances.SE,
    "df": tolerances.DF,
    "statistic": tolerances.STATISTIC,
    "p": tolerances.P,
    "low": tolerances.LIMIT,
    "high": tolerances.LIMIT,
}


def ours(case):
    table = reference.data("trial_arms")
    return ancova(table, "after", baseline="before", arm="arm", reference="Usual care", participant="id", **CASES[case])


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize(("part", "term"), [("means", "adjusted_mean"), ("differences", "adjusted_difference")])
def test_every_number_of_emmeans(case, part, term):
    frame = ours(case).frame
    rows = frame[frame["term"] == term].reset_index(drop=True)
    source = reference.numbers("trial_arms", "ancova")[case][part]
    assert rows["arm" if part == "means" else "contrast"].tolist() == [
        row.get("arm", row.get("contrast")) for row in source
    ]
    for i, row in enumerate(source):
        for column, near in NEAR.items():
            assert rows.loc[i, column] == pytest.approx(row[column], rel=near), (i, column)


@pytest.mark.parametrize("case", CASES)
def test_people_and_slope(case):
    source, found = reference.numbers("trial_arms", "ancova")[case], ours(case)
    assert len(found.points) == len(found.ledger.ids("analysed")) == source["n"]
    assert dict(zip(found.fit.model.exog_names, found.fit.params, strict=True))["before"] == pytest.approx(
        source["slope"], rel=tolerances.ESTIMATE
    )
