"""GEE: against R, who is in, what is refused, and what must hold exactly."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from kbstudy.errors import DataError, FitError, PlanError, SmallSample
from kbstudy.models.estimating_equations import gee
from tests import reference, tolerances

ARMS = {"gee_binary": ["Usual care", "Kettlebell"], "gee_count": ["Usual care", "Balance", "Strength"]}
CASES = {
    "interaction": ("gee_binary", "free ~ arm * week + before", {"family": "logistic"}),
    "sites": ("gee_binary", "free ~ arm + site + before", {"family": "logistic"}),
    "sites_90": ("gee_binary", "free ~ arm + site + before", {"family": "logistic", "level": 0.9}),
    "rates": ("gee_count", "falls ~ arm + age", {"family": "poisson", "exposure": "months"}),
    "counts": ("gee_count", "falls ~ arm + week", {"family": "poisson"}),
}
CORRELATIONS = ["independence", "exchangeable"]
NEAR = {
    "estimate": tolerances.ESTIMATE,
    "se": tolerances.SE,
    "df": tolerances.DF,
    "statistic": tolerances.STATISTIC,
    "p": tolerances.P,
    "low": tolerances.LIMIT,
    "high": tolerances.LIMIT,
}


def table(folder="gee_binary"):
    return reference.data(folder).astype({"arm": pd.CategoricalDtype(ARMS[folder])})


def ours(case, **changes):
    folder, formula, asked = CASES[case]
    return gee(table(folder), formula, **{"participant": "id", "visit": "week", **asked, **changes})


def fit(data, formula="free ~ arm + before", **changes):
    return gee(data, formula, **{"participant": "id", "family": "logistic", **changes})


def falls(data, formula="falls ~ arm + age", **changes):
    return gee(data, formula, **{"participant": "id", "family": "poisson", "exposure": "months", **changes})


def coefficients(found):
    return found.frame[~found.frame["term"].str.contains("_ratio: ")].reset_index(drop=True)


def numbers(found, columns=tuple(NEAR)):
    return coefficients(found)[list(columns)].to_numpy(dtype="float64")


# ---- R -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("correlation", CORRELATIONS)
@pytest.mark.parametrize("case", CASES)
def test_every_number_of_r(case, correlation):
    source = reference.numbers(CASES[case][0], "gee")[case]
    found = ours(case, correlation=correlation)
    rows = coefficients(found)
    names = [name.replace("[T.", "").replace("]", "").replace("Intercept", "(Intercept)") for name in rows["term"]]
    assert names == source[correlation]["columns"]
    for i, row in enumerate(source[correlation]["rows"]):
        for column, near in NEAR.items():
            assert rows.loc[i, column] == pytest.approx(row[column], rel=near), (i, column)
    assert set(rows["n"]) == {source["participants"]} == {len(found.ledger.ids("analysed"))}
    assert len(found.fit.model.endog) == source["observations"]


@pytest.mark.parametrize("correlation", CORRELATIONS)
@pytest.mark.parametrize("case", CASES)
def test_the_sandwich_without_correction_is_that_of_geepack(case, correlation):
    source = reference.numbers(CASES[case][0], "gee")[case][correlation]
    found = ours(case, correlation=correlation)
    scale = np.asarray(found.fit.params) / coefficients(found)["estimate"].to_numpy()
    assert found.fit.standard_errors("robust") / scale == pytest.approx(source["robust_se"], rel=tolerances.SE)


@pytest.mark.parametrize("case", CASES)
def test_the_correlation_is_that_of_the_package_gee(case):
    source = reference.numbers(CASES[case][0], "gee")[case]["exchangeable"]
    alpha = ours(case).fit.model.cov_struct.dep_params
    assert alpha == pytest.approx(source["alpha"], rel=tolerances.ESTIMATE)
    # geepack divides by the numbers of pairs and rows themselves; its answer is another, and near.
    assert alpha != pytest.approx(source["geepack_alpha"], rel=1e-3)
    assert numbers(ours(case), ["estimate"]).ravel() == pytest.approx(source["geepack_estimate"], abs=0.01)


# ---- what must hold exactly --------------------------------------------------------------------------------------


@pytest.mark.parametrize("correlation", CORRELATIONS)
def test_one_row_a_participant_has_the_estimates_of_a_glm(correlation):
    from statsmodels.api import GLM, families

    data = table().query("week == 8").dropna()
    found = fit(data, correlation=correlation)
    x = np.column_stack([np.ones(len(data)), data["arm"] == "Kettlebell", data["before"]])
    glm = GLM(data["free"], x, family=families.Binomial()).fit(tol=1e-12)
    assert numbers(found, ["estimate"]).ravel() == pytest.approx(np.asarray(glm.params), rel=tolerances.IDENTITY)
    assert "one each, so that there is no correlation to estimate" in found.method


@pytest.mark.parametrize("case", CASES)
def test_the_order_of_rows_changes_nothing(case):
    folder, formula, asked = CASES[case]
    one = ours(case)
    other = gee(table(folder)[::-1], formula, participant="id", visit="week", **asked)
    assert numbers(other) == pytest.approx(numbers(one), rel=tolerances.IDENTITY)
    assert list(other.frame["term"]) == list(one.frame["term"])


def test_ratios_are_the_exponentials_with_the_test_of_their_coefficient():
    found = ours("interaction")
    ratios = found.frame[found.frame["term"].str.startswith("odds_ratio: ")]
    rest = coefficients(found).iloc[1:]
    assert [term.removeprefix("odds_ratio: ") for term in ratios["term"]] == rest["term"].tolist()
    for column in ("estimate", "low", "high"):
        assert ratios[column].to_numpy() == pytest.approx(np.exp(rest[column].to_numpy()))
    for column in ("df", "statistic", "p"):
        assert ratios[column].tolist() == rest[column].tolist()
    assert ratios["se"].isna().all()
    assert falls(table("gee_count")).frame["term"].str.startswith("rate_ratio: ").sum() == 3


def test_the_unit_of_a_column_changes_its_coefficient_only():
    data = table()
    metres, nano = fit(data), fit(data.assign(before=data["before"] * 1e9))
    assert numbers(nano, ["statistic", "p"]) == pytest.approx(numbers(metres, ["statistic", "p"]), rel=1e-7)
    assert numbers(nano, ["estimate"])[-1] * 1e9 == pytest.approx(numbers(metres, ["estimate"])[-1], rel=1e-7)


def test_the_unit_of_the_exposure_moves_the_intercept_only():
    data = table("gee_count")
    months, years = falls(data), falls(data.assign(months=data["months"] / 12))
    assert numbers(years, ["estimate"])[1:] == pytest.approx(numbers(months, ["estimate"])[1:], rel=1e-7)
    assert numbers(years, ["estimate"])[0] == pytest.approx(numbers(months, ["estimate"])[0] + np.log(12), rel=1e-7)


@pytest.mark.parametrize("kind", ["bool", "boolean", "object"])
def test_booleans_are_outcomes(kind):
    data = table().dropna()
    truths = (data["free"] == 1).astype(kind)
    assert numbers(fit(data.assign(free=truths))) == pytest.approx(numbers(fit(data)))
    if kind != "bool":
        truths.iloc[3] = None
        assert numbers(fit(data.assign(free=truths))) == pytest.approx(numbers(fit(data.drop(data.index[3]))))


def test_reference_is_the_first_declared_category_else_the_first_in_order():
    assert "arm[T.Kettlebell]" in set(fit(table()).frame["term"])
    sorted_ = fit(reference.data("gee_binary"))
    assert "arm[T.Usual care]" in set(sorted_.frame["term"])
    assert 'Reference of arm: "Kettlebell".' in sorted_.notes
    declared, text = coefficients(fit(table())), coefficients(sorted_)
    assert text.loc[1, "estimate"] == pytest.approx(-declared.loc[1, "estimate"], rel=1e-7)


def test_text_columns_of_any_kind_are_the_same():
    data = reference.data("gee_binary")
    for kind in ("object", "string", "str", "category"):
        assert numbers(fit(data.astype({"arm": kind}))) == pytest.approx(numbers(fit(data)))
    smoker = data.assign(smoker=data["id"] > "B16")
    assert "smoker[T.True]" in set(fit(smoker, "free ~ smoker").frame["term"])


def test_formulas_with_functions_categories_and_awkward_names():
    data = table().rename(columns={"before": "pain (0-10)"})
    found = fit(data, "free ~ C(week) + np.log(`pain (0-10)` + 1)")
    assert coefficients(found)["term"].tolist() == [
        "Intercept", "C(week)[T.8]", "C(week)[T.12]", "C(week)[T.26]", "np.log(`pain (0-10)` + 1)",
    ]  # fmt: skip
    # A function that learns from the data still has its column accounted for.
    assert fit(table(), "free ~ poly(before, 2)").ledger.ids("dropped") == ["B11"]


# ---- words -------------------------------------------------------------------------------------------------------


def test_methods_say_what_it_is():
    found = ours("rates")
    for part in (
        "population-averaged (marginal) Poisson regression",
        "falls ~ arm + age (log link, offset log(months); a coefficient is a log rate ratio)",
        "111 observations of 30 participants",
        "exchangeable working correlation, estimated as 0.440",
        "Mancl and DeRouen",
        "t with participants − coefficients = 30 − 4 = 26 degrees of freedom",
    ):
        assert part in found.method
    assert set(found.frame["method"]) == {"GEE Poisson, exchangeable, Mancl-DeRouen, t(n − p)"}
    assert "Liang" in found.methods()
    assert "independence working correlation" in ours("rates", correlation="independence").method


def test_notes_say_what_to_mind():
    notes = " ".join(ours("interaction").notes)
    for part in (
        "closer to 1 than those of a model with a random intercept",
        "ratio of odds ratios",
        "113 of 127 rows and 30 of 32 participants",
        "approximate below 40",
        'Reference of arm: "Usual care".',
    ):
        assert part in notes


def test_a_single_ratio_is_the_answer():
    found = fit(table(), "free ~ arm")
    assert found.primary == "odds_ratio: arm[T.Kettlebell]"
    assert found.row()["estimate"] > 0
    assert "odds ratio: arm[T.Kettlebell]" in found.sentence()
    assert fit(table(), "free ~ arm + week").primary == ""
    assert fit(table(), "free ~ 1").frame["term"].tolist() == ["Intercept"]


def test_few_participants_are_told_to_the_caller():
    data = table()
    few = data[data["id"].isin(sorted(set(data["id"]))[:12])]
    with pytest.warns(SmallSample) as caught:
        found = fit(few, "free ~ arm")
    assert caught[0].filename == __file__
    text = str(caught[0].message)
    assert 'Fewer than 10 participants: arm "Usual care" (6), arm "Kettlebell" (6).' in text
    assert text in found.notes
    with pytest.warns(SmallSample, match="Participants minus coefficients is 7, below 10"):
        fit(few[few["id"] != "B12"], "free ~ before + week", correlation="independence")


# ---- who is in ---------------------------------------------------------------------------------------------------


def test_nobody_is_lost_without_a_reason():
    data = table()
    ledger = fit(data, visit="week").ledger.frame.set_index("participant")
    assert sorted(ledger.index) == sorted(set(data["id"]))
    for person, rows in data.groupby("id"):
        complete = rows.dropna(subset=["free", "before"])
        told = ledger.loc[person, "status"]
        assert told == ("analysed" if len(complete) else "missing" if rows["free"].isna().all() else "dropped")
        assert (ledger.loc[person, "reason"] == "") == (len(complete) == 4), person
    assert ledger.loc["B20", ["status", "reason"]].tolist()[0] == "missing"
    assert "rows without a value of before" in ledger.loc["B11", "reason"]


def test_reasons_count_rows_and_name_visits():
    data = table()
    data = data[~((data["id"] == "B01") & (data["week"] == 26))]
    data.loc[data["id"].isin(["B01", "B02"]), ["free", "before"]] = [1.0, 5.0]
    data.loc[(data["id"] == "B01") & (data["week"] == 4), ["free", "before"]] = np.nan
    data.loc[(data["id"] == "B02") & (data["week"] == 8), "free"] = np.nan
    reasons = fit(data, visit="week").ledger.frame.set_index("participant")["reason"]
    assert reasons["B01"] == "1 of 3 rows without a value of free and before (week 4); no row for week 26"
    assert reasons["B02"] == "1 of 4 rows without a value of free (week 8)"
    assert fit(data).ledger.frame.set_index("participant").loc["B02", "reason"] == "1 of 4 rows without a value of free"


def test_a_row_without_exposure_is_told():
    data = table("gee_count")
    person = data.loc[data["months"].isna(), "id"].iloc[0]
    reasons = falls(data).ledger.frame.set_index("participant")["reason"]
    assert "without a value of months" in reasons[person]


# ---- what is refused: the question -------------------------------------------------------------------------------


def test_everything_that_is_wrong_with_the_question_at_once():
    with pytest.raises(PlanError) as caught:
        fit(table(), "fre ~ amr", family="poison", correlation="ar1", visit="wek", exposure="hours", level=2)
    text = str(caught.value)
    for part in (
        'did you mean "free"', 'did you mean "arm"', 'did you mean "poisson"', 'did you mean "week"', '"hours"',
        'correlation="ar1" is not offered', "a missed visit would shift", "level=2",
    ):  # fmt: skip
        assert part in text


@pytest.mark.parametrize("formula", ["free ~ arm + (1 | id)", "free ~ arm + (week|id)"])
def test_a_random_effect_is_another_model(formula):
    with pytest.raises(PlanError, match="closer to 1 than those of a random-intercept model") as caught:
        fit(table(), formula)
    assert "no GLMM" in str(caught.value)


@pytest.mark.parametrize(
    ("formula", "message"),
    [
        ("free ~ 0 + arm", "takes the intercept away"),
        ("free ~ arm - 1", "takes the intercept away"),
        ("arm + before", "no single column as its outcome"),
        ("np.log(free) ~ arm", "no single column as its outcome"),
        ("free + week ~ arm", "no single column as its outcome"),
        ("free ~ arm +* week", "cannot be read: Operator"),
        ("free ~ arm + nothing(week)", "cannot be read: .*nothing"),
        ("free ~ arm + C(week kind)", "cannot be read"),
        ("free ~ id", 'asked for as formula variable and participant'),
        ("free ~ free", 'asked for as formula outcome and formula variable'),
        (3, "formula is a int"),
    ],
)  # fmt: skip
def test_formulas_that_cannot_be_used(formula, message):
    with pytest.raises(PlanError, match=message) as caught:
        fit(table(), formula)
    assert "\x1b" not in str(caught.value)


def test_exposure_is_for_counts():
    with pytest.raises(PlanError, match='exposure="week" with family="logistic"'):
        fit(table(), exposure="week")


def test_data_must_be_a_frame():
    with pytest.raises(PlanError, match="data is a list"):
        fit([1, 2])


# ---- what is refused: the data -----------------------------------------------------------------------------------


def test_everything_that_is_wrong_with_counts_at_once():
    data = table("gee_count").astype({"falls": "float64", "age": "float64"})
    data.loc[[3, 5], "falls"] = [-1, 1.5]
    data.loc[7, "months"] = 0
    data.loc[9, "age"] = np.inf
    with pytest.raises(DataError) as caught:
        falls(data, visit="week")
    text = str(caught.value)
    for row, said in ((3, "-1 found"), (5, "1.5 found"), (7, "0 found")):
        place = f"(participant {data.loc[row, 'id']}, visit {data.loc[row, 'week']}): {said}"
        assert place in text
    assert "inf found" in text
    assert "above 0" in text


def test_an_outcome_that_is_not_binary():
    data = table()
    data.loc[4, "free"] = 0.5
    with pytest.raises(DataError, match=f"participant {data.loc[4, 'id']}.*0.5 found"):
        fit(data)
    with pytest.raises(DataError, match='column "free": 2 found in 46 rows') as caught:
        fit(data.assign(free=table()["free"] + 1))
    assert len(caught.value.problems) == 1
    with pytest.raises(DataError, match='not numbers: "yes", "no"'):
        fit(data.assign(free=table()["free"].map({1: "yes", 0: "no"})))
    with pytest.raises(DataError, match="numbers stored as"):
        fit(data.astype({"before": "str"}))


def test_rows_without_a_person_or_a_visit_and_visits_twice():
    data = table()
    again = pd.concat([data, data.iloc[[7]]], ignore_index=True)
    again.loc[0, "id"], again.loc[2, "week"] = None, np.nan
    with pytest.raises(DataError) as caught:
        fit(again, visit="week")
    text = str(caught.value)
    for part in ("no participant in data row 1", f"{data.loc[2, 'id']}): a row without a visit", "2 rows"):
        assert part in text


def test_a_transformation_without_a_value():
    with pytest.raises(DataError, match=r"np.log\(week - 4\).*not a finite number in \d+ rows"):
        fit(table(), "free ~ arm + np.log(week - 4)")


# ---- what is refused: the fit ------------------------------------------------------------------------------------


def test_nothing_left_and_nothing_that_varies():
    with pytest.raises(FitError, match="none of 127 rows .*before in 127"):
        fit(table().assign(before=np.nan))
    with pytest.raises(FitError, match="all 127 values are 1: nothing varies"):
        fit(table().assign(free=1), "free ~ arm")


def test_a_category_that_lost_its_rows_is_named():
    data = table()
    data["arm"] = data["arm"].cat.add_categories("Yoga")
    with pytest.raises(FitError, match='column "arm": no row of "Yoga" is left'):
        fit(data)
    text = reference.data("gee_binary")
    text.loc[text["site"] == "north", "free"] = np.nan
    with pytest.raises(FitError, match='column "site": no row of "north" is left'):
        fit(text, "free ~ site")


def test_redundant_columns_are_named():
    data = table().assign(again=lambda d: 2 * d["before"] + 1, nothing=0.0)
    with pytest.raises(FitError, match="rank deficient") as caught:
        fit(data, "free ~ before + again + nothing")
    assert [problem.column for problem in caught.value.problems] == ["nothing", "again"]


def test_too_few_participants():
    data = table()
    with pytest.raises(FitError, match="3 participants cannot carry 3 coefficients"):
        fit(data[data["id"].isin(["B01", "B02", "B03"])])


def test_too_few_pairs_for_a_correlation():
    data = table().dropna().sort_values(["id", "week"])
    one = data.drop_duplicates("id")
    more = pd.concat([one, data[data["id"].isin(["B01", "B02"])].drop_duplicates("id", keep="last")])
    with pytest.raises(FitError, match="2 pairs of rows within participants cannot tell a correlation"):
        fit(more)
    assert len(fit(more, correlation="independence").fit.model.endog) == len(more)


def test_a_correlation_that_cannot_be():
    data = pd.DataFrame({"id": np.repeat(np.arange(30), 2), "y": np.tile([0, 1], 30)})
    data["x"] = np.repeat(np.tile([0.0, 1.0, 2.0], 10), 2)
    with pytest.raises(FitError, match=r"exchangeable correlation came out as −1\.036, impossible between 2 rows"):
        fit(data, "y ~ x")


def test_a_person_who_alone_determines_a_coefficient():
    data = reference.data("gee_binary")
    data.loc[data["id"] == "B03", "site"] = "west"
    with pytest.raises(FitError, match=r'alone determines "site\[T.west\]"; nobody else has site "west"') as caught:
        fit(data, "free ~ site")
    assert caught.value.problems[0].participant == "B03"


def test_an_empty_cell_is_named_with_what_its_rows_share():
    with pytest.raises(FitError) as caught:
        fit(reference.data("gee_binary"), "free ~ arm * C(week)")
    text = str(caught.value)
    assert '14 of 116 rows with arm "Usual care", week "26" are predicted with certainty (14 with free = 0)' in text
    assert caught.value.problems[0].column == "arm[T.Usual care]:C(week)[T.26]"


def test_complete_and_quasi_separation_by_a_number():
    data = table().dropna()
    data["sure"] = 10 * data["free"] + np.arange(len(data)) / len(data)
    with pytest.raises(FitError, match='separation: .* no finite coefficient exists for "sure"'):
        fit(data, "free ~ sure")
    data["touching"] = np.where(np.arange(len(data)) % 5, data["free"], 0.5)
    with pytest.raises(FitError, match='separation: .* no finite coefficient exists for "touching"'):
        fit(data, "free ~ arm + touching")


@pytest.mark.parametrize("arm", ["Balance", "Usual care"])
def test_an_arm_without_counts(arm):
    data = table("gee_count")
    data.loc[data["arm"] == arm, "falls"] = 0
    with pytest.raises(FitError, match=f'separation: (39|40) of .* rows with arm "{arm}" .*falls = 0'):
        falls(data)


@pytest.mark.parametrize("correlation", CORRELATIONS)
def test_an_outcome_computed_from_a_column(correlation):
    data = table("gee_count").assign(falls=lambda d: np.where(d["arm"] == "Balance", 2, 4))
    with pytest.raises(FitError, match="Perfect separation or prediction .*") as caught:
        falls(data, "falls ~ arm", exposure=None, correlation=correlation)
    assert "not computed from a column" in str(caught.value)


def test_a_certain_prediction_from_an_outlier():
    data = table().dropna().reset_index(drop=True)
    rng = np.random.default_rng(1)
    data["x"] = rng.normal(0, 1, len(data))
    data["free"] = (rng.random(len(data)) < 1 / (1 + np.exp(-data["x"]))).astype(int)
    data.loc[5, ["x", "free"]] = [200.0, 1]
    with pytest.raises(FitError, match='column "x": fitted probabilities came out as 0 or 1'):
        fit(data, "free ~ x + arm")


def test_a_fit_that_does_not_converge_is_an_error(monkeypatch):
    from statsmodels.genmod.generalized_estimating_equations import GEE

    patient = GEE.fit
    monkeypatch.setattr(GEE, "fit", lambda self, **asked: patient(self, **{**asked, "maxiter": 2}))
    with pytest.raises(FitError, match="did not converge .*Iteration limit"):
        fit(table())


def test_singular_equations_are_an_error(monkeypatch):
    from statsmodels.genmod.generalized_estimating_equations import GEE
    from statsmodels.tools.sm_exceptions import ConvergenceWarning

    def fails(self, **asked):
        import warnings

        warnings.warn("Singular matrix", ConvergenceWarning, stacklevel=2)

    monkeypatch.setattr(GEE, "fit", fails)
    with pytest.raises(FitError, match="did not converge .*Singular matrix") as caught:
        fit(table())
    assert 'correlation="independence"' in str(caught.value)
