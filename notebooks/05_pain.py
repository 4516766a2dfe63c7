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
# # Pain: what a score means, and what a change means
#
# From the items of a questionnaire to a score, from scores to a difference between arms, and from there to the
# questions that reviewers ask: why do change scores and ANCOVA differ? How many people got better? Do people differ
# in their response?
#
# All data here are **simulated**. They show the way and are evidence of nothing.

# %%
import numpy as np
import pandas as pd

import kbstudy as kb
from kbstudy.figures import plot_estimation, plot_raincloud

study = kb.load("../data/raw/demo-trial")
pain = study.table("pain")
week8 = pain[pain["visit"] == "Week 8"].reset_index(drop=True)
print(study)

# %% [markdown]
# ## From items to a score
#
# Forms are data: items, range, rule, how many items may be missing. Ten made-up answers to the Oswestry Disability
# Index; one item is missing in the second row, and six in the third.

# %%
rng = np.random.default_rng(5)
answers = pd.DataFrame(rng.integers(0, 6, (4, 10)), columns=[f"odi_{n}" for n in range(1, 11)], dtype="float64")
answers.loc[1, "odi_8"] = np.nan
answers.loc[2, [f"odi_{n}" for n in range(1, 7)]] = np.nan
scored = kb.score(answers, "odi")
scored.frame

# %% [markdown]
# Nothing is imputed: a row with too many missing items has no score, and says why. What a change of the score means
# is in the form as well, with its source. A threshold for one person's change is not one for a difference between
# groups.

# %%
pd.DataFrame(
    [(t.value, t.kind, t.population, t.source) for t in scored.scale.thresholds],
    columns=["Value", "Kind", "Population", "Source"],
)

# %% [markdown]
# ## Everybody, before any model
#
# No bars of means: they hide the people. Above, the shape of the changes; below, each person; between them the
# mean.

# %%
changes = week8.assign(Change=week8["pain"] - week8["pain_baseline"])
cloud = plot_raincloud(changes, "Change", by="arm", unit="points", stamp="SIMULATED")

# %% [markdown]
# The same people as lines from before to after, the means with their intervals, and the difference that the planned
# analysis found, on a scale of its own.

# %%
results = kb.analyse(study)
figure = plot_estimation(results.estimates["pain_week8"], results.means["pain_week8"], ("Baseline", "Week 8"))

# %% [markdown]
# ## Three analyses of the same people
#
# ANCOVA, change scores and follow-up values alone answer the same question and give different numbers. The first
# note says why, with the numbers of these data.

# %%
asked = {
    "baseline": "pain_baseline",
    "arm": "arm",
    "reference": "Usual care",
    "participant": "record_id",
    "visit": "Week 8",
}
three = kb.compare_analyses(week8, "pain", randomised=True, **asked)
three

# %%
axes = three.plot()

# %% [markdown]
# ## The change within one arm
#
# It is described, without a p-value: regression to the mean, the natural course of a complaint and the attention of
# a trial change a group too.

# %%
kettlebell = pain[pain["arm"] == "Kettlebell"]
within = kb.paired(kettlebell, "pain", participant="record_id", visit="visit", baseline="Baseline", followup="Week 8")
print(within.sentence())

# %% [markdown]
# ## Without the normal distribution
#
# The bootstrap draws people within arms; the permutation test re-randomises them as the trial did. Both draw at
# random, so they ask for a seed.

# %%
boot = kb.ancova(week8, "pain", interval="bca", rng=8, resamples=2000, **asked)
shuffled = kb.permutation_test(week8, "pain", rng=8, permutations=1999, **asked)
print(boot.sentence())
print(shuffled.sentence())

# %% [markdown]
# ## How many people got better?
#
# A share at a threshold is what patients ask about, and loses information: the same data need more people. People
# without a value count as not improved here; that is a choice, and it is said. Further thresholds are exploratory.

# %%
better = kb.responders(
    week8, "pain", missing="non_responder", improved_by=2.0, better="lower", grid=[1.0, 3.0], **asked
)
better.table().drop(columns="Method")

# %%
print(better.sentence("number_needed_to_treat"))

# %% [markdown]
# ## Do people differ in their response?
#
# Changes differ between people in the control arm too. Only the spread beyond that can be a different response, and
# in trials of this size it is known badly.

# %%
response = kb.individual_response(week8, "pain", mic=2.0, mdc95=2.4, better="lower", **asked)
print(response.sentence())
waterfall = response.plot()

# %% [markdown]
# ## Is there no difference that matters?
#
# "Not significant" does not say so. Equivalence does, if bounds were declared and the 90 % interval lies within
# them.

# %%
print(kb.equivalence(kb.ancova(week8, "pain", **asked), low=-1.0, high=1.0).sentence())
