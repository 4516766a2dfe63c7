"""Profiles: how to read one kind of file, written down for the next file of that kind."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path

from kbstudy import formatting as fmt
from kbstudy.errors import OutputError, Problem
from kbstudy.readers.gas_exchange.layout import Column, Layout
from kbstudy.readers.gas_exchange.mapping import FORMAT, declared
from kbstudy.readers.gas_exchange.proposal import checks_of, numbered_name, propose, unknown_file
from kbstudy.readers.gas_exchange.registry import DEVICES, recognised
from kbstudy.readers.gas_exchange.sheets import load_sheets
from kbstudy.readers.gas_exchange.units import needs_unit
from kbstudy.readers.gas_exchange.vocabulary import public_name
from kbstudy.readers.guards import check_size
from kbstudy.readers.source import open_source

__all__ = ["profile_of", "profile_use", "write_profile"]


def profile_of(path: str | os.PathLike[str]) -> str:
    r"""Propose how a gas-exchange file is read, as the text of a profile.

    Parameters
    ----------
    path
        The export.

    Returns
    -------
    str
        TOML: the device if it is recognised, with its columns as comments; else the columns that look known, each
        with its unit, ``""`` where none was found and one must be written.

    Raises
    ------
    ReadError
        If the file cannot be read, or no row looks like a header.

    When not to use
    ---------------
    To read a file that :func:`read_gas_exchange` recognises: it needs no profile.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "export.csv"
    ...     _ = file.write_text("Clock [s],O2 uptake [mL/min]\n10,300\n20,310\n")
    ...     print(profile_of(file))
    Traceback (most recent call last):
    kbstudy.errors.ReadError: export.csv: this is not an export that is recognised
    ...
    """
    check_size(path)
    source = open_source(path)
    sheets = load_sheets(source)
    found = recognised(sheets)
    if found:
        device, layout = found[0]
        return _text(layout, device.key)
    proposed = propose(sheets)
    if proposed is None:
        raise unknown_file(source, sheets, DEVICES)
    return _text(proposed, "")


def write_profile(path: str | os.PathLike[str], to: str | os.PathLike[str]) -> Path:
    r"""Write the profile of a file.

    Parameters
    ----------
    path
        The export.
    to
        The profile, such as ``our-cart.toml``. It must not exist. It is written whole or not at all.

    Returns
    -------
    Path
        Where it was written. Edit it, then give it as ``mapping=``.

    Raises
    ------
    ReadError
        As :func:`profile_of`.
    OutputError
        If the profile exists or cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "export.csv"
    ...     _ = file.write_text("Time [s],VO2 [mL/min]\n10,300\n20,310\n")
    ...     print(write_profile(file, Path(folder) / "cart.toml").read_text())
    # How files of this kind are read: give this file as mapping= to read_gas_exchange.
    format = "kbstudy gas exchange 1"
    <BLANKLINE>
    [columns]  # quantity = [name in the file, unit]
    time_s = ["Time [s]", "s"]
    vo2_l_min = ["VO2 [mL/min]", "mL/min"]
    <BLANKLINE>
    """
    text, target = profile_of(path), Path(to)
    try:
        _write_new(target, text.encode())
    except FileExistsError:
        do = "It may hold your corrections. Choose another name, or delete it first."
        raise OutputError(Problem("the profile exists already", file=target.name, do=do)) from None
    except OSError as error:
        what = f"the profile cannot be written: {error.strerror or error}"
        raise OutputError(Problem(what, file=target.name)) from None
    return target


def profile_use(path: str | os.PathLike[str], profile: str | os.PathLike[str]) -> str:
    r"""What to do with a profile that was just written, in a sentence or two.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "export.csv"
    ...     _ = file.write_text("Time [s],VO2\n10,300\n20,310\n")
    ...     text = profile_use("export.csv", write_profile(file, Path(folder) / "cart.toml"))
    >>> print(text.replace(folder, "..."))  # doctest: +NORMALIZE_WHITESPACE
    Compare its names and units with the file; no unit was found for vo2_l_min: write it in. Then:
    kb.read_gas_exchange("export.csv", mapping=".../cart.toml")
    """
    asked = declared(profile)
    call = f'kb.read_gas_exchange("{Path(path).as_posix()}", mapping="{Path(profile).as_posix()}")'
    if asked.device:
        return f"The device is recognised, so kb.read_gas_exchange reads such files without it, too. Or: {call}"
    bare = [public_name(key) for key, (_, unit) in asked.columns.items() if not unit and needs_unit(key)]
    missing = f"; no unit was found for {fmt.words(bare)}: write it in" if bare else ""
    return f"Compare its names and units with the file{missing}. Then: {call}"


def _write_new(target: Path, content: bytes) -> None:
    """Write a file whole or not at all, and never over another."""
    if target.exists():
        raise FileExistsError(target)
    descriptor, name = tempfile.mkstemp(prefix=f".{target.name}-", dir=target.parent)
    try:
        with open(descriptor, "wb") as stream:  # noqa: PTH123 - a descriptor
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        Path(name).chmod(0o666 & ~_mask())
        _put(Path(name), target)
    finally:
        Path(name).unlink(missing_ok=True)


def _put(new: Path, target: Path) -> None:
    """Give a file its name, unless somebody else has that name by now."""
    try:
        os.link(new, target)
    except FileExistsError:
        raise
    except OSError:  # a file system without links
        if os.name != "nt" and target.exists():
            raise FileExistsError(target) from None
        new.rename(target)  # Windows refuses to rename over a file


def _mask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _text(layout: Layout, device: str) -> str:
    lines = ["# How files of this kind are read: give this file as mapping= to read_gas_exchange."]
    lines.append(f"format = {json.dumps(FORMAT)}")
    lines += [f"device = {json.dumps(device)}", "# The columns it reads:"] if device else []
    lines += (
        [f"sheet = {json.dumps(layout.sheet.name, ensure_ascii=False)}"] if layout.sheet.name and not device else []
    )
    lines += [f"# {check}" for check in ([] if device else checks_of(layout))]
    lines += [] if device else ["", "[columns]  # quantity = [name in the file, unit]"]
    mark = "# " if device else ""
    lines += [mark + _line(layout, key, column) for key, column in layout.columns.items()]
    return "\n".join(lines) + "\n"


def _line(layout: Layout, key: str, column: Column) -> str:
    unit = column.unit or layout.documented.get(key, "")
    pair = json.dumps([numbered_name(layout, column), unit], ensure_ascii=False)
    return f"{public_name(key)} = {pair}"
