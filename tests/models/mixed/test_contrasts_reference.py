"""Adjusted means and contrasts: against emmeans, and every row against L·β written by hand from the design."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from kbstudy.errors import PlanError
from kbstudy.models.mixed import contrasts, lmm, mmrm
from tests import tolerances
from tests.models.mixed import column, frame, gap, mixed, numbers, r_names

MODELS = [
    (folder, name)
    for folder in ("mixed_trial", "mixed_singular", "mixed_pain", "mixed_arms")
    for name in numbers(folder, "emmeans")["models"]
]
METHODS = ("kenward_roger", "satterthwaite")
FAMILIES = [
    (folder, name, method, family)
    for folder, name in MODELS
    for method in METHODS
    for family in numbers(folder, "emmeans")["models"][name][method]
    if family != "means"
]


def source_of(folder, name):
    return numbers(folder, "emmeans")["models"][name]


def near(method):
    """lmerTest's degrees of freedom come from numerical differences, pbkrtest's do not."""
    return tolerances.POLISHED if method == "kenward_roger" else tolerances.NUMERIC_HESSIAN


def near_p(method):
    return tolerances.POLISHED_P if method == "kenward_roger" else tolerances.NUMERIC_HESSIAN_P


# ---- emmeans -----------------------------------------------------------------------------------------------------


def time_of(source):
    """The name of the time, and where it is held if it is a number."""
    numeric = [name for name in ("week", "time") if name in source["covariates_at"]]
    return (numeric[0], {numeric[0]: source["covariates_at"][numeric[0]]}) if numeric else ("visit", None)


def place(row, *names):
    """Where a row of emmeans stands, in our words: a visit by itself, a number and another factor with its name."""
    name = next(name for name in names if name in row)
    return str(row[name]) if name == "visit" else f"{name} = {row[name]}"


def rows_are_near(found, wanted, method, suffix=""):
    """Columns of emmeans, with the suffix of an adjustment."""
    rows = found.frame
    scale = np.abs(column(wanted, "estimate")) + column(wanted, "se")
    assert gap(rows["estimate"], column(wanted, "estimate"), column(wanted, "se")) < tolerances.POLISHED
    assert gap(rows["se"], column(wanted, "se")) < tolerances.POLISHED
    assert gap(rows["df"], column(wanted, "df")) < near(method)
    assert gap(rows["statistic"], column(wanted, "statistic"), 1.0) < tolerances.POLISHED
    assert gap(rows["p"], column(wanted, f"p{suffix}")) < near_p(method)
    if f"low{suffix}" in wanted[0]:
        assert gap(rows["low"], column(wanted, f"low{suffix}"), scale) < near(method)
        assert gap(rows["high"], column(wanted, f"high{suffix}"), scale) < near(method)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(("folder", "name"), MODELS)
def test_means(folder, name, method):
    source = source_of(folder, name)
    fit = mixed(folder, source["formula"]).with_df_method(method)
    time, at = time_of(source)
    found, wanted = fit.means("arm", by=time, at=at), source[method]["means"]
    assert found.frame["arm"].tolist() == [row["arm"] for row in wanted]
    # The model of lmm does not know which column holds the visits, so that it names the column.
    assert found.frame["visit"].tolist() == [f"{time} = {row[time]}" for row in wanted]
    rows_are_near(found, wanted, method)
    if "base" in source["covariates_at"]:
        assert gap(fit.design.numbers["base"], source["covariates_at"]["base"]) < tolerances.ESTIMATE


def family_of(fit, source, family, adjust, *, across=False):
    """A family of contrasts and, in the same order, the rows of emmeans."""
    time, at = time_of(source)
    if family.startswith("arms"):
        of, by, prefix = "arm", time, ""
    else:
        of, by, prefix = "visit", "arm", "visit"
    pairs = "all" if family.split("_")[1] == "by" else "reference"
    return fit.contrasts(of, by=by, pairs=pairs, at=at, adjust=adjust, across=across), by, prefix


def ordered(found, wanted, by, prefix):
    """emmeans lists pairs by the higher level, kbstudy by the lower; a visit named by a number gets a prefix there."""
    table = {
        (row["contrast"].replace(prefix, "") if prefix else row["contrast"], f"{by} = {row[by]}"): row for row in wanted
    }
    assert len(table) == len(wanted) == len(found.frame)
    return [
        table[contrast, visit] for contrast, visit in zip(found.frame["contrast"], found.frame["visit"], strict=True)
    ]


@pytest.mark.parametrize(("folder", "name", "method", "family"), FAMILIES)
def test_families(folder, name, method, family):
    """Unadjusted and by Holm's procedure, within families and across them."""
    source = source_of(folder, name)
    fit = mixed(folder, source["formula"]).with_df_method(method)
    wanted = source[method][family]
    tried = []
    for suffix, adjust in {"": "none", "_holm": "holm", "_holm_across": "holm"}.items():
        if f"p{suffix}" in wanted[0]:
            found, by, prefix = family_of(fit, source, family, adjust, across=suffix.endswith("across"))
            rows_are_near(found, ordered(found, wanted, by, prefix), method, suffix)
            tried.append(suffix)
    assert len(tried) == 2


@pytest.mark.parametrize(("folder", "name", "method", "family"), FAMILIES)
def test_single_step_adjustments(folder, name, method, family):
    """Tukey's and the multivariate t, each row with its own degrees of freedom, as in emmeans."""
    source = source_of(folder, name)
    fit = mixed(folder, source["formula"]).with_df_method(method)
    wanted = source[method][family]
    for suffix, adjust in {"_tukey": "tukey", "_mvt": "dunnett"}.items():
        if f"p{suffix}" not in wanted[0]:
            continue
        found, by, prefix = family_of(fit, source, family, adjust)
        rows, there = found.frame, ordered(found, wanted, by, prefix)
        p, low, high = (np.array(column(there, f"{what}{suffix}")) for what in ("p", "low", "high"))
        scale = np.abs(rows["estimate"]) + rows["se"]
        assert gap(rows["p"], p, tolerances.SMALL_P) < near_p(method)
        assert gap(rows["low"], low, scale) < near(method)
        assert gap(rows["high"], high, scale) < near(method)
        if suffix == "_mvt":
            assert np.abs(np.subtract(rows["p"], column(there, "p_mvt_emmeans"))).max() < tolerances.MVTNORM


def test_holm_has_no_interval_of_its_own():
    """Its intervals are those of one contrast by itself; a note says so."""
    fit = mixed("mixed_arms", source_of("mixed_arms", "ri")["formula"])
    one, all_ = fit.contrasts("arm", by="visit"), fit.contrasts("arm", by="visit", adjust="holm")
    assert (all_.frame["p"] >= one.frame["p"]).all()
    assert len(all_.notes) > len(one.notes)
    assert all_.frame["family"].tolist() == all_.frame["visit"].tolist()
    assert one.frame["family"].isna().all() or (one.frame["family"] == "").all()


def test_a_family_across_visits_is_named_all():
    fit = mixed("mixed_arms", source_of("mixed_arms", "ri")["formula"])
    found = fit.contrasts("arm", by="visit", adjust="bonferroni", across=True)
    alone = fit.contrasts("arm", by="visit")
    assert (found.frame["family"] == "all").all()
    assert gap(found.frame["p"], np.minimum(6 * alone.frame["p"], 1.0)) < tolerances.P


# ---- L·β by hand: three arms, three visits, a covariate ------------------------------------------------------------

ARMS, VISITS = ("Usual care", "Kettlebell", "Walking"), ("w04", "w08", "w12")
COLUMNS = [
    "(Intercept)",
    "base",
    "armKettlebell",
    "armWalking",
    "visitw08",
    "visitw12",
    "armKettlebell:visitw08",
    "armWalking:visitw08",
    "armKettlebell:visitw12",
    "armWalking:visitw12",
]
FORMULA = "y ~ base + arm * visit"


def cell(arm, visit, base):
    """The row of the design of one cell, written down column by column."""
    row = dict.fromkeys(COLUMNS, 0.0)
    row["(Intercept)"] = 1.0
    row["base"] = base
    if arm != "Usual care":
        row[f"arm{arm}"] = 1.0
    if visit != "w04":
        row[f"visit{visit}"] = 1.0
    if arm != "Usual care" and visit != "w04":
        row[f"arm{arm}:visit{visit}"] = 1.0
    return np.array([row[name] for name in COLUMNS])


@cache
def three_arms(engine):
    data = frame("mixed_arms")
    if engine == "mmrm":
        return mmrm(data, FORMULA, participant="id", visit="visit")
    return lmm(data, f"{FORMULA} + (1 | clinic) + (1 | id)")


@cache
def mean_base():
    """Of the analysed rows, as emmeans and SAS have it."""
    data = frame("mixed_arms")
    return float(data.loc[data["y"].notna(), "base"].mean())


def is_l_beta(fit, estimates, rows):
    """Estimate, standard error, t, interval and degrees of freedom of each row from L alone."""
    table, rows = estimates.frame, np.array(rows)
    beta = fit.coefficients.frame["estimate"].to_numpy()
    covariance = rows @ fit.vcov.to_numpy() @ rows.T
    se = np.sqrt(np.diag(covariance))
    assert len(table) == len(rows)
    assert gap(table["estimate"], rows @ beta, se) < tolerances.IDENTITY
    assert gap(table["se"], se) < tolerances.IDENTITY
    assert gap(table["statistic"], rows @ beta / se, 1.0) < tolerances.IDENTITY
    by_rows = fit.combine({f"row {i}": row for i, row in enumerate(rows)}).frame
    for name in ("df", "p", "low", "high"):
        assert gap(table[name], by_rows[name]) < tolerances.IDENTITY, name


@pytest.mark.parametrize("engine", ["lmm", "mmrm"])
class TestRowsByHand:
    """Means, contrasts, changes and tests of mixed_arms."""

    def test_columns(self, engine):
        assert r_names(three_arms(engine).design.names) == COLUMNS

    def test_every_cell(self, engine):
        fit = three_arms(engine)
        rows = [cell(arm, visit, mean_base()) for visit in VISITS for arm in ARMS]
        found = fit.means("arm", by="visit")
        is_l_beta(fit, found, rows)
        assert found.frame["arm"].tolist() == list(ARMS) * 3
        said = [visit if engine == "mmrm" else f"visit = {visit}" for visit in VISITS for _ in ARMS]
        assert found.frame["visit"].tolist() == said

    def test_cells_the_other_way_round(self, engine):
        fit = three_arms(engine)
        rows = [cell(arm, visit, mean_base()) for arm in ARMS for visit in VISITS]
        is_l_beta(fit, fit.means("visit", by="arm"), rows)

    def test_marginal_means_weigh_levels_equally(self, engine):
        fit = three_arms(engine)
        arms = [np.mean([cell(arm, visit, mean_base()) for visit in VISITS], axis=0) for arm in ARMS]
        visits = [np.mean([cell(arm, visit, mean_base()) for arm in ARMS], axis=0) for visit in VISITS]
        is_l_beta(fit, fit.means("arm"), arms)
        is_l_beta(fit, fit.means("visit"), visits)

    def test_means_where_somebody_says(self, engine):
        fit = three_arms(engine)
        at_forty = [np.mean([cell(arm, visit, 40.0) for visit in VISITS], axis=0) for arm in ARMS]
        late = [np.mean([cell(arm, visit, mean_base()) for visit in ("w08", "w12")], axis=0) for arm in ARMS]
        one = [cell(arm, "w12", 50.0) for arm in ARMS]
        is_l_beta(fit, fit.means("arm", at={"base": 40}), at_forty)
        is_l_beta(fit, fit.means("arm", at={"visit": ["w08", "w12"]}), late)
        is_l_beta(fit, fit.means("arm", at={"visit": "w12", "base": 50}), one)

    def test_means_at_values_of_a_number(self, engine):
        fit = three_arms(engine)
        rows = [
            np.mean([cell(arm, visit, base) for arm in ARMS for visit in VISITS], axis=0) for base in (40.0, 44.5, 50.0)
        ]
        found = fit.means("base", at={"base": [40, 44.5, 50]})
        is_l_beta(fit, found, rows)

    @pytest.mark.parametrize(
        ("pairs", "chosen"),
        [
            ("reference", [(1, 0), (2, 0)]),
            ("all", [(1, 0), (2, 0), (2, 1)]),
            ("consecutive", [(1, 0), (2, 1)]),
        ],
    )
    def test_differences(self, engine, pairs, chosen):
        fit = three_arms(engine)
        arms = [
            cell(ARMS[one], visit, mean_base()) - cell(ARMS[other], visit, mean_base())
            for visit in VISITS
            for one, other in chosen
        ]
        found = fit.contrasts("arm", by="visit", pairs=pairs)
        is_l_beta(fit, found, arms)
        assert found.frame["contrast"].tolist() == [f"{ARMS[i]} - {ARMS[j]}" for i, j in chosen] * 3
        visits = [
            cell(arm, VISITS[one], mean_base()) - cell(arm, VISITS[other], mean_base())
            for arm in ARMS
            for one, other in chosen
        ]
        is_l_beta(fit, fit.contrasts("visit", by="arm", pairs=pairs), visits)

    def test_another_reference(self, engine):
        fit = three_arms(engine)
        rows = [
            np.mean([cell(arm, v, mean_base()) - cell("Walking", v, mean_base()) for v in VISITS], axis=0)
            for arm in ARMS[:2]
        ]
        found = fit.contrasts("arm", reference="Walking")
        is_l_beta(fit, found, rows)
        assert found.frame["contrast"].tolist() == ["Usual care - Walking", "Kettlebell - Walking"]

    def test_differences_at_some_visits(self, engine):
        fit = three_arms(engine)
        rows = [
            np.mean([cell(arm, v, 0.0) - cell("Usual care", v, 0.0) for v in ("w08", "w12")], axis=0)
            for arm in ARMS[1:]
        ]
        is_l_beta(fit, fit.contrasts("arm", at={"visit": ["w08", "w12"]}), rows)

    def test_slope_of_a_covariate(self, engine):
        fit = three_arms(engine)
        found = fit.contrasts("base", at={"base": [40, 50]})
        is_l_beta(fit, found, [10.0 * np.eye(10)[1]])
        assert found.frame["contrast"].tolist() == ["base = 50 - base = 40"]

    @pytest.mark.parametrize("baseline", VISITS)
    def test_changes(self, engine, baseline):
        fit = three_arms(engine)
        others = [visit for visit in VISITS if visit != baseline]
        changes = {
            (arm, visit): cell(arm, visit, mean_base()) - cell(arm, baseline, mean_base())
            for arm in ARMS
            for visit in others
        }
        compared = [changes[arm, visit] - changes["Usual care", visit] for arm in ARMS[1:] for visit in others]
        found = fit.change_from(baseline, visit="visit")
        is_l_beta(fit, found, [*changes.values(), *compared])
        assert found.frame["term"].tolist() == ["adjusted_change"] * 6 + ["difference_in_change"] * 4
        assert found.frame["visit"].tolist()[:2] == others
        assert found.frame["arm"].tolist()[:6] == [arm for arm in ARMS for _ in others]
        assert found.frame["contrast"].tolist()[6:] == [f"{arm} - Usual care" for arm in ARMS[1:] for _ in others]

    @pytest.mark.parametrize("term", ["arm", "visit", "arm:visit", "base"])
    @pytest.mark.parametrize("method", ["kenward_roger", "kenward_roger_linear", "satterthwaite", "residual"])
    def test_terms(self, engine, term, method):
        fit = three_arms(engine).with_df_method(method)
        arms = [np.mean([cell(arm, v, 0.0) - cell("Usual care", v, 0.0) for v in VISITS], axis=0) for arm in ARMS[1:]]
        visits = [np.mean([cell(arm, v, 0.0) - cell(arm, "w04", 0.0) for arm in ARMS], axis=0) for v in VISITS[1:]]
        both = [
            cell(arm, v, 0.0) - cell(arm, "w04", 0.0) - cell("Usual care", v, 0.0) + cell("Usual care", "w04", 0.0)
            for arm in ARMS[1:]
            for v in VISITS[1:]
        ]
        rows = np.array({"arm": arms, "visit": visits, "arm:visit": both, "base": [np.eye(10)[1]]}[term])
        found, wanted = fit.test(term).frame.iloc[0], fit.test_rows(rows).frame.iloc[0]
        for name in ("statistic", "df", "p"):
            assert gap(found[name], wanted[name]) < tolerances.IDENTITY, name
        if not method.startswith("kenward"):  # theirs is scaled
            value = rows @ fit.coefficients.frame["estimate"].to_numpy()
            wald = value @ np.linalg.solve(rows @ fit.vcov.to_numpy() @ rows.T, value) / len(rows)
            assert gap(found["statistic"], wald) < tolerances.IDENTITY
        assert found["method"].startswith(f"F({len(rows)}, ")

    def test_kenward_roger_f_depends_only_on_what_rows_span(self, engine):
        fit = three_arms(engine)
        rows, mix = (
            np.eye(10)[6:],
            np.array([[1.0, 2.0, 0.0, 0.0], [0.0, 1.0, 0.0, 3.0], [1.0, 0.0, 1.0, 0.0], [2, 0, 0, 1]]),
        )
        one, other = fit.test_rows(rows).frame.iloc[0], fit.test_rows(np.vstack([mix @ rows, rows[:1]])).frame.iloc[0]
        for name in ("statistic", "df", "p"):
            assert gap(one[name], other[name]) < tolerances.IDENTITY, name


def test_rows_themselves():
    """The rows that the views build, not only what they estimate."""
    spec = three_arms("mmrm").design
    base = mean_base()
    found = contrasts.means(spec, "arm", ("visit",), None, "visit")
    assert gap(found.rows, [cell(a, v, base) for v in VISITS for a in ARMS], 1.0) < tolerances.IDENTITY
    assert found.cells[1] == ({"visit": "w04", "arm": "Kettlebell"},)
    found = contrasts.differences(spec, "arm", ("visit",), None, "visit", "all")
    assert found.families == ("w04",) * 3 + ("w08",) * 3 + ("w12",) * 3
    assert found.means == 3
    by_hand = [
        cell(a, v, 0.0) - cell(b, v, 0.0)
        for v in VISITS
        for b, a in ((0, 1), (0, 2), (1, 2))
        for a, b in [(ARMS[a], ARMS[b])]
    ]
    assert gap(found.rows, by_hand, 1.0) < tolerances.IDENTITY


def test_a_number_in_an_interaction():
    """Means at weeks, slopes by arm, changes along the line."""
    fit = mixed("mixed_trial", "y ~ base + arm * week + (week | id)")
    base, week = fit.design.numbers["base"], fit.design.numbers["week"]
    assert r_names(fit.design.names) == ["(Intercept)", "base", "armexercise", "week", "armexercise:week"]

    def row(arm, week):
        return np.array([1.0, base, arm, week, arm * week])

    weeks = (4.0, 8.0, 24.0)
    is_l_beta(fit, fit.means("arm", by="week", at={"week": weeks}), [row(a, w) for w in weeks for a in (0.0, 1.0)])
    is_l_beta(fit, fit.means("arm"), [row(a, week) for a in (0.0, 1.0)])
    changes = [row(a, w) - row(a, 4.0) for a in (0.0, 1.0) for w in (8.0, 24.0)]
    difference = [row(1.0, w) - row(1.0, 4.0) - row(0.0, w) + row(0.0, 4.0) for w in (8.0, 24.0)]
    is_l_beta(fit, fit.change_from(4, visit="week", at={"week": [4, 8, 24]}), [*changes, *difference])
    for term, rows in {
        "arm:week": [np.eye(5)[4]],
        "week": [np.eye(5)[3] + np.eye(5)[4] / 2.0],
        "arm": [row(1.0, week) - row(0.0, week)],
    }.items():
        found, wanted = fit.test(term).frame.iloc[0], fit.test_rows(rows).frame.iloc[0]
        assert gap(found["statistic"], wanted["statistic"]) < tolerances.IDENTITY, term


def test_coding_does_not_matter_to_means():
    """Another reference arm: other coefficients, the same means, differences and tests."""
    data = frame("mixed_arms").copy()
    data["arm"] = data["arm"].cat.reorder_categories(["Walking", "Usual care", "Kettlebell"])
    turned, fit = mmrm(data, FORMULA, participant="id", visit="visit"), three_arms("mmrm")
    key = ["visit", "arm"]
    one = fit.means("arm", by="visit").frame.sort_values(key)
    other = turned.means("arm", by="visit").frame.sort_values(key)
    for name in ("estimate", "se", "df"):
        assert gap(one[name], other[name]) < tolerances.IDENTITY
    for term in ("arm", "visit", "arm:visit"):
        assert gap(fit.test(term).frame["statistic"], turned.test(term).frame["statistic"]) < tolerances.IDENTITY


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (lambda fit: fit.means("amr"), '"amr" is not in the model; did you mean "arm"?'),
        (lambda fit: fit.means("base"), '"base" enters as a number'),
        (lambda fit: fit.means("arm", at={"visit": "w99"}), '"w99" is not a level of "visit"'),
        (lambda fit: fit.contrasts("arm", pairs="each"), 'pairs="each"'),
        (lambda fit: fit.contrasts("arm", reference="Walkin"), 'did you mean "Walking"'),
        (lambda fit: fit.contrasts("arm", adjust="fdr"), "fdr"),
        (lambda fit: fit.contrasts("arm", level=95), "level=95"),
        (lambda fit: fit.change_from("w99"), '"w99" is not a visit'),
        (lambda fit: fit.test("arm:week"), '"week" is not in the model'),
    ],
)
def test_what_cannot_be_asked(ask, said):
    with pytest.raises(PlanError) as error:
        ask(three_arms("mmrm"))
    assert said in str(error.value)
