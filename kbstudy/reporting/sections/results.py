"""What each analysis found."""

from __future__ import annotations

from collections.abc import Iterator

from kbstudy import formatting as fmt
from kbstudy.analysis import Results
from kbstudy.estimates import Estimates
from kbstudy.reporting import pictures
from kbstudy.reporting._planned import marked, planned_table
from kbstudy.reporting.sections.cells import header, header_of, rows_of, text_then_numbers
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
        for draw in (pictures.estimation, pictures.means_over_time, pictures.own):
            figure = draw(results, analysis.name)
            if figure:
                yield figure
    yield from _families(results)


def _families(results: Results) -> Iterator[Block]:
    """Each declared family of tests as a table."""
    if results.families:
        yield Heading("Several tests together", 2)
    for family in results.families:
        digits = [int(value) for value in family.frame["decimals"]]
        rows = list(family.frame.itertuples())
        title = marked(f"Family “{family.name}”", results.prespecified("family", family.name))
        simultaneous = bool(family.frame["low_adjusted"].notna().any())
        yield Table(
            caption=f"{title}, adjusted by {family.method_words}'s method.",
            header=(header("Analysis", "Difference", "CI", "p", "Adjusted p", *(["Adjusted CI"] * simultaneous)),),
            rows=tuple(
                Row(
                    (
                        Cell(row.title),
                        Cell(f"{fmt.number(row.estimate, d)} {row.unit}".strip()),
                        Cell(fmt.interval(row.low, row.high, d)),
                        Cell(fmt.p_value(row.p)),
                        Cell(fmt.p_value(row.p_adjusted)),
                        *([Cell(fmt.interval(row.low_adjusted, row.high_adjusted, d))] * simultaneous),
                    )
                )
                for row, d in zip(rows, digits, strict=True)
            ),
            align=text_then_numbers(4 + simultaneous),
            notes=(family.note(),),
            name=f"family-{family.name}",
        )


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
    title, table = planned_table(estimates)
    table = table.drop(columns="Method", errors="ignore")
    if "Visit" in table:
        table["Visit"] = [_kept_together(visit) for visit in table["Visit"]]
    methods = list(dict.fromkeys(estimates.frame["method"].dropna()))
    return Table(
        caption=f"{title}.",
        header=header_of(table),
        rows=rows_of(table),
        align=tuple("left" if column in ("", "Visit", "Plan") else "right" for column in table.columns),
        notes=(*([f"Methods: {'; '.join(methods)}."] if methods else []), *estimates.notes),
        name=name,
    )
