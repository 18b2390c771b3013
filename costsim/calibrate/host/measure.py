"""Timing networks in rounds: every network is visited once a round, so its visits lie far apart.

The machine may be shared: a visit keeps the fastest of several passes and goes on until one was undisturbed, a
network keeps the fastest of its visits, and networks whose two fastest visits disagree are visited again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from statistics import median

from costsim.calibrate.host.journal import Journal
from costsim.calibrate.host.quiet import Yardstick
from costsim.calibrate.host.runtimes import Pass
from costsim.timing import Timing

Progress = Callable[[int, int, str], None]
"""Told before every visit: visits done, visits expected, and the network."""


def silent(done: int, of: int, name: str) -> None:
    """Nobody watches."""


ROUNDS = 4
EXTRA_ROUNDS = 4
SETTLED_RATIO = 0.03
"""The two fastest visits agree this well, or the network is visited again in up to ``EXTRA_ROUNDS``."""

STABLE_RATIO = 0.10
"""Where the noise floor of all networks is above this, no profile is made of them."""

PATIENCE_S = 300.0
"""Later than this no visit is repeated: on a machine that is never quiet it would not help."""


@dataclass(frozen=True)
class Visit:
    """How long one visit lasts."""

    warm_up_passes: int = 2
    passes: int = 3
    budget_s: float = 0.05
    """Passes go on until this is spent; there are at least ``passes``."""
    patience_s: float = 0.5
    """So long they go on where none was undisturbed yet."""

    def __call__(self, run: Pass, clock: Callable[[], float], is_quiet: Callable[[], bool] = lambda: True) -> float:
        """Seconds of the fastest pass."""
        for _ in range(self.warm_up_passes):
            run()
        fastest, begin, done, undisturbed, quiet = float("inf"), clock(), 0, False, is_quiet()
        while not self._is_enough(done, clock() - begin, undisturbed):
            start = clock()
            run()
            fastest = min(fastest, clock() - start)
            quiet_before, quiet = quiet, is_quiet()
            undisturbed |= quiet_before and quiet
            done += 1
        return fastest

    def _is_enough(self, done: int, spent_s: float, undisturbed: bool) -> bool:
        return done >= self.passes and spent_s >= (self.budget_s if undisturbed else self.patience_s)


USUAL_VISIT = Visit()


def is_settled(rounds_s: tuple[float, ...]) -> bool:
    """Whether more visits would tell nothing new."""
    if len(rounds_s) < ROUNDS:
        return False
    first, second, *_ = sorted(rounds_s)
    return second <= first * (1 + SETTLED_RATIO) or len(rounds_s) >= ROUNDS + EXTRA_ROUNDS


def measure(
    networks: Mapping[str, Callable[[], Pass]],
    journal: Journal,
    *,
    visit: Visit = USUAL_VISIT,
    clock: Callable[[], float] = time.perf_counter,
    progress: Progress = silent,
) -> None:
    """Visit the networks round by round until each is settled; visits the journal has are not repeated.

    Args:
        networks: name to what prepares it; prepared anew for every visit, so memory holds one at a time.
        journal: where visits are kept, and where an earlier run left them.
        visit: how one visit is timed.
        clock: seconds, for tests to set.
        progress: called before every visit.
    """
    begin, is_quiet = clock(), Yardstick(clock=clock).is_quiet
    for number in range(ROUNDS + EXTRA_ROUNDS):
        for name, prepare in networks.items():
            seen = journal.rounds(name)
            if len(seen) > number or is_settled(seen) or (number >= ROUNDS and clock() - begin > PATIENCE_S):
                continue
            progress(*_count(networks, journal), name)
            journal.add(name, visit(prepare(), clock, is_quiet))


def noise_ratio(timings: Iterable[Timing]) -> float:
    """How far the median visit lies above the fastest, for the median network: the floor under every error."""
    return median(timing.noise_ratio for timing in timings)


def _count(networks: Mapping[str, object], journal: Journal) -> tuple[int, int]:
    """(visits done, visits in all as far as is known)."""
    seen = [journal.rounds(name) for name in networks]
    done = sum(map(len, seen))
    return done, done + sum(max(ROUNDS - len(s), 0 if is_settled(s) else 1) for s in seen)
