"""GPU formulas against arithmetic done by hand and against the laws they promise."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from costsim.devices import RunConfig
from costsim.devices.gpu.host import dispatch_wait_s
from costsim.devices.gpu.joined import joined
from costsim.devices.gpu.library import library_kernels
from costsim.devices.gpu.tiles import (
    Multiprocessors,
    arithmetic_cycles,
    busiest_blocks,
    fetched_elems,
    rounds_of_blocks,
)
from costsim.graph import NetBuilder
from costsim.hardware import load_profile
from costsim.simulate import lower_for

SM = Multiprocessors(count=28, macs_per_cycle=128, accumulators=32768)

sizes = st.integers(1, 5000)
tiles = st.sampled_from([16, 32, 64, 128])


def both(sm, m, n, k, tile_m, tile_n):
    busiest = busiest_blocks(sm, m, n, 1, tile_m, tile_n)
    sums = tile_m * tile_n
    return np.array([arithmetic_cycles(sm, busiest, k, sums), rounds_of_blocks(sm, busiest, sums)])


@given(m=sizes, n=st.integers(1, 600), batch=st.integers(1, 4), tile_m=tiles, tile_n=tiles)
def test_the_busiest_multiprocessor_has_what_dealing_out_blocks_gives_it(m, n, batch, tile_m, tile_n):
    dealt = [0] * SM.count
    for block in range(batch * math.ceil(m / tile_m) * math.ceil(n / tile_n)):
        dealt[block % SM.count] += 1
    column = busiest_blocks(SM, *(np.array([[float(v)]]) for v in (m, n, batch)), tile_m, tile_n)
    assert column[0, 0] == max(dealt)


@given(m=sizes, n=sizes, k=sizes, tile_m=tiles, tile_n=tiles, count=st.integers(1, 200))
def test_another_multiprocessor_is_never_slower(m, n, k, tile_m, tile_n, count):
    fewer, more = (both(replace(SM, count=c), m, n, k, tile_m, tile_n) for c in (count, count + 1))
    assert (more <= fewer).all()


@given(m=sizes, n=sizes, k=sizes, tile_m=tiles, tile_n=tiles)
def test_twice_the_rows_take_at_most_twice_the_time_and_never_beat_the_peak(m, n, k, tile_m, tile_n):
    once, twice = (both(SM, rows, n, k, tile_m, tile_n) for rows in (m, 2 * m))
    assert (twice <= 2 * once * (1 + 1e-12)).all()
    assert once[0] >= m * n * k / (SM.count * SM.macs_per_cycle) * (1 - 1e-12)


def test_one_block_too_many_is_waited_for():
    full = 2 * 28 * 128  # two blocks of 128x128 on each multiprocessor: as many as its registers hold
    arithmetic, rounds = both(SM, np.array([128, full, full + 1]), 128, 64, 128, 128)
    assert arithmetic / arithmetic[0] == pytest.approx([1, 2, 3])
    assert rounds == pytest.approx([1, 1, 1.5])


def test_operands_are_fetched_once_for_each_row_or_column_of_blocks():
    assert fetched_elems(1000, 300, 129, 65, 128, 64) == 2 * 1000 + 2 * 300


@given(
    kernel=st.lists(st.floats(1e-7, 1e-2), min_size=1, max_size=30),
    dispatch=st.lists(st.floats(0, 1e-3), min_size=30, max_size=30),
    count=st.lists(st.integers(1, 9), min_size=30, max_size=30),
)
def test_waiting_for_the_host_makes_the_network_take_the_larger_of_both(kernel, dispatch, count):
    ops = len(kernel)
    kernel_s, dispatch_s, times = (np.array(v[:ops], dtype=float)[:, None] for v in (kernel, dispatch, count))
    kind_of = np.repeat(np.arange(ops), count[:ops])
    one = np.zeros(len(kind_of), dtype=int)
    wait = dispatch_wait_s(kernel_s, dispatch_s, one, kind_of)
    total = np.sum(times * (kernel_s + wait))
    assert total == pytest.approx(max(np.sum(times * kernel_s), np.sum(times * dispatch_s)))
    assert np.all(wait >= 0)
    assert np.all(wait <= np.maximum(0, dispatch_s - kernel_s) * (1 + 1e-9))
    alone = dispatch_wait_s(kernel_s[kind_of], dispatch_s[kind_of], one, np.arange(len(kind_of)))
    np.testing.assert_array_equal(alone, wait[kind_of])


def test_points_do_not_wait_for_each_other():
    kernel_s = np.array([[1.0, 5.0], [1.0, 5.0]])
    dispatch_s = np.array([[2.0], [3.0]])
    one = np.array([0, 0])
    waits = dispatch_wait_s(kernel_s, dispatch_s, one, np.arange(2))
    assert waits == pytest.approx(np.array([[1.0, 0.0], [2.0, 0.0]]))


def test_networks_in_one_table_do_not_wait_for_each_other():
    kernel_s, dispatch_s = np.array([[1.0], [9.0], [1.0]]), np.full((3, 1), 4.0)
    waits = dispatch_wait_s(kernel_s, dispatch_s, np.array([0, 1, 1]), np.arange(3))
    assert waits == pytest.approx(np.array([[3.0], [0.0], [0.0]]))


def kernels_of(graph, name, dtype=None):
    profile = load_profile(name)
    run = RunConfig.of(profile, dtype)
    ops = lower_for(graph, profile, run)
    return profile, library_kernels(joined(ops, profile.runtime, run.elem_bytes), profile, run)


def linear(rows, c_in, c_out):
    net = NetBuilder("product")
    net.linear(net.input(rows, c_in), c_out)
    return net.graph


def test_parts_of_a_sum_are_written_and_read_again():
    profile, kernels = kernels_of(linear(32, 4096, 1024), "gtx_1080ti")
    whole, in_four = np.split(kernels.l2_bytes[:, 0], 3)[:2]
    assert len(whole) == len(profile.runtime.tiles)
    assert in_four - whole == pytest.approx(np.full(len(whole), 2 * 4 * 32 * 1024 * 4))


def test_channels_are_padded_to_what_the_units_take():
    align = load_profile("rtx_3090").runtime.channel_align["fp16"]
    assert align > 1
    (_, uneven), (_, even) = (kernels_of(linear(64, 64 * align - less, 512), "rtx_3090", "fp16") for less in (1, 0))
    assert (uneven.cycles == even.cycles).all()


def test_winograd_reads_each_map_once_a_column_of_blocks_and_its_weights_once_a_row():
    net = NetBuilder("one")
    net.conv(net.input(1, 16, 8, 8), 16, 3)
    profile, kernels = kernels_of(net.graph, "gtx_1080ti")
    tiles = profile.runtime.winograd["fp32"]
    for tile, l2_bytes in zip(tiles, kernels.l2_bytes[-len(tiles) :, 0], strict=True):
        o, patches = tile.outputs, math.ceil(8 / tile.outputs) ** 2
        maps = patches * o * o * 16 * math.ceil(16 / tile.channels)
        weights = (o + 2) ** 2 * 16 * 16 * math.ceil(patches / tile.pixels)
        assert l2_bytes == 4 * (maps + weights + 16 * 8 * 8)
