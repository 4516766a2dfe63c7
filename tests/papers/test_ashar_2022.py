"""Real participants, end to end: the published post-treatment table of Ashar et al. 2022 from the raw file.

Ashar YK, Gordon A, Schubiner H, et al. Effect of pain reprocessing therapy vs placebo and usual care for patients with
chronic back pain: a randomized clinical trial. JAMA Psychiatry 2022;79(1):13-23. doi:10.1001/jamapsychiatry.2021.2669

Published: post-treatment pain and disability by arm, and people pain-free or nearly so (missing counted as no). The
adjusted differences are not in the paper; they were computed with R's lm (see tests/reference).
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

import kbstudy as kb
from tests import tolerances
from tests.conftest import shared

STUDY = """\
[study]
id = "ashar-2022"
title = "Pain reprocessing therapy for chronic back pain"

[design]
participant = "id"
allocation = "randomised"

[design.arm]
column = "group"
levels = ["PRT", "Placebo", "Usual care"]
reference = "PRT"
codes = { 1 = "PRT", 2 = "Placebo", 3 = "Usual care" }

[design.visit]
column = "time"
levels = ["Baseline", "Post-treatment"]
baseline = "Baseline"
codes = { 1 = "Baseline", 2 = "Post-treatment" }

[[source]]
file = "ashar2022.csv"

[[covariate]]
name = "age"
column = "age"
kind = "number"
unit = "years"

[[covariate]]
name = "gender"
column = "gender"
kind = "category"

[[outcome]]
name = "pain"
column = "pain_avg"
measure = "nrs_0_10"
decimals = 2
smallest_important = 2.0

[[outcome]]
name = "disability"
column = "odi"
measure = "odi"
decimals = 2

[[analysis]]
name = "pain"
outcome = "pain"
method = "ancova"
primary = true
estimand = { contrast = "Usual care - PRT", visit = "Post-treatment", intercurrent = "treatment policy" }

[[analysis]]
name = "pain_clda"
outcome = "pain"
method = "clda"
estimand = { contrast = "Usual care - PRT", visit = "Post-treatment", intercurrent = "treatment policy" }

[[analysis]]
name = "disability"
outcome = "disability"
method = "ancova"
estimand = { contrast = "Usual care - PRT", visit = "Post-treatment" }

[[analysis]]
name = "pain_free"
outcome = "pain"
method = "responders"
at_most = 1.0
missing = "non_responder"
estimand = { contrast = "Usual care - PRT", visit = "Post-treatment" }

[[claim]]
id = "prt"
says = "Pain reprocessing therapy relieves back pain more than usual care"
quantity = "the difference in pain between usual care and pain reprocessing therapy"
analysis = "pain"
true_if = { at_least = 0.0 }
"""

TWO_DECIMALS = 0.0051  # the paper prints two decimals


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ashar")
    shutil.copyfile(shared("trials/ashar2022.csv"), folder / "ashar2022.csv")
    (folder / "study.toml").write_text(STUDY, "utf-8")
    return kb.analyse(kb.load(folder))


def cell(results, variable, visit, arm):
    frame = results.outcomes
    return frame[(frame["variable"] == variable) & (frame["visit"] == visit) & (frame["arm"] == arm)].iloc[0]


@pytest.mark.parametrize(
    ("arm", "n", "mean", "sd"), [("PRT", 44, 1.18, 1.24), ("Placebo", 44, 2.84, 1.64), ("Usual care", 47, 3.13, 1.45)]
)
def test_post_treatment_pain(results, arm, n, mean, sd):
    found = cell(results, "pain", "Post-treatment", arm)
    assert found["n"] == n
    assert found["mean"] == pytest.approx(mean, abs=TWO_DECIMALS)
    assert found["sd"] == pytest.approx(sd, abs=TWO_DECIMALS)


@pytest.mark.parametrize(("arm", "mean"), [("PRT", 10.14), ("Placebo", 19.00), ("Usual care", 20.68)])
def test_post_treatment_disability(results, arm, mean):
    assert cell(results, "disability", "Post-treatment", arm)["mean"] == pytest.approx(mean, abs=TWO_DECIMALS)


@pytest.mark.parametrize(("arm", "responders", "n"), [("PRT", 33, 50), ("Placebo", 10, 51), ("Usual care", 5, 50)])
def test_pain_free_or_nearly(results, arm, responders, n):
    frame = results.estimates["pain_free"].frame
    row = frame[(frame["term"] == "proportion") & (frame["arm"] == arm)].iloc[0]
    assert row["n"] == n
    assert row["estimate"] * n == pytest.approx(responders, abs=1e-9)


@pytest.mark.parametrize(
    ("contrast", "estimate", "low", "high"),
    [("Placebo - PRT", 1.73, 1.22, 2.25), ("Usual care - PRT", 2.22, 1.71, 2.73)],
)
def test_adjusted_difference_in_pain(results, contrast, estimate, low, high):
    row = results.estimates["pain"].row(contrast=contrast)
    assert row[["estimate", "low", "high"]].tolist() == pytest.approx([estimate, low, high], abs=TWO_DECIMALS)


@pytest.mark.parametrize(
    ("contrast", "estimate", "low", "high"),
    [("Placebo - PRT", 10.7, 7.9, 13.5), ("Usual care - PRT", 12.4, 9.6, 15.1)],
)
def test_adjusted_difference_in_disability(results, contrast, estimate, low, high):
    row = results.estimates["disability"].row(contrast=contrast)
    assert row[["estimate", "low", "high"]].tolist() == pytest.approx([estimate, low, high], abs=0.051)


@pytest.fixture(scope="module")
def side_by_side(results):
    table = results.study.table("pain").pivot(index="id", columns="visit", values="pain")
    wide = table.join(results.study.table("pain").drop_duplicates("id").set_index("id")["arm"]).reset_index()
    ask = {"baseline": "Baseline", "arm": "arm", "reference": "PRT", "participant": "id"}
    return kb.compare_analyses(wide, "Post-treatment", **ask, randomised=True, effect_sizes=True)


@pytest.mark.parametrize(("contrast", "published", "found"), [("Placebo", 1.14, 1.15), ("Usual care", 1.74, 1.78)])
def test_effect_sizes_on_the_change(side_by_side, contrast, published, found):
    """Hedges' g with the SD of the change; the paper's differ in the last digits (its baseline is of two sessions)."""
    row = side_by_side.row("hedges_g_change", f"{contrast} - PRT")
    assert row["estimate"] == pytest.approx(found, abs=TWO_DECIMALS)
    assert row["low"] < published < row["high"]


@pytest.mark.parametrize(("contrast", "followup"), [("Placebo - PRT", 2.84 - 1.18), ("Usual care - PRT", 3.13 - 1.18)])
def test_three_analyses_of_the_same_people(results, side_by_side, contrast, followup):
    """Follow-up only is the difference of the published means; PRT began higher, so the change says more than that."""
    change, at_followup, adjusted = (
        side_by_side.row(term, contrast)["estimate"]
        for term in ("difference_in_change", "difference_at_followup", "adjusted_difference")
    )
    assert adjusted == pytest.approx(
        results.estimates["pain"].row(contrast=contrast)["estimate"], rel=tolerances.SCALED
    )
    assert at_followup == pytest.approx(followup, abs=2 * TWO_DECIMALS)
    assert at_followup < adjusted < change


@pytest.mark.parametrize("contrast", ["Placebo - PRT", "Usual care - PRT"])
def test_the_constrained_model_beside_the_ancova(results, contrast):
    """Both visits in one model: the numbers of ``kb.mmrm`` itself, and everybody in it.

    With every baseline known and one follow-up the estimate is that of the ANCOVA; the intervals differ a little.
    """
    table = results.study.table("pain")
    fit = kb.mmrm(
        table, "pain ~ arm * visit", participant="id", visit="visit", constrained_baseline="Baseline", arm="arm"
    )
    direct = fit.contrasts("arm", by="visit", at={"visit": ["Post-treatment"]}).row(contrast=contrast)
    found, ancova = results.estimates["pain_clda"], results.estimates["pain"].row(contrast=contrast)
    row = found.row(contrast=contrast)
    for column in ("estimate", "se", "df", "p", "low", "high"):
        assert row[column] == pytest.approx(direct[column], rel=tolerances.SCALED)
    assert row["estimate"] == pytest.approx(ancova["estimate"], rel=tolerances.IDENTITY)
    assert (row["high"] - row["low"]) == pytest.approx(ancova["high"] - ancova["low"], rel=0.01)
    assert row["n"] == ancova["n"]
    assert len(found.fit.people) == 151


def test_the_ledger_accounts_for_all_206_people(results):
    ledger = results.ledger()
    assert len(ledger.ids()) == 206
    assert len(ledger.ids("not randomised")) == 55
    for estimates in results.estimates.values():
        assert len(estimates.ledger.ids()) == 206
    counts = ledger.counts()
    post = counts[(counts["outcome"] == "pain") & (counts["visit"] == "Post-treatment")].set_index("arm")
    assert post["randomised"].to_dict() == {"PRT": 50, "Placebo": 51, "Usual care": 50}
    assert post["measured"].to_dict() == {"PRT": 44, "Placebo": 44, "Usual care": 47}
    assert (post["randomised"] == post["measured"] + post["out"]).all()


def test_the_flow_adds_up(results):
    flow = results.flow
    assert (flow.in_files, flow.never_allocated) == (206, 55)
    assert [arm.analysed for arm in flow.arms] == [44, 44, 47]


def test_the_verdict(results):
    verdict = results.verdicts[0]
    assert verdict.word == "supported"
    assert verdict.evidence.n == pytest.approx(results.estimates["pain"].row(contrast="Usual care - PRT")["n"])


def test_the_report_prints_the_published_table(results, tmp_path):
    folder = kb.report(results, ["html"], tmp_path / "report")
    page = (folder / "report.html").read_text("utf-8")
    for text in ("1.18 (1.24)", "2.84 (1.64)", "3.13 (1.45)", "10.14 (10.63)", "19.00 (11.07)", "20.68 (10.68)"):
        assert text in page
    for text in ("33/50", "10/51", "5/50"):
        assert text in page
    numbers = json.loads((folder / "results.json").read_text("utf-8"))
    assert numbers["simulated"] is False
    assert "SIMULATED" not in page


def test_nothing_is_written_beside_the_data(results):
    assert sorted(path.name for path in Path(results.study.folder).iterdir()) == ["ashar2022.csv", "study.toml"]
