from __future__ import annotations

import io
import re
import zipfile
from dataclasses import replace

import docx
import pytest
from docx.oxml.ns import qn

from kbstudy.reporting.tree import Items, Report, Text
from kbstudy.reporting.word import to_word


def opened(document: bytes):
    return docx.Document(io.BytesIO(document))


def text_of(element) -> str:
    return "".join(part.text or "" for part in element.iter(qn("w:t")))


@pytest.fixture(scope="module")
def document(report):
    return opened(to_word(report))


def test_headings_and_properties_are_real(document):
    styles = [(line.style.name, line.text) for line in document.paragraphs if line.style.name.startswith("Heading")]
    assert styles == [
        ("Heading 1", "Summary"),
        ("Heading 1", "Verdicts"),
        ("Heading 1", "Results"),
        ("Heading 2", "Too deep"),
    ]
    properties = document.core_properties
    assert (properties.title, properties.author, properties.language) == ("Kettlebells", "kbstudy", "en")
    assert properties.created == properties.modified


def test_captions_are_fields(document):
    codes = [code.text.strip() for code in document.element.body.iter(qn("w:instrText"))]
    assert codes == [r"SEQ Table \* ARABIC", r"SEQ Figure \* ARABIC"] * 2


def test_header_rows_repeat_and_rows_stay_whole(document):
    (rows,) = [table._tbl.tr_lst for table in document.tables if len(table.rows) > 60]
    repeat = [row.find(f"{qn('w:trPr')}/{qn('w:tblHeader')}") is not None for row in rows]
    assert repeat == [True, True] + [False] * (len(rows) - 2)
    assert all(row.find(f"{qn('w:trPr')}/{qn('w:cantSplit')}") is not None for row in rows)


def test_tables_have_three_rules_and_numbers_to_the_right(document):
    (table,) = [table for table in document.tables if len(table.rows) > 60]
    ruled = [number for number, row in enumerate(table._tbl.tr_lst) if row.findall(f".//{qn('w:tcBorders')}")]
    assert ruled == [0, 1, len(table.rows) - 1]
    sides = [part.get(qn("w:val")) for part in table._tbl.tr_lst[3].iter(qn("w:jc"))]
    assert sides == ["left", "right", "right", "right", "right"]
    assert [cell.grid_span for cell in table._tbl.tr_lst[0].tc_lst] == [1, 2, 2]
    assert [cell.grid_span for cell in table._tbl.tr_lst[2].tc_lst] == [5]


def test_pictures_have_alt_text(document):
    described = [part.get("descr") for part in document.element.body.iter(qn("wp:docPr"))]
    assert described == ["A line that rises from left to right."] * 2


def test_cards_say_their_tone(document):
    words = [table.cell(0, 0).paragraphs[0].text for table in document.tables if len(table.columns) == 1]
    assert words[:3] == ["Supported", "Not supported", "Inconclusive"]
    assert words[3:] == ["No evidence", "Not possible as stated", "Note", "Note"]


def test_each_ordered_list_starts_at_one(document):
    numbers = [part.get(qn("w:val")) for part in document.element.body.iter(qn("w:numId"))]
    assert len(numbers) == 3
    assert len(set(numbers)) == 2


def test_stamp_and_page_number_stand_on_every_page(document):
    (section,) = document.sections
    assert "SIMULATED" in section.header.paragraphs[0].text
    codes = [code.text.strip() for code in section.footer._element.iter(qn("w:instrText"))]
    assert codes == ["PAGE", "NUMPAGES"]
    assert "kbstudy 0.1.0" in section.footer.paragraphs[0].text


def test_hostile_text_is_text(hostile, attacks):
    body = text_of(opened(to_word(hostile)).element.body)
    assert all(attack in body for attack in attacks)
    assert "W" * 10_000 in body
    assert "\ufffd" in body


def test_no_date_of_today_in_the_zip(report):
    with zipfile.ZipFile(io.BytesIO(to_word(report))) as package:
        assert {entry.date_time for entry in package.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert package.namelist()[0] == "[Content_Types].xml"


@pytest.fixture
def clinic(tmp_path):
    """A template with its own look, its own first and even pages, and without numbering or our styles."""
    template = docx.Document()
    template.styles["Heading 1"].font.name = "Clinic Sans"
    for name in ("Subtitle", "Heading 4"):
        template.styles[name].delete()
    template.add_paragraph("The clinic")
    template.sections[0].header.paragraphs[0].text = "Clinic letterhead"
    template.add_section().different_first_page_header_footer = True
    template.settings.odd_and_even_pages_header_footer = True
    for key, relation in list(template.part.rels.items()):
        if relation.reltype.endswith("/numbering"):
            del template.part.rels[key]
    template.save(str(tmp_path / "clinic.docx"))
    return tmp_path / "clinic.docx"


def test_a_template_keeps_its_look_and_gets_the_stamp_everywhere(report, clinic):
    document = opened(to_word(report, clinic))
    assert document.styles["Heading 1"].font.name == "Clinic Sans"
    assert document.paragraphs[0].text == "The clinic"
    section = document.sections[0]
    assert [line.text.strip() for line in section.header.paragraphs] == ["Clinic letterhead", "SIMULATED"]
    assert "SIMULATED" in section.first_page_header.paragraphs[0].text
    assert "SIMULATED" in section.even_page_header.paragraphs[0].text
    assert document.sections[1].header.is_linked_to_previous


def test_a_template_without_numbering_gets_lists(clinic):
    document = to_word(Report("T", "", (Items((Text("one"),)),)), clinic)
    with zipfile.ZipFile(io.BytesIO(document)) as package:
        assert re.search(rb'w:numFmt w:val="bullet"', package.read("word/numbering.xml"))


def test_a_long_title_fits_the_properties(report):
    assert len(opened(to_word(replace(report, title="t" * 400))).core_properties.title) == 255
