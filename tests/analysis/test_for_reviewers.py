"""What reviewers ask for: who is missing when, other answers, numbers for pooling, checklists."""

from __future__ import annotations

import numpy as np
import pytest

import kbstudy as kb
from kbstudy.errors import PlanError
from kbstudy.reporting.build import build
from kbstudy.reporting.tree import Heading, Table
from tests.conftest import ROOT


@pytest.fixture(scope="module")
def results():
    return kb.analyse(kb.load(ROOT / "data/raw/demo-trial"))


@pytest.fixture(scope="module")
def blocks(results):
    return build(results).blocks


def table(blocks, name):
    return next(block for block in blocks if isinstance(block, Table) and block.name == name)


def cells(found):
    return [[cell.text for cell in row.cells] for row in found.rows]


# ---- missing data --------------------------------------------------------------------------------------------------


def test_patterns_add_up_to_everyone_in_the_arm(results):
    for one in results.missing:
        for _, rows in one.patterns.groupby("arm"):
            assert rows["n"].sum() == rows["allocated"].iloc[0] == 20


def test_patterns_agree_with_the_ledger(results):
    pain = next(one for one in results.missing if one.outcome == "pain")
    ledger = results.ledger().counts().query("outcome == 'pain'").set_index(["visit", "arm"])["measured"]
    for position, visit in enumerate(pain.visits):
        for arm, rows in pain.patterns.groupby("arm"):
            has = rows["pattern"].str[position] == "x"
            assert rows.loc[has, "n"].sum() == ledger[visit, arm]


def test_completers_and_others_are_everyone_with_a_baseline(results):
    pain = next(one for one in results.missing if one.outcome == "pain")
    assert pain.baseline["n"].sum() == 40
    at_baseline = results.study.table("pain").query("visit == 'Baseline'")["pain"]
    mean = (pain.baseline["n"] * pain.baseline["mean"]).sum() / 40
    assert mean == pytest.approx(at_baseline.mean(), rel=1e-12)


def test_complete_data_have_no_section(small):
    found = kb.analyse(kb.load(small.folder))
    assert all(one.is_complete for one in found.missing)
    assert not any(isinstance(block, Heading) and block.text == "Missing data" for block in build(found).blocks)


def test_an_outcome_of_one_visit_has_no_patterns(results):
    assert [one.outcome for one in results.missing] == ["pain", "disability", "grip"]


# ---- other answers -------------------------------------------------------------------------------------------------


def test_the_primary_comes_first_and_has_its_own_numbers(results):
    frame = results.sensitivity
    assert list(frame["analysis"]) == ["pain_week8", "pain_week8_ancova"]
    assert list(frame["is_primary"]) == [True, False]
    row = results.estimates["pain_week8"].row()
    assert tuple(frame.iloc[0][["estimate", "low", "high"]]) == tuple(row[["estimate", "low", "high"]])


def test_one_analysis_alone_is_no_panel(small):
    assert kb.analyse(kb.load(small.folder)).sensitivity is None


# ---- for pooling ---------------------------------------------------------------------------------------------------


def test_rows_for_pooling_are_those_with_both_values(results):
    frame = results.meta_rows.set_index(["outcome", "visit", "arm"])
    points = results.estimates["pain_week8_ancova"].points
    mine = points[points["arm"] == "Kettlebell"]
    row = frame.loc[("pain", "Week 8", "Kettlebell")]
    assert row["n"] == len(mine)
    assert row["baseline_mean"] == pytest.approx(mine["baseline"].mean(), rel=1e-12)
    assert row["sd"] == pytest.approx(mine["followup"].std(ddof=1), rel=1e-12)
    assert row["correlation"] == pytest.approx(np.corrcoef(mine["baseline"], mine["followup"])[0, 1], rel=1e-12)


def test_the_sd_of_the_change_follows_from_the_others(results):
    """Cochrane Handbook 6.5.2.8: SD² = SD₁² + SD₂² − 2 r SD₁ SD₂."""
    frame = results.meta_rows
    a, b, r = frame["baseline_sd"], frame["sd"], frame["correlation"]
    assert np.allclose(frame["change_sd"] ** 2, a**2 + b**2 - 2 * r * a * b, rtol=1e-12)


# ---- checks, estimands, checklists -----------------------------------------------------------------------------------


def test_the_checks_are_those_of_the_primary_fit(results):
    assert list(results.checks) == ["pain_week8"]
    assert len(results.checks["pain_week8"].influence) == 39


def test_every_analysis_has_an_estimand(results, blocks):
    found = cells(table(blocks, "estimands"))
    assert [row[0] for row in found] == [
        f"{item.name} (primary)" if item.primary else item.name for item in results.study.plan.analyses
    ]


def test_checklists_point_at_headings_that_are_there(blocks):
    headings = {block.text for block in blocks if isinstance(block, Heading)}
    for name in ("checklist-consort-2025", "checklist-cert"):
        for _, _, answer in cells(table(blocks, name)):
            for quoted in answer.split("”")[:-1]:
                assert quoted.split("“")[-1] in headings


def test_items_are_answered_from_study_toml(blocks):
    answers = {row[0]: row[2] for row in cells(table(blocks, "checklist-cert"))}
    assert answers["1"] == "Simulated: kettlebells of 8 to 24 kg"
    assert answers["2"] == "open: say it in study.toml, or in the article"


def test_numbers_that_were_not_checked_are_marked(blocks):
    found = cells(table(blocks, "checklist-consort-2025"))
    assert next(row[0] for row in found if row[0].endswith("*")) == "11*"
    assert "to be checked" in " ".join(table(blocks, "checklist-consort-2025").notes)


def test_consort_is_for_randomised_trials(small):
    small.toml('allocation = "randomised"', 'allocation = "assigned"')
    blocks = build(kb.analyse(kb.load(small.folder))).blocks
    names = [block.name for block in blocks if isinstance(block, Table)]
    assert "checklist-cert" in names
    assert "checklist-consort-2025" not in names


def test_an_item_that_the_checklist_does_not_have(small):
    small.add('\n[checklist.cert]\n"99" = "something"\n')
    with pytest.raises(PlanError, match='"99" is not an item of this checklist'):
        kb.load(small.folder)


# ---- the planned size ----------------------------------------------------------------------------------------------


def test_assumptions_stand_beside_what_was_observed(results, blocks):
    found = results.planned_size
    assert found.allocated == (20, 20)
    points = results.estimates["pain_week8_ancova"].points
    within = [group["followup"].var(ddof=1) * (len(group) - 1) for _, group in points.groupby("arm", observed=True)]
    assert found.observed_sd == pytest.approx(np.sqrt(sum(within) / (len(points) - 2)), rel=1e-12)
    assert found.observed_dropout == pytest.approx(9 / 40)
    rows = {row[0]: row[1:] for row in cells(table(blocks, "planned-size"))}
    assert rows["People per arm"] == ["20", "20 and 20"]
    assert "power" not in found.recomputed.sentence()


def test_the_observed_correlation_is_within_arms(results):
    points = results.estimates["pain_week8_ancova"].points
    centred = points.groupby("arm", observed=True)[["baseline", "followup"]].transform(lambda v: v - v.mean())
    expected = np.corrcoef(centred.to_numpy().T)[0, 1]
    assert results.planned_size.observed_correlation == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('analysis = "pain_week8"\nn_per', 'analysis = "pain_weak8"\nn_per', 'analysis "pain_weak8" is not declared'),
        ('analysis = "pain_week8"\nn_per', 'analysis = "session_energy"\nn_per', "compares no arms after a baseline"),
        ("dropout = 0.2\nassumed", "dropout = 20\nassumed", "smaller than 1"),
    ],
)
def test_mistakes_of_the_planned_size(demo, old, new, message):
    path = demo / "study.toml"
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")
    with pytest.raises(PlanError) as caught:
        kb.load(demo)
    assert message in str(caught.value)
