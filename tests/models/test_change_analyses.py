"""Change, follow-up and ANCOVA side by side: R's numbers, the identity that ties them, what is said and refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import kbstudy as kb
from kbstudy.errors import FitError, PlanError, SmallSample
from tests import reference, tolerances

ASK = {"baseline": "before", "arm": "arm", "reference": "Usual care", "participant": "id"}
TERMS = ["adjusted_difference", "difference_in_change", "difference_at_followup"]
NEAR = {
    "estimate": tolerances.ESTIMATE,
    "se": tolerances.SE,
    "df": tolerances.SE,
    "p": tolerances.P,
    "low": tolerances.LIMIT,
    "high": tolerances.LIMIT,
}


def table():
    return reference.data("trial_arms")


def compared(data, **changes):
    return kb.compare_analyses(data, "after", **{**ASK, **changes})


# ---- against R ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("arm", ["Kettlebell", "Walking"])
@pytest.mark.parametrize("term", TERMS)
@pytest.mark.parametrize("variances", ["equal", "unequal"])
def test_every_number_of_r(variances, term, arm):
    """``lm`` and ``t.test``; the ANCOVA with unequal variances is clubSandwich's CR2 and Satterthwaite."""
    source = reference.numbers("change", "numbers")[variances][term][arm]
    row = compared(table(), variances=variances).row(term, contrast=f"{arm} - Usual care")
    for column, near in NEAR.items():
        assert row[column] == pytest.approx(source[column], rel=near), column


@pytest.mark.parametrize("arm", ["Kettlebell", "Walking"])
@pytest.mark.parametrize("term", ["hedges_g_change", "hedges_g_followup"])
def test_effect_sizes_of_r(term, arm):
    source = reference.numbers("change", "numbers")[term][arm]
    row = compared(table(), effect_sizes=True).row(term, contrast=f"{arm} - Usual care")
    assert row["estimate"] == pytest.approx(source["estimate"], rel=tolerances.ESTIMATE)
    assert [row["low"], row["high"]] == pytest.approx([source["low"], source["high"]], rel=tolerances.NONCENTRAL)


def test_the_ancova_is_kb_ancova():
    for robust, variances in ((None, "equal"), ("HC2_BM", "unequal")):
        ancova = kb.ancova(table(), "after", **ASK, covariates=["age", "site"], robust=robust)
        beside = compared(table(), covariates=["age", "site"], variances=variances)
        columns = ["estimate", "se", "df", "statistic", "p", "low", "high"]
        ours = beside.rows("adjusted_difference")[columns].to_numpy(dtype="float64")
        theirs = ancova.rows("adjusted_difference")[columns].to_numpy(dtype="float64")
        assert ours == pytest.approx(theirs, rel=tolerances.IDENTITY)


# ---- what must hold exactly --------------------------------------------------------------------------------------


@pytest.mark.parametrize("covariates", [(), ("age", "site")])
def test_the_three_are_one_formula_with_slope_0_1_and_the_slope_of_the_data(covariates):
    found = compared(table(), covariates=covariates)
    people = found.points.assign(after=lambda d: d["followup"])
    data = table().set_index("id").loc[people["participant"]].reset_index()
    # The difference at baseline and the slope, by other means than the code's: residuals on arms and covariates.
    columns = [data["arm"].eq(arm).astype("float64") for arm in ("Usual care", "Kettlebell", "Walking")]
    columns += [data["age"]] if covariates else []
    columns += [data["site"].eq(site).astype("float64") for site in sorted(set(data["site"]))[1:]] if covariates else []
    x = np.column_stack(columns)
    before, after = data["before"].to_numpy(), data["after"].to_numpy()
    start = np.linalg.lstsq(x, before, rcond=None)[0]
    left = before - x @ start
    slope = (left @ after) / (left @ left)
    for i, arm in enumerate(("Kettlebell", "Walking"), start=1):
        adjusted, change, followup = (found.row(t, contrast=f"{arm} - Usual care")["estimate"] for t in TERMS)
        difference = start[i] - start[0]
        assert change == pytest.approx(followup - 1 * difference, rel=tolerances.IDENTITY)
        assert adjusted == pytest.approx(followup - slope * difference, rel=tolerances.IDENTITY)
        assert f"the arms differed by {difference:.2f}".replace("-", "−") in found.notes[i - 1]
        assert f"takes off {slope:.2f} of it" in found.notes[i - 1]


def test_equal_baselines_leave_nothing_to_choose():
    before = [3.0, 4, 5, 6, 7, 4, 5, 6]
    rng = np.random.default_rng(5)
    data = pd.DataFrame({"arm": ["A"] * 8 + ["B"] * 8, "before": before * 2, "after": rng.normal(4, 1, 16)})
    found = kb.compare_analyses(data, "after", baseline="before", arm="arm", reference="A")
    assert found.frame["estimate"].to_numpy() == pytest.approx(found.row()["estimate"], rel=tolerances.IDENTITY)


def test_lords_paradox():
    """Two dining halls, nobody's mean weight changes (Lord 1967): no change, and yet a difference at equal start."""
    rng = np.random.default_rng(1967)
    person = np.concatenate([rng.normal(55, 6, 200), rng.normal(75, 6, 200)])
    data = pd.DataFrame({"hall": ["X"] * 200 + ["Y"] * 200, "september": person + rng.normal(0, 4, 400)})
    data["june"] = person + rng.normal(0, 4, 400)
    found = kb.compare_analyses(data, "june", baseline="september", arm="hall", reference="X", randomised=False)
    change, ancova = found.row("difference_in_change"), found.row("adjusted_difference")
    assert change["low"] < 0 < change["high"]
    assert ancova["low"] > 3
    assert "People were not randomised: then the three answer different questions" in found.notes[1]


@settings(max_examples=20, deadline=None)
@given(st.sampled_from(["equal", "unequal"]), st.floats(-50, 50), st.sampled_from([0.1, 3.0, 1000.0]))
def test_shift_and_scale(variances, shift, scale):
    """Both visits in another unit: every difference scales, statistics stay."""
    plain = compared(table(), variances=variances).frame
    data = table().assign(
        before=lambda d: scale * d["before"] + shift * scale, after=lambda d: scale * d["after"] + shift * scale
    )
    moved = compared(data, variances=variances).frame
    for column in ("estimate", "se", "low", "high"):
        assert moved[column].to_numpy() == pytest.approx(scale * plain[column].to_numpy(), rel=1e-7, abs=1e-9 * scale)
    assert moved["df"].to_numpy() == pytest.approx(plain["df"].to_numpy(), rel=tolerances.IDENTITY)


@pytest.mark.parametrize("variances", ["equal", "unequal"])
def test_another_reference_flips_the_sign(variances):
    there, back = compared(table(), variances=variances), compared(table(), variances=variances, reference="Walking")
    for term in TERMS:
        one, other = there.row(term, "Walking - Usual care"), back.row(term, "Usual care - Walking")
        assert one["estimate"] == pytest.approx(-other["estimate"], rel=tolerances.IDENTITY)
        assert one["low"] == pytest.approx(-other["high"], rel=tolerances.IDENTITY)
        assert one["df"] == pytest.approx(other["df"], rel=tolerances.IDENTITY)


def test_the_same_people_are_in_all_three():
    found = compared(table())
    assert len(found.ledger.ids()) == len(table())
    both = table().dropna(subset=["before", "after"])
    assert sorted(found.ledger.ids("analysed")) == sorted(both["id"]) == sorted(found.points["participant"])
    assert found.frame.groupby("contrast")["n"].nunique().eq(1).all()
    assert f"{len(both)} of {len(table())} people" in found.notes[-1]


# ---- what is said ------------------------------------------------------------------------------------------------


def test_why_they_differ_in_the_numbers_of_these_data():
    found = compared(table(), randomised=True, visit="Week 8")
    assert found.notes[0] == (
        "Kettlebell − Usual care: at baseline the arms differed by −0.14, and within arms people who started 1 higher "
        "ended 0.83 higher. The comparison at follow-up (−1.42) takes off nothing of that baseline difference, the "
        "difference in change (−1.28) all of it, and the ANCOVA (−1.30) takes off 0.83 of it, the part that lasts, "
        "because the rest is regression to the mean. Nothing else sets the three apart (Lord's paradox)."
    )
    assert found.notes[2].startswith("In a randomised trial all three estimate the same effect")
    assert found.sentence("difference_in_change", "Kettlebell - Usual care") == (
        "after at Week 8 (Kettlebell − Usual care): difference in change −1.28 (95% CI −2.55 to −0.01; t(43) = −2.03; "
        "p = 0.048; n = 32)."
    )
    assert "10.1037/h0025105" in found.methods()


def test_a_slope_beyond_one_is_not_called_regression_to_the_mean():
    rng = np.random.default_rng(2)
    before = rng.normal(5, 1, 20)
    data = pd.DataFrame({"arm": ["A", "B"] * 10, "before": before, "after": 2 * before + rng.normal(0, 0.3, 20)})
    note = kb.compare_analyses(data, "after", baseline="before", arm="arm", reference="A").notes[0]
    assert "times it, the slope in these data" in note
    assert "regression to the mean" not in note


def test_nobody_said_whether_people_were_randomised():
    assert any(note.startswith("Nobody said that people were randomised") for note in compared(table()).notes)


def test_the_plot_shows_all_three(tmp_path):
    axes = compared(table()).plot()
    assert len(axes.get_yticks()) == 6
    axes.figure.savefig(tmp_path / "three.png")


# ---- what is refused ---------------------------------------------------------------------------------------------


def test_everything_that_is_wrong_with_the_question_at_once():
    with pytest.raises(PlanError) as caught:
        compared(table(), baseline="befor", variances="welch", randomised="yes", level=2)
    text = str(caught.value)
    for part in ('did you mean "before"', 'variances="welch"', "randomised='yes'", "level=2"):
        assert part in text


def test_changes_that_are_all_the_same():
    data = table().assign(before=lambda d: d["before"].round(), after=lambda d: d["before"] + 1)
    with pytest.raises(FitError, match="change in after.*nothing varies"):
        compared(data)


def test_small_arms_are_named():
    data = table().dropna()
    few = pd.concat([people.head(6) for _, people in data.groupby("arm")])
    with pytest.warns(SmallSample, match=r"Kettlebell \(6\)") as caught:
        compared(few)
    assert caught[0].filename == __file__
