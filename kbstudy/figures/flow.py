"""The flow of participants (CONSORT), drawn from counted numbers."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Final

from matplotlib.axes import Axes
from matplotlib.patches import FancyBboxPatch

from kbstudy.figures.style import INK, MUTED

if TYPE_CHECKING:
    from kbstudy.analysis.flow import Flow, FlowArm

__all__ = ["draw_flow", "flow_height_mm"]

_LINE: Final = 1.0  # height of a text line, in rows of the drawing
_GAP: Final = 1.1
_PAD: Final = 0.6


def flow_height_mm(flow: Flow) -> float:
    """Height in print that keeps the text at its size."""
    return 4.1 * _layout(flow)[-1]


def draw_flow(flow: Flow, ax: Axes) -> Axes:
    """Draw who was in the files, who was allocated, who had a value at each visit, who was analysed.

    Parameters
    ----------
    flow
        Counted by :func:`kbstudy.analyse`; it has been checked that it adds up.
    ax
        Where to draw; its ticks and frame are taken away.
    """
    tops = _layout(flow)
    ax.set(xlim=(0, 1), ylim=(tops[-1], 0))
    ax.axis("off")
    columns = [(index + 0.5) / len(flow.arms) for index in range(len(flow.arms))]
    width = min(0.42, 0.94 / len(flow.arms))
    _box(ax, 0.5, tops[0], 0.5, _first(flow))
    bar = tops[1] - _GAP / 2
    _line(ax, 0.5, tops[0] + _height(_first(flow)), 0.5, bar)
    if len(columns) > 1:
        _line(ax, columns[0], bar, columns[-1], bar)
    for x, arm in zip(columns, flow.arms, strict=True):
        _column(ax, x, width, _texts(arm, len(flow.arms)), tops[1:], bar)
    return ax


def _column(ax: Axes, x: float, width: float, texts: list[list[str]], tops: list[float], start: float) -> None:
    for text, top in zip(texts, tops, strict=False):
        ax.annotate("", xy=(x, top), xytext=(x, start), arrowprops={"arrowstyle": "-|>", "color": MUTED, "lw": 0.8})
        _box(ax, x, top, width, text)
        start = top + _height(text)


def _first(flow: Flow) -> list[str]:
    verb = {"randomised": "Randomised", "assigned": "Assigned, not randomised"}.get(flow.allocation, "Allocated")
    if len(flow.arms) == 1:
        return [f"In the files: n = {flow.in_files}"]
    inside = flow.in_files - flow.never_allocated
    return [
        f"In the files: n = {flow.in_files}",
        f"Without an arm: n = {flow.never_allocated}",
        f"{verb}: n = {inside}",
    ]


def _texts(arm: FlowArm, columns: int) -> list[list[str]]:
    name = textwrap.wrap(arm.name or "All participants", 78 // columns, max_lines=3, placeholder=" …")
    texts = [[*(f"*{line}" for line in name), f"allocated: n = {arm.allocated}"]]
    texts += [[f"*{visit}", f"with a value: n = {n}", f"without: n = {out}"] for visit, n, out in arm.visits]
    if arm.analysed is not None:
        left = arm.allocated - arm.analysed
        counted = [f"of them counted without a value: {arm.counted}"] if arm.counted else []
        there = [f"with a value at {arm.at_visit[0]}: n = {arm.at_visit[1]}"] if arm.at_visit else []
        texts.append([f"*Analysed: n = {arm.analysed}", *there, *counted, f"not analysed: n = {left}"])
    return texts


def _layout(flow: Flow) -> list[float]:
    """Top of each row of boxes, and last the bottom of the drawing."""
    heights = [_height(_first(flow))]
    columns = [_texts(arm, len(flow.arms)) for arm in flow.arms]
    depth = max(len(column) for column in columns)
    heights += [max(_height(column[i]) for column in columns if i < len(column)) for i in range(depth)]
    tops = [0.3]
    for height in heights:
        tops.append(tops[-1] + height + _GAP)
    tops[-1] -= _GAP - 0.3
    return tops


def _height(lines: list[str]) -> float:
    return len(lines) * _LINE + _PAD


def _box(ax: Axes, x: float, top: float, width: float, lines: list[str]) -> None:
    """A box with centred lines; a line that starts with ``*`` is bold."""
    height = _height(lines)
    style = "round,pad=0,rounding_size=0.012"
    patch = FancyBboxPatch(
        (x - width / 2, top), width, height, boxstyle=style, mutation_aspect=30, fc="white", ec=INK, lw=0.8
    )
    ax.add_patch(patch)
    for index, line in enumerate(lines):
        weight = "bold" if line.startswith("*") else "normal"
        y = top + _PAD / 2 + (index + 0.5) * _LINE
        ax.text(x, y, line.lstrip("*"), ha="center", va="center", fontweight=weight, parse_math=False)


def _line(ax: Axes, x0: float, y0: float, x1: float, y1: float) -> None:
    ax.plot([x0, x1], [y0, y1], color=MUTED, lw=0.8, solid_capstyle="butt")
