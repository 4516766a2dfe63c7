"""docs/reference/measures.md says what the forms say."""

from __future__ import annotations

import runpy
import tomllib

import pytest

from kbstudy.measures import scale
from kbstudy.measures.strength import ONE_REP_MAX_FORMULAS
from tests.conftest import ROOT

TOOL = runpy.run_path(str(ROOT / "tools" / "write_measures_page.py"))
PAGE = (ROOT / "docs" / "reference" / "measures.md").read_text("utf-8")


def test_the_tables_are_those_of_the_forms():
    assert TOOL["filled"](PAGE) == PAGE, "run tools/write_measures_page.py"


@pytest.mark.parametrize(
    "line",
    [
        "| `odi` | MIC 10 points | individual MIC | low-back pain |",
        "| `odi` | MDC90 10 points | measurement error | low-back pain | – | printed on scoring sheets",
        "| `nrs_0_10` | MIC 30 % of baseline | individual MIC |",
        "| `tsk_11` | MIC 4 points | individual MIC |",
    ],
)
def test_what_a_reader_looks_for(line):
    assert line in PAGE


def test_what_is_not_verified_says_so():
    for line in PAGE.splitlines():
        if line.startswith(("| `tsk_11` | MIC 4", "| `odi` | MDC90")):
            assert line.endswith("**(not verified)** |")


def test_the_example_form_is_a_form(tmp_path):
    text = PAGE.split("```toml\n")[1].split("```")[0]
    assert tomllib.loads(text)
    path = tmp_path / "mine.toml"
    path.write_text(text, "utf-8")
    assert [item.name for item in scale(path).items] == ["bending", "lifting", "sitting"]


def test_every_formula_is_on_the_page():
    for name in ONE_REP_MAX_FORMULAS:
        assert f"| `{name}` |" in PAGE
