"""Paired comparisons against R: t.test, wilcox.test, pt(ncp=), effectsize and metafor."""

from __future__ import annotations

import math

import pytest

from kbstudy.models import paired
from tests import reference, tolerances

SETS = ["sleep", "noties", "nrs"]
LEVELS = [0.95, 0.9]
SIZES = [
    "cohen_dz",
    "hedges_gz",
    "cohen_dav",
    "cohen_dav_mean_sd",
    "hedges_gav",
    "cohen_drm",
    "glass_delta_baseline",
]


def ours(folder, level=0.95):
    table = reference.long(reference.data(folder))
    ask = {"participant": "id", "visit": "visit", "baseline": "before", "followup": "after"}
    return paired(table, "score", **ask, p_values=True, level=level)


def theirs(folder, level=0.95):
    return reference.numbers(folder, "paired")["levels"][f"{level:g}"]


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("folder", SETS)
def test_paired_t(folder, level):
    row, source = ours(folder, level).row("mean_change"), theirs(folder, level)["mean_change"]
    assert row["n"] == theirs(folder)["n"]
    assert row["estimate"] == pytest.approx(source["estimate"], rel=tolerances.ESTIMATE)
    assert row["se"] == pytest.approx(source["se"], rel=tolerances.SE)
    assert row["df"] == pytest.approx(source["df"], rel=tolerances.DF)
    assert row["statistic"] == pytest.approx(source["statistic"], rel=tolerances.STATISTIC)
    assert row["p"] == pytest.approx(source["p"], rel=tolerances.P)
    assert row["low"] == pytest.approx(source["low"], rel=tolerances.LIMIT)
    assert row["high"] == pytest.approx(source["high"], rel=tolerances.LIMIT)


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("folder", SETS)
def test_wilcoxon(folder, level):
    row, source = ours(folder, level).row("wilcoxon_pseudomedian"), theirs(folder, level)["wilcoxon"]
    is_exact = "exact" in source["method"]
    assert ("exact" in row["method"]) is is_exact
    assert row["statistic"] == source["statistic"]
    assert row["p"] == pytest.approx(source["p"], rel=tolerances.P)
    near = tolerances.ESTIMATE if is_exact else tolerances.UNIROOT
    for column in ("estimate", "low", "high"):
        assert row[column] == pytest.approx(source[column], abs=near), column


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("folder", SETS)
@pytest.mark.parametrize("size", SIZES)
def test_effect_sizes(folder, level, size):
    row, source = ours(folder, level).row(size), theirs(folder, level)["effects"][size]
    assert row["estimate"] == pytest.approx(source["estimate"], rel=tolerances.ESTIMATE)
    for column in ("low", "high"):
        expected = source.get(column, math.nan)
        assert row[column] == pytest.approx(expected, rel=tolerances.NONCENTRAL, nan_ok=True)
    assert math.isnan(row["p"])


@pytest.mark.parametrize("folder", SETS)
@pytest.mark.parametrize("size", ["cohen_dz", "hedges_gz"])
def test_effect_sizes_of_the_r_package_effectsize(folder, size):
    row, source = ours(folder).row(size), theirs(folder)["effectsize_package"][size]
    assert row["estimate"] == pytest.approx(source["estimate"], rel=tolerances.ESTIMATE)
    assert row["low"] == pytest.approx(source["low"], rel=tolerances.OPTIM)
    assert row["high"] == pytest.approx(source["high"], rel=tolerances.OPTIM)


def test_only_glass_delta_has_a_standard_error():
    frame = ours("sleep").frame.set_index("term")
    assert frame["se"].notna().loc[lambda known: known].index.tolist() == ["mean_change", "glass_delta_baseline"]
    assert frame.loc["glass_delta_baseline", "se"] == pytest.approx(
        theirs("sleep")["effects"]["glass_delta_baseline"]["se"], rel=tolerances.SE
    )


@pytest.mark.parametrize(
    ("term", "column", "value"),
    [
        ("mean_change", "estimate", -1.58),
        ("mean_change", "statistic", -4.062128),
        ("mean_change", "p", 0.00283289),
        ("mean_change", "low", -2.459886),
        ("mean_change", "high", -0.700114),
        ("cohen_dz", "estimate", -1.284557563),
        ("cohen_dz", "low", -2.118016595),
        ("cohen_dz", "high", -0.4146276621),
        ("hedges_gz", "estimate", -1.173924904),
        ("cohen_drm", "estimate", -0.8221766384),
        ("cohen_dav", "estimate", -0.8321810813),
        ("cohen_dav_mean_sd", "estimate", -0.8334963413),
        ("wilcoxon_pseudomedian", "estimate", -1.4),
        ("wilcoxon_pseudomedian", "statistic", 0.0),
        ("wilcoxon_pseudomedian", "p", 0.0090907),
    ],
)
def test_listed_numbers_of_sleep(term, column, value):
    assert ours("sleep").row(term)[column] == pytest.approx(value, rel=tolerances.SEVEN_DIGITS)
