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
# # Thirteen claims, thirteen verdicts
#
# A gym's article says that kettlebell training relieves back pain, strengthens the spine, builds power and
# endurance, clears lactic acid, prevents injury, and burns 21 kcal a minute. Here each sentence is held against
# published numbers: what would make it true, what was found, how certain that is, and what would settle it.

# %%
import pandas as pd
from IPython.display import Image

import kbstudy as kb
from kbstudy.reporting import pictures

study = kb.load("../data/raw/article-claims")
results = kb.analyse(study)
print(study)

# %% [markdown]
# ## The board
#
# One row a claim. "No evidence" is not "no effect": nothing was measured. A verdict says whether the interval
# agrees with the words; the certainty says how much the interval can be trusted.

# %%
board = pd.DataFrame(
    [(v.claim_id, v.says, v.word, v.in_short, v.certainty) for v in results.verdicts],
    columns=["Claim", "The article's words", "Verdict", "In short", "Certainty"],
)
board.style.hide(axis="index").set_properties(**{"text-align": "left"}).set_uuid("board")

# %% [markdown]
# ## One claim in full: 21 kcal a minute
#
# The verdict rests on one study in which energy was estimated from heart rate. Studies that measured oxygen stand
# beside it. The picture is the report's: the values that would make the claim true are shaded, and a hollow point was
# estimated.

# %%
energy = results.verdicts[0]
energy

# %%
results.published["C1"].table().drop(columns="Method").style.hide(axis="index").set_uuid("published")

# %%
shown = pictures.claim(results, energy)
Image(shown.png, width=680, alt=shown.alt)

# %% [markdown]
# ## Can the stated numbers be?
#
# An audit asks no study. It does arithmetic on what was printed: the part that is called anaerobic would need more
# lactate than anybody survives.

# %%
results.audits["C1"]

# %% [markdown]
# The six-minute mile is the second claim. It depends on body mass, which nobody stated, so it is judged per
# kilogram.

# %%
results.audits["C2"]

# %% [markdown]
# ## Several studies together
#
# The mile is judged on three studies that measured oxygen, pooled with random effects and Hartung and Knapp's
# interval. The diamond is all of them together. The row below it is what a new study might find; with three studies
# that is nearly anything. The article's own study was estimated from heart rate, so it stands beside the others.

# %%
print(results.pooled["C2"].sentence())
shown = pictures.claim(results, results.verdicts[1])
Image(shown.png, width=680, alt=shown.alt)

# %% [markdown]
# ## Would another choice have changed the verdict?
#
# Which study, which body mass, which energy per litre of oxygen, with or without rest, with or without lactate:
# every combination that somebody could defend.

# %%
many = results.multiverses["C1"]
print(many.sentence())
curve = many.plot()

# %%
moves = many.influence().drop_duplicates("choice").set_index("choice")["moves"]
moves.round(1).to_frame("moves the estimate by (kcal/min)")

# %% [markdown]
# With a trial's own recordings the choices are others: the equation, RER above 1, gaps, rest, the oxygen after
# exercise. The demonstration trial makes the same claim. Its sessions are **simulated**; the picture shows the method
# and nothing about kettlebells.

# %%
own = kb.analyse(kb.load("../data/raw/demo-trial")).multiverses["energy"]
print(own.sentence())
curve = own.plot()

# %% [markdown]
# ## A chain is judged link by link
#
# "Increased blood circulation, which reduces the lactic acid build-up responsible for back pain": three statements
# in one sentence. The weakest decides.

# %%
chain = next(verdict for verdict in results.verdicts if verdict.claim_id == "C10")
for link in chain.links:
    print(f"{link.claim_id}: {link.word}. {link.says}")
print(f"C10: {chain.word}. {chain.in_short}")

# %% [markdown]
# ## What would settle it?
#
# For back pain: a randomised trial. How many people depends on what is assumed, so the assumptions stand with the
# number.

# %%
back_pain = next(verdict for verdict in results.verdicts if verdict.claim_id == "C4")
print(back_pain.settle.sentence)

# %% [markdown]
# The same for assumptions of your own; the trials in it are **simulated**.

# %%
trial = kb.TwoArmTrial(difference=-1.5, sd=2.2, correlation=0.5, dropout=0.15)
found = kb.sample_size(trial, goal="supported", region=kb.Region(at_most=-0.5), replicates=500, progress=False)
print(found.sentence())
reached = found.plot()
