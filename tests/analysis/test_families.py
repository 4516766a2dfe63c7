"""Declared families of tests: adjusted as p.adjust does, named in the rows, and refused where there is no test."""

from __future__ import annotations

import json

import numpy as np
import pytest

import kbstudy as kb
from kbstudy.errors import PlanError
from tests.conftest import ROOT

FAMILY = """
[[outcome]]
name = "second"
column = "pain"
measure = "nrs_0_10"

[[analysis]]
name = "again"
outcome = "second"
method = "ancova"
robust = "HC3"
estimand = { contrast = "Training - Control", visit = "Post" }

[[analysis]]
name = "share"
outcome = "pain"
method = "responders"
at_most = 3
missing = "excluded"
estimand = { contrast = "Training - Control", visit = "Post" }

[[family]]
name = "both"
analyses = ["pain_post", "again"]
method = "holm"
"""


def analysed(small, method):
    small.add(FAMILY.replace('"holm"', f'"{method}"'))
    return kb.analyse(kb.load(small.folder))


@pytest.mark.parametrize(
    ("method", "rule"),
    [
        ("holm", lambda p: np.maximum(2 * p.min(), p)),
        ("hochberg", lambda p: np.minimum(np.where(p == p.min(), 2 * p, p), p.max())),
        ("bonferroni", lambda p: np.minimum(2 * p, 1)),
        ("benjamini_hochberg", lambda p: np.minimum(np.where(p == p.min(), 2 * p, p), p.max())),
    ],
)
def test_two_tests_by_hand(small, method, rule):
    """With two tests each method is one line of arithmetic (R: p.adjust)."""
    results = analysed(small, method)
    family = results.families[0]
    p = family.frame["p"].to_numpy()
    assert p[0] != p[1]
    assert family.frame["p_adjusted"].to_numpy() == pytest.approx(rule(p), rel=1e-12)
    assert list(p) == [results.estimates[name].contrasts.iloc[0]["p"] for name in ("pain_post", "again")]
    has_intervals = method == "bonferroni"
    assert family.frame["low_adjusted"].notna().all() == has_intervals
    if has_intervals:
        assert (family.frame["low_adjusted"] < family.frame["low"]).all()


def test_only_the_declared_row_has_the_family_name(small):
    results = analysed(small, "holm")
    frame = results.estimates["pain_post"].frame
    assert list(frame.loc[frame["family"].notna(), "contrast"]) == ["Training - Control"]
    assert "[[" not in json.dumps(results.to_dict()["families"])


def test_a_row_of_a_mixed_model_is_the_one_of_the_declared_visit():
    study = kb.load(ROOT / "data/raw/demo-trial")
    frame = kb.analyse(study).families[0].frame
    assert list(frame["analysis"]) == ["disability_week8", "grip_week8"]
    assert set(frame["visit"]) == {"Week 8"}


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('["pain_post", "again"]', '["pain_post", "agian"]', 'analysis "agian" is not declared; did you mean "again"'),
        ('["pain_post", "again"]', '["pain_post", "share"]', '"share" is a "responders", which tests no difference'),
        ('["pain_post", "again"]', '["pain_post", "pain_post"]', 'is in the family "both" already'),
        ('["pain_post", "again"]', '["pain_post"]', "a list of at least 2"),
        ('method = "holm"', 'method = "home"', 'did you mean "holm"'),
    ],
)
def test_mistakes(small, old, new, message):
    small.add(FAMILY).toml(old, new)
    with pytest.raises(PlanError) as caught:
        kb.load(small.folder)
    assert message in str(caught.value)
