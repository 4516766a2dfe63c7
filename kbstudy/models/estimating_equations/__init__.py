"""Population-averaged regression for repeated yes-or-no and count outcomes."""

from __future__ import annotations

from kbstudy.models.estimating_equations.analysis import gee

__all__ = ["gee"]
