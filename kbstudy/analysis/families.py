"""Declared families of tests: each difference beside what remains of it when there are several."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from kbstudy import formatting as fmt
from kbstudy.estimates import Estimates
from kbstudy.models.multiplicity import adjust_family
from kbstudy.study import Family, Study

__all__ = ["AdjustedFamily", "adjusted_families", "named_families"]

_WORDS = {
    "bonferroni": "Bonferroni",
    "sidak": "Šidák",
    "holm": "Holm",
    "hochberg": "Hochberg",
    "benjamini_hochberg": "Benjamini–Hochberg",
}
#: Methods that have simultaneous intervals of a simple form.
_WITH_INTERVALS = ("bonferroni", "sidak")


@dataclass(frozen=True)
class AdjustedFamily:
    """The differences of a family, unadjusted and adjusted.

    Parameters
    ----------
    name, method, level
        As declared.
    frame
        A row an analysis: ``analysis, title, contrast, visit, unit, decimals, estimate, low, high, p, p_adjusted,
        low_adjusted, high_adjusted``. The last two are NaN for methods that have no simultaneous intervals.
    """

    name: str
    method: str
    level: float
    frame: pd.DataFrame

    @property
    def method_words(self) -> str:
        """``Holm``."""
        return _WORDS[self.method]

    def sentence(self) -> str:
        """For the methods section."""
        tests = fmt.words([str(title) for title in self.frame["title"]])
        what = "the false discovery rate" if self.method == "benjamini_hochberg" else "the chance of any false positive"
        return (
            f"The family “{self.name}” holds {len(self.frame)} tests ({tests}); their p-values are adjusted by "
            f"{self.method_words}'s method, which limits {what}."
        )

    def note(self) -> str:
        """What the intervals are."""
        if self.method in _WITH_INTERVALS:
            return f"Adjusted intervals hold for all of the family together ({fmt.confidence(self.level)})."
        return f"{self.method_words}'s method has no simultaneous intervals of a simple form; intervals are unadjusted."

    def to_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        rows = self.frame.astype("object").where(self.frame.notna(), None).to_dict("records")
        return {"name": self.name, "method": self.method, "level": self.level, "rows": rows}


def named_families(study: Study, estimates: Mapping[str, Estimates]) -> dict[str, Estimates]:
    """The estimates, with the family's name on the rows that belong to one."""
    family_of = {name: family.name for family in study.plan.families for name in family.analyses}
    return {
        name: _named(study, name, found, family_of[name]) if name in family_of else found
        for name, found in estimates.items()
    }


def _named(study: Study, name: str, estimates: Estimates, family: str) -> Estimates:
    frame = estimates.frame.copy()
    frame.loc[_declared(study, name, estimates).index, "family"] = family
    return estimates.with_(frame=frame)


def adjusted_families(study: Study, estimates: Mapping[str, Estimates]) -> tuple[AdjustedFamily, ...]:
    """Every declared family, adjusted."""
    return tuple(_adjusted(study, family, estimates) for family in study.plan.families)


def _adjusted(study: Study, family: Family, estimates: Mapping[str, Estimates]) -> AdjustedFamily:
    rows = [_row(study, name, estimates[name]) for name in family.analyses]
    frame = pd.DataFrame(rows)
    found = adjust_family(frame["estimate"], frame["se"], frame["df"], None, method=family.method, level=family.level)
    frame["p_adjusted"] = found.p
    has_intervals = family.method in _WITH_INTERVALS
    frame["low_adjusted"] = found.low if has_intervals else float("nan")
    frame["high_adjusted"] = found.high if has_intervals else float("nan")
    return AdjustedFamily(family.name, family.method, family.level, frame.drop(columns=["se", "df"]))


def _row(study: Study, name: str, estimates: Estimates) -> dict[str, Any]:
    row = _declared(study, name, estimates).iloc[0]
    numbers = {column: float(row[column]) for column in ("estimate", "se", "df", "low", "high", "p")}
    about = {"title": estimates.title, "unit": estimates.unit, "decimals": estimates.decimals}
    return {"analysis": name, "contrast": row["contrast"], "visit": row["visit"], **about, **numbers}


def _declared(study: Study, name: str, estimates: Estimates) -> pd.DataFrame:
    """The one row of an analysis that was declared: its contrast, at its visit."""
    asked = study.plan.analysis(name).estimand
    rows = estimates.rows(contrast=asked.contrast, visit=asked.visit if estimates.primary_visit else None)
    assert len(rows) == 1, f"{name} has {len(rows)} rows of its declared contrast"
    return rows
