"""The study that would settle a claim."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Settle"]


@dataclass(frozen=True, slots=True)
class Settle:
    """What study would settle a claim: its design, people, comparison and outcome, and how many people it needs.

    Parameters
    ----------
    design, population, outcome
        In words that fit "a randomised trial in adults with back pain, measuring pain after 12 weeks".
    intervention, comparator
        What is compared with what; may be empty.
    n, is_per_arm
        How many people, per arm or in all, once somebody has computed it (:func:`kbstudy.sample_size`).
    how_many
        What that number is for and what it assumes, in a sentence of its own.

    Examples
    --------
    >>> study = Settle("a randomised trial", "adults with back pain", "pain", "kettlebells", "usual care")
    >>> study.sentence
    'What would settle it: a randomised trial in adults with back pain, kettlebells against usual care, measuring pain.'
    >>> from dataclasses import replace
    >>> replace(study, n=40, is_per_arm=True).sentence.partition(", ")[0]
    'What would settle it: a randomised trial in adults with back pain (40 people per arm)'
    """

    design: str
    population: str
    outcome: str
    intervention: str = ""
    comparator: str = ""
    n: int | None = None
    is_per_arm: bool = False
    how_many: str = ""

    @property
    def sentence(self) -> str:
        """The study in one sentence."""
        size = f" ({self.n} people{' per arm' if self.is_per_arm else ''})" if self.n is not None else ""
        parts = [f"{self.design} in {self.population}{size}"]
        if self.intervention:
            parts.append(f"{self.intervention} against {self.comparator}" if self.comparator else self.intervention)
        return f"What would settle it: {', '.join(parts)}, measuring {self.outcome}. {self.how_many}".strip()
