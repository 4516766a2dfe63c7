"""The figures of a report: drawn by :mod:`kbstudy.figures`, with captions and words for those who cannot see them."""

from __future__ import annotations

import math
import textwrap
from typing import Any

import pandas as pd

from kbstudy import figures
from kbstudy import formatting as fmt
from kbstudy.analysis import Results
from kbstudy.claims import Verdict
from kbstudy.estimates import Estimates
from kbstudy.evidence import study_and_year
from kbstudy.figures.claims import ClaimRow
from kbstudy.figures.energy import budgets_height_mm, energy_claim_height_mm
from kbstudy.figures.flow import flow_height_mm
from kbstudy.figures.forest import ForestRow, forest_height_mm
from kbstudy.figures.multiverse import multiverse_height_mm
from kbstudy.figures.style import house_style
from kbstudy.reporting._planned import marked
from kbstudy.reporting.tree import Figure

__all__ = [
    "checks",
    "claim",
    "estimation",
    "flow",
    "means_over_time",
    "own",
    "safety",
    "sensitivity",
    "session_budgets",
    "session_rates",
    "specification_curve",
]

_WIDE_MM = 160.0
_NARROW_MM = 90.0


def flow(results: Results) -> Figure:
    """The flow of participants."""
    assert results.flow is not None
    outcome = results.study.plan.outcome(results.flow.outcome).title
    with house_style():
        figure = figures.new_figure(_WIDE_MM, flow_height_mm(results.flow))
        figures.draw_flow(results.flow, figure.subplots())
    what = f" analysis {results.flow.analysis}," if results.flow.analysis else ""
    caption = f"Flow of participants;{what} outcome: {outcome}."
    return _figure(results, figure, "flow", caption, f"Flow diagram. {results.flow.text()}")


def estimation(results: Results, name: str) -> Figure | None:
    """Everyone's baseline and follow-up with means and the difference; None where an analysis has no such points."""
    estimates, analysis = results.estimates[name], results.study.plan.analysis(name)
    if name not in results.means:
        return None
    assert results.study.plan.design is not None
    visits = (results.study.plan.design.visit.baseline, analysis.estimand.visit)
    confidence = fmt.confidence(estimates.level)
    with house_style():
        figure = figures.new_figure(_WIDE_MM if estimates.compares else _NARROW_MM, 78)
        figures.draw_estimation(estimates, results.means[name], visits, figure)
    who = f"with a value at {fmt.words(visits)}" if analysis.is_mixed else "who was analysed"
    title = marked(estimates.title, results.prespecified("analysis", name))
    caption = (
        f"{title}: every person {who} (thin lines), the means with {confidence} CI"
        f"{', and the adjusted difference' if estimates.compares else ''}."
    )
    told = estimates.sentence(contrast=analysis.estimand.contrast if estimates.compares else None)
    return _figure(results, figure, f"estimation-{name}", caption, f"{caption} {told}")


def own(results: Results, name: str) -> Figure | None:
    """The figure that a method has of its own (a waterfall, a scatter); None for the others."""
    estimates = results.estimates[name]
    if estimates.figure == "plot_estimates":
        return None
    caption = f"{estimates.title}."
    return _plotted(results, estimates, f"own-{name}", caption)


def safety(results: Results, name: str) -> Figure:
    """Harms or adherence."""
    estimates = {"harms": results.harms, "adherence": results.adherence}[name]
    assert estimates is not None, "only drawn where it is declared"
    return _plotted(results, estimates, name, f"{estimates.title}.")


def _plotted(results: Results, estimates: Estimates, name: str, caption: str) -> Figure:
    """The figure that ``.plot()`` draws; it carries its own title and stamp."""
    import matplotlib.pyplot as plt

    drawn = estimates.with_(stamp="").plot()  # the picture has its own
    figure: Any = getattr(drawn, "figure", drawn)
    found = _figure(results, figure, name, caption, f"{caption} {estimates.sentence()}")
    plt.close(figure)
    return found


def means_over_time(results: Results, name: str) -> Figure | None:
    """Adjusted means at each visit; None for an analysis of one visit."""
    estimates = results.estimates[name]
    means = estimates.frame[estimates.frame["term"] == "adjusted_mean"]
    if means["visit"].nunique() < 2:
        return None
    with house_style():
        figure = figures.new_figure(_WIDE_MM, 72 + 4 * means["arm"].nunique())
        figures.draw_means_over_time(estimates, figure)
    title = marked(estimates.outcome, results.prespecified("analysis", name))
    caption = (
        f"{title}: adjusted means at each visit with {fmt.confidence(estimates.level)} CI, from one "
        "model of all visits; n is how many people have an analysed value."
    )
    digits = estimates.decimals
    told = [
        f"{row['arm']} at {row['visit']}: {fmt.number(row['estimate'], digits)} "
        f"({fmt.interval(row['low'], row['high'], digits)}; n = {row['n']})"
        for _, row in means.iterrows()
    ]
    return _figure(results, figure, f"over-time-{name}", caption, f"{caption} {'; '.join(told)}.")


def session_budgets(results: Results) -> Figure | None:
    """Energy of each recorded session; None without recordings."""
    rows = results.study.sessions
    if not rows:
        return None
    visits = len({row.visit for row in rows}) > 1
    budgets = {f"{row.participant}, {row.visit}" if visits else row.participant: row.session.budget for row in rows}
    with house_style():
        figure = figures.new_figure(_WIDE_MM, budgets_height_mm(len(budgets)))
        figures.draw_energy_budgets(budgets, figure)
    caption = (
        "Aerobic energy of each session, gross; the black line is what the choice of equation is worth. What is beside "
        "it is not added: it pays in part for the same thing."
    )
    told = "; ".join(f"{name}: {fmt.number(budget.aerobic_kcal_min, 1)} kcal/min" for name, budget in budgets.items())
    return _figure(results, figure, "session-budgets", caption, f"{caption} {told}.")


def session_rates(results: Results, claim: str) -> Figure | None:
    """Each person's rate of energy against what was claimed; None for a claim about something else."""
    if claim not in results.rates:
        return None
    rates = results.rates[claim]
    analysis = results.study.plan.claim(claim).analysis
    assert analysis is not None, "only a claim with an analysis has rates"
    estimates = results.estimates[analysis]
    with house_style():
        figure = figures.new_figure(_WIDE_MM, energy_claim_height_mm(len(rates.people)))
        axes = figure.subplots()
        figures.draw_energy_claim(rates.people, estimates, rates.stated_kcal_min, axes, pace=rates.pace)
    caption = (
        f"{_named(results, claim)}: each person's rate of energy in the session, the mean with "
        f"{fmt.confidence(estimates.level)} CI, and the stated {fmt.plain(rates.stated_kcal_min)} kcal/min."
    )
    if not math.isnan(rates.pace_s_per_mile):
        caption += f" Short lines: what running a {rates.pace} would cost each person at their own body mass."
    return _figure(results, figure, f"rates-{claim}", caption, f"{caption} {estimates.sentence()}")


def sensitivity(results: Results) -> Figure:
    """The primary analysis and those that answer the same question otherwise, one under the other."""
    frame = results.sensitivity
    assert frame is not None, "only drawn where there is something to draw"
    primary = results.estimates[frame.iloc[0]["analysis"]]
    with house_style():
        figure = figures.new_figure(_WIDE_MM, 24 + 9 * len(frame))
        figures.draw_sensitivity(frame, primary, figure.subplots())
    caption = (
        f"{primary.outcome}: the primary analysis (bold) and other answers to the same question, with "
        f"{fmt.confidence(primary.level)} CI.{_planned_among(results, frame)}"
    )
    digits = primary.decimals
    told = "; ".join(
        f"{row['title']}: {fmt.number(row['estimate'], digits)} ({fmt.interval(row['low'], row['high'], digits)})"
        for row in frame.to_dict("records")
    )
    return _figure(results, figure, "sensitivity", caption, f"{caption} {told}.")


def _planned_among(results: Results, frame: pd.DataFrame) -> str:
    """Which of several analyses are post hoc, where the plan was locked."""
    if results.study.locked is None:
        return ""
    late = [row["title"] for row in frame.to_dict("records") if not results.prespecified("analysis", row["analysis"])]
    return f" {marked('; '.join(late), False)}." if late else " All are prespecified."


def checks(results: Results, name: str) -> Figure:
    """Residuals, quantiles, spread and influence of a mixed model."""
    found = results.checks[name]
    with house_style():
        figure = figures.new_figure(_WIDE_MM, 118)
        figures.draw_checks(found, figure)
    model = marked(f"the model of {name}", results.prespecified("analysis", name))
    caption = f"Checks of {model}: residuals, normal quantiles, spread by visit, and each person's weight."
    return _figure(results, figure, f"checks-{name}", caption, f"{caption} {' '.join(found.sentences)}")


def specification_curve(results: Results, claim: str) -> Figure:
    """Every specification of a claim's multiverse."""
    many = results.multiverses[claim]
    with house_style():
        figure = figures.new_figure(_WIDE_MM, multiverse_height_mm(many))
        figures.draw_multiverse(many, figure)
    caption = (
        f"{marked(f'Claim {claim}', results.prespecified('multiverse', claim))}: the estimate of every specification "
        "with its interval, from small to large, and below it the options that made it. Shaded: values that would make "
        "the claim true."
    )
    return _figure(results, figure, f"specifications-{claim}", caption, f"{caption} {many.sentence()}")


def claim(results: Results, verdict: Verdict) -> Figure | None:
    """The claim's region and the intervals that speak to it; None where there is nothing to draw."""
    if verdict.claim_id in results.pooled:
        return _forest(results, verdict)
    rows = _claim_rows(results, verdict)
    if not rows:
        return None
    unit = verdict.evidence.unit
    label = _axis_label(verdict)
    with house_style():
        figure = figures.new_figure(_WIDE_MM, 26 + 9 * len(rows))
        figures.draw_claim(rows, verdict.region, label, figure.subplots())
    caption = _claim_caption(results, verdict, rows)
    told = "; ".join(_in_words(row, verdict) for row in rows)
    alt = f"Claim {verdict.claim_id} needs {verdict.region.text(unit)}. {told}."
    return _figure(results, figure, f"claim-{verdict.claim_id}", caption, alt)


def _axis_label(verdict: Verdict) -> str:
    unit, quantity = verdict.evidence.unit, verdict.quantity.strip(" ,") or "estimate"
    return f"{quantity[0].upper()}{quantity[1:]} ({unit})" if unit else quantity


def _forest(results: Results, verdict: Verdict) -> Figure:
    """The studies that a claim is judged on together, and those beside them."""
    pooled, estimates, table = (
        results.pooled[verdict.claim_id],
        results.published[verdict.claim_id],
        results.study.published,
    )
    assert table is not None
    rows = [row for _, row in estimates.frame.iterrows() if row["term"] in table.index]
    several = _have_several_outcomes(table, estimates)
    weights = [*pooled.weights, *[math.nan] * (len(rows) - pooled.k)]
    drawn = [
        ForestRow(
            label=_label(table.loc[row["term"]], several),
            estimate=row["estimate"],
            low=row["low"],
            high=row["high"],
            weight=weight,
            measured=table.loc[row["term"], "basis"] == "measured",
        )
        for row, weight in zip(rows, weights, strict=True)
        if not math.isnan(row["estimate"])
    ]
    beside, has_prediction = len(drawn) - pooled.k, not math.isnan(pooled.prediction_low)
    with house_style():
        figure = figures.new_figure(_WIDE_MM, forest_height_mm(pooled.k, beside, has_prediction))
        figures.draw_forest(pooled, drawn, _axis_label(verdict), figure.subplots(), verdict.region)
    parts = [
        f"{_named(results, verdict.claim_id)}: the studies that the verdict rests on, and the diamond of all together. "
        "The shaded values would make the claim true. The area of a square is the weight of its study."
    ]
    if any(not row.measured for row in drawn):
        parts.append("Filled marks were measured, hollow ones estimated.")
    caption = " ".join([*parts, *estimates.notes])
    told = "; ".join(_told(row, pooled.decimals, pooled.level) for row in drawn)
    unit = verdict.evidence.unit
    alt = f"Claim {verdict.claim_id} needs {verdict.region.text(unit)}. {told}. {pooled.sentence()}"
    return _figure(results, figure, f"claim-{verdict.claim_id}", caption, alt)


def _claim_caption(results: Results, verdict: Verdict, rows: list[ClaimRow]) -> str:
    parts = [f"{_named(results, verdict.claim_id)}: the shaded values would make it true."]
    if any(not row.measured for row in rows):
        parts.append("Filled points were measured, hollow ones estimated.")
    bars = f"Bars are {fmt.confidence(verdict.evidence.level)} CIs"
    parts.append(f"{bars}; the verdict rests on the row in bold." if len(rows) > 1 else f"{bars}.")
    published = results.published.get(verdict.claim_id)
    return " ".join([*parts, *(published.notes if published else ())])


def _named(results: Results, claim: str) -> str:
    return marked(f"Claim {claim}", results.prespecified("claim", claim))


def _claim_rows(results: Results, verdict: Verdict) -> list[ClaimRow]:
    e = verdict.evidence
    if verdict.claim_id not in results.published:
        return [ClaimRow("This study", e.estimate, e.low, e.high, judged_on=True)] if e.exists else []
    if e.direction:
        return []  # a direction has no place on an axis
    estimates, table = results.published[verdict.claim_id], results.study.published
    assert table is not None
    several = _have_several_outcomes(table, estimates)
    return [
        ClaimRow(
            label=_label(table.loc[row["term"]], several),
            estimate=row["estimate"],
            low=row["low"],
            high=row["high"],
            measured=table.loc[row["term"], "basis"] == "measured",
            judged_on=row["term"] == estimates.primary,
        )
        for _, row in estimates.frame.iterrows()
        if not math.isnan(row["estimate"])
    ]


def _label(row: pd.Series, several_outcomes: bool) -> str:
    people = "" if math.isnan(row["n"]) else f" (n = {row['n']:.0f})"
    what = f": {row['outcome'].replace('_', ' ')}" if several_outcomes else ""
    return "\n".join(textwrap.wrap(f"{study_and_year(row)}{people}{what}", 40))


def _have_several_outcomes(table: pd.DataFrame, estimates: Estimates) -> bool:
    """Whether a study would not do as the name of a row, because it has more than one."""
    rows = table.loc[[term for term in estimates.frame["term"] if term in table.index]]
    return bool(rows.duplicated(["study", "year"]).any() and rows["outcome"].nunique() > 1)


def _in_words(row: ClaimRow, verdict: Verdict) -> str:
    return _told(row, verdict.evidence.decimals, verdict.evidence.level)


def _told(row: ClaimRow | ForestRow, digits: int, at: float) -> str:
    level = fmt.confidence(at)
    span = "no interval" if math.isnan(row.low) else f"{level} CI {fmt.interval(row.low, row.high, digits)}"
    basis = "measured" if row.measured else "estimated"
    label = row.label.replace("\n", " ")
    return f"{label}: {fmt.number(row.estimate, digits)} ({span}, {basis})"


def _figure(results: Results, drawn: object, name: str, caption: str, alt: str) -> Figure:
    picture = figures.picture(drawn, results.stamp)  # type: ignore[arg-type]
    stamp = f"{results.stamp} DATA. " if results.stamp else ""
    if picture.boxes:
        caption = f"{caption} The figure's font has no {picture.boxes}: drawn as boxes."
    return Figure(f"{stamp}{caption}", f"{stamp}{alt}", picture.svg, picture.png, picture.width_mm, name)
