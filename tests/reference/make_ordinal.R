# Run in tests/reference:  Rscript make_ordinal.R
# clm (exact derivatives), its profile, nominal effects (as nominal_test) and predict; polr; Brunner and Munzel by their formula.
source("versions.R")
suppressMessages({library(ordinal); library(MASS)})
d <- read.csv("ordinal_pain/data.csv", na.strings = "")
d$arm <- factor(d$arm, c("Usual care", "Kettlebell", "Walking")); d$site <- factor(d$site)
d$y <- factor(d$score)
exact <- clm.control(gradTol = 1e-12, maxIter = 200L)
answer <- function(formula, data, level, shares) {
  fit <- clm(formula, data = data, control = exact)
  q <- polr(formula, data = data, Hess = TRUE, control = list(reltol = 1e-14, maxit = 1000))
  k <- summary(fit)$coefficients[c("armKettlebell", "armWalking"), ]
  splines <- confint(fit, level = level, type = "profile")[c("armKettlebell", "armWalking"), ]
  limits <- function(name) { # confint interpolates the profile by splines; here its roots, with the coefficient held
    data$other <- as.numeric(data$arm == setdiff(c("Kettlebell", "Walking"), name))
    data$mine <- as.numeric(data$arm == name)
    centre <- k[paste0("arm", name), 1]
    loss <- function(b) {
      data$held <- b * data$mine
      held <- clm(update(formula, . ~ . - arm + other + offset(held)), data = data, control = exact)
      2 * (as.numeric(logLik(fit)) - as.numeric(logLik(held))) - qchisq(level, 1)
    }
    c(uniroot(loss, c(centre - 8, centre), tol = 1e-12)$root, uniroot(loss, c(centre, centre + 8), tol = 1e-12)$root)
  }
  without <- function(name) { # likelihood ratio of one arm's coefficient
    data$other <- as.numeric(data$arm == setdiff(c("Kettlebell", "Walking"), name))
    rest <- update(formula, . ~ . - arm + other)
    2 * (as.numeric(logLik(fit)) - as.numeric(logLik(clm(rest, data = data, control = exact))))
  }
  list(log_likelihood = as.numeric(logLik(fit)), n = fit$nobs, level = level,
       log_or = unname(k[, 1]), se = unname(k[, 2]), polr = unname(coef(q)[c("armKettlebell", "armWalking")]),
       polr_se = unname(sqrt(diag(vcov(q)))[c("armKettlebell", "armWalking")]),
       profile = rbind(limits("Kettlebell"), limits("Walking")), splines = unname(splines), deviance = c(without("Kettlebell"), without("Walking")),
       shares = if (shares) lapply(levels(data$arm), function(a) {
         p <- predict(fit, newdata = data.frame(arm = factor(a, levels(data$arm))), se.fit = TRUE, interval = TRUE, level = level)
         list(arm = a, fit = as.numeric(p$fit), se = as.numeric(p$se.fit), low = as.numeric(p$lwr), high = as.numeric(p$upr))
       }) else NULL)
}
scored <- d[!is.na(d$y), ]
both <- scored[!is.na(scored$before), ]
wins <- function(name, level) { # lower is better
  x <- -scored$score[scored$arm == name]; y <- -scored$score[scored$arm == "Usual care"]; n <- length(x); m <- length(y)
  p <- mean(outer(x, y, function(a, b) (a > b) + 0.5 * (a == b)))
  r <- rank(c(x, y)); px <- r[seq_len(n)] - rank(x); py <- r[n + seq_len(m)] - rank(y)
  v <- c(var(px) / (n * m^2), var(py) / (m * n^2)); se <- sqrt(sum(v))
  df <- sum(v)^2 / (v[1]^2 / (n - 1) + v[2]^2 / (m - 1))
  h <- qt((1 + level) / 2, df) * se / (p * (1 - p))
  list(estimate = p, se = se, df = df, low = plogis(qlogis(p) - h), high = plogis(qlogis(p) + h))
}
plain <- answer(y ~ arm, scored, 0.95, TRUE)
adjusted <- answer(y ~ arm + before + site, both, 0.9, FALSE)
nominal <- function(rest, data) { # thresholds of their own in each arm
  one <- clm(update(rest, . ~ . + arm), data = data, control = exact)
  own <- clm(rest, nominal = ~arm, data = data, control = exact)
  t <- 2 * (as.numeric(logLik(own)) - as.numeric(logLik(one))); df <- length(coef(own)) - length(coef(one))
  list(df = df, statistic = t, p = pchisq(t, df, lower.tail = FALSE))
}
scored$y <- factor(pmin(pmax(scored$score, 1), 3)) # 1 and less, 2, 3 and more: each seen in each arm
both$y <- factor(pmin(pmax(both$score, 1), 3))
write_reference(list(
  made_by = "make_ordinal.R", software = versions("ordinal", "MASS", "jsonlite"),
  plain = plain, covariates = adjusted, nominal = nominal(y ~ 1, scored),
  nominal_covariates = nominal(y ~ before + site, both),
  wins = lapply(c("Kettlebell", "Walking"), wins, 0.95)
), "ordinal_pain/ordinal.json")
