"""Buffer plans: tiles of single ops, groups of ops that run from on-chip memory, addresses."""

from costsim.scheduling.planner import BufferRules, plan_buffers
from costsim.scheduling.verdict import Verdict, verdict

__all__ = ["BufferRules", "Verdict", "plan_buffers", "verdict"]
