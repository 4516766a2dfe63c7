"""A report made again: the same bytes, or what changed and which number first."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import pytest

import kbstudy as kb
from kbstudy.errors import ReadError


@pytest.fixture
def made(small, tmp_path):
    """A report of the small study, without its Word and PDF, which take longer."""
    kb.report(kb.analyse(kb.load(small.folder)), ["html"], tmp_path / "reports" / "small")
    return small


@pytest.fixture
def folder(made, tmp_path):
    return tmp_path / "reports" / "small"


def states(found):
    return {check.name: check.state for check in found.files}


def edit(path: Path, change):
    content = json.loads(path.read_text("utf-8"))
    change(content)
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", "utf-8")


def everything(place: Path):
    return {path: path.read_bytes() for path in place.rglob("*") if path.is_file()}


def test_the_same_bytes(folder, tmp_path):
    before = everything(tmp_path)
    steps = []
    found = kb.verify(folder, on_step=steps.append)
    assert found.same
    assert set(states(found).values()) == {"the same bytes"}
    assert {"results.json", "report.html", "provenance.json", "ro-crate-metadata.json"} <= set(states(found))
    assert (found.inputs, found.software, found.first_number, found.numbers) == ((), (), None, 0)
    again = f"made again from {tmp_path.as_posix()}/small, {len(found.files)} files, the same bytes."
    assert str(found) == f"{folder.as_posix()}: {again}"
    assert "report.html" in steps
    assert everything(tmp_path) == before


def test_all_three_formats_are_made_again(small, tmp_path):
    kb.report(kb.analyse(kb.load(small.folder)), folder=tmp_path / "all")
    found = kb.verify(tmp_path / "all", small.folder)
    assert found.same
    assert {"report.docx", "report.pdf"} <= set(states(found))


def test_the_temporary_folder_is_gone_afterwards(folder, tmp_path, monkeypatch):
    place = tmp_path / "temporary"
    place.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    assert kb.verify(folder).same
    assert list(place.iterdir()) == []


def test_an_input_that_changed_and_the_first_number(made, folder):
    old = kb.load(made.folder).inputs["data.csv"]
    made.cell(3, 3, "9")
    found = kb.verify(folder)
    assert not found.same
    [change] = found.inputs
    assert (change.name, change.before, change.now) == ("data.csv", old, kb.load(made.folder).inputs["data.csv"])
    content = json.loads((folder / "results.json").read_text("utf-8"))
    assert found.first_number.name == "verdicts[0].evidence.estimate"
    assert found.first_number.before == repr(content["verdicts"][0]["evidence"]["estimate"])
    assert f"Input changed: data.csv: was {old}, is {change.now}" in str(found)
    first = f"verdicts[0].evidence.estimate: was {found.first_number.before}, is {found.first_number.now}"
    assert f"First number in results.json that changed: {first} (" in str(found)
    assert states(found)["results.json"] == "other bytes"
    assert states(found)["report.html"] == "other bytes"


def test_a_comment_in_the_plan_changes_no_number(made, folder):
    made.add("\n# a comment\n")
    found = kb.verify(folder)
    assert [change.name for change in found.inputs] == ["study.toml"]
    assert not found.same
    assert found.first_number is None
    assert "Every number in results.json is the same." in str(found)
    assert "No input and no version changed" not in str(found)


def test_a_lock_that_came_is_an_input(made, folder):
    kb.lock(made.folder, date="2026-01-15")
    found = kb.verify(folder)
    assert [(change.name, change.before) for change in found.inputs] == [("study.lock", "not there")]


def test_an_input_that_is_gone(made, folder):
    (made.folder / "data.csv").unlink()
    found = kb.verify(folder)
    assert not found.same
    assert [(change.name, change.now) for change in found.inputs] == [("data.csv", "not there")]
    assert 'It could not be made again: file "data.csv" was not found' in str(found)


def test_software_that_changed(folder):
    def older(content):
        content["packages"]["numpy"] = "1.0.0"
        content["python"] = "3.10.1"

    edit(folder / "provenance.json", older)
    found = kb.verify(folder)
    assert [(change.name, change.before) for change in found.software] == [("Python", "3.10.1"), ("numpy", "1.0.0")]
    assert "Software changed: numpy: was 1.0.0, is " in str(found)
    assert states(found)["provenance.json"] == "other bytes"


def test_a_file_that_somebody_edited(folder):
    (folder / "report.html").write_text("better news", "utf-8")
    found = kb.verify(folder)
    assert not found.same
    assert states(found)["report.html"] == "edited since"
    assert states(found)["results.json"] == "the same bytes"
    assert "Edited since: report.html" in str(found)
    assert "No input and no version changed" not in str(found)


def test_a_number_that_somebody_edited(folder):
    edit(folder / "results.json", lambda content: content["verdicts"][0]["evidence"].update(estimate=-5.0))
    found = kb.verify(folder)
    assert states(found)["results.json"] == "edited since"
    assert (found.first_number.name, found.first_number.before) == ("verdicts[0].evidence.estimate", "-5.0")
    assert found.numbers == 1


def test_a_file_that_is_missing(folder):
    (folder / "figures" / "flow.svg").unlink()
    found = kb.verify(folder)
    assert states(found)["figures/flow.svg"] == "missing"
    assert "Missing: figures/flow.svg" in str(found)


def test_files_that_were_not_made_then_or_are_not_made_now(made, folder):
    text = (made.folder / "study.toml").read_text("utf-8")
    (made.folder / "study.toml").write_text(text.replace('id = "pain"', 'id = "ache"'), "utf-8")
    found = kb.verify(folder)
    assert states(found)["figures/claim-pain.svg"] == "not made again"
    assert states(found)["figures/claim-ache.svg"] == "new"


def test_other_bytes_without_a_reason(folder, monkeypatch):
    monkeypatch.setattr("kbstudy.reporting.sections.account._VERDICT_RULE", "Another rule.")
    found = kb.verify(folder)
    assert states(found)["report.html"] == "other bytes"
    assert "No input and no version changed. Another kind of processor" in str(found)


def test_a_study_that_was_moved_is_the_same(made, folder, tmp_path):
    moved = made.folder.rename(tmp_path / "elsewhere")
    with pytest.raises(ReadError, match=r"the study of this report, small, is not found from here[\s\S]*--study"):
        kb.verify(folder)
    assert kb.verify(folder, moved).same
    assert kb.verify(folder, moved / "study.toml").same


def test_a_folder_that_is_no_report(tmp_path):
    with pytest.raises(ReadError, match="is not a report: it has no provenance.json"):
        kb.verify(tmp_path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "provenance.json is damaged"),
        ("[]", "is not a report: its provenance.json does not say how a report was made"),
        ('{"inputs": {}, "outputs": {"tidy.csv": "0"}}', "does not say how a report was made"),
    ],
)
def test_a_provenance_that_is_none(tmp_path, content, message):
    (tmp_path / "provenance.json").write_text(content, "utf-8")
    with pytest.raises(ReadError, match=message):
        kb.verify(tmp_path)


def test_in_a_notebook_it_is_escaped(made, folder):
    made.cell(3, 3, "9")
    page = kb.verify(folder)._repr_html_()
    assert page.startswith("<p><strong>")
    assert "Input changed: data.csv" in page


def test_a_report_with_a_template(small, tmp_path):
    from docx import Document

    template = tmp_path / "house.docx"
    document = Document()
    document.add_paragraph("A page of our house")
    document.save(str(template))
    folder = kb.report(kb.analyse(kb.load(small.folder)), ["docx"], tmp_path / "worded", template=template)
    assert kb.verify(folder, small.folder).same
    template.unlink()
    found = kb.verify(folder, small.folder)
    assert [(change.name, change.now) for change in found.inputs] == [(template.as_posix(), "not there")]
    assert not found.same
    assert "It could not be made again: " in str(found)
