"""How often a test at 5 % calls significant what is not there, at the sizes of exercise trials.

    python benchmarks/type_one_error.py [--replicates 3000] [--jobs 2]

Null data from known designs, all replicates of a design solved at once; prints a Markdown table for the documentation.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import joblib
import numpy as np

from tests.models.mixed import null_designs

CHUNK = 250


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--replicates", type=int, default=3000)
    parser.add_argument("--jobs", type=int, default=2)
    asked = parser.parse_args()
    chunks = range(asked.replicates // CHUNK)
    error = 100 * np.sqrt(0.05 * 0.95 / asked.replicates)
    print(
        f"Share of p < 0.05 in %, {asked.replicates} replicates without an effect "
        f"(Monte Carlo standard error {error:.1f}).\n"
    )
    print("| design, tested effect | z | Satterthwaite | Kenward–Roger | median df | no answer | seconds |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for name in null_designs.DESIGNS:
        started = time.perf_counter()
        run = joblib.delayed(null_designs.rates)
        found = null_designs.joined(joblib.Parallel(asked.jobs)(run(name, CHUNK, seed) for seed in chunks))
        seconds = time.perf_counter() - started
        cells = [f"{100 * found.rate(method):.1f}" for method in ("z", "satterthwaite", "kenward_roger")]
        lost = f"{np.mean(~found.converged):.1%}"
        print(f"| {name} | {' | '.join(cells)} | {found.median_df:.1f} | {lost} | {seconds:.0f} |", flush=True)


if __name__ == "__main__":
    main()
