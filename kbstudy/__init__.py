"""kbstudy: exercise and rehabilitation trials, from raw files to honest verdicts.

The public names below are loaded when they are first used, so that ``import kbstudy`` costs nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_HOME = {
    "Audit": "kbstudy.evidence",
    "EnergyBudget": "kbstudy.measures.energy",
    "Estimates": "kbstudy.estimates",
    "Inspection": "kbstudy.study.inspection",
    "Ledger": "kbstudy.ledger",
    "MixedFit": "kbstudy.models",
    "Recording": "kbstudy.recording",
    "Refits": "kbstudy.models",
    "Region": "kbstudy.claims",
    "Results": "kbstudy.analysis",
    "Study": "kbstudy.study",
    "StudyError": "kbstudy.errors",
    "Verdict": "kbstudy.claims",
    "analyse": "kbstudy.analysis",
    "ancova": "kbstudy.models",
    "audit_energy_claim": "kbstudy.evidence",
    "codebook": "kbstudy.study",
    "energy_expenditure": "kbstudy.measures.energy",
    "equivalence": "kbstudy.models",
    "export": "kbstudy.study",
    "from_statsmodels": "kbstudy.models",
    "gee": "kbstudy.models",
    "inspect": "kbstudy.study",
    "judge": "kbstudy.claims",
    "likelihood_ratio": "kbstudy.models",
    "lmm": "kbstudy.models",
    "load": "kbstudy.study",
    "mmrm": "kbstudy.models",
    "new": "kbstudy.study",
    "paired": "kbstudy.models",
    "read_gas_exchange": "kbstudy.readers.gas_exchange",
    "read_redcap": "kbstudy.readers",
    "read_table": "kbstudy.readers",
    "refit": "kbstudy.models",
    "report": "kbstudy.reporting",
    "responders": "kbstudy.models",
}

__all__ = [*sorted(_HOME), "__version__"]

if TYPE_CHECKING:
    from kbstudy.analysis import Results as Results
    from kbstudy.analysis import analyse as analyse
    from kbstudy.claims import Region as Region
    from kbstudy.claims import Verdict as Verdict
    from kbstudy.claims import judge as judge
    from kbstudy.errors import StudyError as StudyError
    from kbstudy.estimates import Estimates as Estimates
    from kbstudy.evidence import Audit as Audit
    from kbstudy.evidence import audit_energy_claim as audit_energy_claim
    from kbstudy.ledger import Ledger as Ledger
    from kbstudy.measures.energy import EnergyBudget as EnergyBudget
    from kbstudy.measures.energy import energy_expenditure as energy_expenditure
    from kbstudy.models import MixedFit as MixedFit
    from kbstudy.models import Refits as Refits
    from kbstudy.models import ancova as ancova
    from kbstudy.models import equivalence as equivalence
    from kbstudy.models import from_statsmodels as from_statsmodels
    from kbstudy.models import gee as gee
    from kbstudy.models import likelihood_ratio as likelihood_ratio
    from kbstudy.models import lmm as lmm
    from kbstudy.models import mmrm as mmrm
    from kbstudy.models import paired as paired
    from kbstudy.models import refit as refit
    from kbstudy.models import responders as responders
    from kbstudy.readers import read_redcap as read_redcap
    from kbstudy.readers import read_table as read_table
    from kbstudy.readers.gas_exchange import read_gas_exchange as read_gas_exchange
    from kbstudy.recording import Recording as Recording
    from kbstudy.reporting import report as report
    from kbstudy.study import Study as Study
    from kbstudy.study import codebook as codebook
    from kbstudy.study import export as export
    from kbstudy.study import inspect as inspect
    from kbstudy.study import load as load
    from kbstudy.study import new as new
    from kbstudy.study.inspection import Inspection as Inspection


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'kbstudy' has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
