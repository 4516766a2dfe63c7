"""Published numbers: intervals that follow from what was printed, and rows that are refused."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

import kbstudy as kb
from kbstudy.errors import DataError, PlanError
from kbstudy.evidence import PUBLISHED_COLUMNS, direction_of, published_estimates, published_frame
from kbstudy.readers import read_table
from tests.conftest import ROOT

T_9 = 2.2621571627982  # R: qt(0.975, 9)
T_13 = 2.1603686564628  # R: qt(0.975, 13)
DIGITS = 1e-9


def table(tmp_path: Path, **changes: str):
    row = dict.fromkeys(PUBLISHED_COLUMNS, "")
    row |= {"id": "a", "study": "A", "year": "2010", "design": "laboratory session", "allocation": "none"}
    row |= {"group": "adults", "n": "10", "outcome": "energy_rate", "quantity": "mean", "value": "13.6"}
    row |= {"spread": "3.08", "spread_kind": "SD", "unit": "kcal/min", "basis": "measured", "verified": "seen"}
    row |= {"where_seen": "journal", "citation": "A 2010.", "population": "healthy adults"}
    path = tmp_path / "published.csv"
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, PUBLISHED_COLUMNS)
        writer.writeheader()
        writer.writerow(row | changes)
    return read_table(path)


def estimate(raw, unit="kcal/min"):
    return published_estimates(published_frame([raw]), ["a"], unit=unit).frame.iloc[0]


def test_an_sd_gives_a_t_interval(tmp_path):
    row = estimate(table(tmp_path))
    half = T_9 * 3.08 / 10**0.5
    assert [row["low"], row["high"], row["df"]] == pytest.approx([13.6 - half, 13.6 + half, 9], abs=DIGITS)


def test_an_se_is_not_divided_again(tmp_path):
    row = estimate(table(tmp_path, n="14", value="33.1", spread="1.5", spread_kind="SE", unit="x"), unit="x")
    assert [row["low"], row["high"]] == pytest.approx([33.1 - T_13 * 1.5, 33.1 + T_13 * 1.5], abs=DIGITS)


def test_a_published_interval_is_passed_through(tmp_path):
    row = estimate(table(tmp_path, spread="", spread_kind="CI95", low="-2.7", high="-0.02", value="-1.4"))
    assert [row["low"], row["high"]] == [-2.7, -0.02]


def test_no_spread_means_no_interval(tmp_path):
    row = estimate(table(tmp_path, spread="", spread_kind="none"))
    assert row[["low", "high"]].isna().all()
    assert "no interval" in row["method"]


def test_oxygen_per_kg_becomes_kcal_at_the_groups_mass(tmp_path):
    row = estimate(table(tmp_path, value="34.31", spread="5.67", unit="mL/kg/min", body_mass_kg="77.3"))
    assert row["estimate"] == pytest.approx(34.31 * 77.3 / 1000 * 5, abs=DIGITS)
    assert row["high"] - row["estimate"] == pytest.approx(T_9 * 5.67 / 10**0.5 * 77.3 / 1000 * 5, abs=DIGITS)
    assert "constant_5_kcal_l" in row["method"]
    assert "77.3 kg" in row["method"]


def test_no_body_mass_is_ever_assumed(tmp_path):
    with pytest.raises(PlanError, match="no body mass is ever assumed"):
        estimate(table(tmp_path, unit="mL/kg/min"))


DIRECTION = {"quantity": "direction", "value": "1", "spread": "", "spread_kind": "P", "p": "<0.001"}
DIRECTION |= {"unit": "direction", "comparator": "control"}
REFUSED = {
    "from memory": ({"verified": "from memory"}, "A number from memory is not evidence"),
    "no source": ({"citation": ""}, 'column "citation": is empty'),
    "no kind of spread": ({"spread_kind": ""}, 'column "spread_kind": is empty'),
    "an unknown kind": (
        {"spread_kind": "SDD"},
        '"SDD" is not one of SD, SD (assumed), SE, SE (assumed), CI95, P, none; did you mean "SD"?',
    ),
    "a spread of no kind": ({"spread_kind": "none"}, 'says "none" but there is a spread or an interval'),
    "an SD without n": ({"n": ""}, "a SD needs the columns spread and n"),
    "half an interval": ({"spread": "", "spread_kind": "CI95", "low": "1"}, "a CI95 needs the columns low and high"),
    "an SD of a difference": (
        {"quantity": "mean difference", "comparator": "rest"},
        "a SD says how precise a mean is, and not how precise",
    ),
    "a spread of a claim": ({"quantity": "claim"}, "not how precise a claim is"),
    "an SD beside an interval": ({"low": "1", "high": "20"}, "there is an interval beside the SD"),
    "nobody": ({"n": "0"}, "0 is not a number of people"),
    "half a person": ({"n": "10.5"}, "10.5 is not a number of people"),
    "one person's spread": ({"n": "1"}, "one person has no spread"),
    "a negative spread": ({"spread": "-3"}, "-3 is not a spread"),
    "python's underscores": ({"value": "1_000"}, '"1_000" is not a number'),
    "an estimate outside its interval": (
        {"spread": "", "spread_kind": "CI95", "value": "-1.4", "low": "0.02", "high": "2.7"},
        "the value -1.4 is outside 0.02 to 2.7",
    ),
    "a value that is none": ({"value": "13,6"}, '"13,6" is not a number'),
    "no population": ({"population": ""}, 'column "population": is empty; a published number needs it'),
    "a ratio to nothing": (
        {"quantity": "ratio", "spread": "", "spread_kind": "none"},
        "is empty; a ratio says nothing without what it was compared with",
    ),
    "a p-value in words": ({"p": "small"}, '"small" is not a p-value; write 0.053, <0.001 or ns'),
    "a p-value of one half, with a comma": ({"p": "0,5"}, '"0,5" is not a p-value'),
    "a p-value instead of a spread": (
        {"spread": "", "spread_kind": "P", "p": "0.02"},
        'the quantity "direction" and the spread_kind "P" belong together',
    ),
    "a direction without p": (DIRECTION | {"p": ""}, "is empty; a direction is only as good as its p-value"),
    "half a direction": (DIRECTION | {"value": "0.5"}, "0.5 is not a direction; write 1 (higher), -1 (lower) or 0"),
    "a direction that has one": (DIRECTION | {"value": "0"}, "is 0, and p = <0.001 says that there was a direction"),
    "a direction in kcal": (DIRECTION | {"unit": "kcal/min"}, '"kcal/min" is the unit of a size'),
    "a direction of nothing": (DIRECTION | {"comparator": ""}, "a direction says nothing without what it was compared"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name, tmp_path):
    changes, message = REFUSED[name]
    with pytest.raises(DataError) as caught:
        published_frame([table(tmp_path, **changes)])
    assert message in str(caught.value)
    assert "published.csv, row 2" in str(caught.value)


# ---- the article that started it ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def article():
    return kb.analyse(kb.load(ROOT / "data" / "raw" / "article-claims"))


def test_twenty_one_kcal_a_minute_is_not_supported(article):
    verdict = article.verdicts[0]
    assert (verdict.claim_id, verdict.word, verdict.certainty) == ("C1", "not supported", "very low")
    assert verdict.evidence.basis == "estimated"
    assert "Schnettler (2009) estimated 13.6 kcal/min (95% CI 11.4 to 15.8; 10 people)" in verdict.sentence


def test_measured_work_stays_below_the_claim_too(article):
    frame = article.published["C1"].frame.set_index("term")
    assert frame.loc["farrar-2010-swings", "estimate"] == pytest.approx(13.26, abs=0.005)
    assert (frame["high"].dropna() < 21).all()


def test_back_pain_is_supported_by_one_trial_and_may_be_too_small(article):
    verdict = next(item for item in article.verdicts if item.claim_id == "C4")
    assert (verdict.word, verdict.certainty) == ("supported", "low")
    assert verdict.lowered_by[0] == "it rests on one trial only"
    assert "is open; the estimate itself falls short of it" in verdict.importance


@pytest.mark.parametrize(
    ("value", "p", "word"),
    [("1", "<0.001", "supported"), ("-1", "0.01", "not supported"), ("1", "0.053", "inconclusive"), ("0", "ns", "")],
)
def test_a_direction_has_no_size(tmp_path, value, p, word):
    raw = table(tmp_path, **(DIRECTION | {"value": value, "p": p}))
    row = estimate(raw, unit="direction")
    assert row[["estimate", "low", "high"]].isna().all()
    assert row["method"].startswith("only the direction was published")
    said = {"supported": "higher", "not supported": "lower"}.get(word, "not shown")
    assert direction_of(published_frame([raw]).loc["a"]) == said
