"""From the author's layers to the ops a runtime executes."""

from costsim.lowering.lower import Lowering, lower

__all__ = ["Lowering", "lower"]
