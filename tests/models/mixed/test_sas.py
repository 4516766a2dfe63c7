"""Listings of SAS PROC MIXED, and R on data of textbooks. Most data are not in the repository: see tests/conftest.py.

Numbers of SAS stand here as text, with the digits that SAS prints. Sources: ``design/SAS`` and ``tests/testthat`` of
openpharma/mmrm for ``fev_data``; the report of the SAS five macros (rbmi) for ``antidepressant_data``; R 4.2.2 with
mmrm 0.3.18, lme4 1.1-31, lmerTest 3.1-3, pbkrtest 0.5.2 and nlme 3.1-162 for what has more digits.

SAS and R mmrm stop a little short of the top of the likelihood: up to 1.1e-5 in −2 log-likelihood. That is no
difference in the model: :func:`is_at_least_as_good` holds kbstudy to the better optimum,
``test_our_optimum_is_the_better_one`` recomputes both sides by a formula of its own, and the tolerances SAS_* and
LISTED say what such a stop moves.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest
from scipy.stats import chi2

from kbstudy.models.mixed import lmm, mmrm
from tests import tolerances
from tests.conftest import shared
from tests.models.mixed import STRUCTURES, frame, gap

FEV = "FEV1 ~ RACE + SEX + ARMCD * AVISIT"


@cache
def fev_data():
    data = pd.read_csv(shared("trials/fev_data.csv"))
    data["SEX"] = pd.Categorical(data["SEX"], ["Male", "Female"])
    for name in ("ARMCD", "RACE", "AVISIT"):
        data[name] = data[name].astype("category")
    return data


@cache
def fev(formula, structure, by=None, *, reml=True):
    visit = "VISITN" if structure.startswith("sp") else "AVISIT"
    covariance = STRUCTURES[structure]
    return mmrm(
        fev_data(), formula, participant="USUBJID", visit=visit, covariance=covariance, covariance_by=by, reml=reml
    )


def is_listed(found, listed, slack):
    """A number as printed, give or take half a unit of its last digit and what an early stop moves."""
    half = 0.5 * 10.0 ** -len(listed.partition(".")[2])
    assert abs(float(found) - float(listed)) <= half * (1 + 1e-9) + slack, f"{found} is not {listed}"


def is_at_least_as_good(fit, listed):
    """A −2 log-likelihood no larger than the source's, and not much smaller; at a point with nothing left to gain."""
    ours, half = -2.0 * fit.log_likelihood, 0.5 * 10.0 ** -len(listed.partition(".")[2])
    assert ours <= float(listed) + half + tolerances.LOG_LIKELIHOOD
    assert ours >= float(listed) - tolerances.SAS_DEVIANCE
    assert fit.convergence.converged
    assert fit.convergence.newton_decrement < tolerances.NEWTON_DECREMENT
    assert fit.convergence.smallest_eigenvalue > 0


# ---- fev_data, unstructured ----------------------------------------------------------------------------------------

MINUS_2_REML = "3386.44987722"
#: By visit, as the listing prints them.
LISTED_COVARIANCE = np.array(
    [
        [40.5509, 14.3982, 4.9744, 13.3731],
        [14.3982, 26.5692, 2.7851, 7.4790],
        [4.9744, 2.7851, 14.8970, 0.9017],
        [13.3731, 7.4790, 0.9017, 95.5528],
    ]
)
#: Term: estimate, SE, Satterthwaite's df, SE of Kenward-Roger-Linear, which for this structure is SAS's Kenward-Roger.
COEFFICIENTS = {
    "Intercept": (30.7774755, 0.8865648, 218.8018, 0.8971340),
    "RACE[T.Black or African American]": (1.5304998, 0.6244754, 168.6657, 0.6390469),
    "RACE[T.White]": (5.6435653, 0.6656093, 157.1382, 0.6807444),
    "SEX[T.Female]": (0.3260619, 0.5319504, 166.1324, 0.5442351),
    "ARMCD[T.TRT]": (3.7742300, 1.0741470, 145.5520, 1.0817635),
    "AVISIT[T.VIS4]": (15.0538983, 1.3128133, 138.4708, 1.3261113),
    "ARMCD[T.TRT]:AVISIT[T.VIS4]": (0.6242270, 1.8508524, 129.7204, 1.8678506),
}
#: Visit: mean, SE, df of placebo and of treatment; difference, SE, df, t, p.
MEANS = {
    "VIS1": ((33.331861, 0.755397, 148.146), (37.106092, 0.762588, 143.176)),
    "VIS2": ((38.171450, 0.611732, 147.033), (41.903754, 0.602349, 143.484)),
    "VIS3": ((43.673974, 0.461762, 129.803), (46.754519, 0.508632, 130.134)),
    "VIS4": ((48.385760, 1.188650, 134.081), (52.784217, 1.187760, 132.624)),
}
DIFFERENCES = {
    "VIS1": (3.7742300, 1.0741470, 145.552, 3.51370, 5.8915e-4),
    "VIS2": (3.7323038, 0.8588564, 145.277, 4.34567, 2.5945e-5),
    "VIS3": (3.0805447, 0.6896245, 130.928, 4.46699, 1.6970e-5),
    "VIS4": (4.3984571, 1.6805453, 133.389, 2.61728, 9.8869e-3),
}
#: Term: F, numerator df, denominator df (whole numbers), p where it is printed.
TYPE_III = {
    "ARMCD": ("31.67", 1, "169", None),
    "AVISIT": ("142.11", 3, "148", None),
    "ARMCD:AVISIT": ("0.26", 3, "148", "0.8555"),
    "RACE": ("36.92", 2, "166", None),
    "SEX": ("0.38", 1, "166", "0.5406"),
}


def minus_2_reml(sigma, x, y, people, visits):
    """The formula, person by person."""
    total, information, cross = 0.0, np.zeros((x.shape[1],) * 2), np.zeros(x.shape[1])
    parts = []
    for person in np.unique(people):
        mine = people == person
        inverse = np.linalg.inv(sigma[np.ix_(visits[mine], visits[mine])])
        parts.append((x[mine], y[mine], inverse))
        information += x[mine].T @ inverse @ x[mine]
        cross += x[mine].T @ inverse @ y[mine]
        total -= np.linalg.slogdet(inverse)[1]
    beta = np.linalg.solve(information, cross)
    total += sum((b - a @ beta) @ inverse @ (b - a @ beta) for a, b, inverse in parts)
    n, p = x.shape
    return total + np.linalg.slogdet(information)[1] + (n - p) * np.log(2.0 * np.pi)


class TestFevUnstructured:
    """The model of the mmrm package's introduction."""

    @pytest.fixture
    def fit(self):
        return fev(FEV, "us").with_df_method("satterthwaite")

    def test_likelihood(self, fit):
        is_at_least_as_good(fit, MINUS_2_REML)
        assert fit.parameters == 10
        is_listed(fit.aic, "3406.44988", tolerances.SAS_DEVIANCE)
        assert len(fit.people) == 197
        assert len(fit.y) == 537

    def test_our_optimum_is_the_better_one(self, fit):
        """At SAS's covariance the formula gives SAS's −2 log-likelihood, at ours a smaller one."""
        rows = fit.data[fit.observed]
        people, visits = rows["participant"].to_numpy(), rows["AVISIT"].cat.codes.to_numpy()
        theirs = minus_2_reml(LISTED_COVARIANCE, fit.x, fit.y, people, visits)
        ours = minus_2_reml(fit.covariance.to_numpy(), fit.x, fit.y, people, visits)
        assert abs(theirs - float(MINUS_2_REML)) < tolerances.FOUR_DECIMALS_IN_DEVIANCE
        assert abs(ours + 2.0 * fit.log_likelihood) < tolerances.LOG_LIKELIHOOD
        assert ours < theirs - 5e-6
        nearby = [ours + change for change in self._moves(fit, people, visits, ours)]
        assert min(nearby) > ours

    @staticmethod
    def _moves(fit, people, visits, ours):
        """What a tenth of a per cent more or less in each entry of the covariance costs."""
        sigma = fit.covariance.to_numpy()
        for i in range(4):
            for j in range(i + 1):
                for sign in (-1.0, 1.0):
                    moved = sigma.copy()
                    moved[i, j] = moved[j, i] = sigma[i, j] + sign * 1e-3 * np.sqrt(sigma[i, i] * sigma[j, j])
                    yield minus_2_reml(moved, fit.x, fit.y, people, visits) - ours

    def test_null_model(self, fit):
        """Chi-squared of the covariance against independent rows with one variance, 9 df."""
        residual = fit.y - fit.x @ np.linalg.lstsq(fit.x, fit.y, rcond=None)[0]
        n, p = fit.x.shape
        alone = (n - p) * (np.log(2.0 * np.pi * residual @ residual / (n - p)) + 1.0)
        alone += np.linalg.slogdet(fit.x.T @ fit.x)[1]
        is_listed(alone + 2.0 * fit.log_likelihood, "149.52", tolerances.SAS_DEVIANCE)

    def test_covariance(self, fit):
        sd = np.sqrt(np.diag(LISTED_COVARIANCE))
        assert gap(fit.covariance, LISTED_COVARIANCE, np.outer(sd, sd)) < tolerances.LISTED

    def test_coefficients(self, fit):
        sat = fit.coefficients.frame.set_index("term")
        linear = fit.with_df_method("kenward_roger_linear").coefficients.frame.set_index("term")
        for term, (estimate, se, df, linear_se) in COEFFICIENTS.items():
            assert gap(sat.loc[term, "estimate"], estimate, se) < tolerances.LISTED, term
            assert gap(sat.loc[term, "se"], se) < tolerances.LISTED, term
            assert gap(sat.loc[term, "df"], df) < tolerances.LISTED, term
            assert gap(linear.loc[term, "se"], linear_se) < tolerances.LISTED, term
            assert gap(linear.loc[term, "df"], df) < tolerances.LISTED, term

    def test_means(self, fit):
        rows = fit.means("ARMCD", by="AVISIT").frame.set_index(["visit", "arm"])
        for visit, arms in MEANS.items():
            for arm, (estimate, se, df) in zip(("PBO", "TRT"), arms, strict=True):
                assert gap(rows.loc[(visit, arm), "estimate"], estimate, se) < tolerances.LISTED
                assert gap(rows.loc[(visit, arm), "se"], se) < tolerances.LISTED
                assert gap(rows.loc[(visit, arm), "df"], df) < tolerances.LISTED

    def test_differences(self, fit):
        rows = fit.contrasts("ARMCD", by="AVISIT").frame.set_index("visit")
        for visit, (estimate, se, df, t, p) in DIFFERENCES.items():
            row = rows.loc[visit]
            assert gap(row["estimate"], estimate, se) < tolerances.LISTED, visit
            assert gap(row["se"], se) < tolerances.LISTED, visit
            assert gap(row["df"], df) < tolerances.LISTED, visit
            assert gap(row["statistic"], t) < tolerances.LISTED, visit
            assert gap(row["p"], p) < tolerances.LISTED_P, visit

    def test_difference_at_the_last_visit_as_printed(self, fit):
        row = fit.contrasts("ARMCD", by="AVISIT").frame.set_index("visit").loc["VIS4"]
        printed = {"estimate": "4.3985", "se": "1.6805", "low": "1.0746", "high": "7.7225", "p": "0.0099"}
        for name, listed in printed.items():
            is_listed(row[name], listed, tolerances.LISTED * row["se"])
        is_listed(row["df"], "133", 0.0)

    def test_type_iii(self, fit):
        for term, (f, ndf, ddf, p) in TYPE_III.items():
            row = fit.test(term).frame.iloc[0]
            is_listed(row["statistic"], f, tolerances.LISTED * row["statistic"])
            assert row["method"].startswith(f"F({ndf}, "), term
            # SAS prints its denominator degrees of freedom without decimals: ARMCD's 168.53 is its 169.
            is_listed(row["df"], ddf, tolerances.LISTED * row["df"])
            if p:
                is_listed(row["p"], p, tolerances.LISTED)

    def test_full_kenward_roger_is_not_what_is_offered(self, fit):
        """R mmrm's default has second derivatives in its own parameterisation: 1.0770065 at VIS1, which SAS has not."""
        row = fit.with_df_method("kenward_roger_linear").contrasts("ARMCD", by="AVISIT").frame.iloc[0]
        assert abs(row["se"] - 1.0770065) > 0.004


# ---- fev_data, nine structures -------------------------------------------------------------------------------------

#: Structure: parameters, −2REML, AIC, and of the VIS4 difference estimate, SE, df, SE of Kenward-Roger-Linear (R mmrm).
NINE = {
    "us": (10, "3386.449876", 3406.4499, 4.398457, 1.680545, 133.389, 1.693408),
    "toeph": (7, "3397.131307", 3411.1313, 4.340265, 1.696560, 132.440, 1.704857),
    "toep": (4, "3520.643996", 3528.6440, 4.175175, 1.150286, 506.556, 1.154130),
    "ar1h": (5, "3404.219246", 3414.2192, 4.112086, 1.702305, 131.169, 1.703827),
    "ar1": (2, "3525.078763", 3529.0788, 4.097715, 1.156879, 504.939, 1.158239),
    "adh": (7, "3393.096824", 3407.0968, 4.202355, 1.684690, 131.965, 1.689016),
    "ad": (4, "3504.642384", 3512.6424, 4.090197, 1.200179, 378.960, 1.202392),
    "csh": (5, "3398.001027", 3408.0010, 4.351546, 1.693802, 132.986, 1.695663),
    "cs": (2, "3522.042949", 3526.0429, 4.217793, 1.148140, 518.761, 1.149175),
}


@pytest.mark.parametrize("structure", NINE)
def test_nine_structures(structure):
    parameters, deviance, aic, estimate, se, df, linear_se = NINE[structure]
    fit = fev(FEV, structure)
    assert fit.parameters == parameters
    assert -2.0 * fit.log_likelihood <= float(deviance) + 0.5e-6
    is_listed(-2.0 * fit.log_likelihood, deviance, tolerances.SAS_DEVIANCE)
    assert abs(fit.aic - aic) < tolerances.FOUR_DECIMALS + tolerances.SAS_DEVIANCE
    linear = fit.contrasts("ARMCD", by="AVISIT").frame.set_index("visit").loc["VIS4"]
    sat = fit.with_df_method("satterthwaite").contrasts("ARMCD", by="AVISIT").frame.set_index("visit").loc["VIS4"]
    assert gap(sat["estimate"], estimate, se) < tolerances.LISTED
    assert gap(sat["se"], se) < tolerances.LISTED
    assert gap(sat["df"], df) < tolerances.LISTED
    assert gap(linear["se"], linear_se) < tolerances.LISTED


# ---- fev_data, an intercept and every covariance -------------------------------------------------------------------

#: Structure and group: −2LL by ML and REML, then by REML the intercept, its SE without correction, and SAS's df.
#: "adh, weights" of the same listing is left out: kbstudy has no weights.
INTERCEPT = {
    ("us", None): ("3700.68707570", "3700.94648570", "42.8338", "0.3509", "171"),
    ("toeph", None): ("3722.29178558", "3722.38018329", "41.6726", "0.3822", "185"),
    ("toep", None): ("3857.00777313", "3856.68995273", "42.3721", "0.4684", None),
    ("ar1h", None): ("3739.94416707", "3739.96835012", "41.6955", "0.3947", "191"),
    ("ar1", None): ("3875.95352406", "3875.49945459", "42.3255", "0.5013", "188"),
    ("csh", None): ("3784.63158043", "3784.85341599", "41.9964", "0.3575", "199"),
    ("cs", None): ("3918.12214544", "3917.98183508", "42.2896", "0.4285", "187"),
    ("adh", None): ("3713.24501787", "3713.49317786", "42.9009", "0.3529", "171"),
    ("ad", None): ("3855.8794", "3855.3383", "43.0560", "0.5236", None),
    ("sp_exp", None): ("3875.95353357", "3875.49946734", "42.3254", "0.5012", "188"),
    ("sp_gau", None): ("3871.0583", "3870.6985", "42.3542", "0.4780", "302"),
    ("ar1", "ARMCD"): ("3873.08507919", "3872.65212395", "41.9576", "0.4960", "189"),
    ("ar1h", "ARMCD"): ("3724.22021102", "3724.36099760", "41.7104", "0.3723", None),
    ("toeph", "ARMCD"): ("3704.27043196", "3704.49921127", "41.4766", "0.3563", None),
    ("cs", "ARMCD"): ("3915.54243738", "3915.41985780", "41.9734", "0.4247", "183"),
    ("csh", "ARMCD"): ("3764.21336404", "3764.55218946", None, None, None),
}


@pytest.mark.parametrize(("structure", "by"), INTERCEPT)
def test_intercept_and_covariance(structure, by):
    ml, reml, estimate, se, df = INTERCEPT[structure, by]
    for listed, fit in ((ml, fev("FEV1 ~ 1", structure, by, reml=False)), (reml, fev("FEV1 ~ 1", structure, by))):
        digits = len(listed.partition(".")[2])
        assert -2.0 * fit.log_likelihood <= float(listed) + max(0.5 * 10.0**-digits, tolerances.LOG_LIKELIHOOD)
        is_listed(-2.0 * fit.log_likelihood, listed, tolerances.SAS_DEVIANCE)
        assert fit.convergence.newton_decrement < tolerances.NEWTON_DECREMENT
    row = fev("FEV1 ~ 1", structure, by).with_df_method("satterthwaite").coefficients.frame.iloc[0]
    if estimate:
        is_listed(row["estimate"], estimate, tolerances.SAS_CONVERGENCE * row["se"])
        is_listed(row["se"], se, tolerances.SAS_CONVERGENCE * row["se"])
    if df:
        is_listed(row["df"], df, tolerances.SAS_CONVERGENCE * row["df"])


def test_parameters_of_the_covariance():
    def parts(structure):
        covariance = fev("FEV1 ~ 1", structure).covariance.to_numpy()
        sd = np.sqrt(np.diag(covariance))
        return np.diag(covariance), covariance / np.outer(sd, sd), covariance

    def printed(values, *listed):
        for value, text in zip(values, listed, strict=True):
            is_listed(value, text, tolerances.SAS_CONVERGENCE * abs(value))

    variance, correlation, _ = parts("ar1")
    printed([correlation[0, 1], variance[0]], "0.4272", "88.9866")
    variance, _, covariance = parts("cs")
    printed([covariance[0, 1], variance[0] - covariance[0, 1]], "5.8943", "81.0025")
    variance, correlation, _ = parts("csh")
    printed([*variance, correlation[0, 1]], "104.61", "38.6137", "31.3143", "178.91", "0.1582")
    variance, correlation, _ = parts("adh")
    printed(variance, "114.89", "44.6313", "26.8922", "158.47")
    printed(np.diag(correlation, 1), "0.7106", "0.1033", "0.3657")
    _, correlation, _ = parts("toeph")
    printed(correlation[0, 1:], "0.4295", "0.04570", "-0.3116")


def test_spatial_exponential_at_equal_distances_is_autoregressive():
    """SAS stops at another digit for one of the two; the models are the same."""
    one, other = fev("FEV1 ~ 1", "sp_exp"), fev("FEV1 ~ 1", "ar1")
    assert abs(one.log_likelihood - other.log_likelihood) < tolerances.LOG_LIKELIHOOD
    assert gap(one.covariance, other.covariance) < tolerances.POLISHED


# ---- fev_data, Kenward-Roger and F against SAS ---------------------------------------------------------------------

#: ``FEV1 ~ ARMCD``, SAS DDFM=KENWARDROGER(FIRSTORDER): SE and df of ARMCD. SAS's spatial fits of this table have two
#: coordinates, one of which is another number for each person and visit; kbstudy's visits have one, the same for all.
FIRST_ORDER = {
    "ar1": (0.96058142305176, 188.46934887972),
    "ar1h": (0.75924807546934, 188.225339095373),
    "cs": (0.7964696053595, 177.038485931223),
    "csh": (0.67403858183242, 190.737701349941),
    "adh": (0.66158550758897, 162.393385281755),
    "toep": (0.87839805519623, 160.027408337368),
    "toeph": (0.72537324518435, 180.062730071701),
    "us": (0.66124382270307, 160.733266403768),
}


@pytest.mark.parametrize("structure", FIRST_ORDER)
def test_kenward_roger_first_order(structure):
    se, df = FIRST_ORDER[structure]
    row = fev("FEV1 ~ ARMCD", structure).coefficients.frame.set_index("term").loc["ARMCD[T.TRT]"]
    assert gap(row["se"], se) < tolerances.SAS_KENWARD_ROGER
    assert gap(row["df"], df) < tolerances.SAS_KENWARD_ROGER


def f_is(row, f, df):
    assert gap(row.frame["statistic"], [f]) < tolerances.SAS_F
    assert gap(row.frame["df"], [df]) < tolerances.SAS_F


def test_f_of_an_interaction_with_a_number():
    """``ARMCD * FEV1_BL``, ar1, Satterthwaite. Type II of the two main effects has rows of its own: not compared."""
    fit = fev("FEV1 ~ ARMCD * FEV1_BL", "ar1").with_df_method("satterthwaite")
    f_is(fit.test("ARMCD:FEV1_BL"), 0.7644368094469, 198.163532037944)
    f_is(fit.test("FEV1_BL"), 11.0435094615508, 198.163532037936)
    # SAS's type III compares the arms where FEV1_BL is zero; .test("ARMCD") compares them at its mean.
    f_is(fit.test_rows([0.0, 1.0, 0.0, 0.0]), 0.03099660681111, 199.582314485653)
    mean = fit.design.numbers["FEV1_BL"]
    at_mean, found = fit.test_rows([0.0, 1.0, 0.0, mean]).frame.iloc[0], fit.test("ARMCD").frame.iloc[0]
    assert gap(found["statistic"], at_mean["statistic"]) < tolerances.IDENTITY


def test_f_with_a_factor_and_a_number():
    """``ARMCD * SEX + ARMCD:FEV1_BL``, ar1, type III."""
    fit = fev("FEV1 ~ ARMCD * SEX + ARMCD:FEV1_BL", "ar1").with_df_method("satterthwaite")
    assert fit.design.names == (
        "Intercept",
        "ARMCD[T.TRT]",
        "SEX[T.Female]",
        "ARMCD[T.TRT]:SEX[T.Female]",
        "ARMCD[PBO]:FEV1_BL",
        "ARMCD[TRT]:FEV1_BL",
    )
    f_is(fit.test("ARMCD:SEX"), 0.46643535342468, 186.11901853766)
    f_is(fit.test("SEX"), 0.09277653315012, 186.119018537661)
    f_is(fit.test_rows([0.0, 1.0, 0.0, 0.5, 0.0, 0.0]), 0.04875135180324, 197.423866403271)


def test_f_of_two_slopes():
    """SAS's rows for ``ARMCD:FEV1_BL`` without a main effect: both slopes are zero."""
    fit = fev("FEV1 ~ ARMCD * SEX + ARMCD:FEV1_BL", "ar1").with_df_method("satterthwaite")
    f_is(fit.test_rows(np.eye(6)[4:]), 6.11482167585228, 194.942672335072)


# ---- antidepressant_data ---------------------------------------------------------------------------------------------

V = np.array(
    [
        [19.6845, 16.5157, 15.3879, 16.3599],
        [16.5157, 34.2105, 25.4250, 26.1843],
        [15.3879, 25.4250, 38.4363, 33.8949],
        [16.3599, 26.1843, 33.8949, 45.2587],
    ]
)
#: Drug minus placebo: estimate, SE, df, p.
DRUG = {
    "4": (0.09180645, 0.6826170, 169.01, "0.8932"),
    "5": (-1.40320590, 0.9243836, 164.88, "0.1309"),
    "6": (-2.22463482, 1.0007441, 162.30, "0.0276"),
    "7": (-2.80177264, 1.1162903, 150.11, "0.0131"),
}


@cache
def antidepressant():
    data = pd.read_csv(shared("trials/antidepressant_data.csv"), dtype={"PATIENT": "str", "VISIT": "str"})
    data["THERAPY"] = pd.Categorical(data["THERAPY"], ["PLACEBO", "DRUG"])
    return mmrm(data, "CHANGE ~ VISIT * THERAPY + VISIT:BASVAL", participant="PATIENT", visit="VISIT")


class TestAntidepressant:
    """SAS DDFM=KR, which for this structure is kbstudy's default."""

    def test_likelihood(self):
        is_at_least_as_good(antidepressant(), "3494.20285008")
        assert len(antidepressant().people) == 172

    def test_covariance(self):
        sd = np.sqrt(np.diag(V))
        assert gap(antidepressant().covariance, V, np.outer(sd, sd)) < tolerances.LISTED

    def test_differences(self):
        rows = antidepressant().contrasts("THERAPY", by="VISIT").frame.set_index("visit")
        assert (rows["contrast"] == "DRUG - PLACEBO").all()
        for visit, (estimate, se, df, p) in DRUG.items():
            assert gap(rows.loc[visit, "estimate"], estimate, se) < tolerances.LISTED, visit
            assert gap(rows.loc[visit, "se"], se) < tolerances.LISTED, visit
            assert gap(rows.loc[visit, "df"], df) < tolerances.LISTED, visit
            is_listed(rows.loc[visit, "p"], p, tolerances.LISTED)
        assert gap(rows.loc["7", "statistic"], -2.5099) < tolerances.LISTED
        assert gap(rows.loc["7", "p"], 0.01313730) < tolerances.LISTED_P

    def test_satterthwaite(self):
        fit = antidepressant().with_df_method("satterthwaite")
        row = fit.contrasts("THERAPY", by="VISIT").frame.set_index("visit").loc["7"]
        assert gap(row["se"], 1.1140369) < tolerances.LISTED
        assert gap(row["df"], 150.11) < tolerances.LISTED
        is_listed(row["p"], "0.01296", tolerances.LISTED)

    def test_means(self):
        rows = antidepressant().means("THERAPY", by="VISIT").frame.set_index(["visit", "arm"])
        for arm, (estimate, se) in {"DRUG": (-7.623855, 0.7914442), "PLACEBO": (-4.822082, 0.7784750)}.items():
            assert gap(rows.loc[("7", arm), "estimate"], estimate, se) < tolerances.LISTED
            assert gap(rows.loc[("7", arm), "se"], se) < tolerances.LISTED


# ---- textbooks -------------------------------------------------------------------------------------------------------


@cache
def sleepstudy(formula, *, reml=True):
    return lmm(pd.read_csv(shared("mixed/sleepstudy.csv")), formula, reml=reml)


@cache
def orthodont(formula):
    data = pd.read_csv(shared("mixed/orthodont.csv"))
    data["Sex"] = pd.Categorical(data["Sex"], ["Male", "Female"])
    return lmm(data, formula)


def coefficients_are(fit, estimate, se):
    rows = fit.with_df_method("satterthwaite").coefficients.frame
    assert gap(rows["estimate"], estimate, se) < tolerances.TEXTBOOK
    assert gap(rows["se"], se) < tolerances.TEXTBOOK


class TestSleepstudy:
    """Belenky et al. 2003; lme4's optimiser leaves the variances to about 2e-5."""

    def test_correlated(self):
        fit = sleepstudy("Reaction ~ Days + (Days | Subject)")
        is_at_least_as_good(fit, "1743.628272")
        coefficients_are(fit, [251.40510485, 10.46728596], [6.824596698, 1.545789644])
        rows = fit.coefficients.frame
        assert gap(rows["df"], [17.0, 17.0]) < tolerances.TEXTBOOK
        assert gap(rows["statistic"][1], 6.771481) < tolerances.TEXTBOOK
        assert gap(rows["p"][1], 3.2638e-6) < tolerances.TEXTBOOK_P
        found = fit.random_effects_covariance["Subject"].to_numpy()
        assert gap(found, [[612.100158, 9.604409], [9.604409, 35.071714]]) < tolerances.TEXTBOOK
        assert gap(fit.residual_variance, 654.940008) < tolerances.TEXTBOOK

    def test_correlated_by_maximum_likelihood(self):
        fit = sleepstudy("Reaction ~ Days + (Days | Subject)", reml=False)
        is_at_least_as_good(fit, "1751.939344463")
        coefficients_are(fit, [251.40510485, 10.46728596], [6.632122742, 1.502230214])
        is_listed(fit.aic, "1763.939344", tolerances.LOG_LIKELIHOOD)
        assert gap(np.log(180.0) * 6 - 2.0 * fit.log_likelihood, 1783.097086) < tolerances.TEXTBOOK
        # lme4 has 565.4770, MixedModels.jl 565.51: the likelihood is flat there.
        assert gap(fit.random_effects_covariance["Subject"].iloc[0, 0], 565.51) < tolerances.TEXTBOOK

    def test_uncorrelated(self):
        fit = sleepstudy("Reaction ~ Days + (Days || Subject)")
        is_at_least_as_good(fit, "1743.669294")
        rows = fit.with_df_method("satterthwaite").coefficients.frame
        coefficients_are(fit, [251.40510485, 10.46728596], [6.885380817, 1.559569098])
        assert gap(rows["df"], [18.156, 18.156]) < tolerances.TEXTBOOK
        found = np.diag(fit.random_effects_covariance["Subject"])
        assert gap(found, [627.569051, 35.858380]) < tolerances.TEXTBOOK
        assert gap(fit.residual_variance, 653.583501) < tolerances.TEXTBOOK

    def test_is_there_a_correlation(self):
        one, other = (sleepstudy(f"Reaction ~ Days + (Days {bar} Subject)", reml=False) for bar in ("|", "||"))
        is_listed(-2.0 * other.log_likelihood, "1752.0033", 0.0)
        ratio = 2.0 * (one.log_likelihood - other.log_likelihood)
        is_listed(ratio, "0.06391", 0.0)
        is_listed(chi2.sf(ratio, 1), "0.80042", tolerances.TEXTBOOK)


class TestOrthodont:
    """Potthoff and Roy 1964, age in years from birth: where other optimisers fail."""

    def test_uncentred_slopes_by_sex(self):
        fit = orthodont("distance ~ age * Sex + (age | Subject)")
        is_at_least_as_good(fit, "432.581667")
        coefficients_are(
            fit,
            [16.340625, 0.784375, 1.03210227, -0.30482955],
            [1.01824681, 0.08598068, 1.59528616, 0.13470584],
        )
        satterthwaite = fit.with_df_method("satterthwaite").coefficients.frame
        rows = fit.coefficients.frame
        assert gap(satterthwaite["df"], [25.01] * 4) < tolerances.TEXTBOOK
        assert gap(rows["df"], [25.0] * 4) < tolerances.TEXTBOOK
        assert gap(satterthwaite["p"][3], 0.032575) < tolerances.TEXTBOOK_P
        assert gap(rows["p"][3], 0.032579) < tolerances.TEXTBOOK_P
        found = fit.random_effects_covariance["Subject"].to_numpy()
        # lme4 stops 5.6e-6 in −2REML below the top, where the variance of the intercept is still 0.2 % off.
        assert gap(found, [[5.774487, -0.2886962], [-0.2886962, 0.0324516]]) < tolerances.FLAT_VARIANCE
        assert gap(fit.residual_variance, 1.716625) < tolerances.TEXTBOOK

    def test_an_exact_answer(self):
        """Complete data with equal times: degrees of freedom and the residual variance are whole-number algebra."""
        fit = orthodont("distance ~ age * Sex + (age | Subject)")
        assert gap(fit.coefficients.frame["df"], [25.0] * 4) < tolerances.POLISHED
        residual, count = 0.0, 0
        for _, person in fit.data.groupby("participant"):
            x = np.column_stack([np.ones(4), person["age"]])
            residual += np.linalg.lstsq(x, person["outcome"], rcond=None)[1][0]
            count += 2
        assert gap(fit.residual_variance, residual / count) < tolerances.POLISHED

    def test_centring_changes_nothing(self):
        """``age8`` is two-year steps from age 8; the two slopes make log(2) each in the restricted likelihood."""
        uncentred = orthodont("distance ~ age * Sex + (age | Subject)")
        centred = orthodont("distance ~ age8 * Sex + (age8 | Subject)")
        moved = centred.log_likelihood - uncentred.log_likelihood - 2.0 * np.log(2.0)
        assert abs(moved) < tolerances.LOG_LIKELIHOOD
        one, other = (fit.coefficients.frame.loc[[1, 3]] for fit in (uncentred, centred))
        for name, factor in {"estimate": 2.0, "se": 2.0, "df": 1.0}.items():
            assert gap(factor * one[name], other[name]) < tolerances.POLISHED, name

    def test_one_slope(self):
        fit = orthodont("distance ~ age + (age | Subject)")
        is_listed(fit.log_likelihood, "-221.3183429", 0.0)
        coefficients_are(fit, [16.76111111, 0.66018519], [0.77524603, 0.07125326])
        found = fit.random_effects_covariance["Subject"].to_numpy()
        assert gap(np.diag(found), [5.415088, 0.0512695]) < tolerances.TEXTBOOK
        is_listed(found[0, 1] / np.sqrt(found[0, 0] * found[1, 1]), "-0.609", 0.0)
        is_listed(fit.residual_variance, "1.716204", 0.0)

    def test_random_intercept(self):
        fit = orthodont("distance ~ age * Sex + (1 | Subject)")
        row = fit.coefficients.frame.iloc[3]
        assert gap(row[["estimate", "se", "df"]], [-0.30482955, 0.12142090, 79.0]) < tolerances.SEVEN_DIGITS
        found = fit.test("age:Sex").frame.iloc[0]
        is_listed(found["statistic"], "6.30271", 0.0)
        is_listed(found["p"], "0.014097", 0.0)


#: −2REML, mean, its SE where printed, variances by grouping, residual variance.
CLASSICS = {
    ("dyestuff", "yield ~ 1 + (1 | batch)"): ("319.6542768", "1527.5", "19.383", {"batch": 1764.050006}, 2451.249999),
    ("dyestuff2", "yield ~ 1 + (1 | batch)"): ("161.8282778", "5.6656", "0.6783880312", {"batch": 0.0}, 13.80630963),
    ("pastes", "strength ~ 1 + (1 | batch) + (1 | sample)"): (
        "246.9907459",
        "60.05333333",
        None,
        {"sample": 8.433666, "batch": 1.657311},
        0.678000,
    ),
}


@pytest.mark.parametrize(("folder", "formula"), CLASSICS)
def test_classics(folder, formula):
    """Davies and Goldsmith 1972, Box and Tiao 1973."""
    deviance, mean, se, variances, residual = CLASSICS[folder, formula]
    fit = lmm(frame(folder), formula)
    is_listed(-2.0 * fit.log_likelihood, deviance, 0.0)
    row = fit.coefficients.frame.iloc[0]
    is_listed(row["estimate"], mean, 0.0)
    if se:
        is_listed(fit.with_df_method("satterthwaite").coefficients.frame["se"][0], se, 0.0)
    for group, variance in variances.items():
        found = fit.random_effects_covariance[group].iloc[0, 0]
        assert gap(found, variance, tolerances.ZERO_VARIANCE * residual) < tolerances.TEXTBOOK, group
    assert gap(fit.residual_variance, residual) < tolerances.TEXTBOOK
