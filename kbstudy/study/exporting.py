"""The tidy table and the ledger of a study as files, for other programs."""

from __future__ import annotations

from pathlib import Path

from kbstudy.atomic import replace_folder
from kbstudy.safe_text import frame_to_csv
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
        Simulated data have a column ``stamp`` that says so in every row. A text that a spreadsheet program would take
        for a formula (``=1+1``, ``-1``, ``@x``) has an apostrophe before it; numbers are as they are. The files hold
        participants' data: keep them where the raw data are kept.

    Raises
    ------
    OutputError
        If the folder cannot be written; what was there is untouched.
    """
    target = Path("data/processed") / study.id if folder is None else Path(folder)
    stamp = "SIMULATED" if study.simulated else ""
    tables = {"tidy.csv": study.tidy(), "ledger.csv": study.ledger().frame}
    files = {name: frame_to_csv(frame.assign(stamp=stamp) if stamp else frame) for name, frame in tables.items()}
    replace_folder(target, files, {"study": study.id, "stamp": stamp, "inputs": dict(study.inputs)})
    return target
