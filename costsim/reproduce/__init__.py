"""The papers' tables and figures, computed and set beside what they printed. One file a paper."""

from costsim.reproduce.base import Claim, Judged, Matrix, Reproduction, Row, Table, Verdict

__all__ = ["Claim", "Judged", "Matrix", "Reproduction", "Row", "Table", "Verdict"]
