"""A report in the house style of a journal or a clinic: its template is used, kept, checked and remembered."""

from __future__ import annotations

import json
import shutil
import subprocess
import zipfile
from hashlib import sha256
from pathlib import Path

import docx
import pytest
from docx.oxml.ns import qn
from docx.shared import Mm, Pt, RGBColor

import kbstudy as kb
from kbstudy.errors import PlanError
from kbstudy.reporting._word_template import NEEDED
from kbstudy.reporting.word import to_word


def new_template(path: Path) -> docx.document.Document:
    template = docx.Document()
    template.styles["Normal"].font.name = "Clinic Serif"
    template.styles["Heading 1"].font.name = "Clinic Sans"
    template.styles["Heading 1"].font.color.rgb = RGBColor(0, 0x66, 0x33)
    template.styles["Title"].font.size = Pt(30)
    template.sections[0].page_width, template.sections[0].left_margin = Mm(200), Mm(40)
    template.sections[0].header.paragraphs[0].text = "Clinic letterhead"
    template.add_paragraph("Cover page of the clinic")
    template.save(str(path))
    return template


@pytest.fixture
def clinic(tmp_path):
    new_template(tmp_path / "clinic.docx")
    return tmp_path / "clinic.docx"


@pytest.fixture
def results(small):
    return kb.analyse(kb.load(small.folder))


@pytest.fixture
def folder(results, clinic, tmp_path):
    return kb.report(results, ["docx"], tmp_path / "report", template=clinic)


def test_the_look_is_the_templates_and_its_content_comes_first(folder):
    document = docx.Document(str(folder / "report.docx"))
    first, title = document.paragraphs[:2]
    assert first.text == "Cover page of the clinic"
    assert (title.style.name, title.text) == ("Title", "A small trial")
    assert document.styles["Heading 1"].font.name == "Clinic Sans"
    assert document.styles["Heading 1"].font.color.rgb == RGBColor(0, 0x66, 0x33)
    assert document.styles["Title"].font.size == Pt(30)
    assert round(document.sections[0].page_width.mm) == 200
    assert "Clinic letterhead" in document.sections[0].header.paragraphs[0].text


def test_styles_of_ours_take_the_font_and_colour_of_the_template(folder):
    styles = docx.Document(str(folder / "report.docx")).styles
    assert styles["Report Table"].base_style.name == "Normal"
    assert styles["Report Table"].font.name is None
    assert styles["Report Lead"].font.color.rgb is None
    assert styles["Report Table"].font.size == Pt(8.5)


def test_tables_are_as_wide_as_the_text_of_the_template(folder):
    document = docx.Document(str(folder / "report.docx"))
    section = document.sections[0]
    room = section.page_width - section.left_margin - section.right_margin
    widths = [sum(column.w for column in table._tbl.tblGrid.gridCol_lst) for table in document.tables]
    assert widths
    assert max(widths) <= room + Mm(1)


def test_the_report_says_that_it_is_english_in_a_template_that_is_not(results, tmp_path):
    path = tmp_path / "klinik.docx"
    template = new_template(path)
    for language in template.styles.element.iter(qn("w:lang")):
        language.set(qn("w:val"), "de-DE")
    template.save(str(path))
    body = docx.Document(str(kb.report(results, ["docx"], tmp_path / "r", template=path) / "report.docx")).element.body
    runs = list(body.iter(qn("w:r")))
    spoken = [[one.get(qn("w:val")) for one in run.iter(qn("w:lang"))] for run in runs]
    assert spoken[0] == []  # the template's own line stays German
    assert all(found == ["en-GB"] for found in spoken[1:])


def test_the_same_template_gives_the_same_bytes_and_is_remembered(results, folder, clinic, tmp_path):
    again = kb.report(results, ["docx"], tmp_path / "again", template=clinic)
    assert (folder / "report.docx").read_bytes() == (again / "report.docx").read_bytes()
    said = json.loads((folder / "provenance.json").read_text("utf-8"))["template"]
    assert said == {"file": clinic.as_posix(), "sha256": sha256(clinic.read_bytes()).hexdigest()}


def test_verify_uses_the_template_and_notices_another(folder, clinic, small):
    assert kb.verify(folder, small.folder).same
    document = docx.Document(str(clinic))
    document.add_paragraph("A new line")
    document.save(str(clinic))
    found = kb.verify(folder, small.folder)
    assert not found.same
    assert [change.name for change in found.inputs] == [clinic.as_posix()]
    clinic.unlink()
    assert any("the template is not there" in problem.what for problem in kb.verify(folder, small.folder).errors)


def test_a_report_without_a_template_names_none(results, tmp_path):
    folder = kb.report(results, ["docx"], tmp_path / "r")
    assert "template" not in json.loads((folder / "provenance.json").read_text("utf-8"))


def test_missing_styles_are_named_all_at_once(report, tmp_path):
    template = new_template(tmp_path / "bare.docx")
    for name in ("Heading 2", "Caption"):
        template.styles[name].delete()
    template.save(str(tmp_path / "bare.docx"))
    with pytest.raises(PlanError) as error:
        to_word(report, tmp_path / "bare.docx")
    assert [problem.what for problem in error.value.problems] == [
        'the template has no style "Heading 2"',
        'the template has no style "Caption"',
    ]
    assert "type a line, give it the style, and save" in str(error.value)
    assert {"Heading 2", "Caption"} < set(NEEDED)


@pytest.mark.parametrize("content", [b"", b"not a zip", b"PK\x03\x04 broken", b"\xd0\xcf\x11\xe0 an old .doc"])
def test_what_is_not_a_word_document_is_refused(report, content, tmp_path):
    (tmp_path / "letter.docx").write_bytes(content)
    with pytest.raises(PlanError, match=r"letter\.docx: the template is not a \.docx document"):
        to_word(report, tmp_path / "letter.docx")


def test_a_dotx_is_refused_with_what_to_do(report, clinic, tmp_path):
    with zipfile.ZipFile(clinic) as old, zipfile.ZipFile(tmp_path / "letter.dotx", "w") as new:
        for name in old.namelist():
            text = old.read(name).replace(b"wordprocessingml.document.main", b"wordprocessingml.template.main")
            new.writestr(name, text)
    with pytest.raises(PlanError, match=r"save it as a Word document \(\.docx\)"):
        to_word(report, tmp_path / "letter.dotx")


def test_a_zip_that_is_another_document_is_refused(report, tmp_path):
    with zipfile.ZipFile(tmp_path / "table.docx", "w") as package:
        package.writestr("[Content_Types].xml", "<broken")
    with pytest.raises(PlanError, match="not a .docx document"):
        to_word(report, tmp_path / "table.docx")


def test_a_template_that_is_not_there_or_not_used_is_refused(results, clinic, tmp_path):
    with pytest.raises(PlanError, match="the template is not there"):
        kb.report(results, ["docx"], tmp_path / "r", template=tmp_path / "none.docx")
    with pytest.raises(PlanError, match="no Word document is asked for"):
        kb.report(results, ["html"], tmp_path / "r", template=clinic)
    assert not (tmp_path / "r").exists()


def test_the_command_takes_a_template(kbstudy_command, small, clinic):
    done = kbstudy_command("report", small.folder, "--to", "docx", "--template", clinic)
    assert done.status == 0
    document = docx.Document("reports/small/report.docx")
    assert document.paragraphs[0].text == "Cover page of the clinic"
    refused = kbstudy_command("report", small.folder, "--to", "docx", "--template", "none.docx")
    assert refused.status == 1
    assert "none.docx: the template is not there" in refused.err


def test_another_word_processor_opens_it(folder, tmp_path):
    office = shutil.which("soffice")
    if office is None:
        pytest.skip("LibreOffice is not installed, so nothing else can open the Word document")
    profile = f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}"
    command = [office, profile, "--headless", "--convert-to", "pdf", "--outdir", tmp_path, folder / "report.docx"]
    subprocess.run(command, check=True, capture_output=True, timeout=180)
    assert (tmp_path / "report.pdf").read_bytes().startswith(b"%PDF")
