"""What exactly each analysis estimates: the attributes of its estimand, before any result."""

from __future__ import annotations

from collections.abc import Iterator

from kbstudy.analysis import Results
from kbstudy.reporting.sections.cells import header
from kbstudy.reporting.tree import Block, Cell, Heading, Row, Table
from kbstudy.study import Analysis

__all__ = ["estimands"]

_SUMMARY = {
    "ancova": "difference of means adjusted for baseline",
    "clda": "difference of means, arms equal at baseline",
    "lmm": "difference of means adjusted for baseline",
    "mean": "mean",
    "mmrm": "difference of means adjusted for baseline",
    "paired": "mean change from baseline",
    "responders": "difference of shares",
}


def estimands(results: Results) -> Iterator[Block]:
    """A row an analysis: population, treatments, variable, intercurrent events, summary (ICH E9(R1))."""
    if not results.study.plan.analyses:
        return
    yield Heading("What is estimated")
    yield Table(
        caption="Estimands, as declared in study.toml.",
        header=(header("Analysis", "Population", "Treatments", "Variable, time", "Intercurrent events", "Summary"),),
        rows=tuple(_row(results, analysis) for analysis in results.study.plan.analyses),
        align=("left",) * 6,
        notes=(
            "Attributes of an estimand after ICH E9(R1). Population: those in the files with an arm; who was eligible "
            "is a matter of the protocol.",
        ),
        name="estimands",
    )


def _row(results: Results, analysis: Analysis) -> Row:
    plan, asked = results.study.plan, analysis.estimand
    outcome = plan.outcome(analysis.outcome)
    label = f"{analysis.name} (primary)" if analysis.primary else analysis.name
    who = f"everyone in {analysis.arm}" if analysis.arm else "everyone allocated"
    treatments = (asked.contrast or analysis.arm or "one group").replace(" - ", " against ")
    summary = _SUMMARY.get(analysis.method, analysis.method.replace("_", " "))
    texts = (label, who, treatments, f"{outcome.title}, {asked.visit}", asked.intercurrent, summary)
    return Row(tuple(Cell(text) for text in texts))
