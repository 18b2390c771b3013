"""What a reproduction is made of: rows with two values and a verdict, tables of them, claims."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeAlias

from costsim.orders import Orders, count_orders


class Verdict(StrEnum):
    """What a value computed here says of the published one."""

    HOLDS = "holds"
    DIRECTION = "holds in direction only"
    FAILS = "does not hold here"
    OPEN = "not judged"
    """Nothing to hold it against, a base row, or a network the device cannot run."""


SAME = 0.03
"""A ratio this near to one says 'equal'."""

MOST = 0.8
"""The share of a table's rows that carries the verdict on the table."""


@dataclass(frozen=True)
class Row:
    """One published value and the same one computed."""

    label: str
    published: float | None
    computed: float | None
    """None where the device cannot run the network."""
    verdict: Verdict
    published_ratio: float | None = None
    """Over the table's base row, where the table compares rows."""
    computed_ratio: float | None = None


@dataclass(frozen=True)
class Table:
    """A table or figure of the paper."""

    title: str
    unit: str
    tolerance: float
    """A value holds if it is this near, as a ratio, to the published one."""
    rows: tuple[Row, ...]
    hw: str | None = None
    """The profile it was computed on; None where no device is involved."""
    note: str = ""

    @property
    def verdict(self) -> Verdict:
        """Of the whole table: what at least 80 % of its rows say."""
        return overall(row.verdict for row in self.rows)

    @property
    def compared(self) -> bool:
        """Whether its rows are compared as ratios."""
        return any(row.computed_ratio is not None for row in self.rows)


@dataclass(frozen=True)
class Claim:
    """A sentence of the paper, and what is found."""

    text: str
    found: str
    verdict: Verdict


@dataclass(frozen=True)
class Judged:
    """A verdict and what it rests on."""

    verdict: Verdict
    found: str
    brief: str
    """What it rests on in lines of a dozen characters, for a screen."""


@dataclass(frozen=True)
class Matrix:
    """Verdicts by two things at once."""

    corner: str
    columns: dict[str, str]
    """Short name to what is claimed."""
    rows: dict[str, tuple[Judged, ...]]

    @property
    def claims(self) -> tuple[str, ...]:
        """The columns in full."""
        return tuple(f"{name}: {says}" for name, says in self.columns.items())


@dataclass(frozen=True)
class Reproduction:
    """A paper, reproduced."""

    name: str
    title: str
    source: str
    tables: tuple[Table, ...]
    claims: tuple[Claim, ...] = ()
    matrix: Matrix | None = None
    notes: tuple[str, ...] = field(default=())
    """What was never published, or could not be reproduced, and why."""

    def record(self) -> dict[str, Any]:
        """All of it as plain data."""
        return {
            "name": self.name,
            "title": self.title,
            "source": self.source,
            "tables": [
                {
                    "title": t.title, "unit": t.unit, "tolerance_ratio": t.tolerance, "hw": t.hw, "note": t.note,
                    "verdict": t.verdict.value,
                    "rows": [vars(row) | {"verdict": row.verdict.value} for row in t.rows],
                }
                for t in self.tables
            ],
            "matrix": {
                label: {claim: {"verdict": judged.verdict.value, "found": judged.found}
                        for claim, judged in zip(self.matrix.claims, cells, strict=True)}
                for label, cells in self.matrix.rows.items()
            } if self.matrix else None,
            "claims": [vars(claim) | {"verdict": claim.verdict.value} for claim in self.claims],
            "notes": list(self.notes),
        }  # fmt: skip


def overall(verdicts: Iterable[Verdict]) -> Verdict:
    """What at least 80 % of the verdicts say; one that holds also holds in direction."""
    counts = Counter(v for v in verdicts if v is not Verdict.OPEN)
    total = sum(counts.values())
    if not total:
        return Verdict.OPEN
    if counts[Verdict.HOLDS] >= MOST * total:
        return Verdict.HOLDS
    right = counts[Verdict.HOLDS] + counts[Verdict.DIRECTION]
    return Verdict.DIRECTION if right >= MOST * total else Verdict.FAILS


def judge_value(published: float, computed: float, tolerance: float) -> Verdict:
    """Holds within the tolerance, or not."""
    return Verdict.HOLDS if abs(computed / published - 1) <= tolerance else Verdict.FAILS


def judge_ratio(published: float, computed: float, tolerance: float) -> Verdict:
    """A change against a base row: holds within the tolerance, in direction only, or not.

    A published change of more than 3 % has to be one of more than 3 % in the same direction here.
    """
    near = abs(computed / published - 1) <= tolerance
    if _direction(published) not in (0, _direction(computed)):
        return Verdict.FAILS
    return Verdict.HOLDS if near else Verdict.DIRECTION if _direction(published) else Verdict.FAILS


def _direction(ratio: float) -> int:
    return 0 if abs(ratio - 1) <= SAME else (1 if ratio > 1 else -1)


def exact_table(
    title: str, unit: str, rows: Iterable[tuple[str, float | None, float]], *, tolerance: float, note: str = ""
) -> Table:
    """A table of counts: no device, value against value."""
    return Table(title, unit, tolerance, tuple(_exact(*row, tolerance) for row in rows), note=note)


def _exact(label: str, published: float | None, computed: float, tolerance: float) -> Row:
    verdict = Verdict.OPEN if published is None else judge_value(published, computed, tolerance)
    return Row(label, published, computed, verdict)


Measured: TypeAlias = tuple[str, float, float | None]
"""A label, the published value, and the computed one if the device can run it."""


def ratio_table(
    title: str,
    unit: str,
    hw: str,
    groups: Iterable[list[Measured]],
    *,
    tolerance: float,
    note: str = "",
) -> Table:
    """A table in which each row of a group is compared with the group's first, both as published and as computed.

    The base rows are shown and count as open: a device's absolute speed is not what is claimed.
    """
    rows: list[Row] = []
    for (label, published_base, computed_base), *others in groups:
        rows.append(Row(label, published_base, computed_base, Verdict.OPEN, 1.0, 1.0))
        for other, published, computed in others:
            ratio = published / published_base
            if computed is None or computed_base is None:
                rows.append(Row(other, published, computed, Verdict.OPEN, ratio))
            else:
                over_base = computed / computed_base
                verdict = judge_ratio(ratio, over_base, tolerance)
                rows.append(Row(other, published, computed, verdict, ratio, over_base))
    return Table(title, unit, tolerance, tuple(rows), hw, note)


def same_order(rows: Iterable[Row]) -> Orders:
    """How many pairs of rows that differ by more than 3 % in print stand in the same order here."""
    values = [(row.published, row.computed) for row in rows if row.published and row.computed]
    pairs = [(p, q, a, b) for i, (p, a) in enumerate(values) for q, b in values[:i] if _direction(p / q)]
    return count_orders((a, b) if p < q else (b, a) for p, q, a, b in pairs)


def judge_order(orders: Orders) -> Verdict:
    """All pairs in the same order hold; at least 80 % of them, ties half right, hold in direction."""
    if not orders.pairs:
        return Verdict.OPEN
    if orders.agree == orders.pairs:
        return Verdict.HOLDS
    return Verdict.DIRECTION if orders.share_ratio >= MOST else Verdict.FAILS
