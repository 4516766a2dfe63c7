from __future__ import annotations

import itertools
import re
import shutil
import subprocess
from html.parser import HTMLParser

import pytest

from kbstudy.reporting.html import to_html

VOID = {"meta", "img", "br", "wbr", "link", "input", "hr"}
PROBE = """<script>addEventListener("load", () => parent.postMessage(
  document.documentElement.scrollWidth + " " + innerWidth, "*"))</script>"""
#: A frame, because a browser window cannot be as narrow as a telephone.
FRAME = """<!doctype html><title>frame</title><script>addEventListener("message", event =>
  document.documentElement.setAttribute("data-width", event.data))</script>
  <iframe src="page.html" style="border: 0; width: {}px; height: 900px"></iframe>"""
QUIET = "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
QUIET += " --disable-component-update --disable-sync --enable-logging=stderr"


class Page(HTMLParser):
    """Checks that tags balance and collects what the tests ask about."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(page.decode())
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "style" not in self.open:
            self.words.append(data)

    def all(self, tag):
        return [attributes for name, attributes in self.tags if name == tag]

    @property
    def text(self):
        return "".join(self.words)


@pytest.fixture(scope="module")
def page(report):
    return Page(to_html(report))


def test_structure_serves_a_screen_reader(page):
    assert page.all("html") == [{"lang": "en"}]
    assert page.all("title")
    assert len(page.all("main")) == len(page.all("h1")) == 1
    assert [a["href"] for a in page.all("a")] == ["#content", "#section-1", "#section-2", "#section-3"]
    keys = [attributes["id"] for _, attributes in page.tags if attributes.get("id")]
    assert len(keys) == len(set(keys))
    named = [attributes.get("aria-labelledby", attributes.get("aria-describedby")) for _, attributes in page.tags]
    assert {name for name in named if name} <= set(keys)


def test_headings_leave_no_level_out(page):
    levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch("h[1-6]", tag)]
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))


def test_tables_are_tables(page):
    scopes = [attributes["scope"] for attributes in page.all("th")]
    assert set(scopes) == {"col", "colgroup", "row", "rowgroup"}
    assert len(page.all("caption")) == len(page.all("table")) == 2
    assert page.all("table")[1]["aria-describedby"] == "table-2-notes"
    assert {"colspan": "5", "scope": "rowgroup"} in page.all("th")


def test_a_row_that_is_not_indented_leaves_the_group(page):
    assert len(page.all("tbody")) == 1 + 2


def test_pictures_have_words_and_are_in_the_page(page):
    assert [image["alt"] for image in page.all("img")] == ["A line that rises from left to right."] * 2
    assert all(image["src"].startswith("data:image/svg+xml;base64,") for image in page.all("img"))


def test_nothing_is_loaded_and_nothing_runs(report, page):
    assert not page.all("script") + page.all("link") + page.all("iframe")
    text = to_html(report).decode()
    assert "url(" not in text
    assert "@import" not in text
    assert "http://" not in text
    assert "https://" not in text
    assert "default-src 'none'" in text


def test_stamp_stands_once_on_screen_and_on_every_printed_page(report, page):
    assert page.words.count("SIMULATED") == 1
    escaped = "".join(f"\\{ord(letter):x} " for letter in "SIMULATED")
    assert f'@top-center {{ content: "{escaped}"' in to_html(report).decode()


def test_hostile_text_is_text(hostile, attacks):
    page = Page(to_html(hostile))
    assert not page.all("script")
    assert all(attack in page.text for attack in attacks)
    assert "W" * 10_000 in page.text
    assert "\x00" not in page.text
    assert "\ufffd" in page.text


def test_a_line_end_is_a_line_end(report):
    from dataclasses import replace

    assert b"<h1>One<br>Two</h1>" in to_html(replace(report, title="One\r\nTwo"))


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("name", ["report", "hostile"])
def test_a_browser_shows_it_without_scrolling_sideways(name, width, request, tmp_path):
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("Chromium is not installed, so nothing can lay the page out")
    page = to_html(request.getfixturevalue(name)).decode()
    probed = re.sub("<meta http-equiv=[^>]*>", "", page).replace("</body>", f"{PROBE}</body>")
    (tmp_path / "page.html").write_text(probed, "utf-8")
    (tmp_path / "frame.html").write_text(FRAME.format(width), "utf-8")
    where = [f"--user-data-dir={tmp_path / 'profile'}", "--window-size=1400,1000", "--dump-dom"]
    command = [chromium, *QUIET.split(), *where, (tmp_path / "frame.html").as_uri()]
    done = subprocess.run(command, capture_output=True, timeout=120, check=True)
    content, window = re.search(rb'data-width="(\d+) (\d+)"', done.stdout).groups()
    assert int(window) == width
    assert int(content) <= int(window)
    assert b"CONSOLE" not in done.stderr


def test_printed_from_a_browser_it_has_the_stamp_and_all_columns(report, tmp_path):
    chromium = shutil.which("chromium")
    if chromium is None or shutil.which("pdftotext") is None:
        pytest.skip("Chromium or pdftotext is not installed, so the page cannot be printed or the print not read")
    (tmp_path / "page.html").write_bytes(to_html(report))
    command = [chromium, *QUIET.split(), f"--user-data-dir={tmp_path / 'profile'}", "--no-pdf-header-footer"]
    command += [f"--print-to-pdf={tmp_path / 'print.pdf'}", (tmp_path / "page.html").as_uri()]
    subprocess.run(command, capture_output=True, timeout=120, check=True)
    done = subprocess.run(["pdftotext", "-layout", tmp_path / "print.pdf", "-"], capture_output=True, check=True)
    printed = done.stdout.decode()
    assert printed.count("\f") > 2
    assert "Skip to content" not in printed
    assert "Contents" not in printed
    rows = [line for line in printed.splitlines() if "4.9 (1.3)" in line]
    assert len(rows) == 60
    assert all("3.7 (1.2)" in line for line in rows)
