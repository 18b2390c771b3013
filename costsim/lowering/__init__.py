"""From the author's layers to the ops a runtime executes."""

from costsim.lowering.lower import lower

__all__ = ["lower"]
