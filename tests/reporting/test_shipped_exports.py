"""The tables and figures of the shipped studies as files: all of them, in every format, the same bytes, in time."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
import subprocess
from xml.etree import ElementTree

import pytest
from PIL import Image

from kbstudy.reporting.exports import exports, figures_of, grid, tables_of

#: Both shipped studies in all formats must be done in a minute on two cores; processor time does not depend on what
#: else the machine does.
MOST_CPU_S = 30.0


def rows_of(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def test_a_study_takes_half_a_minute_at_most(shipped):
    print(f"{shipped.results.study.id}: {shipped.cpu_s:.1f} s of processor time")
    assert shipped.cpu_s < MOST_CPU_S


def test_every_table_and_every_figure_is_there_in_every_format(shipped):
    tables, figures = list(tables_of(shipped.tree.blocks)), list(figures_of(shipped.tree.blocks))
    assert len(tables) > 5
    assert len(figures) > 2
    assert all(found.name for found in (*tables, *figures))
    expected = {f"tables/{table.name}.{kind}" for table in tables for kind in ("csv", "json", "tex")}
    expected |= {f"figures/{figure.name}.{kind}" for figure in figures for kind in ("svg", "png", "pdf")}
    assert len(expected) == 3 * (len(tables) + len(figures))
    on_disk = {path.relative_to(shipped.folder).as_posix() for path in shipped.folder.glob("*/*")}
    assert on_disk == expected
    assert len({name.casefold() for name in on_disk}) == len(on_disk)
    assert all(re.fullmatch(r"(tables|figures)/[A-Za-z0-9_-]+\.[a-z]+", name) for name in on_disk)


def test_the_files_are_the_bytes_of_the_tree(shipped):
    """Written by another run of the same analyses, so this also says that they are the same each time."""
    again = exports(shipped.tree)
    assert [name for name, content in again.items() if (shipped.folder / name).read_bytes() != content] == []


def test_csv_and_json_hold_the_cells_of_the_report(shipped):
    stamp = shipped.tree.stamp
    for table in tables_of(shipped.tree.blocks):
        names, rows = grid(table)
        content = json.loads((shipped.folder / "tables" / f"{table.name}.json").read_text("utf-8"))
        assert content["columns"] == names
        assert content["rows"] == rows
        assert (content["caption"], content["notes"], content["stamp"]) == (table.caption, list(table.notes), stamp)
        written = rows_of((shipped.folder / "tables" / f"{table.name}.csv").read_bytes())
        assert [len(row) for row in written] == [len(names) + bool(stamp)] * (len(rows) + 1)
        plain = [[cell.removeprefix("'").replace("−", "-") for cell in row] for row in written[1:]]
        width = len(names)
        assert [row[:width] for row in plain] == [
            [cell.removeprefix("'").replace("−", "-") for cell in row] for row in rows
        ]
        assert all(row[width:] == ([stamp] if stamp else []) for row in written[1:])


def test_a_spreadsheet_reads_negative_numbers_as_numbers(shipped):
    if shipped.results.study.id != "demo-trial":
        pytest.skip("only the trial has a table with a column of negative estimates")
    rows = rows_of((shipped.folder / "tables" / "pain_week8.csv").read_bytes())
    (row,) = [row for row in rows if "Adjusted difference: Kettlebell − Usual care" in row and "Week 8" in row]
    found = shipped.results.estimates["pain_week8"].row(visit="Week 8")["estimate"]
    assert found < 0
    assert round(float(found), 1) in [float(cell) for cell in row if re.fullmatch(r"-?\d+\.\d+", cell)]


def test_no_space_of_a_table_differs_from_that_of_the_data(shipped):
    for path in [*(shipped.folder / "tables").glob("*.csv"), *(shipped.folder / "tables").glob("*.json")]:
        rows = path.read_text("utf-8") if path.suffix == ".csv" else str(json.loads(path.read_text("utf-8"))["rows"])
        assert "\N{NO-BREAK SPACE}" not in rows, path.name


def test_every_picture_can_be_opened(shipped):
    for figure in figures_of(shipped.tree.blocks):
        start = shipped.folder / "figures" / figure.name
        root = ElementTree.parse(start.with_suffix(".svg")).getroot()
        assert root.tag.endswith("svg")
        with Image.open(start.with_suffix(".png")) as image:
            image.load()
            assert image.info["dpi"][0] == pytest.approx(300, abs=0.5)
            assert image.width / 300 * 25.4 == pytest.approx(figure.width_mm, abs=0.5)
        document = start.with_suffix(".pdf").read_bytes()
        assert document.startswith(b"%PDF")
        assert b"/StructTreeRoot" in document


def test_latex_sets_the_tables(shipped, tmp_path):
    """All of them in one article, and none runs further over its margin than the eye forgives."""
    if shutil.which("pdflatex") is None:
        pytest.skip("pdflatex is not installed")
    names = sorted(path.stem for path in (shipped.folder / "tables").glob("*.tex"))
    for name in names:
        shutil.copy(shipped.folder / "tables" / f"{name}.tex", tmp_path)
    head = r"\documentclass[a4paper]{article}\usepackage[T1]{fontenc}\usepackage{array,booktabs,longtable}"
    inputs = "\n".join(rf"\input{{{name}}}\clearpage" for name in names)
    (tmp_path / "main.tex").write_text(f"{head}\\begin{{document}}\n{inputs}\n\\end{{document}}\n", "utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "-no-shell-escape", "main.tex"]
    for _ in range(3):
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, timeout=180)
        assert done.returncode == 0, done.stdout.decode(errors="replace")[-2000:]
    log = (tmp_path / "main.log").read_text("utf-8", errors="replace")
    too_wide = [float(found) for found in re.findall(r"Overfull \\hbox \(([\d.]+)pt", log)]
    assert max(too_wide, default=0) < 8
