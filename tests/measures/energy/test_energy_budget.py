"""Energy budgets: known totals of real files, known answers of made-up ones, what is refused."""

from __future__ import annotations

import math
from dataclasses import FrozenInstanceError

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kbstudy.errors import DataError, PlanError
from kbstudy.measures.energy import EQUATIONS, Lactate, energy_expenditure
from tests.measures.energy import carts
from tests.measures.energy.made_up import gas, session

# ---- real files --------------------------------------------------------------------------------------------------

#: kcal over the whole file, gaps bridged: the equation, what is done above RER 1, and W1, W3, P1.
TOTALS = [
    ("weir_1949_rounded", "as_is", (361.28, 266.76, 492.75)),
    ("weir_1949", "as_is", (364.70, 269.27, 497.41)),
    ("elia_livesey_1992", "as_is", (361.70, 267.89, 493.69)),
    ("lusk_1928", "cap", (363.69, 266.35, 493.64)),
    ("peronnet_massicotte_1991", "cap", (374.98, 274.07, 508.87)),
    ("constant_5_kcal_l", "cap", (368.56, 265.42, 499.66)),
]
FILES = (carts.w1, carts.w3, carts.p1)


@pytest.mark.parametrize(("equation", "policy", "totals"), TOTALS)
@pytest.mark.parametrize("number", range(3), ids=["W1", "W3", "P1"])
def test_totals_of_whole_files(equation, policy, totals, number):
    found = energy_expenditure(FILES[number](), equation=equation, rer_above_one=policy, gaps="bridge")
    assert found.aerobic_kcal == pytest.approx(totals[number], abs=0.0055)


@pytest.mark.parametrize(("load", "bias"), [*zip(FILES, (6.9, 9.0, -1.1), strict=True)])
def test_what_averaging_rows_would_do(load, bias):
    found = energy_expenditure(load(), equation="weir_1949_rounded", rer_above_one="as_is")
    assert 100 * found.row_mean_bias == pytest.approx(bias, abs=0.05)


#: Per cent of the time with RER > 1. The facts have 7.3, 51.9 and 43.3: their weights count the first and the last row
#: twice (numpy.gradient), which the next test shows; ours are those of the trapezoid.
SHARES = [(carts.w1, 7.32), (carts.w3, 51.96), (carts.p1, 43.07)]


@pytest.mark.parametrize(("load", "share"), SHARES)
def test_time_above_one(load, share):
    found = energy_expenditure(load(), equation="weir_1949", gaps="bridge")
    assert 100 * found.share_time_rer_above_one == pytest.approx(share, abs=0.005)
    assert 0 < found.share_vo2_rer_above_one < 1


@pytest.mark.parametrize(("load", "share"), [*zip(FILES, (7.3, 51.9, 43.3), strict=True)])
def test_where_the_facts_differ(load, share):
    data = load().data
    data = data[data["vo2_l_min"] > 0]
    weights = np.gradient(data["time_s"].to_numpy())
    above = (data["vco2_l_min"] > data["vo2_l_min"]).to_numpy()
    assert 100 * weights[above].sum() / weights.sum() == pytest.approx(share, abs=0.05)


def test_gaps_of_a_parvo_file():
    options = {"equation": "weir_1949_rounded", "rer_above_one": "as_is"}
    covered = energy_expenditure(carts.p1(), **options)
    bridged = energy_expenditure(carts.p1(), gaps="bridge", **options)
    assert covered.aerobic_kcal == pytest.approx(485.4, abs=0.05)
    assert covered.minutes_covered == pytest.approx(44.2, abs=0.05)
    assert covered.aerobic_kcal_min == pytest.approx(11.0, abs=0.05)
    assert bridged.aerobic_kcal_min == pytest.approx(10.1, abs=0.05)
    assert covered.minutes_excluded == bridged.minutes_bridged == pytest.approx(4.547, abs=0.001)
    assert "2 gaps above 45 s (the longest 224 s" in "".join(covered.notes)
    assert "4.5 min without data are left out." in covered.sentence()
    assert "understates" in "".join(bridged.notes)


def test_the_device_own_total():
    """COSMED's running total at the end of the file, which is not a trapezoid, is 361.670."""
    found = energy_expenditure(carts.w1(), equation="elia_livesey_1992", rer_above_one="as_is")
    assert found.aerobic_kcal == pytest.approx(361.670, rel=1e-4)


def test_missed_breaths_are_counted():
    found = energy_expenditure(carts.w3(), equation="weir_1949")
    assert "2 of 792 rows have no VO2 or VCO2 (empty, or zero: a missed breath) and were left out." in found.notes


def test_recovery_stops_where_the_next_interval_starts():
    found = energy_expenditure(carts.p1(), equation="weir_1949", start_s=240, end_s=540, baseline=(18.1, 230))
    assert found.epoc_truncated
    assert found.epoc_kcal < 20
    assert "uptake rose again before it was back" in "".join(found.notes)


# ---- known answers -----------------------------------------------------------------------------------------------


def test_steady_exercise():
    found = energy_expenditure(session(), equation="constant_5_kcal_l", start_s=305, end_s=900, baseline=(0, 290))
    minutes = (900 - 305) / 60
    assert found.minutes == pytest.approx(minutes)
    assert found.aerobic_kcal == pytest.approx(10 * minutes)
    assert found.aerobic_net_kcal == pytest.approx((10 - 1.5) * minutes)
    assert found.basis == "estimated"
    assert found.share_time_rer_above_one == 0


def test_epoc_of_an_exponential():
    """1.7 L/min falling with a time constant of 60 s is 1.7 L, that is 8.5 kcal."""
    found = energy_expenditure(session(), equation="weir_1949", start_s=305, end_s=900, baseline=0.3)
    assert found.epoc_kcal == pytest.approx(8.5, rel=0.01)
    assert found.epoc_minutes == pytest.approx(10.0, abs=0.6)
    assert not found.epoc_truncated
    assert found.baseline is not None
    assert "named by the caller: 0.3 L/min" in found.baseline.source


def test_epoc_that_the_recording_cuts_off():
    short = session().between(None, 1000.0)
    found = energy_expenditure(short, equation="weir_1949", start_s=305, end_s=900, baseline=0.3)
    assert found.epoc_truncated
    assert found.epoc_kcal < 8.5
    assert "still above baseline when the recording ended, 1.7 min after exercise" in "".join(found.notes)
    assert "EPOC at least" in found.sentence()


def test_no_recovery_no_epoc():
    ended = energy_expenditure(session().between(None, 910.0), equation="weir_1949", end_s=900, baseline=0.3)
    open_end = energy_expenditure(session(), equation="weir_1949", baseline=0.3)
    assert math.isnan(ended.epoc_kcal)
    assert math.isnan(open_end.epoc_kcal)
    assert any("goes on for 10 s after the exercise" in note for note in ended.notes)
    assert any("end_s was not named" in note for note in open_end.notes)
    assert "EPOC" not in list(open_end.table()["component"])


def test_a_recovery_with_a_gap_says_so():
    data = session().data
    holed = session().with_(data=data[(data["time_s"] < 930) | (data["time_s"] > 990)])
    found = energy_expenditure(holed, equation="weir_1949", start_s=305, end_s=900, baseline=0.3)
    assert "1.2 min of recovery without data are not in EPOC" in "".join(found.notes)
    assert "EPOC at least 4.6 kcal" in found.sentence()
    assert found.epoc_minutes_missing == pytest.approx(70 / 60)


def test_lactate_is_a_total():
    """8 mmol/L × 80 kg × 3 mL = 1.92 L, that is 9.6 kcal."""
    found = energy_expenditure(session(), equation="weir_1949", lactate=Lactate(1.0, 9.0))
    assert found.lactate_kcal == pytest.approx(9.6)
    assert (found.lactate_low_kcal, found.lactate_high_kcal) == (pytest.approx(8.64), pytest.approx(10.88))
    row = found.table().set_index("component").loc["lactate"]
    assert math.isnan(row["kcal_min"])
    assert row["basis"] == "estimated"


def test_the_advertised_anaerobic_share_is_impossible():
    """6.6 kcal/min for 20 min at 86 kg are a rise of 102 mmol/L."""
    rise = 6.6 * 20 / (3.0 * 86 / 1000 * 5)
    assert rise == pytest.approx(102, abs=0.5)
    with pytest.raises(PlanError, match="which nobody survives"):
        Lactate(1.0, 1.0 + rise)


def test_no_sum_of_epoc_and_lactate():
    found = energy_expenditure(
        session(), equation="weir_1949", start_s=305, end_s=900, baseline=0.3, lactate=Lactate(1, 9)
    )
    assert any("not added to each other" in note for note in found.notes)
    assert list(found.table()["component"]) == ["aerobic, gross", "aerobic, net", "EPOC", "lactate"]
    assert not [name for name in vars(found) if "total" in name]


def test_the_spread_between_equations():
    found = energy_expenditure(session(), equation="weir_1949")
    totals = [energy_expenditure(session(), equation=name).aerobic_kcal for name in EQUATIONS]
    assert (found.aerobic_low_kcal, found.aerobic_high_kcal) == (min(totals), max(totals))


def test_everything_says_what_it_rests_on():
    found = energy_expenditure(
        session(simulated=True),
        equation="lusk_1928",
        start_s=305,
        end_s=900,
        baseline=(0, 290),
        lactate=Lactate(1, 9),
    )
    assert found.sentence().startswith("[SIMULATED] ")
    assert "made_up.csv" in found._repr_html_()
    methods = found.methods()
    for words in (
        "Lusk G.",
        "counted as that",
        "trapezoid",
        "3 × the median interval",
        "mean from 0 to 290 s",
        "2.7 to 3.4",
    ):
        assert words in methods
    assert found.choices["baseline"].startswith("mean from 0 to 290 s")
    with pytest.raises(FrozenInstanceError):
        found.aerobic_kcal = 1.0  # type: ignore[misc]


def test_words_of_a_plain_budget():
    found = energy_expenditure(gas([0, 60, 120], 2.0, rer=1.2), equation="weir_1949_rounded")
    assert str(found).split("\n") == [
        "20.0 kcal in 2.0 min = 10.0 kcal/min, gross (Weir 1949, rounded; RER above 1 counted as carbohydrate). "
        "RER was above 1 in 100.0% of the time and 100.0% of the oxygen.",
        "- No start_s and end_s: the whole recording counts, with any rest and recovery in it.",
    ]


# ---- properties --------------------------------------------------------------------------------------------------


@st.composite
def recordings(draw):
    number = draw(st.integers(5, 40))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    time = np.cumsum(random.uniform(1.0, 6.0, number))
    return gas(time, random.uniform(0.3, 4.0, number), random.uniform(0.7, 1.3, number))


@given(recording=recordings(), name=st.sampled_from(sorted(EQUATIONS)), share=st.floats(0.05, 0.95))
@settings(max_examples=40)
def test_two_parts_make_the_whole(recording, name, share):
    time = recording.data["time_s"]
    at = float(time.iloc[0] + share * (time.iloc[-1] - time.iloc[0]))
    whole = energy_expenditure(recording, equation=name)
    parts = [
        energy_expenditure(recording, equation=name, end_s=at),
        energy_expenditure(recording, equation=name, start_s=at),
    ]
    assert sum(part.aerobic_kcal for part in parts) == pytest.approx(whole.aerobic_kcal)
    shares = [part.share_time_rer_above_one * part.minutes for part in parts]
    assert sum(shares) == pytest.approx(whole.share_time_rer_above_one * whole.minutes)


@given(recording=recordings(), name=st.sampled_from(sorted(EQUATIONS)))
@settings(max_examples=40)
def test_capped_is_at_most_as_is(recording, name):
    capped = energy_expenditure(recording, equation=name)
    free = energy_expenditure(recording, equation=name, rer_above_one="as_is")
    assert capped.aerobic_kcal <= free.aerobic_kcal + 1e-9


@given(recording=recordings(), seed=st.integers(0, 99))
@settings(max_examples=20)
def test_shuffled_rows_raise(recording, seed):
    shuffled = recording.data.sample(frac=1.0, random_state=seed)
    if shuffled["time_s"].is_monotonic_increasing:
        return
    with pytest.raises(DataError, match="time falls"):
        energy_expenditure(recording.with_(data=shuffled), equation="weir_1949")


@given(recording=recordings(), row=st.integers(0, 4))
@settings(max_examples=20)
def test_a_row_twice_changes_nothing_but_the_mean_of_rows(recording, row):
    twice = recording.with_(data=recording.data.loc[sorted([*recording.data.index, row])])
    once, again = (energy_expenditure(each, equation="weir_1949") for each in (recording, twice))
    assert again.aerobic_kcal == pytest.approx(once.aerobic_kcal)
    assert again.share_time_rer_above_one == pytest.approx(once.share_time_rer_above_one)


# ---- refusals ----------------------------------------------------------------------------------------------------


def test_no_carbon_dioxide():
    data = session().data
    without = session().with_(data=data.drop(columns="vco2_l_min").assign(rer=0.9))
    with pytest.raises(DataError, match=r'made_up.csv, column "vco2_l_min": no VCO2') as caught:
        energy_expenditure(without, equation="weir_1949")
    assert "constant_5_kcal_l" in str(caught.value)
    assert "VCO2 = VO2 × RER" in str(caught.value)
    with pytest.raises(DataError, match="no VCO2, which this needs"):
        energy_expenditure(session().with_(data=data.assign(vco2_l_min=np.nan)), equation="weir_1949")
    found = energy_expenditure(without, equation="constant_5_kcal_l")
    assert found.aerobic_kcal > 0
    assert math.isnan(found.share_time_rer_above_one)
    assert found.aerobic_low_kcal == found.aerobic_high_kcal == found.aerobic_kcal


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"vo2_l_min": 2000.0}, "2000 L/min at 0 s cannot be .361 such values."),
        ({"vco2_l_min": -0.1}, "-0.1 L/min at 0 s cannot be"),
        ({"vo2_l_min": np.inf}, "inf L/min"),
        ({"vo2_l_min": "-"}, 'not a number, the first of them "-"'),
        ({"vo2_l_min": np.nan}, "0 rows with data"),
    ],
)
def test_values_that_cannot_be(changes, message):
    recording = session()
    with pytest.raises(DataError, match=message):
        energy_expenditure(recording.with_(data=recording.data.assign(**changes)), equation="weir_1949")


def test_missing_columns_and_other_kinds():
    recording = session()
    with pytest.raises(DataError, match="there is no such column"):
        energy_expenditure(recording.with_(data=recording.data.drop(columns="time_s")), equation="weir_1949")
    with pytest.raises(PlanError, match="heart rate recording"):
        energy_expenditure(recording.with_(kind="heart_rate"), equation="weir_1949")


def test_rows_without_a_value_are_left_out_and_counted():
    recording = session()
    data = recording.data.copy()
    data.loc[[70, 80], "vo2_l_min"] = [np.nan, 0.0]
    found = energy_expenditure(recording.with_(data=data), equation="weir_1949", start_s=305, end_s=900)
    whole = energy_expenditure(recording, equation="weir_1949", start_s=305, end_s=900)
    assert found.aerobic_kcal == pytest.approx(whole.aerobic_kcal)
    assert found.notes[0].startswith("2 of 361 rows have no VO2 or VCO2")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"equation": "wier_1949"}, 'did you mean "weir_1949"'),
        ({"rer_above_one": "clip"}, "is not a policy"),
        ({"gaps": "fill"}, "is not a policy"),
        ({"start_s": 900, "end_s": 300}, "nothing is in it"),
        ({"start_s": 5000}, "the exercise from 5000 to 1800 s lies outside the recording"),
        ({"start_s": 305, "baseline": (200, 400)}, "ends at 400 s, after the exercise starts .305 s."),
        ({"baseline": (0, 200)}, "after the exercise starts .0 s."),
        ({"start_s": 305, "baseline": (200, 100)}, "the baseline starts at 200 s and ends at 100 s"),
        ({"start_s": 305, "baseline": 3.5}, "baseline=3.5 is not a resting uptake in L/min"),
        ({"start_s": 305, "baseline": float("nan")}, "baseline=nan"),
    ],
)
def test_questions_that_cannot_be_answered(options, message):
    with pytest.raises(PlanError, match=message):
        energy_expenditure(session(), **{"equation": "weir_1949", **options})


def test_a_window_in_a_gap():
    recording = gas([0, 5, 10, 15, 200, 205, 210], 2.0)
    with pytest.raises(DataError, match="no data between 50 and 100 s: the stretch lies in a gap"):
        energy_expenditure(recording, equation="weir_1949", start_s=50, end_s=100)
    with pytest.raises(DataError, match="has no data: it lies in a gap"):
        energy_expenditure(recording, equation="weir_1949", start_s=200, baseline=(20, 60))


def test_a_window_beyond_the_recording_is_cut_and_said():
    found = energy_expenditure(session(), equation="weir_1949", start_s=305, end_s=2400)
    assert found.end_s == 1800
    assert "The window was cut to the data, which go from 0 to 1800 s." in found.notes


def test_gaps_that_only_the_file_knows():
    recording = gas(np.arange(0.0, 301.0, 5.0), 2.0, gaps=((100.0, 105.0),))
    assert energy_expenditure(recording, equation="weir_1949").minutes_excluded == pytest.approx(5 / 60)


def test_lactate_needs_a_body_mass():
    with pytest.raises(PlanError, match="lactate needs a body mass, and the recording has none") as caught:
        energy_expenditure(session(body_mass_kg=None), equation="weir_1949", lactate=Lactate(1, 9))
    assert "No body mass is ever assumed" in str(caught.value)
    with pytest.raises(PlanError, match="a body mass of 1.8 kg cannot be"):
        energy_expenditure(session(body_mass_kg=1.8), equation="weir_1949", lactate=Lactate(1, 9))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ((-1.0, 9.0), "are not both concentrations"),
        ((1.0, float("nan")), "are not both concentrations"),
        ((9.0, 1.0), "Are the two swapped"),
        ((1.0, 80.0), "mg/dL"),
    ],
)
def test_lactate_that_cannot_be(values, message):
    with pytest.raises(PlanError, match=message):
        Lactate(*values)


def test_lactate_that_is_rare():
    found = energy_expenditure(session(), equation="weir_1949", lactate=Lactate(1.0, 24.0))
    assert any("rarely seen" in note for note in found.notes)


def test_doubtful_baselines_are_said():
    short = energy_expenditure(session(), equation="weir_1949", start_s=305, end_s=900, baseline=(0, 30))
    high = energy_expenditure(session(), equation="weir_1949", start_s=1600, end_s=1700, baseline=(400, 800))
    assert "The baseline is the mean of only 30 s." in short.notes
    assert any("is the baseline rest?" in note for note in high.notes)
