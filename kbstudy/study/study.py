"""A study that was read and checked: its tables, its ledger, its account of every row."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pandas as pd

from kbstudy import formatting as fmt
from kbstudy.errors import PlanError, did_you_mean
from kbstudy.ledger import Ledger
from kbstudy.measures.energy import SESSION_COLUMNS
from kbstudy.study.plan import Analysis, Correction, Plan
from kbstudy.study.plan_energy import FilePattern

if TYPE_CHECKING:
    from kbstudy.study.locking import LockedPlan
    from kbstudy.study.recordings import SessionRow

__all__ = ["AppliedCorrection", "SourceAccount", "Study"]


@dataclass(frozen=True, slots=True)
class SourceAccount:
    """What became of the rows of one file, or of the recordings of one folder (``noun`` says which)."""

    file: str
    sha256: str
    rows_read: int
    rows_used: int
    rows_out: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    noun: str = "rows"


@dataclass(frozen=True, slots=True)
class AppliedCorrection:
    """A declared correction and the place in the file where it was applied."""

    correction: Correction
    file: str
    row: int

    @property
    def change(self) -> str:
        """What was done, in words."""
        if self.correction.drop_row is not None:
            return f"row {self.row} left out"
        to = "missing" if self.correction.missing else f'"{self.correction.use}"'
        return f'"{self.correction.found}" read as {to}'


@dataclass(frozen=True, repr=False)
class Study:
    """A study folder after reading and checking. Made by :func:`kbstudy.load`; frozen.

    Parameters
    ----------
    folder
        Where it is.
    plan
        What ``study.toml`` declares.
    people
        One row a participant in the order of the files: the participant column (named as in the file), ``arm``
        (missing if never allocated) and the covariates.
    values
        One row a participant, visit and outcome, present or not: the participant column, ``arm``, ``visit``,
        ``outcome``, ``value`` and ``reason`` (why there is no value; empty where there is one).
    published
        Published estimates, if a source declares them (columns: :mod:`kbstudy.evidence`).
    sessions
        The recordings that were read: whose each is, its recording, its energy budget, what was noted.
    events
        Adverse events, a row an event: the participant column, ``kind``, ``serious``; ``None`` if no source has them.
    sources, corrections
        What became of each file's rows; the corrections that were applied.
    inputs
        SHA-256 of every file that was read, by its name in ``study.toml``.
    locked
        The locks of the plan and what differs from them; ``None`` if :func:`kbstudy.lock` never froze it.
    toml
        The name of the file with the plan.
    """

    folder: Path
    plan: Plan
    people: pd.DataFrame
    values: pd.DataFrame
    sources: tuple[SourceAccount, ...]
    corrections: tuple[AppliedCorrection, ...] = ()
    published: pd.DataFrame | None = field(default=None, repr=False)
    sessions: tuple[SessionRow, ...] = field(default=(), repr=False)
    events: pd.DataFrame | None = field(default=None, repr=False)
    inputs: Mapping[str, str] = field(default_factory=dict)
    locked: LockedPlan | None = None
    toml: str = "study.toml"

    @property
    def id(self) -> str:
        """The study's short name."""
        return self.plan.study.id

    @property
    def simulated(self) -> bool:
        """Whether the data are made up; then nothing here is evidence."""
        return self.plan.study.simulated

    @property
    def participant(self) -> str:
        """The name of the participant column."""
        assert self.plan.design is not None, "a study of published numbers has no participants"
        return self.plan.design.participant

    @property
    def has_people(self) -> bool:
        """Whether there are participants (and not only published numbers)."""
        return self.plan.design is not None

    @property
    def recording_names(self) -> frozenset[str]:
        """The inputs that are recordings; their names hold the ids of participants."""
        if self.plan.design is None:
            return frozenset()
        patterns = [FilePattern(source.files, self.plan.design) for source in self.plan.sources if source.files]
        return frozenset(name for name in self.inputs for pattern in patterns if pattern.keys(name))

    def is_derived(self, outcome: str) -> bool:
        """Whether an outcome is derived from recordings."""
        declared = self.plan.outcome(outcome)
        homes = {source.name for source in self.plan.sources if source.files is not None}
        is_known = declared.column in SESSION_COLUMNS
        return bool(homes) and is_known and (declared.file is None or declared.file in homes)

    def sessions_of(self, analysis: Analysis) -> tuple[SessionRow, ...]:
        """The sessions that an analysis of one arm at one visit rests on."""
        visit, arm = analysis.estimand.visit, analysis.arm
        recorded = self._recorded(analysis.outcome)
        return tuple(row for row in recorded if row.visit in ("", visit) and arm in (None, row.arm))

    def _recorded(self, outcome: str) -> list[SessionRow]:
        """The sessions of the source that an outcome is taken from."""
        home = self.plan.outcome(outcome).file
        return [row for row in self.sessions if home in (None, row.source)]

    def basis_of(self, outcome: str) -> Literal["measured", "estimated"]:
        """Whether an outcome was measured, or rests on something assumed: energy without carbon dioxide does."""
        budgets = [row.session.budget for row in self._recorded(outcome)] if self.is_derived(outcome) else []
        return "estimated" if any(budget.basis == "estimated" for budget in budgets) else "measured"

    def with_(self, **changes: Any) -> Study:
        """A copy with some fields replaced."""
        return replace(self, **changes)

    def table(self, outcome: str, covariates: Sequence[str] | None = None) -> pd.DataFrame:
        """One outcome as a tidy table: a row for everyone who was allocated, at every visit.

        Parameters
        ----------
        outcome
            Its name in ``study.toml``.
        covariates
            Which covariates to carry along; all of them if not said.

        Returns
        -------
        pandas.DataFrame
            The participant column (named as in the file), ``arm`` and ``visit`` (ordered categories), the outcome,
            ``<outcome>_baseline`` and the covariates. A missing value is a row with NaN: nobody is left out here.

        Raises
        ------
        PlanError
            If there is no such outcome or covariate.
        """
        self._check_name("outcome", outcome, [item.name for item in self.plan.outcomes])
        known = [item.name for item in self.plan.covariates]
        wanted = known if covariates is None else list(covariates)
        for name in wanted:
            self._check_name("covariate", name, known)
        long = self.values[(self.values["outcome"] == outcome) & self.values["arm"].notna()]
        table = long[[self.participant, "arm", "visit", "value"]].rename(columns={"value": outcome})
        at_baseline = table[table["visit"] == self._baseline].set_index(self.participant)[outcome]
        table[f"{outcome}_baseline"] = table[self.participant].map(at_baseline)
        characteristics = self.people[[self.participant, *wanted]]
        return table.merge(characteristics, on=self.participant, how="left", validate="m:1")

    def tidy(self) -> pd.DataFrame:
        """Everything in one table: a row a participant and visit, columns ``arm``, ``visit``, outcomes, covariates.

        Everybody in the files is in it, also those without an arm.
        """
        keys = [self.participant, "visit"]
        wide = self.values.pivot(index=keys, columns="outcome", values="value").reset_index()
        people = self.people[[self.participant, "arm", *(item.name for item in self.plan.covariates)]]
        table = people.merge(wide, on=self.participant, how="left", validate="1:m")
        names = [item.name for item in self.plan.outcomes]
        covariates = [item.name for item in self.plan.covariates]
        return table[[self.participant, "arm", "visit", *names, *covariates]]

    def ledger(self) -> Ledger:
        """Who is in and who is out, for each outcome, visit and arm, with ids and reasons."""
        frame = self.values.rename(columns={self.participant: "participant"})
        frame = frame.sort_values(["visit", "arm"], kind="stable", na_position="last")
        order = {item.name: position for position, item in enumerate(self.plan.outcomes)}
        frame = frame.sort_values("outcome", kind="stable", key=lambda names: names.map(order))
        randomised = frame["arm"].notna()
        status = frame["value"].notna().map({True: "measured", False: "missing"}).where(randomised, "not randomised")
        valued = frame["value"].notna()
        unarmed = valued.map({True: "no arm in the files, although there is a value", False: "no arm in the files"})
        reason = frame["reason"].where(randomised, unarmed)
        text = frame.astype({"participant": "str", "arm": "str", "visit": "str"})
        text["arm"] = text["arm"].where(randomised, "")
        return Ledger.of(text.assign(status=status, reason=reason).to_dict("records"))

    @property
    def _baseline(self) -> str:
        assert self.plan.design is not None
        return self.plan.design.visit.baseline

    @staticmethod
    def _check_name(kind: str, name: str, known: Sequence[str]) -> None:
        if name not in known:
            hint = did_you_mean(name, known) or f"; there is {fmt.words(known)}"
            raise PlanError(f'"{name}" is not {"an" if kind[0] in "aeiou" else "a"} {kind} of this study{hint}')

    def __str__(self) -> str:
        return "\n".join(self._lines())

    def __repr__(self) -> str:
        return str(self)

    def _lines(self) -> list[str]:
        lines = [f"{self.plan.study.title} ({self.id})"]
        if self.simulated:
            lines.append("SIMULATED DATA: demonstrates, is never evidence")
        if self.has_people:
            allocated = self.people[self.people["arm"].notna()]
            arms = allocated.groupby("arm", observed=False).size()
            lines.append(
                f"{fmt.count(len(self.people), 'participant')} in the files, {len(allocated)} allocated"
                + "".join(f"; {name}: {n}" for name, n in arms.items() if name)
            )
        if self.published is not None:
            lines.append(f"{fmt.count(len(self.published), 'published estimate')}")
        lines += [f"{s.file}: {s.rows_read} {s.noun} read, {s.rows_used} used" for s in self.sources]
        if self.corrections:
            lines.append(f"{fmt.count(len(self.corrections), 'declared correction')} applied")
        if self.locked is not None:
            lines.append(self.locked.sentence())
        return lines

    def _repr_html_(self) -> str:
        head, *rest = self._lines()
        body = "".join(f"<br>{html.escape(line)}" for line in rest)
        ledger = self.ledger()._repr_html_() if self.has_people else ""
        return f"<p><strong>{html.escape(head)}</strong>{body}</p>{ledger}"
