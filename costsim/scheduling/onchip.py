"""Where maps have no place off chip: everything lies in the buffer, or the network does not run."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from costsim.scheduling.planner import Planner
from costsim.scheduling.search import Pricing
from costsim.scheduling.whole import all_on_chip, require_on_chip
from costsim.tables.plan import Plan


class OnChipPlans(Planner):
    """One plan, or none."""

    def plans(self, sizes: np.ndarray, price: Pricing) -> list[tuple[np.ndarray, Plan]]:
        require_on_chip(self.ops, self.flow, self.weights, self._plan, float(sizes.min()))
        return [(np.arange(len(sizes)), self._plan)]

    @cached_property
    def _plan(self) -> Plan:
        return all_on_chip(self.flow, self.weights)
