"""By how much an interval widens for each way a prediction can lie off its card; measured, see ``widening.toml``."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from costsim.files import as_folder
from costsim.kept import kept, short, stamp

FILE = as_folder(Path(__file__).parent) / "widening.toml"

NUMBERS, THREADS, BATCH, RESOLUTION = "numbers", "threads", "batch", "resolution"
FALLBACK = "fallback"
"""Ops of an accelerator that the card's networks never held: its compiler may send them to the host core."""

HOST = "host"
"""Waiting for a host whose pace was not measured: that share of the time has this interval instead of the card's."""

RUN = (NUMBERS, THREADS, BATCH, RESOLUTION, FALLBACK)
"""What widens the interval of a whole run; kinds of op (``costsim.trust.held``) widen their share of the time."""


class Ratios(NamedTuple):
    """Multiples of a prediction: a 90 % interval, or what one is multiplied by (then ``low <= 1 <= high``).

    Numbers, or one a point.
    """

    low: Any
    high: Any

    def times(self, factor: Ratios) -> Ratios:
        """The interval widened by a factor for the whole run."""
        return Ratios(self.low * factor.low, self.high * factor.high)

    def beside(self, share: Any, other: Ratios) -> Ratios:
        """The interval when this share of the time has another one of its own: sums of times add, so do their ends."""
        return Ratios(*((1 - share) * own + share * of for own, of in zip(self, other, strict=True)))

    def mixed(self, shares: Mapping[str, Any], known: Mapping[str, Ratios]) -> Ratios:
        """The interval when these shares of the time are on kinds of op that nothing was measured of.

        The rest of the time ``1 - sum(s)`` keeps the interval, each share ``s`` has it widened by its kind's factor:
        ``low * (1 - sum(s) + sum(s * factor.low))``. Sums of times add, so does what bounds them.
        """
        rest = 1.0 - sum(shares.values())
        low = rest + sum(share * known[kind].low for kind, share in shares.items())
        high = rest + sum(share * known[kind].high for kind, share in shares.items())
        return Ratios(self.low * low, self.high * high)


@cache
def factors() -> dict[str, Ratios]:
    """Kind of widening to its factor."""
    table = kept(f"widening-{short(FILE)}", stamp(FILE), _read)
    return {kind: Ratios(*ends) for kind, ends in table.items()}


def _read() -> dict[str, tuple[float, float]]:
    import tomllib

    table = tomllib.loads(FILE.read_text(encoding="utf-8"))
    return {kind: (row["low"], row["high"]) for kind, row in table.items() if isinstance(row, dict)}
