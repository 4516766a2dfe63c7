"""The sections of a report, in the order in which a reader meets them."""

from kbstudy.reporting.sections.account import data_account, methods, provenance
from kbstudy.reporting.sections.appendix import checks, meta_rows, missing, planned_size, sensitivity
from kbstudy.reporting.sections.checklists import checklists
from kbstudy.reporting.sections.claims import verdicts
from kbstudy.reporting.sections.estimands import estimands
from kbstudy.reporting.sections.multiverses import multiverses
from kbstudy.reporting.sections.opening import opening
from kbstudy.reporting.sections.people import baseline, flow, outcomes
from kbstudy.reporting.sections.plan import plan_and_deviations
from kbstudy.reporting.sections.published import published
from kbstudy.reporting.sections.results import analyses
from kbstudy.reporting.sections.safety import adherence, harms, reliability
from kbstudy.reporting.sections.sessions import sessions

__all__ = [
    "adherence",
    "analyses",
    "baseline",
    "checklists",
    "checks",
    "data_account",
    "estimands",
    "flow",
    "harms",
    "meta_rows",
    "methods",
    "missing",
    "multiverses",
    "opening",
    "outcomes",
    "plan_and_deviations",
    "planned_size",
    "provenance",
    "published",
    "reliability",
    "sensitivity",
    "sessions",
    "verdicts",
]
