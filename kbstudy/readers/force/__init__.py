"""Force traces of force plates and load cells."""

from kbstudy.readers.force.reading import read_force

__all__ = ["read_force"]
