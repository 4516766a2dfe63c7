"""Blood lactate: what a rise of it is worth in oxygen, and how far it can rise."""

from __future__ import annotations

from typing import Final

__all__ = ["DOUBTFUL_RISE_MMOL_L", "IMPOSSIBLE_RISE_MMOL_L", "LACTATE_O2_ML_KG_MM", "LACTATE_O2_RANGE"]

#: mL of oxygen a kilogram of body mass for each mmol/L of net rise (di Prampero & Ferretti 1999,
#: doi:10.1016/S0034-5687(99)00083-3).
LACTATE_O2_ML_KG_MM: Final = 3.0
#: The range of it that is in use or was measured (Hill & Mihalek 2024, doi:10.3389/fphys.2023.1283327).
LACTATE_O2_RANGE: Final = (2.7, 3.4)
#: mmol/L. Net rises above this are rare, so that a larger one is doubtful.
DOUBTFUL_RISE_MMOL_L: Final = 20.0
#: mmol/L. No net rise is above this.
IMPOSSIBLE_RISE_MMOL_L: Final = 30.0
