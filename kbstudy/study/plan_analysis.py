"""``[[analysis]]``: a planned estimate, and which keys belong to which method."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, Self

from pydantic import Field, StrictBool, model_validator

from kbstudy.errors import Problem, did_you_mean
from kbstudy.study.declared import Declared, Filled, Name, quoted

if TYPE_CHECKING:
    from kbstudy.study.plan import Outcome, Plan
    from kbstudy.study.plan_file import Lines, Location

__all__ = [
    "METHODS",
    "MIXED",
    "OF_ONE_ARM",
    "TESTED",
    "Adjust",
    "Analysis",
    "Covariance",
    "DfMethod",
    "Estimand",
    "analysis_problems",
    "needs_baseline",
    "possible_contrasts",
]

Number = Annotated[float, Field(allow_inf_nan=False)]

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


@dataclass(frozen=True, slots=True)
class Method:
    """What a method needs of the rest of the plan.

    Parameters
    ----------
    keys
        Keys of an analysis that it understands beside those of every analysis.
    needs
        Keys that have to be said.
    one_arm
        Whether it describes one arm and compares nothing.
    baseline
        Whether it uses the value at the baseline.
    tested
        Whether its declared contrast has a p-value, so that it can belong to a family of tests.
    """

    keys: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    one_arm: bool = False
    baseline: bool = True
    tested: bool = False


_RESAMPLING: Final = ("interval", "resamples", "seed")
METHODS: Final[Mapping[str, Method]] = {
    "ancova": Method(("covariates", "robust", *_RESAMPLING), tested=True),
    "mmrm": Method(("covariates", "covariance", "covariance_by", "df_method", "adjust"), tested=True),
    "clda": Method(("covariates", "covariance", "covariance_by", "df_method", "adjust"), tested=True),
    "lmm": Method(("covariates", "random", "time", "df_method", "adjust"), tested=True),
    "mean": Method(("arm",), one_arm=True, baseline=False),
    "paired": Method(("arm", *_RESAMPLING), one_arm=True),
    "responders": Method(
        ("at_most", "at_least", "improved_by", "improved_by_percent", "missing", "grid"), ("missing",), baseline=False
    ),
    "side_by_side": Method(("covariates", "variances")),
    "permutation": Method(("covariates", "strata", "permutations", "seed"), ("seed",)),
    "individual_response": Method(("mdc95", "mic")),
    "ordinal": Method(("covariates",)),
    "hold_time": Method(("cap_s", "tau_s"), ("cap_s",), baseline=False),
    "equivalence": Method(("of", "low", "high", "alpha"), ("of",), baseline=False),
    "dose_response": Method(("arm", "dose", "dose_unit"), ("dose", "dose_unit"), one_arm=True),
    "crossover": Method(("treatments", "missing_periods"), ("treatments",), baseline=False),
}
#: Methods that use every visit after the baseline: the mixed models.
MIXED: Final = ("mmrm", "clda", "lmm")
#: Methods that describe one arm and compare nothing.
OF_ONE_ARM: Final = tuple(name for name, method in METHODS.items() if method.one_arm)
#: Methods whose declared contrast has a p-value, so that it can belong to a family of tests.
TESTED: Final = tuple(name for name, method in METHODS.items() if method.tested)

#: Keys that belong to some methods only.
_SPECIAL: Final = tuple(dict.fromkeys(key for method in METHODS.values() for key in method.keys))
_THRESHOLDS: Final = ("at_most", "at_least", "improved_by", "improved_by_percent")


class Estimand(Declared):
    """What exactly an analysis estimates (ICH E9(R1)): the attributes that the rest of the file does not say."""

    contrast: str | None = None
    visit: str
    intercurrent: str = "not stated"


class Analysis(Declared):
    """``[[analysis]]``: a planned estimate."""

    name: Name
    outcome: Name
    method: Literal[
        "ancova",
        "mmrm",
        "clda",
        "lmm",
        "mean",
        "paired",
        "responders",
        "side_by_side",
        "permutation",
        "individual_response",
        "ordinal",
        "hold_time",
        "equivalence",
        "dose_response",
        "crossover",
    ]
    estimand: Estimand
    covariates: tuple[Name, ...] = ()
    arm: str | None = None
    primary: StrictBool = False
    robust: Literal["HC3", "HC2_BM"] | None = None
    interval: Literal["t", "bca"] = "t"
    resamples: Annotated[int, Field(ge=1000)] = 9999
    seed: Annotated[int, Field(ge=0)] | None = None
    covariance: Covariance = "unstructured"
    covariance_by: Literal["arm"] | None = None
    random: Literal["intercept", "slope"] = "intercept"
    time: dict[str, Number] = Field(default={})
    df_method: DfMethod | None = None
    adjust: Adjust = "none"
    level: float = Field(default=0.95, gt=0, lt=1)
    at_most: Number | None = None
    at_least: Number | None = None
    improved_by: Annotated[float, Field(gt=0)] | None = None
    improved_by_percent: Annotated[float, Field(gt=0)] | None = None
    missing: Literal["non_responder", "excluded"] | None = None
    grid: tuple[Number, ...] = ()
    variances: Literal["equal", "unequal"] = "equal"
    strata: tuple[Name, ...] = ()
    permutations: Annotated[int, Field(ge=999)] = 9999
    mdc95: Annotated[float, Field(gt=0)] | None = None
    mic: Annotated[float, Field(gt=0)] | None = None
    cap_s: Annotated[float, Field(gt=0)] | None = None
    tau_s: Annotated[float, Field(gt=0)] | None = None
    of: Name | None = None
    low: Number | None = None
    high: Number | None = None
    alpha: Annotated[float, Field(gt=0, lt=0.5)] = 0.05
    dose: Name | None = None
    dose_unit: Filled | None = None
    treatments: dict[str, tuple[Filled, Filled]] = Field(default={})
    missing_periods: Literal["excluded", "mixed"] = "excluded"
    title: str = ""

    @model_validator(mode="after")
    def _says_what_its_method_needs(self) -> Self:
        method = METHODS[self.method]
        for key in method.needs:
            if key not in self.model_fields_set:
                raise ValueError(_NEEDS.get(key, f'"{self.method}" needs "{key}"').format(method=self.method))
        asked = [key for key in _THRESHOLDS if getattr(self, key) is not None]
        if self.method == "responders" and len(asked) != 1:
            raise ValueError(f'"responders" needs one of {quoted(_THRESHOLDS, "or")}')
        if self.interval == "bca" and self.seed is None:
            raise ValueError('interval "bca" draws at random: say "seed", any whole number, so that it can be repeated')
        if self.method == "equivalence" and self.low is None and self.high is None:
            raise ValueError('"equivalence" needs "low", "high" or both: the differences that are too small to matter')
        return self

    @property
    def is_mixed(self) -> bool:
        """Whether it uses every visit after the baseline."""
        return self.method in MIXED

    @property
    def uses_baseline(self) -> bool:
        """Whether it uses the value at the baseline."""
        changes = self.improved_by is not None or self.improved_by_percent is not None
        return METHODS[self.method].baseline or changes


_NEEDS: Final = {
    "missing": '"{method}" needs "missing": "non_responder" or "excluded"',
    "seed": '"{method}" draws at random: say "seed", any whole number, so that it can be repeated',
    "cap_s": '"{method}" needs "cap_s": the seconds at which the test is stopped',
    "of": '"{method}" needs "of": the name of the analysis whose difference is held against the bounds',
    "dose": '"{method}" needs "dose": the covariate with the sessions attended',
    "treatments": '"{method}" needs "treatments", for example {{ AB = ["A", "B"], BA = ["B", "A"] }}',
}


def analysis_problems(plan: Plan, analysis: Analysis, here: Location, lines: Lines) -> Iterator[Problem]:
    """Keys that the method would ignore, and what it needs of covariates, other analyses and the design."""
    for key in _SPECIAL:
        if key in analysis.model_fields_set and key not in METHODS[analysis.method].keys:
            methods = [name for name, method in METHODS.items() if key in method.keys]
            belongs = f'"{key}" belongs to {"the method" if len(methods) == 1 else "the methods"} {quoted(methods)}'
            yield lines.problem((*here, key), f'{belongs}, and this one is "{analysis.method}"')
    numbers = [item.name for item in plan.covariates if item.kind == "number"]
    groups = [item.name for item in plan.covariates if item.kind == "category"]
    if analysis.dose is not None and analysis.dose not in numbers:
        yield lines.problem((*here, "dose"), f'dose "{analysis.dose}" is not a covariate of kind "number"')
    for name in analysis.strata:
        if name not in groups:
            yield lines.problem((*here, "strata"), f'stratum "{name}" is not a covariate of kind "category"')
    yield from _equivalence(plan, analysis, here, lines)
    yield from _crossover(plan, analysis, here, lines)


def _equivalence(plan: Plan, analysis: Analysis, here: Location, lines: Lines) -> Iterator[Problem]:
    """The difference that is held against bounds is that of an earlier analysis of the same outcome."""
    if analysis.method != "equivalence" or analysis.of is None:
        return
    earlier = [item.name for item in plan.analyses[: [one.name for one in plan.analyses].index(analysis.name)]]
    found = next((item for item in plan.analyses if item.name == analysis.of), None)
    if found is None or found.name not in earlier:
        hint = did_you_mean(analysis.of, earlier) or f"; before it there is {', '.join(earlier) or 'none'}"
        yield lines.problem((*here, "of"), f'"{analysis.of}" is not an analysis before this one{hint}')
    elif found.method not in TESTED:
        yield lines.problem((*here, "of"), f'"{analysis.of}" is a "{found.method}", which has no standard error')
    elif found.outcome != analysis.outcome:
        yield lines.problem((*here, "of"), f'"{analysis.of}" is about "{found.outcome}", not "{analysis.outcome}"')
    if analysis.low is not None and analysis.high is not None and not analysis.low < analysis.high:
        yield lines.problem((*here, "low"), '"low" must be below "high"')


def _crossover(plan: Plan, analysis: Analysis, here: Location, lines: Lines) -> Iterator[Problem]:
    """Two periods, two sequences (the arms), and for each the two treatments in their order."""
    if analysis.method != "crossover" or plan.design is None:
        return
    outcome = next((item for item in plan.outcomes if item.name == analysis.outcome), None)
    periods = plan.visits_of(outcome) if outcome else ()
    place = (*here, "treatments")
    if len(periods) != 2:
        what = f'a crossover has two periods, and "{analysis.outcome}" is measured at {len(periods)} visits'
        yield lines.problem(here, f'{what}: say visits = ["Period 1", "Period 2"] in its outcome')
    for name in analysis.treatments:
        if name not in plan.arms:
            yield lines.problem(place, f'treatments: "{name}" is not a sequence; the arms are {quoted(plan.arms)}')
    gone = [arm for arm in plan.arms if arm not in analysis.treatments]
    if gone:
        yield lines.problem(place, f"treatments has nothing for {quoted(gone)}")
    pairs = list(analysis.treatments.values())
    if len(pairs) == 2 and (set(pairs[0]) != set(pairs[1]) or pairs[0] == pairs[1] or len(set(pairs[0])) != 2):
        yield lines.problem(place, "treatments: both sequences have the same two treatments, in opposite order")


def possible_contrasts(plan: Plan, analysis: Analysis) -> list[str]:
    """The contrasts that an analysis can declare: of arms, or of the treatments of a crossover."""
    names: Any = plan.arms
    if analysis.method == "crossover" and analysis.treatments:
        names = sorted(next(iter(analysis.treatments.values())))
    return [f"{one} - {other}" for other in names for one in names if one != other]


def needs_baseline(plan: Plan, analysis: Analysis, outcome: Outcome) -> bool:
    """Whether the baseline value is missing from what an outcome is measured at, and the method needs it."""
    assert plan.design is not None
    return analysis.uses_baseline and plan.design.visit.baseline not in plan.visits_of(outcome)
