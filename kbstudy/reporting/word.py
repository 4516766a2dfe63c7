"""A report as a Word document with real headings, captions that count themselves, and tables one can edit."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import singledispatch
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kbstudy.reporting import _look, _ooxml
from kbstudy.reporting._columns import is_short
from kbstudy.reporting._numbering import Caption, captions
from kbstudy.reporting._ready import ready
from kbstudy.reporting._word_styles import add_styles
from kbstudy.reporting._word_table import fill
from kbstudy.reporting._word_template import open_template
from kbstudy.reporting.tree import Block, Card, Figure, Heading, Items, Report, Run, Table, Text

if TYPE_CHECKING:
    from docx.blkcntnr import BlockItemContainer
    from docx.document import Document
    from docx.section import Section
    from docx.table import Table as WordTable
    from docx.text.paragraph import Paragraph

__all__ = ["to_word"]

_STYLES = {"normal": "Normal", "lead": "Report Lead", "small": "Report Small"}
_LANGUAGE = "en-GB"
_CARD_PADDING_MM = 4.0
_TALLEST_MM = 195.0


@dataclass(frozen=True)
class _Place:
    """Where blocks are written: the body of the document, or a card."""

    document: Document
    container: BlockItemContainer
    captions: Iterator[Caption]
    width_mm: float

    def paragraph(self, style: str) -> Paragraph:
        return self.container.add_paragraph("", self.document.styles[style])

    def table(self, rows: int, columns: int) -> WordTable:
        """A table without the empty paragraph that a cell would put after it."""
        from docx.blkcntnr import BlockItemContainer
        from docx.shared import Mm

        return BlockItemContainer.add_table(self.container, rows, columns, Mm(self.width_mm))


def to_word(report: Report, template: Path | None = None) -> bytes:
    """Write a report as ``.docx``.

    Parameters
    ----------
    report
        What to write. Any text is allowed; it is shown, never interpreted.
    template
        A ``.docx`` whose page, styles, headers and footers are used. What stands in it is kept, and the report follows:
        a cover page or a letterhead may be wanted, and an empty template adds nothing.

    Returns
    -------
    bytes
        The document. The same report and template give the same bytes.

    Raises
    ------
    PlanError
        If the template is not there, is not a ``.docx``, or lacks a style that carries the look of a document.

    Examples
    --------
    >>> to_word(Report("Pain", "", (Text("It eased."),)))[:2]
    b'PK'
    """
    report = ready(report)
    document = _open(template)
    _describe(document, report)
    _stamp_pages(document, report)
    before = len(document._body._body)
    _write_all(report, document)
    if template is not None:  # its own language may be another
        _ooxml.mark_language(document._body._body[before - 1 :], _LANGUAGE)
    out = io.BytesIO()
    document.save(out)
    return _ooxml.rezip(out.getvalue())


def _open(template: Path | None) -> Document:
    import docx
    from docx.shared import Mm

    document = open_template(template) if template else docx.Document()
    add_styles(document, keep_present=template is not None)
    if template is None:
        _ooxml.set_language(document, _LANGUAGE)
        _ooxml.set_modern(document)
        page = document.sections[0]
        page.page_width, page.page_height = Mm(210), Mm(297)
        page.left_margin = page.right_margin = Mm(22)
        page.top_margin, page.bottom_margin = Mm(27), Mm(25)
    return document


def _describe(document: Document, report: Report) -> None:
    properties = document.core_properties
    properties.title = report.title[:255]
    properties.author = properties.last_modified_by = "kbstudy"
    properties.created = properties.modified = _look.MOMENT
    properties.language, properties.comments, properties.revision = "en", "", 1


def _stamp_pages(document: Document, report: Report) -> None:
    """The stamp above and the page number below every page, first and even pages with their own header included."""
    for number, section in enumerate(document.sections):
        for kind in _kinds_of_page(document):
            header, footer = getattr(section, f"{kind}header"), getattr(section, f"{kind}footer")
            if number == 0 or not header.is_linked_to_previous:
                _fill_header(_line(header, document, "Header"), report.stamp)
            if number == 0 or not footer.is_linked_to_previous:
                _fill_footer(_line(footer, document, "Footer"), report.footer, section)


def _kinds_of_page(document: Document) -> list[str]:
    first = any(section.different_first_page_header_footer for section in document.sections)
    even = document.settings.odd_and_even_pages_header_footer
    return ["", *(["first_page_"] if first else []), *(["even_page_"] if even else [])]


def _line(part: Any, document: Document, style: str) -> Paragraph:
    """The empty line of a new header or footer, or a further line where a template has its own."""
    first: Paragraph = part.paragraphs[0] if part.paragraphs else part.add_paragraph()
    line = part.add_paragraph() if first.text else first
    line.style = document.styles[style]
    return line


def _fill_header(line: Paragraph, stamp: str) -> None:
    from docx.enum.text import WD_PARAGRAPH_ALIGNMENT
    from docx.shared import RGBColor

    line.alignment = WD_PARAGRAPH_ALIGNMENT.RIGHT
    run = line.add_run(f" {stamp} " if stamp else "")
    run.bold, run.font.color.rgb = True, RGBColor.from_string(_look.STAMP.ink[1:])
    run._r.get_or_add_rPr().append(_ooxml.element("shd", val="clear", color="auto", fill=_look.STAMP.ground[1:]))


def _fill_footer(line: Paragraph, words: str, section: Section) -> None:
    from docx.enum.text import WD_TAB_ALIGNMENT
    from docx.shared import Mm

    line.paragraph_format.tab_stops.clear_all()
    line.paragraph_format.tab_stops.add_tab_stop(Mm(_text_width(section)), WD_TAB_ALIGNMENT.RIGHT)
    line.add_run(f"{words}\tPage ")
    _ooxml.add_field(line, "PAGE", "1")
    line.add_run(" of ")
    _ooxml.add_field(line, "NUMPAGES", "1")


def _text_width(section: Section) -> float:
    """In millimetres."""
    lengths = (section.page_width, section.left_margin, section.right_margin)
    page, left, right = (length.mm if length is not None else 0.0 for length in lengths)
    return float(page - left - right)


def _write_all(report: Report, document: Document) -> None:
    width = _text_width(document.sections[-1])
    place = _Place(document, document._body, captions(report.blocks), width)
    place.paragraph("Title").add_run(report.title)
    if report.subtitle:
        place.paragraph("Subtitle").add_run(report.subtitle)
    for block in report.blocks:
        _write(block, place)


@singledispatch
def _write(block: Block, _place: _Place) -> None:
    raise TypeError(f"no way to write {type(block).__name__} as Word")


@_write.register
def _(block: Heading, place: _Place) -> None:
    place.paragraph(f"Heading {block.level}").add_run(block.text)


@_write.register
def _(block: Text, place: _Place) -> None:
    _add_runs(place.paragraph(_STYLES[block.style]), block)


@_write.register
def _(block: Items, place: _Place) -> None:
    from docx.shared import Pt

    number = _ooxml.list_number(place.document, block.ordered)
    for entry in block.entries:
        line = place.paragraph("Report List")
        properties = line._p.get_or_add_pPr().get_or_add_numPr()
        properties.get_or_add_ilvl().val, properties.get_or_add_numId().val = 0, number
        _add_runs(line, entry)
        if entry is block.entries[-1]:
            line.paragraph_format.space_after = Pt(10)


@_write.register
def _(block: Figure, place: _Place) -> None:
    from docx.shared import Mm

    line = place.paragraph("Report Figure")
    picture = line.add_run().add_picture(io.BytesIO(block.png), Mm(min(block.width_mm, place.width_mm)))
    shrink = min(1.0, Mm(_TALLEST_MM) / picture.height)
    picture.width, picture.height = round(picture.width * shrink), round(picture.height * shrink)
    picture._inline.docPr.set("descr", block.alt)
    _caption(place.paragraph("Caption"), next(place.captions))
    place.paragraph("Report Space")


@_write.register
def _(block: Card, place: _Place) -> None:
    from docx.shared import RGBColor

    tint = _look.TONES[block.tone]
    table = place.table(1, 1)
    _ooxml.align_edges(table)
    cell = table.cell(0, 0)
    _ooxml.shade(cell._tc, tint.ground)
    _ooxml.border(cell._tc, "left", 24, tint.ink)
    _ooxml.pad(cell._tc, top=3, left=_CARD_PADDING_MM, bottom=2, right=_CARD_PADDING_MM)
    cell.paragraphs[0].style = place.document.styles["Report Tone"]
    cell.paragraphs[0].add_run(_look.tone_word(block.tone)).font.color.rgb = RGBColor.from_string(tint.ink[1:])
    inner = replace(place, container=cell, width_mm=place.width_mm - 2 * _CARD_PADDING_MM)
    inner.paragraph("Report Card Title").add_run(block.title)
    for child in block.blocks:
        _write(child, inner)
    place.paragraph("Report Space")


@_write.register
def _(block: Table, place: _Place) -> None:
    caption = place.paragraph("Caption")
    _caption(caption, next(place.captions))
    caption.paragraph_format.keep_with_next = True
    rows = len(block.header) + len(block.rows)
    if rows:
        fill(place.table(rows, len(block.align)), block, place.width_mm, place.document.styles["Report Table"])
    for note in block.notes:
        line = place.paragraph("Report Notes")
        line.add_run(note)
        line.paragraph_format.keep_with_next = is_short(block) and note is not block.notes[-1]
    place.paragraph("Report Space")


def _caption(line: Paragraph, caption: Caption) -> None:
    line.paragraph_format.keep_together = True
    line.add_run(f"{caption.kind} ").bold = True
    _ooxml.add_field(line, f"SEQ {caption.kind} \\* ARABIC", str(caption.number), bold=True)
    line.add_run(".").bold = True
    line.add_run(f" {caption.text}")


def _add_runs(line: Paragraph, text: Text) -> None:
    from docx.shared import Pt

    runs = (Run(text.runs),) if isinstance(text.runs, str) else text.runs
    for run in runs:
        written = line.add_run(run.text)
        written.bold, written.italic = run.bold or None, run.italic or None
        if run.code:
            written.font.name, written.font.size = "Courier New", Pt(9.5)
