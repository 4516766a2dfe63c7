"""Published rows as a pool: their standard errors, and people who must not be counted twice."""

from __future__ import annotations

import pytest

import kbstudy as kb
from kbstudy.errors import DataError
from kbstudy.evidence import pool_published, published_frame, spread_in_words
from kbstudy.readers import read_table
from tests.conftest import ROOT

SWINGS = ["farrar-2010-swings", "fortner-2014-tabata", "williams-intervals"]


@pytest.fixture(scope="module")
def shipped():
    return published_frame([read_table(ROOT / "data" / "raw" / "article-claims" / "published.csv")])


def test_a_pool_of_rows_is_the_pool_of_their_numbers(shipped):
    found = pool_published(shipped, SWINGS, unit="mL/kg/min")
    by_hand = kb.pool([34.31, 33.1, 22.6], [5.67**2 / 10, 1.5**2, 1.48**2])
    assert (found.estimate, found.low, found.high) == pytest.approx((by_hand.estimate, by_hand.low, by_hand.high))
    assert found.labels == ("Farrar 2010", "Fortner 2014", "Williams and Kraemer")
    assert "Fortner 2014: the spread was printed without its kind and is read as SE." in found.notes


def test_an_interval_becomes_a_standard_error_that_says_its_degrees_of_freedom(shipped):
    """Jay 2011: 40 people in two arms; another study without n, whose interval can only be read as normal."""
    frame = shipped.copy()
    frame.loc["x"] = frame.loc["jay-2011-low-back"]
    changed = {"id": "x", "study": "Somebody", "shared_participants": "", "citation": "Somebody 2020."}
    changed |= {"low": -2.4, "high": -0.4, "n": float("nan")}
    frame.loc["x", list(changed)] = list(changed.values())
    found = pool_published(frame, ["jay-2011-low-back", "x"], unit="points", interval="wald")
    assert found.variances[0] ** 0.5 == pytest.approx(2.68 / (2 * 2.0243941639), rel=1e-9)  # R: qt(0.975, 38)
    assert found.variances[1] ** 0.5 == pytest.approx(2 / (2 * 1.9599639845), rel=1e-9)  # R: qnorm(0.975)
    assert any("Jay 2011" in note and "t distribution on 38 degrees of freedom" in note for note in found.notes)
    assert any("Somebody 2011" in note and "normal distribution" in note for note in found.notes)


def test_one_publication_is_one_study_even_without_a_key(shipped):
    frame = shipped.assign(shared_participants="")
    with pytest.raises(DataError) as caught:
        pool_published(frame, ["fortner-2014-tabata", "fortner-2014-traditional"], unit="mL/kg/min")
    assert '"fortner-2014-tabata" and "fortner-2014-traditional" come from one publication' in str(caught.value)
    assert "People who are counted twice" in str(caught.value)


def test_one_row_is_no_pool(shipped):
    with pytest.raises(DataError, match="a pool needs at least two rows"):
        pool_published(shipped, SWINGS[:1], unit="mL/kg/min")


def test_every_reason_at_once(shipped):
    ids = ["jay-2011-low-back", "jay-2013-stopping-time", "falatic-2015-vo2max"]
    with pytest.raises(DataError) as caught:
        pool_published(shipped, ids, unit="points")
    assert len(caught.value.problems) == 5


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("jay-2011-low-back", "95% CI −2.7 to −0.02"),
        ("farrar-2010-swings", "SD 5.67 (assumed)"),
        ("manocchia-2013-back-extension", "p = 0.053"),
        ("manocchia-2013-bench-press", "p < 0.05"),
        ("jay-2011-fitness", "not significant"),
        ("ace-2010-total", "not given"),
    ],
)
def test_the_spread_in_words(shipped, row, words):
    assert spread_in_words(shipped.loc[row]) == words
