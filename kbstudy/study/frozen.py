"""What of a plan a lock freezes, and how two frozen plans differ."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from kbstudy.study.plan import Plan

__all__ = ["Deviation", "Frozen", "Value", "differences", "freeze", "toml_key", "toml_value"]

#: What a key of a frozen plan can hold.
Value = str | bool | int | float | list[Any]
#: Items of a plan (``"design"``, ``"analysis.pain_week8"``), each with its keys (``"estimand.visit"``) and values.
Frozen = Mapping[str, Mapping[str, Value]]
Shape = tuple[str, ...]

#: Sections that say what a study is called, what its files look like, what was put right or ticked off: not the plan.
_NOT_PLAN: Final = ("study", "source", "correction", "deviation", "checklist")
#: What an item is called; it stands in the item's name and not among its keys.
_NAMES: Final = ("name", "id")
#: Words and digits of print: they change no number and no verdict.
_WORDS: Final[frozenset[Shape]] = frozenset(
    {
        ("covariate", "label"),
        ("covariate", "decimals"),
        ("outcome", "label"),
        ("outcome", "decimals"),
        ("outcome", "smallest_important_source"),
        ("analysis", "title"),
        ("claim", "audit", "stated_in"),
        ("claim", "settle"),
        *(
            ("claim", *link, *words)
            for link in ((), ("link",))
            for words in (
                ("explanation",),
                ("plainly",),
                ("related",),
                ("smallest_important_source",),
                ("evidence", "decimals"),
            )
        ),
    }
)
#: How the files are read. A difference is listed, but it is not another analysis.
_READING: Final[frozenset[Shape]] = frozenset(
    {
        ("design", "participant"),
        ("design", "arm", "column"),
        ("design", "arm", "codes"),
        ("design", "visit", "column"),
        ("design", "visit", "codes"),
        ("design", "visit", "ignore"),
        ("covariate", "codes"),
        ("covariate", "missing"),
        ("covariate", "file"),
        ("outcome", "missing"),
        ("outcome", "file"),
    }
)
#: Lists whose order means nothing. In every other list it counts: a false alarm is seen, a silent miss is not.
_SETS: Final[frozenset[Shape]] = frozenset(
    {
        ("design", "arm", "levels"),
        ("design", "visit", "ignore"),
        ("covariate", "levels"),
        ("covariate", "missing"),
        ("outcome", "visits"),
        ("outcome", "arms"),
        ("outcome", "missing"),
        ("analysis", "covariates"),
        ("analysis", "strata"),
        ("family", "analyses"),
        ("claim", "evidence", "beside"),
        ("claim", "evidence", "pooled"),
        ("claim", "link", "evidence", "beside"),
        ("claim", "link", "evidence", "pooled"),
        ("multiverse", "choices"),
    }
)


@dataclass(frozen=True, slots=True)
class Deviation:
    """One difference between a locked plan and a later one.

    Parameters
    ----------
    item, key
        What it is about: ``"analysis.pain_week8"`` and ``"covariance"``; no key where the whole item came or went.
    locked, now
        The two values as text; empty where there is none.
    kind
        ``"added"``, ``"changed"`` or ``"removed"``.
    why
        The reason that a ``[[deviation]]`` gives; empty where none does.
    amended
        The day of the later lock that has it as it is now; empty where none has.
    """

    item: str
    key: str
    locked: str
    now: str
    kind: Literal["added", "changed", "removed"]
    why: str = ""
    amended: str = ""

    @property
    def what(self) -> str:
        """``analysis.pain_week8.covariance``: what a ``[[deviation]]`` calls it."""
        return f"{self.item}.{self.key}" if self.key else self.item

    @property
    def is_reading(self) -> bool:
        """Whether it is about how the files are read, and makes no analysis another one."""
        shape = _shape(self.item, self.key)
        return any(shape[: len(prefix)] == prefix for prefix in _READING)

    def to_dict(self) -> dict[str, str]:
        """Ready for JSON."""
        about = "how the files are read" if self.is_reading else "the plan"
        shown = {"what": self.what, "kind": self.kind, "locked": self.locked, "now": self.now}
        return {**shown, "about": about, "why": self.why, "amended": self.amended}


def freeze(plan: Plan, *, only_declared: bool = False) -> dict[str, dict[str, Value]]:
    """The content that a lock freezes, in a fixed order, whatever the order and the layout of ``study.toml``.

    Parameters
    ----------
    plan
        The plan.
    only_declared
        Leave out what is at its default.

    Returns
    -------
    dict
        Items and their keys. Defaults are written out, so that a later version with other defaults shows as a
        difference; what is empty is left out.
    """
    content = plan.model_dump(by_alias=True, exclude_defaults=only_declared)
    found: dict[str, dict[str, Value]] = {}
    for section, value in content.items():
        if section in _NOT_PLAN or value is None:
            continue
        if isinstance(value, Mapping):
            found[section] = dict(_flat((section,), "", value))
        else:
            for number, item in enumerate(value, start=1):
                found[f"{section}.{_own_name(item, number, section, found)}"] = dict(_flat((section,), "", item))
    for source in content["source"]:
        rules = {key: source[key] for key in ("energy", "body_mass") if source.get(key) is not None}
        if rules:
            found[f'source "{source.get("file") or source.get("files")}"'] = dict(_flat(("source",), "", rules))
    return {item: dict(sorted(found[item].items())) for item in sorted(found) if found[item]}


def _own_name(item: Mapping[str, Any], number: int, section: str = "", taken: Mapping[str, Any] | None = None) -> str:
    """``pain_week8``; an item without a name of its own goes by its claim, or by its number."""
    own = str(next((item[key] for key in (*_NAMES, "claim") if key in item), number))
    return f"{own}-{number}" if f"{section}.{own}" in (taken or {}) else own


def _flat(shape: Shape, path: str, content: Mapping[str, Any], named: bool = True) -> Iterator[tuple[str, Value]]:
    """The keys of an item with dots for what is inside what; without empty ones, words and names."""
    for key, value in content.items():
        here = (*shape, str(key))
        name = f"{path}.{key}" if path else str(key)
        if here in _WORDS or (named and key in _NAMES) or value is None:
            continue
        if isinstance(value, Mapping):
            yield from _flat(here, name, value, named=False)
        elif isinstance(value, list | tuple) and value and all(isinstance(part, Mapping) for part in value):
            for number, part in enumerate(value, start=1):
                yield from _flat(here, f"{name}.{_own_name(part, number)}", part)
        elif value not in ("", (), []):
            yield name, _plain(here, value)


def _plain(shape: Shape, value: Any) -> Value:
    """A value in types that TOML has, with nothing in it that has no meaning: line breaks, the order of a set."""
    if isinstance(value, str):
        return " ".join(value.split())
    if isinstance(value, list | tuple):
        parts = [_plain(shape, part) for part in value]
        is_set = any(shape[: len(prefix)] == prefix for prefix in _SETS)
        return sorted(parts, key=toml_value) if is_set else parts
    return value  # type: ignore[no-any-return]


def _shape(item: str, key: str) -> Shape:
    return (item.split(".")[0].split(" ")[0], *(key.split(".") if key else ()))


# ---- differences -------------------------------------------------------------------------------------------------


def differences(locked: Frozen, now: Frozen, declared: Frozen | None = None) -> tuple[Deviation, ...]:
    """Every difference between two frozen plans.

    Parameters
    ----------
    locked, now
        The earlier and the later one.
    declared
        The later one without its defaults. A key that the lock does not have and that is at its default is no
        difference: the lock may be older than the key.
    """
    return tuple(_differences(locked, now, now if declared is None else declared))


def _differences(locked: Frozen, now: Frozen, declared: Frozen) -> Iterator[Deviation]:
    for item in sorted({*locked, *now}):
        before, after = locked.get(item), now.get(item)
        if before is None or after is None:
            yield _whole(item, before, after, declared)
            continue
        for key in sorted({*before, *after}):
            if key not in before and key not in declared.get(item, {}):
                continue
            old, new = _shown(before.get(key)), _shown(after.get(key))
            if old != new:
                yield Deviation(item, key, old, new, "changed" if old and new else ("added" if new else "removed"))


def _whole(
    item: str, before: Mapping[str, Value] | None, after: Mapping[str, Value] | None, declared: Frozen
) -> Deviation:
    """A whole item that came or went, with what it says."""
    if before is None:
        assert after is not None, "an item stands in one of the two"
        return Deviation(item, "", "", _summary(declared.get(item, after)), "added")
    return Deviation(item, "", _summary(before), "", "removed")


def _summary(content: Mapping[str, Value]) -> str:
    return "; ".join(f"{key} = {_shown(value)}" for key, value in content.items())


def _shown(value: Value | None) -> str:
    """A value as a person writes it; text without its quotation marks."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return ", ".join(_shown(part) if not isinstance(part, list) else f"[{_shown(part)}]" for part in value)
    return f"{value:.12g}" if isinstance(value, float) else toml_value(value)


# ---- TOML --------------------------------------------------------------------------------------------------------


def toml_key(key: str) -> str:
    """A key of TOML, in quotation marks where it needs them."""
    is_bare = key.isascii() and key.replace("_", "").replace("-", "").isalnum()
    return key if is_bare else toml_value(key)


def toml_value(value: Value) -> str:
    """A value of TOML; the same value always gives the same text.

    Examples
    --------
    >>> print(toml_value(["a", 1.0, True, float("-inf")]))
    ["a", 1.0, true, -inf]
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, list):
        return f"[{', '.join(toml_value(part) for part in value)}]"
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return repr(value)
