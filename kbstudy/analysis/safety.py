"""Harms, adherence and reliability, as a study declares them."""

from __future__ import annotations

from kbstudy import formatting as fmt
from kbstudy import models
from kbstudy.estimates import Estimates
from kbstudy.models import Reliability
from kbstudy.study import Study

__all__ = ["adherence_of", "harms_of", "reliabilities_of"]


def harms_of(study: Study, stamp: str) -> Estimates | None:
    """Adverse events by arm; ``None`` where none are declared."""
    declared = study.plan.harms
    if declared is None or study.events is None or study.plan.design is None or study.plan.design.arm is None:
        return None
    return models.harms(
        study.events,
        people=study.people,
        participant=study.participant,
        arm="arm",
        reference=study.plan.design.arm.reference,
        exposure=declared.exposure,
        exposure_unit=declared.exposure_unit,
        per=declared.per,
        kind="kind" if declared.kind else None,
        serious="serious" if declared.serious else None,
        ratio=declared.ratio,
        level=declared.level,
    ).with_(stamp=stamp)


def adherence_of(study: Study, stamp: str) -> Estimates | None:
    """Sessions attended of those planned, by arm; ``None`` where it is not declared."""
    declared = study.plan.adherence
    if declared is None:
        return None
    people = study.people[study.people["arm"].notna()]
    planned = people[people[declared.attended].notna()]
    arms = [arm for arm in study.plan.arms if (planned["arm"] == arm).any()]
    people = people[people["arm"].isin(arms)]
    people = people.assign(arm=people["arm"].cat.set_categories(arms))
    found = models.adherence(
        people,
        attended=declared.attended,
        planned=declared.planned,
        threshold=declared.threshold,
        participant=study.participant,
        arm="arm" if len(study.plan.arms) > 1 else None,
        level=declared.level,
    )
    without = [arm for arm in study.plan.arms if arm not in arms]
    note = [f"Nobody in {fmt.words(without)} has sessions, so nothing is said of it."] if without else []
    return found.with_(stamp=stamp, notes=(*found.notes, *note))


def reliabilities_of(study: Study) -> dict[str, Reliability]:
    """Every declared reliability, by name."""
    return {declared.name: _reliability(study, declared.name) for declared in study.plan.reliabilities}


def _reliability(study: Study, name: str) -> Reliability:
    declared = next(item for item in study.plan.reliabilities if item.name == name)
    outcome = study.plan.outcome(declared.outcome)
    table = study.table(outcome.name, covariates=())
    table = table[table["visit"].isin(declared.visits)]
    if declared.arm:
        table = table[table["arm"] == declared.arm]
    table = table.assign(visit=table["visit"].cat.set_categories(list(declared.visits), ordered=True))
    return models.reliability(
        table.rename(columns={outcome.name: outcome.title}) if outcome.title not in table else table,
        outcome.title if outcome.title not in table else outcome.name,
        participant=study.participant,
        trial="visit",
        level=declared.level,
    )
