"""Permutation tests: brute force with refits, R's coin, exchangeability, and what is refused."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

import kbstudy as kb
from kbstudy.errors import DataError, FitError, PlanError
from kbstudy.models import permutation_analysis, resampling
from kbstudy.models._changes import sign_flips
from tests import reference, tolerances

ASK = {"arm": "arm", "reference": "C"}
pytestmark = pytest.mark.filterwarnings("ignore::kbstudy.errors.SmallSample")


def trial(seed=0, sizes=(5, 4), effect=1.0, strata=1, digits=2):
    """A small trial with a baseline that matters; ``strata`` sites with both arms in each."""
    rng = np.random.default_rng(seed)
    n = sum(sizes)
    arm = np.repeat(["C", "T"], sizes)
    before = rng.normal(5, 2, n)
    after = np.round(0.6 * before + rng.normal(0, 1, n) + effect * (arm == "T"), digits)
    site = np.array([f"s{i % strata}" for i in range(n)])
    return pd.DataFrame({"id": [f"P{i}" for i in range(n)], "arm": arm, "before": before, "after": after, "site": site})


def by_brute_force(data, effect, adjusted, strata=(), cluster=None):
    """The share of all re-randomisations at least as extreme if treatment adds ``effect``: one lstsq for each."""
    treated = data["arm"].eq("T").to_numpy(dtype="float64")
    y = data["after"].to_numpy() - effect * treated
    fixed = [np.ones(len(y)), *(data[name].to_numpy(dtype="float64") for name in adjusted)]
    fixed += [data[name].eq(v).to_numpy("float64") for name in strata for v in sorted(set(data[name]))[1:]]
    unit = data[cluster].to_numpy() if cluster else np.arange(len(y)).astype(str)
    stratum = data[strata[0]].to_numpy() if strata else np.zeros(len(y))
    units = pd.DataFrame({"unit": unit, "arm": treated, "stratum": stratum}).drop_duplicates("unit")
    groups = [group for _, group in units.groupby("stratum")]

    def difference(arms):
        return np.linalg.lstsq(np.column_stack([arms, *fixed]), y, rcond=None)[0][0]

    observed = abs(difference(treated))
    ways = itertools.product(*(itertools.combinations(group["unit"], int(group["arm"].sum())) for group in groups))
    extreme = [abs(difference(np.isin(unit, list(itertools.chain(*way))).astype("float64"))) for way in ways]
    return float(np.mean(np.array(extreme) >= observed - 1e-9))


# ---- against others ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(("baseline", "strata"), [(None, ()), ("before", ()), (None, ("site",)), ("before", ("site",))])
def test_p_and_interval_by_brute_force(baseline, strata, seed):
    data = trial(seed, effect=seed / 2, strata=2 if strata else 1, digits=8)
    adjusted = [baseline] if baseline else []
    row = kb.permutation_test(data, "after", **ASK, baseline=baseline, strata=strata, level=0.8).row()
    assert row["p"] == pytest.approx(by_brute_force(data, 0, adjusted, strata))
    for limit, inwards in ((row["low"], 1e-6), (row["high"], -1e-6)):
        assert by_brute_force(data, limit + inwards, adjusted, strata) > 0.2
        assert by_brute_force(data, limit - inwards, adjusted, strata) <= 0.2 + 1e-12


def test_clusters_by_brute_force():
    data = trial(3, sizes=(12, 9), effect=1.5)
    data["clinic"] = [f"k{i // 3}" for i in range(21)]
    row = kb.permutation_test(data, "after", **ASK, baseline="before", cluster="clinic", level=0.8)
    assert row.row()["p"] == pytest.approx(by_brute_force(data, 0, ["before"], cluster="clinic"))
    assert "all 35 ways" in row.notes[0]
    assert "7 clusters were re-randomised" in row.notes[1]


def test_means_are_coins():
    source = reference.numbers("change", "numbers")["permutation"]
    data = reference.data("trial_arms").set_index("id").loc[source["ids"]]
    found = kb.permutation_test(data, "after", arm="arm", reference="Usual care")
    assert found.row()["p"] == pytest.approx(source["means"], rel=tolerances.P)


def test_blocks_are_coins():
    source = reference.numbers("change", "numbers")["permutation"]
    data = pd.DataFrame(source["blocked"])
    found = kb.permutation_test(data, "y", **ASK, strata="block")
    assert found.row()["p"] == pytest.approx(source["blocked_p"], rel=tolerances.P)


def test_sign_flips_are_coins():
    sleep = reference.data("sleep")
    found = sign_flips((sleep["after"] - sleep["before"]).to_numpy(), 9999, None)
    assert found.p == pytest.approx(reference.numbers("change", "numbers")["sign_flips"], rel=tolerances.P)


def test_sign_flips_are_scipys():
    change = np.random.default_rng(2).normal(0.4, 1, 11)
    theirs = stats.permutation_test((change,), np.mean, permutation_type="samples", n_resamples=np.inf)
    assert sign_flips(change, 9999, None).p == pytest.approx(theirs.pvalue, rel=tolerances.P)


def test_drawn_ones_are_near_all_of_them():
    data = trial(5, sizes=(8, 8), effect=1.2)
    exact = kb.permutation_test(data, "after", **ASK, baseline="before", permutations=20_000).row()
    drawn = kb.permutation_test(data, "after", **ASK, baseline="before", permutations=9999, rng=4)
    row = drawn.row()
    assert row["p"] == pytest.approx(exact["p"], abs=4 * np.sqrt(exact["p"] / 9999))
    assert [row["low"], row["high"]] == pytest.approx([exact["low"], exact["high"]], abs=0.1)
    assert row["method"] == "Permutation test, 9999 drawn"
    assert (
        "of 9999 re-randomisations drawn at random differ at least as much; the exact p lies between" in drawn.notes[0]
    )


def test_the_estimate_is_that_of_ancova():
    data = reference.data("trial_arms")
    ask = {"arm": "arm", "reference": "Usual care", "participant": "id", "baseline": "before"}
    ancova = kb.ancova(data, "after", **ask, covariates=["age", "site"], robust="HC2_BM")
    found = kb.permutation_test(data, "after", **ask, covariates=["age"], strata="site", rng=1, permutations=999)
    assert found.frame["estimate"].to_numpy() == pytest.approx(
        ancova.rows()["estimate"].to_numpy(), rel=tolerances.IDENTITY
    )
    assert found.ledger.ids("analysed") == ancova.ledger.ids("analysed")
    # The intervals answer the same question with and without normality (the arms differ in their variances).
    assert found.frame["low"].to_numpy() == pytest.approx(ancova.rows()["low"].to_numpy(), abs=0.4)


# ---- what must hold ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("design", ["people", "strata", "clusters"])
def test_uniform_p_where_arms_are_exchangeable(design):
    """No effect, outcomes far from normal: p is uniform on its steps, so P(p <= a) is at most a and close to it."""
    rng = np.random.default_rng(20240601)
    found = []
    for _ in range(400):
        n = 24 if design == "clusters" else 10
        data = pd.DataFrame({"y": rng.exponential(1, n) ** 2, "x": rng.normal(0, 1, n)})
        data["site"] = np.arange(n) % 2
        if design == "clusters":
            data["clinic"] = np.arange(n) // 4
            data["y"] += rng.exponential(1, 6)[data["clinic"]]
            arms = rng.permutation(["C"] * 3 + ["T"] * 3)[data["clinic"]]
            more = {"cluster": "clinic"}
        elif design == "strata":
            data["y"] += 5 * data["site"]
            arms = np.empty(n, dtype=object)
            for site in (0, 1):
                arms[data["site"] == site] = rng.permutation(["C", "C", "T", "T", "T"])
            more = {"strata": "site"}
        else:
            arms, more = rng.permutation(["C", "T"] * 5), {}
        data["arm"] = arms
        row = kb.permutation_test(data, "y", **ASK, baseline="x", **more).row()
        found.append((row["p"], row["low"] <= 0 <= row["high"]))
    p, covered = np.array(found).T
    for share in (0.1, 0.2, 0.5, 0.8):
        assert np.mean(p <= share) <= share + 3 * np.sqrt(share * (1 - share) / 400)
        assert np.mean(p <= share) >= share - 0.1 - 3 * np.sqrt(share * (1 - share) / 400)  # 20 ways have steps of 0.1
    assert np.mean(covered) >= 0.92


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([0.01, 2.0, 1000.0]), st.floats(-100, 100))
def test_shift_and_scale(seed, scale, shift):
    data = trial(seed)
    plain = kb.permutation_test(data, "after", **ASK, baseline="before", level=0.9).row()
    moved = data.assign(after=data["after"] * scale + shift, before=data["before"] * 10 - 3)
    row = kb.permutation_test(moved, "after", **ASK, baseline="before", level=0.9).row()
    assert row["p"] == plain["p"]
    for column in ("estimate", "low", "high"):
        assert row[column] == pytest.approx(scale * plain[column], rel=1e-6, abs=1e-6 * scale)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from(["before", None]))
def test_other_names_and_another_order_flip_the_sign(seed, baseline):
    data = trial(seed)
    there = kb.permutation_test(data, "after", **ASK, baseline=baseline, level=0.8).row()
    mirrored = data.iloc[::-1]
    back = kb.permutation_test(mirrored, "after", arm="arm", reference="T", baseline=baseline, level=0.8).row()
    assert back["p"] == there["p"]
    assert (back["estimate"], back["low"]) == pytest.approx((-there["estimate"], -there["high"]), rel=1e-6)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([0.8, 0.9]))
def test_p_and_the_interval_agree_about_no_effect(seed, level):
    row = kb.permutation_test(trial(seed, effect=1.0, digits=8), "after", **ASK, baseline="before", level=level).row()
    assert (row["p"] > 1 - level + 1e-9) == (row["low"] <= 0 <= row["high"])


def test_the_size_of_the_pieces_does_not_matter(monkeypatch):
    data, ask = trial(1, sizes=(9, 9)), {**ASK, "baseline": "before", "permutations": 700, "rng": 3}
    whole = kb.permutation_test(data, "after", **ask).frame
    exact = kb.permutation_test(trial(1), "after", **ASK).frame
    monkeypatch.setattr(permutation_analysis, "_AT_ONCE", 100)
    assert kb.permutation_test(data, "after", **ask).frame["p"].equals(whole["p"])
    assert kb.permutation_test(trial(1), "after", **ASK).row()["low"] == pytest.approx(exact["low"][0], rel=1e-12)


def test_three_arms_only_the_two_that_are_compared_are_re_randomised():
    data = pd.concat([trial(1), trial(2).assign(arm="X", after=lambda d: d["after"] + 50, id=lambda d: "X" + d["id"])])
    found = kb.permutation_test(data.reset_index(drop=True), "after", **ASK, rng=1)
    alone = kb.permutation_test(trial(1), "after", **ASK)
    assert found.row(contrast="T - C")["p"] == alone.row()["p"]
    assert found.row(contrast="T - C")["low"] == pytest.approx(alone.row()["low"])
    assert len(found.frame) == 2


def test_people_without_a_value_are_in_the_ledger():
    data = trial(1, sizes=(6, 6), strata=2)
    data.loc[0, "after"] = np.nan
    data.loc[1, "site"] = None
    data.loc[2, "before"] = np.nan
    data.loc[11, "arm"] = None
    found = kb.permutation_test(
        data, "after", **ASK, baseline="before", strata="site", participant="id", visit="Week 8"
    )
    ledger = found.ledger.frame.set_index("participant")
    assert ledger.loc["P0", ["status", "reason"]].tolist() == ["missing", "no value at Week 8"]
    assert ledger.loc["P1", ["status", "reason"]].tolist() == ["dropped", '"site" missing']
    assert ledger.loc["P2", ["status", "reason"]].tolist() == ["dropped", '"before" missing']
    assert ledger.loc["P11", "status"] == "not randomised"
    assert found.row()["n"] == 8


def test_too_few_ways_leave_the_interval_open():
    found = kb.permutation_test(trial(1, sizes=(2, 2)), "after", **ASK)
    assert (found.row()["low"], found.row()["high"]) == (-np.inf, np.inf)
    assert "too few ways to randomise for a 95% interval" in found.notes[1]
    assert "−∞ to ∞" in found.sentence()


def test_what_is_said():
    found = kb.permutation_test(trial(1), "after", **ASK, baseline="before", visit="Week 8")
    assert found.method.startswith(
        "Arms were compared on after at Week 8 by a permutation test: people were re-randomised with outcomes and "
        "covariates as they are, and the statistic was the difference adjusted for before by least squares"
    )
    assert found.notes[0] == "T − C: all 126 ways to randomise were computed, so p is exact."
    assert kb.permutation_test(trial(1), "after", **ASK).primary == "mean_difference"
    assert str(found)


# ---- paired: sign flips ------------------------------------------------------------------------------------------


def paired(data, **more):
    ask = {"participant": "id", "visit": "visit", "baseline": "before", "followup": "after"}
    return kb.paired(reference.long(data), "score", **ask, **more)


def test_paired_by_sign_flips():
    found = paired(reference.data("sleep"), p_values="sign_flip")
    assert found.row()["p"] == pytest.approx(4 / 1024)
    assert np.isnan(found.row()["statistic"])
    assert found.row()["method"] == "paired t; sign flips, exact"
    assert "Sign flips: all 1024 were computed, so p is exact." in found.notes
    assert found.row()["low"] == pytest.approx(-2.459886, rel=tolerances.SEVEN_DIGITS)


def test_paired_by_drawn_sign_flips():
    data = pd.DataFrame({"id": range(40), "before": 0.0, "after": np.random.default_rng(3).normal(0.3, 1, 40)})
    with pytest.raises(PlanError, match=r"there are 2\^40 ways to flip the signs of 40 changes, and resamples=9999"):
        paired(data, p_values="sign_flip")
    found = paired(data, p_values="sign_flip", rng=5)
    t = paired(data, p_values=True).row()["p"]
    assert found.row()["p"] == pytest.approx(t, abs=0.02)
    assert any("of 9999 drawn at random have a mean change at least as large" in note for note in found.notes)


def test_sign_flips_do_not_depend_on_the_pieces(monkeypatch):
    from kbstudy.models import _changes

    change = np.random.default_rng(3).normal(0.3, 1, 12)
    whole = [sign_flips(change, 9999, None), sign_flips(change, 500, np.random.default_rng(1))]
    monkeypatch.setattr(_changes, "_AT_ONCE", 100)
    monkeypatch.setattr(resampling, "_AT_ONCE", 100)
    assert [sign_flips(change, 9999, None), sign_flips(change, 500, np.random.default_rng(1))] == whole


# ---- what is refused ---------------------------------------------------------------------------------------------


def test_many_ways_need_random_numbers():
    with pytest.raises(PlanError) as caught:
        kb.permutation_test(trial(1, sizes=(10, 10)), "after", **ASK)
    assert "there are 184,756 ways to randomise T and C, and permutations=9999 is less" in str(caught.value)
    assert "rng=20240501" in str(caught.value)


def test_everything_that_is_wrong_with_the_question_at_once():
    with pytest.raises(PlanError) as caught:
        kb.permutation_test(
            trial(1), "afer", arm="arm", reference="c", baseline="before", strata="before", permutations=9, rng="x"
        )
    text = str(caught.value)
    for part in ('did you mean "after"', 'did you mean "C"', '"before" is asked for', "permutations=9", "rng='x'"):
        assert part in text


def test_a_cluster_in_two_arms():
    data = trial(1).assign(clinic=["a"] * 3 + ["b"] * 3 + ["c"] * 3)
    with pytest.raises(DataError) as caught:
        kb.permutation_test(data, "after", **ASK, cluster="clinic")
    assert 'cluster "b" has several: C and T' in str(caught.value)


def test_a_cluster_in_two_strata():
    data = trial(1, sizes=(4, 4), strata=2).assign(clinic=list("aabbccdd"))
    with pytest.raises(DataError, match='cluster "a" has several: s0 and s1'):
        kb.permutation_test(data, "after", **ASK, cluster="clinic", strata="site")


def test_strata_that_leave_one_way():
    data = trial(1).assign(site=["x"] * 5 + ["y"] * 4)
    with pytest.raises(FitError, match="aliased"):
        kb.permutation_test(data, "after", **ASK, strata="site")


def test_clusters_that_leave_one_way():
    data = trial(1).assign(clinic=["k"] * 5 + ["l"] * 4)
    found = kb.permutation_test(data, "after", **ASK, cluster="clinic")
    assert found.row()["p"] == 1.0
    assert "all 2 ways" in found.notes[0]
