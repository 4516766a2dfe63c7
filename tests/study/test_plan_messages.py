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
        'study.toml:27: analysis "pain_post": method is "ancva" and must be one of "ancova", "mmrm", "clda", "lmm", '
        '"paired", "responders"; did you mean "ancova"?',
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

#: Changes to a plan with three visits after the baseline and an analysis by mmrm.
MIXED_CASES = {
    "an mmrm at baseline": (
        [('visit = "Week 8" }', 'visit = "Pre" }')],
        'study.toml:28: analysis "pain_post": visit is the baseline; "mmrm" needs a later one',
    ),
    "an lmm before the baseline": (
        [('"mmrm"', '"lmm"'), ('visit = "Week 8" }', 'visit = "Screening" }')],
        'study.toml:28: analysis "pain_post": visit "Screening" is before the baseline "Pre"; "lmm" needs a later one',
    ),
    "an mmrm of one visit": (
        [('"Pre", "Week 4", "Week 8", "Week 12"]', '"Pre", "Week 8"]')],
        'study.toml:27: analysis "pain_post": "mmrm" needs two visits or more after the baseline, and there is one: '
        '"Week 8"; use "ancova" or "clda"',
    ),
    "an lmm of one visit, because the outcome has one": (
        [('"mmrm"', '"lmm"'), ('column = "pain"\n', 'columns = { Pre = "pain_0", "Week 8" = "pain_8" }\n')],
        '"lmm" needs two visits or more after the baseline, and there is one: "Week 8"; use "ancova" or "clda"',
    ),
    "arms held equal that were not randomised": (
        [('"mmrm"', '"clda"'), ('allocation = "randomised"', 'allocation = "assigned"')],
        'study.toml:27: analysis "pain_post": "clda" holds the arms equal at baseline, which only randomisation makes '
        'true; allocation is "assigned": use "mmrm" or "ancova"',
    ),
    "a slope without weeks": (
        [('"mmrm"', '"lmm"\nrandom = "slope"')],
        'study.toml:28: analysis "pain_post": random is "slope", and a slope needs the week of each visit: say '
        'time = { "Week 4" = 4, "Week 8" = 8, "Week 12" = 12 } with your own numbers',
    ),
    "a slope over two visits": (
        [
            ('"mmrm"', '"lmm"\nrandom = "slope"\ntime = { "Week 4" = 4, "Week 8" = 8 }'),
            (', "Week 12"]', "]"),
        ],
        'random is "slope", and a slope of each person needs three visits or more after the baseline; there are 2: use '
        'random = "intercept"',
    ),
    "weeks of a visit that is not declared": (
        [('"mmrm"', '"lmm"\ntime = { "Week 4" = 4, "Week 8" = 8, "Weak 12" = 12 }')],
        'study.toml:28: analysis "pain_post": time: visit "Weak 12" is not declared; did you mean "Week 12"?',
    ),
    "weeks that are missing": (
        [('"mmrm"', '"lmm"\ntime = { Pre = 0, "Week 4" = 4 }')],
        'study.toml:28: analysis "pain_post": time has no number of weeks for "Week 8" and "Week 12"',
    ),
    "weeks that run backwards": (
        [('"mmrm"', '"lmm"\ntime = { "Week 4" = 4, "Week 8" = 8, "Week 12" = 2 }')],
        'time says 2 weeks for "Week 12" and 8 for "Week 8", which comes before it in the order of the visits',
    ),
    "weeks that are no number": (
        [('"mmrm"', '"lmm"\ntime = { "Week 4" = "four" }')],
        'Week 4 is "four", and must be a number',
    ),
    "weeks without end": (
        [('"mmrm"', '"lmm"\ntime = { "Week 4" = 4, "Week 8" = 8, "Week 12" = inf }')],
        "Week 12 is inf, and must be a number that is neither infinite nor nan",
    ),
    "a covariance that does not exist": (
        [('"mmrm"', '"mmrm"\ncovariance = "unstructred"')],
        'covariance is "unstructred" and must be one of "unstructured", "compound_symmetry"',
    ),
    "degrees of freedom that do not exist": (
        [('"mmrm"', '"mmrm"\ndf_method = "kenward-roger"')],
        'df_method is "kenward-roger" and must be one of "kenward_roger", "kenward_roger_linear", "satterthwaite", '
        '"residual"; did you mean "kenward_roger"?',
    ),
    "a covariance by something else": (
        [('"mmrm"', '"mmrm"\ncovariance_by = "sex"')],
        'study.toml:28: analysis "pain_post": covariance_by is "sex" and must be one of "arm"',
    ),
    "adjusted for one contrast": (
        [('"mmrm"', '"mmrm"\nadjust = "holm"')],
        'study.toml:28: analysis "pain_post": adjust is "holm", and with two arms there is only one contrast at a '
        "visit; leave it out",
    ),
    "an adjustment that compares all pairs": (
        [('"mmrm"', '"mmrm"\nadjust = "tukey"')],
        'adjust is "tukey" and must be',
    ),
    "robust errors of a mixed model": (
        [('"mmrm"', '"mmrm"\nrobust = "HC3"')],
        'study.toml:28: analysis "pain_post": "robust" belongs to the method "ancova", and this one is "mmrm"',
    ),
    "a covariance of an ancova": (
        [('"mmrm"', '"ancova"\ncovariance = "ar1"')],
        'study.toml:28: analysis "pain_post": "covariance" belongs to the methods "mmrm" and "clda", and this one is '
        '"ancova"',
    ),
    "a random effect of an mmrm": (
        [('"mmrm"', '"mmrm"\nrandom = "slope"\ntime = { "Week 4" = 4 }')],
        'study.toml:29: analysis "pain_post": "time" belongs to the method "lmm", and this one is "mmrm"',
    ),
    "covariates of a paired analysis": (
        [('"mmrm"', '"paired"\narm = "Training"\ncovariates = []')],
        '"covariates" belongs to the methods "ancova", "mmrm", "clda" and "lmm", and this one is "paired"',
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


LATER = (
    ('["Pre", "Post"]', '["Screening", "Pre", "Week 4", "Week 8", "Week 12"]'),
    ('method = "ancova"', 'method = "mmrm"'),
    ('visit = "Post" }', 'visit = "Week 8" }'),
)


def later_plan(changes=()):
    text = PLAN
    for old, new in (*LATER, *changes):
        assert old in text
        text = text.replace(old, new, 1)
    return text


@pytest.mark.parametrize("method", ["mmrm", "clda", "lmm"])
def test_a_mixed_model_is_fine(method, tmp_path):
    path = tmp_path / "study.toml"
    path.write_text(later_plan([('"mmrm"', f'"{method}"')]), "utf-8")
    plan = read_plan(path)
    assert plan.visits_after_baseline(plan.outcomes[0]) == ("Week 4", "Week 8", "Week 12")


@pytest.mark.parametrize("name", MIXED_CASES)
def test_message_of_a_mixed_model(name, tmp_path):
    changes, expected = MIXED_CASES[name]
    path = tmp_path / "study.toml"
    path.write_text(later_plan(changes), "utf-8")
    with pytest.raises(PlanError) as caught:
        read_plan(path)
    assert expected in str(caught.value)


def test_the_choices_of_a_plan_are_those_of_the_models():
    from typing import get_args

    from kbstudy.models.mixed.inference import DfMethod
    from kbstudy.models.mixed.structures import STRUCTURES
    from kbstudy.models.multiplicity import METHODS
    from kbstudy.study import plan

    assert set(get_args(plan.DfMethod)) == set(get_args(DfMethod))
    assert set(get_args(plan.Covariance)) == {name for name in STRUCTURES if not name.startswith("spatial")}
    assert set(get_args(plan.Adjust)) < set(METHODS)


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
