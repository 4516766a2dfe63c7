"""The specification curve: estimates in order, and under each the options that made it."""

from __future__ import annotations

import math
import textwrap
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from kbstudy import formatting as fmt
from kbstudy.claims.specifications import in_words
from kbstudy.figures.style import INK, MUTED, REGION, STAMP_COLOUR, house_style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from kbstudy.claims.specifications import Multiverse

__all__ = ["draw_multiverse", "multiverse_height_mm", "plot_multiverse"]

_MM: Final = 1 / 25.4
_WIDE_MM: Final = 160.0
#: More specifications than this are drawn as pixels, within a vector figure: else each costs several kilobytes.
_VECTORS: Final = 150
#: Colour and mark of each verdict: never colour alone.
_LOOK: Final = {
    "supported": ("#0072b2", "o"),
    "not supported": ("#d55e00", "s"),
    "inconclusive": ("#6b7280", "D"),
    "no evidence": ("#9ca3af", "x"),
    "": (INK, "o"),
}


def multiverse_height_mm(many: Multiverse) -> float:
    """Height in print of :func:`draw_multiverse`."""
    rows = sum(len(options) for options in many.choices.values()) + 0.6 * len(many.choices)
    return 62.0 + 4.2 * rows


def plot_multiverse(many: Multiverse) -> Figure:
    """A new figure with :func:`draw_multiverse`; its title says where the data are made up."""
    import matplotlib.pyplot as plt

    with house_style():
        size = (_WIDE_MM * _MM, multiverse_height_mm(many) * _MM)
        figure = plt.figure(figsize=size, layout="constrained")
        draw_multiverse(many, figure)
        if many.stamp:
            figure.suptitle(many.stamp, x=0.99, ha="right", fontsize=7, fontweight="bold", color=STAMP_COLOUR)
    return figure


def draw_multiverse(many: Multiverse, figure: Any) -> Axes:
    """Above, the estimates with their intervals from small to large, and the claimed region; below, the choices.

    Parameters
    ----------
    many
        From :func:`kbstudy.multiverse`.
    figure
        An empty figure; :func:`multiverse_height_mm` is a good height.

    Returns
    -------
    matplotlib.axes.Axes
        The upper panel. Specifications without an answer are counted in its label and not drawn.
    """
    shown = many.answered.sort_values("estimate", kind="stable", ignore_index=True)
    rows = sum(len(options) for options in many.choices.values()) + 0.6 * len(many.choices)
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=[11.0, max(rows, 3.0)])
    place = np.arange(len(shown))
    _curve(upper, shown, place)
    _region(upper, many, shown)
    _declared(upper, lower, many, shown)
    _dashboard(lower, many, shown, place)
    unit = f" ({many.unit})" if many.unit else ""
    quantity = many.quantity[:1].upper() + many.quantity[1:] if many.quantity else "Estimate"
    upper.set_ylabel("\n".join(textwrap.wrap(f"{quantity}{unit}", 24)), parse_math=False)
    failed = len(many.frame) - len(shown)
    more = f"; {failed} without an answer" if failed else ""
    lower.set_xlabel(f"{fmt.count(len(many.frame), 'specification')}, from the smallest estimate to the largest{more}")
    upper.set_xlim(-0.8, len(shown) - 0.2)
    return upper  # type: ignore[no-any-return]


def _curve(ax: Axes, shown: Any, place: Any) -> None:
    size = float(np.clip(180.0 / max(len(shown), 1), 1.2, 4.0))
    many, names = len(shown) > _VECTORS, []
    for word, (colour, mark) in _LOOK.items():
        mine = (shown["verdict"] == word).to_numpy()
        if mine.any():
            part = shown[mine]
            style: Any = {"color": colour, "rasterized": many}
            ax.vlines(place[mine], part["low"], part["high"], lw=max(0.4, size / 4), alpha=0.55, **style)
            edge = "none" if mark != "x" else colour
            ax.plot(place[mine], part["estimate"], mark, ms=size, mec=edge, **style)
            names.append((word, colour, int(mine.sum())))
    for number, (word, colour, count) in enumerate(name for name in names if name[0]):
        text = f"{word}: {count}"
        ax.annotate(
            text, (0.0, 1.0), (4, -4 - 10 * number), xycoords="axes fraction", textcoords="offset points",
            va="top", fontsize=7.5, fontweight="bold", color=colour,
        )  # fmt: skip


def _region(ax: Axes, many: Multiverse, shown: Any) -> None:
    if many.region is None or shown.empty:
        return
    ends = [end for end in (many.region.at_least, many.region.at_most) if math.isfinite(end)]
    values = [*shown[["estimate", "low", "high"]].to_numpy().ravel(), *ends]
    finite = [value for value in values if math.isfinite(value)]
    room = 0.08 * (max(finite) - min(finite) or 1.0)
    low, high = min(finite) - 2.5 * room, max(finite) + 3.5 * room
    ax.set_ylim(low, high)
    ax.axhspan(max(many.region.at_least, low), min(many.region.at_most, high), color=REGION, lw=0, zorder=0)
    for end in ends:
        ax.axhline(end, color=MUTED, lw=0.8)
    top = math.isfinite(many.region.at_least)
    ax.annotate(
        f"claim true: {many.region.text(many.unit)}", (1.0, float(top)), (-3, -4 if top else 4),
        xycoords="axes fraction", textcoords="offset points", ha="right", va="top" if top else "bottom",
        fontsize=7, fontstyle="italic", color=MUTED,
    )  # fmt: skip


def _declared(upper: Axes, lower: Axes, many: Multiverse, shown: Any) -> None:
    """A line through the specification that was declared beforehand."""
    if not many.declared:
        return
    mine = np.logical_and.reduce([shown[name] == option for name, option in many.declared.items()])
    for place in np.flatnonzero(mine).tolist():
        for ax in (upper, lower):
            ax.axvline(place, color=INK, lw=0.8, ls=(0, (3, 2)), zorder=0.5)
    if mine.any():
        at = int(np.flatnonzero(mine)[0])
        right = at < len(shown) / 2
        lower.annotate(
            "as declared", (at, 1.0), (3 if right else -3, 0), xycoords=("data", "axes fraction"),
            textcoords="offset points", ha="left" if right else "right", va="top", fontsize=7, color=INK,
        )  # fmt: skip


def _dashboard(ax: Axes, many: Multiverse, shown: Any, place: Any) -> None:
    """A row an option, a mark under each specification that has it."""
    y, ticks, labels, heads = 0.0, [], [], []
    colours = [_LOOK[word][0] for word in shown["verdict"]]
    size = float(np.clip(900.0 / max(len(shown), 1), 2.0, 14.0))
    for name, options in many.choices.items():
        heads.append((y - 0.55, in_words(name)))
        y += 0.6
        for option in options:
            mine = (shown[name] == option).to_numpy()
            ax.scatter(place[mine], np.full(mine.sum(), y), s=size, marker="|", lw=0.9,
                       color=[colour for colour, here in zip(colours, mine, strict=True) if here],
                       rasterized=len(shown) > _VECTORS)  # fmt: skip
            ticks.append(y)
            labels.append(option)
            y += 1.0
    ax.set_ylim(y - 0.3, -1.1)
    ax.set_yticks(ticks, labels, parse_math=False, fontsize=7)
    for at, head in heads:
        ax.annotate(
            head, (0.0, at + 0.35), (-4, 0), xycoords=("axes fraction", "data"), textcoords="offset points",
            ha="right", va="center", fontsize=7, fontweight="bold",
        )  # fmt: skip
    ax.tick_params(axis="both", length=0)
    ax.set_xticks([])
    ax.spines[["left", "bottom"]].set_visible(False)
