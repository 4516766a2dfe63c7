"""The reader of gas-exchange files."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass

from kbstudy.errors import PlanError, Problem, ReadError, did_you_mean
from kbstudy.readers.gas_exchange.assemble import assemble
from kbstudy.readers.gas_exchange.layout import Device, Layout
from kbstudy.readers.gas_exchange.mapping import DECLARED, Declared, MappingLike, declared, declared_layout
from kbstudy.readers.gas_exchange.mass import check_given
from kbstudy.readers.gas_exchange.proposal import unknown_file
from kbstudy.readers.gas_exchange.registry import DEVICES, recognised
from kbstudy.readers.gas_exchange.sheet import Sheet
from kbstudy.readers.gas_exchange.sheets import load_sheets
from kbstudy.readers.guards import check_size
from kbstudy.readers.source import Source, open_source
from kbstudy.recording import Recording

__all__ = ["Way", "read_gas_exchange", "read_one"]


def read_gas_exchange(
    path: str | os.PathLike[str],
    *,
    device: str | None = None,
    body_mass_kg: float | None = None,
    mapping: MappingLike | None = None,
    identity: bool = False,
) -> Recording:
    r"""Read the export of a metabolic cart.

    Parameters
    ----------
    path
        A spreadsheet (``.xlsx``, ``.xls``, ``.ods``, SpreadsheetML ``.xml``) or separated text. What it is, is decided
        by its content; its name does not matter.
    device
        The key of a device, if the file fits several or you want to be sure: see ``DEVICES``.
    body_mass_kg
        Body mass in kilograms. Needed where header and data contradict each other. There is no default.
    mapping
        For a file that is not recognised: name and unit of each column, or the path of a profile written by
        :func:`write_profile`.
    identity
        Whether names, dates of birth and ids are kept in ``Recording.identity``. They are left out otherwise.

    Returns
    -------
    Recording
        VO2 and VCO2 in L/min STPD, VE in L/min BTPS, time in s, and an issue for everything that was odd.

    Raises
    ------
    ReadError
        If the file is damaged, is no export of a cart, is not recognised, or a unit is not known. The message proposes
        a mapping.
    DataError
        If columns, times or body masses contradict each other.
    PlanError
        If an argument cannot be.

    When not to use
    ---------------
    For a folder of files: :func:`read_gas_exchange_folder` names the problems of all of them. For files that somebody
    has edited by hand beyond recognition: say their columns with ``mapping`` and compare some rows. For heart rate or
    force alone.

    Notes
    -----
    A unit comes from the unit row, else from an identity (RER = VCO2/VO2; VO2 ÷ VO2/kg is a body mass), never from the
    size of the numbers. Rows without VO2, or with VO2 of 0, are missed breaths and are left out; rows that share their
    second are all kept. See docs/reference/gas-exchange-files.md.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> rows = ["t;VO2;VCO2", "0:10;300;250", "0:20;320;270", "0:30;310;265"]
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "export.csv"
    ...     _ = file.write_text("\n".join(rows) + "\n")
    ...     columns = {"time_s": ("t", "mm:ss"), "vo2_l_min": ("VO2", "mL/min"), "vco2_l_min": ("VCO2", "mL/min")}
    ...     print(read_gas_exchange(file, mapping=columns).data.round(3))
       time_s  vo2_l_min  vco2_l_min    rer
    0    10.0       0.30       0.250  0.833
    1    20.0       0.32       0.270  0.844
    2    30.0       0.31       0.265  0.855
    """
    check_given(body_mass_kg)
    return read_one(path, Way.of(device, mapping), body_mass_kg, identity)


@dataclass(frozen=True)
class Way:
    """How a file is to be read: as a device's, as declared, or as whatever it is."""

    device: Device | None = None
    declared: Declared | None = None

    @classmethod
    def of(cls, device: str | None, mapping: MappingLike | None) -> Way:
        """Check the two arguments that say it."""
        wanted = None if mapping is None else declared(mapping)
        return cls(_device(device, wanted), wanted)


def read_one(path: str | os.PathLike[str], way: Way, body_mass_kg: float | None, identity: bool) -> Recording:
    """Read a file whose arguments were checked."""
    check_size(path)
    source = open_source(path)
    sheets = load_sheets(source)
    if way.device is not None:
        found = (way.device, _forced(source, sheets, way.device))
    elif way.declared is not None:
        found = (DECLARED, declared_layout(source, sheets, way.declared))
    else:
        found = _found(source, sheets)
    return assemble(source, *found, body_mass_kg, identity)


def _device(key: str | None, wanted: Declared | None) -> Device | None:
    if key is not None and wanted is not None:
        raise PlanError("device and mapping were both given; a mapping says all that a device would")
    key = key or (wanted.device if wanted is not None else None)
    if not key:
        return None
    known = {device.key: device for device in DEVICES}
    if key not in known:
        what = f'there is no device "{key}"{did_you_mean(key, list(known))}'
        raise PlanError(Problem(what, do=f"Known are {', '.join(known)}."))
    return known[key]


def _forced(source: Source, sheets: Sequence[Sheet], device: Device) -> Layout:
    layout = device.recognise(sheets)
    if layout is None:
        what = f"this does not look like {device.name}; looked for {device.looked_for}"
        raise ReadError(
            Problem(what, file=source.name, do="Leave device out, or say the columns with mapping = {...}.")
        )
    return layout


def _found(source: Source, sheets: Sequence[Sheet]) -> tuple[Device, Layout]:
    found = recognised(sheets)
    if not found:
        raise unknown_file(source, sheets, DEVICES)
    if len(found) > 1:
        names = ", ".join(f'"{device.key}"' for device, _ in found)
        what = f"the file fits the signatures of several devices: {names}"
        raise ReadError(Problem(what, file=source.name, do=f'Say which: device = "{found[0][0].key}".'))
    return found[0]
