"""The verdicts on a study's claims: which evidence each is judged on, and what lowers its certainty."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

import pandas as pd

from kbstudy import formatting as fmt
from kbstudy.analysis.planned import stamped
from kbstudy.analysis.settling import region_of, settled_by
from kbstudy.claims import Evidence, Verdict, verdict_on, verdict_on_chain
from kbstudy.estimates import Estimates
from kbstudy.evidence import (
    Pooled,
    direction_of,
    pool_published,
    published_estimates,
    row_in_words,
    spread_in_words,
    study_and_year,
)
from kbstudy.study import OF_ONE_ARM, Claim, Judged, Outcome, Study, judged_in

__all__ = ["POOLED", "Judgement", "judge_claims", "region_of"]

#: The term of a pooled estimate among those of its studies.
POOLED: Final = "pooled"
#: Of allocations that differ between pooled studies the last one counts.
_WORST_LAST: Final = ("randomised", "assigned", "not stated", "single group", "none")
#: From here on, per cent, studies are said to disagree.
DISAGREE: Final = 50.0


@dataclass(frozen=True)
class Judgement:
    """Verdicts with the published estimates and pools behind them, by the id of the claim or of its link."""

    verdicts: tuple[Verdict, ...] = ()
    published: Mapping[str, Estimates] = field(default_factory=dict)
    pooled: Mapping[str, Pooled] = field(default_factory=dict)


def judge_claims(study: Study, estimates: Mapping[str, Estimates]) -> Judgement:
    """Judge every claim of a study, chains link by link."""
    asked = [(name, claim.id, judged) for claim in study.plan.claims for name, judged, _ in judged_in(claim)]
    pooled = {name: _pooled(study, judged) for name, _, judged in asked if judged.evidence and judged.evidence.pooled}
    published = {
        name: stamped(study, "claim", claim, _published(study, name, judged, pooled.get(name)))
        for name, claim, judged in asked
        if judged.evidence
    }
    found = Judgement((), published, pooled)
    verdicts = tuple(_verdict(study, claim, estimates, found) for claim in study.plan.claims)
    return replace(found, verdicts=verdicts)


# ---- published numbers -------------------------------------------------------------------------------------------


def _pooled(study: Study, judged: Judged) -> Pooled:
    assert judged.evidence is not None
    assert study.published is not None, "the plan asks for a published table"
    asked = judged.evidence
    found = pool_published(
        study.published,
        asked.pooled,
        unit=asked.unit,
        model=asked.model,
        tau2_method=asked.tau2,
        interval=asked.interval,
    )
    return found.with_(decimals=asked.decimals, outcome=judged.quantity or found.outcome)


def _published(study: Study, name: str, judged: Judged, pooled: Pooled | None) -> Estimates:
    """The intervals of every row that is shown, and under them the pooled one."""
    assert judged.evidence is not None
    assert study.published is not None, "the plan asks for a published table"
    asked = judged.evidence
    found = published_estimates(study.published, asked.rows, unit=asked.unit, title=f"{name}: published estimates")
    found = found.with_(decimals=asked.decimals, outcome=judged.quantity or found.outcome)
    if pooled is None:
        return found
    row = {
        "term": POOLED,
        "n": _people(study.published.loc[list(asked.pooled)]),
        "estimate": pooled.estimate,
        "se": pooled.se,
        "df": None if math.isinf(pooled.df) else pooled.df,
        "low": pooled.low,
        "high": pooled.high,
        "method": f"{pooled.row_name.lower()}, from {pooled.k} studies",
    }
    return found.with_(
        frame=pd.concat([found.frame, pd.DataFrame([row])], ignore_index=True),
        primary=POOLED,
        method=f"{found.method} {pooled.methods()}",
        notes=(*found.notes, *pooled.notes),
    )


def _people(rows: pd.DataFrame) -> int:
    return int(rows["n"].sum())


# ---- verdicts ----------------------------------------------------------------------------------------------------


def _verdict(study: Study, claim: Claim, estimates: Mapping[str, Estimates], found: Judgement) -> Verdict:
    if claim.links:
        verdict = verdict_on_chain(
            claim.id,
            claim.says,
            [_judged(study, claim.id_of(link), link, estimates, found) for link in claim.links],
            explanation=claim.explanation,
            plainly=_plainly(claim),
            related=_related(study, claim),
        )
    else:
        verdict = _judged(study, claim.id, claim, estimates, found)
    return replace(verdict, population=claim.population, comparator=claim.comparator, settle=settled_by(claim))


def _judged(study: Study, name: str, judged: Judged, estimates: Mapping[str, Estimates], found: Judgement) -> Verdict:
    inherited = _inherited(study, judged)
    source = judged.smallest_important_source or (inherited.smallest_important_source if inherited else "")
    return verdict_on(
        name,
        judged.says,
        _evidence(study, name, judged, estimates, found),
        region_of(judged),
        quantity=judged.quantity or _quantity(study, judged),
        smallest_important=judged.smallest_important or (inherited.smallest_important if inherited else None),
        smallest_important_source=source,
        better=judged.better or (inherited.direction if inherited else ""),
        explanation=judged.explanation,
        plainly=_plainly(judged),
        related=_related(study, judged),
    )


def _plainly(judged: Judged) -> dict[str, str]:
    return {str(key): sentence for key, sentence in judged.plainly.items()}


def _related(study: Study, judged: Judged) -> tuple[str, ...]:
    """Other published numbers in words."""
    if not judged.related:
        return ()
    assert study.published is not None, "the plan asks for a published table"
    return tuple(f"{row_in_words(study.published.loc[name])}." for name in judged.related)


def _inherited(study: Study, judged: Judged) -> Outcome | None:
    """The outcome whose smallest important difference the claim takes over; a share of people has none."""
    if judged.analysis is None or study.plan.analysis(judged.analysis).method == "responders":
        return None
    return study.plan.outcome(study.plan.analysis(judged.analysis).outcome)


def _quantity(study: Study, judged: Judged) -> str:
    """What the claim is about, where it does not say so itself."""
    if judged.analysis is None:
        return ""
    analysis = study.plan.analysis(judged.analysis)
    title = study.plan.outcome(analysis.outcome).title
    if analysis.method == "paired":
        return f"the change in {title}"
    if analysis.method == "mean":
        return f"the mean {title}"
    share = "the share of people who reach the threshold of " if analysis.method == "responders" else ""
    return f"the difference in {share}{title} ({analysis.estimand.contrast})"


# ---- evidence ----------------------------------------------------------------------------------------------------


def _evidence(
    study: Study, name: str, judged: Judged, estimates: Mapping[str, Estimates], found: Judgement
) -> Evidence:
    if judged.analysis:
        return _from_analysis(study, judged, estimates[judged.analysis])
    if judged.evidence:
        return _from_published(study, judged, found.published[name], found.pooled.get(name))
    return Evidence("nothing", simulated=study.simulated)


def _from_analysis(study: Study, judged: Judged, estimates: Estimates) -> Evidence:
    assert judged.analysis is not None
    assert study.plan.design is not None
    analysis = study.plan.analysis(judged.analysis)
    is_one_arm = analysis.method in OF_ONE_ARM
    row = estimates.row(
        contrast=None if is_one_arm else analysis.estimand.contrast,
        visit=analysis.estimand.visit,
    )
    return Evidence(
        source="this study",
        estimate=float(row["estimate"]),
        low=float(row["low"]),
        high=float(row["high"]),
        level=estimates.level,
        unit=estimates.unit,
        decimals=estimates.decimals,
        n=int(row["n"]),
        basis=study.basis_of(analysis.outcome),
        allocation="single group" if is_one_arm else study.plan.design.allocation,
        is_effect=judged.about == "effect",
        simulated=study.simulated,
    )


def _from_published(study: Study, judged: Judged, estimates: Estimates, pooled: Pooled | None) -> Evidence:
    assert judged.evidence is not None
    assert study.published is not None
    asked = judged.evidence
    rows = study.published.loc[list(asked.pooled) if pooled else [asked.judged_on]]
    row = estimates.row()
    return Evidence(
        source=_source(rows),
        estimate=float(row["estimate"]),
        low=float(row["low"]),
        high=float(row["high"]),
        level=pooled.level if pooled else estimates.level,
        unit="" if estimates.unit in ("ratio", "direction") else estimates.unit,
        decimals=estimates.decimals,
        n=_people(rows),
        studies=len(rows),
        basis="estimated" if (rows["basis"] == "estimated").any() else "measured",
        allocation=max(rows["allocation"], key=_WORST_LAST.index),
        is_effect=judged.about == "effect",
        simulated=study.simulated,
        weakened_by=tuple(_weaknesses(rows, asked.lowered_by, pooled)),
        **_direction(rows.iloc[0]),
    )


def _source(rows: pd.DataFrame) -> str:
    if len(rows) > 1:
        return "the studies together"
    row = rows.iloc[0]
    return f"{row['study']} ({row['year']})" if row["year"] else study_and_year(row)


def _direction(row: pd.Series) -> dict[str, Any]:
    direction = direction_of(row)
    return {"direction": direction, "p": spread_in_words(row)} if direction else {}


def _weaknesses(rows: pd.DataFrame, declared: Sequence[str], pooled: Pooled | None) -> Iterator[str]:
    if pooled is not None and pooled.i2 >= DISAGREE:
        yield f"the studies disagree (I² {fmt.number(pooled.i2, 0)}%)"
    if (rows["verified"] == "second-hand").any():
        yield "a number was read second-hand and not at its source"
    yield from declared
