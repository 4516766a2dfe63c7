"""One report with everything in it, and one whose every text is hostile."""

from __future__ import annotations

import io
import time
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

import kbstudy as kb
from kbstudy.analysis import Results
from kbstudy.reporting import build
from kbstudy.reporting.tree import Card, Cell, Figure, Heading, Items, Report, Row, Run, Table, Text
from tests.conftest import ROOT

TONES = ("supported", "not supported", "inconclusive", "no evidence", "not possible as stated", "note")
ATTACKS = (
    "<script>alert(1)</script>",
    "=cmd|' /C calc'!A0",
    '#import "x"',
    "*bold* _em_ $x$ `raw` @ref <lab>",
    r"C:\new\u{41}",
    "\"double\" 'single'",
    "]]> --> &amp; {{x}} ${ink}",
    "שלום مرحبا",
)
HOSTILE = " ".join(ATTACKS) + " \x00\x07\x1b\x7f\ud800\ufffe 😀🏋🏽‍♀️ 漢字 " + "W" * 10_000
SVG = (
    b'<svg xmlns="http://www.w3.org/2000/svg" width="120mm" height="60mm" viewBox="0 0 120 60">'
    b'<path d="M5 55L115 5" stroke="black"/></svg>'
)


@pytest.fixture(scope="session")
def attacks():
    return ATTACKS


@pytest.fixture(scope="session")
def figure():
    from PIL import Image

    png = io.BytesIO()
    Image.new("RGB", (240, 120), "white").save(png, "png", dpi=(300, 300))
    return Figure("Pain over time", "A line that rises from left to right.", SVG, png.getvalue(), 120, "pain")


@pytest.fixture(scope="session")
def table():
    header = (
        (Cell(""), Cell("Kettlebell", 2), Cell("Usual care", 2)),
        (Cell("Outcome"), Cell("n"), Cell("Mean (SD)"), Cell("n"), Cell("Mean (SD)")),
    )
    rows = [Row((Cell("Pain, 0–10"),), group=True)]
    for week in range(60):
        cells = (f"Week {week}", "30", "4.9 (1.3)", "31", "3.7 (1.2)")
        rows.append(Row(tuple(map(Cell, cells)), indent=True))
    rows.append(Row((Cell("All"), Cell("61 people", 4, bold=True))))
    return Table("Outcomes", header, tuple(rows), ("left", *["right"] * 4), ("SD, standard deviation.",), "outcomes")


@pytest.fixture(scope="session")
def report(figure, table):
    small = Table("In a card", ((Cell("a"), Cell("b")),), (Row((Cell("1"), Cell("2"))),), ("left", "right"))
    styled = Text((Run("Bold", bold=True), Run(" and "), Run("code()", code=True)), "lead")
    cards = [Card(tone, f"Claim {tone}", (Text("Because."),)) for tone in TONES]
    blocks = (
        Heading("Summary"),
        styled,
        Items((Text("one"), Text("two")), ordered=True),
        Heading("Verdicts"),
        *cards,
        Card("note", "Inside", (small, replace(figure, caption="In a card"))),
        Heading("Results", 1),
        Heading("Too deep", 4),
        table,
        figure,
        Items((Text("again one"),), ordered=True),
        Text("The end.", "small"),
    )
    return Report("Kettlebells", "A demonstration", blocks, "SIMULATED", "kbstudy 0.1.0")


@pytest.fixture(scope="session")
def hostile(figure):
    text, cell = HOSTILE, Cell(HOSTILE)
    header = ((cell, Cell(text, 2)), (Cell("a"), cell, Cell("c")))
    rows = (Row((cell,), group=True), Row((cell, Cell("1"), cell), indent=True))
    table = Table(text, header, rows, ("left", "right", "center"), (text,), text)
    picture = replace(figure, caption=text, alt=text, name=text)
    runs = Text((Run(text, bold=True), Run(text, italic=True), Run(text, code=True)))
    blocks = (Text(text), Heading(text), Items((Text(text),)), table, picture, Card("note", text, (runs, table)))
    return Report(text, text, blocks, text, text)


@dataclass(frozen=True)
class Shipped:
    """A shipped study: its results, its report as a tree and as files, and the processor time that they took."""

    results: Results
    tree: Report
    folder: Path
    cpu_s: float


@pytest.fixture(scope="session", params=["article-claims", "demo-trial"])
def shipped(request, tmp_path_factory):
    started = time.process_time()
    results = kb.analyse(kb.load(ROOT / "data" / "raw" / request.param))
    folder = kb.report(results, folder=tmp_path_factory.mktemp("shipped") / request.param)
    took = time.process_time() - started
    return Shipped(results, build(results), folder, took)
