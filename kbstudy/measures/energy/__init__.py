"""Energy expenditure: equations by name, totals over time, what a device did, bouts, the highest uptake."""

from kbstudy.measures.energy.averaging import Peak, averaging_sensitivity, vo2_peak
from kbstudy.measures.energy.bouts import Bout, find_bouts
from kbstudy.measures.energy.budget import EnergyBudget, energy_expenditure
from kbstudy.measures.energy.equations import (
    ENERGY_PER_LITRE_O2,
    EQUATIONS,
    Equation,
    Substrates,
    energy_rate,
    equation_named,
)
from kbstudy.measures.energy.identification import Identified, identify_equation
from kbstudy.measures.energy.integration import Integral, gap_limit, integrate
from kbstudy.measures.energy.protocols import Protocol
from kbstudy.measures.energy.recovery import Baseline, Lactate
from kbstudy.measures.energy.running import RUNNING_COLUMNS, beside_running
from kbstudy.measures.energy.sessions import SESSION_COLUMNS, Session, SessionRules, budget_of, measure_session

__all__ = [
    "ENERGY_PER_LITRE_O2",
    "EQUATIONS",
    "RUNNING_COLUMNS",
    "SESSION_COLUMNS",
    "Baseline",
    "Bout",
    "EnergyBudget",
    "Equation",
    "Identified",
    "Integral",
    "Lactate",
    "Peak",
    "Protocol",
    "Session",
    "SessionRules",
    "Substrates",
    "averaging_sensitivity",
    "beside_running",
    "budget_of",
    "energy_expenditure",
    "energy_rate",
    "equation_named",
    "find_bouts",
    "gap_limit",
    "identify_equation",
    "integrate",
    "measure_session",
    "vo2_peak",
]
