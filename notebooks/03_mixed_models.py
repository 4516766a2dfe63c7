# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Mixed models: people who miss a visit, and honest degrees of freedom
#
# Exercise trials have 10 to 60 people, several visits, and somebody always misses one. This notebook shows what a mixed
# model does with that, why leaving people out is not the careful choice it looks like, and why the degrees of freedom
# decide whether "p < 0.05" means what it says. The data are **simulated**: they show a method and are evidence of
# nothing.

# %%
from pathlib import Path

import numpy as np
import pandas as pd

import kbstudy as kb

ROOT = next(folder for folder in [Path.cwd(), *Path.cwd().parents] if (folder / "data" / "raw").exists())
study = kb.load(ROOT / "data/raw/demo-trial")
pain = study.table("pain")
after = pain[pain["visit"] != "Baseline"].copy()
after["visit"] = after["visit"].cat.remove_unused_categories()

# %% [markdown]
# ## Who is missing, and when

# %%
after.assign(has_value=after["pain"].notna()).groupby(["arm", "visit"], observed=True)["has_value"].agg(["sum", "size"])

# %% [markdown]
# An analysis of covariance at Week 8 uses those who came at Week 8. Whoever came at Week 4 only is left out, although
# their Week 4 value says something about where they were heading.

# %%
week8 = after[after["visit"] == "Week 8"]
ancova = kb.ancova(
    week8, "pain", baseline="pain_baseline", arm="arm", reference="Usual care", participant="record_id", visit="Week 8"
)
print(ancova.sentence())

# %% [markdown]
# ## The mixed model for repeated measures
#
# One mean for each arm and visit, one variance for each visit, one covariance for each pair. Nothing about the shape of
# the change is assumed, nobody with a single value is lost, and no value is invented.

# %%
fit = kb.mmrm(
    after, "pain ~ pain_baseline * visit + arm * visit", participant="record_id", visit="visit"
)  # fmt: skip
fit

# %% [markdown]
# The difference between arms at each visit, in the trial's words. The name of the method that gave the degrees of
# freedom stands in every table.

# %%
fit.contrasts("arm", by="visit")

# %% [markdown]
# Adjusted means, and a test that the difference between arms changes from visit to visit:

# %%
fit.means("arm", by="visit")

# %%
fit.test("arm:visit").frame[["term", "statistic", "df", "p", "method"]]

# %% [markdown]
# The methods paragraph writes itself from the model that ran:

# %%
print(fit.methods())

# %% [markdown]
# ## Why not leave out whoever missed a visit?
#
# Because people do not miss visits at random. Here is a made-up trial in which training helps *nobody*: both arms
# change alike. Those in the training arm who are in pain at Week 4 tend to stop coming. Completers of the training
# arm then look better than completers of the other arm, and an analysis of completers finds an effect that does not
# exist. The mixed model sees the Week 4 values and is not fooled, because what decides about staying is in the model.


# %%
def one_trial(rng: np.random.Generator, people: int = 60) -> pd.DataFrame:
    """Two arms without any difference; in one, people with much pain at Week 4 do not come back."""
    arm = np.repeat(["Usual care", "Training"], people // 2)
    own = rng.normal(5, 1.5, people)
    week4, week8 = own + rng.normal(0, 1, people), own + rng.normal(0, 1, people)
    week8[(arm == "Training") & (week4 > 5.5)] = np.nan
    wide = pd.DataFrame({"id": range(people), "arm": pd.Categorical(arm, ["Usual care", "Training"])})
    wide = wide.assign(**{"Week 4": week4, "Week 8": week8})
    return wide.melt(["id", "arm"], var_name="visit", value_name="pain")


rng = np.random.default_rng(20260301)
found = []
for _ in range(100):
    trial = one_trial(rng)
    model = kb.mmrm(trial, "pain ~ arm * visit", participant="id", visit="visit")
    everybody = model.contrasts("arm", by="visit").frame.query("visit == 'Week 8'").iloc[0]
    came = trial[(trial["visit"] == "Week 8") & trial["pain"].notna()].groupby("arm", observed=True)["pain"].mean()
    found.append({"completers": came["Training"] - came["Usual care"], "mixed model": everybody["estimate"]})
pd.DataFrame(found).agg(["mean", "std"]).round(2)

# %% [markdown]
# The truth is 0. Completers differ by about three quarters of a point; the mixed model is right on average. (Where
# missing depends on something that nobody measured, no analysis can know. That is what sensitivity analyses are for.)
#
# ## Why the degrees of freedom matter
#
# A z test acts as if the variances were known. With 12 people they are not. Here 2,000 trials without any effect are
# fitted at once with `kb.refit`; the share of p-values below 5 % should be 5 %.

# %%
people = pd.DataFrame({"id": range(12), "arm": ["Usual care", "Training"] * 6})
schedule = people.merge(pd.DataFrame({"week": [0, 4, 8]}), how="cross")
own = (
    rng.normal(0, 1, (2000, 12)).repeat(3, axis=1)
    + rng.normal(0, 0.2, (2000, 12)).repeat(3, axis=1) * schedule["week"].to_numpy()
)
noise = own + rng.normal(0, 1, own.shape)
null = kb.lmm(schedule.assign(y=noise[0]), "y ~ arm * week + (1 + week | id)")
many = kb.refit(null, noise)
answers = many.coefficients
last = many.names.index("arm[T.Usual care]:week")
t, p = answers["statistic"][:, last], answers["p"][:, last]
pd.Series({
    "z (variances taken as known)": f"{np.nanmean(np.abs(t) > 1.959964):.1%}",
    "Satterthwaite": f"{np.nanmean(p < 0.05):.1%}",
    "median degrees of freedom": f"{np.nanmedian(answers['df'][:, last]):.1f}",
    "trials that could not be fitted": many.failed,
}).to_frame("share below 5 %")  # fmt: skip

# %% [markdown]
# ## Random slopes
#
# With a time in weeks one can ask how fast people change, and how much that differs from person to person. lme4's
# formula language is understood.

# %%
weeks = {"Baseline": 0, "Week 4": 4, "Week 8": 8}
long = pain.assign(week=pain["visit"].astype("str").map(weeks))
slopes = kb.lmm(long, "pain ~ arm * week + (1 + week | record_id)")
slopes

# %% [markdown]
# A variance that comes out as zero, or a correlation of ±1, is an answer and is named as such; here is what this fit
# has to say:

# %%
slopes.singular or "Every variance is above zero and every correlation inside (-1, 1)."

# %% [markdown]
# Each person's own line is drawn towards the mean of all, the more so the less is known of the person:

# %%
slopes.random_effects["record_id"].head(5).round(2)

# %% [markdown]
# ## Is the model believable?
#
# Residuals, normal quantiles, spread at each visit, and the weight of each participant from refits without them.

# %%
checks = fit.check()
print(checks)

# %%
figure = checks.plot()

# %% [markdown]
# ## Arms that are equal at baseline by design
#
# With baseline as part of the outcome, randomisation says that arms share one mean there (constrained longitudinal data
# analysis). People without a baseline value stay in.

# %%
clda = kb.mmrm(
    pain, "pain ~ arm * visit", participant="record_id", visit="visit", constrained_baseline="Baseline", arm="arm"
)
clda.change_from("Baseline", by="arm")
