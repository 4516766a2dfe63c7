"""Change from before to after within one group of people."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import pandas as pd

from kbstudy import formatting as fmt
from kbstudy.estimates import Estimates
from kbstudy.models import _citations as cite
from kbstudy.models._arms import points
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
from kbstudy.models.signed_rank import SignedRank, signed_rank

__all__ = ["paired"]

_NO_CONTROL: Final = (
    "A change within one group is not evidence that the intervention caused it: regression to the mean, "
    "familiarisation with the test and the natural course of a complaint change a group too. "
    "Only a comparison with a concurrent control group tells them apart."
)
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
    level
        Confidence level of all intervals, between 0 and 1.

    Returns
    -------
    Estimates
        Rows by ``term``: ``mean_change`` (primary; paired t), ``wilcoxon_pseudomedian`` (``statistic`` is V, the sum
        of the positive ranks, and ``n`` the number of changes that are not zero), ``cohen_dz``, ``hedges_gz``,
        ``cohen_dav``, ``cohen_dav_mean_sd``, ``hedges_gav``, ``cohen_drm``, ``glass_delta_baseline``. ``visit`` is
        the follow-up label. Effect sizes are in standard deviations and have no p-value. ``.points`` holds the pairs;
        the ledger everybody in ``data``.

    Raises
    ------
    PlanError
        An unknown column or label, or an impossible level.
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
    Testing the change inside each arm and comparing the p-values is an error. With more than two visits and missing
    values, a mixed model loses fewer people.

    Notes
    -----
    ``t = m / (s / sqrt(n))`` with mean ``m`` and SD ``s`` of the ``n`` changes, on ``n - 1`` degrees of freedom.
    The Wilcoxon row follows R's ``wilcox.test``: zeros dropped; exact below 50 changes without ties or zeros, else the
    normal approximation with continuity correction. For the ranks, changes are rounded to 14 significant digits of the
    measurements, so that 4.3 - 4.1 and 0.2 are a tie. Formulas of the effect sizes:
    :func:`~kbstudy.models.effect_sizes.paired_effect_sizes`.

    References
    ----------
    Hedges 1981, doi:10.3102/10769986006002107; Algina & Keselman 2003, doi:10.1177/0013164403256358;
    Bonett 2008, doi:10.1037/1082-989X.13.2.99; Hodges & Lehmann 1963, doi:10.1214/aoms/1177704172;
    Lakens 2013, doi:10.3389/fpsyg.2013.00863

    Validated against
    -----------------
    R 4.2.2 ``t.test``, ``wilcox.test``, ``pt(ncp=)`` and effectsize 0.8.3 on ``sleep`` and on simulated data
    (``tests/reference/``), and SAS PROC TTEST's blood pressure example (``tests/papers/``).

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
    pain at Week 8: mean change −1.38 (95% CI −2.37 to −0.38; t(7) = −3.27; p = 0.014; n = 8).
    >>> print(round(change.row("hedges_gz")["estimate"], 3))
    -1.028
    """
    question = PairedQuestion(outcome, participant, visit, label(baseline), label(followup), level)
    check_question(data, question)
    everybody = side_by_side(data, question)
    ledger = pairs_ledger(everybody, question)
    pairs = everybody.dropna().reset_index(drop=True)
    before, after = (pairs[column].to_numpy(dtype="float64") for column in ("before", "after"))
    change = changes(before, after)
    check_pairs(everybody, change, question)
    sizes = paired_effect_sizes(before, after, change, level)
    ranks = signed_rank(comparable(change, before, after), level)
    small = small_sample_notes({"": len(change)}, "complete pairs")
    rows = [_mean_row(change, level), _rank_row(ranks), *(_size_row(size, len(change)) for size in sizes)]
    return Estimates(
        pd.DataFrame(rows).assign(visit=question.followup),
        title=f"Change in {outcome}, {question.followup} minus {question.baseline}",
        outcome=outcome,
        method=_method(question, len(change), ranks),
        level=level,
        primary="mean_change",
        notes=(_NO_CONTROL, _WHICH_D, _MEAN_SD, *_rank_notes(ranks, level), *_size_notes(sizes), *small),
        citations=(
            cite.HODGES_LEHMANN_1963,
            cite.HEDGES_1981,
            cite.ALGINA_KESELMAN_2003,
            cite.BONETT_2008,
            cite.LAKENS_2013,
        ),
        ledger=ledger,
        points=points(pairs["participant"], labels([""] * len(pairs)), before, after),
    )


def _mean_row(change: FloatArray, level: float) -> dict[str, object]:
    from scipy import stats

    n, mean = len(change), float(np.mean(change))
    se = float(np.std(change, ddof=1)) / math.sqrt(n)
    half = float(stats.t.ppf((1 + level) / 2, n - 1)) * se
    return {
        "term": "mean_change",
        "n": n,
        "estimate": mean,
        "se": se,
        "df": n - 1,
        "statistic": mean / se,
        "p": 2 * float(stats.t.sf(abs(mean / se), n - 1)),
        "low": mean - half,
        "high": mean + half,
        "method": "paired t",
    }


def _rank_row(ranks: SignedRank) -> dict[str, object]:
    return {
        "term": "wilcoxon_pseudomedian",
        "n": ranks.n,
        "estimate": ranks.pseudo_median,
        "statistic": ranks.v,
        "p": ranks.p,
        "low": ranks.low,
        "high": ranks.high,
        "method": f"Hodges–Lehmann; Wilcoxon signed-rank V, {_approach(ranks)}",
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
        notes.append(f"Wilcoxon signed-rank: {dropped}; test and pseudo-median describe only those who changed.")
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


def _method(asked: PairedQuestion, n: int, ranks: SignedRank) -> str:
    return (
        f"The mean change in {asked.outcome} ({asked.followup} minus {asked.baseline}) is given with its "
        f"{fmt.confidence(asked.level)} t interval and tested with a paired t test on n − 1 = {n - 1} degrees of "
        f"freedom; beside it stand the Hodges–Lehmann pseudo-median of the changes with the Wilcoxon signed-rank test "
        f"({_approach(ranks)}) and standardised mean changes, of which Hedges' g_z (the mean change divided by the "
        f"standard deviation of the changes, times the exact small-sample correction J(n − 1)) is primary, with an "
        f"interval from the noncentral t distribution."
    )
