"""A claim, the values that would make it true, and the verdict that an interval allows."""

from kbstudy.claims.rule import Region, judge
from kbstudy.claims.verdict import Certainty, Evidence, Verdict, verdict_on

__all__ = ["Certainty", "Evidence", "Region", "Verdict", "judge", "verdict_on"]
