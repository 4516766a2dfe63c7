"""ANCOVA: who is in, what is refused, and what must hold exactly."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kbstudy.errors import DataError, FitError, PlanError, SmallSample
from kbstudy.models import ancova
from tests import reference, tolerances

ASK = {"baseline": "before", "arm": "arm", "reference": "Usual care", "participant": "id"}
NUMBERS = ["estimate", "se", "df", "statistic", "p", "low", "high"]


def table():
    return reference.data("trial_arms")


def complete():
    return table().dropna().reset_index(drop=True)


def fit(data, **changes):
    return ancova(data, "after", **{**ASK, **changes})


def numbers(found, columns=NUMBERS):
    return found.frame[columns].to_numpy(dtype="float64")


# ---- who is in ---------------------------------------------------------------------------------------------------


def test_nobody_is_lost_without_a_reason():
    data = table()
    data.loc[data["id"] == "T03", "arm"] = None
    found = fit(data, covariates=["age", "site"], visit="Week 8")
    ledger = found.ledger.frame.set_index("participant")
    assert len(ledger) == len(data)
    assert ledger.loc["T03", ["status", "reason"]].tolist() == ["not randomised", 'no arm in column "arm"']
    for person, row in data.set_index("id").drop("T03").iterrows():
        reasons = [
            text
            for column, text in {
                "after": "no value at Week 8",
                "before": "no baseline value",
                "age": 'covariate "age" missing',
                "site": 'covariate "site" missing',
            }.items()
            if pd.isna(row[column])
        ]
        status = "analysed" if not reasons else "missing" if pd.isna(row["after"]) else "dropped"
        assert ledger.loc[person, ["status", "reason"]].tolist() == [status, "; ".join(reasons)]
    analysed = found.ledger.ids("analysed")
    assert found.points["participant"].tolist() == analysed
    assert any(f"{len(analysed)} of {len(data)} people" in note for note in found.notes)


def test_arms_come_as_declared_with_the_reference_first():
    data = table().astype({"arm": pd.CategoricalDtype(["Walking", "Usual care", "Kettlebell"])})
    found = fit(data)
    assert found.frame["arm"].dropna().tolist() == ["Usual care", "Walking", "Kettlebell"]
    assert found.compares == {
        "Walking - Usual care": ("Walking", "Usual care"),
        "Kettlebell - Usual care": ("Kettlebell", "Usual care"),
    }


def test_arms_that_are_numbers():
    data = complete().replace({"arm": {"Usual care": 10.0, "Kettlebell": 9.0, "Walking": 2.0}})
    found = fit(data, reference=9)
    assert found.frame["arm"].dropna().tolist() == ["9", "2", "10"]


def test_booleans_and_text_are_categories_and_said_so():
    data = complete().assign(smoker=lambda d: d.index % 3 == 0)
    found = fit(data, covariates="smoker")
    text = fit(data.astype({"smoker": "str"}), covariates=["smoker"])
    assert numbers(found) == pytest.approx(numbers(text))
    assert "smoker (categories)" in found.method
    assert any("smoker" in note and "equally" in note for note in found.notes)


def test_small_arms_are_named():
    data = complete()
    few = pd.concat([people.head(6) for _, people in data.groupby("arm")])
    with pytest.warns(SmallSample, match=r"Kettlebell \(6\)") as caught:
        found = fit(few)
    assert caught[0].filename == __file__
    assert any("Fewer than 8" in note for note in found.notes)


def test_the_index_names_people_without_an_id_column():
    found = fit(complete().set_index("id"), participant=None)
    assert found.ledger.ids() == complete()["id"].tolist()


# ---- what is refused ---------------------------------------------------------------------------------------------


def test_everything_that_is_wrong_with_the_question_at_once():
    with pytest.raises(PlanError) as caught:
        fit(table(), baseline="befor", reference="usual car", covariates=["age", "age"], robust="HC2", level=1.0)
    text = str(caught.value)
    for part in ('did you mean "before"', 'did you mean "Usual care"', '"age" is asked for', '"HC2"', "level=1"):
        assert part in text


def test_everything_that_is_wrong_with_the_data_at_once():
    data = pd.concat([complete(), complete().iloc[[0, 1]]], ignore_index=True)
    twice = data["id"].iloc[:2].tolist()
    data.loc[4, "before"] = -np.inf
    data["age"] = data["age"].astype("str")
    data["after"] = data["after"].astype("object")
    data.loc[6, "after"] = "n/a"
    with pytest.raises(DataError) as caught:
        fit(data, covariates=["age"])
    text = str(caught.value)
    for part in (*twice, "2 rows", "-inf found", 'not numbers: "n/a"', "numbers stored as"):
        assert part in text


def test_a_repeated_index_cannot_name_people():
    data = pd.concat([complete(), complete()])
    with pytest.raises(DataError, match="participant="):
        fit(data, participant=None)


def test_one_arm():
    with pytest.raises(FitError, match="only one arm"):
        fit(complete()[lambda d: d["arm"] == "Usual care"])


def test_an_arm_that_lost_its_people_is_named_with_the_reasons():
    data = complete()
    walking = data.index[data["arm"] == "Walking"]
    data.loc[walking[1:4], "after"] = np.nan
    data.loc[walking[4:], "before"] = np.nan
    with pytest.raises(FitError) as caught:
        fit(data, visit="Week 8")
    n = len(walking)
    assert f'arm "Walking": 1 of {n} left to analyse (no value at Week 8: 3; no baseline value: {n - 4})' in str(
        caught.value
    )


def test_a_declared_arm_without_people():
    data = complete().astype({"arm": pd.CategoricalDtype(["Usual care", "Kettlebell", "Walking", "Yoga"])})
    with pytest.raises(FitError, match='nobody is in arm "Yoga": it is a category that no row has'):
        fit(data)


def test_constant_and_aliased_covariates_are_named():
    data = complete().assign(country="NL", again=lambda d: 2 * d["before"] + 1)
    with pytest.raises(FitError, match="same for everybody") as caught:
        fit(data, covariates=["country"])
    assert caught.value.problems[0].column == "country"
    with pytest.raises(FitError, match="aliased") as caught:
        fit(data, covariates=["age", "again"])
    assert [problem.column for problem in caught.value.problems] == ["again"]


def test_a_covariate_that_is_the_arm():
    data = complete().assign(therapist=lambda d: d["arm"].map({"Usual care": "x", "Kettlebell": "y", "Walking": "x"}))
    with pytest.raises(FitError, match=r'"therapist".*aliased'):
        fit(data, covariates=["therapist"])


def test_no_residual_degrees_of_freedom():
    few = pd.concat([people.head(2) for _, people in complete().groupby("arm")])
    few["site"] = ["north", "south"] * 3
    with pytest.raises(FitError, match="no residual degrees of freedom"):
        fit(few, covariates=["age", "site"])


def test_outcomes_without_variation():
    with pytest.raises(FitError, match=r"values are 3: nothing varies"):
        fit(complete().assign(after=3.0))
    with pytest.raises(FitError, match="fits every value exactly"):
        fit(complete().assign(after=lambda d: d["before"] * 0.5 + (d["arm"] == "Walking")))


def test_hc3_needs_more_than_one_person_in_a_category():
    data = complete()
    data.loc[3, "site"] = "island"
    assert fit(data, covariates=["site"]).row(contrast="Walking - Usual care")["se"] > 0
    with pytest.raises(FitError, match=f"{data.loc[3, 'id']}.*leverage 1"):
        fit(data, covariates=["site"], robust="HC3")


def test_hc2_needs_more_than_one_person_in_a_category_too():
    data = complete()
    data.loc[3, "site"] = "island"
    with pytest.raises(FitError, match="alone determines a coefficient"):
        fit(data, covariates=["site"], robust="HC2_BM")


# ---- what must hold exactly --------------------------------------------------------------------------------------


def test_the_textbook_normal_equations():
    data = complete()
    found = fit(data)
    x = np.column_stack([np.ones(len(data)), data["arm"].eq("Kettlebell"), data["arm"].eq("Walking"), data["before"]])
    x = x.astype("float64")
    inverse = np.linalg.inv(x.T @ x)
    b = inverse @ x.T @ data["after"]
    rest = data["after"] - x @ b
    se = np.sqrt(inverse[1, 1] * (rest @ rest) / (len(data) - 4))
    row = found.row(contrast="Kettlebell - Usual care")
    assert row["estimate"] == pytest.approx(b[1], rel=tolerances.IDENTITY)
    assert row["se"] == pytest.approx(se, rel=tolerances.IDENTITY)


def test_another_reference_flips_the_sign():
    there = fit(table()).row(contrast="Walking - Usual care")
    back = fit(table(), reference="Walking").row(contrast="Usual care - Walking")
    assert there["estimate"] == pytest.approx(-back["estimate"], rel=tolerances.IDENTITY)
    assert there["low"] == pytest.approx(-back["high"], rel=tolerances.IDENTITY)
    assert there["p"] == pytest.approx(back["p"], rel=tolerances.IDENTITY)


def test_other_names_of_arms_change_no_number():
    names = {"Usual care": "Z", "Kettlebell": "A", "Walking": "B"}
    found = fit(table().replace({"arm": names}), reference="Z")
    assert numbers(found) == pytest.approx(numbers(fit(table())), rel=tolerances.IDENTITY)


def test_change_as_outcome_gives_the_same_differences():
    data = complete().assign(change=lambda d: d["after"] - d["before"])
    found = ancova(data, "change", **ASK)
    plain = fit(data)
    columns = ["estimate", "se", "df", "low", "high"]
    ours, theirs = (each.contrasts[columns].to_numpy(dtype="float64") for each in (found, plain))
    assert ours == pytest.approx(theirs, rel=tolerances.IDENTITY)


def test_a_baseline_unrelated_to_arm_and_outcome_leaves_the_raw_means():
    """Every arm holds each outcome once at each baseline value: slope zero, adjusted means are means."""
    rows = [(arm, x, y + shift) for arm, shift in (("A", 0.0), ("B", 2.0)) for x in (1.0, 2, 3) for y in (4.0, 5, 9)]
    data = pd.DataFrame(rows, columns=["arm", "before", "after"])
    found = ancova(data, "after", baseline="before", arm="arm", reference="A")
    assert found.fit.params["before"] == pytest.approx(0, abs=1e-9)
    assert found.frame["estimate"].tolist() == pytest.approx([6, 8, 2], rel=tolerances.IDENTITY)


@settings(max_examples=25, deadline=None)
@given(st.floats(-1e4, 1e4), st.sampled_from([0.01, 0.5, 1000.0]), st.sampled_from([None, "HC3", "HC2_BM"]))
def test_shift_and_scale_of_the_outcome(shift, scale, robust):
    plain = fit(complete(), robust=robust, covariates=["site"])
    moved = fit(complete().assign(after=lambda d: d["after"] * scale + shift), robust=robust, covariates=["site"])
    mean = plain.frame["arm"].notna().to_numpy()[:, None]
    for column in ("estimate", "low", "high"):
        expected = numbers(plain, [column]) * scale + shift * mean
        assert numbers(moved, [column]) == pytest.approx(expected, rel=tolerances.IDENTITY, abs=1e-7)
    assert numbers(moved, ["se"]) == pytest.approx(numbers(plain, ["se"]) * scale, rel=tolerances.IDENTITY)
    assert moved.contrasts["p"].tolist() == pytest.approx(plain.contrasts["p"].tolist(), rel=1e-5)


@settings(max_examples=10, deadline=None)
@given(st.randoms(use_true_random=False), st.floats(-100, 100), st.sampled_from([0.1, 3.0]))
def test_row_order_and_units_of_covariates_do_not_matter(random, shift, scale):
    data = table()
    order = list(range(len(data)))
    random.shuffle(order)
    moved = data.iloc[order].assign(before=lambda d: d["before"] * scale + shift, age=lambda d: d["age"] / 12)
    plain = fit(data, covariates=["age", "site"])
    assert numbers(fit(moved, covariates=["age", "site"])) == pytest.approx(numbers(plain), rel=tolerances.IDENTITY)
