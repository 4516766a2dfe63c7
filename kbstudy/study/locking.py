"""The locked plan of a study: ``study.lock``, how it is written, and what differs from it later."""

from __future__ import annotations

import datetime
import hashlib
import shlex
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

from kbstudy import __version__
from kbstudy import formatting as fmt
from kbstudy.atomic import replace_file
from kbstudy.errors import OutputError, PlanError, Problem, Problems, did_you_mean
from kbstudy.study.frozen import Deviation, Frozen, differences, freeze, toml_key, toml_value
from kbstudy.study.plan import DeclaredDeviation, Plan, Source
from kbstudy.study.plan_energy import FilePattern
from kbstudy.study.plan_file import Lines, read_plan
from kbstudy.study.source_table import sha256_of
from kbstudy.study.study import Study

__all__ = ["BEFORE_DATA", "Lock", "LockedPlan", "lock", "locked_plan"]

#: What stands in a lock instead of a hash, where no data file was in the study's folder.
BEFORE_DATA: Final = "before data"
_FORMAT: Final = 1
_HEAD: Final = f"""\
# The locked plan of a study: what was decided, and when. Written by `kbstudy lock`; do not edit it.
# Each sha256 is the hash of its lock, so that a change is noticed. The newest lock is the last one.
format = {_FORMAT}
"""
_KEYS: Final = ("date", "kbstudy", "data", "data_of", "previous")


@dataclass(frozen=True, slots=True, repr=False)
class Lock:
    """A plan as it was frozen at a date. Made by :func:`kbstudy.lock`.

    Parameters
    ----------
    date
        The day on which it was locked.
    kbstudy
        The version that wrote it.
    data
        ``"before data"``, or one SHA-256 of all data files that were in the folder.
    data_of
        The sources, as ``study.toml`` declares them, that had files.
    previous
        The hash of the lock before it; empty for the first.
    plan
        What is frozen.
    """

    date: datetime.date
    kbstudy: str
    data: str
    data_of: tuple[str, ...]
    previous: str
    plan: Frozen = field(hash=False)

    @property
    def before_data(self) -> bool:
        """Whether no data file was in the study's folder when it was made."""
        return self.data == BEFORE_DATA

    @property
    def sha256(self) -> str:
        """The hash of everything in it."""
        return hashlib.sha256(self._text().encode()).hexdigest()

    @property
    def when(self) -> str:
        """``on 2026-01-15, when no data file was in the study's folder``."""
        if self.before_data:
            return f"on {self.date}, when no data file was in the study's folder"
        return f"on {self.date}, after data existed"

    def to_toml(self) -> str:
        """Its part of ``study.lock``."""
        return f'[[lock]]\nsha256 = "{self.sha256}"\n{self._text()}'

    def to_dict(self) -> dict[str, Any]:
        """Date, hash and data, ready for JSON; the plan itself stands in ``study.lock``."""
        return {
            "date": self.date.isoformat(),
            "sha256": self.sha256,
            "data": self.data,
            "data_of": list(self.data_of),
            "kbstudy": self.kbstudy,
        }

    def _text(self) -> str:
        """The canonical text: what is hashed."""
        lines = [f"date = {self.date}", f"kbstudy = {toml_value(self.kbstudy)}", f"data = {toml_value(self.data)}"]
        lines += [f"data_of = {toml_value(list(self.data_of))}", f"previous = {toml_value(self.previous)}"]
        for item, content in sorted(self.plan.items()):
            lines += ["", f"[lock.plan.{toml_key(item)}]"]
            lines += [f"{toml_key(key)} = {toml_value(value)}" for key, value in sorted(content.items())]
        return "\n".join(lines) + "\n"

    def __str__(self) -> str:
        sections = [item.split(".")[0] for item in self.plan]
        plurals = {"outcome": "outcomes", "analysis": "analyses", "family": "families", "claim": "claims"}
        counts = [fmt.count(sections.count(one), one, many) for one, many in plurals.items() if one in sections]
        return f"Plan locked {self.when}: {fmt.words(counts)}. SHA-256 {self.sha256}"

    def __repr__(self) -> str:
        return str(self)


@dataclass(frozen=True, slots=True)
class LockedPlan:
    """The locks of a study and what differs from them now.

    Parameters
    ----------
    locks
        Oldest first.
    deviations
        Differences between the lock that counts and ``study.toml`` as it is.
    amendments
        For each lock after the first, what differs from the one before it.
    same_data
        Whether the data are those that existed when the plan was locked; ``None`` if it was locked before data.
    """

    locks: tuple[Lock, ...]
    deviations: tuple[Deviation, ...] = ()
    amendments: tuple[tuple[Deviation, ...], ...] = ()
    same_data: bool | None = None

    @property
    def lock(self) -> Lock:
        """The lock that counts: the last one made before there were data, else the first.

        A lock that is made after it documents an amendment. It makes nothing prespecified: that the data had not been
        seen cannot be known from a file.
        """
        return counting(self.locks)

    @property
    def unexplained(self) -> tuple[Deviation, ...]:
        """Differences for which no reason is given."""
        return tuple(deviation for deviation in self.deviations if not deviation.why)

    def sentence(self) -> str:
        """When the plan was locked, and how much differs from it."""
        later = self.locks[self.locks.index(self.lock) + 1 :]
        again = f", and amended on {fmt.words([str(lock.date) for lock in later])}" if later else ""
        head = f"The plan was locked {self.lock.when}{again}; "
        unexplained = len(self.unexplained)
        if not self.deviations:
            return f"{head}nothing differs from it."
        if len(self.deviations) == 1:
            return f"{head}1 difference from it, {'without' if unexplained else 'with'} a given reason."
        return f"{head}{len(self.deviations)} differences from it, {unexplained or 'none'} without a given reason."

    def keeps(self, items: Sequence[str], *, but: Sequence[str] = ()) -> bool:
        """Whether these items of the plan are as they were locked, apart from how files are read and ``but`` (keys)."""
        return not any(
            deviation.item in items and not deviation.is_reading and deviation.key not in but
            for deviation in self.deviations
        )

    def to_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        changes = ((), *self.amendments)
        return {
            **self.lock.to_dict(),
            "same_data": self.same_data,
            "deviations": [deviation.to_dict() for deviation in self.deviations],
            "locks": [
                {**lock.to_dict(), "changed": [deviation.to_dict() for deviation in changed]}
                for lock, changed in zip(self.locks, changes, strict=True)
            ],
        }


def counting(locks: Sequence[Lock]) -> Lock:
    """The last lock made before there were data, else the first."""
    return next((lock for lock in reversed(locks) if lock.before_data), locks[0])


def lock(study: str | Path | Study, *, again: bool = False, date: datetime.date | str | None = None) -> Lock:
    """Freeze the plan of a study: design, outcomes, analyses, families, thresholds and claims.

    Do it before the data are seen. From then on :func:`kbstudy.analyse` and the report list every difference from the
    lock, and say of each estimate and each figure whether it is prespecified or post hoc.

    Parameters
    ----------
    study
        The study's folder, its ``study.toml``, or a study from :func:`kbstudy.load`. Its data files need not exist.
    again
        Lock a plan that was locked before. The earlier lock stays in the file; if data exist by now, it is also the one
        that differences are listed from, and this one documents an amendment.
    date
        The day of the lock, ``"2026-01-15"``; today if not given.

    Returns
    -------
    Lock
        What was written to ``study.lock`` beside ``study.toml``.

    Raises
    ------
    PlanError
        ``study.toml`` has mistakes or declares nothing to lock; the plan is locked already; nothing differs from the
        last lock; the lock file was changed; the date cannot be.
    OutputError
        The file cannot be written.

    Notes
    -----
    The hash is over the canonical text of the lock: items and keys sorted, defaults written out, words without their
    line breaks. A hash in a file notices a change by mistake. To *prove* when a plan was fixed, put the hash where
    others see its date: in the trial's registration, or in a message to a colleague.

    Examples
    --------
    >>> import shutil, tempfile
    >>> from pathlib import Path
    >>> import kbstudy as kb
    >>> with tempfile.TemporaryDirectory() as place:
    ...     _ = shutil.copy("data/raw/demo-trial/study.toml", place)
    ...     made = kb.lock(place, date="2026-01-15")
    ...     sorted(path.name for path in Path(place).iterdir())
    ['study.lock', 'study.toml']
    >>> made.data
    'before data'
    """
    path = study.folder / study.toml if isinstance(study, Study) else Path(study)
    path = path if path.suffix == ".toml" else path / "study.toml"
    plan = read_plan(path)
    target = _beside(path)
    earlier = _read(target) if target.exists() else ()
    _refuse(plan, path, earlier, again)
    data_of, data = _data(plan, path.parent)
    made = Lock(
        date=_day(date, earlier),
        kbstudy=__version__,
        data=data,
        data_of=data_of,
        previous=earlier[-1].sha256 if earlier else "",
        plan=freeze(plan),
    )
    if earlier and not differences(earlier[-1].plan, made.plan, freeze(plan, only_declared=True)):
        do = "Change study.toml first. Nothing was changed."
        raise PlanError(Problem(f"the plan is as it was locked on {earlier[-1].date}", file=target.name, do=do))
    content = "\n".join([_HEAD, *(item.to_toml() for item in (*earlier, made))])
    try:
        replace_file(target, content.encode())
    except OSError as error:
        do = "Make the study's folder writable. Nothing was changed."
        raise OutputError(Problem(f"cannot be written: {_reason(error)}", file=str(target), do=do)) from None
    return made


def locked_plan(plan: Plan, path: Path, lines: Lines) -> LockedPlan | None:
    """The locks beside a ``study.toml`` and what differs from them; ``None`` if the plan was never locked.

    Raises
    ------
    PlanError
        The lock file is not what kbstudy wrote, or a ``[[deviation]]`` explains what does not differ.
    """
    target = _beside(path)
    if not target.exists():
        _unmatched(plan, (), lines, f"there is no {target.name}, so there is nothing to deviate from")
        return None
    locks = _read(target)
    first = counting(locks)
    frozen, declared = freeze(plan), freeze(plan, only_declared=True)
    now = _amended(differences(first.plan, frozen, declared), locks[locks.index(first) + 1 :], frozen, declared)
    amendments = [differences(one.plan, other.plan) for one, other in pairwise(locks)]
    everything = [*now, *(deviation for changes in amendments for deviation in changes)]
    _unmatched(plan, everything, lines, "nothing of this name differs from the locked plan")
    return LockedPlan(
        locks,
        _explained(now, plan.deviations),
        tuple(_explained(changes, plan.deviations) for changes in amendments),
        None if first.before_data else _data(plan, path.parent)[1] == first.data,
    )


def _amended(
    found: Sequence[Deviation], later: Sequence[Lock], frozen: Frozen, declared: Frozen
) -> tuple[Deviation, ...]:
    """Each difference with the day of the first later lock from which on it is no difference."""
    days: dict[str, str] = {}
    settled = list(found)
    for amendment in reversed(later):
        still = differences(amendment.plan, frozen, declared)
        settled = [deviation for deviation in settled if not any(_overlap(deviation, other) for other in still)]
        days |= dict.fromkeys((deviation.what for deviation in settled), amendment.date.isoformat())
    return tuple(replace(deviation, amended=days.get(deviation.what, "")) for deviation in found)


def _overlap(one: Deviation, other: Deviation) -> bool:
    """Whether two differences are about the same key, or one is about the whole item."""
    return one.item == other.item and (not one.key or not other.key or one.key == other.key)


# ---- writing -----------------------------------------------------------------------------------------------------


def _beside(path: Path) -> Path:
    return path.with_suffix(".lock")


def _refuse(plan: Plan, path: Path, earlier: Sequence[Lock], again: bool) -> None:
    """What cannot be locked."""
    target = _beside(path).name
    if not (plan.analyses or plan.claims):
        what = "there is no [[analysis]] and no [[claim]], so there is nothing to lock"
        raise PlanError(Problem(what, file=path.name, do="Declare what will be estimated, and what would be true."))
    if earlier and not again:
        command = f"kbstudy lock {shlex.quote(path.parent.as_posix())} --again"
        do = f"To lock a plan that has changed: {command}. The earlier lock stays in the file. Nothing was changed."
        raise PlanError(Problem(f"the plan was locked already, on {earlier[-1].date}", file=target, do=do))
    if again and not earlier:
        do = "Leave out --again (or again=True), or look whether this is the right folder. Nothing was changed."
        raise PlanError(Problem(f"there is no {target} in {path.parent}, so nothing was locked before", do=do))


def _day(date: datetime.date | str | None, earlier: Sequence[Lock]) -> datetime.date:
    today = datetime.date.today()
    do = "Give the day as 2026-01-15, or leave it out for today. Nothing was changed."
    try:
        day = today if date is None else datetime.date.fromisoformat(str(date))
    except ValueError:
        raise PlanError(Problem(f'"{date}" is not a date', do=do)) from None
    if day > today:
        raise PlanError(Problem(f"{day} is in the future", do=do))
    if earlier and day < earlier[-1].date:
        raise PlanError(Problem(f"{day} is before the last lock, of {earlier[-1].date}", do=do))
    return day


def _data(plan: Plan, folder: Path) -> tuple[tuple[str, ...], str]:
    """Which sources have data files, and one hash of all of them; a dictionary is not data.

    Published numbers are the data only of a study that has nothing else. Names of files do not count, so that one that
    was renamed is not another.
    """
    own = [source for source in plan.sources if source.reader != "published"] or list(plan.sources)
    files = {source.name: list(_files(source, plan, folder)) for source in own}
    digests = sorted(sha256_of(path) for paths in files.values() for path in paths)
    if not digests:
        return (), BEFORE_DATA
    found = tuple(sorted(name for name, paths in files.items() if paths))
    return found, hashlib.sha256("\n".join(digests).encode()).hexdigest()


def _files(source: Source, plan: Plan, folder: Path) -> Iterator[Path]:
    if source.files is None:
        path = folder / str(source.file)
        yield from [path] if path.is_file() else []
    else:
        assert plan.design is not None, "the plan asks for it"
        pattern = FilePattern(source.files, plan.design)
        for path in folder.glob(pattern.glob):
            if path.is_file() and pattern.keys(path.relative_to(folder).as_posix()):
                yield path


# ---- reading -----------------------------------------------------------------------------------------------------

_CHANGED: Final = (
    "A lock is not edited. Take the file back from where it was kept. To lock a changed plan, leave the file as it was "
    "and run: kbstudy lock FOLDER --again"
)


def _read(path: Path) -> tuple[Lock, ...]:
    """The locks of a file, each with its hash checked."""
    try:
        content = tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise PlanError(Problem(f"is damaged: {error}", file=path.name, do=_CHANGED)) from None
    except OSError as error:
        raise PlanError(Problem(f"cannot be read: {_reason(error)}", file=path.name)) from None
    if isinstance(content.get("format"), int) and content["format"] > _FORMAT:
        do = "Install a newer kbstudy."
        raise PlanError(Problem("was written by a newer version of kbstudy", file=path.name, do=do))
    entries = content.get("lock")
    if set(content) != {"format", "lock"} or not isinstance(entries, list) or not entries:
        raise PlanError(Problem("is not a lock file, or was changed", file=path.name, do=_CHANGED))
    locks: list[Lock] = []
    problems = Problems()
    for number, entry in enumerate(entries, start=1):
        made = _entry(entry)
        expected = locks[-1].sha256 if locks else ""
        if made is None or entry["sha256"] != made.sha256:
            which = f"lock {number}" if made is None else f"the lock of {made.date}"
            problems.add(Problem(f"{which} was changed: its hash does not fit what it says", path.name, do=_CHANGED))
        elif made.previous != expected and len(locks) == number - 1:
            what = f"a lock before that of {made.date} is missing, or the order of the locks was changed"
            problems.add(Problem(what, path.name, do=_CHANGED))
        if made is not None:
            locks.append(made)
    problems.raise_as(PlanError)
    return tuple(locks)


def _entry(entry: Any) -> Lock | None:
    """One lock; ``None`` if it does not have what a lock has."""
    if not isinstance(entry, Mapping) or set(entry) != {"sha256", "plan", *_KEYS}:
        return None
    kinds: dict[str, type] = {"date": datetime.date, "data_of": list, "plan": dict}
    if any(not isinstance(entry[key], kinds.get(key, str)) for key in entry):
        return None
    if any(not isinstance(item, dict) for item in entry["plan"].values()):
        return None
    return Lock(
        date=entry["date"],
        kbstudy=entry["kbstudy"],
        data=entry["data"],
        data_of=tuple(entry["data_of"]),
        previous=entry["previous"],
        plan=entry["plan"],
    )


def _reason(error: OSError) -> str:
    return (error.strerror or str(error)).lower()


# ---- reasons -----------------------------------------------------------------------------------------------------


def _explained(found: Sequence[Deviation], reasons: Sequence[DeclaredDeviation]) -> tuple[Deviation, ...]:
    """Each difference with its reason: the closest one, for the key or for the whole item."""
    by_length = sorted(reasons, key=lambda reason: -len(reason.what))
    return tuple(
        replace(deviation, why=next((reason.why for reason in by_length if _covers(reason.what, deviation)), ""))
        for deviation in found
    )


def _covers(what: str, deviation: Deviation) -> bool:
    return deviation.what == what or deviation.what.startswith(f"{what}.")


def _unmatched(plan: Plan, found: Sequence[Deviation], lines: Lines, why: str) -> None:
    """A reason must be for something, so that it cannot outlive what it explains."""
    problems = Problems()
    known = [deviation.what for deviation in found]
    for index, reason in enumerate(plan.deviations):
        here = ("deviation", index, "what")
        if not any(_covers(reason.what, deviation) for deviation in found):
            hint = did_you_mean(reason.what, known) or (f"; what differs is {', '.join(known)}" if known else "")
            do = "Write what as the report's table of deviations does, or delete the [[deviation]]."
            problems.add(lines.problem(here, f'"{reason.what}": {why}{hint}', do))
        elif reason.what in [other.what for other in plan.deviations[:index]]:
            problems.add(lines.problem(here, f'"{reason.what}" is explained twice'))
    problems.raise_as(PlanError)
