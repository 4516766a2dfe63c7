"""A folder of recordings as one more table of the study: a row a file, whose and of which visit by its name."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path

import pandas as pd

from kbstudy import formatting as fmt
from kbstudy.errors import Problem, ReadError
from kbstudy.measures.energy import SESSION_COLUMNS
from kbstudy.readers import RawTable
from kbstudy.study.plan import Design, Plan, Source
from kbstudy.study.plan_energy import FilePattern
from kbstudy.study.source_table import SourceTable, sha256_of

__all__ = ["FILE", "list_recordings"]

#: The column with the name of the file, relative to the study.
FILE = "file"


def list_recordings(source: Source, plan: Plan, folder: Path) -> SourceTable:
    """The files that fit the pattern, as a table whose derived columns are still empty.

    Raises
    ------
    ReadError
        No file fits.
    """
    assert source.files is not None, "the plan asks for it"
    assert plan.design is not None, "the plan asks for it"
    design = plan.design
    pattern = FilePattern(source.files, design)
    paths = sorted(path for path in folder.glob(pattern.glob) if path.is_file() and not path.name.startswith("."))
    names = [path.relative_to(folder).as_posix() for path in paths]
    keys = {name: found for name in names if (found := pattern.keys(name)) is not None}
    if not keys:
        do = f"Looked for {pattern.glob} in the study's folder. Say in files where the recordings are."
        raise ReadError(Problem("no file fits this pattern", file=source.files, do=do))
    digests = {name: sha256_of(folder / name) for name in keys}
    records = [_record(design, pattern, name, *found) for name, found in keys.items()]
    raw = RawTable(
        file=source.files,
        cells=pd.DataFrame(records, dtype="object"),
        rows=tuple(range(1, len(keys) + 1)),
        notes=tuple(_unused(folder, keys)),
    )
    cells = raw.cells.set_axis(list(raw.rows), axis="index")
    return SourceTable(source, raw, _one_digest(digests), cells, digests)


def _record(design: Design, pattern: FilePattern, name: str, participant: str, visit: str) -> dict[str, str]:
    keys = {design.participant: participant}
    if pattern.has_visit and design.visit.column:
        keys[design.visit.column] = visit
    return {**keys, FILE: name, **dict.fromkeys(SESSION_COLUMNS, "")}


def _unused(folder: Path, keys: Mapping[str, object]) -> Iterator[str]:
    """Files beside the recordings that do not fit: a name misspelt is a session lost."""
    homes = {(folder / name).parent for name in keys}
    beside = sorted(
        path.relative_to(folder).as_posix()
        for home in homes
        for path in home.iterdir()
        if path.is_file() and not path.name.startswith(".") and path.relative_to(folder).as_posix() not in keys
    )
    if beside and folder not in homes:
        yield f"not read, because the name does not fit the pattern: {fmt.words(beside)}"


def _one_digest(digests: Mapping[str, str]) -> str:
    """One hash for all files: of the list of their names and hashes."""
    text = "".join(f"{digest}  {name}\n" for name, digest in digests.items())
    return hashlib.sha256(text.encode()).hexdigest()
