"""What a fitted mixed model shows: predictions, random effects, checks, the ledger, words; and what it refuses."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from kbstudy.errors import FitError, PlanError
from kbstudy.estimates import COLUMNS
from kbstudy.models.mixed import lmm, mmrm
from kbstudy.models.mixed.inference import DF_METHODS
from tests import tolerances
from tests.models.mixed import frame, gap

VISITS = ("w04", "w08", "w12")


def visits_model(data, **arguments):
    return mmrm(data, "y ~ base + arm * visit", participant="id", visit="visit", **arguments)


def slopes_model(data):
    return lmm(data, "y ~ base + arm * week + (week | id)")


def crossed_model(data):
    return lmm(data, "y ~ base + arm * visit + (1 | clinic) + (1 | id)")


MAKERS = {"visits": visits_model, "slopes": slopes_model, "crossed": crossed_model}


@cache
def fit_of(kind):
    return MAKERS[kind](frame("mixed_arms"))


# ---- predictions -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", MAKERS)
def test_population_is_x_beta(kind):
    fit = fit_of(kind)
    beta = fit.coefficients.frame["estimate"].to_numpy()
    found = fit.predict()
    assert found.name == "predicted"
    assert found.index.tolist() == fit.data["row"].tolist()
    assert len(found) == len(frame("mixed_arms")) > len(fit.y)
    assert gap(found[fit.observed], fit.x @ beta) < tolerances.IDENTITY
    assert gap(fit.predict(data=frame("mixed_arms")), found) < tolerances.IDENTITY


def test_population_of_new_rows():
    fit = fit_of("visits")
    rows = pd.DataFrame(
        {"base": [40.0, 50.0], "arm": ["Walking", "Usual care"], "visit": ["w12", "w04"]}, index=["x", "y"]
    )
    found = fit.predict(data=rows)
    assert found.index.tolist() == ["x", "y"]
    means = fit.means("arm", by="visit", at={"base": 40}).frame.set_index(["arm", "visit"])["estimate"]
    assert gap(found["x"], means["Walking", "w12"]) < tolerances.IDENTITY
    means = fit.means("arm", by="visit", at={"base": 50}).frame.set_index(["arm", "visit"])["estimate"]
    assert gap(found["y"], means["Usual care", "w04"]) < tolerances.IDENTITY
    assert fit.predict(data=rows.assign(base=np.nan)).isna().all()
    assert fit.predict(data=rows.iloc[:0]).empty


def test_a_level_that_the_model_has_not_seen():
    rows = frame("mixed_arms").head(4).assign(arm=["Yoga", "Walking", "Dance", "Yoga"])
    with pytest.raises(PlanError, match='levels that the model has not seen: "Dance", "Yoga"') as error:
        fit_of("visits").predict(data=rows)
    assert 'It knows: "Usual care", "Kettlebell", "Walking".' in str(error.value)


def test_a_column_that_is_not_there():
    with pytest.raises(PlanError, match='"base" is not a column of the data'):
        fit_of("visits").predict(data=frame("mixed_arms")[["arm", "visit"]])


def test_participants_of_random_effects():
    """Fixed effects, and each row's own random effects; also where the outcome is missing."""
    for kind in ("slopes", "crossed"):
        fit = fit_of(kind)
        effects, wanted = fit.random_effects, fit.predict().to_numpy().copy()
        assert (~fit.observed).sum() == 4
        for group, table in effects.items():
            own = table.loc[fit.data[f"level of {group}"]]
            wanted += own["Intercept"].to_numpy()
            if "week" in own:
                wanted += own["week"].to_numpy() * fit.data["week"].to_numpy()
        assert gap(fit.predict("participant"), wanted) < tolerances.IDENTITY


def test_random_effects_are_the_conditional_mean():
    """``b = D Z'V⁻¹(y − Xβ)`` and its conditional variance, participant by participant."""
    fit = fit_of("slopes")
    d, variance = fit.random_effects_covariance["id"].to_numpy(), fit.residual_variance
    residual = fit.data["outcome"].to_numpy() - fit.predict().to_numpy()
    table = fit.random_effects["id"]
    assert list(table.columns) == ["Intercept", "week", "sd of Intercept", "sd of week"]
    for person, row in table.iterrows():
        mine = (fit.data["participant"] == person).to_numpy() & fit.observed
        z = np.column_stack([np.ones(mine.sum()), fit.data.loc[mine, "week"]])
        inverse = np.linalg.inv(z @ d @ z.T + variance * np.eye(mine.sum()))
        sd = np.sqrt(np.diag(d - d @ z.T @ inverse @ z @ d))
        assert gap(row.iloc[:2], d @ z.T @ inverse @ residual[mine], sd) < tolerances.IDENTITY, person
        assert gap(row.iloc[2:], sd) < tolerances.IDENTITY, person


def test_somebody_without_any_value_is_predicted_by_the_fixed_effects():
    data = frame("mixed_arms").copy()
    data.loc[data["id"] == "A02", "y"] = np.nan
    for kind in ("slopes", "visits"):
        fit = MAKERS[kind](data)
        theirs = (fit.data["participant"] == "A02").to_numpy()
        assert gap(fit.predict("participant")[theirs], fit.predict()[theirs]) < tolerances.IDENTITY
        assert "A02" not in fit.people
    table = slopes_model(data).random_effects["id"].loc["A02"]
    sd = np.sqrt(np.diag(slopes_model(data).random_effects_covariance["id"]))
    assert gap(table, [0.0, 0.0, *sd], 1e-12) < tolerances.IDENTITY


def test_participants_of_visits():
    """At seen visits the value itself, at missed ones what the seen ones let expect."""
    fit = fit_of("visits")
    sigma, fixed, found = fit.covariance, fit.predict().to_numpy(), fit.predict("participant").to_numpy()
    outcome = fit.data["outcome"].to_numpy()
    assert gap(found[fit.observed], outcome[fit.observed]) < tolerances.IDENTITY
    for row in np.flatnonzero(~fit.observed):
        seen = np.flatnonzero((fit.data["participant"] == fit.data["participant"][row]).to_numpy() & fit.observed)
        there, when = [str(v) for v in fit.data["visit"][seen]], str(fit.data["visit"][row])
        weights = np.linalg.solve(sigma.loc[there, there], sigma.loc[there, when])
        assert gap(found[row], fixed[row] + weights @ (outcome[seen] - fixed[seen])) < tolerances.IDENTITY


def test_what_cannot_be_predicted():
    with pytest.raises(PlanError, match='level="people"'):
        fit_of("visits").predict("people")
    with pytest.raises(PlanError, match="is made for the rows of the model"):
        fit_of("visits").predict("participant", frame("mixed_arms"))


def test_visits_have_no_random_effects():
    assert fit_of("visits").random_effects == {}
    assert fit_of("visits").random_effects_covariance == {}
    assert fit_of("visits").singular == ""


# ---- checks ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", MAKERS)
class TestChecks:
    """Of each kind of model."""

    def test_scaled_residuals_have_unit_variance(self, kind):
        """Exactly: at the optimum of a scale, e'V⁻¹e is n − p under REML."""
        fit = fit_of(kind)
        table = fit.check().residuals
        n, p = fit.x.shape
        assert len(table) == n
        assert gap(np.sum(table["scaled"] ** 2) / (n - p), 1.0) < tolerances.POLISHED
        assert gap(table["fitted"] + table["residual"], fit.y) < tolerances.IDENTITY
        assert table["participant"].tolist() == fit.data["participant"][fit.observed].tolist()

    def test_quantiles(self, kind):
        found = fit_of(kind).check()
        assert np.array_equal(found.quantiles["scaled"], np.sort(found.residuals["scaled"]))
        assert (
            gap(found.quantiles["expected"], -found.quantiles["expected"][::-1].to_numpy(), 1.0) < tolerances.IDENTITY
        )

    def test_influence_is_a_refit_without_the_participant(self, kind):
        fit, data = fit_of(kind), frame("mixed_arms")
        found = fit.check().influence
        assert found["participant"].tolist() == fit.people
        assert list(found.columns) == ["participant", "cook", *fit.design.names]
        beta, covariance = fit.coefficients.frame["estimate"].to_numpy(), fit.vcov.to_numpy()
        for person in fit.people[::5]:
            without = MAKERS[kind](data[data["id"] != person])
            assert without.design.names == fit.design.names
            moved = beta - without.coefficients.frame["estimate"].to_numpy()
            row = found.set_index("participant").loc[person]
            assert gap(row.iloc[1:], moved / np.sqrt(np.diag(covariance)), 1.0) < tolerances.BATCH, person
            cook = moved @ np.linalg.solve(covariance, moved) / len(moved)
            assert gap(row["cook"], cook, 1e-3) < tolerances.BATCH * 10, person

    def test_words_and_picture(self, kind):
        found = fit_of(kind).check()
        assert str(found) == repr(found) == "\n".join(found.sentences)
        assert "Cook's distance" in str(found)
        assert "for looking, not for testing" in str(found)
        assert "<table" in found._repr_html_()
        figure = found.plot()
        assert len(figure.axes) == 4
        assert [ax.get_title(loc="left") for ax in figure.axes] == [
            "Residuals",
            "Normal quantiles",
            "Spread",
            "Influence",
        ]
        figure.canvas.draw()
        plt.close(figure)


def test_variance_by_visit():
    fit = fit_of("visits")
    table = fit.check().variance_by_visit.set_index("visit")
    assert list(table.index) == list(VISITS)
    assert gap(table["sd_of_model"], np.sqrt(np.diag(fit.covariance))) < tolerances.IDENTITY
    seen = fit.data[fit.observed].assign(residual=fit.y - fit.predict()[fit.observed].to_numpy())
    by_visit = seen.groupby("visit", observed=True)["residual"]
    assert gap(table["sd_of_residuals"], np.sqrt(by_visit.agg(lambda r: np.mean(r**2)))) < tolerances.IDENTITY
    assert table["n"].tolist() == by_visit.size().tolist()


def test_scaled_residuals_are_free_of_correlation():
    """``L⁻¹(y − Xβ)`` with ``LL' = V``: by hand for one participant of each model."""
    for kind in ("visits", "slopes"):
        fit = fit_of(kind)
        mine = (fit.data["participant"] == "A02").to_numpy()
        if kind == "visits":
            v = fit.covariance.to_numpy()
        else:
            z = np.column_stack([np.ones(3), fit.data.loc[mine, "week"]])
            v = z @ fit.random_effects_covariance["id"].to_numpy() @ z.T + fit.residual_variance * np.eye(3)
        residual = fit.data.loc[mine, "outcome"].to_numpy() - fit.predict()[mine].to_numpy()
        found = fit.check().residuals.query("participant == 'A02'")
        assert gap(found["scaled"], np.linalg.solve(np.linalg.cholesky(v), residual), 1.0) < tolerances.IDENTITY
        assert gap(found["model_sd"], np.sqrt(np.diag(v))) < tolerances.IDENTITY


def test_somebody_the_model_cannot_do_without():
    """The only one in an arm: nothing is known of the arm without them."""
    data = frame("mixed_arms").copy()
    data = data[(data["arm"] != "Walking") | (data["id"] == "A03")]
    fit = lmm(data, "y ~ base + arm + visit + (1 | id)")
    found = fit.check()
    table = found.influence.set_index("participant")
    assert table.loc["A03"].isna().all()
    assert table.drop(index="A03").notna().all(axis=None)
    assert "The model cannot be fitted without A03." in found.sentences


def test_an_influential_participant_is_named():
    data = frame("mixed_arms").copy()
    walking = data.loc[data["arm"] == "Walking", "id"].unique()
    data = data[~data["id"].isin(walking[3:])]
    data.loc[data["id"] == walking[0], "y"] += 60.0
    said = str(crossed_model(data).check())
    assert f"Without {walking[0]}" in said
    assert "report the result with and without them" in said


# ---- the ledger ------------------------------------------------------------------------------------------------------


def damaged():
    """No baseline for one, no id in one row, an outcome gone, a row gone."""
    data = frame("mixed_arms").copy()
    data.loc[data["id"] == "A02", "base"] = np.nan
    data.loc[(data["id"] == "A03") & (data["visit"] == "w08"), "y"] = np.nan
    return data[~((data["id"] == "A06") & (data["visit"] == "w12"))]


def test_ledger_of_visits():
    data = damaged()
    fit = visits_model(data)
    table = fit.ledger.frame
    assert len(table) == 36 * 3
    counts = fit.ledger.counts().set_index(["visit", "arm"])
    used = data[data["y"].notna() & data["base"].notna()]
    for (visit, arm), group in used.groupby(["visit", "arm"], observed=True):
        assert counts.loc[(visit, arm), "analysed"] == len(group)
        assert counts.loc[(visit, arm), "randomised"] == 12
    assert counts["analysed"].sum() == len(fit.y) == len(used)
    rows = table.set_index(["participant", "visit"])
    assert rows.loc[("A02", "w08"), ["status", "reason"]].tolist() == ["dropped", '"base" missing']
    assert rows.loc[("A03", "w08"), ["status", "reason"]].tolist() == ["missing", 'no value of "y"']
    assert rows.loc[("A06", "w12"), ["status", "reason"]].tolist() == ["missing", "no row"]
    assert (table["arm"] != "").all()
    assert any("rows in the data were analysed" in note for note in fit.notes)


def test_ledger_of_people():
    fit = crossed_model(damaged())
    table = fit.ledger.frame.set_index("participant")
    assert len(table) == 36
    assert (table.loc[table.index != "A02", "status"] == "analysed").all()
    assert table.loc["A02", "status"] == "dropped"
    assert table.loc["A02", "reason"] == '3 of 3 rows not used ("base" missing: 3)'
    assert table.loc["A03", "reason"] == '1 of 3 rows not used (no value of "y": 1)'
    assert fit.ledger.ids("analysed") == fit.people
    assert fit.coefficients.ledger is fit.ledger


def test_n_is_the_people_behind_a_row():
    fit = fit_of("visits")
    used = fit.data[fit.observed]
    assert (fit.coefficients.frame["n"] == 36).all()
    means = fit.means("arm", by="visit").frame
    for row in means.itertuples():
        assert row.n == ((used["arm"] == row.arm) & (used["visit"] == row.visit)).sum()
    differences = fit.contrasts("arm", by="visit").frame
    for row in differences.itertuples():
        mine = used[(used["visit"] == row.visit) & used["arm"].isin(row.contrast.split(" - "))]
        assert row.n == mine["participant"].nunique()


# ---- words -----------------------------------------------------------------------------------------------------------

IN_METHODS = {
    "kenward_roger": "adjusted covariance and degrees of freedom (expected information, as pbkrtest)",
    "kenward_roger_linear": "observed information, first order, as SAS DDFM=KENWARDROGER(FIRSTORDER)",
    "satterthwaite": "Satterthwaite's degrees of freedom",
    "residual": "residual degrees of freedom (n − p)",
}


@pytest.mark.parametrize("kind", MAKERS)
@pytest.mark.parametrize("method", DF_METHODS)
def test_the_method_of_degrees_of_freedom_is_said(kind, method):
    fit = fit_of(kind).with_df_method(method)
    assert IN_METHODS[method] in fit.methods()
    assert DF_METHODS[method] in str(fit)
    assert fit.coefficients.frame["method"].str.contains(DF_METHODS[method], regex=False).all()
    assert fit.test("arm").frame["method"].str.contains(DF_METHODS[method], regex=False).all()
    assert fit.coefficients.method == fit.methods()
    assert fit.df_method == method
    assert any("Kenward" in text for text in fit.citations) is method.startswith("kenward_roger")


def test_words_of_the_model():
    visits, slopes, crossed = (fit_of(kind).methods() for kind in MAKERS)
    assert "base, arm, visit and arm × visit as fixed effects" in visits
    assert "(unstructured)" in visits
    assert "random effects of the intercept and week by id" in slopes
    assert "the intercept by clinic and the intercept by id" in crossed
    assert all("restricted maximum likelihood" in text and "missing at random" in text for text in (visits, slopes))
    by_arm = visits_model(frame("mixed_arms"), covariance="compound_symmetry", covariance_by="arm")
    assert "estimated separately in Usual care, Kettlebell and Walking" in by_arm.methods()
    said = fit_of("visits").sentence()
    assert said.startswith("A mixed model for repeated measures of y was fitted to 99 values of 36 participants")
    assert "REML" in said


def test_simulated_data_are_stamped():
    fit = replace(fit_of("visits"), stamp="SIMULATED")
    assert fit.sentence().startswith("[SIMULATED] ")
    assert str(fit).startswith("[SIMULATED] ")
    for found in (fit.coefficients, fit.means("arm"), fit.contrasts("arm"), fit.test("arm"), fit.change_from("w04")):
        assert found.stamp == "SIMULATED"
    assert fit.with_df_method("residual").stamp == "SIMULATED"
    assert not fit_of("visits").sentence().startswith("[")


@pytest.mark.parametrize("engine", [visits_model, lambda data, **a: lmm(data, "y ~ base + arm * week + (1 | id)", **a)])
def test_maximum_likelihood_has_no_kenward_roger(engine):
    fit = engine(frame("mixed_arms"), reml=False)
    assert fit.df_method == "satterthwaite"
    note = "Kenward–Roger is defined for REML; this maximum-likelihood fit uses Satterthwaite's degrees of freedom."
    assert note in fit.notes
    assert note in fit.coefficients.notes
    assert note in str(fit)
    assert "was fitted by maximum likelihood" in fit.methods()
    assert "ML" in fit.kind
    assert "REML" not in fit.kind
    assert note not in engine(frame("mixed_arms"), reml=False, df_method="satterthwaite").notes


def test_kenward_roger_asked_of_maximum_likelihood_later():
    fit = visits_model(frame("mixed_arms"), reml=False, df_method="satterthwaite").with_df_method("kenward_roger")
    assert fit.df_method == "satterthwaite"
    assert any("Kenward–Roger is defined for REML" in note for note in fit.notes)


def test_coefficients_are_a_frame_of_the_schema():
    fit = fit_of("visits")
    table = fit.coefficients.frame
    assert tuple(table.columns) == COLUMNS
    assert table["term"].tolist() == list(fit.design.names)
    assert list(fit.vcov.index) == list(fit.vcov.columns) == list(fit.design.names)
    assert gap(table["se"], np.sqrt(np.diag(fit.vcov))) < tolerances.IDENTITY
    half = (table["high"] - table["low"]) / 2.0
    from scipy.stats import t

    assert gap(half / table["se"], t.ppf(0.975, table["df"].astype("float64"))) < tolerances.IDENTITY
    assert gap(table["p"], 2.0 * t.sf(table["statistic"].abs().astype("float64"), table["df"].astype("float64"))) < 1e-9
    for found in (fit.means("arm"), fit.contrasts("arm"), fit.change_from("w04"), fit.test("arm")):
        assert tuple(found.frame.columns) == COLUMNS


def test_markup_is_escaped():
    """A column or a level may be called anything; a page that shows the fit must not run it."""
    data = frame("mixed_arms").rename(columns={"y": "y<i>", "base": "w<b>", "clinic": "c&c"})
    data["arm"] = data["arm"].cat.rename_categories({"Walking": "<script>alert(1)</script>"})
    data["visit"] = data["visit"].cat.rename_categories({"w04": "w<04"})
    visits = mmrm(data, "y<i> ~ `w<b>` + arm * visit", participant="id", visit="visit")
    people = lmm(data, "y<i> ~ `w<b>` + arm * visit + (1 | id)")
    for fit in (visits, people):
        assert "<script>" in str(fit)
        shown = [fit._repr_html_(), fit.coefficients._repr_html_(), fit.means("arm", by="visit")._repr_html_()]
        shown += [fit.contrasts("arm")._repr_html_(), fit.check()._repr_html_(), fit.ledger._repr_html_()]
        for text in shown:
            assert "<script>" not in text
            assert "y<i>" not in text
            assert "w<b>" not in text
            assert "w<04" not in text
        assert "&lt;script&gt;" in shown[0]
        assert "y&lt;i&gt;" in shown[0]


# ---- combinations of one's own ---------------------------------------------------------------------------------------


def test_combine_names_its_rows():
    fit = fit_of("visits")
    found = fit.combine({"late effect": np.eye(10)[2] + np.eye(10)[8], "slope": np.eye(10)[1]}, adjust="bonferroni")
    alone = fit.combine({"late effect": np.eye(10)[2] + np.eye(10)[8], "slope": np.eye(10)[1]})
    assert found.frame["term"].tolist() == ["late effect", "slope"]
    assert gap(found.frame["p"], np.minimum(2.0 * alone.frame["p"], 1.0)) < tolerances.P
    difference = fit.contrasts("arm", by="visit").frame.iloc[4]
    assert gap(alone.frame["estimate"][0], difference["estimate"]) < tolerances.IDENTITY


def test_test_rows_says_what_was_tested():
    found = fit_of("visits").test_rows(np.eye(10)[6:], name="interaction").frame.iloc[0]
    assert found["term"] == "interaction"
    assert found["method"].startswith("F(4, ")
    assert np.isnan(found["estimate"])


@pytest.mark.parametrize("ask", [lambda fit, w: fit.combine({"a": w}), lambda fit, w: fit.test_rows(w)])
@pytest.mark.parametrize(
    ("weights", "kind", "said"),
    [
        ([1.0, 2.0], PlanError, "a row of weights has 2 entries and the model 10 fixed effects"),
        (np.ones((2, 11)), PlanError, "a row of weights has 11 entries"),
        ([np.nan] * 10, FitError, "not estimable"),
        ([np.inf] * 10, FitError, "not estimable"),
    ],
)
def test_weights_that_do_not_fit(ask, weights, kind, said):
    with pytest.raises(kind, match=said):
        ask(fit_of("visits"), weights)


def test_weights_that_do_not_fit_name_the_order():
    with pytest.raises(PlanError, match=r"In this order: Intercept, base, arm\[T.Kettlebell\]"):
        fit_of("visits").test_rows([1.0])


@pytest.mark.parametrize(
    "ask",
    [
        pytest.param(lambda fit: fit.test("base:arm"), id="a term that is not in the formula"),
        pytest.param(lambda fit: fit.test_rows(np.zeros((1, 10))), id="a row of zeros"),
        pytest.param(lambda fit: fit.test_rows(np.zeros((0, 10))), id="no rows"),
        pytest.param(lambda fit: fit.test_rows("arm"), id="text for rows"),
        pytest.param(lambda fit: fit.combine({"zero": np.zeros(10)}), id="a combination of zeros"),
        pytest.param(lambda fit: fit.combine({"a": [1.0] * 10, "b": [1.0] * 9}), id="ragged combinations"),
        pytest.param(lambda fit: fit.contrasts("arm", at={"arm": ["Walking"]}), id="one level, nothing to compare"),
        pytest.param(lambda fit: fit.means("arm", at={"base": "x"}), id="text where a number is held"),
        pytest.param(lambda fit: fit.means("arm", at={"base": []}), id="held nowhere"),
        pytest.param(lambda fit: fit.change_from("w04", by="visit"), id="visits by visits"),
        pytest.param(lambda fit: fit.predict(data=_new(base=["a", "b"])), id="a number as text"),
        pytest.param(lambda fit: fit.predict(data=_new(visit=[4, 8])), id="a factor as a number"),
    ],
)
def test_refused_in_words(ask):
    with pytest.raises((PlanError, FitError)):
        ask(fit_of("visits"))


def test_a_missing_level_is_not_predicted():
    found = fit_of("visits").predict(data=_new(arm=["Walking", None]))
    assert found.isna().tolist() == [False, True]


def test_levels_that_were_numbers_are_known_again():
    data = frame("mixed_arms").copy()
    data["arm"] = data["arm"].cat.rename_categories([1, 2, 3])
    fit = visits_model(data)
    assert gap(fit.predict(data=data.astype({"arm": "int64"})), fit.predict()) < tolerances.IDENTITY


def _new(**columns):
    return pd.DataFrame({"base": [40.0, 50.0], "arm": ["Walking", "Usual care"], "visit": ["w12", "w04"], **columns})
