"""The crossover of Cochran and Cox (1957, table 4.10): two machines in ten trials, each run on both in either order.

Data and the listing of SAS PROC GLM (machine, trial and row in the model) from J Connett, University of Minnesota,
course PubH 7420, ``crossover.cochran.lst``. A trial is what a participant is here, a row what a period is.
"""

from __future__ import annotations

import pandas as pd
import pytest

from kbstudy.errors import SmallSample
from kbstudy.models import crossover
from tests import tolerances

#: Machine and time of the first and of the second row of each trial.
TRIALS = [
    ("A", 30, 14), ("B", 21, 21), ("A", 22, 5), ("B", 13, 22), ("B", 13, 18),
    ("A", 29, 17), ("B", 7, 16), ("A", 12, 14), ("A", 23, 8), ("B", 24, 23),
]  # fmt: skip
MEAN_SQUARE_ERROR, ERROR_DF = 21.025, 8
F = {"machine": 15.22, "row": 3.08}
P_MACHINE = 0.0045


def table():
    rows = []
    for trial, (first, one, other) in enumerate(TRIALS, start=1):
        second = "B" if first == "A" else "A"
        rows += [(trial, first + second, 1, first, one), (trial, first + second, 2, second, other)]
    return pd.DataFrame(rows, columns=["trial", "sequence", "row", "machine", "time"])


def found():
    with pytest.warns(SmallSample):
        return crossover(
            table(), "time", participant="trial", sequence="sequence", period="row", treatment="machine", reference="B"
        )


def test_machine_and_row_as_sas_lists_them():
    result = found()
    machine, row = result.row("treatment_difference"), result.row("period_difference")
    assert machine["estimate"] == pytest.approx(8.0)
    assert machine["df"] == ERROR_DF
    assert machine["statistic"] ** 2 == pytest.approx(F["machine"], abs=tolerances.TWO_DECIMALS)
    assert machine["p"] == pytest.approx(P_MACHINE, abs=tolerances.FOUR_DECIMALS)
    assert row["statistic"] ** 2 == pytest.approx(F["row"], abs=tolerances.TWO_DECIMALS)


def test_the_error_mean_square_is_in_the_standard_error():
    """The variance of a difference of two means of ten, each trial with both."""
    assert found().row()["se"] ** 2 == pytest.approx(2 * MEAN_SQUARE_ERROR / 10)
