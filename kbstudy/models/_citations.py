"""The references that methods sentences draw on, each checked once, here."""

from __future__ import annotations

from typing import Final

ALGINA_KESELMAN_2003: Final = (
    "Algina J, Keselman HJ (2003). Approximate confidence intervals for effect sizes. "
    "Educ Psychol Meas 63:537–553. doi:10.1177/0013164403256358"
)
BONETT_2008: Final = (
    "Bonett DG (2008). Confidence intervals for standardized linear contrasts of means. "
    "Psychol Methods 13:99–109. doi:10.1037/1082-989X.13.2.99"
)
HEDGES_1981: Final = (
    "Hedges LV (1981). Distribution theory for Glass's estimator of effect size and related estimators. "
    "J Educ Stat 6:107–128. doi:10.3102/10769986006002107"
)
HODGES_LEHMANN_1963: Final = (
    "Hodges JL, Lehmann EL (1963). Estimates of location based on rank tests. "
    "Ann Math Stat 34:598–611. doi:10.1214/aoms/1177704172"
)
LAKENS_2013: Final = (
    "Lakens D (2013). Calculating and reporting effect sizes to facilitate cumulative science. "
    "Front Psychol 4:863. doi:10.3389/fpsyg.2013.00863"
)
MACKINNON_WHITE_1985: Final = (
    "MacKinnon JG, White H (1985). Some heteroskedasticity-consistent covariance matrix estimators with improved "
    "finite sample properties. J Econom 29:305–325. doi:10.1016/0304-4076(85)90158-7"
)
NEWCOMBE_1998: Final = (
    "Newcombe RG (1998). Interval estimation for the difference between independent proportions: comparison of "
    "eleven methods. Stat Med 17:873–890. doi:10.1002/(SICI)1097-0258(19980430)17:8<873::AID-SIM779>3.0.CO;2-I"
)
VICKERS_ALTMAN_2001: Final = (
    "Vickers AJ, Altman DG (2001). Analysing controlled trials with baseline and follow up measurements. "
    "BMJ 323:1123–1124. doi:10.1136/bmj.323.7321.1123"
)
WILSON_1927: Final = (
    "Wilson EB (1927). Probable inference, the law of succession, and statistical inference. "
    "J Am Stat Assoc 22:209–212. doi:10.1080/01621459.1927.10502953"
)
