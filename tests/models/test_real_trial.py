"""The two models on real people: Ashar et al. 2022, doi:10.1001/jamapsychiatry.2021.2669 (never copied)."""

from __future__ import annotations

import pandas as pd
import pytest

from kbstudy.models import ancova, responders
from tests import tolerances
from tests.conftest import shared


@pytest.fixture(scope="module")
def people():
    raw = pd.read_csv(shared("trials/ashar2022.csv"), na_values=["NaN", "<undefined>"]).query("is_patient == 1")
    wide = raw.pivot(index="id", columns="time", values="pain_avg").rename(columns={1: "pre", 2: "post"})
    return wide.join(raw.groupby("id")["group"].first()).reset_index()


@pytest.mark.parametrize(("group", "expected"), [(2, (1.73, 1.22, 2.25)), (3, (2.22, 1.71, 2.73))])
def test_adjusted_difference_in_pain(people, group, expected):
    found = ancova(people, "post", baseline="pre", arm="group", reference=1, participant="id")
    row = found.row(contrast=f"{group} - 1")
    assert row[["estimate", "low", "high"]].tolist() == pytest.approx(expected, abs=tolerances.TWO_DECIMALS)
    assert len(found.ledger.ids()) - len(found.ledger.ids("not randomised")) == 151
    assert len(found.ledger.ids("analysed")) == found.fit.nobs == 135


def test_pain_free_or_nearly(people):
    found = responders(people, "post", arm="group", reference=1, at_most=1, missing="non_responder", participant="id")
    shares = found.frame[found.frame["term"] == "proportion"]
    assert shares["n"].tolist() == [50, 51, 50]
    assert (shares["estimate"] * shares["n"]).tolist() == pytest.approx([33, 10, 5])
