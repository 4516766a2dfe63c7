"""From results to a report: one tree, three writers."""

from kbstudy.reporting.build import build
from kbstudy.reporting.tree import Report
from kbstudy.reporting.verifying import Verification, verify
from kbstudy.reporting.write import FORMATS, report

__all__ = ["FORMATS", "Report", "Verification", "build", "report", "verify"]
