# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Strength, jumps, and whether a test can be trusted
#
# From repetitions to a one-repetition maximum, from a force trace to a jump height, from two test days to the
# smallest change that is more than noise.
#
# All data here are **simulated**.

# %%
import numpy as np
import pandas as pd

import kbstudy as kb
from kbstudy.measures.force import jump
from kbstudy.recording import Recording

# %% [markdown]
# ## One repetition, from several
#
# Six formulas are in use and disagree. The estimate names its formula and shows the spread of all of them; beyond
# twelve repetitions none of them holds, and kbstudy refuses.

# %%
kb.one_rep_max(load_kg=60.0, reps=8, formula="epley")

# %%
try:
    kb.one_rep_max(load_kg=40.0, reps=20, formula="epley")
except kb.StudyError as error:
    print(error)

# %% [markdown]
# ## Handgrip: the protocol is part of the number
#
# The best of three and the mean of three differ by kilograms. So the protocol is a required word.

# %%
trials = pd.DataFrame({"first": [31.0, 42.5], "second": [33.5, 44.0], "third": [32.0, 43.0]}, index=["P01", "P02"])
for protocol in ("best_of_3", "mean_of_3"):
    print(kb.grip(trials, protocol=protocol, unit="kg").frame)

# %% [markdown]
# ## Can the test be trusted?
#
# Twenty people, three days, nothing in between. The first day is lower: people learn the test. That is in the
# difference between the first days, and no correlation shows it.

# %%
rng = np.random.default_rng(6)
people = rng.normal(100, 15, 20)
days = pd.DataFrame(
    [
        {"id": f"P{number:02d}", "day": day, "torque": level + gain + rng.normal(0, 5)}
        for number, level in enumerate(people, start=1)
        for day, gain in ((1, -6.0), (2, 0.0), (3, 0.5))
    ]
)
reliable = kb.reliability(days, "torque", participant="id", trial="day")
reliable

# %%
agreement = reliable.plot()

# %% [markdown]
# ## Hold times that were stopped
#
# A back-extension hold is stopped at 240 s. Whoever reaches that did not fail at 240 s; a mean would take the cap
# for a time.

# %%
hold = rng.exponential(150, 40) + 40
test = pd.DataFrame(
    {
        "id": [f"P{n:02d}" for n in range(1, 41)],
        "arm": ["Usual care", "Kettlebell"] * 20,
        "seconds": np.minimum(np.where(np.arange(40) % 2, 1.3, 1.0) * hold, 240.0).round(),
    }
)
held = kb.hold_time(test, "seconds", arm="arm", reference="Usual care", cap_s=240.0, participant="id")
print(held.sentence())
held.table().drop(columns="Method")

# %% [markdown]
# ## A countermovement jump
#
# A force trace, made up with a known impulse: one second of standing, a dip, a push, 0.5 s of flight, a landing.
# Height comes from the impulse and from the flight time, both; that they agree says nothing about the sampling
# rate.

# %%
HZ, MASS, GRAVITY = 1000, 70.0, 9.81
weight = MASS * GRAVITY
flight_s = 0.5
takeoff = GRAVITY * flight_s / 2  # the velocity that half of the flight slows down to nothing


def hump(area: float, seconds: float) -> np.ndarray:
    """A smooth push with a known impulse, N s."""
    time = np.arange(int(seconds * HZ)) / HZ
    return area * 2 / seconds * np.sin(np.pi * time / seconds) ** 2


dip, brake = 55.0, 55.0
force = np.concatenate(
    [
        np.full(1500, weight),
        weight - hump(dip, 0.30),
        weight + hump(brake, 0.20),
        weight + hump(MASS * takeoff, 0.28),
        np.zeros(int(flight_s * HZ)),
        weight + hump(MASS * takeoff, 0.25),
        np.full(1000, weight),
    ]
) + rng.normal(0, 1.5, 1500 + 300 + 200 + 280 + 500 + 250 + 1000)
trace = Recording(
    pd.DataFrame({"time_s": np.arange(len(force)) / HZ, "force_n": np.where(force < 8, 0.0, force)}),
    kind="force",
    file="made_up_jump.csv",
    device="simulated force plate",
    sampling_hz=float(HZ),
    simulated=True,
)
jumped = jump(trace, kind="countermovement")
jumped

# %%
print(f"height by construction: {takeoff**2 / (2 * GRAVITY):.3f} m")
events = jumped.plot()

# %% [markdown]
# The same trace, said to be sampled at half the rate, gives heights that agree with each other and are four times
# too large. They are refused.

# %%
try:
    half = trace.data.assign(time_s=trace.data["time_s"] * 2)
    jump(trace.with_(data=half, sampling_hz=500.0), kind="countermovement")
except kb.StudyError as error:
    print(error)

# %% [markdown]
# ## An isometric pull

# %%
time = np.arange(5 * HZ) / HZ
pull = np.where(time < 2.0, weight, weight + 1500.0 * (1 - np.exp(-(time - 2.0) / 0.12)))
pulled = kb.isometric_pull(
    trace.with_(
        data=pd.DataFrame({"time_s": time, "force_n": pull + rng.normal(0, 1.5, len(time))}), file="made_up_pull.csv"
    )
)
pulled

# %% [markdown]
# ## Sessions attended
#
# Who came more often may differ from who came less in everything else. So the slope is exploratory, and its
# sentence says so.

# %%
study = kb.load("../data/raw/demo-trial")
results = kb.analyse(study)
print(results.adherence.sentence())
print(results.estimates["pain_and_sessions"].sentence())
scatter = results.estimates["pain_and_sessions"].plot()
