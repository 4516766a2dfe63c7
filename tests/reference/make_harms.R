# Run in tests/reference:  Rscript make_harms.R
# poisson.test, binom.test, prop.test, epitools::pois.exact and MASS::glm.nb on simulated events, and a grid of counts.
source("versions.R")
suppressMessages({library(epitools); library(MASS)})
people <- read.csv("harms/people.csv"); events <- read.csv("harms/events.csv")
level <- 0.95
block <- function(mine) {
  of <- function(a) {
    ids <- people$id[people$arm == a]; hit <- mine[mine$id %in% ids, ]
    list(n = length(ids), k = length(unique(hit$id)), events = nrow(hit), t = sum(people$weeks[people$arm == a]))
  }
  c0 <- of("Usual care"); c1 <- of("Kettlebell")
  arm <- function(x) {
    e <- pois.exact(x$events, x$t, conf.level = level)
    list(share = c(x$k / x$n, suppressWarnings(prop.test(x$k, x$n, correct = FALSE)$conf.int[1:2])),
         rate = 100 * c(e$rate, e$lower, e$upper), poisson_test = 100 * poisson.test(x$events, x$t)$conf.int[1:2],
         upper_if_none = if (x$k == 0) binom.test(0, x$n, alternative = "less")$conf.int[2] else NULL)
  }
  ratio <- poisson.test(c(c1$events, c0$events), c(c1$t, c0$t))
  list(reference = arm(c0), treatment = arm(c1), ratio = if (c0$events) unname(ratio$estimate) else NULL,
       ratio_limits = ifelse(is.finite(ratio$conf.int[1:2]), ratio$conf.int[1:2], -1), p = ratio$p.value)
}
counts <- merge(people, as.data.frame(table(id = factor(events$id, people$id)), responseName = "k"))
counts$arm <- factor(counts$arm, c("Usual care", "Kettlebell"))
nb <- glm.nb(k ~ arm + offset(log(weeks)), counts, control = glm.control(epsilon = 1e-14, maxit = 1000))
b <- summary(nb)$coefficients["armKettlebell", ]
grid <- function(k) list(k = k, limits = poisson.test(k)$conf.int[1:2], limits_90 = poisson.test(k, conf.level = 0.9)$conf.int[1:2])
pairs <- list(c(11, 800, 23, 1011), c(0, 50, 4, 60), c(4, 60, 0, 50), c(1, 10, 1, 40))
pair <- function(x) {
  t <- poisson.test(x[c(1, 3)], x[c(2, 4)])
  list(counts = x, limits = ifelse(is.finite(t$conf.int[1:2]), t$conf.int[1:2], -1), p = t$p.value)
}
write_reference(list(
  made_by = "make_harms.R", software = versions("epitools", "MASS", "jsonlite"),
  any = block(events), serious = block(events[events$serious == "True", ]),
  kinds = sapply(c("soreness", "sprain", "back pain"), function(x) block(events[events$kind == x, ]), simplify = FALSE),
  negative_binomial = list(log_ratio = b[[1]], se = b[[2]], p = b[[4]], alpha = 1 / nb$theta),
  garwood = lapply(c(0, 1, 2, 7, 10, 45, 312), grid), ratios = lapply(pairs, pair),
  none = lapply(c(1, 12, 40, 300), function(n) list(n = n, exact = binom.test(0, n, alternative = "less")$conf.int[2])),
  clopper_pearson = lapply(list(c(0, 9), c(1, 20), c(7, 7), c(12, 31)), function(x)
    list(k = x[1], n = x[2], limits = binom.test(x[1], x[2])$conf.int[1:2]))
), "harms/harms.json")
