"""Sample sizes by simulation: formulas where there are some, the same answer for any number of workers."""

from __future__ import annotations

import os
import signal
import threading
import time

import joblib
import numpy as np
import pandas as pd
import pytest

import kbstudy as kb
from kbstudy.errors import PlanError
from kbstudy.simulate.intervals import ANALYSES

TRIAL = kb.TwoArmTrial(difference=-1.0, sd=2.0, correlation=0.5, dropout=0.15)


# ---- against formulas --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("trial", "asked", "n"),
    [
        # R 4.2.2: power.t.test(delta = 5, sd = 10, power = 0.8)
        (kb.TwoArmTrial(5, 10), {"analysis": "follow_up"}, 63.76576371),
        # R 4.2.2: power.t.test(delta = 5, sd = 10, power = 0.9, type = "paired"); the SD of the change is 10 at r = 0.5
        (kb.TwoArmTrial(5, 10, correlation=0.5), {"analysis": "paired", "probability": 0.9}, 43.99552471),
        # SAS PROC POWER twosamplemeans test=equiv_diff: SD 8, bounds of 5, alpha 5 %, power 80 %: 90 people (CAMIS)
        (
            kb.TwoArmTrial(0, 8),
            {"analysis": "follow_up", "goal": "supported", "region": kb.Region(-5, 5), "level": 0.9},
            45,
        ),
    ],
)
def test_formulas(trial, asked, n):
    found = kb.sample_size(trial, replicates=3000, **asked)
    assert found.n_low <= np.ceil(n) <= found.n_high
    assert found.n_high - found.n_low <= 4


def test_ancova_needs_one_minus_r_squared_of_follow_up_alone():
    """Borm et al. 2007, doi:10.1016/j.jclinepi.2007.02.006: the design factor of ANCOVA is 1 - r²."""
    trial = kb.TwoArmTrial(5, 10, correlation=0.7)
    alone = kb.sample_size(trial, analysis="follow_up", replicates=3000)
    adjusted = kb.sample_size(trial, analysis="ancova", replicates=3000)
    assert adjusted.n_per_arm == pytest.approx((1 - 0.49) * alone.n_per_arm + 1, abs=2)


# ---- the fast intervals are those of the analyses ------------------------------------------------------------------


def frame_of(trial, n, seed):
    return trial.frame(n, np.random.default_rng(seed)).rename(columns={"participant": "id"})


@pytest.mark.parametrize("seed", range(3))
def test_fast_intervals_are_those_of_the_public_analyses(seed):
    trial = kb.TwoArmTrial(difference=1.0, sd=2.0, correlation=0.6, dropout=0.2)
    data = frame_of(trial, 24, seed)
    arms = data[data["arm"] == "Intervention"]

    def fast(name):
        return ANALYSES[name](trial, 24, 0.9, np.random.default_rng(seed))

    row = kb.ancova(
        data, "value", baseline="baseline", arm="arm", reference="Control", participant="id", level=0.9
    ).contrasts.iloc[0]
    assert fast("ancova") == pytest.approx(tuple(row[["estimate", "low", "high"]]), rel=1e-9)
    row = kb.mean(arms, "value", participant="id", level=0.9).row()
    assert fast("mean") == pytest.approx(tuple(row[["estimate", "low", "high"]]), rel=1e-9)
    long = pd.concat([arms.assign(visit="Pre", score=arms["baseline"]), arms.assign(visit="Post", score=arms["value"])])
    row = kb.paired(long, "score", participant="id", visit="visit", baseline="Pre", followup="Post", level=0.9).row(
        "mean_change"
    )
    assert fast("paired") == pytest.approx(tuple(row[["estimate", "low", "high"]]), rel=1e-9)


def test_mmrm_uses_the_model_of_all_visits():
    trial = kb.TwoArmTrial(difference=-1.0, sd=1.0, correlation=0.5, visits=2, dropout=0.2)
    estimate, low, high = ANALYSES["mmrm"](trial, 20, 0.95, np.random.default_rng(1))
    data = trial.frame(20, np.random.default_rng(1))
    fit = kb.mmrm(data, "value ~ baseline * visit + arm * visit", participant="participant", visit="visit")
    row = fit.contrasts("arm", by="visit").rows(visit="Visit 2").iloc[0]
    assert (estimate, low, high) == tuple(row[["estimate", "low", "high"]])


# ---- the made-up trials --------------------------------------------------------------------------------------------


def test_trials_have_the_moments_that_are_asked_for():
    trial = kb.TwoArmTrial(difference=3.0, sd=2.0, correlation=0.6, visits=2, dropout=0.3)
    baseline, after = trial.draws(100_000, np.random.default_rng(1))
    assert baseline.std() == pytest.approx(2.0, rel=0.01)
    gone = np.isnan(after)
    assert gone.mean(axis=0) == pytest.approx([0.15, 0.30], abs=0.005)
    assert not (gone[:, 0] & ~gone[:, 1]).any()
    both = ~gone[:, 1]
    control = np.arange(200_000) < 100_000
    difference = np.nanmean(after[~control], axis=0) - np.nanmean(after[control], axis=0)
    assert difference == pytest.approx([1.5, 3.0], abs=0.04)
    found = np.corrcoef(baseline[both & control], after[both & control, 1])[0, 1]
    assert found == pytest.approx(0.6, abs=0.01)


# ---- workers -------------------------------------------------------------------------------------------------------


def test_the_answer_is_the_same_for_any_number_of_workers():
    one = kb.sample_size(TRIAL, replicates=300)
    two = kb.sample_size(TRIAL, replicates=300, workers=2)
    with joblib.parallel_config(backend="threading", n_jobs=3):
        three = kb.sample_size(TRIAL, replicates=300)
    assert one.curve.equals(two.curve)
    assert one.curve.equals(three.curve)
    assert one.n_per_arm == two.n_per_arm == three.n_per_arm


def test_another_seed_gives_another_curve_and_nearly_the_same_answer():
    one, other = kb.sample_size(TRIAL, replicates=2000), kb.sample_size(TRIAL, replicates=2000, seed=2)
    assert not one.curve.equals(other.curve)
    assert abs(one.n_per_arm - other.n_per_arm) <= 3


def slow(trial, n, level, rng):
    """ANCOVA, slowly enough for a worker to be killed on the way."""
    time.sleep(0.002)
    return ANALYSES["ancova"](trial, n, level, rng)


@pytest.mark.filterwarnings("ignore")  # dask warns of what this test does to it
def test_a_dask_worker_that_is_killed_changes_nothing():
    distributed = pytest.importorskip("distributed", reason="dask is in the extra 'cluster', which is not installed")
    expected = kb.sample_size(TRIAL, analysis=slow, replicates=200)
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, worker_dashboard_address=None
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        victim = next(iter(client.run(os.getpid).values()))
        killed = threading.Timer(1.5, os.kill, (victim, signal.SIGKILL))
        killed.start()
        with joblib.parallel_config(backend="dask"):
            found = kb.sample_size(TRIAL, analysis=slow, replicates=200)
        killed.join()
        assert victim not in client.run(os.getpid).values()
    assert found.curve.equals(expected.curve)
    assert found.n_per_arm == expected.n_per_arm


# ---- words and mistakes --------------------------------------------------------------------------------------------


def test_the_sentence_says_what_is_assumed():
    found = kb.sample_size(TRIAL, replicates=200)
    assert f"{found.n_per_arm} people per arm ({2 * found.n_per_arm} in all" in found.sentence()
    assert (
        "if the true difference is −1, the SD 2, the correlation between visits 0.5 and 15% drop out"
        in found.sentence()
    )
    assert "by ANCOVA" in found.sentence()


def test_the_figure_shows_every_size():
    import matplotlib.pyplot as plt

    found = kb.sample_size(TRIAL, replicates=200)
    figure = found.plot()
    assert list(figure.axes[0].lines[0].get_xdata()) == list(found.curve["n"])
    assert "SIMULATED" in figure.axes[0].get_xlabel()
    plt.close(figure)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"analysis": "anova"}, 'analysis="anova" is not known; did you mean "ancova"'),
        ({"goal": "power"}, 'goal="power" is not known'),
        ({"goal": "supported"}, 'goal="supported" needs a region'),
        ({"goal": "narrow"}, 'goal="narrow" needs half_width'),
        ({"probability": 80}, "probability=80 is not a share"),
        ({"level": 95}, "level=95 is not a confidence level"),
        ({"replicates": 10}, "replicates=10 are too few"),
        ({"analysis": "mmrm"}, '"mmrm" needs two visits or more'),
    ],
)
def test_mistakes(changes, message):
    with pytest.raises(PlanError) as caught:
        kb.sample_size(TRIAL, **changes)
    assert message in str(caught.value)


def test_no_difference_is_never_found():
    with pytest.raises(PlanError, match="the true difference is 0"):
        kb.sample_size(kb.TwoArmTrial(0, 1))


def test_a_goal_out_of_reach_is_said():
    border = kb.TwoArmTrial(difference=-1.0, sd=1.0)
    with pytest.raises(PlanError, match="100000 people an arm do not reach the goal"):
        kb.sample_size(border, goal="supported", region=kb.Region(at_most=-1.0), analysis=_nothing, replicates=100)


def _nothing(trial, n, level, rng):
    return -1.0, -2.0, 0.0


def test_every_impossible_number_of_a_trial_is_named_at_once():
    with pytest.raises(PlanError) as caught:
        kb.TwoArmTrial(difference=float("nan"), sd=0, correlation=1, visits=0, dropout=1, arms=("A", "A"))
    for name in ("difference", "sd", "correlation", "visits", "dropout", "arms"):
        assert f"{name}=" in str(caught.value)
