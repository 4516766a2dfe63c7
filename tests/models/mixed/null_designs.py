"""Trials in which nothing happens: how often each kind of test says otherwise."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import ndtr, stdtr

from kbstudy.models.mixed import MixedFit, lmm, mmrm
from kbstudy.models.mixed.inference import Inference
from kbstudy.models.mixed.model import Solved, solve
from kbstudy.models.mixed.satterthwaite import parameter_covariance, satterthwaite_df


@dataclass(frozen=True)
class Found:
    """p-values of each replicate by each method, and Satterthwaite's degrees of freedom."""

    z: np.ndarray
    satterthwaite: np.ndarray
    kenward_roger: np.ndarray
    df: np.ndarray
    converged: np.ndarray

    def rate(self, method: str) -> float:
        """Share of p < 0.05 among the replicates that have an answer."""
        return float(np.mean(getattr(self, method)[self.converged] < 0.05))

    @property
    def median_df(self) -> float:
        return float(np.median(self.df[self.converged]))


def joined(parts: Sequence[Found]) -> Found:
    names = ("z", "satterthwaite", "kenward_roger", "df", "converged")
    return Found(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


@dataclass(frozen=True)
class Null:
    """A fit that gives the model, how to draw responses, and which combination of coefficients is tested."""

    fit: MixedFit
    row: np.ndarray
    draw: Callable[[np.random.Generator, int], np.ndarray]
    missing: float = 0.0


def _schedule(people: int, visits: int) -> pd.DataFrame:
    frame = pd.DataFrame({"id": np.repeat(np.arange(people), visits), "t": np.tile(np.arange(visits) * 1.0, people)})
    return frame.assign(arm=np.where(frame["id"] % 2, "B", "A"), visit="V" + frame["t"].astype("int").astype("str"))


def _noise(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(y=np.random.default_rng(0).normal(size=len(frame)))


def _row(fit: MixedFit, term: str) -> np.ndarray:
    return np.eye(len(fit.design.names))[list(fit.design.names).index(term)]


def _intercepts(people: int = 12, visits: int = 3) -> Null:
    fit = lmm(_noise(_schedule(people, visits)), "y ~ arm * t + (1 | id)")

    def draw(rng: np.random.Generator, n: int) -> np.ndarray:
        return np.repeat(rng.normal(size=(n, people)), visits, axis=1) + rng.normal(size=(n, people * visits))

    return Null(fit, _row(fit, "arm[T.B]:t"), draw)


def _slopes(people: int = 20, visits: int = 4) -> Null:
    frame = _noise(_schedule(people, visits))
    fit = lmm(frame, "y ~ arm * t + (1 + t | id)")
    t = frame["t"].to_numpy()

    def draw(rng: np.random.Generator, n: int) -> np.ndarray:
        own = np.repeat(rng.normal(size=(2, n, people)), visits, axis=2)
        return own[0] + 0.5 * own[1] * t + rng.normal(size=(n, len(t)))

    return Null(fit, _row(fit, "arm[T.B]:t"), draw, missing=0.2)


def _clinics() -> Null:
    sizes = np.array([4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15])
    clinic = np.repeat(np.arange(12), sizes)
    frame = pd.DataFrame({"clinic": clinic, "arm": np.where(clinic % 2, "B", "A")})
    fit = lmm(_noise(frame), "y ~ arm + (1 | clinic)")

    def draw(rng: np.random.Generator, n: int) -> np.ndarray:
        return 0.5 * rng.normal(size=(n, 12))[:, clinic] + rng.normal(size=(n, len(clinic)))

    return Null(fit, _row(fit, "arm[T.B]"), draw)


def _visits(people: int = 20, visits: int = 4) -> Null:
    fit = mmrm(_noise(_schedule(people, visits)), "y ~ arm * visit", participant="id", visit="visit")
    sd = np.sqrt([1.0, 1.2, 1.5, 1.9])
    covariance = np.outer(sd, sd) * 0.7 ** np.abs(np.subtract.outer(np.arange(visits), np.arange(visits)))
    root = np.linalg.cholesky(covariance)

    def draw(rng: np.random.Generator, n: int) -> np.ndarray:
        return (rng.normal(size=(n, people, visits)) @ root.T).reshape(n, -1)

    return Null(fit, _row(fit, "arm[T.B]") + _row(fit, f"arm[T.B]:visit[T.V{visits - 1}]"), draw, missing=0.2)


DESIGNS: dict[str, Callable[[], Null]] = {
    "n = 12 × 3, random intercept, arm × time": _intercepts,
    "n = 20 × 4, random slope, 20 % missing, arm × time": _slopes,
    "12 clinics (6/6), 4–15 patients each, arm": _clinics,
    "MMRM (unstructured) n = 20 × 4, 20 % missing, arm at last visit": _visits,
}


def rates(name: str, replicates: int, seed: int) -> Found:
    """All replicates at once."""
    null = DESIGNS[name]()
    rng = np.random.default_rng([list(DESIGNS).index(name), seed])
    y = null.draw(rng, replicates)
    observed = rng.random(y.shape) >= null.missing
    solved = solve(null.fit.model, y, observed, reml=True)
    row = null.row @ solved.scaling.back
    value, chain = solved.optimum.value, solved.optimum.chain
    parameters = chain.jacobian @ parameter_covariance(chain.hessian) @ np.swapaxes(chain.jacobian, 1, 2)
    df = satterthwaite_df(row[None], value.phi, value.design, parameters)[:, 0]
    with np.errstate(invalid="ignore"):
        t = solved.beta @ null.row / np.sqrt(np.einsum("i,rij,j->r", null.row, solved.vcov, null.row))
    z, satterthwaite = 2.0 * ndtr(-np.abs(t)), 2.0 * stdtr(np.minimum(df, 1e12), -np.abs(t))
    converged = solved.optimum.converged
    kenward_roger = [_kenward_roger(solved, null, r) if converged[r] else np.nan for r in range(replicates)]
    return Found(z, satterthwaite, np.array(kenward_roger), df, converged)


def _kenward_roger(solved: Solved, null: Null, replicate: int) -> float:
    """The default of each model: expected information for random effects, observed for visits."""
    return float(Inference(solved, null.fit.df_method, replicate).rows(null.row[None]).p[0])
