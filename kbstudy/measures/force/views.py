"""What the results of force traces share: a table with a rule for every value, and a view for notebooks."""

from __future__ import annotations

import html
import math
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from kbstudy import formatting as fmt

__all__ = ["Row", "notebook_view", "table_of"]

#: Name of the value, its unit, its rule, and the decimals it is shown with.
Row = tuple[str, str, str, int]


def table_of(result: Any, rows: Sequence[Row], rules: Mapping[str, str]) -> pd.DataFrame:
    """``quantity, value, unit, rule`` of the values that there are."""
    found = [
        (name, float(getattr(result, name)), unit, rules.get(name, rule))
        for name, unit, rule, _ in rows
        if not math.isnan(getattr(result, name))
    ]
    return pd.DataFrame(found, columns=["quantity", "value", "unit", "rule"])


def notebook_view(result: Any, rows: Sequence[Row]) -> str:
    """Sentence, table and notes as HTML."""
    decimals = {name: places for name, _, _, places in rows}
    shown = result.table()
    shown["value"] = [
        fmt.number(value, decimals[name]) for name, value in zip(shown.quantity, shown.value, strict=True)
    ]
    head = f"<p><strong>{html.escape(result.file)}</strong>: {html.escape(result.sentence())}</p>"
    return f"{head}{fmt.html_table(shown)}{fmt.html_list(result.notes)}{fmt.html_small([result.methods()])}"
