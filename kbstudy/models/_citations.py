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
KAPLAN_MEIER_1958: Final = (
    "Kaplan EL, Meier P (1958). Nonparametric estimation from incomplete observations. "
    "J Am Stat Assoc 53:457–481. doi:10.1080/01621459.1958.10501452"
)
ROYSTON_PARMAR_2013: Final = (
    "Royston P, Parmar MKB (2013). Restricted mean survival time: an alternative to the hazard ratio for the design "
    "and analysis of randomized trials with a time-to-event outcome. BMC Med Res Methodol 13:152. "
    "doi:10.1186/1471-2288-13-152"
)
BROOKMEYER_CROWLEY_1982: Final = (
    "Brookmeyer R, Crowley J (1982). A confidence interval for the median survival time. "
    "Biometrics 38:29–41. doi:10.2307/2530286"
)
MCGRAW_WONG_1996: Final = (
    "McGraw KO, Wong SP (1996). Forming inferences about some intraclass correlation coefficients. "
    "Psychol Methods 1:30–46. doi:10.1037/1082-989X.1.1.30"
)
SHROUT_FLEISS_1979: Final = (
    "Shrout PE, Fleiss JL (1979). Intraclass correlations: uses in assessing rater reliability. "
    "Psychol Bull 86:420–428. doi:10.1037/0033-2909.86.2.420"
)
BLAND_ALTMAN_1999: Final = (
    "Bland JM, Altman DG (1999). Measuring agreement in method comparison studies. "
    "Stat Methods Med Res 8:135–160. doi:10.1177/096228029900800204"
)
CARKEET_2015: Final = (
    "Carkeet A (2015). Exact parametric confidence intervals for Bland-Altman limits of agreement. "
    "Optom Vis Sci 92:e71–e80. doi:10.1097/OPX.0000000000000513"
)
THOMAS_HULTQUIST_1978: Final = (
    "Thomas JD, Hultquist RA (1978). Interval estimation for the unbalanced case of the one-way random effects model. "
    "Ann Stat 6:582–587. doi:10.1214/aos/1176344202"
)
ALTMAN_1998: Final = (
    "Altman DG (1998). Confidence intervals for the number needed to treat. BMJ 317:1309–1312. "
    "doi:10.1136/bmj.317.7168.1309"
)
EFRON_1987: Final = (
    "Efron B (1987). Better bootstrap confidence intervals. J Am Stat Assoc 82:171–185. "
    "doi:10.1080/01621459.1987.10478410"
)
IMBENS_KOLESAR_2016: Final = (
    "Imbens GW, Kolesár M (2016). Robust standard errors in small samples: some practical advice. "
    "Rev Econ Stat 98:701–712. doi:10.1162/REST_a_00552"
)
KOOPMAN_1984: Final = (
    "Koopman PAR (1984). Confidence intervals for the ratio of two binomial proportions. Biometrics 40:513–517. "
    "doi:10.2307/2531405"
)
LORD_1967: Final = (
    "Lord FM (1967). A paradox in the interpretation of group comparisons. Psychol Bull 68:304–305. "
    "doi:10.1037/h0025105"
)
MIETTINEN_NURMINEN_1985: Final = (
    "Miettinen O, Nurminen M (1985). Comparative analysis of two rates. Stat Med 4:213–226. doi:10.1002/sim.4780040211"
)
PHIPSON_SMYTH_2010: Final = (
    "Phipson B, Smyth GK (2010). Permutation p-values should never be zero: calculating exact p-values when "
    "permutations are randomly drawn. Stat Appl Genet Mol Biol 9:39. doi:10.2202/1544-6115.1585"
)
ROSENBAUM_2002: Final = (
    "Rosenbaum PR (2002). Covariance adjustment in randomized experiments and observational studies. "
    "Stat Sci 17:286–327. doi:10.1214/ss/1042727942"
)
SENN_2006: Final = (
    "Senn S (2006). Change from baseline and analysis of covariance revisited. Stat Med 25:4334–4344. "
    "doi:10.1002/sim.2682"
)
WELCH_1947: Final = (
    "Welch BL (1947). The generalization of 'Student's' problem when several different population variances are "
    "involved. Biometrika 34:28–35. doi:10.1093/biomet/34.1-2.28"
)
HOPKINS_2015: Final = (
    "Hopkins WG (2015). Individual responses made easy. J Appl Physiol 118:1444–1446. "
    "doi:10.1152/japplphysiol.00098.2015"
)
ATKINSON_BATTERHAM_2015: Final = (
    "Atkinson G, Batterham AM (2015). True and false interindividual differences in the physiological response to an "
    "intervention. Exp Physiol 100:577–588. doi:10.1113/EP085070"
)
BURDICK_GRAYBILL_1992: Final = (
    "Burdick RK, Graybill FA (1992). Confidence Intervals on Variance Components. Marcel Dekker, New York."
)
GRIZZLE_1965: Final = (
    "Grizzle JE (1965). The two-period change-over design and its use in clinical trials. Biometrics 21:467–480. "
    "doi:10.2307/2528104"
)
FREEMAN_1989: Final = (
    "Freeman PR (1989). The performance of the two-stage analysis of two-treatment, two-period crossover trials. "
    "Stat Med 8:1421–1432. doi:10.1002/sim.4780081202"
)
SENN_2002: Final = "Senn S (2002). Cross-over Trials in Clinical Research, 2nd ed. Wiley. doi:10.1002/0470854596"
MCCULLAGH_1980: Final = (
    "McCullagh P (1980). Regression models for ordinal data. J R Stat Soc B 42:109–142. "
    "doi:10.1111/j.2517-6161.1980.tb01109.x"
)
BRUNNER_MUNZEL_2000: Final = (
    "Brunner E, Munzel U (2000). The nonparametric Behrens-Fisher problem: asymptotic theory and a small-sample "
    "approximation. Biom J 42:17–25. doi:10.1002/(SICI)1521-4036(200001)42:1<17::AID-BIMJ17>3.0.CO;2-U"
)
GARWOOD_1936: Final = (
    "Garwood F (1936). Fiducial limits for the Poisson distribution. Biometrika 28:437–442. "
    "doi:10.1093/biomet/28.3-4.437"
)
CLOPPER_PEARSON_1934: Final = (
    "Clopper CJ, Pearson ES (1934). The use of confidence or fiducial limits illustrated in the case of the binomial. "
    "Biometrika 26:404–413. doi:10.1093/biomet/26.4.404"
)
HANLEY_LIPPMAN_HAND_1983: Final = (
    "Hanley JA, Lippman-Hand A (1983). If nothing goes wrong, is everything all right? Interpreting zero numerators. "
    "JAMA 249:1743–1745. doi:10.1001/jama.1983.03330370053031"
)
LAWLESS_1987: Final = (
    "Lawless JF (1987). Negative binomial and mixed Poisson regression. Can J Stat 15:209–225. doi:10.2307/3314912"
)
CONSORT_HARMS_2022: Final = (
    "Junqueira DR, Zorzela L, Golder S, et al. (2023). CONSORT Harms 2022 statement, explanation, and elaboration: "
    "updated guideline for the reporting of harms in randomised trials. BMJ 381:e073725. doi:10.1136/bmj-2022-073725"
)
BLAND_ALTMAN_2011: Final = (
    "Bland JM, Altman DG (2011). Comparisons against baseline within randomised groups are often used and can be "
    "highly misleading. Trials 12:264. doi:10.1186/1745-6215-12-264"
)
SLADE_2016: Final = (
    "Slade SC, Dionne CE, Underwood M, Buchbinder R (2016). Consensus on Exercise Reporting Template (CERT): "
    "explanation and elaboration statement. Br J Sports Med 50:1428–1437. doi:10.1136/bjsports-2016-096651"
)
