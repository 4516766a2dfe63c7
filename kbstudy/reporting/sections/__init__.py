"""The sections of a report, in the order in which a reader meets them."""

from kbstudy.reporting.sections.account import data_account, methods, provenance
from kbstudy.reporting.sections.claims import verdicts
from kbstudy.reporting.sections.opening import opening
from kbstudy.reporting.sections.people import baseline, flow, outcomes
from kbstudy.reporting.sections.published import published
from kbstudy.reporting.sections.results import analyses

__all__ = [
    "analyses",
    "baseline",
    "data_account",
    "flow",
    "methods",
    "opening",
    "outcomes",
    "provenance",
    "published",
    "verdicts",
]
