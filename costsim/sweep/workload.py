"""Several networks on one device, each with its share of the runs: priced one by one, then together."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import numpy as np

from costsim.errors import unknown_name
from costsim.limits import COMPARISONS, Assertion
from costsim.sweep.engine import PRICED, REFUSED, Engine
from costsim.sweep.metrics import Metrics
from costsim.sweep.spec import SweepSpec
from costsim.tables.schema import Array

WORST = "worst"
"""``latency_ms@worst``: of the network that comes off worst."""


class WorkloadEngine(Engine):
    """Prices points at which all networks of a workload run.

    A metric is the mean of the networks' by their shares, ``METRIC@NETWORK`` that of one, ``METRIC@worst`` the worst:
    the largest, the least where the objective is to have much. Columns that are derived from others are derived of
    the means. A point is priced where all networks are; its bound is that of the network that takes most of the time.
    """

    def check(self) -> None:
        self.alone.check()
        _ = self.metrics
        for metric in self._asked:
            of = metric.partition("@")[2]
            if of and of not in (*self.shares, WORST):
                raise unknown_name("network", of, (*self.shares, WORST), where=f"workload: {metric}")

    @property
    def shares(self) -> dict[str, float]:
        assert self.spec.workload is not None
        return self.spec.workload

    @cached_property
    def _asked(self) -> list[str]:
        return [*self.spec.objectives, *(limit.metric for limit in self.spec.limits), *self.spec.metrics]

    @cached_property
    def metrics(self) -> Metrics:
        names = [name.partition("@")[0] for name in self._asked]
        return Metrics.asked(names, self.spec.columns, "workload")

    @cached_property
    def alone(self) -> Engine:
        """Prices the networks one by one."""
        asked = {name.partition("@")[0]: direction for name, direction in self.spec.objectives.items()}
        names = {name.partition("@")[0] for name in self._asked}
        given: dict[str, Any] = {name: getattr(self.spec, name) for name in ("hw", "axes", "columns", "sample")}
        given |= {"network": list(self.shares), "objectives": asked, "metrics": tuple(sorted(names))}
        return Engine(SweepSpec(**given))

    def totals(self, indices: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        points = len(indices["hw"])
        each = {
            network: self.alone.totals({**indices, "network": np.full(points, number)})
            for number, network in enumerate(self.shares)
        }
        outcome = np.max([table["outcome"] for table in each.values()], axis=0)
        table = {name: self._mean(each, name) for name in self.metrics.names}
        table |= self.metrics.derive({name: table[name] for name in table if name not in self.metrics.worked_out})
        table |= {
            f"{name.partition('@')[0]}@{network}": found[name.partition("@")[0]]
            for name in self.spec.objectives
            for network, found in each.items()
        }
        table |= {name: self._named(each, name) for name in self._asked if "@" in name}
        for limit in self.spec.limits:
            kept = self._keeps(each, table, limit)
            outcome = np.where((outcome == PRICED) & np.logical_not(kept), REFUSED, outcome)
        seconds = np.stack([share * each[network]["latency_ms"] for network, share in self.shares.items()])
        longest = np.argmax(np.nan_to_num(seconds), axis=0)
        bound = np.stack([found["bound"] for found in each.values()])[longest, np.arange(points)]
        return table | {"bound": np.where(outcome == PRICED, bound, -1), "outcome": outcome}

    def _mean(self, each: Mapping[str, Mapping[str, Array]], name: str) -> Array:
        return np.asarray(sum(share * each[network][name] for network, share in self.shares.items()))

    def _named(self, each: Mapping[str, Mapping[str, Array]], metric: str) -> Array:
        name, _, of = metric.partition("@")
        if of != WORST:
            return each[of][name]
        found = np.stack([table[name] for table in each.values()])
        return found.min(axis=0) if self.spec.objectives.get(metric) == "max" else found.max(axis=0)

    def _keeps(self, each: Mapping[str, Mapping[str, Array]], table: Mapping[str, Array], limit: Assertion) -> Array:
        """Which points keep a limit; on the worst, all networks have to."""
        name, _, of = limit.metric.partition("@")
        columns = [found[name] for found in each.values()] if of == WORST else [table[limit.metric]]
        return np.all([COMPARISONS[limit.comparison](column, limit.limit) for column in columns], axis=0)

    @property
    def limit_names(self) -> np.ndarray:
        return self.alone.limit_names


def engine_for(spec: SweepSpec) -> Engine:
    """What prices the points of a specification."""
    return WorkloadEngine(spec) if spec.workload else Engine(spec)
