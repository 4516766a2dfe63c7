"""Reading bytes as if they were a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from kbstudy.readers.gas_exchange import read_gas_exchange
from kbstudy.recording import Recording
from tests.readers.gas_exchange.writers import Breath


def read(folder: Path, data: bytes, name: str = "export.dat", **options: Any) -> Recording:
    file = folder / name
    file.write_bytes(data)
    return read_gas_exchange(file, **options)


def said(recording: Recording) -> str:
    return "\n".join(map(str, recording.issues))


def assert_truth(recording: Recording, rows: list[Breath], tolerance: float = 0.001) -> None:
    """The recording has the rows' times and volumes; ``tolerance`` is what the file's rounding costs."""
    data = recording.data
    np.testing.assert_allclose(data["time_s"], [b.t for b in rows], atol=1e-3)
    np.testing.assert_allclose(data["vo2_l_min"], [b.vo2 for b in rows], atol=tolerance)
    if "vco2_l_min" in data:
        np.testing.assert_allclose(data["vco2_l_min"], [b.vco2 for b in rows], atol=tolerance)
    if "ve_l_min" in data:
        np.testing.assert_allclose(data["ve_l_min"], [b.ve for b in rows], atol=0.51)
