from __future__ import annotations

import datetime as dt
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from kbstudy.errors import ReadError
from kbstudy.readers import read_table


def message(path: Path) -> str:
    with pytest.raises(ReadError) as caught:
        read_table(path)
    return str(caught.value)


def test_values_become_text(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {
            "id": ["007", None],
            "n": pd.array([1, None], dtype="Int64"),
            "x": [0.5, np.nan],
            "small": np.array([0.1, 2], dtype="float32"),
            "arm": pd.Categorical(["a", "b"]),
            "yes": [True, False],
            "day": [dt.date(2026, 1, 31)] * 2,
            "at": pd.to_datetime(["2026-01-31", "2026-01-31 08:30:00"], format="ISO8601"),
            "long": pd.to_timedelta([1, 30], unit="h"),
        }
    )
    frame.to_parquet(tmp_path / "x.parquet")
    table = read_table(tmp_path / "x.parquet")
    assert table.cells.to_numpy().tolist() == [
        ["007", "1", "0.5", "0.1", "a", "TRUE", "2026-01-31", "2026-01-31", "01:00:00"],
        ["", "", "", "2", "b", "FALSE", "2026-01-31", "2026-01-31 08:30:00", "30:00:00"],
    ]
    assert (table.rows, table.notes) == ((2, 3), ())


def test_an_index_is_a_column(tmp_path: Path) -> None:
    pd.DataFrame({"x": [1]}, index=pd.Index(["P1"], name="id")).to_parquet(tmp_path / "x.parquet")
    assert read_table(tmp_path / "x.parquet").cells.to_dict("list") == {"x": ["1"], "id": ["P1"]}


def test_lists_in_cells_are_refused(tmp_path: Path) -> None:
    pd.DataFrame({"id": [1], "x": [[1, 2]], "y": [b"\0"]}).to_parquet(tmp_path / "x.parquet")
    assert message(tmp_path / "x.parquet") == (
        'x.parquet, column "x": holds several values in one cell or raw bytes\n'
        'x.parquet, column "y": holds several values in one cell or raw bytes\n'
        "What to do: Save a table with one value in each cell."
    )


def test_damaged(tmp_path: Path) -> None:
    (tmp_path / "x.parquet").write_bytes(b"PAR1 and nothing more")
    text = message(tmp_path / "x.parquet")
    assert text.startswith("x.parquet: a Parquet file that cannot be read (")
    assert text.endswith("What to do: It may be damaged: ask for it again.")


def test_without_pyarrow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pd.DataFrame({"id": [1]}).to_parquet(tmp_path / "x.parquet")
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    assert message(tmp_path / "x.parquet") == (
        'x.parquet: a Parquet file needs the package pyarrow\nWhat to do: Install it with: pip install "kbstudy[data]"'
    )
