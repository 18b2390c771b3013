"""GPU formulas against arithmetic done by hand and against the laws they promise."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from costsim.devices.kernels.gpu_tiles import Multiprocessors, fetched_elems, product_s
from costsim.devices.kernels.host import dispatch_wait_s

SM = Multiprocessors(count=28, macs_per_s=128e9, accumulators=32768, step_s=0.2e-6)

sizes = st.integers(1, 5000)
tiles = st.sampled_from([16, 32, 64, 128])


def one_product_s(sm, m, n, k, batch, tile_m, tile_n):
    """The same model, one multiprocessor and one wave at a time."""
    blocks = batch * math.ceil(m / tile_m) * math.ceil(n / tile_n)
    queue = [0] * sm.count
    for block in range(blocks):
        queue[block % sm.count] += 1
    resident = max(1, sm.accumulators // (tile_m * tile_n))
    waves, left = 0, max(queue)
    while left > 0:
        left -= resident
        waves += 1
    return k * max(max(queue) * tile_m * tile_n / sm.macs_per_s, waves * sm.step_s)


@given(m=sizes, n=st.integers(1, 600), k=sizes, batch=st.integers(1, 4), tile_m=tiles, tile_n=tiles)
def test_columns_agree_with_the_readable_model(m, n, k, batch, tile_m, tile_n):
    column = product_s(SM, *(np.array([[float(v)]]) for v in (m, n, k, batch)), tile_m, tile_n)
    assert column[0, 0] == pytest.approx(one_product_s(SM, m, n, k, batch, tile_m, tile_n))


@given(m=sizes, n=sizes, k=sizes, tile_m=tiles, tile_n=tiles, count=st.integers(1, 200))
def test_another_multiprocessor_is_never_slower(m, n, k, tile_m, tile_n, count):
    fewer, more = (Multiprocessors(c, SM.macs_per_s, SM.accumulators, SM.step_s) for c in (count, count + 1))
    assert product_s(more, m, n, k, 1, tile_m, tile_n) <= product_s(fewer, m, n, k, 1, tile_m, tile_n)


@given(m=sizes, n=sizes, k=sizes, tile_m=tiles, tile_n=tiles)
def test_twice_the_rows_take_at_most_twice_the_time_and_never_beat_the_peak(m, n, k, tile_m, tile_n):
    once = product_s(SM, m, n, k, 1, tile_m, tile_n)
    assert product_s(SM, 2 * m, n, k, 1, tile_m, tile_n) <= 2 * once * (1 + 1e-12)
    assert once >= m * n * k / (SM.count * SM.macs_per_s) * (1 - 1e-12)


def test_one_block_too_many_costs_a_wave():
    full = 2 * 28 * 128  # two resident blocks of 128x128 on each multiprocessor
    args = (np.array([full, full + 1]), 128, 64, 1, 128, 128)
    within, beyond = product_s(Multiprocessors(28, 128e9, 32768, 0.0), *args)
    assert within == pytest.approx(64 * 2 * 128 * 128 / 128e9)
    assert beyond == pytest.approx(1.5 * within)
    latency_bound = Multiprocessors(28, 1e15, 32768, 0.2e-6)
    within, beyond = product_s(latency_bound, *args)
    assert (within, beyond) == pytest.approx((64 * 0.2e-6, 2 * 64 * 0.2e-6))


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
    wait = dispatch_wait_s(kernel_s, dispatch_s, times)
    total = np.sum(times * (kernel_s + wait))
    assert total == pytest.approx(max(np.sum(times * kernel_s), np.sum(times * dispatch_s)))
    assert np.all(wait >= 0)
    assert np.all(wait <= np.maximum(0, dispatch_s - kernel_s) * (1 + 1e-9))
    repeated = [np.repeat(v, count[:ops], axis=0) for v in (kernel_s, dispatch_s)]
    assert dispatch_wait_s(*repeated) == pytest.approx(np.repeat(wait, count[:ops], axis=0))


def test_points_do_not_wait_for_each_other():
    kernel_s = np.array([[1.0, 5.0], [1.0, 5.0]])
    dispatch_s = np.array([[2.0], [3.0]])
    assert dispatch_wait_s(kernel_s, dispatch_s) == pytest.approx(np.array([[1.0, 0.0], [2.0, 0.0]]))
