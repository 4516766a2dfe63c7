"""Whether a result is what the locked plan asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from pydantic import BaseModel

from kbstudy.estimates import Estimates
from kbstudy.study import Study
from kbstudy.study.plan_claims import judged_in

__all__ = ["Kind", "plan_of", "planned", "prespecified", "stamped"]

#: What can be prespecified or post hoc.
Kind = Literal["analysis", "family", "claim", "multiverse", "reliability", "harms", "adherence"]

#: An outcome's keys that judge an estimate and do not change it.
_ONLY_FOR_CLAIMS = ("smallest_important",)


def prespecified(study: Study, kind: Kind, name: str) -> bool | None:
    """Whether something is as it was locked, with everything that it rests on; ``None`` if the plan was not locked.

    Parameters
    ----------
    study
        The study.
    kind, name
        An analysis, a family or a reliability by its name, a claim or a link of one by its id, a multiverse by the id
        of its claim; harms and adherence, of which there is one each, by any name.

    Notes
    -----
    An analysis rests on the design, its outcome, its covariates, the analysis that it is made of and, where the outcome
    is derived from recordings, on their energy rule. A family rests on its analyses, a claim on its analysis, a
    multiverse on its claim. A difference in how files are read (codes, missing codes, names of files) is listed, and is
    not another analysis.
    """
    if study.locked is None:
        return None
    if kind == "family":
        family = next(item for item in study.plan.families if item.name == name)
        members = all(prespecified(study, "analysis", member) for member in family.analyses)
        return members and study.locked.keeps([f"family.{name}"])
    if kind in ("claim", "multiverse"):
        return study.locked.keeps(list(_of_claim(study, name, kind)))
    return study.locked.keeps(list(_of_estimates(study, kind, name)), but=_ONLY_FOR_CLAIMS)


def stamped(study: Study, kind: Kind, name: str, estimates: Estimates) -> Estimates:
    """The estimates, whose rows say prespecified or post hoc if the plan was locked."""
    found = prespecified(study, kind, name)
    return estimates if found is None else estimates.stamped(found)


def plan_of(study: Study) -> dict[str, Any] | None:
    """What ``results.json`` says of the plan: its lock, what differs, what is prespecified; ``None`` without a lock."""
    if study.locked is None:
        return None
    said = {kind: {name: prespecified(study, kind, name) for name in names} for kind, names in planned(study).items()}
    return {**study.locked.to_dict(), "prespecified": said}


def planned(study: Study) -> dict[Kind, list[str]]:
    """Everything that can be prespecified or post hoc, by kind."""
    plan = study.plan
    names: dict[Kind, list[str]] = {
        "analysis": [item.name for item in plan.analyses],
        "family": [item.name for item in plan.families],
        "claim": [item.id for item in plan.claims],
        "multiverse": [item.claim for item in plan.multiverses],
        "reliability": [item.name for item in plan.reliabilities],
        "harms": ["harms"] if plan.harms else [],
        "adherence": ["adherence"] if plan.adherence else [],
    }
    return {kind: those for kind, those in names.items() if those}


# ---- what rests on what ------------------------------------------------------------------------------------------


def _of_claim(study: Study, name: str, kind: Kind) -> Iterator[str]:
    """The items of the plan that a claim, a link of a claim, or a claim's multiverse rests on."""
    for claim in study.plan.claims:
        for own, judged, _ in judged_in(claim):
            if name in (claim.id, own):
                yield f"claim.{claim.id}"
                yield from _of_estimates(study, "analysis", judged.analysis) if judged.analysis is not None else ()
    if kind == "multiverse":
        declared = next(item for item in study.plan.multiverses if item.claim == name)
        yield f"multiverse.{name}"
        yield from _covariates_in(study, declared)


def _of_estimates(study: Study, kind: Kind, name: str) -> Iterator[str]:
    """The items of the plan that an analysis, a reliability, harms or adherence rest on."""
    yield "design"
    if kind in ("harms", "adherence"):
        yield kind
        yield from _covariates_in(study, getattr(study.plan, kind))
        return
    declared: Any = study.plan.analyses if kind == "analysis" else study.plan.reliabilities
    asked = next(item for item in declared if item.name == name)
    yield from (f"{kind}.{name}", f"outcome.{asked.outcome}")
    yield from _covariates_in(study, asked)
    if study.is_derived(asked.outcome):
        yield from (f'source "{source.name}"' for source in study.plan.sources if source.files is not None)
    if getattr(asked, "of", None) is not None:
        yield from _of_estimates(study, "analysis", asked.of)


def _covariates_in(study: Study, declared: BaseModel) -> Iterator[str]:
    """The covariates that a part of the plan names, whatever the key."""
    named = set(_texts(declared.model_dump()))
    yield from (f"covariate.{item.name}" for item in study.plan.covariates if item.name in named)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for part in value.values():
            yield from _texts(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _texts(part)
