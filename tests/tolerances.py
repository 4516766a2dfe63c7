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
#: Absolute. A table that prints two decimals.
TWO_DECIMALS: Final = 0.5e-2 + 1e-12
#: Numbers listed with seven significant digits.
SEVEN_DIGITS: Final = 1e-6
#: Identities that hold exactly in theory and to rounding in floating point.
IDENTITY: Final = 1e-7

#: Relative; an analysis of covariance in another unit goes through the same steps, and rounds differently in each.
SCALED = 1e-9
