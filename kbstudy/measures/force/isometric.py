"""Isometric pulls and pushes: peak force gross and net, and how fast force rises."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

import numpy as np
import pandas as pd

from kbstudy import formatting as fmt
from kbstudy.errors import PlanError, Problem
from kbstudy.measures.force.rules import GRAVITY, methods_of
from kbstudy.measures.force.standing import BAND_SD, check_person
from kbstudy.measures.force.traces import Floats, Force, force_of, running_integral, runs, spread_of_windows
from kbstudy.measures.force.views import Row, notebook_view, table_of
from kbstudy.recording import Recording

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["IsometricPull", "isometric_pull"]

BodyWeight: TypeAlias = float | Literal["quiet"]

_BANDS_MS: Final = (50, 100, 150, 200, 250)
_SHORTEST_S: Final = 1.5
_SUSTAINED_S: Final = 0.1
_STEEPEST_S: Final = 0.02
_EARLY_S: Final = 0.2
_LOADED_N: Final = 50.0
_ROUNDING: Final = 1e-6
#: N. More than this above body weight before the pull is pre-tension.
_PRETENSION_N: Final = 50.0
#: Shares of the baseline: above the first its SD is named, above the second it is refused.
_RESTLESS: Final = 0.02
_MOVING: Final = 0.10
_MOST_N: Final = 15_000.0
_LOWEST_RATE_HZ: Final = 500.0

_ROWS: Final[tuple[Row, ...]] = (
    ("body_weight_n", "N", "", 1),
    ("baseline_n", "N", "baseline_quietest_second", 1),
    ("baseline_sd_n", "N", "baseline_quietest_second", 2),
    ("onset_s", "s", "onset_5_sd_sustained", 3),
    ("onset_force_n", "N", "onset_5_sd_sustained", 1),
    ("peak_s", "s", "peak_gross", 3),
    ("peak_force_n", "N", "peak_gross", 1),
    ("peak_force_net_n", "N", "peak_net", 1),
    *((f"force_{ms}_ms_n", "N", "force_after_onset", 1) for ms in _BANDS_MS),
    *((f"rfd_0_{ms}_n_s", "N/s", "rfd_from_onset", 0) for ms in _BANDS_MS),
    ("peak_rfd_n_s", "N/s", "rfd_peak_20_ms", 0),
    ("impulse_0_200_n_s", "N·s", "impulse_0_200_ms", 2),
)


@dataclass(frozen=True, repr=False)
class IsometricPull:
    """An isometric pull or push: peak force, rate of force development, each value with its rule.

    Parameters
    ----------
    peak_force_n, peak_force_net_n
        Gross (body weight included) and net.
    onset_s, onset_force_n, peak_s
        Events, and force at onset.
    rfd_0_50_n_s, rfd_0_100_n_s, rfd_0_150_n_s, rfd_0_200_n_s, rfd_0_250_n_s
        From onset to that many ms; NaN where the trace ends before.
    force_50_ms_n, force_100_ms_n, force_150_ms_n, force_200_ms_n, force_250_ms_n
        Gross force at that time after onset.
    peak_rfd_n_s
        Steepest 20 ms.
    impulse_0_200_n_s
        Of force minus body weight.
    body_weight_n, baseline_n, baseline_sd_n
        Body weight as declared; mean and SD of the quiet second before the pull.
    rules, notes, sampling_hz, gravity_m_s2
        What it rests on, and what to know before using a number.
    curves
        ``time_s, force_n, net_force_n``.
    file, sha256, simulated
        Of the recording.
    """

    peak_force_n: float
    peak_force_net_n: float
    onset_s: float
    onset_force_n: float
    peak_s: float
    rfd_0_50_n_s: float
    rfd_0_100_n_s: float
    rfd_0_150_n_s: float
    rfd_0_200_n_s: float
    rfd_0_250_n_s: float
    force_50_ms_n: float
    force_100_ms_n: float
    force_150_ms_n: float
    force_200_ms_n: float
    force_250_ms_n: float
    peak_rfd_n_s: float
    impulse_0_200_n_s: float
    body_weight_n: float
    baseline_n: float
    baseline_sd_n: float
    rules: Mapping[str, str]
    notes: tuple[str, ...]
    sampling_hz: float
    gravity_m_s2: float
    curves: pd.DataFrame = field(compare=False)
    file: str = ""
    sha256: str = ""
    simulated: bool = False

    @property
    def peak_force_net_n_kg(self) -> float:
        """Net peak force a kilogram of body mass; NaN without a body weight."""
        return self.peak_force_net_n * self.gravity_m_s2 / self.body_weight_n if self.body_weight_n > 0 else math.nan

    def table(self) -> pd.DataFrame:
        """Every value that there is: ``quantity, value, unit, rule``. Rules are spelled out by :meth:`methods`."""
        return table_of(self, _ROWS, self.rules)

    def sentence(self) -> str:
        """The findings in words."""
        stamp = "[SIMULATED] " if self.simulated else ""
        peak = f"peak force {fmt.number(self.peak_force_n, 0)} N gross and {fmt.number(self.peak_force_net_n, 0)} N net"
        bands = [
            f"{fmt.number(value, 0)} N/s over {ms} ms"
            for ms in (50, 100, 200)
            if not math.isnan(value := getattr(self, f"rfd_0_{ms}_n_s"))
        ]
        rate = f" Rate of force development from onset: {fmt.words(bands)}." if bands else ""
        return f"{stamp}Isometric pull: {peak} of body weight.{rate}"

    def methods(self) -> str:
        """How it was computed, for a methods section, with sources."""
        sampled = f"Force was sampled at {self.sampling_hz:g} Hz and not filtered."
        return f"{sampled} {methods_of(list(self.table()['rule']))}"

    def plot(self, ax: Axes | None = None) -> Any:
        """Force over time with onset, peak and the times of RFD."""
        from kbstudy.figures.force import plot_isometric_pull

        return plot_isometric_pull(self, ax=ax)

    def __str__(self) -> str:
        return "\n".join([self.sentence(), *(f"- {note}" for note in self.notes)])

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        return notebook_view(self, _ROWS)


def isometric_pull(
    recording: Recording, *, body_weight: BodyWeight = "quiet", gravity_m_s2: float = GRAVITY
) -> IsometricPull:
    """Measure an isometric mid-thigh pull, squat or push on a force plate or load cell.

    Parameters
    ----------
    recording
        From :func:`kbstudy.read_force`. One pull, with a second of quiet before it.
    body_weight
        ``"quiet"``: the quiet second before the pull is the body weight. A number: body weight in N, weighed before
        (mass × 9.81); pre-tension is then seen. ``0``: a load cell or dynamometer that does not carry the person.
    gravity_m_s2
        For values a kilogram.

    Returns
    -------
    IsometricPull
        Peak force gross and net, force and RFD at 50 to 250 ms, peak RFD over 20 ms, impulse of the first 200 ms.

    Raises
    ------
    DataError
        If the trace is too short, has no quiet second or no pull, or the forces cannot be a person's.
    PlanError
        If ``body_weight`` is neither ``"quiet"`` nor a weight in newtons.

    When not to use
    ---------------
    For RFD on traces that were filtered or sampled below 500 Hz. For RFD after pre-tension or a dip: both are named in
    ``notes``, and such a trial is repeated. Peak force may still be used.

    Notes
    -----
    RFD from onset to a fixed time is more reliable than a peak. All times count from onset by the 5-SD rule, so values
    made with another onset (a fixed force, by eye) are not comparable.

    References
    ----------
    Comfort et al. 2019, doi:10.1519/SSC.0000000000000433; Dos'Santos et al. 2017, doi:10.1519/JSC.0000000000001765;
    Haff et al. 2015, doi:10.1519/JSC.0000000000000705

    Validated against
    -----------------
    Ramps and exponentials whose values are known exactly (``tests/measures/force/``). No public trace with published
    values was at hand.

    Examples
    --------
    >>> from kbstudy.recording import Recording
    >>> t = np.arange(0, 5, 0.001)
    >>> force = 800 + np.interp(t, [2, 2.5, 4, 4.5], [0, 1500, 1500, 0])
    >>> trace = Recording(pd.DataFrame({"time_s": t, "force_n": force}), "force", "made_up.csv", "example",
    ...                   averaging="sample", sampling_hz=1000)
    >>> print(isometric_pull(trace).sentence())
    Isometric pull: peak force 2300 N gross and 1500 N net of body weight. Rate of force development from onset: 3000 \
N/s over 50 ms, 3000 N/s over 100 ms and 3000 N/s over 200 ms.
    """
    given = _given(body_weight)
    if not 9.7 <= gravity_m_s2 <= 9.9:
        raise PlanError(f"gravity_m_s2 = {gravity_m_s2:g} is nowhere on Earth; it is 9.78 to 9.83")
    force = force_of(recording, _SHORTEST_S)
    peak = int(force.total.argmax())
    first, baseline, sd = _baseline(force, given, peak)
    weight = baseline if given is None else given
    if weight:
        place = "by the quiet second before the pull" if given is None else "as given"
        check_person(force, weight, gravity_m_s2, place)
    onset = _onset(force, first + force.samples(1.0), peak, baseline, sd)
    peak = onset + int(force.total[onset:].argmax())
    if force.total[peak] > _MOST_N:
        what = f"peak force is {force.total[peak]:.0f} N, more than a person pulls"
        raise force.error(what, "Check the unit of the file.")
    pull = _pull(recording, force, weight, (baseline, sd), onset, peak, gravity_m_s2, given is None)
    notes = _notes(force, pull, first, onset, given)
    return IsometricPull(**{**vars(pull), "notes": tuple(notes)})


def _given(body_weight: BodyWeight) -> float | None:
    if body_weight == "quiet":
        return None
    number = isinstance(body_weight, int | float | np.number) and not isinstance(body_weight, bool)
    if not number or not (body_weight == 0 or 150.0 <= float(body_weight) <= 3000.0):
        what = f"body_weight = {body_weight!r} is no body weight in newtons"
        do = 'It is mass × 9.81 (80 kg is 785 N); "quiet" takes it from the trace; 0 for a load cell.'
        raise PlanError(Problem(what, do=do))
    return float(body_weight)


def _baseline(force: Force, given: float | None, peak: int) -> tuple[int, float, float]:
    """First sample, mean and SD of the quietest second before force rises to its peak."""
    second = force.samples(1.0)
    if peak < second:
        what = (
            f"peak force is {force.time[peak] - force.time[0]:.2f} s after the start: no quiet second before the pull"
        )
        raise force.error(what, "Record a second of standing still in position before the pull.")
    mean, spread = spread_of_windows(force.total[:peak], second)
    least = _LOADED_N if given is None else 0.5 * given
    fits = mean > least if least else np.ones(len(mean), dtype=bool)
    if fits.any():
        # A pull that is held can be the quietest second of all: only seconds before force rises count.
        middle = (mean[fits].min() + force.total[peak]) / 2
        rise = int(np.flatnonzero(force.total[: peak + 1] < middle)[-1])
        fits[max(rise + 2 - second, 0) :] = False
    if not fits.any():
        what = "nobody stands on the plate for a whole second before the pull"
        raise force.error(what, "Say body_weight = 0 if this is a load cell; else record from standing in position.")
    first = int(np.where(fits, spread, np.inf).argmin())
    baseline, sd = float(mean[first]), float(force.total[first : first + second].std(ddof=1))
    if given != 0 and sd > _MOVING * baseline:
        what = f"the quietest second before the pull has an SD of {sd:.0f} N, {100 * sd / baseline:.0f}% of its mean"
        raise force.error(what, "The person must be still before the pull, or there is no onset. Repeat the trial.")
    return first, baseline, sd


def _onset(force: Force, after: int, peak: int, baseline: float, sd: float) -> int:
    band = max(BAND_SD * sd, _ROUNDING * float(np.abs(force.total).max()))
    above = force.total > baseline + band
    found = [run for run in runs(above, max(2, force.samples(_SUSTAINED_S))) if after <= run[0] <= peak]
    if not found:
        what = "force never stays above the baseline + 5 SD for 0.1 s: there is no pull after the quiet second"
        raise force.error(what, "Check that the whole trial is in the file.")
    return found[0][0]


def _at(force: Force, onset: int, seconds: float) -> float:
    """Force some time after onset, NaN after the end of the trace."""
    place = onset + seconds * force.hz
    if place > len(force.total) - 1 + 1e-9:
        return math.nan
    return float(np.interp(place, np.arange(len(force.total)), force.total))


def _pull(
    recording: Recording,
    force: Force,
    weight: float,
    quiet: tuple[float, float],
    onset: int,
    peak: int,
    gravity: float,
    by_quiet: bool,
) -> IsometricPull:
    start = float(force.total[onset])
    levels = {ms: _at(force, onset, ms / 1000) for ms in _BANDS_MS}
    net = force.total - weight
    return IsometricPull(
        peak_force_n=float(force.total[peak]),
        peak_force_net_n=float(net[peak]),
        onset_s=float(force.time[onset]),
        onset_force_n=start,
        peak_s=float(force.time[peak]),
        **{f"rfd_0_{ms}_n_s": (levels[ms] - start) / (ms / 1000) for ms in _BANDS_MS},
        **{f"force_{ms}_ms_n": levels[ms] for ms in _BANDS_MS},
        peak_rfd_n_s=_steepest(force, onset, peak),
        impulse_0_200_n_s=_early_impulse(force, net, onset),
        body_weight_n=weight,
        baseline_n=quiet[0],
        baseline_sd_n=quiet[1],
        rules={"body_weight_n": "body_weight_quiet" if by_quiet else "body_weight_given"},
        notes=(),
        sampling_hz=force.hz,
        gravity_m_s2=gravity,
        curves=pd.DataFrame({"time_s": force.time, "force_n": force.total, "net_force_n": net}),
        file=recording.file,
        sha256=recording.sha256,
        simulated=recording.simulated,
    )


def _steepest(force: Force, onset: int, peak: int) -> float:
    width = max(1, force.samples(_STEEPEST_S))
    rising = force.total[onset : max(peak, onset + width) + 1]
    if len(rising) <= width:
        return math.nan
    return float((rising[width:] - rising[:-width]).max() * force.hz / width)


def _early_impulse(force: Force, net: Floats, onset: int) -> float:
    end = _EARLY_S * force.hz
    if onset + end > len(net) - 1 + 1e-9:
        return math.nan
    area = running_integral(net[onset : onset + math.ceil(end - 1e-9) + 1], force.hz)
    return float(np.interp(end, np.arange(len(area)), area))


# ---- what to know ------------------------------------------------------------------------------------------------


def _notes(force: Force, pull: IsometricPull, first: int, onset: int, given: float | None) -> Iterator[str]:
    yield from _about_before(force, pull, first, onset, given)
    if given != 0 and pull.baseline_sd_n > _RESTLESS * pull.baseline_n:
        yield (
            f"The person was not quite still before the pull: SD {pull.baseline_sd_n:.1f} N, "
            f"{100 * pull.baseline_sd_n / pull.baseline_n:.1f}% of the baseline. Onset is late, and RFD with it."
        )
    if force.hz < _LOWEST_RATE_HZ:
        yield f"At {force.hz:g} Hz onset is only known to {1000 / force.hz:.1f} ms; RFD over 50 ms is uncertain."
    if math.isnan(pull.rfd_0_250_n_s):
        yield "The trace ends less than 250 ms after onset; RFD is missing where it does."


def _about_before(force: Force, pull: IsometricPull, first: int, onset: int, given: float | None) -> Iterator[str]:
    """Pre-tension, and a dip before the pull."""
    rest = _lowest_quiet(force, onset) if given is None else given
    tension = pull.baseline_n - rest
    if tension > _PRETENSION_N:
        yield (
            f"Pre-tension: the baseline of {pull.baseline_n:.0f} N is {tension:.0f} N above body weight "
            f"({rest:.0f} N). RFD counts from the tension, and net force by the quiet second is too small."
        )
    ahead = force.total[max(first, onset - force.samples(0.3)) : onset]
    dip = pull.baseline_n - float(ahead.min()) if len(ahead) else 0.0
    if dip > max(BAND_SD * pull.baseline_sd_n, 0.02 * abs(pull.baseline_n)) and dip > _PRETENSION_N / 2:
        yield f"Force dips by {dip:.0f} N just before the pull: a countermovement, after which RFD is not isometric."


def _lowest_quiet(force: Force, onset: int) -> float:
    """The lowest level held still for a second before the pull: body weight, if pre-tension came later."""
    mean, spread = spread_of_windows(force.total[:onset], min(force.samples(1.0), onset))
    still = (mean > _LOADED_N) & (spread < _RESTLESS * np.abs(mean))
    return float(mean[still].min()) if still.any() else math.inf
