# Run in tests/reference:  Rscript make_multiplicity.R
# Families of contrasts: emmeans on R's warpbreaks and its pigs, p.adjust, ptukey, and mvtnorm on correlation structures.
source("versions.R")
suppressMessages({library(emmeans); library(mvtnorm)})
dir.create("multiplicity", showWarnings = FALSE)

# ---- emmeans: what it takes to repeat the adjustment, and its answers ----------------------------------------------
# The exact multivariate t is mvtnorm's, with emmeans' own estimates and correlations: emmeans calls it with its
# default error of 1e-3.
tight <- GenzBretz(maxpts = 5e5, abseps = 1e-7, releps = 0)
outside <- function(c, df, corr) {  # with the error that mvtnorm states, at 99%
  m <- nrow(corr)
  set.seed(1)
  inside <- if (is.infinite(df)) pmvnorm(rep(-c, m), rep(c, m), corr = corr, algorithm = tight)
            else if (df == round(df)) pmvt(rep(-c, m), rep(c, m), df = df, corr = corr, algorithm = tight)
            else fractional(c, df, corr)
  c(1 - inside[1], attr(inside, "error"))
}
# pmvt takes whole degrees of freedom only: for others the normal probability is averaged over the spread, at the
# midpoints of 60 equal steps (the density and all its derivatives are nearly zero at both ends).
fractional <- function(c, df, corr) {
  m <- nrow(corr)
  s <- (1:60 - 0.5) * 3 / 60
  density <- 2 * df * s * dchisq(df * s^2, df) * 3 / 60
  found <- lapply(s, function(s) pmvnorm(rep(-c * s, m), rep(c * s, m), corr = corr, algorithm = tight))
  structure(sum(density * unlist(found)), error = max(sapply(found, attr, "error"), 1e-8))
}
plain <- function(con, rows) {
  s <- as.data.frame(summary(con, infer = c(TRUE, TRUE), adjust = "none"))[rows, ]
  list(contrast = as.character(s$contrast), estimate = s$estimate, se = s$SE, df = s$df,
       correlation = unname(cov2cor(vcov(con)))[rows, rows])
}
adjusted <- function(con, rows, adjust) {
  s <- as.data.frame(summary(con, infer = c(TRUE, TRUE), adjust = adjust))[rows, ]
  list(p = s$p.value, low = s$lower.CL, high = s$upper.CL)
}
exact <- function(x) {
  crit <- uniroot(function(c) outside(c, x$df[1], x$correlation)[1] - 0.05, c(1.9, 2.8), tol = 1e-6)$root
  list(p = sapply(abs(x$estimate / x$se), function(c) outside(c, x$df[1], x$correlation)[1]),
       low = x$estimate - crit * x$se, high = x$estimate + crit * x$se)
}
# Rows of one family: emmeans adjusts within `by` groups, and takes no subset of them.
family <- function(con, rows, adjusts) {
  answers <- lapply(adjusts, function(a) adjusted(con, rows, a))
  x <- plain(con, rows)
  c(x, setNames(answers, adjusts), list(mvt = exact(x)))
}
warp <- pairs(emmeans(lm(breaks ~ wool * tension, data = warpbreaks), ~ tension | wool))
pig <- emmeans(lm(log(conc) ~ source + factor(percent), data = pigs), "source")
ways <- c("none", "bonferroni", "sidak")
emm <- list(
  made_by = "make_multiplicity.R", software = versions("emmeans", "mvtnorm", "jsonlite"), level = 0.95,
  warpbreaks_wool_a = family(warp, 1:3, c(ways, "tukey")),
  warpbreaks_wool_b = family(warp, 4:6, c(ways, "tukey")),
  pigs_pairs = family(pairs(pig), 1:3, c(ways, "tukey")),
  pigs_trt_vs_ctrl = family(contrast(pig, "trt.vs.ctrl"), 1:2, ways),
  pigs_equivalence = list(delta = log(1.25), p = test(pairs(pig), delta = log(1.25), adjust = "none")$p.value)
)
write_reference(emm, "multiplicity/emmeans.json")

# ---- p.adjust --------------------------------------------------------------------------------------------------------
sets <- list(spread = c(0.001, 0.2, 0.03, 0.04, 0.012), ties = c(0.01, 0.01, 0.04, 0.9), close = c(0.04, 0.045, 0.05),
             tiny = c(1e-18, 3e-9, 0.6, 0.02, 0.02, 0.99, 1), one = 0.03)
ways <- c(bonferroni = "bonferroni", holm = "holm", hochberg = "hochberg", benjamini_hochberg = "BH")
write_reference(list(
  made_by = "make_multiplicity.R", software = versions("jsonlite"),
  sets = lapply(sets, function(p) c(list(raw = I(p)), lapply(ways, function(w) I(p.adjust(p, w)))))
), "multiplicity/p_adjust.json")

# ---- studentized range -----------------------------------------------------------------------------------------------
grid <- expand.grid(k = c(2, 3, 4, 6, 10), df = c(3, 12.3, 40, 1e9), q = c(1, 3.5, 6))
grid$tail <- ptukey(grid$q, grid$k, ifelse(grid$df >= 1e9, Inf, grid$df), lower.tail = FALSE)
write_reference(list(made_by = "make_multiplicity.R", software = versions("jsonlite"), rows = grid),
                "multiplicity/studentized_range.json")

# ---- multivariate t --------------------------------------------------------------------------------------------------
equal <- function(m, rho) { r <- matrix(rho, m, m); diag(r) <- 1; r }
ar1 <- function(m, rho) rho^abs(outer(1:m, 1:m, "-"))
differences <- function(variances) {  # all pairs of independent means: singular
  k <- length(variances)
  l <- do.call(rbind, lapply(1:(k - 1), function(a) t(sapply((a + 1):k, function(b) (1:k == a) - (1:k == b)))))
  cov2cor(l %*% diag(variances) %*% t(l))
}
to_control <- function(n) {  # Dunnett with unequal arms, the first is the control
  l <- cbind(-1, diag(length(n) - 1))
  cov2cor(l %*% diag(1 / n) %*% t(l))
}
signs <- function(r, s) r * outer(s, s)
structures <- list(
  two_half = equal(2, 0.5), two_negative = equal(2, -0.8), three_independent = equal(3, 0),
  three_unequal_control = to_control(c(20, 12, 9, 30)), three_ar1 = ar1(3, 0.7), three_pairs = differences(c(1, 2, 0.3)),
  four_control = to_control(c(30, 10, 12, 14, 9)), four_ar1_signs = signs(ar1(4, 0.6), c(1, -1, 1, 1)),
  five_ar1 = ar1(5, 0.5), six_control = to_control(c(40, 10, 12, 14, 9, 11, 30)), six_pairs = differences(c(1, 2, 0.3, 0.8))
)
at <- c(1.4, 2.6)
one <- function(corr, df) {
  tails <- sapply(at, outside, df = df, corr = corr)
  set.seed(1)
  q <- if (is.infinite(df)) qmvnorm(0.95, tail = "both.tails", corr = corr)$quantile
       else if (df == round(df)) qmvt(0.95, df = df, tail = "both.tails", corr = corr)$quantile
  list(df = if (is.infinite(df)) "inf" else df, c = at, tail = tails[1, ], error = tails[2, ], critical = q)
}
write_reference(list(
  made_by = "make_multiplicity.R", software = versions("mvtnorm", "jsonlite"),
  structures = lapply(structures, function(corr)
    list(correlation = corr, answers = lapply(if (nrow(corr) <= 4) c(5, 12.3, Inf) else c(5, Inf), function(df) one(corr, df))))
), "multiplicity/multivariate_t.json")
