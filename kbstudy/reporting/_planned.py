"""The words that say of a result whether it was planned."""

from __future__ import annotations

import pandas as pd

from kbstudy.estimates import PLANNED, Estimates

__all__ = ["marked", "planned_table"]


def marked(text: str, prespecified: bool | None) -> str:
    """A title with ``(prespecified)`` or ``(post hoc)`` after it, or as it is where no plan was locked.

    Examples
    --------
    >>> marked("Pain at Week 8", False), marked("Pain at Week 8", None)
    ('Pain at Week 8 (post hoc)', 'Pain at Week 8')
    """
    return text if prespecified is None else f"{text} ({PLANNED[prespecified]})"


def planned_table(estimates: Estimates) -> tuple[str, pd.DataFrame]:
    """The title and the table of estimates: where all rows are prespecified, or all post hoc, the title says so."""
    table, stamps = estimates.table(), estimates.frame["prespecified"]
    if stamps.isna().any() or stamps.nunique() != 1:
        return estimates.title, table
    return marked(estimates.title, bool(stamps.iloc[0])), table.drop(columns="Plan")
