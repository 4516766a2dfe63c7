"""Linear mixed models with random effects, in lme4's formula language."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from kbstudy import formatting as fmt
from kbstudy.errors import FitError, PlanError, Problem, Problems
from kbstudy.models._frames import labels
from kbstudy.models.mixed.building import Prepared, checked_df_method, people_ledger, prepare, solve_one
from kbstudy.models.mixed.fit import MixedFit, Words
from kbstudy.models.mixed.formula import MixedFormula, RandomPart, parse
from kbstudy.models.mixed.identification import check_converged, check_identified
from kbstudy.models.mixed.inference import DfMethod
from kbstudy.models.mixed.model import EffectsModel, connected
from kbstudy.models.mixed.moments import FloatArray, IntArray
from kbstudy.models.mixed.reduction import Effects

__all__ = ["lmm"]

#: Rows that share levels of crossed groupings form one dense matrix; beyond this it no longer is a trial.
_LARGEST_BLOCK = 3000
#: A spread below this share of the mean is far from zero.
_NEAR = 0.05


def lmm(data: pd.DataFrame, formula: str, *, df_method: DfMethod = "kenward_roger", reml: bool = True) -> MixedFit:
    """Linear mixed model: repeated values of people (or people in clinics) with random intercepts and slopes.

    Parameters
    ----------
    data
        One row a measurement (long), NaN or an empty cell where there is no value.
    formula
        lme4's language: ``y ~ arm * week + baseline + (1 + week | id)``; ``(1 + week || id)`` for uncorrelated effects;
        several terms ``(1 | clinic) + (1 | id)``, nested ``(1 | clinic/id)`` or crossed. Text, booleans and categories
        are factors with treatment coding: the first declared category, else the first when sorted, is the reference.
        Numbers are straight lines; ``C(week)`` makes a number a factor. Columns come in the order of the formula, main
        effects before interactions, as in R.
    df_method
        ``"kenward_roger"`` (expected information, pbkrtest's numbers), ``"kenward_roger_linear"`` (observed
        information, SAS's first order), ``"satterthwaite"`` (lmerTest's), ``"residual"``. Never z.
    reml
        Restricted maximum likelihood, or with False maximum likelihood (then Satterthwaite replaces Kenward–Roger, and
        the result says so).

    Returns
    -------
    MixedFit
        See there: coefficients, adjusted means, contrasts, tests, variances, checks, words.

    Raises
    ------
    PlanError
        A formula that cannot be read, unknown columns.
    DataError
        Values that are not numbers.
    FitError
        Too few rows, a constant outcome, variances that the data cannot tell apart, no convergence.

    When not to use
    ---------------
    For visits on a common schedule where the pattern of change and of variance is unknown: :func:`kbstudy.mmrm` assumes
    less. For fewer than about five levels of a grouping: its variance is hardly estimable; put it in as a fixed effect.
    For yes/no outcomes or counts: :func:`kbstudy.gee`.

    Notes
    -----
    ``y = Xβ + Zb + e``, ``b ~ N(0, D)``, ``e ~ N(0, σ²I)``, fitted by Newton's method with exact derivatives in the
    Cholesky factor of D, so that a variance of zero is an ordinary answer (reported in ``.singular``). lme4's default
    optimiser can stop below the optimum; this one reports the Newton decrement.

    References
    ----------
    Laird & Ware 1982, doi:10.2307/2529876; Bates et al. 2015, doi:10.18637/jss.v067.i01; Kenward & Roger 1997,
    doi:10.2307/2533558; Kuznetsova et al. 2017, doi:10.18637/jss.v082.i13

    Validated against
    -----------------
    lme4 1.1-31, lmerTest 3.1-3, pbkrtest 0.5.2 and emmeans 1.8.4 (``tests/models/mixed/``, ``tests/reference/``).

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> rng = np.random.default_rng(1)
    >>> people = pd.DataFrame({"id": range(20), "arm": ["Usual care", "Kettlebell"] * 10, "own": rng.normal(0, 2, 20)})
    >>> trial = people.merge(pd.DataFrame({"week": [0, 4, 8]}), how="cross")
    >>> trial["pain"] = 6 + trial["own"] - 0.2 * trial["week"] * (trial["arm"] == "Kettlebell") + rng.normal(0, 1, 60)
    >>> fit = lmm(trial, "pain ~ arm * week + (1 | id)")
    >>> row = fit.coefficients.frame.set_index("term").loc["arm[T.Usual care]:week"]
    >>> print(f"{row['estimate']:.2f} ({row['low']:.2f} to {row['high']:.2f}), df {row['df']:.0f}")
    0.27 (0.11 to 0.42), df 38
    """
    parsed = parse(formula)
    if not parsed.random:
        what = f'"{formula}" has no random effect'
        raise PlanError(Problem(what, do='Add one, such as "+ (1 | id)"; for visits on a schedule use kbstudy.mmrm.'))
    method, said = checked_df_method(df_method, reml)
    groupings = list(dict.fromkeys(name for part in parsed.random for name in part.group))
    finest = _finest(data, parsed)
    also = " + ".join(part.effects for part in parsed.random)
    prepared = prepare(data, parsed.outcome, parsed.fixed, participant=finest.group, also=also, others=groupings)
    model, words = _model(prepared, parsed, finest)
    _check_rows(model, prepared, words)
    y, observed = prepared.data["outcome"].to_numpy(), prepared.observed
    solved = solve_one(model, y, observed, reml=reml, outcome=parsed.outcome)
    check_identified(solved, words)
    check_converged(solved, words)
    arm = next((name for name in prepared.design.factors if _is_between(prepared, name)), None)
    return MixedFit(
        model=model,
        solved=solved,
        design=prepared.design,
        data=_named_levels(prepared, parsed, groupings),
        words=replace(words, notes=(*said, *prepared_notes(prepared), *_far_from_zero(model, words))),
        df_method=method,
        ledger=people_ledger(prepared, parsed.outcome, arm),
    )


def _named_levels(prepared: Prepared, parsed: MixedFormula, groupings: Sequence[str]) -> pd.DataFrame:
    """The rows with a column for the level of each grouping, in words."""
    frame = prepared.data
    for part in parsed.random:
        frame = frame.assign(**{f"level of {part.label}": _joined(frame, part.group)})
    return frame.drop(columns=[f" {name}" for name in groupings])


def _joined(frame: pd.DataFrame, group: Sequence[str]) -> list[str]:
    return [":".join(parts) for parts in zip(*(labels(frame[f" {name}"]) for name in group), strict=True)]


def _finest(data: pd.DataFrame, parsed: MixedFormula) -> RandomPart:
    """The grouping with the most levels: its levels are called participants."""
    known = set(data.columns) if isinstance(data, pd.DataFrame) else set()
    sizes = [len(data[list(part.group)].drop_duplicates()) if set(part.group) <= known else 0 for part in parsed.random]
    return parsed.random[int(np.argmax(sizes))]


def _is_between(prepared: Prepared, name: str) -> bool:
    """Whether a factor is the same in all rows of a participant, as the arm is."""
    return bool((prepared.data.groupby("participant")[name].nunique() <= 1).all())


def prepared_notes(prepared: Prepared) -> list[str]:
    """What was left out of rows and columns."""
    notes = []
    rows, used = len(prepared.ids), int(prepared.observed.sum())
    if used < rows:
        notes.append(
            f"{used} of {fmt.count(rows, 'row')} in the data were analysed; the ledger says what the others lack."
        )
    if prepared.design.aliased_names and not prepared.design.constraint:
        notes.append(
            "Not in the model, because the columns before them say the same (or nobody is in that cell): "
            f"{', '.join(prepared.design.aliased_names)}."
        )
    return notes


def _model(prepared: Prepared, parsed: MixedFormula, finest: RandomPart) -> tuple[EffectsModel, Words]:
    effects, back, terms = [], [], []
    for part in parsed.random:
        codes = _codes(prepared.data, part.group)
        z, names = _effect_columns(prepared, part)
        scaled, own = _whiten(z, names, part)
        effects.append(Effects(scaled, codes, part.correlated or len(names) == 1))
        back.append(own)
        terms.append((part.label, names))
    blocks = connected([effect.codes for effect in effects])
    people = _codes(prepared.data, finest.group)
    model = EffectsModel(prepared.x, tuple(effects), tuple(back), blocks, people)
    return model, Words(parsed.text, parsed.outcome, finest.label, terms=tuple(terms))


def _far_from_zero(model: EffectsModel, words: Words) -> list[str]:
    """Uncorrelated intercepts and slopes depend on where time is zero; far away they hardly mean anything."""
    notes = []
    for effect, (group, names) in zip(model.effects, words.terms, strict=True):
        far = [
            name
            for name, column in zip(names, effect.z.T, strict=True)
            if 0 < np.std(column) < _NEAR * abs(np.mean(column))
        ]
        if far and not effect.correlated and "Intercept" in names:
            notes.append(
                f"{fmt.words(far)} by {group} lies far from zero compared with its spread, and an uncorrelated "
                "intercept is a person's value at zero: count from the first visit, or use | instead of ||."
            )
    return notes


def _codes(frame: pd.DataFrame, group: Sequence[str]) -> IntArray:
    """Levels of a grouping, from 0, in the order of the data."""
    parts = [labels(frame[f" {name}"]) for name in group]
    return np.asarray(pd.factorize(pd.Series(list(zip(*parts, strict=True))))[0], dtype=np.intp)


def _effect_columns(prepared: Prepared, part: RandomPart) -> tuple[FloatArray, tuple[str, ...]]:
    """Columns of ``Z``."""
    from kbstudy.models.mixed.design import _materialise

    matrix = _materialise(prepared.data.drop(columns=["participant", "outcome", "row"]), part.effects)
    return np.asarray(matrix, dtype="float64"), tuple(str(name) for name in matrix.columns)


def _whiten(z: FloatArray, names: Sequence[str], part: RandomPart) -> tuple[FloatArray, FloatArray]:
    """Columns with ``Z'Z/N = I`` (uncorrelated effects: with mean square one), and the way back."""
    size = np.sqrt(np.mean(z**2, axis=0))
    zero = [name for name, value in zip(names, size, strict=True) if value == 0]
    do = "Leave the effect out."
    problems = [Problem(f"the random effect of {n} by {part.label} is zero in every row", do=do) for n in zero]
    Problems(problems).raise_as(FitError)
    if not part.correlated:
        return z / size, np.diag(1.0 / size)
    triangle = np.linalg.qr(z / size, mode="r") / np.sqrt(len(z))
    if np.abs(np.diag(triangle)).min() < 1e-9:
        what = f"the random effects {', '.join(names)} by {part.label} say the same (their columns are collinear)"
        raise FitError(Problem(what, do="Leave out one of them."))
    inverted = np.linalg.inv(triangle)
    return (z / size) @ inverted, inverted / size[:, None]


def _check_rows(model: EffectsModel, prepared: Prepared, words: Words) -> None:
    problems = Problems()
    for effect, (group, _) in zip(model.effects, words.terms, strict=True):
        levels, counts = np.unique(effect.codes[prepared.observed], return_counts=True)
        if len(levels) < 2:
            what = f"there is only one level of {group}, so its variance cannot be estimated"
            problems.add(Problem(what, do=f'Leave out "( | {group})", or use a model without random effects.'))
        elif counts.max() == 1:
            what = f"every level of {group} has a single row: its effects cannot be told from the residual"
            problems.add(Problem(what, do="A random effect needs repeated values; without them use kbstudy.ancova."))
    block = int(np.bincount(model.blocks).max())
    if not model.has_one_grouping and block > _LARGEST_BLOCK:
        what = f"{block} rows hang together through crossed groupings"
        do = f"Crossed random effects are offered up to {_LARGEST_BLOCK} rows: this is a tool for trials."
        problems.add(Problem(what, do=do))
    problems.raise_as(FitError)
