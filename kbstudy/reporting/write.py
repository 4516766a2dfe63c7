"""Writes a report folder: all of it, or nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Final

from kbstudy.analysis import Results
from kbstudy.atomic import replace_folder
from kbstudy.errors import PlanError, did_you_mean
from kbstudy.reporting.build import build
from kbstudy.reporting.tree import Block, Card, Figure, Report

__all__ = ["FORMATS", "report"]


def _html(tree: Report) -> bytes:
    from kbstudy.reporting.html import to_html

    return to_html(tree)


def _pdf(tree: Report) -> bytes:
    from kbstudy.reporting.pdf import to_pdf

    return to_pdf(tree)


def _word(tree: Report) -> bytes:
    from kbstudy.reporting.word import to_word

    return to_word(tree)


_WRITERS: Final[dict[str, Callable[[Report], bytes]]] = {"html": _html, "docx": _word, "pdf": _pdf}

#: What a report can be written as.
FORMATS: Final = tuple(_WRITERS)


def report(
    results: Results,
    formats: Sequence[str] = FORMATS,
    folder: str | Path | None = None,
    *,
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
    on_step
        Called with a few words before each step, for a progress display.

    Returns
    -------
    pathlib.Path
        The folder. It holds ``report.html``, ``report.docx``, ``report.pdf`` (as asked), ``results.json`` (every
        number), ``provenance.json`` (hashes of what went in and came out) and ``figures/`` (SVG and 300-dpi PNG).

    Raises
    ------
    PlanError
        If a format is unknown.
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
    ['figures', 'provenance.json', 'report.html', 'results.json']
    """
    formats = [formats] if isinstance(formats, str) else formats
    for name in formats:
        if name not in FORMATS:
            raise PlanError(f'"{name}" is not a format{did_you_mean(name, FORMATS)} Formats are {", ".join(FORMATS)}.')
    target = Path("reports") / results.study.id if folder is None else Path(folder)
    step = on_step or (lambda _: None)
    step("figures and tables")
    tree = build(results)
    files = {"results.json": results.to_json().encode()}
    for figure in figures_of(tree.blocks):
        files[f"figures/{figure.name}.svg"] = figure.svg
        files[f"figures/{figure.name}.png"] = figure.png
    for name in dict.fromkeys(formats):
        step(f"report.{name}")
        files[f"report.{name}"] = _WRITERS[name](tree)
    about = {"study": results.study.id, "stamp": results.stamp, **asdict(results.provenance)}
    replace_folder(target, files, about)
    return target


def figures_of(blocks: Sequence[Block]) -> Iterator[Figure]:
    """Every figure of a tree, in order."""
    for block in blocks:
        if isinstance(block, Figure):
            yield block
        elif isinstance(block, Card):
            yield from figures_of(block.blocks)
