"""The columns of the CPU family say what its readable oracle says, on random graphs and profiles."""

from __future__ import annotations

import numpy as np
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

import costsim
from costsim.devices import RunConfig
from costsim.graph import LayerGraph
from costsim.hardware import Profile
from costsim.hardware.vary import at_point, vary
from costsim.simulate import simulate
from tests.oracle.cpu import price
from tests.oracle.ops import OracleOp
from tests.strategies import conv_graphs, layer_graphs

CPUS = [name for name in costsim.profile_names() if costsim.load_profile(name).family == "cpu"]


@st.composite
def cpus(draw: st.DrawFn) -> Profile:
    """A shipped CPU with some of its numbers, and two of its runtime's habits, changed."""
    profile = costsim.load_profile(draw(st.sampled_from(CPUS)))
    numbers = [f for f in profile.provenance if isinstance(profile.value_at(f), (int, float)) and "cores" not in f]
    numbers = [f for f in numbers if f.startswith(("hardware.", "fitted."))]
    chosen = draw(st.lists(st.sampled_from(numbers), max_size=4, unique=True))
    changes = {f: np.array([profile.value_at(f) * draw(st.sampled_from([0.25, 0.5, 1.5, 3]))]) for f in chosen}
    habits = {"l2_blocking": draw(st.booleans()), "grouped_conv_as_one_gemm_per_group": draw(st.booleans())}
    runtime = profile.runtime.model_copy(update=habits)
    return at_point(vary(profile.model_copy(update={"runtime": runtime}), changes), 0)


SIZES = {"max_channels": 48, "max_side": 40, "stem": True}
GRAPHS = layer_graphs(**SIZES) | conv_graphs(**SIZES)


@given(GRAPHS, cpus(), st.data())
@settings(max_examples=150, phases=[Phase.generate])  # shrinking takes minutes
def test_columns_cost_what_the_oracle_costs(graph: LayerGraph, profile: Profile, data: st.DataObject) -> None:
    run = RunConfig.of(profile, threads=data.draw(st.integers(1, profile.max_threads)))
    simulation = simulate(graph, profile, run)
    ops = [OracleOp(graph, label) for label in simulation.ops.labels]
    priced = price(ops, simulation.ops.producers, profile, run.dtype, run.elem_bytes, run.threads)
    for row, oracle in enumerate(priced):
        limits = {name: array[row, 0] for name, array in simulation.costs.limits.items()}
        np.testing.assert_allclose(list(limits.values()), [(oracle.ceilings | oracle.overheads)[n] for n in limits])
        np.testing.assert_allclose(simulation.costs.latency_s[row, 0], oracle.latency_s)
        np.testing.assert_allclose(simulation.costs.traffic["dram"][row, 0], oracle.dram_bytes)
