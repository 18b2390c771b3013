"""Whether a neighbour disturbs this machine: a piece of work of one length, timed beside what is measured.

A processor of a rented machine may share its core with another tenant's. While that one works, everything here takes up
to twice as long, for spells of milliseconds to seconds, and nothing on this side shows it but time itself.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

QUIET_RATIO = 1.1
"""The work takes at most this many times its fastest while nobody disturbs."""

_VECTOR = np.ones(4096, dtype=np.float32)  # with its product a first-level cache holds it


def _work() -> None:
    """About a quarter of a millisecond of vector arithmetic, which a neighbour on the same core slows the most."""
    for _ in range(200):
        np.multiply(_VECTOR, _VECTOR, out=_VECTOR)


class Yardstick:
    """Work whose fastest time is remembered."""

    def __init__(
        self, work: Callable[[], object] = _work, clock: Callable[[], float] = time.perf_counter, tries: int = 200
    ) -> None:
        """Time the work ``tries`` times, which tells how fast it can be."""
        self._work, self._clock = work, clock
        self._fastest_s = min(self._seconds() for _ in range(tries))

    def is_quiet(self) -> bool:
        """Whether the work takes now about what it takes at its fastest."""
        seconds = self._seconds()
        self._fastest_s = min(self._fastest_s, seconds)
        return seconds <= QUIET_RATIO * self._fastest_s

    def _seconds(self) -> float:
        start = self._clock()
        self._work()
        return self._clock() - start
