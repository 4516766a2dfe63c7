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
# # Your own trial, from a messy export to a report
#
# Ten steps with the export of a small trial. The data are **simulated**; the mess is real: a decimal comma, a zero
# too many, a row entered twice, a code for "refused".

# %%
import shutil
import tempfile
from pathlib import Path

import kbstudy as kb

raw = Path("../data/raw/demo-trial")
temporary = tempfile.TemporaryDirectory()  # yours would be a folder that stays
work = Path(temporary.name)

# %% [markdown]
# ## 1. What is this file?

# %%
kb.inspect(raw / "redcap_export.csv")

# %% [markdown]
# ## 2. A draft
#
# `kb.new` (or `kbstudy new mytrial --from redcap export.csv dictionary.csv`) copies the files and drafts a
# `study.toml` in which every guess is marked. Its first lines:

# %%
draft = kb.new(work / "draft", "redcap", [raw / "redcap_export.csv", raw / "redcap_dictionary.csv"])
print("\n".join(draft.read_text("utf-8").splitlines()[:24]))

# %% [markdown]
# ## 3. A finished plan
#
# The demonstration trial's `study.toml` is such a draft, answered. We take a copy and leave out its corrections, as
# if we had just begun.

# %%
mine = Path(shutil.copytree(raw, work / "mytrial"))
plan = mine / "study.toml"
finished = plan.read_text("utf-8")
start, end = finished.index("# ---- corrections"), finished.index("# ---- who they were")
_ = plan.write_text(finished[:start] + finished[end:], "utf-8")

# %% [markdown]
# ## 4. Every problem at once
#
# Nothing is guessed and nothing is dropped. Each message says the file, the row, the participant, and what to do.

# %%
try:
    kb.load(mine)
except kb.StudyError as error:
    print(error)

# %% [markdown]
# ## 5. Corrections, not edits
#
# The raw file stays as it came. Each correction quotes the cell, says what to use, why, and who says so. A
# correction that no longer fits its file is an error.

# %%
print(finished[start:end])
_ = plan.write_text(finished, "utf-8")
study = kb.load(mine)
print(study)

# %% [markdown]
# ## 6. Who is in, who is out, and why

# %%
study.ledger()

# %% [markdown]
# ## 7. Lock the plan
#
# Best before the data are in. Afterwards every difference between the plan and its lock is listed in the report.

# %%
locked = kb.lock(mine, date="2026-01-01")
print(locked)

# %% [markdown]
# ## 8. Run it

# %%
results = kb.analyse(kb.load(mine))
print(results.estimates["pain_week8"].sentence())
for verdict in results.verdicts:
    print(f"{verdict.claim_id}: {verdict.word}")

# %% [markdown]
# ## 9. The report
#
# Here the web page; `"docx"` and `"pdf"` in the list make Word and PDF of the same content. Every table comes as CSV,
# JSON and LaTeX too, and every figure as SVG, PDF and PNG.

# %%
folder = kb.report(results, ["html"], work / "report")
print(sorted({path.suffix for path in folder.rglob("*") if path.is_file()}))
print(len(list((folder / "tables").glob("*.csv"))), "tables,", len(list((folder / "figures").glob("*.svg"))), "figures")

# %% [markdown]
# ## 10. Make it again
#
# The same inputs and software give the same bytes. If something differs, `kb.verify` says which input it was.

# %%
checked = kb.verify(folder, study=mine)
print("the same bytes" if checked.same else checked)
temporary.cleanup()
