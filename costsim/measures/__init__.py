"""The measures that the papers on efficient networks argue with, each defined once."""

from costsim.measures.part import Part
from costsim.measures.table import BY_NAME, MEASURES, Measure, measure

__all__ = ["BY_NAME", "MEASURES", "Measure", "Part", "measure"]
