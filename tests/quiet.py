"""How long something takes on a machine that does nothing else, measured on one that does."""

from pathlib import Path
from time import perf_counter

NANOSECONDS = 1e-9


class QuietTime:
    """Wall time less the time for which the main thread was ready to run and had no core.

    What a user waits for is wall time: computing, and also sleeping and reading, of which CPU time would know nothing.
    Other processes add only waits for a core, and Linux counts these for each thread. Elsewhere nothing is taken off.
    """

    def __enter__(self) -> "QuietTime":
        self.seconds = 0.0
        self._began, self._had_waited = perf_counter(), _waited_seconds()
        return self

    def __exit__(self, *raised: object) -> None:
        self.seconds = perf_counter() - self._began - (_waited_seconds() - self._had_waited)


def _waited_seconds() -> float:
    """How long the main thread has stood in the queue for a core (documentation of Linux, scheduler/sched-stats)."""
    try:
        return int(Path("/proc/self/schedstat").read_text().split()[1]) * NANOSECONDS
    except (OSError, IndexError, ValueError):
        return 0.0
