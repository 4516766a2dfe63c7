"""Wrote the simulated data.csv of ``gee_binary`` and ``gee_count``: python -m tests.reference.make_gee_data."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
WEEKS = (4, 8, 12, 26)


def write(folder: str, header: str, rows: Iterable[Iterable[object]]) -> None:
    text = [",".join(map(str, row)) for row in rows]
    (HERE / folder / "data.csv").write_text("\n".join([header, *text]) + "\n", "utf-8")


def binary(rng: np.random.Generator) -> None:
    """Pain free or not: 32 people in two arms and two sites, four visits, a random intercept in the truth."""
    rows: list[list[object]] = []
    for i in range(32):
        arm, site = ("Usual care", "Kettlebell")[i % 2], ("north", "south")[i // 2 % 2]
        own, before = rng.normal(0, 1.1), round(rng.normal(5.5, 1.5), 1)
        for week in WEEKS:
            line = -0.9 + (0.4 + 0.05 * week) * (arm == "Kettlebell") - 0.35 * (before - 5.5) + own
            free = int(rng.random() < 1 / (1 + np.exp(-line)))
            rows.append([f"B{i + 1:02d}", arm, site, before, week, free])
    blank(rng, rows, column=5, k=7)
    for row in rows:  # one person without a baseline, one who never came
        row[3] = "" if row[0] == "B11" else row[3]
        row[5] = "" if row[0] == "B20" else row[5]
    del rows[50]
    rng.shuffle(rows)
    write("gee_binary", "id,arm,site,before,week,free", rows)


def count(rng: np.random.Generator) -> None:
    """Falls between visits: 30 people in three arms, months at risk, a gamma frailty in the truth."""
    rate = {"Usual care": 0.9, "Balance": 0.5, "Strength": 0.7}
    rows: list[list[object]] = []
    for i in range(30):
        arm, age = list(rate)[i % 3], int(rng.integers(62, 88))
        frailty = rng.gamma(2.0, 0.5)
        for week in WEEKS:
            months = round(rng.uniform(0.4, 3.2), 2)
            mean = frailty * rate[arm] * months * np.exp(0.03 * (age - 75))
            rows.append([f"F{i + 1:02d}", arm, age, week, months, rng.poisson(mean)])
    blank(rng, rows, column=5, k=6)
    blank(rng, rows, column=4, k=3)
    rng.shuffle(rows)
    write("gee_count", "id,arm,age,week,months,falls", rows)


def blank(rng: np.random.Generator, rows: list[list[object]], column: int, k: int) -> None:
    for i in rng.choice(len(rows), k, replace=False):
        rows[i][column] = ""


if __name__ == "__main__":
    seeded = np.random.default_rng(20250314)
    for make in (binary, count):
        make(seeded)
