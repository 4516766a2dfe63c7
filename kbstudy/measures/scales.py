"""Scales and questionnaires as data: one small TOML file each, under ``instruments/`` or from the user."""

from __future__ import annotations

import tomllib
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from kbstudy import formatting as fmt
from kbstudy.errors import PlanError, Problem, StudyWarning, did_you_mean

__all__ = [
    "Item",
    "MicBelowMeasurementError",
    "MissingRule",
    "Scale",
    "Threshold",
    "WrongKindOfThreshold",
    "check_threshold",
    "scale",
    "scale_ids",
    "thresholds_below_measurement_error",
]

_FOLDER = files("kbstudy.measures") / "instruments"
_ADVICE: Final = "How to write a form: docs/reference/measures.md."

Kind = Literal["individual MIC", "measurement error", "between-group"]
Rule = Literal["value", "sum", "mean", "percent"]
Use = Literal["individual change", "difference between groups"]


class MicBelowMeasurementError(StudyWarning):
    """A change that is called important is smaller than what cannot be told from measurement error in one person."""


class WrongKindOfThreshold(StudyWarning):
    """A threshold is used for a question that it does not answer."""


@dataclass(frozen=True, slots=True)
class Threshold:
    """A size of change that somebody measured to matter, and to whom.

    Parameters
    ----------
    value
        In the scale's unit, or in percent of the baseline value if ``relative``. Always positive.
    kind
        Tells thresholds apart that are often confused: an *individual MIC* is about one person's change, a
        *measurement error* about what cannot be told from noise in one person, a *between-group* one about a
        difference of means.
    population
        In whom it was measured.
    source, doi
        Where it was published.
    anchor
        What told important from unimportant changes.
    name
        What the source calls it: MIC, MCID, MDC95, SEM.
    relative
        Whether ``value`` is a percentage of the person's baseline.
    verified
        Whether the number was read at its source or in an abstract; false means from memory or second hand.
    """

    value: float
    kind: Kind
    population: str
    source: str
    doi: str = ""
    anchor: str = ""
    name: str = ""
    relative: bool = False
    verified: bool = True

    @property
    def is_detectable_change(self) -> bool:
        """Whether it is the smallest change of one person that exceeds measurement error (an SEM is not)."""
        return self.kind == "measurement error" and not self.relative and not self.name.startswith("SEM")


@dataclass(frozen=True, slots=True)
class Item:
    """One item: its number and own short words, its range, and whether it counts the other way round."""

    name: str
    low: float
    high: float
    whole: bool = True
    reversed: bool = False


@dataclass(frozen=True, slots=True)
class MissingRule:
    """How many items may be missing (``allowed``), and what happens then, in words."""

    allowed: int = 0
    rule: str = "with an item missing there is no score"
    source: str = ""
    verified: bool = True


@dataclass(frozen=True, slots=True)
class Scale:
    """What the numbers of an outcome can be and what they mean.

    Parameters
    ----------
    id, name, unit
        How it is called in ``study.toml``, in print, and what one step of it is.
    minimum, maximum, decimals
        The range of the score, and the decimal places it supports.
    better
        Which direction is an improvement.
    scoring
        The scoring rule in words.
    thresholds
        Published sizes of change.
    items, rule
        The items, and how they become the score: ``value`` (a single one), ``sum``, ``mean`` or ``percent`` of what
        is possible in the answered items.
    column
        What the columns of the items are usually called: ``odi`` for ``odi_1`` … ``odi_10``.
    missing
        The rule for missing items.
    other_maxima
        Upper ends of the same measure in other units, with which this one is easily mixed up.
    cautions
        Traps, one sentence each.
    source, doi
        Where the form was published.
    """

    id: str
    name: str
    unit: str
    minimum: float
    maximum: float
    decimals: int
    better: Literal["lower", "higher"]
    scoring: str
    thresholds: tuple[Threshold, ...] = ()
    items: tuple[Item, ...] = ()
    rule: Rule = "value"
    column: str = ""
    missing: MissingRule = MissingRule()
    other_maxima: tuple[float, ...] = ()
    cautions: tuple[str, ...] = ()
    source: str = ""
    doi: str = ""

    def __post_init__(self) -> None:
        if not self.items:
            object.__setattr__(self, "items", (Item(self.id, self.minimum, self.maximum, whole=False),))


def scale_ids() -> list[str]:
    """The ids that ``measure = "..."`` in ``study.toml`` can name.

    Examples
    --------
    >>> scale_ids()[:4]
    ['back_extension_n', 'biering_sorensen_s', 'handgrip_kg', 'nrs_0_10']
    """
    return sorted(item.name.removesuffix(".toml") for item in _FOLDER.iterdir() if item.name.endswith(".toml"))


def scale(scale_id: str | Path) -> Scale:
    """The scale with this id, or the one described by a TOML file of the user's.

    Parameters
    ----------
    scale_id
        One of :func:`scale_ids`, or a path that ends in ``.toml``.

    Raises
    ------
    PlanError
        If there is none (the message names the closest one), or the file says something that cannot be.

    Examples
    --------
    >>> scale("nrs_0_10").maximum
    10.0
    >>> [item.name for item in scale("odi").items][:2]
    ['pain intensity', 'personal care']
    """
    if str(scale_id).endswith(".toml"):
        return _own(Path(scale_id))
    return _shipped(str(scale_id))


@cache
def _shipped(scale_id: str) -> Scale:
    known = scale_ids()
    if scale_id not in known:
        what = f'"{scale_id}" is not a measure{did_you_mean(scale_id, known)}'
        raise PlanError(Problem(what, do=f"Known: {', '.join(known)}; or give the path of a form of your own (.toml)."))
    return _read((_FOLDER / f"{scale_id}.toml").read_text("utf-8"), f"{scale_id}.toml")


def _own(path: Path) -> Scale:
    try:
        text = path.read_text("utf-8-sig")
    except OSError as error:
        raise PlanError(Problem(f"the form cannot be read: {error.strerror}", file=str(path), do=_ADVICE)) from None
    except UnicodeDecodeError as error:
        raise PlanError(Problem(f"is not UTF-8 text (byte {error.start})", file=str(path), do=_ADVICE)) from None
    return _read(text, str(path))


# ---- reading a form ----------------------------------------------------------------------------------------------


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _Items(_Strict):
    """Items that are alike, by their number."""

    column: str = ""
    count: int = Field(ge=1, le=500)
    range: tuple[float, float]
    whole: bool = True
    rule: Rule
    reversed: tuple[int, ...] = ()
    words: tuple[str, ...] = ()
    other_maxima: tuple[float, ...] = ()


class _Item(_Strict):
    """One item, where they are not alike."""

    name: str
    range: tuple[float, float]
    whole: bool = True
    reversed: bool = False


class _Missing(_Strict):
    allowed: int = Field(default=0, ge=0)
    rule: str = "with an item missing there is no score"
    source: str = ""
    verified: bool = True


class _Threshold(_Strict):
    value: float = Field(gt=0)
    kind: Kind
    population: str
    source: str
    doi: str = ""
    anchor: str = ""
    name: str = ""
    relative: bool = False
    verified: bool = True


class _Form(_Strict):
    """The keys of a form, as docs/reference/measures.md explains them."""

    id: str
    name: str
    unit: str
    minimum: float
    maximum: float
    decimals: int = Field(ge=0, le=6)
    better: Literal["lower", "higher"]
    scoring: str
    source: str = ""
    doi: str = ""
    cautions: tuple[str, ...] = ()
    items: _Items | None = None
    item: tuple[_Item, ...] = ()
    rule: Rule | None = None
    column: str = ""
    missing: _Missing = _Missing()
    threshold: tuple[_Threshold, ...] = ()


def _read(text: str, file: str) -> Scale:
    try:
        form = _Form.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise PlanError(Problem(f"is not valid TOML: {error}", file=file, do=_ADVICE)) from None
    except ValidationError as error:
        raise PlanError([_problem(entry, file) for entry in error.errors()]) from None
    wrong = [Problem(what, file=file, do=_ADVICE) for what in _contradictions(form)]
    if wrong:
        raise PlanError(wrong)
    return _scale(form)


def _problem(entry: Any, file: str) -> Problem:
    """What pydantic found, in the words of the file."""
    place = ".".join(str(part + 1) if isinstance(part, int) else part for part in entry["loc"])
    if entry["type"] == "extra_forbidden":
        known = _known_keys(entry["loc"])
        return Problem(
            f'"{place}" is not a key of a form{did_you_mean(str(entry["loc"][-1]), known)}', file=file, do=_ADVICE
        )
    if entry["type"] == "missing":
        return Problem(f'"{place}" is missing', file=file, do=_ADVICE)
    why = entry["msg"][:1].lower() + entry["msg"][1:]
    return Problem(f'"{place}" is {entry["input"]!r}: {why}', file=file, do=_ADVICE)


def _known_keys(location: tuple[str | int, ...]) -> list[str]:
    parts: dict[str, type[BaseModel]] = {
        "items": _Items,
        "item": _Item,
        "missing": _Missing,
        "threshold": _Threshold,
    }
    return list((_Form if len(location) == 1 else parts[str(location[0])]).model_fields)


def _contradictions(form: _Form) -> Iterator[str]:
    """What no single key shows."""
    if not form.minimum < form.maximum:
        yield f"minimum = {form.minimum:g} is not below maximum = {form.maximum:g}"
    if form.items is not None and form.item:
        yield 'both "[items]" and "[[item]]" are given: use the first for items that are alike, else the second'
        return
    if form.item and form.rule is None:
        yield '"[[item]]" needs a "rule" at the top: "sum", "mean" or "percent"'
        return
    if form.items is not None:
        yield from _about_alike(form.items)
    items = _items(form)
    yield from (f'item "{i.name}": its range {i.low:g} to {i.high:g} is empty' for i in items if not i.low < i.high)
    if items and form.missing.allowed >= len(items):
        yield f"missing.allowed = {form.missing.allowed}, but there are {len(items)} items: a score needs at least one"
    expected = _range_of(items, _rule(form))
    if items and not _close(expected, (form.minimum, form.maximum)):
        said = f"{expected[0]:g} to {expected[1]:g}"
        yield f'the items and the rule "{_rule(form)}" give {said}, not {form.minimum:g} to {form.maximum:g}'


def _about_alike(items: _Items) -> Iterator[str]:
    outside = [number for number in items.reversed if not 1 <= number <= items.count]
    if outside:
        yield f"items.reversed names {outside}, but the items are numbered 1 to {items.count}"
    if items.words and len(items.words) != items.count:
        yield f"items.words has {len(items.words)} entries for {items.count} items"
    if items.rule == "value" and items.count != 1:
        yield f'the rule "value" is for a single item, and there are {items.count}'


def _close(one: tuple[float, float], other: tuple[float, float]) -> bool:
    return all(abs(a - b) <= 1e-9 * max(1.0, abs(a)) for a, b in zip(one, other, strict=True))


def _range_of(items: tuple[Item, ...], rule: Rule) -> tuple[float, float]:
    """The smallest and largest score that complete answers give."""
    if rule == "percent":
        return 0.0, 100.0
    low, high = sum(item.low for item in items), sum(item.high for item in items)
    return (low / len(items), high / len(items)) if rule == "mean" and items else (low, high)


def _items(form: _Form) -> tuple[Item, ...]:
    if form.items is None:
        return tuple(Item(i.name, *i.range, whole=i.whole, reversed=i.reversed) for i in form.item)
    alike = form.items
    words = alike.words or tuple(f"item {number}" for number in range(1, alike.count + 1))
    return tuple(
        Item(word, *alike.range, whole=alike.whole, reversed=number in alike.reversed)
        for number, word in enumerate(words, start=1)
    )


def _rule(form: _Form) -> Rule:
    return form.items.rule if form.items is not None else form.rule or "value"


def _scale(form: _Form) -> Scale:
    same = ("id", "name", "unit", "minimum", "maximum", "decimals", "better", "scoring", "cautions", "source", "doi")
    return Scale(
        **{name: getattr(form, name) for name in same},
        thresholds=tuple(Threshold(**entry.model_dump()) for entry in form.threshold),
        items=_items(form),
        rule=_rule(form),
        column=(form.items.column if form.items is not None else form.column) or form.id,
        missing=MissingRule(**form.missing.model_dump()),
        other_maxima=form.items.other_maxima if form.items is not None else (),
    )


# ---- thresholds --------------------------------------------------------------------------------------------------


def thresholds_below_measurement_error(form: Scale, *, verified: bool = False) -> tuple[str, ...]:
    """A sentence for each published MIC that lies below a published detectable change of the same form.

    Parameters
    ----------
    form
        From :func:`scale`.
    verified
        Whether to leave out numbers that were not read at their source.

    Examples
    --------
    >>> for text in thresholds_below_measurement_error(scale("qbpds")):
    ...     print(text)  # doctest: +ELLIPSIS
    qbpds: the MIC of 6 points, chronic low-back pain, ... is below the SDC of 15.8 points, chronic low-back pain, ...
    qbpds: the MIC of 5 points, chronic low-back pain, ... is below the SDC of 15.8 points, chronic low-back pain, ...
    """
    known = tuple(t for t in form.thresholds if t.verified or not verified)
    mics = [t for t in known if t.kind == "individual MIC" and not t.relative]
    told = [_below(form, known, mic.value, f"the {mic.name or 'MIC'}", mic.population) for mic in mics]
    return tuple(text for text in told if text)


def _below(form: Scale, known: tuple[Threshold, ...], value: float, what: str, who: str = "") -> str:
    """The sentence, or nothing; the largest detectable change is the one that is named."""
    larger = [t for t in known if t.is_detectable_change and value < t.value]
    if not larger:
        return ""
    error = max(larger, key=lambda threshold: threshold.value)
    named = f"{what} of {fmt.plain(value)} {form.unit}" + (f", {who}," if who else "")
    doubt = "" if error.verified else ", not verified at its source"
    limit = (
        f"the {error.name or 'detectable change'} of {fmt.plain(error.value)} {form.unit}, {error.population}{doubt}"
    )
    return f"{form.id}: {named} is below {limit}."


def check_threshold(form: Scale, value: float, *, use: Use) -> tuple[str, ...]:
    """Whether a declared threshold can bear what it is used for; warns, and returns the same as notes.

    Parameters
    ----------
    form
        From :func:`scale`.
    value
        The declared size of change, in the scale's unit, positive.
    use
        ``"individual change"`` (responders) or ``"difference between groups"`` (a claim about means).

    Returns
    -------
    tuple of str
        One sentence a finding, empty if there is none.

    Raises
    ------
    PlanError
        If ``use`` is neither of the two, or ``value`` is not a positive number.

    Warns
    -----
    MicBelowMeasurementError
        If single people are judged by a change that measurement error produces too.
    WrongKindOfThreshold
        If the form knows this value as a threshold of another kind.

    Examples
    --------
    >>> check_threshold(scale("odi"), 10, use="individual change")
    ()
    """
    if use not in ("individual change", "difference between groups"):
        do = 'Give "individual change" (responders) or "difference between groups" (means).'
        raise PlanError(Problem(f'use="{use}" is not a use of a threshold', do=do))
    if not 0 < value < float("inf"):
        raise PlanError(Problem(f"a threshold of {value} is not a size of change", do="Give a positive number."))
    notes = []
    below = _below(form, form.thresholds, value, "a threshold") if use == "individual change" else ""
    if below:
        notes.append(f"{below} A person can change by so much without having changed.")
        warnings.warn(notes[-1], MicBelowMeasurementError, stacklevel=2)
    kind = _kind_elsewhere(form, value, use)
    if kind:
        notes.append(kind)
        warnings.warn(kind, WrongKindOfThreshold, stacklevel=2)
    return tuple(notes)


_OF_USE: Final[dict[str, Kind]] = {"individual change": "individual MIC", "difference between groups": "between-group"}
_WHY: Final[dict[str, str]] = {
    "individual MIC": "it says what matters to one person, and a difference of means below it can still mean that many "
    "more people improved",
    "measurement error": "it says what cannot be told from noise in one person, not what matters",
    "between-group": "it says what difference of means matters, not how much one person has to change",
}


def _kind_elsewhere(form: Scale, value: float, use: Use) -> str:
    """A sentence if the form has this value only as another kind of threshold."""
    found = [t for t in form.thresholds if not t.relative and t.value == value]
    if not found or any(t.kind == _OF_USE[use] for t in found):
        return ""
    other = found[0]
    named = f"{fmt.plain(value)} {form.unit} is published for {form.id} as {_article(other.kind)} ({other.source})"
    return f"{named}, and is used here for a {use.replace('individual', 'person’s')}: {_WHY[other.kind]}."


def _article(kind: Kind) -> str:
    return f"an {kind}" if kind.startswith("i") else f"a {kind} threshold"
