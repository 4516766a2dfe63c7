"""A report as a tagged PDF (PDF/UA-1) for print, typeset by Typst from memory with its built-in fonts."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import cache, singledispatch
from typing import Any

from kbstudy.reporting._columns import columns, is_long, is_short, placed
from kbstudy.reporting._look import MOMENT
from kbstudy.reporting._numbering import Caption, captions
from kbstudy.reporting._ready import ready, rewrite, soft
from kbstudy.reporting._typst import preamble
from kbstudy.reporting.tree import Block, Card, Cell, Figure, Heading, Items, Report, Row, Run, Table, Text

__all__ = ["to_pdf"]

_TEXT_WIDTH_MM = 166.0
_CARD_PADDING_MM = 10.0
#: Words up to this length are never broken, however narrow the column: a break spoils searching and copying.
_SHORTEST_BREAK = 16
_LONGEST_TITLE_WORD = 18
#: A unit such as mL/kg/min stays whole: Typst would break it after a slash.
_UNIT = re.compile(rf"(?<!\S)(?=\S{{3,{_SHORTEST_BREAK}}}(?!\S))\S*\w/\w\S*")


@dataclass
class _Sheet:
    """What blocks need to know of the document around them."""

    captions: Iterator[Caption]
    width_mm: float = _TEXT_WIDTH_MM
    files: dict[str, bytes] = field(default_factory=dict)


def to_pdf(report: Report) -> bytes:
    """Write a report as an A4 document.

    Parameters
    ----------
    report
        What to write. Any text is allowed; characters that no built-in font can draw (emoji, Chinese) stand as their
        code, as in ``[U+1F600]``.

    Returns
    -------
    bytes
        The document. The same report gives the same bytes.

    Examples
    --------
    >>> to_pdf(Report("Pain", "", (Text("It eased."),)))[:5]
    b'%PDF-'
    """
    import typst

    report = ready(report)
    try:
        return _compile(_files(report))
    except typst.TypstError:
        spelled = rewrite(report, _spell_out)
        if spelled == report:
            raise
        return _compile(_files(spelled))


def _compile(files: dict[str, bytes]) -> bytes:
    import typst

    compiler: Any = typst  # its types do not know that files can come from memory
    options = {"ignore_system_fonts": True, "pdf_standards": ["ua-1"], "timestamp": int(MOMENT.timestamp())}
    return bytes(compiler.compile(files, format="pdf", **options))


def _files(report: Report) -> dict[str, bytes]:
    sheet = _Sheet(captions(report.blocks))
    content = _join(report.blocks, sheet)
    names = ("title", "subtitle", "stamp", "footer")
    front = ", ".join(f"{name}: {_string(getattr(report, name), _LONGEST_TITLE_WORD)}" for name in names)
    return {"main.typ": f"{preamble()}\n#report({front}, {content})\n".encode(), **sheet.files}


def _join(blocks: Iterable[Block], sheet: _Sheet) -> str:
    return "[\n" + "\n".join(f"#{_typst(block, sheet)}" for block in blocks) + "\n]"


@singledispatch
def _typst(block: Block, _sheet: _Sheet) -> str:
    raise TypeError(f"no way to write {type(block).__name__} as PDF")


@_typst.register
def _(block: Heading, _sheet: _Sheet) -> str:
    return f"heading(level: {block.level}, {_string(block.text)})"


@_typst.register
def _(block: Text, _sheet: _Sheet) -> str:
    name = "par" if block.style == "normal" else block.style
    return f"{name}({_runs(block)})"


@_typst.register
def _(block: Items, _sheet: _Sheet) -> str:
    return f"{'enum' if block.ordered else 'list'}({', '.join(map(_runs, block.entries))})"


@_typst.register
def _(block: Figure, sheet: _Sheet) -> str:
    caption = next(sheet.captions)
    file = f"figure-{caption.number}.svg"
    sheet.files[file] = block.svg
    return f'picture({_caption(caption)}, "{file}", {_string(block.alt)}, {block.width_mm}mm)'


@_typst.register
def _(block: Card, sheet: _Sheet) -> str:
    inner = replace(sheet, width_mm=sheet.width_mm - _CARD_PADDING_MM)
    return f'card("{block.tone}", {_content(block.title)}, {_join(block.blocks, inner)})'


@_typst.register
def _(block: Table, sheet: _Sheet) -> str:
    caption = _caption(next(sheet.captions))
    layout = columns(block, sheet.width_mm)
    widths = _array(f"{share:.4f}fr" for share in layout.shares)
    repeat = _bool(bool(block.header) and not any(map(is_long, block.header)))
    header = _array(cell for cells in block.header for cell in _header(cells, block, layout.letters))
    rows = _array(cell for row in block.rows for cell in _row(row, block, layout.letters))
    notes = _array(map(_content, block.notes))
    look = f"{widths}, {_array(block.align)}, {layout.scale:.3f}, {_bool(not is_short(block))}, {repeat}"
    return f"tabular({caption}, {look}, {header}, {rows}, {notes})"


def _header(cells: tuple[Cell, ...], table: Table, letters: tuple[int, ...]) -> Iterator[str]:
    for at, cell in placed(cells):
        words = f"strong({_content(cell.text, max(_SHORTEST_BREAK, sum(letters[at : at + cell.span])))})"
        if cell.span > 1 and cell.text and not is_long([cell]):
            yield f"spanner({cell.span}, {words})"
        else:
            yield f"table.cell(colspan: {cell.span}, align: {table.align[at]} + bottom, {_splits(cells)}, {words})"


def _row(row: Row, table: Table, letters: tuple[int, ...]) -> Iterator[str]:
    if row.group:
        title = _content("".join(cell.text for cell in row.cells))
        name = "table.cell.with(breakable: true, colspan: {})" if is_long(row.cells) else "group.with({})"
        yield f"{name.format(len(table.align))}({title})"
        return
    for at, cell in placed(row.cells):
        words = _content(cell.text, max(_SHORTEST_BREAK, sum(letters[at : at + cell.span])))
        words = f"strong({words})" if cell.bold else words
        words = f"pad(left: 1em, {words})" if row.indent and at == 0 else words
        yield f"table.cell(colspan: {cell.span}, {_splits(row.cells)}, {words})"


def _splits(cells: tuple[Cell, ...]) -> str:
    return f"breakable: {_bool(is_long(cells))}"


def _caption(caption: Caption) -> str:
    return f'"{caption.number}", {_content(caption.text)}'


def _runs(text: Text) -> str:
    return _content(text.runs) if isinstance(text.runs, str) else f"[{''.join(f'#{_run(run)}' for run in text.runs)}]"


def _run(run: Run) -> str:
    words = f"raw({_string(run.text)})" if run.code else _content(run.text)
    words = f"emph({words})" if run.italic else words
    return f"strong({words})" if run.bold else words


def _content(text: str, limit: int = 60) -> str:
    parts = _UNIT.split(text)
    units = [*_UNIT.findall(text), ""]
    return f"[{''.join(_piece(part, unit, limit) for part, unit in zip(parts, units, strict=True))}]"


def _piece(text: str, unit: str, limit: int) -> str:
    return f"#{_string(text, limit)}" + (f"#box({_string(unit, limit)})" if unit else "")


def _string(text: str, limit: int = 60) -> str:
    """A Typst string literal; for text that went through ``ready`` JSON's escapes are Typst's."""
    return json.dumps(soft(text, limit), ensure_ascii=False)


def _array(items: Iterable[str]) -> str:
    return "(" + "".join(f"{item}, " for item in items) + ")"


def _bool(value: bool) -> str:
    return str(value).lower()


def _spell_out(text: str) -> str:
    return "".join(character if _drawable(character) else f"[U+{ord(character):04X}]" for character in text)


@cache
def _drawable(character: str) -> bool:
    """Whether PDF/UA can hold the character in a built-in font."""
    if character.isascii():
        return True
    import typst

    try:
        _compile({"main.typ": f'#set document(title: "-")\n#{_string(character)}'.encode()})
    except typst.TypstError:
        return False
    return True
