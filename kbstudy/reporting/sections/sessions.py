"""The sessions that were recorded: what each cost, measured or estimated, and what was odd about each file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from kbstudy import formatting as fmt
from kbstudy.analysis import Results
from kbstudy.measures.energy import EQUATIONS
from kbstudy.reporting import pictures
from kbstudy.reporting.sections.cells import header
from kbstudy.reporting.tree import Block, Cell, Heading, Items, Row, Table, Text
from kbstudy.study import SessionRow

__all__ = ["session_methods", "sessions"]

_NO_SUM = (
    "Aerobic energy, EPOC (oxygen above the baseline after exercise) and lactate are not added up: they pay in part "
    "for the same thing."
)


def sessions(results: Results) -> Iterator[Block]:
    """A sentence that says measured or estimated, the budget of each session, and the oddities of the files."""
    rows = results.study.sessions
    if not rows:
        return
    yield Heading("Energy of each session")
    yield Text(_basis(rows))
    yield _budgets(rows)
    drawn = [pictures.session_budgets(results), *(pictures.session_rates(results, claim) for claim in results.rates)]
    yield from filter(None, drawn)
    odd: dict[str, list[str]] = {}
    for row in rows:
        for text in _oddities(row):
            odd.setdefault(text, []).append(row.file)
    if odd:
        yield Heading("What was odd in the recordings", 2)
        yield Items(tuple(Text(f"{fmt.words(files)}: {text}.") for text, files in odd.items()))


def session_methods(results: Results) -> Iterator[str]:
    """How the energy was computed; once, however many sessions there are, without what differs between them."""
    budgets = [row.session.budget for row in results.study.sessions]
    if not budgets:
        return
    told = [set(budget.method_sentences()) for budget in budgets]
    common = [sentence for sentence in budgets[0].method_sentences() if all(sentence in one for one in told)]
    if any(budget.baseline for budget in budgets):
        common.append("Net energy and EPOC are above each recording's own baseline.")
    yield " ".join(common)


def _basis(rows: Sequence[SessionRow]) -> str:
    estimated = [row for row in rows if row.session.budget.basis == "estimated"]
    names = fmt.words(sorted({EQUATIONS[row.session.budget.equation].name for row in rows}))
    devices = fmt.words(sorted({row.session.recording.device for row in rows}))
    count = fmt.count(len(rows), "session")
    if not estimated:
        return f"{count}, measured: oxygen and carbon dioxide ({devices}), turned into energy by {names}."
    if len(estimated) == len(rows):
        return f"{count}, estimated: oxygen was measured ({devices}) and carbon dioxide assumed ({names})."
    return f"{count} ({devices}), by {names}; carbon dioxide was assumed, so energy is estimated, in {len(estimated)}."


def _budgets(rows: Sequence[SessionRow]) -> Table:
    visits = len({row.visit for row in rows}) > 1
    shown = ["Participant", *(["Visit"] if visits else []), "Minutes", "kcal/min", "kcal, gross", "kcal, net"]
    shown += ["EPOC, kcal", "VO2, mL/kg/min", "RER above 1"]
    return Table(
        caption="Energy budget of each session.",
        header=(header(*shown),),
        rows=tuple(_budget_row(row, visits) for row in rows),
        align=tuple("left" if name in ("Participant", "Visit") else "right" for name in shown),
        notes=tuple(_notes(rows)),
        name="sessions",
    )


def _budget_row(row: SessionRow, visits: bool) -> Row:
    budget, numbers = row.session.budget, row.session.numbers
    least = "≥ " if budget.epoc_truncated or budget.epoc_minutes_missing else ""
    epoc = fmt.number(budget.epoc_kcal, 1)
    share = numbers["share_time_rer_above_one"]
    texts = [
        row.participant,
        *([row.visit] if visits else []),
        fmt.number(budget.minutes, 1),
        fmt.number(budget.aerobic_kcal_min, 1),
        fmt.number(budget.aerobic_kcal, 0),
        fmt.number(budget.aerobic_net_kcal, 0),
        epoc if epoc == fmt.MISSING else f"{least}{epoc}",
        fmt.number(numbers["vo2_ml_kg_min"], 1),
        fmt.MISSING if share != share else f"{fmt.number(100 * share, 0)}%",
    ]
    return Row(tuple(Cell(text) for text in texts))


def _notes(rows: Sequence[SessionRow]) -> Iterator[str]:
    yield "Gross: rest included. RER above 1: share of the time in which carbon dioxide does not come from fuel alone."
    if any(row.session.budget.baseline for row in rows):
        yield "Net: minus the energy of the baseline over the same time."
    low = [row.session.budget.aerobic_low_kcal / row.session.budget.aerobic_kcal - 1 for row in rows]
    high = [row.session.budget.aerobic_high_kcal / row.session.budget.aerobic_kcal - 1 for row in rows]
    yield (
        f"Another equation of the registry would change a total by {fmt.number(100 * min(low), 1)}% to "
        f"+{fmt.number(100 * max(high), 1)}%, with everything else as here."
    )
    if any(row.session.budget.epoc_truncated or row.session.budget.epoc_minutes_missing for row in rows):
        yield "≥: uptake was not back at the baseline when the recording ended, or data are missing after exercise."
    yield _NO_SUM
    yield "; ".join(f"{device}: {fmt.words(people)}" for device, people in _by_device(rows).items()) + "."


def _by_device(rows: Sequence[SessionRow]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for row in rows:
        found.setdefault(row.session.recording.device, []).append(row.participant)
    return {device: list(dict.fromkeys(found[device])) for device in sorted(found)}


def _oddities(row: SessionRow) -> Iterator[str]:
    yield from row.notes
    budget = row.session.budget
    if budget.minutes_excluded:
        yield f"{fmt.number(budget.minutes_excluded, 1)} min of the session without data, left out"
    if budget.minutes_bridged:
        yield f"{fmt.number(budget.minutes_bridged, 1)} min of the session without data, bridged by a straight line"
    yield from (str(issue) for issue in row.session.recording.issues)
