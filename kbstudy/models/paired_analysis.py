"""Change from before to after within one group of people."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import pandas as pd

from kbstudy import formatting as fmt
from kbstudy.errors import Problem, Problems
from kbstudy.estimates import Estimates
from kbstudy.models import _citations as cite
from kbstudy.models._arms import points
from kbstudy.models._changes import bootstrap_mean, sign_flips
from kbstudy.models._frames import FloatArray, label, labels, small_sample_notes
from kbstudy.models._pairs import (
    PairedQuestion,
    changes,
    check_pairs,
    check_question,
    comparable,
    pairs_ledger,
    side_by_side,
)
from kbstudy.models.effect_sizes import EffectSize, paired_effect_sizes
from kbstudy.models.resampling import check_resampling, generator
from kbstudy.models.signed_rank import SignedRank, signed_rank

__all__ = ["paired"]

_NO_CONTROL: Final = (
    "A change within one group is not evidence that the intervention caused it: regression to the mean, "
    "familiarisation with the test and the natural course of a complaint change a group too. "
    "Only a comparison with a concurrent control group tells them apart."
)
_NO_P: Final = "That is why no p-value is given: it would test a change that has several causes."
_WHICH_D: Final = (
    "The primary effect size is hedges_gz, which belongs to the paired t test and is corrected for small samples; "
    "cohen_dz is the same without the correction. The others divide the same mean change by the spread between people "
    "(of both visits: d_av and d_rm; of baseline: Glass's delta) and answer another question. They are not "
    "interchangeable: compare like with like, and never pool g_z with standardised differences between arms."
)
_MEAN_SD: Final = (
    "cohen_dav uses the root mean square of both SDs; cohen_dav_mean_sd, with their plain mean, stands beside it for "
    "comparison with papers that use it, and without an interval, because Algina and Keselman's is for the former."
)


def paired(
    data: pd.DataFrame,
    outcome: str,
    *,
    participant: str,
    visit: str,
    baseline: object,
    followup: object,
    p_values: bool | Literal["sign_flip"] = False,
    interval: Literal["t", "bca"] = "t",
    resamples: int = 9999,
    rng: np.random.Generator | int | None = None,
    level: float = 0.95,
) -> Estimates:
    """How much people changed from one visit to another: mean, pseudo-median and standardised changes.

    Parameters
    ----------
    data
        Long: one row a participant and visit. Rows of other visits may be there and are not used.
    outcome
        Column of the measured values, numeric, in the unit of the instrument; NaN where there is no value.
    participant, visit
        Columns of the ids and of the visit labels.
    baseline, followup
        The two values of ``visit`` to compare. The change is ``followup - baseline``.
    p_values
        Whether to test the changes: ``False`` leaves statistics and p-values empty, because a test within a group
        answers no question about an intervention. ``True``: paired t and Wilcoxon's test. ``"sign_flip"``: for the
        mean change the permutation test that flips the signs of the changes in place of the t test.
    interval
        Of the mean change: ``"t"``, or ``"bca"`` for a bias-corrected and accelerated bootstrap interval.
    resamples, rng
        For ``"bca"`` and ``"sign_flip"``: how many resamples or flips, and a generator of random numbers or a seed.
        There is no default; flips of few people are enumerated and need none.
    level
        Confidence level of all intervals, between 0 and 1.

    Returns
    -------
    Estimates
        Rows by ``term``: ``mean_change`` (primary; t interval), ``wilcoxon_pseudomedian`` (its interval inverts the
        signed-rank test; ``statistic``, if asked for, is V, the sum of the positive ranks, and ``n`` the number of
        changes that are not zero), ``cohen_dz``, ``hedges_gz``,
        ``cohen_dav``, ``cohen_dav_mean_sd``, ``hedges_gav``, ``cohen_drm``, ``glass_delta_baseline``. ``visit`` is
        the follow-up label. Effect sizes are in standard deviations and have no p-value. ``.points`` holds the pairs;
        the ledger everybody in ``data``.

    Raises
    ------
    PlanError
        An unknown column or label, an impossible level, no ``rng`` where numbers are drawn.
    DataError
        Values that are not numbers, infinite values, rows without id or visit, or a person twice at one visit.
    FitError
        Fewer than two complete pairs, or changes that are all the same.

    Warns
    -----
    SmallSample
        With fewer than 8 complete pairs.

    When not to use
    ---------------
    To judge an intervention when there is a control group: compare the arms (:func:`~kbstudy.models.ancova`).
    Testing the change inside each arm and comparing the p-values is an error (Bland and Altman 2011). With more than
    two visits and missing values, a mixed model loses fewer people.

    Notes
    -----
    ``t = m / (s / sqrt(n))`` with mean ``m`` and SD ``s`` of the ``n`` changes, on ``n - 1`` degrees of freedom.
    The Wilcoxon row follows R's ``wilcox.test``: zeros dropped; exact below 50 changes without ties or zeros, else the
    normal approximation with continuity correction. For the ranks, changes are rounded to 14 significant digits of the
    measurements, so that 4.3 - 4.1 and 0.2 are a tie. Sign flips: p is the share of all ``2^n`` ways to flip signs with
    a mean at least as large, or ``(b + 1) / (m + 1)`` of ``m`` drawn ones. BCa:
    :func:`~kbstudy.models.resampling.bca_interval`. Formulas of the effect sizes:
    :func:`~kbstudy.models.effect_sizes.paired_effect_sizes`.

    References
    ----------
    Hedges 1981, doi:10.3102/10769986006002107; Algina & Keselman 2003, doi:10.1177/0013164403256358;
    Bonett 2008, doi:10.1037/1082-989X.13.2.99; Hodges & Lehmann 1963, doi:10.1214/aoms/1177704172;
    Lakens 2013, doi:10.3389/fpsyg.2013.00863; Bland & Altman 2011, doi:10.1186/1745-6215-12-264;
    Efron 1987, doi:10.1080/01621459.1987.10478410; Phipson & Smyth 2010, doi:10.2202/1544-6115.1585

    Validated against
    -----------------
    R 4.2.2 ``t.test``, ``wilcox.test``, ``pt(ncp=)`` and effectsize 0.8.3 on ``sleep`` and on simulated data
    (``tests/reference/``), and SAS PROC TTEST's blood pressure example (``tests/papers/``); boot 1.3-28.1 with the
    same resamples; coin 1.4-2 ``symmetry_test(distribution = "exact")``.

    Examples
    --------
    >>> import pandas as pd
    >>> pain = pd.DataFrame({
    ...     "id": list("ABCDEFGH") * 2,
    ...     "visit": ["Baseline"] * 8 + ["Week 8"] * 8,
    ...     "pain": [6, 5, 7, 4, 6, 8, 5, 6, 4, 4, 6, 4, 3, 5, 5, 5],
    ... })
    >>> change = paired(pain, "pain", participant="id", visit="visit", baseline="Baseline", followup="Week 8")
    >>> print(change.sentence())
    pain at Week 8: mean change −1.38 (95% CI −2.37 to −0.38; n = 8).
    >>> print(round(change.row("hedges_gz")["estimate"], 3))
    -1.028
    """
    question = PairedQuestion(outcome, participant, visit, label(baseline), label(followup), level)
    how = _How(p_values, interval, resamples, rng)
    check_question(data, question, _wrong(how, level))
    everybody = side_by_side(data, question)
    ledger = pairs_ledger(everybody, question)
    pairs = everybody.dropna().reset_index(drop=True)
    before, after = (pairs[column].to_numpy(dtype="float64") for column in ("before", "after"))
    change = changes(before, after)
    check_pairs(everybody, change, question)
    sizes = paired_effect_sizes(before, after, change, level)
    ranks = signed_rank(comparable(change, before, after), level)
    small = small_sample_notes({"": len(change)}, "complete pairs")
    mean, told = _mean_row(change, how, level)
    rows = [mean, _rank_row(ranks, bool(p_values)), *(_size_row(size, len(change)) for size in sizes)]
    return Estimates(
        pd.DataFrame(rows).assign(visit=question.followup),
        title=f"Change in {outcome}, {question.followup} minus {question.baseline}",
        outcome=outcome,
        method=_method(question, len(change), ranks, how),
        level=level,
        primary="mean_change",
        notes=(*_about_p(how), *told, _WHICH_D, _MEAN_SD, *_rank_notes(ranks, level), *_size_notes(sizes), *small),
        citations=(
            cite.HODGES_LEHMANN_1963,
            cite.HEDGES_1981,
            cite.ALGINA_KESELMAN_2003,
            cite.BONETT_2008,
            cite.LAKENS_2013,
            *_citations(how),
        ),
        ledger=ledger,
        points=points(pairs["participant"], labels([""] * len(pairs)), before, after),
    )


@dataclass(frozen=True, slots=True)
class _How:
    """Whether and how changes are tested, and which interval their mean gets."""

    p_values: bool | str
    interval: str
    resamples: int
    rng: np.random.Generator | int | None

    @property
    def flips(self) -> bool:
        return self.p_values == "sign_flip"


def _wrong(how: _How, level: float) -> Problems:
    problems = Problems()
    if how.p_values not in (True, False, "sign_flip"):
        do = 'Use p_values=True or p_values="sign_flip", or leave it out.'
        problems.add(Problem(f"p_values={how.p_values!r} is not offered", do=do))
    rng = None if how.flips and how.interval == "t" else how.rng
    check_resampling(how.interval, how.resamples, rng, level, problems)
    if how.flips and how.rng is not None and how.interval == "t":
        generator(how.rng, problems)
    return problems


def _mean_row(change: FloatArray, how: _How, level: float) -> tuple[dict[str, object], list[str]]:
    """The row, and what a reader must know about random numbers in it."""
    from scipy import stats

    n, mean = len(change), float(np.mean(change))
    se = float(np.std(change, ddof=1)) / math.sqrt(n)
    half = float(stats.t.ppf((1 + level) / 2, n - 1)) * se
    row: dict[str, object] = {"term": "mean_change", "n": n, "estimate": mean, "se": se, "method": "paired t"}
    row |= {"df": n - 1, "low": mean - half, "high": mean + half}
    if how.p_values is True:
        row |= {"statistic": mean / se, "p": 2 * float(stats.t.sf(abs(mean / se), n - 1))}
    told: list[str] = []
    rng = np.random.default_rng(how.rng)
    if how.interval == "bca":
        found = bootstrap_mean(change, level, how.resamples, rng)
        row |= {
            "low": found.low[0],
            "high": found.high[0],
            "se": found.se[0],
            "df": math.nan,
            "method": "BCa bootstrap",
        }
        row["statistic"] = math.nan  # the t of another interval
        told += found.notes()
    if how.flips:
        flipped = sign_flips(change, how.resamples, None if how.rng is None else rng)
        row |= {"p": flipped.p, "method": f"{row['method']}; {flipped.words}"}
        told.append(flipped.note(level))
    return row, told


def _rank_row(ranks: SignedRank, tested: bool) -> dict[str, object]:
    return {
        "term": "wilcoxon_pseudomedian",
        "n": ranks.n,
        "estimate": ranks.pseudo_median,
        "statistic": ranks.v if tested else math.nan,
        "p": ranks.p if tested else math.nan,
        "low": ranks.low,
        "high": ranks.high,
        "method": f"Hodges–Lehmann; Wilcoxon signed-rank{' V' if tested else ''}, {_approach(ranks)}",
    }


def _approach(ranks: SignedRank) -> str:
    return "exact" if ranks.exact else "normal approximation with continuity correction"


def _size_row(size: EffectSize, n: int) -> dict[str, object]:
    return {
        "term": size.name,
        "n": n,
        "estimate": size.value,
        "se": size.se,
        "df": size.df,
        "low": size.low,
        "high": size.high,
        "method": size.method,
    }


def _rank_notes(ranks: SignedRank, level: float) -> list[str]:
    notes = []
    if ranks.zeros:
        dropped = f"{fmt.count(ranks.zeros, 'change')} of exactly 0 dropped, as R does"
        notes.append(f"Wilcoxon signed-rank: {dropped}; the pseudo-median describes only those who changed.")
    if ranks.exact and ranks.attained < level:
        attained = f"{100 * ranks.attained:.2f}%"
        wanted = fmt.confidence(level)
        notes.append(f"With {ranks.n} changes the Wilcoxon interval cannot reach {wanted}; it has {attained}.")
    if math.isnan(ranks.low):
        wanted = fmt.confidence(level)
        notes.append(f"Too few changes differ from 0 for a Wilcoxon interval of {wanted}; none is given.")
    return notes


def _size_notes(sizes: tuple[EffectSize, ...]) -> list[str]:
    undefined = [size.name for size in sizes if math.isnan(size.value)]
    why = "no spread at a visit, or too few pairs for the small-sample correction"
    notes = [f"Undefined in these data ({why}): {', '.join(undefined)}."] if undefined else []
    if any(size.name == "cohen_dz" and math.isnan(size.low) for size in sizes):
        notes.append("The noncentral t distribution cannot be computed for a t this large, so the d have no interval.")
    return notes


def _about_p(how: _How) -> tuple[str, ...]:
    return (_NO_CONTROL,) if how.p_values else (f"{_NO_CONTROL} {_NO_P}",)


def _citations(how: _How) -> list[str]:
    bootstrap = [cite.EFRON_1987, cite.DAVISON_HINKLEY_1997] if how.interval == "bca" else []
    return [*([] if how.p_values else [cite.BLAND_ALTMAN_2011]), *bootstrap, *([cite.PHIPSON_SMYTH_2010] * how.flips)]


def _method(asked: PairedQuestion, n: int, ranks: SignedRank, how: _How) -> str:
    level = fmt.confidence(asked.level)
    if how.interval == "bca":
        drawn = f"{how.resamples} resamples"
        first = f"{level} bias-corrected and accelerated (BCa) bootstrap interval from {drawn} of the people"
    else:
        first = f"{level} t interval on n − 1 = {n - 1} degrees of freedom"
    if how.flips:
        first += " and tested by flipping the signs of the changes"
    elif how.p_values:
        first += f" and tested with a paired t test on n − 1 = {n - 1} degrees of freedom"
    rank = "with the Wilcoxon signed-rank test" if how.p_values else "with the interval of the Wilcoxon signed ranks"
    return (
        f"The mean change in {asked.outcome} ({asked.followup} minus {asked.baseline}) is given with its {first}; "
        f"beside it stand the Hodges–Lehmann pseudo-median of the changes {rank} "
        f"({_approach(ranks)}) and standardised mean changes, of which Hedges' g_z (the mean change divided by the "
        f"standard deviation of the changes, times the exact small-sample correction J(n − 1)) is primary, with an "
        f"interval from the noncentral t distribution."
    )
