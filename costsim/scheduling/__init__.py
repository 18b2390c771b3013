"""Buffer plans: tiles of single ops, groups of ops that run from on-chip memory, addresses."""

from costsim.scheduling.planner import BufferRules, plan_buffers

__all__ = ["BufferRules", "plan_buffers"]
