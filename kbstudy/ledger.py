"""Who is in, who is out, and why: the account that every result carries."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import pandas as pd

from kbstudy.formatting import html_table, words

__all__ = ["LEDGER_COLUMNS", "STATUSES", "Ledger"]

LEDGER_COLUMNS: Final = ("participant", "arm", "outcome", "visit", "status", "reason")

#: From "in every number" to "never in the trial".
STATUSES: Final = ("analysed", "counted", "measured", "missing", "dropped", "not randomised")
#: Of a person's visits, the one that speaks for the person; a value that was not used is more than no value.
_BEST: Final = ("analysed", "counted", "measured", "dropped", "missing", "not randomised")
_IN_A_RESULT: Final = ("analysed", "counted")
_HAS_A_VALUE: Final = ("analysed", "measured", "dropped")


@dataclass(frozen=True, repr=False)
class Ledger:
    """One row a participant, outcome and visit, with what became of that measurement.

    Parameters
    ----------
    frame
        Columns ``participant, arm, outcome, visit, status, reason``. ``status`` is one of ``analysed`` (in this
        result), ``counted`` (no value, but a declared rule counts the person, for example as not having reached a
        threshold), ``measured`` (a value exists), ``missing`` (no value), ``dropped`` (a value exists or part of it,
        and this analysis could not use it) and ``not randomised`` (in the files, never allocated to an arm).
        ``reason`` is empty where there is nothing to explain.
    """

    frame: pd.DataFrame

    @classmethod
    def of(cls, rows: Iterable[Mapping[str, object]]) -> Ledger:
        """Build a ledger from one mapping a row."""
        frame = pd.DataFrame(list(rows), columns=list(LEDGER_COLUMNS))
        unknown = set(frame["status"]) - set(STATUSES)
        assert not unknown, f"not a ledger status: {sorted(unknown)}"
        return cls(frame.astype("object").fillna(""))

    def ids(self, status: str | None = None, **where: str) -> list[str]:
        """Participants with a status (all if ``None``), narrowed by ``outcome=``, ``visit=`` or ``arm=``."""
        frame = self.frame if status is None else self.frame[self.frame["status"] == status]
        for column, value in where.items():
            frame = frame[frame[column] == value]
        return list(dict.fromkeys(frame["participant"]))

    def counts(self) -> pd.DataFrame:
        """One row an outcome, visit and arm: randomised, with a value, analysed, out, and who is out.

        Returns
        -------
        pandas.DataFrame
            ``outcome, visit, arm, randomised, measured, analysed, out, who_is_out``. ``measured`` counts every
            value that exists at the visit, ``analysed`` the people in the result (0 in the ledger of a study that has
            not been analysed yet; it may exceed ``measured`` where a declared rule counts people without a value),
            ``out`` those that are neither in the result nor waiting for one.
        """
        inside = self.frame[self.frame["status"] != "not randomised"]
        rows = []
        for (outcome, visit, arm), group in inside.groupby(["outcome", "visit", "arm"], sort=False):
            is_in = group["status"].isin([*_IN_A_RESULT, "measured"])
            rows.append(
                {
                    "outcome": outcome,
                    "visit": visit,
                    "arm": arm,
                    "randomised": group["participant"].nunique(),
                    "measured": int(group["status"].isin(_HAS_A_VALUE).sum()),
                    "analysed": int(group["status"].isin(_IN_A_RESULT).sum()),
                    "out": int((~is_in).sum()),
                    "who_is_out": _who(group[~is_in]),
                }
            )
        columns = ["outcome", "visit", "arm", "randomised", "measured", "analysed", "out", "who_is_out"]
        return pd.DataFrame(rows, columns=columns)

    def by_person(self) -> Ledger:
        """One row a participant: in the result if analysed at any visit, else out, with the reason at each visit.

        A ledger of one visit is returned as it is; otherwise ``visit`` is empty.
        """
        if self.frame["visit"].nunique() < 2:
            return self
        people = self.frame.groupby(["outcome", "participant"], sort=False)
        return Ledger.of(_person(group) for _, group in people)

    def in_result(self, arm: str) -> int:
        """How many people of an arm the result rests on."""
        return len(self.ids("analysed", arm=arm)) + len(self.ids("counted", arm=arm))

    def _head(self) -> str:
        people, never = self.frame["participant"].nunique(), len(self.ids("not randomised"))
        return f"{people} participants in the files, {people - never} in an arm, {never} without an arm"

    def __str__(self) -> str:
        return f"{self._head()}\n{self.counts().to_string(index=False)}"

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        return f"<p>{self._head()}</p>" + html_table(self.counts())


def _person(rows: pd.DataFrame) -> dict[str, object]:
    """One participant's visits as one row: the best status; a reason only for those who are not in the result."""
    best = min(rows["status"], key=_BEST.index)
    is_in = best in (*_IN_A_RESULT, "measured")
    told = [
        f"{words(list(visits['visit']))}: {reason}" for reason, visits in rows.groupby("reason", sort=False) if reason
    ]
    return {**rows.iloc[0].to_dict(), "visit": "", "status": best, "reason": "" if is_in else "; ".join(told)}


def _who(group: pd.DataFrame) -> str:
    """``no row for this visit: P03, P04; empty cell: P07``."""
    told = [
        f"{reason or 'no reason given'}: {', '.join(people['participant'])}"
        for reason, people in group.groupby("reason", sort=False)
    ]
    return "; ".join(told)
