"""One raw measurement file after reading: a frame with units in its column names, and all that was odd about it."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

import pandas as pd

from kbstudy import formatting as fmt

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from kbstudy.measures.energy import Bout, Identified

__all__ = ["FORCE_COLUMNS", "GAS_COLUMNS", "HEART_RATE_COLUMNS", "Issue", "Recording"]

#: Columns of a gas-exchange recording, in this order, where the file has them.
GAS_COLUMNS: Final = (
    "time_s",
    "vo2_l_min",
    "vco2_l_min",
    "rer",
    "ve_l_min",
    "rf_per_min",
    "hr_bpm",
    "load",
    "phase",
    "marker",
    "vt_l",
    "peto2_mmhg",
    "petco2_mmhg",
    "grade_percent",
)
#: Columns of a force recording; the two plates only where the file has two. Upwards is positive.
FORCE_COLUMNS: Final = ("time_s", "force_n", "force_1_n", "force_2_n")
#: Columns of a heart-rate recording: ``hr_bpm`` is missing where ``artefact`` says why, ``hr_raw_bpm`` is as recorded.
HEART_RATE_COLUMNS: Final = ("time_s", "hr_bpm", "hr_raw_bpm", "artefact")
_SHOWN: Final = 8


@dataclass(frozen=True, slots=True)
class Issue:
    """One thing that was odd in a file, and what was done about it.

    Parameters
    ----------
    what
        The finding, quoting the cell where there is one.
    done
        What the reader did: kept, left out, took as missing.
    row
        The row a spreadsheet program would show (of the first such row, if there are several).
    count
        How many rows it concerns.
    """

    what: str
    done: str
    row: int | None = None
    count: int = 1

    def __str__(self) -> str:
        place = f"row {self.row}" if self.row is not None else "file"
        more = f" (and {fmt.count(self.count - 1, 'more row')})" if self.count > 1 else ""
        return f"{place}{more}: {self.what}; {self.done}"


@dataclass(frozen=True, repr=False)
class Recording:
    """A gas-exchange, force or heart-rate file, read.

    Parameters
    ----------
    data
        One row a breath, bin or sample. Gas exchange: :data:`GAS_COLUMNS` that the file has; volumes of oxygen and
        carbon dioxide in L/min STPD, ventilation in L/min BTPS, time in seconds from the start of the file's own clock.
        Force: :data:`FORCE_COLUMNS`, upwards positive, in newtons. Heart rate: :data:`HEART_RATE_COLUMNS`.
    kind
        ``"gas_exchange"``, ``"force"`` or ``"heart_rate"``.
    file, sha256
        Name of the file without its folder, and the hash of its bytes.
    device, software
        What wrote it, recognised by its content.
    averaging
        ``"breath"``, the length of the time bins in seconds, ``"irregular"``, or ``"sample"`` (a force trace).
    body_mass_kg, body_mass_source
        Mass and where it came from; ``None`` where neither the file nor the caller says. There is no default mass.
    environment
        Barometric pressure, temperature and the like, with units in the names.
    device_energy_kcal_min
        The device's own energy expenditure, row by row, where the file has one.
    issues
        All that was odd, each with its row and what was done.
    gaps
        Start and end, in seconds, of stretches without data.
    identity
        Names, dates of birth and ids: empty unless asked for.
    simulated
        Whether the file says that it is made up.
    load_unit
        Unit of the column ``load``: ``"W"``, ``"km/h"`` (speed is the load on a treadmill), or ``""`` without one.
    sampling_hz
        Samples a second of a force trace; ``None`` for anything else.
    started
        Date and time of the first row (ISO 8601, as the file has it), to put two devices on one clock; ``""`` without.
    """

    data: pd.DataFrame
    kind: str
    file: str
    device: str
    software: str = ""
    averaging: str | float = "breath"
    body_mass_kg: float | None = None
    body_mass_source: str = ""
    environment: Mapping[str, float] = field(default_factory=dict)
    device_energy_kcal_min: pd.Series | None = None
    issues: tuple[Issue, ...] = ()
    gaps: tuple[tuple[float, float], ...] = ()
    identity: Mapping[str, str] = field(default_factory=dict)
    sha256: str = ""
    simulated: bool = False
    load_unit: str = ""
    sampling_hz: float | None = None
    started: str = ""

    @property
    def minutes(self) -> float:
        """From the first to the last row."""
        time = self.data["time_s"]
        return float(time.iloc[-1] - time.iloc[0]) / 60.0 if len(time) else 0.0

    def with_(self, **changes: Any) -> Recording:
        """A copy with some fields replaced."""
        return replace(self, **changes)

    def between(self, start_s: float | None = None, end_s: float | None = None) -> Recording:
        """The rows from one time to another, both included."""
        time = self.data["time_s"]
        low, high = (time.min() if start_s is None else start_s), (time.max() if end_s is None else end_s)
        inside = (time >= low) & (time <= high)
        energy = self.device_energy_kcal_min
        return replace(
            self,
            data=self.data[inside].reset_index(drop=True),
            device_energy_kcal_min=None if energy is None else energy[inside.to_numpy()].reset_index(drop=True),
            gaps=tuple((max(a, low), min(b, high)) for a, b in self.gaps if b > low and a < high),
        )

    def identify_equation(self) -> Identified:
        """The rule behind the device's own energy column. See :func:`kbstudy.measures.energy.identify_equation`."""
        from kbstudy.measures.energy import identify_equation

        return identify_equation(self)

    def plot(self, ax: Axes | None = None, bouts: Sequence[Bout] = ()) -> Any:
        """Draw the recording over time, with the bouts of :func:`kbstudy.measures.energy.find_bouts` if given."""
        if self.kind == "force":
            from kbstudy.figures.force import plot_force

            return plot_force(self, ax=ax)
        from kbstudy.figures.recordings import plot_recording

        return plot_recording(self, ax=ax, bouts=bouts)

    @property
    def _head(self) -> str:
        mass = "no body mass" if self.body_mass_kg is None else f"{self.body_mass_kg:g} kg ({self.body_mass_source})"
        device = " ".join(filter(None, [self.device, self.software]))
        parts = [device, self._spacing, fmt.count(len(self.data), "row"), self._length, mass]
        stamp = "[SIMULATED] " if self.simulated else ""
        return f"{stamp}{self.file}: {', '.join(filter(None, parts))}"

    @property
    def _spacing(self) -> str:
        if self.sampling_hz is not None:
            return f"{self.sampling_hz:g} Hz"
        words = {"breath": "breath by breath", "irregular": "irregular rows", "sample": ""}
        return words[self.averaging] if isinstance(self.averaging, str) else f"{self.averaging:g}-s bins"

    @property
    def _length(self) -> str:
        return f"{fmt.number(60 * self.minutes, 2)} s" if self.kind == "force" else f"{fmt.number(self.minutes, 1)} min"

    def __str__(self) -> str:
        lines = [self._head, f"columns: {', '.join(self.data)}", *(f"- {issue}" for issue in self.issues)]
        return "\n".join(lines)

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        notes = fmt.html_list(map(str, self.issues))
        table = fmt.html_table(self.data.head(_SHOWN).round(3))
        return f"<p><strong>{html.escape(self._head)}</strong></p>{table}{notes}"
