"""Tables 1 to 4 of ShuffleNetV2: one guideline each, on any device."""

from __future__ import annotations

from collections.abc import Iterable

from costsim.calibrate.protocol import SHUFFLENET_V2
from costsim.graph import LayerGraph
from costsim.networks.micro import from_table
from costsim.orders import Orders
from costsim.reproduce.base import Claim, Row, Table, judge_order, ratio_table, same_order
from costsim.reproduce.bench import Bench, published

FILE = "shufflenetv2_tables.csv"

GUIDELINES = {
    "T1": ("G1", "equal channel widths are fastest at equal multiply-adds"),
    "T2": ("G2", "more groups are slower at equal multiply-adds"),
    "T3": ("G3", "more fragments are slower at equal multiply-adds"),
    "T4": ("G4", "networks without ReLU and without shortcut are faster"),
}

BASES = {"T1": "c1:c2=1:1", "T2": "groups=1", "T3": "1-fragment", "T4": "relu=yes,shortcut=yes"}

TOLERANCE = 0.2
"""Of a speed over its base row's: the paper's own effects are 1.04 to 3.9 times."""


def micro_table(table: str, bench: Bench, rows: Iterable[dict[str, str]] | None = None) -> Table:
    """A table on a device, with the ARM columns for CPUs and the GPU columns for all others.

    Speeds are compared with the first row of their scale. Batch is 1: the paper's GPU could not
    have reached its speeds at 2.
    """
    platform = "ARM" if bench.is_cpu else "GPU"
    meant = [r for r in rows or published(FILE) if r["table"] == table and r["platform"] == platform]
    protocol = SHUFFLENET_V2[table, platform]
    groups = []
    for scale in dict.fromkeys(r["scale"] for r in meant):
        column = sorted((r for r in meant if r["scale"] == scale), key=lambda r: r["variant"] != BASES[table])
        speeds = [(float(r["speed"]), bench.speed(_network(r), protocol)) for r in column]
        labels = [f"{r['variant'].replace(',', ', ')}, {scale}" for r in column]
        groups.append([(label, *pair) for label, pair in zip(labels, speeds, strict=True)])
    guideline, says = GUIDELINES[table]
    return ratio_table(
        f"Table {table[1]} ({guideline}: {says})", "batches/s", bench.hw, groups, tolerance=TOLERANCE,
        note=f"published: {'Snapdragon 810, one thread' if bench.is_cpu else 'GTX 1080 Ti, cuDNN 7.0'}",
    )  # fmt: skip


def order_claim(table: Table, guideline: str) -> Claim:
    """Whether the device puts the rows of each scale in the paper's order."""
    orders = order_within_scales(table)
    found = f"{orders} in the paper's order on {table.hw}"
    return Claim(f"{guideline}: {GUIDELINES['T' + guideline[1]][1]}", found, judge_order(orders))


def order_within_scales(table: Table) -> Orders:
    """Pairs of rows of one scale in the paper's order, of all that differ there."""
    columns: dict[str, list[Row]] = {}
    for row in table.rows:
        columns.setdefault(row.label.rsplit(", ", 1)[1], []).append(row)
    counts = [same_order(column) for column in columns.values()]
    return Orders(*map(sum, zip(*counts, strict=True))) if counts else Orders(0, 0, 0)


def _network(row: dict[str, str]) -> LayerGraph:
    return from_table(row["table"], row["variant"], row["scale"], row["config"])
