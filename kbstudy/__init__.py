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
    "IsometricPull": "kbstudy.measures.force",
    "Jump": "kbstudy.measures.force",
    "Ledger": "kbstudy.ledger",
    "Lock": "kbstudy.study",
    "MixedFit": "kbstudy.models",
    "Multiverse": "kbstudy.claims",
    "OneRepMax": "kbstudy.measures.strength",
    "Pooled": "kbstudy.evidence",
    "Recording": "kbstudy.recording",
    "Refits": "kbstudy.models",
    "Region": "kbstudy.claims",
    "Reliability": "kbstudy.models",
    "Results": "kbstudy.analysis",
    "SampleSize": "kbstudy.simulate",
    "Scored": "kbstudy.measures.scoring",
    "Strength": "kbstudy.measures.strength",
    "Study": "kbstudy.study",
    "StudyError": "kbstudy.errors",
    "TwoArmTrial": "kbstudy.simulate",
    "Verdict": "kbstudy.claims",
    "Verification": "kbstudy.reporting",
    "adherence": "kbstudy.models",
    "analyse": "kbstudy.analysis",
    "ancova": "kbstudy.models",
    "audit_energy_claim": "kbstudy.evidence",
    "back_extension": "kbstudy.measures.strength",
    "codebook": "kbstudy.study",
    "compare_analyses": "kbstudy.models",
    "crossover": "kbstudy.models",
    "dose_response": "kbstudy.models",
    "energy_expenditure": "kbstudy.measures.energy",
    "equivalence": "kbstudy.models",
    "export": "kbstudy.study",
    "from_statsmodels": "kbstudy.models",
    "gee": "kbstudy.models",
    "grip": "kbstudy.measures.strength",
    "harms": "kbstudy.models",
    "hold_time": "kbstudy.models",
    "individual_response": "kbstudy.models",
    "inspect": "kbstudy.study",
    "isometric_pull": "kbstudy.measures.force",
    "judge": "kbstudy.claims",
    "jump": "kbstudy.measures.force",
    "likelihood_ratio": "kbstudy.models",
    "lmm": "kbstudy.models",
    "load": "kbstudy.study",
    "lock": "kbstudy.study",
    "mean": "kbstudy.models",
    "mmrm": "kbstudy.models",
    "multiverse": "kbstudy.claims",
    "new": "kbstudy.study",
    "one_rep_max": "kbstudy.measures.strength",
    "ordinal": "kbstudy.models",
    "paired": "kbstudy.models",
    "permutation_test": "kbstudy.models",
    "pool": "kbstudy.evidence",
    "read_force": "kbstudy.readers.force",
    "read_gas_exchange": "kbstudy.readers",
    "read_gas_exchange_folder": "kbstudy.readers",
    "read_heart_rate": "kbstudy.readers.heart_rate",
    "read_redcap": "kbstudy.readers",
    "read_table": "kbstudy.readers",
    "refit": "kbstudy.models",
    "reliability": "kbstudy.models",
    "report": "kbstudy.reporting",
    "responders": "kbstudy.models",
    "sample_size": "kbstudy.simulate",
    "score": "kbstudy.measures.scoring",
    "verify": "kbstudy.reporting",
}

__all__ = [*sorted(_HOME), "__version__"]

if TYPE_CHECKING:
    from kbstudy.analysis import Results as Results
    from kbstudy.analysis import analyse as analyse
    from kbstudy.claims import Multiverse as Multiverse
    from kbstudy.claims import Region as Region
    from kbstudy.claims import Verdict as Verdict
    from kbstudy.claims import judge as judge
    from kbstudy.claims import multiverse as multiverse
    from kbstudy.errors import StudyError as StudyError
    from kbstudy.estimates import Estimates as Estimates
    from kbstudy.evidence import Audit as Audit
    from kbstudy.evidence import Pooled as Pooled
    from kbstudy.evidence import audit_energy_claim as audit_energy_claim
    from kbstudy.evidence import pool as pool
    from kbstudy.ledger import Ledger as Ledger
    from kbstudy.measures.energy import EnergyBudget as EnergyBudget
    from kbstudy.measures.energy import energy_expenditure as energy_expenditure
    from kbstudy.measures.force import IsometricPull as IsometricPull
    from kbstudy.measures.force import Jump as Jump
    from kbstudy.measures.force import isometric_pull as isometric_pull
    from kbstudy.measures.force import jump as jump
    from kbstudy.measures.scoring import Scored as Scored
    from kbstudy.measures.scoring import score as score
    from kbstudy.measures.strength import OneRepMax as OneRepMax
    from kbstudy.measures.strength import Strength as Strength
    from kbstudy.measures.strength import back_extension as back_extension
    from kbstudy.measures.strength import grip as grip
    from kbstudy.measures.strength import one_rep_max as one_rep_max
    from kbstudy.models import MixedFit as MixedFit
    from kbstudy.models import Refits as Refits
    from kbstudy.models import Reliability as Reliability
    from kbstudy.models import adherence as adherence
    from kbstudy.models import ancova as ancova
    from kbstudy.models import compare_analyses as compare_analyses
    from kbstudy.models import crossover as crossover
    from kbstudy.models import dose_response as dose_response
    from kbstudy.models import equivalence as equivalence
    from kbstudy.models import from_statsmodels as from_statsmodels
    from kbstudy.models import gee as gee
    from kbstudy.models import harms as harms
    from kbstudy.models import hold_time as hold_time
    from kbstudy.models import individual_response as individual_response
    from kbstudy.models import likelihood_ratio as likelihood_ratio
    from kbstudy.models import lmm as lmm
    from kbstudy.models import mean as mean
    from kbstudy.models import mmrm as mmrm
    from kbstudy.models import ordinal as ordinal
    from kbstudy.models import paired as paired
    from kbstudy.models import permutation_test as permutation_test
    from kbstudy.models import refit as refit
    from kbstudy.models import reliability as reliability
    from kbstudy.models import responders as responders
    from kbstudy.readers import read_gas_exchange as read_gas_exchange
    from kbstudy.readers import read_gas_exchange_folder as read_gas_exchange_folder
    from kbstudy.readers import read_redcap as read_redcap
    from kbstudy.readers import read_table as read_table
    from kbstudy.readers.force import read_force as read_force
    from kbstudy.readers.heart_rate import read_heart_rate as read_heart_rate
    from kbstudy.recording import Recording as Recording
    from kbstudy.reporting import Verification as Verification
    from kbstudy.reporting import report as report
    from kbstudy.reporting import verify as verify
    from kbstudy.simulate import SampleSize as SampleSize
    from kbstudy.simulate import TwoArmTrial as TwoArmTrial
    from kbstudy.simulate import sample_size as sample_size
    from kbstudy.study import Lock as Lock
    from kbstudy.study import Study as Study
    from kbstudy.study import codebook as codebook
    from kbstudy.study import export as export
    from kbstudy.study import inspect as inspect
    from kbstudy.study import load as load
    from kbstudy.study import lock as lock
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
