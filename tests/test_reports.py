"""The reports of the shipped studies: complete, stamped, the same in every format, the same bytes each time."""

from __future__ import annotations

import html
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from urllib.parse import unquote

import pytest

import kbstudy as kb
from kbstudy.errors import PlanError
from tests.conftest import ROOT

STUDIES = ("article-claims", "demo-trial")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Results and report folder of each shipped study."""
    base = tmp_path_factory.mktemp("reports")
    found = {}
    for name in STUDIES:
        results = kb.analyse(kb.load(ROOT / "data" / "raw" / name))
        found[name] = (results, kb.report(results, folder=base / name))
    return found


def page(folder: Path) -> str:
    return (folder / "report.html").read_text("utf-8")


def words_of_html(folder: Path) -> str:
    text = re.sub(r"<(style|head).*?</\1>", " ", page(folder), flags=re.S)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", text)).split())


def words_of_docx(folder: Path) -> str:
    with zipfile.ZipFile(folder / "report.docx") as archive:
        xml = archive.read("word/document.xml").decode()
    return " ".join(html.unescape(re.sub(r"<[^>]+>", "", re.sub(r"</w:p>", " ", xml))).split())


def words_of_pdf(folder: Path) -> str:
    if shutil.which("pdftotext") is None:
        pytest.skip("pdftotext (poppler) is not on this machine")
    done = subprocess.run(
        ["pdftotext", "-layout", folder / "report.pdf", "-"], capture_output=True, text=True, check=True
    )
    return done.stdout


@pytest.mark.parametrize("study", STUDIES)
def test_every_verdict_is_in_html_and_word(made, study):
    results, folder = made[study]
    for words in (words_of_html(folder), words_of_docx(folder)):
        for verdict in results.verdicts:
            assert " ".join(verdict.sentence.split()) in words
            assert verdict.certainty_sentence in words


def test_every_audit_is_in_html_and_word(made):
    results, folder = made["article-claims"]
    assert list(results.audits) == ["C1", "C2"]
    for words in (words_of_html(folder), words_of_docx(folder)):
        for audit in results.audits.values():
            assert audit.sentence() in words
            assert audit.basis in words
            for row in audit.table().itertuples(index=False):
                assert all(text in words for text in row)
        assert words.count("Not possible as stated: 6.6 kcal/min anaerobic for 20 min at the implied 86.1 kg. The") == 2
        assert "The numbers are stated in: Schnettler CS." in words


def test_the_demo_says_what_a_report_must_say(made):
    words = words_of_html(made["demo-trial"][1])
    for part in (
        "What this is", "Claims and verdicts", "Who took part", "Who is in each analysis", "Who they were",
        "What was measured", "Results", "Methods", "What became of the data", "Provenance",
    ):  # fmt: skip
        assert part in words
    assert "“Kettlebell training builds flexibility”" in words
    assert '"3,4" read as "3.4"' in words
    assert "no row for this visit" in words


def test_every_number_of_the_primary_result_is_in_results_json(made):
    results, folder = made["demo-trial"]
    content = json.loads((folder / "results.json").read_text("utf-8"))
    row = results.estimates["pain_week8"].row()
    assert row["visit"] == content["analyses"]["pain_week8"]["primary_visit"] == "Week 8"
    same = {"contrast": row["contrast"], "visit": "Week 8"}
    rows = content["analyses"]["pain_week8"]["rows"]
    found = next(item for item in rows if {name: item[name] for name in same} == same)
    for column in ("estimate", "se", "df", "statistic", "p", "low", "high"):
        assert found[column] == row[column]
    assert found["n"] == row["n"]
    assert [item["word"] for item in content["verdicts"]] == [verdict.word for verdict in results.verdicts]


def test_the_demo_shows_the_primary_model_of_all_visits(made):
    results, folder = made["demo-trial"]
    words = words_of_html(folder)
    assert "(mixed model for repeated measures) (primary)" in words
    assert results.verdicts[0].evidence.estimate == results.estimates["pain_week8"].row(visit="Week 8")["estimate"]
    assert "39 people with a value at one visit or more are in the model" in words
    assert "20 analysed (15 of them with a value at Week 8)" in page(folder)


def test_no_participant_is_in_results_json_but_in_the_ledger(made):
    """results.json is for sharing: ids stand only where somebody is out, with the reason, and in corrections."""
    content = json.loads((made["demo-trial"][1] / "results.json").read_text("utf-8"))
    content.pop("ledger")
    content.pop("corrections")
    for analysis in content["analyses"].values():
        analysis.pop("ledger")
    assert not re.search(r"\bP0\d\d\b", json.dumps(content))


# ---- simulated data are stamped everywhere -----------------------------------------------------------------------


def test_simulated_is_stamped_everywhere(made):
    results, folder = made["demo-trial"]
    assert "SIMULATED DATA · NOT EVIDENCE" in page(folder)
    content = json.loads((folder / "results.json").read_text("utf-8"))
    assert (content["simulated"], content["stamp"]) == (True, "SIMULATED")
    assert json.loads((folder / "provenance.json").read_text("utf-8"))["stamp"] == "SIMULATED"
    with zipfile.ZipFile(folder / "report.docx") as archive:
        headers = [name for name in archive.namelist() if name.startswith("word/header")]
        assert any("SIMULATED" in archive.read(name).decode() for name in headers)
    for caption in re.findall(r"<figcaption.*?</figcaption>", page(folder), re.S):
        assert "SIMULATED DATA" in caption
    assert all(
        "SIMULATED" in verdict.certainty_sentence.upper() for verdict in results.verdicts if verdict.evidence.exists
    )


def test_every_page_of_the_pdf_is_stamped(made):
    pages = words_of_pdf(made["demo-trial"][1]).rstrip("\f").split("\f")
    assert len(pages) > 3
    assert all("SIMULATED" in text for text in pages)


def test_every_figure_is_stamped(made, monkeypatch):
    """The stamp is drawn as paths, so what was drawn is looked at before it becomes bytes."""
    from matplotlib.figure import Figure

    stamps = []
    write = Figure.savefig

    def look(self, *args, **kwargs):
        stamps.append([text.get_text() for text in self.texts])
        return write(self, *args, **kwargs)

    monkeypatch.setattr(Figure, "savefig", look)
    from kbstudy.reporting import build

    build(made["demo-trial"][0])
    assert stamps
    assert all("SIMULATED" in texts for texts in stamps)


def test_published_numbers_are_not_stamped(made):
    assert "SIMULATED" not in page(made["article-claims"][1])


# ---- the same bytes ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("study", STUDIES)
def test_the_same_inputs_give_the_same_bytes(made, study, tmp_path):
    """In another process, with another hash seed."""
    _, folder = made[study]
    code = (
        "import kbstudy as kb, sys; from pathlib import Path\n"
        "kb.report(kb.analyse(kb.load(sys.argv[1])), folder=Path(sys.argv[2]))"
    )
    raw = ROOT / "data" / "raw" / study
    # Where a machine says which kernels OpenBLAS takes, both processes must take them: others round differently.
    kernels = {name: value for name, value in os.environ.items() if name.startswith("OPENBLAS_")}
    environment = {"PYTHONHASHSEED": "4711", "PATH": "", "MPLBACKEND": "Agg", "HOME": str(tmp_path)} | kernels
    subprocess.run([sys.executable, "-c", code, raw, tmp_path / study], check=True, env=environment)
    first = {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    second = {p.relative_to(tmp_path / study): p.read_bytes() for p in (tmp_path / study).rglob("*") if p.is_file()}
    assert first.keys() == second.keys()
    assert [str(name) for name in first if first[name] != second[name]] == []


def test_an_unknown_format_is_refused(made, tmp_path):
    with pytest.raises(PlanError, match='"pfd" is not a format; did you mean "pdf"?'):
        kb.report(made["demo-trial"][0], ["pfd"], tmp_path / "r")
    assert not list(tmp_path.iterdir())


# ---- in a browser ------------------------------------------------------------------------------------------------

BROWSER = next(
    (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
)


@pytest.mark.skipif(BROWSER is None, reason="no Chromium on this machine")
@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("study", STUDIES)
def test_in_a_browser(made, study, width, tmp_path):
    """No error on the console, no sideways scrolling, every figure loaded and described, every verdict visible."""
    results, folder = made[study]
    probe = """<script>addEventListener("load", () => {
      const images = [...document.images];
      document.title = JSON.stringify({
        wide: document.documentElement.scrollWidth > innerWidth,
        images: images.length,
        broken: images.filter(i => !i.naturalWidth).length,
        unnamed: images.filter(i => i.alt.length < 40).length,
        text: document.body.innerText.length});
    });</script>"""
    copy = tmp_path / "report.html"
    copy.write_text(re.sub("<meta http-equiv=[^>]*>", "", page(folder)).replace("</body>", f"{probe}</body>"), "utf-8")
    command = [
        BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
        "--disable-background-networking", "--disable-component-update", "--disable-sync", "--enable-logging=stderr",
        f"--user-data-dir={tmp_path / 'profile'}", f"--window-size={max(width, 500)},900", "--dump-dom",
        copy.as_uri(),
    ]  # fmt: skip
    if width < 500:  # headless Chromium has a smallest window, so a narrow page is put into a frame
        frame = tmp_path / "frame.html"
        frame.write_text(
            f'<iframe src="{copy.name}" style="width:{width}px;height:900px;border:0"></iframe>'
            "<script>addEventListener('message', e => document.title = e.data)</script>"
        )
        copy.write_text(copy.read_text("utf-8").replace("document.title = ", "parent.postMessage(").replace(
            "innerText.length});", 'innerText.length}), "*");'), "utf-8")  # fmt: skip
        command[-1] = frame.as_uri()
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    assert "CONSOLE" not in done.stderr
    found = json.loads(html.unescape(re.search(r"<title>(\{.*?\})</title>", done.stdout, re.S)[1]))
    assert found["wide"] is False
    assert found["images"] > 0
    assert (found["broken"], found["unnamed"]) == (0, 0)
    words = words_of_html(folder)
    assert all(verdict.word.capitalize() in words for verdict in results.verdicts)


# ---- tables and figures as files ---------------------------------------------------------------------------------


def test_every_file_is_described_for_archives(made):
    for _, folder in made.values():
        written = json.loads((folder / "provenance.json").read_text("utf-8"))["outputs"]
        crate = json.loads((folder / "ro-crate-metadata.json").read_text("utf-8"))["@graph"]
        described = {unquote(entity["@id"]) for entity in crate if entity["@type"] == "File"}
        assert set(written) - {"ro-crate-metadata.json"} <= described
        assert {Path(name).suffix for name in written} >= {".csv", ".tex", ".svg", ".png", ".pdf"}


def test_simulated_tables_say_so(made):
    for path in (made["demo-trial"][1] / "tables").iterdir():
        assert "SIMULATED DATA" in path.read_text("utf-8")
    for path in (made["article-claims"][1] / "tables").iterdir():
        assert "SIMULATED" not in path.read_text("utf-8")


def test_a_figure_as_pdf_is_a_tagged_page_of_its_size(made):
    folder = made["demo-trial"][1] / "figures"
    for path in folder.glob("*.pdf"):
        content = path.read_bytes()
        assert b"/StructTreeRoot" in content
        assert b"/Alt" in content
        assert b"pdfuaid:part" in content
        (width,) = re.findall(rb"/MediaBox ?\[0 0 ([\d.]+)", content)
        assert 80 < float(width) / 72 * 25.4 < 170
        assert b"/Subtype /Image" not in content  # vector, no pixels


@pytest.mark.skipif(BROWSER is None, reason="no Chromium on this machine")
@pytest.mark.parametrize("study", STUDIES)
def test_every_table_fits_a_window_of_1000_pixels(made, study, tmp_path):
    probe = """<script>addEventListener("load", () => { document.title = JSON.stringify(
      [...document.querySelectorAll(".scroll")].filter(box => box.scrollWidth > box.clientWidth)
        .map(box => box.querySelector("caption").innerText)); });</script>"""
    copy = tmp_path / "report.html"
    text = re.sub("<meta http-equiv=[^>]*>", "", page(made[study][1]))
    copy.write_text(text.replace("</body>", f"{probe}</body>"), "utf-8")
    command = [
        BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
        "--disable-component-update", "--disable-sync", f"--user-data-dir={tmp_path / 'profile'}",
        "--window-size=1000,900", "--dump-dom", copy.as_uri(),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    assert json.loads(html.unescape(re.search(r"<title>(\[.*?\])</title>", done.stdout, re.S)[1])) == []
