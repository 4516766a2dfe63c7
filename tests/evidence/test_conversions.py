"""From what was printed to effects: metafor's escalc, R's quantiles, printed numbers, and every refusal."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kbstudy import evidence as ev
from kbstudy.errors import FitError, PlanError
from tests.reference import numbers
from tests.tolerances import FACT, METAFOR

SOURCE = numbers("meta", "effect_sizes")
ARMS = list(zip(*(SOURCE["arms"][key] for key in ("m1i", "sd1i", "n1i", "m2i", "sd2i", "n2i")), strict=True))
#: escalc subtracts the second from the first, so its "m2" is what stands before.
BEFORE = list(zip(*(SOURCE["before"][key] for key in ("m2i", "sd2i", "m1i", "sd1i", "ni", "ri")), strict=True))


def agrees(effects, name):
    assert [e.estimate for e in effects] == pytest.approx(SOURCE[name]["effect"], rel=METAFOR)
    assert [e.variance for e in effects] == pytest.approx(SOURCE[name]["variance"], rel=METAFOR)


def test_escalc_of_two_arms():
    agrees([ev.mean_difference(*arms, equal_variances=False) for arms in ARMS], "md")
    agrees([ev.mean_difference(*arms, equal_variances=True) for arms in ARMS], "md_equal")
    agrees([ev.standardised_mean_difference(*arms, standardised_by="raw_scores") for arms in ARMS], "smd")
    agrees([ev.log_ratio_of_means(*arms) for arms in ARMS], "rom")
    t = SOURCE["smd_from_t"]
    how = {"standardised_by": "raw_scores"}
    found = [ev.standardised_mean_difference_from_t(*row, **how) for row in zip(t["t"], t["n1"], t["n2"], strict=True)]
    agrees(found, "smd_from_t")


def test_escalc_of_one_group():
    agrees([ev.mean_change(*row[:5], r=row[5]) for row in BEFORE], "mc")
    agrees([ev.log_ratio_of_change(*row[:5], r=row[5]) for row in BEFORE], "romc")
    by_change = [ev.standardised_mean_change(*row[:5], r=row[5], standardised_by="change_scores") for row in BEFORE]
    agrees(by_change, "smcc")


def test_escalc_standardises_by_the_first_mean():
    """SMCR divides by the SD of the time that is named first; here that is before, so the signs turn round."""
    rows = zip(*(SOURCE["before"][key] for key in ("m1i", "sd1i", "m2i", "sd2i", "ni", "ri")), strict=True)
    found = [ev.standardised_mean_change(*row[:5], r=row[5], standardised_by="raw_scores") for row in rows]
    assert [-e.estimate for e in found] == pytest.approx(SOURCE["smcr"]["effect"], rel=METAFOR)
    assert [e.variance for e in found] == pytest.approx(SOURCE["smcr"]["variance"], rel=METAFOR)


def test_the_standard_errors_of_jay_2011():
    """Facts 2.3: low back 0.66, neck and shoulder 0.82, with 38 degrees of freedom."""
    assert ev.se_from_interval(-2.7, -0.02, df=38).value == pytest.approx(0.66, abs=FACT)
    assert ev.se_from_interval(-3.7, -0.4, df=38).value == pytest.approx(0.82, abs=FACT)


def test_percentages_of_lake_and_lauder():
    """Facts 2.5: from 20.6 to 24.3 cm is 18.0 %, not the 19.8 % that was printed."""
    effect = ev.log_ratio_of_change(20.6, 4.4, 24.3, 5.1, 21, r=0.8)
    assert 100 * math.expm1(effect.estimate) == pytest.approx(18.0, abs=0.05)


def test_the_handbook():
    """Cochrane Handbook 6.5.2.2: an interval 3.92 standard errors wide, 6.5.2.8: the SD of a change."""
    assert ev.se_from_interval(0, 2 * 1.959963984540054).value == pytest.approx(1)
    assert ev.sd_of_change(4.0, 4.4, 0.5).value == pytest.approx(math.sqrt(16 + 19.36 - 17.6))


@given(st.floats(0.1, 5), st.integers(5, 60), st.floats(0.1, 20))
def test_interval_t_f_and_p_give_one_standard_error(se, df, difference):
    from scipy.special import stdtr, stdtrit

    t = difference / se
    p = 2 * float(stdtr(df, -t))
    half = float(stdtrit(df, 0.975)) * se
    found = [
        ev.se_from_interval(difference - half, difference + half, df=df),
        ev.se_from_t(difference, t),
        ev.se_from_f(difference, t**2),
    ]
    if 1e-300 < p < 1:
        found.append(ev.se_from_p(difference, p, df=df))
    assert [item.value for item in found] == pytest.approx([se] * len(found), rel=1e-6)


def test_percent_with_an_interval():
    effect = ev.log_ratio_from_percent(10, 0, 21)
    assert (effect.estimate, effect.se) == pytest.approx((math.log(1.1), math.log(1.21) / (2 * 1.959963984540054)))


def test_each_says_what_it_assumes():
    said = [
        (ev.se_from_interval(-1, 1), "used the normal distribution"),
        (ev.se_from_interval(-1, 1, df=38), "used a t distribution on 38 degrees of freedom"),
        (ev.se_from_t(1, 2), "the statistic tests this difference against 0"),
        (ev.se_from_f(1, 4), "one numerator degree of freedom"),
        (ev.se_from_p(1, 0.03), "p is exact and two-sided"),
        (ev.sd_from_se(1, 9), "the SE is that of the mean of these people"),
        (ev.sd_of_change(1, 1, 0.5), "before and after correlate by r = 0.5"),
        (ev.mean_difference(1, 1, 9, 0, 1, 9, equal_variances=True), "the arms have the same variance"),
        (ev.standardised_mean_difference(1, 1, 9, 0, 1, 9, standardised_by="change_scores"), "not comparable with"),
        (ev.log_ratio_of_means(2, 1, 9, 1, 1, 9), "a true zero"),
        (ev.log_ratio_from_percent(5, 1, 9), "not the mean of people's percentages"),
    ]
    for found, words in said:
        assert words in str(found)
    assert float(ev.sd_from_se(1, 9)) == 3


def test_an_assumption_can_be_varied():
    known = {"mean_before": 20.0, "sd_before": 4.0, "mean_after": 24.0, "sd_after": 5.0, "n": 20}
    table = ev.vary(ev.mean_change, "r", [0.3, 0.6, 0.9], **known)
    assert list(table["estimate"]) == [4, 4, 4]
    assert table["se"].is_monotonic_decreasing


REFUSED = {
    "an interval the wrong way round": lambda: ev.se_from_interval(1, -1),
    "a level of 95": lambda: ev.se_from_interval(-1, 1, level=95),
    "signs that differ": lambda: ev.se_from_t(-1, 2),
    "t of 0": lambda: ev.se_from_t(1, 0),
    "a negative F": lambda: ev.se_from_f(1, -2),
    "no difference, an F": lambda: ev.se_from_f(0, 2),
    "p of 0": lambda: ev.se_from_p(1, 0),
    "no difference, a p": lambda: ev.se_from_p(0, 0.5),
    "an SE of 0": lambda: ev.sd_from_se(0, 10),
    "one person": lambda: ev.sd_from_se(1, 1),
    "half a person": lambda: ev.sd_from_se(1, 10.5),
    "a correlation of 2": lambda: ev.sd_of_change(1, 1, 2),
    "everybody changed by the same": lambda: ev.sd_of_change(1, 1, 1),
    "a negative SD": lambda: ev.mean_difference(1, -1, 9, 0, 1, 9, equal_variances=True),
    "a mean below zero": lambda: ev.log_ratio_of_means(-1, 1, 9, 1, 1, 9),
    "minus 100 %": lambda: ev.log_ratio_from_percent(-100, -100, 0),
    "an estimate outside": lambda: ev.log_ratio_from_percent(10, 1, 5),
    "too few people for a g": lambda: ev.standardised_mean_change(1, 1, 2, 1, 2, r=0.5, standardised_by="raw_scores"),
    "no standardiser": lambda: ev.standardised_mean_difference(1, 1, 9, 0, 1, 9, standardised_by="baseline"),
    "df of 0": lambda: ev.se_from_interval(-1, 1, df=0),
}
MESSAGES = {
    "an interval the wrong way round": "the width of the interval is -2 and must be larger than 0",
    "a level of 95": "level is 95 and must lie between 0 and 1",
    "signs that differ": "both must have the same sign",
    "t of 0": "neither may be 0",
    "a negative F": "F is -2 and must be larger than 0",
    "no difference, an F": "contradict each other",
    "p of 0": "p is 0 and must lie between 0 and 1",
    "no difference, a p": "p = 1 whatever its standard error",
    "an SE of 0": "the SE is 0 and must be larger than 0",
    "one person": "n is 1; at least 2 people are needed",
    "half a person": "a whole number of them",
    "a correlation of 2": "r is 2 and a correlation lies between -1 and 1",
    "everybody changed by the same": "everybody would have changed by the same",
    "a negative SD": "the first SD is -1 and must be larger than 0",
    "a mean below zero": "the first mean is -1 and must be larger than 0",
    "minus 100 %": "nothing can fall by 100 %",
    "an estimate outside": "10 % does not lie between 1 % and 5 %",
    "too few people for a g": "has no expectation",
    "no standardiser": 'standardised_by is "baseline" and must be "raw_scores" or "change_scores"',
    "df of 0": "df is 0 and must be larger than 0",
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name):
    with pytest.raises((FitError, PlanError)) as caught:
        REFUSED[name]()
    assert MESSAGES[name] in str(caught.value)
