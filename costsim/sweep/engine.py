"""Pricing points: a chunk of the space becomes a table of totals."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property
from threading import Lock
from typing import Any

import numpy as np

from costsim.allocator import collecting_rarely
from costsim.devices import RunConfig, device_for
from costsim.errors import DoesNotFitError, unknown_name
from costsim.graph.quantised import carried_dtype
from costsim.hardware import Profile, load_profile
from costsim.hardware.vary import field_at, folded, numeric_field, vary
from costsim.limits import COMPARISONS
from costsim.networks.zoo import is_network
from costsim.sweep.axes import Axis
from costsim.sweep.chunk import Chunk
from costsim.sweep.lowered import RESIZES, Lowered
from costsim.sweep.metrics import BLOCKS, OP_METRICS, Metrics
from costsim.sweep.networks import Built, check_values, graphs
from costsim.sweep.points import columns_at, is_option, members, numbered, varying
from costsim.sweep.spec import SweepSpec
from costsim.totals import bounds, cost_totals

CHUNK_POINTS = 4096
"""Points priced in one call: enough to amortise what is done once a call, few enough for the caches."""

PRICED, IMPOSSIBLE, REFUSED, DOES_NOT_FIT = 0, 1, 2, 3
"""Values of the ``outcome`` column: what became of a point."""

OUTCOMES = ("priced", "impossible", "refused", "does not fit")
"""The same in words."""

RUN_AXES = ("network", "hw", *RESIZES, "threads", "dtype")

FEW = 32
"""Networks that share so many points of a chunk are lowered one by one, and kept for the next chunk."""

FEWEST_PER_PLAN = 32
"""Points that have to share a plan on average for it to be priced for these alone."""


@dataclass(frozen=True)
class Engine:
    """Prices the points of one specification; keeps what does not change from chunk to chunk."""

    spec: SweepSpec

    def check(self) -> None:
        """Refuse what no point could be priced with, before any is.

        Raises:
            InputError: an unknown axis, field or metric, a wrong unit, a value out of bounds.
        """
        _ = self.metrics
        axes = {axis.name: axis for axis in self.spec.space.axes}
        for axis in axes.values():
            if axis.name not in RUN_AXES and not axis.name.startswith(("network.", *BLOCKS)):
                hint = [*RUN_AXES, "network.width", "hardware.clock"]
                raise unknown_name(
                    "axis", axis.name, hint, where="axes", listing=f"an axis is one of {', '.join(hint)}"
                )
        for network in axes["network"].values:
            check_values(network, {n.removeprefix("network."): a.values for n, a in axes.items() if is_option(n)})
        for hw in axes["hw"].values:
            self._check_device(hw, axes)

    def _check_device(self, hw: str, axes: dict[str, Axis]) -> None:
        profile = self._profiles(hw)
        for name in self.metrics.of_device:
            if name.startswith(BLOCKS):
                numeric_field(profile, name)
        for name in ("dtype", "threads"):
            for value in axes[name].values if name in axes else ():
                RunConfig.of(profile, **{name: value})
        for axis in axes.values():
            if axis.name.startswith(BLOCKS):
                for value in (min(axis.values), max(axis.values)):
                    load_profile(hw, {numeric_field(profile, axis.name): f"{value!r} {axis.unit}".strip()})

    @cached_property
    def metrics(self) -> Metrics:
        """What is asked for of every point.

        Raises:
            InputError: an unknown metric.
        """
        limits = (limit.metric for limit in self.spec.limits)
        return Metrics.asked([*self.spec.objectives, *limits, *self.spec.metrics], self.spec.columns, "sweep")

    @cached_property
    def _op_columns(self) -> list[str]:
        """Metrics that derived columns may need and that are known of a point before it is priced."""
        if not self.metrics.derived:
            return []
        of_ops = [*OP_METRICS, *(row.name for row in self.metrics.measures if not row.of_time)]
        return [*of_ops, *self.metrics.derive(dict.fromkeys(of_ops, np.zeros(1)))]

    def price(self, start: int, stop: int) -> dict[str, np.ndarray]:
        """Axis values, totals and outcome of the points ``start`` to ``stop``: ``(stop - start,)`` each."""
        return {"point": np.arange(start, stop), **self.price_at(self.spec.space.indices(start, stop))}

    @collecting_rarely()
    def price_at(self, indices: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """The same for any points, given by their index into each axis."""
        totals = self.totals(indices)
        return {**self.spec.space.values_of(indices), **totals, "bound": self.limit_names[totals["bound"]]}

    def totals(self, indices: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """The same without the axis values; ``bound`` is an index into ``limit_names``."""
        points = len(indices["hw"])
        table: dict[str, np.ndarray] = {metric: np.full(points, np.nan) for metric in self.metrics.names}
        table["bound"] = np.full(points, -1)
        table["outcome"] = np.full(points, IMPOSSIBLE)
        apart = varying(indices, ["network", "hw", "dtype"])
        shaping = varying(indices, [*RESIZES, *filter(is_option, indices)])
        number = numbered(indices, [*apart, *shaping])
        if (number.max() + 1) * FEW > points:  # too many networks to lower each
            number = numbered(indices, apart)
        built = Built() if "hw" in apart or "dtype" in apart else None  # for one, and taken by the others
        for rows in members(number):
            here = columns_at(indices, rows)
            self._price_run(self.spec.space.values_of(here), rows, table, built)
        return table

    def _price_run(
        self, values: dict[str, np.ndarray], where: np.ndarray, table: dict[str, np.ndarray], built: Built | None
    ) -> None:
        """Points of one network, device and data type."""
        network, hw = values["network"][0], values["hw"][0]
        profile = self._profiles(hw)
        run = RunConfig.of(profile, self._dtype(network, profile, values))
        for chunk in self._tables.chunks(network, profile, run, values, built):
            rows = where[chunk.points]
            counts = {name: np.broadcast_to(column, rows.shape) for name, column in chunk.totals.items()}
            counts |= self.metrics.derive(counts)
            for name, column in counts.items():
                table[name][rows] = column
            allowed = self._allowed(counts)
            table["outcome"][rows] = np.where(allowed, PRICED, REFUSED)
            if allowed.any():
                self._cost(chunk.part(np.flatnonzero(allowed)), profile, run, values, where, table)
            if len(chunk.twins.points):
                for column in table.values():
                    column[where[chunk.twins.points]] = column[rows[chunk.twins.place]]

    def _dtype(self, network: Any, profile: Profile, values: dict[str, np.ndarray]) -> str | None:
        """The data type asked for, or the one that a file of a quantised network brings along."""
        if "dtype" in values:
            return str(values["dtype"][0])
        if not isinstance(network, str) or is_network(network):
            return None
        resize: dict[str, np.ndarray] = {name: values[name][:1] for name in RESIZES if name in values}
        first = next(graphs(network, {}, resize, 1), None)
        return None if first is None else carried_dtype(first.graph, profile.runtime.dtypes)

    def _cost(
        self,
        chunk: Chunk,
        profile: Profile,
        run: RunConfig,
        values: dict[str, np.ndarray],
        where: np.ndarray,
        table: dict[str, np.ndarray],
    ) -> None:
        """Plan and price; where some points do not fit the device, halves are tried until they are found."""
        rows, settings = where[chunk.points], chunk.settings({n: c[chunk.points] for n, c in values.items()})
        threads = settings.get("threads", run.threads)
        run = RunConfig(run.dtype, threads if np.ndim(threads) else int(threads))
        device, columns = device_for(profile), self._hardware_columns(profile, settings)
        varied = vary(profile, columns)
        try:
            planned = device.plan(chunk.ops, varied, run)
        except DoesNotFitError:
            if len(rows) == 1:
                table["outcome"][rows] = DOES_NOT_FIT
                return
            for half in np.array_split(np.arange(len(rows)), 2):
                self._cost(chunk.part(half), profile, run, values, where, table)
            return
        for here, ops in planned.by_plan(len(rows), FEWEST_PER_PLAN):
            varied_here, run_here = varied, run
            if len(here) < len(rows):
                varied_here = vary(profile, {f: c[here] if np.ndim(c) else c for f, c in columns.items()})
                run_here = RunConfig(run.dtype, run.threads[here] if np.ndim(run.threads) else run.threads)
            costs = device.kind_costs(ops, varied_here, run_here)
            table["bound"][rows[here]] = self._numbers_of(costs.limit_names)[bounds(ops, costs)]
            totals = cost_totals(ops, costs) | self.metrics.of_costs(ops, costs)
            if self.metrics.of_device:
                totals |= self._of_device(varied_here, len(here))
            totals |= self.metrics.derive({name: table[name][rows[here]] for name in self._op_columns} | totals)
            for name, column in totals.items():
                table[name][rows[here]] = column
            refused = ~self._allowed({n: np.broadcast_to(column, here.shape) for n, column in totals.items()})
            table["outcome"][rows[here[refused]]] = REFUSED

    def _allowed(self, metrics: dict[str, np.ndarray]) -> np.ndarray:
        """Which points keep the limits on these metrics."""
        allowed = np.ones(len(next(iter(metrics.values()))), dtype=bool)
        for limit in self.spec.limits:
            if limit.metric in metrics:
                allowed &= COMPARISONS[limit.comparison](metrics[limit.metric], limit.limit)
        return allowed

    def _of_device(self, profile: Profile, points: int) -> dict[str, np.ndarray]:
        """Figures and fields of the devices at these points; NaN where a family has no such figure."""
        figures = device_for(profile).figures(profile)
        found = {
            name: field_at(profile, numeric_field(profile, name))
            if name.startswith(BLOCKS)
            else figures.get(name, np.nan)
            for name in self.metrics.of_device
        }
        return {name: np.broadcast_to(np.asarray(value, dtype=float), points) for name, value in found.items()}

    def _hardware_columns(self, profile: Profile, values: dict[str, np.ndarray]) -> dict[str, Any]:
        """Fields of the devices, one value per point, or a number where all points agree."""
        fields = [name for name in values if name.startswith(BLOCKS)]
        return {numeric_field(profile, name): folded(values[name]) for name in fields}

    @property
    def limit_names(self) -> np.ndarray:
        """Names of the limits met so far; the last one, empty, is for points that were not priced."""
        return np.array([*self._limit_numbers, ""])

    def _numbers_of(self, names: tuple[str, ...]) -> np.ndarray:
        numbers = self._limit_numbers
        with self._lock:
            return np.array([numbers.setdefault(name, len(numbers)) for name in names])

    @cached_property
    def _lock(self) -> Lock:
        return Lock()

    @cached_property
    def _limit_numbers(self) -> dict[str, int]:
        return {}

    @cached_property
    def _tables(self) -> Lowered:
        return Lowered(self.metrics)

    @cached_property
    def _profiles(self) -> Any:
        return cache(load_profile)
