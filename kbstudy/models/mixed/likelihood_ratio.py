"""Likelihood-ratio tests between two fits, with the reference distribution that a boundary asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from kbstudy import formatting as fmt
from kbstudy.errors import FitError, PlanError, Problem
from kbstudy.estimates import Estimates
from kbstudy.models import _citations as cite
from kbstudy.models.mixed.model import VisitsModel
from kbstudy.models.mixed.nesting import COMPARE, NOT_NESTED, Reference, covariance_reference
from kbstudy.models.mixed.variances import variance_estimates

if TYPE_CHECKING:
    from kbstudy.models.mixed.fit import MixedFit

__all__ = ["likelihood_ratio"]

#: Twice a difference of log-likelihoods below this is rounding: the larger model gained nothing.
_ROUNDING: Final = 1e-8
#: A larger model that is worse by this has not been fitted properly.
_WORSE: Final = 1e-5


def likelihood_ratio(smaller: MixedFit, larger: MixedFit) -> Estimates:
    """Test whether a larger model fits better than a special case of it.

    Parameters
    ----------
    smaller, larger
        Two fits of the same outcome of the same rows, both by REML or both by maximum likelihood.

    Returns
    -------
    Estimates
        One row, term ``likelihood_ratio``: twice the difference of the log-likelihoods as ``statistic``, and ``p``. The
        reference distribution stands in ``method``.

    Raises
    ------
    PlanError
        Different rows or outcomes; one fit by REML and the other not; REML with different fixed effects; models of
        which neither is a special case of the other, or that are the same.
    FitError
        A larger model whose likelihood is smaller: it was not fitted to its optimum.

    When not to use
    ---------------
    To choose the covariance of a trial's primary analysis: declare it beforehand. For fixed effects in small samples: F
    tests with Kenward and Roger's degrees of freedom (``fit.test``) hold their level, likelihood ratios do not.

    Notes
    -----
    A variance cannot be negative, so where the smaller model leaves out a random effect half of the probability stays
    with the smaller model: one variance is ½χ²(0) + ½χ²(1); a random effect that is correlated with q others is
    ½χ²(q) + ½χ²(q + 1); several that are uncorrelated with each other are a binomial mixture, which takes their
    information to be independent. Two or more correlated random effects at once have no mixture in closed form: then p
    is that of χ² with all added parameters, an upper bound, and ``method`` says so. Covariances alone (``||`` against
    ``|``) and covariance structures of visits are inside their range: plain χ².

    References
    ----------
    Self & Liang 1987, doi:10.1080/01621459.1987.10478472; Stram & Lee 1994, doi:10.2307/2533455

    Validated against
    -----------------
    ``anova`` of lme4 1.1-31 fits at their optimum, and the mixtures computed in R (``tests/reference/make_mixed.R``).

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> from kbstudy.models.mixed import lmm
    >>> rng = np.random.default_rng(4)
    >>> trial = pd.DataFrame({"id": np.repeat(range(30), 4), "week": [0, 4, 8, 12] * 30})
    >>> trial["y"] = rng.normal(0, 2, 30)[trial["id"]] + rng.normal(size=120)
    >>> small, large = (lmm(trial, f"y ~ week + ({effects} | id)") for effects in ("1", "1 + week"))
    >>> likelihood_ratio(small, large).frame["method"].item()
    'likelihood ratio, REML, ½χ²(1) + ½χ²(2)'
    """
    _check_same_data(smaller, larger)
    fixed = _added_fixed(smaller, larger)
    reference, notes = covariance_reference(smaller, larger)
    reference = Reference(reference.first + fixed, reference.boundary, reference.bounded)
    if reference.added == 0:
        do = "Give the smaller model first and the larger one second."
        raise PlanError(Problem("the two models have the same parameters: there is nothing to test", do=do))
    statistic = _statistic(smaller, larger)
    likelihood = "REML" if larger.reml else "ML"
    frame = pd.DataFrame([{"term": "likelihood_ratio", "statistic": statistic, "p": reference.p(statistic)}])
    frame["method"] = f"likelihood ratio, {likelihood}, {reference.words}"
    boundary = reference.boundary > 0 or reference.bounded
    return variance_estimates(
        larger,
        frame,
        title=f"{_name(smaller)} against {_name(larger)}",
        method=_method(reference, likelihood),
        level=0.95,
        notes=(*notes, *_singular_note(smaller)),
        citations=(cite.SELF_LIANG_1987, cite.STRAM_LEE_1994) if boundary else (),
    )


def _name(fit: MixedFit) -> str:
    """The formula, and what it does not say of the covariance."""
    if not isinstance(fit.model, VisitsModel):
        return fit.words.formula
    by = f", one for each of {fmt.words(fit.words.groups)}" if fit.words.groups else ""
    return f"{fit.words.formula} ({fit.model.structure.name}{by})"


def _method(reference: Reference, likelihood: str) -> str:
    added = fmt.count(reference.added, "parameter")
    said = f"Models {added} apart were compared by a likelihood-ratio test ({likelihood}) against {reference.words}"
    if reference.bounded:
        return f"{said}, which overstates p because variances cannot be negative."
    return f"{said}, because a variance cannot be negative." if reference.boundary else f"{said}."


def _statistic(smaller: MixedFit, larger: MixedFit) -> float:
    found = 2.0 * (larger.log_likelihood - smaller.log_likelihood)
    if found < -_WORSE:
        what = f"the larger model has the smaller likelihood (by {-found / 2:.2g}), so it is not at its optimum"
        raise FitError(Problem(what, do="Please report this with the data."))
    return found if found > _ROUNDING else 0.0


def _singular_note(smaller: MixedFit) -> tuple[str, ...]:
    if not smaller.singular:
        return ()
    return (f"The smaller model is itself at a boundary ({smaller.singular}), where the distribution is only a guide.",)


# ---- the same data, the same likelihood --------------------------------------------------------------------------


def _check_same_data(smaller: MixedFit, larger: MixedFit) -> None:
    if smaller.words.outcome != larger.words.outcome:
        what = f'the outcomes differ: "{smaller.words.outcome}" and "{larger.words.outcome}"'
        raise PlanError(Problem(what, do="Compare fits of one outcome."))
    rows = [set(fit.data.loc[fit.observed, "row"]) for fit in (smaller, larger)]
    if rows[0] != rows[1]:
        what = (
            f"the fits use different rows ({len(rows[0])} and {len(rows[1])}, and {len(rows[0] ^ rows[1])} are in one "
            "only), and likelihoods of different data cannot be compared"
        )
        do = "Leave out the rows that either cannot use, for example data.dropna(subset=[...]), and fit both again."
        raise PlanError(Problem(what, do=do))
    if not np.array_equal(smaller.y, larger.y):
        what = "the fits use the same rows with different values of the outcome"
        raise PlanError(Problem(what, do="Fit both models to one table."))
    if smaller.reml != larger.reml:
        what = "one fit is by REML and the other by maximum likelihood"
        raise PlanError(Problem(what, do="Fit both with the same reml."))


def _added_fixed(smaller: MixedFit, larger: MixedFit) -> int:
    """How many fixed effects the larger model has more."""
    x, wide = smaller.x, larger.x
    names, others = list(smaller.design.names), list(larger.design.names)
    if sorted(names) == sorted(others):
        wide = wide[:, [others.index(name) for name in names]]
    if x.shape == wide.shape and np.allclose(x, wide):
        return 0
    if larger.reml:
        terms = set(names) ^ set(others)
        differ = f" ({', '.join(sorted(terms))})" if terms else " (they are coded differently)"
        what = (
            f"REML likelihoods of different fixed effects{differ} are not comparable: each is the likelihood of its "
            "own contrasts of the data"
        )
        raise PlanError(Problem(what, do="Fit both again with reml=False."))
    q = np.linalg.qr(wide)[0]
    left_out = x - q @ (q.T @ x)
    lost = np.linalg.norm(left_out, axis=0) > 1e-8 * np.linalg.norm(x, axis=0)
    if lost.any():
        gone = fmt.words([name for name, is_lost in zip(names, lost, strict=True) if is_lost])
        what = f"{NOT_NESTED}{gone} of the smaller one cannot be made from the fixed effects of the larger one"
        raise PlanError(Problem(what, do=COMPARE))
    return int(wide.shape[1] - x.shape[1])
