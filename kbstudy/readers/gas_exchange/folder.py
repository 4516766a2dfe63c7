"""Many gas-exchange files at once."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, TypeAlias

from kbstudy import formatting as fmt
from kbstudy.errors import DataError, PlanError, Problem, Problems, ReadError, did_you_mean
from kbstudy.progress import Bar
from kbstudy.readers.gas_exchange.mapping import MappingLike
from kbstudy.readers.gas_exchange.mass import check_given
from kbstudy.readers.gas_exchange.reading import Way, read_one
from kbstudy.recording import Recording

__all__ = ["read_gas_exchange_folder"]

PathLike: TypeAlias = str | os.PathLike[str]

#: Below this many bytes in all, one process is done before two have started and shared them (about 4 MB/s, 1 s).
_SMALL: Final = 8_000_000
#: How many files an advice names.
_NAMED: Final = 3
#: What programs put beside files: hidden files, and those of a spreadsheet that is open.
_NOT_FILES: Final = (".", "~$")


def read_gas_exchange_folder(
    paths: PathLike | Iterable[PathLike],
    *,
    pattern: str = "*",
    device: str | None = None,
    body_mass_kg: Mapping[str, float] | None = None,
    mapping: MappingLike | None = None,
    identity: bool = False,
    workers: int | None = None,
    progress: bool | None = None,
) -> dict[str, Recording]:
    r"""Read a folder of exports of metabolic carts.

    Parameters
    ----------
    paths
        A folder, or the files themselves.
    pattern
        Which files of the folder: ``"*.xlsx"``; ``"**/*.xlsx"`` looks into folders inside it too. Hidden files and
        those that a spreadsheet program makes while a file is open (``~$...``) are never meant.
    device, mapping, identity
        As in :func:`read_gas_exchange`, for all files.
    body_mass_kg
        Body mass in kilograms by file, for the files that need it. There is no default.
    workers
        How many processes read. As many as the machine has processors if not given; one if the files are few and small.
        The result is the same for any number.
    progress
        A progress bar: after a second if not given, at once if ``True``, never if ``False``.

    Returns
    -------
    dict
        Recordings in the order of their names. A file is called as in the folder: ``"P01.xlsx"``, or
        ``"week 8/P01.xlsx"``; of several paths, as in the folder that they share.

    Raises
    ------
    ReadError
        If a file cannot be read: all problems of all files. Or if there is no file.
    PlanError
        If an argument cannot be, ``body_mass_kg`` names a file that is not there, or a file is given twice.

    See Also
    --------
    read_gas_exchange : One file, and what is decided about it.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for name in ("P02.csv", "P01.csv"):
    ...         _ = (Path(folder) / name).write_text("T(sec);VO2(ml/min);VCO2(ml/min)\n10;300;250\n20;320;270\n")
    ...     recordings = read_gas_exchange_folder(folder, body_mass_kg={"P01.csv": 74.8})
    >>> [(name, recording.body_mass_kg) for name, recording in recordings.items()]
    [('P01.csv', 74.8), ('P02.csv', None)]
    """
    way = Way.of(device, mapping)
    files = _found(paths, pattern)
    masses = _checked_masses(body_mass_kg or {}, files)
    jobs = [_Job(name, file, way, masses.get(name), identity) for name, file in files.items()]
    with Bar("Reading", len(jobs), progress) as bar:
        read = dict(_each(jobs, _how_many(workers, list(files.values())), bar))
    problems = Problems()
    problems.extend(_with_files([problem for name in files for problem in read[name].problems]))
    problems.raise_as(ReadError)
    return {name: recording for name in files if (recording := read[name].recording) is not None}


# ---- which files -------------------------------------------------------------------------------------------------


def _found(paths: PathLike | Iterable[PathLike], pattern: str) -> dict[str, Path]:
    """The files by name, in the order of their names."""
    folder: Path | None
    if isinstance(paths, str | os.PathLike):
        folder, files = Path(paths), _in_folder(Path(paths), pattern)
    else:
        files = [Path(path) for path in paths]
        if not files:
            raise ReadError("no files were given")
        folder = _shared(files)
    names = [_name(file, folder) for file in files]
    twice = [name for name, times in Counter(names).items() if times > 1]
    if twice:
        raise PlanError(Problem(f'the file "{name}" was given twice', do="Give each file once.") for name in twice)
    return dict(sorted(zip(names, files, strict=True)))


def _in_folder(folder: Path, pattern: str) -> list[Path]:
    if folder.is_file():
        do = "Give the folder that it is in, or a list of files; for one file there is read_gas_exchange."
        raise ReadError(Problem(f'"{folder.name}" is a file, not a folder', do=do))
    if not folder.is_dir():
        beside = [entry.name for entry in folder.parent.iterdir() if entry.is_dir()] if folder.parent.is_dir() else []
        raise ReadError(Problem(f'there is no folder "{folder.name}"{did_you_mean(folder.name, beside)}'))
    try:
        entries = list(folder.glob(pattern))
    except (ValueError, NotImplementedError) as error:
        what = f'pattern "{pattern}" cannot be used: {error}'
        raise PlanError(Problem(what, do='Write one such as "*.xlsx" or "**/*.csv".')) from None
    files = [file for file in entries if file.is_file() and not _hidden(file.relative_to(folder))]
    if not files:
        do = 'Give another folder or pattern; pattern = "**/*" looks into the folders inside it.'
        raise ReadError(Problem(f'folder "{folder.name}" has no file that fits "{pattern}"', do=do))
    return files


def _hidden(path: Path) -> bool:
    return any(part.startswith(_NOT_FILES) for part in path.parts)


def _shared(files: Sequence[Path]) -> Path | None:
    """The folder that all files are in, ``None`` if there is none (two drives)."""
    try:
        return Path(os.path.commonpath([file.absolute().parent for file in files]))
    except ValueError:
        return None


def _name(file: Path, folder: Path | None) -> str:
    if folder is None:
        return file.as_posix()
    return file.absolute().relative_to(folder.absolute()).as_posix()


def _checked_masses(masses: Mapping[str, float], files: Mapping[str, Path]) -> Mapping[str, float]:
    if not isinstance(masses, Mapping):
        do = 'Write body_mass_kg = {"P01.xlsx": 74.8, ...}. One mass for everybody would be wrong for nearly everybody.'
        raise PlanError(Problem("body_mass_kg is not a table of file and kilograms", do=do))
    problems = [
        Problem(f'body_mass_kg: there is no file "{name}"{did_you_mean(name, list(files))}')
        for name in masses
        if name not in files
    ]
    for name, mass in masses.items():
        try:
            check_given(mass)
        except PlanError as error:
            problems += [replace(problem, file=name) for problem in error.problems]
    if problems:
        raise PlanError(problems)
    return masses


# ---- reading -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Job:
    name: str
    file: Path
    way: Way
    body_mass_kg: float | None
    identity: bool


@dataclass(frozen=True)
class _Read:
    """A recording, or why there is none."""

    recording: Recording | None
    problems: tuple[Problem, ...] = ()


def _read(job: _Job) -> tuple[str, _Read]:
    try:
        return job.name, _Read(read_one(job.file, job.way, job.body_mass_kg, job.identity))
    except (ReadError, DataError, PlanError) as error:
        return job.name, _Read(None, tuple(replace(problem, file=job.name) for problem in error.problems))


def _with_files(problems: Sequence[Problem]) -> Iterator[Problem]:
    """Say which files an advice is for, where there are several advices."""
    of: dict[str, list[str]] = {}
    for problem in problems:
        of.setdefault(problem.do, []).append(f'"{problem.file}"')
    for problem in problems:
        names = list(dict.fromkeys(of[problem.do]))
        more = [fmt.count(len(names) - _NAMED, "more file")] if len(names) > _NAMED else []
        whose = f"for {fmt.words([*names[:_NAMED], *more])}: " if problem.do and len([*filter(None, of)]) > 1 else ""
        yield replace(problem, do=whose + problem.do)


def _how_many(workers: int | None, files: Sequence[Path]) -> int:
    if workers is None:
        import joblib

        few = len(files) < 2 or sum(file.stat().st_size for file in files if file.is_file()) < _SMALL
        return 1 if few else min(joblib.cpu_count(), len(files))
    if isinstance(workers, bool) or not isinstance(workers, int) or workers < 1:
        raise PlanError(Problem(f"workers = {workers!r} is not a number of processes", do="Give 1, 2, 3 ..."))
    return min(workers, len(files))


def _each(jobs: Sequence[_Job], workers: int, bar: Bar) -> Iterator[tuple[str, _Read]]:
    for name, read in map(_read, jobs) if workers == 1 else _in_processes(jobs, workers):
        bar.advance()
        yield name, read


def _in_processes(jobs: Sequence[_Job], workers: int) -> Iterator[tuple[str, _Read]]:
    import joblib
    from joblib.externals.loky.process_executor import TerminatedWorkerError

    try:
        yield from joblib.Parallel(n_jobs=workers, return_as="generator_unordered")(
            joblib.delayed(_read)(job) for job in jobs
        )
    except TerminatedWorkerError:
        what = "a process that was reading files ended: it ran out of memory, or was ended from outside"
        raise ReadError(Problem(what, do="Read with workers = 1, which needs the least memory.")) from None
