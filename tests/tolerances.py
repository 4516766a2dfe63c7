"""How closely a number must agree with its source, and why not more closely. All relative unless said otherwise."""

from __future__ import annotations

from typing import Final

#: Estimates computed in double precision by both sides; the sources are stored with 15 digits.
ESTIMATE: Final = 1e-10
#: Standard errors pass through one matrix inverse on both sides.
SE: Final = 1e-9
#: Degrees of freedom of linear models are whole numbers.
DF: Final = 1e-9
#: Test statistics are an estimate over a standard error.
STATISTIC: Final = 1e-9
#: p-values far in a tail magnify an error in the statistic.
P: Final = 1e-7
#: Limits are estimate and standard error once more, and a t quantile.
LIMIT: Final = 1e-9
#: Noncentrality is a root: R's pt(ncp=) is a sum that stops at 1e-12, uniroot at 1e-13.
NONCENTRAL: Final = 1e-8
#: effectsize finds the noncentrality with optim(), which stops at about 1e-7.
OPTIM: Final = 1e-6
#: Absolute. wilcox.test finds asymptotic estimates and limits with uniroot(tol = 1e-4) on a step function.
UNIROOT: Final = 1.1e-4
#: Absolute. A table that prints four decimals.
FOUR_DECIMALS: Final = 0.5e-4 + 1e-12
#: Absolute. A table that prints three decimals.
THREE_DECIMALS: Final = 0.5e-3 + 1e-12
#: Absolute. A table that prints two decimals.
TWO_DECIMALS: Final = 0.5e-2 + 1e-12
#: Absolute. Printed with one decimal, and in whole units.
ONE_DECIMAL: Final = 0.05 + 1e-12
WHOLE_UNITS: Final = 0.5 + 1e-12
#: Absolute. A table that prints six decimals, or more digits of smaller numbers.
SIX_DECIMALS: Final = 0.5e-6 + 1e-12
#: Numbers listed with seven significant digits.
SEVEN_DIGITS: Final = 1e-6
#: Identities that hold exactly in theory and to rounding in floating point.
IDENTITY: Final = 1e-7

#: Relative; an analysis of covariance in another unit goes through the same steps, and rounds differently in each.
SCALED = 1e-9

# ---- mixed models ------------------------------------------------------------------------------------------------

#: Absolute. Log-likelihoods: both sides at the optimum, where an error in the parameters only counts squared.
LOG_LIKELIHOOD: Final = 1e-8
#: Absolute. What −2 log-likelihood could still have lost before the last Newton step: the engine stops at 1e-12 of it.
NEWTON_DECREMENT: Final = 1e-8
#: Everything at an optimum that make_mixed.R polished with Newton steps of its own, as this engine does: the step that
#: is left moves parameters by the square of the root of NEWTON_DECREMENT.
POLISHED: Final = 1e-7
#: p-values of such, which magnify the error of a statistic.
POLISHED_P: Final = 1e-6
#: lmerTest takes the Hessian of the deviance, and so the degrees of freedom, by numerical differences.
NUMERIC_HESSIAN: Final = 1e-6
#: p-values of lmerTest: as many times worse as t is large.
NUMERIC_HESSIAN_P: Final = 1e-5
#: A variance is zero if it is less than this share of the residual variance.
ZERO_VARIANCE: Final = 1e-6
#: A standard deviation is zero below the square root of that.
ZERO_SD: Final = 1e-3
#: lme4 as its optimiser leaves it: the log-likelihood is flat, and within 1e-10 of the top variances move by 1e-5.
LME4: Final = 1e-5
#: Degrees of freedom and p-values of such fits.
LME4_DF: Final = 1e-5
LME4_P: Final = 1e-4
#: R mmrm, run with tight limits, stops where its gradient is small, about 1e-7 of a parameter from the top.
MMRM: Final = 1e-6
#: p-values of such, which magnify the error of a statistic.
MMRM_P: Final = 1e-5
#: nlme::gls stops as far as 6e-9 in log-likelihood below the top, which is 1e-4 of a standard error in a parameter.
GLS: Final = 1e-4
#: Absolute. emmeans' "mvt": Monte Carlo of mvtnorm, and degrees of freedom cut to an integer.
MVTNORM: Final = 1e-3
#: p-values by quadrature (R's ptukey, a multivariate t) have an absolute error: below this that is what is compared.
SMALL_P: Final = 1e-3
#: Relative to one. lme4 interpolates its profiles by splines: a unit in the fourth digit, worse near an edge.
LME4_SPLINE: Final = 6e-3
#: Absolute, in −2 log-likelihood: another optimiser at a limit of a profile.
PROFILE: Final = 1e-6
#: The same response fitted alone and among others, or from another start.
REFIT: Final = 1e-6
#: A likelihood of data in other units: both sides are optima, each to the square root of rounding.
SCALED_LIKELIHOOD: Final = 1e-7
#: Many fits together or each alone: the same Newton steps up to rounding, from starting values that can differ.
BATCH: Final = 1e-8
#: p-values of such, which magnify the error of a statistic.
BATCH_P: Final = 1e-6
#: Absolute. How far below the best of several optimisers a log-likelihood may lie: nothing that anybody could see.
LOG_LIKELIHOOD_GAP: Final = 1e-6
#: Relative. Estimates, standard errors, df and p in other units or by another road: both are optima to rounding.
INVARIANT: Final = 1e-6

# ---- listings of SAS, and books --------------------------------------------------------------------------------------

#: Absolute. How far above the smallest −2 log-likelihood SAS and R mmrm stop (at most 1.2e-5 in their own listings).
SAS_DEVIANCE: Final = 2e-5
#: Absolute. −2 log-likelihood at a covariance that is printed with four decimals.
FOUR_DECIMALS_IN_DEVIANCE: Final = 1e-6
#: What such a stop moves: variances, standard errors and degrees of freedom by so much of themselves, estimates by so
#: much of a standard error. Roughly the root of SAS_DEVIANCE where the likelihood is flat (unstructured, by arm).
SAS_CONVERGENCE: Final = 3e-3
#: The same for the models with arms and visits, where it moves less (R mmrm stops at the same place as SAS).
LISTED: Final = 2e-4
#: p-values of such, which magnify the error of a statistic.
LISTED_P: Final = 1e-3
#: SAS's standard errors and degrees of freedom of Kenward and Roger, after such a stop.
SAS_KENWARD_ROGER: Final = 5e-4
#: SAS's F with the first-order autoregressive covariance: two parameters, well determined.
SAS_F: Final = 1e-5
#: Printed in seven or eight digits from fits with lme4's default optimiser, which stop where a standard error is still
#: 3e-4 off.
TEXTBOOK: Final = 5e-4
#: p-values of such, which magnify the error of a statistic.
TEXTBOOK_P: Final = 2e-3
#: Variances of such fits where the likelihood is flat: an intercept at age zero, eight years before the first value.
FLAT_VARIANCE: Final = 5e-3

# ---- reliability and censored times --------------------------------------------------------------------------------

#: Relative. Mean squares by aov and by sums over a table; quantiles of F and chi-squared of R and of scipy.
MEAN_SQUARES: Final = 1e-9
#: Absolute. pingouin rounds the limits of intraclass correlations to two decimals.
PINGOUIN_LIMITS: Final = 0.0051
#: Variance components by lme4 with a tight Nelder-Mead, which stops at about 1e-8 of a standard deviation.
LME4_TIGHT: Final = 1e-6
#: Areas under a step function, summed in another order.
RESTRICTED_MEAN: Final = 1e-10

# ---- resampling, ratios and designs ----------------------------------------------------------------------------------

#: R's glm stops its iterations at 1e-15 of the deviance, which is flat: limits found with it are good to nine digits.
GLM_SCORE: Final = 1e-8
#: NIST StRD, one-way analysis of variance: F of data whose leading digits are constant. With none of them F is good to
#: thirteen digits, with six constant digits to seven, with twelve to a few per cent.
STRD_LOWER: Final = 1e-12
STRD_AVERAGE: Final = 1e-7
STRD_HIGHER: Final = 5e-2
#: The same once the first value is subtracted: what is left is how the values are stored, to nine digits and to four.
STRD_AVERAGE_SHIFTED: Final = 1e-10
STRD_HIGHER_SHIFTED: Final = 1e-4

# ---- ordinal scores ----------------------------------------------------------------------------------------------

#: Both sides by Newton's method with exact derivatives; uniroot in R leaves 1e-12 of a limit.
CLM: Final = 1e-8
#: MASS::polr stops where its quasi-Newton search gains less than 1e-14 of the deviance.
POLR: Final = 1e-5
#: statsmodels' OrderedModel takes its derivatives by differences.
ORDERED_MODEL: Final = 1e-5
#: Absolute, in log odds. confint of ordinal interpolates a profile by splines.
PROFILE_SPLINE: Final = 2e-4

# ---- several studies together ------------------------------------------------------------------------------------

#: metafor's REML steps stop when τ² moves by less than 1e-11; where τ² is small that is a larger share of it.
METAFOR_REML: Final = 1e-8
#: Formulas without iteration (DerSimonian and Laird, fixed effect, effect sizes), stored with 15 digits.
METAFOR: Final = 1e-12
#: Numbers that were printed with two digits.
FACT: Final = 5e-3

# ---- adverse events ----------------------------------------------------------------------------------------------

#: Absolute, in events. pois.exact of epitools finds its limits with uniroot at its default tolerance.
EPITOOLS: Final = 1.3e-4
#: MASS::glm.nb and statsmodels' NegativeBinomial each stop where a step is small.
GLM_NB: Final = 1e-6
