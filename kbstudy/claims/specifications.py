"""Every defensible way to the same answer: all combinations of declared choices, and how many keep the verdict."""

from __future__ import annotations

import html
import itertools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import pandas as pd

from kbstudy import formatting as fmt
from kbstudy.claims.rule import Region, VerdictWord, judge
from kbstudy.errors import PlanError, Problem, Problems, StudyError
from kbstudy.estimates import Estimates
from kbstudy.progress import Bar

__all__ = ["FOUND", "NO_EFFECT", "Multiverse", "in_words", "multiverse"]

#: What is known of each specification, beside its choices.
FOUND: Final = ("estimate", "low", "high", "n", "verdict", "error")
#: Choices whose names hold a unit.
_CHOICES: Final = {
    "body_mass_kg": "body mass (kg)",
    "kcal_per_litre": "kcal per litre of oxygen",
    "lactate_rise_mmol_l": "rise of lactate (mmol/L)",
    "lactate_ml_kg_mmol": "oxygen for lactate (mL/kg for each mmol/L)",
}
#: The option of a choice that makes no difference in a combination, so that it is not run once for each option.
NO_EFFECT: Final = "no effect"
#: More specifications than this are asked for by mistake far more often than on purpose.
_MOST: Final = 20_000
_WORDS: Final[tuple[VerdictWord, ...]] = ("supported", "not supported", "inconclusive", "no evidence")
_SAID: Final = {
    "supported": "supported",
    "not supported": "not supported",
    "inconclusive": "inconclusive",
    "no evidence": "without an interval",
}


@dataclass(frozen=True, repr=False)
class Multiverse:
    """What every specification found. Made by :func:`kbstudy.multiverse`.

    Parameters
    ----------
    frame
        One row a specification: a column a choice (text), then ``estimate, low, high, n, verdict, error``. A
        specification that cannot be answered stands in it with its ``error``; none is left out.
    choices
        Name of each choice, and its options in the order of the declaration.
    region
        The values for which the claim is true, or ``None`` where nothing is claimed.
    declared
        The options of the specification that was declared beforehand, by choice; empty if none was.
    quantity, unit, decimals, stamp
        For words and figures.
    """

    frame: pd.DataFrame
    choices: Mapping[str, tuple[str, ...]]
    region: Region | None = None
    declared: Mapping[str, str] = field(default_factory=dict)
    quantity: str = ""
    unit: str = ""
    decimals: int = 2
    stamp: str = ""

    @property
    def answered(self) -> pd.DataFrame:
        """The specifications that have an answer."""
        return self.frame[self.frame["error"] == ""]

    def share(self, word: str) -> float:
        """The share of all specifications, 0 to 1, with this verdict; those without an answer count against it."""
        return float((self.frame["verdict"] == word).sum()) / len(self.frame)

    def influence(self) -> pd.DataFrame:
        """How much each choice moves the estimate.

        Returns
        -------
        pandas.DataFrame
            A row an option: ``choice, option, specifications, mean_estimate``; ``moves`` is, for the choice, the
            largest minus the smallest of these means, without combinations in which it has no effect; then the number
            of specifications with each verdict. The choice that moves most comes first.
        """
        rows = [row for name, options in self.choices.items() for row in self._options(name, options)]
        frame = pd.DataFrame(rows, columns=["choice", "option", "specifications", "mean_estimate", "moves", *_WORDS])
        return frame.sort_values("moves", ascending=False, kind="stable", ignore_index=True)

    def _options(self, name: str, options: Sequence[str]) -> list[dict[str, Any]]:
        groups = [self.answered[self.answered[name] == option] for option in options]
        means = [float(group["estimate"].mean()) if len(group) else math.nan for group in groups]
        compared = zip(options, means, strict=True)
        known = [mean for option, mean in compared if option != NO_EFFECT and not math.isnan(mean)]
        moves = max(known) - min(known) if known else math.nan
        return [
            {"choice": name, "option": option, "specifications": len(group), "mean_estimate": mean, "moves": moves}
            | {word: int((group["verdict"] == word).sum()) for word in _WORDS}
            for option, group, mean in zip(options, groups, means, strict=True)
        ]

    # ---- views -----------------------------------------------------------------------------------------------------

    def table(self) -> pd.DataFrame:
        """The frame as a reader wants it, sorted by the estimate."""
        shown = self.frame.sort_values("estimate", kind="stable", na_position="last")
        digits, unit = self.decimals, f" ({self.unit})" if self.unit else ""
        columns = {name: shown[name] for name in self.choices}
        columns[f"Estimate{unit}"] = pd.Series([fmt.number(v, digits) for v in shown["estimate"]], shown.index)
        spans = [fmt.interval(a, b, digits) for a, b in zip(shown["low"], shown["high"], strict=True)]
        columns["CI"] = pd.Series(spans, shown.index)
        columns["n"] = pd.Series([fmt.number(v, 0) for v in shown["n"]], shown.index)
        if self.region is not None:
            columns["Verdict"] = shown["verdict"]
        if (shown["error"] != "").any():
            columns["No answer because"] = shown["error"]
        return pd.DataFrame(columns).reset_index(drop=True)

    def sentence(self) -> str:
        """The share of specifications with each verdict, the range of the estimates, the choice that moves most."""
        stamp = f"[{self.stamp}] " if self.stamp else ""
        return stamp + " ".join(self._sentences())

    def _sentences(self) -> Iterator[str]:
        n = len(self.frame)
        about = f" of {self.quantity}" if self.quantity else ""
        if self.region is None:
            yield f"{fmt.count(n, 'specification')}{about}."
        else:
            parts = [
                f"{_SAID[word]} in {count}" for word in _WORDS if (count := int((self.frame["verdict"] == word).sum()))
            ]
            failed = n - len(self.answered)
            parts += [f"without an answer in {failed}"] if failed else []
            yield f"Of {fmt.count(n, 'specification')}{about}, the claim is {fmt.words(parts)}."
        found = self.answered["estimate"]
        if len(found):
            unit = f" {self.unit}" if self.unit else ""
            yield f"Estimates go from {fmt.interval(found.min(), found.max(), self.decimals)}{unit}."
        most = self.influence()
        if len(most) and most.loc[0, "moves"] > 0:
            unit = f" {self.unit}" if self.unit else ""
            moved = fmt.number(most.loc[0, "moves"], self.decimals)
            yield f"The choice that moves the estimate most is {in_words(most.loc[0, 'choice'])} ({moved}{unit})."

    def methods(self) -> str:
        """How the specifications were made, with a reference."""
        listed = "; ".join(f"{in_words(name)}: {fmt.words(options, 'or')}" for name, options in self.choices.items())
        return (
            f"Every combination of these choices was run ({listed}); combinations that make no sense were left out "
            "beforehand, none because of its result. The share of specifications is a description of how much hangs on "
            "choices. It is no probability and no test. Steegen S et al. Perspect Psychol Sci 2016;11:702–712. "
            "doi:10.1177/1745691616658637. Simonsohn U et al. Nat Hum Behav 2020;4:1208–1214. "
            "doi:10.1038/s41562-020-0912-z"
        )

    def plot(self) -> Any:
        """The specification curve: a new figure."""
        from kbstudy.figures.multiverse import plot_multiverse

        return plot_multiverse(self)

    def to_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        rows = self.frame.astype("object").where(self.frame.notna(), None).to_dict("records")
        return {
            "choices": {name: list(options) for name, options in self.choices.items()},
            "declared": dict(self.declared),
            "quantity": self.quantity,
            "unit": self.unit,
            "stamp": self.stamp,
            "sentence": self.sentence(),
            "rows": rows,
        }

    def __str__(self) -> str:
        return f"{self.sentence()}\n{self.table().to_string(index=False)}"

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        return f"<p>{html.escape(self.sentence())}</p>{fmt.html_table(self.table())}"


def in_words(name: str) -> str:
    """A choice as words: ``RER above one``."""
    return _CHOICES.get(name) or name.replace("_", " ").replace("rer ", "RER ")


def multiverse(
    analysis: Callable[..., Any],
    choices: Mapping[str, Sequence[Any]],
    *,
    region: Region | None = None,
    judged_at: Callable[[Mapping[str, Any]], Region] | None = None,
    makes_sense: Callable[[Mapping[str, Any]], bool] | None = None,
    declared: Mapping[str, Any] | None = None,
    quantity: str = "",
    unit: str = "",
    decimals: int = 2,
    stamp: str = "",
    workers: int | None = None,
    progress: bool | None = None,
) -> Multiverse:
    """Run an analysis under every combination of defensible choices, and say in how many the verdict stays.

    Parameters
    ----------
    analysis
        Called with one option of each choice by name. Returns :class:`~kbstudy.Estimates` (its primary row is used), or
        a mapping with ``estimate``, and ``low``, ``high``, ``n`` where there are such.
    choices
        For each argument of ``analysis`` the options that somebody competent could defend before seeing results.
    region
        The values that would make the claim true; without one there are no verdicts.
    judged_at
        Told the options of a combination: the region to judge it at, where the threshold is one of the choices.
    makes_sense
        Told the options of a combination; those for which it is false are not run. It must not look at results.
    declared
        The options that were declared beforehand; marked in the figure.
    quantity, unit, decimals, stamp
        For words and figures; ``stamp`` is ``"SIMULATED"`` for made-up data.
    workers
        Processes, through joblib. ``None``: one, or what ``joblib.parallel_config`` says, so that a cluster can serve.
    progress
        ``None``: a bar after a second, where somebody can see it. ``True``, ``False``: always, never.

    Returns
    -------
    Multiverse
        One row a specification in the order of the choices; the same for any number of workers.

    Raises
    ------
    PlanError
        No choices, a choice without options or with one twice, a declared option that is none, no combination that
        makes sense, more than 20,000 combinations.

    When not to use
    ---------------
    As a test, or to choose a result. With options that nobody would defend: they only widen the curve.

    Notes
    -----
    An error of kbstudy in one specification (too few people left, say) becomes its ``error`` and counts against every
    share; any other exception stops the run.

    References
    ----------
    Steegen et al. 2016, doi:10.1177/1745691616658637; Simonsohn, Simmons & Nelson 2020, doi:10.1038/s41562-020-0912-z

    Examples
    --------
    >>> from kbstudy.claims import Region
    >>> def rate(litres, kcal_a_litre, mass):
    ...     value = litres * kcal_a_litre * mass / 1000
    ...     return {"estimate": value, "low": value - 1, "high": value + 1}
    >>> many = multiverse(
    ...     rate,
    ...     {"litres": [30, 32], "kcal_a_litre": [4.8, 5.0], "mass": [70, 90]},
    ...     region=Region(at_least=14.6),
    ...     quantity="energy",
    ...     unit="kcal/min",
    ...     decimals=1,
    ... )
    >>> print(many.sentence())
    Of 8 specifications of energy, the claim is not supported in 6 and inconclusive in 2. Estimates go from 10.1 to \
14.4 kcal/min. The choice that moves the estimate most is mass (3.0 kcal/min).
    """
    labelled = _labelled(choices)
    _check(labelled, declared)
    wanted = [
        combination
        for combination in itertools.product(*(options.items() for options in labelled.values()))
        if makes_sense is None or makes_sense(dict(zip(labelled, (value for _, value in combination), strict=True)))
    ]
    if not wanted:
        raise PlanError("no combination of the choices makes sense, so there is nothing to run")
    tasks = [dict(zip(labelled, (value for _, value in combination), strict=True)) for combination in wanted]
    regions = [region if judged_at is None else judged_at(task) for task in tasks]
    found = _run(analysis, tasks, regions, workers, progress)
    labels = [dict(zip(labelled, (label for label, _ in combination), strict=True)) for combination in wanted]
    frame = pd.DataFrame([{**label, **row} for label, row in zip(labels, found, strict=True)])
    return Multiverse(
        frame=frame.astype({"estimate": "float64", "low": "float64", "high": "float64", "n": "float64"}),
        choices={name: tuple(options) for name, options in labelled.items()},
        region=region,
        declared={name: _label(option) for name, option in (declared or {}).items()},
        quantity=quantity,
        unit=unit,
        decimals=decimals,
        stamp=stamp,
    )


def _label(option: Any) -> str:
    """An option as text: lists by their members, nothing as "none"."""
    if option is None:
        return "none"
    if isinstance(option, list | tuple):
        return fmt.words([_label(part) for part in option]) or "none"
    return fmt.plain(option) if isinstance(option, float) else str(option)


def _labelled(choices: Mapping[str, Sequence[Any]]) -> dict[str, dict[str, Any]]:
    """For each choice its options by label."""
    problems, found = Problems(), {}
    for name, options in choices.items():
        if isinstance(options, str) or not isinstance(options, Sequence) or not len(options):
            do = 'For example {"method": ["a", "b"]}.'
            problems.add(Problem(f'choice "{name}" has no list of options', do=do))
            continue
        labels = [_label(option) for option in options]
        twice = sorted({label for label in labels if labels.count(label) > 1})
        if twice:
            problems.add(Problem(f'choice "{name}" has {fmt.words(twice)} more than once'))
        if name in FOUND:
            problems.add(Problem(f'"{name}" cannot be the name of a choice: it is a column of the result'))
        found[name] = dict(zip(labels, options, strict=True))
    problems.raise_as(PlanError)
    return found


def _check(labelled: Mapping[str, Mapping[str, Any]], declared: Mapping[str, Any] | None) -> None:
    if not labelled:
        raise PlanError("there are no choices, so there is one way only")
    problems = Problems()
    size = math.prod(len(options) for options in labelled.values())
    if size > _MOST:
        what = f"{size} combinations are more than {_MOST}"
        problems.add(
            Problem(what, do="Leave out options that make no difference, or choices that nobody argues about.")
        )
    for name, option in (declared or {}).items():
        if name not in labelled or _label(option) not in labelled[name]:
            options = fmt.words(list(labelled.get(name, ()))) or "no such choice"
            problems.add(Problem(f'declared option {name} = "{_label(option)}" is none of the options ({options})'))
    problems.raise_as(PlanError)


def _run(
    analysis: Callable[..., Any],
    tasks: Sequence[Mapping[str, Any]],
    regions: Sequence[Region | None],
    workers: int | None,
    progress: bool | None,
) -> list[dict[str, Any]]:
    from joblib import Parallel, delayed

    calls = (delayed(_one)(analysis, task, region) for task, region in zip(tasks, regions, strict=True))
    rows = []
    with Bar("Specifications", len(tasks), progress) as bar:
        for row in Parallel(n_jobs=workers, return_as="generator")(calls):
            rows.append(row)
            bar.advance()
    return rows


def _one(analysis: Callable[..., Any], task: Mapping[str, Any], region: Region | None) -> dict[str, Any]:
    """One specification; an error of ours is its result."""
    try:
        found = _numbers(analysis(**task))
    except StudyError as error:
        nothing = {"estimate": math.nan, "low": math.nan, "high": math.nan, "n": math.nan}
        return {**nothing, "verdict": "", "error": error.problems[0].what}
    verdict = "" if region is None else judge(found["low"], found["high"], region)
    return {**found, "verdict": verdict, "error": ""}


def _numbers(result: Any) -> dict[str, float]:
    row = result.row() if isinstance(result, Estimates) else result
    if not isinstance(row, Mapping | pd.Series) or "estimate" not in row:
        do = 'Return Estimates, or {"estimate": 1.2, "low": 0.4, "high": 2.0, "n": 24}.'
        raise PlanError(Problem(f"the analysis returned a {type(result).__name__} without an estimate", do=do))
    return {name: _float(row.get(name)) for name in ("estimate", "low", "high", "n")}


def _float(value: Any) -> float:
    return math.nan if value is None or pd.isna(value) else float(value)
