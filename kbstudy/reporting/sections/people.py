"""Who took part, who they were, what was measured."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from kbstudy import formatting as fmt
from kbstudy.analysis import Results
from kbstudy.ledger import Ledger
from kbstudy.reporting import pictures
from kbstudy.reporting.sections.cells import header, text_then_numbers
from kbstudy.reporting.tree import Block, Cell, Heading, Row, Table

__all__ = ["baseline", "flow", "outcomes"]


def flow(results: Results) -> Iterator[Block]:
    """The flow of participants, and who is in each analysis."""
    if results.flow is None:
        return
    yield Heading("Who took part")
    yield pictures.flow(results)
    yield Heading("Who is in each analysis", 2)
    yield Table(
        caption="People in each analysis, and why the others are not.",
        header=(
            header("Arm", "Allocated", "With a value", "Analysed", "Who has no value or is not analysed, and why"),
        ),
        rows=tuple(row for name in results.estimates for row in _ledger_rows(results, name)),
        align=("left", "right", "right", "right", "left"),
        notes=(*_several_visits(results), *_never(results)),
        name="analysis-sets",
    )


def _ledger_rows(results: Results, name: str) -> Iterator[Row]:
    estimates = results.estimates[name]
    assert estimates.ledger is not None
    yield Row((Cell(estimates.title, span=5),), group=True)
    people, visits = estimates.ledger.by_person(), estimates.ledger.counts()
    for row in people.counts().to_dict("records"):
        arm = row["arm"] or "All"
        if people is estimates.ledger:
            yield _ledger_row(estimates.ledger, row, arm)
            continue
        yield _ledger_row(estimates.ledger, row, f"{arm}, any visit")
        for one in visits[visits["arm"] == row["arm"]].to_dict("records"):
            yield _ledger_row(estimates.ledger, one, f"{arm}, {one['visit']}")


def _ledger_row(ledger: Ledger, row: dict[str, Any], label: str) -> Row:
    counted = ledger.ids("counted", arm=row["arm"])
    who = "; ".join(text for text in (row["who_is_out"], _counted(counted)) if text)
    numbers = (str(row[name]) for name in ("randomised", "measured", "analysed"))
    return Row(tuple(Cell(text) for text in (label, *numbers, who or "–")), indent=True)


def _several_visits(results: Results) -> tuple[str, ...]:
    if not any(analysis.is_mixed for analysis in results.study.plan.analyses):
        return ()
    return ("A model of several visits analyses everyone who has a usable value at any of them.",)


def _counted(ids: list[str]) -> str:
    return f"counted without a value: {', '.join(ids)}" if ids else ""


def _never(results: Results) -> tuple[str, ...]:
    if results.study.plan.arms == ("",):
        return ("There is one group, and everyone in the files belongs to it.",)
    ids = results.ledger().ids("not randomised")
    if not ids:
        return ("Everyone in the files was allocated to an arm.",)
    shown = ", ".join(ids[:12]) + (f" and {len(ids) - 12} more" if len(ids) > 12 else "")
    return (f"{fmt.count(len(ids), 'person', 'people')} in the files had no arm (never allocated): {shown}.",)


def baseline(results: Results) -> Iterator[Block]:
    """Characteristics by arm, without p-values."""
    if results.baseline is None or results.baseline.empty:
        return
    arms = results.study.plan.arms
    frame = results.baseline
    sizes = [results.study.people["arm"].eq(arm).sum() for arm in arms]
    head = ["", *(f"{arm or 'All'} (n = {size})" for arm, size in zip(arms, sizes, strict=True))]
    rows = [row for name in dict.fromkeys(frame["variable"]) for row in _baseline_rows(frame, name, arms)]
    yield Heading("Who they were")
    yield Table(
        caption="Baseline characteristics." if arms == ("",) else "Baseline characteristics by arm, as allocated.",
        header=(header(*head),),
        rows=tuple(rows),
        align=text_then_numbers(len(arms)),
        notes=(
            "Mean (SD) or number/known (share). “n” is given where a value is missing.",
            *([] if arms == ("",) else [_WHY_NO_P[results.study.plan.design.allocation == "randomised"]]),  # type: ignore[union-attr]
        ),
        name="baseline",
    )


_WHY_NO_P = {
    True: (
        "There are no p-values: in a randomised trial a difference at baseline is chance by design, and a test of it "
        "answers no question."
    ),
    False: "There are no p-values: what matters is how large the differences are, not whether they pass a test.",
}


def _baseline_rows(frame: pd.DataFrame, name: str, arms: tuple[str, ...]) -> Iterator[Row]:
    mine = frame[frame["variable"] == name]
    first = mine.iloc[0]
    label = f"{first['label']} ({first['unit']})" if first["unit"] else str(first["label"])
    if first["kind"] == "number":
        cells = [_mean_sd(mine[mine["arm"] == arm].iloc[0], show_n=True) for arm in arms]
        yield Row((Cell(label), *(Cell(text) for text in cells)))
        return
    yield Row((Cell(label), *(Cell("") for _ in arms)))
    for level in dict.fromkeys(mine["level"]):
        rows = [mine[(mine["arm"] == arm) & (mine["level"] == level)].iloc[0] for arm in arms]
        cells = [fmt.percent(row["count"], row["n"]) for row in rows]
        yield Row((Cell(str(level)), *(Cell(text) for text in cells)), indent=True)


def _mean_sd(row: pd.Series, *, show_n: bool = False) -> str:
    if row["n"] == 0:
        return "no value"
    digits = int(row["decimals"])
    text = f"{fmt.number(row['mean'], digits)} ({fmt.number(row['sd'], digits)})"
    return f"{text}, n = {row['n']:.0f}" if show_n and row["n"] < row["allocated"] else text


def outcomes(results: Results) -> Iterator[Block]:
    """Every outcome at every visit by arm."""
    if results.outcomes is None or results.outcomes.empty:
        return
    arms, frame = results.study.plan.arms, results.outcomes
    top = (Cell(""), *(Cell(arm or "All", span=2) for arm in arms))
    under = (Cell("Visit"), *(cell for _ in arms for cell in (Cell("n"), Cell("Mean (SD)"))))
    rows: list[Row] = []
    for name in dict.fromkeys(frame["variable"]):
        mine = frame[frame["variable"] == name]
        first = mine.iloc[0]
        rows.append(Row((Cell(f"{first['label']} ({first['unit']})", span=1 + 2 * len(arms)),), group=True))
        for visit in dict.fromkeys(mine["visit"]):
            found = [mine[(mine["arm"] == arm) & (mine["visit"] == visit)].iloc[0] for arm in arms]
            cells = [text for row in found for text in (f"{row['n']:.0f}", _mean_sd(row))]
            rows.append(Row((Cell(str(visit)), *(Cell(text) for text in cells)), indent=True))
    yield Heading("What was measured")
    yield Table(
        caption="Outcomes at each visit: everyone with a value.",
        header=(top, under),
        rows=tuple(rows),
        align=text_then_numbers(2 * len(arms)),
        notes=("Standard deviations, not standard errors.",),
        name="outcomes",
    )
