"""Columns beside the readable oracle: layer-points a second, both in this run.

Columns price every op of a network on a chunk of devices in one call; the oracle (tests/oracle)
makes and prices one object per op and device, as tools with an object per layer do. Both give the
same seconds, which is checked first. Printed are the fastest of several interleaved rounds, in
processor time of one thread, and their ratio; then the ratio to an oracle that counts its ops once
and only prices them again.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

import costsim
from costsim.devices import RunConfig, device_for
from costsim.hardware.vary import at_point, vary
from costsim.networks import build
from costsim.simulate import simulate

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # the oracle lives with the tests
from tests.oracle.cpu import price
from tests.oracle.ops import OracleOp

NETWORKS = ("resnet50", "shufflenet_v2_1x")
CHUNKS = (256, 512, 1024)
ROUNDS = 9
ORACLE_POINTS = 2
"""Devices the oracle prices in a round; its time grows in proportion."""
SWEPT = ("hardware.clock", "hardware.memory.l2.size", "hardware.memory.dram.bandwidth", "fitted.gemm_ratio")


def main() -> None:
    profile = costsim.load_profile("arm_a53")
    for network in NETWORKS:
        for chunk in CHUNKS:
            compare(network, profile, chunk)


def compare(network: str, profile: costsim.Profile, chunk: int) -> None:
    """Prints one line: a network on ``chunk`` variants of a CPU."""
    graph, run, device = build(network), RunConfig.of(profile), device_for(profile)
    ops = simulate(graph, profile, run).ops
    factors = np.random.default_rng(0).uniform(0.5, 1.0, (len(SWEPT), chunk))
    devices = vary(profile, {field: profile.value_at(field) * f for field, f in zip(SWEPT, factors, strict=True)})
    alone = [at_point(devices, point) for point in range(ORACLE_POINTS)]

    def columns() -> np.ndarray:
        return device.costs(ops, devices, run).latency_s

    def oracle() -> np.ndarray:
        return np.array([priced([OracleOp(graph, label) for label in ops.labels], one) for one in alone]).T

    counted = [OracleOp(graph, label) for label in ops.labels]

    def oracle_counted_once() -> list[list[float]]:
        return [priced(counted, one) for one in alone]

    def priced(objects: list[OracleOp], one: costsim.Profile) -> list[float]:
        priced = price(objects, ops, one, run)
        return [op.latency_s for op in priced]

    np.testing.assert_allclose(columns()[:, :ORACLE_POINTS], oracle())
    fast, slow, counted_slow = fastest_of_each(columns, oracle, oracle_counted_once)
    by_columns, by_oracle = len(ops) * chunk / fast, len(ops) * ORACLE_POINTS / slow
    ratio, counted_ratio = by_columns / by_oracle, by_columns / (len(ops) * ORACLE_POINTS / counted_slow)
    print(
        f"{network:18} {len(ops):4} ops x {chunk:4} points: columns {by_columns / 1e6:6.2f} M, "
        f"oracle {by_oracle / 1e3:6.2f} k layer-points a second, ratio {ratio:4.0f}; counted once {counted_ratio:4.0f}"
    )


def fastest_of_each(*works: Callable[[], object]) -> list[float]:
    """Seconds of each, measured in turn."""
    rounds = [[seconds(work) for work in works] for _ in range(ROUNDS)]
    return [min(times) for times in zip(*rounds, strict=True)]


def seconds(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


if __name__ == "__main__":
    main()
