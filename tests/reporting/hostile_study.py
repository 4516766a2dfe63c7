"""A trial in which every text that a file or study.toml may hold is hostile."""

from __future__ import annotations

import csv
import json
from pathlib import Path

#: People who have no second value, so that the report names them.
GONE = (
    "<script>alert(1)</script>",
    "A & \"B\" 'C'",
    "=cmd|' /C calc'!A0",
    "+1",
    "-1",
    "@x",
    r"\textbf{x} $y$ #z_1 ^~% {}",
    '#import "x" *b* _e_ @ref <lab> `raw`',
    "שלום مرحبا",
    "]]> --> ${ink} {{x}}",
)
ARMS = ("=HYPERLINK(1) & <b>usual</b> שגרה", "🏋 Kettlebell_100% \\input{x}")
LONG = "L" * 10_000
LABEL = f"Pain <i>{LONG}</i>"
SAYS = '@SUM(1+1) "Training" & <img src=x onerror=alert(1)> removes 100% of pain_1 \\undefined'

_TOML = """\
[study]
id = "hostile"
title = {title}
summary = {summary}

[design]
participant = "id"
allocation = "randomised"
arm = {{ column = "group", levels = [{arms}], reference = {control} }}
visit = {{ column = "visit", levels = ["Pre", "Post"], baseline = "Pre" }}

[[source]]
file = "data.csv"

[[covariate]]
name = "sex"
column = "sex"
label = {sex}
kind = "category"
levels = ["=1+1", "<u>f</u>"]

[[outcome]]
name = "pain"
label = {label}
column = "pain"
measure = "nrs_0_10"

[[analysis]]
name = "baseline"
outcome = "pain"
method = "ancova"
estimand = {{ contrast = {contrast}, visit = "Post" }}
primary = true

[[claim]]
id = "pain"
says = {says}
analysis = "baseline"
true_if = {{ at_most = 0 }}
"""


def write_hostile_study(folder: Path) -> Path:
    """Write the trial; thirty people, ten of whom left."""
    folder.mkdir()
    with (folder / "data.csv").open("w", encoding="utf-8", newline="") as stream:
        write = csv.writer(stream).writerow
        write(["id", "group", "sex", "visit", "pain"])
        for number in range(30):
            person = GONE[number] if number < len(GONE) else f"P{number:02d}"
            arm, sex = ARMS[number % 2], ("=1+1", "<u>f</u>")[number // 2 % 2]
            pre = 4 + (number * 7 % 10) / 4
            write([person, arm, sex, "Pre", f"{pre:.2f}"])
            if number >= len(GONE):
                write([person, arm, sex, "Post", f"{pre - 1.6 * (number % 2) + (number * 3 % 7) / 5:.2f}"])
    texts = {
        "title": "Title <h1>&amp;</h1> \\maketitle #set 100%",
        "summary": "=2+2 <style>*{display:none}</style> 漢字 \N{RIGHT-TO-LEFT OVERRIDE}override",
        "control": ARMS[0],
        "contrast": f"{ARMS[1]} - {ARMS[0]}",
        "label": LABEL,
        "sex": "Sex | \\sex",
        "says": SAYS,
    }
    quoted = {name: json.dumps(text, ensure_ascii=False) for name, text in texts.items()}
    arms = ", ".join(json.dumps(arm, ensure_ascii=False) for arm in ARMS)
    (folder / "study.toml").write_text(_TOML.format(arms=arms, **quoted), "utf-8")
    return folder
