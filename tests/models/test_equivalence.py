"""Equivalence: TOSTER's and emmeans' numbers, the identity with the interval, and what is refused."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats

import kbstudy as kb
from kbstudy.errors import FitError, PlanError
from kbstudy.estimates import Estimates
from kbstudy.models import ancova
from kbstudy.models.equivalence_analysis import equivalence
from tests import reference, tolerances

PAIR = "Kettlebell - Usual care"


def estimates(estimate=0.2, se=0.4, df=57.0, **more):
    rows = [
        {"term": "adjusted_mean", "arm": "Kettlebell", "n": 30, "estimate": 3.0, "se": 0.3, "df": df},
        {"term": "adjusted_difference", "contrast": PAIR, "n": 60, "estimate": estimate, "se": se, "df": df},
    ]
    compares = {PAIR: ("Kettlebell", "Usual care")}
    fields = {"title": "Pain", "outcome": "Pain", "method": "ANCOVA.", "unit": "points", "decimals": 1}
    return Estimates(
        pd.DataFrame(rows), primary="adjusted_difference", compares=compares, notes=("A note.",), **(fields | more)
    )


def one_sided(found):
    return [found.row(term) for term in ("above_lower_bound", "below_upper_bound")]


def sd_of_change(one, other, r):
    return math.sqrt(one**2 + other**2 - 2 * r * one * other)


# TOSTER, tests/testthat/test-known_results.R and test-NCSS1.R: estimate, se, df, bound, t, p, 90% interval.
TOSTER = {
    "welch": (5.25 - 5.22, math.sqrt(0.95**2 / 95 + 0.83**2 / 89), 181.1344, 0.3835687),
    "one_sample": (0.54 - 0.5, 1.2 / 10, 99, 0.3 * 1.2),  # TOSTER was given 0.3 standard deviations
    "paired": (5.83 - 5.75, sd_of_change(1.17, 1.29, 0.75) / math.sqrt(65), 64, 0.350782),
}
ANSWERS = {
    "welch": (3.14973, -2.692771, 9.560083e-4, 0.003875522, (-0.1870843, 0.2470843)),
    "one_sample": (3.333333, -2.666667, 6.040021e-4, 0.004474619, (-0.1592469, 0.2392469)),
    "paired": (3.960381, -2.489426, 9.531728e-5, 0.00770235, None),
}


@pytest.mark.parametrize("case", TOSTER)
def test_toster(case):
    estimate, se, df, bound = TOSTER[case]
    t_low, t_high, p_low, p_high, interval = ANSWERS[case]
    found = equivalence(estimates(estimate, se, df), low=-bound, high=bound)
    above, below = one_sided(found)
    # Seven printed digits; the bound, in seven digits too, enters the statistic divided by the standard error.
    assert [above["statistic"], below["statistic"]] == pytest.approx([t_low, t_high], rel=2e-6)
    assert [above["p"], below["p"]] == pytest.approx([p_low, p_high], rel=1e-5)
    row = found.row()
    assert (row["statistic"], row["p"]) == (below["statistic"], below["p"])
    if interval:
        assert (row["low"], row["high"]) == pytest.approx(interval, abs=1e-7)


@pytest.mark.parametrize(
    ("se", "df", "p_low", "p_high"), [(51.114285, 27, 0.02821, 0.01436), (53.618547, 19.169, 0.03628, 0.02002)]
)
def test_ncss_yield(se, df, p_low, p_high):
    above, below = one_sided(equivalence(estimates(-8.1153846, se, df), low=-110, high=110))
    assert [above["p"], below["p"]] == pytest.approx([p_low, p_high], abs=0.6e-5)


def test_the_other_intervals_of_toster():
    """The 95 % intervals that TOSTER's tests print: Welch's, and NCSS's with one variance."""
    welch = equivalence(estimates(*TOSTER["welch"][:3]), low=-1, high=1, alpha=0.025).row()
    assert (welch["low"], welch["high"]) == pytest.approx((-0.2290799, 0.2890799), abs=1e-7)
    yields = equivalence(estimates(-8.1153846, 51.114285, 27), low=-110, high=110, alpha=0.025).row()
    assert (yields["low"], yields["high"]) == pytest.approx((-112.99323, 96.76246), abs=1e-4)


def test_moery_and_calin_jageman():
    """The example of Lakens' primer: 5.25 (0.95, n 95) against 5.22 (0.83, n 89), ±0.429, one variance."""
    pooled = math.sqrt((94 * 0.95**2 + 88 * 0.83**2) / 182)
    found = equivalence(estimates(0.03, pooled * math.sqrt(1 / 95 + 1 / 89), 182), low=-0.429, high=0.429)
    row = found.row()
    assert row["statistic"] == pytest.approx(-3.03, abs=tolerances.TWO_DECIMALS)
    assert row["p"] == pytest.approx(0.001, abs=0.0005)


def test_any_contrast_of_any_model():
    """A mixed model's contrast at a visit, with its own degrees of freedom and bounds that are not symmetric."""
    rng = np.random.default_rng(4)
    people = pd.DataFrame({"id": range(30), "arm": ["A", "B"] * 15, "own": rng.normal(0, 1, 30)})
    data = people.merge(pd.DataFrame({"visit": ["v1", "v2", "v3"]}), how="cross")
    data["y"] = data["own"] + rng.normal(0, 1, 90)
    fit = kb.mmrm(data, "y ~ arm * visit", participant="id", visit="visit")
    contrasts = fit.contrasts("arm", by="visit")
    found = equivalence(contrasts, low=-1.5, high=2)
    for row, plain in zip(found.rows("equivalence").itertuples(), contrasts.contrasts.itertuples(), strict=True):
        p_low = stats.t.sf((plain.estimate + 1.5) / plain.se, plain.df)
        p_high = stats.t.cdf((plain.estimate - 2) / plain.se, plain.df)
        assert row.p == pytest.approx(max(p_low, p_high), rel=tolerances.IDENTITY)
        assert row.df == plain.df
        assert row.visit == plain.visit


def test_pigs_of_emmeans():
    source = reference.numbers("multiplicity", "emmeans")
    pairs, answer = source["pigs_pairs"], source["pigs_equivalence"]
    frame = pd.DataFrame({name: pairs[name] for name in ("contrast", "estimate", "se", "df")}).assign(term="difference")
    given_ = Estimates(frame, title="", outcome="log(conc)", method="", primary="difference")
    found = equivalence(given_, low=-answer["delta"], high=answer["delta"])
    p = found.frame.loc[found.frame["term"] == "equivalence", "p"]
    assert p.tolist() == pytest.approx(answer["p"], rel=tolerances.P)
    assert p.tolist() == pytest.approx([0.820870, 0.998463, 0.0453987], rel=tolerances.SEVEN_DIGITS)
    assert found.notes[2].endswith("lies within −0.223143551314 to 0.223143551314; equivalence is shown.")
    assert "Each of the 3 contrasts is tested at 0.05" in found.notes[3]


def test_normal_without_degrees_of_freedom():
    found = equivalence(estimates(0.2, 0.4, np.nan), low=-1, high=1).row()
    assert found["statistic"] == pytest.approx(-2)
    assert found["p"] == pytest.approx(0.022750131948179195, rel=tolerances.IDENTITY)
    assert np.isnan(found["df"])


def test_what_is_kept():
    before = estimates(stamp="SIMULATED", better="lower", adjusted_for="baseline")
    found = equivalence(before, low=-1, high=2, alpha=0.025)
    assert found.frame["term"].tolist() == ["equivalence", "above_lower_bound", "below_upper_bound"]
    for name in ("unit", "decimals", "stamp", "compares", "better", "adjusted_for", "ledger", "points", "outcome"):
        assert getattr(found, name) is getattr(before, name), name
    assert (found.level, found.primary) == (0.95, "equivalence")
    assert found.frame["n"].tolist() == [60] * 3
    assert found.frame["prespecified"].isna().all()
    assert "A note." in found.notes
    assert found.method.startswith("ANCOVA. Equivalence (within −1 to 2) was examined with two one-sided tests")
    assert [text.split("doi:")[1] for text in found.citations] == ["10.1007/BF01068419", "10.1177/1948550617697177"]
    assert before.frame["term"].tolist() == ["adjusted_mean", "adjusted_difference"]


def test_what_is_said():
    yes = equivalence(estimates(0.2), low=-1, high=1)
    assert yes.notes[0] == (
        "Kettlebell − Usual care: the 90% interval (−0.5 to 0.9) lies within −1 to 1; equivalence is shown."
    )
    no = equivalence(estimates(0.6), low=-1, high=1)
    assert no.notes[0] == (
        "Kettlebell − Usual care: the 90% interval (−0.1 to 1.3) does not lie within −1 to 1; equivalence is not "
        "shown, which is not evidence of a difference."
    )


@pytest.mark.parametrize(
    ("better", "bounds", "term"),
    [
        ("lower", {"high": 1}, "non_inferiority"),
        ("lower", {"low": -1}, "non_superiority"),
        ("higher", {"low": -1}, "non_inferiority"),
        ("higher", {"high": 1}, "non_superiority"),
        ("", {"high": 1}, "one_sided"),
    ],
)
def test_one_bound(better, bounds, term):
    found = equivalence(estimates(better=better), **bounds)
    test = "below_upper_bound" if "high" in bounds else "above_lower_bound"
    assert found.frame["term"].tolist() == [term, test]
    assert found.row()["p"] == found.row(test)["p"]
    assert found.row()["statistic"] == found.row(test)["statistic"]


def test_one_bound_in_words():
    found = equivalence(estimates(better="lower"), high=1)
    assert found.notes[0].endswith("(−0.5 to 0.9) lies below 1; non-inferiority is shown.")
    found = equivalence(estimates(better="lower"), high=0.5)
    assert found.notes[0].endswith("non-inferiority is not shown, which is not evidence of the opposite.")
    found = equivalence(estimates(), low=-1)
    assert found.notes[0].endswith("lies above −1; a difference above −1 is shown.")


def test_after_an_analysis():
    table = reference.data("trial_arms")
    fit = ancova(table, "after", baseline="before", arm="arm", reference="Usual care", participant="id")
    found = equivalence(fit, low=-30, high=30, contrast=PAIR)
    assert found.contrasts["contrast"].unique().tolist() == [PAIR]
    ninety = ancova(
        table, "after", baseline="before", arm="arm", reference="Usual care", participant="id", level=0.9
    ).row(contrast=PAIR)
    assert found.row()["low"] == pytest.approx(ninety["low"], rel=tolerances.LIMIT)
    assert found.row()["high"] == pytest.approx(ninety["high"], rel=tolerances.LIMIT)
    assert str(found)
    assert "Equivalence: Kettlebell − Usual care" in found.table()[""].tolist()


def test_a_row_a_visit():
    frame = pd.concat([estimates().frame.assign(visit=visit) for visit in ("Week 6", "Week 12")])
    found = equivalence(estimates().with_(frame=frame), low=-1, high=1)
    assert found.frame["visit"].tolist() == ["Week 6", "Week 12"] * 3
    assert found.notes[1].startswith("Kettlebell − Usual care, Week 12: the 90% interval")


def test_an_effect_size_has_no_unit():
    frame = estimates().frame.replace({"term": {"adjusted_difference": "hedges_g"}})
    found = equivalence(estimates().with_(frame=frame), term="hedges_g", low=-0.9, high=0.9)
    assert (found.unit, found.decimals) == ("", 2)


@settings(max_examples=40, deadline=None)
@given(
    estimate=st.floats(-3, 3),
    se=st.floats(0.05, 2),
    df=st.one_of(st.floats(1, 500), st.just(math.nan)),
    low=st.floats(-3, 0),
    width=st.floats(0.1, 4),
    alpha=st.floats(0.001, 0.3),
)
def test_the_decision_is_that_of_the_interval(estimate, se, df, low, width, alpha):
    high = low + width
    found = equivalence(estimates(estimate, se, df), low=low, high=high, alpha=alpha)
    row = found.row()
    assume(min(abs(row["low"] - low), abs(row["high"] - high)) > 1e-9)
    inside = low < row["low"] and row["high"] < high
    assert (row["p"] < alpha) == inside
    assert ("is shown" in found.notes[0]) == inside
    assert row["p"] == max(part["p"] for part in one_sided(found))


@settings(max_examples=40, deadline=None)
@given(estimate=st.floats(-2, 2), df=st.floats(2, 100), low=st.floats(-2, -0.1), high=st.floats(0.1, 2))
def test_turned_around(estimate, df, low, high):
    one = equivalence(estimates(estimate, df=df), low=low, high=high)
    other = equivalence(estimates(-estimate, df=df), low=-high, high=-low)
    assert one.row()["p"] == pytest.approx(other.row()["p"], rel=tolerances.IDENTITY)
    assert one.row()["low"] == pytest.approx(-other.row()["high"], rel=tolerances.IDENTITY, abs=1e-12)


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({}, "there is no bound"),
        ({"low": 1, "high": -1}, "low=1 is not below high=-1"),
        ({"low": 1, "high": 1}, "low=1 is not below high=1"),
        ({"low": math.nan, "high": 1}, "low=nan is not a bound"),
        ({"low": -1, "high": math.inf}, "high=inf is not a bound"),
        ({"low": "-1"}, "low=-1 is not a bound"),
        ({"low": True}, "low=True is not a bound"),
        ({"low": -1, "high": 1, "alpha": 0.5}, "alpha=0.5 is not the level of a one-sided test"),
        ({"low": -1, "high": 1, "alpha": 0}, "alpha=0 is not the level"),
        ({"low": -1, "high": 1, "alpha": math.nan}, "alpha=nan is not the level"),
        ({"low": -1, "high": 1, "term": "adjusted_diference"}, 'did you mean "adjusted_difference"'),
        ({"low": -1, "high": 1, "contrast": "Kettlebel - Usual care"}, f'did you mean "{PAIR}"'),
    ],
)
def test_refused(asked, message):
    with pytest.raises(PlanError) as caught:
        equivalence(estimates(), **asked)
    assert message in str(caught.value)
    assert "What to do: " in str(caught.value)


def test_all_problems_at_once():
    with pytest.raises(PlanError) as caught:
        equivalence(estimates(), low=2, high=1, alpha=0.7)
    assert len(caught.value.problems) == 2


def test_no_contrasts():
    only_means = estimates().frame.iloc[:1]
    with pytest.raises(PlanError, match="there is no contrast among the estimates"):
        equivalence(estimates().with_(frame=only_means), low=-1, high=1)


@pytest.mark.parametrize(("estimate", "se"), [(0.2, np.nan), (0.2, 0.0), (np.nan, 0.4)])
def test_no_standard_error(estimate, se):
    with pytest.raises(FitError, match="has the estimate .* and standard error"):
        equivalence(estimates(estimate, se), low=-1, high=1)
