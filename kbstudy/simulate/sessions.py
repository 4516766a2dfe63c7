"""Simulated sessions of kettlebell swings under a metabolic cart: 15 s of work and 15 s of rest, forty times.

The shape of a session follows what is known of such work: uptake rises with a time constant of about 35 s, goes up and
down a little with every swing and rest, RER passes 1 in the first minutes and again after the end, and recovery is not
over when the recording stops. The numbers are made up.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kbstudy.simulate.exports import Breaths, cosmed_omnia, mgc_breeze, parvo

__all__ = ["END_S", "LAST_S", "START_S", "Swinger", "session", "write_sessions"]

Floats = NDArray[np.float64]

#: Seconds of the recording's clock: the first swing, the end of the last work, the end of the recording.
START_S: Final = 180.0
END_S: Final = START_S + 40 * 30.0 - 15.0
LAST_S: Final = END_S + 15.0 + 360.0

_VISIT: Final = "Week 8"
_RECORDED: Final = 12  # the others had no time for it, as in real trials
#: Seconds during which the mask was lifted for a drink.
_DRINK: Final = (764.0, 806.0)
_REST_ML_KG: Final = 4.4  # standing, with the mask on
_RIPPLE_S: Final = 30.0
_WRITERS: Final = (("csv", parvo), ("csv", mgc_breeze), ("xlsx", cosmed_omnia))


@dataclass(frozen=True, slots=True)
class Swinger:
    """Who swings: the id of the trial, body mass in kg, age in years."""

    id: str
    female: bool
    age: float
    mass_kg: float


def write_sessions(folder: Path, people: Sequence[Swinger], *, rng: np.random.Generator) -> None:
    """Write one export a person into ``folder``: of Parvo, MGC and COSMED in turn.

    In one file the mask was lifted for a drink, and one file does not say the body mass.

    Parameters
    ----------
    folder
        Where to write; must exist.
    people
        Those who were there at the visit; twelve of them were recorded.
    rng
        Source of randomness.
    """
    chosen = sorted(rng.choice(len(people), min(_RECORDED, len(people)), replace=False).tolist())
    for number, person in enumerate(people[place] for place in chosen):
        breaths = session(person, rng=rng)
        suffix, write = _WRITERS[number % len(_WRITERS)]
        if number == 1:
            breaths = breaths[(breaths.time_s < _DRINK[0]) | (breaths.time_s > _DRINK[1])]
        mass = None if number == 5 else person.mass_kg
        (folder / f"{person.id}_{_VISIT}.{suffix}").write_bytes(write(breaths, person.id, mass))


def session(person: Swinger, *, rng: np.random.Generator) -> Breaths:
    """One session, breath by breath: standing rest of 3 min, 20 min of work and rest, 6 min of recovery.

    Parameters
    ----------
    person
        Who swings.
    rng
        Source of randomness.
    """
    fitness = 43.0 - 6.0 * person.female - 0.12 * (person.age - 40.0) + rng.normal(0.0, 2.5)
    largest = fitness * (80.0 / person.mass_kg) ** (1 / 3)  # VO2max, mL/kg/min: less a kilogram in heavier people
    share = rng.uniform(0.64, 0.74)
    time, breathing = _breath_times(rng.uniform(14.0, 18.0), rng.uniform(31.0, 38.0), rng)
    work = _work(time)
    ripple = 0.05 * np.sin(2 * np.pi * (time - START_S - 18.0) / _RIPPLE_S) * _during(time, 60.0)
    depth = np.exp(rng.normal(0.0, 0.07, len(time)))  # of each breath: moves all volumes alike
    vo2 = person.mass_kg / 1000 * (_REST_ML_KG + (share * largest - _REST_ML_KG) * (work + ripple)) * depth
    rer = _rer(time, rng.uniform(0.80, 0.86), rng.uniform(0.95, 0.98)) + rng.normal(0.0, 0.015, len(time))
    vco2 = vo2 * rer
    ve = vco2 * (rng.uniform(25.0, 29.0) + 6.0 * np.exp(-vco2)) * np.exp(rng.normal(0.0, 0.02, len(time)))
    highest = 208.0 - 0.7 * person.age  # Tanaka 2001
    rest, peak = rng.uniform(72.0, 88.0), rng.uniform(0.84, 0.91) * highest
    hr = rest + (peak - rest) * (_work(time, 25.0, 70.0) + 0.4 * ripple) + rng.normal(0.0, 1.0, len(time))
    return Breaths(time, vo2, vco2, ve, breathing, hr, np.digitize(time, [START_S, END_S]))


def _breath_times(rest: float, work: float, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """When each breath ends, and breaths a minute."""
    times: list[float] = []
    rates: list[float] = []
    now = 0.0
    while True:
        rate = (rest + (work - rest) * float(_work(np.array([now]), 40.0, 80.0)[0])) * np.exp(rng.normal(0.0, 0.1))
        now += 60.0 / rate
        if now > LAST_S:
            return np.array(times), np.array(rates)
        times.append(now)
        rates.append(rate)


def _work(time: Floats, rising_s: float = 35.0, falling_s: float = 45.0) -> Floats:
    """From 0 at rest to about 1: an exponential rise, a slow component, and a fall with a slow part of its own."""

    def risen(at: Floats) -> Floats:
        fast = 1.0 - np.exp(-np.clip(at - START_S - 12.0, 0.0, None) / rising_s)
        slow = 1.0 - np.exp(-np.clip(at - START_S - 150.0, 0.0, None) / 300.0)
        return np.asarray(0.95 * fast + 0.05 * slow)

    after = np.clip(time - END_S - 8.0, 0.0, None)
    fall = 0.88 * np.exp(-after / falling_s) + 0.12 * np.exp(-after / 280.0)
    return risen(np.minimum(time, END_S)) * fall


def _during(time: Floats, rising_s: float) -> Floats:
    """From 0 to 1 while swings go on: the ripple needs some of them."""
    inside = (time > START_S + 18.0) & (time < END_S + 12.0)
    return inside * (1.0 - np.exp(-np.clip(time - START_S - 18.0, 0.0, None) / rising_s))


def _rer(time: Floats, rest: float, steady: float) -> Floats:
    """Stores of carbon dioxide fill late, overflow at first, and empty after the end."""
    into, after = (np.clip(time - edge, 0.0, None) for edge in (START_S + 20.0, END_S + 10.0))
    level = rest + (steady - rest) * (1.0 - np.exp(-into / 40.0)) * np.exp(-after / 150.0)
    early = 0.085 * (into / 110.0) * np.exp(1.0 - into / 110.0)
    late = 0.12 * (after / 50.0) * np.exp(1.0 - after / 50.0)
    return np.asarray(level + early + late)
