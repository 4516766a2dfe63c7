"""What the agreement tests of mixed models share: the data as R read them, names as R writes them, how far is far."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from kbstudy.models.mixed import MixedFit, lmm
from tests import reference

#: What a source answered, read once.
numbers = cache(reference.numbers)

#: R mmrm's names of covariance structures.
STRUCTURES = {
    "us": "unstructured",
    "cs": "compound_symmetry",
    "csh": "compound_symmetry_heterogeneous",
    "ar1": "ar1",
    "ar1h": "ar1_heterogeneous",
    "toep": "toeplitz",
    "toeph": "toeplitz_heterogeneous",
    "ad": "ante_dependence",
    "adh": "ante_dependence_heterogeneous",
    "sp_exp": "spatial_exponential",
    "sp_gau": "spatial_gaussian",
}


def gap(found: npt.ArrayLike, source: npt.ArrayLike, scale: npt.ArrayLike = 0.0) -> float:
    """The largest difference, relative to the source or to a scale that says what is small; infinite if any is NaN.

    An estimate is compared with itself or its standard error, whichever is larger, and a covariance with the product of
    the standard deviations: an estimate that happens to be near zero is not expected to agree to more digits.
    """
    a, b = np.asarray(found, dtype="float64"), np.asarray(source, dtype="float64")
    assert a.shape == b.shape, f"{a.shape} is not {b.shape}"
    size = np.maximum(np.abs(b), np.asarray(scale, dtype="float64"))
    with np.errstate(invalid="ignore", divide="ignore"):
        relative = np.where(a == b, 0.0, np.abs(a - b) / size)
    return float(np.where(np.isnan(relative), np.inf, relative).max(initial=0.0))


def matrix_gap(found: npt.ArrayLike, source: npt.ArrayLike) -> float:
    """The same for a covariance matrix."""
    b = np.atleast_2d(np.asarray(source, dtype="float64"))
    sd = np.sqrt(np.diag(b))
    return gap(np.atleast_2d(np.asarray(found, dtype="float64")), b, np.outer(sd, sd))


def column(rows: Iterable[dict[str, Any]], name: str) -> list[float]:
    """One entry of each row of a JSON table."""
    return [row[name] for row in rows]


def r_names(names: Sequence[str]) -> list[str]:
    """Ours to R's: ``arm[T.exercise]:week`` to ``armexercise:week``."""
    return [re.sub(r"\[T\.(.*?)\]", r"\1", name).replace("Intercept", "(Intercept)") for name in names]


@cache
def frame(folder: str) -> pd.DataFrame:
    """The data of a folder with the levels that R gave them; a numeric week also as a factor called visit."""
    found = reference.data(folder)
    if folder == "mixed_pain":
        found["visit"] = [f"{week:g}" for week in found["week"]]
    for name, levels in numbers(folder, "lmm")["levels"].items():
        found[name] = pd.Categorical(found[name], levels)
    return found


@cache
def mixed(folder: str, formula: str, *, reml: bool = True) -> MixedFit:
    """A linear mixed model of a folder's data, fitted once a session."""
    return lmm(frame(folder), formula, reml=reml)
