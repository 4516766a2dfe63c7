"""``study.toml``: what a study declares about itself, and nothing that it does not."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    Field,
    PrivateAttr,
    StrictBool,
    StrictFloat,
    StrictInt,
    StrictStr,
    model_validator,
)

from kbstudy.measures import Scale, scale, scale_ids
from kbstudy.study.declared import Declared, Filled, Name, Slug
from kbstudy.study.plan_analysis import MIXED, OF_ONE_ARM, TESTED, Adjust, Analysis, Covariance, DfMethod, Estimand
from kbstudy.study.plan_audit import EnergyAudit
from kbstudy.study.plan_claims import Claim, EvidenceRows, Link, Settle, TrueIf
from kbstudy.study.plan_energy import Energy
from kbstudy.study.plan_multiverse import MultiversePlan
from kbstudy.study.plan_safety import Adherence, Harms, ReliabilityPlan
from kbstudy.study.plan_size import PlannedSize

__all__ = [
    "MIXED",
    "OF_ONE_ARM",
    "TESTED",
    "Adjust",
    "Allocation",
    "Analysis",
    "Arm",
    "Claim",
    "Correction",
    "Covariance",
    "Covariate",
    "DeclaredDeviation",
    "Design",
    "DfMethod",
    "EnergyAudit",
    "Estimand",
    "EvidenceRows",
    "Family",
    "Link",
    "Outcome",
    "Plan",
    "Settle",
    "Source",
    "StudyInfo",
    "TrueIf",
    "Visit",
]

Allocation = Literal["randomised", "assigned", "single group", "not stated"]
Codes = dict[str, str]


def _different(levels: tuple[str, ...]) -> tuple[str, ...]:
    twice = sorted({level for level in levels if levels.count(level) > 1})
    if twice:
        raise ValueError(f"levels has {', '.join(twice)} more than once")
    return levels


def _rising(limits: tuple[float, float] | None) -> tuple[float, float] | None:
    if limits is not None and not limits[0] < limits[1]:
        raise ValueError(f"range is {limits[0]:g} to {limits[1]:g}; the smaller number comes first")
    return limits


Levels = Annotated[tuple[Filled, ...], AfterValidator(_different)]
Range = Annotated[tuple[float, float] | None, AfterValidator(_rising)]


class StudyInfo(Declared):
    """``[study]``: what it is."""

    id: Slug
    title: Filled
    simulated: StrictBool = False
    summary: str = ""
    registration: str = ""


class Arm(Declared):
    """``design.arm``: the column with the allocation, its levels in the order of the protocol, the reference."""

    column: Filled
    levels: Levels = Field(min_length=2)
    reference: Filled
    codes: Codes = Field(default={})


class Visit(Declared):
    """``design.visit``: the column with the occasion (none where each occasion has its own columns)."""

    column: Filled | None = None
    levels: Levels = Field(min_length=1)
    baseline: Filled
    codes: Codes = Field(default={})
    ignore: tuple[str, ...] = ()


class Design(Declared):
    """``[design]``: how people and occasions are told apart."""

    participant: Filled
    arm: Arm | None = None
    visit: Visit
    allocation: Allocation = "not stated"


class Source(Declared):
    """``[[source]]``: a file, or a folder of recordings, and how to read it."""

    file: Filled | None = None
    files: Filled | None = None
    reader: Literal["table", "redcap", "published", "gas_exchange", "events"] = "table"
    dictionary: str | None = None
    sheet: str | None = None
    encoding: str | None = None
    delimiter: str | None = None
    decimal: Literal[".", ","] = "."
    missing: tuple[str, ...] = ()
    keep_identifiers: StrictBool = False
    device: Filled | None = None
    profile: Filled | None = None
    body_mass: Name | None = None
    body_mass_kg: dict[str, Annotated[float, Field(gt=0)]] = Field(default={})
    energy: Energy | None = None

    @property
    def name(self) -> str:
        """What messages and ``file = "..."`` of an outcome call it: the file, or the pattern of the files."""
        return self.file or self.files or ""


class Covariate(Declared):
    """``[[covariate]]``: a characteristic of a person, from the baseline visit or a file without visits."""

    name: Name
    column: Filled
    label: str = ""
    kind: Literal["number", "category"]
    unit: str = ""
    range: Range = None
    decimals: int = Field(default=1, ge=0, le=6)
    levels: Levels = ()
    codes: Codes = Field(default={})
    missing: tuple[str, ...] = ()
    file: str | None = None

    @property
    def title(self) -> str:
        """The label, or the name in words."""
        return self.label or self.name.replace("_", " ").capitalize()


class Outcome(Declared):
    """``[[outcome]]``: what was measured, on which scale, and what would matter."""

    name: Name
    label: str = ""
    column: Filled | None = None
    columns: dict[str, str] = Field(default={})
    items: tuple[Filled, ...] = ()
    measure: str | None = None
    unit: str = ""
    range: Range = None
    decimals: int | None = Field(default=None, ge=0, le=6)
    better: Literal["lower", "higher"] | None = None
    visits: tuple[Filled, ...] = ()
    arms: tuple[Filled, ...] = ()
    smallest_important: float | None = Field(default=None, gt=0)
    smallest_important_source: str = ""
    missing: tuple[str, ...] = ()
    file: str | None = None

    @model_validator(mode="after")
    def _needs_a_column_and_a_scale(self) -> Self:
        if (self.column is not None) + bool(self.columns) + bool(self.items) != 1:
            raise ValueError(
                'say where the values are: "column", or "columns" (one a visit), or "items" (of a form); one of them'
            )
        if self.items and self.measure is None:
            raise ValueError('"items" are scored by a form: say which in "measure"')
        if self.columns and self.visits:
            raise ValueError('"visits" belongs to "column"; "columns" says the visits itself')
        if self.measure is not None and not self.is_own_form and self.measure not in scale_ids():
            raise ValueError(f'"{self.measure}" is not a measure; known are {", ".join(scale_ids())}')
        if self.measure is None and (not self.unit or self.better is None):
            raise ValueError('without "measure", say "unit" and "better" ("lower" or "higher")')
        return self

    _own: Scale | None = PrivateAttr(default=None)

    @property
    def is_own_form(self) -> bool:
        """Whether the measure is a form beside ``study.toml`` and not one that ships."""
        return bool(self.measure and self.measure.endswith(".toml"))

    def read_form(self, folder: Path) -> None:
        """Read the form that lies beside ``study.toml``; does nothing for one that ships."""
        if self.is_own_form and self.measure:
            self._own = scale(folder / self.measure)

    @property
    def scale(self) -> Scale | None:
        """The named scale, if one was declared."""
        if self.is_own_form:
            return self._own
        return scale(self.measure) if self.measure else None

    @property
    def title(self) -> str:
        """The label, or the name in words."""
        return self.label or self.name.replace("_", " ").capitalize()

    @property
    def unit_text(self) -> str:
        """The unit: the one declared, else the scale's."""
        return self.unit or (self.scale.unit if self.scale else "")

    @property
    def digits(self) -> int:
        """Decimals the instrument supports."""
        return self.decimals if self.decimals is not None else (self.scale.decimals if self.scale else 2)

    @property
    def direction(self) -> Literal["lower", "higher"]:
        """Which way is better."""
        found = self.better or (self.scale.better if self.scale else None)
        assert found is not None, "the validator asks for a direction where there is no scale"
        return found

    @property
    def limits(self) -> tuple[float, float] | None:
        """Smallest and largest possible value."""
        return self.range or ((self.scale.minimum, self.scale.maximum) if self.scale else None)


class Correction(Declared):
    """``[[correction]]``: a change to what a raw file says, without touching the file."""

    participant: Filled
    visit: str | None = None
    column: str | None = None
    found: str | None = None
    use: StrictInt | StrictFloat | StrictStr | None = None
    missing: StrictBool = False
    drop_row: int | None = Field(default=None, ge=1)
    why: Filled
    who: str = ""
    file: str | None = None

    @model_validator(mode="after")
    def _does_one_thing(self) -> Self:
        if self.drop_row is not None:
            if self.column is not None or self.found is not None or self.use is not None or self.missing:
                raise ValueError('"drop_row" stands alone: without "column", "found", "use" and "missing"')
        elif self.column is None or self.found is None:
            raise ValueError('a correction needs "column" and "found" (the cell as it stands in the file)')
        elif (self.use is not None) == self.missing:
            raise ValueError('say either "use" (the value to use) or "missing = true", not both')
        return self


class DeclaredDeviation(Declared):
    """``[[deviation]]``: why the plan differs from the one that was locked."""

    what: Filled
    why: Filled


class Family(Declared):
    """``[[family]]``: planned analyses whose differences are tested together."""

    name: Name
    analyses: tuple[Name, ...] = Field(min_length=2)
    method: Literal["bonferroni", "sidak", "holm", "hochberg", "benjamini_hochberg"]
    level: float = Field(default=0.95, gt=0, lt=1)


class Plan(Declared):
    """The whole ``study.toml``."""

    study: StudyInfo
    design: Design | None = None
    sources: tuple[Source, ...] = Field(alias="source", min_length=1)
    covariates: tuple[Covariate, ...] = Field(default=(), alias="covariate")
    outcomes: tuple[Outcome, ...] = Field(default=(), alias="outcome")
    corrections: tuple[Correction, ...] = Field(default=(), alias="correction")
    deviations: tuple[DeclaredDeviation, ...] = Field(default=(), alias="deviation")
    analyses: tuple[Analysis, ...] = Field(default=(), alias="analysis")
    families: tuple[Family, ...] = Field(default=(), alias="family")
    planned_size: PlannedSize | None = None
    harms: Harms | None = None
    adherence: Adherence | None = None
    reliabilities: tuple[ReliabilityPlan, ...] = Field(default=(), alias="reliability")
    claims: tuple[Claim, ...] = Field(default=(), alias="claim")
    multiverses: tuple[MultiversePlan, ...] = Field(default=(), alias="multiverse")
    checklists: dict[Literal["consort_2025", "cert"], dict[str, Filled]] = Field(default={}, alias="checklist")

    def outcome(self, name: str) -> Outcome:
        """The outcome with this name."""
        return next(outcome for outcome in self.outcomes if outcome.name == name)

    def claim(self, claim_id: str) -> Claim:
        """The claim with this id."""
        return next(claim for claim in self.claims if claim.id == claim_id)

    def analysis(self, name: str) -> Analysis:
        """The analysis with this name."""
        return next(analysis for analysis in self.analyses if analysis.name == name)

    def visits_after_baseline(self, outcome: Outcome) -> tuple[str, ...]:
        """Visits later than the baseline at which an outcome is measured, in the order of the protocol."""
        assert self.design is not None, "a plan without a design has no visits"
        levels, baseline = self.design.visit.levels, self.design.visit.baseline
        later = levels[levels.index(baseline) + 1 :] if baseline in levels else ()
        return tuple(visit for visit in later if visit in self.visits_of(outcome))

    def visits_of(self, outcome: Outcome) -> tuple[str, ...]:
        """The visits at which an outcome is measured, in the order of the protocol."""
        assert self.design is not None, "a plan without a design has no visits"
        named = outcome.columns or outcome.visits
        return tuple(visit for visit in self.design.visit.levels if not named or visit in named)

    def arms_of(self, outcome: Outcome) -> tuple[str, ...]:
        """The arms in which an outcome is measured, in the order of the protocol."""
        return tuple(arm for arm in self.arms if not outcome.arms or arm in outcome.arms)

    @property
    def arms(self) -> tuple[str, ...]:
        """Arms in the order of the protocol; one unnamed arm where none is declared."""
        return self.design.arm.levels if self.design and self.design.arm else ("",)
