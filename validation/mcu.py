"""Microcontrollers against MLPerf Tiny and TinyEngine's table, with a line in multiply-accumulates beside them.

``python -m validation.mcu`` prints predicted over measured for each board and runtime. The rates of a library were
fitted on one core, and each other core has one factor (hwprofiles/runtimes, ``core_cycles``). Not in the table:
visual wake words as ST's own submissions from X-CUBE-AI 8.1 on run it. The reference model has dead channels, which
that compiler drops: the same board takes 50.4 ms with 7.3 and 29.6 ms with 8.1, while the other networks agree.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from costsim.devices import RunConfig
from costsim.graph import LayerGraph
from costsim.hardware import Profile, load_profile
from costsim.networks import build
from costsim.simulate import Simulation, simulate

DATA = Path(__file__).parent / "data" / "mcu_latencies.csv"


def measurements() -> pd.DataFrame:
    """Board, runtime, network and milliseconds, each with its source."""
    return pd.read_csv(DATA)


def network_of(row: pd.Series) -> LayerGraph:
    """The network that was timed; TinyEngine's MobileNet v2 is 0.3 wide at 64 x 64."""
    if row.network == "mobilenet_v2_1x":
        side = int(row.input_size)
        return build("mobilenet_v2_1x", width=0.3, input_shape=(1, 3, side, side), classes=int(row.classes))
    return build(row.network)


def measured_on(profile: Profile) -> Iterator[Simulation]:
    """The networks behind the card of a board: one latency, or those of another library, make none."""
    if profile.calibration.status != "calibrated":
        return
    table = measurements()
    for _, row in table[(table.board == profile.name) & (table.runtime == profile.runtime.name)].iterrows():
        yield simulate(network_of(row), profile, RunConfig("int8"))


def predictions() -> pd.DataFrame:
    """Every measurement with what the shipped profile says, in milliseconds."""
    table = measurements()
    predicted, macs = [], []
    for _, row in table.iterrows():
        profile = load_profile(row.board, runtime=row.runtime)
        done = simulate(network_of(row), profile, RunConfig("int8"))
        predicted.append(float(done.costs.latency_s.sum()) * 1e3)
        macs.append(float(done.ops.macs.sum()))
    return table.assign(predicted_ms=predicted, macs=macs)


def main() -> None:
    """Print the table, the errors by board and runtime, and those of a line in multiply-accumulates."""
    table = predictions()
    table["ratio"] = table.predicted_ms / table.latency_ms
    for (board, runtime), rows in table.groupby(["board", "runtime"], sort=False):
        error = float(np.abs(rows.ratio - 1).mean())
        pace = np.exp(np.log(rows.latency_ms / rows.macs).mean())
        line = float(np.abs(pace * rows.macs / rows.latency_ms - 1).mean())
        shown = ", ".join(f"{r.network.removeprefix('mlperf_tiny_')} {r.ratio:.2f}" for _, r in rows.iterrows())
        print(f"{board:14} {runtime:12} mean error {error:5.1%}  line in MACs {line:5.1%}   {shown}")


if __name__ == "__main__":
    main()
