"""What a reviewer asks for: other answers to the same question, missing data, the model's checks, rows for pooling."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from kbstudy import formatting as fmt
from kbstudy.analysis import Results
from kbstudy.analysis.missing import MissingData
from kbstudy.reporting import pictures
from kbstudy.reporting._planned import marked
from kbstudy.reporting.sections.cells import header, text_then_numbers
from kbstudy.reporting.tree import Block, Cell, Heading, Row, Table, Text

__all__ = ["checks", "meta_rows", "missing", "planned_size", "sensitivity"]

_NO_TEST = (
    "x: a value at this visit; o: none. No test can tell whether values are missing at random: that rests on why "
    "people left, which the ledger says as far as it is known."
)


def planned_size(results: Results) -> Iterator[Block]:
    """How many people were planned for, on which assumptions, and what the data show of these."""
    found = results.planned_size
    if found is None:
        return
    unit = f" ({found.unit})" if found.unit else ""
    digits = found.decimals + 1
    allocated = fmt.words([str(n) for n in found.allocated])
    rows = (
        ("People per arm", str(found.planned_n), allocated),
        (f"Difference{unit}", fmt.number(found.difference, digits), "see Results"),
        (f"SD between people{unit}", fmt.number(found.sd, digits), fmt.number(found.observed_sd, digits)),
        ("Correlation with baseline", fmt.number(found.correlation, 2), fmt.number(found.observed_correlation, 2)),
        (
            "Without a value at the end",
            f"{fmt.number(100 * found.dropout, 0)}%",
            f"{fmt.number(100 * found.observed_dropout, 0)}%",
        ),
    )
    yield Heading("How many people were planned for")
    yield Text(f"Assumed from: {found.assumed_from}. Computed again: {found.recomputed.sentence()}")
    yield Table(
        caption=f"{found.outcome}: assumed when the trial was planned, and observed.",
        header=(header("", "Assumed", "Observed"),),
        rows=tuple(Row(tuple(Cell(text) for text in row)) for row in rows),
        align=text_then_numbers(2),
        notes=("Observed values inform the next trial. What this one found is in its intervals, not in a power.",),
        name="planned-size",
    )


def sensitivity(results: Results) -> Iterator[Block]:
    """The primary question answered in other ways."""
    frame = results.sensitivity
    if frame is None:
        return
    primary = results.estimates[frame.iloc[0]["analysis"]]
    digits, unit = primary.decimals, f" ({primary.unit})" if primary.unit else ""
    yield Heading("The primary question, answered in other ways", 2)
    yield pictures.sensitivity(results)
    yield Table(
        caption="The primary analysis and its sensitivity analyses.",
        header=(header("Analysis", "n", f"Difference{unit}", f"{fmt.confidence(primary.level)} CI"),),
        rows=tuple(
            Row(
                (
                    Cell(
                        marked(
                            f"{row['title']}{' (primary)' if row['is_primary'] else ''}",
                            results.prespecified("analysis", row["analysis"]),
                        ),
                        bold=bool(row["is_primary"]),
                    ),
                    Cell(fmt.number(row["n"], 0)),
                    Cell(fmt.number(row["estimate"], digits)),
                    Cell(fmt.interval(row["low"], row["high"], digits)),
                )
            )
            for row in frame.to_dict("records")
        ),
        align=text_then_numbers(3),
        notes=("None of these is chosen by its result: the primary analysis was declared.",),
        name="sensitivity",
    )


def missing(results: Results) -> Iterator[Block]:
    """Patterns of missing visits, and the baseline of those with and without all values."""
    shown = [one for one in results.missing if not one.is_complete]
    if not shown:
        return
    yield Heading("Missing data")
    for one in shown:
        yield from _missing(results, one)


def _missing(results: Results, one: MissingData) -> Iterator[Block]:
    outcome = results.study.plan.outcome(one.outcome)
    arms = list(dict.fromkeys(one.patterns["arm"]))
    yield Table(
        caption=f"{outcome.title}: patterns of missing values ({fmt.words(one.visits)}).",
        header=(header("Pattern", *(arm or "All" for arm in arms)),),
        rows=tuple(_pattern(one.patterns, name, arms) for name in dict.fromkeys(one.patterns["pattern"])),
        align=text_then_numbers(len(arms)),
        notes=(_NO_TEST, *_at_baseline(one, outcome.digits)),
        name=f"missing-{one.outcome}",
    )


def _pattern(patterns: pd.DataFrame, name: str, arms: list[str]) -> Row:
    mine = patterns[patterns["pattern"] == name].set_index("arm")
    cells = [fmt.percent(mine.loc[arm, "n"], mine.loc[arm, "allocated"]) for arm in arms]
    return Row((Cell(" ".join(name)), *(Cell(text) for text in cells)))


def _at_baseline(one: MissingData, digits: int) -> Iterator[str]:
    """In words: the baseline of those with all values, and of the others."""
    for arm, rows in one.baseline.groupby("arm", sort=False):
        told = [
            f"{row['group']} {fmt.number(row['mean'], digits)} (SD {fmt.number(row['sd'], digits)}; n = {row['n']})"
            for row in rows.to_dict("records")
            if row["n"]
        ]
        if told:
            yield f"Baseline mean{f' in {arm}' if arm else ''}: {fmt.words(told)}."


def checks(results: Results) -> Iterator[Block]:
    """Whether the model behind the primary analysis is believable."""
    for name, found in results.checks.items():
        yield Heading(f"Is the model of {name} believable?", 2)
        yield from (Text(sentence) for sentence in found.sentences)
        yield pictures.checks(results, name)


def meta_rows(results: Results) -> Iterator[Block]:
    """What a later meta-analysis needs."""
    frame = results.meta_rows
    if frame is None or frame.empty:
        return
    yield Heading("For a later meta-analysis", 2)
    digits = {outcome.name: outcome.digits for outcome in results.study.plan.outcomes}
    columns = ("baseline_mean", "baseline_sd", "mean", "sd", "change_mean", "change_sd")
    yield Table(
        caption="People with a baseline value and a later one; r is the correlation between the two.",
        header=(
            header("Outcome, visit, arm", "n", "Baseline mean", "SD", "Mean", "SD", "Change", "SD of change", "r"),
        ),
        rows=tuple(
            Row(
                (
                    Cell(", ".join(filter(None, (row["label"], row["visit"], row["arm"])))),
                    Cell(fmt.number(row["n"], 0)),
                    *(Cell(fmt.number(row[column], digits[row["outcome"]] + 1)) for column in columns),
                    Cell(fmt.number(row["correlation"], 2)),
                )
            )
            for row in frame.to_dict("records")
        ),
        align=text_then_numbers(8),
        name="meta-analysis-rows",
    )
