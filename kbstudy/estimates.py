"""The one result object: a tidy frame with a fixed schema, and views of it."""

from __future__ import annotations

import html
import math
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
    "difference_at_followup": "difference at follow-up",
    "hedges_g_change": "Hedges' g of the change",
    "hedges_g_followup": "Hedges' g at follow-up",
    "cohen_drm": "Cohen's d_rm",
    "glass_delta_baseline": "Glass's delta (baseline SD)",
    "sd_individual_response": "SD of individual response",
    "odds_ratio_better": "odds ratio of a better score",
    "win_probability": "probability of a better score (ties count half)",
    "sd_change": "SD of the change",
    "share_attended_sd": "SD of the shares attended",
    "carryover_difference": "carry-over difference (between people)",
    "share_improved_mdc95": "share that improved by MDC95 or more",
    "share_worsened_mdc95": "share that worsened by MDC95 or more",
    "share_improved_mic": "share that improved by the MIC or more",
    "share_worsened_mic": "share that worsened by the MIC or more",
    "share_responding_normal": "share of responses of the MIC or more, if normal",
    "zero_events_exact": "one-sided 95% upper limit with no event, exact",
    "zero_events_rule_of_three": "one-sided 95% upper limit with no event, rule of three",
}
#: Terms without a unit that compare, and their value where nothing differs; sentences give them by name.
_NO_DIFFERENCE: Final = {
    "odds_ratio": 1.0,
    "odds_ratio_better": 1.0,
    "rate_ratio": 1.0,
    "risk_ratio": 1.0,
    "variance_ratio": 1.0,
    "win_probability": 0.5,
}
#: Comparisons in the unit of the outcome that are not "higher or lower with one arm than with another".
_SAID_BY_NAME: Final = (
    "sd_individual_response",
    "period_difference",
    "carryover_difference",
    "difference_in_change",
    "difference_at_followup",
    "hedges_g_change",
    "hedges_g_followup",
    "risk_difference: ",
)
#: What a row is called whose analysis was locked before it was run, and one whose analysis was not.
PLANNED: Final = {True: "prespecified", False: "post hoc"}
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
    drawn
        The terms that :meth:`plot` shows side by side; the primary one if not said.
    compares
        For each contrast, the pair of arms in the order of the subtraction.
    better
        ``"lower"``, ``"higher"`` or ``""``: only used in words, never in a number.
    about
        For terms that are about something else than ``outcome``: what it is, in words.
    adjusted_for
        What the comparison is adjusted for, in words; sentences say it.
    verbatim
        Whether terms are names of columns, which are shown as they are.
    units
        Units of terms (without what follows a colon in them) that differ from ``unit``.
    figure
        The function of :mod:`kbstudy.figures` that :meth:`plot` calls.
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
    drawn: tuple[str, ...] = ()
    compares: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    better: str = ""
    about: Mapping[str, str] = field(default_factory=dict)
    adjusted_for: str = ""
    verbatim: bool = False
    units: Mapping[str, str] = field(default_factory=dict)
    figure: str = "plot_estimates"
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
        """A copy whose rows say whether they were planned; rows that an analysis marked as exploratory stay so."""
        said = self.frame["prespecified"].eq(False).fillna(False)
        return replace(self, frame=self.frame.assign(prespecified=~said & prespecified))

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
        own = f" {self.unit_of(row)}" if _base(row["term"]) in self.units and pd.notna(row["estimate"]) else ""
        return {
            "": self.label(row.drop("visit") if visit else row),
            "Visit": visit or fmt.MISSING,
            "n": fmt.number(row["n"], 0),
            f"Estimate ({self.unit})" if self.unit else "Estimate": fmt.number(row["estimate"], digits) + own,
            f"{fmt.confidence(self.level)} CI": fmt.interval(row["low"], row["high"], digits),
            "Statistic": fmt.MISSING if is_level else fmt.number(row["statistic"], 2),
            "df": fmt.degrees(row["df"]),
            "p": fmt.MISSING if is_level else fmt.p_value(row["p"]),
            "Plan": fmt.MISSING if pd.isna(row["prespecified"]) else PLANNED[bool(row["prespecified"])],
            "Method": _text(row["method"]) or fmt.MISSING,
        }

    def _is_level(self, row: pd.Series) -> bool:
        """Whether a row is a mean or a change within an arm, beside comparisons or by itself."""
        return pd.isna(row["contrast"]) and (bool(self.compares) or row["term"] in ("adjusted_mean", "mean"))

    def decimals_of(self, row: pd.Series) -> int:
        """Digits for a row: standardised effects always get two, whatever the instrument."""
        if row["term"] == "number_needed_to_treat":
            return 1
        return 2 if is_standardised(row["term"]) else self.decimals

    def unit_of(self, row: pd.Series) -> str:
        """The unit of a row, empty for a pure number."""
        own = self.units.get(_base(row["term"]))
        if own is not None:
            return own
        return "" if is_standardised(row["term"]) else self.unit

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
        if str(row["term"]).startswith("likelihood_ratio_"):
            test = f"χ²({fmt.degrees(row['df'])}) = {fmt.number(row['statistic'], 2)}, {fmt.p_text(row['p'])}"
            return f"{self.outcome}: {_lower_first(self.label_of_term(row))}, {test} (n = {fmt.number(row['n'], 0)})."
        if row["term"] == "likelihood_ratio":
            ratio = f"LR = {fmt.number(row['statistic'], 2)}, {fmt.p_text(row['p'])}"
            return f"{self.outcome}: likelihood ratio, {ratio} (n = {fmt.number(row['n'], 0)})."
        if row["term"] in _AGAINST_BOUNDS:
            return self._against_bounds(row)
        if row["term"] == "number_needed_to_treat":
            return self._needed_to_treat(row)
        digits, outcome = self.decimals_of(row), self.about.get(str(row["term"]), self.outcome)
        unit = f" {self.unit_of(row)}".rstrip()
        pair = self.compares.get(_text(row["contrast"]))
        by_name = is_without_unit(row["term"]) or str(row["term"]).startswith(_SAID_BY_NAME)
        facts = [f"{fmt.confidence(self.level)} CI {fmt.interval(row['low'], row['high'], digits)}"]
        if not self._is_level(row):
            facts += [fmt.statistic(row["statistic"], row["df"], _statistic_name(row)), fmt.p_text(row["p"])]
        detail = "; ".join(fact for fact in [*facts, f"n = {fmt.number(row['n'], 0)}"] if fact)
        when = f" at {row['visit']}" if _text(row["visit"]) else ""
        if pair is None or by_name:
            value = fmt.number(row["estimate"], digits)
            about = _text(row["contrast"]).replace(" - ", " − ") if by_name else ""
            who = f" ({about or row['arm']})" if about or _text(row["arm"]) else ""
            return f"{outcome}{when}{who}: {_lower_first(self.label_of_term(row))} {value}{unit} ({detail})."
        value = fmt.number(row["estimate"], digits)
        how = f", adjusted for {self.adjusted_for}," if self.adjusted_for else ""
        if float(f"{row['estimate']:.{digits}f}") == 0:
            said = f"differed by {value}{unit} between {pair[0]} and {pair[1]}"
        else:
            size, direction = fmt.number(abs(row["estimate"]), digits), "lower" if row["estimate"] < 0 else "higher"
            said = f"was {size}{unit} {direction} with {pair[0]} than with {pair[1]}"
        return f"{outcome}{when}{how} {said} (difference {value}, {detail})."

    def _needed_to_treat(self, row: pd.Series) -> str:
        """Its interval can run through infinity, so the method gives it in words: ``NNTB 2.5 (NNTH 80 to ∞ …)``."""
        value, _, limits = _text(row["method"]).removesuffix(")").partition(" (")
        about, when = _text(row["contrast"]).replace(" - ", " − "), f" at {row['visit']}" if _text(row["visit"]) else ""
        facts = f"{fmt.confidence(self.level)} CI {limits}; n = {fmt.number(row['n'], 0)}"
        return f"{self.outcome}{when} ({about}): number needed to treat {value} ({facts})."

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
        base, colon, rest = str(row["term"]).partition(": ")
        words = _TERM_WORDS.get(base, base.replace("_", " ")) + colon + rest
        return words[:1].upper() + words[1:]

    def methods(self) -> str:
        """The methods paragraph of this analysis, with its references."""
        return " ".join([self.method, *self.citations])

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the estimates with their intervals; raw points beside them where they are at hand."""
        from kbstudy import figures

        axes: Axes = getattr(figures, self.figure)(self, ax=ax)
        return axes

    def to_dict(self) -> dict[str, Any]:
        """Everything but people and fitted objects, ready for JSON, which has no infinity: it is text there."""
        frame = self.frame.astype("object").where(self.frame.notna(), None)
        rows = frame.replace({math.inf: "Infinity", -math.inf: "-Infinity"}).to_dict("records")
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
        notes = fmt.html_small((self.methods(), *self.notes))
        table = fmt.html_table(self.table())
        head = f"<p><strong>{html.escape(self.title)}</strong></p>"
        return f"{head}{table}<p>{html.escape(self.sentence())}</p>{notes}"


def _statistic_name(row: pd.Series) -> str:
    if row["term"] == "wilcoxon_pseudomedian":
        return "V"
    return "t" if pd.notna(row["df"]) else "z"


def _lower_first(text: str) -> str:
    """For the middle of a sentence, but a name keeps its capital."""
    return text if text.startswith(("Cohen", "Hedges", "Glass", "Wilcoxon", "SD ")) else text[:1].lower() + text[1:]


def is_standardised(term: object) -> bool:
    """Whether a term carries no unit: an effect size in standard deviations, a ratio, a probability or a share."""
    return str(term).startswith(("cohen_", "hedges_", "glass_")) or is_without_unit(term)


def is_without_unit(term: object) -> bool:
    """Whether a term is a ratio, a probability or a share."""
    return _base(term) in _NO_DIFFERENCE or str(term).startswith("share_")


def where_nothing_differs(term: object) -> float:
    """The value of a term where nothing differs: 1 for a ratio, 0.5 for a probability of being better, else 0."""
    return _NO_DIFFERENCE.get(_base(term), 0.0)


def _base(term: object) -> str:
    """``rate_ratio`` of ``rate_ratio: sprain``."""
    return str(term).partition(": ")[0]


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
