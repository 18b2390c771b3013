"""Microcontrollers against MLPerf Tiny, TinyEngine's table and ST's model zoo: milliseconds and SRAM.

``python -m validation.mcu`` prints predicted over measured for each board and runtime, with a line in
multiply-accumulates beside the latencies. The rates of a library were fitted on one core, and each other core has one
factor (hwprofiles/runtimes, ``core_cycles``). Networks larger than a part's own memories are priced from those beside
it, where the board has any. Not in the table: visual wake words as ST's own submissions from X-CUBE-AI 8.1 on run it.
The reference model has dead channels, which that compiler drops: the same board takes 50.4 ms with 7.3 and 29.6 ms
with 8.1, while the other networks agree.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from costsim.devices import RunConfig, device_for
from costsim.devices.mcu.memory import occupancy
from costsim.devices.mcu.profile import McuProfile
from costsim.edit.rewrite import keep, rewrite
from costsim.graph import LayerGraph, Node
from costsim.graph.layers import Conv2d, Pad
from costsim.hardware import Profile, load_profile
from costsim.networks import build
from costsim.simulate import Simulation, lower_for
from costsim.tables.optable import OpTable

DATA = Path(__file__).parent / "data" / "mcu_latencies.csv"
INT8 = RunConfig("int8")


def measurements() -> pd.DataFrame:
    """Board, runtime, network, milliseconds and where known bytes of SRAM, each with its source."""
    return pd.read_csv(DATA)


def network_of(row: pd.Series) -> LayerGraph:
    """The network that was measured, as the file it was measured from has it."""
    options: dict[str, Any] = {}
    if not np.isnan(row.input_size):
        channels = 3 if np.isnan(row.channels) else int(row.channels)
        options["input_shape"] = (1, channels, int(row.input_size), int(row.input_size))
    if not np.isnan(row.classes):
        options["classes"] = int(row.classes)
    if not np.isnan(row.width):
        options["width"] = float(row.width)
    graph = build(row.network, **options)
    return with_explicit_pads(graph) if row.explicit_pads == "yes" else graph


def with_explicit_pads(graph: LayerGraph) -> LayerGraph:
    """The same network with a layer of its own for every padding of a convolution.

    So networks stand in TFLite files that were converted from PyTorch, whose symmetric padding at stride 2 is not
    TensorFlow's: MCUNet's are. Interpreters run the layer; compilers fold it into the convolution.
    """

    def write(new: LayerGraph, node: Node, inputs: tuple[str, ...]) -> str:
        layer = node.layer
        if not (isinstance(layer, Conv2d) and any(np.any(side) for side in layer.padding)):
            return keep(new, node, inputs)
        padded = new.add(Pad(layer.padding), *inputs, name=f"{node.name}.pad", block=node.block).name
        bare = Conv2d(layer.out_channels, layer.kernel, layer.stride, 0, layer.dilation, layer.groups, layer.bias)
        return keep(new, node, (padded,), bare)

    return rewrite(graph, write)


def priced(row: pd.Series, profile: McuProfile) -> Simulation:
    """The network of a row on a profile, whether or not the part holds it."""
    graph = network_of(row)
    ops = lower_for(graph, profile, INT8)
    held = from_outside(ops, profile)
    return Simulation(graph, held, INT8, ops, device_for(held).costs(ops, held, INT8))


def from_outside(ops: OpTable, profile: McuProfile) -> McuProfile:
    """The board with arena and weights in the memories beside the part where its own are too small."""
    held, memory, moved = occupancy(ops, profile.runtime), profile.hardware.memory, {}
    if memory.external_ram is not None and held.taken_bytes(profile)["sram"] > memory.sram.size_bytes:
        moved["arena_in"] = "external_ram"
    if memory.external_flash is not None and held.flash_bytes > memory.flash.size_bytes:
        moved["weights_in"] = "external_flash"
    return profile.model_copy(update={"runtime": profile.runtime.model_copy(update=moved)})


def measured_on(profile: Profile) -> Iterator[Simulation]:
    """The networks behind the card of a board: one latency, or those of another library, make none."""
    if profile.calibration.status != "calibrated":
        return
    table = measurements()
    for _, row in table[(table.board == profile.name) & (table.runtime == profile.runtime.name)].iterrows():
        yield priced(row, profile)


def predictions() -> pd.DataFrame:
    """Every measurement with what the shipped profile says: milliseconds, bytes of SRAM, multiply-accumulates."""
    records = []
    for _, row in measurements().iterrows():
        profile = load_profile(row.board, runtime=row.runtime)
        done = priced(row, profile)
        held = device_for(profile).footprint(done.ops, profile, INT8)
        records.append(
            {
                **row,
                "predicted_ms": float(done.costs.latency_s.sum()) * 1e3,
                "predicted_sram_bytes": held.onchip_used_bytes,
                "macs": float(done.ops.macs.sum()),
            }
        )
    return pd.DataFrame(records)


def main() -> None:
    """Print the tables, the errors by board and runtime, and those of a line in multiply-accumulates."""
    table = predictions()
    table["ratio"] = table.predicted_ms / table.latency_ms
    table["sram_ratio"] = table.predicted_sram_bytes / table.sram_bytes
    for (board, runtime), rows in table.groupby(["board", "runtime"], sort=False):
        error = float(np.abs(rows.ratio - 1).mean())
        pace = np.exp(np.log(rows.latency_ms / rows.macs).mean())
        line = float(np.abs(pace * rows.macs / rows.latency_ms - 1).mean())
        print(f"{board:14} {runtime:12} mean error {error:5.1%}  line in MACs {line:5.1%}   {_each(rows, 'ratio')}")
        known = rows[rows.sram_bytes.notna()]
        if len(known):
            within = float((np.abs(known.sram_ratio - 1) <= 0.1).mean())
            print(f"{'':14} {'':12} SRAM within 10 %: {within:.0%}   {_each(known, 'sram_ratio')}")


def _each(rows: pd.DataFrame, column: str) -> str:
    return ", ".join(f"{r.network.removeprefix('mlperf_tiny_')} {r[column]:.2f}" for _, r in rows.iterrows())


if __name__ == "__main__":
    main()
