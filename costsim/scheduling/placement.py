"""Addresses for buffers that live for a while: placed, not summed.

Placing intervals in the least memory is NP-hard (dynamic storage allocation); greedy orders come close,
and a placement as low as the most bytes alive at once is proven best.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import NamedTuple


class Buffer(NamedTuple):
    """So many bytes from step ``first`` to step ``last``, both included."""

    name: str
    size_bytes: float
    first: int
    last: int

    def meets(self, other: Buffer) -> bool:
        """Whether both exist at some step."""
        return self.first <= other.last and other.first <= self.last


@dataclass(frozen=True)
class Placement:
    """Where every buffer begins."""

    buffers: tuple[Buffer, ...]
    offsets: tuple[float, ...]

    @property
    def height_bytes(self) -> float:
        """What the whole placement needs."""
        return max((o + b.size_bytes for o, b in zip(self.offsets, self.buffers, strict=True)), default=0.0)


ORDERS: tuple[Callable[[Buffer], tuple[float, ...]], ...] = (
    lambda b: (-b.size_bytes, b.first),
    lambda b: (b.first - b.last, -b.size_bytes),
    lambda b: (-b.size_bytes * (b.last - b.first + 1), b.first),
    lambda b: (b.first, -b.size_bytes),
)
"""Largest first, longest first, most byte-steps first, in order of birth."""


def most_alive_bytes(buffers: Iterable[Buffer]) -> float:
    """The most bytes that exist at one step: no placement is lower."""
    change: dict[int, float] = {}
    for buffer in buffers:
        change[buffer.first] = change.get(buffer.first, 0.0) + buffer.size_bytes
        change[buffer.last + 1] = change.get(buffer.last + 1, 0.0) - buffer.size_bytes
    alive = most = 0.0
    for step in sorted(change):
        alive += change[step]
        most = max(most, alive)
    return most


def place(buffers: Iterable[Buffer], most_alive: float | None = None) -> Placement:
    """The lowest of several greedy placements, the first that is as low as the most alive at once.

    By turns from both ends; then each buffer, in some order, at the lowest free address. Largest-first
    is what TensorFlow Lite's memory planner does; the other orders help where a few long-lived maps
    (shortcuts, dense blocks) would be scattered by it. ``most_alive`` is worked out unless it is known.
    """
    wanted = tuple(b for b in buffers if b.size_bytes > 0)
    bound = most_alive_bytes(wanted) if most_alive is None else most_alive
    beside = _alive_together(wanted)
    best = _two_ended(wanted, beside, bound)
    for order in ORDERS:
        if best.height_bytes <= bound * (1 + 1e-12):
            break
        ranks = [order(buffer) for buffer in wanted]
        placed = _first_fit(wanted, beside, sorted(range(len(wanted)), key=ranks.__getitem__))
        best = min(best, placed, key=lambda placement: placement.height_bytes)
    return best


def _alive_together(buffers: tuple[Buffer, ...]) -> list[list[int]]:
    """Per buffer, all others that exist at some step of its life."""
    beside: list[list[int]] = [[] for _ in buffers]
    alive: list[int] = []
    for index in sorted(range(len(buffers)), key=lambda i: buffers[i].first):
        first = buffers[index].first
        alive = [other for other in alive if buffers[other].last >= first]
        for other in alive:
            beside[other].append(index)
        beside[index] += alive
        alive.append(index)
    return beside


def _first_fit(buffers: tuple[Buffer, ...], beside: list[list[int]], order: list[int]) -> Placement:
    offsets: dict[int, float] = {}
    for index in order:
        taken = [(offsets[i], offsets[i] + buffers[i].size_bytes) for i in beside[index] if i in offsets]
        offsets[index] = _lowest(buffers[index].size_bytes, taken)
    return Placement(buffers, tuple(offsets[index] for index in range(len(buffers))))


def _two_ended(buffers: tuple[Buffer, ...], beside: list[list[int]], bound: float) -> Placement:
    """Maps in order of birth, by turns from below and from above; what lives one step fills the gaps.

    A chain of maps always reaches the bound this way: the one being read lies at one end, the one
    being written at the other.
    """
    order = sorted(range(len(buffers)), key=lambda i: (buffers[i].first == buffers[i].last, buffers[i].first))
    offsets: dict[int, float] = {}
    for turn, index in enumerate(order):
        buffer = buffers[index]
        taken = [(offsets[i], offsets[i] + buffers[i].size_bytes) for i in beside[index] if i in offsets]
        address = -1.0
        if turn % 2 and buffer.last > buffer.first:
            mirrored = [(bound - end, bound - begin) for begin, end in taken]
            address = bound - _lowest(buffer.size_bytes, mirrored) - buffer.size_bytes
        offsets[index] = address if address >= 0 else _lowest(buffer.size_bytes, taken)
    return Placement(buffers, tuple(offsets[index] for index in range(len(buffers))))


def _lowest(size_bytes: float, taken: list[tuple[float, float]]) -> float:
    """The lowest address at which so many bytes meet none of those taken."""
    address = 0.0
    for begin, end in sorted(taken):
        if begin - address >= size_bytes:
            break
        address = max(address, end)
    return address
