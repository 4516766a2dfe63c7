"""What went in and what did the work: enough to check that a report is what it says."""

from __future__ import annotations

import platform
from dataclasses import dataclass
from importlib import metadata

from kbstudy import __version__
from kbstudy.study import Study
from kbstudy.study.sources import sha256_of

__all__ = ["Provenance", "provenance_of"]

_PACKAGES = ("numpy", "pandas", "pingouin", "scipy", "seaborn", "statsmodels", "matplotlib", "python-docx", "typst")


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
    names = ["study.toml", *(source.file for source in study.plan.sources)]
    names += [source.dictionary for source in study.plan.sources if source.dictionary]
    return Provenance(
        inputs={name: sha256_of(study.folder / name) for name in names},
        kbstudy=__version__,
        python=platform.python_version(),
        platform=f"{platform.system()} {platform.machine()}",
        packages={name: metadata.version(name) for name in _PACKAGES},
        command=f"kbstudy report {study.folder.resolve().name}",
    )
