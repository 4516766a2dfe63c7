"""The reader of force traces."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from typing import Final, Literal, TypeAlias

import numpy as np
import pandas as pd

from kbstudy.errors import PlanError, Problem, did_you_mean
from kbstudy.readers.force.c3d import is_c3d, read_c3d
from kbstudy.readers.force.channels import declared, roles_of
from kbstudy.readers.force.evidence import check_sign, check_size_of_force
from kbstudy.readers.force.rate import check_given, read_clock, settled, stated_in
from kbstudy.readers.force.text import TextTable, read_text_table
from kbstudy.readers.force.trace import NEWTONS, VOLTAGES, Channel, Floats, Trace
from kbstudy.readers.force.visual3d import is_visual3d, visual3d_roles, without_blank_frames
from kbstudy.readers.guards import check_size
from kbstudy.readers.source import Source, open_source
from kbstudy.recording import Issue, Recording

__all__ = ["read_force"]

ForceUnit: TypeAlias = Literal["N", "kN", "kgf", "lbf"]
Sign: TypeAlias = Literal["positive", "negative"]
_MOST_N: Final = 1e6


def read_force(
    path: str | os.PathLike[str],
    *,
    sampling_hz: float | None = None,
    columns: Mapping[str, str | int] | None = None,
    units: ForceUnit = "N",
    sign: Sign = "positive",
) -> Recording:
    r"""Read a trace of vertical ground reaction force, from one plate or two.

    Parameters
    ----------
    path
        Text with a row a sample (separated by commas, semicolons, tabs or blanks, up to any number of header rows), a
        Visual3D text export, NetForce text without names, or a C3D file.
    sampling_hz
        Samples a second. Required where the file carries neither a time column nor its rate. Where it does, a rate that
        contradicts it is an error.
    columns
        Where the names do not tell: ``{"force": "Fz"}`` for one plate, ``{"force_1": 2, "force_2": 3}`` for two, and
        ``"time"`` if there is one; names as they stand in the file, or numbers counted from 1.
    units
        Unit of force in the file: ``"N"``, ``"kN"``, ``"kgf"`` or ``"lbf"``. A unit that the file states must agree.
    sign
        ``"positive"`` if standing on the plate gives positive numbers, ``"negative"`` if it gives negative ones.

    Returns
    -------
    Recording
        ``kind="force"``: ``time_s``, ``force_n`` (upwards positive, the sum of two plates), and ``force_1_n`` and
        ``force_2_n`` where there are two. Nothing is filtered, shifted to zero or cut.

    Raises
    ------
    ReadError
        If the sampling rate is missing or contradicted, samples are missing, columns are not clear, the unit is a
        voltage or another one than declared, or the force is negative under load.
    PlanError
        If an argument cannot be.

    When not to use
    ---------------
    For raw voltages: they need the calibration of the plate. For forces that are not vertical.

    Notes
    -----
    **Sampling rate.** Flight-time and impulse heights both go with its inverse square. A wrong one makes both wrong by
    the same factor, so no check among them finds it. That is why it is never assumed.

    **Identity.** Header lines are searched for a rate and for names of columns, and are not kept.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "stand.txt"
    ...     _ = file.write_text("FP1\tFP2\n300.5\t360.0\n301.0\t359.0\n300.0\t361.0\n")
    ...     print(read_force(file, sampling_hz=1000).data)
       time_s  force_n  force_1_n  force_2_n
    0   0.000    660.5      300.5      360.0
    1   0.001    660.0      301.0      359.0
    2   0.002    661.0      300.0      361.0
    """
    check_given(sampling_hz)
    _check_choice("units", units, tuple(NEWTONS))
    _check_choice("sign", sign, ("positive", "negative"))
    said = declared(columns)
    check_size(path)
    source = open_source(path)
    trace = read_c3d(source) if is_c3d(source.data) else _text_trace(source, said)
    hz, hz_source = settled(source, sampling_hz, trace.stated, trace.unclear)
    forces = [_newtons(source, channel, units, sign) for channel in trace.channels]
    return _recording(source, trace, forces, hz, hz_source, units, sign)


def _check_choice(name: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        what = f"{name} = {value!r} is not possible{did_you_mean(str(value), known)}"
        raise PlanError(Problem(what, do=f"Possible are {', '.join(known)}."))


def _text_trace(source: Source, said: Mapping[str, str | int]) -> Trace:
    table = read_text_table(source)
    visual3d = is_visual3d(table)
    roles = visual3d_roles(table) if visual3d and not said else roles_of(table, said)
    table = without_blank_frames(table, roles) if visual3d else table
    if len(table.rows) < 2:
        what = "the trace has one sample"
        raise source.error(what, "A force trace needs a row for every sample. Export the whole trial.")
    channels = roles.channels(table)
    stated, unclear = stated_in(table.head) if not visual3d else ((), "")
    start = 0.0
    if roles.time is not None:
        unit = roles.units[roles.time]
        times = table.numbers(roles.time)
        decimals = table.decimals(roles.time)
        clock = read_clock(source, times, roles.names[roles.time], unit, decimals, table.first)
        stated = ((clock.stated,) if clock.stated else ()) + stated
        start, unclear = clock.start_s, clock.unclear or unclear
    issues = (*table.issues, *roles.issues)
    return Trace(channels, stated, start, roles.layout, unclear, issues, _simulated(table))


def _simulated(table: TextTable) -> bool:
    return any("SIMULATED" in line for line in table.head)


def _newtons(source: Source, channel: Channel, units: str, sign: str) -> Floats:
    if channel.unit in VOLTAGES:
        what = f'"{channel.name}" is in {channel.unit}, a voltage'
        raise source.error(what, "Export force in newtons; the calibration of the plate is not in the file.")
    if channel.unit and channel.unit != units:
        what = f'"{channel.name}" is in {channel.unit} by the file and in {units} by units = "{units}"'
        raise source.error(what, f'Say units = "{channel.unit}", or mend the header of the file.')
    force = channel.numbers * NEWTONS[units]
    if not np.isfinite(force).all() or np.abs(force).max() > _MOST_N:
        place = int((~np.isfinite(force) | (np.abs(force) > _MOST_N)).argmax())
        what = f'"{channel.name}" has a value of {force[place]:.4g} N in sample {place + 1}, which no plate measures'
        raise source.error(what, "Check the unit and the columns.")
    check_sign(source, channel.name, force, sign)
    return force if sign == "positive" else -force


def _recording(
    source: Source, trace: Trace, forces: list[Floats], hz: float, hz_source: str, units: str, sign: str
) -> Recording:
    force = np.sum(forces, axis=0)
    data = {"time_s": trace.start_s + np.arange(len(force)) / hz, "force_n": force}
    issues = list(trace.issues)
    if len(forces) == 2:
        data |= {"force_1_n": forces[0], "force_2_n": forces[1]}
        names = " and ".join(f'"{channel.name}"' for channel in trace.channels)
        issues.append(Issue(f"two plates, {names}", "force_n is their sum"))
    if units != "N":
        issues.append(Issue(f"force is in {units}", f"multiplied by {NEWTONS[units]:.8g}"))
    if sign == "negative":
        issues.append(Issue("force is negative under load", "multiplied by −1, as declared"))
    issues.append(Issue(f"sampling rate {hz:.6g} Hz: {hz_source}", "used"))
    if trace.unclear and not trace.stated:
        issues.append(Issue(trace.unclear, "not used"))
    issues += check_size_of_force(force, hz, units)
    return Recording(
        data=pd.DataFrame(data),
        kind="force",
        file=source.name,
        device=trace.layout,
        averaging="sample",
        issues=tuple(issues),
        sha256=hashlib.sha256(source.data).hexdigest(),
        simulated=trace.simulated,
        sampling_hz=hz,
    )
