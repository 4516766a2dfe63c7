"""What each analysis found."""

from __future__ import annotations

from collections.abc import Iterator

from kbstudy.analysis import Results
from kbstudy.estimates import Estimates
from kbstudy.reporting import pictures
from kbstudy.reporting.sections.cells import header
from kbstudy.reporting.tree import Block, Cell, Heading, Row, Table, Text
from kbstudy.study import Analysis

__all__ = ["analyses"]


def analyses(results: Results) -> Iterator[Block]:
    """A sentence, a table and a figure for each analysis."""
    if not results.estimates:
        return
    yield Heading("Results")
    for analysis in results.study.plan.analyses:
        estimates = results.estimates[analysis.name]
        label = f"{estimates.title} (primary)" if analysis.primary else estimates.title
        yield Heading(label, 2)
        yield Text(estimates.sentence(contrast=analysis.estimand.contrast if estimates.compares else None))
        yield Text(_estimand(results, analysis), "small")
        yield _estimates_table(estimates, analysis.name)
        for draw in (pictures.estimation, pictures.means_over_time):
            figure = draw(results, analysis.name)
            if figure:
                yield figure


def _estimand(results: Results, analysis: Analysis) -> str:
    """The attributes of the estimand (ICH E9(R1)) in one line."""
    asked = analysis.estimand
    who = f"everyone in {analysis.arm}" if analysis.arm else "everyone allocated"
    what = f"; contrast: {asked.contrast}".replace(" - ", " minus ") if asked.contrast else ""
    title = results.study.plan.outcome(analysis.outcome).title
    return (
        f"Estimand. Population: {who}; variable: {title}{what}; time: {asked.visit}; "
        f"intercurrent events: {asked.intercurrent}."
    )


def _kept_together(visit: str) -> str:
    """A short name stays on one line."""
    return visit.replace(" ", "\N{NO-BREAK SPACE}") if len(visit) <= 12 else visit


def _estimates_table(estimates: Estimates, name: str) -> Table:
    table = estimates.table().drop(columns="Method", errors="ignore")
    if "Visit" in table:
        table["Visit"] = [_kept_together(visit) for visit in table["Visit"]]
    methods = list(dict.fromkeys(estimates.frame["method"].dropna()))
    return Table(
        caption=f"{estimates.title}.",
        header=(header(*(str(column) for column in table.columns)),),
        rows=tuple(Row(tuple(Cell(str(value)) for value in record)) for record in table.to_numpy()),
        align=tuple("left" if column in ("", "Visit") else "right" for column in table.columns),
        notes=(*([f"Methods: {'; '.join(methods)}."] if methods else []), *estimates.notes),
        name=name,
    )
