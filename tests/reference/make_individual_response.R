# Run in tests/reference:  Rscript make_individual_response.R
# SD of individual response by hand (Hopkins 2015; Ting and others 1990, as in Burdick and Graybill 1992), var.test for
# the ratio, t.test and the chi-square interval within arms, prop.test(correct = FALSE) for shares.
source("versions.R")
d <- read.csv("responses/data.csv", na.strings = "")
d$change <- d$after - d$before
d <- d[!is.na(d$change), ]
root <- function(v) sign(v) * sqrt(abs(v))
hopkins <- function(v1, d1, v2, d2, level)
  (v1 - v2) + c(-1, 1) * qnorm((1 + level) / 2) * sqrt(2 * v1^2 / d1 + 2 * v2^2 / d2)
mls <- function(v1, d1, v2, d2, level) {
  a <- (1 - level) / 2
  g <- function(df) 1 - 1 / qf(1 - a, df, Inf)
  h <- function(df) 1 / qf(a, df, Inf) - 1
  fu <- qf(1 - a, d1, d2); fl <- qf(a, d1, d2)
  g12 <- ((fu - 1)^2 - g(d1)^2 * fu^2 - h(d2)^2) / fu
  h12 <- ((1 - fl)^2 - h(d1)^2 * fl^2 - g(d2)^2) / fl
  (v1 - v2) + c(-sqrt(g(d1)^2 * v1^2 + h(d2)^2 * v2^2 + g12 * v1 * v2), sqrt(h(d1)^2 * v1^2 + g(d2)^2 * v2^2 + h12 * v1 * v2))
}
arm <- function(name, level) {
  x <- d$change[d$arm == name]; n <- length(x); a <- (1 - level) / 2
  share <- function(k) suppressWarnings(c(k / n, prop.test(k, n, correct = FALSE, conf.level = level)$conf.int[1:2]))
  list(arm = name, n = n, mean = c(mean(x), t.test(x, conf.level = level)$conf.int[1:2]),
       sd = c(sd(x), sqrt((n - 1) * var(x) / qchisq(c(1 - a, a), n - 1))),
       improved_mdc95 = share(sum(x <= -2.5 + 1e-9)), worsened_mdc95 = share(sum(x >= 2.5 - 1e-9)),
       improved_mic = share(sum(x <= -2 + 1e-9)))
}
against <- function(name, level) {
  x <- d$change[d$arm == name]; y <- d$change[d$arm == "Usual care"]
  v <- var.test(x, y, conf.level = level)
  d1 <- length(x) - 1; d2 <- length(y) - 1; spread <- var(x) - var(y)
  list(contrast = paste(name, "- Usual care"), sd_ir = root(spread), mls = root(mls(var(x), d1, var(y), d2, level)),
       hopkins = root(hopkins(var(x), d1, var(y), d2, level)), ratio = c(unname(v$estimate), v$conf.int[1:2]),
       responding = if (spread > 0) pnorm((-(mean(x) - mean(y)) - 2) / sqrt(spread)) else NULL)
}
answer <- function(level) list(level = level, arms = lapply(c("Usual care", "Kettlebell", "Walking"), arm, level),
                               against = lapply(c("Kettlebell", "Walking"), against, level))
write_reference(list(made_by = "make_individual_response.R", software = versions("jsonlite"), at_95 = answer(0.95),
                     at_90 = answer(0.9)), "responses/individual_response.json")
