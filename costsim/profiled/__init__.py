"""Per-op profiles that inference runtimes write, and how their ops are those of a network."""

from costsim.profiled.formats import read_op_profile
from costsim.profiled.match import Beside, beside
from costsim.profiled.profile import OpProfile, TimedOp

__all__ = ["Beside", "OpProfile", "TimedOp", "beside", "read_op_profile"]
