"""Buffer plans: tiles of single ops, groups of ops that run from on-chip memory, addresses."""

from costsim.scheduling.banked import BankRules
from costsim.scheduling.banks import Banks
from costsim.scheduling.planner import BufferPlanner, BufferRules
from costsim.scheduling.verdict import Verdict, verdict

__all__ = ["BankRules", "Banks", "BufferPlanner", "BufferRules", "Verdict", "verdict"]
