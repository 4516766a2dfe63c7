"""The sources of the constants and equations of an audit."""

from __future__ import annotations

from typing import Final

__all__ = ["BUSHMAN", "DANIELS", "DI_PRAMPERO", "FARRAR", "HILL", "MARGARIA", "SWAIN"]

BUSHMAN: Final = (
    "Bushman B (2020). Metabolic calculations in action: part 2. ACSM's Health Fit J 24(4):5–8. "
    "doi:10.1249/FIT.0000000000000577"
)
DANIELS: Final = "Daniels J, Gilbert J (1979). Oxygen Power: Performance Tables for Distance Runners. Tempe."
DI_PRAMPERO: Final = (
    "di Prampero PE, Ferretti G (1999). The energetics of anaerobic muscle metabolism: a reappraisal of older and "
    "recent concepts. Respir Physiol 118:103–115. doi:10.1016/S0034-5687(99)00083-3"
)
FARRAR: Final = (
    "Farrar RE, Mayhew JL, Koch AJ (2010). Oxygen cost of kettlebell swings. J Strength Cond Res 24:1034–1036. "
    "doi:10.1519/JSC.0b013e3181d15516"
)
HILL: Final = (
    "Hill DW, Mihalek JM (2024). Calculation of a conversion factor for estimating the glycolytic contribution in "
    "exercise from post-exercise blood lactate concentration. Front Physiol 14:1283327. "
    "doi:10.3389/fphys.2023.1283327"
)
MARGARIA: Final = (
    "Margaria R, Oliva RD, di Prampero PE, Cerretelli P (1969). Energy utilization in intermittent exercise of "
    "supramaximal intensity. J Appl Physiol 26:752–756."
)
SWAIN: Final = (
    "Swain DP, Abernathy KS, Smith CS, Lee SJ, Bunn SA (1994). Target heart rates for the development of "
    "cardiorespiratory fitness. Med Sci Sports Exerc 26:112–116. doi:10.1249/00005768-199401000-00019"
)
