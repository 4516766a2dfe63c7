"""The tidy table and the ledger of a study as files, for other programs."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from kbstudy.atomic import replace_folder
from kbstudy.study.study import Study

__all__ = ["export"]


def export(study: Study, folder: str | Path | None = None) -> Path:
    """Write a study's tidy table and ledger as CSV.

    Parameters
    ----------
    study
        From :func:`kbstudy.load`.
    folder
        Where to; ``data/processed/<study id>`` in the current folder if not given.

    Returns
    -------
    pathlib.Path
        The folder, with ``tidy.csv`` (a row a participant and visit) and ``ledger.csv`` (what became of each value).
        Simulated data have a column ``stamp``
        that says so in every row. They hold participants' data: keep them where the raw data are kept.

    Raises
    ------
    OutputError
        If the folder cannot be written; what was there is untouched.
    """
    target = Path("data/processed") / study.id if folder is None else Path(folder)
    stamp = "SIMULATED" if study.simulated else ""
    tables = {"tidy.csv": study.tidy(), "ledger.csv": study.ledger().frame}
    files = {name: _csv(frame.assign(stamp=stamp) if stamp else frame) for name, frame in tables.items()}
    replace_folder(target, files, {"study": study.id, "stamp": stamp, "inputs": dict(study.inputs)})
    return target


def _csv(frame: pd.DataFrame) -> bytes:
    return str(frame.to_csv(index=False, lineterminator="\n")).encode()
