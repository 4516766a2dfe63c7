"""What the report is about."""

from __future__ import annotations

from collections.abc import Iterator

from kbstudy import formatting as fmt
from kbstudy.analysis import Results
from kbstudy.reporting.tree import Block, Card, Heading, Items, Text

__all__ = ["opening"]


def opening(results: Results) -> Iterator[Block]:
    """What the study is, and that it is simulated if it is."""
    study = results.study.plan.study
    yield Heading("What this is")
    if results.stamp:
        why = "The data were made by a program. They show what the software does; they say nothing about the world."
        yield Card("note", "Simulated data", (Text(why),))
    if study.summary:
        yield Text(" ".join(study.summary.split()))
    if study.registration:
        yield Text(f"Registration: {study.registration}.")
    facts = list(_facts(results))
    if facts:
        yield Items(tuple(Text(fact) for fact in facts))


def _facts(results: Results) -> Iterator[str]:
    design, locked = results.study.plan.design, results.study.locked
    if design is None:
        yield from [locked.sentence()] if locked else []
        return
    arms = [arm for arm in results.study.plan.arms if arm]
    how = {"not stated": "how people were allocated is not stated", "single group": "a single group"}
    allocation = how.get(design.allocation, f"{design.allocation} to {fmt.words(arms)}")
    yield f"Design: {allocation}; visits: {fmt.words(design.visit.levels)}."
    primary = next((item for item in results.study.plan.analyses if item.primary), None)
    if primary:
        yield f"Primary analysis: {results.estimates[primary.name].title}."
    else:
        yield "No primary analysis is declared."
    if locked:
        yield f"{locked.sentence()} They stand under “Plan and deviations”." if locked.deviations else locked.sentence()
    else:
        yield "The plan is the study.toml whose hash stands at the end; it was not locked before the data were seen."
