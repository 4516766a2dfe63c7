"""How often a 95 % interval of the SD of individual response has the true value in it, in small arms.

    python benchmarks/coverage_individual_response.py [--replicates 20000]

Normal changes in two arms of equal size; the true SD of individual response is 0, a third, once and four times the SD
of the changes without treatment, and once negative. The two intervals of kbstudy.individual_response side by side;
prints a Markdown table.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np

from kbstudy.models.variances import difference_hopkins, difference_mls

INTERVALS = {"mls": difference_mls, "hopkins": difference_hopkins}
SIZES = (10, 20)
#: SD of the changes with treatment, where it is 1 without.
SPREADS = (0.8, 1.0, 1.05, 2**0.5, 17**0.5)


def coverage(n: int, spread: float, replicates: int, seed: int = 20250301) -> dict[str, float]:
    """The share of replicates whose interval has the true difference of variances in it, for each interval.

    The limits of the SD are the signed roots of these, so the SD is covered exactly as often.
    """
    rng = np.random.default_rng(seed)
    treated = rng.normal(0, spread, (replicates, n)).var(axis=1, ddof=1)
    control = rng.normal(0, 1.0, (replicates, n)).var(axis=1, ddof=1)
    true = spread**2 - 1
    found = {}
    for name, interval in INTERVALS.items():
        limits = np.array([interval(a, n - 1, b, n - 1) for a, b in zip(treated, control, strict=True)])
        found[name] = float(np.mean((limits[:, 0] <= true) & (true <= limits[:, 1])))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--replicates", type=int, default=20000)
    asked = parser.parse_args()
    error = 100 * np.sqrt(0.05 * 0.95 / asked.replicates)
    print(f"Coverage of 95% intervals in %, {asked.replicates} replicates (Monte Carlo standard error {error:.2f}).\n")
    print("| people an arm | SD of individual response | mls | hopkins |")
    print("| --- | --- | --- | --- |")
    for n in SIZES:
        for spread in SPREADS:
            found = coverage(n, spread, asked.replicates)
            true = np.sign(spread - 1) * np.sqrt(abs(spread**2 - 1))
            print(f"| {n} | {true:.2f} | {100 * found['mls']:.1f} | {100 * found['hopkins']:.1f} |", flush=True)


if __name__ == "__main__":
    main()
