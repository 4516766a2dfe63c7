"""Mixed models for repeated measures: visits on a schedule, with the covariance among them estimated."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from kbstudy.errors import DataError, FitError, PlanError, Problem, Problems, did_you_mean
from kbstudy.ledger import Ledger
from kbstudy.models._frames import labels, quoted
from kbstudy.models.mixed.building import Prepared, checked_df_method, prepare, solve_one
from kbstudy.models.mixed.design import Constraint, as_factor
from kbstudy.models.mixed.fit import MixedFit, Words
from kbstudy.models.mixed.formula import parse
from kbstudy.models.mixed.identification import check_converged, check_identified
from kbstudy.models.mixed.inference import DfMethod
from kbstudy.models.mixed.lmm import prepared_notes
from kbstudy.models.mixed.model import VisitsModel
from kbstudy.models.mixed.moments import FloatArray, IntArray
from kbstudy.models.mixed.structures import STRUCTURES, Layout, Structure

__all__ = ["mmrm"]

#: Structures in which it matters which visit is next to which.
_ORDERED = ("ar1", "toeplitz", "ante_dependence")


def mmrm(
    data: pd.DataFrame,
    formula: str,
    *,
    participant: str,
    visit: str,
    covariance: str = "unstructured",
    covariance_by: str | None = None,
    df_method: DfMethod = "kenward_roger_linear",
    reml: bool = True,
    constrained_baseline: str | None = None,
    arm: str | None = None,
) -> MixedFit:
    """Mixed model for repeated measures: everybody's available visits, no imputation, no assumed shape of change.

    Parameters
    ----------
    data
        One row a participant and visit (long), NaN or an empty cell where there is no value.
    formula
        ``y ~ baseline + arm * visit``; factors and numbers as in :func:`kbstudy.lmm`, without random effects.
    participant, visit
        Columns of the ids and of the visits. Visits come in the order of a categorical column's categories, numbers in
        their order, text sorted.
    covariance
        Among visits: ``"unstructured"``, ``"compound_symmetry"``, ``"ar1"``, ``"toeplitz"``, ``"ante_dependence"``,
        each of the last four also with ``"_heterogeneous"`` (a variance for each visit); ``"spatial_exponential"``,
        ``"spatial_gaussian"`` (numeric visits).
    covariance_by
        Column whose levels have a covariance of their own, for example the arm.
    df_method, reml
        As for :func:`kbstudy.lmm`; the default equals SAS ``DDFM=KENWARDROGER(FIRSTORDER)``, which for the unstructured
        covariance is SAS's ``KENWARDROGER``.
    constrained_baseline, arm
        A visit before the intervention at which all arms share one mean (constrained longitudinal data analysis, cLDA),
        and the column of the arms. The outcome then includes the baseline visit: ``y ~ arm * visit``.

    Returns
    -------
    MixedFit

    Raises
    ------
    PlanError, DataError, FitError
        As for :func:`kbstudy.lmm`; also two values of one participant at one visit, two visits that nobody has both of,
        and more visits than participants can carry.

    When not to use
    ---------------
    With times that differ from person to person: use :func:`kbstudy.lmm` or a spatial covariance. With fewer
    participants than about twice the visits the unstructured covariance is too rich: declare a simpler one beforehand.

    Notes
    -----
    ``y_i ~ N(X_i β, Σ_i)`` with ``Σ_i`` the rows and columns of ``Σ`` that participant i has. Valid if being missing
    depends only on the model's covariates and on observed values (missing at random).

    References
    ----------
    Mallinckrodt et al. 2008, doi:10.1177/009286150804200402; Kenward & Roger 1997, doi:10.2307/2533558; Liang & Zeger
    2000 (cLDA), https://www.jstor.org/stable/25053123

    Validated against
    -----------------
    SAS PROC MIXED listings and R mmrm 0.3.18 on ``fev_data`` and ``antidepressant_data``, nlme::gls 3.1-162
    (``tests/models/mixed/``, ``tests/reference/``).

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> rng = np.random.default_rng(2)
    >>> people = pd.DataFrame({"id": range(24), "arm": ["Usual care", "Kettlebell"] * 12, "own": rng.normal(0, 2, 24)})
    >>> trial = people.merge(pd.DataFrame({"visit": ["Week 4", "Week 8"]}), how="cross")
    >>> trial["pain"] = 6 + trial["own"] - (trial["arm"] == "Kettlebell") + rng.normal(0, 1, 48)
    >>> trial["arm"] = pd.Categorical(trial["arm"], ["Usual care", "Kettlebell"])
    >>> fit = mmrm(trial, "pain ~ arm * visit", participant="id", visit="visit")
    >>> fit.contrasts("arm", by="visit").frame[["contrast", "visit"]].to_numpy().tolist()
    [['Kettlebell - Usual care', 'Week 4'], ['Kettlebell - Usual care', 'Week 8']]
    """
    parsed = parse(formula)
    if parsed.random:
        do = "Take it out: the covariance among visits stands for it; or use kbstudy.lmm."
        raise PlanError(Problem(f'"{formula}" has random effects, and an MMRM has none', do=do))
    structure = _structure(covariance)
    method, said = checked_df_method(df_method, reml)
    constraint = _constraint(data, visit, constrained_baseline, arm)
    others = list(dict.fromkeys([visit, *([covariance_by] if covariance_by else [])]))
    prepared = prepare(
        data, parsed.outcome, parsed.fixed, participant=[participant], others=others, constraint=constraint
    )
    model, words = _model(prepared, parsed.text, parsed.outcome, participant, visit, structure, covariance_by, said)
    _check_visits(model, prepared, words)
    y, observed = prepared.data["outcome"].to_numpy(), prepared.observed
    solved = solve_one(model, y, observed, reml=reml, outcome=parsed.outcome)
    check_converged(solved, words)
    check_identified(solved, words)
    kept = prepared.data.drop(columns=[f" {name}" for name in others])
    kept[visit] = pd.Categorical.from_codes(model.visits, list(words.visits))
    return MixedFit(
        model=model,
        solved=solved,
        design=prepared.design,
        data=kept,
        words=words,
        df_method=method,
        ledger=_visit_ledger(data, prepared, words, arm or _arm_of(prepared)),
    )


def _structure(name: str) -> Structure:
    if name not in STRUCTURES:
        hint = did_you_mean(str(name), list(STRUCTURES))
        do = f"There are: {', '.join(STRUCTURES)}."
        raise PlanError(Problem(f'covariance="{name}" is not a covariance structure{hint}', do=do))
    return STRUCTURES[name]


def _constraint(data: pd.DataFrame, visit: str, baseline: str | None, arm: str | None) -> Constraint | None:
    if baseline is None:
        return None
    if arm is None:
        do = 'Name the column of the arms: arm="arm".'
        raise PlanError(Problem("constrained_baseline needs the column of the arms", do=do))
    problems = Problems()
    for name in (arm, visit):
        if name not in data.columns:
            hint = did_you_mean(name, [str(column) for column in data.columns])
            problems.add(Problem(f'"{name}" is not a column of the data{hint}'))
    problems.raise_as(PlanError)
    visits = list(as_factor(data[visit]).cat.categories)
    if str(baseline) not in visits:
        what = f'constrained_baseline="{baseline}" is not a visit{did_you_mean(str(baseline), visits)}'
        raise PlanError(Problem(what, column=visit, do=f"The visits are: {quoted(visits)}."))
    if pd.api.types.is_numeric_dtype(data[visit]):
        do = "Make the visits categories, for example with data['visit'].astype('str')."
        raise PlanError(Problem("a constrained baseline needs visits that are a factor", column=visit, do=do))
    return Constraint(arm, str(as_factor(data[arm]).cat.categories[0]), visit, str(baseline))


def _model(
    prepared: Prepared,
    formula: str,
    outcome: str,
    participant: str,
    visit: str,
    structure: Structure,
    covariance_by: str | None,
    said: Sequence[str],
) -> tuple[VisitsModel, Words]:
    frame = prepared.data
    visits = as_factor(frame[f" {visit}"]).cat.remove_unused_categories()
    _check_once(frame, visits)
    _check_order(frame[f" {visit}"], visits, structure, visit)
    groups, names = _groups(frame, covariance_by)
    layout = Layout(_times(visits, structure, visit))
    people = np.asarray(pd.factorize(frame["participant"])[0], dtype=np.intp)
    codes = np.asarray(visits.cat.codes, dtype=np.intp)
    notes = [*said, *prepared_notes(prepared)]
    if visit in prepared.design.numbers:
        notes.append(
            f"{visit} enters the fixed effects as a number, a straight line; C({visit}) gives each visit its own mean."
        )
    words = Words(
        formula,
        outcome,
        participant,
        visit,
        tuple(visits.cat.categories),
        names,
        covariance=structure.words,
        notes=tuple(notes),
    )
    return VisitsModel(prepared.x, people, codes, groups, structure, layout), words


def _groups(frame: pd.DataFrame, covariance_by: str | None) -> tuple[IntArray, tuple[str, ...]]:
    if covariance_by is None:
        return np.zeros(len(frame), dtype=np.intp), ()
    levels = as_factor(frame[f" {covariance_by}"]).cat.remove_unused_categories()
    changing = levels.astype("object").groupby(frame["participant"].to_numpy()).nunique()
    what = f'"{covariance_by}" changes from visit to visit, and a covariance needs one group a participant'
    do = "Correct it, or use another column for covariance_by."
    Problems([Problem(what, participant=str(who), do=do) for who in changing[changing > 1].index]).raise_as(DataError)
    return np.asarray(levels.cat.codes, dtype=np.intp), tuple(levels.cat.categories)


def _check_once(frame: pd.DataFrame, visits: pd.Series) -> None:
    """One row a participant and visit."""
    keys = pd.DataFrame({"participant": frame["participant"], "visit": visits.astype("object")})
    counts = keys.value_counts()
    do = "Keep one row a participant and visit: average repeated measurements, or say which one counts."
    twice = [
        Problem(f"{n} rows", participant=str(who), visit=str(when), do=do)
        for (who, when), n in counts[counts > 1].items()
    ]
    Problems(sorted(twice, key=lambda problem: problem.participant)).raise_as(DataError)


def _natural(text: str) -> list[Any]:
    return [
        (0, float(part), "") if part.replace(".", "", 1).isdigit() else (1, 0.0, part)
        for part in re.split(r"(\d+\.?\d*)", text)
        if part
    ]


def _check_order(column: pd.Series, visits: pd.Series, structure: Structure, name: str) -> None:
    """Text that sorts as Week 12 before Week 4 must not decide which visits are neighbours."""
    if not structure.name.startswith(_ORDERED) or isinstance(column.dtype, pd.CategoricalDtype):
        return
    if pd.api.types.is_numeric_dtype(column):
        return
    found = list(visits.cat.categories)
    if found != sorted(found, key=_natural):
        what = f"the order of the visits matters for {structure.name}, and sorted text gives {quoted(found)}"
        do = "Declare it: data['visit'] = pd.Categorical(data['visit'], ['Week 4', 'Week 12', ...])."
        raise PlanError(Problem(what, column=name, do=do))


def _times(visits: pd.Series, structure: Structure, name: str) -> FloatArray:
    """Numbers of the visits, for spatial structures; their order for the others."""
    levels = list(visits.cat.categories)
    if not structure.name.startswith("spatial"):
        return np.arange(len(levels), dtype="float64")
    try:
        return np.array([float(level) for level in levels])
    except ValueError as error:
        what = f"{structure.name} needs visits that are numbers, and these are {quoted(levels[:4])}"
        raise PlanError(Problem(what, column=name, do="Use a column of weeks or days.")) from error


def _check_visits(model: VisitsModel, prepared: Prepared, words: Words) -> None:
    """Enough visits, enough people, and for the unstructured covariance every pair of visits in somebody."""
    seen = np.zeros((int(model.people.max()) + 1, model.layout.visits))
    seen[model.people[prepared.observed], model.visits[prepared.observed]] = 1.0
    people = int((seen.sum(axis=1) > 0).sum())
    problems = Problems()
    empty = [words.visits[i] for i in np.flatnonzero(seen.sum(axis=0) == 0)]
    problems.extend(Problem("nobody has a value", visit=name, do="Leave the visit out.") for name in empty)
    if model.layout.visits < 2:
        do = "With one visit use kbstudy.ancova."
        problems.add(Problem(f'there is only one visit, "{words.visits[0]}"', do=do))
    problems.raise_as(FitError)
    if model.structure.name != "unstructured":
        return
    if people <= model.layout.visits:
        free = model.layout.visits * (model.layout.visits + 1) // 2
        what = (
            f"{people} participants cannot carry the {free} variances and covariances of {model.layout.visits} visits"
        )
        raise FitError(Problem(what, do='Use a simpler covariance, for example "compound_symmetry" or "ar1".'))
    do = 'Nothing is known of their covariance: use a simpler one, for example "ar1_heterogeneous".'
    for group in range(int(model.groups.max()) + 1):
        mine = np.unique(model.people[model.groups == group])
        together = seen[mine].T @ seen[mine]
        label = f" in {words.groups[group]}" if words.groups else ""
        for i, j in zip(*np.nonzero(np.triu(together == 0, 1)), strict=True):
            problems.add(Problem(f"no participant{label} has both {words.visits[i]} and {words.visits[j]}", do=do))
    problems.raise_as(FitError)


def _arm_of(prepared: Prepared) -> str | None:
    """The first factor of the formula that does not change within a participant."""
    grouped = prepared.data.groupby("participant")
    return next((name for name in prepared.design.factors if (grouped[name].nunique() <= 1).all()), None)


def _visit_ledger(data: pd.DataFrame, prepared: Prepared, words: Words, arm: str | None) -> Ledger:
    """One row a participant and visit of the schedule: analysed, no value, no row, or what the row lacks."""
    named = labels(as_factor(data[words.visit]))
    visits = [when or f"no visit (row {position + 2})" for position, when in enumerate(named)]
    shown = [*words.visits, *(when for when in dict.fromkeys(visits) if when not in words.visits)]
    ids = [who or f"no id (row {position + 2})" for position, who in enumerate(prepared.ids)]
    who, people = pd.factorize(pd.Series(ids, dtype="object"))
    cell = who * len(shown) + pd.Index(shown).get_indexer(pd.Index(visits))
    status = np.full(len(people) * len(shown), "missing", dtype="object")
    reason = np.full(len(status), "no row", dtype="object")
    reason[cell] = f'no value of "{words.outcome}"'
    analysed = cell[prepared.data.loc[prepared.observed, "row"].to_numpy()]
    status[analysed], reason[analysed] = "analysed", ""
    for position, lacks in prepared.lost.items():
        status[cell[position]], reason[cell[position]] = "dropped", lacks
    arms = _arms(data, prepared, arm)
    columns = {
        "participant": np.repeat(people.to_numpy(), len(shown)),
        "arm": np.repeat(np.array([arms.get(name, "") for name in people], dtype="object"), len(shown)),
        "outcome": words.outcome,
        "visit": np.tile(np.array(shown, dtype="object"), len(people)),
        "status": status,
        "reason": reason,
    }
    # A row without a visit is nobody else's missing visit.
    frame = pd.DataFrame(columns).astype("object")
    return Ledger(frame[frame["visit"].isin(words.visits) | (frame["reason"] != "no row")].reset_index(drop=True))


def _arms(data: pd.DataFrame, prepared: Prepared, arm: str | None) -> dict[str, str]:
    if arm is None or arm not in data.columns:
        return {}
    return {who: name for who, name in zip(prepared.ids, labels(data[arm]), strict=True) if name}
