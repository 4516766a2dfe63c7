"""Wrote the simulated data.csv of ``responses``, ``ordinal_pain``, ``harms`` and ``sessions``.

``python -m tests.reference.make_change_data``
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

HERE = Path(__file__).parent


def write(folder: str, frame: pd.DataFrame, name: str = "data") -> None:
    (HERE / folder).mkdir(exist_ok=True)
    frame.to_csv(HERE / folder / f"{name}.csv", index=False, lineterminator="\n")


def gaps(rng: np.random.Generator, values: np.ndarray, k: int) -> np.ndarray:
    holed = values.astype("float64").copy()
    holed[rng.choice(len(holed), k, replace=False)] = np.nan
    return holed


def responses(rng: np.random.Generator, arms: Sequence[str] = ("Usual care", "Kettlebell", "Walking")) -> pd.DataFrame:
    arm = np.repeat(list(arms), [17, 19, 15])
    before = np.round(rng.normal(6.0, 1.4, 51), 1)
    spread = {"Usual care": 1.2, "Kettlebell": 2.4, "Walking": 0.9}
    shift = {"Usual care": -0.4, "Kettlebell": -1.9, "Walking": -0.8}
    after = np.round(before + [rng.normal(shift[a], spread[a]) for a in arm], 1)
    ids = [f"R{i + 1:02d}" for i in range(51)]
    return pd.DataFrame({"id": ids, "arm": arm, "before": gaps(rng, before, 2), "after": gaps(rng, after, 4)})


def ordinal_pain(rng: np.random.Generator) -> pd.DataFrame:
    n = 66
    arm = np.repeat(["Usual care", "Kettlebell", "Walking"], n // 3)
    before = np.round(rng.normal(5.5, 1.5, n)).clip(1, 10)
    site = rng.choice(["north", "south"], n)
    latent = before - 1.5 * (arm == "Kettlebell") - 0.6 * (arm == "Walking") + 0.5 * (site == "south")
    score = np.round((latent + rng.logistic(0, 1.0, n)) / 2).clip(0, 5)
    ids = [f"O{i + 1:02d}" for i in range(n)]
    frame = pd.DataFrame({"id": ids, "arm": arm, "before": gaps(rng, before, 2), "site": site})
    return frame.assign(score=gaps(rng, score, 3))


def harms(rng: np.random.Generator) -> tuple[pd.DataFrame, pd.DataFrame]:
    n = 46
    arm = np.array(["Usual care", "Kettlebell"] * (n // 2))
    weeks = np.round(rng.uniform(3, 12, n), 1)
    prone = rng.gamma(0.8, 1 / 0.8, n)
    times = rng.poisson(prone * weeks * np.where(arm == "Kettlebell", 0.14, 0.05))
    ids = [f"H{i + 1:02d}" for i in range(n)]
    who = np.repeat(ids, times)
    kind = rng.choice(["soreness", "sprain", "back pain"], len(who), p=[0.6, 0.15, 0.25])
    people = pd.DataFrame({"id": ids, "arm": arm, "weeks": weeks})
    return people, pd.DataFrame({"id": who, "kind": kind, "serious": rng.random(len(who)) < 0.06})


def sessions(rng: np.random.Generator) -> pd.DataFrame:
    n = 40
    arm = np.array(["Kettlebell", "Walking"] * (n // 2))
    planned = np.where(arm == "Kettlebell", 24, 20)
    attended = np.minimum(rng.binomial(planned, rng.beta(4, 1.5, n)), planned)
    before = np.round(rng.normal(6, 1.4, n), 1)
    after = np.round(before * 0.8 + 1 - 0.08 * attended + rng.normal(0, 1.1, n), 1)
    ids = [f"S{i + 1:02d}" for i in range(n)]
    frame = pd.DataFrame({"id": ids, "arm": arm, "planned": planned, "attended": gaps(rng, attended, 2)})
    return frame.assign(before=before, after=gaps(rng, after, 3))


def crossover(rng: np.random.Generator) -> pd.DataFrame:
    """People who miss a period, for the mixed model."""
    n = 24
    sequence = np.array(["AB", "BA"] * (n // 2))
    own = rng.normal(50, 8, n)
    rows = []
    for i in range(n):
        for period in (1, 2):
            treatment = sequence[i][period - 1]
            value = own[i] + 3.0 * (treatment == "A") + 1.5 * (period == 2) + rng.normal(0, 4)
            rows.append((f"X{i + 1:02d}", sequence[i], period, treatment, round(value, 1)))
    frame = pd.DataFrame(rows, columns=["id", "sequence", "period", "treatment", "value"])
    lost = rng.choice(len(frame), 5, replace=False)
    return frame.drop(index=lost[:2]).assign(value=lambda d: d["value"].where(~d.index.isin(lost[2:])))


if __name__ == "__main__":
    seeded = np.random.default_rng(20250208)
    write("responses", responses(seeded))
    write("ordinal_pain", ordinal_pain(seeded))
    everybody, events = harms(seeded)
    write("harms", everybody, "people")
    write("harms", events, "events")
    write("sessions", sessions(seeded))
    write("crossover", crossover(seeded))
