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
# # A first look: from a messy export to a report
#
# The study in `data/raw/demo-trial` is **simulated**: it shows what kbstudy does with a real trial and is never
# evidence of anything. It has two arms, forty people, three visits, and the usual dirt of a REDCap export.

# %%
from pathlib import Path

import kbstudy as kb

ROOT = next(folder for folder in [Path.cwd(), *Path.cwd().parents] if (folder / "data" / "raw").exists())

# %% [markdown]
# ## What is in the file?
#
# Before anything is declared, `kb.inspect` says what a file seems to hold and what is odd about it. Here: a decimal
# comma in `pain_now`.

# %%
kb.inspect(ROOT / "data/raw/demo-trial/redcap_export.csv")

# %% [markdown]
# ## Load the study
#
# `study.toml` beside the export declares who is who, what was measured and what is planned. `kb.load` reads the files,
# checks every cell against the declaration, applies the declared corrections and refuses the rest. Nothing is guessed,
# nobody is dropped.

# %%
study = kb.load(ROOT / "data/raw/demo-trial")
study

# %% [markdown]
# One outcome as a tidy table. People without a value at a visit stay in it.

# %%
study.table("pain").head(6)

# %% [markdown]
# ## Run the plan
#
# Four kinds of analysis are planned: a model of all visits (MMRM, the primary analysis), a difference at one visit
# adjusted for baseline (ANCOVA), a share of people under a threshold, and a change within one arm. Each result is one
# object: a table, a sentence, a method, a ledger.

# %%
results = kb.analyse(study)
results.estimates["pain_week8"]

# %%
print(results.estimates["pain_week8"].sentence())

# %% [markdown]
# The numbers behind the words are a frame whose columns never change. Rows that compare arms have a `contrast`. The
# sentence and the verdict are about the visit that the plan names, Week 8.

# %%
results.estimates["pain_week8"].frame[
    ["term", "contrast", "arm", "visit", "n", "estimate", "se", "df", "p", "low", "high"]
]

# %%
axes = results.estimates["pain_week8"].plot()

# %% [markdown]
# Who was analysed at which visit, who was not, and why:

# %%
results.estimates["pain_week8"].ledger

# %% [markdown]
# ## The same from your own data frame
#
# The analyses are plain functions.

# %%
week8 = study.table("pain").query("visit == 'Week 8'")
kb.ancova(
    week8, "pain", baseline="pain_baseline", arm="arm", reference="Usual care", covariates=["age"],
    participant="record_id",
)  # fmt: skip

# %% [markdown]
# ## Write the report
#
# HTML, Word and PDF from one tree, with `results.json` beside them.

# %%
folder = kb.report(results, folder=ROOT / "reports" / "demo-trial")
sorted(path.name for path in folder.iterdir())
