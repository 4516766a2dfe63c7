"""Where the error values (``#DIV/0!``, ``#N/A``) of an ``.xlsx`` sheet stand: calamine shows them as empty cells."""

from __future__ import annotations

import io
import posixpath
import re
import zipfile
from xml.etree import ElementTree

__all__ = ["error_cells"]

_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_STRICT_RELATION = "{http://purl.oclc.org/ooxml/officeDocument/relationships}id"
_CELL = re.compile(
    rb'<(?:\w+:)?c\s(?=[^>]*\bt="e")(?=[^>]*\br="([A-Z]+)(\d+)")[^>]*(?<!/)>(.*?)</(?:\w+:)?c>', re.DOTALL
)
_VALUE = re.compile(rb"<(?:\w+:)?v>([^<]*)</")


def error_cells(data: bytes, sheet: str) -> dict[tuple[int, int], str] | None:
    """Find the error values of one sheet.

    Parameters
    ----------
    data
        The bytes of the spreadsheet file.
    sheet
        Name of the sheet.

    Returns
    -------
    dict or None
        ``{(row, column): error}``, both counted from 1; ``None`` if there may be errors whose place is not known
        (``.xls``, ``.xlsb``, and an ``.ods`` that has any).
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if "content.xml" in archive.namelist():
                return None if b':value-type="error"' in archive.read("content.xml") else {}
            return _errors(archive.read(_part(archive, sheet)))
    except Exception:  # not an archive at all, or damaged or written in an unusual way
        return None


def _part(archive: zipfile.ZipFile, sheet: str) -> str:
    workbook = ElementTree.fromstring(archive.read("xl/workbook.xml"))
    relations = ElementTree.fromstring(archive.read("xl/_rels/workbook.xml.rels"))
    targets = {relation.get("Id"): relation.get("Target", "") for relation in relations}
    for entry in workbook.iter():
        if entry.tag.endswith("}sheet") and entry.get("name") == sheet:
            target = targets.get(entry.get(_RELATION) or entry.get(_STRICT_RELATION), "")
            return posixpath.normpath(posixpath.join("/xl", target)).lstrip("/")
    return ""


def _errors(xml: bytes) -> dict[tuple[int, int], str]:
    found: dict[tuple[int, int], str] = {}
    if b't="e"' not in xml:
        return found
    for letters, row, content in _CELL.findall(xml):
        value = _VALUE.search(content)
        found[int(row), _column(letters)] = value[1].decode() if value else "#ERROR"
    return found


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - ord("A") + 1
    return number
