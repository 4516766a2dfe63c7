"""A report as one self-contained web page: no scripts, nothing loaded from elsewhere."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from functools import singledispatch
from html import escape
from typing import TypeGuard

from kbstudy.reporting._columns import is_crowded, placed, texture
from kbstudy.reporting._css import style
from kbstudy.reporting._look import tone_word
from kbstudy.reporting._numbering import Caption, captions
from kbstudy.reporting._ready import ready, soft
from kbstudy.reporting.tree import Block, Card, Cell, Figure, Heading, Items, Report, Row, Run, Table, Text

__all__ = ["to_html"]

_PX_PER_MM = 96 / 25.4
#: The browser itself refuses to run or load anything that is not in the page.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


def to_html(report: Report) -> bytes:
    """Write a report as a UTF-8 page.

    Parameters
    ----------
    report
        What to write. Any text is allowed; it is shown, never interpreted.

    Returns
    -------
    bytes
        The page. The same report gives the same bytes.

    Examples
    --------
    >>> page = to_html(Report("Pain", "", (Text("2 < 3"),)))
    >>> b"<p>2 &lt; 3</p>" in page
    True
    """
    report = ready(report)
    parts = [*_opening(report), *_front(report), *_main(report), *_closing(report)]
    return "\n".join(part for part in parts if part).encode()


def _opening(report: Report) -> Iterator[str]:
    yield '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
    yield '<meta name="generator" content="kbstudy">\n<meta name="color-scheme" content="light">'
    yield f"<title>{escape(report.title)}</title>"
    yield f"<style>{style(report.stamp)}</style>\n</head>\n<body>"
    yield '<a class="skip" href="#content">Skip to content</a>'
    yield f'<div class="stamp" role="note">{_words(report.stamp)}</div>' if report.stamp else ""


def _front(report: Report) -> Iterator[str]:
    yield f"<header>\n<h1>{_words(report.title)}</h1>"
    yield f'<p class="subtitle">{_words(report.subtitle)}</p>' if report.subtitle else ""
    yield "</header>"
    sections = [block for block in report.blocks if _opens_section(block)]
    yield _contents(sections) if len(sections) > 1 else ""


def _contents(sections: list[Heading]) -> str:
    entries = [
        f'<li><a href="#section-{number}">{_words(heading.text)}</a></li>'
        for number, heading in enumerate(sections, start=1)
    ]
    title = '<h2 id="contents">Contents</h2>'
    return "\n".join(['<nav aria-labelledby="contents">', title, "<ol>", *entries, "</ol>", "</nav>"])


def _main(report: Report) -> Iterator[str]:
    numbers = captions(report.blocks)
    yield '<main id="content">'
    section = 0
    for block in report.blocks:
        if _opens_section(block):
            yield "</section>" if section else ""
            section += 1
            yield f'<section aria-labelledby="section-{section}">'
            yield f'<h2 id="section-{section}">{_words(block.text)}</h2>'
        else:
            yield _html(block, numbers)
    yield "</section>" if section else ""
    yield "</main>"


def _closing(report: Report) -> Iterator[str]:
    yield f"<footer>{_words(report.footer)}</footer>" if report.footer else ""
    yield "</body>\n</html>\n"


def _opens_section(block: Block) -> TypeGuard[Heading]:
    return isinstance(block, Heading) and block.level == 1


@singledispatch
def _html(block: Block, _numbers: Iterator[Caption]) -> str:
    raise TypeError(f"no way to write {type(block).__name__} as HTML")


@_html.register
def _(block: Heading, _numbers: Iterator[Caption]) -> str:
    return f"<h{block.level + 1}>{_words(block.text)}</h{block.level + 1}>"


@_html.register
def _(block: Text, _numbers: Iterator[Caption]) -> str:
    kind = "" if block.style == "normal" else f' class="{block.style}"'
    return f"<p{kind}>{_runs(block)}</p>"


@_html.register
def _(block: Items, _numbers: Iterator[Caption]) -> str:
    tag = "ol" if block.ordered else "ul"
    return "\n".join([f"<{tag}>", *(f"<li>{_runs(entry)}</li>" for entry in block.entries), f"</{tag}>"])


@_html.register
def _(block: Figure, numbers: Iterator[Caption]) -> str:
    source = "data:image/svg+xml;base64," + base64.b64encode(block.svg).decode()
    width = round(block.width_mm * _PX_PER_MM)
    image = f'<img src="{source}" alt="{escape(block.alt)}" width="{width}">'
    return f"<figure>\n{image}\n<figcaption>{_caption(next(numbers))}</figcaption>\n</figure>"


@_html.register
def _(block: Card, numbers: Iterator[Caption]) -> str:
    kind = block.tone.replace(" ", "-")
    inner = [_html(child, numbers) for child in block.blocks]
    title = f'<p class="card-title"><span class="tone">{tone_word(block.tone)}</span> {_words(block.title)}</p>'
    return "\n".join([f'<div class="card {kind}" role="group">', title, *inner, "</div>"])


@_html.register
def _(block: Table, numbers: Iterator[Caption]) -> str:
    caption = next(numbers)
    key = f"table-{caption.number}"
    notes = "".join(f"<p>{_words(note)}</p>\n" for note in block.notes)
    kind = "table board" if block.board else "table crowded" if is_crowded(block) else "table"
    described = f' aria-describedby="{key}-notes"' if notes else ""
    table = "\n".join(
        [
            f'<div class="{kind}">\n<div class="scroll" role="region" aria-labelledby="{key}" tabindex="0">',
            f'<table{described}>\n<caption id="{key}"><span>{_caption(caption)}</span></caption>',
            *_head(block),
            *_body(block),
            "</table>\n</div>",
            f'<div class="notes" id="{key}-notes">\n{notes}</div>\n</div>' if notes else "</div>",
        ]
    )
    return _with_roles(table) if block.board else table


def _with_roles(table: str) -> str:
    """Say what each part of a table is, because a browser forgets it where a row is shown as a block."""
    for tag, role in (("table", "table"), ("thead", "rowgroup"), ("tbody", "rowgroup"), ("tr", "row"), ("td", "cell")):
        table = re.sub(rf"<{tag}(?=[ >])", f'<{tag} role="{role}"', table)
    for scope, role in (("col", "columnheader"), ("row", "rowheader")):
        table = table.replace(f' scope="{scope}"', f' role="{role}" scope="{scope}"')
    return table


def _head(table: Table) -> Iterator[str]:
    rows = [_row(_header_cells(cells, table)) for cells in table.header]
    if rows:
        yield "\n".join(["<thead>", *rows, "</thead>"])


def _header_cells(cells: tuple[Cell, ...], table: Table) -> Iterator[str]:
    for at, cell in placed(cells):
        if not cell.text:
            yield f"<td{_span(cell)}></td>"
        elif cell.span > 1:
            yield f'<th class="spanner" scope="colgroup"{_span(cell)}><span>{_words(cell.text)}</span></th>'
        else:
            yield f'<th class="{table.align[at]}" scope="col">{_words(cell.text)}</th>'


def _body(table: Table) -> Iterator[str]:
    """One ``tbody`` a group, so that a group title heads the rows under it and no others."""
    yield "<tbody>"
    previous, kinds = None, texture(table)
    for row in table.rows:
        if previous and (row.group or (previous.indent and not row.indent)):
            yield "</tbody>\n<tbody>"
        yield _group(row, table) if row.group else _row(_body_cells(row, table, kinds))
        previous = row
    yield "</tbody>"


def _group(row: Row, table: Table) -> str:
    title = _words("".join(cell.text for cell in row.cells))
    return f'<tr class="group"><th colspan="{len(table.align)}" scope="rowgroup">{title}</th></tr>'


def _body_cells(row: Row, table: Table, kinds: tuple[str, ...]) -> Iterator[str]:
    for at, cell in placed(row.cells):
        tag, scope = ("th", ' scope="row"') if at == 0 else ("td", "")
        marks = [table.align[at], kinds[at] * (cell.span == 1), "indent" * (row.indent and at == 0), "bold" * cell.bold]
        label = f' data-label="{escape(_title_of(table, at))}"' if table.board else ""
        words = _words(cell.text)
        if cell.tone is not None:
            words = f'<span class="tag {cell.tone.replace(" ", "-")}">{words}</span>'
        yield f'<{tag} class="{" ".join(filter(None, marks))}"{scope}{_span(cell)}{label}>{words}</{tag}>'


def _title_of(table: Table, column: int) -> str:
    """What stands over a column; a row that is shown as a block has it beside its cell."""
    titles = dict(placed(table.header[-1])) if table.header else {}
    return titles[column].text if column in titles else ""


def _row(cells: Iterator[str]) -> str:
    return f"<tr>{''.join(cells)}</tr>"


def _span(cell: Cell) -> str:
    return f' colspan="{cell.span}"' if cell.span > 1 else ""


def _caption(caption: Caption) -> str:
    return f"<strong>{caption.label}.</strong> {_words(caption.text)}"


def _runs(text: Text) -> str:
    return _words(text.runs) if isinstance(text.runs, str) else "".join(map(_run, text.runs))


def _run(run: Run) -> str:
    marked = _words(run.text)
    for tag in [name for name, on in (("code", run.code), ("em", run.italic), ("strong", run.bold)) if on]:
        marked = f"<{tag}>{marked}</{tag}>"
    return marked


def _words(text: str) -> str:
    """Text as HTML: nothing in it is markup, and words that are too long may break."""
    return escape(soft(text)).replace("\u200b", "<wbr>").replace("\n", "<br>")
