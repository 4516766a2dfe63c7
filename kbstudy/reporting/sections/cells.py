"""Small pieces that several sections use."""

from __future__ import annotations

from kbstudy.reporting.tree import Align, Cell

__all__ = ["header", "text_then_numbers"]


def text_then_numbers(columns: int) -> tuple[Align, ...]:
    """Text on the left, then columns of numbers."""
    right: tuple[Align, ...] = ("right",)
    return ("left", *right * columns)


def header(*texts: str) -> tuple[Cell, ...]:
    """A header row."""
    return tuple(Cell(text, bold=True) for text in texts)
