"""A mixed model that statsmodels fitted, with the standard errors and degrees of freedom that it lacks.

statsmodels' model is read as one of ours (the same design, the same random effects), its estimates are moved to the
optimum by Newton's method, and what could not be read, or was not an optimum, is refused with the reason.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from typing import Any, Final, NoReturn

import numpy as np
import numpy.typing as npt
import pandas as pd

from kbstudy.errors import FitError, PlanError, Problem, Problems, StudyError
from kbstudy.estimates import Estimates
from kbstudy.models._frames import labels
from kbstudy.models.mixed.building import Prepared, _check_not_exact, checked_df_method, people_ledger
from kbstudy.models.mixed.design import DesignSpec, build_design, tidy_columns
from kbstudy.models.mixed.fit import MixedFit, Words
from kbstudy.models.mixed.formula import RandomPart
from kbstudy.models.mixed.identification import check_converged, check_identified
from kbstudy.models.mixed.inference import DfMethod
from kbstudy.models.mixed.lmm import _check_rows, _is_between, _whiten
from kbstudy.models.mixed.model import EffectsModel, Solved, connected
from kbstudy.models.mixed.moments import FloatArray, IntArray
from kbstudy.models.mixed.optimise import Optimum, minimise
from kbstudy.models.mixed.reduction import Effects, scale

__all__ = ["ColumnsFit", "from_statsmodels"]

#: Log-likelihood that statsmodels may have left; what is less is made up here, what is more is no fit.
_LARGEST_GAP: Final = 1e-3
#: Share of a variance below which a negative one, or a covariance that is held at zero, is rounding.
_ROUNDING: Final = 1e-8
#: Columns of two designs are the same if they differ by no more than this share of their size.
_SAME_COLUMN: Final = 1e-9


def from_statsmodels(result: Any, *, df_method: DfMethod = "kenward_roger") -> MixedFit:
    """Standard errors, degrees of freedom, tests and contrasts for a mixed model that statsmodels fitted.

    Parameters
    ----------
    result
        What ``statsmodels.formula.api.mixedlm(...).fit()`` or ``MixedLM(endog, exog, groups, ...).fit()`` returned:
        random intercepts and slopes, independent ones (``free=``), nested and crossed variance components
        (``vc_formula=``), REML or ML.
    df_method
        As for :func:`kbstudy.lmm`.

    Returns
    -------
    MixedFit
        At the optimum; ``.notes`` say how far from it statsmodels had stopped. Fixed effects have statsmodels' names
        and order. Contrasts in words (``.means("arm")``) need the model's formula; for a model made of arrays, or where
        the formula cannot be rebuilt to the same columns, the result is a :class:`ColumnsFit`, which offers
        ``.coefficients``, ``.test_rows`` and ``.combine``.

    Raises
    ------
    PlanError
        ``result`` is something else; an unknown ``df_method``.
    FitError
        statsmodels did not converge, or says that it did and is more than 0.001 below the highest log-likelihood; a
        penalty, parameters held at a value, a negative variance, a variance component whose rows load on several
        effects.

    When not to use
    ---------------
    For a new analysis: :func:`kbstudy.lmm` fits the same models without the detour, with a ledger of the rows left out.

    Notes
    -----
    statsmodels' ``bse_fe`` inverts the joint Hessian of fixed effects and variances, which differs from
    ``(X'V⁻¹X)⁻¹`` in unbalanced data, and its tests are z tests. Here the covariance is computed anew, and degrees of
    freedom are Kenward and Roger's or Satterthwaite's.

    References
    ----------
    Lindstrom & Bates 1988, doi:10.1080/01621459.1988.10478693; Kenward & Roger 1997, doi:10.2307/2533558;
    Fai & Cornelius 1996, doi:10.1080/00949659608811740

    Validated against
    -----------------
    :func:`kbstudy.lmm` on the same data, itself checked against lme4, lmerTest and pbkrtest
    (``tests/models/mixed/test_statsmodels_adapter.py``).

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> import statsmodels.formula.api as smf
    >>> rng = np.random.default_rng(1)
    >>> people = pd.DataFrame({"id": range(20), "arm": ["Usual care", "Kettlebell"] * 10, "own": rng.normal(0, 2, 20)})
    >>> trial = people.merge(pd.DataFrame({"week": [0, 4, 8]}), how="cross")
    >>> trial["pain"] = 6 + trial["own"] - 0.2 * trial["week"] * (trial["arm"] == "Kettlebell") + rng.normal(0, 1, 60)
    >>> result = smf.mixedlm("pain ~ arm * week", trial, groups="id").fit(method="bfgs", gtol=1e-4)
    >>> fit = from_statsmodels(result)
    >>> row = fit.coefficients.frame.set_index("term").loc["arm[T.Usual care]:week"]
    >>> print(f"{row['estimate']:.2f} ({row['low']:.2f} to {row['high']:.2f}), df {row['df']:.0f}")
    0.27 (0.11 to 0.42), df 38
    """
    source = _unwrapped(result)
    method, said = checked_df_method(df_method, bool(source.reml))
    parts = _parts(source)
    refit = _refit(source, parts)
    _check_converged_there(source, refit)
    prepared, reason = _prepared(source, parts)
    model, words = _model(source, parts, prepared)
    _check_rows(model, prepared, words)
    _check_not_exact(model.x, source.model.endog, words.outcome)
    solved, note = _solved(source, parts, model, words, refit)
    notes = (*said, note, *([f"Contrasts in words are not offered: {reason}."] if reason else []))
    arm = next((name for name in prepared.design.factors if _is_between(prepared, name)), None)
    ledger = people_ledger(prepared, words.outcome, arm)
    content = (model, solved, prepared.design, prepared.data, replace(words, notes=notes), method, ledger)
    return ColumnsFit(*content, reason=reason) if reason else MixedFit(*content)


@dataclass(frozen=True, repr=False)
class ColumnsFit(MixedFit):
    """A fit that knows the columns of its design but not how they follow from factors and numbers.

    Everything that needs only columns works as in :class:`~kbstudy.models.mixed.fit.MixedFit`; what is asked for in
    words of the design raises a :class:`~kbstudy.errors.PlanError` that says why.

    Parameters
    ----------
    reason
        Why the design is not known.
    """

    reason: str = ""

    def _refuse(self, what: str) -> NoReturn:
        do = (
            "Use fit.combine({name: weights}) and fit.test_rows(weights), with one weight for each of "
            f"{', '.join(self.design.names)}; or fit the model with kbstudy.lmm."
        )
        raise PlanError(Problem(f"{what} need the formula of the design: {self.reason}", do=do))

    @property
    def terms(self) -> tuple[str, ...]:
        """The columns, because terms are not known."""
        return tuple(name for name in self.design.names if name not in ("Intercept", "const"))

    def means(self, *args: Any, **kwargs: Any) -> Estimates:  # noqa: ARG002
        """Not offered."""
        self._refuse("adjusted means")

    def contrasts(self, *args: Any, **kwargs: Any) -> Estimates:  # noqa: ARG002
        """Not offered; see :meth:`combine`."""
        self._refuse("differences between adjusted means")

    def change_from(self, *args: Any, **kwargs: Any) -> Estimates:  # noqa: ARG002
        """Not offered; see :meth:`combine`."""
        self._refuse("changes of adjusted means")

    def test(self, term: str) -> Estimates:
        """Not offered; see :meth:`test_rows`."""
        self._refuse(f'tests of terms ("{term}")')

    def _design_of(self, data: pd.DataFrame) -> FloatArray:  # noqa: ARG002
        self._refuse("predictions for other rows")


# ---- what can be read --------------------------------------------------------------------------------------------


def _unwrapped(result: Any) -> Any:
    """The result of statsmodels without its wrapper, if it has everything that is needed."""
    from statsmodels.regression.mixed_linear_model import MixedLMResults

    source = getattr(result, "_results", result)
    if not isinstance(source, MixedLMResults):
        do = "Give what statsmodels' mixedlm(...).fit() returned; for data use kbstudy.lmm."
        raise PlanError(Problem(f"result is a {type(source).__name__}, not a mixed model of statsmodels", do=do))
    Problems(list(_unusable(source))).raise_as(FitError)
    return source


def _unusable(source: Any) -> Iterable[Problem]:
    """What stands in the way before anything is computed."""
    model = source.model
    if not hasattr(source, "freepat"):
        what = "the fixed effects were shrunk by a penalty (fit_regularized): they have no known standard errors"
        yield Problem(what, do="Use .fit() without a penalty.")
    elif source.cov_pen is not None or model.fe_pen is not None:
        what = "the model was fitted with a penalty: its estimates do not maximise a likelihood"
        yield Problem(what, do="Use .fit() without fe_pen and cov_pen.")
    if model.exog is None or model.endog is None:
        yield Problem("the result was saved without its data", do="Save it with remove_data=False, or fit it again.")
        return
    arrays = {name: getattr(model, name) for name in ("endog", "exog", "exog_re")}
    holes = [name for name, values in arrays.items() if values is not None and not np.isfinite(values).all()]
    for name in holes:
        what = f"{name} holds missing or infinite values, with which statsmodels computes all the same"
        yield Problem(what, do='Leave these rows out of the data, or with a formula say missing="drop".')
    if not holes and (rank := _rank(model.exog)) < model.exog.shape[1]:
        what = f"{model.exog.shape[1]} fixed effects have only {rank} independent columns"
        yield Problem(what, do="Leave out columns that follow from others.")


def _rank(x: FloatArray) -> int:
    """Independent columns, whatever their units."""
    size = np.abs(x).max(axis=0)
    return int(np.linalg.matrix_rank(x / np.where(size > 0, size, 1.0)))


def _frame(source: Any) -> pd.DataFrame | None:
    """The data behind a formula, row for row those of the model; None for a model made of arrays."""
    frame = getattr(source.model.data, "frame", None)
    if not isinstance(frame, pd.DataFrame) or not isinstance(getattr(source.model, "formula", None), str):
        return None
    if len(frame) != source.model.nobs or not frame.columns.is_unique:
        return None
    return frame.reset_index(drop=True)


# ---- random effects ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Grouping:
    """Which level each row belongs to.

    Parameters
    ----------
    label
        What the grouping is called.
    codes, levels
        ``(N,)``: the level of each row as a number from 0 and in words.
    columns
        The columns of the data that make it, empty where they are not known.
    """

    label: str
    codes: IntArray
    levels: tuple[str, ...]
    columns: tuple[str, ...]


@dataclass(frozen=True)
class _Part:
    """Random effects that statsmodels estimated.

    Parameters
    ----------
    z, names
        ``(N, q)`` and what each column is called.
    grouping
        Whose effects they are.
    estimate
        ``(q, q)``: their covariance.
    written
        The left side of ``( | )`` in a formula, empty where it is not known.
    """

    z: FloatArray
    names: tuple[str, ...]
    grouping: _Grouping
    estimate: FloatArray
    written: str

    @property
    def text(self) -> str:
        """``(1 + week | id)``, empty where it is not known."""
        group = ":".join(self.grouping.columns)
        return f"({self.written} | {group})" if group and self.written else ""


def _parts(source: Any) -> list[_Part]:
    frame, groups = _frame(source), _groups(source)
    parts = [_correlated(source, groups, block) for block in _blocks(source)]
    parts += [_component(source, groups, frame, k) for k in range(len(source.model.exog_vc.names))]
    do = "Fit it again with use_sqrt=True, or with kbstudy.lmm, where a variance is at least zero."
    Problems(
        [
            Problem(f"statsmodels estimated a negative variance of {', '.join(p.names)} by {p.grouping.label}", do=do)
            for p in parts
            if np.linalg.eigvalsh(p.estimate)[0] < -_ROUNDING * np.abs(p.estimate).max()
        ]
    ).raise_as(FitError)
    return parts


def _groups(source: Any) -> _Grouping:
    """The groups of the model."""
    codes = np.empty(source.model.nobs, dtype=np.intp)
    for code, group in enumerate(source.model.group_labels):
        codes[source.model.row_indices[group]] = code
    texts = labels(source.model.group_labels)
    levels = tuple(texts[codes])
    name = _column_with(_frame(source), levels) or _name_of_groups(source)
    return _Grouping(name or "group", codes, levels, (name,) if name else ())


def _column_with(frame: pd.DataFrame | None, levels: Sequence[str]) -> str:
    """The column of the data that holds these labels; empty if there is none."""
    count = len(set(levels))
    for name in () if frame is None else frame.columns:
        if frame[name].nunique() == count and tuple(labels(frame[name])) == tuple(levels):  # type: ignore[index]
            return str(name)
    return ""


def _name_of_groups(source: Any) -> str:
    """Where a formula gave the groups by name: statsmodels calls the random intercept so."""
    if _frame(source) is None or not source.model.k_re:
        return ""
    constant = np.flatnonzero((source.model.exog_re == 1.0).all(axis=0))
    names = [str(source.model.data.exog_re_names[i]) for i in constant]
    return names[0] if names and names[0] not in ("Group", "Group Var") else ""


def _blocks(source: Any) -> list[IntArray]:
    """Which random effects are correlated with which: all, or what ``free=`` left."""
    size, free = source.model.k_re, source.freepat
    if free is None:
        return [np.arange(size)] if size else []
    pattern = np.asarray(free.cov_re) != 0
    block = np.unique(pattern, axis=0, return_inverse=True)[1].reshape(-1)
    together = block[:, None] == block
    do = "Fit it without free=, or with free= whose cov_re is the identity for independent random effects."
    if not (np.array_equal(pattern, together) and np.all(free.vcomp) and np.all(free.fe_params)):
        what = "parameters were held at a value (free=), other than covariances of random effects"
        raise FitError(Problem(what, do=do))
    sizes = np.sqrt(np.outer(np.diag(source.cov_re), np.diag(source.cov_re)))
    if np.any(~together & (np.abs(source.cov_re) > _ROUNDING * sizes)):
        what = "free= asked for covariances of random effects that are held, and the result has some that are not zero"
        also = "Of statsmodels' optimisers bfgs, lbfgs and cg respect free=, and only from a start at zero."
        raise FitError(Problem(what, do=f"{do} {also}"))
    return [np.flatnonzero(block == i) for i in dict.fromkeys(block.tolist())]


def _correlated(source: Any, groups: _Grouping, block: IntArray) -> _Part:
    """Random intercepts and slopes by group."""
    z = np.asarray(source.model.exog_re, dtype="float64")[:, block]
    given = [str(source.model.data.exog_re_names[i]) for i in block]
    is_one = (z == 1.0).all(axis=0)
    names = tuple("Intercept" if one else name for one, name in zip(is_one, given, strict=True))
    slopes = [name for name in names if name != "Intercept"]
    written = " + ".join(["1" if is_one.any() else "0", *slopes])
    estimate = np.asarray(source.cov_re, dtype="float64")[np.ix_(block, block)]
    # The name of a column made of a category is no formula.
    return _Part(z, names, groups, estimate, "" if any("[" in name for name in slopes) else written)


def _component(source: Any, groups: _Grouping, frame: pd.DataFrame | None, k: int) -> _Part:
    """One variance component: rows of a group that load on the same column share an effect."""
    spec, model = source.model.exog_vc, source.model
    z, column = np.zeros(model.nobs), np.zeros(model.nobs, dtype=np.intp)
    inside = np.empty(model.nobs, dtype="object")
    for i, group in enumerate(model.group_labels):
        rows = model.row_indices[group]
        z[rows], column[rows] = _loadings(spec.mats[k][i], str(spec.names[k]))
        inside[rows] = [_level(spec.colnames, k, i, c) for c in column[rows]]
    codes = pd.factorize(groups.codes * (int(column.max()) + 1) + column)[0].astype(np.intp)
    grouping = _nested(groups, codes, tuple(inside), frame, str(spec.names[k]))
    name = "Intercept" if (z == 1.0).all() else _column_of_numbers(frame, z)
    written = "1" if name == "Intercept" else f"0 + {name}" if name else ""
    estimate = np.array([[float(source.vcomp[k])]])
    return _Part(z[:, None], (name or str(spec.names[k]),), grouping, estimate, written)


def _loadings(matrix: Any, name: str) -> tuple[FloatArray, IntArray]:
    """The one column that each row loads on, and how much."""
    dense = np.asarray(matrix.toarray() if hasattr(matrix, "toarray") else matrix, dtype="float64")
    if (np.count_nonzero(dense, axis=1) > 1).any():
        what = f'rows of the variance component "{name}" load on several effects that share one variance'
        do = (
            'Write "0 + C(clinic)" (without the 0 there is an intercept beside the levels), and one component for each '
            "effect: effects in different units cannot share a variance."
        )
        raise FitError(Problem(what, do=do))
    column = np.argmax(dense != 0, axis=1) if dense.shape[1] else np.zeros(len(dense), dtype=np.intp)
    padded = dense if dense.shape[1] else np.zeros((len(dense), 1))
    return padded[np.arange(len(dense)), column], column


def _level(names: Any, k: int, group: int, column: int) -> str:
    """``a`` of ``C(cask)[a]`` or of ``C(cask)[a]:week``."""
    try:
        name = str(names[k][group][column])
    except (IndexError, KeyError, TypeError):  # a model made of arrays may come without names
        return str(column)
    return ":".join(re.findall(r"\[(?:T\.)?([^\]]*)\]", name)) or name


def _nested(
    groups: _Grouping, codes: IntArray, inside: tuple[str, ...], frame: pd.DataFrame | None, name: str
) -> _Grouping:
    """The grouping of a component: the groups themselves, a column of the data, or a column within groups."""
    if _same_partition(codes, groups.codes):
        return groups
    column, within = _column_with(frame, tuple(labels(_as_given(inside)))), pd.factorize(pd.Series(inside))[0]
    if column and _same_partition(codes, within):
        return _Grouping(column, codes, inside, (column,))
    joined = tuple(f"{group}:{level}" for group, level in zip(groups.levels, inside, strict=True))
    known = groups.columns and column and _same_partition(codes, pd.factorize(pd.Series(joined))[0])
    columns = (*groups.columns, column) if known else ()
    return _Grouping(":".join(columns) or name, codes, joined, columns)


def _as_given(levels: Iterable[str]) -> list[Any]:
    """Numbers in the name of a column are labels as in the data: ``1.0`` is ``1``."""
    return [level[:-2] if re.fullmatch(r"-?\d+\.0", level) else level for level in levels]


def _same_partition(one: npt.NDArray[Any], other: npt.NDArray[Any]) -> bool:
    return np.array_equal(pd.factorize(one)[0], pd.factorize(other)[0])


def _column_of_numbers(frame: pd.DataFrame | None, values: FloatArray) -> str:
    """The numeric column of the data that holds these values; empty if there is none."""
    numeric = pd.DataFrame() if frame is None else frame.select_dtypes("number")
    return next((str(name) for name in numeric if np.array_equal(numeric[name].to_numpy(), values)), "")


# ---- the same model in our terms ---------------------------------------------------------------------------------


def _prepared(source: Any, parts: Sequence[_Part]) -> tuple[Prepared, str]:
    """The rows and the design; and, if the design is known by its columns only, why."""
    rows = pd.DataFrame({"outcome": np.asarray(source.model.endog, dtype="float64")})
    rows["participant"], rows["row"] = list(_finest(parts).levels), np.arange(len(rows))
    for part in parts:
        rows[f"level of {part.grouping.label}"] = list(part.grouping.levels)
    x = np.asarray(source.model.exog, dtype="float64")
    explained, design, reason = _design(source, x)
    data = pd.concat([explained, rows[[name for name in rows if name not in explained]]], axis=1)
    return Prepared(data, x, design, {}, tuple(rows["participant"])), reason


def _finest(parts: Sequence[_Part]) -> _Grouping:
    """The grouping with the most levels: its levels are called participants."""
    return max((part.grouping for part in parts), key=lambda grouping: int(grouping.codes.max()))


def _design(source: Any, x: FloatArray) -> tuple[pd.DataFrame, DesignSpec, str]:
    """The formula's columns of the data and the design, rebuilt if that gives the same columns."""
    names, frame = tuple(str(name) for name in source.model.exog_names), _frame(source)
    if frame is None:
        return _columns_only(names, len(x), "the model was made of arrays, without a formula")
    right = source.model.formula.split("~", 1)[-1].strip()
    try:
        explained = tidy_columns(frame, right)
        rebuilt, spec = build_design(explained, right, np.ones(len(x), dtype="bool"))
    except StudyError as error:
        return _columns_only(names, len(x), f"the formula could not be rebuilt ({error.problems[0]})")
    order = _positions(rebuilt, x)
    if order is None:
        return _columns_only(names, len(x), f'"{right}" gives other columns here than in statsmodels')
    for name, levels in spec.factors.items():
        explained[name] = explained[name].cat.set_categories(list(levels))
    # statsmodels' order of the columns, so that weights of the user's own mean what they meant there.
    return explained, replace(spec, names=names, kept=spec.kept[order], combination=spec.combination[order]), ""


def _columns_only(names: tuple[str, ...], rows: int, reason: str) -> tuple[pd.DataFrame, DesignSpec, str]:
    none = np.zeros((len(names), 0))
    design = DesignSpec("", names, {}, {}, np.arange(len(names)), np.arange(0), none, names, None)
    return pd.DataFrame(index=range(rows)), design, reason


def _positions(rebuilt: FloatArray, x: FloatArray) -> IntArray | None:
    """For each column of ``x`` the rebuilt column that equals it, or None if the two do not hold the same columns."""
    if rebuilt.shape != x.shape:
        return None
    gaps = np.array([np.abs(rebuilt - column[:, None]).max(axis=0) for column in x.T])
    same = gaps <= _SAME_COLUMN * np.abs(x).max(axis=0)[:, None]
    return np.argmax(same, axis=1) if (same.sum(axis=1) == 1).all() and same.any(axis=0).all() else None


def _model(source: Any, parts: Sequence[_Part], prepared: Prepared) -> tuple[EffectsModel, Words]:
    effects, back = [], []
    for part in parts:
        z, own = _whiten(part.z, part.names, RandomPart("", (part.grouping.label,)))
        effects.append(Effects(z, part.grouping.codes, correlated=True))
        back.append(own)
    blocks = connected([effect.codes for effect in effects])
    finest = _finest(parts)
    model = EffectsModel(prepared.x, tuple(effects), tuple(back), blocks, finest.codes)
    formula = getattr(source.model, "formula", None) or "a model made of arrays"
    terms = tuple((part.grouping.label, part.names) for part in parts)
    return model, Words(str(formula), str(source.model.endog_names), finest.label, terms=terms)


# ---- to the optimum ----------------------------------------------------------------------------------------------


def _solved(source: Any, parts: Sequence[_Part], model: EffectsModel, words: Words, refit: str) -> tuple[Solved, str]:
    """The optimum, and how far from it statsmodels was."""
    reml, observed = bool(source.reml), np.ones((1, len(model.x)), dtype="bool")
    columns, scaling = scale(model.x, np.asarray(source.model.endog, dtype="float64")[None], observed)
    bundles, covariance = model.reduce(columns, observed)
    start = _theta(source, parts, model, float(scaling.spread[0]))
    there = minimise(covariance, bundles, start, reml=reml, most_iterations=0)
    # A second start of our own: what statsmodels reached may be the lower of two hills.
    reached = [minimise(covariance, bundles, begin, reml=reml) for begin in (start, model.begin(columns, observed))]
    solved = Solved(tuple(bundles), covariance, _best(reached), scaling, reml)
    check_identified(solved, words)
    check_converged(solved, words)
    theirs = float(scaling.log_likelihood(there.value.deviance, reml=reml)[0])
    _check_same_likelihood(source, theirs)
    gap = float(solved.log_likelihood[0]) - theirs
    _check_optimum(gap, refit)
    return solved, _note(source, gap, float(there.decrement[0]))


def _best(reached: Sequence[Optimum]) -> Optimum:
    """The lowest deviance among what converged; the first where they agree."""
    usable = [optimum for optimum in reached if optimum.converged[0]] or list(reached)
    lowest = min(float(optimum.value.deviance[0]) for optimum in usable)
    return next((o for o in usable if o.value.deviance[0] <= lowest + _ROUNDING), usable[0])


def _theta(source: Any, parts: Sequence[_Part], model: EffectsModel, spread: float) -> FloatArray:
    """The estimates of statsmodels as parameters of our optimiser: ``(1, k)``."""
    found: list[FloatArray] = []
    for part, effect, own in zip(parts, model.effects, model.back, strict=True):
        forth = np.linalg.inv(own) / spread
        found.append(_root(forth @ part.estimate @ forth.T)[effect.term.entries])
    return np.concatenate([*found, [0.5 * np.log(source.scale / spread**2)]])[None]


def _root(matrix: FloatArray) -> FloatArray:
    """Symmetric ``L`` with ``LL' = D``, also where D has zero eigenvalues."""
    values, vectors = np.linalg.eigh(matrix)
    return np.asarray((vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T)


def _note(source: Any, gap: float, decrement: float) -> str:
    return (
        f"Fitted by statsmodels {version('statsmodels')} ({source.method}) to {int(source.model.nobs)} rows; rows that "
        f"it left out are not in the ledger. Its log-likelihood was {max(gap, 0.0):.1g} below the highest (Newton "
        f"decrement {decrement:.1g}); everything here is computed at the highest."
    )


# ---- refusals ----------------------------------------------------------------------------------------------------


def _refit(source: Any, parts: Sequence[_Part]) -> str:
    """How to fit the same model here."""
    texts, reml = [part.text for part in parts], "" if source.reml else ", reml=False"
    if _frame(source) is None or not all(texts):
        return f'Fit it with kbstudy.lmm(data, "y ~ ... + (1 | group)"{reml}), which finds the optimum.'
    formula = " + ".join([source.model.formula.strip(), *texts])
    return f'Fit it with kbstudy.lmm(data, "{formula}"{reml}), which finds the optimum.'


def _check_converged_there(source: Any, refit: str) -> None:
    if source.converged:
        return
    what = (
        "statsmodels did not converge (result.converged is False): where it stopped, the variances are not the "
        "estimates, and standard errors and degrees of freedom that rest on them mean nothing"
    )
    raise FitError(Problem(what, do=refit))


def _check_same_likelihood(source: Any, ours: float) -> None:
    """At the same estimates both must have the same log-likelihood: the model was read as it was meant."""
    theirs = _log_likelihood(source)
    if np.isfinite(theirs) and not abs(ours - theirs) <= _LARGEST_GAP:
        what = (
            f"at statsmodels' estimates its log-likelihood is {theirs:.4f} and that of the model read from the result "
            f"{ours:.4f}: the result holds something that is not known here"
        )
        raise FitError(Problem(what, do="Fit the model with kbstudy.lmm."))


def _log_likelihood(source: Any) -> float:
    """As statsmodels has it, on a copy: its model remembers only the likelihood of the last fit."""
    model = copy.copy(source.model)
    model.reml, model.cov_pen, model.fe_pen = source.reml, None, None
    try:
        with np.errstate(all="ignore"):
            return float(model.loglike(source.params_object, profile_fe=False))
    except np.linalg.LinAlgError:  # it inverts the covariance of the random effects, which may be singular
        return np.nan


def _check_optimum(gap: float, refit: str) -> None:
    if gap <= _LARGEST_GAP:
        return
    what = (
        f"statsmodels says that it converged, but its log-likelihood is {gap:.3g} below the highest: it stopped before "
        "the optimum, so its estimates are not those of the model"
    )
    raise FitError(Problem(what, do=refit))
