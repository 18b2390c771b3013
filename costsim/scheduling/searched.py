"""The compiler that cuts a network into groups: of all cuts the one that costs least."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from costsim.scheduling.cuts import Cuts
from costsim.scheduling.planner import BufferRules, Planner
from costsim.scheduling.search import Pricing
from costsim.scheduling.segments import Segments, segments
from costsim.scheduling.whole import one_group, whole_network_need
from costsim.tables.optable import OpTable
from costsim.tables.plan import Plan


class SearchedPlans(Planner):
    """Groups of rows with their maps on chip or line by line, single rows by tiles; the whole network at best."""

    _cuts: Cuts | None = None

    def plans(self, sizes: np.ndarray, price: Pricing) -> list[tuple[np.ndarray, Plan]]:
        self.require_tiles(sizes)
        fitting, _ = self._need
        is_whole = (sizes >= fitting) & self._allowed[0, -1] & (self.flow.rows > 1)
        whole, rest = np.flatnonzero(is_whole), np.flatnonzero(~is_whole)
        plans = [(whole, self._one_group)] if len(whole) else []
        if len(rest):
            cuts = self._cuts_up_to(float(sizes[rest].max()))
            cut = cuts.best(sizes[rest], lambda activation, weights, at: price(activation, weights, rest[at]))
            plans += [(rest[here], plan) for here, plan in cut]
        return plans

    def _cuts_up_to(self, largest: float) -> Cuts:
        cuts = self._cuts  # read once: another thread may put cuts up to another size in their place
        if cuts is None or cuts.largest < largest:
            rules, fitting = self.rules, self._need[0]
            if rules.execution == "layer_by_layer":
                groups = Segments.none(self.flow.rows)
            else:
                groups = segments(self.flow, self.weights, separate_weights=rules.separate_weights)
            network = (self.flow, self.weights, groups, self.tiles)
            cuts = self._cuts = Cuts(*network, self._allowed, rules.on_host, rules.separate_weights, fitting, largest)
        return cuts

    @cached_property
    def _need(self) -> tuple[float, float]:
        return whole_network_need(self.flow, self.weights, self.tiles, self.rules.separate_weights)

    @cached_property
    def _allowed(self) -> np.ndarray:
        return _allowed_groups(self.ops, self.rules)

    @cached_property
    def _one_group(self) -> Plan:
        return one_group(self.flow, self.weights, self.tiles, *self._need)


def _allowed_groups(ops: OpTable, rules: BufferRules) -> np.ndarray:
    rows = len(ops)
    if rules.execution == "layer_by_layer":
        return np.eye(rows, dtype=bool)
    barriers = np.cumsum(rules.on_host)
    clear = (barriers[None, :] == barriers[:, None]) & ~rules.on_host[:, None]
    if rules.execution == "fused":
        return clear
    blocks = np.array([label.block for label in ops.labels])
    starts = np.cumsum(np.append(True, blocks[1:] != blocks[:-1]))
    same = starts[:, None] == starts[None, :]
    whole = np.append(True, blocks[1:] != blocks[:-1])[:, None] & np.append(blocks[1:] != blocks[:-1], True)[None, :]
    pair = np.subtract.outer(np.arange(rows), np.arange(rows)) == -1
    return clear & same & (whole | pair)
