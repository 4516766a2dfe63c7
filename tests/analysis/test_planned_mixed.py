"""Planned mixed models: the same numbers as the models themselves, at the visit that was asked for, and nobody lost."""

from __future__ import annotations

import json
import re

import numpy as np
import pandas as pd
import pytest

import kbstudy as kb
from kbstudy import figures
from kbstudy.errors import FitError, PlanError
from kbstudy.figures.style import house_style, new_figure
from tests import tolerances

VISITS = ("Pre", "Week 4", "Week 8", "Week 12")
NUMBERS = ["estimate", "se", "df", "statistic", "p", "low", "high"]

PLAN = """\
[study]
id = "repeated"
title = "A trial with three follow-ups"

[design]
participant = "Record-ID"
allocation = "randomised"
arm = { column = "group", levels = ["Control", "Training"], reference = "Control" }
visit = { column = "visit", levels = ["Pre", "Week 4", "Week 8", "Week 12"], baseline = "Pre" }

[[source]]
file = "data.csv"

[[covariate]]
name = "age"
column = "age"
label = "Age"
kind = "number"
unit = "years"

[[outcome]]
name = "pain"
label = "Low-back pain (worst)"
column = "pain"
measure = "nrs_0_10"
decimals = 2

[[analysis]]
name = "main"
outcome = "pain"
method = "mmrm"
covariates = ["age"]
estimand = { contrast = "Training - Control", visit = "Week 8" }
primary = true

[[claim]]
id = "pain"
says = "Training alleviates pain"
analysis = "main"
true_if = { at_most = 0 }
"""

#: Who lacks what: nobody's values are all there.
NO_BASELINE, NO_FOLLOWUP, NO_AGE, NO_WEEK_8 = "P03", "P04", "P05", "P06"


def rows(arms=("Control", "Training"), people=30):
    """Values that go down by arm and visit; some are missing on purpose."""
    rng = np.random.default_rng(11)
    for number in range(people):
        person, arm = f"P{number + 1:02d}", arms[number % len(arms)]
        own, age = rng.normal(0, 1.0), int(rng.integers(25, 60))
        for week, visit in zip((0, 4, 8, 12), VISITS, strict=True):
            drop = 0.02 * week + 0.08 * week * arms.index(arm)
            value = f"{np.clip(6 + own - drop + rng.normal(0, 0.7), 0, 10):.2f}"
            is_gone = (person, visit) == (NO_WEEK_8, "Week 8") or (person == NO_FOLLOWUP and visit != "Pre")
            if (person, visit) == (NO_BASELINE, "Pre"):
                value = ""
            if not is_gone:
                yield [person, arm, visit, "" if person == NO_AGE else str(age), value]


@pytest.fixture
def trial(tmp_path):
    """Write the study with some text of its plan replaced, and read it."""

    def write(*changes, arms=("Control", "Training"), more=(), keep=lambda _row: True):
        plan = PLAN
        for old, new in changes:
            assert old in plan
            plan = plan.replace(old, new)
        lines = [["Record-ID", "group", "visit", "age", "pain"], *filter(keep, rows(arms)), *more]
        (tmp_path / "study.toml").write_text(plan, "utf-8")
        (tmp_path / "data.csv").write_text("".join(",".join(line) + "\n" for line in lines), "utf-8")
        return kb.load(tmp_path)

    return write


def run(study):
    return kb.analyse(study)


def long(study, *, with_baseline=False):
    """The table as somebody would make it by hand."""
    table = study.table("pain").rename(columns={"Record-ID": "id"})
    table = table if with_baseline else table[table["visit"] != "Pre"]
    table["visit"] = table["visit"].cat.remove_unused_categories()
    return table


def differences(estimates):
    frame = estimates.frame
    return frame[frame["term"] == "adjusted_difference"].set_index("visit")


def same(found, expected):
    for column in NUMBERS:
        assert found[column].to_numpy() == pytest.approx(expected[column].to_numpy(), rel=tolerances.SCALED)


# ---- the numbers are those of the models -------------------------------------------------------------------------


def test_mmrm_is_what_the_model_gives(trial):
    study = trial()
    fit = kb.mmrm(
        long(study), "pain ~ pain_baseline * visit + age + arm * visit", participant="id", visit="visit", arm="arm"
    )
    found = run(study).estimates["main"]
    same(differences(found), fit.contrasts("arm", by="visit").frame)
    same(found.frame[found.frame["term"] == "adjusted_mean"], fit.means("arm", by="visit").frame)
    assert list(differences(found).index) == ["Week 4", "Week 8", "Week 12"]


@pytest.mark.parametrize("covariance", ["compound_symmetry", "ar1_heterogeneous", "toeplitz"])
def test_the_covariance_is_the_declared_one(trial, covariance):
    study = trial(('method = "mmrm"', f'method = "mmrm"\ncovariance = "{covariance}"\ndf_method = "satterthwaite"'))
    fit = kb.mmrm(
        long(study),
        "pain ~ pain_baseline * visit + age + arm * visit",
        participant="id",
        visit="visit",
        covariance=covariance,
        df_method="satterthwaite",
    )
    found = run(study).estimates["main"]
    same(differences(found), fit.contrasts("arm", by="visit").frame)
    assert f"Covariance among visits: {covariance.replace('_', ' ')}." in found.notes
    assert found.frame["method"].str.contains("Satterthwaite").all()


def test_a_covariance_for_each_arm(trial):
    study = trial(('method = "mmrm"', 'method = "mmrm"\ncovariance_by = "arm"'))
    found = run(study).estimates["main"]
    assert set(found.fit.covariance) == {"Control", "Training"}
    assert "Covariance among visits: unstructured, estimated in each arm." in found.notes


def test_clda_is_what_the_model_gives(trial):
    study = trial(('method = "mmrm"', 'method = "clda"'))
    fit = kb.mmrm(
        long(study, with_baseline=True),
        "pain ~ arm * visit + age",
        participant="id",
        visit="visit",
        constrained_baseline="Pre",
        arm="arm",
    )
    later = {"visit": list(VISITS[1:])}
    found = run(study).estimates["main"]
    same(differences(found), fit.contrasts("arm", by="visit", at=later).frame)
    means = found.frame[found.frame["term"] == "adjusted_mean"]
    assert list(means["visit"]) == [visit for visit in VISITS for _ in range(2)]
    assert means["estimate"].iloc[0] == means["estimate"].iloc[1]
    assert found.frame["method"].str.startswith("cLDA, REML").all()


def test_lmm_with_visits_is_what_the_model_gives(trial):
    study = trial(('method = "mmrm"', 'method = "lmm"'))
    fit = kb.lmm(long(study), "pain ~ pain_baseline + age + arm * visit + (1 | id)")
    found = run(study).estimates["main"]
    same(differences(found), fit.contrasts("arm", by="visit").frame)
    assert "Random effects: an intercept of each person." in found.notes


@pytest.mark.parametrize(("random", "effects"), [("intercept", "1"), ("slope", "1 + weeks")])
def test_lmm_with_weeks_is_what_the_model_gives(trial, random, effects):
    time = 'time = { Pre = 0, "Week 4" = 4, "Week 8" = 8, "Week 12" = 12 }'
    study = trial(('method = "mmrm"', f'method = "lmm"\nrandom = "{random}"\n{time}'))
    table = long(study)
    table["weeks"] = table["visit"].astype("object").map({"Week 4": 4.0, "Week 8": 8.0, "Week 12": 12.0})
    fit = kb.lmm(table, f"pain ~ pain_baseline + age + arm * weeks + ({effects} | id)")
    found = run(study).estimates["main"]
    same(differences(found), fit.contrasts("arm", by="weeks", at={"weeks": [4.0, 8.0, 12.0]}).frame)
    assert list(differences(found).index) == ["Week 4", "Week 8", "Week 12"]
    assert "straight line over the weeks" in found.method


def test_the_level_is_the_declared_one(trial):
    study = trial(('method = "mmrm"', 'method = "mmrm"\nlevel = 0.99'))
    fit = kb.mmrm(long(study), "pain ~ pain_baseline * visit + age + arm * visit", participant="id", visit="visit")
    found = run(study).estimates["main"]
    same(differences(found), fit.contrasts("arm", by="visit", level=0.99).frame)
    assert "99% CI" in found.sentence()


# ---- the visit that was asked for --------------------------------------------------------------------------------


def test_the_sentence_is_about_the_estimands_visit(trial):
    found = run(trial()).estimates["main"]
    assert found.sentence().count("difference") == 1
    assert "at Week 8, adjusted for baseline and Age, was" in found.sentence()
    assert "at Week 12, adjusted" in found.sentence(visit="Week 12")
    assert found.row().equals(found.row(contrast="Training - Control", visit="Week 8"))
    assert found.row(visit="Week 4")["estimate"] == differences(found).loc["Week 4", "estimate"]


def test_a_row_that_is_not_there_names_those_that_are(trial):
    with pytest.raises(KeyError, match=r"0 rows fit .*visit='Week 9'; there are: .*Training - Control\] at Week 12"):
        run(trial()).estimates["main"].row(visit="Week 9")


@pytest.mark.parametrize("visit", ["Week 4", "Week 12"])
@pytest.mark.parametrize("method", ["mmrm", "clda", "lmm"])
def test_the_verdict_rests_on_the_declared_visit(trial, method, visit):
    study = trial(('visit = "Week 8" }', f'visit = "{visit}" }}'), ('method = "mmrm"', f'method = "{method}"'))
    results = run(study)
    row = differences(results.estimates["main"]).loc[visit]
    evidence = results.verdicts[0].evidence
    assert (evidence.estimate, evidence.low, evidence.high, evidence.n) == tuple(row[["estimate", "low", "high", "n"]])


# ---- three arms --------------------------------------------------------------------------------------------------

THREE = ('levels = ["Control", "Training"]', 'levels = ["Control", "Walking", "Training"]')
ARMS = ("Control", "Walking", "Training")


def test_the_declared_contrast_may_be_between_any_two_arms(trial):
    study = trial(THREE, ('"Training - Control"', '"Training - Walking"'), arms=ARMS)
    results = run(study)
    found = results.estimates["main"]
    assert list(found.compares) == ["Control - Walking", "Training - Walking"]
    assert results.verdicts[0].evidence.estimate == found.row(contrast="Training - Walking")["estimate"]
    assert any("Declared is Training - Walking at Week 8" in note for note in found.notes)
    assert any("Nothing is adjusted for the number of comparisons" in note for note in found.notes)


def test_adjusting_for_the_number_of_arms(trial):
    plain = differences(run(trial(THREE, arms=ARMS)).estimates["main"])
    changed = run(trial(THREE, ('method = "mmrm"', 'method = "mmrm"\nadjust = "dunnett"'), arms=ARMS))
    found = differences(changed.estimates["main"])
    assert found["estimate"].tolist() == plain["estimate"].tolist()
    assert (found["high"] - found["low"] > plain["high"] - plain["low"]).all()
    assert list(found["family"]) == list(found.index)
    notes = " ".join(changed.estimates["main"].notes)
    assert "Adjusted for the number of arms compared at a visit: Dunnett. Visits are not adjusted for." in notes
    assert "Nothing is adjusted" not in notes


# ---- who is in it ------------------------------------------------------------------------------------------------


def fate(results, person, visit):
    frame = results.estimates["main"].ledger.frame
    row = frame[(frame["participant"] == person) & (frame["visit"] == visit)].iloc[0]
    return row["status"], row["reason"]


def test_the_ledger_of_an_mmrm(trial):
    results = run(trial())
    assert fate(results, "P01", "Week 8") == ("analysed", "")
    assert fate(results, NO_BASELINE, "Week 4") == ("dropped", "no value at Pre (empty cell)")
    assert fate(results, NO_FOLLOWUP, "Week 4") == ("missing", "no row for this visit")
    assert fate(results, NO_AGE, "Week 12") == ("dropped", "no value of Age")
    assert fate(results, NO_WEEK_8, "Week 8") == ("missing", "no row for this visit")
    assert fate(results, NO_WEEK_8, "Week 12") == ("analysed", "")
    ledger = results.estimates["main"].ledger
    assert set(ledger.frame["visit"]) == {"Week 4", "Week 8", "Week 12"}
    assert set(ledger.ids("analysed")) == set(results.estimates["main"].fit.people)
    out = ledger.by_person().frame.set_index("participant")["reason"]
    assert out[NO_FOLLOWUP] == "Week 4, Week 8 and Week 12: no row for this visit"
    assert out[NO_BASELINE] == "Week 4, Week 8 and Week 12: no value at Pre (empty cell)"


def test_the_ledger_agrees_with_that_of_the_model(trial):
    results = run(trial())
    own, model = results.estimates["main"].ledger.frame, results.estimates["main"].fit.ledger.frame
    keys = ["participant", "visit"]
    mine = own[own["status"] == "analysed"].set_index(keys).index
    assert set(mine) == set(model[model["status"] == "analysed"].set_index(keys).index)
    assert set(own.set_index(keys).index) == set(model.set_index(keys).index)


def test_clda_keeps_people_without_a_baseline_or_a_followup(trial):
    results = run(trial(('method = "mmrm"', 'method = "clda"')))
    assert fate(results, NO_BASELINE, "Week 4") == ("analysed", "")
    assert fate(results, NO_BASELINE, "Pre") == ("missing", "empty cell")
    assert fate(results, NO_FOLLOWUP, "Pre") == ("analysed", "")
    assert fate(results, NO_AGE, "Pre") == ("dropped", "no value of Age")


def test_people_without_an_arm_stay_in_the_ledger(trial):
    screened = [["P99", "", "Pre", "40", "5.00"]]
    ledger = run(trial(more=screened)).estimates["main"].ledger
    assert ledger.ids("not randomised") == ["P99"]
    assert len(ledger.ids()) == 31


def test_n_counts_people_at_the_visit_and_the_model_has_more(trial):
    results = run(trial())
    found = results.estimates["main"]
    assert differences(found)["n"].to_dict() == {"Week 4": 27, "Week 8": 26, "Week 12": 27}
    assert "27 people with a value at one visit or more are in the model." in found.notes[0]


def test_the_flow_adds_up_and_counts_people_once(trial):
    flow = run(trial()).flow
    assert [arm.analysed for arm in flow.arms] == [13, 14]
    assert [arm.at_visit for arm in flow.arms] == [("Week 8", 13), ("Week 8", 13)]
    assert sum(n for arm in flow.arms for _, n in arm.not_analysed) == 3
    assert "14 analysed (13 of them with a value at Week 8)" in flow.text()


def test_the_figure_shows_those_with_a_value_at_both_visits(trial):
    results = run(trial())
    points = results.estimates["main"].points
    assert NO_WEEK_8 not in set(points["participant"])
    assert len(points) == 26
    values = results.study.values.set_index(["Record-ID", "visit"])["value"]
    for row in points.itertuples():
        assert (row.baseline, row.followup) == (values[row.participant, "Pre"], values[row.participant, "Week 8"])


# ---- what cannot be done -----------------------------------------------------------------------------------------


def test_a_visit_that_nobody_came_to_is_left_out_and_told(trial):
    found = run(trial(keep=lambda row: row[2] != "Week 4")).estimates["main"]
    assert list(differences(found).index) == ["Week 8", "Week 12"]
    assert "Not in the model, because nobody has a value there: Week 4." in found.notes


def test_nobody_at_the_estimands_visit(trial):
    study = trial(keep=lambda row: row[2] != "Week 8")
    with pytest.raises(FitError, match=r'analysis "main" \(visit Week 8\): nobody has a value at the visit'):
        run(study)


def test_only_one_visit_with_values(trial):
    study = trial(keep=lambda row: row[2] in ("Pre", "Week 8"))
    with pytest.raises(FitError) as caught:
        run(study)
    assert 'analysis "main": "Week 8" is the only visit with values, and "mmrm" needs two' in str(caught.value)
    assert 'Use method = "ancova"' in str(caught.value)


@pytest.mark.parametrize("method", ["ancova", "mmrm", "clda", "lmm"])
def test_what_the_model_cannot_do_names_the_analysis(trial, method):
    study = trial(
        ('method = "mmrm"', f'method = "{method}"'), ('covariates = ["age"]\n', ""), keep=lambda row: row[0] < "P03"
    )
    with pytest.raises(FitError, match='analysis "main"'):
        run(study)


@pytest.mark.parametrize(
    "label", ["Pain `now`", "Pain | night", "pain ~ x", "row", " Pain", "Age", "Schmerz, stärkster"]
)
def test_any_label_will_do(trial, label):
    plain = differences(run(trial()).estimates["main"])
    found = run(trial(('label = "Low-back pain (worst)"', f'label = "{label}"'))).estimates["main"]
    assert differences(found)["estimate"].tolist() == pytest.approx(plain["estimate"].tolist(), rel=tolerances.SCALED)
    assert found.outcome == label


# ---- the report --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["mmrm", "clda", "lmm"])
def test_the_report_has_table_method_and_figures(trial, method, tmp_path):
    results = run(trial(('method = "mmrm"', f'method = "{method}"')))
    folder = kb.report(results, ["html"], tmp_path / "report")
    page = " ".join(re.sub(r"\s+", " ", (folder / "report.html").read_text("utf-8")).split())
    assert "Kenward–Roger" in page
    found = results.estimates["main"]
    for row in differences(found).itertuples():
        assert f"{row.low:.2f} to {row.high:.2f}".replace("-", "−") in page
    assert re.search(r'alt="[^"]*adjusted means at each visit with 95% CI[^"]*Training at Week 12: ', page)
    assert re.search(r'alt="[^"]*every person with a value at Pre and Week 8 \(thin lines\)', page)
    assert "any visit" in page
    assert (folder / "figures" / "over-time-main.svg").exists()
    content = json.loads((folder / "results.json").read_text("utf-8"))["analyses"]["main"]
    assert content["primary_visit"] == "Week 8"
    shown = {row["visit"]: row for row in content["rows"] if row["term"] == "adjusted_difference"}
    assert set(shown) == {"Week 4", "Week 8", "Week 12"}
    assert shown["Week 8"]["estimate"] == found.row()["estimate"]
    assert [row["visit"] for row in content["ledger"][:2]] == ["", ""]
    assert "thin lines" not in json.dumps(content)


def test_a_single_visit_has_no_figure_over_time(trial):
    from kbstudy.reporting import pictures

    results = run(trial(('method = "mmrm"', 'method = "ancova"')))
    assert pictures.means_over_time(results, "main") is None


def words_of(figure):
    from matplotlib.text import Text

    return [text.get_text() for text in figure.findobj(Text)]


def test_the_figure_over_time_names_arms_and_people(trial):
    found = run(trial()).estimates["main"]
    with house_style():
        figure = new_figure(160, 80)
        ax = figures.draw_means_over_time(found, figure)
    shown = words_of(figure)
    for text in ("Control", "Training", "n, Control", "n, Training", "Week 4", "Week 12"):
        assert text in shown
    assert shown.count("14") + shown.count("13") + shown.count("12") >= 6
    assert len(ax.collections) == 2


def test_the_estimation_figure_shows_the_declared_visit_only(trial):
    results = run(trial())
    with house_style():
        figure = new_figure(160, 80)
        figures.draw_estimation(results.estimates["main"], results.means["main"], ("Pre", "Week 8"), figure)
    panel = figure.axes[-1]
    assert [label.get_text() for label in panel.get_xticklabels()] == ["Training"]
    marks = [line for line in panel.lines if line.get_marker() == "o"]
    assert [float(line.get_ydata()[0]) for line in marks] == [results.estimates["main"].row()["estimate"]]


def test_the_table_has_a_column_of_visits(trial):
    table = run(trial()).estimates["main"].table()
    assert list(table["Visit"].unique()) == ["Week 4", "Week 8", "Week 12"]
    assert table[""].iloc[-1] == "Adjusted difference: Training − Control"


def test_an_analysis_of_one_visit_has_no_column_of_visits(trial):
    found = run(trial(('method = "mmrm"', 'method = "ancova"'))).estimates["main"]
    assert "Visit" not in found.table()
    assert isinstance(found.row(), pd.Series)


# ---- defects of the models that the plans found ------------------------------------------------------------------


def test_a_column_with_signs_in_its_name_stands_in_backticks(trial):
    table = long(trial()).rename(columns={"pain_baseline": "pain (worst) - before"})
    fit = kb.lmm(table, "pain ~ `pain (worst) - before` + arm * visit + (1 | id)")
    assert "pain (worst) - before" in fit.design.numbers


@pytest.mark.parametrize("name", ["participant", "outcome", "row"])
def test_a_name_that_the_fit_needs_itself_is_refused(trial, name):
    table = long(trial()).rename(columns={"age": name})
    with pytest.raises(PlanError, match=f'"{name}" cannot explain the outcome under this name'):
        kb.lmm(table, f"pain ~ {name} + arm * visit + (1 | id)")


def test_arms_that_are_held_equal_differ_by_zero_and_are_not_tested(trial):
    fit = kb.mmrm(
        long(trial(), with_baseline=True),
        "pain ~ arm * visit",
        participant="id",
        visit="visit",
        constrained_baseline="Pre",
        arm="arm",
    )
    found = fit.contrasts("arm", by="visit").frame.set_index("visit")
    assert found.loc["Pre", "estimate"] == 0
    assert found.loc["Pre", ["p", "low", "high"]].isna().all()
    assert found.loc["Week 8", "p"] < 0.05
