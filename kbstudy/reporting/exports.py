"""The tables and figures of a report as files of their own: for spreadsheets, programs, LaTeX manuscripts, journals."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import count
from typing import Final

from kbstudy.reporting._columns import placed
from kbstudy.reporting._look import MOMENT
from kbstudy.reporting._numbering import captions
from kbstudy.reporting._ready import rewrite
from kbstudy.reporting.latex import to_latex
from kbstudy.reporting.tree import Block, Card, Cell, Figure, Report, Row, Table
from kbstudy.safe_text import csv_table, legal

__all__ = ["exports", "figures_of", "grid", "tables_of"]

_GROUP: Final = "Group"


def exports(report: Report) -> dict[str, bytes]:
    """Every table as CSV, JSON and LaTeX, every figure as SVG, PNG and PDF.

    Parameters
    ----------
    report
        Any tree; any text in it is allowed.

    Returns
    -------
    dict
        Content by name: ``tables/baseline.csv``, ``figures/flow.svg`` and so on. The same report gives the same bytes.

    Notes
    -----
    The words and numbers are those of the report, rounded as it rounds them; full precision is in ``results.json``.
    Simulated data say so: in a column of the CSV, a field of the JSON, the caption of the LaTeX and on the figure.

    Examples
    --------
    >>> row = Row((Cell("All"), Cell("20")))
    >>> table = Table("Pain", ((Cell("Arm"), Cell("n")),), (row,), ("left", "right"), name="pain")
    >>> list(exports(Report("Trial", "", (table,))))
    ['tables/pain.csv', 'tables/pain.json', 'tables/pain.tex']
    """
    report = rewrite(report, legal)
    numbers = [caption.number for caption in captions(report.blocks) if caption.kind == "Table"]
    tables, figures = list(tables_of(report.blocks)), list(figures_of(report.blocks))
    files: dict[str, bytes] = {}
    for name, number, table in zip(_file_names(table.name for table in tables), numbers, tables, strict=True):
        files[f"tables/{name}.csv"] = _csv(table, report.stamp)
        files[f"tables/{name}.json"] = _json(table, number, report.stamp)
        files[f"tables/{name}.tex"] = to_latex(table, name, report.stamp)
    for name, figure in zip(_file_names(figure.name for figure in figures), figures, strict=True):
        files[f"figures/{name}.svg"] = figure.svg
        files[f"figures/{name}.png"] = figure.png
        files[f"figures/{name}.pdf"] = _pdf(figure)
    return files


def figures_of(blocks: Iterable[Block]) -> Iterator[Figure]:
    """Every figure of a tree, in order."""
    for block in blocks:
        if isinstance(block, Figure):
            yield block
        elif isinstance(block, Card):
            yield from figures_of(block.blocks)


def tables_of(blocks: Iterable[Block]) -> Iterator[Table]:
    """Every table of a tree, in order."""
    for block in blocks:
        if isinstance(block, Table):
            yield block
        elif isinstance(block, Card):
            yield from tables_of(block.blocks)


def grid(table: Table) -> tuple[list[str], list[list[str]]]:
    """A table as one row of column names and rows of equal length.

    A title over several columns stands before the name of each; a title over several rows stands in a first column.

    Examples
    --------
    >>> header = ((Cell(""), Cell("Usual care", 2)), (Cell("Visit"), Cell("n"), Cell("Mean")))
    >>> rows = (Row((Cell("Pain"),), group=True), Row((Cell("Week 8"), Cell("20"), Cell("3.1")), indent=True))
    >>> grid(Table("Outcomes", header, rows, ("left", "right", "right")))
    (['Group', 'Visit', 'Usual care: n', 'Usual care: Mean'], [['Pain', 'Week 8', '20', '3.1']])
    """
    table = rewrite(table, _breakable)
    names = [": ".join(filter(None, parts)) for parts in zip(*map(_spread, table.header), strict=True)]
    names = names or [""] * len(table.align)
    rows = [(group, _body(row)) for group, row in _grouped(table.rows)]
    if not any(group for group, _ in rows):
        return names, [cells for _, cells in rows]
    return [_GROUP, *names], [[group, *cells] for group, cells in rows]


def _breakable(text: str) -> str:
    """Text for programs: "Week 8" with the space that stands in the data, not with one that keeps a line whole."""
    return text.replace("\N{NO-BREAK SPACE}", " ")


def _grouped(rows: Sequence[Row]) -> Iterator[tuple[str, Row]]:
    """Each row with the title that it stands under; a row that is not indented leaves the group."""
    title = ""
    for row, after in zip(rows, [*rows[1:], None], strict=True):
        if row.group or _is_title(row, after):
            title = "".join(cell.text for cell in row.cells)
            continue
        yield title if row.indent else "", row
        title = title if row.indent else ""


def _is_title(row: Row, after: Row | None) -> bool:
    """Whether a row holds nothing but what the indented rows under it have in common, as "Sex" does."""
    alone = not row.indent and not any(cell.text for cell in row.cells[1:])
    return alone and after is not None and after.indent and not after.group


def _spread(cells: Iterable[Cell]) -> list[str]:
    """A header row with the text of a cell in every column it covers."""
    return [cell.text for cell in cells for _ in range(cell.span)]


def _body(row: Row) -> list[str]:
    """A body row with the text of a cell in the first column it covers."""
    texts = dict(placed(row.cells))
    return [texts[at].text if at in texts else "" for at in range(sum(cell.span for cell in row.cells))]


def _csv(table: Table, stamp: str) -> bytes:
    names, rows = grid(table)
    if stamp:
        names, rows = [*names, "Stamp"], [[*row, stamp] for row in rows]
    return csv_table([names, *rows])


def _json(table: Table, number: int, stamp: str) -> bytes:
    names, rows = grid(table)
    content = {"table": number, "caption": table.caption, "stamp": stamp, "columns": names, "rows": rows}
    return (json.dumps({**content, "notes": table.notes}, indent=1, ensure_ascii=False) + "\n").encode()


def _pdf(figure: Figure) -> bytes:
    """The vector picture as a tagged page of its own size. Its writing is outlines, so no font can be missing."""
    import typst

    words = {
        "title": figure.caption.strip() or "Figure",
        "alt": figure.alt.strip() or figure.caption.strip() or "Figure",
    }
    title, alt = (json.dumps(text, ensure_ascii=False) for text in words.values())
    page = f"#set page(width: {figure.width_mm}mm, height: auto, margin: 0pt)"
    about = f'#set document(title: {title}, author: "kbstudy")\n#set text(lang: "en")'
    source = f'{about}\n{page}\n#image("figure.svg", alt: {alt}, width: {figure.width_mm}mm)'
    files = {"main.typ": source.encode(), "figure.svg": figure.svg}
    options = {"ignore_system_fonts": True, "pdf_standards": ["ua-1"], "timestamp": int(MOMENT.timestamp())}
    return bytes(typst.compile(files, format="pdf", **options))  # type: ignore[call-overload]


def _file_names(names: Iterable[str]) -> Iterator[str]:
    """Names that every file system takes, and that differ in more than their case."""
    seen: set[str] = set()
    for name in names:
        plain = re.sub(r"[^a-z0-9_-]+", "-", name, flags=re.IGNORECASE).strip("-")[:80] or "unnamed"
        tries = (plain if number == 1 else f"{plain}-{number}" for number in count(1))
        free = next(name for name in tries if name.casefold() not in seen)
        seen.add(free.casefold())
        yield free
