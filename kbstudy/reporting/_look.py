"""One look for the three writers: colours, the words of the tones, and the moment every file claims to be made at."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from kbstudy.reporting.tree import Tone

__all__ = ["INK", "LINK", "MOMENT", "MUTED", "PALE", "STAMP", "TONES", "Tint", "tone_word"]


@dataclass(frozen=True, slots=True)
class Tint:
    """Dark writing on a pale ground; the two always pass WCAG AA together."""

    ink: str
    ground: str


INK = "#1a1a1a"
MUTED = "#595959"
PALE = "#d9d9d9"
LINK = "#0b4f8a"
STAMP = Tint("#4a2c00", "#ffe3a3")

#: The inks differ in lightness and blueness, so that they stay apart without red-green vision.
TONES: dict[Tone, Tint] = {
    "supported": Tint("#005a66", "#e0f1f2"),
    "not supported": Tint("#b54100", "#fff2ea"),
    "inconclusive": Tint("#574a1d", "#f6f1de"),
    "no evidence": Tint("#696969", "#f5f5f5"),
    "not possible as stated": Tint("#6a2c91", "#f4ecf9"),
    "note": Tint("#2c4a75", "#eaf0f8"),
}

#: Files carry this date instead of today's, so that the same report is the same bytes.
MOMENT = datetime(2000, 1, 1, tzinfo=UTC)


def tone_word(tone: Tone) -> str:
    """The word that stands beside the colour.

    Examples
    --------
    >>> tone_word("not supported")
    'Not supported'
    """
    return tone.capitalize()
