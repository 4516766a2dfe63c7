"""From results to a report: one tree, three writers."""

from kbstudy.report.build import build
from kbstudy.report.write import FORMATS, report
from kbstudy.report.tree import Report

__all__ = ["FORMATS", "Report", "build", "report"]
