"""Estimation: a frame in, :class:`~kbstudy.estimates.Estimates` out. Nothing here knows studies, files or plots."""

from __future__ import annotations

from kbstudy.models.ancova_analysis import ancova
from kbstudy.models.equivalence_analysis import equivalence
from kbstudy.models.estimating_equations import gee
from kbstudy.models.mixed import MixedFit, Refits, from_statsmodels, likelihood_ratio, lmm, mmrm, refit
from kbstudy.models.paired_analysis import paired
from kbstudy.models.responder_analysis import responders

__all__ = [
    "MixedFit",
    "Refits",
    "ancova",
    "equivalence",
    "from_statsmodels",
    "gee",
    "likelihood_ratio",
    "lmm",
    "mmrm",
    "paired",
    "refit",
    "responders",
]
