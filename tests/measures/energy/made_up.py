"""Recordings with a known answer."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from kbstudy.recording import Recording


def gas(time_s: Any, vo2: Any, rer: Any = 0.9, **more: Any) -> Recording:
    """A recording from times, VO2 in L/min and an RER."""
    time, oxygen = np.asarray(time_s, dtype=float), np.broadcast_to(np.asarray(vo2, dtype=float), np.shape(time_s))
    data = pd.DataFrame({"time_s": time, "vo2_l_min": oxygen, "vco2_l_min": oxygen * rer})
    return Recording(data, "gas_exchange", "made_up.csv", "made up", **more)


def session(**more: Any) -> Recording:
    """Rest to 300 s, 2 L/min to 900 s, then an exponential way back: 5-s rows, 80 kg."""
    time = np.arange(0.0, 1801.0, 5.0)
    after = 0.3 + 1.7 * np.exp(-np.maximum(time - 900.0, 0.0) / 60.0)
    vo2 = np.where(time < 300, 0.3, np.where(time <= 900, 2.0, np.where(time < 1500, after, 0.29)))
    return gas(time, vo2, **{"body_mass_kg": 80.0, "body_mass_source": "scale", **more})
