"""Write the tables of docs/reference/measures.md from the forms in kbstudy/measures/instruments.

Run after a change to a form: ``.venv/bin/python tools/write_measures_page.py``. A test compares page and forms.
"""

from __future__ import annotations

import re
from pathlib import Path

from kbstudy.formatting import plain
from kbstudy.measures import Scale, Threshold, scale, scale_ids

PAGE = Path(__file__).resolve().parent.parent / "docs" / "reference" / "measures.md"


def tables() -> dict[str, str]:
    """The tables by the name of their place in the page."""
    forms = [scale(name) for name in scale_ids()]
    return {"forms": _forms(forms), "thresholds": _thresholds(forms), "cautions": _cautions(forms)}


def filled(page: str) -> str:
    """The page with its tables written anew between their markers."""
    for name, table in tables().items():
        place = re.compile(rf"(<!-- {name}: begin -->\n).*?(<!-- {name}: end -->)", re.S)
        page, times = place.subn(lambda found, table=table: f"{found[1]}\n{table}\n{found[2]}", page)
        assert times == 1, f"no place for the table {name}"
    return page


def _forms(forms: list[Scale]) -> str:
    rows = []
    for form in forms:
        span = f"{plain(form.minimum)} to {plain(form.maximum)} {form.unit}"
        doubt = "" if form.missing.verified else " **(not verified)**"
        missing = f"{form.missing.rule}{doubt}" if len(form.items) > 1 else "–"
        if form.missing.source:
            missing += f". Source: {form.missing.source}"
        rows.append(
            [f"`{form.id}`", form.name, span, form.better, form.scoring, missing, _cited(form.source, form.doi)]
        )
    return _table(["id", "Form", "Range", "Better", "Rule", "Missing items", "Source"], rows)


def _thresholds(forms: list[Scale]) -> str:
    rows = [
        [f"`{form.id}`", _size(form, entry), entry.kind, entry.population, entry.anchor or "–", _source(entry)]
        for form in forms
        for entry in form.thresholds
    ]
    return _table(["id", "Size", "Kind", "In whom", "Anchor", "Source"], rows)


def _size(form: Scale, entry: Threshold) -> str:
    unit = "% of baseline" if entry.relative else form.unit
    return f"{entry.name or entry.kind} {plain(entry.value)} {unit}"


def _source(entry: Threshold) -> str:
    return _cited(entry.source, entry.doi) + ("" if entry.verified else " **(not verified)**")


def _cited(source: str, doi: str) -> str:
    return ", ".join(part for part in (source, f"doi:{doi}" if doi else "") if part) or "–"


def _cautions(forms: list[Scale]) -> str:
    told: dict[str, list[str]] = {}
    for form in forms:
        for text in form.cautions:
            told.setdefault(text, []).append(f"`{form.id}`")
    return "\n".join(f"- {', '.join(ids)}: {text}" for text, ids in told.items()) + "\n"


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(filled(PAGE.read_text("utf-8")), "utf-8")
