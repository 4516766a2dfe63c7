"""A folder is replaced in one step: an interrupted run leaves the old report or the new one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest

from kbstudy import atomic
from kbstudy.atomic import replace_folder
from kbstudy.errors import OutputError

OLD = {"report.html": b"old", "figures/a.svg": b"old"}
NEW = {"report.html": b"new", "report.pdf": b"new"}


def content(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file() and path.name != atomic.MANIFEST)
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


@pytest.fixture
def target(tmp_path):
    folder = tmp_path / "reports" / "study"
    replace_folder(folder, OLD, {"study": "s"})
    return folder


def test_new_files_take_the_place_of_old_ones(target):
    replace_folder(target, NEW, {})
    assert content(target) == NEW
    assert [path.name for path in target.parent.iterdir()] == ["study"]


def test_files_somebody_else_put_there_stay(target):
    (target / "notes.txt").write_bytes(b"mine")
    replace_folder(target, NEW, {})
    assert content(target) == {**NEW, "notes.txt": b"mine"}


def test_the_manifest_has_the_hash_of_every_file(target):
    manifest = json.loads((target / atomic.MANIFEST).read_text())
    assert manifest == {"study": "s", "outputs": {name: sha256(data).hexdigest() for name, data in sorted(OLD.items())}}


@pytest.mark.parametrize("step", ["_write", "_swap", "_keep_what_others_made"])
@pytest.mark.parametrize("cause", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_an_interruption_leaves_the_old_report(target, monkeypatch, step, cause):
    def interrupt(*_):
        raise cause

    monkeypatch.setattr(atomic, step, interrupt)
    with pytest.raises((OutputError, KeyboardInterrupt)) as caught:
        replace_folder(target, NEW, {})
    assert content(target) == OLD
    assert [path.name for path in target.parent.iterdir()] == ["study"]
    if isinstance(caught.value, OutputError):
        assert "cannot be written: no space left on device" in str(caught.value)


def test_without_the_systems_exchange_two_renames_do(target, monkeypatch):
    monkeypatch.setattr(atomic, "_exchange", lambda *_: False)
    replace_folder(target, NEW, {})
    assert content(target) == NEW
    assert [path.name for path in target.parent.iterdir()] == ["study"]


def test_a_failing_second_rename_brings_the_old_report_back(target, monkeypatch):
    monkeypatch.setattr(atomic, "_exchange", lambda *_: False)
    rename = Path.rename

    def refuse(self, to):
        if self.name.startswith(".study-") and Path(to).name == "study" and "-old-" not in self.name:
            raise OSError(13, "Permission denied")
        return rename(self, to)

    monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises(OutputError):
        replace_folder(target, NEW, {})
    assert content(target) == OLD


@pytest.mark.skipif(os.name == "nt", reason="needs a signal that cannot be caught")
def test_a_killed_run_leaves_the_old_report(target):
    """The process dies with everything written and nothing put in place."""
    code = (
        "import os, signal; from pathlib import Path; from kbstudy import atomic\n"
        "atomic._swap = lambda *_: os.kill(os.getpid(), signal.SIGKILL)\n"
        f"atomic.replace_folder(Path({str(target)!r}), {NEW!r}, {{}})\n"
    )
    done = subprocess.run([sys.executable, "-c", code], check=False)
    assert done.returncode == -9
    assert content(target) == OLD
