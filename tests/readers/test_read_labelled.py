from __future__ import annotations

import datetime as dt
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pyreadstat
import pytest

from kbstudy.errors import ReadError
from kbstudy.readers import read_table


def frame() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "id": ["007", "P2", "P3"],
            "sex": [1.0, 2.0, 9.0],
            "x": [1.5, np.nan, 3.0],
            "day": [dt.date(2026, 1, 31), None, dt.date(2026, 2, 1)],
            "at": [dt.datetime(2026, 1, 31, 8, 30), None, dt.datetime(2026, 2, 1)],
        }
    )


SEX = {1: "Female", 2: "Male", 9: "Refused"}


def message(path: Path, **options: str) -> str:
    with pytest.raises(ReadError) as caught:
        read_table(path, **options)
    return str(caught.value)


def test_spss(tmp_path: Path) -> None:
    path = tmp_path / "x.sav"
    pyreadstat.write_sav(
        frame(),
        path,
        column_labels={"sex": "Sex of participant"},
        variable_value_labels={"sex": SEX},
        missing_ranges={"sex": [9, {"lo": 90, "hi": 99}]},
    )
    table = read_table(path)
    assert table.cells.to_dict("list") == {
        "id": ["007", "P2", "P3"],
        "sex": ["1", "2", "9"],
        "x": ["1.5", "", "3"],
        "day": ["2026-01-31", "", "2026-02-01"],
        "at": ["2026-01-31 08:30:00", "", "2026-02-01"],
    }
    assert table.rows == (2, 3, 4)
    assert table.labels == {"sex": "Sex of participant"}
    assert table.codes == {"sex": {"1": "Female", "2": "Male", "9": "Refused"}}
    assert table.notes == ('in column "sex" the file declares as missing: 90 to 99, 9; kept as text',)


def test_stata(tmp_path: Path) -> None:
    path = tmp_path / "x.dta"
    data = frame().assign(answer=[1, "a", 2])
    pyreadstat.write_dta(
        data,
        path,
        column_labels={"sex": "Sex of participant"},
        variable_value_labels={"answer": {1: "yes", "a": "refused"}},
        missing_user_values={"answer": ["a"]},
    )
    table = read_table(path)
    assert table.cells["answer"].tolist() == ["1", ".a", "2"]
    assert table.cells["x"].tolist() == ["1.5", "", "3"]
    assert table.cells["day"].tolist() == ["2026-01-31", "", "2026-02-01"]
    assert table.labels == {"sex": "Sex of participant"}
    assert table.codes == {"answer": {"1": "yes", ".a": "refused"}}
    assert table.notes == ('in column "answer" the file declares as missing: .a; kept as text',)


def test_numbers_that_stata_stores_in_four_bytes(tmp_path: Path) -> None:
    data = pd.DataFrame({"id": ["a", "b"], "x": np.array([0.1, 2], dtype="float32")})
    data.to_stata(tmp_path / "x.dta", write_index=False)
    assert read_table(tmp_path / "x.dta").cells["x"].tolist() == ["0.1", "2"]


def test_old_stata(tmp_path: Path) -> None:
    pyreadstat.write_dta(frame()[["id", "x"]], tmp_path / "x.dta", version=8)
    assert read_table(tmp_path / "x.dta").cells["x"].tolist() == ["1.5", "", "3"]


def test_blank_records_are_skipped_and_counted(tmp_path: Path) -> None:
    pyreadstat.write_sav(pd.DataFrame({"id": ["a", "", "b"], "x": [1.0, np.nan, 2.0]}), tmp_path / "x.sav")
    table = read_table(tmp_path / "x.sav")
    assert (table.rows, table.notes) == ((2, 4), ("1 blank row was skipped",))


def test_no_records(tmp_path: Path) -> None:
    pyreadstat.write_sav(frame().iloc[:0][["id", "x"]], tmp_path / "x.sav")
    assert message(tmp_path / "x.sav") == "x.sav: the file has a header and no rows"


@pytest.mark.parametrize(("name", "kind"), [("x.sav", "an SPSS file"), ("x.dta", "a Stata file")])
def test_damaged(tmp_path: Path, name: str, kind: str) -> None:
    path = tmp_path / name
    write = pyreadstat.write_sav if name == "x.sav" else pyreadstat.write_dta
    write(frame(), path)
    path.write_bytes(path.read_bytes()[:300])
    text = message(path)
    assert text.startswith(f"{name}: {kind} that cannot be read (")
    assert text.endswith("What to do: It may be damaged or incomplete: ask for it again, or for a CSV export.")


def test_not_spss_at_all(tmp_path: Path) -> None:
    (tmp_path / "x.sav").write_text("id,x\n1,2\n")
    assert message(tmp_path / "x.sav").splitlines()[0] == (
        'x.sav: the name ends in ".sav", but the content looks like a text file'
    )


def test_without_pyreadstat(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pyreadstat.write_sav(frame(), tmp_path / "x.sav")
    monkeypatch.setitem(sys.modules, "pyreadstat", None)
    assert message(tmp_path / "x.sav") == (
        'x.sav: an SPSS file needs the package pyreadstat\nWhat to do: Install it with: pip install "kbstudy[data]"'
    )


def test_options_it_does_not_have(tmp_path: Path) -> None:
    pyreadstat.write_sav(frame(), tmp_path / "x.sav")
    assert message(tmp_path / "x.sav", sheet="A") == "x.sav: an SPSS file has no sheet"
