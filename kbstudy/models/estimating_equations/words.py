"""What a GEE says of itself."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping
from typing import Any, Final

import pandas as pd

from kbstudy import formatting as fmt
from kbstudy.errors import SmallSample
from kbstudy.models.estimating_equations.design import category_columns
from kbstudy.models.estimating_equations.fitting import alpha_of
from kbstudy.models.estimating_equations.question import FAMILIES, Question
from kbstudy.models.estimating_equations.rows import Rows

__all__ = ["few_people", "method_text", "notes_of"]

#: With fewer participants in a category, or fewer degrees of freedom, the user is warned.
_FEW: Final = 10
#: With fewer participants the sandwich is known to be approximate even when corrected.
_APPROXIMATE: Final = 40


def few_people(used: Rows, df: int) -> tuple[str, ...]:
    """Warn once, for the caller of :func:`gee`, about what is too small; return the same as notes."""
    said = [f"{name} ({n})" for name, n in _people_in(used).items() if n < _FEW]
    notes = [f"Fewer than {_FEW} participants: {', '.join(said)}."] if said else []
    notes += [f"Participants minus coefficients is {df}, below {_FEW}."] if df < _FEW else []
    if not notes:
        return ()
    note = " ".join([*notes, "The intervals rest mostly on assumptions."])
    warnings.warn(note, SmallSample, stacklevel=3)
    return (note,)


def _people_in(used: Rows) -> Mapping[str, int]:
    """How many participants have a row, in all and in each category."""
    counts = {"in all": used.ids.nunique()}
    for name, column in category_columns(used).items():
        counts |= {f'{name} "{level}"': used.ids[column == level].nunique() for level in column.cat.categories}
    return counts


def method_text(fit: Any, used: Rows, asked: Question) -> str:
    """The methods sentence."""
    people, p = len(used.clusters), len(fit.params)
    coefficient, _, link, _ = FAMILIES[asked.family]
    offset = f", offset log({asked.exposure})" if asked.exposure is not None else ""
    return (
        f"{asked.outcome} was analysed with a population-averaged (marginal) {asked.named} regression, "
        f"{_plain(asked.formula)} ({link} link{offset}; a coefficient is a {coefficient}), by generalized estimating "
        f"equations in {len(used.ids)} observations of {people} participants{_correlation(fit, used, asked)}; standard "
        f"errors are from the bias-corrected sandwich covariance of Mancl and DeRouen, and "
        f"{fmt.confidence(asked.level)} intervals and tests use t with participants − coefficients = {people} − {p} = "
        f"{people - p} degrees of freedom."
    )


def _plain(formula: str) -> str:
    return " ".join(formula.split())


def _correlation(fit: Any, used: Rows, asked: Question) -> str:
    if len(used.clusters) == len(used.ids):
        return ", one each, so that there is no correlation to estimate"
    if asked.correlation == "independence":
        return " with an independence working correlation"
    return f" with an exchangeable working correlation, estimated as {fmt.number(alpha_of(fit), 3)}"


def notes_of(design: pd.DataFrame, used: Rows, rows: Rows, asked: Question) -> Iterable[str]:
    """What belongs under the table."""
    for name, column in category_columns(used).items():
        yield f'Reference of {name}: "{column.cat.categories[0]}".'
    ratio = asked.ratio.replace("_", " ")
    than = ", and are closer to 1 than those of a model with a random intercept" if asked.family == "logistic" else ""
    yield f"{ratio.capitalize()}s compare averages of groups of people (population-averaged){than}."
    if any(":" in name for name in design):
        yield (
            "With an interaction, the coefficient of a column in it holds where the other is 0 or at its reference; "
            f"that of the interaction is a ratio of {ratio}s."
        )
    yield from _notes_on_people(used, rows)


def _notes_on_people(used: Rows, rows: Rows) -> Iterable[str]:
    people, everybody = len(used.clusters), len(rows.clusters)
    if len(used.ids) < len(rows.ids):
        yield (
            f"{len(used.ids)} of {len(rows.ids)} rows and {people} of {everybody} participants in the data were "
            "analysed; the ledger says why the others were not. That answers the question only if being missing "
            "depends on nothing but the columns of the formula."
        )
    if people < _APPROXIMATE:
        yield (
            f"{people} participants: GEE is approximate below {_APPROXIMATE}, even with the corrected covariance and t."
        )
