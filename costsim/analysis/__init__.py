"""What a simulation says, in records, tables and reports."""

from costsim.analysis.analysis import Analysis
from costsim.analysis.records import COPY_CLASS, Record

__all__ = ["COPY_CLASS", "Analysis", "Record"]
