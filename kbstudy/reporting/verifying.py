"""``verify(report)``: make a report again from its inputs and say what is not the same, and why."""

from __future__ import annotations

import html
import json
import shlex
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, Literal

from kbstudy import formatting as fmt
from kbstudy.analysis import Provenance, Results, analyse
from kbstudy.analysis.provenance import provenance_of
from kbstudy.atomic import MANIFEST
from kbstudy.errors import Problem, ReadError, StudyError
from kbstudy.reporting.write import FORMATS, report
from kbstudy.study import Study, load
from kbstudy.study.source_table import sha256_of

__all__ = ["Change", "FileCheck", "Verification", "verify"]

State = Literal["the same bytes", "other bytes", "not made again", "edited since", "missing", "new"]
_RESULTS: Final = "results.json"
_GONE: Final = "not there"


@dataclass(frozen=True, slots=True)
class Change:
    """Something that is not as it was: its name, and what it was and is (a hash, a version, a number)."""

    name: str
    before: str
    now: str

    def __str__(self) -> str:
        return f"{self.name}: was {self.before}, is {self.now}"


@dataclass(frozen=True, slots=True)
class FileCheck:
    """A file of the report, and what became of it.

    Parameters
    ----------
    name
        Its name in the folder.
    state
        ``"the same bytes"``; ``"other bytes"`` (made again, it is another); ``"not made again"``; ``"edited since"`` or
        ``"missing"`` (the file in the folder is not what was written); ``"new"`` (made now, and not then).
    """

    name: str
    state: State


@dataclass(frozen=True, repr=False)
class Verification:
    """What :func:`kbstudy.verify` found.

    Parameters
    ----------
    report, study
        The folder that was checked, and the folder it was made from.
    inputs
        Inputs that changed, came or went, with their hashes.
    software
        Software whose version changed.
    files
        Every file of the report.
    first_number
        The first number in ``results.json`` that is not the same, with its place; ``None`` if all numbers are.
    numbers
        How many numbers of ``results.json`` are not the same.
    errors
        Why it could not be made again; empty if it could.
    """

    report: str
    study: str
    inputs: tuple[Change, ...]
    software: tuple[Change, ...]
    files: tuple[FileCheck, ...]
    first_number: Change | None = None
    numbers: int = 0
    errors: tuple[Problem, ...] = ()

    @property
    def same(self) -> bool:
        """Whether every file was made again with the same bytes and is in the folder as it was written."""
        return not self.errors and all(check.state == "the same bytes" for check in self.files)

    def lines(self) -> list[str]:
        """What was found, in sentences."""
        return list(self._lines())

    def _lines(self) -> Iterator[str]:
        if self.same:
            count = fmt.count(len(self.files), "file")
            yield f"{self.report}: made again from {self.study}, {count}, the same bytes."
        else:
            yield f"{self.report}: not the same when made again from {self.study}."
        yield from (f"Input changed: {change}" for change in self.inputs)
        yield from (f"Software changed: {change}" for change in self.software)
        yield from (f"It could not be made again: {problem}" for problem in self.errors)
        if self.first_number is not None:
            yield f"First number in {_RESULTS} that changed: {self.first_number} ({self.numbers} changed in all)"
        elif any(check.name == _RESULTS and check.state == "other bytes" for check in self.files):
            yield f"Every number in {_RESULTS} is the same."
        if not self.same and not self.errors:
            yield from self._by_state()
        if not (self.same or self.errors or self.inputs or self.software) and self._differ():
            yield (
                "No input and no version changed. Another kind of processor or of numerical library rounds the last "
                "digits differently, and so does a copy of kbstudy that somebody edited; anything else is a defect "
                "that should be reported."
            )

    def _differ(self) -> bool:
        return any(check.state in ("other bytes", "not made again", "new") for check in self.files)

    def _by_state(self) -> Iterator[str]:
        for state in dict.fromkeys(check.state for check in self.files):
            names = [check.name for check in self.files if check.state == state]
            said = fmt.count(len(names), "file") if state == "the same bytes" else ", ".join(names)
            yield f"{state[:1].upper()}{state[1:]}: {said}"

    def __str__(self) -> str:
        return "\n".join(self.lines())

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        head, *rest = self.lines()
        body = "".join(f"<br>{html.escape(line)}" for line in rest)
        return f"<p><strong>{html.escape(head)}</strong>{body}</p>"


def verify(
    report_folder: str | Path,
    study: str | Path | None = None,
    *,
    on_step: Callable[[str], None] | None = None,
) -> Verification:
    """Make a report again from its inputs and compare every file, byte for byte.

    Nothing is written outside a temporary folder.

    Parameters
    ----------
    report_folder
        A folder that :func:`kbstudy.report` wrote.
    study
        The study's folder, if it is no longer where the report says.
    on_step
        Called with a few words before each step, for a progress display.

    Returns
    -------
    Verification
        ``.same`` says whether it is the same; printed, it says which input or software changed, file by file what is
        not the same, and which number changed first.

    Raises
    ------
    ReadError
        The folder is not a report, or the study is not found.

    Examples
    --------
    >>> import tempfile
    >>> import kbstudy as kb
    >>> with tempfile.TemporaryDirectory() as place:
    ...     results = kb.analyse(kb.load("data/raw/article-claims"))
    ...     folder = kb.report(results, ["html"], f"{place}/article-claims")
    ...     kb.verify(folder).same
    True
    """
    step = on_step or (lambda _: None)
    folder = Path(report_folder)
    recorded = _recorded(folder)
    home = _home(folder, recorded, study)
    before: dict[str, str] = {**recorded["inputs"], **_template(recorded)}
    base = home.parent if home.suffix == ".toml" else home
    now = {name: sha256_of(base / name) if (base / name).is_file() else _GONE for name in recorded["inputs"]}
    now |= {name: sha256_of(Path(name)) if Path(name).is_file() else _GONE for name in _template(recorded)}
    found = Verification(
        report=folder.as_posix(),
        study=home.as_posix(),
        inputs=_changes(before, now),
        software=(),
        files=tuple(_untouched(folder, recorded["outputs"])),
    )
    try:
        again = load(home, on_step=step)
        found = replace(found, inputs=_changes(before, {**now, **again.inputs}), software=_software(recorded, again))
        results = _under_the_same_command(analyse(again, on_step=step), recorded)
        return _compared(found, results, folder, recorded, step)
    except StudyError as error:
        return replace(found, errors=error.problems)


def _recorded(folder: Path) -> dict[str, Any]:
    """What the report says of itself."""
    do = f"Name a folder that kbstudy report wrote: it holds {MANIFEST}."
    try:
        content = json.loads((folder / MANIFEST).read_text("utf-8"))
    except OSError:
        raise ReadError(Problem(f"{folder.as_posix()} is not a report: it has no {MANIFEST}", do=do)) from None
    except ValueError:
        raise ReadError(Problem(f"{MANIFEST} is damaged", file=folder.as_posix(), do=do)) from None
    texts = ("inputs", "outputs", "packages")
    is_whole = isinstance(content, dict) and all(_is_texts(content.get(key)) for key in texts)
    if not is_whole or _RESULTS not in content["outputs"] or not isinstance(content.get("command"), str):
        what = f"{folder.as_posix()} is not a report: its {MANIFEST} does not say how a report was made"
        raise ReadError(Problem(what, do=do))
    return content  # type: ignore[no-any-return]


def _is_texts(value: object) -> bool:
    return isinstance(value, dict) and all(isinstance(part, str) for part in value.values())


def _template(recorded: Mapping[str, Any]) -> dict[str, str]:
    """The Word template that the report was made with, and its hash; empty without one."""
    template = recorded.get("template", {})
    return {template["file"]: template["sha256"]} if _is_texts(template) and len(template) == 2 else {}


def _home(folder: Path, recorded: Mapping[str, Any], study: str | Path | None) -> Path:
    """The study's folder: as asked, else where the report's command says, from here or from above the report."""
    if study is not None:
        return Path(study)
    said = Path(shlex.split(recorded["command"])[-1])
    for base in (Path(), *folder.resolve().parents):
        if (base / said / "study.toml").is_file():
            return base / said
    do = "Say where it is: kbstudy verify FOLDER --study STUDY (or study=)."
    raise ReadError(Problem(f"the study of this report, {said.as_posix()}, is not found from here", do=do))


def _changes(before: Mapping[str, str], now: Mapping[str, str]) -> tuple[Change, ...]:
    pairs = {name: (before.get(name, _GONE), now.get(name, _GONE)) for name in {**before, **now}}
    return tuple(Change(name, old, new) for name, (old, new) in pairs.items() if old != new)


def _software(recorded: Mapping[str, Any], study: Study) -> tuple[Change, ...]:
    made = provenance_of(study)
    return _changes(_versions(recorded), _versions(asdict(made)))


def _versions(made: Mapping[str, Any]) -> dict[str, str]:
    own = {"kbstudy": made.get("kbstudy", ""), "Python": made.get("python", ""), "platform": made.get("platform", "")}
    return {**{name: str(version) for name, version in own.items()}, **made["packages"]}


def _under_the_same_command(results: Results, recorded: Mapping[str, Any]) -> Results:
    """A study that was moved is not another study: the command that the report prints stays the one it was made by."""
    made: Provenance = replace(results.provenance, command=recorded["command"])
    return replace(results, provenance=made)


def _untouched(folder: Path, outputs: Mapping[str, str]) -> Iterator[FileCheck]:
    """Whether each file in the folder is still what was written."""
    for name, digest in outputs.items():
        path = folder / name
        if not path.is_file():
            yield FileCheck(name, "missing")
        else:
            yield FileCheck(name, "the same bytes" if sha256_of(path) == digest else "edited since")


def _compared(
    found: Verification, results: Results, folder: Path, recorded: Mapping[str, Any], step: Callable[[str], None]
) -> Verification:
    formats = [name for name in FORMATS if f"report.{name}" in recorded["outputs"]]
    with tempfile.TemporaryDirectory(prefix="kbstudy-verify-") as place:
        template = next(iter(_template(recorded)), None)
        new = report(results, formats, Path(place) / "report", template=template, on_step=step)
        outputs: dict[str, str] = json.loads((new / MANIFEST).read_text("utf-8"))["outputs"]
        files = [_check(check, recorded["outputs"], outputs) for check in found.files]
        files += [FileCheck(name, "new") for name in outputs if name not in recorded["outputs"]]
        same = sha256((folder / MANIFEST).read_bytes()).digest() == sha256((new / MANIFEST).read_bytes()).digest()
        files.append(FileCheck(MANIFEST, "the same bytes" if same else "other bytes"))
        numbers = list(_other_numbers(folder / _RESULTS, new / _RESULTS))
    return replace(found, files=tuple(files), first_number=numbers[0] if numbers else None, numbers=len(numbers))


def _check(check: FileCheck, before: Mapping[str, str], now: Mapping[str, str]) -> FileCheck:
    if check.state != "the same bytes":
        return check
    if check.name not in now:
        return FileCheck(check.name, "not made again")
    return FileCheck(check.name, "the same bytes" if now[check.name] == before[check.name] else "other bytes")


# ---- numbers -----------------------------------------------------------------------------------------------------


def _other_numbers(before: Path, now: Path) -> Iterator[Change]:
    """The numbers that are not the same, in the order of ``results.json``."""
    try:
        old = json.loads(before.read_text("utf-8"))
    except (OSError, ValueError):
        return
    one, other = dict(_leaves(old)), dict(_leaves(json.loads(now.read_text("utf-8"))))
    for place in {**one, **other}:
        was, is_now = one.get(place), other.get(place)
        if was != is_now and (_is_number(was) or _is_number(is_now)):
            yield Change(place, _text(was), _text(is_now))


def _leaves(value: Any, place: str = "") -> Iterator[tuple[str, Any]]:
    """Every value that holds no other, with its place: ``analyses.pain.rows[0].estimate``."""
    if isinstance(value, dict):
        for key, part in value.items():
            yield from _leaves(part, f"{place}.{key}" if place else str(key))
    elif isinstance(value, list):
        for number, part in enumerate(value):
            yield from _leaves(part, f"{place}[{number}]")
    else:
        yield place, value


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _text(value: Any) -> str:
    return _GONE if value is None else repr(value)
