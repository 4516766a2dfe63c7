# Run in tests/reference:  Rscript make_ancova.R
# Three arms, a categorical covariate, missing values; equal variances and HC3.
source("versions.R")
suppressMessages(library(emmeans))
d <- read.csv("trial_arms/data.csv", na.strings = "", stringsAsFactors = FALSE)
d$arm <- factor(d$arm, c("Usual care", "Kettlebell", "Walking"))
d$site <- factor(d$site)

answer <- function(formula, level, robust) {
  fit <- lm(formula, d)
  vcov <- if (robust) sandwich::vcovHC(fit, type = "HC3") else vcov(fit)
  means <- emmeans(fit, "arm", vcov. = vcov)
  difference <- contrast(means, "trt.vs.ctrl", ref = 1, adjust = "none")
  table <- function(x) {
    s <- as.data.frame(summary(x, infer = c(TRUE, TRUE), level = level, adjust = "none"))
    names(s) <- sub("emmean", "estimate", sub("lower.CL", "low", sub("upper.CL", "high", sub("t.ratio", "statistic",
                sub("p.value", "p", sub("SE", "se", names(s)))))))
    s
  }
  list(n = nobs(fit), slope = unname(coef(fit)["before"]), level = level, means = table(means), differences = table(difference))
}

plain <- after ~ arm + before
full <- after ~ arm + before + age + site
write_reference(list(
  made_by = "make_ancova.R", software = versions("emmeans", "sandwich", "jsonlite"),
  baseline_only = answer(plain, 0.95, FALSE), covariates = answer(full, 0.95, FALSE),
  covariates_hc3 = answer(full, 0.95, TRUE), covariates_90 = answer(full, 0.9, FALSE)
), "trial_arms/ancova.json")
