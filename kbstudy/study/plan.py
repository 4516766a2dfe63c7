"""``study.toml``: what a study declares about itself, and nothing that it does not."""

from __future__ import annotations

from typing import Annotated, Final, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StrictBool,
    StrictFloat,
    StrictInt,
    StrictStr,
    StringConstraints,
    model_validator,
)

from kbstudy.measures import Scale, scale, scale_ids
from kbstudy.study.plan_audit import EnergyAudit

__all__ = [
    "MIXED",
    "Adjust",
    "Allocation",
    "Analysis",
    "Arm",
    "Claim",
    "Correction",
    "Covariance",
    "Covariate",
    "Design",
    "DfMethod",
    "EnergyAudit",
    "Estimand",
    "EvidenceRows",
    "Outcome",
    "Plan",
    "Source",
    "StudyInfo",
    "TrueIf",
    "Visit",
]

Allocation = Literal["randomised", "assigned", "single group", "not stated"]
Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_]*$")]
Slug = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$")]
Filled = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
Codes = dict[str, str]

#: Methods that use every visit after the baseline: the mixed models.
MIXED: Final = ("mmrm", "clda", "lmm")
#: Covariance among visits, named as in :func:`kbstudy.mmrm`; the spatial ones need visits that are numbers.
Covariance = Literal[
    "unstructured",
    "compound_symmetry",
    "compound_symmetry_heterogeneous",
    "ar1",
    "ar1_heterogeneous",
    "toeplitz",
    "toeplitz_heterogeneous",
    "ante_dependence",
    "ante_dependence_heterogeneous",
]
DfMethod = Literal["kenward_roger", "kenward_roger_linear", "satterthwaite", "residual"]
#: For the arms compared at a visit; Tukey's compares all pairs, and a plan names the arm that is subtracted.
Adjust = Literal["none", "bonferroni", "sidak", "holm", "hochberg", "benjamini_hochberg", "dunnett"]


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


class _Declared(BaseModel):
    """A frozen section of ``study.toml`` in which an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=False)


class StudyInfo(_Declared):
    """``[study]``: what it is."""

    id: Slug
    title: Filled
    simulated: StrictBool = False
    summary: str = ""
    registration: str = ""


class Arm(_Declared):
    """``design.arm``: the column with the allocation, its levels in the order of the protocol, the reference."""

    column: Filled
    levels: Levels = Field(min_length=2)
    reference: Filled
    codes: Codes = {}


class Visit(_Declared):
    """``design.visit``: the column with the occasion (none where each occasion has its own columns)."""

    column: Filled | None = None
    levels: Levels = Field(min_length=1)
    baseline: Filled
    codes: Codes = {}
    ignore: tuple[str, ...] = ()


class Design(_Declared):
    """``[design]``: how people and occasions are told apart."""

    participant: Filled
    arm: Arm | None = None
    visit: Visit
    allocation: Allocation = "not stated"


class Source(_Declared):
    """``[[source]]``: a file and how to read it."""

    file: Filled
    reader: Literal["table", "redcap", "published"] = "table"
    dictionary: str | None = None
    sheet: str | None = None
    encoding: str | None = None
    delimiter: str | None = None
    decimal: Literal[".", ","] = "."
    missing: tuple[str, ...] = ()
    keep_identifiers: StrictBool = False


class Covariate(_Declared):
    """``[[covariate]]``: a characteristic of a person, from the baseline visit or a file without visits."""

    name: Name
    column: Filled
    label: str = ""
    kind: Literal["number", "category"]
    unit: str = ""
    range: Range = None
    decimals: int = Field(default=1, ge=0, le=6)
    levels: Levels = ()
    codes: Codes = {}
    missing: tuple[str, ...] = ()
    file: str | None = None

    @property
    def title(self) -> str:
        """The label, or the name in words."""
        return self.label or self.name.replace("_", " ").capitalize()


class Outcome(_Declared):
    """``[[outcome]]``: what was measured, on which scale, and what would matter."""

    name: Name
    label: str = ""
    column: Filled | None = None
    columns: dict[str, str] = {}
    measure: str | None = None
    unit: str = ""
    range: Range = None
    decimals: int | None = Field(default=None, ge=0, le=6)
    better: Literal["lower", "higher"] | None = None
    smallest_important: float | None = Field(default=None, gt=0)
    smallest_important_source: str = ""
    missing: tuple[str, ...] = ()
    file: str | None = None

    @model_validator(mode="after")
    def _needs_a_column_and_a_scale(self) -> Self:
        if (self.column is None) == (not self.columns):
            raise ValueError('say where the values are: either "column" or "columns" (one a visit), not both')
        if self.measure is not None and self.measure not in scale_ids():
            raise ValueError(f'"{self.measure}" is not a measure; known are {", ".join(scale_ids())}')
        if self.measure is None and (not self.unit or self.better is None):
            raise ValueError('without "measure", say "unit" and "better" ("lower" or "higher")')
        return self

    @property
    def scale(self) -> Scale | None:
        """The named scale, if one was declared."""
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


class Correction(_Declared):
    """``[[correction]]``: a change to what a raw file says, without touching the file."""

    participant: Filled
    visit: str | None = None
    column: str | None = None
    found: str | None = None
    use: StrictInt | StrictFloat | StrictStr | None = None
    missing: StrictBool = False
    drop_row: int | None = Field(default=None, ge=2)
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


class Estimand(_Declared):
    """What exactly an analysis estimates (ICH E9(R1)): the attributes that the rest of the file does not say."""

    contrast: str | None = None
    visit: str
    intercurrent: str = "not stated"


class Analysis(_Declared):
    """``[[analysis]]``: a planned estimate."""

    name: Name
    outcome: Name
    method: Literal["ancova", "mmrm", "clda", "lmm", "paired", "responders"]
    estimand: Estimand
    covariates: tuple[Name, ...] = ()
    arm: str | None = None
    primary: StrictBool = False
    robust: Literal["HC3"] | None = None
    covariance: Covariance = "unstructured"
    covariance_by: Literal["arm"] | None = None
    random: Literal["intercept", "slope"] = "intercept"
    time: dict[str, Annotated[float, Field(allow_inf_nan=False)]] = {}
    df_method: DfMethod | None = None
    adjust: Adjust = "none"
    level: float = Field(default=0.95, gt=0, lt=1)
    at_most: float | None = None
    at_least: float | None = None
    missing: Literal["non_responder", "excluded"] | None = None
    title: str = ""

    @model_validator(mode="after")
    def _says_what_its_method_needs(self) -> Self:
        if self.method == "responders":
            if (self.at_most is None) == (self.at_least is None):
                raise ValueError('"responders" needs either "at_most" or "at_least"')
            if self.missing is None:
                raise ValueError('"responders" needs "missing": "non_responder" or "excluded"')
        elif self.at_most is not None or self.at_least is not None or self.missing is not None:
            raise ValueError('"at_most", "at_least" and "missing" belong to the method "responders"')
        if self.method != "paired" and self.arm is not None:
            raise ValueError('"arm" belongs to the method "paired" (the one arm whose change is described)')
        return self

    @property
    def is_mixed(self) -> bool:
        """Whether it uses every visit after the baseline."""
        return self.method in MIXED


class TrueIf(_Declared):
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


class EvidenceRows(_Declared):
    """Which published rows speak to a claim: the one it is judged on, and those shown beside it."""

    judged_on: str
    beside: tuple[str, ...] = ()
    unit: str
    decimals: int = Field(default=1, ge=0, le=6)


class Claim(_Declared):
    """``[[claim]]``: somebody's words, and what would make them true."""

    id: Slug
    says: Filled
    quantity: str = ""
    about: Literal["effect", "level"] = "effect"
    analysis: Name | None = None
    evidence: EvidenceRows | None = None
    audit: EnergyAudit | None = None
    true_if: TrueIf
    smallest_important: float | None = Field(default=None, gt=0)
    smallest_important_source: str = ""
    better: Literal["lower", "higher"] | None = None
    explanation: str = ""

    @model_validator(mode="after")
    def _has_one_source(self) -> Self:
        if self.analysis is not None and self.evidence is not None:
            raise ValueError('a claim is judged on an "analysis" or on "evidence", not on both')
        return self


class Plan(_Declared):
    """The whole ``study.toml``."""

    study: StudyInfo
    design: Design | None = None
    sources: tuple[Source, ...] = Field(alias="source", min_length=1)
    covariates: tuple[Covariate, ...] = Field(default=(), alias="covariate")
    outcomes: tuple[Outcome, ...] = Field(default=(), alias="outcome")
    corrections: tuple[Correction, ...] = Field(default=(), alias="correction")
    analyses: tuple[Analysis, ...] = Field(default=(), alias="analysis")
    claims: tuple[Claim, ...] = Field(default=(), alias="claim")

    def outcome(self, name: str) -> Outcome:
        """The outcome with this name."""
        return next(outcome for outcome in self.outcomes if outcome.name == name)

    def analysis(self, name: str) -> Analysis:
        """The analysis with this name."""
        return next(analysis for analysis in self.analyses if analysis.name == name)

    def visits_after_baseline(self, outcome: Outcome) -> tuple[str, ...]:
        """Visits later than the baseline at which an outcome is measured, in the order of the protocol."""
        assert self.design is not None, "a plan without a design has no visits"
        levels, baseline = self.design.visit.levels, self.design.visit.baseline
        later = levels[levels.index(baseline) + 1 :] if baseline in levels else ()
        return tuple(visit for visit in later if visit in (outcome.columns or levels))

    @property
    def arms(self) -> tuple[str, ...]:
        """Arms in the order of the protocol; one unnamed arm where none is declared."""
        return self.design.arm.levels if self.design and self.design.arm else ("",)
