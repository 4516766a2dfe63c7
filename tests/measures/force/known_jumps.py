"""Jumps whose integrals are known exactly: force is a chain of straight lines, so velocity is a chain of parabolas.

Nothing here comes from a person. Truth is worked out at the knots and at the crossings of 20 N in continuous time; a
measured value may differ from it by what happens between two samples.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from kbstudy.recording import Recording

G = 9.81
UNLOADED_N = 20.0


@dataclass(frozen=True)
class Truth:
    """A trace as knots, and what is true of it."""

    times: np.ndarray
    forces: np.ndarray
    mass: float
    takeoff: float
    landing: float
    takeoff_velocity: float
    movement: float
    contact: float = math.nan
    contact_velocity: float = math.nan

    @property
    def weight(self) -> float:
        return self.mass * G

    @property
    def height(self) -> float:
        return self.takeoff_velocity**2 / (2 * G)

    @property
    def height_by_flight(self) -> float:
        return G * (self.landing - self.takeoff) ** 2 / 8

    @cached_property
    def fine(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Time, force and velocity from movement (or contact) to take-off, every 10 µs."""
        start = self.contact if math.isfinite(self.contact) else self.movement
        time = np.linspace(start, self.takeoff, 200_001)
        force = np.interp(time, self.times, self.forces)
        net = (force - self.weight) / self.mass
        step = time[1] - time[0]
        velocity = np.concatenate([[0.0], np.cumsum((net[1:] + net[:-1]) / 2) * step])
        return time, force, velocity - velocity[-1] + self.takeoff_velocity

    def recording(self, hz: float = 1000.0, **more: object) -> Recording:
        time = np.arange(int(self.times[-1] * hz)) / hz
        force = np.interp(time, self.times, self.forces)
        return as_recording(time, force, hz, **more)


def as_recording(time: np.ndarray, force: np.ndarray, hz: float, **more: object) -> Recording:
    """Arrays as a reader would give them."""
    data = pd.DataFrame({"time_s": time, "force_n": force})
    return Recording(data, "force", "made_up.csv", "made up", averaging="sample", sampling_hz=hz, **more)


def area(times: np.ndarray, net: np.ndarray) -> float:
    """Integral of a chain of straight lines, exact."""
    return float(np.sum((net[1:] + net[:-1]) / 2 * np.diff(times)))


def _crossing(times: np.ndarray, forces: np.ndarray) -> float:
    """Where the last straight line passes 20 N."""
    share = (forces[-1] - UNLOADED_N) / (forces[-1] - forces[-2])
    return float(times[-1] - share * (times[-1] - times[-2]))


def _landing(start: float, velocity: float, mass: float) -> tuple[np.ndarray, np.ndarray]:
    """Knots of a landing that takes all of a downward velocity, then quiet standing."""
    weight = mass * G
    after = np.array([0.0, 0.04, 0.16, 0.5])
    # the peak enters the area linearly: (after[2] - 0)/2 of it
    rest = np.array([0.0, 0.0, 1.25, 1.0]) * weight
    peak = (mass * velocity - area(after, rest - weight)) / (after[2] / 2)
    rest[1] = peak
    times = np.append(start + after, start + 2.5)
    return times, np.append(rest, weight)


def _jump(mass: float, push: np.ndarray, levels: np.ndarray, quiet_s: float, before: float) -> Truth:
    """A push from rest, or from velocity ``before`` at contact, a flight, a landing."""
    weight = mass * G
    times, forces = quiet_s + push, levels * weight
    leaving = before + area(times, forces - weight) / mass
    assert leaving > 0
    back = times[-1] + 2 * leaving / G
    landing_times, landing_forces = _landing(back, leaving, mass)
    takeoff = _crossing(times, forces)
    # between 20 N and 0 N the mean force is 10 N
    velocity = leaving - (UNLOADED_N / 2 - weight) / mass * (times[-1] - takeoff)
    first = 0.0 if before else weight
    lead_times, lead_forces = ([0.0], [first])
    landing = back + UNLOADED_N / landing_forces[1] * 0.04
    contact = times[0] + UNLOADED_N / forces[1] * (times[1] - times[0]) if before else math.nan
    at_contact = before + (UNLOADED_N / 2 - weight) / mass * (contact - times[0]) if before else math.nan
    return Truth(
        np.concatenate([lead_times, times, landing_times]),
        np.concatenate([lead_forces, forces, landing_forces]),
        mass,
        takeoff,
        landing,
        velocity,
        float(times[0]),
        contact,
        at_contact,
    )


def countermovement(mass: float = 70.0, strength: float = 2.7) -> Truth:
    push = np.array([0.0, 0.18, 0.40, 0.62, 0.69])
    return _jump(mass, push, np.array([1.0, 0.3, 1.7, strength, 0.0]), 1.5, 0.0)


def squat(mass: float = 70.0, strength: float = 2.0) -> Truth:
    push = np.array([0.0, 0.22, 0.32, 0.38])
    return _jump(mass, push, np.array([1.0, 0.9 * strength, strength, 0.0]), 1.5, 0.0)


def drop(mass: float = 70.0, strength: float = 5.0, height_m: float = 0.30) -> Truth:
    push = np.array([0.0, 0.08, 0.16, 0.25])
    levels = np.array([0.0, 0.8 * strength, strength, 0.0])
    return _jump(mass, push, levels, 1.0, -math.sqrt(2 * G * height_m))


KINDS = {"countermovement": countermovement, "squat": squat, "drop": drop}
