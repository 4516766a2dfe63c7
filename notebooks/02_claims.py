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
# # Claims: what an article says, and what was measured
#
# A gym's article says that a 20-minute kettlebell session burns about 21 kcal a minute and that kettlebells alleviate
# back pain. `data/raw/article-claims` holds the published numbers that speak to this, each with its source, with
# whether it was measured or estimated, and with how well it is verified.

# %%
from pathlib import Path

import kbstudy as kb

ROOT = next(folder for folder in [Path.cwd(), *Path.cwd().parents] if (folder / "data" / "raw").exists())
study = kb.load(ROOT / "data/raw/article-claims")
study.published[["study", "year", "outcome", "value", "spread", "spread_kind", "unit", "basis", "verified"]]

# %% [markdown]
# ## The rule
#
# A claim declares the values that would make it true. A confidence interval that lies wholly among them supports it;
# one that lies wholly elsewhere does not; one across the border leaves it open. Without an interval there is
# *no evidence*, which is not the same as *no effect*.

# %%
region = kb.Region(at_least=21)
{name: kb.judge(low, high, region) for name, low, high in [("a", 22, 25), ("b", 11, 16), ("c", 18, 24)]}

# %% [markdown]
# ## The verdicts

# %%
results = kb.analyse(study)
results.verdicts[0]

# %%
results.published["C1"]

# %% [markdown]
# C1 also carries the numbers that the magazine article states. An audit checks them against each other: the 6.6 kcal a
# minute called anaerobic would need more lactate than blood can hold. That is said beside the verdict and does not
# change it.

# %%
results.audits["C1"]

# %%
results.verdicts[2]

# %% [markdown]
# ## Your own claim
#
# A verdict can be asked for any interval. Certainty is lowered for each weakness, and each is named.

# %%
from kbstudy.claims import Evidence, verdict_on

own = Evidence("my pilot study", -1.8, -3.4, -0.2, unit="points", n=12, allocation="single group")
verdict_on(
    "mine", "my programme relieves back pain", own, kb.Region(at_most=0),
    quantity="the change in pain", smallest_important=2.0, better="lower",
)  # fmt: skip
