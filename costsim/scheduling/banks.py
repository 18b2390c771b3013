"""Addresses in an on-chip memory of several banks, each map in one bank where it fits one."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate

import numpy as np

from costsim.scheduling.placement import ORDERS, Buffer, Placement

Order = Callable[[Buffer], tuple[float, ...]]


@dataclass(frozen=True)
class Banks:
    """Memories that follow each other in the address space."""

    size_bytes: tuple[float, ...]
    """In order of their addresses."""
    order: tuple[int, ...]
    """In which order a map that fits one bank tries them."""

    @cached_property
    def begins(self) -> tuple[float, ...]:
        return tuple(accumulate(self.size_bytes, initial=0.0))[:-1]

    def used_bytes(self, placement: Placement) -> float:
        """Every bank up to the highest byte anything takes in it; all banks, where something lies beyond them."""
        if placement.height_bytes > sum(self.size_bytes):
            return placement.height_bytes
        return sum(self.used_each(placement))

    def used_each(self, placement: Placement) -> tuple[float, ...]:
        """Bytes of each bank up to the highest that anything takes in it."""
        placed = zip(placement.offsets, placement.buffers, strict=True)
        spans = [(offset, offset + buffer.size_bytes) for offset, buffer in placed]
        return tuple(
            max((min(end - begin, size) for start, end in spans if start < begin + size and end > begin), default=0.0)
            for begin, size in zip(self.begins, self.size_bytes, strict=True)
        )


@dataclass(frozen=True)
class BankRules:
    """Banks, and what rows keep in them beside their operands and outputs. Arrays are ``(rows,)``."""

    banks: Banks
    copied_bytes: np.ndarray
    """The copy a row makes of its first operand before it runs."""
    sum_bytes: np.ndarray
    """Each of the two maps of partial sums between a row's three passes."""
    operand_ratio: np.ndarray
    """How many times its width a row's operand has."""
    own_bytes: tuple[tuple[float, ...], ...]
    """Maps a row keeps for itself between reading its operand and writing its output."""


BANK_ORDERS: tuple[Order, ...] = (lambda b: (-b.size_bytes, -b.first), *ORDERS)
"""Largest first and the later of equals first; the others are for what finds no room that way."""


def place_in_banks(buffers: Iterable[Buffer], banks: Banks, order: Order) -> Placement:
    """Every buffer, in ``order``, at the lowest free address.

    That is in the first bank of ``banks.order`` with room for it. A buffer that no bank has room for takes
    the lowest free addresses of all banks as one memory, which has no end: more than there is may be used.
    """
    wanted = sorted((b for b in buffers if b.size_bytes > 0), key=order)
    first, last = (np.array([getattr(b, end) for b in wanted], dtype=int) for end in ("first", "last"))
    begin, ends = np.zeros(len(wanted)), tuple(accumulate(banks.size_bytes))
    size = np.array([b.size_bytes for b in wanted])
    for index, buffer in enumerate(wanted):
        beside = np.flatnonzero((first[:index] <= buffer.last) & (last[:index] >= buffer.first))
        taken = sorted(zip(begin[beside].tolist(), (begin[beside] + size[beside]).tolist(), strict=True))
        rooms = (_lowest(taken, buffer.size_bytes, banks.begins[bank], ends[bank]) for bank in banks.order)
        address = next((room for room in rooms if room is not None), None)
        if address is None:
            address = _lowest(taken, buffer.size_bytes, 0.0, float("inf"))
            assert address is not None, "a memory without end has room"
        begin[index] = address
    return Placement(tuple(wanted), tuple(begin.tolist()))


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
