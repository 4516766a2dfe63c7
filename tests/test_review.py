"""Defects that readers of the first version found, so that they stay mended."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import kbstudy as kb
from kbstudy.errors import DataError, FitError, PlanError
from tests import tolerances


def arms(n=12, seed=7):
    rng = np.random.default_rng(seed)
    before = rng.normal(50, 8, 2 * n)
    arm = np.repeat(["C", "T"], n)
    after = 20 + 0.6 * before - 3.0 * (arm == "T") + rng.normal(0, 4, 2 * n)
    return pd.DataFrame({"id": [f"P{i}" for i in range(2 * n)], "arm": arm, "before": before, "after": after})


def ancova(data, **changes):
    return kb.ancova(data, "after", **{"baseline": "before", "arm": "arm", "reference": "C"} | changes)


# ---- a single group ----------------------------------------------------------------------------------------------


@pytest.fixture
def single_group(small):
    small.toml('arm = { column = "group", levels = ["Control", "Training"], reference = "Control" }\n', "")
    small.toml('allocation = "randomised"', 'allocation = "single group"')
    small.toml('method = "ancova"', 'method = "paired"').toml('contrast = "Training - Control", ', "")
    return small


def test_a_single_group_gets_its_report(single_group, kbstudy_command):
    outcome = kbstudy_command("report", single_group.folder)
    assert (outcome.status, outcome.err) == (0, "")
    page = Path("reports/small/report.html").read_text("utf-8")
    assert "change within the group" in page
    assert "the claim needs the change in Pain to be at most 0 points" in page
    assert "there was no control group" in page


def test_a_change_within_one_group_is_not_a_level(single_group):
    single_group.toml('says = "Training alleviates pain"', 'says = "Training alleviates pain"\nabout = "level"')
    with pytest.raises(PlanError, match="a change within one arm is not a level"):
        kb.load(single_group.folder)


# ---- the declared question is the one that is answered -----------------------------------------------------------

THREE = """\
[study]
id = "three"
title = "Three arms"

[design]
participant = "id"
allocation = "assigned"
arm = { column = "arm", levels = ["Usual", "Walk", "Bell"], reference = "Usual" }
visit = { levels = ["Pre", "Post"], baseline = "Pre" }

[[source]]
file = "data.csv"

[[outcome]]
name = "pain"
label = "Pain"
columns = { Pre = "pre", Post = "post" }
measure = "nrs_0_10"
smallest_important = 2

[[analysis]]
name = "main"
outcome = "pain"
method = "ancova"
primary = true
estimand = { contrast = "Bell - Walk", visit = "Post", intercurrent = "treatment policy" }

[[analysis]]
name = "share"
outcome = "pain"
method = "responders"
at_most = 3
missing = "non_responder"
estimand = { contrast = "Bell - Usual", visit = "Post" }

[[claim]]
id = "share"
says = "More people get well"
analysis = "share"
true_if = { at_least = 0 }
"""


@pytest.fixture
def three(tmp_path):
    rng = np.random.default_rng(3)
    rows = [
        f"P{i},{arm},{rng.uniform(4, 7):.1f},{'' if i % 9 == 0 else f'{rng.uniform(2, 5):.1f}'}"
        for i, arm in enumerate(["Usual", "Walk", "Bell"] * 12)
    ]
    (tmp_path / "data.csv").write_text("\n".join(["id,arm,pre,post", *rows]) + "\n")
    (tmp_path / "study.toml").write_text(THREE)
    return kb.analyse(kb.load(tmp_path))


def test_the_declared_contrast_may_be_between_any_two_arms(three):
    estimates = three.estimates["main"]
    assert list(estimates.compares) == ["Usual - Walk", "Bell - Walk"]
    assert any("Declared is Bell - Walk" in note for note in estimates.notes)


def test_only_the_declared_contrast_is_in_the_sentence_and_the_estimand_is_printed(three, tmp_path):
    page = (kb.report(three, "html", tmp_path / "r") / "report.html").read_text("utf-8")
    assert page.count("higher with Usual than with Walk") + page.count("lower with Usual than with Walk") == 0
    assert "contrast: Bell minus Walk; time: Post; intercurrent events: treatment policy." in page
    assert "People were not (or not known to be) randomised" in page
    assert "is chance by design" not in page


def test_a_share_is_not_held_against_points(three):
    assert three.verdicts[0].importance == ""
    assert "the share of people who reach the threshold of Pain" in three.verdicts[0].sentence


def test_people_counted_without_a_value_are_not_called_measured(three):
    ledger = three.estimates["share"].ledger.counts()
    assert (ledger["analysed"] == 12).all()
    assert ledger["measured"].sum() == 32
    assert ledger["out"].sum() == 0


def test_flow_with_counted_people_adds_up(three):
    from kbstudy.analysis.flow import flow_of

    flow = flow_of(three.study, "pain", "share", three.estimates["share"].ledger)
    assert [arm.analysed for arm in flow.arms] == [12, 12, 12]
    assert sum(arm.counted for arm in flow.arms) == 4


def test_each_missing_visit_has_its_own_reason(small):
    lines = (small.folder / "data.csv").read_text().splitlines()
    lines[3] = lines[3].rsplit(",", 1)[0] + ","  # P02, Pre: an empty cell
    del lines[4]  # P02, Post: no row
    (small.folder / "data.csv").write_text("\n".join(lines) + "\n")
    frame = kb.analyse(kb.load(small.folder)).estimates["pain_post"].ledger.frame
    reason = frame.set_index("participant").loc["P02", "reason"]
    assert "Pre: empty cell; Post: no row for this visit" in reason


def test_a_person_without_an_arm_but_with_values_is_told(small):
    for row in (4, 5):
        small.cell(row, 1, "")
    ledger = kb.load(small.folder).ledger()
    assert ledger.ids("not randomised") == ["P02"]
    assert set(ledger.frame.set_index("participant").loc["P02", "reason"]) == {
        "no arm in the files, although there is a value"
    }


# ---- numbers -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scale", [1e-15, 1e-12, 1e-6, 1e6, 1e12, 1e15])
def test_ancova_does_not_depend_on_the_unit(scale):
    plain = ancova(arms()).row()
    data = arms()
    data[["before", "after"]] *= scale
    scaled = ancova(data).row()
    for column in ("estimate", "se", "low", "high"):
        assert scaled[column] / scale == pytest.approx(plain[column], rel=tolerances.SCALED)
    assert scaled["p"] == pytest.approx(plain["p"], rel=tolerances.SCALED)
    assert scaled["df"] == plain["df"]


@pytest.mark.parametrize("name", ["", "arm[C]", "arm"])
def test_no_column_name_can_take_the_place_of_the_arms(name):
    data = arms().rename(columns={"arm": "group"})
    data["x"] = np.random.default_rng(1).normal(size=len(data))
    plain = ancova(data, arm="group", covariates=["x"]).row()
    renamed = ancova(data.rename(columns={"x": name}), arm="group", covariates=[name]).row()
    assert renamed["estimate"] == plain["estimate"]


def test_small_changes_of_large_numbers_are_not_rounded_away():
    before = 1.2e9 + np.arange(8.0)
    change = np.array([0.014, 0.041, 0.020, 0.033, 0.018, 0.025, 0.016, 0.017])
    data = pd.DataFrame({"id": [*range(8)] * 2, "visit": ["a"] * 8 + ["b"] * 8, "y": [*before, *(before + change)]})
    row = kb.paired(data, "y", participant="id", visit="visit", baseline="a", followup="b").row()
    exact = ((before + change) - before).mean()
    assert row["estimate"] == exact


def test_a_t_too_large_for_the_noncentral_distribution_gives_no_interval_and_says_so():
    before = np.linspace(1, 9, 9)
    noise = np.tile([1e-6, -1e-6, 0.0], 3)
    data = pd.DataFrame({"id": [*range(9)] * 2, "visit": ["a"] * 9 + ["b"] * 9, "y": [*before, *(before + 1 + noise)]})
    found = kb.paired(data, "y", participant="id", visit="visit", baseline="a", followup="b")
    assert found.row("cohen_dz")[["low", "high"]].isna().all()
    assert any("noncentral t distribution cannot be computed" in note for note in found.notes)


def test_absurd_numbers_are_refused():
    data = arms()
    data.loc[3, "after"] = 1e150
    with pytest.raises(DataError, match=re.escape("1e+150 found")):
        ancova(data)


def test_arms_that_differ_in_a_blank_are_refused():
    data = arms()
    data.loc[:1, "arm"] = "C "
    with pytest.raises(PlanError, match='differ only in blanks or capitals: "C", "C "'):
        ancova(data)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("mytrial.csv", "data is a str"),
        (arms().set_axis(range(4), axis=1), "column names that are not text: 0, 1, 2, 3"),
    ],
)
def test_what_is_no_frame_with_names_is_refused(data, message):
    with pytest.raises(PlanError, match=message):
        ancova(data)


def test_a_tiny_threshold_is_not_rounded():
    data = pd.DataFrame({"arm": ["C"] * 10 + ["T"] * 10, "y": [3e-13] * 10 + [9e-13] * 10})
    found = kb.responders(data, "y", arm="arm", reference="C", at_most=4e-13, missing="excluded").frame
    assert found["estimate"].tolist()[:2] == [1.0, 0.0]


def test_perfect_fit_is_still_refused():
    data = arms().assign(after=lambda d: 2 * d["before"])
    with pytest.raises(FitError):
        ancova(data)


# ---- words and stamps --------------------------------------------------------------------------------------------


def test_a_sentence_says_adjusted_and_the_signed_difference():
    found = ancova(arms()).with_(adjusted_for="baseline", outcome="Pain", decimals=1)
    assert re.search(
        r"Pain, adjusted for baseline, was \d\.\d lower with T than with C \(difference −\d", found.sentence()
    )
    assert "p " not in found.sentence("adjusted_mean")


def test_no_difference_is_not_higher():
    found = ancova(arms())
    found = found.with_(frame=found.frame.assign(estimate=0.0))
    assert "differed by 0.00 between T and C" in found.sentence()


def test_sentences_plots_and_tables_of_simulated_data_are_stamped(demo, tmp_path):
    study = kb.load(demo)
    results = kb.analyse(study)
    for estimates in results.estimates.values():
        assert estimates.sentence().startswith("[SIMULATED] ")
        assert estimates.plot().get_title(loc="left").startswith("SIMULATED: ")
        assert estimates.to_dict()["stamp"] == "SIMULATED"
    folder = kb.export(study, tmp_path / "out")
    for name in ("tidy.csv", "ledger.csv"):
        assert set(pd.read_csv(folder / name)["stamp"]) == {"SIMULATED"}


def test_the_level_is_the_one_asked_for_everywhere(small, tmp_path):
    small.toml('method = "ancova"', 'method = "ancova"\nlevel = 0.975')
    results = kb.analyse(kb.load(small.folder))
    page = (kb.report(results, ["html"], tmp_path / "r") / "report.html").read_text("utf-8")
    assert "97.5% CI" in page
    assert "95% CI" not in page


# ---- messages ----------------------------------------------------------------------------------------------------


def test_a_likely_missing_code_is_not_called_a_slip(small):
    small.cell(5, 3, "999")
    with pytest.raises(DataError, match="999 is outside 0 to 10; if that is a code for a missing value, declare it"):
        kb.load(small.folder)


@pytest.mark.parametrize("text", ["999", "999.0", "999.00"])
def test_a_missing_code_is_the_same_however_the_number_is_written(small, text):
    small.toml('file = "data.csv"', 'file = "data.csv"\nmissing = ["999"]').cell(5, 3, text)
    assert kb.load(small.folder).table("pain")["pain"].isna().sum() == 1


def test_many_problems_of_one_column_are_shortened(small, kbstudy_command):
    text = (small.folder / "data.csv").read_text()
    (small.folder / "data.csv").write_text(re.sub(r",(\d)\.(\d\d)$", r",\1;\2", text, flags=re.M))
    said = kbstudy_command("check", small.folder).err
    assert said.startswith("40 problems")
    assert 'data.csv, column "pain": and 32 more in this column' in said
    assert said.count("is not a number") == 8


def test_a_file_is_not_a_study_folder(small, kbstudy_command):
    said = kbstudy_command("check", small.folder / "data.csv").err
    assert "is a file, not a study folder" in said
    assert "kbstudy inspect FILE" in said


def test_every_edit_of_a_report_is_kept_and_told(small, kbstudy_command):
    report = Path("reports/small/report.docx")
    kbstudy_command("report", small.folder, "--to", "docx")
    for edit in (b"first", b"second"):
        report.write_bytes(edit)
        said = kbstudy_command("report", small.folder, "--to", "docx").out
        assert "kept what somebody edited: reports/small/report.edited.docx" in said
    assert report.with_suffix(".edited.docx").read_bytes() == b"first"
    assert report.with_suffix(".edited-2.docx").read_bytes() == b"second"
    ours = json.loads(Path("reports/small/provenance.json").read_text("utf-8"))["outputs"]
    assert not [name for name in ours if "edited" in name]


@pytest.mark.parametrize("threshold", ["4", float("nan"), pd.NA])
def test_a_threshold_that_is_no_number_is_refused(threshold):
    with pytest.raises(PlanError, match="is not one threshold"):
        kb.responders(arms(), "after", arm="arm", reference="C", at_most=threshold, missing="excluded")


def test_a_path_is_not_a_study():
    with pytest.raises(PlanError, match="study is a str, not a Study"):
        kb.analyse("data/raw/demo-trial")


def test_hostile_text_reaches_every_format_unharmed(small, tmp_path):
    """Markup, a formula, a right-to-left word and an emoji as arm names; ids that are scripts."""
    control, training = "<b>Control</b> & co 🏋", "=cmd|#let x שלום"
    text = (small.folder / "data.csv").read_text("utf-8")
    text = text.replace("Control", control).replace("Training", training)
    text = re.sub(r"^(P\d\d)", r"<script>alert('\1')</script>", text, flags=re.M)
    (small.folder / "data.csv").write_text(text, "utf-8")
    toml = (small.folder / "study.toml").read_text("utf-8")
    toml = toml.replace('"Training alleviates', '"TR alleviates').replace("Training", training)
    (small.folder / "study.toml").write_text(toml.replace("Control", control), "utf-8")
    small.cell(5, 3, "")
    results = kb.analyse(kb.load(small.folder))
    folder = kb.report(results, folder=tmp_path / "r")
    page = (folder / "report.html").read_text("utf-8").replace("<wbr>", "")
    assert "<script" not in page
    assert "&lt;script&gt;alert(&#x27;P02&#x27;)&lt;/script&gt;" in page
    assert "&lt;b&gt;Control&lt;/b&gt; &amp; co 🏋" in page
    assert "=cmd|#let x שלום" in page
    assert "has no 🏋: drawn as boxes" in page
    assert (folder / "report.pdf").stat().st_size > 0
    assert (folder / "report.docx").stat().st_size > 0


# ---- what a cold reading of the code found -----------------------------------------------------------------------


def test_a_column_a_visit_in_a_file_with_a_row_a_visit(small):
    """pain_pre is filled in the Pre rows, pain_post in the Post rows; the empty cells of the others hide nothing."""
    lines = ["id,group,visit,pain_pre,pain_post"]
    for line in (small.folder / "data.csv").read_text().splitlines()[1:]:
        person, group, visit, pain = line.split(",")
        lines.append(f"{person},{group},{visit},{pain if visit == 'Pre' else ''},{pain if visit == 'Post' else ''}")
    plain = kb.load(small.folder).table("pain")["pain"].tolist()
    (small.folder / "data.csv").write_text("\n".join(lines) + "\n")
    small.toml('column = "pain"', 'columns = { Pre = "pain_pre", Post = "pain_post" }')
    assert kb.load(small.folder).table("pain")["pain"].tolist() == plain


def test_two_values_for_one_visit_are_a_problem(small):
    lines = ["id,group,visit,pain_pre,pain_post"]
    lines += [
        f"{','.join(line.split(',')[:3])},{i % 5},{i % 4}"
        for i, line in enumerate((small.folder / "data.csv").read_text().splitlines()[1:])
    ]
    (small.folder / "data.csv").write_text("\n".join(lines) + "\n")
    small.toml('column = "pain"', 'columns = { Pre = "pain_pre", Post = "pain_post" }')
    with pytest.raises(DataError, match="in another row of the same person"):
        kb.load(small.folder)


def test_an_outcome_in_a_file_without_visits_is_not_lost(small):
    people = [f"P{number:02d},{number % 9}" for number in range(1, 21)]
    (small.folder / "more.csv").write_text("\n".join(["id,odi", *people]) + "\n")
    small.toml('file = "data.csv"', 'file = "data.csv"\n\n[[source]]\nfile = "more.csv"')
    small.toml("[[analysis]]", '[[outcome]]\nname = "odi"\ncolumn = "odi"\nmeasure = "odi"\n\n[[analysis]]')
    with pytest.raises(
        PlanError, match='more.csv has no visit column "visit", so it is not known at which visit "odi"'
    ):
        kb.load(small.folder)


@pytest.mark.parametrize("twin", ["p02", "P02.0"])
def test_ids_that_look_like_one_person_are_a_problem(small, twin):
    small.cell(5, 0, twin)
    if twin == "P02.0":
        text = (small.folder / "data.csv").read_text()
        (small.folder / "data.csv").write_text(re.sub(r"^P0?", "", text, flags=re.M))
    with pytest.raises(DataError, match="these ids look like one person"):
        kb.load(small.folder)


def test_links_and_empty_folders_of_others_stay(small, kbstudy_command):
    kbstudy_command("report", small.folder, "--to", "html")
    folder = Path("reports/small")
    (folder / "drafts").mkdir()
    (folder / "link").symlink_to("nowhere")
    kbstudy_command("report", small.folder, "--to", "html")
    assert (folder / "drafts").is_dir()
    assert (folder / "link").is_symlink()


def test_a_folder_that_only_its_owner_may_read_stays_so(small, kbstudy_command):
    kbstudy_command("report", small.folder, "--to", "html")
    Path("data/processed/small").chmod(0o700)
    kbstudy_command("report", small.folder, "--to", "html")
    assert Path("data/processed/small").stat().st_mode & 0o777 == 0o700


def test_two_studies_of_one_name_do_not_replace_each_other(small, tmp_path, kbstudy_command):
    import shutil

    twin = shutil.copytree(small.folder, tmp_path / "twin")
    outcome = kbstudy_command("report", small.folder, twin, "--to", "html")
    assert outcome.status == 1
    assert 'another study of this run has the id "small" too' in outcome.err


def test_the_hash_is_that_of_the_file_that_was_read(small):
    from hashlib import sha256

    read = sha256((small.folder / "data.csv").read_bytes()).hexdigest()
    study = kb.load(small.folder)
    (small.folder / "data.csv").write_text("changed since")
    assert kb.analyse(study).provenance.inputs["data.csv"] == read


def test_a_study_file_may_have_another_name(small):
    (small.folder / "study.toml").rename(small.folder / "second_plan.toml")
    results = kb.analyse(kb.load(small.folder / "second_plan.toml"))
    assert "second_plan.toml" in results.provenance.inputs


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('levels = ["Pre", "Post"]', 'levels = ["Pre", "Post", "Pre"]', "levels has Pre more than once"),
        ('measure = "nrs_0_10"', 'measure = "nrs_0_10"\nrange = [10, 0]', "the smaller number comes first"),
        ("[study]", "[[study]]", "write [study] with one bracket"),
        ('allocation = "randomised"', 'allocation = "single group"', "but arms are declared"),
    ],
)
def test_plans_that_contradict_themselves(small, old, new, message):
    small.toml(old, new)
    with pytest.raises(PlanError, match=re.escape(message)):
        kb.load(small.folder)


def test_a_missing_design_is_a_message(small):
    text = (small.folder / "study.toml").read_text()
    start, end = text.index("[design]"), text.index("[[source]]")
    (small.folder / "study.toml").write_text(text[:start] + text[end:])
    with pytest.raises(PlanError, match="but no \\[design\\]"):
        kb.load(small.folder)


def test_a_share_is_written_as_a_share(small):
    small.toml('method = "ancova"', 'method = "responders"\nat_most = 3\nmissing = "non_responder"')
    small.toml("true_if = { at_most = 0 }", "true_if = { at_least = 20 }")
    with pytest.raises(PlanError, match="write 20 % as 0.2"):
        kb.load(small.folder)


def test_a_study_without_outcomes_gets_a_report(small, kbstudy_command):
    text = (small.folder / "study.toml").read_text()
    (small.folder / "study.toml").write_text(text[: text.index("[[outcome]]")])
    assert kbstudy_command("report", small.folder, "--to", "html").status == 0


def test_a_numeric_correction_in_a_file_with_decimal_commas(small):
    lines = (small.folder / "data.csv").read_text().replace(",", ";").replace(".", ",")
    (small.folder / "data.csv").write_text(lines.replace("P01;Control;Pre;4,00", "P01;Control;Pre;4,oo"))
    small.toml('file = "data.csv"', 'file = "data.csv"\ndecimal = ","')
    small.add(
        '\n[[correction]]\nparticipant = "P01"\nvisit = "Pre"\ncolumn = "pain"\nfound = "4,oo"\nuse = 4.5\nwhy = "x"\n'
    )
    study = kb.load(small.folder)
    assert study.table("pain")["pain"].iloc[0] == 4.5


def test_the_callers_style_does_not_change_the_figures(small, tmp_path):
    import matplotlib as mpl

    results = kb.analyse(kb.load(small.folder))
    first = kb.report(results, "html", tmp_path / "a")
    with mpl.rc_context({"axes.grid": True, "axes.facecolor": "#eaeaf2", "xtick.direction": "in", "figure.dpi": 50}):
        second = kb.report(results, "html", tmp_path / "b")
    assert (first / "report.html").read_bytes() == (second / "report.html").read_bytes()


def test_long_data_without_a_participant_are_refused(demo):
    table = kb.load(demo).table("pain")
    with pytest.raises(DataError, match="the same person stands in several rows"):
        kb.ancova(table, "pain", baseline="pain_baseline", arm="arm", reference="Usual care")
    with pytest.raises(DataError, match="the same person stands in several rows"):
        kb.responders(table, "pain", arm="arm", reference="Usual care", at_most=3, missing="excluded")
