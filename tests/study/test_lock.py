"""Locking a plan: what is frozen, what counts as a difference, and each message."""

from __future__ import annotations

import datetime
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

import kbstudy as kb
from kbstudy.errors import OutputError, PlanError
from kbstudy.study.frozen import differences, freeze, toml_value
from kbstudy.study.plan_file import read_plan

DAY = "2026-01-15"
COVARIATE = """
[[covariate]]
name = "{name}"
column = "{name}"
kind = "number"
"""


@pytest.fixture
def unseen(small):
    """The small study before it has data."""
    (small.folder / "data.csv").rename(small.folder.parent / "data.csv")
    return small


def arrived(study):
    """Its data."""
    (study.folder.parent / "data.csv").rename(study.folder / "data.csv")
    return study


def deviations(study):
    return [(item.what, item.locked, item.now, item.kind) for item in kb.load(study.folder).locked.deviations]


# ---- writing -----------------------------------------------------------------------------------------------------


def test_a_plan_is_locked_before_there_are_data(unseen):
    made = kb.lock(unseen.folder, date=DAY)
    assert (made.date, made.data, made.data_of) == (datetime.date(2026, 1, 15), "before data", ())
    assert str(made) == (
        "Plan locked on 2026-01-15, when no data file was in the study's folder: 1 outcome, 1 analysis and 1 claim. "
        f"SHA-256 {made.sha256}"
    )
    text = (unseen.folder / "study.lock").read_text("utf-8")
    assert '[lock.plan."analysis.pain_post"]' in text
    assert "date = 2026-01-15" in text
    assert not re.search(r"\b20\d\d-", text.replace("2026-01-15", ""))
    assert sorted(path.name for path in unseen.folder.iterdir()) == ["study.lock", "study.toml"]


def test_a_plan_locked_before_data_says_so_when_they_are_there(unseen):
    made = kb.lock(unseen.folder, date=DAY)
    study = kb.load(arrived(unseen).folder)
    assert study.locked.lock == made
    assert study.locked.same_data is None
    said = "The plan was locked on 2026-01-15, when no data file was in the study's folder; nothing differs from it."
    assert study.locked.sentence() == said
    assert said in str(study)
    assert "study.lock" in study.inputs


def test_a_lock_made_with_data_holds_their_hash_and_notices_others(small):
    made = kb.lock(small.folder, date=DAY)
    assert re.fullmatch("[0-9a-f]{64}", made.data)
    assert made.data_of == ("data.csv",)
    assert kb.load(small.folder).locked.same_data is True
    assert "after data existed" in kb.load(small.folder).locked.sentence()
    small.cell(3, 3, "5")
    assert kb.load(small.folder).locked.same_data is False


def test_a_renamed_file_is_not_other_data(small):
    kb.lock(small.folder, date=DAY)
    (small.folder / "data.csv").rename(small.folder / "export.csv")
    small.toml('file = "data.csv"', 'file = "export.csv"')
    assert kb.load(small.folder).locked.same_data is True
    assert deviations(small) == []


def test_a_redcap_dictionary_is_not_data(demo):
    for path in [path for path in demo.rglob("*") if path.is_file()]:
        if path.name not in ("study.toml", "redcap_dictionary.csv"):
            path.unlink()
    assert kb.lock(demo, date=DAY).before_data


def test_recordings_are_data_and_their_names_are_not_in_the_lock(demo):
    for path in demo.glob("*.csv"):
        path.unlink()
    made = kb.lock(demo, date=DAY)
    assert made.data_of == ("gas/{record_id}_{visit}.*",)
    assert not re.search(r"P0\d\d", (demo / "study.lock").read_text("utf-8"))


def test_without_a_date_it_is_today(unseen):
    assert kb.lock(unseen.folder).date == datetime.date.today()


def test_the_same_plan_gives_the_same_bytes_in_any_order(small):
    kb.lock(small.folder, date=DAY)
    first = (small.folder / "study.lock").read_bytes()
    (small.folder / "study.lock").unlink()
    toml = (small.folder / "study.toml").read_text("utf-8")
    head, outcome, analysis, claim = re.split(r"(?=\[\[outcome\]\]|\[\[analysis\]\]|\[\[claim\]\])", toml)
    (small.folder / "study.toml").write_text(f"# another order\n{claim}\n{analysis}\n{outcome}\n{head}", "utf-8")
    kb.lock(small.folder, date=DAY)
    assert (small.folder / "study.lock").read_bytes() == first


def test_a_loaded_study_and_the_path_of_its_file_can_be_locked_too(small):
    by_study = kb.lock(kb.load(small.folder), date=DAY)
    (small.folder / "study.lock").unlink()
    assert kb.lock(small.folder / "study.toml", date=DAY) == by_study


def test_a_locked_plan_is_not_locked_again_by_accident(small):
    kb.lock(small.folder, date=DAY)
    before = (small.folder / "study.lock").read_bytes()
    with pytest.raises(PlanError, match=r"(?s)study.lock: the plan was locked already, on 2026-01-15.*--again"):
        kb.lock(small.folder)
    assert (small.folder / "study.lock").read_bytes() == before


def test_locked_again_the_earlier_lock_stays(small):
    first = kb.lock(small.folder, date=DAY)
    small.toml("at_most = 0", "at_most = -1")
    second = kb.lock(small.folder, again=True, date="2026-02-01")
    locked = kb.load(small.folder).locked
    assert locked.locks == (first, second)
    assert second.previous == first.sha256
    assert [[item.what for item in changes] for changes in locked.amendments] == [["claim.pain.true_if.at_most"]]


def test_an_amendment_before_data_is_the_plan(unseen):
    kb.lock(unseen.folder, date=DAY)
    unseen.toml("at_most = 0", "at_most = -1")
    second = kb.lock(unseen.folder, again=True, date="2026-02-01")
    locked = kb.load(arrived(unseen).folder).locked
    assert locked.lock == second
    assert locked.deviations == ()
    assert "and amended" not in locked.sentence()


def test_an_amendment_after_data_makes_nothing_prespecified(unseen):
    first = kb.lock(unseen.folder, date=DAY)
    arrived(unseen).toml("at_most = 0", "at_most = -1")
    kb.lock(unseen.folder, again=True, date="2026-02-01")
    study = kb.load(unseen.folder)
    assert study.locked.lock == first
    [found] = study.locked.deviations
    assert (found.what, found.amended) == ("claim.pain.true_if.at_most", "2026-02-01")
    assert study.locked.sentence() == (
        "The plan was locked on 2026-01-15, when no data file was in the study's folder, and amended on 2026-02-01; "
        "1 difference from it, without a given reason."
    )
    assert kb.analyse(study).prespecified("claim", "pain") is False


def test_the_day_of_an_amendment_is_the_first_that_still_holds(unseen):
    kb.lock(unseen.folder, date=DAY)
    arrived(unseen).toml("at_most = 0", "at_most = -1").toml("primary = true", "level = 0.97")
    kb.lock(unseen.folder, again=True, date="2026-02-01")
    unseen.toml("level = 0.97", "level = 0.99").add(
        '\n[[analysis]]\nname = "change"\noutcome = "pain"\nmethod = "paired"\narm = "Training"\n'
        'estimand = { visit = "Post" }\n'
    )
    kb.lock(unseen.folder, again=True, date="2026-03-01")
    unseen.toml('arm = "Training"\n', 'arm = "Control"\n')
    days = {item.what: item.amended for item in kb.load(unseen.folder).locked.deviations}
    assert days == {
        "analysis.change": "",
        "analysis.pain_post.level": "2026-03-01",
        "analysis.pain_post.primary": "2026-02-01",
        "claim.pain.true_if.at_most": "2026-02-01",
    }


def test_nothing_to_lock_again(small):
    kb.lock(small.folder, date=DAY)
    small.toml('title = "A small trial"', 'title = "A small trial of training"')
    with pytest.raises(PlanError, match="study.lock: the plan is as it was locked on 2026-01-15"):
        kb.lock(small.folder, again=True)


def test_again_without_a_first_time(small):
    with pytest.raises(PlanError, match=r"there is no study.lock in .*small, so nothing was locked before"):
        kb.lock(small.folder, again=True)


def test_a_study_without_analyses_and_claims_has_nothing_to_lock(small):
    text = (small.folder / "study.toml").read_text("utf-8")
    (small.folder / "study.toml").write_text(text[: text.index("[[analysis]]")], "utf-8")
    message = r"there is no \[\[analysis\]\] and no \[\[claim\]\], so there is nothing to lock"
    with pytest.raises(PlanError, match=message):
        kb.lock(small.folder)


def test_a_plan_with_mistakes_is_not_locked(small):
    small.toml('method = "ancova"', 'method = "ancowa"')
    with pytest.raises(PlanError, match='did you mean "ancova"'):
        kb.lock(small.folder)
    assert not (small.folder / "study.lock").exists()


@pytest.mark.parametrize(
    ("date", "message"),
    [
        ("15.1.2026", '"15.1.2026" is not a date'),
        ("2026-13-01", '"2026-13-01" is not a date'),
        ("2999-01-01", "2999-01-01 is in the future"),
    ],
)
def test_a_date_that_cannot_be(small, date, message):
    with pytest.raises(PlanError, match=re.escape(message)):
        kb.lock(small.folder, date=date)


def test_a_date_before_the_last_lock(small):
    kb.lock(small.folder, date=DAY)
    small.toml("at_most = 0", "at_most = -1")
    with pytest.raises(PlanError, match="2026-01-14 is before the last lock, of 2026-01-15"):
        kb.lock(small.folder, again=True, date="2026-01-14")


def test_a_lock_that_cannot_be_written(small, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("kbstudy.study.locking.replace_file", full)
    with pytest.raises(OutputError, match="study.lock: cannot be written: no space left on device"):
        kb.lock(small.folder, date=DAY)


def test_an_interrupted_write_leaves_the_old_lock(small, monkeypatch):
    kb.lock(small.folder, date=DAY)
    before = (small.folder / "study.lock").read_bytes()
    small.toml("at_most = 0", "at_most = -1")

    def stop(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("kbstudy.atomic.os.fsync", stop)
    with pytest.raises(KeyboardInterrupt):
        kb.lock(small.folder, again=True)
    assert (small.folder / "study.lock").read_bytes() == before
    assert sorted(path.name for path in small.folder.iterdir()) == ["data.csv", "study.lock", "study.toml"]


# ---- a changed lock ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"true_if.at_most" = 0.0', '"true_if.at_most" = 1.0', "the lock of 2026-01-15 was changed"),
        ("date = 2026-01-15", "date = 2025-01-15", "the lock of 2025-01-15 was changed"),
        ('data_of = ["data.csv"]', "data_of = []", "the lock of 2026-01-15 was changed"),
        ('sha256 = "', 'sha256 = "0', "the lock of 2026-01-15 was changed"),
        ("kbstudy = ", "kbstuddy = ", "lock 1 was changed"),
        ("date = 2026-01-15", "date = 15", "lock 1 was changed"),
        ("[[lock]]", "[[lck]]", "is not a lock file, or was changed"),
        ("format = 1", "format = 2", "was written by a newer version of kbstudy"),
        ("format = 1", "format = ", "is damaged: Invalid value"),
    ],
)
def test_a_changed_lock_is_an_error(small, old, new, message):
    kb.lock(small.folder, date=DAY)
    path = small.folder / "study.lock"
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")
    with pytest.raises(PlanError, match=f"study.lock: {message}"):
        kb.load(small.folder)


def test_a_comment_in_the_lock_is_no_change(small):
    kb.lock(small.folder, date=DAY)
    path = small.folder / "study.lock"
    path.write_text(path.read_text("utf-8").replace("format = 1", "format = 1  # filed\n"), "utf-8")
    assert kb.load(small.folder).locked.deviations == ()


def test_a_lock_taken_out_of_the_history_is_an_error(small):
    kb.lock(small.folder, date=DAY)
    small.toml("at_most = 0", "at_most = -1")
    kb.lock(small.folder, again=True, date="2026-02-01")
    path = small.folder / "study.lock"
    head, _, second = path.read_text("utf-8").split("[[lock]]")
    path.write_text(f"{head}[[lock]]{second}", "utf-8")
    with pytest.raises(PlanError, match="a lock before that of 2026-02-01 is missing"):
        kb.load(small.folder)


def test_a_lock_that_is_not_text(small):
    (small.folder / "study.lock").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(PlanError, match="study.lock: is damaged"):
        kb.load(small.folder)


# ---- differences -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("at_most = 0", "at_most = -1", ("claim.pain.true_if.at_most", "0", "-1", "changed")),
        ("at_most = 0", "at_least = 0", ("claim.pain.true_if.at_least", "", "0", "added")),
        ('method = "ancova"', 'method = "ancova"\nrobust = "HC3"', ("analysis.pain_post.robust", "", "HC3", "added")),
        ('column = "pain"', 'column = "worst"', ("outcome.pain.column", "pain", "worst", "changed")),
        ('"Training alleviates pain"', '"Training heals"',
         ("claim.pain.says", "Training alleviates pain", "Training heals", "changed")),
        ('allocation = "randomised"', 'allocation = "assigned"',
         ("design.allocation", "randomised", "assigned", "changed")),
        ("primary = true", "primary = false", ("analysis.pain_post.primary", "true", "false", "changed")),
        ("primary = true", "level = 0.99\nprimary = true", ("analysis.pain_post.level", "0.95", "0.99", "changed")),
    ],
)  # fmt: skip
def test_a_difference_is_listed(small, old, new, expected):
    plan = read_plan(small.folder / "study.toml")
    small.toml(old, new)
    later = read_plan(small.folder / "study.toml")
    found = differences(freeze(plan), freeze(later), freeze(later, only_declared=True))
    assert expected in [(item.what, item.locked, item.now, item.kind) for item in found]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('title = "A small trial"', 'title = "Another title"'),
        ('name = "pain"\n', 'name = "pain"\nlabel = "Low-back pain"\n'),
        ('name = "pain"\n', 'name = "pain"\ndecimals = 3\n'),
        ('method = "ancova"', 'method = "ancova"\ntitle = "Pain after training"'),
        ("true_if = { at_most = 0 }", "true_if = { at_most = 0.0 }  # a comment"),
        ("true_if = { at_most = 0 }", 'true_if = { at_most = 0 }\nexplanation = "Words."'),
        ('says = "Training alleviates pain"', 'says = """Training\n   alleviates pain"""'),
        ("primary = true", "primary = true\nlevel = 0.95"),
        ('levels = ["Control", "Training"], reference', 'levels = ["Training", "Control"], reference'),
    ],
)
def test_words_order_and_written_out_defaults_are_no_difference(small, old, new):
    kb.lock(small.folder, date=DAY)
    small.toml(old, new)
    assert deviations(small) == []


def test_the_order_of_visits_is_a_difference(small):
    kb.lock(small.folder, date=DAY)
    small.toml('levels = ["Pre", "Post"]', 'levels = ["Pre", "Mid", "Post"]')
    assert ("design.visit.levels", "Pre, Post", "Pre, Mid, Post", "changed") in deviations(small)


def test_an_analysis_that_came_is_one_line(small):
    kb.lock(small.folder, date=DAY)
    small.add(
        '\n[[analysis]]\nname = "change"\noutcome = "pain"\nmethod = "paired"\narm = "Training"\n'
        'estimand = { visit = "Post" }\n'
    )
    summary = "arm = Training; estimand.visit = Post; method = paired; outcome = pain"
    assert deviations(small) == [("analysis.change", "", summary, "added")]


def test_an_analysis_that_went_is_one_line(small):
    kb.lock(small.folder, date=DAY)
    text = (small.folder / "study.toml").read_text("utf-8")
    (small.folder / "study.toml").write_text(text[: text.index("[[claim]]")], "utf-8")
    [(what, locked, now, kind)] = deviations(small)
    assert (what, now, kind) == ("claim.pain", "", "removed")
    assert "says = Training alleviates pain; true_if.at_most = 0" in locked


def test_the_set_of_covariates_is_compared_and_not_their_order(small):
    for name in ("age", "mass"):
        small.add(COVARIATE.format(name=name))
    small.toml('method = "ancova"', 'method = "ancova"\ncovariates = ["age", "mass"]')
    plan = freeze(read_plan(small.folder / "study.toml"))
    small.toml('["age", "mass"]', '["mass", "age"]')
    assert differences(plan, freeze(read_plan(small.folder / "study.toml"))) == ()
    small.toml('["mass", "age"]', '["mass"]')
    [found] = differences(plan, freeze(read_plan(small.folder / "study.toml")))
    assert (found.what, found.locked, found.now) == ("analysis.pain_post.covariates", "age, mass", "mass")


def test_a_key_that_is_younger_than_the_lock_is_no_difference_at_its_default(small):
    plan = read_plan(small.folder / "study.toml")
    older = freeze(plan)
    del older["analysis.pain_post"]["adjust"]
    assert differences(older, freeze(plan), freeze(plan, only_declared=True)) == ()


def test_the_energy_rule_of_recordings_is_part_of_the_plan(demo):
    kb.lock(demo, date=DAY)
    path = demo / "study.toml"
    path.write_text(path.read_text("utf-8").replace('equation = "weir_1949"', 'equation = "lusk_1928"', 1), "utf-8")
    study = kb.load(demo)
    [found] = study.locked.deviations
    assert found.what == 'source "gas/{record_id}_{visit}.*".energy.equation'
    from kbstudy.analysis.planned import prespecified

    assert prespecified(study, "analysis", "session_energy") is False
    assert prespecified(study, "claim", "energy") is False
    assert prespecified(study, "analysis", "pain_week8") is True


value = st.recursive(
    st.text(st.characters(exclude_categories=["Cs"])) | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(),
    lambda part: st.lists(part, max_size=4),
    max_leaves=8,
)


@given(value)
def test_a_value_written_as_toml_is_read_as_itself(value):
    import tomllib

    again = tomllib.loads(f"x = {toml_value(value)}")["x"]
    assert toml_value(again) == toml_value(value)


# ---- reasons -----------------------------------------------------------------------------------------------------


def test_a_reason_is_given_and_one_is_missing(small):
    kb.lock(small.folder, date=DAY)
    small.toml("at_most = 0", "at_most = -1").toml('method = "ancova"', 'method = "ancova"\nrobust = "HC3"')
    small.add('\n[[deviation]]\nwhat = "claim.pain.true_if.at_most"\nwhy = "The first plan had a slip of the pen"\n')
    locked = kb.load(small.folder).locked
    reasons = {item.what: item.why for item in locked.deviations}
    assert reasons == {
        "claim.pain.true_if.at_most": "The first plan had a slip of the pen",
        "analysis.pain_post.robust": "",
    }
    assert locked.sentence().endswith("; 2 differences from it, 1 without a given reason.")


def test_a_reason_for_a_whole_item_and_a_closer_one(small):
    kb.lock(small.folder, date=DAY)
    small.toml('method = "ancova"', 'method = "ancova"\nrobust = "HC3"\nlevel = 0.99')
    small.add('\n[[deviation]]\nwhat = "analysis.pain_post"\nwhy = "the editor asked"\n')
    small.add('\n[[deviation]]\nwhat = "analysis.pain_post.level"\nwhy = "three looks"\n')
    reasons = {item.key: item.why for item in kb.load(small.folder).locked.deviations}
    assert reasons == {"level": "three looks", "robust": "the editor asked"}


def test_a_reason_stays_valid_for_an_amendment(small):
    kb.lock(small.folder, date=DAY)
    small.toml("at_most = 0", "at_most = -1")
    small.add('\n[[deviation]]\nwhat = "claim.pain"\nwhy = "a slip of the pen"\n')
    kb.lock(small.folder, again=True, date="2026-02-01")
    [[change]] = kb.load(small.folder).locked.amendments
    assert change.why == "a slip of the pen"


def test_a_reason_for_nothing_is_an_error(small):
    kb.lock(small.folder, date=DAY)
    small.toml("at_most = 0", "at_most = -1")
    small.add('\n[[deviation]]\nwhat = "claim.pain.true_if.at_mots"\nwhy = "x"\n')
    message = r'nothing of this name differs from the locked plan; did you mean "claim.pain.true_if.at_most"\?'
    with pytest.raises(PlanError, match=message) as caught:
        kb.load(small.folder)
    assert caught.value.problems[0].line is not None


def test_a_reason_without_a_lock_is_an_error(small):
    small.add('\n[[deviation]]\nwhat = "claim.pain"\nwhy = "x"\n')
    with pytest.raises(PlanError, match=r"there is no study.lock, so there is nothing to deviate from"):
        kb.load(small.folder)


def test_two_reasons_for_one_thing_are_an_error(small):
    kb.lock(small.folder, date=DAY)
    small.toml("at_most = 0", "at_most = -1")
    small.add('\n[[deviation]]\nwhat = "claim.pain"\nwhy = "x"\n' * 2)
    with pytest.raises(PlanError, match='"claim.pain" is explained twice'):
        kb.load(small.folder)


def test_a_deviation_needs_what_and_why(small):
    small.add("\n[[deviation]]\nwhat = 'claim.pain'\n")
    with pytest.raises(PlanError, match='"why" is missing'):
        kb.load(small.folder)


CHAIN = """
[[claim]]
id = "chain"
says = "Training heals because it strengthens"
plainly = { supported = "Yes." }

[[claim.link]]
id = "a"
says = "Training strengthens"
analysis = "pain_post"
true_if = { at_most = 0 }
explanation = "Words."

[[claim.link]]
id = "b"
says = "Strength heals"
true_if = { at_most = -1 }

[claim.settle]
design = "a trial"
population = "adults"
outcome = "pain"
"""


def test_the_links_of_a_chain_are_frozen_one_by_one(small):
    small.add(CHAIN)
    plan = read_plan(small.folder / "study.toml")
    frozen = freeze(plan)["claim.chain"]
    assert {"link.a.analysis", "link.a.says", "link.a.true_if.at_most", "link.b.true_if.at_most"} <= set(frozen)
    assert not [key for key in frozen if key.startswith(("settle", "plainly")) or "explanation" in key or ".id" in key]
    small.toml("at_most = -1", "at_most = -2")
    later = read_plan(small.folder / "study.toml")
    [found] = differences(freeze(plan), freeze(later), freeze(later, only_declared=True))
    assert (found.what, found.locked, found.now) == ("claim.chain.link.b.true_if.at_most", "-1", "-2")


def test_a_chain_rests_on_the_analyses_of_its_links(small):
    from kbstudy.analysis.planned import prespecified

    small.add(CHAIN)
    kb.lock(small.folder, date=DAY)
    study = kb.load(small.folder)
    assert [prespecified(study, "claim", name) for name in ("chain", "chain-a", "chain-b")] == [True, True, True]
    small.toml('method = "ancova"', 'method = "ancova"\nrobust = "HC3"')
    study = kb.load(small.folder)
    assert [prespecified(study, "claim", name) for name in ("chain", "chain-a", "chain-b")] == [False, False, True]
