"""The declared study: its plan, its data checked against the plan, its ledger."""

from kbstudy.study.codebooks import codebook
from kbstudy.study.drafting import new
from kbstudy.study.exporting import export
from kbstudy.study.inspection import inspect
from kbstudy.study.loading import load
from kbstudy.study.plan import Analysis, Claim, Correction, Covariate, Outcome, Plan
from kbstudy.study.plan_file import read_plan
from kbstudy.study.study import Study

__all__ = [
    "Analysis",
    "Claim",
    "Correction",
    "Covariate",
    "Outcome",
    "Plan",
    "Study",
    "codebook",
    "export",
    "inspect",
    "load",
    "new",
    "read_plan",
]
