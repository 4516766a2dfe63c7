"""Heart rate of watches, straps and sports platforms."""

from kbstudy.readers.heart_rate.reading import read_heart_rate

__all__ = ["read_heart_rate"]
