"""``[[claim]]``: somebody's words, what would make them true, and what they are judged on."""

from __future__ import annotations

import string
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Final, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from kbstudy.errors import Problem
from kbstudy.evidence.pooling import Interval, PoolModel, Tau2Method
from kbstudy.study.declared import Declared, Filled, Name, Slug
from kbstudy.study.plan_audit import EnergyAudit, audit_problems

if TYPE_CHECKING:
    from kbstudy.study.plan import Plan
    from kbstudy.study.plan_file import Lines, Location

__all__ = [
    "PLAIN_KEYS",
    "Claim",
    "EvidenceRows",
    "Judged",
    "Link",
    "Settle",
    "SettleSize",
    "TrueIf",
    "claim_problems",
    "judged_in",
]


PlainKey = Literal["supported", "not_supported", "inconclusive", "no_evidence"]
#: The verdicts a plain sentence can be written for, as they stand in ``plainly``.
PLAIN_KEYS: Final = ("supported", "not_supported", "inconclusive", "no_evidence")
#: What may stand in braces in a plain sentence; the report fills in what was found.
PLACEHOLDERS: Final = ("estimate", "size", "low", "high", "n")
#: A sentence on the board that is longer than this is no short sentence.
PLAIN_LENGTH: Final = 140


class TrueIf(Declared):
    """``true_if``: the values of the quantity for which the claim would be true, ends included."""

    at_least: float | None = None
    at_most: float | None = None

    @model_validator(mode="after")
    def _is_a_region(self) -> Self:
        if self.at_least is None and self.at_most is None:
            raise ValueError('needs "at_least", "at_most" or both')
        if self.at_least is not None and self.at_most is not None and self.at_least > self.at_most:
            raise ValueError('"at_least" is larger than "at_most": no value is in between')
        return self


class EvidenceRows(Declared):
    """Which published rows speak to a claim: the one, or the pool, that it is judged on, and those shown beside it."""

    judged_on: Filled | None = None
    pooled: tuple[Filled, ...] = ()
    model: PoolModel = "random"
    tau2: Tau2Method = "reml"
    interval: Interval | None = None
    beside: tuple[Filled, ...] = ()
    unit: str
    decimals: int = Field(default=1, ge=0, le=6)
    lowered_by: tuple[Filled, ...] = ()

    @model_validator(mode="after")
    def _judges_on_one_thing(self) -> Self:
        if (self.judged_on is None) == (not self.pooled):
            raise ValueError('say what the claim is judged on: either "judged_on" (one row) or "pooled" (several)')
        if len(self.pooled) == 1:
            raise ValueError('"pooled" needs at least two rows; for one, write "judged_on"')
        asked = self.model_fields_set & {"model", "tau2", "interval"}
        if asked and not self.pooled:
            raise ValueError(f'"{min(asked)}" belongs to "pooled"')
        if self.model == "fixed" and self.interval not in (None, "wald"):
            raise ValueError(f'interval is "{self.interval}"; with model = "fixed" it is "wald" or left out')
        return self

    @property
    def rows(self) -> tuple[str, ...]:
        """Every row that is shown: first what the claim is judged on."""
        return (*((self.judged_on,) if self.judged_on else self.pooled), *self.beside)


def _known_braces(plainly: Mapping[PlainKey, str]) -> Mapping[PlainKey, str]:
    for key, sentence in plainly.items():
        try:
            found = [name for _, name, _, _ in string.Formatter().parse(sentence) if name is not None]
        except ValueError as error:
            raise ValueError(f"plainly, {key}: a brace is not closed or not opened ({error})") from None
        unknown = [name for name in found if name not in PLACEHOLDERS]
        if unknown:
            known = ", ".join(f"{{{name}}}" for name in PLACEHOLDERS)
            raise ValueError(f"plainly, {key}: {{{unknown[0]}}} is not known; there is {known}")
        if len(sentence) > PLAIN_LENGTH:
            raise ValueError(f"plainly, {key}: {len(sentence)} characters; a short sentence has at most {PLAIN_LENGTH}")
    return plainly


class Judged(Declared):
    """What a claim and a link of a claim have in common: words, a quantity, and what it is judged on."""

    says: Filled
    quantity: str = ""
    about: Literal["effect", "level"] = "effect"
    analysis: Name | None = None
    evidence: EvidenceRows | None = None
    true_if: TrueIf | None = None
    smallest_important: float | None = Field(default=None, gt=0)
    smallest_important_source: str = ""
    better: Literal["lower", "higher"] | None = None
    plainly: Annotated[Mapping[PlainKey, Filled], AfterValidator(_known_braces)] = {}
    related: tuple[Filled, ...] = ()
    explanation: str = ""

    @model_validator(mode="after")
    def _has_one_source(self) -> Self:
        if self.analysis is not None and self.evidence is not None:
            raise ValueError('a claim is judged on an "analysis" or on "evidence", not on both')
        return self


class Link(Judged):
    """``[[claim.link]]``: one link of a claim that is a chain."""

    id: Slug

    @model_validator(mode="after")
    def _has_a_region(self) -> Self:
        if self.true_if is None:
            raise ValueError(f'link "{self.id}": "true_if" is missing')
        return self


class SettleSize(Declared):
    """``claim.settle.sample_size``: what is assumed to find how many people the study needs, and from where."""

    analysis: Literal["ancova", "change_score", "follow_up", "mean", "paired"] = "ancova"
    goal: Literal["difference", "supported", "decided", "narrow"]
    probability: float = Field(gt=0, lt=1)
    difference: float | None = None
    half_width: float | None = Field(default=None, gt=0)
    sd: float = Field(gt=0)
    correlation: float | None = Field(default=None, ge=0, lt=1)
    dropout: float = Field(ge=0, lt=1)
    unit: Filled
    assumed_from: Filled
    rows: tuple[Filled, ...] = ()

    @model_validator(mode="after")
    def _has_what_it_needs(self) -> Self:
        is_narrow = self.goal == "narrow"
        takes_baseline = self.analysis not in ("follow_up", "mean")
        for key, is_needed, because in (
            ("half_width", is_narrow, f'goal = "{self.goal}"'),
            ("difference", not is_narrow, f'goal = "{self.goal}"'),
            ("correlation", takes_baseline, f'analysis = "{self.analysis}"'),
        ):
            if is_needed and getattr(self, key) is None:
                raise ValueError(f'sample_size: {because} needs "{key}"')
            if not is_needed and getattr(self, key) is not None:
                raise ValueError(f'sample_size: "{key}" has no effect with {because}; leave it out')
        return self


class Settle(Declared):
    """``claim.settle``: the study that would settle a claim."""

    design: Filled
    population: Filled
    comparator: str = ""
    outcome: Filled
    intervention: str = ""
    sample_size: SettleSize | None = None


class Claim(Judged):
    """``[[claim]]``: somebody's words, and what would make them true."""

    id: Slug
    population: str = ""
    comparator: str = ""
    audit: EnergyAudit | None = None
    links: tuple[Link, ...] = Field(default=(), alias="link")
    settle: Settle | None = None

    @model_validator(mode="after")
    def _is_a_claim_or_a_chain(self) -> Self:
        size = self.settle.sample_size if self.settle else None
        if self.links and size is not None and size.goal in ("supported", "decided"):
            raise ValueError(f'sample_size: goal = "{size.goal}" needs one region, and a chain has one for each link')
        if not self.links:
            if self.true_if is None:
                raise ValueError('"true_if" is missing')
            return self
        if len(self.links) < 2:
            raise ValueError("a chain has at least two links; a claim with one is judged by itself")
        own = [
            name for name in ("true_if", "analysis", "evidence", "smallest_important", "better") if getattr(self, name)
        ]
        if own:
            raise ValueError(f'"{own[0]}" belongs to the links: a chain is judged link by link')
        ids = [link.id for link in self.links]
        twice = sorted({name for name in ids if ids.count(name) > 1})
        if twice:
            raise ValueError(f'the link "{twice[0]}" is declared {ids.count(twice[0])} times')
        return self

    def id_of(self, link: Link) -> str:
        """What a link is called outside its claim: ``C10-b``."""
        return f"{self.id}-{link.id}"


def judged_in(claim: Claim) -> Iterator[tuple[str, Judged, Location]]:
    """What a claim is judged by: itself, or each of its links; with an id and the place inside the claim."""
    if not claim.links:
        yield claim.id, claim, ()
    for index, link in enumerate(claim.links):
        yield claim.id_of(link), link, ("link", index)


def has_published(plan: Plan) -> bool:
    """Whether a study has a table of published numbers."""
    return any(source.reader == "published" for source in plan.sources)


def claim_problems(plan: Plan, lines: Lines) -> Iterator[Problem]:
    """Claims and links whose analyses and tables do not fit them, and ids that are used twice."""
    names: list[str] = []
    for index, claim in enumerate(plan.claims):
        for name, judged, place in judged_in(claim):
            here: Location = ("claim", index, *place)
            if name in names and claim.links:
                yield lines.problem(here, f'link "{name}" has the id of a claim')
            names.append(name)
            yield from _of_an_analysis(plan, judged, here, lines)
            if not has_published(plan):
                for key in [key for key in ("evidence", "related") if getattr(judged, key)]:
                    yield lines.problem((*here, key), 'no source has reader = "published"')
        if claim.settle and claim.settle.sample_size and claim.settle.sample_size.rows and not has_published(plan):
            rows: Location = ("claim", index, "settle", "sample_size", "rows")
            yield lines.problem(rows, 'sample_size names rows, and no source has reader = "published"')
        yield from audit_problems(plan, claim, ("claim", index), lines)


def _of_an_analysis(plan: Plan, judged: Judged, here: Location, lines: Lines) -> Iterator[Problem]:
    if judged.analysis is None:
        return
    names = [analysis.name for analysis in plan.analyses]
    yield from lines.not_among("analysis", judged.analysis, names, (*here, "analysis"))
    if judged.analysis not in names:
        return
    analysis = plan.analysis(judged.analysis)
    if analysis.level < 0.95:
        what = f"its analysis has level = {analysis.level:g}; a claim is judged on an interval of at least 95 %"
        yield lines.problem((*here, "analysis"), what)
    region = judged.true_if
    bounds = [bound for bound in (region.at_least, region.at_most) if bound is not None] if region else []
    if analysis.method == "responders" and any(abs(bound) > 1 for bound in bounds):
        what = "its analysis gives a difference of shares, between -1 and 1: write 20 % as 0.2"
        yield lines.problem((*here, "true_if"), what)
    if analysis.method == "paired" and judged.about == "level":
        yield lines.problem((*here, "about"), 'a change within one arm is not a level: leave out about = "level"')
