"""One network timed kernel by kernel, as the fit takes it: every op is a measurement of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from costsim.calibrate.problem import MeasuredRun
from costsim.devices import RunConfig
from costsim.graph import LayerGraph
from costsim.hardware import Profile
from costsim.profiled import OpProfile, beside
from costsim.simulate import lower_for
from costsim.tables.optable import OpTable
from costsim.tables.schema import Array

HOST = "dispatch_s"
"""What a kernel's own time has nothing of."""


@dataclass(frozen=True)
class MeasuredOps(MeasuredRun):
    """The ops of one network; ``measured_s`` is of ops, ``tables`` holds the network alone."""

    rows: Sequence[int] = ()
    """Of the network's table, the row of each op measured."""

    @cached_property
    def _joined(self) -> OpTable:
        (table,) = self.tables.values()
        return table

    def total(self, seconds: Array) -> Array:
        return np.asarray(np.broadcast_to(seconds, (len(self._joined), seconds.shape[1]))[list(self.rows)])


def measured_ops(name: str, graph: LayerGraph, timed: OpProfile, profile: Profile, run: RunConfig) -> MeasuredOps:
    """The ops of a network that a profiler timed.

    Raises:
        InputError: the profile is of another network.
    """
    device = profile.model_copy(
        update={
            "runtime": profile.runtime.model_copy(update={"input_from": "device"}),
            "fitted": profile.fitted.model_copy(update={HOST: 0.0}),
        }
    )
    table = lower_for(graph, device, run)
    found = beside(timed, table.labels, name).measured_s
    rows = {label.name: row for row, label in enumerate(table.labels) if found.get(label.name, 0.0) > 0}
    measured_s = {f"{name}: {op}": found[op] for op in rows}
    return MeasuredOps(f"{name}, op by op", device, run, {name: table}, measured_s, tuple(rows.values()))
