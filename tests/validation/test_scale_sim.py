"""Systolic arrays against SCALE-Sim (PyPI ``scalesim``), run side by side on random products.

SCALE-Sim lists what every edge of the array is asked for in every cycle; the last cycle in which
a result leaves is its count of compute cycles (numbered from 0).
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np
import pytest

from costsim.devices.accelerator.arrays.systolic import systolic_fold_cycles

pytestmark = pytest.mark.slow

DATAFLOWS = {"output_stationary": "os", "weight_stationary": "ws", "input_stationary": "is"}

ARRAYS = [(4, 4), (16, 8), (8, 16), (32, 32)]


@pytest.mark.parametrize("array", ARRAYS)
@pytest.mark.parametrize("dataflow", DATAFLOWS)
def test_cycles_of_random_products(dataflow: str, array: tuple[int, int]) -> None:
    random = np.random.default_rng(7)
    for m, k, n in random.integers(1, 90, (12, 3)).tolist():
        ours = float(systolic_fold_cycles(m, k, n, *array, dataflow))
        assert ours == simulated_cycles(m, k, n, array, dataflow), (m, k, n)


def simulated_cycles(m: int, k: int, n: int, array: tuple[int, int], dataflow: str) -> int:
    """Compute cycles SCALE-Sim counts for an ``m x k`` times ``k x n`` product."""
    short = DATAFLOWS[dataflow]
    pytest.importorskip("scalesim", reason="needs the extra 'oracles'")
    module = import_module(f"scalesim.compute.systolic_compute_{short}")
    system = getattr(module, f"systolic_compute_{short}")()
    system.set_params(
        config_obj=_Array(array),
        ifmap_op_mat=np.arange(m * k).reshape(m, k),
        filter_op_mat=np.arange(k * n).reshape(k, n) + 10_000_000,
        ofmap_op_mat=np.arange(m * n).reshape(m, n) + 20_000_000,
    )
    _, _, results = system.get_demand_matrices()
    return results.shape[0] - 1


class _Array:
    """The part of a SCALE-Sim configuration its compute stage reads."""

    sparsity_support = False
    sparsity_optimized_mapping = False

    def __init__(self, dims: tuple[int, int]) -> None:
        self._dims = dims

    def get_array_dims(self) -> tuple[int, int]:
        return self._dims

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"SCALE-Sim asked for {name}")
