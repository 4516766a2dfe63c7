# Run in tests/reference:  Rscript make_change.R
# Change score, follow-up only and ANCOVA with equal and unequal variances; Bell and McCaffrey's degrees of freedom;
# Hedges' g of two arms; BCa intervals with their resamples; permutation tests. Data: trial_arms, sleep.
source("versions.R")
suppressMessages({library(boot); library(clubSandwich); library(coin)})
d <- read.csv("trial_arms/data.csv", na.strings = "", stringsAsFactors = FALSE)
d$arm <- factor(d$arm, c("Usual care", "Kettlebell", "Walking"))
d$site <- factor(d$site)
row <- function(estimate, se, df, level = 0.95) {
  half <- qt((1 + level) / 2, df) * se
  list(estimate = unname(estimate), se = unname(se), df = unname(df), p = unname(2 * pt(-abs(estimate / se), df)),
       low = unname(estimate - half), high = unname(estimate + half))
}

# ---- three analyses ----------------------------------------------------------------------------------------------
here <- d[complete.cases(d[, c("before", "after")]), ]
here$change <- here$after - here$before
pooled <- function(formula, data) {
  s <- summary(lm(formula, data)); k <- coef(s)
  lapply(c(Kettlebell = "armKettlebell", Walking = "armWalking"), function(x) row(k[x, 1], k[x, 2], s$df[2]))
}
welch <- function(outcome) lapply(c(Kettlebell = "Kettlebell", Walking = "Walking"), function(a) {
  t <- t.test(here[here$arm == a, outcome], here[here$arm == "Usual care", outcome])
  list(estimate = unname(t$estimate[1] - t$estimate[2]), se = t$stderr, df = unname(t$parameter), p = t$p.value,
       low = t$conf.int[1], high = t$conf.int[2])
})
hedges <- function(outcome) lapply(c(Kettlebell = "Kettlebell", Walking = "Walking"), function(a) {
  x <- here[here$arm == a, outcome]; y <- here[here$arm == "Usual care", outcome]
  t <- t.test(x, y, var.equal = TRUE); df <- unname(t$parameter); root <- sqrt(1 / length(x) + 1 / length(y))
  j <- gamma(df / 2) / (sqrt(df / 2) * gamma((df - 1) / 2))
  ncp <- function(p) uniroot(function(m) pt(t$statistic, df, m) - p, t$statistic + c(-8, 8), tol = 1e-13)$root
  list(estimate = unname(j * root * t$statistic), low = unname(j * root * ncp(0.975)), high = unname(j * root * ncp(0.025)))
})

# ---- HC2 with Bell and McCaffrey's degrees of freedom: CR2 with every person a cluster --------------------------------
bell <- function(formula, data, level = 0.95) {
  data <- data[complete.cases(data[, all.vars(formula)]), ]
  data$one <- seq_len(nrow(data))
  fit <- lm(formula, data)
  v <- vcovCR(fit, cluster = data$one, type = "CR2")
  test <- coef_test(fit, v, test = "Satterthwaite")
  rows <- function(x) {
    i <- match(x, rownames(test)); if (is.na(i)) i <- match(x, test$Coef)
    row(test$beta[i], test$SE[i], test$df_Satt[i], level)
  }
  lapply(c(Kettlebell = "armKettlebell", Walking = "armWalking"), rows)
}

# ---- BCa ---------------------------------------------------------------------------------------------------------
set.seed(20240501)
slope <- function(data, i) coef(lm(after ~ arm + before, data[i, ]))[2:3]
bca <- function(data, resamples, level) {
  b <- boot(data, slope, resamples, strata = data$arm)
  sizes <- as.vector(table(data$arm)[data$arm])
  one <- function(k) {
    # boot does not weigh strata of different sizes: influence over stratum size is the empirical influence
    l <- empinf(b, index = k, type = "jack") / sizes
    unname(boot.ci(b, conf = level, type = "bca", index = k, L = l)$bca[4:5])
  }
  list(level = level, estimates = unname(b$t0), replicates = b$t, indices = boot.array(b, indices = TRUE) - 1,
       kettlebell = one(1), walking = one(2))
}
sleep_change <- with(sleep, extra[group == 1] - extra[group == 2])
b <- boot(sleep_change, function(x, i) mean(x[i]), 999)
same_mean <- list(indices = boot.array(b, indices = TRUE) - 1, limits = unname(
  boot.ci(b, type = "bca", L = empinf(b, type = "jack"))$bca[4:5]), below = sum(b$t < b$t0), ties = sum(b$t == b$t0))

# ---- permutation -------------------------------------------------------------------------------------------------
small <- here[here$arm != "Walking", ]
small <- droplevels(do.call(rbind, lapply(split(small, small$arm), head, 7)))
small$site <- factor(small$site)
p <- function(test) as.numeric(pvalue(test))
blocked <- data.frame(y = c(3, 5, 4, 9, 6, 8, 12, 7, 10, 11, 2, 6), arm = factor(rep(c("C", "T"), 6)),
                      block = factor(rep(c("x", "y", "z"), each = 4)))
signs <- data.frame(y = c(round(10 * sleep_change), rep(0, 10)), x = factor(rep(c("a", "b"), each = 10)),
                    id = factor(rep(1:10, 2)))
write_reference(list(
  made_by = "make_change.R", software = versions("boot", "clubSandwich", "coin", "jsonlite"),
  equal = list(adjusted_difference = pooled(after ~ arm + before, here),
               difference_in_change = pooled(change ~ arm, here), difference_at_followup = pooled(after ~ arm, here)),
  unequal = list(adjusted_difference = bell(after ~ arm + before, here),
                 difference_in_change = welch("change"), difference_at_followup = welch("after")),
  hedges_g_change = hedges("change"), hedges_g_followup = hedges("after"),
  bell_covariates = bell(after ~ arm + before + age + site, d, 0.9),
  permutation = list(ids = small$id, means = p(oneway_test(after ~ arm, small, distribution = "exact")),
                     blocked = blocked,
                     blocked_p = p(oneway_test(y ~ arm | block, blocked, distribution = "exact"))),
  sign_flips = p(symmetry_test(y ~ x | id, signs, distribution = "exact"))
), "change/numbers.json")
jsonlite::write_json(list(
  made_by = "make_change.R", software = versions("boot", "jsonlite"), ancova = bca(here, 499, 0.9), mean = same_mean
), "change/bca.json", digits = NA, auto_unbox = TRUE)
