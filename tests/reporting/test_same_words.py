"""The web page, the PDF and the Word document of a study say the same words in the same order."""

from __future__ import annotations

import re
import shutil
import subprocess
import unicodedata
from html.parser import HTMLParser

import docx
import pytest
from docx.oxml.ns import qn

from kbstudy.reporting._ready import ready
from kbstudy.reporting.exports import tables_of

BREAKS = {"p", "h1", "h2", "h3", "h4", "h5", "li", "th", "td", "caption", "figcaption", "div", "figure", "footer"}


def plain(text: str) -> str:
    """Without spaces, hyphens and ligatures: where a line breaks is not what is said."""
    return re.sub(r"[\s\u200b\u00ad\u2010-]", "", unicodedata.normalize("NFKC", text))


class Said(HTMLParser):
    """The words of each paragraph, cell and caption between the contents and the footer, and of the title."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.on, self.parts = False, [""]
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attrs):
        if tag in ("header", "main"):
            self.on = True
        if tag in BREAKS or ("class", "tone") in attrs:
            self.parts.append("")

    def handle_endtag(self, tag):
        if tag in ("header", "main"):
            self.on = False
        if tag in BREAKS or tag == "span":
            self.parts.append("")

    def handle_data(self, data):
        if self.on:
            self.parts[-1] += data


def units(shipped) -> list[str]:
    found = Said((shipped.folder / "report.html").read_text("utf-8")).parts
    return [unit for unit in map(plain, found) if unit]


def test_word_says_what_the_page_says(shipped):
    body = docx.Document(str(shipped.folder / "report.docx")).element.body
    said = plain("".join(part.text or "" for part in body.iter(qn("w:t"))))
    assert said == "".join(units(shipped))


def test_pdf_says_what_the_page_says(shipped):
    """In order; between the words of the page there are only list marks and header rows repeated on a new page."""
    if shutil.which("pdftotext") is None:
        pytest.skip("pdftotext (poppler-utils) is not installed, so the text of the PDF cannot be read")
    done = subprocess.run(["pdftotext", "-raw", shipped.folder / "report.pdf", "-"], capture_output=True, check=True)
    report = ready(shipped.tree)
    pages = [plain(text) for text in done.stdout.decode().split("\f")[:-1]]
    ends = plain(report.footer), rf"Page\d+of{len(pages)}"
    said = ""
    for number, text in enumerate(pages):
        start = (plain(report.title) if number else "") + plain(report.stamp)
        assert text.startswith(start)
        body, found = re.subn(f"{re.escape(ends[0])}{ends[1]}$", "", text[len(start) :])
        assert found == 1
        said += body
    headers = {
        plain("".join(cell.text for cells in table.header for cell in cells)) for table in tables_of(report.blocks)
    }
    between = re.compile(
        rf"(?:•|\d+\.|{'|'.join(map(re.escape, sorted(filter(None, headers), key=len, reverse=True)))})*"
    )
    at = 0
    for unit in units(shipped):
        found = said.find(unit, at)
        assert found >= 0, (unit, said[at : at + 300])
        assert between.fullmatch(said[at:found]), (unit, said[at:found][:300])
        at = found + len(unit)
    assert between.fullmatch(said[at:])
