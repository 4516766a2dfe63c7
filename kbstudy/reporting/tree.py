"""A report as an immutable tree: headings, text, tables, figures. No statistics, no markup.

Three writers read it (:mod:`kbstudy.reporting.html`, :mod:`~kbstudy.reporting.pdf`,
:mod:`~kbstudy.reporting.word`), so the same sentence and the same number stand in all three.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = [
    "Align",
    "Block",
    "Card",
    "Cell",
    "Figure",
    "Heading",
    "Items",
    "Report",
    "Row",
    "Run",
    "Table",
    "Text",
    "Tone",
]

Align = Literal["left", "right", "center"]

#: What a card says at a glance. Writers give each its own colour *and* its own word or mark, never colour alone.
Tone = Literal["supported", "not supported", "inconclusive", "no evidence", "not possible as stated", "note"]


@dataclass(frozen=True, slots=True)
class Run:
    """A stretch of text in one style."""

    text: str
    bold: bool = False
    italic: bool = False
    code: bool = False


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading; level 1 is a section of the report (its title is level 0 and not a block)."""

    text: str
    level: int = 1


@dataclass(frozen=True, slots=True)
class Text:
    """A paragraph.

    Parameters
    ----------
    runs
        A plain string or styled runs.
    style
        ``"lead"`` is larger (a verdict), ``"small"`` is for notes.
    """

    runs: str | tuple[Run, ...]
    style: Literal["normal", "lead", "small"] = "normal"

    @property
    def plain(self) -> str:
        """The words without their style."""
        return self.runs if isinstance(self.runs, str) else "".join(run.text for run in self.runs)


@dataclass(frozen=True, slots=True)
class Items:
    """A list of short paragraphs."""

    entries: tuple[Text, ...]
    ordered: bool = False


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of a table header or body; ``span`` is how many columns it covers, ``tone`` colours a verdict."""

    text: str
    span: int = 1
    bold: bool = False
    tone: Tone | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """A body row. A ``group`` row has one cell, spans the table and titles the rows under it."""

    cells: tuple[Cell, ...]
    group: bool = False
    indent: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """A table with a caption above, one or more header rows, and notes below.

    Parameters
    ----------
    caption
        Without a number: writers number tables in order.
    header
        One or more header rows; spans must add up to the number of columns in each.
    rows
        The body.
    align
        One entry a column.
    notes
        Sentences under the table.
    name
        A short file name for exports, unique in the report.
    board
        A table of sentences, which takes the width of a screen; on a narrow one each row is a block of its own.
    """

    caption: str
    header: tuple[tuple[Cell, ...], ...]
    rows: tuple[Row, ...]
    align: tuple[Align, ...]
    notes: tuple[str, ...] = ()
    name: str = ""
    board: bool = False


@dataclass(frozen=True, slots=True)
class Figure:
    """A picture as vector and as 300-dpi raster, with a caption below and words for those who cannot see it."""

    caption: str
    alt: str
    svg: bytes
    png: bytes
    width_mm: float
    name: str


@dataclass(frozen=True, slots=True)
class Card:
    """A framed box: a verdict, or a note that must not be missed."""

    tone: Tone
    title: str
    blocks: tuple[Block, ...]


Block = Heading | Text | Items | Table | Figure | Card


@dataclass(frozen=True, slots=True)
class Report:
    """A whole report.

    Parameters
    ----------
    title, subtitle
        As on a title page.
    stamp
        A word that stands on every page (``"SIMULATED"``), or empty.
    footer
        What stands at the foot of every page.
    blocks
        The content.
    """

    title: str
    subtitle: str
    blocks: tuple[Block, ...]
    stamp: str = ""
    footer: str = ""
