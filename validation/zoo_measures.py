"""The page of measures of the zoo: ``python -m validation.zoo_measures docs/zoo_measures.md``.

What the papers say of their networks, each as an order by a measure; then a network of every family.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from costsim.files import write_text
from costsim.measures import BY_NAME
from costsim.measures.table import HEADLINES
from costsim.networks import network_names
from costsim.networks.zoo import family_name
from costsim.report.formats.markdown import markdown_table
from costsim.report.words import measured
from costsim.survey import Record, survey, value_of
from costsim.units import format_count

HW = "snapdragon_810_paper"
"""The device of the ShuffleNet V2 paper's ARM measurements: what its runtime executes is measured."""

PAPER = "ShuffleNet V2"


@dataclass(frozen=True)
class Claim:
    """What a paper says of networks, as an order by a measure: each has at most as much of it as the next."""

    paper: str
    text: str
    measure: str
    networks: tuple[str, ...]
    unless: str = ""
    """Why costsim finds it otherwise, where it does."""

    def holds(self, found: Mapping[str, Record]) -> bool:
        """Whether the values rise strictly from the first to the last."""
        values = self.values(found)
        return all(a < b for a, b in pairwise(values))

    def values(self, found: Mapping[str, Record]) -> list[float]:
        """The measure of each network; where one has nothing that it speaks of, its best value."""
        told = (BY_NAME[self.measure].or_best(value_of(found[name], self.measure)) for name in self.networks)
        return [float("nan") if value is None else value for value in told]


CLAIMS = (
    Claim(PAPER, "ShuffleNet v1's bottlenecks violate G1, v2 keeps it", "access_ratio",
          ("shufflenet_v2_1x", "shufflenet_v1_g3_1x")),
    Claim(PAPER, "MobileNet v2's inverted bottleneck violates G1", "access_ratio",
          ("shufflenet_v2_1x", "mobilenet_v2_1x")),
    Claim(PAPER, "wide inputs of narrow layers in DenseNet violate G1", "access_ratio",
          ("shufflenet_v2_1x", "densenet121")),
    Claim(PAPER, "group convolutions of ShuffleNet v1 violate G2, more groups more", "group_access_ratio",
          ("shufflenet_v2_1x", "shufflenet_v1_g2_1x", "shufflenet_v1_g3_1x", "shufflenet_v1_g4_1x",
           "shufflenet_v1_g8_1x")),
    Claim(PAPER, "cells that were searched for are in more fragments than ResNet", "fragmentation_ratio",
          ("resnet50", "nas_bench_201_all_3x3")),
    Claim(PAPER, "group convolutions are fragments too: ShuffleNet v1 has more a step than v2", "fragmentation_ratio",
          ("shufflenet_v2_1x", "shufflenet_v1_g3_1x")),
    Claim(PAPER, "v2 has few element-wise ops, its form with residuals more, v1 most", "elementwise_access_ratio",
          ("shufflenet_v2_1x", "shufflenet_v2_1x_residual", "shufflenet_v1_g3_1x")),
    Claim(PAPER, "MobileNet v2 adds on wide maps, MobileNet v1 adds nothing", "elementwise_access_ratio",
          ("mobilenet_v1_1x", "mobilenet_v2_1x")),
    Claim("CondenseNetV2", "reactivating features takes group convolutions and index layers: more groups than v2 of "
          "ShuffleNet", "group_access_ratio", ("shufflenet_v2_1x", "condensenet_v2_a")),
    Claim("VarGNet", "smaller maps between blocks than MobileNet v1", "border_elems",
          ("vargnet_v1_1x", "mobilenet_v1_1x")),
    Claim("VarGNet", "smaller maps between blocks than MobileNet v2", "border_elems",
          ("vargnet_v1_1x", "mobilenet_v2_1x")),
    Claim("VarGNet", "smaller maps between blocks than ShuffleNet v2", "border_elems",
          ("vargnet_v1_1x", "shufflenet_v2_1x"),
          "they are as large to one percent, at 4.3 times the multiply-accumulates: its maps are smaller for its size"),
    Claim("VarGNet", "intensity inside a block better balanced than MobileNet v1's", "intensity_ratio",
          ("vargnet_v1_1x", "mobilenet_v1_1x")),
    Claim("VarGNet", "intensity inside a block better balanced than MobileNet v2's", "intensity_ratio",
          ("vargnet_v1_1x", "mobilenet_v2_1x")),
    Claim("VarGNet", "intensity inside a block better balanced than ShuffleNet v2's", "intensity_ratio",
          ("vargnet_v1_1x", "shufflenet_v2_1x")),
)  # fmt: skip
"""The papers' words on their own networks and those they compare with."""

HEAD = f"""# Measures of the zoo

<!-- Made by `python -m validation.zoo_measures docs/zoo_measures.md`; edit validation/zoo_measures.py. -->

Measured over the ops that `{HW}` executes, the runtime of the ShuffleNet V2 paper's ARM
measurements, at the networks' own input sizes. docs/measures.md defines the measures; `costsim nets list --sort MEASURE
--hw HW` puts any networks in order by any of them, on any device.
"""


def representatives() -> list[str]:
    """One network of every family: the one of width 1 with the shortest name, else the first."""
    families: dict[str, list[str]] = {}
    for name in network_names():
        families.setdefault(family_name(name), []).append(name)
    return [min((n for n in names if n.endswith("_1x")), key=len, default=names[0]) for names in families.values()]


def claims(found: Mapping[str, Record]) -> Iterator[tuple[str, ...]]:
    """A row a claim: what was said, the networks with their values, whether they are in that order."""
    for claim in CLAIMS:
        row = BY_NAME[claim.measure]
        pairs = zip(claim.networks, claim.values(found), strict=True)
        order = ", ".join(f"{name} {measured(value, row)}" for name, value in pairs)
        verdict = "as the paper says" if claim.holds(found) else f"not so: {claim.unless}"
        yield claim.paper, claim.text, f"`{claim.measure}`", order, verdict


def rows(found: Mapping[str, Record], names: list[str]) -> Iterator[tuple[str, ...]]:
    """A row a network: multiply-accumulates and the measure of each guideline."""
    for name in names:
        record = found[name]
        values = ((value_of(record, headline), BY_NAME[headline]) for headline in HEADLINES)
        yield name, format_count(record["macs"]), *("" if v is None else measured(v, row) for v, row in values)


def page() -> str:
    """The orders, then the table of families."""
    names = representatives()
    wanted = dict.fromkeys([*names, *(name for claim in CLAIMS for name in claim.networks)])
    found = {record["name"]: record for record in survey(wanted, HW)}
    held = sum(claim.holds(found) for claim in CLAIMS)
    heads = ["network", "MACs", *(f"{BY_NAME[name].guideline} `{name}`" for name in HEADLINES)]
    parts = [
        HEAD,
        f"## In the order the papers say: {held} of {len(CLAIMS)}\n",
        "Networks stand from the least to the most, as the paper has them.\n",
        markdown_table(("paper", "claim", "measure", "networks", "found"), claims(found)),
        "\n## A network of every family\n",
        markdown_table(heads, rows(found, names)),
    ]
    return "\n".join(parts) + "\n"


if __name__ == "__main__":
    write_text(Path(sys.argv[1]), page())
