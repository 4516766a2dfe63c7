"""What a stretch of exercise cost: oxygen during it, oxygen after it, lactate; side by side, never summed."""

from __future__ import annotations

import html
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
import pandas as pd

from kbstudy import formatting as fmt
from kbstudy.errors import DataError, Problem
from kbstudy.measures.energy.equations import EQUATIONS, RerAboveOne, check_rer_above_one, equation_named
from kbstudy.measures.energy.gas import Gas, read_gas
from kbstudy.measures.energy.integration import Gaps, Integral, check_gaps, check_window
from kbstudy.measures.energy.recovery import (
    KCAL_PER_LITRE_RECOVERY,
    Baseline,
    Epoc,
    Lactate,
    LactateEnergy,
    excess_share,
    find_baseline,
    find_epoc,
    lactate_energy,
)
from kbstudy.measures.lactate import LACTATE_O2_ML_KG_MM, LACTATE_O2_RANGE
from kbstudy.recording import Recording

__all__ = ["EnergyBudget", "energy_expenditure"]

_NOT_ADDED: Final = (
    "EPOC and lactate energy are not added to each other: part of the oxygen after exercise removes the lactate."
)
_DI_PRAMPERO: Final = "di Prampero PE, Ferretti G. Respir Physiol 1999;118:103–115. doi:10.1016/S0034-5687(99)00083-3"
_CONVERSION_2024: Final = "Front Physiol 2024;14:1283327. doi:10.3389/fphys.2023.1283327"


@dataclass(frozen=True, repr=False)
class EnergyBudget:
    """Energy of a stretch of a recording, with every choice that it rests on.

    There is no total of all components, on purpose: see ``notes``.

    Parameters
    ----------
    aerobic_kcal, aerobic_kcal_min
        Gross (rest included): total, and mean over ``minutes_covered + minutes_bridged``.
    aerobic_low_kcal, aerobic_high_kcal
        The lowest and highest total that an equation of the registry gives with the same choices. Not a confidence
        interval: it is what the choice of equation is worth.
    aerobic_net_kcal
        Minus the baseline's energy over the same time; NaN without a baseline.
    epoc_kcal, epoc_minutes, epoc_minutes_missing, epoc_truncated
        Uptake above the baseline after ``end_s``, at 5 kcal/L; the time that this is; time in gaps that it lacks;
        whether it was cut off before uptake was back (end of the recording, next bout). With either of the latter it is
        too low. NaN without a baseline, an ``end_s`` and a recovery.
    lactate_kcal, lactate_low_kcal, lactate_high_kcal
        A total for the bout at 3.0 mL of oxygen a kilogram and mmol/L, and at 2.7 and 3.4; NaN without lactate.
    minutes_covered, minutes_bridged, minutes_excluded
        Time with data; time in gaps that the total includes; time in gaps that it leaves out.
    row_mean_bias
        What averaging rows instead of time would do, as a share of the total over covered time.
    share_time_rer_above_one, share_vo2_rer_above_one
        Share of the time, and of the oxygen, with an RER above one; NaN without VCO2.
    equation, rer_above_one, gaps, start_s, end_s
        The choices; the window as it was used.
    baseline
        Where rest was taken from, or ``None``.
    lactate
        The lactate values, or ``None``.
    notes
        What to know before using a number.
    basis
        ``"measured"`` (VO2 and VCO2) or ``"estimated"`` (RER assumed) for the aerobic part. EPOC is measured oxygen
        with an assumed RER; lactate energy is always estimated.
    file, sha256, simulated
        Of the recording.
    """

    aerobic_kcal: float
    aerobic_kcal_min: float
    aerobic_low_kcal: float
    aerobic_high_kcal: float
    aerobic_net_kcal: float
    epoc_kcal: float
    epoc_minutes: float
    epoc_minutes_missing: float
    epoc_truncated: bool
    lactate_kcal: float
    lactate_low_kcal: float
    lactate_high_kcal: float
    minutes_covered: float
    minutes_bridged: float
    minutes_excluded: float
    row_mean_bias: float
    share_time_rer_above_one: float
    share_vo2_rer_above_one: float
    equation: str
    rer_above_one: RerAboveOne
    gaps: Gaps
    start_s: float
    end_s: float
    baseline: Baseline | None
    lactate: Lactate | None
    notes: tuple[str, ...]
    basis: Literal["measured", "estimated"]
    file: str = ""
    sha256: str = ""
    simulated: bool = False

    @property
    def minutes(self) -> float:
        """Time that the aerobic total stands for."""
        return self.minutes_covered + self.minutes_bridged

    @property
    def choices(self) -> dict[str, Any]:
        """What was decided, for a table of a study."""
        return {
            "equation": self.equation,
            "rer_above_one": self.rer_above_one,
            "gaps": self.gaps,
            "start_s": self.start_s,
            "end_s": self.end_s,
            "baseline": self.baseline.source if self.baseline else "none",
            "kcal_per_litre_recovery": KCAL_PER_LITRE_RECOVERY,
            "lactate_o2_ml_kg_mm": LACTATE_O2_ML_KG_MM,
        }

    def table(self) -> pd.DataFrame:
        """The components that there are: ``component, kcal, kcal_min, low_kcal, high_kcal, basis, how``.

        ``kcal_min`` is NaN for EPOC and lactate, which are totals. Ranges are those of the published constants and
        equations, not confidence intervals.
        """
        columns = ["component", "kcal", "kcal_min", "low_kcal", "high_kcal", "basis", "how"]
        return pd.DataFrame(list(self._rows()), columns=columns)

    def _rows(self) -> Iterator[tuple[Any, ...]]:
        spread = (self.aerobic_low_kcal, self.aerobic_high_kcal)
        yield ("aerobic, gross", self.aerobic_kcal, self.aerobic_kcal_min, *spread, self.basis, self._how())
        none = (math.nan, math.nan)
        if self.baseline:
            net = self.aerobic_net_kcal
            yield ("aerobic, net", net, net / self.minutes, *none, self.basis, f"minus rest ({self.baseline.source})")
        if not math.isnan(self.epoc_kcal):
            until = "truncated" if self.epoc_truncated else "until return to baseline"
            how = f"{fmt.number(self.epoc_minutes, 1)} min, {until}; {KCAL_PER_LITRE_RECOVERY:g} kcal/L"
            yield ("EPOC", self.epoc_kcal, math.nan, *none, "measured", how)
        if self.lactate:
            rise = f"net rise {self.lactate.rise_mmol_l:.3g} mmol/L"
            how = f"{rise} × {LACTATE_O2_ML_KG_MM:g} mL/kg/mM ({LACTATE_O2_RANGE[0]:g} to {LACTATE_O2_RANGE[1]:g})"
            low, high = self.lactate_low_kcal, self.lactate_high_kcal
            yield ("lactate", self.lactate_kcal, math.nan, low, high, "estimated", how)

    def _how(self) -> str:
        capped = {"cap": "RER above 1 counted as carbohydrate", "as_is": "RER above 1 as it is"}[self.rer_above_one]
        rule = EQUATIONS[self.equation]
        return f"{rule.name}; {capped}" if rule.needs_vco2 else rule.name

    def sentence(self) -> str:
        """The findings in words."""
        stamp = "[SIMULATED] " if self.simulated else ""
        minutes = f"{fmt.number(self.minutes, 1)} min"
        rate = f"{fmt.number(self.aerobic_kcal_min, 1)} kcal/min"
        main = f"{stamp}{fmt.number(self.aerobic_kcal, 1)} kcal in {minutes} = {rate}, gross ({self._how()})."
        return " ".join([main, *self._more()])

    def _more(self) -> Iterator[str]:
        if self.minutes_bridged or self.minutes_excluded:
            yield self._gap_words()
        if self.share_time_rer_above_one > 0:
            time, oxygen = _percent(self.share_time_rer_above_one), _percent(self.share_vo2_rer_above_one)
            yield f"RER was above 1 in {time} of the time and {oxygen} of the oxygen."
        if self.baseline:
            yield f"Net of rest {fmt.number(self.aerobic_net_kcal, 1)} kcal."
        if not math.isnan(self.epoc_kcal):
            least = "at least " if self.epoc_truncated or self.epoc_minutes_missing else ""
            yield f"EPOC {least}{fmt.number(self.epoc_kcal, 1)} kcal in {fmt.number(self.epoc_minutes, 1)} min."
        if self.lactate:
            span = fmt.interval(self.lactate_low_kcal, self.lactate_high_kcal, 1)
            yield f"Lactate {fmt.number(self.lactate_kcal, 1)} kcal ({span}) for the whole bout."

    def _gap_words(self) -> str:
        if self.minutes_bridged:
            return f"{fmt.number(self.minutes_bridged, 1)} min of it are gaps without data, bridged by straight lines."
        return f"{fmt.number(self.minutes_excluded, 1)} min without data are left out."

    def methods(self) -> str:
        """How it was computed, for a methods section, with sources."""
        return " ".join(self.method_sentences())

    def method_sentences(self) -> tuple[str, ...]:
        """The same, sentence by sentence."""
        return tuple(self._methods())

    def _methods(self) -> Iterator[str]:
        rule = EQUATIONS[self.equation]
        yield f"Energy expenditure: {rule.formula} ({rule.source.rstrip('.')})."
        if rule.needs_vco2:
            yield {
                "cap": f"A respiratory exchange ratio above {rule.rer_carbohydrate:g} counted as that.",
                "as_is": "A respiratory exchange ratio above 1 was used as it was.",
            }[self.rer_above_one]
        yield "Rates were integrated over time by the trapezoid rule, so that every second counts the same."
        treated = {"exclude": "left out", "bridge": "bridged by straight lines"}[self.gaps]
        yield f"Intervals above max(20 s, 3 × the median interval) were gaps and {treated}."
        if self.baseline:
            yield f"Baseline: {self.baseline.source}."
        if not math.isnan(self.epoc_kcal):
            yield (
                "EPOC: uptake above the baseline from the end of exercise to the first 30 s that average no more than "
                "it, at most to the end of the recording or the next bout, at "
                f"{KCAL_PER_LITRE_RECOVERY:g} kcal/L (20.9 kJ/L)."
            )
        if self.lactate:
            yield (
                f"Lactate: net rise × {LACTATE_O2_ML_KG_MM:g} mL of oxygen a kilogram and mmol/L ({_DI_PRAMPERO}), "
                f"range {LACTATE_O2_RANGE[0]:g} to {LACTATE_O2_RANGE[1]:g} ({_CONVERSION_2024}), at "
                f"{KCAL_PER_LITRE_RECOVERY:g} kcal/L."
            )

    def __str__(self) -> str:
        return "\n".join([self.sentence(), *(f"- {note}" for note in self.notes)])

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        shown = self.table()
        for column in ("kcal", "kcal_min", "low_kcal", "high_kcal"):
            shown[column] = [fmt.number(value, 1) for value in shown[column]]
        head = f"<p><strong>{html.escape(self.file)}</strong>: {html.escape(self.sentence())}</p>"
        return f"{head}{fmt.html_table(shown)}{fmt.html_list(self.notes)}{fmt.html_small([self.methods()])}"


def _percent(share: float) -> str:
    return f"{fmt.number(100 * share, 1)}%"


def energy_expenditure(
    recording: Recording,
    *,
    equation: str,
    rer_above_one: RerAboveOne = "cap",
    gaps: Gaps = "exclude",
    start_s: float | None = None,
    end_s: float | None = None,
    baseline: tuple[float, float] | float | None = None,
    lactate: Lactate | None = None,
) -> EnergyBudget:
    """Energy expenditure of a recording or a stretch of it, integrated over time.

    Parameters
    ----------
    recording
        Gas exchange; VO2 and VCO2 in L/min STPD.
    equation
        An id of :data:`~kbstudy.measures.energy.EQUATIONS`. There is no default: the choice moves the total by 3 to
        5 %.
    rer_above_one
        ``"cap"``: an RER above that of pure carbohydrate counts as that. ``"as_is"``: the equation goes on.
    gaps
        ``"exclude"``: nothing is assumed about intervals above max(20 s, 3 × the median interval). ``"bridge"``: a
        straight line over them.
    start_s, end_s
        Start and end of the exercise, seconds of the recording's clock. EPOC starts at ``end_s``.
    baseline
        For net energy and EPOC: a window ``(start_s, end_s)`` of the recording before the exercise, or an uptake in
        L/min. No baseline is ever assumed.
    lactate
        Blood lactate at rest and its peak. Needs a body mass in the recording.

    Returns
    -------
    EnergyBudget
        Aerobic energy in kcal and kcal/min, with EPOC and lactate beside it where they can be had; ``.table()``,
        ``.sentence()``, ``.methods()``.

    Raises
    ------
    PlanError
        An unknown equation or policy; a window that is reversed, empty or outside the recording; a baseline that
        reaches into the exercise or is no resting uptake; lactate without a body mass.
    DataError
        A column is missing (VCO2, if the equation needs it); values that cannot be; times that fall; no data in the
        window.

    When not to use
    ---------------
    For an interval much shorter than a minute: stores of oxygen and carbon dioxide change faster than uptake, so treat
    work and rest of 15 s each as one bout. As the whole cost of short all-out efforts: most of it is not aerobic. With
    VO2 that was estimated from heart rate: the result is then an estimate of that line.

    Notes
    -----
    **Aerobic.** kcal/min at each row, trapezoid rule over time. Rows without VO2 (empty or zero: a missed breath) are
    left out and counted.

    **RER above 1.** Carbon dioxide from bicarbonate is not oxidation. The share of time and of oxygen affected is
    reported, each row standing for half of the interval on either side.

    **EPOC.** Uptake minus baseline from ``end_s`` to the first 30 s whose mean is not above baseline, × 5 kcal/L (20.9
    kJ/L; RER after exercise does not tell the fuel).

    **Lactate.** (peak − rest) × 3.0 mL of oxygen a kilogram and mmol/L × body mass × 5 kcal/L, with 2.7 and 3.4 beside
    it. A total, once a bout; a rise of 10 mmol/L at 80 kg is 12 kcal.

    EPOC and lactate pay in part for the same thing, and nobody can say how much; so no sum is given.

    References
    ----------
    Kipp, Byrnes & Kram 2018, doi:10.1139/apnm-2017-0781; di Prampero & Ferretti 1999,
    doi:10.1016/S0034-5687(99)00083-3; doi:10.3389/fphys.2023.1283327 (3.4 ± 0.4 mL a kilogram and mmol/L)

    Validated against
    -----------------
    Whole-file totals of a COSMED, a Cortex and a Parvo export by six equations, to 0.01 kcal; the running total of the
    COSMED device to 0.01 % (``tests/measures/energy/``).

    Examples
    --------
    >>> from kbstudy.recording import Recording
    >>> time = [float(t) for t in range(0, 1201, 10)]
    >>> vo2 = [0.3 if t < 300 or t > 900 else 2.0 for t in time]
    >>> data = pd.DataFrame({"time_s": time, "vo2_l_min": vo2, "vco2_l_min": [0.9 * v for v in vo2]})
    >>> recording = Recording(data, "gas_exchange", "steady.csv", "example", body_mass_kg=80.0)
    >>> found = energy_expenditure(
    ...     recording, equation="weir_1949", start_s=300, end_s=900, baseline=(60, 240), lactate=Lactate(1.0, 6.0)
    ... )
    >>> print(found.sentence())
    98.7 kcal in 10.0 min = 9.9 kcal/min, gross (Weir 1949; RER above 1 counted as carbohydrate). Net of rest \
83.9 kcal. EPOC 0.7 kcal in 0.2 min. Lactate 6.0 kcal (5.4 to 6.8) for the whole bout.
    """
    rule = equation_named(equation)
    check_rer_above_one(rer_above_one)
    check_gaps(gaps)
    gas = read_gas(recording, needs_vco2=rule.needs_vco2)
    line = gas.timeline
    check_window(start_s, end_s, float(line.time_s[0]), float(line.time_s[-1]), "the exercise")
    window = line.edges(start_s, end_s)
    spent = line.integral(rule.rate(gas.vo2, gas.vco2, rer_above_one=rer_above_one), gaps, *window)
    _check_covered(spent, recording, window)
    rest = None if baseline is None else find_baseline(gas, baseline, rule, rer_above_one, window[0])
    after = _epoc(gas, rest, window[0], end_s)
    sour = LactateEnergy() if lactate is None else lactate_energy(lactate, recording)
    low, high = _spread(gas, rer_above_one, gaps, window)
    weights = line.weights(gaps, *window)
    return EnergyBudget(
        aerobic_kcal=spent.total,
        aerobic_kcal_min=spent.mean,
        aerobic_low_kcal=low,
        aerobic_high_kcal=high,
        aerobic_net_kcal=math.nan if rest is None else spent.total - rest.kcal_min * spent.minutes,
        epoc_kcal=after.kcal,
        epoc_minutes=after.minutes,
        epoc_minutes_missing=after.minutes_missing,
        epoc_truncated=after.truncated,
        lactate_kcal=sour.kcal,
        lactate_low_kcal=sour.low,
        lactate_high_kcal=sour.high,
        minutes_covered=spent.minutes_covered,
        minutes_bridged=spent.minutes_bridged,
        minutes_excluded=spent.minutes_excluded,
        row_mean_bias=spent.row_mean_bias,
        share_time_rer_above_one=excess_share(gas.rer, weights),
        share_vo2_rer_above_one=excess_share(gas.rer, weights * gas.vo2),
        equation=rule.id,
        rer_above_one=rer_above_one,
        gaps=gaps,
        start_s=window[0],
        end_s=window[1],
        baseline=rest,
        lactate=lactate,
        notes=tuple(filter(None, _notes(gas, spent, rest, after, sour, (start_s, end_s)))),
        basis="measured" if rule.needs_vco2 else "estimated",
        file=recording.file,
        sha256=recording.sha256,
        simulated=recording.simulated,
    )


def _check_covered(spent: Integral, recording: Recording, window: tuple[float, float]) -> None:
    if spent.minutes <= 0:
        what = f"no data between {window[0]:g} and {window[1]:g} s: the stretch lies in a gap"
        do = 'Choose another stretch, or gaps="bridge" if a straight line over the gap is what you want.'
        raise DataError(Problem(what, file=recording.file, do=do))


def _epoc(gas: Gas, rest: Baseline | None, start_s: float, end_s: float | None) -> Epoc:
    if rest is None:
        return Epoc()
    if end_s is None:
        return Epoc(note="No EPOC: end_s was not named, so everything up to the last row counts as exercise.")
    return find_epoc(gas, rest, start_s, end_s)


def _spread(gas: Gas, rer_above_one: RerAboveOne, gaps: Gaps, window: tuple[float, float]) -> tuple[float, float]:
    """The lowest and highest total that an equation gives, of those that the recording has the gases for."""
    complete = gas.vco2 is not None and bool(np.isfinite(gas.vco2).all())
    totals = [
        gas.timeline.integral(rule.rate(gas.vo2, gas.vco2, rer_above_one=rer_above_one), gaps, *window).total
        for rule in EQUATIONS.values()
        if complete or not rule.needs_vco2
    ]
    return min(totals), max(totals)


# ---- what to know ------------------------------------------------------------------------------------------------


def _notes(
    gas: Gas,
    spent: Integral,
    rest: Baseline | None,
    after: Epoc,
    sour: LactateEnergy,
    asked: tuple[float | None, float | None],
) -> Iterator[str]:
    yield from gas.notes
    yield _cut(gas, asked)
    yield _gap_note(gas, spent, asked)
    if rest:
        yield rest.note
        low = spent.mean < rest.kcal_min
        yield "Energy in the window is below that of the baseline: is the baseline rest?" if low else ""
    yield after.note
    yield sour.note
    if not math.isnan(after.kcal) and not math.isnan(sour.kcal):
        yield _NOT_ADDED


def _cut(gas: Gas, asked: tuple[float | None, float | None]) -> str:
    """Whether the recording is shorter than what was asked for, or nothing was asked for."""
    first, last = float(gas.timeline.time_s[0]), float(gas.timeline.time_s[-1])
    start, end = asked
    if start is None and end is None:
        return "No start_s and end_s: the whole recording counts, with any rest and recovery in it."
    beyond = (start is not None and start < first) or (end is not None and end > last)
    return f"The window was cut to the data, which go from {first:g} to {last:g} s." if beyond else ""


def _gap_note(gas: Gas, spent: Integral, asked: tuple[float | None, float | None]) -> str:
    if not spent.minutes_bridged and not spent.minutes_excluded:
        return ""
    low, high = gas.timeline.edges(*asked)
    found = [(max(a, low), min(b, high)) for a, b in gas.timeline.gaps if a < high and b > low]
    start, end = max(found, key=lambda gap: gap[1] - gap[0])
    done = "left out"
    if spent.minutes_bridged:
        done = "bridged by straight lines, which understates them if a row beside one is an artefact near zero"
    longest = f"the longest {end - start:.0f} s from {start:.0f} to {end:.0f} s"
    return f"{fmt.count(len(found), 'gap')} above {gas.timeline.limit_s:.0f} s ({longest}) {done}."
