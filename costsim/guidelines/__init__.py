"""The guidelines of efficient CNN design as a linter that prices what it finds."""

from costsim.guidelines.base import Case, Finding, Suspicion, guideline, guideline_ids
from costsim.guidelines.pricing import check

__all__ = ["Case", "Finding", "Suspicion", "check", "guideline", "guideline_ids"]
