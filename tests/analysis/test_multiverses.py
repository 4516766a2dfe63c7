"""The multiverse that a study declares: the declared specification is the study's own analysis."""

from __future__ import annotations

import pytest

import kbstudy as kb
from kbstudy.errors import PlanError
from tests.conftest import ROOT

MULTIVERSE = """
[[covariate]]
name = "letter"
column = "group"
kind = "category"

[[multiverse]]
claim = "pain"

[multiverse.choices]
method = ["ancova", "ancova_hc3"]
threshold = [0.0, -1.0]
"""


@pytest.fixture(scope="module")
def demo_results():
    return kb.analyse(kb.load(ROOT / "data/raw/demo-trial"))


def test_the_declared_specification_is_the_analysis_itself(demo_results):
    for claim, name in (("energy", "session_energy"), ("back-pain", "pain_week8")):
        many = demo_results.multiverses[claim]
        assert set(many.declared) == set(many.choices)
        mine = many.frame
        for choice, option in many.declared.items():
            mine = mine[mine[choice] == option]
        assert len(mine) == 1
        row = demo_results.estimates[name].row()
        for column in ("estimate", "low", "high"):
            assert mine.iloc[0][column] == row[column]
        verdict = next(item for item in demo_results.verdicts if item.claim_id == claim)
        assert mine.iloc[0]["verdict"] == verdict.word


def test_net_and_epoc_are_arithmetic_on_the_same_sessions(demo_results):
    frame = demo_results.multiverses["energy"].frame
    same = frame.query("equation == 'weir_1949' and rer_above_one == 'cap' and gaps == 'exclude'")
    at = same.set_index(["rest", "recovery"])["estimate"]
    budgets = [row.session.budget for row in demo_results.study.sessions]
    n = len(budgets)
    rest = sum((b.aerobic_kcal - b.aerobic_net_kcal) / b.minutes for b in budgets) / n
    epoc = sum(b.epoc_kcal / b.minutes for b in budgets) / n
    assert at["gross", "left out"] - at["net", "left out"] == pytest.approx(rest, rel=1e-12)
    assert at["net", "EPOC added"] - at["net", "left out"] == pytest.approx(epoc, rel=1e-12)


def test_the_threshold_is_judged_in_the_direction_of_the_claim(small):
    results = kb.analyse(kb.load(small.add(MULTIVERSE).folder))
    frame = results.multiverses["pain"].frame
    row = results.estimates["pain_post"].row()
    plain = frame.query("method == 'ancova'")
    assert list(plain["verdict"]) == [
        kb.judge(row["low"], row["high"], kb.Region(at_most=threshold)) for threshold in (0.0, -1.0)
    ]


def test_work_only_needs_a_protocol_and_divides_by_the_time_of_work(demo):
    path = demo / "study.toml"
    text = path.read_text("utf-8")
    path.write_text(
        text.replace('recovery = ["left out", "EPOC added"]', 'minutes = ["session", "work only"]'), "utf-8"
    )
    frame = kb.analyse(kb.load(demo)).multiverses["energy"].frame
    same = frame.query("equation == 'weir_1949' and rer_above_one == 'cap' and gaps == 'exclude' and rest == 'gross'")
    at = same.set_index("minutes")["estimate"]
    assert at["work only"] == pytest.approx(at["session"] * 1185 / 600, rel=1e-12)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('claim = "pain"', 'claim = "pian"', 'claim "pian" is not declared; did you mean "pain"'),
        (
            'method = ["ancova"',
            'methd = ["ancova"',
            'choice "methd" is not known for this claim; did you mean "method"',
        ),
        ('"ancova_hc3"]', '"anova"]', 'choice "method": "anova" must be one of ancova'),
        ("threshold = [0.0, -1.0]", 'threshold = ["low"]', 'choice "threshold": "low" must be a number'),
        ("threshold = [0.0, -1.0]", 'covariates = [["age"]]', "must be a list of covariates (letter)"),
        ("threshold = [0.0, -1.0]", "threshold = []", "a list of at least 1"),
        ('analysis = "pain_post"\n', "", "rests on no analysis of this study"),
    ],
)
def test_mistakes(small, old, new, message):
    small.add(MULTIVERSE).toml(old, new)
    with pytest.raises(PlanError) as caught:
        kb.load(small.folder)
    assert message in str(caught.value)


@pytest.mark.parametrize("first", [True, False])
def test_an_outcome_of_one_folder_is_about_its_sessions_and_their_rules(demo, first):
    """Two folders with rules of their own, in either order: the declared specification is the analysis itself."""
    (demo / "lab2").mkdir()
    for path in sorted((demo / "gas").iterdir())[::3]:
        path.rename(demo / "lab2" / path.name)
    plan = demo / "study.toml"
    text = plan.read_text("utf-8")
    start = text.index("[[source]]                                # exports of metabolic carts")
    end = text.index("[[source]]", start + 10)
    mine = text[start:end]
    other = mine.replace('"gas/', '"lab2/').replace('"weir_1949"', '"constant_5_kcal_l"')
    text = text[:start] + (other + mine if first else mine + other) + text[end:]
    column = 'column = "aerobic_kcal_min"'
    assert column in text
    plan.write_text(text.replace(column, f'{column}\nfile = "gas/{{record_id}}_{{visit}}.*"'), "utf-8")
    results = kb.analyse(kb.load(demo))
    row = results.estimates["session_energy"].row()
    assert row["n"] == len(results.rates["energy"].people) == 8
    assert results.study.basis_of("session_energy") == "measured"
    many = results.multiverses["energy"]
    mine = many.frame
    for choice, option in many.declared.items():
        mine = mine[mine[choice] == option]
    assert set(many.declared) == set(many.choices)
    assert (mine.iloc[0]["estimate"], mine.iloc[0]["n"]) == (row["estimate"], 8)
