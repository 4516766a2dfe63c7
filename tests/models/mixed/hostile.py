"""Random designs that try to break the mixed-model engine, and a judge that shares no code with it.

A design is made from a seed alone. The judge writes the likelihood as the textbook has it, with the covariance matrix
of the rows in full and in extended precision where the machine has one; rivals maximise the same likelihood with
SciPy's optimisers in parameters of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from scipy.optimize import minimize

from kbstudy.models.mixed import MixedFit, lmm, mmrm

LMM_KINDS = ("intercept", "slope", "uncorrelated", "crossed", "nested")
MMRM_KINDS = (
    "unstructured",
    *(
        f"{name}{how}"
        for name in ("compound_symmetry", "ar1", "toeplitz", "ante_dependence")
        for how in ("", "_heterogeneous")
    ),
    "spatial_exponential",
    "spatial_gaussian",
)


@dataclass(frozen=True)
class Term:
    """Random effects as the judge sees them: columns of Z for each row, and who shares them."""

    z: np.ndarray
    codes: np.ndarray
    correlated: bool


@dataclass(frozen=True)
class Design:
    """A data frame and how to analyse it; ``x``, ``terms``, ``visits`` are what the judge needs."""

    kind: str
    seed: int
    data: pd.DataFrame
    formula: str
    arguments: dict[str, Any]
    x: np.ndarray
    y: np.ndarray
    codes: np.ndarray
    terms: tuple[Term, ...] = ()
    visits: np.ndarray | None = None
    groups: np.ndarray | None = None
    times: np.ndarray | None = None
    truth: str = field(default="", compare=False)

    def fit(self, **changes: Any) -> MixedFit:
        """The engine's answer."""
        return (lmm if self.visits is None else mmrm)(self.data, self.formula, **{**self.arguments, **changes})

    @property
    def name(self) -> str:
        return f"{self.kind} {self.seed} ({self.formula}, {len(self.y)} rows; {self.truth})"


# ---- random-effects designs --------------------------------------------------------------------------------------

_FIXED = ("1", "t", "arm", "arm * t", "arm * t + age")


def lmm_design(kind: str, seed: int) -> Design:
    """4 to 40 clusters of 1 to 8 rows; scales 1e-3 to 1e4; variances zero to huge; correlations ±1; colliding times."""
    rng = np.random.default_rng([LMM_KINDS.index(kind), seed])
    if kind in ("crossed", "nested"):
        outer, inner = _two_groupings(kind, rng)
    else:
        inner = np.repeat(np.arange(m := int(rng.integers(4, 41))), _sizes(m, rng))
        outer = inner
    n = len(inner)
    t, how = _times(inner, rng)
    arm = rng.permutation(np.arange(int(outer.max()) + 1) % 2)[outer]
    age = rng.normal(50.0, 12.0, n) * 10.0 ** rng.uniform(-3, 4)
    scale = 10.0 ** rng.uniform(-3, 4)
    sizes = rng.choice([0.0, 0.03, 0.3, 1.0, 3.0, 30.0, 1000.0], size=2, p=[0.2, 0.1, 0.15, 0.2, 0.15, 0.1, 0.1])
    correlation = rng.choice([-1.0, -0.9, 0.0, 0.9, 1.0])
    unit = (t - t.mean()) / (np.std(t) or 1.0)
    if kind in ("slope", "uncorrelated"):
        both = rng.normal(size=(2, inner.max() + 1))
        slope = correlation * both[0] + np.sqrt(1.0 - correlation**2) * both[1]
        effects = sizes[0] * both[0][inner] + sizes[1] * slope[inner] * unit
    else:
        effects = sizes[0] * rng.normal(size=inner.max() + 1)[inner] + sizes[1] * rng.normal(size=outer.max() + 1)[
            outer
        ] * (kind != "intercept")
    y = scale * (10.0 * rng.normal() + rng.normal() * arm + rng.normal() * unit + effects + rng.normal(size=n))
    random = {
        "intercept": "(1 | id)",
        "slope": "(1 + t | id)",
        "uncorrelated": "(1 + t || id)",
        "crossed": "(1 | site) + (1 | id)",
        "nested": "(1 | site/id)",
    }[kind]
    fixed = str(rng.choice(_FIXED))
    order = rng.permutation(n)
    frame = pd.DataFrame({"id": inner, "site": outer, "t": t, "arm": arm.astype("float64"), "age": age, "y": y}).iloc[
        order
    ]
    frame = frame.assign(id="P" + frame["id"].astype("str"), site="S" + frame["site"].astype("str"))
    x = _x(fixed, frame)
    rows = frame.reset_index(drop=True)
    return Design(
        kind,
        seed,
        rows,
        f"y ~ {fixed} + {random}",
        {},
        x,
        rows["y"].to_numpy(),
        _codes(rows["id"] if kind not in ("crossed", "nested") else pd.Series(["all"] * n)),
        _terms(kind, rows),
        truth=f"scale {scale:.2g}, SDs {sizes[0]:g}/{sizes[1]:g}, r {correlation:g}, times {how}",
    )


def _sizes(m: int, rng: np.random.Generator) -> np.ndarray:
    return rng.integers(1, 9, m) if rng.random() < 0.7 else np.full(m, rng.integers(2, 9))


def _two_groupings(kind: str, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    outer_levels, inner_levels = int(rng.integers(3, 9)), int(rng.integers(4, 13))
    if kind == "crossed":
        cells = np.array([(a, b) for a in range(outer_levels) for b in range(inner_levels) if rng.random() < 0.8])
    else:
        cells = np.array([(a, 20 * a + b) for a in range(outer_levels) for b in range(int(rng.integers(1, 6)))])
    repeated = np.repeat(cells, rng.integers(1, 4, len(cells)), axis=0)
    return np.unique(repeated[:, 0], return_inverse=True)[1], np.unique(repeated[:, 1], return_inverse=True)[1]


def _times(codes: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, str]:
    """Schedules, own times, calendar years, times that hardly differ within a person, times far from zero."""
    n = len(codes)
    within = (
        np.arange(n)
        - np.concatenate([[0], np.flatnonzero(np.diff(codes)) + 1])[np.unique(codes, return_inverse=True)[1]]
        if (np.diff(codes) >= 0).all()
        else rng.integers(0, 4, n)
    )
    how = str(rng.choice(["schedule", "own", "years", "near", "scaled"]))
    t = {
        "schedule": within.astype("float64"),
        "own": rng.uniform(0, 10, n),
        "years": 2000.0 + 0.25 * within,
        "near": rng.uniform(0, 10, codes.max() + 1)[codes] + 0.01 * rng.normal(size=n),
        "scaled": 10.0 ** rng.uniform(-3, 4) * (within + rng.normal(0, 0.1, n)),
    }[how]
    return t, how


def _x(fixed: str, frame: pd.DataFrame) -> np.ndarray:
    one, t, arm, age = np.ones(len(frame)), *(frame[name].to_numpy() for name in ("t", "arm", "age"))
    columns = {"1": [], "t": [t], "arm": [arm], "arm * t": [arm, t, arm * t], "arm * t + age": [arm, t, age, arm * t]}
    return _of_full_rank(np.column_stack([one, *columns[fixed]]))


def _of_full_rank(x: np.ndarray) -> np.ndarray:
    """Columns that the ones before them do not determine."""
    kept: list[int] = []
    unit = x / np.sqrt(np.sum(x**2, axis=0))
    for i in range(x.shape[1]):
        if np.isfinite(unit[:, i]).all():
            fitted = unit[:, kept] @ np.linalg.lstsq(unit[:, kept], unit[:, i], rcond=None)[0] if kept else 0.0
            if np.linalg.norm(unit[:, i] - fitted) > 1e-9:
                kept.append(i)
    return x[:, kept]


def _codes(column: pd.Series) -> np.ndarray:
    return np.unique(column.to_numpy(dtype="object").astype("str"), return_inverse=True)[1]


def _terms(kind: str, rows: pd.DataFrame) -> tuple[Term, ...]:
    ids, sites = _codes(rows["id"]), _codes(rows["site"])
    one, t = np.ones((len(rows), 1)), rows[["t"]].to_numpy()
    if kind == "intercept":
        return (Term(one, ids, True),)
    if kind in ("slope", "uncorrelated"):
        return (Term(np.hstack([one, t]), ids, kind == "slope"),)
    if kind == "crossed":
        return Term(one, sites, True), Term(one, ids, True)
    return Term(one, sites, True), Term(one, _codes(rows["site"] + ":" + rows["id"]), True)


# ---- visits ------------------------------------------------------------------------------------------------------


def mmrm_design(kind: str, seed: int, *, fewest: int = 14) -> Design:
    """14 to 79 people, 3 to 6 visits, up to 30 % missing; true covariances from independent to nearly singular."""
    rng = np.random.default_rng([100 + MMRM_KINDS.index(kind), seed])
    people, size = int(rng.integers(fewest, 80)), int(rng.integers(3, 7))
    times = (
        np.cumsum(rng.integers(1, 6, size)).astype("float64") if kind.startswith("spatial") else np.arange(size) * 1.0
    )
    sigma, how = _true_covariance(size, times, rng)
    scale = 10.0 ** rng.uniform(-3, 4)
    values = rng.multivariate_normal(np.zeros(size), sigma, size=people, method="eigh")
    arm = rng.permutation(np.arange(people) % 2)
    base = rng.normal(size=people) * 10.0 ** rng.uniform(-3, 4)
    values = scale * (values + 10.0 * rng.normal() + rng.normal(size=size) + arm[:, None] * rng.normal(size=size))
    missing = rng.random(values.shape) < rng.choice([0.0, 0.1, 0.3])
    missing[missing.all(axis=1), 0] = False
    who, when = np.nonzero(np.ones_like(missing))
    fixed = str(rng.choice(["visit", "arm + visit", "arm * visit", "arm * visit + base"]))
    frame = pd.DataFrame({"id": who, "arm": np.array(["A", "B"])[arm[who]], "base": base[who]})
    names = [f"{time:g}" for time in times] if kind.startswith("spatial") else [f"V{i + 1}" for i in range(size)]
    frame["visit"] = pd.Categorical.from_codes(when, names)
    frame["y"] = np.where(missing, np.nan, values)[who, when]
    absent = frame["y"].isna() & (rng.random(len(frame)) < 0.5)
    frame = frame[~absent].sample(frac=1.0, random_state=int(rng.integers(2**31))).reset_index(drop=True)
    by_arm = "heterogeneous" in kind and rng.random() < 0.25
    rows = frame[frame["y"].notna()].reset_index(drop=True)
    visit = rows["visit"].cat.codes.to_numpy().astype("intp")
    group = (rows["arm"] == "B").to_numpy().astype("intp")
    dummies = np.eye(size)[visit][:, 1:]
    one, b = np.ones((len(rows), 1)), group[:, None].astype("float64")
    parts = {"visit": [], "arm + visit": [b], "arm * visit": [b, b * dummies]}
    parts["arm * visit + base"] = [*parts["arm * visit"], rows[["base"]].to_numpy()]
    return Design(
        kind,
        seed,
        frame,
        f"y ~ {fixed}",
        {"participant": "id", "visit": "visit", "covariance": kind} | ({"covariance_by": "arm"} if by_arm else {}),
        _of_full_rank(np.hstack([one, dummies, *parts[fixed]])),
        rows["y"].to_numpy(),
        _codes(rows["id"]),
        (),
        visit,
        group if by_arm else 0 * group,
        times,
        truth=f"scale {scale:.2g}, {how}, {people} people, {size} visits{', by arm' if by_arm else ''}",
    )


def _true_covariance(size: int, times: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, str]:
    how = str(rng.choice(["independent", "wishart", "ar1", "intercept", "nearly singular", "negative"]))
    lag = np.abs(times[:, None] - times)
    root = rng.normal(size=(size, size + 2))
    correlation = {
        "independent": np.eye(size),
        "wishart": _to_correlation(root @ root.T),
        "ar1": rng.uniform(0.3, 0.98) ** lag,
        "intercept": np.full((size, size), 0.8) + 0.2 * np.eye(size),
        "nearly singular": np.full((size, size), 1.0 - 1e-4) + 1e-4 * np.eye(size),
        "negative": (1.0 + 0.9 / (size - 1)) * np.eye(size) - 0.9 / (size - 1),
    }[how]
    sd = np.exp(rng.choice([0.0, 0.3, 1.5]) * rng.normal(size=size))
    return sd[:, None] * correlation * sd, how


def _to_correlation(matrix: np.ndarray) -> np.ndarray:
    sd = np.sqrt(np.diag(matrix))
    return matrix / np.outer(sd, sd)


# ---- the judge ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Clusters:
    """Rows of each cluster side by side, short ones padded: ``(m, n)`` positions, -1 where there is no row."""

    rows: np.ndarray

    @classmethod
    def of(cls, codes: np.ndarray) -> Clusters:
        counts = np.bincount(codes)
        rows = np.full((len(counts), counts.max()), -1)
        for code in range(len(counts)):
            rows[code, : counts[code]] = np.flatnonzero(codes == code)
        return cls(rows)

    @cached_property
    def there(self) -> np.ndarray:
        return self.rows >= 0

    @cached_property
    def both(self) -> np.ndarray:
        return self.there[:, :, None] & self.there[:, None, :]

    def gather(self, values: np.ndarray) -> np.ndarray:
        there = self.there.reshape(*self.rows.shape, *[1] * (values.ndim - 1))
        return np.where(there, values[self.rows], values.dtype.type(0))


def _cholesky(matrices: np.ndarray) -> np.ndarray:
    """Row by row, so that it works in any precision; NaN where a matrix is not positive definite."""
    if matrices.dtype == np.float64:
        try:
            return np.linalg.cholesky(matrices)
        except np.linalg.LinAlgError:
            return np.full_like(matrices, np.nan)
    found, rest = np.zeros_like(matrices), matrices.copy()
    with np.errstate(all="ignore"):
        for k in range(matrices.shape[-1]):
            found[..., k:, k] = rest[..., k:, k] / np.sqrt(rest[..., k, k])[..., None]
            rest = rest - found[..., :, k, None] * found[..., None, :, k]
    return found


def _forward(triangle: np.ndarray, right: np.ndarray) -> np.ndarray:
    """``L⁻¹B``."""
    if triangle.dtype == np.float64:
        return np.linalg.solve(triangle, right) if np.isfinite(triangle).all() else np.full_like(right, np.nan)
    found = np.zeros(np.broadcast_shapes(triangle.shape[:-2], right.shape[:-2]) + right.shape[-2:], triangle.dtype)
    for k in range(triangle.shape[-1]):
        done = (triangle[..., k, None, :k] @ found[..., :k, :])[..., 0, :] if k else 0.0
        found[..., k, :] = (right[..., k, :] - done) / triangle[..., k, k, None]
    return found


def log_likelihood(v: np.ndarray, x: np.ndarray, y: np.ndarray, clusters: Clusters, *, reml: bool) -> float:
    """The Gaussian log-likelihood of clusters with covariance ``v`` ``(m, n, n)``, with lme4's constants."""
    both = clusters.gather(np.column_stack([x, y]).astype(v.dtype))
    padded = np.where(clusters.both, v, np.eye(v.shape[-1], dtype=v.dtype))
    triangle = _cholesky(padded)
    white = _forward(triangle, both).reshape(-1, both.shape[-1])
    rest, logdet_x = white[:, -1], 0.0
    basis = np.zeros((len(white), 0), white.dtype)
    for column in white[:, :-1].T:  # Gram–Schmidt, twice over: no product X'V⁻¹X that squares the condition
        left = column
        for _ in range(2):
            left = left - basis @ (basis.T @ left)
        size = np.sqrt(left @ left)
        logdet_x += 2.0 * np.log(size)
        basis = np.column_stack([basis, left / size])
    for _ in range(2):
        rest = rest - basis @ (basis.T @ rest)
    logdet = 2.0 * np.sum(np.log(np.diagonal(triangle, axis1=1, axis2=2)))
    free = len(y) - x.shape[1] * reml
    return float(-0.5 * (free * np.log(2.0 * np.pi) + logdet + reml * logdet_x + rest @ rest))


@dataclass(frozen=True)
class Judge:
    """The likelihood of one design at any covariance parameters.

    Parameters of random effects are a factor ``B`` of ``D = BB'`` for each term, in the user's units, and the residual
    standard deviation; those of visits the matrices ``Σ``.
    """

    design: Design
    reml: bool = True

    @cached_property
    def clusters(self) -> Clusters:
        return Clusters.of(self.design.codes)

    def of_factors(self, factors: Sequence[np.ndarray], sd: float) -> float:
        v = sum(
            (self._outer(z @ b.astype(np.longdouble), codes) for z, codes, b in self._parts(factors)),
            np.longdouble(0.0),
        )
        eye = np.eye(self.clusters.rows.shape[1], dtype=np.longdouble)
        return log_likelihood(
            v + np.longdouble(sd) ** 2 * eye, self.design.x, self.design.y, self.clusters, reml=self.reml
        )

    def _parts(self, factors: Sequence[np.ndarray]) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        return [(t.z.astype(np.longdouble), t.codes, b) for t, b in zip(self.design.terms, factors, strict=True)]

    def _outer(self, effects: np.ndarray, codes: np.ndarray) -> np.ndarray:
        gathered, levels = self.clusters.gather(effects), self.clusters.gather(codes)
        return (gathered @ np.swapaxes(gathered, 1, 2)) * (levels[:, :, None] == levels[:, None, :])

    def of_matrices(self, sigma: np.ndarray) -> float:
        assert self.design.visits is not None
        assert self.design.groups is not None
        visits, group = self.clusters.gather(self.design.visits), self.clusters.gather(self.design.groups)[:, 0]
        v = sigma.astype(np.longdouble)[group[:, None, None], visits[:, :, None], visits[:, None, :]]
        return log_likelihood(v, self.design.x, self.design.y, self.clusters, reml=self.reml)

    def of_fit(self, fit: MixedFit) -> float:
        """At the engine's parameters."""
        if self.design.visits is None:
            return self.of_factors(factors_of(fit), float(np.sqrt(fit.residual_variance)))
        found = fit.covariance
        return self.of_matrices(
            np.stack([np.asarray(m) for m in (found.values() if isinstance(found, dict) else [found])])
        )


def factors_of(fit: MixedFit) -> list[np.ndarray]:
    """``B`` with ``D = BB'`` in the user's units, from the engine: a D whose entries cancel loses digits."""
    covariance, theta = fit.solved.covariance, fit.solved.optimum.theta[0]
    at, found = 0, []
    for term, back in zip(covariance.terms, fit.model.back, strict=True):
        size = len(term.basis)
        found.append(
            np.sqrt(fit.solved.scaling.spread[0] ** 2) * back @ np.tensordot(theta[at : at + size], term.basis, 1)
        )
        at += size
    for (group, _), factor in zip(fit.words.terms, found, strict=True):
        said = fit.random_effects_covariance[group].to_numpy()
        own = factor @ factor.T
        if said.shape == own.shape:
            np.testing.assert_allclose(own, said, rtol=1e-6, atol=1e-6 * np.abs(said).max())
    return found


# ---- rivals ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Rival:
    """The best that independent optimisers found: its log-likelihood by the judge, and who found it."""

    log_likelihood: float
    by: str


def rivals(design: Design, fit: MixedFit | None, *, reml: bool = True, thorough: bool = True) -> Rival:
    """SciPy's optimisers from several starts, two of them the engine's own optimum disturbed.

    What ends at a singular covariance that has no maximum is not counted as better.
    """
    problem = (_EffectsRival if design.visits is None else _VisitsRival)(design, reml)
    rng = np.random.default_rng(design.seed)
    own = problem.from_fit(fit) if fit is not None else None
    best, where, by = -np.inf, np.zeros(0), ""

    def attempt(method: str, name: str, start: np.ndarray) -> None:
        nonlocal best, where, by
        found = _run(problem.objective, start, method)
        judged = problem.judged(found.x) if found.fun < 1e9 and not problem.degenerate(found.x) else -np.inf
        if judged > best:
            best, where, by = judged, found.x, f"{method} from {name}"

    with np.errstate(all="ignore"):
        starts = problem.starts(own, rng, thorough)
        for name, start in starts:
            attempt("L-BFGS-B", name, start)
        for method in ("Nelder-Mead", "Powell") if thorough else ("Nelder-Mead",):
            if len(starts[0][1]) <= 12:
                attempt(method, *starts[-1])
                if best > -np.inf:
                    attempt(method, f"the best so far ({by})", where)
    return Rival(best, by)


def _run(objective: Callable[[np.ndarray], float], start: np.ndarray, method: str) -> Any:
    options: dict[str, Any] = {
        "L-BFGS-B": {"maxiter": 500, "ftol": 1e-14, "gtol": 1e-8},
        "Nelder-Mead": {"maxiter": 300 * len(start), "xatol": 1e-9, "fatol": 1e-10, "adaptive": True},
        "Powell": {"maxiter": 60, "xtol": 1e-9, "ftol": 1e-14},
    }[method]
    jac = "3-point" if method == "L-BFGS-B" else None
    return minimize(objective, start, method=method, jac=jac, options=options)


class _EffectsRival:
    """Relative factors, as lme4 has them: ``V = σ²(I + ZΛΛ'Z')`` with σ² profiled out, Z whitened by its own QR."""

    def __init__(self, design: Design, reml: bool) -> None:
        self.design, self.judge = design, Judge(design, reml)
        self.q, _ = np.linalg.qr(design.x / np.sqrt(np.sum(design.x**2, axis=0)))
        residual = design.y - self.q @ (self.q.T @ design.y)
        self.spread = float(np.std(residual)) or 1.0
        self.clusters = self.judge.clusters
        self.both = self.clusters.gather(np.column_stack([self.q, residual / self.spread]))
        self.free = len(design.y) - (design.x.shape[1] if reml else 0)
        self.reml = reml
        self.back, self.outer = [], []
        for term in design.terms:
            size = np.sqrt(np.mean(term.z**2, axis=0))
            own = np.diag(1.0 / size)
            if term.correlated:
                own = own @ np.linalg.inv(np.linalg.qr(term.z / size, mode="r") / np.sqrt(len(term.z)))
            z, levels = self.clusters.gather(term.z @ own), self.clusters.gather(term.codes)
            same = (levels[:, :, None] == levels[:, None, :]) & self.clusters.both
            self.back.append(own)
            self.outer.append((z, same))

    def factors(self, theta: np.ndarray) -> list[np.ndarray]:
        found, at = [], 0
        for term in self.design.terms:
            size = term.z.shape[1]
            rows, columns = np.tril_indices(size) if term.correlated else (np.arange(size), np.arange(size))
            factor = np.zeros((size, size))
            factor[rows, columns] = theta[at : at + len(rows)]
            found.append(factor)
            at += len(rows)
        return found

    def parts(self, theta: np.ndarray) -> tuple[float, float]:
        """Half the profiled deviance, and σ²."""
        v = np.broadcast_to(
            np.eye(self.clusters.rows.shape[1]), (*self.clusters.rows.shape, self.clusters.rows.shape[1])
        ).copy()
        for (z, same), factor in zip(self.outer, self.factors(theta), strict=True):
            effects = z @ factor
            v += (effects @ np.swapaxes(effects, 1, 2)) * same
        triangle = _cholesky(v)
        if not np.isfinite(triangle).all():
            return 1e10, np.nan
        white = _forward(triangle, self.both).reshape(-1, self.both.shape[-1])
        r = np.linalg.qr(white, mode="r")
        square = r[-1, -1] ** 2 / self.free
        logdet = 2.0 * np.sum(np.log(np.diagonal(triangle, axis1=1, axis2=2)))
        logdet_x = 2.0 * np.sum(np.log(np.abs(np.diag(r)[:-1]))) if self.reml else 0.0
        value = 0.5 * (logdet + logdet_x + self.free * (1.0 + np.log(square)))
        return (value if np.isfinite(value) else 1e10), square

    def objective(self, theta: np.ndarray) -> float:
        return float(self.parts(theta)[0])

    def judged(self, theta: np.ndarray) -> float:
        sd = float(np.sqrt(self.parts(theta)[1])) * self.spread
        factors = [sd * back @ factor for back, factor in zip(self.back, self.factors(theta), strict=True)]
        return self.judge.of_factors(factors, sd)

    def degenerate(self, theta: np.ndarray) -> bool:
        """Without a residual: there the likelihood has no maximum."""
        return float(np.max(np.abs(theta))) > 1e6

    def from_fit(self, fit: MixedFit) -> np.ndarray:
        sd = float(np.sqrt(fit.residual_variance))
        found = []
        for back, factor, term in zip(self.back, factors_of(fit), self.design.terms, strict=True):
            own = np.linalg.solve(back, factor) / sd if term.correlated else factor / np.diag(back)[:, None] / sd
            triangle = np.linalg.qr(own.T, mode="r").T if term.correlated else own
            size = len(own)
            rows, columns = np.tril_indices(size) if term.correlated else (np.arange(size), np.arange(size))
            found.append(triangle[rows, columns])
        return np.concatenate(found)

    def starts(self, own: np.ndarray | None, rng: np.random.Generator, thorough: bool) -> list[tuple[str, np.ndarray]]:
        unit = np.concatenate(
            [
                np.eye(t.z.shape[1])[np.tril_indices(t.z.shape[1])] if t.correlated else np.ones(t.z.shape[1])
                for t in self.design.terms
            ]
        )
        size = len(unit)
        found = [(f"{s:g}", s * unit) for s in ((0.05, 0.5, 3.0, 50.0, 1000.0) if thorough else (0.3, 5.0))]
        if thorough:
            found += [(f"random {i}", 10.0 ** rng.uniform(-2, 2, size) * rng.choice([-1, 1], size)) for i in range(4)]
        if own is not None:
            shift = rng.normal(size=size)
            found.append(("ours × 1.1", own * (1.0 + 0.1 * shift) + 0.02 * shift[::-1]))
            found.append(("ours + 0.3", own + 0.3 * rng.normal(size=size)))
        return found


class _VisitsRival:
    """Textbook parameters of each structure: log standard deviations and transformed correlations."""

    def __init__(self, design: Design, reml: bool) -> None:
        self.design, self.judge, self.reml = design, Judge(design, reml), reml
        self.q = np.linalg.qr(design.x / np.sqrt(np.sum(design.x**2, axis=0)))[0]
        residual = design.y - self.q @ (self.q.T @ design.y)
        self.spread = float(np.std(residual)) or 1.0
        self.y = residual / self.spread
        self.size, self.groups = len(design.times), int(design.groups.max()) + 1
        self.clusters = self.judge.clusters
        self.both = self.clusters.gather(np.column_stack([self.q, self.y]))
        visits, group = self.clusters.gather(design.visits), self.clusters.gather(design.groups)[:, 0]
        self.cut = group[:, None, None], visits[:, :, None], visits[:, None, :]

    def sigma(self, theta: np.ndarray) -> np.ndarray:
        return np.stack(
            [textbook(self.design.kind, part, self.design.times) for part in theta.reshape(self.groups, -1)]
        )

    def objective(self, theta: np.ndarray) -> float:
        sigma = self.sigma(np.clip(theta, -30, 30))
        if not np.isfinite(sigma).all():
            return 1e10
        v = np.where(self.clusters.both, sigma[self.cut], np.eye(self.clusters.rows.shape[1]))
        triangle = _cholesky(v)
        if not np.isfinite(triangle).all():
            return 1e10
        r = np.linalg.qr(_forward(triangle, self.both).reshape(-1, self.both.shape[-1]), mode="r")
        logdet = 2.0 * np.sum(np.log(np.diagonal(triangle, axis1=1, axis2=2)))
        logdet_x = 2.0 * np.sum(np.log(np.abs(np.diag(r)[:-1]))) if self.reml else 0.0
        value = 0.5 * (logdet + logdet_x + r[-1, -1] ** 2)
        return float(value) if np.isfinite(value) else 1e10

    def judged(self, theta: np.ndarray) -> float:
        return self.judge.of_matrices(self.spread**2 * self.sigma(np.clip(theta, -30, 30)))

    def degenerate(self, theta: np.ndarray) -> bool:
        """On the way to a singular Σ: where too few have all visits, the likelihood grows there without bound."""
        return min(float(np.linalg.eigvalsh(_to_correlation(sigma))[0]) for sigma in self.sigma(theta)) < 1e-8

    def from_fit(self, fit: MixedFit) -> np.ndarray:
        found = fit.covariance
        matrices = [np.asarray(m) / self.spread**2 for m in (found.values() if isinstance(found, dict) else [found])]
        return np.concatenate([natural(self.design.kind, m, self.design.times) for m in matrices])

    def starts(self, own: np.ndarray | None, rng: np.random.Generator, thorough: bool) -> list[tuple[str, np.ndarray]]:
        count = len(natural(self.design.kind, np.eye(self.size) * 0.9 + 0.1, self.design.times))
        even = [
            natural(self.design.kind, (1 - r) * np.eye(self.size) + r, self.design.times)
            for r in ((0.1, 0.7) if thorough else (0.4,))
        ]
        found = [(f"even {i}", np.tile(start, self.groups)) for i, start in enumerate(even)]
        if own is not None:
            found.append(("ours + 0.05", own + 0.05 * rng.normal(size=count * self.groups)))
            if thorough:
                found.append(("ours + 0.5", own + 0.5 * rng.normal(size=count * self.groups)))
        return found


def textbook(kind: str, theta: np.ndarray, times: np.ndarray) -> np.ndarray:
    """``Σ`` of a structure from log standard deviations and correlations on their natural range."""
    size, lag = len(times), np.abs(np.subtract.outer(np.arange(len(times)), np.arange(len(times))))
    if kind == "unstructured":
        factor = np.zeros((size, size))
        factor[np.tril_indices(size)] = theta
        return factor @ factor.T
    many = size if kind.endswith("_heterogeneous") else 1
    sd, rest = np.exp(theta[:many]) * np.ones(size), np.tanh(theta[many:])
    name = kind.removesuffix("_heterogeneous")
    if name.startswith("spatial"):
        distance = np.abs(np.subtract.outer(times, times))
        correlation = np.exp(-((distance * np.exp(-theta[1])) ** (2 if name == "spatial_gaussian" else 1)))
    elif name == "compound_symmetry":
        correlation = np.where(lag == 0, 1.0, rest[0])
    elif name == "ar1":
        correlation = np.where(lag == 0, 1.0, np.sign(rest[0]) ** lag * np.abs(rest[0]) ** lag)
    elif name == "toeplitz":
        correlation = np.concatenate([[1.0], rest])[lag]
    else:
        correlation = np.eye(size)
        for i in range(size):
            for j in range(i + 1, size):
                correlation[i, j] = correlation[j, i] = np.prod(rest[i:j])
    return sd[:, None] * correlation * sd


def natural(kind: str, sigma: np.ndarray, times: np.ndarray) -> np.ndarray:
    """The parameters of :func:`textbook` that the first elements of a ``Σ`` of that structure imply."""
    if kind == "unstructured":
        values, vectors = np.linalg.eigh(sigma)
        root = (vectors * np.sqrt(np.maximum(values, 1e-12 * values[-1]))) @ vectors.T
        return np.linalg.qr(root, mode="r").T[np.tril_indices(len(sigma))]
    sd = np.sqrt(np.diag(sigma))
    correlation = np.clip(sigma / np.outer(sd, sd), -1 + 1e-12, 1 - 1e-12)
    logs = np.log(sd if kind.endswith("_heterogeneous") else sd[:1])
    name = kind.removesuffix("_heterogeneous")
    if name.startswith("spatial"):
        distance = abs(times[1] - times[0])
        minus = -np.log(np.clip(correlation[0, 1], 1e-300, None))
        return np.array([logs[0], np.log(distance) - np.log(minus) / (2.0 if name == "spatial_gaussian" else 1.0)])
    if name in ("compound_symmetry", "ar1"):
        return np.array([*logs, np.arctanh(correlation[0, 1])])
    row = correlation[0, 1:] if name == "toeplitz" else np.diag(correlation, 1)
    return np.array([*logs, *np.arctanh(row)])
