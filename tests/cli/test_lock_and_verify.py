"""The commands lock and verify: what they say, and their exit status."""

from __future__ import annotations

from pathlib import Path


def test_lock_says_what_and_where(small, kbstudy_command):
    outcome = kbstudy_command("lock", small.folder, "--date", "2026-01-15")
    assert (outcome.status, outcome.err) == (0, "")
    assert "Plan locked on 2026-01-15, after data existed: 1 outcome, 1 analysis and 1 claim. SHA-256 " in outcome.out
    assert "study.lock is written: keep it with study.toml." in outcome.out
    assert "put this hash where others see its date" in outcome.out
    checked = kbstudy_command("check", small.folder)
    assert "nothing differs from it" in checked.out


def test_lock_of_the_file_of_a_plan(small, kbstudy_command):
    outcome = kbstudy_command("lock", small.folder / "study.toml")
    assert outcome.status == 0
    assert f"{(small.folder / 'study.lock').as_posix()} is written" in outcome.out


def test_lock_twice_needs_again(small, kbstudy_command):
    assert kbstudy_command("lock", small.folder, "--date", "2026-01-15").status == 0
    outcome = kbstudy_command("lock", small.folder)
    assert outcome.status == 1
    assert "the plan was locked already, on 2026-01-15" in outcome.err
    small.toml("at_most = 0", "at_most = -1")
    assert kbstudy_command("lock", small.folder, "--again").status == 0
    assert (small.folder / "study.lock").read_text("utf-8").count("[[lock]]") == 2


def test_check_says_what_differs(small, kbstudy_command):
    kbstudy_command("lock", small.folder, "--date", "2026-01-15")
    small.toml("at_most = 0", "at_most = -1")
    outcome = kbstudy_command("check", small.folder)
    assert outcome.status == 0
    assert "1 difference from it, without a given reason." in outcome.out
    assert "claim.pain.true_if.at_most" in outcome.out
    assert "not given" in outcome.out


def test_verify_of_the_same_is_status_0(small, kbstudy_command):
    kbstudy_command("report", small.folder, "--to", "html")
    before = {path: path.read_bytes() for path in Path.cwd().rglob("*") if path.is_file()}
    outcome = kbstudy_command("verify", "reports/small", "--study", small.folder)
    assert (outcome.status, outcome.err) == (0, "")
    assert "the same bytes." in outcome.out
    assert {path: path.read_bytes() for path in Path.cwd().rglob("*") if path.is_file()} == before


def test_verify_of_something_else_is_status_1(small, kbstudy_command):
    kbstudy_command("report", small.folder, "--to", "html")
    small.cell(3, 3, "9")
    outcome = kbstudy_command("verify", "reports/small", "--study", small.folder)
    assert outcome.status == 1
    assert "Input changed: data.csv: was " in outcome.out
    assert "First number in results.json that changed: verdicts[0].evidence.estimate" in outcome.out


def test_verify_of_nothing_is_a_message(kbstudy_command):
    outcome = kbstudy_command("verify", "reports/nothing")
    assert outcome.status == 1
    assert "reports/nothing is not a report: it has no provenance.json" in outcome.err


def test_help_names_them(kbstudy_command):
    outcome = kbstudy_command("--help")
    assert "lock" in outcome.out
    assert "verify" in outcome.out


def test_the_launcher_locks_a_plan_when_a_folder_is_named(monkeypatch):
    """Without a folder it writes the project's own lock files, which is another thing."""
    import importlib.util

    from tests.conftest import ROOT

    spec = importlib.util.spec_from_file_location("launcher", ROOT / "run.py")
    launcher = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(launcher)
    ran = []
    monkeypatch.setattr(launcher, "set_up", lambda _: None)
    monkeypatch.setattr(launcher, "run", lambda *command, **_: ran.append([str(part) for part in command]) or 0)
    monkeypatch.setattr(launcher, "write_locks", lambda: ran.append(["write_locks"]) or 0)
    monkeypatch.setattr(launcher.os, "chdir", lambda _: None)
    launcher.main(["lock", "mytrial"])
    launcher.main(["lock"])
    assert ran[0][1:] == ["-m", "kbstudy", "lock", "mytrial"]
    assert ran[1] == ["write_locks"]
