"""Published numbers and their sources."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from kbstudy import formatting as fmt
from kbstudy.analysis import Results
from kbstudy.evidence import citation, spread_in_words, study_and_year, value_in_words
from kbstudy.reporting.sections.cells import header
from kbstudy.reporting.tree import Block, Cell, Heading, Items, Row, Table, Text

__all__ = ["published"]


def published(results: Results) -> Iterator[Block]:
    """Every published number as it was printed, with its source."""
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
        header=(header("Study", "People and task", "n", "Value", "Spread", "Basis", "Verified"),),
        rows=tuple(rows),
        align=("left", "left", "right", "right", "left", "left", "left"),
        notes=(
            "Measured: the quantity itself was measured. Estimated: it was calculated from something else. Seen: read "
            "at the place the data file names (an abstract, a registry, a reprint). Second-hand: read where somebody "
            "else quotes it. Calculated: computed from numbers that were seen. A number from memory is refused.",
            *_same_people(frame),
            *(
                f"{study_and_year(row)}, {str(row['outcome']).replace('_', ' ')}: {row['note']}."
                for _, row in frame[frame["note"] != ""].iterrows()
            ),
        ),
        name="published",
    )
    yield Heading("Sources", 2)
    yield Items(tuple(Text(text) for text in dict.fromkeys(citation(row) for _, row in frame.iterrows())))


def _published_row(row: pd.Series) -> Row:
    people = "; ".join(text for text in (row["group"], row["task"], _compared(row)) if text)
    cells = (
        study_and_year(row),
        people,
        fmt.number(row["n"], 0),
        value_in_words(row),
        spread_in_words(row),
        row["basis"],
        row["verified"],
    )
    return Row(tuple(Cell(str(text)) for text in cells))


def _compared(row: pd.Series) -> str:
    """The arms, else what was compared with."""
    if row["arm"]:
        return str(row["arm"])
    return f"against {row['comparator']}" if row["comparator"] not in ("", "not stated") else ""


def _same_people(frame: pd.DataFrame) -> Iterator[str]:
    """Publications that share their participants, so that nobody counts them as two trials."""
    for _, rows in frame[frame["shared_participants"] != ""].groupby("shared_participants", sort=False):
        names = list(dict.fromkeys(study_and_year(row) for _, row in rows.iterrows()))
        if len(names) > 1:
            yield f"{fmt.words(names)} are the same people and count once."
