"""How the time of one fit with its coefficients grows: with people, visits, fixed effects and patterns.

    python benchmarks/mixed_scaling.py [--repetitions 3] [--quick] [--cpu]

Random slope with Satterthwaite's and MMRM (unstructured) with Kenward–Roger's degrees of freedom, formula and data
handling included. A pattern is a set of visits (with a random slope: of times) that somebody has; people who share one
are added up before the fit.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # before numpy loads

import numpy as np
import pandas as pd

from kbstudy.models.mixed import MixedFit, lmm, mmrm


@dataclass(frozen=True)
class Setting:
    """One data set."""

    people: int = 200
    visits: int = 4
    fixed: int = 4
    missing: float = 0.0
    schedules: int = 1  # how many sets of times there are; 0: everybody has their own

    def frame(self) -> pd.DataFrame:
        rng = np.random.default_rng(1)
        people, visits = self.people, self.visits
        person, visit = np.repeat(np.arange(people), visits), np.tile(np.arange(visits), people)
        count = self.schedules or people
        jitter = np.vstack([np.zeros((1, visits)), np.round(rng.uniform(-0.4, 0.4, (count - 1, visits)), 6)])
        week = 4.0 * (visit + jitter[person % count, visit])
        own = rng.multivariate_normal([0.0, 0.0], [[2.0, -0.03], [-0.03, 0.03]], people)[person]
        y = 6.0 + own[:, 0] + (own[:, 1] - 0.1) * week + rng.normal(0.0, 1.0, len(week))
        gone = (rng.random(len(y)) < self.missing) & (visit > 0)
        columns = {
            "id": [f"P{i + 1:05d}" for i in person],
            "arm": np.array(["Usual care", "Kettlebell"])[person % 2],
            "visit": [f"Visit {v:02d}" for v in visit],
            "week": week,
            "y": np.where(gone, np.nan, y),
        }
        more = rng.normal(size=(people, self.fixed))[person]
        return pd.DataFrame(columns | {f"x{i:02d}": more[:, i] for i in range(self.fixed)})

    def covariates(self, already: int) -> str:
        return "".join(f" + x{i:02d}" for i in range(max(self.fixed - already, 0)))


def random_slope(frame: pd.DataFrame, setting: Setting) -> MixedFit:
    formula = f"y ~ arm * week{setting.covariates(4)} + (1 + week | id)"
    return lmm(frame, formula, df_method="satterthwaite")


def repeated(frame: pd.DataFrame, setting: Setting) -> MixedFit:
    formula = f"y ~ arm * visit{setting.covariates(2 * setting.visits)}"
    return mmrm(frame, formula, participant="id", visit="visit", df_method="kenward_roger_linear")


Work = Callable[[pd.DataFrame, Setting], MixedFit]


def patterns(frame: pd.DataFrame, by: str) -> int:
    """Sets of visits or of times that somebody has."""
    seen = frame[frame["y"].notna()]
    return int(seen.groupby("id")[by].agg(tuple).nunique())


def seconds_of(
    work: Work, frame: pd.DataFrame, setting: Setting, repetitions: int, now: Callable[[], float]
) -> tuple[float, MixedFit]:
    taken = []
    for _ in range(repetitions + 1):  # the first warms up and is not counted
        started = now()
        fit = work(frame, setting)
        assert len(fit.coefficients.frame)
        taken.append(now() - started)
    return statistics.median(taken[1:]), fit


Block = tuple[str, Sequence[tuple[str, Setting]], str]
BLOCKS: Sequence[Block] = (
    ("participants", [(f"{n:,}", Setting(people=n)) for n in (40, 100, 500, 2_000, 10_000, 20_000)], "both"),
    ("visits", [(str(t), Setting(visits=t)) for t in (3, 4, 6, 8, 10)], "both"),
    ("fixed effects", [(str(p), Setting(fixed=p)) for p in (4, 8, 16, 24, 40)], "both"),
    (
        "visits missing, 8 visits, 500 people",
        [(f"{share:.0%}", Setting(people=500, visits=8, missing=share)) for share in (0.0, 0.02, 0.1, 0.3, 0.5)],
        "mmrm",
    ),
    (
        "schedules, 8 visits, 500 people",
        [(str(k or "own"), Setting(people=500, visits=8, schedules=k)) for k in (1, 10, 100, 0)],
        "lmm",
    ),
    (
        "schedules, 5 visits, 20,000 people",
        [(str(k or "own"), Setting(people=20_000, visits=5, schedules=k)) for k in (1, 100, 0)],
        "lmm",
    ),
)


def line(what: str, value: str, setting: Setting, which: str, repetitions: int, now: Callable[[], float]) -> str:
    frame = setting.frame()
    cells = [what, value]
    counted = []
    for name, work, by in (("lmm", random_slope, "week"), ("mmrm", repeated, "visit")):
        if which in ("both", name):
            seconds, fit = seconds_of(work, frame, setting, repetitions, now)
            cells.append(f"{seconds:.3f} ({fit.convergence.iterations})")
            counted.append(f"{patterns(frame, by):,}")
        else:
            cells.append("–")
    return f"| {' | '.join([*cells, counted[-1]])} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])  # type: ignore[union-attr]
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="one repetition")
    parser.add_argument("--cpu", action="store_true", help="processor time instead of the clock, for a busy machine")
    asked = parser.parse_args()
    now = time.process_time if asked.cpu else time.perf_counter
    repetitions = 1 if asked.quick else asked.repetitions
    base = Setting()
    unit = "Processor seconds" if asked.cpu else "Seconds"
    print(
        f"{unit} (iterations), medians of {repetitions}, one BLAS thread. If not said otherwise: {base.people} people, "
        f"{base.visits} visits, {base.fixed} fixed effects (MMRM: at least two a visit), nothing missing.\n"
    )
    print("| what grows | | random slope, Satterthwaite | MMRM, Kenward–Roger | patterns |")
    print("| --- | ---: | ---: | ---: | ---: |")
    for what, settings, which in BLOCKS:
        for value, setting in settings:
            print(line(what, value, setting, which, repetitions, now), flush=True)


if __name__ == "__main__":
    main()
