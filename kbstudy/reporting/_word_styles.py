"""The paragraph styles of the Word document."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kbstudy.reporting import _look

if TYPE_CHECKING:
    from docx.document import Document
    from docx.styles.style import ParagraphStyle

__all__ = ["TABLE_PT", "add_styles"]

SERIF, SANS, TABLE_PT = "Times New Roman", "Arial", 8.5


@dataclass(frozen=True, slots=True)
class Look:
    """How a style writes: sizes and distances in points."""

    size: float
    above: float = 0
    below: float = 6
    font: str = SERIF
    bold: bool = False
    italic: bool = False
    colour: str = _look.INK
    line: float = 1.15
    keep: bool = False
    outline: bool = False


STYLES = {
    "Normal": Look(11, below=8, line=1.2),
    "Title": Look(22, below=6, bold=True, line=1.0, keep=True),
    "Subtitle": Look(12, below=24, colour=_look.MUTED),
    "Heading 1": Look(15, above=22, below=7, bold=True, keep=True, outline=True),
    "Heading 2": Look(12.5, above=16, below=5, bold=True, keep=True, outline=True),
    "Heading 3": Look(11, above=12, below=4, bold=True, keep=True, outline=True),
    "Heading 4": Look(11, above=12, below=4, italic=True, keep=True, outline=True),
    "Caption": Look(9, above=4, below=5, font=SANS),
    "Header": Look(8, below=0, font=SANS, colour=_look.MUTED, line=1.0),
    "Footer": Look(8, below=0, font=SANS, colour=_look.MUTED, line=1.0),
    "Report Lead": Look(13, below=8),
    "Report Small": Look(9.5, below=6, colour=_look.MUTED),
    "Report List": Look(11, below=3, line=1.2),
    "Report Table": Look(TABLE_PT, below=0, font=SANS, line=1.0),
    "Report Notes": Look(8, above=3, below=0, font=SANS, colour=_look.MUTED, line=1.05),
    "Report Figure": Look(10.5, above=10, below=2, line=1.0, keep=True),
    "Report Tone": Look(9, below=1, font=SANS, bold=True, keep=True),
    "Report Card Title": Look(11, below=4, bold=True, keep=True),
    "Report Space": Look(4, below=8, line=1.0),
}


def add_styles(document: Document, keep_present: bool) -> None:
    """Give the document every style that the report uses.

    ``keep_present`` leaves the styles of a template as they are, and writes what is added in its font and colour.
    """
    from docx.enum.style import WD_STYLE_TYPE

    present = {style.name for style in document.styles}
    for name, look in STYLES.items():
        if name not in present:
            style = document.styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH, builtin=not name.startswith("Report"))
            style.base_style = document.styles["Normal"] if name != "Normal" else None
            style.quick_style = True
        if name not in present or not keep_present:
            level = int(name[-1]) - 1 if look.outline else None
            _dress(document.styles[name], look, level, own_face=not keep_present)


def _dress(style: ParagraphStyle, look: Look, level: int | None, *, own_face: bool) -> None:
    for properties in (style.element.pPr, style.element.rPr):
        if properties is not None:
            style.element.remove(properties)
    _write(style, look, own_face)
    _space(style, look)
    _outline(style, level)


def _write(style: ParagraphStyle, look: Look, own_face: bool) -> None:
    from docx.shared import Pt, RGBColor

    style.font.size, style.font.bold, style.font.italic = Pt(look.size), look.bold, look.italic
    if own_face:
        fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
        for script in ("ascii", "hAnsi", "cs", "eastAsia"):
            fonts.set(_qualified(script), look.font)
    if own_face or look.colour != _look.INK:
        style.font.color.rgb = RGBColor.from_string(look.colour[1:])


def _space(style: ParagraphStyle, look: Look) -> None:
    from docx.shared import Pt

    paragraph = style.paragraph_format
    paragraph.space_before, paragraph.space_after = Pt(look.above), Pt(look.below)
    paragraph.line_spacing, paragraph.keep_with_next = look.line, look.keep


def _outline(style: ParagraphStyle, level: int | None) -> None:
    from docx.oxml import OxmlElement

    if level is not None:
        outline = OxmlElement("w:outlineLvl")
        outline.set(_qualified("val"), str(level))
        style.element.get_or_add_pPr().append(outline)


def _qualified(name: str) -> str:
    from docx.oxml.ns import qn

    return str(qn(f"w:{name}"))
