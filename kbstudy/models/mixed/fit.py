"""A fitted mixed model: what a paper reports of it, and what a reviewer asks."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from kbstudy import formatting as fmt
from kbstudy.errors import FitError, PlanError, Problem
from kbstudy.estimates import Estimates
from kbstudy.ledger import Ledger
from kbstudy.models import _citations as cite
from kbstudy.models.mixed import contrasts
from kbstudy.models.mixed.contrasts import Combinations, Pairs
from kbstudy.models.mixed.covariance import RandomEffects, RepeatedMeasures
from kbstudy.models.mixed.design import DesignSpec
from kbstudy.models.mixed.inference import DF_METHODS, DfMethod, Inference
from kbstudy.models.mixed.model import EffectsModel, Model, Solved, VisitsModel
from kbstudy.models.mixed.moments import FloatArray

if TYPE_CHECKING:
    from kbstudy.models.mixed.bootstrap import Bootstrap
    from kbstudy.models.mixed.checks import Checks

__all__ = ["Convergence", "MixedFit", "Words"]


class Matrices(dict[str, pd.DataFrame]):
    """Matrices by name; where there is only one, numpy takes it as that matrix."""

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> npt.NDArray[Any]:
        if len(self) != 1:
            raise ValueError(f"{len(self)} matrices ({', '.join(self)}): choose one by its name")
        return np.array(next(iter(self.values())), dtype=dtype, copy=True if copy is None else copy)


@dataclass(frozen=True)
class Convergence:
    """How the fit was found, and how sure it is that this is the optimum.

    Parameters
    ----------
    converged
        Whether the last step promised nothing more, at a point that is not a saddle.
    method
        The optimiser.
    iterations
        Steps taken.
    newton_decrement
        Half the squared length of the last step in the metric of the Hessian: what −2 log-likelihood could still lose.
    smallest_eigenvalue
        Of the Hessian of −2 log-likelihood in the optimiser's parameters; zero where a variance is zero.
    """

    converged: bool
    method: str
    iterations: int
    newton_decrement: float
    smallest_eigenvalue: float


@dataclass(frozen=True)
class Words:
    """What things are called.

    Parameters
    ----------
    formula, outcome, participant, visit
        As asked for; ``visit`` is empty where the model has none.
    visits, groups
        Labels of the visits and of the groups with a covariance of their own.
    terms
        For each random part its grouping and the names of its effects.
    covariance
        The covariance structure in words.
    notes
        What belongs under every table.
    """

    formula: str
    outcome: str
    participant: str
    visit: str = ""
    visits: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    terms: tuple[tuple[str, tuple[str, ...]], ...] = ()
    covariance: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, repr=False)
class MixedFit:
    """A linear mixed model or a mixed model for repeated measures, fitted.

    Made by :func:`kbstudy.lmm` and :func:`kbstudy.mmrm`. Everything below is computed from the same solution when it is
    asked for; nothing is fitted again unless the method says so.

    Parameters
    ----------
    model, solved
        The numerical model and its solution.
    design
        How a row of data becomes a row of the design: every contrast is rebuilt from it.
    data
        The rows in the model, in the order of the data: the columns of the formula, ``participant``, ``outcome`` (NaN
        where it was not observed), and ``row``, the position in the data that were given.
    words
        Names.
    df_method
        How degrees of freedom are found; printed with every table.
    ledger
        Who is in, who is out, and why.
    """

    model: Model
    solved: Solved
    design: DesignSpec
    data: pd.DataFrame
    words: Words
    df_method: DfMethod
    ledger: Ledger
    stamp: str = field(default="", repr=False)

    # ---- the fit -------------------------------------------------------------------------------------------------

    @property
    def reml(self) -> bool:
        """Whether the likelihood is restricted."""
        return self.solved.reml

    @property
    def x(self) -> FloatArray:
        """The design of the analysed rows, ``(n, p)``."""
        return np.asarray(self.model.x[self.observed])

    @property
    def y(self) -> FloatArray:
        """The analysed outcomes, ``(n,)``."""
        return np.asarray(self.data["outcome"].to_numpy()[self.observed])

    @property
    def observed(self) -> npt.NDArray[np.bool_]:
        """Which rows of :attr:`data` have an outcome."""
        return np.asarray(self.data["outcome"].notna())

    @property
    def log_likelihood(self) -> float:
        """Log-likelihood, restricted under REML, with the constants of lme4, nlme and SAS."""
        return float(self.solved.log_likelihood[0])

    @property
    def parameters(self) -> int:
        """Covariance parameters."""
        return int(self.solved.optimum.theta.shape[1])

    @property
    def aic(self) -> float:
        """Akaike's criterion: covariance parameters under REML (as SAS and mmrm count), all parameters under ML."""
        return 2.0 * (self.parameters + (0 if self.reml else len(self.design.names))) - 2.0 * self.log_likelihood

    @cached_property
    def inference(self) -> Inference:
        """Standard errors and degrees of freedom."""
        return Inference(self.solved, self.df_method)

    @property
    def vcov(self) -> pd.DataFrame:
        """Covariance of the fixed effects: with Kenward–Roger the adjusted one."""
        names = list(self.design.names)
        return pd.DataFrame(self.inference.vcov, names, names)

    @property
    def convergence(self) -> Convergence:
        """How the fit was found."""
        optimum = self.solved.optimum
        return Convergence(
            bool(optimum.converged[0]),
            "Newton with exact Hessian",
            int(optimum.iterations[0]),
            float(optimum.decrement[0]),
            float(optimum.curvature[0, 0]),
        )

    # ---- variances -----------------------------------------------------------------------------------------------

    @property
    def _spread(self) -> float:
        return float(self.solved.scaling.spread[0])

    @property
    def residual_variance(self) -> float | pd.Series:
        """Residual variance; for a model of visits one a visit (and a column a group)."""
        if isinstance(self.solved.covariance, RandomEffects):
            return self._spread**2 * float(np.exp(2.0 * self.solved.optimum.theta[0, -1]))
        found = self.covariance
        if isinstance(found, dict):
            return pd.DataFrame({group: np.diag(matrix) for group, matrix in found.items()}, list(self.words.visits))
        return pd.Series(np.diag(found), list(self.words.visits), name="variance")

    @property
    def covariance(self) -> pd.DataFrame | dict[str, pd.DataFrame]:
        """Residual covariance: visits by visits, one a group where groups have their own; 1 × 1 with random effects."""
        if isinstance(self.solved.covariance, RandomEffects):
            return pd.DataFrame([[self.residual_variance]], ["residual"], ["residual"])
        assert isinstance(self.solved.covariance, RepeatedMeasures)
        matrices = self._spread**2 * self.solved.covariance.matrices(self.solved.optimum.theta)[0]
        visits = list(self.words.visits)
        frames = [pd.DataFrame(matrix, visits, visits) for matrix in matrices]
        return dict(zip(self.words.groups, frames, strict=True)) if self.words.groups else frames[0]

    @property
    def random_effects_covariance(self) -> Matrices:
        """For each grouping the covariance matrix of its random effects; uncorrelated ones have zeros."""
        found = Matrices()
        if not isinstance(self.solved.covariance, RandomEffects):
            return found
        for (group, names), d in zip(self.words.terms, self._effect_matrices(), strict=True):
            frame = pd.DataFrame(self._spread**2 * d, list(names), list(names))
            if group in found:
                frame = pd.concat([found[group], frame]).fillna(0.0)
            found[group] = frame
        return found

    def _effect_matrices(self) -> list[FloatArray]:
        """``D`` of each term in the units of its columns and of the scaled outcome."""
        assert isinstance(self.solved.covariance, RandomEffects)
        assert isinstance(self.model, EffectsModel)
        covariance = self.solved.covariance
        scaled = covariance.matrices(covariance.coordinates(self.solved.optimum.theta)[0])
        return [back @ d @ back.T for back, d in zip(self.model.back, scaled, strict=True)]

    @property
    def singular(self) -> str:
        """Which variance is zero or which correlation is ±1; empty where none is."""
        from kbstudy.models.mixed.singularity import describe_singular

        return describe_singular(self)

    # ---- fixed effects -------------------------------------------------------------------------------------------

    @cached_property
    def coefficients(self) -> Estimates:
        """One row a fixed effect, in the order of the design: estimate, standard error, df, t, p, 95 % interval."""
        names = self.design.names
        found = self.inference.rows(np.eye(len(names)))
        low, high = found.limits(0.95)
        parts = {"estimate": found.estimate, "se": found.se, "df": found.df, "statistic": found.statistic, "p": found.p}
        frame = pd.DataFrame({"term": list(names), **parts, "low": low, "high": high})
        return self._estimates(frame.assign(n=len(self.people)), "fixed effects", level=0.95).with_(verbatim=True)

    def means(
        self, of: str, *, by: str | Sequence[str] = (), at: Mapping[str, Any] | None = None, level: float = 0.95
    ) -> Estimates:
        """Adjusted means (LS-means) of each level of a factor.

        Parameters
        ----------
        of
            A factor of the model, for example the arm.
        by
            Further factors: one set of means for each of their levels.
        at
            Where numbers are held (their mean if not said), or which levels to show.
        level
            Confidence level.

        Returns
        -------
        Estimates
            Term ``adjusted_mean``. Other factors are averaged with equal weights, like emmeans and SAS LSMEANS.
        """
        found = contrasts.means(self.design, of, _tuple(by), at, self.words.visit)
        return self._combined(found, "adjusted means", adjust="none", level=level)

    def contrasts(
        self,
        of: str,
        *,
        by: str | Sequence[str] = (),
        pairs: Pairs = "reference",
        reference: Any = None,
        adjust: str = "none",
        across: bool = False,
        at: Mapping[str, Any] | None = None,
        level: float = 0.95,
    ) -> Estimates:
        """Differences between adjusted means.

        Parameters
        ----------
        of
            The factor whose levels are compared, for example the arm.
        by
            Compare within each level of these, for example within each visit.
        pairs
            ``"reference"``: each other level minus the reference; ``"all"``: every pair; ``"consecutive"``.
        reference
            Which level is subtracted; the first if not said.
        adjust
            ``"none"``, ``"tukey"`` (all pairs), ``"dunnett"`` (exact multivariate t), ``"bonferroni"``, ``"sidak"``,
            ``"holm"``, ``"hochberg"``, ``"benjamini_hochberg"``.
        across
            Adjust all rows together; otherwise those of each level of ``by``.
        at
            Where numbers are held.
        level
            Confidence level.

        Returns
        -------
        Estimates
            Term ``adjusted_difference``.
        """
        check_pairs(pairs)
        found = contrasts.differences(self.design, of, _tuple(by), at, self.words.visit, pairs, reference)
        return self._combined(found, "differences between adjusted means", adjust=adjust, level=level, across=across)

    def change_from(
        self,
        baseline: Any,
        *,
        by: str | None = None,
        at: Mapping[str, Any] | None = None,
        visit: str = "",
        adjust: str = "none",
        level: float = 0.95,
    ) -> Estimates:
        """Change of the adjusted mean from one visit to each other, and how it differs between arms.

        Parameters
        ----------
        baseline
            The visit to start from; it must be part of the outcome.
        by
            The factor whose levels are compared; if not said, the one that the formula lets interact with the visit.
        at
            Where numbers are held; with a numeric visit its values, the baseline among them.
        visit
            The column of the visits, if the model does not know it.
        adjust, level
            As for :meth:`contrasts`; differences at one visit are one family.

        Returns
        -------
        Estimates
            Terms ``adjusted_change`` and ``difference_in_change`` (primary).
        """
        visit = visit or self.words.visit
        if not visit:
            do = 'Name the column: fit.change_from("Baseline", visit="visit").'
            raise PlanError(Problem("the model does not know which column holds the visits", do=do))
        if visit not in self.design.factors and visit not in self.design.numbers:
            what = f'"{visit}" is not in the formula "{self.words.formula}", so means do not differ between visits'
            raise PlanError(Problem(what, do=f"Write for example y ~ arm * {visit}."))
        if by == visit:
            what = f'by="{by}" is the column of the visits itself'
            raise PlanError(Problem(what, do="Name the factor whose levels are compared, such as the arm."))
        by = by or self._interacts_with(visit)
        found = contrasts.changes(self.design, baseline, visit, by, at)
        return self._combined(found, f"change from {baseline}", adjust=adjust, level=level)

    def _interacts_with(self, visit: str) -> str | None:
        for term in self.terms:
            names = term.split(":")
            if visit in names and len(names) == 2:
                other = next(name for name in names if name != visit)
                if other in self.design.factors:
                    return other
        return None

    @property
    def terms(self) -> tuple[str, ...]:
        """Terms of the fixed part: names of :meth:`test`."""
        return tuple(str(term) for term in self.design.spec.terms if str(term) not in ("1", "0"))

    def test(self, term: str) -> Estimates:
        """F test of a term of the formula: of its levels, averaged over all other factors.

        With factors only this is SAS's type III test. A number that interacts with the term is held at its mean, as in
        emmeans' ``joint_tests``; SAS holds it at zero, which is another hypothesis.

        Parameters
        ----------
        term
            A factor, a number or an interaction: ``"arm:visit"``.

        Returns
        -------
        Estimates
            One row; ``statistic`` is F, ``df`` its denominator degrees of freedom, and the numerator's stand in
            ``method``.
        """
        contrasts.check_names(self.design, [name.strip() for name in term.split(":")], "term")
        if not any(set(term.replace(" ", "").split(":")) <= set(_plain(own).split(":")) for own in self.terms):
            what = f'"{term}" is not in the formula "{self.words.formula}"'
            raise PlanError(Problem(what, do=f"Its terms are: {', '.join(self.terms)}."))
        return self.test_rows(contrasts.term_rows(self.design, term), name=term)

    def test_rows(self, rows: npt.ArrayLike, *, name: str = "custom") -> Estimates:
        """F test that every combination ``L β`` is zero; ``rows`` has a column for each fixed effect."""
        joint = self.inference.joint(self._checked(rows))
        frame = pd.DataFrame(
            [{"term": name, "statistic": joint.f, "df": joint.ddf, "p": joint.p, "n": len(self.people)}]
        )
        method = f"F({joint.ndf}, {fmt.degrees(joint.ddf)}), {DF_METHODS[self.df_method]}"
        estimates = self._estimates(frame, f"F test of {name}", level=0.95)
        return estimates.with_(frame=estimates.frame.assign(method=method), verbatim=True)

    def combine(self, rows: Mapping[str, npt.ArrayLike], *, adjust: str = "none", level: float = 0.95) -> Estimates:
        """Combinations of your own: for each name one weight a fixed effect, in the order of :attr:`coefficients`."""
        combined = np.concatenate([self._checked(row) for row in rows.values()])
        labels = pd.DataFrame({"term": list(rows), "contrast": "", "arm": "", "visit": ""})
        found = Combinations(combined, labels, tuple(() for _ in rows), tuple("custom" for _ in rows))
        return self._combined(found, "combinations of fixed effects", adjust=adjust, level=level)

    def _checked(self, rows: Any) -> FloatArray:
        p = len(self.design.names)
        try:
            found = np.atleast_2d(np.asarray(rows, dtype="float64"))
        except (TypeError, ValueError) as error:
            do = f"Give one number for each of the {p} fixed effects, in this order: {', '.join(self.design.names)}."
            raise PlanError(Problem("weights that are not a table of numbers", do=do)) from error
        if found.ndim != 2 or found.shape[1] != p:
            what = f"a row of weights has {found.shape[-1]} entries and the model {p} fixed effects"
            raise PlanError(Problem(what, do=f"In this order: {', '.join(self.design.names)}."))
        if not len(found) or (found == 0).all(axis=1).any():
            do = "Give at least one weight that is not zero."
            raise PlanError(Problem("a row of weights is zero throughout, or there is no row", do=do))
        if not np.isfinite(found).all():
            do = "Leave out the level or the combination that nobody is in."
            raise FitError(Problem("not estimable: the data say nothing about a cell that this needs", do=do))
        return found

    # ---- people --------------------------------------------------------------------------------------------------

    @property
    def people(self) -> list[str]:
        """Participants with at least one analysed row."""
        return list(dict.fromkeys(self.data.loc[self.observed, "participant"]))

    def predict(
        self, level: Literal["population", "participant"] = "population", data: pd.DataFrame | None = None
    ) -> pd.Series:
        """Predicted outcome of each row.

        Parameters
        ----------
        level
            ``"population"``: fixed effects only. ``"participant"``: with what is known of each person: random effects,
            or for a model of visits the values seen at their other visits.
        data
            Rows to predict, with the columns of the formula; those of the model (also where the outcome is missing) if
            not given. For ``"participant"`` only the model's own rows can be predicted.
        """
        from kbstudy.models.mixed.prediction import participant_level

        if level == "participant":
            if data is not None:
                do = "Leave out data, or use fit.random_effects and fit.predict(data=...)."
                raise PlanError(Problem("a participant's prediction is made for the rows of the model", do=do))
            return participant_level(self)
        if level != "population":
            raise PlanError(Problem(f'level="{level}" is neither "population" nor "participant"'))
        if data is None:
            return pd.Series(self.model.x @ self.solved.beta[0], self.data["row"].to_numpy(), name="predicted")
        return pd.Series(self._design_of(data) @ self.solved.beta[0], data.index, name="predicted")

    def _design_of(self, data: pd.DataFrame) -> FloatArray:
        return self.design.rows_of(data)

    @property
    def random_effects(self) -> dict[str, pd.DataFrame]:
        """For each grouping the predicted random effects (BLUPs) and their conditional standard deviations.

        Columns: the effects, then ``sd of`` each, given the variances and fixed effects, as lme4's ``condVar``.
        """
        from kbstudy.models.mixed.prediction import random_effects

        return random_effects(self)

    def check(self) -> Checks:
        """Residuals, normal quantiles, variance by visit, and what happens without each participant (exact refits)."""
        from kbstudy.models.mixed.checks import check

        return check(self)

    # ---- variances with their uncertainty ------------------------------------------------------------------------

    def profile_intervals(self, *, level: float = 0.95) -> Estimates:
        """Profile-likelihood intervals of standard deviations and correlations. See :mod:`.profile`."""
        from kbstudy.models.mixed.profile import profile_intervals

        return profile_intervals(self, level=level)

    def bootstrap(self, replicates: int = 1000, *, rng: Any, level: float = 0.95) -> Bootstrap:
        """Parametric bootstrap of fixed effects and variances. See :mod:`.bootstrap`."""
        from kbstudy.models.mixed.bootstrap import bootstrap

        return bootstrap(self, replicates, rng=rng, level=level)

    # ---- words ---------------------------------------------------------------------------------------------------

    def methods(self) -> str:
        """The methods paragraph, with its references."""
        from kbstudy.models.mixed.words import methods

        return methods(self)

    def sentence(self) -> str:
        """What was fitted to whom, in one sentence."""
        from kbstudy.models.mixed.words import sentence

        return sentence(self)

    @property
    def notes(self) -> tuple[str, ...]:
        """What belongs under every table."""
        singular = (f"Boundary fit: {self.singular}.",) if self.singular else ()
        return (*self.words.notes, *singular)

    def __str__(self) -> str:
        from kbstudy.models.mixed.words import variance_lines

        lines = [self.sentence(), *variance_lines(self), f"Degrees of freedom: {DF_METHODS[self.df_method]}"]
        return "\n".join([*lines, self.coefficients.table().to_string(index=False), *self.notes])

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        from kbstudy.models.mixed.words import variance_lines

        head = "".join(f"<p>{html.escape(line)}</p>" for line in (self.sentence(), *variance_lines(self)))
        notes = fmt.html_small(self.notes)
        return f"{head}{fmt.html_table(self.coefficients.table())}{notes}"

    def with_df_method(self, df_method: DfMethod) -> MixedFit:
        """The same fit with degrees of freedom by another method; nothing is fitted again."""
        from kbstudy.models.mixed.building import checked_df_method

        method, said = checked_df_method(df_method, self.reml)
        notes = dict.fromkeys((*said, *self.words.notes))
        return replace(self, df_method=method, words=replace(self.words, notes=tuple(notes)))

    # ---- wiring --------------------------------------------------------------------------------------------------

    def _combined(
        self, found: Combinations, title: str, *, adjust: str, level: float, across: bool = False
    ) -> Estimates:
        if not isinstance(level, float | int) or not 0 < level < 1:
            raise PlanError(Problem(f"level={level} is not a confidence level", do="Give a share such as level=0.95."))
        frame, said = contrasts.estimate_rows(self.inference, found, adjust=adjust, level=level, across=across)
        frame["n"] = [self._people_in(cells) for cells in found.cells]
        empty = frame["estimate"].isna()
        gone = (
            (f"Not estimable, because nobody is in a cell that it needs: {int(empty.sum())} of {len(frame)} rows.",)
            if empty.any()
            else ()
        )
        return self._estimates(frame, title, level=level, said=(*said, *gone, *self._held_at()))

    def _held_at(self) -> tuple[str, ...]:
        numbers = {n: v for n, v in self.design.numbers.items() if n != self.words.visit}
        if not numbers:
            return ()
        text = fmt.words([f"{name} = {fmt.number(value, 2)}" for name, value in numbers.items()])
        return (f"Numbers that are not in the table are held at their means: {text}.",)

    def _people_in(self, cells: Sequence[Mapping[str, Any]]) -> int:
        """Participants with an analysed row in any of the cells."""
        seen = self.data[self.observed]
        inside = np.zeros(len(seen), dtype="bool") if cells else np.ones(len(seen), dtype="bool")
        for cell in cells:
            mine = np.ones(len(seen), dtype="bool")
            for name, value in cell.items():
                if name in self.design.factors:
                    mine &= np.asarray(seen[name].astype("object") == value)
            inside |= mine
        return int(seen.loc[inside, "participant"].nunique())

    def _estimates(self, frame: pd.DataFrame, title: str, *, level: float, said: Sequence[str] = ()) -> Estimates:
        frame = frame.copy()
        frame["method"] = f"{self.kind}, {DF_METHODS[self.df_method]}"
        pairs = {c: tuple(c.split(" - ", 1)) for c in frame.get("contrast", pd.Series(dtype="object")) if c}
        return Estimates(
            frame,
            title=f"{self.words.outcome}: {title}",
            outcome=self.words.outcome,
            method=self.methods(),
            level=level,
            primary=_primary(frame),
            compares=pairs,
            stamp=self.stamp,
            notes=(*said, *self.notes),
            citations=self.citations,
            ledger=self.ledger,
            fit=self,
        )

    @property
    def kind(self) -> str:
        """``MMRM`` or ``LMM``, and the likelihood."""
        name = "MMRM" if isinstance(self.model, VisitsModel) else "LMM"
        return f"{name}, {'REML' if self.reml else 'ML'}"

    @property
    def citations(self) -> tuple[str, ...]:
        """References of the methods that were used."""
        found = [cite.MALLINCKRODT_2008] if isinstance(self.model, VisitsModel) else [cite.LAIRD_WARE_1982]
        if self.df_method.startswith("kenward_roger"):
            found.append(cite.KENWARD_ROGER_1997)
        if self.df_method == "satterthwaite":
            found.append(cite.FAI_CORNELIUS_1996)
        if self.design.constraint:
            found.append(cite.LIANG_ZEGER_2000)
        return tuple(found)


def _tuple(names: str | Sequence[str]) -> tuple[str, ...]:
    return (names,) if isinstance(names, str) else tuple(names)


def _plain(term: str) -> str:
    """``C(week):arm`` without the function: names of columns."""
    return ":".join(re.sub(r"^C\((\w+).*\)$", r"\1", part.strip()) for part in term.split(":"))


def check_pairs(pairs: str) -> None:
    """One of the three."""
    if pairs not in ("reference", "all", "consecutive"):
        do = 'Use "reference", "all" or "consecutive".'
        raise PlanError(Problem(f'pairs="{pairs}" is not a set of pairs', do=do))


def _primary(frame: pd.DataFrame) -> str:
    terms = list(dict.fromkeys(frame["term"]))
    for wanted in ("difference_in_change", "adjusted_difference"):
        if wanted in terms:
            return wanted
    return str(terms[0])
