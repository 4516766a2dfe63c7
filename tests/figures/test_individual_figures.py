"""The figures of people, events and ordinal scores show the numbers that came in, named beside what they are about."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text

import kbstudy as kb
from kbstudy.figures.style import house_style, picture
from tests import reference

pytestmark = pytest.mark.filterwarnings("ignore::kbstudy.errors.SmallSample")

ARMS = {"arm": "arm", "reference": "Usual care", "participant": "id"}


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def responses(**changes):
    asked = {"baseline": "before", **ARMS, "mdc95": 2.5, "mic": 2, "better": "lower", **changes}
    return kb.individual_response(reference.data("responses"), "after", **asked)


def harms():
    people, events = (reference.data("harms", name) for name in ("people", "events"))
    return kb.harms(
        events, people=people, **ARMS, exposure="weeks", exposure_unit="person-weeks", kind="kind", serious="serious"
    )


def sessions():
    data = reference.data("sessions")
    return kb.adherence(data, attended="attended", planned="planned", threshold=0.8, participant="id", arm="arm")


def dose():
    return kb.dose_response(
        reference.data("sessions"), "after", baseline="before", dose="attended", dose_unit="session", participant="id",
        arm="arm", within="Kettlebell",
    )  # fmt: skip


def scores():
    return kb.ordinal(reference.data("ordinal_pain"), "score", **ARMS, better="lower")


def drawn(estimates):
    with house_style():
        ax = estimates.plot()
        FigureCanvasAgg(ax.figure).draw()
    return ax


def words_of(ax):
    return [text.get_text() for text in ax.figure.findobj(Text) if text.get_text()]


def test_the_waterfall_has_everybody_sorted_within_the_arms():
    found = responses()
    ax = drawn(found)
    dots = [line for line in ax.lines if line.get_marker() == "o"]
    for line, (arm, n) in zip(dots, (("Usual care", 15), ("Kettlebell", 18), ("Walking", 12)), strict=True):
        mine = found.points.loc[found.points["arm"] == arm, "change"]
        assert list(line.get_ydata()) == sorted(mine, reverse=True)
        assert f"{arm}\nn = {n}" in words_of(ax)
    ends = np.concatenate([line.get_xdata() for line in dots])
    assert len(set(ends)) == 45


def test_the_waterfall_names_its_thresholds_and_warns():
    ax = drawn(responses())
    for text in ("MDC95 2.5", "MDC95 −2.5", "MIC 2", "MIC −2"):
        assert text in words_of(ax)
    levels = [line.get_ydata()[0] for line in ax.lines if line.get_linestyle() != "-" and line.get_marker() != "o"]
    assert sorted(levels) == [-2.5, -2.0, 2.0, 2.5]
    assert "not one person's response" in ax.get_xlabel()
    boxes = [t.get_window_extent() for t in ax.texts if t.get_text().startswith(("MDC95", "MIC"))]
    assert not [1 for i, a in enumerate(boxes) for b in boxes[i + 1 :] if a.overlaps(b)]


def test_a_waterfall_without_thresholds_has_no_lines_for_them():
    ax = drawn(responses(mdc95=None, mic=None, better=None))
    assert not [text for text in words_of(ax) if text.startswith(("MDC95", "MIC"))]
    assert list(ax.lines[0].get_ydata()) == sorted(ax.lines[0].get_ydata())


def test_the_headings_do_not_meet_the_title():
    ax = drawn(responses())
    title = ax.title if ax.title.get_text() else ax._left_title
    headings = [text.get_window_extent() for text in ax.texts if "n = " in text.get_text()]
    assert headings
    assert not [box for box in headings if box.overlaps(title.get_window_extent())]


def test_harms_are_drawn_kind_by_kind_with_the_people_affected():
    found = harms()
    ax = drawn(found)
    rows = found.frame[found.frame["term"].str.startswith("risk_difference: ")]
    points = [100 * value for value in rows["estimate"]]
    assert [line.get_xdata()[0] for line in ax.lines if line.get_marker() == "o"] == pytest.approx(points)
    assert [label.get_text() for label in ax.get_yticklabels()] == [
        "any event", "any serious event", "soreness", "back pain", "sprain",
    ]  # fmt: skip
    for text in ("10/23", "9/23", "Usual care", "Kettlebell"):
        assert text in words_of(ax)
    inside = ax.figure.bbox
    assert all(text.get_window_extent().x1 <= inside.x1 for text in ax.texts)


def test_harms_of_three_arms_with_long_names_stay_within_the_figure():
    people, events = (reference.data("harms", name) for name in ("people", "events"))
    people.loc[people.index % 3 == 2, "arm"] = "Walking and stretching group"
    found = kb.harms(events, people=people, **ARMS, exposure="weeks", exposure_unit="person-weeks", kind="kind")
    ax = drawn(found)
    inside = ax.figure.bbox
    for text in [ax.xaxis.label, ax.title, *ax.texts, *ax.get_yticklabels()]:
        box = text.get_window_extent()
        assert inside.x0 <= box.x0, text.get_text()
        assert box.x1 <= inside.x1, text.get_text()
    assert "Walking and\nstretching\ngroup" in words_of(ax)


@pytest.mark.parametrize("make", [harms, lambda: kb.harms(
    reference.data("harms", "events").iloc[:0], people=reference.data("harms", "people"), **ARMS, exposure="weeks",
    exposure_unit="person-weeks",
)])  # fmt: skip
def test_zero_lies_in_the_middle_of_harms_and_no_interval_is_cut(make):
    found = make()
    low, high = drawn(found).get_xlim()
    assert low == -high
    rows = found.frame[found.frame["term"].str.startswith("risk_difference: ")]
    assert 100 * rows[["low", "high"]].abs().to_numpy().max() < high


@pytest.mark.parametrize("threshold", [0.05, 0.5, 0.8, 0.9, 1.0])
def test_the_name_of_the_threshold_stays_beside_the_axis(threshold):
    found = kb.adherence(
        reference.data("sessions"), attended="attended", planned="planned", threshold=threshold, participant="id"
    )
    ax = drawn(found)
    box = next(text for text in ax.texts if "threshold" in text.get_text()).get_window_extent()
    assert ax.bbox.x0 <= box.x0
    assert box.x1 <= ax.bbox.x1


def test_the_dose_is_named_by_its_unit_as_it_was_given():
    found = kb.dose_response(
        reference.data("sessions").dropna(), "after", baseline="before", dose="attended", dose_unit="kg lifted",
        participant="id",
    )  # fmt: skip
    assert drawn(found).get_xlabel().startswith("Dose (unit: kg lifted)\n")


def test_adherence_shows_everybody_the_quartiles_and_the_threshold():
    found = sessions()
    ax = drawn(found)
    dots = [line for line in ax.lines if line.get_marker() == "o"]
    assert sum(len(line.get_xdata()) for line in dots) == len(found.points)
    assert "threshold 80%" in words_of(ax)
    assert [label.get_text() for label in ax.get_yticklabels()] == [
        "Kettlebell\nn = 18, 12 below", "Walking\nn = 20, 9 below",
    ]  # fmt: skip


def test_the_line_of_a_dose_is_least_squares_and_says_that_it_is_no_effect():
    found = dose()
    ax = drawn(found)
    line = next(line for line in ax.lines if line.get_linestyle() == "-" and line.get_marker() == "None")
    (x0, x1), (y0, y1) = line.get_xdata(), line.get_ydata()
    assert (y1 - y0) / (x1 - x0) == pytest.approx(found.row()["estimate"])
    slope, intercept = np.polyfit(found.points["dose"], found.points["change"], 1)
    assert y0 == pytest.approx(intercept + slope * x0)
    assert "the dose was not randomised" in ax.get_xlabel()
    assert any("n = 17" in text for text in words_of(ax))


@pytest.mark.parametrize("better", ["lower", "higher"])
def test_the_shares_of_an_arm_fill_its_bar_from_the_best(better):
    found = kb.ordinal(reference.data("ordinal_pain"), "score", **ARMS, better=better)
    ax = drawn(found)
    for position in range(3):
        mine = [bar for bar in ax.patches if abs(bar.get_y() + bar.get_height() / 2 - position) < 0.1]
        assert sum(bar.get_width() for bar in mine) == pytest.approx(100)
        first = "share_predicted: 0" if better == "lower" else "share_predicted: 5"
        assert mine[0].get_width() == pytest.approx(100 * found.rows(first)["estimate"].iloc[position])
    assert any("odds ratio" in text for text in words_of(ax))


@pytest.mark.parametrize("make", [responses, harms, sessions, dose, scores])
def test_axes_that_are_given_are_drawn_in(make):
    figure, (ax, other) = plt.subplots(1, 2)
    assert make().plot(ax) is ax
    assert ax.lines or ax.patches
    assert [*other.lines, *other.patches] == []
    assert plt.get_fignums() == [figure.number]


@pytest.mark.parametrize("make", [responses, harms, sessions, dose, scores])
def test_what_is_made_up_says_so_and_the_same_numbers_give_the_same_bytes(make):
    found = make()
    ax = drawn(found.with_(stamp="SIMULATED"))
    assert ax.get_title("left").startswith("SIMULATED: ")
    assert not drawn(found).get_title("left").startswith("SIMULATED")
    one, other = (picture(drawn(found).figure) for _ in range(2))
    assert one.svg == other.svg
    assert not one.boxes
