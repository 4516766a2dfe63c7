"""A claim on published numbers under every combination of declared choices."""

from __future__ import annotations

import shutil

import pytest

import kbstudy as kb
from kbstudy.errors import PlanError
from tests.conftest import ROOT
from tests.tolerances import IDENTITY

ARTICLE = ROOT / "data/raw/article-claims"
BLOCK = (ARTICLE / "study.toml").read_text("utf-8").partition("[[multiverse]]")[2]


@pytest.fixture(scope="module")
def article():
    return kb.analyse(kb.load(ARTICLE))


@pytest.fixture(scope="module")
def many(article):
    return article.multiverses["C1"]


def with_multiverse(tmp_path, text, *changes):
    folder = shutil.copytree(ARTICLE, tmp_path / "article")
    plan = (folder / "study.toml").read_text("utf-8").partition("[[multiverse]]")[0]
    for old, new in changes:
        assert plan.count(old) == 1, old
        plan = plan.replace(old, new)
    (folder / "study.toml").write_text(f"{plan}[[multiverse]]\n{text}", "utf-8")
    return folder


def at(many, **options):
    frame = many.frame
    for name, option in options.items():
        frame = frame[frame[name] == option]
    assert len(frame) == 1
    return frame.iloc[0]


def test_the_declared_specification_is_the_verdict(article, many):
    assert set(many.declared) == set(many.choices)
    row, verdict = at(many, **many.declared), article.verdicts[0]
    for name in ("estimate", "low", "high"):
        assert row[name] == getattr(verdict.evidence, name)
    assert (row["verdict"], row["n"]) == (verdict.word, 10)


def test_every_specification_says_the_same(many):
    assert many.share("not supported") == 1.0
    assert (many.frame["error"] == "").all()
    assert many.frame["high"].max() < 21
    assert many.sentence().startswith(
        "Of 496 specifications of the energy rate averaged over the session, the claim is"
    )


def test_no_combination_is_run_twice(many):
    """A row in kcal/min: 1 plain, 9 net, 2 x 2 x 9 x 3 with lactate; a row per kg: 9 x 2 x (1 + 2 x 3)."""
    counts = many.frame["source"].value_counts()
    assert counts["schnettler-2009-energy"] == 1 + 9 + 2 * 2 * 9 * 3
    assert counts["farrar-2010-swings"] == 9 * 2 * (1 + 2 * 3)
    assert not many.frame[list(many.choices)].duplicated().any()
    none = many.frame["lactate_rise_mmol_l"] == "0"
    assert ((many.frame["lactate_ml_kg_mmol"] == "no effect") == none).all()


def test_an_uptake_is_scaled_with_its_interval(many):
    found = at(
        many,
        source="farrar-2010-swings",
        body_mass_kg="77.3",
        kcal_per_litre="5",
        rest="gross",
        lactate_rise_mmol_l="0",
    )
    half = 2.2621571627982 * 5.67 / 10**0.5  # R: qt(0.975, 9)
    factor = 77.3 * 5 / 1000
    expected = [34.31 * factor, (34.31 - half) * factor, (34.31 + half) * factor]
    assert [found["estimate"], found["low"], found["high"]] == pytest.approx(expected, rel=IDENTITY)


def test_net_and_lactate_by_hand(many):
    """5 mmol/L at 3.0 mL/kg for 86.1 kg over 20 min at 5 kcal a litre: 0.32 kcal/min, as was found by hand."""
    same = {"source": "schnettler-2009-energy", "body_mass_kg": "86.1", "kcal_per_litre": "5"}
    net = at(many, **same, rest="net", lactate_rise_mmol_l="0")
    assert 13.6 - net["estimate"] == pytest.approx(3.5 * 86.1 * 5 / 1000, rel=IDENTITY)
    lactate = at(many, **same, rest="gross", lactate_rise_mmol_l="5", lactate_ml_kg_mmol="3")
    assert lactate["estimate"] - 13.6 == pytest.approx(5 * 3.0 * 86.1 * 5 / 1000 / 20, rel=IDENTITY)
    assert lactate["estimate"] - 13.6 == pytest.approx(0.32, abs=0.005)
    assert lactate["high"] - lactate["low"] == pytest.approx(net["high"] - net["low"], rel=IDENTITY)


def test_no_effect_is_compared_with_nothing(many):
    told = many.influence().query("choice == 'body_mass_kg'")
    numbers = told[told["option"] != "no effect"]["mean_estimate"]
    assert told["moves"].iloc[0] == numbers.max() - numbers.min()


def test_the_report_says_the_share(article):
    from kbstudy.reporting.sections.multiverses import multiverses

    texts = [block.plain for block in multiverses(article) if hasattr(block, "plain")]
    assert any(text.startswith("The verdict “not supported” holds in 496/496 (100.0%)") for text in texts)


PER_KG = """claim = "C2"

[multiverse.choices]
source = ["farrar-2010-swings", "schnettler-2009-energy", "montgomery-swings"]
"""


def test_a_claim_per_kilogram(tmp_path):
    text = PER_KG + 'rest = ["gross", "net"]\nlactate_rise_mmol_l = [0, 5]\nbody_mass_kg = [70.0]\n'
    many = kb.analyse(kb.load(with_multiverse(tmp_path, text))).multiverses["C2"]
    farrar = many.frame.query("source == 'farrar-2010-swings'").set_index(["rest", "lactate_rise_mmol_l"])
    assert set(farrar["body_mass_kg"]) == {"no effect"}
    assert farrar.loc[("gross", "0"), "estimate"] == 34.31
    assert farrar.loc[("net", "5"), "estimate"] == pytest.approx(34.31 - 3.5 + 5 * 3.0 / 20, rel=IDENTITY)
    plain = many.frame.query("rest == 'gross' and lactate_rise_mmol_l == '0'").set_index("source")["estimate"]
    assert plain["schnettler-2009-energy"] == pytest.approx(13.6 / (70 * 5 / 1000), rel=IDENTITY)
    assert plain["montgomery-swings"] == pytest.approx(1370 / 70, rel=IDENTITY)
    assert many.declared == {"rest": "gross", "lactate_rise_mmol_l": "0"}


def test_litres_need_no_mass_for_kcal(tmp_path):
    text = 'claim = "C1"\n\n[multiverse.choices]\nsource = ["montgomery-swings"]\nkcal_per_litre = [5.0, 5.05]\n'
    found = kb.analyse(kb.load(with_multiverse(tmp_path, text))).multiverses["C1"].frame["estimate"]
    assert list(found) == pytest.approx([1.37 * 5, 1.37 * 5.05], rel=IDENTITY)


def test_no_body_mass_is_ever_assumed(tmp_path):
    text = 'claim = "C1"\n\n[multiverse.choices]\nsource = ["fortner-2014-tabata", "farrar-2010-swings"]\n'
    many = kb.analyse(kb.load(with_multiverse(tmp_path, text))).multiverses["C1"]
    fortner, farrar = many.frame.to_dict("records")
    assert fortner["error"] == (
        'published row "fortner-2014-tabata" has no body_mass_kg, and no body mass is ever assumed'
    )
    assert farrar["estimate"] == pytest.approx(34.31 * 77.3 * 5 / 1000, rel=IDENTITY)
    assert many.share("not supported") == 0.5


MISTAKES = {
    "an unknown choice": ("rest =", "rst =", 'choice "rst" is not known for this claim; did you mean "rest"'),
    "an unknown option": ('"net"]', '"nett"]', 'choice "rest": "nett" must be one of gross, net'),
    "a row that is not there": (
        '"fortner-2014-tabata"]',
        '"fortner-2014-tabatta"]',
        'choice "source": the published table has no row "fortner-2014-tabatta"; did you mean "fortner-2014-tabata"?',
    ),
    "a row that is no rate": (
        '"fortner-2014-tabata"]',
        '"jay-2011-low-back"]',
        'choice "source": "jay-2011-low-back" is in points and must be in one of kcal/min, L/min, mL/kg/min',
    ),
    "a number for a row": ('"fortner-2014-tabata"]', "5.0]", 'choice "source": 5.0 must be the id of a published row'),
    "grams": ("[70.0, ", "[70000.0, ", 'choice "body_mass_kg": 70000.0 must be a number from 20 to 300'),
    "kilojoules": ("[4.86, ", "[20.3, ", 'choice "kcal_per_litre": 20.3 must be a number from 4.6 to 5.2'),
    "what nobody survives": ("12.0]", "102.0]", 'choice "lactate_rise_mmol_l": 102.0 must be a number from 0 to 30'),
    "a coefficient in litres": (
        "[2.7, ",
        "[0.003, ",
        'choice "lactate_ml_kg_mmol": 0.003 must be a number from 2 to 5',
    ),
    "a claim without numbers": ('claim = "C1"', 'claim = "C8"', "rests on no analysis of this study, and has no audit"),
    "a claim without an audit": ('claim = "C1"', 'claim = "C4"', "has no audit with published evidence in kcal/min"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_mistakes(tmp_path, name):
    old, new, message = MISTAKES[name]
    assert BLOCK.count(old) == 1
    with pytest.raises(PlanError) as caught:
        kb.load(with_multiverse(tmp_path, BLOCK.lstrip().partition("\n")[2].replace(old, new)))
    assert message in str(caught.value)


def test_a_pool_is_taken_apart(tmp_path):
    text = 'claim = "C2"\n\n[multiverse.choices]\nrest = ["gross", "net"]\n'
    with pytest.raises(PlanError, match='claim "C2" is judged on a pool: name the rows to take one by one'):
        kb.load(with_multiverse(tmp_path, text))
