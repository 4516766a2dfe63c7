# Run in tests/reference:  Rscript make_crossover.R
# Senn (2002, chapter 3), 13 children, as listed in SAS/STAT's PROC TTEST example "AB/BA crossover design": lm with an
# effect for each person, t.test on the half differences, on the sums and in each cell. Simulated people who miss a period: lmerTest.
source("versions.R")
suppressMessages({library(lmerTest); library(pbkrtest)})
s <- read.csv("crossover_senn/data.csv")
s$id <- factor(s$id); s$period <- factor(s$period); s$drug <- relevel(factor(s$drug), "sal")
row <- function(fit, name, level) {
  k <- summary(fit)$coefficients[name, ]; df <- fit$df.residual; h <- qt((1 + level) / 2, df) * k[[2]]
  list(estimate = k[[1]], se = k[[2]], df = df, statistic = k[[3]], p = k[[4]], low = k[[1]] - h, high = k[[1]] + h)
}
fit <- lm(pef ~ id + drug + period, s)
w <- reshape(s[c("id", "sequence", "period", "pef")], direction = "wide", idvar = c("id", "sequence"), timevar = "period")
half <- t.test((pef.1 - pef.2) / 2 ~ sequence, w, var.equal = TRUE)
sums <- t.test(pef.1 + pef.2 ~ sequence, w, var.equal = TRUE)
one <- function(t) list(estimate = unname(t$estimate[1] - t$estimate[2]), se = t$stderr, df = unname(t$parameter),
                        statistic = unname(t$statistic), p = t$p.value, low = t$conf.int[1], high = t$conf.int[2])
cell <- function(drug, period, level) {
  t <- t.test(s$pef[s$drug == drug & s$period == period], conf.level = level)
  list(treatment = drug, period = period, n = unname(t$parameter) + 1, estimate = unname(t$estimate), se = t$stderr,
       df = unname(t$parameter), low = t$conf.int[1], high = t$conf.int[2])
}
cells <- function(level) list(cell("for", "1", level), cell("sal", "2", level), cell("sal", "1", level), cell("for", "2", level))
d <- read.csv("crossover/data.csv", na.strings = "")
d$period <- factor(d$period); d$treatment <- relevel(factor(d$treatment), "B")
m <- lmer(value ~ treatment + period + (1 | id), d, control = lmerControl(optCtrl = list(xtol_abs = 1e-12, ftol_abs = 1e-12)))
k <- summary(m, ddf = "Kenward-Roger")$coefficients
complete <- d[!is.na(d$value), ]; both <- names(which(table(complete$id) == 2))
within <- lm(value ~ factor(id) + treatment + period, complete[complete$id %in% both, ])
mixed <- function(name) list(estimate = k[name, 1], se = k[name, 2], df = k[name, 3], statistic = k[name, 4], p = k[name, 5])
write_reference(list(
  made_by = "make_crossover.R", software = versions("lmerTest", "pbkrtest", "lme4", "jsonlite"),
  senn = list(treatment = row(fit, "drugfor", 0.95), treatment_90 = row(fit, "drugfor", 0.9),
              period = row(fit, "period2", 0.95), half = one(half), carryover = one(sums),
              means = cells(0.95), means_90 = cells(0.9)),
  missing = list(people = length(unique(complete$id)), treatment = mixed("treatmentA"), period = mixed("period2"),
                 complete = row(within, "treatmentA", 0.95), n_complete = length(both))
), "crossover_senn/crossover.json")
