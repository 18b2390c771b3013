"""Addresses: nothing alive at the same time overlaps, nothing is lower than the most alive at once."""

from __future__ import annotations

from itertools import combinations, pairwise, permutations

from hypothesis import given, settings
from hypothesis import strategies as st

from costsim.scheduling.placement import Buffer, most_alive_bytes, place

BUFFERS = st.lists(st.tuples(st.integers(1, 40), st.integers(0, 8), st.integers(0, 5)), min_size=1, max_size=9).map(
    lambda rows: [Buffer(str(i), float(size), first, first + steps) for i, (size, first, steps) in enumerate(rows)]
)


@given(BUFFERS)
@settings(max_examples=300, deadline=None)
def test_no_two_buffers_share_a_byte_at_a_step(buffers: list[Buffer]) -> None:
    placement = place(buffers)
    ends = [o + b.size_bytes for o, b in zip(placement.offsets, placement.buffers, strict=True)]
    for i, j in combinations(range(len(buffers)), 2):
        if placement.buffers[i].meets(placement.buffers[j]):
            assert ends[i] <= placement.offsets[j] or ends[j] <= placement.offsets[i]
    assert max(ends) == placement.height_bytes


@given(BUFFERS)
@settings(max_examples=200, deadline=None)
def test_the_height_lies_between_the_most_alive_and_the_sum(buffers: list[Buffer]) -> None:
    height = place(buffers).height_bytes
    assert most_alive_bytes(buffers) <= height <= sum(b.size_bytes for b in buffers)


@given(BUFFERS.map(lambda buffers: buffers[:5]))
@settings(max_examples=60, deadline=None)
def test_within_a_quarter_of_the_best_order_of_placing(buffers: list[Buffer]) -> None:
    best = min(_stacked(order) for order in permutations(buffers))
    assert best <= place(buffers).height_bytes <= 1.25 * best


def test_a_chain_of_maps_is_placed_without_loss() -> None:
    sizes = [96, 24, 144, 144, 24, 144, 36, 32]
    chain = [Buffer(str(i), float(size), i, i + 1) for i, size in enumerate(sizes)]
    assert place(chain).height_bytes == max(a + b for a, b in pairwise(sizes))


def _stacked(order: tuple[Buffer, ...]) -> float:
    """First fit in the given order, written another way: try address 0 and the end of every other buffer."""
    placed: list[tuple[float, Buffer]] = []
    for buffer in order:
        beside = [(offset, other) for offset, other in placed if buffer.meets(other)]
        addresses = sorted({0.0, *(offset + other.size_bytes for offset, other in beside)})
        address = next(
            a for a in addresses
            if all(a + buffer.size_bytes <= offset or a >= offset + other.size_bytes for offset, other in beside)
        )  # fmt: skip
        placed.append((address, buffer))
    return max(offset + buffer.size_bytes for offset, buffer in placed)
