"""Families of contrasts against emmeans, p.adjust, ptukey and mvtnorm; identities; what is refused."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special
from scipy.stats import studentized_range

from kbstudy.errors import PlanError
from kbstudy.models import largest_statistic
from kbstudy.models.multiplicity import METHODS, adjust_family
from tests import reference, tolerances

STEPWISE = ["holm", "hochberg", "benjamini_hochberg"]
SINGLE_STEP = ["tukey", "dunnett", "multivariate_t"]
#: Absolute, of tails: Gauss-Legendre on the faces of the region, rank 2 and 3.
FACES = 1e-8
#: Absolute, of tails: the lattice, rank 4 to 6, independent contrasts. The docstring promises it.
LATTICE = 2e-7
#: Absolute: ptukey's fixed quadrature; largest difference with 10 means.
PTUKEY = 1e-9
#: Absolute: qtukey finds its root to 1e-4 of the quantile; emmeans' Tukey limits come from it.
QTUKEY = 2e-4
#: Absolute: qmvt and qmvnorm work with probabilities that are right to 1e-3.
QMVT = 0.02


def close(ours, source, column):
    """p-values and limits to the digits that both sides carry."""
    near = tolerances.P if column == "p" else tolerances.LIMIT
    assert getattr(ours, column) == pytest.approx(source[column], rel=near, abs=1e-14), column


def of(source, method, **more):
    columns = (source[name] for name in ("estimate", "se", "df", "correlation"))
    return adjust_family(*columns, method=method, **more)


def emmeans(name):
    return reference.numbers("multiplicity", "emmeans")[name]


FAMILIES = ["warpbreaks_wool_a", "warpbreaks_wool_b", "pigs_pairs", "pigs_trt_vs_ctrl"]


@pytest.mark.parametrize("name", FAMILIES)
@pytest.mark.parametrize("method", ["none", "bonferroni", "sidak"])
def test_emmeans(name, method):
    source = emmeans(name)
    for column in ("p", "low", "high"):
        close(of(source, method), source[method], column)


@pytest.mark.parametrize("name", FAMILIES[:3])
def test_tukey_of_emmeans(name):
    source = emmeans(name)
    ours = of(source, "tukey", means=3)
    assert ours.p == pytest.approx(source["tukey"]["p"], abs=PTUKEY)
    for limits in ("low", "high"):
        off = (getattr(ours, limits) - np.array(source["tukey"][limits])) / np.array(source["se"])
        assert off == pytest.approx([0, 0, 0], abs=QTUKEY)


@pytest.mark.parametrize("name", FAMILIES)
def test_exact_multivariate_t(name):
    source = emmeans(name)
    ours = of(source, "dunnett")
    assert ours.p == pytest.approx(source["mvt"]["p"], abs=3e-6)
    for limits in ("low", "high"):
        assert getattr(ours, limits) == pytest.approx(source["mvt"][limits], rel=1e-4)


def test_published_digits():
    wool = of(emmeans("warpbreaks_wool_a"), "tukey", means=3)
    assert wool.p == pytest.approx([6.57274e-4, 9.18548e-4, 0.993624], rel=tolerances.SEVEN_DIGITS)
    pigs = of(emmeans("pigs_trt_vs_ctrl"), "dunnett")
    assert pigs.p == pytest.approx([6.24e-5, 2.95e-7], rel=2e-3)
    assert emmeans("pigs_pairs")["estimate"][0] == pytest.approx(-0.272767844, rel=1e-8)


@pytest.mark.parametrize("name", ["spread", "ties", "close", "tiny", "one"])
@pytest.mark.parametrize("method", ["bonferroni", *STEPWISE])
def test_p_adjust(name, method):
    source = reference.numbers("multiplicity", "p_adjust")["sets"][name]
    z = -special.ndtri(np.array(source["raw"]) / 2)
    ours = adjust_family(z, np.ones(len(z)), math.inf, None, method=method)
    assert ours.p == pytest.approx(source[method], rel=tolerances.P)


def test_studentized_range():
    for row in reference.numbers("multiplicity", "studentized_range")["rows"]:
        df = math.inf if row["df"] == 1e9 else row["df"]
        ours = largest_statistic.range_tail(row["q"], row["k"], df)
        if (row["k"], row["df"]) == (3, 3):
            # ptukey alone is off here, by up to 1.5e-6; scipy, which integrates adaptively, agrees with us.
            assert ours == pytest.approx(studentized_range.sf(row["q"], 3, 3), abs=1e-11), row
            continue
        assert ours == pytest.approx(row["tail"], abs=PTUKEY), row


STRUCTURES = [
    *("two_half", "two_negative", "three_independent", "three_unequal_control", "three_ar1", "three_pairs"),
    *("four_control", "four_ar1_signs", "five_ar1", "six_control", "six_pairs"),
]


@pytest.mark.parametrize("name", STRUCTURES)
def test_mvtnorm(name):
    source = reference.numbers("multiplicity", "multivariate_t")["structures"][name]
    factor = largest_statistic.factor_of(np.array(source["correlation"]))
    tail = largest_statistic.tail_by_faces if factor.shape[1] <= 3 else largest_statistic.tail_by_lattice
    for answer in source["answers"]:
        df = float(answer["df"])
        for c, expected, error in zip(answer["c"], answer["tail"], answer["error"], strict=True):
            # mvtnorm's stated error is one of 99%: twice it, and ours.
            assert tail(c, factor, df) == pytest.approx(expected, abs=2 * error + LATTICE), (c, df)


@pytest.mark.parametrize("name", ["two_half", "three_unequal_control", "six_pairs", "four_control"])
def test_critical_value(name):
    source = reference.numbers("multiplicity", "multivariate_t")["structures"][name]
    matrix = np.array(source["correlation"])
    one = np.ones(len(matrix))
    for answer in source["answers"][::2]:
        df = float(answer["df"])
        critical = adjust_family(2 * one, one, df, matrix, method="dunnett").high[0] - 2
        assert critical == pytest.approx(answer["critical"], abs=QMVT)
        at_limit = adjust_family(critical * one, one, df, matrix, method="dunnett")
        assert at_limit.p == pytest.approx(0.05, abs=1e-7)


# ---- two ways to one number --------------------------------------------------------------------------------------


def equal(m, rho):
    return np.full((m, m), rho) + (1 - rho) * np.eye(m)


def all_pairs(variances):
    k = len(variances)
    rows = np.array([np.eye(k)[a] - np.eye(k)[b] for a in range(k) for b in range(a + 1, k)])
    covariance = rows @ np.diag(variances) @ rows.T
    se = np.sqrt(np.diag(covariance))
    return covariance / np.outer(se, se)


def equal_tail(c, m, rho, df):
    """One integral over the shared part of equally correlated contrasts, another over the spread."""
    nodes, weights = np.polynomial.legendre.leggauss(300)
    z, over_z = 9 * nodes, 9 * weights * np.exp(-81 * nodes**2 / 2) / math.sqrt(2 * math.pi)
    s, over_s = largest_statistic._spread(df, 100, 1e-14)
    shared, reach = math.sqrt(rho / (1 - rho)) * z, c * s[:, None] / math.sqrt(1 - rho)
    outside = np.minimum(special.ndtr(shared - reach) + special.ndtr(-shared - reach), 1 - 1e-16)
    return float(over_s @ (-np.expm1(m * np.log1p(-outside))) @ over_z)


@pytest.mark.parametrize("df", [2, 12.3, math.inf])
@pytest.mark.parametrize(("m", "rho"), [(2, 0.0), (2, 0.5), (2, 0.9), (3, 0.0), (3, 0.5), (3, 0.9)])
def test_faces_exactly(m, rho, df):
    factor = largest_statistic.factor_of(equal(m, rho))
    for c in (0.3, 2.0, 4.0):
        exact = equal_tail(c, m, rho, df)
        assert largest_statistic.tail_by_faces(c, factor, df) == pytest.approx(exact, abs=FACES, rel=1e-7)


@pytest.mark.parametrize(("m", "rho", "df"), [(4, 0.5, 5), (4, 0.9, 30), (6, 0.5, math.inf), (6, 0.8, 12.3)])
def test_lattice_exactly(m, rho, df):
    factor = largest_statistic.factor_of(equal(m, rho))
    for c in (1.5, 2.6):
        assert largest_statistic.tail_by_lattice(c, factor, df) == pytest.approx(equal_tail(c, m, rho, df), abs=LATTICE)


@pytest.mark.parametrize(("means", "df"), [(3, 2), (3, 12.3), (4, 30), (4, math.inf)])
def test_all_pairs_of_equal_precision_are_tukeys(means, df):
    matrix = all_pairs(np.ones(means))
    t = np.linspace(0.2, 6, len(matrix))
    tukey, exact = (
        adjust_family(t, np.ones(len(t)), df, matrix, method=method, means=means) for method in ("tukey", "dunnett")
    )
    assert exact.p == pytest.approx(tukey.p, rel=1e-8)
    assert exact.low == pytest.approx(tukey.low, rel=tolerances.IDENTITY)


def test_singular_of_rank_four_is_tukeys():
    factor = largest_statistic.factor_of(all_pairs(np.ones(5)))
    assert factor.shape == (10, 4)
    for c, df in ((1.8, 20), (2.8, math.inf)):
        exact = largest_statistic.range_tail(c * math.sqrt(2), 5, df)
        assert largest_statistic.tail_by_lattice(c, factor, df) == pytest.approx(exact, abs=LATTICE)


def test_unequal_precision_makes_tukey_cautious():
    matrix = all_pairs([1.0, 4.0, 0.3])
    tukey, exact = (
        adjust_family([2.4, 1, 2], [1] * 3, 15, matrix, method=method, means=3) for method in ("tukey", "dunnett")
    )
    assert (exact.p <= tukey.p).all()
    assert exact.high[0] < tukey.high[0]


# ---- properties --------------------------------------------------------------------------------------------------

METHOD = st.sampled_from([name for name in METHODS if name != "tukey"])
DF = st.one_of(st.floats(1, 300), st.just(math.inf))


@st.composite
def families(draw, sizes=(1, 2, 3)):
    """Contrasts with random correlations, some of them singular."""
    m, columns = draw(st.sampled_from(sizes)), draw(st.integers(1, 3))
    numbers = st.floats(-1, 1).map(lambda x: round(x, 3))
    rows = np.array(draw(st.lists(numbers, min_size=m * columns, max_size=m * columns))).reshape(m, columns)
    rows[:, 0] += np.where(np.linalg.norm(rows, axis=1) < 0.1, 1, 0)
    rows /= np.linalg.norm(rows, axis=1)[:, None]
    t = np.array(draw(st.lists(st.floats(-6, 6), min_size=m, max_size=m)))
    se = np.array(draw(st.lists(st.floats(0.1, 10), min_size=m, max_size=m)))
    return t * se, se, rows @ rows.T


@settings(max_examples=60, deadline=None)
@given(family=families(), df=DF, method=METHOD)
def test_never_less_than_unadjusted(family, df, method):
    estimate, se, matrix = family
    plain = adjust_family(estimate, se, df, matrix, method="none")
    found = adjust_family(estimate, se, df, matrix, method=method)
    assert (found.p >= plain.p * (1 - 1e-9)).all()
    assert (found.p <= 1).all()
    assert (found.low <= plain.low + 1e-6 * se).all()
    order = np.argsort(np.abs(estimate / se))
    assert (np.diff(found.p[order]) <= 1e-12).all()


@settings(max_examples=60, deadline=None)
@given(family=families(), df=DF, level=st.sampled_from([0.8, 0.95, 0.99]), method=METHOD)
def test_p_and_interval_agree(family, df, level, method):
    estimate, se, matrix = family
    found = adjust_family(estimate, se, df, matrix, method=method, level=level)
    if method in STEPWISE and len(se) > 1:
        assert "the intervals are not adjusted" in found.note
        plain = adjust_family(estimate, se, df, matrix, method="none", level=level)
        assert (found.low.tolist(), found.high.tolist()) == (plain.low.tolist(), plain.high.tolist())
        return
    assert found.note == ""
    excluded = (found.low > 0) | (found.high < 0)
    clear = np.abs(found.p - (1 - level)) > 1e-6
    assert (excluded == (found.p < 1 - level))[clear].all()


@settings(max_examples=60, deadline=None)
@given(family=families((2, 3)), df=DF, method=METHOD, flip=st.integers(0, 2))
def test_order_and_sign_do_not_matter(family, df, method, flip):
    estimate, se, matrix = family
    found = adjust_family(estimate, se, df, matrix, method=method)
    order = np.roll(np.arange(len(se)), 1)
    sign = np.where(np.arange(len(se)) == flip, -1.0, 1.0)
    turned = adjust_family(
        (sign * estimate)[order],
        se[order],
        df,
        (matrix * np.outer(sign, sign))[np.ix_(order, order)],
        method=method,
    )
    assert turned.p == pytest.approx(found.p[order], rel=1e-6, abs=1e-12)
    assert turned.high - turned.low == pytest.approx((found.high - found.low)[order], rel=tolerances.IDENTITY)


@settings(max_examples=30, deadline=None)
@given(t=st.floats(-8, 8), se=st.floats(0.01, 100), df=DF, method=st.sampled_from(list(METHODS)))
def test_a_single_contrast_is_not_adjusted(t, se, df, method):
    found = adjust_family([t * se], [se], [df], [[1.0]], method=method, means=2)
    plain = adjust_family([t * se], [se], [df], [[1.0]], method="none")
    assert found.p == pytest.approx(plain.p, rel=1e-9)
    assert (found.low[0], found.high[0]) == pytest.approx((plain.low[0], plain.high[0]), rel=1e-9)
    assert found.note == ""


def test_the_lattice_hardly_minds_the_order():
    rng = np.random.default_rng(1)
    rows = rng.normal(size=(5, 5))
    matrix = np.corrcoef(rows @ rows.T)
    order = np.array([3, 1, 4, 0, 2])
    one, again, other = (
        largest_statistic.tail_by_lattice(2.3, largest_statistic.factor_of(m), 12.0)
        for m in (matrix, matrix, matrix[np.ix_(order, order)])
    )
    assert one == again
    assert one == pytest.approx(other, abs=LATTICE)


def test_the_same_contrast_twice_is_one_contrast():
    for sign in (1.0, -1.0):
        found = adjust_family([2.0, sign * 2.0], [1, 1], 10, [[1, sign], [sign, 1]], method="dunnett")
        plain = adjust_family([2.0], [1], 10, [[1]], method="none")
        assert found.p == pytest.approx([plain.p[0]] * 2)
        assert found.high[0] == pytest.approx(plain.high[0])


def test_nearly_the_same_contrast_twice():
    nearly = 1 - 1e-7
    found = adjust_family([2.0, 2.0], [1, 1], 10, [[1, nearly], [nearly, 1]], method="dunnett")
    plain = adjust_family([2.0], [1], 10, [[1]], method="none")
    assert plain.p[0] < found.p[0] < plain.p[0] * 1.001


def test_far_in_the_tail():
    """Where 1 - probability would have no digits left."""
    for matrix in (equal(3, 0.5), equal(4, 0.5)):
        t = np.full(len(matrix), 15.0)
        found = adjust_family(t, np.ones(len(t)), math.inf, matrix, method="dunnett")
        assert found.p == pytest.approx(len(t) * 2 * special.ndtr(-15.0), rel=1e-3)


def test_groups_are_families_of_their_own():
    estimate, matrix = [2.5, 2.0, 1.0, 3.0], np.eye(4)
    found = adjust_family(estimate, [1] * 4, 20, matrix, method="dunnett", groups=["a", "b", "a", "b"])
    for rows in ([0, 2], [1, 3]):
        own = adjust_family(np.array(estimate)[rows], [1] * 2, 20, np.eye(2), method="dunnett")
        assert found.p[rows] == pytest.approx(own.p)
        assert found.low[rows] == pytest.approx(own.low)


@pytest.mark.parametrize("method", SINGLE_STEP)
def test_own_degrees_of_freedom(method):
    """As emmeans does it: each contrast against the distribution with its own degrees of freedom."""
    matrix, t, df = all_pairs(np.ones(3)), [2.5, 1.0, 3.0], [10.5, 40, math.inf]
    found = adjust_family(t, [1] * 3, df, matrix, method=method, means=3)
    for i in range(3):
        same = adjust_family(t, [1] * 3, df[i], matrix, method=method, means=3)
        assert found.p[i] == pytest.approx(same.p[i], rel=1e-12)
        assert found.low[i] == pytest.approx(same.low[i], rel=1e-7)
        assert same.note == ""
    assert found.note == "Degrees of freedom differ between contrasts; each is adjusted with its own."


def test_bonferroni_uses_own_degrees_of_freedom():
    found = adjust_family([2.5, 2.5], [1, 1], [10, 40], None, method="bonferroni")
    own = [adjust_family([2.5], [1], df, None, method="none").p[0] for df in (10, 40)]
    assert found.p == pytest.approx(2 * np.array(own))
    assert found.note == ""


# ---- refusals ----------------------------------------------------------------------------------------------------

GOOD = {"estimate": [1.0, 2.0, 1.0], "se": [1.0, 1.0, 1.0], "df": 9, "correlation": equal(3, 0.5), "method": "dunnett"}


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"method": "tuckey"}, 'method="tuckey" is not an adjustment; did you mean "tukey"?'),
        ({"level": 1}, "level=1 is not a confidence level"),
        ({"se": [1.0, 1.0]}, "se has the shape (2,), and 3 contrasts ask for (3,)"),
        ({"correlation": np.eye(2)}, "correlation has the shape (2, 2), and 3 contrasts ask for (3, 3)"),
        ({"estimate": []}, "estimate has the shape (0,)"),
        ({"estimate": [1.0, math.nan, 1.0]}, "estimate of contrast 2 is nan"),
        ({"se": [1.0, 0.0, 1.0]}, "se of contrast 2 is 0"),
        ({"df": [0.0, 3, 3]}, "df of contrast 1 is 0"),
        ({"df": math.nan}, "df of contrast 3 is nan"),
        ({"correlation": 2 * np.eye(3)}, "the diagonal of correlation is not 1"),
        ({"correlation": [[1, 0.5, 0], [0, 1, 0], [0, 0, 1]]}, "correlation is not symmetric"),
        ({"correlation": np.full((3, 3), math.nan)}, "not finite"),
        ({"correlation": equal(3, -0.9)}, "correlation has the negative eigenvalue -0.8"),
        ({"correlation": None}, 'method="dunnett" needs correlation'),
        ({"groups": ["a"]}, "groups has 1 label for 3 contrasts"),
        ({"method": "tukey"}, 'method="tukey" needs means'),
        ({"method": "tukey", "means": 4}, "4 means have 6 pairwise differences, and there are 3"),
        ({"method": "tukey", "means": 3}, "these contrasts are not the pairwise differences of 3 means"),
    ],
)
def test_refused(wrong, message):
    with pytest.raises(PlanError) as caught:
        adjust_family(**(GOOD | wrong))
    assert message in str(caught.value)
    assert "What to do: " in str(caught.value)


def test_all_problems_at_once():
    with pytest.raises(PlanError) as caught:
        adjust_family([1.0, 2.0], [0.0, -1.0], 0, None, method="bonferoni", level=2)
    # The method, the level, two standard errors and two degrees of freedom.
    assert len(caught.value.problems) == 6
