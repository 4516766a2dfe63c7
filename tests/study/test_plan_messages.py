"""Every mistake in study.toml is told with its line and with what was probably meant."""

from __future__ import annotations

import pytest

from kbstudy.errors import PlanError
from kbstudy.study import read_plan

CASES = {
    "a key that does not exist": (
        'better = "lower"',
        "beter = 'lower'",
        'study.toml:21: outcome "pain": "beter" is not a key here; did you mean "better"?',
    ),
    "a missing key": ('method = "ancova"\n', "", 'study.toml:24: analysis "pain_post": "method" is missing'),
    "a word that is not among the allowed": (
        'method = "ancova"',
        'method = "ancva"',
        'study.toml:27: analysis "pain_post": method is "ancva" and must be one of "ancova", "paired", "responders"; '
        'did you mean "ancova"?',
    ),
    "a reference that is not an arm": (
        'reference = "Control"',
        'reference = "Contrl"',
        'study.toml:8: design: reference "Contrl" is not declared; did you mean "Control"?',
    ),
    "an outcome that is not declared": (
        'outcome = "pain"',
        'outcome = "pian"',
        'study.toml:26: analysis "pain_post": outcome "pian" is not declared; did you mean "pain"?',
    ),
    "a visit that is not declared": (
        'visit = "Post" }',
        'visit = "Past" }',
        'study.toml:28: analysis "pain_post": visit "Past" is not declared; did you mean "Post"?',
    ),
    "a contrast of arms that are not declared": (
        '"Training - Control"',
        '"Training - Contrl"',
        'contrast "Training - Contrl" is not declared; did you mean "Training - Control"?',
    ),
    "a list that is none": (
        'levels = ["Pre", "Post"]',
        'levels = "Pre"',
        'study.toml:9: design: levels is "Pre", and must be a list in square brackets, such as ["a", "b"]',
    ),
    "text where true or false belongs": (
        'title = "A small trial"',
        'title = "A small trial"\nsimulated = "yes"',
        'study.toml:4: study: simulated is "yes", and must be true or false, without quotation marks',
    ),
    "a number where text belongs": (
        'title = "A small trial"',
        "title = 5",
        'study: title is 5, and must be text in quotation marks, such as "text"',
    ),
    "one bracket instead of two": (
        "[[claim]]",
        "[claim]",
        "claim: write [[claim]] with two brackets: there can be several",
    ),
    "one arm": (
        'levels = ["Control", "Training"]',
        'levels = ["Control"]',
        "and must be a list of at least 2",
    ),
    "a name that the tidy table uses": (
        'name = "pain"\nlabel',
        'name = "visit"\nlabel',
        '"visit" is a name that the tidy table uses itself; choose another',
    ),
    "a claim on a narrow interval": (
        'method = "ancova"',
        'method = "ancova"\nlevel = 0.5',
        "its analysis has level = 0.5; a claim is judged on an interval of at least 95 %",
    ),
    "an unfinished quotation": ('title = "A small trial"', 'title = "A small trial', "is a quotation mark missing?"),
    "an analysis at baseline": (
        'visit = "Post" }',
        'visit = "Pre" }',
        'visit is the baseline; "ancova" needs a later one',
    ),
    "a claim on an analysis that is not declared": (
        'analysis = "pain_post"',
        'analysis = "pain_pots"',
        'study.toml:33: claim "pain": analysis "pain_pots" is not declared; did you mean "pain_post"?',
    ),
    "a claim without a region": ("true_if = { at_most = 0 }", "true_if = {}", 'needs "at_least", "at_most" or both'),
    "a region with nothing in it": (
        "true_if = { at_most = 0 }",
        "true_if = { at_most = 0, at_least = 1 }",
        '"at_least" is larger than "at_most": no value is in between',
    ),
    "a measure that does not exist": (
        'unit = "points"',
        'measure = "nrs"',
        '"nrs" is not a measure; known are handgrip_kg, nrs_0_10, odi, vas_0_100_mm',
    ),
    "no unit and no measure": ('unit = "points"\n', "", 'without "measure", say "unit" and "better"'),
    "randomised to nothing": (
        'arm = { column = "group", levels = ["Control", "Training"], reference = "Control" }\n',
        "",
        'allocation is "randomised" but no arm is declared',
    ),
    "a correction that does two things": (
        "[[claim]]",
        '[[correction]]\nparticipant = "P01"\ncolumn = "pain"\nfound = "x"\nuse = 1\nmissing = true\nwhy = "?"\n\n'
        "[[claim]]",
        'say either "use" (the value to use) or "missing = true", not both',
    ),
    "a correction without its reason": (
        "[[claim]]",
        '[[correction]]\nparticipant = "P01"\ncolumn = "pain"\nfound = "x"\nuse = 1\n\n[[claim]]',
        'correction number 1: "why" is missing',
    ),
    "a name used twice": (
        "[[claim]]",
        '[[outcome]]\nname = "pain"\ncolumn = "b"\nmeasure = "odi"\n\n[[claim]]',
        'outcome "pain": "pain" is used twice; names must differ',
    ),
    "responders without a rule for missing people": (
        'method = "ancova"',
        'method = "responders"\nat_most = 3',
        '"responders" needs "missing": "non_responder" or "excluded"',
    ),
    "paired without an arm": (
        'method = "ancova"',
        'method = "paired"',
        '"paired" describes one arm: say arm = "Control" or "Training"',
    ),
}

PLAN = """\
[study]
id = "small"
title = "A small trial"

[design]
participant = "id"
allocation = "randomised"
arm = { column = "group", levels = ["Control", "Training"], reference = "Control" }
visit = { column = "visit", levels = ["Pre", "Post"], baseline = "Pre" }

[[source]]
file = "data.csv"

# a comment with [brackets] = and an equals sign

[[outcome]]
name = "pain"
label = "Pain"
column = "pain"
unit = "points"
better = "lower"
range = [0, 10]

[[analysis]]
name = "pain_post"
outcome = "pain"
method = "ancova"
estimand = { contrast = "Training - Control", visit = "Post" }

[[claim]]
id = "pain"
says = "Training alleviates pain"
analysis = "pain_post"
true_if = { at_most = 0 }
"""


def test_the_plan_itself_is_fine(tmp_path):
    path = tmp_path / "study.toml"
    path.write_text(PLAN, "utf-8")
    assert read_plan(path).analysis("pain_post").estimand.visit == "Post"


@pytest.mark.parametrize("name", CASES)
def test_message(name, tmp_path):
    old, new, expected = CASES[name]
    assert old in PLAN
    path = tmp_path / "study.toml"
    path.write_text(PLAN.replace(old, new, 1), "utf-8")
    with pytest.raises(PlanError) as caught:
        read_plan(path)
    assert expected in str(caught.value)


def test_all_mistakes_at_once(tmp_path):
    path = tmp_path / "study.toml"
    path.write_text(PLAN.replace('better = "lower"', "beter = 1").replace('method = "ancova"', 'mehtod = "x"'), "utf-8")
    with pytest.raises(PlanError) as caught:
        read_plan(path)
    said = str(caught.value)
    assert '"beter" is not a key here' in said
    assert '"mehtod" is not a key here; did you mean "method"?' in said


def test_a_file_that_is_not_text(tmp_path):
    path = tmp_path / "study.toml"
    path.write_bytes(b'[study]\nid = "\xff"\n')
    with pytest.raises(PlanError, match="study.toml: is not UTF-8 text"):
        read_plan(path)
