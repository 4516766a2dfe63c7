"""Audits that study.toml declares: run by the analysis, kept in results.json, shown under the claim."""

from __future__ import annotations

import json
import shutil

import pytest

import kbstudy as kb
from kbstudy.errors import PlanError
from kbstudy.evidence import audit_rows
from kbstudy.evidence.audit.assumptions import EQUAL_WITHIN
from kbstudy.measures import pace
from kbstudy.reporting.build import build
from kbstudy.reporting.sections.audits import audited, cannot_be, impossible_claims
from kbstudy.reporting.tree import Card, Table, Text
from tests.conftest import ROOT

IMPOSSIBLE = "6.6 kcal/min anaerobic for 20 min at the implied 86.1 kg"
FARRAR = """
[claim.audit]
rate_kcal_min = 13.3
minutes = 12
body_mass_kg = 77.3
vo2_ml_kg_min = 34.31
vo2_basis = "measured"
"""


@pytest.fixture(scope="module")
def article():
    return kb.analyse(kb.load(ROOT / "data" / "raw" / "article-claims"))


@pytest.fixture
def measured(small):
    """A trial whose claim states numbers of a publication that is not in a table."""
    return kb.analyse(kb.load(small.add(FARRAR).folder))


def cards(results):
    return {block.title: block for block in build(results).blocks if isinstance(block, Card)}


def words(card):
    return [text.plain for text in card.blocks if isinstance(text, Text)]


# ---- the article -------------------------------------------------------------------------------------------------


def test_the_audits_of_the_article(article):
    assert list(article.audits) == ["C1", "C2"]
    for audit in article.audits.values():
        assert audit.verdict == "not possible as stated"
        assert [finding.statement for finding in audit.impossible] == [IMPOSSIBLE]
        assert audit.stated.body_mass_kg is None
        assert audit.finding("implied_mass").value == pytest.approx(86.1, abs=0.05)
        assert "lactate_rise" in {finding.id for finding in audit.findings}
    assert article.audits["C1"].finding("share_of_vo2max").value == pytest.approx(78.4, abs=0.05)
    assert article.audits["C2"].finding("share_of_vo2max").value == pytest.approx(63.6, abs=0.05)
    assert article.audits["C2"].finding("oxygen_relative").value == pytest.approx(46.9, abs=0.05)
    assert article.audits["C2"].finding("pace_acsm").implied.startswith("11:27 a mile")
    assert article.audits["C2"].finding("pace_daniels").implied.startswith("8:56 a mile")


def test_a_mile_in_six_minutes_is_judged_per_kilogram(article):
    verdict = article.verdicts[1]
    assert (verdict.claim_id, verdict.word, verdict.certainty) == ("C2", "not supported", "low")
    assert verdict.evidence.unit == "mL/kg/min"
    assert "the studies together found 30.0 mL/kg/min (95% CI 13.9 to 46.0; 3 studies, 32 people)" in verdict.sentence
    beside = article.published["C2"].frame.set_index("term").loc["schnettler-2009-vo2"]
    assert [beside["estimate"], beside["low"], beside["high"]] == pytest.approx([31.6, 28.9, 34.3], abs=0.06)


def test_equal_is_within_the_tolerance_of_either_equation(article):
    speed = pace.mile_speed(360)
    region = article.verdicts[1].region
    assert region.at_least == round((1 - EQUAL_WITHIN) * pace.daniels_running_vo2(speed), 1)
    assert region.at_most == round((1 + EQUAL_WITHIN) * pace.acsm_running_vo2(speed), 1)


def test_an_audit_changes_no_verdict(tmp_path):
    folder = shutil.copytree(ROOT / "data" / "raw" / "article-claims", tmp_path / "without")
    text = (folder / "study.toml").read_text("utf-8").partition("[[multiverse]]")[0]  # which rests on an audit
    while "[claim.audit]" in text:
        start = text.index("[claim.audit]")
        text = text[:start] + text[text.index("\n\n", start) :]
    (folder / "study.toml").write_text(text, "utf-8")
    without = kb.analyse(kb.load(folder))
    assert without.audits == {}
    with_audits = kb.analyse(kb.load(ROOT / "data" / "raw" / "article-claims"))
    assert [str(verdict.to_dict()) for verdict in without.verdicts] == [
        str(verdict.to_dict()) for verdict in with_audits.verdicts
    ]


def test_the_audits_are_in_results_json(article):
    content = json.loads(article.to_json())
    assert content["audits"]["C1"] == json.loads(json.dumps(article.audits["C1"].to_dict()))
    assert content["audits"]["C1"]["basis"].startswith("Estimated, not measured")
    assert [verdict["word"] for verdict in content["verdicts"]] == [verdict.word for verdict in article.verdicts]


def test_results_show_the_audit_under_its_verdict(article):
    shown = str(article)
    assert shown.index(article.verdicts[0].sentence) < shown.index(article.audits["C1"].sentence())
    assert shown.index(article.audits["C1"].sentence()) < shown.index(article.verdicts[1].sentence)
    assert article._repr_html_().count("not possible as stated") >= 2


# ---- the report --------------------------------------------------------------------------------------------------


def test_the_card_of_the_claim_names_the_part_that_cannot_be(article):
    card = cards(article)["C1: “a kettlebell workout of 20 minutes could burn an estimated 21 calories per minute”"]
    assert card.tone == "not supported"
    assert words(card)[1] == (
        f"Not possible as stated: {IMPOSSIBLE}. The audit below says why. The verdict is about what was found, and "
        "stays as it is."
    )


def test_the_audit_stands_under_its_claim(article):
    titles = list(cards(article))
    assert [title[:9] for title in titles[:5]] == ["C1: “a ke", "C1, audit", "C2: “equa", "C2, audit", "C3: “kett"]
    card = cards(article)["C1, audit: what the stated numbers imply"]
    assert card.tone == "not possible as stated"
    audit = article.audits["C1"]
    assert words(card)[:2] == [audit.sentence(), "Estimated, not measured: the oxygen uptake, read from heart rate."]
    assert audit.weakest_assumption.sentence in words(card)[0]


def test_the_table_of_an_audit(article):
    table = next(block for block in audited(article, "C1") if isinstance(block, Table))
    assert [cell.text for cell in table.header[0]] == ["Statement", "Implied value", "Bound", "Verdict"]
    assert [tuple(cell.text for cell in row.cells) for row in table.rows] == audit_rows(article.audits["C1"])
    assert [row.cells[0].text for row in table.rows if row.cells[-1].text == "not possible as stated"] == [IMPOSSIBLE]
    assert {row.cells[-1].text for row in table.rows if not row.cells[-1].bold} == {"possible", "–"}


def test_the_sources_of_an_audit(article):
    *_, stated, weakest, methods = next(block for block in audited(article, "C1") if isinstance(block, Table)).notes
    assert stated.startswith("The numbers are stated in: Schnettler CS. Energy cost")
    assert "ACE FitnessMatters, January/February 2010." in stated
    assert stated.count("MS thesis") == 1
    assert "10.1519/JSC.0b013e3181d15516" in weakest
    assert methods == "Equations and constants: see Methods and References."
    told = [block.runs for block in build(article).blocks if hasattr(block, "runs") and isinstance(block.runs, str)]
    assert sum(text.startswith("Audits of what publications state: stated numbers were checked") for text in told) == 1
    lists = [entry.plain for block in build(article).blocks if hasattr(block, "entries") for entry in block.entries]
    assert all(citation in lists for audit in article.audits.values() for citation in audit.citations)


def test_the_board_says_which_claims(article):
    assert list(impossible_claims(article)) == [
        "In part not possible as stated, whatever was found: C1 and C2. The audit under each says why."
    ]


# ---- other audits ------------------------------------------------------------------------------------------------


def test_an_audit_that_finds_nothing_impossible(measured):
    assert measured.audits["pain"].verdict == "supported"
    assert list(impossible_claims(measured)) == []
    found = cards(measured)
    assert not any("Not possible" in text for text in words(found["pain: “Training alleviates pain”"]))
    assert words(found["pain, audit: what the stated numbers imply"])[1] == "Measured: the oxygen uptake."


def test_numbers_without_a_declared_source_say_so(measured):
    table = next(block for block in audited(measured, "pain") if isinstance(block, Table))
    assert "Where the numbers are stated is not declared." in table.notes


def test_a_claim_without_an_audit_has_none_in_the_report(article):
    assert list(audited(article, "C4")) == []
    assert "C4" not in article.audits


def test_several_parts_that_cannot_be():
    audit = kb.audit_energy_claim(rate_kcal_min=21, minutes=20, aerobic_kcal_min=23.5, body_mass_kg=80)
    parts = {"aerobic_kcal_min": 13.6, "anaerobic_kcal_min": 6.6}
    text = cannot_be(kb.audit_energy_claim(rate_kcal_min=30, minutes=20, body_mass_kg=86, **parts)).plain
    assert text.startswith(
        "Not possible as stated: 13.6 kcal/min aerobic plus 6.6 kcal/min anaerobic and 6.6 kcal/min anaerobic for 20 "
        "min at 86 kg."
    )
    assert cannot_be(audit).plain.startswith("Not possible as stated: 23.5 kcal/min aerobic of 21 kcal/min.")


def test_a_row_that_is_not_in_the_table(tmp_path):
    folder = shutil.copytree(ROOT / "data" / "raw" / "article-claims", tmp_path / "article")
    path = folder / "study.toml"
    old, new = 'stated_in = ["schnettler', 'stated_in = ["schnetler'
    text = path.read_text("utf-8").replace(old, new, 1)
    path.write_text(text, "utf-8")
    line = 1 + next(at for at, one in enumerate(text.splitlines()) if "schnetler" in one)
    with pytest.raises(PlanError) as caught:
        kb.load(folder)
    assert (
        f'study.toml:{line}: claim "C1": the published table has no row "schnetler-2009-energy"; did you mean '
        '"schnettler-2009-energy"?'
    ) in str(caught.value)


def test_the_command_line_says_it_too(kbstudy_command):
    outcome = kbstudy_command("report", ROOT / "data" / "raw" / "article-claims", "--to", "html")
    assert "C1: not supported (in part not possible as stated) – “a kettlebell workout" in outcome.out
    assert "C4: supported – “Alleviate Back Pain”" in outcome.out
