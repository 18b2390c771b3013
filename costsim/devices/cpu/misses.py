"""Shares of tensors that the caches of a CPU do not hold, level by level."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from costsim.devices.cpu.machine import CpuMachine, Number
from costsim.devices.kernels.cache import activation_misses, misses_after_a_run
from costsim.tables.optable import OpTable
from costsim.tables.schema import Array


@dataclass(frozen=True)
class Missed:
    """Shares of each op's tensors that come from beyond a cache level or go there, ``(ops, points)``."""

    read: Array
    """Of its inputs."""
    written: Array
    """Of its output."""
    weights: Array

    @classmethod
    def beyond(
        cls, capacity_bytes: Number, ops: OpTable, weight_bytes: Array, scratch_bytes: Array, again: bool
    ) -> Missed:
        """Shares missed by a level of ``capacity_bytes``, for one image.

        Args:
            capacity_bytes: what the level keeps of tensors from one op to the next.
            ops: a whole table.
            weight_bytes: weights as they are streamed.
            scratch_bytes: what each op writes and reads beside its tensors.
            again: whether the network has just run, so that weights and input are still there if they fit.
        """
        outside = misses_after_a_run(ops, weight_bytes, capacity_bytes) if again else np.ones((len(ops), 1))
        read, written = activation_misses(ops, weight_bytes, scratch_bytes, capacity_bytes, outside)
        return cls(read, written, outside)

    @property
    def columns(self) -> list[Array]:
        """All of it, for telling rows apart."""
        return [self.read, self.written, self.weights]

    def take(self, rows: np.ndarray) -> Missed:
        """The shares of these rows."""
        return Missed(*(column[rows] for column in self.columns))


@dataclass(frozen=True)
class Misses:
    """What is missed where: the same for all clocks and rates."""

    l2: Missed
    """By the second level."""
    last: Missed
    """By the last level."""
    cold: Missed
    """By the last level in a first run, from cold caches."""

    @classmethod
    def of(cls, ops: OpTable, weight_bytes: Array, scratch_bytes: Array, machine: CpuMachine) -> Misses:
        """The misses of a whole table, whose ops stream and write so many bytes beside their tensors.

        Where cores do not wait for memory, nothing asks for the second level. Where they do, panels are small
        buffers used again and again: they take no tensor's place.
        """
        runtime = machine.runtime
        scratch = np.zeros((1, 1)) if runtime.waits_for_memory else scratch_bytes
        cold = Missed.beyond(machine.last_level_bytes, ops, weight_bytes, scratch, again=False)
        last = cold
        if runtime.weights_stay:
            last = Missed.beyond(machine.last_level_bytes, ops, weight_bytes, scratch, again=True)
        l2 = last
        if runtime.waits_for_memory:
            l2 = Missed.beyond(machine.l2_bytes, ops, weight_bytes, scratch, again=runtime.weights_stay)
        return cls(l2, last, cold)

    @property
    def columns(self) -> list[Array]:
        """All of it, for telling rows apart."""
        levels = {id(level): level for level in (self.l2, self.last, self.cold)}
        return [column for level in levels.values() for column in level.columns]

    def take(self, rows: np.ndarray) -> Misses:
        """The misses of these rows."""
        last = self.last.take(rows)
        l2 = last if self.l2 is self.last else self.l2.take(rows)
        return Misses(l2, last, last if self.cold is self.last else self.cold.take(rows))
