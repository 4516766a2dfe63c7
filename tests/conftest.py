"""What tests share: where things are, a small study to damage, the command line without a new process."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

# Before numpy is loaded: two test processes with two threads each get in each other's way on small matrices.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import matplotlib as mpl
import pytest

mpl.use("Agg")

ROOT = Path(__file__).resolve().parent.parent
SHARED = Path(os.environ.get("KBSTUDY_SHARED", ROOT.parent / "shared" / "data"))

SMALL_TOML = """\
[study]
id = "small"
title = "A small trial"

[design]
participant = "id"
allocation = "randomised"
arm = { column = "group", levels = ["Control", "Training"], reference = "Control" }
visit = { column = "visit", levels = ["Pre", "Post"], baseline = "Pre" }

[[source]]
file = "data.csv"

[[outcome]]
name = "pain"
column = "pain"
measure = "nrs_0_10"

[[analysis]]
name = "pain_post"
outcome = "pain"
method = "ancova"
estimand = { contrast = "Training - Control", visit = "Post" }
primary = true

[[claim]]
id = "pain"
says = "Training alleviates pain"
analysis = "pain_post"
true_if = { at_most = 0 }
"""


def small_rows() -> list[list[str]]:
    """Twenty people, two arms, two visits; nothing wrong with any of them."""
    rows = []
    for number in range(20):
        arm = ("Control", "Training")[number % 2]
        pre = 4 + (number * 7 % 10) / 4
        post = pre - (0.4 if arm == "Control" else 1.6) + (number * 3 % 7) / 5
        rows.append([f"P{number + 1:02d}", arm, "Pre", f"{pre:.2f}"])
        rows.append([f"P{number + 1:02d}", arm, "Post", f"{post:.2f}"])
    return rows


@dataclass
class SmallStudy:
    """A folder with a study that is fine until a test damages it."""

    folder: Path

    def toml(self, old: str, new: str) -> SmallStudy:
        """Replace text in study.toml; the text must be there."""
        text = (self.folder / "study.toml").read_text("utf-8")
        assert old in text
        (self.folder / "study.toml").write_text(text.replace(old, new, 1), "utf-8")
        return self

    def add(self, text: str) -> SmallStudy:
        """Append to study.toml."""
        with (self.folder / "study.toml").open("a", encoding="utf-8") as stream:
            stream.write(text)
        return self

    def cell(self, row: int, column: int, value: str) -> SmallStudy:
        """Set a cell of data.csv; row as a spreadsheet counts (header is 1), column from 0."""
        lines = (self.folder / "data.csv").read_text("utf-8").splitlines()
        cells = lines[row - 1].split(",")
        cells[column] = value
        lines[row - 1] = ",".join(cells)
        (self.folder / "data.csv").write_text("\n".join(lines) + "\n", "utf-8")
        return self


@pytest.fixture
def small(tmp_path: Path) -> SmallStudy:
    folder = tmp_path / "small"
    folder.mkdir()
    (folder / "study.toml").write_text(SMALL_TOML, "utf-8")
    lines = [["id", "group", "visit", "pain"], *small_rows()]
    (folder / "data.csv").write_text("".join(",".join(line) + "\n" for line in lines), "utf-8")
    return SmallStudy(folder)


@pytest.fixture
def demo(tmp_path: Path) -> Path:
    """A copy of the demonstration trial."""
    return Path(shutil.copytree(ROOT / "data" / "raw" / "demo-trial", tmp_path / "demo-trial"))


@dataclass
class Outcome:
    """What a command left behind."""

    status: int
    out: str
    err: str


@pytest.fixture
def kbstudy_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Outcome]:
    """Run a command in an empty working folder, in this process."""
    from kbstudy.cli import main

    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    monkeypatch.setenv("COLUMNS", "200")

    def command(*arguments: object) -> Outcome:
        status = 0
        try:
            main([str(argument) for argument in arguments])
        except SystemExit as stop:
            status = int(stop.code or 0)
        captured = capsys.readouterr()
        return Outcome(status, captured.out, captured.err)

    return command


def shared(name: str) -> Path:
    """A file of the shared data, or a skip that says why."""
    path = SHARED / name
    if not path.exists():
        pytest.skip(f"{name} is not on this machine (set KBSTUDY_SHARED to the folder that has it)")
    return path


@pytest.fixture(autouse=True)
def _no_figure_stays_open() -> Iterator[None]:
    """Figures that a test drew are closed after it, so that no later test meets matplotlib's warning about many."""
    yield
    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot is not None:
        pyplot.close("all")
