"""From text cells to people and values: nothing guessed, nobody lost."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import kbstudy as kb
from kbstudy.errors import DataError, PlanError
from kbstudy.simulate.demo_trial import SEED, write_demo_trial
from tests.conftest import ROOT

CORRECTION = """
[[correction]]
participant = "{participant}"
visit = "{visit}"
column = "pain"
found = "{found}"
{action}
why = "checked against the paper form"
who = "trial coordinator"
"""


def correction(found, action, participant="P02", visit="Post"):
    return CORRECTION.format(participant=participant, visit=visit, found=found, action=action)


def value(study, person, visit, outcome="pain"):
    frame = study.values
    chosen = (frame[study.participant] == person) & (frame["visit"] == visit) & (frame["outcome"] == outcome)
    return frame[chosen].iloc[0]


# ---- corrections -------------------------------------------------------------------------------------------------


def test_a_correction_replaces_a_cell_and_is_listed(small):
    small.cell(5, 3, "4 o").add(correction("4 o", "use = 4.0"))
    before = (small.folder / "data.csv").read_bytes()
    study = kb.load(small.folder)
    assert value(study, "P02", "Post")["value"] == 4.0
    assert [(item.file, item.row, item.change) for item in study.corrections] == [
        ("data.csv", 5, '"4 o" read as "4.0"')
    ]
    assert (small.folder / "data.csv").read_bytes() == before


def test_a_correction_can_set_a_cell_missing(small):
    small.cell(5, 3, "99").add(correction("99", "missing = true"))
    row = value(kb.load(small.folder), "P02", "Post")
    assert np.isnan(row["value"])
    assert row["reason"] == "set missing by a declared correction"


def test_a_correction_that_no_longer_matches_is_an_error(small):
    small.cell(5, 3, "4.5").add(correction("45", "use = 4.5"))
    with pytest.raises(DataError) as caught:
        kb.load(small.folder)
    said = str(caught.value)
    assert 'no cell holds "45" for participant "P02" at visit "Post" in column "pain"; found "4.5" in row 5' in said
    assert "study.toml:32: correction number 1" in said
    assert "delete the correction" in said


def test_a_correction_for_nobody_is_an_error(small):
    small.add(correction("45", "use = 4.5", participant="P99"))
    with pytest.raises(DataError, match='data.csv has no row of participant "P99"'):
        kb.load(small.folder)


def test_a_wrong_row_cannot_be_dropped(small):
    small.add('\n[[correction]]\nparticipant = "P01"\ndrop_row = 5\nwhy = "twice"\n')
    with pytest.raises(DataError, match='row 5 of data.csv is not a row of participant "P01"'):
        kb.load(small.folder)


def test_a_dropped_row_is_in_the_account(demo):
    study = kb.load(demo)
    source = study.sources[0]
    assert source.rows_read == source.rows_used + 1
    assert source.rows_out == ("1 row: row 70 left out by a declared correction (entered twice, both rows identical)",)


# ---- what missing means ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["", "NaN", "NA", "<undefined>"])
def test_words_that_mean_missing(small, text):
    small.cell(5, 3, text)
    row = value(kb.load(small.folder), "P02", "Post")
    assert np.isnan(row["value"])
    assert row["reason"] == (f'cell "{text}"' if text else "empty cell")


def test_a_declared_code_means_missing_and_says_so(small):
    small.toml('file = "data.csv"', 'file = "data.csv"\nmissing = ["-9"]').cell(5, 3, "-9")
    assert value(kb.load(small.folder), "P02", "Post")["reason"] == 'declared missing code "-9"'


def test_a_zero_is_a_value_unless_declared(small):
    small.cell(5, 3, "0")
    assert value(kb.load(small.folder), "P02", "Post")["value"] == 0.0
    small.toml('measure = "nrs_0_10"', 'measure = "nrs_0_10"\nmissing = ["0"]')
    assert np.isnan(value(kb.load(small.folder), "P02", "Post")["value"])


def test_an_undeclared_code_is_refused_with_the_way_out(small):
    small.cell(5, 3, "n/a")
    with pytest.raises(DataError, match='"n/a" is not a number') as caught:
        kb.load(small.folder)
    assert "missing = [...]" in str(caught.value)


def test_a_declared_decimal_comma(small):
    lines = (small.folder / "data.csv").read_text().replace(",", ";").replace(".", ",")
    (small.folder / "data.csv").write_text(lines)
    small.toml('file = "data.csv"', 'file = "data.csv"\ndecimal = ","')
    assert value(kb.load(small.folder), "P01", "Pre")["value"] == 4.0


# ---- tables ------------------------------------------------------------------------------------------------------


def test_the_table_keeps_everyone_allocated_at_every_visit(demo):
    study = kb.load(demo)
    table = study.table("pain")
    covariates = [item.name for item in study.plan.covariates]
    assert list(table.columns) == ["record_id", "arm", "visit", "pain", "pain_baseline", *covariates]
    assert len(table) == 40 * 3
    assert table["pain"].isna().sum() == 15
    assert list(table["arm"].cat.categories) == ["Usual care", "Kettlebell"]


def test_the_ledger_reconciles(demo):
    study = kb.load(demo)
    counts = study.ledger().counts()
    assert (counts["randomised"] == counts["measured"] + counts["out"]).all()
    assert len(study.ledger().ids()) == 43
    assert study.ledger().ids("not randomised") == ["P041", "P042", "P043"]


def test_identifiers_are_dropped_and_named(demo):
    study = kb.load(demo)
    assert any("initials" in note for note in study.sources[0].notes)
    assert "initials" not in study.tidy().columns


def test_each_visit_may_have_its_own_column(small):
    rows = pd.read_csv(small.folder / "data.csv").pivot(index=["id", "group"], columns="visit", values="pain")
    rows.reset_index().to_csv(small.folder / "data.csv", index=False)
    small.toml('visit = { column = "visit", levels', "visit = { levels")
    small.toml('column = "pain"', 'columns = { Pre = "Pre", Post = "Post" }')
    study = kb.load(small.folder)
    assert value(study, "P01", "Pre")["value"] == 4.0
    assert study.table("pain")["pain"].notna().all()


def test_a_second_file_without_visits_brings_characteristics(small):
    people = [f"P{number:02d},{30 + number}" for number in range(1, 21)]
    (small.folder / "people.csv").write_text("\n".join(["id,age", *people]) + "\n")
    small.toml('file = "data.csv"', 'file = "data.csv"\n\n[[source]]\nfile = "people.csv"')
    small.toml("[[analysis]]", '[[covariate]]\nname = "age"\ncolumn = "age"\nkind = "number"\n\n[[analysis]]')
    study = kb.load(small.folder)
    assert study.people.set_index("id")["age"]["P07"] == 37


def test_an_unknown_outcome_is_named(demo):
    with pytest.raises(PlanError, match='"pian" is not an outcome of this study; did you mean "pain"?'):
        kb.load(demo).table("pian")


def test_an_arm_nobody_is_in(small):
    small.toml('levels = ["Control", "Training"]', 'levels = ["Control", "Training", "Sham"]')
    with pytest.raises(DataError, match='nobody is in the arm "Sham"'):
        kb.load(small.folder)


def test_row_order_does_not_matter(small):
    first = kb.load(small.folder).table("pain").sort_values(["id", "visit"], ignore_index=True)
    header, *rows = (small.folder / "data.csv").read_text().splitlines()
    (small.folder / "data.csv").write_text("\n".join([header, *reversed(rows)]) + "\n")
    second = kb.load(small.folder).table("pain").sort_values(["id", "visit"], ignore_index=True)
    pd.testing.assert_frame_equal(first, second)


# ---- the demonstration trial -------------------------------------------------------------------------------------


def test_the_demo_is_what_its_script_makes(tmp_path):
    write_demo_trial(tmp_path, rng=np.random.default_rng(SEED))
    shipped, written = (
        {file.relative_to(folder).as_posix(): file.read_bytes() for file in folder.rglob("*") if file.is_file()}
        for folder in (ROOT / "data/raw/demo-trial", tmp_path)
    )
    assert set(shipped) - set(written) == {"README.md", "study.toml"}
    assert len([name for name in written if name.startswith("gas/")]) == 12
    for name in written:
        assert written[name] == shipped[name], name


@pytest.mark.parametrize("message", ['"3,4" is not a number; did you mean 3.4?', "390 is outside 0 to 100"])
def test_without_its_corrections_the_demo_is_refused(demo, message):
    text = (demo / "study.toml").read_text("utf-8")
    start, end = text.index("# ---- corrections"), text.index("# ---- who they were")
    (demo / "study.toml").write_text(text[:start] + text[end:], "utf-8")
    with pytest.raises(DataError) as caught:
        kb.load(demo)
    assert message in str(caught.value)
    assert len(caught.value.problems) == 3


def test_a_point_in_a_file_with_decimal_commas_is_refused(small):
    small.toml('file = "data.csv"', 'file = "data.csv"\ndecimal = ","')
    with pytest.raises(DataError, match='"4.00" has a point, and this file is declared to use a decimal comma'):
        kb.load(small.folder)
