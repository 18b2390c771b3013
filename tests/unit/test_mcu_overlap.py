"""Pools in which an op writes over its input: against the offsets that X-CUBE-AI wrote for one network."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import costsim
from costsim.devices import device_for
from costsim.devices.mcu.arena import Buffer, peak_bytes
from costsim.devices.mcu.overlap import buffers_of, place, scratch_bytes
from costsim.hardware import load_profile
from costsim.networks import build
from costsim.simulate import lower_for
from validation.mcu import INT8


def rain_detector() -> costsim.NetBuilder:
    """A public network of 98 x 13: its network.c of 2026 states a pool of 35,308 bytes and where each buffer lies."""
    net = costsim.NetBuilder("rain detector")
    x = net.act(net.conv(net.input(1, 1, 98, 13), 16, 3))
    x = net.act(net.conv(net.act(net.conv(x, 16, 3, groups=16)), 24, 1))
    x = net.max_pool(x, 2, 2)
    x = net.act(net.conv(net.act(net.conv(x, 24, 3, groups=24)), 32, 1))
    net.linear(net.global_pool(x), 2)
    return net


def placed() -> dict[str, Buffer]:
    profile = load_profile("stm32h747", runtime="x_cube_ai_10")
    return {b.name: b for b in place(buffers_of(lower_for(rain_detector().graph, profile, INT8)))}


def test_the_pool_is_that_of_the_compiler() -> None:
    assert peak_bytes(list(placed().values())) == pytest.approx(35308, rel=0.005)


def test_an_output_begins_a_row_before_the_input_it_is_written_over() -> None:
    buffers = placed()
    assert (buffers["conv_2 border"].size_bytes, buffers["conv_4 border"].size_bytes) == (24000, 9792)
    assert buffers["conv_1"].end == buffers["conv_2 border"].end
    assert buffers["conv_2 border"].offset - buffers["conv_2"].offset == 208
    assert buffers["conv_2"].offset - buffers["conv_3"].offset == 10504


def test_scratch_of_kernels_is_as_generated_code_has_it() -> None:
    profile = load_profile("stm32h747", runtime="x_cube_ai_10")
    ops = lower_for(rain_detector().graph, profile, INT8)
    assert scratch_bytes(ops)[[1, 2, 4, 5], 0].tolist() == [593, 304, 889, 416]
    net = costsim.NetBuilder("hourglass")
    x = net.conv(net.conv(net.conv(net.input(1, 2, 31, 201), 4, 3), 4, 3, stride=2), 8, 3)
    net.conv(net.conv(net.conv(x, 16, 3), 16, 3), 2, 1)
    hourglass = scratch_bytes(lower_for(net.graph, profile, INT8))[:, 0]
    assert hourglass.tolist() == [272, 488, 832, 2816, 5408, 84]


@given(st.lists(st.tuples(st.integers(1, 40), st.integers(0, 5), st.booleans()), min_size=1, max_size=10))
@settings(max_examples=100, deadline=None)
def test_buffers_that_meet_overlap_only_where_one_may_be_written_over(drawn: list[tuple[int, int, bool]]) -> None:
    buffers = [Buffer("0", 16, -1, 0)]
    for row, (size, life, over) in enumerate(drawn):
        under = row if over and buffers[row].last == row else -1
        buffers.append(Buffer(str(row + 1), 4 * size, row, row + life, over=under, lead_bytes=4))
    done = place(buffers)
    assert min(b.offset for b in done) == 0
    for i, one in enumerate(done):
        for j, other in enumerate(done[:i]):
            apart = one.end <= other.offset or other.end <= one.offset
            behind = one.over == j and one.offset <= other.offset - one.lead_bytes
            assert apart or behind or not one.meets(other)


def test_patches_make_a_pool_smaller_that_early_maps_set() -> None:
    whole = costsim.analyze("mobilenet_v1_0.25x", "stm32h747")
    patched = costsim.analyze("mobilenet_v1_0.25x", "stm32h747", settings={"runtime.patches": "3"})
    assert patched.summary["arena_bytes"] < 0.9 * whole.summary["arena_bytes"]
    assert patched.summary["latency_ms"] > whole.summary["latency_ms"]


ST_KIB = [
    ("st_fdmobilenet_v1", 128, 74.23),
    ("fd_mobilenet_0.25x", 224, 157.03),
    ("st_efficientnet_lc_v1", 224, 430.78),
]
"""Networks of five classes, pixels a side and what ST's model zoo prints of RAM."""


@pytest.mark.parametrize(("network", "side", "kib"), ST_KIB)
def test_sram_of_sts_model_zoo_is_the_pool_and_what_describes_the_ops(network: str, side: int, kib: float) -> None:
    profile = load_profile("stm32h747")
    ops = lower_for(build(network, classes=5, input_shape=(1, 3, side, side)), profile, INT8)
    used = device_for(profile).footprint(ops, profile, INT8).onchip_used_bytes
    assert used == pytest.approx(kib * 1024, rel=0.1)
