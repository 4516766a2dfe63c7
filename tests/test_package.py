"""The package as a whole: what it loads, what it exports, that its wheel works alone."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import kbstudy as kb
from tests.conftest import ROOT

HEAVY = ("docx", "matplotlib", "numpy", "pandas", "pydantic", "scipy", "seaborn", "statsmodels", "typst")


def loaded_by(code: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys; print(*sys.modules)"], capture_output=True, text=True, check=True
    )
    return {name.split(".")[0] for name in done.stdout.split()}


def test_import_loads_nothing_heavy():
    assert not loaded_by("import kbstudy") & {*HEAVY, "rich", "cyclopts"}


def test_the_command_line_starts_without_the_numerics():
    assert not loaded_by("import kbstudy.cli") & set(HEAVY)


@pytest.mark.parametrize("name", kb.__all__)
def test_every_public_name_exists_and_is_documented(name):
    value = getattr(kb, name)
    assert isinstance(value, str) or value.__doc__


@pytest.mark.parametrize("name", [name for name in kb.__all__ if callable(getattr(kb, name))])
def test_public_names_stay_what_they_are_when_rooms_are_imported(name):
    import kbstudy.reporting.html  # noqa: F401

    assert callable(getattr(kb, name))


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = kb.nothing


def test_versions_agree():
    citation = (ROOT / "CITATION.cff").read_text("utf-8")
    assert f"version: {kb.__version__}" in citation
    assert f"## {kb.__version__}" in (ROOT / "CHANGELOG.md").read_text("utf-8")


def test_lock_files_have_hashes_and_no_address():
    for lock in ROOT.glob("requirements*.lock"):
        text = lock.read_text("utf-8")
        assert "://" not in text
        assert "--hash=sha256:" in text


def test_every_core_dependency_is_locked():
    names = [
        entry.split(">=")[0]
        for entry in tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    ]
    locked = (ROOT / "requirements.lock").read_text("utf-8")
    assert [name for name in names if f"\n{name}==" not in f"\n{locked}"] == []


def run(*command: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    environment = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "VIRTUAL_ENV")}
    return subprocess.run(
        [str(part) for part in command], cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )


@pytest.mark.slow
def test_the_wheel_works_alone(tmp_path):
    """Build the wheel, install it into a new environment, and write a report outside the repository."""
    source = tmp_path / "source"
    names = ["kbstudy", "pyproject.toml", "README.md", "LICENSE"]
    source.mkdir()
    for name in names:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copyfile
        copy(ROOT / name, source / name)
    built = run(sys.executable, "-m", "build", "--wheel", "--outdir", tmp_path / "dist", source, cwd=tmp_path)
    if built.returncode and "No matching distribution" in built.stdout + built.stderr:
        pytest.skip("no package registry is in reach, so the build backend cannot be installed")
    assert built.returncode == 0, built.stdout + built.stderr
    wheel = next((tmp_path / "dist").glob("*.whl"))

    run(sys.executable, "-m", "venv", tmp_path / "env", cwd=tmp_path)
    folder = tmp_path / "env" / ("Scripts" if os.name == "nt" else "bin")
    uv = run(sys.executable, "-m", "uv", "--version", cwd=tmp_path).returncode == 0
    pip = [sys.executable, "-m", "uv", "pip", "install", "--python", folder / "python"] if uv else [
        folder / "python", "-m", "pip", "install"
    ]  # fmt: skip
    installed = run(*pip, wheel, cwd=tmp_path)
    assert installed.returncode == 0, installed.stderr

    outside = tmp_path / "outside"
    shutil.copytree(ROOT / "data" / "raw", outside / "data" / "raw")
    done = run(folder / "kbstudy", "report", cwd=outside)
    assert done.returncode == 0, done.stdout + done.stderr
    for study in ("article-claims", "demo-trial"):
        for name in ("report.html", "report.pdf", "report.docx", "results.json", "provenance.json"):
            assert (outside / "reports" / study / name).stat().st_size > 0
