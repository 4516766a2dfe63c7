"""Estimation: a frame in, :class:`~kbstudy.estimates.Estimates` out. Nothing here knows studies, files or plots."""

from __future__ import annotations

from kbstudy.models.adherence_analysis import adherence, dose_response
from kbstudy.models.ancova_analysis import ancova
from kbstudy.models.change_analyses import compare_analyses
from kbstudy.models.crossover_analysis import crossover
from kbstudy.models.equivalence_analysis import equivalence
from kbstudy.models.estimating_equations import gee
from kbstudy.models.harms_analysis import harms
from kbstudy.models.hold_times import hold_time
from kbstudy.models.individual_response_analysis import individual_response
from kbstudy.models.mean_analysis import mean
from kbstudy.models.mixed import MixedFit, Refits, from_statsmodels, likelihood_ratio, lmm, mmrm, refit
from kbstudy.models.ordinal_analysis import ordinal
from kbstudy.models.paired_analysis import paired
from kbstudy.models.permutation_analysis import permutation_test
from kbstudy.models.reliability_analysis import Reliability, reliability
from kbstudy.models.responder_analysis import responders

__all__ = [
    "MixedFit",
    "Refits",
    "Reliability",
    "adherence",
    "ancova",
    "compare_analyses",
    "crossover",
    "dose_response",
    "equivalence",
    "from_statsmodels",
    "gee",
    "harms",
    "hold_time",
    "individual_response",
    "likelihood_ratio",
    "lmm",
    "mean",
    "mmrm",
    "ordinal",
    "paired",
    "permutation_test",
    "refit",
    "reliability",
    "responders",
]
