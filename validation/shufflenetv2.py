"""The speed tables of the ShuffleNet V2 paper (arXiv 1807.11164): seconds, networks, orderings."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from itertools import combinations, pairwise
from pathlib import Path

from costsim.graph import LayerGraph
from costsim.network import Network
from costsim.networks.micro import from_table

DATA = Path(__file__).parent / "data" / "shufflenetv2_tables.csv"
MICRO_TABLES = ("T1", "T2", "T3", "T4")
TABLE8_BATCH = {"GPU": 8, "ARM": 1}

TABLE8 = {
    "ShuffleNet v2 0.5x": "shufflenet_v2_0.5x",
    "ShuffleNet v2 1x": "shufflenet_v2_1x",
    "ShuffleNet v2 1.5x": "shufflenet_v2_1.5x",
    "ShuffleNet v2 2x": "shufflenet_v2_2x",
    "ShuffleNet v2 2x with SE": "shufflenet_v2_2x_se",
    "0.25 MobileNet v1": "mobilenet_v1_0.25x",
    "0.5 MobileNet v1": "mobilenet_v1_0.5x",
    "0.75 MobileNet v1": "mobilenet_v1_0.75x",
    "1.0 MobileNet v1": "mobilenet_v1_1x",
    "1.0 MobileNet v2": "mobilenet_v2_1x",
    "1.4 MobileNet v2": "mobilenet_v2_1.4x",
    "ShuffleNet v1 0.5x (g=3)": "shufflenet_v1_g3_0.5x",
    "ShuffleNet v1 1x (g=3)": "shufflenet_v1_g3_1x",
    "ShuffleNet v1 1.5x (g=3)": "shufflenet_v1_g3_1.5x",
    "ShuffleNet v1 2x (g=3)": "shufflenet_v1_g3_2x",
    "IGCV3-D": "igcv3_d_1x",
    "IGCV3-D (1.4)": "igcv3_d_1.4x",
}
"""Networks of Table 8 whose definition is published, to their zoo names."""

RECONSTRUCTED = {
    "0.15 MobileNet v2 (our impl.)": "mobilenet_v2_0.15x",
    "0.6 MobileNet v2 (our impl.)": "mobilenet_v2_0.6x",
    "0.4 MobileNet v2 (our impl.) 160x160": "mobilenet_v2_0.4x",
    "0.75 MobileNet v2 (our impl.) 192x192": "mobilenet_v2_0.75x",
    "Xception 0.5x (our impl.)": "light_xception_0.5x",
    "Xception 1x (our impl.)": "light_xception_1x",
    "Xception 1.5x (our impl.)": "light_xception_1.5x",
    "Xception 2x (our impl.)": "light_xception_2x",
    "DenseNet 0.5x (our impl.)": "densenet_small_0.5x",
    "DenseNet 1x (our impl.)": "densenet_small_1x",
    "DenseNet 1.5x (our impl.)": "densenet_small_1.5x",
    "DenseNet 2x (our impl.)": "densenet_small_2x",
    "IGCV2-0.25": "igcv2_0.25x",
    "IGCV2-0.5": "igcv2_0.5x",
    "IGCV2-1.0": "igcv2_1x",
    "IGCV3-D (0.7)": "igcv3_d_0.7x",
}
"""Those whose widths or layers the zoo had to guess."""

LEVELS = {"40 M": (35, 50), "140 M": (130, 160), "300 M": (285, 330), "500 M": (500, 620)}
"""Complexity levels of Table 8, in millions of multiply-accumulates."""

BROKEN_BY_THE_PAPER = ("T3 4-fragment-series c=512", "T3 2-fragment-series c=512")
"""Four fragments in series are faster than two there, against the guideline."""


@dataclass(frozen=True)
class Speed:
    """One measured cell."""

    table: str
    variant: str
    platform: str
    scale: str
    config: str
    measured_s: float
    """Of one batch on the GPU, of one image on ARM."""

    @property
    def name(self) -> str:
        return f"{self.table} {self.variant} {self.scale}"

    def graph(self) -> LayerGraph:
        if self.table in MICRO_TABLES:
            return from_table(self.table, self.variant, self.scale, self.config)
        zoo_name = (TABLE8 | RECONSTRUCTED)[self.variant]
        size = next((s for s in ("160x160", "192x192") if self.variant.endswith(s)), "224x224")
        return Network(zoo_name, input_size=f"3x{size}", batch=TABLE8_BATCH[self.platform]).graph


@dataclass(frozen=True)
class Ordering:
    """A statement of the paper: one micro-network is faster than another."""

    guideline: str
    faster: str
    slower: str

    def holds(self, seconds: Mapping[str, float]) -> bool:
        return seconds[self.faster] < seconds[self.slower]


@cache
def speeds(platform: str) -> tuple[Speed, ...]:
    """All cells of one platform, ``GPU`` or ``ARM``."""
    with DATA.open(encoding="utf-8") as lines:
        return tuple(
            Speed(r["table"], r["variant"], platform, r["scale"], r["config"], 1 / float(r["speed"]))
            for r in csv.DictReader(lines)
            if r["platform"] == platform
        )


def micro_speeds(platform: str) -> tuple[Speed, ...]:
    """Tables 1 to 4."""
    return tuple(s for s in speeds(platform) if s.table in MICRO_TABLES)


def network_speeds(platform: str, networks: Mapping[str, str]) -> tuple[Speed, ...]:
    """Table 8, as far as ``networks`` goes."""
    return tuple(s for s in speeds(platform) if s.table == "T8" and s.variant in networks)


def orderings(platform: str) -> list[Ordering]:
    """What the guidelines say about Tables 1 to 4.

    G1, G2: each step away from equal widths, each doubling of groups is slower. G3: any two
    fragmentations are ordered as measured, but for the pair the paper itself breaks. G4: dropping
    the ReLU, the shortcut or both is faster.
    """
    rows = micro_speeds(platform)
    columns: dict[tuple[str, str], list[Speed]] = {}
    for row in rows:
        columns.setdefault((row.table, row.scale), []).append(row)
    found = []
    for (table, _), column in columns.items():
        if table in ("T1", "T2"):
            found += [Ordering(f"G{table[1]}", a.name, b.name) for a, b in pairwise(column)]
        if table == "T3":
            measured = [sorted(pair, key=lambda s: s.measured_s) for pair in combinations(column, 2)]
            found += [Ordering("G3", a.name, b.name) for a, b in measured if (a.name, b.name) != BROKEN_BY_THE_PAPER]
        if table == "T4":
            both, relu, shortcut, neither = column
            pairs = ((relu, both), (shortcut, both), (neither, relu), (neither, shortcut))
            found += [Ordering("G4", a.name, b.name) for a, b in pairs]
    return found


def winners(platform: str, networks: Mapping[str, str], seconds: Mapping[str, float]) -> dict[str, str]:
    """The fastest of ``networks`` at each complexity level, by ``seconds`` of their cells' names."""
    rows = network_speeds(platform, networks)
    millions = {row.name: float(row.scale.split("M")[0]) for row in rows}
    return {
        level: min((row for row in rows if low <= millions[row.name] <= high), key=lambda r: seconds[r.name]).variant
        for level, (low, high) in LEVELS.items()
    }
