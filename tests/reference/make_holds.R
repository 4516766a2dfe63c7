# Run in tests/reference:  Rscript make_holds.R
# Restricted means, medians and their limits of simulated hold times: one cap for all, and caps that differ.
source("versions.R")
library(survival)

set.seed(20261124)
n <- 15
truth <- c(rweibull(n, 2, 150), rweibull(n, 2, 230))
arm <- rep(c("Usual care", "Kettlebell"), each = n)
cap <- ifelse(seq_len(2 * n) %% 3 == 0, 180, 240)
holds <- data.frame(
  id = sprintf("P%02d", 1:(2 * n)), arm = arm, cap = cap,
  one_cap = pmin(round(truth), 240), own_cap = pmin(round(truth), cap)
)

arm_of <- function(seconds, lost, tau, level) {
  fit <- survfit(Surv(seconds, lost) ~ 1)
  rmean <- summary(fit, rmean = tau)$table
  # The bare Greenwood form, by its definition, beside survival's own
  median <- summary(survfit(Surv(seconds, lost) ~ 1, conf.type = "log-log", conf.int = level))$table
  list(n = length(seconds), restricted_mean = unname(rmean["rmean"]), greenwood_se = unname(rmean["se(rmean)"]),
       median = unname(median["median"]), low = unname(median[length(median) - 1]), high = unname(median[length(median)]))
}

both <- function(seconds, cap, tau, level) {
  lost <- as.integer(seconds < cap)
  lapply(split(seq_along(seconds), arm), function(i) arm_of(seconds[i], lost[i], tau, level))
}

welch <- t.test(holds$one_cap[arm == "Kettlebell"], holds$one_cap[arm == "Usual care"])
write.csv(holds, "holds/data.csv", row.names = FALSE, quote = FALSE)
write_reference(
  list(made_by = "make_holds.R", software = versions("survival", "jsonlite"),
       one_cap = both(holds$one_cap, rep(240, 2 * n), 240, .95),
       one_cap_to_180 = both(holds$one_cap, rep(240, 2 * n), 180, .9),
       own_cap_to_200 = both(holds$own_cap, holds$cap, 200, .95),
       welch = list(estimate = unname(diff(rev(welch$estimate))), se = welch$stderr, df = unname(welch$parameter),
                    statistic = unname(welch$statistic), p = welch$p.value, low = welch$conf.int[1], high = welch$conf.int[2])),
  "holds/holds.json")
