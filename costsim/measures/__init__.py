"""The measures that the papers on efficient networks argue with, each defined once."""

from costsim.measures.parts import Parts
from costsim.measures.table import BY_NAME, MEASURES, Measure, measure, values

__all__ = ["BY_NAME", "MEASURES", "Measure", "Parts", "measure", "values"]
