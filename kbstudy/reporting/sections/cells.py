"""Small pieces that several sections use."""

from __future__ import annotations

import pandas as pd

from kbstudy.reporting.tree import Align, Cell, Row

__all__ = ["header", "header_of", "rows_of", "text_then_numbers"]


def text_then_numbers(columns: int) -> tuple[Align, ...]:
    """Text on the left, then columns of numbers."""
    right: tuple[Align, ...] = ("right",)
    return ("left", *right * columns)


def header(*texts: str) -> tuple[Cell, ...]:
    """A header row."""
    return tuple(Cell(text, bold=True) for text in texts)


def header_of(frame: pd.DataFrame) -> tuple[tuple[Cell, ...], ...]:
    """The names of a frame's columns as the header of a table."""
    return (header(*(str(column) for column in frame.columns)),)


def rows_of(frame: pd.DataFrame) -> tuple[Row, ...]:
    """A frame of text as the body of a table."""
    return tuple(Row(tuple(Cell(str(value)) for value in record)) for record in frame.to_numpy())
