r"""A table of the report for a LaTeX manuscript: ``\input{tables/baseline}``."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Final

from kbstudy.reporting._columns import Columns, columns, is_long, is_short, placed
from kbstudy.reporting._ready import soft
from kbstudy.reporting.tree import Align, Cell, Table

__all__ = ["escape", "to_latex"]

#: Sizes of writing, how wide a page of ours would hold as much, and the least ease that is enough. The text of an A4
#: article in LaTeX's own classes is 121 mm wide, and its bold face is wider than ours.
_SIZES: Final = (("footnotesize", 102.0, 1.3), ("scriptsize", 117.0, 1.0), ("tiny", 156.0, 0.0))
_LINES_A_ROW: Final = 25
_LONGEST_CAPTION: Final = 600
_LONGEST_CAPTION_WORD: Final = 60
_LONGEST_WORD: Final = 24
_SIDES: Final[dict[Align, str]] = {"left": "raggedright", "right": "raggedleft", "center": "centering"}

_HEAD: Final = r"""% Made by kbstudy. It needs \usepackage{array,booktabs,longtable} and \usepackage[T1]{fontenc}.
% A character that pdfLaTeX does not know stands as its code; XeLaTeX and LuaLaTeX take it from a font of yours.
\providecommand{\kbuni}[2]{\ifdefined\Umathchar#2\else\ifcsname u8:\detokenize{#2}\endcsname#2\else
  \texttt{[U+#1]}\allowbreak\fi\fi}%
"""
_MARKS: Final = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "%": r"\%",
    "_": r"\_",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    "`": r"\textasciigrave{}",
    '"': r'\string"',
    "[": "{[}",
    "]": "{]}",
    "*": "{*}",
    "\t": " ",
    "\N{NO-BREAK SPACE}": "~",
    "\N{ZERO WIDTH SPACE}": r"\allowbreak{}",
    "\N{MINUS SIGN}": r"\ensuremath{-}",
    "\N{LESS-THAN OR EQUAL TO}": r"\ensuremath{\leq}",
    "\N{GREATER-THAN OR EQUAL TO}": r"\ensuremath{\geq}",
    "\N{ALMOST EQUAL TO}": r"\ensuremath{\approx}",
    "\N{INFINITY}": r"\ensuremath{\infty}",
    "\N{PLUS-MINUS SIGN}": r"\ensuremath{\pm}",
    "\N{MULTIPLICATION SIGN}": r"\ensuremath{\times}",
    "\N{DIVISION SIGN}": r"\ensuremath{\div}",
    "\N{MIDDLE DOT}": r"\ensuremath{\cdot}",
    "\N{DEGREE SIGN}": r"\ensuremath{^\circ}",
    "\N{SUPERSCRIPT TWO}": r"\ensuremath{^2}",
    "\N{SUBSCRIPT TWO}": r"\ensuremath{_2}",
    "\N{RIGHTWARDS ARROW}": r"\ensuremath{\rightarrow}",
    "\N{GREEK SMALL LETTER ALPHA}": r"\ensuremath{\alpha}",
    "\N{GREEK SMALL LETTER BETA}": r"\ensuremath{\beta}",
    "\N{GREEK SMALL LETTER CHI}": r"\ensuremath{\chi}",
    "\N{GREEK SMALL LETTER MU}": r"\ensuremath{\mu}",
    "\N{GREEK SMALL LETTER RHO}": r"\ensuremath{\rho}",
    "\N{GREEK SMALL LETTER SIGMA}": r"\ensuremath{\sigma}",
    "\N{GREEK SMALL LETTER TAU}": r"\ensuremath{\tau}",
    "\N{GREEK CAPITAL LETTER DELTA}": r"\ensuremath{\Delta}",
    "\N{EN DASH}": r"\textendash{}",
    "\N{EM DASH}": r"\textemdash{}",
    "\N{LEFT DOUBLE QUOTATION MARK}": r"\textquotedblleft{}",
    "\N{RIGHT DOUBLE QUOTATION MARK}": r"\textquotedblright{}",
    "\N{LEFT SINGLE QUOTATION MARK}": r"\textquoteleft{}",
    "\N{RIGHT SINGLE QUOTATION MARK}": r"\textquoteright{}",
    "\N{HORIZONTAL ELLIPSIS}": r"\dots{}",
}
_ACCENTED: Final = re.compile("[\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u00ff]")


def to_latex(table: Table, name: str, stamp: str = "") -> bytes:
    r"""Write a table as LaTeX with booktabs: as wide as the text, numbered by the document it is put into.

    Parameters
    ----------
    table
        What to write. Any text is allowed; it is shown, never interpreted.
    name
        The label: ``\ref{tab:name}``.
    stamp
        A word before the caption, or empty.

    Returns
    -------
    bytes
        A ``table`` that floats, or, for a table that may not fit on a page, a ``longtable``, which needs a document of
        one column.

    Examples
    --------
    >>> from kbstudy.reporting.tree import Row
    >>> row = Row((Cell("All"), Cell("20")))
    >>> one = Table("Pain & grip", ((Cell("Arm"), Cell("n")),), (row,), ("left", "right"))
    >>> text = to_latex(one, "pain").decode()
    >>> print(*text.splitlines()[-4:], sep="\n")
    All & 20 \\
    \bottomrule
    \end{tabular}
    \end{table}
    """
    sheet = _sheet(table)
    whole = f"{stamp}. {table.caption}" if stamp else table.caption
    short = _short(whole)
    notes = table.notes if short == whole else (whole, *table.notes)
    caption = rf"\caption{{{escape(short)}}}\label{{tab:{name}}}"
    write = _floating if is_short(table) else _breaking
    under = [escape(soft(note, _LONGEST_WORD)) for note in notes]
    return (_HEAD + "\n".join([*write(sheet, caption, under), ""])).encode()


@dataclass(frozen=True)
class _Sheet:
    """A table with the widths of its columns and the size of its writing."""

    table: Table
    layout: Columns
    size: str

    @property
    def dress(self) -> str:
        """Small writing, less room between columns than LaTeX leaves, and no hyphen that is not in the text."""
        return rf"\{self.size}\setlength{{\tabcolsep}}{{3.5pt}}\hyphenpenalty=10000 "

    @property
    def preamble(self) -> str:
        return f"@{{}}{''.join(self.column(at, align=align) for at, align in enumerate(self.table.align))}@{{}}"

    def column(self, at: int, span: int = 1, *, align: Align, kind: str = "p") -> str:
        share = sum(self.layout.shares[at : at + span])
        side = rf">{{\{_SIDES[align]}\arraybackslash}}"
        return rf"{side}{kind}{{\dimexpr {share:.4f}\linewidth-2\tabcolsep\relax}}"

    def merged(self, at: int, span: int, *, align: Align, kind: str, words: str) -> str:
        """A cell with a shape of its own, which has to say again where the table begins and ends."""
        left, right = "@{}" * (at == 0), "@{}" * (at + span == len(self.table.align))
        shape = f"{left}{self.column(at, span, align=align, kind=kind)}{right}"
        return rf"\multicolumn{{{span}}}{{{shape}}}{{{words}}}"

    def head(self) -> Iterator[str]:
        for cells in self.table.header:
            yield from self.rows([cell if not cell.text else _bold(cell) for cell in cells], header=True)
            yield from self.rules(cells)

    def rules(self, cells: Sequence[Cell]) -> Iterator[str]:
        """A thin line under each title that covers several columns."""
        spans = [(at + 1, at + cell.span) for at, cell in placed(cells) if cell.span > 1 and cell.text]
        if spans:
            yield "".join(rf"\cmidrule(lr){{{first}-{last}}}" for first, last in spans)

    def body(self) -> Iterator[str]:
        for number, row in enumerate(self.table.rows):
            if row.group:
                yield r"\addlinespace" if number else ""
                title = Cell("".join(cell.text for cell in row.cells), len(self.table.align), bold=True)
                yield from self.rows([title], together=True)
            else:
                yield from self.rows(row.cells, indent=row.indent)

    def rows(
        self, cells: Sequence[Cell], *, header: bool = False, indent: bool = False, together: bool = False
    ) -> Iterator[str]:
        """A row, or as many as a text needs that is longer than a page: LaTeX cannot break a row."""
        pieces = [self.pieces(cell, at, cells) for at, cell in placed(cells)]
        for number, texts in enumerate(zip_longest(*pieces, fillvalue="")):
            parts = zip(placed(cells), texts, strict=True)
            written = [self.cell(at, cell, text, header, indent) for (at, cell), text in parts]
            yield " & ".join(written) + (r" \\*" if together and not number else r" \\")

    def pieces(self, cell: Cell, at: int, cells: Sequence[Cell]) -> list[str]:
        letters = sum(self.layout.letters[at : at + cell.span])
        text = soft(cell.text, max(3, letters))
        return _cut(text, letters * _LINES_A_ROW) if is_long(cells) else [text]

    def cell(self, at: int, cell: Cell, text: str, header: bool, indent: bool) -> str:
        words = escape(text)
        words = rf"\textbf{{{words}}}" if cell.bold and words else words
        words = rf"\hspace*{{1em}}{words}" if indent and at == 0 else words
        if header:
            align: Align = "center" if cell.span > 1 else self.table.align[at]
            return self.merged(at, cell.span, align=align, kind="b", words=words)
        return (
            words if cell.span == 1 else self.merged(at, cell.span, align=self.table.align[at], kind="p", words=words)
        )


def _sheet(table: Table) -> _Sheet:
    """The table in the largest writing in which it is easily read."""
    sheets = ((_Sheet(table, columns(table, width), size), ease) for size, width, ease in _SIZES)
    return next(sheet for sheet, ease in sheets if sheet.layout.ease >= ease)


def _floating(sheet: _Sheet, caption: str, notes: Sequence[str]) -> Iterator[str]:
    yield from (r"\begin{table}[htbp]", rf"\centering{sheet.dress}", caption)
    yield from (rf"\begin{{tabular}}{{{sheet.preamble}}}", r"\toprule")
    head = list(sheet.head())
    yield from [*head, r"\midrule"] if head else []
    yield from filter(None, sheet.body())
    yield from (r"\bottomrule", r"\end{tabular}")
    yield from _under(notes)
    yield r"\end{table}"


def _breaking(sheet: _Sheet, caption: str, notes: Sequence[str]) -> Iterator[str]:
    """The header stands on every page, unless it is longer than a page may repeat."""
    yield from (
        rf"{{{sheet.dress}\setlength{{\LTcapwidth}}{{\linewidth}}",
        rf"\begin{{longtable}}{{{sheet.preamble}}}",
    )
    head = [*sheet.head(), r"\midrule"] if sheet.table.header else []
    if any(map(is_long, sheet.table.header)):
        yield from (
            rf"{caption}\\",
            r"\toprule",
            r"\endfirsthead",
            r"\toprule",
            r"\endhead",
            r"\bottomrule",
            r"\endfoot",
            *head,
        )
    else:
        yield from (rf"{caption}\\", r"\toprule", *head, r"\endfirsthead", r"\toprule", *head, r"\endhead")
        yield from (r"\bottomrule", r"\endfoot")
    yield from filter(None, sheet.body())
    yield r"\end{longtable}"
    yield from _under(notes)
    yield "}"


def _under(notes: Sequence[str]) -> Iterator[str]:
    yield from (rf"\par\smallskip{{\noindent\raggedright {note}\par}}" for note in notes)


_NEWLINE: Final = r"\newline{}"


def escape(text: str) -> str:
    r"""Text as LaTeX: nothing in it is a command.

    Examples
    --------
    >>> print(escape("50% of $x_1 & \\alpha"))
    50\% of \$x\_1 \& \textbackslash{}alpha
    """
    broken = re.sub(r"([-',?!])(?=[-',`])", "\\1\0", text)  # keeps LaTeX from joining --, '' or ,, to other characters
    return "".join(map(_letter, broken))


def _letter(character: str) -> str:
    if character == "\0":
        return r"{\kern0pt}"
    if character == "\n":
        return _NEWLINE
    if character in _MARKS:
        return _MARKS[character]
    if character.isascii() or _ACCENTED.match(character):
        return character
    return rf"\kbuni{{{ord(character):04X}}}{{{character}}}"


def _short(caption: str) -> str:
    """A caption as LaTeX can set it, which breaks it neither over pages nor within a word; the notes have the rest."""
    words = [word if len(word) <= _LONGEST_CAPTION_WORD else f"{word[:_LONGEST_WORD]}…" for word in caption.split()]
    short = " ".join(words)
    return short if len(short) <= _LONGEST_CAPTION else f"{short[:_LONGEST_CAPTION]}…"


def _bold(cell: Cell) -> Cell:
    return Cell(cell.text, cell.span, bold=True)


def _cut(text: str, length: int) -> list[str]:
    """Text in pieces of at most ``length``, cut at spaces where there are some."""
    pieces = []
    while len(text) > length:
        at = max(text.rfind(" ", 0, length), text.rfind("\N{ZERO WIDTH SPACE}", 0, length))
        at = at + 1 if at > 0 else length
        pieces.append(text[:at])
        text = text[at:]
    return [*pieces, text]
