"""A verdict in words: what was claimed, what was found, how certain, and whether it would matter."""

from __future__ import annotations

import html
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal

from kbstudy import formatting as fmt
from kbstudy.claims.chain import chain_sentence, weakest_link
from kbstudy.claims.rule import Region, VerdictWord, judge
from kbstudy.claims.settle import Settle
from kbstudy.errors import PlanError

__all__ = ["Certainty", "Direction", "Evidence", "Verdict", "verdict_on", "verdict_on_chain"]

Certainty = Literal["high", "moderate", "low", "very low", "none"]
Direction = Literal["", "higher", "lower", "not shown"]
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
    direction, p
        For a publication that printed no size: ``"higher"``, ``"lower"`` or ``"not shown"``, and its p-value in words.
        Such evidence is judged against zero only.
    weakened_by
        Further reasons for less certainty that whoever knows the source has found.
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
    direction: Direction = ""
    p: str = ""
    weakened_by: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        ends = [end for end in (self.low, self.estimate, self.high) if not math.isnan(end)]
        if ends != sorted(ends):
            raise PlanError(f"the estimate {self.estimate:g} is not between {self.low:g} and {self.high:g}")
        if not 0 < self.level < 1 or self.n < 0 or self.studies < 0:
            raise PlanError(f"level {self.level:g}, n {self.n} and studies {self.studies} do not describe evidence")

    @property
    def exists(self) -> bool:
        """Whether there is an interval, or at least a direction, to judge on."""
        return bool(self.direction) or not (math.isnan(self.low) or math.isnan(self.high))

    @property
    def span(self) -> tuple[float, float]:
        """The interval; of a mere direction all values above zero, all below, or all there are."""
        least = math.nextafter(0.0, 1.0)
        spans = {"higher": (least, math.inf), "lower": (-math.inf, -least), "not shown": (-math.inf, math.inf)}
        return spans.get(self.direction, (self.low, self.high))


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
    plainly: str = ""
    population: str = ""
    comparator: str = ""
    related: tuple[str, ...] = ()
    settle: Settle | None = None
    links: tuple[Verdict, ...] = ()
    decided_by: str = ""

    @property
    def found(self) -> str:
        """``−1.4 points (95% CI −2.7 to −0.0), 40 people``."""
        e = self.evidence
        unit = f" {e.unit}" if e.unit else ""
        if e.direction:
            people = fmt.count(e.n, "person", "people")
            said = (
                "no difference" if e.direction == "not shown" else f"{e.direction}, by an amount that was not printed"
            )
            return f"{said} ({e.p}; {people})" if e.p else f"{said} ({people})"
        if not e.exists:
            known = not math.isnan(e.estimate)
            return f"{fmt.number(e.estimate, e.decimals)}{unit} without an interval" if known else "no estimate"
        digits = self._digits()
        span = fmt.interval(e.low, e.high, digits)
        people = fmt.count(e.n, "person", "people")
        people = f"{e.studies} studies, {people}" if e.studies > 1 else people
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
        if self.links:
            return f"{stamp}{self.word.capitalize()}: {chain_sentence(self)}"
        if e.direction:
            return f"{stamp}{self.word.capitalize()}: {self._of_a_direction(region)}"
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

    def _of_a_direction(self, region: str) -> str:
        """Where a size was never printed, no interval can be spoken of."""
        e = self.evidence
        quantity = self.quantity or "the quantity"
        found = f"{e.source} {'showed' if e.direction == 'not shown' else 'found it'} {self.found}"
        so = {
            "supported": "so the direction agrees with the claim",
            "not supported": "so the direction contradicts the claim",
        }.get(self.word, "which leaves the claim open: nothing shown is not the same as no effect")
        return f"the claim needs {quantity} to be {region}; {found}, {so}."

    @property
    def in_short(self) -> str:
        """One short sentence for a reader who reads nothing else; the declared one, else one that always holds."""
        if self.plainly:
            stamp = "In simulated data: " if self.evidence.simulated else ""
            return f"{stamp}{self.plainly}"
        if self.links:
            return f"Link {self.decided_by} of the chain decides."
        return {
            "supported": f"What was found agrees: {self.found}.",
            "not supported": f"What was found disagrees: {self.found}.",
            "inconclusive": f"What was found fits a yes and a no: {self.found}.",
            "no evidence": "Nobody has measured this, as far as was found.",
            "not possible as stated": "The claim contradicts itself.",
        }[self.word]

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
            "links": [link.to_dict() for link in self.links],
            "found": self.found,
            "in_short": self.in_short,
            "sentence": self.sentence,
            "certainty_text": self.certainty_sentence,
        }

    def __str__(self) -> str:
        lines = [f'{self.claim_id}: "{self.says}"', self.sentence, self.importance, self.certainty_sentence]
        lines += [f"Link {link.claim_id}: {link.sentence}" for link in self.links]
        lines += [self.explanation, *self.related, self.settle.sentence if self.settle else ""]
        return "\n".join(line for line in lines if line)

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
    plainly: Mapping[str, str] | None = None,
    related: tuple[str, ...] = (),
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
    plainly
        Short sentences for a lay reader by verdict (``"supported"``, ``"not_supported"``, ``"inconclusive"``,
        ``"no_evidence"``); ``{estimate}``, ``{size}`` (without its sign), ``{low}``, ``{high}`` and ``{n}`` become what
        was found.
    related
        Other studies in words, which do not test the claim.

    Returns
    -------
    Verdict
        With its certainty and each reason that lowered it: no control group, no randomisation, fewer than 30 people,
        estimated instead of measured, one trial only, only a direction published, and what the evidence brings along.

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
    word = judge(*evidence.span, region)
    return Verdict(
        claim_id=claim_id,
        says=says,
        quantity=quantity,
        word=word,
        region=region,
        evidence=evidence,
        certainty=_LADDER[min(len(reasons), len(_LADDER) - 1)] if is_evidence else "none",
        lowered_by=reasons,
        importance=_importance(evidence, smallest_important, smallest_important_source, better),
        explanation=explanation,
        important=_toward(smallest_important, better),
        plainly=_filled((plainly or {}).get(word.replace(" ", "_"), ""), evidence),
        related=related,
    )


def _shortest(value: float, digits: int) -> str:
    """A number without zeros at its end."""
    return fmt.plain(round(value, digits)) if math.isfinite(value) else fmt.MISSING


def _filled(sentence: str, evidence: Evidence) -> str:
    """A declared sentence with the numbers that were found."""
    digits = evidence.decimals
    return sentence.format(
        estimate=_shortest(evidence.estimate, digits),
        size=_shortest(abs(evidence.estimate), digits),
        low=_shortest(evidence.low, digits),
        high=_shortest(evidence.high, digits),
        n=evidence.n,
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
    if evidence.direction:
        yield "only the direction was published, and not the size"
    yield from evidence.weakened_by


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
    if evidence.direction:
        said = "Whether the effect reaches the smallest important difference is open: its size was not printed"
        return f"{said}. {source}".strip()
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


def verdict_on_chain(
    claim_id: str,
    says: str,
    links: Sequence[Verdict],
    *,
    explanation: str = "",
    plainly: Mapping[str, str] | None = None,
    related: tuple[str, ...] = (),
) -> Verdict:
    """Judge a claim that holds only if each of its links holds.

    Parameters
    ----------
    claim_id, says
        The claim and its words.
    links
        Verdicts on the links, in the order of the chain, from :func:`verdict_on`.
    explanation, plainly, related
        As for :func:`verdict_on`.

    Returns
    -------
    Verdict
        With the word, evidence and certainty of its weakest link, which ``decided_by`` names.

    Notes
    -----
    Supported only if every link is; not supported if one link is not; otherwise no evidence if nobody has tested a
    link; otherwise inconclusive. Links that hold one by one, in different people, still do not show that one works
    through the other.

    Examples
    --------
    >>> warm = Evidence("one study", 6.4, 4.0, 8.8, unit="mmol/L", n=14, is_effect=False)
    >>> links = [
    ...     verdict_on("C-a", "more blood flow", Evidence("nothing"), Region(at_least=0)),
    ...     verdict_on("C-b", "so less lactate", warm, Region(at_most=2)),
    ... ]
    >>> chain = verdict_on_chain("C", "blood flow reduces lactate", links)
    >>> chain.word, chain.decided_by
    ('not supported', 'C-b')
    """
    weakest = weakest_link(links)
    return Verdict(
        claim_id=claim_id,
        says=says,
        quantity=weakest.quantity,
        word=weakest.word,
        region=weakest.region,
        evidence=weakest.evidence,
        certainty=weakest.certainty,
        lowered_by=weakest.lowered_by,
        importance="",
        explanation=explanation,
        plainly=_filled((plainly or {}).get(weakest.word.replace(" ", "_"), ""), weakest.evidence),
        related=related,
        links=tuple(links),
        decided_by=weakest.claim_id,
    )
