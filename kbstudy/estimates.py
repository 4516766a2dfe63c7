"""The one result object: a tidy frame with a fixed schema, and views of it."""

from __future__ import annotations

import html
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from kbstudy import formatting as fmt
from kbstudy.ledger import Ledger

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["COLUMNS", "SCHEMA_VERSION", "Estimates"]

#: Changes when a column is renamed, removed or changes its meaning.
SCHEMA_VERSION: Final = 1

#: The columns of :attr:`Estimates.frame`, always all of them, always in this order.
COLUMNS: Final = (
    "term",
    "contrast",
    "arm",
    "visit",
    "n",
    "estimate",
    "se",
    "df",
    "statistic",
    "p",
    "low",
    "high",
    "method",
    "family",
    "prespecified",
)
_TEXT: Final = ("term", "contrast", "arm", "visit", "method", "family")
#: What a term is called in print; others are their own name without underscores.
_TERM_WORDS: Final = {
    "wilcoxon_pseudomedian": "pseudo-median of the changes",
    "cohen_dz": "Cohen's d_z",
    "hedges_gz": "Hedges' g_z",
    "cohen_dav": "Cohen's d_av",
    "cohen_dav_mean_sd": "Cohen's d_av (mean SD)",
    "hedges_gav": "Hedges' g_av",
    "cohen_drm": "Cohen's d_rm",
    "glass_delta_baseline": "Glass's delta (baseline SD)",
}
#: Terms whose p-value is about bounds, and what it is called.
_AGAINST_BOUNDS: Final = {
    "equivalence": "larger one-sided",
    "non_inferiority": "one-sided",
    "non_superiority": "one-sided",
    "one_sided": "one-sided",
    "above_lower_bound": "one-sided",
    "below_upper_bound": "one-sided",
}
_NUMBERS: Final = ("estimate", "se", "df", "statistic", "p", "low", "high")


@dataclass(frozen=True, repr=False)
class Estimates:
    """What an analysis found: estimates with their intervals, and everything needed to report them.

    Parameters
    ----------
    frame
        One row an estimate, columns :data:`COLUMNS`. A contrast between arms has ``contrast`` filled
        (``"Kettlebell - Usual care"``) and ``arm`` missing; an estimate within an arm the other way round.
        ``n`` is the number of people behind the row.
    title, outcome, unit
        What was estimated, of what, in what unit (empty for a pure number).
    method
        One sentence for the methods section; :meth:`methods` adds the citations.
    level
        Confidence level of ``low`` and ``high``.
    decimals
        Digits the instrument supports; used in tables and sentences, never in ``frame``.
    primary
        The ``term`` that answers the question; the others are beside it.
    primary_visit
        Where there are rows of several visits, the visit that answers the question; the others are beside it.
    compares
        For each contrast, the pair of arms in the order of the subtraction.
    better
        ``"lower"``, ``"higher"`` or ``""``: only used in words, never in a number.
    adjusted_for
        What the comparison is adjusted for, in words; sentences say it.
    verbatim
        Whether terms are names of columns, which are shown as they are.
    stamp
        ``"SIMULATED"`` where the data are made up; it stands before every sentence and on every plot.
    notes, citations
        Sentences that belong under the table; references with DOI.
    ledger
        Who was analysed, who was not, and why.
    points
        The analysed people's values behind the estimates, for figures; never written to ``results.json``.
    fit
        The fitted object of the library that did the work, if one did.
    """

    frame: pd.DataFrame
    title: str
    outcome: str
    method: str
    unit: str = ""
    level: float = 0.95
    decimals: int = 2
    primary: str = ""
    primary_visit: str = ""
    compares: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    better: str = ""
    adjusted_for: str = ""
    verbatim: bool = False
    stamp: str = ""
    notes: tuple[str, ...] = ()
    citations: tuple[str, ...] = ()
    ledger: Ledger | None = None
    points: pd.DataFrame | None = field(default=None, repr=False)
    fit: Any = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "frame", _conform(self.frame))

    @property
    def contrasts(self) -> pd.DataFrame:
        """The rows that compare arms."""
        return self.frame[self.frame["contrast"].notna()].reset_index(drop=True)

    def row(self, term: str | None = None, contrast: str | None = None, visit: str | None = None) -> pd.Series:
        """The one row of a term (the primary one if not said), contrast and visit (the primary one, if there is one).

        Raises
        ------
        KeyError
            If no row or more than one row fits.
        """
        frame = self.rows(term, contrast, visit)
        if len(frame) != 1:
            found = ", ".join(f"{r.term} [{r.contrast}] at {r.visit}" for r in self.frame.itertuples())
            asked = f"term={term!r}, contrast={contrast!r}, visit={visit!r}"
            raise KeyError(f"{len(frame)} rows fit {asked}; there are: {found}")
        return frame.iloc[0]

    def rows(self, term: str | None = None, contrast: str | None = None, visit: str | None = None) -> pd.DataFrame:
        """The rows of a term (the primary one if not said), contrast and visit (the primary one, if there is one)."""
        frame = self.frame[self.frame["term"] == (term or self.primary)]
        for column, wanted in (("contrast", contrast), ("visit", visit or self.primary_visit or None)):
            if wanted is not None:
                frame = frame[frame[column] == wanted]
        return frame

    def with_(self, **changes: Any) -> Estimates:
        """A copy with some fields replaced."""
        return replace(self, **changes)

    def stamped(self, prespecified: bool) -> Estimates:
        """A copy whose rows say whether they were planned."""
        return replace(self, frame=self.frame.assign(prespecified=prespecified))

    # ---- views -------------------------------------------------------------------------------------------------

    def table(self) -> pd.DataFrame:
        """The frame as a reader wants it: text, rounded to what the instrument supports, empty columns left out."""
        rows = [self._cells(row) for _, row in self.frame.iterrows()]
        table = pd.DataFrame(rows)
        return table.loc[:, [c for c in table if (table[c] != fmt.MISSING).any()]]

    def _cells(self, row: pd.Series) -> dict[str, str]:
        digits = self.decimals_of(row)
        # A test that the mean of an arm is zero answers no question, so it is in the frame but not in the table.
        is_level = self._is_level(row)
        visit = _text(row["visit"]) if self.primary_visit else ""
        return {
            "": self.label(row.drop("visit") if visit else row),
            "Visit": visit or fmt.MISSING,
            "n": fmt.number(row["n"], 0),
            f"Estimate ({self.unit})" if self.unit else "Estimate": fmt.number(row["estimate"], digits),
            f"{fmt.confidence(self.level)} CI": fmt.interval(row["low"], row["high"], digits),
            "Statistic": fmt.MISSING if is_level else fmt.number(row["statistic"], 2),
            "df": fmt.degrees(row["df"]),
            "p": fmt.MISSING if is_level else fmt.p_value(row["p"]),
            "Method": _text(row["method"]) or fmt.MISSING,
        }

    def _is_level(self, row: pd.Series) -> bool:
        """Whether a row is a mean or a change within an arm, beside comparisons or by itself."""
        return pd.isna(row["contrast"]) and (bool(self.compares) or row["term"] == "adjusted_mean")

    def decimals_of(self, row: pd.Series) -> int:
        """Digits for a row: standardised effects always get two, whatever the instrument."""
        return 2 if is_standardised(row["term"]) else self.decimals

    def label(self, row: pd.Series) -> str:
        """What a row is, in words."""
        term = self.label_of_term(row)
        parts = [_text(row["contrast"]) or _text(row["arm"]), _text(row.get("visit"))]
        about = ", ".join(part for part in parts if part)
        about = about.replace(" - ", " − ")
        return f"{term}: {about}" if about else term

    def sentence(self, term: str | None = None, contrast: str | None = None, visit: str | None = None) -> str:
        """One sentence a results section can take as it is, made from one row.

        Without arguments: a sentence for each row of the primary term, at the primary visit if there is one.
        """
        rows = self.rows(term, contrast, visit)
        stamp = f"[{self.stamp}] " if self.stamp else ""
        return stamp + " ".join(self._sentence(row) for _, row in rows.iterrows())

    def _sentence(self, row: pd.Series) -> str:
        if pd.isna(row["estimate"]) and _text(row["method"]).startswith("F("):
            f = f"{str(row['method']).split('), ')[0]}) = {fmt.number(row['statistic'], 2)}"
            return f"{self.outcome}: {row['term']}, {f}, {fmt.p_text(row['p'])} (n = {fmt.number(row['n'], 0)})."
        if row["term"] == "likelihood_ratio":
            ratio = f"LR = {fmt.number(row['statistic'], 2)}, {fmt.p_text(row['p'])}"
            return f"{self.outcome}: likelihood ratio, {ratio} (n = {fmt.number(row['n'], 0)})."
        if row["term"] in _AGAINST_BOUNDS:
            return self._against_bounds(row)
        digits = self.decimals_of(row)
        unit = "" if is_standardised(row["term"]) or not self.unit else f" {self.unit}"
        pair = self.compares.get(_text(row["contrast"]))
        facts = [f"{fmt.confidence(self.level)} CI {fmt.interval(row['low'], row['high'], digits)}"]
        if not self._is_level(row):
            facts += [fmt.statistic(row["statistic"], row["df"], _statistic_name(row)), fmt.p_text(row["p"])]
        detail = "; ".join(fact for fact in [*facts, f"n = {fmt.number(row['n'], 0)}"] if fact)
        when = f" at {row['visit']}" if _text(row["visit"]) else ""
        if pair is None:
            value = fmt.number(row["estimate"], digits)
            who = f" ({row['arm']})" if _text(row["arm"]) else ""
            return f"{self.outcome}{when}{who}: {_lower_first(self.label_of_term(row))} {value}{unit} ({detail})."
        value = fmt.number(row["estimate"], digits)
        how = f", adjusted for {self.adjusted_for}," if self.adjusted_for else ""
        if float(f"{row['estimate']:.{digits}f}") == 0:
            said = f"differed by {value}{unit} between {pair[0]} and {pair[1]}"
        else:
            size, direction = fmt.number(abs(row["estimate"]), digits), "lower" if row["estimate"] < 0 else "higher"
            said = f"was {size}{unit} {direction} with {pair[0]} than with {pair[1]}"
        return f"{self.outcome}{when}{how} {said} (difference {value}, {detail})."

    def _against_bounds(self, row: pd.Series) -> str:
        """A test whose p is about bounds, not about zero: it must not read as if it were about a difference."""
        digits, unit = self.decimals_of(row), f" {self.unit}" if self.unit else ""
        about = f"{_text(row['contrast'])}".replace(" - ", " − ")
        when = f" at {row['visit']}" if _text(row["visit"]) else ""
        interval = f"{fmt.confidence(self.level)} CI {fmt.interval(row['low'], row['high'], digits)}"
        facts = f"{interval}; {_AGAINST_BOUNDS[row['term']]} {fmt.p_text(row['p'])}; n = {fmt.number(row['n'], 0)}"
        value = f"{fmt.number(row['estimate'], digits)}{unit}"
        return f"{self.outcome}{when}, {about}: {_lower_first(self.label_of_term(row))}, difference {value} ({facts})."

    def label_of_term(self, row: pd.Series) -> str:
        """The term in words, without its arm or visit."""
        if self.verbatim:
            return str(row["term"])
        words = _TERM_WORDS.get(str(row["term"]), str(row["term"]).replace("_", " "))
        return words[:1].upper() + words[1:]

    def methods(self) -> str:
        """The methods paragraph of this analysis, with its references."""
        return " ".join([self.method, *self.citations])

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the estimates with their intervals; raw points beside them where they are at hand."""
        from kbstudy.figures import plot_estimates

        return plot_estimates(self, ax=ax)

    def to_dict(self) -> dict[str, Any]:
        """Everything but people and fitted objects, ready for JSON."""
        rows = self.frame.astype("object").where(self.frame.notna(), None).to_dict("records")
        return {
            "schema": SCHEMA_VERSION,
            "stamp": self.stamp,
            "title": self.title,
            "outcome": self.outcome,
            "unit": self.unit,
            "level": self.level,
            "primary": self.primary,
            "primary_visit": self.primary_visit,
            "method": self.method,
            "notes": list(self.notes),
            "citations": list(self.citations),
            "rows": rows,
        }

    def __str__(self) -> str:
        lines = [self.title, self.table().to_string(index=False), self.sentence(), self.methods(), *self.notes]
        return "\n".join(line for line in lines if line)

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        notes = "".join(f"<p><small>{html.escape(text)}</small></p>" for text in (self.methods(), *self.notes))
        table = fmt.html_table(self.table())
        head = f"<p><strong>{html.escape(self.title)}</strong></p>"
        return f"{head}{table}<p>{html.escape(self.sentence())}</p>{notes}"


def _statistic_name(row: pd.Series) -> str:
    if row["term"] == "wilcoxon_pseudomedian":
        return "V"
    return "t" if pd.notna(row["df"]) else "z"


def _lower_first(text: str) -> str:
    """For the middle of a sentence, but a name keeps its capital."""
    return text if text.startswith(("Cohen", "Hedges", "Glass", "Wilcoxon")) else text[:1].lower() + text[1:]


def is_standardised(term: object) -> bool:
    """Whether a term is an effect size in standard deviations, and so carries no unit."""
    return str(term).startswith(("cohen_", "hedges_", "glass_"))


def _text(value: object) -> str:
    return "" if value is None or pd.isna(value) else str(value)


def _conform(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with every column of the schema, in order and of its type."""
    unknown = [column for column in frame if column not in COLUMNS]
    assert not unknown, f"not in the schema of Estimates: {unknown}"
    index = pd.RangeIndex(len(frame))
    return pd.DataFrame({column: _conformed(frame, column, index) for column in COLUMNS}, index=index)


def _conformed(frame: pd.DataFrame, column: str, index: pd.RangeIndex) -> pd.Series:
    values = frame[column].to_numpy() if column in frame else np.full(len(frame), None, dtype="object")
    if column in _NUMBERS:
        return pd.Series(pd.Series(values).astype("float64").to_numpy(), index)
    if column in _TEXT:
        return pd.Series([_text(value) or None for value in values], index, dtype="str")
    return pd.Series(values, index).astype("Int64" if column == "n" else "boolean")
