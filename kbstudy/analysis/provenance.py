"""What went in and what did the work: enough to check that a report is what it says."""

from __future__ import annotations

import platform
import shlex
from dataclasses import dataclass
from importlib import metadata
from typing import Any

from kbstudy import __version__
from kbstudy.study import Study

__all__ = ["Provenance", "provenance_of"]

_PACKAGES = (
    "formulaic",
    "joblib",
    "matplotlib",
    "numpy",
    "pandas",
    "pingouin",
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
    """Hashes of the inputs, versions of the software, the lock of the plan, and the command that makes it again.

    There is no date in it but that of the lock: the same inputs and software give the same bytes.
    """

    inputs: dict[str, str]
    kbstudy: str
    python: str
    platform: str
    packages: dict[str, str]
    command: str
    lock: dict[str, Any] | None = None
    seed: str = ""

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
        lock=study.locked.lock.to_dict() if study.locked else None,
        seed=_seeds(study),
    )


def _seeds(study: Study) -> str:
    """The declared seed of each analysis that draws at random."""
    seeds = [f"{item.name}: {item.seed}" for item in study.plan.analyses if item.seed is not None]
    return "; ".join(seeds) or "none: no step of this report uses random numbers"


def _place(study: Study) -> str:
    """The study's folder without the path of a machine: from ``data/raw`` on, if it lies there, else its name."""
    folder = study.folder.resolve()
    return f"data/raw/{folder.name}" if folder.parts[-3:-1] == ("data", "raw") else folder.name
