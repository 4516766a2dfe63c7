"""ANCOVA against R: lm, emmeans, sandwich::vcovHC and clubSandwich on simulated data with missing values."""

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


@pytest.mark.parametrize("arm", ["Kettlebell", "Walking"])
def test_hc2_with_bell_and_mccaffreys_degrees_of_freedom(arm):
    """clubSandwich: CR2 with every person a cluster, Satterthwaite; with two covariates, 90 % interval."""
    table = reference.data("trial_arms")
    ask = {"baseline": "before", "arm": "arm", "reference": "Usual care", "participant": "id"}
    found = ancova(table, "after", **ask, covariates=["age", "site"], robust="HC2_BM", level=0.9)
    row, source = found.row(contrast=f"{arm} - Usual care"), reference.numbers("change", "numbers")["bell_covariates"]
    for column in ("estimate", "se", "df", "p", "low", "high"):
        near = tolerances.SE if column == "df" else NEAR[column]
        assert row[column] == pytest.approx(source[arm][column], rel=near), column
    assert row["method"] == "ANCOVA, HC2, Bell–McCaffrey df"
    assert "HC2 heteroscedasticity-consistent standard errors and t with Bell and McCaffrey's" in found.method
    assert "10.1162/REST_a_00552" in found.methods()
