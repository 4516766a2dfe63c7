"""The thirteen claims of the article: each verdict against the summary that was made of the evidence by hand.

The summary (the project's notes on the evidence, section 2.0b) has words of its own; ``SUMMARY`` quotes them. Where a
verdict is another word, the explanation of the claim says why, and the test asks for that reason.
"""

from __future__ import annotations

import shutil

import pytest

import kbstudy as kb
from kbstudy.errors import DataError, PlanError
from kbstudy.evidence import pool_published
from tests.conftest import ROOT

ARTICLE = ROOT / "data" / "raw" / "article-claims"

#: Claim: what the summary says, verdict, certainty.
SUMMARY = {
    "C1": ("not supported, 12–14 kcal/min in comparable work", "not supported", "very low"),
    "C2": ("not supported, 11–12 min/mile", "not supported", "low"),
    "C3": ("acute stimulus yes, training effect mixed", "inconclusive", "low"),
    "C4": ("some support, small, imprecise, one trial, low baseline", "supported", "low"),
    "C5": ("strength supported by one RCT, endurance not", "supported", "low"),
    "C6": ("mixed, no untrained control in the positive studies, two null", "inconclusive", "low"),
    "C7": ("supported within group, weightlifting better", "supported", "very low"),
    "C8": ("no evidence", "no evidence", "none"),
    "C9": ("mixed", "inconclusive", "very low"),
    "C10": ("mechanism contradicted or unsupported", "not supported", "very low"),
    "C11": ("no direct evidence", "no evidence", "none"),
    "C12": ("extrapolation", "no evidence", "none"),
    "C13": ("plausible, untested", "no evidence", "none"),
}
#: Links of the chains, with their verdicts.
LINKS = {
    "C3-a": "supported",
    "C3-b": "inconclusive",
    "C9-a": "inconclusive",
    "C9-b": "inconclusive",
    "C10-a": "no evidence",
    "C10-b": "not supported",
    "C10-c": "no evidence",
}
ONE_TRIAL, ONE_STUDY = "it rests on one trial only", "it rests on one study only"
ONLY_DIRECTION = "only the direction was published, and not the size"
REASONS = {
    "C1": ("there were fewer than 30 people (10)", "the outcome was estimated instead of measured", ONE_STUDY),
    "C2": ("the studies disagree (I² 94%)", "these sessions were others than the article's"),
    "C3": (ONE_TRIAL, ONLY_DIRECTION),
    "C4": (ONE_TRIAL, "the people were at work and had mild pain, and were not patients"),
    "C5": (ONE_TRIAL, ONLY_DIRECTION),
    "C6": (ONE_TRIAL, ONLY_DIRECTION),
    "C7": (
        "there was no control group",
        ONE_TRIAL,
        "it is one of many outcomes, and of some only one side was reported",
    ),
    "C9": ("people were assigned to the groups instead of randomised", ONE_TRIAL, ONLY_DIRECTION),
    "C10": (
        "there were fewer than 30 people (14)",
        ONE_STUDY,
        "it is about the minutes after a session, and the claim may mean a lasting change",
    ),
}
#: What the explanation must say where the word of the verdict says more, or less, than the summary's.
ARGUED = {
    "C3": "The first holds. For the second the one randomised trial found no change",
    "C4": "by an amount that may be too small to notice",
    "C5": "The verdict is about the strength of muscles; the spine itself was not measured",
    "C6": "everybody trained, so practice and time cannot be told from training",
    "C7": "a change is no effect",
    "C10": "it would have to be shown in the same people that one works through the other",
    "C12": "that is an extrapolation and no test",
    "C13": "Plausible and untested",
}
#: Claims whose number of people is computed; the others have no published numbers to plan with.
SIZED = {"C1", "C3", "C4", "C6", "C7", "C9"}


@pytest.fixture(scope="module")
def article():
    return kb.analyse(kb.load(ARTICLE))


@pytest.fixture(scope="module")
def verdicts(article):
    return {verdict.claim_id: verdict for verdict in article.verdicts}


def edited(tmp_path, file, *changes):
    folder = shutil.copytree(ARTICLE, tmp_path / "article")
    text = (folder / file).read_text("utf-8")
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    (folder / file).write_text(text, "utf-8")
    return folder


def test_all_thirteen(verdicts):
    assert list(verdicts) == list(SUMMARY) == [f"C{number}" for number in range(1, 14)]


@pytest.mark.parametrize("name", SUMMARY)
def test_verdict_and_certainty(verdicts, name):
    assert (verdicts[name].word, verdicts[name].certainty) == SUMMARY[name][1:]


@pytest.mark.parametrize("name", SUMMARY)
def test_what_lowered_the_certainty(verdicts, name):
    assert verdicts[name].lowered_by == REASONS.get(name, ())


@pytest.mark.parametrize("name", ARGUED)
def test_the_explanation_argues(verdicts, name):
    assert ARGUED[name] in " ".join(verdicts[name].explanation.split())


def test_links(verdicts):
    assert {link.claim_id: link.word for verdict in verdicts.values() for link in verdict.links} == LINKS
    assert {name: verdicts[name].decided_by for name in ("C3", "C9", "C10")} == {
        "C3": "C3-b",
        "C9": "C9-b",
        "C10": "C10-b",
    }


def test_the_headline_of_the_first_claim(article, verdicts):
    """From the shipped data alone: 13.6 from heart rate, 6.6 not possible, 12 to 14 where uptake was measured."""
    first = verdicts["C1"]
    assert first.sentence.startswith("Not supported: the claim needs the energy rate")
    assert "Schnettler (2009) estimated 13.6 kcal/min (95% CI 11.4 to 15.8; 10 people)" in first.sentence
    said = " ".join(first.explanation.split())
    assert "13.6 kcal a minute (the aerobic part, judged here) estimated from heart rate, plus 6.6" in said
    assert "The 6.6 cannot be" in said
    assert "about 102 mmol/L" in said
    assert "in which oxygen uptake was measured takes 12 to 14 kcal a minute" in said
    assert article.audits["C1"].verdict == "not possible as stated"
    assert article.audits["C1"].finding("lactate_rise").value == pytest.approx(102, abs=0.7)


def test_the_numbers_in_the_text_follow_from_the_rows(article):
    """Farrar 13.3, Fortner 12.8 at Farrar's mass, Montgomery 6.9, the implied mass 86.1 kg."""
    rows = article.study.published
    farrar, fortner = rows.loc["farrar-2010-swings"], rows.loc["fortner-2014-tabata"]
    assert farrar["value"] * farrar["body_mass_kg"] * 5 / 1000 == pytest.approx(13.3, abs=0.05)
    assert fortner["value"] * farrar["body_mass_kg"] * 5 / 1000 == pytest.approx(12.8, abs=0.05)
    assert rows.loc["montgomery-swings", "value"] * 5 == pytest.approx(6.9, abs=0.051)
    energy, uptake = rows.loc["schnettler-2009-energy", "value"], rows.loc["schnettler-2009-vo2", "value"]
    assert energy / 5 / uptake * 1000 == pytest.approx(86.1, abs=0.05)


def test_equality_is_judged_on_both_sides(verdicts):
    second = verdicts["C2"]
    assert (second.region.at_least, second.region.at_most) == (49.2, 60.0)
    assert second.evidence.high < second.region.at_least
    assert second.evidence.studies == 3


def test_every_claim_has_one_short_sentence_for_the_board(verdicts):
    for verdict in verdicts.values():
        assert verdict.plainly == verdict.in_short
        assert 40 < len(verdict.in_short) <= 105
        assert verdict.in_short.rstrip(".").count(". ") == 0
        assert "{" not in verdict.in_short
        assert not {"interval", "CI", "randomised", "VO2", "p <"} & set(verdict.in_short.split())


# ---- the table of published numbers ------------------------------------------------------------------------------


def test_jay_2011_and_2013_are_one_trial(article):
    rows = article.study.published
    jay = rows[rows["study"] == "Jay"]
    assert set(jay["year"]) == {"2011", "2013"}
    assert set(jay["shared_participants"]) == {"jay-2011"}
    with pytest.raises(DataError) as caught:
        pool_published(rows, ["jay-2011-low-back", "jay-2013-stopping-time"], unit="points")
    assert (
        '"jay-2011-low-back" and "jay-2013-stopping-time" are the same people (shared_participants = jay-2011) and '
        "must not be pooled"
    ) in str(caught.value)


def test_a_plan_that_pools_them_is_refused(tmp_path):
    folder = edited(tmp_path, "study.toml", ('judged_on = "jay-2011-low-back"', POOLED_TWICE))
    with pytest.raises(PlanError) as caught:
        kb.load(folder)
    text = str(caught.value)
    assert 'claim "C4": pooled: "jay-2011-low-back", "jay-2011-neck-shoulder" and "jay-2013-stopping-time" are' in text
    assert "People who are counted twice" in text


POOLED_TWICE = 'pooled = ["jay-2011-low-back", "jay-2011-neck-shoulder", "jay-2013-stopping-time"]'


def test_a_row_from_memory_is_refused(tmp_path):
    """The Cochrane review's -15.2 of 100 is known to us from memory only, and so is in no table."""
    folder = shutil.copytree(ARTICLE, tmp_path / "article")
    row = (
        "hayden-2021-pain,Hayden,2021,review,randomised,randomised trials,people with chronic low-back pain,,,,"
        "no exercise,exercise of any kind,pain,mean difference,-15.2,,CI95,-18.3,-12.2,,points of 100,,measured,,"
        "from memory,Cochrane review,Hayden 2021.,10.1002/14651858.CD009790.pub2,\n"
    )
    with (folder / "published.csv").open("a", encoding="utf-8") as stream:
        stream.write(row)
    with pytest.raises(DataError) as caught:
        kb.load(folder)
    assert 'column "verified": "from memory" is refused' in str(caught.value)
    assert "A number from memory is not evidence" in str(caught.value)


def test_every_row_was_seen_or_follows_from_seen_ones(article):
    rows = article.study.published
    assert set(rows["verified"]) == {"seen", "calculated", "second-hand"}
    assert list(rows.index[rows["verified"] == "second-hand"]) == ["hulsey-2012-total"]
    asked = [judged.evidence for claim in article.study.plan.claims for judged in (claim, *claim.links)]
    decides = {row for evidence in asked if evidence for row in (evidence.judged_on, *evidence.pooled) if row}
    assert set(rows.loc[list(decides), "verified"]) == {"seen"}


def test_what_was_calculated_follows_from_what_was_printed(article):
    value = article.study.published["value"]
    assert value["lake-2012-jump"] == pytest.approx(24.3 - 20.6)
    assert value["anthierens-2024-oxygenation"] == pytest.approx(65.0 - 71.0)
    assert value["steffens-2016-exercise"] == pytest.approx(1 - 0.35)


# ---- what would settle it ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SUMMARY)
def test_every_claim_names_the_study_that_would_settle_it(verdicts, name):
    study = verdicts[name].settle
    assert study.sentence.startswith("What would settle it: a")
    assert (study.n is not None) == (name in SIZED)
    assert ("Assumed from:" in study.sentence) == (name in SIZED)


def test_the_number_of_people_is_that_of_the_simulation(article, verdicts):
    """Jay's interval is ±1.34 points with 38 degrees of freedom: an SD of 2.09 with 20 people in each arm."""
    jay = article.study.published.loc["jay-2011-low-back"]
    t_38 = 2.0243941645751  # R: qt(0.975, 38)
    sd = (jay["high"] - jay["low"]) / 2 / t_38 / (2 / 20) ** 0.5
    assert sd == pytest.approx(2.1, abs=0.05)
    trial = kb.TwoArmTrial(difference=-1.5, sd=2.1, correlation=0.5, dropout=0.15)
    found = kb.sample_size(trial, replicates=500, seed=1, progress=False)
    study = verdicts["C4"].settle
    assert (study.n, study.is_per_arm) == (found.n_per_arm, True)
    assert f"({found.n_per_arm} people per arm)" in study.sentence
    assert "if the true difference is −1.5 points, the SD is 2.1 points" in study.sentence


def test_the_spreads_that_are_assumed_follow_from_the_rows(article):
    rows = article.study.published
    half = {name: (rows.loc[name, "high"] - rows.loc[name, "low"]) / 2 for name in rows.index}
    t_19, t_31 = 2.0930240544082, 2.0395134463964  # R: qt(0.975, c(19, 31))
    assert half["jay-2013-jump-change"] / t_19 * 20**0.5 == pytest.approx(2.1, abs=0.05)
    assert half["meigh-2022-deadlift"] / t_31 * 32**0.5 == pytest.approx(38.3, abs=0.05)
    assert rows.loc["schnettler-2009-treadmill", "spread"] == 6.6
    assert rows.loc["schnettler-2009-energy", "spread"] == pytest.approx(3.1, abs=0.05)
