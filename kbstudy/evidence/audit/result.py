"""An audit: what follows from the stated numbers, the verdict on them, and what it hangs on."""

from __future__ import annotations

import html
import math
from dataclasses import asdict, dataclass
from typing import Any, Final

import pandas as pd

from kbstudy import formatting as fmt
from kbstudy.errors import did_you_mean
from kbstudy.evidence.audit.assumptions import EQUAL_WITHIN, HIGHEST_KCAL_L, Constants
from kbstudy.evidence.audit.nouns import Assumption, AuditWord, Finding
from kbstudy.evidence.audit.pace_and_mets import tabulated_entries
from kbstudy.evidence.audit.recomputing import overall
from kbstudy.evidence.audit.references import BUSHMAN, DANIELS, DI_PRAMPERO, FARRAR, HILL, MARGARIA, SWAIN
from kbstudy.evidence.audit.stated import Stated
from kbstudy.measures.lactate import DOUBTFUL_RISE_MMOL_L, IMPOSSIBLE_RISE_MMOL_L

__all__ = ["AUDIT_COLUMNS", "SCHEMA_VERSION", "Audit", "audit_rows"]

#: The columns of :meth:`Audit.table`.
AUDIT_COLUMNS: Final = ("statement", "implied value", "bound", "verdict")
#: Changes when a key of :meth:`Audit.to_dict` is renamed, removed or changes its meaning.
SCHEMA_VERSION: Final = 1

_BASIS: Final = {
    "measured": "Measured: the oxygen uptake.",
    "estimated_from_hr": "Estimated, not measured: the oxygen uptake, read from heart rate.",
    None: "Measured or estimated: it is not stated which the oxygen uptake was.",
}


@dataclass(frozen=True, repr=False)
class Audit:
    """What a stated energy cost implies, held against what is possible. Made by :func:`audit_energy_claim`.

    Parameters
    ----------
    stated
        The numbers it started from.
    findings
        What follows from them, in a fixed order.
    not_computable
        What could not be computed, each with what was not stated.
    assumptions
        The assumptions that touch a finding, the one that carries most weight first.
    """

    stated: Stated
    findings: tuple[Finding, ...]
    not_computable: tuple[str, ...]
    assumptions: tuple[Assumption, ...]

    @property
    def verdict(self) -> AuditWord:
        """The worst word of a finding; where all are merely possible, there is no evidence."""
        return overall(self.findings)

    @property
    def weakest_assumption(self) -> Assumption | None:
        """The assumption that carries most weight; ``None`` if no finding depends on any.

        One that changes the verdict at a plausible end carries more than one that does not; among equals, the one
        that moves a finding on which the verdict rests by the largest share of its value does.
        """
        return self.assumptions[0] if self.assumptions else None

    def finding(self, name: str) -> Finding:
        """The finding with this id.

        Raises
        ------
        KeyError
            If there is none; the message lists those there are.
        """
        found = {finding.id: finding for finding in self.findings}
        if name not in found:
            raise KeyError(f'no finding "{name}"{did_you_mean(name, list(found))} There are: {", ".join(found)}')
        return found[name]

    def table(self) -> pd.DataFrame:
        """One row a finding, columns :data:`AUDIT_COLUMNS`, all text; what cannot be computed stands at the end."""
        return pd.DataFrame(audit_rows(self), columns=list(AUDIT_COLUMNS))

    def sentence(self) -> str:
        """The verdict, what it rests on, and the assumption that carries most weight."""
        parts = [f"{self.verdict.capitalize()}: {self._reasons()}."]
        if self.weakest_assumption is not None:
            parts.append(f"Most hangs on {self.weakest_assumption.sentence}.")
        if self.not_computable:
            missing = fmt.words(list(dict.fromkeys(text.rpartition(": ")[2] for text in self.not_computable)))
            parts.append(f"Not everything could be computed ({missing}).")
        return " ".join(parts)

    def _reasons(self) -> str:
        if self.verdict == "no evidence":
            return (
                "nothing that could be computed contradicts itself or what is possible, and none of it is a measurement"
            )
        return "; also, ".join(finding.clause for finding in self.findings if finding.word == self.verdict)

    @property
    def impossible(self) -> tuple[Finding, ...]:
        """The findings that are not possible as stated."""
        return tuple(finding for finding in self.findings if finding.word == "not possible as stated")

    @property
    def basis(self) -> str:
        """Whether what the publication states was measured or estimated, in a sentence."""
        if self.stated.vo2_ml_kg_min is None:
            return "Measured or estimated: cannot be told, because no oxygen uptake is stated."
        return _BASIS[self.stated.vo2_basis]

    @property
    def method(self) -> str:
        """What was computed and with which constants."""
        return (
            "Stated numbers were checked against each other by arithmetic; nothing was estimated from data and no body "
            f"mass was assumed. Oxygen was converted at {fmt.plain(Constants().kcal_per_litre)} kcal a litre; a net "
            f"rise of blood lactate, once a bout, at {fmt.plain(Constants().lactate_equivalent)} mL of oxygen per kg "
            f"and mmol/L, with rises above {DOUBTFUL_RISE_MMOL_L:g} mmol/L called doubtful and above "
            f"{IMPOSSIBLE_RISE_MMOL_L:g} impossible; aerobic energy is bounded by VO2max at {HIGHEST_KCAL_L:g} kcal a "
            "litre; running by ACSM's equation and by Daniels' curve, and equal to a pace means within "
            f"{100 * EQUAL_WITHIN:.0f} % of its cost. Ranges are what each assumption, one at a time, does at the ends "
            "of what is plausible."
        )

    @property
    def citations(self) -> tuple[str, ...]:
        """The references of the constants, the equations and the tabulated values."""
        tables = [entry.citation for entry in tabulated_entries(self.stated)]
        return tuple(dict.fromkeys([BUSHMAN, DANIELS, DI_PRAMPERO, HILL, MARGARIA, FARRAR, SWAIN, *tables]))

    def methods(self) -> str:
        """What was computed and with which constants, with the references."""
        return " ".join([self.method, *self.citations])

    def to_dict(self) -> dict[str, Any]:
        """Everything, ready for JSON."""
        return {
            "schema": SCHEMA_VERSION,
            "stated": asdict(self.stated),
            "verdict": self.verdict,
            "sentence": self.sentence(),
            "basis": self.basis,
            "findings": [{**_plain_dict(finding), "implied": finding.implied} for finding in self.findings],
            "not_computable": list(self.not_computable),
            "assumptions": [_plain_dict(assumption) for assumption in self.assumptions],
            "methods": self.methods(),
        }

    def __str__(self) -> str:
        return "\n".join([self.table().to_string(index=False), self.sentence(), self.basis, self.methods()])

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        sentence, basis, methods = (html.escape(text) for text in (self.sentence(), self.basis, self.methods()))
        said = f"<p><strong>{sentence}</strong></p><p>{basis}</p><p><small>{methods}</small></p>"
        return f"{fmt.html_table(self.table())}{said}"


def _plain_dict(item: Finding | Assumption) -> dict[str, Any]:
    """A dataclass for JSON, which has no NaN and no tuples."""
    return {key: _plain_value(value) for key, value in asdict(item).items()}


def _plain_value(value: object) -> object:
    if isinstance(value, float) and math.isnan(value):
        return None
    return list(value) if isinstance(value, tuple) else value


def audit_rows(audit: Audit) -> list[tuple[str, str, str, str]]:
    """The rows of an audit as text, for a report's table under the header :data:`AUDIT_COLUMNS`.

    Examples
    --------
    >>> from kbstudy.evidence import audit_energy_claim
    >>> audit = audit_energy_claim(rate_kcal_min=21, minutes=20)
    >>> audit_rows(audit)[0]
    ('21 kcal/min taken as all aerobic', 'an oxygen uptake of 4.20 L/min (4.16 to 4.48)', '–', '–')
    """
    rows: list[tuple[str, str, str, str]] = [
        (finding.statement, finding.implied, finding.bound or fmt.MISSING, finding.word or fmt.MISSING)
        for finding in audit.findings
    ]
    for text in audit.not_computable:
        what, _, why = text.partition(": ")
        rows.append((what.capitalize(), why, fmt.MISSING, fmt.MISSING))
    return rows
