"""Wrote the simulated data.csv of ``noties``, ``nrs`` and ``trial_arms``: python -m tests.reference.make_data."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent


def write(folder: str, header: str, rows: Iterable[Iterable[str]]) -> None:
    (HERE / folder / "data.csv").write_text("\n".join([header, *(",".join(row) for row in rows)]) + "\n", "utf-8")


def noties(rng: np.random.Generator) -> None:
    before = np.round(rng.normal(100, 15, 14), 3)
    after = np.round(before + rng.normal(-6, 9, 14), 3)
    pairs = enumerate(zip(before, after, strict=True))
    write("noties", "id,before,after", ([f"P{i + 1:02d}", f"{b:.3f}", f"{a:.3f}"] for i, (b, a) in pairs))


def nrs(rng: np.random.Generator) -> None:
    before = np.round(rng.normal(6, 1.5, 60)).clip(0, 10)
    after = (before + np.round(rng.normal(-1, 1.6, 60))).clip(0, 10)
    pairs = enumerate(zip(before, after, strict=True))
    write("nrs", "id,before,after", ([f"P{i + 1:02d}", f"{b:.0f}", f"{a:.0f}"] for i, (b, a) in pairs))


def trial_arms(rng: np.random.Generator) -> None:
    n, effect = 54, {"Usual care": 0, "Kettlebell": -1.4, "Walking": -0.5}
    spread = {"Usual care": 0.8, "Kettlebell": 1.8, "Walking": 1.1}
    arm = np.repeat(list(effect), [18, 20, 16])
    before, age = np.round(rng.normal(6, 1.4, n), 2), np.round(rng.normal(44, 11, n))
    site = rng.choice(["north", "south", "west"], n, p=[0.5, 0.3, 0.2])
    people = zip(arm, before, age, site, strict=True)
    after = np.array(
        [
            1 + 0.7 * b + effect[a] + 0.01 * (years - 44) + 0.4 * (s == "south") + rng.normal(0, spread[a])
            for a, b, years, s in people
        ]
    ).round(2)
    holed = [gaps(rng, before, 2), gaps(rng, age, 2), gaps(rng, site, 2), gaps(rng, after, 6)]
    rows = list(zip([f"T{i + 1:02d}" for i in range(n)], arm, *holed, strict=True))
    rng.shuffle(rows)
    write("trial_arms", "id,arm,before,age,site,after", rows)


def gaps(rng: np.random.Generator, values: np.ndarray, k: int) -> list[str]:
    cells = [value if isinstance(value, str) else f"{value:g}" for value in values]
    for i in rng.choice(len(cells), k, replace=False):
        cells[i] = ""
    return cells


if __name__ == "__main__":
    seeded = np.random.default_rng(20240611)
    for make in (noties, nrs, trial_arms):
        make(seeded)
