"""One function a figure: results in, axes out. Nothing is computed here."""

from kbstudy.figures.claims import draw_claim
from kbstudy.figures.estimation import draw_estimation, plot_estimates
from kbstudy.figures.flow import draw_flow
from kbstudy.figures.over_time import draw_means_over_time
from kbstudy.figures.style import Picture, new_figure, picture

__all__ = [
    "Picture",
    "draw_claim",
    "draw_estimation",
    "draw_flow",
    "draw_means_over_time",
    "new_figure",
    "picture",
    "plot_estimates",
]
