from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from kbstudy.errors import ReadError
from kbstudy.readers import RawTable, read_table
from kbstudy.readers.delimited import read_delimited
from kbstudy.readers.grid import table_of
from kbstudy.readers.source import Source
from tests.conftest import shared


def read(folder: Path, content: str | bytes, name: str = "scores.csv", **options: str) -> RawTable:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_table(path, **options)


def message(folder: Path, content: str | bytes, name: str = "scores.csv", **options: str) -> str:
    with pytest.raises(ReadError) as caught:
        read(folder, content, name, **options)
    return str(caught.value)


def first_line(text: str) -> str:
    return text.splitlines()[0]


def test_every_cell_is_text_as_the_file_shows_it(tmp_path: Path) -> None:
    table = read(tmp_path, "id,pain,note\n007, 4.50 ,NA\nP2,,NaN\n")
    assert table.cells.to_dict("list") == {"id": ["007", "P2"], "pain": ["4.50", ""], "note": ["NA", "NaN"]}
    assert set(table.cells.dtypes.astype(str)) == {"object"}
    assert {type(cell) for cell in table.cells.to_numpy().ravel()} == {str}
    assert (table.file, table.rows, table.notes, table.sheet) == ("scores.csv", (2, 3), (), "")
    assert (table.labels, table.codes) == ({}, {})
    assert list(table.cells.index) == [0, 1]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32", "utf-8"])
def test_marked_encodings_are_recognised_without_a_note(tmp_path: Path, encoding: str) -> None:
    table = read(tmp_path, "id,größe\nP1,Ä\n".encode(encoding))
    assert table.cells.to_dict("list") == {"id": ["P1"], "größe": ["Ä"]}
    assert table.notes == ()


def test_windows_1252_is_a_guess_that_is_noted(tmp_path: Path) -> None:
    table = read(tmp_path, "id,name\nP1,Jürgen\n".encode("cp1252"))
    assert table.cells["name"].tolist() == ["Jürgen"]
    assert table.notes == (
        "the text is not UTF-8 and was read as Windows-1252 (Western European); check letters such as ä and é",
    )


def test_bytes_that_are_neither_utf8_nor_windows(tmp_path: Path) -> None:
    text = message(tmp_path, b"id,name\nP1,J\x81rgen\n")
    assert first_line(text) == (
        "scores.csv, row 2: byte 0x81 at position 12 of the file is not UTF-8 or Windows-1252 text"
    )


def test_a_declared_encoding_that_does_not_decode_names_byte_and_row(tmp_path: Path) -> None:
    content = 'id;note\nP1;"two\nlines"\nP2;Jürgen\n'.encode("cp1252")
    text = message(tmp_path, content, encoding="utf-8")
    assert text == (
        "scores.csv, row 3: byte 0xFC at position 27 of the file is not utf-8 text\n"
        'What to do: Say which encoding the file has, such as encoding = "mac_roman", or save it again as "CSV UTF-8".'
    )


def test_a_declared_encoding_is_used_without_a_note(tmp_path: Path) -> None:
    table = read(tmp_path, "id,name\nP1,Jürgen\n".encode("mac_roman"), encoding="mac_roman")
    assert (table.cells["name"].tolist(), table.notes) == (["Jürgen"], ())


@pytest.mark.parametrize("encoding", ["utf-9", "hex", "\0"])
def test_an_unknown_encoding(tmp_path: Path, encoding: str) -> None:
    assert first_line(message(tmp_path, "id\n1\n", encoding=encoding)).startswith("scores.csv: there is no encoding")


def test_nul_bytes(tmp_path: Path) -> None:
    assert message(tmp_path, b"id,pain\nP1,\x00\n") == (
        "scores.csv: character 12 of the file is a NUL; it looks like a binary file, or UTF-16 text without its mark\n"
        'What to do: Save it again as "CSV UTF-8", or give encoding = "utf-16-le".'
    )
    assert read(tmp_path, "id,pain\nP1,4\n".encode("utf-16-le"), encoding="utf-16-le").columns == ["id", "pain"]


@pytest.mark.parametrize(
    ("content", "looks"),
    [
        (b"<!DOCTYPE html><html></html>", "a web page (HTML)"),
        (b"\xef\xbb\xbf\n<table><tr><td>1</td></tr></table>", "a web page (HTML)"),
        (b"%PDF-1.7", "a PDF document"),
        (b"\x1f\x8b\x08", "a compressed (gzip) file"),
        (b"PAR1", "a Parquet file"),
        (b"PK\x03\x04 cut off", "a damaged spreadsheet or zip archive"),
    ],
)
def test_a_file_that_is_not_what_its_name_says(tmp_path: Path, content: bytes, looks: str) -> None:
    assert message(tmp_path, content) == (
        f'scores.csv: the name ends in ".csv", but the content looks like {looks}\n'
        "What to do: Give the file the extension that fits, or save the table again in the format its name says."
    )


def test_a_document_under_its_own_name_is_not_a_table(tmp_path: Path) -> None:
    assert message(tmp_path, b"%PDF-1.7", "scores.pdf") == (
        "scores.pdf: this is a PDF document, not a table\nWhat to do: Export the table as CSV or save it as .xlsx."
    )


@pytest.mark.parametrize(("mark", "name"), [(";", "semicolon"), ("\t", "tab"), ("|", "vertical bar")])
def test_other_separators_are_found_and_noted(tmp_path: Path, mark: str, name: str) -> None:
    table = read(tmp_path, f'id{mark}pain{mark}note\nP1{mark}4,5{mark}"a{mark}b"\nP2{mark}5,0{mark}c\n')
    assert table.cells.iloc[0].tolist() == ["P1", "4,5", f"a{mark}b"]
    assert table.notes == (f"the cells are separated by a {name}",)


def test_one_column_with_no_separator(tmp_path: Path) -> None:
    assert read(tmp_path, "id\nP1\nP2\n").cells["id"].tolist() == ["P1", "P2"]


def test_two_separators_that_fit_equally_well(tmp_path: Path) -> None:
    content = "id;age,years\nP1;2,5\n"
    assert message(tmp_path, content) == (
        "scores.csv: the cells may be separated by a comma or a semicolon; both fit\n"
        'What to do: Say which, such as delimiter = ",".'
    )
    assert read(tmp_path, content, delimiter=";").columns == ["id", "age,years"]


def test_a_delimiter_is_one_character(tmp_path: Path) -> None:
    assert message(tmp_path, "id\n1\n", delimiter=";;") == "scores.csv: a delimiter is one character, and ';;' is not"


def test_short_and_long_rows_are_all_reported_at_once(tmp_path: Path) -> None:
    text = message(tmp_path, "id,a,b\nP1,1,2\nP2,1\nP3,4,5,6\nP4\n")
    assert text == (
        "scores.csv, row 3: 2 cells where the header has 3\n"
        "scores.csv, row 4: 4 cells where the header has 3\n"
        "scores.csv, row 5: 1 cell where the header has 3\n"
        "What to do: Every row needs as many cells as the header. A cell that contains the separator (such as the "
        'comma in 4,5) must stand in quotation marks: "4,5".'
    )


def test_empty_cells_beyond_the_header_are_harmless(tmp_path: Path) -> None:
    table = read(tmp_path, "id,a\nP1,1,,\nP2,2\n")
    assert table.cells["a"].tolist() == ["1", "2"]
    assert table.notes == ("1 row has empty cells beyond the last column; they were left out",)


def test_blank_rows_are_skipped_and_counted(tmp_path: Path) -> None:
    table = read(tmp_path, "id,a\n\nP1,1\n,\nP2,2\n\n")
    assert table.rows == (3, 5)
    assert table.notes == ("3 blank rows were skipped",)


def test_blank_rows_above_the_header(tmp_path: Path) -> None:
    table = read(tmp_path, "\n\nid,a\nP1,1\n")
    assert (table.rows, table.notes) == ((4,), ("the header is in row 3; the rows above it are empty",))


def test_a_quoted_cell_with_line_breaks_is_one_row(tmp_path: Path) -> None:
    table = read(tmp_path, 'id,note\r\nP1,"first\r\nsecond, ""third"""\r\nP2,x\r\n')
    assert table.cells["note"].tolist() == ['first\r\nsecond, "third"', "x"]
    assert table.rows == (2, 3)


def test_a_quote_that_is_never_closed(tmp_path: Path) -> None:
    assert message(tmp_path, 'id,note\nP1,a\nP2,"b\nP3,c\n') == (
        "scores.csv, row 3: a quotation mark opens here and is never closed\n"
        'What to do: A quotation mark inside a quoted cell is written twice: "" stands for one.'
    )


def test_text_after_a_closing_quote(tmp_path: Path) -> None:
    text = message(tmp_path, 'id,note\nP1,"he said "no" twice"\n')
    assert first_line(text) == "scores.csv, row 2: there is text after a closing quotation mark"


def test_a_cell_without_end(tmp_path: Path) -> None:
    text = message(tmp_path, 'id,note\nP1,"' + "x" * 140_000 + '"\n')
    assert first_line(text) == (
        "scores.csv, row 2: a cell has more than 100,000 characters; a quotation mark may never be closed"
    )


@pytest.mark.parametrize("content", [b"", b"\n\n", b" , \n", b"\xef\xbb\xbf"])
def test_an_empty_file(tmp_path: Path, content: bytes) -> None:
    assert message(tmp_path, content) == "scores.csv: the file is empty"


def test_a_header_without_rows(tmp_path: Path) -> None:
    assert message(tmp_path, "id,pain\n") == "scores.csv: the file has a header and no rows"


def test_all_names_used_twice_are_reported(tmp_path: Path) -> None:
    assert message(tmp_path, "id,a,b,a,b,b\nP1,1,2,3,4,5\n") == (
        'scores.csv, row 1: columns 2 and 4 are both named "a"\n'
        'scores.csv, row 1: columns 3, 5 and 6 are all named "b"\n'
        "What to do: Give every column its own name in the header row."
    )


def test_a_column_without_a_name(tmp_path: Path) -> None:
    assert first_line(message(tmp_path, ",id,a\n1,P1,2\n")) == "scores.csv, row 1: column 1 has values but no name"
    table = read(tmp_path, "id,,a,\nP1,,2,\n")
    assert table.columns == ["id", "a"]
    assert table.notes == ("2 columns without names or values were left out",)


def test_spaces_around_names_are_noted(tmp_path: Path) -> None:
    table = read(tmp_path, "id, pain ,age\nP1,4,30\n")
    assert (table.columns, table.notes) == (["id", "pain", "age"], ('spaces around column names were removed: "pain"',))


def test_a_title_above_the_header(tmp_path: Path) -> None:
    assert message(tmp_path, "Pain study 2026\nid;pain\nP1;4\n") == (
        "scores.csv, row 1: this row holds one name, and the rows below it have more cells; it looks like a title\n"
        "What to do: Delete everything above the row with the column names; that row must come first."
    )


def test_an_end_of_file_mark_is_dropped(tmp_path: Path) -> None:
    table = read(tmp_path, b"id,a\r\nP1,1\r\n\x1a")
    assert table.rows == (2,)
    assert table.notes == ("an end-of-file mark (Ctrl-Z) at the end was left out",)


def test_old_mac_line_ends(tmp_path: Path) -> None:
    assert read(tmp_path, "id,a\rP1,1\r").cells.iloc[0].tolist() == ["P1", "1"]


def test_a_missing_file_is_said_with_a_suggestion(tmp_path: Path) -> None:
    folder = tmp_path / "raw"
    folder.mkdir()
    (folder / "scores.csv").write_text("id\n1\n")
    with pytest.raises(ReadError) as caught:
        read_table(folder / "score.csv")
    assert str(caught.value) == 'file "score.csv" was not found in raw; did you mean "scores.csv"?'
    with pytest.raises(ReadError) as caught:
        read_table(folder / "xyz")
    assert str(caught.value) == 'file "xyz" was not found in raw'


def test_a_folder_is_not_a_file(tmp_path: Path) -> None:
    (tmp_path / "raw").mkdir()
    with pytest.raises(ReadError) as caught:
        read_table(tmp_path / "raw")
    assert str(caught.value) == '"raw" is a folder, not a file'


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (
            PermissionError(13, "Permission denied"),
            'file "scores.csv" cannot be opened: Permission denied\n'
            "What to do: Close it in other programs, and check that you are allowed to read it.",
        ),
        (OSError("disk gone"), 'file "scores.csv" cannot be opened: disk gone'),
    ],
)
def test_a_file_that_cannot_be_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: OSError, text: str
) -> None:
    def refuse(_: Path) -> bytes:
        raise error

    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(ReadError) as caught:
        read_table(tmp_path / "scores.csv")
    assert str(caught.value) == text


def test_a_name_no_system_accepts() -> None:
    with pytest.raises(ReadError, match="cannot be opened"):
        read_table("a\0b.csv")


def test_an_option_the_format_does_not_have(tmp_path: Path) -> None:
    assert message(tmp_path, "id\n1\n", sheet="A") == "scores.csv: a text file has no sheet"


def test_an_unknown_extension_is_read_by_its_content(tmp_path: Path) -> None:
    assert read(tmp_path, "id;a\nP1;1\n", "scores.dat").columns == ["id", "a"]


def test_summary(tmp_path: Path) -> None:
    table = read(tmp_path, "id;a<b\nP1;1\n")
    assert str(table) == "scores.csv: 1 record, 2 columns\n- the cells are separated by a semicolon"
    assert "<b>scores.csv: 1 record, 2 columns</b>" in table._repr_html_()
    assert "a&lt;b" in table._repr_html_()


def test_a_real_trial() -> None:
    table = read_table(shared("trials/ashar2022.csv"))
    assert table.cells.shape == (341, 35)
    assert {"<undefined>", "NaN"} <= set(table.cells.to_numpy().ravel())
    assert table.rows == tuple(range(2, 343))
    assert table.notes == ()


TEXT = st.text(st.characters(exclude_characters="\0\ufeff", exclude_categories=["Cs"]), max_size=8)
WINDOWS = st.text(st.characters(codec="cp1252", exclude_characters="\0"), max_size=8)


@st.composite
def grids(draw: st.DrawFn, cell: st.SearchStrategy[str]) -> list[list[str]]:
    """A header of different names, and rows of which none is blank."""
    width = draw(st.integers(1, 4))
    names = st.lists(cell.filter(str.strip), min_size=width, max_size=width, unique_by=str.strip)
    row = st.lists(cell, min_size=width, max_size=width).filter(lambda cells: any(map(str.strip, cells)))
    return [draw(names), *draw(st.lists(row, min_size=1, max_size=6))]


def written(grid: list[list[str]], delimiter: str, quoting: int) -> str:
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=delimiter, quoting=quoting).writerows(grid)
    return out.getvalue()


def same(grid: list[list[str]], content: bytes, **options: str) -> None:
    source = Source(Path("scores.csv"), content)
    table = table_of(read_delimited(source, **options))
    expected = [[cell.strip() for cell in row] for row in grid]
    assert [table.columns, *table.cells.to_numpy().tolist()] == expected
    assert table.rows == tuple(range(2, len(grid) + 1))


@settings(max_examples=300, deadline=None)
@given(
    grid=grids(TEXT),
    delimiter=st.sampled_from(",;\t|"),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)
def test_any_table_reads_back_with_its_separator_given(
    grid: list[list[str]], delimiter: str, quoting: int, encoding: str
) -> None:
    same(grid, written(grid, delimiter, quoting).encode(encoding), delimiter=delimiter)


@settings(max_examples=200, deadline=None)
@given(grid=grids(WINDOWS), delimiter=st.sampled_from(",;\t|"))
def test_any_windows_table_reads_back(grid: list[list[str]], delimiter: str) -> None:
    content = written(grid, delimiter, csv.QUOTE_MINIMAL).encode("cp1252")
    same(grid, content, delimiter=delimiter, encoding="cp1252")


@settings(max_examples=300, deadline=None)
@given(grid=grids(TEXT), delimiter=st.sampled_from(",;\t|"))
def test_the_separator_of_any_quoted_table_is_found(grid: list[list[str]], delimiter: str) -> None:
    assume(len(grid[0]) > 1)
    same(grid, written(grid, delimiter, csv.QUOTE_ALL).encode())
