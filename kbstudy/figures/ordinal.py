"""Shares of the categories of a score in each arm, as one bar an arm."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import matplotlib as mpl
from matplotlib.axes import Axes

from kbstudy import formatting as fmt
from kbstudy.figures.style import INK, house_style

if TYPE_CHECKING:
    from kbstudy.estimates import Estimates

__all__ = ["plot_ordinal"]

#: Narrower parts of a bar, as shares, have no room for their name.
_ROOM = 0.035


def plot_ordinal(estimates: Estimates, ax: Axes | None = None) -> Axes:
    """The predicted share of each category in each arm, best scores at the left, darker the worse.

    Parameters
    ----------
    estimates
        From :func:`kbstudy.ordinal`.
    ax
        Where to draw; a new figure if not given.

    Returns
    -------
    matplotlib.axes.Axes
    """
    import matplotlib.pyplot as plt

    rows = estimates.frame[estimates.frame["term"].str.startswith("share_predicted: ")]
    arms, terms = list(dict.fromkeys(rows["arm"])), list(dict.fromkeys(rows["term"]))
    if estimates.better == "higher":
        terms = terms[::-1]
    with house_style():
        if ax is None:
            _, ax = plt.subplots(figsize=(6.4, 1.5 + 0.6 * len(arms)), layout="constrained")
        shades = mpl.colormaps["Blues"]
        for position, arm in enumerate(arms):
            start = 0.0
            mine = rows[rows["arm"] == arm].set_index("term")
            for k, term in enumerate(terms):
                share = float(mine.loc[term, "estimate"])
                depth = 0.08 + 0.84 * (k / max(len(terms) - 1, 1))
                ax.barh(position, 100 * share, left=100 * start, color=shades(depth), ec="white", lw=0.6, height=0.62)
                if share > _ROOM:
                    ink = "white" if depth > 0.55 else INK
                    name = textwrap.shorten(term.partition(": ")[2], max(int(90 * share), 2), placeholder="…")
                    at = (100 * (start + share / 2), position)
                    ax.annotate(name, at, ha="center", va="center", color=ink, parse_math=False)
                start += share
        names = [
            "\n".join(
                [*textwrap.wrap(arm, 22, max_lines=2, placeholder=" …"), f"n = {rows[rows['arm'] == arm]['n'].iloc[0]}"]
            )
            for arm in arms
        ]
        ax.set_yticks(range(len(arms)), names, parse_math=False)
        ax.set_ylim(len(arms) - 0.5, -0.5)
        ax.set_xlim(0, 100)
        ax.spines[["left"]].set_visible(False)
        ax.tick_params(left=False)
        ax.set_xlabel(
            "Predicted share of people, % (better scores at the left)\n"
            "Odds ratio above 1: a better score is more likely"
        )
        ax.set_title(_title(estimates), parse_math=False)
    return ax


def _title(estimates: Estimates) -> str:
    stamp = f"{estimates.stamp}: " if estimates.stamp else ""
    lines = textwrap.wrap(stamp + estimates.title, 62)
    for _, row in estimates.rows("odds_ratio_better").iterrows():
        limits = fmt.interval(row["low"], row["high"], 2)
        about = row["contrast"].replace(" - ", " against ")
        lines.append(
            f"{about}: odds ratio {fmt.number(row['estimate'], 2)} ({fmt.confidence(estimates.level)} CI {limits})"
        )
    return "\n".join(lines)
