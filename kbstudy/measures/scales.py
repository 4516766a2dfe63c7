"""Scales and questionnaires as data: one small TOML file each, under ``instruments/``."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from kbstudy.errors import PlanError, did_you_mean

__all__ = ["Scale", "Threshold", "scale", "scale_ids"]

_FOLDER = files("kbstudy.measures") / "instruments"


@dataclass(frozen=True, slots=True)
class Threshold:
    """A size of change that somebody measured to matter, and to whom.

    ``kind`` tells thresholds apart that are often confused: an *individual MIC* is about one person's change, a
    *measurement error* about what cannot be told from noise, a *between-group* one about a difference of means.
    """

    value: float
    kind: Literal["individual MIC", "measurement error", "between-group"]
    population: str
    source: str
    doi: str = ""


@dataclass(frozen=True, slots=True)
class Scale:
    """What the numbers of an outcome can be and what they mean."""

    id: str
    name: str
    unit: str
    minimum: float
    maximum: float
    decimals: int
    better: Literal["lower", "higher"]
    scoring: str
    thresholds: tuple[Threshold, ...] = ()


def scale_ids() -> list[str]:
    """The ids that ``measure = "..."`` in ``study.toml`` can name.

    Examples
    --------
    >>> scale_ids()
    ['handgrip_kg', 'nrs_0_10', 'odi', 'vas_0_100_mm']
    """
    return sorted(item.name.removesuffix(".toml") for item in _FOLDER.iterdir() if item.name.endswith(".toml"))


@cache
def scale(scale_id: str) -> Scale:
    """The scale with this id.

    Raises
    ------
    PlanError
        If there is none; the message names the closest one.

    Examples
    --------
    >>> scale("nrs_0_10").maximum
    10.0
    """
    known = scale_ids()
    if scale_id not in known:
        raise PlanError(f'"{scale_id}" is not a measure{did_you_mean(scale_id, known)} Known: {", ".join(known)}.')
    content: dict[str, Any] = tomllib.loads((_FOLDER / f"{scale_id}.toml").read_text("utf-8"))
    thresholds = tuple(Threshold(**entry) for entry in content.pop("threshold", ()))
    return Scale(**content, thresholds=thresholds)
