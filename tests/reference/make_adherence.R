# Run in tests/reference:  Rscript make_adherence.R
# t.test, quantile (type 7), prop.test(correct = FALSE); lm for the slopes of the change on sessions attended.
source("versions.R")
d <- read.csv("sessions/data.csv", na.strings = "")
d$share <- d$attended / d$planned
arm <- function(name) {
  x <- d[d$arm == name & !is.na(d$share), ]; below <- sum(x$share < 0.8 - 1e-9); n <- nrow(x)
  list(arm = name, n = n, mean = c(mean(x$share), t.test(x$share)$conf.int[1:2]), sd = sd(x$share),
       quartiles = unname(quantile(x$share, c(0.25, 0.5, 0.75))), total = sum(x$attended) / sum(x$planned),
       below = c(below / n, prop.test(below, n, correct = FALSE)$conf.int[1:2]))
}
slope <- function(formula, level) {
  x <- d[d$arm == "Kettlebell", ]; x$change <- x$after - x$before
  fit <- lm(formula, x[!is.na(x$attended) & !is.na(x$change), ]); k <- summary(fit)$coefficients["attended", ]
  list(n = nobs(fit), estimate = k[[1]], se = k[[2]], df = fit$df.residual, statistic = k[[3]], p = k[[4]],
       low = confint(fit, "attended", level = level)[1], high = confint(fit, "attended", level = level)[2])
}
write_reference(list(made_by = "make_adherence.R", software = versions("jsonlite"),
  arms = lapply(c("Kettlebell", "Walking"), arm), slope = slope(change ~ attended, 0.95),
  adjusted = slope(change ~ attended + before, 0.95), slope_90 = slope(change ~ attended, 0.9)
), "sessions/adherence.json")
