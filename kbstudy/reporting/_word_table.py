"""A table of the report as a Word table: three rules, header rows that repeat, rows that stay whole."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kbstudy.reporting import _look, _ooxml
from kbstudy.reporting._columns import columns, is_long, is_short, placed
from kbstudy.reporting._word_styles import TABLE_PT
from kbstudy.reporting.tree import Align, Cell, Row, Table

if TYPE_CHECKING:
    from docx.styles.style import ParagraphStyle
    from docx.table import Table as WordTable
    from docx.text.paragraph import Paragraph

__all__ = ["fill"]

_THICK, _THIN = 8, 4  # eighths of a point
_INDENT_MM = 3.5


@dataclass(frozen=True)
class _Pen:
    """How to write in the cells of one table."""

    table: WordTable
    style: ParagraphStyle
    widths_mm: tuple[float, ...]
    align: tuple[Align, ...]
    size_pt: float


def fill(table: WordTable, content: Table, width_mm: float, style: ParagraphStyle) -> None:
    """Write ``content`` into an empty Word table of as many rows and columns."""
    layout = columns(content, width_mm)
    widths = tuple(share * width_mm for share in layout.shares)
    pen = _Pen(table, style, widths, content.align, TABLE_PT * layout.scale)
    _set_up(pen, content.caption)
    rows = list(table._tbl.tr_lst)
    split = len(content.header)
    for row, cells in zip(rows[:split], content.header, strict=True):
        _write_header(row, cells, pen)
    for row, line in zip(rows[split:], content.rows, strict=True):
        _write_row(row, line, pen)
    _rule(rows, split)
    if is_short(content):
        _keep_together(rows if content.notes else rows[:-1])
    elif content.notes:
        _keep_together(rows[-1:])


def _keep_together(rows: list[Any]) -> None:
    for row in rows:
        for cell in row.tc_lst:
            cell.p_lst[0].get_or_add_pPr().get_or_add_keepNext().val = True


def _set_up(pen: _Pen, description: str) -> None:
    from docx.shared import Mm

    pen.table.autofit = False
    for column, width in zip(pen.table._tbl.tblGrid.gridCol_lst, pen.widths_mm, strict=True):
        column.w = Mm(width)
    _ooxml.align_edges(pen.table)
    pen.table._tbl.tblPr.append(_ooxml.element("tblCaption", val=description))


def _rule(rows: list[Any], split: int) -> None:
    edges = [(rows[0], "top", _THICK), (rows[-1], "bottom", _THICK)] if rows else []
    between = [(rows[split - 1], "bottom", _THIN)] if 0 < split < len(rows) else []
    for row, side, thickness in [*edges, *between]:
        for cell in row.tc_lst:
            _ooxml.border(cell, side, thickness, _look.INK)


def _write_header(row: Any, cells: tuple[Cell, ...], pen: _Pen) -> None:
    _keep_whole(row, cells, header=True)
    for at, tc, cell in _merged(row, cells):
        spanner = cell.span > 1 and bool(cell.text)
        line = _write(tc, cell.text, True, "center" if spanner else pen.align[at], at, cell.span, pen)
        line.paragraph_format.keep_with_next = True
        tc.get_or_add_tcPr().append(_ooxml.element("vAlign", val="bottom"))
        if spanner:
            _ooxml.underline(line, _look.MUTED)


def _write_row(row: Any, line: Row, pen: _Pen) -> None:
    from docx.shared import Mm, Pt

    _keep_whole(row, line.cells)
    if line.group:
        title = Cell("".join(cell.text for cell in line.cells), span=len(pen.align))
        ((_, tc, _),) = _merged(row, (title,))
        paragraph = _write(tc, title.text, True, "left", 0, title.span, pen)
        paragraph.paragraph_format.keep_with_next = True
        paragraph.paragraph_format.space_before = Pt(5)
        return
    for at, tc, cell in _merged(row, line.cells):
        paragraph = _write(tc, cell.text, cell.bold, pen.align[at], at, cell.span, pen)
        if line.indent and at == 0:
            paragraph.paragraph_format.left_indent = Mm(_INDENT_MM)


def _keep_whole(row: Any, cells: tuple[Cell, ...], header: bool = False) -> None:
    if is_long(cells):
        return
    properties = row.get_or_add_trPr()
    properties.append(_ooxml.element("cantSplit"))
    if header:
        properties.append(_ooxml.element("tblHeader"))


def _merged(row: Any, cells: tuple[Cell, ...]) -> Iterator[tuple[int, Any, Cell]]:
    """Each cell with its first column and its element, after merging the elements that it spans."""
    for number, (at, cell) in enumerate(placed(cells)):
        tc = row.tc_lst[number]
        _ooxml.span(row, tc, cell.span)
        yield at, tc, cell


def _write(tc: Any, text: str, bold: bool, align: Align, at: int, span: int, pen: _Pen) -> Paragraph:
    from docx.enum.text import WD_PARAGRAPH_ALIGNMENT
    from docx.shared import Mm, Pt
    from docx.table import _Cell

    tc.width = Mm(sum(pen.widths_mm[at : at + span]))
    _ooxml.pad(tc, top=0.55, left=1.3, bottom=0.55, right=1.3)
    line = _Cell(tc, pen.table).paragraphs[0]
    line._p.style, line.alignment = pen.style.style_id, WD_PARAGRAPH_ALIGNMENT[align.upper()]
    run = line.add_run(text)
    run.bold = bold or None
    if pen.size_pt != TABLE_PT:
        run.font.size = Pt(round(pen.size_pt * 2) / 2)
    return line
