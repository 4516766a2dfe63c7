"""Puts a folder of files, or one file, in place in one step."""

from __future__ import annotations

import ctypes
import json
import os
import shutil
import stat
import sys
import tempfile
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from kbstudy.errors import OutputError, Problem

__all__ = ["replace_file", "replace_folder"]

#: The file that says which other files of a folder kbstudy made.
MANIFEST: Final = "provenance.json"

_AT_FDCWD: Final = -100
_RENAME_EXCHANGE: Final = 2


def replace_folder(target: Path, files: Mapping[str, bytes], about: Mapping[str, Any]) -> None:
    """Make ``target`` hold exactly these files, plus whatever somebody else put there or changed.

    Parameters
    ----------
    target
        The folder; its parent is made if need be.
    files
        Content by name relative to the folder.
    about
        Where they come from; written to ``provenance.json`` with the SHA-256 of each file.

    Raises
    ------
    OutputError
        If it cannot be written. ``target`` is then as it was.
    """
    staging: Path | None = None
    shown, target = target, target.resolve()
    files = {**files, MANIFEST: _manifest(files, about)}
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _refuse_foreign(target, shown)
        staging = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
        staging.chmod(_mode(target))
        _keep_what_others_made(target, staging, files)
        _write(staging, files)
        _swap(staging, target)
    except OSError as error:
        raise _cannot(shown, error) from None
    finally:
        if staging is not None:
            shutil.rmtree(staging, ignore_errors=True)


def replace_file(target: Path, content: bytes) -> None:
    """Make ``target`` hold exactly this, or leave it as it was; an OSError says why it could not be done."""
    staging = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    try:
        _write(staging, {target.name: content})
        (staging / target.name).replace(target)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _manifest(files: Mapping[str, bytes], about: Mapping[str, Any]) -> bytes:
    outputs = {name: sha256(content).hexdigest() for name, content in sorted(files.items())}
    return (json.dumps({**about, "outputs": outputs}, indent=1, ensure_ascii=False) + "\n").encode()


def _cannot(target: Path, error: OSError) -> OutputError:
    reason = (error.strerror or str(error)).lower()
    do = "Choose another place with --out (or folder=), or make this one writable. Nothing was changed."
    return OutputError(Problem(f"{target} cannot be written: {reason}", do=do))


def _refuse_foreign(target: Path, shown: Path) -> None:
    """Only a folder that kbstudy made, or a new or empty one, is written to."""
    if target.exists() and not target.is_dir():
        raise OutputError(Problem(f"{shown} is a file, not a folder", do="Choose another place. Nothing was changed."))
    if target.is_dir() and any(target.iterdir()) and not (target / MANIFEST).exists():
        do = "Choose an empty or new folder, so that nothing of yours is mixed up with ours. Nothing was changed."
        raise OutputError(Problem(f"{shown} holds files that kbstudy did not make", do=do))


def _keep_what_others_made(target: Path, staging: Path, files: Mapping[str, bytes]) -> None:
    """Carry over files that kbstudy did not make: somebody's notes in a report folder are not ours to delete."""
    if not target.is_dir():
        return
    try:
        ours = dict(json.loads((target / MANIFEST).read_text("utf-8"))["outputs"])
    except (OSError, ValueError, KeyError, TypeError):
        ours = {}
    for path in sorted(target.rglob("*")):
        name = path.relative_to(target).as_posix()
        if path.is_dir() and not path.is_symlink():
            if not any(path.iterdir()):
                (staging / name).mkdir(parents=True, exist_ok=True)
        elif name == MANIFEST:
            continue
        elif path.is_symlink() or (name not in ours and name not in files):
            _copy(path, staging / name)
        elif sha256(path.read_bytes()).hexdigest() != ours.get(name):
            _copy(path, _free_name(target / name, target, staging))


def _free_name(path: Path, target: Path, staging: Path) -> Path:
    """``report.edited.docx``, or ``report.edited-2.docx`` where that is taken by an earlier edit."""
    for number in range(1, 10_000):
        suffix = ".edited" if number == 1 else f".edited-{number}"
        name = path.with_suffix(f"{suffix}{path.suffix}").relative_to(target)
        if not (target / name).exists() and not (staging / name).exists():
            return staging / name
    raise OSError(f"too many edited copies of {path.name}")


def _copy(path: Path, to: Path) -> None:
    to.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(path, to, follow_symlinks=False)


def _mode(target: Path) -> int:
    """The permissions of the folder that is replaced, else those that a new folder gets here."""
    if target.is_dir():
        return stat.S_IMODE(target.stat().st_mode)
    mask = os.umask(0)
    os.umask(mask)
    return 0o777 & ~mask


def _write(folder: Path, files: Mapping[str, bytes]) -> None:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())


def _swap(new: Path, target: Path) -> None:
    """Put ``new`` in the place of ``target``; afterwards ``new`` is what is left to delete, if anything."""
    if not target.exists():
        new.rename(target)
    elif not _exchange(new, target):
        old = target.with_name(f".{target.name}-old-{os.getpid()}")
        target.rename(old)
        try:
            new.rename(target)
        except BaseException:
            old.rename(target)
            raise
        shutil.rmtree(old, ignore_errors=True)


def _exchange(new: Path, target: Path) -> bool:
    """Swap two folders in one step of the operating system; False where it has no such step (then two renames do)."""
    if sys.platform != "linux":
        return False
    renameat2 = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if renameat2 is None:
        return False
    ends = (os.fsencode(new), os.fsencode(target))
    return bool(renameat2(_AT_FDCWD, ends[0], _AT_FDCWD, ends[1], _RENAME_EXCHANGE) == 0)
