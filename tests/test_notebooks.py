"""Each notebook runs from top to bottom, and the committed .ipynb is the executed form of the committed script."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import jupytext
import nbformat
import pytest
from nbclient import NotebookClient

from tests.conftest import ROOT

SCRIPTS = sorted((ROOT / "notebooks").glob("*.py"))

# asyncio and zmq leave sockets to the garbage collector when a kernel stops.
pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


def test_there_are_notebooks():
    assert [script.stem for script in SCRIPTS] == [
        "01_first_look",
        "02_claims",
        "03_mixed_models",
        "04_energy_claim",
        "05_pain",
        "06_strength",
        "07_all_claims",
        "08_your_own_trial",
    ]


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_runs(script, tmp_path):
    shutil.copytree(ROOT / "data" / "raw", tmp_path / "data" / "raw")
    work = tmp_path / "notebooks"
    work.mkdir()
    notebook = jupytext.read(script)
    NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(work)}}).execute()
    shown = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    assert any("text/html" in output.get("data", {}) for output in shown)
    assert not any(output.output_type == "stream" and output.name == "stderr" for output in shown)


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_the_committed_notebook_is_the_script_executed(script):
    notebook = nbformat.read(script.with_suffix(".ipynb"), as_version=4)
    from_script = [(cell.cell_type, cell.source) for cell in jupytext.read(script).cells]
    assert [(cell.cell_type, cell.source) for cell in notebook.cells] == from_script
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_no_path_of_a_machine_is_in_it(script):
    text = script.with_suffix(".ipynb").read_text("utf-8")
    assert not re.search(r"/(home|root|work|tmp|Users)/", text)
    assert os.fspath(Path.home()) not in text
