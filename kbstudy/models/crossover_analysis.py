"""Two treatments in two periods, each person under both: the AB/BA crossover trial."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import pandas as pd

from kbstudy import formatting as fmt
from kbstudy.errors import DataError, FitError, PlanError, Problem, Problems, did_you_mean
from kbstudy.estimates import Estimates
from kbstudy.ledger import Ledger
from kbstudy.models import _citations as cite
from kbstudy.models._arms import arm_levels
from kbstudy.models._frames import (
    FloatArray,
    check_columns,
    check_label,
    check_level,
    identify,
    label,
    labels,
    numbers,
    quoted,
    small_sample_notes,
)

__all__ = ["crossover"]

_METHODS: Final = ("within_person", "mixed")
_CARRYOVER: Final = (
    "The carry-over row compares the sequences on the sum of both periods. It is a comparison between people, so it is "
    "far less precise than the treatment difference, and it cannot tell carry-over from a difference between the two "
    "groups of people or from an effect of treatment that depends on the period. Do not let its p-value choose the "
    "analysis: testing it first and using only period 1 if it is significant (the two-stage procedure) distorts the "
    "error rate and the estimate (Freeman 1989). A washout that is long enough is decided when the trial is planned."
)
_NO_CARRYOVER: Final = (
    "The treatment difference is that of the treatments only if what was given in period 1 has no effect in period 2 "
    "any more."
)


@dataclass(frozen=True)
class _Question:
    """What was asked, with labels as text."""

    outcome: str
    participant: str
    sequence: str
    period: str
    treatment: str
    reference: str
    method: str
    level: float


@dataclass(frozen=True)
class _Design:
    """Periods in order; the treatment and the reference; the sequence that begins with each."""

    periods: tuple[str, str]
    treatments: tuple[str, str]
    sequences: tuple[str, str]

    @property
    def contrast(self) -> str:
        return f"{self.treatments[0]} - {self.treatments[1]}"


def crossover(
    data: pd.DataFrame,
    outcome: str,
    *,
    participant: str,
    sequence: str,
    period: str,
    treatment: str,
    reference: object,
    method: Literal["within_person", "mixed"] = "within_person",
    level: float = 0.95,
) -> Estimates:
    """Two treatments compared within people, each under both in random order, adjusted for the period.

    Parameters
    ----------
    data
        One row a participant and period.
    outcome
        Numeric column, in the unit of the instrument; NaN where there is no value.
    participant, sequence, period, treatment
        Columns of the ids, of the sequence a person was randomised to, of the period (two values, in the order of a
        categorical column's categories, else sorted) and of the treatment in that period (two values).
    reference
        The treatment that the other one is compared with.
    method
        ``"within_person"`` compares each person with themselves and leaves out people with one period.
        ``"mixed"`` fits :func:`kbstudy.lmm` with a random intercept a person and the Kenward–Roger correction, in which
        people with one period stay.
    level
        Confidence level, between 0 and 1.

    Returns
    -------
    Estimates
        ``treatment_difference`` (primary), ``period_difference`` (second minus first), ``carryover_difference``
        (sequence that begins with the treatment minus the other, of the sums of both periods; people with both periods,
        whatever the method), and ``mean`` of each treatment and period, whose ``arm`` is the treatment and ``visit``
        the period. ``.points`` has each person's two values: ``participant, arm`` (the sequence), ``baseline`` (under
        the reference) and ``followup`` (under the treatment). ``.fit`` is the mixed model where there is one.

    Raises
    ------
    PlanError
        An unknown column, treatment or method, an impossible level.
    DataError
        Values that are not numbers; more or fewer than two periods, treatments or sequences; a person twice in a
        period, with the same treatment twice or in two sequences; a sequence in which the order of the treatments
        differs, or both sequences in the same order.
    FitError
        Fewer than two people with both periods in a sequence; differences that do not vary.

    Warns
    -----
    SmallSample
        When fewer than 8 people are analysed in a sequence.

    When not to use
    ---------------
    For training, teaching and anything else that does not wash out: strength and skill stay, and period 2 starts where
    period 1 ended. For complaints that heal by themselves during the trial. For more than two periods or treatments:
    :func:`kbstudy.lmm`.

    Notes
    -----
    With ``d`` a person's period 1 minus period 2, means ``d1`` and ``d2`` in the sequences that begin with the
    treatment and with the reference, and ``s²`` the pooled variance: treatment ``(d1 - d2) / 2``, period
    ``-(d1 + d2) / 2``, both with standard error ``s sqrt(1/n1 + 1/n2) / 2`` and t on ``n1 + n2 - 2`` degrees of
    freedom. It is the model with a fixed effect for each person. Carry-over: the two sequences' means of the sums of
    both periods, pooled t on the same degrees of freedom (Grizzle 1965). Variances are taken to be equal in both
    sequences. Baselines of each period are not used.

    References
    ----------
    Senn 2002, doi:10.1002/0470854596; Grizzle 1965, doi:10.2307/2528104; Freeman 1989, doi:10.1002/sim.4780081202

    Validated against
    -----------------
    SAS PROC GLM's listing of the crossover of Cochran & Cox, table 4.10 (``tests/papers/``); R 4.2.2 ``t.test`` and
    ``lm`` with an effect for each person on the 13 children of Senn 2002, chapter 3, and lmerTest with people
    who miss a period (``tests/reference/make_crossover.R``).

    Examples
    --------
    >>> import pandas as pd
    >>> children = pd.DataFrame({
    ...     "id": list(range(1, 14)) * 2,
    ...     "sequence": (["for/sal"] * 7 + ["sal/for"] * 6) * 2,
    ...     "period": [1] * 13 + [2] * 13,
    ...     "drug": ["for"] * 7 + ["sal"] * 6 + ["sal"] * 7 + ["for"] * 6,
    ...     "pef": [310, 310, 370, 410, 250, 380, 330, 370, 310, 380, 290, 260, 90,
    ...             270, 260, 300, 390, 210, 350, 365, 385, 400, 410, 320, 340, 220],
    ... })
    >>> import warnings
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("ignore")  # fewer than 8 children in a sequence, and the result says so
    ...     found = crossover(children, "pef", participant="id", sequence="sequence", period="period",
    ...                       treatment="drug", reference="sal")
    >>> print(found.sentence())  # doctest: +ELLIPSIS
    pef was 46.61 higher with for than with sal (difference 46.61, 95% CI 22.89 to 70.33; t(11) = 4.32; ...; n = 13).
    """
    asked = _Question(outcome, participant, sequence, period, treatment, label(reference), method, level)
    _check_question(data, asked)
    rows = _read(data, asked)
    design = _design_of(rows, data, asked)
    wide = _side_by_side(rows, design)
    complete = wide.dropna(subset=["first", "second"]).reset_index(drop=True)
    _check_enough(wide, complete, design, asked)
    kept = complete if method == "within_person" else wide.dropna(subset=["first", "second"], how="all")
    counts = {name: int((kept["sequence"] == name).sum()) for name in design.sequences}
    small = small_sample_notes(counts, "people analysed in a sequence")
    within = _within_person(complete, design, level)
    fit = None
    if method == "mixed":
        fit, mixed = _mixed(rows, design, level)
        within[:2] = mixed
    return Estimates(
        pd.DataFrame([*within, *_means(kept, design, level)]),
        title=f"{outcome}: {design.treatments[0]} and {design.treatments[1]} in a crossover",
        outcome=outcome,
        method=_method(asked, design, counts, fit is not None),
        level=level,
        primary="treatment_difference",
        compares={design.contrast: design.treatments},
        drawn=("treatment_difference", "period_difference"),
        notes=(*_notes(wide, complete, asked), *small),
        citations=(cite.SENN_2002, cite.GRIZZLE_1965, cite.FREEMAN_1989, *([cite.KENWARD_ROGER_1997] if fit else [])),
        ledger=_ledger(wide, design, asked),
        points=_points(complete, design),
        fit=fit,
    )


# ---- what goes in ------------------------------------------------------------------------------------------------


def _check_question(data: pd.DataFrame, asked: _Question) -> None:
    problems = Problems()
    names = ("outcome", "participant", "sequence", "period", "treatment")
    check_columns(data, [(name, getattr(asked, name)) for name in names], problems)
    check_level(asked.level, problems)
    if list(data.columns).count(asked.treatment) == 1:
        check_label("reference", asked.reference, arm_levels(data[asked.treatment], ""), asked.treatment, problems)
    if asked.method not in _METHODS:
        what = f'method="{asked.method}" is not offered{did_you_mean(str(asked.method), _METHODS)}'
        problems.add(Problem(what, do=f"Choose one of: {', '.join(_METHODS)}."))
    problems.raise_as(PlanError)


def _read(data: pd.DataFrame, asked: _Question) -> pd.DataFrame:
    """``participant, sequence, period, treatment, value``, one row a participant and period."""
    problems = Problems()
    ids = identify(data, asked.participant, problems)
    rows = pd.DataFrame({name: labels(data[getattr(asked, name)]) for name in ("sequence", "period", "treatment")})
    rows = rows.assign(participant=ids, value=numbers(data, asked.outcome, ids, problems))
    for name in ("sequence", "period", "treatment"):
        column = getattr(asked, name)
        for who in dict.fromkeys(ids[rows[name] == ""]):
            do = "Fill it in, or remove the row: a value belongs to a person, a sequence, a period and a treatment."
            problems.add(Problem(f"a row without a {name}", column=column, participant=who, do=do))
        found = [value for value in dict.fromkeys(rows[name]) if value]
        if len(found) != 2:
            do = "A 2×2 crossover has two; for other designs use kbstudy.lmm. Blanks and capitals make labels differ."
            what = f"{fmt.count(len(found), name)}: {quoted(found) or 'none'}"
            problems.add(Problem(what, column=column, do=do))
    problems.extend(_contradictions(rows))
    problems.raise_as(DataError)
    return rows


def _contradictions(rows: pd.DataFrame) -> list[Problem]:
    """People who are in a period twice, under one treatment twice, or in two sequences."""
    problems = []
    do = "Each person has one row a period, is in one sequence and gets each treatment once."
    for (who, when), n in Counter(zip(rows["participant"], rows["period"], strict=True)).items():
        if n > 1 and who and when:
            problems.append(Problem(f"{n} rows", participant=who, visit=f"period {when}", do=do))
    for who, mine in rows[rows["participant"] != ""].groupby("participant", sort=False):
        sequences = [name for name in dict.fromkeys(mine["sequence"]) if name]
        if len(sequences) > 1:
            problems.append(Problem(f"in two sequences: {quoted(sequences)}", participant=who, do=do))
        if mine["period"].is_unique and not mine["treatment"].is_unique and all(mine["treatment"]):
            what = f'treatment "{mine["treatment"].iloc[0]}" in both periods'
            problems.append(Problem(what, participant=who, do=do))
    return problems


def _design_of(rows: pd.DataFrame, data: pd.DataFrame, asked: _Question) -> _Design:
    """Which sequence begins with which treatment; everybody in it must have that order."""
    first, second = (name for name in arm_levels(data[asked.period], "") if name in set(rows["period"]))
    other = next(name for name in dict.fromkeys(rows["treatment"]) if name != asked.reference)
    begins = pd.Series(np.where(rows["period"] == first, rows["treatment"], ""), index=rows.index)
    swapped = {asked.reference: other, other: asked.reference}
    begins = begins.where(begins != "", rows["treatment"].map(swapped))
    problems = Problems()
    starts: dict[str, str] = {}
    for name, mine in begins.groupby(rows["sequence"], sort=False):
        starts[str(name)] = mine.mode().iloc[0]
        odd = dict.fromkeys(rows.loc[mine.index[mine != starts[str(name)]], "participant"])
        for who in odd:
            what = f'sequence "{name}" begins with "{starts[str(name)]}", and here it does not'
            do = "Correct the sequence, the period or the treatment of this person."
            problems.add(Problem(what, column=asked.sequence, participant=who, do=do))
    if len(set(starts.values())) < 2:
        what = f'both sequences begin with "{next(iter(starts.values()))}"'
        do = "In a crossover one sequence begins with each treatment; else period and treatment cannot be told apart."
        problems.add(Problem(what, column=asked.sequence, do=do))
    problems.raise_as(DataError)
    by_start = {start: name for name, start in starts.items()}
    return _Design((first, second), (other, asked.reference), (by_start[other], by_start[asked.reference]))


def _side_by_side(rows: pd.DataFrame, design: _Design) -> pd.DataFrame:
    """One row a person: ``participant, sequence, first, second``, NaN where there is no value."""
    wide = rows.pivot(index="participant", columns="period", values="value").reindex(rows["participant"].unique())
    wide = wide[list(design.periods)].set_axis(["first", "second"], axis=1).reset_index()
    return wide.assign(
        sequence=wide["participant"].map(rows.drop_duplicates("participant").set_index("participant")["sequence"])
    )


def _check_enough(wide: pd.DataFrame, complete: pd.DataFrame, design: _Design, asked: _Question) -> None:
    problems = Problems()
    for name in design.sequences:
        people, both = (int((frame["sequence"] == name).sum()) for frame in (wide, complete))
        if both < 2:
            what = f'sequence "{name}": {both} of {people} have values in both periods'
            problems.add(Problem(what, column=asked.sequence, do="Each sequence needs at least two people with both."))
    problems.raise_as(FitError)
    noise = 4 * np.spacing(float(complete[["first", "second"]].abs().to_numpy().max()))
    difference = complete["first"] - complete["second"]
    if all(np.ptp(mine) <= noise for _, mine in difference.groupby(complete["sequence"])):
        what = "within each sequence all people differ by the same between the periods: nothing varies"
        do = "Check that the values of one period are not copies or computed from the other's."
        raise FitError(Problem(what, column=asked.outcome, do=do))


def _ledger(wide: pd.DataFrame, design: _Design, asked: _Question) -> Ledger:
    """One row a person and period; ``arm`` is the sequence."""
    rows = []
    for who in wide.itertuples():
        gone = [math.isnan(value) for value in (who.first, who.second)]
        for when, lacks, other_lacks, other in zip(design.periods, gone, gone[::-1], design.periods[::-1], strict=True):
            status, reason = "analysed", ""
            if lacks:
                status, reason = "missing", f"no value in period {when}"
            elif other_lacks and asked.method == "within_person":
                status, reason = "dropped", f"no value in period {other}, so there is no difference within the person"
            place = {"participant": who.participant, "arm": who.sequence, "outcome": asked.outcome}
            rows.append(place | {"visit": when, "status": status, "reason": reason})
    return Ledger.of(rows)


def _points(complete: pd.DataFrame, design: _Design) -> pd.DataFrame:
    begins = complete["sequence"] == design.sequences[0]
    return pd.DataFrame(
        {
            "participant": complete["participant"],
            "arm": complete["sequence"],
            "baseline": complete["second"].where(begins, complete["first"]),
            "followup": complete["first"].where(begins, complete["second"]),
        }
    )


# ---- numbers -----------------------------------------------------------------------------------------------------


def _within_person(complete: pd.DataFrame, design: _Design, level: float) -> list[dict[str, object]]:
    groups = [complete[complete["sequence"] == name] for name in design.sequences]
    differences = [(mine["first"] - mine["second"]).to_numpy() for mine in groups]
    sums = [(mine["first"] + mine["second"]).to_numpy() for mine in groups]
    one, other = (float(np.mean(values)) for values in differences)
    same: dict[str, object] = {"n": len(complete)}
    treatment = _pooled_t((one - other) / 2, differences, 0.5, level)
    period = _pooled_t(-(one + other) / 2, differences, 0.5, level)
    carryover = _pooled_t(float(np.mean(sums[0]) - np.mean(sums[1])), sums, 1.0, level)
    how = "within people, pooled t"
    return [
        {"term": "treatment_difference", "contrast": design.contrast, "method": how} | same | treatment,
        {"term": "period_difference", "contrast": _minus(design.periods[::-1]), "method": how} | same | period,
        {"term": "carryover_difference", "contrast": _minus(design.sequences), "method": "between people, pooled t"}
        | same
        | carryover,
    ]


def _minus(pair: Sequence[str]) -> str:
    return f"{pair[0]} - {pair[1]}"


def _pooled_t(estimate: float, groups: list[FloatArray], scale: float, level: float) -> dict[str, object]:
    """An estimate with the standard error of ``scale`` times a difference of two means, variances pooled."""
    df = sum(len(values) - 1 for values in groups)
    pooled = sum(float(np.sum((values - np.mean(values)) ** 2)) for values in groups) / df
    se = scale * math.sqrt(pooled * sum(1 / len(values) for values in groups))
    return {"estimate": estimate, **_t(estimate, se, df, level)}


def _t(estimate: float, se: float, df: float, level: float) -> dict[str, object]:
    from scipy.special import stdtr, stdtrit

    half = float(stdtrit(df, (1 + level) / 2)) * se
    t = estimate / se if se else math.nan
    p = 2 * float(stdtr(df, -abs(t)))
    return {"se": se, "df": df, "statistic": t, "p": p, "low": estimate - half, "high": estimate + half}


def _mixed(rows: pd.DataFrame, design: _Design, level: float) -> tuple[object, list[dict[str, object]]]:
    from kbstudy.models.mixed import lmm

    table = pd.DataFrame(
        {
            "value": rows["value"],
            "treatment": pd.Categorical(rows["treatment"], list(design.treatments[::-1])),
            "period": pd.Categorical(rows["period"], list(design.periods)),
            "participant": rows["participant"],
        }
    )
    fit = lmm(table, "value ~ treatment + period + (1 | participant)")
    coefficients = fit.coefficients.frame.set_index("term")
    found = []
    for term, name, contrast in (
        ("treatment_difference", f"treatment[T.{design.treatments[0]}]", design.contrast),
        ("period_difference", f"period[T.{design.periods[1]}]", _minus(design.periods[::-1])),
    ):
        row = coefficients.loc[name]
        estimate, se, df = (float(row[part]) for part in ("estimate", "se", "df"))
        people = int(table.dropna(subset="value")["participant"].nunique())
        head = {"term": term, "contrast": contrast, "n": people, "method": "mixed model, Kenward–Roger"}
        found.append(head | {"estimate": estimate} | _t(estimate, se, df, level))
    return fit, found


def _means(kept: pd.DataFrame, design: _Design, level: float) -> list[dict[str, object]]:
    """The mean of each of the four cells, with its own t interval."""
    rows = []
    for name, order in zip(design.sequences, (design.treatments, design.treatments[::-1]), strict=True):
        mine = kept[kept["sequence"] == name]
        for treatment, when, column in zip(order, design.periods, ("first", "second"), strict=True):
            values = mine[column].dropna().to_numpy()
            mean, se = float(np.mean(values)), float(np.std(values, ddof=1)) / math.sqrt(len(values))
            limits = _t(mean, se, len(values) - 1, level)
            kept_parts = {part: limits[part] for part in ("se", "df", "low", "high")}
            head = {"term": "mean", "arm": treatment, "visit": when, "n": len(values), "method": "t interval"}
            rows.append(head | {"estimate": mean} | kept_parts)
    return rows


# ---- words -------------------------------------------------------------------------------------------------------


def _method(asked: _Question, design: _Design, counts: dict[str, int], mixed: bool) -> str:
    people = fmt.words([f"{n} people in sequence {name}" for name, n in counts.items()])
    if mixed:
        how = (
            "a linear mixed model with treatment, period and a random intercept for each person (restricted maximum "
            "likelihood, Kenward–Roger degrees of freedom), in which people with one period stay"
        )
    else:
        how = (
            "half the difference between the sequences in the people's differences between periods, which adjusts for "
            f"the period, with a pooled t interval on n1 + n2 − 2 = {sum(counts.values()) - 2} degrees of freedom"
        )
    return (
        f"{design.treatments[0]} and {design.treatments[1]} were compared on {asked.outcome} within people in a 2×2 "
        f"crossover (periods {' and then '.join(design.periods)}; {people}) by {how}. The difference between periods "
        "and the difference between sequences in the sums of both periods (carry-over) are given beside it and choose "
        "nothing."
    )


def _notes(wide: pd.DataFrame, complete: pd.DataFrame, asked: _Question) -> list[str]:
    notes = [_NO_CARRYOVER, _CARRYOVER]
    one = int(wide[["first", "second"]].notna().sum(axis=1).eq(1).sum())
    if one and asked.method == "within_person":
        notes.append(
            f"{fmt.count(one, 'person', 'people')} with a value in one period only: left out, because there is no "
            'difference within the person. method="mixed" keeps them.'
        )
    if one and asked.method == "mixed":
        notes.append(
            f"{fmt.count(one, 'person', 'people')} with a value in one period only: in the treatment and period "
            f"differences, not in the carry-over difference, which rests on {len(complete)} people with both."
        )
    return notes
