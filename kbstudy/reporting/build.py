"""Results to a report tree: what is said, in which order. Rendering is the writers' business."""

from __future__ import annotations

from kbstudy.analysis import Results
from kbstudy.reporting import sections
from kbstudy.reporting.tree import Report

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
    blocks = [*sections.opening(results), *sections.verdicts(results)]
    if results.study.has_people:
        blocks += [*sections.flow(results), *sections.baseline(results), *sections.outcomes(results)]
        blocks += [
            *sections.planned_size(results),
            *sections.estimands(results),
            *sections.analyses(results),
            *sections.sensitivity(results),
        ]
        blocks += [*sections.sessions(results), *sections.adherence(results), *sections.harms(results)]
        blocks += [*sections.reliability(results), *sections.missing(results)]
    blocks += sections.multiverses(results)
    if results.study.published is not None:
        blocks += sections.published(results)
    blocks += sections.plan_and_deviations(results)
    blocks += [*sections.methods(results), *sections.checks(results), *sections.meta_rows(results)]
    blocks += [*sections.data_account(results), *sections.provenance(results)]
    blocks += sections.checklists(results, blocks)
    return Report(
        title=study.title,
        subtitle="A simulated demonstration, made by kbstudy" if results.stamp else "Report, made by kbstudy",
        blocks=tuple(blocks),
        stamp=f"{results.stamp} DATA · NOT EVIDENCE" if results.stamp else "",
        footer=f"{study.id} · kbstudy {results.provenance.kbstudy}",
    )
