"""A locked plan in results and report: when, every difference, and prespecified or post hoc on each result."""

from __future__ import annotations

import json
import re

import pytest

import kbstudy as kb
from kbstudy.reporting import build
from kbstudy.reporting.exports import figures_of
from kbstudy.reporting.tree import Card, Figure, Table
from tests.test_reports import words_of_docx, words_of_html, words_of_pdf

SECOND = """
[[analysis]]
name = "pain_responders"
outcome = "pain"
method = "responders"
at_most = 3
missing = "non_responder"
estimand = { contrast = "Training - Control", visit = "Post" }
"""


@pytest.fixture
def changed(small):
    """A study locked before its data, whose primary analysis was changed afterwards."""
    small.add(SECOND)
    data = (small.folder / "data.csv").rename(small.folder.parent / "data.csv")
    kb.lock(small.folder, date="2026-01-15")
    data.rename(small.folder / "data.csv")
    small.toml('method = "ancova"', 'method = "ancova"\nrobust = "HC3"')
    return small


def tables(report):
    return {block.name: block for block in report.blocks if isinstance(block, Table)}


def cells(table):
    return [[cell.text for cell in row.cells] for row in table.rows]


def test_one_changed_analysis_shows_in_all_three_formats(changed, tmp_path):
    folder = kb.report(kb.analyse(kb.load(changed.folder)), folder=tmp_path / "report")
    pages = {"html": words_of_html(folder), "docx": words_of_docx(folder), "pdf": words_of_pdf(folder)}
    lock = kb.load(changed.folder).locked.lock
    for name, page in pages.items():
        words = " ".join(page.split())
        assert "Plan and deviations" in words, name
        assert "locked on 2026-01-15, when no data file was in the study's folder; 1 difference" in words, name
        assert "HC3" in words, name
        assert "No reason is given." in words or name == "pdf", name
        assert "(post hoc)" in words, name
        assert "(prespecified)" in words, name
        assert lock.sha256 in words.replace(" ", "") or name == "pdf", name
        assert "analysis.pain_post.robust" in words.replace(" ", ""), name


def test_the_deviation_and_what_it_makes_post_hoc(changed):
    results = kb.analyse(kb.load(changed.folder))
    found = tables(build(results))
    assert cells(found["deviations"]) == [["analysis.pain_post.robust", "–", "HC3", "added", "No reason is given."]]
    assert [(row[0], row[2]) for row in cells(found["planned"])] == [
        ("Analysis", "post hoc"),
        ("Analysis", "prespecified"),
        ("Claim", "post hoc"),
    ]
    assert found["pain_post"].caption.endswith("(post hoc).")
    assert found["pain_responders"].caption.startswith(f"{results.estimates['pain_responders'].title}")
    assert cells(found["verdicts"])[0][0] == "pain: “Training alleviates pain” (post hoc)"


def test_every_row_is_stamped(changed):
    results = kb.analyse(kb.load(changed.folder))
    assert not results.estimates["pain_post"].frame["prespecified"].any()
    assert results.estimates["pain_post"].frame["prespecified"].notna().all()
    assert results.estimates["pain_responders"].row()["prespecified"]
    assert set(results.estimates["pain_post"].table()["Plan"]) == {"post hoc"}


def test_every_figure_of_a_result_says_post_hoc(changed):
    report = build(kb.analyse(kb.load(changed.folder)))
    figures = {figure.name: figure for figure in figures_of(report.blocks)}
    for name in ("estimation-pain_post", "claim-pain"):
        assert "(post hoc)" in figures[name].caption
        assert "(post hoc)" in figures[name].alt or name.startswith("claim")
    assert "hoc" not in figures["flow"].caption
    [card] = [block for block in report.blocks if isinstance(block, Card) and "Training alleviates" in block.title]
    assert card.title.endswith("(post hoc)")


def test_a_plan_that_was_kept_is_prespecified_everywhere(small):
    kb.lock(small.folder, date="2026-01-15")
    report = build(kb.analyse(kb.load(small.folder)))
    assert "deviations" not in tables(report)
    assert {row[2] for row in cells(tables(report)["planned"])} == {"prespecified"}
    captions = [block.caption for block in report.blocks if isinstance(block, Figure)]
    assert not any("post hoc" in caption for caption in captions)
    assert any("(prespecified)" in caption for caption in captions)


def test_without_a_lock_nothing_is_stamped(small):
    results = kb.analyse(kb.load(small.folder))
    assert results.prespecified("claim", "pain") is None
    assert results.estimates["pain_post"].frame["prespecified"].isna().all()
    assert "Plan" not in results.estimates["pain_post"].table()
    report = build(results)
    assert "planned" not in tables(report)
    said = [entry.plain for block in report.blocks if hasattr(block, "entries") for entry in block.entries]
    assert any("it was not locked before the data were seen" in text for text in said)
    assert json.loads(results.to_json())["plan"] is None


def test_a_smallest_important_difference_is_about_the_claim(small):
    small.toml('measure = "nrs_0_10"', 'measure = "nrs_0_10"\nsmallest_important = 2')
    kb.lock(small.folder, date="2026-01-15")
    small.toml("smallest_important = 2", "smallest_important = 1")
    results = kb.analyse(kb.load(small.folder))
    assert results.prespecified("analysis", "pain_post") is True
    assert results.prespecified("claim", "pain") is False


def test_codes_of_a_file_are_listed_and_make_nothing_post_hoc(small):
    kb.lock(small.folder, date="2026-01-15")
    small.toml('reference = "Control" }', 'reference = "Control", codes = { C = "Control" } }')
    results = kb.analyse(kb.load(small.folder))
    assert results.prespecified("analysis", "pain_post") is True
    [[what, *_, why]] = cells(tables(build(results))["deviations"])
    assert what == "design.arm.codes.C"
    assert why == ("No reason is given. It is about how the files are read, and makes no analysis another one.")


def test_a_family_rests_on_its_analyses(changed):
    small = changed
    small.toml('robust = "HC3"', "")
    (small.folder / "study.lock").unlink()
    small.add(
        '\n[[analysis]]\nname = "pain_hc3"\noutcome = "pain"\nmethod = "ancova"\nrobust = "HC3"\n'
        'estimand = { contrast = "Training - Control", visit = "Post" }\n'
        '\n[[family]]\nname = "both"\nanalyses = ["pain_post", "pain_hc3"]\nmethod = "holm"\n'
    )
    kb.lock(small.folder, date="2026-02-01")
    results = kb.analyse(kb.load(small.folder))
    assert results.prespecified("family", "both") is True
    small.toml('robust = "HC3"', "level = 0.9")
    results = kb.analyse(kb.load(small.folder))
    assert results.prespecified("analysis", "pain_post") is True
    assert results.prespecified("family", "both") is False
    assert "Family “both” (post hoc)" in tables(build(results))["family-both"].caption


def test_an_amended_plan_shows_both_locks(changed):
    changed.add('\n[[deviation]]\nwhat = "analysis.pain_post.robust"\nwhy = "variances differed"\n')
    first = kb.load(changed.folder).locked.lock
    kb.lock(changed.folder, again=True, date="2026-02-01")
    results = kb.analyse(kb.load(changed.folder))
    table = tables(build(results))["amendment-1"]
    assert cells(table) == [["analysis.pain_post.robust", "–", "HC3", "added", "Variances differed."]]
    assert table.caption == (
        "The plan was locked on 2026-01-15, when no data file was in the study's folder, and again on 2026-02-01, "
        "after data existed; this was changed."
    )
    assert first.sha256 in table.notes[0]
    assert "makes nothing prespecified" in table.notes[1]
    assert results.prespecified("analysis", "pain_post") is False
    [[*_, why]] = cells(tables(build(results))["deviations"])
    assert why == "Variances differed. Amended on 2026-02-01."
    plan = json.loads(results.to_json())["plan"]
    assert [lock["date"] for lock in plan["locks"]] == ["2026-01-15", "2026-02-01"]
    assert plan["sha256"] == first.sha256
    assert plan["locks"][1]["changed"][0]["why"] == "variances differed"


def test_data_that_existed_are_the_same_or_not(small):
    kb.lock(small.folder, date="2026-01-15")
    said = "it may have been made with their knowledge; they are {} as then."
    for expected in ("the same", "not the same"):
        blocks = build(kb.analyse(kb.load(small.folder))).blocks
        text = " ".join(block.plain for block in blocks if hasattr(block, "plain"))
        assert said.format(expected) in text
        small.cell(3, 3, "5")


def test_a_locked_study_of_published_numbers(tmp_path):
    import shutil

    from tests.conftest import ROOT

    folder = shutil.copytree(ROOT / "data" / "raw" / "article-claims", tmp_path / "claims")
    made = kb.lock(folder, date="2026-01-15")
    assert made.data_of == ("published.csv",)
    path = folder / "study.toml"
    text = path.read_text("utf-8")
    path.write_text(re.sub(r"(true_if = \{ at_least = )21\.0", r"\g<1>20.0", text, count=1), "utf-8")
    results = kb.analyse(kb.load(folder))
    assert results.prespecified("claim", "C1") is False
    assert results.prespecified("claim", "C2") is True
    assert not results.published["C1"].frame["prespecified"].any()
    report = build(results)
    assert cells(tables(report)["deviations"])[0][:4] == ["claim.C1.true_if.at_least", "21", "20", "changed"]


def test_results_json_holds_the_plan(changed, tmp_path):
    folder = kb.report(kb.analyse(kb.load(changed.folder)), ["html"], tmp_path / "report")
    content = json.loads((folder / "results.json").read_text("utf-8"))
    lock = kb.load(changed.folder).locked.lock
    assert content["plan"]["sha256"] == content["provenance"]["lock"]["sha256"] == lock.sha256
    change = {"what": "analysis.pain_post.robust", "kind": "added", "locked": "", "now": "HC3"}
    assert content["plan"]["deviations"] == [{**change, "about": "the plan", "why": "", "amended": ""}]
    assert content["plan"]["prespecified"]["analysis"] == {"pain_post": False, "pain_responders": True}
    assert {row["prespecified"] for row in content["analyses"]["pain_post"]["rows"]} == {False}


def test_harms_and_adherence_are_stamped_too(demo):
    kb.lock(demo, date="2026-01-15")
    path = demo / "study.toml"
    text = path.read_text("utf-8")
    assert "threshold = 0.8" in text
    path.write_text(text.replace("threshold = 0.8", "threshold = 0.5"), "utf-8")
    results = kb.analyse(kb.load(demo))
    assert results.prespecified("harms", "harms") is True
    assert results.prespecified("adherence", "adherence") is False
    assert results.harms.frame["prespecified"].all()
    assert not results.adherence.frame["prespecified"].any()
    found = tables(build(results))
    assert found["harms"].caption.endswith("(prespecified).")
    assert found["adherence"].caption.endswith("(post hoc).")
    assert ["Adherence", "sessions attended", "post hoc"] in cells(found["planned"])
    assert json.loads(results.to_json())["plan"]["prespecified"]["adherence"] == {"adherence": False}
