# Run in tests/reference:  Rscript make_gee.R
# Population-averaged logistic and Poisson regression on simulated data with missing rows.
#
# Three sources: geepack (independence; exchangeable with its own alpha; any alpha that it is given), the package gee
# (exchangeable), and the covariance of Mancl & DeRouen 2001 from its formula, on geepack's fit.
#
# Packages agree on the equations for the coefficients but not on the moments behind alpha. r are Pearson residuals,
# N rows, p coefficients, M pairs of rows within people:
#   geepack            alpha = (sum of r_j r_k / M)       / (sum of r^2 / N)
#   statsmodels, gee   alpha = (sum of r_j r_k / (M - p)) / (sum of r^2 / (N - p))    (Liang & Zeger 1986; also SAS)
# Both formulas are checked below against what the packages return. For statsmodels' alpha geepack is fitted with the
# correlation fixed, alpha is computed from its residuals, and so on until neither moves.
source("versions.R")
suppressMessages({ library(geepack); library(gee) })

tight <- geese.control(epsilon = 1e-13, maxit = 500)

parts <- function(fit, x, y, id, offset, family) {
  eta <- drop(x %*% coef(fit)) + offset
  mu <- family$linkinv(eta)
  list(mu = mu, d = x * family$mu.eta(eta), s = sqrt(family$variance(mu)), e = y - mu, rows = split(seq_along(y), id))
}

alpha_of <- function(q, p, correct) {
  r <- q$e / q$s
  pairs <- sum(sapply(q$rows, function(i) length(i) * (length(i) - 1) / 2))
  cross <- sum(sapply(q$rows, function(i) (sum(r[i])^2 - sum(r[i]^2)) / 2))
  lost <- if (correct) p else 0
  (cross / (pairs - lost)) / (sum(r^2) / (length(r) - lost))
}

# B^-1 [sum of D'V^-1 (I-H)^-1 e e' (I-H')^-1 V^-1 D] B^-1 with H = D B^-1 D'V^-1; without (I-H)^-1 if not corrected.
sandwich_of <- function(q, alpha, corrected) {
  weight <- function(i) {
    k <- length(i)
    solve(outer(q$s[i], q$s[i]) * (alpha + (1 - alpha) * diag(k)))
  }
  bread <- Reduce(`+`, lapply(q$rows, function(i) t(q$d[i, , drop = FALSE]) %*% weight(i) %*% q$d[i, , drop = FALSE]))
  inverse <- solve(bread)
  meat <- Reduce(`+`, lapply(q$rows, function(i) {
    d <- q$d[i, , drop = FALSE]
    h <- d %*% inverse %*% t(d) %*% weight(i)
    e <- if (corrected) solve(diag(length(i)) - h, q$e[i]) else q$e[i]
    tcrossprod(t(d) %*% weight(i) %*% e)
  }))
  inverse %*% meat %*% inverse
}

same <- function(a, b, tolerance) stopifnot(max(abs(a - b)) <= tolerance * max(abs(b)))

table <- function(fit, covariance, n, level) {
  b <- coef(fit)
  se <- sqrt(diag(covariance))
  df <- n - length(b)
  t <- qt(1 - (1 - level) / 2, df)
  rows <- data.frame(estimate = unname(b), se = unname(se), df = df, statistic = unname(b / se),
                     p = unname(2 * pt(-abs(b / se), df)), low = unname(b - t * se), high = unname(b + t * se))
  list(columns = names(b), rows = rows)
}

answer <- function(formula, data, family, offset_of = NULL, level = 0.95) {
  used <- data[complete.cases(data[c(all.vars(formula), offset_of)]), ]
  used <- used[order(used$id, used$week), ]
  used$id <- as.integer(factor(used$id))
  used$off <- if (is.null(offset_of)) 0 else log(used[[offset_of]])
  x <- model.matrix(formula, used)
  y <- used[[all.vars(formula)[1]]]
  n <- length(unique(used$id))
  p <- ncol(x)
  # Without scale.fix geepack multiplies nothing into the robust covariance; its robust covariance is free of the scale.
  fit_with <- function(...) {
    geeglm(formula, family = family, data = used, id = id, offset = off, control = tight, ...)
  }
  dissect <- function(fit) parts(fit, x, y, used$id, used$off, family)

  free <- fit_with(corstr = "independence")
  q <- dissect(free)
  same(sandwich_of(q, 0, FALSE), vcov(free), 1e-9)
  independence <- c(table(free, sandwich_of(q, 0, TRUE), n, level),
                    list(robust_se = unname(sqrt(diag(vcov(free))))))

  own <- fit_with(corstr = "exchangeable")
  alpha_own <- unname(own$geese$alpha)
  same(alpha_of(dissect(own), p, FALSE), alpha_own, 1e-8)

  pairs <- do.call(rbind, lapply(split(seq_along(y), used$id), function(i) {
    k <- length(i)
    if (k < 2) NULL else matrix(1, k * (k - 1) / 2, 1)
  }))
  alpha <- 0
  for (step in 1:200) {
    fixed <- fit_with(corstr = "fixed", zcor = drop(pairs) * alpha)
    fresh <- alpha_of(dissect(fixed), p, TRUE)
    if (abs(fresh - alpha) < 1e-13) break
    alpha <- fresh
  }
  stopifnot(step < 200)
  q <- dissect(fixed)
  same(sandwich_of(q, alpha, FALSE), vcov(fixed), 1e-9)
  invisible(capture.output(suppressMessages(
    other <- gee(update(formula, . ~ . + offset(off)), id = id, data = used, family = family, corstr = "exchangeable",
                 tol = 1e-12, maxiter = 500))))
  same(other$working.correlation[1, 2], alpha, 1e-8)
  same(coef(other), coef(fixed), 1e-8)
  same(other$robust.variance, vcov(fixed), 1e-7)
  exchangeable <- c(table(fixed, sandwich_of(q, alpha, TRUE), n, level),
                    list(robust_se = unname(sqrt(diag(vcov(fixed)))), alpha = alpha, geepack_alpha = alpha_own,
                         geepack_estimate = unname(coef(own))))
  list(participants = n, observations = nrow(used), level = level, independence = independence,
       exchangeable = exchangeable)
}

software <- versions("geepack", "gee", "jsonlite")

d <- read.csv("gee_binary/data.csv", na.strings = "", stringsAsFactors = FALSE)
d$arm <- factor(d$arm, c("Usual care", "Kettlebell"))
write_reference(list(
  made_by = "make_gee.R", software = software,
  interaction = answer(free ~ arm * week + before, d, binomial()),
  sites = answer(free ~ arm + site + before, d, binomial()),
  sites_90 = answer(free ~ arm + site + before, d, binomial(), level = 0.9)
), "gee_binary/gee.json")

d <- read.csv("gee_count/data.csv", na.strings = "", stringsAsFactors = FALSE)
d$arm <- factor(d$arm, c("Usual care", "Balance", "Strength"))
write_reference(list(
  made_by = "make_gee.R", software = software,
  rates = answer(falls ~ arm + age, d, poisson(), offset_of = "months"),
  counts = answer(falls ~ arm + week, d, poisson())
), "gee_count/gee.json")
