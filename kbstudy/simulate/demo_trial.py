"""The simulated trial that ships in ``data/raw/demo-trial``: a REDCap export, messy on purpose, and gas exchange.

``python -m kbstudy.simulate.demo_trial data/raw/demo-trial`` writes every file again, byte for byte.
"""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np

from kbstudy.simulate.sessions import Swinger, write_sessions

__all__ = ["SEED", "write_demo_trial"]

#: The seed of the files that ship.
SEED: Final = 20261123

_PER_ARM: Final = 20
_SCREENED_ONLY: Final = 3
_EVENTS: Final = ("baseline_arm_1", "week_4_arm_1", "week_8_arm_1")
_MISSING_VISITS: Final = 0.20  # of the follow-up visits, so about 12 % of all

#: True mean change from baseline by arm (usual care, kettlebell) at weeks 4 and 8.
_CHANGE: Final = {
    "pain_now": ((0.0, -0.3, -0.5), (0.0, -1.0, -1.8)),
    "odi": ((0.0, -1.0, -2.0), (0.0, -4.0, -8.0)),
    "grip_kg": ((0.0, 0.2, 0.3), (0.0, 1.5, 2.5)),
}
#: Mean and SD at baseline, SD of the occasion, range, decimals.
_SCALE: Final = {
    "pain_now": (5.2, 1.3, 0.9, (0.0, 10.0), 1),
    "odi": (32.0, 8.0, 4.0, (0.0, 100.0), 0),
    "grip_kg": (34.0, 8.0, 2.0, (0.0, 120.0), 1),
}
_COLUMNS: Final = (
    "record_id", "redcap_event_name", "initials", "arm", "sex", "age", "height_cm", "mass_kg", "equipment___1",
    "equipment___2", "pain_now", "odi", "grip_kg", "assessment_complete",
)  # fmt: skip

_LOG_COLUMNS: Final = ("record_id", "weeks_followed", "sessions_planned", "sessions_attended")
_EVENT_COLUMNS: Final = ("record_id", "event", "serious")
#: Three sessions a week for eight weeks.
_PLANNED: Final = 24

_DICTIONARY_HEADER: Final = (
    "Variable / Field Name", "Form Name", "Section Header", "Field Type", "Field Label",
    "Choices, Calculations, OR Slider Labels", "Field Note", "Text Validation Type OR Show Slider Number",
    "Text Validation Min", "Text Validation Max", "Identifier?", "Branching Logic (Show field only if...)",
    "Required Field?", "Custom Alignment", "Question Number (surveys only)", "Matrix Group Name", "Matrix Ranking?",
    "Field Annotation",
)  # fmt: skip
_FIELDS: Final = (
    ("record_id", "enrolment", "text", "Participant", "", "", "", "", ""),
    ("initials", "enrolment", "text", "Initials", "", "", "", "", "y"),
    ("arm", "enrolment", "radio", "Allocated to", "0, Usual care | 1, Kettlebell", "", "", "", ""),
    ("sex", "enrolment", "radio", "Sex", "1, Female | 2, Male", "", "", "", ""),
    ("age", "enrolment", "text", "Age (years)", "", "integer", "18", "80", ""),
    ("height_cm", "enrolment", "text", "Height (cm)", "", "number", "120", "220", ""),
    ("mass_kg", "enrolment", "text", "Body mass (kg)", "", "number", "35", "200", ""),
    ("equipment", "enrolment", "checkbox", "Owns at home", "1, Kettlebell | 2, Exercise mat", "", "", "", ""),
    ("pain_now", "assessment", "text", "Low-back pain now, 0 to 10", "", "number", "0", "10", ""),
    ("odi", "assessment", "text", "Oswestry Disability Index", "", "number", "0", "100", ""),
    ("grip_kg", "assessment", "text", "Handgrip, best of three (kg)", "", "number", "0", "120", ""),
)


def write_demo_trial(folder: Path, *, rng: np.random.Generator) -> None:
    """Write the demonstration trial: the REDCap export, exports of carts in ``gas/``, a training log, adverse events.

    Parameters
    ----------
    folder
        Where to write; must exist.
    rng
        Source of randomness; ``np.random.default_rng(SEED)`` gives the files that ship.
    """
    records = _records(rng)
    swingers = _swingers(records)
    (folder / "redcap_export.csv").write_text(_csv(_COLUMNS, _spoil(records)), "utf-8", newline="")
    (folder / "redcap_dictionary.csv").write_text(_dictionary(), "utf-8", newline="")
    (folder / "gas").mkdir(exist_ok=True)
    write_sessions(folder / "gas", swingers, rng=rng)
    (folder / "training_log.csv").write_text(_csv(_LOG_COLUMNS, _training_log(records, rng)), "utf-8", newline="")
    (folder / "adverse_events.csv").write_text(_csv(_EVENT_COLUMNS, _adverse_events(records, rng)), "utf-8", newline="")


def _allocated(records: Sequence[Mapping[str, str]]) -> list[Mapping[str, str]]:
    """The enrolment of everyone with an arm."""
    return [record for record in records if record.get("arm")]


def _training_log(records: Sequence[Mapping[str, str]], rng: np.random.Generator) -> list[dict[str, str]]:
    """Weeks followed of everyone, sessions of those with kettlebells; who left early trained less."""
    came = {name: {r["record_id"] for r in records if r["redcap_event_name"] == name} for name in _EVENTS}
    rows = []
    for record in _allocated(records):
        person = record["record_id"]
        weeks = 8 if person in came[_EVENTS[2]] else 6 if person in came[_EVENTS[1]] else 3
        row = {"record_id": person, "weeks_followed": str(weeks)}
        if record["arm"] == "1":
            attended = int(rng.binomial(_PLANNED * weeks // 8, 0.82))
            row |= {"sessions_planned": str(_PLANNED), "sessions_attended": str(attended)}
        rows.append(row)
    return rows


def _adverse_events(records: Sequence[Mapping[str, str]], rng: np.random.Generator) -> list[dict[str, str]]:
    """Soreness and blisters mostly where there are kettlebells; nothing serious."""
    rows = []
    for record in _allocated(records):
        rates = (0.5, 0.25, 0.05) if record["arm"] == "1" else (0.15, 0.0, 0.05)
        for event, rate in zip(("muscle soreness", "blister on the hand", "back pain flare-up"), rates, strict=True):
            same = {"record_id": record["record_id"], "event": event, "serious": "no"}
            rows += [same] * int(rng.poisson(rate))
    return rows


def _swingers(records: Sequence[Mapping[str, str]]) -> list[Swinger]:
    """Those with kettlebells who came to the last visit."""
    last = {record["record_id"] for record in records if record["redcap_event_name"] == _EVENTS[-1]}
    return [
        Swinger(record["record_id"], record["sex"] == "1", float(record["age"]), float(record["mass_kg"]))
        for record in records
        if record.get("arm") == "1" and record["record_id"] in last
    ]


def _records(rng: np.random.Generator) -> list[dict[str, str]]:
    """One record a person and visit that took place."""
    arms = rng.permutation([0] * _PER_ARM + [1] * _PER_ARM)
    records = []
    for number in range(len(arms) + _SCREENED_ONLY):
        arm = int(arms[number]) if number < len(arms) else None
        records += _person(f"P{number + 1:03d}", arm, rng)
    return records


def _person(person: str, arm: int | None, rng: np.random.Generator) -> list[dict[str, str]]:
    sex = int(rng.integers(1, 3))
    enrolment = {
        "initials": "".join(rng.choice(list("ABCDEFGHKLMNPRST"), 2)),
        "arm": "" if arm is None else str(arm),
        "sex": str(sex),
        "age": str(int(rng.integers(24, 66))),
        "height_cm": f"{rng.normal(165 if sex == 1 else 178, 6):.0f}",
        "mass_kg": f"{rng.normal(68 if sex == 1 else 82, 10):.1f}",
        "equipment___1": str(int(rng.random() < 0.2)),
        "equipment___2": str(int(rng.random() < 0.5)),
    }
    scores = {name: _scores(name, arm or 0, rng) for name in _SCALE}
    missing = rng.random(len(_EVENTS)) < np.array([0.0, _MISSING_VISITS, _MISSING_VISITS])
    events = _EVENTS if arm is not None else _EVENTS[:1]
    return [
        {
            "record_id": person,
            "redcap_event_name": event,
            **(enrolment if index == 0 else {}),
            **{name: scores[name][index] for name in _SCALE},
            "assessment_complete": "2",
        }
        for index, event in enumerate(events)
        if not missing[index]
    ]


def _scores(name: str, arm: int, rng: np.random.Generator) -> list[str]:
    mean, spread, noise, (low, high), decimals = _SCALE[name]
    values = rng.normal(mean, spread) + np.array(_CHANGE[name][arm]) + rng.normal(0, noise, len(_EVENTS))
    return [f"{value:.{decimals}f}" for value in np.clip(values, low, high)]


def _spoil(records: list[dict[str, str]]) -> list[dict[str, str]]:
    """Put in what real exports hold: a decimal comma, an impossible value, a row entered twice, a missing code."""
    later = [record for record in records if record["redcap_event_name"] != _EVENTS[0]]
    comma, impossible, twice, refused = (later[len(later) * part // 9] for part in (2, 4, 6, 8))
    comma["pain_now"] = comma["pain_now"].replace(".", ",")
    impossible["odi"] = impossible["odi"] + "0"
    refused["grip_kg"] = "-9"
    records.insert(records.index(twice) + 1, dict(twice))
    return records


def _csv(header: Sequence[str], records: Sequence[Mapping[str, str]]) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, header, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(records)
    return out.getvalue()


def _dictionary() -> str:
    rows = []
    for name, form, kind, label, choices, validation, low, high, identifier in _FIELDS:
        values = (name, form, "", kind, label, choices, "", validation, low, high, identifier)
        rows.append(dict(zip(_DICTIONARY_HEADER, values, strict=False)))
    return _csv(_DICTIONARY_HEADER, rows)


if __name__ == "__main__":
    write_demo_trial(Path(sys.argv[1]), rng=np.random.default_rng(SEED))
