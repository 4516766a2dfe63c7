"""Write each ``notebooks/*.ipynb`` again: the script beside it, executed.

``.venv/bin/python tools/execute_notebooks.py``. The result has no times and no random ids, so
a diff shows what changed.
"""

from __future__ import annotations

from pathlib import Path

import jupytext
import nbformat
from nbclient import NotebookClient

NOTEBOOKS = Path(__file__).resolve().parent.parent / "notebooks"


def execute(script: Path) -> None:
    """Execute one script as a notebook in its own folder and save it with its outputs."""
    notebook = jupytext.read(script)
    NotebookClient(
        notebook, timeout=300, record_timing=False, resources={"metadata": {"path": str(script.parent)}}
    ).execute()
    for number, cell in enumerate(notebook.cells, start=1):
        cell["id"] = f"cell-{number}"
    notebook.metadata.pop("widgets", None)
    nbformat.write(notebook, script.with_suffix(".ipynb"))


if __name__ == "__main__":
    for path in sorted(NOTEBOOKS.glob("*.py")):
        print(path.name, flush=True)
        execute(path)
