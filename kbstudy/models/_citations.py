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
LIANG_ZEGER_1986: Final = (
    "Liang KY, Zeger SL (1986). Longitudinal data analysis using generalized linear models. "
    "Biometrika 73:13–22. doi:10.1093/biomet/73.1.13"
)
MACKINNON_WHITE_1985: Final = (
    "MacKinnon JG, White H (1985). Some heteroskedasticity-consistent covariance matrix estimators with improved "
    "finite sample properties. J Econom 29:305–325. doi:10.1016/0304-4076(85)90158-7"
)
MANCL_DEROUEN_2001: Final = (
    "Mancl LA, DeRouen TA (2001). A covariance estimator for GEE with improved small-sample properties. "
    "Biometrics 57:126–134. doi:10.1111/j.0006-341X.2001.00126.x"
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
FAI_CORNELIUS_1996: Final = (
    "Fai AHT, Cornelius PL (1996). Approximate F-tests of multiple degree of freedom hypotheses in generalized least "
    "squares analyses of unbalanced split-plot experiments. J Stat Comput Simul 54:363–378. "
    "doi:10.1080/00949659608811740"
)
KENWARD_ROGER_1997: Final = (
    "Kenward MG, Roger JH (1997). Small sample inference for fixed effects from restricted maximum likelihood. "
    "Biometrics 53:983–997. doi:10.2307/2533558"
)
LAIRD_WARE_1982: Final = (
    "Laird NM, Ware JH (1982). Random-effects models for longitudinal data. Biometrics 38:963–974. doi:10.2307/2529876"
)
LIANG_ZEGER_2000: Final = (
    "Liang KY, Zeger SL (2000). Longitudinal data analysis of continuous and discrete responses for pre-post designs. "
    "Sankhya B 62:134–148. https://www.jstor.org/stable/25053123"
)
MALLINCKRODT_2008: Final = (
    "Mallinckrodt CH, Lane PW, Schnell D, Peng Y, Mancuso JP (2008). Recommendations for the primary analysis of "
    "continuous endpoints in longitudinal clinical trials. Drug Inf J 42:303–319. doi:10.1177/009286150804200402"
)
SELF_LIANG_1987: Final = (
    "Self SG, Liang KY (1987). Asymptotic properties of maximum likelihood estimators and likelihood ratio tests under "
    "nonstandard conditions. J Am Stat Assoc 82:605–610. doi:10.1080/01621459.1987.10478472"
)
STRAM_LEE_1994: Final = (
    "Stram DO, Lee JW (1994). Variance components testing in the longitudinal mixed effects model. "
    "Biometrics 50:1171–1177. doi:10.2307/2533455"
)
VENZON_MOOLGAVKAR_1988: Final = (
    "Venzon DJ, Moolgavkar SH (1988). A method for computing profile-likelihood-based confidence intervals. "
    "Appl Stat 37:87–94. doi:10.2307/2347496"
)
DAVISON_HINKLEY_1997: Final = (
    "Davison AC, Hinkley DV (1997). Bootstrap Methods and their Application. Cambridge University Press. "
    "doi:10.1017/CBO9780511802843"
)
