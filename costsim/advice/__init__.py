"""From a number to a decision: the changes of a network or its run that meet a target, each carried out and priced."""

from costsim.advice.advise import advise, advise_simulation, other_runtimes
from costsim.advice.result import Advice, Suggestion
from costsim.advice.targets import parse_targets

__all__ = ["Advice", "Suggestion", "advise", "advise_simulation", "other_runtimes", "parse_targets"]
