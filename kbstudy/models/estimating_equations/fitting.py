"""The fit of a GEE by statsmodels, and whether it can be believed."""

from __future__ import annotations

import warnings
from typing import Any, Final

import numpy as np
import pandas as pd

from kbstudy import formatting as fmt
from kbstudy.errors import FitError, Problem
from kbstudy.models.estimating_equations.question import Question
from kbstudy.models.estimating_equations.rows import Rows

__all__ = ["alpha_of", "fit_gee", "frame_of"]

#: A fitted probability as near to 0 or 1 as numbers get; R's glm warns at the same place.
_CERTAIN: Final = 10 * 2.0**-52


def fit_gee(design: pd.DataFrame, used: Rows, asked: Question) -> Any:
    """The fitted model; whatever it says against itself is an error."""
    model = _model(design / _divisors(design), used, asked)
    with warnings.catch_warnings():
        # statsmodels says in warnings of these two kinds that it did not converge, overflowed or met a singular matrix.
        for kind in (UserWarning, RuntimeWarning):
            warnings.simplefilter("error", kind)
        try:
            # The size of the score grows with the number of rows; at this share of it, ten digits stand.
            fit = model.fit(cov_type="bias_reduced", maxiter=200, ctol=1e-10 * len(design))
        except (UserWarning, RuntimeWarning, ValueError, np.linalg.LinAlgError) as error:
            raise FitError(_not_converged(str(error), asked)) from error
    _check_fit(fit, used, asked)
    return fit


def _model(design: pd.DataFrame, used: Rows, asked: Question) -> Any:
    from statsmodels.genmod import cov_struct, families
    from statsmodels.genmod.generalized_estimating_equations import GEE

    binary, exchangeable = asked.family == "logistic", asked.correlation == "exchangeable"
    return GEE(
        used.table[asked.outcome],
        design,
        groups=pd.factorize(used.ids)[0],
        family=families.Binomial() if binary else families.Poisson(),
        cov_struct=cov_struct.Exchangeable() if exchangeable else cov_struct.Independence(),
        offset=None if asked.exposure is None else np.log(used.table[asked.exposure].to_numpy()),
    )


def _divisors(design: pd.DataFrame) -> pd.Series:
    """Powers of two, which cost no digits, for columns so large or small that they would decide when to stop."""
    largest = design.abs().max()
    return (2.0 ** np.round(np.log2(largest))).where((largest < 1 / 128) | (largest > 128), 1.0)


def _not_converged(said: str, asked: Question) -> Problem:
    what = f"the estimating equations did not converge on an answer to be trusted ({said})"
    other = 'Try correlation="independence"; leave' if asked.correlation != "independence" else "Leave"
    do = (
        f"{other} out columns that few events support; centre and scale large numbers; check that the outcome is not "
        "computed from a column of the formula."
    )
    return Problem(what, column=asked.outcome, do=do)


def _check_fit(fit: Any, used: Rows, asked: Question) -> None:
    """What statsmodels does not check: certainty, and a correlation that cannot be."""
    mean = np.asarray(fit.fittedvalues)
    if asked.family == "logistic" and np.any(np.minimum(mean, 1 - mean) < _CERTAIN):
        what = "fitted probabilities came out as 0 or 1 (numerical separation)"
        do = "This column moves them most: look for outlying values in it, or leave it out."
        raise FitError(Problem(what, column=_steepest(fit), do=do))
    _check_alpha(alpha_of(fit), max(len(own) for own in used.clusters))


def _check_alpha(alpha: float, largest: int) -> None:
    if -1 < alpha * (largest - 1) and alpha < 1:  # noqa: SIM300  # reads as the interval that it is
        return
    found = fmt.number(alpha, 3)
    what = f"the exchangeable correlation came out as {found}, impossible between {largest} rows of a participant"
    raise FitError(Problem(what, do='Use correlation="independence"; the standard errors still hold.'))


def _steepest(fit: Any) -> str:
    """The column that moves the linear predictor most."""
    moved = np.ptp(fit.model.exog, axis=0) * np.abs(np.asarray(fit.params))
    return str(fit.model.exog_names[int(np.argmax(moved))])


def alpha_of(fit: Any) -> float:
    """The working correlation; statsmodels has none for independence and keeps 0 where everybody has one row."""
    found = fit.model.cov_struct.dep_params
    return 0.0 if found is None else float(found)


def frame_of(fit: Any, design: pd.DataFrame, people: int, asked: Question) -> pd.DataFrame:
    """Coefficients on the scale of the link, then their exponentials."""
    from scipy.stats import t

    divisors = _divisors(design).to_numpy()
    estimate, se = (np.asarray(part) / divisors for part in (fit.params, fit.standard_errors("bias_reduced")))
    df = people - len(estimate)
    reach = t.ppf(0.5 + asked.level / 2, df) * se
    numbers_of = {"estimate": estimate, "se": se, "statistic": estimate / se, "p": 2 * t.sf(np.abs(estimate / se), df)}
    found = pd.DataFrame(numbers_of | {"low": estimate - reach, "high": estimate + reach}).assign(term=list(design))
    method = f"GEE {asked.named}, {asked.correlation}, Mancl-DeRouen, t(n − p)"
    return pd.concat([found, _ratios(found, asked)]).assign(df=df, n=people, method=method)


def _ratios(found: pd.DataFrame, asked: Question) -> pd.DataFrame:
    """The exponentials, with the test of their coefficient; a standard error would belong to no interval."""
    rest = found[found["term"] != "Intercept"]
    scales = ["estimate", "low", "high"]
    with np.errstate(over="ignore"):  # a ratio per far too large a unit is infinite to any computer
        ratios = rest.assign(**{scale: np.exp(rest[scale]) for scale in scales})
    return ratios.assign(se=np.nan, term=[f"{asked.ratio}: {name}" for name in rest["term"]])
