"""Runs what a study declares: its analyses, then the verdicts on its claims."""

from kbstudy.analysis.flow import Flow, FlowArm
from kbstudy.analysis.provenance import Provenance
from kbstudy.analysis.results import Results
from kbstudy.analysis.running import analyse

__all__ = ["Flow", "FlowArm", "Provenance", "Results", "analyse"]
