"""Random hostile designs: is the engine ever below the best that independent optimisers find, and does it say so?

    python benchmarks/robustness.py [--lmm 400] [--mmrm 200] [--others 60] [--first 0] [--few] [--ml] [--jobs 2]

The designs and the judge are those of ``tests/models/mixed/hostile.py``. Every design is named by its kind and seed.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import joblib
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn
from rich.table import Table

from kbstudy.errors import FitError
from tests.models.mixed import hostile


@dataclass(frozen=True)
class Outcome:
    """What became of one design."""

    kind: str
    name: str
    gap: float = 0.0
    misreported: float = 0.0
    iterations: int = 0
    seconds: float = 0.0
    by: str = ""
    error: str = ""
    crash: bool = False


def one(kind: str, seed: int, reml: bool, fewest: int) -> Outcome:
    if kind in hostile.LMM_KINDS:
        design = hostile.lmm_design(kind, seed)
    else:
        design = hostile.mmrm_design(kind, seed, fewest=fewest)
    started = time.perf_counter()
    try:
        fit = design.fit(reml=reml)
    except FitError as error:
        return Outcome(kind, design.name, error=str(error).splitlines()[0])
    except Exception as error:
        return Outcome(kind, design.name, error=f"{type(error).__name__}: {error}", crash=True)
    seconds = time.perf_counter() - started
    mine = hostile.Judge(design, reml).of_fit(fit)
    best = hostile.rivals(design, fit, reml=reml)
    gap, reported = best.log_likelihood - mine, fit.log_likelihood - mine
    return Outcome(kind, design.name, gap, abs(reported), fit.convergence.iterations, seconds, best.by)


def tasks(asked: argparse.Namespace) -> list[tuple[str, int]]:
    counts = dict.fromkeys(("intercept", "slope"), asked.lmm // 2)
    counts |= dict.fromkeys(("uncorrelated", "crossed", "nested"), asked.others)
    counts |= {"unstructured": asked.mmrm} | dict.fromkeys(hostile.MMRM_KINDS[1:], asked.others)
    return [
        (kind, asked.first + seed)
        for kind, count in counts.items()
        for seed in range(count)
        if asked.kind in ("", kind)
    ]


def said(outcome: Outcome) -> str:
    why = outcome.error or f"gap {outcome.gap:.2e} ({outcome.by}), reported off by {outcome.misreported:.1e}"
    return f"{outcome.name}: {why}"


def table(found: list[Outcome]) -> Table:
    shown = Table(
        "kind",
        "designs",
        "gap > 1e-6",
        "> 1e-3",
        "largest",
        "log-lik off by",
        "errors",
        "crashes",
        "iterations",
        "most",
        "ms",
    )
    for kind in dict.fromkeys(outcome.kind for outcome in found):
        mine = [outcome for outcome in found if outcome.kind == kind]
        fitted = [outcome for outcome in mine if not outcome.error]
        gaps = [outcome.gap for outcome in fitted]
        shown.add_row(
            kind,
            str(len(mine)),
            str(sum(gap > 1e-6 for gap in gaps)),
            str(sum(gap > 1e-3 for gap in gaps)),
            f"{max(gaps, default=0.0):.1e}",
            f"{max((o.misreported for o in fitted), default=0.0):.0e}",
            str(sum(bool(o.error) and not o.crash for o in mine)),
            str(sum(o.crash for o in mine)),
            f"{statistics.median([o.iterations for o in fitted] or [0]):.0f}",
            str(max((o.iterations for o in fitted), default=0)),
            f"{1000 * statistics.median([o.seconds for o in fitted] or [0]):.0f}",
        )
    return shown


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    for name, default in (("lmm", 400), ("mmrm", 200), ("others", 60), ("first", 0), ("jobs", 2)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument(
        "--kind", default="", choices=["", *hostile.LMM_KINDS, *hostile.MMRM_KINDS], help="only this kind"
    )
    parser.add_argument("--few", action="store_true", help="MMRMs from 5 people on")
    parser.add_argument("--ml", action="store_true", help="maximum likelihood")
    asked = parser.parse_args()
    work = tasks(asked)
    found: list[Outcome] = []
    console = Console(width=150)
    columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as bar:
        shown = bar.add_task("designs", total=len(work))
        parallel = joblib.Parallel(asked.jobs, return_as="generator_unordered")
        for outcome in parallel(joblib.delayed(one)(*task, not asked.ml, 5 if asked.few else 14) for task in work):
            found.append(outcome)
            bar.advance(shown)
            if outcome.gap > 1e-6 or outcome.misreported > 1e-6 or outcome.error:
                console.print(said(outcome), highlight=False, markup=False)
    found.sort(key=lambda outcome: outcome.kind)
    console.print(table(found))
    errors = Counter(o.error for o in found if o.error and not o.crash)
    for error, count in errors.most_common():
        example = next(o.name for o in found if o.error == error)
        console.print(f"{count} × {error}   [for example {example}]", highlight=False, markup=False)


if __name__ == "__main__":
    main()
