"""Adverse events: how many people, how many events, over which exposure; and how little zero events say."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, replace
from statistics import NormalDist
from typing import Any, Final, Literal

import numpy as np
import pandas as pd

from kbstudy import formatting as fmt
from kbstudy.errors import DataError, FitError, PlanError, Problem, Problems, did_you_mean
from kbstudy.estimates import Estimates
from kbstudy.ledger import Ledger
from kbstudy.models import _citations as cite
from kbstudy.models._arms import Comparison, arm_levels, check_alike, check_arms, contrasts
from kbstudy.models._frames import (
    FloatArray,
    check_columns,
    check_label,
    check_level,
    identify,
    identify_each,
    is_positive,
    label,
    labels,
    numbers,
    quoted,
    small_sample_notes,
)
from kbstudy.models.poisson_rates import garwood, rate_ratio_exact, zero_events_exact, zero_events_rule_of_three
from kbstudy.models.proportions import newcombe, wilson

__all__ = ["harms"]

#: The blocks that are not a kind of event.
ANY: Final = "any event"
SERIOUS: Final = "any serious event"
_RATIOS: Final = ("exact_conditional", "negative_binomial")
#: Variance over mean of the counts of people, beyond which events gather in few people.
_CLUSTERED: Final = 1.5
_NO_P: Final = (
    "No p-values: a trial that is sized for benefit cannot show that harms do not differ, and many kinds of event "
    "tested one by one produce chance findings (CONSORT Harms 2022). Read the intervals."
)
_NOT_ZERO: Final = (
    "No event among n people does not mean no risk: the upper limits say which risk is still compatible with it (95%, "
    "one-sided), by the rule of three, 3/n, and exactly."
)


@dataclass(frozen=True)
class _Question(Comparison):
    """What was asked, with labels as text; ``participant`` is a column of both tables."""

    exposure: str
    exposure_unit: str
    per: float
    kind: str | None
    serious: str | None
    ratio: str
    p_values: bool

    @property
    def rate_unit(self) -> str:
        """``per 100 session-hours``."""
        return f"per {self.exposure_unit}" if self.per == 1 else f"per {fmt.plain(self.per)} {self.exposure_unit}"


@dataclass(frozen=True)
class _Dispersed:
    """The negative binomial model: log rate of each arm and its information given the dispersion."""

    fit: Any
    log_rate: dict[str, float]
    information: dict[str, float]

    @property
    def alpha(self) -> float:
        """The variance of a count is ``mu + alpha mu²``."""
        return float(self.fit.params[-1])


@dataclass(frozen=True)
class _Count:
    """One arm and one kind of event."""

    people: int
    affected: int
    events: int
    exposure: float


def harms(
    events: pd.DataFrame,
    *,
    people: pd.DataFrame,
    participant: str,
    arm: str,
    reference: object,
    exposure: str,
    exposure_unit: str,
    per: float = 1.0,
    kind: str | None = None,
    serious: str | None = None,
    ratio: Literal["exact_conditional", "negative_binomial"] = "exact_conditional",
    p_values: bool = False,
    level: float = 0.95,
) -> Estimates:
    """Adverse events by arm: people affected, events, rates per exposure, and what zero events leave open.

    Parameters
    ----------
    events
        One row an event; may have no rows. People without an event are not in it.
    people
        One row a participant, everybody who was followed.
    participant
        Column of the ids, in both tables.
    arm, reference
        Column of ``people`` with the arms, and the arm that the others are compared with.
    exposure, exposure_unit
        Column of ``people`` with the time (or the sessions) at risk, and its unit in words, such as
        ``"person-weeks"`` or ``"session-hours"``. A person with exposure 0 was never at risk and is left out.
    per
        Rates are given per so many units of exposure.
    kind
        Column of ``events`` with the kind of event; each kind gets its own rows.
    serious
        Column of ``events`` that says whether the event was serious (booleans, or 0 and 1).
    ratio
        Rate ratio of all events together: ``"exact_conditional"`` (events are independent) or
        ``"negative_binomial"`` (people differ in how many they have). Kinds and serious events always have the former.
    p_values
        Whether exact conditional rate ratios come with their p-value.
    level
        Confidence level, between 0 and 1.

    Returns
    -------
    Estimates
        For ``any event``, ``any serious event`` (with ``serious``) and each kind, terms ``"<what>: <which event>"``:
        in each arm ``share_with_event`` (people with at least one, Wilson interval), ``event_rate`` (exact Poisson
        interval of Garwood) and, where an arm has none, ``zero_events_rule_of_three`` and ``zero_events_exact``, whose
        ``high`` is the one-sided 95 % upper limit of the share; of each other arm against the reference
        ``risk_difference`` (Newcombe; of any event primary) and ``rate_ratio``. ``n`` counts people. ``.fit`` is the
        negative binomial model, if there is one.

    Raises
    ------
    PlanError
        An unknown column, arm or choice, a unit of exposure that is not said, an impossible level.
    DataError
        Events of people who are not in ``people``, rows without id or kind, a person on two rows of ``people``, an
        exposure that is missing, negative or 0 in a person with an event, a seriousness that is not yes or no, kinds
        that differ only in blanks or capitals.
    FitError
        Fewer than two arms, an arm with fewer than two people at risk; for the negative binomial model an arm
        without events, counts that vary no more than chance, or no convergence.

    Warns
    -----
    SmallSample
        When fewer than 8 people are at risk in an arm.

    When not to use
    ---------------
    Where events were asked for in one arm only or more often in one arm: the difference is then in the asking. For
    events that end follow-up, such as dropping out: a survival analysis.

    Notes
    -----
    Rate ``k / t`` with limits ``chi2(a/2; 2k) / 2t`` and ``chi2(1 - a/2; 2k + 2) / 2t``. Rate ratio: given the number
    of events, those of one arm are binomial (as R's ``poisson.test``); or negative binomial regression with
    variance ``mu + alpha mu²``, log exposure as offset, maximum likelihood, and the expected information for the
    standard error of the log ratio (as R's ``MASS::glm.nb``), z interval. Zero events among ``n``: ``3 / n`` and
    ``1 - 0.05^(1/n)``.

    References
    ----------
    Garwood 1936, doi:10.1093/biomet/28.3-4.437; Clopper & Pearson 1934, doi:10.1093/biomet/26.4.404; Newcombe 1998,
    doi:10.1002/(SICI)1097-0258(19980430)17:8<873::AID-SIM779>3.0.CO;2-I; Hanley & Lippman-Hand 1983,
    doi:10.1001/jama.1983.03330370053031; Lawless 1987, doi:10.2307/3314912; CONSORT Harms 2022,
    doi:10.1136/bmj-2022-073725

    Validated against
    -----------------
    R 4.2.2 ``poisson.test``, ``binom.test``, ``prop.test``, epitools 0.5 ``pois.exact`` and MASS ``glm.nb``
    (``tests/reference/make_harms.R``).

    Examples
    --------
    >>> import pandas as pd
    >>> people = pd.DataFrame({"id": range(40), "arm": ["Usual care", "Kettlebell"] * 20, "weeks": 8})
    >>> events = pd.DataFrame({"id": [1, 3, 3, 8, 15], "kind": ["sprain", "soreness", "soreness", "fall", "soreness"]})
    >>> found = harms(events, people=people, participant="id", arm="arm", reference="Usual care", exposure="weeks",
    ...               exposure_unit="person-weeks", per=100, kind="kind")
    >>> print(found.sentence())
    Adverse events (Kettlebell − Usual care): risk difference: any event 0.10 (95% CI −0.11 to 0.31; n = 40).
    """
    asked = _Question(
        "adverse events",
        arm,
        label(reference),
        participant,
        level,
        "",
        exposure,
        str(exposure_unit or "").strip(),
        per,
        kind,
        serious,
        ratio,
        p_values,
    )
    _check_question(events, people, asked)
    everybody = _read_people(people, asked)
    happened = _read_events(events, everybody, asked)
    levels = arm_levels(people[arm], asked.reference)
    ledger = _ledger(everybody)
    check_arms(levels, ledger)
    at_risk = everybody[(everybody["arm"] != "") & (everybody["exposure"] > 0)].reset_index(drop=True)
    small = small_sample_notes({name: int((at_risk["arm"] == name).sum()) for name in levels}, "people at risk")
    blocks = _blocks(happened, asked)
    counts = {which: {name: _count(at_risk, mine, name) for name in levels} for which, mine in blocks.items()}
    model = _negative_binomial(at_risk, happened, levels) if ratio == "negative_binomial" else None
    rows = [row for which, of_arms in counts.items() for row in _rows(which, of_arms, model, asked)]
    return Estimates(
        pd.DataFrame(rows),
        title="Adverse events by arm",
        outcome="Adverse events",
        method=_method(asked, model),
        level=level,
        primary=f"risk_difference: {ANY}",
        compares=contrasts(levels),
        units={"event_rate": asked.rate_unit},
        figure="plot_harms",
        better="lower",
        notes=(*_notes(counts, at_risk, happened, asked), *_not_counted(len(events) - len(happened)), *small),
        citations=_citations(counts, asked),
        ledger=ledger,
        points=_points(at_risk, happened),
        fit=None if model is None else model.fit,
    )


# ---- what goes in ------------------------------------------------------------------------------------------------


def _check_question(events: pd.DataFrame, people: pd.DataFrame, asked: _Question) -> None:
    problems = Problems()
    in_people = [("participant", str(asked.participant)), ("arm", asked.arm), ("exposure", asked.exposure)]
    in_events = [("participant", str(asked.participant)), ("kind", asked.kind), ("serious", asked.serious)]
    for name, table, roles in (("people", people, in_people), ("events", events, in_events)):
        if not isinstance(table, pd.DataFrame):
            raise PlanError(Problem(f"{name} is a {type(table).__name__}", do="Give a pandas DataFrame."))
        found = Problems()
        check_columns(table, [(role, column) for role, column in roles if column is not None], found)
        problems.extend(replace(problem, file=name) for problem in found)
    check_level(asked.level, problems)
    if list(people.columns).count(asked.arm) == 1:
        levels = arm_levels(people[asked.arm], "")
        check_label("reference", asked.reference, levels, asked.arm, problems)
        check_alike(levels, asked.arm, problems)
    if not asked.exposure_unit:
        do = 'Say what the exposure is counted in, such as exposure_unit="person-weeks" or "session-hours".'
        problems.add(Problem("exposure_unit is not said", do=do))
    if not is_positive(asked.per):
        problems.add(
            Problem(f"per={asked.per!r} is not a number of units", do="Give a number above 0, such as per=100.")
        )
    if asked.ratio not in _RATIOS:
        what = f'ratio="{asked.ratio}" is not offered{did_you_mean(str(asked.ratio), _RATIOS)}'
        problems.add(Problem(what, do=f"Choose one of: {', '.join(_RATIOS)}."))
    problems.raise_as(PlanError)


def _read_people(people: pd.DataFrame, asked: _Question) -> pd.DataFrame:
    """``participant, arm, exposure``."""
    problems = Problems()
    ids = identify_each(people, asked.participant, problems)
    exposure, arms = numbers(people, asked.exposure, ids, problems), labels(people[asked.arm])
    do = "Give each person's exposure; 0 for somebody who was never at risk."
    for who, name, time in zip(ids, arms, exposure, strict=True):
        if math.isnan(time) and name:
            problems.add(Problem("no exposure", column=asked.exposure, participant=who, do=do))
        if time < 0:
            problems.add(Problem(f"an exposure of {fmt.plain(time)}", column=asked.exposure, participant=who, do=do))
    problems.raise_as(DataError)
    return pd.DataFrame({"participant": ids, "arm": arms, "exposure": exposure})


def _read_events(events: pd.DataFrame, everybody: pd.DataFrame, asked: _Question) -> pd.DataFrame:
    """``participant, kind, serious``, one row an event of somebody who is in an arm."""
    problems = Problems()
    ids = identify(events, asked.participant, problems)
    known = everybody.set_index("participant")
    for who, n in Counter(ids).items():
        if who and who not in known.index:
            what = f"{fmt.count(n, 'event')} of somebody who is not in people"
            problems.add(Problem(what, participant=who, do="Correct the id, or add the person with arm and exposure."))
        elif who and known.loc[who, "exposure"] == 0 and known.loc[who, "arm"]:
            what = f"{fmt.count(n, 'event')} and an exposure of 0"
            do = "Somebody with an event was at risk: give the exposure."
            problems.add(Problem(what, column=asked.exposure, participant=who, do=do))
    kinds = labels(events[asked.kind]) if asked.kind is not None else pd.Series([""] * len(ids), dtype="object")
    if asked.kind is not None:
        _check_kinds(kinds, ids, asked, problems)
    serious = _yes_or_no(events, ids, asked, problems)
    problems.raise_as(DataError)
    found = pd.DataFrame({"participant": ids, "kind": kinds, "serious": np.array(serious, dtype="bool")})
    in_an_arm = known["arm"].reindex(ids).to_numpy() != ""
    return found[in_an_arm].reset_index(drop=True)


def _check_kinds(kinds: pd.Series, ids: pd.Series, asked: _Question, problems: Problems) -> None:
    for who in dict.fromkeys(ids[kinds == ""]):
        do = "Say which kind of event it was, or leave kind= out."
        problems.add(Problem("an event without a kind", column=str(asked.kind), participant=who, do=do))
    names = [name for name in dict.fromkeys(kinds) if name]
    check_alike(names, str(asked.kind), problems, "kind")
    taken = [name for name in names if name in (ANY, SERIOUS)]
    if taken:
        do = "Rename it: that name stands for all events together."
        problems.add(Problem(f"a kind is called {quoted(taken)}", column=str(asked.kind), do=do))


def _yes_or_no(events: pd.DataFrame, ids: pd.Series, asked: _Question, problems: Problems) -> list[bool]:
    if asked.serious is None:
        return [False] * len(ids)
    answers = {"1": True, "0": False, "True": True, "False": False}
    found = labels(events[asked.serious])
    for who, answer in zip(ids, found, strict=True):
        if answer not in answers:
            what = f'seriousness "{answer}"' if answer else "an event whose seriousness is not said"
            do = "Write True or False (or 1 and 0) for every event."
            problems.add(Problem(what, column=asked.serious, participant=who, do=do))
    return [answers.get(answer, False) for answer in found]


def _ledger(everybody: pd.DataFrame) -> Ledger:
    rows = []
    for who in everybody.itertuples():
        status, reason = "analysed", ""
        if not who.arm:
            status, reason = "not randomised", "no arm"
        elif who.exposure == 0:
            status, reason = "dropped", "exposure of 0: never at risk"
        place = {"participant": who.participant, "arm": who.arm, "outcome": "adverse events", "visit": ""}
        rows.append(place | {"status": status, "reason": reason})
    return Ledger.of(rows)


# ---- numbers -----------------------------------------------------------------------------------------------------


def _blocks(happened: pd.DataFrame, asked: _Question) -> dict[str, pd.DataFrame]:
    """All events, serious ones, and each kind: the most frequent first."""
    blocks = {ANY: happened}
    if asked.serious is not None:
        blocks[SERIOUS] = happened[happened["serious"]]
    if asked.kind is not None:
        often = Counter(happened["kind"])
        for name in sorted(often, key=lambda name: (-often[name], name)):
            blocks[name] = happened[happened["kind"] == name]
    return blocks


def _count(at_risk: pd.DataFrame, mine: pd.DataFrame, arm: str) -> _Count:
    members = at_risk[at_risk["arm"] == arm]
    here = mine[mine["participant"].isin(members["participant"])]
    return _Count(len(members), here["participant"].nunique(), len(here), float(members["exposure"].sum()))


def _rows(which: str, counts: dict[str, _Count], model: _Dispersed | None, asked: _Question) -> list[dict[str, object]]:
    rows = [row | {"arm": name} for name, count in counts.items() for row in _of_arm(which, count, asked)]
    for contrast, (one, other) in contrasts(list(counts)).items():
        pair = counts[one], counts[other]
        compared = [_risk_difference(which, *pair, asked.level)]
        if model is not None and which == ANY:
            compared.append(_model_ratio(model, one, other, pair[0].people + pair[1].people, asked))
        else:
            compared.append(_rate_ratio(which, *pair, asked))
        rows += [row | {"contrast": contrast} for row in compared]
    return rows


def _of_arm(which: str, count: _Count, asked: _Question) -> list[dict[str, object]]:
    n, k = count.people, count.affected
    low, high = wilson(k, n, asked.level)
    rate_low, rate_high = (asked.per * limit / count.exposure for limit in garwood(count.events, asked.level))
    told = f"{fmt.count(count.events, 'event')} in {fmt.plain(round(count.exposure, 6))} {asked.exposure_unit}"
    share = {"estimate": k / n, "low": low, "high": high, "method": f"Wilson; {fmt.percent(k, n)}"}
    rate = {"estimate": asked.per * count.events / count.exposure, "low": rate_low, "high": rate_high}
    rows: list[dict[str, object]] = [
        {"term": f"share_with_event: {which}", "n": n} | share,
        {"term": f"event_rate: {which}", "n": n, "method": f"exact Poisson (Garwood); {told}"} | rate,
    ]
    if k == 0:
        for name, upper in (("rule_of_three", zero_events_rule_of_three(n)), ("exact", zero_events_exact(n))):
            method = f"one-sided 95% upper limit, {name.replace('_', ' ')}; 0 of {n} people"
            limits = {"estimate": 0.0, "low": 0.0, "high": upper}
            rows.append({"term": f"zero_events_{name}: {which}", "n": n, "method": method} | limits)
    return rows


def _risk_difference(which: str, one: _Count, other: _Count, level: float) -> dict[str, object]:
    low, high = newcombe(one.affected, one.people, other.affected, other.people, level)
    estimate = one.affected / one.people - other.affected / other.people
    head = {"term": f"risk_difference: {which}", "n": one.people + other.people, "method": "Newcombe hybrid score"}
    return head | {"estimate": estimate, "low": low, "high": high}


def _rate_ratio(which: str, one: _Count, other: _Count, asked: _Question) -> dict[str, object]:
    found, low, high = rate_ratio_exact(one.events, one.exposure, other.events, other.exposure, asked.level)
    row: dict[str, object] = {
        "term": f"rate_ratio: {which}",
        "n": one.people + other.people,
        "estimate": found if math.isfinite(found) else math.nan,
        "low": low,
        "high": high,
        "method": "exact conditional"
        + ("" if math.isfinite(found) else "; no estimate without events in the reference"),
    }
    if asked.p_values and one.events + other.events:
        from scipy.stats import binomtest

        share = one.exposure / (one.exposure + other.exposure)
        row["p"] = float(binomtest(one.events, one.events + other.events, share).pvalue)
    return row


def _negative_binomial(at_risk: pd.DataFrame, happened: pd.DataFrame, levels: list[str]) -> _Dispersed:
    """One log rate an arm and the dispersion, by maximum likelihood."""
    import warnings

    from statsmodels.discrete.discrete_model import NegativeBinomial

    counts, exposure = _per_person(at_risk, happened), at_risk["exposure"].to_numpy()
    members = {name: (at_risk["arm"] == name).to_numpy() for name in levels}
    _check_dispersed(counts, exposure, members)
    design = np.column_stack([mask.astype("float64") for mask in members.values()])
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        fit = NegativeBinomial(counts, design, exposure=exposure).fit(method="newton", maxiter=200, tol=1e-12, disp=0)
    if not fit.mle_retvals["converged"] or caught or not np.all(np.isfinite(fit.params)) or fit.params[-1] <= 0:
        why = f" ({caught[0].message})" if caught else ""
        do = 'Use ratio="exact_conditional", and say that events gather in few people.'
        raise FitError(Problem(f"the negative binomial model does not converge{why}", do=do))
    log_rate = dict(zip(levels, (float(value) for value in fit.params), strict=False))
    information = {}
    for name, mask in members.items():
        mean = np.exp(log_rate[name]) * exposure[mask]
        information[name] = float(np.sum(mean / (1 + fit.params[-1] * mean)))
    return _Dispersed(fit, log_rate, information)


def _per_person(at_risk: pd.DataFrame, happened: pd.DataFrame) -> FloatArray:
    times = happened["participant"].value_counts().reindex(at_risk["participant"])
    counts: FloatArray = times.fillna(0).to_numpy(dtype="float64")
    return counts


def _check_dispersed(counts: FloatArray, exposure: FloatArray, members: dict[str, Any]) -> None:
    """An arm without events has no log rate, and without extra variation there is no dispersion to estimate."""
    problems, fitted = Problems(), np.zeros(len(counts))
    do = 'Use ratio="exact_conditional".'
    for name, mask in members.items():
        if counts[mask].sum() == 0:
            what = f'arm "{name}" has no event, so the negative binomial model has no rate for it'
            problems.add(Problem(what, do=do))
        fitted[mask] = exposure[mask] * counts[mask].sum() / exposure[mask].sum()
    problems.raise_as(FitError)
    if np.sum((counts - fitted) ** 2 - counts) <= 0:
        what = "the counts vary no more between people than chance makes them, so there is no dispersion to estimate"
        raise FitError(Problem(what, do=do))


def _model_ratio(model: _Dispersed, one: str, other: str, n: int, asked: _Question) -> dict[str, object]:
    z = NormalDist().inv_cdf((1 + asked.level) / 2)
    log_ratio = model.log_rate[one] - model.log_rate[other]
    se = math.sqrt(1 / model.information[one] + 1 / model.information[other])
    low, estimate, high = (math.exp(log_ratio + step * se) for step in (-z, 0, z))
    row: dict[str, object] = {"term": f"rate_ratio: {ANY}", "n": n, "method": "negative binomial, z interval"}
    if asked.p_values:
        row |= {"statistic": log_ratio / se, "p": 2 * NormalDist().cdf(-abs(log_ratio / se))}
    return row | {"estimate": estimate, "low": low, "high": high}


def _points(at_risk: pd.DataFrame, happened: pd.DataFrame) -> pd.DataFrame:
    return at_risk.assign(events=_per_person(at_risk, happened))


# ---- words -------------------------------------------------------------------------------------------------------


def _method(asked: _Question, model: _Dispersed | None) -> str:
    if model is None:
        how = "exact conditional intervals"
    else:
        how = (
            f"a z interval from negative binomial regression for any event (dispersion {fmt.number(model.alpha, 2)}), "
            "exact conditional intervals for the others"
        )
    return (
        f"Adverse events are given for each arm as the number of people with at least one (Wilson interval) and as the "
        f"rate of events {asked.rate_unit} (exact Poisson interval of Garwood); people are compared by risk "
        f"differences (Newcombe's hybrid score interval) and rates by rate ratios ({how}), all at "
        f"{fmt.confidence(asked.level)}. Where an arm had no event, the one-sided 95% upper limit of the risk is given "
        "by the rule of three and exactly."
    )


def _notes(
    counts: dict[str, dict[str, _Count]], at_risk: pd.DataFrame, happened: pd.DataFrame, asked: _Question
) -> list[str]:
    notes = []
    for which, of_arms in counts.items():
        told = [
            f"{name} {fmt.percent(count.affected, count.people)} of people, {fmt.count(count.events, 'event')} in "
            f"{fmt.plain(round(count.exposure, 6))} {asked.exposure_unit}"
            for name, count in of_arms.items()
        ]
        notes.append(f"{which[:1].upper()}{which[1:]}: {'; '.join(told)}.")
    if any(count.affected == 0 for of_arms in counts.values() for count in of_arms.values()):
        notes.append(_NOT_ZERO)
    notes += _on_clustering(at_risk, happened, asked)
    return [*notes, *([] if asked.p_values else [_NO_P])]


def _not_counted(lost: int) -> list[str]:
    return [f"{fmt.count(lost, 'event')} of people without an arm: in none of these numbers."] if lost else []


def _on_clustering(at_risk: pd.DataFrame, happened: pd.DataFrame, asked: _Question) -> list[str]:
    """Pearson's chi-square over its degrees of freedom, of the people's counts given their arm's rate."""
    counts, exposure = _per_person(at_risk, happened), at_risk["exposure"].to_numpy()
    arms = at_risk["arm"].to_numpy()
    rates = {name: counts[arms == name].sum() / exposure[arms == name].sum() for name in set(arms)}
    fitted = np.array([rates[name] for name in arms]) * exposure
    df = len(counts) - len(rates)
    seen = fitted > 0
    ratio = float(np.sum((counts[seen] - fitted[seen]) ** 2 / fitted[seen])) / df if df else math.nan
    if not ratio > _CLUSTERED or asked.ratio == "negative_binomial":
        return []
    return [
        f"Events gather in few people (variance over mean of the counts {fmt.number(ratio, 1)}), so the exact "
        'intervals of rates and rate ratios are too narrow. ratio="negative_binomial" allows for it; the number of '
        "people affected does not depend on it."
    ]


def _citations(counts: dict[str, dict[str, _Count]], asked: _Question) -> tuple[str, ...]:
    none = any(count.affected == 0 for of_arms in counts.values() for count in of_arms.values())
    return (
        cite.CONSORT_HARMS_2022,
        cite.WILSON_1927,
        cite.NEWCOMBE_1998,
        cite.GARWOOD_1936,
        cite.CLOPPER_PEARSON_1934,
        *([cite.LAWLESS_1987] if asked.ratio == "negative_binomial" else []),
        *([cite.HANLEY_LIPPMAN_HAND_1983] if none else []),
    )
