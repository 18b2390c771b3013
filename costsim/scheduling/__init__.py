"""Buffer plans: tiles of single ops, groups of ops that run from on-chip memory, addresses."""

from costsim.scheduling.planner import BufferPlanner, BufferRules
from costsim.scheduling.verdict import Verdict, verdict

__all__ = ["BufferPlanner", "BufferRules", "Verdict", "verdict"]
