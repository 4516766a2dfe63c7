# Run in tests/reference:  Rscript make_ratios.R
# Score intervals of risk ratio and odds ratio: where Pearson's X² of a binomial glm with that ratio as its offset is the
# chi-square quantile. glm knows nothing of the closed form of the restricted estimates.
source("versions.R")
pearson <- function(x, log_ratio, link) {
  k <- c(x[1], x[3]); n <- c(x[2], x[4])
  start <- if (link == "log") log(min((sum(k)) / sum(n), 0.98 * exp(-max(log_ratio, 0))) ) else 0
  fit <- suppressWarnings(glm(cbind(k, n - k) ~ 1, offset = c(log_ratio, 0), family = binomial(link), start = start,
                              control = glm.control(epsilon = 1e-15, maxit = 200)))
  sum(residuals(fit, "pearson")^2)
}
limits <- function(x, level, link) {
  f <- function(r) pearson(x, r, link) - qchisq(level, 1)
  p <- c(x[1] / x[2], x[3] / x[4])
  at <- if (link == "log") log(p[1] / p[2]) else qlogis(p[1]) - qlogis(p[2])
  exp(c(uniroot(f, c(at - 4, at), tol = 1e-14)$root, uniroot(f, c(at, at + 4), tol = 1e-14)$root))
}
cases <- list(c(36, 40, 16, 80), c(15, 20, 8, 20), c(3, 9, 2, 11), c(33, 50, 10, 51), c(5, 50, 33, 50), c(7, 34, 1, 34))
one <- function(x, level) list(counts = x, level = level, risk_ratio = limits(x, level, "log"),
                               odds_ratio = limits(x, level, "logit"))
write_reference(list(
  made_by = "make_ratios.R", software = versions("jsonlite"), cases = c(lapply(cases, one, 0.95), lapply(cases, one, 0.9))
), "proportions/ratios.json")
