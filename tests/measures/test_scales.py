"""Forms as data: what ships is consistent, a form of one's own works the same way, and mistakes in it are told."""

from __future__ import annotations

import math

import pytest

from kbstudy.errors import PlanError
from kbstudy.measures import (
    MicBelowMeasurementError,
    Scale,
    WrongKindOfThreshold,
    check_threshold,
    scale,
    scale_ids,
    thresholds_below_measurement_error,
)

OWN = """\
id = "mine"
name = "My form"
unit = "points"
minimum = 0.0
maximum = 12.0
decimals = 0
better = "lower"
scoring = "three items of 0 to 4: sum"

[items]
column = "mine"
count = 3
range = [0, 4]
rule = "sum"
reversed = [2]

[missing]
allowed = 1
rule = "raised in proportion"

[[threshold]]
value = 2
kind = "individual MIC"
population = "students"
source = "nobody"
"""


@pytest.fixture
def own(tmp_path):
    def write(old="", new=""):
        assert old in OWN
        path = tmp_path / "mine.toml"
        path.write_text(OWN.replace(old, new, 1) if old else OWN, "utf-8")
        return path

    return write


# ---- what ships --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", scale_ids())
def test_a_form_that_ships_is_complete(name):
    form = scale(name)
    assert form.id == name
    assert form.minimum < form.maximum
    assert len(form.items) >= 1
    for threshold in form.thresholds:
        assert threshold.population
        assert threshold.source
        assert 0 < threshold.value < (100 if threshold.relative else form.maximum - form.minimum)
        assert not threshold.doi or threshold.doi.startswith("10.")


def test_what_is_asked_for_ships():
    wanted = {"nrs_0_10", "vas_0_1", "vas_0_10_cm", "vas_0_100_mm", "odi", "rmdq_24", "qbpds", "tsk_17", "tsk_11"}
    wanted |= {"promis_pi_4a", "biering_sorensen_s", "handgrip_kg", "sit_to_stand_30s", "sit_to_stand_5_s"}
    assert wanted | {"six_minute_walk_m"} <= set(scale_ids())


@pytest.mark.parametrize(
    ("name", "items", "low", "high"),
    [
        ("odi", 10, 0, 100),
        ("rmdq_24", 24, 0, 24),
        ("qbpds", 20, 0, 100),
        ("tsk_17", 17, 17, 68),
        ("tsk_11", 11, 11, 44),
    ],
)
def test_ranges_are_those_of_the_forms(name, items, low, high):
    form = scale(name)
    assert (len(form.items), form.minimum, form.maximum) == (items, low, high)


def test_reversed_items_of_the_tampa_scale():
    assert [n for n, item in enumerate(scale("tsk_17").items, start=1) if item.reversed] == [4, 8, 12, 16]
    assert not any(item.reversed for item in scale("tsk_11").items)


@pytest.mark.parametrize(
    ("name", "value", "relative"),
    [("nrs_0_10", 2, False), ("vas_0_100_mm", 15, False), ("vas_0_10_cm", 1.5, False), ("vas_0_1", 0.15, False),
     ("rmdq_24", 5, False), ("odi", 10, False), ("qbpds", 20, False), ("odi", 30, True)],
)  # fmt: skip
def test_the_panel_of_2008(name, value, relative):
    """Ostelo et al. 2008, doi:10.1097/BRS.0b013e31815e3a10: 15 mm, 2, 5, 10, 20 points, or 30 % of baseline."""
    panel = [t for t in scale(name).thresholds if "Ostelo" in t.source]
    assert any((t.value, t.relative, t.kind) == (value, relative, "individual MIC") for t in panel)


def test_detectable_changes_of_the_holding_test_follow_from_their_errors():
    """Latimer et al. 1999: SEM 11.6, 17.5 and 17.4 s."""
    found = [t.value for t in scale("biering_sorensen_s").thresholds]
    assert found == pytest.approx([1.96 * math.sqrt(2) * sem for sem in (11.6, 17.5, 17.4)], abs=0.05)


def test_raw_promis_has_no_threshold_because_those_are_in_t_scores():
    assert not any(scale(name).thresholds for name in scale_ids() if name.startswith("promis"))


# ---- thresholds --------------------------------------------------------------------------------------------------


def test_a_mic_below_the_measurement_error_is_named():
    told = thresholds_below_measurement_error(scale("qbpds"))
    assert len(told) == 2
    assert told[0].startswith("qbpds: the MIC of 6 points")
    assert "is below the SDC of 15.8 points" in told[0]
    assert thresholds_below_measurement_error(scale("nrs_0_10")) == ()
    assert "not verified at its source" in thresholds_below_measurement_error(scale("tsk_11"))[0]


def test_people_are_not_judged_by_noise():
    with pytest.warns(
        MicBelowMeasurementError, match=r"a threshold of 8 points is below the MDC90 of 10 points"
    ) as caught:
        notes = check_threshold(scale("odi"), 8, use="individual change")
    assert len(caught) == len(notes) == 1
    assert "without having changed" in notes[0]


def test_a_threshold_of_the_wrong_kind():
    with pytest.warns(WrongKindOfThreshold, match="as an individual MIC .*used here for a difference between groups"):
        check_threshold(scale("nrs_0_10"), 2, use="difference between groups")
    with pytest.warns(WrongKindOfThreshold, match="as a measurement error threshold .*for a person’s change: .*noise"):
        check_threshold(scale("biering_sorensen_s"), 48.5, use="individual change")
    assert check_threshold(scale("nrs_0_10"), 1.3, use="difference between groups") == ()
    assert check_threshold(scale("nrs_0_10"), 2, use="individual change") == ()


def test_a_threshold_has_a_use_and_a_size():
    with pytest.raises(PlanError, match='use="responders" is not a use'):
        check_threshold(scale("odi"), 8, use="responders")
    with pytest.raises(PlanError, match="a threshold of -2 is not a size of change"):
        check_threshold(scale("odi"), -2, use="individual change")


# ---- a form of one's own -----------------------------------------------------------------------------------------


def test_a_form_of_ones_own(own):
    form = scale(own())
    assert (form.id, form.rule, len(form.items), form.missing.allowed) == ("mine", "sum", 3, 1)
    assert form.items[1].reversed
    assert form == scale(str(own()))


def test_items_that_are_not_alike(tmp_path):
    path = tmp_path / "mixed.toml"
    text = OWN.split("[items]")[0].replace("12.0", "14.0")
    text += (
        'rule = "sum"\n[[item]]\nname = "a"\nrange = [0, 4]\n[[item]]\nname = "b"\nrange = [0, 10]\nreversed = true\n'
    )
    path.write_text(text, "utf-8")
    assert [item.high for item in scale(path).items] == [4, 10]


def test_a_scale_without_items_has_one():
    plain = Scale("x", "X", "kg", 0, 10, 1, "higher", "as measured")
    assert [(item.low, item.high) for item in plain.items] == [(0, 10)]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("count = 3", "cuont = 3", r'"items.cuont" is not a key of a form; did you mean "count"\?'),
        ("unit =", "units =", '"unit" is missing'),
        ("maximum = 12.0", "maximum = 10.0", 'the items and the rule "sum" give 0 to 12, not 0 to 10'),
        ("reversed = [2]", "reversed = [4]", r"items.reversed names \[4\], but the items are numbered 1 to 3"),
        ("allowed = 1", "allowed = 3", "missing.allowed = 3, but there are 3 items"),
        (
            'kind = "individual MIC"',
            'kind = "MCID"',
            "\"threshold.1.kind\" is 'MCID': input should be 'individual MIC'",
        ),
        ('rule = "sum"', 'rule = "sum', "is not valid TOML"),
        ("minimum = 0.0", "minimum = 20.0", "minimum = 20 is not below maximum = 12"),
        ('rule = "sum"', 'rule = "value"', 'the rule "value" is for a single item, and there are 3'),
        ("range = [0, 4]", "range = [4, 4]", 'item "item 1": its range 4 to 4 is empty'),
        ("reversed = [2]", 'words = ["a"]', "items.words has 1 entries for 3 items"),
    ],
)
def test_mistakes_in_a_form(own, old, new, message):
    with pytest.raises(PlanError, match=message) as caught:
        scale(own(old, new))
    assert "mine.toml" in str(caught.value)
    assert "docs/reference/measures.md" in str(caught.value)


def test_two_mistakes_are_told_at_once(own):
    path = own("unit =", "units =")
    path.write_text(path.read_text("utf-8").replace("count = 3", "count = 0"), "utf-8")
    with pytest.raises(PlanError) as caught:
        scale(path)
    assert len(caught.value.problems) == 3


def test_a_form_that_is_not_there(tmp_path):
    with pytest.raises(PlanError, match=r"nothing.toml: the form cannot be read: No such file"):
        scale(tmp_path / "nothing.toml")
    with pytest.raises(PlanError, match=r'"odl" is not a measure; did you mean "odi"\?'):
        scale("odl")
