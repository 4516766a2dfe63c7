"""The reports of the shipped studies for people who listen to them, use a keyboard or see little contrast."""

from __future__ import annotations

import itertools
import json
import re
import shutil
import subprocess
import zipfile
from html import unescape

import docx
import pytest
from docx.oxml.ns import qn

from kbstudy.reporting import _look
from kbstudy.reporting._css import style
from kbstudy.reporting._ready import ready
from kbstudy.reporting.exports import figures_of, tables_of
from tests.reporting.test_report_html import QUIET, Page
from tests.reporting.test_report_writers import luminance

AA_TEXT, AA_PARTS = 4.5, 3.0  # WCAG 2.2, 1.4.3 and 1.4.11

#: Gives the least contrast of any text with what is behind it, and where it is.
CONTRAST = """<script>addEventListener("load", () => {
  const parts = text => text.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map(part => part / 255)
    .map(part => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)
    .reduce((sum, part, at) => sum + part * [0.2126, 0.7152, 0.0722][at], 0);
  const behind = element => { for (; element; element = element.parentElement) {
    const found = parts(getComputedStyle(element).backgroundColor);
    if (found.length < 4 || found[3] === 1) return found; } return [255, 255, 255]; };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  let least = 99, where = "", seen = 0;
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || element.closest("script")) continue;
    const [one, other] = [light(parts(getComputedStyle(element).color)), light(behind(element))];
    const ratio = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
    seen += 1;
    if (ratio < least) [least, where] = [ratio, walker.currentNode.data.slice(0, 60)];
  }
  const focusable = [...document.querySelectorAll("a[href], [tabindex='0']")];
  const unseen = focusable.filter(part => { part.focus({focusVisible: true});
    const look = getComputedStyle(part);
    return document.activeElement !== part || look.outlineStyle === "none" || parseFloat(look.outlineWidth) < 2; });
  document.title = JSON.stringify({least, where, seen, focusable: focusable.length, unseen: unseen.length});
});</script>"""


def ratio(one: str, other: str) -> float:
    dark, light = sorted(luminance(colour) for colour in (one, other))
    return (light + 0.05) / (dark + 0.05)


@pytest.fixture(scope="module")
def page(shipped):
    return Page((shipped.folder / "report.html").read_bytes())


# ---- the web page ------------------------------------------------------------------------------------------------


def test_the_page_has_a_language_a_title_and_one_first_heading(page, shipped):
    assert page.all("html") == [{"lang": "en"}]
    assert len(page.all("h1")) == len(page.all("main")) == len(page.all("title")) == 1
    assert shipped.tree.title in page.text


def test_headings_leave_no_level_out(page):
    levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert len(levels) > 8
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))


def test_the_first_link_skips_to_the_content(page):
    assert page.all("a")[0] == {"class": "skip", "href": "#content"}
    assert [attributes.get("id") for attributes in page.all("main")] == ["content"]


def test_every_header_cell_says_what_it_heads(page, shipped):
    scopes = {cell.get("scope") for cell in page.all("th")}
    assert scopes <= {"col", "colgroup", "row", "rowgroup"}
    assert {"col", "row"} <= scopes
    assert len(page.all("caption")) == len(page.all("table")) == len(list(tables_of(shipped.tree.blocks)))


def test_every_figure_is_told_in_words(page, shipped):
    figures = list(figures_of(shipped.tree.blocks))
    assert len(page.all("img")) == len(page.all("figcaption")) == len(figures)
    assert all(len(image["alt"]) > 40 for image in page.all("img"))


def test_focus_is_never_hidden():
    sheet = style("")
    assert ":focus-visible { outline: 3px solid" in sheet
    assert not re.search(r"outline: *(0|none)", sheet)
    grounds = ["#ffffff", *(tint.ground for tint in _look.TONES.values())]
    assert all(ratio(_look.LINK, ground) >= AA_PARTS for ground in grounds)


def test_every_colour_of_the_style_sheet_is_read_on_every_ground_it_may_stand_on():
    """Writing outside cards stands on white, inside them on the grounds of cards."""
    sheet = style("SIMULATED")
    rules = re.findall(r"([^{}]+)\{([^{}]*)\}", sheet)
    written = [
        (names.strip(), colour) for names, body in rules for colour in re.findall(r"(?<![-\w])color: ?(#\w+)", body)
    ]
    assert len(written) > 10
    own = {names.strip(): found[1] for names, body in rules if (found := re.search(r"background: ?(#\w+)", body))}
    for names, colour in written:
        grounds = [own.get(names, "#ffffff")]
        if names.startswith(".card "):
            grounds = [tint.ground for tint in _look.TONES.values()]
        if tone := re.fullmatch(r"(\.[a-z-]+) > \.card-title > \.tone", names):
            grounds = [own[f".card{tone[1]}"]]
        for ground in grounds:
            full = "#ffffff" if ground == "#fff" else ground
            assert ratio(colour, full) >= AA_TEXT, (names, colour, ground)


def test_a_browser_finds_enough_contrast_and_shows_the_focus(shipped, tmp_path):
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("Chromium is not installed, so nothing can say which colours meet")
    text = re.sub("<meta http-equiv=[^>]*>", "", (shipped.folder / "report.html").read_text("utf-8"))
    (tmp_path / "page.html").write_text(text.replace("</body>", f"{CONTRAST}</body>"), "utf-8")
    command = [chromium, *QUIET.split(), f"--user-data-dir={tmp_path / 'profile'}", "--window-size=1280,1000"]
    command += ["--dump-dom", (tmp_path / "page.html").as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    found = json.loads(unescape(re.search(r"<title>(\{.*?\})</title>", done.stdout, re.S)[1]))
    assert found["seen"] > 300
    assert found["least"] >= AA_TEXT, found["where"]
    assert found["focusable"] > 10
    assert found["unseen"] == 0


# ---- the PDF -----------------------------------------------------------------------------------------------------


def test_the_pdf_is_tagged_and_says_its_language_and_title(shipped):
    document = (shipped.folder / "report.pdf").read_bytes()
    assert re.search(rb"<pdfuaid:part>1</pdfuaid:part>", document)
    assert b"/StructTreeRoot" in document
    assert re.search(rb"/MarkInfo<</Marked true", document)
    assert re.search(rb"/Lang ?\(en\)", document)
    assert b"/DisplayDocTitle true" in document
    title = re.search(rb"<rdf:li xml:lang=\"x-default\">(.*?)</rdf:li>", document)[1].decode()
    assert unescape(title) == shipped.tree.title


def test_the_structure_of_the_pdf_is_that_of_the_page(shipped, page):
    if shutil.which("pdfinfo") is None:
        pytest.skip("pdfinfo (poppler-utils) is not installed, so the structure of the PDF cannot be read")
    command = ["pdfinfo", "-struct", shipped.folder / "report.pdf"]
    done = subprocess.run(command, capture_output=True, check=True)
    tags = re.findall(r"^ *(\w+)\b", done.stdout.decode(errors="replace"), re.M)
    for level in (1, 2, 3):  # the title is the first heading of the page; a PDF 1.7 has no tag for it
        inside_contents = 1 if level == 1 and len(page.all("nav")) else 0
        assert tags.count(f"H{level}") == len(page.all(f"h{level + 1}")) - inside_contents
    tables, figures = list(tables_of(shipped.tree.blocks)), list(figures_of(shipped.tree.blocks))
    assert tags.count("Table") == tags.count("THead") == len(tables)
    assert tags.count("TH") > len(tables)
    assert tags.count("Figure") == len(figures)
    assert (shipped.folder / "report.pdf").read_bytes().count(b"/Alt") >= len(figures)


# ---- Word --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def word(shipped):
    return docx.Document(str(shipped.folder / "report.docx"))


def test_word_has_real_headings_in_order(word, page):
    styles = [line.style.name for line in word.paragraphs]
    assert styles.count("Title") == 1
    levels = [int(name[-1]) for name in styles if name.startswith("Heading ")]
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))
    assert len(levels) == sum(len(page.all(f"h{level}")) for level in (2, 3, 4, 5)) - len(page.all("nav"))


def test_word_repeats_the_header_row_of_every_table(word, shipped):
    tables = list(tables_of(shipped.tree.blocks))
    marked = [
        len(table.findall(f"{qn('w:tr')}/{qn('w:trPr')}/{qn('w:tblHeader')}"))
        for table in word.element.body.iter(qn("w:tbl"))
        if table.find(f"{qn('w:tblPr')}/{qn('w:tblCaption')}") is not None
    ]
    assert marked == [len(table.header) for table in tables]


def test_word_tells_every_figure_in_words(word, shipped):
    said = [part.get("descr") for part in word.element.body.iter(qn("wp:docPr"))]
    assert said == [figure.alt for figure in figures_of(ready(shipped.tree).blocks)]


def test_word_says_its_language_and_title(word, shipped):
    assert word.core_properties.title == shipped.tree.title
    assert word.core_properties.language.startswith("en")
    with zipfile.ZipFile(shipped.folder / "report.docx") as package:
        assert re.search(rb'<w:lang [^>]*w:val="en-GB"', package.read("word/styles.xml"))
