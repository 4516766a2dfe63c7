"""What a stated energy cost implies: the mass, the oxygen, the lactate and the pace that would have to go with it."""

from kbstudy.evidence.audit.nouns import Assumption, AuditWord, Finding, FindingWord
from kbstudy.evidence.audit.question import audit_energy_claim
from kbstudy.evidence.audit.result import AUDIT_COLUMNS, Audit, audit_rows
from kbstudy.evidence.audit.stated import Basis, Stated, stated_problems

__all__ = [
    "AUDIT_COLUMNS",
    "Assumption",
    "Audit",
    "AuditWord",
    "Basis",
    "Finding",
    "FindingWord",
    "Stated",
    "audit_energy_claim",
    "audit_rows",
    "stated_problems",
]
