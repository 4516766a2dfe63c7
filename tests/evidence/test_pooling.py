"""Pools against metafor and statsmodels, what must hold whatever the numbers, and every message."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

import kbstudy as kb
from kbstudy.errors import FitError, PlanError, SmallSample, StudyWarning
from kbstudy.evidence import NarrowInterval
from tests.reference import numbers
from tests.tolerances import IDENTITY, METAFOR, METAFOR_REML

SETS = ("bcg", "normand1999", "normand1999_smd", "raudenbush1985")
METHODS = {"REML": "reml", "DL": "dersimonian_laird"}
TESTS = {"knha": "hartung_knapp", "adhoc": "hartung_knapp_truncated", "z": "wald"}
FITS = [(name, fit["method"], fit["test"]) for name in SETS for fit in numbers("meta", name)["fits"]]


def pooled(effects, variances, **how):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", StudyWarning)
        return kb.pool(effects, variances, **how)


def as_metafor(source, method, test, **more):
    how = {"model": "fixed"} if method == "FE" else {"tau2_method": METHODS[method], "interval": TESTS[test]}
    return pooled(source["effects"], source["variances"], labels=source["labels"], **how, **more)


@pytest.mark.parametrize(("name", "method", "test"), FITS)
def test_metafor(name, method, test):
    source = numbers("meta", name)
    answer = next(fit for fit in source["fits"] if (fit["method"], fit["test"]) == (method, test))
    ours = as_metafor(source, method, test)
    close = METAFOR_REML if method == "REML" else METAFOR
    for key in ("estimate", "se", "low", "high", "tau2", "i2", "q", "q_p"):
        assert getattr(ours, key) == pytest.approx(answer[key], rel=close, abs=1e-12), key
    assert ours.weights == pytest.approx(answer["weights"], rel=close)
    if method == "FE":
        assert math.isnan(ours.prediction_low)
    else:
        found = (ours.prediction_low, ours.prediction_high)
        assert found == pytest.approx((answer["prediction_low"], answer["prediction_high"]), rel=close)


@pytest.mark.parametrize("name", SETS)
def test_leaving_one_out_as_metafor(name):
    source = numbers("meta", name)
    answer, ours = source["leave_one_out"], as_metafor(source, "REML", "knha").leave_one_out()
    assert list(ours["without"]) == source["labels"]
    for key in ("estimate", "se", "low", "high", "tau2", "i2"):
        assert list(ours[key]) == pytest.approx(answer[key], rel=METAFOR_REML, abs=1e-10), key


@pytest.mark.parametrize("name", SETS)
def test_statsmodels(name):
    from statsmodels.stats.meta_analysis import combine_effects

    source = numbers("meta", name)
    theirs = combine_effects(np.array(source["effects"]), np.array(source["variances"]), method_re="dl")
    ours = as_metafor(source, "DL", "z")
    assert (ours.estimate, ours.tau2, ours.q) == pytest.approx(
        (theirs.mean_effect_re, theirs.tau2, theirs.q), rel=1e-12
    )
    assert ours.se == pytest.approx(theirs.sd_eff_w_re, rel=1e-12)


# ---- what must hold ----------------------------------------------------------------------------------------------

STUDIES = st.lists(
    st.tuples(st.floats(-10, 10), st.floats(0.01, 5)), min_size=3, max_size=8, unique_by=lambda study: study[0]
)
INTERVALS = st.sampled_from(("hartung_knapp", "hartung_knapp_truncated", "wald"))
TAU2 = st.sampled_from(("reml", "dersimonian_laird"))
NUMBERS = ("estimate", "se", "low", "high", "prediction_low", "prediction_high")
calm = settings(deadline=None, suppress_health_check=[HealthCheck.filter_too_much])


def split(studies):
    y, v = (np.array(column) for column in zip(*studies, strict=True))
    assume(np.ptp(y) > 1e-3)
    return y, v


def all_of(found):
    return [getattr(found, name) for name in NUMBERS]


@calm
@given(STUDIES, TAU2, INTERVALS, st.floats(0.01, 100), st.floats(-50, 50))
def test_another_unit_changes_the_unit_only(studies, tau2, interval, scale, shift):
    y, v = split(studies)
    how = {"tau2_method": tau2, "interval": interval}
    here, there = pooled(y, v, **how), pooled(y * scale + shift, v * scale**2, **how)
    size = max(map(abs, all_of(here))) * scale + abs(shift)
    expected = [value * scale + (0 if name == "se" else shift)
                for name, value in zip(NUMBERS, all_of(here), strict=True)]  # fmt: skip
    assert all_of(there) == pytest.approx(expected, abs=IDENTITY * size)
    assert there.i2 == pytest.approx(here.i2, abs=1e-4)


@calm
@given(STUDIES, TAU2, INTERVALS, st.randoms())
def test_the_order_of_studies_changes_nothing(studies, tau2, interval, random):
    y, v = split(studies)
    order = list(range(len(y)))
    random.shuffle(order)
    how = {"tau2_method": tau2, "interval": interval}
    here, there = pooled(y, v, **how), pooled(y[order], v[order], **how)
    assert all_of(there) == pytest.approx(all_of(here), rel=IDENTITY, abs=IDENTITY)


@calm
@given(STUDIES)
def test_no_tau2_has_a_higher_restricted_likelihood(studies):
    """An independent formula on a fine grid: nothing may lie above what was chosen."""
    y, v = split(studies)

    def likelihood(tau2):
        w = 1 / (v + tau2)
        away = y - w @ y / w.sum()
        return -0.5 * (np.log(v + tau2).sum() + np.log(w.sum()) + w @ away**2)

    top = likelihood(pooled(y, v, interval="wald").tau2)
    grid = np.concatenate([[0], np.geomspace(1e-6, 1e4, 3000)])
    assert max(map(likelihood, grid)) <= top + 1e-9


@calm
@given(st.lists(st.floats(-10, 10), min_size=2, max_size=8, unique=True), st.floats(0.01, 5), TAU2)
def test_equal_variances_give_the_plain_mean_and_its_t_interval(effects, variance, tau2):
    y = np.array(effects)
    assume(np.ptp(y) > 1e-3)
    found = pooled(y, np.full(len(y), variance), tau2_method=tau2)
    assert found.estimate == pytest.approx(y.mean(), abs=1e-9)
    assert found.se == pytest.approx(y.std(ddof=1) / math.sqrt(len(y)), rel=1e-6)
    assert found.weights == pytest.approx([100 / len(y)] * len(y))


@given(st.floats(-10, 10), st.floats(0.01, 5))
def test_one_study_is_itself(effect, variance):
    found = kb.pool([effect], [variance], labels=["Jay 2011"])
    half = 1.9599639845400545 * math.sqrt(variance)
    assert (found.estimate, found.low, found.high) == pytest.approx((effect, effect - half, effect + half))
    assert math.isnan(found.tau2)
    assert math.isnan(found.prediction_low)
    assert found.sentence().endswith("in Jay 2011, the only study; nothing was pooled.")
    assert "nothing was pooled" in found.methods()
    assert found.notes == ("There is one study: nothing was pooled, and how much studies differ cannot be known.",)


def test_a_fixed_effect_is_the_random_one_without_variance_between_studies():
    y, v = [1.0, 1.1, 0.95], [0.5, 0.4, 0.6]
    fixed, random = pooled(y, v, model="fixed"), pooled(y, v, interval="wald")
    assert random.tau2 == 0
    assert (fixed.estimate, fixed.se) == (random.estimate, random.se)
    assert (fixed.tau2_method, fixed.interval, fixed.i2) == ("", "wald", 0)


def test_two_studies_warn_and_have_no_prediction():
    with pytest.warns(SmallSample, match="one degree of freedom"):
        found = kb.pool([0.1, 0.9], [0.04, 0.05])
    assert found.df == 1
    assert math.isnan(found.prediction_low)
    assert "With two studies there is no prediction interval." in found.notes


def test_an_interval_that_is_narrower_than_the_normal_one_warns():
    y, v = [1.0, 1.001, 0.999, 1.0005], [0.5, 0.4, 0.6, 0.5]
    with pytest.warns(NarrowInterval, match="hartung_knapp_truncated"):
        narrow = kb.pool(y, v)
    wide = kb.pool(y, v, interval="hartung_knapp_truncated")
    assert wide.high - wide.low > 1 > narrow.high - narrow.low


def test_identical_effects():
    with pytest.raises(FitError, match="all 3 effects are 0.5, so Hartung and Knapp's interval has no width"):
        kb.pool([0.5] * 3, [0.1, 0.2, 0.3])
    found = kb.pool([0.5] * 3, [0.1, 0.2, 0.3], interval="hartung_knapp_truncated")
    assert (found.estimate, found.tau2, found.q) == pytest.approx((0.5, 0, 0))
    assert found.se == pytest.approx((1 / 0.1 + 1 / 0.2 + 1 / 0.3) ** -0.5)


@pytest.mark.parametrize(
    ("effects", "variances", "tau2"),
    [([-0.13, 6.25, -0.1, 0.82], [0.021, 3.345, 0.009, 0.158], 4.6), ([-0.67, 7.71, -0.57], [0.044, 8.766, 0.018], 0)],
)
def test_a_likelihood_with_two_peaks(effects, variances, tau2):
    """Both have a peak at zero and one above it; steps from one starting value would find one of them."""
    assert pooled(effects, variances, interval="wald").tau2 == pytest.approx(tau2, abs=0.05)


# ---- messages ----------------------------------------------------------------------------------------------------

REFUSED = {
    "no variance": (FitError, ([1, 2], [0, 1]), {}, "study 1: the variance is 0 and must be larger than 0"),
    "not finite": (FitError, ([1, math.nan], [1, 1]), {}, "study 2: the effect is nan"),
    "an infinite variance": (FitError, ([1, 2], [1, math.inf]), {}, "study 2: the variance is inf"),
    "nothing": (FitError, ([], []), {}, "there is no study to pool"),
    "lengths": (PlanError, ([1, 2], [1]), {}, "there are 2 effects and 1 variances"),
    "labels": (PlanError, ([1, 2], [1, 1]), {"labels": ["A"]}, "there are 2 effects and 1 labels"),
    "a study twice": (FitError, ([1, 2], [1, 1]), {"labels": ["A", "A"]}, 'the label "A" is used 2 times'),
    "a model": (PlanError, ([1, 2], [1, 1]), {"model": "fixd"}, 'model is "fixd" and must be one of "random", "fixed"'),
    "a method": (PlanError, ([1, 2], [1, 1]), {"tau2_method": "REML"}, '; did you mean "reml"?'),
    "an interval": (PlanError, ([1, 2], [1, 1]), {"interval": "z"}, 'interval is "z" and must be one of'),
    "fixed": (PlanError, ([1, 2], [1, 1]), {"model": "fixed", "interval": "hartung_knapp"}, "a fixed effect says"),
    "a level": (PlanError, ([1, 2], [1, 1]), {"level": 95}, "level is 95 and must lie between 0 and 1"),
    "words": (PlanError, (["a"], [1]), {}, "effects must be numbers, one a study"),
    "a table": (PlanError, ([[1, 2]], [[1, 2]]), {}, "effects must be a list of numbers, one a study, and has 2"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name):
    kind, given_, how, message = REFUSED[name]
    with pytest.raises(kind) as caught:
        kb.pool(*given_, **how)
    assert message in str(caught.value)


def test_every_problem_at_once():
    with pytest.raises(FitError) as caught:
        kb.pool([1, math.inf, 2], [0, 1, -1])
    assert len(caught.value.problems) == 3


def test_nothing_is_left_of_one_study():
    with pytest.raises(FitError, match="without it nothing is left"):
        kb.pool([1.0], [1.0]).leave_one_out()


# ---- words and pictures ------------------------------------------------------------------------------------------


def test_words():
    found = kb.pool([-0.3, -0.5, -0.2, -0.8], [0.02, 0.03, 0.04, 0.05], labels=list("ABCD"))
    found = found.with_(outcome="pain", unit="points", decimals=1)
    assert found.sentence() == (
        "Pain: −0.4 points (95% CI −0.8 to 0.0) over 4 studies, with random effects (τ² 0.0183, I² 36%, Q(3) = 5.02, "
        "p = 0.17). The true effect of a new study is expected from −1.2 to 0.4 points (95% prediction)."
    )
    assert "restricted maximum likelihood" in found.methods()
    assert "Higgins 2009" in found.methods()
    assert list(found.table()["study"]) == ["A", "B", "C", "D", "Pooled, random effects", "A new study"]
    assert found.table()["weight"][:4].sum() == pytest.approx(100)
    assert "<table>" in found._repr_html_()
    assert "<script>" not in kb.pool([1, 2, 4], [1, 1, 1], labels=["<script>", "b", "c"])._repr_html_()


def test_json():
    content = kb.pool([-0.3, -0.5, -0.2], [0.02, 0.03, 0.04], interval="wald").to_dict()
    assert [study["label"] for study in content["studies"]] == ["study 1", "study 2", "study 3"]
    assert len(content["leave_one_out"]) == 3
    assert {"estimate", "se", "low", "high", "prediction_low", "prediction_high", "tau2", "i2", "q"} <= content.keys()


def test_the_forest_shows_every_study_the_diamond_and_the_prediction():
    found = kb.pool([34.3, 33.1, 22.6], [3.2, 2.3, 2.2], labels=["Farrar", "Fortner", "Williams"])
    axes = found.plot()
    labels = [tick.get_text() for tick in axes.get_yticklabels()]
    assert labels == ["Farrar", "Fortner", "Williams", "Pooled, random effects", "A new study (prediction)"]
    assert len(axes.patches) == 1
    low, high = axes.get_xlim()
    assert low < found.low < found.high < high
    assert found.prediction_low < low, "a prediction interval as wide as this is cut, and its numbers stand beside it"
