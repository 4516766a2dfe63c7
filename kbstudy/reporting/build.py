"""Results to a report tree: what is said, in which order. Rendering is the writers' business."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from kbstudy import formatting as fmt
from kbstudy.analysis import Results
from kbstudy.claims import Verdict
from kbstudy.estimates import Estimates
from kbstudy.reporting import pictures
from kbstudy.reporting.tree import Align, Block, Card, Cell, Heading, Items, Report, Row, Run, Table, Text

__all__ = ["build"]


def build(results: Results) -> Report:
    """The report of a study.

    Parameters
    ----------
    results
        From :func:`kbstudy.analyse`.

    Returns
    -------
    Report
        An immutable tree that the writers turn into HTML, PDF and Word. The same results give an equal tree.
    """
    study = results.study.plan.study
    blocks = [*_opening(results), *_verdicts(results)]
    if results.study.has_people:
        blocks += [*_flow(results), *_baseline(results), *_outcomes(results), *_analyses(results)]
    if results.study.published is not None:
        blocks += list(_published(results))
    blocks += [*_methods(results), *_data_account(results), *_provenance(results)]
    return Report(
        title=study.title,
        subtitle="A simulated demonstration, made by kbstudy" if results.stamp else "Report, made by kbstudy",
        blocks=tuple(blocks),
        stamp=f"{results.stamp} DATA · NOT EVIDENCE" if results.stamp else "",
        footer=f"{study.id} · kbstudy {results.provenance.kbstudy}",
    )


# ---- what this is ------------------------------------------------------------------------------------------------


def _opening(results: Results) -> Iterator[Block]:
    study = results.study.plan.study
    yield Heading("What this is")
    if results.stamp:
        why = "The data were made by a program. They show what the software does; they say nothing about the world."
        yield Card("note", "Simulated data", (Text(why),))
    if study.summary:
        yield Text(" ".join(study.summary.split()))
    if study.registration:
        yield Text(f"Registration: {study.registration}.")
    facts = list(_facts(results))
    if facts:
        yield Items(tuple(Text(fact) for fact in facts))


def _facts(results: Results) -> Iterator[str]:
    design = results.study.plan.design
    if design is None:
        return
    arms = [arm for arm in results.study.plan.arms if arm]
    how = {"not stated": "how people were allocated is not stated", "single group": "a single group"}
    allocation = how.get(design.allocation, f"{design.allocation} to {fmt.words(arms)}")
    yield f"Design: {allocation}; visits: {fmt.words(design.visit.levels)}."
    primary = next((item for item in results.study.plan.analyses if item.primary), None)
    if primary:
        yield f"Primary analysis: {results.estimates[primary.name].title}."
    else:
        yield "No primary analysis is declared."
    yield "The plan is the study.toml whose hash stands at the end; it was not locked before the data were seen."


# ---- claims ------------------------------------------------------------------------------------------------------


def _verdicts(results: Results) -> Iterator[Block]:
    if not results.verdicts:
        return
    yield Heading("Claims and verdicts")
    yield Table(
        caption="The claims, the verdicts, and what they rest on.",
        header=(_header("Claim", "Verdict", "Found", "Certainty"),),
        rows=tuple(_verdict_row(verdict) for verdict in results.verdicts),
        align=("left", "left", "left", "left"),
        notes=(
            "Supported: the whole interval lies where the claim is true. Not supported: none of it does. Inconclusive: "
            "it lies across the border. No evidence: nothing was measured, which is not the same as no effect.",
        ),
        name="verdicts",
    )
    for verdict in results.verdicts:
        yield _card(verdict)
        figure = pictures.claim(results, verdict)
        if figure:
            yield figure


def _verdict_row(verdict: Verdict) -> Row:
    claim = f"{verdict.claim_id}: “{verdict.says}”"
    certainty = "–" if verdict.certainty == "none" else verdict.certainty
    return Row((Cell(claim), Cell(verdict.word, bold=True), Cell(verdict.found), Cell(certainty)))


def _card(verdict: Verdict) -> Card:
    texts = [Text(verdict.sentence, "lead")]
    texts += [Text(text) for text in (verdict.importance, " ".join(verdict.explanation.split())) if text]
    texts += [Text(verdict.certainty_sentence, "small")] if verdict.certainty_sentence else []
    return Card(verdict.word, f"{verdict.claim_id}: “{verdict.says}”", tuple(texts))


# ---- people ------------------------------------------------------------------------------------------------------


def _flow(results: Results) -> Iterator[Block]:
    if results.flow is None:
        return
    yield Heading("Who took part")
    yield pictures.flow(results)
    yield Heading("Who is in each analysis", 2)
    for name, estimates in results.estimates.items():
        assert estimates.ledger is not None, f"the analysis {name} has no ledger"
    yield Table(
        caption="People in each analysis, and why the others are not.",
        header=(_header("Analysis", "Arm", "Allocated", "Analysed", "Not analysed: who and why"),),
        rows=tuple(row for name in results.estimates for row in _ledger_rows(results, name)),
        align=("left", "left", "right", "right", "left"),
        notes=_never(results),
        name="analysis-sets",
    )


def _ledger_rows(results: Results, name: str) -> Iterator[Row]:
    estimates = results.estimates[name]
    assert estimates.ledger is not None
    yield Row((Cell(estimates.title, span=5),), group=True)
    for row in estimates.ledger.counts().to_dict("records"):
        cells = ("", row["arm"], str(row["randomised"]), str(row["analysed"]), row["who_is_out"] or "–")
        yield Row(tuple(Cell(text) for text in cells))


def _never(results: Results) -> tuple[str, ...]:
    ids = results.ledger().ids("not randomised")
    if not ids:
        return ("Everyone in the files was allocated to an arm.",)
    shown = ", ".join(ids[:12]) + (f" and {len(ids) - 12} more" if len(ids) > 12 else "")
    return (f"{fmt.count(len(ids), 'person', 'people')} in the files had no arm and were never randomised: {shown}.",)


# ---- description -------------------------------------------------------------------------------------------------


def _baseline(results: Results) -> Iterator[Block]:
    if results.baseline is None or results.baseline.empty:
        return
    arms = results.study.plan.arms
    frame = results.baseline
    sizes = [results.study.people["arm"].eq(arm).sum() for arm in arms]
    head = ["", *(f"{arm or 'All'} (n = {size})" for arm, size in zip(arms, sizes, strict=True))]
    rows = [row for name in dict.fromkeys(frame["variable"]) for row in _baseline_rows(frame, name, arms)]
    yield Heading("Who they were")
    yield Table(
        caption="Baseline characteristics by arm, as allocated.",
        header=(_header(*head),),
        rows=tuple(rows),
        align=_numbers(len(arms)),
        notes=(
            "Mean (SD) or number/known (share). “n” is given where a value is missing. There are no p-values: "
            "in a randomised trial a difference at baseline is chance by design, and a test of it answers no question.",
        ),
        name="baseline",
    )


def _baseline_rows(frame: pd.DataFrame, name: str, arms: tuple[str, ...]) -> Iterator[Row]:
    mine = frame[frame["variable"] == name]
    first = mine.iloc[0]
    label = f"{first['label']} ({first['unit']})" if first["unit"] else str(first["label"])
    if first["kind"] == "number":
        cells = [_mean_sd(mine[mine["arm"] == arm].iloc[0], show_n=True) for arm in arms]
        yield Row((Cell(label), *(Cell(text) for text in cells)))
        return
    yield Row((Cell(label), *(Cell("") for _ in arms)))
    for level in dict.fromkeys(mine["level"]):
        rows = [mine[(mine["arm"] == arm) & (mine["level"] == level)].iloc[0] for arm in arms]
        cells = [fmt.percent(row["count"], row["n"]) for row in rows]
        yield Row((Cell(str(level)), *(Cell(text) for text in cells)), indent=True)


def _mean_sd(row: pd.Series, *, show_n: bool = False) -> str:
    if row["n"] == 0:
        return "no value"
    digits = int(row["decimals"])
    text = f"{fmt.number(row['mean'], digits)} ({fmt.number(row['sd'], digits)})"
    return f"{text}, n = {row['n']:.0f}" if show_n and row["n"] < row["allocated"] else text


def _outcomes(results: Results) -> Iterator[Block]:
    if results.outcomes is None or results.outcomes.empty:
        return
    arms, frame = results.study.plan.arms, results.outcomes
    top = (Cell(""), *(Cell(arm or "All", span=2) for arm in arms))
    under = (Cell("Visit"), *(cell for _ in arms for cell in (Cell("n"), Cell("Mean (SD)"))))
    rows: list[Row] = []
    for name in dict.fromkeys(frame["variable"]):
        mine = frame[frame["variable"] == name]
        first = mine.iloc[0]
        rows.append(Row((Cell(f"{first['label']} ({first['unit']})", span=1 + 2 * len(arms)),), group=True))
        for visit in dict.fromkeys(mine["visit"]):
            found = [mine[(mine["arm"] == arm) & (mine["visit"] == visit)].iloc[0] for arm in arms]
            cells = [text for row in found for text in (f"{row['n']:.0f}", _mean_sd(row))]
            rows.append(Row((Cell(str(visit)), *(Cell(text) for text in cells)), indent=True))
    yield Heading("What was measured")
    yield Table(
        caption="Outcomes at each visit: everyone with a value.",
        header=(top, under),
        rows=tuple(rows),
        align=_numbers(2 * len(arms)),
        notes=("Standard deviations, not standard errors.",),
        name="outcomes",
    )


# ---- analyses ----------------------------------------------------------------------------------------------------


def _analyses(results: Results) -> Iterator[Block]:
    if not results.estimates:
        return
    yield Heading("Results")
    for analysis in results.study.plan.analyses:
        estimates = results.estimates[analysis.name]
        label = f"{estimates.title} (primary)" if analysis.primary else estimates.title
        yield Heading(label, 2)
        yield Text(estimates.sentence())
        yield _estimates_table(estimates, analysis.name)
        figure = pictures.estimation(results, analysis.name)
        if figure:
            yield figure


def _estimates_table(estimates: Estimates, name: str) -> Table:
    table = estimates.table().drop(columns="Method", errors="ignore")
    methods = list(dict.fromkeys(estimates.frame["method"].dropna()))
    return Table(
        caption=f"{estimates.title}.",
        header=(_header(*(str(column) for column in table.columns)),),
        rows=tuple(Row(tuple(Cell(str(value)) for value in record)) for record in table.to_numpy()),
        align=_numbers(table.shape[1] - 1),
        notes=(*([f"Methods: {'; '.join(methods)}."] if methods else []), *estimates.notes),
        name=name,
    )


# ---- published numbers -------------------------------------------------------------------------------------------


def _published(results: Results) -> Iterator[Block]:
    frame = results.study.published
    assert frame is not None
    yield Heading("Published numbers")
    rows = []
    for outcome in dict.fromkeys(frame["outcome"]):
        rows.append(Row((Cell(str(outcome).replace("_", " ").capitalize(), span=7),), group=True))
        mine = frame[frame["outcome"] == outcome]
        rows += [_published_row(row) for _, row in mine.iterrows()]
    yield Table(
        caption="Every published number used here, as it was printed.",
        header=(_header("Study", "People and task", "n", "Value", "Spread", "Basis", "Verified"),),
        rows=tuple(rows),
        align=("left", "left", "right", "right", "left", "left", "left"),
        notes=(
            "Measured: the quantity itself was measured. Estimated: it was calculated from something else. Seen: read "
            "where the study was published or registered; a number from memory is refused.",
            *(
                f"{_study(row)}, {str(row['outcome']).replace('_', ' ')}: {row['note']}."
                for _, row in _with_note(frame)
            ),
        ),
        name="published",
    )
    yield Heading("Sources", 2)
    sources = [f"{row['citation']} doi:{row['doi']}" if row["doi"] else row["citation"] for _, row in frame.iterrows()]
    yield Items(tuple(Text(str(text)) for text in dict.fromkeys(sources)))


def _with_note(frame: pd.DataFrame) -> list[tuple[object, pd.Series]]:
    return [(name, row) for name, row in frame.iterrows() if row["note"]]


def _study(row: pd.Series) -> str:
    return f"{row['study']} {row['year']}".strip()


def _published_row(row: pd.Series) -> Row:
    people = "; ".join(text for text in (row["group"], row["task"], row["arm"]) if text)
    spread = {
        "SD": f"SD {row['spread']:g}",
        "SE": f"SE {row['spread']:g}",
        "CI95": f"95% CI {row['low']:g} to {row['high']:g}".replace("-", "−"),
        "none": "not given",
    }[row["spread_kind"]]
    value = (
        f"{row['value']:g} {row['unit']}".replace("-", "−", 1)
        if row["value"] < 0
        else f"{row['value']:g} {row['unit']}"
    )
    cells = (_study(row), people, fmt.number(row["n"], 0), value, spread, row["basis"], row["verified"])
    return Row(tuple(Cell(str(text)) for text in cells))


# ---- methods and provenance --------------------------------------------------------------------------------------


def _methods(results: Results) -> Iterator[Block]:
    yield Heading("Methods")
    everything = [*results.estimates.values(), *results.published.values()]
    for sentence in dict.fromkeys(estimates.method for estimates in everything):
        yield Text(sentence)
    if results.verdicts:
        yield Text(_VERDICT_RULE)
    yield Text(results.provenance.software())
    references = dict.fromkeys(text for estimates in results.estimates.values() for text in estimates.citations)
    if references:
        yield Heading("References", 2)
        yield Items(tuple(Text(text) for text in references), ordered=True)


_VERDICT_RULE = (
    "Each claim declares the values of a quantity for which it would be true. It is supported if the whole confidence "
    "interval lies among them, not supported if none of it does, and inconclusive otherwise; without an interval there "
    "is no evidence. Whether an effect reaches the smallest important difference is said separately and never changes "
    "the verdict. Certainty starts high and is lowered one step for each of: no control group, no randomisation, fewer "
    "than 30 people, an outcome estimated instead of measured, one trial only."
)


def _data_account(results: Results) -> Iterator[Block]:
    study = results.study
    yield Heading("What became of the data")
    rows = [
        Row(
            (
                Cell(s.file),
                Cell(str(s.rows_read)),
                Cell(str(s.rows_used)),
                Cell("; ".join([*s.rows_out, *s.notes]) or "–"),
            )
        )
        for s in study.sources
    ]
    yield Table(
        caption="Rows of each file.",
        header=(_header("File", "Rows read", "Rows used", "Left out, and what was noticed"),),
        rows=tuple(rows),
        align=("left", "right", "right", "left"),
        name="files",
    )
    if study.corrections:
        yield Table(
            caption="Declared corrections. The raw files were not edited.",
            header=(_header("File, row", "Participant", "Column", "Change", "Why", "Who"),),
            rows=tuple(_correction_row(item) for item in study.corrections),
            align=("left",) * 6,
            name="corrections",
        )
    elif study.has_people:
        yield Text("No corrections were declared.")


def _correction_row(item: object) -> Row:
    from kbstudy.study.study import AppliedCorrection

    assert isinstance(item, AppliedCorrection)
    said = item.correction
    who = f"{said.participant}, {said.visit}" if said.visit else said.participant
    cells = (f"{item.file}, row {item.row}", who, said.column or "", item.change, said.why, said.who or "not stated")
    return Row(tuple(Cell(text) for text in cells))


def _provenance(results: Results) -> Iterator[Block]:
    provenance = results.provenance
    yield Heading("Provenance")
    yield Table(
        caption="Inputs of this report.",
        header=(_header("File", "SHA-256"),),
        rows=tuple(Row((Cell(name), Cell(digest))) for name, digest in provenance.inputs.items()),
        align=("left", "left"),
        name="inputs",
    )
    versions = ", ".join(f"{name} {version}" for name, version in provenance.packages.items())
    yield Text(
        (
            Run("Made by "),
            Run(provenance.command, code=True),
            Run(
                f" with kbstudy {provenance.kbstudy}, Python {provenance.python} on {provenance.platform}; {versions}. "
            ),
            Run(f"Random seed: {provenance.seed}. The same inputs and software give the same bytes."),
        )
    )


def _numbers(columns: int) -> tuple[Align, ...]:
    """Text on the left, then columns of numbers."""
    right: tuple[Align, ...] = ("right",)
    return ("left", *right * columns)


def _header(*texts: str) -> tuple[Cell, ...]:
    return tuple(Cell(text, bold=True) for text in texts)
