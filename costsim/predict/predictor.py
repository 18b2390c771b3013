"""The predictor: networks in, milliseconds out."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from costsim.analysis import Analysis
from costsim.devices import RunConfig, device_for
from costsim.graph import LayerGraph
from costsim.hardware import Profile, load_profile
from costsim.lowering import Lowering
from costsim.network import Network
from costsim.orders import shared_ms, told_apart
from costsim.simulate import lowering_for, simulate
from costsim.totals import cost_totals
from costsim.units import counted

TOGETHER = 128
"""Networks priced in one table: their rows fill the caches."""


class Predictor:
    """Predicts the latency of networks on one device: ``Predictor("rpi5")(networks)``.

    It holds nothing but the device and how it is run, so it can be called from several threads and pickled to other
    processes. What it says is what ``analyze`` says.

    >>> Predictor("rpi4b", threads=4)(["shufflenet_v2_1x"]).shape
    (1,)
    """

    def __init__(
        self,
        hw: str | Path | Profile,
        *,
        dtype: str | None = None,
        threads: int | str | None = None,
        batch: int | None = None,
        input_size: str | tuple[int, ...] | None = None,
    ) -> None:
        """A predictor for a device.

        Args:
            hw: profile name, path, or a loaded profile.
            dtype: the runtime's first if left out.
            threads: cores used, or ``"all"``; the profile's own if left out.
            batch: images per inference; each network's own if left out.
            input_size: ``"3x224x224"``; each network's own if left out.

        Raises:
            InputError: unknown, or impossible on the device.
        """
        self.profile = hw if isinstance(hw, Profile) else load_profile(hw)
        self.run = RunConfig.of(self.profile, dtype, threads)
        self.batch, self.input_size = batch, input_size

    def __call__(self, networks: Iterable[Any]) -> np.ndarray:
        """``(n,)`` predicted latencies in milliseconds, in the order of the networks.

        Args:
            networks: zoo names, paths, graphs, modules: each what ``analyze`` takes. A generator is read as it is
                priced, so that a million of them are never in memory together.

        Raises:
            InputError: one of them is no network.
            DoesNotFitError: the device cannot run one of them.
        """
        graphs = map(self.graph, [networks] if isinstance(networks, str | Path) else networks)
        lowering = lowering_for(self.profile, self.run)
        latencies = [np.empty(0)]
        while some := list(islice(graphs, TOGETHER)):
            latencies.append(self._latency_ms(some, lowering))
        return np.concatenate(latencies)

    def graph(self, network: Any) -> LayerGraph:
        """The network as it is priced here: at the predictor's batch and input size.

        Raises:
            InputError: it is no network, or the size does not pass through it.
        """
        return Network(network, input_size=self.input_size, batch=self.batch).graph

    def _latency_ms(self, graphs: list[LayerGraph], lowering: Lowering) -> np.ndarray:
        """``(n,)`` milliseconds of networks lowered into one table."""
        device = device_for(self.profile)
        table = lowering.table(graphs)
        ops = device.plan(table, self.profile, self.run)
        costs = device.costs(ops, self.profile, self.run)
        return cost_totals(ops, costs)["latency_ms"]

    def rank_ok(self, first: Any, second: Any) -> bool:
        """Whether the model can say which of two networks is the faster on this device.

        By the rule of ``costsim diff``: their times differ by more than ``costsim.orders.TOLD_APART_RATIO`` of what
        is not the same in both, which 95 % of measured pairs bear out.

        Raises:
            InputError: one of them is no network.
            DoesNotFitError: the device cannot run one of them.
        """
        one, other = (Analysis(simulate(self.graph(n), self.profile, self.run)) for n in (first, second))
        return told_apart(one.latency_ms, other.latency_ms, shared_ms(one.layer_records, other.layer_records))

    def __repr__(self) -> str:
        threads = f", {counted(self.run.threads, 'thread')}" if self.profile.max_threads > 1 else ""
        return f"<Predictor for {self.profile.name}: {self.run.dtype}{threads}>"
