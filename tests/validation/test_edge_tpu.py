"""Edge TPU: latencies published at coral.ai/docs/edgetpu/benchmarks (desktop, USB 3), and the step at the cache."""

from __future__ import annotations

import numpy as np
import pytest

from costsim.devices import RunConfig
from costsim.hardware import load_profile
from costsim.hardware.vary import vary
from costsim.network import Network
from costsim.simulate import simulate
from costsim.tables.liveness import live_bytes
from validation.cards import EDGE_TPU_MS


@pytest.mark.parametrize(("name", "side", "published_ms"), [(*network, ms) for network, ms in EDGE_TPU_MS.items()])
def test_published_latencies(name: str, side: int, published_ms: float) -> None:
    profile = load_profile("edge_tpu")
    simulation = simulate(Network(name, input_size=f"3x{side}x{side}").graph, profile, RunConfig.of(profile))
    assert simulation.costs.latency_s.sum() * 1e3 == pytest.approx(published_ms, rel=0.25)


def test_time_grows_with_every_byte_beyond_the_cache_and_not_before() -> None:
    profile = load_profile("edge_tpu")
    graph = Network("resnet50").graph
    ops = simulate(graph, profile, RunConfig.of(profile)).ops
    weights, maps = ops.weight_bytes.sum(), live_bytes(ops).max()
    sizes = maps + np.array([0.25, 0.5, 0.75, 1.0, 1.5]) * weights
    cache = np.full_like(sizes, weights)
    swept = vary(profile, {"hardware.memory.onchip.size": sizes, "hardware.memory.parameter_cache.size": cache})
    seconds = simulate(graph, swept, RunConfig.of(profile)).costs.latency_s.sum(axis=0)
    streaming = 0.25 * weights / profile.hardware.memory.dram.bandwidth_bytes_per_s
    np.testing.assert_allclose(-np.diff(seconds)[:2], streaming, rtol=0.25)
    assert seconds[3] == seconds[4]
