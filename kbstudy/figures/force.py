"""Force traces: the recording, a jump with its events and phases, a pull with the times of its rates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from kbstudy import formatting as fmt
from kbstudy.figures.style import ARM_COLOURS, INK, MUTED, house_style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from kbstudy.measures.force import IsometricPull, Jump
    from kbstudy.recording import Recording

__all__ = ["plot_force", "plot_isometric_pull", "plot_jump"]

_FORCE: Final = ARM_COLOURS[1]
_PHASES: Final = ("#e0e7ef", "#fbe3d0", "#d6efe6")
_AROUND_S: Final = 0.4


def plot_force(recording: Recording, ax: Axes | None = None) -> Any:
    """Force over time, total and each plate.

    Returns
    -------
    matplotlib.figure.Figure or matplotlib.axes.Axes
    """
    import matplotlib.pyplot as plt

    with house_style():
        figure, axis = (None, ax) if ax is not None else plt.subplots(figsize=(6.7, 2.6), layout="constrained")
        assert axis is not None
        time = recording.data["time_s"]
        for name, label, colour in (
            ("force_1_n", "plate 1", ARM_COLOURS[2]),
            ("force_2_n", "plate 2", ARM_COLOURS[3]),
            ("force_n", "total", _FORCE),
        ):
            if name in recording.data:
                axis.plot(time, recording.data[name], color=colour, lw=0.9, label=label)
        if "force_1_n" in recording.data:
            axis.legend(fontsize=7)
        _labels(axis, _title(recording.file, recording.simulated), "Vertical force (N)")
        axis.set_xlabel("Time (s)")
    return ax if figure is None else figure


def plot_jump(jump: Jump, ax: Axes | None = None) -> Any:
    """Force with onset, take-off and landing, the phases shaded; velocity below.

    Parameters
    ----------
    jump
        From :func:`kbstudy.jump`.
    ax
        Draw only force here; a new figure with force and velocity if not given.

    Returns
    -------
    matplotlib.figure.Figure or matplotlib.axes.Axes
    """
    import matplotlib.pyplot as plt

    with house_style():
        if ax is not None:
            _jump_force(ax, jump)
            ax.set_xlabel("Time (s)")
            return ax
        figure, (top, bottom) = plt.subplots(
            2, 1, figsize=(6.7, 4.4), sharex=True, layout="constrained", height_ratios=(2, 1)
        )
        _jump_force(top, jump)
        _shade(bottom, jump)
        curves = _shown(jump)
        bottom.plot(curves["time_s"], curves["velocity_m_s"], color=ARM_COLOURS[2])
        bottom.axhline(0, color=MUTED, lw=0.8, ls=(0, (4, 3)))
        for moment in _moments(jump).values():
            bottom.axvline(moment, color=INK, lw=0.7, ls=(0, (1, 2)))
        speed = fmt.number(jump.takeoff_velocity_m_s, 2)
        bottom.plot([jump.takeoff_s], [jump.takeoff_velocity_m_s], "o", color=ARM_COLOURS[2], ms=4)
        bottom.annotate(
            f"{speed} m/s",
            (jump.takeoff_s, jump.takeoff_velocity_m_s),
            (6, 0),
            textcoords="offset points",
            ha="left",
            va="center",
            fontsize=7,
        )
        bottom.set(xlabel="Time (s)", ylabel="Velocity (m/s)")
    return figure


def _title(file: str, simulated: bool) -> str:
    return f"{'SIMULATED: ' if simulated else ''}{file}"


def _labels(ax: Axes, title: str, ylabel: str) -> None:
    ax.set_title(title, parse_math=False)
    ax.set_ylabel(ylabel)


def _moments(jump: Jump) -> dict[str, float]:
    first = "contact" if jump.kind == "drop" else "onset"
    return {first: jump.onset_s, "take-off": jump.takeoff_s, "landing": jump.landing_s}


def _shown(jump: Jump) -> Any:
    time = jump.curves["time_s"]
    return jump.curves[(time >= jump.onset_s - _AROUND_S) & (time <= jump.landing_s + 2 * _AROUND_S)]


def _jump_force(ax: Axes, jump: Jump) -> None:
    curves = _shown(jump)
    _shade(ax, jump, named=True)
    ax.plot(curves["time_s"], curves["force_n"], color=_FORCE)
    ax.axhline(jump.body_weight_n, color=MUTED, lw=0.8, ls=(0, (4, 3)))
    ax.annotate(
        f"body weight\n{jump.body_weight_n:.0f} N",
        ((jump.takeoff_s + jump.landing_s) / 2, jump.body_weight_n),
        (0, 2),
        textcoords="offset points",
        ha="center",
        va="bottom",
        fontsize=7,
        color=MUTED,
    )
    for name, moment in _moments(jump).items():
        ax.axvline(moment, color=INK, lw=0.7, ls=(0, (1, 2)))
        ax.annotate(
            f"{name}\n{moment:.3f} s",
            (moment, 1),
            (2, 0),
            xycoords=("data", "axes fraction"),
            textcoords="offset points",
            va="top",
            fontsize=7,
        )
    top = float(curves["force_n"].max())
    ax.set_ylim(min(-0.05 * top, float(curves["force_n"].min())), 1.25 * top)
    heights = (
        f"{fmt.number(jump.height_impulse_m, 3)} m (impulse), {fmt.number(jump.height_flight_time_m, 3)} m (flight)"
    )
    _labels(ax, f"{_title(jump.file, jump.simulated)}: {heights}", "Vertical force (N)")


def _shade(ax: Axes, jump: Jump, named: bool = False) -> None:
    start = jump.onset_s
    names = ("unweighting", "braking", "propulsion")
    lengths = (jump.unweighting_s, jump.braking_s, jump.propulsion_s)
    for name, length, colour in zip(names, lengths, _PHASES, strict=True):
        if np.isfinite(length) and length > 0:
            ax.axvspan(start, start + length, color=colour, lw=0, zorder=0)
            if named:
                ax.annotate(
                    name,
                    (start + length / 2, 0),
                    (0, 3),
                    xycoords=("data", "axes fraction"),
                    textcoords="offset points",
                    ha="center",
                    va="bottom",
                    fontsize=6,
                    color=MUTED,
                )
            start += length


def plot_isometric_pull(pull: IsometricPull, ax: Axes | None = None) -> Any:
    """Force with onset and peak, body weight, and the lines whose slopes are the rates of force development.

    Returns
    -------
    matplotlib.figure.Figure or matplotlib.axes.Axes
    """
    import matplotlib.pyplot as plt

    with house_style():
        if ax is not None:
            _pull(ax, pull, pull.onset_s - 1.0, pull.peak_s + 1.0)
            return ax
        figure, (left, right) = plt.subplots(1, 2, figsize=(6.7, 2.9), layout="constrained", width_ratios=(3, 2))
        _pull(left, pull, pull.onset_s - 1.0, pull.peak_s + 1.0)
        _onset(right, pull)
    return figure


def _pull(ax: Axes, pull: IsometricPull, start: float, end: float) -> None:
    curves = pull.curves
    near = curves[(curves["time_s"] >= start) & (curves["time_s"] <= end)]
    ax.plot(near["time_s"], near["force_n"], color=_FORCE)
    ax.axhline(pull.body_weight_n, color=MUTED, lw=0.8, ls=(0, (4, 3)))
    ax.annotate(
        f"body weight {pull.body_weight_n:.0f} N",
        (1, pull.body_weight_n),
        (0, 2),
        xycoords=("axes fraction", "data"),
        textcoords="offset points",
        ha="right",
        va="bottom",
        fontsize=7,
        color=MUTED,
    )
    ax.axvline(pull.onset_s, color=INK, lw=0.7, ls=(0, (1, 2)))
    ax.annotate(
        f"onset\n{pull.onset_s:.3f} s",
        (pull.onset_s, 1),
        (-3, 0),
        xycoords=("data", "axes fraction"),
        textcoords="offset points",
        ha="right",
        va="top",
        fontsize=7,
    )
    ax.plot([pull.peak_s], [pull.peak_force_n], "o", color=ARM_COLOURS[2], ms=4)
    ax.annotate(
        f"peak {pull.peak_force_n:.0f} N",
        (pull.peak_s, pull.peak_force_n),
        (0, 4),
        textcoords="offset points",
        ha="right",
        va="bottom",
        fontsize=7,
    )
    ax.set_ylim(top=1.12 * pull.peak_force_n)
    ax.set_xlabel("Time (s)")
    _labels(ax, _title(pull.file, pull.simulated), "Vertical force (N)")


def _onset(ax: Axes, pull: IsometricPull) -> None:
    """The first quarter of a second, in ms from onset."""
    since = 1000 * (pull.curves["time_s"] - pull.onset_s)
    near = (since >= -50) & (since <= 275)
    ax.plot(since[near], pull.curves["force_n"][near], color=_FORCE)
    for ms in (50, 100, 150, 200, 250):
        level = getattr(pull, f"force_{ms}_ms_n")
        if np.isfinite(level):
            ax.plot([0, ms], [pull.onset_force_n, level], color=MUTED, lw=0.7)
            ax.plot([ms], [level], "o", color=ARM_COLOURS[2], ms=3)
    ax.set_xlabel("Time from onset (ms)")
    ax.set_title("Rise of force")
