# Run in tests/reference:  Rscript make_meta.R
# metafor's rma() on four of metadat's data sets, and escalc() for effect sizes. REML is run to a tight limit.
source("versions.R")
suppressPackageStartupMessages({library(metafor); library(metadat)})

one <- function(yi, vi, labels, name, about) {
  fit <- function(method, test) {
    control <- if (method == "REML") list(threshold = 1e-11, maxiter = 10000) else list()
    x <- rma(yi, vi, method = method, test = test, control = control)
    p <- if (method == "FE") list(pi.lb = NA, pi.ub = NA) else predict(x, pi.type = "riley")
    list(method = method, test = test, estimate = c(x$beta), se = x$se, low = x$ci.lb, high = x$ci.ub,
         tau2 = x$tau2, i2 = x$I2, q = x$QE, q_p = x$QEp, weights = unname(weights(x)),
         prediction_low = p$pi.lb, prediction_high = p$pi.ub)
  }
  out <- function(method, test) {
    x <- rma(yi, vi, method = method, test = test, control = list(threshold = 1e-11, maxiter = 10000))
    l <- leave1out(x)
    list(method = method, test = test, estimate = l$estimate, se = l$se, low = l$ci.lb, high = l$ci.ub, tau2 = l$tau2, i2 = l$I2)
  }
  write_reference(list(
    made_by = "make_meta.R", software = versions("metafor", "metadat", "jsonlite"), about = about,
    effects = c(yi), variances = vi, labels = labels,
    fits = list(fit("REML", "knha"), fit("REML", "adhoc"), fit("REML", "z"), fit("DL", "z"), fit("DL", "knha"), fit("FE", "z")),
    leave_one_out = out("REML", "knha")
  ), paste0("meta/", name, ".json"))
}

d <- escalc("RR", ai = tpos, bi = tneg, ci = cpos, di = cneg, data = dat.bcg)
one(d$yi, d$vi, paste(d$author, d$year), "bcg", "dat.bcg: log risk ratios of tuberculosis after BCG vaccination")
d <- escalc("MD", m1i = m1i, sd1i = sd1i, n1i = n1i, m2i = m2i, sd2i = sd2i, n2i = n2i, data = dat.normand1999)
one(d$yi, d$vi, paste(d$study, d$source), "normand1999", "dat.normand1999: days in hospital after stroke, mean differences")
d <- dat.raudenbush1985
one(d$yi, d$vi, paste(d$study, d$author), "raudenbush1985", "dat.raudenbush1985: teachers' expectations, standardised mean differences")
d <- escalc("SMD", m1i = m1i, sd1i = sd1i, n1i = n1i, m2i = m2i, sd2i = sd2i, n2i = n2i, data = dat.normand1999)
one(d$yi, d$vi, paste(d$study, d$source), "normand1999_smd", "dat.normand1999: standardised mean differences")

# ---- effect sizes --------------------------------------------------------------------------------------------------
row <- function(...) { x <- escalc(...); list(effect = c(x$yi), variance = x$vi) }
arms <- list(m1i = c(12.1, 103, 5.5), sd1i = c(4.2, 15.5, 1.1), n1i = c(12, 40, 6),
             m2i = c(9.8, 98, 7.1), sd2i = c(3.9, 14.2, 1.6), n2i = c(14, 38, 5))
two <- function(measure, ...) do.call(row, c(list(measure = measure), arms, list(...)))
before <- list(m1i = c(24.3, 55), m2i = c(20.6, 61), sd1i = c(5.1, 9.2), sd2i = c(4.4, 8.1), ni = c(21, 12), ri = c(0.8, 0.55))
change <- function(measure) do.call(row, c(list(measure = measure), before))
write_reference(list(
  made_by = "make_meta.R", software = versions("metafor", "jsonlite"), arms = arms, before = before,
  md = two("MD", vtype = "LS"), md_equal = two("MD", vtype = "HO"), smd = two("SMD", vtype = "LS"), rom = two("ROM", vtype = "LS"),
  mc = change("MC"), smcr = change("SMCR"), smcc = change("SMCC"), romc = change("ROMC"),
  smd_from_t = { t <- c(2.31, -0.4); n1 <- c(12, 40); n2 <- c(14, 38); x <- escalc("SMD", ti = t, n1i = n1, n2i = n2)
    list(t = t, n1 = n1, n2 = n2, effect = c(x$yi), variance = x$vi) }
), "meta/effect_sizes.json")
