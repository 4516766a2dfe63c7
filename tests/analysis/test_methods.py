"""Every analysis is reachable from study.toml, and gives what the function of the same name gives."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

import kbstudy as kb
from kbstudy.errors import DataError, PlanError
from kbstudy.reporting.build import build
from kbstudy.reporting.tree import Heading, Table

COVARIATES = """
[[covariate]]
name = "sessions"
column = "sessions"
kind = "number"

[[covariate]]
name = "site"
column = "site"
kind = "category"

[[source]]
file = "people.csv"
"""


def analysis(method, *lines):
    return "\n".join(
        [
            '\n[[analysis]]\nname = "asked"\noutcome = "pain"',
            f'method = "{method}"',
            'estimand = { contrast = "Training - Control", visit = "Post" }',
            *lines,
        ]
    )


@pytest.fixture
def study(small):
    rows = ["id,sessions,site", *(f"P{n + 1:02d},{n % 9 + 3},{'AB'[n // 2 % 2]}" for n in range(20))]
    (small.folder / "people.csv").write_text("\n".join(rows) + "\n", "utf-8")
    return small.add(COVARIATES)


def result(small, method, *lines):
    small.add(analysis(method, *lines))
    return kb.analyse(kb.load(small.folder))


def at_post(small):
    table = kb.load(small.folder).table("pain")
    return table[table["visit"] == "Post"].reset_index(drop=True)


def common(**more):
    return {
        "baseline": "pain_baseline",
        "arm": "arm",
        "reference": "Control",
        "participant": "id",
        "visit": "Post",
        **more,
    }


CASES = {
    "side_by_side": ([], lambda t: kb.compare_analyses(t, "pain", **common())),
    "individual_response": (
        ["mdc95 = 1.5", "mic = 2.0"],
        lambda t: kb.individual_response(t, "pain", mdc95=1.5, mic=2.0, better="lower", **common()),
    ),
    "permutation": (
        ["seed = 3", "permutations = 999", 'strata = ["site"]'],
        lambda t: kb.permutation_test(t, "pain", rng=3, permutations=999, strata=["site"], **common()),
    ),
    "responders": (
        ["improved_by = 1.0", "grid = [0.5, 1.5]", 'missing = "excluded"'],
        lambda t: kb.responders(
            t, "pain", improved_by=1.0, grid=[0.5, 1.5], missing="excluded", better="lower", **common()
        ),
    ),
    "ancova": (
        ['robust = "HC2_BM"', 'covariates = ["sessions"]'],
        lambda t: kb.ancova(t, "pain", robust="HC2_BM", covariates=["sessions"], **common()),
    ),
}


@pytest.mark.parametrize("method", CASES)
def test_the_plan_gives_what_the_function_gives(study, method):
    lines, function = CASES[method]
    found = result(study, method, *lines).estimates["asked"]
    expected = function(at_post(study))
    columns = ["n", "estimate", "low", "high", "p"]
    pd.testing.assert_frame_equal(found.frame[columns], expected.frame[columns])
    assert set(found.frame["visit"]) == {"Post"}
    assert set(found.ledger.frame["participant"]) == {f"P{n + 1:02d}" for n in range(20)}
    assert "asked" in kb.load(study.folder).plan.analyses[-1].name


def test_bootstrap_intervals_can_be_repeated(study):
    found = result(study, "ancova", 'interval = "bca"', "seed = 7", "resamples = 1000").estimates["asked"]
    expected = kb.ancova(at_post(study), "pain", interval="bca", rng=7, resamples=1000, **common())
    assert list(found.frame["low"]) == list(expected.frame["low"])


def test_ordinal_from_whole_scores(study):
    rng = np.random.default_rng(2)
    lines = (study.folder / "data.csv").read_text("utf-8").splitlines()
    cells = [line.rsplit(",", 1) for line in lines[1:]]
    whole = [f"{head},{round(float(value) + rng.normal(0, 1.5))}" for head, value in cells]
    (study.folder / "data.csv").write_text("\n".join([lines[0], *whole]) + "\n", "utf-8")
    found = result(study, "ordinal").estimates["asked"]
    expected = kb.ordinal(at_post(study), "pain", better="lower", **common())
    assert found.row()["estimate"] == expected.row()["estimate"]
    assert found.unit == ""


def test_hold_times(study):
    study.toml('measure = "nrs_0_10"', 'unit = "s"\nbetter = "higher"')
    found = result(study, "hold_time", "cap_s = 8.0").estimates["asked"]
    expected = kb.hold_time(at_post(study), "pain", arm="arm", reference="Control", cap_s=8.0, participant="id")
    row, other = found.row(visit="Post"), expected.row()
    assert (row["estimate"], row["low"], row["high"]) == (other["estimate"], other["low"], other["high"])
    assert row["visit"] == "Post"


def test_equivalence_is_asked_of_the_earlier_analysis(study):
    results = result(study, "equivalence", 'of = "pain_post"', "low = -3.0", "high = 3.0")
    expected = kb.equivalence(results.estimates["pain_post"], low=-3.0, high=3.0)
    assert results.estimates["asked"].row()["p"] == expected.row()["p"]
    assert results.estimates["asked"].level == 0.9


def test_dose_response_is_exploratory(study):
    lines = ('arm = "Training"', 'dose = "sessions"', 'dose_unit = "session"')
    found = result(study, "dose_response", *lines).estimates["asked"]
    table = at_post(study)
    expected = kb.dose_response(
        table, "pain", baseline="pain_baseline", dose="sessions", dose_unit="session", participant="id", arm="arm",
        within="Training",
    )  # fmt: skip
    assert found.row()["estimate"] == expected.row()["estimate"]
    assert "xploratory" in found.sentence()


CROSSOVER = """\
[study]
id = "cross"
title = "A crossover"

[design]
participant = "id"
allocation = "randomised"
arm = { column = "sequence", levels = ["AB", "BA"], reference = "AB" }
visit = { column = "period", levels = ["First", "Second"], baseline = "First" }

[[source]]
file = "data.csv"

[[outcome]]
name = "jump"
column = "jump"
unit = "cm"
better = "higher"

[[analysis]]
name = "asked"
outcome = "jump"
method = "crossover"
treatments = { AB = ["Bell", "Walk"], BA = ["Walk", "Bell"] }
estimand = { contrast = "Bell - Walk", visit = "Second" }
"""


@pytest.fixture
def cross(tmp_path):
    rng = np.random.default_rng(1)
    rows = []
    for n in range(16):
        order = ("AB", "BA")[n % 2]
        level = 30 + rng.normal(0, 4)
        for place, period in enumerate(("First", "Second")):
            bell = (order[place] == "A") == (order[place] == "A") and order[place] == "A"
            rows.append((f"P{n}", order, period, round(level + 2 * bell + 0.5 * place + rng.normal(0, 1), 2)))
    frame = pd.DataFrame(rows, columns=["id", "sequence", "period", "jump"])
    folder = tmp_path / "cross"
    folder.mkdir()
    frame.to_csv(folder / "data.csv", index=False)
    (folder / "study.toml").write_text(CROSSOVER, "utf-8")
    given = {"AB": ("Bell", "Walk"), "BA": ("Walk", "Bell")}
    frame["treatment"] = [given[s][p == "Second"] for s, p in zip(frame["sequence"], frame["period"], strict=True)]
    return folder, frame


def test_a_crossover_is_declared_by_its_sequences(cross):
    folder, frame = cross
    found = kb.analyse(kb.load(folder)).estimates["asked"]
    expected = kb.crossover(
        frame, "jump", participant="id", sequence="sequence", period="period", treatment="treatment", reference="Walk"
    )
    row, other = found.row(contrast="Bell - Walk"), expected.row()
    assert (row["estimate"], row["low"], row["high"]) == (other["estimate"], other["low"], other["high"])


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('AB = ["Bell", "Walk"], ', "", 'treatments has nothing for "AB"'),
        ('BA = ["Walk", "Bell"]', 'BA = ["Bell", "Walk"]', "in opposite order"),
        ('AB = ["Bell"', 'BC = ["Bell"', '"BC" is not a sequence'),
        ('contrast = "Bell - Walk"', 'contrast = "AB - BA"', 'contrast "AB - BA" is not declared'),
        ('levels = ["First", "Second"]', 'levels = ["First", "Second", "Third"]', "is measured at 3 visits"),
    ],
)
def test_mistakes_of_a_crossover(cross, old, new, message):
    folder, _ = cross
    path = folder / "study.toml"
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")
    with pytest.raises(PlanError) as caught:
        kb.load(folder)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("method", "lines", "message"),
    [
        ("permutation", [], '"permutation" draws at random: say "seed"'),
        ("ancova", ['interval = "bca"'], 'interval "bca" draws at random: say "seed"'),
        ("hold_time", [], '"hold_time" needs "cap_s"'),
        ("equivalence", ["low = -1.0"], '"equivalence" needs "of"'),
        ("equivalence", ['of = "pain_post"'], '"equivalence" needs "low", "high" or both'),
        ("equivalence", ['of = "pian"', "low = -1.0"], '"pian" is not an analysis before this one'),
        ("equivalence", ['of = "pain_post"', "low = 1.0", "high = -1.0"], '"low" must be below "high"'),
        ("dose_response", ['dose_unit = "session"'], '"dose_response" needs "dose"'),
        (
            "dose_response",
            ['dose = "site"', 'dose_unit = "session"', 'arm = "Training"'],
            'dose "site" is not a covariate of kind "number"',
        ),
        ("permutation", ["seed = 1", 'strata = ["sessions"]'], 'stratum "sessions" is not a covariate of kind'),
        ("responders", ['missing = "excluded"'], '"responders" needs one of "at_most", "at_least"'),
        ("responders", ["at_most = 3"], '"responders" needs "missing"'),
        ("ancova", ["mic = 2.0"], '"mic" belongs to the method "individual_response", and this one is "ancova"'),
        ("mmrm", ["cap_s = 2.0"], '"cap_s" belongs to the method "hold_time"'),
    ],
)
def test_mistakes(study, method, lines, message):
    study.add(analysis(method, *lines))
    with pytest.raises(PlanError) as caught:
        kb.load(study.folder)
    assert message in str(caught.value)


# ---- harms, adherence, reliability ---------------------------------------------------------------------------------

SAFETY = """
[[source]]
file = "events.csv"
reader = "events"

[[covariate]]
name = "weeks"
column = "weeks"
kind = "number"

[harms]
kind = "event"
serious = "serious"
exposure = "weeks"
exposure_unit = "person-weeks"

[adherence]
attended = "sessions"
planned = 12
threshold = 0.5

[[reliability]]
name = "pain_again"
outcome = "pain"
visits = ["Pre", "Post"]
arm = "Control"
"""


@pytest.fixture
def safe(study):
    rows = (study.folder / "people.csv").read_text("utf-8").splitlines()
    rows = [f"{rows[0]},weeks", *(f"{row},8" for row in rows[1:])]
    (study.folder / "people.csv").write_text("\n".join(rows) + "\n", "utf-8")
    events = ["id,event,serious", "P02,soreness,no", "P02,soreness,no", "P03,fall,yes", "P04,soreness,"]
    (study.folder / "events.csv").write_text("\n".join(events) + "\n", "utf-8")
    return study.add(SAFETY)


def test_harms_are_those_of_the_function(safe):
    results = kb.analyse(kb.load(safe.folder))
    people = results.study.people
    events = pd.DataFrame(
        {"id": ["P02", "P02", "P03", "P04"], "kind": ["soreness", "soreness", "fall", "soreness"],
         "serious": [False, False, True, False]}
    )  # fmt: skip
    expected = kb.harms(
        events, people=people, participant="id", arm="arm", reference="Control", exposure="weeks",
        exposure_unit="person-weeks", kind="kind", serious="serious",
    )  # fmt: skip
    pd.testing.assert_frame_equal(results.harms.frame, expected.frame)


def test_adherence_and_reliability_are_those_of_the_functions(safe):
    results = kb.analyse(kb.load(safe.folder))
    people = results.study.people
    expected = kb.adherence(people, attended="sessions", planned=12, threshold=0.5, participant="id", arm="arm")
    assert list(results.adherence.frame["estimate"]) == list(expected.frame["estimate"])
    table = results.study.table("pain")
    control = table[table["arm"] == "Control"]
    again = kb.reliability(control, "pain", participant="id", trial="visit")
    found = results.reliabilities["pain_again"]
    assert found.row("icc_a1")["estimate"] == again.row("icc_a1")["estimate"]


def test_the_report_has_their_sections_and_the_checklists_know(safe):
    results = kb.analyse(kb.load(safe.folder))
    blocks = build(results).blocks
    headings = [block.text for block in blocks if isinstance(block, Heading)]
    for heading in ("Harms", "Adherence", "Reliability of the measurements"):
        assert heading in headings
    cert = next(block for block in blocks if isinstance(block, Table) and block.name == "checklist-cert")
    answers = {row.cells[0].text: row.cells[2].text for row in cert.rows}
    assert answers["11"] == "“Harms”"
    assert answers["5"] == "“Adherence”"
    assert json.loads(results.to_json())["harms"]["rows"]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('exposure = "weeks"', 'exposure = "week"', 'exposure "week" is not a covariate of kind "number"'),
        ('reader = "events"', "", "no source has reader"),
        ('kind = "event"', 'kind = "evnt"', 'events.csv has no column "evnt"; did you mean "event"'),
        ('attended = "sessions"', 'attended = "session"', 'attended "session" is not a covariate'),
        ("threshold = 0.5", "threshold = 80", "threshold is 80"),
        ('visits = ["Pre", "Post"]', 'visits = ["Pre", "Past"]', '"pain" is not measured at "Past"'),
    ],
)
def test_mistakes_of_these_sections(safe, old, new, message):
    safe.toml(old, new)
    with pytest.raises((PlanError, DataError)) as caught:
        kb.load(safe.folder)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("P99,fall,no", 'events.csv, row 6, column "id": participant "P99" has an event and is in no other file'),
        ("P05,fall,maybe", '"maybe" is neither yes nor no'),
    ],
)
def test_events_that_cannot_be(safe, row, message):
    path = safe.folder / "events.csv"
    path.write_text(path.read_text("utf-8") + row + "\n", "utf-8")
    with pytest.raises(DataError) as caught:
        kb.load(safe.folder)
    assert message in str(caught.value)


def test_an_event_of_somebody_without_an_arm_is_counted_and_said(safe):
    """Screened and never allocated, with an event: in no arm's numbers, and not lost."""
    data = safe.folder / "data.csv"
    data.write_text(data.read_text("utf-8") + "P21,,Pre,5.00\n", "utf-8")
    events = safe.folder / "events.csv"
    events.write_text(events.read_text("utf-8") + "P21,fall,no\n", "utf-8")
    results = kb.analyse(kb.load(safe.folder))
    told = [note for note in results.harms.notes if "without an arm" in note]
    assert len(told) == 1
    assert "1 event" in told[0]
    assert "P21" not in set(results.harms.points["participant"])


def test_an_arm_without_sessions_is_said(safe):
    people = safe.folder / "people.csv"
    lines = people.read_text("utf-8").splitlines()
    cells = [line.split(",") for line in lines[1:]]
    control = [f"P{n + 1:02d}" for n in range(0, 20, 2)]
    blank = [",".join([who, "" if who in control else sessions, *rest]) for who, sessions, *rest in cells]
    people.write_text("\n".join([lines[0], *blank]) + "\n", "utf-8")
    adherence = kb.analyse(kb.load(safe.folder)).adherence
    assert set(adherence.frame["arm"]) == {"Training"}
    assert "Nobody in Control has sessions, so nothing is said of it." in adherence.notes
