"""CPU formulas against loops that do what the formulas count."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from costsim.devices import RunConfig
from costsim.devices.cpu.kernels.depthwise import STRIP, loads_per_output
from costsim.devices.cpu.kernels.packed import padded_macs, panel_reads, register_loads, tile_count
from costsim.devices.cpu.kernels.threads import concurrency, parallel_ratio
from costsim.devices.cpu.kernels.winograd import patch_of, winograd_shape
from costsim.devices.cpu.machine import CpuMachine
from costsim.devices.cpu.priced_rows import work_of
from costsim.devices.kernels.cache import miss_ratio
from costsim.graph import LayerGraph, NetBuilder
from costsim.graph import layers as L
from costsim.hardware import load_profile
from costsim.lowering import lower
from costsim.simulate import simulate

lengths = st.integers(1, 200)


def tiles(length, tile):
    """The tiles of one side, longest first, as a kernel library walks them."""
    parts = []
    for size in (tile, 8, 4, 2, 1):
        while size <= tile and length >= size:
            parts.append(size)
            length -= size
    return parts


def as_column(value):
    return np.array([[float(value)]])


@given(lengths, st.sampled_from([8, 12]))
def test_tiles_are_counted_as_they_are_walked(length, tile):
    assert tile_count(as_column(length), tile).item() == len(tiles(length, tile))


@given(m=lengths, n=lengths, k=st.integers(1, 50))
def test_register_loads_are_those_of_every_tile(m, n, k):
    walked = sum(k * (rows + columns) for rows in tiles(m, 8) for columns in tiles(n, 12))
    assert register_loads(as_column(m), as_column(n), as_column(k), 8, 12).item() == walked


@given(m=lengths, n=lengths, k=st.integers(1, 50))
def test_the_panel_is_read_once_for_every_row_tile(m, n, k):
    assert panel_reads(as_column(m), as_column(n), as_column(k), 8).item() == n * k * len(tiles(m, 8))


@given(m=lengths, n=lengths, k=st.integers(1, 50), lanes=st.sampled_from([4, 8]))
def test_padding_adds_less_than_one_vector_of_pixels_to_each_row_left_over(m, n, k, lanes):
    issued = padded_macs(as_column(m), as_column(n), as_column(k), lanes).item()
    assert m * n * k <= issued <= m * n * k + (m % lanes) * (lanes - 1) * k


def test_whole_vectors_of_output_channels_pad_nothing():
    assert padded_macs(as_column(64), as_column(49), as_column(10), 4).item() == 64 * 49 * 10


@pytest.mark.parametrize(("tile", "saving"), [(2, 2.25), (4, 4.0), (6, 5.0625)])
def test_winograd_saves_what_the_paper_says_where_patches_divide_the_map(tile, saving):
    side = 24  # a multiple of 2, 4 and 6
    shape = winograd_shape(as_column(32), as_column(64), as_column(side), as_column(side), tile)
    multiplications = (shape.products * shape.patches * 32 * 64).item()
    assert 9 * 32 * 64 * side * side / multiplications == pytest.approx(saving)


def test_winograd_computes_border_patches_whole():
    shape = winograd_shape(as_column(1), as_column(1), as_column(7), as_column(7), 6)
    assert shape.patches.item() == 4


@given(st.sampled_from([1, 3, 5, 7]), st.sampled_from([1, 2]), st.sampled_from([1, 2]))
def test_depthwise_loads_share_the_columns_of_a_strip(kernel, stride, dilation):
    strip = [{x * stride + tap * dilation for tap in range(kernel)} for x in range(int(STRIP))]
    distinct = len(set().union(*strip))
    counted = loads_per_output(*(as_column(v) for v in (kernel, kernel, stride, dilation))).item()
    assert distinct / STRIP * kernel <= counted <= kernel * kernel


@given(st.integers(1, 300), st.integers(1, 16))
def test_the_busiest_thread_has_its_share_rounded_up(items, threads):
    busiest = max(len(range(t, items, threads)) for t in range(threads))
    assert parallel_ratio(as_column(items), threads).item() == pytest.approx(busiest / items)


def test_a_cache_keeps_what_fits_and_loses_what_is_twice_as_large():
    kib = np.array([[100.0, 512.0, 768.0, 1024.0, 9999.0]])
    assert miss_ratio(kib, 512.0).tolist() == [[0, 0, 0.5, 1, 1]]


@pytest.mark.parametrize(("stride", "columns"), [(1, 6), (2, 9)])
def test_four_outputs_of_a_3x3_row_load_the_columns_they_cover_once(stride, columns):
    one = np.ones((1, 1))
    assert loads_per_output(3 * one, 3 * one, stride * one, one)[0, 0] == 3 * columns / 4


@given(items=st.integers(1, 100), threads=st.integers(1, 8))
def test_threads_at_work_are_items_over_rounds(items, threads):
    rounds = [min(threads, items - begun) for begun in range(0, items, threads)]
    assert concurrency(as_column(items), threads).item() == pytest.approx(sum(rounds) / len(rounds))


@pytest.mark.parametrize(("rows", "taken"), [(144, 4), (145, 1), (146, 1)])
def test_four_rows_of_a_product_share_its_weights_where_they_come_in_fours(rows, taken):
    graph = LayerGraph("tokens")
    graph.add(L.Input((1, rows, 64)), name="tokens")
    graph.add(L.Linear(32), "tokens", name="linear")
    profile = load_profile("rpi4b")
    run = RunConfig.of(profile)
    work = work_of(simulate(graph, profile, run).ops, CpuMachine.of(profile, run))
    assert np.ravel(work.weight_streams).tolist() == [rows / taken]


@pytest.mark.parametrize(("side", "patch"), [(6, "tiny_patch"), (7, "tiny_patch"), (8, "large_patch")])
def test_maps_of_up_to_the_tiny_size_take_the_tiny_patch(side, patch):
    rules = load_profile("rpi4b").runtime.winograd
    net = NetBuilder("map")
    net.conv(net.input(1, 16, side, side), 16, 3)
    table = lower(net.graph, fusion={}, views=(), elem_bytes=4.0, weight_elem_bytes=4.0)
    assert patch_of(table, rules).item() == getattr(rules, patch)
