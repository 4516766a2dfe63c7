"""From a force trace to a jump: weighing, events, integration, checks."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import pandas as pd

from kbstudy import formatting as fmt
from kbstudy.errors import DataError, PlanError, Problem, did_you_mean
from kbstudy.measures.force.jumps import Jump, JumpKind
from kbstudy.measures.force.rules import GRAVITY
from kbstudy.measures.force.standing import Weighing, WeighingRule, weigh
from kbstudy.measures.force.traces import Floats, Force, force_of, running_integral, runs, spread_of_windows
from kbstudy.recording import Recording

__all__ = ["jump"]

_KINDS: Final = ("countermovement", "squat", "drop")
_WEIGHED: Final[dict[str, WeighingRule]] = {
    "countermovement": "first_second",
    "squat": "last_second",
    "drop": "last_second",
}
_WEIGH_LATE: Final = 'Leave weighing out ("last_second"), or give a window after landing.'
_SHORTEST_S: Final = 1.5
#: N. Below it the plate is unloaded.
_UNLOADED_N: Final = 20.0
_SHORTEST_FLIGHT_S: Final = 0.1
_QUIET_S: Final = 0.1
_BACK_S: Final = 0.03
#: Nobody has jumped higher, nor lowered the centre of mass further before a jump.
_HIGHEST_M: Final = 1.0
_DEEPEST_M: Final = 0.75
_REMARKABLE_M: Final = 0.6
_REMARKABLE_DEPTH_M: Final = 0.55
#: From here on what should agree, or be zero, is named.
_HEIGHTS_DIFFER: Final = 0.10
_ZERO_NAMED_N: Final = 5.0
_CLOSURE_NAMED_M_S: Final = 0.1
_MASS_DIFFERS: Final = 0.02
_SLOWEST_S: Final = 2.0
_SQUAT_DIP_M: Final = 0.02
_DROP_DIFFERS: Final = 0.2
_LONGEST_BETWEEN_SAMPLES_HZ: Final = 500.0


def jump(
    recording: Recording,
    *,
    kind: JumpKind = "countermovement",
    drop_height_m: float | None = None,
    weighing: WeighingRule | None = None,
    gravity_m_s2: float = GRAVITY,
) -> Jump:
    """Measure one vertical jump on a force plate.

    Parameters
    ----------
    recording
        From :func:`kbstudy.read_force`. One jump; cut longer trials with ``recording.between(start_s, end_s)``.
    kind
        ``"countermovement"``: stand still for a second, dip and jump. ``"squat"``: from a held squat, then stand still
        after landing. ``"drop"``: from a box on to the unloaded plate, jump, then stand still after landing.
    drop_height_m
        Height of the box of a drop jump. It is only held against the drop that was measured.
    weighing
        When the person stands still: ``"first_second"`` (the rule for a countermovement jump), ``"last_second"`` (for
        squat and drop jumps), ``"quietest_second"``, or ``(start_s, end_s)``.
    gravity_m_s2
        Published software uses 9.81. It changes mass and height by 0.03 % against the standard 9.80665.

    Returns
    -------
    Jump
        Heights by impulse and by flight time, take-off velocity, forces, power, impulses; ``.table()``,
        ``.sentence()``, ``.methods()``, ``.plot()``.

    Raises
    ------
    DataError
        If the trace is too short, nobody stands still in it, there is no flight or no landing, the plate is not at
        zero in flight, or a height or depth is more than a person can do (then the sampling rate is probably wrong).
    PlanError
        If an argument cannot be.

    When not to use
    ---------------
    On traces that were filtered below about 25 Hz: onset and take-off shift. For repeated jumps without standing still
    in between. With arms or a bar on a second support.

    Notes
    -----
    Countermovement jumps are integrated forwards from onset, squat and drop jumps backwards from quiet standing after
    landing: a drop does not begin at rest, and a held squat seldom is as quiet as standing. A squat jump that is
    weighed before it (``weighing="first_second"``) is integrated forwards.

    **The sampling rate cannot be checked by comparing heights.** Both go with its inverse square. Read at half its
    rate, a jump of 0.32 m is one of 1.28 m by both methods. It is refused because nobody jumps so high, not because
    the methods disagree; an error that leaves a possible height stays unseen.

    **RSImod.** Publications count the time to take-off from the passing of the 5-SD threshold or from onset, 30 ms
    earlier. ``rsi_modified`` counts from the threshold; ``rsi_modified_from_onset`` is the other one.

    References
    ----------
    Owen et al. 2014, doi:10.1519/JSC.0000000000000311; McMahon et al. 2018, doi:10.1519/SSC.0000000000000375; Linthorne
    2001, doi:10.1119/1.1397460; Wade et al. 2022, doi:10.1080/02640414.2022.2059319

    Validated against
    -----------------
    Traces whose integrals are known exactly, for all three kinds (``tests/measures/force/``); a published
    countermovement trace (0.3202 m by flight time, 0.3205 m by impulse at 1000 Hz).

    Examples
    --------
    >>> from kbstudy.recording import Recording
    >>> t = np.arange(0, 4, 0.001)
    >>> at = [0, 1.2, 1.4, 1.7, 1.95, 2.0, 2.45, 2.49, 2.65, 3.0, 4]
    >>> force = np.interp(t, at, [700, 700, 150, 1400, 1500, 0, 0, 1900, 900, 700, 700])
    >>> trace = Recording(pd.DataFrame({"time_s": t, "force_n": force}), "force", "made_up.csv", "example",
    ...                   averaging="sample", sampling_hz=1000)
    >>> print(jump(trace).sentence())
    Countermovement jump: 0.248 m by impulse and 0.249 m by flight time (take-off at 2.21 m/s, body mass 71.4 kg). \
Peak force 1500 N, peak power 3258 W, RSImod 0.311 m/s.
    """
    _check_arguments(kind, drop_height_m, gravity_m_s2)
    force = force_of(recording, _SHORTEST_S)
    weighed = weigh(force, weighing or _WEIGHED[kind], gravity_m_s2)
    work = _Work(force, kind, weighed, gravity_m_s2)
    return work.result(recording, drop_height_m)


def _check_arguments(kind: str, drop_height_m: float | None, gravity: float) -> None:
    if kind not in _KINDS:
        raise PlanError(
            Problem(f'there is no kind "{kind}"{did_you_mean(str(kind), _KINDS)}', do=f"Known are {', '.join(_KINDS)}.")
        )
    if drop_height_m is not None and kind != "drop":
        raise PlanError(f'drop_height_m was given for kind = "{kind}"; only a drop jump has one')
    if drop_height_m is not None and not 0.05 <= drop_height_m <= 2.0:
        raise PlanError(f"drop_height_m = {drop_height_m:g} is no height of a box in metres")
    if not 9.7 <= gravity <= 9.9:
        raise PlanError(f"gravity_m_s2 = {gravity:g} is nowhere on Earth; it is 9.78 to 9.83")


@dataclass(frozen=True)
class _Events:
    """Samples: where movement passes the threshold, onset, take-off, landing."""

    threshold: int
    onset: int
    takeoff: int
    landing: int
    notes: tuple[str, ...] = ()


class _Work:
    """One jump while it is worked on."""

    def __init__(self, force: Force, kind: JumpKind, weighed: Weighing, gravity: float) -> None:
        self.force, self.kind, self.weighed, self.gravity = force, kind, weighed, gravity
        self.mass = weighed.weight / gravity
        self.events = _events(force, kind, weighed)
        # A held squat that was weighed is at rest as well; after a drop only the standing is.
        self.forwards = kind == "countermovement" or (kind == "squat" and weighed.first < self.events.takeoff)
        self.velocity, self.displacement = self._integrated()
        self.lowest, self.turn = self._phases()

    # ---- curves ----

    def _integrated(self) -> tuple[Floats, Floats]:
        """Velocity and displacement; both zero at onset (forwards) or in standing (backwards)."""
        events, total = self.events, self.force.total.copy()
        total[events.takeoff : events.landing] = 0.0
        if self.kind == "drop":
            total[: events.onset] = 0.0
        net = (total - self.weighed.weight) / self.mass
        still = events.onset if self.forwards else self.weighed.first
        velocity = running_integral(net, self.force.hz)
        velocity -= velocity[still]
        if self.forwards:
            velocity[:still] = 0.0
        displacement = running_integral(velocity, self.force.hz)
        return velocity, displacement - displacement[events.onset]

    def _phases(self) -> tuple[int, int]:
        """Samples of the lowest velocity before take-off, and of the first one after it that is not downwards."""
        events = self.events
        before = self.velocity[events.onset : events.takeoff + 1]
        lowest = int(before.argmin())
        upwards = np.flatnonzero(before[lowest:] >= 0.0)
        if not len(upwards) or not before[-1] > 0.0:
            what = f"velocity at take-off is {before[-1]:.2f} m/s, so the person does not leave the plate upwards"
            raise self.force.error(what, "Look at the trace with .plot(); choose weighing, or cut the trial.")
        return events.onset + lowest, events.onset + lowest + int(upwards[0])

    def _impulse(self, first: int, last: int) -> float:
        net = self.force.total[first : last + 1] - self.weighed.weight
        return float(running_integral(net, self.force.hz)[-1])

    def curves(self) -> pd.DataFrame:
        first = self.events.onset if self.kind == "drop" else 0
        force, velocity = self.force.total[first:], self.velocity[first:]
        columns = {
            "time_s": self.force.time[first:],
            "force_n": force,
            "velocity_m_s": velocity,
            "displacement_m": self.displacement[first:],
            "power_w": force * velocity,
        }
        return pd.DataFrame(columns)

    # ---- checks ----

    def check(self, impulse_m: float, flight_m: float, depth: float) -> None:
        """Refuse what no person can do."""
        rate = f"{self.force.hz:g} Hz"
        if max(impulse_m, flight_m) > _HIGHEST_M:
            what = (
                f"at {rate} this is a jump of {impulse_m:.3f} m by impulse and {flight_m:.3f} m by flight time; nobody "
                f"jumps above {_HIGHEST_M:g} m"
            )
            do = (
                "Find out the sampling rate. Both heights go with its inverse square, so that they agree says nothing "
                "about it."
            )
            raise self.force.error(what, do)
        if depth < -_DEEPEST_M:
            what = f"at {rate} the centre of mass goes down by {-depth:.2f} m before the jump, further than legs allow"
            raise self.force.error(what, "Find out the sampling rate, and whether the person stood still in weighing.")

    def flight_force(self) -> tuple[float, list[str]]:
        """Mean of the plate in flight, which should be zero, and what to say about it."""
        trim = self.force.samples(_BACK_S)
        flight = slice(self.events.takeoff + trim, max(self.events.landing - trim, self.events.takeoff + trim + 1))
        zero = float(self.force.total[flight].mean())
        if abs(zero) > _UNLOADED_N:
            what = f"the plate reads {zero:.1f} N in flight, where it must read 0"
            raise self.force.error(what, "Zero the unloaded plate before recording. It is not mended here.")
        notes = []
        if abs(zero) > _ZERO_NAMED_N:
            mass = abs(zero) / self.gravity
            notes.append(f"The plate reads {zero:.1f} N in flight: body mass is off by {mass:.2f} kg.")
        zeros = [float(plate[flight].mean()) for plate in self.force.plates]
        if zeros and max(map(abs, zeros)) > _ZERO_NAMED_N:
            both = " and ".join(fmt.number(each, 1) for each in zeros)
            notes.append(
                f"The plates read {both} N in flight, where each must read 0: their zeros are unequal. The sides "
                "cannot be compared."
            )
        return zero, notes

    def closure(self) -> float:
        """Velocity where the person is still at the end that integration did not start from; NaN without one."""
        if self.kind == "drop":
            return math.nan
        if not self.forwards:
            return float(self.velocity[self.events.onset])
        second = self.force.samples(1.0)
        first = len(self.force.total) - second
        if first <= self.events.landing:
            return math.nan
        last = self.force.total[first:]
        still = last.std(ddof=1) < 0.03 * self.weighed.weight and abs(last.mean() / self.weighed.weight - 1) < 0.03
        return float(self.velocity[first]) if still else math.nan

    # ---- the result ----

    def result(self, recording: Recording, drop_height_m: float | None) -> Jump:
        force, events, gravity, time = self.force, self.events, self.gravity, self.force.time
        dips, drop = self.kind == "countermovement", self.kind == "drop"
        takeoff_v = float(self.velocity[events.takeoff])
        flight_s = float(events.landing - events.takeoff) / force.hz
        height, by_flight = takeoff_v**2 / (2 * gravity), gravity * flight_s**2 / 8
        window = slice(events.onset, events.takeoff + 1)
        depth = float(self.displacement[window].min())
        self.check(height, by_flight, depth)
        zero, notes = self.flight_force()
        propulsive = self._impulse(self.turn, events.takeoff)
        to_takeoff = float(events.takeoff - events.onset) / force.hz
        contact_v = float(self.velocity[events.onset]) if drop else math.nan
        closure = self.closure()
        made = Jump(
            kind=self.kind,
            body_mass_kg=self.mass,
            body_weight_n=self.weighed.weight,
            weighing_sd_n=self.weighed.sd,
            threshold_s=float(time[events.threshold]),
            onset_s=float(time[events.onset]),
            takeoff_s=float(time[events.takeoff]),
            landing_s=float(time[events.landing]),
            flight_time_s=flight_s,
            takeoff_velocity_m_s=takeoff_v,
            height_impulse_m=height,
            height_flight_time_m=by_flight,
            peak_force_n=float(force.total[window].max()),
            peak_power_w=float((force.total[window] * self.velocity[window]).max()),
            depth_m=depth,
            unweighting_s=(self.lowest - events.onset) / force.hz if dips else math.nan,
            braking_s=(self.turn - (self.lowest if dips else events.onset)) / force.hz if dips or drop else math.nan,
            propulsion_s=(events.takeoff - (self.turn if dips or drop else events.onset)) / force.hz,
            unweighting_impulse_n_s=self._impulse(events.onset, self.lowest) if dips else math.nan,
            braking_impulse_n_s=self._impulse(self.lowest if dips else events.onset, self.turn)
            if dips or drop
            else math.nan,
            propulsive_impulse_n_s=propulsive,
            impulse_closure_n_s=propulsive - self.mass * takeoff_v,
            velocity_closure_m_s=closure,
            rsi_modified=math.nan if drop else height * force.hz / (events.takeoff - events.threshold),
            rsi_modified_from_onset=math.nan if drop else height / to_takeoff,
            rsi=height / to_takeoff if drop else math.nan,
            contact_time_s=to_takeoff if drop else math.nan,
            contact_velocity_m_s=contact_v,
            effective_drop_height_m=contact_v**2 / (2 * gravity) if drop else math.nan,
            flight_force_n=zero,
            rules=self._rules(),
            notes=(),
            gravity_m_s2=gravity,
            sampling_hz=force.hz,
            curves=self.curves(),
            file=recording.file,
            sha256=recording.sha256,
            simulated=recording.simulated,
        )
        told = [*self.weighed.notes, *events.notes, *notes, *_odd(made, recording, drop_height_m)]
        return _with_notes(made, tuple(told))

    def _rules(self) -> dict[str, str]:
        velocity = "forward_from_onset" if self.forwards else "backward_from_standing"
        rules = {
            "body_weight_n": self.weighed.rule,
            "weighing_sd_n": self.weighed.rule,
            "takeoff_velocity_m_s": velocity,
            "contact_velocity_m_s": velocity,
        }
        return rules | (dict.fromkeys(("threshold_s", "onset_s"), "contact_20_n") if self.kind == "drop" else {})


def _with_notes(made: Jump, notes: tuple[str, ...]) -> Jump:
    return replace(made, notes=notes)


# ---- events ------------------------------------------------------------------------------------------------------


def _events(force: Force, kind: JumpKind, weighed: Weighing) -> _Events:
    contact = _contact(force) if kind == "drop" else None
    takeoff, landing, notes = _flight(force, kind, weighed, contact)
    if contact is not None:
        return _Events(contact, contact, takeoff, landing, notes)
    threshold, more = _threshold(force, weighed, takeoff)
    onset = max(0, threshold - force.samples(_BACK_S))
    return _Events(threshold, onset, takeoff, landing, notes + more)


def _contact(force: Force) -> int:
    unloaded = force.total < _UNLOADED_N
    first = runs(unloaded, max(2, force.samples(0.01)))
    if not first or first[0][0] > force.samples(0.05) or first[0][1] >= len(force.total):
        what = "the trace does not begin with an unloaded plate, so the first contact of a drop jump is not in it"
        raise force.error(what, "Record from before the drop, on one plate that is free; or choose another kind.")
    return first[0][1]


def _flight(force: Force, kind: JumpKind, weighed: Weighing, contact: int | None) -> tuple[int, int, tuple[str, ...]]:
    """Take-off and landing of the flight that belongs to this kind of jump: the one next to weighing."""
    found = runs(force.total < _UNLOADED_N, max(2, force.samples(_SHORTEST_FLIGHT_S)))
    whole = [run for run in found if run[0] > 0 and run[1] < len(force.total)]
    earlier = [run for run in whole if run[1] <= weighed.first and (contact is None or run[0] >= contact)]
    later = [run for run in whole if run[0] >= weighed.last]
    if kind == "drop" and later and not earlier:
        raise force.error("a drop jump is weighed after landing, and the weighing is before it", _WEIGH_LATE)
    flights = (later or earlier) if kind == "countermovement" else (earlier or later)
    if not flights:
        raise _no_flight(force, bool(found) and found[-1][1] == len(force.total), weighed, contact)
    place = -1 if flights is earlier and kind != "drop" else 0
    takeoff, landing = flights[place]
    if len(flights) == 1:
        return takeoff, landing, ()
    which = "last" if place else "first"
    note = f"The trace has {len(flights)} flights; the {which} one, at {force.time[takeoff]:.2f} s, was measured."
    return takeoff, landing, (note,)


def _no_flight(force: Force, truncated: bool, weighed: Weighing, contact: int | None) -> DataError:
    if truncated:
        what = "the trace ends in flight, or the person left the plate: there is no landing in it"
        return force.error(what, "Record until the person stands still again.")
    width = max(2, force.samples(_SHORTEST_FLIGHT_S))
    after = contact or (weighed.last if weighed.last < len(force.total) else 0)
    rest = force.total[after:]
    if len(rest) > width:
        mean, spread = spread_of_windows(rest, width)
        place = int(mean.argmin())
        if spread[place] < _ZERO_NAMED_N and mean[place] < 0.5 * np.median(rest):
            what = (
                f"the plate never reads less than 20 N for 0.1 s; its lowest tenth of a second is {mean[place]:.1f} N"
            )
            return force.error(what, "If that is the flight, the plate was not zeroed. It is not mended here.")
    what = "there is no flight in the trace: force is never below 20 N for 0.1 s after weighing"
    return force.error(what, "Check that the trial is a jump and its kind, and that it is not cut off.")


def _threshold(force: Force, weighed: Weighing, takeoff: int) -> tuple[int, tuple[str, ...]]:
    """First sample outside the band after the last quiet tenth of a second before take-off."""
    outside = np.abs(force.total - weighed.weight) > weighed.band
    quiet = runs(~outside[:takeoff], max(2, force.samples(_QUIET_S)))
    if not quiet:
        what = "force is never still for 0.1 s before take-off (within body weight ± 5 SD), so there is no onset"
        raise force.error(what, 'The person must stand still before the jump. Try weighing = "quietest_second".')
    place = quiet[-1][1]
    notes = []
    early = np.flatnonzero(outside[weighed.last : place]) if weighed.last < place else np.array([], dtype=int)
    if len(early):
        first = force.time[weighed.last + int(early[0])]
        notes.append(
            f"Force left body weight ± 5 SD for a moment at {first:.3f} s and came back; onset is the last departure."
        )
    return place, tuple(notes)


# ---- what to know ------------------------------------------------------------------------------------------------


def _odd(made: Jump, recording: Recording, drop_height_m: float | None) -> Iterator[str]:
    yield from _about_heights(made)
    yield from _about_movement(made)
    if made.sampling_hz < _LONGEST_BETWEEN_SAMPLES_HZ:
        yield f"At {made.sampling_hz:g} Hz an event is only known to {1000 / made.sampling_hz:.1f} ms."
    stated = recording.body_mass_kg
    if stated is not None and abs(made.body_mass_kg / stated - 1) > _MASS_DIFFERS:
        source = f" ({recording.body_mass_source})" if recording.body_mass_source else ""
        yield f"The plate weighs {made.body_mass_kg:.1f} kg; the recording says {stated:g} kg{source}."
    if drop_height_m is not None and abs(made.effective_drop_height_m / drop_height_m - 1) > _DROP_DIFFERS:
        yield (
            f"The drop that was measured is {made.effective_drop_height_m:.2f} m, the box is {drop_height_m:g} m: the "
            "person stepped down or jumped off, or did not stand still at the end."
        )


def _about_heights(made: Jump) -> Iterator[str]:
    if made.height_impulse_m > _REMARKABLE_M or made.depth_m < -_REMARKABLE_DEPTH_M:
        yield (
            f"A jump of {made.height_impulse_m:.2f} m from a depth of {-made.depth_m:.2f} m is at the edge of what "
            f"people do. Be sure of the sampling rate of {made.sampling_hz:g} Hz: no other check would show an error."
        )
    share = made.height_difference_m / made.height_impulse_m
    if abs(share) > _HEIGHTS_DIFFER:
        why = "a landing with bent knees lengthens flight" if share > 0 else "body weight may be off"
        yield (
            f"The two heights differ by {fmt.number(100 * share, 0)}% ({made.height_impulse_m:.3f} m by impulse, "
            f"{made.height_flight_time_m:.3f} m by flight time): {why}."
        )
    if abs(made.velocity_closure_m_s) > _CLOSURE_NAMED_M_S:
        yield (
            f"Integration leaves {fmt.number(made.velocity_closure_m_s, 2)} m/s where the person stands still: body "
            "weight or the zero of the plate drifted."
        )


def _about_movement(made: Jump) -> Iterator[str]:
    to_takeoff = made.takeoff_s - made.onset_s
    if made.kind != "drop" and to_takeoff > _SLOWEST_S:
        yield f"Take-off is {to_takeoff:.2f} s after onset, which is long; check the sampling rate and onset."
    if made.kind == "squat" and made.depth_m < -_SQUAT_DIP_M:
        yield f"The centre of mass goes down by {-made.depth_m:.3f} m first: this squat jump has a countermovement."
    if made.kind == "countermovement" and made.depth_m > -_SQUAT_DIP_M:
        yield "The centre of mass does not go down first: this may be a squat jump."
    if made.kind == "countermovement":
        curves = made.curves
        first = curves.loc[curves["time_s"] >= made.threshold_s - 0.5 / made.sampling_hz, "force_n"].iloc[0]
        if first > made.body_weight_n:
            yield "Force rises before it falls: a push or a lift of the arms precedes the dip, and onset includes it."
