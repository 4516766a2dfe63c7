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
        '"mean", "paired", "responders", "side_by_side", "permutation", "individual_response", "ordinal", "hold_time", '
        '"equivalence", "dose_response", "crossover"; did you mean "ancova"?',
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
        '"nrs" is not a measure; known are back_extension_n, ',
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
        '"covariates" belongs to the methods "ancova", "mmrm", "clda", "lmm", ',
    ),
}

#: Audits under the claim of the plan, which ends on line 34, and what is said about them.
AUDIT_CASES = {
    "a number that is missing": (
        "rate_kcal_min = 20.2",
        'study.toml:36: claim "pain": "minutes" is missing',
    ),
    "a number in quotation marks": (
        'rate_kcal_min = 20.2\nminutes = "20"',
        'study.toml:38: claim "pain": minutes is "20", and must be a number',
    ),
    "a number that is true": (
        "rate_kcal_min = 20.2\nminutes = true",
        'study.toml:38: claim "pain": minutes is true, and must be a number',
    ),
    "a key that does not exist": (
        "rate_kcal_min = 20.2\nminutes = 20\nbodymass_kg = 86",
        'study.toml:39: claim "pain": "bodymass_kg" is not a key here; did you mean "body_mass_kg"?',
    ),
    "a basis that does not exist": (
        'rate_kcal_min = 20.2\nminutes = 20\nvo2_ml_kg_min = 31.6\nvo2_basis = "estimated"',
        'study.toml:40: claim "pain": vo2_basis is "estimated" and must be one of "measured", "estimated_from_hr"',
    ),
    "a basis of nothing": (
        'rate_kcal_min = 20.2\nminutes = 20\nvo2_basis = "measured"',
        'study.toml:39: claim "pain": audit: vo2_basis says how oxygen uptake was found, and vo2_ml_kg_min is not '
        "given",
    ),
    "no time": (
        "rate_kcal_min = 20.2\nminutes = 0",
        'study.toml:38: claim "pain": audit: minutes=0 is impossible; it must be above 0',
    ),
    "a number that is none": (
        "rate_kcal_min = nan\nminutes = 20",
        'study.toml:37: claim "pain": audit: rate_kcal_min=nan is not a number',
    ),
    "another unit": (
        "rate_kcal_min = 20.2\nminutes = 20\n\n# grams\nbody_mass_kg = 86_000",
        'study.toml:41: claim "pain": audit: body_mass_kg=86000 is outside 20 to 300, so it must be in another unit',
    ),
    "a pace in minutes": (
        "rate_kcal_min = 20.2\nminutes = 20\nequal_to_pace_s_per_mile = 6",
        'study.toml:39: claim "pain": audit: equal_to_pace_s_per_mile=6 is faster than anybody runs; six minutes a '
        "mile is 360",
    ),
    "lactate that falls": (
        "rate_kcal_min = 20.2\nminutes = 20\nlactate_peak_mmol_l = 1\nlactate_rest_mmol_l = 2",
        'study.toml:39: claim "pain": audit: a lactate peak of 1 is below the 2 mmol/L of rest',
    ),
    "an activity that is not tabulated": (
        'rate_kcal_min = 20.2\nminutes = 20\nactivity = "kettlebell swing"',
        'study.toml:39: claim "pain": audit: "kettlebell swing" is not a tabulated activity; did you mean '
        '"kettlebell swings"?',
    ),
    "rows of no table": (
        'rate_kcal_min = 20.2\nminutes = 20\nstated_in = ["a"]',
        'study.toml:39: claim "pain": audit: stated_in names rows, and no source has reader = "published"',
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


def audited(tmp_path, text):
    path = tmp_path / "study.toml"
    path.write_text(f"{PLAN}{text}\n", "utf-8")
    return path


@pytest.mark.parametrize("name", AUDIT_CASES)
def test_message_of_an_audit(name, tmp_path):
    keys, expected = AUDIT_CASES[name]
    with pytest.raises(PlanError) as caught:
        read_plan(audited(tmp_path, f"\n[claim.audit]\n{keys}"))
    assert expected in str(caught.value)


def test_an_audit_says_what_to_do(tmp_path):
    with pytest.raises(PlanError, match="What to do: Give the numbers as the publication states them"):
        read_plan(audited(tmp_path, "\n[claim.audit]\nrate_kcal_min = 20.2\nminutes = 0"))


def test_every_impossible_number_of_an_audit_has_its_line(tmp_path):
    text = "\n[claim.audit]\nrate_kcal_min = -1\nminutes = 20\nbody_mass_kg = 1"
    with pytest.raises(PlanError) as caught:
        read_plan(audited(tmp_path, text))
    assert [problem.line for problem in caught.value.problems] == [37, 39]


def test_the_audit_of_the_second_claim_has_its_own_lines(tmp_path):
    first = "\n[claim.audit]\nrate_kcal_min = 20.2\nminutes = 20"
    second = '\n[[claim]]\nid = "two"\nsays = "More"\ntrue_if = { at_least = 1 }\n'
    with pytest.raises(PlanError, match='study.toml:47: claim "two": audit: minutes=0 is impossible'):
        read_plan(audited(tmp_path, f"{first}\n{second}\n[claim.audit]\nrate_kcal_min = 1\nminutes = 0"))


def test_an_audit_inside_the_claim(tmp_path):
    path = audited(tmp_path, "audit = { rate_kcal_min = 20, minutes = 20 }")
    assert read_plan(path).claims[0].audit.arguments()["rate_kcal_min"] == 20
    with pytest.raises(PlanError, match='study.toml:35: claim "pain": audit: minutes=0 is impossible'):
        read_plan(audited(tmp_path, "audit = { rate_kcal_min = 20, minutes = 0 }"))


def test_an_audit_with_two_brackets(tmp_path):
    with pytest.raises(PlanError, match=r'study.toml:36: claim "pain": write \[claim.audit\] with one bracket'):
        read_plan(audited(tmp_path, "\n[[claim.audit]]\nrate_kcal_min = 20\nminutes = 20"))


def test_a_table_in_another_section_has_its_own_lines(tmp_path):
    path = tmp_path / "study.toml"
    inline = 'estimand = { contrast = "Training - Control", visit = "Post" }\n'
    text = PLAN.replace(inline, '\n[analysis.estimand]\ncontrast = "Training - Control"\nvisitt = "Post"\n')
    path.write_text(text, "utf-8")
    with pytest.raises(PlanError) as caught:
        read_plan(path)
    assert 'study.toml:31: analysis "pain_post": "visitt" is not a key here' in str(caught.value)


def test_an_audit_declares_what_the_audit_asks():
    import inspect

    from kbstudy.evidence import audit_energy_claim
    from kbstudy.study.plan import EnergyAudit

    asked = inspect.signature(audit_energy_claim).parameters
    assert [*EnergyAudit.model_fields] == [*asked, "stated_in"]
    required = {name for name, info in EnergyAudit.model_fields.items() if info.is_required()}
    assert required == {name for name, parameter in asked.items() if parameter.default is parameter.empty}


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
