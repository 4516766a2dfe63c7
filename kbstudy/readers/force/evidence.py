"""What the numbers themselves say against the declared sign and unit."""

from __future__ import annotations

from typing import Final

import numpy as np

from kbstudy.readers.force.trace import Floats
from kbstudy.readers.source import Source
from kbstudy.recording import Issue

__all__ = ["check_sign", "check_size_of_force"]

#: Standing levels, in what was declared to be newtons, that are a person's weight in kgf instead.
_PERSON_IN_KGF: Final = (25.0, 200.0)
_HEAVIEST_N: Final = 3000.0
_QUIET_S: Final = 0.5


def check_sign(source: Source, name: str, force: Floats, sign: str) -> None:
    """Refuse a trace that is negative while somebody stands on the plate.

    Raises
    ------
    ReadError
        If nine of ten loaded samples are on the other side of zero than ``sign`` says.
    """
    size = np.abs(force)
    if not size.max() > 0:
        raise source.error(f'"{name}" is zero in every row', "Check that the plate was recorded.")
    loaded = force[size > 0.2 * size.max()]
    other = "negative" if sign == "positive" else "positive"
    wrong = loaded < 0 if sign == "positive" else loaded > 0
    if wrong.mean() > 0.9:
        what = f'"{name}" is {other} while the plate is loaded (median {np.median(loaded):.4g})'
        raise source.error(what, f'If the file writes load as {other} numbers, say so: sign = "{other}".')


def check_size_of_force(force_n: Floats, sampling_hz: float, units: str) -> list[Issue]:
    """Name a level that no standing person has in the declared unit. :func:`kbstudy.jump` refuses it."""
    level = _quiet_level(force_n, sampling_hz)
    if units == "N" and _PERSON_IN_KGF[0] <= level <= _PERSON_IN_KGF[1]:
        what = f"the quietest loaded half second is {level:.4g} N, the weight of {level / 9.80665:.1f} kg"
        return [Issue(f"{what}; in kgf it would be a person", f'read as {units}; units = "kgf" if the file is in kgf')]
    if level > _HEAVIEST_N:
        what = f"the quietest loaded half second is {level:.4g} N, which is no person's weight"
        return [Issue(what, f"read as {units}, as declared; the file may be in mV")]
    return []


def _quiet_level(force: Floats, sampling_hz: float) -> float:
    """Mean of the half second with the smallest spread among those that are loaded; 0 if there is none."""
    width = max(2, round(_QUIET_S * sampling_hz))
    blocks = len(force) // width
    if not blocks:
        return 0.0
    cut = force[: blocks * width].reshape(blocks, width)
    means, spreads = cut.mean(axis=1), cut.std(axis=1)
    loaded = means > 0.2 * np.abs(force).max()
    return float(means[loaded][spreads[loaded].argmin()]) if loaded.any() else 0.0
