"""A verdict in words: what was claimed, what was found, how certain, and whether it would matter."""

from __future__ import annotations

import html
import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal

from kbstudy import formatting as fmt
from kbstudy.claims.rule import Region, VerdictWord, judge
from kbstudy.errors import PlanError

__all__ = ["Certainty", "Evidence", "Verdict", "verdict_on"]

Certainty = Literal["high", "moderate", "low", "very low", "none"]
_LADDER: Final[tuple[Certainty, ...]] = ("high", "moderate", "low", "very low")

#: Below this many people, certainty is lowered.
FEW_PEOPLE: Final = 30

_SAYS: Final[dict[VerdictWord, str]] = {
    "supported": "every value in the interval agrees with the claim",
    "not supported": "no value in the interval agrees with the claim",
    "inconclusive": "some values in the interval agree with the claim and some do not",
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

    def __post_init__(self) -> None:
        ends = [end for end in (self.low, self.estimate, self.high) if not math.isnan(end)]
        if ends != sorted(ends):
            raise PlanError(f"the estimate {self.estimate:g} is not between {self.low:g} and {self.high:g}")
        if not 0 < self.level < 1 or self.n < 0 or self.studies < 0:
            raise PlanError(f"level {self.level:g}, n {self.n} and studies {self.studies} do not describe evidence")

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
    important: Region | None = None

    @property
    def found(self) -> str:
        """``−1.4 points (95% CI −2.7 to −0.0), 40 people``."""
        e = self.evidence
        unit = f" {e.unit}" if e.unit else ""
        if not e.exists:
            known = not math.isnan(e.estimate)
            return f"{fmt.number(e.estimate, e.decimals)}{unit} without an interval" if known else "no estimate"
        digits = self._digits()
        span = fmt.interval(e.low, e.high, digits)
        people = fmt.count(e.n, "person", "people")
        return f"{fmt.number(e.estimate, digits)}{unit} ({fmt.confidence(e.level)} CI {span}; {people})"

    def _digits(self) -> int:
        """As many decimals as the instrument has, and more where rounding would put an end on or across a border."""
        e = self.evidence
        regions = [self.region] if self.important is None else [self.region, self.important]
        borders = [end for region in regions for end in (region.at_least, region.at_most) if math.isfinite(end)]
        most = e.decimals + 4
        fits = (digits for digits in range(e.decimals, most) if _same_sides((e.low, e.high), borders, digits))
        return next(fits, most)

    @property
    def sentence(self) -> str:
        """The verdict in one sentence for a lay reader."""
        e = self.evidence
        region = self.region.text(e.unit)
        quantity = self.quantity or "the quantity"
        stamp = "In simulated data, which are never evidence: " if e.simulated else ""
        if not math.isnan(e.estimate) and not e.exists:
            return (
                f"{stamp}{self.word.capitalize()}: {e.source} reports {self.found}, and without an interval nothing "
                "can be judged."
            )
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


def _same_sides(ends: tuple[float, float], borders: list[float], digits: int) -> bool:
    """Whether rounded ends lie below, on or above each border just as the exact ones do."""
    return all(_side(round(end, digits), border) == _side(end, border) for end in ends for border in borders)


def _side(value: float, border: float) -> int:
    return (value > border) - (value < border)


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
    if smallest_important is not None and not smallest_important > 0:
        raise PlanError(f"a smallest important difference is larger than 0, and {smallest_important:g} is not")
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
        important=_toward(smallest_important, better),
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


def _toward(smallest: float | None, better: str) -> Region | None:
    """The effects that are an improvement of at least the smallest important difference."""
    if smallest is None or better not in ("lower", "higher"):
        return None
    return Region(at_most=-smallest) if better == "lower" else Region(at_least=smallest)


def _importance(evidence: Evidence, smallest: float | None, source: str, better: str) -> str:
    """Whether the effect reaches the smallest important difference, as a sentence of its own."""
    toward = _toward(smallest, better)
    if toward is None or smallest is None or not evidence.exists:
        return ""
    size = f"{fmt.plain(smallest)} {evidence.unit}".strip()
    away = _toward(smallest, "higher" if better == "lower" else "lower")
    if away is not None and away.position(evidence.low, evidence.high) == "inside":
        what = f"The whole interval lies beyond the smallest important difference ({size}) in the harmful direction"
        return f"{what}. {source}".strip()
    reached = {
        "inside": f"The whole interval reaches the smallest important difference ({size})",
        "outside": f"The whole interval falls short of the smallest important difference ({size})",
        "across": f"Whether the effect reaches the smallest important difference ({size}) is open",
        "none": "",
    }[toward.position(evidence.low, evidence.high)]
    is_short = toward.position(evidence.estimate, evidence.estimate) == "outside"
    tail = f"; the estimate itself {'falls short of' if is_short else 'reaches'} it" if "is open" in reached else ""
    return f"{reached}{tail}. {source}".strip()
