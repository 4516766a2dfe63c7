"""From a layout to a recording: rows, times, values, and a list of everything that was odd."""

from __future__ import annotations

import hashlib
from itertools import pairwise
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kbstudy.errors import DataError, Problem, ReadError
from kbstudy.readers.gas_exchange import identities, timeline
from kbstudy.readers.gas_exchange.clock import Clock, read_clock
from kbstudy.readers.gas_exchange.columns import Values, read_values
from kbstudy.readers.gas_exchange.conditions import as_marked
from kbstudy.readers.gas_exchange.layout import Device, Layout
from kbstudy.readers.gas_exchange.mass import body_mass
from kbstudy.readers.gas_exchange.metadata import Head, is_simulated, read_head
from kbstudy.readers.gas_exchange.sheet import shown
from kbstudy.readers.gas_exchange.units import unit_text
from kbstudy.readers.source import Source
from kbstudy.recording import Issue, Recording

__all__ = ["assemble", "quantity_of"]

Floats = NDArray[np.float64]

#: Gaps that get a sentence each; all of them are in ``Recording.gaps``.
_GAPS_TOLD: Final = 5

_NAMES: Final = {
    "vo2": "vo2_l_min",
    "vco2": "vco2_l_min",
    "rer": "rer",
    "ve": "ve_l_min",
    "rf": "rf_per_min",
    "hr": "hr_bpm",
    "load": "load",
    "phase": "phase",
    "marker": "marker",
    "vt": "vt_l",
    "peto2": "peto2_mmhg",
    "petco2": "petco2_mmhg",
    "grade": "grade_percent",
}
#: Zero is "not measured" for these: a living person has none of them.
_NEVER_ZERO: Final = ("vco2", "rer", "ve", "rf", "hr", "vt", "peto2", "petco2")
#: Pressures in mmHg that no breath can have are pressures in kPa under a wrong unit.
_LOWEST_PRESSURE: Final = {"peto2": 40.0, "petco2": 9.0}


def assemble(
    source: Source, device: Device, layout: Layout, body_mass_kg: float | None = None, identity: bool = False
) -> Recording:
    """Read the table of a layout.

    Raises
    ------
    ReadError
        If there is no time or VO2, no row with both, a unit is not known, or VO2 is not STPD.
    DataError
        If columns, times or body masses contradict each other.
    """
    whole = as_marked(source, _required(source, layout))
    layout = _trimmed(whole)
    head = read_head(layout, identity)
    values = read_values(source, layout)
    mass, mass_source, issues = body_mass(source, layout, head, values, body_mass_kg)
    table = _Table(
        source,
        layout,
        values,
        [*map(_note, layout.notes), *_cut(layout if layout.stops else whole), *values.issues, *issues],
    )
    table.vo2_from_mass(mass)
    table.take_times()
    table.drop_rows()
    table.mend(head)
    table.order()
    return table.recording(device, head, mass, mass_source)


def quantity_of(name: str) -> tuple[str, ...]:
    """The quantities of a layout that a column of a recording may come from, the likeliest first.

    Examples
    --------
    >>> quantity_of("vo2_l_min"), quantity_of("load")
    (('vo2', 'vo2_kg'), ('power', 'speed'))
    """
    several = {"vo2_l_min": ("vo2", "vo2_kg"), "ve_l_min": ("ve", "ve_stpd"), "load": ("power", "speed")}
    single = {public: (key,) for key, public in _NAMES.items()}
    return several.get(name) or single.get(name) or ("time",)


def _note(text: str) -> Issue:
    what, _, done = text.partition("; ")
    return Issue(what, done)


def _cut(layout: Layout) -> list[Issue]:
    """The cell that the file ends in, if it is of use."""
    row, position = layout.sheet.cut or (-1, -1)
    names = [column.name for column in layout.columns.values() if column.position == position]
    if not names or not layout.first <= row < layout.last:
        return []
    what = f'the file ends in column "{names[0]}" without a line end, so that it may be cut off there'
    return [Issue(what, "taken as missing", layout.row(row - layout.first))]


def _required(source: Source, layout: Layout) -> Layout:
    missing = [name for name in ("time", "vo2") if name not in layout.columns]
    if "vo2_kg" in layout.columns and missing == ["vo2"]:
        return layout
    if missing:
        what = f"no column for {' and '.join(missing)} was found"
        raise ReadError(
            Problem(what, file=source.name, row=layout.header + 1, do="Say which it is with mapping = {...}.")
        )
    return layout


def _trimmed(layout: Layout) -> Layout:
    """The table without what follows it."""
    main = layout.columns.get("vo2", layout.columns.get("vo2_kg", layout.columns["time"]))
    watched = (layout.columns["time"].position, main.position)
    filled = [
        row
        for row in range(layout.first, min(layout.last, len(layout.sheet.rows)))
        if any(layout.sheet.text(row, position) for position in watched)
    ]
    if not filled:
        return layout.with_(last=layout.first)
    last = filled[-1] + 1
    if layout.stops:
        breaks = [row + 1 for row, following in pairwise(filled) if following > row + 1]
        last = breaks[0] if breaks else last
    return layout.with_(last=last)


class _Table:
    """The rows while they are worked on. ``row`` holds the number that a spreadsheet program shows."""

    def __init__(self, source: Source, layout: Layout, values: Values, issues: list[Issue]) -> None:
        self.source, self.layout, self.values, self.issues = source, layout, values, issues
        self.frame = pd.DataFrame(values.columns)
        self.frame["row"] = [layout.row(place) for place in range(layout.last - layout.first)]
        for key in ("phase", "marker"):
            if key in layout.columns:
                self.frame[key] = [_word(shown(cell)) for cell in layout.cells(key)]
        self.load_unit = ""

    # ---- rows and times ----

    def vo2_from_mass(self, mass: float | None) -> None:
        """Where only VO2/kg was exported, VO2 follows from a known mass."""
        if "vo2" in self.frame:
            return
        if "vo2_kg" not in self.frame or mass is None:
            do = "Give body_mass_kg, or export VO2 in L/min or mL/min."
            raise ReadError(
                Problem("the file has VO2 per kilogram only and no body mass", file=self.source.name, do=do)
            )
        self.frame["vo2"] = self.frame["vo2_kg"] * mass / 1000
        self.tell(f"the file has VO2 per kilogram only; times {mass:g} kg", "VO2 computed")

    def take_times(self) -> None:
        clock = self._clock()
        self.frame["time"] = clock.seconds
        if clock.odd:
            place, text = clock.odd[0]
            self.tell(f'time "{text[:30]}" cannot be read', "row left out", self.layout.row(place), len(clock.odd))
        for note in clock.notes:
            self.tell(note, "divided by 60")

    def _clock(self) -> Clock:
        column = self.layout.columns["time"]
        unit = column.unit if unit_text(column.unit) else self.layout.documented.get("time", "")
        clock = read_clock(self.layout.cells("time"), unit)
        if clock is not None:
            return clock
        what = f'the times in column "{column.name}" are plain numbers without a known unit'
        do = f'Say it: mapping = {{"time_s": ("{column.name}", "s"), ...}}; "min" and "ms" are possible too.'
        raise ReadError(Problem(what, file=self.source.name, row=self.layout.row(0), column=column.name, do=do))

    def drop_rows(self) -> None:
        frame = self.frame
        blank = frame["time"].isna() & frame["vo2"].isna()
        self._drop(blank, "", "")
        self._drop(self.frame["time"].isna(), "a row has no time", "row left out")
        self._drop(self.frame["vo2"].isna(), "no VO2 (a missed breath)", "row left out")
        self._drop(self.frame["vo2"] <= 0, "VO2 is 0 or negative (a missed breath)", "row left out")
        if self.frame.empty:
            what = "no row has both a time and VO2 above 0"
            do = "The recording is empty, or the table was not understood: say the columns with mapping = {...}."
            raise ReadError(Problem(what, file=self.source.name, row=self.layout.row(0), do=do))

    def _drop(self, which: pd.Series, what: str, done: str) -> None:
        if which.any() and what:
            self.tell(what, done, int(self.frame.loc[which, "row"].iloc[0]), int(which.sum()))
        self.frame = self.frame[~which].reset_index(drop=True)

    def order(self) -> None:
        if self.layout.ends_at_latest:
            latest = int(self.frame["time"].to_numpy(float).argmax())
            self._drop(pd.Series(self.frame.index > latest), "a row after the latest time", "row left out")
        line = timeline.one_clock(self.frame["time"].to_numpy(float))
        rows = self.frame["row"].to_numpy()
        if line.refused is not None:
            place, what = line.refused
            do = "Two recordings in one file, or a damaged clock. Keep one recording a file, or mend the times."
            raise DataError(Problem(what, file=self.source.name, row=int(rows[place]), do=do))
        for place, note in line.notes:
            what, _, done = note.rpartition("; ")
            self.tell(what, done, int(rows[place]))
        self.frame["time"] = line.seconds
        self.frame = self.frame.iloc[line.order].reset_index(drop=True)
        same = self.frame["time"].diff() == 0
        if same.any():
            self.tell(
                "the same time as the row before",
                "both kept",
                int(self.frame.loc[same, "row"].iloc[0]),
                int(same.sum()),
            )

    # ---- values ----

    def mend(self, head: Head) -> None:
        self._sentinels()
        self._zeros()
        self._pressures()
        self._ventilation(head)
        self._carbon_dioxide()
        self._load()
        self._check_ventilation()

    def _sentinels(self) -> None:
        for key, sentinel in self.layout.sentinels.items():
            if key in self.frame:
                self._missing(key, np.isclose(self.frame[key], sentinel), f"{sentinel:g} stands for not measured")

    def _zeros(self) -> None:
        for key in _NEVER_ZERO:
            if key in self.frame:
                zero = (self.frame[key] <= 0).to_numpy()
                self._absent(key) if zero.all() else self._missing(key, zero, "0 cannot be")
        for key in self.layout.absent_if_zero:
            if key in self.frame and (self.frame[key].fillna(0) == 0).all():
                self._absent(key)

    def _absent(self, key: str) -> None:
        self.tell(f'column "{self._name(key)}" is 0 in every row: not measured', "column left out")
        del self.frame[key]

    def _missing(self, key: str, which: NDArray[np.bool_], why: str) -> None:
        if which.any():
            name = self.layout.columns[key].name
            self.tell(
                f'column "{name}": {why}', "taken as missing", int(self.frame["row"][which].iloc[0]), int(which.sum())
            )
            self.frame.loc[which, key] = np.nan

    def _pressures(self) -> None:
        for key, lowest in _LOWEST_PRESSURE.items():
            if key in self.frame and self.frame[key].median() < lowest:
                name, median = self.layout.columns[key].name, self.frame[key].median()
                what = f'column "{name}" has a median of {median:.3g} mmHg, which no breath has; it may be in kPa'
                self.tell(what, "column left out", self.layout.header + 1)
                del self.frame[key]

    def _ventilation(self, head: Head) -> None:
        if "ve_stpd" not in self.frame or "ve" in self.frame:
            return
        factor = head.environment.get("stpd_to_btps")
        name = self.layout.columns["ve_stpd"].name
        if factor is None:
            self.tell(f'column "{name}" is STPD and the file has no factor to BTPS', "column left out")
            return
        self.frame["ve"] = self.frame["ve_stpd"] * factor
        self.tell(f'column "{name}" is STPD', f"multiplied by the file's factor to BTPS, {factor:g}")

    def _carbon_dioxide(self) -> None:
        frame = self.frame
        if "rer" in frame and ("vco2" not in frame or frame["vco2"].isna().any()):
            self._rebuild()
        if "vco2" in frame and "rer" not in frame:
            frame["rer"] = frame["vco2"] / frame["vo2"]
            self.tell("the file has no RER", "computed as VCO2 / VO2")
        if "vco2" not in frame:
            what = "the file has neither VCO2 nor RER"
            self.tell(what, "no substrates, and energy only with an assumed value for a litre of oxygen")

    def _rebuild(self) -> None:
        before = self.frame["vco2"] if "vco2" in self.frame else pd.Series(np.nan, self.frame.index)
        self.frame["vco2"] = before.fillna(self.frame["vo2"] * self.frame["rer"])
        new = before.isna() & self.frame["vco2"].notna()
        if new.any():
            self.tell(
                "VCO2 is missing", "computed as VO2 × RER", int(self.frame.loc[new, "row"].iloc[0]), int(new.sum())
            )

    def _load(self) -> None:
        """Power; else speed, which is the load on a treadmill."""
        moves = {key for key in ("power", "speed") if key in self.frame and (self.frame[key].fillna(0) != 0).any()}
        key = next((key for key in ("power", "speed") if key in moves), "")
        key = key or next((key for key in ("power", "speed") if key in self.frame), "")
        if key and self.frame[key].isna().all():
            self.tell(f'column "{self._name(key)}" is empty', "column left out")
        elif key:
            self.frame["load"] = self.frame[key]
            self.load_unit = "" if key in self.values.unitless else {"power": "W", "speed": "km/h"}[key]

    def _check_ventilation(self) -> None:
        if not {"ve", "rf", "vt"} <= set(self.frame):
            return
        ratio = identities.ventilation_ratio(*(self.frame[key].to_numpy(float) for key in ("ve", "rf", "vt")))
        if ratio is not None and abs(ratio - 1) > 0.05:
            what = f"VE is {ratio:.3g} times breathing rate × tidal volume (median)"
            self.tell(what, "all kept; they may have different conditions (BTPS, STPD)")

    # ---- the result ----

    def tell(self, what: str, done: str, row: int | None = None, count: int = 1) -> None:
        self.issues.append(Issue(what, done, row, count))

    def recording(self, device: Device, head: Head, mass: float | None, mass_source: str) -> Recording:
        seconds = self.frame["time"].to_numpy(float)
        gaps = timeline.find_gaps(seconds)
        for start, end in gaps[:_GAPS_TOLD]:
            self.tell(f"no data from {start:g} s to {end:g} s ({end - start:.0f} s)", "listed as a gap")
        if len(gaps) > _GAPS_TOLD:
            self.tell(f"no data in {len(gaps) - _GAPS_TOLD} more stretches", "listed as gaps")
        self._events()
        energy = self._energy()
        return Recording(
            data=self._data(),
            kind="gas_exchange",
            file=self.source.name,
            device=device.name,
            averaging=timeline.averaging(seconds, self._floats("rf"), self._floats("breath")),
            body_mass_kg=mass,
            body_mass_source=mass_source,
            environment=_environment(head, self.issues),
            device_energy_kcal_min=energy,
            issues=tuple(self.issues),
            gaps=gaps,
            identity=head.identity,
            sha256=hashlib.sha256(self.source.data).hexdigest(),
            simulated=is_simulated(self.layout),
            load_unit=self.load_unit,
        )

    def _floats(self, key: str) -> Floats | None:
        return self.frame[key].to_numpy(float) if key in self.frame else None

    def _events(self) -> None:
        """Events listed outside the table go to the first row at or after their time."""
        if not self.layout.events:
            return
        words = [""] * len(self.frame)
        for minutes, text in self.layout.events:
            later = np.flatnonzero(self.frame["time"].to_numpy(float) >= 60 * minutes)
            if len(later):
                words[later[0]] = "; ".join(filter(None, [words[later[0]], text]))
            else:
                self.tell(f'event "{text[:30]}" at {60 * minutes:g} s is after the last row', "left out")
        self.frame["marker"] = words

    def _energy(self) -> pd.Series | None:
        if "energy" not in self.frame:
            return None
        energy = self.frame["energy"].rename("device_energy_kcal_min")
        if (energy.fillna(0) == 0).all():
            self.tell(f'column "{self.layout.columns["energy"].name}" is 0 in every row', "column left out")
            return None
        return energy

    def _data(self) -> pd.DataFrame:
        data = pd.DataFrame({"time_s": self.frame["time"]})
        for key, name in _NAMES.items():
            if key in self.frame and self._has_values(key):
                data[name] = self.frame[key]
        return data

    def _has_values(self, key: str) -> bool:
        column = self.frame[key]
        if key in {"phase", "marker"}:
            return bool((column != "").any())
        if column.isna().all():
            self.tell(f'column "{self._name(key)}" has no value in any row', "column left out")
            return False
        return True

    def _name(self, key: str) -> str:
        column = self.layout.columns.get(key)
        return column.name if column is not None else key


def _word(text: str) -> str:
    return "" if text in {"-", "--", "---"} else text


def _environment(head: Head, issues: list[Issue]) -> dict[str, float]:
    found = dict(head.environment)
    pressure = found.get("barometric_pressure_mmhg", 760.0)
    if not 350 <= pressure <= 850:
        issues.append(Issue(f"barometric pressure of {pressure:g} mmHg cannot be", "left out"))
        del found["barometric_pressure_mmhg"]
    return found
