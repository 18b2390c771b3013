"""A machine that is none: a clock set by hand, and a runtime whose networks take what a profile says."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from costsim.calibrate.host.machine import Machine
from costsim.calibrate.host.measure import Visit
from costsim.calibrate.host.plan import calibration_plan
from costsim.calibrate.host.runtimes import HostRuntime, Pass
from costsim.graph import LayerGraph

MACHINE = Machine("Test CPU (family 1, model 2)", 2, 16, 16, {1: 32 * 1024, 2: 1024**2, 3: 32 * 1024**2})

SOME = (
    "conv_1x1_256_at_14", "conv_1x1_64_at_56", "conv_1x1_116_at_14", "conv_3x3_64_at_56", "conv_3x3_256_at_14",
    "conv_3x3_58_at_28", "depthwise_3x3_192_at_28", "depthwise_3x3_384_at_14", "depthwise_3x3_58_at_28",
    "grouped_1x1_60_by_3_at_28", "max_pool_64_at_56", "relu_96_at_56", "shuffle_116_at_28", "dense_block_32_at_28",
    "linear_1280", "linear_4096", "mobilenet_v3_small", "squeezenet_1_1",
)  # fmt: skip
"""Of the plan: enough to tell the constants apart."""

ONE_PASS = Visit(warm_up_passes=0, passes=1, budget_s=0.0)


class Clock:
    """Seconds that pass only when a network runs."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class FakeRuntime(HostRuntime):
    """Networks take the seconds they are given, a little more on every other visit."""

    name = "onnxruntime"
    version = "1.0"

    def __init__(self, clock: Clock, seconds: Mapping[str, float]) -> None:
        self.clock, self.seconds = clock, seconds
        self.visits: list[str] = []
        self.dies_at: int | None = None

    def prepare(self, graph: LayerGraph, threads: int, path: Path | None = None) -> Pass:
        if len(self.visits) == self.dies_at:
            raise KeyboardInterrupt
        self.visits.append(graph.name)
        slower = 1.02 if self.visits.count(graph.name) % 2 else 1.0
        return lambda: self._run(self.seconds[graph.name] * slower)

    def _run(self, seconds: float) -> None:
        self.clock.now += seconds


@pytest.fixture(scope="session")
def plan() -> dict[str, Callable[[], LayerGraph]]:
    whole = calibration_plan()
    return {name: whole[name] for name in SOME}
