"""Buffer plans: tiles of single ops, groups of ops that run from on-chip memory, addresses.

``planner_for`` takes the strategy of a device's compiler: a pipeline, everything on chip,
whole maps in banks, or searched groups.
"""

from costsim.scheduling.banked import BankedPlans
from costsim.scheduling.banks import BankRules, Banks
from costsim.scheduling.onchip import OnChipPlans
from costsim.scheduling.pipelined import PipelinedPlans, fill_ratio
from costsim.scheduling.planner import BufferRules, Planner
from costsim.scheduling.searched import SearchedPlans
from costsim.scheduling.verdict import Verdict, verdict
from costsim.tables.optable import OpTable


def planner_for(ops: OpTable, rules: BufferRules) -> Planner:
    """The planner of one network, a table of one point, by the rules of a device."""
    if rules.pipelined:
        return PipelinedPlans(ops, rules)
    if not rules.spills:
        return OnChipPlans(ops, rules)
    return SearchedPlans(ops, rules) if rules.banked is None else BankedPlans(ops, rules)


__all__ = [
    "BankRules",
    "BankedPlans",
    "Banks",
    "BufferRules",
    "Planner",
    "Verdict",
    "fill_ratio",
    "planner_for",
    "verdict",
]
