"""Everybody is drawn, the mean is the mean, and who has no value is said."""

from __future__ import annotations

import math

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from scipy import stats

from kbstudy.figures import plot_raincloud


@pytest.fixture
def people():
    rng = np.random.default_rng(1)
    frame = pd.DataFrame({"arm": ["B"] * 9 + ["A"] * 8, "change": rng.normal(0, 1, 17)})
    frame["arm"] = pd.Categorical(frame["arm"], categories=["A", "B"])
    frame.loc[0, "change"] = math.nan
    return frame


def test_everybody_is_a_point_and_the_mean_has_its_interval(people):
    axes = plot_raincloud(people, "change", by="arm")
    lines = axes.lines
    points = [line for line in lines if len(line.get_xdata()) > 2]
    drawn = np.sort(np.concatenate([line.get_xdata() for line in points]))
    assert np.array_equal(drawn, np.sort(people["change"].dropna()))
    mine = people.loc[people["arm"] == "A", "change"]
    expected = stats.t.interval(0.95, len(mine) - 1, mine.mean(), stats.sem(mine))
    bars = [tuple(line.get_xdata()) for line in lines if len(line.get_xdata()) == 2 and line.get_linewidth() > 2]
    assert bars[0] == pytest.approx(expected, rel=1e-9)
    plt.close(axes.figure)


def test_groups_keep_their_order_and_missing_values_are_counted(people):
    axes = plot_raincloud(people, "change", by="arm", unit="points", stamp="SIMULATED")
    labels = [label.get_text() for label in axes.get_yticklabels()]
    assert labels == ["A\nn = 8", "B\nn = 8 (1 without a value)"]
    assert axes.get_xlabel() == "change (points)"
    assert axes.get_title(loc="left").startswith("SIMULATED")
    plt.close(axes.figure)


def test_few_or_equal_values_have_no_shape():
    frame = pd.DataFrame({"arm": ["A"] * 3 + ["B"] * 6, "change": [1.0, 2.0, 3.0] + [5.0] * 6})
    axes = plot_raincloud(frame, "change", by="arm")
    assert not axes.collections
    plt.close(axes.figure)
