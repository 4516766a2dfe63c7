"""What the documents say is true: their code runs, the reference of study.toml names every key."""

from __future__ import annotations

import re
import shutil
import tomllib

import pytest
from pydantic import BaseModel

from kbstudy.study.plan import Plan
from kbstudy.study.plan_file import _model_in
from tests.conftest import ROOT

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def blocks(language):
    return [
        pytest.param(text, id=f"{page.name}-{number}")
        for page in PAGES
        for number, text in enumerate(
            re.findall(rf"^ *```{language}\n(.*?)^ *```", page.read_text("utf-8"), re.M | re.S)
        )
    ]


@pytest.mark.parametrize("code", blocks("python"))
def test_python_runs(code, tmp_path, monkeypatch):
    shutil.copytree(ROOT / "data" / "raw", tmp_path / "data" / "raw")
    monkeypatch.chdir(tmp_path)
    exec(compile(code, "document", "exec"), {})


@pytest.mark.parametrize("text", blocks("toml"))
def test_toml_is_toml(text):
    assert tomllib.loads(text)


def sections(model: type[BaseModel] = Plan) -> list[tuple[str, str]]:
    found = []
    for name, info in model.model_fields.items():
        inner = _model_in(info.annotation)
        if inner is None:
            found.append((model.__name__, info.alias or name))
        else:
            found += sections(inner)
    return found


@pytest.mark.parametrize(("model", "key"), sections())
def test_the_reference_names_every_key(model, key):
    assert f"`{key}`" in (ROOT / "docs/reference/study-toml.md").read_text("utf-8").replace("= true`", "`"), model


def test_links_lead_somewhere():
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#]+)\)", page.read_text("utf-8")):
            if not target.startswith("http"):
                assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_the_readme_begins_with_the_two_commands():
    text = (ROOT / "README.md").read_text("utf-8")
    commands = re.search(r"```console\n(.*?)```", text, re.S)[1]
    assert [line.split("#")[0].strip() for line in commands.splitlines()] == [
        "$ python3 run.py report",
        "$ python3 run.py test",
    ]
