"""The table of the page "Replications", read from the tests, so that it cannot say more than they do.

A row is a test module: what it says it compares with (its docstring), how closely (the tolerances that it uses), and
whether its data are in the repository.
"""

from __future__ import annotations

import ast
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TESTS = Path(__file__).resolve().parents[2] / "tests"
_NUMBER = re.compile(r"^([A-Z][A-Z_0-9]+)(?:: Final)? = (\d[-+.\de ]*)(?:  # (.*))?$", re.M)
_PROGRAMS = re.compile(r"\bR\b|SAS|lme4|emmeans|metafor|mmrm|statsmodels|TOSTER|pingouin")
_SAID_ABOVE = re.compile(r"((?:^#: .*\n)+)(?:^[A-Z][A-Z_0-9]+.*\n)+", re.M)


@dataclass(frozen=True)
class Tolerance:
    """How far apart two numbers may be, and why; without a name where it is a single test's own."""

    name: str
    value: str
    why: str


@dataclass(frozen=True)
class Replication:
    """One test module that holds kbstudy against numbers of others."""

    module: str
    source: str
    tolerances: tuple[Tolerance, ...]
    needs_shared_data: bool


def named_tolerances(path: Path = TESTS / "tolerances.py") -> dict[str, Tolerance]:
    """The tolerances that the tests share, each with the comment above it."""
    text = path.read_text("utf-8")
    found = {}
    for block in _SAID_ABOVE.finditer(text):
        why = " ".join(line.removeprefix("#: ") for line in block[1].splitlines())
        for name, value, _ in _NUMBER.findall(block[0]):
            found[name] = Tolerance(name, _short(value), _lowered(why))
    return found


def replications(tests: Path = TESTS) -> list[Replication]:
    """Published numbers first, then other software."""
    papers = sorted((tests / "papers").glob("test_*.py"))
    others = [path for path in sorted(tests.rglob("test_*.py")) if path not in papers and _compares(path)]
    known = named_tolerances(tests / "tolerances.py")
    return [_replication(path, known, tests) for path in [*papers, *others]]


def software(tests: Path = TESTS) -> list[str]:
    """The programs whose answers lie in ``tests/reference``, with their versions."""
    found: dict[str, set[str]] = {}
    for path in sorted((tests / "reference").rglob("*.json")):
        for name, version in json.loads(path.read_text("utf-8")).get("software", {}).items():
            found.setdefault(name, set()).add(str(version))
    return [f"{name} {', '.join(sorted(found[name]))}" for name in sorted(found, key=str.lower)]


def page(tests: Path = TESTS) -> str:
    """The tables in Markdown."""
    rows = replications(tests)
    table = [
        f"| {_cell(row.source)}<br>`{row.module}` | {', '.join(map(_closeness, row.tolerances)) or 'as the test says'} "
        f"| {'not all' if row.needs_shared_data else 'yes'} |"
        for row in rows
    ]
    head = ["| source, what is compared, and the test | how closely | data here |", "|---|---|---|"]
    used = {one.name: one for row in rows for one in row.tolerances if one.name}
    meaning = [f"| {one.name} | {one.value} | {_cell(one.why)} |" for one in used.values()]
    names = ["## How close is close", "", "| name | at most | why |", "|---|---|---|", *meaning]
    asked = ["## Software that was asked", "", ", ".join(software(tests)) + "."]
    return "\n".join([*head, *table, "", *names, "", *asked, ""])


def _compares(path: Path) -> bool:
    """Whether a test says that it holds against another program, and reads that program's answer or a listing."""
    text = path.read_text("utf-8")
    said = _docstring(text, path)
    reads = re.search(r"\bnumbers\(|_reference\.json", text) and "reference" in text
    return "SAS PROC" in said or bool(reads and _PROGRAMS.search(said))


def _replication(path: Path, known: dict[str, Tolerance], tests: Path) -> Replication:
    text = path.read_text("utf-8")
    own = {name: Tolerance("", _short(value), _lowered(why)) for name, value, why in _NUMBER.findall(text)}
    used = dict.fromkeys(re.findall(r"tolerances\.([A-Z_0-9]+)", text))
    in_approx = dict.fromkeys(re.findall(r"(?:abs|rel)=([A-Z][A-Z_0-9]+)", text))
    tolerances = (*(known[name] for name in used if name in known), *(own[name] for name in in_approx if name in own))
    said = _docstring(text, path).split("\n\n")
    source = " ".join(" ".join(said if path.parent.name == "papers" else said[:2]).split())
    return Replication(path.relative_to(tests.parent).as_posix(), source, tolerances, "shared(" in text)


def _docstring(text: str, path: Path) -> str:
    return ast.get_docstring(ast.parse(text)) or path.stem


def _short(value: str) -> str:
    """``0.5e-4 + 1e-12`` without what is there for rounding."""
    return re.sub(r" \+ 1e-12$", "", value.strip())


def _lowered(why: str) -> str:
    why = why.strip().rstrip(".")
    return why[:1].lower() + why[1:] if why[1:2].islower() else why


def _closeness(one: Tolerance) -> str:
    return one.name or _cell(f"{one.value} ({one.why})" if one.why else one.value)


def _cell(text: str) -> str:
    return re.sub(r":\w+:(?=`)", "", text).replace("``", "`").replace("|", "\\|").replace("~", "\\~")


def setup(app: Any) -> dict[str, Any]:
    """Offer the directive ``replications``."""
    from sphinx.util.docutils import SphinxDirective

    class Replications(SphinxDirective):
        """Put the tables where the directive stands."""

        def run(self) -> list[Any]:
            """Parse them as the page that they are in is parsed."""
            for path in TESTS.rglob("*.py"):
                self.env.note_dependency(str(path))
            return list(self.parse_text_to_nodes(page()))

    app.add_directive("replications", Replications)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
