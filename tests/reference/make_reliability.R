# Run in tests/reference:  Rscript make_reliability.R
# Intraclass correlations, measurement errors and limits of agreement of: Shrout & Fleiss 1979 (six targets, four judges),
# a simulated retest of three trials, and the same with values missing.
source("versions.R")
suppressMessages(library(lme4))

shrout_fleiss <- data.frame(
  id = paste0("T", 1:6),
  j1 = c(9, 6, 8, 7, 10, 6), j2 = c(2, 1, 4, 1, 5, 2), j3 = c(5, 3, 6, 2, 6, 4), j4 = c(8, 2, 8, 6, 9, 7)
)

set.seed(20261123)
n <- 16
truth <- rnorm(n, 38, 6)
trials <- sapply(c(0, 2.2, 2.9), function(shift) round(truth + shift + rnorm(n, 0, 1.6), 1))
retest <- data.frame(id = sprintf("P%02d", 1:n), t1 = trials[, 1], t2 = trials[, 2], t3 = trials[, 3])
# A person without a third trial, two without a second, one with only the first.
gaps <- retest
gaps$t3[c(3, 8)] <- NA; gaps$t2[c(5, 8, 11)] <- NA; gaps$t1[14] <- NA
names(gaps)[-1] <- paste0("gap_", names(gaps)[-1])

correlations <- function(wide) {
  found <- psych::ICC(wide, lmer = FALSE)$results
  rows <- c(icc_1 = "ICC1", icc_a1 = "ICC2", icc_c1 = "ICC3", icc_ak = "ICC2k", icc_ck = "ICC3k")
  lapply(rows, function(type) {
    row <- found[found$type == type, ]
    list(estimate = row$ICC, low = row[["lower bound"]], high = row[["upper bound"]])
  })
}

errors <- function(wide) { # by aov, whose mean squares are the definition
  n <- nrow(wide); k <- ncol(wide)
  long <- data.frame(y = unlist(wide), id = factor(rep(1:n, k)), trial = factor(rep(1:k, each = n)))
  ms <- summary(aov(y ~ id + trial, long))[[1]][["Mean Sq"]]
  df <- (n - 1) * (k - 1)
  v <- ms[2] / n + (n - 1) / n * ms[3]
  dfa <- v^2 / ((ms[2] / n)^2 / (k - 1) + ((n - 1) / n * ms[3])^2 / df)
  limits <- function(v, df) list(estimate = sqrt(v), low = sqrt(df * v / qchisq(.975, df)), high = sqrt(df * v / qchisq(.025, df)))
  list(sem_consistency = limits(ms[3], df), sem_agreement = limits(v, dfa))
}

agreement <- function(first, second) {
  d <- second - first; n <- length(d); z <- qnorm(.975); s <- sd(d)
  t <- t.test(d)
  inner <- qt(.025, n - 1, z * sqrt(n)) / sqrt(n) * s
  outer <- qt(.975, n - 1, z * sqrt(n)) / sqrt(n) * s
  list(n = n, bias = list(estimate = unname(t$estimate), low = t$conf.int[1], high = t$conf.int[2]),
       limit_low = list(estimate = mean(d) - z * s, low = mean(d) - outer, high = mean(d) - inner),
       limit_high = list(estimate = mean(d) + z * s, low = mean(d) + inner, high = mean(d) + outer))
}

tight <- lmerControl(optimizer = "Nelder_Mead", optCtrl = list(maxfun = 1e6, FtolAbs = 1e-15, FtolRel = 1e-15, XtolRel = 1e-12))
reml <- function(wide) {
  k <- ncol(wide); n <- nrow(wide)
  long <- na.omit(data.frame(y = unlist(wide), id = factor(rep(1:n, k)), trial = factor(rep(1:k, each = n))))
  two <- lmer(y ~ 1 + (1 | id) + (1 | trial), long, control = tight)
  one <- lmer(y ~ 1 + (1 | id), long, control = tight)
  v <- as.data.frame(VarCorr(two)); w <- as.data.frame(VarCorr(one))
  p <- v$vcov[v$grp == "id"]; c <- v$vcov[v$grp == "trial"]; e <- v$vcov[v$grp == "Residual"]
  list(values = nrow(long), icc_a1 = p / (p + c + e), icc_c1 = p / (p + e), sem_consistency = sqrt(e), sem_agreement = sqrt(c + e),
       icc_1 = w$vcov[1] / sum(w$vcov))
}

write.csv(shrout_fleiss, "shrout_fleiss/data.csv", row.names = FALSE, quote = FALSE)
write_reference(
  list(made_by = "make_reliability.R", software = versions("psych", "jsonlite"),
       icc = correlations(shrout_fleiss[-1]), errors = errors(shrout_fleiss[-1])),
  "shrout_fleiss/reliability.json")
write.csv(cbind(retest, gaps[-1]), "retest/data.csv", row.names = FALSE, quote = FALSE, na = "")
write_reference(
  list(made_by = "make_reliability.R", software = versions("psych", "lme4", "jsonlite"),
       icc = correlations(retest[-1]), errors = errors(retest[-1]),
       agreement = list(`t2 - t1` = agreement(retest$t1, retest$t2), `t3 - t2` = agreement(retest$t2, retest$t3)),
       gaps = reml(gaps[-1]), complete_by_reml = reml(retest[-1])),
  "retest/reliability.json")
