"""``ro-crate-metadata.json``: the report folder described in the words that archives and other programs understand."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import PurePosixPath
from typing import Any, Final
from urllib.parse import quote

from kbstudy.analysis import Results
from kbstudy.atomic import MANIFEST

__all__ = ["CRATE", "crate"]

#: The name that RO-Crate prescribes.
CRATE: Final = "ro-crate-metadata.json"

_CONTEXT: Final = ["https://w3id.org/ro/crate/1.2/context", {"sha256": "http://schema.org/sha256"}]
_PROFILE: Final = "https://w3id.org/ro/crate/1.2"
_FORMATS: Final = {
    ".csv": "text/csv",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".html": "text/html",
    ".json": "application/json",
    ".pdf": "application/pdf",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".tex": "application/x-tex",
}
_ABOUT: Final = {
    "report.html": "The report as a web page",
    "report.docx": "The report as a Word document",
    "report.pdf": "The report as a PDF",
    "results.json": "Every number of the report, for programs",
    MANIFEST: "Hashes of what went in and came out, versions of the software, the command",
}

Entity = dict[str, Any]


def crate(results: Results, files: Mapping[str, bytes]) -> bytes:
    """The RO-Crate of a report folder.

    Parameters
    ----------
    results
        What was computed.
    files
        Content by name, without ``provenance.json`` (which holds the hash of this file) and this file.

    Returns
    -------
    bytes
        JSON-LD of RO-Crate 1.2. The root says neither a licence nor a date of publication, which the standard asks for:
        who deposits the folder knows them, this program does not, and a date would change the bytes from day to day.

    Notes
    -----
    Inputs stand in it by the names that :meth:`~kbstudy.Results.shared_inputs` gives, so no name of a recording, which
    holds an id, is in it.
    """
    graph = [_descriptor(), _root(results, files), *_files(files), *_inputs(results), *_software(results)]
    content = {"@context": _CONTEXT, "@graph": [*graph, _action(results, files)]}
    return (json.dumps(content, indent=1, ensure_ascii=False) + "\n").encode()


def _descriptor() -> Entity:
    about = {"about": {"@id": "./"}, "conformsTo": {"@id": _PROFILE}}
    return {"@id": CRATE, "@type": "CreativeWork", **about}


def _root(results: Results, files: Mapping[str, bytes]) -> Entity:
    study = results.study.plan.study
    said = [f"{results.stamp} DATA, NOT EVIDENCE." if results.stamp else "", " ".join(study.summary.split())]
    described = " ".join(text for text in said if text) or f"Report of the study {study.id}, made by kbstudy."
    return {
        "@id": "./",
        "@type": "Dataset",
        "name": study.title,
        "description": described,
        "identifier": study.registration or study.id,
        "hasPart": [_link(_id(name)) for name in [*files, MANIFEST]],
        "mentions": _link("#report"),
    }


def _files(files: Mapping[str, bytes]) -> Iterator[Entity]:
    for name, content in files.items():
        facts = {"contentSize": str(len(content)), "sha256": sha256(content).hexdigest()}
        yield {**_file(name), **facts}
    yield _file(MANIFEST)


def _file(name: str) -> Entity:
    kind = _FORMATS[PurePosixPath(name).suffix]
    about = {"description": _ABOUT[name]} if name in _ABOUT else {}
    return {"@id": _id(name), "@type": "File", "name": PurePosixPath(name).name, "encodingFormat": kind, **about}


def _inputs(results: Results) -> Iterator[Entity]:
    """What went in; it is not in this folder, so it is described and is not a part."""
    locked = results.study.locked
    for number, (name, digest) in enumerate(results.shared_inputs().items(), start=1):
        entity: Entity = {"@id": f"#input-{number}", "@type": "CreativeWork", "name": name, "sha256": digest}
        if locked is not None and name == results.study.toml.removesuffix(".toml") + ".lock":
            entity |= {"dateCreated": locked.lock.date.isoformat(), "description": locked.sentence()}
        yield entity


def _software(results: Results) -> Iterator[Entity]:
    made = results.provenance
    versions = {"kbstudy": made.kbstudy, "Python": made.python, **made.packages}
    for name, version in versions.items():
        entity: Entity = {"@id": f"#{name}", "@type": "SoftwareApplication", "name": name, "softwareVersion": version}
        if name == "kbstudy":
            entity["softwareRequirements"] = [_link(f"#{other}") for other in versions if other != name]
        yield entity


def _action(results: Results, files: Mapping[str, bytes]) -> Entity:
    """How the parts came from the inputs."""
    return {
        "@id": "#report",
        "@type": "CreateAction",
        "name": results.provenance.command,
        "description": f"Random seed: {results.provenance.seed}.",
        "instrument": _link("#kbstudy"),
        "object": [_link(f"#input-{number}") for number in range(1, len(results.shared_inputs()) + 1)],
        "result": [_link(_id(name)) for name in files],
    }


def _id(name: str) -> str:
    return quote(name)


def _link(name: str) -> dict[str, str]:
    return {"@id": name}
