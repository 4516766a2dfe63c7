"""``[[multiverse]]``: the choices that somebody competent could have made otherwise, declared for one claim."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any, Final

from pydantic import Field, StringConstraints

from kbstudy.errors import Problem, did_you_mean
from kbstudy.measures.energy import EQUATIONS
from kbstudy.measures.lactate import IMPOSSIBLE_RISE_MMOL_L
from kbstudy.study.declared import Declared

if TYPE_CHECKING:
    from kbstudy.study.plan import Claim, Plan
    from kbstudy.study.plan_file import Lines, Location

__all__ = [
    "ABOUT_ANALYSES",
    "ABOUT_PUBLISHED",
    "ABOUT_SESSIONS",
    "PUBLISHED_UNITS",
    "SOURCE_UNITS",
    "MultiversePlan",
    "is_about_published",
    "is_about_sessions",
    "multiverse_problems",
]

Option = str | float | list[str]
Options = Annotated[tuple[Option, ...], Field(min_length=1)]

#: Choices about the energy of recorded sessions, with their options (empty: any number).
ABOUT_SESSIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "equation": tuple(EQUATIONS),
    "rer_above_one": ("cap", "as_is"),
    "gaps": ("exclude", "bridge"),
    "rest": ("gross", "net"),
    "recovery": ("left out", "EPOC added"),
    "minutes": ("session", "work only"),
}
#: Choices about an analysis of a trial.
ABOUT_ANALYSES: Final[Mapping[str, tuple[str, ...]]] = {
    "method": ("ancova", "ancova_hc3", "change_score", "follow_up", "mmrm", "clda", "lmm"),
    "covariates": (),
    "threshold": (),
}
#: Choices about a claim judged on published energy rates or oxygen uptakes; "source" names rows.
ABOUT_PUBLISHED: Final[Mapping[str, tuple[str, ...]]] = {
    "source": (),
    "body_mass_kg": (),
    "kcal_per_litre": (),
    "rest": ("gross", "net"),
    "lactate_rise_mmol_l": (),
    "lactate_ml_kg_mmol": (),
}
#: What numbers of those choices can be, ends included. Beyond them nobody could defend the option.
_BOUNDS: Final[Mapping[str, tuple[float, float]]] = {
    "body_mass_kg": (20.0, 300.0),
    "kcal_per_litre": (4.6, 5.2),
    "lactate_rise_mmol_l": (0.0, IMPOSSIBLE_RISE_MMOL_L),
    "lactate_ml_kg_mmol": (2.0, 5.0),
}
#: Units of a claim that can be reckoned otherwise.
PUBLISHED_UNITS: Final = ("kcal/min", "mL/kg/min")
#: Units of rows that such a claim can be reckoned from.
SOURCE_UNITS: Final = ("kcal/min", "L/min", "mL/kg/min")
_COLUMN: Final = "aerobic_kcal_min"


class MultiversePlan(Declared):
    """``[[multiverse]]``: a claim, and the options of each choice."""

    claim: Annotated[str, StringConstraints(min_length=1)]
    choices: dict[str, Options] = Field(min_length=1)


def is_about_sessions(plan: Plan, claim: Claim) -> bool:
    """Whether a claim rests on the mean energy rate of recorded sessions."""
    analysis = next((item for item in plan.analyses if item.name == claim.analysis), None)
    outcome = next((item for item in plan.outcomes if analysis and item.name == analysis.outcome), None)
    recorded = any(source.files is not None for source in plan.sources)
    return bool(analysis and outcome and recorded and analysis.method == "mean" and outcome.column == _COLUMN)


def is_about_published(claim: Claim) -> bool:
    """Whether a claim states an energy rate (it has an audit) and is judged on published rates or uptakes."""
    return claim.audit is not None and claim.evidence is not None and claim.evidence.unit in PUBLISHED_UNITS


def multiverse_problems(plan: Plan, lines: Lines) -> Iterator[Problem]:
    """Claims and options that do not exist, or that the study cannot answer."""
    claims = {claim.id: claim for claim in plan.claims}
    for index, declared in enumerate(plan.multiverses):
        here: Location = ("multiverse", index)
        if declared.claim not in claims:
            hint = did_you_mean(declared.claim, list(claims)) or f"; there is {', '.join(claims) or 'none'}"
            yield lines.problem((*here, "claim"), f'claim "{declared.claim}" is not declared{hint}')
            continue
        claim = claims[declared.claim]
        if claim.analysis is None and not is_about_published(claim):
            what = (
                f'claim "{claim.id}" rests on no analysis of this study, and has no audit with published evidence in '
                f"{' or '.join(PUBLISHED_UNITS)}, so there is nothing to run otherwise"
            )
            yield lines.problem((*here, "claim"), what)
            continue
        if claim.analysis is None:
            known = ABOUT_PUBLISHED
            if claim.evidence is not None and claim.evidence.pooled and "source" not in declared.choices:
                what = f'claim "{claim.id}" is judged on a pool: name the rows to take one by one as choice "source"'
                yield lines.problem((*here, "choices"), what)
        else:
            known = ABOUT_SESSIONS if is_about_sessions(plan, claim) else ABOUT_ANALYSES
        for name, options in declared.choices.items():
            yield from _choice(plan, known, name, options, here, lines)


def _choice(
    plan: Plan, known: Mapping[str, tuple[str, ...]], name: str, options: tuple[Any, ...], here: Location, lines: Lines
) -> Iterator[Problem]:
    place = (*here, "choices", name)
    if name not in known:
        what = f'choice "{name}" is not known for this claim{did_you_mean(name, list(known))}'
        yield lines.problem(place, f"{what}; there is {', '.join(known)}")
        return
    for option in options:
        if name == "threshold":
            wrong = not isinstance(option, float | int)
            said = "a number"
        elif name == "covariates":
            declared = [item.name for item in plan.covariates]
            wrong = not isinstance(option, list) or any(part not in declared for part in option)
            said = f"a list of covariates ({', '.join(declared) or 'none is declared'}), such as []"
        elif name in _BOUNDS:
            low, high = _BOUNDS[name]
            wrong = not (isinstance(option, float | int) and low <= option <= high)
            said = f"a number from {low:g} to {high:g}"
        elif name == "source":
            wrong = not isinstance(option, str)
            said = 'the id of a published row, such as "study-2020-energy"'
        else:
            wrong = option not in known[name]
            said = f"one of {', '.join(known[name])}"
        if wrong:
            yield lines.problem(place, f'choice "{name}": {_shown(option)} must be {said}')


def _shown(option: Any) -> str:
    return f'"{option}"' if isinstance(option, str) else str(option)
