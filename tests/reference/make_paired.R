# Run in tests/reference:  Rscript make_paired.R
# Paired t, Wilcoxon and standardised mean changes of: R's sleep, a sample without ties, a 0-10 score with ties and zeros.
source("versions.R")

noncentrality <- function(t, df, p) uniroot(function(d) pt(t, df, d) - p, c(t - 20, t + 20), tol = 1e-13)$root

effects <- function(before, after, level) {
  n <- length(before); d <- after - before; df <- n - 1
  s <- sd(d); s1 <- sd(before); s2 <- sd(after); r <- cor(before, after)
  t <- mean(d) / s * sqrt(n)
  ncp <- c(noncentrality(t, df, (1 + level) / 2), noncentrality(t, df, (1 - level) / 2))
  j <- gamma(df / 2) / (sqrt(df / 2) * gamma((df - 1) / 2))
  dz <- ncp / sqrt(n)
  # Algina & Keselman 2003 as published: limits of the noncentrality times this
  ak <- sqrt(2 * (s1^2 + s2^2 - 2 * r * s1 * s2) / (n * (s1^2 + s2^2)))
  glass <- mean(d) / s1
  glass_se <- sqrt(s^2 / (s1^2 * (n - 1)) + glass^2 / (2 * (n - 1)))
  # metafor's SMCRH is the same variance after its bias correction of the estimate
  smcrh <- metafor::escalc("SMCRH", m1i = mean(after), m2i = mean(before), sd1i = s1, sd2i = s2, ri = r, ni = n)
  stopifnot(all.equal(as.numeric(smcrh$yi), j * glass),
            all.equal(as.numeric(smcrh$vi) / j^2 + (glass^2 - (j * glass)^2) / (2 * (n - 1)), glass_se^2))
  drm <- mean(d) / sqrt(s1^2 + s2^2 - 2 * r * s1 * s2) * sqrt(2 * (1 - r))
  list(
    cohen_dz = list(estimate = mean(d) / s, low = dz[1], high = dz[2]),
    hedges_gz = list(estimate = j * mean(d) / s, low = j * dz[1], high = j * dz[2]),
    cohen_dav = list(estimate = mean(d) / sqrt((s1^2 + s2^2) / 2), low = ak * ncp[1], high = ak * ncp[2]),
    cohen_dav_mean_sd = list(estimate = mean(d) / ((s1 + s2) / 2)),
    hedges_gav = list(estimate = j * mean(d) / sqrt((s1^2 + s2^2) / 2), low = j * ak * ncp[1], high = j * ak * ncp[2]),
    cohen_drm = list(estimate = drm, low = dz[1] * sqrt(2 * (1 - r)), high = dz[2] * sqrt(2 * (1 - r))),
    glass_delta_baseline = list(estimate = glass, se = glass_se, low = glass - qnorm((1 + level) / 2) * glass_se,
                                high = glass + qnorm((1 + level) / 2) * glass_se)
  )
}

package_effects <- function(before, after, level) {
  d <- effectsize::cohens_d(after, before, paired = TRUE, ci = level)
  g <- effectsize::hedges_g(after, before, paired = TRUE, ci = level)
  list(cohen_dz = list(estimate = d$Cohens_d, low = d$CI_low, high = d$CI_high),
       hedges_gz = list(estimate = g$Hedges_g, low = g$CI_low, high = g$CI_high))
}

analyse <- function(before, after, level) {
  d <- round(after - before, 10) # so that equal changes are ties
  t <- t.test(after, before, paired = TRUE, conf.level = level)
  w <- suppressWarnings(wilcox.test(d, conf.int = TRUE, conf.level = level))
  list(
    level = level, n = length(d),
    mean_change = list(estimate = unname(t$estimate), se = unname(t$stderr), df = unname(t$parameter),
                       statistic = unname(t$statistic), p = t$p.value, low = t$conf.int[1], high = t$conf.int[2]),
    wilcoxon = list(estimate = unname(w$estimate), statistic = unname(w$statistic), p = w$p.value,
                    low = w$conf.int[1], high = w$conf.int[2], method = w$method),
    effects = effects(before, after, level),
    effectsize_package = package_effects(before, after, level)
  )
}

both <- function(before, after) list(`0.95` = analyse(before, after, 0.95), `0.9` = analyse(before, after, 0.9))
read <- function(folder) read.csv(file.path(folder, "data.csv"))
save <- function(folder, d) write_reference(
  list(made_by = "make_paired.R", software = versions("effectsize", "metafor", "jsonlite"), levels = both(d$before, d$after)),
  file.path(folder, "paired.json"))

sleep_wide <- data.frame(id = paste0("S", 1:10), before = sleep$extra[sleep$group == 2], after = sleep$extra[sleep$group == 1])
write.csv(sleep_wide, "sleep/data.csv", row.names = FALSE, quote = FALSE)
save("sleep", sleep_wide)
save("noties", read("noties"))
save("nrs", read("nrs"))
