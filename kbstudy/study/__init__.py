"""The declared study: its plan, its data checked against the plan, its ledger."""

from kbstudy.study.codebooks import codebook
from kbstudy.study.drafting import new
from kbstudy.study.exporting import export
from kbstudy.study.frozen import Deviation
from kbstudy.study.inspection import inspect
from kbstudy.study.loading import load
from kbstudy.study.locking import Lock, LockedPlan, lock
from kbstudy.study.plan import MIXED, OF_ONE_ARM, TESTED, Analysis, Claim, Correction, Covariate, Family, Outcome, Plan
from kbstudy.study.plan_claims import Judged, SettleSize, judged_in
from kbstudy.study.plan_file import read_plan
from kbstudy.study.plan_multiverse import MultiversePlan, is_about_published, is_about_sessions
from kbstudy.study.recordings import SessionRow
from kbstudy.study.study import Study

__all__ = [
    "MIXED",
    "OF_ONE_ARM",
    "TESTED",
    "Analysis",
    "Claim",
    "Correction",
    "Covariate",
    "Deviation",
    "Family",
    "Judged",
    "Lock",
    "LockedPlan",
    "MultiversePlan",
    "Outcome",
    "Plan",
    "SessionRow",
    "SettleSize",
    "Study",
    "codebook",
    "export",
    "inspect",
    "is_about_published",
    "is_about_sessions",
    "judged_in",
    "load",
    "lock",
    "new",
    "read_plan",
]
