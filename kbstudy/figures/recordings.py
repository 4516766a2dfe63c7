"""A gas-exchange recording over time: uptake, ratio and heart rate, with gaps and ratios above one marked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from kbstudy import formatting as fmt
from kbstudy.figures.style import ARM_COLOURS, INK, MUTED, REGION, house_style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from kbstudy.measures.energy import Bout
    from kbstudy.recording import Recording

__all__ = ["plot_recording"]

_PANELS = (
    (("vo2_l_min", "vco2_l_min"), ("VO₂", "VCO₂"), "L/min"),
    (("rer",), ("RER",), "ratio"),
    (("hr_bpm",), ("HR",), "beats/min"),
)
_GAP = "#e5e7eb"


def plot_recording(recording: Recording, ax: Axes | None = None, bouts: Sequence[Bout] = ()) -> Any:
    """One panel a quantity that the recording has, over the same minutes.

    Parameters
    ----------
    recording
        From a reader of gas exchange.
    ax
        Draw only oxygen and carbon dioxide here; a new figure with all panels if not given.
    bouts
        From :func:`kbstudy.measures.energy.find_bouts`: each gets a named bar above the first panel, and its start and
        end a line through all of them.

    Returns
    -------
    matplotlib.figure.Figure or matplotlib.axes.Axes
        Grey: no data. Blue: the respiratory exchange ratio is above one, where energy equations do not hold.
    """
    import matplotlib.pyplot as plt

    shown = [panel for panel in _PANELS if any(_has(recording, name) for name in panel[0])]
    with house_style():
        if ax is not None:
            _panel(ax, recording, *_PANELS[0])
            _bouts([ax], bouts)
            return ax
        figure, axes = plt.subplots(
            len(shown), 1, figsize=(6.7, 0.8 + 1.5 * len(shown)), sharex=True, layout="constrained", squeeze=False
        )
        for axis, panel in zip(axes[:, 0], shown, strict=True):
            _panel(axis, recording, *panel)
        stamp = "SIMULATED: " if recording.simulated else ""
        title = f"{stamp}{recording.file}, {recording.device}"
        axes[0, 0].set_title(title, pad=16 if bouts else None, parse_math=False)
        _bouts(list(axes[:, 0]), bouts)
        axes[-1, 0].set_xlabel(f"Minutes{_key(recording)}")
    return figure


def _key(recording: Recording) -> str:
    """What the shades mean, where there are any."""
    above = _has(recording, "rer") and bool((recording.data["rer"] > 1.0).any())
    parts = ["blue: RER above 1"] * above + ["grey: no data"] * bool(recording.gaps)
    return f" ({', '.join(parts)})" if parts else ""


def _bouts(axes: Sequence[Axes], bouts: Sequence[Bout]) -> None:
    """A bar with a name above the first panel, and lines at both ends through all panels."""
    for bout in bouts:
        start, end = bout.start_s / 60.0, bout.end_s / 60.0
        for axis in axes:
            for edge in (start, end):
                axis.axvline(edge, color=INK, lw=0.8, ls=(0, (1, 2)), zorder=1)
        above: Any = {"transform": axes[0].get_xaxis_transform(), "clip_on": False}
        axes[0].plot([start, end], [1.02, 1.02], color=INK, lw=3, solid_capstyle="butt", **above)
        words = f"{bout.label or 'bout'} ({fmt.number(bout.minutes, 1)} min, by {bout.by})"
        axes[0].text(start, 1.05, words, fontsize=7, va="bottom", parse_math=False, **above)


def _has(recording: Recording, name: str) -> bool:
    return name in recording.data and bool(recording.data[name].notna().any())


def _panel(ax: Axes, recording: Recording, names: tuple[str, ...], labels: tuple[str, ...], unit: str) -> None:
    minutes = recording.data["time_s"].to_numpy() / 60.0
    for place, (name, label, colour) in enumerate(zip(names, labels, ARM_COLOURS[1:], strict=False)):
        if _has(recording, name):
            _line(ax, recording, minutes, recording.data[name].to_numpy(dtype="float64"), colour)
            ax.annotate(label, (1.0, 1.0 - 0.14 * place), xycoords="axes fraction", va="top", fontsize=7, color=colour)
    _shade(ax, recording, minutes)
    if names == ("rer",):
        ax.axhline(1.0, color=MUTED, lw=0.8, ls=(0, (4, 3)))
    ax.set_ylabel(f"{fmt.words(labels)} ({unit})")


def _line(ax: Axes, recording: Recording, minutes: np.ndarray, values: np.ndarray, colour: str) -> None:
    """Broken where there is no data, so that nothing is drawn that was not measured."""
    breaks = np.searchsorted(minutes, [start / 60.0 for start, _ in recording.gaps], side="right")
    ax.plot(np.insert(minutes, breaks, np.nan), np.insert(values, breaks, np.nan), color=colour, lw=0.9)


def _shade(ax: Axes, recording: Recording, minutes: np.ndarray) -> None:
    """Stretches without data, and those with a ratio above one."""
    for start, end in recording.gaps:
        ax.axvspan(start / 60.0, end / 60.0, color=_GAP, lw=0, zorder=0.5)
    if _has(recording, "rer"):
        above = (recording.data["rer"].to_numpy(dtype="float64") > 1.0).astype("int8")
        edges = np.flatnonzero(np.diff(above, prepend=0, append=0))
        for first, last in zip(edges[::2], edges[1::2], strict=True):
            ax.axvspan(minutes[first], minutes[min(last, len(minutes) - 1)], color=REGION, lw=0, zorder=0)
