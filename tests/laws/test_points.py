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
from costsim.simulate import simulate
from costsim.tables.costtable import CostTable
from tests.strategies import layer_graphs

POINTS = 4


def varied_fields(profile: Profile) -> list[str]:
    """Hardware numbers of a profile that may be swept."""
    fields = [path for path in profile.provenance if path.startswith("hardware.")]
    return [path for path in fields if isinstance(profile.value_at(path), (int, float))]


def fitting(graph: LayerGraph, profile: Profile) -> CostTable | None:
    """The costs, or None where the device cannot run the network."""
    try:
        return simulate(graph, profile, RunConfig.of(profile)).costs
    except costsim.DoesNotFitError:
        return None


@pytest.mark.parametrize("name", costsim.profile_names())
@given(data=st.data())
@settings(max_examples=20, phases=[Phase.generate])  # shrinking takes minutes
def test_devices_side_by_side_cost_what_each_costs_alone(name: str, data: st.DataObject) -> None:
    profile = costsim.load_profile(name)
    graph = data.draw(layer_graphs(max_channels=64, max_side=40, stem=True))
    fields = data.draw(st.lists(st.sampled_from(varied_fields(profile)), min_size=1, max_size=3, unique=True))
    factors = st.lists(st.sampled_from([0.5, 1, 2, 3]), min_size=POINTS, max_size=POINTS)
    columns = {field: profile.value_at(field) * np.array(data.draw(factors)) for field in fields}
    alone = [fitting(graph, vary(profile, {f: values[[p]] for f, values in columns.items()})) for p in range(POINTS)]
    together = fitting(graph, vary(profile, columns))
    if together is None:
        assert None in alone
        return
    for point, single in enumerate(alone):
        assert single is not None
        for limit, seconds in single.limits.items():
            np.testing.assert_allclose(at(together.limits[limit], point), at(seconds, 0), rtol=1e-12, err_msg=limit)
        np.testing.assert_allclose(at(together.latency_s, point), at(single.latency_s, 0), rtol=1e-12)
        for memory, moved_bytes in single.traffic.items():
            np.testing.assert_allclose(
                at(together.traffic[memory], point), at(moved_bytes, 0), rtol=1e-12, err_msg=memory
            )


def at(array: np.ndarray, point: int) -> np.ndarray:
    """One point of an array, which may hold the same value for all of them once."""
    return array[:, min(point, array.shape[1] - 1)]
