"""Harms, adherence, reliability: what stands beside the effects."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from kbstudy import formatting as fmt
from kbstudy.analysis import Results
from kbstudy.estimates import Estimates
from kbstudy.models import Reliability
from kbstudy.reporting import pictures
from kbstudy.reporting._planned import marked, planned_table
from kbstudy.reporting.sections.cells import header_of, rows_of, text_then_numbers
from kbstudy.reporting.tree import Block, Cell, Heading, Row, Table, Text

__all__ = ["adherence", "harms", "reliability"]


def harms(results: Results) -> Iterator[Block]:
    """Adverse events by arm: people, events for their time at risk, and no p-values."""
    if results.harms is None:
        return
    yield Heading("Harms")
    yield Text(results.harms.sentence())
    yield pictures.safety(results, "harms")
    yield _table(results.harms, "harms")


def adherence(results: Results) -> Iterator[Block]:
    """Sessions attended of those planned."""
    if results.adherence is None:
        return
    yield Heading("Adherence")
    yield Text(results.adherence.sentence())
    yield pictures.safety(results, "adherence")
    yield _table(results.adherence, "adherence")


def _table(estimates: Estimates, name: str) -> Table:
    title, table = planned_table(estimates)
    table = table.drop(columns=["Method"], errors="ignore")
    methods = dict.fromkeys(text.split(";")[0] for text in estimates.frame["method"].dropna())  # the notes have counts
    return Table(
        caption=f"{title}.",
        header=header_of(table),
        rows=tuple(_grouped(estimates.frame["term"], table)),
        align=text_then_numbers(table.shape[1] - 1),
        notes=(*([f"Methods: {'; '.join(methods)}."] if methods else []), *estimates.notes),
        name=name,
    )


def _grouped(terms: pd.Series, table: pd.DataFrame) -> Iterator[Row]:
    """A row an estimate; those of one event, as in "event_rate: muscle soreness", stand under its name."""
    last = ""
    for term, record in zip(terms, table.to_numpy(), strict=True):
        event = str(term).partition(": ")[2]
        if event and event != last:
            yield Row((Cell(event[0].upper() + event[1:]),), group=True)
        last = event
        label, *rest = map(str, record)
        label = label.replace(f": {event}", "", 1) if event else label
        yield Row(tuple(map(Cell, (label, *rest))), indent=bool(event))


def reliability(results: Results) -> Iterator[Block]:
    """How well outcomes agree with themselves when they are measured again."""
    if not results.reliabilities:
        return
    yield Heading("Reliability of the measurements")
    for name, found in results.reliabilities.items():
        stamp = f"[{results.stamp}] " if results.stamp else ""
        yield Heading(f"{found.outcome}: {fmt.words(found.trials)}", 2)
        yield Text(stamp + found.sentence())
        yield _reliability_table(name, found, results.prespecified("reliability", name))


def _reliability_table(name: str, found: Reliability, prespecified: bool | None) -> Table:
    table = found.table()
    return Table(
        caption=f"{marked(f'Reliability of {found.outcome}', prespecified)}.",
        header=header_of(table),
        rows=rows_of(table),
        align=text_then_numbers(table.shape[1] - 1),
        notes=found.notes,
        name=f"reliability-{name}",
    )
