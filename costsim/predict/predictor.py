"""The predictor: networks in, milliseconds out."""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from costsim.allocator import collecting_rarely
from costsim.analysis import Analysis
from costsim.devices import RunConfig
from costsim.graph import LayerGraph
from costsim.hardware import Profile, load_profile
from costsim.lowering import Lowering
from costsim.network import Network
from costsim.orders import shared_ms, told_apart
from costsim.predict.distinct import distinct
from costsim.simulate import lowering_for, run_of, simulate, simulate_together
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
            dtype: each network's own if left out (int8 of a quantised file), else the runtime's first.
            threads: cores used, or ``"all"``; the profile's own if left out.
            batch: images per inference; each network's own if left out.
            input_size: ``"3x224x224"``; each network's own if left out.

        Raises:
            InputError: unknown, or impossible on the device.
        """
        self.profile = hw if isinstance(hw, Profile) else load_profile(hw)
        self.run = RunConfig.of(self.profile, dtype, threads)
        self.dtype = dtype
        self.batch, self.input_size = batch, input_size

    @collecting_rarely()
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
        lowerings: dict[str, Lowering] = {}
        latencies, which = [np.empty(0)], array("q")
        for some in distinct(graphs, which, TOGETHER, self.run_of):
            latencies.append(self._latency_ms(some, lowerings))
        return np.concatenate(latencies)[np.frombuffer(which, dtype=np.int64)]

    def graph(self, network: Any) -> LayerGraph:
        """The network as it is priced here: at the predictor's batch and input size.

        Raises:
            InputError: it is no network, or the size does not pass through it.
        """
        return Network(network, input_size=self.input_size, batch=self.batch).graph

    def run_of(self, graph: LayerGraph) -> RunConfig:
        """How this network is run here."""
        return run_of(graph, self.profile, self.dtype, self.run.threads)

    def _latency_ms(self, graphs: list[LayerGraph], lowerings: dict[str, Lowering]) -> np.ndarray:
        """``(n,)`` milliseconds of networks lowered into one table for each data type among them."""
        latency_ms = np.empty(len(graphs))
        runs = [self.run_of(graph) for graph in graphs]
        for run in dict.fromkeys(runs):
            where = [index for index, own in enumerate(runs) if own == run]
            lowering = lowerings.setdefault(run.dtype, lowering_for(self.profile, run))
            made = simulate_together([graphs[index] for index in where], self.profile, run, lowering)
            latency_ms[where] = cost_totals(*made)["latency_ms"]
        return latency_ms

    def rank_ok(self, first: Any, second: Any) -> bool:
        """Whether the model can say which of two networks is the faster on this device.

        By the rule of ``costsim diff``: their times differ by more than ``costsim.orders.TOLD_APART_RATIO`` of what
        is not the same in both, which 95 % of measured pairs bear out.

        Raises:
            InputError: one of them is no network.
            DoesNotFitError: the device cannot run one of them.
        """
        graphs = self.graph(first), self.graph(second)
        one, other = (Analysis(simulate(graph, self.profile, self.run_of(graph))) for graph in graphs)
        return told_apart(one.latency_ms, other.latency_ms, shared_ms(one.layer_records, other.layer_records))

    def __repr__(self) -> str:
        threads = f", {counted(self.run.threads, 'thread')}" if self.profile.max_threads > 1 else ""
        return f"<Predictor for {self.profile.name}: {self.run.dtype}{threads}>"
