"""Trust is computed, not inherited: how far a prediction may be off, from the profile's card and what is predicted."""

from costsim.trust.judge import Trust, standing, trust

__all__ = ["Trust", "standing", "trust"]
