"""A first ``study.toml``, drafted from the files that a study has."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from kbstudy.errors import OutputError, PlanError, Problem, did_you_mean
from kbstudy.readers import RawTable, read_redcap, read_table
from kbstudy.study.convert import MISSING_WORDS, BadCell, as_number

__all__ = ["new"]

_KINDS = ("redcap", "table")

# What such columns are usually called, likeliest first.
_PEOPLE = ("record_id", "participant", "participant_id", "id", "subject", "patient", "code", "teilnehmer", "proband")
_ARMS = ("arm", "group", "treatment", "condition", "intervention", "gruppe", "groupe", "grupo", "groep")
_VISITS = ("redcap_event_name", "visit", "time", "timepoint", "week", "session", "occasion", "visite", "zeitpunkt")


def new(folder: str | Path, kind: str = "table", files: Sequence[str | Path] = (), *, sheet: str | None = None) -> Path:
    """Make a study folder with copies of the files and a drafted ``study.toml``.

    Parameters
    ----------
    folder
        The folder to make; it must not hold a ``study.toml`` yet.
    kind
        ``"redcap"`` (an export and its data dictionary) or ``"table"`` (a spreadsheet, CSV, SPSS or Stata file).
    files
        The files; none for an empty template.
    sheet
        The sheet of a spreadsheet that has several.

    Returns
    -------
    pathlib.Path
        The new ``study.toml``. What was guessed says so in a comment; outcomes stand in it as comments, because which
        direction is better and what would matter only you can say. ``kbstudy check FOLDER`` goes on from there.

    Raises
    ------
    OutputError
        If there is a ``study.toml`` already, or the folder cannot be written.
    ReadError
        If a file cannot be read.
    """
    target, paths = Path(folder), [Path(file) for file in files]
    if kind not in _KINDS:
        raise PlanError(
            f'"{kind}" is not a kind of file here{did_you_mean(kind, _KINDS) or "."} Kinds are redcap and table.'
        )
    names = [path.name for path in paths]
    if len(set(names)) < len(names):
        do = "Rename one of them: they are copied into one folder."
        raise PlanError(Problem(f"two files have the same name: {', '.join(names)}", do=do))
    if (target / "study.toml").exists():
        do = "Edit it, or choose another folder. Nothing was changed."
        raise OutputError(Problem(f"{target} has a study.toml already", do=do))
    text = _draft(target.name, kind, paths, sheet)
    try:
        target.mkdir(parents=True, exist_ok=True)
        for path in paths:
            if (target / path.name).resolve() != path.resolve():
                shutil.copyfile(path, target / path.name)
        (target / "study.toml").write_text(text, "utf-8")
    except OSError as error:
        raise OutputError(Problem(f"{target} cannot be written: {(error.strerror or str(error)).lower()}")) from None
    return target / "study.toml"


def _draft(name: str, kind: str, paths: list[Path], sheet: str | None) -> str:
    head = _HEAD.format(id=re.sub(r"[^A-Za-z0-9_-]+", "-", name).strip("-") or "my-study")
    if not paths:
        return head + _EMPTY
    dictionary = paths[1] if kind == "redcap" and len(paths) > 1 else None
    table = read_redcap(paths[0], dictionary) if kind == "redcap" else read_table(paths[0], sheet=sheet)
    return head + "\n".join([*_design(table), *_source(kind, paths, table), *_columns(table)]) + "\n"


_HEAD = """\
# What this study declares about itself. Every key is explained in docs/reference/study-toml.md.
# After each change: kbstudy check FOLDER

[study]
id = "{id}"
title = "{id}: give it a title"
simulated = false

"""

_EMPTY = """\
[design]
participant = "id"                        # the column that says whose row it is
allocation = "randomised"                 # or "assigned", "single group"
arm = { column = "arm", levels = ["Control", "Training"], reference = "Control" }
visit = { column = "visit", levels = ["Baseline", "Week 8"], baseline = "Baseline" }

[[source]]
file = "data.csv"                         # beside this file; csv, xlsx, ods, sav, dta, parquet, or reader = "redcap"

[[outcome]]
name = "pain"
column = "pain"
measure = "nrs_0_10"                      # or say unit = "...", better = "lower" and range = [0, 10]
smallest_important = 2.0

[[analysis]]
name = "pain_week8"
outcome = "pain"
method = "ancova"                         # or "mmrm", "clda", "lmm" (several visits), "paired", "responders"
estimand = { contrast = "Training - Control", visit = "Week 8" }
primary = true

[[claim]]
id = "pain"
says = "Training alleviates pain"
analysis = "pain_week8"
true_if = { at_most = 0.0 }
"""


def _design(table: RawTable) -> Iterator[str]:
    participant = _like(table, _PEOPLE)
    yield "[design]"
    yield f"participant = {_quote(participant or next(iter(table.cells)))}    # guessed: check that it is the person"
    yield 'allocation = "not stated"         # say "randomised", "assigned" or "single group"'
    arm = _like(table, _ARMS)
    if arm:
        levels, codes = _levels(table, arm)
        yield f"# guessed from the column {_quote(arm)}: order the levels as in the protocol, check the reference"
        inside = f"column = {_quote(arm)}, levels = {_list(levels)}, reference = {_quote(levels[0])}{codes}"
        yield f"arm = {{ {inside} }}"
    visit = _like(table, _VISITS)
    if visit:
        levels, codes = _levels(table, visit)
        yield "# guessed: put the visits in order, check the baseline"
        inside = f"column = {_quote(visit)}, levels = {_list(levels)}, baseline = {_quote(levels[0])}{codes}"
        yield f"visit = {{ {inside} }}"
    else:
        yield "# no visit column was found: each visit seems to have its own columns; name the visits here"
        yield 'visit = { levels = ["Baseline", "Follow-up"], baseline = "Baseline" }'
    yield ""


def _source(kind: str, paths: list[Path], table: RawTable) -> Iterator[str]:
    for path in paths[:1] if kind == "redcap" else paths:
        yield "[[source]]"
        yield f"file = {_quote(path.name)}"
        if kind == "redcap":
            yield 'reader = "redcap"'
            yield from [f"dictionary = {_quote(paths[1].name)}"] if len(paths) > 1 else []
        yield from [f"sheet = {_quote(table.sheet)}"] if table.sheet else []
        yield from ['decimal = ","'] if _decimal(table) == "," else []
        yield '# missing = ["-9"]                 # codes that mean "no value"; an empty cell, NaN and NA always do'
        yield ""


def _columns(table: RawTable) -> Iterator[str]:
    """Columns in comments: which is an outcome, what is better and what matters is not in the file."""
    yield "# Take away the # where a column is an outcome or a characteristic of a person, and say what it is."
    mark = _decimal(table)
    taken = {_like(table, names) for names in (_PEOPLE, _ARMS, _VISITS)}
    for column in table.cells:
        if column in taken:
            continue
        values = [text for text in table.cells[column] if text not in MISSING_WORDS]
        numbers = [number for text in values if not isinstance(number := as_number(text, mark), BadCell)]
        if values and len(numbers) > 0.9 * len(values) and len(set(numbers)) > 4:
            yield from _outcome(table, column, f"{min(numbers):g} to {max(numbers):g}")
        elif values and len(set(values)) <= 6:
            yield from _category(table, column)


def _outcome(table: RawTable, column: str, found: str) -> Iterator[str]:
    yield ""
    yield f"# [[outcome]]                      # found {found}; a characteristic of a person is a [[covariate]]"
    yield from _name(table, column)
    yield '# unit = "?"                       # or measure = "nrs_0_10", "odi", "vas_0_100_mm", "handgrip_kg"'
    yield '# better = "?"                     # "lower" or "higher"'


def _category(table: RawTable, column: str) -> Iterator[str]:
    levels, codes = _levels(table, column)
    yield ""
    yield "# [[covariate]]"
    yield from _name(table, column)
    yield '# kind = "category"'
    yield f"# levels = {_list(levels)}"
    yield from [f"# {codes.removeprefix(', ')}"] if codes else []


def _name(table: RawTable, column: str) -> Iterator[str]:
    name = re.sub(r"\W+", "_", column).strip("_").lower()
    name = re.sub(r"[^a-z0-9_]", "", name)
    yield f"# name = {_quote(name if name[:1].isalpha() else f'x_{name}')}"
    label = table.labels.get(column, "")
    yield from [f"# label = {_quote(label)}"] if label else []
    yield f"# column = {_quote(column)}"


def _decimal(table: RawTable) -> str:
    """A comma if more cells are numbers with one than without."""
    texts = [text for column in table.cells for text in table.cells[column]]
    commas = sum(bool(re.fullmatch(r"-?\d+,\d+", text)) for text in texts)
    points = sum(bool(re.fullmatch(r"-?\d+\.\d+", text)) for text in texts)
    return "," if commas > points else "."


def _like(table: RawTable, names: Sequence[str]) -> str | None:
    """The first column with one of these names, whatever its case."""
    folded = {str(column).casefold(): str(column) for column in table.cells}
    return next((folded[name] for name in names if name in folded), None)


def _levels(table: RawTable, column: str) -> tuple[list[str], str]:
    """The levels found and the codes that lead to them: in the order of labels, of numbers, or of rows."""
    found = list(dict.fromkeys(text for text in table.cells[column] if text not in MISSING_WORDS))
    labels = dict(table.codes.get(column, {}))
    if labels:
        found.sort(key=lambda text: list(labels).index(text) if text in labels else len(labels))
    elif all(text.isdecimal() for text in found):
        found.sort(key=int)
    if column == "redcap_event_name":
        labels = {text: re.sub(r"_arm_\d+$", "", text).replace("_", " ").capitalize() for text in found}
    levels = [labels.get(text, text) for text in found] or ["?"]
    pairs = [f"{_quote(code)} = {_quote(level)}" for code, level in zip(found, levels, strict=False) if code != level]
    return levels, f", codes = {{ {', '.join(pairs)} }}" if pairs else ""


def _quote(text: str) -> str:
    return json.dumps(str(text), ensure_ascii=False)


def _list(values: Sequence[str]) -> str:
    return f"[{', '.join(_quote(value) for value in values)}]"
