"""What every table reader returns: the cells of a file as text, and what was odd about it."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import compress
from typing import TypeVar

import numpy as np
import pandas as pd

from kbstudy import formatting as fmt

__all__ = ["RawTable"]

T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class RawTable:
    """A table as its file shows it: every cell is text, nothing is taken to mean "missing".

    Parameters
    ----------
    file
        The name of the file without its folder, as error messages show it.
    cells
        One column of Python text (dtype ``object``) for each column of the file; an empty cell is ``""``.
    rows
        For each record, the row a spreadsheet program would show (the header of a plain file is row 1).
    labels
        Column name to the wording of the question, where the file or its dictionary has one.
    codes
        Column name to ``{code as text: its label}``.
    notes
        What was odd, guessed, or left out, in sentences.
    sheet
        The sheet of a spreadsheet file, else ``""``.
    ranges
        Column name to the lowest and highest permitted value as text (``""`` where there is no limit).
    forms
        Column name to the REDCap instrument it belongs to.

    Notes
    -----
    Two tables are never compared with ``==``; compare their ``cells``.

    Examples
    --------
    >>> table = RawTable("scores.csv", pd.DataFrame({"id": ["P1"], "pain": ["4"]}, dtype=object), rows=(2,))
    >>> print(table)
    scores.csv: 1 record, 2 columns
    """

    file: str
    cells: pd.DataFrame
    rows: tuple[int, ...]
    labels: Mapping[str, str] = field(default_factory=dict)
    codes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    sheet: str = ""
    ranges: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    forms: Mapping[str, str] = field(default_factory=dict)

    @property
    def columns(self) -> list[str]:
        """The column names in order."""
        return [str(name) for name in self.cells]

    def select(self, columns: Sequence[str], records: Sequence[bool] | None = None) -> RawTable:
        """Fewer columns and, if asked, fewer records, with what belongs to them.

        Parameters
        ----------
        columns
            The columns to keep.
        records
            One truth value for each record; all are kept if it is not given.

        Returns
        -------
        RawTable
            A smaller table with the same notes.
        """
        kept = np.ones(len(self.rows), dtype=bool) if records is None else np.asarray(records, dtype=bool)
        return replace(
            self,
            cells=self.cells.loc[kept, list(columns)].reset_index(drop=True),
            rows=tuple(compress(self.rows, kept)),
            labels=_only(self.labels, columns),
            codes=_only(self.codes, columns),
            ranges=_only(self.ranges, columns),
            forms=_only(self.forms, columns),
        )

    @property
    def _summary(self) -> str:
        place = f'{self.file}, sheet "{self.sheet}"' if self.sheet else self.file
        records, columns = self.cells.shape
        return f"{place}: {_count(records, 'record')}, {_count(columns, 'column')}"

    def __str__(self) -> str:
        return "\n".join([self._summary, *(f"- {note}" for note in self.notes)])

    def _repr_html_(self) -> str:
        head = self.cells.head(10).set_axis(list(self.rows[:10]), axis=0)
        return f"<p><b>{html.escape(self._summary)}</b></p>{fmt.html_list(self.notes)}{head.to_html()}"


def _only(mapping: Mapping[str, T], names: Sequence[str]) -> dict[str, T]:
    return {name: value for name, value in mapping.items() if name in names}


def _count(n: int, noun: str) -> str:
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"
