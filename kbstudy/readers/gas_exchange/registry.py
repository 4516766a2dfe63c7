"""The devices, in the order in which they are tried."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from kbstudy.readers.gas_exchange import (
    calibre,
    cortex,
    cosmed,
    korr,
    mgc,
    parvo,
    pnoe,
    vmax,
    vo2_master,
    vyntus,
    zan,
)
from kbstudy.readers.gas_exchange.layout import Device, Layout
from kbstudy.readers.gas_exchange.sheet import Sheet

__all__ = ["DEVICES", "recognised"]

DEVICES: Final[tuple[Device, ...]] = (
    cosmed.LEGACY,
    cosmed.OMNIA,
    cortex.METASOFT_3,
    cortex.METASOFT_STUDIO,
    vyntus.VYNTUS,
    parvo.PARVO,
    mgc.BREEZE,
    zan.ZAN,
    vmax.VMAX,
    vo2_master.VO2_MASTER,
    pnoe.PNOE,
    korr.CARDIOCOACH,
    calibre.CALIBRE,
)
"""Every kind of export that is recognised by its content."""


def recognised(sheets: Sequence[Sheet]) -> list[tuple[Device, Layout]]:
    """The devices whose signature the file has, with the layout each finds."""
    found = [(device, device.recognise(sheets)) for device in DEVICES]
    return [(device, layout) for device, layout in found if layout is not None]
