"""The verdict rule: an interval against a claimed region, and nothing else."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Literal

from kbstudy import formatting as fmt
from kbstudy.errors import PlanError

__all__ = ["Position", "Region", "VerdictWord", "judge"]

VerdictWord = Literal["supported", "not supported", "inconclusive", "no evidence", "not possible as stated"]
Position = Literal["inside", "outside", "across", "none"]

_WORDS: Final[dict[Position, VerdictWord]] = {
    "inside": "supported",
    "outside": "not supported",
    "across": "inconclusive",
    "none": "no evidence",
}


@dataclass(frozen=True, slots=True)
class Region:
    """The values of a quantity for which a claim is true, ends included.

    Examples
    --------
    >>> Region(at_least=21).text("kcal/min")
    'at least 21 kcal/min'
    """

    at_least: float = -math.inf
    at_most: float = math.inf

    def __post_init__(self) -> None:
        if not self.at_least <= self.at_most or self.at_least == math.inf or self.at_most == -math.inf:
            raise PlanError(f"no value is at least {self.at_least:g} and at most {self.at_most:g}")
        if math.isinf(self.at_least) and math.isinf(self.at_most):
            raise PlanError("a region without a bound holds every value, so nothing could contradict the claim")

    def position(self, low: float, high: float) -> Position:
        """Where an interval lies: inside, outside, across an end, or nowhere because there is none."""
        if math.isnan(low) or math.isnan(high):
            return "none"
        if low > high or low == math.inf or high == -math.inf:
            raise PlanError(
                f"an interval from {low:g} to {high:g} is none: its ends are the wrong way round or out of reach"
            )
        if low >= self.at_least and high <= self.at_most:
            return "inside"
        if high < self.at_least or low > self.at_most:
            return "outside"
        return "across"

    def text(self, unit: str) -> str:
        """``at least 21 kcal/min``, ``between 2 and 4 points``: the bounds as they were declared."""
        unit = f" {unit}" if unit else ""
        low, high = fmt.plain(self.at_least), fmt.plain(self.at_most)
        if math.isinf(self.at_most):
            return f"at least {low}{unit}"
        if math.isinf(self.at_least):
            return f"at most {high}{unit}"
        return f"between {low} and {high}{unit}"


def judge(low: float, high: float, region: Region) -> VerdictWord:
    """The verdict that an interval allows on a claim.

    Parameters
    ----------
    low, high
        Ends of the confidence interval of the quantity; NaN if there is no estimate. Infinite ends are allowed.
    region
        The values for which the claim is true.

    Returns
    -------
    str
        ``"supported"`` if the whole interval lies in the region, ``"not supported"`` if none of it does,
        ``"inconclusive"`` if it lies across an end, ``"no evidence"`` if there is no interval. No evidence is not
        the same as no effect.

    Raises
    ------
    PlanError
        If the ends are the wrong way round.

    Notes
    -----
    The rule is that of confidence-interval inclusion (equivalence and non-inferiority testing). With an exact 95 %
    interval and a one-sided region, a false claim is called supported in at most 2.5 % of studies (the limit as the
    truth nears the border), and a true one not supported in at most 2.5 %. Nothing is adjusted for several claims.

    References
    ----------
    Schuirmann DJ. A comparison of the two one-sided tests procedure and the power approach. J Pharmacokinet Biopharm
    1987;15:657-680. doi:10.1007/BF01068419

    Examples
    --------
    >>> judge(-2.7, -0.02, Region(at_most=0))
    'supported'
    >>> judge(11.4, 15.8, Region(at_least=21))
    'not supported'
    >>> judge(-1.4, 0.8, Region(at_most=0))
    'inconclusive'
    >>> judge(float("nan"), float("nan"), Region(at_most=0))
    'no evidence'
    """
    return _WORDS[region.position(low, high)]
