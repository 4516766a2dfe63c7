"""Published studies as data: what a paper reported, how well it is verified, and what follows from it."""

from kbstudy.evidence.audit import AUDIT_COLUMNS, Audit, audit_energy_claim, audit_rows
from kbstudy.evidence.published import (
    PUBLISHED_COLUMNS,
    citation,
    published_estimates,
    published_frame,
    study_and_year,
)

__all__ = [
    "AUDIT_COLUMNS",
    "PUBLISHED_COLUMNS",
    "Audit",
    "audit_energy_claim",
    "audit_rows",
    "citation",
    "published_estimates",
    "published_frame",
    "study_and_year",
]
