"""What must hold in all three formats alike."""

from __future__ import annotations

import io
import re
import shutil
import subprocess
from html import unescape

import docx
import pytest
from docx.oxml.ns import qn

from kbstudy.reporting import _look
from kbstudy.reporting._columns import columns
from kbstudy.reporting._numbering import captions
from kbstudy.reporting.html import to_html
from kbstudy.reporting.pdf import to_pdf
from kbstudy.reporting.tree import Cell, Report, Row, Table, Tone
from kbstudy.reporting.word import to_word

LABEL = re.compile(r"(Table|Figure)\s+(\d+)\.\s+(In a card|Outcomes|Pain over time)")


def html_text(report):
    return unescape(re.sub("<[^>]+>", "", to_html(report).decode()))


def pdf_text(report):
    if shutil.which("pdftotext") is None:
        pytest.skip("pdftotext (poppler-utils) is not installed, so the text of the PDF cannot be read")
    done = subprocess.run(["pdftotext", "-raw", "-", "-"], input=to_pdf(report), capture_output=True, check=True)
    return done.stdout.decode()


def word_text(report):
    body = docx.Document(io.BytesIO(to_word(report))).element.body
    return "\n".join("".join(part.text or "" for part in line.iter(qn("w:t"))) for line in body.iter(qn("w:p")))


@pytest.mark.parametrize("text", [html_text, pdf_text, word_text])
def test_numbers_of_tables_and_figures_agree(report, text):
    expected = [(caption.kind, str(caption.number), caption.text) for caption in captions(report.blocks)]
    assert expected == [
        ("Table", "1", "In a card"),
        ("Figure", "1", "In a card"),
        ("Table", "2", "Outcomes"),
        ("Figure", "2", "Pain over time"),
    ]
    assert LABEL.findall(text(report)) == expected


@pytest.mark.parametrize("write", [to_html, to_pdf, to_word])
@pytest.mark.parametrize("name", ["report", "hostile"])
def test_the_same_report_is_the_same_bytes(write, name, request):
    report = request.getfixturevalue(name)
    assert write(report) == write(report)


@pytest.mark.parametrize("write", [to_html, to_pdf, to_word])
def test_an_empty_report_is_a_file(write):
    assert write(Report("", "", ()))


@pytest.mark.parametrize("write", [to_html, to_pdf, to_word])
@pytest.mark.parametrize("align", [(), ("left",)])
def test_a_table_that_does_not_add_up_is_named(write, align):
    table = Table("Pain", (), (Row((Cell("a"), Cell("b"))),), align, name="pain")
    with pytest.raises(ValueError, match='Table "pain"'):
        write(Report("T", "", (table,)))


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


@pytest.mark.parametrize("tint", [*_look.TONES.values(), _look.STAMP, _look.Tint(_look.MUTED, "#ffffff")])
def test_contrast_is_enough_for_wcag_aa(tint):
    dark, light = luminance(tint.ink), luminance(tint.ground)
    assert (light + 0.05) / (dark + 0.05) >= 4.5


def test_every_tone_has_a_colour():
    assert set(_look.TONES) == set(Tone.__args__)


def test_columns_keep_numbers_whole_and_shrink_a_crowded_table(table):
    roomy = columns(table, 166)
    assert sum(roomy.shares) == pytest.approx(1)
    assert roomy.scale == 1
    assert all(letters >= len("4.9 (1.3)") for letters in roomy.letters[2::2])
    assert columns(table, 60).scale < 1
