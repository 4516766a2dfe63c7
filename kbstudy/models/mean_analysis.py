"""How high: the mean of one group of people, at one time, with its interval. It compares nothing."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import pandas as pd

from kbstudy import formatting as fmt
from kbstudy.errors import DataError, FitError, PlanError, Problem, Problems
from kbstudy.estimates import Estimates
from kbstudy.ledger import Ledger
from kbstudy.models._frames import (
    FloatArray,
    check_columns,
    check_level,
    identify_each,
    numbers,
    small_sample_notes,
)

__all__ = ["mean"]

_SAYS_HOW_HIGH: Final = (
    "A mean within one group says how high a value was in these people. It does not say what caused it, nor how it "
    "would have been otherwise."
)


def mean(
    data: pd.DataFrame,
    outcome: str,
    *,
    participant: str | None = None,
    level: float = 0.95,
    visit: str = "",
) -> Estimates:
    """The mean of a group and its t interval, for questions such as "how many kcal a minute did it cost?".

    Parameters
    ----------
    data
        One row a participant.
    outcome
        Column of the values, numeric; NaN where there is none.
    participant
        Column of the ids; the frame's index if not given.
    level
        Confidence level, between 0 and 1.
    visit
        What the time is called, for tables and sentences.

    Returns
    -------
    Estimates
        One row, ``term`` "mean": the mean, its standard error and t interval on n − 1 degrees of freedom. There is no
        p-value: that a mean is zero is nobody's question. Whether a claimed value lies in the interval is asked by
        :func:`kbstudy.judge`. ``.points`` holds the values.

    Raises
    ------
    PlanError
        An unknown column, an impossible level.
    DataError
        Values that are not numbers, rows without an id, a person in several rows.
    FitError
        Fewer than two values.

    Warns
    -----
    SmallSample
        With fewer than 8 people.

    When not to use
    ---------------
    For several rows a person: average them first, or fit a mixed model. To say what an intervention did: compare arms.

    Notes
    -----
    ``m ± t(n − 1) × s / sqrt(n)``. The interval is about the mean of people like these, not about one person.

    Validated against
    -----------------
    R 4.2.2 ``t.test(sleep$extra[1:10])`` (``tests/models/test_mean.py``).

    Examples
    --------
    >>> import pandas as pd
    >>> sessions = pd.DataFrame({"id": list("ABCDEFGH"), "kcal_min": [11.2, 9.8, 12.4, 10.1, 13.0, 9.5, 11.9, 10.6]})
    >>> print(mean(sessions, "kcal_min", participant="id").sentence())
    kcal_min: mean 11.06 (95% CI 9.99 to 12.13; n = 8).
    """
    _check(data, outcome, participant, level)
    problems = Problems()
    ids = identify_each(data, participant, problems)
    values = numbers(data, outcome, ids, problems)
    problems.raise_as(DataError)
    known = values[~np.isnan(values)]
    if len(known) < 2:
        do = "An interval needs the values of at least two people."
        raise FitError(
            Problem(f"{fmt.count(len(known), 'value')} in {fmt.count(len(values), 'row')}", column=outcome, do=do)
        )
    small = small_sample_notes({"": len(known)}, "people")
    return Estimates(
        pd.DataFrame([_row(known, level)]).assign(visit=visit),
        title=f"Mean {outcome}",
        outcome=outcome,
        method=f"The mean of {outcome} is given with its {fmt.confidence(level)} t interval on n − 1 = "
        f"{len(known) - 1} degrees of freedom.",
        level=level,
        primary="mean",
        notes=(_SAYS_HOW_HIGH, *small),
        ledger=Ledger.of(_fate(who, value, outcome, visit) for who, value in zip(ids, values, strict=True)),
        points=pd.DataFrame({"participant": ids, "value": values}).dropna(ignore_index=True),
    )


def _check(data: pd.DataFrame, outcome: str, participant: str | None, level: float) -> None:
    problems = Problems()
    asked = [("outcome", outcome), *([("participant", participant)] if participant is not None else [])]
    check_columns(data, asked, problems)
    check_level(level, problems)
    problems.raise_as(PlanError)


def _row(known: FloatArray, level: float) -> dict[str, object]:
    from scipy.special import stdtrit

    n, middle = len(known), float(np.mean(known))
    se = float(np.std(known, ddof=1)) / math.sqrt(n)
    half = float(stdtrit(n - 1, (1 + level) / 2)) * se
    return {
        "term": "mean",
        "n": n,
        "estimate": middle,
        "se": se,
        "df": n - 1,
        "low": middle - half,
        "high": middle + half,
        "method": "t interval",
    }


def _fate(who: str, value: float, outcome: str, visit: str) -> dict[str, str]:
    gone = math.isnan(value)
    reason = f"no value{f' at {visit}' if visit else ''}" if gone else ""
    status = "missing" if gone else "analysed"
    return {"participant": who, "arm": "", "outcome": outcome, "visit": visit, "status": status, "reason": reason}
