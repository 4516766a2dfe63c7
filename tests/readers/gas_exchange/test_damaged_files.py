"""Files that were damaged, edited or are not what they seem: read right, or refused with the reason."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from kbstudy.errors import DataError, ReadError
from kbstudy.readers import guards
from tests.readers.gas_exchange import writers
from tests.readers.gas_exchange.reading import assert_truth, read, said

TEXTS = ["vyntus", "mgc_breeze", "parvo", "vo2_master", "pnoe", "korr_cardiocoach", "calibre"]


# ---- encodings and separators ------------------------------------------------------------------------------------


def recoded(encoding: str, mark: bytes = b"") -> Callable[[bytes], bytes]:
    return lambda data: mark + data.decode("utf-8").encode(encoding)


CODES = {
    "bom": recoded("utf-8", b"\xef\xbb\xbf"),
    "utf-16 with a mark": recoded("utf-16"),
    "utf-16-le without": recoded("utf-16-le"),
    "utf-16-be without": recoded("utf-16-be"),
    "ctrl-z": lambda data: data.rstrip(b"\x1a") + b"\x1a",
    "many ctrl-z and zeros": lambda data: data.rstrip(b"\x1a") + b"\x1a" * 30 + b"\0" * 90,
    "carriage returns": lambda data: data.replace(b"\r\n", b"\n").replace(b"\n", b"\r"),
}


@pytest.mark.parametrize("key", TEXTS)
@pytest.mark.parametrize("code", CODES)
def test_text_in_any_code(code: str, key: str, tmp_path: Path) -> None:
    data = writers.vyntus(encoding="utf-8") if key == "vyntus" else writers.WRITERS[key]()
    assert_truth(read(tmp_path, CODES[code](data)), writers.truth())


def test_latin_1(tmp_path: Path) -> None:
    assert b"\xf6" in writers.vyntus()  # ö in one byte
    assert_truth(read(tmp_path, writers.vyntus()), writers.truth())


def test_spreadsheetml_in_utf_16(tmp_path: Path) -> None:
    data = writers.studio_xml().decode().replace('version="1.0"', 'version="1.0" encoding="UTF-16"').encode("utf-16")
    assert_truth(read(tmp_path, data), writers.truth())


@pytest.mark.parametrize("key", ["pnoe", "korr_cardiocoach", "vyntus"])
def test_decimal_commas(key: str, tmp_path: Path) -> None:
    data = writers.WRITERS[key]().replace(b".", b",")
    if key == "pnoe":
        data = data.replace(b"1,", b"1.", 0)
    assert_truth(read(tmp_path, data), writers.truth())


def test_decimal_commas_in_quotes_of_a_comma_file(tmp_path: Path) -> None:
    assert b'"40,90"' not in writers.vo2_master()
    assert b',"' in writers.vo2_master(comma=True)
    assert_truth(read(tmp_path, writers.vo2_master(comma=True)), writers.truth())


def test_one_column_with_commas_among_points(tmp_path: Path) -> None:
    rows = writers.studio_rows()
    for row in rows[11:]:
        row[10] = str(row[10]).replace(".", ",")
        row[11] = str(row[11])
    assert_truth(read(tmp_path, writers.studio_xml(rows)), writers.truth())


# ---- columns that contradict each other --------------------------------------------------------------------------


def test_values_of_vo2_and_vo2_per_kilogram_swapped(tmp_path: Path) -> None:
    rows = writers.studio_rows()
    for row in rows[11:]:
        row[3], row[11] = row[11], row[3]
    with pytest.raises(DataError, match='VCO2/VO2 is .* but the column "RER" says') as caught:
        read(tmp_path, writers.studio_xml(rows))
    assert "swapped" in str(caught.value)


def test_names_of_vo2_and_vo2_per_kilogram_swapped(tmp_path: Path) -> None:
    rows = writers.studio_rows()
    rows[9][3], rows[9][11] = rows[9][11], rows[9][3]
    with pytest.raises(ReadError, match='has the unit "ml/min/kg", which is not one of VO2'):
        read(tmp_path, writers.studio_xml(rows))


def test_vo2_and_vo2_per_kilogram_swapped_without_rer(tmp_path: Path) -> None:
    data = writers.vo2_master().replace(b"VO2[mL/kg/min],VO2[mL/min]", b"VO2[mL/min],VO2[mL/kg/min]")
    with pytest.raises(DataError, match="would be a body mass of"):
        read(tmp_path, data)


def test_a_wrong_unit_of_one_volume(tmp_path: Path) -> None:
    rows = writers.studio_rows()
    rows[10][10] = "ml/min"
    with pytest.raises(DataError, match="swapped or a unit is wrong"):
        read(tmp_path, writers.studio_xml(rows))


def test_an_unknown_unit_of_vo2(tmp_path: Path) -> None:
    rows = writers.studio_rows()
    rows[10][11] = "furlong"
    with pytest.raises(ReadError, match='has the unit "furlong", which is not one of VO2') as caught:
        read(tmp_path, writers.studio_xml(rows))
    assert 'mapping = {"vo2_l_min"' in str(caught.value)


def test_header_and_data_with_different_masses(tmp_path: Path) -> None:
    file = writers.studio_xml(writers.studio_rows(mass="74,8kg"))
    with pytest.raises(DataError) as caught:
        read(tmp_path, file)
    assert "the header says 74.8 kg, and VO2 ÷ VO2/kg is 80 kg" in str(caught.value)
    assert "body_mass_kg = 74.8 or body_mass_kg = 80" in str(caught.value)
    assert read(tmp_path, file, body_mass_kg=80.0).body_mass_kg == 80.0


@pytest.mark.parametrize("mass", ["80,0kg", "80.3 kg", "80 KG", "176.4 lb"])
def test_a_rounded_mass_is_no_contradiction(mass: str, tmp_path: Path) -> None:
    recording = read(tmp_path, writers.studio_xml(writers.studio_rows(mass=mass)))
    assert recording.body_mass_kg == pytest.approx(80, abs=0.31)
    assert recording.body_mass_source == "header of the file"


@pytest.mark.parametrize("mass", ["80", "7 kg", "-80 kg", "eighty", "-"])
def test_a_mass_that_cannot_be_used_is_not_used(mass: str, tmp_path: Path) -> None:
    recording = read(tmp_path, writers.studio_xml(writers.studio_rows(mass=mass)))
    assert recording.body_mass_source.startswith("VO2 ÷ VO2/kg")
    assert ("body mass in the header" in said(recording)) == (mass not in {"eighty", "-"})


# ---- pressures ---------------------------------------------------------------------------------------------------


def legacy_with(values: tuple[float, float], unit: str) -> bytes:
    import openpyxl

    book = openpyxl.load_workbook(io.BytesIO(writers.cosmed_legacy()))
    sheet = book.active
    names = {cell.value: cell.column for cell in sheet[1]}
    for name, value in zip(("PetO2", "PetCO2"), values, strict=True):
        sheet.cell(2, names[name]).value = unit
        for row in range(4, sheet.max_row + 1):
            sheet.cell(row, names[name]).value = value
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def test_kilopascals_become_mmhg_each_in_its_own_column(tmp_path: Path) -> None:
    """A peer writes the carbon dioxide into the oxygen here."""
    data = read(tmp_path, legacy_with((13.5, 5.3), "kPa")).data
    np.testing.assert_allclose(data["peto2_mmhg"], 101.26, atol=0.01)
    np.testing.assert_allclose(data["petco2_mmhg"], 39.75, atol=0.01)


def test_kilopascals_under_the_unit_mmhg_are_left_out(tmp_path: Path) -> None:
    recording = read(tmp_path, legacy_with((13.5, 5.3), "mmHg"))
    assert not {"peto2_mmhg", "petco2_mmhg"} & set(recording.data)
    assert "no breath has; it may be in kPa; column left out" in said(recording)


# ---- conditions of volumes ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("unit", ["L/min BTPS", "L/min (ATPS)", "L/min (BT)"])
@pytest.mark.parametrize(("position", "name"), [(11, "V'O2"), (10, "V'CO2")])
def test_oxygen_that_is_not_stpd(position: int, name: str, unit: str, tmp_path: Path) -> None:
    rows = writers.studio_rows()
    rows[10][position] = unit
    with pytest.raises(ReadError, match=f'column "{name}" says that it is .TPS') as caught:
        read(tmp_path, writers.studio_xml(rows))
    assert "too high by a fifth" in str(caught.value)


@pytest.mark.parametrize(("position", "mark"), [(7, "ATPS"), (8, "ATPS"), (8, "STPD"), (3, "BTPS")])
def test_other_volumes_under_other_conditions_are_left_out(position: int, mark: str, tmp_path: Path) -> None:
    rows = writers.studio_rows()
    name, unit = rows[9][position], rows[10][position]
    rows[10][position] = f"{unit} {mark}"
    recording = read(tmp_path, writers.studio_xml(rows))
    wanted = "STPD" if position == 3 else "BTPS"
    assert f'column "{name}" is {mark} (wanted: {wanted}); column left out' in said(recording)
    assert_truth(recording, writers.truth())


# ---- missing values ----------------------------------------------------------------------------------------------


def test_missed_breaths_are_left_out_and_told(tmp_path: Path) -> None:
    rows = writers.studio_rows()
    for number in (13, 17):
        rows[number][10] = rows[number][11] = 0.0
    rows[20][11] = "-"
    recording = read(tmp_path, writers.studio_xml(rows))
    assert len(recording.data) == 21
    assert "row 14 (and 1 more row): VO2 is 0 or negative (a missed breath); row left out" in said(recording)
    assert "row 21: no VO2 (a missed breath); row left out" in said(recording)


def test_missing_carbon_dioxide_is_vo2_times_rer(tmp_path: Path) -> None:
    """A peer divides, which turns a ratio of 1.2 into 0.83."""
    rows = writers.studio_rows()
    for row in rows[11:]:
        row[6], row[10] = 1.2, "-"
    recording = read(tmp_path, writers.studio_xml(rows))
    np.testing.assert_allclose(recording.data["vco2_l_min"], 1.2 * recording.data["vo2_l_min"])
    assert "row 12 (and 23 more rows): VCO2 is missing; computed as VO2 × RER" in said(recording)


def test_a_file_without_the_column_of_carbon_dioxide(tmp_path: Path) -> None:
    rows = writers.studio_rows()
    rows[9][10] = "other"
    data = read(tmp_path, writers.studio_xml(rows)).data
    np.testing.assert_allclose(data["vco2_l_min"], [b.vco2 for b in writers.truth()], atol=1e-9)


def test_text_in_a_column_of_numbers(tmp_path: Path) -> None:
    rows = writers.studio_rows()
    rows[13][4] = "off"
    recording = read(tmp_path, writers.studio_xml(rows))
    assert 'row 14: column "HR" has "off", which is not a number; taken as missing' in said(recording)
    assert np.isnan(recording.data["hr_bpm"].iloc[2])


# ---- rows in disorder --------------------------------------------------------------------------------------------


def test_shuffled_rows_are_sorted_and_told(tmp_path: Path) -> None:
    rows = [writers.truth()[n] for n in np.random.default_rng(2).permutation(24)]
    recording = read(tmp_path, writers.pnoe(rows))
    assert_truth(recording, writers.truth())
    assert "rows are out of order; sorted by time" in said(recording)


def test_repeated_seconds_are_kept_in_the_order_of_the_file(tmp_path: Path) -> None:
    rows = writers.truth()
    rows[5] = writers.Breath(rows[4].t, *[getattr(rows[5], name) for name in ("vo2", "vco2", "rf", "vt", "hr", "load")])
    recording = read(tmp_path, writers.pnoe(rows))
    assert_truth(recording, rows)
    assert "row 7: the same time as the row before; both kept" in said(recording)


def test_two_recordings_in_one_file_are_refused(tmp_path: Path) -> None:
    rows = [*writers.truth(), *writers.truth()[8:]]
    with pytest.raises(DataError, match=r"row 26: the time falls from 117 s to .* overlap earlier ones"):
        read(tmp_path, writers.pnoe(rows))


# ---- files that are not what they seem ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "page", [b"<!DOCTYPE html><html><body>Log in</body></html>", b"<html><table><tr><td>VO2</td></tr></table></html>"]
)
def test_a_web_page_named_xlsx(page: bytes, tmp_path: Path) -> None:
    with pytest.raises(ReadError, match="this is a web page"):
        read(tmp_path, page, "export.xlsx")


@pytest.mark.parametrize("start", [b"%PDF-1.7", b"\x1f\x8b\x08", b"{\\rtf1", b"PAR1"])
def test_other_files(start: bytes, tmp_path: Path) -> None:
    with pytest.raises(ReadError, match="not a table of gas exchange"):
        read(tmp_path, start + b"x" * 100, "export.csv")


def test_an_empty_file(tmp_path: Path) -> None:
    with pytest.raises(ReadError, match="empty"):
        read(tmp_path, b"")


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.99])
def test_a_truncated_workbook(share: float, tmp_path: Path) -> None:
    data = writers.cosmed_legacy()
    with pytest.raises(ReadError, match="damaged"):
        read(tmp_path, data[: int(share * len(data))])


def test_a_truncated_spreadsheetml(tmp_path: Path) -> None:
    data = writers.studio_xml()
    with pytest.raises(ReadError, match="damaged or cut off at line"):
        read(tmp_path, data[: len(data) * 3 // 4])


def test_a_text_cut_off_keeps_its_whole_rows(tmp_path: Path) -> None:
    data = writers.vyntus()
    recording = read(tmp_path, data[: len(data) * 3 // 4])
    assert 10 < len(recording.data) < 24


@pytest.mark.parametrize("extra", [b"\0" * 5_000, b"\0\0\0\0 text"])
def test_zeros(extra: bytes, tmp_path: Path) -> None:
    with pytest.raises(ReadError, match="NUL|not an export|empty"):
        read(tmp_path, extra)


def test_zeros_in_the_middle_of_a_text(tmp_path: Path) -> None:
    data = writers.pnoe()
    with pytest.raises(ReadError, match="is a NUL"):
        read(tmp_path, data[:300] + b"\0" * 400 + data[700:])


def test_a_file_too_large_to_be_a_recording(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guards, "MOST_BYTES", 1000)
    with pytest.raises(ReadError, match="at most 0 MB are read"):
        read(tmp_path, writers.pnoe())


def test_a_zip_bomb(tmp_path: Path) -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
        for number in range(4):
            archive.writestr(f"xl/worksheets/sheet{number}.xml", b"0" * 100_000_000)
    assert len(stream.getvalue()) < 1_000_000
    with pytest.raises(ReadError, match="unpacks to 400 MB; at most 300 MB"):
        read(tmp_path, stream.getvalue())


def resheeted(data: bytes, change: Callable[[bytes], bytes]) -> bytes:
    """A workbook with its sheet changed."""
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(stream, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            new.writestr(name, change(content) if "worksheets" in name else content)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (b'r="B5"', b'r="XFD1048576"', "a sheet has 1,048,576 rows"),
        (b'r="B5"', b'r="&#88;FD1048576"', "a sheet has 1,048,576 rows"),
        (b'<row r="5"', b'<row r="999999999999"', 'a row or repetition of "999999999999"'),
        (b'r="B5"', b'r="B99999999999999"', 'a cell stands at "B99999999999999"'),
        (b'r="B5"', b'r="ZZZZZ5"', 'a cell stands at "ZZZZZ5"'),
        (b"<worksheet", b'<!DOCTYPE a [<!ENTITY b "c">]><worksheet', "declares a document type"),
    ],
)
def test_cells_far_outside_are_refused_before_the_library_makes_room(
    old: bytes, new: bytes, said: str, tmp_path: Path
) -> None:
    """The library ends the whole process, uncatchably, when it cannot make room for all the cells between."""
    data = resheeted(writers.cosmed_legacy(), lambda xml: xml.replace(old, new, 1))
    with pytest.raises(ReadError, match=said):
        read(tmp_path, data)


def test_repeated_cells_of_an_open_document(tmp_path: Path) -> None:
    cell = '<table:table-cell office:value-type="float" table:number-columns-repeated="9000"/>'
    row = f'<table:table-row table:number-rows-repeated="900000">{cell}</table:table-row>'
    table = f"<table:table>{row}</table:table>"
    xml = f'<office:document-content xmlns:office="o" xmlns:table="t">{table}</office:document-content>'
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", xml)
    with pytest.raises(ReadError, match="a sheet has 900,000 rows and 9,000 columns"):
        read(tmp_path, stream.getvalue())


def test_an_open_document_is_read(tmp_path: Path) -> None:
    from odf.opendocument import OpenDocumentSpreadsheet
    from odf.table import Table, TableCell, TableRow
    from odf.text import P

    document, table = OpenDocumentSpreadsheet(), Table(name="Data")
    for cells in writers.studio_rows():
        row = TableRow()
        for cell in cells:
            made = TableCell(valuetype="string") if isinstance(cell, str) else TableCell(valuetype="float", value=cell)
            made.addElement(P(text=str(cell)))
            row.addElement(made)
        table.addElement(row)
    document.spreadsheet.addElement(table)
    stream = io.BytesIO()
    document.write(stream)
    assert_truth(read(tmp_path, stream.getvalue()), writers.truth())


def test_a_broken_old_workbook_ends_only_its_own_process(tmp_path: Path) -> None:
    with pytest.raises(ReadError, match=r"the spreadsheet cannot be read and may be damaged"):
        read(tmp_path, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x07" * 5000)


# ---- SpreadsheetML -----------------------------------------------------------------------------------------------


def test_sparse_cells_stay_in_their_columns(tmp_path: Path) -> None:
    """A peer ignores ss:Index, which moves every later value to the left."""
    data = writers.studio_xml()
    assert b"ss:Index" in data
    rows = writers.studio_rows()
    for row in rows[11:]:
        row[4] = row[5] = ""
    recording = read(tmp_path, writers.studio_xml(rows))
    assert_truth(recording, writers.truth())
    assert 'column "HR" has no value in any row' in said(recording)


def test_an_index_of_rows_keeps_row_numbers(tmp_path: Path) -> None:
    data = writers.studio_xml()
    head, mark, rest = data.partition(b'<Row><Cell><Data ss:Type="String">t</Data>')
    recording = read(
        tmp_path, head + mark.replace(b"<Row>", b'<Row ss:Index="41">') + rest.replace(b">70.0<", b">zero<", 1)
    )
    assert 'row 43: column "HR" has "zero"' in said(recording)


def test_merged_cells_move_what_follows(tmp_path: Path) -> None:
    data = writers.studio_xml().replace(
        b'<Cell><Data ss:Type="String">Weight', b'<Cell ss:MergeAcross="1"><Data ss:Type="String">Weight'
    )
    assert read(tmp_path, data).body_mass_source == "header of the file"
    down = data.replace(
        b'<Row><Cell><Data ss:Type="String">t<', b'<Row><Cell ss:MergeDown="0"><Data ss:Type="String">t<'
    )
    assert_truth(read(tmp_path, down), writers.truth())


def test_cells_under_a_merged_one_are_skipped() -> None:
    from kbstudy.readers.gas_exchange.spreadsheetml import read_spreadsheetml
    from kbstudy.readers.source import Source

    first = '<Row><Cell ss:MergeDown="1"><Data>a</Data></Cell><Cell><Data>b</Data></Cell></Row>'
    table = f"<Worksheet><Table>{first}<Row><Cell><Data>c</Data></Cell></Row></Table></Worksheet>"
    xml = f'<Workbook xmlns="{writers.NAMESPACE}" xmlns:ss="{writers.NAMESPACE}">{table}</Workbook>'
    assert read_spreadsheetml(Source(Path("a.xml"), xml.encode()))[0].rows == [["a", "b"], ["", "c"]]


@pytest.mark.parametrize(
    "declaration",
    [
        '<!DOCTYPE lolz [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>',
        '<!DOCTYPE x SYSTEM "file:///etc/passwd">',
    ],
)
def test_entities_are_refused(declaration: str, tmp_path: Path) -> None:
    data = writers.studio_xml().replace(b"<Workbook", declaration.encode() + b"<Workbook", 1)
    with pytest.raises(ReadError, match="declares a document type or entities"):
        read(tmp_path, data)


@pytest.mark.parametrize("index", ["99999999", "-3", "x", "1.5", "²"])
def test_an_absurd_index(index: str, tmp_path: Path) -> None:
    data = writers.studio_xml().replace(b"<Cell><Data", f'<Cell ss:Index="{index}"><Data'.encode(), 1)
    with pytest.raises(ReadError, match="ss:Index"):
        read(tmp_path, data)
