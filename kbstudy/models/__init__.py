"""Estimation: a frame in, :class:`~kbstudy.estimates.Estimates` out. Nothing here knows studies, files or plots."""

from __future__ import annotations

from kbstudy.models.ancova_analysis import ancova
from kbstudy.models.paired_analysis import paired
from kbstudy.models.responder_analysis import responders

__all__ = ["ancova", "paired", "responders"]
