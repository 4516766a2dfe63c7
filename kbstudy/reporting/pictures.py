"""The figures of a report: drawn by :mod:`kbstudy.figures`, with captions and words for those who cannot see them."""

from __future__ import annotations

import math

import pandas as pd

from kbstudy import figures
from kbstudy import formatting as fmt
from kbstudy.analysis import Results
from kbstudy.claims import Verdict
from kbstudy.evidence import study_and_year
from kbstudy.figures.claims import ClaimRow
from kbstudy.figures.flow import flow_height_mm
from kbstudy.figures.style import house_style
from kbstudy.reporting.tree import Figure

__all__ = ["claim", "estimation", "flow", "means_over_time"]

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
    caption = (
        f"{estimates.title}: every person {who} (thin lines), the means with {confidence} CI"
        f"{', and the adjusted difference' if estimates.compares else ''}."
    )
    told = estimates.sentence(contrast=analysis.estimand.contrast if estimates.compares else None)
    return _figure(results, figure, f"estimation-{name}", caption, f"{caption} {told}")


def means_over_time(results: Results, name: str) -> Figure | None:
    """Adjusted means at each visit; None for an analysis of one visit."""
    estimates = results.estimates[name]
    means = estimates.frame[estimates.frame["term"] == "adjusted_mean"]
    if means["visit"].nunique() < 2:
        return None
    with house_style():
        figure = figures.new_figure(_WIDE_MM, 72 + 4 * means["arm"].nunique())
        figures.draw_means_over_time(estimates, figure)
    caption = (
        f"{estimates.outcome}: adjusted means at each visit with {fmt.confidence(estimates.level)} CI, from one "
        "model of all visits; n is how many people have an analysed value."
    )
    digits = estimates.decimals
    told = [
        f"{row['arm']} at {row['visit']}: {fmt.number(row['estimate'], digits)} "
        f"({fmt.interval(row['low'], row['high'], digits)}; n = {row['n']})"
        for _, row in means.iterrows()
    ]
    return _figure(results, figure, f"over-time-{name}", caption, f"{caption} {'; '.join(told)}.")


def claim(results: Results, verdict: Verdict) -> Figure | None:
    """The claim's region and the intervals that speak to it; None where there is nothing to draw."""
    rows = _claim_rows(results, verdict)
    if not rows:
        return None
    unit = verdict.evidence.unit
    quantity = verdict.quantity.strip(" ,") or "estimate"
    label = f"{quantity[0].upper()}{quantity[1:]} ({unit})" if unit else quantity
    with house_style():
        figure = figures.new_figure(_WIDE_MM, 26 + 9 * len(rows))
        figures.draw_claim(rows, verdict.region, label, figure.subplots())
    caption = _claim_caption(results, verdict, rows)
    told = "; ".join(_in_words(row, verdict) for row in rows)
    alt = f"Claim {verdict.claim_id} needs {verdict.region.text(unit)}. {told}."
    return _figure(results, figure, f"claim-{verdict.claim_id}", caption, alt)


def _claim_caption(results: Results, verdict: Verdict, rows: list[ClaimRow]) -> str:
    parts = [f"Claim {verdict.claim_id}: the shaded values would make it true."]
    if any(not row.measured for row in rows):
        parts.append("Filled points were measured, hollow ones estimated.")
    bars = f"Bars are {fmt.confidence(verdict.evidence.level)} CIs"
    parts.append(f"{bars}; the verdict rests on the row in bold." if len(rows) > 1 else f"{bars}.")
    published = results.published.get(verdict.claim_id)
    return " ".join([*parts, *(published.notes if published else ())])


def _claim_rows(results: Results, verdict: Verdict) -> list[ClaimRow]:
    e = verdict.evidence
    if verdict.claim_id not in results.published:
        return [ClaimRow("This study", e.estimate, e.low, e.high, judged_on=True)] if e.exists else []
    estimates, table = results.published[verdict.claim_id], results.study.published
    assert table is not None
    return [
        ClaimRow(
            label=_label(table.loc[row["term"]]),
            estimate=row["estimate"],
            low=row["low"],
            high=row["high"],
            measured=table.loc[row["term"], "basis"] == "measured",
            judged_on=row["term"] == estimates.primary,
        )
        for _, row in estimates.frame.iterrows()
    ]


def _label(row: pd.Series) -> str:
    people = "" if math.isnan(row["n"]) else f" (n = {row['n']:.0f})"
    return study_and_year(row) + people


def _in_words(row: ClaimRow, verdict: Verdict) -> str:
    digits = verdict.evidence.decimals
    level = fmt.confidence(verdict.evidence.level)
    span = "no interval" if math.isnan(row.low) else f"{level} CI {fmt.interval(row.low, row.high, digits)}"
    basis = "measured" if row.measured else "estimated"
    return f"{row.label}: {fmt.number(row.estimate, digits)} ({span}, {basis})"


def _figure(results: Results, drawn: object, name: str, caption: str, alt: str) -> Figure:
    picture = figures.picture(drawn, results.stamp)  # type: ignore[arg-type]
    stamp = f"{results.stamp} DATA. " if results.stamp else ""
    if picture.boxes:
        caption = f"{caption} The figure's font has no {picture.boxes}: drawn as boxes."
    return Figure(f"{stamp}{caption}", f"{stamp}{alt}", picture.svg, picture.png, picture.width_mm, name)
