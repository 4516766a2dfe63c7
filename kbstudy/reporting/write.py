"""Writes a report folder: all of it, or nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any, Final

from kbstudy.analysis import Results
from kbstudy.atomic import replace_folder
from kbstudy.errors import PlanError, Problem, did_you_mean
from kbstudy.reporting.build import build
from kbstudy.reporting.crate import CRATE, crate
from kbstudy.reporting.exports import exports
from kbstudy.reporting.tree import Report
from kbstudy.study.source_table import sha256_of

__all__ = ["FORMATS", "report"]


def _html(tree: Report) -> bytes:
    from kbstudy.reporting.html import to_html

    return to_html(tree)


def _pdf(tree: Report) -> bytes:
    from kbstudy.reporting.pdf import to_pdf

    return to_pdf(tree)


def _word(tree: Report, template: Path | None = None) -> bytes:
    from kbstudy.reporting.word import to_word

    return to_word(tree, template)


_WRITERS: Final[dict[str, Callable[[Report], bytes]]] = {"html": _html, "docx": _word, "pdf": _pdf}

#: What a report can be written as.
FORMATS: Final = tuple(_WRITERS)


def report(
    results: Results,
    formats: Sequence[str] = FORMATS,
    folder: str | Path | None = None,
    *,
    template: str | Path | None = None,
    on_step: Callable[[str], None] | None = None,
) -> Path:
    """Write the report of a study.

    Parameters
    ----------
    results
        From :func:`kbstudy.analyse`.
    formats
        Any of ``"html"``, ``"docx"``, ``"pdf"``.
    folder
        Where to; ``reports/<study id>`` in the current folder if not given. Files of an earlier report are replaced,
        also those of formats not asked for now, so that no file is older than the others. Other files in the folder
        are kept, and a file of ours that somebody edited is kept beside the new one as ``NAME.edited.docx``.
    template
        A Word document whose page, styles, header and footer ``report.docx`` takes; what stands in it is kept before
        the report.
    on_step
        Called with a few words before each step, for a progress display.

    Returns
    -------
    pathlib.Path
        The folder. It holds ``report.html``, ``report.docx``, ``report.pdf`` (as asked), ``results.json`` (every
        number), ``provenance.json`` (hashes of what went in and came out), ``ro-crate-metadata.json`` (the folder
        described for archives, RO-Crate 1.2), ``tables/`` (each table as CSV, JSON and LaTeX) and ``figures/`` (each
        figure as SVG, PDF and 300-dpi PNG).

    Raises
    ------
    PlanError
        If a format is unknown, or the template is not a Word document or lacks a style.
    OutputError
        If the folder cannot be written. What was there before is untouched.

    Notes
    -----
    The folder is made beside its place under another name and put there in one step, so that an interrupted run leaves
    the old report or the new one, never a mixture.

    Examples
    --------
    >>> import tempfile
    >>> import kbstudy as kb
    >>> results = kb.analyse(kb.load("data/raw/article-claims"))
    >>> with tempfile.TemporaryDirectory() as place:
    ...     folder = kb.report(results, ["html"], Path(place) / "report")
    ...     sorted(path.name for path in folder.iterdir())
    ['figures', 'provenance.json', 'report.html', 'results.json', 'ro-crate-metadata.json', 'tables']
    """
    formats = [formats] if isinstance(formats, str) else formats
    for name in formats:
        if name not in FORMATS:
            raise PlanError(f'"{name}" is not a format{did_you_mean(name, FORMATS)} Formats are {", ".join(FORMATS)}.')
    if template is not None and "docx" not in formats:
        raise PlanError(Problem("a template is given, and no Word document is asked for", do="Ask for docx too."))
    target = Path("reports") / results.study.id if folder is None else Path(folder)
    step = on_step or (lambda _: None)
    step("figures and tables")
    tree = build(results)
    files = {"results.json": results.to_json().encode(), **exports(tree)}
    about: dict[str, Any] = {"study": results.study.id, "stamp": results.stamp, **asdict(results.provenance)}
    writers = dict(_WRITERS)
    if template is not None:
        writers["docx"] = partial(_word, template=Path(template))
    for name in dict.fromkeys(formats):
        step(f"report.{name}")
        files[f"report.{name}"] = writers[name](tree)
    if template is not None:
        about["template"] = {"file": Path(template).as_posix(), "sha256": sha256_of(Path(template))}
    files[CRATE] = crate(results, files)
    replace_folder(target, files, about)
    return target
