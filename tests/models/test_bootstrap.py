"""BCa intervals: R's boot with the same resamples, scipy, and what is refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import kbstudy as kb
from kbstudy.errors import FitError, PlanError
from kbstudy.models import resampling
from kbstudy.models._bootstrap import combinations_of, replicates_of
from kbstudy.models.resampling import bca_interval, resamples_of
from tests import reference, tolerances

ASK = {"baseline": "before", "arm": "arm", "reference": "Usual care", "participant": "id"}
PAIR = {"participant": "id", "visit": "visit", "baseline": "before", "followup": "after"}
LEVELS = ["Usual care", "Kettlebell", "Walking"]


def people(**changes):
    return reference.data("trial_arms").dropna(subset=["before", "after"]).assign(**changes)


def boot(data=None, **changes):
    table = reference.data("trial_arms") if data is None else data
    return kb.ancova(table, "after", **{**ASK, "interval": "bca", "rng": 1, "resamples": 999, **changes})


# ---- against others ----------------------------------------------------------------------------------------------


def test_ancova_is_boots_with_the_same_resamples():
    source = reference.numbers("change", "bca")["ancova"]
    data = people()
    fit = kb.ancova(data, "after", **ASK).fit
    strata = np.array([LEVELS.index(arm) for arm in data["arm"]])
    weights = np.array([[-1.0, 1, 0, 0], [-1, 0, 1, 0]])
    replicates = replicates_of(fit, weights, np.array(source["indices"]))
    assert replicates == pytest.approx(np.array(source["replicates"]), rel=1e-9, abs=1e-9)
    estimate, influence = combinations_of(fit, weights, strata)
    assert estimate == pytest.approx(source["estimates"], rel=tolerances.ESTIMATE)
    found = bca_interval(estimate, replicates, influence, strata, source["level"])
    for i, name in enumerate(("kettlebell", "walking")):
        assert [found.low[i], found.high[i]] == pytest.approx(source[name], rel=tolerances.SCALED)


def test_the_mean_is_boots_with_the_same_resamples():
    source = reference.numbers("change", "bca")["mean"]
    sleep = reference.data("sleep")
    change = (sleep["after"] - sleep["before"]).to_numpy()
    replicates = change[np.array(source["indices"])].mean(axis=1)
    mean = np.array([change.mean()])
    # A replicate that equals the estimate counts half here and not as below in boot: seven do, and are lifted.
    ties = np.isclose(replicates, mean)
    assert np.sum(ties) == source["ties"] == 7
    replicates = replicates + np.where(ties, 1e-9, 0)
    found = bca_interval(mean, replicates[:, None], (change - mean)[:, None], np.zeros(10, dtype=int), 0.95)
    assert [found.low[0], found.high[0]] == pytest.approx(source["limits"], rel=tolerances.SCALED)


def test_two_means_of_different_sizes_are_scipys():
    """scipy weighs samples of different sizes as the acceleration here does; quantiles are interpolated otherwise."""
    rng = np.random.default_rng(8)
    one, other = rng.exponential(2, 9), rng.exponential(1, 21)
    theirs = stats.bootstrap(
        (one, other), lambda x, y, axis: x.mean(axis) - y.mean(axis), n_resamples=40_000, rng=3, method="BCa"
    )
    estimate = np.array([one.mean() - other.mean()])
    own = [one - one.mean(), other.mean() - other]
    strata = np.repeat([0, 1], [9, 21])
    found = bca_interval(estimate, theirs.bootstrap_distribution[:, None], np.concatenate(own)[:, None], strata, 0.95)
    # Between neighbouring replicates, of which there are 40 000: a hundredth of the spread.
    near = 0.01 * np.std(theirs.bootstrap_distribution)
    limits = theirs.confidence_interval
    assert [found.low[0], found.high[0]] == pytest.approx([limits.low, limits.high], abs=near)


# ---- what must hold ----------------------------------------------------------------------------------------------


def test_rows_have_intervals_and_no_test():
    found = boot()
    t = kb.ancova(reference.data("trial_arms"), "after", **ASK, robust="HC2_BM")
    assert found.frame["estimate"].tolist() == t.frame["estimate"].tolist()
    assert found.frame[["df", "statistic", "p"]].isna().all(axis=None)
    assert (found.frame["low"] < found.frame["estimate"]).all()
    assert found.frame["se"].to_numpy() == pytest.approx(t.frame["se"].to_numpy(), rel=0.25)
    assert found.frame["method"].unique().tolist() == ["ANCOVA, BCa bootstrap within arms"]
    assert "999 resamples, each drawing people with replacement within their arms" in found.method
    assert "10.1080/01621459.1987.10478410" in found.methods()
    assert "p =" not in found.sentence()


def test_the_size_of_the_pieces_does_not_matter(monkeypatch):
    whole = boot(covariates=["age", "site"])
    flips = kb.paired(reference.long(people()), "score", **PAIR, interval="bca", rng=4, resamples=500)
    monkeypatch.setattr(resampling, "_AT_ONCE", 200)
    pieces = boot(covariates=["age", "site"])
    assert pieces.frame["low"].to_numpy() == pytest.approx(whole.frame["low"].to_numpy(), rel=1e-10)
    again = kb.paired(reference.long(people()), "score", **PAIR, interval="bca", rng=4, resamples=500)
    assert again.row()["low"] == pytest.approx(flips.row()["low"], rel=1e-12)


def test_a_seed_and_its_generator_are_the_same():
    assert boot(rng=7).frame.equals(boot(rng=np.random.default_rng(7)).frame)
    assert not boot(rng=7).frame["low"].equals(boot(rng=8).frame["low"])


def test_people_are_drawn_within_their_arms():
    strata = np.array([2, 0, 0, 1, 2, 0, 1])
    drawn = np.concatenate(list(resamples_of(strata, 2000, np.random.default_rng(1))))
    assert (np.sort(strata[drawn], axis=1) == np.sort(strata)).all()
    assert np.bincount(drawn.ravel(), minlength=7) == pytest.approx(np.full(7, 2000), rel=0.1)


def test_another_unit_scales_the_limits():
    plain, scaled = boot(), boot(people(after=lambda d: 1000 * d["after"] + 5))
    limits = plain.rows()[["low", "high"]].to_numpy()
    assert scaled.rows()[["low", "high"]].to_numpy() == pytest.approx(1000 * limits, rel=tolerances.IDENTITY)


def test_resamples_without_a_category_are_counted():
    data = people()
    data["site"] = np.where(np.arange(len(data)) < 4, "hill", "town")
    found = boot(data, covariates=["site"], resamples=400)
    lost = [note for note in found.notes if "could not be fitted" in note]
    assert len(lost) == 1
    assert lost[0].split()[0] in found.method or int(lost[0].split()[0]) > 0
    assert f"{400 - int(lost[0].split()[0])} resamples" in found.method


def test_paired_bca_has_no_t():
    found = kb.paired(reference.long(reference.data("sleep")), "score", **PAIR, interval="bca", rng=2, p_values=True)
    row = found.row()
    assert np.isnan(row["statistic"])
    assert row["method"] == "BCa bootstrap"
    assert row["low"] < -1.58 < row["high"] < 0


# ---- what is refused ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"rng": None}, "rng=None is neither a numpy.random.Generator nor a seed"),
        ({"rng": -1}, "rng=-1 is neither"),
        ({"rng": True}, "rng=True is neither"),
        ({"resamples": 50}, "resamples=50 is not a number of resamples that has a 95% BCa interval"),
        ({"resamples": 1000.0}, "resamples=1000.0 is not a number"),
        ({"interval": "percentile"}, 'interval="percentile" is not offered'),
        ({"interval": "t"}, "rng=1 is given and nothing is drawn"),
        ({"robust": "HC3"}, 'robust="HC3" and interval="bca" exclude each other'),
    ],
)
def test_refused(changes, message):
    with pytest.raises(PlanError) as caught:
        boot(**changes)
    assert message in str(caught.value)
    assert "What to do" in str(caught.value)


def test_a_category_of_one_person_is_refused():
    data = people()
    data["site"] = np.where(np.arange(len(data)) < 1, "island", "town")
    with pytest.raises(FitError, match="alone determines a coefficient"):
        boot(data, covariates=["site"])


def test_too_many_lost_resamples_are_refused():
    data = people()
    data["site"] = np.where(np.arange(len(data)) < 2, "island", "town")
    with pytest.raises(FitError, match="of 400 resamples could not be fitted"):
        boot(data, covariates=["site"], resamples=400)


def test_replicates_that_do_not_surround_the_estimate():
    with pytest.raises(FitError, match="do not surround the estimate"):
        bca_interval(np.array([1.0]), np.array([[2.0], [3.0]]), np.array([[1.0], [-1.0]]), [0, 0], 0.95)


def test_a_limit_beyond_the_resamples_is_said():
    skewed = pd.DataFrame({"id": range(9), "before": 0.0, "after": [0.1, 0.2, 0.3, 0.2, 0.1, 0.4, 0.3, 0.2, 90.0]})
    found = kb.paired(reference.long(skewed), "score", **PAIR, interval="bca", rng=3, resamples=200)
    assert any("beyond the most extreme resample" in note for note in found.notes)
