"""Where the guidelines of 2018 hold: G1 to G4 by device, each judged on the paper's own micro-networks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from costsim.hardware import profile_names
from costsim.orders import Orders
from costsim.reproduce.base import Matrix, Reproduction, Table, Verdict, judge_order
from costsim.reproduce.bench import Bench
from costsim.reproduce.micro_tables import GUIDELINES, micro_table, order_within_scales

NOTES = (
    "an order holds if all pairs of networks of one scale that differ by more than 3 % in print stand in the same "
    "order here, in direction only if 80 % do; a tie, two times within 0.5 %, is half right; CPUs are held to the "
    "paper's ARM columns, all others to the GPU's; all are predicted as the tables were measured: one image, on one "
    "thread, with the input on the device",
    "the last number is the speed of the row farthest from its base row over that of the base row",
    "all devices are predicted; the paper measured a GTX 1080 Ti and one core of a Snapdragon 810",
)


@dataclass(frozen=True)
class Cell:
    """A guideline on a device."""

    hw: str
    guideline: str
    orders: Orders
    largest: float | None
    """The row farthest from its base row, as a ratio of speeds: slowest for G1 to G3, fastest for G4."""

    @property
    def verdict(self) -> Verdict:
        return judge_order(self.orders)


def cells(hw: Sequence[str]) -> list[Cell]:
    """Every guideline on every device, device by device."""
    return [_cell(micro_table(table, bench), table) for bench in map(Bench, hw) for table in GUIDELINES]


def _cell(table: Table, key: str) -> Cell:
    ratios = [row.computed_ratio for row in table.rows if row.computed and row.computed_ratio]
    effect = {"T4": max}.get(key, min)(ratios, default=None)
    return Cell(table.hw or "", GUIDELINES[key][0], order_within_scales(table), effect)


def reproduce(hw: Sequence[str] = ()) -> Reproduction:
    """The matrix, over the given devices or all shipped ones."""
    columns = tuple(f"{guideline}: {says}" for guideline, says in GUIDELINES.values())
    rows: dict[str, tuple[tuple[Verdict, str], ...]] = {}
    for cell in cells(hw or profile_names()):
        rows[cell.hw] = (*rows.get(cell.hw, ()), (cell.verdict, _found(cell)))
    return Reproduction(
        "matrix", "Where the guidelines of 2018 hold: G1 to G4 by device",
        "ShuffleNet V2 (arXiv 1807.11164), Tables 1 to 4", (), matrix=Matrix("device", columns, rows), notes=NOTES,
    )  # fmt: skip


def _found(cell: Cell) -> str:
    agree, ties, pairs = cell.orders
    if not pairs or cell.largest is None:
        return "too large for this device"
    tied = f" {ties} tie{'s' if ties > 1 else ''}," if ties else ""
    return f"{agree}/{pairs} pairs,{tied} {cell.largest:.2f}x"
