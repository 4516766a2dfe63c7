"""Mixed models beside R (lme4, lmerTest, pbkrtest, nlme) and statsmodels, interleaved in one run.

    python benchmarks/mixed.py [--repetitions 5] [--quick] [--cpu] [--only TEXT] [--without-r] [--without-statsmodels]

Each repetition runs every engine once, one after the other, after a first round that is not counted; R stays alive in
one process, has read the same files, and takes its own time. Timed: formula, data handling, fit, and what the job
names. Not timed: starting, reading data, the one fit that refits start from. Every engine has one BLAS thread. On a
busy machine ``--cpu`` counts processor time of each process instead of the clock.

Time is in months (0, 1, 2, ...), with which every engine converges; in weeks (0, 4, 8) statsmodels does not find the
optimum of a random slope, and is slow about it: that is a line of its own, and no ground for a verdict.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # before numpy loads, and for R

import numpy as np
import pandas as pd

from kbstudy.models.mixed import MixedFit, lmm, mmrm, refit

SIZES = {"40x3": (40, 3), "500x5": (500, 5), "20000x5": (20_000, 5)}
EFFECTS = {
    "intercept": "y ~ arm * month + (1 | id)",
    "slope": "y ~ arm * month + (1 + month | id)",
    "weeks": "y ~ arm * week + (1 + week | id)",
}
KINDS = ("intercept", "slope")
VISITS = "z ~ baseline + arm * visit"
REFITS = 1000
#: How many of the 1,000 refits the slower engines really do; their seconds are scaled.
R_REFITS = {"refit": 200, "refit_satterthwaite": 50, "refit_holes": 50, "refit_holes_satterthwaite": 50}
STATSMODELS_REFITS = 20

HERE = Path(__file__).resolve()
#: Whether each fit of statsmodels said that it converged.
CONVERGED: dict[tuple[str, str, str], list[bool]] = {}
Frames = dict[str, pd.DataFrame]
Work = Callable[[], float | None]


# ---- data --------------------------------------------------------------------------------------------------------


def trial(people: int, visits: int, seed: int = 1) -> pd.DataFrame:
    """Two arms; own level and own slope; ``y`` complete, ``z`` with 10 % missing and everybody's first visit there."""
    rng = np.random.default_rng(seed)
    week = np.tile(4.0 * np.arange(visits), people)
    person = np.repeat(np.arange(people), visits)
    arm = np.array(["Usual care", "Kettlebell"])[person % 2]
    own = rng.multivariate_normal([0.0, 0.0], [[2.0, -0.03], [-0.03, 0.03]], people)[person]
    y = 6.0 + own[:, 0] + (own[:, 1] - 0.1 - 0.1 * (person % 2)) * week + rng.normal(0.0, 1.0, len(week))
    missing = (rng.random(len(week)) < 0.1) & (week > 0)
    return pd.DataFrame(
        {
            "id": [f"P{i + 1:05d}" for i in person],
            "arm": arm,
            "week": week,
            "month": week / 4.0,
            "visit": [f"Week {w:02.0f}" for w in week],
            "baseline": np.round(6.0 + 0.7 * own[:, 0] + np.repeat(rng.normal(0.0, 1.0, people), visits), 3),
            "y": np.round(y, 6),
            "z": np.where(missing, np.nan, np.round(y, 6)),
        }
    )


def write(folder: Path) -> None:
    """The files that both sides read."""
    for name, (people, visits) in SIZES.items():
        trial(people, visits).to_csv(folder / f"{name}.csv", index=False, na_rep="NA")
    people, visits = SIZES["40x3"]
    rng = np.random.default_rng(2)
    week = np.tile(4.0 * np.arange(visits), people)
    own = np.repeat(rng.multivariate_normal([0, 0], [[2.0, -0.03], [-0.03, 0.03]], (REFITS, people)), visits, axis=1)
    y = np.round(6.0 + own[..., 0] + own[..., 1] * week + rng.normal(size=(REFITS, len(week))), 6)
    holes = np.where(rng.random(y.shape) < 0.2, np.nan, y)
    pd.DataFrame(y).to_csv(folder / "responses.csv", index=False, header=False)
    pd.DataFrame(holes).to_csv(folder / "holes.csv", index=False, header=False, na_rep="NA")


# ---- engines -----------------------------------------------------------------------------------------------------


class RProcess:
    """R, alive, waiting for jobs."""

    def __init__(self, folder: Path, clock: str) -> None:
        self.says, self._clock = "", clock
        self._process = None
        rscript = shutil.which("Rscript")
        if rscript is None:
            self.says = "R is left out: there is no Rscript."
            return
        command = [rscript, "--vanilla", str(HERE.with_suffix(".R")), str(folder)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        greeting = self._read()
        if "ready" not in greeting:
            self.says = f"R is left out: {greeting.get('missing', 'it ended')} not installed."
            self.close()
        else:
            self.says = greeting["ready"]

    @property
    def there(self) -> bool:
        return self._process is not None

    def __call__(self, job: str, size: str, kind: str) -> tuple[float, float | None]:
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.write(f"{job} {size} {kind or '-'} 1\n")
        self._process.stdin.flush()
        found = self._read()
        likelihood = found.get("log_likelihood")
        return float(found[self._clock][0]), float(likelihood) if isinstance(likelihood, float | int) else None

    def _read(self) -> dict[str, Any]:
        assert self._process is not None
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            return {}
        return dict(json.loads(line))

    def close(self) -> None:
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()
            self._process.wait()
        self._process = None


def ours(frames: Frames, responses: dict[str, np.ndarray], job: str, size: str, kind: str) -> Work:
    """The same job here: a function of nothing that works once."""
    frame = frames[size]
    if job in ("gls", "satterthwaite", "kenward_roger", "fit"):
        return lambda: _single(frame, job, kind).log_likelihood
    first = lmm(frame, EFFECTS[kind])
    y = responses["holes" if "holes" in job else "responses"]

    def again() -> None:
        found = refit(first, y)
        if job.endswith("satterthwaite"):
            assert found.coefficients["p"].shape == (REFITS, 4)

    return again


def _single(frame: pd.DataFrame, job: str, kind: str) -> MixedFit:
    if job == "gls":
        fit = mmrm(frame, VISITS, participant="id", visit="visit", df_method="kenward_roger_linear")
        assert len(fit.coefficients.frame)
        return fit
    method = "kenward_roger" if job == "kenward_roger" else "satterthwaite"
    fit = lmm(frame, EFFECTS[kind], df_method=method)
    if job != "fit":
        assert len(fit.coefficients.frame)
    return fit


def theirs(frames: Frames, responses: dict[str, np.ndarray], job: str, size: str, kind: str) -> Work:
    """Statsmodels: fits only. Refits without its formulas, on the design of the first fit."""
    import statsmodels.formula.api as smf
    from statsmodels.regression.mixed_linear_model import MixedLM

    frame = frames[size]
    fixed, effects = {"intercept": ("month", "1"), "slope": ("month", "~month"), "weeks": ("week", "~week")}[kind]
    reached = CONVERGED.setdefault((job, size, kind), [])

    def single() -> float:
        fit = smf.mixedlm(f"y ~ arm * {fixed}", frame, groups=frame["id"], re_formula=effects).fit()
        reached.append(bool(fit.converged))
        return float(fit.llf)

    if job == "fit":
        return single
    model = smf.mixedlm(f"y ~ arm * {fixed}", frame, groups=frame["id"], re_formula=effects)
    y = responses["holes" if "holes" in job else "responses"]
    groups = frame["id"].to_numpy()

    def again() -> None:
        for response in y[:STATSMODELS_REFITS]:
            seen = np.isfinite(response)
            fit = MixedLM(response[seen], model.exog[seen], groups[seen], model.exog_re[seen]).fit()
            reached.append(bool(fit.converged))

    return again


# ---- jobs --------------------------------------------------------------------------------------------------------


@dataclass
class Job:
    """One line of the table."""

    label: str
    job: str
    size: str
    kind: str = ""
    rival: str = "lme4::lmer"
    statsmodels: bool = False
    repetitions: int = 0  # as asked for
    r_rounds: int = 99  # counted rounds in which R takes part, if it is very slow there
    scale: dict[str, float] = field(default_factory=dict)
    seconds: dict[str, list[float]] = field(default_factory=dict)
    gap: float | None = None

    def median(self, engine: str) -> float | None:
        values = self.seconds.get(engine)
        return statistics.median(values) * self.scale.get(engine, 1.0) if values else None

    def ratio(self, engine: str) -> float | None:
        other, mine = self.median(engine), self.median("ours")
        return None if other is None or mine is None else other / mine


def all_jobs() -> list[Job]:
    jobs = []
    for size in SIZES:
        n = size.replace("x", "×").replace("20000", "20,000")
        for kind in KINDS:
            slow = size == "20000x5"
            jobs += [
                Job(f"random {kind}, {n}", "fit", size, kind, statsmodels=not slow),
                Job(f"random {kind}, {n}, Satterthwaite", "satterthwaite", size, kind, "lmerTest"),
            ]
            if not slow:
                rounds = 1 if size == "500x5" else 99
                label = f"random {kind}, {n}, Kenward–Roger"
                jobs.append(Job(label, "kenward_roger", size, kind, "pbkrtest", r_rounds=rounds))
    for job, said, rival in (
        ("refit", "", "lme4::refit"),
        ("refit_satterthwaite", ", Satterthwaite p", "refit + lmerTest"),
        ("refit_holes", ", own 20 % missing", "lme4::lmer"),
        ("refit_holes_satterthwaite", ", own 20 % missing, Satterthwaite p", "lmerTest"),
    ):
        for kind in (*KINDS, "weeks") if job == "refit" else KINDS:
            scale = {"R": REFITS / R_REFITS[job], "statsmodels": REFITS / STATSMODELS_REFITS}
            label = f"1,000 refits 40×3, {'slope, time in weeks' if kind == 'weeks' else kind}{said}"
            with_p = job.endswith("satterthwaite")
            jobs.append(Job(label, job, "40x3", kind, rival, statsmodels=not with_p, scale=scale))
    jobs += [
        Job("MMRM unstructured 40×3, Kenward–Roger", "gls", "40x3", rival="nlme::gls, no KR"),
        Job("MMRM unstructured 500×5, Kenward–Roger", "gls", "500x5", rival="nlme::gls, no KR", r_rounds=2),
        Job("MMRM unstructured 20,000×5, Kenward–Roger", "gls", "20000x5", rival=""),
    ]
    return jobs


def run(job: Job, engines: dict[str, Callable[[], tuple[float, float | None]]], repetitions: int) -> None:
    """Every engine once a round; the first round warms up and does not count."""
    likelihoods = {}
    very_slow = job.r_rounds < repetitions
    for repetition in range(repetitions + 1):
        for name, once in engines.items():
            warming = repetition == 0
            if name == "R" and very_slow and (warming or repetition > job.r_rounds):
                continue
            seconds, likelihood = once()
            if likelihood is not None:
                likelihoods[name] = likelihood
            if not warming:
                job.seconds.setdefault(name, []).append(seconds)
    if job.job != "refit" and {"R", "ours"} <= set(likelihoods):
        job.gap = likelihoods["ours"] - likelihoods["R"]


def timed(work: Work, clock: str) -> Callable[[], tuple[float, float | None]]:
    now = time.process_time if clock == "cpu" else time.perf_counter

    def once() -> tuple[float, float | None]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            started = now()
            found = work()
            return now() - started, found

    return once


# ---- 20,000 people in a process of their own -----------------------------------------------------------------------

_FRESH = """
import sys, time
import pandas as pd
from kbstudy.models.mixed import mmrm
frame = pd.read_csv(sys.argv[1])
now = time.process_time if sys.argv[3] == "cpu" else time.perf_counter
started = now()
fit = mmrm(frame, sys.argv[2], participant="id", visit="visit", df_method="kenward_roger_linear")
fit.coefficients
first = now() - started
try:
    with open("/proc/self/status") as status:  # unlike ru_maxrss not what the parent process had
        peak = next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) / 1024.0**2
except OSError:
    peak = float("nan")
print(first, peak)
"""


def fresh(folder: Path, repetitions: int, clock: str) -> tuple[float, float]:
    """Seconds and peak GB of an MMRM of 20,000 × 5, the first fit in a process."""
    found = []
    for _ in range(repetitions):
        command = [sys.executable, "-c", _FRESH, str(folder / "20000x5.csv"), VISITS, clock]
        text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        found.append([float(part) for part in text.split()])
    seconds, peak = (statistics.median(column) for column in zip(*found, strict=True))
    return seconds, peak


# ---- report ------------------------------------------------------------------------------------------------------


def spoken(seconds: float | None) -> str:
    if seconds is None:
        return "–"
    return f"{1000 * seconds:.1f} ms" if seconds < 1 else f"{seconds:.2f} s"


def times(ratio: float | None) -> str:
    if ratio is None:
        return "–"
    return f"{ratio:.1f}" if ratio < 20 else f"{ratio:,.0f}"


def table(jobs: Sequence[Job]) -> str:
    head = "| job | kbstudy | R | by | R/ours | statsmodels | statsmodels/ours |"
    lines = [head, "| --- | ---: | ---: | --- | ---: | ---: | ---: |"]
    for job in jobs:
        r, s = (job.median(name) for name in ("R", "statsmodels"))
        by = job.rival if r is not None else ""
        if r is not None and len(job.seconds["R"]) < len(job.seconds["ours"]):
            by += f" ({len(job.seconds['R'])} timed)"
        cells = [job.label, spoken(job.median("ours")), spoken(r), by, times(job.ratio("R"))]
        lines.append(f"| {' | '.join([*cells, spoken(s), times(job.ratio('statsmodels'))])} |")
    return "\n".join(lines)


def targets(jobs: Sequence[Job], seconds: float, peak: float) -> list[str]:
    """Each target, and whether it is met."""
    by = {(job.job, job.size, job.kind): job for job in jobs}
    lines = []

    def check(said: str, ratio: float | None, least: float) -> None:
        verdict = "not measured" if ratio is None else "met" if ratio >= least else "MISSED"
        lines.append(f"- {said}: {times(ratio)}× ({verdict})")

    for kind in KINDS:
        job = by["refit", "40x3", kind]
        check(f"1,000 refits, {kind}, at least 60× faster than lme4::refit", job.ratio("R"), 60)
        check(f"1,000 refits, {kind}, at least 500× faster than statsmodels", job.ratio("statsmodels"), 500)
    for size in SIZES:
        said = f"random slope with df, {size.replace('x', '×')}, faster than lmerTest"
        check(said, by["satterthwaite", size, "slope"].ratio("R"), 1)
    check("MMRM with KR, 500×5, at least 30× faster than gls", by["gls", "500x5", ""].ratio("R"), 30)
    verdict = "met" if seconds < 3 else "MISSED"
    lines.append(f"- MMRM with KR, 20,000×5, first fit in a process, below 3 s: {seconds:.2f} s ({verdict})")
    verdict = "not measured" if np.isnan(peak) else "met" if peak < 2 else "MISSED"
    lines.append(f"- the same, peak memory of the whole process below 2 GB: {peak:.2f} GB ({verdict})")
    return lines


def failures(jobs: Sequence[Job]) -> list[tuple[str, list[bool]]]:
    """Jobs in which statsmodels did not converge every time."""
    found = [(job.label, CONVERGED.get((job.job, job.size, job.kind), [])) for job in jobs if job.statsmodels]
    return [(label, reached) for label, reached in found if not all(reached)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])  # type: ignore[union-attr]
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="one repetition")
    parser.add_argument("--cpu", action="store_true", help="processor time instead of the clock")
    parser.add_argument("--without-r", action="store_true")
    parser.add_argument("--without-statsmodels", action="store_true")
    parser.add_argument("--only", default="", help="jobs whose label contains this; no verdicts")
    asked = parser.parse_args()
    repetitions, clock = 1 if asked.quick else asked.repetitions, "cpu" if asked.cpu else "seconds"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(folder)
        seconds, peak = (0.0, 0.0) if asked.only else fresh(folder, min(3, repetitions), clock)
        frames = {size: pd.read_csv(folder / f"{size}.csv") for size in SIZES}
        responses = {
            name: pd.read_csv(folder / f"{name}.csv", header=None).to_numpy(dtype="float64")
            for name in ("responses", "holes")
        }
        r = None if asked.without_r else RProcess(folder, clock)
        print(r.says if r else "R is left out, as asked.")
        jobs = [job for job in all_jobs() if asked.only in job.label]
        for job in jobs:
            engines = {"ours": timed(ours(frames, responses, job.job, job.size, job.kind), clock)}
            if r and r.there and job.rival:
                engines["R"] = lambda job=job: r(job.job, job.size, job.kind)
            if job.statsmodels and not asked.without_statsmodels:
                engines["statsmodels"] = timed(theirs(frames, responses, job.job, job.size, job.kind), clock)
            run(job, engines, repetitions)
            print(f"  {job.label}", file=sys.stderr, flush=True)
        if r:
            r.close()
    counted = "processor time" if asked.cpu else "time by the clock"
    print(f"\nMedians of {repetitions}, interleaved, one BLAS thread, {counted}.\n")
    print(table(jobs))
    print(
        f"\nSeconds for 1,000 refits are scaled: lme4::refit from {R_REFITS['refit']}, R with missing values or p from "
        f"{R_REFITS['refit_holes']}, statsmodels from {STATSMODELS_REFITS}; kbstudy did all {REFITS}."
    )
    astray = [f"{name} ({len(r) - sum(r)} of {len(r)})" for name, r in failures(jobs)]
    if astray:
        print(f"statsmodels did not converge: {'; '.join(astray)}.")
    gaps = [job.gap for job in jobs if job.gap is not None]
    if gaps:
        print(f"Log-likelihood, kbstudy − R: {min(gaps):.1e} to {max(gaps):.1e} over {len(gaps)} single fits.")
    if not asked.only:
        print("\nTargets:\n")
        print("\n".join(targets(jobs, seconds, peak)))


if __name__ == "__main__":
    main()
