"""What a reader needs who cannot see, cannot use a mouse, or prints: WCAG 2.2 AA for the page, PDF/UA for the PDF."""

from __future__ import annotations

import io
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
from kbstudy.reporting.html import to_html
from kbstudy.reporting.pdf import to_pdf
from kbstudy.reporting.word import to_word
from tests.reporting.test_report_html import QUIET, Page
from tests.reporting.test_report_writers import luminance

WHITE = "#ffffff"
COLOUR = re.compile(r"(?<![-\w])(color|background|border-color|outline): ?[^;]*?(#[0-9a-f]{6}|#[0-9a-f]{3})\b")


def contrast(one: str, other: str) -> float:
    low, high = sorted(map(luminance, (one, other)))
    return (high + 0.05) / (low + 0.05)


def full(colour: str) -> str:
    return colour if len(colour) == 7 else "#" + "".join(2 * digit for digit in colour[1:])


def rules() -> list[tuple[str, dict[str, str]]]:
    """Every rule of the style sheet that names a colour, with the colours by property."""
    sheet = re.sub(r"@media[^{]*\{|@page \{", "", style("SIMULATED"))
    found = []
    for selector, body in re.findall(r"([^{}]+)\{([^{}]*)\}", sheet):
        colours = {name: full(colour) for name, colour in COLOUR.findall(body)}
        if colours:
            found.append((" ".join(selector.split()), colours))
    return found


def grounds(selector: str, colours: dict[str, str]) -> list[str]:
    """What the writing of a rule may stand on."""
    if "background" in colours:
        return [colours["background"]]
    tints = [tint.ground for tint in _look.TONES.values()]
    for tone, tint in _look.TONES.items():
        if f".{tone.replace(' ', '-')} " in f"{selector} ":
            return [tint.ground]
    return tints if ".card" in selector else [WHITE]


def test_every_text_of_the_sheet_has_enough_contrast():
    """WCAG 1.4.3: 4.5 to 1."""
    texts = [(selector, colours) for selector, colours in rules() if "color" in colours]
    assert len(texts) > 15
    for selector, colours in texts:
        for ground in grounds(selector, colours):
            assert contrast(colours["color"], ground) >= 4.5, selector


def test_writing_that_inherits_its_colour_has_enough_contrast():
    """Ink and links on every ground that the sheet or a card has."""
    tints = [tint.ground for tint in _look.TONES.values()]
    backgrounds = {colours["background"] for _, colours in rules() if "background" in colours}
    for ground in {WHITE, *tints, *backgrounds} - {_look.STAMP.ground}:
        assert contrast(_look.INK, ground) >= 4.5
        assert contrast(_look.LINK, ground) >= 4.5


def test_edges_and_the_focus_can_be_seen():
    """WCAG 1.4.11: 3 to 1 for what is not text; hair lines that only decorate are exempt."""
    for tint in _look.TONES.values():
        assert contrast(tint.ink, WHITE) >= 3
        assert contrast(_look.LINK, tint.ground) >= 3
    assert any("focus-visible" in selector and colours.get("outline") == _look.LINK for selector, colours in rules())


@pytest.fixture(scope="module")
def page(report):
    return Page(to_html(report))


def test_the_first_stop_of_the_keyboard_skips_to_the_content(page):
    stops = [(tag, one) for tag, one in page.tags if tag in ("a", "button", "input") or "tabindex" in one]
    assert stops[0] == ("a", {"class": "skip", "href": "#content"})
    assert ("main", {"id": "content"}) in page.tags
    targets = {one["id"] for _, one in page.tags if "id" in one}
    assert {one["href"][1:] for tag, one in stops if tag == "a"} <= targets


def test_a_part_that_scrolls_can_be_reached_and_has_a_name(page):
    boxes = [one for _, one in page.tags if one.get("class") == "scroll"]
    captions = {one["id"] for one in page.all("caption")}
    assert boxes
    assert all(one["tabindex"] == "0" and one["role"] == "region" for one in boxes)
    assert {one["aria-labelledby"] for one in boxes} == captions
    assert all(one.get("tabindex", "0") in ("0", "-1") for _, one in page.tags)
    assert not [one for _, one in page.tags if "autofocus" in one or "accesskey" in one]


def test_every_cell_of_a_header_says_what_it_heads(page):
    assert all(one.get("scope") for one in page.all("th"))
    assert all(one.get("alt") for one in page.all("img"))
    assert page.all("html") == [{"lang": "en"}]
    assert {"name": "color-scheme", "content": "light"} in page.all("meta")


def browser(page: bytes, folder, *options: str) -> subprocess.CompletedProcess[str]:
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("Chromium is not installed, so nothing can show the page")
    (folder / "page.html").write_bytes(page)
    where = [f"--user-data-dir={folder / 'profile'}", "--window-size=1000,900"]
    command = [chromium, *QUIET.split(), *where, *options, (folder / "page.html").as_uri()]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)


def test_every_stop_takes_the_focus_and_shows_it(report, tmp_path):
    probe = """<script>addEventListener("load", () => {
      const stops = [...document.querySelectorAll("a[href], [tabindex]")];
      document.title = JSON.stringify(stops.map(stop => { stop.focus(); const box = stop.getBoundingClientRect();
        const seen = box.right > 0 && box.width > 0;
        return [document.activeElement === stop, getComputedStyle(stop).outlineStyle, seen]; }));
    });</script>"""
    text = re.sub("<meta http-equiv=[^>]*>", "", to_html(report).decode()).replace("</body>", f"{probe}</body>")
    done = browser(text.encode(), tmp_path, "--dump-dom")
    stops = json.loads(unescape(re.search(r"<title>(\[.*?\])</title>", done.stdout, re.S)[1]))
    assert len(stops) > 4
    assert all(stop == [True, "solid", True] for stop in stops)


def test_printed_from_a_browser_it_has_the_stamp_and_all_columns(report, tmp_path):
    if shutil.which("pdftotext") is None:
        pytest.skip("pdftotext (poppler-utils) is not installed, so the print cannot be read")
    browser(to_html(report), tmp_path, f"--print-to-pdf={tmp_path / 'print.pdf'}", "--no-pdf-header-footer")
    done = subprocess.run(["pdftotext", "-layout", tmp_path / "print.pdf", "-"], capture_output=True, check=True)
    pages = done.stdout.decode().split("\f")[:-1]
    assert len(pages) > 2
    assert "Skip to content" not in "".join(pages)
    assert "Contents" not in "".join(pages)
    rows = [line for line in "".join(pages).splitlines() if "4.9 (1.3)" in line]
    assert len(rows) == 60
    assert all("3.7 (1.2)" in line for line in rows)


# ---- PDF/UA-1 ----------------------------------------------------------------------------------------------------


def test_pdf_is_tagged_has_a_language_and_shows_its_title(report):
    """What PDF/UA-1 asks for and a text search can see; Typst refuses to write the file if the rest does not hold."""
    document = to_pdf(report)
    assert re.search(rb"/MarkInfo\s*<<[^>]*/Marked true", document)
    assert re.search(rb"/Lang\s*\(en(-GB)?\)", document)
    assert re.search(rb"/DisplayDocTitle true", document)
    assert b"pdfuaid:part>1<" in document or b'pdfuaid:part="1"' in document
    assert b"Kettlebells" in document


def structure(report) -> str:
    if shutil.which("pdfinfo") is None:
        pytest.skip("pdfinfo (poppler-utils) is not installed, so the structure of the PDF cannot be read")
    done = subprocess.run(["pdfinfo", "-struct", "-"], input=to_pdf(report), capture_output=True, check=True)
    return done.stdout.decode()


def test_pdf_has_the_structure_of_the_report(report):
    tree = structure(report)
    kinds = re.findall(r"^ *(\w+)", tree, re.M)
    assert kinds.count("H1") == 3
    assert kinds.count("H2") == 1
    assert kinds.count("Table") == 2
    assert kinds.count("Figure") == 2
    assert kinds.count("Caption") == 4
    assert kinds.count("TH") >= 5
    assert "Artifact" not in kinds
    assert {"L", "LI", "LBody", "P", "TR", "TD"} <= set(kinds)


def test_pdf_of_a_figure_without_words_is_not_made_silently(figure):
    """The words of a picture are its caption at least: an empty alternative would stop the PDF."""
    from dataclasses import replace

    from kbstudy.reporting.tree import Report

    tree = structure(Report("T", "", (replace(figure, alt=" "),)))
    assert "Figure" in tree


# ---- Word --------------------------------------------------------------------------------------------------------


def test_word_says_its_language_and_title(report):
    content = to_word(report)
    document = docx.Document(io.BytesIO(content))
    languages = {one.get(qn("w:val")) for one in document.styles.element.iter(qn("w:lang"))}
    assert languages == {"en-GB"}
    assert document.core_properties.title == "Kettlebells"
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        assert b"<dc:language>en" in package.read("docProps/core.xml")
