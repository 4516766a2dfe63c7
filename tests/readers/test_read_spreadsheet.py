from __future__ import annotations

import datetime as dt
import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
from openpyxl.worksheet.worksheet import Worksheet

from kbstudy.errors import ReadError
from kbstudy.readers import read_table
from kbstudy.readers.excel_errors import error_cells


def workbook(
    path: Path, sheets: dict[str, list[list[object]]], touch: Callable[[Worksheet], None] | None = None
) -> Path:
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
        if touch:
            touch(sheet)
    book.save(path)
    return path


def message(path: Path, **options: str) -> str:
    with pytest.raises(ReadError) as caught:
        read_table(path, **options)
    return str(caught.value)


def column(folder: Path, values: list[object]) -> list[str]:
    rows: list[list[object]] = [["id", "x"], *([n, value] for n, value in enumerate(values, start=1))]
    return read_table(workbook(folder / "x.xlsx", {"A": rows})).cells["x"].tolist()


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (5, "5"),
        (5.0, "5"),
        (0.1, "0.1"),
        (-2.5, "-2.5"),
        (1e-7, "1e-07"),
        (1e300, "1e+300"),
        (True, "TRUE"),
        (False, "FALSE"),
        (" as typed ", "as typed"),
        ("007", "007"),
        (None, ""),
        (dt.date(2026, 1, 31), "2026-01-31"),
        (dt.datetime(2026, 1, 31), "2026-01-31"),
        (dt.datetime(2026, 1, 31, 8, 30, 1), "2026-01-31 08:30:01"),
        (dt.time(8, 5), "08:05:00"),
        (dt.timedelta(hours=30), "30:00:00"),
    ],
)
def test_values_become_the_shortest_text(tmp_path: Path, value: object, text: str) -> None:
    assert column(tmp_path, [value]) == [text]


def test_error_values_are_kept_as_text(tmp_path: Path) -> None:
    def errors(sheet: Worksheet) -> None:
        for place, text in {"B2": "#DIV/0!", "B4": "#N/A", "B5": "#N/A"}.items():
            sheet[place] = text
            sheet[place].data_type = "e"

    rows: list[list[object]] = [["id", "x"], [1, None], [2, 7], [3, None], [4, None], [5, None]]
    table = read_table(workbook(tmp_path / "x.xlsx", {"A": rows}, errors))
    assert table.cells["x"].tolist() == ["#DIV/0!", "7", "#N/A", "#N/A", ""]
    assert table.notes == ("error values stand in cells: #DIV/0!, #N/A",)


def test_error_values_of_other_spellings() -> None:
    sheet = b'<x:c r="A1" t="e"/><x:c t="e" r="AB12" s="1"><x:f>1/0</x:f><x:v>#REF!</x:v></x:c>'
    relations = b'<R><Relationship Id="r1" Target="worksheets/s.xml"/></R>'
    book = (
        b'<w xmlns="m" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships">'
        b'<sheet name="A" r:id="r1"/></w>'
    )
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("xl/workbook.xml", book)
        archive.writestr("xl/_rels/workbook.xml.rels", relations)
        archive.writestr("xl/worksheets/s.xml", sheet)
    assert error_cells(out.getvalue(), "A") == {(12, 28): "#REF!"}
    assert error_cells(out.getvalue(), "B") is None
    assert error_cells(b"an old file", "A") is None


def test_rows_above_the_header_keep_the_numbering(tmp_path: Path) -> None:
    path = workbook(tmp_path / "x.xlsx", {"A": [[], [], [None, "id", "x"], [None, 1, 2], [], [None, 3, 4]]})
    table = read_table(path)
    assert (table.rows, table.columns, table.sheet) == ((4, 6), ["id", "x"], "A")
    assert table.notes == (
        "the header is in row 3; the rows above it are empty",
        "1 blank row was skipped",
        "1 column without a name and without values was left out",
    )


def test_a_title_is_not_taken_for_the_header(tmp_path: Path) -> None:
    path = workbook(tmp_path / "x.xlsx", {"A": [["Pain study"], [], ["id", "x"], [1, 2]]})
    assert message(path) == (
        "x.xlsx, row 1: this row holds one name, and the rows below it have more cells; it looks like a title\n"
        "What to do: Delete everything above the row with the column names; that row must come first."
    )


def test_a_value_beyond_the_header(tmp_path: Path) -> None:
    path = workbook(tmp_path / "x.xlsx", {"A": [["id", "x"], [1, 2, "see above"]]})
    assert message(path) == (
        "x.xlsx, row 1: column 3 has values but no name\nWhat to do: Give every column its own name in the header row."
    )


def test_the_only_sheet_with_content_is_read(tmp_path: Path) -> None:
    table = read_table(workbook(tmp_path / "x.xlsx", {"Empty": [], "Data": [["id"], [1]]}))
    assert (table.sheet, table.notes) == ("Data", ('sheet "Data" was read; the other sheets are empty',))
    assert str(table).startswith('x.xlsx, sheet "Data": 1 record, 1 column')


def test_several_sheets_must_be_chosen_from(tmp_path: Path) -> None:
    path = workbook(tmp_path / "x.xlsx", {"Before": [["id"], [1]], "After": [["id"], [2]], "Empty": []})
    assert message(path) == (
        'x.xlsx: 2 sheets have content: "Before", "After"\n'
        'What to do: Say which one to read: sheet = "Before" in study.toml or Python, --sheet "Before" on the command '
        "line."
    )
    assert read_table(path, sheet="After").cells["id"].tolist() == ["2"]
    assert read_table(path, sheet="After").notes == ()
    assert message(path, sheet="after ") == (
        'x.xlsx: there is no sheet "after "; did you mean "After"?\n'
        'What to do: The sheets are "Before", "After", "Empty".'
    )
    assert message(path, sheet="Empty") == 'x.xlsx: sheet "Empty" is empty'


def test_an_empty_workbook(tmp_path: Path) -> None:
    assert message(workbook(tmp_path / "x.xlsx", {"A": [], "B": []})) == "x.xlsx: the file is empty"


def test_a_header_without_rows(tmp_path: Path) -> None:
    assert message(workbook(tmp_path / "x.xlsx", {"A": [["id"]]})) == "x.xlsx: the file has a header and no rows"


def test_merged_cells_are_noted(tmp_path: Path) -> None:
    rows: list[list[object]] = [["id", "x"], [1, 5], [2, None]]
    table = read_table(workbook(tmp_path / "x.xlsx", {"A": rows}, lambda sheet: sheet.merge_cells("B2:B3")))
    assert table.cells["x"].tolist() == ["5", ""]
    assert table.notes == ("1 group of cells is merged; only the first cell of a group has the value",)


def test_an_open_document_spreadsheet(tmp_path: Path) -> None:
    frame = pd.DataFrame({"id": ["007", "P2"], "x": [5.0, 0.5], "day": [dt.date(2026, 1, 31)] * 2})
    frame.to_excel(tmp_path / "x.ods", engine="odf", index=False)
    table = read_table(tmp_path / "x.ods")
    assert table.cells.to_numpy().tolist() == [["007", "5", "2026-01-31"], ["P2", "0.5", "2026-01-31"]]
    assert table.notes == ()


def test_error_values_of_open_document_are_said_to_be_lost(tmp_path: Path) -> None:
    pd.DataFrame({"id": ["P1"], "x": ["ok"]}).to_excel(tmp_path / "x.ods", engine="odf", index=False)
    with zipfile.ZipFile(tmp_path / "x.ods") as old, zipfile.ZipFile(tmp_path / "y.ods", "w") as new:
        for name in old.namelist():
            new.writestr(name, old.read(name).replace(b"</office:body>", b'</office:body><!-- :value-type="error" -->'))
    assert read_table(tmp_path / "y.ods").notes == (
        "error values such as #DIV/0! cannot be told from empty cells in this file",
    )


def test_an_old_excel_file(tmp_path: Path) -> None:
    statsmodels = pytest.importorskip("statsmodels")
    found = sorted(Path(statsmodels.__file__).parent.glob("datasets/macrodata/src/**/macrodata.xls"))
    files = [path for path in found if path.is_file()]
    if not files:
        pytest.skip("nothing here writes .xls, and statsmodels no longer ships one")
    table = read_table(files[0], sheet="Quarterly")
    assert table.cells.iloc[0, :2].tolist() == ["1947-01-01", "1218.6"]
    assert table.notes == ("error values such as #DIV/0! cannot be told from empty cells in this file",)


def test_a_password(tmp_path: Path) -> None:
    path = tmp_path / "x.xlsx"
    path.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600 + "EncryptedPackage".encode("utf-16-le"))
    assert message(path) == (
        "x.xlsx: this is a spreadsheet protected by a password\n"
        "What to do: Open it in a spreadsheet program and save a copy without the password."
    )


def test_a_damaged_old_file(tmp_path: Path) -> None:
    path = tmp_path / "x.xls"
    path.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600)
    text = message(path)
    assert text.startswith("x.xls: the spreadsheet cannot be read and may be damaged (")
    assert text.endswith("What to do: Open it in a spreadsheet program, save it under a new name, and read that.")


def test_a_damaged_sheet(tmp_path: Path) -> None:
    workbook(tmp_path / "x.xlsx", {"A": [["id"], [1]]})
    with zipfile.ZipFile(tmp_path / "x.xlsx") as old, zipfile.ZipFile(tmp_path / "y.xlsx", "w") as new:
        for name in old.namelist():
            content = old.read(name)
            new.writestr(name, content[: len(content) // 2] if "worksheets/sheet" in name else content)
    assert message(tmp_path / "y.xlsx").startswith("y.xlsx: the spreadsheet cannot be read and may be damaged (")


@pytest.mark.parametrize(
    ("content", "looks"),
    [
        (b"<html><table></table></html>", "a web page (HTML)"),
        (b"id;x\n1;2\n", "a text file"),
        (b"\x01\x02\0\0", "a binary file"),
        (b"PK\x03\x04 and then it was cut off", "a damaged spreadsheet or zip archive"),
    ],
)
def test_not_a_spreadsheet(tmp_path: Path, content: bytes, looks: str) -> None:
    path = tmp_path / "x.xlsx"
    path.write_bytes(content)
    assert message(path).splitlines()[0] == f'x.xlsx: the name ends in ".xlsx", but the content looks like {looks}'


def test_a_spreadsheet_named_csv(tmp_path: Path) -> None:
    workbook(tmp_path / "x.xlsx", {"A": [["id"], [1]]}).rename(tmp_path / "x.csv")
    assert message(tmp_path / "x.csv").splitlines()[0] == (
        'x.csv: the name ends in ".csv", but the content looks like a spreadsheet'
    )


def test_options_of_text_files_are_refused(tmp_path: Path) -> None:
    path = workbook(tmp_path / "x.xlsx", {"A": [["id"], [1]]})
    assert message(path, encoding="utf-8", delimiter=",") == (
        "x.xlsx: a spreadsheet has no delimiter\nx.xlsx: a spreadsheet has no encoding"
    )
