"""The parts of Word's format that python-docx has no words for: fields, borders, shading, numbering, a stable zip."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from docx.document import Document
    from docx.text.paragraph import Paragraph

__all__ = [
    "add_field",
    "align_edges",
    "border",
    "element",
    "list_number",
    "mark_language",
    "pad",
    "rezip",
    "set_language",
    "set_modern",
    "shade",
    "span",
    "underline",
]

_MARKERS = {
    True: '<w:numFmt w:val="decimal"/><w:lvlText w:val="%1."/>',
    False: '<w:numFmt w:val="bullet"/><w:lvlText w:val="•"/>',
}
#: The order that the schema asks of the properties of a cell.
_CELL_ORDER = (
    "tcW",
    "gridSpan",
    "vMerge",
    "tcBorders",
    "shd",
    "noWrap",
    "tcMar",
    "textDirection",
    "tcFitText",
    "vAlign",
)


def element(name: str, **attributes: str) -> Any:
    """A new element ``w:name`` with attributes of the same namespace."""
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    made = OxmlElement(f"w:{name}")
    for key, value in attributes.items():
        made.set(qn(f"w:{key}"), value)
    return made


def add_field(paragraph: Paragraph, code: str, shown: str, bold: bool = False) -> None:
    """A field such as ``PAGE``; ``shown`` is what stands there until Word works it out again."""
    parts = [
        element("fldChar", fldCharType="begin"),
        element("instrText"),
        element("fldChar", fldCharType="separate"),
        element("t"),
        element("fldChar", fldCharType="end"),
    ]
    parts[1].set("{http://www.w3.org/XML/1998/namespace}space", "preserve")
    parts[1].text, parts[3].text = f" {code} ", shown
    for part in parts:
        run = paragraph.add_run()
        run.bold = bold or None
        run._r.append(part)


def border(cell: Any, side: str, eighths: int, colour: str) -> None:
    """Draw one side of a cell; ``eighths`` of a point thick."""
    borders = _cell_property(cell, "tcBorders")
    drawn = element(side, val="single", sz=str(eighths), space="0", color=colour.lstrip("#"))
    sides = ("top", "left", "bottom", "right")
    later = [child for child in borders if sides.index(child.tag.split("}")[1]) > sides.index(side)]
    later[0].addprevious(drawn) if later else borders.append(drawn)


def shade(cell: Any, colour: str) -> None:
    """Fill a cell."""
    from docx.oxml.ns import qn

    shading = _cell_property(cell, "shd")
    for key, value in (("val", "clear"), ("color", "auto"), ("fill", colour.lstrip("#"))):
        shading.set(qn(f"w:{key}"), value)


def pad(cell: Any, **millimetres: float) -> None:
    """Set the inner margins of a cell: ``top``, ``left``, ``bottom``, ``right`` in this order."""
    margins = _cell_property(cell, "tcMar")
    for side, distance in millimetres.items():
        margins.append(element(side, w=str(round(distance * 56.7)), type="dxa"))


def align_edges(table: Any) -> None:
    """Let the table begin where the text begins: Word moves it left by the inner margin of its cells."""
    margins = element("tblCellMar")
    for side in ("left", "right"):
        margins.append(element(side, w="0", type="dxa"))
    later = ("w:tblLook", "w:tblCaption", "w:tblDescription")
    table._tbl.tblPr.insert_element_before(margins, *later)


def span(row: Any, cell: Any, count: int) -> None:
    """Let a cell cover ``count`` columns, taking away the cells it covers."""
    for _ in range(count - 1):
        row.remove(cell.getnext())
    if count > 1:
        cell.grid_span = count


def underline(paragraph: Paragraph, colour: str) -> None:
    """A thin rule under a paragraph, as wide as the paragraph."""
    borders = element("pBdr")
    borders.append(element("bottom", val="single", sz="4", space="1", color=colour.lstrip("#")))
    properties = paragraph._p.get_or_add_pPr()
    properties.insert_element_before(borders, "w:shd", "w:tabs", "w:spacing", "w:ind", "w:jc", "w:rPr")


def list_number(document: Document, ordered: bool) -> int:
    """A new list of its own, which starts at one; returns its number."""
    from docx.oxml import parse_xml
    from docx.oxml.ns import nsdecls, qn

    numbering = _numbering(document)
    known = [int(found.get(qn("w:abstractNumId"))) for found in numbering.findall(qn("w:abstractNum"))]
    key = max(known, default=-1) + 1
    level = f'<w:start w:val="1"/>{_MARKERS[ordered]}<w:lvlJc w:val="left"/>'
    indent = '<w:pPr><w:ind w:left="397" w:hanging="284"/></w:pPr>'
    kind = '<w:multiLevelType w:val="singleLevel"/>'
    text = f'<w:abstractNum {nsdecls("w")} w:abstractNumId="{key}">{kind}<w:lvl w:ilvl="0">{level}{indent}</w:lvl>'
    numbering.insert(len(known), parse_xml(text + "</w:abstractNum>"))
    return int(numbering.add_num(key).numId)


def _numbering(document: Document) -> Any:
    """The numbering part, which a template need not have."""
    from docx.opc.constants import CONTENT_TYPE, RELATIONSHIP_TYPE
    from docx.opc.packuri import PackURI
    from docx.oxml import parse_xml
    from docx.oxml.ns import nsdecls
    from docx.parts.numbering import NumberingPart

    try:
        return document.part.part_related_by(RELATIONSHIP_TYPE.NUMBERING).element
    except KeyError:
        empty = parse_xml(f"<w:numbering {nsdecls('w')}/>")
        part = NumberingPart(PackURI("/word/numbering.xml"), CONTENT_TYPE.WML_NUMBERING, empty, document.part.package)
        document.part.relate_to(part, RELATIONSHIP_TYPE.NUMBERING)
        return part.element


def set_language(document: Document, tag: str) -> None:
    """The language that Word checks the spelling in."""
    from docx.oxml.ns import qn

    for properties in document.styles.element.iter(qn("w:rPr")):
        for language in properties.findall(qn("w:lang")):
            language.set(qn("w:val"), tag)


def mark_language(elements: Iterable[Any], tag: str) -> None:
    """Say of every run in these elements which language it is in."""
    from docx.oxml.ns import qn

    for part in elements:
        for run in part.iter(qn("w:r")):
            run.get_or_add_rPr().append(element("lang", val=tag))


def set_modern(document: Document) -> None:
    """Keep Word from opening the document in compatibility mode."""
    from docx.oxml.ns import qn

    for setting in document.settings.element.iter(qn("w:compatSetting")):
        if setting.get(qn("w:name")) == "compatibilityMode":
            setting.set(qn("w:val"), "15")


def rezip(package: bytes) -> bytes:
    """The same zip with one fixed date, so that the same document is the same bytes."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(package)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            entry.compress_type, entry.create_system = zipfile.ZIP_DEFLATED, 0
            new.writestr(entry, old.read(name))
    return out.getvalue()


def _cell_property(cell: Any, name: str) -> Any:
    """A property of a cell, made at the place the schema asks for if it is not there."""
    from docx.oxml.ns import qn

    properties = cell.get_or_add_tcPr()
    found = properties.find(qn(f"w:{name}"))
    if found is None:
        found = element(name)
        later = [f"w:{after}" for after in _CELL_ORDER[_CELL_ORDER.index(name) + 1 :]]
        properties.insert_element_before(found, *later)
    return found
