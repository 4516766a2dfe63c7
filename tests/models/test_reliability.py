"""Reliability: Shrout and Fleiss, R, pingouin, real retests; missing trials; what must hold; what is refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pingouin as pg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import kbstudy as kb
from kbstudy.errors import DataError, FitError, PlanError, SmallSample
from kbstudy.models._intraclass import _by_mean_squares, _by_reml
from tests import reference, tolerances
from tests.conftest import shared

ASK = {"participant": "id", "trial": "trial"}
ICCS = ["icc_1", "icc_a1", "icc_c1", "icc_ak", "icc_ck"]


def long(wide, columns):
    return wide.melt("id", columns, var_name="trial", value_name="y")


def judges():
    """Six targets and four judges, few enough for the warning about small samples."""
    data = long(reference.data("shrout_fleiss"), ["j1", "j2", "j3", "j4"])
    with pytest.warns(SmallSample, match="Fewer than 8 people with two trials: 6"):
        return kb.reliability(data, "y", **ASK)


def retest(prefix=""):
    columns = [f"{prefix}t{n}" for n in (1, 2, 3)]
    return long(reference.data("retest"), columns)


def strength(exercise, occasions, columns=("participant", "leg")):
    data = pd.read_csv(shared("physiology/strengthvolume.csv"))
    data = data[(data["exercise"] == exercise) & data["time"].isin(occasions)]
    return data.assign(id=data[columns[0]] + data[columns[1]])


def matches(row, source, rel):
    assert [row["estimate"], row["low"], row["high"]] == pytest.approx(
        [source["estimate"], source["low"], source["high"]], rel=rel
    )


# ---- against numbers of others -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("term", "printed"), [("icc_1", 0.17), ("icc_a1", 0.29), ("icc_c1", 0.71), ("icc_ak", 0.62), ("icc_ck", 0.91)]
)
def test_the_table_of_shrout_and_fleiss(term, printed):
    """Shrout & Fleiss 1979, Psychol Bull 86:420-428, table 4 (two decimals)."""
    assert judges().row(term)["estimate"] == pytest.approx(printed, abs=tolerances.TWO_DECIMALS)


def test_shrout_and_fleiss_with_more_digits():
    """ICC2 .289764 (.0187865 to .761084), ICC3 .714841 (.342465 to .945858), and the others by R psych."""
    source = reference.numbers("shrout_fleiss", "reliability")["icc"]
    assert source["icc_a1"]["low"] == pytest.approx(0.0187865, rel=tolerances.SEVEN_DIGITS * 10)
    found = judges()
    for term in ICCS:
        matches(found.row(term), source[term], tolerances.MEAN_SQUARES)


@pytest.mark.parametrize("term", ICCS)
def test_three_trials_against_psych(term):
    source = reference.numbers("retest", "reliability")["icc"][term]
    matches(kb.reliability(retest(), "y", **ASK).row(term), source, tolerances.MEAN_SQUARES)


@pytest.mark.parametrize("folder", ["shrout_fleiss", "retest"])
@pytest.mark.parametrize("term", ["sem_agreement", "sem_consistency"])
def test_errors_against_aov(folder, term):
    found = judges() if folder == "shrout_fleiss" else kb.reliability(retest(), "y", **ASK)
    matches(found.row(term), reference.numbers(folder, "reliability")["errors"][term], tolerances.MEAN_SQUARES)


@pytest.mark.parametrize("contrast", ["t2 - t1", "t3 - t2"])
def test_limits_of_agreement_against_the_noncentral_t_of_r(contrast):
    source = reference.numbers("retest", "reliability")["agreement"][contrast]
    found = kb.reliability(retest(), "y", **ASK)
    for term in ("bias", "limit_low", "limit_high"):
        row = found.row(term, contrast)
        assert row["n"] == source["n"]
        numbers = [row["estimate"], row["low"], row["high"]]
        expected = [source[term][name] for name in ("estimate", "low", "high")]
        assert numbers == pytest.approx(expected, rel=tolerances.NONCENTRAL, abs=1e-12)


@pytest.mark.filterwarnings("ignore:The inplace keyword:pandas.errors.Pandas4Warning")  # in pingouin 0.7
def test_pingouin_agrees():
    data = retest()
    theirs = pg.intraclass_corr(data, targets="id", raters="trial", ratings="y")
    theirs = theirs.set_index("Type")
    names = dict(zip(["ICC(1,1)", "ICC(A,1)", "ICC(C,1)", "ICC(A,k)", "ICC(C,k)"], ICCS, strict=True))
    found = kb.reliability(data, "y", **ASK)
    for name, term in names.items():
        row = found.row(term)
        assert row["estimate"] == pytest.approx(theirs.loc[name, "ICC"], rel=tolerances.MEAN_SQUARES)
        assert [row["low"], row["high"]] == pytest.approx(
            list(theirs.loc[name, "CI95"]), abs=tolerances.PINGOUIN_LIMITS
        )


# ---- real retests ------------------------------------------------------------------------------------------------


def test_isometric_strength_of_78_legs():
    """Hammarström 2020 (strengthvolume): two maximal efforts on one day; ICC .972 [.96, .98], CV 5.2 %, bias -1.0."""
    data = strength("isom", ["pre"])
    data = data.assign(trial=data.groupby("id").cumcount() + 1)
    found = kb.reliability(data, "load", participant="id", trial="trial")
    icc = found.row("icc_a1")
    assert icc["n"] == 78
    assert icc["estimate"] == pytest.approx(0.972, abs=0.0005)
    assert [icc["low"], icc["high"]] == pytest.approx([0.96, 0.98], abs=tolerances.TWO_DECIMALS)
    assert found.row("sem_consistency")["estimate"] == pytest.approx(10.3, abs=0.05)
    assert found.row("cv_rms")["estimate"] == pytest.approx(5.2, abs=0.05)
    assert found.row("bias")["estimate"] == pytest.approx(-1.0, abs=0.05)
    assert "a systematic change was not shown" in found.familiarisation


@pytest.mark.parametrize(("exercise", "percent"), [("legpress", 10.9), ("legext", 8.7), ("isok.60", -1.2)])
def test_one_session_of_training_looks_like_an_effect(exercise, percent):
    """Hammarström 2020: from before to after a single session, legpress +10.9 %, leg extension +8.7 %."""
    found = kb.reliability(strength(exercise, ["pre", "session1"]), "load", participant="id", trial="time")
    row = found.row("change_percent_of_means", "session1 - pre")
    assert row["estimate"] == pytest.approx(percent, abs=0.05)
    warns = "a study without a control group would call that an effect" in found.familiarisation
    assert warns == (percent > 0)
    if exercise == "legpress":
        assert row["n"] == 77
        assert "1 of 156 values are missing" in found.notes[0]


# ---- missing trials ----------------------------------------------------------------------------------------------


def test_missing_trials_against_lme4():
    source = reference.numbers("retest", "reliability")["gaps"]
    found = kb.reliability(retest("gap_"), "y", **ASK)
    for term in ("icc_a1", "icc_c1", "icc_1", "sem_agreement", "sem_consistency"):
        assert found.row(term)["estimate"] == pytest.approx(source[term], rel=tolerances.LME4_TIGHT), term
    assert len(found.ledger.ids("analysed")) == 16
    assert (found.ledger.frame["status"] == "analysed").sum() == source["values"] == 42
    assert found.notes[0].startswith("6 of 48 values are missing: the components come from restricted maximum")
    assert "(1 person with a single trial)" in found.notes[0]
    assert "Thomas JD, Hultquist RA" in found.methods()


def test_reml_is_the_analysis_of_variance_where_nothing_is_missing():
    table = reference.data("retest")[["t1", "t2", "t3"]].to_numpy(dtype="float64")
    one, other = _by_mean_squares(table), _by_reml(table)
    for name in ("of_people", "of_trials", "of_error", "between", "within", "df_error", "df_within", "a_person"):
        assert getattr(other, name) == pytest.approx(getattr(one, name), rel=tolerances.INVARIANT), name


def test_intervals_with_gaps_cover():
    """Half of the people lack a trial; 90 % intervals of ICC(C,1) contain the truth about as often as they say."""
    rng = np.random.default_rng(20261125)
    inside, runs, truth = 0, 120, 4 / 5
    for _ in range(runs):
        table = rng.normal(0, 2, (14, 1)) + rng.normal(0, 1, (14, 3))
        table[np.arange(7), rng.integers(0, 3, 7)] = np.nan
        wide = pd.DataFrame(table, columns=["a", "b", "c"]).assign(id=range(14))
        row = kb.reliability(long(wide, ["a", "b", "c"]), "y", **ASK, level=0.9).row("icc_c1")
        inside += row["low"] <= truth <= row["high"]
    assert 0.83 <= inside / runs <= 0.97  # 2.5 standard errors of the simulation


def test_the_ledger_says_what_is_missing():
    data = retest()
    data.loc[data["id"].eq("P03") & data["trial"].eq("t2"), "y"] = np.nan
    data = data[~(data["id"].eq("P05") & data["trial"].eq("t3"))]
    ledger = kb.reliability(data, "y", **ASK).ledger.frame
    missing = ledger[ledger["status"] == "missing"]
    assert missing[["participant", "visit", "reason"]].to_numpy().tolist() == [
        ["P03", "t2", "empty cell"],
        ["P05", "t3", "no row for this trial"],
    ]


def test_somebody_without_any_value_is_in_the_ledger_only():
    data = pd.concat([retest(), pd.DataFrame({"id": ["P99"], "trial": ["t1"], "y": [np.nan]})])
    found = kb.reliability(data, "y", **ASK)
    assert found.row("icc_a1")["n"] == 16
    assert set(found.ledger.frame.query("participant == 'P99'")["status"]) == {"missing"}


# ---- order and words ---------------------------------------------------------------------------------------------


def test_the_order_of_trials():
    data = retest()
    assert kb.reliability(data, "y", **ASK).trials == ("t1", "t2", "t3")
    assert kb.reliability(data.iloc[::-1], "y", **ASK).trials == ("t3", "t2", "t1")
    declared = pd.Categorical(data["trial"], ["t2", "t1", "t3"], ordered=True)
    assert kb.reliability(data.assign(trial=declared), "y", **ASK).trials == ("t2", "t1", "t3")
    numbered = data.iloc[::-1].assign(trial=lambda d: d["trial"].map({"t1": 2, "t2": 10, "t3": 11}))
    found = kb.reliability(numbered, "y", **ASK)
    assert found.trials == ("2", "10", "11")
    assert not any("first appear" in note for note in found.notes)


def test_when_familiarisation_settles():
    found = kb.reliability(retest(), "y", **ASK)
    assert found.row("bias", "t2 - t1")["low"] > 0
    assert "From t2 to t3 no further change was shown. Let people practise, and take t2" in found.familiarisation
    assert found.familiarisation in found.sentence()


def test_what_is_printed():
    found = kb.reliability(retest(), "y", **ASK)
    table = found.table()
    assert list(table)[:4] == ["", "n", "Estimate", "95% CI"]
    assert "ICC(A,1), absolute agreement, one trial" in set(table[""])
    assert "Mean change: t2 − t1" in set(table[""])
    assert "doi:10.1037/1082-989X.1.1.30" in found.methods()
    assert "<table>" in found._repr_html_()
    assert found.sentence() in str(found)


def test_no_percentages_of_values_that_can_be_zero():
    data = retest().assign(y=lambda d: d["y"] - d["y"].mean())
    found = kb.reliability(data, "y", **ASK)
    assert not set(found.frame["term"]) & {"cv_rms", "cv_log", "cv_typical_error", "change_percent_of_means"}
    assert any("No CV and no change in percent" in note for note in found.notes)


def test_rows_are_named():
    found = kb.reliability(retest(), "y", **ASK)
    with pytest.raises(KeyError, match="2 rows fit term='bias'"):
        found.row("bias")
    with pytest.raises(KeyError, match="0 rows fit term='icc_2'"):
        found.row("icc_2")


def test_the_figure_shows_the_rows():
    found = kb.reliability(retest(), "y", **ASK)
    axes = found.plot("t3 - t2")
    dots = axes.lines[-1]
    assert len(dots.get_xdata()) == 16
    levels = {round(float(line.get_ydata()[0]), 9) for line in axes.lines[:-1]}
    rows = [found.row(term, "t3 - t2")["estimate"] for term in ("bias", "limit_low", "limit_high")]
    assert {round(value, 9) for value in rows} <= levels
    with pytest.raises(PlanError, match=r'contrast="t3 - t1" is not a pair.*\n.*t2 - t1, t3 - t2'):
        found.plot("t3 - t1")


def test_trials_whose_names_hold_the_sign_of_the_difference():
    data = retest().assign(trial=lambda d: d["trial"].str.replace("t", "Day - "))
    axes = kb.reliability(data, "y", **ASK).plot("Day - 2 - Day - 1")
    assert axes.get_xlabel() == "y: mean of Day - 1 and Day - 2"


# ---- what must hold ----------------------------------------------------------------------------------------------


@st.composite
def tables(draw):
    n, k = draw(st.integers(8, 14)), draw(st.integers(2, 4))
    seed = draw(st.integers(0, 2**32 - 1))
    rng = np.random.default_rng(seed)
    table = 50 + rng.normal(0, draw(st.floats(0.1, 10)), (n, 1)) + rng.normal(0, 1, (n, k)) + np.arange(k)
    return pd.DataFrame(table, columns=[f"t{j}" for j in range(k)]).assign(id=[f"P{i}" for i in range(n)])


def numbers(found, terms):
    rows = found.frame[found.frame["term"].isin(terms)]
    return rows[["estimate", "low", "high"]].to_numpy(dtype="float64")


def of(wide):
    return kb.reliability(long(wide, [c for c in wide if c != "id"]), "y", **ASK)


IN_UNITS = [f"{name}_{kind}" for name in ("sem", "mdc90", "mdc95") for kind in ("agreement", "consistency")]


@settings(max_examples=30, deadline=None)
@given(tables(), st.floats(0.01, 100), st.floats(0, 1000))
def test_units_and_shifts(wide, factor, shift):
    values = wide.drop(columns="id")
    one, other = of(wide), of((values * factor + shift).assign(id=wide["id"]))
    assert numbers(other, ICCS) == pytest.approx(numbers(one, ICCS), rel=1e-6, abs=1e-8)
    errors = numbers(one, [*IN_UNITS, "bias"]) * factor
    assert numbers(other, [*IN_UNITS, "bias"]) == pytest.approx(errors, rel=1e-6, abs=1e-8 * factor)


@settings(max_examples=30, deadline=None)
@given(tables(), st.randoms(use_true_random=False))
def test_names_and_order_of_people_and_trials_do_not_matter(wide, random):
    people = list(range(len(wide)))
    random.shuffle(people)
    trials = [c for c in wide if c != "id"]
    shuffled = trials.copy()
    random.shuffle(shuffled)
    other = wide.iloc[people].assign(id=[f"X{i}" for i in people])[["id", *shuffled]]
    terms = [*ICCS, *IN_UNITS]
    assert numbers(of(other), terms) == pytest.approx(numbers(of(wide), terms), rel=1e-9, abs=1e-12)


@settings(max_examples=30, deadline=None)
@given(tables())
def test_exchanging_two_trials_turns_the_change_round(wide):
    first, second = [c for c in wide if c != "id"][:2]
    one, other = of(wide[["id", first, second]]), of(wide[["id", second, first]])
    bias, turned = numbers(one, ["bias"])[0], numbers(other, ["bias"])[0]
    assert turned == pytest.approx(-bias[[0, 2, 1]], rel=1e-9, abs=1e-12)
    low, high = numbers(one, ["limit_low"])[0], numbers(other, ["limit_high"])[0]
    assert high == pytest.approx(-low[[0, 2, 1]], rel=1e-9, abs=1e-12)


@settings(max_examples=30, deadline=None)
@given(tables())
def test_identities(wide):
    found = of(wide)
    value = {term: found.row(term)["estimate"] for term in [*ICCS, *IN_UNITS]}
    k = len(found.trials)
    assert value["icc_ck"] == pytest.approx(k * value["icc_c1"] / (1 + (k - 1) * value["icc_c1"]), rel=1e-9)
    assert value["mdc95_agreement"] == pytest.approx(1.959964 * np.sqrt(2) * value["sem_agreement"], rel=1e-6)
    two = of(wide[["id", "t0", "t1"]])
    typical = (wide["t1"] - wide["t0"]).std() / np.sqrt(2)
    assert two.row("sem_consistency")["estimate"] == pytest.approx(typical, rel=1e-9)
    assert (found.frame["low"].isna() | (found.frame["low"] <= found.frame["estimate"])).all()
    assert (found.frame["high"].isna() | (found.frame["high"] >= found.frame["estimate"])).all()


# ---- what is refused ---------------------------------------------------------------------------------------------


def test_a_value_twice():
    data = pd.concat([retest(), retest().head(1)])
    with pytest.raises(DataError, match=r'\(participant P01\): 2 rows for trial "t1"') as caught:
        kb.reliability(data, "y", **ASK)
    assert "if these are several tries of one visit, number them" in str(caught.value)


def test_trials_that_are_copies():
    data = retest()
    copied = data[data["trial"] == "t1"]
    with pytest.raises(FitError, match="the trials are the same up to a constant") as caught:
        kb.reliability(pd.concat([copied, copied.assign(trial="t2", y=lambda d: d["y"] + 1.1)]), "y", **ASK)
    assert "Check that one trial is not a copy of another." in str(caught.value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d.assign(y=5.0), "all values are 5: nothing varies"),
        (lambda d: d[d["trial"] == "t1"], 'only one trial has values: "t1"'),
        (lambda d: d.assign(y=np.nan), "no trial has a value"),
        (lambda d: d.assign(y=d["y"].where(d["trial"] != "t2")), 'no value in trial "t2"'),
        (lambda d: d.assign(id=d["id"] + d["trial"]), "0 people with two trials"),
    ],
)
def test_too_little_to_go_by(change, message):
    with pytest.raises(FitError, match=message):
        kb.reliability(change(retest()), "y", **ASK)


def test_columns_and_level():
    with pytest.raises(PlanError) as caught:
        kb.reliability(retest(), "yy", participant="id", trial="trail", level=95)
    told = str(caught.value)
    assert 'trial="trail" is not a column of the data; did you mean "trial"?' in told
    assert "level=95 is not a confidence level" in told


def test_text_is_not_measured():
    with pytest.raises(DataError, match='not numbers: "x"'):
        kb.reliability(retest().astype({"y": "object"}).assign(y=lambda d: d["y"].mask(d.index == 3, "x")), "y", **ASK)
