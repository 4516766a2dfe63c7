"""A folder of recordings as a source of a study: one row a session, nothing guessed, nothing lost."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass

import numpy as np
import pytest

import kbstudy as kb
from kbstudy.errors import DataError, PlanError, ReadError
from kbstudy.measures.energy import energy_expenditure
from tests.readers.gas_exchange import writers

SOURCE = """
[[source]]
reader = "gas_exchange"
files = "gas/{id}_{visit}.*"

[source.energy]
equation = "weir_1949"

[[outcome]]
name = "energy"
column = "aerobic_kcal_min"
unit = "kcal/min"
better = "higher"
visits = ["Post"]
arms = ["Training"]

[[analysis]]
name = "energy"
outcome = "energy"
method = "mean"
arm = "Training"
estimand = { visit = "Post", intercurrent = "not applicable" }
"""


@dataclass
class Carts:
    """The small study with recordings of three people of the arm Training."""

    small: object

    @property
    def gas(self):
        return self.small.folder / "gas"

    def load(self):
        return kb.load(self.small.folder)


@pytest.fixture
def carts(small):
    small.add(SOURCE)
    folder = small.folder / "gas"
    folder.mkdir()
    for number, person in enumerate(["P02", "P04", "P06"]):
        rows = writers.truth(60, seed=number)
        (folder / f"{person}_Post.txt").write_bytes(writers.mgc(rows))
    return Carts(small)


def test_each_file_is_a_row_with_its_numbers_and_its_hash(carts):
    study = carts.load()
    assert [row.participant for row in study.sessions] == ["P02", "P04", "P06"]
    for row in study.sessions:
        path = carts.small.folder / row.file
        assert study.inputs[row.file] == row.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
        alone = energy_expenditure(kb.read_gas_exchange(path), equation="weir_1949")
        assert row.session.budget.aerobic_kcal == alone.aerobic_kcal
        found = study.values.query("outcome == 'energy' and id == @row.participant").iloc[0]
        assert found["value"] == alone.aerobic_kcal_min
        assert row.arm == "Training"
    assert "3 recordings read, 3 used" in str(study)


def test_the_mean_of_the_sessions_is_the_mean_of_the_files(carts):
    with pytest.warns(kb.errors.SmallSample):
        results = kb.analyse(carts.load())
    rates = [row.session.budget.aerobic_kcal_min for row in results.study.sessions]
    row = results.estimates["energy"].row()
    assert row["estimate"] == pytest.approx(np.mean(rates), rel=1e-14)
    assert row["se"] == pytest.approx(np.std(rates, ddof=1) / math.sqrt(3), rel=1e-12)
    assert row["n"] == 3


def test_nobody_is_expected_where_nothing_was_planned_and_everybody_where_it_was(carts):
    ledger = carts.load().ledger().frame.query("outcome == 'energy'")
    assert set(ledger["arm"]) == {"Training"}
    assert set(ledger["visit"]) == {"Post"}
    gone = ledger.query("status == 'missing'")
    assert len(gone) == 7
    assert set(gone["reason"]) == {"no recording of this visit"}


def test_a_file_can_be_left_out_by_a_correction(carts):
    carts.small.add(
        '\n[[correction]]\nparticipant = "P04"\nvisit = "Post"\nfile = "gas/{id}_{visit}.*"\ndrop_row = 2\n'
        'why = "the mask leaked"\n'
    )
    study = carts.load()
    assert [row.participant for row in study.sessions] == ["P02", "P06"]
    account = next(item for item in study.sources if item.noun == "recordings")
    assert (account.rows_read, account.rows_used) == (3, 2)
    assert "the mask leaked" in account.rows_out[0]


def test_a_broken_file_is_named_with_its_participant_and_all_are_named_at_once(carts):
    (carts.gas / "P04_Post.txt").write_bytes(b"nothing here")
    (carts.gas / "P06_Post.txt").write_bytes(b"")
    with pytest.raises(DataError) as caught:
        carts.load()
    text = str(caught.value)
    assert "gas/P04_Post.txt (participant P04, visit Post)" in text
    assert "gas/P06_Post.txt (participant P06, visit Post)" in text


def test_a_file_that_does_not_fit_the_pattern_is_said(carts):
    (carts.gas / "notes.docx").write_bytes(b"x")
    account = next(item for item in carts.load().sources if item.noun == "recordings")
    assert account.notes == ("not read, because the name does not fit the pattern: gas/notes.docx",)


def test_an_unknown_visit_in_a_name_is_a_problem(carts):
    (carts.gas / "P02_Post.txt").rename(carts.gas / "P02_Pots.txt")
    with pytest.raises(DataError, match='"Pots" is not one of "Pre" and "Post"; did you mean "Post"'):
        carts.load()


def test_two_files_of_one_session_are_a_problem(carts):
    (carts.gas / "P02_Post.csv").write_bytes(writers.mgc(writers.truth(60, seed=9)))
    with pytest.raises(DataError, match='participant P02 appears more than once at visit "Post"; they differ in file'):
        carts.load()


def test_no_file_at_all_is_a_read_error(carts):
    for path in carts.gas.iterdir():
        path.unlink()
    with pytest.raises(ReadError, match="no file fits this pattern"):
        carts.load()


def test_simulated_files_in_a_study_that_does_not_say_so_are_refused(demo):
    path = demo / "study.toml"
    path.write_text(path.read_text("utf-8").replace("simulated = true", "simulated = false"), "utf-8")
    with pytest.raises(DataError, match="the file says that it is simulated, and study.toml does not"):
        kb.load(demo)


def test_the_covariate_gives_the_mass_only_where_the_file_has_none(demo):
    study = kb.load(demo)
    given = [row for row in study.sessions if row.session.recording.body_mass_source.startswith("covariate")]
    assert [row.participant for row in given] == ["P021"]
    mass = study.people.set_index(study.participant)["mass"]
    assert given[0].session.numbers["body_mass_kg"] == mass["P021"]
    assert given[0].notes == ('body mass 71.7 kg from the covariate "mass" of the study: the file has none',)


def test_masses_that_differ_are_said(demo):
    path = demo / "redcap_export.csv"
    text = path.read_text("utf-8")
    assert "96.6" in text
    path.write_text(text.replace("96.6", "69.6", 1), "utf-8")
    row = next(row for row in kb.load(demo).sessions if row.participant == "P001")
    assert row.notes == ('body mass 96.6 kg (header of the file) is used; covariate "mass" says 69.6 kg',)


def test_the_demo_shows_every_budget_and_says_measured(demo):
    results = kb.analyse(kb.load(demo))
    assert len(results.study.sessions) == 12
    assert {row.session.recording.device for row in results.study.sessions} == {
        "COSMED OMNIA",
        "MGC BreezeSuite",
        "Parvo TrueOne",
    }
    sessions = results.to_dict()["sessions"]
    assert {row["basis"] for row in sessions} == {"measured"}
    assert all(row["bout"] == {"start_s": 180.0, "end_s": 1365.0, "by": "protocol"} for row in sessions)
    verdict = next(item for item in results.verdicts if item.claim_id == "energy")
    assert verdict.word == "not supported"


def test_oxygen_alone_makes_energy_estimated(carts):
    carts.small.toml('equation = "weir_1949"', 'equation = "constant_5_kcal_l"')
    study = carts.load()
    assert study.basis_of("energy") == "estimated"
    assert study.basis_of("pain") == "measured"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('files = "gas/{id}_{visit}.*"', 'files = "gas/{visit}.*"', "files must say whose each is"),
        ('files = "gas/{id}_{visit}.*"', 'files = "gas/{who}_{visit}.*"', '"{who}" in files is not known'),
        ('files = "gas/{id}_{visit}.*"', "", '"files" is missing: where the recordings are'),
        ('[source.energy]\nequation = "weir_1949"\n', "", '"energy" is missing'),
        ('equation = "weir_1949"', 'equation = "weir"', '"weir" is not an energy equation'),
        ('equation = "weir_1949"', 'equation = "weir_1949"\nprotocol = "15:15"', '"15:15" is not a protocol'),
        (
            'equation = "weir_1949"',
            'equation = "weir_1949"\nprotocol = "15:15 × 4 from 10 s"\nbout_by = "vo2"',
            'say "protocol" or "bout_by", not both',
        ),
        (
            'equation = "weir_1949"',
            'equation = "weir_1949"\nbaseline_s = [0, 10]\nbaseline_vo2_l_min = 0.3',
            'say "baseline_s" (a window of the recording) or "baseline_vo2_l_min", not both',
        ),
        (
            'reader = "gas_exchange"',
            'reader = "gas_exchange"\nbody_mass = "mass"',
            'body_mass = "mass" must name a covariate',
        ),
        ('reader = "gas_exchange"', 'reader = "gas_exchange"\ndecimal = ","', '"decimal" belongs to tables'),
        ('file = "data.csv"', 'file = "data.csv"\ndevice = "mgc"', '"device" belongs to the reader "gas_exchange"'),
        ('arm = "Training"\nestimand', "estimand", '"mean" describes one arm: say arm = "Control" or "Training"'),
        ('arm = "Training"\nestimand', 'arm = "Control"\nestimand', '"energy" is not measured in the arm "Control"'),
        ('{ visit = "Post", inter', '{ visit = "Pre", inter', '"energy" is not measured at the visit "Pre"'),
        ('arms = ["Training"]', 'arms = ["Trainig"]', 'arm "Trainig" is not declared; did you mean "Training"'),
        ('visits = ["Post"]', 'visits = ["Past"]', 'visit "Past" is not declared; did you mean "Post"'),
    ],
)
def test_mistakes_in_the_plan(carts, old, new, message):
    carts.small.toml(old, new)
    with pytest.raises(PlanError) as caught:
        carts.load()
    assert message in str(caught.value)
    assert "study.toml:" in str(caught.value)


def test_two_bouts_ask_for_a_protocol(carts):
    rows = writers.truth(300, step=5.0)
    rows = [
        writers.Breath(b.t, 2.4 if 300 < b.t < 600 or 900 < b.t < 1200 else 0.4, 0.3, b.rf, 1.0, 80.0, 0.0)
        for b in rows
    ]
    rows = [writers.Breath(b.t, b.vo2, round(0.85 * b.vo2, 3), b.rf, b.vt, b.hr, b.load) for b in rows]
    (carts.gas / "P02_Post.txt").write_bytes(writers.mgc(rows))
    carts.small.toml('equation = "weir_1949"', 'equation = "weir_1949"\nbout_by = "vo2"')
    with pytest.raises(DataError, match="2 bouts of exercise"):
        carts.load()
