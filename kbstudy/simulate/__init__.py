"""Trials with a known truth: what to expect of a design before anybody is recruited. Never evidence."""

from kbstudy.simulate.sizing import SampleSize, sample_size
from kbstudy.simulate.trials import TwoArmTrial

__all__ = ["SampleSize", "TwoArmTrial", "sample_size"]
