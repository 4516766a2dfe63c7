"""How often 95 % intervals hold the truth, at the sizes of exercise trials.

    python benchmarks/coverage.py [--replicates 4000] [--jobs 2] [--only "responders"]

Simulated trials with a known effect (tests/models/coverage_designs.py); prints a Markdown table for the README.
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

from tests.models import coverage_designs as designs

SIZES = (10, 20)
CHUNK = 250


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--replicates", type=int, default=4000)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--only", default="", help="designs whose name contains this")
    asked = parser.parse_args()
    chunks = range(max(1, asked.replicates // CHUNK))
    replicates = len(chunks) * CHUNK
    error = 100 * np.sqrt(0.05 * 0.95 / replicates)
    print(
        f"Share of 95 % intervals that hold the truth, in %, {replicates} simulated trials each (Monte Carlo standard "
        f"error {error:.1f}).\n"
    )
    print("| design | interval | " + " | ".join(f"{n} an arm" for n in SIZES) + " |")
    print("| --- | --- | " + " | ".join("---" for _ in SIZES) + " |")
    for name in (name for name in designs.ANALYSES if asked.only in name):
        started, columns = time.perf_counter(), []
        for n in SIZES:
            run = joblib.delayed(designs.held)
            parts = joblib.Parallel(asked.jobs)(run(name, n, CHUNK, seed) for seed in chunks)
            columns.append({method: sum(part[method] for part in parts) / replicates for method in parts[0]})
        for method in columns[0]:
            print(f"| {name} | {method} | " + " | ".join(f"{100 * c[method]:.1f}" for c in columns) + " |", flush=True)
        print(f"{name}: {time.perf_counter() - started:.0f} s", file=sys.stderr)


if __name__ == "__main__":
    main()
