"""A chunk of points is the same as each point alone: no formula mixes points, on any family."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

import costsim
from costsim.devices import RunConfig
from costsim.graph import LayerGraph
from costsim.hardware import Profile
from costsim.hardware.vary import vary
from costsim.simulate import Simulation, simulate
from tests.strategies import layer_graphs

POINTS = 4


def varied_fields(profile: Profile) -> list[str]:
    """Hardware numbers of a profile that may be swept."""
    fields = [path for path in profile.provenance if path.startswith("hardware.")]
    return [path for path in fields if isinstance(profile.value_at(path), (int, float))]


def priced(graph: LayerGraph, profile: Profile) -> Simulation:
    return simulate(graph, profile, RunConfig.of(profile))


@pytest.mark.parametrize("name", costsim.profile_names())
@given(data=st.data())
@settings(max_examples=15, phases=[Phase.generate])  # shrinking takes minutes
def test_devices_side_by_side_cost_what_each_costs_alone(name: str, data: st.DataObject) -> None:
    profile = costsim.load_profile(name)
    graph = data.draw(layer_graphs(max_channels=64, max_side=40, stem=True))
    fields = data.draw(st.lists(st.sampled_from(varied_fields(profile)), min_size=1, max_size=3, unique=True))
    factors = st.lists(st.sampled_from([0.5, 1, 2, 3]), min_size=POINTS, max_size=POINTS)
    columns = {field: profile.value_at(field) * np.array(data.draw(factors)) for field in fields}
    together = priced(graph, vary(profile, columns)).costs
    for point in range(POINTS):
        alone = priced(graph, vary(profile, {field: v[[point]] for field, v in columns.items()})).costs
        for limit, seconds in alone.limits.items():
            np.testing.assert_allclose(at(together.limits[limit], point), at(seconds, 0), rtol=1e-12, err_msg=limit)
        np.testing.assert_allclose(at(together.latency_s, point), at(alone.latency_s, 0), rtol=1e-12)
        np.testing.assert_allclose(at(together.traffic["dram"], point), at(alone.traffic["dram"], 0), rtol=1e-12)


def at(array: np.ndarray, point: int) -> np.ndarray:
    """One point of an array, which may hold the same value for all of them once."""
    return array[:, min(point, array.shape[1] - 1)]
