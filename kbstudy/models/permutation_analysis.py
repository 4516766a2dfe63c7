"""Arms compared by re-randomising people the way they were randomised."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from kbstudy import formatting as fmt
from kbstudy.errors import DataError, FitError, PlanError, Problem, Problems
from kbstudy.estimates import Estimates
from kbstudy.models import _citations as cite
from kbstudy.models._arms import (
    Comparison,
    Fate,
    arm_ledger,
    arm_levels,
    check_arms,
    contrasts,
    not_randomised,
    points,
)
from kbstudy.models._frames import (
    FloatArray,
    identify_each,
    label,
    labels,
    numbers,
    small_sample_notes,
)
from kbstudy.models._linear import blocks_of, check_blocks, design_of
from kbstudy.models._people import People, covariate, is_missing
from kbstudy.models.resampling import IntArray, generator, monte_carlo_interval
from kbstudy.progress import Bar

__all__ = ["permutation_test"]

#: Statistics closer than this share of their spread count as equal.
_SAME: Final = 1e-9
#: Numbers that are held at once; answers do not depend on it.
_AT_ONCE: Final = 2**21


@dataclass(frozen=True)
class _Question(Comparison):
    """What was asked, with labels as text."""

    baseline: str | None
    covariates: tuple[str, ...]
    strata: tuple[str, ...]
    cluster: str | None
    permutations: int

    @property
    def adjusted(self) -> tuple[str, ...]:
        """The columns in the model beside the arm, in order."""
        return (*([self.baseline] if self.baseline is not None else []), *self.covariates, *self.strata)

    @property
    def term(self) -> str:
        return "adjusted_difference" if self.adjusted else "mean_difference"


def permutation_test(
    data: pd.DataFrame,
    outcome: str,
    *,
    arm: str,
    reference: object,
    baseline: str | None = None,
    covariates: Sequence[str] = (),
    strata: str | Sequence[str] = (),
    cluster: str | None = None,
    participant: str | None = None,
    permutations: int = 9999,
    rng: np.random.Generator | int | None = None,
    level: float = 0.95,
    visit: str = "",
) -> Estimates:
    """Could re-randomising the same people have given such a difference between arms? A test that needs no normality.

    Parameters
    ----------
    data
        One row a participant.
    outcome
        Numeric column: the value at the visit; NaN where there is no value.
    arm, reference
        Column of the arms, and the arm that the others are compared with.
    baseline, covariates
        Columns measured before randomisation, to adjust for; none if not given. Numbers enter as a straight line, text,
        booleans and categories as categories.
    strata
        Column or columns that randomisation was stratified by: people are re-randomised within their combinations, and
        each column is adjusted for as a category.
    cluster
        Column of the groups that were randomised as a whole (clinics, classes): whole clusters are re-randomised.
    participant
        Column of the ids; without it the frame's index names people.
    permutations
        How many re-randomisations to draw. Where there are no more different ones than that, each is computed once and
        the p-value is exact.
    rng
        A generator of random numbers or a seed; without one only the exact test can be computed.
    level
        Confidence level, between 0 and 1.
    visit
        What to call the visit in tables and sentences.

    Returns
    -------
    Estimates
        One ``adjusted_difference`` (``mean_difference`` without baseline, covariates and strata) for each other arm
        minus the reference: the least-squares estimate that :func:`~kbstudy.models.ancova` gives, its two-sided
        permutation p-value, and the interval of all constant effects that the same test does not reject at ``1 -
        level``. No standard error, no statistic. ``.points`` has ``participant, arm, baseline, followup`` where there
        is a baseline. Notes say how many re-randomisations there were and how exact p is.

    Raises
    ------
    PlanError
        An unknown column or arm, a column in two roles, an impossible level or number, no ``rng`` where
        re-randomisations are drawn at random.
    DataError
        Values that are not numbers, a person on more than one row, a cluster in several arms or strata.
    FitError
        An arm with fewer than two people, a constant or redundant covariate, an outcome without variation, no other
        way to randomise.

    Warns
    -----
    SmallSample
        When fewer than 8 people are analysed in an arm.

    When not to use
    ---------------
    For arms that nobody randomised. Where people were randomised one by one but chance made a stratum after the fact:
    the test follows how randomisation was done. Blocks of a known size are strata too. For means alone where arms of
    very different size also differ in their spread: that treatment changes the spread is against the hypothesis as
    well, and can make p small or large by itself; ``kb.ancova(robust="HC2_BM")`` is about the means.

    Notes
    -----
    The statistic is the difference itself: outcomes and covariates stay with their people, arms are assigned anew as
    the trial could have assigned them, and the same linear model is fitted each time (Rosenbaum 2002). With several
    arms, only the two that are compared are re-randomised, the others stay in the model. ``p`` is the share of all
    re-randomisations, the observed one among them, with ``|difference|`` at least as large; if ``m`` are drawn and
    ``b`` of them are, ``p = (b + 1) / (m + 1)`` (Phipson and Smyth 2010), and the note gives the Clopper-Pearson
    interval of ``b`` in ``m``. The test is exact for the hypothesis that treatment changed nobody's outcome. The
    interval assumes that it shifted everybody's by the same amount.

    References
    ----------
    Rosenbaum 2002, doi:10.1214/ss/1042727942; Phipson & Smyth 2010, doi:10.2202/1544-6115.1585

    Validated against
    -----------------
    Enumeration by brute force with refits; R coin 1.4-2 ``oneway_test(distribution = "exact")`` and, with strata,
    ``independence_test(y ~ arm | block)`` (``tests/reference/``).

    Examples
    --------
    >>> import pandas as pd
    >>> trial = pd.DataFrame({
    ...     "arm": ["Usual care"] * 8 + ["Kettlebell"] * 8,
    ...     "before": [6, 5, 7, 4, 6, 8, 5, 6, 5, 6, 7, 5, 4, 8, 6, 6],
    ...     "after": [6, 4, 7, 4, 5, 7, 5, 6, 3, 5, 5, 4, 2, 6, 4, 5],
    ... })
    >>> found = permutation_test(trial, "after", baseline="before", arm="arm", reference="Usual care",
    ...                          permutations=20_000)
    >>> row = found.row()
    >>> print(f"{row['estimate']:.2f} ({row['low']:.2f} to {row['high']:.2f}), p {row['p']:.5f}")
    -1.25 (-1.85 to -0.64), p 0.00280
    >>> print(found.notes[0])
    Kettlebell − Usual care: all 12870 ways to randomise were computed, so p is exact.
    """
    asked = _Question(
        outcome,
        arm,
        label(reference),
        participant,
        level,
        visit,
        baseline,
        _names(covariates),
        _names(strata),
        cluster,
        permutations,
    )
    _check_question(data, asked, rng)
    levels = arm_levels(data[arm], asked.reference)
    everybody, clusters = _read(data, asked)
    fates = _fates(data, everybody, clusters, asked)
    ledger = arm_ledger(everybody.ids, everybody.arms, asked, fates)
    check_arms(levels, ledger)
    keep = np.array([status == "analysed" for status, _ in fates])
    people, clusters = everybody.only(list(keep)), clusters[keep].reset_index(drop=True)
    units = _units(people, clusters, asked)
    blocks = blocks_of(people, levels, arm, people.covariates)
    check_blocks(people.outcome, blocks, outcome)
    design = design_of(blocks).to_numpy(dtype="float64")
    draw = None if rng is None else np.random.default_rng(rng)
    pairs = contrasts(levels)
    found = [_compared(people, design, units, levels, levels.index(one), asked, draw) for one, _ in pairs.values()]
    counts = {name: len(ledger.ids("analysed", arm=name)) for name in levels}
    small = small_sample_notes(counts, "people analysed in an arm")
    return Estimates(
        _frame(found, counts, pairs, asked),
        title=_title(asked),
        outcome=outcome,
        method=_method(asked),
        level=level,
        primary=asked.term,
        compares=pairs,
        notes=(*_notes(found, pairs, units, asked), *small),
        citations=(cite.ROSENBAUM_2002, cite.PHIPSON_SMYTH_2010),
        ledger=ledger,
        points=None if baseline is None else points(people.ids, people.arms, people.baseline, people.outcome),
    )


def _names(columns: str | Sequence[str]) -> tuple[str, ...]:
    return (columns,) if isinstance(columns, str) else tuple(columns)


def _check_question(data: pd.DataFrame, asked: _Question, rng: object) -> None:
    others = [("baseline", asked.baseline)] if asked.baseline is not None else []
    others += [("covariates", name) for name in asked.covariates] + [("strata", name) for name in asked.strata]
    others += [("cluster", asked.cluster)] if asked.cluster is not None else []
    problems = asked.problems(data, [(argument, name) for argument, name in others if name is not None])
    if rng is not None:
        generator(rng, problems)
    count = asked.permutations
    if isinstance(count, bool) or not isinstance(count, int | np.integer) or count < 99:
        what = f"permutations={count!r} is not a number of re-randomisations"
        problems.add(Problem(what, do="Give a whole number of at least 99; 9999 for a report."))
    problems.raise_as(PlanError)


# ---- people ------------------------------------------------------------------------------------------------------


def _read(data: pd.DataFrame, asked: _Question) -> tuple[People, pd.Series]:
    """Everybody, what is adjusted for in their covariates, and their clusters (themselves, if there are none)."""
    problems = Problems()
    ids = identify_each(data, asked.participant, problems)
    outcome = numbers(data, asked.outcome, ids, problems)
    before = np.full(len(ids), np.nan) if asked.baseline is None else numbers(data, asked.baseline, ids, problems)
    adjusted: dict[str, FloatArray | pd.Series] = {} if asked.baseline is None else {asked.baseline: before}
    adjusted |= {name: covariate(data, name, ids, problems) for name in asked.covariates}
    adjusted |= {name: labels(data[name]) for name in asked.strata}
    problems.raise_as(DataError)
    clusters = ids if asked.cluster is None else labels(data[asked.cluster])
    return People(ids, labels(data[asked.arm]), outcome, before, adjusted), clusters


def _fates(data: pd.DataFrame, people: People, clusters: pd.Series, asked: _Question) -> list[Fate]:
    named: dict[str, FloatArray | pd.Series] = {asked.no_value: people.outcome}
    named |= {f'"{name}" missing': values for name, values in people.covariates.items()}
    named |= {f'no cluster in column "{asked.cluster}"': clusters}
    lacking = {reason: is_missing(values) for reason, values in named.items()}
    fates = []
    for i, never in enumerate(not_randomised(data[asked.arm])):
        reasons = [reason for reason, missing in lacking.items() if missing[i]]
        status = "analysed" if not reasons else "missing" if asked.no_value in reasons else "dropped"
        fates.append(never or (status, "; ".join(reasons)))
    return fates


@dataclass(frozen=True, slots=True)
class _Units:
    """What is randomised: people or clusters.

    ``of`` is each person's unit, shape ``(n,)``; ``arms`` and ``strata`` have one entry a unit.
    """

    of: IntArray
    arms: npt.NDArray[np.object_]
    strata: IntArray


def _units(people: People, clusters: pd.Series, asked: _Question) -> _Units:
    strata = [" / ".join(key) for key in zip(*(people.covariates[name] for name in asked.strata), strict=True)]
    strata = strata or [""] * len(people.ids)
    frame = pd.DataFrame({"cluster": clusters, "arm": people.arms.to_numpy(), "stratum": strata})
    problems = Problems()
    for column, do in {
        "arm": "Everybody in a cluster is in its arm: correct the arm, or leave cluster= out.",
        "stratum": "A cluster that was randomised as a whole lies in one stratum.",
    }.items():
        several = frame.groupby("cluster", sort=False)[column].unique().loc[lambda found: found.str.len() > 1]
        for name, found in several.items():
            what = f'cluster "{name}" has several: {fmt.words(list(found))}'
            problems.add(Problem(what, column=asked.arm if column == "arm" else fmt.words(asked.strata), do=do))
    problems.raise_as(DataError)
    of, names = pd.factorize(frame["cluster"])
    firsts = frame.drop_duplicates("cluster").set_index("cluster").loc[names]
    return _Units(of, firsts["arm"].to_numpy(dtype="object"), pd.factorize(firsts["stratum"])[0])


# ---- re-randomisation --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Compared:
    """One contrast: the difference, its interval, and ``extreme`` of ``total`` re-randomisations as large."""

    estimate: float
    low: float
    high: float
    extreme: int
    total: int
    exact: bool

    @property
    def p(self) -> float:
        return self.extreme / self.total if self.exact else (self.extreme + 1) / (self.total + 1)


def _compared(
    people: People,
    design: FloatArray,
    units: _Units,
    levels: Sequence[str],
    one: int,
    asked: _Question,
    rng: np.random.Generator | None,
) -> _Compared:
    """Arm number ``one`` against the first, by the model with everybody in it."""
    fixed = np.column_stack([design[:, 0] + design[:, one], np.delete(design, [0, one], axis=1)])
    q = np.linalg.qr(fixed)[0]
    arm = design[:, one]
    swapped = _Swapped(units, levels[one], levels[0])
    estimate = float(_differences(arm[None], q, people.outcome)[0])
    exact = swapped.total <= asked.permutations
    _check_ways(swapped, exact, asked, rng, f"{levels[one]} and {levels[0]}")
    total = swapped.total if exact else asked.permutations
    against, along = np.empty(total), np.empty(total)
    done = 0
    with Bar("Re-randomising", total) as bar:
        for arms in swapped.all_ways() if exact else swapped.drawn(total, rng):
            part = slice(done, done + len(arms))
            people_in = np.where(swapped.is_compared[units.of], arms[:, units.of], 0.0)
            against[part] = _differences(people_in, q, people.outcome)
            along[part] = _differences(people_in, q, arm)
            done += len(arms)
            bar.advance(len(arms))
    return _judged(estimate, against, along, exact, 1 - asked.level)


def _differences(arms: FloatArray, q: FloatArray, values: FloatArray) -> FloatArray:
    """The coefficient of each row of ``arms`` beside the columns of ``q``; infinite where these determine it."""
    own = np.sum(arms**2, axis=1) - np.sum((arms @ q) ** 2, axis=1)
    left = values - q @ (q.T @ values)
    determined = own <= 1e-9 * np.maximum(np.sum(arms**2, axis=1), 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        found: FloatArray = np.where(determined, np.inf, (arms @ left) / own)
    return found


def _judged(estimate: float, against: FloatArray, along: FloatArray, exact: bool, alpha: float) -> _Compared:
    """The p-value of no effect, and the effects that are not rejected.

    If treatment shifts everybody by ``d``, re-randomisation ``k`` of the outcomes without it gives ``against_k - d
    along_k``, and the observed difference without it is ``estimate - d``: the first is as large as the second between
    the roots of a quadratic in ``d``. An effect is rejected if ``p <= alpha``.
    """
    total = len(against)
    near = _SAME * (abs(estimate) + float(np.std(against[np.isfinite(against)])))
    extreme = int(np.sum(np.abs(against) >= abs(estimate) - near))
    needed = math.floor(alpha * total * (1 + 1e-12)) + 1 if exact else math.floor(alpha * (total + 1) * (1 + 1e-12))
    starts, ends = _as_large(estimate, against, along)
    low, high = _hull(starts, ends, needed)
    return _Compared(estimate, low, high, extreme, total, exact)


def _as_large(estimate: float, against: FloatArray, along: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Starts and ends of the stretches of ``d`` where ``|against - d along| >= |estimate - d|``."""
    everywhere = ~np.isfinite(against)
    against, along = np.where(everywhere, estimate, against), np.where(everywhere, 1.0, along)
    scale = abs(estimate) + float(np.max(np.abs(against)))
    inside, outside = np.abs(along) < 1 - 1e-9, np.abs(along) > 1 + 1e-9
    # At |along| = 1 there is one root, and none where the re-randomisation is the observed one or its mirror.
    with np.errstate(divide="ignore", invalid="ignore"):
        one = np.where(np.abs(1 - along) <= 1e-9, np.nan, (estimate - against) / (1 - along))
        other = np.where(np.abs(1 + along) <= 1e-9, np.nan, (estimate + against) / (1 + along))
    first, second = np.fmin(one, other), np.fmax(one, other)
    edge = ~inside & ~outside
    same = edge & (np.abs(against - along * estimate) <= 1e-9 * scale)
    below = edge & ~same & (against * along > estimate)  # all below the only root are as large
    starts = [first[inside], np.full(int(outside.sum()), -np.inf), second[outside]]
    ends = [second[inside], first[outside], np.full(int(outside.sum()), np.inf)]
    starts += [np.full(int(same.sum()), -np.inf), np.full(int(below.sum()), -np.inf), first[edge & ~same & ~below]]
    ends += [np.full(int(same.sum()), np.inf), first[below], np.full(int((edge & ~same & ~below).sum()), np.inf)]
    return np.concatenate(starts), np.concatenate(ends)


def _hull(starts: FloatArray, ends: FloatArray, needed: int) -> tuple[float, float]:
    """The lowest and the highest point that at least ``needed`` stretches cover."""
    starts, ends = np.sort(starts), np.sort(ends)
    if needed <= 0:
        return -math.inf, math.inf
    at_starts = np.searchsorted(starts, starts, "right") - np.searchsorted(ends, starts, "left")
    at_ends = np.searchsorted(starts, ends, "right") - np.searchsorted(ends, ends, "left")
    low, high = starts[at_starts >= needed], ends[at_ends >= needed]
    return (float(low[0]), float(high[-1])) if len(low) else (math.nan, math.nan)


class _Swapped:
    """The ways to assign the units of two arms to them, within strata; 1 stands for the first, 0 for the second."""

    def __init__(self, units: _Units, one: str, other: str) -> None:
        self.is_compared = np.isin(units.arms, [one, other])
        self._places = [np.flatnonzero(self.is_compared & (units.strata == s)) for s in np.unique(units.strata)]
        self._ones = [int(np.sum(units.arms[places] == one)) for places in self._places]
        self._units = len(units.arms)
        sizes = zip(self._places, self._ones, strict=True)
        self.total = math.prod(math.comb(len(places), ones) for places, ones in sizes)

    def all_ways(self) -> Iterator[FloatArray]:
        """Every way once, in pieces of shape ``(b, units)``."""
        each = [itertools.combinations(places, ones) for places, ones in zip(self._places, self._ones, strict=True)]
        ways = itertools.product(*each)
        while chosen := list(itertools.islice(ways, self._piece)):
            arms = np.zeros((len(chosen), self._units))
            for row, parts in enumerate(chosen):
                arms[row, list(itertools.chain(*parts))] = 1.0
            yield arms

    def drawn(self, total: int, rng: np.random.Generator | None) -> Iterator[FloatArray]:
        """Ways at random: one uniform number a unit and draw, the smallest of a stratum are in the first arm."""
        assert rng is not None, "checked before"
        for done in range(0, total, self._piece):
            uniform = rng.random((min(self._piece, total - done), self._units))
            arms = np.zeros(uniform.shape)
            for places, ones in zip(self._places, self._ones, strict=True):
                if ones > 0:
                    order = np.argsort(uniform[:, places], axis=1)[:, :ones]
                    np.put_along_axis(arms, places[order], 1.0, axis=1)
            yield arms

    @property
    def _piece(self) -> int:
        return max(1, _AT_ONCE // self._units)


def _check_ways(swapped: _Swapped, exact: bool, asked: _Question, rng: np.random.Generator | None, arms: str) -> None:
    if swapped.total < 2:
        where = f" within {fmt.words(asked.strata)}" if asked.strata else ""
        what = f"there is only one way to randomise {arms}{where}: nothing can be compared with it"
        raise FitError(Problem(what, do="Check strata= and cluster=: each arm has to occur within some stratum."))
    if not exact and rng is None:
        ways = f"{swapped.total:,}" if swapped.total < 10**15 else "more than 10^15"
        what = f"there are {ways} ways to randomise {arms}, and permutations={asked.permutations} is less"
        do = "Give a seed such as rng=20240501, so that they can be drawn at random and the result be repeated."
        raise PlanError(Problem(what, do=do))


# ---- words -------------------------------------------------------------------------------------------------------


def _frame(
    found: Sequence[_Compared], counts: dict[str, int], pairs: dict[str, tuple[str, str]], asked: _Question
) -> pd.DataFrame:
    rows = [
        {
            "term": asked.term,
            "contrast": contrast,
            "n": counts[one] + counts[other],
            "estimate": each.estimate,
            "p": each.p,
            "low": each.low,
            "high": each.high,
            "method": f"Permutation test, {'exact' if each.exact else f'{each.total} drawn'}",
        }
        for each, (contrast, (one, other)) in zip(found, pairs.items(), strict=True)
    ]
    return pd.DataFrame(rows).assign(visit=asked.visit)


def _title(asked: _Question) -> str:
    adjusted = f", adjusted for {fmt.words(asked.adjusted)}" if asked.adjusted else ""
    return f"{asked.outcome}{asked.at_visit}: arms compared by re-randomisation{adjusted}"


def _method(asked: _Question) -> str:
    what = "whole clusters" if asked.cluster else "people"
    within = f" within strata of {fmt.words(asked.strata)}" if asked.strata else ""
    statistic = (
        f"the difference adjusted for {fmt.words(asked.adjusted)} by least squares"
        if asked.adjusted
        else "the difference of the means"
    )
    return (
        f"Arms were compared on {asked.outcome}{asked.at_visit} by a permutation test: {what} were re-randomised"
        f"{within} with outcomes and covariates as they are, and the statistic was {statistic}, two-sided; the "
        f"{fmt.confidence(asked.level)} interval holds all constant effects that the same test does not reject."
    )


def _notes(found: Sequence[_Compared], pairs: dict[str, tuple[str, str]], units: _Units, asked: _Question) -> list[str]:
    notes = [
        _how_exact(each, contrast.replace(" - ", " − "), asked) for each, contrast in zip(found, pairs, strict=True)
    ]
    if asked.cluster:
        sizes = [
            int(np.sum(units.arms == name)) for name in dict.fromkeys(name for pair in pairs.values() for name in pair)
        ]
        notes.append(
            f"{sum(sizes)} clusters were re-randomised; everybody counts the same, so large clusters count more."
        )
    if any(math.isinf(each.low) or math.isinf(each.high) for each in found):
        least = fmt.confidence(asked.level)
        notes.append(f"There are too few ways to randomise for a {least} interval that ends on both sides.")
    return notes


def _how_exact(each: _Compared, contrast: str, asked: _Question) -> str:
    if each.exact:
        return f"{contrast}: all {each.total} ways to randomise were computed, so p is exact."
    low, high = monte_carlo_interval(each.extreme, each.total, asked.level)
    return (
        f"{contrast}: {each.extreme} of {each.total} re-randomisations drawn at random differ at least as much; the "
        f"exact p lies between {low:.2g} and {high:.2g} ({fmt.confidence(asked.level)} Monte Carlo interval)."
    )
