"""Is the model believable: residuals, normal quantiles, variance by visit, and the weight of each participant."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from kbstudy import formatting as fmt
from kbstudy.models.mixed.model import solve
from kbstudy.models.mixed.prediction import marginal_covariance
from kbstudy.models.mixed.refitting import chunks_of

if TYPE_CHECKING:
    from kbstudy.models.mixed.fit import MixedFit

__all__ = ["Checks", "check"]

#: A participant is named whose removal moves the coefficients by more than this (Cook's distance), or one of them by
#: more than a standard error: a single wild value inflates the variances that Cook's distance is measured in.
_NOTABLE, _ONE_ERROR = 0.5, 1.0


@dataclass(frozen=True, repr=False)
class Checks:
    """What to look at before believing a mixed model.

    Parameters
    ----------
    residuals
        One row a value: ``participant, visit, fitted, residual, scaled, model_sd``. ``scaled`` residuals are divided by
        the model's standard deviation and freed of the correlation within a participant: if the model holds they are
        independent and standard normal.
    quantiles
        ``expected, scaled``: normal quantiles and ordered scaled residuals, for a QQ plot.
    variance_by_visit
        ``visit, n, sd_of_residuals, sd_of_model``.
    influence
        One row a participant: ``cook`` and for each fixed effect how far it moves without this participant, in standard
        errors. From exact refits with new variances, not from an approximation. NaN where the model cannot be fitted
        without the participant.
    sentences
        What there is to say.
    """

    residuals: pd.DataFrame
    quantiles: pd.DataFrame
    variance_by_visit: pd.DataFrame
    influence: pd.DataFrame
    sentences: tuple[str, ...]

    def __str__(self) -> str:
        return "\n".join(self.sentences)

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        import html

        lines = "".join(f"<p>{html.escape(line)}</p>" for line in self.sentences)
        top = self.influence.reindex(self.influence["cook"].sort_values(ascending=False).index).head(5)
        shown = top.assign(**{c: top[c].map(lambda v: fmt.number(v, 2)) for c in top.columns if c != "participant"})
        return f"{lines}{fmt.html_table(self.variance_by_visit.round(2))}{fmt.html_table(shown)}"

    def plot(self) -> Any:
        """Four panels: residuals against fitted values, normal quantiles, spread by visit, influence."""
        from kbstudy.figures.checks import plot_checks

        return plot_checks(self)


def check(fit: MixedFit) -> Checks:
    """All checks of a fit; one exact refit a participant."""
    residuals = _residuals(fit)
    quantiles = _quantiles(residuals["scaled"].to_numpy())
    by_visit = _variance_by_visit(fit, residuals)
    influence = _influence(fit)
    return Checks(residuals, quantiles, by_visit, influence, tuple(_sentences(residuals, by_visit, influence)))


def _residuals(fit: MixedFit) -> pd.DataFrame:
    seen = np.flatnonzero(fit.observed)
    fitted = fit.model.x[seen] @ fit.solved.beta[0]
    residual = fit.data["outcome"].to_numpy()[seen] - fitted
    scaled, sd, blocks = np.empty(len(seen)), np.empty(len(seen)), _blocks(fit)[seen]
    for block in np.unique(blocks):
        mine = np.flatnonzero(blocks == block)
        covariance = marginal_covariance(fit, seen[mine])
        scaled[mine] = np.linalg.solve(np.linalg.cholesky(covariance), residual[mine])
        sd[mine] = np.sqrt(np.diag(covariance))
    visit = fit.data[fit.words.visit].astype("object") if fit.words.visit in fit.data else pd.Series("", fit.data.index)
    return pd.DataFrame(
        {
            "participant": fit.data["participant"].to_numpy()[seen],
            "visit": visit.to_numpy()[seen],
            "fitted": fitted,
            "residual": residual,
            "scaled": scaled,
            "model_sd": sd,
        }
    )


def _blocks(fit: MixedFit) -> np.ndarray:
    """Rows that are correlated with each other."""
    return np.asarray(getattr(fit.model, "blocks", fit.model.people))


def _quantiles(scaled: np.ndarray) -> pd.DataFrame:
    """Blom's plotting positions."""
    from scipy.special import ndtri

    n = len(scaled)
    expected = ndtri((np.arange(1, n + 1) - 0.375) / (n + 0.25))
    return pd.DataFrame({"expected": expected, "scaled": np.sort(scaled)})


def _variance_by_visit(fit: MixedFit, residuals: pd.DataFrame) -> pd.DataFrame:
    order = list(fit.words.visits) or [""]
    rows = []
    for visit in order:
        mine = residuals[residuals["visit"] == visit]
        spread = float(np.sqrt(np.mean(mine["residual"] ** 2)))
        model = float(np.sqrt(np.mean(mine["model_sd"] ** 2)))
        rows.append({"visit": visit, "n": len(mine), "sd_of_residuals": spread, "sd_of_model": model})
    return pd.DataFrame(rows)


def _influence(fit: MixedFit) -> pd.DataFrame:
    """Refits without each participant, all at once."""
    seen, model = fit.observed, fit.model
    people = np.unique(model.people[seen])
    y = fit.data["outcome"].to_numpy()
    beta = np.full((len(people), len(fit.design.names)), np.nan)
    for chunk in chunks_of(model, len(people)):
        left = seen[None] & (model.people[None] != people[chunk][:, None])
        solved = solve(model, np.broadcast_to(y, left.shape), left, reml=fit.reml)
        beta[chunk] = np.where(solved.optimum.converged[:, None], solved.beta, np.nan)
    moved = fit.solved.beta[0] - beta
    cook = np.einsum("ij,jk,ik->i", moved, np.linalg.inv(fit.inference.vcov), moved) / moved.shape[1]
    names = dict(zip(model.people.tolist(), fit.data["participant"], strict=True))
    table = pd.DataFrame({"participant": [names[int(person)] for person in people], "cook": cook})
    in_errors = moved / np.sqrt(np.diag(fit.inference.vcov))
    return table.join(pd.DataFrame(in_errors, columns=list(fit.design.names)))


def _sentences(residuals: pd.DataFrame, by_visit: pd.DataFrame, influence: pd.DataFrame) -> list[str]:
    n = len(residuals)
    large = residuals[residuals["scaled"].abs() > 3.0]
    expected = 0.0027 * n
    who = fmt.words(list(dict.fromkeys(large["participant"]))[:5])
    verb = "lies" if len(large) == 1 else "lie"
    said = [
        f"{fmt.count(len(large), 'value')} of {n} {verb} more than 3 model standard deviations from what is expected"
        + (f" ({who})" if len(large) else "")
        + f"; about {fmt.number(expected, 1)} would if the model held."
    ]
    ratio = by_visit["sd_of_residuals"] / by_visit["sd_of_model"]
    worst = int(np.argmax(np.abs(np.log(ratio))))
    if len(by_visit) > 1:
        row = by_visit.iloc[worst]
        said.append(
            f"Spread is least well described at {row['visit']}: residual SD {fmt.number(row['sd_of_residuals'], 2)}, "
            f"model {fmt.number(row['sd_of_model'], 2)}."
        )
    furthest = influence.drop(columns=["participant", "cook"]).abs().max(axis=1)
    is_notable = (influence["cook"] > _NOTABLE) | (furthest > _ONE_ERROR)
    named = influence[is_notable].sort_values("cook", ascending=False)
    said.append(
        f"Without {fmt.words(list(named['participant'])[:5])} the coefficients would move notably (Cook's distance "
        f"above {_NOTABLE}, or one of them by more than a standard error): check these participants' data, and report "
        "the result with and without them."
        if len(named)
        else "No single participant moves the coefficients notably (Cook's distance from exact refits)."
    )
    lost = influence[influence["cook"].isna()]
    if len(lost):
        said.append(f"The model cannot be fitted without {fmt.words(list(lost['participant'])[:5])}.")
    said.append(
        "These are for looking, not for testing: with few participants a departure must be large to show, and with "
        "many a small one shows without mattering."
    )
    return said
