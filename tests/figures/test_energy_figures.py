"""The figures of energy show the numbers that came in, at the places where they belong, and no sum."""

from __future__ import annotations

import math

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text

import kbstudy as kb
from kbstudy import figures
from kbstudy.errors import PlanError
from kbstudy.figures.energy import budgets_height_mm, energy_claim_height_mm
from kbstudy.figures.style import REGION, house_style, new_figure, picture
from kbstudy.measures.energy import Lactate, SessionRules, beside_running, find_bouts, measure_session
from kbstudy.measures.pace import running_energy_rates
from tests.measures.energy.made_up import gas, session

pytestmark = pytest.mark.filterwarnings("ignore::kbstudy.errors.SmallSample")

RULES = SessionRules("weir_1949", baseline=(60.0, 240.0), protocol="15:15 × 20 from 300 s")


def words_of(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.findobj(Text)]


LACTATE = Lactate(1.0, 6.0)


def budget(**changes):
    options = {"equation": "weir_1949", "start_s": 300, "end_s": 885, "baseline": (60, 240), "lactate": LACTATE}
    return kb.energy_expenditure(session(), **{**options, **changes})


def budgets_figure(budgets) -> Figure:
    with house_style():
        figure = new_figure(160, budgets_height_mm(len(budgets)))
        figures.draw_energy_budgets(budgets, figure)
        FigureCanvasAgg(figure).draw()
    return figure


# ---- energy budgets ----------------------------------------------------------------------------------------------


def test_a_bar_is_the_gross_energy_in_its_two_parts():
    found = budget()
    bars, _ = budgets_figure({"A": found}).axes
    rest, net = (patch for patch in bars.patches if patch.get_width() > 0)
    assert rest.get_x() == 0
    assert rest.get_width() == pytest.approx(found.aerobic_kcal - found.aerobic_net_kcal)
    assert net.get_x() == pytest.approx(rest.get_width())
    assert net.get_x() + net.get_width() == pytest.approx(found.aerobic_kcal)
    assert list(bars.lines[0].get_xdata()) == [found.aerobic_low_kcal, found.aerobic_high_kcal]


def test_epoc_and_lactate_start_at_their_own_zero_and_are_in_no_sum():
    found = budget()
    figure = budgets_figure({"A": found})
    bars, beside = figure.axes
    assert max(patch.get_x() + patch.get_width() for patch in bars.patches) == pytest.approx(found.aerobic_kcal)
    marks = {line.get_marker(): float(line.get_xdata()[0]) for line in beside.lines if line.get_marker() != "None"}
    assert marks == {"o": found.epoc_kcal, "D": found.lactate_kcal}
    assert beside.get_xlim()[0] == 0
    ranges = [list(line.get_xdata()) for line in beside.lines if len(line.get_xdata()) == 2]
    assert ranges == [[found.lactate_low_kcal, found.lactate_high_kcal]]
    assert "Not added to it (kcal)" in words_of(figure)


def test_a_kilocalorie_is_as_long_in_both_panels():
    figure = budgets_figure({name: budget() for name in "ABCD"})
    scales = [ax.get_window_extent().width / np.diff(ax.get_xlim())[0] for ax in figure.axes]
    assert scales[0] == pytest.approx(scales[1], rel=0.02)


def test_an_epoc_that_was_cut_off_is_at_least_so_much():
    cut = kb.energy_expenditure(
        session().between(0, 960), equation="weir_1949", start_s=300, end_s=885, baseline=(60, 240)
    )
    assert cut.epoc_truncated
    figure = budgets_figure({"A": cut})
    assert f"≥ {cut.epoc_kcal:.0f}" in words_of(figure)
    assert [line.get_marker() for line in figure.axes[1].lines] == [">"]


def test_the_names_of_the_parts_do_not_meet_however_short_a_bar_is():
    short = kb.energy_expenditure(
        session(), equation="weir_1949", start_s=880, end_s=885, baseline=(60, 240), lactate=LACTATE
    )
    figure = budgets_figure({"short": short, "long": budget()})
    names = ("rest", "above rest", "— range of equations", "EPOC", "lactate (range)")
    boxes = [text.get_window_extent() for text in figure.findobj(Text) if text.get_text() in names]
    assert len(boxes) == len(names)
    assert not overlaps(boxes)


def overlaps(boxes):
    return [(a, b) for i, a in enumerate(boxes) for b in boxes[i + 1 :] if a.overlaps(b)]


def test_without_recovery_and_lactate_there_is_one_panel():
    figure = budgets_figure({"A": budget(lactate=None, baseline=None)})
    assert len(figure.axes) == 1
    assert "rest" not in words_of(figure)


def test_rows_are_named_in_order_and_the_number_of_people_is_said():
    figure = budgets_figure({"P2": budget(), "P1 $x$": budget()})
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["P2", "P1 $x$"]
    assert any("n = 2" in text for text in words_of(figure))
    assert figure.axes[0].get_ylim()[0] > figure.axes[0].get_ylim()[1]  # the first on top


def test_the_label_says_the_time_that_a_gap_leaves():
    time = np.concatenate([np.arange(0.0, 600.0, 5.0), np.arange(660.0, 1200.0, 5.0)])
    found = kb.energy_expenditure(gas(time, 2.0), equation="weir_1949", start_s=300, end_s=900)
    assert found.minutes == pytest.approx(595 / 60 - 1, abs=0.1)
    assert any(f"in {found.minutes:.1f} min" in text for text in words_of(budgets_figure({"A": found})))


# ---- the claim ---------------------------------------------------------------------------------------------------


def sessions():
    masses = {"A": 90.0, "B": 60.0, "C": None, "D": 75.0}
    return {
        name: measure_session(session(body_mass_kg=mass, body_mass_source=""), RULES) for name, mass in masses.items()
    }


def claim_figure(people, mean, stated=21.0):
    with house_style():
        figure = new_figure(160, energy_claim_height_mm(len(people)))
        ax = figures.draw_energy_claim(people, mean, stated, figure.subplots())
        FigureCanvasAgg(figure).draw()
    return figure, ax


def test_running_rates_are_the_equations_by_hand():
    low, high = running_energy_rates(360, 80.0)
    speed = 1609.344 / 6
    assert high == pytest.approx((3.5 + 0.2 * speed) * 80 * 5 / 1000)
    assert low == pytest.approx((-4.60 + 0.182258 * speed + 0.000104 * speed**2) * 80 * 5 / 1000)
    with pytest.raises(PlanError, match="1 kg is not a mass"):
        running_energy_rates(360, -1)


def test_people_beside_running_are_ordered_by_mass_and_nobody_is_given_one():
    people = beside_running(sessions(), pace_s_per_mile=360)
    assert people["participant"].tolist() == ["B", "D", "A", "C"]
    assert people["pace_high_kcal_min"].iloc[1] == pytest.approx(running_energy_rates(360, 75.0)[1])
    assert people.iloc[-1][["body_mass_kg", "pace_low_kcal_min", "pace_high_kcal_min"]].isna().all()


def test_the_claim_figure_draws_each_person_the_mean_and_the_stated_rate():
    people = beside_running(sessions(), pace_s_per_mile=360)
    people["kcal_min"] += [0.0, 1.0, 2.0, 3.0]
    mean = kb.mean(people, "kcal_min", participant="participant")
    figure, ax = claim_figure(people, mean)
    points = [float(line.get_xdata()[0]) for line in ax.lines if line.get_marker() == "o"]
    assert points == pytest.approx([*people["kcal_min"], mean.row()["estimate"]])
    running = [list(line.get_xdata()) for line in ax.lines if line.get_marker() == "|"]
    known = people.dropna(subset="body_mass_kg")
    assert running == known[["pace_low_kcal_min", "pace_high_kcal_min"]].to_numpy().tolist()
    assert [mean.row()["low"], mean.row()["high"]] in [list(line.get_xdata()) for line in ax.lines]
    assert ax.collections[0].get_segments()[0][0][0] == 21.0
    shown = words_of(figure)
    for text in ("B, 60.0 kg", "C, no body mass", "Mean, 95% CI (n = 4)", "stated: 21 kcal/min", "measured"):
        assert text in shown
    assert ax.get_xlim()[0] == 0


def test_estimated_points_are_hollow_and_the_figure_says_so():
    people = beside_running(sessions(), pace_s_per_mile=360).assign(measured=[True, False, True, True])
    figure, ax = claim_figure(people, kb.mean(people.assign(kcal_min=[8.0, 9, 10, 11]), "kcal_min"))
    faces = [line.get_markerfacecolor() for line in ax.lines if line.get_marker() == "o"]
    assert [face == "white" for face in faces] == [False, True, False, False, False]
    assert "measured (hollow: estimated)" in words_of(figure)


def test_without_any_body_mass_no_running_is_drawn_or_named():
    people = beside_running({"C": sessions()["C"], "E": sessions()["C"]}, pace_s_per_mile=360)
    figure, ax = claim_figure(people, kb.mean(people.assign(kcal_min=[8.0, 9.0]), "kcal_min"))
    assert not [line for line in ax.lines if line.get_marker() == "|"]
    assert not [text for text in words_of(figure) if "mile" in text]


@pytest.mark.parametrize("shift", [0.0, 6.0, 12.0, 20.0])
def test_the_names_above_the_rows_do_not_meet(shift):
    people = beside_running(sessions(), pace_s_per_mile=360)
    people["kcal_min"] += np.array([0.0, 1.0, 2.0, 3.0]) + shift
    figure, ax = claim_figure(people, kb.mean(people, "kcal_min"))
    names = [text for text in ax.texts if text.get_text().startswith(("measured", "stated", "a six"))]
    assert len(names) == 3
    boxes = [text.get_window_extent() for text in names]
    assert not overlaps(boxes)
    assert all(box.x0 >= 0 and box.x1 <= figure.bbox.width for box in boxes)


def test_plots_for_a_notebook_say_that_data_are_made_up():
    people = beside_running(sessions(), pace_s_per_mile=360).assign(kcal_min=[8.0, 9.0, 10.0, 11.0])
    mean = kb.mean(people, "kcal_min").with_(stamp="SIMULATED")
    assert figures.plot_energy_claim(people, mean, 21.0).axes[0].get_title("left").startswith("SIMULATED: ")
    made_up = kb.energy_expenditure(session(simulated=True), equation="weir_1949")
    assert figures.plot_energy_budgets({"A": made_up}).axes[0].get_title("left").startswith("SIMULATED: ")
    assert not figures.plot_energy_budgets({"A": budget()}).axes[0].get_title("left").startswith("SIMULATED")


def test_the_same_numbers_give_the_same_bytes():
    first, second = (picture(budgets_figure({"A": budget(), "B": budget()}), "SIMULATED") for _ in range(2))
    assert first.svg == second.svg
    assert first.png == second.png
    assert not first.boxes


def test_the_style_leaves_what_a_notebooks_backend_switches_on():
    """Such a backend starts with the first figure, inside the style; undone, no later figure would be shown."""
    before = mpl.is_interactive(), mpl.rcParams["font.size"]
    try:
        with house_style():
            mpl.interactive(True)
        assert mpl.is_interactive()
        with house_style():
            mpl.interactive(False)
        assert not mpl.is_interactive()
        assert mpl.rcParams["font.size"] == before[1]
    finally:
        mpl.interactive(before[0])


# ---- recordings --------------------------------------------------------------------------------------------------


def recording():
    time = np.concatenate([np.arange(0.0, 600.0, 5.0), np.arange(660.0, 1200.0, 5.0)])
    rer = np.where((time > 400) & (time < 500), 1.1, 0.9)
    vo2 = np.where((time >= 300) & (time < 900), 2.0, 0.3)
    return gas(time, vo2, rer).with_(gaps=((595.0, 660.0),))


def with_rer():
    made = recording()
    return made.with_(data=made.data.assign(rer=made.data["vco2_l_min"] / made.data["vo2_l_min"]))


def test_bouts_are_named_above_the_recording_and_marked_in_every_panel():
    bouts = find_bouts(with_rer(), protocol="15:15 × 20 from 300 s")
    figure = with_rer().plot(bouts=bouts)
    assert any(text.startswith("15:15 × 20 from 300 s (9.8 min, by protocol)") for text in words_of(figure))
    for ax in figure.axes:
        edges = [line.get_xdata()[0] for line in ax.lines if len(set(line.get_xdata())) == 1]
        assert [bouts[0].start_s / 60, bouts[0].end_s / 60] == [edge for edge in edges if edge > 0]
    (bar,) = (line for line in figure.axes[0].lines if list(line.get_ydata()) == [1.02, 1.02])
    assert list(bar.get_xdata()) == [5.0, 14.75]


def test_shades_are_drawn_where_they_belong_and_explained():
    figure = with_rer().plot()
    assert figure.axes[-1].get_xlabel() == "Minutes (blue: RER above 1, grey: no data)"
    spans = [(p.get_x() * 60, (p.get_x() + p.get_width()) * 60) for p in figure.axes[0].patches]
    assert spans[0] == pytest.approx((595.0, 660.0))
    assert spans[1] == pytest.approx((405.0, 500.0))
    from matplotlib.colors import to_hex

    assert to_hex(figure.axes[0].patches[1].get_facecolor()) == REGION


def test_nothing_is_explained_that_is_not_drawn():
    plain = gas(np.arange(0.0, 600.0, 5.0), 1.0)
    figure = plain.plot()
    assert figure.axes[-1].get_xlabel() == "Minutes"
    assert not math.isnan(plain.minutes)


def test_no_line_crosses_a_gap():
    line = with_rer().plot().axes[0].lines[0]
    minutes = np.asarray(line.get_xdata(), dtype=float)
    hole = np.flatnonzero(np.isnan(minutes))
    assert [minutes[hole[0] - 1] * 60, minutes[hole[0] + 1] * 60] == pytest.approx([595.0, 660.0])
