"""The op tables of a chunk's networks, kept where the next chunk asks for them again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from costsim.devices import RunConfig
from costsim.graph import LayerGraph
from costsim.hardware import Profile
from costsim.lowering import Lowering
from costsim.simulate import given_elems, lowering_for
from costsim.sweep.chunk import Chunk, ManyNetworks, OneNetwork, Twins
from costsim.sweep.metrics import BLOCKS, Metrics
from costsim.sweep.networks import Built, Part, graphs, network_key
from costsim.sweep.points import columns_at, is_option, members, numbered, varying
from costsim.tables.cache import Caches
from costsim.tables.optable import OpTable
from costsim.totals import op_totals

RESIZES = ("batch", "input_size")
"""Axes that give a network's input another size."""

KEPT_TABLES = 64
"""Tables kept for the next chunk: those of a sweep of hardware over so many networks."""

TOGETHER = 128
"""Networks of plain numbers that are lowered into one table: their rows fill the caches, as a chunk's points do."""


class Lowered:
    """Lowers the networks of points; what the metrics ask of networks alone is worked out with them."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._kept: dict[Any, list[Chunk]] = {}
        self._lowerings: dict[Any, Lowering] = {}
        self._caches = Caches()

    def _lowering(self, profile: Profile, run: RunConfig) -> Lowering:
        """One for all devices whose runtimes execute graphs by the same rules, whatever their names."""
        lowering = lowering_for(profile, run, self._caches)
        return self._lowerings.setdefault(lowering.rules, lowering)

    def chunks(
        self, network: Any, profile: Profile, run: RunConfig, values: dict[str, np.ndarray], built: Built | None
    ) -> Iterator[Chunk]:
        """Op tables and their totals; kept where all points share one network, as in sweeps of hardware."""
        options = {name.removeprefix("network."): column for name, column in values.items() if is_option(name)}
        resize: dict[str, np.ndarray] = {name: values[name] for name in RESIZES if name in values}
        points = len(values["hw"])
        columns = [*options.values(), *resize.values()]
        if not all((column == column[0]).all() for column in columns):
            runs = varying(values, [name for name in values if name.startswith((*BLOCKS, "threads"))])
            setting = numbered(values, runs)  # the same for points of one run
            yield from self._lower(graphs(network, options, resize, points, built), profile, run, setting)
            return
        shape = [(name, column[0]) for name, column in [*options.items(), *resize.items()]]
        key = (network_key(network), values["hw"][0], run.dtype, *shape)
        lowered = self._kept.get(key)
        if lowered is None:
            if len(self._kept) >= KEPT_TABLES:
                self._kept.clear()
            first = [columns_at(part, [0]) for part in (options, resize)]
            alone = graphs(network, first[0], first[1], 1, built)
            lowered = self._kept[key] = list(self._lower(alone, profile, run, np.zeros(1, dtype=int)))
        for chunk in lowered:
            yield replace(chunk, points=np.arange(points))

    def _lower(self, parts: Iterator[Part], profile: Profile, run: RunConfig, setting: np.ndarray) -> Iterator[Chunk]:
        """Tables of the parts; of networks that are plain numbers one for many of them."""
        lowering = self._lowering(profile, run)
        waiting: dict[LayerGraph, list[np.ndarray]] = {}
        for part in parts:
            if part.varies:
                ops = lowering_for(profile, run, self._caches).table([part.graph])  # arrays: no row comes twice
                yield OneNetwork(part.points, ops, self._op_totals(ops, [part.graph]))
                continue
            if len(waiting) == TOGETHER and part.graph not in waiting:
                yield from self._together(waiting, lowering, setting)
                waiting = {}
            waiting.setdefault(part.graph, []).append(part.points)
        if waiting:
            yield from self._together(waiting, lowering, setting)

    def _together(
        self, points_of: dict[LayerGraph, list[np.ndarray]], lowering: Lowering, setting: np.ndarray
    ) -> Iterator[Chunk]:
        """One table of all the networks for each setting they run in, or one for each network: the fewer."""
        graphs, parts = list(points_of), [np.concatenate(own) for own in points_of.values()]
        ops = lowering.table(graphs)
        totals = self._op_totals(ops, graphs)
        points = np.concatenate(parts)
        network = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
        settings = members(setting[points])
        if len(parts) <= len(settings):
            for number, own in enumerate(parts):
                yield OneNetwork(own, ops.at_networks(np.array([number])), columns_at(totals, [number]))
            return
        for here in settings:
            which, first, place = np.unique(network[here], return_index=True, return_inverse=True)
            again = np.setdiff1d(np.arange(len(here)), first)
            twins = Twins(points[here[again]], place[again])
            yield ManyNetworks(points[here[first]], ops.at_networks(which), columns_at(totals, which), twins)

    def _op_totals(self, ops: OpTable, graphs: list[LayerGraph]) -> dict[str, np.ndarray]:
        """What the networks cost on any device, and the measures of them that are asked for."""
        given = np.concatenate([given_elems(graph) for graph in graphs])
        return op_totals(ops) | self._metrics.of_ops(ops, given)
