"""The study that would settle a claim, with the number of people that it needs."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Final

from kbstudy import formatting as fmt
from kbstudy.claims import Region, Settle
from kbstudy.errors import PlanError, Problem
from kbstudy.simulate import SampleSize, TwoArmTrial, sample_size
from kbstudy.study import Claim, Judged, SettleSize

__all__ = ["region_of", "settled_by"]

#: Simulated trials of each size, and the seed: the same declaration gives the same number on every machine.
REPLICATES: Final = 500
SEED: Final = 1
_METHODS: Final = {
    "ancova": "ANCOVA",
    "change_score": "change scores",
    "follow_up": "the follow-up values alone",
    "mean": "the mean of one group",
    "paired": "the mean change of one group",
}


def region_of(judged: Judged) -> Region:
    """The values that would make a claim, or a link of one, true."""
    assert judged.true_if is not None, "the plan asks for it"
    low, high = judged.true_if.at_least, judged.true_if.at_most
    return Region(-math.inf if low is None else low, math.inf if high is None else high)


def settled_by(claim: Claim) -> Settle | None:
    """What would settle a claim; with a number of people where the plan says what to assume."""
    asked = claim.settle
    if asked is None:
        return None
    words = asked.model_dump(exclude={"sample_size"})
    if asked.sample_size is None:
        return Settle(**words)
    try:
        found = _found(asked.sample_size, None if claim.links else region_of(claim))
    except PlanError as error:
        told = [Problem(f'claim "{claim.id}", sample_size: {item.what}', do=item.do) for item in error.problems]
        raise PlanError(told) from None
    return Settle(
        **words, n=found.n_per_arm, is_per_arm=found.groups == 2, how_many=_how_many(asked.sample_size, found)
    )


@lru_cache(maxsize=64)
def _found(asked: SettleSize, region: Region | None) -> SampleSize:
    trial = TwoArmTrial(
        difference=asked.difference or 0.0,
        sd=asked.sd,
        correlation=asked.correlation or 0.0,  # of no effect where the plan lets it be left out
        dropout=asked.dropout,
    )
    return sample_size(
        trial,
        analysis=asked.analysis,
        goal=asked.goal,
        region=region if asked.goal in ("supported", "decided") else None,
        half_width=asked.half_width,
        probability=asked.probability,
        replicates=REPLICATES,
        seed=SEED,
        progress=False,
    )


def _how_many(asked: SettleSize, found: SampleSize) -> str:
    """How many people, if what: for a reader of the claim's card."""
    each = " per arm" if found.groups == 2 else ""
    goal = {
        "difference": "excludes 0",
        "supported": "lies where the claim is true",
        "decided": "decides the claim",
        "narrow": f"reaches at most {fmt.plain(asked.half_width or 0.0)} {asked.unit} to either side",
    }[asked.goal]
    assumed = [f"the SD is {fmt.plain(asked.sd)} {asked.unit}"]
    if asked.difference is not None:
        what = "difference" if found.groups == 2 else "mean"
        assumed.insert(0, f"the true {what} is {fmt.plain(asked.difference)} {asked.unit}")
    if asked.correlation is not None:
        assumed.append(f"the correlation between the visits {fmt.plain(asked.correlation)}")
    if asked.dropout:
        assumed.append(f"{fmt.number(100 * asked.dropout, 0)}% drop out")
    share = fmt.number(100 * asked.probability, 0)
    return (
        f"With {fmt.count(found.n_per_arm, 'person', 'people')}{each} the {fmt.confidence(found.level)} interval "
        f"{goal} in {share}% of such studies ({_METHODS[asked.analysis]}; simulated), if {fmt.words(assumed)}. "
        f"Assumed from: {asked.assumed_from.rstrip('.')}."
    )
