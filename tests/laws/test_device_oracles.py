"""The columns of every family say what its readable oracle says, on random graphs and profiles."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from hypothesis import Phase, given, reject, settings
from hypothesis import strategies as st

import costsim
from costsim.devices import RunConfig
from costsim.devices.accelerator.arrays import SystolicArray
from costsim.devices.accelerator.profile import AcceleratorHardware
from costsim.devices.cpu.profile import BlockedLayout
from costsim.hardware import Profile
from costsim.hardware.vary import at_point, vary
from costsim.lowering.lower import NEVER_EXECUTED
from costsim.lowering.parts import in_parts
from costsim.simulate import Simulation, simulate
from tests.oracle import accelerator, cpu, gpu
from tests.oracle.ops import OracleOp
from tests.strategies import conv_graphs, layer_graphs

ORACLES = {"accelerator": accelerator.price, "cpu": cpu.price, "gpu": gpu.price}

HABITS = {
    "accelerator": {"double_buffered": [False, True]},
    "cpu": {
        name: [False, True]
        for name in (
            "l2_blocking",
            "packs_ahead",
            "scalar_depthwise",
            "grouped_conv_as_one_gemm_per_group",
            "weights_stay",
        )
    },
    "gpu": {
        "grouped": ["loop", "native"],
        "winograd_weights": ["each_call", "ahead"],
        "input_from": ["host", "device"],
        "weights_stay": [False, True],
        "layout": ["nchw", "nhwc"],
        "attention": ["products"],
        "autocast": [False],
        "joins": [()],
    },
}
"""Runtime fields that are choices, with their values; what a GPU joins is held by tests/unit/test_gpu_joined.py."""

SIZES = {"max_channels": 48, "max_side": 40, "stem": True}
GRAPHS = layer_graphs(**SIZES) | conv_graphs(**SIZES)


SYSTOLIC = [
    SystolicArray(kind="systolic", rows=8, cols=16, dataflow=dataflow, macs_per_cycle=128)
    for dataflow in ("output_stationary", "weight_stationary", "input_stationary")
]
"""No shipped accelerator has one; they take the place of an atomic array."""


@cache
def shipped(family: str) -> list[Profile]:
    """The profiles of a family that its oracle can price."""
    profiles = [costsim.load_profile(name) for name in costsim.profile_names()]
    return [
        p for p in profiles if p.family == family and (family != "accelerator" or p.hardware.array.kind == "atomic")
    ]


@st.composite
def profiles(draw: st.DrawFn, family: str) -> Profile:
    """A shipped profile of the family with some of its numbers, and its runtime's habits, changed."""
    profile = draw(st.sampled_from(shipped(family)))
    numbers = [f for f in profile.provenance if isinstance(profile.value_at(f), (int, float)) and "cores" not in f]
    numbers = [f for f in numbers if f.startswith(("hardware.", "fitted.")) and f != "fitted.overlap"]
    numbers = [f for f in numbers if not f.startswith(("hardware.array", "hardware.memory.onchip.size"))]
    chosen = draw(st.lists(st.sampled_from(numbers), max_size=4, unique=True))
    changes = {f: np.array([profile.value_at(f) * draw(st.sampled_from([0.25, 0.5, 1.5, 3]))]) for f in chosen}
    habits = {field: draw(st.sampled_from(values)) for field, values in HABITS[family].items()}
    if family == "cpu" and profile.runtime.blocked_layout is not None:
        habits["waits_for_memory"] = draw(st.booleans())
        habits["blocked_layout"] = draw(st.sampled_from(layouts(profile.runtime.blocked_layout)))
    runtime = profile.runtime.model_copy(update=habits)
    changed = at_point(vary(profile.model_copy(update={"runtime": runtime}), changes), 0)
    return changed.model_copy(update={"hardware": hardware(draw, changed)}) if family == "accelerator" else changed


def layouts(blocked: BlockedLayout) -> list[BlockedLayout]:
    """The profile's layout, and that of a runtime which reorders tensors around every convolution."""
    return [blocked, blocked.model_copy(update={"kept": False, "pointwise": False, "small_input_elems": 500.0})]


def hardware(draw: st.DrawFn, profile: Profile) -> AcceleratorHardware:
    """The accelerator with another array, other habits of its array, or memory that comes in bursts."""
    habits = {"winograd_3x3": draw(st.booleans()), "folds_strides": draw(st.booleans())}
    array = draw(st.sampled_from([profile.hardware.array.model_copy(update=habits), *SYSTOLIC]))
    memory = profile.hardware.memory
    if memory.dram is not None:
        dram = memory.dram.model_copy(update={"burst_bytes": draw(st.sampled_from([None, 8.0, 64.0]))})
        memory = memory.model_copy(update={"dram": dram})
    return profile.hardware.model_copy(update={"array": array, "memory": memory})


@pytest.mark.parametrize("family", ORACLES)
@given(data=st.data())
@settings(max_examples=120, phases=[Phase.generate])  # shrinking takes minutes
def test_columns_cost_what_the_oracle_costs(family: str, data: st.DataObject) -> None:
    graph, profile = data.draw(GRAPHS), data.draw(profiles(family))
    if (runs := profile.runtime.executed_ops) is not None:  # how composite layers come apart: test_words.py
        graph, _ = in_parts(graph, {*runs, *profile.runtime.views, *NEVER_EXECUTED})
    floats_only = family == "cpu"  # the oracle of CPUs knows no int8 kernels: nothing random judges those yet
    dtypes = [dtype for dtype in profile.runtime.dtypes if not (floats_only and dtype == "int8")]
    dtype = data.draw(st.sampled_from(dtypes))
    run = RunConfig.of(profile, dtype, data.draw(st.integers(1, profile.max_threads)))
    try:
        simulation = simulate(graph, profile, run)
    except costsim.DoesNotFitError:
        reject()
    check_against_oracle(simulation)


@pytest.mark.parametrize(
    ("hw", "batch", "c_in", "c_out", "side", "kernel", "launches", "spills"),
    [
        ("v100", 1, 2048, 512, 7, 1, 2, False),  # the sum over input channels in parts
        ("h200", 1, 4096, 128, 7, 1, 2, False),
        ("v100", 1, 512, 256, 56, 1, 2, False),  # two parts would be faster: the library goes in steps of four
        ("gtx_1080ti", 4, 512, 512, 28, 3, 2, True),  # Winograd: weights transformed in every call, L2 too small
    ],
)
def test_kernels_no_small_network_runs_cost_what_the_oracle_costs(
    hw: str, batch: int, c_in: int, c_out: int, side: int, kernel: int, launches: int, spills: bool
) -> None:
    net = costsim.NetBuilder("one convolution")
    net.conv(net.input(batch, c_in, side, side), c_out, kernel)
    profile = costsim.load_profile(hw)
    simulation = simulate(net.graph, profile, RunConfig.of(profile))
    overheads = simulation.costs.overheads
    assert overheads["launch"][0, 0] == pytest.approx(launches * profile.fitted.launch_s)
    assert (overheads["transform"][0, 0] * profile.hardware.memory.l2.bandwidth_bytes_per_s
            > profile.hardware.memory.l2.size_bytes) == spills  # fmt: skip
    check_against_oracle(simulation)


@pytest.mark.parametrize("kept_blocked", [True, False])
def test_blocked_runtimes_cost_what_the_oracle_costs_where_tensors_leave_the_caches(kept_blocked: bool) -> None:
    """A slice reads what it keeps, an op of several passes reads the third cache level as often: both rarely drawn."""
    base = costsim.load_profile("epyc_zen4")
    layout = layouts(base.runtime.blocked_layout)[0 if kept_blocked else 1]
    base = base.model_copy(update={"runtime": base.runtime.model_copy(update={"blocked_layout": layout})})
    profile = at_point(vary(base, {
        "hardware.memory.l1.size": np.array([2048.0]),
        "hardware.memory.l2.size": np.array([8192.0]),
        "hardware.memory.l3.size": np.array([16384.0]),
    }), 0)  # fmt: skip
    net = costsim.NetBuilder("slices and passes")
    kept, dropped = net.split(net.act(net.conv(net.input(1, 16, 24, 24), 64, 3), "hard_swish"), 16, 48)
    net.conv(net.act(kept, "hard_swish"), 32)
    net.conv(dropped, 32)
    simulation = simulate(net.graph, profile, RunConfig.of(profile))
    l3_s, dram_s = (simulation.costs.overheads[name][:, 0] for name in ("l3", "dram_wait"))
    words = [label.op for label in simulation.ops.labels]
    assert {"slice", "hard_swish"} <= {word for word, l3, dram in zip(words, l3_s, dram_s, strict=True) if l3 and dram}
    check_against_oracle(simulation)


def check_against_oracle(simulation: Simulation) -> None:
    """Every limit, the latency and the traffic of every op, in columns and by the oracle of the family."""
    profile = simulation.profile
    ops = [OracleOp(simulation.graph, label) for label in simulation.ops.labels]
    priced = ORACLES[profile.family](ops, simulation.ops, profile, simulation.run)
    for row, oracle in enumerate(priced):
        limits = {name: array[row, 0] for name, array in simulation.costs.limits.items()}
        expected = oracle.ceilings | oracle.overheads
        assert limits.keys() == expected.keys()
        np.testing.assert_allclose([limits[name] for name in expected], list(expected.values()), atol=1e-18)
        np.testing.assert_allclose(simulation.costs.latency_s[row, 0], oracle.latency_s)
        np.testing.assert_allclose(simulation.costs.traffic["dram"][row, 0], oracle.dram_bytes)
