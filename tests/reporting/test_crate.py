"""``ro-crate-metadata.json``: what is in it, and that the library of the standard opens it."""

from __future__ import annotations

import hashlib
import json
import re

import pytest

import kbstudy as kb
from tests.conftest import ROOT


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    results = kb.analyse(kb.load(ROOT / "data" / "raw" / "demo-trial"))
    return kb.report(results, ["html"], tmp_path_factory.mktemp("crate") / "demo-trial")


def graph(folder):
    content = json.loads((folder / "ro-crate-metadata.json").read_text("utf-8"))
    return {entity["@id"]: entity for entity in content["@graph"]}


def test_the_library_of_the_standard_opens_it(folder):
    rocrate = pytest.importorskip("rocrate.rocrate", reason="rocrate is not installed, so the crate is not opened")
    crate = rocrate.ROCrate(folder)
    assert crate.metadata.version == "1.2"
    assert crate.name == json.loads((folder / "results.json").read_text("utf-8"))["study"]["title"]
    files = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert {entity.id for entity in crate.data_entities} == files - {"ro-crate-metadata.json"}
    assert crate.mainEntity is None
    action = crate.get("#report")
    assert action["instrument"]["softwareVersion"] == kb.__version__
    assert {entity.id for entity in action["result"]} == files - {"ro-crate-metadata.json", "provenance.json"}


def test_every_link_leads_to_an_entity(folder):
    entities = graph(folder)
    text = json.dumps([{**entity, "@id": ""} for entity in entities.values()])
    links = set(re.findall(r'\{"@id": "([^"]*)"\}', text)) - {"https://w3id.org/ro/crate/1.2"}
    assert links <= set(entities)
    assert len(links) > 20


def test_every_file_is_in_it_with_its_hash(folder):
    entities = graph(folder)
    for path in folder.rglob("*"):
        name = path.relative_to(folder).as_posix()
        if path.is_dir() or name == "ro-crate-metadata.json":
            continue
        assert entities[name]["@type"] == "File"
        if name != "provenance.json":  # which holds the hash of the crate
            assert entities[name]["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
            assert entities[name]["contentSize"] == str(path.stat().st_size)


def test_provenance_holds_the_hash_of_the_crate(folder):
    outputs = json.loads((folder / "provenance.json").read_text("utf-8"))["outputs"]
    crate = (folder / "ro-crate-metadata.json").read_bytes()
    assert outputs["ro-crate-metadata.json"] == hashlib.sha256(crate).hexdigest()


def test_no_participant_and_no_date_is_in_it(folder):
    text = (folder / "ro-crate-metadata.json").read_text("utf-8")
    assert not re.search(r"\bP0\d\d", text)
    assert not re.search(r"20\d\d-\d\d-\d\d", text)
    assert "SIMULATED DATA, NOT EVIDENCE" in graph(folder)["./"]["description"]


def test_inputs_software_command_and_lock_are_in_provenance(small, tmp_path):
    kb.lock(small.folder, date="2026-01-15")
    made = kb.report(kb.analyse(kb.load(small.folder)), ["html"], tmp_path / "report")
    content = json.loads((made / "provenance.json").read_text("utf-8"))
    assert set(content["inputs"]) == {"study.toml", "study.lock", "data.csv"}
    assert content["command"] == "kbstudy report small"
    assert content["lock"] == kb.load(small.folder).locked.lock.to_dict()
    assert {"numpy", "pandas", "scipy", "statsmodels", "joblib", "pingouin"} <= set(content["packages"])
    assert content["seed"] == "none: no step of this report uses random numbers"
    lock = next(entity for entity in graph(made).values() if entity.get("name") == "study.lock")
    assert lock["dateCreated"] == "2026-01-15"
    dates = set(re.findall(r"20\d\d-\d\d-\d\d", (made / "ro-crate-metadata.json").read_text("utf-8")))
    assert dates == {"2026-01-15"}


def test_the_seed_of_an_analysis_is_in_provenance(small):
    small.add(
        '\n[[analysis]]\nname = "shuffled"\noutcome = "pain"\nmethod = "permutation"\nseed = 7\n'
        'estimand = { contrast = "Training - Control", visit = "Post" }\n'
    )
    assert kb.analyse(kb.load(small.folder)).provenance.seed == "shuffled: 7"
