"""The commands besides report: what they say, and that a drafted study can be checked at once."""

from __future__ import annotations

from pathlib import Path

from tests.conftest import ROOT

DEMO = ROOT / "data" / "raw" / "demo-trial"


def test_check_says_who_is_in_and_writes_nothing(small, kbstudy_command):
    outcome = kbstudy_command("check", small.folder)
    assert (outcome.status, outcome.err) == (0, "")
    assert "20 participants in the files, 20 allocated; Control: 10; Training: 10" in outcome.out
    assert "No problems." in outcome.out
    assert not list(Path.cwd().iterdir())


def test_inspect_finds_the_decimal_comma(kbstudy_command):
    outcome = kbstudy_command("inspect", DEMO / "redcap_export.csv")
    assert outcome.status == 0
    assert "109 rows, 14 columns; looks like a REDCap export" in outcome.out
    assert 'column "pain_now" is numbers except "3,4": a missing code, or a cell to correct' in outcome.out


def test_inspect_recognises_a_column_of_decimal_commas(tmp_path, kbstudy_command):
    file = tmp_path / "scores.csv"
    file.write_text("id;vas\nP1;4,5\nP2;5,0\nP3;6\n")
    outcome = kbstudy_command("inspect", file)
    assert 'a decimal comma: needs decimal = ","' in outcome.out


def test_inspect_of_a_missing_file(kbstudy_command):
    outcome = kbstudy_command("inspect", "nothing.csv")
    assert outcome.status == 1
    assert "was not found" in outcome.err


def test_codebook(kbstudy_command):
    outcome = kbstudy_command("codebook", DEMO)
    assert outcome.status == 0
    page = Path("reports/demo-trial-codebook/codebook.html").read_text("utf-8")
    assert "Usual care 20, Kettlebell 20" in page
    assert "SIMULATED" in page


def test_codebook_of_published_numbers_says_why_there_is_none(kbstudy_command):
    outcome = kbstudy_command("codebook", ROOT / "data" / "raw" / "article-claims")
    assert outcome.status == 1
    assert "article-claims has published numbers and no participants" in outcome.err


def test_new_from_redcap_can_be_checked_at_once(kbstudy_command):
    files = (DEMO / "redcap_export.csv", DEMO / "redcap_dictionary.csv")
    outcome = kbstudy_command("new", "mine", "--from", "redcap", *files)
    assert outcome.status == 0
    text = Path("mine/study.toml").read_text("utf-8")
    assert 'levels = ["Usual care", "Kettlebell"]' in text
    assert 'levels = ["Baseline", "Week 4", "Week 8"]' in text
    assert '# column = "pain_now"' in text
    assert '# column = "record_id"' not in text
    checked = kbstudy_command("check", "mine")
    assert checked.status == 1
    assert "rows 70, 71: participant P025 appears more than once" in checked.err


def test_new_from_a_table_can_be_checked_at_once(small, kbstudy_command):
    assert kbstudy_command("new", "mine", "--from", "table", small.folder / "data.csv").status == 0
    checked = kbstudy_command("check", "mine")
    assert checked.status == 0
    assert "No outcome is declared yet." in checked.out


def test_new_without_files_is_a_template_that_reads(kbstudy_command):
    assert kbstudy_command("new", "mine").status == 0
    checked = kbstudy_command("check", "mine")
    assert 'file "data.csv" was not found in mine' in checked.err


def test_new_never_overwrites(small, kbstudy_command):
    before = (small.folder / "study.toml").read_bytes()
    outcome = kbstudy_command("new", small.folder)
    assert outcome.status == 1
    assert "has a study.toml already" in outcome.err
    assert (small.folder / "study.toml").read_bytes() == before


def test_new_with_an_unknown_kind(kbstudy_command):
    outcome = kbstudy_command("new", "mine", "--from", "redcp", "x.csv")
    assert outcome.status == 1
    assert '"redcp" is not a kind of file here; did you mean "redcap"?' in outcome.err


def test_help_names_every_command(kbstudy_command):
    outcome = kbstudy_command("--help")
    assert outcome.status == 0
    for name in ("report", "check", "codebook", "inspect", "new"):
        assert name in outcome.out
