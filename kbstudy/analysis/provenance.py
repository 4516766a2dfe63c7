"""What went in and what did the work: enough to check that a report is what it says."""

from __future__ import annotations

import platform
import shlex
from dataclasses import dataclass
from importlib import metadata

from kbstudy import __version__
from kbstudy.study import Study

__all__ = ["Provenance", "provenance_of"]

_PACKAGES = (
    "formulaic",
    "matplotlib",
    "numpy",
    "pandas",
    "pydantic",
    "python-calamine",
    "python-docx",
    "scipy",
    "seaborn",
    "statsmodels",
    "typst",
)


@dataclass(frozen=True)
class Provenance:
    """Hashes of the inputs, versions of the software, and the command that makes the report again.

    There is no date in it: the same inputs and software give the same bytes.
    """

    inputs: dict[str, str]
    kbstudy: str
    python: str
    platform: str
    packages: dict[str, str]
    command: str
    seed: str = "none: no step of this report uses random numbers"

    def software(self) -> str:
        """The sentence for a methods section."""
        named = ", ".join(f"{name} {self.packages[name]}" for name in ("statsmodels", "scipy", "numpy", "pandas"))
        return f"Analyses were run with kbstudy {self.kbstudy} in Python {self.python} ({named})."


def provenance_of(study: Study) -> Provenance:
    """The provenance of whatever is computed from a study."""
    return Provenance(
        inputs=dict(study.inputs),
        kbstudy=__version__,
        python=platform.python_version(),
        platform=f"{platform.system()} {platform.machine()}",
        packages={name: metadata.version(name) for name in _PACKAGES},
        command=f"kbstudy report {shlex.quote(_place(study))}",
    )


def _place(study: Study) -> str:
    """The study's folder without the path of a machine: from ``data/raw`` on, if it lies there, else its name."""
    folder = study.folder.resolve()
    return f"data/raw/{folder.name}" if folder.parts[-3:-1] == ("data", "raw") else folder.name
