"""The rules by which a trace becomes numbers. Every value of a result names one of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

__all__ = ["GRAVITY", "RULES", "Rule", "methods_of"]

#: m/s². Published force-plate software uses 9.81 or 9.807; 9.80665 is the standard. Local gravity is 9.78 to 9.83.
GRAVITY: Final = 9.81

_OWEN: Final = "Owen et al. 2014, doi:10.1519/JSC.0000000000000311"
_MCMAHON: Final = "McMahon et al. 2018, doi:10.1519/SSC.0000000000000375"
_LINTHORNE: Final = "Linthorne 2001, doi:10.1119/1.1397460"
_WADE: Final = "Wade et al. 2022, doi:10.1080/02640414.2022.2059319"
_EBBEN: Final = "Ebben & Petushek 2010, doi:10.1519/JSC.0b013e3181e72466"
_COMFORT: Final = "Comfort et al. 2019, doi:10.1519/SSC.0000000000000433"
_DOS_SANTOS: Final = "Dos'Santos et al. 2017, doi:10.1519/JSC.0000000000001765"
_HAFF: Final = "Haff et al. 2015, doi:10.1519/JSC.0000000000000705"


@dataclass(frozen=True, slots=True)
class Rule:
    """How a value is made, as a sentence, and who published it so (``""``: our own)."""

    id: str
    says: str
    source: str = ""


RULES: Final[Mapping[str, Rule]] = {
    rule.id: rule
    for rule in (
        Rule("weighing_first_second", "Body weight is the mean force of the first second.", _OWEN),
        Rule("weighing_last_second", "Body weight is the mean force of the last second, after landing.", _WADE),
        Rule("weighing_quietest_second", "Body weight is the mean force of the loaded second with the smallest SD."),
        Rule("weighing_window", "Body weight is the mean force of a window that was given."),
        Rule("mass_of_weight", "Body mass is body weight over gravity."),
        Rule(
            "threshold_5_sd",
            "Movement passes the threshold at the first sample outside body weight ± 5 SD of weighing, after the last "
            "0.1 s inside it before take-off.",
            _OWEN,
        ),
        Rule("onset_5_sd_back_30_ms", "Onset is 30 ms before the threshold is passed.", _OWEN),
        Rule("contact_20_n", "Contact begins at the first sample of at least 20 N after an unloaded plate."),
        Rule(
            "flight_20_n",
            "Flight is a stretch of at least 0.1 s below 20 N; landing is the first sample of at least 20 N after it.",
        ),
        Rule(
            "forward_from_onset",
            "Velocity is the running integral of (force − weight)/mass by the trapezoid rule from zero at onset, with "
            "force in flight set to 0.",
            _OWEN,
        ),
        Rule(
            "backward_from_standing",
            "Velocity is the running integral of (force − weight)/mass by the trapezoid rule, backwards from zero in "
            "quiet standing after landing, with force in flight set to 0.",
            _WADE,
        ),
        Rule("impulse_momentum", "Height by impulse is v²/2g, with the velocity at take-off.", _LINTHORNE),
        Rule("flight_time", "Height by flight time is g·t²/8.", _LINTHORNE),
        Rule("peak_before_takeoff", "Peak force is the largest force from onset to take-off."),
        Rule("force_times_velocity", "Power is force × velocity; its peak lies between onset and take-off.", _OWEN),
        Rule(
            "phases_by_velocity",
            "Unweighting ends at the lowest velocity, braking where velocity is back at zero, propulsion at take-off.",
            _MCMAHON,
        ),
        Rule("net_impulse", "An impulse is the integral of force − body weight over its phase."),
        Rule("impulse_closure", "Closure: propulsive impulse minus mass × take-off velocity; at most one sample's."),
        Rule("velocity_closure", "Closure: velocity left where the person stands still at the other end; 0 if right."),
        Rule("height_over_time_from_threshold", "RSImod is height by impulse over time from threshold to take-off."),
        Rule("height_over_time_from_onset", "RSImod from onset is height by impulse over time from onset.", _EBBEN),
        Rule("height_over_contact_time", "RSI is height by impulse over contact time."),
        Rule("displacement", "Depth is the lowest displacement of the centre of mass from onset, integrated twice."),
        Rule("effective_drop_height", "The effective drop height is v²/2g, with the velocity at contact."),
        Rule("mean_in_flight", "The zero of the plate is its mean in flight, 30 ms from both ends."),
        Rule("body_weight_given", "Body weight was given."),
        Rule("body_weight_quiet", "Body weight is the mean of the baseline.", _COMFORT),
        Rule(
            "baseline_quietest_second", "The baseline is the second with the smallest SD before force rises.", _COMFORT
        ),
        Rule(
            "onset_5_sd_sustained",
            "Onset is the first sample above baseline + 5 SD that is the start of at least 0.1 s above it.",
            _DOS_SANTOS,
        ),
        Rule("peak_gross", "Peak force is the largest force after onset, body weight included.", _COMFORT),
        Rule("peak_net", "Net peak force is peak force minus body weight.", _COMFORT),
        Rule("force_after_onset", "Force at a time after onset is interpolated between samples.", _HAFF),
        Rule("rfd_from_onset", "RFD is (force at the time − force at onset)/time.", _HAFF),
        Rule("rfd_peak_20_ms", "Peak RFD is the steepest 20 ms between onset and peak force.", _HAFF),
        Rule("impulse_0_200_ms", "The early impulse is the integral of force − body weight over 200 ms from onset."),
    )
}


def methods_of(ids: list[str]) -> str:
    """The rules as a paragraph, each once, with their sources.

    Examples
    --------
    >>> methods_of(["flight_time", "flight_time"])
    'Height by flight time is g·t²/8 (Linthorne 2001, doi:10.1119/1.1397460).'
    """
    rules = [RULES[key] for key in dict.fromkeys(ids)]
    return " ".join(f"{rule.says[:-1]} ({rule.source})." if rule.source else rule.says for rule in rules)
