# Run in tests/reference:  Rscript make_proportions.R
# Wilson: prop.test(correct = FALSE) of one sample. Newcombe: by its formula from those limits (base R has no function).
source("versions.R")
wilson <- function(k, n, level) suppressWarnings(prop.test(k, n, correct = FALSE, conf.level = level)$conf.int[1:2])
newcombe <- function(k1, n1, k0, n0, level) {
  a <- wilson(k1, n1, level); b <- wilson(k0, n0, level); p1 <- k1 / n1; p0 <- k0 / n0
  p1 - p0 + c(-sqrt((p1 - a[1])^2 + (b[2] - p0)^2), sqrt((a[2] - p1)^2 + (p0 - b[1])^2))
}
cases <- list(c(33, 50), c(10, 51), c(5, 50), c(0, 12), c(12, 12), c(1, 7), c(3, 9))
pairs <- list(c(56, 70, 48, 80), c(10, 51, 33, 50), c(0, 10, 0, 12), c(10, 10, 0, 20), c(9, 10, 3, 10))
one <- function(x, level) list(k = x[1], n = x[2], level = level, limits = wilson(x[1], x[2], level))
two <- function(x, level) list(counts = x, level = level, limits = newcombe(x[1], x[2], x[3], x[4], level))
write_reference(list(
  made_by = "make_proportions.R", software = versions("jsonlite"),
  wilson = c(lapply(cases, one, 0.95), lapply(cases, one, 0.9)),
  newcombe = c(lapply(pairs, two, 0.95), lapply(pairs, two, 0.9))
), "proportions/score_intervals.json")
