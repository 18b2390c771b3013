"""The speed tables of the ShuffleNet V2 paper (Ma et al. 2018, arXiv 1807.11164) as measurements."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from costsim.errors import InputError
from costsim.graph import LayerGraph
from costsim.network import Network
from costsim.networks.micro import from_table

GPU_BATCH_OF_TABLE_8 = 8
"""Section 4: Tables 1 to 4 were measured at batch 1, the networks of Table 8 at batch 8; ARM always at 1."""

PLATFORM = {"cpu": "ARM", "gpu": "GPU"}

TABLE_8 = {
    "ShuffleNet v2 0.5x": "shufflenet_v2_0.5x",
    "0.25 MobileNet v1": "mobilenet_v1_0.25x",
    "ShuffleNet v1 0.5x (g=3)": "shufflenet_v1_g3_0.5x",
    "IGCV2-0.25": "igcv2_0.25x",
    "ShuffleNet v2 1x": "shufflenet_v2_1x",
    "0.5 MobileNet v1": "mobilenet_v1_0.5x",
    "ShuffleNet v1 1x (g=3)": "shufflenet_v1_g3_1x",
    "IGCV2-0.5": "igcv2_0.5x",
    "IGCV2-1.0": "igcv2_1x",
    "ShuffleNet v2 1.5x": "shufflenet_v2_1.5x",
    "0.75 MobileNet v1": "mobilenet_v1_0.75x",
    "1.0 MobileNet v2": "mobilenet_v2_1x",
    "ShuffleNet v1 1.5x (g=3)": "shufflenet_v1_g3_1.5x",
    "IGCV3-D": "igcv3_d_1x",
    "ShuffleNet v2 2x": "shufflenet_v2_2x",
    "1.0 MobileNet v1": "mobilenet_v1_1x",
    "1.4 MobileNet v2": "mobilenet_v2_1.4x",
    "ShuffleNet v1 2x (g=3)": "shufflenet_v1_g3_2x",
    "IGCV3-D (1.4)": "igcv3_d_1.4x",
}
"""Networks whose definition is published; the paper's own re-implementations are not among them."""


@dataclass(frozen=True)
class PaperRow:
    """One measured speed."""

    table: str
    variant: str
    scale: str
    guideline: str
    graph: LayerGraph
    latency_s: float

    @property
    def name(self) -> str:
        return f"{self.table} {self.variant}{f' {self.scale}' if self.table != 'T8' else ''}"


@cache
def paper_rows(family: str) -> tuple[PaperRow, ...]:
    """Tables 1 to 4 and the published networks of Table 8, on the paper's device of this family.

    Raises:
        InputError: the paper measured no such device.
    """
    if family not in PLATFORM:
        raise InputError(
            f"the paper measured no {family}", mend="it has a CPU (Snapdragon 810) and a GPU (GTX 1080 Ti)"
        )
    return tuple(_rows(family))


def _rows(family: str) -> Iterator[PaperRow]:
    with _file().open(encoding="utf-8") as text:
        for row in csv.DictReader(text):
            table, variant, scale = row["table"], row["variant"], row["scale"]
            if row["platform"] != PLATFORM[family]:
                continue
            if table in ("T1", "T2", "T3", "T4"):
                graph = from_table(table, variant, scale, row["config"])
            elif table == "T8" and variant in TABLE_8:
                graph = Network(TABLE_8[variant], batch=GPU_BATCH_OF_TABLE_8 if family == "gpu" else 1).graph
            else:
                continue
            yield PaperRow(table, variant, scale, row["guideline_or_kind"], graph, 1 / float(row["speed"]))


def _file() -> Path:
    """Among the published tables of the installed package, or in a checkout."""
    package, name = Path(__file__).resolve().parents[1], "shufflenetv2_tables.csv"
    installed = package / "reproduce" / "published" / name
    return installed if installed.is_file() else package.parent / "validation" / "data" / name
