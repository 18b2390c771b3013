"""Cycles of the arrays against counting, tile by tile, on random layers."""

from __future__ import annotations

from math import ceil
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from costsim.devices.accelerator.arrays import AtomicArray, SystolicArray
from costsim.devices.accelerator.arrays.atomic import atomic_cycles
from costsim.devices.accelerator.arrays.row_stationary import row_stationary_cycles
from costsim.devices.accelerator.arrays.systolic import systolic_cycles
from costsim.graph import layers as L
from costsim.graph.builder import NetBuilder
from costsim.hardware import load_profile
from costsim.lowering import lower
from costsim.tables.optable import OpTable
from tests.oracle import block_array
from tests.validation.op_rows import convolutions


@st.composite
def layers(draw: st.DrawFn) -> OpTable:
    groups = draw(st.sampled_from([1, 1, 2, 4, 12]))
    sizes = {name: groups * draw(st.integers(1, 40)) for name in ("c_in", "c_out")}
    if groups == 12:
        sizes = {"c_in": 12, "c_out": 12}
    kernel, stride = draw(st.sampled_from([1, 3, 5])), draw(st.sampled_from([1, 2]))
    side = stride * draw(st.integers(kernel, 20))
    return convolutions([{**sizes, "groups": groups, "h_in": side, "kernel": kernel, "stride": stride}])


@given(layers(), st.sampled_from([4, 16]), st.sampled_from([8, 32]))
@settings(max_examples=80, deadline=None)
def test_atomic_counts_one_cycle_an_atom(ops: OpTable, atomic_c: int, atomic_k: int) -> None:
    array = AtomicArray(kind="atomic", atomic_c=atomic_c, atomic_k=atomic_k)
    x = first(ops)
    together = min(max(1, atomic_c // x.c_in_per_group), x.groups)
    cycles = 0
    for _ in range(ceil(x.groups / together)):
        for _ in range(ceil(together * x.c_out_per_group / atomic_k)):
            cycles += ceil(together * x.c_in_per_group / atomic_c) * x.kernel_h * x.kernel_w * x.h_out * x.w_out
    assert atomic_cycles(ops, array)[0, 0] == cycles


@given(layers())
@settings(max_examples=80, deadline=None)
def test_systolic_runs_one_product_a_group(ops: OpTable) -> None:
    array = SystolicArray(kind="systolic", rows=8, cols=16, dataflow="weight_stationary")
    x = first(ops)
    folds = ceil(x.c_in_per_group * x.kernel_h * x.kernel_w / 8) * ceil(x.c_out_per_group / 16)
    assert systolic_cycles(ops, array)[0, 0] == x.groups * (folds * (2 * 8 + 16 + x.h_out * x.w_out - 2) - 1)


@given(layers(), st.sampled_from(["ethos_u55_128", "ethos_u55_256", "ethos_u65_512"]))
@settings(max_examples=80, deadline=None)
def test_block_based_is_never_below_its_steps_nor_its_peak(ops: OpTable, name: str) -> None:
    array, x = load_profile(name).hardware.array, first(ops)
    cycles = array.costs(ops).cycles[0, 0]
    assert cycles >= ops.macs[0, 0] / array.macs_per_cycle
    depthwise = x.c_in_per_group == x.c_out_per_group == 1
    taps = x.kernel_h * x.kernel_w
    if depthwise:
        steps, channels, runs = ceil(taps / 4), x.groups, 1
    else:
        steps = min(taps * ceil(x.c_in_per_group / 32), ceil(taps / 4) * ceil(x.c_in_per_group / 8))
        channels, runs = x.c_out_per_group, x.groups
    ublocks = ceil(x.h_out / array.ublock_h) * ceil(x.w_out / array.ublock_w) * ceil(channels / array.ublock_c)
    assert cycles >= runs * 4 * ublocks * steps / array.cores


@given(layers(), st.sampled_from(["ethos_u55_128", "ethos_u55_256", "ethos_u65_512"]))
@settings(max_examples=60, deadline=None)
def test_block_based_takes_the_cycles_of_the_oracle(ops: OpTable, name: str) -> None:
    assume(ops.convolves[0, 0] or first(ops).groups == 1)  # no product of matrices has groups
    array = load_profile(name).hardware.array
    assert array.costs(ops).cycles[0, 0] == pytest.approx(block_array.cycles(first(ops), array), rel=1e-12)


@pytest.mark.parametrize("shape", [(1, 1, 1280, 1000, 1), (64, 2, 8, 8, 1), (20, 9, 16, 16, 1), (12, 11, 24, 8, 2)])
def test_block_based_takes_the_cycles_of_the_oracle_where_blocks_are_small_or_windows_large(
    shape: tuple[int, int, int, int, int],
) -> None:
    side, kernel, c_in, c_out, stride = shape
    ops = convolutions([{"c_in": c_in, "c_out": c_out, "h_in": side, "kernel": kernel, "stride": stride}])
    for name in ("ethos_u55_128", "ethos_u65_512"):
        array = load_profile(name).hardware.array
        assert array.costs(ops).cycles[0, 0] == pytest.approx(block_array.cycles(first(ops), array), rel=1e-12)


@pytest.mark.parametrize("name", ["ethos_u55_128", "ethos_u55_256", "ethos_u65_512"])
def test_a_window_as_large_as_an_image_runs_in_sub_kernels(name: str) -> None:
    ops = convolutions([{"c_in": 32, "c_out": 32, "groups": 32, "h_in": 256, "kernel": 256, "h_out": 1}])
    array = load_profile(name).hardware.array
    costs = array.costs(ops)
    assert costs.cycles[0, 0] >= ops.macs[0, 0] / array.macs_per_cycle
    assert costs.onchip_elems[0, 0] >= ops.input_elems[0, 0]


@given(layers())
@settings(max_examples=80, deadline=None)
def test_row_stationary_keeps_within_its_elements(ops: OpTable) -> None:
    array = load_profile("eyeriss_v1").hardware.array
    active = ops.macs[0, 0] / row_stationary_cycles(ops, array)[0, 0]
    assert 0 < active <= array.rows * array.cols * (1 + 1e-12)


@pytest.mark.parametrize("kernel", [1, 3, 5, 7, 11, 13])
def test_kernels_taller_than_a_row_stationary_array_fold(kernel: int) -> None:
    ops = convolutions([{"c_in": 8, "c_out": 8, "h_in": 28, "kernel": kernel}])
    array = load_profile("eyeriss_v1").hardware.array
    assert np.isfinite(row_stationary_cycles(ops, array)).all()


def first(ops: OpTable) -> SimpleNamespace:
    return SimpleNamespace(**{name: int(column[0, 0]) for name, column in ops.columns().items()})


@pytest.mark.parametrize(("dilation", "taken"), [((1, 1), True), ((1, 2), False), ((2, 1), False), ((2, 2), False)])
def test_winograd_is_for_kernels_without_dilation(dilation: tuple[int, int], taken: bool) -> None:
    """F(2x2, 3x3) does 16 products where the plain loop does 36."""
    net = NetBuilder("dilated")
    x = net.input(1, 32, 32, 32)
    net.graph.add(L.Conv2d(32, 3, padding=dilation, dilation=dilation), x.name, name="conv")
    ops = lower(net.graph, fusion={}, views=(), elem_bytes=1, weight_elem_bytes=1)
    array = load_profile("nvdla").hardware.array
    plain = atomic_cycles(ops, array.model_copy(update={"winograd_3x3": False}))
    ratio = float((plain / atomic_cycles(ops, array)).item())
    assert ratio == pytest.approx(2.25 if taken else 1.0)
