"""How well a measurement repeats itself: correlations, errors in its own unit, agreement, familiarisation."""

from __future__ import annotations

import html
import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from statistics import NormalDist
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from kbstudy import formatting as fmt
from kbstudy.errors import DataError, FitError, PlanError, Problem, Problems
from kbstudy.ledger import Ledger
from kbstudy.models import _citations as cite
from kbstudy.models._frames import (
    FloatArray,
    check_columns,
    check_level,
    identify,
    labels,
    numbers,
    quoted,
    small_sample_notes,
)
from kbstudy.models._intraclass import Components, Interval, components, icc_a1, icc_c1, icc_one, raised, sem

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Reliability", "reliability"]

_COLUMNS: Final = ("term", "contrast", "n", "estimate", "low", "high", "unit", "method")
_WORDS: Final = {
    "icc_a1": "ICC(A,1), absolute agreement, one trial",
    "icc_c1": "ICC(C,1), consistency, one trial",
    "icc_ak": "ICC(A,k), absolute agreement, mean of all trials",
    "icc_ck": "ICC(C,k), consistency, mean of all trials",
    "icc_1": "ICC(1), one-way, one trial",
    "sem_agreement": "SEM, agreement",
    "sem_consistency": "SEM, consistency (typical error)",
    "mdc90_agreement": "MDC90, agreement",
    "mdc95_agreement": "MDC95, agreement",
    "mdc90_consistency": "MDC90, consistency",
    "mdc95_consistency": "MDC95, consistency",
    "cv_typical_error": "CV, typical error / mean",
    "cv_rms": "CV, root mean square of each person's",
    "cv_log": "CV, from logarithms",
    "bias": "Mean change",
    "change_percent_of_means": "Change of the mean",
    "limit_low": "Lower 95% limit of agreement",
    "limit_high": "Upper 95% limit of agreement",
}
_WHICH: Final = (
    "ICC(A,1) counts a systematic change between trials as error and ICC(C,1) does not; neither says how large the "
    "error is, because both depend on how much the people differ. The SEM and MDC say it in the unit of the "
    "measurement. SEM agreement belongs to ICC(A,1), SEM consistency to ICC(C,1)."
)
_LIMITS_Z: Final = NormalDist().inv_cdf(0.975)


@dataclass(frozen=True, repr=False)
class Reliability:
    """What repeated trials say about a measurement.

    Parameters
    ----------
    frame
        One row a number: ``term, contrast, n, estimate, low, high, unit, method``. ``contrast`` names two successive
        trials (``"2 - 1"``); ``n`` is the people behind the row; ``unit`` is ``"ratio"``, ``"%"`` or empty for the
        unit of the measurement.
    outcome, trials
        What was measured, and the trials in their order.
    level
        Confidence level of ``low`` and ``high``.
    method
        How, for the methods section; :meth:`methods` adds the references.
    notes, citations
        Sentences that belong under the table; references with DOI.
    familiarisation
        What happened between the first trials, in a sentence.
    ledger
        Who was used, a row a person and trial.
    points
        For figures: of each pair of successive trials, ``participant, contrast, earlier, later, mean,
        difference``.
    """

    frame: pd.DataFrame
    outcome: str
    trials: tuple[str, ...]
    level: float
    method: str
    familiarisation: str
    notes: tuple[str, ...] = ()
    citations: tuple[str, ...] = ()
    ledger: Ledger | None = None
    points: pd.DataFrame | None = field(default=None, repr=False)

    def row(self, term: str, contrast: str | None = None) -> pd.Series:
        """The row of a term; of two trials (``"2 - 1"``) where the term is about two.

        Raises
        ------
        KeyError
            If no row or more than one row fits.
        """
        rows = self.frame[self.frame["term"] == term]
        if contrast is not None:
            rows = rows[rows["contrast"] == contrast]
        if len(rows) != 1:
            found = ", ".join(dict.fromkeys(f"{r.term} [{r.contrast}]" for r in self.frame.itertuples()))
            raise KeyError(f"{len(rows)} rows fit term={term!r}, contrast={contrast!r}; there are: {found}")
        return rows.iloc[0]

    def table(self) -> pd.DataFrame:
        """The frame as a reader wants it: text, rounded to what the measurement error supports."""
        rows = []
        for _, row in self.frame.iterrows():
            digits = self._digits(row["unit"])
            about = f": {row['contrast'].replace(' - ', ' − ')}" if row["contrast"] else ""
            percent = " (%)" if row["unit"] == "%" else ""
            rows.append(
                {
                    "": _WORDS[row["term"]] + percent + about,
                    "n": fmt.number(row["n"], 0),
                    "Estimate": fmt.number(row["estimate"], digits),
                    f"{fmt.confidence(self.level)} CI": fmt.interval(row["low"], row["high"], digits),
                    "Method": row["method"],
                }
            )
        return pd.DataFrame(rows)

    @property
    def decimals(self) -> int:
        """Decimal places of values in the unit of the measurement: three digits of its error."""
        return _decimals(float(self.row("sem_consistency")["estimate"]))

    def _digits(self, unit: str) -> int:
        return {"ratio": 3, "%": 1}.get(unit, self.decimals)

    def sentence(self) -> str:
        """One sentence a results section can take as it is."""
        icc, error, mdc = (self.row(term) for term in ("icc_a1", "sem_agreement", "mdc95_agreement"))
        digits = self.decimals
        ci = fmt.confidence(self.level)
        return (
            f"{self.outcome}, {len(self.trials)} trials of {fmt.number(icc['n'], 0)} people: ICC(A,1) "
            f"{fmt.number(icc['estimate'], 3)} ({ci} CI {fmt.interval(icc['low'], icc['high'], 3)}), SEM "
            f"{fmt.number(error['estimate'], digits)} ({ci} CI {fmt.interval(error['low'], error['high'], digits)}), "
            f"MDC95 {fmt.number(mdc['estimate'], digits)}. {self.familiarisation}"
        )

    def methods(self) -> str:
        """The methods paragraph, with its references."""
        return " ".join([self.method, *self.citations])

    def plot(self, contrast: str | None = None, ax: Axes | None = None) -> Axes:
        """Bland and Altman's plot of two successive trials (the first two if not said)."""
        from kbstudy.figures.reliability import plot_bland_altman

        return plot_bland_altman(self, contrast=contrast, ax=ax)

    def __str__(self) -> str:
        lines = [f"Reliability of {self.outcome}", self.table().to_string(index=False), self.sentence()]
        return "\n".join([*lines, self.methods(), *self.notes])

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        said = fmt.html_small((self.methods(), *self.notes))
        head = f"<p><strong>{html.escape(f'Reliability of {self.outcome}')}</strong></p>"
        return f"{head}{fmt.html_table(self.table())}<p>{html.escape(self.sentence())}</p>{said}"


def reliability(data: pd.DataFrame, outcome: str, *, participant: str, trial: str, level: float = 0.95) -> Reliability:
    """How well a measurement repeats itself when people are measured several times without an intervention between.

    Parameters
    ----------
    data
        Long: one row a person and trial.
    outcome
        Column of the values, numeric, in the unit of the measurement; NaN where there is none.
    participant, trial
        Columns of the ids and of the trials (or days, or raters). Trials are in the order of their categories, of
        their numbers, or of their first appearance; the order matters for familiarisation.
    level
        Confidence level of all intervals.

    Returns
    -------
    Reliability
        ``icc_a1, icc_c1, icc_ak, icc_ck, icc_1`` (McGraw and Wong's names); ``sem_agreement, sem_consistency`` and
        ``mdc90_…, mdc95_…`` of both; ``cv_typical_error, cv_rms, cv_log`` where all values are above 0; and for each
        pair of successive trials ``bias``, ``limit_low``, ``limit_high`` and ``change_percent_of_means``.

    Raises
    ------
    PlanError
        An unknown column or an impossible level.
    DataError
        Values that are not numbers, rows without id or trial, or a person twice in one trial.
    FitError
        Fewer than two trials or two people with two trials; values that do not vary, or trials that are copies.

    Warns
    -----
    SmallSample
        With fewer than 8 people who have two trials.

    When not to use
    ---------------
    On the visits before and after an intervention: the change would count as error. For ratings of different people by
    different judges. To say that a measurement is valid: a scale that always shows 5 kg too much is reliable.

    Notes
    -----
    With people, trials and error as components σp², σc² and σe² of a two-way model: ``ICC(A,1) = σp² / (σp² + σc² +
    σe²)``, ``ICC(C,1) = σp² / (σp² + σe²)``; ``SEM agreement = sqrt(σc² + σe²)``, ``SEM consistency = sqrt(σe²)``;
    ``MDC95 = 1.96 sqrt(2) SEM``. ``cv_typical_error`` is SEM consistency over the mean; ``cv_rms`` the root mean square
    of SD/mean of each person, in which systematic change counts too; ``cv_log`` is ``exp(s) - 1`` with s the SEM
    consistency of the logarithms. ICC(A,1) is the ICC(2,1) and ICC(C,1) the ICC(3,1) of Shrout and Fleiss.

    With a value missing, the components come from restricted maximum likelihood, which uses every value (people with
    one trial tell about people), is never negative, and is the analysis of variance where nothing is missing and no
    component is negative. The intervals then put harmonic means of the numbers of values in the formulas for complete
    tables, as Thomas and Hultquist proposed for the one-way model: they are approximate.

    Limits of agreement are mean ± 1.96 SD of the differences; their intervals are exact under a normal distribution
    (noncentral t), each limit by itself.

    References
    ----------
    McGraw & Wong 1996, doi:10.1037/1082-989X.1.1.30; Shrout & Fleiss 1979, doi:10.1037/0033-2909.86.2.420; Bland &
    Altman 1999, doi:10.1177/096228029900800204; Carkeet 2015, doi:10.1097/OPX.0000000000000513; Thomas & Hultquist
    1978, doi:10.1214/aos/1176344202; Hopkins 2000, doi:10.2165/00007256-200030010-00001

    Validated against
    -----------------
    Shrout and Fleiss' six targets and four judges; R psych 2.2.9 ``ICC``, ``qt(ncp=)``, lme4 where values are missing
    (``tests/reference/shrout_fleiss``, ``tests/reference/retest``); pingouin 0.7 ``intraclass_corr``; isometric
    strength of 78 legs (Hammarström 2020).

    Examples
    --------
    >>> import pandas as pd
    >>> jumps = pd.DataFrame({
    ...     "id": list("ABCDEFGHIJ") * 2,
    ...     "trial": [1] * 10 + [2] * 10,
    ...     "cm": [31, 28, 40, 35, 25, 38, 33, 29, 36, 30, 32, 30, 40, 36, 27, 38, 35, 30, 36, 33],
    ... })
    >>> found = reliability(jumps, "cm", participant="id", trial="trial")
    >>> print(found.sentence())  # doctest: +ELLIPSIS
    cm, 2 trials of 10 people: ICC(A,1) 0.940 (95% CI 0.401 to 0.988), SEM 1.095 (95% CI ...
    """
    problems = Problems()
    check_columns(data, [("outcome", outcome), ("participant", participant), ("trial", trial)], problems)
    check_level(level, problems)
    problems.raise_as(PlanError)
    everybody = _side_by_side(data, outcome, participant, trial)
    ledger = _ledger(data, everybody, outcome, participant, trial)
    values = everybody.dropna(how="all")
    _check(values, everybody, outcome)
    table = values.to_numpy(dtype="float64")
    found = components(table)
    pairs = list(_pairs(table, list(values.columns), level))
    rows = [*_correlations(found, level), *_errors(found, level), *_cvs(table, found, level)]
    rows += [row for pair in pairs for row in pair.rows]
    several = int(((~np.isnan(table)).sum(axis=1) >= 2).sum())
    return Reliability(
        pd.DataFrame(rows, columns=list(_COLUMNS)),
        outcome,
        tuple(values.columns),
        level,
        _method(found, outcome, level),
        _familiarisation(pairs, level),
        (
            *_notes(found, table, data[trial], list(values.columns)),
            _WHICH,
            *small_sample_notes({"": several}, "people with two trials"),
        ),
        _citations(found),
        ledger,
        _points(pairs, values.index),
    )


# ---- the table of people and trials ------------------------------------------------------------------------------


def _side_by_side(data: pd.DataFrame, outcome: str, participant: str, trial: str) -> pd.DataFrame:
    """One row a person, one column a trial, in order; or a :class:`~kbstudy.errors.DataError` with all problems."""
    problems = Problems()
    ids, trials = identify(data, participant, problems), labels(data[trial])
    values = numbers(data, outcome, ids, problems)
    do = "Label the row's trial, or remove the row."
    blank = dict.fromkeys(ids[trials == ""])
    problems.extend(Problem("a row without a trial", column=trial, participant=who, do=do) for who in blank)
    do = "Keep one row a person and trial; if these are several tries of one visit, number them and use that column."
    times = Counter(zip(ids, trials, strict=True))
    problems.extend(
        Problem(f'{n} rows for {trial} "{when}"', participant=who, do=do)
        for (who, when), n in times.items()
        if n > 1 and who
    )
    problems.raise_as(DataError)
    long = pd.DataFrame({"participant": ids, "trial": trials, "value": values})
    wide = long.pivot(index="participant", columns="trial", values="value")
    return wide.reindex(index=long["participant"].unique(), columns=_in_order(data[trial], trials))


def _in_order(column: pd.Series, trials: pd.Series) -> list[str]:
    """Categories as declared, numbers by size, text by first appearance."""
    present = list(dict.fromkeys(trials))
    if isinstance(column.dtype, pd.CategoricalDtype):
        return [name for name in dict.fromkeys(labels(column.cat.categories)) if name in present]
    sizes = pd.to_numeric(pd.Series(present, dtype="object"), errors="coerce")
    return present if sizes.isna().any() else [present[i] for i in np.argsort(sizes.to_numpy(), kind="stable")]


def _ledger(data: pd.DataFrame, everybody: pd.DataFrame, outcome: str, participant: str, trial: str) -> Ledger:
    """One row a person and trial."""
    has_row = set(zip(labels(data[participant]), labels(data[trial]), strict=True))
    same = {"arm": "", "outcome": outcome}
    return Ledger.of(
        {"participant": who, "visit": when} | same | _fate(value, (who, when) in has_row)
        for who, row in everybody.iterrows()
        for when, value in row.items()
    )


def _fate(value: float, has_row: bool) -> dict[str, str]:
    if not math.isnan(value):
        return {"status": "analysed", "reason": ""}
    return {"status": "missing", "reason": "empty cell" if has_row else "no row for this trial"}


def _check(values: pd.DataFrame, everybody: pd.DataFrame, outcome: str) -> None:
    """Enough people and trials, and something that varies, else a :class:`~kbstudy.errors.FitError`."""
    table = values.to_numpy(dtype="float64")
    there = ~np.isnan(table)
    used = [name for name, any_there in zip(values.columns, there.any(axis=0), strict=True) if any_there]
    if len(used) < 2:
        found = f"only one trial has values: {quoted(used)}" if used else "no trial has a value"
        do = "Reliability needs the same people measured at least twice."
        raise FitError(Problem(f"{found} (of {quoted(everybody.columns)})", column=outcome, do=do))
    if len(used) < table.shape[1]:
        empty = [name for name in values.columns if name not in used]
        do = "Remove the rows of that trial: it cannot tell anything."
        raise FitError(Problem(f"no value in trial {quoted(empty)}", column=outcome, do=do))
    several = int((there.sum(axis=1) >= 2).sum())
    if several < 2:
        do = "At least two people need values in two trials; check that ids are written the same way in all trials."
        raise FitError(Problem(f"{fmt.count(several, 'person', 'people')} with two trials", column=outcome, do=do))
    _check_spread(table, outcome)


def _check_spread(table: FloatArray, outcome: str) -> None:
    smallest = 8 * float(np.spacing(np.nanmax(np.abs(table))))
    if np.nanmax(table) - np.nanmin(table) <= smallest:
        what = f"all values are {fmt.plain(float(table[~np.isnan(table)][0]))}: nothing varies"
        raise FitError(Problem(what, column=outcome, do="Check the column; a constant has no reliability."))
    changes = [change[~np.isnan(change)] for change in np.diff(table, axis=1).T]
    spreads = [float(np.ptp(change)) for change in changes if len(change) >= 2]
    if spreads and max(spreads) <= smallest:
        what = "the trials are the same up to a constant, so there is no measurement error to estimate"
        raise FitError(Problem(what, column=outcome, do="Check that one trial is not a copy of another."))


# ---- numbers -----------------------------------------------------------------------------------------------------


def _row(term: str, found: Interval, n: int, unit: str, method: str, contrast: str = "") -> dict[str, object]:
    text = {"term": term, "contrast": contrast, "unit": unit, "method": method}
    return {**text, "n": n, "estimate": found.value, "low": found.low, "high": found.high}


def _correlations(c: Components, level: float) -> Iterator[dict[str, object]]:
    how = "REML; F limits, harmonic mean" if c.by_reml else "mean squares; F limits"
    satterthwaite = how.replace("F limits", "F limits, Satterthwaite")
    agreement, consistency = icc_a1(c, level), icc_c1(c, level)
    yield _row("icc_a1", agreement, c.people, "ratio", f"two-way, {satterthwaite}")
    yield _row("icc_c1", consistency, c.people, "ratio", f"two-way, {how}")
    yield _row("icc_ak", raised(agreement, c.trials), c.people, "ratio", f"k = {c.trials}, from ICC(A,1)")
    yield _row("icc_ck", raised(consistency, c.trials), c.people, "ratio", f"k = {c.trials}, from ICC(C,1)")
    yield _row("icc_1", icc_one(c, level), c.people, "ratio", f"one-way, {how}")


def _errors(c: Components, level: float) -> Iterator[dict[str, object]]:
    how = "REML" if c.by_reml else "mean squares"
    for kind in ("agreement", "consistency"):
        error = sem(c, level, agreement=kind == "agreement")
        formula = "sqrt(σc² + σe²)" if kind == "agreement" else "sqrt(σe²)"
        yield _row(f"sem_{kind}", error, c.people, "", f"{formula}, {how}; χ² limits")
        for share in (90, 95):
            z = NormalDist().inv_cdf(0.5 + share / 200)
            yield _row(f"mdc{share}_{kind}", error.times(z * math.sqrt(2)), c.people, "", f"{z:.3f} √2 SEM {kind}")


def _cvs(table: FloatArray, c: Components, level: float) -> Iterator[dict[str, object]]:
    if np.nanmin(table) <= 0:
        return
    mean = float(np.nanmean(table))
    typical = sem(c, level, agreement=False).times(100 / mean)
    yield _row("cv_typical_error", typical, c.people, "%", "SEM consistency / mean of all values (taken as known)")
    several = table[(~np.isnan(table)).sum(axis=1) >= 2]
    own = np.nanstd(several, axis=1, ddof=1) / np.nanmean(several, axis=1)
    rms = Interval(100 * math.sqrt(float(np.mean(own**2))))
    yield _row("cv_rms", rms, len(several), "%", "root mean square of SD / mean within people; no CI")
    logs = sem(components(np.log(table)), level, agreement=False)
    percent = Interval(*(100 * math.expm1(x) for x in (logs.value, logs.low, logs.high)))
    yield _row("cv_log", percent, c.people, "%", "exp(SEM consistency of the logarithms) − 1; χ² limits")


@dataclass(frozen=True)
class _Pair:
    """Two successive trials: their rows, and what the words need."""

    earlier: str
    later: str
    bias: Interval
    percent: Interval
    rows: tuple[dict[str, object], ...]
    points: pd.DataFrame

    @property
    def is_systematic(self) -> bool:
        """Whether the interval of the mean change leaves out zero."""
        return self.bias.low > 0 or self.bias.high < 0


def _pairs(table: FloatArray, trials: list[str], level: float) -> Iterator[_Pair]:
    for j in range(len(trials) - 1):
        both = np.flatnonzero(~np.isnan(table[:, j]) & ~np.isnan(table[:, j + 1]))
        if len(both) >= 2:
            yield _pair(table[both, j], table[both, j + 1], both, (trials[j], trials[j + 1]), level)


def _pair(first: FloatArray, second: FloatArray, rows: Any, names: tuple[str, str], level: float) -> _Pair:
    contrast = f"{names[1]} - {names[0]}"
    difference = second - first
    n, s = len(difference), float(np.std(difference, ddof=1))
    bias = _mean_change(difference, level)
    percent = _percent(first, second, level)
    low, high = _limits_of_agreement(bias.value, s, n, level)
    found = [_row("bias", bias, n, "", "paired t", contrast)]
    if not math.isnan(percent.value):
        found.append(_row("change_percent_of_means", percent, n, "%", "ratio of means; log, delta, t", contrast))
    how = "mean ± 1.96 SD; noncentral-t limits"
    found += [_row("limit_low", low, n, "", how, contrast), _row("limit_high", high, n, "", how, contrast)]
    columns = {"contrast": contrast, "mean": (first + second) / 2, "difference": difference}
    both = {"earlier": names[0], "later": names[1]}
    return _Pair(names[0], names[1], bias, percent, tuple(found), pd.DataFrame({**columns, **both}, index=rows))


def _mean_change(difference: FloatArray, level: float) -> Interval:
    from scipy import stats

    n, mean = len(difference), float(np.mean(difference))
    half = float(stats.t.ppf((1 + level) / 2, n - 1)) * float(np.std(difference, ddof=1)) / math.sqrt(n)
    return Interval(mean, mean - half, mean + half)


def _percent(first: FloatArray, second: FloatArray, level: float) -> Interval:
    """100 (mean second / mean first - 1); the interval by the delta method on the logarithm of the ratio."""
    from scipy import stats

    if min(first.min(), second.min()) <= 0:
        return Interval(math.nan)
    n, ratio = len(first), float(second.mean() / first.mean())
    se = float(np.std(second / second.mean() - first / first.mean(), ddof=1)) / math.sqrt(n)
    half = float(stats.t.ppf((1 + level) / 2, n - 1)) * se
    return Interval(*(100 * (ratio * math.exp(step) - 1) for step in (0.0, -half, half)))


def _limits_of_agreement(bias: float, s: float, n: int, level: float) -> tuple[Interval, Interval]:
    from scipy import stats

    tail = (1 - level) / 2
    root = math.sqrt(n)
    inner, outer = (float(stats.nct.ppf(p, n - 1, _LIMITS_Z * root)) / root * s for p in (tail, 1 - tail))
    low = Interval(bias - _LIMITS_Z * s, bias - outer, bias - inner)
    return low, Interval(bias + _LIMITS_Z * s, bias + inner, bias + outer)


def _points(pairs: list[_Pair], people: pd.Index) -> pd.DataFrame:
    columns = ["participant", "contrast", "earlier", "later", "mean", "difference"]
    found = [pair.points.assign(participant=people[pair.points.index]) for pair in pairs]
    return pd.concat(found)[columns].reset_index(drop=True) if found else pd.DataFrame(columns=columns)


# ---- words -------------------------------------------------------------------------------------------------------


def _familiarisation(pairs: list[_Pair], level: float) -> str:
    """What happened between the first trials, and what to do about it."""
    if not pairs:
        return "No two successive trials share two people, so familiarisation cannot be checked."
    first = pairs[0]
    digits = _decimals(max(abs(first.bias.low), abs(first.bias.high)))
    said = f"{fmt.confidence(level)} CI {fmt.interval(first.bias.low, first.bias.high, digits)}"
    share = "" if math.isnan(first.percent.value) else f", {_signed(first.percent.value)}%"
    change = f"{fmt.number(first.bias.value, digits)} ({said}{share})"
    if not first.is_systematic:
        return (
            f"Familiarisation: from {first.earlier} to {first.later} the mean changed by {change}; a systematic change "
            "was not shown, and one within the interval is possible."
        )
    later = next((pair for pair in pairs[1:] if not pair.is_systematic), None)
    settled = f" From {later.earlier} to {later.later} no further change was shown." if later else ""
    start = later.earlier if later else first.later
    return (
        f"Familiarisation: from {first.earlier} to {first.later} the mean changed by {change} without an intervention; "
        f"a study without a control group would call that an effect.{settled} Let people practise, and take {start} or "
        "a later trial as the baseline."
    )


def _decimals(size: float) -> int:
    """Decimal places that show three digits of a size."""
    return int(np.clip(2 - math.floor(math.log10(size)), 0, 12)) if size > 0 else 2


def _signed(value: float) -> str:
    return ("+" if value > 0 else "") + fmt.number(value, 1)


def _notes(c: Components, table: FloatArray, column: pd.Series, trials: list[str]) -> Iterator[str]:
    if c.by_reml:
        gone = int(np.isnan(table).sum())
        once = int(((~np.isnan(table)).sum(axis=1) == 1).sum())
        yield (
            f"{gone} of {table.size} values are missing: the components come from restricted maximum likelihood with "
            f"every value that exists ({fmt.count(once, 'person', 'people')} with a single trial), and the intervals "
            "of ICC, SEM, MDC and CV are approximate."
        )
    if c.person < 0:
        yield "The variance between people is estimated below zero: people differ no more than their trials do."
    if not isinstance(column.dtype, pd.CategoricalDtype) and not pd.api.types.is_numeric_dtype(column):
        yield f"Order of the trials, as they first appear: {', '.join(trials)}. An ordered category would declare it."
    if np.nanmin(table) <= 0:
        yield "No CV and no change in percent, because there are values of 0 or below."


def _method(c: Components, outcome: str, level: float) -> str:
    how = (
        "restricted maximum likelihood, because values are missing, with intervals from the formulas for complete "
        "tables at harmonic means of the numbers of values (approximate)"
        if c.by_reml
        else "the mean squares of a two-way analysis of variance"
    )
    return (
        f"Reliability of {outcome} over {c.trials} trials of {c.people} people: intraclass correlations for absolute "
        f"agreement, ICC(A,1), and consistency, ICC(C,1), of single trials and of the mean of all, and the one-way "
        f"ICC(1), with {fmt.confidence(level)} intervals, from {how}; standard errors of measurement with and without "
        "systematic differences between trials, and minimal detectable changes z √2 SEM; Bland–Altman limits of "
        "agreement (mean ± 1.96 SD of the differences) with exact intervals for each limit; mean changes between "
        "successive trials with t intervals."
    )


def _citations(c: Components) -> tuple[str, ...]:
    always = (cite.MCGRAW_WONG_1996, cite.SHROUT_FLEISS_1979, cite.BLAND_ALTMAN_1999, cite.CARKEET_2015)
    return (*always, cite.THOMAS_HULTQUIST_1978) if c.by_reml else always
