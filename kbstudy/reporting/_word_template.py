"""A Word template of the reader's: opened, or refused with the reason."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final
from zipfile import BadZipFile

from kbstudy.errors import PlanError, Problem

if TYPE_CHECKING:
    from docx.document import Document

__all__ = ["NEEDED", "open_template"]

#: The styles that carry the look of a document. A template that lacks one would leave it to us, unseen.
NEEDED: Final = ("Normal", "Title", "Heading 1", "Heading 2", "Heading 3", "Caption")


def open_template(path: Path) -> Document:
    """Open a template.

    Raises
    ------
    PlanError
        If it is not there, is not a Word document, or lacks a style that a report needs.
    """
    import docx
    from docx.opc.exceptions import PackageNotFoundError

    if not path.is_file():
        raise PlanError(Problem("the template is not there", file=path.as_posix(), do="Name a .docx file."))
    try:
        document = docx.Document(str(path))
    except (PackageNotFoundError, BadZipFile, SyntaxError, KeyError, ValueError, EOFError, OSError):
        do = "Open it in Word and save it as a Word document (.docx); a .dotx, .doc or .odt is not read."
        raise PlanError(Problem("the template is not a .docx document", file=path.as_posix(), do=do)) from None
    present = {style.name for style in document.styles}
    missing = [name for name in NEEDED if name not in present]
    if missing:
        do = (
            "In Word, type a line, give it the style, and save: Word keeps only the styles that were used once. "
            "The line may be deleted again."
        )
        what = [Problem(f'the template has no style "{name}"', file=path.as_posix(), do=do) for name in missing]
        raise PlanError(what)
    return document
