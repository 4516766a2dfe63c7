"""Linear mixed models and mixed models for repeated measures, with small-sample inference.

``moments``, ``reduction`` and ``likelihood`` turn rows into sums over patterns of visits; ``structures`` and
``covariance`` say what a covariance looks like; ``optimise`` finds the optimum for one response or thousands;
``satterthwaite`` and ``kenward_roger`` give degrees of freedom; ``design`` and ``contrasts`` speak of arms and visits;
``fit`` is the result. Arrays go in and frozen dataclasses come out of all but the last.
Nothing here imports statsmodels or scipy.stats.
"""

from __future__ import annotations

from kbstudy.models.mixed.fit import MixedFit
from kbstudy.models.mixed.likelihood_ratio import likelihood_ratio
from kbstudy.models.mixed.lmm import lmm
from kbstudy.models.mixed.mmrm import mmrm
from kbstudy.models.mixed.refitting import Refits, refit
from kbstudy.models.mixed.statsmodels_adapter import from_statsmodels

__all__ = ["MixedFit", "Refits", "from_statsmodels", "likelihood_ratio", "lmm", "mmrm", "refit"]
