"""The papers' tables and figures, computed and set beside what they printed. One file a paper."""

from costsim.reproduce.base import Claim, Reproduction, Row, Table, Verdict

__all__ = ["Claim", "Reproduction", "Row", "Table", "Verdict"]
"""The papers are loaded by name: see ``costsim.reproduce.papers``."""
