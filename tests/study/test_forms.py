"""Outcomes scored from the items of a form: the form's rule, every bad answer named, own forms beside study.toml."""

from __future__ import annotations

import numpy as np
import pytest

import kbstudy as kb
from kbstudy.errors import DataError, PlanError
from tests.study.test_load import value

ITEMS = [f"odi_{number}" for number in range(1, 11)]
OUTCOME = f"""
[[outcome]]
name = "disability"
measure = "odi"
items = {ITEMS!r}
""".replace("'", '"')

OWN = """
id = "stairs"
name = "Trouble with stairs"
unit = "points"
minimum = 0.0
maximum = 4.0
decimals = 0
better = "lower"
scoring = "the sum of two items"

[items]
column = "stairs"
count = 2
range = [0, 2]
whole = true
rule = "sum"
words = ["up", "down"]
"""


@pytest.fixture
def forms(small):
    """The small study with ten items a row: person and visit decide the answers."""
    lines = (small.folder / "data.csv").read_text("utf-8").splitlines()
    answers = [[(row + item) % 6 for item in range(10)] for row in range(len(lines) - 1)]
    rows = [",".join([lines[0], *ITEMS])]
    rows += [",".join([line, *map(str, found)]) for line, found in zip(lines[1:], answers, strict=True)]
    (small.folder / "data.csv").write_text("\n".join(rows) + "\n", "utf-8")
    return small.add(OUTCOME)


def test_items_are_scored_by_the_rule_of_the_form(forms):
    study = kb.load(forms.folder)
    found = value(study, "P01", "Pre", "disability")
    assert found["value"] == 100 * sum(item % 6 for item in range(10)) / 50


def test_missing_items_follow_the_rule_and_too_many_have_a_reason(forms):
    forms.cell(2, 4, "").cell(3, 4, "").cell(3, 5, "").cell(3, 6, "").cell(3, 7, "").cell(3, 8, "").cell(3, 9, "")
    study = kb.load(forms.folder)
    assert value(study, "P01", "Pre", "disability")["value"] == pytest.approx(
        100 * sum(i % 6 for i in range(1, 10)) / 45
    )
    gone = value(study, "P01", "Post", "disability")
    assert np.isnan(gone["value"])
    assert "6" in gone["reason"]
    ledger = study.ledger().frame.query("outcome == 'disability' and participant == 'P01' and visit == 'Post'")
    assert list(ledger["status"]) == ["missing"]


def test_answers_out_of_range_are_named_with_row_and_participant(forms):
    forms.cell(2, 4, "9").cell(5, 6, "7").cell(7, 5, "two")
    with pytest.raises(DataError) as caught:
        kb.load(forms.folder)
    text = str(caught.value)
    assert 'data.csv, row 2, column "odi_1" (participant P01, visit Pre): 9 is outside 0 to 5' in text
    assert 'row 5, column "odi_3" (participant P02, visit Post): 7 is outside 0 to 5' in text
    assert 'row 7, column "odi_2" (participant P03, visit Post): "two" is not a number' in text


def test_a_form_of_your_own_beside_study_toml(forms):
    (forms.folder / "forms").mkdir()
    (forms.folder / "forms" / "stairs.toml").write_text(OWN, "utf-8")
    forms.toml('measure = "odi"', 'measure = "forms/stairs.toml"').toml(
        str(ITEMS).replace("'", '"'), '["odi_1", "odi_2"]'
    )
    for row in range(2, 42):
        forms.cell(row, 4, "2").cell(row, 5, "1" if row < 40 else "0")
    study = kb.load(forms.folder)
    assert value(study, "P01", "Pre", "disability")["value"] == 3.0
    assert study.plan.outcome("disability").unit_text == "points"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('measure = "odi"\n', "", '"items" are scored by a form: say which in "measure"'),
        (
            'measure = "odi"',
            'measure = "odi"\ncolumn = "odi_1"',
            'or "columns" (one a visit), or "items"',
        ),
        ('"odi_1", ', "", "items"),
        ('"odi_1"', '"odi_one"', 'column "odi_one" is not in the file'),
        ('measure = "odi"', 'measure = "forms/none.toml"', "forms/none.toml"),
    ],
)
def test_mistakes(forms, old, new, message):
    forms.toml(old, new)
    with pytest.raises((PlanError, DataError)) as caught:
        kb.load(forms.folder)
    assert message in str(caught.value)
