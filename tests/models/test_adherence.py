"""Adherence and dose–response: against R, who is in it, what is refused, what must hold exactly."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kbstudy.errors import DataError, FitError, PlanError, SmallSample
from kbstudy.models import adherence, dose_response
from tests import reference, tolerances

SOURCE = reference.numbers("sessions", "adherence")
ATTENDED = {"attended": "attended", "planned": "planned", "threshold": 0.8, "participant": "id", "arm": "arm"}
DOSE = {"baseline": "before", "dose": "attended", "dose_unit": "session", "participant": "id"}
IN_ARM = {**DOSE, "arm": "arm", "within": "Kettlebell"}


def table():
    return reference.data("sessions")


# ---- against R ---------------------------------------------------------------------------------------------------


def test_every_number_of_adherence_is_rs():
    found = adherence(table(), **ATTENDED)
    for arm in SOURCE["arms"]:
        rows = found.frame[found.frame["arm"] == arm["arm"]].set_index("term")
        three = ["estimate", "low", "high"]
        assert rows.loc["share_attended_mean", three].tolist() == pytest.approx(arm["mean"], rel=tolerances.LIMIT)
        assert rows.loc["share_below_threshold", three].tolist() == pytest.approx(arm["below"], rel=tolerances.LIMIT)
        quartiles = [f"share_attended_{name}" for name in ("first_quartile", "median", "third_quartile")]
        assert rows.loc[quartiles, "estimate"].tolist() == pytest.approx(arm["quartiles"], rel=tolerances.ESTIMATE)
        assert rows.loc["share_attended_sd", "estimate"] == pytest.approx(arm["sd"], rel=tolerances.ESTIMATE)
        assert rows.loc["share_attended_total", "estimate"] == pytest.approx(arm["total"], rel=tolerances.ESTIMATE)
        assert rows["n"].unique().tolist() == [arm["n"]]


@pytest.mark.parametrize(
    ("name", "term", "level"),
    [("slope", "slope", 0.95), ("adjusted", "slope_baseline_adjusted", 0.95), ("slope_90", "slope", 0.9)],
)
def test_slopes_are_rs_linear_models(name, term, level):
    row, source = dose_response(table(), "after", **IN_ARM, level=level).row(term), SOURCE[name]
    near = {"estimate": tolerances.ESTIMATE, "se": tolerances.SE, "df": tolerances.DF, "p": tolerances.P}
    near |= {"statistic": tolerances.STATISTIC, "low": tolerances.LIMIT, "high": tolerances.LIMIT}
    for part, tolerance in near.items():
        assert row[part] == pytest.approx(source[part], rel=tolerance), part
    assert row["n"] == source["n"]


# ---- what it says ------------------------------------------------------------------------------------------------


def test_not_known_is_not_none():
    found = adherence(table(), **ATTENDED)
    assert len(found.ledger.ids("missing")) == 2
    assert any("2 people not known, left out and not taken to be none" in note for note in found.notes)
    assert any("undoes the randomisation" in note for note in found.notes)


def test_one_number_planned_and_no_arms():
    data = table().assign(attended=lambda d: d["attended"].clip(upper=20))
    found = adherence(data, attended="attended", planned=20, threshold=0.5, participant="id")
    assert found.row("share_attended_mean")["estimate"] == pytest.approx(data["attended"].mean() / 20)
    assert found.sentence().startswith("Sessions attended: share attended mean ")


def test_a_share_on_the_threshold_reaches_it_whatever_floating_point_says():
    data = pd.DataFrame({"attended": [0.1 + 0.2] * 9, "planned": [1.0] * 9})
    found = adherence(data, attended="attended", planned="planned", threshold=0.3)
    assert found.row("share_below_threshold")["estimate"] == 0


def test_the_interval_of_the_mean_stays_within_0_and_1():
    data = pd.DataFrame({"attended": [10, 10, 10, 10, 10, 10, 10, 10, 10, 2]})
    row = adherence(data, attended="attended", planned=10, threshold=0.8).row()
    assert row["high"] == 1.0


def test_all_attended_in_full_whatever_floating_point_says():
    data = pd.DataFrame({"attended": [0.1 + 0.2] * 8 + [0.0] * 2, "planned": [0.3] * 10})
    found = adherence(data, attended="attended", planned="planned", threshold=1.0)
    assert found.points["share"].max() == 1.0
    assert found.row("share_below_threshold")["estimate"] == 0.2


def test_numbers_of_numpy_are_numbers():
    data = table().query("arm == 'Kettlebell'")
    asked = {"attended": "attended", "participant": "id"}
    found = adherence(data, **asked, planned=data["planned"].max(), threshold=np.float64(0.8)).frame
    assert found.equals(adherence(data, **asked, planned=24, threshold=0.8).frame)


def test_somebody_without_an_arm_is_in_no_arm_and_in_the_ledger():
    data = table()
    data.loc[2, "arm"] = None
    found, slope = adherence(data, **ATTENDED), dose_response(data, "after", **IN_ARM)
    assert found.frame.groupby("arm")["n"].first().tolist() == [17, 20]
    for result in (found, slope):
        ledger = result.ledger.frame.set_index("participant")
        assert ledger.loc["S03", ["status", "reason"]].tolist() == ["not randomised", 'no arm in column "arm"']
    assert slope.row()["n"] == SOURCE["slope"]["n"] - 1


def test_a_slope_is_never_said_as_an_effect():
    found = dose_response(table(), "after", **IN_ARM)
    assert found.title == "Exploratory: change in after and attended in Kettlebell"
    said = found.sentence()
    assert said.startswith("Exploratory, dose not randomised; change in after (Kettlebell): slope ")
    assert "per session" in said
    assert "association and is not interpreted as an effect" in found.methods()
    assert any("The slope is not the effect of a session" in note for note in found.notes)
    causal = ("lower with", "higher with", "caus", "effect", "led to", "because", "improve", "reduc", "due to")
    for text in (said, found.sentence("slope_baseline_adjusted"), found.title, found.table().to_string()):
        assert not [word for word in causal if word in text.casefold()]


def test_a_slope_is_exploratory_even_if_it_is_stamped_as_planned():
    found = dose_response(table(), "after", **IN_ARM)
    assert found.frame["prespecified"].tolist() == [False, False]
    assert found.stamped(True).frame["prespecified"].tolist() == [False, False]


def test_who_is_in_the_slope_and_why_not():
    found = dose_response(table(), "after", **IN_ARM)
    ledger = found.ledger.frame
    assert (ledger["status"] == "analysed").sum() == SOURCE["slope"]["n"] == len(found.points)
    others = ledger[ledger["arm"] == "Walking"]
    assert others["reason"].unique().tolist() == ["in another arm than the one looked into"]
    assert any("17 of 20 people have a dose and both values" in note for note in found.notes)


def test_small_groups_are_named():
    with pytest.warns(SmallSample, match=r"Fewer than 8 people described: Kettlebell \(7\)"):
        adherence(table().drop(index=range(14, 40, 2)), **ATTENDED)
    with pytest.warns(SmallSample, match="Fewer than 8 people analysed: 5"):
        dose_response(table().dropna().iloc[:5], "after", **DOSE)


# ---- what is refused ---------------------------------------------------------------------------------------------


def test_everything_that_is_wrong_with_the_question_at_once():
    with pytest.raises(PlanError) as caught:
        adherence(table(), attended="attendd", planned=0, threshold=80, participant="id", level=0)
    for part in ('"attended"', "planned=0", "threshold=80 is not a share", "level=0"):
        assert part in str(caught.value)
    with pytest.raises(PlanError) as caught:
        dose_response(table(), "aftr", **{**IN_ARM, "dose_unit": "", "within": "Kettelbell"})
    for part in ('"after"', "dose_unit is not said", 'did you mean "Kettlebell"'):
        assert part in str(caught.value)


@pytest.mark.parametrize("threshold", [0, -0.1, 1.01, np.nan, np.inf, True, "0.8", None])
def test_a_threshold_that_is_not_a_share(threshold):
    with pytest.raises(PlanError, match="is not a share"):
        adherence(table(), **{**ATTENDED, "threshold": threshold})


@pytest.mark.parametrize("planned", [0, -24, np.nan, np.inf, True, None])
def test_a_number_planned_that_is_none(planned):
    with pytest.raises(PlanError, match="is not a number of sessions"):
        adherence(table(), **{**ATTENDED, "planned": planned})


def test_arms_that_differ_only_in_blanks_or_capitals():
    data = table()
    data.loc[0, "arm"] = "kettlebell "
    message = 'these arms differ only in blanks or capitals: "Kettlebell", "kettlebell "'
    with pytest.raises(PlanError, match=message):
        adherence(data, **ATTENDED)
    with pytest.raises(PlanError, match=message):
        dose_response(data, "after", **IN_ARM)


def test_nobody_in_an_arm():
    with pytest.raises(PlanError, match='column "arm": nobody is in an arm'):
        adherence(table().assign(arm=None), **ATTENDED)


@pytest.mark.parametrize("column", ["attended", "planned"])
def test_sessions_that_are_no_numbers(column):
    data = table().astype({column: "object"})
    data.loc[3, column] = "20 of 24"
    with pytest.raises(DataError, match=f'column "{column}": not numbers: "20 of 24"'):
        adherence(data, **ATTENDED)


def test_a_person_on_two_rows():
    data = pd.concat([table(), table().iloc[[4]]], ignore_index=True)
    asked, dose = ({name: value for name, value in a.items() if name != "participant"} for a in (ATTENDED, IN_ARM))
    with pytest.raises(DataError, match="participant S05.*: 2 rows"):
        adherence(data, **ATTENDED)
    with pytest.raises(DataError, match='column "id": the same person stands in several rows'):
        adherence(data, **asked)
    with pytest.raises(DataError, match="participant S05.*: 2 rows"):
        dose_response(data, "after", **IN_ARM)
    with pytest.raises(DataError, match='column "id": the same person stands in several rows'):
        dose_response(data, "after", **dose)


def test_values_that_are_no_numbers():
    data = table().astype({"after": "object"})
    data.loc[3, "after"] = "bad"
    with pytest.raises(DataError, match='column "after": not numbers: "bad"'):
        dose_response(data, "after", **IN_ARM)


def test_arms_are_not_mixed():
    with pytest.raises(PlanError, match="arm=None with within='Kettlebell'"):
        dose_response(table(), "after", **DOSE, within="Kettlebell")
    with pytest.raises(PlanError, match="arm='arm' with within=None"):
        dose_response(table(), "after", **DOSE, arm="arm")


def test_the_threshold_and_the_unit_have_no_default():
    with pytest.raises(TypeError, match="threshold"):
        adherence(table(), attended="attended", planned=24)
    with pytest.raises(TypeError, match="dose_unit"):
        dose_response(table(), "after", baseline="before", dose="attended")


def test_everything_that_is_wrong_with_attendance_at_once():
    data = table()
    data.loc[0, "attended"], data.loc[1, "attended"], data.loc[2, "planned"] = -1, 21, 0
    data.loc[[2, 3], "attended"] = 3
    data["planned"] = data["planned"].astype("float64")
    data.loc[3, "planned"] = np.nan
    with pytest.raises(DataError) as caught:
        adherence(data, **ATTENDED)
    told = {problem.participant: problem.what for problem in caught.value.problems}
    assert told == {
        "S01": "−1 attended",
        "S02": "21 attended of 20 planned",
        "S03": "3 attended of 0 planned",
        "S04": "3 attended of nothing planned",
    }


def test_a_negative_dose():
    data = table()
    data.loc[0, "attended"] = -2
    with pytest.raises(DataError, match="participant S01.*: a dose of −2"):
        dose_response(data, "after", **IN_ARM)


def test_an_arm_of_one_person():
    data = table().drop(index=range(2, 40, 2))
    with pytest.raises(FitError, match='arm "Kettlebell": attendance is known of [01] of 1'):
        adherence(data, **ATTENDED)


def test_too_few_for_a_slope():
    with pytest.raises(FitError, match="3 of 3 people have a dose and both values"):
        dose_response(table().dropna().iloc[:3], "after", **DOSE)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"attended": 12.0}, r"have the same dose \(12\)"),
        ({"before": 5.0}, r"have the same baseline \(5\)"),
        ({"after": lambda d: d["before"] - 1.5}, r"have the same change \(-1.5\)"),
        ({"attended": lambda d: 2 * d["before"]}, "dose and baseline determine each other"),
        ({"after": lambda d: d["before"] - 0.25 * d["attended"]}, "the changes lie exactly on a line of the dose: no"),
        ({"after": lambda d: 0.5 * d["before"] + 1}, "exactly on a line of the dose and the baseline: no"),
    ],
)
def test_what_does_not_vary_has_no_slope(changes, message):
    with pytest.raises(FitError, match=message):
        dose_response(table().dropna().assign(**changes), "after", **IN_ARM)


# ---- what must hold exactly --------------------------------------------------------------------------------------

seeds = st.integers(0, 2**32 - 1)


def made_up(seed, n=20):
    rng = np.random.default_rng(seed)
    values = {"attended": rng.integers(1, 24, n).astype("float64"), "before": rng.normal(6, 1.5, n)}
    return pd.DataFrame({"id": [f"P{i:02d}" for i in range(n)], **values, "after": rng.normal(5, 2, n)})


@settings(max_examples=25, deadline=None)
@given(seeds, st.floats(0.1, 20), st.floats(-50, 50), st.floats(0.1, 20))
def test_units_shift_and_order_of_rows(seed, factor, shift, dose_factor):
    data = made_up(seed)
    moved = data.assign(
        before=factor * data["before"] + shift,
        after=factor * data["after"] + shift,
        attended=dose_factor * data["attended"],
    ).sample(frac=1, random_state=seed % 1000)
    for term in ("slope", "slope_baseline_adjusted"):
        plain, other = (dose_response(d, "after", **DOSE).row(term) for d in (data, moved))
        parts = ["estimate", "se", "low", "high"]
        scaled = (factor / dose_factor * plain[parts].astype("float64")).tolist()
        assert other[parts].tolist() == pytest.approx(scaled, rel=1e-6, abs=1e-8 * factor / dose_factor)
        assert other["p"] == pytest.approx(plain["p"], rel=1e-6)


@settings(max_examples=25, deadline=None)
@given(seeds, st.floats(0.1, 1))
def test_shares_do_not_depend_on_unit_or_order(seed, threshold):
    data = made_up(seed)
    plain = adherence(data, attended="attended", planned=24, threshold=threshold, participant="id").frame
    minutes = data.assign(attended=45 * data["attended"]).sample(frac=1, random_state=seed % 1000)
    other = adherence(minutes, attended="attended", planned=24 * 45, threshold=threshold, participant="id").frame
    parts = ["estimate", "low", "high"]
    assert other[parts].to_numpy() == pytest.approx(plain[parts].to_numpy(), rel=1e-9, nan_ok=True)


@settings(max_examples=25, deadline=None)
@given(seeds)
def test_renaming_the_arms_renames_the_rows_and_nothing_else(seed):
    data = made_up(seed).assign(arm=["A", "B"] * 10)
    asked = {"attended": "attended", "planned": 24, "threshold": 0.6, "participant": "id", "arm": "arm"}
    plain = adherence(data, **asked).frame
    other = adherence(data.assign(arm=data["arm"].map({"A": "B", "B": "A"})), **asked).frame
    for one, two in (("A", "B"), ("B", "A")):
        mine, theirs = plain[plain["arm"] == one], other[other["arm"] == two]
        pd.testing.assert_frame_equal(
            mine.drop(columns="arm").reset_index(drop=True), theirs.drop(columns="arm").reset_index(drop=True)
        )


@settings(max_examples=25, deadline=None)
@given(seeds)
def test_turning_the_scale_around_flips_the_slope(seed):
    data = made_up(seed)
    plain = dose_response(data, "after", **DOSE)
    other = dose_response(data.assign(before=-data["before"], after=-data["after"]), "after", **DOSE)
    for term in ("slope", "slope_baseline_adjusted"):
        one, two = plain.row(term), other.row(term)
        assert [one[part] for part in ("estimate", "low", "high", "p")] == pytest.approx(
            [-two["estimate"], -two["high"], -two["low"], two["p"]], rel=1e-7, abs=1e-10
        )
