"""One look for all figures, and the way they become bytes."""

from __future__ import annotations

import io
import re
import textwrap
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.text import Text

__all__ = ["ARM_COLOURS", "INK", "MUTED", "REGION", "STAMP_COLOUR", "Picture", "house_style", "new_figure", "picture"]

#: Okabe and Ito's colours that also differ in lightness: reference arm first.
ARM_COLOURS: Final = ("#6b7280", "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9")
INK: Final = "#1f2933"
MUTED: Final = "#6b7280"
REGION: Final = "#dceefb"
_MM: Final = 1 / 25.4
STAMP_COLOUR: Final = "#b91c1c"
_LONGEST_TEXT: Final = 60  # letters in a line of a figure

_STYLE: Final[Any] = {
    "font.family": "DejaVu Sans",  # ships with matplotlib, so a figure does not depend on the machine's fonts
    "font.size": 8,
    "axes.titlesize": 9,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.labelsize": 8,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "text.color": INK,
    "text.parse_math": False,  # a dollar sign in somebody's label is a dollar sign
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.linewidth": 0.7,
    "xtick.major.width": 0.7,
    "ytick.major.width": 0.7,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "lines.linewidth": 1.4,
    "legend.frameon": False,
    "svg.hashsalt": "kbstudy",  # the same figure gives the same bytes
    "svg.fonttype": "path",
    "figure.dpi": 120,
}


@dataclass(frozen=True, slots=True)
class Picture:
    """A figure as bytes: vector, 300-dpi raster, its width in print, and the characters its font could not draw."""

    svg: bytes
    png: bytes
    width_mm: float
    boxes: str = ""


@contextmanager
def house_style() -> Iterator[None]:
    """The house style for whatever is drawn inside, whatever the caller's own settings are."""
    interactive = mpl.is_interactive()
    try:
        with mpl.rc_context():
            mpl.rcdefaults()
            mpl.rcParams.update(_STYLE)
            try:
                yield
            finally:
                interactive = mpl.is_interactive()
    finally:
        # A notebook's backend starts with the first figure and switches this on. Undone with the rest of the settings,
        # no later figure would be shown.
        mpl.interactive(interactive)


def new_figure(width_mm: float, height_mm: float) -> Figure:
    """An empty figure of a size in print, without touching pyplot's state."""
    return Figure(figsize=(width_mm * _MM, height_mm * _MM), layout="constrained")


def _make_room(figure: Figure) -> None:
    """Keep the top 4 mm free, so that a stamp never covers what is drawn."""
    engine = figure.get_layout_engine()
    if isinstance(engine, ConstrainedLayoutEngine):
        engine.set(rect=(0, 0, 1, 1 - 4 * _MM / figure.get_figheight()))


def _make_fit(figure: Figure) -> None:
    """Break labels that are longer than what they stand along, and cut what would push all else out of the figure.

    Tables and captions say it in full.
    """
    for axes in figure.axes:
        _break(axes.xaxis.label, figure.get_figwidth())
        _break(axes.yaxis.label, axes.get_position().height * figure.get_figheight())
        for axis in (axes.xaxis, axes.yaxis):
            ticks = [text.get_text() for text in axis.get_ticklabels()]
            if any(len(text) > 3 * _LONGEST_TEXT for text in ticks):
                axis.set_ticks(axis.get_ticklocs(), [_cut(text) for text in ticks])
    for text in figure.findobj(Text):
        if len(text.get_text()) > 5 * _LONGEST_TEXT:
            text.set_text(_cut(text.get_text()))


def _break(label: Text, inches: float) -> None:
    """At most three lines and a sign that there is more."""
    letters = max(12, int(72 * inches / (0.55 * float(label.get_fontsize()))))
    lines = label.get_text().split("\n")
    if any(len(line) > letters for line in lines):
        lines = [part for line in lines for part in textwrap.wrap(line, letters)]
        label.set_text("\n".join(lines if len(lines) < 4 else [*lines[:3], "…"]))


def _cut(text: str) -> str:
    lines = [line if len(line) <= _LONGEST_TEXT else f"{line[: _LONGEST_TEXT - 1]}…" for line in text.split("\n")]
    return "\n".join(lines[:5])


def picture(figure: Figure, stamp: str = "") -> Picture:
    """A finished figure as bytes; ``stamp`` is written across its top right corner."""
    with house_style():
        _make_fit(figure)
        if stamp:
            _make_room(figure)
            figure.text(
                0.995, 0.995, stamp, ha="right", va="top", fontsize=7, fontweight="bold", color=STAMP_COLOUR
            ).set_in_layout(False)
        svg, png = io.BytesIO(), io.BytesIO()
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            figure.savefig(svg, format="svg", metadata={"Date": None, "Creator": None})
            figure.savefig(png, format="png", dpi=300, metadata={"Software": None})
    return Picture(svg.getvalue(), png.getvalue(), figure.get_figwidth() / _MM, _not_drawn(caught))


def _not_drawn(caught: list[warnings.WarningMessage]) -> str:
    """The characters that the font lacks, which matplotlib tells by warnings; any other warning goes on to the user."""
    missing: dict[str, None] = {}
    for warning in caught:
        glyph = re.match(r"Glyph (\d+) ", str(warning.message))
        if glyph:
            missing[chr(int(glyph[1]))] = None
        else:
            warnings.warn_explicit(warning.message, warning.category, warning.filename, warning.lineno)
    return "".join(missing)
