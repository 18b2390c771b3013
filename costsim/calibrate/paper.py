"""The speed tables of the ShuffleNet V2 paper (Ma et al. 2018, arXiv 1807.11164) as measurements."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from costsim.calibrate.protocol import SHUFFLENET_V2, Protocol
from costsim.errors import InputError
from costsim.files import as_folder
from costsim.graph import LayerGraph
from costsim.hardware import Profile
from costsim.network import Network
from costsim.networks.micro import from_table
from costsim.simulate import Simulation

PLATFORM = {"cpu": "ARM", "gpu": "GPU"}

TABLE_8 = {
    "ShuffleNet v2 0.5x": "shufflenet_v2_0.5x",
    "0.25 MobileNet v1": "mobilenet_v1_0.25x",
    "ShuffleNet v1 0.5x (g=3)": "shufflenet_v1_g3_0.5x",
    "ShuffleNet v2 1x": "shufflenet_v2_1x",
    "0.5 MobileNet v1": "mobilenet_v1_0.5x",
    "ShuffleNet v1 1x (g=3)": "shufflenet_v1_g3_1x",
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
    "ShuffleNet v2 2x with SE": "shufflenet_v2_2x_se",
}
"""Networks whose definition is published."""

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
"""Those whose widths or layers are not printed: the zoo's are guesses."""


@dataclass(frozen=True)
class PaperRow:
    """One measured speed."""

    table: str
    variant: str
    scale: str
    guideline: str
    graph: LayerGraph
    latency_s: float
    protocol: Protocol

    @property
    def name(self) -> str:
        return f"{self.table} {self.variant}{f' {self.scale}' if self.table != 'T8' else ''}"

    @property
    def is_micro(self) -> bool:
        """A row of Tables 1 to 4, which time layers rather than inferences."""
        return self.table != "T8"

    def simulate(self, profile: Profile, dtype: str | None = None) -> Simulation:
        """The network on a device, under the protocol of its table."""
        return self.protocol.simulate(self.graph, profile, dtype)


@cache
def paper_rows(family: str) -> tuple[PaperRow, ...]:
    """Tables 1 to 4 and the published networks of Table 8, on the paper's device of this family.

    Raises:
        InputError: the paper measured no such device.
    """
    return tuple(_rows(family, TABLE_8, micro=True))


@cache
def reconstructed_rows(family: str) -> tuple[PaperRow, ...]:
    """The other networks of Table 8, as far as the zoo has a guess."""
    return tuple(_rows(family, RECONSTRUCTED, micro=False))


def _rows(family: str, networks: Mapping[str, str], *, micro: bool) -> Iterator[PaperRow]:
    if family not in PLATFORM:
        raise InputError(
            f"the paper measured no {family}", mend="it has a CPU (Snapdragon 810) and a GPU (GTX 1080 Ti)"
        )
    with _file().open(encoding="utf-8") as text:
        for row in csv.DictReader(text):
            table, variant, scale = row["table"], row["variant"], row["scale"]
            protocol = SHUFFLENET_V2.get((table, row["platform"]))
            if row["platform"] != PLATFORM[family] or protocol is None:
                continue
            if micro and table in ("T1", "T2", "T3", "T4"):
                graph = from_table(table, variant, scale, row["config"])
            elif table == "T8" and variant in networks:
                size = next((s for s in ("160x160", "192x192") if variant.endswith(s)), "224x224")
                graph = Network(networks[variant], input_size=f"3x{size}", batch=protocol.batch).graph
            else:
                continue
            yield PaperRow(table, variant, scale, row["guideline_or_kind"], graph, 1 / float(row["speed"]), protocol)


def _file() -> Path:
    """Among the published tables of the installed package, or in a checkout."""
    package, name = Path(__file__).resolve().parents[1], "shufflenetv2_tables.csv"
    installed = as_folder(package / "reproduce" / "published") / name
    return installed if installed.is_file() else package.parent / "validation" / "data" / name
