"""Published studies as data: what a paper reported, how well it is verified, and what interval follows from it."""

from kbstudy.evidence.published import (
    PUBLISHED_COLUMNS,
    citation,
    published_estimates,
    published_frame,
    study_and_year,
)

__all__ = ["PUBLISHED_COLUMNS", "citation", "published_estimates", "published_frame", "study_and_year"]
