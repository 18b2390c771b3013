"""Where the papers' arguments hold: each guideline by device, predicted and measured.

G1 to G4 are judged on the micro-networks of ShuffleNet V2, V1 to V3 on those of ``costsim.worth``. Beside the verdicts
stand, for every device whose networks were measured, what each guideline's measure explains of the times.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from costsim.hardware import profile_names
from costsim.measures import BY_NAME
from costsim.measures.table import HEADLINES
from costsim.orders import Orders
from costsim.reproduce.base import Judged, Matrix, Reproduction, Row, Table, Verdict, judge_order
from costsim.reproduce.bench import Bench
from costsim.reproduce.micro_tables import GUIDELINES, micro_table, order_within_scales
from costsim.units import round_significant
from costsim.worth import Price, evidence, prices

NOTES = (
    "an order holds if all pairs of networks of one scale that differ by more than 3 % in print stand in the same "
    "order here, in direction only (mostly) if 80 % do; a tie, two times within 0.5 %, is half right; CPUs are held "
    "to the paper's ARM columns, all others to the GPU's; all are predicted as the tables were measured: one image, on "
    "one thread, with the input on the device",
    "the last number is the speed of the row farthest from its base row over that of the base row",
    "all devices are predicted; the paper measured a GTX 1080 Ti and one core of a Snapdragon 810",
    "V1 to V3 are judged on pairs of networks of equal multiply-adds, with the share of a network's time that one "
    "unit more of the measure costs: of a million elements across borders, of the ratio of intensities, of a MiB",
    "the tables hold rank correlations of a measure and the time, multiply-adds taken out of both: 'published' from "
    "measured times, 'computed' from those the model predicts for the same networks; a row holds within 0.2, in "
    "direction only if the signs agree or either is within 0.2 of 0",
)

VARGNET = {
    "V1": "small maps between blocks are faster",
    "V2": "balanced intensity in a block is faster",
    "V3": "blocks that need less buffer are faster",
}

NEAR = 0.2
"""Rank correlations of some twenty networks are this uncertain (one over the root of their number)."""


@dataclass(frozen=True)
class Cell:
    """A guideline on a device."""

    hw: str
    guideline: str
    orders: Orders
    largest: float | None
    """The row farthest from its base row, as a ratio of speeds: slowest for G1 to G3, fastest for G4."""


def cells(hw: Sequence[str]) -> list[Cell]:
    """Every guideline on every device, device by device."""
    return [_cell(micro_table(table, bench), table) for bench in map(Bench, hw) for table in GUIDELINES]


def _cell(table: Table, key: str) -> Cell:
    ratios = [row.computed_ratio for row in table.rows if row.computed and row.computed_ratio]
    effect = {"T4": max}.get(key, min)(ratios, default=None)
    return Cell(table.hw or "", GUIDELINES[key][0], order_within_scales(table), effect)


def reproduce(hw: Sequence[str] = ()) -> Reproduction:
    """The matrix, over the given devices or all shipped ones."""
    devices = hw or profile_names()
    rows: dict[str, tuple[Judged, ...]] = {}
    for cell in cells(devices):
        rows[cell.hw] = (*rows.get(cell.hw, ()), _ordered(cell))
    for bench in map(Bench, devices):
        priced = prices(bench.profile, bench.run, [BY_NAME[name] for name in _headlines(VARGNET)])
        rows[bench.hw] += tuple(map(_priced, priced))
    return Reproduction(
        "matrix", "Where the guidelines hold: G1 to G4 and V1 to V3 by device",
        "ShuffleNet V2 (arXiv 1807.11164), Tables 1 to 4; VarGNet (arXiv 1907.05653)",
        tuple(table for name in HEADLINES if (table := _measured(name, list(rows))).rows),
        matrix=Matrix("device", dict((*GUIDELINES.values(), *VARGNET.items())), rows), notes=NOTES,
    )  # fmt: skip


def _headlines(guidelines: Collection[str]) -> list[str]:
    return [name for name in HEADLINES if BY_NAME[name].guideline in guidelines]


def _measured(name: str, devices: Collection[str]) -> Table:
    """What a guideline's measure has to do with measured and with predicted times, device by device."""
    found = {hw: evidence(hw)[name] for hw in devices if name in evidence(hw)}
    rows = (
        Row(f"{hw} ({own.run})", own.rank_correlation, own.predicted_rank_correlation,
            _same(own.rank_correlation, own.predicted_rank_correlation))
        for hw, own in found.items()
    )  # fmt: skip
    title = f"{BY_NAME[name].guideline}: {name} and time, multiply-adds taken out"
    return Table(title, "rank correlation", NEAR, tuple(rows), note="published: from measured times of networks")


def _same(measured: float, predicted: float) -> Verdict:
    if abs(measured - predicted) <= NEAR:
        return Verdict.HOLDS
    return (
        Verdict.DIRECTION if measured * predicted > 0 or min(abs(measured), abs(predicted)) <= NEAR else Verdict.FAILS
    )


def _priced(price: Price) -> Judged:
    return _judged(price.orders, price.price_ratio, lambda ratio: f"{round_significant(100 * ratio, 2)} %", price.per)


def _ordered(cell: Cell) -> Judged:
    return _judged(cell.orders, cell.largest, lambda ratio: f"{ratio:.2f}x")


def _judged(orders: Orders, effect: float | None, written: Callable[[float], str], per: str = "") -> Judged:
    """How many pairs stand in the order claimed, and by how much."""
    agree, ties, pairs = orders
    if not pairs or effect is None:
        return Judged(judge_order(orders), "too large for this device", "too large")
    tied = f" {ties} tie{'s' if ties > 1 else ''}," if ties else ""
    found = f"{agree}/{pairs} pairs,{tied} {written(effect)}{f' a {per}' if per else ''}"
    return Judged(judge_order(orders), found, f"{agree}/{pairs}\n{written(effect)}")
