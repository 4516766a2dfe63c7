"""Wrong input is a clear message and a non-zero exit, never a traceback, and nothing is written or lost."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from kbstudy.errors import OutputError
from tests.conftest import SmallStudy


def report(command, small: SmallStudy):
    """Run the report; return all the words it said, on one line, after checking that it failed cleanly."""
    before = {path.name: path.read_bytes() for path in small.folder.iterdir() if path.is_file()}
    outcome = command("report", small.folder, "--to", "html")
    after = {path.name: path.read_bytes() for path in small.folder.iterdir() if path.is_file()}
    assert outcome.status == 1
    assert "Traceback" not in outcome.err
    assert before == after
    assert not list(Path.cwd().rglob("*"))
    return outcome.err


def test_a_study_that_is_fine_gets_its_report(small, kbstudy_command):
    outcome = kbstudy_command("report", small.folder, "--to", "html")
    assert (outcome.status, outcome.err) == (0, "")
    assert Path("reports/small/report.html").exists()
    assert Path("data/processed/small/tidy.csv").exists()


def test_a_missing_file_is_named(small, kbstudy_command):
    (small.folder / "data.csv").rename(small.folder / "data_v2.csv")
    said = report(kbstudy_command, small)
    assert 'file "data.csv" was not found in small; did you mean "data_v2.csv"?' in said


def test_an_unknown_column_is_named_with_its_line(small, kbstudy_command):
    small.toml('column = "pain"', 'column = "pian"')
    said = report(kbstudy_command, small)
    assert 'study.toml:16: outcome "pain": column "pian" is not in the file; did you mean "pain"?' in said


def test_text_in_a_number_is_quoted_with_its_place(small, kbstudy_command):
    small.cell(5, 3, "four")
    said = report(kbstudy_command, small)
    assert 'data.csv, row 5, column "pain" (participant P02, visit Post): "four" is not a number' in said
    assert "[[correction]]" in said


def test_a_decimal_comma_suggests_the_number(small, kbstudy_command):
    small.cell(5, 3, '"4').cell(5, 3, '"4;5"'.replace(";", ","))
    said = report(kbstudy_command, small)
    assert '"4,5" is not a number; did you mean 4.5?' in said


def test_a_value_out_of_range_says_what_is_allowed(small, kbstudy_command):
    small.cell(5, 3, "45")
    said = report(kbstudy_command, small)
    assert 'row 5, column "pain" (participant P02, visit Post): 45 is outside 0 to 10; did you mean 4.5?' in said


def test_a_duplicate_visit_names_both_rows_and_what_differs(small, kbstudy_command):
    small.cell(5, 2, "Pre")
    said = report(kbstudy_command, small)
    assert 'data.csv: rows 4, 5: participant P02 appears more than once at visit "Pre"; they differ in pain' in said


def test_an_arm_that_is_not_declared(small, kbstudy_command):
    small.cell(5, 1, "Trainning")
    said = report(kbstudy_command, small)
    assert (
        'data.csv, row 5, column "group" (participant P02): "Trainning" is not one of "Control" and "Training"' in said
    )
    assert 'did you mean "Training"?' in said


def test_two_arms_for_one_person(small, kbstudy_command):
    small.cell(5, 1, "Control")
    said = report(kbstudy_command, small)
    assert 'two arms: "Training" (data.csv row 4) and "Control" (data.csv row 5)' in said


def test_a_visit_that_is_not_declared(small, kbstudy_command):
    small.cell(5, 2, "Psot")
    said = report(kbstudy_command, small)
    assert '"Psot" is not one of "Pre" and "Post"; did you mean "Post"?' in said


def test_an_empty_participant(small, kbstudy_command):
    small.cell(5, 0, "")
    said = report(kbstudy_command, small)
    assert 'data.csv, row 5, column "id": the participant is empty' in said


def test_an_empty_file(small, kbstudy_command):
    (small.folder / "data.csv").write_text("")
    assert "data.csv: the file is empty" in report(kbstudy_command, small)


def test_a_file_with_only_a_header(small, kbstudy_command):
    (small.folder / "data.csv").write_text("id,group,visit,pain\n")
    assert "data.csv: the file has a header and no rows" in report(kbstudy_command, small)


def test_a_typo_in_study_toml_has_its_line_and_a_suggestion(small, kbstudy_command):
    small.toml("primary = true", "primry = true")
    said = report(kbstudy_command, small)
    assert 'study.toml:24: analysis "pain_post": "primry" is not a key here; did you mean "primary"?' in said


def test_study_toml_that_is_not_toml(small, kbstudy_command):
    small.toml('title = "A small trial"', "title = A small trial")
    said = report(kbstudy_command, small)
    assert "study.toml:3: is not valid TOML: Invalid value (column 9)" in said


def test_no_study_toml(tmp_path, kbstudy_command):
    outcome = kbstudy_command("report", tmp_path / "nowhere")
    assert outcome.status == 1
    assert "there is no study.toml in" in outcome.err


def test_all_problems_are_named_at_once(small, kbstudy_command):
    small.cell(3, 3, "x").cell(5, 3, "45").cell(7, 1, "Trainning")
    said = report(kbstudy_command, small)
    assert said.startswith("3 problems")
    assert said.index("row 3") < said.index("row 5") < said.index("row 7")


def test_an_output_folder_that_is_a_file(small, kbstudy_command):
    Path("reports").write_text("mine")
    outcome = kbstudy_command("report", small.folder, "--to", "html")
    assert outcome.status == 1
    assert "reports/small cannot be written" in outcome.err
    assert Path("reports").read_text() == "mine"


def test_an_output_folder_without_permission(small, kbstudy_command, monkeypatch):
    """Root may write anywhere, so the refusal of the operating system is played."""

    def refuse(*_args, **_kwargs):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("tempfile.mkdtemp", refuse)
    outcome = kbstudy_command("report", small.folder, "--to", "html")
    assert outcome.status == 1
    assert "data/processed/small cannot be written: permission denied" in outcome.err
    assert "Choose another place with --out" in outcome.err


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_folder(small, kbstudy_command):
    Path("reports").mkdir(mode=0o555)
    outcome = kbstudy_command("report", small.folder, "--to", "html")
    assert outcome.status == 1
    assert "cannot be written" in outcome.err


def test_a_folder_with_somebody_elses_files_is_not_touched(small, kbstudy_command):
    mine = Path("reports/small/thesis.docx")
    mine.parent.mkdir(parents=True)
    mine.write_text("three years of work")
    outcome = kbstudy_command("report", small.folder, "--to", "html")
    assert outcome.status == 1
    assert "holds files that kbstudy did not make" in outcome.err
    assert mine.read_text() == "three years of work"
    assert [path.name for path in mine.parent.iterdir()] == ["thesis.docx"]


def test_no_study_in_data_raw(kbstudy_command):
    outcome = kbstudy_command("report")
    assert outcome.status == 1
    assert "there is no study in data/raw/ of this folder" in outcome.err


def test_an_unknown_format_is_refused_with_a_suggestion(small, kbstudy_command):
    outcome = kbstudy_command("report", small.folder, "--to", "pfd")
    assert outcome.status != 0
    assert 'Did you mean "pdf"?' in outcome.err + outcome.out


def test_one_bad_study_does_not_keep_another_from_its_report(small, demo, kbstudy_command):
    small.cell(5, 3, "four")
    outcome = kbstudy_command("report", small.folder, demo, "--to", "html")
    assert outcome.status == 1
    assert Path("reports/demo-trial/report.html").exists()
    assert not Path("reports/small").exists()


def test_errors_survive_pickling():
    import pickle

    error = OutputError("no room")
    assert str(pickle.loads(pickle.dumps(error))) == "no room"
