from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import replace

import pytest

from kbstudy.reporting.pdf import to_pdf
from kbstudy.reporting.tree import Cell, Heading, Report, Row, Table, Text


def words(document: bytes) -> list[str]:
    """The text of each page."""
    if shutil.which("pdftotext") is None:
        pytest.skip("pdftotext (poppler-utils) is not installed, so the text of the PDF cannot be read")
    done = subprocess.run(["pdftotext", "-layout", "-", "-"], input=document, capture_output=True, check=True)
    return done.stdout.decode().split("\f")[:-1]


def squeezed(pages: list[str]) -> str:
    return re.sub(r"\s|\u200b", "", "".join(pages))


@pytest.fixture(scope="module")
def document(report):
    return to_pdf(report)


def test_stamp_footer_and_number_stand_on_every_page(document):
    pages = words(document)
    assert len(pages) > 2
    for number, page in enumerate(pages, start=1):
        assert "SIMULATED" in page
        assert "kbstudy 0.1.0" in page
        assert f"Page {number} of {len(pages)}" in page


def test_without_a_stamp_there_is_none(report):
    assert "SIMULATED" not in "".join(words(to_pdf(replace(report, stamp=""))))


def test_header_rows_repeat(document):
    pages = [page for page in words(document) if "4.9 (1.3)" in page]
    assert len(pages) > 1
    assert all("Usual care" in page for page in pages)


def test_it_is_tagged_and_has_alt_text(document):
    assert b"pdfuaid:part" in document
    assert b"/StructTreeRoot" in document
    assert document.count(b"A line that rises from left to right.") == 2


def test_hostile_text_is_text(hostile, attacks):
    text = squeezed(words(to_pdf(hostile)))
    latin = [attack for attack in attacks if attack.isascii()]
    assert all(re.sub(r"\s", "", attack) in text for attack in latin)
    assert "[U+6F22]" in text


def test_a_word_longer_than_the_page_breaks_and_loses_nothing():
    assert "".join(words(to_pdf(Report("T", "", (Text("X" * 10_000),))))).count("X") == 10_000


def test_what_no_font_can_draw_is_spelled_out():
    assert "[U+1F600]" in squeezed(words(to_pdf(Report("😀", "", (Text("plain"),)))))


def test_headings_without_text_or_with_gaps_do_not_stop_it():
    assert to_pdf(Report("", "", (Heading("", 3), Heading("Deep", 9))))


def test_a_header_longer_than_a_page_does_not_hide_the_table():
    table = Table("T", ((Cell("W" * 10_000), Cell("b")),), (Row((Cell("row one"), Cell("2"))),), ("left", "right"))
    assert "rowone" in squeezed(words(to_pdf(Report("T", "", (table,)))))
