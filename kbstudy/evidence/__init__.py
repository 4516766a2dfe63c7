"""Published studies as data: what a paper reported, how well it is verified, and what interval follows from it."""

from kbstudy.evidence.published import PUBLISHED_COLUMNS, published_estimates, published_frame

__all__ = ["PUBLISHED_COLUMNS", "published_estimates", "published_frame"]
