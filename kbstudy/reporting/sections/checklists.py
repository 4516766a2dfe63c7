"""Reporting checklists, filled in as far as this report answers them; what it cannot know stays open."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from kbstudy.analysis import Results
from kbstudy.reporting.sections.cells import header
from kbstudy.reporting.tree import Block, Cell, Heading, Row, Table
from kbstudy.study.checklist_items import checklist

__all__ = ["checklists"]

#: What in this report answers an item: by heading, or by table where a heading holds several things.
_HEADINGS: Final[Mapping[str, tuple[str, ...]]] = {
    "adherence": ("Adherence",),
    "baseline": ("Who they were",),
    "claims": ("Claims and verdicts",),
    "deviations": ("Plan and deviations",),
    "estimands": ("What is estimated",),
    "flow": ("Who took part",),
    "harms": ("Harms",),
    "methods": ("Methods",),
    "missing": ("Missing data",),
    "multiverse": ("Would another choice have changed the verdict?",),
    "plan": ("Plan and deviations",),
    "provenance": ("Provenance",),
    "results": ("Results",),
    "sample_size": ("How many people were planned for",),
    "sensitivity": ("The primary question, answered in other ways", "Would another choice have changed the verdict?"),
    "analysis_sets": ("Who is in each analysis",),
}
_OPEN: Final = "open: say it in study.toml, or in the article"
_UNCHECKED: Final = "*"


def checklists(results: Results, blocks: Sequence[Block]) -> Iterator[Block]:
    """CONSORT 2025 for randomised trials and CERT for exercise, against the headings of the report so far."""
    study = results.study
    if not study.has_people or study.plan.design is None:
        return
    found = [block.text for block in blocks if isinstance(block, Heading)]
    names = ["consort_2025"] if study.plan.design.allocation == "randomised" else []
    yield Heading("Reporting checklists")
    for name in (*names, "cert"):
        yield _table(results, name, found)


def _table(results: Results, name: str, found: Sequence[str]) -> Table:
    content = checklist(name)
    said = results.study.plan.checklists.get(name, {})  # type: ignore[call-overload]
    rows = [_row(results, item, found, said) for item in content["item"]]
    unchecked = any(not item["wording_checked"] for item in content["item"])
    notes = [
        f"{content['source']}. doi:{content['doi']}. Topics in our own words: use the checklist itself for submission.",
        *(["* number and topic to be checked against the published checklist."] if unchecked else []),
    ]
    return Table(
        caption=f"{content['title']}: where this report answers each item.",
        header=(header("Item", "Topic", "Answered"),),
        rows=tuple(rows),
        align=("left", "left", "left"),
        notes=tuple(notes),
        name=f"checklist-{name.replace('_', '-')}",
    )


def _row(results: Results, item: Mapping[str, Any], found: Sequence[str], said: Mapping[str, str]) -> Row:
    mark = "" if item["wording_checked"] else _UNCHECKED
    answer = said.get(item["number"]) or _answer(results, item, found)
    return Row((Cell(f"{item['number']}{mark}"), Cell(item["topic"]), Cell(answer)))


def _answer(results: Results, item: Mapping[str, Any], found: Sequence[str]) -> str:
    key = item["answered_by"]
    if key == "registration":
        return results.study.plan.study.registration or "open: registration is not declared in study.toml"
    if not key:
        return _OPEN
    here = [f"“{heading}”" for heading in _HEADINGS[key] if heading in found]
    return ", ".join(here) if here else "open: nothing in study.toml answers it"
