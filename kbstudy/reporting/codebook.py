"""The codebook as a report of its own."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from kbstudy.atomic import replace_folder
from kbstudy.reporting.html import to_html
from kbstudy.reporting.tree import Cell, Heading, Report, Row, Table, Text
from kbstudy.study import Study

__all__ = ["codebook_tree", "write_codebook"]

_TITLES = {
    "name": "Name",
    "label": "Label",
    "column": "Column in the file",
    "unit": "Unit",
    "allowed": "Allowed",
    "n": "n",
    "missing": "Missing",
    "observed": "Found",
}


def codebook_tree(study: Study, frame: pd.DataFrame) -> Report:
    """A page that says what every variable is and what was found in it."""
    head = tuple(Cell(title, bold=True) for title in _TITLES.values())
    rows = tuple(Row(tuple(Cell(str(row[name])) for name in _TITLES)) for row in frame.to_dict("records"))
    table = Table(
        caption="Variables of the study.",
        header=(head,),
        rows=rows,
        align=("left", "left", "left", "left", "left", "right", "right", "left"),
        notes=("n and missing count people allocated to an arm; for outcomes over all visits.",),
        name="codebook",
    )
    opening = Text("What study.toml declares, and what was found in the files.")
    return Report(
        title=f"Codebook: {study.plan.study.title}",
        subtitle=study.id,
        blocks=(opening, Heading("Variables"), table),
        stamp="SIMULATED DATA · NOT EVIDENCE" if study.simulated else "",
        footer=f"{study.id} · codebook",
    )


def write_codebook(study: Study, frame: pd.DataFrame, folder: Path) -> Path:
    """Write the codebook as ``codebook.html`` into a folder of its own, all of it or nothing; return its path."""
    replace_folder(folder, {"codebook.html": to_html(codebook_tree(study, frame))}, {"study": study.id})
    return folder / "codebook.html"
