"""Addresses in an on-chip memory of several banks, each map in one bank where it fits one."""

from __future__ import annotations

from bisect import insort
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import accumulate

from costsim.scheduling.placement import ORDERS, Buffer

Order = Callable[[Buffer], tuple[float, ...]]


@dataclass(frozen=True)
class Banks:
    """Memories that follow each other in the address space."""

    size_bytes: tuple[float, ...]
    """In order of their addresses."""
    order: tuple[int, ...]
    """In which order a map that fits one bank tries them."""

    @property
    def begins(self) -> tuple[float, ...]:
        return tuple(accumulate(self.size_bytes, initial=0.0))[:-1]

    def used_bytes(self, placed: Iterable[tuple[float, float]]) -> float:
        """Every bank up to the highest byte anything takes in it, of ``(begin, end)`` of all maps.

        What lies beyond the last bank counts from its end.
        """
        spans = list(placed)
        bounds = [*zip(self.begins, self.size_bytes, strict=True), (sum(self.size_bytes), float("inf"))]
        return sum(
            max((min(end - begin, size) for start, end in spans if start < begin + size and end > begin), default=0.0)
            for begin, size in bounds
        )


BANK_ORDERS: tuple[Order, ...] = (lambda b: (-b.size_bytes, -b.first), *ORDERS)
"""Largest first and the later of equals first; the others are for what finds no room that way."""


def place_in_banks(buffers: Iterable[Buffer], banks: Banks, order: Order) -> float:
    """Bytes of all banks in use after every buffer, in ``order``, got the lowest free address.

    A buffer goes to the first bank of ``banks.order`` that has room for it; one that no bank has room for, to
    the lowest free addresses of all banks as one memory, which has no end: more than there is may be used.
    """
    placed: list[tuple[float, float, Buffer]] = []
    ends = tuple(accumulate(banks.size_bytes))
    for buffer in sorted((b for b in buffers if b.size_bytes > 0), key=order):
        taken = [(begin, end) for begin, end, other in placed if other.meets(buffer)]
        rooms = (_lowest(taken, buffer.size_bytes, banks.begins[bank], ends[bank]) for bank in banks.order)
        address = next((room for room in rooms if room is not None), None)
        if address is None:
            address = _lowest(taken, buffer.size_bytes, 0.0, float("inf"))
            assert address is not None, "a memory without end has room"
        insort(placed, (address, address + buffer.size_bytes, buffer), key=lambda entry: entry[:2])
    return banks.used_bytes((begin, end) for begin, end, _ in placed)


def placed_heights(buffers: list[Buffer], banks: Banks) -> Iterator[float]:
    """Bytes in use by each order, worked out when asked for."""
    return (place_in_banks(buffers, banks, order) for order in BANK_ORDERS)


def _lowest(taken: list[tuple[float, float]], size_bytes: float, begin: float, end: float) -> float | None:
    """The lowest free address in ``begin`` to ``end``, with ``taken`` in ascending order; None if there is none."""
    address = begin
    for start, stop in taken:
        if stop <= address:
            continue
        if start - address >= size_bytes:
            break
        address = stop
    return address if address + size_bytes <= end else None
