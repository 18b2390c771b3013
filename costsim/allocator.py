"""How memory is managed while many networks are priced: they ask for the same again and again."""

from __future__ import annotations

import ctypes
import gc
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from threading import Lock

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
"""Parameters of mallopt(3)."""

KEPT_BYTES = 256 * 2**20
"""Free memory that is kept."""

LARGEST_BYTES = 32 * 2**20
"""The largest block that is served from it: the most glibc accepts."""


@cache
def keep_freed_memory() -> None:
    """Memory that is freed stays with the process, where the C library is glibc; others are left as they are.

    Otherwise glibc hands the arrays of every chunk back to the kernel, which clears each page anew: a
    sweep of hardware alone then runs at a third of its speed.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return
    mallopt(M_TRIM_THRESHOLD, KEPT_BYTES)
    mallopt(M_MMAP_THRESHOLD, LARGEST_BYTES)


COLLECTED_OBJECTS = 400_000
"""New objects between two searches for cycles of references: those of some hundred networks."""


_RARELY: list[tuple[int, int, int]] = []
"""The usual thresholds, once for each thread that prices: the last to end puts the first back."""

_LOCK = Lock()


@contextmanager
def collecting_rarely() -> Iterator[None]:
    """Search for cycles less often: networks hold none, and the search takes a third of building them."""
    with _LOCK:
        usual = gc.get_threshold()
        _RARELY.append(_RARELY[0] if _RARELY else usual)
        if usual[0]:  # 0 is never
            gc.set_threshold(max(usual[0], COLLECTED_OBJECTS), *usual[1:])
    try:
        yield
    finally:
        with _LOCK:
            usual = _RARELY.pop()
            if not _RARELY:
                gc.set_threshold(*usual)
