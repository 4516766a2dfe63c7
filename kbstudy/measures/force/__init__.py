"""What force traces say: vertical jumps and isometric pulls, each value with the rule that made it."""

from kbstudy.measures.force.isometric import IsometricPull, isometric_pull
from kbstudy.measures.force.jumping import jump
from kbstudy.measures.force.jumps import Jump
from kbstudy.measures.force.rules import RULES

__all__ = ["RULES", "IsometricPull", "Jump", "isometric_pull", "jump"]
