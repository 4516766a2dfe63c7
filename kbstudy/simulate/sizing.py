"""How many people: by simulating the planned analysis until enough made-up trials answer the question."""

from __future__ import annotations

import html
import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from kbstudy import formatting as fmt
from kbstudy.claims import Region, judge
from kbstudy.errors import FitError, PlanError, Problem, Problems, did_you_mean
from kbstudy.progress import Bar
from kbstudy.simulate.intervals import ANALYSES, Interval
from kbstudy.simulate.trials import TwoArmTrial

__all__ = ["Goal", "SampleSize", "sample_size"]

Goal = Literal["difference", "supported", "decided", "narrow"]
Analysis = Callable[[TwoArmTrial, int, float, np.random.Generator], Interval]

_GOALS: Final = ("difference", "supported", "decided", "narrow")
_METHOD_WORDS: Final = {
    "ancova": "ANCOVA",
    "change_score": "change scores",
    "follow_up": "follow-up values alone",
    "mean": "the mean of one group",
    "mmrm": "a mixed model of all visits",
    "paired": "the mean change of one group",
}
#: Replicates that one task runs; the answer does not depend on it, only how often the bar moves.
_BATCH: Final = 100
_SMALLEST: Final = 3
_LARGEST: Final = 100_000


@dataclass(frozen=True, repr=False)
class SampleSize:
    """How many people a planned analysis needs. Made by :func:`kbstudy.sample_size`.

    Parameters
    ----------
    n_per_arm
        The smallest number an arm for which the curve through all simulations reaches ``probability``; for ``mean`` and
        ``paired`` the number of people in the one group.
    n_low, n_high
        Range of it that the number of replicates leaves (95 %).
    n_randomised
        People in all arms together.
    probability
        Share of trials that should reach the goal.
    curve
        One row a number that was tried: ``n, replicates, reached, failed, share, low, high`` (Wilson 95 % interval of
        the share). ``failed`` trials could not be analysed and count as not reached.
    trial, analysis, goal, level, region, half_width, seed
        What was assumed and asked.
    """

    n_per_arm: int
    n_low: int
    n_high: int
    probability: float
    curve: pd.DataFrame
    trial: TwoArmTrial
    analysis: str
    goal: Goal
    level: float = 0.95
    region: Region | None = None
    half_width: float | None = None
    seed: int = 0
    groups: int = field(default=2)

    @property
    def n_randomised(self) -> int:
        """People in all arms together."""
        return self.groups * self.n_per_arm

    def sentence(self) -> str:
        """For a protocol: the number, what it is for, and what it assumes."""
        each = " per arm" if self.groups == 2 else ""
        span = fmt.interval(self.n_low, self.n_high, 0)
        share = fmt.number(100 * self.probability, 0)
        return (
            f"{fmt.count(self.n_per_arm, 'person', 'people')}{each} ({self.n_randomised} in all; simulation leaves "
            f"{span}{each}) for {self._what()} in {share}% of trials, by {self._how()}, if {self._assumed()}."
        )

    def _how(self) -> str:
        return _METHOD_WORDS.get(self.analysis, self.analysis.replace("_", " "))

    def _what(self) -> str:
        interval = f"a {fmt.confidence(self.level)} interval"
        if self.goal == "narrow":
            return f"{interval} of at most ±{fmt.plain(float(self.half_width or 0))}"
        if self.goal == "difference":
            return f"{interval} that excludes 0"
        assert self.region is not None, "the other goals have a region"
        if self.goal == "supported":
            return f"{interval} that lies in the claimed region ({self.region.text('')})"
        return f"{interval} that decides the claim ({self.region.text('')}), either way"

    def _assumed(self) -> str:
        trial = self.trial
        parts = [f"the true difference is {fmt.plain(trial.difference)}", f"the SD {fmt.plain(trial.sd)}"]
        if self.analysis not in ("follow_up", "mean"):
            parts.append(f"the correlation between visits {fmt.plain(trial.correlation)}")
        parts.append(f"{fmt.number(100 * trial.dropout, 0)}% drop out")
        return fmt.words(parts)

    def methods(self) -> str:
        """How it was computed."""
        total = int(self.curve["replicates"].sum())
        return (
            f"The sample size was found by simulating {total} trials of {len(self.curve)} sizes and analysing each as "
            f"planned ({self._how()}); a probit curve in the square root of the size was fitted to "
            f"the shares of trials that reached the goal (seed {self.seed}). After a trial, its interval says what was "
            "learned; a power computed from its result says nothing more."
        )

    def plot(self) -> Any:
        """Share of trials that reach the goal against the number of people: a new figure."""
        from kbstudy.figures.sample_size import plot_sample_size

        return plot_sample_size(self)

    def table(self) -> pd.DataFrame:
        """The curve as a reader wants it."""
        shares = [fmt.percent(a, b) for a, b in zip(self.curve["reached"], self.curve["replicates"], strict=True)]
        spans = [fmt.interval(a, b, 3) for a, b in zip(self.curve["low"], self.curve["high"], strict=True)]
        name = "People per arm" if self.groups == 2 else "People"
        shown = pd.DataFrame({name: self.curve["n"], "Reached the goal": shares, "95% CI of the share": spans})
        if self.curve["failed"].any():
            shown["Could not be analysed"] = self.curve["failed"]
        return shown

    def __str__(self) -> str:
        return f"{self.sentence()}\n{self.table().to_string(index=False)}"

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        return f"<p>{html.escape(self.sentence())}</p>{fmt.html_table(self.table())}"


def sample_size(
    trial: TwoArmTrial,
    *,
    analysis: str | Analysis = "ancova",
    goal: Goal = "difference",
    region: Region | None = None,
    half_width: float | None = None,
    probability: float = 0.8,
    level: float = 0.95,
    replicates: int = 1000,
    seed: int = 1,
    workers: int | None = None,
    progress: bool | None = None,
) -> SampleSize:
    """How many people a trial needs, by simulating the analysis that is planned.

    Parameters
    ----------
    trial
        What is assumed: :class:`kbstudy.TwoArmTrial`. Its numbers come from a pilot or from published trials.
    analysis
        ``"ancova"``, ``"mmrm"``, ``"change_score"``, ``"follow_up"``, ``"paired"`` and ``"mean"`` (one group), or a
        function ``(trial, n, level, rng) -> (estimate, low, high)``.
    goal
        What a trial should reach. ``"difference"``: the interval excludes 0 (power). ``"supported"``: it lies in
        ``region``. ``"decided"``: it lies inside or outside of ``region``, so that the claim is settled either way.
        ``"narrow"``: it is at most ``half_width`` on either side.
    region, half_width
        For those goals.
    probability
        Share of trials that should reach it.
    level
        Of the interval.
    replicates
        Made-up trials of each size that is tried.
    seed
        Every replicate has a random stream of its own, made from the seed, the size and its number. So the answer is
        the same for any number of workers.
    workers
        Processes, through joblib; ``None``: one, or what ``joblib.parallel_config`` says (a cluster, for example).
    progress
        ``None``: a bar after a second, where somebody can see it.

    Returns
    -------
    SampleSize

    Raises
    ------
    PlanError
        Goals without what they need, impossible numbers, a goal that 100,000 people an arm do not reach.

    When not to use
    ---------------
    After the trial, to explain its result. For cluster, crossover or survival designs: give a function of your own.

    Notes
    -----
    Sizes are doubled until the goal is reached, then the interval is halved; a probit curve in the square root of the
    size through all of them gives the number, its standard error the range.

    Validated against
    -----------------
    R ``power.t.test`` (delta 5, SD 10: 63.8 an arm; paired, 90 %: 44.0 people) and SAS PROC POWER (two one-sided tests,
    SD 8, ±5: 90 people), within the range that the simulation leaves (``tests/simulate/test_sample_size.py``).

    Examples
    --------
    >>> import kbstudy as kb
    >>> trial = kb.TwoArmTrial(difference=-1.0, sd=2.0, correlation=0.5, dropout=0.15)
    >>> found = kb.sample_size(trial, replicates=400)
    >>> 50 < found.n_per_arm < 66
    True
    """
    name, run = _analysis(analysis)
    _check(trial, name, goal, region, half_width, probability, level, replicates)
    ask = _Ask(trial, run, goal, region, half_width, level, seed)
    curve = _search(ask, probability, replicates, workers, progress)
    n, low, high = _from_curve(curve, probability)
    return SampleSize(
        n_per_arm=n,
        n_low=low,
        n_high=high,
        probability=probability,
        curve=curve,
        trial=trial,
        analysis=name,
        goal=goal,
        level=level,
        region=region,
        half_width=half_width,
        seed=seed,
        groups=1 if name in ("mean", "paired") else 2,
    )


def _analysis(analysis: str | Analysis) -> tuple[str, Analysis]:
    if callable(analysis):
        return getattr(analysis, "__name__", "own analysis"), analysis
    if analysis not in ANALYSES:
        what = f'analysis="{analysis}" is not known{did_you_mean(str(analysis), list(ANALYSES))}'
        raise PlanError(Problem(what, do=f"Known are {', '.join(ANALYSES)}; or give a function."))
    return analysis, ANALYSES[analysis]


def _check(
    trial: TwoArmTrial,
    name: str,
    goal: str,
    region: Region | None,
    half_width: float | None,
    probability: float,
    level: float,
    replicates: int,
) -> None:
    problems = Problems()
    if goal not in _GOALS:
        hint = did_you_mean(str(goal), _GOALS)
        problems.add(Problem(f'goal="{goal}" is not known{hint}', do=f"Known are {', '.join(_GOALS)}."))
    if goal in ("supported", "decided") and region is None:
        do = "For example region=kb.Region(at_most=0)."
        problems.add(Problem(f'goal="{goal}" needs a region: the values that make the claim true', do=do))
    if goal == "narrow" and (half_width is None or not half_width > 0):
        problems.add(Problem('goal="narrow" needs half_width, above 0', do="In the unit of the outcome."))
    if goal == "difference" and trial.difference == 0:
        what = "the true difference is 0, so no number of people makes an interval that should exclude it"
        problems.add(Problem(what, do='Use goal="narrow", or goal="supported" with a region on both sides of 0.'))
    if not 0 < probability < 1:
        problems.add(Problem(f"probability={probability} is not a share", do="For example probability=0.8."))
    if not 0 < level < 1:
        problems.add(Problem(f"level={level} is not a confidence level", do="For example level=0.95."))
    if replicates < 100:
        problems.add(
            Problem(f"replicates={replicates} are too few for a share", do="Use 100 or more; 1000 by default.")
        )
    if name == "mmrm" and trial.visits < 2:
        problems.add(Problem('"mmrm" needs two visits or more after the baseline', do='Use "ancova", or visits=2.'))
    problems.raise_as(PlanError)


@dataclass(frozen=True)
class _Ask:
    """One made-up trial after another: whether each reaches the goal."""

    trial: TwoArmTrial
    run: Analysis
    goal: Goal
    region: Region | None
    half_width: float | None
    level: float
    seed: int

    def batch(self, n: int, first: int, last: int) -> tuple[int, int]:
        """Of the replicates from ``first`` to before ``last``: how many reach the goal, how many cannot be analysed."""
        found = [self._reached(n, number) for number in range(first, last)]
        return sum(word is True for word in found), sum(word is None for word in found)

    def _reached(self, n: int, number: int) -> bool | None:
        rng = np.random.default_rng(np.random.SeedSequence(self.seed, spawn_key=(n, number)))
        try:
            _, low, high = self.run(self.trial, n, self.level, rng)
        except FitError:
            return None
        if math.isnan(low) or math.isnan(high):
            return None
        if self.goal == "difference":
            return low > 0 or high < 0
        if self.goal == "narrow":
            assert self.half_width is not None
            return (high - low) / 2 <= self.half_width
        assert self.region is not None
        word = judge(low, high, self.region)
        return word == "supported" if self.goal == "supported" else word in ("supported", "not supported")


def _search(ask: _Ask, probability: float, replicates: int, workers: int | None, progress: bool | None) -> pd.DataFrame:
    """Double until the goal is reached, then halve the interval until it is narrower than the noise."""
    rows: dict[int, dict[str, float]] = {}
    batches = math.ceil(replicates / _BATCH)

    def share(n: int) -> float:
        if n not in rows:
            rows[n] = _tried(ask, n, replicates, workers, bar)
        return float(rows[n]["share"])

    with Bar("Simulated trials", 12 * batches, progress) as bar:
        low, high = _SMALLEST, 8
        while share(high) < probability:
            low, high = high, 2 * high
            if high > _LARGEST:
                what = f"{_LARGEST} people an arm do not reach the goal in {100 * probability:g}% of trials"
                do = "The true difference lies at or beyond the border, or the goal is narrower than the spread allows."
                raise PlanError(Problem(what, do=do))
        while high - low > max(1, round(0.06 * high)):
            middle = (low + high) // 2
            low, high = (low, middle) if share(middle) >= probability else (middle, high)
        for n in (round(0.85 * high), round(1.15 * high)):
            share(max(n, _SMALLEST))
    frame = pd.DataFrame([{"n": n, **rows[n]} for n in sorted(rows)])
    return frame.astype({"n": "int64", "replicates": "int64", "reached": "int64", "failed": "int64"})


def _tried(ask: _Ask, n: int, replicates: int, workers: int | None, bar: Bar) -> dict[str, float]:
    from joblib import Parallel, delayed

    edges = [*range(0, replicates, _BATCH), replicates]
    calls = (delayed(ask.batch)(n, first, last) for first, last in itertools.pairwise(edges))
    reached = failed = 0
    for good, gone in Parallel(n_jobs=workers, return_as="generator")(calls):
        reached, failed = reached + good, failed + gone
        bar.advance()
    low, high = _wilson(reached, replicates)
    share = reached / replicates
    return {"replicates": replicates, "reached": reached, "failed": failed, "share": share, "low": low, "high": high}


def _wilson(reached: int, n: int) -> tuple[float, float]:
    z, p = 1.959963984540054, reached / n
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return max(0.0, middle - half), min(1.0, middle + half)


def _from_curve(curve: pd.DataFrame, probability: float) -> tuple[int, int, int]:
    """The smallest size at which the fitted curve reaches the probability, and its range by the delta method."""
    from scipy.special import ndtri

    x = np.sqrt(curve["n"].to_numpy(dtype="float64"))
    beta, covariance = _probit(x, curve["reached"].to_numpy("float64"), curve["replicates"].to_numpy("float64"))
    target = float(ndtri(probability))
    root = (target - beta[0]) / beta[1]
    gradient = np.array([-1.0, -root]) / beta[1]
    se = math.sqrt(float(gradient @ covariance @ gradient))
    sizes = [max(_SMALLEST, root + move * se) ** 2 if root + move * se > 0 else _SMALLEST for move in (-1.96, 0, 1.96)]
    low, n, high = (math.ceil(size - 1e-9) for size in sizes)
    return n, min(low, n), max(high, n)


def _probit(
    x: npt.NDArray[np.float64], reached: npt.NDArray[np.float64], replicates: npt.NDArray[np.float64]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Intercept and slope of a probit curve by Fisher scoring, weights falling off far from the middle."""
    from scipy.special import log_ndtr, ndtr, ndtri

    near = (reached / replicates > 0.15) & (reached / replicates < 0.995)
    if near.sum() < 2:
        near = np.ones(len(x), dtype=bool)
    x, reached, replicates = x[near], reached[near], replicates[near]
    start = ndtri(np.clip((reached + 0.5) / (replicates + 1), 0.01, 0.99))
    slope = float(np.cov(x, start)[0, 1] / np.var(x, ddof=1)) if len(x) > 1 and np.ptp(x) > 0 else 1.0
    beta = np.array([float(start.mean() - slope * x.mean()), slope])
    design = np.column_stack([np.ones_like(x), x])
    for _ in range(50):
        eta = design @ beta
        density = np.exp(-(eta**2) / 2) / math.sqrt(2 * math.pi)
        p = np.clip(ndtr(eta), 1e-12, 1 - 1e-12)
        weight = replicates * density**2 / (p * (1 - p))
        score = design.T @ ((reached - replicates * p) * density / (p * (1 - p)))
        information = design.T @ (weight[:, None] * design)
        step = np.linalg.solve(information, score)
        beta = beta + step
        if np.max(np.abs(step)) < 1e-10:
            break
    assert np.isfinite(log_ndtr(design @ beta)).all(), "the curve through the shares did not settle"
    return beta, np.linalg.inv(information)
