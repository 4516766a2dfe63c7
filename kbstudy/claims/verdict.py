"""A verdict in words: what was claimed, what was found, how certain, and whether it would matter."""

from __future__ import annotations

import html
import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal

from kbstudy import formatting as fmt
from kbstudy.claims.rule import Region, VerdictWord, judge

__all__ = ["Certainty", "Evidence", "Verdict", "verdict_on"]

Certainty = Literal["high", "moderate", "low", "very low", "none"]
_LADDER: Final[tuple[Certainty, ...]] = ("high", "moderate", "low", "very low")

#: Below this many people, certainty is lowered.
FEW_PEOPLE: Final = 30

_SAYS: Final[dict[VerdictWord, str]] = {
    "supported": "every plausible value agrees with the claim",
    "not supported": "no plausible value agrees with the claim",
    "inconclusive": "some plausible values agree with the claim and some do not",
    "no evidence": "nobody has measured this here; that is not the same as finding no effect",
    "not possible as stated": "the claim contradicts itself or what is physically possible",
}


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a claim is judged on.

    Parameters
    ----------
    source
        Where the estimate comes from, in words.
    estimate, low, high, level
        The quantity with its interval; NaN where there is none.
    unit, decimals
        How it is written.
    n, studies
        People and independent studies behind it.
    basis
        ``"measured"`` or ``"estimated"`` (calculated from something else that was measured).
    allocation
        ``"randomised"``, ``"assigned"``, ``"single group"``, ``"none"`` or ``"not stated"``.
    is_effect
        Whether the quantity is an effect of an intervention; only then do control group and randomisation matter.
    simulated
        Whether the data are made up.
    """

    source: str
    estimate: float = math.nan
    low: float = math.nan
    high: float = math.nan
    level: float = 0.95
    unit: str = ""
    decimals: int = 1
    n: int = 0
    studies: int = 1
    basis: Literal["measured", "estimated"] = "measured"
    allocation: str = "not stated"
    is_effect: bool = True
    simulated: bool = False

    @property
    def exists(self) -> bool:
        """Whether there is an interval to judge on."""
        return not (math.isnan(self.low) or math.isnan(self.high))


@dataclass(frozen=True, slots=True, repr=False)
class Verdict:
    """The verdict on one claim. Made by :func:`verdict_on`; every word follows from its fields."""

    claim_id: str
    says: str
    quantity: str
    word: VerdictWord
    region: Region
    evidence: Evidence
    certainty: Certainty
    lowered_by: tuple[str, ...]
    importance: str
    explanation: str = ""

    @property
    def found(self) -> str:
        """``−1.4 points (95% CI −2.7 to −0.0), 40 people``."""
        e = self.evidence
        if not e.exists:
            return "no estimate"
        unit = f" {e.unit}" if e.unit else ""
        span = fmt.interval(e.low, e.high, e.decimals)
        people = fmt.count(e.n, "person", "people")
        return f"{fmt.number(e.estimate, e.decimals)}{unit} ({fmt.confidence(e.level)} CI {span}; {people})"

    @property
    def sentence(self) -> str:
        """The verdict in one sentence for a lay reader."""
        e = self.evidence
        region = self.region.text(e.unit, _digits(self.region, e.decimals))
        quantity = self.quantity or "the quantity"
        stamp = "In simulated data, which are never evidence: " if e.simulated else ""
        if not e.exists:
            return f"{stamp}{self.word.capitalize()}: {_SAYS[self.word]}."
        verb = "estimated" if e.basis == "estimated" else "found"
        return (
            f"{stamp}{self.word.capitalize()}: the claim needs {quantity} to be {region}; {e.source} {verb} "
            f"{self.found}, so {_SAYS[self.word]}."
        )

    @property
    def certainty_sentence(self) -> str:
        """``Certainty: low, because ...``."""
        if self.evidence.simulated and self.evidence.exists:
            why = fmt.words(self.lowered_by) or "nothing that is checked here"
            return (
                f"Certainty: none, because the data are simulated. Were they real, it would be lowered by this: {why}."
            )
        if self.certainty == "none":
            return ""
        if not self.lowered_by:
            return "Certainty: high; nothing that is checked here lowers it."
        return f"Certainty: {self.certainty}, because {fmt.words(self.lowered_by)}."

    def to_dict(self) -> dict[str, Any]:
        """Everything, ready for JSON."""
        return {
            **asdict(self),
            "found": self.found,
            "sentence": self.sentence,
            "certainty_text": self.certainty_sentence,
        }

    def __str__(self) -> str:
        lines = [f'{self.claim_id}: "{self.says}"', self.sentence, self.importance, self.certainty_sentence]
        return "\n".join(line for line in [*lines, self.explanation] if line)

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        head, *rest = str(self).split("\n")
        body = "".join(f"<br>{html.escape(line)}" for line in rest)
        return f"<p><strong>{html.escape(head)}</strong>{body}</p>"


def verdict_on(
    claim_id: str,
    says: str,
    evidence: Evidence,
    region: Region,
    *,
    quantity: str = "",
    smallest_important: float | None = None,
    smallest_important_source: str = "",
    better: str = "",
    explanation: str = "",
) -> Verdict:
    """Judge a claim on its evidence.

    Parameters
    ----------
    claim_id, says
        The claim and its words.
    evidence
        The estimate and where it comes from.
    region
        Values for which the claim is true.
    quantity
        What is estimated, in words that fit "the claim needs ... to be at least 21 kcal/min".
    smallest_important, smallest_important_source, better
        The smallest difference that would matter, where that is from, and the direction that is an improvement; with
        them the verdict says in a second sentence whether the effect reaches it. It never changes the verdict.
    explanation
        Added for the reader as it is.

    Returns
    -------
    Verdict
        With its certainty and each reason that lowered it: no control group, no randomisation, fewer than 30 people,
        estimated instead of measured, one trial only.

    Examples
    --------
    >>> jay = Evidence("one trial", -1.4, -2.7, -0.02, unit="points", n=40, allocation="randomised")
    >>> verdict = verdict_on("C4", "alleviates back pain", jay, Region(at_most=0), quantity="the difference in pain")
    >>> verdict.word, verdict.certainty, verdict.lowered_by
    ('supported', 'moderate', ('it rests on one trial only',))
    """
    reasons = tuple(_reasons(evidence)) if evidence.exists else ()
    is_evidence = evidence.exists and not evidence.simulated
    return Verdict(
        claim_id=claim_id,
        says=says,
        quantity=quantity,
        word=judge(evidence.low, evidence.high, region),
        region=region,
        evidence=evidence,
        certainty=_LADDER[min(len(reasons), len(_LADDER) - 1)] if is_evidence else "none",
        lowered_by=reasons,
        importance=_importance(evidence, smallest_important, smallest_important_source, better),
        explanation=explanation,
    )


def _reasons(evidence: Evidence) -> Iterator[str]:
    if evidence.is_effect:
        if evidence.allocation in ("single group", "none"):
            yield "there was no control group"
        elif evidence.allocation == "assigned":
            yield "people were assigned to the groups instead of randomised"
        elif evidence.allocation != "randomised":
            yield "it is not stated whether people were randomised"
    if evidence.n < FEW_PEOPLE:
        yield f"there were fewer than {FEW_PEOPLE} people ({evidence.n})"
    if evidence.basis == "estimated":
        yield "the outcome was estimated instead of measured"
    if evidence.studies < 2:
        yield "it rests on one trial only" if evidence.is_effect else "it rests on one study only"


def _importance(evidence: Evidence, smallest: float | None, source: str, better: str) -> str:
    """Whether the effect reaches the smallest important difference, as a sentence of its own."""
    if smallest is None or not evidence.exists or better not in ("lower", "higher"):
        return ""
    toward = Region(at_most=-smallest) if better == "lower" else Region(at_least=smallest)
    size = f"{fmt.number(smallest, _digits(Region(at_least=smallest), evidence.decimals))} {evidence.unit}".strip()
    what = {
        "inside": f"The whole interval reaches the smallest important difference ({size})",
        "outside": f"The whole interval falls short of the smallest important difference ({size})",
        "across": f"Whether the effect reaches the smallest important difference ({size}) is open",
        "none": "",
    }[toward.position(evidence.low, evidence.high)]
    short = abs(evidence.estimate) < smallest or (evidence.estimate < 0) != (better == "lower")
    point = "; the estimate itself falls short of it" if short else "; the estimate itself reaches it"
    tail = point if "is open" in what else ""
    return f"{what}{tail}. {source}".strip()


def _digits(region: Region, decimals: int) -> int:
    """No needless zeros behind a round bound: 21, not 21.0."""
    bounds = [bound for bound in (region.at_least, region.at_most) if not math.isinf(bound)]
    return 0 if all(bound == round(bound) for bound in bounds) else decimals
