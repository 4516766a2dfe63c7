"""Claims in study.toml: pools, chains, plain sentences, what would settle them; every mistake has its message."""

from __future__ import annotations

import pytest

import kbstudy as kb
from kbstudy.errors import PlanError
from kbstudy.study import read_plan
from tests.conftest import ROOT

SOURCE = """[study]
id = "published"
title = "Published numbers"

[[source]]
file = "published.csv"
reader = "published"

"""
FARRAR, FORTNER, WILLIAMS = "farrar-2010-swings", "fortner-2014-tabata", "williams-intervals"
ONE = """[[claim]]
id = "A"
says = "hard"
quantity = "the oxygen uptake"
about = "level"
true_if = { at_least = 20.0 }
evidence = { judged_on = "farrar-2010-swings", unit = "mL/kg/min" }
plainly = { supported = "It took {estimate} ({low} to {high}; {n} people), {size}." }
"""
POOL = f'evidence = {{ pooled = ["{FARRAR}", "{FORTNER}"], unit = "mL/kg/min" }}'
JUDGED = 'evidence = { judged_on = "farrar-2010-swings", unit = "mL/kg/min" }'
CHAIN = """[[claim]]
id = "A"
says = "hard, and it helps"

[[claim.link]]
id = "a"
says = "hard"
true_if = { at_least = 20.0 }
evidence = { judged_on = "farrar-2010-swings", unit = "mL/kg/min" }

[[claim.link]]
id = "b"
says = "it helps"
true_if = { at_most = 0.0 }
evidence = { judged_on = "jay-2011-low-back", unit = "points" }
"""
SIZE = """
[claim.settle]
design = "a randomised trial"
population = "adults"
outcome = "pain"

[claim.settle.sample_size]
goal = "difference"
probability = 0.8
difference = 1.0
sd = 1.0
correlation = 0.5
dropout = 0.1
unit = "points"
assumed_from = "Jay's trial"
rows = ["jay-2011-low-back"]
"""


@pytest.fixture
def folder(tmp_path):
    published = (ROOT / "data/raw/article-claims/published.csv").read_bytes()
    (tmp_path / "published.csv").write_bytes(published)
    return tmp_path


def written(folder, text):
    (folder / "study.toml").write_text(SOURCE + text, "utf-8")
    return folder


def only_verdict(folder, text):
    (verdict,) = kb.analyse(kb.load(written(folder, text))).verdicts
    return verdict


def refused(folder, text):
    with pytest.raises(PlanError) as caught:
        kb.load(written(folder, text))
    return str(caught.value)


# ---- pools -------------------------------------------------------------------------------------------------------


def test_a_pool_decides(folder):
    text = ONE.replace(JUDGED, POOL.replace("unit", 'interval = "wald", unit'))
    verdict = only_verdict(folder, text)
    assert verdict.evidence.studies == 2
    assert verdict.evidence.n == 24
    assert verdict.word == "supported"
    assert "2 studies, 24 people" in verdict.found


def test_a_fixed_pool_is_the_weighted_mean(folder):
    verdict = only_verdict(folder, ONE.replace(JUDGED, POOL.replace("unit", 'model = "fixed", unit')))
    weights = [10 / 5.67**2, 1 / 1.5**2]
    mean = (34.31 * weights[0] + 33.1 * weights[1]) / sum(weights)
    assert verdict.evidence.estimate == pytest.approx(mean, rel=1e-12)


POOLS = {
    "one row": (f'pooled = ["{FARRAR}"], unit', '"pooled" needs at least two rows; for one, write "judged_on"'),
    "both": (
        f'judged_on = "{FARRAR}", pooled = ["{FARRAR}", "{FORTNER}"], unit',
        'either "judged_on" (one row) or "pooled" (several)',
    ),
    "neither": ("unit", 'either "judged_on" (one row) or "pooled" (several)'),
    "a method without a pool": (f'judged_on = "{FARRAR}", tau2 = "reml", unit', '"tau2" belongs to "pooled"'),
    "fixed with another interval": (
        f'pooled = ["{FARRAR}", "{FORTNER}"], model = "fixed", interval = "hartung_knapp", unit',
        'interval is "hartung_knapp"; with model = "fixed" it is "wald" or left out',
    ),
    "an unknown method": (
        f'pooled = ["{FARRAR}", "{FORTNER}"], tau2 = "remll", unit',
        'tau2 is "remll" and must be one of "reml", "dersimonian_laird"; did you mean "reml"?',
    ),
    "a row that is not there": (
        f'pooled = ["{FARRAR}", "fortner-2014-tabatta"], unit',
        'the published table has no row "fortner-2014-tabatta"; did you mean "fortner-2014-tabata"?',
    ),
    "one row twice": (f'pooled = ["{FARRAR}", "{FARRAR}"], unit', f'pooled: "{FARRAR}" is pooled twice'),
    "the same people": (
        f'pooled = ["{FARRAR}", "{FORTNER}", "fortner-2014-traditional"], unit',
        "are the same people (shared_participants = fortner-2014) and must not be pooled",
    ),
    "different quantities": (
        f'pooled = ["{FARRAR}", "falatic-2015-vo2max"], unit',
        "these rows are different quantities and cannot be pooled: mean and mean change",
    ),
    "no spread": (f'pooled = ["{FARRAR}", "hulsey-2012-total"], unit', '"hulsey-2012-total" has no spread'),
    "a direction": (f'pooled = ["{FARRAR}", "wesley-2017-lactate"], unit', "is a direction and cannot be pooled"),
    "a ratio": (f'pooled = ["{FARRAR}", "choi-2010-recurrence"], unit', "Ratios are pooled as logarithms"),
    "a claim": (f'pooled = ["{FARRAR}", "ace-2010-total"], unit', "A claim is not a measurement"),
    "another unit": (
        f'pooled = ["{FARRAR}", "montgomery-swings"], unit',
        'published row "montgomery-swings" is in L/min, which cannot be expressed in mL/kg/min',
    ),
}


@pytest.mark.parametrize("name", POOLS)
def test_pools_that_are_refused(folder, name):
    keys, message = POOLS[name]
    text = ONE.replace('judged_on = "farrar-2010-swings", unit', keys)
    assert message in refused(folder, text)


def test_a_row_beside_in_another_unit(folder):
    text = ONE.replace('swings", unit', 'swings", beside = ["jay-2011-low-back"], unit')
    found = refused(folder, text)
    assert 'row "jay-2011-low-back" is in points, which cannot be expressed in mL/kg/min' in found
    assert "Rows in other units can stand under related = [...]" in found


def test_a_direction_is_judged_against_zero_only(folder):
    text = ONE.replace(JUDGED, 'evidence = { judged_on = "jay-2011-fitness", unit = "direction" }')
    assert '"jay-2011-fitness" is a direction without a size, which can only be judged against 0' in refused(
        folder, text
    )
    verdict = only_verdict(folder, text.replace("at_least = 20.0", "at_least = 0.0").replace(" ({low}", " (from {low}"))
    assert verdict.word == "inconclusive"


def test_declared_reasons_lower_the_certainty(folder):
    before = only_verdict(folder, ONE)
    after = only_verdict(folder, ONE.replace('unit = "mL', 'lowered_by = ["they were young", "all men"], unit = "mL'))
    assert after.lowered_by == (*before.lowered_by, "they were young", "all men")
    assert (before.certainty, after.certainty) == ("low", "very low")
    assert before.word == after.word


def test_claims_on_rows_need_a_table(small):
    with pytest.raises(PlanError) as caught:
        read_plan(small.add(f"\n{ONE}{SIZE}").folder / "study.toml")
    assert 'claim "A": no source has reader = "published"' in str(caught.value)
    assert 'claim "A": sample_size names rows, and no source has reader = "published"' in str(caught.value)


# ---- equality ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("region", "word"),
    [
        ("at_least = 49.2, at_most = 60.0", "not supported"),
        ("at_least = 30.0, at_most = 60.0", "supported"),
        ("at_least = 30.0, at_most = 35.0", "inconclusive"),
        ("at_least = 10.0, at_most = 20.0", "not supported"),
    ],
)
def test_equality_is_a_region_with_two_ends(folder, region, word):
    verdict = only_verdict(folder, ONE.replace("at_least = 20.0", region))  # 34.3, 30.3 to 38.4
    assert verdict.word == word


def test_a_region_with_its_ends_swapped(folder):
    text = ONE.replace("at_least = 20.0", "at_least = 20.0, at_most = 10.0")
    assert '"at_least" is larger than "at_most": no value is in between' in refused(folder, text)


# ---- chains ------------------------------------------------------------------------------------------------------


def test_a_chain_is_judged_link_by_link(folder):
    verdict = only_verdict(folder, CHAIN)
    assert [(link.claim_id, link.word) for link in verdict.links] == [("A-a", "supported"), ("A-b", "supported")]
    assert verdict.word == "supported"
    broken = only_verdict(folder, CHAIN.replace("at_least = 20.0", "at_least = 50.0"))
    assert (broken.word, broken.decided_by) == ("not supported", "A-a")
    untested = only_verdict(
        folder, CHAIN.replace('evidence = { judged_on = "jay-2011-low-back", unit = "points" }', "")
    )
    assert (untested.word, untested.decided_by) == ("no evidence", "A-b")


CHAINS = {
    "one link": (CHAIN[: CHAIN.rindex("[[claim.link]]")], "a chain has at least two links"),
    "a region of its own": (
        CHAIN.replace('it helps"\n\n', 'it helps"\ntrue_if = { at_least = 0 }\n\n', 1),
        '"true_if" belongs to the links: a chain is judged link by link',
    ),
    "evidence of its own": (
        CHAIN.replace('it helps"\n\n', f'it helps"\n{JUDGED}\n\n', 1),
        '"evidence" belongs to the links',
    ),
    "a link without a region": (CHAIN.replace("true_if = { at_most = 0.0 }\n", ""), 'link "b": "true_if" is missing'),
    "an id twice": (CHAIN.replace('id = "b"', 'id = "a"'), 'the link "a" is declared 2 times'),
    "one bracket": (
        CHAIN.replace("[[claim.link]]", "[claim.link]", 1).split("\n[[claim.link]]")[0],
        "write [[claim.link]] with two brackets: there can be several",
    ),
    "a link called as a claim": (
        f'[[claim]]\nid = "A-b"\nsays = "x"\ntrue_if = {{ at_least = 0 }}\n\n{CHAIN}',
        'link "A-b" has the id of a claim',
    ),
    "a link's row that is not there": (
        CHAIN.replace("jay-2011-low-back", "jay-2011-lowback"),
        'no row "jay-2011-lowback"',
    ),
    "no region and no links": (ONE.replace("true_if = { at_least = 20.0 }\n", ""), '"true_if" is missing'),
}


@pytest.mark.parametrize("name", CHAINS)
def test_chains_that_are_refused(folder, name):
    text, message = CHAINS[name]
    assert message in refused(folder, text)


# ---- plain sentences ---------------------------------------------------------------------------------------------


def test_what_was_found_is_filled_in(folder):
    assert only_verdict(folder, ONE).in_short == "It took 34.3 (30.3 to 38.4; 10 people), 34.3."


def test_a_verdict_without_its_sentence_gets_one_that_holds(folder):
    verdict = only_verdict(folder, ONE.replace("supported =", "inconclusive ="))
    assert verdict.in_short == "What was found agrees: 34.3 mL/kg/min (95% CI 30.3 to 38.4; 10 people)."


PLAIN = {
    "an unknown brace": ("{size}", "{sice}", "plainly, supported: {sice} is not known; there is {estimate}, {size}"),
    "an open brace": ("{size}", "{size", "plainly, supported: a brace is not closed or not opened"),
    "too long": ("It took", "It took " + "x" * 140, "a short sentence has at most 140"),
    "an unknown verdict": (
        "supported =",
        "suported =",
        '"suported" is not a key of plainly; did you mean "supported"?',
    ),
    "an empty sentence": (
        '"It took {estimate} ({low} to {high}; {n} people), {size}."',
        '""',
        "must be text that is not empty",
    ),
}


@pytest.mark.parametrize("name", PLAIN)
def test_plain_sentences_that_are_refused(folder, name):
    old, new, message = PLAIN[name]
    assert message in refused(folder, ONE.replace(old, new))


# ---- what would settle it ----------------------------------------------------------------------------------------


def test_a_design_without_a_number(folder):
    study = only_verdict(folder, ONE + SIZE[: SIZE.index("\n[claim.settle.sample_size]")]).settle
    assert study.sentence == "What would settle it: a randomised trial in adults, measuring pain."


def test_the_number_is_within_what_theory_says(folder):
    """R: power.t.test(delta = 1, sd = sqrt(0.75), power = 0.8)$n is 12.8, with 10 % dropout 14.2."""
    study = only_verdict(folder, ONE + SIZE).settle
    assert 13 <= study.n <= 17
    assert study.is_per_arm
    assert f"measuring pain. With {study.n} people per arm the 95% interval excludes 0 in 80% of such studies" in (
        study.sentence
    )
    assert study.sentence.endswith("10% drop out. Assumed from: Jay's trial.")
    assert only_verdict(folder, ONE + SIZE).settle == study


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"goal": '"supported"', "difference": "22.0"}, "lies where the claim is true"),
        ({"goal": '"decided"', "difference": "22.0"}, "decides the claim"),
        ({"goal": '"narrow"\nhalf_width = 0.5', "difference": None}, "reaches at most 0.5 points to either side"),
    ],
)
def test_other_goals(folder, changes, words):
    study = only_verdict(folder, ONE + sized(**changes)).settle
    assert words in study.sentence
    assert study.n >= 3


def test_one_group(folder):
    text = sized(analysis='"mean"', goal='"narrow"\nhalf_width = 0.5', difference=None, correlation=None)
    study = only_verdict(folder, ONE + text).settle
    assert not study.is_per_arm
    assert f"in adults ({study.n} people), measuring" in study.sentence
    assert "the mean of one group" in study.sentence


def sized(**changes):
    """The declaration with other keys; ``None`` leaves one out."""
    lines = [line for line in SIZE.splitlines() if line.partition(" =")[0] not in changes]
    lines += [f"{key} = {value}" for key, value in changes.items() if value is not None]
    return "\n".join(lines) + "\n"


SIZES = {
    "narrow how": ({"goal": '"narrow"', "difference": None}, 'goal = "narrow" needs "half_width"'),
    "a width for another goal": ({"half_width": "1.0"}, '"half_width" has no effect with goal = "difference"'),
    "no difference": ({"difference": None}, 'goal = "difference" needs "difference"'),
    "a difference that does nothing": (
        {"goal": '"narrow"\nhalf_width = 0.5'},
        '"difference" has no effect with goal = "narrow"; leave it out',
    ),
    "no correlation": ({"correlation": None}, 'analysis = "ancova" needs "correlation"'),
    "a correlation that does nothing": ({"analysis": '"follow_up"'}, '"correlation" has no effect with analysis'),
    "no source": ({"assumed_from": None}, '"assumed_from" is missing'),
    "an empty source": ({"assumed_from": '""'}, "must be text that is not empty"),
    "no spread": ({"sd": "0.0"}, "sd is 0.0, and must be larger than 0"),
    "all gone": ({"dropout": "1.0"}, "dropout is 1.0, and must be smaller than 1"),
    "certainty": ({"probability": "1.0"}, "probability is 1.0, and must be smaller than 1"),
    "an unknown goal": ({"goal": '"diference"'}, 'did you mean "difference"?'),
    "a row that is not there": ({"rows": '["jay-2011-lowback"]'}, 'no row "jay-2011-lowback"; did you mean'),
}


@pytest.mark.parametrize("name", SIZES)
def test_sizes_that_are_refused(folder, name):
    changes, message = SIZES[name]
    assert message in refused(folder, ONE + sized(**changes))


def test_a_chain_has_no_one_region_to_decide(folder):
    size = sized(goal='"decided"')
    text = CHAIN.replace('it helps"\n\n', f'it helps"\n{size}\n', 1)
    assert 'sample_size: goal = "decided" needs one region, and a chain has one for each link' in refused(folder, text)


def test_a_number_that_nobody_could_recruit(folder):
    study = kb.load(written(folder, ONE + sized(goal='"supported"', difference="20.0")))
    with pytest.raises(PlanError) as caught:
        kb.analyse(study)
    assert 'claim "A", sample_size: 100000 people an arm do not reach the goal' in str(caught.value)
