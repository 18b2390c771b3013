"""NVDLA's own performance sheet (nvdla/hw, ``perf/``): ResNet-50 layer by layer, to the cycle.

The sheet is not redistributed; these are the shapes of its 54 layers and the cycles it prints.
"""

from __future__ import annotations

import numpy as np
import pytest

from costsim.devices import RunConfig, device_for
from costsim.hardware import load_profile
from costsim.tables.optable import OpTable
from tests.validation.op_rows import convolutions

# times, c_in, h_in, c_out, kernel, stride, h_stored (after fused pooling), element-wise add, array cycles, cycles
SHEET = [
    (1, 3, 224, 64, 7, 2, 56, False, 153664, 153664),
    (1, 64, 56, 256, 1, 1, 56, False, 25088, 99600),
    (3, 256, 56, 64, 1, 1, 56, False, 50176, 99600),
    (3, 64, 56, 64, 3, 1, 56, False, 50176, 50176),
    (3, 64, 56, 256, 1, 1, 56, True, 25088, 178000),
    (1, 256, 56, 512, 1, 2, 28, False, 50176, 247200),
    (1, 256, 56, 128, 1, 2, 28, False, 12544, 101000),
    (4, 128, 28, 128, 3, 1, 28, False, 25088, 45200),
    (4, 128, 28, 512, 1, 1, 28, True, 25088, 94600),
    (3, 512, 28, 128, 1, 1, 28, False, 25088, 55400),
    (1, 512, 28, 1024, 1, 2, 14, False, 50176, 263600),
    (1, 512, 28, 256, 1, 2, 14, False, 12544, 95300),
    (6, 256, 14, 256, 3, 1, 14, False, 25088, 112200),
    (6, 256, 14, 1024, 1, 1, 14, True, 25088, 69700),
    (5, 1024, 14, 256, 1, 1, 14, False, 25088, 50100),
    (1, 1024, 14, 2048, 1, 2, 7, False, 50176, 848600),
    (1, 1024, 14, 512, 1, 2, 7, False, 12544, 226850),
    (3, 512, 7, 512, 3, 1, 7, False, 25088, 414500),
    (2, 512, 7, 2048, 1, 1, 7, True, 25088, 124450),
    (2, 2048, 7, 512, 1, 1, 7, False, 25088, 114650),
    (1, 512, 7, 2048, 1, 1, 1, True, 25088, 105250),
    (1, 2048, 1, 1000, 1, 1, 1, False, 1000, 200299),
]


def test_every_layer_of_the_sheet_to_the_cycle() -> None:
    ops, cycles, _ = sheet()
    assert len(ops) == 54
    np.testing.assert_array_equal(priced_cycles(ops), cycles)


def test_array_cycles_of_every_convolution() -> None:
    ops, _, array_cycles = sheet()
    profile = load_profile("nvdla")
    costs = device_for(profile).costs(ops, profile, RunConfig.of(profile))
    ours = costs.ceilings["array"][:, 0] * profile.hardware.clock_hz
    conv = np.array([label.op == "conv" for label in ops.labels])
    np.testing.assert_allclose(ours[conv], array_cycles[conv], rtol=1e-12)
    # The sheet leaves the kernels of the fully connected layer unpadded: 1000 instead of 1024.
    np.testing.assert_allclose(ours[~conv], 1024, rtol=1e-12)


def test_total_of_the_sheet() -> None:
    ops, _, _ = sheet()
    assert priced_cycles(ops).sum() == 7_113_691


@pytest.mark.parametrize(("field", "value"), [("memory.onchip.size", "384 KiB"), ("memory.dram.bandwidth", "5 GB/s")])
def test_the_cycles_depend_on_what_the_sheet_was_made_for(field: str, value: str) -> None:
    ops, cycles, _ = sheet()
    assert priced_cycles(ops, {field: value}).sum() > cycles.sum()


def priced_cycles(ops: OpTable, settings: dict[str, str] | None = None) -> np.ndarray:
    profile = load_profile("nvdla", settings)
    costs = device_for(profile).costs(ops, profile, RunConfig.of(profile))
    return np.ceil(np.round(costs.latency_s[:, 0] * profile.hardware.clock_hz, 6))


def sheet() -> tuple[OpTable, np.ndarray, np.ndarray]:
    """The sheet's layers as an op table, its cycles, and its cycles of the array alone."""
    keys = ("c_in", "h_in", "c_out", "kernel", "stride", "h_stored", "adds")
    rows = [row for row in SHEET for _ in range(row[0])]
    layers = [dict(zip(keys, row[1:8], strict=True)) for row in rows]
    return convolutions(layers), np.array([row[9] for row in rows]), np.array([row[8] for row in rows])
