"""The difference between two networks on one device."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from costsim.analysis import Record
from costsim.diff.baseline import Side
from costsim.diff.limit import Limit
from costsim.diff.match import Change, match_layers
from costsim.orders import shared_ms, told_apart


@dataclass(frozen=True)
class DeviceDiff:
    """What the new network takes more or less than the old one."""

    old: Side
    new: Side
    changes: tuple[Change, ...]
    """Every layer of both networks once; their differences add up to that of the networks."""
    shared_ms: float
    """The part of both times that goes to the same layers, whose error cancels."""

    @property
    def hw(self) -> str:
        return self.new.hw

    @property
    def difference_ms(self) -> float:
        return self.new.latency_ms - self.old.latency_ms

    @property
    def ratio(self) -> float:
        """The difference over the old time."""
        return self.difference_ms / self.old.latency_ms if self.old.latency_ms else 0.0

    @property
    def verdict(self) -> str:
        """``slower``, ``faster``, ``unchanged``, or ``~`` where the model cannot tell."""
        if not any(change.difference_ms or change.status != "same" for change in self.changes):
            return "unchanged"
        if not told_apart(self.old.latency_ms, self.new.latency_ms, self.shared_ms):
            return "~"
        return "slower" if self.difference_ms > 0 else "faster"

    @property
    def told(self) -> list[Change]:
        """Layers that are not the same as before, what moves the time most first."""
        moved = [c for c in self.changes if c.status != "same" or c.difference_ms]
        return sorted(moved, key=lambda change: -abs(change.difference_ms))

    def regresses(self, limit: Limit) -> bool:
        """Whether it is surely slower, by more than the limit allows."""
        return self.verdict == "slower" and not limit.allows(self.old.latency_ms, self.new.latency_ms)

    def record(self) -> Record:
        """All of it as plain data."""
        return {
            "hw": self.hw,
            "old": self.old.network,
            "new": self.new.network,
            "old_ms": self.old.latency_ms,
            "new_ms": self.new.latency_ms,
            "difference_ms": self.difference_ms,
            "difference_ratio": self.ratio,
            "verdict": self.verdict,
            "shared_ms": self.shared_ms,
            "layers": [_row(change) for change in self.told],
        }


def _row(change: Change) -> dict[str, Any]:
    old, new = change.old, change.new
    return {
        "status": change.status,
        "old_name": old["name"] if old else None,
        "new_name": new["name"] if new else None,
        "op": change.layer["op"],
        "op_class": change.layer["op_class"],
        "old_ms": old["latency_ms"] if old else None,
        "new_ms": new["latency_ms"] if new else None,
        "difference_ms": change.difference_ms,
        "why": change.why,
    }


def diff(old: Side, new: Side) -> DeviceDiff:
    """Two networks, each as one device runs it, matched layer by layer."""
    return DeviceDiff(old, new, tuple(match_layers(old.layers, new.layers)), shared_ms(old.layers, new.layers))
