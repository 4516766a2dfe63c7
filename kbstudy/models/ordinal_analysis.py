"""Arms compared on a score that only has an order: proportional odds."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any, Final, Literal

import numpy as np
import pandas as pd

from kbstudy import formatting as fmt
from kbstudy.errors import DataError, FitError, PlanError, Problem, Problems, did_you_mean
from kbstudy.estimates import Estimates
from kbstudy.ledger import Ledger
from kbstudy.models import _citations as cite
from kbstudy.models._arms import Comparison, Fate, arm_ledger, arm_levels, check_arms, contrasts, not_randomised
from kbstudy.models._frames import (
    FloatArray,
    identify_each,
    label,
    labels,
    numbers,
    quoted,
    small_sample_notes,
)
from kbstudy.models._people import covariate, is_missing
from kbstudy.models.adjusted_means import aliased, arm_block, category_block, number_block
from kbstudy.models.cumulative_logit import (
    Cumulative,
    Maximum,
    by_arm,
    maximise,
    profile_limits,
    proportional,
    runaway,
    shares,
)

__all__ = ["ordinal"]

_BETTER: Final = ("lower", "higher")
_INTERVALS: Final = ("profile", "wald")
#: People in the smallest arm for each threshold: below the first the chi-square of the check is not used, below the
#: second it finds departures too often (simulated: in 11 to 16% of proportional data at 2 and less, in 6% at 10).
_TOO_THIN, _THIN = 2, 10
#: With more categories than this the outcome is closer to a measurement.
_MANY: Final = 20
_WIN: Final = (
    "win_probability: of two people drawn at random, one from each arm, the probability that the one with the "
    "treatment has the better score, ties counted half; 0.5 where the arms do not differ. It is not adjusted."
)


@dataclass(frozen=True)
class _Question(Comparison):
    """What was asked, with labels as text; ``covariates`` begin with the baseline if there is one."""

    better: str
    covariates: tuple[str, ...]
    interval: str

    @property
    def sign(self) -> int:
        """Multiplies a coefficient, which is about higher scores, so that it is about better ones."""
        return -1 if self.better == "lower" else 1


@dataclass(frozen=True)
class _People:
    """The analysed: ids, arms, codes of their categories, and covariates."""

    ids: pd.Series
    arms: pd.Series
    codes: Any
    covariates: dict[str, FloatArray | pd.Series]


@dataclass(frozen=True)
class _Fitted:
    """The model and its maximum, the design behind it, and what the categories are called."""

    model: Cumulative
    top: Maximum
    design: pd.DataFrame
    categories: tuple[str, ...]
    levels: tuple[str, ...]

    @property
    def thresholds(self) -> int:
        return len(self.categories) - 1


def ordinal(
    data: pd.DataFrame,
    outcome: str,
    *,
    arm: str,
    reference: object,
    better: Literal["lower", "higher"],
    baseline: str | None = None,
    covariates: Sequence[str] = (),
    participant: str | None = None,
    interval: Literal["profile", "wald"] = "profile",
    level: float = 0.95,
    visit: str = "",
) -> Estimates:
    """Arms compared on an ordinal or bounded score by proportional odds, without taking its steps to be equal.

    Parameters
    ----------
    data
        One row a participant.
    outcome
        Column of the scores at the visit: numbers, or an ordered categorical (each declared category must occur).
    arm, reference
        Column of the arms, and the arm that the others are compared with.
    better
        Whether ``"lower"`` or ``"higher"`` (later) categories are better.
    baseline, covariates
        Further columns measured before randomisation. Numbers enter as a straight line; text, booleans and categories
        as categories.
    participant
        Column of the ids; without it the frame's index names people.
    interval
        Of the odds ratio: ``"profile"`` (profile likelihood, with the likelihood ratio test) or ``"wald"`` (estimate
        and standard error of the log odds ratio, z).
    level
        Confidence level, between 0 and 1.
    visit
        What to call the visit in tables and sentences.

    Returns
    -------
    Estimates
        Of each other arm against the reference ``odds_ratio_better`` (primary; the odds of a better score, the same at
        every cut; ``statistic`` is z, with ``"profile"`` the signed root of the likelihood ratio) and
        ``win_probability`` (Brunner and Munzel's interval on the logit scale, unadjusted). In each arm
        ``"share_predicted: <category>"``, averaged over the covariates of all analysed people (delta method on the
        logit scale; the observed count beside it). ``likelihood_ratio_proportional_odds`` checks the model: all
        thresholds by arm against one shift.

    Raises
    ------
    PlanError
        An unknown column, arm or choice, a column in two roles, an impossible level.
    DataError
        Categories without an order, values that are not numbers, infinite values, a person on more than one row.
    FitError
        Fewer than two arms, or an arm with fewer than two people left; one category; a declared category that nobody
        has; a constant or redundant covariate; separation (an odds ratio runs to infinity); no convergence.

    Warns
    -----
    SmallSample
        When fewer than 8 people are analysed in an arm.

    When not to use
    ---------------
    For measurements: :func:`kbstudy.ancova` answers in their unit. For a score with many steps that is not piled up at
    an end of its scale, the difference in means is easier to understand. For repeated visits.

    Notes
    -----
    ``logit P(Y <= k) = threshold[k] - x b``, maximum likelihood by Newton's method with exact derivatives; the odds
    ratio of a higher score is ``exp(b)``. Numeric scores that nobody has are not categories: the model does not use
    them. The check fits thresholds of their own in each arm (nominal effects of R's ordinal package) and has little
    power in small trials; where an arm has nobody in a category the likelihood has its maximum at infinity, which is
    what is compared. With fewer than 10 people in an arm for each threshold the check finds departures too often, and
    with fewer than 2 it is not computed. Win probability: the mean over all pairs of 1 for better, 1/2 for equal, with
    Brunner and Munzel's variance (of the placements) and degrees of freedom, ``logit(p) ± t se / (p (1 - p))``.
    Separation is found by linear programming before the fit.

    References
    ----------
    McCullagh 1980, doi:10.1111/j.2517-6161.1980.tb01109.x; Brunner & Munzel 2000,
    doi:10.1002/(SICI)1521-4036(200001)42:1<17::AID-BIMJ17>3.0.CO;2-U; Venzon & Moolgavkar 1988, doi:10.2307/2347496

    Validated against
    -----------------
    R 4.2.2 ordinal 2022.11-16 (``clm``, its profile, nominal effects, ``predict``), MASS ``polr``, and
    Brunner and Munzel's formula by hand (``tests/reference/make_ordinal.R``); statsmodels' ``OrderedModel``.

    Examples
    --------
    >>> import pandas as pd
    >>> trial = pd.DataFrame({
    ...     "arm": ["Usual care"] * 12 + ["Kettlebell"] * 12,
    ...     "pain": [5, 4, 3, 6, 3, 7, 2, 4, 5, 5, 6, 4, 1, 0, 2, 4, 1, 1, 3, 2, 0, 2, 5, 3],
    ... })
    >>> found = ordinal(trial, "pain", arm="arm", reference="Usual care", better="lower")
    >>> print(found.sentence("win_probability"))
    pain (Kettlebell − Usual care): probability of a better score (ties count half) 0.88 (95% CI 0.65 to 0.97; n = 24).
    """
    before = (*((baseline,) if baseline is not None else ()), *_names(covariates))
    asked = _Question(outcome, arm, label(reference), participant, level, visit, better, before, interval)
    _check_question(data, asked, baseline)
    levels = arm_levels(data[arm], asked.reference)
    everybody, names = _read(data, asked)
    fates = _fates(data, everybody, asked)
    ledger = arm_ledger(everybody.ids, everybody.arms, asked, fates)
    check_arms(levels, ledger)
    people, categories = _analysed(everybody, names, fates, asked)
    fitted = _fit(people, categories, levels, asked)
    counts = {name: int((people.arms == name).sum()) for name in levels}
    small = small_sample_notes(counts, "people analysed in an arm")
    frame = pd.DataFrame(
        [*_compared(people, fitted, counts, asked), _check_row(people, fitted), *_shares(people, fitted, asked)]
    )
    return Estimates(
        frame.assign(visit=visit),
        title=f"{outcome}{asked.at_visit}: arms compared by proportional odds",
        outcome=outcome,
        method=_method(people, fitted, asked),
        level=level,
        primary="odds_ratio_better",
        compares=contrasts(levels),
        better=better,
        adjusted_for=fmt.words(list(before)),
        figure="plot_ordinal",
        notes=(*_notes(frame, people, fitted, ledger, asked), *small),
        citations=(
            cite.MCCULLAGH_1980,
            *([cite.VENZON_MOOLGAVKAR_1988] if interval == "profile" else []),
            cite.BRUNNER_MUNZEL_2000,
        ),
        ledger=ledger,
        points=pd.DataFrame(
            {
                "participant": people.ids.to_numpy(),
                "arm": people.arms.to_numpy(),
                "category": [categories[code] for code in people.codes],
            }
        ),
    )


# ---- what goes in ------------------------------------------------------------------------------------------------


def _names(covariates: Sequence[str]) -> tuple[str, ...]:
    return (covariates,) if isinstance(covariates, str) else tuple(covariates)


def _check_question(data: pd.DataFrame, asked: _Question, baseline: str | None) -> None:
    roles = ["baseline" if name == baseline and i == 0 else "covariates" for i, name in enumerate(asked.covariates)]
    problems = asked.problems(data, list(zip(roles, asked.covariates, strict=True)))
    for name, value, known in (("better", asked.better, _BETTER), ("interval", asked.interval, _INTERVALS)):
        if value not in known:
            what = f'{name}="{value}" is not offered{did_you_mean(str(value), known)}'
            problems.add(Problem(what, do=f"Choose one of: {', '.join(known)}."))
    problems.raise_as(PlanError)


def _read(data: pd.DataFrame, asked: _Question) -> tuple[_People, list[str]]:
    """Everybody, with the code of the category (-1 where there is none), and the names of the categories."""
    problems = Problems()
    ids = identify_each(data, asked.participant, problems)
    codes, names = _codes(data[asked.outcome], ids, data, problems)
    before = {name: covariate(data, name, ids, problems) for name in asked.covariates}
    problems.raise_as(DataError)
    return _People(ids, labels(data[asked.arm]), codes, before), names


def _codes(scores: pd.Series, ids: pd.Series, data: pd.DataFrame, problems: Problems) -> tuple[Any, list[str]]:
    if isinstance(scores.dtype, pd.CategoricalDtype) and scores.cat.ordered:
        return scores.cat.codes.to_numpy(), [label(name) for name in scores.cat.categories]
    if isinstance(scores.dtype, pd.CategoricalDtype) or not pd.api.types.is_numeric_dtype(scores.infer_objects()):
        found = [name for name in dict.fromkeys(labels(scores)) if name]
        do = "Say the order: pd.Categorical(column, categories=[from low to high], ordered=True), or give numbers."
        problems.add(Problem(f"categories without an order: {quoted(found[:5])}", column=str(scores.name), do=do))
        return np.full(len(scores), -1), []
    values = numbers(data, str(scores.name), ids, problems)
    seen = np.unique(values[~np.isnan(values)])
    codes = np.where(np.isnan(values), -1, np.searchsorted(seen, values))
    return codes, [fmt.plain(value) for value in seen]


def _fates(data: pd.DataFrame, everybody: _People, asked: _Question) -> list[Fate]:
    lacking = {f'covariate "{name}" missing': is_missing(values) for name, values in everybody.covariates.items()}
    found: list[Fate] = []
    for i, never in enumerate(not_randomised(data[asked.arm])):
        no_score = everybody.codes[i] < 0
        why = [*([asked.no_value] if no_score else []), *(text for text, gone in lacking.items() if gone[i])]
        status = "missing" if no_score else "dropped" if why else "analysed"
        found.append(never or (status, "; ".join(why)))
    return found


def _analysed(
    everybody: _People, names: list[str], fates: Sequence[Fate], asked: _Question
) -> tuple[_People, tuple[str, ...]]:
    """Those in the analysis, with codes from 0 for the categories that they have."""
    mask = np.array([status == "analysed" for status, _ in fates])
    codes = everybody.codes[mask]
    seen = np.unique(codes)
    nobody = [names[i] for i in range(len(names)) if i not in set(everybody.codes)]
    if nobody:
        what = f"nobody has the declared category {quoted(nobody)}"
        do = "Take it away, for example with .cat.remove_unused_categories(); it has no threshold to estimate."
        raise FitError(Problem(what, column=asked.outcome, do=do))
    if len(seen) < 2:
        what = f'all {len(codes)} people have the category "{names[seen[0]]}": nothing varies'
        raise FitError(Problem(what, column=asked.outcome, do="Report the count; there is nothing to compare."))
    covariates = {name: values[mask] for name, values in everybody.covariates.items()}
    people = _People(
        everybody.ids[mask].reset_index(drop=True),
        everybody.arms[mask].reset_index(drop=True),
        np.searchsorted(seen, codes),
        covariates,
    )
    return people, tuple(names[i] for i in seen)


# ---- the model ---------------------------------------------------------------------------------------------------


def _fit(people: _People, categories: tuple[str, ...], levels: Sequence[str], asked: _Question) -> _Fitted:
    design = _design(people, levels, asked)
    model = proportional(people.codes, design.to_numpy())
    _check_separation(model, design, levels, asked)
    return _Fitted(model, maximise(model), design, categories, tuple(levels))


def _design(people: _People, levels: Sequence[str], asked: _Question) -> pd.DataFrame:
    """One column for each other arm, then the covariates."""
    what, do = (
        "the same for everybody who is analysed",
        "A covariate that does not vary explains nothing: leave it out.",
    )
    constant = [name for name, values in people.covariates.items() if len(set(values)) == 1]
    Problems([Problem(what, column=name, do=do) for name in constant]).raise_as(FitError)
    blocks = [(asked.arm, arm_block(list(people.arms), levels))]
    for name, values in people.covariates.items():
        is_text = isinstance(values, pd.Series)
        blocks.append((name, category_block(name, list(values)) if is_text else number_block(name, values)))
    what, do = "determined by the arm and the covariates before it (aliased)", "Leave out one that says the same thing."
    Problems([Problem(what, column=name, do=do) for name in aliased(blocks)]).raise_as(FitError)
    return pd.concat([block for _, block in blocks], axis=1).iloc[:, 1:]


def _check_separation(model: Cumulative, design: pd.DataFrame, levels: Sequence[str], asked: _Question) -> None:
    direction = runaway(model)[-design.shape[1] :]
    names = [str(name) for name, size in zip(design, direction, strict=True) if abs(size) > 1e-6]
    if not names:
        return
    what = f"separation: no finite odds ratio exists for {quoted(names)}"
    if not asked.covariates and len(levels) == 2:
        what += f', because no score in arm "{levels[1]}" overlaps with those in arm "{levels[0]}"'
    do = (
        "Any odds ratio printed here would be where the computer stopped. Give the counts as they are, merge "
        "categories, or leave out covariates."
    )
    raise FitError(Problem(what, column=asked.outcome, do=do))


# ---- numbers -----------------------------------------------------------------------------------------------------


def _compared(people: _People, fitted: _Fitted, counts: dict[str, int], asked: _Question) -> list[dict[str, object]]:
    rows = []
    for i, (contrast, (one, other)) in enumerate(contrasts(list(fitted.levels)).items()):
        n = counts[one] + counts[other]
        here, there = (asked.sign * people.codes[(people.arms == name).to_numpy()] for name in (one, other))
        rows.append({"contrast": contrast, "n": n} | _odds_ratio(fitted, fitted.thresholds + i, asked))
        rows.append({"contrast": contrast, "n": n} | _win_probability(here, there, asked.level))
    return rows


def _odds_ratio(fitted: _Fitted, column: int, asked: _Question) -> dict[str, object]:
    top = fitted.top
    log_ratio, se = float(top.theta[column]), math.sqrt(top.covariance[column, column])
    if asked.interval == "profile":
        limits = profile_limits(fitted.model, top, column, asked.level)
        without = maximise(fitted.model.held(column, 0.0, top.theta)).log_likelihood
        z = math.copysign(math.sqrt(max(2 * (top.log_likelihood - without), 0.0)), log_ratio)
        method = "proportional odds, profile likelihood"
    else:
        half = NormalDist().inv_cdf((1 + asked.level) / 2) * se
        limits, z, method = (log_ratio - half, log_ratio + half), log_ratio / se, "proportional odds, Wald"
    low, high = sorted(math.exp(asked.sign * limit) for limit in limits)
    found = {"term": "odds_ratio_better", "estimate": math.exp(asked.sign * log_ratio), "low": low, "high": high}
    return found | {"statistic": asked.sign * z, "p": 2 * NormalDist().cdf(-abs(z)), "method": method}


def _win_probability(one: Any, other: Any, level: float) -> dict[str, object]:
    """Brunner and Munzel: placements, that is each person's rank among all minus the rank in the own arm."""
    from scipy.special import expit, stdtrit
    from scipy.stats import rankdata

    both = rankdata(np.concatenate([one, other]))
    placements = both[: len(one)] - rankdata(one), both[len(one) :] - rankdata(other)
    n, m = len(one), len(other)
    p = float(np.mean(placements[0])) / m
    parts = [
        float(np.var(place, ddof=1)) / (k * other_k**2)
        for place, k, other_k in zip(placements, (n, m), (m, n), strict=True)
    ]
    se = math.sqrt(sum(parts))
    row: dict[str, object] = {"term": "win_probability", "estimate": p}
    if not se or not 0 < p < 1:
        return row | {"method": "no interval: the scores of the two arms do not overlap"}
    df = sum(parts) ** 2 / sum(part**2 / (k - 1) for part, k in zip(parts, (n, m), strict=True))
    half = float(stdtrit(df, (1 + level) / 2)) * se / (p * (1 - p))
    centre = math.log(p / (1 - p))
    limits = {"low": float(expit(centre - half)), "high": float(expit(centre + half))}
    return row | {"se": se, "df": df, "method": "Brunner–Munzel, logit"} | limits


def _check_row(people: _People, fitted: _Fitted) -> dict[str, object]:
    """The likelihood ratio test of thresholds by arm against proportional odds."""
    from scipy.special import chdtrc

    arms = np.array([fitted.levels.index(name) for name in people.arms])
    free = by_arm(people.codes, arms, fitted.design.to_numpy()[:, len(fitted.levels) - 1 :])
    row: dict[str, object] = {"term": "likelihood_ratio_proportional_odds", "n": len(people.ids)}
    df = (len(fitted.levels) - 1) * (len(fitted.categories) - 2)
    if df == 0:
        return row | {"method": "two categories: there is one cut, and nothing to check"}
    if _people_each(people, fitted) < _TOO_THIN:
        return row | {"method": f"not computed: fewer than {_TOO_THIN} people for each category in an arm"}
    if np.any(np.abs(runaway(free)) > 1e-6):
        return row | {"method": "not computed: a covariate separates people when arms have thresholds of their own"}
    deviance = max(2 * (maximise(free).log_likelihood - fitted.top.log_likelihood), 0.0)
    return row | {"statistic": deviance, "df": df, "p": float(chdtrc(df, deviance)), "method": "thresholds by arm"}


def _people_each(people: _People, fitted: _Fitted) -> float:
    """People in the smallest arm for each threshold."""
    return min(int((people.arms == name).sum()) for name in fitted.levels) / fitted.thresholds


def _shares(people: _People, fitted: _Fitted, asked: _Question) -> list[dict[str, object]]:
    from scipy.special import expit

    z, rows = NormalDist().inv_cdf((1 + asked.level) / 2), []
    for i, name in enumerate(fitted.levels):
        design = fitted.design.to_numpy().copy()
        design[:, : len(fitted.levels) - 1] = np.eye(len(fitted.levels))[i, 1:]
        estimate, se = shares(fitted.top, len(fitted.categories), design)
        mine = people.codes[(people.arms == name).to_numpy()]
        for k, category in enumerate(fitted.categories):
            p, half = float(estimate[k]), z * float(se[k]) / float(estimate[k] * (1 - estimate[k]))
            low, high = (float(expit(math.log(p / (1 - p)) + step)) for step in (-half, half))
            method = f"delta method, logit; observed {fmt.percent(int(np.sum(mine == k)), len(mine))}"
            head = {"term": f"share_predicted: {category}", "arm": name, "n": len(mine), "method": method}
            rows.append(head | {"estimate": p, "se": float(se[k]), "low": low, "high": high})
    return rows


# ---- words -------------------------------------------------------------------------------------------------------


def _method(people: _People, fitted: _Fitted, asked: _Question) -> str:
    kinds = {
        name: "categories" if isinstance(values, pd.Series) else "number" for name, values in people.covariates.items()
    }
    terms = fmt.words(["arm", *(f"{name} ({kind})" for name, kind in kinds.items())])
    limits = (
        "profile-likelihood intervals and likelihood ratio tests" if asked.interval == "profile" else "Wald intervals"
    )
    return (
        f"Arms were compared on {asked.outcome}{asked.at_visit} ({len(fitted.categories)} categories, {asked.better} "
        f"is better) by a proportional odds (cumulative logit) model with {terms}, fitted by maximum likelihood, with "
        f"{fmt.confidence(asked.level)} {limits}; beside the odds ratio of a better score stands the unadjusted "
        "probability of a better score with Brunner and Munzel's interval on the logit scale. Proportional odds were "
        "checked with a likelihood ratio test against a model with thresholds of their own in each arm."
    )


def _notes(frame: pd.DataFrame, people: _People, fitted: _Fitted, ledger: Ledger, asked: _Question) -> list[str]:
    notes = [_WIN, _proportionality(frame, people, fitted)]
    if asked.covariates:
        notes.append(
            "The odds ratio compares people with the same covariates and is further from 1 than one that is not "
            "adjusted, even without confounding; the predicted shares average over the covariates of all analysed."
        )
    if len(fitted.categories) > _MANY:
        notes.append(
            f"{len(fitted.categories)} categories: closer to a measurement, where a difference in means (ancova) is "
            "easier to understand."
        )
    thin = [
        f"{name} ({int((people.codes == k).sum())})"
        for k, name in enumerate(fitted.categories)
        if (people.codes == k).sum() < 2
    ]
    if thin and len(fitted.categories) <= _MANY:
        notes.append(f"Categories with fewer than 2 people: {', '.join(thin)}.")
    people_in = [who for who in ledger.frame["status"] if who != "not randomised"]
    if len(people.ids) < len(people_in):
        notes.append(
            f"{len(people.ids)} of {len(people_in)} people in an arm were analysed; the ledger has the reasons."
        )
    return notes


def _proportionality(frame: pd.DataFrame, people: _People, fitted: _Fitted) -> str:
    row = frame[frame["term"] == "likelihood_ratio_proportional_odds"].iloc[0]
    if math.isnan(row["p"]):
        return f"Check of proportional odds: {row['method']}."
    test = f"χ²({fmt.degrees(row['df'])}) = {fmt.number(row['statistic'], 2)}, {fmt.p_text(row['p'])}"
    thin = (
        f" With fewer than {_THIN} people for each category in an arm a small p is common where odds are proportional."
        if _people_each(people, fitted) < _THIN
        else ""
    )
    return (
        f"Proportional odds (one odds ratio for every cut of the score), against thresholds by arm: {test}. A large p "
        f"is no proof: in small trials the test sees only gross departures.{thin} Where odds are not proportional, the "
        "odds ratio is an average over the cuts."
    )
