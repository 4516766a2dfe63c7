"""Everybody at once: the shape of the values, each person, and the mean with its interval; instead of a bar."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from kbstudy import formatting as fmt
from kbstudy.figures.style import ARM_COLOURS, INK, MUTED, house_style

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

__all__ = ["plot_raincloud"]

#: Fewer values have no shape worth drawing.
_FEWEST: Final = 5


def plot_raincloud(
    frame: pd.DataFrame,
    value: str,
    *,
    by: str,
    unit: str = "",
    level: float = 0.95,
    stamp: str = "",
    ax: Axes | None = None,
) -> Axes:
    """A row a group: half a violin above, every person below, and between them the mean with its t interval.

    Parameters
    ----------
    frame
        One row a person; rows without a value or a group are not drawn, and are counted in the label.
    value, by
        Column of numbers; column of groups (an ordered category keeps its order).
    unit
        Of the values, for the axis.
    level
        Of the intervals.
    stamp
        ``"SIMULATED"`` for made-up data.
    ax
        Where to draw; a new figure if not given.

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> import pandas as pd
    >>> people = pd.DataFrame({"arm": ["A"] * 6 + ["B"] * 6, "change": [-2, -1, 0, -3, -1, 0, -4, -2, -3, -1, -5, -2]})
    >>> axes = plot_raincloud(people, "change", by="arm", unit="points")
    >>> [label.get_text().split() for label in axes.get_yticklabels()]
    [['A', 'n', '=', '6'], ['B', 'n', '=', '6']]
    >>> plt.close(axes.figure)
    """
    import matplotlib.pyplot as plt

    groups = _groups(frame, value, by)
    with house_style():
        if ax is None:
            _, ax = plt.subplots(figsize=(5.6, 0.9 + 0.95 * len(groups)), layout="constrained")
        for place, (_, values, _) in enumerate(groups):
            _row(ax, values, place, ARM_COLOURS[place % len(ARM_COLOURS)], level)
        ax.set_yticks(range(len(groups)), [_label(*group) for group in groups], parse_math=False)
        ax.set_ylim(len(groups) - 0.4, -0.75)
        ax.set_xlabel(f"{value} ({unit})" if unit else value, parse_math=False)
        ax.tick_params(axis="y", length=0)
        ax.spines[["left"]].set_visible(False)
        note = f"point and bar: mean with {fmt.confidence(level)} CI"
        ax.set_title(f"{stamp}: {note}" if stamp else note, fontsize=8)
    return ax


def _groups(frame: pd.DataFrame, value: str, by: str) -> list[tuple[str, np.ndarray, int]]:
    """Name, values and number without a value of each group."""
    names = frame[by].cat.categories if hasattr(frame[by], "cat") else frame[by].dropna().unique()
    found = []
    for name in names:
        mine = frame.loc[frame[by] == name, value]
        if len(mine):
            found.append((str(name), mine.dropna().to_numpy(dtype="float64"), int(mine.isna().sum())))
    return found


def _label(name: str, values: np.ndarray, gone: int) -> str:
    return f"{name}\nn = {len(values)}" + (f" ({gone} without a value)" if gone else "")


def _row(ax: Axes, values: np.ndarray, place: int, colour: str, level: float) -> None:
    if not len(values):
        return
    if len(values) >= _FEWEST and np.ptp(values) > 0:
        parts: Any = ax.violinplot(
            [values], [place - 0.12], orientation="horizontal", widths=0.9, showextrema=False, side="low"
        )
        for body in parts["bodies"]:
            body.set(facecolor=colour, alpha=0.35, edgecolor="none")
    order = np.argsort(values, kind="stable")
    spread = np.empty(len(values))
    spread[order] = place + 0.12 + 0.16 * ((np.arange(len(values)) * 0.618034) % 1.0)
    ax.plot(values, spread, "o", ms=3.5, color=colour, alpha=0.75, mec="none")
    _mean(ax, values, place, level)


def _mean(ax: Axes, values: np.ndarray, place: int, level: float) -> None:
    from scipy.special import stdtrit

    n, mean = len(values), float(values.mean())
    if n > 1:
        half = float(stdtrit(n - 1, (1 + level) / 2)) * float(values.std(ddof=1)) / math.sqrt(n)
        ax.plot([mean - half, mean + half], [place, place], color=INK, lw=2.2, solid_capstyle="butt")
    ax.plot([mean], [place], "o", ms=5.5, color=INK, mec="white", mew=0.8)
    ax.axhline(place + 0.45, color=MUTED, lw=0.3, alpha=0.5)
