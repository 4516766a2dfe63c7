"""No spreadsheet may end the process, and no table of a person may be refused for its formats."""

from __future__ import annotations

import io
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kbstudy.errors import ReadError
from kbstudy.readers import guards, read_gas_exchange, read_table
from kbstudy.readers.guards import RECORDING, TABLE, Limits, check_workbook
from kbstudy.readers.source import Source
from tests.readers.gas_exchange import writers

FAR = b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
READERS: dict[str, Callable[[Path], Any]] = {"read_table": read_table, "read_gas_exchange": read_gas_exchange}


def workbook(change: Callable[[bytes], bytes] = bytes, name: str = "xl/worksheets/sheet1.xml") -> bytes:
    """A small sheet, changed."""
    whole = writers.workbook([["id", "x"], *[[f"P{number}", number] for number in range(1, 6)]])
    return changed(whole, {"xl/worksheets/sheet1.xml": (name, change)})


def changed(data: bytes, changes: dict[str, tuple[str, Callable[[bytes], bytes]]]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as new:
        for part in old.namelist():
            name, change = changes.get(part, (part, bytes))
            new.writestr(name, change(old.read(part)))
    return stream.getvalue()


def adding(xml: bytes) -> Callable[[bytes], bytes]:
    return lambda sheet: sheet.replace(b"</sheetData>", xml + b"</sheetData>")


def bomb(parts: int = 4, each: int = 260_000_000) -> bytes:
    """A file of a few kilobytes that unpacks to a gigabyte."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
        for number in range(parts):
            with archive.open(f"xl/worksheets/sheet{number}.xml", "w") as part:
                for _ in range(each // 10_000_000):
                    part.write(b" " * 10_000_000)
    return stream.getvalue()


@pytest.fixture(scope="module")
def gigabyte() -> bytes:
    return bomb()


def message(folder: Path, data: bytes, reader: str, name: str = "x.xlsx") -> str:
    (folder / name).write_bytes(data)
    with pytest.raises(ReadError) as caught:
        READERS[reader](folder / name)
    return str(caught.value)


# ---- what is refused ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("reader", "most"), [("read_table", "1,000"), ("read_gas_exchange", "300")])
def test_a_zip_bomb(reader: str, most: str, gigabyte: bytes, tmp_path: Path) -> None:
    assert len(gigabyte) < 2_000_000
    assert f"the spreadsheet unpacks to 1,040 MB; at most {most} MB are read" in message(tmp_path, gigabyte, reader)


def test_a_part_that_is_larger_than_the_archive_says() -> None:
    data = bytearray(workbook())
    small = Limits(4_000_000, 300, "too large", "damaged")
    for mark in (b"PK\x01\x02", b"PK\x03\x04"):  # the sizes in the directory and beside the parts
        place = data.find(mark)
        while place >= 0:
            size = place + (24 if mark == b"PK\x01\x02" else 22)
            data[size : size + 4] = (1).to_bytes(4, "little")
            place = data.find(mark, place + 4)
    with pytest.raises(ReadError, match="unpacks to more than it says|may be damaged"):
        check_workbook(Source(Path("x.xlsx"), bytes(data)), small)


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (b"</sheetData>", FAR + b"</sheetData>", "a sheet has 1,048,576 rows and 16,384 columns"),
        (b'r="B5"', b'r="&#88;FD1048576"', "a sheet has 1,048,576 rows and 16,384 columns"),
        (b'<c r="B5"', b"<c  r='XFD1048576'", "a sheet has 1,048,576 rows and 16,384 columns"),
        (b'r="B5"', b'r="B99999999999999"', 'a cell stands at "B99999999999999"'),
        (b'r="B5"', b'r="ZZZZZ5"', 'a cell stands at "ZZZZZ5"'),
        (b'<row r="5"', b'<row r="999999999999"', 'a row or repetition of "999999999999"'),
        (b"<worksheet", b'<!DOCTYPE a [<!ENTITY b "c">]><worksheet', "declares a document type"),
        (b"</sheetData>", b"<row></sheetData>", "may be damaged (its XML at line"),
    ],
)
def test_a_cell_far_out(reader: str, old: bytes, new: bytes, said: str, tmp_path: Path) -> None:
    """Without the guard, python-calamine ends the whole process here, which nothing can catch."""
    data = workbook(lambda sheet: sheet.replace(old, new, 1))
    assert said in message(tmp_path, data, reader)


@pytest.mark.parametrize("hidden", [b"<!-- a comment -->", b"<?x <c r='A1'?>", b"<![CDATA[ ]]>"])
def test_a_cell_far_out_behind_what_confuses_a_search(hidden: bytes, tmp_path: Path) -> None:
    data = workbook(
        lambda sheet: sheet.replace(b"</sheetData>", hidden + b"<row><c\nr='XFD1048576'><v>1</v></c></row></sheetData>")
    )
    assert "a sheet has 1,048,576 rows" in message(tmp_path, data, "read_table")


def test_a_cell_far_out_in_a_part_of_another_name(tmp_path: Path) -> None:
    sheet = changed(
        writers.workbook([["id", "x"], ["P1", 1]]),
        {
            "xl/worksheets/sheet1.xml": ("xl/other.dat", adding(FAR)),
            "xl/_rels/workbook.xml.rels": (
                "xl/_rels/workbook.xml.rels",
                lambda xml: xml.replace(b"/xl/worksheets/sheet1.xml", b"/xl/other.dat"),
            ),
        },
    )
    assert "a sheet has 1,048,576 rows" in message(tmp_path, sheet, "read_table")


def test_a_cell_far_out_in_two_byte_text(tmp_path: Path) -> None:
    def recoded(sheet: bytes) -> bytes:
        return ("<?xml version='1.0' encoding='UTF-16'?>" + adding(FAR)(sheet).decode()).encode("utf-16")

    assert "a sheet has 1,048,576 rows" in message(tmp_path, workbook(recoded), "read_table")


def test_repeated_cells_of_an_open_document(tmp_path: Path) -> None:
    cell = '<table:table-cell office:value-type="float" table:number-columns-repeated="9000"/>'
    row = f'<table:table-row table:number-rows-repeated="900000">{cell}</table:table-row>'
    xml = f'<o:document-content xmlns:o="o" xmlns:office="o" xmlns:table="t"><table:table>{row}</table:table>'
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", xml + "</o:document-content>")
    assert "a sheet has 900,000 rows and 9,000 columns" in message(tmp_path, stream.getvalue(), "read_table", "x.ods")


@pytest.mark.parametrize("reader", READERS)
def test_an_old_workbook_ends_only_its_own_process(reader: str, tmp_path: Path) -> None:
    data = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x07" * 5000
    assert "the spreadsheet cannot be read and may be damaged (" in message(tmp_path, data, reader, "x.xls")


def test_a_process_that_takes_too_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def late(*_: object, **__: object) -> None:
        raise subprocess.TimeoutExpired("x", 1)

    monkeypatch.setattr(guards.subprocess, "run", late)
    data = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x07" * 5000
    assert "may be damaged (TimeoutExpired)" in message(tmp_path, data, "read_table", "x.xls")


def test_a_binary_workbook_is_tried_in_a_process_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing here writes ``.xlsb``, so what is tested is that such a file is tried before it is opened."""
    tried = []
    monkeypatch.setattr(guards, "_try_in_a_process", lambda source, _: tried.append(source.name))
    data = changed(workbook(), {"xl/workbook.xml": ("xl/workbook.bin", bytes)})
    check_workbook(Source(Path("x.xlsb"), data), TABLE)
    check_workbook(Source(Path("x.xlsx"), workbook()), TABLE)
    assert tried == ["x.xlsb"]


def test_the_limits_differ_because_a_table_may_be_large() -> None:
    assert (RECORDING.cells, TABLE.cells) == (4_000_000, 20_000_000)
    source = Source(Path("x.xlsx"), b"")
    guards.check_cells(source, 10_000, 2_000, TABLE)
    with pytest.raises(ReadError, match="at most 4,000,000 cells are read"):
        guards.check_cells(source, 10_000, 2_000)


# ---- what is read ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "ghost",
    [
        b'<row r="1048576"><c r="XFD1048576" s="0"/></row>',
        b'<row r="1048576"><c r="XFD1048576" s="0"></c></row>',
        b'<row r="1048576" ht="15"/>',
        b'<row><c r="XFD1048576"/></row>',
    ],
)
def test_cells_with_a_format_only_are_no_cells(ghost: bytes, tmp_path: Path) -> None:
    """A person who formats whole columns leaves such cells, and no library makes room for them."""
    (tmp_path / "x.xlsx").write_bytes(workbook(adding(ghost)))
    assert read_table(tmp_path / "x.xlsx").cells["x"].tolist() == ["1", "2", "3", "4", "5"]


def test_a_formula_of_a_sparkline_is_no_cell(tmp_path: Path) -> None:
    line = b'<extLst><ext><xm:f xmlns:xm="x">A1</xm:f></ext></extLst>'
    ghost = adding(b'<row><c r="XFD1048576"/></row>')
    (tmp_path / "x.xlsx").write_bytes(
        workbook(lambda sheet: ghost(sheet).replace(b"</worksheet>", line + b"</worksheet>"))
    )
    assert len(read_table(tmp_path / "x.xlsx").rows) == 5


@pytest.mark.parametrize("prefix", [b"", b"x:"])
def test_cells_without_a_place(prefix: bytes) -> None:
    """Both ways of looking count cells that only follow each other."""
    row = b"<%sc><%sv>1</%sv></%sc>" % ((prefix,) * 4) * 3
    xml = b'<%ssheetData xmlns:x="y">' % prefix + (b"<%srow>" % prefix + row + b"</%srow>" % prefix) * 4
    source = Source(Path("x.xlsx"), b"")
    guards._check_sheet(source, xml + b"</%ssheetData>" % prefix, Limits(12, 1, "", ""))
    with pytest.raises(ReadError, match="a sheet has 4 rows and 3 columns"):
        guards._check_sheet(source, xml + b"</%ssheetData>" % prefix, Limits(11, 1, "", ""))


CELLS = st.lists(st.tuples(st.integers(1, 40), st.integers(1, 40), st.booleans()), min_size=1, max_size=12)


@given(CELLS, st.sampled_from([b'<c r="%s"', b"<c r='%s'", b'<c s="1" r="%s"', b'<c r="%s" s="1"']))
def test_the_quick_look_agrees_with_the_careful_one(cells: list[tuple[int, int, bool]], form: bytes) -> None:
    def name(row: int, column: int) -> bytes:
        letters = chr(64 + column) if column <= 26 else "A" + chr(64 + column - 26)
        return f"{letters}{row}".encode()

    xml = b"<sheetData>"
    for row, column, filled in cells:
        xml += b'<row r="%d">' % row + form % name(row, column) + (b"><v>1</v></c>" if filled else b"/>") + b"</row>"
    xml += b"</sheetData>"
    filled_rows = [row for row, _, filled in cells if filled]
    filled_columns = [column for _, column, filled in cells if filled]
    size = max(filled_rows, default=0) * max(filled_columns, default=0)
    source = Source(Path("x.xlsx"), b"")
    guards._check_sheet(source, xml, Limits(max(size, 1), 1, "", ""))
    if size > 1:
        with pytest.raises(ReadError, match="a sheet has"):
            guards._check_sheet(source, xml, Limits(size - 1, 1, "", ""))


def test_the_library_still_ends_the_process(tmp_path: Path) -> None:
    """If this fails, the guard may no longer be needed."""
    (tmp_path / "x.xlsx").write_bytes(workbook(adding(FAR)))
    code = (
        "import resource; resource.setrlimit(resource.RLIMIT_AS, (4_000_000_000, 4_000_000_000))\n"
        "from python_calamine import CalamineWorkbook\n"
        "try:\n    CalamineWorkbook.from_path('x.xlsx').get_sheet_by_index(0).to_python()\n"
        "except BaseException:\n    print('caught')"
    )
    if sys.platform == "win32":
        pytest.skip("there is no limit on memory here")
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "caught" not in done.stdout
