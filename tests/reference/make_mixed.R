# Run in tests/reference:  Rscript make_mixed.R [folder ...]      (about two minutes for all)
#
# Mixed models for kbstudy: lme4, lmerTest, pbkrtest, emmeans and nlme, each fit at the true optimum.
#
# Data     mixed_trial, mixed_singular, mixed_pain: simulated for this project; mixed_arms: make_mixed_data.py.
#          dyestuff, dyestuff2 (Davies & Goldsmith 1972; Box & Tiao 1973), penicillin, pastes: this script writes them
#          from lme4 (GPL-2 or later), with lower-case names.
# Levels   R sorts levels by the alphabet; mixed_arms declares its arms. `levels` records the order; the first is the
#          reference (treatment contrasts). `fixef_names` are R's. Row numbers (`rows`, joint tests) count from 0.
# Optimum  lme4's default optimiser stops short (its `optimizers` entry says by how much), because nloptr adds its own
#          xtol_rel = 1e-4, which xtol_abs and ftol_abs do not switch off. Here every optimiser runs
#          from several starts, the best is taken, and Newton steps on the exact gradient of the profiled deviance
#          finish it. Then lme4 is given that theta and `optimizer = NULL`, so that all numbers are lme4's own.
#          `polish`: what the steps gained in log-likelihood, and the largest |gradient| of the deviance left.
# Loglik   lme4's, gls's and mmrm's convention: constants included, REML without + log|X'X|/2.
# Files    lmm.json      fits (REML and ML), Satterthwaite (lmerTest), Kenward-Roger (pbkrtest; REML only: expected
#                        information, no second-derivative term), joint F tests, BLUPs, profile intervals, slope tests
#          emmeans.json  estimated marginal means and contrasts. `p_mvt` and `low_mvt`: multivariate t by quadrature,
#                        with the row's own df. `p_mvt_emmeans`: as emmeans does it, df cut to an integer and Monte Carlo
#                        (error to 1e-3): never a target.
#          gls.json      residual covariance structures: nlme::gls, and Newton from there (`newton`), as gls stops at
#                        ~1e-8 in the log-likelihood. Its Satterthwaite and Kenward-Roger (linear, observed information)
#                        are formulas of this script, and must agree with R mmrm (mixed_trial/mmrm.json) before writing.
#          mixed_trial/mmrm.json and */lmm_independent.json were computed outside the repository; see `made_by` there.
# Profile  `profile_ml` is of the ML deviance, as lme4's confint always is, on the standard deviation and correlation
#          scale. lme4 interpolates by splines (`lme4_low`, `lme4_high`: a few units in the 4th digit, worse near a boundary,
#          null where it gave up: a rough check, never a target); `low`, `high` solve deviance(bound) - deviance(optimum) = qchisq(0.95, 1). At a boundary: the boundary.
# BLUPs    `sd` is lme4's condVar: given beta and theta, so without the uncertainty of beta.
source("versions.R")
suppressMessages({library(lme4); library(lmerTest); library(pbkrtest); library(emmeans); library(nlme)})
emm_options(lmer.df = "kenward-roger", opt.digits = FALSE)
v <- function(x) I(unname(as.vector(x)))
m <- function(x) unname(as.matrix(x))

# ---- lme4 at the optimum ------------------------------------------------------------------------------------------
optimizers <- list(
  default = lmerControl(),
  nloptwrap_tight = lmerControl("nloptwrap", optCtrl = list(xtol_abs = 1e-12, ftol_abs = 1e-12, maxeval = 1e5)),
  nloptwrap_xtol_rel = lmerControl("nloptwrap", optCtrl = list(xtol_abs = 1e-12, ftol_abs = 1e-12, xtol_rel = 1e-14, maxeval = 1e5)),
  bobyqa_tight = lmerControl("bobyqa", optCtrl = list(rhoend = 1e-12, maxfun = 1e6)),
  nelder_mead_tight = lmerControl("Nelder_Mead", optCtrl = list(FtolAbs = 1e-13, XtolRel = 1e-13, maxfun = 1e6)),
  nlminb_tight = lmerControl("nlminbwrap", optCtrl = list(rel.tol = 1e-15, x.tol = 1e-12, iter.max = 5000, eval.max = 20000)))

# Gradient of the profiled deviance with respect to theta; lme4's W = V / sigma^2 = I + Z L L' Z'.
exact_gradient <- function(fit) {
  X <- getME(fit, "X"); y <- getME(fit, "y"); Z <- as.matrix(getME(fit, "Z")); reml <- isREML(fit)
  Lt <- getME(fit, "Lambdat"); index <- getME(fit, "Lind"); df <- nrow(X) - reml * ncol(X)
  function(theta) {
    Lt@x <- theta[index]; L <- t(as.matrix(Lt))
    Wi <- chol2inv(chol(diag(nrow(X)) + tcrossprod(Z %*% L)))
    P <- Wi - Wi %*% X %*% solve(crossprod(X, Wi %*% X), crossprod(X, Wi))
    Py <- P %*% y; r2 <- sum(y * Py)
    sapply(seq_along(theta), function(k) {
      Lt@x <- as.numeric(index == k); half <- Z %*% t(as.matrix(Lt)) %*% t(Z %*% L); dW <- half + t(half)
      sum((if (reml) P else Wi) * dW) - df / r2 * sum(Py * (dW %*% Py))
    })
  }
}

tight <- function(formula, REML) {
  fit <- function(control, start = NULL)
    suppressMessages(suppressWarnings(eval(bquote(lme4::lmer(.(formula), data = d, REML = .(REML), control = .(control), start = .(start))))))
  starts <- function(theta, bound) list(NULL, ifelse(bound == 0, 0.1, 0), ifelse(bound == 0, 3, 0), theta * 0.7 + (bound == 0) * 0.05)
  plain <- fit(lmerControl()); bound <- getME(plain, "lower")
  tried <- list()
  for (name in names(optimizers)) for (start in if (name == "default") list(NULL) else starts(getME(plain, "theta"), bound)) {
    one <- try(fit(optimizers[[name]], start), silent = TRUE)
    if (!inherits(one, "try-error")) tried[[length(tried) + 1]] <- list(name = name, loglik = as.numeric(logLik(one)), theta = getME(one, "theta"))
  }
  logliks <- sapply(tried, `[[`, "loglik")
  theta <- unname(tried[[which.max(logliks)]]$theta); theta[bound == 0 & theta < 1e-5] <- 0
  gradient <- exact_gradient(plain)
  free <- !(bound == 0 & theta == 0)
  for (step in 1:30) {
    if (!any(free)) break
    g <- gradient(theta)[free]
    H <- numDeriv::jacobian(function(x) { theta[free] <- x; gradient(theta)[free] }, theta[free])
    e <- eigen((H + t(H)) / 2); use <- abs(e$values) > 1e-9 * max(abs(e$values))  # theta is redundant at a singular fit
    move <- -e$vectors[, use, drop = FALSE] %*% (crossprod(e$vectors[, use, drop = FALSE], g) / abs(e$values[use]))
    theta[free] <- theta[free] + drop(move)
    if (max(abs(move)) < 1e-13) break
  }
  theta <- ifelse(bound == 0, abs(theta), theta)
  polished <- fit(lmerControl(optimizer = NULL), theta)
  best <- max(logliks, logLik(polished))
  gaps <- lapply(unique(sapply(tried, `[[`, "name")), function(name) {
    mine <- logliks[sapply(tried, `[[`, "name") == name]
    list(optimizer = name, runs = length(mine), gap_first = best - mine[1], gap_best = best - max(mine), gap_worst = best - min(mine))
  })
  if (as.numeric(logLik(polished)) < max(logliks) - 1e-10) stop("Newton lost: ", deparse(formula))
  list(fit = polished, optimizers = gaps,
       polish = list(gain = as.numeric(logLik(polished)) - max(logliks), steps = step,
                     max_abs_gradient = max(abs(gradient(theta)[free]), 0)))
}

# ---- what one fit says --------------------------------------------------------------------------------------------
covariances <- function(fit) {
  vc <- VarCorr(fit)
  lapply(vc, function(x) list(terms = I(colnames(x)), cov = m(matrix(x, nrow(x)))))
}
said <- function(f, joint) {
  warned <- character()
  lt <- withCallingHandlers(lmerTest::as_lmerModLmerTest(f$fit),
                            warning = function(w) { warned <<- c(warned, trimws(conditionMessage(w))); invokeRestart("muffleWarning") })
  fit <- f$fit; X <- getME(fit, "X"); beta <- fixef(fit); p <- length(beta)
  sat <- coef(summary(lt, ddf = "Satterthwaite"))
  out <- list(
    method = if (isREML(fit)) "REML" else "ML", loglik = as.numeric(logLik(fit)), minus_2_loglik = -2 * as.numeric(logLik(fit)),
    n_parameters = attr(logLik(fit), "df"), aic = AIC(fit), bic = BIC(fit), singular = isSingular(fit),
    beta = v(beta), se = v(sqrt(diag(as.matrix(vcov(fit))))), vcov = m(vcov(fit)),
    theta = v(getME(fit, "theta")), sigma2 = sigma(fit)^2, re_cov = covariances(fit),
    satterthwaite = list(df = v(sat[, "df"]), statistic = v(sat[, "t value"]), p = v(sat[, "Pr(>|t|)"]), warnings = I(warned)))
  Ls <- lapply(joint, function(rows) diag(p)[rows, , drop = FALSE])
  sat_joint <- lapply(Ls, function(L) { a <- lmerTest::contestMD(lt, L, ddf = "Satterthwaite")
    list(ndf = a$NumDF, ddf = a$DenDF, F = a$`F value`, p = a$`Pr(>F)`) })
  kr_joint <- NULL
  if (isREML(fit)) {
    V0 <- vcov(fit); Va <- vcovAdj(fit); se <- sqrt(diag(as.matrix(Va)))
    df <- sapply(seq_len(p), function(k) Lb_ddf(diag(p)[k, ], V0, Va)); t <- beta / se
    out$kenward_roger <- list(se = v(se), df = v(df), statistic = v(t), p = v(2 * pt(-abs(t), df)), vcov = m(Va))
    kr_joint <- lapply(Ls, function(L) { a <- KRmodcomp(fit, L)$stats
      list(ndf = a$ndf, ddf = a$ddf, F = a$Fstat, p = a$p.value, F_scaling = a$F.scaling, F_unscaled = a$FstatU, p_unscaled = a$p.valueU) })
  }
  out$joint <- lapply(seq_along(joint), function(k) c(list(term = names(joint)[k], rows = I(joint[[k]] - 1L), sat = sat_joint[[k]]),
                                                      if (!is.null(kr_joint)) list(kr = kr_joint[[k]])))
  c(out, list(optimizers = f$optimizers, polish = f$polish))
}
blups <- function(fit) {
  r <- as.data.frame(ranef(fit, condVar = TRUE))
  lapply(split(r, factor(r$grpvar, unique(r$grpvar))), function(g) {
    terms <- unique(as.character(g$term)); pick <- function(what) lapply(setNames(terms, terms), function(t) v(g[g$term == t, what]))
    list(levels = I(as.character(g$grp[g$term == terms[1]])), value = pick("condval"), sd = pick("condsd"))
  })
}

# ---- profile intervals --------------------------------------------------------------------------------------------
finite <- function(x) if (is.finite(x)) unname(x) else NA
profile_intervals <- function(f, level = 0.95) {
  fit <- f$fit; devfun <- update(fit, devFunOnly = TRUE); env <- environment(devfun); cut <- qchisq(level, 1)
  blocks <- lapply(VarCorr(fit), function(x) list(sd = attr(x, "stddev"), cor = attr(x, "correlation")))
  names_ <- c(unlist(mapply(function(b, g) c(paste0("sd_", names(b$sd), "|", sub("[.][0-9]+$", "", g)), if (length(b$sd) == 2) paste0("cor_", paste(names(b$sd), collapse = "."), "|", g)), blocks, names(blocks))), "sigma")
  opt <- c(unlist(lapply(blocks, function(b) c(b$sd, if (length(b$sd) == 2) b$cor[2, 1]))), sigma(fit))
  opt[is.nan(opt)] <- 0; names(opt) <- NULL; names_ <- unname(names_)
  sizes <- sapply(blocks, function(b) length(b$sd)); is_cor <- grepl("^cor_", names_); n <- length(getME(fit, "y"))
  lower <- ifelse(is_cor, -1, 0); upper <- ifelse(is_cor, 1, Inf); lower[length(opt)] <- opt[length(opt)] / 50
  deviance_at <- function(par) {
    s <- par[length(par)]; at <- 0; theta <- c()
    for (k in sizes) {
      b <- par[at + seq_len(k * (k + 1) / 2)]; at <- at + length(b)
      theta <- c(theta, if (k == 1) b / s else c(b[1], b[2] * b[3], b[2] * sqrt(max(0, 1 - b[3]^2))) / s)
    }
    devfun(theta)
    env$pp$ldL2() + (env$resp$wrss() + env$pp$sqrL(1)) / s^2 + n * log(2 * pi * s^2)
  }
  base <- -2 * as.numeric(logLik(fit)); stopifnot(abs(deviance_at(opt) - base) < 1e-8)
  unit <- ifelse(is_cor, 1, pmax(opt, 1e-2 * max(opt[length(opt)], 1e-3)))
  rise <- function(k, value, near) {  # deviance above the optimum with parameter k fixed
    others <- setdiff(seq_along(opt), k); if (!length(others)) { opt[k] <- value; return(deviance_at(opt) - base) }
    f <- function(x) { par <- opt; par[k] <- value; par[others] <- x * unit[others]; deviance_at(par) }
    starts <- list(near, { s <- opt; s[!is_cor] <- pmax(s[!is_cor], 0.3 * opt[length(opt)] * (unit / unit[length(unit)])[!is_cor]); s[is_cor] <- 0; s })
    if (any(is_cor[others])) starts <- c(starts, lapply(c(-0.9, 0.9), function(r) { s <- opt; s[is_cor] <- r; s }))
    best <- NULL
    for (s in starts) {
      o <- nlminb(pmin(pmax(s, lower), upper)[others] / unit[others], f, lower = lower[others] / unit[others], upper = upper[others] / unit[others],
                  control = list(rel.tol = 1e-12, x.tol = 1e-10, iter.max = 500, eval.max = 1000))
      if (is.null(best) || o$objective < best$objective) best <- o
    }
    best$objective - base
  }
  bound <- function(k, side) {
    limit <- if (side < 0) lower[k] else upper[k]
    value <- opt[k]
    if (is.finite(limit)) {
      if (opt[k] == limit || (r <- rise(k, limit, opt)) < cut) return(limit)
      far <- limit
    } else { far <- opt[k] + unit[k]; while (rise(k, far, opt) < cut) far <- opt[k] + 1.6 * (far - opt[k]) }
    uniroot(function(x) rise(k, x, opt) - cut, sort(c(value, far)), tol = 1e-9 * max(1, abs(far)))$root
  }
  ours <- t(sapply(seq_along(opt), function(k) c(bound(k, -1), bound(k, 1))))
  lme4s <- tryCatch(suppressMessages(suppressWarnings({
    pr <- profile(fit, which = "theta_", signames = FALSE, optimizer = "Nelder_Mead")
    ci <- confint(pr, level = level, parm = "theta_", quiet = TRUE); ci <- ci[, , drop = FALSE]; stopifnot(nrow(ci) == length(opt))
    lme4_order <- unlist(lapply(sizes, function(k) if (k == 2) c(1, 3, 2) else 1)) + rep(cumsum(c(0, sizes * (sizes + 1) / 2))[seq_along(sizes)], sizes * (sizes + 1) / 2)
    ci <- ci[c(lme4_order, length(opt)), , drop = FALSE]; ci[!is.finite(ci[, 2]), ] <- NA; ci
  })), error = function(e) { message("  lme4 profile: ", conditionMessage(e)); matrix(NA, length(opt), 2) })
  list(level = level, method = "ML", rows = lapply(seq_along(opt), function(k) list(
    parameter = names_[k], estimate = opt[k], low = ours[k, 1], high = ours[k, 2], lme4_low = finite(lme4s[k, 1]), lme4_high = finite(lme4s[k, 2]))))
}

slope_test <- function(small, large, fits, df) {
  chi <- function(method) {
    a <- as.numeric(logLik(fits[[small]][[method]]$fit)); b <- as.numeric(logLik(fits[[large]][[method]]$fit)); x <- max(0, 2 * (b - a))
    mixture <- 0.5 * (if (df == 1) as.numeric(x <= 0) else pchisq(x, df - 1, lower.tail = FALSE)) + 0.5 * pchisq(x, df, lower.tail = FALSE)
    if (df == 1 && x <= 0) mixture <- 1
    list(loglik_smaller = a, loglik_larger = b, chi2 = x, df = df, p = pchisq(x, df, lower.tail = FALSE), p_mixture = mixture)
  }
  list(smaller = small, larger = large, reml = chi("REML"), ml = chi("ML"))
}

# ---- marginal means -----------------------------------------------------------------------------------------------
# P(max |Z_j| < c), Z normal with correlation R (2 or 3 contrasts; of rank 2 when 3 pairwise), as a function of c. Every
# value is exact to 1e-11; the spline through them to 1e-9.
normal_box <- function(R) {
  k <- nrow(R)
  normal <- if (k == 3 && min(eigen(R)$values) < 1e-8) {
    e <- eigen(R); A <- e$vectors[, 1:2] %*% diag(sqrt(e$values[1:2]))
    function(c) { f <- function(u) sapply(u, function(x) {
        lo <- (-c - A[, 1] * x) / A[, 2]; hi <- (c - A[, 1] * x) / A[, 2]; a <- max(pmin(lo, hi)); b <- min(pmax(lo, hi))
        dnorm(x) * max(0, pnorm(b) - pnorm(a)) })
      edge <- sort(c(0, unlist(lapply(1:2, function(i) sapply((i + 1):3, function(j) sapply(c(-1, 1), function(s)  # kinks: where two edges meet
        solve(rbind(A[i, ], A[j, ]), c(c, s * c))[1]))))))
      edge <- sort(unique(pmin(pmax(c(-9, -edge, edge, 9), -9), 9)))
      sum(mapply(function(a, b) if (b - a < 1e-12) 0 else integrate(f, a, b, rel.tol = 1e-11, abs.tol = 1e-13, subdivisions = 500)$value, head(edge, -1), tail(edge, -1))) }
  } else {  # TVPACK knows one-sided regions only: add and subtract the corners
    corners <- as.matrix(expand.grid(rep(list(c(-1, 1)), k)))
    function(c) sum(apply(corners, 1, function(s) prod(s) * mvtnorm::pmvnorm(rep(-Inf, k), s * c, corr = R, algorithm = mvtnorm::TVPACK(1e-14))))
  }
  at <- seq(0, 10, 0.02); between <- splinefun(at, c(0, sapply(at[-1], normal)))
  function(c) ifelse(c > 10, 1, between(c))
}
# The same for multivariate t, any df.
inside <- function(q, normal, df) {
  nodes <- qchisq(c(1e-14, 0.5, 1 - 1e-14), df); g <- function(z) normal(q * sqrt(z / df)) * dchisq(z, df)
  integrate(g, nodes[1], nodes[2], rel.tol = 1e-9)$value + integrate(g, nodes[2], nodes[3], rel.tol = 1e-9)$value
}
table_of <- function(x, ...) {
  s <- as.data.frame(summary(x, infer = c(TRUE, TRUE), level = 0.95, ...))
  names(s) <- sub("^emmean$", "estimate", sub("lower.CL", "low", sub("upper.CL", "high", sub("t.ratio", "statistic", sub("p.value", "p", sub("^SE$", "se", names(s)))))))
  for (n in names(s)) if (is.factor(s[[n]])) s[[n]] <- as.character(s[[n]])
  s
}
contrasts_of <- function(means, kind, by, mvt = FALSE) {
  con <- if (kind == "pairwise") contrast(means, "revpairwise", by = by) else contrast(means, "trt.vs.ctrl", ref = 1, by = by)
  s <- table_of(con, adjust = "none"); families <- do.call(paste, c(unname(as.list(s[by])), sep = ":")); size <- max(table(families))
  if (size > 1) {
    s$p_holm <- table_of(con, adjust = "holm")$p
    if (kind == "pairwise") { tk <- table_of(con, adjust = "tukey"); s$p_tukey <- tk$p; s$low_tukey <- tk$low; s$high_tukey <- tk$high }
    if (mvt) {
      R <- cov2cor(as.matrix(vcov(con)))
      set.seed(1); s$p_mvt_emmeans <- table_of(con, adjust = "mvt")$p
      for (i in seq_len(nrow(s))) {
        own <- which(families == families[i]); if (own[1] == i) normal <- normal_box(unname(R[own, own]))
        s$p_mvt[i] <- 1 - inside(abs(s$statistic[i]), normal, s$df[i])
        q <- uniroot(function(q) inside(q, normal, s$df[i]) - 0.95, c(1.5, 8), tol = 1e-9)$root
        s$critical_mvt[i] <- q; s$low_mvt[i] <- s$estimate[i] - q * s$se[i]; s$high_mvt[i] <- s$estimate[i] + q * s$se[i]
      }
    }
  } else s$p_holm_across <- p.adjust(s$p, "holm")
  s
}
marginal <- function(fit, factors, at, families) {
  one <- function(mode) {
    f <- if (mode == "satterthwaite") lmerTest::as_lmerModLmerTest(fit) else fit
    means <- emmeans(f, factors, at = at, lmer.df = mode)
    c(list(means = table_of(means)), lapply(families, function(g) contrasts_of(means, g$kind, g$by, isTRUE(g$mvt))))
  }
  grid <- ref_grid(fit, at = at)@levels
  list(covariates_at = grid[sapply(grid, is.numeric)], level = 0.95, kenward_roger = one("kenward-roger"), satterthwaite = one("satterthwaite"))
}

# ---- residual covariance structures -------------------------------------------------------------------------------
structures <- function(T) list(
  us = list(correlation = quote(corSymm(form = ~ visit_number | id)), hetero = TRUE,
            sigma = function(x) { S <- matrix(0 * x[1], T, T); S[lower.tri(S, TRUE)] <- x; S + t(S) - diag(diag(S)) },
            start = function(S) S[lower.tri(S, TRUE)]),
  csh = list(correlation = quote(corCompSymm(form = ~ visit_number | id)), hetero = TRUE,
             sigma = function(x) outer(x[1:T], x[1:T]) * (x[T + 1] * (1 - diag(T)) + diag(T)), start = function(S) c(sqrt(diag(S)), cov2cor(S)[2, 1])),
  cs = list(correlation = quote(corCompSymm(form = ~ visit_number | id)), hetero = FALSE,
            sigma = function(x) x[1]^2 * (x[2] * (1 - diag(T)) + diag(T)), start = function(S) c(sqrt(S[1, 1]), cov2cor(S)[2, 1])),
  ar1h = list(correlation = quote(corAR1(form = ~ visit_number | id)), hetero = TRUE,
              sigma = function(x) outer(x[1:T], x[1:T]) * x[T + 1]^abs(outer(1:T, 1:T, "-")), start = function(S) c(sqrt(diag(S)), cov2cor(S)[2, 1])),
  ar1 = list(correlation = quote(corAR1(form = ~ visit_number | id)), hetero = FALSE,
             sigma = function(x) x[1]^2 * x[2]^abs(outer(1:T, 1:T, "-")), start = function(S) c(sqrt(S[1, 1]), cov2cor(S)[2, 1])))

gls_fit <- function(formula, s, T) {
  fit <- eval(bquote(gls(.(formula), data = d, correlation = .(s$correlation), weights = .(if (s$hetero) quote(varIdent(form = ~ 1 | visit))),
             na.action = na.omit, control = glsControl(tolerance = 1e-12, msTol = 1e-14, maxIter = 2000, msMaxIter = 2000, opt = "nlminb"))))
  sd <- rep(1, T); names(sd) <- levels(d$visit)
  if (s$hetero) sd <- coef(fit$modelStruct$varStruct, unconstrained = FALSE, allCoef = TRUE)[levels(d$visit)]
  rho <- coef(fit$modelStruct$corStruct, unconstrained = FALSE); R <- diag(T)
  if (length(rho) > 1) { R[lower.tri(R)] <- rho; R <- R + t(R) - diag(T) }
  else R <- if (!inherits(fit$modelStruct$corStruct, "corCompSymm")) rho^abs(outer(1:T, 1:T, "-")) else rho * (1 - diag(T)) + diag(T)
  list(fit = fit, cov = fit$sigma^2 * outer(sd, sd) * R)
}
# -2 REML log-likelihood of Sigma(x), its exact gradient, and the pieces of Satterthwaite and Kenward-Roger.
reml <- function(x, s, frame) {
  S <- s$sigma(x); r <- length(x); J <- numDeriv::jacobian(function(z) as.vector(s$sigma(z)), x, method = "complex")
  dS <- lapply(seq_len(r), function(k) matrix(Re(J[, k]), nrow(S))); people <- split(seq_len(nrow(frame$X)), frame$id)
  p <- ncol(frame$X); XVX <- matrix(0, p, p); XVy <- numeric(p); logdet <- 0
  part <- lapply(people, function(i) { o <- frame$visit[i]; list(X = frame$X[i, , drop = FALSE], y = frame$y[i], o = o, Vi = solve(S[o, o, drop = FALSE]),
    logdet = as.numeric(determinant(S[o, o, drop = FALSE])$modulus)) })
  for (a in part) { XV <- crossprod(a$X, a$Vi); XVX <- XVX + XV %*% a$X; XVy <- XVy + XV %*% a$y; logdet <- logdet + a$logdet }
  Phi <- solve(XVX); beta <- drop(Phi %*% XVy); quad <- 0; g <- numeric(r); P <- rep(list(matrix(0, p, p)), r); Q <- rep(list(P), r)
  for (a in part) {
    Ve <- a$Vi %*% (a$y - a$X %*% beta); quad <- quad + sum((a$y - a$X %*% beta) * Ve); VX <- a$Vi %*% a$X
    D <- lapply(dS, function(k) k[a$o, a$o, drop = FALSE])
    for (k in seq_len(r)) {
      g[k] <- g[k] + sum(a$Vi * D[[k]]) - sum(Ve * (D[[k]] %*% Ve)); P[[k]] <- P[[k]] + crossprod(VX, D[[k]] %*% VX)
      for (l in seq_len(r)) Q[[k]][[l]] <- Q[[k]][[l]] + crossprod(VX, D[[k]] %*% a$Vi %*% D[[l]] %*% VX)
    }
  }
  g <- g - sapply(P, function(k) sum(Phi * k))
  list(value = logdet + as.numeric(determinant(XVX)$modulus) + quad + (nrow(frame$X) - p) * log(2 * pi), gradient = g, Phi = Phi, beta = beta, P = P, Q = Q, S = S)
}
newton <- function(x, s, frame) {
  hessian <- function(x) { H <- numDeriv::jacobian(function(z) reml(z, s, frame)$gradient, x); (H + t(H)) / 2 }
  for (step in 1:30) { at <- reml(x, s, frame); move <- solve(hessian(x), at$gradient); x <- x - move; if (sum(move * at$gradient) < 1e-18) break }
  at <- reml(x, s, frame); c(at, list(x = x, W = 2 * solve(hessian(x)), steps = step))
}
inference <- function(at, joint) {
  Phi <- at$Phi; p <- ncol(Phi); r <- length(at$P); U <- matrix(0, p, p)
  for (k in 1:r) for (l in 1:r) U <- U + at$W[k, l] * (at$Q[[k]][[l]] - at$P[[k]] %*% Phi %*% at$P[[l]])
  Pa <- Phi + 2 * Phi %*% ((U + t(U)) / 2) %*% Phi; se <- sqrt(diag(Phi)); sa <- sqrt(diag(Pa))
  grad <- function(l) sapply(at$P, function(k) drop(l %*% Phi %*% k %*% Phi %*% l))
  nu <- function(l) { g <- grad(l); 2 * drop(l %*% Phi %*% l)^2 / drop(g %*% at$W %*% g) }
  df <- sapply(seq_len(p), function(k) nu(diag(p)[k, ]))
  F_sat <- function(L) {
    e <- eigen(L %*% Phi %*% t(L)); q <- nrow(L); l <- t(e$vectors) %*% L; t2 <- drop(l %*% at$beta)^2 / e$values; ns <- apply(l, 1, nu); E <- sum(ns / (ns - 2))
    ddf <- if (q == 1) ns else if (any(ns <= 2)) 2 else 2 * E / (E - q); list(ndf = q, ddf = ddf, F = mean(t2), p = pf(mean(t2), q, ddf, lower.tail = FALSE)) }
  F_kr <- function(L) { attr(Pa, "P") <- at$P; attr(Pa, "W") <- at$W; a <- pbkrtest:::.KR_adjust(Pa, Phi, L, at$beta, rep(0, p))
    list(ndf = a$ndf, ddf = a$ddf, F = a$Fstat, p = a$p.value) }
  list(satterthwaite = list(se = v(se), df = v(df), p = v(2 * pt(-abs(at$beta / se), df))),
       kenward_roger_linear = list(se = v(sa), df = v(df), p = v(2 * pt(-abs(at$beta / sa), df))), vcov_kr_linear = m(Pa),
       joint = lapply(names(joint), function(n) { L <- diag(p)[joint[[n]], , drop = FALSE]; list(term = n, rows = I(joint[[n]] - 1L), sat = F_sat(L), krl = F_kr(L)) }))
}
residual_covariances <- function(formula, joint) {
  used <- d[!is.na(d$y), ]; T <- nlevels(d$visit); X <- model.matrix(formula, used)
  frame <- list(X = unname(X), y = used$y, visit = used$visit_number, id = used$id)
  lapply(structures(T), function(s) {
    g <- gls_fit(formula, s, T); at <- newton(s$start(g$cov), s, frame); ll <- as.numeric(logLik(g$fit))
    stopifnot(abs(ll + at$value / 2) < 1e-5, at$value / -2 > ll - 1e-9)
    list(n = nrow(X), fixef_names = colnames(X),
         gls = list(loglik = ll, beta = v(coef(g$fit)), vcov = m(vcov(g$fit)), cov = m(g$cov)),
         newton = c(list(loglik = at$value / -2, gain = at$value / -2 - ll, max_abs_gradient = max(abs(at$gradient)),
                         beta = v(at$beta), vcov = m(at$Phi), cov = m(at$S)), inference(at, joint)))
  })
}

# ---- the jobs -----------------------------------------------------------------------------------------------------
rows <- function(names, pattern) grep(pattern, names)
software <- function() c(versions("lme4", "lmerTest", "pbkrtest", "emmeans", "nlme", "mvtnorm", "numDeriv", "jsonlite"))
job <- function(folder, models, tests = list(), means = list(), gls = NULL) {
  if (length(wanted) && !folder %in% wanted) return(invisible())
  cat(folder, "\n")
  d <<- read.csv(file.path(folder, "data.csv"), na.strings = "", stringsAsFactors = TRUE)
  if (folder == "mixed_arms") d$arm <<- factor(d$arm, c("Usual care", "Kettlebell", "Walking"))
  if (folder == "mixed_pain") d$visit <<- factor(d$week)
  if (!is.null(d$visit)) d$visit_number <<- as.integer(d$visit)
  head <- list(made_by = "make_mixed.R", software = software(), levels = lapply(d[intersect(c("arm", "visit"), names(d))], levels))
  fits <- list(); out <- list()
  for (name in names(models)) {
    formula <- models[[name]]$formula; environment(formula) <- globalenv()
    fits[[name]] <- list(REML = tight(formula, TRUE), ML = tight(formula, FALSE))
    labels <- names(fixef(fits[[name]]$REML$fit)); joint <- lapply(models[[name]]$joint, function(p) rows(labels, p))
    for (f in fits[[name]]) cat(sprintf("  %-9s %-4s %.9f gain %8.1e gradient %.0e; %s\n", name, if (isREML(f$fit)) "REML" else "ML", as.numeric(logLik(f$fit)), f$polish$gain,
      f$polish$max_abs_gradient, paste(sapply(f$optimizers, function(o) sprintf("%s %.0e/%.0e", o$optimizer, o$gap_first, o$gap_worst)), collapse = " ")))
    out[[name]] <- list(formula = paste(deparse(formula, 200), collapse = ""), n = nobs(fits[[name]]$REML$fit), groups = as.list(ngrps(fits[[name]]$REML$fit)),
      fixef_names = I(labels), reml = said(fits[[name]]$REML, joint), ml = said(fits[[name]]$ML, joint),
      blups_reml = blups(fits[[name]]$REML$fit), profile_ml = profile_intervals(fits[[name]]$ML))
  }
  slope <- lapply(tests, function(t) slope_test(t[[1]], t[[2]], fits, t[[3]]))
  save_json(c(head, list(models = out), if (length(slope)) list(slope_tests = slope)), file.path(folder, "lmm.json"))
  if (length(means)) save_json(c(head, list(models = lapply(setNames(names(means), names(means)), function(n)
    c(list(formula = out[[n]]$formula), do.call(marginal, c(list(fits[[n]]$REML$fit), means[[n]])))))), file.path(folder, "emmeans.json"))
  if (!is.null(gls)) {
    labels <- colnames(model.matrix(gls$formula, d)); joint <- lapply(gls$joint, function(p) rows(labels, p))
    content <- residual_covariances(gls$formula, joint)
    if (folder == "mixed_trial") check_mmrm(content)
    save_json(c(head, list(formula = paste(deparse(gls$formula, 200), collapse = ""), structures = content)), file.path(folder, "gls.json"))
  }
}
save_json <- function(x, file) { write_reference(x, file); cat(sprintf("  %s %d kB\n", file, round(file.size(file) / 1000))) }
check_mmrm <- function(content) {
  theirs <- jsonlite::fromJSON("mixed_trial/mmrm.json", simplifyVector = TRUE)
  far <- function(a, b) max(abs(as.vector(a) / as.vector(b) - 1))
  for (n in names(content)) {
    a <- content[[n]]$newton; b <- theirs[[paste0("trial_", n)]]
    gap <- c(loglik = abs(a$loglik - b$reml_loglik), beta = far(a$beta, b$beta), cov = far(a$cov, b$cov), se = far(a$satterthwaite$se, b$satterthwaite$se), df = far(a$satterthwaite$df, b$satterthwaite$df),
             se_kr = far(a$kenward_roger_linear$se, b$kenward_roger_linear$se), vcov_kr = far(a$vcov_kr_linear, b$vcov_kr_linear), F = far(a$joint[[1]]$sat$F, b$joint$sat$F), ddf = far(a$joint[[1]]$sat$ddf, b$joint$sat$ddf),
             F_kr = far(a$joint[[1]]$krl$F, b$joint$krl$F), ddf_kr = far(a$joint[[1]]$krl$ddf, b$joint$krl$ddf))
    cat("  against mmrm,", n, paste(names(gap), sprintf("%.0e", gap), collapse = " "), "\n")
    stopifnot(all(gap < 1e-4))
  }
}
classic <- function(folder, data, names) {
  dir.create(folder, showWarnings = FALSE); data <- data[, names]; names(data) <- tolower(names)
  write.csv(data, file.path(folder, "data.csv"), row.names = FALSE, quote = FALSE, eol = "\n")
}
wanted <- commandArgs(TRUE)

classic("dyestuff", Dyestuff, c("Batch", "Yield")); classic("dyestuff2", Dyestuff2, c("Batch", "Yield"))
classic("penicillin", Penicillin, c("plate", "sample", "diameter")); classic("pastes", Pastes, c("batch", "cask", "sample", "strength"))

visit_families <- list(arms_by_visit = list(kind = "pairwise", by = "visit"), visits_by_arm = list(kind = "pairwise", by = "arm"),
                       visits_against_first_by_arm = list(kind = "reference", by = "arm", mvt = TRUE))
job("mixed_trial", list(
    ri = list(formula = y ~ base + arm * visit + (1 | id), joint = list("arm:visit" = ":")),
    ri_week = list(formula = y ~ base + arm * week + (1 | id), joint = list("arm:week" = ":", "arm and arm:week" = "^arm")),
    rs = list(formula = y ~ base + arm * week + (week | id), joint = list("arm:week" = ":", "arm and arm:week" = "^arm")),
    diag = list(formula = y ~ base + arm * week + (week || id), joint = list("arm:week" = ":", "arm and arm:week" = "^arm")),
    rs_visit = list(formula = y ~ base + arm * visit + (week | id), joint = list("arm:visit" = ":"))),
  tests = list(list("ri_week", "rs", 2), list("ri_week", "diag", 1), list("diag", "rs", 1), list("ri", "rs_visit", 2)),
  means = list(ri = list(c("arm", "visit"), list(), visit_families), rs_visit = list(c("arm", "visit"), list(), visit_families),
               rs = list(c("arm", "week"), list(week = c(4, 8, 12, 24)), list(arms_by_week = list(kind = "pairwise", by = "week")))),
  gls = list(formula = y ~ base + arm * visit, joint = list("arm:visit" = ":")))
by_time <- list(c("arm", "time"), list(time = c(0, 1, 2)), list(arms_by_time = list(kind = "pairwise", by = "time")))
interaction <- list("arm:time" = ":", "arm and arm:time" = "^arm")
job("mixed_singular", list(ri = list(formula = y ~ arm * time + (1 | id), joint = interaction), rs = list(formula = y ~ arm * time + (time | id), joint = interaction),
    diag = list(formula = y ~ arm * time + (time || id), joint = interaction)),
  tests = list(list("ri", "rs", 2), list("ri", "diag", 1), list("diag", "rs", 1)), means = list(ri = by_time, rs = by_time))
interaction <- list("arm:week" = ":", "arm and arm:week" = "^arm")
job("mixed_pain", list(ri = list(formula = nprs ~ arm * week + (1 | id), joint = interaction), rs = list(formula = nprs ~ arm * week + (week | id), joint = interaction),
    diag = list(formula = nprs ~ arm * week + (week || id), joint = interaction), ri_visit = list(formula = nprs ~ arm * visit + (1 | id), joint = list("arm:visit" = ":"))),
  tests = list(list("ri", "rs", 2), list("ri", "diag", 1), list("diag", "rs", 1)),
  means = list(ri_visit = list(c("arm", "visit"), list(), visit_families), rs = list(c("arm", "week"), list(week = c(0, 4, 8, 12)), list(arms_by_week = list(kind = "pairwise", by = "week")))))
arm_families <- list(arms_by_visit = list(kind = "pairwise", by = "visit", mvt = TRUE), arms_against_first_by_visit = list(kind = "reference", by = "visit", mvt = TRUE))
joint <- list("arm:visit" = ":", "arm and arm:visit" = "^arm")
job("mixed_arms", list(clinic = list(formula = y ~ base + arm * visit + (1 | clinic) + (1 | id), joint = joint), ri = list(formula = y ~ base + arm * visit + (1 | id), joint = joint)),
  means = list(clinic = list(c("arm", "visit"), list(), arm_families), ri = list(c("arm", "visit"), list(), arm_families)),
  gls = list(formula = y ~ base + arm * visit, joint = joint))
job("dyestuff", list(ri = list(formula = yield ~ 1 + (1 | batch))))
job("dyestuff2", list(ri = list(formula = yield ~ 1 + (1 | batch))))
job("penicillin", list(crossed = list(formula = diameter ~ 1 + (1 | plate) + (1 | sample))))
job("pastes", list(nested = list(formula = strength ~ 1 + (1 | batch) + (1 | sample))))
