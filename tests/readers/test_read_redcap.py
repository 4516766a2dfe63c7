from __future__ import annotations

from pathlib import Path

import pytest

from kbstudy.errors import ReadError
from kbstudy.readers import READERS, RawTable, read_redcap, read_table, redcap_instruments

HEADER = (
    '"Variable / Field Name","Form Name","Section Header","Field Type","Field Label",'
    '"Choices, Calculations, OR Slider Labels","Field Note","Text Validation Type OR Show Slider Number",'
    '"Text Validation Min","Text Validation Max",Identifier?,"Branching Logic (Show field only if...)"\n'
)
FIELDS = HEADER + (
    "record_id,intake,,text,Record ID,,,,,,,\n"
    "surname,intake,,text,Surname,,,,,,y,\n"
    'sex,intake,,radio,"<b>Sex</b> at birth","1, Female | 2, Male | 3, Other, or none",,,,,,\n'
    'sites,intake,,checkbox,Where is the pain?,"1, Back | -1, Elsewhere",,,,,,\n'
    "welcome,intake,,descriptive,Hello,,,,,,,\n"
    "pain,scores,,text,Pain now,,,integer,0,10,,\n"
    "able,scores,,yesno,Able to work,,,,,,,\n"
    "fair,scores,,truefalse,Fair?,,,,,,,\n"
    "event_text,adverse_events,,notes,What happened,,,,,,,\n"
)
EXPORT = (
    "record_id,redcap_event_name,redcap_repeat_instrument,redcap_repeat_instance,redcap_survey_identifier,surname,sex,"
    "sites___1,sites____1,intake_complete,scores_timestamp,pain,able,fair,scores_complete,event_text,"
    "adverse_events_complete\n"
    "1,baseline_arm_1,,,a@b.c,Miller,3,1,0,2,2026-01-31 08:00,4,1,0,2,,\n"
    "1,week_4_arm_1,,,,,,0,0,,,,,,0,,\n"
    "1,week_4_arm_1,adverse_events,1,,,,0,0,,,,,,,fell,2\n"
    "1,week_4_arm_1,adverse_events,2,,,,,,,,,,,,,\n"
    "2,baseline_arm_1,,,,Smith,1,0,1,2,,,,,,,\n"
)


def project(folder: Path, export: str = EXPORT, fields: str = FIELDS) -> tuple[Path, Path]:
    (folder / "export.csv").write_text(export)
    (folder / "dictionary.csv").write_text(fields)
    return folder / "export.csv", folder / "dictionary.csv"


def read(folder: Path, export: str = EXPORT, fields: str = FIELDS, **options: bool) -> RawTable:
    return read_redcap(*project(folder, export, fields), **options)


def message(folder: Path, export: str = EXPORT, fields: str = FIELDS) -> str:
    with pytest.raises(ReadError) as caught:
        redcap_instruments(*project(folder, export, fields))
    return str(caught.value)


def test_registry() -> None:
    assert {"table": read_table, "redcap": read_redcap} == READERS


def test_labels_codes_ranges_and_forms_come_from_the_dictionary(tmp_path: Path) -> None:
    table = read(tmp_path)
    assert table.cells.loc[0, ["sex", "sites___1", "pain", "scores_timestamp"]].tolist() == [
        "3",
        "1",
        "4",
        "2026-01-31 08:00",
    ]
    assert table.labels == {
        "record_id": "Record ID",
        "sex": "Sex at birth",
        "sites___1": "Where is the pain?: Back",
        "sites____1": "Where is the pain?: Elsewhere",
        "pain": "Pain now",
        "able": "Able to work",
        "fair": "Fair?",
        "event_text": "What happened",
    }
    status = {"0": "Incomplete", "1": "Unverified", "2": "Complete"}
    assert table.codes == {
        "sex": {"1": "Female", "2": "Male", "3": "Other, or none"},
        "sites___1": {"0": "Unchecked", "1": "Checked"},
        "sites____1": {"0": "Unchecked", "1": "Checked"},
        "intake_complete": status,
        "able": {"1": "Yes", "0": "No"},
        "fair": {"1": "True", "0": "False"},
        "scores_complete": status,
        "adverse_events_complete": status,
    }
    assert table.ranges == {"pain": ("0", "10")}
    assert table.forms["sites____1"] == "intake"
    assert table.forms["scores_timestamp"] == "scores"
    assert "redcap_event_name" not in table.forms
    assert table.rows == (2, 3, 4, 5, 6)


def test_identifiers_are_left_out_and_named_without_their_values(tmp_path: Path) -> None:
    table = read(tmp_path)
    assert not {"surname", "redcap_survey_identifier"} & set(table.columns)
    assert table.notes == ('identifiers were left out: "redcap_survey_identifier", "surname"',)
    assert "Miller" not in str(table) + table._repr_html_()
    assert {"surname", "redcap_survey_identifier"} <= set(read(tmp_path, keep_identifiers=True).columns)


def test_a_record_id_marked_as_identifier_is_kept(tmp_path: Path) -> None:
    fields = FIELDS.replace("Record ID,,,,,,,", "Record ID,,,,,,y,")
    table = read(tmp_path, fields=fields)
    assert "record_id" in table.columns
    assert '"record_id" is marked as an identifier and was kept, because it links the rows' in table.notes


def test_columns_only_one_side_knows_are_named(tmp_path: Path) -> None:
    table = read(tmp_path, "record_id,extra,sex,sites___1,sites___9\n1,x,1,1,0\n")
    assert table.columns == ["record_id", "extra", "sex", "sites___1", "sites___9"]
    assert table.notes == (
        'columns that dictionary.csv does not know (kept): "extra", "sites___9"',
        'fields of dictionary.csv that are not in the export: "surname", "pain", "able", "fair", "event_text"',
    )


def test_the_dictionary_of_the_api(tmp_path: Path) -> None:
    fields = (
        "field_name,form_name,field_type,field_label,select_choices_or_calculations,identifier\n"
        'record_id,intake,text,Record ID,,\nsex,intake,dropdown,Sex,"f, Female | m, Male",\n'
    )
    table = read(tmp_path, "record_id,sex\n1,f\n", fields)
    assert (table.codes, table.notes) == ({"sex": {"f": "Female", "m": "Male"}}, ())


def test_without_a_dictionary(tmp_path: Path) -> None:
    table = read_redcap(project(tmp_path)[0])
    assert "surname" in table.columns
    assert table.notes == (
        "no data dictionary was given, so there are no labels and identifiers cannot be recognised",
        'identifiers were left out: "redcap_survey_identifier"',
    )


def test_labels_keep_what_only_looks_like_a_tag(tmp_path: Path) -> None:
    fields = HEADER + 'record_id,a,,text,Record ID,,,,,,,\nw,a,,text,"Weight <5 kg &amp; \n<i>falling</i>",,,,,,,\n'
    assert read(tmp_path, "record_id,w\n1,2\n", fields).labels["w"] == "Weight <5 kg & falling"


LABELLED = (
    "Record ID,Event Name,Repeat Instrument,Repeat Instance,Surname,Sex at birth,Where is the pain? (choice=Back),"
    "Complete?,Survey Timestamp,Pain now,Able to work,Complete?,What happened,Complete?\n"
    '1,Baseline,,,Miller,"Other, or none",Checked,Complete,2026-01-31,4,Yes,Complete,,\n'
    "1,Week 4,Adverse Events,1,,,Unchecked,,,,,,fell,Complete\n"
)


def test_labels_in_the_header_become_field_names(tmp_path: Path) -> None:
    table = read(tmp_path, LABELLED)
    assert table.columns == [
        "record_id",
        "redcap_event_name",
        "redcap_repeat_instrument",
        "redcap_repeat_instance",
        "sex",
        "sites___1",
        "intake_complete",
        "scores_timestamp",
        "pain",
        "able",
        "scores_complete",
        "event_text",
        "adverse_events_complete",
    ]
    assert table.cells.loc[0, ["sex", "sites___1", "able"]].tolist() == ["Other, or none", "Checked", "Yes"]
    assert table.notes[0] == "labels in the header were replaced by the field names of dictionary.csv"


def test_labels_that_belong_to_several_fields(tmp_path: Path) -> None:
    fields = FIELDS + "pain_2,scores,,text,Pain now,,,,,,,\nable_2,scores,,text,Able to work,,,,,,,\n"
    assert message(tmp_path, LABELLED, fields) == (
        'export.csv, row 1: the label "Pain now" belongs to 2 fields: pain, pain_2\n'
        'export.csv, row 1: the label "Able to work" belongs to 2 fields: able, able_2\n'
        'What to do: Export from REDCap again with variable names in the header ("CSV / Microsoft Excel (raw data)").'
    )


def test_a_status_without_its_instrument(tmp_path: Path) -> None:
    text = message(tmp_path, "Record ID,Complete?,Pain now\n1,Complete,3\n")
    assert text.splitlines()[0] == 'export.csv, row 1: the label "Complete?" cannot be assigned to an instrument'


def test_an_export_without_the_record_id(tmp_path: Path) -> None:
    assert message(tmp_path, "recordid,pain\n1,2\n") == (
        'export.csv, row 1: the record id "record_id" is not a column of the export; did you mean "recordid"?\n'
        "What to do: Check that dictionary.csv belongs to this export; its first field is the record id."
    )


def test_one_table_for_each_instrument(tmp_path: Path) -> None:
    tables = redcap_instruments(*project(tmp_path))
    assert list(tables) == ["intake", "scores", "adverse_events"]
    intake, scores, events = tables.values()
    keys = ["record_id", "redcap_event_name", "redcap_repeat_instance"]
    assert intake.columns == [*keys, "sex", "sites___1", "sites____1", "intake_complete"]
    assert scores.columns == [*keys, "scores_timestamp", "pain", "able", "fair", "scores_complete"]
    assert events.columns == [*keys, "event_text", "adverse_events_complete"]
    assert (intake.rows, scores.rows, events.rows) == ((2, 6), (2, 3), (4, 5))
    assert events.cells["redcap_repeat_instance"].tolist() == ["1", "2"]
    assert list(events.cells.index) == [0, 1]
    assert list(scores.codes) == ["able", "fair", "scores_complete"]
    assert scores.ranges == {"pain": ("0", "10")}
    assert events.ranges == {}


def test_values_outside_the_repeated_instrument_are_not_lost(tmp_path: Path) -> None:
    export = "record_id,redcap_repeat_instrument,redcap_repeat_instance,pain,event_text\n1,adverse_events,1,5,fell\n"
    tables = redcap_instruments(*project(tmp_path, export))
    assert {form: table.rows for form, table in tables.items()} == {"scores": (2,), "adverse_events": (2,)}


def test_instruments_of_an_export_with_labels(tmp_path: Path) -> None:
    tables = redcap_instruments(*project(tmp_path, LABELLED))
    assert {form: table.rows for form, table in tables.items()} == {
        "intake": (2,),
        "scores": (2,),
        "adverse_events": (3,),
    }


def test_a_classic_project_has_no_events(tmp_path: Path) -> None:
    tables = redcap_instruments(*project(tmp_path, "record_id,sex,pain\n1,2,\n2,,5\n"))
    assert tables["intake"].cells.to_dict("list") == {"record_id": ["1"], "sex": ["2"]}
    assert tables["scores"].cells.to_dict("list") == {"record_id": ["2"], "pain": ["5"]}


def test_an_unknown_repeated_instrument(tmp_path: Path) -> None:
    export = "record_id,redcap_repeat_instrument,redcap_repeat_instance,event_text\n1,adverse_event,1,x\n2,zzz,1,x\n"
    assert message(tmp_path, export) == (
        'export.csv, row 2, column "redcap_repeat_instrument": "adverse_event" is not an instrument of dictionary.csv; '
        'did you mean "adverse_events"?\n'
        'export.csv, row 3, column "redcap_repeat_instrument": "zzz" is not an instrument of dictionary.csv\n'
        "What to do: Export from REDCap with raw values."
    )


ADVICE = 'What to do: Export it again: in REDCap, "Data Dictionary", then "Download the current Data Dictionary".'


def test_not_a_dictionary(tmp_path: Path) -> None:
    assert message(tmp_path, fields="field,form_name,field_type,field_label\na,b,text,c\n") == (
        'dictionary.csv: not a REDCap data dictionary: there is no column "field_name"; did you mean "field_label"?\n'
        'dictionary.csv: not a REDCap data dictionary: there is no column "select_choices_or_calculations"\n' + ADVICE
    )


def test_everything_wrong_in_a_dictionary_is_reported(tmp_path: Path) -> None:
    fields = FIELDS + (
        'mood,scores,,radio,Mood,"1, Good | Bad | 1, Awful",,,,,,\npain,scores,,text,Pain again,,,,,,,\n'
        "total,scores,,calc,Sum,[pain] + 1,,,,,,\n"
    )
    assert message(tmp_path, fields=fields) == (
        'dictionary.csv, row 11: field "mood": the choice "Bad" has no code before a comma\n'
        'dictionary.csv, row 11: field "mood": the code "1" stands for two choices\n'
        'dictionary.csv, row 12: the field "pain" stands in row 7 already\n' + ADVICE
    )


def test_a_dictionary_that_does_not_begin_with_the_record_id(tmp_path: Path) -> None:
    assert message(tmp_path, fields=HEADER + "hello,a,,descriptive,Hello,,,,,,,\n") == (
        "dictionary.csv, row 2: the first field must be the record id, and this one is not a text field\n" + ADVICE
    )


def test_a_file_that_redcap_does_not_write(tmp_path: Path) -> None:
    _, dictionary = project(tmp_path)
    (tmp_path / "x.sav").write_bytes(b"$FL2")
    with pytest.raises(ReadError) as caught:
        read_redcap(tmp_path / "x.sav", dictionary)
    assert str(caught.value) == (
        "x.sav: this is an SPSS file, and a REDCap file is a CSV\nWhat to do: Export it from REDCap as CSV."
    )


def test_the_encoding_of_the_export_can_be_given(tmp_path: Path) -> None:
    path, dictionary = project(tmp_path)
    path.write_bytes("record_id,event_text\n1,über\n".encode("mac_roman"))
    assert read_redcap(path, dictionary, encoding="mac_roman").cells["event_text"].tolist() == ["über"]
