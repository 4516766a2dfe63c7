"""The result of a jump."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

import pandas as pd

from kbstudy import formatting as fmt
from kbstudy.measures.force.rules import methods_of
from kbstudy.measures.force.views import Row, notebook_view, table_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Jump", "JumpKind"]

JumpKind: TypeAlias = Literal["countermovement", "squat", "drop"]

_ROWS: Final[tuple[Row, ...]] = (
    ("body_weight_n", "N", "", 1),
    ("weighing_sd_n", "N", "", 2),
    ("body_mass_kg", "kg", "mass_of_weight", 2),
    ("threshold_s", "s", "threshold_5_sd", 3),
    ("onset_s", "s", "onset_5_sd_back_30_ms", 3),
    ("takeoff_s", "s", "flight_20_n", 3),
    ("landing_s", "s", "flight_20_n", 3),
    ("flight_time_s", "s", "flight_20_n", 3),
    ("takeoff_velocity_m_s", "m/s", "", 3),
    ("height_impulse_m", "m", "impulse_momentum", 4),
    ("height_flight_time_m", "m", "flight_time", 4),
    ("peak_force_n", "N", "peak_before_takeoff", 1),
    ("peak_power_w", "W", "force_times_velocity", 0),
    ("depth_m", "m", "displacement", 3),
    ("unweighting_s", "s", "phases_by_velocity", 3),
    ("braking_s", "s", "phases_by_velocity", 3),
    ("propulsion_s", "s", "phases_by_velocity", 3),
    ("unweighting_impulse_n_s", "N·s", "net_impulse", 2),
    ("braking_impulse_n_s", "N·s", "net_impulse", 2),
    ("propulsive_impulse_n_s", "N·s", "net_impulse", 2),
    ("impulse_closure_n_s", "N·s", "impulse_closure", 3),
    ("velocity_closure_m_s", "m/s", "velocity_closure", 3),
    ("rsi_modified", "m/s", "height_over_time_from_threshold", 3),
    ("rsi_modified_from_onset", "m/s", "height_over_time_from_onset", 3),
    ("rsi", "m/s", "height_over_contact_time", 3),
    ("contact_time_s", "s", "contact_20_n", 3),
    ("contact_velocity_m_s", "m/s", "", 3),
    ("effective_drop_height_m", "m", "effective_drop_height", 3),
    ("flight_force_n", "N", "mean_in_flight", 2),
)
_NAMES: Final = {"countermovement": "Countermovement jump", "squat": "Squat jump", "drop": "Drop jump"}


@dataclass(frozen=True, repr=False)
class Jump:
    """A vertical jump: events, heights by two methods, impulses, power; each value with its rule.

    Values that a kind of jump does not have are NaN and are not in the table.

    Parameters
    ----------
    kind
        ``"countermovement"``, ``"squat"`` or ``"drop"``.
    body_mass_kg, body_weight_n, weighing_sd_n
        From quiet standing.
    threshold_s, onset_s
        Where force leaves body weight ± 5 SD, and 30 ms before. Of a drop jump, both are the first contact.
    takeoff_s, landing_s, flight_time_s
        By 20 N.
    takeoff_velocity_m_s, height_impulse_m, height_flight_time_m
        Both heights, always. A landing with bent knees lengthens flight; an error of weighing changes the impulse.
    peak_force_n, peak_power_w
        Between onset and take-off.
    depth_m
        Lowest displacement of the centre of mass from onset (negative).
    unweighting_s, braking_s, propulsion_s, unweighting_impulse_n_s, braking_impulse_n_s, propulsive_impulse_n_s
        Length and net impulse of each phase.
    impulse_closure_n_s, velocity_closure_m_s
        What should be zero: propulsive impulse minus mass × take-off velocity, and the velocity left over where the
        person stands still at the other end of the trace.
    rsi_modified, rsi_modified_from_onset
        Height by impulse over the time to take-off, counted from the threshold or from onset. Publications use both;
        compare only like with like.
    rsi, contact_time_s, contact_velocity_m_s, effective_drop_height_m
        Of a drop jump.
    flight_force_n
        Mean force in flight, which is the zero of the plate.
    rules
        Rules that depend on the kind of jump; the others stand in the table.
    notes
        What to know before using a number.
    gravity_m_s2, sampling_hz
        What everything rests on.
    curves
        ``time_s, force_n, velocity_m_s, displacement_m, power_w``.
    file, sha256, simulated
        Of the recording.
    """

    kind: JumpKind
    body_mass_kg: float
    body_weight_n: float
    weighing_sd_n: float
    threshold_s: float
    onset_s: float
    takeoff_s: float
    landing_s: float
    flight_time_s: float
    takeoff_velocity_m_s: float
    height_impulse_m: float
    height_flight_time_m: float
    peak_force_n: float
    peak_power_w: float
    depth_m: float
    unweighting_s: float
    braking_s: float
    propulsion_s: float
    unweighting_impulse_n_s: float
    braking_impulse_n_s: float
    propulsive_impulse_n_s: float
    impulse_closure_n_s: float
    velocity_closure_m_s: float
    rsi_modified: float
    rsi_modified_from_onset: float
    rsi: float
    contact_time_s: float
    contact_velocity_m_s: float
    effective_drop_height_m: float
    flight_force_n: float
    rules: Mapping[str, str]
    notes: tuple[str, ...]
    gravity_m_s2: float
    sampling_hz: float
    curves: pd.DataFrame = field(compare=False)
    file: str = ""
    sha256: str = ""
    simulated: bool = False

    @property
    def height_difference_m(self) -> float:
        """Height by flight time minus height by impulse."""
        return self.height_flight_time_m - self.height_impulse_m

    def table(self) -> pd.DataFrame:
        """Every value that there is: ``quantity, value, unit, rule``. Rules are spelled out by :meth:`methods`."""
        return table_of(self, _ROWS, self.rules)

    def sentence(self) -> str:
        """The findings in words."""
        stamp = "[SIMULATED] " if self.simulated else ""
        speed = fmt.number(self.takeoff_velocity_m_s, 2)
        words = [
            f"{stamp}{_NAMES[self.kind]}: {fmt.number(self.height_impulse_m, 3)} m by impulse and "
            f"{fmt.number(self.height_flight_time_m, 3)} m by flight time (take-off at {speed} m/s, body mass "
            f"{fmt.number(self.body_mass_kg, 1)} kg)."
        ]
        strength = f"Peak force {fmt.number(self.peak_force_n, 0)} N, peak power {fmt.number(self.peak_power_w, 0)} W"
        if self.kind == "drop":
            contact = f"contact {fmt.number(self.contact_time_s, 3)} s, RSI {fmt.number(self.rsi, 2)} m/s"
            words.append(f"{strength}, {contact}.")
        else:
            words.append(f"{strength}, RSImod {fmt.number(self.rsi_modified, 3)} m/s.")
        return " ".join(words)

    def methods(self) -> str:
        """How it was computed, for a methods section, with sources."""
        sampled = (
            f"Vertical force was sampled at {self.sampling_hz:g} Hz and not filtered; g = {self.gravity_m_s2:g} m/s²."
        )
        return f"{sampled} {methods_of(list(self.table()['rule']))}"

    def plot(self, ax: Axes | None = None) -> Any:
        """Force over time with the events, and velocity below it (only force if ``ax`` is given)."""
        from kbstudy.figures.force import plot_jump

        return plot_jump(self, ax=ax)

    def __str__(self) -> str:
        return "\n".join([self.sentence(), *(f"- {note}" for note in self.notes)])

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        return notebook_view(self, _ROWS)
