"""The locked plan, and what was done otherwise."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from kbstudy.analysis import Results
from kbstudy.analysis.planned import Kind, planned
from kbstudy.reporting.sections.cells import header
from kbstudy.reporting.tree import Block, Cell, Heading, Row, Run, Table, Text
from kbstudy.study import Deviation, LockedPlan

__all__ = ["plan_and_deviations"]

_KINDS: Final[dict[Kind, str]] = {
    "analysis": "Analysis",
    "family": "Family of tests",
    "claim": "Claim",
    "multiverse": "Multiverse",
    "reliability": "Reliability",
    "harms": "Harms",
    "adherence": "Adherence",
}
_NO_REASON = "no reason is given"
_AMENDMENT = (
    "An amendment made when data existed makes nothing prespecified: that they had not been seen cannot be known from "
    "a file. What is post hoc is told by the lock before it."
)
_READING = "It is about how the files are read, and makes no analysis another one."


def plan_and_deviations(results: Results) -> Iterator[Block]:
    """When the plan was locked, every difference from it, and what that makes of each result."""
    locked = results.study.locked
    if locked is None:
        return
    yield Heading("Plan and deviations")
    yield Text((Run(f"{locked.sentence()} {_data(locked)} SHA-256 of the lock: "), Run(locked.lock.sha256, code=True)))
    if locked.deviations:
        yield _table(
            locked.deviations,
            "Every difference between the locked plan and what was done.",
            "deviations",
            ("Locked", "Now"),
            "Titles, labels, explanations and the number of decimals do not count. A result is post hoc if something "
            "that it rests on differs from the lock.",
        )
    yield from _earlier(locked)
    if results.estimates or results.verdicts:
        yield _results(results)


def _data(locked: LockedPlan) -> str:
    """What a reader must know of the data at that time."""
    if locked.same_data is None:
        return "The date is as given by who locked it."
    same = "the same as then" if locked.same_data else "not the same as then"
    return f"The data existed when the plan was locked, so it may have been made with their knowledge; they are {same}."


def _table(deviations: Sequence[Deviation], caption: str, name: str, heads: tuple[str, str], *notes: str) -> Table:
    return Table(
        caption=caption,
        header=(header("What", *heads, "Kind", "Why"),),
        rows=tuple(_row(deviation) for deviation in deviations),
        align=("left",) * 5,
        notes=notes,
        name=name,
    )


def _row(deviation: Deviation) -> Row:
    why = f"{deviation.why or _NO_REASON}{'' if deviation.why.endswith('.') else '.'}"
    said = [f"{why[:1].upper()}{why[1:]}"]
    said += [f"Amended on {deviation.amended}."] if deviation.amended else []
    said += [_READING] if deviation.is_reading else []
    texts = (deviation.what, deviation.locked or "–", deviation.now or "–", deviation.kind)
    return Row((*(Cell(text) for text in texts), Cell(" ".join(said), bold=not deviation.why)))


def _earlier(locked: LockedPlan) -> Iterator[Block]:
    """Every lock stays in the file, and what each later one changed is shown: an amendment is not a first plan."""
    for number, (one, other, changes) in enumerate(
        zip(locked.locks, locked.locks[1:], locked.amendments, strict=False), start=1
    ):
        caption = f"The plan was locked {one.when}, and again {other.when}; this was changed."
        hashes = "; ".join(f"{lock.date}: {lock.sha256}" for lock in (one, other))
        notes = [f"SHA-256 of the locks: {hashes}."]
        notes += [] if other.before_data else [_AMENDMENT]
        yield _table(changes, caption, f"amendment-{number}", ("Earlier", "Later"), *notes)


def _results(results: Results) -> Table:
    """What is prespecified and what is post hoc, in one place."""
    rows = [(kind, name) for kind, names in planned(results.study).items() for name in names]
    return Table(
        caption="What was planned.",
        header=(header("Kind", "What", "Prespecified or post hoc"),),
        rows=tuple(
            Row((Cell(_KINDS[kind]), Cell(_title(results, kind, name)), _said(results.prespecified(kind, name))))
            for kind, name in rows
        ),
        align=("left",) * 3,
        name="planned",
    )


def _title(results: Results, kind: Kind, name: str) -> str:
    """What a reader knows a result by."""
    if kind == "analysis":
        return results.estimates[name].title
    if kind == "claim":
        return f"{name}: “{results.study.plan.claim(name).says}”"
    return {"multiverse": f"of claim {name}", "harms": "adverse events", "adherence": "sessions attended"}.get(
        kind, name
    )


def _said(prespecified: bool | None) -> Cell:
    return Cell("prespecified") if prespecified else Cell("post hoc", bold=True)
