"""The planned mixed models (``mmrm``, ``clda``, ``lmm``): every visit after the baseline in one model."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

from kbstudy import formatting as fmt
from kbstudy import models
from kbstudy.analysis.asking import in_words, reference_of
from kbstudy.analysis.ledgers import ledger_of_visits
from kbstudy.errors import FitError, Problem
from kbstudy.estimates import Estimates
from kbstudy.study import Analysis, Outcome, Study

__all__ = ["METHOD_WORDS", "mixed_model"]

#: What each method is called in a title.
METHOD_WORDS: Final = {
    "mmrm": "mixed model for repeated measures",
    "clda": "constrained longitudinal data analysis",
    "lmm": "linear mixed model",
}
_ADJUST_WORDS: Final = {
    "bonferroni": "Bonferroni",
    "sidak": "Šidák",
    "holm": "Holm",
    "hochberg": "Hochberg",
    "benjamini_hochberg": "Benjamini and Hochberg",
    "dunnett": "Dunnett",
}


@dataclass(frozen=True)
class _Asked:
    """A planned mixed model and its rows.

    ``names`` says what each declared column is called in ``table``; ``visits`` are those of the model, ``unseen`` those
    that nobody has a value at; ``time`` is the column of the weeks, if they were declared.
    """

    study: Study
    analysis: Analysis
    outcome: Outcome
    table: pd.DataFrame
    names: Mapping[str, str]
    visits: tuple[str, ...]
    unseen: tuple[str, ...]
    time: str = ""

    @property
    def y(self) -> str:
        """The column of the outcome."""
        return self.names[self.outcome.name]

    @property
    def baseline(self) -> str:
        """The baseline in a formula."""
        return f"`{self.names[f'{self.outcome.name}_baseline']}`"

    @property
    def covariates(self) -> str:
        """``+ `Age` + `Sex` ``, or nothing."""
        return "".join(f" + `{self.names[name]}`" for name in self.analysis.covariates)

    @property
    def compared_at(self) -> list[str]:
        """The visits at which arms are compared."""
        assert self.study.plan.design is not None
        return [visit for visit in self.visits if visit != self.study.plan.design.visit.baseline]


def mixed_model(study: Study, analysis: Analysis, outcome: Outcome) -> Estimates:
    """Adjusted means at every visit and the differences between arms, from one model of all visits.

    Parameters
    ----------
    study, analysis, outcome
        What is planned: ``mmrm``, ``clda`` or ``lmm``.

    Returns
    -------
    Estimates
        Terms ``adjusted_mean`` and ``adjusted_difference`` (primary) at every visit, the estimand's visit as
        ``primary_visit``; the ledger has a row a person and visit, with everyone in the files; ``points`` are those
        with a value at baseline and at the estimand's visit; ``fit`` is the :class:`~kbstudy.MixedFit`.

    Raises
    ------
    FitError
        If fewer visits have values than the method needs, nobody has a value at the estimand's visit, or the model
        cannot be fitted.
    """
    asked = _ask(study, analysis, outcome)
    return _estimates(asked, _FITS[analysis.method](asked))


def _ask(study: Study, analysis: Analysis, outcome: Outcome) -> _Asked:
    assert study.plan.design is not None
    planned = study.plan.visits_after_baseline(outcome)
    if analysis.method == "clda":
        planned = (study.plan.design.visit.baseline, *planned)
    table, names = in_words(study, analysis, outcome, planned, in_a_formula=True)
    seen = set(table.loc[table[names[outcome.name]].notna(), "visit"])
    visits = tuple(visit for visit in planned if visit in seen)
    _check_visits(analysis, visits)
    table = table[table["visit"].isin(visits)].reset_index(drop=True).rename(columns={study.participant: "participant"})
    table["visit"] = pd.Categorical(table["visit"].astype("object"), list(visits))
    time = ""
    if analysis.time:
        time = "weeks" if "weeks" not in table else "weeks_of_visit"
        table[time] = [analysis.time[visit] for visit in table["visit"]]
    unseen = tuple(visit for visit in planned if visit not in seen)
    return _Asked(study, analysis, outcome, table, names, visits, unseen, time)


def _check_visits(analysis: Analysis, visits: tuple[str, ...]) -> None:
    asked = analysis.estimand.visit
    if asked not in visits:
        do = "Look at the files, or choose another visit for the estimand."
        raise FitError(Problem("nobody has a value at the visit of the estimand", visit=asked, do=do))
    if len(visits) == 1:
        what = f'"{asked}" is the only visit with values, and "{analysis.method}" needs two'
        raise FitError(Problem(what, do='Use method = "ancova", which needs one.'))


# ---- the models --------------------------------------------------------------------------------------------------


def _mmrm(asked: _Asked) -> models.MixedFit:
    formula = f"{asked.y} ~ {asked.baseline} * visit{asked.covariates} + arm * visit"
    return models.mmrm(asked.table, formula, **_of_visits(asked))


def _clda(asked: _Asked) -> models.MixedFit:
    assert asked.study.plan.design is not None
    formula = f"{asked.y} ~ arm * visit{asked.covariates}"
    baseline = asked.study.plan.design.visit.baseline
    return models.mmrm(asked.table, formula, constrained_baseline=baseline, **_of_visits(asked))


def _of_visits(asked: _Asked) -> dict[str, Any]:
    analysis = asked.analysis
    return {
        "participant": "participant",
        "visit": "visit",
        "arm": "arm",
        "covariance": analysis.covariance,
        "covariance_by": analysis.covariance_by,
        **_df_method(analysis),
    }


def _lmm(asked: _Asked) -> models.MixedFit:
    when = asked.time or "visit"
    effects = f"1 + {asked.time}" if asked.analysis.random == "slope" else "1"
    formula = f"{asked.y} ~ {asked.baseline}{asked.covariates} + arm * {when} + ({effects} | participant)"
    return models.lmm(asked.table, formula, **_df_method(asked.analysis))


def _df_method(analysis: Analysis) -> dict[str, Any]:
    """Left out, it is what the model itself prefers."""
    return {} if analysis.df_method is None else {"df_method": analysis.df_method}


_FITS: Final[Mapping[str, Callable[[_Asked], models.MixedFit]]] = {"mmrm": _mmrm, "clda": _clda, "lmm": _lmm}


# ---- what they found ---------------------------------------------------------------------------------------------


def _estimates(asked: _Asked, fit: models.MixedFit) -> Estimates:
    """Means and differences as one result."""
    analysis, when = asked.analysis, asked.time or "visit"
    means = fit.means("arm", by=when, at=_at(asked, asked.visits), level=analysis.level)
    differences = fit.contrasts(
        "arm",
        by=when,
        at=_at(asked, asked.compared_at),
        reference=reference_of(asked.study, analysis),
        adjust=analysis.adjust,
        level=analysis.level,
    )
    used = asked.table.iloc[fit.data.loc[fit.observed, "row"]]
    frame = pd.DataFrame([*_records(asked, means), *_records(asked, differences)])
    frame["n"] = [_people_behind(row, used, differences.compares) for _, row in frame.iterrows()]
    analysed = set(zip(used["participant"], used["visit"].astype("object"), strict=True))
    needs_baseline = analysis.method != "clda"
    return differences.with_(
        frame=frame,
        method=" ".join([fit.methods(), *_methods(asked)]),
        primary_visit=analysis.estimand.visit,
        notes=tuple(dict.fromkeys([*_notes(asked, fit), *means.notes, *differences.notes])),
        ledger=ledger_of_visits(asked.study, analysis, asked.visits, analysed, needs_baseline=needs_baseline),
        points=_points(asked, used),
    )


def _at(asked: _Asked, visits: Sequence[str]) -> dict[str, list[Any]]:
    """Where to look: visits by name, or by their weeks."""
    if asked.time:
        return {asked.time: [float(asked.analysis.time[visit]) for visit in visits]}
    return {"visit": list(visits)}


def _records(asked: _Asked, found: Estimates) -> list[dict[str, Any]]:
    """Rows with the visit's own name, and a constrained analysis called what it is."""
    called = {f"{asked.time} = {weeks:g}": visit for visit, weeks in asked.analysis.time.items()}
    called |= {f"visit = {visit}": visit for visit in asked.visits}
    frame = found.frame.replace({"visit": called, "family": called})
    if asked.analysis.method == "clda":
        frame["method"] = frame["method"].str.replace("MMRM", "cLDA", n=1)
    return [{str(key): value for key, value in record.items()} for record in frame.to_dict("records")]


def _people_behind(row: pd.Series, used: pd.DataFrame, compares: Mapping[str, tuple[str, str]]) -> int:
    """People of the row's arms with an analysed value at its visit."""
    arms = list(compares.get(row["contrast"], (row["arm"],)))
    mine = used["arm"].isin(arms) & (used["visit"] == row["visit"])
    return int(used.loc[mine, "participant"].nunique())


def _points(asked: _Asked, used: pd.DataFrame) -> pd.DataFrame:
    """Everyone with an analysed value at the estimand's visit and a value at baseline."""
    at_visit = used[used["visit"] == asked.analysis.estimand.visit]
    columns = {asked.baseline.strip("`"): "baseline", asked.y: "followup"}
    points = at_visit.rename(columns=columns)[["participant", "arm", "baseline", "followup"]]
    return points.dropna(subset=["baseline"]).reset_index(drop=True)


# ---- words -------------------------------------------------------------------------------------------------------


def _methods(asked: _Asked) -> Iterator[str]:
    analysis = asked.analysis
    if analysis.method == "mmrm":
        yield "The slope on baseline and the difference between arms may differ from visit to visit."
    elif analysis.method == "lmm" and asked.time:
        yield "Each arm follows a straight line over the weeks; its means are read from it at the weeks of the visits."
    yield (
        f"Adjusted means hold numbers at their mean among the analysed rows and weight categories equally; intervals "
        f"are {fmt.confidence(analysis.level)} intervals."
    )


def _notes(asked: _Asked, fit: models.MixedFit) -> Iterator[str]:
    """What stands first under the table: who is behind a row, what was assumed of the visits."""
    analysis = asked.analysis
    yield (
        f"n counts people with an analysed value at the visit; {len(fit.people)} people with a value at one visit or "
        "more are in the model."
    )
    if analysis.method == "lmm":
        slope = " and slope over the weeks" if analysis.random == "slope" else ""
        yield f"Random effects: an intercept{slope} of each person."
    else:
        by = ", estimated in each arm" if analysis.covariance_by else ""
        yield f"Covariance among visits: {analysis.covariance.replace('_', ' ')}{by}."
    if asked.unseen:
        yield f"Not in the model, because nobody has a value there: {fmt.words(asked.unseen)}."
    if analysis.adjust != "none":
        how = _ADJUST_WORDS[analysis.adjust]
        yield f"Adjusted for the number of arms compared at a visit: {how}. Visits are not adjusted for."
