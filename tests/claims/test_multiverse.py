"""Every combination, none lost, in a fixed order, whatever the number of workers."""

from __future__ import annotations

import itertools
import math

import joblib
import matplotlib.pyplot as plt
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import kbstudy as kb
from kbstudy.claims import Region
from kbstudy.errors import FitError, PlanError

CHOICES = {"a": [1.0, 2.0, 3.0], "b": ["x", "y"]}


def analysis(a, b):
    value = a + (0.25 if b == "y" else 0.0)
    return {"estimate": value, "low": value - 0.5, "high": value + 0.5, "n": 10}


def fragile(a, b):
    if (a, b) == (2.0, "y"):
        raise FitError("nobody is left")
    return analysis(a, b)


def broken(a, b):
    raise ZeroDivisionError


def test_every_combination_stands_in_the_order_of_the_choices():
    frame = kb.multiverse(analysis, CHOICES).frame
    assert list(zip(frame["a"], frame["b"], strict=True)) == list(itertools.product("123", "xy"))
    assert list(frame["estimate"]) == [1.0, 1.25, 2.0, 2.25, 3.0, 3.25]


def test_verdicts_and_their_shares():
    many = kb.multiverse(analysis, CHOICES, region=Region(at_least=2.5))
    assert list(many.frame["verdict"]) == ["not supported", "not supported", *["inconclusive"] * 2, *["supported"] * 2]
    assert many.share("supported") == many.share("not supported") == pytest.approx(1 / 3)


def test_influence_is_the_spread_of_the_means():
    frame = kb.multiverse(analysis, CHOICES, region=Region(at_least=2.5)).influence()
    assert list(frame["choice"]) == ["a", "a", "a", "b", "b"]
    assert list(frame["moves"]) == [2.0, 2.0, 2.0, 0.25, 0.25]
    assert frame.loc[0, "mean_estimate"] == 1.125
    assert list(frame["not supported"]) == [2, 0, 0, 1, 1]


def test_workers_and_a_joblib_backend_change_nothing():
    one = kb.multiverse(analysis, CHOICES, region=Region(at_least=2.5)).frame
    with joblib.parallel_config(backend="threading", n_jobs=2):
        two = kb.multiverse(analysis, CHOICES, region=Region(at_least=2.5)).frame
    three = kb.multiverse(analysis, CHOICES, region=Region(at_least=2.5), workers=2).frame
    assert one.equals(two)
    assert one.equals(three)


def test_a_specification_without_an_answer_is_kept_and_counts_against_every_share():
    many = kb.multiverse(fragile, CHOICES, region=Region(at_least=0.0))
    assert many.share("supported") == pytest.approx(5 / 6)
    assert "without an answer in 1" in many.sentence()
    assert list(many.table()["No answer because"]).count("nobody is left") == 1


def test_an_error_that_is_not_ours_stops_the_run():
    with pytest.raises(ZeroDivisionError):
        kb.multiverse(broken, CHOICES)


def test_combinations_that_make_no_sense_are_not_run():
    many = kb.multiverse(
        analysis, CHOICES, makes_sense=lambda options: not (options["a"] == 1.0 and options["b"] == "y")
    )
    assert len(many.frame) == 5


def test_a_threshold_can_be_a_choice():
    many = kb.multiverse(
        lambda threshold: {"estimate": 1.0, "low": 0.5, "high": 1.5},
        {"threshold": [0.0, 1.0, 2.0]},
        judged_at=lambda options: Region(at_least=options["threshold"]),
    )
    assert list(many.frame["verdict"]) == ["supported", "inconclusive", "not supported"]


def test_estimates_are_taken_by_their_primary_row():
    import pandas as pd

    data = pd.DataFrame({"id": range(10), "x": np.arange(10.0)})
    many = kb.multiverse(lambda level: kb.mean(data, "x", participant="id", level=level), {"level": [0.9, 0.95]})
    assert list(many.frame["estimate"]) == [4.5, 4.5]
    assert many.frame["low"].is_monotonic_decreasing


@given(st.lists(st.floats(-1e3, 1e3), min_size=2, max_size=6, unique_by=lambda v: f"{v:g}"), st.floats(-5, 5))
def test_shares_add_up_to_one(values, threshold):
    many = kb.multiverse(
        lambda v: {"estimate": v, "low": v - 1, "high": v + 1}, {"v": values}, region=Region(at_least=threshold)
    )
    assert sum(many.share(word) for word in ("supported", "not supported", "inconclusive")) == pytest.approx(1.0)


def test_the_figure_draws_every_answer_and_counts_the_rest():
    many = kb.multiverse(
        fragile, CHOICES, region=Region(at_least=2.5), stamp="SIMULATED", declared={"a": 1.0, "b": "x"}
    )
    figure = many.plot()
    upper, lower = figure.axes
    drawn = sorted(value for line in upper.lines if line.get_marker() in "osD" for value in line.get_ydata())
    assert drawn == sorted(many.answered["estimate"])
    assert "1 without an answer" in lower.get_xlabel()
    assert figure._suptitle.get_text() == "SIMULATED"
    plt.close(figure)


@pytest.mark.parametrize(
    ("choices", "declared", "message"),
    [
        ({}, None, "there are no choices"),
        ({"a": []}, None, 'choice "a" has no list of options'),
        ({"a": "xy"}, None, 'choice "a" has no list of options'),
        ({"a": [1.0, 1.0]}, None, 'choice "a" has 1 more than once'),
        ({"estimate": [1]}, None, '"estimate" cannot be the name of a choice'),
        ({"a": [1.0], "b": ["x"]}, {"a": 2.0}, 'declared option a = "2" is none of the options'),
        ({"a": [1.0], "b": ["x"]}, {"c": 2.0}, "no such choice"),
        ({f"c{i}": [1, 2, 3] for i in range(10)}, None, "59049 combinations are more than 20000"),
    ],
)
def test_mistakes(choices, declared, message):
    with pytest.raises(PlanError) as caught:
        kb.multiverse(analysis, choices, declared=declared)
    assert message in str(caught.value)


def test_nothing_that_makes_sense():
    with pytest.raises(PlanError, match="no combination of the choices makes sense"):
        kb.multiverse(analysis, CHOICES, makes_sense=lambda _: False)


def test_a_result_without_an_estimate_is_a_mistake_in_every_specification():
    many = kb.multiverse(lambda a: {"value": a}, {"a": [1, 2]})
    assert set(many.frame["error"]) == {"the analysis returned a dict without an estimate"}
    assert all(math.isnan(value) for value in many.frame["estimate"])
