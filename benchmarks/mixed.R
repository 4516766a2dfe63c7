# The R side of benchmarks/mixed.py: reads the data once, then one command a line from standard input,
# "job size kind repetitions", and answers with one line of JSON: seconds by the clock and of the processor for each
# repetition, and the log-likelihood.

folder <- commandArgs(trailingOnly = TRUE)[1]
needed <- c("lme4", "lmerTest", "pbkrtest", "nlme", "jsonlite")
missing <- needed[!vapply(needed, requireNamespace, logical(1), quietly = TRUE)]
say <- function(...) {
  cat(jsonlite::toJSON(list(...), auto_unbox = TRUE, digits = NA), "\n", sep = "")
  flush(stdout())
}
if (length(missing)) {
  cat(sprintf('{"missing": "%s"}\n', paste(missing, collapse = ", ")))
  quit(status = 0)
}
suppressPackageStartupMessages({
  library(lme4)
  library(nlme)
})

sizes <- c("40x3", "500x5", "20000x5")
data <- lapply(setNames(sizes, sizes), function(size) {
  frame <- read.csv(file.path(folder, paste0(size, ".csv")), stringsAsFactors = TRUE)
  frame$order <- as.integer(frame$visit)
  frame
})
responses <- as.matrix(read.csv(file.path(folder, "responses.csv"), header = FALSE))
holes <- as.matrix(read.csv(file.path(folder, "holes.csv"), header = FALSE))

effects <- list(
  intercept = y ~ arm * month + (1 | id),
  slope = y ~ arm * month + (1 + month | id),
  weeks = y ~ arm * week + (1 + week | id)
)

quietly <- function(expr) suppressMessages(suppressWarnings(expr))

# Each job gives a function of no arguments that does the work once and returns a fit or NULL.
jobs <- list(
  fit = function(size, kind) function() lmer(effects[[kind]], data[[size]]),
  satterthwaite = function(size, kind) function() {
    fit <- lmerTest::lmer(effects[[kind]], data[[size]])
    summary(fit)
    fit
  },
  kenward_roger = function(size, kind) function() {
    fit <- lmerTest::lmer(effects[[kind]], data[[size]])
    summary(fit, ddf = "Kenward-Roger")
    fit
  },
  gls = function(size, kind) function() {
    fit <- gls(z ~ baseline + arm * visit, data[[size]],
      correlation = corSymm(form = ~ order | id), weights = varIdent(form = ~ 1 | visit), na.action = na.omit
    )
    summary(fit)
    fit
  },
  refit = function(size, kind) {
    first <- lmer(effects[[kind]], data[[size]])
    function() {
      for (i in seq_len(200)) fit <- refit(first, responses[i, ])
      fit
    }
  },
  refit_satterthwaite = function(size, kind) {
    first <- lmer(effects[[kind]], data[[size]])
    function() {
      for (i in seq_len(50)) summary(lmerTest::as_lmerModLmerTest(refit(first, responses[i, ])))
      NULL
    }
  },
  # refit() keeps the rows of its model, so missingness of one's own means a new lmer().
  refit_holes = function(size, kind) function() {
    for (i in seq_len(50)) {
      frame <- data[[size]]
      frame$y <- holes[i, ]
      fit <- lmer(effects[[kind]], frame)
    }
    fit
  },
  refit_holes_satterthwaite = function(size, kind) function() {
    for (i in seq_len(50)) {
      frame <- data[[size]]
      frame$y <- holes[i, ]
      summary(lmerTest::lmer(effects[[kind]], frame))
    }
    NULL
  }
)

versions <- paste(needed[1:4], vapply(needed[1:4], function(name) as.character(packageVersion(name)), ""))
say(ready = paste0("R ", getRversion(), " with ", paste(versions, collapse = ", ")))

made <- list()
input <- file("stdin", "r")
while (length(line <- readLines(input, n = 1))) {
  parts <- strsplit(line, " ")[[1]]
  key <- paste(parts[1:3], collapse = " ")
  if (is.null(made[[key]])) made[[key]] <- quietly(jobs[[parts[1]]](parts[2], parts[3]))
  seconds <- cpu <- numeric(0)
  for (i in seq_len(as.integer(parts[4]))) {
    began <- proc.time()
    started <- Sys.time()
    fit <- quietly(made[[key]]())
    seconds <- c(seconds, as.numeric(difftime(Sys.time(), started, units = "secs")))
    cpu <- c(cpu, sum((proc.time() - began)[1:2]))
  }
  likelihood <- if (is.null(fit)) NULL else as.numeric(logLik(fit))
  say(seconds = I(seconds), cpu = I(cpu), log_likelihood = likelihood)
}
