"""Wrote ``mixed_arms/data.csv``: python -m tests.reference.make_mixed_data.

Three arms, six clinics of six people (two an arm in each), visits at weeks 4, 8 and 12. The spread grows from visit to
visit. Five visits did not take place (their rows are absent), four scores were not taken (their cells are empty).
"""

from __future__ import annotations

import numpy as np

from tests.reference.make_data import HERE, gaps, write

ARMS = ("Usual care", "Kettlebell", "Walking")
WEEKS = (4, 8, 12)
GAIN = {"Usual care": (0.0, 0.3, 0.5), "Kettlebell": (1.5, 3.5, 5.0), "Walking": (0.8, 2.0, 2.5)}


def mixed_arms(rng: np.random.Generator) -> None:
    level = rng.normal(0, 2.5, 6)
    rows, scores = [], []
    for i in range(36):
        clinic, arm = i // 6, ARMS[i % 3]
        person, base = rng.normal(0, 3), round(rng.normal(45, 6), 1)
        noise = np.cumsum(rng.normal(0, [1.5, 2.0, 2.5])) + rng.normal(0, 1.5, 3)
        for t, week in enumerate(WEEKS):
            rows.append([f"A{i + 1:02d}", f"C{clinic + 1}", arm, f"w{week:02d}", f"{week}", f"{base:.1f}"])
            scores.append(round(20 + 0.55 * base + level[clinic] + person + GAIN[arm][t] + noise[t], 2))
    cells = gaps(rng, np.array(scores), 4)
    absent = set(rng.choice(len(rows), 5, replace=False).tolist())
    kept = [[*row, cell] for k, (row, cell) in enumerate(zip(rows, cells, strict=True)) if k not in absent]
    write("mixed_arms", "id,clinic,arm,visit,week,base,y", kept)


if __name__ == "__main__":
    (HERE / "mixed_arms").mkdir(exist_ok=True)
    mixed_arms(np.random.default_rng(20241125))
