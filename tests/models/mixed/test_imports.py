"""Waiting time is a feature: neither the import nor a whole analysis loads statsmodels or scipy.stats (1 s each)."""

from __future__ import annotations

import subprocess
import sys

import pytest

UNWANTED = ("statsmodels", "scipy.stats")

TRIAL = """
import numpy as np, pandas as pd
rng = np.random.default_rng(1)
people = pd.DataFrame({"id": range(20), "arm": ["Usual care", "Kettlebell"] * 10, "own": rng.normal(0, 2, 20)})
trial = people.merge(pd.DataFrame({"week": [0, 4, 8]}), how="cross")
trial["visit"] = "Week " + trial["week"].astype("str")
trial["pain"] = 6 + trial["own"] - 0.1 * trial["week"] + rng.normal(0, 1, 60)
"""
READ = """
fit.coefficients, str(fit), fit.methods()
fit.means("arm")
fit.contrasts("arm")
fit.contrasts("arm", adjust="tukey", pairs="all")
fit.contrasts("arm", adjust="dunnett")
fit.test("arm")
"""
LMM = f"""{TRIAL}
fit = mixed.lmm(trial, "pain ~ arm * week + (1 + week | id)")
{READ}
mixed.refit(fit, rng.normal(size=(5, 60))).coefficients
"""
MMRM = f"""{TRIAL}
fit = mixed.mmrm(trial, "pain ~ arm * visit", participant="id", visit="visit")
{READ}
fit.contrasts("arm", by="visit")
fit.change_from("Week 0")
fit.test("arm:visit")
mixed.refit(fit, rng.normal(size=(5, 60))).coefficients
"""


def loaded_after(work: str) -> set[str]:
    """Modules that a fresh process has after importing the package and doing the work."""
    program = f"import sys\nfrom kbstudy.models import mixed\n{work}\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


def test_the_import_is_light():
    loaded = loaded_after("")
    assert "kbstudy.models.mixed" in loaded
    assert [name for name in (*UNWANTED, "formulaic") if name in loaded] == []


@pytest.mark.parametrize("work", [LMM, MMRM], ids=["lmm", "mmrm"])
def test_an_analysis_loads_no_slow_library(work):
    loaded = loaded_after(work)
    assert "formulaic" in loaded
    assert [name for name in UNWANTED if name in loaded] == []
