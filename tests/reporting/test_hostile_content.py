"""What stands in somebody's files stands in the report, and does nothing there: in every format."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
import subprocess
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import docx
import pytest
from docx.oxml.ns import qn

import kbstudy as kb
from kbstudy.reporting.exports import exports, grid
from kbstudy.reporting.latex import escape, to_latex
from kbstudy.reporting.tree import Cell, Report, Row, Table
from kbstudy.safe_text import frame_to_csv, legal, spreadsheet_cell
from tests.reporting.hostile_study import ARMS, GONE, LABEL, LONG, SAYS, write_hostile_study
from tests.reporting.test_report_html import Page

TEXTS = (*GONE, *ARMS, LABEL, SAYS, "<u>f</u>", "Sex | \\sex", "Title <h1>&amp;</h1> \\maketitle #set 100%")
FORMULA = re.compile(r"[=+\-@\t\r\n＝＋－＠]")
NUMBER = re.compile(r"-?\d+(\.\d+)?%?")


def squeezed(text: str) -> str:
    """Without white space and invisible breaks: a PDF may break a text anywhere."""
    return re.sub(r"[\s\u200b\u00ad]", "", text)


def pdf_text(path: Path) -> str:
    if shutil.which("pdftotext") is None:
        pytest.skip("pdftotext (poppler-utils) is not installed, so the text of the PDF cannot be read")
    return subprocess.run(["pdftotext", "-raw", path, "-"], capture_output=True, check=True).stdout.decode()


def ascii_words(text: str) -> list[str]:
    """The parts of a text that a PDF gives back in the order in which they were written."""
    return [squeezed(part) for part in re.split(r"[^\x20-\x7e]+", text) if part.strip()]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    base = tmp_path_factory.mktemp("hostile")
    study = kb.load(write_hostile_study(base / "study"))
    return kb.report(kb.analyse(study), folder=base / "report"), kb.export(study, base / "data")


def test_html_shows_every_text(made):
    page = Page((made[0] / "report.html").read_bytes())
    words = " ".join(page.text.split())
    assert not page.all("script") + page.all("b") + page.all("u") + page.all("i")
    assert len(page.all("h1")) == len(page.all("style")) == 1
    assert all(set(image) == {"src", "alt", "width"} for image in page.all("img"))
    for text in TEXTS:
        assert " ".join(legal(text).split()) in words
    assert words.count(LONG) > 1


def test_word_shows_every_text(made):
    body = docx.Document(str(made[0] / "report.docx")).element.body
    words = " ".join("".join(part.text or "" for part in body.iter(qn("w:t"))).split())
    for text in TEXTS:
        assert " ".join(text.split()) in words
    with zipfile.ZipFile(made[0] / "report.docx") as package:
        for name in package.namelist():
            if name.endswith((".xml", ".rels")):
                ElementTree.fromstring(package.read(name))


def test_another_word_processor_renders_it(made, tmp_path):
    office = shutil.which("soffice")
    if office is None:
        pytest.skip("LibreOffice is not installed, so nothing else can open the Word document")
    profile = f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}"
    command = [office, profile, "--headless", "--convert-to", "pdf", "--outdir", tmp_path, made[0] / "report.docx"]
    subprocess.run(command, check=True, capture_output=True, timeout=180)
    text = squeezed(pdf_text(tmp_path / "report.pdf"))
    assert "<script>alert(1)</script>" in text
    assert text.count("L") > 10_000


def test_pdf_shows_every_text(made):
    text = squeezed(pdf_text(made[0] / "report.pdf"))
    for part in (part for whole in TEXTS if whole != LABEL for part in ascii_words(whole)):
        assert part in text
    assert text.count("L" * 60) > 100
    assert "[U+1F3CB]" in text


def cells_of(path: Path) -> list[str]:
    with path.open(encoding="utf-8-sig", newline="") as stream:
        return [cell for row in csv.reader(stream) for cell in row]


def test_no_cell_of_a_csv_is_a_formula(made):
    files = [*sorted((made[0] / "tables").glob("*.csv")), made[1] / "tidy.csv", made[1] / "ledger.csv"]
    assert len(files) > 10
    for path in files:
        for cell in cells_of(path):
            assert not FORMULA.match(cell) or NUMBER.fullmatch(cell), (path.name, cell)


def test_the_apostrophe_stands_before_what_would_be_a_formula(made):
    tidy, ledger = (cells_of(made[1] / name) for name in ("tidy.csv", "ledger.csv"))
    for text in ("=cmd|' /C calc'!A0", "+1", "-1", "@x", ARMS[0]):
        assert f"'{text}" in tidy
        assert f"'{text}" in ledger
    assert "'=1+1" in tidy
    assert "5.75" in tidy
    assert GONE[0] in tidy
    assert f"'{SAYS}" not in cells_of(made[0] / "tables" / "verdicts.csv")  # it stands after "pain: “"
    assert any(SAYS in cell for cell in cells_of(made[0] / "tables" / "verdicts.csv"))


def test_negative_numbers_of_a_table_stay_numbers():
    row = Row((Cell("−1.3"), Cell("-1.3"), Cell("−1.4 to 0.7"), Cell("–")))
    files = exports(Report("T", "", (Table("t", (), (row,), ("right",) * 4, name="t"),)))
    assert files["tables/t.csv"].decode("utf-8-sig").splitlines()[1] == "-1.3,'-1.3,−1.4 to 0.7,–"
    assert json.loads(files["tables/t.json"])["rows"] == [["−1.3", "-1.3", "−1.4 to 0.7", "–"]]


@pytest.mark.parametrize("text", ["=1", "+1", "-1", "@x", "\t=1", "\r=1", "\n=1", "  =1", "＝1", "\x00=1"])
def test_spreadsheet_cell(text):
    cell = spreadsheet_cell(text)
    assert cell.startswith("'") or not text.startswith(("=", "+", "-", "@", "\t", "\r", "\n", " ", "＝"))
    assert not FORMULA.match(cell)
    assert "\x00" not in cell


def test_a_frame_keeps_its_numbers_and_what_is_missing():
    import pandas as pd

    columns = {"=a": ["-1", None, "x"], "n": [-1.5, float("nan"), 2], "who": ["\ud800", "b\x07", ""]}
    frame = pd.DataFrame(columns, dtype=object)
    assert frame_to_csv(frame).decode().split("\n") == ["'=a,n,who", "'-1,-1.5,\ufffd", ",,b\ufffd", "x,2.0,", ""]


def test_json_holds_the_text_itself(made):
    table = json.loads((made[0] / "tables" / "analysis-sets.json").read_text("utf-8"))
    said = json.dumps(table["rows"], ensure_ascii=False)
    for text in GONE:
        assert json.dumps(text, ensure_ascii=False)[1:-1] in said
    assert any(row[1] == ARMS[0] for row in table["rows"])


def test_figures_are_whole(made):
    from PIL import Image

    names = sorted(path.stem for path in (made[0] / "figures").glob("*.svg"))
    assert names == ["claim-pain", "estimation-baseline", "flow"]
    for name in names:
        root = ElementTree.parse(made[0] / "figures" / f"{name}.svg").getroot()
        assert not [part for part in root.iter() if part.tag.endswith(("script", "foreignObject", "image"))]
        with Image.open(made[0] / "figures" / f"{name}.png") as image:
            image.load()
            assert image.width > 1000
        assert (made[0] / "figures" / f"{name}.pdf").read_bytes().startswith(b"%PDF")


def test_a_long_label_leaves_room_for_the_figure(made):
    """Else matplotlib warns that nothing is left to draw in, and tests fail on warnings. The caption has the words."""
    page = Page((made[0] / "report.html").read_bytes())
    assert any(LONG in image["alt"] for image in page.all("img"))


# ---- LaTeX -------------------------------------------------------------------------------------------------------


def left_after_commands(text: str) -> str:
    """A LaTeX source without its comments, its first definition and everything that is a command."""
    body = text[text.index(r"\fi\fi}%") + len(r"\fi\fi}%") :]
    return re.sub(r"\\label\{[^}]*\}|\\ensuremath\{[^}]*\}|\\[a-zA-Z]+\*?|\\.|~", "", body)


def assert_nothing_is_open(text: str) -> None:
    left = left_after_commands(text)
    assert not re.search(r"[$#%^_]", left)
    depth = 0
    for character in left:
        depth += {"{": 1, "}": -1}.get(character, 0)
        assert depth >= 0
    assert depth == 0


def compiled(files: dict[str, bytes], folder: Path, engine: str, allowed_pt: float) -> str:
    """The text of a document with every table in it; fails with what LaTeX says if it stumbles or overruns a margin."""
    if shutil.which(engine) is None:
        pytest.skip(f"{engine} is not installed; that no command is left open is checked by another test")
    for name, content in files.items():
        (folder / Path(name).name).write_bytes(content)
    fonts = r"\usepackage[T1]{fontenc}" if engine == "pdflatex" else ""
    head = rf"\documentclass[a4paper]{{article}}{fonts}\usepackage{{array,booktabs,longtable}}\begin{{document}}"
    inputs = "\n".join(rf"\input{{{Path(name).stem}}}\clearpage" for name in files)
    (folder / "main.tex").write_text(f"{head}\n\\listoftables\n{inputs}\n\\end{{document}}\n", "utf-8")
    command = [engine, "-interaction=nonstopmode", "-halt-on-error", "-no-shell-escape", "main.tex"]
    for _ in range(2):
        done = subprocess.run(command, cwd=folder, capture_output=True, timeout=180)
        assert done.returncode == 0, done.stdout.decode(errors="replace")[-2000:]
    log = (folder / "main.log").read_text("utf-8", errors="replace")
    too_wide = [float(found) for found in re.findall(r"Overfull \\hbox \(([\d.]+)pt", log)]
    assert max(too_wide, default=0) < allowed_pt
    return squeezed(pdf_text(folder / "main.pdf"))


def tex_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted((folder / "tables").glob("*.tex"))}


def test_latex_leaves_no_command_open(made, hostile):
    files = {**tex_of(made[0]), **{name: text for name, text in exports(hostile).items() if name.endswith(".tex")}}
    assert len(files) > 10
    for text in files.values():
        assert_nothing_is_open(text.decode())


@pytest.mark.parametrize("engine", ["pdflatex", "lualatex"])
def test_latex_shows_every_text(made, engine, tmp_path):
    text = compiled(tex_of(made[0]), tmp_path, engine, allowed_pt=12)  # an arm in capitals, in bold
    text = text.translate(str.maketrans("“”‘’ˆ˜", "\"\"''^~"))
    if engine != "pdflatex":  # it draws an underscore as a line, which is no letter
        text = text.replace("_", "")
    for part in (part for whole in GONE for part in ascii_words(whole)):
        assert (part if engine == "pdflatex" else part.replace("_", "")) in text
    assert text.count("L" * 20) > 500
    if engine == "pdflatex":
        assert "[U+05E9]" in text


@pytest.mark.parametrize("engine", ["pdflatex"])
def test_latex_survives_a_hostile_tree(hostile, engine, tmp_path):
    files = {name: text for name, text in exports(hostile).items() if name.endswith(".tex")}
    text = compiled(files, tmp_path, engine, allowed_pt=200)  # a caption of capitals, which no table has
    assert text.count("W" * 10) > 900


@pytest.mark.parametrize("text", ["--", "''", "`", ",,", "?`", "<<", '"', "\\", "[1]", "* x", "a_b^c~d%", "{$&#}"])
def test_escape_leaves_no_command(text):
    assert_nothing_is_open(rf"\fi\fi}}%{escape(text)}")


def test_a_line_of_a_table_cannot_begin_an_option():
    rows = (Row((Cell("[SIMULATED]"), Cell("1"))), Row((Cell("*"), Cell("2"))))
    text = to_latex(Table("T", (), rows, ("left", "right")), "t").decode()
    assert "\n{[}SIMULATED{]}" in text
    assert "\n{*}" in text


# ---- names and shapes --------------------------------------------------------------------------------------------


def test_file_names_are_safe_and_differ(figure):
    names = ("../../etc/passwd", "Pain", "pain", "pain-2", "", "a b/c", "CON\u202e", "x" * 300)
    blocks = tuple(Table(name, (), (Row((Cell("1"),)),), ("left",), name=name) for name in names)
    files = exports(Report("T", "", (*blocks, figure)))
    found = [Path(name).stem for name in files if name.endswith(".json")]
    assert found == ["etc-passwd", "Pain", "pain-2", "pain-2-2", "unnamed", "a-b-c", "CON", "x" * 80]
    assert all(re.fullmatch(r"(tables|figures)/[A-Za-z0-9_-]+\.[a-z]+", name) for name in files)


def test_a_grid_has_rows_of_one_length(report, hostile):
    for tree in (report, hostile):
        for name, content in exports(tree).items():
            if name.endswith(".csv"):
                rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))
                assert len({len(row) for row in rows}) == 1


def test_a_grid_names_groups_and_leaves_them():
    rows = (
        Row((Cell("Age"), Cell("44"))),
        Row((Cell("Sex"), Cell(""))),
        Row((Cell("Female"), Cell("9")), indent=True),
        Row((Cell("Pain"), Cell("5"))),
    )
    names, cells = grid(Table("t", ((Cell(""), Cell("All")),), rows, ("left", "right")))
    assert names == ["Group", "", "All"]
    assert cells == [["", "Age", "44"], ["Sex", "Female", "9"], ["", "Pain", "5"]]


def test_simulated_tables_say_so_in_every_file(report):
    for name, content in exports(report).items():
        if name.startswith("tables/"):
            assert "SIMULATED" in content.decode()
