"""A claim that is a chain is as strong as its weakest link."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from kbstudy import formatting as fmt
from kbstudy.errors import PlanError

if TYPE_CHECKING:
    from kbstudy.claims.rule import VerdictWord
    from kbstudy.claims.verdict import Verdict

__all__ = ["chain_sentence", "weakest_link"]

#: From weakest to strongest: one false link breaks a chain, one that nobody tested leaves it untested.
_WEAKEST_FIRST: Final[tuple[VerdictWord, ...]] = ("not supported", "no evidence", "inconclusive", "supported")
#: A broken link decides by the best evidence that it is broken, a whole chain by its least certain link.
_CERTAINTY: Final = ("none", "very low", "low", "moderate", "high")


def weakest_link(links: Sequence[Verdict]) -> Verdict:
    """The link that decides a chain: supported needs all of them, not supported one.

    Parameters
    ----------
    links
        The verdicts on the links, in the order of the chain.

    Returns
    -------
    Verdict
        Of the weakest word (not supported, no evidence, inconclusive, supported); among several not supported the one
        with most certainty, otherwise the one with least, and the first of equals.
    """
    if not links:
        raise PlanError("a chain has links; there is none")
    word = next(word for word in _WEAKEST_FIRST if any(link.word == word for link in links))
    weakest = [link for link in links if link.word == word]
    sign = -1 if word == "not supported" else 1
    return min(weakest, key=lambda link: sign * _CERTAINTY.index(link.certainty))


def chain_sentence(verdict: Verdict) -> str:
    """Why a chain got its verdict: which link decides, and what is known of it."""
    link = next(item for item in verdict.links if item.claim_id == verdict.decided_by)
    if verdict.word == "supported":
        return f"every link of this chain is supported; the weakest is {link.claim_id}. {link.sentence}"
    others = [item for item in verdict.links if item.word == verdict.word and item is not link]
    also = f" (so {_is_or_are(others)} {fmt.words([item.claim_id for item in others])})" if others else ""
    weakest = f"{link.claim_id}, “{link.says}”{also}"
    return f"this claim is a chain, as strong as its weakest link: {weakest}. {link.sentence}"


def _is_or_are(links: Sequence[Verdict]) -> str:
    return "is" if len(links) == 1 else "are"
