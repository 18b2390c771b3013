"""Laws on distinct networks: priced many at a time, each costs what it costs alone, to the last digit."""

import sys
from pathlib import Path

import numpy as np
import pytest

import costsim
from costsim.devices import RunConfig, device_for
from costsim.errors import DoesNotFitError
from costsim.measures import BY_NAME
from costsim.networks import build
from costsim.simulate import lowering_for, simulate
from costsim.sweep.engine import DOES_NOT_FIT, IMPOSSIBLE, PRICED, Engine
from costsim.sweep.lowered import TOGETHER
from costsim.sweep.metrics import COST_METRICS, OP_METRICS
from costsim.sweep.spec import load_spec
from tests.random_networks import FEWEST, MOST, network

DEVICES = ["rpi4b", "gtx_1080ti", "v100", "embedded_buffer", "ethos_u55_256", "eyeriss_v1"]
RANDOM = {"python": "tests.random_networks:network"}
EXAMPLES = str(Path(__file__).parents[2] / "examples")


def priced(space):
    spec = load_spec({**space, "metrics": list(BY_NAME)})
    return Engine(spec).price(0, spec.space.points)


def assert_equal_to_analyze(table, graph_of):
    """Every priced point to its own analysis; the graph is made of the point's axes."""
    for point in np.flatnonzero(table["outcome"] == PRICED):
        axes = {name: column[point] for name, column in table.items()}
        settings = {n: f"{v.item()!r} Hz" for n, v in axes.items() if n.startswith("hardware.")}
        analysis = costsim.analyze(graph_of(axes), axes["hw"], settings=settings)
        summary = analysis.summary | analysis.measures
        for metric in (*OP_METRICS, *COST_METRICS, *BY_NAME):
            wanted = np.nan if summary[metric] is None else summary[metric]
            found = round(table[metric][point]) if isinstance(wanted, int) else table[metric][point]
            np.testing.assert_array_equal(found, wanted, err_msg=f"{metric} of point {point}")


@pytest.mark.parametrize("hw", DEVICES)
def test_random_networks_equal_analyze(hw):
    table = priced({"network": RANDOM, "hw": hw, "axes": {"network.seed": "0 .. 24"}})
    assert (table["outcome"] == PRICED).all()
    assert_equal_to_analyze(table, lambda axes: network(int(axes["network.seed"])))


@pytest.mark.parametrize("hw", ["rpi4b", "gtx_1080ti", "embedded_buffer"])
@pytest.mark.parametrize("clocks", ["500 MHz .. 1 GHz x 2", "500 MHz .. 1 GHz x 9"], ids=["few clocks", "many clocks"])
def test_networks_and_settings_side_by_side_equal_analyze(hw, clocks):
    axes = {"hardware.clock": clocks, "network.seed": "30 .. 33"}
    table = priced({"network": RANDOM, "hw": hw, "axes": axes})
    assert (table["outcome"] == PRICED).all()
    assert_equal_to_analyze(table, lambda point: network(int(point["network.seed"])))


@pytest.mark.parametrize("hw", ["rpi5", "gtx_1080ti", "ethos_u55_256"])
def test_cells_of_the_benchmark_equal_analyze(hw, monkeypatch):
    monkeypatch.syspath_prepend(EXAMPLES)
    import rank_cells

    spec = {**rank_cells.SPEC, "hw": hw, "sample": {"points": TOGETHER + 12, "method": "random", "seed": 1}}
    table = priced(spec)
    impossible = table["outcome"] == IMPOSSIBLE
    assert 0 < impossible.sum() < 0.3 * len(impossible)
    few = {name: column[:: len(impossible) // 24] for name, column in table.items()}
    assert_equal_to_analyze(
        few, lambda axes: rank_cells.network(**{edge: axes[f"network.{edge}"] for edge in rank_cells.EDGES})
    )
    sys.modules.pop("rank_cells")


@pytest.mark.parametrize("hw", costsim.profile_names())
def test_networks_in_one_table_cost_what_they_cost_alone(hw):
    profile = costsim.load_profile(hw)
    run, device = RunConfig.of(profile), device_for(profile)
    graphs = [build("squeezenet_1_1"), *map(network, range(40, 43))]
    try:
        together = device.plan(lowering_for(profile, run).table(graphs), profile, run)
    except DoesNotFitError:
        pytest.skip(f"too small for these networks: {hw}")
    costs = device.costs(together, profile, run)
    alone = [simulate(graph, profile, run) for graph in graphs]
    np.testing.assert_array_equal(together.starts, np.cumsum([0, *(len(s.ops) for s in alone[:-1])]))
    assert together.labels == tuple(label for s in alone for label in s.ops.labels)
    for limit, seconds in costs.limits.items():
        np.testing.assert_array_equal(seconds, np.concatenate([s.costs.limits[limit] for s in alone]), err_msg=limit)
    np.testing.assert_array_equal(costs.latency_s, np.concatenate([s.costs.latency_s for s in alone]))
    for memory, moved in costs.traffic.items():
        np.testing.assert_array_equal(moved, np.concatenate([s.costs.traffic[memory] for s in alone]), err_msg=memory)


@pytest.mark.parametrize(
    ("hw", "memory", "sizes"),
    [
        ("gtx_1080ti", "hardware.memory.dram.size", ["16 MiB", "48 MiB"]),
        ("embedded_buffer", "hardware.memory.onchip.size", ["4 KiB", "12 KiB"]),
    ],
)
def test_of_networks_side_by_side_those_that_do_not_fit_are_found(hw, memory, sizes):
    table = priced({"network": RANDOM, "hw": hw, "axes": {"network.seed": "0 .. 24", memory: sizes}})
    fits = []
    for seed, size in zip(table["network.seed"], table[memory], strict=True):
        try:
            costsim.analyze(network(int(seed)), hw, settings={memory: f"{size.item()!r} B"})
            fits.append(True)
        except costsim.DoesNotFitError:
            fits.append(False)
    assert set(fits) == {True, False}
    np.testing.assert_array_equal(table["outcome"], np.where(fits, PRICED, DOES_NOT_FIT))


def test_random_networks_are_distinct_and_of_the_size_they_say():
    uncounted = {"batch_norm", "input", "flatten", "reshape", "relu", "relu6", "hard_swish", "sigmoid"}
    graphs = [network(seed) for seed in range(300)]
    assert len({tuple((n.layer, n.inputs, n.shape) for n in graph) for graph in graphs}) == len(graphs)
    layers = [sum(node.layer.op not in uncounted for node in graph) for graph in graphs]
    assert min(layers) >= FEWEST and max(layers) <= MOST
    small = [len(network(seed, most=24)) for seed in range(300)]
    assert min(small) >= 20 and max(small) <= 60
    words = {node.placed.op for graph in graphs for node in graph}
    assert {"conv", "grouped_conv", "depthwise_conv", "add", "concat", "channel_shuffle", "mul", "avg_pool"} <= words
