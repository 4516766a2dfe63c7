"""Adverse events: against R, who is counted, what is refused, what must hold exactly."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kbstudy.errors import DataError, FitError, PlanError, SmallSample
from kbstudy.models import harms
from kbstudy.models.poisson_rates import (
    clopper_pearson,
    garwood,
    rate_ratio_exact,
    zero_events_exact,
    zero_events_rule_of_three,
)
from tests import reference, tolerances

SOURCE = reference.numbers("harms", "harms")
ASK = {
    "participant": "id",
    "arm": "arm",
    "reference": "Usual care",
    "exposure": "weeks",
    "exposure_unit": "person-weeks",
}


def real():
    return {name: reference.data("harms", name) for name in ("people", "events")}


def people(n=20):
    ids = [f"P{i:02d}" for i in range(n)]
    return pd.DataFrame({"id": ids, "arm": ["Usual care", "Kettlebell"] * (n // 2), "weeks": [8.0] * n})


def events(who=("P01", "P03", "P03", "P08"), kinds=("sprain", "soreness", "soreness", "fall")):
    return pd.DataFrame({"id": list(who), "kind": list(kinds)})


def none_happened():
    return pd.DataFrame({"id": pd.Series([], dtype="object"), "kind": pd.Series([], dtype="object")})


# ---- against R ---------------------------------------------------------------------------------------------------


def finite(limits):
    """R's infinity is stored as -1."""
    return [math.inf if limit == -1 else limit for limit in limits]


def test_garwood_is_rs_poisson_test():
    for case in SOURCE["garwood"]:
        assert garwood(case["k"]) == pytest.approx(case["limits"], rel=tolerances.LIMIT, abs=1e-14)
        assert garwood(case["k"], 0.9) == pytest.approx(case["limits_90"], rel=tolerances.LIMIT, abs=1e-14)


def test_rate_ratios_are_rs_poisson_test():
    for case in SOURCE["ratios"]:
        assert rate_ratio_exact(*case["counts"])[1:] == pytest.approx(finite(case["limits"]), rel=1e-8, abs=1e-14)


def test_exact_limits_of_proportions_are_rs_binom_test():
    for case in SOURCE["clopper_pearson"]:
        assert clopper_pearson(case["k"], case["n"]) == pytest.approx(case["limits"], rel=1e-8, abs=1e-14)
    for case in SOURCE["none"]:
        assert zero_events_exact(case["n"]) == pytest.approx(case["exact"], rel=1e-10)


@pytest.mark.parametrize("which", ["any event", "any serious event", "soreness", "sprain", "back pain"])
def test_every_number_of_a_kind_is_rs(which):
    data = real()
    found = harms(**data, **ASK, per=100, kind="kind", serious="serious", p_values=True)
    source = SOURCE["any" if which == "any event" else "serious"] if "any" in which else SOURCE["kinds"][which]
    for arm, name in (("Usual care", "reference"), ("Kettlebell", "treatment")):
        rows = found.frame[found.frame["arm"] == arm].set_index("term")
        three = ["estimate", "low", "high"]
        share, rate = (rows.loc[f"{term}: {which}", three].tolist() for term in ("share_with_event", "event_rate"))
        assert share == pytest.approx(source[name]["share"], rel=tolerances.LIMIT, abs=1e-14)
        per_event = 100 / data["people"].query("arm == @arm")["weeks"].sum()
        assert rate == pytest.approx(source[name]["rate"], abs=tolerances.EPITOOLS * per_event)
        assert rate[1:] == pytest.approx(source[name]["poisson_test"], rel=tolerances.LIMIT, abs=1e-14)
        if source[name]["share"][0] == 0:
            exact = rows.loc[f"zero_events_exact: {which}", "high"]
            assert exact == pytest.approx(source[name]["upper_if_none"], rel=tolerances.LIMIT)
            assert rows.loc[f"zero_events_rule_of_three: {which}", "high"] == pytest.approx(3 / 23)
    ratio = found.row(f"rate_ratio: {which}")
    assert ratio[["low", "high"]].tolist() == pytest.approx(finite(source["ratio_limits"]), rel=1e-8, abs=1e-14)
    if source.get("ratio"):
        assert ratio["estimate"] == pytest.approx(source["ratio"], rel=tolerances.ESTIMATE)
        assert ratio["p"] == pytest.approx(source["p"], rel=tolerances.P)


def test_the_negative_binomial_ratio_is_glm_nbs():
    found = harms(**real(), **ASK, ratio="negative_binomial", p_values=True)
    row, source = found.row("rate_ratio: any event"), SOURCE["negative_binomial"]
    assert math.log(row["estimate"]) == pytest.approx(source["log_ratio"], rel=tolerances.GLM_NB)
    half = math.log(row["high"] / row["low"]) / 2
    assert half == pytest.approx(1.959963984540054 * source["se"], rel=tolerances.GLM_NB)
    assert row["p"] == pytest.approx(source["p"], rel=tolerances.GLM_NB)
    assert found.fit.params[-1] == pytest.approx(source["alpha"], rel=tolerances.GLM_NB)


# ---- what it says ------------------------------------------------------------------------------------------------


def test_people_and_events_are_counted_apart():
    found = harms(events(), people=people(), **ASK, kind="kind")
    kettlebell = found.frame[found.frame["arm"] == "Kettlebell"].set_index("term")
    assert kettlebell.loc["share_with_event: any event", "estimate"] == pytest.approx(2 / 10)
    assert kettlebell.loc["event_rate: any event", "estimate"] == pytest.approx(3 / 80)
    assert kettlebell.loc["event_rate: soreness", "method"].endswith("2 events in 80 person-weeks")
    assert found.row()["estimate"] == pytest.approx(0.1)
    assert found.points["events"].sum() == 4


def test_no_p_unless_asked_for():
    assert harms(events(), people=people(), **ASK, kind="kind").frame["p"].isna().all()
    assert harms(events(), people=people(), **ASK, kind="kind", p_values=True).frame["p"].notna().any()


def test_rates_carry_their_unit():
    found = harms(events(), people=people(), **ASK, per=100)
    assert "event rate: any event 1.25 per 100 person-weeks" in found.sentence("event_rate: any event")
    assert "1.25 per 100 person-weeks" in found.table().to_string()
    assert "per person-weeks" in harms(events(), people=people(), **ASK).sentence("event_rate: any event")


def test_no_event_at_all_still_leaves_a_risk_open():
    nothing = none_happened().assign(serious=[])
    found = harms(nothing, people=people(40), **ASK, kind="kind", serious="serious")
    assert found.rows("event_rate: any serious event")["estimate"].tolist() == [0, 0]
    uppers = found.rows("zero_events_rule_of_three: any event")
    assert uppers["high"].tolist() == pytest.approx([3 / 20, 3 / 20])
    ratio = found.row("rate_ratio: any event")
    assert np.isnan(ratio["estimate"])
    assert (ratio["low"], ratio["high"]) == (0, math.inf)
    assert any("does not mean no risk" in note for note in found.notes)


def test_events_that_gather_in_few_people_are_said():
    many = events(("P01",) * 9 + ("P03",), ("soreness",) * 10)
    assert any("Events gather in few people" in note for note in harms(many, people=people(), **ASK).notes)
    assert not any("gather" in note for note in harms(events(), people=people(), **ASK).notes)


def test_somebody_never_at_risk_is_left_out_and_in_the_ledger():
    data = people()
    data.loc[0, "weeks"], data.loc[2, "arm"] = 0.0, None
    found = harms(events(), people=data, **ASK)
    ledger = found.ledger.frame.set_index("participant")
    assert ledger.loc["P00", ["status", "reason"]].tolist() == ["dropped", "exposure of 0: never at risk"]
    assert ledger.loc["P02", "status"] == "not randomised"
    assert found.frame.loc[found.frame["arm"] == "Usual care", "n"].unique().tolist() == [8]


def test_small_arms_are_named():
    with pytest.warns(SmallSample, match=r"Usual care \(7\), Kettlebell \(7\)"):
        harms(events(), people=people(14), **ASK)


# ---- what is refused ---------------------------------------------------------------------------------------------


def test_everything_that_is_wrong_with_the_question_at_once():
    asked = {**ASK, "reference": "Usual", "exposure": "week", "exposure_unit": " "}
    with pytest.raises(PlanError) as caught:
        harms(events(), people=people(), **asked, per=0, kind="knid", ratio="negativ_binomial", level=1)
    text = str(caught.value)
    wrong = (
        '"Usual care"',
        '"weeks"',
        "exposure_unit is not said",
        "per=0",
        '"kind"',
        '"negative_binomial"',
        "level=1",
    )
    for part in wrong:
        assert part in text, part


def test_the_table_that_lacks_a_column_is_named():
    with pytest.raises(PlanError, match='events: participant="id" is not a column of the data; did you mean "idd"'):
        harms(events().rename(columns={"id": "idd"}), people=people(), **ASK)
    with pytest.raises(PlanError, match="people is a NoneType"):
        harms(events(), people=None, **ASK)


def test_the_unit_of_exposure_has_no_default():
    asked = {name: value for name, value in ASK.items() if name != "exposure_unit"}
    with pytest.raises(TypeError, match="exposure_unit"):
        harms(events(), people=people(), **asked)


def test_everything_that_is_wrong_with_the_people_at_once():
    data = pd.concat([people(), people().iloc[[4]]], ignore_index=True)
    data.loc[5, "weeks"], data.loc[6, "weeks"] = np.nan, -1.0
    with pytest.raises(DataError) as caught:
        harms(events(), people=data, **ASK)
    told = {problem.participant: problem.what for problem in caught.value.problems}
    assert told == {"P04": "2 rows", "P05": "no exposure", "P06": "an exposure of −1"}


def test_everything_that_is_wrong_with_the_events_at_once():
    data = events(("P01", "P99", "P00", "P03", None), ("sprain", "Sprain", "fall", None, "fall"))
    everybody = people()
    everybody.loc[0, "weeks"] = 0.0
    with pytest.raises(DataError) as caught:
        harms(data.assign(grave=["yes", True, False, None, 1]), people=everybody, **ASK, kind="kind", serious="grave")
    text = str(caught.value)
    wrong = (
        "participant P99): 1 event of somebody who is not in people",
        "participant P00): 1 event and an exposure of 0",
        "an event without a kind",
        'these kinds differ only in blanks or capitals: "sprain", "Sprain"',
        'seriousness "yes"',
        "an event whose seriousness is not said",
        "no participant in data row 5",
    )
    for part in wrong:
        assert part in text, part


def test_a_kind_that_is_called_like_all():
    with pytest.raises(DataError, match='a kind is called "any event"'):
        harms(events(kinds=("any event", "a", "b", "c")), people=people(), **ASK, kind="kind")


def test_an_arm_of_one_person_or_without_exposure():
    with pytest.raises(FitError, match='arm "Kettlebell": 1 of 1 left to analyse'):
        harms(events(("P00",), ("fall",)), people=people().drop(index=range(3, 20, 2)), **ASK)
    data = people()
    data.loc[data["arm"] == "Usual care", "weeks"] = 0.0
    with pytest.raises(
        FitError, match=r'arm "Usual care": 0 of 10 left to analyse \(exposure of 0: never at risk: 10\)'
    ):
        harms(events(("P01",), ("fall",)), people=data, **ASK)


def test_a_negative_binomial_that_cannot_be():
    with pytest.raises(FitError, match='arm "Usual care" has no event'):
        harms(events(("P01",) * 5, ("fall",) * 5), people=people(), **ASK, ratio="negative_binomial")
    once = events(tuple(f"P{i:02d}" for i in range(12)), ("fall",) * 12)
    with pytest.raises(FitError, match="vary no more between people than chance makes them"):
        harms(once, people=people(), **ASK, ratio="negative_binomial")


# ---- what must hold exactly --------------------------------------------------------------------------------------

counts = st.tuples(st.integers(0, 60), st.floats(0.5, 500), st.integers(0, 60), st.floats(0.5, 500))


@given(counts)
def test_exchanging_the_arms_inverts_the_ratio(case):
    k1, t1, k2, t2 = case
    found, low, high = rate_ratio_exact(k1, t1, k2, t2)
    other, other_low, other_high = rate_ratio_exact(k2, t2, k1, t1)
    if k1 and k2:
        assert found == pytest.approx(1 / other)
        assert (low, high) == pytest.approx((1 / other_high, 1 / other_low), rel=1e-7)
        assert low < found < high
    assert (low == 0) == (k1 == 0)
    assert math.isinf(high) == (k2 == 0)


@given(st.integers(0, 500), st.floats(0.5, 0.99))
def test_garwood_holds_the_count_and_widens_with_the_level(k, level):
    low, high = garwood(k, level)
    assert low <= k < high
    wider = garwood(k, level + 0.005)
    assert wider[0] <= low
    assert wider[1] > high


@given(st.integers(10, 5000))
def test_the_rule_of_three_is_a_little_above_the_exact_limit(n):
    assert zero_events_exact(n) < zero_events_rule_of_three(n)
    assert zero_events_rule_of_three(n) == pytest.approx(zero_events_exact(n), rel=1.6 / n + 0.002)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 19), max_size=12), st.integers(0, 1000), st.floats(0.1, 50))
def test_order_of_rows_and_unit_of_exposure(who, seed, factor):
    happened = events([f"P{i:02d}" for i in who], ["fall"] * len(who)) if who else none_happened()
    plain = harms(happened, people=people(), **ASK).frame
    data = people().assign(weeks=lambda d: factor * d["weeks"]).sample(frac=1, random_state=seed)
    moved = harms(happened.sample(frac=1, random_state=seed), people=data, **ASK, per=factor).frame
    parts = ["estimate", "low", "high"]
    assert moved["term"].tolist() == plain["term"].tolist()
    assert moved[parts].to_numpy() == pytest.approx(plain[parts].to_numpy(), rel=1e-9, nan_ok=True)
