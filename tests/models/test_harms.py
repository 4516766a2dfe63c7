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


@pytest.mark.parametrize("which", ["any event", "any serious event", "soreness", "sprain", "back pain"])
def test_risk_differences_are_newcombes_from_rs_score_limits(which):
    """Newcombe's method 10 joins the two Wilson intervals, which are R's prop.test here."""
    source = SOURCE["any" if which == "any event" else "serious"] if "any" in which else SOURCE["kinds"][which]
    (one, one_low, one_high), (other, other_low, other_high) = (source[a]["share"] for a in ("treatment", "reference"))
    expected = [
        one - other,
        one - other - math.hypot(one - one_low, other_high - other),
        one - other + math.hypot(one_high - one, other - other_low),
    ]
    row = harms(**real(), **ASK, kind="kind", serious="serious").row(f"risk_difference: {which}")
    assert row[["estimate", "low", "high"]].tolist() == pytest.approx(expected, rel=tolerances.LIMIT, abs=1e-14)


def test_another_level_widens_all_but_the_one_sided_limits():
    data = real()
    at_95, at_90 = (harms(**data, **ASK, kind="kind", serious="serious", level=level).frame for level in (0.95, 0.9))
    one_sided = at_95["term"].str.startswith("zero_events")
    assert one_sided.sum() == 4
    assert at_90.loc[one_sided, "high"].tolist() == at_95.loc[one_sided, "high"].tolist()
    wide = at_95[["low", "high"]].to_numpy()[~one_sided], at_90[["low", "high"]].to_numpy()[~one_sided]
    assert np.all(wide[0][:, 0] <= wide[1][:, 0])
    assert np.all(wide[0][:, 1] >= wide[1][:, 1])
    row = at_90[(at_90["term"] == "event_rate: any event") & (at_90["arm"] == "Kettlebell")].iloc[0]
    weeks = data["people"].query("arm == 'Kettlebell'")["weeks"].sum()
    ten = next(case for case in SOURCE["garwood"] if case["k"] == 10)
    assert [weeks * row["low"], weeks * row["high"]] == pytest.approx(ten["limits_90"], rel=tolerances.LIMIT)


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


def test_an_arm_without_events_says_how_many_may_still_be_at_risk():
    found = harms(events(("P01",), ("fall",)), people=people(40), **ASK)
    rule, exact = (found.row(f"zero_events_{name}: any event") for name in ("rule_of_three", "exact"))
    assert (rule["arm"], rule["estimate"], rule["low"], rule["n"]) == ("Usual care", 0, 0, 20)
    assert rule["high"] == pytest.approx(0.15)
    assert exact["high"] == pytest.approx(1 - 0.05 ** (1 / 20))
    assert exact["method"] == "one-sided 95% upper limit, exact; 0 of 20 people"
    ratio = found.row("rate_ratio: any event")
    assert np.isnan(ratio["estimate"])
    assert math.isinf(ratio["high"])
    assert ratio["method"].endswith("no estimate without events in the reference")


def test_the_rule_of_three_is_never_more_than_everybody():
    assert zero_events_rule_of_three(2) == 1.0


def test_an_event_of_somebody_without_an_arm_counts_in_no_arm():
    data = people()
    data.loc[1, "arm"] = None
    found = harms(events(), people=data, **ASK)
    assert found.points["events"].sum() == 3
    assert found.ledger.ids("not randomised") == ["P01"]
    assert "1 event of people without an arm: in none of these numbers." in found.notes
    assert not any("without an arm" in note for note in harms(events(), people=people(), **ASK).notes)


def test_a_number_of_numpy_is_a_number_of_units():
    found = harms(events(), people=people(), **ASK, per=np.int64(100))
    assert found.frame.equals(harms(events(), people=people(), **ASK, per=100).frame)


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


@pytest.mark.parametrize("per", [True, -1, math.inf, math.nan, "100", np.int64(0)])
def test_units_that_are_no_number_above_0(per):
    with pytest.raises(PlanError, match="is not a number of units"):
        harms(events(), people=people(), **ASK, per=per)


def test_arms_that_differ_only_in_blanks():
    data = people()
    data.loc[1, "arm"] = "kettlebell "
    with pytest.raises(PlanError, match='these arms differ only in blanks or capitals: "Kettlebell", "kettlebell "'):
        harms(events(), people=data, **ASK)


def test_an_arm_by_itself():
    with pytest.raises(FitError, match='there is only one arm, "Usual care"'):
        harms(events(("P00",), ("fall",)), people=people().assign(arm="Usual care"), **ASK)


def test_an_arm_that_nobody_is_in():
    data = people()
    data["arm"] = pd.Categorical(data["arm"], ["Usual care", "Kettlebell", "Walking"])
    with pytest.raises(FitError, match='nobody is in arm "Walking"'):
        harms(events(), people=data, **ASK)


def test_an_exposure_that_is_no_number():
    data = people().astype({"weeks": "object"})
    data.loc[3, "weeks"] = "8 weeks"
    with pytest.raises(DataError, match='column "weeks": not numbers: "8 weeks"'):
        harms(events(), people=data, **ASK)


def test_kinds_that_differ_only_in_blanks():
    kinds = ("sprain", "sprain ", "fall", "fall")
    with pytest.raises(DataError, match='these kinds differ only in blanks or capitals: "sprain", "sprain "'):
        harms(events(kinds=kinds), people=people(), **ASK, kind="kind")


def test_the_table_that_lacks_a_column_is_named():
    with pytest.raises(PlanError, match='events: participant="id" is not a column of the data; did you mean "idd"'):
        harms(events().rename(columns={"id": "idd"}), people=people(), **ASK)
    with pytest.raises(PlanError, match='people: arm="group" is not a column of the data'):
        harms(events(), people=people(), **{**ASK, "arm": "group"})
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


def test_a_negative_binomial_that_does_not_converge(monkeypatch):
    from statsmodels.discrete.discrete_model import NegativeBinomial

    whole = NegativeBinomial.fit
    monkeypatch.setattr(NegativeBinomial, "fit", lambda self, **how: whole(self, **{**how, "maxiter": 1}))
    with pytest.raises(FitError, match=r"(?s)the negative binomial model does not converge \(.*gather in few people"):
        harms(**real(), **ASK, ratio="negative_binomial")


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


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 19), max_size=12))
def test_relabelling_the_arms_flips_the_difference_and_inverts_the_ratio(who):
    happened = events([f"P{i:02d}" for i in who], ["fall"] * len(who)) if who else none_happened()
    there = harms(happened, people=people(), **ASK)
    back = harms(happened, people=people(), **{**ASK, "reference": "Kettlebell"})
    one, other = (found.row("risk_difference: any event") for found in (there, back))
    assert one[["estimate", "low", "high"]].tolist() == pytest.approx(
        (-other[["estimate", "high", "low"]].astype("float64")).tolist(), abs=1e-12
    )
    one, other = (found.row("rate_ratio: any event") for found in (there, back))
    for part, mirror in (("low", "high"), ("high", "low")):
        inverse = 1 / other[mirror] if other[mirror] else math.inf
        assert one[part] == pytest.approx(inverse, rel=1e-7)
    by_arm = [found.frame[found.frame["arm"] == "Kettlebell"].reset_index(drop=True) for found in (there, back)]
    pd.testing.assert_frame_equal(*by_arm)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 19), max_size=12), st.floats(0.1, 50))
def test_more_exposure_is_a_lower_rate_and_nothing_else(who, factor):
    happened = events([f"P{i:02d}" for i in who], ["fall"] * len(who)) if who else none_happened()
    longer = people().assign(weeks=lambda d: factor * d["weeks"])
    plain, moved = (harms(happened, people=data, **ASK).frame for data in (people(), longer))
    parts, is_rate = ["estimate", "low", "high"], plain["term"].str.startswith("event_rate")
    expected = plain[parts].to_numpy() / np.where(is_rate, factor, 1.0)[:, None]
    assert moved[parts].to_numpy() == pytest.approx(expected, rel=1e-9, nan_ok=True)


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 1000), st.floats(0.1, 50))
def test_the_negative_binomial_ratio_keeps_too(seed, factor):
    data = real()
    plain = harms(**data, **ASK, ratio="negative_binomial").row("rate_ratio: any event")
    moved = {name: table.sample(frac=1, random_state=seed) for name, table in data.items()}
    moved["people"] = moved["people"].assign(weeks=lambda d: factor * d["weeks"])
    for reference_arm in ("Usual care", "Kettlebell"):
        asked = {**ASK, "reference": reference_arm}
        row = harms(**moved, **asked, ratio="negative_binomial").row("rate_ratio: any event")
        found = [row["estimate"], row["low"], row["high"]]
        if reference_arm == "Kettlebell":
            found = [1 / row["estimate"], 1 / row["high"], 1 / row["low"]]
        assert found == pytest.approx([plain["estimate"], plain["low"], plain["high"]], rel=1e-6)
