"""One function a figure: results in, axes out. Nothing is computed here."""

from kbstudy.figures.checks import draw_checks
from kbstudy.figures.claims import draw_claim
from kbstudy.figures.energy import (
    draw_energy_budgets,
    draw_energy_claim,
    plot_energy_budgets,
    plot_energy_claim,
)
from kbstudy.figures.estimation import draw_estimation, plot_estimates, plot_estimation
from kbstudy.figures.flow import draw_flow
from kbstudy.figures.forest import draw_forest, plot_forest
from kbstudy.figures.harms import plot_harms
from kbstudy.figures.individual import plot_adherence, plot_dose_response, plot_individual_changes
from kbstudy.figures.multiverse import draw_multiverse, plot_multiverse
from kbstudy.figures.ordinal import plot_ordinal
from kbstudy.figures.over_time import draw_means_over_time
from kbstudy.figures.raincloud import plot_raincloud
from kbstudy.figures.recordings import plot_recording
from kbstudy.figures.sensitivity import draw_sensitivity
from kbstudy.figures.style import Picture, new_figure, picture

__all__ = [
    "Picture",
    "draw_checks",
    "draw_claim",
    "draw_energy_budgets",
    "draw_energy_claim",
    "draw_estimation",
    "draw_flow",
    "draw_forest",
    "draw_means_over_time",
    "draw_multiverse",
    "draw_sensitivity",
    "new_figure",
    "picture",
    "plot_adherence",
    "plot_dose_response",
    "plot_energy_budgets",
    "plot_energy_claim",
    "plot_estimates",
    "plot_estimation",
    "plot_forest",
    "plot_harms",
    "plot_individual_changes",
    "plot_multiverse",
    "plot_ordinal",
    "plot_raincloud",
    "plot_recording",
]
