"""A claim, the values that would make it true, and the verdict that an interval allows."""

from kbstudy.claims.rule import Region, judge
from kbstudy.claims.settle import Settle
from kbstudy.claims.specifications import Multiverse, multiverse
from kbstudy.claims.verdict import Certainty, Evidence, Verdict, verdict_on, verdict_on_chain

__all__ = [
    "Certainty",
    "Evidence",
    "Multiverse",
    "Region",
    "Settle",
    "Verdict",
    "judge",
    "multiverse",
    "verdict_on",
    "verdict_on_chain",
]
