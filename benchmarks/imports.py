"""What mixed models load, and how long that takes: fresh processes, medians."""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys

#: What a fit must never load: a second each.
UNWANTED = ("statsmodels", "scipy.stats")
WATCHED = (*UNWANTED, "formulaic", "scipy.optimize", "matplotlib", "pandas")

TRIAL = """
import numpy as np, pandas as pd
rng = np.random.default_rng(1)
people = pd.DataFrame({"id": range(20), "arm": ["Usual care", "Kettlebell"] * 10, "own": rng.normal(0, 2, 20)})
trial = people.merge(pd.DataFrame({"week": [0, 4, 8]}), how="cross")
trial["visit"] = "Week " + trial["week"].astype("str")
trial["pain"] = 6 + trial["own"] - 0.1 * trial["week"] + rng.normal(0, 1, 60)
"""
LMM = 'fit = mixed.lmm(trial, "pain ~ arm * week + (1 | id)"); fit.coefficients'
MMRM = 'fit = mixed.mmrm(trial, "pain ~ arm * visit", participant="id", visit="visit"); fit.coefficients'

#: What is prepared, and what is timed.
STEPS = {
    "import pandas": ("", "import pandas"),
    "import kbstudy": ("", "import kbstudy"),
    "import kbstudy.models.mixed": ("", "from kbstudy.models import mixed"),
    "  then formulaic": ("from kbstudy.models import mixed", "import formulaic"),
    "  then a first lmm with coefficients": (f"from kbstudy.models import mixed{TRIAL}", LMM),
    "  then a second lmm": (f"from kbstudy.models import mixed{TRIAL}{LMM}", LMM),
    "  then an mmrm with contrasts and test": (
        f"from kbstudy.models import mixed{TRIAL}{LMM}",
        f'{MMRM}; fit.contrasts("arm", by="visit"); fit.test("arm:visit")',
    ),
    "  then its Dunnett contrasts": (
        f"from kbstudy.models import mixed{TRIAL}{MMRM}",
        'fit.contrasts("arm", by="visit", adjust="dunnett", across=True)',
    ),
}
PROGRAM = """
import json, sys, time
{before}
started = time.perf_counter()
{timed}
seconds = time.perf_counter() - started
print(json.dumps([seconds, [name for name in {watched!r} if name in sys.modules]]))
"""


def once(before: str, timed: str) -> tuple[float, list[str]]:
    program = PROGRAM.format(before=before, timed=timed, watched=WATCHED)
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    seconds, loaded = json.loads(done.stdout)
    return float(seconds), list(loaded)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])  # type: ignore[union-attr]
    parser.add_argument("--repetitions", type=int, default=5)
    repetitions = parser.parse_args().repetitions
    seconds: dict[str, list[float]] = {name: [] for name in STEPS}
    loaded: dict[str, list[str]] = {}
    for _ in range(repetitions + 1):  # the first round warms the file cache and the bytecode, and is not counted
        for name, (before, timed) in STEPS.items():
            taken, loaded[name] = once(before, timed)
            seconds[name].append(taken)
    print("| step | seconds | loaded by then |")
    print("| --- | ---: | --- |")
    for name, values in seconds.items():
        print(f"| {name} | {statistics.median(values[1:]):.3f} | {', '.join(loaded[name])} |")
    bad = {name: [m for m in found if m in UNWANTED] for name, found in loaded.items()}
    for name, found in bad.items():
        if found:
            print(f"\nUNWANTED: {name.strip()} loads {', '.join(found)}")
    if not any(bad.values()):
        print(f"\nNone of it loads {' or '.join(UNWANTED)}.")


if __name__ == "__main__":
    main()
