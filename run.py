"""Set up once, then do it: ``python3 run.py report``, ``python3 run.py test``, ``python3 run.py lab``.

Needs Python 3.11 or newer and its venv module, and nothing else. Everything is installed into ``.venv`` beside this
file, from the exact versions in ``requirements*.lock``; it is set up again only when they or ``pyproject.toml`` change.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

HOME = Path(__file__).resolve().parent
VENV = HOME / ".venv"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
PYTHON = BIN / ("python.exe" if os.name == "nt" else "python")

USAGE = """usage: python3 run.py COMMAND [ARGUMENTS]

  report   write the reports of the studies in data/raw/ (or of the folders you name)
  test     run the tests
  lab      open JupyterLab on notebooks/
  docs     build the documentation site: docs/_build/html/index.html
  setup    only set up
  lint     style and types (developers)
  lock     write the lock files again (developers); with a study folder: lock its plan
  (any other command is one of kbstudy's: check, inspect, new, codebook, verify)"""

LOCKS = {
    "lab": "requirements-lab.lock",
    "test": "requirements-test.lock",
    "lint": "requirements-dev.lock",
    "docs": "requirements-docs.lock",
}

#: What each lock file holds beside the core, for ``python3 run.py lock`` (developers only).
LOCKED = {
    "requirements.lock": (),
    "requirements-test.lock": ("--extra", "test"),
    "requirements-lab.lock": ("--extra", "notebook", "--extra", "data"),
    "requirements-dev.lock": ("--extra", "test", "--extra", "notebook", "--group", "dev"),
    "requirements-docs.lock": ("--extra", "docs"),
}


def environment() -> dict[str, str]:
    """The environment of the children: bytecode allowed, because without it every import is slow for ever."""
    keep = {key: value for key, value in os.environ.items() if key not in ("PYTHONDONTWRITEBYTECODE", "PYTHONPATH")}
    return {**keep, "VIRTUAL_ENV": str(VENV), "PATH": os.pathsep.join([str(BIN), os.environ.get("PATH", "")])}


def run(*command: str | Path, quiet: bool = False) -> int:
    output = subprocess.DEVNULL if quiet else None
    return subprocess.call([str(part) for part in command], env=environment(), stdout=output, stderr=output)


def install(*arguments: str) -> int:
    """Install with uv; where uv cannot be had or fails, with pip."""
    if run(PYTHON, "-m", "uv", "pip", "install", "--quiet", *arguments) == 0:
        return 0
    print("uv could not do it; trying pip, which takes longer", flush=True)
    return pip(*arguments)


def pip(*arguments: str) -> int:
    """Install with the pip of ``.venv``, or, where Python came without ensurepip, with the pip that is there."""
    own = run(PYTHON, "-m", "pip", "--version", quiet=True) == 0
    command = (PYTHON, "-m", "pip") if own else (sys.executable, "-m", "pip", "--python", PYTHON)
    return run(*command, "install", "--quiet", "--disable-pip-version-check", *arguments)


def fingerprint(lock: Path) -> str:
    parts = [lock.read_bytes(), (HOME / "pyproject.toml").read_bytes(), sys.version.encode(), str(HOME).encode()]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def make_venv() -> None:
    if VENV.exists():
        shutil.rmtree(VENV)
    import venv

    try:
        venv.create(VENV, with_pip=True)
    except subprocess.CalledProcessError:  # Debian's Python without python3-venv
        venv.create(VENV, with_pip=False, clear=True)
    pip("uv")


def set_up(lock_name: str) -> None:
    """Bring ``.venv`` to the state of a lock file; do nothing if it is there already."""
    lock, done = HOME / lock_name, VENV / f".done-{lock_name}"
    if PYTHON.exists() and done.exists() and done.read_text() == fingerprint(lock):
        return
    print(f"Setting up .venv from {lock_name} (once) ...", flush=True)
    if not PYTHON.exists():
        make_venv()
    failed = install("--require-hashes", "-r", str(lock)) or install("--no-deps", "-e", str(HOME))
    if failed:
        sys.exit("Setting up failed; the lines above say why. Nothing outside .venv was touched.")
    done.write_text(fingerprint(lock))


def write_locks() -> int:
    """Write the lock files again: every platform, with hashes, without the address of any registry.

    Each keeps the versions of those before it, because one ``.venv`` holds them all.
    """
    names = list(LOCKED)
    for name, extras in LOCKED.items():
        same = [part for before in names[: names.index(name)] for part in ("--constraint", before)]
        options = ("--universal", "--generate-hashes", "--no-emit-index-url", "--no-emit-find-links", "--quiet")
        note = ("--custom-compile-command", "python3 run.py lock", "--python-version", "3.11", "--upgrade")
        command = (PYTHON, "-m", "uv", "pip", "compile", "pyproject.toml", *extras, *same, *options, *note, "-o", name)
        if run(*command):
            return 1
    return 0


def lint() -> int:
    """Style and types, as the project's own check runs them."""
    checks = (("ruff", "check", "."), ("ruff", "format", "--check", "."), ("mypy",))
    failed = [check for check in checks if run(PYTHON, "-m", *check)]
    return int(bool(failed))


def docs() -> int:
    """Build the site from scratch, because a warning is only given for a page that is read anew."""
    print("Building the documentation, in about a quarter of a minute ...", flush=True)
    built = HOME / "docs" / "_build"
    strict = ("-E", "-W", "--keep-going", "-q")
    failed = run(PYTHON, "-m", "sphinx", *strict, "-d", built / "doctrees", HOME / "docs", built / "html")
    if not failed:
        print(f"The documentation is built: {built / 'html' / 'index.html'}")
    return failed


def main(arguments: list[str]) -> int:
    if sys.version_info < (3, 11):
        sys.exit(f"kbstudy needs Python 3.11 or newer; this is {sys.version.split()[0]}.")
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        print(USAGE)
        return 0
    command, rest = arguments[0], arguments[1:]
    set_up(LOCKS.get(command, "requirements.lock"))
    if command == "setup":
        return 0
    if command in ("test", "lint") or (command in ("lock", "report") and not rest):
        os.chdir(HOME)
    if command == "test":
        return run(PYTHON, "-m", "pytest", *rest)
    if command == "lint":
        return lint()
    if command == "lock" and not rest:
        return write_locks()
    if command == "docs":
        return docs()
    if command == "lab":
        return run(PYTHON, "-m", "jupyterlab", str(HOME / "notebooks"), *rest)
    return run(PYTHON, "-m", "kbstudy", command, *rest)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
