"""What a runtime's profiler says of one run: its ops in order, each with a name, a kind and a time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class TimedOp:
    """One op as the runtime executed it."""

    name: str
    """As the network's file has it; empty where the profiler knows none."""
    kind: str
    """The runtime's word for it: ``Conv``, ``DEPTHWISE_CONV_2D``, ``Convolution (NHWC, F32) IGEMM``."""
    seconds: float

    @property
    def shown(self) -> str:
        return self.name or self.kind


@dataclass(frozen=True)
class OpProfile:
    """A whole network, timed op by op."""

    source: str
    """Which profiler wrote it, in words."""
    ops: tuple[TimedOp, ...]
    whole_s: float | None = None
    """One run from end to end, where the profiler says so."""
    network: str = ""
    threads: int | None = None

    @property
    def ops_s(self) -> float:
        """All ops together."""
        return sum(op.seconds for op in self.ops)

    @property
    def gap_s(self) -> float | None:
        """What a run takes beyond its ops: dispatch between them, waits, copies nobody timed."""
        return None if self.whole_s is None else self.whole_s - self.ops_s


def by_op(runs: Iterable[tuple[str, str, float]]) -> tuple[TimedOp, ...]:
    """The ops of several runs, each once, in the order they are first met, at the least of its times.

    Args:
        runs: name, kind and seconds of every execution.
    """
    times: dict[tuple[str, str], list[float]] = {}
    for name, kind, seconds in runs:
        times.setdefault((name, kind), []).append(seconds)
    return tuple(TimedOp(name, kind, min(seconds)) for (name, kind), seconds in times.items())
