"""The appendix of the ShuffleNet V2 paper on ARM, which nothing is fitted on: larger inputs, stacks of units.

``python -m validation.paper_appendix`` prints the errors of the profile, and with depthwise layers computed in
vectors instead of value by value.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from costsim.calibrate.errors import ErrorSummary
from costsim.calibrate.paper import paper_rows
from costsim.devices import RunConfig
from costsim.graph import LayerGraph, NetBuilder
from costsim.hardware import Profile, load_profile
from costsim.network import Network
from costsim.networks.shufflenet_v2 import UnitOptions, basic_unit
from costsim.simulate import simulate
from validation.paper import PROFILE

DATA = Path(__file__).parent / "data" / "shufflenetv2_tables.csv"

WIDTHS = {"40M": "0.5x", "140M": "1x", "300M": "1.5x", "500M": "2x"}
MOBILENETS_V2 = {"300M": "1x", "500M": "1.4x"}
"""Those of smaller budgets were never published."""

UNITS = 10
"""In a stack of appendix Table 1 (b)."""


def network(variant: str, budget: str) -> str | None:
    """The zoo's name of a row of appendix Table 1 (a), if its definition is published."""
    if variant == "MobileNet v2":
        return f"mobilenet_v2_{MOBILENETS_V2[budget]}" if budget in MOBILENETS_V2 else None
    family = {"ShuffleNet v2": "shufflenet_v2", "ShuffleNet v1": "shufflenet_v1_g3"}.get(variant)
    return f"{family}_{WIDTHS[budget]}" if family else None


def stack(c: int, size: int) -> LayerGraph:
    """Ten units of ShuffleNet v2."""
    net = NetBuilder(f"stack_{c}_{size}")
    x = net.input(1, c, size, size)
    for _ in range(UNITS):
        x = basic_unit(net, x, UnitOptions())
    return net.graph


def rows() -> Iterator[tuple[str, LayerGraph, float]]:
    """(title of the set, network, measured seconds)."""
    with DATA.open(encoding="utf-8") as lines:
        measured = [row for row in csv.DictReader(lines) if row["platform"] == "ARM" and row["table"] in ("A1", "A2")]
    for row in measured:
        width, height = row["config"].split()[0].split("x")
        if row["table"] == "A2" and row["variant"] == "ShuffleNet v2":
            yield "stacks of units", stack(int(row["scale"].removeprefix("c=")), int(width)), 1 / float(row["speed"])
        if row["table"] == "A1" and (name := network(row["variant"], row["scale"])):
            yield "larger inputs", Network(name, input_size=f"3x{height}x{width}").graph, 1 / float(row["speed"])
    yield from (("Table 8", row.graph, row.latency_s) for row in paper_rows("cpu") if not row.is_micro)


def log_errors(profile: Profile) -> dict[str, list[float]]:
    """log(predicted / measured) by set."""
    errors: dict[str, list[float]] = {}
    for title, graph, measured_s in rows():
        predicted_s = float(simulate(graph, profile, RunConfig.of(profile)).costs.latency_s.sum())
        errors.setdefault(title, []).append(float(np.log(predicted_s / measured_s)))
    return errors


def main() -> None:
    """Both kinds of depthwise loop."""
    profile = load_profile(PROFILE)
    vectors = profile.model_copy(update={"runtime": profile.runtime.model_copy(update={"scalar_depthwise": False})})
    for kind, one in (("value by value", profile), ("in vectors", vectors)):
        for title, errors in log_errors(one).items():
            s = ErrorSummary.of(errors)
            print(
                f"depthwise {kind:14s}, {title:15s} {s.count:3d}: mean {s.mean_ratio:.1%}, median {s.median_ratio:.1%}"
            )


if __name__ == "__main__":
    main()
