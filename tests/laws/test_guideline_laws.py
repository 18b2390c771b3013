"""G1 to G4 and VarGNet's balance as the papers state them, over arbitrary sizes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from costsim.graph import LayerGraph, NetBuilder
from costsim.lowering import lower
from costsim.measures.formulas import (
    block_intensity_ratio,
    depthwise_intensity,
    mem_access_at_groups,
    mem_access_at_ratio,
    mem_access_bound,
    pointwise_macs,
    pointwise_mem_access,
    series_mem_access,
)

pixels = st.integers(1, 256**2)
channels = st.integers(1, 4096)
groups = st.integers(1, 64)


@given(pixels, channels, channels, groups)
def test_g1_memory_access_is_at_least_its_bound(hw: int, c1: int, c2: int, g: int) -> None:
    bound = mem_access_bound(hw, pointwise_macs(hw, c1, c2, g), g)
    assert pointwise_mem_access(hw, c1, c2, g) >= bound * (1 - 1e-12)


@given(pixels, channels, channels, groups)
def test_g1_only_equal_channels_meet_the_bound(hw: int, c1: int, c2: int, g: int) -> None:
    access = pointwise_mem_access(hw, c1, c2, g)
    bound = mem_access_bound(hw, pointwise_macs(hw, c1, c2, g), g)
    assert access == pytest.approx(bound + hw * (np.sqrt(c1) - np.sqrt(c2)) ** 2, rel=1e-9)  # the gap, exactly
    if c1 == c2:
        assert access == pytest.approx(bound, rel=1e-12)


@given(pixels, st.floats(1, 1e12), st.floats(1, 50), st.floats(1.01, 4))
def test_g1_access_grows_as_the_ratio_leaves_one(hw: int, b: float, ratio: float, factor: float) -> None:
    assert mem_access_at_ratio(hw, b, ratio * factor) > mem_access_at_ratio(hw, b, ratio) * (1 - 1e-12)
    assert mem_access_at_ratio(hw, b, 1 / ratio) == pytest.approx(mem_access_at_ratio(hw, b, ratio))


def test_g1_feature_term_at_the_ratios_of_table_1() -> None:
    feature_term = mem_access_at_ratio(1e9, 1.0, np.array([1, 2, 6, 12])) / mem_access_bound(1e9, 1.0)
    assert feature_term == pytest.approx([1, 1.06, 1.43, 1.88], abs=0.005)


@given(pixels, channels, channels, groups, groups)
def test_g2_access_strictly_grows_with_groups_at_fixed_input_and_macs(
    hw: int, c1: int, c2: int, g: int, more: int
) -> None:
    b = pointwise_macs(hw, c1, c2, g)
    assert mem_access_at_groups(hw, c1, b, g) == pytest.approx(pointwise_mem_access(hw, c1, c2, g))
    assert mem_access_at_groups(hw, c1, b, g + more) > mem_access_at_groups(hw, c1, b, g)


@given(pixels, channels, groups)
def test_g2_widths_of_table_2_keep_macs_and_weights(hw: int, c: int, g: int) -> None:
    wider = c * np.sqrt(g)
    assert pointwise_macs(hw, wider, wider, g) == pytest.approx(pointwise_macs(hw, c, c))
    assert pointwise_mem_access(hw, wider, wider, g) == pytest.approx(2 * hw * c * np.sqrt(g) + c * c)


@given(pixels, channels, st.integers(1, 63))
def test_g2_intensity_falls_with_groups_at_equal_macs(hw: int, c: int, g: int) -> None:
    def intensity(groups: int) -> float:
        wide = c * np.sqrt(groups)
        return pointwise_macs(hw, wide, wide, groups) / pointwise_mem_access(hw, wide, wide, groups)

    assert intensity(g + 1) < intensity(g)


@given(pixels, channels, st.integers(1, 64))
def test_g3_fragments_in_series_access_more_at_equal_macs(hw: int, c: int, n: int) -> None:
    fragment = c / np.sqrt(n)
    assert n * pointwise_macs(hw, fragment, fragment) == pytest.approx(pointwise_macs(hw, c, c))
    assert series_mem_access(hw, c, n + 1) > series_mem_access(hw, c, n)


@given(st.integers(1, 112), channels, st.sampled_from([1, 3, 5, 7]))
def test_g4_depthwise_intensity_stays_below_half_its_kernel(side: int, c: int, kernel: int) -> None:
    assert depthwise_intensity(side**2, c, kernel) < kernel**2 / 2


@given(st.integers(1, 64), st.integers(1, 56), st.integers(1, 8))
def test_g4_elementwise_ops_access_at_least_two_elements_an_operation(c: int, side: int, n: int) -> None:
    net = NetBuilder("elementwise")
    x = net.input(n, c, side, side)
    net.add_tensors(net.act(x), x)
    ops = _rows(net.graph)
    assert (ops.mem_access_elems >= 2 * ops.flops).all()
    assert ops.mem_access_elems[ops.is_op("add")[:, 0]] == pytest.approx(3 * ops.flops[ops.is_op("add")[:, 0]])


@given(pixels, channels, channels, st.integers(1, 8))
def test_the_op_table_counts_what_the_formula_counts(hw: int, c1: int, c2: int, g: int) -> None:
    net = NetBuilder("pointwise")
    net.conv(net.input(1, c1 * g, hw, 1), c2 * g, 1, groups=g)
    ops = _rows(net.graph)
    assert ops.mem_access_elems.item() == pointwise_mem_access(hw, c1 * g, c2 * g, g)
    assert ops.macs.item() == pointwise_macs(hw, c1 * g, c2 * g, g)


@given(st.integers(1, 2048), st.sampled_from([4, 8, 16]))
def test_v2_group_convolution_balances_better_only_above_a_width(c: int, group_channels: int) -> None:
    """|log ratio| is smaller than the depthwise block's exactly where c exceeds 9 sqrt(G)."""
    variable = abs(np.log(block_intensity_ratio(c, group_channels)))
    depthwise = abs(np.log(block_intensity_ratio(c, 1)))
    assert (variable < depthwise) == (c > 9 * np.sqrt(group_channels))


def _rows(graph: LayerGraph):
    return lower(graph, fusion={}, views=(), elem_bytes=4, weight_elem_bytes=4)
